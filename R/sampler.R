# A posterior as a sampler sees it: the arrays of model_t in src/model.h, a list of those of each
# grouping (grouping_t in src/grouping.h), and one of its steps (step_t in src/step.h), each with
# its tuning where the sampler has one.
#
# The parameterization is data. In the uncentered one all columns of X stay in the
# regression; in the centered one those with a group version become the means of
# the group effects of one grouping (R/centering.R). The columns that stay are
# orthonormalized over all rows, so that a sweep loses no digits; theta is beta in these
# coordinates.
sampler_model <- function(posterior, parameterization) {
  groupings <- groupings_of(posterior)
  coordinates <- sampler_coordinates(posterior, parameterization)
  strata <- strata_of(posterior)
  several <- length(groupings) > 1
  responses <- if (!is_linear(posterior)) encode_responses(posterior, coordinates)
  c(coordinates$layout, prior_in_coordinates(posterior, coordinates), list(
    groupings = Map(function(g, means) {
      own <- one_grouping(posterior, g)
      c(encode_grouping(own, grouping_of(own), cells_of(own), means, coordinates),
        if (several) {
          list(place = groupings[[g]]$random$place - 1L,
               stratum_factor = in_coordinates(own$strata$factor, 0, 0, numeric(), coordinates))
        })
    }, seq_along(groupings), coordinates$means),
    steps = encode_steps(posterior),
    cells = if (several) encode_cells(posterior, coordinates),
    n_strata = n_strata(posterior),
    n_coef = length(posterior$fixed), deficient = is_deficient(posterior),
    stratum_factor = in_coordinates(strata$factor, 0, 0, numeric(), coordinates),
    stratum_gram = stratum_gram(posterior, coordinates$A),
    stratum_rows = strata$rows,
    beta_mean = posterior$beta$mean, beta_precision = posterior$beta$precision,
    to_beta = coordinates$to_beta, from_beta = coordinates$from_beta,
    beta_shift = coordinates$beta_shift,
    # Another family has no sigma, whose prior then stands for nothing.
    sigma_prior = if (is.null(posterior$sigma)) encode_scale(jeffreys()) else posterior$sigma,
    df_prior = if (!is.null(posterior$df)) as.list(posterior$df),
    part = parameters_of(posterior)$part,
    of_grouping = match(parameters_of(posterior)$grouping, vapply(groupings, `[[`, "", "name"))
  ), if (!is.null(responses)) list(responses = responses, chains = encode_chains(posterior)))
}

# The cells of several groupings.
encode_cells <- function(posterior, coordinates) {
  cells <- posterior$cells
  q <- n_cell_columns(posterior)
  list(n = length(cells$rows), n_columns = q, stratum = cells$stratum - 1L,
       group = cells$group - 1L,
       factor = in_coordinates(cells$factor, q, posterior$intercepts[["Z"]],
                               posterior$shift[seq_len(q)], coordinates))
}

# means: the columns of Z whose effects have coefficients for their means.
encode_grouping <- function(posterior, grouping, cells, means, coordinates) {
  random <- grouping$random
  paired <- which(!is.na(random$paired))
  q <- nrow(random)
  list(
    n_random = q, n_groups = length(grouping$groups), n_cells = length(cells$rows),
    n_means = length(means), mean_coef = random$paired[means] - 1L, mean_column = means - 1L,
    n_pairs = length(paired), pair_coef = random$paired[paired] - 1L, pair_column = paired - 1L,
    group_start = group_start(posterior), cell_stratum = cells$stratum - 1L,
    cell_factor = in_coordinates(cells$factor, q, posterior$intercepts[["Z"]],
                                 posterior$shift[seq_len(q)], coordinates),
    blocks = lapply(grouping$blocks, encode_block)
  )
}

in_coordinates <- function(factors, n_random, intercept, shift, coordinates) {
  change_coordinates(factors, n_random, intercept, shift, coordinates$A, coordinates$offset)
}

# Of a step (from 0): the numbers (from 1) of its groupings, leaf to root; these; and their columns and
# blocks one after another, as C has them.
numbers_of_step <- function(model, step = 0L) model$steps[[step + 1L]]$groupings + 1L

