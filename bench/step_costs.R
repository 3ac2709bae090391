# Rscript bench/step_costs.R: two crossed groupings of many shapes. Processor time, in microseconds,
# of an evaluation of both in one step and of a sweep of a scan; of these, and of what a call takes
# before its first evaluation, over what R/step_costs.R foretells from sizes.
# Saved as bench/results/step_costs.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
library(relm)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
for (file in c("floor", "measure")) source(file.path(bench, paste0(file, ".R")), local = TRUE)
options(bench.processor_time = TRUE)

# Groups, rows of each, groups of the other, coefficients, and random columns of both.
shapes <- read.table(text = "
10 5 5 2 1 1
24 6 6 2 1 1
30 10 10 2 1 1
30 30 30 2 1 1
40 24 24 2 2 2
50 40 40 2 3 3
100 20 5 2 1 1
100 20 20 2 1 1
100 20 60 2 1 1
100 20 20 2 2 2
100 20 20 11 2 2
100 20 5 21 1 1
100 20 5 51 1 1
100 20 5 101 1 1
200 100 150 2 1 1
300 30 10 2 1 1
300 60 100 2 1 1
1000 10 3 2 1 1
1000 5 10 2 1 1
1000 5 50 2 1 1
1000 50 200 2 1 1
1000 10 10 6 1 1
1000 10 10 21 1 1
1000 10 10 51 1 1
1000 10 10 101 1 1
1000 10 10 2 2 1
1000 10 10 2 2 2
1000 10 10 3 3 1
1000 10 40 11 2 1
3000 3 300 2 1 1
10000 5 10 2 1 1
10000 5 100 2 1 1
10000 2 300 2 1 1
10000 20 20 2 1 1
10000 5 10 21 1 1
10000 5 10 2 2 1
30000 3 3 2 1 1
30000 3 300 2 1 1
100000 2 10 2 1 1
100000 3 100 2 1 1
100000 3 10 11 1 1
100000 5 10 2 2 1
300000 2 10 2 1 1
300000 2 100 2 1 1
300000 4 20 2 1 1
", col.names = c("groups", "rows", "others", "coefficients", "q", "q_others"))

posterior_of <- function(shape) {
  set.seed(1)
  n <- shape$groups * shape$rows
  data <- data.frame(a = rep(sample(shape$groups), shape$rows), b = sample(shape$others, n, TRUE))
  columns <- paste0("x", seq_len(max(shape$coefficients - 1, shape$q - 1)))
  for (column in columns) data[[column]] <- rnorm(n)
  effects <- rnorm(shape$groups)[data$a] + rnorm(shape$others)[data$b]
  data$y <- data$x1 + 0.5 * effects + rnorm(n)
  bar <- function(q, group) {
    sprintf("(%s || %s)", paste(c("1", columns)[seq_len(q)], collapse = " + "), group)
  }
  fixed <- columns[seq_len(shape$coefficients - 1)]
  formula <- paste("y ~", paste(fixed, collapse = " + "), "+", bar(shape$q, "a"), "+",
                   bar(shape$q_others, "b"))
  relm_posterior(crossprods(stats::as.formula(formula), data))
}

# Seconds of run(k) for each of k, less those of run(1); the least of four; and those of run(1).
seconds_each <- function(run, k = 20) {
  run(1)
  least <- function(k, times = 1) {
    min(replicate(4, seconds(for (i in seq_len(times)) run(k)))) / times
  }
  times <- max(1, ceiling(0.1 / max(least(1), 1e-4)))
  once <- least(1, times)
  while (seconds(run(k)) < max(0.1, 6 * once) && k < 20000) k <- ceiling(2.5 * k)
  c(each = (least(k) - once) / (k - 1), call = once)
}

time_evaluation <- function(merged, estimate) {
  tuning <- relm:::new_tuning(merged, estimate, "integrated")
  point <- relm:::initial_point(estimate, merged, tuning)
  seconds_each(function(k) {
    relm:::log_target(merged, tuning, matrix(point, length(point), k), estimate$sigma2)
  })
}

time_sweep <- function(model, estimate) {
  tunings <- lapply(0:1, function(step) {
    relm:::tune_at_mode(model, estimate, "integrated", step = step)
  })
  model <- relm:::with_tuning(model, tunings)
  set.seed(1)
  start <- relm:::start_collapsed(list(model = model, estimate = estimate), 1L)
  seconds_each(function(k) {
    relm:::sample_chain(model, "collapsed", start, as.integer(k), kept = list(integer(), integer()))
  })
}

measure_shape <- function(shape) {
  model <- relm:::sampler_model(posterior_of(shape), "uncentered")
  estimate <- relm:::estimate_scales(model)
  merged <- relm:::merge_steps(model)
  evaluation <- 1e6 * time_evaluation(merged, estimate)
  sweep <- 1e6 * time_sweep(model, estimate)[["each"]]
  foretold <- c(evaluation = relm:::evaluation_cost(merged), sweep = relm:::scan_cost(model),
                call = relm:::weighing_cost(model)) / 1000
  row <- cbind(shape, data.frame(
    cells = model$cells$n, evaluation = evaluation[["each"]], sweep = sweep,
    evaluation_ratio = evaluation[["each"]] / foretold[["evaluation"]],
    sweep_ratio = sweep / foretold[["sweep"]],
    call_ratio = (evaluation[["call"]] - evaluation[["each"]]) / foretold[["call"]],
    one_step_over_scan = relm:::merged_cost(merged) / relm:::scan_cost(model)
  ))
  print(row, digits = 3, row.names = FALSE)
  row
}

table <- do.call(rbind, lapply(seq_len(nrow(shapes)), function(i) measure_shape(shapes[i, ])))
table <- cbind(table, machine(), row.names = NULL)
utils::write.csv(table, file.path(bench, "results", "step_costs.csv"), row.names = FALSE)
