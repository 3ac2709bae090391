# Student's t residuals: the sampler against quadrature, itself in parts, and other samplers.

test_that("draws are those of the posterior by quadrature, by every sampler", {
  skip_on_cran()
  set.seed(11)
  group <- rep(1:5, each = 4)
  y <- 0.5 + rnorm(5)[group] + 0.5 * rt(20, 2)
  exact <- exact_student(y, group)
  data <- data.frame(y, g = group)
  thin <- c(collapsed = 1, interweaved = 1, centered = 3, uncentered = 3)
  for (sampler in names(thin)) {
    fit <- relm(y ~ 1 + (1 | g), data, family = student(), prior = student_prior(), seed = 3,
                sampler = sampler, draws = 4000, thin = thin[[sampler]])
    expect_agreement(fit, exact, sampler, probabilities = c(0.025, 0.25, 0.5, 0.75, 0.975))
  }
})

test_that("few groups, and groups that do not differ, have their exact posterior", {
  skip_on_cran()
  set.seed(12)
  cases <- list(list(rep(1:2, c(3, 6)), c(-1, 1)), list(rep(1:3, each = 4), c(0, 0, 0)))
  for (case in cases) {
    group <- case[[1]]
    y <- case[[2]][group] + 0.5 * rt(length(group), 3)
    exact <- exact_student(y, group)
    fit <- relm(y ~ 1 + (1 | g), data.frame(y, g = group), family = student(),
                prior = student_prior(), seed = 3, draws = 4000)
    expect_agreement(fit, exact, paste(length(case[[2]]), "groups"))
  }
})

test_that("of a known, huge number of degrees of freedom they are a linear model's", {
  data <- student_data(120, 1e6)
  prior <- relm_prior(df = fixed(1e15))
  near <- relm(y ~ x + (1 + x | a), data, family = student(), prior = prior, seed = 1)
  normal <- relm(y ~ x + (1 + x | a), data, seed = 2)
  names <- variables(normal)
  draws <- lapply(list(near, normal), as_draws_array)
  expect_identical(unique(as.numeric(as.matrix(near, "df"))), 1e15)
  for (name in names) {
    x <- lapply(draws, function(d) matrix(d[, , name], dim(d)[1]))
    error <- sqrt(sum(vapply(x, posterior::mcse_median, 0)^2))
    expect_lt(abs(median(x[[1]]) - median(x[[2]])), 4 * error, label = name)
  }
})

test_that("with normal residuals nothing sticks", {
  set.seed(2)
  data <- data.frame(g = rep(1:12, each = 20))
  data$y <- rnorm(12)[data$g] + rnorm(240)
  fit <- relm(y ~ 1 + (1 | g), data, family = student(), seed = 1)
  summary <- posterior::summarise_draws(as_draws(fit, c("df", "sigma", "sd_g__Intercept")),
                                        "rhat", "ess_bulk", "ess_tail")
  expect_lt(max(summary$rhat), 1.01)
  expect_gt(min(summary$ess_bulk, summary$ess_tail), 1000)
  expect_gt(median(as.matrix(fit, "df")), 10)
})

models_of_student <- list(
  slopes = list(y ~ x + (1 + x | a), weights = quote(w)),
  strata = list(y ~ x + (1 | a), sigma = ~ f),
  pooled = list(y ~ x + (1 | a), sigma = ~ f, prior = quote(relm_prior(sigma = pooled()))),
  nested = list(y ~ x + (1 | a) + (1 | c)),
  crossed = list(y ~ x + (1 | a) + (1 | b)),
  scan = list(y ~ x + (1 + x | a) + (1 + x | b)),
  crossed_strata = list(y ~ x + (1 | a) + (1 | b), sigma = ~ f),
  structured = list(y ~ x + cs(1 + x | a)),
  known = list(y ~ x + (1 | a), prior = quote(relm_prior(sigma = fixed(0.7)))),
  no_groups = list(y ~ x)
)

fit_student <- function(model, data, ...) {
  eval(as.call(c(list(quote(relm)), models_of_student[[model]],
                 list(data = quote(data), family = quote(student()), ...))))
}

test_that("the collapsed sampler and the interweaved one agree", {
  skip_on_cran()
  data <- student_data()
  for (model in setdiff(names(models_of_student), c("structured", "no_groups"))) {
    fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
      suppressMessages(fit_student(model, data, sampler = sampler, seed = 4, draws = 1500))
    })
    names <- variables(fits[[1]])
    names <- names[!grepl("^r_", names)]
    distances <- median_distances(lapply(fits, function(fit) fit))[names]
    # What is known, and what does not move, has no error.
    expect_lt(max(abs(distances), na.rm = TRUE), 4, label = model)
  }
})

