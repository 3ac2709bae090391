# Other sessions, which share nothing with this one but files, and other insides of the package.

# Evaluates code there with `object` read from a file; without the package's functions being
# attached unless the code attaches them.
in_another_session <- function(object, code) {
  files <- tempfile(c("object", "answer", "script"))
  on.exit(unlink(files))
  saveRDS(object, files[1])
  script <- bquote({
    .libPaths(.(c(dirname(find.package("relm")), .libPaths())))
    object <- readRDS(.(files[1]))
    saveRDS(.(substitute(code)), .(files[2]))
  })
  dput(script, file = files[3])
  log <- system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(files[3])),
                 stdout = TRUE, stderr = TRUE)
  if (!file.exists(files[2])) stop(paste(log, collapse = "\n"))
  readRDS(files[2])
}

# Evaluates code while an object of the package has another value.
with_relm <- function(name, value, code) {
  namespace <- asNamespace("relm")
  old <- get(name, namespace)
  put <- function(value) {
    unlockBinding(name, namespace)
    assign(name, value, namespace)
    lockBinding(name, namespace)
  }
  on.exit(put(old))
  put(value)
  force(code)
}
