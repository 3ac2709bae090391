# Rscript bench/coincide.R: two groupings that almost coincide, workers and firms of whom a share moves:
# effective draws a sweep of the scan, the cost of an effective draw of one step over that of a sweep, as
# foretold from sizes, and what relm() chooses. Where a scan mixes slowly, few groups meet and the factor hardly fills in;
# where it fills in, groups meet often, and a scan mixes well.

library(relm)

workers_and_firms <- function(n_workers, n_firms, share, sd = c(0.5, 0.4)) {
  set.seed(1)
  worker <- rep(seq_len(n_workers), each = 5)
  firm <- sample(n_firms, n_workers, TRUE)[worker]
  moves <- worker %in% sample(n_workers, round(n_workers * share)) & rep(1:5, n_workers) > 2
  away <- sample(n_firms, n_workers, TRUE)
  firm[moves] <- away[worker[moves]]
  x <- rnorm(length(worker))
  y <- 1 + x / 2 + sd[1] * rnorm(n_workers)[worker] + sd[2] * rnorm(n_firms)[firm] + rnorm(length(x))
  data.frame(worker, firm, x, y)
}

formula <- y ~ x + (1 | worker) + (1 | firm)

# Effective draws a sweep, the least of bulk and tail.
ess_of_scan <- function(data) {
  own <- relm:::merge_if_cheap
  utils::assignInNamespace("merge_if_cheap", function(model) NULL, "relm")
  on.exit(utils::assignInNamespace("merge_if_cheap", own, "relm"))
  fit <- relm(formula, data, chains = 2, draws = 1000, seed = 1, group_draws = FALSE)
  draws <- fit$sampling$hyper
  ess <- apply(draws, 3, function(x) min(posterior::ess_bulk(x), posterior::ess_tail(x)))
  min(ess) / prod(dim(draws)[1:2])
}

compare <- function(n_workers, n_firms, share) {
  data <- workers_and_firms(n_workers, n_firms, share)
  posterior <- relm_posterior(crossprods(formula, data))
  model <- relm:::sampler_model(posterior, "uncentered")
  ratio <- if (length(model$steps) > 1) {
    relm:::merged_cost(relm:::merge_steps(model)) / relm:::scan_cost(model)
  } else NA
  fit <- relm(formula, data, chains = 1, draws = 50, seed = 1, group_draws = FALSE)
  row <- data.frame(workers = n_workers, firms = n_firms, share = share,
                    ess = if (is.na(ratio)) NA else ess_of_scan(data), cost = ratio,
                    chosen = if (isTRUE(fit$sampling$merged)) "one step"
                      else if (is.na(ratio)) "a chain" else "scan")
  print(row, digits = 2, row.names = FALSE)
  row
}

rows <- list()
for (share in c(0, 0.005, 0.02, 0.1, 0.3, 1)) rows[[length(rows) + 1]] <- compare(2000, 200, share)
for (share in c(0.005, 0.02, 0.1, 1)) rows[[length(rows) + 1]] <- compare(20000, 2000, share)
write.csv(do.call(rbind, rows), "bench/results/coincide.csv", row.names = FALSE)
