# One adaptor for each peer, all called as adaptor(data, model, draws) and all answering with
#   draws    a matrix of hyperparameters under the names of hyper_names(), or an array
#            (draws x chains x hyperparameters); NULL from a point estimate
#   seconds  of sampling alone: set-up, adaptation and warm-up are left out. Of the whole call for
#            relm and for point estimates
#   compile  seconds of compiling a program, which come once for each model; else 0
#   n_draws  draws asked for, over all chains
#
# Priors are as near as each peer allows to relm's default: flat coefficients, uniform standard
# deviations, LKJ(1) correlations, p(sigma) proportional to 1 / sigma.

answer <- function(seconds, draws = NULL, compile = 0) {
  n_draws <- if (is.null(draws)) NA else length(draws) / utils::tail(dim(draws), 1)
  list(draws = draws, seconds = seconds, compile = compile, n_draws = n_draws)
}

# relm -------------------------------------------------------------------------------------------

# `stored`: keep the draws of the group effects? NULL leaves that to relm.
relm_call <- function(data, model, draws, stored, chains = 1) {
  if (can_choose_storage()) {
    relm::relm(model$formula, data, sampler = "collapsed", chains = chains, draws = draws,
               progress = FALSE, group_draws = stored)
  } else {
    if (isFALSE(stored)) stop("this relm has no argument group_draws")
    relm::relm(model$formula, data, sampler = "collapsed", chains = chains, draws = draws,
               progress = FALSE)
  }
}

can_choose_storage <- function() {
  method <- utils::getS3method("relm", "formula", envir = asNamespace("relm"))
  "group_draws" %in% names(formals(method))
}

relm_draws <- function(fit, model) {
  wanted <- posterior::subset_draws(posterior::as_draws_array(fit),
                                    variable = hyper_names(model))
  unclass(wanted)
}

fit_relm <- function(stored) {
  force(stored)
  function(data, model, draws) {
    time <- seconds(fit <- relm_call(data, model, draws, stored))
    answer(time, relm_draws(fit, model))
  }
}

# Point estimates --------------------------------------------------------------------------------

fit_lmer <- function(derivatives) {
  force(derivatives)
  function(data, model, draws) {
    control <- lme4::lmerControl(calc.derivs = if (derivatives) NULL else FALSE)
    answer(seconds(suppressMessages(suppressWarnings(
      if (derivatives) lme4::lmer(model$formula, data)
      else lme4::lmer(model$formula, data, control = control)
    ))))
  }
}

fit_glmmtmb <- function(data, model, draws) {
  data$g <- factor(data$g)
  answer(seconds(suppressWarnings(glmmTMB::glmmTMB(model$formula, data, REML = TRUE))))
}

# JAGS -------------------------------------------------------------------------------------------

# As taught: group coefficients around their mean, uniform(0, 100) standard deviations.
fit_jags <- function(data, model, draws) {
  rjags::load.module("glm", quiet = TRUE)
  rjags::unload.module("glm", quiet = TRUE)
  if (model$correlated) stop("JAGS has no uniform prior of a covariance matrix")
  jags_draws(jags_program(model, centered = TRUE, scaled = FALSE), data, model, draws)
}

# At its best: the module glm draws coefficients and effects in one block, and multiplies
# redundant parameters. Its scaled priors make each standard deviation half-t with 2 degrees of
# freedom and scale 100, each correlation uniform. (Correlated effects around zero end in a
# segmentation fault of JAGS 4.3.1.)
fit_jags_scaled <- function(data, model, draws) {
  rjags::load.module("glm", quiet = TRUE)
  jags_draws(jags_program(model, centered = model$correlated, scaled = TRUE), data, model, draws)
}

jags_program <- function(model, centered, scaled) {
  columns <- c("", paste0(" * ", model$x, "[i]"))
  line <- function(name) paste0(name, seq_along(columns), "]", columns, collapse = " + ")
  mean <- if (centered) line("gamma[g[i], ") else paste(line("beta["), "+", line("gamma[g[i], "))
  effects <- if (model$correlated) {
    "gamma[j, 1:q] ~ dmnorm(beta, P)"
  } else {
    sprintf("for (k in 1:q) { gamma[j, k] ~ dnorm(%s, P[k]) }", if (centered) "beta[k]" else 0)
  }
  variances <- if (model$correlated) {
    "P ~ dscaled.wishart(s, 2)
     S <- inverse(P)
     for (k in 1:q) { tau[k] <- sqrt(S[k, k])
                      for (l in 1:q) { C[k, l] <- S[k, l] / sqrt(S[k, k] * S[l, l]) } }"
  } else if (scaled) {
    "for (k in 1:q) { P[k] ~ dscaled.gamma(100, 2)
                      tau[k] <- 1 / sqrt(P[k]) }"
  } else {
    "for (k in 1:q) { tau[k] ~ dunif(0, 100)
                      P[k] <- 1 / tau[k]^2 }"
  }
  sprintf("model {
    for (i in 1:N) { y[i] ~ dnorm(%s, precision) }
    for (j in 1:J) { %s }
    for (k in 1:q) { beta[k] ~ dnorm(0, 1.0E-8) }
    %s
    precision ~ dgamma(1.0E-6, 1.0E-6)
    sigma <- 1 / sqrt(precision)
  }", mean, effects, variances)
}

