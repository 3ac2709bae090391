# Rscript bench/structured.R [fits]: processor time of fits with ar1() and cs() over three columns over that
# of the same fits with a full covariance, and effective draws a draw, the worst of bulk and tail over
# all hyperparameters. 40 groups with three occasions, four rows each; the five take turns. Saved as
# bench/results/structured.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "measure.R"), local = TRUE)
suppressMessages(library(relm))
fits <- as.integer(c(commandArgs(TRUE), 200)[1])

set.seed(1)
effects <- matrix(rnorm(120), 40) %*% chol(0.6^abs(outer(1:3, 1:3, "-")))
data <- data.frame(g = rep(1:40, each = 12), visit = factor(rep(1:3, 160)))
data$y <- effects[cbind(data$g, as.integer(data$visit))] + rnorm(480)

formulas <- list(
  full = y ~ visit + (0 + visit | g), ar1 = y ~ visit + ar1(0 + visit | g),
  ar1_het = y ~ visit + ar1(0 + visit | g, hom = FALSE), cs = y ~ visit + cs(0 + visit | g),
  cs_hom = y ~ visit + cs(0 + visit | g, hom = TRUE)
)

draw <- function(formula, i) relm(formula, data, seed = i, progress = FALSE)
shares <- vapply(formulas, function(formula) {
  drawn <- posterior::as_draws_array(draw(formula, 1))
  hyper <- drawn[, , grepl("^(b|sd|cor)_|^sigma", posterior::variables(drawn))]
  ess <- worst_ess(unclass(hyper))
  min(ess$bulk, ess$tail) / 4000
}, 0)
seconds <- t(vapply(seq_len(fits), function(i) {
  vapply(formulas, function(formula) {
    processor_seconds(draw(formula, i))
  }, 0)
}, numeric(length(formulas))))

set.seed(1)
ratios <- replicate(2000, {
  sums <- colSums(seconds[sample.int(fits, replace = TRUE), , drop = FALSE])
  sums / sums[["full"]]
})
table <- data.frame(model = names(formulas), fits = fits, seconds = colSums(seconds) / fits,
                    ratio = colSums(seconds) / sum(seconds[, "full"]),
                    low = apply(ratios, 1, stats::quantile, 0.025), high = apply(ratios, 1, stats::quantile, 0.975),
                    effective_share = shares)
print(table, digits = 3, row.names = FALSE)
table <- cbind(table, machine(), started = run_started, row.names = NULL)
if (fits >= 200) utils::write.csv(table, file.path(bench, "results", "structured.csv"), row.names = FALSE)
