# Real data sets, nested and crossed, beside lmer() by REML.

skip_on_cran()
skip_if_not_installed("lme4")

test_that("estimates of real data sets agree with REML", {
  for (case in reml_cases) {
    table <- compare_with_reml(case, draws = 500)
    expect_false(anyNA(table$median))
    expect_identical(table$variable[!reml_agrees(table)], character(), label = case$name)
  }
})

test_that("estimates that are wrong do not", {
  table <- compare_with_reml(reml_cases[[2]])
  expect_true(all(reml_agrees(table)))
  table$reml <- table$reml * c(1.01, 4, 1.5, 1.5)
  expect_false(any(reml_agrees(table)))
})

# With sigma and the coefficients integrated out, uniform standard deviations and LKJ(1) correlations the
# posterior of the relative factor L is the REML criterion, but for r^2 = |whitened residual|^2 to a
# power that is smaller by the number of standard deviations, q, since these are uniform and not those
# over sigma.
test_that("the target of nested groupings is the REML criterion", {
  for (name in c("Pastes", "Oats", "Machines", "Pixel", "Wafer", "sleepstudy")) {
    case <- Filter(function(case) case$name == name, reml_cases)[[1]]
    data <- data_of_case(case)
    posterior <- posterior_of(case$formula, data)
    model <- model_of(posterior)
    tuning <- tuning_of(model, "integrated")
    set.seed(1)
    points <- matrix(rnorm(6 * length(tuning$center)), ncol = 6)
    parts <- lme4::lFormula(case$formula, data)
    criterion <- do.call(lme4::mkLmerDevfun, parts)
    at <- environment(criterion)
    numbers <- numbers_of_step(model)
    ours <- parts_sorted(vapply(posterior$groupings[numbers], `[[`, "", "name"))
    place <- match(parts_sorted(names(parts$reTrms$cnms)), ours)
    q <- length(tuning$scale)
    theirs <- apply(points, 2, function(point) {
      L <- factors_at(point, model, tuning)[place]
      deviance <- criterion(unlist(lapply(L, function(L) L[lower.tri(L, diag = TRUE)])))
      r2 <- at$resp$wrss() + at$pp$sqrL(1)
      -deviance / 2 + q / 2 * log(r2) + sum(log(cosh(point[seq_len(q)])))
    })
    off <- log_density_at(model, tuning, points, 1) - theirs - jacobian_of_correlations(points, model)
    expect_lt(diff(range(off)), 1e-6, label = name)
  }
})
