#' Split predictors into group means and deviations
#'
#' A predictor may be related to the response in one way within groups and in another between them.
#' `split_by_group()` adds two columns for each predictor: the mean of each group, and the
#' deviation of each row from it. A model with both, `y ~ x_within + x_between + (1 | g)`, estimates
#' both slopes. The slope within groups is then that of a model with a coefficient for each group
#' (Mundlak, 1978): what differs between groups does not bias it.
#'
#' In a model with `x` alone the two slopes are taken to be equal. If they are not, the standard
#' deviation of the group effects takes up a part of the difference.
#'
#' @param data A data frame.
#' @param columns Names of numeric columns to split.
#' @param by The name of the grouping factor, or names whose combinations are the groups.
#' @param like An earlier result, for new rows: groups that it has keep its means. Other groups get
#'   the means of their new rows.
#' @param suffixes What the names of the new columns end with, deviations first.
#' @return `data` with the new columns. Missing values stay missing, and means are those of the
#'   other rows. The means are also kept as an attribute, which `like` uses.
#' @references
#' Mundlak, Y. (1978). On the pooling of time series and cross section data. *Econometrica* 46,
#' 69--85.
#' @examples
#' bass$x <- log(bass$length)
#' split <- split_by_group(bass, "x", "station")
#' fit <- relm(log(mercury) ~ x_within + x_between + (1 | station), split,
#'             chains = 2, draws = 500, seed = 1)
#' fixef(fit)
#' # Do the slopes differ?
#' hypothesis(fit, "x_within > x_between")
#' fish <- data.frame(x = log(c(30, 50)), station = "l1")
#' fitted(fit, split_by_group(fish, "x", "station", like = split))
#' @export
split_by_group <- function(data, columns, by, like = NULL, suffixes = c("_within", "_between")) {
  check_split(data, columns, by)
  check_suffixes(suffixes)
  group <- group_labels_of(data[by])
  known <- if (!is.null(like)) means_of_split(like, columns, by)
  numbers <- lapply(plain_columns(as.data.frame(data)[columns]), as.numeric)
  means <- lapply(stats::setNames(nm = columns), function(column) {
    own <- tapply(numbers[[column]], group, mean, na.rm = TRUE)
    own <- c(known[[column]], own[setdiff(names(own), names(known[[column]]))])
    stats::setNames(as.numeric(own), names(own))
  })
  for (column in columns) {
    between <- unname(means[[column]][group])
    between[is.nan(between)] <- NA
    data[[paste0(column, suffixes[1])]] <- numbers[[column]] - between
    data[[paste0(column, suffixes[2])]] <- between
  }
  attr(data, "group_means") <- list(by = by, means = means)
  data
}

# A colon within a level is told from one between levels; NA where a part is missing.
group_labels_of <- function(parts) {
  spelled <- lapply(unname(parts), function(part) {
    if (inherits(part, "integer64")) part <- text_of_integer64(part)
    gsub("([\\\\:])", "\\\\\\1", as.character(part))
  })
  labels <- do.call(paste, c(spelled, sep = ":"))
  labels[Reduce(`|`, lapply(spelled, is.na))] <- NA
  labels
}

check_names_of_columns <- function(data, names, argument) {
  if (missing(names) || !is.character(names) || length(names) == 0 || !all(names %in% names(data))) {
    abort("{.arg {argument}} must name columns of {.arg data}.",
          x = "It is {if (missing(names)) 'missing' else describe(names)}.")
  }
}

check_split <- function(data, columns, by) {
  if (missing(data) || !is.data.frame(data)) {
    abort("{.arg data} must be a data frame.",
          x = "It is {if (missing(data)) 'missing' else describe(data)}.")
  }
  check_names_of_columns(data, columns, "columns")
  check_names_of_columns(data, by, "by")
  numeric <- vapply(columns, function(column) is_numbers(data[[column]]), NA)
  if (!all(numeric)) {
    abort("{.arg columns} must be numeric.", x = "{.var {columns[!numeric]}} {?is/are} not.")
  }
}

check_suffixes <- function(suffixes) {
  if (!is.character(suffixes) || length(suffixes) != 2 || suffixes[1] == suffixes[2] ||
        any(is.na(suffixes) | suffixes == "")) {
    abort("{.arg suffixes} must be two different texts.", x = "It is {describe(suffixes)}.")
  }
}

means_of_split <- function(like, columns, by) {
  kept <- attr(like, "group_means")
  if (is.null(kept) || !identical(kept$by, by) || !all(columns %in% names(kept$means))) {
    abort("{.arg like} must be a result of {.fn split_by_group} with the same {.arg by} and
           {.arg columns}.", x = "It is {describe(like)}.",
          i = "Functions that make new data frames of it may have dropped its means.")
  }
  kept$means
}
