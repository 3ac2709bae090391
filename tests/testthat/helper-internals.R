# Where tests of several topics reach inside the package, each place once: a function that is called
# otherwise one day is renamed here. Tests run where the package's own functions are seen, and the
# test of a topic calls those of its own file by their names.

# Rows and statistics ---------------------------------------------------------------------------

# list(y, X, Z, ...) of the rows of a design, or of some of them; y less its offset.
rows_of <- function(design, ...) less_offset(design_rows(design, ...))

# Groups of a grouping or strata in the order of their rows: list(labels, index, display, ...).
groups_in <- function(grouping) group_levels(grouping)

# Triangular factors of [X y], one for each stratum.
totals_of <- function(crossprods) stratum_totals(crossprods)

# The model as C has it -------------------------------------------------------------------------

model_of <- function(posterior, sampler = "uncentered") {
  sampler_model(posterior, parameterization_of(sampler))
}

# One whose crossed groupings are one step; and code in which they are fitted by a scan, or in one step,
# whatever that costs.
merged_model_of <- function(posterior) in_one(model_of(posterior))

in_one <- function(model) merge_steps(model)

merged_pattern <- function(group, n_groups, width, n_behind, most) {
  .Call(ffi_merge_pattern, group, n_groups, width, n_behind, most)
}

cost_of_merged <- function(model) merged_cost(model)

by_scan <- function(code) with_relm("merge_if_cheap", function(model) NULL, code)

in_one_step <- function(code) with_relm("merged_cost", function(model, role) 0, code)

# Rough scales, and the step of EM that finds them.
scales_of <- function(model) estimate_scales(model)

em_of <- function(model, Sigma, sigma2) {
  em <- em_step(model, list(Sigma), sigma2)
  em$moment <- em$moment[[1]]
  em
}

# A starting point near these scales.
start_of <- function(model, scales = scales_of(model)) draw_start(model, scales)

# What the model has of its only grouping, and the model with a tuning of its only step.
grouping_in <- function(model) grouping_of_step(model)

tuned_model <- function(model, tuning) with_tuning(model, tuning)

tuning_in <- function(model) tuning_of_model(model)

# A chain from a start or from the end of another.
chain_of <- function(model, sampler, start, draws, ...) {
  sample_chain(model, sampler, start, draws, ...)
}

# The sums over groups given L: list(log_det, root, log_density, ...).
marginal_at <- function(model, L, threads = 1L) .Call(ffi_marginal, model, L, threads)

# Means and covariances of the groups' effects given hyperparameters, a draw.
moments_at <- function(model, hyper) {
  .Call(ffi_group_moments, model, hyper, numeric(model$n_coef))
}

# The collapsed sampler -------------------------------------------------------------------------

# What becomes of sigma.
role_of_sigma <- function(posterior) sigma_role(posterior)

# Coordinates of the target alone; with a proposal at its mode; as a fit has them.
tuning_of <- function(model, role, scales = scales_of(model)) new_tuning(model, scales, role)

tuning_at_mode <- function(model, role, scales = scales_of(model)) tune_at_mode(model, scales, role)

whole_tuning_of <- function(model, posterior, control = control_of()) {
  tune_collapsed(model, scales_of(model), posterior, control)
}

# How chains are run: the arguments of relm() that say so.
control_of <- function(...) check_control(...)

# Log densities of points, a column each.
log_density_at <- function(model, tuning, points, sigma2) {
  log_target(model, tuning, points, sigma2)
}

# The same of a step of several (from 0), on y less these effects of the others, a list by grouping.
log_density_beside <- function(model, step, points, sigma2, effects) {
  present <- lapply(model$steps, function(own) own$tuning$center)
  .Call(ffi_scan_target, model, as.integer(step), as.numeric(points), as.numeric(sigma2),
        lapply(effects, as.numeric), present)
}

proposals_of <- function(model, tuning, n) propose(model, tuning, n)

# Draws -----------------------------------------------------------------------------------------

# Hyperparameters in the order in which they were drawn, a column each draw, of one chain or all.
hyper_of <- function(fit, chain = NULL) {
  t(unname(as.matrix(fit, fit$posterior$parameters$variable, chain = chain)))
}

# list(beta, Sigma, sigma2, ...) of such a column.
state_at <- function(draw, posterior) {
  state <- state_of(draw, posterior)
  state$Sigma <- if (length(state$Sigma)) state$Sigma[[1]] else matrix(0, 0, 0)
  state
}

# Effects of groups (from 0) given hyperparameters; columns x groups x draws.
deferred_effects <- function(model, hyper, seed, groups) {
  draw_deferred_effects(model, hyper, seed, groups)
}

# What is kept of the effects of all groups where draws would take too much memory; `hyper` is a
# list with an element a chain.
effect_moments_of <- function(model, hyper) effect_moments(model, hyper)

# A fit that has these, and uses them where it has no draws.
with_effect_moments <- function(fit) {
  hyper <- lapply(seq_len(fit$sampling$chains), hyper_of, fit = fit)
  fit$sampling$moments <- effect_moments_of(model_of(fit$posterior), hyper)
  fit
}

# The plan of a prediction with these arguments.
plan_of <- function(fit, what, ...) plan_prediction(fit, what, TRUE, asked_prediction(...))

# Priors ----------------------------------------------------------------------------------------

# Log density of a standard deviation, as marginal likelihoods have it.
log_prior_of_sd <- function(prior, s) log_scale_prior(prior, s)
