# Fits of every kind, short ones, so that every C entry point runs: for memory checkers. With the
# argument "torture", under gctorture.

library(relm)
source(file.path(Sys.getenv("RELM_ROOT"), "tests", "testthat", "helper-models.R"))

data <- grouped_data(9)
large_groups <- data[stats::ave(data$y, data$g, FUN = length) > 3, ]

# Which entry points are called is taken down: the package's functions call this one in the place
# of .Call(), which compiled code would not look up.
native <- names(getDLLRegisteredRoutines(getLoadedDLLs()[["relm"]])[[".Call"]])
called <- new.env()
.Call <- function(.NAME, ...) {
  called[[.NAME$name]] <- TRUE
  base::.Call(.NAME, ...)
}
watch_calls <- function(namespace) {
  for (name in ls(namespace, all.names = TRUE)) {
    own <- get(name, namespace)
    if (!is.function(own) || !".Call" %in% all.names(body(own))) next
    body(own) <- do.call(substitute, list(body(own), list(.Call = .Call)))
    utils::assignInNamespace(name, own, "relm")
  }
}
watch_calls(asNamespace("relm"))
if ("torture" %in% commandArgs(TRUE)) gctorture2(200, inhibit_release = FALSE)

short <- function(...) relm(..., chains = 1, draws = 5, warmup = 60, seed = 1)
formulas <- c(y ~ x + (1 | g), y ~ x + v + (1 + x || g), y ~ x + v + (1 + x + v | g),
              y ~ 0 + (1 + x | g), y ~ x + between + (1 + x | g) + (0 + v | g), y ~ f + (0 + v | g))
wishart <- relm_prior(beta = normal(0, 2), sigma = uniform(3),
                      cov = inverse_wishart(4, diag(2)))
proper <- relm_prior(sd = list(x = inverse_gamma(1, 1), Intercept = uniform(2)))
scale_priors <- list(
  relm_prior(sd = list(Intercept = half_t(3, 1), x = uniform(2), v = inverse_gamma(2, 1)),
             sigma = half_normal(1)),
  relm_prior(sd = exponential(1), sigma = half_cauchy(1)),
  relm_prior(cov = huang_wand(2, c(1, 2, 1)), sigma = exponential(1))
)

for (sampler in c("centered", "uncentered", "interweaved", "collapsed")) {
  for (formula in formulas) invisible(short(formula, data, sampler = sampler, weights = w))
  invisible(short(y ~ x + (1 + x | g), data, sampler = sampler, prior = wishart))
  invisible(short(y ~ x + (1 + x || g), data, sampler = sampler, prior = proper))
  for (prior in scale_priors) {
    invisible(short(y ~ x + v + (1 + x + v | g), data, sampler = sampler, prior = prior))
  }
  invisible(short(y ~ x + (1 | g), data, sampler = sampler, sigma = ~ f,
                  prior = relm_prior(sd = half_cauchy(1), sigma = pooled())))
  # A residual variance that is known.
  invisible(short(y ~ x + (1 + x | g), data, sampler = sampler, sigma = known(w)))
  invisible(short(y ~ x + (1 + x + v | g), data[data$g %in% unique(data$g)[1:2], ],
                  sampler = sampler, prior = relm_prior(sd = half_t(3, 1))))
  invisible(short(y ~ x + (1 + x || g), large_groups, sampler = sampler, sigma = ~ g))
  invisible(short(y ~ x + v + (1 + x | g), data, sampler = sampler, sigma = ~ f))
}
for (sampler in c("interweaved", "collapsed")) {
  invisible(short(y ~ x + between + (1 + x + v | g), data, sampler = sampler, sigma = ~ f,
                  prior = relm_prior(sd = half_t(3, 1), cor = lkj(0.01))))
  invisible(short(y ~ x + (1 + x | g) + (0 + v | g), data, sampler = sampler, weights = w,
                  prior = relm_prior(beta = normal(0, 2), cor = lkj(0.1))))
}
invisible(short(y ~ x + (1 + x | g), data, prior = relm_prior(cov = inverse_wishart(1e7, 1e7))))
# Structured covariances, alone, with several residual variances and among other groupings.
structured <- c(y ~ x + cs(1 + x + v | g), y ~ x + cs(1 + x + v | g, hom = TRUE),
                y ~ x + ar1(1 + x + v | g), y ~ x + ar1(1 + x + v | g, hom = FALSE),
                y ~ x + diag(1 + x + v | g, hom = TRUE),
                y ~ x + cs(1 + x | g) + ar1(0 + f | h))
