# What a response is given its linear predictor eta. All in which families differ at a row is an
# element of one of these; elsewhere nothing asks for the name of a family.

# The elements; y, eta, mean, scale and trials are of one shape or of length one, that of the
# result:
#   name, link              as stats::family() has them
#   label                   what models of the family are called in prints
#   scale                   the part of the hyperparameters that is its scale parameter, or NULL
#   weights                 what weights are: "precision", "trials", or "times", how often a row
#                           stands in the data
#   as_family()             R's own object
#   inverse_link(eta), inverse_link_slope(eta)
#                           the mean of a trial and its derivative
#   log_density(y, eta, scale, trials), log_density_slope(), log_density_curvature()
#                           and its first two derivatives in eta. y: the sum of `trials`, which are
#                           NULL where each row is one; scale: over sqrt(weight) where weights are
#                           precisions. Student's t residuals have list(sigma, df)
#   deviance(y, eta, scale, trials)
#                           the deviance residual; of a scale of 1 where that is a precision's
#   sd(mean, scale, trials) the standard deviation of y / trials
#   latent_variance(mean, scale)
#                           the variance of a response given eta on the scale of the link (Nakagawa,
#                           Johnson and Schielzeth 2017)
#   draw(eta, scale, trials)
#                           a y for each eta
#   variates(n, df)         random numbers that make a y each (draw_given() in src/family.h), which
#                           rows may share
#   picture                 the picture that pp_check() shows unasked
#   keeps_values            does the likelihood of merged rows need each count? (R/responses.R)
#   log_constant(y, trials) the part of the log density that depends on neither eta nor scale
#   rows                    what cross-products keep of the rows beside sums: nothing ("none"), those
#                           that differ with the sums of their responses ("merged"), or each ("each")
#   read(response, weights) list(y, trials) of a column of a model frame; see R/read_response.R
#   check_type(frame), check_rows(frame), check_all(frame)
#                           refuse a model frame by its response, before all columns are known to be
#                           finite, and after it by a row and by all rows together
new_family <- function(name, link, label, scale, weights, as_family, inverse_link,
                       inverse_link_slope, log_density, log_density_slope, log_density_curvature,
                       deviance, sd, latent_variance, draw, variates, picture, keeps_values,
                       log_constant, rows, read, check_type, check_rows, check_all) {
  elements <- names(formals())
  stats::setNames(lapply(elements, get, environment()), elements)
}

# Of a fit, or of its design, schema, cross-products or posterior; version 0.1.0 had one family.
family_of <- function(x) {
  if (inherits(x, "relm")) x <- x$posterior
  family <- families[[if (is.null(x$family)) "gaussian" else x$family]]
  if (is.null(x$link) || identical(x$link, family$link)) family else families[[key_of(x)]]
}

# Its name in the table, and in C (src/family.c): that of the family, and with another link of that
# too. x: what has the elements `family` and `link`.
key_of <- function(x) {
  if (is.null(x$family)) return("gaussian")
  if (is.null(x$link) || identical(x$link, families[[x$family]]$link)) return(x$family)
  paste(x$family, x$link, sep = "_")
}

is_gaussian <- function(x) identical(family_of(x)$name, "gaussian")

is_student <- function(x) identical(family_of(x)$name, "student")

# Is a response its linear predictor and a residual of a scale? Then cross-products have it.
is_linear <- function(x) family_of(x)$weights == "precision"

# Of what is closed forms of normal distributions.
check_gaussian <- function(x, what) {
  if (is_gaussian(x)) return(invisible())
  abort("{what} is of Gaussian responses alone.", x = "This is a {family_of(x)$label}.")
}

# As prints have it.
family_text <- function(x) {
  family <- family_of(x)
  paste0(family$name, ", link ", family$link)
}

# What makes means of linear predictors, as predict_draws() takes it; NULL where they are the same.
change_to_means <- function(fit) {
  family <- family_of(fit)
  if (family$link != "identity") function(values, rows) family$inverse_link(values)
}

