# Rscript tools/teaching.R [folder]: makes pages of the slides, exercises and solutions by the
# installed package, in a folder, teaching/ unless another is named; and draws the cheat sheet of
# inst/cheatsheet anew.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
# Rscript spells a space in its own path as ~+~.
root <- dirname(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))))
folder <- c(commandArgs(trailingOnly = TRUE), file.path(root, "teaching"))[1L]
dir.create(folder, showWarnings = FALSE, recursive = TRUE)
folder <- normalizePath(folder)

pages <- file.path(root, "inst", c("slides/slides.Rmd", "teaching/exercises.Rmd", "teaching/solutions.Rmd"))
for (page in pages) {
  scratch <- tempfile("page")
  dir.create(scratch)
  file.copy(list.files(dirname(page), full.names = TRUE), scratch)
  rmarkdown::render(file.path(scratch, basename(page)), output_dir = folder, quiet = TRUE)
}

setwd(file.path(root, "inst", "cheatsheet"))
sys.source("cheatsheet.R", new.env(), chdir = FALSE)
