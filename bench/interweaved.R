# Rscript bench/interweaved.R [sweeps]: effective draws a sweep of the interweaved sampler over
# those of the better of the centered and the uncentered one, in each hyperparameter, from
# tau/sigma = 0.02 to 50 and 2 to 200 rows a group. The better is sought among those whose R-hat
# is below 1.01 in all hyperparameters: a chain that stands still can look perfect in one.
# Standard errors are those between replicate chains; replicates are added until each ratio is
# known to 0.03, or lies four standard errors above 1. Prints the worst ratio of each cell and
# writes all of them to bench/results/interweaved.csv. MC_CORES sets the number of processes.

bench <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
source(file.path(bench, "cases.R"))
library(relm)

sweeps <- commandArgs(TRUE)
sweeps <- if (length(sweeps)) as.integer(sweeps[1]) else 50000L
n_groups <- 30
replicates <- c(step = 8, most = 40)
formulas <- list(intercept = y ~ x + (1 | g), slope = y ~ x + (1 + x || g))
samplers <- c("centered", "uncentered", "interweaved")
grid <- expand.grid(tau_over_sigma = c(0.02, 0.1, 0.5, 1, 2, 10, 50), n_j = c(2, 5, 20, 200),
                    model = names(formulas), stringsAsFactors = FALSE)

# The standard deviations of the intercepts and, in the second model, of the slopes; sigma is 1.
# Two rows in every group would be fitted exactly by slopes of their own: there, one, two or
# three rows.
data_of <- function(cell) {
  slopes <- cell$model == "slope"
  rows_each <- if (slopes && cell$n_j == 2) 1:3 else cell$n_j
  simulate_groups(n_groups, rows_each, diag(cell$tau_over_sigma * c(1, slopes)))
}

# A function that runs one chain of a sampler from a start of its own.
chain_runner <- function(cell) {
  posterior <- relm_posterior(crossprods(formulas[[cell$model]], data_of(cell)))
  uncentered <- relm:::sampler_model(posterior, "uncentered")
  centered <- relm:::sampler_model(posterior, "centered")
  estimate <- relm:::estimate_scales(uncentered)
  function(sampler, seed) {
    set.seed(seed)
    model <- if (sampler == "centered") centered else uncentered
    start <- relm:::draw_start(uncentered, estimate)
    before <- cpu_seconds()
    chain <- relm:::sample_chain(model, sampler, start, draws = sweeps, warmup = 1000L,
                                 kept = integer())
    list(hyper = t(chain$hyper), seconds = (cpu_seconds() - before) / (sweeps + 1000),
         names = relm:::hyper_names(posterior))
  }
}

cpu_seconds <- function() sum(proc.time()[c("user.self", "sys.self")])

# Effective draws a sweep: measures x hyperparameters; and every tenth draw, for R-hat.
run_replicate <- function(run, sampler, seed) {
  chain <- run(sampler, seed)
  ess <- apply(chain$hyper, 2, function(x) {
    c(bulk = posterior::ess_bulk(x), tail = posterior::ess_tail(x)) / sweeps
  })
  colnames(ess) <- chain$names
  list(ess = ess, seconds = chain$seconds,
       thinned = chain$hyper[seq(1, sweeps, by = 10), , drop = FALSE])
}

# Means over replicates and their standard errors, seconds a sweep, the largest R-hat.
summarize_sampler <- function(runs) {
  ess <- simplify2array(lapply(runs, `[[`, "ess"))
  thinned <- simplify2array(lapply(runs, `[[`, "thinned"))
  list(mean = apply(ess, 1:2, mean), se = apply(ess, 1:2, sd) / sqrt(length(runs)),
       seconds = mean(vapply(runs, `[[`, 0, "seconds")),
       rhat = max(apply(thinned, 2, posterior::rhat)))
}

