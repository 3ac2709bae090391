gaussian_row <- families$gaussian

# A family without a scale parameter, and with a link.
counts_row <- function() {
  row <- families$poisson
  row[c("name", "label", "weights")] <- list("counts", "log-linear model", "precision")
  row$log_density <- function(y, eta, scale, trials = NULL) {
    eta[] <- stats::dpois(y, exp(eta), log = TRUE)
    eta
  }
  row
}

# A fit, as if its response were of that family.
fit_of_counts <- function() {
  data <- transform(grouped_data(), n = abs(round(3 * y)))
  fit <- relm(n ~ x + (1 | g), data, seed = 1, chains = 1, draws = 20)
  fit$posterior[c("family", "link")] <- list("counts", "log")
  list(fit = fit, data = data)
}

with_counts <- function(code) {
  with_relm("families", c(families, list(counts = counts_row())), code)
}

# Values of a row's response, its trials and its scale.
cases_of <- function(row) {
  switch(row$name,
    gaussian = ,
    student = expand.grid(y = 1.5, scale = c(0.3, 1, 7), trials = 1),
    binomial = data.frame(y = c(0, 1, 0, 3, 7), scale = 1, trials = c(1, 1, 7, 7, 7)),
    poisson = data.frame(y = c(0, 1, 20), scale = 1, trials = 1),
    expand.grid(y = c(0, 1, 20), scale = c(0.2, 3, 1e7), trials = 1)
  )
}

each_case <- function(row, check) {
  cases <- cases_of(row)
  for (i in seq_len(nrow(cases))) {
    with(cases[i, ], check(y, scale_for(row, scale), trials))
  }
}

# t residuals have degrees of freedom beside.
scale_for <- function(row, scale) {
  if (row$name == "student") list(sigma = scale, df = 2.5) else scale
}

test_that("derivatives in eta are those of the log density and of the inverse link", {
  eta <- c(-3, 0.2, 1.1)
  h <- 1e-4
  for (row in families) {
    each_case(row, function(y, scale, trials) {
      at <- function(eta) row$log_density(y, eta, scale, trials)
      expect_equal(row$log_density_slope(y, eta, scale, trials),
                   (at(eta + h) - at(eta - h)) / (2 * h), tolerance = 1e-6)
      slope <- function(eta) row$log_density_slope(y, eta, scale, trials)
      expect_equal(row$log_density_curvature(y, eta, scale, trials),
                   (slope(eta + h) - slope(eta - h)) / (2 * h), tolerance = 1e-6)
    })
    expect_equal(row$inverse_link_slope(eta), tolerance = 1e-6,
                 (row$inverse_link(eta + h) - row$inverse_link(eta - h)) / (2 * h))
  }
})

test_that("links are those of R's own objects, also far out", {
  eta <- c(-30, -2, 0, 0.7, 3)
  for (row in families) {
    link <- row$as_family()
    expect_identical(c(link$family, link$link), c(row$name, row$link))
    expect_equal(row$inverse_link(eta), link$linkinv(eta), tolerance = 1e-12)
    far <- c(-1e4, -745, 745, 1e4)
    one <- scale_for(row, 1)
    for (y in 0:1) {
      expect_false(any(is.nan(row$log_density(y, far, one, 1))))
      expect_false(any(is.nan(row$log_density_slope(y, far, one, 1))))
      expect_false(any(is.nan(row$log_density_curvature(y, far, one, 1))))
    }
  }
  # log(1 - exp(-exp(eta))) is eta there.
  expect_equal(families$binomial_cloglog$log_density(1, -c(36, 38, 500), NULL), -c(36, 38, 500),
               tolerance = 1e-12)
  expect_identical(families$binomial$log_density(0, 800, NULL), -800)
})

