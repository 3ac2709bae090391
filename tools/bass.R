# Rscript tools/bass.R: installs what is missing, installs relm, fits the bass data in both
# parameterizations, prints the two summaries side by side, and writes traces and station
# panels as PNG files into the folder bass-output.

project_root <- function() {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  # Rscript spells a space in its own path as ~+~.
  dirname(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))))
}

prepare <- function(root) {
  source(file.path(root, "tools", "install.R"), local = TRUE)
  install_missing(c(hard_requirements(root), "ggplot2"))
  install_relm(root)
}

samplers <- c("centered", "uncentered")

fit_bass <- function(sampler) {
  data <- transform(relm::bass, x = log(length) - ave(log(length), station))
  relm::relm(log(mercury) ~ x + (1 + x || station), data = data, sampler = sampler,
             draws = 10000, warmup = 1000, seed = 2026, progress = FALSE)
}

# One sampler's summary, with effective draws for each second of sampling.
sampler_table <- function(fit) {
  table <- summary(fit)
  seconds <- sum(fit$sampling$seconds)
  estimates <- vapply(table[c("mean", "sd", "q2.5", "q97.5")], sprintf, fmt = "%.3f",
                      character(nrow(table)))
  data.frame(estimates, rhat = sprintf("%.3f", table$rhat),
             ESS = sprintf("%.0f", table$ess_bulk),
             "ESS/s" = sprintf("%.0f", table$ess_bulk / seconds),
             row.names = table$variable, check.names = FALSE)
}

# Two tables beside each other, under their samplers' names.
print_side_by_side <- function(fits) {
  lines <- lapply(fits, function(fit) {
    old <- options(width = 200)
    on.exit(options(old))
    utils::capture.output(print(sampler_table(fit)))
  })
  width <- max(nchar(lines[[1]]))
  names_width <- max(nchar(rownames(sampler_table(fits[[1]]))))
  right <- substring(lines[[2]], names_width + 1)
  heads <- c(formatC(samplers[1], width = -width), paste0("   ", samplers[2]))
  cat(heads, sep = "")
  cat("\n", paste0(formatC(lines[[1]], width = -width), "   ", right, "\n"), sep = "")
}

write_plots <- function(fits, folder) {
  dir.create(folder, showWarnings = FALSE)
  save_plot <- function(name, plot, height) {
    file <- file.path(folder, paste0(name, ".png"))
    ggplot2::ggsave(file, plot, width = 9, height = height, dpi = 120, bg = "white")
    file
  }
  files <- unlist(lapply(samplers, function(sampler) {
    fit <- fits[[sampler]]
    c(save_plot(paste0("traces-", sampler), plot(fit), 8),
      save_plot(paste0("stations-", sampler), plot(fit, "groups"), 8))
  }))
  normalizePath(files)
}

root <- project_root()
prepare(root)
library(relm)
fits <- stats::setNames(lapply(samplers, fit_bass), samplers)
cat("\nlog(mercury) on log(length), centered within station: a line for each of 16 stations,\n",
    "4 chains of 10,000 draws by each sampler; ESS and R-hat are bulk ESS and split R-hat.\n\n",
    sep = "")
print_side_by_side(fits)
cat("\nPictures:\n", paste0("  ", write_plots(fits, "bass-output"), "\n"), sep = "")
