# The exact posterior of a Gaussian random-effects model with one grouping
# factor, by quadrature. With q = 0, 1 or 2 columns in Z the model is
#   y_j = X_j beta + Z_j gamma_j + e_j,
#   e ~ N(0, sigma^2 W^-1),  gamma_j ~ N(0, diag(tau^2)),
#   p(beta, sigma^2, tau) proportional to 1 / sigma^2.
#
# Put tau_k = sigma lambda_k, V = W^-1 + Z diag(lambda^2) Z', df = n - p - q.
# Integrating beta out of the likelihood leaves
#   sigma^-(n-p) |V|^(-1/2) |X'V^-1 X|^(-1/2) exp(-rss / (2 sigma^2)),
# rss being the residual sum of squares of generalized least squares. Times the
# prior and the Jacobian d tau = sigma^q d lambda that is, in sigma^2, an
# inverse-gamma kernel of shape df / 2 and scale rss / 2, so that
#   p(lambda | y)  ~  |V|^(-1/2) |X'V^-1 X|^(-1/2) rss^(-df/2),
#   sigma | lambda   =  sqrt(rss) / chi_df,
#   tau_k | lambda   =  lambda_k sqrt(rss) / chi_df,
#   beta_k | lambda  =  b_k + sqrt(rss (X'V^-1 X)^-1_kk / df) t_df.
# Every hyperparameter is thus a mixture, over lambda, of shifted and scaled
# copies of a standard variable; for q = 0, of one, in closed form.
#
# Accuracy was established by doubling all the nodes (refine = 2): over data of
# 3 to 1000 groups and 30 to 100000 rows no finite summary moved by 1e-7 of
# itself or, for a coefficient, of its sd.

# A data frame with a row for each hyperparameter. A moment that does not exist
# is NA: tau has a mean only from four groups up, and an sd only from five.
exact_posterior <- function(y, X, Z = NULL, group = rep(1, length(y)),
                            w = rep(1, length(y)), gname = "station",
                            refine = 1, coefficients_only = FALSE) {
  if (is.null(Z)) Z <- matrix(0, length(y), 0)
  q <- ncol(Z)
  df <- length(y) - ncol(X) - q
  stopifnot(q <= 2, df > 2, w > 0)
  turned <- turn_groups(sqrt(w) * cbind(X, y), sqrt(w) * Z, group)
  log_unit <- -log(colSums(w * Z^2) / nrow(turned$R)) / 2
  fit_at <- function(v) lambda_posterior(v, turned, log_unit, df)
  box <- find_box(fit_at, q)
  width <- box[2, ] - box[1, ]
  counts <- pmax(60, ceiling(6 * width))
  # Given lambda, log tau_k has an sd of about 1 / sqrt(2 df): as a function of
  # log lambda_k its cdf is that steep a step, and needs nodes as close.
  steep <- pmax(counts, ceiling(4 * sqrt(2 * df) * width))

  overall <- fit_over(box, counts * refine, fit_at)
  parameters <- lapply(seq_len(ncol(X)), function(k) {
    mixture(overall, overall$beta[, k], overall$root * overall$spread[, k],
            standard_t(df))
  })
  for (k in seq_len(q)) {
    if (coefficients_only) next
    fit <- fit_over(box, replace(counts, k, steep[k]) * refine, fit_at)
    parameters[[ncol(X) + k]] <-
      mixture(fit, 0, fit$lambda[, k] * fit$root, standard_sigma(df))
  }
  sigma <- mixture(overall, 0, overall$root, standard_sigma(df))
  if (diverges(sigma, 0)) stop("the posterior is improper")
  parameters <- c(parameters, list(sigma))
  label <- function(x) gsub("(Intercept)", "Intercept", x, fixed = TRUE)
  names(parameters) <- c(
    paste0("b_", label(colnames(X)), recycle0 = TRUE),
    if (!coefficients_only) paste0("sd_", gname, "__", label(colnames(Z)), recycle0 = TRUE), "sigma"
  )
  structure(
    as.data.frame(do.call(rbind, lapply(parameters, summarize_mixture))),
    cdf = function(name, value) mixture_cdf(parameters[[name]], value)
  )
}

# The posterior probability that the hyperparameter is at most `value`.
exact_cdf <- function(exact, name, value) attr(exact, "cdf")(name, value)

# Turns the rows of each group so that Z_j becomes a triangle R_j over zeros.
# Rows of zeros change no cross-product: they make room for the triangle in
# small groups, and columns of zeros make two of Z's q columns.
turn_groups <- function(A, Z, group) {
  Z <- cbind(Z, matrix(0, nrow(Z), 2 - ncol(Z)))
  blocks <- lapply(split(seq_along(group), group, drop = TRUE), function(i) {
    turn <- qr(rbind(Z[i, , drop = FALSE], 0, 0), tol = 0)
    list(R = qr.R(turn), A = qr.qty(turn, rbind(A[i, , drop = FALSE], 0, 0)))
  })
  stack <- function(f) do.call(rbind, unname(lapply(blocks, f)))
  rest <- stack(function(b) b$A[-(1:2), , drop = FALSE])
  list(R = stack(function(b) c(r11 = b$R[1], r12 = b$R[3], r22 = b$R[4])),
       first = stack(function(b) b$A[1, ]),
       second = stack(function(b) b$A[2, ]), rest = qr.R(qr(rest, tol = 0)))
}

