# Rscript bench/alternatives.R [evaluations]: effective draws per 1,000 evaluations of the collapsed
# target, and per sweep, by samplers that the collapsed one could have been made of (in plain R,
# bench/prototypes.R), on several posteriors: the lesser of bulk and tail, of the worst
# coordinate. A gradient counts as two evaluations. Then those of relm's collapsed and
# interweaved samplers per draw and per second of processor time, of the worst hyperparameter.
# Prints a table and writes it to bench/results/alternatives.csv. MC_CORES sets the number of
# processes.

bench <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
for (part in c("cases", "prototypes")) source(file.path(bench, paste0(part, ".R")))
library(relm)

budget <- commandArgs(TRUE)
budget <- if (length(budget)) as.integer(budget[1]) else 20000L

new_case <- function(data, columns, correlated = FALSE, prior = relm_prior(), budget = 1,
                     sigma = ~ 1) {
  list(data = data, formula = new_model(columns, correlated)$formula, prior = prior,
       budget = budget, sigma = sigma)
}

groups <- function(...) function() simulate_groups(...)

# One group of four lies far off, where the prior of the standard deviation does not expect it:
# either it varies much, or the residuals do.
two_humps <- function() {
  set.seed(1)
  g <- rep(1:4, each = 3)
  data.frame(g, y = stats::rnorm(12) + ifelse(g == 1, 18, 0))
}

cases <- list(
  "bass" = new_case(function() bass_data(dirname(bench)), "x"),
  "J = 3" = new_case(groups(3, 10), "x"),
  "J = 5" = new_case(groups(5, 10), "x"),
  "slopes that do not vary" = new_case(groups(30, 10, diag(c(1, 0))), "x"),
  "J = 1,000" = new_case(groups(1000, 20), "x", budget = 0.25),
  "a sigma for each group" = new_case(groups(50, 20, q3_root()), c("x", "v"), TRUE, sigma = ~ g),
  "two humps" = list(data = two_humps, formula = y ~ 1 + (1 | g), budget = 1, sigma = ~ 1,
                     prior = relm_prior(sd = half_normal(0.6), sigma = half_cauchy(1))),
  "q = 3, full" = new_case(groups(50, 20, q3_root()), c("x", "v"), TRUE),
  "q = 3, full, sds of slopes 0.05" = new_case(groups(1000, 20, small_slopes_root()), c("x", "v"),
                                                TRUE, budget = 0.25),
  "q = 4, full" = new_case(groups(50, 20, q4_root()), c("x", "v", "u"), TRUE),
  "q = 4, full, J = 6" = new_case(groups(6, 20, q4_root()), c("x", "v", "u"), TRUE)
)

# What the prototypes need to know of a posterior: of the group effects' covariance alone where
# there are several residual variances, which are given. Proposals learn as relm's do, or from 2,000
# draws of relm's own.
target_of <- function(case) {
  set.seed(1)
  posterior <- relm_posterior(crossprods(case$formula, case$data(), case$sigma), case$prior)
  model <- relm:::sampler_model(posterior, "uncentered")
  estimate <- relm:::estimate_scales(model)
  at_mode <- relm:::tune_at_mode(model, estimate, relm:::sigma_role(posterior))
  fit <- relm(case$formula, case$data(), case$sigma, case$prior, chains = 1, draws = 2000,
              warmup = 1000, seed = 1, group_draws = FALSE)
  learnt <- relm:::learn_proposal(model, at_mode, estimate$sigma2)$tuning
  hyper <- matrix(fit$sampling$hyper, 2000)
  points <- t(relm:::points_of(hyper, model, at_mode))
  tuning <- relm:::tune_to_draws(at_mode, t(points))
  flips <- sign_flips(tuning)
  target <- list(
    n = length(at_mode$center), model = model, tuning = tuning, flips = flips,
    columns = seq_along(at_mode$scale), start = points[, 2000],
    near = bitwAnd(tuning$near, bitwShiftL(1L, seq_along(tuning$scale) - 1L)) > 0,
    log_density = function(points) relm:::log_target(model, at_mode, points, estimate$sigma2),
    mode = t_of_tuning(at_mode), t = t_of_tuning(tuning), learnt = t_of_tuning(learnt)
  )
  target$mixture <- fit_mixture(points, flips, tuning, 4)
  if (relm:::table_fits(at_mode)) {
    target$tabulated <- at_mode
    target$tabulated$table <- relm:::tabulate_target(model, at_mode, estimate)$table
  }
  target
}

