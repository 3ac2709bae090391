# Conditions under which posteriors of other families exist: against integrals, and from either
# side.

skip_on_cran()

families_by_name <- list(logit = binomial(), probit = binomial("probit"),
                         cloglog = binomial("cloglog"), poisson = poisson(),
                         negative_binomial = negative_binomial())

# Pairs of rows in groups; X: a matrix, or NULL for none.
pairs_of <- function(first, second, z = 1, trials = 1) {
  data.frame(g = rep(seq_along(first), each = 2), y = as.numeric(rbind(first, second)), z = z,
             trials = trials)
}

power_of_tau <- function(family, rows, X = matrix(0, nrow(rows), 0)) {
  power_of_fall(function(tau) log_integrated(family, rows, X, tau), c(300, 900))
}

test_that("the likelihood falls like the power that the tail of an intercept's sd says", {
  rows <- pairs_of(c(0, 0, 0, 0, 1), c(1, 1, 1, 0, 1))
  for (name in names(families_by_name)) {
    tails <- tails_in(posterior_of(y ~ 1 + (1 | g), rows, family = families_by_name[[name]]))
    # Three groups have both outcomes; four have counts above zero.
    t <- if (name %in% c("poisson", "negative_binomial")) 3 else 2
    expect_identical(tails[["sd_g__Intercept"]], t)
    expect_identical(tails[["b_Intercept"]], t)
    expect_equal(power_of_tau(name, rows, cbind(rep(1, 10))), t, tolerance = 0.01)
    proper <- relm_prior(beta = normal(0, 1))
    tails <- tails_in(posterior_of(y ~ 1 + (1 | g), rows, proper,
                                   family = families_by_name[[name]]))
    expect_identical(tails[["sd_g__Intercept"]], t + 1)
    expect_identical(tails[["b_Intercept"]], Inf)
    expect_equal(power_of_tau(name, rows), t + 1, tolerance = 0.01)
  }
})

test_that("each flat column that is constant within groups takes a group", {
  rows <- pairs_of(c(0, 0, 0, 0, 1), c(1, 1, 1, 0, 1))
  rows$x <- rep(c(0, 1, 0, 1, 0), each = 2)
  expect_equal(power_of_tau("logit", rows, cbind(1, rows$x)), 1, tolerance = 0.03)
  expect_error(posterior_of(y ~ x + (1 | g), rows, family = binomial()),
               '"Intercept": 3.*of 5 levels of `g` bound them, and the fixed terms follow 2',
               class = "relm_error")
  expect_equal(power_of_tau("logit", rows, cbind(rows$x)), 2, tolerance = 0.01)
  posterior <- posterior_of(y ~ 0 + x + (1 | g), rows, family = binomial())
  expect_identical(unname(tails_in(posterior)), c(2, 2))
  two <- rows[rows$g > 1, ]
  expect_error(posterior_of(y ~ 1 + (1 | g), two, family = binomial()),
               "Only 2 of 4 levels of `g` bound the effect.*one outcome only.*these *have 1",
               class = "relm_error")
  expect_error(posterior_of(y ~ 1 + (1 | g), two, family = poisson()), NA)
  expect_error(posterior_of(y ~ 1 + (1 | g), transform(two, y = y * (g == 5)), family = poisson()),
               "Only 1 of 4 levels of `g` bounds the effect.*no count above zero",
               class = "relm_error")
})

