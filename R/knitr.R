#' Fits in documents
#'
#' At the end of a chunk of R Markdown or Quarto, a fit is shown as the formula, the number of rows
#' and groups, and a table of medians and 95% intervals, with the warnings of `print()`. Elsewhere
#' it is printed as usual. `print(fit)` in a chunk, or the chunk option
#' `render = knitr::normal_print`, gives the full output of the console. `knitr::kable()` shows
#' summaries and tidy tables.
#'
#' @param x A fit.
#' @param digits Significant digits of each interval.
#' @param ... Passed by knitr.
#' @return Output that knitr shows without changes.
#' @examplesIf requireNamespace("knitr", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' knitr::kable(summary(fit), digits = 2)
#' @name relm-knitr
NULL

#' @rdname relm-knitr
#' @rawNamespace S3method(knitr::knit_print, relm)
#' @method knit_print relm
knit_print.relm <- function(x, digits = 3, ...) {
  # Text for pandoc, which not every document goes through.
  if (is.null(knitr::pandoc_to())) return(knitr::normal_print(x))
  quantiles <- shown_quantiles(x, digits)
  table <- knitr::kable(quantiles, format = "pipe", align = "r")
  model <- paste0("`", deparse1(formula(x)), "`: ", sub("^Data: ", "", model_lines(x)[2]), ".")
  notes <- convergence_lines(x, rownames(quantiles))
  text <- c(model, paste(table, collapse = "\n"), hidden_line(x, quantiles), notes)
  knitr::asis_output(paste0(paste(text, collapse = "\n\n"), "\n\n"))
}
