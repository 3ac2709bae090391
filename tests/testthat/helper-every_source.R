# Models and uses that every source of rows is to serve as a data frame does: rows of
# matrix-sources.csv, by name. Tables in databases, which tools/engines tests too, have those that
# can be asked in SQL.

# Fish whose numbers stand in text files as they are.
fish_of_sources <- function() {
  fish <- fish_data()
  fish$y <- round(fish$y, 6)
  fish$z <- round(fish$z, 6)
  fish$tries <- fish$count + 1L
  fish
}

# Arguments of crossprods(), the formula first.
models_of_sources <- list(
  intercepts = list(y ~ x + (1 | lake)),
  no_groups = list(y ~ x + kind),
  slopes = list(y ~ x + (1 + x | lake)),
  independent_slopes = list(y ~ x + (1 + x || lake)),
  factor_slopes = list(y ~ kind + (0 + kind | lake)),
  several = list(y ~ x + (1 + x | lake) + (1 | boat)),
  nested = list(y ~ x + (1 | lake / kind)),
  pair = list(y ~ x + (1 | lake:boat)),
  group_call = list(y ~ x + (1 | factor(boat))),
  group_numbers = list(y ~ x + boat + (1 | boat)),
  factors = list(y ~ 0 + kind + factor(count) + (1 | lake)),
  ordered = list(y ~ ordered(kind) + relevel(factor(count), "5") + (1 | lake)),
  interactions = list(y ~ x * kind + kind:factor(count) + (1 | lake)),
  arithmetic = list(y ~ I(x^2) + log(x) + x:z + exp(-z) + sqrt(x) + pmin(x, 20) + (1 + x:z | lake)),
  logical = list(y ~ caught + (x > 20) + (1 | lake)),
  cut = list(y ~ cut(x, c(-Inf, 18, 22, 30)) * z + (1 | lake)),
  dot = list(y ~ . - lake - tries + (1 | lake)),
  outside = list(y ~ I(x - outside_number) + (1 | lake)),
  poly = list(y ~ poly(x, 2) + (1 | lake)),
  splines = list(y ~ splines::ns(x, 3) + splines::bs(z, 4) + (1 | lake)),
  scale = list(y ~ scale(x) * kind + (1 | lake)),
  matrix_terms = list(y ~ cbind(x, z) + (1 | lake)),
  sigma = list(y ~ x + (1 | lake), sigma = ~ kind),
  weights = list(y ~ x + (1 + x | lake), weights = quote(w)),
  known = list(y ~ x + (1 + x | lake), sigma = quote(known(sqrt(w) / 2))),
  offset = list(y - z ~ x + offset(x / 3) + (1 | lake), offset = quote(z * 2)),
  subset = list(y ~ x + (1 | lake), subset = quote(x > 18 & kind != "pike")),
  na.action = list(y ~ z + kind + (1 | lake), na.action = stats::na.exclude),
  contrasts = list(y ~ kind + (1 | lake), contrasts = list(kind = "contr.sum")),
  drop.unused.levels = list(y ~ factor(count, 0:9) + (1 | lake), drop.unused.levels = TRUE),
  unused_levels = list(y ~ factor(count, 0:9) + (1 | lake), drop.unused.levels = FALSE),
  by_group = list(y ~ x + (1 | lake), by_group = TRUE),
  binomial = list(caught ~ x + kind + (1 | lake), family = "binomial"),
  trials = list(cbind(count, tries - count) ~ z + (1 | lake), family = "binomial"),
  proportions = list(I(count / tries) ~ x + (1 | lake), family = "binomial", weights = quote(tries)),
  probit = list(caught ~ x + (1 | lake), family = stats::binomial("probit")),
  cloglog = list(caught ~ x + (1 | lake), family = stats::binomial("cloglog")),
  poisson = list(count ~ x + offset(log(tries)) + (1 + x | lake), family = "poisson"),
  negative_binomial = list(count ~ z + (1 | lake), family = "negative_binomial",
                           weights = quote(tries)),
  family_several = list(caught ~ x + (1 | lake) + (1 | boat), family = "binomial")
)
outside_number <- 19

