# A schema: a design without its rows. It is what a data frame, a chunk of one or new rows are read
# through, so that their columns, groups and strata are those of the design.
#
#   formula, sigma, family, link
#                    as the design has them
#   terms, bars, by  terms of the fixed part and of the random part; grouping and stratum factors
#   group, sigma_by  names of these factors
#   of_grouping      the number of each bar's grouping factor
#   whole            terms of all variables together, with the bases of poly() and the like
#   coding           contrasts of factors
#   columns          the columns of the model frame, without rows: types, levels, shapes
#   raw              the variables that these are made of, as the data had them, without rows
#   row_variables    names of the variables that come with rows
#   quosures         weights and offset as expressions
#   known            for grouping and stratum factor: `labels` of its levels in the order in which
#                    they appear, and `parts`, what code_values() gives of them
#
# Objects beside the data that the formula names, such as knots, are in the environment of its
# terms, as they are.
new_schema <- function(formula, sigma, terms, bars, by, group, sigma_by, of_grouping, whole, coding,
                       columns, raw, row_variables, quosures, known, family = "gaussian",
                       link = "identity") {
  schema <- list(formula = formula, sigma = sigma, terms = terms, bars = bars, by = by,
                 group = group, sigma_by = sigma_by, of_grouping = of_grouping, whole = whole, coding = coding,
                 columns = columns, raw = raw, row_variables = row_variables,
                 quosures = quosures, known = known, family = family, link = link)
  class(schema) <- "relm_schema"
  schema
}

# known: the parts of `by` whose levels rows are to be found among. A schema is its own.
schema_of <- function(design, known = names(design$by)[lengths(design$by) > 0]) {
  if (inherits(design, "relm_schema")) return(design)
  names <- design$row_variables
  own <- environment(design$formula)
  beside <- without_rows(own, names)
  rowless <- function(x) {
    environment(x) <- beside
    x
  }
  if (identical(own, beside)) rowless <- identity
  columns <- lapply(design$frame, zero_rows)
  quosures <- design$quosures[names(design$quosures) %in% c("weights", "offset")]
  family <- family_of(design)
  new_schema(
    rowless(design$formula), rowless(design$sigma), rowless(design$terms),
    lapply(design$bars, rowless), design$by, design$group, design$sigma_by,
    design$of_grouping,
    rowless(attr(design$frame, "terms")), design$coding, columns, raw_types(design, columns),
    names, lapply(quosures, rowless_quosure, names), known_levels(design, known), family$name,
    family$link
  )
}

# Designs have rows; schemas, in their place, have none.
has_rows <- function(design) !inherits(design, "relm_schema")

# An environment without the variables that came with the rows. A function may bear the name of one.
without_rows <- function(envir, names) {
  if (is.null(envir) || is_saved_by_name(envir)) return(envir)
  all <- ls(envir, all.names = TRUE)
  rows <- Filter(function(name) !is.function(get0(name, envir, inherits = FALSE)),
                 intersect(all, names))
  if (length(rows) == 0) return(envir)
  list2env(mget(setdiff(all, rows), envir), parent = parent.env(envir))
}

# An expression without any variable of the rows has the values of the fit's rows: only what its
# label is made of is kept.
rowless_quosure <- function(quosure, names) {
  expression <- rlang::quo_get_expr(quosure)
  if (is.null(expression)) return(quosure)
  if (any(free_variables(expression) %in% names)) {
    return(rlang::new_quosure(expression, without_rows(rlang::quo_get_env(quosure), names)))
  }
  rlang::new_quosure(if (is.atomic(expression)) zero_rows(expression) else expression, emptyenv())
}

# The type of a variable: its class, levels, units and shape. NULL of what is no column.
zero_rows <- function(x) {
  described <- attributes(x)
  if (is.null(described) && is.atomic(x)) return(x[0L])
  if (is.data.frame(x)) return(x[0, , drop = FALSE])
  if (inherits(x, "POSIXlt")) return(x[0])
  if (!is.atomic(x) && !is.list(x)) return(NULL)
  kept <- described[names(described) %in% c("levels", "class", "units", "tzone")]
  if (!is.null(described$dim)) {
    kept$dim <- c(0L, described$dim[-1])
    if (!is.null(described$dimnames)) kept$dimnames <- c(list(NULL), described$dimnames[-1])
  }
  empty <- .subset(x, 0L)
  attributes(empty) <- kept
  empty
}

# Variables as the data had them. columns: those of the model frame, some of which are such.
raw_types <- function(design, columns) {
  kept <- design$kept
  if (!is.null(kept)) return(c(columns[kept$in_frame], lapply(kept$columns, zero_rows)))
  sapply(design$row_variables, function(name) {
    zero_rows(get0(name, environment(design$formula)))
  }, simplify = FALSE)
}

known_levels <- function(design, parts) {
  if (length(parts) == 0) return(list())
  factors <- factors_of(design)
  known <- lapply(parts, function(part) {
    own <- factors[[part]]
    codes <- in_order_of_rows(own$code, length(own$labels))$codes
    first <- match(codes, own$code)
    columns <- grouping_columns(design$by[[part]], design$frame)
    list(labels = own$labels[codes], parts = lapply(columns, function(x) code_values(x[first])))
  })
  names(known) <- parts
  known
}

# What a design makes of its rows for its schema ------------------------------------------------

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
