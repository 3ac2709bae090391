# Draws against exact quantiles.

# For each hyperparameter and each of its exact quantiles: the distance of the share of
# draws below it from its probability, in Monte Carlo standard errors, and the effective
# number of draws that standard error rests on.
share_agreement <- function(fit, exact, probabilities = c(0.025, 0.5, 0.975)) {
  draws <- as_draws_array(fit, rownames(exact))
  shares <- expand.grid(probability = probabilities, name = rownames(exact),
                        stringsAsFactors = FALSE)
  rows <- Map(function(probability, name) {
    below <- draws[, , name] < exact[name, paste0("q", 100 * probability)]
    below <- matrix(as.numeric(below), dim(draws)[1])
    c(distance = (mean(below) - probability) / posterior::mcse_mean(below),
      ess = posterior::ess_mean(below))
  }, shares$probability, shares$name)
  cbind(shares, do.call(rbind, rows))
}

# Too few effective draws would make the standard error, and so the verdict, worthless.
expect_agreement <- function(fit, exact, label, least_ess = 200, ...) {
  found <- share_agreement(fit, exact, ...)
  expect_gte(min(found$ess), least_ess, label = paste0(label, ": effective draws"))
  expect_lt(max(abs(found$distance)), 4, label = paste0(label, ": distance"))
  invisible(found)
}

# Largest distance, in Monte Carlo standard errors, of the mean, the variance (where they exist) and
# the shares below exact quantiles, of one variable's draws (all chains together).
draws_distance <- function(draws, exact, chains) {
  per_chain <- function(x) matrix(as.numeric(x), ncol = chains)
  distance <- function(x, expected) {
    x <- per_chain(x)
    abs(mean(x) - expected) / posterior::mcse_mean(x)
  }
  below <- vapply(c(q2.5 = 0.025, q50 = 0.5, q97.5 = 0.975), function(probability) {
    distance(draws < exact[[paste0("q", 100 * probability)]], probability)
  }, 0)
  moments <- c(mean = distance(draws, exact$mean),
               variance = distance((draws - exact$mean)^2, exact$sd^2))
  max(below, moments, na.rm = TRUE)
}

# Distances of the two fits' medians of all variables, in Monte Carlo standard errors.
median_distances <- function(fits) {
  draws <- lapply(fits, as_draws_array)
  vapply(variables(fits[[1]]), function(name) {
    x <- lapply(draws, function(d) matrix(d[, , name], dim(d)[1]))
    medians <- vapply(x, median, 0)
    (medians[1] - medians[2]) / sqrt(sum(vapply(x, posterior::mcse_median, 0)^2))
  }, 0)
}
