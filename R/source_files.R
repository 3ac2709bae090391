# Files and connections as sources: tables of comma-separated values, read in blocks as read.csv()
# reads them, and Parquet files.
#
# A table's state, an environment, is shared by all of its files: the `types` of its columns, by
# name, as the first block shows them: "numeric", "character" or "logical". Whole numbers are read
# as numbers, so that 1.5 may follow 1; what is missing throughout has no type yet.

files_source <- function(paths, chunk_rows, types = new_types()) {
  check_files(paths)
  opened <- NULL
  at <- 0L
  open_next <- function() {
    at <<- at + 1L
    opened <<- if (is_parquet(paths[at])) open_parquet(paths[at], chunk_rows)
      else open_table(file(paths[at], "rt"), types, chunk_rows)
  }
  next_rows <- function() {
    repeat {
      if (is.null(opened)) {
        if (at == length(paths)) return(NULL)
        open_next()
      }
      rows <- opened$next_rows()
      if (!is.null(rows)) return(rows)
      close_file()
    }
  }
  close_file <- function() {
    if (!is.null(opened)) opened$close()
    opened <<- NULL
  }
  restart <- function() {
    close_file()
    at <<- 0L
  }
  label <- if (length(paths) == 1) paste("the file", paths) else paste(length(paths), "files")
  parts <- lapply(paths, function(path) function() files_source(path, chunk_rows, types))
  new_source(next_rows, label, restart, close_file, widen_of(types), rows_by_size(paths), parts)
}

check_files <- function(paths) {
  if (length(paths) == 0 || anyNA(paths)) {
    abort("{.arg data} must name files.", x = "It is {describe(paths)}.")
  }
  missing <- paths[!file.exists(paths) | dir.exists(paths)]
  if (length(missing)) {
    abort("{.arg data} names files, and {.file {missing}} {?is/are} not there.",
          i = "Or give a data frame.")
  }
  for (path in Filter(is_parquet, paths)) parquet_package(path)
}

# A connection that is open can be read once, from where it is, and stays open. Another is left as
# it is and its description opened beside it.
connection_source <- function(connection, chunk_rows) {
  types <- new_types()
  described <- summary(connection)
  label <- paste("the connection", described$description)
  if (isOpen(connection)) {
    if (!isOpen(connection, "read")) {
      abort("{.arg data} is a connection that is not open for reading.")
    }
    table <- open_table(connection, types, chunk_rows)
    return(new_source(table$next_rows, label))
  }
  open <- switch(described$class, file = , gzfile = , bzfile = , xzfile = file, pipe = pipe,
                 url = url)
  if (is.null(open)) {
    abort("{.arg data} is a connection of class {.cls {described$class}}, which must be open.",
          i = "Open it with {.fn open}.")
  }
  table <- NULL
  close_table <- function() {
    if (!is.null(table)) table$close()
    table <<- NULL
  }
  next_rows <- function() {
    if (is.null(table)) {
      table <<- open_table(open(described$description, "rt"), types, chunk_rows)
    }
    table$next_rows()
  }
  new_source(next_rows, label, close_table, close_table, widen_of(types))
}

# Comma-separated values
# ----------------------------------------------------------------------------

new_types <- function() {
  types <- new.env(parent = emptyenv())
  types$of <- character()
  types$quoted <- character()
  types
}

widen_of <- function(types) function(column) types$of[column] <- "character"

open_table <- function(connection, types, chunk_rows) {
  names <- NULL
  next_rows <- function() {
    if (is.null(names)) names <<- read_header(connection)
    if (is.null(names)) return(NULL)
    read_block(connection, names, types, chunk_rows)
  }
  list(next_rows = next_rows, close = function() close(connection))
}

# As read.csv() names columns; NULL of an empty file.
read_header <- function(connection) {
  fields <- scan(connection, "", nlines = 1, sep = ",", quote = "\"", quiet = TRUE,
                 strip.white = TRUE, blank.lines.skip = TRUE)
  if (length(fields)) make.names(fields, unique = TRUE)
}

# The next rows, in the types that columns have; NULL after the last.
read_block <- function(connection, names, types, chunk_rows) {
  line <- readLines(connection, 1, warn = FALSE)
  while (length(line) && !nzchar(trimws(line))) line <- readLines(connection, 1, warn = FALSE)
  if (length(line) == 0) return(NULL)
  pushBack(line, connection)
  note_quoted(types, line, names)
  classes <- types$of[names]
  # Numbers in quotes are text to scan().
  classes[names %in% types$quoted] <- "character"
  rows <- tryCatch(
    utils::read.table(connection, sep = ",", quote = "\"", comment.char = "", col.names = names,
                      colClasses = unname(classes), nrows = chunk_rows, check.names = FALSE),
    error = function(e) refuse_block(e, connection, classes, names)
  )
  in_own_types(rows, types)
}