test_that("groupings of any structure have the same posterior by both samplers", {
  skip_on_cran()
  data <- transform(joint_data(), k = rep_len(c("u", "v", "w", "z"), 60), twin = b)
  set.seed(6)
  data$y <- data$y + 0.5 * rt(nrow(data), 2)
  for (formula in structures_of_groupings) {
    fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
      suppressMessages(relm(formula, data, family = student(), sampler = sampler, seed = 4,
                            prior = relm_prior(sd = half_normal(1)), draws = 1500))
    })
    names <- variables(fits[[1]])
    distances <- median_distances(fits)[names[!grepl("^r_", names)]]
    expect_lt(max(abs(distances)), 4, label = deparse1(formula))
  }
})

test_that("a chain in two pieces is the chain in one", {
  data <- student_data()
  for (model in names(models_of_student)) {
    fit <- function(draws) {
      suppressMessages(fit_student(model, data, seed = 6, draws = draws, chains = 1,
                                   warmup = 60))
    }
    expect_identical(as.matrix(extend(fit(10), draws = 15)), as.matrix(fit(25)), label = model)
  }
})

test_that("starts from another fit begin where it ended", {
  data <- student_data(100)
  first <- relm(y ~ x + (1 | a), data, family = student(), seed = 1, draws = 20, chains = 2)
  again <- relm(y ~ x + (1 | a), data, family = student(), init = first, seed = 2, draws = 20,
                chains = 2)
  expect_true(all(is.finite(as.matrix(again))))
  expect_true(all(as.matrix(again, "df") > 1))
})

test_that("calibrated: ranks of parameters among draws are uniform", {
  skip_on_cran()
  data <- student_data(60)[c("a", "b", "x", "f")]
  data$y <- rnorm(60)
  for (formula in list(y ~ x + (1 + x | a), y ~ x + (1 | a) + (1 | b))) {
    fit <- relm(formula, data, family = student(), prior = student_prior(), prior_only = TRUE,
                seed = 1, draws = 10, chains = 1)
    ranks <- suppressWarnings(sbc(fit, n_sims = 100, draws = 49, thin = 3, seed = 5))
    expect_gt(min(summary(ranks)$p) * ncol(ranks), 0.01, label = deparse1(formula))
    expect_lt(max(abs(summary(ranks)$mean - 0.5) / summary(ranks)$error), 4)
  }
})

test_that("rows of any source give the draws of the data frame", {
  data <- student_data(90)
  data <- data[order(data$a, data$b, data$f), ]
  draw <- function(source, ...) {
    fit <- relm(..., data = source, family = student(), seed = 1, draws = 20, chains = 1)
    as.matrix(fit)
  }
  expect_chunks <- function(...) {
    whole <- draw(data, ...)
    expect_equal(draw(chunks_of(data, 40), ...)[, colnames(whole)], whole, tolerance = 1e-9)
  }
  expect_chunks(y ~ x + (1 | a), weights = w)
  expect_chunks(y ~ x + (1 | a), sigma = ~ f)
  expect_chunks(y ~ x + (1 | a) + (1 | b))
  skip_if_not_installed("RSQLite")
  skip_if_not_installed("dbplyr")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  data$c <- NULL
  # Equal rows are counted there, and are as many here.
  data <- rbind(data, data[c(3, 3, 40), ])
  data <- data[order(data$a, data$b, data$f), ]
  DBI::dbWriteTable(connection, "rows", data)
  table <- dplyr::tbl(connection, "rows")
  data$a <- as.character(data$a)
  for (sigma in list(~ 1, ~ f)) {
    whole <- draw(data, y ~ x + (1 | a), sigma = sigma)
    expect_equal(unname(draw(table, y ~ x + (1 | a), sigma = sigma)), unname(whole),
                 tolerance = 1e-9)
  }
})

test_that("cross-products of parts add up, and rows are taken out again", {
  data <- student_data(80)
  products <- function(rows) {
    crossprods(y ~ x + (1 | a) + (1 | b), data[rows, ], weights = w, sigma = ~ f,
               family = student())
  }
  whole <- products(1:80)
  sum <- products(1:50) + products(51:80)
  expect_equal(sum$responses[names(whole$responses)], whole$responses)
  left <- update(whole, remove = products(51:80))
  expect_equal(left$responses, products(1:50)$responses)
  other <- products(51:80)
  other$responses$y <- other$responses$y + 1
  expect_error(update(whole, remove = other), "other responses", class = "relm_error")
})

