# Draws of every sampler, prior and shape, to be the same numbers whatever is moved about in the
# code. tools/reference-draws.R writes them to fixtures/reference-draws.rds.

reference_formulas <- list(
  intercept = y ~ x + (1 | g), diagonal = y ~ x + v + (1 + x || g), full = y ~ x + (1 + x | g),
  three = y ~ x + v + (1 + x + v | g), random_only = y ~ 0 + (1 + x | g),
  blocks = y ~ x + between + (1 + x | g) + (0 + v | g), factor = y ~ f + (0 + v | g),
  three_diagonal = y ~ x + (1 + x + v || g)
)

# Those that hold for columns of any name and number.
reference_priors <- function() {
  list(
    default = relm_prior(), half_t = relm_prior(sd = half_t(3, 1)),
    bounded = relm_prior(sd = uniform(2), sigma = half_normal(1)),
    exponential = relm_prior(sd = exponential(1), sigma = half_cauchy(1)),
    inverse_gamma = relm_prior(sd = inverse_gamma(1, 1), sigma = inverse_gamma(2, 1)),
    lkj = relm_prior(cor = lkj(2)), normal = relm_prior(beta = normal(0, 2), sigma = uniform(3))
  )
}

reference_samplers <- c("centered", "uncentered", "interweaved", "collapsed")

# A list of the arguments of relm(), named by case.
reference_cases <- function() {
  data <- grouped_data(9)
  large_groups <- data[stats::ave(data$y, data$g, FUN = length) > 3, ]
  priors <- reference_priors()
  grid <- expand.grid(prior = names(priors), formula = names(reference_formulas),
                      sampler = reference_samplers, stringsAsFactors = FALSE)
  cases <- Map(function(sampler, formula, prior) {
    list(reference_formulas[[formula]], data, sampler = sampler, prior = priors[[prior]])
  }, grid$sampler, grid$formula, grid$prior)
  names(cases) <- paste(grid$sampler, grid$formula, grid$prior)
  of_sampler <- function(sampler) {
    matrices <- list(huang_wand = relm_prior(cov = huang_wand(2, 1)),
                     inverse_wishart = relm_prior(cov = inverse_wishart(4, 1)))
    c(lapply(matrices, function(prior) list(y ~ x + v + (1 + x + v | g), data, prior = prior)),
      list(sigma_f = list(y ~ x + v + (1 + x | g), data, sigma = ~ f),
           sigma_g = list(y ~ x + (1 + x || g), large_groups, sigma = ~ g),
           pooled = list(y ~ x + (1 | g), data, sigma = ~ f,
                         prior = relm_prior(sd = half_cauchy(1), sigma = pooled()))))
  }
  for (sampler in reference_samplers) {
    own <- lapply(of_sampler(sampler), c, list(sampler = sampler))
    cases[paste(sampler, names(own))] <- own
  }
  others <- lapply(every_model(), append, list(every_model_data()), after = 1)
  names(others) <- paste("every model:", names(others))
  c(cases, others, list("no groups" = list(y ~ x, data),
                "no groups, sigma by f" = list(y ~ x, data, sigma = ~ f),
                bass = list(log(mercury) ~ x + (1 + x || station), bass_centered())))
}

# variables x (sum over all draws, last draw of each chain).
reference_draws_of <- function(case) {
  fit <- suppressMessages(suppressWarnings(
    do.call(relm, c(case, list(chains = 2, draws = 30, warmup = 40, seed = 3)))
  ))
  draws <- unclass(as_draws_array(fit))
  cbind(sum = apply(draws, 3, sum), t(draws[nrow(draws), , ]))
}

# What the last digit of a draw depends on beside the code.
reference_machine <- function() {
  c(R = R.version.string, platform = R.version$platform,
    blas = basename(extSoftVersion()[["BLAS"]]), lapack = La_version(),
    compiler = compiler_version())
}

compiler_version <- function() {
  command <- system2(file.path(R.home("bin"), "R"), c("CMD", "config", "CC"), stdout = TRUE)
  words <- strsplit(command, " ")[[1]]
  compiler <- words[!grepl("^-|^ccache$", words)][1]
  system2(compiler, "--version", stdout = TRUE)[1]
}
