# What the project's own scripts need: R packages, relm itself, and the programs R CMD check calls.
# Defines functions only; nothing happens when it is sourced.

# R packages -------------------------------------------------------------------------------------

# `packages` are requirements in the words of a DESCRIPTION file: "coda", "testthat (>= 3.0.0)".
install_missing <- function(packages) {
  packages <- Filter(is_missing, packages)
  if (length(packages) == 0L) return(invisible())
  use_writable_library()
  if (can_use_apt()) {
    apt_update()
    apt_install(debian_names(packages))
  }
  install_from_cran(Filter(is_missing, packages))
  still_missing <- Filter(is_missing, packages)
  if (length(still_missing) > 0L) {
    stop("These R packages could not be installed: ", toString(still_missing),
         ". Install them by hand and try again.", call. = FALSE)
  }
}

# Packages that tests of their methods skip without: prebuilt, or not at all.
install_prebuilt_if_there <- function(packages) {
  packages <- Filter(is_missing, packages)
  if (length(packages) > 0L && can_use_apt()) apt_install(debian_names(packages))
}

declared_packages <- function(root) requirements_in(root, c("Imports", "LinkingTo", "Suggests"))

hard_requirements <- function(root) requirements_in(root, c("Imports", "LinkingTo"))

requirements_in <- function(root, fields) {
  fields <- read.dcf(file.path(root, "DESCRIPTION"), fields = fields)
  requirements <- trimws(unlist(strsplit(fields[!is.na(fields)], ",")))
  requirements[nzchar(requirements)]
}

is_missing <- function(requirement) {
  name <- package_name(requirement)
  if (length(find.package(name, quiet = TRUE)) == 0L) return(TRUE)
  utils::packageVersion(name) < minimum_version(requirement)
}

package_name <- function(requirement) sub("[[:space:]]*\\(.*", "", requirement)

minimum_version <- function(requirement) {
  bounded <- grepl(">=", requirement, fixed = TRUE)
  if (bounded) sub(".*>=[[:space:]]*([0-9.-]+).*", "\\1", requirement) else "0"
}

use_writable_library <- function() {
  if (file.access(.libPaths()[1L], mode = 2L) == 0L) return(invisible())
  personal <- path.expand(strsplit(Sys.getenv("R_LIBS_USER"), .Platform$path.sep)[[1L]][1L])
  dir.create(personal, recursive = TRUE, showWarnings = FALSE)
  .libPaths(c(personal, .libPaths()))
}

install_from_cran <- function(packages) {
  if (length(packages) == 0L) return(invisible())
  choose_cran()
  packages <- package_name(packages)
  # A release on CRAN may ask for a newer R than this one; Debian's copy of a dependency never does.
  if (can_use_apt()) apt_install(debian_names(Filter(is_missing, cran_dependencies(packages))))
  message("Installing from CRAN: ", toString(packages))
  logs <- tempfile("logs")
  dir.create(logs)
  old <- options(timeout = max(600, getOption("timeout")))
  on.exit(options(old))
  utils::install.packages(packages, lib = .libPaths()[1L], quiet = TRUE, keep_outputs = logs,
                          Ncpus = max(1L, parallel::detectCores(), na.rm = TRUE))
  for (log in log_files(logs, Filter(is_missing, packages))) show_log(log)
}

choose_cran <- function() {
  if (identical(unname(getOption("repos")["CRAN"]), "@CRAN@")) {
    utils::chooseCRANmirror(ind = 1L, local.only = TRUE)
  }
}

cran_dependencies <- function(packages) {
  index <- utils::available.packages()
  unique(unlist(tools::package_dependencies(packages, db = index, recursive = TRUE)))
}

log_files <- function(folder, packages) {
  files <- file.path(folder, paste0(package_name(packages), ".out", recycle0 = TRUE))
  files[file.exists(files)]
}

# Debian's packages ------------------------------------------------------------------------------

