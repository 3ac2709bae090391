# Structured covariances: the grammar, the target against a dense evaluation, the models that they are
# the same as, and what methods make of them.

skip_on_cran()

structures <- c("cs", "cs_hom", "ar1", "ar1_hom", "diag", "diag_hom")

# cs(1 + x + v | g), for example.
structured_formula <- function(structure, columns = quote(1 + x + v), group = quote(g)) {
  bar <- call(head_of_structure(structure), columns, group)
  formula <- y ~ x
  formula[[3]] <- call("+", quote(x), written_bar(bar))
  formula
}

correlations_of <- function(structure, rho, q) {
  C <- diag(q)
  if (startsWith(structure, "cs")) C[] <- rho
  if (startsWith(structure, "ar1")) C <- rho^abs(outer(seq_len(q), seq_len(q), "-"))
  diag(C) <- 1
  C
}

# Log density of rho, up to a constant: |C|^(eta - 1).
log_rho_density <- function(structure, rho, q, eta) {
  (eta - 1) * log(det(correlations_of(structure, rho, q)))
}

# log p(y | tau, rho, sigma) with flat coefficients integrated out, by dense matrices, up to a constant;
# r2 is its quadratic form at sigma = 1 and `without` all but that.
dense_of_structure <- function(rows, g, sd, C, sigma) {
  Sigma <- C * tcrossprod(sd)
  V <- diag(sigma^2 / rows$weights) + outer(g, g, "==") * (rows$Z %*% Sigma %*% t(rows$Z))
  X <- rows$X
  W <- solve(V)
  A <- crossprod(X, W %*% X)
  b <- solve(A, crossprod(X, W %*% rows$y))
  residual <- rows$y - X %*% b
  list(log_dets = -0.5 * (determinant(V)$modulus + determinant(A)$modulus),
       r2 = sum(residual * (W %*% residual)))
}

# The target at a point, from its definition: natural parameters, their priors and the Jacobian.
expected_target <- function(rows, g, structure, tuning, eta, prior_sd, prior_sigma, low) {
  q <- ncol(rows$Z)
  hom <- endsWith(structure, "_hom")
  n_sd <- if (hom) 1 else q
  function(point) {
    integrated <- is.null(prior_sigma)
    sigma <- if (integrated) 1 else exp(point[length(point)])
    x <- point[seq_len(n_sd)]
    tau <- sigma * tuning$scale * abs(sinh(x))
    has_rho <- !startsWith(structure, "diag")
    z <- if (has_rho) point[n_sd + 1]
    rho <- if (has_rho) low + (1 - low) * (1 + tanh(z)) / 2 else 0
    C <- correlations_of(structure, rho, q)
    dense <- dense_of_structure(rows, g, rep_len(tau, q), C, sigma)
    value <- dense$log_dets + sum(log(cosh(x)))
    if (has_rho) value <- value + log_rho_density(structure, rho, q, eta) + log(1 - tanh(z)^2)
    df <- nrow(rows$X) - ncol(rows$X)
    if (integrated) return(value - (df - n_sd) / 2 * log(dense$r2))
    # d tau = sigma scale cosh(x) dx, d sigma = sigma d log sigma
    value - dense$r2 / 2 + sum(prior_sd(tau)) + prior_sigma(sigma) + (n_sd + 1) * log(sigma)
  }
}

low_of <- function(structure, q) if (startsWith(structure, "cs")) -1 / (q - 1) else -1

test_that("the target is the dense one, and the same at all signs", {
  data <- grouped_data()
  half_t_density <- function(tau) dt(tau / 2, 3, log = TRUE)
  for (structure in structures) for (eta in c(1, 2.5)) for (proper in c(FALSE, TRUE)) {
    prior <- if (proper) relm_prior(cor = lkj(eta), sd = half_t(3, 2), sigma = half_t(3, 2))
      else relm_prior(cor = lkj(eta))
    posterior <- posterior_of(structured_formula(structure), data, prior, weights = w)
    model <- model_of(posterior)
    tuning <- tuning_of(model, if (proper) "coordinate" else "integrated")
    rows <- rows_of(posterior$design)
    rows$Z <- cbind(1, data$x, data$v)
    expected <- expected_target(rows, data$g, structure, tuning, eta,
                                if (proper) half_t_density,
                                if (proper) function(s) dt(s / 2, 3, log = TRUE),
                                low_of(structure, 3))
    n_sd <- length(tuning$scale)
    expect_identical(n_sd, if (endsWith(structure, "_hom")) 1L else 3L)
    set.seed(3)
    points <- matrix(rnorm(6 * length(tuning$center)), ncol = 6)
    target <- function(points) log_density_at(model, tuning, points, 1)
    difference <- target(points) - apply(points, 2, expected)
    expect_lt(diff(range(difference)), 1e-8, label = paste(structure, eta, proper))
    signs <- t(as.matrix(expand.grid(rep(list(c(-1, 1)), n_sd))))
    for (k in seq_len(ncol(signs))) {
      flipped <- points
      flipped[seq_len(n_sd), ] <- flipped[seq_len(n_sd), ] * signs[, k]
      expect_equal(target(flipped), target(points), tolerance = 1e-12)
    }
  }
})

