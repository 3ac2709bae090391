#' Simulation-based calibration
#'
#' Draws parameters from the prior, simulates a response of each, fits the model to it, and ranks
#' the parameters among the draws of their fit. Where the model is drawn from as it is written the
#' ranks are uniform (Talts, Betancourt, Simpson, Vehtari and Gelman, 2018). So this is a test of a
#' sampler in a model of yours, with your predictors, groups and priors, and not of the model's fit
#' to the data.
#'
#' A rank is the number of draws below the parameter, 0 to L of L draws. Ranks of draws that depend
#' on each other are not uniform, so that draws are thinned; where `summary()` of a single fit shows
#' fewer effective draws than draws, give a larger `thin`.
#'
#' @section Uniformity:
#' With N fits the number of ranks below k is binomial with probability k/(L + 1). At 50 of these k
#' at most, the smallest two-sided tail probability is the statistic. Its distribution under uniform
#' ranks is exact, as the counts at rising k are a Markov chain, whose steps are binomial. This
#' gives the P value of each variable, and bands that a uniform sample stays within, everywhere at
#' once, with probability `prob`; nothing is simulated. Säilynoja, Bürkner and Vehtari (2022)
#' describe such bands. P values of several variables are each by itself; the printed line has the
#' smallest, times their number (Bonferroni). `plot()` has the difference of the ranks' distribution
#' function from the uniform one: a line like a hill says that parameters lie low among draws, that
#' draws are too large; a line that rises, falls and rises again that they are too narrow, and the
#' reverse too wide.
#'
#' @param fit A fit of [relm()], by formula, whose priors are all proper. Its draws are not used, so
#'   that a fit of few draws does, or one with `prior_only = TRUE`.
#' @param n_sims Number of simulated responses.
#' @param draws Number L of draws of each fit, of one chain.
#' @param thin Sweeps for each draw.
#' @param variable Names of variables, as in [as_draws()][as_draws.relm], group effects among them;
#'   by default the hyperparameters.
#' @param seed A whole number, or `NULL` to take one from the session's stream. The ranks are the
#'   same whatever `cores` is.
#' @param cores Number of processes, each for a fit at a time; or `"future"`, as in [relm()].
#' @param progress Show a progress bar?
#' @param x,object The result of `sbc()`.
#' @param prob Probability of the simultaneous bands.
#' @param digits Significant digits.
#' @param y Not used; the generic has it.
#' @param ... Refused.
#' @return `sbc()`: an object of class `relm_sbc`, a data frame of ranks with a row for each
#'   simulated response and a column for each variable. Its attribute `draws` is L. `summary()`: a
#'   data frame with a row for each variable: its name, the mean of (rank + 1/2) / (L + 1), which is
#'   1/2 of uniform ranks, with its standard error under these, and the P value `p` of uniformity.
#'   `plot()`: a ggplot.
#' @section Errors:
#' Improper priors are named. A fit of cross-products has no rows to simulate. Where a response
#' cannot be fitted, such as one of zeros alone, a warning says how many; ranks are then of the
#' responses that can.
#' @references Säilynoja, T., Bürkner, P.-C. and Vehtari, A. (2022). Graphical test for discrete
#'   uniformity and its applications in goodness-of-fit evaluation and multiple sample comparison.
#'   *Statistics and Computing* 32, 32.
#'
#' Talts, S., Betancourt, M., Simpson, D., Vehtari, A. and Gelman, A. (2018). Validating Bayesian
#' inference algorithms with simulation-based calibration. arXiv 1804.06788.
#' @examples
#' prior <- relm_prior(beta = normal(0, 1), sd = half_normal(1), sigma = half_normal(1))
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, prior = prior,
#'             prior_only = TRUE, seed = 1)
#' ranks <- sbc(fit, n_sims = 20, draws = 19, seed = 1)
#' ranks
#' @seealso [many-fits]
#' @export
sbc <- function(fit, n_sims = 200, draws = 99, thin = 5, variable = NULL, seed = NULL, cores = 1,
                progress = interactive(), ...) {
  if (!inherits(fit, "relm")) {
    abort("{.arg fit} must be a fit of {.fn relm}.", x = "It is {describe(fit)}.")
  }
  check_dots_empty(list(...), names(formals(sbc)), "sbc")
  design_of(fit, "sbc()")
  n_sims <- check_count(n_sims, "n_sims")
  draws <- check_count(draws, "draws")
  cores <- check_cores(cores)
  check_flag(progress, "progress")
  seeds <- chain_seeds(check_seed(seed), n_sims + 2)
  thin <- check_count(thin, "thin")
  truth <- prior_of_fit(fit, n_sims, seeds[1])
  names <- choose_variables(truth, variable, FALSE)
  if (is.null(variable)) names <- drawn_variables(truth)
  refitted <- control_of_refits(fit, draws, thin, all(names %in% hyper_variables(truth)))
  ranks <- rank_in_refits(truth, refitted, names, seeds, cores, progress)
  ranks_of_fits(ranks, names, draws, formula(fit))
}

