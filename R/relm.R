#' Fit a random-effects linear model
#'
#' Draws from the posterior distribution of
#' \deqn{y_j = X_j \beta + Z_j \gamma_j + e_j,\quad e_{ij} \sim N(0, \sigma^2 / w_{ij}),\quad
#' \gamma_j \sim N_q(0, \Sigma)}{y_j = X_j beta + Z_j gamma_j + e_j}
#' for groups j = 1, ..., J, by samplers in C.
#'
#' @param formula A model in lme4's syntax, such as `y ~ x + (1 + x || g)`; see
#'   [relm_design()]. Or cross-products, made by [crossprods()].
#' @param data A data frame with the variables of the formula.
#' @param sigma What the residual variance goes by: `~ 1` for a common one, `~ f` for
#'   one for each level of the factor `f`, which may vary within groups.
#' @param prior Priors, made by [relm_prior()].
#' @param sampler `"uncentered"`, `"centered"` or `"interweaved"`: the parameterizations that
#'   the Gibbs sampler moves in (Gelfand, Sahu and Carlin, 1995). The uncentered mixes well
#'   where groups tell little of their effects, the centered where they tell much. The
#'   interweaved one passes through both, and through standardized effects, in each sweep
#'   (Yu and Meng, 2011); it mixes well in either case and near a zero variance.
#'   `"collapsed"` draws the relative covariance of the effects from its own posterior, with all
#'   else integrated out, by Metropolis-Hastings, and the rest exactly given it: its draws are
#'   nearly independent. It needs one residual variance, and at most eight random columns. A model
#'   without group effects, with flat coefficients and one residual variance, is drawn
#'   exactly from its conjugate posterior instead.
#' @param chains Number of chains.
#' @param draws Draws kept of each chain, after `warmup` and thinning.
#' @param warmup Sweeps at the start of each chain that are not kept.
#' @param thin Sweeps for each draw kept.
#' @param seed A whole number; the same one gives the same draws, whatever `cores` is
#'   and whatever generator the session uses. `NULL` takes one from the session's
#'   stream, so that [set.seed()] works too.
#' @param cores Number of processes for the chains.
#' @param weights Precision weights: the residual variance of a row is
#'   \eqn{\sigma^2 / w}. As in [lm()] evaluated in `data`.
#' @param offset A known part of the mean, evaluated in `data`; `offset()` in the formula
#'   works too.
#' @param subset Rows to use, evaluated in `data`.
#' @param na.action What to do with missing values; by default their rows are
#'   dropped, and a message says how many.
#' @param contrasts Contrasts of factors, as in [lm()].
#' @param progress Show a progress bar?
#' @param ... Refused: arguments that are not known.
#' @return An object of class `relm`, a list. Use its methods rather than its elements:
#'   [summary()][summary.relm], [plot()][plot.relm], [fixef()][relm-effects],
#'   [as_draws()][as_draws.relm], [as.mcmc.list()][as_draws.relm].
#' @section Errors:
#' A posterior that does not exist is refused before sampling, as [relm_posterior()] says.
#' Errors in what was given have the class `relm_error`. A column with a random slope that lies far
#' from zero, such as a year, makes intercepts and slopes hard to tell apart: center it.
#' @references
#' Gelfand, A. E., Sahu, S. K. and Carlin, B. P. (1995). Efficient parametrisations for
#' normal linear mixed models. *Biometrika* 82, 479--488.
#'
#' Yu, Y. and Meng, X.-L. (2011). To center or not to center: that is not the question -- an
#' ancillarity-sufficiency interweaving strategy (ASIS) for boosting MCMC efficiency. *Journal of
#' Computational and Graphical Statistics* 20, 531--570.
#' @examples
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit <- relm(log(mercury) ~ x + (1 + x || station), data = bass, seed = 1)
#' fit
#' summary(fit)
#' @export
relm <- function(formula, ...) UseMethod("relm")

#' @rdname relm
#' @export
relm.formula <- function(formula, data, sigma = ~ 1, prior = relm_prior(),
                         sampler = "uncentered", chains = 4, draws = 1000, warmup = 500,
                         thin = 1, seed = NULL, cores = 1, weights, offset, subset,
                         na.action = getOption("na.action"), contrasts = NULL,
                         progress = interactive(), ...) {
  call <- match.call()
  check_dots_empty(list(...), names(formals(relm.formula)))
  control <- check_control(sampler, chains, draws, warmup, thin, cores, progress)
  design <- relm_design(formula, data, sigma, {{ weights }}, {{ offset }}, {{ subset }},
                        na.action, contrasts)
  posterior <- relm_posterior(crossprods(design), prior)
  fit <- new_fit(call, posterior, sample_posterior(posterior, control, seed))
  fit$design <- design
  fit
}

