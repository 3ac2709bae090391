# Rscript bench/collapsed.R [draws]: effective draws per draw of the collapsed sampler, bulk and
# tail, each of the worst hyperparameter, in one chain of 20,000 draws: on the bass data, at 1,000
# groups, for three correlated columns, and on a grid of few groups. Prints a table and writes it
# to bench/results/collapsed.csv. MC_CORES sets the number of processes.

bench <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1]))
source(file.path(bench, "cases.R"))
library(relm)

draws <- commandArgs(TRUE)
draws <- if (length(draws)) as.integer(draws[1]) else 20000L

# The least that is aimed at, by case; on the grid 0.1, and 1 less noise for one column.
new_cell <- function(case, data, columns, correlated, aim) {
  list(case = case, data = data, model = new_model(columns, correlated), aim = aim)
}

named_cells <- function() {
  groups <- function(...) function() simulate_groups(...)
  list(
    new_cell("bass", function() bass_data(dirname(bench)), "x", FALSE, 0.6),
    new_cell("J = 1,000, n_j = 20", groups(1000, 20), "x", FALSE, 0.8),
    new_cell("J = 50, n_j = 20", groups(50, 20, q3_root()), c("x", "v"), TRUE, 0.3),
    new_cell("J = 1,000, sds of slopes 0.05", groups(1000, 20, small_slopes_root()),
             c("x", "v"), TRUE, NA),
    new_cell("J = 50, n_j = 20", groups(50, 20, q4_root()), c("x", "v", "u"), TRUE, NA),
    new_cell("J = 10, n_j = 20", groups(10, 20, q4_root()), c("x", "v", "u"), TRUE, NA),
    new_cell("J = 6, n_j = 20", groups(6, 20, q4_root()), c("x", "v", "u"), TRUE, NA)
  )
}

grid_cells <- function() {
  grid <- expand.grid(n_j = c(5, 20), J = c(3, 4, 5, 6, 10, 20), correlated = c(FALSE, TRUE),
                      q = 1:3)
  grid <- grid[grid$q > 1 | !grid$correlated, ]
  # Three correlated columns of three groups have no posterior.
  grid <- grid[grid$J > grid$q | !grid$correlated, ]
  lapply(split(grid, seq_len(nrow(grid))), function(cell) {
    root <- q3_root()[seq_len(cell$q), seq_len(cell$q), drop = FALSE]
    new_cell(sprintf("J = %d, n_j = %d", cell$J, cell$n_j),
             function() simulate_groups(cell$J, cell$n_j, root),
             c("x", "v")[seq_len(cell$q - 1)], cell$correlated, if (cell$q == 1) 0.9 else 0.1)
  })
}

measure_cell <- function(cell) {
  seconds <- system.time(
    fit <- relm(cell$model$formula, cell$data(), sampler = "collapsed", chains = 1,
                draws = draws, seed = 1, group_draws = FALSE)
  )[["user.self"]]
  hyper <- matrix(fit$sampling$hyper, draws, dimnames = list(NULL, dimnames(fit$sampling$hyper)[[3]]))
  ess <- apply(hyper, 2, function(x) c(posterior::ess_bulk(x), posterior::ess_tail(x))) / draws
  row <- data.frame(case = cell$case, q = length(cell$model$x) + 1,
                    covariance = if (cell$model$correlated) "full" else "diagonal",
                    bulk = min(ess[1, ]), tail = min(ess[2, ]),
                    worst = colnames(ess)[which.min(apply(ess, 2, min))], aim = cell$aim,
                    acceptance = fit$sampling$accepted / fit$sampling$proposals,
                    helped = relm:::is_helped(fit), ess_per_second = min(ess) * draws / seconds)
  cat(sprintf("%-30s %d %-8s  %5.2f %5.2f  %-22s %6s  %3.0f%%  %-6s %9.0f\n", row$case, row$q,
              row$covariance, row$bulk, row$tail, row$worst,
              if (is.na(row$aim)) "" else if (min(ess) >= row$aim) "met" else "MISSED",
              100 * row$acceptance, if (row$helped) "helped" else "", row$ess_per_second))
  row
}

cat(sprintf("Effective draws per draw, collapsed (%d draws)\n", draws))
cat(sprintf("%-30s q covariance  bulk  tail  %-22s    aim  acc.             ESS/s\n", "case", "worst"))
results <- parallel::mclapply(c(named_cells(), grid_cells()), measure_cell,
                              mc.cores = getOption("mc.cores", 1L), mc.preschedule = FALSE)
failed <- Filter(function(result) inherits(result, "try-error"), results)
if (length(failed)) stop(failed[[1]])
results <- do.call(rbind, results)
numbers <- vapply(results, is.numeric, NA)
results[numbers] <- lapply(results[numbers], signif, 4)
write.csv(results, file.path(bench, "results", "collapsed.csv"), row.names = FALSE)
