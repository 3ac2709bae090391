# Arguments of random calls, as code: by their name what they may be, and what no argument is.

nobody_takes <- alist(
  NULL, NA, NaN, Inf, -Inf, -1, 0, 0.5, 2.5, 1e300, 1e10, .Machine$integer.max, -1L, NA_integer_, NA_character_, "a", "",
  "{x}", character(), numeric(), integer(), list(), list(1, "a"), list(a = 1), TRUE, FALSE, c(TRUE, NA), 1:3, c(1, NA),
  c(a = 1, b = 2), matrix(1:4, 2), data.frame(), data.frame(x = 1:2), factor("a"), as.Date("2020-01-01"),
  quote(x), quote(x + 1), y ~ x, ~x, ~unknown, function(x) x, mean, sum, new.env(), 1i, as.raw(1), expression(x), letters,
  NULL, unknown_object, stop("of the caller"), structure(1, class = "of_nobody"), Sys.time(), array(1, c(1, 1, 1)),
  "\u00e9", rep("a", 50), 1e-300, 2^31, c(-1, 2), c(2, 1), list(NULL), as.name("x"), globalenv(), I("a"), "NA", 0L
)

priors_of_calls <- list(
  beta = alist(flat(), normal(0, 1), normal(0, 1e-6), normal(0, 1e6), normal(1e10, 1e-10), normal(autoscale = TRUE),
               list(x = normal(0, 1)), list(unknown = flat()), list(Intercept = normal(0, 10), x = flat()),
               list(x = flat(), x = normal()), half_t(3, 1), normal(0, -1), normal(NA), normal(c(0, 1), 1), list(), list(flat())),
  sd = alist(uniform(), uniform(1), uniform(1e-8), uniform(1e8), half_t(3, 1), half_t(0.1, 1), half_t(1e6, 1e-6), half_cauchy(1), half_normal(1),
             half_normal(1e-12), half_normal(1e12), exponential(1), exponential(1e9), exponential(1e-9), inverse_gamma(1, 1),
             inverse_gamma(1e-6, 1e-6), inverse_gamma(0.01, 100), list(x = half_t(3, 1)), list(Intercept = uniform(2)),
             list(g = half_t(3, 1)), list(g = list(x = uniform(1))), list(h = uniform(3)), fixed(1), jeffreys(), uniform(0), uniform(-1),
             half_t(-1, 1), half_t(3), exponential(NaN), pooled(), normal(0, 1), list(g = list())),
  cor = alist(lkj(1), lkj(2), lkj(0.5), lkj(0.01), lkj(100), lkj(1e8), lkj(1e-6), lkj(0), lkj(NA), list(g = lkj(2)), list(h = lkj(0.1))),
  sigma = alist(jeffreys(), uniform(), uniform(10), half_t(3, 1), half_normal(1), half_normal(1e-9), exponential(1), exponential(1e6),
                inverse_gamma(1, 1), inverse_gamma(1e-8, 1e-8), fixed(1), fixed(1e-9), fixed(1e9), pooled(), half_cauchy(2), fixed(0), flat(), lkj(1)),
  cov = alist(inverse_wishart(4, diag(2)), inverse_wishart(2, 1), inverse_wishart(3, diag(3)), inverse_wishart(1e6, diag(2)),
              inverse_wishart(1, diag(2)), huang_wand(2, 1), huang_wand(2, c(1, 2)), huang_wand(0.1, 1), huang_wand(100, 1e-8),
              list(g = huang_wand(2, 1)), inverse_wishart(4, matrix(1, 2, 2)), inverse_wishart(4, -diag(2)), inverse_wishart(4, matrix(1, 2, 3)),
              huang_wand(), NULL, lkj(1)),
  shape = alist(gamma(0.01, 0.01), gamma(2, 0.1), half_t(3, 1), half_normal(1), exponential(1), half_cauchy(1), gamma(1e6, 1), gamma(2),
                uniform(), NULL),
  df = alist(gamma(2, 0.1), exponential(0.1), fixed(4), fixed(1), fixed(0.1), fixed(1e6), gamma(1e-3, 1e-3), gamma(100, 1), exponential(100), uniform(1), NULL)
)

anything <- function() nobody_takes[[sample.int(length(nobody_takes), 1)]]

one_of <- function(list) list[[sample.int(length(list), 1)]]

