# Cross-products of rows that come in chunks, and fits of them, against those of the data frame.

skip_on_cran()

d <- grouped_data(40)
set.seed(4)
d$h <- rep_len(c("u", "v", "w", "z", "y"), nrow(d))
d$ff <- factor(d$f, c("c", "unused", "a", "b"))
d$times <- 1L + rpois(nrow(d), 1)
d$one <- as.numeric(d$y > 1)
d$count <- rpois(nrow(d), exp(pmin(d$y, 2) / 2))
d$trials <- 3L + rpois(nrow(d), 2)
d$successes <- rbinom(nrow(d), d$trials, 0.4)
sizes <- c(1, 7, 50, nrow(d))

# Both calls with the same arguments.
expect_reads_as_whole <- function(formula, data, ..., chunk_sizes = sizes) {
  whole <- crossprods(formula, data, ...)
  for (size in chunk_sizes) {
    read <- crossprods(formula, chunks_of(data, size), ...)
    expect_same_crossprods(read, whole)
  }
}

fit_few <- function(...) suppressMessages(relm(..., chains = 2, draws = 40, seed = 3))

test_that("cross-products of chunks are those of the data frame", {
  expect_reads_as_whole(y ~ x + f + (1 + x | g), d)
  expect_reads_as_whole(y ~ x + ff, d)
  expect_reads_as_whole(y ~ x + (1 | g / h), d, by_group = TRUE)
  expect_reads_as_whole(y ~ x * f + (1 | g) + (1 + x | h), d, sigma = ~ f, weights = w,
                        offset = v / 2)
  expect_reads_as_whole("y ~ . - g - w + (1 | g)", d[c("y", "x", "f", "v", "g", "w")], subset = w > 0.5)
})

test_that("bases and levels are those of all rows", {
  expect_reads_as_whole(y ~ poly(x, 2) + splines::ns(v, 3) + scale(w) + (1 | g), d)
  expect_reads_as_whole(y ~ factor(round(x)) + cut(v, c(-9, 0, 9)) + (1 | factor(round(2 * v))), d)
  expect_reads_as_whole(y ~ interaction(f, h) + paste0(h, f) + (f || g), d, chunk_sizes = c(50, 7))
  expect_reads_as_whole(y ~ I(x > 0) + ordered(f) + (1 | h), d,
                        contrasts = list(`ordered(f)` = "contr.sum"), chunk_sizes = 7)
})

test_that("so are those of other families", {
  expect_reads_as_whole(one ~ x + f + (1 | g), d, family = binomial())
  expect_reads_as_whole(cbind(successes, trials - successes) ~ x + (1 | g), d, offset = v,
                        family = binomial("cloglog"))
  expect_reads_as_whole(successes / trials ~ x + (1 | g), d, weights = trials, family = binomial())
  expect_reads_as_whole(count ~ x + (1 | g) + (1 | h), d, family = poisson(), weights = times)
  expect_reads_as_whole(count ~ ff + (1 | g), d, family = negative_binomial(), offset = log(w))
  sick <- transform(d, one = factor(ifelse(one == 1, "yes", "no"), c("no", "yes")))
  expect_reads_as_whole(one ~ x + (1 | g), sick, family = binomial())
})

test_that("draws are those of the data frame", {
  for (formula in c("y ~ x + (1 + x | g)", "y ~ x", "y ~ ff + (1 | g / h)",
                    "y ~ x + (1 | g) + (1 | h)")) {
    whole <- fit_few(formula, d)
    for (size in c(1, 50)) expect_same_draws(fit_few(formula, chunks_of(d, size)), whole)
  }
  whole <- fit_few(y ~ x + f + (1 | g), d, sigma = ~ f, weights = w, offset = v / 2,
                   prior = relm_prior(sigma = half_normal(1)))
  read <- fit_few(y ~ x + f + (1 | g), chunks_of(d, 7), sigma = ~ f, weights = w, offset = v / 2,
                  prior = relm_prior(sigma = half_normal(1)))
  expect_same_draws(read, whole)
  structured <- y ~ x + ar1(1 + x + v | g)
  expect_same_draws(fit_few(structured, chunks_of(d, 7)), fit_few(structured, d))
  known <- lapply(list(chunks_of(d, 7), d), function(rows) as.matrix(fit_few(y ~ x + (1 | g), rows, sigma = known(w))))
  expect_equal(known[[1]], known[[2]], tolerance = 1e-6)
  expect_same_draws(fit_few(y ~ x + (1 | g), chunks_of(d, 7), weights = w, family = student()),
                    fit_few(y ~ x + (1 | g), d, weights = w, family = student()))
})

