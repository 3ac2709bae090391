#' More draws of the same chains
#'
#' Continues every chain of a fit from where it stopped. The result is identical to one longer fit,
#' number for number: 500 draws and then 500 more are the same as 1,000 draws. Nothing that happens
#' before or in a chain depends on the number of draws.
#'
#' This holds for every sampler and every argument of [relm()]. It holds for group effects, whether
#' their draws are kept or made later. It also holds in another session, from a file written by
#' [saveRDS()], with the same version of relm on the same machine. On another machine the chains
#' also continue where they stopped, but rounding may differ.
#'
#' A fit may keep its draws of group effects only because they take less than 200 MB
#' (`group_draws = NULL` in [relm()]). It stops keeping them if they take more after the extension.
#'
#' @param object A fit.
#' @param draws Number of draws to add to each chain, after thinning as before.
#' @param cores,threads,progress As in [relm()]. By default the first two are those of the fit.
#' @param ... Unknown arguments are refused.
#' @return A fit, with the draws of `object` and `draws` more of each chain.
#' @section Errors:
#' Draws of the prior, of `relm(prior_only = TRUE)`, are of no chain, and cannot be continued. After
#' an interrupt, or if the draws do not fit in memory, `object` is unchanged.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 100, seed = 1)
#' longer <- extend(fit, 100)
#' longer
#' at_once <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'                 chains = 2, draws = 200, seed = 1)
#' identical(as.matrix(longer), as.matrix(at_once))
#' @seealso [c()][c.relm] for more chains, [recover_fit()] for those that were stopped.
#' @export
extend <- function(object, ...) UseMethod("extend")

#' @export
extend.default <- function(object, ...) {
  abort("{.arg object} must be a fit of {.fn relm}.", x = "It is {describe(object)}.")
}

#' @rdname extend
#' @export
extend.relm <- function(object, draws, cores = object$sampling$cores,
                        threads = object$sampling$threads, progress = interactive(), ...) {
  check_dots_empty(list(...), names(formals(extend.relm)), "extend")
  if (is_of_several(object)) refuse_several_data(object, "extend()")
  if (is_prior_only(object)) {
    abort("{.fn extend} continues chains, and draws of the prior are of none.",
          i = "Draw more by {.code update(fit, draws = )}, or join fits with other seeds by {.fn c}.")
  }
  check_continues(object)
  if (missing(draws)) abort("{.arg draws} is missing.", i = "Write {.code extend(fit, 1000)}.")
  draws <- check_count(draws, "draws")
  control <- object$sampling[control_names]
  control[c("cores", "threads", "progress")] <- list(
    check_cores(cores), check_count(threads, "threads"), check_flag(progress, "progress"))
  control$draws <- as.numeric(control$draws) + draws
  check_sweeps(control)
  control$draws <- as.integer(control$draws)
  object$control$draws <- object$call$draws <- control$draws
  object$criteria <- NULL
  object$sampling <- run_longer(object, control, draws)
  object
}

# The sampling of a fit, with more draws of its chains: `control$draws` in all. goal: how many there are to
# be after further rounds, of which the last one makes the moments of effects, where a fit has them.
run_longer <- function(fit, control, draws, goal = NULL) {
  recoverably(function(left) add_left(fit, left, goal), {
    plan <- plan_extension(fit, control)
    if (!is.null(goal)) plan$keep_moments <- FALSE
    remember_plan(plan)
    append_draws(plan, fit, run_plan(plan, draws, fit$sampling$ends))
  })
}

# A fit with what all of its chains have of a further round. goal: as of run_longer().
add_left <- function(fit, left, goal = NULL) {
  n <- if (is.null(left$results)) 0L else min(draws_left(left$results))
  plan <- left$plan
  asked <- list(chains = fit$sampling$chains, draws = if (is.null(goal)) plan$control$draws else goal)
  continues <- TRUE
  if (n > 0) {
    cut <- vapply(left$results, function(result) {
      isTRUE(result$interrupted) || ncol(result$hyper) > n
    }, NA)
    continues <- !any(cut)
    results <- Map(whole_result, left$results, n, list(plan), seq_along(cut), fit$sampling$ends)
    plan$control$draws <- fit$sampling$draws + n
    fit$sampling <- append_draws(plan, fit, results)
  }
  if (!is.null(goal)) fit <- complete_moments(fit)
  mark_incomplete(fit, asked, continues)
}