log_density_of <- function(prior) {
  p <- prior$parameters
  switch(prior$name,
    jeffreys = function(s) -log(s), uniform = function(s) 0 * s,
    half_t = function(s) dt(s / p$scale, p$df, log = TRUE),
    half_cauchy = function(s) dcauchy(s, 0, p$scale, log = TRUE),
    half_normal = function(s) dnorm(s, 0, p$scale, log = TRUE), exponential = function(s) -p$rate * s,
    inverse_gamma = function(s) dgamma(1 / s^2, p$shape, p$rate, log = TRUE) - 3 * log(s))
}

expect_dense_target <- function(structure, sd, sigma, data = grouped_data(), eta = 1.5) {
  posterior <- posterior_of(structured_formula(structure), data,
                            relm_prior(beta = flat(), sd = sd, sigma = sigma, cor = lkj(eta)), weights = w)
  model <- model_of(posterior)
  tuning <- tuning_of(model, "coordinate")
  rows <- rows_of(posterior$design)
  rows$Z <- cbind(1, data$x, data$v)
  expected <- expected_target(rows, data$g, structure, tuning, eta, log_density_of(sd), log_density_of(sigma),
                              low_of(structure, 3))
  set.seed(3)
  points <- matrix(rnorm(5 * length(tuning$center)), ncol = 5)
  difference <- log_density_at(model, tuning, points, 1) - apply(points, 2, expected)
  expect_lt(diff(range(difference)), 1e-8, label = paste(structure, format(sd), format(sigma), nrow(data)))
}

test_that("structured covariances have the priors of standard deviations and correlations that are asked for", {
  scales <- list(uniform(1e4), half_t(3, 1), half_cauchy(2), half_normal(1.5), exponential(2), inverse_gamma(1, 0.5))
  for (structure in structures) {
    for (sd in scales) expect_dense_target(structure, sd, half_normal(2))
    for (sigma in c(list(jeffreys()), scales)) expect_dense_target(structure, half_normal(1), sigma)
  }
})

test_that("few groups, groups that are seen once and effects that do not vary have the dense target", {
  data <- grouped_data()
  once <- !duplicated(data$g) | data$g %in% unique(data$g)[1:3]
  few <- function(n) data[data$g %in% unique(data$g)[seq_len(n)], ]
  set.seed(5)
  for (structure in structures) {
    for (own in list(few(3), few(2), data[once, ], transform(data, y = rnorm(length(y), x)))) {
      expect_dense_target(structure, half_t(3, 1), half_normal(2), own)
    }
    expect_error(posterior_of(structured_formula(structure), few(2)), "^Two groups cannot tell", class = "relm_error")
  }
})

test_that("correlations near their borders keep the target finite, and their factors their digits", {
  for (structure in c("cs_hom", "ar1_hom")) {
    posterior <- posterior_of(structured_formula(structure), grouped_data())
    model <- model_of(posterior)
    tuning <- tuning_of(model, "integrated")
    points <- rbind(1, c(-400, -30, -18, 0, 18, 30, 400))
    values <- log_density_at(model, tuning, points, 1)
    expect_true(all(is.finite(values)))
    # Far out the density falls like that of z, exp(-2 |z|) under lkj(1).
    expect_equal(diff(values[6:7]), -2 * 370, tolerance = 1e-8)
    expect_equal(diff(values[2:1]), -2 * 370, tolerance = 1e-8)
  }
})

