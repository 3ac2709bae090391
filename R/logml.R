#' Marginal likelihood and Bayes factors
#'
#' Compute the density of the data under a model, with all parameters integrated out, and ratios of
#' such densities.
#'
#' Coefficients and group effects are integrated out in closed form. The remaining integral is over
#' the standard deviations and correlations of the group effects and the residual standard
#' deviations: \deqn{p(y) = \int p(y \mid \Sigma, \sigma)\, p(\Sigma)\, p(\sigma)\, d\Sigma\,
#' d\sigma}{p(y) = integral of p(y | Sigma, sigma) p(Sigma) p(sigma)} In up to three dimensions,
#' Gauss-Legendre quadrature computes it, with more and more nodes until the logarithm changes by
#' less than 1e-7. In more dimensions, bridge sampling computes it from the draws of the fit and a
#' multivariate t distribution fitted to half of them (Meng and Wong, 1996). `bridge_sampler()`
#' gives the same integrand to the package bridgesampling.
#'
#' With another family than the Gaussian one, the group effects are integrated out by the sampler's
#' lattice, and the remaining integral is over the coefficients, the standard deviations and
#' correlations, and with [negative_binomial()] the shape: \deqn{p(y) = \int p(y \mid \beta, \Sigma,
#' r)\, p(\beta)\, p(\Sigma)\, p(r)\, d\beta\, d\Sigma\, dr}{p(y) = integral of p(y | beta, Sigma,
#' r) p(beta) p(Sigma) p(r)} By default it is computed by quadrature in up to two dimensions.
#'
#' Every prior must be proper, because a marginal likelihood under an improper prior has an
#' arbitrary constant in it. This excludes the default priors; see [relm_prior()].
#'
#' @param x,x1,samples A fit.
#' @param x2 A fit, or a log marginal likelihood (a number).
#' @param method `"quadrature"`, `"bridge"`, or `NULL` for quadrature in up to three dimensions,
#'   with another family than the Gaussian one two;
#'   in `bridge_sampler()`, the `"normal"` or `"warp3"` of bridgesampling.
#' @param seed A whole number, or `NULL` to take one from the session's stream; it matters only for
#'   bridge sampling.
#' @param threads Threads that share the sums over groups, from 10,000 groups on.
#' @param log Give the logarithm of the Bayes factor?
#' @param prior_prob Prior probabilities of the models; equal ones by default.
#' @param model_names Their names; by default as they are written in the call.
#' @param ... `post_prob()`: more fits or log marginal likelihoods. `bridge_sampler()`: arguments
#'   of [bridgesampling::bridge_sampler()]. Elsewhere not used.
#' @return
#' * `logml()`: the log marginal likelihood, a number with a class that prints it with its error,
#'   and the attributes `error`, `method` and `dimensions`. The error of quadrature is the last
#'   change; that of bridge sampling is its standard error, from the relative mean-squared error of
#'   Frühwirth-Schnatter (2004).
#' * `bayes_factor()`: a list with the elements `bf` and `log`, of class `relm_bayes_factor`.
#' * `post_prob()`: posterior probabilities of the models, a named vector.
#' * `bridge_sampler()`: an object of class `bridge`, for bridgesampling's own functions.
#' @section Errors:
#' Improper priors are refused, and the error names them. Models of different data are also refused,
#' and so are models with crossed groupings, whose effects cannot be integrated out group by group;
#' [loo()][loo.relm] and [kfold()][kfold.relm] compare these. Nested groupings are no different from
#' one, but with another family than the Gaussian one, where there may be one grouping.
#' @references
#' Frühwirth-Schnatter, S. (2004). Estimating marginal likelihoods for mixture and Markov
#' switching models using bridge sampling techniques. *Econometrics Journal* 7, 143--167.
#'
#' Meng, X.-L. and Wong, W. H. (1996). Simulating ratios of normalizing constants via a simple
#' identity: a theoretical exploration. *Statistica Sinica* 6, 831--860.
#' @examples
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1), sigma = half_normal(1))
#' fit1 <- relm(log(mercury) ~ x, bass, prior = prior, seed = 1)
#' fit2 <- relm(log(mercury) ~ x + (1 | station), bass, prior = prior, seed = 1)
#' logml(fit2)
#' bayes_factor(fit2, fit1, log = TRUE)
#' @name logml
NULL