#' @rdname relm
#' @export
relm.relm_crossprods <- function(formula, prior = relm_prior(), sampler = "uncentered",
                                 chains = 4, draws = 1000, warmup = 500, thin = 1,
                                 seed = NULL, cores = 1, progress = interactive(), ...) {
  call <- match.call()
  check_dots_empty(list(...), names(formals(relm.relm_crossprods)))
  control <- check_control(sampler, chains, draws, warmup, thin, cores, progress)
  posterior <- relm_posterior(formula, prior)
  new_fit(call, posterior, sample_posterior(posterior, control, seed))
}

#' @export
relm.default <- function(formula, ...) {
  if (missing(formula)) abort("{.arg formula} is missing.",
                              i = "Write {.code relm(y ~ x + (1 | g), data)}.")
  abort("{.arg formula} must be a formula or cross-products.",
        x = "It is {describe(formula)}.",
        i = "Write it as {.code relm(y ~ x + (1 | g), data)}.")
}

samplers <- c("uncentered", "centered", "interweaved", "collapsed")

check_control <- function(sampler, chains, draws, warmup, thin, cores, progress) {
  list(
    sampler = check_choice(sampler, "sampler", samplers),
    chains = check_count(chains, "chains"),
    draws = check_count(draws, "draws"),
    warmup = check_count(warmup, "warmup", least = 0),
    thin = check_count(thin, "thin"),
    cores = check_count(cores, "cores"),
    progress = check_flag(progress, "progress")
  )
}

# All chains of a posterior: hyper, draws x chains x hyperparameters; effects, a
# matrix for each chain with a column for each draw.
sample_posterior <- function(posterior, control, seed = NULL) {
  sampler <- sampler_that_runs(posterior, control$sampler)
  if (sampler == "common_line") control$warmup <- 0L
  if (sampler == "collapsed") check_collapsed(posterior)
  check_memory(posterior, control$chains, control$draws, control$cores)
  check_sweeps(control)
  seed <- check_seed(seed)
  uncentered <- sampler_model(posterior, "uncentered")
  estimate <- estimate_scales(uncentered)
  model <- if (sampler == "centered") sampler_model(posterior, "centered") else uncentered
  if (sampler == "collapsed") {
    model$tuning <- tune_at_mode(model, estimate, is_scale_free(posterior))
  }
  run <- chain_runner(model, uncentered, estimate, sampler, control,
                      chain_seeds(seed, control$chains))
  results <- run_chains(run, control$chains, control$cores,
                        control$warmup + control$draws * control$thin, control$progress)
  c(control, list(sampler_run = sampler, seed = seed), gather_chains(results, posterior))
}

check_sweeps <- function(control) {
  sweeps <- control$warmup + as.numeric(control$draws) * control$thin
  if (sweeps > .Machine$integer.max) {
    abort("{.arg warmup} + {.arg draws} x {.arg thin} must be below
           {format(.Machine$integer.max, big.mark = ',')} sweeps.",
          x = "It is {format(sweeps, big.mark = ',')}.")
  }
}

# A function that runs one chain: its arguments are all it carries to another process.
chain_runner <- function(model, uncentered, estimate, sampler, control, seeds) {
  force(list(model, uncentered, estimate, sampler, control, seeds))
  function(chain, progress) {
    started <- proc.time()[["elapsed"]]
    result <- with_stream(seeds[chain], {
      if (sampler == "collapsed") {
        run_collapsed(model, estimate, control, progress)
      } else {
        start <- draw_start(uncentered, estimate)
        sample_chain(model, sampler, start, control$draws, control$warmup, control$thin,
                     progress = progress)
      }
    })
    c(result, seconds = proc.time()[["elapsed"]] - started)
  }
}

gather_chains <- function(results, posterior) {
  names <- hyper_names(posterior)
  shown <- hyper_order(posterior, length(names))
  hyper <- array(0, c(ncol(results[[1]]$hyper), length(results), length(names)),
                 list(NULL, NULL, names[shown]))
  for (chain in seq_along(results)) {
    turned <- t(results[[chain]]$hyper)
    hyper[, chain, ] <- if (is.unsorted(shown)) turned[, shown] else turned
    results[[chain]]$hyper <- NULL
  }
  pick <- function(element) vapply(results, `[[`, 0, element)
  list(hyper = hyper, effects = lapply(results, `[[`, "effects"),
       seconds = pick("seconds"), proposals = pick("proposals"), kept = pick("kept"),
       accepted = pick("accepted"))
}

# Residual standard deviations are drawn in the order of the rows, and shown in that of
# their levels.
hyper_order <- function(posterior, n_names) {
  n_levels <- length(posterior$levels)
  n_pooled <- count_pooled(posterior)
  n_before <- n_names - n_levels - n_pooled
  c(seq_len(n_before), n_before + posterior$level_display,
    n_before + n_levels + seq_len(n_pooled))
}

new_fit <- function(call, posterior, sampling) {
  call[[1]] <- quote(relm)
  structure(list(call = call, posterior = posterior, sampling = sampling), class = "relm")
}