test_that("with two columns a structure is a full covariance, whatever is around it", {
  several <- several_data()
  prior <- relm_prior(cor = lkj(2))
  cases <- list(
    list(y ~ x + cs(1 + x | g), y ~ x + (1 + x | g), grouped_data(), list()),
    list(y ~ x + ar1(1 + x | g, hom = FALSE), y ~ x + (1 + x | g), grouped_data(), list()),
    list(y ~ x + (1 | a) + cs(1 + x | a:b), y ~ x + (1 | a) + (1 + x | a:b), several, list()),
    list(y ~ x + (1 | a) + ar1(1 + x | c, hom = FALSE), y ~ x + (1 | a) + (1 + x | c), several, list()),
    list(y ~ x + cs(1 + x | g), y ~ x + (1 + x | g), grouped_data(), list(sigma = ~ f)),
    list(y ~ x + cs(1 + x | g), y ~ x + (1 + x | g), grouped_data(),
         list(sigma = ~ f, prior = relm_prior(cor = lkj(2), sigma = pooled())))
  )
  for (case in cases) {
    fits <- lapply(case[1:2], function(formula) {
      own <- if (is.null(case[[4]]$prior)) list(prior = prior)
      do.call(relm, c(list(formula, case[[3]], seed = 1, draws = 20, chains = 2), own, case[[4]]))
    })
    expect_identical(variables(fits[[1]]), variables(fits[[2]]))
    # All but the signs: draws are the same where no sign is drawn.
    models <- lapply(fits, function(fit) model_of(fit$posterior))
    estimate <- scales_of(models[[2]])
    role <- sigma_role(fits[[1]]$posterior)
    for (s in seq_along(models[[1]]$steps)) {
      tunings <- lapply(models, function(model) {
        new_tuning(model, estimate, role, step = s - 1L)
      })
      expect_identical(tunings[[1]]$scale, tunings[[2]]$scale)
      set.seed(2)
      n <- length(tunings[[1]]$center)
      q <- length(tunings[[1]]$scale)
      points <- rbind(matrix(abs(rnorm(5 * q)), q, 5), matrix(rnorm(5 * (n - q)), n - q, 5))
      densities <- Map(function(model, tuning) {
        log_density_at(model, tuning, points, estimate$sigma2)
      }, models, tunings)
      expect_lt(diff(range(densities[[1]] - densities[[2]])), 1e-10)
    }
  }
})

# Two columns, whose coordinates are those of a full covariance, among groupings that lie in each other
# and are crossed: the density of each step given the effects of the others.
test_that("structured covariances are full ones of two columns wherever their grouping lies", {
  data <- transform(joint_data(120), b2 = paste(a, c), twin = b, k = rep_len(c("u", "v", "w"), 120))
  prior <- relm_prior(sd = half_t(3, 1), sigma = half_t(3, 1))
  formulas <- list(
    y ~ x + (1 | a) + (1 | b) + cs(1 + x | b2), y ~ x + (1 | a) + cs(1 + x | b) + (1 | b:c),
    y ~ x + cs(1 + x | a) + (1 | b) + (1 | c), y ~ x + (1 | b) + cs(1 + x | c) + (1 | k),
    y ~ x + (1 | b) + cs(1 + x | twin)
  )
  for (formula in formulas) {
    plain <- stats::as.formula(gsub("cs(", "(", deparse1(formula), fixed = TRUE))
    models <- lapply(list(plain, formula), function(formula) model_of(posterior_of(formula, data, prior)))
    tunings <- lapply(seq_along(models[[1]]$steps), function(s) {
      tune_at_mode(models[[1]], scales_of(models[[1]]), "coordinate", step = s - 1L)
    })
    set.seed(2)
    effects <- lapply(posterior_of(plain, data, prior)$groupings, function(grouping) {
      matrix(rnorm(nrow(grouping$random) * length(grouping$groups)), nrow(grouping$random))
    })
    for (s in seq_along(tunings)) {
      points <- matrix(rnorm(5 * length(tunings[[s]]$center), sd = 0.7), ncol = 5)
      # A full covariance has the sign of a correlation in those of its scales.
      scales <- seq_along(tunings[[s]]$scale)
      points[scales, ] <- abs(points[scales, ])
      densities <- lapply(models, function(model) {
        if (length(tunings) == 1) return(log_density_at(model, tunings[[1]], points, 1))
        log_density_beside(with_tuning(model, tunings), s - 1L, points, 1, effects)
      })
      expect_lt(diff(range(densities[[1]] - densities[[2]])), 1e-8, label = paste(deparse1(formula), s))
    }
  }
})

