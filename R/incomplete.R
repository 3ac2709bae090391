# Fits of what stopped chains have, which have fewer chains or draws than were asked for.

# How many draws of its last round each chain has.
draws_left <- function(results) {
  vapply(results, function(result) if (is.null(result)) 0L else ncol(result$hyper), 0L)
}

# Of chains with so many draws: those that have the most in all as a rectangle, and how many draws each.
largest_rectangle <- function(counts) {
  falling <- order(counts, decreasing = TRUE)
  n <- which.max(seq_along(counts) * as.numeric(counts[falling]))
  list(chains = sort(falling[seq_len(n)]), draws = counts[falling[n]])
}

# A fit of the first round of chains, or of several with all before.
fit_of_left <- function(fit, left) {
  plan <- left$plan
  results <- left$results
  if (is.null(results)) results <- vector("list", plan$control$chains)
  counts <- draws_left(results) + if (is.null(left$before)) 0L else draws_left(left$before)
  part <- largest_rectangle(counts)
  if (part$draws == 0) {
    abort("The fit was stopped before the first draw.",
          i = "Its chains were still in their warm-up of {plan$control$warmup} sweeps.")
  }
  asked <- list(chains = plan$control$chains, draws = fit$control$draws)
  cut <- counts[part$chains] > part$draws
  stopped <- vapply(results[part$chains], function(result) isTRUE(result$interrupted), NA)
  results <- lapply(part$chains, function(chain) {
    before <- left$before[[chain]]
    result <- results[[chain]]
    if (!is.null(result)) {
      result <- whole_result(result, part$draws - draws_before(before$end), plan, chain, before$end)
    }
    if (is.null(before)) return(result)
    if (is.null(result)) before else join_runs(list(before), list(result))[[1]]
  })
  fit$sampling <- sampling_of(plan_of_chains(plan, part$chains), fit$posterior, results)
  mark_incomplete(fit, asked, !any(cut | stopped))
}

# The first n draws of a chain's result with their effects. Where effects are summed, the sums are those
# of all of its draws.
whole_result <- function(result, n, plan, chain, before) {
  stopped <- isTRUE(result$interrupted)
  all <- ncol(result$hyper)
  result <- first_draws(result, n)
  result$end$draws <- draws_before(before) + n
  result$interrupted <- FALSE
  if (stopped && is.null(plan$summed)) with_effects(result, plan, chain, before) else result
}

plan_of_chains <- function(plan, chains) {
  if (length(plan$init)) plan$init <- rep_len(plan$init, plan$control$chains)[chains]
  plan$seeds <- plan$seeds[chains]
  plan$control$chains <- length(chains)
  plan
}

# asked: how many chains and draws.
mark_incomplete <- function(fit, asked, continues) {
  sampling <- fit$sampling
  if (!continues) sampling$ends <- lapply(sampling$ends, function(end) replace(end, "state", list(NULL)))
  sampling$incomplete <- c(asked, continues = continues)
  sampling$incomplete <- still_incomplete(sampling)
  fit$sampling <- sampling
  fit
}

# The mark of a fit that has less than was asked for, NULL of others.
still_incomplete <- function(sampling) {
  asked <- sampling$incomplete
  if (is.null(asked)) return(NULL)
  has_all <- sampling$chains >= asked$chains && sampling$draws >= asked$draws
  if (has_all && asked$continues) NULL else asked
}

incomplete_line <- function(sampling) {
  asked <- sampling$incomplete
  if (is.null(asked)) return(NULL)
  count <- function(n) format(n, big.mark = ",", trim = TRUE)
  paste0("Incomplete: ", sampling$chains, " of ", asked$chains, " chain", if (asked$chains > 1) "s",
         ", ", count(sampling$draws), " of ", count(asked$draws), " draws of each")
}

check_continues <- function(fit) {
  if (!isFALSE(fit$sampling$incomplete$continues)) return(invisible(fit))
  abort("The chains of {.arg object} were stopped within a sweep, and cannot be continued.",
        i = "{.code update(fit, init = fit)} starts a new run where they ended.")
}
