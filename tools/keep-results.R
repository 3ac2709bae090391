# Rscript tools/keep-results.R: copies the results of benchmarks and checks that vignettes show to where
# these are built. They are not installed with the package, which is to be small.

for (kept in list.files(file.path("vignettes", "results"), pattern = "[.]csv$")) {
  source <- file.path("bench", c("results", "checks"), kept)
  file.copy(source[file.exists(source)], file.path("vignettes", "results", kept), overwrite = TRUE)
}
