# The time that R's generator alone takes for the variates of a sampler, and the clock that the
# scripts of this folder share.

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

variates_seconds <- function(sweeps, normals, uniforms, shapes) {
  seconds(.Call("bench_floor", as.integer(sweeps), as.integer(normals), as.integer(uniforms),
                shapes))
}

# Seconds of `sweeps` sweeps' variates: q effects of each group, p coefficients, a gamma
# for each variance.
floor_seconds <- function(sweeps, J, n, q, p) {
  variates_seconds(sweeps, J * q + p, 0, c(rep((J - 1) / 2, q), n / 2))
}

# Seconds of the variates of `draws` draws by the collapsed sampler, with a diagonal Sigma: q
# effects of each group, p coefficients, a gamma for sigma; and for each proposal its normals, its
# chi-square and the uniform that decides. `proposals` are those that a draw cannot do without.
collapsed_floor_seconds <- function(draws, J, n, q, p, df = 6, proposals = 1) {
  variates_seconds(draws, J * q + p + proposals * q, proposals,
                   c(rep(df / 2, proposals), (n - p - q) / 2))
}

# Wall-clock time, to the microsecond; or, under the option, processor time, to the millisecond,
# for a machine that is busy with other work.
seconds <- function(code) {
  started <- clock()
  force(code)
  clock() - started
}

clock <- function() {
  if (isTRUE(getOption("bench.processor_time"))) sum(proc.time()[-3]) else as.numeric(Sys.time())
}