test_that("log densities of counts are R's, and have their mean and variance", {
  support <- 0:4000
  moments <- function(log_density) {
    p <- exp(log_density)
    mean <- sum(p * support)
    c(sum(p), mean, sum(p * (support - mean)^2))
  }
  for (scale in c(0.4, 30)) {
    for (row in families[c("poisson", "negative_binomial")]) {
      eta <- 1.7
      expect_equal(moments(row$log_density(support, rep(eta, length(support)), scale)),
                   c(1, exp(eta), row$sd(exp(eta), scale)^2), tolerance = 1e-9)
    }
  }
  for (row in families[startsWith(names(families), "binomial")]) {
    m <- 9
    y <- 0:m
    p <- exp(row$log_density(y, rep(-0.4, m + 1), NULL, m))
    mean <- row$inverse_link(-0.4)
    expect_equal(p, stats::dbinom(y, m, mean), tolerance = 1e-12)
    expect_equal(sum(p * (y / m - mean)^2), row$sd(mean, NULL, m)^2, tolerance = 1e-12)
  }
  # A shape so large that lgamma() would lose the density.
  expect_equal(families$negative_binomial$log_density(7, 2, 1e12), stats::dpois(7, exp(2), TRUE),
               tolerance = 1e-9)
})

test_that("deviance residuals are glm()'s", {
  eta <- c(-1.2, 0.3, 2)
  y <- c(0, 3, 8)
  mean <- exp(eta)
  glm_like <- function(family, y, mean, weights) {
    sign(y - mean) * sqrt(family$dev.resids(y, mean, weights))
  }
  expect_equal(families$poisson$deviance(y, eta, NULL), glm_like(poisson(), y, mean, c(1, 1, 1)))
  for (link in c("logit", "probit", "cloglog")) {
    row <- family_of(list(family = "binomial", link = link))
    expect_equal(row$deviance(y, eta, NULL, 8),
                 glm_like(binomial(), y / 8, row$inverse_link(eta), rep(8, 3)))
  }
  deviance <- 2 * (y * log(pmax(y, 1) / mean) - (y + 2.5) * log((y + 2.5) / (mean + 2.5)))
  expect_equal(families$negative_binomial$deviance(y, eta, 2.5), sign(y - mean) * sqrt(deviance))
})

test_that("the density integrates to one and has the mean and the variance that are stated", {
  for (scale in c(0.2, 3)) {
    eta <- -1.3
    moment <- function(f) {
      weighted <- function(y) f(y) * exp(gaussian_row$log_density(y, eta, scale))
      stats::integrate(weighted, eta - 12 * scale, eta + 12 * scale, rel.tol = 1e-10)$value
    }
    mean <- gaussian_row$inverse_link(eta)
    expect_equal(moment(function(y) 1), 1, tolerance = 1e-8)
    expect_equal(moment(function(y) y), mean, tolerance = 1e-8)
    expect_equal(moment(function(y) (y - mean)^2), gaussian_row$sd(mean, scale)^2,
                 tolerance = 1e-8)
  }
})

test_that("a matrix of linear predictors gives a matrix of log densities", {
  eta <- matrix(c(0.1, -2, 3, 0.5, 1, 4), 2)
  y <- rep(c(0, 1, 2), each = 2)
  expect_equal(gaussian_row$log_density(y, eta, 2),
               matrix(-log(2) - log(2 * pi) / 2 - (y - eta)^2 / 8, 2))
})

test_that("draws have the distribution of the density", {
  n <- 1e5
  eta <- rep(c(-1, 4), each = n / 2)
  scale <- rep(c(0.5, 2), each = n / 2)
  y <- with_stream(1, gaussian_row$draw(eta, scale))
  below <- function(quantile, eta, scale) {
    density <- function(y) exp(gaussian_row$log_density(y, eta, scale))
    stats::integrate(density, eta - 12 * scale, quantile, rel.tol = 1e-8)$value
  }
  for (part in split(seq_len(n), eta)) {
    for (quantile in eta[part[1]] + c(-2, -0.6, 0, 0.3, 1.7) * scale[part[1]]) {
      p <- below(quantile, eta[part[1]], scale[part[1]])
      expect_lt(abs(mean(y[part] < quantile) - p), 4 * sqrt(p * (1 - p) / length(part)))
    }
  }
})

