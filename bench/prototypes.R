# Samplers of the collapsed target in plain R. Each is a function of a target and of the number
# of evaluations that it may spend, and answers with the points that it visited, coordinates x
# sweeps, and the evaluations that it made. A target is list(log_density = a function of points,
# coordinates x points; n; flips; start; t; mixture): see bench/alternatives.R.

# Mixtures of folded t's -----------------------------------------------------------------------

# Signs that the coordinates may take without changing L, coordinates x ways.
sign_flips <- function(tuning) {
  columns <- which(bitwAnd(tuning$near, bitwShiftL(1L, seq_along(tuning$scale) - 1L)) > 0)
  ways <- as.matrix(expand.grid(rep(list(c(FALSE, TRUE)), length(columns))))
  flips <- vapply(seq_len(2^length(columns)), function(i) {
    changed <- columns[if (length(columns)) ways[i, ] else FALSE]
    ifelse(relm:::signs_changed(tuning$sign_columns, changed), -1, 1)
  }, numeric(length(tuning$center)))
  matrix(flips, length(tuning$center))
}

t_of_tuning <- function(tuning) {
  list(list(weight = 1, center = tuning$center, root = matrix(tuning$root, length(tuning$center)),
            df = tuning$df))
}

log_t <- function(component, points) {
  n <- length(component$center)
  square <- colSums((component$root %*% (points - component$center))^2)
  log(component$weight) + sum(log(diag(component$root))) +
    lgamma((component$df + n) / 2) - lgamma(component$df / 2) - n / 2 * log(component$df) -
    (component$df + n) / 2 * log1p(square / component$df)
}

log_sum_exp <- function(x) {
  top <- max(x)
  top + log(sum(exp(x - top)))
}

# Log densities of each component at each way to flip a point, ways x components.
log_parts <- function(mixture, flips, point) {
  matrix(vapply(mixture, log_t, numeric(ncol(flips)), points = flips * point), ncol(flips))
}

log_mixture <- function(mixture, flips, point) log_sum_exp(log_parts(mixture, flips, point))

draw_mixture <- function(mixture) {
  weights <- vapply(mixture, `[[`, 0, "weight")
  component <- mixture[[sample.int(length(mixture), 1, prob = weights)]]
  n <- length(component$center)
  component$center + backsolve(component$root, stats::rnorm(n)) /
    sqrt(stats::rchisq(1, component$df) / component$df)
}

# Expectation-maximization for the folded mixture: the component and the signs of each point are
# not known. Covariances lean on the pooled one by as much as n points, and are widened.
fit_mixture <- function(points, flips, tuning, size, df = 6, width = 1.1, rounds = 30) {
  n <- nrow(points)
  unfolded <- do.call(cbind, lapply(seq_len(ncol(flips)), function(i) flips[, i] * points))
  pooled <- chol2inv(matrix(tuning$root, n)) / relm:::proposal_width^2
  seeds <- points[, sample.int(ncol(points), size), drop = FALSE]
  if (size == 1) seeds[] <- tuning$center
  mixture <- lapply(seq_len(size), function(k) {
    list(weight = 1 / size, center = seeds[, k], root = chol(solve(pooled)), df = df)
  })
  for (round in seq_len(rounds)) {
    logs <- vapply(mixture, log_t, numeric(ncol(unfolded)), points = unfolded)
    by_point <- matrix(logs, ncol(points))   # points x (ways x components)
    share <- exp(by_point - apply(by_point, 1, log_sum_exp))
    share <- matrix(share, ncol(unfolded))
    mixture <- lapply(seq_len(size), function(k) {
      component <- mixture[[k]]
      centered <- unfolded - component$center
      pull <- share[, k] * (df + n) / (df + colSums((component$root %*% centered)^2))
      center <- drop(unfolded %*% pull) / sum(pull)
      centered <- unfolded - center
      # The scale of a t of 6 degrees of freedom, and that of a normal like it.
      S <- (centered %*% (pull * t(centered)) + n * pooled / 1.3 / size) / (sum(share[, k]) + n / size)
      list(weight = (sum(share[, k]) + 1) / (ncol(points) + size), center = center,
           root = chol(solve(S)), df = df)
    })
  }
  lapply(mixture, function(component) {
    component$root <- component$root / width
    component
  })
}

# Samplers -------------------------------------------------------------------------------------

in_domain <- function(target, point) {
  all(point[target$columns][!target$near] >= 0)
}

fold <- function(target, point) relm:::fold_point(point, target$tuning)

# Metropolis-Hastings with independent proposals, all of which can be evaluated at once.
run_independence <- function(target, budget, mixture) {
  points <- replicate(budget, draw_mixture(mixture))
  inside <- apply(points, 2, function(point) in_domain(target, point))
  values <- rep(-Inf, budget)
  values[inside] <- target$log_density(points[, inside, drop = FALSE])
  log_weight <- values - apply(points, 2, function(x) log_mixture(mixture, target$flips, x))
  choose_independent(points, log_weight, log(stats::runif(budget)))
}

choose_independent <- function(points, log_weight, log_u) {
  at <- integer(length(log_weight))
  now <- which(is.finite(log_weight))[1]
  for (i in seq_along(at)) {
    if (log_u[i] < log_weight[i] - log_weight[now]) now <- i
    at[i] <- now
  }
  list(points = points[, at, drop = FALSE], evaluations = length(at))
}

