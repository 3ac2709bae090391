# Published posteriors of meta-analyses, which bayesmeta has by quadrature: Roever, C. (2020), Bayesian
# random-effects meta-analysis using the bayesmeta R package, Journal of Statistical Software 93(6),
# section 3.3 (transplantation: half-normal tau of scale 0.5, mu normal(0, 4)), and the vignette
# "An introduction to meta-analysis using the bayesmeta package" of bayesmeta 3.4 (eight schools:
# half-Cauchy tau of scale 25 with mu normal(0, 50), and both uniform).

published_meta <- list(
  transplantation = list(
    data = transplant_studies, prior = relm_prior(beta = normal(0, 4), sd = half_normal(0.5)),
    tau = c(mode = 0.2453139, median = 0.3445023, mean = 0.3810562, sd = 0.2593672),
    # Probabilities of being below.
    tau_below = data.frame(at = c(1, 0.003547657, 1.205400562), p = c(1 - 0.02097488, 0.005, 0.995)),
    mu = c(median = -1.5734819, mean = -1.5764365, sd = 0.3295301),
    new = c(median = -1.5701653, mean = -1.5764365, sd = 0.5671855),
    effects = rbind(a = c(median = -1.7411356, mean = -1.7778965, sd = 0.4229425),
                    b = c(-1.2821722, -1.2339736, 0.4488759))
  ),
  half_cauchy = list(
    data = eight_schools_in_decimals, prior = relm_prior(beta = normal(0, 50), sd = half_cauchy(25)),
    tau = c(median = 4.758539, mean = 5.884511, sd = 4.869904),
    tau_below = data.frame(at = c(0.2199559, 15.16589, 18.0531718), p = c(0.025, 0.95, 0.975)),
    mu = c(median = 7.962961, mean = 7.985729, sd = 4.995762),
    new = c(median = 7.926819, mean = 7.985729, sd = 9.126767),
    mu_below = data.frame(at = c(0, 16.11009), p = c(1 - 0.9487521, 0.95)),
    effects = rbind(A = c(median = 10.093581, mean = 11.095255, sd = 7.901084),
                    G = c(9.786985, 10.336032, 6.631039), H = c(8.266594, 8.474644, 7.456906))
  ),
  uniform = list(
    data = eight_schools_in_decimals, prior = relm_prior(),
    tau = c(median = 5.227732, mean = 6.585992, sd = 5.685974),
    mu = c(median = 8.055861, mean = 8.092138, sd = 5.246683),
    new = c(median = 8.008111, mean = 8.092138, sd = 10.148132)
  )
)

with_group <- function(data) {
  names(data)[1] <- "g"
  data
}

# The density of tau that the sampler's target is, up to a constant.
density_of_tau <- function(case) {
  data <- with_group(case$data())
  posterior <- posterior_of(y ~ 1 + (1 | g), data, sigma = known(se), case$prior)
  model <- model_of(posterior)
  tuning <- tune_at_mode(model, scales_of(model), "fixed")
  at <- function(tau) {
    x <- asinh(tau / tuning$scale)
    log_density_at(model, tuning, rbind(x), 1) - log(cosh(x))
  }
  top <- at(mean(data$se) / 3)
  function(tau) exp(at(tau) - top)
}

test_that("the density of tau that is sampled has the published summaries, to their last digits", {
  for (name in names(published_meta)) {
    case <- published_meta[[name]]
    density <- density_of_tau(case)
    total <- function(f, ...) {
      stats::integrate(f, ..., rel.tol = 1e-11, subdivisions = 2000L)$value
    }
    unit <- case$tau[["median"]]
    # t / (1 - t) in units of the median, to have all of the tail.
    over <- function(power, upper = 1) {
      total(function(t) density(unit * t / (1 - t)) * (unit * t / (1 - t))^power / (1 - t)^2, 0, upper)
    }
    below <- function(tau) over(0, tau / (tau + unit)) / over(0)
    mean <- over(1) / over(0)
    found <- c(mean = mean, sd = sqrt(over(2) / over(0) - mean^2),
               median = stats::uniroot(function(tau) below(tau) - 0.5, c(0.1, 5) * unit, tol = 1e-12)$root,
               mode = stats::optimize(density, c(0, 5) * unit, maximum = TRUE, tol = 1e-10)$maximum)
    # Of seven digits; the published mode, where the density is flat, has five.
    tolerance <- c(mean = 1e-6, sd = 1e-6, median = 1e-6, mode = 1e-5)[names(case$tau)]
    expect_lt(max(abs(found[names(case$tau)] / case$tau - 1) / tolerance), 1, label = name)
    if (is.null(case$tau_below)) next
    expect_lt(max(abs(vapply(case$tau_below$at, below, 0) - case$tau_below$p)), 1e-7, label = name)
  }
})

# Within four Monte Carlo standard errors and half a unit of the sixth digit.
expect_summaries <- function(draws, published, label) {
  found <- c(median = stats::median(draws), mean = mean(draws), sd = stats::sd(draws))[names(published)]
  error <- c(median = posterior::mcse_median(draws), mean = posterior::mcse_mean(draws),
             sd = posterior::mcse_sd(draws))[names(published)]
  expect_lt(max(abs(found - published) / (4 * error + 5e-7 * abs(published))), 1, label = label)
}

expect_shares <- function(draws, below, label) {
  for (k in seq_len(NROW(below))) {
    share <- draws < below$at[k]
    error <- sqrt(below$p[k] * (1 - below$p[k]) / posterior::ess_mean(share + 0))
    expect_lt(abs(mean(share) - below$p[k]) / error, 4, label = paste(label, below$at[k]))
  }
}

test_that("draws have the published posteriors, of studies and of a new one", {
  skip_on_cran()
  for (name in names(published_meta)) {
    case <- published_meta[[name]]
    fit <- relm(y ~ 1 + (1 | g), with_group(case$data()), sigma = known(se), prior = case$prior,
                draws = 5000, seed = 21)
    chains <- function(variable) matrix(as_draws_array(fit, variable), 5000)
    tau <- chains("sd_g__Intercept")
    mu <- chains("b_Intercept")
    expect_summaries(tau, case$tau[names(case$tau) != "mode"], paste(name, "tau"))
    expect_shares(tau, case$tau_below, paste(name, "tau"))
    expect_summaries(mu, case$mu, paste(name, "mu"))
    expect_shares(mu, case$mu_below, paste(name, "mu"))
    new <- posterior_epred(fit, data.frame(g = "new"), allow_new_levels = TRUE, seed = 22)
    expect_summaries(matrix(new, 5000), case$new, paste(name, "a new study"))
    for (group in rownames(case$effects)) {
      expect_summaries(chains(sprintf("r_g[%s,Intercept]", group)) + mu, case$effects[group, ], paste(name, group))
    }
  }
})