# Moments of effects are made once, of all draws.
complete_moments <- function(fit) {
  plan <- plan_extension(fit, fit$sampling[control_names])
  fit$sampling <- with_moments(fit$sampling, fit$posterior, plan, sums_so_far(fit, plan$summed))
  fit
}

# The plan of chains that have been started, for `control$draws` draws in all.
plan_extension <- function(fit, control) {
  posterior <- fit$posterior
  sampling <- fit$sampling
  sampler <- sampling$sampler_run
  merged <- isTRUE(sampling$merged)
  kept <- choose_kept(control, posterior, merged)
  kept$kept <- map_groupings(intersect, kept$kept, sampling$kept)
  check_memory(posterior, control, kept$kept)
  model <- model_of_sampler(posterior, sampler)
  if (merged) model <- merge_steps(model)
  uncentered <- if (parameterization_of(sampler) == "uncentered") model
  model <- restore_tuning(model, sampling$tuning, control$threads)
  if (!is.null(model$responses)) uncentered <- model
  c(list(sampler = sampler, model = model, uncentered = uncentered, control = control,
         seeds = sampling$seeds, in_chain = effects_in_chain(posterior, sampler, merged)), kept)
}

# The sampling of a fit with more draws of its chains.
append_draws <- function(plan, fit, results) {
  posterior <- fit$posterior
  sampling <- fit$sampling
  more <- gather_chains(results, posterior)
  sampling$hyper <- bind_draws(sampling$hyper, more$hyper)
  for (count in setdiff(names(more), "hyper")) {
    sampling[[count]] <- sampling[[count]] + more[[count]]
  }
  sampling["effects"] <- list(if (!draws_on_demand(plan)) {
    bind <- function(before, after) bind_last(list(before, after))
    Map(function(before, result) map_groupings(bind, before, result$effects),
        all_stored_effects(fit$sampling, posterior, plan$kept), results)
  })
  sampling$draws <- plan$control$draws
  sampling$kept <- plan$kept
  sampling$ends <- lapply(results, `[[`, "end")
  sampling$incomplete <- still_incomplete(sampling)
  with_moments(sampling, posterior, plan, {
    Reduce(add_sums, c(list(sums_so_far(fit, plan$summed)), lapply(results, `[[`, "sums")))
  })
}

# Two arrays, draws x chains x variables, one's draws after the other's.
bind_draws <- function(first, second) {
  n <- nrow(first)
  all <- array(0, c(n + nrow(second), dim(first)[-1]), dimnames(first))
  all[seq_len(n), , ] <- first
  all[n + seq_len(nrow(second)), , ] <- second
  all
}

# Moments of the effects over all draws, where the plan has them kept. sums: those of all
# draws, where these are added up.
with_moments <- function(sampling, posterior, plan, sums) {
  sampling["moments"] <- list(if (!is.null(plan$summed)) {
    sums
  } else if (plan$keep_moments) {
    uncentered <- plan$uncentered
    if (is.null(uncentered)) uncentered <- model_of_draws(posterior, sampling)
    effect_moments(uncentered, lapply(seq_len(sampling$chains), function(chain) {
      drawn_hyper(sampling, posterior, chain)
    }))
  })
  sampling
}

# The sums over the draws of a fit; one that had few effects did not add them up.
sums_so_far <- function(fit, paired) {
  if (!is.null(fit$sampling$moments)) return(fit$sampling$moments)
  groupings <- fit$posterior$groupings
  drawn <- lapply(seq_along(groupings), function(g) {
    effect_draws(fit, seq_along(groupings[[g]]$groups), g = g)
  })
  Reduce(add_sums, lapply(seq_len(fit$sampling$chains), function(chain) {
    sum_effects(lapply(drawn, `[[`, chain), drawn_hyper(fit$sampling, fit$posterior, chain), paired)
  }))
}
