# The hyperparameters of a model: a table with a row for each, of which names, places and tails are
# views, and what a draw of them is.

# Made once, for the posterior; that of version 0.1.0 has its tails alone.
parameters_of <- function(posterior) {
  if (is.null(posterior$parameters)) new_parameters(posterior) else posterior$parameters
}

# In the order in which they are drawn: coefficients; for each grouping the standard deviations of its
# effects and their correlations; residual standard deviations; what pools these; the shape or the degrees of freedom. The
# columns:
#   variable  its name among the draws
#   part      b, sd, cor, sigma, pool, shape or df
#   grouping  of sd and cor
#   column    of the model matrix, of b and sd; the later one of cor
#   with      the earlier one of cor
#   stratum   of sigma, where there are several
#   shown     its place among the draws of a fit, in which strata have the order of their levels
#   tail      the exponent with which its density falls
new_parameters <- function(posterior) {
  strata <- strata_of(posterior)
  scale <- family_of(posterior)$scale
  sigma <- if (identical(scale, "sigma")) sigma_names(posterior)
  n_sigma <- if (length(sigma)) n_strata(posterior) else 0L
  n_pool <- length(sigma) - n_sigma
  columns <- coef_columns(posterior)
  spelled <- spell_term(columns)
  groupings <- groupings_of(posterior)
  groups <- spell_groupings(posterior)
  table <- join_parameters(c(
    list(some_parameters(sprintf("b_%s", spelled[seq_along(posterior$fixed)]), "b",
                         column = posterior$fixed)),
    unlist(lapply(seq_along(groupings), function(g) {
      own <- match(groupings[[g]]$random$column, columns)
      parameters_of_grouping(groupings[[g]], groups[g], spelled[own])
    }), recursive = FALSE),
    list(some_parameters(sigma[seq_len(n_sigma)], "sigma",
                         stratum = if (has_strata(posterior)) strata$labels else NA_character_),
         some_parameters(sigma[n_sigma + seq_len(n_pool)], "pool"),
         if (identical(scale, "shape")) some_parameters("shape", "shape"),
         if (is_student(posterior)) some_parameters("df", "df"))
  ))
  table$shown <- shown_places(table$part, strata$display)
  table$tail <- if (is.null(posterior$tails)) rep(Inf, length(table$part))
    else unname(posterior$tails)
  structure(table, class = "data.frame", row.names = .set_row_names(length(table$part)))
}

# group, spelled: the name of the grouping and those of its columns as they are spelled.
parameters_of_grouping <- function(grouping, group, spelled) {
  columns <- grouping$random$column
  pairs <- correlated_columns(grouping$random$block)
  first <- pairs$first
  second <- pairs$second
  list(
    some_parameters(sprintf("sd_%s__%s", group, spelled), "sd", grouping$name, columns),
    if (length(first)) {
      some_parameters(sprintf("cor_%s__%s__%s", group, spelled[first], spelled[second]), "cor",
                      grouping$name, columns[second], columns[first])
    }
  )
}

# Columns of the table, for variables of one part.
some_parameters <- function(variable, part, grouping = NA_character_, column = NA_character_,
                            with = NA_character_, stratum = NA_character_) {
  n <- length(variable)
  list(variable = as.character(variable), part = rep(part, n), grouping = rep_len(grouping, n),
       column = rep_len(column, n), with = rep_len(with, n), stratum = rep_len(stratum, n))
}

join_parameters <- function(tables) {
  columns <- c("variable", "part", "grouping", "column", "with", "stratum")
  joined <- lapply(columns, function(column) unlist(lapply(tables, `[[`, column)))
  stats::setNames(joined, columns)
}

sigma_names <- function(posterior) {
  if (!has_strata(posterior)) return("sigma")
  strata <- strata_of(posterior)
  factor <- spell_term(strata$name)
  c(sprintf("sigma_%s[%s]", factor, spell_levels(strata$labels, strata$display)),
    if (is_pooled(posterior)) sprintf("sigma_%s__%s", factor, c("df", "scale")))
}

