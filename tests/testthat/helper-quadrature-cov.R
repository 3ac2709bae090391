# The exact posterior of a Gaussian random-effects model with two correlated
# random columns, by quadrature over three dimensions. The model is
#   y_j = X_j beta + Z_j gamma_j + e_j,
#   e ~ N(0, sigma^2 W^-1),  gamma_j ~ N_2(0, Sigma),
#   Sigma = diag(tau) C diag(tau),  C = [1 rho; rho 1],
#   p(beta, sigma^2, tau, rho) proportional to (1 - rho^2)^(eta-1) / sigma^2:
# uniform standard deviations and LKJ(eta) correlations.
#
# Put tau_k = sigma lambda_k and V = W^-1 + Z diag(lambda) C diag(lambda) Z'.
# Given (lambda, rho), beta and sigma integrate out as helper-quadrature.R has
# it, where only V differs: with df = n - p - 2,
#   p(lambda, rho | y)  ~
#     |V|^(-1/2) |X'V^-1 X|^(-1/2) rss^(-df/2) (1 - rho^2)^(eta-1),
# and beta, sigma and tau are mixtures over (lambda, rho) of the same shifted
# and scaled standard variables.
#
# V of one group. Its rows are turned so that Z_j is an upper triangle R over
# zeros. With s = sqrt(1 - rho^2) and L = [lambda_1 0; lambda_2 rho, lambda_2 s],
# the first two turned rows have covariance M = I + A A', A = R L, that is
#   A = [a11 a12; a21 a22] = [r11 lambda_1 + r12 lambda_2 rho, r12 lambda_2 s;
#                             r22 lambda_2 rho,                r22 lambda_2 s],
#   |M|  =  1 + a11^2 + a12^2 + a21^2 + a22^2 + (r11 r22 lambda_1 lambda_2 s)^2,
#   m22  =  1 + (r22 lambda_2)^2,
#   m12  =  r22 lambda_2 (r11 lambda_1 rho + r12 lambda_2).
# |M| is a sum of squares, and s is computed as 1 / cosh(atanh rho): neither
# loses digits as rho goes to 1 or -1.
#
# Coordinates. lambda_k = unit_k exp(v_k - exp(-v_k)) as in helper-quadrature.R,
# and rho = tanh(sinh w): at either end the density falls doubly exponentially
# in v_k and w, or exponentially in v_k at infinity, so that the trapezoidal
# rule over the three converges exponentially. The Jacobian is
#   prod_k lambda_k (1 + exp(-v_k)) * (1 - rho^2) cosh(w).
#
# tau_k given (lambda, rho) is a narrow variable, so its distribution function
# needs closer nodes of v_k than the density does: splines of log density and
# log rss along v_k supply them. The distribution function of rho is the
# integral of a spline of its marginal log density.
#
# Accuracy was established by doubling all the nodes (refine = 2), on the bass
# data, on lme4's sleepstudy and on five groups of 2 to 12 rows under LKJ(1) and
# LKJ(2.5): at the quantiles given, the distribution functions of coefficients
# and sigma moved by less than 1e-6, those of tau and rho by less than 1e-4.

