# Rscript bench/crossed.R [case ...] [--only=peer,peer]: models with several groupings, relm against
# its peers and lmer in one run, each call in a process of its own. Processor time; effective draws
# are the worst of bulk and tail of all hyperparameters. relm's seconds are those of whole calls, at
# 4 x 1,000 and at 4 x 10,000 draws, a peer's those of sampling alone. Saved as
# bench/results/crossed.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
script <- normalizePath(gsub("~+~", " ", script, fixed = TRUE))
bench <- dirname(script)
# Before a package is loaded: peers may need newer versions of what they depend on.
.libPaths(c(strsplit(Sys.getenv("RELM_BENCH_LIBRARIES"), ":")[[1]], .libPaths()))
for (file in c("measure", "adaptors", "floor", "crossed_peers", "crossed_cases", "processes")) {
  source(file.path(bench, paste0(file, ".R")), local = TRUE)
}
options(bench.processor_time = TRUE)
adaptors_of_peers <- crossed_adaptors
point_estimate <- "lmer"
results <- "crossed.csv"

run_or_start(commandArgs(TRUE))
