# What is shown while rows are read: how many there were, how fast they come, and how long the rest
# will take where it is known how many there are.

reading_bar <- function(reader, show, doing) {
  if (!show) return(list(set = function(done) NULL, done = function() NULL))
  total <- if (is.null(reader$n_all)) reader$source$rows else reader$n_all
  envir <- new.env()
  id <- cli::cli_progress_bar(
    total = if (is.null(total)) NA else total, .envir = envir, auto_terminate = FALSE, clear = TRUE,
    format = reading_format(doing, total)
  )
  list(set = function(done) cli::cli_progress_update(set = done, id = id, .envir = envir),
       done = function() cli::cli_progress_done(id = id, .envir = envir))
}

reading_format <- function(doing, total) {
  paste0(doing, " {cli::pb_current} rows, {cli::pb_rate}",
         if (!is.null(total)) " | {cli::pb_percent} | {cli::pb_eta_str}")
}
