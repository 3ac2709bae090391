# The tables of messages at the end of vignettes/troubleshooting.Rmd; the sources are there in the
# repository only.

# Character constants of the package's functions, as one text: without the marks of cli, and with one
# space where lines break.
words_of_package <- function() {
  constants <- function(code) {
    if (is.character(code)) return(code)
    if (is.recursive(code) && !is.environment(code)) unlist(lapply(as.list(code), constants))
  }
  own <- Filter(is.function, as.list(asNamespace("relm"), all.names = TRUE))
  text <- unlist(lapply(own, function(f) constants(list(formals(f), body(f)))))
  text <- gsub("\\{\\?([^{}/]*)/[^{}]*\\}", "\\1", gsub("[[:space:]]+", " ", text))
  gsub("\\{\\.[a-z]+ ([^{}]*|\\{[^{}]*\\})\\}", "\\1", text)
}

# Pieces of a message between what differs from case to case.
message_pieces <- function(message) {
  pieces <- trimws(strsplit(message, "\u2026", fixed = TRUE)[[1]])
  pieces[grepl("[[:alpha:]]{3}", pieces)]
}

pieces_that_lack <- function(messages, words) {
  pieces <- unlist(lapply(messages, message_pieces))
  pieces[!vapply(pieces, function(piece) any(grepl(piece, words, fixed = TRUE)), NA)]
}

test_that("the messages that the page explains are the package's", {
  file <- test_path("..", "..", "vignettes", "messages.csv")
  skip_if_not(file.exists(file), "no sources")
  table <- read.csv(file, encoding = "UTF-8")
  words <- words_of_package()

  expect_named(table, c("kind", "message", "meaning", "remedy"))
  expect_setequal(table$kind, c("error", "note", "message"))
  expect_true(all(lengths(lapply(table$message, message_pieces)) > 0))
  expect_identical(unname(pieces_that_lack(table$message, words)), character())
  expect_length(pieces_that_lack("All counts are one.", words), 1)
})
