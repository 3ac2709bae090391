#' Chains of several fits, side by side
#'
#' Joins fits with the same model, data, priors and sampler but different seeds. They may come from
#' several machines, for example, or from one machine at different times.
#'
#' The joined fit has the chains of all fits, in their order. Draws of group effects that were not
#' kept are available as in each fit, and [extend()] continues all chains. The joined fit keeps the
#' draws of the groups whose draws all fits kept, if `group_draws` of [relm()] would keep that many.
#' `warmup`, `thin` and `draws` must be the same. The numbers of chains may differ.
#'
#' @param ... Fits.
#' @return A fit.
#' @section Errors:
#' Fits that differ in their model, data, priors, sampler, `warmup`, `thin` or `draws` are refused.
#' Fits with the same seed are also refused, because their chains would have the same draws.
#' @examples
#' model <- crossprods(log(mercury) ~ log(length) + (1 | station), data = bass)
#' fits <- lapply(1:2, function(seed) relm(model, chains = 1, draws = 200, seed = seed))
#' do.call(c, fits)
#' @export
c.relm <- function(...) {
  fits <- unname(list(...))
  check_joinable(fits)
  first <- fits[[1]]
  if (length(fits) == 1) return(first)
  samplings <- lapply(fits, `[[`, "sampling")
  sampling <- join_samplings(samplings)
  kept <- choose_kept(sampling[control_names], first$posterior, isTRUE(sampling$merged))
  common <- function(kept, other) map_groupings(intersect, kept, other)
  kept$kept <- Reduce(common, c(list(kept$kept), lapply(samplings, `[[`, "kept")))
  sampling$effects <- unlist(lapply(samplings, all_stored_effects, first$posterior, kept$kept),
                             recursive = FALSE)
  sampling$kept <- kept$kept
  first$sampling <- with_moments(sampling, first$posterior, kept,
                                 Reduce(add_sums, lapply(fits, sums_so_far, kept$summed)))
  first$control$chains <- first$call$chains <- sampling$chains
  first$control["seed"] <- list(NULL)
  first$call$seed <- first$criteria <- NULL
  first
}

# All but the effects.
join_samplings <- function(samplings) {
  each <- function(element) lapply(samplings, `[[`, element)
  joined <- samplings[[1]]
  chains <- vapply(samplings, `[[`, 0L, "chains")
  joined$chains <- sum(chains)
  for (part in c("seed", "seeds", "seconds", "proposals", "kept_sweeps", "accepted")) {
    joined[[part]] <- unlist(each(part))
  }
  hyper <- each("hyper")
  joined$hyper <- array(0, c(nrow(hyper[[1]]), joined$chains, dim(hyper[[1]])[3]),
                        dimnames(hyper[[1]]))
  for (i in seq_along(hyper)) {
    joined$hyper[, sum(chains[seq_len(i - 1)]) + seq_len(chains[i]), ] <- hyper[[i]]
  }
  if (!all_same(each("group_draws"))) joined["group_draws"] <- list(NULL)
  joined["init"] <- list(join_init(each("init"), chains))
  with_ends(joined, samplings)
}

all_same <- function(values) all(vapply(values[-1], identical, NA, values[[1]]))

# A state for each chain, NULL where it started at random.
join_init <- function(init, chains) {
  if (all(vapply(init, is.null, NA))) return(NULL)
  unlist(Map(function(states, n) {
    if (is.null(states)) vector("list", n) else rep_len(states, n)
  }, init, chains), recursive = FALSE)
}

# Where chains of different fits have tunings of their own, each carries its own.
with_ends <- function(joined, samplings) {
  tunings <- lapply(samplings, `[[`, "tuning")
  shared <- all_same(tunings)
  joined$ends <- unlist(lapply(samplings, function(sampling) {
    if (shared) return(sampling$ends)
    lapply(sampling$ends, function(end) {
      if (is.null(end$tuning)) end["tuning"] <- list(sampling$tuning)
      end
    })
  }), recursive = FALSE)
  if (!shared) joined["tuning"] <- list(NULL)
  joined
}

check_joinable <- function(fits) {
  for (fit in fits) {
    if (is_of_several(fit)) refuse_several_data(fit, "c()")
    if (inherits(fit, "relm")) next
    abort("Only fits of {.fn relm} can be joined to a fit.", x = "One is {describe(fit)}.")
  }
  for (i in seq_along(fits)[-1]) check_same_fit(fits[[1]], fits[[i]], i)
  seeds <- unlist(lapply(fits, function(fit) fit$sampling$seeds))
  again <- anyDuplicated(seeds)
  if (again) {
    owner <- rep(seq_along(fits), vapply(fits, function(fit) fit$sampling$chains, 0L))
    twice <- owner[which(seeds == seeds[again])]
    abort("Fits {twice[1]} and {twice[2]} have the same {.arg seed}: their chains are the same
           draws.", x = "It is {.val {fits[[twice[2]]]$sampling$seed}}.",
          i = "Fit one of them with another seed.")
  }
}

# Refuses to join `other`, number i, to the first fit.
check_same_fit <- function(first, other, i) {
  a <- what_was_fitted(first)
  b <- what_was_fitted(other)
  for (what in names(a)) {
    if (identical(a[[what]], b[[what]])) next
    abort(paste0("Fits 1 and {i} differ in their ", what, "."),
          x = "{shorten(setdiff(a[[what]], b[[what]]))} and
               {shorten(setdiff(b[[what]], a[[what]]))}.",
          i = "Fits can be joined that differ in their seeds alone.")
  }
  if (!identical(first$posterior$prior, other$posterior$prior)) {
    abort("Fits 1 and {i} have different priors.",
          i = "They look alike in print, but their parameters are not the same numbers.")
  }
  if (!identical(data_of_posterior(first$posterior), data_of_posterior(other$posterior))) {
    abort("Fits 1 and {i} have different data.",
          i = "Their models, priors and numbers of rows and groups are the same: look at the
               values, and at the order of the rows.")
  }
}

# What distinguishes fits, as words and numbers that an error can show.
what_was_fitted <- function(fit) {
  posterior <- fit$posterior
  sampling <- fit$sampling
  list(
    model = deparse1(posterior$formula),
    `residual variances` = if (!has_strata(posterior)) "one"
      else paste("one for each level of", strata_of(posterior)$name),
    coefficients = posterior$fixed, `numbers of rows` = posterior$n_rows,
    `numbers of groups` = vapply(groupings_of(posterior), function(grouping) {
      length(grouping$groups)
    }, 0L), priors = prior_text(posterior),
    sampler = c(sampling$sampler_run, if (isTRUE(sampling$merged)) "merged"), `{.arg warmup}` = sampling$warmup,
    `{.arg thin}` = sampling$thin, `{.arg draws}` = sampling$draws
  )
}

# The data as the samplers see them.
data_of_posterior <- function(posterior) {
  c(posterior[c("fixed", "shift")],
    lapply(groupings_of(posterior), `[`, c("name", "groups", "random")),
    cells_of(posterior)[c("group", "stratum", "rows", "factor")],
    strata_of(posterior)[c("name", "labels", "factor")])
}