# Adaptation and 1,000 draws of burn-in are not timed.
jags_draws <- function(program, data, model, draws) {
  q <- 1 + length(model$x)
  values <- c(as.list(data[c("y", model$x)]),
              list(g = as.integer(factor(data$g)), N = nrow(data), q = q,
                   J = length(unique(data$g))))
  if (model$correlated) values <- c(values, list(s = rep(100, q)))
  start <- list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = sample.int(1e6, 1))
  jags <- rjags::jags.model(textConnection(program), values, start, n.adapt = 1000, quiet = TRUE)
  stats::update(jags, 1000, progress.bar = "none")
  monitored <- c("beta", "tau", "sigma", if (model$correlated) "C")
  time <- seconds(sample <- rjags::coda.samples(jags, monitored, draws, progress.bar = "none"))
  answer(time, in_common_names(as.matrix(sample[[1]]), model))
}

# Columns beta[k], tau[k], C[k,l] and sigma under the common names.
in_common_names <- function(draws, model) {
  q <- 1 + length(model$x)
  pairs <- if (model$correlated) utils::combn(q, 2, function(pair) {
    sprintf("C[%d,%d]", pair[1], pair[2])
  })
  draws <- draws[, c(sprintf("beta[%d]", seq_len(q)), sprintf("tau[%d]", seq_len(q)), pairs,
                     "sigma")]
  colnames(draws) <- hyper_names(model)
  draws
}

# Stan -------------------------------------------------------------------------------------------

# Made once for all cases of a run, with the seconds that it took; all processes of a run share the
# temporary folder. A folder named by RELM_BENCH_COMPILED keeps programs from run to run. Who
# made a Stan program keeps it as it is: read back into the process that has it loaded, it fails.
made_once <- function(name, make) {
  folder <- Sys.getenv("RELM_BENCH_COMPILED", tempdir())
  file <- file.path(folder, paste0(name, ".rds"))
  if (file.exists(file)) return(readRDS(file))
  time <- seconds(value <- make())
  made <- list(value = value, seconds = time)
  saveRDS(made, file)
  made
}

stan_warmup <- 1000

# Debian's Boost is where the compiler looks anyway, but not where rstan asks for it: any folder
# that exists contents rstan.
let_rstan_find_boost <- function() {
  if (!nzchar(rstan::rstan_options("boost_lib"))) {
    rstan::rstan_options(boost_lib = system.file("include", package = "StanHeaders"))
  }
}

stan_seconds <- function(stanfit) sum(rstan::get_elapsed_time(stanfit)[, "sample"])

fit_rstan <- function(program_name) {
  force(program_name)
  function(data, model, draws) {
    let_rstan_find_boost()
    program <- made_once(program_name, function() {
      rstan::stan_model(file.path(bench, paste0(program_name, ".stan")))
    })
    values <- list(N = nrow(data), J = length(unique(data$g)), q = 1 + length(model$x),
                   correlated = as.integer(model$correlated),
                   X = cbind(1, as.matrix(data[model$x])), g = as.integer(factor(data$g)),
                   y = data$y)
    fit <- suppressWarnings(rstan::sampling(
      program$value, values, pars = c("beta", "tau", "sigma", if (model$correlated) "C"),
      chains = 1, iter = stan_warmup + draws, warmup = stan_warmup, refresh = 0
    ))
    answer(stan_seconds(fit), in_common_names(as.matrix(fit), model), program$seconds)
  }
}

# Its priors can all be made flat; that of sigma is uniform.
fit_brms <- function(data, model, draws) {
  priors <- c(brms::set_prior("", class = "Intercept"), brms::set_prior("", class = "sd"),
              brms::set_prior("", class = "sigma"))
  let_rstan_find_boost()
  program <- made_once(paste0("brms-", length(model$x), model$correlated), function() {
    brms::brm(model$formula, data, prior = priors, chains = 0, silent = 2,
              backend = "rstan", save_pars = brms::save_pars(group = FALSE))
  })
  fit <- suppressWarnings(stats::update(
    program$value, newdata = data, recompile = FALSE, chains = 1, iter = stan_warmup + draws,
    warmup = stan_warmup, refresh = 0, silent = 2
  ))
  hyper <- unclass(posterior::as_draws_matrix(fit, variable = hyper_names(model)))
  answer(stan_seconds(fit$fit), hyper, program$seconds)
}

