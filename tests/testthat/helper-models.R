# Small data sets and models that several tests share.

bass_centered <- function() {
  transform(bass, x = log(length) - ave(log(length), station))
}

# Uneven groups, a covariate that varies between groups, a factor that varies within
# them, and weights.
grouped_data <- function(n_groups = 7, seed = 11) {
  set.seed(seed)
  sizes <- rep_len(c(4, 9, 2, 12, 6), n_groups)
  g <- rep(paste0("g", sample(n_groups)), sizes)
  n <- length(g)
  data <- data.frame(g = g, x = rnorm(n), v = rnorm(n), w = runif(n, 0.3, 3),
                     f = rep_len(c("a", "b", "c"), n), between = ave(rnorm(n), g))
  effects <- matrix(rnorm(3 * n_groups), n_groups,
                    dimnames = list(unique(g), NULL))[data$g, ]
  data$y <- 1 + 0.5 * data$x + effects[, 1] + 0.6 * effects[, 2] * data$x +
    0.3 * effects[, 3] * data$v + rnorm(n, sd = 0.7 / sqrt(data$w))
  data
}

posterior_of <- function(formula, data, prior = relm_prior(), ...) {
  call <- match.call(expand.dots = FALSE)
  design <- eval(as.call(c(quote(relm_design), call$formula, call$data, call$...)),
                 parent.frame())
  posterior <- suppressMessages(relm_posterior(crossprods(design), prior))
  posterior$design <- design
  posterior
}

# The raw rows of a posterior's design, as replay() wants them.
replay_data <- function(posterior) {
  rows <- rows_of(posterior$design)
  index <- function(grouping) {
    if (is.null(grouping)) return(rep(1L, length(rows$y)))
    groups_in(grouping)$index
  }
  list(y = rows$y, X = rows$X[, posterior$fixed, drop = FALSE], Z = rows$Z,
       group = index(posterior$design$factors$group),
       level = index(posterior$design$factors$sigma),
       w = if (is.null(rows$weights)) rep(1, length(rows$y)) else rows$weights,
       blocks = lapply(grouping_of(posterior)$blocks, `[[`, "columns"), paired = grouping_of(posterior)$random$paired)
}

replay_prior <- function(posterior) {
  sd <- vector("list", n_random(posterior))
  for (block in grouping_of(posterior)$blocks) sd[block$columns] <- block$sd
  list(beta_precision = posterior$beta$precision, beta_mean = posterior$beta$mean, sd = sd,
       cov = lapply(grouping_of(posterior)$blocks, function(block) {
         list(type = block$kind, eta = block$parameter, df = block$parameter,
              scale = matrix(block$scale, length(block$columns)))
       }),
       sigma = posterior$prior$sigma)
}

# A starting point near the data's scale.
plain_start <- function(posterior) {
  q <- n_random(posterior)
  list(beta = seq_along(posterior$fixed) / 10, Sigma = diag(0.5, q),
       sigma2 = 0.4 + seq_len(dim(posterior$strata$factor)[3]) / 10)
}

# An array of effects, columns x groups x draws, as a matrix with a column a draw.
effect_matrix <- function(effects) matrix(effects, ncol = dim(effects)[3])

# hyper and effects of a chain from C, a row each draw, in the order of sampling.
run_sampler <- function(posterior, sampler, sweeps, seed = 5, start = plain_start(posterior),
                        ...) {
  sampler <- sampler_that_runs(posterior, sampler)
  model <- model_of(posterior, sampler)
  set.seed(seed)
  chain <- chain_of(model, sampler, start, draws = sweeps, ...)
  list(hyper = t(chain$hyper), effects = t(effect_matrix(chain$effects)), state = chain$state)
}

# The same from plain R.
run_replay <- function(posterior, sampler, sweeps, seed = 5, ...) {
  sampler <- sampler_that_runs(posterior, sampler)
  set.seed(seed)
  draws <- replay(replay_data(posterior), replay_prior(posterior), sampler,
                  plain_start(posterior), sweeps, ...)
  list(hyper = cbind(draws$beta, replay_covariance(draws, posterior), sqrt(draws$sigma2),
                     draws$pooled),
       effects = matrix(aperm(draws$gamma, c(1, 3, 2)), sweeps))
}

replay_covariance <- function(draws, posterior) {
  q <- n_random(posterior)
  one <- function(t) {
    Sigma <- matrix(draws$Sigma[t, , ], q)
    correlations <- lapply(grouping_of(posterior)$blocks, function(block) {
      C <- stats::cov2cor(Sigma[block$columns, block$columns, drop = FALSE])
      C[upper.tri(C)]
    })
    c(sqrt(diag(Sigma)), unlist(correlations))
  }
  if (q == 0) return(NULL)
  matrix(unlist(lapply(seq_len(dim(draws$Sigma)[1]), one)), dim(draws$Sigma)[1], byrow = TRUE)
}

# Largest difference of two arrays, relative to the second one's size.
largest_difference <- function(a, b) {
  if (length(b) == 0) return(0)
  max(abs(unname(a) - unname(b))) / max(1, abs(b))
}

# Exponents of the tails of a posterior's parameters, by name.
tails_in <- function(posterior) {
  setNames(posterior$parameters$tail, posterior$parameters$variable)
}

# Priors of a standard deviation, of one scale.
scale_priors_of <- function(scale) {
  list(half_t(3, scale), half_cauchy(scale), half_normal(scale), exponential(1 / scale))
}

# A chain from C is, draw by draw, what plain R draws.
expect_replay <- function(posterior, samplers = c("centered", "uncentered", "interweaved"),
                          sweeps = 50) {
  for (sampler in samplers) {
    ours <- run_sampler(posterior, sampler, sweeps)
    theirs <- run_replay(posterior, sampler, sweeps)
    expect_lt(largest_difference(ours$hyper, theirs$hyper), 1e-10, label = sampler)
    if (has_groups(posterior)) {
      expect_lt(largest_difference(ours$effects, theirs$effects), 1e-10, label = sampler)
    }
  }
}

# The draws that a fit keeps of its effects, by chain: stored, or drawn when they are asked for.
kept_effects <- function(fit) {
  all_stored_effects(fit$sampling, fit$posterior, fit$sampling$kept)
}