# What C makes of linear predictors: new observations, or from these variates. eta: draws x rows.
drawn_in_c <- function(eta, scale, size = NULL, variates = NULL, family = "gaussian") {
  values <- matrix(0, nrow(eta), ncol(eta))
  predictor <- list(X = diag(ncol(eta)), random = list(), beta = eta, offset = NULL)
  noise <- list(family = family, scale = if (!is.null(scale)) as.matrix(scale), stratum = NULL,
                size = size, variates = variates)
  expect_true(.Call(ffi_fill_predictor, values, seq_len(ncol(eta)) - 1L, predictor, noise))
  values
}

test_that("C draws what R draws, from the same random numbers", {
  eta <- matrix(c(0.1, -2, 3, 0.5, 1, 4), 2)
  scale <- c(0.5, 3)
  for (weights in list(NULL, c(1, 4, 0.25))) {
    own <- if (is.null(weights)) scale else scale / rep(sqrt(weights), each = 2)
    expect_equal(with_stream(1, drawn_in_c(eta, scale, weights)),
                 with_stream(1, gaussian_row$draw(eta, own)), tolerance = 1e-14)
    variates <- with_stream(2, gaussian_row$variates(2))
    expect_equal(drawn_in_c(eta, scale, weights, variates), eta + own * variates,
                 tolerance = 1e-14)
  }
  expect_error(drawn_in_c(eta, scale, family = "gamma"), "no family 'gamma'")
  expect_error(drawn_in_c(eta, NULL, family = "negative_binomial"), "no scale")
})

test_that("C draws what R draws of the other families, and from shared numbers the quantiles", {
  eta <- matrix(c(0.1, -2, 3, 0.5, 1, 1.8), 2)
  scale <- c(0.5, 3)
  u <- with_stream(2, families$binomial$variates(2))
  quantiles <- list(
    binomial = function(row, trials) stats::qbinom(u, trials, row$inverse_link(eta)),
    poisson = function(row, trials) stats::qpois(u, exp(eta)),
    negative_binomial = function(row, trials) stats::qnbinom(u, size = scale, mu = exp(eta))
  )
  for (key in setdiff(names(families), c("gaussian", "student"))) {
    row <- families[[key]]
    own <- if (!is.null(row$scale)) scale
    for (size in list(NULL, c(1, 40, 7))) {
      trials <- if (!is.null(size) && row$weights == "trials") rep(size, each = 2)
      expect_identical(with_stream(1, drawn_in_c(eta, own, size, family = key)),
                       with_stream(1, row$draw(eta, own, trials)))
      if (is.null(trials)) trials <- 1
      expect_equal(drawn_in_c(eta, own, size, u, key),
                   matrix(quantiles[[row$name]](row, trials), 2))
    }
    # A mean that overflows is no reason to warn, which R's functions do.
    expect_silent(far <- drawn_in_c(matrix(c(900, -900, 0), 1), own[1], family = key))
    expect_identical(far[1:2], if (row$weights == "trials") c(1, 0) else c(Inf, 0))
  }
})

test_that("C draws t residuals as R does, and from shared ones", {
  eta <- matrix(c(0.1, -2, 3, 0.5, 1, 4), 2)
  sigma <- c(0.5, 3)
  df <- c(2.5, 30)
  row <- families$student
  for (weights in list(NULL, c(1, 4, 0.25))) {
    own <- matrix(if (is.null(weights)) sigma else sigma / rep(sqrt(weights), each = 2), 2, 3)
    expect_equal(with_stream(1, drawn_in_c(eta, c(sigma, df), weights, family = "student")),
                 with_stream(1, row$draw(eta, list(sigma = own, df = df))), tolerance = 1e-14)
    variates <- with_stream(2, row$variates(2, df))
    expect_identical(variates, with_stream(2, stats::rt(2, df)))
    expect_equal(drawn_in_c(eta, c(sigma, df), weights, variates, "student"),
                 eta + own * variates, tolerance = 1e-14)
  }
})

