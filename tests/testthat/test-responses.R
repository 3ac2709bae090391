# Rows of few distinct values, so that many are equal, in groups of two groupings.
merging_data <- function(n = 600) {
  set.seed(8)
  data <- data.frame(x = sample(c(-1, 0, 2.5), n, TRUE), f = sample(c("u", "v"), n, TRUE),
                     o = sample(c(0, 0.3), n, TRUE), g = sample(letters[1:5], n, TRUE),
                     h = sample(LETTERS[1:3], n, TRUE), times = 1 + rpois(n, 1))
  data$m <- 1 + rpois(n, 2)
  data$s <- rbinom(n, data$m, 0.3)
  data$k <- rpois(n, 2)
  data
}

# The log likelihood given eta of all rows, from the rows and from the merged ones. b: coefficients;
# u: effects of the first column of Z in the groups of each grouping.
log_likelihoods <- function(crossprods, design, b, u, r = NULL) {
  family <- family_of(design)
  rows <- rows_of_family(design)
  groups <- vapply(find_cells(design)$groups, `[[`, rows$group, "index")
  predictor <- function(X, Z, group, offset) {
    effects <- lapply(seq_along(u), function(g) u[[g]][group[, g]] * Z[, 1])
    drop(X %*% b) + Reduce(`+`, effects, offset)
  }
  eta <- predictor(rows$X, rows$Z, groups, rows$offset)
  times <- if (is.null(rows$times)) 1 else rows$times
  of_rows <- sum(times * family$log_density(rows$y, eta, r, rows$trials))
  merged <- crossprods$responses
  eta <- predictor(merged$X, merged$Z, merged$group, merged$offset)
  of_merged <- switch(family$name,
    binomial = {
      p <- family$inverse_link(eta)
      sum(merged$y * log(p) + (merged$trials - merged$y) * log1p(-p))
    },
    poisson = sum(merged$y * eta - merged$trials * exp(eta)),
    negative_binomial = sum(merged$y * (eta - log(r)) -
                              (merged$y + merged$trials * r) * log1p(exp(eta) / r)) +
      sum(merged$times * (lgamma(merged$values + r) - lgamma(r)))
  )
  c(of_rows, of_merged + merged$log_constant)
}

rows_of_family <- function(design) {
  rows <- design_rows(design)
  if (is.null(rows$offset)) rows$offset <- 0
  rows$group <- integer(length(rows$y))
  rows
}

designs <- function(data) {
  list(
    relm_design(cbind(s, m - s) ~ x + f + offset(o) + (x | g) + (1 | h), data, family = binomial()),
    relm_design(s / m ~ x + (1 | g), data, weights = m, family = binomial("probit")),
    relm_design(as.numeric(s > 0) ~ x + f, data, family = binomial("cloglog")),
    relm_design(k ~ x + (1 | g), data, weights = times, offset = o, family = poisson()),
    relm_design(k ~ x + f + (1 | g) + (1 | h), data, weights = times, family = negative_binomial())
  )
}

test_that("merged rows have the likelihood of all", {
  data <- merging_data()
  for (design in designs(data)) {
    crossprods <- crossprods(design)
    expect_lt(length(crossprods$responses$y), 250)
    b <- seq_along(crossprods$fixed) / 7 - 0.4
    u <- lapply(crossprods$groupings, function(grouping) sin(seq_along(grouping$groups)))
    both <- log_likelihoods(crossprods, design, b, u, r = 1.7)
    expect_equal(both[1], both[2], tolerance = 1e-12)
  }
})

test_that("rows are sorted by their groups and differ from each other", {
  for (design in designs(merging_data())) {
    responses <- crossprods(design)$responses
    expect_identical(ncol(responses$group), length(design$group))
    if (ncol(responses$group)) {
      sorted <- do.call(order, columns_of(responses$group))
      expect_identical(sorted, seq_along(responses$y))
    }
    rows <- cbind(responses$group, responses$Z, responses$X, responses$offset)
    expect_false(anyDuplicated(rows) > 0)
  }
})

test_that("cross-products beside them are those of X and Z without a response", {
  data <- merging_data()
  own <- crossprods(k ~ x + (x | g), data, family = poisson())
  linear <- crossprods(k ~ x + (x | g), data)
  expect_equal(own$cells$factor[, 1:4, ], linear$cells$factor[, 1:4, ])
  expect_true(all(own$cells$factor[, 5, ] == 0))
  expect_equal(own$strata$factor[1:2, 1:2, ], linear$strata$factor[1:2, 1:2, ])
  expect_null(linear$responses)
  expect_identical(own$n_rows, 600)
})

