# Draws of group effects: those that are kept, and the same numbers again where they are not.

# The groups (from 0) of grouping g whose draws are kept.
kept_groups <- function(sampling, g = 1L) by_grouping(sampling$kept)[[g]]

# Columns of grouping g.
n_columns <- function(posterior, g) nrow(groupings_of(posterior)[[g]]$random)

has_on_demand <- function(sampling) is.null(sampling$effects)

# Are the effects of these groups (from 0) of grouping g there, and need not be drawn?
are_stored <- function(sampling, groups, g) {
  !has_on_demand(sampling) && all(groups %in% kept_groups(sampling, g))
}

no_effects <- function(sampling, n_columns) {
  rep(list(array(0, c(n_columns, 0, sampling$draws))), sampling$chains)
}

# Of the draws that are kept, those of some groups (from 0) of grouping g, an array for each chain.
stored_effects <- function(sampling, posterior, groups, columns = seq_len(q), g = 1L) {
  q <- if (has_groups(posterior)) n_columns(posterior, g) else 0L
  if (has_on_demand(sampling)) {
    if (length(groups) == 0) return(no_effects(sampling, length(columns)))
    drawn <- sort(unique(groups))
    fit <- list(sampling = sampling, posterior = posterior)
    return(lapply(draw_again(fit, drawn, g), part_of_effects, match(groups, drawn), columns))
  }
  kept <- kept_groups(sampling, g)
  places <- match(groups, kept)
  lapply(sampling$effects, function(effects) {
    part_of_effects(as_effects(by_grouping(effects)[[g]], q, length(kept)), places, columns)
  })
}

# The same of all groupings, in the form in which they are kept; groups: in that form too.
all_stored_effects <- function(sampling, posterior, groups) {
  if (has_on_demand(sampling) && sum(lengths(groups))) {
    return(draw_all_again(list(sampling = sampling, posterior = posterior), by_grouping(groups)))
  }
  if (!is.list(groups)) return(stored_effects(sampling, posterior, groups))
  by_chain <- lapply(seq_along(groups), function(g) {
    stored_effects(sampling, posterior, groups[[g]], g = g)
  })
  lapply(seq_along(sampling$effects), function(chain) lapply(by_chain, `[[`, chain))
}

# Draws of the effects of any groups (from 1, in the order of sampling) of grouping g, an array for each
# chain: kept or had again.
effect_draws <- function(fit, groups, columns = seq_len(n_columns(fit$posterior, g)), g = 1L) {
  sampling <- fit$sampling
  if (all((groups - 1L) %in% kept_groups(sampling, g))) {
    return(stored_effects(sampling, fit$posterior, groups - 1L, columns, g))
  }
  drawn <- sort(unique(groups))
  lapply(draw_again(fit, drawn - 1L, g), part_of_effects, match(groups, drawn), columns)
}

# Draws of single effects, each of a column in a group, a matrix for each chain: draws x effects.
effects_at <- function(fit, columns, groups, g = 1L) {
  all_columns <- sort(unique(columns))
  all_groups <- sort(unique(groups))
  lapply(effect_draws(fit, all_groups, all_columns, g), single_effects,
         match(columns, all_columns), match(groups, all_groups))
}

# Bytes of effects that are had again at once, where that costs no run of the chains.
window_bytes <- 3e7

# A function that answers as effect_draws() of some columns, for who asks for groups a few at a
# time, rising as a rule, and `needed` (rising) in the end. Effects that were not kept are had again
# for many of these at once: where the chains must run for it, once for all that memory may hold.
effect_reader <- function(fit, needed, columns, g = 1L) {
  groups_at_once <- function() {
    by_run <- effects_by_run(fit)
    bytes <- 8 * n_columns(fit$posterior, g) * ndraws(fit)
    max(1, (if (by_run) kept_bytes else window_bytes) %/% bytes)
  }
  window <- integer()
  drawn <- NULL
  function(groups) {
    if (are_stored(fit$sampling, groups - 1L, g)) {
      return(effect_draws(fit, groups, columns, g))
    }
    if (!all(groups %in% window)) {
      size <- groups_at_once()
      following <- needed[needed > max(groups)]
      n_more <- max(0, min(size - length(groups), length(following)))
      more <- if (length(needed) <= size) needed else following[seq_len(n_more)]
      window <<- sort(unique(c(groups, more)))
      drawn <<- effect_draws(fit, window, columns, g)
    }
    lapply(drawn, part_of_effects, match(groups, window))
  }
}

