# Peers of bench/families.R: functions of a case, its data and a number of draws, which answer as the
# adaptors do (adaptors.R), with a column of draws for each hyperparameter. Coefficients are flat for all
# but JAGS, whose are normal with a standard deviation of 10 (100 for counts); standard deviations are
# uniform for JAGS and relm, and have the prior of rstanarm there.

families_relm <- function(case, data, draws) {
  family <- if (is.character(case$family)) relm::negative_binomial() else case$family
  time <- seconds(fit <- relm::relm(case$formula, data, family = family, draws = draws,
                                    seed = sample.int(1e6, 1), group_draws = FALSE, progress = FALSE))
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
  fit <- if (is.character(case$family)) do.call(rstanarm::stan_glmer.nb, arguments)
    else do.call(rstanarm::stan_glmer, c(arguments, list(family = case$family)))
  draws <- as.matrix(fit)
  draws <- draws[, !grepl("^b\\[|_NEW_", colnames(draws)), drop = FALSE]
  spread <- grep("^Sigma", colnames(draws))
  if (length(spread) == 3) {
    entries <- draws[, spread]
    draws <- cbind(draws[, -spread], sqrt(entries[, c(1, 3)]),
                   entries[, 2] / sqrt(entries[, 1] * entries[, 3]))
  }
  answer(sum(rstan::get_elapsed_time(fit$stanfit)), draws)
}

# A random intercept alone.
families_jags <- function(case, data, draws) {
  bar <- lme4::findbars(case$formula)[[1]]
  fixed <- lme4::nobars(case$formula)
  frame <- stats::model.frame(fixed, data)
  y <- stats::model.response(frame)
  X <- stats::model.matrix(fixed, frame)
  X <- cbind(1, scale(X[, -1, drop = FALSE]))
  m <- if (is.matrix(y)) rowSums(y)
  counted <- case$family$family == "poisson"
  row <- if (counted) "log(mu[i]) <- eta[i]; y[i] ~ dpois(mu[i])"
    else if (is.null(m)) "logit(mu[i]) <- eta[i]; y[i] ~ dbern(mu[i])"
    else "logit(mu[i]) <- eta[i]; y[i] ~ dbin(mu[i], m[i])"
  program <- sprintf("model {
    for (i in 1:n) { eta[i] <- inprod(X[i, ], beta) + u[g[i]]; %s }
    for (j in 1:J) { u[j] ~ dnorm(0, 1 / (tau * tau)) }
    for (k in 1:p) { beta[k] ~ dnorm(0, %s) }
    tau ~ dunif(0, 100)
  }", row, if (counted) "0.0001" else "0.01")
  group <- as.integer(factor(data[[as.character(bar[[3]])]]))
  values <- list(n = nrow(X), J = max(group), p = ncol(X), g = group, X = X,
                 y = if (is.matrix(y)) y[, 1] else y)
  if (!is.null(m)) values$m <- m
  suppressMessages(rjags::load.module("glm"))
  time <- seconds({
    model <- rjags::jags.model(textConnection(program), values, n.adapt = 1000, quiet = TRUE)
    stats::update(model, 1000, progress.bar = "none")
    samples <- rjags::coda.samples(model, c("beta", "tau"), draws, progress.bar = "none")
  })
  answer(time, as.matrix(samples[[1]]))
}

families_adaptors <- list(
  relm = list(package = "relm", fit = families_relm),
  glmer = list(package = "lme4", fit = families_glmer),
  glmmTMB = list(package = "glmmTMB", fit = families_glmmtmb),
  rstanarm = list(package = "rstanarm", fit = families_rstanarm),
  JAGS = list(package = "rjags", fit = families_jags)
)