groupings_of_step <- function(model, step = 0L) model$groupings[numbers_of_step(model, step)]

grouping_of_step <- function(model, step = 0L) {
  groupings <- groupings_of_step(model, step)
  if (length(groupings) == 1) return(groupings[[1]])
  sizes <- vapply(groupings, `[[`, 0L, "n_random")
  blocks <- Map(function(grouping, before) {
    lapply(grouping$blocks, function(block) {
      block$first <- block$first + as.integer(before)
      block
    })
  }, groupings, cumsum(sizes) - sizes)
  list(n_random = sum(sizes), blocks = unlist(blocks, recursive = FALSE))
}

# Places of a step's standard deviations or correlations among the hyperparameters, in its order.
places_in_step <- function(model, step, part) {
  unlist(lapply(numbers_of_step(model, step), function(g) {
    which(model$part == part & model$of_grouping == g)
  }))
}

encode_block <- function(block) {
  kinds <- c("variance", "lkj", "inverse_wishart", "huang_wand", structured_kinds)
  list(first = block$columns[1] - 1L, size = length(block$columns), name = block$kind,
       kind = match(block$kind, kinds) - 1L, homogeneous = as.integer(is_homogeneous(block)),
       variance = block$variance,
       parameter = as.numeric(block$parameter), scale = as.numeric(block$scale))
}

# Where the priors of a grouping's standard deviations end, and those of the residuals'.
sd_bounds <- function(grouping) {
  unlist(lapply(grouping$blocks, function(block) {
    unname(block$variance["upper", seq_len(n_scales_of_block(block))])
  }))
}

sigma_bound <- function(model) model$sigma_prior[["upper"]]

# How theta gives beta. With X_s the shifted columns of X, the columns that stay
# are X_s A, and y loses X_s offset and its shift.
sampler_coordinates <- function(posterior, parameterization) {
  p <- length(posterior$fixed)
  total <- total_factor(posterior)
  groupings <- groupings_of(posterior)
  means <- if (parameterization == "centered") centered_columns(groupings)
    else lapply(groupings, function(grouping) integer())
  mean_coef <- unlist(Map(function(grouping, means) grouping$random$paired[means], groupings,
                          means))
  fixed <- which(!seq_len(p) %in% mean_coef)
  centering <- centering_matrix(posterior, total, fixed, mean_coef)
  X <- total[, seq_len(p), drop = FALSE]
  # Columns that all stay are as they were: the identity costs p^3 to multiply by.
  staying <- length(fixed) == p
  R <- if (staying) X else X %*% centering$columns
  # Columns that only their priors identify are told apart by these.
  known <- if (is_deficient(posterior)) diag(sqrt(posterior$beta$precision), p)
  R <- if (length(fixed)) qr_factor(rbind(R, known[, fixed, drop = FALSE])) else matrix(0, 0, 0)
  R <- R[seq_along(fixed), , drop = FALSE]
  A <- if (length(fixed)) backsolve(R, diag(length(fixed))) else matrix(0, 0, 0)
  if (!staying) A <- centering$columns %*% A
  least_squares <- if (p) {
    y <- c(total[, p + 1], if (!is.null(known)) numeric(p))
    stats::.lm.fit(rbind(X, known), y, tol = 0)$coefficients
  } else numeric()
  offset <- as.numeric(centering$columns %*% least_squares[fixed])
  c(list(A = A, offset = offset, means = means,
         layout = list(n_staying = length(fixed), staying_coef = fixed - 1L)),
    theta_to_beta(posterior, fixed, R, centering$means, least_squares))
}

# Do columns of X depend on each other? Their priors are proper then.
is_deficient <- function(posterior) fixed_rank(posterior) < length(posterior$fixed)

# Posteriors of version 0.1.0 have no rank: no column depended on others.
fixed_rank <- function(posterior) {
  if (is.null(posterior$rank)) length(posterior$fixed) else posterior$rank
}

