# Where parameters that data were made with lie among draws given the data.

# Ranks of the parameters that data were made with among draws given these data, divided by the number
# of draws: uniform where the sampler is right (Talts and others 2018). structure: of a model with one
# structured covariance, as structured_truth() has it. sigma may be ~ known(w).
ranks_of_truth <- function(formula, n_data, seed, sigma = ~ 1, sampler = NULL, thin = 2,
                           family = gaussian(), structure = NULL) {
  is_gaussian <- identical(family$family, "gaussian")
  is_known <- identical(deparse1(sigma), "~known(w)")
  has_shape <- identical(family$family, negative_binomial()$family)
  scale <- if (is_gaussian && !is_known) list(sigma = inverse_gamma(3, 2)) else if (has_shape) list(shape = half_normal(1))
  prior <- do.call(relm_prior, c(list(beta = normal(0, 1), sd = half_normal(1), cor = lkj(2)), scale))
  design <- joint_data(50, seed = 2)
  if (!is_gaussian) design$y <- rep_len(0:1, nrow(design))
  blank <- posterior_of(formula, design, prior = prior, sigma = sigma, family = family)
  rows <- rows_of(blank$design)
  Z <- dense_effects(blank)
  stratum <- if (length(blank$strata$labels)) match(design$d, blank$strata$labels) else 1
  unit <- if (is_known) design$w else 1
  ranks <- vapply(seq_len(n_data), function(i) {
    set.seed(seed + i)
    truth <- numeric(nrow(blank$parameters))
    part <- blank$parameters$part
    truth[part == "b"] <- rnorm(sum(part == "b"))
    truth[part == "sd"] <- abs(rnorm(sum(part == "sd")))
    truth[part == "cor"] <- 2 * rbeta(sum(part == "cor"), 2, 2) - 1
    truth[part == "sigma"] <- if (is_known) 1 else sqrt(1 / rgamma(sum(part == "sigma"), 3, 2))
    truth[part == "shape"] <- rnorm(sum(part == "shape"))^-2
    truth <- structured_truth(truth, blank, structure)
    state <- state_of(truth, blank)
    effects <- Map(function(grouping, Sigma) {
      n <- length(grouping$groups)
      as.numeric(t(chol(Sigma)) %*% matrix(rnorm(n * nrow(Sigma)), nrow(Sigma)))
    }, blank$groupings, state$Sigma)
    mean <- as.numeric(rows$X %*% state$beta)
    for (g in seq_along(Z)) mean <- mean + as.numeric(Z[[g]] %*% effects[[g]])
    design$y <- switch(family$family,
      gaussian = mean + rnorm(nrow(design)) * sqrt(state$sigma2[stratum]) * unit,
      binomial = rbinom(nrow(design), 1, family$linkinv(mean)),
      poisson = rpois(nrow(design), exp(mean)),
      rnbinom(nrow(design), size = truth[part == "shape"], mu = exp(mean))
    )
    fit <- relm(formula, design, prior = prior, sigma = sigma, family = family, seed = i, chains = 1,
                draws = 99, thin = thin, sampler = sampler, progress = FALSE)
    drawn <- drawn_hyper(fit$sampling, fit$posterior, 1)
    # An effect of each grouping too.
    effect <- vapply(seq_along(Z), function(g) {
      one <- effect_draws(fit, 3L, 1L, g)[[1]]
      mean(one < effects[[g]][2 * nrow(state$Sigma[[g]]) + 1])
    }, 0)
    c(rowMeans(drawn < truth), effect)
  }, numeric(nrow(blank$parameters) + length(Z)))
  rownames(ranks) <- c(blank$parameters$variable, names(Z), seq_along(Z))[seq_len(nrow(ranks))]
  # What is known has no rank, and what is a function of a parameter before it has that one's.
  constant <- rownames(ranks) == "sigma" & is_known
  ranks[!constant & !(duplicated(ranks) & seq_len(nrow(ranks)) <= nrow(blank$parameters)), , drop = FALSE]
}

# Parameters drawn as if without a structure, with that of a grouping of three columns: the first of its
# standard deviations for all where they are one, and a correlation rho whose density under lkj(2) is
# |C| in rho, where |C| is (1 - rho)^2 (1 + 2 rho) of cs and (1 - rho^2)^2 of ar1. structure: a list of
# kind, grouping and hom.
structured_truth <- function(truth, posterior, structure) {
  if (is.null(structure)) return(truth)
  part <- posterior$parameters$part
  own <- startsWith(posterior$parameters$variable, paste0(part, "_", structure$grouping, "__"))
  if (structure$hom) truth[own & part == "sd"] <- truth[own & part == "sd"][1]
  if (structure$kind == "diag") return(truth)
  # On (-1/2, 1) and on (-1, 1).
  rho <- if (structure$kind == "cs") 1.5 * rbeta(1, 2, 3) - 0.5 else 2 * rbeta(1, 3, 3) - 1
  lag <- c(1, if (structure$kind == "cs") 1 else 2, 1)
  truth[own & part == "cor"] <- rho^lag
  truth
}

# For each parameter the probability that uniform ranks are as uneven, by counts in ten parts.
uniform_by_row <- function(ranks) {
  apply(ranks, 1, function(rank) {
    counts <- tabulate(pmin(floor(rank * 10) + 1, 10), 10)
    stats::pchisq(sum((counts - ncol(ranks) / 10)^2) / (ncol(ranks) / 10), 9, lower.tail = FALSE)
  })
}

least_uniform <- function(ranks) min(uniform_by_row(ranks))