# Columns whose first value stands in quotes.
note_quoted <- function(types, line, names) {
  fields <- scan(text = line, what = "", sep = ",", quote = "", quiet = TRUE)
  if (length(fields) != length(names)) return(invisible())
  types$quoted <- union(types$quoted, names[startsWith(trimws(fields), "\"")])
}

# Columns that were read as text in the types that they have, and what types the others have.
in_own_types <- function(rows, types) {
  for (name in names(rows)) {
    column <- rows[[name]]
    type <- types$of[name]
    if (is.na(type)) {
      if (name %in% types$quoted) column <- utils::type.convert(column, as.is = TRUE)
      if (is_all_missing(column)) next
      type <- types$of[name] <- if (is.numeric(column)) "numeric" else class(column)[1]
    }
    if (type == "numeric" && is.integer(column)) column <- as.double(column)
    if (type != "character" && is.character(column)) column <- text_as(column, type, name)
    rows[[name]] <- column
  }
  rows
}

text_as <- function(text, type, name) {
  values <- suppressWarnings(if (type == "numeric") as.numeric(text) else as.logical(text))
  bad <- which(is.na(values) & !is.na(text) & nzchar(trimws(text)))
  if (length(bad)) refuse_text(name, text[bad[1]], type)
  values
}

# scan() says what it read and not in which column: those that are left of the line tell.
refuse_block <- function(e, connection, classes, names) {
  message <- conditionMessage(e)
  if (!grepl("^scan\\(\\) expected", message)) stop(e)
  left <- tryCatch(readLines(connection, 1, warn = FALSE), error = function(e) character())
  fields <- if (length(left) && nzchar(left)) {
    length(scan(text = left, what = "", sep = ",", quote = "\"", quiet = TRUE))
  } else 0L
  got <- sub("^.*got '(.*)'$", "\\1", message)
  place <- length(names) - fields
  if (place < 1 || !classes[place] %in% c("numeric", "logical")) {
    abort("A column that had numbers before has the text {.val {got}}.")
  }
  refuse_text(names[place], got, classes[place])
}

refuse_text <- function(name, text, type) {
  message <- "The column {.code {name}} has {.val {text}}, and had {said} before."
  said <- if (type == "numeric") "numbers" else "TRUE or FALSE"
  cli::cli_abort(c(message, i = "A function can read the column as text: see {.fn crossprods}."),
                 call = NULL, class = c("relm_wider", "relm_error"), column = name)
}

# From the size of the files and of their first lines; NULL where these tell nothing.
rows_by_size <- function(paths) {
  if (any(is_parquet(paths) | grepl("\\.(gz|bz2|xz|zip)$", paths))) return(NULL)
  lines <- readLines(paths[1], 101, warn = FALSE)[-1]
  if (length(lines) == 0) return(NULL)
  sum(file.size(paths)) / mean(nchar(lines, "bytes") + 1)
}

# Parquet
# -------------------------------------------------------------------------------------------

is_parquet <- function(paths) grepl("\\.(parquet|pq)$", paths, ignore.case = TRUE)

parquet_package <- function(path) {
  packages <- c("arrow", "nanoparquet")
  installed <- packages[vapply(packages, requireNamespace, NA, quietly = TRUE)]
  if (length(installed)) return(installed[1])
  abort("{.file {path}} needs the package {.pkg arrow} or {.pkg nanoparquet}.",
        i = 'Install one of them with {.code install.packages("nanoparquet")}.')
}

open_parquet <- function(path, chunk_rows) {
  groups <- parquet_groups(path)
  rows <- NULL
  done <- 0
  next_rows <- function() {
    while (is.null(rows) || done >= nrow(rows)) {
      if (length(groups) == 0) return(NULL)
      rows <<- groups[[1]]()
      groups <<- groups[-1]
      done <<- 0
    }
    chunk <- rows[seq.int(done + 1, min(nrow(rows), done + chunk_rows)), , drop = FALSE]
    done <<- done + nrow(chunk)
    chunk
  }
  list(next_rows = next_rows, close = function() NULL)
}

# Functions that read parts of a file: arrow its row groups, nanoparquet a file at once.
parquet_groups <- function(path) {
  if (parquet_package(path) != "arrow") {
    return(list(function() as.data.frame(nanoparquet::read_parquet(path))))
  }
  reader <- arrow::ParquetFileReader$create(path)
  lapply(seq_len(reader$num_row_groups), function(k) {
    function() as.data.frame(reader$ReadRowGroup(k - 1L))
  })
}