# The posterior at lambda = unit exp(v - exp(-v)), a row for each. The density
# is flat at zero and falls like a power at infinity, so in v it falls doubly
# exponentially and exponentially: the trapezoidal rule, here a sum of equal
# weights, converges exponentially.
lambda_posterior <- function(v, turned, log_unit, df) {
  log_lambda <- v - exp(-v) + rep(log_unit, each = nrow(v))
  chunk <- (seq_len(nrow(v)) - 1) %/% ceiling(3e5 / nrow(turned$R))
  fits <- lapply(split(seq_len(nrow(v)), chunk), function(i) {
    gls_at(exp(log_lambda[i, , drop = FALSE]), turned)
  })
  fit <- do.call(Map, c(rbind, unname(fits)))
  fit$log_density <- -fit$log_root_det - df * log(fit$root) +
    rowSums(log_lambda + log1p(exp(-v)))
  fit$lambda <- exp(log_lambda)
  fit
}

# Generalized least squares for each row of lambda. In a group's turned rows V
# is M = I + R diag(lambda^2) R' on the first two and I on the others, with |M|
# expanded into positive terms.
gls_at <- function(lambda, turned) {
  squared <- cbind(lambda, matrix(0, nrow(lambda), 2 - ncol(lambda)))^2
  l1 <- squared[, 1]
  l2 <- squared[, 2]
  R <- as.data.frame(turned$R)
  m22 <- 1 + l2 %o% R$r22^2
  det <- 1 + l1 %o% R$r11^2 + l2 %o% (R$r12^2 + R$r22^2) +
    (l1 * l2) %o% (R$r11 * R$r22)^2
  whitened_gls(m22, det, l2 %o% (R$r12 * R$r22) / m22, turned)
}

# The same for any M, given m22, |M| and slope = m12 / m22, with a row for each
# of its values and a column for each group. Whitened,
#   c2 / sqrt(m22),  (c1 - m12 / m22 c2) sqrt(m22 / |M|),
# the turned rows make an ordinary regression. Orthogonalizing its columns gives
# rss as a sum of squares, never as a difference of large numbers.
whitened_gls <- function(m22, det, slope, turned) {
  p <- ncol(turned$first) - 1
  every <- function(x) matrix(x, nrow(m22), length(x), byrow = TRUE)
  column <- lapply(seq_len(p + 1), function(k) {
    c2 <- every(turned$second[, k])
    cbind(c2 / sqrt(m22),
          (every(turned$first[, k]) - slope * c2) * sqrt(m22 / det),
          every(turned$rest[, k]))
  })
  # Modified Gram-Schmidt. `made_of` follows each column as a combination of
  # those of X, which turn into those of X T, where T T' = (X'V^-1 X)^-1, while
  # y turns into y - X b.
  made_of <- lapply(seq_len(p + 1), function(k) every(+(seq_len(p) == k)))
  log_root_det <- rowSums(log(det)) / 2
  for (k in seq_len(p)) {
    size <- sqrt(rowSums(column[[k]]^2))
    log_root_det <- log_root_det + log(size)
    column[[k]] <- column[[k]] / size
    made_of[[k]] <- made_of[[k]] / size
    for (l in (k + 1):(p + 1)) {
      r <- rowSums(column[[k]] * column[[l]])
      column[[l]] <- column[[l]] - r * column[[k]]
      made_of[[l]] <- made_of[[l]] - r * made_of[[k]]
    }
  }
  list(root = cbind(sqrt(rowSums(column[[p + 1]]^2))),
       log_root_det = cbind(log_root_det), beta = -made_of[[p + 1]],
       spread = sqrt(Reduce(`+`, lapply(made_of[seq_len(p)], `^`, 2))))
}

grid_over <- function(box, counts) {
  if (ncol(box) == 0) return(matrix(0, 1, 0))
  side <- function(k) seq(box[1, k], box[2, k], length.out = counts[k])
  unname(as.matrix(expand.grid(lapply(seq_len(ncol(box)), side))))
}

