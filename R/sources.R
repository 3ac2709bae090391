# What rows come from other than a data frame.
#
# A source is an object with a method of crossprods_of_source(source, formula, ..., by_group), which
# takes the arguments of relm_design() beside and gives the cross-products of all its rows.
#
# Those that yield rows in chunks become a relm_source first, a list:
#   next_rows   a function that gives the next chunk, a data frame, and NULL after the last
#   restart     a function after which the first chunk is the next; NULL where rows can be read once
#   close       a function that is called when reading has ended, however it has
#   widen       a function of a column's name: from the next start on it is read as text; or NULL
#   label       what messages call the source
#   rows        how many rows there are, NULL where that is not known
#   parts       functions that give sources of parts of the rows, which can be read at the same time;
#               or NULL

is_source <- function(data) inherits(data, source_classes)

source_classes <- c("tbl_lazy", "function", "connection", "character", "relm_source")

crossprods_of_source <- function(source, formula, ...) UseMethod("crossprods_of_source")

new_source <- function(next_rows, label, restart = NULL, close = function() NULL, widen = NULL,
                       rows = NULL, parts = NULL) {
  structure(list(next_rows = next_rows, restart = restart, close = close, widen = widen,
                 label = label, rows = rows, parts = parts), class = "relm_source")
}

# reading: how, the arguments of crossprods() that say so.
reads_in_order <- function(reading) is.null(reading$cores) || identical(reading$cores, 1L)

refuse_cores <- function(reason) {
  abort("{.arg cores} is for names of files, which are read at the same time.", x = reason,
        i = "Leave it out.")
}

check_in_blocks <- function(...) {
  if (any(vapply(list(...), inherits, NA, c("character", "connection")))) return(invisible())
  abort("{.arg chunk_rows} is for files and connections, which are read in blocks.",
        x = "A function gives chunks of its own size, and other data do not come in chunks.",
        i = "Leave it out.")
}

# A function without arguments that must be given. One that has an argument `reset` starts over when
# it is TRUE.
function_source <- function(f) {
  arguments <- formals(args(f))
  without <- vapply(arguments, function(value) is.name(value) && !nzchar(value), NA)
  needed <- setdiff(names(arguments)[without], c("...", "reset"))
  if (length(needed)) {
    abort("{.arg data} must be a data frame, or a function that gives the next rows when it is
           called without arguments.", x = "The function needs {.arg {needed}}.")
  }
  restart <- if ("reset" %in% names(arguments)) function() f(reset = TRUE)
  new_source(function() f(), "the function", restart)
}

# A data frame as one chunk.
data_source <- function(data) {
  force(data)
  given <- FALSE
  new_source(function() {
    if (given) return(NULL)
    given <<- TRUE
    data
  }, "the data frame", restart = function() given <<- FALSE)
}

# Chunks of a source, with their numbers; some may be held back, to come again.
new_reader <- function(source) {
  reader <- new.env(parent = emptyenv())
  reader$source <- source
  reader$held <- list()
  reader$number <- 0L
  reader$n_rows <- 0
  if (!is.null(source$restart)) in_source(reader, source$restart())
  reader
}

can_restart <- function(reader) !is.null(reader$source$restart)

restart_reader <- function(reader) {
  in_source(reader, reader$source$restart())
  reader$held <- list()
  reader$number <- 0L
  reader$n_rows <- 0
}

# NULL after the last.
next_chunk <- function(reader) {
  if (length(reader$held)) {
    chunk <- reader$held[[1]]
    reader$held <- reader$held[-1]
  } else {
    chunk <- in_source(reader, reader$source$next_rows(), reader$number + 1L)
    if (is.null(chunk)) return(NULL)
    check_chunk_rows(chunk, reader, reader$number + 1L)
  }
  reader$number <- reader$number + 1L
  reader$n_rows <- reader$n_rows + nrow(chunk)
  chunk
}

# Chunks that were read come again, before the others.
hold_back <- function(reader, chunks) {
  reader$held <- c(chunks, reader$held)
  reader$number <- reader$number - length(chunks)
  reader$n_rows <- reader$n_rows - sum(vapply(chunks, nrow, 0L))
}

check_chunk_rows <- function(chunk, reader, number) {
  if (is.data.frame(chunk)) return(invisible())
  abort("Chunk {number} of {reader$source$label} must be a data frame, or NULL after the last.",
        x = "It is {describe(chunk)}.")
}

# What goes wrong where rows come from, with the number of the chunk.
in_source <- function(reader, code, number = NULL) {
  tryCatch(code, error = function(e) {
    if (inherits(e, "relm_wider") && isTRUE(reader$may_widen)) stop(e)
    abort(if (is.null(number)) "{reader$source$label} cannot be read from the start."
          else "Chunk {number} of {reader$source$label} cannot be read.",
          x = "{conditionMessage(e)}")
  })
}

# What a chunk is refused for, with its number; bullets stay bullets.
in_chunk <- function(reader, code) {
  tryCatch(code, relm_error = function(e) {
    reasons <- c(x = e$message, e$body)
    shown <- stats::setNames(sprintf("{reasons[[%d]]}", seq_along(reasons)), names(reasons))
    abort("Chunk {reader$number} of {reader$source$label} cannot be taken up; no result is
           returned.", shown)
  })
}