# effect_reader() of several groupings, by their numbers: what all of them need is had again at once,
# where memory may hold it. needed, columns: lists.
effect_readers <- function(fit, numbers, needed, columns) {
  groups <- rep(list(integer()), length(groupings_of(fit$posterior)))
  groups[numbers] <- needed
  sizes <- vapply(seq_along(groups), function(g) n_columns(fit$posterior, g), 0L)
  if (8 * ndraws(fit) * sum(as.numeric(sizes) * lengths(groups)) <= kept_bytes) {
    fit <- with_effects_at_hand(fit, groups)
  }
  Map(function(g, needed, columns) effect_reader(fit, needed, columns, g), numbers, needed,
      columns)
}

# The fit, with the effects of some groups (from 1, a list by grouping) among those that are kept: of
# several groupings all that were not are had again at once.
with_effects_at_hand <- function(fit, groups) {
  if (!has_several(fit$posterior)) return(fit)
  groups <- lapply(groups, function(own) sort(unique(own)) - 1L)
  held <- vapply(seq_along(groups), function(g) are_stored(fit$sampling, groups[[g]], g), NA)
  if (all(held)) return(fit)
  fit$sampling$effects <- draw_all_again(fit, groups)
  fit$sampling$kept <- groups
  fit
}

# Must the chains run again for effects that were not kept?
effects_by_run <- function(fit) {
  if (is_of_several(fit)) fit <- fit$fits[[1]]
  if (is_prior_only(fit)) return(FALSE)
  effects_in_chain(fit$posterior, fit$sampling$sampler_run, isTRUE(fit$sampling$merged))
}

draw_again <- function(fit, groups, g) {
  chosen <- rep(list(integer()), length(groupings_of(fit$posterior)))
  chosen[[g]] <- groups
  lapply(draw_all_again(fit, chosen), function(drawn) by_grouping(drawn)[[g]])
}

# groups: from 0, a list by grouping.
draw_all_again <- function(fit, groups) {
  sampling <- fit$sampling
  posterior <- fit$posterior
  if (is_of_several(fit)) {
    return(unlist(lapply(fit$fits, draw_all_again, groups), recursive = FALSE))
  }
  if (is_prior_only(posterior)) return(prior_effects(posterior, sampling, groups))
  if (effects_by_run(fit)) return(run_again(fit, groups))
  model <- model_of_draws(posterior, sampling)
  if (length(groups) == 1) groups <- groups[[1]]
  lapply(seq_len(sampling$chains), function(chain) {
    draw_deferred_effects(model, drawn_hyper(sampling, posterior, chain), sampling$seeds[chain],
                          groups)
  })
}

# The same chains once more, with these groups kept.
run_again <- function(fit, groups) {
  control <- fit$sampling[control_names]
  groupings <- groupings_of(fit$posterior)
  control$group_draws <- Map(function(grouping, own) {
    if (length(own)) grouping$groups[own + 1L] else FALSE
  }, groupings, groups)
  names(control$group_draws) <- names_of_groupings(fit$posterior)
  control["target_ess"] <- list(NULL)
  control$progress <- FALSE
  plan <- plan_sampling(fit$posterior, control, fit$sampling$seed[1])
  plan[c("seeds", "init")] <- fit$sampling[c("seeds", "init")]
  plan$summed <- NULL
  lapply(run_plan(plan), `[[`, "effects")
}
