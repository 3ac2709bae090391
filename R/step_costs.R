# Which of two ways costs less for an effective draw: crossed groupings merged into one step, or a
# scan over several. A function of sizes alone, never of a clock, or draws would depend on the
# machine.
#
# Costs are nanoseconds of one core, fitted to shapes from 10 groups to 300,000, 2 to 101
# coefficients and one to three columns of a grouping (bench/step_costs.R): only what they are of
# each other matters.

# A scan with fewer effective draws a sweep than one in so many is worse than any that occurs; and
# what is taken for their share before a pilot run tells it (bench/coincide.R, bench/crossed.R).
worst_scan <- 50
usual_scan <- 0.75

# What a scan costs with its pilot, in four chains of a thousand draws, over what it costs without.
pilot_share <- 1.25

# The draws over which tuning is spread, those of relm() by default.
usual_draws <- 4000

merge_if_cheap <- function(model) {
  pattern <- find_merged_pattern(model, worst_scan * scan_cost(model))
  if (!is.null(pattern)) merge_steps(model, pattern)
}

# Is a merged model worth its price beside a scan of whose draws a share, `ess`, is effective?
is_worth_merging <- function(merged, model, ess, role) {
  !is.null(merged) && merged_cost(merged, role) * ess < scan_cost(model)
}

sizes_of <- function(model, element) vapply(model$groupings, `[[`, 0L, element)

n_effect_columns <- function(model) {
  sum(as.numeric(sizes_of(model, "n_random")) * sizes_of(model, "n_groups"))
}

# A sweep: for each step a passage over the cells and the factor of the coefficients, then
# evaluations of the groups and draws of their effects.
scan_cost <- function(model) {
  n_steps <- length(model$steps)
  width <- model$n_coef + 1
  weighing <- if (model$n_strata > 1) weighing_cost(model) * n_steps / 2 else 0
  5000 + n_steps * (2.5 * model$cells$n * model$cells$n_columns + width^3) +
    n_effect_columns(model) * (110 + 14 * width + 0.45 * width^2) + weighing
}

# The cells' products, for all columns of two groupings.
weighing_cost <- function(model) 30000 + model$cells$n * (200 + (model$n_coef + 1)^2)

# An evaluation of the merged target: rows of the factor, their multiplications, products of wide
# groups, and memory.
evaluation_cost <- function(model) {
  counts <- count_elements(model)
  1000 + 60 * n_effect_columns(model) + model$steps[[1]]$merged$multiplications +
    65 * counts[["wide"]] + memory_cost(model, counts[["elements"]])
}

# Of the factor: elements off its diagonal, and pairs of groups of which the first has several
# columns.
count_elements <- function(model) {
  pattern <- model$steps[[1]]$merged
  width <- as.numeric(rep(sizes_of(model, "n_random"), sizes_of(model, "n_groups")))
  width <- width[pattern$order + 1L]
  first <- rep(width, diff(pattern$start))
  c(elements = sum(width * (width - 1) / 2) + sum(first * width[pattern$later + 1L]),
    wide = sum(first > 1))
}

# Bytes that a processor has at hand, and nanoseconds for each time that a factor is twice as large.
near_bytes <- 2^21
far_visit <- 45

# A row of the smaller groupings takes off the rows before it, one visit for each. Those that lie
# more than a line of 64 bytes apart in lists of 4 bytes a row come from further off the larger the
# factor is.
memory_cost <- function(model, elements) {
  n_columns <- n_effect_columns(model)
  bytes <- 20 * elements + 8 * n_columns * (model$n_coef + 5)
  leaf <- which.max(sizes_of(model, "n_groups"))
  n_leaves <- as.numeric(model$groupings[[leaf]]$n_groups)
  apart <- n_leaves * (n_columns - n_leaves * model$groupings[[leaf]]$n_random) / elements
  far_visit * elements * max(0, log2(bytes / near_bytes)) * min(1, apart / 16)
}

# How a merged target is drawn from: evaluations a draw, effective draws a draw.
table_draws <- c(evaluations = 1, ess = 0.92)
learnt_draws <- c(evaluations = 4.5, ess = 0.6)

# Calls that tuning makes, each of which weighs the cells, and points: of a table of two or three
# axes with the search for its box, or of all that is learnt from; for each coordinate.
tuning_calls <- 35
tuning_points <- c(table2 = 330, table3 = 1130, learnt = 700)

# A draw with its effects, which are drawn after the chain unless there are several residual
# variances, and its share of the tuning.
merged_cost <- function(model, role = "integrated") {
  n <- n_coordinates(model, role)
  has_table <- role != "given" && n <= length(table_nodes)
  draws <- if (has_table) table_draws else learnt_draws
  points <- tuning_points[[if (has_table) paste0("table", as.integer(n)) else "learnt"]]
  evaluation <- evaluation_cost(model)
  weighing <- weighing_cost(model)
  tuning <- n * (tuning_calls * (evaluation + weighing) + points * evaluation)
  n_columns <- n_effect_columns(model)
  keeps_draws <- role == "given" || 8 * usual_draws * n_columns <= kept_bytes
  effects <- (evaluation + 60 * n_columns) * if (keeps_draws) 1 else 0.1
  each <- draws[["evaluations"]] * evaluation + effects + if (role == "given") weighing else 0
  (each + tuning / usual_draws) / draws[["ess"]]
}

# Standard deviations and correlations of all groupings, and sigma where it is one.
n_coordinates <- function(model, role) {
  blocks <- unlist(lapply(model$groupings, `[[`, "blocks"), recursive = FALSE)
  sum(vapply(blocks, n_scales_of_block, 0L)) + sum(vapply(blocks, n_angles_of_block, 0)) +
    (role == "coordinate")
}
