# The package's own code, where its sources are beside the tests.

source_folder <- function() {
  folder <- test_path("..", "..", "R")
  skip_if_not(dir.exists(folder), "no sources")
  skip_if_not_installed("codetools")
  folder
}

# For each name that a file defines at top level: its file, and its value as code.
definitions <- function(folder) {
  files <- list.files(folder, "\\.R$", full.names = TRUE)
  found <- lapply(files, function(file) {
    assigned <- Filter(function(code) {
      is.call(code) && identical(code[[1]], quote(`<-`)) && is.name(code[[2]])
    }, as.list(parse(file, keep.source = FALSE)))
    data.frame(name = vapply(assigned, function(code) as.character(code[[2]]), ""),
               file = rep(sub("\\.R$", "", basename(file)), length(assigned)),
               value = I(lapply(assigned, `[[`, 3)))
  })
  do.call(rbind, found)
}
