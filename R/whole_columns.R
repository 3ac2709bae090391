# Variables of a formula that are evaluated anew on new rows and then are another thing: those in
# which a function of a whole column, such as mean() or rank(), stands within other functions.

# Functions of each row by itself.
rowwise_functions <- c(
  "+", "-", "*", "/", "^", "%%", "%/%", "(", "==", "!=", "<", ">", "<=", ">=", "!", "&", "|",
  "%in%", "c", "cbind", "I", "log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs", "sign",
  "sin",
  "cos", "tan", "round", "floor", "ceiling", "trunc", "pmin", "pmax", "ifelse", "is.na",
  "as.character", "as.numeric", "as.logical", "offset", "plogis", "qlogis", "nchar", "substr"
)

# Functions whose basis stats::makepredictcall() keeps, or whose levels are matched, where no other
# function stands around them.
kept_heads <- c("scale", "poly", "ns", "bs", "factor", "as.factor", "ordered")

# Warns of these variables among `expressions`, calls, once in a session for each fit.
warn_of_whole_columns <- function(design, expressions, newdata) {
  own <- environment(design$formula)
  suspected <- Filter(function(e) !is_rowwise(e, own), unique(expressions))
  names <- vapply(suspected, as_text, "")
  changed <- names[vapply(names, changes_alone, NA, design = design)]
  # All rows of the fit together are what they were.
  all <- seq_len(nrow(design$frame))
  if (length(changed) && nrow(newdata) == length(all)) {
    changed <- changed[!vapply(changed, function(name) {
      isTRUE(same_alone(name, design, newdata, .subset2(design$frame, name), all))
    }, NA)]
  }
  if (length(changed) == 0) return(invisible())
  id <- paste0("relm_whole_column_", rlang::hash(list(changed, design$frame[[1]])))
  cli::cli_warn(c(
    "{.code {changed}} {cli::qty(changed)}{?is/are} evaluated anew on {.arg newdata}, and on other
     rows {?it is/they are} not what {?it was/they were} in the fit: {?it depends/they depend} on
     all rows together.",
    i = "Compute {cli::qty(changed)}{?it/them} in the data before the fit, and in {.arg newdata}
         from the same numbers. {.fn scale}, {.fn poly}, {.fn ns} and {.fn bs} keep their basis
         where no other function stands around them."
  ), class = "relm_warning", .frequency = "once", .frequency_id = id)
}

# By the functions in it; no data are looked at.
is_rowwise <- function(variable, envir) {
  head <- as_text(variable[[1]])
  kept <- head %in% kept_heads
  called <- functions_in(if (kept) variable[[2]] else variable)
  all(called %in% rowwise_functions) &&
    !any(vapply(c(called, if (kept) head), exists, NA, envir = envir, inherits = FALSE))
}

functions_in <- function(expression) {
  if (!is.call(expression)) return(character())
  head <- expression[[1]]
  c(as_text(head), unlist(lapply(as.list(expression)[-1], functions_in)))
}

# The variables of terms, and of grouping factors where these are calls, as expressions.
variables_of <- function(terms, by) {
  in_terms <- lapply(terms, function(side) as.list(attr(side, "variables"))[-1])
  parts <- unlist(lapply(by, grouping_parts))
  c(unlist(in_terms, recursive = FALSE),
    lapply(parts[grepl("(", parts, fixed = TRUE)], str2lang))
}

# Does a variable of the frame differ where some of its rows are evaluated alone? Those of the
# least and the largest value, one by one; or, where a single row cannot be evaluated, the upper
# half of the rows.
changes_alone <- function(name, design) {
  data <- rows_of_data(design)
  if (is.null(data)) return(FALSE)
  fitted <- .subset2(design$frame, name)
  first <- if (is.matrix(fitted)) fitted[, 1] else fitted
  value <- if (is.factor(first)) as.integer(first) else suppressWarnings(as.numeric(first))
  order <- order(value)
  half <- utils::tail(order, min(200L, (length(order) + 1L) %/% 2L))
  for (rows in list(order[length(order)], order[1L], half)) {
    same <- same_alone(name, design, data[rows, , drop = FALSE], fitted, rows)
    if (isFALSE(same)) return(TRUE)
    if (isTRUE(same) && length(rows) == 1 && identical(rows, order[1L])) return(FALSE)
  }
  FALSE
}

# TRUE, FALSE, or NA where these rows cannot be evaluated.
same_alone <- function(name, design, data, fitted, rows) {
  terms <- terms_of(attr(design$frame, "terms"), name)
  tryCatch({
    frame <- suppressWarnings(stats::model.frame(terms, data, na.action = stats::na.pass))
    alone <- like_fitted(drop_matrix(.subset2(frame, name)), fitted, name)
    same_values(alone, if (is.matrix(fitted)) fitted[rows, , drop = FALSE] else fitted[rows],
                fitted)
  }, relm_error = function(e) FALSE, error = function(e) NA)
}

# To six digits of the variable's range.
same_values <- function(alone, whole, fitted) {
  if (!is.numeric(whole)) return(identical(as.character(alone), as.character(whole)))
  alone <- as.numeric(alone)
  size <- max(abs(as.numeric(fitted)))
  length(alone) == length(whole) && !anyNA(alone) &&
    all(abs(alone - as.numeric(whole)) <= 1e-6 * size)
}

# The rows of the data that the fit used, from where they came.
rows_of_data <- function(design) {
  data <- used_data(design)
  if (!is.null(data) || !is.null(design$kept)) return(data)
  columns <- mget(design$row_variables, environment(design$formula), inherits = TRUE,
                  ifnotfound = list(NULL))
  n_rows <- nrow(design$frame)
  if (!all(vapply(columns, NROW, 0L) == n_rows)) return(NULL)
  structure(columns, row.names = .set_row_names(n_rows), class = "data.frame")
}
