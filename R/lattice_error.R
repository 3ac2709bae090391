# How far the lattice is from the integrals over group effects, measured on draws.

# The standard deviation over draws of what half the distance between a lattice's nodes adds to
# the log density: by as much the posterior is not the model's. results: of the chains.
lattice_error <- function(model, results) {
  if (length(model$groupings) > 1) return(scan_error(model, results))
  tuning <- tuning_of_model(model)
  groups <- if (length(model$groupings)) model$groupings[[1]]$n_groups else 0
  if (groups == 0) return(0)
  hyper <- do.call(cbind, lapply(results, `[[`, "hyper"))
  n <- max(20, min(100, 2e5 / groups))
  chosen <- unique(round(seq(1, ncol(hyper), length.out = n)))
  points <- t(points_of(t(hyper[, chosen, drop = FALSE]), model, tuning))
  finer <- log_target(model, replace(tuning, "fineness", tuning$fineness / 2), points, 1)
  stats::sd(finer - log_target(model, tuning, points, 1))
}

# Above this, summary() says so.
most_lattice_error <- 1e-3

# lattice_error() of a scan: of each step's density given the effects at the ends of the chains, the
# largest of all steps.
scan_error <- function(model, results) {
  n <- max(5, min(25, 2e5 / sum(vapply(model$groupings, `[[`, 0L, "n_groups"))))
  differences <- lapply(results, function(result) {
    model$effect <- result$end$state$effect
    chosen <- unique(round(seq(1, ncol(result$hyper), length.out = n)))
    vapply(tuning_of_model(model), function(tuning) {
      points <- t(points_of(t(result$hyper[, chosen, drop = FALSE]), model, tuning))
      finer <- log_target(model, replace(tuning, "fineness", tuning$fineness / 2), points, 1)
      stats::var(finer - log_target(model, tuning, points, 1))
    }, 0)
  })
  max(sqrt(rowMeans(matrix(unlist(differences), length(model$steps)))))
}
