# Rscript bench/known.R [draws]: eight schools, estimates with known standard errors, under a half-Cauchy
# prior of tau with scale 5 (Gelman and others 2013, section 5.5): processor time of 4,000 draws of one
# chain, and effective draws a second, bulk or tail, of the worst of mu and tau, by relm and by brms,
# compiled before and given the defaults of its warm-up. The median of seven calls of relm and three of
# brms. Prints a table and writes it to bench/results/known.csv.

bench <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
source(file.path(bench, "measure.R"))
source(file.path(bench, "processes.R"))
source(file.path(bench, "adaptors.R"))
options(bench.processor_time = TRUE)
library(relm)

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
n_draws <- commandArgs(TRUE)
n_draws <- if (length(n_draws)) as.integer(n_draws[1]) else 4000L
schools <- data.frame(school = LETTERS[1:8], y = c(28, 8, -3, 7, -1, 1, 18, 12),
                      se = c(15, 10, 16, 11, 9, 11, 10, 18))
drawn <- c("b_Intercept", "sd_school__Intercept")

# Calls that answer with draws, a matrix, and how long the compiler took.
relm_schools <- function() {
  list(compile = 0, runs = 7L, run = function(seed) {
    fit <- relm(y ~ 1 + (1 | school), schools, sigma = known(se), chains = 1, draws = n_draws,
                prior = relm_prior(sd = half_cauchy(5)), seed = seed)
    as.matrix(fit, drawn)
  })
}

brms_schools <- function() {
  attach_package("brms")
  let_rstan_find_boost()
  fit_by_brms <- function(...) {
    suppressWarnings(brm(y | se(se) ~ 1 + (1 | school), schools, chains = 1, refresh = 0, silent = 2,
                         prior = c(set_prior("", class = "Intercept"),
                                   set_prior("cauchy(0, 5)", class = "sd")),
                         control = list(adapt_delta = 0.99), ...))
  }
  compile <- sum(system.time(compiled <- fit_by_brms(iter = 20), gcFirst = TRUE)[c(1, 2, 4, 5)])
  list(compile = compile, runs = 3L, run = function(seed) {
    fit <- suppressWarnings(update(compiled, iter = 1000 + n_draws, warmup = 1000, seed = seed, refresh = 0,
                                   recompile = FALSE, silent = 2))
    as.matrix(fit, variable = drawn)
  })
}

measure_peer <- function(peer, prepare) {
  in_own_process(peer, function() {
    made <- prepare()
    found <- lapply(seq_len(made$runs), function(seed) {
      seconds <- sum(system.time(draws <- made$run(seed), gcFirst = TRUE)[c(1, 2, 4, 5)])
      list(seconds = seconds, ess = worst_ess(draws))
    })
    worst <- vapply(found, function(one) min(one$ess$bulk, one$ess$tail), 0)
    seconds <- vapply(found, `[[`, 0, "seconds")
    data.frame(peer = peer, version = as.character(utils::packageVersion(peer)), draws = n_draws,
               seconds = stats::median(seconds), compile_seconds = made$compile,
               ess = stats::median(worst), ess_per_draw = stats::median(worst) / n_draws,
               ess_per_second = stats::median(worst / seconds), runs = made$runs)
  })
}

table <- rbind(measure_peer("relm", relm_schools), measure_peer("brms", brms_schools))
table <- cbind(table, machine(), row.names = NULL)
print(table[c("peer", "draws", "seconds", "ess", "ess_per_draw", "ess_per_second")], digits = 3)
utils::write.csv(table, file.path(bench, "results", "known.csv"), row.names = FALSE)
