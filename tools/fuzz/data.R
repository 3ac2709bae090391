# Data frames for random calls: plausible ones, most of them changed in some hostile way.

pick <- function(x, size = 1, ...) x[sample.int(length(x), size, ...)]

chance <- function(p) stats::runif(1) < p

# Rows of a few groups, with a column of each kind that formulas ask for.
plain_frame <- function(n = pick(c(4, 8, 12, 20, 30, 40, 40, 60)), J = pick(c(2, 3, 4, 6, 10))) {
  g <- rep_len(seq_len(J), n)
  h <- if (n) sample(rep_len(1:3, n)) else integer()
  x <- stats::rnorm(n)
  y <- 1 + x + stats::rnorm(J)[g] + stats::rnorm(n)
  trials <- sample(1:9, n, TRUE)
  data <- data.frame(
    y = y, x = x, z = stats::runif(n), k = stats::rpois(n, 2 + g %% 3), s = stats::rbinom(n, trials, 0.4),
    t = trials, b = stats::rbinom(n, 1, 0.5), l = stats::rnorm(n) > 0,
    f = factor(rep_len(c("u", "v", "w"), n), c("u", "v", "w")), g = factor(g, seq_len(J)),
    h = letters[h], o = factor(rep_len(1:3, n), 1:3, ordered = TRUE), w = stats::runif(n, 0.5, 2),
    se = stats::runif(n, 0.5, 2), d = as.Date("2020-01-01") + seq_len(n),
    i = seq_len(n), stringsAsFactors = FALSE
  )
  data$p <- factor(paste0("p", g %/% 2))
  data[["a b"]] <- stats::rnorm(n)
  data[["if"]] <- stats::rnorm(n)
  data[["\u00e9t\u00e9"]] <- stats::rnorm(n)
  data$m <- matrix(stats::rnorm(2 * n), n, dimnames = list(NULL, c("m1", "m2")))
  data
}

hostile_numbers <- c(NA, NaN, Inf, -Inf, 0, -1, 1e300, -1e300, 1e-300, 1e15, 1e-15, 4.9e-324)

# What may become of a column: each takes it, and the number of rows.
column_changes <- list(
  some_bad = function(v, n) replace(v, sample.int(n, pick(1:2)), pick(hostile_numbers)),
  one_bad = function(v, n) replace(v, 1L, pick(c(NA, NaN, Inf))),
  all_missing = function(v, n) rep(NA, n),
  all_nan = function(v, n) rep(NaN, n),
  constant = function(v, n) rep(v[1], n),
  nought = function(v, n) rep(0, n),
  factor = function(v, n) factor(v),
  more_levels = function(v, n) factor(v, c("none", unique(as.character(v)), "other")),
  fewer_levels = function(v, n) factor(v, unique(as.character(v))[-1]),
  missing_level = function(v, n) addNA(factor(replace(v, 1L, NA))),
  ordered = function(v, n) factor(v, ordered = TRUE),
  logical = function(v, n) seq_len(n) %% 2 == 0,
  text = function(v, n) as.character(v),
  odd_text = function(v, n) rep_len(c("", " ", "a:b", "a/b", "\u00e9", "NA", "{x}", "a,b]", "%d"), n),
  date = function(v, n) as.Date("2020-01-01") + seq_len(n),
  time = function(v, n) as.POSIXct("2020-01-01", tz = "UTC") + seq_len(n),
  parts_of_time = function(v, n) as.POSIXlt(as.POSIXct("2020-01-01", tz = "UTC") + seq_len(n)),
  difference = function(v, n) as.difftime(seq_len(n), units = "hours"),
  complex = function(v, n) complex(real = seq_len(n), imaginary = 1),
  raw = function(v, n) as.raw(seq_len(n) %% 256),
  list = function(v, n) I(as.list(v)),
  ragged = function(v, n) I(lapply(seq_len(n), seq_len)),
  nested = function(v, n) data.frame(first = v, second = seq_len(n)),
  matrix = function(v, n) matrix(stats::rnorm(2 * n), n),
  one_column = function(v, n) matrix(v, n),
  no_columns = function(v, n) matrix(0, n, 0),
  array = function(v, n) array(stats::rnorm(2 * n), c(n, 2, 1)),
  scaled = function(v, n) scale(as.numeric(factor(v))),
  named = function(v, n) stats::setNames(v, seq_len(n)),
  as_is = function(v, n) I(v),
  series = function(v, n) stats::ts(as.numeric(factor(v))),
  integer64 = function(v, n) structure(as.numeric(seq_len(n)), class = "integer64"),
  unknown_class = function(v, n) structure(v, class = "of_nobody"),
  labelled = function(v, n) structure(as.numeric(factor(v)), label = "a label", units = "kg"),
  whole = function(v, n) as.integer(factor(v)),
  counts = function(v, n) stats::rpois(n, 3),
  large_counts = function(v, n) stats::rpois(n, 1e6),
  all_different = function(v, n) paste0("q", seq_len(n)),
  huge = function(v, n) as.numeric(factor(v)) * 10^pick(c(8, 12, 100, 150, 200, 305)),
  tiny = function(v, n) as.numeric(factor(v)) * 10^-pick(c(8, 12, 100, 150, 200, 305)),
  far = function(v, n) as.numeric(factor(v)) + 10^pick(c(6, 9, 12, 15)),
  outlier = function(v, n) replace(as.numeric(factor(v)), 1L, 10^pick(c(3, 6, 12)))
)

