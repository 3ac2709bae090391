# Cross-products of rows that come in chunks.

crossprods_of_source.relm_source <- function(source, formula, sigma = ~ 1, weights, offset, subset,
                                             na.action = getOption("na.action"), contrasts = NULL,
                                             family = "gaussian", drop.unused.levels = FALSE,
                                             by_group = NULL, reading = list(), ...) {
  on.exit(source$close())
  check_dots_empty(rlang::enquos(...), arguments_of_sources, "crossprods")
  family <- check_family(tryCatch(family, error = identity))
  check_formula(formula)
  read <- read_sigma(rlang::enquo(sigma), tryCatch(sigma, error = identity),
                     rlang::enquo(weights), family)
  model <- list(formula = formula, family = family, na.action = na.action, contrasts = contrasts,
                sigma = read$sigma,
                drop.unused.levels = check_flag(drop.unused.levels, "drop.unused.levels"),
                progress = check_flag(reading$progress, "progress"))
  quosures <- list(weights = read$weights, offset = rlang::enquo(offset))
  model$quosures <- quosures[!vapply(quosures, rlang::quo_is_missing, NA)]
  subset <- list(subset = rlang::enquo(subset))
  model$subset <- subset[!vapply(subset, rlang::quo_is_missing, NA)]
  if (!is.null(by_group)) check_flag(by_group, "by_group")
  if (!reads_in_order(reading) && is.null(source$parts)) {
    refuse_cores(paste0(source$label, " gives its rows one after another."))
  }
  read_crossprods(new_reader(source), model, by_group, reading)
}

arguments_of_sources <- c(
  "sigma", "weights", "offset", "subset", "na.action", "contrasts", "family", "drop.unused.levels",
  "by_group", "levels", "like", "chunk_rows", "cores", "progress"
)

read_crossprods <- function(reader, model, by_group, reading) {
  through <- function(schema, survey = NULL) {
    absorb_source(reader, schema, model, by_group, reading, survey)
  }
  if (!is.null(reading$like)) return(through(schema_like(reader, model, reading$like)))
  read_in_types(reader, function() {
    survey <- new_survey(reader, model, reading$levels)
    first <- if (reads_in_order(reading)) first_schema(reader, survey)
    crossprods <- if (!is.null(first)) through(first, survey)
    if (!is.null(crossprods)) return(crossprods)
    schema <- find_schema(reader, survey)
    reader$may_widen <- FALSE
    through(schema)
  })
}

# survey: where the schema is that of the first levels, what they were found by. NULL where a chunk
# shows that the schema of all rows is another.
absorb_source <- function(reader, schema, model, by_group, reading, survey = NULL) {
  if (!reads_in_order(reading)) return(read_parts(reader, schema, model, by_group, reading))
  accumulation <- new_accumulation(schema, by_group, model$drop.unused.levels)
  accumulation$is_part <- isTRUE(reading$is_part)
  dropped <- accumulate_chunks(reader, accumulation, schema, model, survey)
  if (is.null(dropped)) return(NULL)
  if (accumulation$n_rows) tell_dropped(dropped, accumulation$n_rows)
  finish_accumulation(accumulation)
}

# Parts of the source in processes of their own. What is told or refused of all rows together waits
# for the last.
read_parts <- function(reader, schema, model, by_group, reading) {
  run <- reads_part(reader$source$parts, schema, replace(model, "progress", FALSE), by_group)
  n_parts <- length(reader$source$parts)
  read <- run_chains(run, n_parts, reading$cores, 1, reading$progress, "file")
  all <- function(name) lapply(read, `[[`, name)
  n_rows <- sum(unlist(all("n_rows")))
  if (n_rows) tell_dropped(sum(unlist(all("dropped"))), n_rows)
  crossprods <- lapply(Filter(Negate(is.null), all("crossprods")), with_own_schema, schema)
  if (length(crossprods) == 0) refuse_no_rows()
  refuse_constant(list(range = range(unlist(all("range"))), n_rows = n_rows, schema = schema,
                       family = family_of(schema)))
  sum_crossprods(crossprods)
}

# What goes to other processes is in this function's environment, and nothing else.
reads_part <- function(parts, schema, model, by_group) {
  force(list(parts, schema, model, by_group))
  function(k, progress) {
    source <- parts[[k]]()
    on.exit(source$close())
    accumulation <- new_accumulation(schema, by_group, model$drop.unused.levels)
    accumulation$is_part <- TRUE
    dropped <- accumulate_chunks(new_reader(source), accumulation, schema, model)
    list(interrupted = FALSE, dropped = dropped, n_rows = accumulation$n_rows,
         range = accumulation$range,
         crossprods = if (accumulation$n_rows) finish_accumulation(accumulation))
  }
}

# The environments of formulas that come from another process are copies.
with_own_schema <- function(crossprods, schema) {
  crossprods$formula <- schema$formula
  crossprods$schema <- replace(schema, "known", list(crossprods$schema$known))
  crossprods
}

# How many rows were dropped; with a survey, NULL where a chunk shows more than that has, which is
# then the next to be read.
accumulate_chunks <- function(reader, accumulation, schema, model, survey = NULL) {
  asked <- list(subset = model$subset$subset, na.action = model$na.action)
  dropped <- 0
  bar <- reading_bar(reader, model$progress, "Reading")
  on.exit(bar$done())
  absorb <- function(chunk) in_chunk(reader, {
    frame <- chunk_frame(schema, chunk, asked)
    accumulate_frame(accumulation, schema, frame, function() bar$set(reader$n_rows))
    length(attr(frame, "na.action"))
  })
  repeat {
    chunk <- next_chunk(reader)
    if (is.null(chunk)) return(dropped)
    if (nrow(chunk) == 0) next
    now <- if (is.null(survey)) absorb(chunk) else if_settled(reader, survey, chunk, absorb)
    if (is.null(now)) {
      hold_back(reader, list(chunk))
      return(NULL)
    }
    dropped <- dropped + now
    bar$set(reader$n_rows)
  }
}

# What `absorb` gives of a chunk, or NULL. What is refused may be so for the lack of levels that
# later chunks show, as those of a response: with all of them it is refused again, or not.
if_settled <- function(reader, survey, chunk, absorb) {
  if (in_chunk(reader, shows_more(reader, survey, chunk))) return(NULL)
  tryCatch(absorb(chunk), error = function(e) NULL)
}

# As many rows of a frame at a time as are absorbed at once.
accumulate_frame <- function(accumulation, schema, frame, tell) {
  n <- nrow(frame)
  if (n == 0) return(invisible())
  keys <- chunk_keys(schema, frame)
  done <- 0L
  while (done < n) {
    rows <- seq.int(done + 1L, min(n, done + rows_wanted(accumulation)))
    if (length(rows) == n) rows <- NULL
    of_rows <- lapply(keys, lapply, function(column) if (is.null(rows)) column else column[rows])
    accumulate(accumulation, schema_rows(schema, frame, rows), of_rows)
    done <- if (is.null(rows)) n else rows[length(rows)]
    tell()
  }
}

crossprods_of_source.function <- function(source, formula, ...) {
  crossprods_of_source(function_source(source), formula, ...)
}

crossprods_of_source.connection <- function(source, formula, ..., reading) {
  source <- connection_source(source, reading$chunk_rows)
  crossprods_of_source(source, formula, ..., reading = reading)
}

crossprods_of_source.character <- function(source, formula, ..., reading) {
  source <- files_source(source, reading$chunk_rows)
  crossprods_of_source(source, formula, ..., reading = reading)
}
