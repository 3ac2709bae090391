# Rscript tools/keep-results.R: puts copies of the results of benchmarks and checks that vignettes show into the
# package, compressed, since an installed package is to be small.

for (kept in list.files("inst/bench", pattern = "[.]csv[.]gz$")) {
  source <- file.path("bench", c("results", "checks"), sub("[.]gz$", "", kept))
  lines <- readLines(source[file.exists(source)])
  out <- gzfile(file.path("inst", "bench", kept), "wb", compression = 9)
  writeLines(lines, out)
  close(out)
}
