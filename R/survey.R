# What has to be known of all rows before any is absorbed: the levels of factors and the bases of
# terms such as poly(). Where levels alone depend on all rows, those of the first chunk are taken,
# and rows absorbed until a chunk shows more. Else, and then, a first pass over the source finds
# what all of them show.
#
# model: what crossprods() was asked for: formula, sigma, family, quosures (weights, offset),
# subset, na.action, contrasts, drop.unused.levels. given: levels of factors by the name of their
# variable.
#
# A survey is an environment:
#   model, given  these
#   pilot         the first rows; `n_first`, how many chunks it took to find them
#   variables     those that depend on all rows and whose levels are not given, as variables_asked()
#                 has them
#   in_full       names of columns that are needed in full; `whole`, these columns by chunk
#   together      sets of names of columns; `distinct`, the combinations of each that occur
#   used          the levels that rows have which are not dropped
#   levels        those of the variables as the last schema had them
#   number        the number of the last chunk that it has taken up

# What `read` gives, a function. Where a column that seemed to be of numbers turns out to be text
# before the schema is settled, it begins again with the column as text.
read_in_types <- function(reader, read) {
  repeat {
    reader$may_widen <- can_restart(reader) && !is.null(reader$source$widen)
    found <- tryCatch(read(), relm_wider = identity)
    if (!inherits(found, "relm_wider")) return(found)
    reader$source$widen(found$column)
    restart_reader(reader)
  }
}

new_survey <- function(reader, model, given) {
  survey <- new.env(parent = emptyenv())
  survey$model <- model
  survey$given <- given
  survey$pilot <- read_pilot(reader, model)
  asked <- variables_asked(model, survey$pilot)
  check_given_levels(given, names(asked))
  depend <- names(asked)[vapply(asked, `[[`, "", "depends") != "none"]
  survey$variables <- asked[setdiff(depend, names(given))]
  survey$in_full <- unique(unlist(columns_that(survey, "whole")))
  survey$together <- join_sets(lapply(columns_that(survey, "levels"), setdiff, survey$in_full))
  survey$whole <- survey$used <- list()
  survey$distinct <- vector("list", length(survey$together))
  survey$number <- 0L
  survey$n_first <- length(reader$held)
  if (length(survey$variables)) {
    if (!can_restart(reader)) refuse_survey(reader, survey$variables)
    # Columns that were missing throughout are read in the types that they have shown since.
    if (sum(vapply(reader$held, nrow, 0L) > 0) > 1) restart_reader(reader)
  }
  survey
}

# The schema that chunks are read through.
find_schema <- function(reader, survey) {
  if (length(survey$variables) == 0) {
    design <- surveyed_design(survey$model, survey$pilot, survey$given)
    return(schema_of_rows(design, survey$pilot))
  }
  survey_rest(reader, survey)
  restart_reader(reader)
  schema_of_survey(survey)
}

# The schema with the levels that the first chunk shows; NULL where it takes more than levels. An
# error may be one of these rows alone, as of a factor with one level.
first_schema <- function(reader, survey) {
  depends <- vapply(survey$variables, `[[`, "", "depends")
  if (length(depends) == 0 || any(depends != "levels")) return(NULL)
  chunks <- list()
  while (length(chunks) < survey$n_first) {
    chunk <- next_chunk(reader)
    if (is.null(chunk)) break
    take_up(reader, survey, chunk)
    chunks <- c(chunks, list(chunk))
  }
  hold_back(reader, chunks)
  tryCatch(schema_of_survey(survey), error = function(e) NULL)
}

# The first rows, of the columns that the model names, up to where all of these have a type.
read_pilot <- function(reader, model) {
  chunks <- list()
  pilot <- NULL
  repeat {
    chunk <- next_chunk(reader)
    if (is.null(chunk)) break
    chunks <- c(chunks, list(chunk))
    if (nrow(chunk) == 0) next
    chunk <- plain_columns(named_columns(chunk))
    if (is.null(pilot)) columns <- in_chunk(reader, columns_named(model, chunk))
    pilot <- in_chunk(reader, join_chunks(pilot, chunk, columns))
    untyped <- columns[vapply(pilot, is_all_missing, NA)]
    untyped <- untyped[vapply(chunk[untyped], is_all_missing, NA)]
    if (length(untyped) == 0) break
    if (reader$n_rows >= most_untyped) {
      abort("{.var {untyped}} {?is/are} missing in all of the first {reader$n_rows} rows.",
            i = "Give missing values the type that the others have.")
    }
  }
  if (is.null(pilot)) abort("No rows are left to fit.", x = "{reader$source$label} has none.")
  hold_back(reader, chunks)
  pilot
}

