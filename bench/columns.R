# Rscript bench/columns.R [library]: processor time of fits with many fixed columns, 10,000 rows in
# 500 groups, over that of lme4::lmer() on the same data; and, of the first two cases, where the folder
# of a library is named that holds another version of relm, over that version's. Each call runs in a process of its own, all
# in turn: twice, of which the quicker counts, where it takes less than 20 s. NA is a call that fails
# or takes over a quarter of an hour. Saved as bench/results/columns.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "measure.R"), local = TRUE)
other <- commandArgs(TRUE)[1]
options(bench.processor_time = TRUE)

chains <- "chains = 4, draws = 1000"
cases <- list(
  list(case = "intercept", p = 300, formula = y ~ X + (1 | g), relm = chains, before = TRUE),
  list(case = "intercept, ten draws", p = 1000, formula = y ~ X + (1 | g),
       relm = "chains = 1, draws = 10", before = TRUE),
  list(case = "slope", p = 300, formula = y ~ X + (1 + v || g), relm = chains),
  list(case = "normal coefficients", p = 300, formula = y ~ X + (1 | g),
       relm = paste0(chains, ", prior = relm_prior(beta = normal(0, 1))")),
  list(case = "two residual variances", p = 300, formula = y ~ X + (1 | g),
       relm = paste0(chains, ", sigma = ~ f"))
)

data_code <- function(p) sprintf('set.seed(1); n <- 10000; J <- 500
X <- matrix(rnorm(n * %d), n)
data <- data.frame(g = sample(J, n, TRUE), f = rep_len(c("a", "b"), n), v = rnorm(n))
data$y <- X[, 1] + rnorm(J)[data$g] + rnorm(n)
data$X <- X', p)

most_seconds <- 900

# Seconds of a call in a process of its own.
seconds_of <- function(data, attach, call) {
  file <- tempfile(fileext = ".R")
  writeLines(c(data, attach, sprintf('cat("SECONDS", sum(system.time(%s)[1:2]), "\\n")', call)),
             file)
  output <- suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), file, stdout = TRUE,
                                     stderr = FALSE, timeout = most_seconds))
  seconds <- sub("SECONDS ", "", grep("^SECONDS", output, value = TRUE))
  if (length(seconds)) as.numeric(seconds) else NA
}

attach_code <- function(library) {
  where <- if (is.na(library)) "" else sprintf(", lib.loc = %s", deparse(library))
  sprintf("suppressMessages(library(relm%s))", where)
}

version_in <- function(library) {
  format(utils::packageVersion("relm", lib.loc = if (!is.na(library)) library))
}

run_columns <- function(case) {
  compared <- isTRUE(case$before) && !is.na(other)
  formula <- deparse1(case$formula)
  relm <- sprintf("relm(%s, data, %s, seed = 1, progress = FALSE)", formula, case$relm)
  peers <- list(relm = list(attach_code(NA), relm),
                lmer = list("suppressMessages(library(lme4))",
                            sprintf("lmer(%s, data)", formula)),
                "relm before" = if (compared) list(attach_code(other), relm))
  peers <- Filter(Negate(is.null), peers)
  run <- function(peer) seconds_of(data_code(case$p), peer[[1]], peer[[2]])
  seconds <- vapply(peers, run, 0)
  again <- !is.na(seconds) & seconds < long
  seconds[again] <- pmin(seconds[again], vapply(peers[again], run, 0))
  rows <- data.frame(case = case$case, columns = case$p, peer = names(peers),
                     version = c(version_in(NA), format(utils::packageVersion("lme4")),
                                 if (compared) version_in(other)),
                     call = vapply(peers, `[[`, "", 2), seconds = seconds,
                     ratio = seconds[["relm"]] / seconds, row.names = NULL)
  print(format(rows[c("case", "columns", "peer", "seconds", "ratio")], digits = 3),
        row.names = FALSE)
  cbind(rows, machine())
}

rows <- do.call(rbind, lapply(cases, run_columns))
utils::write.csv(rows, file.path(bench, "results", "columns.csv"), row.names = FALSE)