random_prior <- function(family) {
  if (chance(0.03)) return(anything())
  names <- pick(names(priors_of_calls), pick(c(1, 1, 2, 2, 3)))
  if (chance(0.8)) names <- setdiff(names, c("shape"[family != "negative_binomial"], "df"[family != "student"]))
  if (chance(0.02)) names <- c(names, "unknown")
  values <- lapply(names, function(name) {
    if (chance(0.04) || name == "unknown") anything() else one_of(priors_of_calls[[name]])
  })
  as.call(c(quote(relm_prior), stats::setNames(values, names)))
}

# Under which most posteriors exist.
proper_prior <- function(family) {
  sigma <- if (family %in% c("gaussian", "student")) list(sigma = quote(half_t(3, 1)))
  as.call(c(quote(relm_prior), list(beta = one_of(alist(normal(0, 5), normal(0, 100), normal(0, 0.1))),
                                    sd = one_of(alist(half_t(3, 1), exponential(1), half_normal(2), inverse_gamma(1, 1)))), sigma))
}

# Of relm(), beside formula, data, family and prior.
arguments_of_fits <- list(
  sigma = alist(~1, ~f, ~h, ~g, ~g:h, ~l, known(se), known(1), known(w), ~unknown, ~x + z, f, known(), known(-1), known(unknown)),
  sampler = alist("collapsed", "collapsed", "centered", "uncentered", "interweaved", "interweaved", "unknown"),
  chains = alist(1, 2, 3, 0, 1.5),
  draws = alist(1, 2, 5, 10, 30, 50, 0, 1e9),
  warmup = alist(0, 1, 5, 20, -1),
  thin = alist(1, 2, 3, 0),
  seed = alist(1, 2, 123, 1L, -5, 2^31, "a", NULL),
  threads = alist(1, 2, 0),
  cores = alist(1, 0, "a"),
  init = alist(0, "random", list(), list(b_x = 1), list(sigma = -1), function() list(sigma = 1), "0", 2, list(sd_g__Intercept = 0)),
  group_draws = alist(TRUE, FALSE, NULL, "1", c("1", "2"), "none", list(g = TRUE), list(h = FALSE), 1:2, list(unknown = TRUE)),
  target_ess = alist(1, 10, 50, -1, NULL),
  max_draws = alist(50, 100, 1, 0),
  weights = alist(w, 1, w / 2, NULL, t, -w, rep(1, 3), x, unknown, se, 0 * w, "w", 1e10 * w, 1e-10 * w, w^50, m),
  offset = alist(x, z, 0, log(w), 1e10 * z, NULL, unknown, "x", f, NA, 1:3, m),
  subset = alist(x > 0, y > 0, 1:5, TRUE, FALSE, NULL, g == "1", -1, unknown, "1", c(1, 1, 2), 100:200, NA, f, x > NA),
  na.action = alist(na.omit, na.exclude, na.pass, na.fail, NULL, "na.omit", "unknown", identity, 1),
  contrasts = alist(list(f = "contr.sum"), list(f = contr.helmert), list(h = "contr.sum"), list(x = "contr.sum"), list(unknown = 1),
                    "contr.sum", list(f = "unknown"), list(f = matrix(1, 2, 1)), list(f = contr.treatment(3, base = 2)),
                    list(f = matrix(1:3, 3)), list(o = "contr.treatment"), NULL, list("contr.sum"), list(f = NA)),
  progress = alist(FALSE, FALSE, NA, 1),
  prior_only = alist(TRUE, TRUE, FALSE, NA)
)

families_of_calls <- list(
  gaussian = alist("gaussian", gaussian(), gaussian),
  student = alist("student", student(), student),
  binomial = alist("binomial", binomial(), binomial("probit"), binomial("cloglog"), "bernoulli"),
  poisson = alist("poisson", poisson(), poisson("log")),
  negative_binomial = alist("negative_binomial", negative_binomial()),
  unknown = alist("unknown", Gamma(), poisson("sqrt"), binomial("cauchit"), gaussian("log"), 1, NULL, NA, mean,
                  quasi(), c("poisson", "binomial"), inverse.gaussian(), student("log"), list(family = "poisson"))
)

random_family <- function() {
  pick(names(families_of_calls), prob = c(8, 2, 4, 3, 2, 0.4))
}

# arguments: a list by name of what each may be; `wrong`, how often a value is that of no argument.
random_arguments <- function(arguments, n, wrong = 0.1) {
  names <- pick(names(arguments), min(n, length(arguments)))
  values <- lapply(names, function(name) {
    if (chance(wrong)) anything() else one_of(arguments[[name]])
  })
  stats::setNames(values, names)
}
