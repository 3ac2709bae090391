# The rows that predictions are of: those of the fit, or new ones, read with the fit's own terms.

# The variables that came with the rows of the data: new rows must have them. Others that the
# formula or the arguments weights and offset name, such as knots, are kept with these.
row_variables <- function(design, whole, data) {
  n_rows <- if (is.data.frame(data)) nrow(data) else NROW(eval(design$formula[[2]], data))
  quosures <- design$quosures[c("weights", "offset")]
  found <- c(
    list(with_rows(free_variables(whole), data, environment(whole), n_rows)),
    lapply(quosures[lengths(quosures) > 0], function(quosure) {
      names <- free_variables(rlang::quo_get_expr(quosure))
      with_rows(names, data, rlang::quo_get_env(quosure), n_rows)
    })
  )
  unique(unlist(found))
}

with_rows <- function(names, data, environment, n_rows) {
  in_data <- names %in% if (is.data.frame(data)) names(data)
  names[in_data | vapply(names, function(name) {
    value <- get0(name, environment)
    is.atomic(value) && n_rows > 1 && NROW(value) == n_rows
  }, NA)]
}

# A function that was attached where the model was fitted, as ns() of splines, is not kept.
function_remedy <- function(e) {
  if (grepl("could not find function", conditionMessage(e))) {
    "Attach the package of that function, as it was where the model was fitted."
  }
}

# So that new rows get the contrasts of the fit, whatever the session's option is by then.
settle_contrasts <- function(design) {
  contrasts <- as.list(design$contrasts)
  variables <- unlist(lapply(c(list(design$terms), design$bars), term_variables))
  for (name in intersect(variables, names(design$frame))) {
    column <- .subset2(design$frame, name)
    if (!is.factor(column) || !is.null(contrasts[[name]])) next
    own <- attr(column, "contrasts")
    contrasts[[name]] <- if (!is.null(own)) own
      else getOption("contrasts")[[1 + is.ordered(column)]]
  }
  if (length(contrasts)) contrasts
}

# asked: newdata, offset and weights. bars: the random terms that predictions take up. with_sigma,
# with_response: are residual variances and the response needed? A list: the model frame of what is
# needed, and for each row its name, group, level of the residual variance, response, offset and
# weight.
prediction_rows <- function(fit, asked, bars, with_sigma, with_response) {
  design <- fit$design
  newdata <- asked$newdata
  by <- list(group = if (length(bars)) design$by$group,
             sigma = if (with_sigma) design$by$sigma)
  new <- NULL
  if (!is.null(newdata)) {
    check_newdata(newdata)
    newdata <- in_types_of_fit(design, named_columns(newdata))
    terms <- c(list(design$terms), bars)
    expressions <- c(variables_of(terms, by), if (with_response) design$formula[[2]])
    warn_of_whole_columns(design, Filter(is_made_of(newdata), expressions), newdata)
    new <- new_frame(design, newdata, terms, by, with_response)
  }
  frame <- if (is.null(new)) design$frame else new
  response <- if (with_response) .subset2(frame, names(design$frame)[1])
  list(
    frame = frame, row_names = row.names(if (is.null(newdata)) frame else newdata),
    group = if (!is.null(by$group)) {
      code_levels(design, "group", new, grouping_of(fit$posterior)$groups)
    },
    level = if (!is.null(by$sigma)) code_levels(design, "sigma", new, strata_of(fit$posterior)$labels),
    response = if (with_response) as.numeric(response),
    offset = row_offset(design, frame, newdata, asked$offset),
    weights = if (with_sigma) row_weights(design, frame, newdata, asked$weights)
  )
}

check_newdata <- function(newdata) {
  if (!is.data.frame(newdata)) {
    abort("{.arg newdata} must be a data frame.", x = "It is {describe(newdata)}.")
  }
  if (nrow(newdata) == 0) abort("{.arg newdata} has no rows.")
}

# The model frame of new rows: the variables of these terms and of the grouping factors,
# evaluated as the fit evaluated them, so that poly() and the like keep their basis.
new_frame <- function(design, newdata, terms, by, with_response) {
  in_terms <- unique(unlist(lapply(terms, term_variables)))
  if (with_response) in_terms <- union(in_terms, names(design$frame)[1])
  needed <- union(in_terms, unlist(lapply(by, grouping_parts)))
  own_terms <- terms_of(attr(design$frame, "terms"), needed)
  check_has_columns(design, newdata, own_terms)
  check_made_of_columns(own_terms, newdata)
  frame <- tryCatch(
    suppressWarnings(stats::model.frame(own_terms, newdata, na.action = stats::na.pass)),
    error = function(e) {
      abort("The variables of the formula cannot be evaluated in {.arg newdata}.",
            x = "{conditionMessage(e)}", i = function_remedy(e))
    }
  )
  frame <- plain_columns(frame)
  for (name in names(frame)) {
    column <- .subset2(frame, name)
    if (name %in% in_terms) {
      column <- like_fitted(column, .subset2(design$frame, name), name)
    }
    check_complete(column, name, name %in% grouping_parts(by$group))
    frame[[name]] <- column
  }
  frame
}

