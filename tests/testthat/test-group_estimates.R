data <- grouped_data(12)
fit <- relm(y ~ x + (1 + v | g), data, seed = 1, chains = 2, draws = 100)

test_that("ranef() and coef() have classes, and become long tables", {
  for (method in c("ranef", "coef")) {
    estimates <- get(method)(fit)
    expect_s3_class(estimates, paste0(method, ".relm"), exact = TRUE)
    table <- as.data.frame(estimates)
    expect_named(table, c("grpvar", "term", "grp", "condval", "condsd"))
    expect_identical(table$condval, unlist(estimates$g, use.names = FALSE))
    prefix <- if (method == "ranef") "r" else "coef"
    names <- sprintf("%s_g[%s,%s]", prefix, table$grp, sub("(Intercept)", "Intercept", table$term,
                                                           fixed = TRUE))
    draws <- as.matrix(fit, unique(names))
    expect_equal(table$condsd, unname(apply(draws, 2, sd)[names]))
    expect_identical(levels(table$grp), rownames(estimates$g)[order(estimates$g[[1]])])
  }
  expect_named(as.data.frame(ranef(fit, condVar = FALSE)), c("grpvar", "term", "grp", "condval"))
  expect_identical(levels(as.data.frame(ranef(fit), stringsAsFactors = TRUE)$grpvar), "g")
  expect_error(as.data.frame(ranef(fit), stringsAsFactor = 1, n = 2), "`n`", class = "relm_error")
})

test_that("the long table is lme4's but for its numbers", {
  skip_if_not_installed("lme4")
  theirs <- as.data.frame(lme4::ranef(suppressMessages(lme4::lmer(y ~ x + (1 + v | g), data))))
  ours <- as.data.frame(ranef(fit))
  expect_identical(lapply(ours, class), lapply(theirs, class))
  expect_identical(names(ours), names(theirs))
  expect_identical(as.character(ours$grp), as.character(theirs$grp))
  expect_identical(ours$term, theirs$term)
})

test_that("estimates of moments have the same shapes", {
  many <- with_effect_moments(fit)
  for (method in list(ranef, coef)) {
    from_draws <- as.data.frame(method(fit))
    from_moments <- as.data.frame(method(many))
    same <- c("grpvar", "term")
    expect_identical(from_moments[same], from_draws[same])
    expect_lt(max(abs(log(from_moments$condsd / from_draws$condsd))), 0.3)
    expect_identical(dimnames(method(many, probs = 0.2)), dimnames(method(fit, probs = 0.2)))
    table <- method(many, probs = 0.8)$g
    expect_equal(table[, "Q80", "v"], table[, "Estimate", "v"] +
                   qnorm(0.8) * table[, "Est.Error", "v"])
    expect_identical(method(many, summary = FALSE), method(fit, summary = FALSE))
  }
  expect_equal(attr(ranef(many)$g, "postVar"), unname(many$sampling$moments$covariance[
    , , grouping_of(many$posterior)$display]), ignore_attr = TRUE)
})

test_that("coefficients that do not vary take no draws for each group", {
  many <- relm(y ~ x + f + (1 | g), data, seed = 1, chains = 1, draws = 20)
  parts <- draws_of_groups(many, c("(Intercept)", "x", "fb"), TRUE)
  expect_identical(vapply(parts, ncol, 0L), c("(Intercept)" = 12L, x = 1L, fb = 1L))
})

test_that("printing is that of a list of data frames", {
  expect_identical(capture.output(print(ranef(fit), digits = 2)),
                   capture.output(print(unclass(ranef(fit)), digits = 2)))
  expect_no_match(capture.output(print(coef(fit))), "condsd|class")
  expect_error(print(coef(fit), digts = 2), "Did you mean `digits`", class = "relm_error")
})

test_that("plot() shows estimates with their intervals", {
  skip_if_not_installed("ggplot2")
  table <- as.data.frame(ranef(fit))
  shown <- plot(ranef(fit))$data
  row <- shown$column == "v" & shown$group == "g3"
  own <- table[table$term == "v" & table$grp == "g3", ]
  expect_equal(unlist(shown[row, c("median", "q2.5")]),
               own$condval + c(0, qnorm(0.025)) * own$condsd, ignore_attr = TRUE)
  expect_identical(levels(plot(coef(fit))$data$column), c("v", "(Intercept)"))
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit(grDevices::dev.off())
  expect_silent(print(plot(ranef(fit))))
  expect_error(plot(ranef(fit), type = "l"), "`type`", class = "relm_error")
})

test_that("lattice's dotplot() shows them", {
  skip_if_not_installed("lattice")
  plots <- lattice::dotplot(ranef(fit), main = FALSE, transf = exp)
  expect_named(plots, "g")
  expect_s3_class(plots$g, "trellis")
  expect_equal(plots$g$panel.args[[2]]$x, exp(ranef(fit)$g$v))
  expect_length(lattice::dotplot(coef(fit))$g$panel.args, 2)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  # A panel that fails draws its message, and says nothing.
  panel <- plots$g$panel
  print(plots$g)
  lattice::trellis.focus("panel", 1, 1, highlight = FALSE)
  expect_silent(do.call(panel, c(plots$g$panel.args[[1]])))
})

test_that("long tables and pictures are of each grouping", {
  fit <- nested_fit(draws = 20)
  table <- as.data.frame(ranef(fit))
  expect_identical(unique(table$grpvar), c("a", "a:b"))
  own <- table[table$grpvar == "a:b", ]
  expect_identical(own$condval, unlist(ranef(fit)[["a:b"]], use.names = FALSE))
  expect_identical(nrow(table), sum(lengths(lapply(ranef(fit), unlist))))
  skip_if_not_installed("lattice")
  plots <- lattice::dotplot(ranef(fit))
  expect_named(plots, c("a", "a:b"))
  expect_identical(vapply(plots, `[[`, "", "main"), c(a = "a", "a:b" = "a:b"))
  expect_length(plots[["a:b"]]$panel.args, 2)
  expect_equal(plots$a$panel.args[[1]]$x, ranef(fit)$a[[1]])
  # Coefficients of x are the same in all of a.
  expect_length(lattice::dotplot(coef(fit))$a$panel.args, 1)
})

test_that("moments of each grouping stand for its draws", {
  fit <- nested_fit(draws = 1000)
  many <- with_effect_moments(fit)
  for (method in list(ranef, coef)) {
    from_draws <- as.data.frame(method(fit))
    from_moments <- as.data.frame(method(many))
    expect_identical(from_moments[c("grpvar", "term")], from_draws[c("grpvar", "term")])
    expect_lt(max(abs(log(from_moments$condsd / from_draws$condsd))), 0.2)
    expect_lt(max(abs(from_moments$condval - from_draws$condval) / from_draws$condsd), 0.35)
  }
  expect_equal(attr(ranef(many, pars = "x")[["a:b"]], "postVar")[1, 1, ],
               many$sampling$moments[[2]]$covariance[2, 2, many$posterior$groupings[[2]]$display])
})

test_that("coefficients that vary in no group are chosen alone", {
  expect_identical(unique(coef(fit, pars = "x")$g$x), fixef(fit)[["x"]])
})
