# The rows that conditional effects are shown at: one or two variables move, the others stay.

# Variables -----------------------------------------------------------------------------------

# The variables of the data that rows of predictions need, each described by describe_variable().
# terms: of the fixed part, and those bars whose effects are added. strata: is the stratum needed?
variables_of_rows <- function(fit, random, strata, newdata) {
  design <- readable_design(fit)
  named <- c(variables_of(c(list(design$terms), bars_of_random(random)), NULL),
             if (strata) design$by[["sigma"]],
             if (has_quosure(design, "offset")) rlang::quo_get_expr(design$quosures$offset))
  names <- unlist(lapply(named, free_variables))
  names <- intersect(unique(names), design$row_variables)
  data <- rows_of_variables(fit, newdata)
  described <- lapply(names, function(name) describe_variable(name, data[[name]], design))
  stats::setNames(described, names)
}

# The data in whose ranges effects are shown; NULL of a fit that has not kept them.
rows_of_variables <- function(fit, newdata) {
  if (!is.null(newdata)) {
    check_newdata(newdata)
    return(named_columns(newdata))
  }
  design <- fit$design
  if (is.null(design)) return(NULL)
  data <- used_data(design)
  if (!is.null(data)) return(data)
  names <- stats::setNames(nm = design$row_variables)
  lapply(names, get0, environment(design$formula))
}

# name; axis(n): at most n values that it takes as a curve's axis; between: those as the second
# variable; reference: the value where it stays; curve: is it drawn as one? NULL in place of what is
# not known.
describe_variable <- function(name, values, design) {
  levels <- levels_of_variable(name, values, design)
  if (!is.null(levels)) {
    return(list(name = name, axis = function(n) levels, between = levels, reference = levels[1],
                curve = FALSE))
  }
  if (is.null(values)) return(list(name = name, curve = TRUE))
  if (is.matrix(values) || is.data.frame(values)) {
    mean <- as.matrix(values)[1, , drop = FALSE]
    mean[] <- colMeans(as.matrix(values))
    return(list(name = name, reference = I(mean), curve = TRUE))
  }
  numbers <- as.numeric(values[!is.na(values)])
  like <- function(x) back_in_class(x, values)
  distinct <- sort(unique(numbers))
  list(name = name, curve = TRUE, reference = like(mean(numbers)),
       axis = function(n) like(seq(distinct[1], distinct[length(distinct)], length.out = n)),
       between = like(if (length(distinct) <= 2) distinct
                      else mean(numbers) + c(-1, 0, 1) * stats::sd(numbers)))
}

# Dates and times as they were.
back_in_class <- function(x, values) {
  if (!is.object(values)) return(x)
  attributes(x) <- attributes(values)[c("class", "tzone", "units")]
  x
}

# Its values, where it is no number or is used as a factor.
levels_of_variable <- function(name, values, design) {
  columns <- if (has_rows(design)) design$frame else design$columns
  column <- columns[[name]]
  if (is.factor(column)) {
    known <- levels(column)
    if (is.logical(values)) return(as.logical(known))
    return(factor(known, known, ordered = is.ordered(column)))
  }
  if (is.logical(column) || is.logical(values)) {
    return(if (is.null(values)) c(FALSE, TRUE) else sort(unique(values)))
  }
  if (is.factor(values)) return(sort(unique(values)))
  numeric <- is.null(values) || !is.character(values)
  if (numeric && !is_made_factor(name, columns)) return(NULL)
  if (is.null(values)) NULL else sort(unique(values))
}

# Is a column of the model frame a factor that is made of it, as factor(x) is? cut() takes numbers.
is_made_factor <- function(name, columns) {
  any(vapply(setdiff(names(columns), name), function(column) {
    code <- tryCatch(str2lang(column), error = function(e) NULL)
    is.call(code) && name %in% all.vars(code) && !"cut" %in% all.names(code) &&
      (is.factor(columns[[column]]) || is.character(columns[[column]]))
  }, NA))
}

# Effects --------------------------------------------------------------------------------------

# Names of the variables of each effect, one or two: of all terms where none are asked for.
effects_asked <- function(effects, fit, random, variables) {
  movable <- names(Filter(function(variable) !is.matrix(variable$reference), variables))
  if (is.null(effects)) return(effects_of_terms(fit, random, movable, variables))
  if (!is.character(effects) || length(effects) == 0 || anyNA(effects)) {
    abort("{.arg effects} must be names of predictors, such as {.val x} or {.val x:z}.",
          x = "It is {describe(effects)}.")
  }
  lapply(effects, function(effect) {
    own <- if (effect %in% movable) effect else strsplit(effect, ":", fixed = TRUE)[[1]]
    if (!all(own %in% movable) || length(own) > 2 || anyDuplicated(own)) {
      abort("{.arg effects} must be one or two predictors of the model, joined by a colon.",
            x = "It has {.val {effect}}.", i = "The predictors are {.val {movable}}.")
    }
    own
  })
}

effects_of_terms <- function(fit, random, movable, variables) {
  design <- readable_design(fit)
  sets <- unlist(lapply(c(list(design$terms), bars_of_random(random)), sets_of_variables), FALSE)
  sets <- lapply(sets, intersect, movable)
  pairs <- unlist(lapply(sets, function(own) {
    if (length(own) > 1) utils::combn(own, 2, simplify = FALSE)
  }), FALSE)
  # A curve over numbers, one for each level.
  pairs <- lapply(pairs, function(pair) {
    curve <- vapply(variables[pair], `[[`, NA, "curve")
    if (!curve[1] && curve[2]) rev(pair) else pair
  })
  pairs <- pairs[!duplicated(lapply(pairs, sort))]
  found <- c(as.list(unique(unlist(sets))), pairs)
  if (length(found) == 0) {
    abort("The model has no predictors to show effects of.",
          x = "It is {.code {deparse1(fit$posterior$formula)}}.")
  }
  found
}

