# Rscript bench/reml.R: estimates of relm() on real data sets of nlme, lme4 and mlmRev beside those of
# lme4::lmer() by REML, one line for each parameter, and whether they agree (reml_agrees() in
# tests/testthat/helper-reml.R says what that is). Data of packages that are not installed are skipped.
# Saved as bench/checks/reml.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "measure.R"), local = TRUE)
source(file.path(dirname(bench), "tests", "testthat", "helper-reml.R"), local = TRUE)
suppressMessages(library(relm))

rows <- lapply(long_reml_cases, function(case) {
  if (!requireNamespace(case$package, quietly = TRUE)) {
    cat(case$name, ": skipped, ", case$package, " is not installed\n", sep = "")
    return(NULL)
  }
  table <- compare_with_reml(case)
  table$agrees <- reml_agrees(table)
  cat(sprintf("%-12s %6d rows  %2d of %2d agree\n", case$name, table$rows[1], sum(table$agrees), nrow(table)))
  table
})
table <- cbind(do.call(rbind, rows), machine(), started = run_started, row.names = NULL)
utils::write.csv(table, file.path(bench, "checks", "reml.csv"), row.names = FALSE)
