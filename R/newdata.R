# The rows that predictions are of: those of the fit, or new ones, read through its schema.

# A function that was attached where the model was fitted, as ns() of splines, is not kept.
function_remedy <- function(e) {
  if (grepl("could not find function", conditionMessage(e))) {
    "Attach the package of that function, as it was where the model was fitted."
  }
}

# asked: newdata, offset and weights. random: the random terms that predictions take up
# (chosen_random()). with_sigma, with_response, with_weights: are residual variances, the response
# and weights or trials needed? A list: the model frame of what is needed, and for each row its name,
# its group in each grouping that is needed (`group`, `group2` and so on), stratum, response, trials,
# offset and weight.
prediction_rows <- function(fit, asked, random, with_sigma, with_response,
                            with_weights = with_sigma) {
  design <- readable_design(fit)
  by <- design$by[c(parts_of_random(random), if (with_sigma) "sigma")]
  needed <- list(terms = c(list(design$terms), bars_of_random(random)), by = by[lengths(by) > 0],
                 response = with_response, weights = with_weights)
  labels <- labels_of_parts(fit$posterior)
  if (is.null(asked$newdata)) return(own_rows(design, needed, labels, asked))
  check_newdata(asked$newdata)
  schema <- schema_of(design, names(needed$by))
  newdata <- in_types_of(schema, named_columns(asked$newdata))
  if (has_rows(design)) warn_of_made(design, needed, newdata)
  read_rows(schema, newdata, needed, labels, asked$offset, asked$weights)
}

parts_of_random <- function(random) {
  vapply(random, function(one) grouping_part(one$number), "")
}

bars_of_random <- function(random) do.call(c, lapply(random, `[[`, "bars"))

# Labels of what rows are grouped by, by its part in the model.
labels_of_parts <- function(posterior) {
  labels <- lapply(groupings_of(posterior), `[[`, "groups")
  names(labels) <- grouping_part(seq_along(labels))
  c(labels, list(sigma = strata_of(posterior)$labels))
}

# The groups of rows in each grouping that is needed, and their levels: what code_of() gives of a
# part.
grouped_rows <- function(needed, code_of) {
  parts <- grouping_parts_of(needed$by)
  groups <- lapply(parts, code_of)
  names(groups) <- parts
  c(groups, list(stratum = if (!is.null(needed$by[["sigma"]])) code_of("sigma")))
}

# Of the variables that are calls, which are evaluated anew.
warn_of_made <- function(design, needed, newdata) {
  expressions <- c(variables_of(needed$terms, needed$by), if (needed$response) design$formula[[2]])
  calls <- Filter(is.call, expressions)
  warn_of_whole_columns(design, Filter(is_made_of(newdata), calls), newdata)
}

own_rows <- function(design, needed, labels, asked) {
  frame <- design$frame
  grouped <- grouped_rows(needed, function(part) own_codes(design, part, labels[[part]]))
  family <- family_of(design)
  weights <- if (needed$weights) own_weights(frame, asked$weights, family)
  needed$response <- needed$response || needs_totals(family, needed, frame[[1]], asked$weights)
  read <- if (!needed$response) list(trials = weights)
    else if (is.null(asked$weights)) family$read(.subset2(frame, 1), weights)
    else read_new(family, frame[1], weights)
  c(list(frame = frame, row_names = row.names(frame)), grouped, list(
    response = read$y, trials = if (family$weights == "trials") read$trials,
    offset = own_offset(frame, asked$offset), weights = weights
  ))
}

# Are the trials of rows those in the response, though that is not needed itself?
needs_totals <- function(family, needed, response, weights) {
  family$weights == "trials" && needed$weights && is.null(weights) && has_totals(response)
}

# All that rows of data are to a design.
all_needed <- function(schema) {
  list(terms = c(list(schema$terms), schema$bars), by = schema$by[names(schema$known)],
       response = TRUE, weights = TRUE)
}