test_that("the prior of the degrees of freedom is the one that is asked for", {
  data <- student_data(40)
  draws <- function(df) {
    prior <- student_prior()
    prior["df"] <- list(df)
    fit <- relm(y ~ x + (1 | a), data, family = student(), prior = prior, prior_only = TRUE,
                seed = 3, draws = 4000, chains = 1)
    as.numeric(as.matrix(fit, "df"))
  }
  above <- function(q, shape, rate) 1 - stats::pgamma(q, shape, rate)
  for (case in list(list(NULL, 2, 0.1), list(relm_prior(df = gamma(3, 0.5))$df, 3, 0.5),
                    list(relm_prior(df = exponential(0.2))$df, 1, 0.2))) {
    df <- draws(case[[1]])
    expect_gt(min(df), 1)
    for (q in c(2, 5, 20)) {
      p <- above(q, case[[2]], case[[3]]) / above(1, case[[2]], case[[3]])
      expect_lt(abs(mean(df > q) - p), 4 * sqrt(p * (1 - p) / 4000))
    }
  }
  expect_identical(unique(draws(fixed(3))), 3)
  expect_error(relm_prior(df = half_t(3, 1)), "df", class = "relm_error")
  expect_error(relm(y ~ x, data, family = student(), prior = relm_prior(shape = exponential(1))),
               "`shape`.*negative_binomial", class = "relm_error")
  expect_error(relm(y ~ x + (1 | a), data, prior = relm_prior(df = fixed(3))),
               "degrees of freedom", class = "relm_error")
})

test_that("predictions, densities and residuals are those of the t distribution", {
  data <- student_data(60)
  fit <- relm(y ~ x + (1 | a), data, weights = w, family = student(), seed = 1, draws = 50,
              chains = 2)
  eta <- posterior_linpred(fit)
  df <- as.numeric(as.matrix(fit, "df"))
  scale <- outer(as.numeric(as.matrix(fit, "sigma")), sqrt(data$w), "/")
  e <- rep(data$y, each = 100) - eta
  expect_identical(posterior_epred(fit), eta)
  expect_equal(unname(log_lik(fit)), unname(dt(e / scale, df, log = TRUE) - log(scale)))
  deviance <- sign(e) * sqrt((df + 1) * log1p((e / scale)^2 / df))
  expect_equal(unname(residuals(fit, type = "deviance", summary = FALSE)), unname(deviance))
  sd <- scale * sqrt(ifelse(df > 2, df / (df - 2), Inf))
  expect_equal(unname(residuals(fit, type = "pearson", summary = FALSE)), unname(e / sd))
  # A t variable of a draw's degrees of freedom: its distribution function is uniform.
  many <- relm(y ~ 1, data.frame(y = rt(30, 3)), family = student(), seed = 1, draws = 2000,
               chains = 1)
  y <- posterior_predict(many, data.frame(y = 0), seed = 2)
  u <- pt((y - posterior_linpred(many, newdata = data.frame(y = 0))) /
            as.numeric(as.matrix(many, "sigma")), as.numeric(as.matrix(many, "df")))
  expect_gt(suppressWarnings(ks.test(as.numeric(u), "punif"))$p.value, 1e-3)
})

test_that("a variance is shown where the degrees of freedom are known to be above two", {
  data <- student_data(60)
  fit <- function(df) {
    relm(y ~ x + (1 | a), data, family = student(), prior = relm_prior(df = df), seed = 1,
         draws = 50, chains = 2)
  }
  error <- function(fit) predict(fit, data[1:2, ], seed = 1)[, "Est.Error"]
  expect_true(all(is.na(error(fit(NULL)))))
  expect_true(all(is.na(error(fit(fixed(2))))))
  expect_true(all(error(fit(fixed(3))) > 0))
  expect_true(all(fitted(fit(NULL), summary = TRUE)[, "Est.Error"] > 0))
})

test_that("a family is named as other packages name it", {
  data <- student_data(40)
  named <- structure(list(family = "t", link = "identity"), class = "family")
  draw <- function(family) {
    as.matrix(relm(y ~ x, data, family = family, seed = 1, draws = 5, chains = 1))
  }
  expect_identical(draw("student"), draw(student()))
  expect_identical(draw(named), draw(student))
  expect_error(student("log"), "link", class = "relm_error")
})

test_that("what has no formula is refused by name", {
  data <- student_data(60)
  fit <- relm(y ~ x + (1 | a), data, family = student(), seed = 1, draws = 20, chains = 2)
  no_formula <- function(code) expect_error(code, "integrated out.*no formula", class = "relm_error")
  no_formula(logml(fit))
  no_formula(logml(fit, method = "bridge", seed = 1, threads = 2))
  for (package in c("bridgesampling")) skip_if_not_installed(package)
  no_formula(bridgesampling::bridge_sampler(fit))
  no_formula(bridgesampling::bayes_factor(fit, fit))
  no_formula(bridgesampling::post_prob(fit, fit))
  expect_error(log_lik(fit, by = "group"), "integrated out.*no formula", class = "relm_error")
})

test_that("a group's own estimate is the maximum of its likelihood", {
  set.seed(3)
  own <- list(y = c(rnorm(8), 9), offset = numeric(9), weights = rep(1, 9),
              scale = list(sigma = 0.8, df = 3), family = families$student,
              columns = matrix(1, 9, 1))
  value <- own_values(own, matrix(1, 1, 1))
  likelihood <- function(m) sum(families$student$log_density(own$y, m + 0 * own$y, own$scale))
  best <- stats::optimize(likelihood, c(-2, 2), maximum = TRUE, tol = 1e-9)$maximum
  expect_equal(value, best, tolerance = 1e-6)
})
