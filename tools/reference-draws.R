# Rscript tools/reference-draws.R: writes the draws of the installed package that
# tests/testthat/test-reference.R compares with, and what machine they were made on. To be run only
# where draws are meant to change, with the reason in the commit.

library(relm)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
tests <- file.path(dirname(dirname(normalizePath(script))), "tests", "testthat")
for (helper in c("helper-models.R", "helper-every_model.R", "helper-reference.R")) source(file.path(tests, helper))
draws <- lapply(reference_cases(), reference_draws_of)
file <- file.path(tests, "fixtures", "reference-draws.rds")
dir.create(dirname(file), showWarnings = FALSE)
saveRDS(list(machine = reference_machine(), draws = draws), file, version = 2, compress = "xz")
cat(length(draws), "cases,", file.size(file), "bytes\n")