shown_places <- function(part, display) {
  places <- seq_along(part)
  if (length(display) < 2) return(places)
  sigma <- which(part == "sigma")
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
pairs_of_blocks <- function(blocks) {
  n <- vapply(blocks, n_pairs_of_block, 0)
  before <- cumsum(n) - n
  Map(function(before, n) before + seq_len(n), before, n)
}

# Views of the table --------------------------------------------------------------------------

# Names, in the order of drawing.
hyper_names <- function(posterior) parameters_of(posterior)$variable

# Places in the order of drawing, of all groupings or of one.
places_of <- function(posterior, part, grouping = NULL) {
  parameters <- parameters_of(posterior)
  is_one <- parameters$part == part
  which(if (is.null(grouping)) is_one else is_one & parameters$grouping == grouping)
}

# Places among the draws of a fit, for each in the order of drawing.
shown_places_of <- function(posterior, part, grouping = NULL) {
  parameters_of(posterior)$shown[places_of(posterior, part, grouping)]
}

tails_of_part <- function(posterior, part, grouping = NULL) {
  parameters_of(posterior)$tail[places_of(posterior, part, grouping)]
}

# Names as they are shown.
variables_of_part <- function(posterior, part, grouping = NULL) {
  parameters <- parameters_of(posterior)
  own <- places_of(posterior, part, grouping)
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

# Structured covariances ---------------------------------------------------------------------

# Names of a block's standard deviations and correlations, in its order.
variables_of_block <- function(posterior, grouping, block) {
  names <- hyper_names(posterior)
  sd <- names[places_of(posterior, "sd", grouping$name)]
  cor <- names[places_of(posterior, "cor", grouping$name)]
  number <- match(block$columns[1], lapply(grouping$blocks, function(one) one$columns[1]))
  list(sd = sd[block$columns], cor = cor[pairs_of_blocks(grouping$blocks)[[number]]])
}

# Those that are another one, or a power of it.
repeated_variables <- function(posterior) {
  as.character(unlist(lapply(groupings_of(posterior), function(grouping) {
    lapply(Filter(is_structured, grouping$blocks), function(block) {
      own <- variables_of_block(posterior, grouping, block)
      c(if (is_homogeneous(block)) own$sd[-1], own$cor[-1])
    })
  })))
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
  own <- function(part, grouping = NULL) draw[places_of(posterior, part, grouping)]
  Sigma <- lapply(groupings_of(posterior), function(grouping) {
    covariance_of(own("sd", grouping$name), own("cor", grouping$name), grouping$blocks)
  })
  list(beta = own("b"), Sigma = Sigma, sigma2 = if (is_linear(posterior)) own("sigma")^2 else 1,
       hyper = draw)
}

covariance_of <- function(sd, correlations, blocks) {
  C <- diag(length(sd))
  pairs <- pairs_of_blocks(blocks)
  for (b in seq_along(blocks)) {
    if (length(pairs[[b]]) == 0) next
    own <- diag(length(blocks[[b]]$columns))
    own[upper.tri(own)] <- correlations[pairs[[b]]]
    own[lower.tri(own)] <- t(own)[lower.tri(own)]
    C[blocks[[b]]$columns, blocks[[b]]$columns] <- own
  }
  C * tcrossprod(sd)
}

# Coordinates of the correlations of draws, one row a draw: inverse hyperbolic tangents of the canonical
# partial correlations, or z of a structured block.
angles_of <- function(correlations, blocks) {
  z <- Map(function(pairs, block) {
    own <- correlations[, pairs, drop = FALSE]
    if (!ncol(own)) return(NULL)
    if (is_structured(block)) return(angle_of_rho(own[, 1], block))
    t(matrix(apply(own, 1, partial_of_draw, size = size_of_block(block)), ncol(own)))
  }, pairs_of_blocks(blocks), blocks)
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

# Which of these variables have one value, by the model.
is_known_constant <- function(fit, variables) {
  known <- c(if (has_fixed_sigma(fit$posterior)) variables_of_part(fit$posterior, "sigma"),
             if (has_fixed_df(fit$posterior)) "df")
  variables %in% known
}

# Hyperparameters without those that are known.
drawn_variables <- function(fit) {
  all <- hyper_variables(fit)
  all[!is_known_constant(fit, all)]
}
