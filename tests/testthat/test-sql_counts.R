# Other responses: rows counted in the database against a data frame.

outcomes <- function() {
  set.seed(9)
  n <- 300
  data <- data.frame(g = rep(c("b", "A", "c", "d"), each = n / 4), h = rep_len(1:5, n),
                     x = sample(0:3, n, TRUE), f = sample(c("u", "v"), n, TRUE))
  data <- data[order(data$g, method = "radix"), ]
  eta <- -0.5 + data$x / 3 + (data$f == "u") / 2 + stats::rnorm(4)[match(data$g, unique(data$g))]
  data$won <- stats::rbinom(n, 1, stats::plogis(eta))
  data$trials <- 1 + stats::rpois(n, 2)
  data$wins <- stats::rbinom(n, data$trials, stats::plogis(eta))
  data$count <- stats::rpois(n, exp(eta))
  data$time <- sample(c(1, 2, 5), n, TRUE)
  data$x[10] <- data$won[20] <- data$count[30] <- NA
  data
}

responses_models <- list(
  list(won ~ x + f + (1 | g), family = "binomial"),
  list(cbind(wins, trials - wins) ~ x + (1 + x | g), family = "binomial"),
  list(I(wins / trials) ~ x + (1 | g), family = "binomial", weights = quote(trials)),
  list((won == 1) ~ x + (1 | g), family = "binomial"),
  list(factor(won) ~ x * f, family = stats::binomial("probit")),
  list(count ~ x + offset(log(time)) + (1 | g), family = "poisson"),
  list(count ~ x + (1 | g) + (1 | h), family = "negative_binomial", weights = quote(time))
)

test_that("rows that are counted are those of the data frame, merged", {
  data <- outcomes()
  table <- sqlite_table(data)
  for (model in responses_models) {
    own <- crossprods_of_model(model, table)
    theirs <- crossprods_of_model(model, data)
    expect_crossprods_of_rows(own, theirs)
    sums <- function(made) {
      r <- made$responses
      labels <- lapply(seq_along(made$groupings), function(g) {
        made$groupings[[g]]$groups[r$group[, g]]
      })
      key <- do.call(paste, c(labels, as.data.frame(signif(cbind(r$X, r$offset), 10))))
      list(y = tapply(r$y, key, sum), trials = tapply(r$trials, key, sum))
    }
    expect_equal(sums(own), sums(theirs), tolerance = 1e-12)
    expect_equal(own$responses$log_constant, theirs$responses$log_constant, tolerance = 1e-12)
    expect_equal(own$responses[c("values", "times")], theirs$responses[c("values", "times")])
  }
})

test_that("draws are those of the data frame", {
  data <- outcomes()
  table <- sqlite_table(data)
  for (model in responses_models[c(1, 6)]) {
    fit <- function(data) {
      suppressMessages(relm(crossprods_of_model(model, data), chains = 1, draws = 60, warmup = 60,
                            seed = 2))
    }
    expect_lt(distance_of_draws(fit(table), fit(data)), 1e-8)
  }
})

test_that("responses that are none are refused", {
  data <- outcomes()
  data$two <- data$won + 1
  table <- sqlite_table(data)
  refused <- function(formula, says, ...) {
    expect_error(suppressMessages(crossprods(formula, table, ...)), says, class = "relm_error")
  }
  refused(two ~ x + (1 | g), "must be 0 or 1", family = "binomial")
  refused(I(count - 1) ~ x + (1 | g), "not negative", family = "poisson")
  refused(won ~ log(x) + (1 | g), "must be finite", family = "binomial")
  refused(count ~ x + (1 | g), "In 1 row", family = "poisson",
          weights = ifelse(h == 1 & x == 9, 0, time / (count + 1)))
  refused(won ~ x + f + (1 | g), "The rows make", family = "binomial", max_cells = 10)
})
