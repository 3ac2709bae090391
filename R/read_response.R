# Responses of a model frame: what a family takes, what it refuses, and the numbers that they are.
#
# `frame` is a model frame or a list like one: the response comes first, weights have the name
# "(weights)". What is read is list(y, trials): the sum of each row's trials, and their number, NULL
# where each row is one. Of a response without trials y is the number that it is.

# The response of a frame by its family, and its trials.
read_frame <- function(family, frame) {
  family$read(.subset2(frame, 1), .subset2(frame, "(weights)"))
}

# Refuses rows of a frame, of the data or new ones.
check_rows_of <- function(family, frame) {
  family$check_type(frame)
  family$check_rows(frame)
}

# How often each row stands in the data, NULL where it is once.
row_times <- function(family, weights) if (family$weights == "times") weights

# Numbers ---------------------------------------------------------------------------------------

check_numbers <- function(frame) {
  y <- frame[[1]]
  if (!is.numeric(y) || NCOL(y) != 1) {
    name <- names(frame)[1]
    has_two_values <- is.logical(y) || is.factor(y) && nlevels(y) == 2
    abort("The response {.code {name}} must be one column of numbers.",
          x = "It is {describe(y)}.",
          i = if (is.character(y)) remedy_of_text(y, name)
              else if (has_two_values) two_values_remedy(y, name)
              else if (is.numeric(y) && NCOL(y) == 2) "Successes and failures are a response of
                {.code family = binomial()}.")
  }
}

remedy_of_text <- function(y, name) {
  values <- unique(y[!is.na(y)])
  words <- values[is.na(suppressWarnings(as.numeric(values)))]
  if (length(words) == 0) return("Convert it with {.fn as.numeric}.")
  if (length(values) == 2) {
    return(paste0("A logistic regression is that of {.code factor(", name,
                  ")} with {.code family = binomial()}."))
  }
  paste0("Not all of it is numbers: look at {.val ", words[1], "}.")
}

two_values_remedy <- function(y, name) {
  number <- if (is.factor(y)) paste0("as.numeric(", name, " == ", dQuote(levels(y)[2], FALSE), ")")
    else paste0("as.numeric(", name, ")")
  paste0("A logistic regression is that of {.code family = binomial()}. A linear model of the ",
         "probability is that of {.code ", number, "}.")
}

check_varies <- function(frame) {
  y <- frame[[1]]
  if (length(y) > 1 && y[2] == y[1] && all(y == y[1])) {
    refuse_constant_response(names(frame)[1], length(y), unname(y[1]))
  }
}

refuse_constant_response <- function(name, n_rows, value) {
  abort("The response {.code {name}} is constant.",
        x = "All {format(n_rows, scientific = FALSE)} values are {describe(value)}.",
        i = "A model of it has no residual variance.")
}

# Successes and failures ------------------------------------------------------------------------

# As glm() reads them: the first level of a factor is the failure; weights of proportions are their
# trials.
read_successes <- function(response, weights) {
  if (is.matrix(response)) {
    return(list(y = as.numeric(response[, 1]), trials = as.numeric(response[, 1] + response[, 2])))
  }
  y <- if (is.factor(response)) as.numeric(as.integer(response) != 1L) else as.numeric(response)
  if (is.null(weights)) return(list(y = y))
  list(y = round(y * weights), trials = as.numeric(weights))
}

# The reverse: responses in the form of `like`, as stats::simulate() has them.
write_successes <- function(y, trials, like) {
  if (has_totals(like)) {
    both <- cbind(y, trials - y, deparse.level = 0)
    colnames(both) <- colnames(like)
    return(both)
  }
  if (!is.null(trials)) return(y / trials)
  if (is.factor(like)) factor(levels(like)[y + 1], levels(like)) else y
}

# A new response like the one that a design has, of one value or row for each of its rows; NULL where
# it is none.
as_response <- function(y, like) {
  if (is.factor(like)) {
    return(if (is.factor(y) && identical(levels(y), levels(like))) y)
  }
  if (!is.numeric(y) && !is.logical(y) || NCOL(y) != NCOL(like)) return(NULL)
  if (has_totals(like)) return(matrix(as.numeric(y), ncol = 2, dimnames = dimnames(like)))
  if (is.logical(like) && all(y %in% 0:1)) as.logical(y) else as.numeric(y)
}

# Has a response its trials beside the successes?
has_totals <- function(response) is.matrix(response)

check_two_values <- function(frame) {
  y <- frame[[1]]
  name <- names(frame)[1]
  if (is.factor(y)) {
    if (nlevels(y) == 2) return(invisible())
    abort("The response {.code {name}} of a binomial family must have two levels.",
          x = "It has {nlevels(y)}: {.val {levels(y)}}.",
          i = "The first is a failure. Write one of them as
               {.code {name} == {dQuote(utils::tail(levels(y), 1), FALSE)}}.")
  }
  if (is.logical(y) && NCOL(y) == 1 || is.numeric(y) && NCOL(y) <= 2) return(invisible())
  abort("The response {.code {name}} of a binomial family must be 0 or 1, TRUE or FALSE, a factor of
         two levels, {.code cbind(successes, failures)}, or proportions with their trials as
         {.arg weights}.",
        x = "It is {describe(y)}.", i = if (is.character(y)) "Convert it with {.fn factor}.")
}

check_successes <- function(frame) {
  y <- frame[[1]]
  name <- names(frame)[1]
  weights <- frame[["(weights)"]]
  if (has_totals(y)) return(check_totals(y, name, weights))
  if (is.factor(y) || is.logical(y)) {
    if (!is.null(weights)) check_whole(weights, "weights", "the numbers of trials")
    return(invisible())
  }
  if (is.null(weights)) return(check_zero_one(y, name))
  check_whole(weights, "weights", "the numbers of trials")
  refuse_rows(y < 0 | y > 1, y, "The response {.code {name}} must be proportions, from 0 to 1, since
              {.arg weights} are their trials.",
              "For numbers of successes write {.code cbind(successes, trials - successes)}.")
  refuse_rows(abs(y * weights - round(y * weights)) > 1e-3, y,
              "The response {.code {name}} must be proportions of the trials that {.arg weights}
               are, whole numbers of successes over these.",
              "Look at {.arg weights}, or write {.code cbind(successes, failures)}.")
}

check_totals <- function(y, name, weights) {
  if (!is.null(weights)) {
    abort("{.arg weights} have no place beside {.code {name}}, which has the trials.",
          i = "Leave {.arg weights} out.")
  }
  refuse_rows(y[, 1] < 0, y[, 1], "The successes, the first column of {.code {name}}, must not be
              negative.")
  refuse_rows(y[, 2] < 0, y[, 2], "The failures, the second column of {.code {name}}, must not be
              negative.", "Are there more successes than trials?")
  for (column in 1:2) {
    refuse_rows(y[, column] != round(y[, column]), y[, column],
                "The columns of {.code {name}} must be whole numbers of successes and of failures.")
  }
  refuse_rows(y[, 1] + y[, 2] == 0, y[, 1], "Each row of {.code {name}} must have a trial.",
              "Leave rows without one out with {.arg subset}.")
}

check_zero_one <- function(y, name) {
  bad <- y != 0 & y != 1
  between <- bad & y > 0 & y < 1
  remedy <- if (any(between) && all(between == bad)) {
    "Proportions need the numbers of their trials: give these as {.arg weights}, or write
     {.code cbind(successes, failures)}."
  } else if (all(y %in% c(1, 2))) {
    paste0("Write {.code ", name, " == 2} where 2 is a success.")
  } else if (all(y >= 0 & y == round(y))) {
    "Numbers of successes need those of the failures: write
     {.code cbind(successes, trials - successes)}. Counts without trials are of
     {.code family = poisson()}."
  }
  refuse_rows(bad, y, "The response {.code {name}} of a binomial family must be 0 or 1.", remedy)
}

# Counts ----------------------------------------------------------------------------------------

check_one_column <- function(frame) {
  y <- frame[[1]]
  if (is.numeric(y) && NCOL(y) == 1) return(invisible())
  abort("The response {.code {names(frame)[1]}} must be one column of counts.",
        x = "It is {describe(y)}.",
        i = if (is.character(y)) "Convert it with {.fn as.numeric}.")
}

check_counts <- function(frame) {
  y <- frame[[1]]
  name <- names(frame)[1]
  refuse_rows(y < 0, y, "The response {.code {name}} must be counts, which are not negative.")
  refuse_rows(y != round(y), y, "The response {.code {name}} must be counts, whole numbers.",
              "For a rate give the count, and the logarithm of the exposure as {.arg offset}.")
  refuse_rows(y > 2^53, y, "The response {.code {name}} must be counts below 2^53.")
  weights <- frame[["(weights)"]]
  if (!is.null(weights)) check_whole(weights, "weights", "how often each row stands in the data")
}

# Whole numbers ---------------------------------------------------------------------------------

check_whole <- function(x, name, what) {
  refuse_rows(x != round(x) | x < 1, x, paste0("{.arg ", name, "} must be whole numbers, ", what,
                                               ", none of them below 1."))
}

# Refuses rows that are bad by the first of them. The text may have the {name} of what calls.
refuse_rows <- function(bad, values, says, remedy = NULL) {
  if (!any(bad)) return(invisible())
  name <- get0("name", parent.frame(), inherits = FALSE)
  rows <- which(bad)
  abort(says,
        x = "In {length(rows)} row{?s}, the first of them row {rows[1]}, it is
             {describe(unname(values[rows[1]]))}.",
        i = remedy)
}
