# Integrals of the integrand of a marginal likelihood: by quadrature and by bridge sampling.

# Quadrature ----------------------------------------------------------------------------------

# How far below its maximum the log integrand is left out.
integral_depth <- 22

# Change of the logarithm at which quadrature stops, and nodes at which it gives up.
integral_tolerance <- 1e-7
most_nodes <- 2e6

# Coordinates in which the density is smooth to its bounds and falls fast: asinh(tau/scale), and so
# of r^-1/2 for a shape r; z, log sigma, theta. `scale` is that of the data, or of another family of
# the draws.
coordinate_scale <- function(integrand, points) {
  model <- integrand$model
  point <- split_point(points, integrand)
  if (!is.null(model$responses)) return(apply(scales_of_point(point), 2, stats::median))
  if (length(model$groupings) == 0) return(numeric())
  step_scale(model, 0L) * if (ncol(point$sigma)) stats::median(point$sigma) else fixed_sigma(model)
}

# Standard deviations, and r^-1/2.
scales_of_point <- function(point) cbind(point$sd, point$shape^-0.5)

to_coordinates <- function(points, integrand, scale) {
  point <- split_point(points, integrand)
  cbind(asinh(sweep(scales_of_point(point), 2, scale, "/")), point$z, log(point$sigma), point$theta)
}

# The integrand there, with its Jacobian.
log_integrand_at <- function(coordinates, integrand, scale) {
  at <- split_point(coordinates, integrand)
  even <- cbind(at$sd, at$shape)
  scales <- sweep(sinh(even), 2, scale, "*")
  q <- ncol(at$sd)
  # |dr / ds| = 2 s^-3, s = r^-1/2, which is 0 where a box begins.
  s <- pmax(scales[, q + seq_len(ncol(at$shape)), drop = FALSE], 1e-100)
  points <- cbind(scales[, seq_len(q), drop = FALSE], s^-2, at$z, exp(at$sigma), at$theta)
  jacobian <- rowSums(log(cosh(even))) + sum(log(scale)) + rowSums(at$sigma) +
    rowSums(log(2) - 3 * log(s))
  log_integrand(integrand, points) + jacobian
}

integrate_by_nodes <- function(integrand, fit) {
  # Without groups, and with a known sigma, nothing is left to integrate over.
  if (n_dimensions(integrand) == 0) {
    return(list(value = log_integrand(integrand, matrix(0, 1, 0)), error = 0))
  }
  points <- drawn_points(fit)
  scale <- coordinate_scale(integrand, points)
  target <- function(coordinates) log_integrand_at(t(coordinates), integrand, scale)
  box <- integral_box(to_coordinates(points, integrand, scale), target, integrand, scale)
  n <- length(box$low)
  value <- Inf
  for (size in round(16 * 1.5^(0:12))) {
    if (size^n > most_nodes) break
    before <- value
    value <- integrate_box(target, box, size)
    if (isTRUE(abs(value - before) < integral_tolerance)) break
  }
  list(value = value, error = abs(value - before))
}

# Where the integrand is more than nothing, within its bounds.
integral_box <- function(drawn, target, integrand, scale) {
  sd <- sqrt(apply(drawn, 2, stats::var) + 1e-12)
  box <- find_table_box(target, colMeans(drawn), sd, length(scale), depth = integral_depth)
  if (is.null(box)) abort("The posterior density is no number about the draws, so there is no integral of it.")
  upper <- upper_bounds(integrand)
  # The scale r^-1/2 is largest where the shape is least.
  upper[integrated_parts(integrand$posterior) == "shape"] <- 0
  list(low = box$low, high = pmin(box$high, to_coordinates(t(upper), integrand, scale)))
}

# The logarithm of the integral over a box by `size` nodes along each axis.
integrate_box <- function(target, box, size) {
  rule <- gauss_legendre(size)
  half <- (box$high - box$low) / 2
  sides <- lapply(seq_along(half), function(k) box$low[k] + half[k] * (1 + rule$node))
  values <- target(t(unname(as.matrix(expand.grid(sides)))))
  log_weight <- rowSums(as.matrix(expand.grid(rep(list(log(rule$weight)), length(half)))))
  log_sum_exp(values + log_weight) + sum(log(half))
}

# Nodes and weights on (-1, 1), from the Jacobi matrix of the Legendre polynomials (Golub and
# Welsch 1969).
gauss_legendre <- function(size) {
  k <- seq_len(size - 1)
  J <- matrix(0, size, size)
  J[cbind(k, k + 1)] <- J[cbind(k + 1, k)] <- k / sqrt(4 * k^2 - 1)
  decomposition <- eigen(J, symmetric = TRUE)
  list(node = decomposition$values, weight = 2 * decomposition$vectors[1, ]^2)
}