check_has_columns <- function(design, newdata, terms) {
  needed <- intersect(free_variables(attr(terms, "variables")), design$row_variables)
  missing <- setdiff(needed, names(newdata))
  if (length(missing)) {
    abort("{.arg newdata} has no column{?s} {.var {missing}}.",
          i = "Predictions need {.var {needed}}.")
  }
}

# As d$x in y ~ d$x, which has the values of the fit's rows whatever new rows there are.
check_made_of_columns <- function(terms, newdata) {
  variables <- as.list(attr(terms, "variables"))[-1]
  made <- vapply(variables, is_made_of(newdata), NA)
  if (!all(made)) {
    names <- vapply(variables[!made], as_text, "")
    abort("{.code {names}} in the formula {?is/are} not made of columns of {.arg newdata}.",
          i = "Fit with {.arg data}, and name its columns in the formula.")
  }
}

is_made_of <- function(data) {
  function(expression) any(free_variables(expression) %in% names(data))
}

check_complete <- function(column, name, groups = FALSE) {
  if (is.numeric(column) && all_finite(column)) return(invisible())
  bad <- if (is.numeric(column)) !is.finite(column) else is.na(column)
  bad <- which(if (is.matrix(bad)) rowSums(bad) > 0 else bad)
  if (length(bad)) {
    abort("{.code {name}} must be {if (is.numeric(column)) 'finite' else 'given'} in every row
           of {.arg newdata}.",
          x = "In {length(bad)} row{?s}, the first of them row {bad[1]}, it is not.",
          i = if (groups) "{.code re_formula = NA} predicts without group effects.")
  }
}

# offset() terms and the argument `offset`: as given here, or as given to the fit.
row_offset <- function(design, frame, newdata, offset) {
  n_rows <- nrow(frame)
  total <- stats::model.offset(frame)
  if (!is.null(offset)) {
    own <- check_row_values(offset, "offset", n_rows)
    if (is.null(total)) total <- 0
    if (!is.null(frame[["(offset)"]])) total <- total - frame[["(offset)"]]
    total <- total + own
  } else if (!is.null(newdata) && has_quosure(design, "offset")) {
    own <- evaluate_quosure(design, "offset", newdata)
    total <- (if (is.null(total)) 0 else total) + own
  }
  if (is.null(total)) NULL else as.numeric(total)
}

row_weights <- function(design, frame, newdata, weights) {
  if (!is.null(weights)) {
    weights <- check_row_values(weights, "weights", nrow(frame))
    check_weights(weights)
    return(weights)
  }
  if (is.null(newdata)) return(as_numeric_or_null(stats::model.weights(frame)))
  if (!has_quosure(design, "weights")) return(NULL)
  if (!can_evaluate(design, "weights", newdata)) {
    inform("The fit has weights, and {.arg newdata} has none: each row gets the weight 1.",
           i = "Give {.arg weights}, or a column for
                {.code {rlang::as_label(design$quosures$weights)}}.")
    return(NULL)
  }
  weights <- evaluate_quosure(design, "weights", newdata)
  check_weights(weights)
  weights
}

has_quosure <- function(design, name) {
  quosure <- design$quosures[[name]]
  !is.null(quosure) && !rlang::quo_is_null(quosure)
}

# An expression without any variable of the rows has the values of the fit's rows.
can_evaluate <- function(design, name, newdata) {
  named <- free_variables(rlang::quo_get_expr(design$quosures[[name]]))
  needed <- intersect(named, design$row_variables)
  length(needed) > 0 && all(needed %in% names(newdata))
}

evaluate_quosure <- function(design, name, newdata) {
  quosure <- design$quosures[[name]]
  if (!can_evaluate(design, name, newdata)) {
    abort("The fit has the {.arg {name}} {.code {rlang::as_label(quosure)}}, which cannot be had
           from {.arg newdata}.", i = "Give {.arg {name}}, one number for each row.")
  }
  check_row_values(rlang::eval_tidy(quosure, newdata), name, nrow(newdata))
}

check_row_values <- function(values, name, n_rows) {
  if (!is.numeric(values) || length(values) != n_rows) {
    abort("{.arg {name}} must be one number for each of the {n_rows} rows.",
          x = "It is {describe(values)}.")
  }
  if (!all_finite(values)) abort("{.arg {name}} must be finite.")
  as.numeric(values)
}