# Where the intercept is a group mean, the columns that stay are centered on their
# means, so that a shift of a column leaves the chain alone.
centering_matrix <- function(posterior, total, fixed, mean_coef) {
  p <- length(posterior$fixed)
  means <- numeric(p)
  if (posterior$intercepts[["X"]] > 0 && 1 %in% mean_coef) {
    means[fixed] <- total[1, fixed] / total[1, 1]
  }
  columns <- diag(p)[, fixed, drop = FALSE]
  if (p) columns[1, ] <- columns[1, ] - means[fixed]
  list(columns = columns, means = means)
}

# beta = to_beta theta + beta_shift. Taking x - s for x adds s times its
# coefficient to the intercept.
theta_to_beta <- function(posterior, fixed, R, means, least_squares) {
  p <- length(posterior$fixed)
  to_beta <- diag(p)
  from_beta <- diag(p)
  beta_shift <- numeric(p)
  if (length(fixed)) {
    from_beta[fixed, fixed] <- R
    to_beta[fixed, fixed] <- backsolve(R, diag(length(fixed)))
    beta_shift[fixed] <- least_squares[fixed]
  }
  if (posterior$intercepts[["X"]] > 0) {
    back <- c(1, numeric(p - 1))
    others <- fixed[fixed != 1]
    back[others] <- -(x_shift(posterior) + means)[others]
    # Of the identity only the first row changes.
    to_beta[1, ] <- back %*% to_beta
    beta_shift[1] <- as.numeric(back %*% beta_shift) + y_shift(posterior)
    from_beta[, others] <- from_beta[, others] - outer(from_beta[, 1], back[others])
  }
  list(to_beta = to_beta, from_beta = from_beta, beta_shift = beta_shift)
}

prior_in_coordinates <- function(posterior, coordinates) {
  precision <- posterior$beta$precision
  p <- length(precision)
  if (all(precision == 0)) {
    return(list(beta_is_flat = 1L, prior_precision = matrix(0, p, p),
                prior_linear = numeric(p), prior_square = 0))
  }
  check_prior_digits(posterior, coordinates$beta_shift)
  weighted <- precision * coordinates$to_beta
  centre <- precision * (posterior$beta$mean - coordinates$beta_shift)
  list(
    beta_is_flat = 0L,
    prior_precision = crossprod(coordinates$to_beta, weighted),
    prior_linear = as.numeric(crossprod(coordinates$to_beta, centre)),
    prior_square = sum(precision * (posterior$beta$mean - coordinates$beta_shift)^2)
  )
}

# A prior holds its coefficient within what doubles of the estimate's size, or of its own mean's, resolve.
check_prior_digits <- function(posterior, shift) {
  beta <- posterior$beta
  size <- pmax(abs(beta$mean), abs(shift))
  lost <- which(beta$precision > 0 & 1 < 1e-14 * size * sqrt(beta$precision))
  if (!length(lost)) return(invisible())
  k <- lost[1]
  abort("The prior of {.val {posterior$fixed[lost]}} is narrower than the digits of numbers reach.",
        x = "{posterior$fixed[k]} has the prior standard deviation {signif(1 / sqrt(beta$precision[k]), 3)},
             and its prior mean or its least-squares estimate is of the size {signif(size[k], 3)}.",
        i = "Rescale the responses or the columns, or widen {.arg beta}.")
}

# X'X of each stratum, in the coordinates of the columns that stay.
stratum_gram <- function(posterior, A) {
  n_staying <- ncol(A)
  n_strata <- n_strata(posterior)
  if (n_strata == 1 && !is_deficient(posterior)) {
    return(array(diag(n_staying), c(n_staying, n_staying, 1)))
  }
  totals <- stratum_totals(posterior)
  p <- nrow(A)
  grams <- vapply(seq_len(n_strata), function(s) {
    crossprod(matrix(totals[, seq_len(p), s], p + 1) %*% A)
  }, matrix(0, n_staying, n_staying))
  array(grams, c(n_staying, n_staying, n_strata))
}

# theta of a beta.
beta_to_theta <- function(model, beta) {
  as.numeric(matrix(model$from_beta, length(beta)) %*% (beta - model$beta_shift))
}
