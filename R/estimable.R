# Which predictions have a variance.
#
# With few groups, standard deviations of group effects have no second moment, nor have
# coefficients that the data cannot tell from these effects. But as a standard deviation grows,
# the posterior goes over to that of a model in which its effects are free, and there x'b + z'gamma
# keeps a variance in proportion to sigma^2 if (x, z) is a combination of the rows of the data: if
# it is estimable.

# on_link: is the linear predictor what is summarized?
rows_have_variance <- function(plan, on_link) {
  n_rows <- nrow(plan$rows$frame)
  if (is_prior_only(plan$fit)) return(rep(prior_rows_have_variance(plan, on_link), n_rows))
  if (!is_linear(plan$fit)) return(family_rows_have_variance(plan, on_link, n_rows))
  exists <- if (all(parameter_tails(plan$fit$posterior) > 3)) rep(TRUE, n_rows)
    else means_have_variance(plan, n_rows)
  if (plan$residual) exists & residuals_have_variance(plan) else exists
}

# Shares of trials are bounded. A linear predictor is said to have a variance where every coefficient
# and standard deviation has one. As the tail of a standard deviation is no lighter than an
# exponential's, unless it is bounded, the mean of a count in a new group has none: given the standard
# deviation it is log-normal.
family_rows_have_variance <- function(plan, on_link, n_rows) {
  posterior <- plan$fit$posterior
  family <- family_of(posterior)
  if (!on_link && family$weights == "trials") return(rep(TRUE, n_rows))
  tails <- c(tails_of_part(posterior, "b"), tails_of_part(posterior, "sd"))
  exists <- rep(all(tails > 3), n_rows)
  if (on_link) return(exists)
  for (one in plan$random) {
    n_known <- length(grouping_of_random(plan, one)$groups)
    exists[plan$rows[[one$part]]$code > n_known] <- FALSE
  }
  exists
}

# Without data a known group is as a new one. A mean of counts is log-normal given the standard
# deviations of effects, and has a mean beyond these where they are bounded; the variance of a count
# is that of Poisson's and mean^2 / r, and r^-1/2 then needs a second moment.
prior_rows_have_variance <- function(plan, on_link) {
  posterior <- plan$fit$posterior
  family <- family_of(posterior)
  if (!on_link && family$weights == "trials") return(TRUE)
  sds <- unlist(lapply(plan$random, function(one) {
    tails_of_part(posterior, "sd", grouping_of_random(plan, one)$name)[one$columns]
  }))
  if (!all(sds > 3)) return(FALSE)
  if (is_linear(posterior)) return(!plan$residual || all(residuals_have_variance(plan)))
  if (on_link) return(TRUE)
  bounded <- all(vapply(plan$random, is_bounded_random, NA, plan = plan))
  bounded && (!plan$residual || !identical(family$scale, "shape") ||
                prior_has_variance(spread_prior(shape_prior(posterior$prior))))
}

is_bounded_random <- function(one, plan) {
  all(is.finite(sd_bounds(grouping_of_random(plan, one))[one$columns]))
}

means_have_variance <- function(plan, n_rows) {
  posterior <- plan$fit$posterior
  if (length(groupings_of(posterior)) > 1) return(several_have_variance(plan, n_rows))
  heavy <- c(tails_of_part(posterior, "b"), tails_of_part(posterior, "sd")) <= 3
  exists <- logical(n_rows)
  beside <- beside_groups(posterior)
  for (rows in plan$blocks) {
    frame <- frame_rows(plan$rows$frame, rows)
    Z <- matrix(0, length(rows), n_random(posterior))
    for (one in plan$random) Z[, one$columns] <- matrix_of_random(plan, one, frame)
    own <- cbind(matrix_of_fixed(plan, frame), Z)
    exists[rows] <- rowSums(own[, heavy, drop = FALSE] != 0) == 0
    for (group in unique(plan$rows[["group"]]$code[rows])) {
      there <- plan$rows[["group"]]$code[rows] == group & !exists[rows]
      if (group > n_groups(posterior) || !any(there)) next
      exists[rows[there]] <- are_estimable(own[there, , drop = FALSE], posterior, group, beside)
    }
  }
  exists
}