# A data frame with a row for each hyperparameter and the columns q2.5, q50 and
# q97.5; exact_cdf() takes it too.
exact_posterior_cov <- function(y, X, Z, group, w = rep(1, length(y)), gname,
                                eta = 1, refine = 1) {
  df <- length(y) - ncol(X) - 2
  stopifnot(ncol(Z) == 2, df > 2, w > 0)
  turned <- turn_groups(sqrt(w) * cbind(X, y), sqrt(w) * Z, group)
  log_unit <- -log(colSums(w * Z^2) / nrow(turned$R)) / 2
  fit_at <- function(v) cov_posterior(v, turned, log_unit, df, eta)
  fit <- fit_box(find_cov_box(fit_at), refine, fit_at)
  label <- function(x) gsub("(Intercept)", "Intercept", x, fixed = TRUE)
  random <- label(colnames(Z))
  parameters <- c(
    lapply(seq_len(ncol(X)), function(k) {
      mixture(fit, fit$beta[, k], fit$root * fit$spread[, k], standard_t(df))
    }),
    lapply(1:2, function(k) {
      close <- refine_side(fit, k, df)
      scale_mixture(close$lambda * close$root, close$weight, df)
    }),
    list(correlation_cdf(fit), scale_mixture(fit$root, fit$weight, df))
  )
  names(parameters) <- c(
    paste0("b_", label(colnames(X))), paste0("sd_", gname, "__", random),
    paste0("cor_", gname, "__", random[1], "__", random[2]), "sigma"
  )
  parameters <- lapply(parameters, function(x) if (is.function(x)) x else thin_mixture(x))
  structure(
    as.data.frame(do.call(rbind, lapply(parameters, three_quantiles))),
    cdf = function(name, value) cdf_of(parameters[[name]])(value)
  )
}

# The posterior at the rows of v, (v_1, v_2, w).
cov_posterior <- function(v, turned, log_unit, df, eta) {
  chunk <- (seq_len(nrow(v)) - 1) %/% ceiling(3e5 / nrow(turned$R))
  log_lambda <- v[, 1:2] - exp(-v[, 1:2]) + rep(log_unit, each = nrow(v))
  z <- sinh(v[, 3])
  fits <- lapply(split(seq_len(nrow(v)), chunk), function(i) {
    cov_gls(exp(log_lambda[i, , drop = FALSE]), z[i], turned)
  })
  fit <- do.call(Map, c(rbind, unname(fits)))
  fit$log_density <- c(-fit$log_root_det - df * log(fit$root) +
    rowSums(log_lambda + log1p(exp(-v[, 1:2]))) - 2 * eta * log_cosh(z) +
    log_cosh(v[, 3]))
  fit$lambda <- exp(log_lambda)
  fit
}

log_cosh <- function(x) abs(x) + log1p(exp(-2 * abs(x))) - log(2)

cov_gls <- function(lambda, z, turned) {
  rho <- tanh(z)
  s <- exp(-log_cosh(z))
  R <- as.data.frame(turned$R)
  l1 <- lambda[, 1]
  l2 <- lambda[, 2]
  m22 <- 1 + l2^2 %o% R$r22^2
  m12 <- (l1 * l2 * rho) %o% (R$r11 * R$r22) + l2^2 %o% (R$r12 * R$r22)
  # a21^2 + a22^2 = (r22 lambda_2)^2.
  det <- m22 + (l1 %o% R$r11 + (l2 * rho) %o% R$r12)^2 + (l2 * s)^2 %o% R$r12^2 +
    (l1 * l2 * s)^2 %o% (R$r11 * R$r22)^2
  whitened_gls(m22, det, m12 / m22, turned)
}

# A box that holds all but about exp(-depth) of the density, shrunk from a wide
# one. The first looks are coarse: each keeps a step around what it saw.
find_cov_box <- function(fit_at, depth = 23, nodes = 21) {
  box <- cbind(c(-3.5, 25), c(-3.5, 25), c(-3.5, 3.5))
  repeat {
    v <- grid_over(box, rep(nodes, 3))
    log_density <- fit_at(v)$log_density
    inside <- v[log_density > max(log_density) - depth, , drop = FALSE]
    width <- box[2, ] - box[1, ]
    step <- width / (nodes - 1)
    box <- rbind(pmax(box[1, ], apply(inside, 2, min) - step),
                 pmin(box[2, ], apply(inside, 2, max) + step))
    if (all(box[2, ] - box[1, ] > 0.8 * width)) return(box)
  }
}

# The fit over a grid of at least 32 nodes a side, and 5 a unit.
fit_box <- function(box, refine, fit_at) {
  n <- pmax(32, ceiling(5 * (box[2, ] - box[1, ]))) * refine
  fit <- fit_over(box, n, fit_at)
  fit$side <- lapply(1:3, function(k) seq(box[1, k], box[2, k], length.out = n[k]))
  fit
}

