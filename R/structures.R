# Structures of the covariance matrix of group effects: us(), diag(), cs() and ar1() around a bar, as
# lme4 2.0 spells them, and what a block of each is made of.
#
# Below the grammar a structured bar is one whose operator names the structure: `|cs`(1 + x, g).

# By names of structures: have all columns one standard deviation where `hom` does not say so?
hom_by_default <- c(us = FALSE, diag = FALSE, cs = FALSE, ar1 = TRUE)

is_structured_bar <- function(expression) {
  head <- as.character(expression[[1]])
  if (startsWith(head, "|")) return(head %in% structured_heads())
  head %in% names(hom_by_default) && length(expression) > 1 && is.call(expression[[2]]) &&
    as_text(expression[[2]][[1]]) %in% c("|", "||")
}

structured_heads <- function() {
  structures <- setdiff(names(hom_by_default), "us")
  paste0("|", c(structures, paste0(structures, "_hom")))
}

# A bar as it is below the grammar; what is one already, as it is.
as_bar <- function(expression) {
  head <- as.character(expression[[1]])
  if (startsWith(head, "|")) return(expression)
  bar <- expression[[2]]
  check_structured_bar(expression, bar)
  hom <- read_hom(expression)
  if (head == "us") return(bar)
  bar[[1]] <- as.name(paste0("|", head, if (hom) "_hom"))
  bar
}

check_structured_bar <- function(expression, bar) {
  if (identical(bar[[1]], quote(`||`))) {
    abort("A structure stands around {.code ||}.", x = "It is {.code {deparse1(expression)}}.",
          i = "Write {.code |} within {.fn {as_text(expression[[1]])}}.")
  }
  others <- setdiff(names(expression)[-(1:2)], "hom")
  if (length(expression) > 3 || length(others) || length(expression) == 3 && is.null(names(expression))) {
    abort("A structure has a random term and {.arg hom}, TRUE or FALSE.",
          x = "It is {.code {deparse1(expression)}}.",
          i = "Write {.code {as_text(expression[[1]])}({deparse1(bar)})}.")
  }
}

read_hom <- function(expression) {
  head <- as_text(expression[[1]])
  hom <- expression$hom
  if (is.null(hom)) return(hom_by_default[[head]])
  if (head == "us" || !is.logical(hom) || is.na(hom)) {
    abort(if (head == "us") "{.fn us} has no {.arg hom}."
          else "{.arg hom} must be TRUE or FALSE.", x = "It is {.code {deparse1(expression)}}.")
  }
  hom
}

# "cs" or "cs_hom", for example; NULL of a bar without a structure.
structure_of_bar <- function(bar) {
  head <- as.character(bar[[1]])
  if (!head %in% c("|", "||")) substring(head, 2)
}

head_of_structure <- function(structure) if (is.null(structure)) "|" else paste0("|", structure)

plain_bar <- function(bar) {
  if (!is.null(structure_of_bar(bar))) bar[[1]] <- quote(`|`)
  bar
}

# A bar as it is written in a formula: within a structure, and as a summand.
written_bar <- function(bar) {
  structure <- structure_of_bar(bar)
  if (is.null(structure)) return(bar)
  name <- sub("_hom$", "", structure)
  hom <- endsWith(structure, "_hom")
  written <- list(as.name(name), plain_bar(bar))
  as.call(if (hom == hom_by_default[[name]]) written else c(written, hom = hom))
}

bar_text <- function(bar) deparse1(written_bar(bar))

summand_of_bar <- function(bar) {
  if (is.null(structure_of_bar(bar))) call("(", bar) else written_bar(bar)
}

# Columns -------------------------------------------------------------------------------------------

# What becomes of the columns of each bar: `block`, by which they are correlated, and where there are
# structures `structure`, "" of none, and `term`, the number of the bar.
blocks_of_bars <- function(bars, sizes) {
  structure <- vapply(bars, function(bar) {
    own <- attr(bar, "structure")
    if (is.null(own)) "" else own
  }, "")
  term <- rep(seq_along(bars), sizes)
  if (!any(nzchar(structure))) return(list(block = term))
  structure <- rep(structure, sizes)
  block <- match(ifelse(structure %in% c("diag", "diag_hom"), -seq_along(term), term),
                 unique(ifelse(structure %in% c("diag", "diag_hom"), -seq_along(term), term)))
  list(block = block, structure = structure, term = term)
}

# The columns of each block of a covariance matrix: those that are correlated, or have one standard
# deviation.
columns_of_blocks <- function(random) {
  by <- random$block
  shared <- !is.null(random$structure) & random$structure == "diag_hom"
  if (any(shared)) by[shared] <- min(which(shared)) + max(by) * random$term[shared]
  by <- match(by, unique(by))
  unname(split(seq_len(nrow(random)), by))
}

# Blocks --------------------------------------------------------------------------------------------

structured_kinds <- c("cs", "ar1", "diag")

# Of a block of a posterior, or as C has it.
is_structured <- function(block) kind_of_block(block) %in% structured_kinds

all_blocks <- function(posterior) {
  unlist(lapply(groupings_of(posterior), `[[`, "blocks"), recursive = FALSE)
}

has_structure <- function(posterior) any(vapply(all_blocks(posterior), is_structured, NA))