# Of several groupings those effects are free whose standard deviations have no variance; all others
# are noise, of which the rows of the data have some. Known groups alone have such effects:
# groupings of few groups, or columns that few groups vary in. Where they are many all the same,
# rows that need one are said to have no variance.
several_have_variance <- function(plan, n_rows) {
  posterior <- plan$fit$posterior
  free <- free_columns(posterior)
  p <- length(posterior$fixed)
  heavy <- c(tails_of_part(posterior, "b") <= 3, rep(TRUE, nrow(free)))
  basis <- basis_of_free(posterior, free)
  exists <- logical(n_rows)
  for (rows in plan$blocks) {
    frame <- frame_rows(plan$rows$frame, rows)
    effects <- free_effects(plan, free, rows, frame)
    own <- cbind(matrix_of_fixed(plan, frame), effects$free)
    needs <- rowSums(own[, heavy, drop = FALSE] != 0) > 0
    told <- if (is.null(basis)) FALSE else are_combinations(own, basis)
    exists[rows] <- !effects$new & (!needs | told)
  }
  exists
}

# Products that finding what the data tell of free effects may take.
most_products <- 1e10

# Of what the rows of the data span of [X, free effects]; NULL where that takes too long.
basis_of_free <- function(posterior, free) {
  k <- length(posterior$fixed) + nrow(free)
  n_rows <- n_cell_columns(posterior) * as.numeric(n_cells(posterior))
  if (n_rows * k^2 > most_products) return(NULL)
  factor <- matrix(0, 0, k)
  for (cells in split(seq_len(n_cells(posterior)), (seq_len(n_cells(posterior)) - 1) %/% 20000)) {
    factor <- qr_factor(rbind(factor, free_rows_of_cells(posterior, free, cells), matrix(0, k, k)))
  }
  basis_of_rows(rbind(factor, free_rows_of_strata(posterior, free)))
}

# Effects without a variance: the grouping, random column and group of each.
free_columns <- function(posterior) {
  parameters <- parameters_of(posterior)
  groupings <- groupings_of(posterior)
  do.call(rbind, lapply(seq_along(groupings), function(g) {
    tails <- parameters$tail[places_of(posterior, "sd", groupings[[g]]$name)]
    expand.grid(group = seq_along(groupings[[g]]$groups), column = which(tails <= 3), grouping = g)
  }))
}

# Of some rows, these effects' columns; and which rows have a new group with such an effect.
free_effects <- function(plan, free, rows, frame) {
  columns <- matrix(0, length(rows), nrow(free))
  new <- logical(length(rows))
  for (one in plan$random) {
    Z <- matrix_of_random(plan, one, frame)
    code <- plan$rows[[one$part]]$code[rows]
    own <- which(free$grouping == one$number)
    for (k in own[free$column[own] %in% one$columns]) {
      there <- code == free$group[k]
      columns[there, k] <- Z[there, match(free$column[k], one$columns)]
    }
    heavy <- one$columns %in% free$column[own]
    is_new <- code > length(grouping_of_random(plan, one)$groups)
    new <- new | is_new & rowSums(Z[, heavy, drop = FALSE] != 0) > 0
  }
  list(free = columns, new = new)
}

# Rows of [X, free effects] that span those of these cells.
free_rows_of_cells <- function(posterior, free, chosen) {
  cells <- cells_of(posterior)
  columns <- seq_len(n_cell_columns(posterior))
  rows <- rows_of_cells(posterior, chosen, columns, posterior$shift[columns])
  cell <- rep(chosen, each = length(columns))
  effects <- vapply(seq_len(nrow(free)), function(k) {
    place <- groupings_of(posterior)[[free$grouping[k]]]$random$place[free$column[k]]
    rows$Z[, place] * (cells$group[cell, free$grouping[k]] == free$group[k])
  }, numeric(length(cell)))
  counts <- counting_strata(posterior)[cells$stratum[cell]]
  cbind(unshift_rows(rows$X, posterior), effects)[counts, , drop = FALSE]
}