# A row for each measure and hyperparameter. Where neither of the two has converged there is
# nothing to compare with, and the ratios are NA.
compare <- function(cell, by_sampler) {
  ours <- by_sampler$interweaved
  rhat <- vapply(by_sampler, `[[`, 0, "rhat")
  rows <- data.frame(cell[3:1], expand.grid(measure = rownames(ours$mean),
                                       parameter = colnames(ours$mean)),
                     interweaved = c(ours$mean), better = NA, better_sampler = NA, ratio = NA,
                     ratio_se = NA, ratio_per_second = NA, row.names = NULL)
  rows[paste0("rhat_", samplers)] <- as.list(rhat[samplers])
  converged <- names(which(rhat[c("centered", "uncentered")] < 1.01))
  if (length(converged) == 0) return(rows)
  pick <- function(what) sapply(by_sampler[converged], function(theirs) c(theirs[[what]]))
  means <- pick("mean")
  best <- cbind(seq_len(nrow(means)), max.col(means, "first"))
  rows$better <- means[best]
  rows$better_sampler <- converged[best[, 2]]
  rows$ratio <- rows$interweaved / rows$better
  rows$ratio_se <- rows$ratio *
    sqrt((c(ours$se) / rows$interweaved)^2 + (pick("se")[best] / rows$better)^2)
  per_second <- sweep(means, 2, pick("seconds"), "/")
  rows$ratio_per_second <- rows$interweaved / ours$seconds / apply(per_second, 1, max)
  rows
}

# Known to 0.03, or clear of 1.
is_known <- function(rows) {
  with(rows, is.na(ratio) | ratio_se <= 0.03 | ratio - 4 * ratio_se > 1)
}

measure_cell <- function(cell) {
  run <- chain_runner(cell)
  runs <- sapply(samplers, function(sampler) list(), simplify = FALSE)
  repeat {
    for (seed in length(runs[[1]]) + seq_len(replicates[["step"]])) {
      for (sampler in samplers) {
        stream <- 1000 * match(sampler, samplers) + seed
        runs[[sampler]][[seed]] <- run_replicate(run, sampler, stream)
      }
    }
    rows <- compare(cell, lapply(runs, summarize_sampler))
    rows$replicates <- length(runs[[1]])
    if (all(is_known(rows)) || length(runs[[1]]) >= replicates[["most"]]) return(rows)
  }
}

# The worst ratio of a cell in each measure.
summarize_cell <- function(rows) {
  worst <- function(measure) {
    rows <- rows[rows$measure == measure, ]
    if (all(is.na(rows$ratio))) return("neither converged")
    row <- rows[which.min(rows$ratio), ]
    sprintf("%5.2f (%.2f) %s", row$ratio, row$ratio_se, row$parameter)
  }
  rhat <- rows[1, paste0("rhat_", samplers)]
  sprintf("%-9s %4d %6.2f  %-29s %-29s %5.2f  %s", rows$model[1], as.integer(rows$n_j[1]),
          rows$tau_over_sigma[1], worst("bulk"), worst("tail"),
          suppressWarnings(min(rows$ratio_per_second)),
          paste(sprintf("%.3f", unlist(rhat)), collapse = " "))
}

cat(sprintf("Effective draws a sweep, interweaved over the better of the others\n(J = %d, %d sweeps)\n",
            n_groups, sweeps))
cat("model      n_j tau/sigma worst bulk (se)               worst tail (se)       ",
    "per second  R-hat:", samplers, "\n")
cells <- split(grid, seq_len(nrow(grid)))
results <- parallel::mclapply(cells, function(cell) {
  rows <- measure_cell(cell)
  cat(summarize_cell(rows), "\n", sep = "")
  rows
}, mc.cores = getOption("mc.cores", 1L), mc.preschedule = FALSE)
failed <- Filter(function(result) inherits(result, "try-error"), results)
if (length(failed)) stop(failed[[1]])

results <- do.call(rbind, results)
least <- results[which.min(results$ratio), ]
cat(sprintf("The least of %d ratios is %.3f (se %.3f), of %s %s; %d are not known to 0.03.\n",
            sum(!is.na(results$ratio)), least$ratio, least$ratio_se, least$measure,
            least$parameter, sum(!is_known(results))))
dir.create(file.path(bench, "results"), showWarnings = FALSE)
numbers <- vapply(results, is.numeric, NA)
results[numbers] <- lapply(results[numbers], signif, 4)
write.csv(results, file.path(bench, "results", "interweaved.csv"), row.names = FALSE,
          quote = FALSE)