methods <- list(
  "table" = function(target, budget) {
    if (!is.null(target$tabulated)) run_table(target, budget)
  },
  "t at the mode" = function(target, budget) run_independence(target, budget, target$mode),
  "t at the draws" = function(target, budget) run_independence(target, budget, target$t),
  "t that has learnt" = function(target, budget) run_independence(target, budget, target$learnt),
  "mixture of 4 t" = function(target, budget) run_independence(target, budget, target$mixture),
  "random walk" = run_walk,
  "slices along axes" = run_slice,
  "Hamiltonian" = run_hmc,
  "elliptical slice" = function(target, budget) run_ellipse(target, budget, target$learnt)
)

# Effective draws of the worst coordinate, with all lambda positive.
worst_ess <- function(points, target) {
  folded <- apply(points, 2, fold, target = target)
  folded <- matrix(folded, target$n)
  ess <- apply(folded, 1, function(x) {
    min(suppressWarnings(c(posterior::ess_bulk(x), posterior::ess_tail(x))))
  })
  if (anyNA(ess)) 0 else min(ess)
}

# The whole call, with warm-up, and no draws of group effects.
measure_relm <- function(case, sampler) {
  draws <- 20000 * case$budget
  seconds <- system.time(
    fit <- relm(case$formula, case$data(), case$sigma, case$prior, sampler = sampler, chains = 1,
                draws = draws, seed = 1, group_draws = FALSE)
  )
  ess <- apply(fit$sampling$hyper, 3, function(x) {
    min(suppressWarnings(c(posterior::ess_bulk(x), posterior::ess_tail(x))))
  })
  data.frame(method = paste("relm:", sampler), per_1000_evaluations = NA,
             per_sweep = min(ess) / draws, per_second = min(ess) / sum(seconds[1:2]))
}

measure_case <- function(name) {
  case <- cases[[name]]
  target <- target_of(case)
  rows <- lapply(names(methods), function(method) {
    set.seed(2)
    run <- methods[[method]](target, as.integer(budget * case$budget))
    if (is.null(run)) return(NULL)
    ess <- worst_ess(run$points, target)
    data.frame(case = name, dimensions = target$n, method = method,
               per_1000_evaluations = 1000 * ess / run$evaluations,
               per_sweep = ess / ncol(run$points), per_second = NA)
  })
  ours <- lapply(c("collapsed", "interweaved"), measure_relm, case = case)
  ours <- data.frame(case = name, dimensions = target$n, do.call(rbind, ours))
  rows <- rbind(do.call(rbind, rows), ours)
  cat(sprintf("%-32s %2d  %-20s %7.1f  %6.3f  %8.0f\n", rows$case, rows$dimensions, rows$method,
              rows$per_1000_evaluations, rows$per_sweep, rows$per_second), sep = "")
  rows
}

cat(sprintf("Effective draws of the collapsed target (%d evaluations)\n", budget))
cat("case                         dimensions  method      per 1,000 evaluations  per sweep  per second\n")
results <- parallel::mclapply(names(cases), measure_case, mc.cores = getOption("mc.cores", 1L),
                              mc.preschedule = FALSE)
failed <- Filter(function(result) inherits(result, "try-error"), results)
if (length(failed)) stop(failed[[1]])
results <- do.call(rbind, results)
numbers <- vapply(results, is.numeric, NA)
results[numbers] <- lapply(results[numbers], signif, 3)
write.csv(results, file.path(bench, "results", "alternatives.csv"), row.names = FALSE)