test_that("a new fit has a family, and one that version 0.1.0 saved is Gaussian", {
  fit <- relm(log(mercury) ~ 1 + (1 | station), bass, seed = 1, chains = 1, draws = 5)
  expect_identical(fit$posterior$family, "gaussian")
  skip_if(length(saved_fits()) == 0, "no saved fits")
  for (saved in saved_fits()) {
    expect_null(saved$posterior$family)
    expect_identical(family_of(saved)$name, "gaussian")
    expect_identical(family_of(saved$posterior)$scale, "sigma")
    expect_identical(unlist(family(saved)[c("family", "link")]),
                     c(family = "gaussian", link = "identity"))
  }
})

test_that("a family is known by its text, its function or its object, and by others' names", {
  is <- function(family, name, link) {
    expect_identical(unlist(check_family(family)[c("name", "link")]), c(name = name, link = link))
  }
  is("binomial", "binomial", "logit")
  is(binomial, "binomial", "logit")
  is(stats::binomial("probit"), "binomial", "probit")
  is(stats::binomial("cloglog"), "binomial", "cloglog")
  is(poisson(), "poisson", "log")
  is(negative_binomial, "negative_binomial", "log")
  is("neg_binomial_2", "negative_binomial", "log")
  as_named <- function(name) structure(list(family = name, link = "log"), class = "family")
  is(as_named("neg_binomial_2"), "negative_binomial", "log")
  is(as_named("Negative Binomial(2.5)"), "negative_binomial", "log")
  expect_error(negative_binomial("sqrt"), "`link`", class = "relm_error")
  expect_output(print(negative_binomial()), "negative_binomial")
  expect_identical(negative_binomial()$linkinv(log(3)), exp(log(3)))
})

test_that("the family and its link go from the design to the posterior", {
  data <- transform(grouped_data(), b = as.numeric(y > 1))
  for (link in c("logit", "probit", "cloglog")) {
    design <- relm_design(b ~ x + (1 | g), data, family = binomial(link))
    posterior <- relm_posterior(crossprods(design), relm_prior(beta = normal(0, 2), sd = half_t(3, 1)))
    for (object in list(design, schema_of(design), crossprods(design), posterior)) {
      expect_identical(object[c("family", "link")], list(family = "binomial", link = link))
      expect_identical(family_of(object)$link, link)
    }
  }
  expect_identical(relm_design(y ~ x, data)[c("family", "link")],
                   list(family = "gaussian", link = "identity"))
  expect_output(print(design), "family: binomial, link cloglog")
})

test_that("what is of Gaussian responses alone refuses others", {
  data <- transform(grouped_data(), b = as.numeric(y > 1))
  expect_error(relm_design(b ~ x, data, sigma = ~ f, family = binomial()), "`sigma` has no place",
               class = "relm_error")
  prior <- relm_prior(sigma = half_t(3, 1))
  expect_error(relm_posterior(crossprods(b ~ x + (1 | g), data, family = binomial()), prior),
               "`sigma` of `relm_prior\\(\\)` has no place.*half_t\\(3, 1\\)", class = "relm_error")
  prior <- relm_prior(shape = gamma(2, 1))
  for (family in list("gaussian", "poisson")) {
    expect_error(relm_posterior(crossprods(abs(round(y)) ~ x, data, family = family), prior),
                 "`shape` of `relm_prior\\(\\)`", class = "relm_error")
  }
})

test_that("the Gaussian family may be named, and unknown ones may not", {
  data <- grouped_data()
  expected <- relm(y ~ x, data, chains = 1, draws = 5, seed = 1)
  for (family in list(gaussian(), gaussian, "gaussian", stats::gaussian("identity"))) {
    fit <- relm(y ~ x, data, family = family, chains = 1, draws = 5, seed = 1)
    expect_identical(fit$sampling$hyper, expected$sampling$hyper)
  }
  expect_identical(update(fit, draws = 5)$sampling$hyper, expected$sampling$hyper)
  of_crossprods <- relm(crossprods(y ~ x, data), family = gaussian(), chains = 1, draws = 5, seed = 1)
  expect_equal(of_crossprods$sampling$hyper, expected$sampling$hyper)
  expect_error(relm(crossprods(y ~ x, data), family = poisson()),
               "another one than that.*gaussian, link identity", class = "relm_error")
  refused <- function(family, says) {
    expect_error(relm(y ~ x, data, family = family), says, class = "relm_error")
  }
  refused(Gamma(), "`family` must be \"gaussian\", \"binomial\".*\"Gamma\", with the link \"inverse\"")
  refused("lognormal", "\"lognormal\"")
  refused(gaussian("log"), "the link \"identity\".*\"gaussian\", with the link \"log\"")
  refused(binomial("cauchit"), "\"logit\", \"probit\", or \"cloglog\".*\"cauchit\"")
  refused(3, "It is 3")
  expect_error(relm(y ~ x, data, family = bernoulli()), "`family`.*could not find function",
               class = "relm_error")
})

