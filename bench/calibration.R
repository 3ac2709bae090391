# Rscript bench/calibration.R [data sets] [families] [case ...]: simulation-based calibration of the
# scan over steps (Talts and others 2018), of Gaussian responses or, with the word `families`, of
# others; of all cases or of those whose names begin so. Parameters are drawn from their prior, data
# from these, and the ranks of the parameters among the draws of a fit are uniform where the sampler
# is right. Of each parameter, and of one effect of each grouping, the P value of the counts in ten
# parts. Saved as bench/checks/calibration.csv, or calibration_families.csv, beside the other cases
# there.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "measure.R"), local = TRUE)

# Tests' helpers, and what they see: the package's own functions.
suppressMessages(library(relm))
own <- new.env(parent = asNamespace("relm"))
for (file in c("models", "internals", "joint", "ranks")) {
  sys.source(file.path(dirname(bench), "tests", "testthat", paste0("helper-", file, ".R")), own)
}

gaussian_cases <- list(
  "crossed, slopes" = list(y ~ x + (1 + x | b) + (1 + x | c)),
  "crossed, three" = list(y ~ x + (1 | b) + (1 + x || c) + (1 | d)),
  "nested, slopes" = list(y ~ x + (1 | a) + (1 + x | b)),
  "nested and crossed" = list(y ~ x + (1 | a) + (1 + x || b) + (1 | c)),
  "two variances" = list(y ~ x + (1 | b) + (1 + x | c), sigma = ~ d)
)

family_cases <- list(
  "logistic, crossed, slopes" = list(y ~ x + (1 + x | b) + (1 | c), family = binomial(), thin = 4),
  "counts, nested, slopes" = list(y ~ x + (1 + x | a) + (1 | b), family = poisson(), thin = 4),
  "dispersed, nested and crossed" = list(y ~ x + (1 | a) + (1 | b) + (1 | c),
                                         family = negative_binomial(), thin = 4),
  "cloglog, one" = list(y ~ x + (1 + x | b), family = binomial("cloglog"), thin = 2)
)

words <- commandArgs(TRUE)
of_families <- "families" %in% words
cases <- if (of_families) family_cases else gaussian_cases
is_number <- grepl("^[0-9]+$", words)
n_data <- if (any(is_number)) as.integer(words[is_number]) else 1000L
named <- setdiff(words[!is_number], "families")
chosen <- lapply(named, function(name) which(startsWith(names(cases), name)))
if (any(lengths(chosen) != 1)) stop("cases are ", paste0('"', names(cases), '"', collapse = ", "))
if (length(named)) cases <- cases[unlist(chosen)]

rows <- lapply(names(cases), function(name) {
  ranks <- do.call(own$ranks_of_truth, c(cases[[name]], list(n_data = n_data, seed = 1e5)))
  p <- own$uniform_by_row(ranks)
  cat(sprintf("%-20s least of %d P values: %.3g\n", name, length(p), min(p)))
  data.frame(case = name, formula = deparse1(cases[[name]][[1]]), variable = rownames(ranks),
             data_sets = n_data, p = p)
})
table <- cbind(do.call(rbind, rows), machine(), started = run_started, row.names = NULL)
file <- file.path(bench, "checks", paste0("calibration", if (of_families) "_families", ".csv"))
if (file.exists(file)) {
  before <- utils::read.csv(file)
  table <- rbind(before[!before$case %in% names(cases), ], table)
}
utils::write.csv(table, file, row.names = FALSE)
