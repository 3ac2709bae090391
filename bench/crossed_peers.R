# Peers of bench/crossed.R: functions of a case, its data and a number of draws, which answer as the
# adaptors do (adaptors.R), with a column of draws for each hyperparameter: coefficients, standard
# deviations, correlations, sigma. Priors are those of adaptors.R.

columns_of <- function(term) c("1", term$x)

# Groups as factors; the groups of a:b as a column of that name, the colon a point.
with_factors <- function(case, data) {
  for (name in names(case$terms)) {
    parts <- strsplit(name, ":")[[1]]
    data[[plain_name(name)]] <- if (length(parts) == 1) factor(data[[name]])
      else droplevels(interaction(lapply(parts, function(part) data[[part]])))
  }
  data
}

plain_name <- function(name) gsub(":", ".", name, fixed = TRUE)

fixed_formula <- function(case) stats::reformulate(c("1", case$x), case$y)

# Standard deviations and correlations of each draw's covariance matrix, a row of `entries`.
split_covariance <- function(entries, q) {
  place <- function(k, l) k + q * (l - 1)
  sd <- sqrt(entries[, place(seq_len(q), seq_len(q)), drop = FALSE])
  if (q == 1) return(sd)
  cbind(sd, utils::combn(q, 2, function(pair) {
    entries[, place(pair[1], pair[2])] / (sd[, pair[1]] * sd[, pair[2]])
  }))
}

crossed_relm <- function(case, data, draws) {
  time <- seconds(fit <- relm::relm(case$formula, data, draws = draws, seed = sample.int(1e6, 1),
                                    group_draws = FALSE, progress = FALSE))
  answer(time, unclass(posterior::as_draws_array(fit)))
}

crossed_lmer <- function(case, data, draws) {
  answer(seconds(suppressMessages(lme4::lmer(case$formula, data))))
}

crossed_mcmcglmm <- function(case, data, draws) {
  data <- with_factors(case, data)
  random <- unlist(Map(function(name, term) {
    if (!length(term$x)) return(name)
    columns <- paste(columns_of(term), collapse = " + ")
    sprintf("%s(%s):%s", if (term$correlated) "us" else "idh", columns, name)
  }, plain_name(names(case$terms)), case$terms))
  G <- lapply(case$terms, function(term) {
    q <- 1 + length(term$x)
    list(V = diag(q), nu = if (q == 1) 1 else q + 1, alpha.mu = numeric(q), alpha.V = diag(q) * 1e6)
  })
  names(G) <- paste0("G", seq_along(G))
  burnin <- min(500, draws / 4)
  time <- seconds(fit <- MCMCglmm::MCMCglmm(
    fixed_formula(case), stats::reformulate(random), data = data,
    prior = list(R = list(V = 1, nu = 0), G = G), nitt = draws + burnin, burnin = burnin,
    thin = 1, verbose = FALSE, DIC = FALSE, saveX = FALSE, saveZ = FALSE
  ))
  answer(time * draws / (draws + burnin),
         cbind(unclass(fit$Sol)[, seq_len(1 + length(case$x)), drop = FALSE],
               covariances_of_mcmcglmm(case, unclass(fit$VCV))))
}

covariances_of_mcmcglmm <- function(case, VCV) {
  parts <- list()
  first <- 0
  for (term in case$terms) {
    q <- 1 + length(term$x)
    n <- if (term$correlated) q^2 else q
    entries <- VCV[, first + seq_len(n), drop = FALSE]
    parts <- c(parts, list(if (term$correlated) split_covariance(entries, q) else sqrt(entries)))
    first <- first + n
  }
  do.call(cbind, c(parts, list(sqrt(VCV[, ncol(VCV)]))))
}

# Parameter-expanded inverse Wishart priors, its default; its seconds as those of MCMCglmm.
crossed_mcmcsae <- function(case, data, draws) {
  data <- with_factors(case, data)
  terms <- unlist(Map(function(name, term) {
    sprintf("mcmcsae::gen(~ %s, factor = ~ %s, var = '%s', name = '%s')",
            paste(columns_of(term), collapse = " + "), name,
            if (term$correlated || !length(term$x)) "unstructured" else "diagonal", name)
  }, plain_name(names(case$terms)), case$terms))
  fixed <- sprintf("mcmcsae::reg(~ %s, name = 'beta')", paste(c("1", case$x), collapse = " + "))
  formula <- stats::as.formula(paste(case$y, "~", paste(gsub("mcmcsae::", "", c(fixed, terms)),
                                                        collapse = " + ")))
  burnin <- min(500, draws / 4)
  time <- seconds({
    sampler <- mcmcsae::create_sampler(formula, data = data)
    fit <- mcmcsae::MCMCsim(sampler, n.iter = draws, burnin = burnin, n.chain = 1, verbose = FALSE)
  })
  wanted <- grep("^beta$|_sigma$|_rho$|^sigma_$", names(fit), value = TRUE)
  answer(time * draws / (draws + burnin),
         do.call(cbind, lapply(wanted, function(name) unclass(fit[[name]][[1]]))))
}

