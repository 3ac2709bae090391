# The hyperparameters of a model: a table with a row for each, of which names, places and tails are
# views, and what a draw of them is.

# Made once, for the posterior; that of version 0.1.0 has its tails alone.
parameters_of <- function(posterior) {
  if (is.null(posterior$parameters)) new_parameters(posterior) else posterior$parameters
}

# In the order in which they are drawn: coefficients, standard deviations of the group effects,
# their correlations, residual standard deviations, what pools these. The columns:
#   variable  its name among the draws
#   part      b, sd, cor, sigma or pool
#   grouping  of sd and cor
#   column    of the model matrix, of b and sd; the later one of cor
#   with      the earlier one of cor
#   stratum   of sigma, where there are several
#   shown     its place among the draws of a fit, in which strata have the order of their levels
#   tail      the exponent with which its density falls
new_parameters <- function(posterior) {
  random <- grouping_of(posterior)$random
  columns <- random$column
  pairs <- correlated_columns(random$block)
  sigma <- if (!is.null(family_of(posterior)$scale)) sigma_names(posterior)
  strata <- strata_of(posterior)
  n <- c(b = length(posterior$fixed), sd = length(columns), cor = length(pairs$first),
         sigma = if (length(sigma)) n_strata(posterior) else 0L)
  n[["pool"]] <- length(sigma) - n[["sigma"]]
  none <- function(part) rep(NA_character_, n[[part]])
  grouping <- if (!has_groups(posterior)) NA_character_ else grouping_of(posterior)$name
  variable <- c(spelled_parameters(posterior, pairs), sigma)
  table <- list(
    variable = variable,
    part = rep(names(n), n),
    grouping = c(none("b"), rep(grouping, n[["sd"]] + n[["cor"]]), none("sigma"), none("pool")),
    column = c(posterior$fixed, columns, columns[pairs$second], none("sigma"), none("pool")),
    with = c(none("b"), none("sd"), columns[pairs$first], none("sigma"), none("pool")),
    stratum = c(none("b"), none("sd"), none("cor"),
                if (has_strata(posterior)) strata$labels else none("sigma"), none("pool")),
    shown = shown_places(n, strata$display),
    tail = if (is.null(posterior$tails)) rep(Inf, sum(n)) else unname(posterior$tails)
  )
  structure(table, class = "data.frame", row.names = .set_row_names(sum(n)))
}

# Names of all but the residual ones.
spelled_parameters <- function(posterior, pairs) {
  random <- grouping_of(posterior)$random$column
  group <- spell_term(grouping_of(posterior)$name)
  columns <- spell_columns(posterior, c(posterior$fixed, random))
  fixed <- columns[seq_along(posterior$fixed)]
  spelled <- columns[length(fixed) + seq_along(random)]
  c(sprintf("b_%s", fixed),
    if (length(spelled)) sprintf("sd_%s__%s", group, spelled),
    if (length(pairs$first)) {
      sprintf("cor_%s__%s__%s", group, spelled[pairs$first], spelled[pairs$second])
    })
}

sigma_names <- function(posterior) {
  if (!has_strata(posterior)) return("sigma")
  strata <- strata_of(posterior)
  factor <- spell_term(strata$name)
  c(sprintf("sigma_%s[%s]", factor, spell_levels(strata$labels, strata$display)),
    if (is_pooled(posterior)) sprintf("sigma_%s__%s", factor, c("df", "scale")))
}

# n: the number of each part.
shown_places <- function(n, display) {
  places <- seq_len(sum(n))
  if (length(display) < 2) return(places)
  sigma <- n[["b"]] + n[["sd"]] + n[["cor"]] + seq_len(n[["sigma"]])
  places[sigma[display]] <- sigma
  places
}

# The pairs of random columns that are correlated, block after block, each column with those before
# it.
correlated_columns <- function(block) {
  if (!anyDuplicated(block)) return(list(first = integer(), second = integer()))
  columns <- split(seq_along(block), block)
  pairs <- lapply(columns, function(own) {
    size <- length(own)
    later <- rep(seq_len(size), seq_len(size) - 1L)
    list(first = own[sequence(seq_len(size) - 1L)], second = own[later])
  })
  list(first = unlist(lapply(pairs, `[[`, "first"), use.names = FALSE),
       second = unlist(lapply(pairs, `[[`, "second"), use.names = FALSE))
}

# Which of the correlations are those of each block.
pairs_of_blocks <- function(sizes) {
  n <- sizes * (sizes - 1) / 2
  before <- cumsum(n) - n
  Map(function(before, n) before + seq_len(n), before, n)
}

