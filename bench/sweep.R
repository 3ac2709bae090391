# Rscript bench/sweep.R: what a sweep costs beside the floor, the same variates drawn by R's
# generator in a bare C loop; whether it depends on the number of rows; whether it is linear in
# the number of groups. Ratios of times in this run, each the median of several.

bench <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
source(file.path(bench, "floor.R"))
source(file.path(bench, "cases.R"))
load_floor(bench)
library(relm)

chain_of <- function(J, rows_each, sampler) {
  posterior <- relm_posterior(crossprods(y ~ x + (1 + x || g), simulate_groups(J, rows_each)))
  model <- relm:::sampler_model(posterior, relm:::parameterization_of(sampler))
  start <- list(beta = c(1, 1), Sigma = list(diag(c(1, 0.25))), sigma2 = 1)
  function(sweeps) {
    relm:::sample_chain(model, sampler, start, draws = 1L, warmup = sweeps - 1L,
                        kept = integer())
    NULL
  }
}

# Median over runs of the time of a sweep over that of its floor, the two in turn.
cost_of_sweep <- function(J, rows_each, sampler, runs = 9) {
  chain <- chain_of(J, rows_each, sampler)
  sweeps <- as.integer(max(3, 4e6 / J))
  chain(min(sweeps, 10L))
  times <- vapply(seq_len(runs), function(run) {
    c(sweep = seconds(chain(sweeps)),
      floor = floor_seconds(sweeps, J, J * rows_each, 2, 2)) / sweeps
  }, numeric(2))
  c(sweep = median(times["sweep", ]), ratio = median(times["sweep", ] / times["floor", ]))
}

# Median over runs of the time with 200 rows a group over that with 20, the two in turn.
cost_of_rows <- function(J, sampler, runs = 15) {
  few <- chain_of(J, 20, sampler)
  many <- chain_of(J, 200, sampler)
  sweeps <- as.integer(max(3, 2e6 / J))
  median(vapply(seq_len(runs), function(run) {
    seconds(many(sweeps)) / seconds(few(sweeps))
  }, 0))
}

cat("A sweep over its floor (q = 2, 20 rows a group)\n")
for (sampler in c("centered", "uncentered", "interweaved")) for (J in c(16, 1000, 1e5)) {
  cat(sprintf("  %-11s  J = %6.0f  %.2f\n", sampler, J, cost_of_sweep(J, 20, sampler)["ratio"]))
}
cat("A sweep at n = 200 J over one at n = 20 J\n")
for (sampler in c("centered", "uncentered")) for (J in c(16, 1000, 1e4)) {
  cat(sprintf("  %-11s  J = %6.0f  %.3f\n", sampler, J, cost_of_rows(J, sampler)))
}
cat("Time of a sweep for each group, over that at J = 1,000 (5 rows a group)\n")
for (sampler in c("centered", "uncentered")) {
  each <- vapply(c(1e3, 1e4, 1e5, 1e6), function(J) {
    cost_of_sweep(J, 5, sampler, runs = 5)[["sweep"]] / J
  }, 0)
  cat(sprintf("  %-11s  J = %7.0f  %.2f\n", sampler, c(1e3, 1e4, 1e5, 1e6), each / each[1]), sep = "")
}
