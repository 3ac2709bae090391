# Polya-Gamma variates and the samplers with such weights in plain R, drawing variates in the same
# order as C: given the weights by the functions of helper-replay-several.R, whose y is the working
# response and whose w are the weights.

# X/4 with X of J*(b, c/2): proposals from the first passage time of level b by a Brownian motion
# with drift c/2, accepted by the whole series of ratios of the densities.
replay_piece <- function(b, c) {
  z <- abs(c) / 2
  repeat {
    y <- rnorm(1)^2
    x <- 2 * b^2 / (2 * b * z + y + sqrt(y * (y + 4 * b * z)))
    if (runif(1) > b / (b + z * x)) x <- (b / z)^2 / x
    u <- runif(1)
    n <- 0:200
    terms <- (-1)^n * exp(lgamma(n + b) - lgamma(b) - lgamma(n + 1) - 2 * n * (n + b) / x) *
      (1 + 2 * n / b)
    if (x < 40 * max(b, 1) && u < sum(terms)) return(x / 4)
  }
}

replay_polya_gamma <- function(b, c) {
  n <- max(1, floor(b * log1p(exp(-abs(c))) + 0.6))
  if (n <= 4) return(sum(vapply(seq_len(n), function(i) replay_piece(b / n, c), 0)))
  d <- 2 * pi^2 * (1:2000 - 0.5)^2 + c^2 / 2
  first <- vapply(1:4, function(k) rgamma(1, b) / d[k], 0)
  # Of the other terms: the sums of 1/d, 1/d^2, 1/d^3, beyond two thousand terms an integral.
  S <- vapply(1:3, function(j) sum(rev(d[-(1:4)]^-j)), 0) + c(1 / (2 * pi^2 * 2000), 0, 0)
  cumulants <- b * S * c(1, 1, 2)
  shape <- 4 * cumulants[2]^3 / cumulants[3]^2
  scale <- cumulants[3] / (2 * cumulants[2])
  sum(first) + cumulants[1] - shape * scale + rgamma(1, shape, scale = scale)
}

# What replays take of a posterior's merged rows; counted: how many rows each is.
augmented_replay_data <- function(posterior, counted) {
  responses <- posterior$responses
  n <- length(responses$y)
  base <- list(y = numeric(n), X = responses$X, level = rep(1L, n), w = rep(1, n))
  colnames(base$X) <- posterior$fixed
  own <- lapply(seq_along(groupings_of(posterior)), function(g) {
    grouping <- groupings_of(posterior)[[g]]
    random <- grouping$random
    columns <- if (is.null(random$place)) seq_len(nrow(random)) else random$place
    group <- responses$group[, g]
    c(base, list(Z = responses$Z[, columns, drop = FALSE], column = random$column, group = group,
                 rows = split(seq_len(n), group), group_order = seq_along(grouping$groups),
                 blocks = lapply(grouping$blocks, `[[`, "columns"), paired = random$paired))
  })
  c(base, list(level_order = 1L, steps = find_steps(groupings_of(posterior)), own = own,
               counted = counted))
}

with_weights <- function(data, w, y) {
  data[c("w", "y")] <- list(w, y)
  data$own <- lapply(data$own, function(own) replace(own, c("w", "y"), list(w, y)))
  data
}

# One sweep after another: the shape given eta, the weights given both, the rest given the weights.
augmented_replay <- function(posterior, sampler, counted) {
  responses <- posterior$responses
  dispersed <- key_of(posterior) == "negative_binomial"
  data <- augmented_replay_data(posterior, counted)
  priors <- several_replay_priors(posterior)
  prior <- list(beta_precision = posterior$beta$precision, beta_mean = posterior$beta$mean,
                sigma = list(name = "none"))
  function(state) {
    eta <- responses$offset + drop(data$X %*% state$beta) + rowSums(fits_of(data, state$gamma))
    if (dispersed) {
      y <- rep(responses$values, responses$times)
      state$shape <- exp(draw_slice(function(log_r) {
        e <- eta - log_r
        log_prior_of_shape(exp(log_r), posterior) + sum(lgamma(y + exp(log_r)) - lgamma(exp(log_r))) +
          sum(responses$y * e - (responses$y + responses$trials * exp(log_r)) * log1p(exp(e)))
      }, log(state$shape)))
    }
    r <- if (dispersed) state$shape else 1
    b <- if (dispersed) responses$y + responses$trials * r else responses$trials
    w <- mapply(replay_polya_gamma, b, eta - log(r))
    given <- with_weights(data, w, (responses$y - b / 2) / w + log(r) - responses$offset)
    c(match.fun(paste0("several_", sampler))(given, prior, priors)(state[names(state) != "shape"]),
      list(shape = state$shape))
  }
}

# log p(log r), of a gamma(a, b) prior of r.
log_prior_of_shape <- function(r, posterior) {
  prior <- posterior$prior$shape
  dgamma(r, prior$parameters$shape, prior$parameters$rate, log = TRUE) + log(r)
}

expect_augmented_replay <- function(posterior, counted = rep(1, length(posterior$responses$y)),
                                    samplers = c("centered", "uncentered", "interweaved"),
                                    sweeps = 6) {
  groupings <- groupings_of(posterior)
  start <- list(beta = seq_along(posterior$fixed) / 10,
                Sigma = lapply(groupings, function(own) diag(0.5, nrow(own$random))),
                sigma2 = 1, shape = 1.5)
  for (sampler in samplers) {
    set.seed(5)
    chain <- chain_of(model_of_sampler(posterior, sampler), sampler, start, sweeps)
    set.seed(5)
    sweep_once <- augmented_replay(posterior, sampler, counted)
    state <- c(start, list(gamma = lapply(groupings, function(own) {
      matrix(0, length(own$groups), nrow(own$random))
    })))
    differences <- vapply(seq_len(sweeps), function(t) {
      state <<- sweep_once(state)
      effects <- if (length(groupings)) {
        mapply(function(ours, gamma) largest_difference(ours[, , t], t(gamma)),
               by_grouping(chain$effects), state$gamma)
      }
      hyper <- several_hyper(posterior, state)
      hyper[posterior$parameters$part == "shape"] <- state$shape
      max(effects, largest_difference(chain$hyper[, t], hyper))
    }, 0)
    expect_lt(max(differences), 1e-8, label = sampler)
  }
}