test_that("draws of other families are those of the data frame", {
  expect_draws_of <- function(formula, ...) {
    expect_same_draws(fit_few(formula, chunks_of(d, 50), ...), fit_few(formula, d, ...))
  }
  expect_draws_of(one ~ x + f + (1 | g), family = binomial())
  expect_draws_of(cbind(successes, trials - successes) ~ x + (1 | g), family = binomial())
  expect_draws_of(count ~ x + (1 | g), family = poisson(), weights = times)
  expect_draws_of(count ~ x + (1 | g), family = negative_binomial())
})

test_that("rows with missing values are dropped, and told once", {
  gaps <- d
  gaps$y[c(1, 5, 60)] <- NA
  gaps$x[5:9] <- NA
  gaps$f[200] <- NA
  gaps$g[100] <- NA
  expect_message(whole <- crossprods(y ~ x + f + (1 | g), gaps), "Dropped 9 of 264")
  told <- capture_messages(read <- crossprods(y ~ x + f + (1 | g), chunks_of(gaps, 7)))
  expect_length(told, 1)
  expect_match(told, "Dropped 9 of 264 rows")
  expect_same_crossprods(read, whole)
  expect_warning(crossprods(y ~ x + (1 | g), chunks_of(transform(gaps, x = ifelse(w > 2, NA, x)), 50)),
                 "Dropped")
})

test_that("fits have no levels that only dropped rows have, cross-products have them", {
  gaps <- transform(d, f = ifelse(f == "a", "d", f), y = ifelse(f == "b", NA, y))
  read <- function(of, ...) suppressWarnings(of(y ~ f + (1 | g), ...))
  whole <- read(fit_few, gaps)
  expect_equal(whole$posterior$fixed, c("(Intercept)", "fd"))
  expect_same_draws(read(fit_few, chunks_of(gaps, 50)), whole)
  expect_identical(read(crossprods, chunks_of(gaps, 50))$fixed, c("(Intercept)", "fc", "fd"))
})

test_that("chunks without rows, columns without values and types that widen are no matter", {
  pieces <- list(data.frame(), d[0, ], d[1:3, ], d[0, ], d[4:264, ])
  expect_same_crossprods(crossprods(y ~ x + f + (1 | g), function_of(pieces)),
                         crossprods(y ~ x + f + (1 | g), d))
  gaps <- transform(d, x = c(rep(NA, 100), x[-(1:100)]))
  pieces <- list(transform(gaps[1:50, ], x = NA), gaps[51:264, ])
  expect_same_crossprods(suppressWarnings(crossprods(y ~ x + (1 | g), function_of(pieces))),
                         suppressWarnings(crossprods(y ~ x + (1 | g), gaps)))
  ids <- transform(d, g = round(2 * v), x = round(x))
  pieces <- list(transform(ids[1:50, ], g = as.integer(g), x = as.integer(x)), ids[51:264, ])
  expect_same_crossprods(crossprods(y ~ x + (1 | g), function_of(pieces, FALSE)),
                         crossprods(y ~ x + (1 | g), ids))
  expect_error(crossprods(y ~ x, function() NULL), "No rows are left", class = "relm_error")
  expect_error(crossprods(y ~ x, chunks_of(transform(d, x = NA), 50), subset = w > 9),
               "No rows are left", class = "relm_error")
})

