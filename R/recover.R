#' Draws of a fit that did not come to its end
#'
#' After an interrupt, such as Ctrl-C or Esc, or after an error within a chain, `recover_fit()` gives the
#' draws that there are, as a fit. It also reads the file that `checkpoint` of [relm()] names.
#'
#' Chains may have come differently far. The fit has as many chains as give the most draws in all, each
#' with the draws that all of them have: of chains with 1,000, 400 and 0 draws the first one, and of chains
#' with 1,000, 900 and 0 the first two with 900. Its draws are those that the whole fit would have begun
#' with. All methods work. It says in print that it is incomplete, and its call and its arguments stay
#' those of the whole fit, which [update()][update.relm] makes.
#'
#' In the session, chains of `cores = 1` and of forked processes leave their draws, until the next fit
#' begins. Those in futures and in processes on Windows do not: name a `checkpoint`. An interrupted
#' [extend()] leaves the longer fit in the same way. What reloo(), kfold(), sbc() and [relm_multiple()] fit
#' for themselves is not kept.
#'
#' @param file The file of a checkpoint; or `NULL` for what the last fit of this session has left.
#' @return A fit. Fewer chains or draws than asked for are in its element `sampling$incomplete`: a list of
#'   `chains` and `draws`, the numbers asked for, and `continues`, whether its chains can be continued.
#' @section Errors:
#' Nothing left, no draw after the warm-up, and a file that is no checkpoint are errors. [extend()]
#' continues a fit from a file, to the same draws as an undisturbed run. It refuses a fit whose chains were stopped within
#' a sweep: `update(fit, init = fit)` starts where they ended.
#' @examples
#' file <- tempfile(fileext = ".rds")
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 200,
#'             seed = 1, checkpoint = file)
#' identical(as.matrix(recover_fit(file)), as.matrix(fit))
#' @export
recover_fit <- function(file = NULL) {
  if (!is.null(file)) return(fit_of_checkpoint(read_checkpoint(check_checkpoint(file, "file"))))
  if (is.null(unfinished$make)) {
    abort("No fit of this session was interrupted since the last one began.",
          i = "Give the {.arg file} that {.arg checkpoint} of {.fn relm} has named.")
  }
  collect_left()
  unfinished$make(as.list(unfinished))
}