test_that("of other families too", {
  data <- grouped_data(12)
  data$count <- rep_len(c(0, 3, 1, 0, 2), nrow(data))
  prior <- relm_prior(beta = normal(0, 2), sd = half_t(3, 1), cor = lkj(2))
  models <- lapply(list(count ~ x + cs(1 + x | g), count ~ x + (1 + x | g)), function(formula) {
    model_of(posterior_of(formula, data, prior, family = "poisson"))
  })
  tunings <- lapply(models, function(model) {
    start <- family_start(model)
    tuning <- new_tuning(model, start, "none")
    c(replace(tuning, "scale", list(as.numeric(unlist(start$scale)))), fineness = 1)
  })
  set.seed(2)
  points <- rbind(matrix(abs(rnorm(8)), 2), matrix(rnorm(12) / 3, 3))
  densities <- Map(function(model, tuning) log_density_at(model, tuning, points, 1), models, tunings)
  expect_lt(diff(range(densities[[1]] - densities[[2]])), 1e-10)
})

test_that("independent effects are those of ||, and one variance of levels that of their interaction", {
  data <- grouped_data()
  draw <- function(formula, ...) relm(formula, data, seed = 1, draws = 50, chains = 2, ...)
  expect_identical(as.matrix(draw(y ~ x + diag(1 + x | g))), as.matrix(draw(y ~ x + (1 + x || g))))
  expect_identical(as.matrix(draw(y ~ x + us(1 + x | g))), as.matrix(draw(y ~ x + (1 + x | g))))
  prior <- relm_prior(beta = normal(0, 5), sd = half_t(3, 1), sigma = half_t(3, 1))
  levels <- relm(y ~ x + diag(0 + f | g, hom = TRUE), data, prior = prior, seed = 1)
  crossed <- relm(y ~ x + (1 | g:f), data, prior = prior, seed = 1)
  expect_equal(as.numeric(logml(levels)), as.numeric(logml(crossed)), tolerance = 1e-5)
  sd <- list(as_draws_array(levels, "sd_g__fb"), as_draws_array(crossed, "sd_g:f__Intercept"))
  expect_lt(abs(mean(sd[[1]]) - mean(sd[[2]])),
            4 * sqrt(sum(vapply(sd, function(x) posterior::mcse_mean(x)^2, 0))))
})

test_that("the integrand of a marginal likelihood is the dense density with its constants", {
  data <- grouped_data()
  log_half_t <- function(s) log(2 / 1.5) + dt(s / 1.5, 4, log = TRUE)
  prior <- relm_prior(beta = normal(0, 3), sd = half_t(4, 1.5), cor = lkj(1.7), sigma = half_t(4, 1.5))
  for (structure in structures) {
    posterior <- posterior_of(structured_formula(structure), data, prior)
    integrand <- new_integrand(posterior)
    n_sd <- if (endsWith(structure, "_hom")) 1 else 3
    has_rho <- !startsWith(structure, "diag")
    set.seed(4)
    points <- cbind(matrix(rexp(4 * n_sd), 4), if (has_rho) rnorm(4), rexp(4))
    Z <- cbind(1, data$x, data$v)
    expected <- apply(points, 1, function(point) {
      sigma <- point[length(point)]
      low <- low_of(structure, 3)
      u <- if (has_rho) (1 + tanh(point[n_sd + 1])) / 2
      C <- correlations_of(structure, if (has_rho) low + (1 - low) * u else 0, 3)
      Sigma <- C * tcrossprod(rep_len(point[seq_len(n_sd)], 3))
      X <- cbind(1, data$x)
      V <- diag(sigma^2, nrow(data)) + outer(data$g, data$g, "==") * (Z %*% Sigma %*% t(Z)) +
        9 * X %*% t(X)
      root <- chol(V)
      value <- sum(dnorm(backsolve(root, data$y, transpose = TRUE), log = TRUE)) - sum(log(diag(root))) +
        sum(log_half_t(point[seq_len(n_sd)])) + log_half_t(sigma)
      if (!has_rho) return(value)
      b <- 2 * 0.7 + 1
      value + dbeta(u, if (startsWith(structure, "cs")) 1.7 else b, b, log = TRUE) + log(2 * u * (1 - u))
    })
    expect_equal(log_integrand(integrand, points), expected, tolerance = 1e-9, label = structure)
  }
})

