# Database engines that tests run on. PostgreSQL must be there; others are tried within a time
# limit, and what their tests skip says why. Defines functions only; those of tools/install.R come
# first.

install_engines <- function() {
  if (can_use_apt()) install_missing_programs()
  install_missing("RPostgres")
  for (name in names(engines_to_try)) try_engine(name, engines_to_try[[name]])
}

# For tests of Parquet files, which need no server.
install_file_readers <- function() {
  try_engine("nanoparquet", list(debian = character(), seconds = 180))
}

# What the server and what the driver's sources need.
install_missing_programs <- function() {
  needed <- c("postgresql", if (is_missing("RPostgres")) "libpq-dev")
  needed <- Filter(Negate(is_debian_installed), needed)
  if (length(needed) == 0L) return(invisible())
  # Debian would start a server of its own.
  settings <- "/etc/postgresql-common/createcluster.conf"
  if (!file.exists(settings)) {
    dir.create(dirname(settings), showWarnings = FALSE)
    writeLines("create_main_cluster = false", settings)
  }
  apt_update()
  apt_install(needed)
}

# Packages, what of Debian's they need beside, and the seconds after which they are left: compiled
# anew, DuckDB takes more than an hour.
engines_to_try <- list(
  RClickhouse = list(debian = "clickhouse-server", seconds = 180),
  duckdb = list(debian = character(), seconds = 30),
  # Its library of C++ is compiled for hours where it cannot be fetched.
  arrow = list(debian = character(), seconds = 30)
)

# A package that failed is not tried again on the same machine.
try_engine <- function(package, engine) {
  if (!is_missing(package) || file.exists(failed_mark(package))) return(invisible())
  if (can_use_apt()) apt_install(c(debian_names(package), engine$debian))
  if (!is_missing(package)) return(invisible())
  choose_cran()
  message("Trying to install ", package, " within ", engine$seconds, " seconds")
  code <- sprintf("install.packages('%s', lib = '%s', repos = '%s', quiet = TRUE)", package,
                  .libPaths()[1L], getOption("repos")[["CRAN"]])
  status <- run_within(engine$seconds, file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)))
  if (!is_missing(package)) return(invisible())
  unlink(file.path(.libPaths()[1L], paste0("00LOCK-", package)), recursive = TRUE)
  file.create(failed_mark(package))
  message(package, if (status == timed_out) " takes longer" else " could not be installed",
          ": its tests are skipped")
}

# What system2() gives of a command that it ended.
timed_out <- 124L

# R warns of such a command with all of its text; the status says as much.
run_within <- function(seconds, command, arguments) {
  log <- tempfile("log")
  on.exit(unlink(log))
  suppressWarnings(system2(command, arguments, stdout = log, stderr = log, timeout = seconds))
}

failed_mark <- function(package) {
  file.path(.libPaths()[1L], paste0("relm-tried-", package))
}
