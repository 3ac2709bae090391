# Fits whose draws are of the prior: the likelihood is not used.

# A posterior, or the prior alone in the form of one.
posterior_for <- function(crossprods, prior, prior_only) {
  if (!check_flag(prior_only, "prior_only")) return(relm_posterior(crossprods, prior))
  posterior <- new_posterior(crossprods, prior)
  improper <- improper_among(posterior, all_parameters(posterior))
  if (length(improper)) refuse_improper(improper)
  for (grouping in groupings_of(posterior)) check_group_count(grouping)
  posterior$prior_only <- TRUE
  posterior$parameters <- new_parameters(posterior)
  posterior$parameters$tail <- prior_tails(posterior)
  posterior
}

refuse_improper <- function(improper) {
  parts <- unique(sub("_.*", "", improper))
  remedies <- c(b = "beta = normal(0, 10)", sd = "sd = half_t(3, 10)",
                sigma = "sigma = half_t(3, 10)")
  proper <- paste(remedies[intersect(names(remedies), sub(":.*", "", parts))], collapse = ", ")
  more <- if (length(improper) > 5) paste(" and", length(improper) - 5, "more")
  abort("Draws of the prior need a proper prior of every parameter.",
        x = "Improper here: {.val {utils::head(improper, 5)}}{more}.",
        i = "Give proper ones, such as {.code prior = relm_prior({proper})}, in units of the
             response.")
}

# The exponents with which the densities of the prior fall, as those of a posterior.
prior_tails <- function(posterior) {
  parameters <- posterior$parameters
  tails <- rep(Inf, nrow(parameters))
  tails[parameters$part == "sd"] <- prior_falls(posterior)
  tails[parameters$part == "sigma"] <- scale_fall(posterior$prior$sigma)
  if ("shape" %in% parameters$part) {
    tails[parameters$part == "shape"] <- shape_tail(shape_prior(posterior$prior))
  }
  ifelse(tails > 6, Inf, tails)
}

# What sample_posterior() gives, of the prior: independent draws, each chain on a stream of its own.
sample_prior <- function(posterior, control, seed) {
  if (!is.null(control$target_ess)) {
    abort("{.arg target_ess} has no place beside {.code prior_only = TRUE}, whose draws are
           independent.", i = "Give the number of {.arg draws} of each of {.arg chains}.")
  }
  seed <- check_seed(seed)
  control$warmup <- 0L
  control$thin <- 1L
  control$init <- NULL
  kept <- choose_kept(control, posterior)$kept
  check_memory(posterior, control, kept)
  seeds <- chain_seeds(seed, control$chains)
  started <- proc.time()[["elapsed"]]
  names <- hyper_names(posterior)[order(parameters_of(posterior)$shown)]
  hyper <- array(0, c(control$draws, control$chains, length(names)), list(NULL, NULL, names))
  for (chain in seq_len(control$chains)) {
    hyper[, chain, ] <- with_stream(seeds[chain], {
      draw_prior_hyper(posterior, all_parameters(posterior), control$draws)
    })$hyper[, names]
  }
  check_finite_draws(hyper, posterior)
  none <- numeric(control$chains)
  sampling <- c(control, list(sampler_run = "prior", seed = seed, seeds = seeds, hyper = hyper,
                              proposals = none, kept_sweeps = none, accepted = none, kept = kept))
  sampling["moments"] <- list(NULL)
  sampling$effects <- prior_effects(posterior, sampling, kept)
  sampling$seconds <- none + (proc.time()[["elapsed"]] - started) / control$chains
  sampling
}

# A prior such as inverse_gamma(0.001, 0.001) has much of its mass beyond what doubles hold.
check_finite_draws <- function(hyper, posterior) {
  names <- dimnames(hyper)[[3]]
  out <- vapply(seq_along(names), function(k) !all(is.finite(hyper[, , k])), NA)
  if (!any(out)) return(invisible())
  abort("Draws of {.val {names[out]}} from the prior are too large for numbers in double
         precision.",
        i = "Give a prior that says of what size the parameter may be, such as
             {.code half_t(3, 10)}.")
}
