# Rscript bench/weights.R [draws]: effective draws, a draw and a second of processor time, of the Gibbs
# samplers by Polya-Gamma weights beside the collapsed sampler: Bernoulli rows of which 40%, 10% or 2%
# are ones, 50 groups of 20, and counts with shape 2 and 20. The worst of bulk and tail over all
# hyperparameters; seconds are of the whole call of relm(). One run each. Prints the table and writes
# it to bench/results/weights.csv.

bench <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
library(relm)

draws <- commandArgs(TRUE)
draws <- if (length(draws)) as.integer(draws[1]) else 5000L
n_groups <- 50
rows_each <- 20

rows_of_case <- function(case) {
  set.seed(1)
  data <- data.frame(g = rep(seq_len(n_groups), each = rows_each), x = rnorm(n_groups * rows_each))
  eta <- 0.5 * data$x + rnorm(n_groups)[data$g]
  data$y <- if (is.na(case$shape)) rbinom(nrow(data), 1, plogis(qlogis(case$ones) + eta))
    else rnbinom(nrow(data), size = case$shape, mu = exp(1 + eta))
  data
}

measure <- function(case, sampler) {
  data <- rows_of_case(case)
  prior <- relm_prior(beta = normal(0, 5), sd = half_t(3, 1))
  family <- if (is.na(case$shape)) binomial() else negative_binomial()
  before <- proc.time()
  fit <- relm(y ~ x + (1 | g), data, family = family, prior = prior, sampler = sampler, chains = 1,
              draws = draws, seed = 1, progress = FALSE)
  seconds <- sum((proc.time() - before)[c("user.self", "sys.self")])
  table <- summary(fit)
  ess <- min(table$ess_bulk, table$ess_tail)
  data.frame(case, sampler = sampler, ess_per_draw = ess / draws, ess_per_second = ess / seconds,
             microseconds_per_sweep = 1e6 * seconds / (draws + 500))
}

cases <- data.frame(ones = c(0.4, 0.1, 0.02, NA, NA), shape = c(NA, NA, NA, 2, 20))
samplers <- c("centered", "uncentered", "interweaved", "collapsed")
results <- do.call(rbind, lapply(seq_len(nrow(cases)), function(i) {
  do.call(rbind, lapply(samplers, measure, case = cases[i, ]))
}))
rownames(results) <- NULL
print(format(results, digits = 3), row.names = FALSE)
write.csv(results, file.path(bench, "results", "weights.csv"), row.names = FALSE)
