# Tuning of the collapsed sampler: where its proposals lie and how wide they are.

# Does no prior but that of sigma know a scale? Then sigma integrates out.
is_scale_free <- function(posterior) {
  blocks <- unlist(lapply(groupings_of(posterior), `[[`, "blocks"), recursive = FALSE)
  all(vapply(blocks, knows_no_scale, NA)) && all(posterior$beta$precision == 0) &&
    posterior$sigma[["kind"]] == scale_kinds[["conjugate"]] &&
    is.infinite(posterior$sigma[["upper"]])
}

knows_no_scale <- function(block) {
  block$kind != "inverse_wishart" && all(vapply(block$sd, scale_fall, 0) == 0)
}

# What becomes of sigma, one of sigma_roles, in a model of so many steps: t residuals change what
# each of several steps has of the others.
sigma_role <- function(posterior, n_steps = 1L) {
  if (n_strata(posterior) > 1 || is_student(posterior) && n_steps > 1) return("given")
  if (is_fixed_sigma(posterior$sigma)) return("fixed")
  if (is_scale_free(posterior)) "integrated" else "coordinate"
}

# What a sweep makes: independent proposals, and elliptical slices, which always move; more of
# these where a smaller share of the proposals than `low_acceptance` is accepted.
sweep_moves <- c(independent = 2L, ellipse = 1L)
low_acceptance <- 0.45
more_ellipses <- 3L

# The share of accepted proposals below which the collapsed sampler is not run. Where priors know a
# scale they may be so narrow that a few hundred points overrate it several times.
least_acceptance <- c(plain = 0.05, scaled = 0.2)

# The tuning of a model, NULL where it has none, and a model with it: that of its only step or, of
# several, a list of those of each.
tuning_of_model <- function(model) {
  if (length(model$steps) == 0) return(NULL)
  if (length(model$steps) == 1) return(model$steps[[1]]$tuning)
  tunings <- lapply(model$steps, `[[`, "tuning")
  if (!is.null(tunings[[1]])) tunings
}

with_tuning <- function(model, tuning) {
  for (own in tunings_by_step(tuning)) model$steps[[own$step + 1L]]$tuning <- own
  model
}

tunings_by_step <- function(tuning) if (is.null(tuning$sigma_role)) tuning else list(tuning)

# f of the tuning, or of each.
each_tuning <- function(tuning, f) if (is.null(tuning$sigma_role)) lapply(tuning, f) else f(tuning)

# A tuning of a step before anything is known: the coordinates and their scales.
new_tuning <- function(model, estimate, role, threads = 1L, step = 0L) {
  grouping <- grouping_of_step(model, step)
  n_scales <- sum(vapply(grouping$blocks, n_scales_of_block, 0L))
  signs <- c(bitwShiftL(1L, seq_len(n_scales) - 1L), signs_of_correlations(grouping$blocks),
             if (role %in% c("coordinate", "beside")) 0L,
             if (role == "none") integer(model$n_coef + has_shape(model)))
  n <- length(signs)
  unit <- if (role %in% c("given", "beside", "none")) sqrt(exp(mean(log(estimate$sigma2)))) else 1
  list(step = step, sigma_role = match(role, sigma_roles) - 1L,
       scale = step_scale(model, step) * unit, sign_columns = signs, center = numeric(n),
       root = diag(n), df = proposal_df,
       near = bitwShiftL(1L, n_scales) - 1L, threads = as.integer(threads),
       n_independent = sweep_moves[["independent"]], n_ellipse = sweep_moves[["ellipse"]],
       table = NULL)
}

# The standard deviations whose signs change the sign of each coordinate of correlations, as bits, row
# by row; of a structured block a bit that is none's.
signs_of_correlations <- function(blocks) {
  n_scales <- vapply(blocks, n_scales_of_block, 0L)
  none <- bitwShiftL(1L, sum(n_scales))
  unlist(Map(function(block, first) {
    if (is_structured(block)) return(rep(none, n_angles_of_block(block)))
    bits <- bitwShiftL(1L, first + seq_len(block$size) - 1L)
    unlist(lapply(seq_len(block$size)[-1], function(l) bits[l] + bits[seq_len(l - 1)]))
  }, blocks, cumsum(n_scales) - n_scales))
}

