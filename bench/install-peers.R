# Rscript bench/install-peers.R: installs the packages that bench/peers.R and bench/crossed.R compare
# relm with, as many of them as this machine can: prebuilt by the distribution where it has them, else
# from CRAN. Ends with a line for each. relm itself is installed by tools/bass.R or by hand.

script_folder <- function() {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  # Rscript spells a space in its own path as ~+~.
  dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
}

peers <- c("lme4", "glmmTMB", "rjags", "rstan", "rstanarm", "brms", "MCMCglmm", "mcmcsae",
           "posterior", "ggplot2")

# A peer that cannot be installed is a line in the table, not a reason to stop.
install_peers <- function() {
  use_writable_library()
  if (can_use_apt()) {
    apt_update()
    apt_install(debian_names(Filter(is_missing, peers)))
  }
  for (peer in Filter(is_missing, peers)) {
    tryCatch(install_from_cran(peer), error = function(e) message(peer, ": ", conditionMessage(e)))
  }
}

source(file.path(dirname(script_folder()), "tools", "install.R"))
if (any(vapply(peers, is_missing, NA))) install_peers()
for (peer in peers) {
  cat(sprintf("%-10s %s\n", peer,
              if (is_missing(peer)) "not installed" else format(utils::packageVersion(peer))))
}
