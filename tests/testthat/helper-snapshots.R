# Texts to be held against those in _snaps, in a form that no release of another package, no
# locale, no width and no last digit changes.

# A message on one line, in ASCII: no colors, bullets x, i, ! and *, straight quotes, no comma
# before the last of a list, and one space wherever there is space.
plain_text <- function(text) {
  # Links, then colors.
  codes <- "\u001b\\]8;[^\u001b\u0007]*(\u001b\\\\|\u0007)|\u001b\\[[0-9;]*[A-Za-z]"
  text <- gsub(codes, "", enc2utf8(text))
  # Not as names of a vector, which a plain locale would spell out.
  fancy <- c("\u2716", "\u2139", "\u2022", "[\u2018\u2019]", "[\u201c\u201d]", "\u2026", "\u00a0",
             "[[:space:]]+", "(['\"`]), (and|or) (?=['\"`])")
  plain <- c("x", "i", "*", "'", "\"", "...", " ", " ", "\\1 \\2 ")
  for (k in seq_along(fancy)) text <- gsub(fancy[k], plain[k], text, perl = TRUE)
  trimws(text)
}

# A line for each bullet, which follows the end of a sentence, and no longer lines than can be read.
in_lines <- function(text) {
  parts <- strsplit(text, "(?<=[.:?]) (?=[xi!*] [^ ])", perl = TRUE)[[1]]
  strwrap(parts, width = 88, indent = 4, exdent = 6)
}

# What calls say, a heading and a text each: `cases` is a list of quoted calls, which are evaluated
# where the function is called. Each has to give a condition of this class.
messages_of <- function(cases, class = "relm_error", where = parent.frame()) {
  unlist(lapply(cases, function(call) {
    condition <- tryCatch({
      eval(call, where)
      NULL
    }, condition = identity)
    expect_true(inherits(condition, class), label = deparse1(call))
    c(paste(strwrap(deparse1(call), width = 90, exdent = 4), collapse = "\n"),
      in_lines(plain_text(conditionMessage(condition))), "")
  }))
}

expect_messages <- function(cases, ...) {
  lines <- messages_of(cases, ..., where = parent.frame())
  expect_snapshot_output(writeLines(lines))
}

# What an object prints, with # for each number in a column of numbers, and one space between
# columns. Other numbers are counts, levels and priors, which the model and the call give.
printed_shape <- function(x, ...) {
  lines <- sub(" +$", "", capture.output(print(x, ...)))
  number <- "-?[0-9]+(\\.[0-9]+)?(e[+-]?[0-9]+)?"
  columns <- paste0(" +(NA|", number, ")")
  rows <- grepl(paste0(columns, "$"), lines) & !grepl("[:,]( |$)", lines)
  lines[rows] <- gsub(paste0("(?<= )", number, "(?= |$)"), "#", lines[rows], perl = TRUE)
  gsub("(?<=[^ ]) +", " ", sub("^ {3,}", "", lines), perl = TRUE)
}

expect_printed <- function(x, ...) {
  lines <- printed_shape(x, ...)
  expect_snapshot_output(writeLines(lines))
}
