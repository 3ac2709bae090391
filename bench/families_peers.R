# Peers of bench/families.R: functions of a case, its data and a number of draws, which answer as
# the adaptors do (adaptors.R), with a column of draws for each hyperparameter. Coefficients are
# flat for all but JAGS, whose are normal with a standard deviation of 10 (100 for counts), and
# MCMCglmm, whose are so by default with one of 1e5; standard deviations are uniform for JAGS and
# relm, have the prior of rstanarm there, and are half-Cauchy of scale 1,000 for MCMCglmm.

families_relm <- function(case, data, draws) {
  family <- if (is.character(case$family)) relm::negative_binomial() else case$family
  time <- seconds(fit <- relm::relm(case$formula, data, family = family, draws = draws,
                                    seed = sample.int(1e6, 1), group_draws = FALSE,
                                    progress = FALSE))
  answer(time, unclass(posterior::as_draws_array(fit)))
}

families_glmer <- function(case, data, draws) {
  answer(seconds(suppressMessages(lme4::glmer(case$formula, data, family = case$family))))
}

families_glmmtmb <- function(case, data, draws) {
  family <- if (is.character(case$family)) glmmTMB::nbinom2() else case$family
  answer(seconds(glmmTMB::glmmTMB(case$formula, data, family = family)))
}

# Warm-up and sampling of one chain.
families_rstanarm <- function(case, data, draws) {
  arguments <- list(case$formula, data = data, prior = NULL, prior_intercept = NULL, chains = 1,
                    iter = 1000 + draws, warmup = 1000, cores = 1, refresh = 0,
                    seed = sample.int(1e6, 1))
  time <- seconds({
    fit <- if (is.character(case$family)) do.call(rstanarm::stan_glmer.nb, arguments)
      else do.call(rstanarm::stan_glmer, c(arguments, list(family = case$family)))
  })
  draws <- as.matrix(fit)
  draws <- draws[, !grepl("^b\\[|_NEW_", colnames(draws)), drop = FALSE]
  spread <- grep("^Sigma", colnames(draws))
  if (length(spread) == 3) {
    entries <- draws[, spread]
    draws <- cbind(draws[, -spread], sqrt(entries[, c(1, 3)]),
                   entries[, 2] / sqrt(entries[, 1] * entries[, 3]))
  }
  # Stan's seconds are those of a clock; on a busy machine the process had fewer.
  answer(min(time, sum(rstan::get_elapsed_time(fit$stanfit))), draws)
}

# The groupings of a formula whose terms are random intercepts, as factors.
factors_of <- function(case, data) {
  bars <- lme4::findbars(case$formula)
  lapply(bars, function(bar) {
    if (bar[[2]] != 1) stop("only random intercepts are written for this peer")
    droplevels(factor(data[[as.character(bar[[3]])]]))
  })
}

# With a residual of variance 1 for each row, which no other peer has and with which it mixes
# best. Parameter expanded, as in adaptors.R.
families_mcmcglmm <- function(case, data, draws) {
  groups <- factors_of(case, data)
  names(groups) <- paste0("g", seq_along(groups))
  data[names(groups)] <- groups
  counted <- case$family$family == "poisson"
  fixed <- lme4::nobars(case$formula)
  binary <- !counted && is.name(fixed[[2]])
  expanded <- list(V = 1, nu = 1, alpha.mu = 0, alpha.V = 1e6)
  G <- stats::setNames(rep(list(expanded), length(groups)), paste0("G", seq_along(groups)))
  burnin <- 1000
  time <- seconds(fit <- MCMCglmm::MCMCglmm(
    fixed, stats::reformulate(names(groups)), data = data,
    family = if (counted) "poisson" else if (binary) "categorical" else "multinomial2",
    prior = list(R = list(V = 1, fix = 1), G = G),
    nitt = draws + burnin, burnin = burnin, thin = 1, verbose = FALSE, DIC = FALSE
  ))
  variances <- unclass(fit$VCV)[, seq_along(groups), drop = FALSE]
  answer(time, cbind(unclass(fit$Sol)[, seq_len(fit$Fixed$nfl), drop = FALSE], sqrt(variances)))
}

# Random intercepts alone.
families_jags <- function(case, data, draws) {
  groups <- factors_of(case, data)
  fixed <- lme4::nobars(case$formula)
  frame <- stats::model.frame(fixed, data)
  y <- stats::model.response(frame)
  X <- stats::model.matrix(fixed, frame)
  X <- cbind(1, scale(X[, -1, drop = FALSE]))
  values <- list(n = nrow(X), J = vapply(groups, nlevels, 0L), p = ncol(X), K = length(groups),
                 g = vapply(groups, as.integer, integer(nrow(X))), X = X,
                 y = if (is.matrix(y)) y[, 1] else y)
  values$m <- if (is.matrix(y)) rowSums(y)
  program <- jags_program(length(groups), case$family$family == "poisson", is.matrix(y))
  suppressMessages(rjags::load.module("glm"))
  time <- seconds({
    model <- rjags::jags.model(textConnection(program), values, n.adapt = 1000, quiet = TRUE)
    stats::update(model, 1000, progress.bar = "none")
    samples <- rjags::coda.samples(model, c("beta", "tau"), draws, progress.bar = "none")
  })
  answer(time, as.matrix(samples[[1]]))
}

jags_program <- function(n_groupings, counted, has_trials) {
  row <- if (counted) "log(mu[i]) <- eta[i]; y[i] ~ dpois(mu[i])"
    else if (has_trials) "logit(mu[i]) <- eta[i]; y[i] ~ dbin(mu[i], m[i])"
    else "logit(mu[i]) <- eta[i]; y[i] ~ dbern(mu[i])"
  effects <- paste(sprintf("u%d[g[i, %d]]", seq_len(n_groupings), seq_len(n_groupings)),
                   collapse = " + ")
  priors <- sprintf("for (j in 1:J[%d]) { u%d[j] ~ dnorm(0, 1 / (tau[%d] * tau[%d])) }",
                    seq_len(n_groupings), seq_len(n_groupings), seq_len(n_groupings),
                    seq_len(n_groupings))
  sprintf("model {
    for (i in 1:n) { eta[i] <- inprod(X[i, ], beta) + %s; %s }
    %s
    for (k in 1:p) { beta[k] ~ dnorm(0, %s) }
    for (k in 1:K) { tau[k] ~ dunif(0, 100) }
  }", effects, row, paste(priors, collapse = "\n"), if (counted) "0.0001" else "0.01")
}

families_adaptors <- list(
  relm = list(package = "relm", fit = families_relm),
  glmer = list(package = "lme4", fit = families_glmer),
  glmmTMB = list(package = "glmmTMB", fit = families_glmmtmb),
  rstanarm = list(package = "rstanarm", fit = families_rstanarm),
  JAGS = list(package = "rjags", fit = families_jags),
  MCMCglmm = list(package = "MCMCglmm", fit = families_mcmcglmm)
)
