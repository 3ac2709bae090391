data <- transform(grouped_data(), f = factor(f), u = exp(v))
fit_of <- function(formula, ...) {
  relm(formula, data, seed = 1, chains = 1, draws = 20, ...)
}

# What lm() makes of the same terms and rows, times the draws.
by_lm <- function(fit, formula, newdata) {
  line <- stats::lm(formula, data)
  X <- stats::model.matrix(stats::delete.response(stats::terms(line)), newdata,
                           xlev = line$xlevels)
  frame <- stats::model.frame(stats::delete.response(stats::terms(line)), newdata,
                              xlev = line$xlevels)
  X <- stats::model.matrix(stats::delete.response(stats::terms(line)), frame,
                           contrasts.arg = line$contrasts)
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  draws %*% t(X[, !is.na(stats::coef(line)), drop = FALSE])
}

test_that("transformations, bases, factors and aliased columns are those of lm()", {
  rows <- data[c(5, 1, 30), c("x", "v", "u", "f", "between")]
  rows$v[1] <- 0.123
  rows$f <- factor(c("b", "b", "b"))
  formulas <- list(
    y ~ poly(v, 2), y ~ splines::ns(x, 3), y ~ splines::bs(x, knots = c(-0.5, 0.5)),
    y ~ scale(x) + log(u), y ~ f * x, y ~ ordered(f), y ~ I(x^2) + f:x, y ~ x + I(2 * x) + f,
    y ~ poly(x, 2, raw = TRUE), y ~ 0 + f, y ~ cut(x, c(-9, 0, 9)), y ~ (v > 0) + exp(x)
  )
  for (formula in formulas) {
    fit <- suppressMessages(fit_of(formula))
    expect_equal(posterior_epred(fit, rows), by_lm(fit, formula, rows), tolerance = 1e-12,
                 label = deparse1(formula))
  }
})

test_that("they are so in the random part too", {
  fit <- fit_of(y ~ x + (1 + poly(v, 2) | g))
  rows <- data.frame(x = 0, v = c(-0.3, 0.4), g = c("g2", "g5"))
  basis <- predict(poly(data$v, 2), rows$v)
  r <- function(g, term) as.matrix(fit, sprintf("r_g[%s,%s]", g, term))
  expected <- lapply(1:2, function(i) {
    as.matrix(fit, "b_Intercept") + r(rows$g[i], "Intercept") +
      basis[i, 1] * r(rows$g[i], "polyv21") + basis[i, 2] * r(rows$g[i], "polyv22")
  })
  expect_equal(unname(posterior_epred(fit, rows)), unname(do.call(cbind, expected)),
               tolerance = 1e-12)
})

test_that("contrasts are those of the fit, whatever the option is by then", {
  old <- options(contrasts = c("contr.sum", "contr.poly"))
  fit <- fit_of(y ~ f)
  options(old)
  rows <- data.frame(f = c("a", "c"))
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  expect_equal(unname(posterior_epred(fit, rows)),
               unname(draws %*% rbind(1, cbind(c(1, 0), c(-1, -1)))))
  given <- fit_of(y ~ f, contrasts = list(f = "contr.helmert"))
  draws <- as.matrix(given, "^b_", regex = TRUE)
  expect_equal(unname(posterior_epred(given, rows)),
               unname(draws %*% rbind(1, cbind(c(-1, -1), c(0, 2)))))
})

test_that("a variable that stood with the data must stand in newdata, others need not", {
  knots <- c(-0.5, 0.5)
  fit <- fit_of(y ~ splines::ns(x, knots = knots) + v)
  x <- data$x
  v <- data$v
  expect_error(posterior_epred(fit, data["x"]), "newdata.*no column.*v", class = "relm_error")
  expect_error(posterior_epred(fit, data.frame(z = 1)), "x.*v", class = "relm_error")
  expect_identical(dim(posterior_epred(fit, data[1:2, c("x", "v")])), c(20L, 2L))
  y <- data$y
  g <- data$g
  no_data <- relm(y ~ x + (1 | g), seed = 1, chains = 1, draws = 5)
  expect_error(posterior_epred(no_data, data.frame(x = 1)), "no column.*g", class = "relm_error")
  expect_identical(dim(posterior_epred(no_data, data.frame(x = 1), re_formula = NA)), c(5L, 1L))
})

