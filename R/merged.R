# Crossed groupings merged into one step, all effects of which are integrated out together by a sparse
# Cholesky factor (src/merged.h): where that costs less for an effective draw than a scan.

# The pattern of all groupings of a model in one step; NULL where its factor would take more than `most`
# multiplications, or where it would have more columns than a step may have.
find_merged_pattern <- function(model, most = Inf) {
  size <- function(element) vapply(model$groupings, `[[`, 0L, element)
  if (sum(size("n_random")) > most_step_columns) return(NULL)
  .Call(ffi_merge_pattern, model$cells$group, size("n_groups"), size("n_random"),
        model$n_coef + 1L, as.numeric(most))
}

# The same model with one step.
merge_steps <- function(model, pattern = find_merged_pattern(model)) {
  model$steps <- list(list(groupings = seq_along(model$groupings) - 1L, merged = pattern))
  model
}

# The model that a fit's effects are drawn with after its chains.
model_of_draws <- function(posterior, sampling) {
  model <- sampler_model(posterior, "uncentered")
  if (isTRUE(sampling$merged)) merge_steps(model) else with_modes_of(model, sampling$tuning)
}

is_merged <- function(model) !is.null(model$steps[1][[1]]$merged)

# A model with the step of another of the same groupings.
with_same_step <- function(model, other) merge_steps(model, other$steps[[1]]$merged)