run_table <- function(target, budget) {
  proposed <- relm:::propose(target$model, target$tabulated, budget)
  log_weight <- target$log_density(proposed$points) - proposed$log_density
  choose_independent(proposed$points, log_weight, log(stats::runif(budget)))
}

# A chain of sweeps from target$start until the evaluations are spent; a sweep is a function of
# list(point, value) and of an evaluator.
run_sweeps <- function(target, budget, sweep) {
  spent <- 0
  evaluate <- function(point) {
    spent <<- spent + 1
    if (in_domain(target, point)) target$log_density(as.matrix(point)) else -Inf
  }
  state <- list(point = target$start, value = evaluate(target$start))
  points <- matrix(0, target$n, budget)
  sweeps <- 0
  while (spent < budget) {
    state <- sweep(state, evaluate, function(more) spent <<- spent + more)
    sweeps <- sweeps + 1
    points[, sweeps] <- state$point
  }
  list(points = points[, seq_len(sweeps), drop = FALSE], evaluations = spent)
}

run_walk <- function(target, budget) {
  axes <- solve(target$t[[1]]$root)
  size <- 2.4 / sqrt(target$n) / 1.15
  run_sweeps(target, budget, function(state, evaluate, count) {
    flip <- target$flips[, sample.int(ncol(target$flips), 1)]
    point <- flip * state$point + size * drop(axes %*% stats::rnorm(target$n))
    value <- evaluate(point)
    if (log(stats::runif(1)) < value - state$value) list(point = point, value = value) else state
  })
}

# Slices along all principal axes (Neal 2003: stepping out, shrinkage).
run_slice <- function(target, budget) {
  spectrum <- eigen(chol2inv(target$t[[1]]$root), symmetric = TRUE)
  axes <- spectrum$vectors %*% diag(2 * sqrt(spectrum$values), target$n)
  run_sweeps(target, budget, function(state, evaluate, count) {
    for (k in seq_len(target$n)) {
      level <- state$value + log(stats::runif(1))
      ends <- -stats::runif(1) + c(0, 1)
      at <- function(t) evaluate(state$point + t * axes[, k])
      while (at(ends[1]) > level) ends[1] <- ends[1] - 1
      while (at(ends[2]) > level) ends[2] <- ends[2] + 1
      repeat {
        t <- stats::runif(1, ends[1], ends[2])
        value <- at(t)
        if (value > level) break
        ends[(t > 0) + 1] <- t
      }
      state <- list(point = state$point + t * axes[, k], value = value)
    }
    state
  })
}

# Hamiltonian trajectories of 1 to 5 steps of 0.6 or so, in the proposal's units. A gradient counts
# as two evaluations, its target's value included.
run_hmc <- function(target, budget, step = 0.9 / target$n^0.25) {
  axes <- solve(target$t[[1]]$root)
  h <- 1e-4
  gradient <- function(point) {
    moved <- cbind(point + h * axes, point - h * axes)
    values <- target$log_density(moved)
    (values[seq_len(target$n)] - values[target$n + seq_len(target$n)]) / (2 * h)
  }
  run_sweeps(target, budget, function(state, evaluate, count) {
    if (is.null(state$gradient)) state$gradient <- gradient(state$point)
    momentum <- stats::rnorm(target$n)
    new <- state
    energy <- state$value - sum(momentum^2) / 2
    own_step <- step * stats::runif(1, 0.8, 1.2)
    for (i in seq_len(sample.int(5, 1))) {
      momentum <- momentum + own_step / 2 * new$gradient
      new$point <- new$point + own_step * drop(axes %*% momentum)
      if (!in_domain(target, new$point)) return(state)
      new$gradient <- gradient(new$point)
      count(2)
      if (!all(is.finite(new$gradient))) return(state)
      momentum <- momentum + own_step / 2 * new$gradient
    }
    new$value <- target$log_density(as.matrix(new$point))
    if (log(stats::runif(1)) < new$value - sum(momentum^2) / 2 - energy) new else state
  })
}

# An elliptical slice (Murray, Adams and MacKay 2010; Nishihara, Murray and Adams 2014): the target
# is a mixture of normals, over components, signs and sizes, times a weight. Given these three, the
# ellipse through the point and another draw of the normal is searched for a weight that is high
# enough, by shrinkage.
run_ellipse <- function(target, budget, mixture) {
  run_sweeps(target, budget, function(state, evaluate, count) {
    parts <- log_parts(mixture, target$flips, state$point)
    log_density <- log_sum_exp(parts)
    level <- state$value - log_density + log(stats::runif(1))
    way <- sample.int(length(parts), 1, prob = exp(c(parts) - max(parts)))
    component <- mixture[[(way - 1) %/% nrow(parts) + 1]]
    from <- target$flips[, (way - 1) %% nrow(parts) + 1] * state$point - component$center
    square <- sum((component$root %*% from)^2)
    size <- sqrt((component$df + square) / stats::rchisq(1, component$df + target$n))
    other <- size * backsolve(component$root, stats::rnorm(target$n))
    angle <- stats::runif(1, 0, 2 * pi)
    ends <- angle + c(-2 * pi, 0)
    repeat {
      point <- component$center + cos(angle) * from + sin(angle) * other
      value <- evaluate(point)
      if (value - log_mixture(mixture, target$flips, point) > level) {
        return(list(point = point, value = value))
      }
      ends[(angle > 0) + 1] <- angle
      angle <- stats::runif(1, ends[1], ends[2])
    }
  })
}