test_that("a column that separates the outcomes within groups makes the likelihood grow", {
  rows <- pairs_of(c(0, 0, 0), c(1, 1, 1))
  rows$x <- c(-0.5, 1, -2, -1, 1, 1.5)
  X <- cbind(rows$x)
  expect_equal(power_of_tau("logit", rows, X), -1, tolerance = 0.01)
  of_prior <- function(sd) {
    posterior_of(y ~ 0 + x + (1 | g), rows, relm_prior(sd = sd), family = binomial())
  }
  expect_error(of_prior(uniform()), "separate the outcomes within.*grows like its power 1",
               class = "relm_error")
  expect_error(of_prior(half_cauchy(1)), "grows like its power 1", class = "relm_error")
  expect_identical(unname(tails_in(of_prior(half_t(1.5, 1)))), c(1.5, 1.5))
  expect_identical(unname(tails_in(of_prior(half_normal(1)))), c(Inf, Inf))
  # The coefficient's tail, under half_t(3, 1).
  log_density <- function(beta) {
    log_tau <- seq(-3, log(beta) + 8, by = 0.1)
    likelihood <- vapply(exp(log_tau), function(tau) {
      prod(vapply(split(1:6, rows$g), function(own) {
        group_likelihood("logit", rows[own, ], X[own] * beta, tau)
      }, 0))
    }, 0)
    log(sum(likelihood * exp(log_tau) * (1 + exp(2 * log_tau) / 3)^-2))
  }
  expect_identical(unname(tails_in(of_prior(half_t(3, 1)))), c(3, 3))
  expect_equal(power_of_fall(log_density, c(1000, 3000)), 3, tolerance = 0.01)
  # A group in which it does not: nothing separates any more.
  mixed <- transform(rows, y = c(0, 1, 0, 1, 1, 0))
  expect_equal(power_of_tau("logit", mixed, X), 3, tolerance = 0.01)
  expect_identical(unname(tails_in(posterior_of(y ~ 0 + x + (1 | g), mixed, family = binomial()))),
                   c(Inf, 3))
})

test_that("slopes count where the responses bound them", {
  rows <- data.frame(g = rep(1:4, each = 3), y = c(0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1),
                     z = rep(c(-1, 0, 1), 4), trials = 1)
  expect_equal(power_of_tau("logit", rows, cbind(rep(1, 12))), 2, tolerance = 0.01)
  # Rows in which z is zero bound the intercept.
  posterior <- posterior_of(y ~ 1 + (0 + z | g), rows, family = binomial())
  expect_identical(unname(tails_in(posterior)), c(Inf, 2))
  expect_equal(power_of_tau("logit", rows, cbind(rows$z)), 1, tolerance = 0.01)
  expect_error(posterior_of(y ~ 0 + z + (0 + z | g), rows, family = binomial()),
               class = "relm_error")
})

test_that("columns of one grouping and of several are judged together", {
  expect_error(posterior_of(y ~ 1 + (1 + z || g), family = binomial(),
                            data = pairs_of(c(1, 0, 2), c(2, 1, 0), z = c(0, 1), trials = 2) |>
                              transform(y = cbind(y, 2 - y))), class = "relm_error")
  crossed <- expand.grid(g = 1:3, h = 1:3)
  crossed$y <- cbind(rep(1, 9), 1)
  # t of both groupings is 3 + 3 - 1 - 1.
  tails <- tails_in(posterior_of(y ~ 1 + (1 | g) + (1 | h), crossed, family = binomial()))
  expect_identical(unname(tails), c(2, 2, 2))
  same <- transform(crossed, h = g)
  expect_error(posterior_of(y ~ 1 + (1 | g) + (1 | h), same, family = binomial()),
               "taken *together", class = "relm_error")
})

test_that("outcomes that columns separate are refused, with the columns", {
  data <- data.frame(w = 1:10, v = c(3, 1, 4, 1, 5, 9, 2, 6, 5, 3))
  refused <- function(formula, message, family = binomial(), ...) {
    expect_error(posterior_of(formula, data, family = family, ...), message, class = "relm_error")
    data$g <- rep(1:5, 2)
    with_groups <- update(formula, . ~ . + (1 | g))
    proper <- relm_prior(beta = normal(0, 2.5, autoscale = TRUE), sd = half_normal(1))
    expect_error(posterior_of(with_groups, data, family = family), message, class = "relm_error")
    expect_s3_class(posterior_of(with_groups, data, proper, family = family), "relm_posterior")
  }
  data$late <- data$w > 5
  refused(late ~ w + v, 'separate successes from failures\\..*of *"Intercept" and "w" grow')
  data$later <- pmin(data$w, 5)
  data$latest <- c(rep(0, 4), 1, 0, 0, 1, 1, 1)
  refused(latest ~ later + v, 'in some *rows.*of *"Intercept" and "later" grow')
  data$none <- 0
  data$all <- 1
  refused(none ~ v, 'No trial is a success.*coefficient of *"Intercept" grows')
  refused(all ~ v, 'All trials are successes.*coefficient of *"Intercept" grows')
  refused(none ~ v, "All counts are zero.*coefficient of", poisson())
  refused(none ~ v, "All counts are zero", negative_binomial())
  data$rare <- as.numeric(data$w == 10)
  # Counts: the one above zero pins one dimension of two, the zeros lie on one side of it.
  refused(rare ~ w, 'leave a *combination.*of *"Intercept" and "w" grow', poisson())
  inside <- transform(data, rare = as.numeric(w == 5))
  expect_error(posterior_of(rare ~ w, inside, family = poisson()), NA)
  expect_error(posterior_of(late ~ v, data, family = binomial()), NA)
  partly <- relm_prior(beta = list(w = normal(0, 1)))
  expect_error(posterior_of(late ~ w, data, partly, family = binomial()), NA)
})