# What may become of the whole frame.
frame_changes <- list(
  no_rows = function(d) d[0, , drop = FALSE],
  one_row = function(d) d[1, , drop = FALSE],
  two_rows = function(d) d[1:2, , drop = FALSE],
  no_columns = function(d) d[, 0, drop = FALSE],
  one_group = function(d) d[as.character(d$g) == as.character(d$g)[1], , drop = FALSE],
  shuffled = function(d) d[sample.int(nrow(d)), , drop = FALSE],
  doubled = function(d) d[rep(seq_len(nrow(d)), each = 2), , drop = FALSE],
  twice_named = function(d) stats::setNames(cbind(d, d$z), c(names(d), pick(c("x", "y", "g", "")))),
  collinear = function(d) { d$z <- 2 * as.numeric(d$x) + 1; d },
  exact = function(d) { d$y <- 2 * as.numeric(d$x) + as.numeric(factor(d$g)); d },
  nearly_exact = function(d) { d$y <- as.numeric(d$x) + 1e-9 * d$z; d },
  same_groups = function(d) { d$h <- as.character(d$g); d },
  lone_groups = function(d) { d$g <- factor(seq_len(nrow(d))); d },
  dropped = function(d) d[setdiff(names(d), pick(c("y", "x", "g", "h", "z")))],
  tibble = function(d) tibble::as_tibble(d),
  data_table = function(d) data.table::as.data.table(d),
  no_frame = function(d) pick(list(as.list(d), as.matrix(d["x"]), NULL, d$y, "data", 1L, quote(d)))[[1]],
  separated = function(d) { d$b <- as.integer(d$x > 0); d },
  all_failures = function(d) { d$b <- 0L; d$s <- 0L; d$k <- 0L; d },
  odd_names = function(d) stats::setNames(d, sub("^x$", pick(c("(weights)", "pi", "TRUE", "1x", ".")), names(d))),
  row_names = function(d) { rownames(d) <- paste("row", seq_len(nrow(d))); d }
)

change_column <- function(data) {
  name <- pick(c("y", "x", "g", "h", "z", "f", "k", "b", "w", "se", "s", "t"))
  if (!is.data.frame(data) || !name %in% names(data) || nrow(data) < 2) return(data)
  change <- pick(names(column_changes))
  changed <- tryCatch(column_changes[[change]](data[[name]], nrow(data)), error = function(e) NULL)
  if (is.null(changed)) return(data)
  data <- as.data.frame(data)
  tryCatch({
    data[[name]] <- changed
    data
  }, error = function(e) data)
}

change_frame <- function(data) {
  if (!is.data.frame(data)) return(data)
  tryCatch(frame_changes[[pick(names(frame_changes))]](data), error = function(e) data)
}

random_frame <- function() {
  data <- plain_frame()
  if (chance(0.55)) return(data)
  for (k in seq_len(pick(1:2))) if (chance(0.8)) data <- suppressWarnings(change_column(data))
  if (chance(0.35)) data <- suppressWarnings(change_frame(data))
  data
}
