gaussian_row <- families$gaussian

# A family without a scale parameter, and with a link.
counts_row <- function() {
  new_family(
    name = "counts", link = "log", label = "log-linear model", scale = NULL,
    as_family = function() stats::poisson(), inverse_link = exp, inverse_link_slope = exp,
    log_density = function(y, eta, scale) {
      eta[] <- stats::dpois(y, exp(eta), log = TRUE)
      eta
    },
    log_density_slope = function(y, eta, scale) y - exp(eta),
    log_density_curvature = function(y, eta, scale) -exp(eta),
    sd = function(mean, scale) sqrt(mean),
    draw = function(eta, scale) stats::rpois(length(eta), exp(eta)), variates = stats::runif,
    check_type = function(frame) invisible(), check_values = function(frame) invisible()
  )
}

# A fit, as if its response were of that family.
fit_of_counts <- function() {
  data <- transform(grouped_data(), n = abs(round(3 * y)))
  fit <- relm(n ~ x + (1 | g), data, seed = 1, chains = 1, draws = 20)
  fit$posterior$family <- "counts"
  list(fit = fit, data = data)
}

with_counts <- function(code) {
  with_relm("families", c(families, list(counts = counts_row())), code)
}

test_that("derivatives in eta are those of the log density and of the inverse link", {
  eta <- c(-3, 0.2, 5)
  h <- 1e-4
  for (scale in c(0.3, 1, 7)) {
    at <- function(eta) gaussian_row$log_density(1.5, eta, scale)
    expect_equal(gaussian_row$log_density_slope(1.5, eta, scale),
                 (at(eta + h) - at(eta - h)) / (2 * h), tolerance = 1e-7)
    slope <- function(eta) gaussian_row$log_density_slope(1.5, eta, scale)
    expect_equal(gaussian_row$log_density_curvature(1.5, eta, scale),
                 (slope(eta + h) - slope(eta - h)) / (2 * h), tolerance = 1e-7)
  }
  expect_equal(gaussian_row$inverse_link_slope(eta), tolerance = 1e-7,
               (gaussian_row$inverse_link(eta + h) - gaussian_row$inverse_link(eta - h)) / (2 * h))
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
drawn_in_c <- function(eta, scale, weights = NULL, variates = NULL, family = "gaussian") {
  values <- matrix(0, nrow(eta), ncol(eta))
  predictor <- list(X = diag(ncol(eta)), random = list(), beta = eta, offset = NULL)
  noise <- list(family = family, scale = as.matrix(scale), stratum = NULL, weights = weights,
                variates = variates)
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

test_that("the Gaussian family may be named, and no other", {
  data <- grouped_data()
  expected <- relm(y ~ x, data, chains = 1, draws = 5, seed = 1)
  for (family in list(gaussian(), gaussian, "gaussian", stats::gaussian("identity"))) {
    fit <- relm(y ~ x, data, family = family, chains = 1, draws = 5, seed = 1)
    expect_identical(fit$sampling$hyper, expected$sampling$hyper)
  }
  expect_identical(update(fit, draws = 5)$sampling$hyper, expected$sampling$hyper)
  of_crossprods <- relm(crossprods(y ~ x, data), family = gaussian(), chains = 1, draws = 5, seed = 1)
  expect_equal(of_crossprods$sampling$hyper, expected$sampling$hyper)
  expect_error(relm(crossprods(y ~ x, data), family = poisson()), "`family` must be \"gaussian\"",
               class = "relm_error")
  refused <- function(family, says) {
    expect_error(relm(y ~ x, data, family = family), says, class = "relm_error")
  }
  refused(binomial(), "`family` must be \"gaussian\".*\"binomial\", with the link \"logit\"")
  refused(poisson, "\"poisson\"")
  refused("student", "\"student\"")
  refused(gaussian("log"), "\"gaussian\", with the link \"log\"")
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
  # The others have effects, starting points, proposals and priors.
  expect_setequal(defined$file[normal], c("family", "collapsed", "integrate", "new_levels",
                                          "prior_density", "start"))
})