# What a search for the mode makes least, at the columns of points. Where the density vanishes it has
# a value above all that occur, from which a search turns back; differences of it do not overflow.
minus_log_target <- function(model, tuning, sigma2) {
  function(points) pmin(-log_target(model, tuning, points, sigma2), vanished)
}

vanished <- 1e300

# Proposals at the mode, with the curvature there.
tune_at_mode <- function(model, estimate, role, threads = 1L, step = 0L) {
  tuning <- new_tuning(model, estimate, role, threads, step)
  target <- minus_log_target(without_bounds(model), tuning, estimate$sigma2)
  start <- within_bounds(initial_point(estimate, model, tuning), model, tuning)
  mode <- seek_down(start, target, 1e-3)
  hessian <- function(center) hessian_at(target, center, 1e-3)
  failed <- !all(is.finite(mode))
  if (knows_scales(tuning) || failed) {
    mode <- search_mode(target, start, mode)
    hessian <- function(center) scaled_hessian(target, center)
  }
  mode <- bounded_mode(minus_log_target(model, tuning, estimate$sigma2), mode, model, tuning)
  if (target(mode) >= vanished) return(NULL)
  # A density so much narrower along one axis than along another has no factor.
  tryCatch(place_proposal(tuning, mode, function(center) safe_covariance(hessian(center))),
           error = function(e) NULL)
}

# A mode of the target without the bounds of its priors, or, where it lies beyond these, one of
# the target itself.
bounded_mode <- function(target, mode, model, tuning) {
  bounded <- within_bounds(mode, model, tuning)
  within <- if (knows_scales(tuning)) identical(bounded, mode) else target(mode) < vanished
  if (within) mode else search_mode(target, bounded, bounded)
}

# Where a search ends; NA where it fails.
seek <- function(start, target, ...) {
  tryCatch(stats::optim(start, target, ...)$par, error = function(e) NA * start)
}

# The same by BFGS, with slopes by differences of `steps`, all of a point at once: to ask the target
# about one point takes longer than its value does.
seek_down <- function(start, target, steps, control = list()) {
  slope <- function(point) {
    n <- length(point)
    apart <- diag(steps, n)
    values <- target(cbind(point + apart, point - apart))
    (values[seq_len(n)] - values[n + seq_len(n)]) / (2 * steps)
  }
  seek(start, target, slope, method = "BFGS", control = c(control, list(maxit = 200)))
}

hessian_at <- function(target, center, steps) {
  n <- length(center)
  apart <- diag(steps, n)
  first <- apart[, rep(seq_len(n), n), drop = FALSE]
  second <- apart[, rep(seq_len(n), each = n), drop = FALSE]
  values <- target(center + cbind(first + second, first - second, second - first, -first - second))
  matrix(matrix(values, n^2) %*% c(1, -1, -1, 1), n) / (4 * tcrossprod(rep_len(steps, n)))
}

# Priors that know a scale may lie orders of magnitude from the data, and be as narrow. From a point
# that was found, or from the start where that is better, the search goes on in steps that fit the
# target, as long as it gains.
search_mode <- function(target, start, found) {
  best <- if (all(is.finite(found)) && target(found) < target(start)) found else start
  for (round in 1:10) {
    before <- target(best)
    steps <- natural_steps(target, best)
    simplex <- list(parscale = steps, maxit = 25 * length(best), warn.1d.NelderMead = FALSE)
    best <- lower_of(target, best, seek(best, target, control = simplex))
    if (before - target(best) < 0.05) break
    best <- lower_of(target, best, seek_down(best, target, 0.01 * steps, list(parscale = steps)))
  }
  best
}

lower_of <- function(target, a, b) if (all(is.finite(b)) && target(b) < target(a)) b else a

# How far from a point along each axis the target changes by about one.
natural_steps <- function(target, point) {
  at <- target(point)
  # Far from the mode ones are lost in the digits.
  one <- max(1, 1e-10 * abs(at))
  vapply(seq_along(point), function(k) {
    step <- 0.1
    for (round in 1:60) {
      changes <- vapply(c(-step, step), function(h) {
        abs(target(replace(point, k, point[k] + h)) - at)
      }, 0)
      if (max(changes) > 2 * one) step <- step / 2
      else if (max(changes) < 0.5 * one && step < 2) step <- 2 * step
      else break
    }
    step
  }, 0)
}

