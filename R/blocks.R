# Blocks of the covariance matrix of a grouping's effects: their columns, and what they have of standard
# deviations and correlations, as draws and as coordinates.

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
  by <- ifelse(structure %in% c("diag", "diag_hom"), -seq_along(term), term)
  list(block = match(by, unique(by)), structure = structure, term = term)
}

# The columns of each block of a covariance matrix: those that are correlated, or have one standard
# deviation.
columns_of_blocks <- function(random) {
  by <- random$block
  shared <- !is.null(random$structure) & random$structure == "diag_hom"
  if (any(shared)) by[shared] <- -random$term[shared]
  unname(split(seq_len(nrow(random)), match(by, unique(by))))
}

structured_kinds <- c("cs", "ar1", "diag")

# Of a block of a posterior, or as C has it.
is_structured <- function(block) kind_of_block(block) %in% structured_kinds

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

# Cholesky's algorithm over all draws at once. correlations: draws x pairs, row after row of the
# lower triangle.
correlation_root <- function(correlations, size) {
  root <- list(matrix(1, nrow(correlations), 1))
  for (r in seq_len(size)[-1]) {
    row <- matrix(0, nrow(correlations), r)
    for (k in seq_len(r - 1)) {
      before <- seq_len(k - 1)
      rest <- correlations[, (r - 1) * (r - 2) / 2 + k] -
        rowSums(row[, before, drop = FALSE] * root[[k]][, before, drop = FALSE])
      pivot <- root[[k]][, k]
      row[, k] <- ifelse(pivot > 0, rest / pivot, 0)
    }
    row[, r] <- sqrt(pmax(1 - rowSums(row^2), 0))
    root[[r]] <- row
  }
  root
}
