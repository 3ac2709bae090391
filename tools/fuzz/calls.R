# Random calls, a number each: data, and the code that is run on them, step after step.

# Arguments that make a fit tiny, unless the call chooses others.
tiny <- function(arguments) {
  small <- list(chains = pick(c(1, 1, 2)), draws = pick(c(5, 10, 20)), warmup = pick(c(0, 5, 10)), seed = 1, progress = FALSE)
  c(arguments, small[setdiff(names(small), names(arguments))])
}

call_of <- function(name, ...) as.call(c(as.name(name), list(...)))

call_with <- function(name, given, arguments) as.call(c(as.name(name), given, arguments))

# A family, and a formula whose response mostly suits it.
random_model <- function() {
  family <- random_family()
  kind <- switch(family, binomial = "binomial", poisson = , negative_binomial = "count", "gaussian")
  if (chance(0.03)) kind <- pick(c("gaussian", "binomial", "count"))
  list(family = family, formula = random_formula(kind))
}

arguments_of_model <- function(family) {
  arguments <- random_arguments(arguments_of_fits, pick(c(0, 0, 1, 1, 2, 3)))
  if (family != "gaussian") arguments$family <- one_of(families_of_calls[[family]])
  if (chance(0.4)) arguments$prior <- proper_prior(family)
  else if (chance(0.5)) arguments$prior <- random_prior(family)
  if (family == "binomial" && chance(0.2)) arguments$weights <- quote(t)
  if (chance(0.02)) arguments <- c(arguments, stats::setNames(list(anything()), pick(c("unknown", "iter", "draw", "prior_"))))
  arguments
}

code_of_fit <- function(data = quote(data)) {
  model <- random_model()
  given <- list(model$formula, data)
  if (chance(0.01)) given <- given[1]
  call("<-", quote(fit), call_with("relm", given, tiny(arguments_of_model(model$family))))
}

methods_of_fit <- function(n) replicate(n, random_method_call(), simplify = FALSE)

fit_and_methods <- function() {
  list(data = random_frame(), code = c(list(code_of_fit()), methods_of_fit(pick(c(0, 0, 1, 2)))))
}

# Methods of one of the fits below, which cost nothing to make again.
models_of_pool <- alist(
  relm(y ~ x + (1 | g), data), relm(y ~ x + (1 + x | g), data), relm(y ~ x + f, data), relm(y ~ 0 + (1 + x || g), data),
  relm(y ~ x + (1 | g) + (1 | h), data), relm(y ~ x + (1 | p/g), data), relm(y ~ x + (1 + x | g), data, sigma = ~f),
  relm(y ~ x + (1 | g), data, sigma = known(se)), relm(y ~ x + cs(1 + x + z | g), data, prior = relm_prior(sd = half_t(3, 1))),
  relm(log(z) ~ poly(x, 2) + (1 | g), data, weights = w), relm(y ~ x + offset(z) + (1 | g), data, sampler = "interweaved"),
  relm(cbind(s, t - s) ~ x + (1 | g), data, family = "binomial", prior = relm_prior(beta = normal(0, 5), sd = half_t(3, 1))),
  relm(b ~ x + (1 | g) + (1 | h), data, family = "binomial", prior = relm_prior(beta = normal(0, 5), sd = half_t(3, 1))),
  relm(b ~ x + (1 | g), data, family = binomial("cloglog"), prior = relm_prior(beta = normal(0, 5), sd = half_t(3, 1))),
  relm(k ~ x + (1 | g), data, family = "poisson", prior = relm_prior(sd = half_t(3, 1))),
  relm(k ~ x + (1 | g), data, family = "negative_binomial", prior = relm_prior(sd = half_t(3, 1))),
  relm(y ~ x + (1 | g), data, family = "student"), relm(y ~ x * f + (1 + x | g), data, prior_only = TRUE, prior = relm_prior(beta = normal(0, 1), sd = half_t(3, 1), sigma = half_t(3, 1))),
  relm(crossprods(y ~ x + (1 | g), data)), relm(y ~ x + (1 | g), chunks_of(data, 13)), relm(y ~ `a b` + `if` + (0 + x | g), data, group_draws = FALSE)
)

made_fits <- new.env()

