# One model of every kind that samplers and what feeds them tell apart, for what is to hold of all.

every_model_data <- function() {
  set.seed(2)
  data <- grouped_data(12)
  transform(data, h = rep_len(1:5, nrow(data)), k = paste(g, rep_len(1:2, nrow(data))),
            hit = as.numeric(y > mean(y)), count = stats::rpois(nrow(data), exp(1 + 0.3 * x)))
}

# Arguments of relm() beside the data, named by kind.
every_model <- function() {
  proper <- relm_prior(sd = half_t(3, 1))
  list(
    "no groups" = list(y ~ x), one = list(y ~ x + (1 + x | g)), nested = list(y ~ x + (1 | g / k)),
    crossed = list(y ~ x + (1 | g) + (1 + x | h), prior = proper),
    "symmetric" = list(y ~ x + cs(1 + x + v | g), prior = proper),
    "autoregressive" = list(y ~ x + ar1(0 + f | g), sigma = ~ f, prior = proper),
    known = list(y ~ x + (1 | g), sigma = quote(known(w))),
    student = list(y ~ x + (1 | g), family = student()),
    "student, crossed" = list(y ~ x + (1 | g) + (1 | h), family = student(), prior = proper),
    logit = list(hit ~ x + (1 | g), family = "binomial"),
    probit = list(hit ~ x + (1 | g), family = stats::binomial("probit")),
    cloglog = list(hit ~ x + (1 | g), family = stats::binomial("cloglog")),
    poisson = list(count ~ x + (1 + x | g), family = "poisson"),
    "negative binomial" = list(count ~ x + (1 | g), family = negative_binomial()),
    "logit, crossed" = list(hit ~ x + (1 | g) + (1 | h), family = "binomial", prior = proper),
    "poisson, nested" = list(count ~ x + (1 | g / k), family = "poisson", prior = proper),
    "weights" = list(hit ~ x + (1 | g), family = "binomial", sampler = "uncentered"),
    "Gibbs, crossed" = list(y ~ x + (1 | g) + (1 | h), sampler = "interweaved", prior = proper)
  )
}

fit_every <- function(model, ..., chains = 1, draws = 60, seed = 1, data = every_model_data()) {
  suppressMessages(eval(as.call(c(list(quote(relm)), model, list(
    data = quote(data), chains = quote(chains), draws = quote(draws), seed = quote(seed)), list(...)))))
}