# The row of a family that is named as glm() takes it: by text, by an object or by a function that
# makes one; or the error that it ended in.
check_family <- function(family) {
  if (identical(family, "gaussian")) return(families$gaussian)
  if (is.function(family)) family <- tryCatch(family(), error = identity)
  made <- inherits(family, "family")
  named <- made || is.character(family) && length(family) == 1 && !is.na(family)
  name <- if (named) known_as(if (made) family$family else family)
  for (known in families) {
    if (named && name == known$name && (!made || identical(family$link, known$link))) return(known)
  }
  refuse_family(family, made, name)
}

# Of other packages' names of a family, ours.
known_as <- function(name) {
  if (grepl("^Negative Binomial(\\(|$)", name)) return("negative_binomial")
  same <- c(neg_binomial_2 = "negative_binomial", negbinomial = "negative_binomial",
            nbinom2 = "negative_binomial", bernoulli = "binomial", t = "student")
  if (name %in% names(same)) same[[name]] else name
}

refuse_family <- function(family, made, name) {
  links <- vapply(families, `[[`, "", "link")
  names <- vapply(families, `[[`, "", "name")
  if (made && name %in% names) {
    abort("{.arg family} must have the link {.or {.val {unname(links[names == name])}}}.",
          x = "It is {.val {family$family}}, with the link {.val {family$link}}.")
  }
  abort("{.arg family} must be {.or {.val {unique(unname(names))}}}.",
        x = if (made) "It is {.val {family$family}}, with the link {.val {family$link}}."
            else if (inherits(family, "error")) "{conditionMessage(family)}"
            else "It is {describe(family)}.")
}

#' The negative binomial family
#'
#' For counts that vary more than Poisson's: with mean \eqn{\mu} and shape r the variance is
#' \eqn{\mu + \mu^2 / r}. The shape is a parameter of the model, named `shape` among its draws; its
#' prior is `shape` of [relm_prior()].
#'
#' [relm()] also takes `MASS::negative.binomial(theta)` and `rstanarm::neg_binomial_2()`. They name
#' the same family: the shape is estimated, whatever `theta` is.
#'
#' @param link The link function; `"log"` is the only one.
#' @return An object of class `family`, without a variance function, which would need the shape.
#' @examples
#' negative_binomial()
#' @export
negative_binomial <- function(link = "log") {
  check_choice(link, "link", "log")
  made <- stats::make.link(link)
  structure(list(family = "negative_binomial", link = link, linkfun = made$linkfun,
                 linkinv = made$linkinv, mu.eta = made$mu.eta, valideta = made$valideta,
                 validmu = function(mu) all(is.finite(mu) & mu > 0)), class = "family")
}

#' Student's t distribution of residuals
#'
#' For responses with outliers: \eqn{y = \eta + \sigma t}, t with Student's t distribution with
#' \eqn{\nu} degrees of freedom. The fewer these are, the less a row far off pulls at the rest. They
#' are learnt, and are named `df` among the draws; their prior is `df` of [relm_prior()]. `sigma` is
#' the scale of the residuals, which have the standard deviation \eqn{\sigma \sqrt{\nu / (\nu -
#' 2)}}, if \eqn{\nu > 2}.
#'
#' [relm()] also takes brms's `student()` and glmmTMB's `t_family()`, which name the same family.
#'
#' @param link The link function; `"identity"` is the only one.
#' @return An object of class `family`, without a variance function.
#' @references
#' Lange, K. L., Little, R. J. A. and Taylor, J. M. G. (1989). Robust statistical modeling using the t
#' distribution. *Journal of the American Statistical Association* 84, 881--896.
#'
#' West, M. (1987). On scale mixtures of normal distributions. *Biometrika* 74, 646--648.
#' @examples
#' student()
#' @export
student <- function(link = "identity") {
  check_choice(link, "link", "identity")
  made <- stats::make.link(link)
  structure(list(family = "student", link = link, linkfun = made$linkfun, linkinv = made$linkinv,
                 mu.eta = made$mu.eta, valideta = made$valideta,
                 validmu = function(mu) all(is.finite(mu))), class = "family")
}