# What the cells leave of X.
free_rows_of_strata <- function(posterior, free) {
  p <- length(posterior$fixed)
  left <- strata_of(posterior)$factor[, seq_len(p), counting_strata(posterior), drop = FALSE]
  left <- unshift_rows(matrix(aperm(left, c(1, 3, 2)), ncol = p), posterior)
  cbind(left, matrix(0, nrow(left), nrow(free)))
}

unshift_rows <- function(X, posterior) {
  if (posterior$intercepts[["X"]] > 0) X + outer(X[, 1], x_shift(posterior)) else X
}

# Which rows count for what is estimable: those with a residual variance that has a mean.
counting_strata <- function(posterior) tails_of_part(posterior, "sigma") > 3

# What combinations of rows there are of [X Z] with nothing in Z.
beside_groups <- function(posterior) {
  p <- length(posterior$fixed)
  if (p == 0) return(matrix(0, 0, n_random(posterior)))
  strata <- strata_of(posterior)$factor[, seq_len(p), counting_strata(posterior), drop = FALSE]
  factor <- qr_factor(rbind(matrix(aperm(strata, c(1, 3, 2)), ncol = p), matrix(0, 1, p)))
  cbind(factor, matrix(0, nrow(factor), n_random(posterior)))
}

# Is each of these rows of [X Z] a combination of rows of the data, where Z is that of a group?
are_estimable <- function(rows, posterior, group, beside) {
  q <- n_random(posterior)
  p <- length(posterior$fixed)
  cells <- which(cells_of(posterior)$group == group &
                   counting_strata(posterior)[cells_of(posterior)$stratum])
  factor <- cells_of(posterior)$factor[, c(q + seq_len(p), seq_len(q)), cells, drop = FALSE]
  data <- rbind(matrix(aperm(factor, c(1, 3, 2)), ncol = p + q), beside)
  are_combinations(shift_rows(rows, posterior), basis_of_rows(data))
}

# An orthonormal basis of what these rows span, their columns scaled to length one.
basis_of_rows <- function(data) {
  lengths <- sqrt(colSums(data^2))
  lengths[lengths == 0] <- 1
  directions <- svd(t(data) / lengths, nv = 0)
  list(lengths = lengths, directions = directions$u[, directions$d > 1e-8, drop = FALSE])
}

are_combinations <- function(rows, basis) {
  scaled <- t(rows) / basis$lengths
  beyond <- scaled - basis$directions %*% crossprod(basis$directions, scaled)
  sqrt(colSums(beyond^2)) <= 1e-6 * sqrt(colSums(scaled^2))
}

residuals_have_variance <- function(plan) {
  posterior <- plan$fit$posterior
  tails <- tails_of_part(posterior, "sigma")
  # That of t residuals exists given more than two degrees of freedom, which are known only if fixed.
  if (is_student(posterior) && !(has_fixed_df(posterior) && posterior$df[["shape"]] > 2)) {
    return(rep(FALSE, nrow(plan$rows$frame)))
  }
  stratum <- plan$rows$stratum$code
  if (is.null(stratum)) return(tails > 3)
  new_exists <- if (plan$new_sigma == "prior") prior_has_variance(posterior$prior$sigma)
    else all(tails > 3)
  c(tails > 3, rep(new_exists, length(plan$rows$stratum$new)))[stratum]
}

# Has a standard deviation with this prior a second moment? Pooled, sigma^2 is nu s^2 / chi^2_nu,
# without a mean for nu <= 2, which is always possible.
prior_has_variance <- function(prior) {
  switch(prior$name,
    half_t = prior$parameters$df > 2,
    inverse_gamma = prior$parameters$shape > 1,
    half_cauchy = , pooled = , jeffreys = FALSE,
    uniform = is.finite(prior$parameters$upper),
    TRUE
  )
}