for (formula in structured) {
  for (sigma in c(~ 1, ~ f)) {
    invisible(short(formula, transform(data, h = rep_len(1:4, nrow(data))), sigma = sigma,
                    prior = relm_prior(sd = half_t(3, 1))))
  }
}
invisible(short(abs(round(y)) ~ x + ar1(1 + x | g), data, family = "poisson"))
# The collapsed sampler with a table, effects had later, and moments in their place.
for (formula in formulas[1:2]) {
  fit <- relm(formula, data, chains = 1, draws = 5000, seed = 1, group_draws = FALSE)
  invisible(as.matrix(fit, "r_g[g1,Intercept]"))
  model <- relm:::sampler_model(fit$posterior, "uncentered")
  invisible(relm:::effect_moments(model, list(relm:::drawn_hyper(fit$sampling, fit$posterior, 1))))
  invisible(.Call(relm:::ffi_marginal, model, diag(model$groupings[[1]]$n_random), 1L))
}
# Several groupings: chains, crossed ones in one step and by scans, their effects and moments.
set_cost_of_merging <- function(cost) {
  utils::assignInNamespace("merged_cost", function(model, role) cost, "relm")
}
several <- transform(data, h = rep_len(1:4, nrow(data)), k = paste(g, rep_len(1:2, nrow(data))))
for (cost in c(0, 1e300)) {
  set_cost_of_merging(cost)
  for (formula in c(y ~ x + (1 | g) + (1 + x | k), y ~ x + (1 + x | g) + (1 | h),
                    y ~ x + (1 | g / k) + (1 + v | h))) {
    for (sigma in c(~ 1, ~ f)) {
      fit <- short(formula, several, sigma = sigma, weights = w,
                   prior = relm_prior(sigma = inverse_gamma(2, 1)))
      invisible(as.matrix(extend(fit, 3)))
      invisible(ranef(fit, summary = TRUE))
      invisible(predict(fit, several[1:4, ], weights = 1:4))
    }
  }
}
# One step whose factor goes by products and by rotations, effects had later, and moments.
set_cost_of_merging(0)
fit <- relm(y ~ x + (1 | g) + (1 + x | h), several, chains = 1, draws = 300, seed = 1,
            group_draws = FALSE)
invisible(ranef(fit))
model <- relm:::model_of_draws(fit$posterior, fit$sampling)
hyper <- relm:::drawn_hyper(fit$sampling, fit$posterior, 1)
for (size in c(1, 1e5)) invisible(relm:::effect_moments(model, list(size * hyper)))
set_cost_of_merging(1e300)
# The target of each step of a scan, beside the last effects.
fit <- short(y ~ x + (1 + x | g) + (1 | h), several)
model <- relm:::restore_tuning(relm:::sampler_model(fit$posterior, "uncentered"),
                               fit$sampling$tuning, 1L)