# How often a function that yields these pieces was started, the chunks and rows that it gave, what
# was shown while it was read, and what came of it.
read_counted <- function(formula, pieces, ...) {
  counts <- list(starts = 0, chunks = 0, rows = 0)
  give <- function_of(pieces)
  counted <- function(reset = FALSE) {
    chunk <- give(reset)
    if (reset) counts$starts <<- counts$starts + 1
    if (!is.null(chunk)) {
      counts$chunks <<- counts$chunks + 1
      counts$rows <<- counts$rows + nrow(chunk)
    }
    chunk
  }
  shown <- character()
  counts$read <- with_relm("reading_bar", function(reader, show, doing) {
    shown <<- c(shown, doing)
    list(set = function(done) NULL, done = function() NULL)
  }, suppressWarnings(suppressMessages(crossprods(formula, counted, ...))))
  c(counts, list(shown = shown))
}

# The same with a first pass, whatever the first chunk shows.
with_first_pass <- function(code) with_relm("first_schema", function(reader, survey) NULL, code)

# readings: how often each row is read, on the average; chunks: how many are.
expect_readings <- function(formula, pieces, starts, chunks, shown, ...) {
  once <- read_counted(formula, pieces, ...)
  whole <- suppressWarnings(suppressMessages(crossprods(formula, do.call(rbind, pieces), ...)))
  expect_same_crossprods(once$read, whole)
  expect_identical(once[c("starts", "chunks")], list(starts = starts, chunks = chunks))
  expect_identical(once$shown, shown)
  twice <- with_first_pass(read_counted(formula, pieces, ...))
  expect_identical(once$read, twice$read)
  # A start before anything is read, and one after the first pass.
  expect_identical(twice$starts, 2)
  expect_identical(twice$rows, 2 * sum(vapply(pieces, nrow, 1L)))
}

pieces_of_rows <- function(data, size = 50) {
  lapply(split(seq_len(nrow(data)), (seq_len(nrow(data)) - 1) %/% size), function(rows) data[rows, ])
}

at_once <- "Reading"
anew <- c("Reading", "Surveying", "Reading")

test_that("a source whose first chunk shows all levels is read once", {
  pieces <- pieces_of_rows(d)
  expect_once <- function(formula, ...) expect_readings(formula, pieces, 1, 6, at_once, ...)
  expect_once(y ~ x + f + (1 + f | g))
  expect_once(y ~ f * h + ordered(f) + factor(h) + (f:x | g), sigma = ~ h)
  expect_once(y ~ x + ff + ifelse(v > 0, "plus", "minus") + (1 | h / g), weights = w)
  expect_once(y ~ x + ff, drop.unused.levels = TRUE, subset = f != "b")
  expect_once(one ~ x + f + (1 | g), family = binomial())
  gaps <- transform(d, f = replace(f, c(60, 200), NA), y = replace(y, 3, NA))
  expect_readings(y ~ x + f + factor(h), pieces_of_rows(gaps), 1, 6, at_once)
  expect_readings(y ~ x + f, pieces_of_rows(gaps), 1, 6, at_once, drop.unused.levels = TRUE)
  reordered <- pieces
  reordered[[3]]$ff <- factor(reordered[[3]]$f, c("a", "b", "c", "unused"))
  expect_readings(y ~ ff + (1 | g), reordered, 1, 6, at_once)
  expect_readings(y ~ f, c(list(d[0, ]), pieces[1], list(d[0, ]), pieces[-1]), 1, 8, at_once)
})