can_use_apt <- function() {
  nzchar(Sys.which("apt-get")) && identical(unname(Sys.info()["effective_user"]), "root")
}

debian_names <- function(packages) {
  paste0("r-cran-", tolower(package_name(packages)), recycle0 = TRUE)
}

# A machine that cannot refresh its index may still install from the one it has.
apt_update <- function() run("apt-get", c("update", "-qq"), on_failure = warning)

apt_install <- function(names) {
  names <- intersect(names, system2("apt-cache", "pkgnames", stdout = TRUE))
  if (length(names) == 0L) return(invisible())
  message("Installing with apt-get: ", toString(names))
  flags <- c("-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600")
  run("apt-get", c("install", flags, names), env = "DEBIAN_FRONTEND=noninteractive",
      on_failure = warning)
}

# Programs that R CMD check and R CMD build call -------------------------------------------------

install_check_tools <- function() {
  names <- c("pandoc", "tidy", "qpdf", "texlive-latex-base", "texlive-latex-recommended",
             "texlive-fonts-recommended")
  if (can_use_apt()) {
    names <- Filter(Negate(is_debian_installed), names)
    if (length(names) == 0L) return(invisible())
    apt_update()
    apt_install(names)
  }
  programs <- c("pandoc", "tidy", "qpdf", "pdflatex")
  absent <- programs[!nzchar(Sys.which(programs))]
  if (length(absent) > 0L) {
    stop("R CMD check needs these programs: ", toString(absent), call. = FALSE)
  }
}

is_debian_installed <- function(name) {
  query <- c("-W", "-f", shQuote("${db:Status-Status}"), name)
  status <- suppressWarnings(system2("dpkg-query", query, stdout = TRUE, stderr = FALSE))
  identical(as.character(status), "installed")
}

# relm itself ------------------------------------------------------------------------------------

# Installs from a copy, so that no object file appears among the sources, and only when the sources
# differ from those installed.
install_relm <- function(root) {
  use_writable_library()
  files <- source_files(root)
  fingerprint <- c(R.version.string, paste(tools::md5sum(file.path(root, files)), files))
  stamp <- file.path(.libPaths()[1L], "relm", "sources.md5")
  if (file.exists(stamp) && identical(readLines(stamp), fingerprint)) return(invisible())
  message("Installing relm")
  copy <- copy_files(root, files)
  on.exit(unlink(copy, recursive = TRUE))
  run(file.path(R.home("bin"), "R"),
      c("CMD", "INSTALL", shQuote(paste0("--library=", .libPaths()[1L])), shQuote(copy)))
  writeLines(fingerprint, stamp)
}

source_files <- function(root) {
  top <- intersect(c("DESCRIPTION", "NAMESPACE", "NEWS.md"), list.files(root))
  below <- lapply(c("R", "src", "data", "inst", "man"), function(folder) {
    file.path(folder, list.files(file.path(root, folder), recursive = TRUE))
  })
  files <- sort(c(top, unlist(below)), method = "radix")
  files[!grepl("\\.(o|so|dll)$", files)]
}

copy_files <- function(root, files) {
  copy <- tempfile("relm")
  for (folder in unique(file.path(copy, dirname(files)))) dir.create(folder, FALSE, TRUE)
  file.copy(file.path(root, files), file.path(copy, files))
  copy
}

# Commands ---------------------------------------------------------------------------------------

# Runs a command whose output matters only if it fails.
run <- function(command, args, env = character(), on_failure = stop) {
  log <- tempfile("log")
  on.exit(unlink(log))
  status <- system2(command, args, stdout = log, stderr = log, env = env)
  if (status == 0L) return(invisible())
  show_log(log)
  on_failure("`", paste(c(command, args), collapse = " "), "` failed with status ", status,
             call. = FALSE)
}

show_log <- function(log) writeLines(readLines(log, warn = FALSE), stderr())