join_chunks <- function(before, chunk, columns) {
  missing <- setdiff(columns, names(chunk))
  if (length(missing)) abort("It has no column{?s} {.var {missing}}.")
  rbind(before, utils::head(chunk[columns], most_pilot))
}

most_pilot <- 1000L

# Rows after which a column must have shown its type.
most_untyped <- 1e6

# The columns of rows that the model names.
columns_named <- function(model, chunk) {
  whole <- whole_formula(model$formula, model$sigma, chunk)
  check_variables(whole, chunk)
  beside <- lapply(c(model$quosures, model$subset), function(quosure) {
    free_variables(rlang::quo_get_expr(quosure))
  })
  intersect(unique(c(free_variables(whole), unlist(beside))), names(chunk))
}

# Of each variable of the terms: its expression, the columns that it is made of, and what its values
# depend on beside their own rows: "none", the "levels" of all, or the "whole" of these columns.
variables_asked <- function(model, pilot) {
  parts <- formula_parts(model$formula)
  environment <- environment(model$formula)
  terms <- c(list(fixed_terms(parts$fixed, model$formula, pilot)),
             random_terms(parts$bars, environment, model$formula[[2]]))
  variables <- unlist(lapply(terms, function(side) as.list(attr(side, "variables"))[-1]))
  variables <- unique(c(list(model$formula[[2]]), variables))
  names(variables) <- vapply(variables, as_text, "")
  lapply(variables, function(variable) {
    list(expression = variable, columns = intersect(free_variables(variable), names(pilot)),
         depends = what_depends(variable, pilot, environment))
  })
}

what_depends <- function(variable, pilot, environment) {
  if (is.call(variable)) {
    if (!is_rowwise(variable, environment)) return("whole")
    head <- as_text(variable[[1]])
    if (head %in% kept_heads) {
      return(if (head %in% c("factor", "as.factor", "ordered")) "levels" else "whole")
    }
  }
  value <- tryCatch(eval(variable, pilot, environment), error = function(e) NULL)
  if (is.factor(value) || is.character(value)) "levels" else "none"
}

check_given_levels <- function(given, names) {
  if (is.null(given)) return(invisible())
  named <- is.list(given) && !is.null(names(given)) && all(vapply(given, is.character, NA))
  if (!named) {
    abort("{.arg levels} must be a list of text vectors, named by the factors whose levels they
           are.", x = "It is {describe(given)}.",
          i = 'For instance {.code levels = list(f = c("a", "b"))}.')
  }
  unknown <- setdiff(names(given), names)
  if (length(unknown)) {
    abort("{.arg levels} names {.var {unknown}}, which {?is/are} no variable{?s} of the terms.",
          i = "They have {.var {names}}.")
  }
}

