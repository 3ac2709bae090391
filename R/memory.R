# Refuses draws that memory cannot hold, before the machine runs out of it. Called before anything
# is made that has a part for each chain.
# kept: the groups whose effects are.
check_memory <- function(posterior, control, kept) {
  size <- size_of_draw(posterior, control, kept)
  bytes <- as.numeric(control$chains) * (size$bytes * control$draws + chain_bytes(posterior))
  free <- too_little_memory(bytes)
  if (!is.null(free)) refuse_memory(size$variables, control$chains, control$draws, bytes, free)
  invisible(bytes)
}

# Is there room for more draws of each chain beside those there are, joined to them?
room_for_more <- function(posterior, control, kept, done, more) {
  size <- size_of_draw(posterior, control, kept)$bytes * control$chains
  is.null(too_little_memory(size * (done + 2 * more)))
}

# The bytes that are free, where fewer than are wanted.
too_little_memory <- function(bytes) {
  # Little fits anywhere, and to ask the system takes as long as a small model's check.
  if (bytes < 5e7) return(NULL)
  free <- free_memory()
  if (!is.na(free) && bytes > free) free
}

# Numbers in a draw, and bytes that it takes at the peak.
size_of_draw <- function(posterior, control, kept) {
  n_hyper <- length(hyper_names(posterior))
  columns <- vapply(groupings_of(posterior), function(grouping) nrow(grouping$random), 0L)
  n_effects <- sum(columns * as.numeric(lengths(by_grouping(kept))[seq_along(columns)]))
  # Hyperparameters stand three times in memory at the peak: as they were drawn, turned,
  # and joined.
  # From other processes they come in a message, which is read.
  copies <- if (has_futures(control$cores) || control$cores > 1) 3 else 1
  list(variables = n_hyper + n_effects, bytes = 8 * (3 * n_hyper + copies * n_effects))
}

# Bytes of a chain beside its draws: the state of its generator, its own state, and lists of them.
chain_bytes <- function(posterior) {
  p <- length(posterior$fixed)
  q <- vapply(groupings_of(posterior), function(grouping) as.numeric(nrow(grouping$random)), 0)
  6000 + 8 * (p + sum(q^2) + length(strata_of(posterior)$labels))
}

refuse_memory <- function(n_variables, chains, draws, bytes, free) {
  abort("{format(chains, big.mark = ',')} chain{cli::qty(chains)}{?s} of {.arg draws} =
         {format(draws, big.mark = ',')} need {format_bytes(bytes)} of memory, and
         {format_bytes(free)} are free.",
        x = "Each draw has {format(n_variables, big.mark = ',')} numbers.",
        i = "Ask for fewer {.arg draws} or {.arg chains}, or thin the chains with
             {.arg thin}.")
}

format_bytes <- function(bytes) {
  power <- min(floor(log(bytes, 1000)), 5)
  paste(signif(bytes / 1000^power, 3), c("bytes", "kB", "MB", "GB", "TB", "PB")[power + 1])
}

# Bytes that can be allocated, where the system says so (Linux); NA elsewhere, where
# R's own error has to do.
free_memory <- function() {
  info <- tryCatch(suppressWarnings(readLines("/proc/meminfo")), error = function(e) NULL)
  line <- grep("^MemAvailable:", info, value = TRUE)
  if (length(line) != 1) return(NA_real_)
  1024 * as.numeric(gsub("[^0-9]", "", line))
}