test_that("correlations drawn from the prior have the density that it says", {
  prior <- relm_prior(beta = normal(0, 1), sd = half_normal(1), cor = lkj(2), sigma = half_normal(1))
  for (structure in c("cs", "ar1_hom")) {
    fit <- relm(structured_formula(structure), grouped_data(), prior = prior, prior_only = TRUE, seed = 2,
                chains = 1, draws = 2000)
    rho <- as.numeric(as.matrix(fit, "cor_g__Intercept__x"))
    low <- low_of(structure, 3)
    u <- (rho - low) / (1 - low)
    p <- ks.test(u, pbeta, if (structure == "cs") 2 else 3, 3)$p.value
    expect_gt(p, 0.001)
    far <- as.numeric(as.matrix(fit, "cor_g__Intercept__v"))
    expect_equal(far, if (structure == "cs") rho else rho^2, tolerance = 1e-12)
  }
})

test_that("ranks of parameters drawn from the prior are uniform", {
  prior <- relm_prior(beta = normal(0, 1), sd = half_normal(1), cor = lkj(1.5), sigma = half_normal(1))
  for (structure in c("cs", "ar1_hom")) {
    fit <- relm(structured_formula(structure), grouped_data(10), prior = prior, seed = 3, draws = 100)
    ranks <- sbc(fit, 100, seed = 4, progress = FALSE)
    expect_gt(min(summary(ranks)$p), 1e-3, label = structure)
  }
})

test_that("draws agree with quadrature where two parameters are left", {
  data <- grouped_data()
  sigma <- 0.7
  # lambda = tau / sigma and rho; sigma is integrated out.
  posterior <- posterior_of(structured_formula("ar1_hom"), data)
  model <- model_of(posterior)
  tuning <- tuning_of(model, "integrated")
  x <- seq(1e-3, 6, length.out = 200)
  z <- seq(-6, 6, length.out = 200)
  values <- matrix(log_density_at(model, tuning, t(as.matrix(expand.grid(x, z))), 1), 200)
  weights <- exp(values - max(values))
  fit <- relm(structured_formula("ar1_hom"), data, seed = 6)
  rho <- as_draws_array(fit, "cor_g__Intercept__x")
  exact <- sum(colSums(weights) * tanh(z)) / sum(weights)
  expect_lt(abs(mean(rho) - exact), 4 * posterior::mcse_mean(rho))
  lambda <- as_draws_array(fit, "sd_g__x") / as.numeric(as_draws_array(fit, "sigma"))
  log_lambda <- log(lambda)
  exact <- sum(rowSums(weights) * log(tuning$scale * sinh(x))) / sum(weights)
  expect_lt(abs(mean(log_lambda) - exact), 4 * posterior::mcse_mean(log_lambda))
})

test_that("estimates of nlme lie within the posterior's error", {
  close_to <- function(fit, variable, value) {
    drawn <- as.numeric(as.matrix(fit, variable))
    expect_lt(abs(median(drawn) - value), sd(drawn), label = variable)
  }
  data <- transform(as.data.frame(nlme::Orthodont), x = age - 11)
  lme <- nlme::lme(distance ~ x, data, random = list(Subject = nlme::pdCompSymm(~ x)))
  fit <- relm(distance ~ x + cs(1 + x | Subject, hom = TRUE), data, seed = 1)
  covariance <- unclass(nlme::getVarCov(lme))
  close_to(fit, "b_Intercept", nlme::fixef(lme)[[1]])
  close_to(fit, "b_x", nlme::fixef(lme)[[2]])
  close_to(fit, "sd_Subject__x", sqrt(covariance[1, 1]))
  close_to(fit, "cor_Subject__Intercept__x", covariance[1, 2] / covariance[1, 1])
  close_to(fit, "sigma", lme$sigma)
  data <- transform(as.data.frame(nlme::Ovary), s = sin(2 * pi * Time), c = cos(2 * pi * Time))
  lme <- nlme::lme(follicles ~ s + c, data, random = list(Mare = nlme::pdDiag(~ s)))
  fit <- relm(follicles ~ s + c + diag(1 + s | Mare), data, seed = 1)
  for (k in 1:3) close_to(fit, c("b_Intercept", "b_s", "b_c")[k], nlme::fixef(lme)[[k]])
  covariance <- unclass(nlme::getVarCov(lme))
  close_to(fit, "sd_Mare__Intercept", sqrt(covariance[1, 1]))
  close_to(fit, "sd_Mare__s", sqrt(covariance[2, 2]))
})