fit_of_pool <- function(k) {
  name <- paste0("fit", k)
  if (is.null(made_fits[[name]])) {
    set.seed(k)
    envir <- new.env(parent = globalenv())
    envir$data <- plain_frame(40, 6)
    arguments <- list(chains = 2, draws = 20, warmup = 5, seed = 1, progress = FALSE)
    code <- as.call(c(as.list(models_of_pool[[k]]), arguments))
    envir$fit <- suppressMessages(eval(code, envir))
    made_fits[[name]] <- envir
  }
  made_fits[[name]]
}

methods_of_pool <- function() {
  k <- sample.int(length(models_of_pool), 1)
  other <- random_frame()
  list(pool = k, other = other, code = methods_of_fit(pick(1:3)))
}

# A function that gives rows in chunks, and NULL at the end.
chunks_of <- function(data, size) {
  at <- 0
  function(reset = FALSE) {
    if (reset) at <<- 0
    if (reset || !is.data.frame(data) || at >= nrow(data)) return(NULL)
    rows <- seq(at + 1, min(at + size, nrow(data)))
    at <<- max(rows)
    data[rows, , drop = FALSE]
  }
}

sources_of_calls <- alist(
  chunks_of(data, 1), chunks_of(data, 3), chunks_of(data, 7), chunks_of(data, 100), chunks_of(data, 5), list(data), list(data, other),
  local({ parts <- list(data, other); function() { part <- parts[[1]]; parts <<- c(parts[-1], list(NULL)); part } }),
  local({ i <- 0; function() { i <<- i + 1; if (i < 3) data } }), local({ i <- 0; function(reset = FALSE) { if (reset) i <<- 0 else { i <<- i + 1; if (i < 3) data } } }),
  function() NULL, function() stop("ours"), function() 1, file, c(file, file), "no_such_file.csv", gzfile(file), file(file), textConnection(readLines(file)),
  rawConnection(raw()), textConnection("a,b\n1"), textConnection("")
)

fit_of_source <- function() {
  code <- code_of_fit(one_of(sources_of_calls))
  if (chance(0.3)) code[[3]]$chunk_rows <- pick(c(1, 2, 7, 0))
  if (chance(0.1)) code[[3]][pick(c("levels", "like", "by_group"))] <- list(anything())
  list(data = random_frame(), other = random_frame(), code = c(list(code), methods_of_fit(pick(0:1))), file = TRUE)
}

fit_of_table <- function() {
  list(data = random_frame(), code = list(code_of_fit(quote(table))), table = TRUE)
}

# What is made of cross-products.
uses_of_crossprods <- alist(
  cp + cp, sum_crossprods(list(cp, cp)), sum_crossprods(cp), sum_crossprods(list()), cp - cp, cp * 2, cp == cp, -cp, print(cp), relm_posterior(cp),
  update(cp, data), update(cp, other), update(cp, data[1, ]), update(cp, remove = data), update(cp, remove = data[1:2, ]), update(cp, remove = other), update(cp),
  update(cp, 1), crossprods(cp), str(cp), cp + 1, cp + NULL, relm_posterior(cp, 1), relm_posterior(1), print(relm_posterior(cp)), update(cp, data, data),
  relm(cp, family = "poisson"), relm(cp, data), format(cp), summary(cp), update(cp, data[0, ]), update(update(cp, data[1:2, ]), remove = data[1:2, ])
)

crossprods_and_uses <- function() {
  model <- random_model()
  arguments <- arguments_of_model(model$family)
  of_design <- arguments[names(arguments) %in% c("sigma", "weights", "offset", "subset", "na.action", "contrasts", "family")]
  of_fit <- arguments[!names(arguments) %in% names(of_design)]
  code <- list(call("<-", quote(cp), call_with("crossprods", list(model$formula, quote(data)), of_design)))
  if (chance(0.2)) {
    code[[1]][[3]][[1]] <- quote(relm_design)
    return(list(data = random_frame(), code = c(code, quote(crossprods(cp)))))
  }
  for (k in seq_len(pick(1:2))) code <- c(code, list(one_of(uses_of_crossprods)))
  if (chance(0.3)) code <- c(code, list(call("<-", quote(fit), call_with("relm", list(quote(cp)), tiny(of_fit)))))
  list(data = random_frame(), other = random_frame(), code = code)
}