# Views of the table --------------------------------------------------------------------------

# Names, in the order of drawing.
hyper_names <- function(posterior) parameters_of(posterior)$variable

# Places in the order of drawing.
places_of <- function(posterior, part) which(parameters_of(posterior)$part == part)

# Places among the draws of a fit, for each in the order of drawing.
shown_places_of <- function(posterior, part) {
  parameters <- parameters_of(posterior)
  parameters$shown[parameters$part == part]
}

tails_of_part <- function(posterior, part) {
  parameters <- parameters_of(posterior)
  parameters$tail[parameters$part == part]
}

# Names as they are shown.
variables_of_part <- function(posterior, part) {
  parameters <- parameters_of(posterior)
  own <- which(parameters$part == part)
  parameters$variable[own[order(parameters$shown[own])]]
}

# Of all, by name.
parameter_tails <- function(posterior) {
  parameters <- parameters_of(posterior)
  stats::setNames(parameters$tail, parameters$variable)
}

# Labels of the strata of the residual variance as they are shown; NA where there is one variance.
shown_strata <- function(posterior) {
  strata <- strata_of(posterior)
  if (is.null(strata$name)) NA_character_ else strata$labels[strata$display]
}

# Draws ----------------------------------------------------------------------------------------

# Hyperparameters by their places, draws x variables.
hyper_matrix <- function(fit, places) {
  hyper <- fit$sampling$hyper[, , places, drop = FALSE]
  matrix(hyper, nrow(hyper) * ncol(hyper), length(places),
         dimnames = list(NULL, dimnames(hyper)[[3]]))
}

# Residual standard deviations as they are shown.
sigma_draws <- function(fit) hyper_matrix(fit, sort(shown_places_of(fit$posterior, "sigma")))

# Draws of one chain as they were drawn: hyperparameters x draws.
drawn_hyper <- function(sampling, posterior, chain) {
  shown <- parameters_of(posterior)$shown
  t(matrix(sampling$hyper[, chain, shown], ncol = length(shown)))
}

drawn_hyper_all <- function(fit) {
  do.call(cbind, lapply(seq_len(fit$sampling$chains), function(chain) {
    drawn_hyper(fit$sampling, fit$posterior, chain)
  }))
}

# A draw, in the order of drawing, as (beta, Sigma, sigma2), Sigma a list by grouping.
state_of <- function(draw, posterior) {
  own <- function(part) draw[places_of(posterior, part)]
  Sigma <- lapply(groupings_of(posterior), function(grouping) {
    covariance_of(own("sd"), own("cor"), grouping$blocks)
  })
  list(beta = own("b"), Sigma = Sigma, sigma2 = own("sigma")^2, hyper = draw)
}

covariance_of <- function(sd, correlations, blocks) {
  C <- diag(length(sd))
  pairs <- pairs_of_blocks(block_sizes(blocks))
  for (b in seq_along(blocks)) {
    own <- diag(length(blocks[[b]]$columns))
    own[upper.tri(own)] <- correlations[pairs[[b]]]
    own[lower.tri(own)] <- t(own)[lower.tri(own)]
    C[blocks[[b]]$columns, blocks[[b]]$columns] <- own
  }
  C * tcrossprod(sd)
}

block_sizes <- function(blocks) vapply(blocks, function(block) length(block$columns), 0L)

# Inverse hyperbolic tangents of the canonical partial correlations of draws, one row a draw; sizes:
# those of the blocks.
partial_coordinates <- function(correlations, sizes) {
  z <- Map(function(pairs, size) {
    own <- correlations[, pairs, drop = FALSE]
    if (ncol(own)) t(matrix(apply(own, 1, partial_of_draw, size = size), ncol(own)))
  }, pairs_of_blocks(sizes), sizes)
  do.call(cbind, z)
}

# Of one draw, row by row. In double precision its matrix may be singular.
partial_of_draw <- function(correlations, size) {
  C <- diag(size)
  C[upper.tri(C)] <- correlations
  shrunk <- C * (1 - 1e-12) + diag(1e-12, size)
  L <- tryCatch(t(chol(C)), error = function(e) t(chol(shrunk)))
  unlist(lapply(seq_len(size)[-1], function(l) {
    rest <- sqrt(1 - c(0, cumsum(L[l, seq_len(l - 1)]^2)))[seq_len(l - 1)]
    atanh(pmin(pmax(L[l, seq_len(l - 1)] / rest, -1 + 1e-15), 1 - 1e-15))
  }))
}