state <- fit$sampling$ends[[1]]$state
for (s in seq_along(model$steps)) {
  invisible(.Call(relm:::ffi_scan_target, model, s - 1L, state$point[[s]], state$sigma2,
                  state$effect, state$point))
}
# Gibbs samplers of several groupings: their conditionals, chains' centering, priors of each kind.
several_priors <- list(
  relm_prior(sd = half_t(3, 1), sigma = inverse_gamma(2, 1)),
  relm_prior(cov = huang_wand(2, 1), sigma = half_normal(1)),
  relm_prior(beta = normal(0, 2), cov = list(g = inverse_wishart(4, diag(2))),
             sigma = half_normal(1))
)
for (sampler in c("centered", "uncentered", "interweaved")) {
  for (formula in c(y ~ x + v + (1 + x | g) + (1 + x | k), y ~ x + (1 + x | g) + (1 | h),
                    y ~ x + (1 + x | g) + (1 + v | k) + (0 + x | h))) {
    for (sigma in c(~ 1, ~ f)) for (prior in several_priors) {
      fit <- short(formula, several, sigma = sigma, weights = w, sampler = sampler, prior = prior)
      invisible(as.matrix(extend(fit, 3)))
      invisible(ranef(fit, summary = TRUE))
    }
  }
}
for (formula in c(y ~ x + (1 + x | g) + (1 + x | k), y ~ x + (1 + x | g) + (1 + v | h))) {
  invisible(extend(short(formula, several, sampler = "interweaved", sigma = ~ f, weights = w,
                         prior = relm_prior(sd = half_t(3, 1), cor = lkj(0.1),
                                            sigma = inverse_gamma(2, 1))), 3))
}
fit <- relm(y ~ x + (1 | g) + (1 + x | k), several, chains = 1, draws = 300, seed = 1,
            group_draws = FALSE)
invisible(ranef(fit))
model <- relm:::sampler_model(fit$posterior, "uncentered")
invisible(relm:::effect_moments(model, list(relm:::drawn_hyper(fit$sampling, fit$posterior, 1))))
invisible(log_lik(fit, by = "group", grouping = "g"))
invisible(loo(fit))
invisible(logml(short(y ~ x + (1 | g) + (1 | k), several,
                      prior = relm_prior(beta = normal(0, 2), sd = half_t(3, 1),
                                         sigma = half_normal(1)))))