# Binomial responses ----------------------------------------------------------------------------

# log_sides(eta): logarithms of the probabilities of a success and of a failure; slopes(eta) and
# curvatures(eta): their derivatives; a list of two each.
new_binomial <- function(link, label, inverse_link, inverse_link_slope, log_sides, slopes,
                         curvatures) {
  of_both <- function(sides) function(y, eta, scale, trials = NULL) {
    at <- sides(eta)
    y * at[[1]] + ((if (is.null(trials)) 1 else trials) - y) * at[[2]]
  }
  log_likelihood <- of_both(log_sides)
  log_choose <- function(y, trials) if (is.null(trials)) 0 else lchoose(trials, y)
  new_family(
    name = "binomial", link = link, label = label, scale = NULL, weights = "trials",
    as_family = function() stats::binomial(link),
    inverse_link = inverse_link, inverse_link_slope = inverse_link_slope,
    log_density = function(y, eta, scale, trials = NULL) {
      log_likelihood(y, eta, scale, trials) + log_choose(y, trials)
    },
    log_density_slope = of_both(slopes), log_density_curvature = of_both(curvatures),
    deviance = function(y, eta, scale, trials = NULL) {
      m <- if (is.null(trials)) 1 else trials
      largest <- stats::dbinom(y, m, y / m, log = TRUE) - log_choose(y, trials)
      signed_root(y / m - inverse_link(eta), largest - log_likelihood(y, eta, scale, trials))
    },
    sd = function(mean, scale, trials = NULL) {
      sqrt(mean * (1 - mean) / (if (is.null(trials)) 1 else trials))
    },
    # That of the tolerance whose distribution function is the inverse link.
    latent_variance = function(mean, scale) {
      c(logit = pi^2 / 3, probit = 1, cloglog = pi^2 / 6)[[link]]
    },
    draw = function(eta, scale, trials = NULL) {
      m <- if (is.null(trials)) 1 else trials
      eta[] <- stats::rbinom(length(eta), m, inverse_link(eta))
      eta
    },
    variates = function(n, df) stats::runif(n), picture = "bars", keeps_values = FALSE,
    log_constant = log_choose, rows = "merged",
    read = function(response, weights) read_successes(response, weights),
    check_type = function(frame) check_two_values(frame),
    check_rows = function(frame) check_successes(frame), check_all = function(frame) invisible()
  )
}

# sqrt(2 (largest log density - log density)) with the sign of the residual.
signed_root <- function(residual, less) sign(residual) * sqrt(2 * pmax(less, 0))

binomial_logit <- function() {
  slopes <- function(eta) list(stats::plogis(-eta), -stats::plogis(eta))
  new_binomial(
    "logit", "logistic regression", stats::plogis, function(eta) stats::dlogis(eta),
    function(eta) list(stats::plogis(eta, log.p = TRUE), stats::plogis(-eta, log.p = TRUE)),
    slopes, function(eta) rep(list(-stats::dlogis(eta)), 2)
  )
}

binomial_probit <- function() {
  log_sides <- function(eta) {
    list(stats::pnorm(eta, log.p = TRUE), stats::pnorm(-eta, log.p = TRUE))
  }
  # phi / Phi on either side.
  mills <- function(eta) {
    lapply(log_sides(eta), function(log_p) exp(stats::dnorm(eta, log = TRUE) - log_p))
  }
  new_binomial(
    "probit", "probit regression", stats::pnorm, function(eta) stats::dnorm(eta), log_sides,
    function(eta) {
      at <- mills(eta)
      list(at[[1]], -at[[2]])
    },
    function(eta) {
      at <- mills(eta)
      list(-at[[1]] * (eta + at[[1]]), -at[[2]] * (at[[2]] - eta))
    }
  )
}

