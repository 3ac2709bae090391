# A scan over steps in plain R, from dense covariances of all rows, drawing variates in the order of C:
# of each step, independent proposals, slices over ellipses, sigma, the coefficients and the effects;
# then several residual variances.

# A step's log density at a point, and the root of [X y]'V^-1 [X y]. data: y less the others' effects.
replay_target <- function(data, model, step, point, sigma2) {
  tuning <- model$steps[[step]]$tuning
  numbers <- numbers_of_step(model, step - 1L)
  L <- factors_at(point, model, tuning)
  V <- diag(replay_units(data, model, sigma2))
  for (i in seq_along(numbers)) {
    own <- data$groupings[[numbers[i]]]
    V <- V + outer(own$group, own$group, "==") * tcrossprod(own$Z %*% L[[i]])
  }
  both <- cbind(data$X, data$y)
  root <- chol(crossprod(both, solve(V, both)))
  p <- ncol(data$X)
  q <- length(tuning$scale)
  r <- root[p + 1, p + 1]
  value <- -as.numeric(determinant(V)$modulus) / 2 - sum(log(diag(root)[seq_len(p)])) +
    sum(log(cosh(point[seq_len(q)]))) + replay_log_cor(matrix(point), model, step) +
    if (model$n_strata > 1) -r^2 / 2 else -(length(data$y) - p - q) * log(r)
  list(value = value, root = root, L = L, df = length(data$y) - p - q)
}

# Variances of the residuals, over sigma^2 where there is one.
replay_units <- function(data, model, sigma2) {
  if (model$n_strata > 1) sigma2[data$level] / data$w else 1 / data$w
}

# Of LKJ(eta) in the coordinates of the partial correlations.
replay_log_cor <- function(points, model, step) {
  place <- length(model$steps[[step]]$tuning$scale)
  eta <- unlist(lapply(grouping_of_step(model, step - 1L)$blocks, function(block) {
    rep(block$parameter, block$size * (block$size - 1) / 2)
  }))
  z <- tanh(points[place + seq_along(eta)])
  jacobian_of_correlations(points, model, step - 1L) + sum((eta - 1) * log(1 - z^2))
}

flip_point <- function(point, tuning, columns) {
  ifelse(signs_changed(tuning$sign_columns, columns), -point, point)
}

columns_in <- function(signs) which(bitwAnd(signs, bitwShiftL(1L, 0:29)) > 0)

# The point with all standard deviations positive; NULL where a sign is not one that proposals change.
replay_fold <- function(point, tuning) {
  negative <- which(point[seq_along(tuning$scale)] < 0)
  if (!all(negative %in% columns_in(tuning$near))) return(NULL)
  flip_point(point, tuning, negative)
}

replay_student <- function(point, tuning) {
  square <- sum((matrix(tuning$root, length(point)) %*% (point - tuning$center))^2)
  list(square = square, value = -(tuning$df + length(point)) / 2 * log1p(square / tuning$df))
}

# Signs of near columns, in the order of their bits.
near_signs <- function(tuning) {
  signs <- seq(0L, tuning$near)
  signs[bitwAnd(signs, bitwNot(tuning$near)) == 0]
}

replay_folded <- function(point, tuning) {
  log(sum(vapply(near_signs(tuning), function(signs) {
    exp(replay_student(flip_point(point, tuning, columns_in(signs)), tuning)$value)
  }, 0)))
}

replay_independent <- function(at, now, tuning) {
  n <- length(now$point)
  direction <- backsolve(matrix(tuning$root, n), rnorm(n))
  size <- 1 / sqrt(rchisq(1, tuning$df) / tuning$df)
  point <- replay_fold(tuning$center + size * direction, tuning)
  log_u <- log(runif(1))
  if (is.null(point)) return(now)
  new <- list(point = point, target = at(point), proposal = replay_folded(point, tuning))
  ratio <- new$target$value - new$proposal - now$target$value + now$proposal
  if (log_u < ratio) new else now
}

replay_ellipse <- function(at, now, tuning) {
  n <- length(now$point)
  total <- 0
  for (signs in near_signs(tuning)) {
    flipped <- flip_point(now$point, tuning, columns_in(signs))
    density <- exp(replay_student(flipped, tuning)$value)
    total <- total + density
    if (signs == 0 || runif(1) * total < density) unfolded <- flipped
  }
  from <- unfolded - tuning$center
  size <- sqrt((tuning$df + replay_student(unfolded, tuning)$square) / rchisq(1, tuning$df + n))
  other <- size * backsolve(matrix(tuning$root, n), rnorm(n))
  level <- now$target$value - now$proposal + log(runif(1))
  angle <- 2 * pi * runif(1)
  ends <- angle - c(2 * pi, 0)
  repeat {
    point <- replay_fold(tuning$center + cos(angle) * from + sin(angle) * other, tuning)
    if (!is.null(point)) {
      new <- list(point = point, target = at(point), proposal = replay_folded(point, tuning))
      if (new$target$value - new$proposal > level) return(new)
    }
    ends[(angle >= 0) + 1] <- angle
    angle <- ends[1] + diff(ends) * runif(1)
  }
}