#' @rdname logml
#' @export
logml <- function(x, ...) UseMethod("logml")

#' @export
logml.default <- function(x, ...) {
  if (is.numeric(x) && length(x) == 1) return(x)
  pass_on("bridgesampling", "logml", x, ...)
}

#' @rdname logml
#' @rawNamespace S3method(bridgesampling::logml, relm)
#' @export
logml.relm <- function(x, method = NULL, seed = NULL, threads = 1, ...) {
  check_dots_empty(list(...), names(formals(logml.relm)), "logml")
  check_learnt(x, "logml")
  integrand <- new_integrand(x$posterior, check_count(threads, "threads"))
  n <- n_dimensions(integrand)
  few <- n <= 3
  if (is.null(method)) {
    method <- if (n <= if (is_gaussian(x)) 3 else 2) "quadrature" else "bridge"
  }
  check_choice(method, "method", c("quadrature", "bridge"))
  if (n == 0) method <- "quadrature"
  if (method == "quadrature" && !few) {
    others <- if (is_gaussian(x)) "residual standard deviations" else "coefficients"
    abort('{.code method = "quadrature"} is for up to three dimensions.',
          x = "The integral is over {n}: standard deviations, correlations and {others}.",
          i = 'Use {.code method = "bridge"}.')
  }
  seed <- check_seed(seed)
  result <- if (method == "quadrature") integrate_by_nodes(integrand, x)
    else with_stream(seed, integrate_by_bridge(integrand, x))
  structure(result[["value"]], error = result[["error"]], method = method,
            dimensions = n, class = "relm_logml")
}

#' @export
print.relm_logml <- function(x, digits = 6, ...) {
  cat("log marginal likelihood: ", format(c(unclass(x)), digits = digits), "\n", sep = "")
  cat("by ", attr(x, "method"), " over ", attr(x, "dimensions"), " dimension",
      if (attr(x, "dimensions") != 1) "s", ", error ", format(attr(x, "error"), digits = 2), "\n",
      sep = "")
  invisible(x)
}

# A difference of two is a number, without the attributes of either.
#' @export
Ops.relm_logml <- function(e1, e2) {
  plain <- function(e) if (inherits(e, "relm_logml")) as.numeric(e) else e
  if (missing(e2)) get(.Generic)(plain(e1)) else get(.Generic)(plain(e1), plain(e2))
}

#' @rdname logml
#' @export
bayes_factor <- function(x1, x2, log = FALSE, ...) UseMethod("bayes_factor")

#' @export
bayes_factor.default <- function(x1, x2, log = FALSE, ...) {
  if (!missing(x2) && inherits(x2, "relm")) return(bayes_factor.relm(x1, x2, log, ...))
  pass_on("bridgesampling", "bayes_factor", x1, x2, log = log, ...)
}

#' @rdname logml
#' @rawNamespace S3method(bridgesampling::bayes_factor, relm)
#' @export
bayes_factor.relm <- function(x1, x2, log = FALSE, ...) {
  if (missing(x2)) abort("{.fn bayes_factor} needs a second model, {.arg x2}.")
  names <- c(model_name(substitute(x1)), model_name(substitute(x2), 2))
  check_flag(log, "log")
  check_same_data(Filter(function(x) inherits(x, "relm"), list(x1, x2)))
  difference <- as_logml(x1, "x1") - as_logml(x2, "x2")
  structure(list(bf = if (log) difference else exp(difference), log = log),
            names_of_models = names, class = "relm_bayes_factor")
}

#' @export
print.relm_bayes_factor <- function(x, digits = 5, ...) {
  names <- attr(x, "names_of_models")
  cat(if (x$log) "Log Bayes" else "Bayes", " factor of ", names[1], " over ", names[2], ": ",
      format(x$bf, digits = digits), "\n", sep = "")
  invisible(x)
}