# 1 - exp(-w) with w = exp(eta), which may overflow nowhere.
binomial_cloglog <- function() {
  hazard <- function(eta) exp(pmin(eta, 700))
  success <- function(eta) -expm1(-hazard(eta))
  slope_of_success <- function(w) ifelse(w == 0, 1, w / expm1(w))
  new_binomial(
    "cloglog", "complementary log-log regression", success,
    function(eta) exp(eta - hazard(eta)),
    function(eta) list(ifelse(eta < -37, eta, log(success(eta))), -hazard(eta)),
    function(eta) list(slope_of_success(hazard(eta)), -hazard(eta)),
    function(eta) {
      w <- hazard(eta)
      slope <- slope_of_success(w)
      list(slope * ifelse(w < 1e-4, -w / 2 - w^2 / 12, 1 - w - slope), -w)
    }
  )
}

# Counts ----------------------------------------------------------------------------------------

# ...: the elements in which families of counts differ.
new_counts <- function(name, label, scale, as_family, ...) {
  new_family(
    name = name, link = "log", label = label, scale = scale, weights = "times",
    as_family = as_family, inverse_link = function(eta) exp(eta),
    inverse_link_slope = function(eta) exp(eta), ...,
    variates = function(n, df) stats::runif(n), picture = "rootogram", rows = "merged",
    log_constant = function(y, trials) -lgamma(y + 1),
    read = function(response, weights) list(y = as.numeric(response)),
    check_type = function(frame) check_one_column(frame),
    check_rows = function(frame) check_counts(frame), check_all = function(frame) invisible()
  )
}

poisson_log <- function() {
  new_counts(
    "poisson", "Poisson regression", NULL, function() stats::poisson(), keeps_values = FALSE,
    log_density = function(y, eta, scale, trials = NULL) y * eta - exp(eta) - lgamma(y + 1),
    log_density_slope = function(y, eta, scale, trials = NULL) y - exp(eta),
    log_density_curvature = function(y, eta, scale, trials = NULL) -exp(eta),
    deviance = function(y, eta, scale, trials = NULL) {
      largest <- ifelse(y > 0, y * log(y) - y, 0)
      signed_root(y - exp(eta), largest - (y * eta - exp(eta)))
    },
    sd = function(mean, scale, trials = NULL) sqrt(mean),
    latent_variance = function(mean, scale) log1p(1 / mean),
    draw = function(eta, scale, trials = NULL) {
      eta[] <- stats::rpois(length(eta), exp(eta))
      eta
    }
  )
}

# scale: the shape r. y successes of probability mu / (mu + r) before r failures.
negative_binomial_log <- function() {
  log_likelihood <- function(y, eta, scale) {
    eta <- eta - log(scale)
    y * stats::plogis(eta, log.p = TRUE) + scale * stats::plogis(-eta, log.p = TRUE)
  }
  new_counts(
    "negative_binomial", "negative binomial regression", "shape", function() negative_binomial(),
    keeps_values = TRUE,
    # lgamma() loses the digits of a large shape.
    log_density = function(y, eta, scale, trials = NULL) {
      eta[] <- stats::dnbinom(y, size = scale, mu = exp(pmin(eta, 700)), log = TRUE)
      eta
    },
    log_density_slope = function(y, eta, scale, trials = NULL) {
      y - (y + scale) * stats::plogis(eta - log(scale))
    },
    log_density_curvature = function(y, eta, scale, trials = NULL) {
      -(y + scale) * stats::dlogis(eta - log(scale))
    },
    deviance = function(y, eta, scale, trials = NULL) {
      at_zero <- scale * stats::plogis(-(eta - log(scale)), log.p = TRUE)
      largest <- ifelse(y > 0, log_likelihood(y, log(pmax(y, 1)), scale), 0)
      less <- largest - ifelse(y > 0, log_likelihood(y, eta, scale), at_zero)
      signed_root(y - exp(eta), less)
    },
    sd = function(mean, scale, trials = NULL) sqrt(mean + mean^2 / scale),
    latent_variance = function(mean, scale) log1p(1 / mean + 1 / scale),
    draw = function(eta, scale, trials = NULL) {
      eta[] <- stats::rnbinom(length(eta), size = scale, mu = exp(eta))
      eta
    }
  )
}

