# Draws of group effects: those that are kept, and the same numbers again where they are not.

# Draws of the effects of any groups (from 1, in the order of sampling), a matrix for each
# chain, (q groups) x draws: kept or had again.
effect_draws <- function(fit, groups) {
  sampling <- fit$sampling
  q <- nrow(fit$posterior$random)
  places <- match(groups - 1L, sampling$kept)
  if (anyNA(places)) {
    drawn <- sort(unique(groups)) - 1L
    sampling$effects <- draw_again(fit, drawn)
    places <- match(groups - 1L, drawn)
  }
  rows <- as.integer(outer(seq_len(q), q * (places - 1L), "+"))
  lapply(sampling$effects, function(effects) effects[rows, , drop = FALSE])
}

# Bytes of effects that are had again at once, where that costs no run of the chains.
window_bytes <- 3e7

# A function that answers as effect_draws(), for who asks for groups a few at a time, rising as a
# rule, and `needed` (rising) in the end. Effects that were not kept are had again for many of
# these at once: where the chains must run for it, once for all that memory may hold.
effect_reader <- function(fit, needed) {
  q <- nrow(fit$posterior$random)
  by_run <- effects_in_chain(fit$posterior, fit$sampling$sampler_run)
  size <- max(1, (if (by_run) kept_bytes else window_bytes) %/% (8 * q * ndraws(fit)))
  window <- integer()
  drawn <- NULL
  function(groups) {
    if (all((groups - 1L) %in% fit$sampling$kept)) return(effect_draws(fit, groups))
    if (!all(groups %in% window)) {
      following <- needed[needed > max(groups)]
      n_more <- max(0, min(size - length(groups), length(following)))
      window <<- if (length(needed) <= size) needed
        else sort(unique(c(groups, following[seq_len(n_more)])))
      drawn <<- effect_draws(fit, window)
    }
    rows <- as.integer(outer(seq_len(q), q * (match(groups, window) - 1L), "+"))
    lapply(drawn, function(effects) effects[rows, , drop = FALSE])
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
  control$group_draws <- fit$posterior$groups[groups + 1L]
  control["target_ess"] <- list(NULL)
  control$progress <- FALSE
  plan <- plan_sampling(fit$posterior, control, fit$sampling$seed[1])
  plan[c("seeds", "init")] <- fit$sampling[c("seeds", "init")]
  lapply(run_plan(plan), `[[`, "effects")
}
