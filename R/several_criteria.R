# Criteria of several fits, as loo(fit1, fit2) gives them.

# Of the arguments in the dots those that are fits, and the rest.
other_fits <- function(others) {
  is_fit <- vapply(others, inherits, NA, "relm")
  list(fits = unname(others[is_fit]), rest = others[!is_fit])
}

# Names of models by the expressions that they are given as, or by those of the arguments.
names_of_models <- function(expressions) {
  names <- as.character(unlist(Map(model_name, expressions, seq_along(expressions))))
  named <- which(nzchar(names(expressions)))
  names[named] <- names(expressions)[named]
  make.unique(names)
}

# criterion: a function of a fit.
several_criteria <- function(fits, names, criterion) {
  check_installed("loo", "loo()")
  check_same_data(fits)
  results <- Map(function(fit, name) {
    result <- criterion(fit)
    attr(result, "model_name") <- name
    result
  }, fits, names)
  names(results) <- names
  structure(list(loos = results, diffs = name_rows(loo::loo_compare(results))), class = "relm_loos")
}

# Newer versions of loo give a data frame, with the models in its first column alone.
name_rows <- function(table) {
  if (is.data.frame(table) && anyDuplicated(table$model) == 0) rownames(table) <- table$model
  table
}

#' @export
print.relm_loos <- function(x, ...) {
  refuse_dots(list(...), "print")
  for (name in names(x$loos)) {
    cat("Model ", name, "\n", sep = "")
    print(x$loos[[name]])
    cat("\n")
  }
  cat("Comparison\n")
  print(x$diffs)
  invisible(x)
}