# Effects of a step's groups given all else, from each root down to its leaves.
replay_effects <- function(data, model, step, L, theta, sigma2) {
  numbers <- numbers_of_step(model, step - 1L)
  levels <- model$steps[[step]]$levels
  unit <- replay_units(data, model, sigma2)
  sigma <- if (model$n_strata > 1) 1 else sqrt(sigma2)
  effects <- lapply(data$groupings[numbers], function(own) matrix(0, ncol(own$Z), max(own$group)))
  left <- data$y - as.numeric(data$X %*% theta)
  draw <- function(l, place) {
    own <- data$groupings[[numbers[l]]]
    group <- levels[[l]]$number[place] + 1L
    i <- which(own$group == group)
    V <- diag(unit[i], length(i))
    for (below in seq_len(l - 1)) {
      child <- data$groupings[[numbers[below]]]
      V <- V + outer(child$group[i], child$group[i], "==") *
        tcrossprod(child$Z[i, , drop = FALSE] %*% L[[below]])
    }
    ZL <- own$Z[i, , drop = FALSE] %*% L[[l]]
    U <- chol(diag(ncol(ZL)) + crossprod(ZL, solve(V, ZL)))
    z <- rnorm(ncol(ZL))
    u <- backsolve(U, backsolve(U, crossprod(ZL, solve(V, left[i])), transpose = TRUE) + sigma * z)
    effects[[l]][, group] <<- L[[l]] %*% u
    left[i] <<- left[i] - as.numeric(ZL %*% u)
    if (l == 1) return(invisible())
    for (child in which(levels[[l - 1]]$parent == place - 1L)) draw(l - 1, child)
  }
  for (root in seq_along(levels[[length(levels)]]$number)) draw(length(levels), root)
  effects
}

fit_of_effects <- function(own, effects) rowSums(own$Z * t(effects)[own$group, , drop = FALSE])

# One step: what becomes of the state, list(points, sigma2, effects, theta, Sigma).
replay_step <- function(state, data, model, step, sigma_prior) {
  numbers <- numbers_of_step(model, step - 1L)
  tuning <- model$steps[[step]]$tuning
  for (g in setdiff(seq_along(data$groupings), numbers)) {
    data$y <- data$y - fit_of_effects(data$groupings[[g]], state$effects[[g]])
  }
  at <- function(point) replay_target(data, model, step, point, state$sigma2)
  now <- list(point = state$points[[step]])
  now$target <- at(now$point)
  now$proposal <- replay_folded(now$point, tuning)
  for (move in seq_len(tuning$n_independent)) now <- replay_independent(at, now, tuning)
  for (move in seq_len(tuning$n_ellipse)) now <- replay_ellipse(at, now, tuning)
  state$points[[step]] <- now$point
  p <- ncol(data$X)
  root <- now$target$root
  old <- sqrt(state$sigma2)
  given <- model$n_strata > 1
  if (!given) state$sigma2 <- draw_variance(now$target$df, root[p + 1, p + 1]^2, sigma_prior)
  sigma <- if (given) 1 else sqrt(state$sigma2)
  k <- seq_len(p)
  state$theta <- backsolve(root[k, k, drop = FALSE], root[k, p + 1] + sigma * rnorm(p))
  state$Sigma[numbers] <- lapply(now$target$L, function(L) sigma^2 * tcrossprod(L))
  state$effects[numbers] <- replay_effects(data, model, step, now$target$L, state$theta, state$sigma2)
  if (given) return(state)
  for (other in setdiff(seq_along(model$steps), step)) {
    q <- seq_along(model$steps[[other]]$tuning$scale)
    x <- state$points[[other]][q]
    state$points[[other]][q] <- asinh(sinh(x) * old / sqrt(state$sigma2))
  }
  state
}

# beta, Sigma, sigma2 and the effects of each sweep.
replay_scan <- function(posterior, model, state, sweeps) {
  rows <- rows_of(posterior$design)
  to_beta <- matrix(model$to_beta, ncol(rows$X))
  strata <- posterior$design$factors$sigma
  data <- list(
    X = rows$X %*% to_beta, y = rows$y - as.numeric(rows$X %*% model$beta_shift),
    w = if (is.null(rows$weights)) rep(1, length(rows$y)) else rows$weights,
    level = if (is.null(strata)) rep(1L, length(rows$y)) else groups_in(strata)$index,
    groupings = lapply(seq_along(posterior$groupings), function(g) {
      factor <- factors_of(posterior$design)[[grouping_part(g)]]
      grouping <- posterior$groupings[[g]]
      list(Z = rows$Z[, grouping$random$place, drop = FALSE],
           group = match(factor$labels, grouping$groups)[factor$code])
    })
  )
  data$level_order <- seq_len(max(data$level))
  lapply(seq_len(sweeps), function(sweep) {
    for (step in seq_along(model$steps)) {
      state <<- replay_step(state, data, model, step, posterior$prior$sigma)
    }
    if (model$n_strata > 1) {
      left <- data$y - as.numeric(data$X %*% state$theta)
      for (g in seq_along(data$groupings)) {
        left <- left - fit_of_effects(data$groupings[[g]], state$effects[[g]])
      }
      state$sigma2 <<- draw_sigma2(data, posterior$prior$sigma, left, state$sigma2)
    }
    beta <- as.numeric(to_beta %*% state$theta) + model$beta_shift
    list(beta = beta, Sigma = state$Sigma, sigma2 = state$sigma2, effects = state$effects)
  })
}
