# Compiles floor.c into a temporary folder and loads it.
load_floor <- function(bench) {
  folder <- tempfile("relm-floor-")
  dir.create(folder)
  file.copy(file.path(bench, "floor.c"), folder)
  library_file <- file.path(folder, paste0("floor", .Platform$dynlib.ext))
  arguments <- c("CMD", "SHLIB", "-o", shQuote(library_file), shQuote(file.path(folder, "floor.c")))
  output <- system2(file.path(R.home("bin"), "R"), arguments, stdout = TRUE, stderr = TRUE)
  if (!file.exists(library_file)) stop("floor.c does not compile:\n", paste(output, collapse = "\n"))
  dyn.load(library_file)
}

# Seconds of `sweeps` sweeps' variates: q effects of each group, p coefficients, a gamma
# for each variance.
floor_seconds <- function(sweeps, J, n, q, p) {
  shapes <- c(rep((J - 1) / 2, q), n / 2)
  seconds(.Call("bench_floor", as.integer(sweeps), as.integer(J * q + p), shapes))
}

seconds <- function(code) system.time(code, gcFirst = FALSE)[["elapsed"]]