# Rows read through a schema, their columns in its types (in_types_of()): what is needed of them,
# as prediction_rows() has it. labels: those of the levels, which codes are numbers of.
read_rows <- function(schema, newdata, needed = all_needed(schema),
                      labels = lapply(schema$known, `[[`, "labels"), offset = NULL,
                      weights = NULL) {
  family <- family_of(schema)
  if (lacks_totals(schema, needed, weights)) {
    newdata <- with_successes(schema, newdata)
    needed <- with_totals(schema, newdata, needed)
  }
  frame <- new_frame(schema, newdata, needed)
  grouped <- grouped_rows(needed, function(part) code_levels(schema, part, frame, labels[[part]]))
  weights <- if (needed$weights) new_weights(schema, newdata, weights)
  response <- names(schema$columns)[1]
  read <- if (needed$response) read_new(family, frame[response], weights)
    else list(trials = weights)
  c(list(frame = frame, row_names = row.names(newdata)), grouped, list(
    response = read$y, trials = if (family$weights == "trials") read$trials,
    offset = new_offset(schema, frame, newdata, offset), weights = weights
  ))
}

lacks_totals <- function(schema, needed, weights) {
  !needed$response && needs_totals(family_of(schema), needed, schema$columns[[1]], weights)
}

# What new rows lack of the variables of the response.
lacking_of_response <- function(schema, newdata) {
  setdiff(intersect(free_variables(schema$formula[[2]]), schema$row_variables), names(newdata))
}

# Who predicts has the trials and not the successes: of cbind(y, n - y) the row sums are n whatever
# y is, so that zeros stand for it.
with_successes <- function(schema, newdata) {
  lacking <- lacking_of_response(schema, newdata)
  if (any(lacking %in% free_variables(schema$formula[[3]]))) return(newdata)
  totals <- lapply(0:2, function(value) {
    newdata[lacking] <- value
    tryCatch(rowSums(eval(schema$formula[[2]], newdata, environment(schema$formula))),
             error = function(e) NULL)
  })
  known <- length(lacking) && length(totals[[1]]) && length(unique(totals)) == 1
  if (known) newdata[lacking] <- 0
  newdata
}

# What is needed of new rows; the response too where it has their trials. Without it they have one
# each.
with_totals <- function(schema, newdata, needed) {
  lacking <- lacking_of_response(schema, newdata)
  needed$response <- length(lacking) == 0
  if (!needed$response) {
    inform("{.arg newdata} has no {.var {lacking}}: each row gets one trial.",
           i = "Give {.arg weights}, the numbers of trials.")
  }
  needed
}

# The response of new rows, a frame of that column alone, which is checked as that of the fit was.
read_new <- function(family, frame, weights) {
  frame <- c(as.list(frame), list("(weights)" = weights))
  check_rows_of(family, frame)
  read_frame(family, frame)
}

# Such rows as the model frame of a design, with all of their offset in one column.
frame_of_rows <- function(rows) {
  frame <- rows$frame
  attr(attr(frame, "terms"), "offset") <- NULL
  frame[["(offset)"]] <- rows$offset
  frame[[1]] <- rows$response
  frame[["(weights)"]] <- rows$weights
  frame
}