scaled_hessian <- function(target, center) {
  hessian_at(target, center, 0.3 * natural_steps(target, center))
}

initial_point <- function(estimate, model, tuning) {
  unit <- if (with_own_sds(tuning)) 1 else estimate$sigma2
  variances <- unlist(Map(function(Sigma, grouping) {
    tapply(diag(Sigma), sd_of_columns(grouping$blocks), mean)
  }, estimate$Sigma[numbers_of_step(model, tuning$step)], groupings_of_step(model, tuning$step)))
  x <- asinh(sqrt(variances / unit) / tuning$scale)
  sigma <- if (with_coordinate(tuning)) log(estimate$sigma2) / 2
  c(x, numeric(length(tuning$center) - length(x) - length(sigma)), sigma)
}

# The standard deviation, over sigma, at which a group's own data and the others' weigh alike.
effect_scale <- function(grouping) {
  squares <- vapply(seq_len(grouping$n_random), function(k) sum(grouping$cell_factor[, k, ]^2), 0)
  # The columns of a homogeneous block tell of its standard deviation together.
  together <- rowsum(cbind(squares, 1), sd_of_columns(grouping$blocks))
  unname(sqrt(grouping$n_groups * together[, 2] / together[, 1]))
}

step_scale <- function(model, step) unlist(lapply(groupings_of_step(model, step), effect_scale))

# The inverse of a Hessian, with the directions in which it is flat or turns up cut to a
# standard deviation of 1.5 in the coordinates, which are logarithmic far out. Differences keep some
# eight digits of it, and an inverse fewer: what is rounding goes before.
safe_covariance <- function(hessian) {
  hessian <- signif((hessian + t(hessian)) / 2, proposal_digits)
  decomposition <- eigen(hessian, symmetric = TRUE)
  values <- pmax(decomposition$values, 1 / 1.5^2)
  decomposition$vectors %*% (t(decomposition$vectors) / values)
}

# The coordinates of draws, folded to positive standard deviations; hyper has a row a draw.
points_of <- function(hyper, model, tuning) {
  own <- function(part) hyper[, places_in_step(model, tuning$step, part), drop = FALSE]
  sigma <- hyper[, model$part == "sigma", drop = FALSE]
  unit <- if (with_own_sds(tuning)) 1 else drop(sigma)
  blocks <- grouping_of_step(model, tuning$step)$blocks
  sd <- own("sd")[, columns_with_sd(blocks), drop = FALSE]
  x <- asinh(sweep(sd / unit, 2, tuning$scale, "/"))
  cbind(x, angles_of(own("cor"), blocks),
        if (with_coordinate(tuning)) log(drop(sigma)),
        if (role_of(tuning) == "none") coefficient_points(hyper, model))
}

# Proposals at the mean of draws, with their covariance.
tune_to_draws <- function(tuning, points) {
  covariance <- stats::cov(points)
  # All but singular, it has a factor, and its inverse has none.
  usable <- !anyNA(covariance) && is_positive_definite(covariance) &&
    is_positive_definite(chol2inv(chol(covariance * proposal_width^2)))
  if (!usable) return(tuning)
  place_proposal(tuning, colMeans(points), covariance)
}

# More slices in a sweep, where proposals are accepted too seldom.
help_proposals <- function(tuning, accepted_share) {
  if (accepted_share < low_acceptance) tuning$n_ellipse <- more_ellipses
  tuning
}

