# Rscript bench/crossed.R [case ...]: models with several groupings. The worst of bulk and tail effective
# draws over all hyperparameters of relm(), whole calls, at 4 x 1,000 draws and, for the small ones, at
# 4 x 10,000; and the processor time in which 1,000 effective draws come over that of a fit of
# lme4::lmer(). Each call runs in a process of its own, all in turn. Saved as bench/results/crossed.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "measure.R"), local = TRUE)
options(bench.processor_time = TRUE)

cases <- list(
  maximal = list(
    formula = "y ~ c + (1 + c | subj) + (1 + c | item)", draws = c(1000, 10000),
    data = 'set.seed(2); data <- expand.grid(subj = 1:40, item = 1:24)
data$c <- ifelse((data$subj + data$item) %% 2 == 0, 0.5, -0.5)
s <- MASS::mvrnorm(40, c(0, 0), matrix(c(0.30, 0.09, 0.09, 0.15), 2))
i <- MASS::mvrnorm(24, c(0, 0), matrix(c(0.15, 0.03, 0.03, 0.09), 2))
data$y <- 1 + 0.5 * data$c + s[data$subj, 1] + s[data$subj, 2] * data$c + i[data$item, 1] +
  i[data$item, 2] * data$c + rnorm(960, sd = 0.8)'),
  Penicillin = list(formula = "diameter ~ 1 + (1 | plate) + (1 | sample)", draws = c(1000, 10000),
                    data = "data <- lme4::Penicillin"),
  InstEval = list(formula = "y ~ service + (1 | s) + (1 | d) + (1 | dept)", draws = 1000,
                  data = "data <- lme4::InstEval"),
  nested = list(
    formula = "y ~ x + (1 | district) + (1 | school) + (1 | class)", draws = 1000,
    data = "set.seed(1); n <- 1e6; class <- sample(40000, n, TRUE); school <- class %% 1000
district <- school %% 20; x <- rnorm(n)
data <- data.frame(class, school, district, x)
data$y <- 1 + 0.5 * x + rnorm(40000)[class] * 0.5 + rnorm(1000)[school + 1] * 0.4 +
  rnorm(20)[district + 1] * 0.3 + rnorm(n)"),
  random = list(
    formula = "y ~ x + (1 | g1) + (1 | g2)", draws = 1000,
    data = "set.seed(1); n <- 1e5
data <- data.frame(g1 = sample(1000, n, TRUE), g2 = sample(1000, n, TRUE), x = rnorm(n))
data$y <- data$x + rnorm(1000)[data$g1] * 0.5 + rnorm(1000)[data$g2] * 0.7 + rnorm(n)"),
  slopes = list(
    formula = "y ~ x + (1 + x || g1) + (1 | g2)", draws = 1000,
    data = "set.seed(1); n <- 1e5
data <- data.frame(g1 = sample(1000, n, TRUE), g2 = sample(1000, n, TRUE), x = rnorm(n))
data$y <- data$x + rnorm(1000)[data$g1] * 0.5 + rnorm(1000)[data$g2] * 0.7 + rnorm(n)")
)

numbers_of <- function(code) {
  file <- tempfile(fileext = ".R")
  writeLines(code, file)
  output <- suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), file, stdout = TRUE,
                                     stderr = FALSE))
  numbers <- grep("^NUMBERS", output, value = TRUE)
  if (length(numbers)) as.numeric(strsplit(numbers, " ")[[1]][-1]) else rep(NA_real_, 2)
}

relm_numbers <- function(case, draws) {
  numbers_of(c(case$data, "suppressMessages(library(relm))", sprintf(
    'seconds <- sum(system.time(fit <- relm(%s, data, draws = %d, seed = 1, group_draws = FALSE,
                                            progress = FALSE))[1:2])
hyper <- posterior::summarise_draws(posterior::as_draws_array(fit), "ess_bulk", "ess_tail")
cat("NUMBERS", seconds, min(hyper$ess_bulk, hyper$ess_tail), "\\n")', case$formula, draws)))
}

lmer_seconds <- function(case) {
  numbers_of(c(case$data, "suppressMessages(library(lme4))", sprintf(
    'cat("NUMBERS", sum(system.time(lmer(%s, data))[1:2]), "\\n")', case$formula)))[1]
}

rows_of_case <- function(name) {
  case <- cases[[name]]
  lmer <- lmer_seconds(case)
  rows <- lapply(case$draws, function(draws) {
    relm <- relm_numbers(case, as.integer(draws))
    data.frame(case = name, formula = case$formula, draws = 4 * draws, seconds = relm[1],
               ess = relm[2], ess_per_second = relm[2] / relm[1],
               ess_per_draw = relm[2] / (4 * draws), lmer_seconds = lmer,
               thousand_over_lmer = 1000 * relm[1] / relm[2] / lmer)
  })
  do.call(rbind, rows)
}

chosen <- commandArgs(TRUE)
if (length(chosen) == 0) chosen <- names(cases)
table <- do.call(rbind, lapply(chosen, function(name) {
  rows <- rows_of_case(name)
  print(rows, digits = 3, row.names = FALSE)
  rows
}))
table <- cbind(table, machine(), started = run_started, row.names = NULL)
file <- file.path(bench, "results", "crossed.csv")
if (file.exists(file)) {
  saved <- utils::read.csv(file)
  table <- rbind(saved[!saved$case %in% chosen, ], table)
}
utils::write.csv(table, file, row.names = FALSE)