# Shrinks a box of v until it just holds what matters to the density and to the
# second moment of each lambda.
find_box <- function(fit_at, q, nodes = 41) {
  box <- matrix(rep(c(-3.5, 30), q), 2, q)
  shrinkage <- rep(0, q)
  while (any(shrinkage < 0.8)) {
    v <- grid_over(box, rep(nodes, q))
    fit <- fit_at(v)
    integrands <- c(fit$log_density) + cbind(0, 2 * log(fit$lambda))
    depth <- rep(apply(integrands, 2, max), each = nrow(v)) - integrands
    inside <- v[rowSums(depth < 25) > 0, , drop = FALSE]
    width <- box[2, ] - box[1, ]
    step <- width / (nodes - 1)
    box <- rbind(pmax(box[1, ], apply(inside, 2, min) - step),
                 pmin(box[2, ], apply(inside, 2, max) + step))
    shrinkage <- (box[2, ] - box[1, ]) / width
  }
  box
}

fit_over <- function(box, counts, fit_at) {
  v <- grid_over(box, counts)
  fit <- fit_at(v)
  weight <- exp(fit$log_density - max(fit$log_density))
  fit$weight <- c(weight / sum(weight))
  fit$edge <- rowSums(v == rep(box[2, ], each = nrow(v))) > 0
  fit
}

mixture <- function(fit, center, scale, standard) {
  list(center = rep_len(center, length(fit$weight)), scale = c(scale),
       standard = standard, weight = fit$weight, edge = fit$edge)
}

# t_df / sqrt(df), and 1 / chi_df, whose mean is
# Gamma((df - 1) / 2) / (sqrt(2) Gamma(df / 2)).
standard_t <- function(df) {
  list(cdf = function(x) pt(x * sqrt(df), df),
       quantile = function(prob) qt(prob, df) / sqrt(df),
       mean = 0, var = 1 / (df - 2))
}

standard_sigma <- function(df) {
  mean <- beta((df - 1) / 2, 1 / 2) / sqrt(2 * pi)
  list(cdf = function(x) pchisq(pmax(x, 0)^-2, df, lower.tail = FALSE),
       quantile = function(prob) qchisq(prob, df, lower.tail = FALSE)^-0.5,
       mean = mean, var = 1 / (df - 2) - mean^2)
}

# The box ends where integrands are negligible unless they never become so.
diverges <- function(parameter, power) {
  terms <- parameter$weight * parameter$scale^power
  sum(terms[parameter$edge]) > 1e-6 * sum(terms)
}

summarize_mixture <- function(parameter) {
  with(parameter, {
    means <- center + scale * standard$mean
    mean <- sum(weight * means)
    sd <- sqrt(sum(weight * ((means - mean)^2 + scale^2 * standard$var)))
    c(mean = if (diverges(parameter, 1)) NA else mean,
      sd = if (diverges(parameter, 2)) NA else sd,
      q2.5 = mixture_quantile(parameter, 0.025),
      q50 = mixture_quantile(parameter, 0.5),
      q97.5 = mixture_quantile(parameter, 0.975))
  })
}

mixture_cdf <- function(parameter, value) {
  with(parameter, vapply(value, function(x) {
    sum(weight * standard$cdf((x - center) / scale))
  }, 0))
}

# A quantile of a mixture lies among those of its components.
mixture_quantile <- function(parameter, prob) {
  kept <- parameter$weight > 1e-12 * max(parameter$weight)
  used <- c("center", "scale", "weight")
  parameter[used] <- lapply(parameter[used], `[`, kept)
  ends <- with(parameter, range(center + scale * standard$quantile(prob)))
  if (ends[1] == ends[2]) return(ends[1])
  uniroot(function(x) mixture_cdf(parameter, x) - prob, ends,
          extendInt = "upX", tol = .Machine$double.xmin, maxiter = 10000)$root
}

# The exact distribution of sum_i a_i y_i for new observations y_i, each with a row of X and of Z, a
# group, which may be new, and a weight: rows of summaries as of exact_posterior(), named by `sums`,
# whose elements are vectors a.
#
# A new row that also has a coefficient c_i of its own, flat and with -1 in that row alone, is
# fitted by c_i whatever the other coefficients are: as data with y_i = 0 it changes the posterior
# of nothing else, and c_i = x_i'beta + z_i'gamma + e_i, which is the new observation. Sums of
# them are coefficients in other coordinates.
exact_prediction <- function(y, X, Z, group, w = rep(1, length(y)), new, sums) {
  if (is.null(new$w)) new$w <- rep(1, nrow(new$X))
  rows <- lapply(sums, function(a) {
    # Coefficients d = A c with a as the first row of A; the columns are those of -A^-1.
    used <- which(a != 0)
    A <- rbind(a[used], diag(length(used))[-1, , drop = FALSE])
    own <- rbind(matrix(0, length(y), length(used)), -solve(A))
    colnames(own) <- paste0("own", seq_along(used))
    exact <- exact_posterior(
      c(y, numeric(length(used))), cbind(own, rbind(X, new$X[used, , drop = FALSE])),
      if (!is.null(Z)) rbind(Z, new$Z[used, , drop = FALSE]),
      c(as.character(group), new$group[used]), c(w, new$w[used]), coefficients_only = TRUE
    )
    exact["b_own1", ]
  })
  do.call(rbind, rows)
}
