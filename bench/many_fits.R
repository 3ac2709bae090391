# Rscript bench/many_fits.R [fits]: processor time of 1,000 fits of relm() at its defaults, or of as many
# as are asked for, over that of lme4::lmer() to the same data, simulated from fits to lme4's sleepstudy
# and to bass. The two take turns from 25 data sets to the next, each after a fit that does not count,
# which loads packages; the interval is of a bootstrap over these blocks. relm draws 4,000 times in each
# fit. Saved as bench/results/many_fits.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "measure.R"), local = TRUE)
suppressMessages(library(relm))
fits <- as.integer(c(commandArgs(TRUE), 1000)[1])

models <- list(
  sleepstudy = list(formula = Reaction ~ Days + (1 + Days | Subject), data = lme4::sleepstudy),
  bass = list(formula = log_mercury ~ x + (1 + x || station),
              data = transform(bass, log_mercury = log(mercury),
                               x = log(length) - ave(log(length), station)))
)

compare_fits <- function(name) {
  formula <- models[[name]]$formula
  data <- models[[name]]$data
  simulated <- simulate(relm(formula, data, seed = 1, progress = FALSE), nsim = fits, seed = 1,
                        use.u = FALSE)
  response <- all.vars(formula)[1]
  fit <- list(
    relm = function(data, i) relm(formula, data, seed = i, progress = FALSE),
    lmer = function(data, i) suppressMessages(suppressWarnings(lme4::lmer(formula, data)))
  )
  for (one in fit) one(data, 1)
  blocks <- split(seq_len(fits), (seq_len(fits) - 1) %/% 25)
  seconds <- t(vapply(blocks, function(block) {
    vapply(fit, function(one) {
      processor_seconds(for (i in block) {
        data[[response]] <- simulated[[i]]
        one(data, i)
      })
    }, 0)
  }, numeric(2)))
  set.seed(1)
  ratios <- replicate(2000, {
    sums <- colSums(seconds[sample.int(nrow(seconds), replace = TRUE), , drop = FALSE])
    sums[["relm"]] / sums[["lmer"]]
  })
  total <- colSums(seconds)
  data.frame(model = name, fits = fits, relm_seconds = total[["relm"]], lmer_seconds = total[["lmer"]],
             ratio = total[["relm"]] / total[["lmer"]], low = stats::quantile(ratios, 0.025, names = FALSE),
             high = stats::quantile(ratios, 0.975, names = FALSE))
}

table <- do.call(rbind, lapply(names(models), compare_fits))
print(table, digits = 3, row.names = FALSE)
table <- cbind(table, machine(), started = run_started, row.names = NULL)
if (fits >= 1000) utils::write.csv(table, file.path(bench, "results", "many_fits.csv"), row.names = FALSE)