# Predictions of rows seen and unseen, and summaries of draws.
rows <- rbind(data[1:5, c("x", "f", "g")], data.frame(x = 0, f = "a", g = "new"))
for (sigma in c(~ 1, ~ f)) {
  fit <- short(y ~ x + (1 + x | g), data, sigma = sigma, weights = w)
  invisible(predict(fit, rows, allow_new_levels = TRUE, weights = 1:6))
  invisible(fitted(fit, summary = TRUE))
  invisible(ranef(fit, summary = TRUE))
}
# Likelihoods of rows and groups, rows left out, marginal likelihoods.
proper_all <- relm_prior(beta = normal(), sd = half_normal(1), sigma = half_normal(1))
for (formula in list(y ~ x, y ~ x + (1 | g), y ~ x + v + (1 + x + v | g))) {
  for (sigma in c(~ 1, ~ f)) {
    fit <- short(formula, data, sigma = sigma, weights = w, prior = proper_all)
    moments <- relm:::row_moments(fit)
    for (leave_out in c(TRUE, FALSE)) invisible(moments(seq_len(nrow(data)), leave_out))
    if (length(ngrps(fit))) invisible(log_lik(fit, by = "group"))
    folds <- ifelse(data$g == data$g[1], 0, seq_len(nrow(data)) %% 2 + 1)
    invisible(relm:::predict_folds(fit, factor(folds), 1L))
    integrand <- relm:::new_integrand(fit$posterior)
    invisible(relm:::log_integrand(integrand, relm:::drawn_points(fit)))
  }
}
# The same of several groupings, nested and crossed.
data$h <- rep(c("p", "q", "r"), length.out = nrow(data))
rows$h <- c("p", "new")
for (formula in list(y ~ x + (1 | g/h), y ~ x + (1 | h) + (1 + x | g))) {
  for (sigma in c(~ 1, ~ f)) {
    fit <- short(formula, data, sigma = sigma, weights = w, prior = proper_all)
    invisible(predict(fit, rows, allow_new_levels = TRUE, weights = 1:6))
    moments <- relm:::row_moments(fit)
    for (leave_out in c(TRUE, FALSE)) invisible(moments(seq_len(nrow(data)), leave_out))
    invisible(relm:::predict_folds(fit, factor(match(data$g, unique(data$g)) %% 2), 1L))
    if (length(relm:::find_steps(fit$posterior$groupings)) > 1) next
    invisible(log_lik(fit, by = "group"))
    invisible(relm:::log_integrand(relm:::new_integrand(fit$posterior), relm:::drawn_points(fit)))
  }
}
invisible(short(y ~ x, data))
invisible(short(y ~ x, data, sigma = ~ f))
# Other families.
data$hit <- as.numeric(seq_len(nrow(data)) %% 3 == 0)
data$count <- seq_len(nrow(data)) %% 5
other <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
for (formula in list(~ x, ~ x + (1 | g), ~ x + (1 + x | g), ~ x + (1 + x + v || g))) {
  for (family in list(binomial(), binomial("probit"), binomial("cloglog"), poisson(),
                      negative_binomial())) {
    # Links whose nodes are computed one by one take their time.
    if (family$link %in% c("probit", "cloglog") && length(formula[[2]]) > 1 &&
          !identical(formula, ~ x + (1 | g))) next
    response <- if (family$family == "binomial") quote(hit) else quote(count)
    fit <- short(as.formula(call("~", response, formula[[2]])), data, family = family, prior = other)
    invisible(predict(fit, data[1:3, ]))
    invisible(extend(fit, 2))
    # Likelihoods with the effects integrated out.
    density <- relm:::row_densities(fit)
    for (leave_out in c(TRUE, FALSE)) invisible(density(seq_len(nrow(data)), leave_out))
    invisible(relm:::draw_rows_left_out(fit))
    if (length(ngrps(fit))) invisible(log_lik(fit, by = "group"))
    folds <- ifelse(data$g == data$g[1], 0, seq_len(nrow(data)) %% 2 + 1)
    invisible(relm:::predict_folds(fit, factor(folds), 1L))
    invisible(relm:::log_integrand(relm:::new_integrand(fit$posterior), relm:::drawn_points(fit)))
  }
}
invisible(short(cbind(count, 5 - count) ~ x + (1 | g), data, family = binomial(), prior = other))
# Several groupings, crossed and nested, in turn and given the totals of the leaves.
many <- transform(several, hit = data$hit, count = data$count, trials = 1 + 7 * data$count)
for (formula in list(hit ~ x + (1 + x | g) + (1 | h), count ~ x + (1 + x | g) + (1 | g:k),
                     count ~ x + (1 + x | g / k))) {
  for (family in if (formula[[2]] == "hit") list(binomial(), binomial("cloglog"))
                 else list(poisson(), negative_binomial())) {
    fit <- short(formula, many, family = family, prior = other)
    invisible(predict(fit, many[1:3, ]))
    invisible(extend(fit, 2))
  }
}
# Their Gibbs samplers, whose weights are in pieces and in gamma variates.
for (sampler in c("centered", "uncentered", "interweaved")) {
  for (formula in list(~ x, ~ x + (1 + x | g), ~ x + (1 | g / k), ~ x + (1 + x | g) + (0 + v | h))) {
    for (response in list(quote(hit), quote(cbind(count, trials - count)), quote(count))) {
      family <- if (identical(response, quote(count))) negative_binomial() else binomial()
      fit <- short(as.formula(call("~", response, formula[[2]])), many, family = family, prior = other,
                   sampler = sampler)
      invisible(extend(fit, 2))
    }
  }
}
invisible(short(hit ~ x + (1 + x | g), many, family = binomial(), sampler = "interweaved",
                prior = relm_prior(beta = normal(0, 2), sd = half_normal(1), cor = lkj(0.1))))