test_that("where a later chunk shows more, the rest is surveyed and all is read anew", {
  # The k-th of 6 pieces shows it: those up to it, those after it, and all of them again.
  expect_anew <- function(formula, data, ..., size = 50) {
    pieces <- if (is.data.frame(data)) pieces_of_rows(data, size) else data
    expect_readings(formula, pieces, 2, 2 * length(pieces), anew, ...)
  }
  last <- transform(d, f = replace(f, nrow(d), "A"))
  expect_anew(y ~ x + f + (1 | g), last)
  expect_anew(y ~ f * h + (f | g), last, sigma = ~ f)
  expect_anew(y ~ x + ifelse(v > 0, f, "none"), last)
  expect_anew(count ~ f + (1 | g), last, family = poisson(), drop.unused.levels = TRUE)
  # Sorted by the factor, whose first chunk has one level.
  expect_anew(y ~ x + f + (1 | g), d[order(d$f), ])
  expect_anew(y ~ x + h + f, d[order(d$f), ], drop.unused.levels = TRUE)
  sick <- transform(d, one = factor(ifelse(one == 1, "yes", "no"), c("no", "yes")))
  sick <- sick[order(sick$one), ]
  expect_anew(one ~ x + (1 | g), sick, family = binomial(), drop.unused.levels = TRUE)
  # In a row that is dropped or left out: a level of a factor, though not of a fit.
  gone <- transform(d, f = replace(f, 120, "new"), y = replace(y, 120, NA))
  with_own_levels <- function(data) lapply(pieces_of_rows(data), transform, f = factor(f))
  for (drop in c(FALSE, TRUE)) {
    expect_anew(y ~ x + f + (1 | g), with_own_levels(gone), drop.unused.levels = drop)
    expect_anew(y ~ x + f + (1 | g), with_own_levels(transform(gone, y = d$y)), subset = f != "new",
                drop.unused.levels = drop)
  }
  expect_anew(y ~ x + f + (1 | g), gone, drop.unused.levels = TRUE)
  # The first row that is kept comes later than the first that shows the level.
  seen <- transform(d, f = replace(f, c(5, 120), "new"), y = replace(y, 5, NA))
  expect_anew(y ~ x + f + (1 | g), seen, drop.unused.levels = TRUE)
  expect_readings(y ~ x + f + (1 | g), pieces_of_rows(seen), 1, 6, at_once)
  # Levels that are declared, and those of text among factors.
  more <- pieces_of_rows(d)
  more[[2]]$ff <- factor(more[[2]]$f, c("b", "other", "a", "c"))
  more[[4]]$ff <- replace(more[[4]]$f, 2, "B")
  expect_anew(y ~ x + ff + (1 | g), more)
  expect_anew(y ~ x + ff + (1 | g), more, drop.unused.levels = TRUE)
  wider <- lapply(more, transform, k = round(2 * v), ff = f)
  wider[1:3] <- lapply(wider[1:3], transform, k = as.integer(k))
  expect_anew(y ~ factor(k > 0) + factor(k), wider)
})

test_that("the chunks that were absorbed are not surveyed", {
  surveyed <- 0
  counting <- survey_chunk
  last <- pieces_of_rows(transform(d, f = replace(f, 180, "A")))
  with_relm("survey_chunk", function(survey, chunk) {
    surveyed <<- surveyed + nrow(chunk)
    counting(survey, chunk)
  }, crossprods(y ~ x + f, function_of(last)))
  # The first, and from the fourth on.
  expect_identical(surveyed, 50 + nrow(d) - 150)
})

test_that("what is refused is refused as after a first pass", {
  refused <- function(pieces, pattern, formula = y ~ x + f + (1 | g), ...) {
    says <- function() {
      tryCatch(crossprods(formula, function_of(pieces), ...), error = conditionMessage)
    }
    said <- says()
    expect_match(said, pattern)
    expect_identical(with_first_pass(says()), said)
  }
  with_third <- function(...) {
    pieces <- pieces_of_rows(d)
    pieces[[3]] <- transform(pieces[[3]], ...)
    pieces
  }
  refused(with_third(x = replace(x, 2, Inf)), "Chunk 3 of the function.*`x` must be finite")
  refused(with_third(f = NULL), "Chunk 3 of the function.*no column `f`")
  refused(with_third(x = NULL), "Chunk 3 of the function.*no column `x`")
  refused(with_third(f = 1), "Chunk [13] of the function.*`f` is not of the type")
  refused(with_third(w = -w), "weights.*positive", weights = w)
  refused(with_third(h = "late"), "Chunk 3 of the function.*level.*late", formula = y ~ f + h,
          levels = list(h = c("u", "v", "w", "y", "z")))
  refused(c(pieces_of_rows(d)[1:2], list(function() stop("lost"))), "Chunk 3 .* cannot be read.*lost")
  refused(pieces_of_rows(transform(d, f = "a")), "contrasts|level")
})

