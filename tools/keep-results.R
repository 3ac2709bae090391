# Rscript tools/keep-results.R: copies the results of benchmarks and checks that vignettes show to where
# vignettes are built. They are not installed with the package, which is to be small.

for (kept in list.files(file.path("vignettes", "results"), pattern = "[.]csv$")) {
  source <- file.path(c("bench/results", "bench/checks", "tools"), kept)
  file.copy(source[file.exists(source)], file.path("vignettes", "results", kept), overwrite = TRUE)
}
