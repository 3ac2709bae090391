# Rscript tools/site.R [folder]: the site, from the sources and the installed package, without a
# network, into a folder; into site/ unless another is named. It needs pkgdown and pandoc.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
# Rscript spells a space in its own path as ~+~.
root <- dirname(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))))
folder <- commandArgs(trailingOnly = TRUE)
folder <- if (length(folder) > 0L) folder[1L] else file.path(root, "site")
if (!startsWith(folder, "/")) folder <- file.path(getwd(), folder)

options(pkgdown.internet = FALSE)
pkgdown::build_site(root, override = list(destination = folder), preview = FALSE,
                    new_process = FALSE, install = FALSE)