test_that("neither the response nor a factor that is left out is needed", {
  fit <- fit_of(log(u) ~ x + (1 | g), sigma = ~ f)
  expect_identical(dim(posterior_epred(fit, data[1:3, c("x", "g")])), c(20L, 3L))
  expect_identical(dim(posterior_epred(fit, data[1:3, "x", drop = FALSE], re_formula = NA)),
                   c(20L, 3L))
  expect_error(posterior_predict(fit, data[1:3, c("x", "g")]), "no column.*f", class = "relm_error")
})

test_that("groups of numbers, interactions and text are matched by their labels", {
  data$id <- match(data$g, unique(data$g)) * 10
  numbered <- relm(y ~ x + (1 | id), data, seed = 1, chains = 1, draws = 20)
  lettered <- relm(y ~ x + (1 | g), data, seed = 1, chains = 1, draws = 20)
  rows <- data[c(44, 3, 20), ]
  expect_identical(posterior_epred(numbered, rows), posterior_epred(lettered, rows))
  expect_identical(posterior_epred(numbered, transform(rows, id = as.character(id))),
                   posterior_epred(lettered, rows))
  crossed <- relm(y ~ x + (1 | g:f), data, prior = relm_prior(sd = half_t(3, 1)), seed = 1,
                  chains = 1, draws = 20)
  expect_identical(unname(posterior_epred(crossed, rows)),
                   unname(posterior_epred(crossed)[, c(44, 3, 20)]))
  expect_error(posterior_epred(crossed, data.frame(x = 0, g = "g1", f = "z")), "g1:z",
               class = "relm_error")
})

test_that("offsets stand in the formula, in the call, or are given with the rows", {
  in_formula <- fit_of(y ~ x + offset(2 * v))
  in_call <- fit_of(y ~ x, offset = 2 * v)
  rows <- data[3:4, c("x", "v")]
  X <- cbind(1, rows$x)
  at <- function(fit) unname(as.matrix(fit, "^b_", regex = TRUE) %*% t(X))
  expect_equal(unname(posterior_epred(in_formula, rows)),
               at(in_formula) + rep(2 * rows$v, each = 20))
  expect_equal(unname(posterior_epred(in_call, rows)), at(in_call) + rep(2 * rows$v, each = 20))
  expect_equal(unname(posterior_epred(in_call)[, 3:4]), at(in_call) + rep(2 * rows$v, each = 20))
  expect_equal(unname(posterior_epred(in_call, rows, offset = c(1, 5))),
               at(in_call) + rep(c(1, 5), each = 20))
  expect_equal(unname(posterior_epred(in_formula, rows, offset = c(1, 5))),
               at(in_formula) + rep(2 * rows$v + c(1, 5), each = 20))
  expect_equal(posterior_epred(in_call, offset = rep(0, 46)),
               posterior_epred(in_call) - rep(2 * data$v, each = 20))
  expect_error(posterior_epred(in_call, rows["x"]), "offset` `2 \\* v.*Give `offset`",
               class = "relm_error")
  expect_error(posterior_epred(in_call, rows, offset = 1), "offset.*2 rows", class = "relm_error")
  by_vector <- do.call(relm, list(y ~ x, data, offset = data$v, seed = 1, chains = 1, draws = 5))
  expect_error(posterior_epred(by_vector, rows), "offset", class = "relm_error")
})

test_that("weights stand in the call or are given with the rows", {
  fit <- fit_of(y ~ x, weights = w)
  rows <- data[3:4, c("x", "w")]
  expect_silent(own <- posterior_predict(fit, rows, seed = 1))
  expect_identical(posterior_predict(fit, rows["x"], weights = rows$w, seed = 1), own)
  residual <- function(...) {
    posterior_predict(fit, rows["x"], seed = 1, ...) - posterior_epred(fit, rows)
  }
  expect_message(plain <- residual(), "weight 1")
  expect_equal(residual(weights = c(4, 0.25)), plain * rep(c(0.5, 2), each = 20))
  expect_equal(own - posterior_epred(fit, rows), plain / rep(sqrt(rows$w), each = 20))
  expect_error(posterior_predict(fit, rows, weights = c(1, 0)), "weights.*positive",
               class = "relm_error")
  expect_error(posterior_predict(fit, rows, weights = 1), "weights.*2 rows", class = "relm_error")
})