# Five visits of each of 30 groups, two rows each, with rho = .7.
visits <- function() {
  set.seed(8)
  effects <- matrix(rnorm(150), 30) %*% chol(0.7^abs(outer(1:5, 1:5, "-")))
  data <- data.frame(g = rep(seq_len(30), each = 10), visit = factor(rep(1:5, 60)))
  data$y <- 1 + effects[cbind(data$g, as.integer(data$visit))] + rnorm(300, sd = 0.5)
  data
}

test_that("estimates of glmmTMB lie within the posterior's error", {
  skip_if_not_installed("glmmTMB")
  # By name: it is no dependency.
  glmmTMB <- getExportedValue("glmmTMB", "glmmTMB")
  data <- visits()
  for (structure in c("ar1", "cs")) {
    formula <- stats::as.formula(paste0("y ~ 1 + ", structure, "(0 + visit | g)"))
    theirs <- suppressWarnings(glmmTMB(formula, data, REML = TRUE))
    fit <- relm(formula, data, seed = 1)
    covariance <- nlme::VarCorr(theirs)$cond$g
    drawn <- as.matrix(fit, c("sd_g__visit1", "cor_g__visit1__visit2", "sigma"))
    own <- c(attr(covariance, "stddev")[[1]], attr(covariance, "correlation")[1, 2], stats::sigma(theirs))
    expect_lt(max(abs(apply(drawn, 2, median) - own) / apply(drawn, 2, sd)), 1, label = structure)
  }
})

test_that("methods have the covariance that a structure says", {
  data <- grouped_data()
  fit <- relm(structured_formula("ar1_hom"), data, seed = 1, draws = 50, chains = 2)
  rho <- attr(VarCorr(fit)$g, "correlation")
  expect_equal(rho[1, 2], rho[2, 3])
  expect_identical(unname(attr(VarCorr(fit)$g, "stddev")), rep(attr(VarCorr(fit)$g, "stddev")[[1]], 3))
  # Effects of new groups, given one draw.
  one <- fit
  one$sampling$hyper <- fit$sampling$hyper[rep(1, 4000), 1, , drop = FALSE]
  one$sampling$draws <- 4000L
  one$sampling$chains <- 1L
  one$sampling$effects <- NULL
  new <- data.frame(g = "new", x = c(0, 1, 0), v = c(0, 0, 1))
  drawn <- posterior_linpred(one, newdata = new, allow_new_levels = TRUE, sample_new_levels = "gaussian",
                             seed = 5)
  h <- as.matrix(fit)[1, ]
  C <- h[["cor_g__Intercept__x"]]^abs(outer(1:3, 1:3, "-")) * h[["sd_g__x"]]^2
  Z <- cbind(1, new$x, new$v)
  expect_lt(max(abs(cov(drawn) / (Z %*% C %*% t(Z)) - 1)), 4 * sqrt(2 / 4000) * 2)
  expect_identical(prior_summary(fit)$prior[1:4], c("flat()", "flat()", "uniform()", "lkj(1)"))
})

test_that("formulas keep their structures", {
  data <- grouped_data()
  fit <- relm(y ~ x + cs(1 + x | g), data, seed = 1, draws = 20, chains = 1)
  expect_identical(formula(fit, random.only = TRUE), y ~ cs(1 + x | g), ignore_formula_env = TRUE)
  expect_identical(formula(update(fit, . ~ . - cs(1 + x | g) + (1 | g))), y ~ x + (1 | g),
                   ignore_formula_env = TRUE)
  expect_error(update(fit, . ~ . - (1 + x | g)), "does not have", class = "relm_error")
  expect_identical(fitted(fit), fitted(fit, re_formula = ~ cs(1 + x | g)))
  dotted <- relm(y ~ . - w - f - between - g - v + ar1(0 + f | g), data, seed = 1, draws = 20, chains = 1)
  expect_match(deparse1(formula(update(dotted, . ~ .))), "y ~ x + (ar1(0 + f | g))", fixed = TRUE)
})

