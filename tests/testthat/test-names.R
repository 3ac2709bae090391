one_draw <- function(formula, data, ...) {
  suppressMessages(relm(formula, data, chains = 1, draws = 2, warmup = 0, seed = 1,
                        progress = FALSE, ...))
}

odd_data <- function() {
  set.seed(2)
  n <- 80
  data.frame(y = rnorm(n), z = rnorm(n), `x y` = rnorm(n), check.names = FALSE,
             f = factor(rep_len(c("a b", "c,d", "[e]"), n), c("a b", "c,d", "[e]")),
             g = rep_len(c("s 1", "s,2", "s[3]", "s\t4", "s-5"), n))
}

test_that("the variables of the lecture's third model have brms's names", {
  fit <- one_draw(log(mercury) ~ x + (1 + x || station), bass_centered())
  effects <- outer(c("Intercept", "x"), levels(bass$station),
                   function(term, level) sprintf("r_station[%s,%s]", level, term))
  expect_identical(variables(fit), c(
    "b_Intercept", "b_x", "sd_station__Intercept", "sd_station__x", "sigma", effects))
})

test_that("a correlation is named after both columns of its pair, in their order", {
  fit <- one_draw(y ~ x + v + (1 + x + v | g), grouped_data())
  expect_identical(grep("^cor_", variables(fit), value = TRUE), c(
    "cor_g__Intercept__x", "cor_g__Intercept__v", "cor_g__x__v"))
  fit <- one_draw(y ~ x + v + (1 + v | g) + (0 + x | g), grouped_data())
  expect_identical(grep("^(sd|cor)_", variables(fit), value = TRUE), c(
    "sd_g__Intercept", "sd_g__v", "sd_g__x", "cor_g__Intercept__v"))
})

test_that("terms with functions, spaces, commas and brackets become one word", {
  fit <- one_draw(y ~ `x y` * f + poly(z, 2) + I(z^3 - 1) + (1 + I(z > 0) || g), odd_data())
  expect_identical(grep("^(b|sd)_", variables(fit), value = TRUE), c(
    "b_Intercept", "b_xy", "b_fcd", "b_fe", "b_polyz21", "b_polyz22", "b_IzE3M1",
    "b_xy:fcd", "b_xy:fe",
    "sd_g__Intercept", "sd_g__Iz>0FALSE", "sd_g__Iz>0TRUE"))
})

test_that("levels keep what does not separate them from terms", {
  fit <- one_draw(y ~ (1 | g), odd_data())
  expect_setequal(grep("^r_", variables(fit), value = TRUE), sprintf(
    "r_g[%s,Intercept]", c("s.1", "s_2", "s_3_", "s.4", "s-5")))
  fit <- one_draw(y ~ z, odd_data(), sigma = ~ f)
  expect_identical(grep("^sigma", variables(fit), value = TRUE),
                   c("sigma_f[a.b]", "sigma_f[c_d]", "sigma_f[_e_]"))
})

test_that("factors with a space in their names are spelled without it", {
  data <- odd_data()
  data$`my g` <- factor(data$f, labels = c("k", "l", "m"))
  fit <- one_draw(y ~ z + (1 | `my g`), data, sigma = ~ `my g`)
  expect_identical(variables(fit), c(
    "b_Intercept", "b_z", "sd_myg__Intercept", sprintf("sigma_myg[%s]", c("k", "l", "m")),
    sprintf("r_myg[%s,Intercept]", c("k", "l", "m"))))
})

test_that("an interaction as the grouping factor keeps its colon", {
  fit <- one_draw(log(mercury) ~ 1 + (1 | river:station), bass)
  expect_true(all(c("sd_river:station__Intercept", "r_river:station[lumber:l1,Intercept]",
                    "r_river:station[waccamaw:w9,Intercept]") %in% variables(fit)))
})

test_that("names that would collide get a number, and no two are the same", {
  data <- grouped_data()
  data$`x y` <- data$x
  data$xy <- data$v
  fit <- one_draw(y ~ `x y` + xy + (1 | g), data)
  expect_identical(variables(fit)[1:3], c("b_Intercept", "b_xy", "b_xy_1"))
  expect_false(anyDuplicated(variables(fit)) > 0)
})

