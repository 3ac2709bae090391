#' Fits in shinystan
#'
#' `launch_shinystan(fit)` opens shinystan's pages on the draws of a fit, in a browser. Their tables
#' and pictures of chains work as they do for fits of Stan; what is about Stan's sampler is empty.
#'
#' By default the pages have the hyperparameters: coefficients, standard deviations, correlations
#' and scale parameters. Group effects come with them if you ask: `regex_pars = "."` takes all that
#' the fit keeps. shinystan computes a table of all variables before it starts, and holds all draws
#' in memory, so that thousands of group effects take a while.
#'
#' For an object that can be saved or changed without opening the pages, use
#' `shinystan::as.shinystan(as.array(fit))`.
#'
#' @param object A fit.
#' @param pars,regex_pars Names of variables and regular expressions, as in
#'   [as.array()][as_draws.relm]. `NULL` for both means all hyperparameters.
#' @param model_name The name that the pages show; by default the formula.
#' @param note A text on the page of notes; by default what `print(fit)` says of the model, the data
#'   and the sampler.
#' @param rstudio Open the pages in RStudio's own window?
#' @param ... Further arguments of shinystan's `launch_shinystan()`, such as `port`. rstanarm's
#'   `ppd` and `seed` are refused: [pp_check()] draws these pictures.
#' @return shinystan's object, invisibly, when the pages are closed.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' \dontrun{
#' shinystan::launch_shinystan(fit)
#' shinystan::launch_shinystan(fit, regex_pars = c("^b_", "^r_station"))
#' }
#' @name relm-shinystan
NULL

#' @rdname relm-shinystan
#' @rawNamespace S3method(shinystan::launch_shinystan, relm)
#' @usage \method{launch_shinystan}{relm}(object, pars = NULL, regex_pars = NULL, model_name = NULL,
#'   note = NULL, ..., rstudio = getOption("shinystan.rstudio"))
launch_shinystan.relm <- function(object, pars = NULL, regex_pars = NULL, model_name = NULL,
                                  note = NULL, ..., rstudio = getOption("shinystan.rstudio")) {
  check_installed("shinystan", "launch_shinystan()")
  theirs <- intersect(c("ppd", "seed"), names(list(...)))
  if (length(theirs)) {
    abort("{.arg {theirs[1]}} is of rstanarm's fits.",
          i = "{.fn pp_check} compares the data with replicates.")
  }
  shown <- shinystan_of(object, pars, regex_pars, model_name, note)
  shinystan::launch_shinystan(shown, rstudio = rstudio, ...)
}

# The object that the pages show.
shinystan_of <- function(fit, pars = NULL, regex_pars = NULL, model_name = NULL, note = NULL) {
  if (is.null(model_name)) model_name <- deparse1(fit$posterior$formula)
  if (is.null(note)) note <- paste(model_lines(fit), collapse = "\n")
  check_text(model_name, "model_name")
  check_text(note, "note")
  shinystan::as.shinystan(shinystan_draws(fit, pars, regex_pars), model_name = model_name,
                          note = note)
}

shinystan_draws <- function(fit, pars = NULL, regex_pars = NULL) {
  own <- is.null(pars) && is.null(regex_pars)
  as.array.relm(fit, if (own) hyper_variables(fit) else choose_pars(fit, pars, regex_pars))
}

check_text <- function(x, name) {
  if (is.character(x) && length(x) == 1 && !is.na(x)) return(invisible())
  abort("{.arg {name}} must be one text.", x = "It is {describe(x)}.")
}