# For each term the variables of the data that it is made of.
sets_of_variables <- function(terms) {
  factors <- attr(terms, "factors")
  if (length(factors) == 0) return(list())
  lapply(seq_len(ncol(factors)), function(k) {
    parts <- rownames(factors)[factors[, k] > 0]
    unique(unlist(lapply(parts, function(part) free_variables(str2lang(part)))))
  })
}

# Conditions ------------------------------------------------------------------------------------

# A data frame with a row for each condition.
check_conditions <- function(conditions, variables, groups) {
  if (is.null(conditions)) return(data.frame(row.names = 1L))
  if (!is.data.frame(conditions) || nrow(conditions) == 0) {
    abort("{.arg conditions} must be a data frame with a row for each condition.",
          x = "It is {describe(conditions)}.",
          i = "{.fn expand.grid} makes one of all combinations.")
  }
  conditions <- conditions[names(conditions) != "cond__"]
  known <- c(names(variables), groups)
  unknown <- setdiff(names(conditions), known)
  if (length(unknown)) {
    abort("{.arg conditions} has {.var {unknown}}, which the model has not.",
          i = "Its variables are {.var {known}}.")
  }
  for (name in intersect(names(conditions), names(variables))) {
    check_condition(conditions[[name]], variables[[name]])
  }
  conditions
}

# Those of an effect, whose own variables move: list(rows, labels).
conditions_beside <- function(conditions, effect) {
  conditions <- conditions[setdiff(names(conditions), effect)]
  if (ncol(conditions) == 0) return(list(rows = conditions[1, , drop = FALSE], labels = "1"))
  conditions <- conditions[!duplicated(conditions), , drop = FALSE]
  list(rows = conditions, labels = condition_labels(conditions))
}

check_condition <- function(values, variable) {
  if (anyNA(values)) abort("{.arg conditions} has missing values of {.var {variable$name}}.")
  if (variable$curve) return(invisible())
  unknown <- setdiff(as.character(values), as.character(variable$between))
  if (length(unknown)) {
    abort("{.arg conditions} has {.val {unknown}} for {.var {variable$name}}.",
          i = "Its values are {.val {as.character(variable$between)}}.")
  }
}

condition_labels <- function(conditions) {
  names <- attr(conditions, "row.names")
  if (is.character(names)) return(names)
  parts <- Map(function(name, values) {
    paste(name, "=", if (is.numeric(values)) format_number(signif(values, 3)) else values)
  }, names(conditions), conditions)
  make.unique(do.call(paste, c(unname(parts), sep = ", ")), sep = " ")
}

check_int_conditions <- function(int_conditions, variables) {
  if (is.null(int_conditions)) return(NULL)
  known <- is.list(int_conditions) && !is.null(names(int_conditions)) &&
    all(names(int_conditions) %in% names(variables))
  if (!known) {
    abort("{.arg int_conditions} must be a list of values, named by predictor.",
          x = "It is {describe(int_conditions)}.", i = "For instance {.code list(x = c(0, 10))}.")
  }
  int_conditions
}

# Rows ------------------------------------------------------------------------------------------

# The grid of an effect: a data frame of all variables and of what conditions have beside them, with
# the columns cond__, effect1__ and, of two variables, effect2__.
effect_grid <- function(effect, variables, conditions, int_conditions, resolution) {
  conditions <- conditions_beside(conditions, effect)
  axis <- values_on_axis(variables[[effect[1]]], resolution)
  second <- if (length(effect) == 2) second_values(variables[[effect[2]]], int_conditions)
  place <- expand.grid(one = seq_along(axis), two = seq_len(max(1L, length(second))),
                       condition = seq_len(nrow(conditions$rows)))
  values <- function(name) {
    if (name == effect[1]) return(axis[place$one])
    if (name %in% effect[-1]) return(second[place$two])
    given <- conditions$rows[[name]]
    if (!is.null(given)) return(given[place$condition])
    repeated(reference_value(variables[[name]]), nrow(place))
  }
  names <- union(names(variables), names(conditions$rows))
  grid <- lapply(stats::setNames(nm = names), values)
  grid$cond__ <- factor(conditions$labels[place$condition], conditions$labels)
  grid$effect1__ <- axis[place$one]
  if (!is.null(second)) grid$effect2__ <- factor(labels_of_second(second)[place$two],
                                                 unique(labels_of_second(second)))
  structure(grid, row.names = .set_row_names(nrow(place)), class = "data.frame")
}

repeated <- function(value, n) {
  if (is.matrix(value)) value[rep(1L, n), , drop = FALSE] else value[rep(1L, n)]
}

labels_of_second <- function(values) {
  if (is.numeric(values) && !is.object(values)) format_number(signif(values, 3))
  else as.character(values)
}

values_on_axis <- function(variable, resolution) {
  if (is.null(variable$axis)) refuse_unknown_range(variable$name)
  variable$axis(resolution)
}

second_values <- function(variable, int_conditions) {
  given <- int_conditions[[variable$name]]
  if (!is.null(given)) return(given)
  if (is.null(variable$between)) refuse_unknown_range(variable$name)
  variable$between
}

reference_value <- function(variable) {
  if (is.null(variable$reference)) {
    abort("The fit has not kept the values of {.var {variable$name}}, whose mean is needed.",
          i = "Give its value by {.arg conditions}, or rows by {.arg newdata}.")
  }
  variable$reference
}

refuse_unknown_range <- function(name) {
  abort("The fit has not kept the values of {.var {name}}, whose range is needed.",
        i = "Give rows by {.arg newdata}: they stand in for those of the fit.")
}