test_that("what is no structure, and what has none, is refused", {
  data <- grouped_data()
  refused <- function(formula, says, ...) {
    expect_error(relm(formula, data, draws = 5, chains = 1, ...), says, class = "relm_error")
  }
  refused(y ~ x + cs(1 + x || g), "around `\\|\\|`")
  refused(y ~ x + cs(1 + x | g, 3), "`hom`, TRUE or FALSE")
  refused(y ~ x + cs(1 + x | g, het = TRUE), "`hom`, TRUE or FALSE")
  refused(y ~ x + ar1(1 + x | g, hom = NA), "`hom` must be TRUE or FALSE")
  refused(y ~ x + us(1 + x | g, hom = TRUE), "has no `hom`")
  for (sampler in c("interweaved", "centered", "uncentered")) {
    refused(y ~ x + cs(1 + x | g), "no structured covariances", sampler = sampler)
  }
  refused(y ~ x + cs(1 + x | g), "full covariance matrix", prior = relm_prior(cov = huang_wand(2, 1)))
  refused(y ~ x + cs(1 + x | g), "full covariance matrix", prior = relm_prior(cov = inverse_wishart(4, diag(2))))
  refused(y ~ x + ar1(1 + x | g), "several priors",
          prior = relm_prior(sd = list(x = half_t(3, 1))))
  refused(y ~ x + cs(1 + x + v | g), "no proper prior", prior = relm_prior(cor = lkj(0.4)))
})

test_that("a summary shows each standard deviation and correlation once, and says what others are", {
  data <- grouped_data()
  shown <- function(formula) {
    table <- summary(suppressMessages(relm(formula, data, seed = 1, draws = 50, chains = 2)))
    list(grep("^sd_|^cor_", table$variable, value = TRUE), attr(table, "notes"))
  }
  hom <- shown(y ~ x + ar1(1 + x + v | g))
  expect_identical(hom[[1]], c("sd_g__Intercept", "cor_g__Intercept__x"))
  expect_match(hom[[2]], "all standard deviations are sd_g__Intercept; correlations of neighbors are cor_g__Intercept__x, others its powers",
               all = FALSE, fixed = TRUE)
  het <- shown(y ~ x + cs(1 + x + v | g))
  expect_identical(het[[1]], c("sd_g__Intercept", "sd_g__x", "sd_g__v", "cor_g__Intercept__x"))
  expect_match(het[[2]], "all correlations are cor_g__Intercept__x.", all = FALSE, fixed = TRUE)
  diagonal <- shown(y ~ x + diag(1 + x | g, hom = TRUE))
  expect_identical(diagonal[[1]], "sd_g__Intercept")
  expect_no_match(shown(y ~ x + (1 + x | g))[[2]], "Effects of")
  fit <- relm(y ~ x + cs(1 + x + v | g), data, seed = 1, draws = 50, chains = 2)
  every <- summary(fit, "^cor_", regex = TRUE)
  expect_identical(nrow(every), 3L)
  expect_false(any(grepl("Effects of", attr(every, "notes"))))
})

test_that("with a known residual standard deviation the target is the dense one too", {
  data <- transform(grouped_data(), se = runif(length(y), 0.3, 1))
  half_t_density <- function(tau) dt(tau / 2, 3, log = TRUE)
  for (structure in structures) {
    posterior <- posterior_of(structured_formula(structure), data,
                              relm_prior(sd = half_t(3, 2), sigma = fixed(1.3)), weights = se^-2)
    model <- model_of(posterior)
    tuning <- tuning_of(model, "fixed")
    rows <- rows_of(posterior$design)
    rows$Z <- cbind(1, data$x, data$v)
    # As a coordinate that is what it is known to be: less its own Jacobian, which is constant.
    as_coordinate <- expected_target(rows, data$g, structure, tuning, 1, half_t_density,
                                     function(sigma) 0, low_of(structure, 3))
    set.seed(3)
    points <- matrix(rnorm(6 * length(tuning$center)), ncol = 6)
    difference <- log_density_at(model, tuning, points, 1.3^2) -
      apply(points, 2, function(point) as_coordinate(c(point, log(1.3))))
    expect_lt(diff(range(difference)), 1e-8, label = structure)
  }
})