test_that("chunks, and parts in any order, give the same", {
  data <- merging_data()
  whole <- lapply(designs(data), crossprods)
  chunked <- with_relm("chunk_rows", 170L, with_relm("most_unmerged", 100L, {
    lapply(designs(data), crossprods)
  }))
  for (i in seq_along(whole)) expect_equal(chunked[[i]]$responses, whole[[i]]$responses)
  parts <- list(designs(data[1:250, ]), designs(data[251:600, ]))
  for (i in seq_along(whole)) {
    sum <- crossprods(parts[[1]][[i]]) + crossprods(parts[[2]][[i]])
    expect_equal(sum$responses, whole[[i]]$responses)
    # In the other order groups have other numbers.
    back <- crossprods(parts[[2]][[i]]) + crossprods(parts[[1]][[i]])
    by_label <- function(crossprods) {
      responses <- crossprods$responses
      labels <- lapply(seq_along(crossprods$groupings), function(g) {
        crossprods$groupings[[g]]$groups[responses$group[, g]]
      })
      table <- data.frame(responses[c("X", "Z", "offset", "y", "trials")])
      if (length(labels)) table <- cbind(as.data.frame(labels, col.names = seq_along(labels)), table)
      table <- table[do.call(order, unname(as.list(table))), ]
      rownames(table) <- NULL
      table
    }
    expect_equal(by_label(back), by_label(whole[[i]]))
    expect_equal(back$responses[c("values", "times", "log_constant")],
                 whole[[i]]$responses[c("values", "times", "log_constant")])
  }
})

test_that("other families, links and responses do not add up", {
  data <- merging_data()
  logit <- crossprods(as.numeric(s > 0) ~ x, data, family = binomial())
  expect_error(logit + crossprods(as.numeric(s > 0) ~ x, data, family = binomial("probit")),
               "differ in their family.*link logit.*link probit", class = "relm_error")
  expect_error(logit + crossprods(as.numeric(s > 0) ~ x, data), "differ in their family",
               class = "relm_error")
})

test_that("aliased columns are dropped from them too", {
  data <- transform(merging_data(), twice = 2 * x)
  crossprods <- crossprods(k ~ x + twice + f + (1 | g), data, family = poisson())
  prior <- relm_prior(sd = half_t(3, 1))
  expect_message(posterior <- relm_posterior(crossprods, prior), "twice")
  expected <- crossprods(k ~ x + f + (1 | g), data, family = poisson())$responses
  expect_equal(posterior$responses, expected)
})

test_that("they print, are saved, and are checked for what was changed by hand", {
  data <- merging_data()
  crossprods <- crossprods(cbind(s, m - s) ~ x + (1 | g), data, family = binomial())
  expect_output(print(crossprods),
                paste0("family: binomial, link logit\nresponses: ", sum(data$s), " successes in ",
                       sum(data$m), " trials, 15 rows"))
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(crossprods, file)
  expect_identical(readRDS(file)$responses, crossprods$responses)
  broken <- function(part, change, says) {
    edited <- crossprods
    edited$responses[[part]] <- change(edited$responses[[part]])
    expect_error(relm_posterior(edited), says, class = "relm_error")
  }
  broken("y", function(y) y + 1e4, "responses\\$y")
  broken("y", function(y) y[-1], "responses\\$X")
  broken("trials", function(x) x / 2, "responses\\$trials")
  broken("X", function(X) X[, 1], "responses\\$X")
  broken("Z", function(Z) replace(Z, 1, NaN), "responses\\$Z")
  broken("group", function(group) group[rev(seq_along(group)), , drop = FALSE], "responses\\$group")
  broken("group", function(group) group + 1L, "responses\\$group")
  crossprods$responses <- NULL
  expect_error(relm_posterior(crossprods), "`responses` is no list", class = "relm_error")
})

test_that("many rows of few distinct values take the memory of these", {
  set.seed(2)
  n <- 2e5
  data <- data.frame(y = rbinom(n, 1, 0.2), x = rep_len(0:4, n), g = rep_len(1:3, n))
  crossprods <- crossprods(y ~ x + (1 | g), data, family = binomial())
  expect_identical(length(crossprods$responses$y), 15L)
  expect_identical(sum(crossprods$responses$y), sum(data$y) + 0)
  expect_identical(crossprods$responses$trials[1], sum(data$x == 0 & data$g == 1) + 0)
  expect_lt(as.numeric(utils::object.size(crossprods)), 3e4)
})