test_that("what can be read once needs levels, or an earlier design", {
  once <- function(size = 50) chunks_of(d, size, starts_over = FALSE)
  expect_same_crossprods(crossprods(y ~ x + (1 | g), once()), crossprods(y ~ x + (1 | g), d))
  formula <- y ~ x + f + (1 | g)
  expect_error(crossprods(formula, once()), "read once.*`f`.*levels", class = "relm_error")
  expect_same_crossprods(crossprods(formula, once(), levels = list(f = c("a", "b", "c"))),
                         crossprods(formula, d))
  other <- crossprods(formula, once(), levels = list(f = c("c", "a", "b")))
  expect_identical(other$fixed, c("(Intercept)", "x", "fa", "fb"))
  expect_error(crossprods(y ~ poly(x, 2), once()), "poly\\(x, 2\\).*like", class = "relm_error")
  formula <- y ~ poly(x, 2) + f + (1 | g)
  whole <- crossprods(formula, d)
  expect_same_crossprods(crossprods(formula, once(), like = relm_design(formula, d)), whole)
  earlier <- crossprods(formula, chunks_of(d, 7))
  expect_same_crossprods(crossprods(formula, once(), like = earlier), whole)
  weighted <- crossprods(formula, once(), like = earlier, weights = w)
  expect_same_crossprods(weighted, crossprods(formula, d, weights = w))
  expect_error(crossprods(y ~ x, once(), like = earlier), "another model", class = "relm_error")
  expect_error(crossprods(y ~ x, once(), like = 1), "must be a design", class = "relm_error")
  expect_error(crossprods(y ~ f, once(), levels = list(a = "b")), "no variable", class = "relm_error")
  expect_error(crossprods(y ~ f, once(), levels = "a"), "must be a list", class = "relm_error")
  expect_error(crossprods(y ~ x, d, levels = list(f = "a")), "in chunks", class = "relm_error")
})

test_that("chunks that differ are refused by number and column", {
  refused <- function(pattern, second, formula = y ~ x + f + (1 | g), ..., levels = list(f = letters[1:3])) {
    pieces <- list(d[1:50, ], second)
    expect_error(crossprods(formula, function_of(pieces, FALSE), levels = levels, ...),
                 paste0("Chunk 2 of the function.*", pattern), class = "relm_error")
  }
  rest <- d[51:264, ]
  refused("no column `x`", rest[names(rest) != "x"])
  refused("`x`.*type.*character.*was a numeric", transform(rest, x = as.character(x)))
  refused("`f`.*level.*\"new\"", transform(rest, f = replace(f, 3, "new")))
  refused("`g`.*numeric.*was a character", transform(rest, g = as.numeric(factor(g))))
  refused("`x`.*must be finite.*row 2", transform(rest, x = replace(x, 2, Inf)))
  refused("weights.*positive", transform(rest, w = -w), weights = w)
  refused("must be 0 or 1", transform(rest, one = 2), formula = one ~ x + f, family = binomial())
  refused("must be a data frame", as.list(rest))
  refused("the disk is gone", function() stop("the disk is gone"))
  expect_error(crossprods(y ~ x, function_of(list(function() stop("no file")), FALSE)),
               "Chunk 1 of the function cannot be read.*no file", class = "relm_error")
  expect_error(crossprods(y ~ rank(x) + (1 | g), chunks_of(d, 50)), "rank\\(x\\).*depends on all rows",
               class = "relm_error")
  expect_error(crossprods(y ~ I(x - mean(x)) + (1 | g), chunks_of(d, 50)), "depends on all rows",
               class = "relm_error")
  expect_error(crossprods(y ~ x, function(n) d), "needs `n`", class = "relm_error")
  expect_error(crossprods(y ~ zz, chunks_of(d, 50)), "names `zz`", class = "relm_error")
  expect_error(crossprods(y ~ x, chunks_of(d, 50), wieghts = w), "no argument `wieghts`",
               class = "relm_error")
})