test_that("a response of two values is refused with what to write", {
  data <- transform(grouped_data(), p = x > 0, two = factor(x > 0, labels = c("no", "yes")))
  expect_error(relm(p ~ v, data), "one column of numbers.*`as.numeric\\(p\\)`",
               class = "relm_error")
  expect_error(relm(I(x > 0) ~ v, data), "`as.numeric\\(I\\(x > 0\\)\\)`", class = "relm_error")
  expect_error(relm(two ~ v, data), "`as.numeric\\(two == \"yes\"\\)`", class = "relm_error")
})

test_that("elements of a family that share a scale are of the shape of eta", {
  eta <- matrix(c(0.1, -2, 3, 0.5, 1, 1.4), 2)
  y <- rep(c(0, 1, 1), each = 2)
  scale <- matrix(2, 2, 3)
  for (row in families) {
    own <- scale_for(row, scale)
    for (element in c("log_density", "log_density_slope", "deviance")) {
      expect_identical(dim(row[[element]](y, eta, own, NULL)), dim(eta))
    }
    expect_identical(dim(row$draw(eta, own, NULL)), dim(eta))
  }
})

test_that("a row lacks no element", {
  row <- families$gaussian
  expect_identical(do.call(new_family, row), row)
  expect_error(do.call(new_family, row[names(row) != "draw"]), "draw")
})

test_that("what is made of rows goes by the row of the family", {
  case <- fit_of_counts()
  fit <- case$fit
  with_counts({
    eta <- posterior_linpred(fit)
    y <- rep(case$data$n, each = nrow(eta))

    expect_identical(posterior_epred(fit), exp(eta))
    expect_identical(posterior_linpred(fit, transform = TRUE), exp(eta))
    expect_equal(fitted(fit), apply(exp(eta), 2, stats::median))
    expect_equal(unname(log_lik(fit)), unname(stats::dpois(y, exp(eta), log = TRUE) + 0 * eta))
    expect_equal(unname(residuals(fit, summary = FALSE)), unname(y - exp(eta)))
    expect_equal(unname(residuals(fit, type = "pearson", summary = FALSE)),
                 unname((y - exp(eta)) / exp(eta / 2)))
    expect_equal(unname(residuals(fit, type = "deviance", summary = FALSE)),
                 unname(families$poisson$deviance(y, eta, NULL)))
    over_rows <- apply(exp(eta), 1, stats::var)
    expect_equal(bayes_R2(fit, summary = FALSE), over_rows / (over_rows + rowMeans(exp(eta))))
    expect_identical(family(fit)$family, "poisson")
    expect_output(print(fit), "Random-effects log-linear model: n")
  })
})

test_that("a family without a scale parameter has no row for it among the parameters", {
  posterior <- fit_of_counts()$fit$posterior
  with_counts({
    expect_identical(new_parameters(posterior)$variable, c("b_Intercept", "b_x", "sd_g__Intercept"))
  })
})

test_that("normals of rows are drawn, and their densities taken, in one file alone", {
  defined <- definitions(source_folder())
  normal <- vapply(defined$value, function(code) any(c("dnorm", "rnorm") %in% all.names(code)), NA)
  # The others have effects, starting points, proposals, priors and kernels of densities.
  expect_setequal(defined$file[normal], c("family", "collapsed", "integrate", "new_levels",
                                          "point_evidence", "prior_density", "prior_draws", "prior_effects",
                                          "prior_hyper", "start"))
})
