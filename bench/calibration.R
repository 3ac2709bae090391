# Rscript bench/calibration.R [data sets] [families | models] [case ...]: simulation-based calibration
# (Talts and others 2018): of the scan over steps with Gaussian responses; with the word `families` of
# other responses; with the word `models` of structured covariances of three columns and of residual
# variances that are known. Of all cases or of those that are named or whose names begin so. Parameters
# are drawn from their prior, data from these, and the ranks of the parameters among the draws of a fit
# are uniform where the sampler is right. Of each parameter, and of one effect of each grouping, the P
# value of the counts in ten parts. Saved as bench/checks/calibration.csv, calibration_families.csv or
# calibration_models.csv, beside the other cases there.

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

structured <- function(kind, hom) list(kind = kind, grouping = "b", hom = hom)
model_cases <- list(
  "cs" = list(y ~ x + cs(1 + x + v | b), structure = structured("cs", FALSE)),
  "cs, one sd" = list(y ~ x + cs(1 + x + v | b, hom = TRUE), structure = structured("cs", TRUE)),
  "ar1" = list(y ~ x + ar1(1 + x + v | b, hom = FALSE), structure = structured("ar1", FALSE)),
  "ar1, one sd" = list(y ~ x + ar1(1 + x + v | b), structure = structured("ar1", TRUE)),
  "diag" = list(y ~ x + diag(1 + x + v | b), structure = structured("diag", FALSE)),
  "diag, one sd" = list(y ~ x + diag(1 + x + v | b, hom = TRUE), structure = structured("diag", TRUE)),
  "nested, cs" = list(y ~ x + (1 | a) + cs(1 + x + v | b, hom = TRUE), structure = structured("cs", TRUE)),
  "crossed, ar1" = list(y ~ x + (1 | c) + ar1(1 + x + v | b), structure = structured("ar1", TRUE)),
  "known" = list(y ~ x + (1 + x | b), sigma = ~ known(w)),
  "known, nested" = list(y ~ x + (1 | a) + (1 + x | b), sigma = ~ known(w)),
  "known, crossed" = list(y ~ x + (1 + x | b) + (1 | c), sigma = ~ known(w)),
  "known, ar1" = list(y ~ x + ar1(1 + x + v | b), sigma = ~ known(w), structure = structured("ar1", TRUE))
)

words <- commandArgs(TRUE)
sets <- list(families = family_cases, models = model_cases)
set <- intersect(words, names(sets))
if (length(set) > 1) stop("one of the words `families` and `models`, or none")
cases <- if (length(set)) sets[[set]] else gaussian_cases
is_number <- grepl("^[0-9]+$", words)
n_data <- if (any(is_number)) as.integer(words[is_number]) else 1000L
named <- setdiff(words[!is_number], set)
chosen <- lapply(named, function(name) {
  if (name %in% names(cases)) match(name, names(cases)) else which(startsWith(names(cases), name))
})
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
file <- file.path(bench, "checks", paste0(paste(c("calibration", set), collapse = "_"), ".csv"))
if (file.exists(file)) {
  before <- utils::read.csv(file)
  table <- rbind(before[!before$case %in% names(cases), ], table)
}
utils::write.csv(table, file, row.names = FALSE)
