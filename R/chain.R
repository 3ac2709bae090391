# One chain of a sampler: what C is given to start from, and what it gives back.

# Runs one chain from a start (beta, Sigma, sigma2, perhaps shape or df) or a state (theta, Sigma,
# sigma2, point, effect, shape, df, near), on the current stream of R's generator. kept: the groups,
# from 0, whose effects are stored.
sample_chain <- function(model, sampler, start, draws, warmup = 0L, thin = 1L,
                         kept = NULL, progress = NULL) {
  start <- with_lists(start)
  theta <- if (is.null(start$theta)) beta_to_theta(model, start$beta) else start$theta
  kept <- if (is.null(kept)) {
    lapply(model$groupings, function(grouping) seq_len(grouping$n_groups) - 1L)
  } else rep_len(lapply(by_grouping(kept), as.integer), length(model$groupings))
  start <- list(theta = theta, Sigma = lapply(start$Sigma, as.numeric),
                sigma2 = as.numeric(start$sigma2), point = lapply(start$point, as.numeric),
                effect = start$effect, shape = as.numeric(start$shape), df = as.numeric(start$df),
                near = start$near)
  result <- tryCatch(
    .Call(ffi_run_chain, model, sampler, start, as.integer(c(warmup, draws, thin)), kept, progress),
    error = function(e) abort("{conditionMessage(e)}")
  )
  if (result$interrupted) {
    result <- first_draws(result, max(0L, (result$sweeps - as.integer(warmup)) %/% as.integer(thin)))
  }
  # Columns x groups x draws, of several groupings a list of these.
  n <- length(result$effects)
  if (n < 2) result$effects <- if (n) result$effects[[1]] else array(0, c(0, 0, draws))
  result
}

# The first n draws of a chain.
first_draws <- function(result, n) {
  if (n == ncol(result$hyper)) return(result)
  result$hyper <- result$hyper[, seq_len(n), drop = FALSE]
  if (!is.null(result$effects)) {
    result$effects <- map_groupings(function(effects) effects[, , seq_len(n), drop = FALSE],
                                    result$effects)
  }
  result
}

# Sigma of a start is a list by grouping, and its point one by step, or by grouping where a Gibbs
# sampler has coordinates. Fits of versions before have saved those of one grouping.
with_lists <- function(start) {
  as_list <- function(x) if (is.list(x)) x else if (length(x)) list(x) else list()
  start$Sigma <- as_list(start$Sigma)
  start$point <- as_list(start$point)
  start
}