log_sum_exp <- function(x) {
  largest <- max(x)
  if (!is.finite(largest)) return(largest)
  largest + log(sum(exp(x - largest)))
}

# Bridge sampling -----------------------------------------------------------------------------

# Draws that a bridge is built from, and as many proposals; degrees of freedom of these.
bridge_draws <- 10000
bridge_df <- 7

# To the whole line: log of what is above 0, log odds of what has an upper bound too.
to_line <- function(points, lower, upper) {
  for (k in seq_along(lower)) {
    x <- points[, k]
    if (is.finite(upper[k])) points[, k] <- log(x) - log(upper[k] - x)
    else if (lower[k] == 0) points[, k] <- log(x)
  }
  points
}

# And back, with the log of the Jacobian.
from_line <- function(line, lower, upper) {
  log_jacobian <- 0
  for (k in seq_along(lower)) {
    y <- line[, k]
    if (is.finite(upper[k])) {
      line[, k] <- upper[k] * stats::plogis(y)
      log_jacobian <- log_jacobian + log(upper[k]) + stats::dlogis(y, log = TRUE)
    } else if (lower[k] == 0) {
      line[, k] <- exp(y)
      log_jacobian <- log_jacobian + y
    }
  }
  list(points = line, log_jacobian = log_jacobian)
}

integrate_by_bridge <- function(integrand, fit) {
  lower <- lower_bounds(integrand)
  upper <- upper_bounds(integrand)
  drawn <- to_line(drawn_points(fit), lower, upper)
  target <- function(line) {
    back <- from_line(line, lower, upper)
    log_integrand(integrand, back$points) + back$log_jacobian
  }
  chain <- rep(seq_len(fit$sampling$chains), each = fit$sampling$draws)
  halves <- split_draws(drawn, chain)
  proposal <- fit_proposal(halves$fitted)
  proposed <- propose_t(proposal, nrow(halves$bridged))
  ratio <- function(line) target(line) - log_t_density(line, proposal)
  solve_bridge(ratio(halves$bridged), ratio(proposed), halves$chain)
}

# The first half of each chain, to fit the proposals to, and the second.
split_draws <- function(drawn, chain) {
  place <- stats::ave(seq_along(chain), chain, FUN = seq_along)
  first <- place <= max(place) / 2
  n <- ncol(drawn)
  if (sum(first) < 5 * n) {
    abort("Bridge sampling over {n} dimensions needs at least {10 * n} draws.",
          x = "The fit has {nrow(drawn)}.", i = "Fit with more {.arg draws}.")
  }
  second <- which(!first)
  every <- ceiling(length(second) / bridge_draws)
  second <- second[seq(1, length(second), by = every)]
  list(fitted = drawn[first, , drop = FALSE], bridged = drawn[second, , drop = FALSE],
       chain = chain[second])
}

fit_proposal <- function(drawn) {
  list(center = colMeans(drawn), root = chol(stats::cov(drawn) * (bridge_df - 2) / bridge_df))
}

propose_t <- function(proposal, n) {
  size <- length(proposal$center)
  normal <- matrix(stats::rnorm(n * size), n) %*% proposal$root
  sweep(normal / sqrt(stats::rchisq(n, bridge_df) / bridge_df), 2, proposal$center, "+")
}

log_t_density <- function(line, proposal) {
  size <- ncol(line)
  scaled <- backsolve(proposal$root, t(line) - proposal$center, transpose = TRUE)
  lgamma((bridge_df + size) / 2) - lgamma(bridge_df / 2) - size / 2 * log(pi * bridge_df) -
    sum(log(diag(proposal$root))) -
    (bridge_df + size) / 2 * log1p(colSums(scaled^2) / bridge_df)
}

# Meng and Wong (1996), equation 4.1: the log ratios of the integrand to the proposals, at
# draws and at proposals. The error is the square root of the relative mean-squared error.
solve_bridge <- function(at_draws, at_proposals, chain) {
  ess <- effective_draws(at_draws, chain)
  share <- ess / (ess + length(at_proposals))
  value <- stats::median(at_draws)
  for (step in 1:1000) {
    before <- value
    # 1 / (s1 l + s2 r), the integral's estimate taken off l's logarithm.
    up <- 1 / (share + (1 - share) * exp(value - at_proposals))
    down <- 1 / (share * exp(at_draws - value) + 1 - share)
    value <- value + log(mean(up)) - log(mean(down))
    if (abs(value - before) < 1e-10) break
  }
  relative <- function(f, n) stats::var(f) / mean(f)^2 / n
  list(value = value, error = sqrt(relative(up, length(up)) +
                                     relative(down, effective_draws(down, chain))))
}

effective_draws <- function(x, chain) {
  x <- do.call(cbind, split(x, chain))
  ess <- suppressWarnings(posterior::ess_mean(x))
  if (is.na(ess)) length(x) else min(ess, length(x))
}
