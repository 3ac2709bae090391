# Draws of group effects: those that are kept, and the same numbers again where they are not.

# Of the draws that are kept, those of some groups (from 0), an array for each chain.
stored_effects <- function(sampling, posterior, groups, columns = seq_len(q)) {
  q <- n_random(posterior)
  places <- match(groups, sampling$kept)
  lapply(sampling$effects, function(effects) {
    part_of_effects(as_effects(effects, q, length(sampling$kept)), places, columns)
  })
}

# Draws of the effects of any groups (from 1, in the order of sampling), an array for each
# chain: kept or had again.
effect_draws <- function(fit, groups, columns = seq_len(n_random(fit$posterior))) {
  sampling <- fit$sampling
  if (all((groups - 1L) %in% sampling$kept)) {
    return(stored_effects(sampling, fit$posterior, groups - 1L, columns))
  }
  drawn <- sort(unique(groups))
  lapply(draw_again(fit, drawn - 1L), part_of_effects, match(groups, drawn), columns)
}

# Draws of single effects, each of a column in a group, a matrix for each chain: draws x effects.
effects_at <- function(fit, columns, groups) {
  all_columns <- sort(unique(columns))
  all_groups <- sort(unique(groups))
  lapply(effect_draws(fit, all_groups, all_columns), single_effects,
         match(columns, all_columns), match(groups, all_groups))
}

# Bytes of effects that are had again at once, where that costs no run of the chains.
window_bytes <- 3e7

# A function that answers as effect_draws() of some columns, for who asks for groups a few at a
# time, rising as a rule, and `needed` (rising) in the end. Effects that were not kept are had again
# for many of these at once: where the chains must run for it, once for all that memory may hold.
effect_reader <- function(fit, needed, columns) {
  q <- n_random(fit$posterior)
  by_run <- effects_in_chain(fit$posterior, fit$sampling$sampler_run)
  size <- max(1, (if (by_run) kept_bytes else window_bytes) %/% (8 * q * ndraws(fit)))
  window <- integer()
  drawn <- NULL
  function(groups) {
    if (all((groups - 1L) %in% fit$sampling$kept)) return(effect_draws(fit, groups, columns))
    if (!all(groups %in% window)) {
      following <- needed[needed > max(groups)]
      n_more <- max(0, min(size - length(groups), length(following)))
      more <- if (length(needed) <= size) needed else following[seq_len(n_more)]
      window <<- sort(unique(c(groups, more)))
      drawn <<- effect_draws(fit, window, columns)
    }
    lapply(drawn, part_of_effects, match(groups, window))
  }
}

draw_again <- function(fit, groups) {
  sampling <- fit$sampling
  posterior <- fit$posterior
  if (effects_in_chain(posterior, sampling$sampler_run)) return(run_again(fit, groups))
  model <- sampler_model(posterior, "uncentered")
  lapply(seq_len(sampling$chains), function(chain) {
    draw_deferred_effects(model, drawn_hyper(sampling, posterior, chain), sampling$seeds[chain],
                       groups)
  })
}

# The same chains once more, with these groups kept.
run_again <- function(fit, groups) {
  control <- fit$sampling[control_names]
  control$group_draws <- grouping_of(fit$posterior)$groups[groups + 1L]
  control["target_ess"] <- list(NULL)
  control$progress <- FALSE
  plan <- plan_sampling(fit$posterior, control, fit$sampling$seed[1])
  plan[c("seeds", "init")] <- fit$sampling[c("seeds", "init")]
  lapply(run_plan(plan), `[[`, "effects")
}