refuse_survey <- function(reader, surveyed) {
  depends <- vapply(surveyed, `[[`, "", "depends")
  factors <- names(surveyed)[depends == "levels"]
  whole <- names(surveyed)[depends == "whole"]
  abort("{reader$source$label} can be read once, and {.code {names(surveyed)}} {?depends/depend} on
         all rows.",
        i = if (length(factors)) "Give the levels of {.code {factors}} by {.arg levels}.",
        i = if (length(whole)) "Give a design that has {.code {whole}}, by {.arg like}.",
        i = "Or give a source that can start over, such as a function with an argument
             {.arg reset}.")
}

# The survey ---------------------------------------------------------------------------------------

columns_that <- function(survey, depend) {
  of <- Filter(function(one) one$depends == depend, survey$variables)
  lapply(of, `[[`, "columns")
}

# The chunks that it has not taken up, from where the reader is.
survey_rest <- function(reader, survey) {
  bar <- reading_bar(reader, survey$model$progress, "Surveying")
  on.exit(bar$done())
  repeat {
    chunk <- next_chunk(reader)
    if (is.null(chunk)) break
    if (reader$number > survey$number) take_up(reader, survey, chunk)
    bar$set(reader$n_rows)
  }
  reader$n_all <- reader$n_rows
}

take_up <- function(reader, survey, chunk) {
  if (nrow(chunk)) in_chunk(reader, survey_chunk(survey, chunk))
  survey$number <- reader$number
}

survey_chunk <- function(survey, chunk) {
  chunk <- plain_columns(named_columns(chunk))
  check_surveyed_columns(survey, chunk)
  if (length(survey$in_full)) survey$whole <- c(survey$whole, list(chunk[survey$in_full]))
  for (k in seq_along(survey$together)) survey$distinct[[k]] <- more_distinct(survey, k, chunk)
  if (survey$model$drop.unused.levels) {
    used <- levels_used(survey, chunk)
    survey$used <- sapply(names(used), function(name) union(survey$used[[name]], used[[name]]),
                          simplify = FALSE)
  }
}

check_surveyed_columns <- function(survey, chunk) {
  missing <- setdiff(unlist(lapply(survey$variables, `[[`, "columns")), names(chunk))
  if (length(missing)) abort("It has no column{?s} {.var {missing}}.")
}

# The combinations of the k-th set of columns with those of a chunk.
more_distinct <- function(survey, k, chunk) {
  rows <- distinct_rows(chunk[survey$together[[k]]])
  distinct_rows(rbind(survey$distinct[[k]], rows))
}

# Would the schema be another with the chunk that was read last? Levels that only its kept rows have
# are not asked for: rows are refused that have others than their schema.
shows_more <- function(reader, survey, chunk) {
  if (reader$number <= survey$number) return(FALSE)
  chunk <- named_columns(chunk)
  check_surveyed_columns(survey, chunk)
  chunk <- plain_columns(chunk[unlist(survey$together)])
  any(vapply(seq_along(survey$together), shows_more_of_set, NA, survey, chunk))
}

shows_more_of_set <- function(k, survey, chunk) {
  before <- survey$distinct[[k]]
  after <- more_distinct(survey, k, chunk)
  if (identical(after, before)) return(FALSE)
  if (!identical(column_attributes(after), column_attributes(before))) return(TRUE)
  new <- after[seq_len(nrow(after)) > nrow(before), , drop = FALSE]
  of_set <- vapply(survey$variables, function(one) any(one$columns %in% names(before)), NA)
  any(vapply(names(which(of_set)), has_other_levels, NA, survey, new))
}

column_attributes <- function(rows) {
  lapply(rows, function(column) list(typeof(column), attributes(column)))
}

# Has a variable levels on these rows that it had not before? Levels of factor() with further
# arguments, such as labels, are not told by a part of the rows.
has_other_levels <- function(name, survey, rows) {
  variable <- survey$variables[[name]]$expression
  is_kept <- is.call(variable) && as_text(variable[[1]]) %in% kept_heads
  if (is_kept && length(variable) > 2) return(TRUE)
  envir <- environment(survey$model$formula)
  value <- tryCatch(suppressWarnings(eval(variable, rows, envir)), error = function(e) NULL)
  shown <- if (is.factor(value)) levels(value) else unique(as.character(value))
  is.null(value) || !all(shown %in% c(survey$levels[[name]], NA))
}

# Sets that share elements as one.
join_sets <- function(sets) {
  joined <- list()
  for (set in sets[lengths(sets) > 0]) {
    meets <- vapply(joined, function(other) any(set %in% other), NA)
    joined <- c(joined[!meets], list(unique(c(unlist(joined[meets]), set))))
  }
  joined
}

# One row of each combination of values, with all levels of factors.
distinct_rows <- function(rows) {
  if (length(rows) == 1) {
    first <- !duplicated(.subset2(rows, 1))
  } else {
    values <- lapply(rows, function(column) code_values(plain_column(column)))
    n_values <- lengths(lapply(values, `[[`, "labels"))
    # What is missing is a value, as in ifelse(is.na(f), "none", f).
    codes <- Map(function(one, n) ifelse(is.na(one$code), n + 1L, one$code), values, n_values)
    first <- !duplicated(cross_codes(codes, n_values + 1L)$code)
  }
  rows <- rows[first, , drop = FALSE]
  attr(rows, "row.names") <- .set_row_names(sum(first))
  rows
}

# The levels of factors in the rows that are neither left out nor dropped. What depends on whole
# columns stands as these.
levels_used <- function(survey, chunk) {
  model <- survey$model
  whole <- whole_formula(model$formula, model$sigma, chunk)
  variables <- as.list(attr(read_terms(whole, chunk), "variables"))[-1]
  names(variables) <- vapply(variables, as_text, "")
  of_whole <- names(columns_that(survey, "whole"))
  kept <- c(variables[setdiff(names(variables), of_whole)], lapply(survey$in_full, as.name))
  plain <- as_formula(call("~", sum_up(unname(kept))), environment(model$formula))
  extras <- evaluate_extras(chunk, c(model$quosures, model$subset))
  frame <- quiet_frame(plain, chunk, extras, model$na.action, TRUE, model$family,
                       known_label(model$sigma))
  factors <- intersect(names(columns_that(survey, "levels")), names(frame))
  sapply(factors, function(name) {
    column <- .subset2(frame, name)
    if (is.factor(column)) levels(column) else unique(as.character(column))
  }, simplify = FALSE)
}

# Columns of `rows` in the place of those of `pilot`, all of one length.
fill_rows <- function(pilot, parts) {
  n <- max(nrow(pilot), vapply(parts, nrow, 0L))
  columns <- as.list(pilot)
  for (part in parts) columns[names(part)] <- as.list(part)
  columns <- lapply(columns, function(column) {
    at <- rep_len(seq_len(NROW(column)), n)
    if (is.null(dim(column))) column[at] else column[at, , drop = FALSE]
  })
  structure(columns, row.names = .set_row_names(n), class = "data.frame")
}

# A schema ----------------------------------------------------------------------------------------

# The design of rows that show what its variables depend on; given: levels of factors.
surveyed_design <- function(model, rows, given) {
  rows <- plain_columns(rows)
  plain <- intersect(names(given), names(rows))
  text <- plain[vapply(rows[plain], function(column) is.factor(column) || is.character(column), NA)]
  with_levels <- function(name) factor(rep_len(given[[name]], nrow(rows)), given[[name]])
  for (name in text) rows[[name]] <- with_levels(name)
  design <- unchecked_design(model$formula, rows, model$sigma, list(), stats::na.pass,
                             model$contrasts, FALSE, model$family)
  for (name in setdiff(names(given), text)) design$frame[[name]] <- with_levels(name)
  model$family$check_type(design$frame)
  design$quosures <- lapply(model$quosures, own_quosure, rows)
  design
}

# That of the pilot's rows, in which columns that the survey has stand in full, or with the
# combinations that occur; the others are repeated.
schema_of_survey <- function(survey) {
  parts <- c(survey$distinct, if (length(survey$in_full)) list(do.call(rbind, survey$whole)))
  rows <- fill_rows(survey$pilot, parts)
  design <- surveyed_design(survey$model, rows, survey$given)
  check_same_alone(design, survey)
  schema <- schema_of_rows(design, rows)
  survey$levels <- lapply(schema$columns[names(columns_that(survey, "levels"))], levels)
  with_used_levels(schema, survey$used)
}

schema_of_rows <- function(design, rows) {
  design$row_variables <- names(rows)
  schema <- schema_of(design, character())
  schema$raw <- lapply(rows, zero_rows)
  schema
}

# The schema of an earlier design or of cross-products, for the same model.
schema_like <- function(reader, model, like) {
  schema <- if (inherits(like, "relm_crossprods")) like$schema
    else if (inherits(like, c("relm_design", "relm_schema"))) schema_of(like, character())
  if (is.null(schema)) {
    abort("{.arg like} must be a design, or cross-products of chunks.",
          x = "It is {describe(like)}.")
  }
  said <- function(x) c(deparse1(x$formula), deparse1(x$sigma), family_text(x))
  asked <- said(list(formula = model$formula, sigma = model$sigma, family = model$family$name,
                     link = model$family$link))
  if (!identical(said(schema), asked)) {
    abort("{.arg like} is of another model.", x = "It is {said(schema)}, and this is {asked}.")
  }
  pilot <- read_pilot(reader, model)
  schema$quosures <- lapply(model$quosures, own_quosure, pilot)
  schema$row_variables <- union(schema$row_variables, names(pilot))
  others <- setdiff(names(pilot), names(schema$raw))
  schema$raw <- c(schema$raw, lapply(pilot[others], zero_rows))
  schema$known <- list()
  schema
}

# Without the levels that no row has.
with_used_levels <- function(schema, used) {
  for (name in names(used)) {
    column <- schema$columns[[name]]
    if (!is.factor(column)) next
    kept <- levels(column)[levels(column) %in% used[[name]]]
    schema$columns[[name]] <- structure(integer(), levels = kept, class = class(column))
  }
  schema
}

# Refuses variables whose values on the first rows are others where these stand alone: no basis is
# known that would make them the same.
check_same_alone <- function(design, survey) {
  pilot <- survey$pilot
  whole <- names(columns_that(survey, "whole"))
  terms <- attr(design$frame, "terms")
  predvars <- as.list(attr(terms, "predvars"))[-1][match(whole, term_variables(terms))]
  of_all <- frame_rows(design$frame[whole], seq_len(nrow(pilot)))
  same <- mapply(function(variable, name) {
    alone <- tryCatch(eval(variable, pilot, environment(terms)), error = function(e) NULL)
    is_same_value(drop_matrix(alone), .subset2(of_all, name))
  }, predvars, whole)
  changed <- whole[!as.logical(same)]
  if (length(changed) == 0) return(invisible())
  abort("{.code {changed}} {?depends/depend} on all rows, and cannot be had in chunks.",
        i = "Compute {cli::qty(changed)}{?it/them} in the data before. {.fn scale}, {.fn poly},
             {.fn ns} and {.fn bs} can be had, where no other function stands around them.")
}

# To rounding, as poly() makes the same basis in two ways.
is_same_value <- function(a, b) {
  if (is.numeric(a) && is.numeric(b)) {
    return(length(a) == length(b) && isTRUE(all.equal(as.numeric(a), as.numeric(b))))
  }
  identical(as.character(a), as.character(b))
}
