# Calibration where priors are improper, and there are no draws of them to make data of.
#
# quadrature: under the default priors of a random intercept the posterior given any data is known by
# quadrature. Of draws of the sampler its distribution function is uniform, whatever the data are; over
# data sets means of it and of its square are independent.
#
# flat, pooled: with flat coefficients, and p(s) ~ 1/s of a scale, the prior is right Haar measure of the
# group that moves, or stretches, the response, times a proper prior of what the group leaves as it
# is. Then posterior probabilities hold for each value of the coefficients and of s (Berger 1985,
# chapter 6), and ranks of parameters that are drawn about fixed ones are uniform. With known errors
# that is so of flat coefficients beside any proper prior of the effects' standard deviations; under
# pooled() of a model without groups, s = 1.

improper_samplers <- c("collapsed", "interweaved", "centered", "uncentered")

improper_cases <- function() c("quadrature", paste("flat", improper_samplers), "pooled")

# P values, by variable; the least of them tells of the case.
p_of_improper <- function(name, n, seed) {
  words <- strsplit(name, " ")[[1]]
  switch(words[1], quadrature = p_of_quadrature(n, seed),
         flat = p_of_flat(words[2], n, seed), pooled = p_of_pooled(n, seed))
}

p_of_quadrature <- function(n, seed) {
  data <- data.frame(y = 0, x = rep(c(-1, -0.3, 0.4, 1.1), 6), g = rep(1:6, each = 4))
  seeds <- chain_seeds(seed, n)
  moments <- simplify2array(lapply(seq_len(n), function(i) {
    data$y <- with_stream(seeds[i], {
      stats::rnorm(24) + stats::rnorm(6, sd = 0.7)[data$g]
    })
    X <- cbind("(Intercept)" = 1, x = data$x)
    exact <- exact_posterior(data$y, X, X[, 1, drop = FALSE], data$g, gname = "g")
    unlist(lapply(stats::setNames(nm = improper_samplers), moments_below, exact, y ~ x + (1 | g), data, i))
  }))
  apply(moments, 1, p_of_mean, known = c(0, 0))
}

# Of the exact distribution function at draws of a fit: how far mean and square are from those of a uniform one.
moments_below <- function(sampler, exact, formula, data, seed) {
  fit <- relm(formula, data, sampler = sampler, chains = 1, draws = 19, seed = seed,
              thin = if (sampler == "collapsed") 5 else 40, progress = FALSE)
  drawn <- as.matrix(fit, rownames(exact))
  unlist(lapply(stats::setNames(nm = colnames(drawn)), function(name) {
    below <- exact_cdf(exact, name, drawn[, name]) - 0.5
    c(mean = mean(below), square = mean(below^2) - 1 / 12)
  }))
}

p_of_flat <- function(sampler, n, seed) {
  cell <- data.frame(sampler = sampler, family = "gaussian", sigma = "known", scale = "none",
                     groupings = "one", columns = "2", covariance = "full", sd = "half_normal", cor = "lkj_2")
  fit <- covering_fit(cell)
  flat <- fit
  flat$posterior$prior <- relm_prior(sd = half_normal(0.7), cor = lkj(2))
  run <- replicate_jointly(fit, n, 0L, 29L, covering_thin(cell), seed, flat)
  p_of_ranks(run$ranks, 29L)
}

p_of_pooled <- function(n, seed) {
  data <- data.frame(y = 0, x = rep(c(-1, -0.3, 0.4, 1.1), 6), d = rep(letters[1:4], each = 6))
  seeds <- chain_seeds(seed, n)
  names <- c("b_Intercept", "b_x", paste0("sigma_d[", letters[1:4], "]"), "sigma_d__df", "sigma_d__scale")
  ranks <- vapply(seq_len(n), function(i) {
    truth <- with_stream(seeds[i], {
      df <- stats::rgamma(1, 2, 0.1)
      sigma <- 1 / sqrt(stats::rgamma(4, df / 2, df / 2))
      data$y <- stats::rnorm(24, sd = rep(sigma, each = 6))
      c(0, 0, sigma, df, 1)
    })
    fit <- relm(y ~ x, data, sigma = ~ d, prior = relm_prior(sigma = pooled()), chains = 1, draws = 29,
                thin = 40, seed = i, progress = FALSE)
    colSums(as.matrix(fit, names) < rep(truth, each = 29))
  }, numeric(8))
  p_of_ranks(t(`rownames<-`(ranks, names)), 29L)
}