# The tuning of all chains: at the mode; with one residual variance from a table of the density,
# in up to three dimensions, or learnt by importance sampling. Nothing in it depends on how many
# draws are wanted, so that a chain that is continued is the chain in one piece.
tune_collapsed <- function(model, estimate, posterior, control) {
  role <- sigma_role(posterior, length(model$steps))
  tuning <- tune_at_mode(model, estimate, role, control$threads)
  if (is.null(tuning) || log_target(model, tuning, tuning$center, estimate$sigma2) == -Inf) {
    return(NULL)
  }
  # Residual variances change the target: what to propose is learnt in warm-up.
  if (role_of(tuning) == "given" || is_student(posterior)) return(tuning)
  tabulated <- if (table_fits(tuning)) tabulate_target(model, tuning, estimate)
  if (!is.null(tabulated)) return(tabulated)
  learnt <- learn_proposal(model, tuning, estimate$sigma2)
  if (with_coordinate(tuning) && learnt$accepted_share < low_acceptance) {
    learnt <- learn_beside(learnt, model, estimate, control)
  }
  # Where hardly a proposal is accepted, there is a better sampler, unless this one is asked for.
  least <- least_acceptance[[if (knows_scales(tuning)) "scaled" else "plain"]]
  if (learnt$accepted_share < least && is.null(control$sampler)) return(NULL)
  help_proposals(learnt$tuning, learnt$accepted_share)
}

# Priors may hold the standard deviations a thousand times faster than the data hold sigma. Over
# sigma they lie on a ridge with it, as thin and curved; in these coordinates they do not.
learn_beside <- function(learnt, model, estimate, control) {
  tuning <- tune_at_mode(model, estimate, "beside", control$threads)
  if (is.null(tuning)) return(learnt)
  beside <- learn_proposal(model, tuning, estimate$sigma2)
  if (beside$accepted_share > 1.5 * learnt$accepted_share) beside else learnt
}

# Where a chain starts: scattered around the center, or from a draw of another fit.
start_collapsed <- function(plan, chain) {
  start <- plan$estimate[c("theta", "Sigma", "sigma2")]
  state <- initial_state(plan, chain)
  if (!is.null(state)) start$sigma2 <- state$sigma2
  start <- student_start(c(start, state["hyper"]), plan$model)
  start$point <- lapply(tunings_by_step(tuning_of_model(plan$model)), start_point, state,
                        plan$model)
  start
}

start_point <- function(tuning, state, model) {
  point <- if (is.null(state)) {
    wide <- backsolve(tuning$root, stats::rnorm(length(tuning$center))) * 1.5
    tuning$center + wide
  } else as.numeric(points_of(t(state$hyper), model, tuning))
  within_bounds(fold_point(point, tuning), model, tuning)
}

# One chain of a tuned model, whose proposals are frozen after warm-up, if they learn in it at all.
run_collapsed <- function(model, state, control, progress, kept) {
  warmup <- control$warmup
  told <- 0L
  tuning <- tuning_of_model(model)
  if (learns_in_warmup(model, tuning)) {
    warm <- warm_up(model, state, warmup)
    if (warm$interrupted) return(first_draws(warm, 0L))
    model <- warm$model
    state <- warm$state
    told <- warmup
    warmup <- 0L
  }
  tell <- if (!is.null(progress)) function(sweeps) progress(told + sweeps)
  result <- sample_chain(model, "collapsed", state, control$draws, warmup, control$thin, kept,
                         tell)
  c(result, list(model = model))
}

# Does the target change with what is drawn beside it?
learns_in_warmup <- function(model, tuning) {
  !is.null(tuning$sigma_role) && (role_of(tuning) == "given" || !is.null(model$df_prior))
}

# Warm-up with several residual variances or t residuals: three parts, after each of which the proposals learn
# from the later half of the draws so far. How many are accepted in the second part, the first with
# proposals that have learnt, decides what the third and the chain itself do.
warm_up <- function(model, state, warmup) {
  parts <- diff(round(warmup * c(0, 0.3, 0.65, 1)))
  points <- NULL
  for (part in which(parts >= 20)) {
    warm <- sample_chain(model, "collapsed", state, parts[part], kept = integer())
    if (warm$interrupted) return(warm)
    tuning <- tuning_of_model(model)
    points <- rbind(points, points_of(t(warm$hyper), model, tuning))
    tuning <- tune_to_draws(tuning, utils::tail(points, ceiling(nrow(points) / 2)))
    if (part == 2L) tuning <- help_proposals(tuning, warm$accepted / warm$proposals)
    model <- with_tuning(model, tuning)
    state <- warm$state
    state$point <- lapply(state$point, fold_point, tuning)
  }
  list(interrupted = FALSE, model = model, state = state)
}