kind_of_block <- function(block) if (is.null(block$name)) block$kind else block$name

is_homogeneous <- function(block) isTRUE(block$homogeneous == 1L)

size_of_block <- function(block) if (is.null(block$size)) length(block$columns) else block$size

# How many correlations a block has, and how many coordinates of these and of standard deviations.
n_pairs_of_block <- function(block) {
  size <- size_of_block(block)
  if (kind_of_block(block) == "diag") 0 else size * (size - 1) / 2
}

n_angles_of_block <- function(block) {
  if (is_structured(block)) as.numeric(kind_of_block(block) != "diag") else n_pairs_of_block(block)
}

# The places of each block's among the coordinates of all.
angles_of_blocks <- function(blocks) {
  n <- vapply(blocks, n_angles_of_block, 0)
  Map(function(before, n) before + seq_len(n), cumsum(n) - n, n)
}

n_scales_of_block <- function(block) if (is_homogeneous(block)) 1L else size_of_block(block)

# Which columns, of all blocks one after the other, have a standard deviation of their own: of a
# homogeneous block the first.
columns_with_sd <- function(blocks) {
  unlist(lapply(blocks, function(block) {
    seq_len(size_of_block(block)) <= n_scales_of_block(block)
  }))
}

# Which of them each column has.
sd_of_columns <- function(blocks) cumsum(as.integer(columns_with_sd(blocks)))

# A block of a structure, over two columns or more. sd: the priors of its columns; hom: have they one
# standard deviation?
structured_block <- function(columns, structure, prior, sd) {
  size <- length(columns)
  name <- sub("_hom$", "", structure)
  hom <- endsWith(structure, "_hom")
  if (!is.null(prior$cov)) {
    abort("{.arg cov} is the prior of a full covariance matrix, and {.fn {name}} is another one.",
          i = "Give {.arg sd} and {.arg cor}.")
  }
  if (hom && !all(vapply(sd, identical, NA, sd[[1]]))) {
    abort("The effects of {.fn {name}} have one standard deviation, and {.arg sd} has several priors.",
          i = "Give one prior for all, or write {.code hom = FALSE}.")
  }
  eta <- if (name == "diag") 1 else prior$cor$parameters$eta
  if ((size - 1) * (eta - 1) + 1 <= 0) {
    abort("Under {.code lkj({eta})} the correlation of {size} effects in {.fn {name}} has no proper
           prior.", i = "{.arg eta} must be above {signif((size - 2) / (size - 1), 4)}.")
  }
  list(columns = columns, kind = name, homogeneous = hom, distribution = prior$cor, sd = sd,
       scale = matrix(0, size, size), parameter = eta, variance = encode_scales(sd))
}

# The correlation rho of cs() lies in (low, 1), of ar1() in (-1, 1): rho = low + (1 - low) u. Under a
# density in proportion to |C|^(eta - 1) u ~ Beta(a, b); see correlation_factor() in src/covariance.h.
rho_prior <- function(block) {
  size <- size_of_block(block)
  b <- (size - 1) * (block$parameter - 1) + 1
  if (kind_of_block(block) == "cs") list(low = -1 / (size - 1), a = block$parameter, b = b)
  else list(low = -1, a = b, b = b)
}

# log p(z) of z = atanh(2 u - 1), with its constant.
log_rho_prior <- function(z, block) {
  prior <- rho_prior(block)
  log(2) + prior$a * stats::plogis(2 * z, log.p = TRUE) +
    prior$b * stats::plogis(-2 * z, log.p = TRUE) - lbeta(prior$a, prior$b)
}

rho_at <- function(z, block) {
  low <- rho_prior(block)$low
  low + (1 - low) * stats::plogis(2 * z)
}

# In double precision rho may lie on the border.
angle_of_rho <- function(rho, block) {
  low <- rho_prior(block)$low
  u <- (rho - low) / (1 - low)
  atanh(pmin(pmax(2 * u - 1, -1 + 1e-15), 1 - 1e-15))
}

# Correlations at each rho, points x pairs, row by row of the matrix.
correlations_of_rho <- function(rho, block) {
  size <- size_of_block(block)
  apart <- sequence(seq_len(size - 1), from = seq_len(size - 1), by = -1)
  if (kind_of_block(block) == "cs") apart[] <- 1
  outer(rho, apart, `^`)
}

# Roots of correlation matrices drawn from the prior: draws x columns x columns.
draw_structured_roots <- function(block, n) {
  size <- size_of_block(block)
  L <- array(rep(diag(size), each = n), c(n, size, size))
  if (kind_of_block(block) == "diag") return(L)
  prior <- rho_prior(block)
  rho <- prior$low + (1 - prior$low) * stats::rbeta(n, prior$a, prior$b)
  rows <- correlation_root(correlations_of_rho(rho, block), size)
  for (r in seq_len(size)) L[, r, seq_len(r)] <- rows[[r]]
  L
}

# The standard deviations of a block drawn from their priors, draws x columns.
draw_sds <- function(block, n) {
  if (is_homogeneous(block)) return(matrix(draw_scale(block$sd[[1]], n), n, size_of_block(block)))
  matrix(vapply(block$sd, draw_scale, numeric(n), n = n), n)
}
