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

# In a new session the values of these expressions, or the messages of their errors, after `setup`.
values_in_session <- function(packages, setup, expressions) {
  object <- list(packages = packages, setup = setup, expressions = expressions)
  values <- in_another_session(object, {
    for (package in object$packages) {
      suppressWarnings(suppressPackageStartupMessages(library(package, character.only = TRUE)))
    }
    eval(object$setup, globalenv())
    lapply(object$expressions, function(expression) {
      set.seed(1)
      tryCatch(suppressMessages(suppressWarnings(eval(expression, globalenv()))),
               error = function(e) paste("error:", conditionMessage(e)))
    })
  })
  stats::setNames(values, vapply(expressions, deparse1, ""))
}

# Expressions in `fit` and `second`, with two fits in their place by name.
on_fits <- function(fit, second, generics) {
  names <- list(fit = as.name(fit), second = as.name(second))
  as.expression(lapply(as.list(generics), function(expression) {
    do.call(substitute, list(expression, names))
  }))
}

# Waits for a file that another process makes, long enough for a machine that does much else.
wait_for <- function(file) {
  give_up <- Sys.time() + 180
  while (!file.exists(file) && Sys.time() < give_up) Sys.sleep(0.02)
}

# Starts code in another R, which saves its process number as the file "pid" of a folder, and waits
# for that number.
start_script <- function(script, folder) {
  dput(script, file <- file.path(folder, "script.R"))
  system2(file.path(R.home("bin"), "Rscript"), shQuote(file), wait = FALSE, stdout = FALSE,
          stderr = FALSE)
  wait_for(file.path(folder, "pid"))
  readRDS(file.path(folder, "pid"))
}

# The processes that this one has started and that have not ended, where the system is Linux.
child_processes <- function() {
  status <- vapply(Sys.glob("/proc/[0-9]*/stat"), function(file) {
    # A process that ends meanwhile leaves nothing to read.
    tryCatch(c(readLines(file, 1, warn = FALSE), "")[1], error = function(e) "",
             warning = function(w) "")
  }, "", USE.NAMES = FALSE)
  own <- grepl(paste0("^[0-9]+ \\(.*\\) [A-Z] ", Sys.getpid(), " "), status)
  sub(" .*", "", status[own])
}