test_that("an interrupt stops the reading, and what was open is closed", {
  closed <- 0
  pieces <- list(d[1:50, ], function() rlang::interrupt())
  source <- new_source(function_of(pieces, FALSE), "a source", close = function() closed <<- closed + 1)
  stopped <- tryCatch(crossprods(y ~ x + (1 | g), source), interrupt = function(e) "stopped")
  expect_identical(stopped, "stopped")
  expect_identical(closed, 1)
  source$next_rows <- function_of(list(d[1:50, ], function() stop("lost")), FALSE)
  expect_error(crossprods(y ~ x + (1 | g), source), "lost", class = "relm_error")
  expect_identical(closed, 2)
  source$next_rows <- chunks_of(d, 50)
  crossprods(y ~ x + (1 | g), source)
  expect_identical(closed, 3)
})

test_that("fits of chunks predict new rows as those of data frames do", {
  new <- d[c(7, 200, 90), ]
  formula <- y ~ poly(x, 2) + f + (1 + v | g)
  whole <- fit_few(formula, d, sigma = ~ h, weights = w, offset = v, prior = relm_prior(sigma = pooled()))
  read <- fit_few(formula, chunks_of(d, 50), sigma = ~ h, weights = w, offset = v,
                  prior = relm_prior(sigma = pooled()))
  expect_same_draws(read, whole)
  expect_null(read$design)
  same <- function(of, ...) expect_equal(of(read, newdata = new, ...), of(whole, newdata = new, ...),
                                         tolerance = 1e-6)
  same(posterior_predict, seed = 1)
  same(posterior_epred, re_formula = NA)
  same(posterior_linpred, re_formula = ~ (1 | g))
  same(predict, seed = 1)
  same(fitted)
  same(log_lik)
  same(log_lik, by = "group")
  same(residuals)
  new$g <- c("g1", "other", "g2")
  same(posterior_predict, allow_new_levels = TRUE, seed = 2)
  expect_error(posterior_predict(read, new), "\"other\"", class = "relm_error")
  expect_error(posterior_predict(read), "has not kept.*newdata", class = "relm_error")
  expect_error(model.frame(read), "needs the data", class = "relm_error")
  expect_error(posterior_predict(read, new["x"]), "no column", class = "relm_error")
  for (with in list(crossprods(formula, chunks_of(d, 7)), read)) {
    again <- suppressMessages(if (inherits(with, "relm")) update(with, draws = 20, seed = 3)
                              else relm(with, chains = 1, draws = 20, seed = 3))
    expect_identical(dim(posterior_epred(again, d[1:2, ]))[2], 2L)
  }
})

test_that("fits of chunks have the likelihoods of whole groups, which need no rows", {
  whole <- fit_few(y ~ x + (1 + x | g), d)
  read <- fit_few(y ~ x + (1 + x | g), chunks_of(d, 50))
  expect_equal(log_lik(read, by = "group"), log_lik(whole, by = "group"), tolerance = 1e-8)
  expect_error(log_lik(read), "newdata", class = "relm_error")
})

test_that("fits of chunks of other families predict new rows", {
  new <- d[c(7, 200, 90), ]
  for (formula in list(one ~ x + f + (1 | g), cbind(successes, trials - successes) ~ x + (1 | g))) {
    whole <- fit_few(formula, d, family = binomial())
    read <- fit_few(formula, chunks_of(d, 50), family = binomial())
    expect_equal(posterior_epred(read, new), posterior_epred(whole, new), tolerance = 1e-6)
    expect_equal(posterior_predict(read, new, seed = 1), posterior_predict(whole, new, seed = 1))
  }
})