# Student's t residuals -------------------------------------------------------------------------

student_identity <- function() {
  # 1 + t^2 / df, t the standardized residual.
  spread <- function(y, eta, scale) 1 + ((y - eta) / scale$sigma)^2 / scale$df
  deviation <- function(scale) scale$sigma * sqrt(ifelse(scale$df > 2, scale$df / (scale$df - 2), Inf))
  new_family(
    name = "student", link = "identity", label = "linear model with t residuals", scale = "sigma",
    weights = "precision", as_family = function() student(),
    inverse_link = function(eta) eta,
    inverse_link_slope = function(eta) rep(1, length(eta)),
    log_density = function(y, eta, scale, trials = NULL) {
      eta[] <- stats::dt((y - eta) / scale$sigma, scale$df, log = TRUE) - log(scale$sigma)
      eta
    },
    log_density_slope = function(y, eta, scale, trials = NULL) {
      (1 + 1 / scale$df) * (y - eta) / scale$sigma^2 / spread(y, eta, scale)
    },
    log_density_curvature = function(y, eta, scale, trials = NULL) {
      ratio <- spread(y, eta, scale)
      (1 + 1 / scale$df) / scale$sigma^2 * (ratio - 2) / ratio^2
    },
    deviance = function(y, eta, scale, trials = NULL) {
      signed_root(y - eta, (scale$df + 1) / 2 * log(spread(y, eta, scale)))
    },
    sd = function(mean, scale, trials = NULL) deviation(scale),
    latent_variance = function(mean, scale) deviation(scale)^2,
    draw = function(eta, scale, trials = NULL) {
      eta + scale$sigma * stats::rt(length(eta), rep_len(scale$df, length(eta)))
    },
    variates = function(n, df) stats::rt(n, df), picture = "dens_overlay", keeps_values = FALSE,
    log_constant = function(y, trials) 0, rows = "each",
    read = function(response, weights) list(y = as.numeric(response)),
    check_type = function(frame) check_numbers(frame),
    check_rows = function(frame) invisible(), check_all = function(frame) check_varies(frame)
  )
}

# The table -----------------------------------------------------------------------------------

families <- list(
  gaussian = new_family(
    name = "gaussian", link = "identity", label = "linear model", scale = "sigma",
    weights = "precision", as_family = function() stats::gaussian(),
    inverse_link = function(eta) eta,
    inverse_link_slope = function(eta) rep(1, length(eta)),
    # Symmetric in y and eta: the first gives the result its shape.
    log_density = function(y, eta, scale, trials = NULL) {
      stats::dnorm(eta, y, scale, log = TRUE)
    },
    log_density_slope = function(y, eta, scale, trials = NULL) (y - eta) / scale^2,
    log_density_curvature = function(y, eta, scale, trials = NULL) {
      rep(-1 / scale^2, length.out = length(eta))
    },
    deviance = function(y, eta, scale, trials = NULL) y - eta,
    sd = function(mean, scale, trials = NULL) scale,
    latent_variance = function(mean, scale) scale^2,
    draw = function(eta, scale, trials = NULL) eta + scale * stats::rnorm(length(eta)),
    variates = function(n, df) stats::rnorm(n), picture = "dens_overlay", keeps_values = FALSE,
    log_constant = function(y, trials) 0, rows = "none",
    read = function(response, weights) list(y = as.numeric(response)),
    check_type = function(frame) check_numbers(frame),
    check_rows = function(frame) invisible(), check_all = function(frame) check_varies(frame)
  ),
  binomial = binomial_logit(),
  binomial_probit = binomial_probit(),
  binomial_cloglog = binomial_cloglog(),
  poisson = poisson_log(),
  negative_binomial = negative_binomial_log(),
  student = student_identity()
)
