# From the variables of a formula to a checked model frame.

# Weights, offset and subset, as lm() would find them: in the data, then where the
# call was written.
evaluate_extras <- function(data, quosures) {
  mask <- if (is.data.frame(data)) data
  extras <- lapply(quosures, function(quosure) {
    tryCatch(rlang::eval_tidy(quosure, mask), error = function(e) {
      abort("{.code {rlang::as_label(quosure)}} cannot be evaluated.",
            x = "{conditionMessage(e)}")
    })
  })
  for (name in c("weights", "offset")) {
    check_extra(extras[[name]], name, mask)
    if (!is.null(extras[[name]])) extras[[name]] <- as.vector(extras[[name]])
  }
  extras[!vapply(extras, is.null, NA)]
}

check_extra <- function(values, name, data) {
  if (is.null(values)) return(invisible())
  if (!is.numeric(values)) {
    abort("{.arg {name}} must be numbers.", x = "It is {describe(values)}.")
  }
  if (NCOL(values) != 1) {
    abort("{.arg {name}} must be one column.", x = "It is {describe(values)}.")
  }
  if (!is.null(data) && NROW(values) != nrow(data)) {
    abort("{.arg {name}} must have one number for each of the {nrow(data)} rows of
           {.arg data}.", x = "It has {NROW(values)}.")
  }
}

evaluate_frame <- function(whole, data, extras, na.action, drop_levels, family, check = TRUE) {
  frame <- quiet_frame(whole, data, extras, na.action, drop_levels, family, check)
  frame <- with_labelled_values(frame, data)
  if (nrow(frame)) tell_dropped(length(attr(frame, "na.action")), nrow(frame))
  frame
}

read_na_action <- function(na.action) {
  if (is.null(na.action)) return(stats::na.pass)
  if (is.function(na.action)) return(na.action)
  named <- is.character(na.action) && length(na.action) == 1 && isTRUE(nzchar(na.action))
  found <- if (named) get0(na.action, envir = parent.frame(), mode = "function")
  if (!is.null(found)) return(found)
  abort("{.arg na.action} must be a function or the name of one.",
        x = "It is {describe(na.action)}.", i = "For instance {.fn na.omit}.")
}

quiet_frame <- function(whole, data, extras, na.action, drop_levels, family, check = TRUE) {
  action <- read_na_action(na.action)
  tryCatch(
    do.call(stats::model.frame,
            c(list(whole, data, na.action = if (isFALSE(check)) action else check_then(action, family, check),
                   drop.unused.levels = drop_levels), extras)),
    error = function(e) {
      if (inherits(e, "relm_error")) stop(e)
      check_variables(whole, data)
      abort("The variables of the formula cannot be evaluated.", x = "{conditionMessage(e)}",
            i = remedy_of_function(conditionMessage(e)))
    }
  )
}

# factor(k, labels = ) gives labels to the values of k in their order. Other rows may have fewer of
# them: the values that were there are written into what evaluates new rows.
with_labelled_values <- function(frame, data) {
  terms <- attr(frame, "terms")
  envir <- environment(terms)
  predvars <- attr(terms, "predvars")
  for (at in seq_along(predvars)[-1]) {
    call <- predvars[[at]]
    if (!labels_alone(call, envir)) next
    values <- eval(call[[2]], data, envir)
    distinct <- unique(values)
    predvars[[at]]$levels <- unique(as.character(distinct)[order(distinct)])
  }
  attr(terms, "predvars") <- predvars
  attr(frame, "terms") <- terms
  frame
}

# Is it a call of factor() or ordered() with labels and without levels?
labels_alone <- function(call, envir) {
  if (!is.call(call) || !is.name(call[[1]])) return(FALSE)
  head <- as.character(call[[1]])
  if (!head %in% c("factor", "ordered") || length(call) < 3) return(FALSE)
  if (!identical(get0(head, envir, mode = "function"), getExportedValue("base", head))) return(FALSE)
  named <- names(match.call(base::factor, call))
  "labels" %in% named && !"levels" %in% named
}

tell_dropped <- function(dropped, kept) {
  if (dropped == 0) return(invisible())
  tell <- if (dropped > most_dropped * (dropped + kept)) warn else inform
  counts <- format(c(dropped, dropped + kept), scientific = FALSE, trim = TRUE)
  tell("Dropped {counts[1]} of {counts[2]} rows with missing values.")
}

# Of a formula that cannot be evaluated: what it names that is nowhere, or is a function where a
# variable stands.
check_variables <- function(whole, data) {
  within <- if (is.data.frame(data)) names(data)
  named <- setdiff(free_variables(whole), within)
  alone <- tryCatch(term_variables(stats::terms(whole)), error = function(e) character())
  missing <- named[vapply(named, function(name) {
    value <- get0(name, environment(whole))
    is.null(value) || name %in% alone && is.function(value)
  }, NA)]
  if (length(missing)) {
    abort(if (length(within)) "The formula names {.var {missing}}, not in {.arg data}."
          else "The formula names {.var {missing}}, which {?is/are} nowhere to be found, and
                {.arg data} was not given.",
          i = if (length(within)) "{.arg data} has {.var {within}}."
              else "Give the data frame that has {cli::qty(length(missing))}{?it/them}:
                    {.code relm(formula, data)}.")
  }
}

# What to write in the place of functions that packages of smooth terms have, and where those of
# splines are.
remedy_of_function <- function(message) {
  name <- sub('.*could not find function "([^"]*)".*', "\\1", message)
  if (name %in% c("ns", "bs")) return("It is of the package splines: {.code library(splines)}.")
  if (name %in% c("s", "t2", "te", "ti")) {
    return("There are no smooth terms with penalties. Splines of a few degrees of freedom are
            {.code splines::ns(x, 3)}.")
  }
}

# The share of rows beyond which dropping them is worth a warning.
most_dropped <- 1 / 4

# Bad weights are an error even where na.action would drop their rows. Numbers of trials are a part
# of the response, and may be missing. check: what they are made of, where that is text.
check_then <- function(action, family, check = TRUE) {
  function(frame) {
    weights <- frame[["(weights)"]]
    known <- if (family$weights == "trials") weights[!is.na(weights)] else weights
    if (!is.null(weights)) check_weights(known, if (is.character(check)) check)
    if (identical(action, stats::na.omit) && is_left_by_na_omit(frame)) frame
    else action(frame)
  }
}

# na.omit() copies a frame also where nothing is missing, and takes most attributes off its
# columns.
is_left_by_na_omit <- function(frame) {
  for (column in frame) {
    described <- attributes(column)
    if (identical(described$class, "factor")) described[c("levels", "class")] <- NULL
    if (length(described) || anyNA(column)) return(FALSE)
  }
  TRUE
}

# known: what is known of the rows, as text, which the weights are made of.
check_weights <- function(weights, known = NULL) {
  bad <- which(!is.finite(weights) | weights <= 0)
  if (length(bad) && !is.null(known)) refuse_standard_errors(known, bad)
  if (length(bad)) {
    abort("{.arg weights} must be finite and positive.",
          x = "In {length(bad)} row{?s}, the first of them row {bad[1]}, the weight is
               {describe(weights[bad[1]])}.",
          i = "Leave rows out with {.arg subset}.")
  }
}

as_factors <- function(frame) {
  frame <- plain_columns(frame)
  matrices <- vapply(frame, is.matrix, NA)
  if (any(matrices)) frame[matrices] <- lapply(frame[matrices], drop_matrix)
  text <- vapply(frame, function(column) is.character(column) && NCOL(column) == 1, NA)
  text[1] <- FALSE
  if (!any(text)) return(frame)
  frame[text] <- lapply(frame[text], plain_column)
  frame
}

# Those of the formula.
check_offsets <- function(frame) {
  for (name in names(frame)[attr(attr(frame, "terms"), "offset")]) {
    column <- .subset2(frame, name)
    if (is.numeric(column) && NCOL(column) == 1) next
    abort("{.code {name}} must be one column of numbers.", x = "It is {describe(column)}.")
  }
}

check_finite_columns <- function(frame) {
  for (name in names(frame)) {
    column <- .subset2(frame, name)
    if (!is.numeric(column) || all_finite(column)) next
    bad <- which(!is.finite(rowSums(as.matrix(column))))
    if (length(bad)) {
      abort("{.code {name}} must be finite.",
            x = "In {length(bad)} row{?s}, the first of them row {bad[1]}, it is not.",
            i = "Take these rows out with {.arg subset}.")
    }
  }
}

# A finite sum has finite terms: no vector of flags is needed then.
all_finite <- function(column) {
  (is.double(column) && !is.object(column) && is.finite(sum(column))) ||
    all(is.finite(column))
}