crossed_rstanarm <- function(case, data, draws) {
  data <- with_factors(case, data)
  fit <- suppressWarnings(rstanarm::stan_lmer(
    case$formula, data, prior = NULL, prior_intercept = NULL, prior_aux = NULL,
    prior_covariance = rstanarm::decov(scale = 100), chains = 1, iter = stan_warmup + draws,
    warmup = stan_warmup, refresh = 0
  ))
  draws <- as.matrix(fit$stanfit)
  draws <- draws[, !grepl("^b\\[|^mean_PPD|^log-posterior", colnames(draws))]
  first <- 1 + length(case$x)
  parts <- lapply(names(case$terms), function(name) {
    own <- draws[, grepl(paste0("^Sigma\\[", name, ":"), colnames(draws)), drop = FALSE]
    q <- 1 + length(case$terms[[name]]$x)
    full <- matrix(0, nrow(own), q^2)
    lower <- lower.tri(diag(q), diag = TRUE)
    full[, which(lower)] <- own
    full[, which(t(lower))] <- own[, order(col(diag(q))[lower], row(diag(q))[lower])]
    split_covariance(full, q)
  })
  answer(stan_seconds(fit$stanfit),
         do.call(cbind, c(list(draws[, seq_len(first)]), parts, list(draws[, "sigma"]))))
}

crossed_brms <- function(case, data, draws) {
  priors <- c(brms::set_prior("", class = "Intercept"), brms::set_prior("", class = "sd"),
              brms::set_prior("", class = "sigma"))
  let_rstan_find_boost()
  program <- made_once(paste0("crossed-brms-", case$name), function() {
    brms::brm(case$formula, data, prior = priors, chains = 0, silent = 2, backend = "rstan",
              save_pars = brms::save_pars(group = FALSE))
  })
  fit <- suppressWarnings(stats::update(
    program$value, newdata = data, recompile = FALSE, chains = 1, iter = stan_warmup + draws,
    warmup = stan_warmup, refresh = 0, silent = 2
  ))
  hyper <- unclass(posterior::as_draws_matrix(fit))
  answer(stan_seconds(fit$fit), hyper[, grepl("^(b|sd|cor)_|^sigma$", colnames(hyper))],
         program$seconds)
}

# Of intercepts alone: as taught, with uniform standard deviations, or `scaled`, with the module glm
# and its scaled half-t priors. The mean starts at that of the response, from which it moves slowly.
crossed_jags <- function(scaled) {
  force(scaled)
  function(case, data, draws) {
    if (any(lengths(lapply(case$terms, `[[`, "x")))) stop("no program for slopes")
    rjags::load.module("glm", quiet = TRUE)
    if (!scaled) rjags::unload.module("glm", quiet = TRUE)
    data <- with_factors(case, data)
    groups <- seq_along(case$terms)
    values <- c(list(y = data[[case$y]], X = stats::model.matrix(fixed_formula(case), data),
                     N = nrow(data), p = 1 + length(case$x)),
                stats::setNames(lapply(plain_name(names(case$terms)), function(name) {
                  as.integer(data[[name]])
                }), paste0("g", groups)))
    values[paste0("J", groups)] <- lapply(values[paste0("g", groups)], max)
    start <- list(beta = c(mean(data[[case$y]]), rep(0, length(case$x))),
                  .RNG.name = "base::Mersenne-Twister", .RNG.seed = sample.int(1e6, 1))
    program <- textConnection(jags_of_intercepts(groups, 1 + length(case$x), scaled))
    jags <- rjags::jags.model(program, values, start, n.adapt = 1000, quiet = TRUE)
    stats::update(jags, 1000, progress.bar = "none")
    time <- seconds(sample <- rjags::coda.samples(jags, c("beta", "tau", "sigma"), draws,
                                                  progress.bar = "none"))
    answer(time, as.matrix(sample[[1]]))
  }
}

jags_of_intercepts <- function(groups, p, scaled) {
  mean <- paste(c(paste0("beta[", seq_len(p), "] * X[i, ", seq_len(p), "]"),
                  paste0("b", groups, "[g", groups, "[i]]")), collapse = " + ")
  loops <- sprintf("for (j in 1:J%d) { b%d[j] ~ dnorm(0, P[%d]) }", groups, groups, groups)
  variances <- if (scaled) "P[k] ~ dscaled.gamma(100, 2)
                            tau[k] <- 1 / sqrt(P[k])"
               else "tau[k] ~ dunif(0, 100)
                     P[k] <- 1 / tau[k]^2"
  sprintf("model {
    for (i in 1:N) { y[i] ~ dnorm(%s, precision) }
    %s
    for (k in 1:p) { beta[k] ~ dnorm(0, 1.0E-8) }
    for (k in 1:%d) { %s }
    precision ~ dgamma(1.0E-6, 1.0E-6)
    sigma <- 1 / sqrt(precision)
  }", mean, paste(loops, collapse = "\n    "), length(groups), variances)
}

crossed_adaptors <- list(
  relm = list(package = "relm", fit = crossed_relm),
  lmer = list(package = "lme4", fit = crossed_lmer),
  MCMCglmm = list(package = "MCMCglmm", fit = crossed_mcmcglmm),
  mcmcsae = list(package = "mcmcsae", fit = crossed_mcmcsae),
  rstanarm = list(package = "rstanarm", fit = crossed_rstanarm),
  brms = list(package = "brms", fit = crossed_brms),
  JAGS = list(package = "rjags", fit = crossed_jags(FALSE)),
  "JAGS scaled" = list(package = "rjags", fit = crossed_jags(TRUE))
)