other_calls <- alist(
  split_by_group(data, "x", "g"), split_by_group(data, c("x", "z"), "h"), split_by_group(data, "unknown", "g"), split_by_group(data, "g", "x"),
  split_by_group(data, "x", "g", suffixes = c("_a", "_b")), split_by_group(data, "x", "g", like = other), split_by_group(data, character(), "g"),
  split_by_group(data, "x", c("g", "h")), split_by_group(data, ~x, ~g), split_by_group(data, "m", "g"), split_by_group(other, "k", "p"), split_by_group(data, "x", "g", suffixes = "a"),
  relm_multiple(y ~ x + (1 | g), list(data, other), chains = 1, draws = 5, warmup = 5, seed = 1), relm_multiple(y ~ x, list(data), chains = 1, draws = 5, seed = 1),
  relm_multiple(y ~ x + (1 | g), list(data, data), chains = 1, draws = 5, warmup = 5), relm_multiple(y ~ x, data), relm_multiple(y ~ x, list()),
  relm_example("none"), relm_example(1), relm_example(), summary(relm_multiple(y ~ x + (1 | g), list(data, data), chains = 1, draws = 5, warmup = 5)),
  relm(), relm(y ~ x), relm(data), relm(1, data), relm(NULL), relm(y ~ x, data, data), relm(data, y ~ x), relm(y ~ x, "data"), relm_prior(1), relm_prior(relm_prior()),
  relm_design(y ~ x + (1 | g)), print(relm_design(y ~ x + (1 | g), data)), print(relm_prior(sd = list(g = half_t(3, 1)))), print(relm_prior(cov = huang_wand(2, 1))), crossprods(), crossprods(1)
)

constructors_of_calls <- c("normal", "flat", "uniform", "jeffreys", "half_t", "half_cauchy", "half_normal", "exponential", "inverse_gamma",
                           "fixed", "pooled", "lkj", "inverse_wishart", "huang_wand", "student", "negative_binomial", "relm_example",
                           "relm_prior", "relm_posterior", "crossprods", "sum_crossprods", "relm_design", "split_by_group")

constructor_call <- function() {
  arguments <- replicate(pick(0:3), anything(), simplify = FALSE)
  if (length(arguments) && chance(0.3)) names(arguments) <- pick(c("scale", "df", "mean", "sd", "unknown", "", "shape", "rate"), length(arguments))
  list(data = random_frame(), code = list(as.call(c(as.name(pick(constructors_of_calls)), arguments))))
}

kinds_of_calls <- list(
  fit = fit_and_methods, methods = methods_of_pool, source = fit_of_source, table = fit_of_table, crossprods = crossprods_and_uses,
  constructor = constructor_call, other = function() list(data = random_frame(), other = random_frame(), code = list(one_of(other_calls)))
)

share_of_kinds <- c(fit = 40, methods = 30, source = 8, table = 3, crossprods = 9, constructor = 6, other = 4)

random_scene <- function(seed) {
  suppressWarnings(RNGversion("4.1.0"))
  set.seed(seed)
  kind <- pick(names(share_of_kinds), prob = share_of_kinds)
  c(list(seed = seed, kind = kind), kinds_of_calls[[kind]]())
}

# Where the code of a scene is run.
environment_of <- function(scene) {
  envir <- if (is.null(scene$pool)) new.env(parent = globalenv()) else list2env(as.list(fit_of_pool(scene$pool)), parent = globalenv())
  for (name in intersect(c("data", "other"), names(scene))) assign(name, scene[[name]], envir)
  if (isTRUE(scene$file)) {
    envir$file <- tempfile(fileext = ".csv")
    tryCatch(utils::write.csv(scene$data, envir$file, row.names = FALSE), error = function(e) file.create(envir$file))
  }
  if (isTRUE(scene$table)) envir$table <- table_of(scene$data)
  envir
}

table_of <- function(data) {
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  if (is.data.frame(data)) data <- as.data.frame(data)
  if (is.data.frame(data) && chance(0.9)) data <- data[vapply(data, function(v) is.atomic(v) && is.null(dim(v)), NA)]
  written <- tryCatch(suppressWarnings(DBI::dbWriteTable(connection, "fish", data)), error = function(e) FALSE)
  if (isTRUE(written)) dplyr::tbl(connection, "fish") else connection
}
