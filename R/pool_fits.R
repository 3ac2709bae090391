# Fits of one model to several data sets, in one.

# What makes draws of several fits draws of the same parameters.
check_pooled_fits <- function(fits) {
  first <- what_is_pooled(fits[[1]])
  for (i in seq_along(fits)[-1]) {
    other <- what_is_pooled(fits[[i]])
    for (what in names(first)) {
      if (identical(first[[what]], other[[what]])) next
      abort("The fit of imputation {i} has other {what} than that of the first.",
            x = if (is.character(first[[what]])) "It has {.val {utils::head(other[[what]], 5)}},
                 where that has {.val {utils::head(first[[what]], 5)}}.",
            i = remedy_of_difference(what))
    }
  }
}

what_is_pooled <- function(fit) {
  posterior <- fit$posterior
  terms <- attr(fit$design$frame, "terms")
  c(list(coefficients = posterior$fixed, parameters = parameters_of(posterior)$variable,
         `numbers of rows` = as.character(posterior$n_rows)),
    stats::setNames(lapply(groupings_of(posterior), `[[`, "groups"),
                    sprintf("groups of %s, or these in another order,", names_of_groupings(posterior))),
    list(`bases, such as that of poly()` = lapply(as.list(attr(terms, "predvars")), deparse)))
}

remedy_of_difference <- function(what) {
  if (startsWith(what, "bases")) {
    return("A basis that is made of imputed values differs between imputations: make its columns
            beforehand, by the same knots or coefficients in all.")
  }
  "Variables that say which rows, groups or columns there are have to be the same in all."
}

# The object has no rows of its own, and reads new ones as the first fit does.
pool_fits <- function(call, fits, seed) {
  posterior <- fits[[1]]$posterior
  tails <- lapply(fits, function(fit) parameters_of(fit$posterior)$tail)
  posterior$parameters <- parameters_of(posterior)
  posterior$parameters$tail <- do.call(pmin, tails)
  samplings <- lapply(fits, `[[`, "sampling")
  sampling <- join_samplings(samplings)
  kept <- Reduce(function(a, b) map_groupings(intersect, a, b), lapply(samplings, `[[`, "kept"))
  sampling$effects <- unlist(lapply(fits, function(fit) {
    all_stored_effects(fit$sampling, fit$posterior, kept)
  }), recursive = FALSE)
  sampling$kept <- kept
  sampling["moments"] <- list(NULL)
  sampling$seed <- seed
  sampling$ends <- NULL
  if (!is.null(sampling$lattice_error)) {
    sampling$lattice_error <- max(vapply(samplings, `[[`, 0, "lattice_error"))
  }
  if (inherits(call$formula, "formula")) call$formula <- without_attributes(call$formula)
  control <- fits[[1]]$control
  control["seed"] <- list(seed)
  structure(list(call = call, posterior = posterior, sampling = sampling, control = control,
                 schema = schema_of(fits[[1]]$design), fits = fits),
            class = c("relm_multiple", "relm"))
}