for (c in c(0, 3)) invisible(.Call(relm:::ffi_draw_polya_gamma, c(0.01, 1, 5, 1e6), rep(c, 4)))
for (shape in c(1.01, 2, 50)) invisible(.Call(relm:::ffi_draw_gamma, 20L, shape))
# Many fixed columns, in panels: one random column with a spectrum, and without.
set.seed(1)
wide <- data.frame(y = rnorm(160), g = rep(1:16, 10), f = rep(c("a", "b"), 80))
wide$X <- matrix(rnorm(160 * 66), 160)
invisible(short(y ~ X + (1 | g), wide))
invisible(short(y ~ X + (1 | g), wide, prior = relm_prior(beta = normal(0, 1))))
invisible(short(y ~ X + (1 | g), wide, sigma = ~ f))
invisible(short(y ~ X + (1 | g), wide, prior = relm_prior(sigma = fixed(1))))
chunks <- function(size) {
  rows <- split(seq_len(nrow(data)), (seq_len(nrow(data)) - 1) %/% size)
  function(reset = FALSE) {
    if (reset) rows <<- split(seq_len(nrow(data)), (seq_len(nrow(data)) - 1) %/% size)
    if (reset || length(rows) == 0) return(NULL)
    chunk <- data[rows[[1]], ]
    rows <<- rows[-1]
    chunk
  }
}
for (formula in c(y ~ x + f + (1 | g), y ~ poly(x, 2) + (1 | g:f) + (1 + x | f))) {
  invisible(crossprods(formula, chunks(7), sigma = ~ f, weights = w))
}
few_rows <- crossprods(y ~ x + (1 | g), data[1:5, ])
invisible(update(sum_crossprods(list(crossprods(y ~ x + (1 | g), data), few_rows)), remove = few_rows))
invisible(crossprods(y ~ x + (1 | g), data[1:20, ]) + crossprods(y ~ x + (1 | g), data[21:46, ]))
# Student's t residuals: no grouping, one, and several in each structure, strata, weights, known and
# drawn degrees of freedom, and structured covariances.
longer <- transform(several, h = rep_len(1:4, nrow(data)))
student_cases <- list(y ~ x + (1 + x | g), y ~ x + (1 + x | g) + (1 | h),
                      y ~ x + (1 | g) + (1 + x | k), y ~ x + (1 | g / k) + (1 | h))
for (sampler in c("centered", "uncentered", "interweaved", "collapsed")) {
  for (formula in student_cases) for (sigma in c(~ 1, ~ f)) {
    fit <- short(formula, longer, family = student(), sampler = sampler, sigma = sigma,
                 weights = w, prior = proper_all)
    invisible(extend(fit, 2))
    invisible(predict(fit, longer[1:3, ], weights = 1:3))
  }
}
for (sampler in c("centered", "uncentered", "interweaved")) {
  invisible(short(y ~ x, longer, family = student(), sigma = ~ f, sampler = sampler,
                  prior = proper_all))
}
invisible(short(y ~ x + (1 | g), longer, family = student(), sigma = ~ f, weights = w,
                prior = relm_prior(beta = normal(), sd = half_cauchy(1), sigma = pooled())))
for (formula in structured[c(1, 3, 6)]) {
  invisible(short(formula, longer, family = student(), prior = proper_all))
}
fit <- short(y ~ x + (1 + x | g), longer, family = student(), sigma = ~ f, weights = w,
             prior = proper_all)
invisible(loo(fit, integrated = TRUE))
invisible(.Call(relm:::ffi_t_and_normal, c(0, 3, 1e8), c(0, 1, 1e-9), rep(1, 3), c(1, 4, 1e9)))
# Draws that are saved as they come, and read again; a process that works for this one.
draws_file <- tempfile("draws", fileext = ".rds")
invisible(short(y ~ x + (1 | g), data, checkpoint = draws_file))
invisible(extend(recover_fit(draws_file), 2))
unlink(draws_file)
invisible(relm(y ~ x + (1 | g), data, chains = 2, draws = 5, warmup = 60, seed = 1, cores = 2))
parent <- Sys.getpid()
job <- parallel::mcparallel(is.null(.Call(relm:::ffi_work_for, parent)))
called[["ffi_work_for"]] <- if (isTRUE(parallel::mccollect(job)[[1]])) TRUE
cat("C entry points:", length(native), "\n")
missed <- setdiff(native, ls(called))
if (length(missed)) stop("No line of the exercise calls ", toString(missed), call. = FALSE)
cat("every entry point ran\n")