test_that("rows that cannot be read are refused", {
  fit <- fit_of(y ~ log(u) + f + (v > 0) + (1 | g))
  refused <- function(what, ...) {
    rows <- utils::modifyList(as.list(data[1:3, c("u", "f", "v", "g")]), list(...))
    expect_error(posterior_epred(fit, as.data.frame(rows)), what, class = "relm_error")
  }
  refused("u.*finite.*row 2", u = c(1, NA, 2))
  refused("log\\(u\\).*finite.*row 3", u = c(1, 1, -2))
  refused("`f`.*\"z\".*\"a\", \"b\", and \"c\"", f = c("a", "z", "b"))
  refused("`f`.*given.*row 1", f = c(NA, "a", "b"))
  refused("`f`.*factor or text", f = 1:3)
  refused("`g`.*given.*row 2.*re_formula = NA", g = c("g1", NA, "g2"))
  refused("v > 0.*given.*row 1", v = c(NA, 1, 2))
  refused("1 level of `g`.*\"new\".*allow_new_levels = TRUE", g = c("g1", "new", "g2"))
  refused("log\\(u\\)|evaluated", u = letters[1:3])
  expect_error(posterior_epred(fit, as.matrix(data$u)), "newdata.*data frame", class = "relm_error")
  expect_error(posterior_epred(fit, data[0, ]), "no rows", class = "relm_error")
})

test_that("columns are named by the rows of newdata", {
  fit <- fit_of(y ~ x)
  rows <- data.frame(x = 1:2, row.names = c("first", "second"))
  expect_identical(colnames(posterior_epred(fit, rows)), c("first", "second"))
})

test_that("labels of a factor go by the values of the fit, whatever the new rows have", {
  data <- transform(grouped_data(), k = rep_len(c(3, 1, 2), 46), f = factor(rep_len(c("v", "u"), 46)))
  data$y <- data$y + 10 * data$k
  named <- transform(data, l = factor(c("L1", "L2", "L3")[k]), o = c("a", "b", "c")[k], m = c("p", "q")[f])
  new <- data[c(1, 3, 4, 6), ]
  expect_identical(unique(new$k), c(3, 2))
  variants <- list(list(y ~ factor(k, labels = "L") + (1 | g), y ~ l + (1 | g)),
                   list(y ~ factor(k, labels = c("a", "b", "c")) + (1 | g), y ~ o + (1 | g)),
                   list(y ~ factor(f, labels = c("p", "q")) + (1 | g), y ~ m + (1 | g)),
                   list(y ~ ordered(k, labels = "L") + (1 | g), y ~ ordered(l) + (1 | g)))
  for (pair in variants) {
    fits <- lapply(pair, relm, named, seed = 1, chains = 1, draws = 20)
    for (rows in list(new, new[1, ], data[data$k == 3, ])) {
      expect_equal(fitted(fits[[1]], rows), fitted(fits[[2]], named[rownames(rows), ]))
    }
  }
  # Another function of that name is asked itself.
  factor <- function(x, labels) base::factor(labels[x])
  own <- relm(y ~ factor(k, labels = c("a", "b", "c")) + (1 | g), data, seed = 1, chains = 1, draws = 20)
  expect_equal(fitted(own, new), fitted(relm(y ~ o + (1 | g), named, seed = 1, chains = 1, draws = 20), named[rownames(new), ]))
})

test_that("text in the place of new rows is taken for an argument without its name", {
  fit <- fit_of(y ~ x + (1 | g))
  for (f in list(residuals, fitted, predict, posterior_epred)) {
    expect_error(f(fit, "pearson"), "Name what comes.*type = \"pearson\"", class = "relm_error")
  }
  refused <- tryCatch(predict(fit, list(x = 1)), error = conditionMessage)
  expect_no_match(refused, "Name what")
})

test_that("successes stand in for those that are missing where the trials do not depend on them", {
  set.seed(2)
  rows <- data.frame(x = rnorm(30), n = 5 + rpois(30, 3))
  rows$y <- rbinom(30, rows$n, 0.5)
  rows$z <- rows$n - rows$y
  trials_of <- function(formula, newdata) {
    fit <- relm(formula, rows, family = binomial(), seed = 1, chains = 1, draws = 5)
    plan_prediction(fit, "predict", TRUE, asked_prediction(newdata, NULL))$rows$trials
  }
  new <- data.frame(x = 1:2, n = c(7, 20))
  expect_equal(trials_of(cbind(y, n - y) ~ x, new), c(7, 20))
  expect_equal(trials_of(cbind(n - z, z) ~ x, new), c(7, 20))
  expect_message(expect_null(trials_of(cbind(y, z) ~ x, new)), "no `y` and `z`")
  expect_message(expect_null(trials_of(cbind(y, z) ~ x, transform(new, z = 3))), "no `y`")
  expect_error(suppressMessages(trials_of(cbind(y, n - y) ~ x + I(y > 2), new)), "no column `y`",
               class = "relm_error")
})