#' @rdname logml
#' @export
post_prob <- function(x, ...) UseMethod("post_prob")

#' @export
post_prob.default <- function(x, ...) pass_on("bridgesampling", "post_prob", x, ...)

#' @rdname logml
#' @rawNamespace S3method(bridgesampling::post_prob, relm)
#' @export
post_prob.relm <- function(x, ..., prior_prob = NULL, model_names = NULL) {
  models <- list(x, ...)
  check_same_data(Filter(function(model) inherits(model, "relm"), models))
  if (is.null(model_names)) {
    model_names <- vapply(as.list(substitute(list(x, ...)))[-1], deparse1, "")
  }
  n <- length(models)
  if (!is.character(model_names) || length(model_names) != n || anyNA(model_names)) {
    abort("{.arg model_names} must have {n} name{?s}.", x = "It is {describe(model_names)}.")
  }
  if (is.null(prior_prob)) prior_prob <- rep(1 / n, n)
  usable <- is.numeric(prior_prob) && length(prior_prob) == n && all(prior_prob >= 0) &&
    isTRUE(all.equal(sum(prior_prob), 1))
  if (!usable) {
    abort("{.arg prior_prob} must be {n} probabilities that add up to 1, one for each model.",
          x = "It is {describe(prior_prob)}.")
  }
  value <- vapply(models, as_logml, 0, name = "...") + log(prior_prob)
  value <- exp(value - max(value))
  stats::setNames(value / sum(value), model_names)
}

# The log marginal likelihood of whatever has one.
as_logml <- function(x, name) {
  value <- tryCatch(as.numeric(logml(x)), error = function(e) {
    if (inherits(e, "relm_error")) rlang::cnd_signal(e)
    NA_real_
  })
  if (length(value) != 1 || is.na(value)) {
    abort("{.arg {name}} must be a fit or a log marginal likelihood.", x = "It is {describe(x)}.")
  }
  value
}

# Marginal likelihoods and predictive densities of different data cannot be compared.
check_same_data <- function(fits) {
  if (length(fits) < 2) return(invisible())
  described <- lapply(fits, described_data)
  first <- described[[1]]
  differs <- vapply(described, function(other) {
    both <- !vapply(other, is.null, NA) & !vapply(first, is.null, NA)
    !identical(other[both], first[both])
  }, NA)
  if (any(differs)) {
    other <- described[[which(differs)[1]]]
    abort("Models can be compared on the same data only.",
          x = "The responses differ: {.code {first$response}} in {first$n_rows} rows, and
               {.code {other$response}} in {other$n_rows}.",
          i = "Fit them to the same rows, in the same order, on the same scale.")
  }
}

# hash: NULL where there are no rows to compare.
described_data <- function(fit) {
  list(response = fit$posterior$response, n_rows = fit$posterior$n_rows,
       hash = if (!is.null(fit$design)) response_hash(fit))
}

response_hash <- function(fit) rlang::hash(unname(as.numeric(fit$design$frame[[1]])))

#' @rdname logml
#' @export
bridge_sampler <- function(samples, ...) UseMethod("bridge_sampler")

#' @export
bridge_sampler.default <- function(samples, ...) {
  pass_on("bridgesampling", "bridge_sampler", samples, ...)
}

#' @rdname logml
#' @rawNamespace S3method(bridgesampling::bridge_sampler, relm)
#' @export
bridge_sampler.relm <- function(samples, method = "normal", ...) {
  check_installed("bridgesampling", "bridge_sampler()")
  check_learnt(samples, "bridge_sampler")
  check_choice(method, "method", c("normal", "warp3"))
  integrand <- new_integrand(samples$posterior)
  points <- drawn_points(samples)
  colnames(points) <- paste0("v", seq_len(ncol(points)))
  named <- function(bounds) stats::setNames(bounds, colnames(points))
  density <- function(samples.row, data) log_integrand(data, matrix(samples.row, 1))
  bridgesampling::bridge_sampler(points, log_posterior = density, data = integrand,
                                 lb = named(lower_bounds(integrand)),
                                 ub = named(upper_bounds(integrand)), method = method, ...)
}