test_that("the negative binomial's shape needs counts above zero where its prior reaches zero", {
  # log p(y | r), two flat coefficients integrated out.
  log_likelihood <- function(r, X, y) {
    nodes <- kinked_nodes(c(0, log(r)), 60 / r, 5)
    log_density <- 0
    for (i in seq_along(y)) {
      eta <- outer(X[i, 1] * nodes$x, X[i, 2] * nodes$x, `+`)
      log_density <- log_density + plain_log_density("negative_binomial", y[i], 1, eta, r) +
        lgamma(y[i] + r) - lgamma(r)
    }
    log(sum(outer(nodes$w, nodes$w) * exp(log_density)))
  }
  data <- data.frame(x = c(-1, 0, 1), one = c(0, 2, 0), two = c(0, 2, 1))
  X <- cbind(1, data$x)
  power <- function(y) -power_of_fall(function(r) log_likelihood(r, X, y), c(1e-4, 1e-3))
  expect_equal(power(data$one), -1, tolerance = 0.02)
  expect_lt(abs(power(data$two)), 0.02)
  of_prior <- function(formula, prior) {
    unname(tails_in(posterior_of(formula, data, prior, family = negative_binomial())))
  }
  expect_error(of_prior(one ~ x, relm_prior()), "Too few counts above zero", class = "relm_error")
  expect_error(of_prior(one ~ x, relm_prior(shape = gamma(1, 1))), "Too few counts above zero",
               class = "relm_error")
  expect_equal(of_prior(one ~ x, relm_prior(shape = gamma(1.5, 1))), c(1.5, 1.5, Inf))
  # half_t(3) of r^(-1/2) is like r^(1/2) near zero, and like r^(-3/2) far out.
  expect_equal(of_prior(one ~ x, relm_prior(shape = half_t(3, 1))), c(1.5, 1.5, 1.5))
  expect_identical(of_prior(one ~ x, relm_prior(shape = half_normal(1))), c(Inf, Inf, 1.5))
  expect_equal(of_prior(two ~ x, relm_prior(shape = gamma(0.01, 0.01))), c(1.01, 1.01, Inf))
})

test_that("rows that are merged, units and origins change nothing", {
  set.seed(4)
  data <- data.frame(x = rnorm(60), g = rep(1:6, 10))
  data$y <- rbinom(60, 1, plogis(data$x))
  far <- transform(data, x = 1e9 + 1e4 * x)
  small <- transform(data, x = 1e-9 * x)
  split <- transform(data, x = 1e9 + 1e4 * x, y = as.numeric(x > 0.1))
  for (one in list(data, far, small)) {
    tails <- tails_in(posterior_of(y ~ x + (1 | g), one, family = binomial()))
    expect_identical(unname(tails), c(5, Inf, 5))
  }
  expect_error(posterior_of(y ~ x, split, family = binomial()), '"Intercept" and "x"',
               class = "relm_error")
  expect_error(posterior_of(y ~ x, transform(split, y = replace(y, which.max(x), 0)),
                            family = binomial()), NA)
})