# For each draw of `truth` the ranks of the variables among the draws of a refit, or the error that
# it ended in. seeds: of the responses, and of each refit, after another one.
rank_in_refits <- function(truth, refitted, names, seeds, cores = 1, progress = FALSE) {
  true <- as.matrix(truth, names)
  responses <- simulate_each(truth, seeds[2])
  one <- function(i) {
    tryCatch({
      drawn <- as.matrix(refit(refitted, responses[[i]], seed = seeds[i + 2]), names)
      colSums(drawn < rep(true[i, ], each = nrow(drawn)))
    }, relm_error = identity)
  }
  fit_each(one, nrow(true), cores, progress, "Simulation")
}

prior_of_fit <- function(fit, n, seed) {
  prior <- update_control(fit, list(chains = 1L, draws = n, target_ess = NULL, group_draws = TRUE,
                                    init = NULL))
  posterior <- posterior_for(crossprods(fit$design, by_group = FALSE), fit$posterior$prior, TRUE)
  new_fit(fit$call, posterior, prior$control, seed, list(design = fit$design))
}

# The fit as refit() is to fit it to each response.
control_of_refits <- function(fit, draws, thin, without_effects) {
  fit$posterior$prior_only <- NULL
  update_control(fit, list(chains = 1L, draws = draws, thin = thin, cores = 1, target_ess = NULL,
                           group_draws = if (without_effects) FALSE))
}

update_control <- function(fit, changes) {
  changes$progress <- FALSE
  fit$control[names(changes)] <- changes
  # What is NULL keeps its place.
  absent <- setdiff(control_names, names(fit$control))
  fit$control[absent] <- list(NULL)
  fit
}

# A response for each draw of the fit, in the form that the model has it.
simulate_each <- function(fit, seed) {
  plan <- plan_prediction(fit, "simulate", TRUE, asked_prediction(seed = seed))
  values <- tryCatch(predict_draws(plan), relm_error = function(e) {
    why <- conditionMessage(e)
    abort("The priors give responses that are too large to be fitted.", x = "{why}",
          i = "Give priors that say of what size parameters may be.")
  })
  in_form_of_response(plan, as.data.frame(pad_rows(plan, t(values))))
}

ranks_of_fits <- function(ranks, names, draws, formula) {
  failed <- vapply(ranks, inherits, NA, "condition")
  if (any(failed)) {
    why <- conditionMessage(ranks[[which(failed)[1]]])
    if (all(failed)) abort("None of the simulated responses could be fitted.", x = "{why}")
    rlang::warn(paste0(sum(failed), " of ", length(ranks), " simulated responses could not be ",
                       "fitted, and have no ranks. The first error: ", why))
  }
  table <- as.data.frame(do.call(rbind, ranks[!failed]))
  names(table) <- names
  structure(table, draws = draws, failed = sum(failed), model = deparse1(formula),
            class = c("relm_sbc", "data.frame"))
}

#' @rdname sbc
#' @export
summary.relm_sbc <- function(object, ...) {
  refuse_dots(list(...), "summary")
  draws <- attr(object, "draws")
  p <- vapply(object, p_uniform, 0, draws = draws)
  # The variance of a uniform rank, of L + 1 values.
  error <- sqrt(((draws + 1)^2 - 1) / 12 / nrow(object)) / (draws + 1)
  data.frame(variable = names(object), mean = (colMeans(as.matrix(object)) + 0.5) / (draws + 1),
             error = error, p = p, row.names = names(object))
}

#' @rdname sbc
#' @export
print.relm_sbc <- function(x, digits = 3, ...) {
  refuse_dots(list(...), "print")
  check_digits(digits)
  if (is.null(attr(x, "draws"))) return(NextMethod())
  failed <- attr(x, "failed")
  write_wrapped(c(paste0("Simulation-based calibration: ", attr(x, "model")),
                  paste0("Ranks: ", nrow(x), " fits of ", attr(x, "draws"), " draws",
                         if (failed) paste0("; ", failed, " responses could not be fitted"))))
  table <- summary(x)
  cat("\n")
  print(data.frame(mean = formatC(table$mean, digits = digits, format = "f"),
                   p = formatC(table$p, digits = digits, format = "g"), row.names = table$variable))
  least <- which.min(table$p)
  adjusted <- min(1, table$p[least] * nrow(table))
  write_wrapped(paste0("mean: of scaled ranks, 0.5 +- ", format(table$error[1], digits = 2),
                       " if uniform; p: of uniformity, each by itself. The smallest, times ",
                       nrow(table), " variables: ", format(adjusted, digits = digits), " (",
                       table$variable[least], ")"))
  invisible(x)
}
