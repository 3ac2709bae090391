# Nodes far from the mode, and of many rows.

skip_on_cran()

data <- family_data()

test_that("lattices reach as far as groups of nothing but zeros, or of large counts and offsets, do", {
  for (sd in c(1, 5, 20, 300)) {
    for (offset in c(-20, 0, 20)) {
      data$y <- as.numeric(data$g == "f")
      data$count <- round(exp(data$x + 8)) * (data$g != "e")
      data$o <- offset
      for (case in family_cases()[c("logit", "poisson", "dispersed")]) {
        posterior <- family_posterior(case, ~ x + offset(o) + (1 | g), data)
        model <- model_of(posterior)
        tuning <- family_tuning_of(model)
        shape <- if (has_shape(model)) 3
        point <- family_point(model, tuning, sd, NULL, c(-1, 0.5), shape)
        at <- function(fineness) log_target(model, family_tuning_of(model, fineness), point, 1)
        expect_true(is.finite(at(1)))
        expect_lt(abs(at(1) - at(0.5)), 1e-5)
      }
    }
  }
})

test_that("many rows of a group lose no digits, and threads change none", {
  set.seed(2)
  many <- data.frame(g = rep(c("a", "b", "c"), c(20000, 3, 4)), x = rnorm(20007))
  many$y <- rbinom(20007, 1, plogis(many$x))
  model <- model_of(family_posterior(family_cases()$logit, ~ x + (1 | g), many))
  tuning <- family_tuning_of(model)
  point <- c(0.5, 0.1, 2)
  half <- log_target(model, family_tuning_of(model, 0.5), point, 1)
  expect_lt(abs(log_target(model, tuning, point, 1) - half), 1e-7)
  groups <- data.frame(g = rep(seq_len(3000), each = 2), y = rep(0:1, 3000))
  model <- model_of(family_posterior(family_cases()$logit, ~ 1 + (1 | g), groups))
  tuning <- family_tuning_of(model)
  on_two <- replace(tuning, "threads", 2L)
  expect_identical(log_target(model, tuning, c(0.5, 0.1), 1), log_target(model, on_two, c(0.5, 0.1), 1))
})

test_that("rows of few trials, multiplied, and of many, by logarithms, have the integral of a grid", {
  for (most in c(3, 64, 65, 400)) {
    data$size <- rep_len(c(1, 2, most, 7), nrow(data))
    data$wins <- round(data$size * plogis(data$x))
    case <- list(response = quote(cbind(wins, size - wins)), family = binomial())
    for (terms in list(~ x + (1 | g), ~ x + (1 + x | g))) {
      posterior <- family_posterior(case, terms, data)
      model <- model_of(posterior)
      tuning <- family_tuning_of(model)
      q <- length(tuning$scale)
      values <- vapply(c(0.2, 0.5, 1), function(sd) {
        L <- diag(sd, q)
        beta <- c(0.2, -0.3)
        at <- log_target(model, tuning, family_point(model, tuning, rep(sd, q), if (q == 2) 0, beta), 1)
        exact <- likelihood_on_grid(posterior, beta, L)
        prior <- sum(dt(rep(sd, q) / 2.5, 3, log = TRUE) + log(cosh(asinh(sd / tuning$scale))))
        at - exact - prior
      }, 0)
      expect_lt(diff(range(values)), 1e-5)
    }
  }
})

test_that("rare successes among very many trials have the integral of a grid, by every link", {
  data$size <- 1e6
  data$wins <- 30 + seq_len(nrow(data))
  for (link in c("logit", "probit", "cloglog")) {
    case <- list(response = quote(cbind(wins, size - wins)), family = binomial(link))
    posterior <- family_posterior(case, ~ x + (1 | g), data)
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    values <- vapply(c(2e-5, 5e-5, 8e-5), function(share) {
      beta <- c(binomial(link)$linkfun(share), 0.01)
      at <- log_target(model, tuning, family_point(model, tuning, 0.05, NULL, beta), 1)
      at - sum(dnorm(beta, 0, 5, log = TRUE)) - likelihood_on_grid(posterior, beta, matrix(0.05))
    }, 0)
    # Of 1,700 successes, each of whose log densities would be off by less than 1e-4.
    expect_lt(diff(range(values)), 1e-5)
  }
})