# The bass in files, one for each of these numbers of rows.
bass_files <- function(sizes, data = bass, folder = tempfile("bass")) {
  dir.create(folder)
  part <- rep(seq_along(sizes), sizes)
  vapply(seq_along(sizes), function(k) {
    path <- file.path(folder, paste0("part", k, ".csv"))
    utils::write.csv(data[part == k, ], path, row.names = FALSE)
    path
  }, "")
}

test_that("files that are read at the same time give what they do one after another", {
  skip_if_not_installed("future")
  files <- bass_files(c(50, 1, 80, 40))
  models <- list(
    list(log(mercury) ~ length + (1 + length | station)),
    list(log(mercury) ~ poly(length, 2) + river + (1 | station), sigma = ~ river),
    list(mercury ~ length + (1 | station) + (1 | river), weights = quote(weight)),
    list((mercury > 1) ~ length + (1 | station), family = binomial())
  )
  for (model in models) {
    read <- function(...) do.call(crossprods, c(model[1], list(files), model[-1], list(...)))
    parts <- read(cores = "future")
    expect_same_crossprods(parts, read())
    if (.Platform$OS.type == "unix") expect_identical(read(cores = 2), parts)
    # The first block has fewer levels of what needs no schema.
    few <- read(cores = "future", chunk_rows = 7)
    expect_identical(few[names(few) != "schema"], parts[names(parts) != "schema"])
  }
})

test_that("what is told or refused of files that are read at the same time is of all of them", {
  skip_if_not_installed("future")
  read <- function(files, formula = mercury ~ length + (1 | station), ...) {
    crossprods(formula, files, cores = "future", ...)
  }
  holes <- replace(bass, "length", list(replace(bass$length, 1:50, NA)))
  files <- bass_files(c(50, 121), holes)
  expect_warning(made <- read(files), "50 of 171 rows", class = "relm_warning")
  whole <- crossprods(mercury ~ length + (1 | station), bass_files(121, holes[-(1:50), ]))
  expect_same_crossprods(made, whole)
  expect_error(read(files[1]), "No rows are left", class = "relm_error")
  # The same response in each file, and in all.
  each <- replace(bass, "mercury", list(rep(1:2, c(50, 121))))
  expect_identical(read(bass_files(c(50, 121), each))$n_rows, 171)
  all <- replace(bass, "mercury", list(1))
  expect_error(read(bass_files(c(50, 121), all)), "same|constant", class = "relm_error")
  # The file that is refused is named.
  text <- bass_files(c(50, 121))
  writeLines(c(readLines(text[2]), '"lumber",1,long,2,3'), text[2])
  expect_error(read(text), "part2.csv", class = "relm_error")
  connection <- file(text[1])
  for (source in list(chunks_of(bass, 50), connection)) {
    expect_error(read(source), "cores", class = "relm_error")
  }
  close(connection)
  expect_error(crossprods(mercury ~ length, bass, cores = 2), "cores", class = "relm_error")
  expect_error(read(text, like = 3), "like", class = "relm_error")
})

test_that("files are read by the workers of a plan, whose draws are the same", {
  skip_if_not_installed("future")
  files <- bass_files(c(60, 60, 51))
  formula <- log(mercury) ~ poly(length, 2) + (1 | station)
  here <- crossprods(formula, files, cores = "future")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old))
  there <- crossprods(formula, files, cores = "future")
  expect_identical(there[names(there) != "schema"], here[names(here) != "schema"])
  draws <- function(x) as.matrix(relm(x, chains = 2, draws = 20, seed = 3, cores = "future"))
  expect_identical(draws(there), draws(here))
  fit <- relm(there, chains = 1, draws = 20, seed = 3)
  expect_identical(dim(posterior_epred(fit, bass[1:5, ])), c(20L, 5L))
})