# A basis or a scale is made of all rows, which no database is asked for.
models_of_all_rows <- c("poly", "splines", "scale", "matrix_terms")
models_in_sql <- models_of_sources[setdiff(names(models_of_sources), models_of_all_rows)]

# What yields rows in chunks.
makers_of_sources <- list(
  "function" = function(data) chunks_of(data, 50),
  file = function(data) {
    path <- tempfile(fileext = ".csv")
    utils::write.csv(data, path, row.names = FALSE)
    path
  },
  connection = function(data) file(makers_of_sources$file(data)),
  parquet = function(data) {
    path <- tempfile(fileext = ".parquet")
    nanoparquet::write_parquet(data, path)
    path
  }
)

# A source of some rows; a connection ends with the test that asked for it.
source_of <- function(kind, data, envir = parent.frame()) {
  made <- makers_of_sources[[kind]](data)
  if (inherits(made, "connection")) {
    do.call("on.exit", list(bquote(close(.(made))), add = TRUE), envir = envir)
  }
  made
}

# responses: sums of responses of rows that are alike, by their groups, X and offset.
sums_of_responses <- function(crossprods) {
  responses <- crossprods$responses
  labels <- lapply(seq_along(crossprods$groupings), function(g) {
    crossprods$groupings[[g]]$groups[responses$group[, g]]
  })
  columns <- as.data.frame(signif(cbind(responses$X, responses$offset), 10))
  key <- do.call(paste, c(labels, columns))
  list(y = tapply(responses$y, key, sum), trials = tapply(responses$trials, key, sum),
       values = responses$values, times = responses$times)
}

expect_table_agrees <- function(made, whole) {
  expect_crossprods_of_rows(made, whole)
  expect_identical(is.null(made$responses), is.null(whole$responses))
  if (is.null(whole$responses)) return(invisible())
  expect_equal(sums_of_responses(made), sums_of_responses(whole), tolerance = 1e-12)
  expect_equal(made$responses$log_constant, whole$responses$log_constant, tolerance = 1e-12)
}

expect_table_serves <- function(table, rows, models = models_in_sql) {
  for (model in models) {
    expect_table_agrees(crossprods_of_model(model, table), crossprods_of_model(model, rows))
  }
  expect_error(crossprods(y ~ x + (1 | lake) + (1 | boat), table, max_cells = 7),
               "max_cells", class = "relm_error")
}

# X and y of a Gaussian model by lm()'s functions alone: their products, with the weights.
products_by_lm <- function(model, data) {
  if (is.call(model$sigma) && identical(model$sigma[[1]], quote(known))) {
    model$weights <- call("/", 1, call("^", model$sigma[[2]], 2))
    model$sigma <- NULL
  }
  fixed <- lme4::nobars(model[[1]])
  environment(fixed) <- environment(model[[1]])
  bars <- lme4::subbars(model[[1]])
  sigma <- if (!is.null(model$sigma)) model$sigma[[2]]
  whole <- if (is.null(sigma)) bars else stats::reformulate(c(".", deparse1(sigma)), bars[[2]])
  if (!is.null(sigma)) whole <- stats::update(bars, whole)
  environment(whole) <- environment(fixed)
  arguments <- c(model[intersect(names(model), c("weights", "offset", "subset", "na.action",
                                                 "drop.unused.levels"))],
                 if (is.null(model$na.action)) list(na.action = stats::na.omit))
  frame <- do.call(stats::model.frame, c(list(whole, data = data), arguments))
  X <- stats::model.matrix(stats::terms(fixed, data = data), frame, contrasts.arg = model$contrasts)
  offset <- stats::model.offset(frame)
  y <- stats::model.response(frame) - if (is.null(offset)) 0 else offset
  weights <- stats::model.weights(frame)
  all <- cbind(X, y) * if (is.null(weights)) 1 else sqrt(weights)
  list(n_rows = nrow(X), products = unname(crossprod(all)))
}

