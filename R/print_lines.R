# Lines that printed objects share.

write_wrapped <- function(lines) {
  writeLines(as.character(strwrap(lines, width = min(getOption("width"), 80), exdent = 2)))
}

# The model, the data and the sampler, a line each.
model_lines <- function(fit) {
  posterior <- fit$posterior
  sampling <- fit$sampling
  groups <- vapply(groupings_of(posterior), function(grouping) {
    paste0(", ", length(grouping$groups), " levels of ", grouping$name)
  }, "")
  by <- if (has_strata(posterior)) {
    paste0(", residual variance by ", strata_of(posterior)$name)
  }
  subset <- fit$design$quosures$subset
  label <- family_of(posterior)$label
  kind <- if (has_groups(posterior)) paste("Random-effects", label)
    else paste0(toupper(substr(label, 1, 1)), substring(label, 2))
  c(paste0(kind, ": ", deparse1(posterior$formula)),
    paste0("Data: ", posterior$n_rows, " rows", paste(groups, collapse = ""), by,
           if (isTRUE(posterior$sigma_known)) ", known standard errors"
           else if (posterior$weighted) ", weighted",
           if (!is.null(subset)) paste0(", subset ", short_code(rlang::quo_get_expr(subset)))),
    if (is_of_several(fit)) pooled_line(fit), sampler_line(sampling),
    incomplete_line(sampling))
}

pooled_line <- function(fit) {
  chains <- fit$fits[[1]]$sampling$chains
  paste0("Pooled: the draws of ", length(fit$fits), " imputations, ", chains, " chain",
         if (chains > 1) "s", " each")
}

sampler_line <- function(sampling) {
  independent <- c(common_line = "conjugate posterior", prior = "prior, without the data")
  if (sampling$sampler_run %in% names(independent)) {
    return(paste0("Sampler: independent draws from the ", independent[[sampling$sampler_run]], ", ",
                  sampling$chains, " x ", sampling$draws))
  }
  paste0("Sampler: ", samplers[[sampling$sampler_run]]$label, ", ", sampling$chains, " chain",
         if (sampling$chains > 1) "s", " of ", sampling$draws, " draw",
         if (sampling$draws > 1) "s", " after ",
         sampling$warmup, " warm-up", if (sampling$thin > 1) ", one in ",
         if (sampling$thin > 1) sampling$thin, ", seed", if (length(sampling$seed) > 1) "s", " ",
         paste(sampling$seed, collapse = ", "))
}

# Code on one line, cut where it is long. What do.call() puts in the place of a name may be whole
# data, of which no more is written out than is shown.
short_code <- function(expression, most = 60L) {
  lines <- deparse(expression, width.cutoff = most, nlines = 2L)
  if (length(lines) == 1 && nchar(lines) <= most) return(lines)
  paste0(substr(lines[1], 1, most - 3L), "...")
}

# What a model is called that was written so. What do.call() puts in place of its name is none.
model_name <- function(expression, place = 1) {
  if (is.language(expression)) short_code(expression) else paste0("model", place)
}
