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

# Costs, roughly, in nanoseconds of one core: only what they are of each other matters. --------

# A scan with fewer effective draws a sweep than one in so many is worse than any that occurs.
worst_scan <- 50

merge_if_cheap <- function(model) {
  pattern <- find_merged_pattern(model, worst_scan * scan_cost(model))
  if (!is.null(pattern)) merge_steps(model, pattern)
}

# Evaluations of the target that a sweep's moves take, without and with a table.
evaluations <- c(learnt = 4.5, table = 1)

# A passage over the cells for each step, evaluations of the groups, and draws of their effects.
scan_cost <- function(model) {
  groups <- vapply(model$groupings, function(grouping) {
    q <- grouping$n_random
    grouping$n_groups * (0.8 * evaluations[["learnt"]] * (q + model$n_coef + 1)^2 + 40 * q)
  }, 0)
  2.5 * length(model$steps) * model$cells$n * model$cells$n_columns + sum(groups) + 3000
}

# Evaluations, one more for the effects, and draws of these.
merged_cost <- function(model) {
  pattern <- model$steps[[1]]$merged
  columns <- vapply(model$groupings, `[[`, 0L, "n_random")
  n_columns <- sum(columns * vapply(model$groupings, `[[`, 0L, "n_groups"))
  tabulated <- sum(columns) <= length(table_nodes) && model$n_strata == 1
  n <- evaluations[[if (tabulated) "table" else "learnt"]]
  (n + 1) * (0.5 * pattern$multiplications + 20 * n_columns + 800) + 40 * n_columns
}
