# Rscript bench/student.R [draws]: t residuals, `family = student()`: processor time of so many draws of
# one chain, 4,000 by default, and effective draws a second, bulk or tail, of the worst
# hyperparameter, by relm and by brms, compiled before and given the defaults of its warm-up, under the
# same priors. The data are bass with every twentieth fish's mercury a hundred times too large, and 1,000
# rows of 50 groups with a slope and four degrees of freedom. The median of five calls of relm and three
# of brms. Prints a table and writes it to bench/results/student.csv.

bench <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
source(file.path(bench, "measure.R"))
source(file.path(bench, "processes.R"))
source(file.path(bench, "adaptors.R"))
options(bench.processor_time = TRUE)
library(relm)

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
n_draws <- commandArgs(TRUE)
n_draws <- if (length(n_draws)) as.integer(n_draws[1]) else 4000L

spoilt_bass <- function() {
  data <- transform(bass, y = log(mercury), x = log(length) - mean(log(length)), g = station)
  wrong <- seq(10, nrow(data), by = 20)
  data$y[wrong] <- data$y[wrong] + log(100)
  data[c("y", "x", "g")]
}

many_groups <- function() {
  set.seed(1)
  data <- data.frame(g = rep(1:50, each = 20), x = rnorm(1000))
  data$y <- 1 + data$x + rnorm(50)[data$g] + 0.5 * rnorm(50)[data$g] * data$x + rt(1000, 4)
  data
}

cases <- list(
  bass = list(data = spoilt_bass(), formula = y ~ x + (1 | g)),
  slopes = list(data = many_groups(), formula = y ~ x + (1 + x | g))
)

# Calls that answer with draws, a matrix, and how long the compiler took.
relm_calls <- function(case) {
  prior <- relm_prior(beta = normal(0, 5), sd = half_normal(2), sigma = half_normal(2))
  list(compile = 0, runs = 5L, run = function(seed) {
    fit <- relm(case$formula, case$data, family = student(), prior = prior, chains = 1,
                draws = n_draws, seed = seed)
    as.matrix(fit, setdiff(variables(fit), grep("^r_", variables(fit), value = TRUE)))
  })
}

brms_calls <- function(case) {
  attach_package("brms")
  let_rstan_find_boost()
  prior <- c(set_prior("normal(0, 5)", class = "Intercept"), set_prior("normal(0, 5)", class = "b"),
             set_prior("normal(0, 2)", class = "sd"), set_prior("normal(0, 2)", class = "sigma"),
             set_prior("gamma(2, 0.1)", class = "nu"))
  fit_by_brms <- function(...) {
    suppressWarnings(brm(case$formula, case$data, family = brms::student(), chains = 1, refresh = 0,
                         silent = 2, prior = prior, ...))
  }
  compile <- sum(system.time(compiled <- fit_by_brms(iter = 20), gcFirst = TRUE)[c(1, 2, 4, 5)])
  list(compile = compile, runs = 3L, run = function(seed) {
    fit <- suppressWarnings(update(compiled, iter = 1000 + n_draws, warmup = 1000, seed = seed,
                                   refresh = 0, recompile = FALSE, silent = 2))
    as.matrix(fit, variable = "^(b_|sd_|cor_|sigma$|nu$)", regex = TRUE)
  })
}

measure_peer <- function(peer, name, prepare) {
  in_own_process(peer, function() {
    made <- prepare(cases[[name]])
    found <- lapply(seq_len(made$runs), function(seed) {
      seconds <- sum(system.time(draws <- made$run(seed), gcFirst = TRUE)[c(1, 2, 4, 5)])
      list(seconds = seconds, ess = worst_ess(draws))
    })
    worst <- vapply(found, function(one) min(one$ess$bulk, one$ess$tail), 0)
    seconds <- vapply(found, `[[`, 0, "seconds")
    data.frame(case = name, peer = peer, version = as.character(utils::packageVersion(peer)), draws = n_draws,
               seconds = stats::median(seconds), compile_seconds = made$compile,
               ess = stats::median(worst), ess_per_draw = stats::median(worst) / n_draws,
               ess_per_second = stats::median(worst / seconds), runs = made$runs)
  })
}

table <- do.call(rbind, lapply(names(cases), function(name) {
  rbind(measure_peer("relm", name, relm_calls), measure_peer("brms", name, brms_calls))
}))
table <- cbind(table, machine(), row.names = NULL)
print(table[c("case", "peer", "draws", "seconds", "ess", "ess_per_draw", "ess_per_second")], digits = 3)
utils::write.csv(table, file.path(bench, "results", "student.csv"), row.names = FALSE)