test_that("a column has the same name in b_, sd_, r_ and coef_ where names collide", {
  data <- grouped_data()
  data$`x y` <- data$x
  data$xy <- data$v
  fit <- one_draw(y ~ `x y` + xy + (1 + xy || g), data)
  draws <- as.matrix(fit, c("b_xy_1", "r_g[g1,xy_1]", "coef_g[g1,xy_1]"))
  expect_equal(draws[, 1] + draws[, 2], draws[, 3])
  expect_true("sd_g__xy_1" %in% variables(fit))
})

test_that("the number of a level does not depend on the order of the rows", {
  data <- odd_data()
  data$g <- factor(rep_len(c("a b", "a.b", "c", "d"), 80), c("a b", "a.b", "c", "d"))
  expected <- sprintf("r_g[%s,Intercept]", c("a.b", "a.b_1", "c", "d"))
  forwards <- one_draw(y ~ (1 | g), data)
  backwards <- one_draw(y ~ (1 | g), data[80:1, ])
  expect_identical(grep("^r_", variables(forwards), value = TRUE), expected)
  expect_identical(grep("^r_", variables(backwards), value = TRUE), expected)
})

test_that("the parameters of pooled variances are named after them", {
  data <- grouped_data()
  posterior <- posterior_of(y ~ x + (1 | g), data, relm_prior(sigma = pooled()), sigma = ~ f)
  expect_identical(utils::tail(posterior$parameters$variable, 5),
                   c("sigma_f[a]", "sigma_f[b]", "sigma_f[c]", "sigma_f__df", "sigma_f__scale"))
  # Levels whose order of appearance is not that of their labels.
  data$f <- rev(data$f)
  fit <- relm(y ~ x + (1 | g), data, sigma = ~ f, prior = relm_prior(sigma = pooled()), seed = 1,
              chains = 1, draws = 500)
  draws <- as.matrix(fit, "^sigma", regex = TRUE)
  expect_identical(colnames(draws), utils::tail(posterior$parameters$variable, 5))
  expect_identical(unname(sigma(fit)), unname(apply(draws[, 1:3], 2, median)))
  expect_gt(min(draws[, "sigma_f__df"]), 0)
})

test_that("each grouping has brms's names", {
  fit <- one_draw(y ~ x + (1 | a) + (1 + x | a:b), several_data())
  data <- several_data()
  pairs <- unique(data[order(data$a, data$b), c("a", "b")])
  expect_identical(variables(fit), c(
    "b_Intercept", "b_x", "sd_a__Intercept", "sd_a:b__Intercept", "sd_a:b__x",
    "cor_a:b__Intercept__x", "sigma", sprintf("r_a[%s,Intercept]", letters[1:8]),
    sprintf("r_a:b[%s:%s,%s]", rep(pairs$a, each = 2), rep(pairs$b, each = 2),
            c("Intercept", "x"))))
  expect_identical(variables(one_draw(y ~ x + (1 | a / b), data))[3:5],
                   c("sd_a__Intercept", "sd_a:b__Intercept", "sigma"))
  crossed <- crossed_fit(y ~ x + (1 + x | c) + (1 | a))
  expect_identical(variables(crossed)[3:7], c("sd_c__Intercept", "sd_c__x", "cor_c__Intercept__x",
                                              "sd_a__Intercept", "sigma"))
  expect_identical(sum(startsWith(variables(crossed), "r_c[")), 10L)
})

test_that("groupings that spell alike get numbers", {
  data <- transform(several_data(), factora = c)
  fit <- made_up_fit(y ~ x + (1 | factor(a)) + (1 | factora), data)
  expect_identical(grep("^sd", variables(fit), value = TRUE),
                   c("sd_factora__Intercept", "sd_factora_1__Intercept"))
  expect_true("r_factora_1[p,Intercept]" %in% variables(fit))
  expect_false(anyDuplicated(variables(fit)) > 0)
  expect_identical(names(ranef(fit)), c("factor(a)", "factora"))
  expect_equal(unname(as.matrix(fit, "r_factora_1[p,Intercept]")[, 1]),
               unname(ranef(fit, summary = FALSE)$factora[, "p", 1]))
})