# What is done with cross-products and fits ------------------------------------------------------

# make: a function that makes a source of rows. Parts are summed, added and removed.
expect_parts_agree <- function(make, data) {
  formula <- y ~ x + kind + (1 | lake)
  of <- function(rows) suppressMessages(crossprods(formula, make(rows)))
  data <- stats::na.omit(data)
  odd <- seq_len(nrow(data)) %% 2 == 1
  parts <- list(of(data[odd, ]), of(data[!odd, ]))
  whole <- crossprods(formula, data)
  expect_crossprods_of_rows(sum_crossprods(parts), whole)
  expect_crossprods_of_rows(parts[[1]] + parts[[2]], whole)
  expect_crossprods_of_rows(update(parts[[1]], add = parts[[2]]), whole)
  left <- update(of(data), remove = parts[[2]])
  expect_crossprods_of_rows(left, crossprods(formula, data[odd, ]))
}

# Fits of a source and of its rows: their draws, more draws, predictions of new rows, likelihoods of
# groups, and leaving these out.
expect_fits_agree <- function(make, data) {
  data <- stats::na.omit(data)
  formula <- y ~ x + kind + (1 + x | lake)
  fit <- function(source) {
    read <- suppressMessages(crossprods(formula, source, by_group = TRUE))
    relm(read, chains = 2, draws = 60, seed = 4)
  }
  own <- fit(make(data))
  theirs <- fit(data)
  expect_lt(distance_of_draws(own, theirs), 1e-8)
  expect_lt(distance_of_draws(extend(own, 20), extend(theirs, 20)), 1e-8)
  again <- function(fit) update(fit, prior = relm_prior(sigma = half_normal(5)))
  expect_lt(distance_of_draws(again(own), again(theirs)), 1e-8)
  whole <- relm(formula, data, chains = 2, draws = 60, seed = 4)
  new <- data[c(3, 77, 150), ]
  new$x <- c(15, 20, 31)
  same <- function(of, ...) {
    expect_equal(unname(of(own, newdata = new, ...)), unname(of(whole, newdata = new, ...)),
                 tolerance = 1e-6)
  }
  same(posterior_epred)
  same(posterior_predict, seed = 2)
  same(predict, seed = 2)
  same(log_lik)
  expect_equal(log_lik(own, by = "group"), log_lik(theirs, by = "group"), tolerance = 1e-7)
  left_out <- function(fit) suppressWarnings(loo(fit, by = "group"))$estimates
  expect_equal(left_out(own), left_out(theirs), tolerance = 1e-5)
  new$lake <- "a new one"
  expect_error(posterior_epred(own, newdata = new), "a new one", class = "relm_error")
  expect_error(posterior_predict(own), "newdata", class = "relm_error")
}

# A column, a level and a group are called so. column: what the source makes of the name.
expect_names_are_names <- function(make, data, column = "\"; drop table fish; --") {
  data <- stats::na.omit(data)
  whole <- crossprods(y ~ x * kind + (1 + x | lake), data)
  expect_true("\"; drop table fish; --" %in% data$kind && "\"; drop table fish; --" %in% data$lake)
  names(data)[names(data) == "x"] <- "\"; drop table fish; --"
  column <- as.name(column)
  formula <- eval(bquote(y ~ .(column) * kind + (1 + .(column) | lake)))
  made <- crossprods(formula, make(data))
  called <- function(names) sub("x", deparse(column, backtick = TRUE), names, fixed = TRUE)
  expect_identical(made$fixed, called(whole$fixed))
  expect_identical(made$groupings[[1]]$random$column, called(whole$groupings[[1]]$random$column))
  made$fixed <- whole$fixed
  made$groupings[[1]]$random$column <- whole$groupings[[1]]$random$column
  expect_crossprods_of_rows(made, whole)
}
