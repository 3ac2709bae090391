# Rscript tools/keep-results.R: puts copies of the benchmarks' results that vignettes show into the package,
# compressed, since an installed package is to be small.

for (kept in list.files("inst/bench", pattern = "[.]csv[.]gz$")) {
  lines <- readLines(file.path("bench", "results", sub("[.]gz$", "", kept)))
  out <- gzfile(file.path("inst", "bench", kept), "wb", compression = 9)
  writeLines(lines, out)
  close(out)
}
