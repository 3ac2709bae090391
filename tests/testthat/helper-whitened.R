# Draws near correlations of -1 and 1 against what is known of them.

known_sigma <- inverse_gamma(1e6, 1e6)

# Shares of events in draws, in Monte Carlo standard errors off their probabilities.
expect_shares <- function(events, probabilities, label) {
  for (i in seq_along(events)) {
    event <- events[[i]] * 1
    distance <- (mean(event) - probabilities[i]) / posterior::mcse_mean(event)
    expect_lt(abs(distance), 4, label = paste(label, i))
  }
}

# The posterior of Sigma of two effects a group in y ~ 0 + (1 + x | g), with sigma = 1, half-normal(1)
# standard deviations and lkj(eta), as weights of a grid of (log tau_1, log tau_2, z), r = tanh(z).
# log p(y_j) = -log|I + Sigma S|/2 + h'(I + Sigma S)^-1 Sigma h/2, S = Z'WZ, h = Z'Wy.
grid_of_two <- function(data, eta, log_tau, z) {
  grid <- expand.grid(a = log_tau, b = log_tau, z = z)
  tau <- exp(cbind(grid$a, grid$b))
  r <- tanh(grid$z)
  s11 <- tau[, 1]^2
  s22 <- tau[, 2]^2
  s12 <- r * tau[, 1] * tau[, 2]
  # With the Jacobians: tau of log tau, and 1 - r^2 of z.
  log_density <- rowSums(stats::dnorm(tau, log = TRUE) + log(tau)) - 2 * eta * log(cosh(grid$z))
  for (own in split(data, data$g)) {
    Z <- cbind(1, own$x)
    S <- crossprod(Z, own$w * Z)
    h <- crossprod(Z, own$w * own$y)
    # I + Sigma S, and the quadratic form by its adjugate.
    b11 <- 1 + s11 * S[1, 1] + s12 * S[2, 1]
    b12 <- s11 * S[1, 2] + s12 * S[2, 2]
    b21 <- s12 * S[1, 1] + s22 * S[2, 1]
    b22 <- 1 + s12 * S[1, 2] + s22 * S[2, 2]
    det <- b11 * b22 - b12 * b21
    k1 <- s11 * h[1] + s12 * h[2]
    k2 <- s12 * h[1] + s22 * h[2]
    square <- (h[1] * (b22 * k1 - b12 * k2) + h[2] * (b11 * k2 - b21 * k1)) / det
    log_density <- log_density - log(det) / 2 + square / 2
  }
  weight <- exp(log_density - max(log_density))
  array(weight / sum(weight), lengths(list(log_tau, log_tau, z)))
}

# Draws of each of the three lie below values, half-way between two of the grid's, as often as it
# says.
expect_grid <- function(fit, eta, data, log_tau, z, label) {
  weight <- grid_of_two(data, eta, log_tau, z)
  sides <- list(sd_g__Intercept = log_tau, sd_g__x = log_tau, cor_g__Intercept__x = z)
  for (k in 1:3) {
    below <- cumsum(apply(weight, k, sum))
    place <- vapply(c(0.05, 0.2, 0.5, 0.8, 0.95), function(p) which(below > p)[1], 1L)
    limits <- sides[[k]][place] + diff(sides[[k]])[1] / 2
    limits <- if (k == 3) tanh(limits) else exp(limits)
    draws <- fit$sampling$hyper[, , names(sides)[k]]
    expect_shares(lapply(limits, function(l) draws < l), below[place],
                  paste(label, names(sides)[k]))
  }
}