check_newdata <- function(newdata) {
  if (!is.data.frame(newdata)) {
    abort("{.arg newdata} must be a data frame.", x = "It is {describe(newdata)}.",
          i = if (rlang::is_string(newdata)) "Name what comes after the fit, such as
                                              {.code type = {dQuote(newdata, FALSE)}}.")
  }
  if (nrow(newdata) == 0) abort("{.arg newdata} has no rows.")
}

# The model frame of new rows: the variables of the needed terms and of the grouping factors,
# evaluated as the fit evaluated them, so that poly() and the like keep their basis.
new_frame <- function(schema, newdata, needed) {
  in_terms <- unique(unlist(lapply(needed$terms, term_variables)))
  if (needed$response) in_terms <- union(in_terms, names(schema$columns)[1])
  own_terms <- terms_of(schema$whole, union(in_terms, unlist(lapply(needed$by, grouping_parts))))
  check_has_columns(schema, newdata, own_terms)
  check_made_of_columns(own_terms, newdata)
  frame <- tryCatch(
    suppressWarnings(stats::model.frame(own_terms, newdata, na.action = stats::na.pass)),
    error = function(e) {
      abort("The variables of the formula cannot be evaluated in {.arg newdata}.",
            x = "{conditionMessage(e)}", i = function_remedy(e))
    }
  )
  frame <- unclass(plain_columns(frame))
  grouped_by <- unlist(lapply(needed$by[grouping_parts_of(needed$by)], grouping_parts))
  for (name in names(frame)) {
    column <- frame[[name]]
    if (name %in% in_terms) column <- like_fitted(column, schema$columns[[name]], name)
    check_complete(column, name, name %in% grouped_by)
    frame[[name]] <- column
  }
  class(frame) <- "data.frame"
  frame
}

check_has_columns <- function(schema, newdata, terms) {
  needed <- intersect(free_variables(attr(terms, "variables")), schema$row_variables)
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
own_offset <- function(frame, offset) {
  total <- stats::model.offset(frame)
  if (!is.null(offset)) {
    own <- check_row_values(offset, "offset", nrow(frame))
    if (is.null(total)) total <- 0
    if (!is.null(frame[["(offset)"]])) total <- total - frame[["(offset)"]]
    total <- total + own
  }
  as_numeric_or_null(total)
}

new_offset <- function(schema, frame, newdata, offset) {
  total <- stats::model.offset(frame)
  own <- if (!is.null(offset)) check_row_values(offset, "offset", nrow(frame))
    else if (has_quosure(schema, "offset")) evaluate_quosure(schema, "offset", newdata)
  if (!is.null(own)) total <- (if (is.null(total)) 0 else total) + own
  as_numeric_or_null(total)
}

own_weights <- function(frame, weights, family) {
  if (is.null(weights)) return(as_numeric_or_null(stats::model.weights(frame)))
  check_row_weights(weights, nrow(frame), family)
}

new_weights <- function(schema, newdata, weights) {
  family <- family_of(schema)
  if (!is.null(weights)) return(check_row_weights(weights, nrow(newdata), family))
  if (!has_quosure(schema, "weights")) return(NULL)
  known <- if (is_known_sigma(schema$sigma)) as_text(schema$sigma[[2]])
  if (!can_evaluate(schema, "weights", newdata)) {
    if (!is.null(known)) refuse_unknown_errors(known)
    inform("The fit has weights, and {.arg newdata} has none: each row gets the weight 1.",
           i = "Give {.arg weights}, or a column for
                {.code {rlang::as_label(schema$quosures$weights)}}.")
    return(NULL)
  }
  weights <- evaluate_quosure(schema, "weights", newdata)
  check_weights(weights, known)
  check_weights_of(family, weights)
  weights
}

check_row_weights <- function(weights, n_rows, family) {
  weights <- check_row_values(weights, "weights", n_rows)
  check_weights_of(family, weights)
  weights
}

check_weights_of <- function(family, weights) {
  check_weights(weights)
  what <- c(trials = "the numbers of trials", times = "how often each row stands in the data")
  if (family$weights != "precision") check_whole(weights, "weights", what[[family$weights]])
}

has_quosure <- function(schema, name) {
  quosure <- schema$quosures[[name]]
  !is.null(quosure) && !rlang::quo_is_null(quosure)
}

# An expression without any variable of the rows has the values of the fit's rows.
can_evaluate <- function(schema, name, newdata) {
  named <- free_variables(rlang::quo_get_expr(schema$quosures[[name]]))
  needed <- intersect(named, schema$row_variables)
  length(needed) > 0 && all(needed %in% names(newdata))
}

evaluate_quosure <- function(schema, name, newdata) {
  quosure <- schema$quosures[[name]]
  if (!can_evaluate(schema, name, newdata)) {
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