# A quantity at the nodes as a matrix with a row for each node of side k.
by_side <- function(x, fit, k) {
  n <- lengths(fit$side)
  matrix(aperm(array(x, n), c(k, setdiff(1:3, k))), n[k])
}

# The fit at closer nodes along side k, 4 to the sd of log chi_df. A spline is linear in
# its values: a matrix.
refine_side <- function(fit, k, df) {
  side <- fit$side[[k]]
  n <- length(side)
  times <- ceiling(4 * sqrt(2 * df) * (side[2] - side[1]))
  close <- seq(side[1], side[n], length.out = times * (n - 1) + 1)
  S <- apply(diag(n), 2, function(e) stats::spline(side, e, xout = close)$y)
  along <- function(x) c(S %*% by_side(x, fit, k))
  log_density <- along(fit$log_density)
  weight <- exp(log_density - max(log_density))
  list(weight = weight / sum(weight), root = exp(along(log(fit$root))),
       lambda = exp(along(log(fit$lambda[, k]))))
}

# Drops components whose weights add up to 1e-9.
thin_mixture <- function(parameter) {
  order <- order(parameter$weight)
  small <- order[cumsum(parameter$weight[order]) < 1e-9]
  used <- c(if (length(parameter$center) > 1) "center", "scale", "weight")
  if (length(small)) parameter[used] <- lapply(parameter[used], `[`, -small)
  parameter
}

# A mixture of scale / chi_df over many scales, each shared by its neighbours on
# a fine logarithmic grid in the proportion that keeps its mean logarithm. With
# steps of 1/200 of the sd of log chi_df that changes the distribution function
# by (1/200)^2 / 8 * max|phi'| < 1e-6.
scale_mixture <- function(scale, weight, df) {
  step <- 1 / (200 * sqrt(2 * df))
  place <- c(log(scale)) / step
  first <- floor(min(place[weight > 0]))
  kept <- which(place >= first)
  index <- floor(place[kept]) - first + 1
  share <- place[kept] - floor(place[kept])
  total <- numeric(max(index) + 1)
  for (side in 0:1) {
    sums <- rowsum(weight[kept] * abs(1 - side - share), index + side)
    at <- as.integer(rownames(sums))
    total[at] <- total[at] + sums
  }
  list(center = 0, scale = exp((first + seq_along(total) - 1) * step),
       standard = standard_sigma(df), weight = total)
}

correlation_cdf <- function(fit) {
  w <- fit$side[[3]]
  marginal <- rowSums(by_side(fit$weight, fit, 3))
  smooth <- stats::splinefun(w, log(marginal))
  close <- seq(w[1], w[length(w)], length.out = 100 * length(w))
  density <- exp(smooth(close))
  mass <- cumsum(c(0, (density[-1] + density[-length(density)]) / 2))
  cdf <- stats::splinefun(close, mass / mass[length(mass)], method = "monoH.FC")
  function(rho) cdf(pmin(pmax(asinh(atanh(rho)), w[1]), w[length(w)]))
}

cdf_of <- function(parameter) {
  if (is.function(parameter)) parameter else function(x) mixture_cdf(parameter, x)
}

# A quantile of a mixture lies near the middle of its components.
three_quantiles <- function(parameter) {
  cdf <- cdf_of(parameter)
  ends <- if (is.function(parameter)) c(-1, 1) else with(parameter, {
    centers <- center + scale * standard$quantile(0.5)
    range(centers[weight > 1e-3 * max(weight)])
  })
  extend <- if (is.function(parameter)) "no" else "upX"
  vapply(c(q2.5 = 0.025, q50 = 0.5, q97.5 = 0.975), function(share) {
    stats::uniroot(function(x) cdf(x) - share, ends, extendInt = extend,
                   tol = 1e-8 * diff(ends), maxiter = 1000)$root
  }, 0)
}