# Coefficients and sigma are flat. The prior of Sigma must be decov(): of one column it is an
# exponential standard deviation, here of mean 100 sigma; of several the sum of variances is spread
# over them by a uniform Dirichlet, and correlations are LKJ(1).
fit_rstanarm <- function(data, model, draws) {
  data$g <- factor(data$g)
  formula <- model$formula
  fit <- suppressWarnings(rstanarm::stan_lmer(
    formula, data, prior = NULL, prior_intercept = NULL, prior_aux = NULL,
    prior_covariance = rstanarm::decov(scale = 100), chains = 1,
    iter = stan_warmup + draws, warmup = stan_warmup, refresh = 0
  ))
  answer(stan_seconds(fit$stanfit), rstanarm_hyper(as.matrix(fit$stanfit), model))
}

rstanarm_hyper <- function(draws, model) {
  columns <- c("(Intercept)", model$x)
  entry <- function(k, l) draws[, sprintf("Sigma[g:%s,%s]", columns[k], columns[l])]
  q <- length(columns)
  sd <- sqrt(vapply(seq_len(q), function(k) entry(k, k), numeric(nrow(draws))))
  correlations <- if (model$correlated) utils::combn(q, 2, function(pair) {
    entry(pair[2], pair[1]) / (sd[, pair[1]] * sd[, pair[2]])
  })
  hyper <- cbind(draws[, columns], sd, correlations, draws[, "sigma"])
  dimnames(hyper) <- list(NULL, hyper_names(model))
  hyper
}

# MCMCglmm ---------------------------------------------------------------------------------------

# Parameter expanded: standard deviations are half-Cauchy of scale 1,000; a full Sigma has half-t
# ones with 2 degrees of freedom, correlations uniform one by one. Its call cannot be split:
# seconds are the whole call's times the share of its iterations that are kept.
fit_mcmcglmm <- function(data, model, draws) {
  data$g <- factor(data$g)
  q <- 1 + length(model$x)
  expanded <- function(size) {
    list(V = diag(size), nu = if (size == 1) 1 else size + 1, alpha.mu = numeric(size),
         alpha.V = diag(size) * 1e6)
  }
  columns <- c("1", model$x)
  random <- if (model$correlated) sprintf("~ us(%s):g", paste(columns, collapse = " + "))
            else paste("~ g +", paste0("us(", model$x, "):g", collapse = " + "))
  G <- if (model$correlated) list(expanded(q)) else rep(list(expanded(1)), q)
  names(G) <- paste0("G", seq_along(G))
  burnin <- 500
  time <- seconds(fit <- MCMCglmm::MCMCglmm(
    stats::reformulate(model$x, "y"), stats::as.formula(random), data = data,
    prior = list(R = list(V = 1, nu = 0), G = G), nitt = draws + burnin, burnin = burnin,
    thin = 1, verbose = FALSE, DIC = FALSE, saveX = FALSE, saveZ = FALSE
  ))
  answer(time * draws / (draws + burnin), mcmcglmm_hyper(fit, model))
}

mcmcglmm_hyper <- function(fit, model) {
  q <- 1 + length(model$x)
  VCV <- unclass(fit$VCV)
  entry <- function(k, l) VCV[, k + q * (l - 1)]
  variances <- if (model$correlated) vapply(seq_len(q), function(k) entry(k, k),
                                            numeric(nrow(VCV)))
               else VCV[, seq_len(q)]
  correlations <- if (model$correlated) utils::combn(q, 2, function(pair) {
    entry(pair[1], pair[2]) / sqrt(entry(pair[1], pair[1]) * entry(pair[2], pair[2]))
  })
  hyper <- cbind(unclass(fit$Sol)[, seq_len(q)], sqrt(variances), correlations,
                 sqrt(VCV[, ncol(VCV)]))
  dimnames(hyper) <- list(NULL, hyper_names(model))
  hyper
}

# All of them, and the package that each needs. lme4 and glmmTMB stand for time alone.
adaptors <- list(
  "relm" = list(package = "relm", fit = fit_relm(TRUE)),
  "relm not stored" = list(package = "relm", fit = fit_relm(FALSE)),
  "JAGS" = list(package = "rjags", fit = fit_jags),
  "JAGS scaled" = list(package = "rjags", fit = fit_jags_scaled),
  "MCMCglmm" = list(package = "MCMCglmm", fit = fit_mcmcglmm),
  "rstan" = list(package = "rstan", fit = fit_rstan("noncentered")),
  "rstan centered" = list(package = "rstan", fit = fit_rstan("centered")),
  "brms" = list(package = "brms", fit = fit_brms),
  "rstanarm" = list(package = "rstanarm", fit = fit_rstanarm),
  "lmer" = list(package = "lme4", fit = fit_lmer(TRUE)),
  "lmer no derivatives" = list(package = "lme4", fit = fit_lmer(FALSE)),
  "glmmTMB" = list(package = "glmmTMB", fit = fit_glmmtmb)
)
