#' Priors
#'
#' `relm_prior()` gathers the priors of a model; the other functions name the
#' distributions it can hold.
#'
#' The defaults are noninformative: flat coefficients, \eqn{p(\beta) \propto 1};
#' \eqn{p(\sigma^2) \propto 1/\sigma^2} for the residual variance; and standard
#' deviations of group effects uniform on \eqn{(0, \infty)}, which in terms of
#' the precision is \eqn{p(1/\tau^2) \propto (1/\tau^2)^{-3/2}} (Gelman, 2006).
#' Correlations of group effects have the LKJ(1) distribution, uniform over
#' correlation matrices (Lewandowski, Kurowicka and Joe, 2009).
#'
#' A posterior that these priors leave improper is refused: see
#' [relm_posterior()].
#'
#' @param beta Prior of the coefficients: `flat()` or `normal()`, or a list of
#'   these named by coefficient (others stay flat).
#' @param sd Prior of the standard deviations of group effects: `uniform()` or
#'   `inverse_gamma()` (of the variance), or a list named by random column.
#'   A block of correlated effects needs `uniform()` without an upper bound.
#' @param cor Prior of the correlations of group effects: `lkj()`.
#' @param sigma Prior of the residual standard deviation, or of each of them:
#'   `jeffreys()`, `uniform()` or `inverse_gamma()` (of the variance).
#' @param cov Prior of a whole covariance matrix of group effects, in place of
#'   `sd` and `cor`: `inverse_wishart()` or `NULL`.
#' @param mean Mean of a normal prior. Its standard deviation is `sd` in `normal()`.
#' @param upper Upper bound of the standard deviation.
#' @param shape,rate Of the inverse-gamma distribution of a *variance* v, with
#'   density proportional to \eqn{v^{-shape - 1} e^{-rate / v}}.
#' @param eta LKJ shape: density proportional to \eqn{|C|^{\eta - 1}}.
#' @param df,scale Degrees of freedom (above q - 1 for q effects) and scale matrix of
#'   the inverse-Wishart distribution, with density proportional to
#'   \eqn{|\Sigma|^{-(df + q + 1)/2} \exp(-tr(S \Sigma^{-1})/2)}. BUGS's
#'   `dwish(R, k)` on a precision matrix is `inverse_wishart(k, R)`. A number
#'   stands for that multiple of the identity.
#' @return `relm_prior()`: an object of class `relm_prior`, a list with the elements
#'   `beta`, `sd`, `cor`, `sigma` and `cov`. The others: an object of class
#'   `relm_distribution`.
#' @references
#' Gelman, A. (2006). Prior distributions for variance parameters in
#' hierarchical models. *Bayesian Analysis* 1, 515--534.
#'
#' Lewandowski, D., Kurowicka, D. and Joe, H. (2009). Generating random
#' correlation matrices based on vines and extended onion method. *Journal of
#' Multivariate Analysis* 100, 1989--2001.
#' @examples
#' relm_prior()
#' relm_prior(beta = list(x = normal(0, 10)), sd = inverse_gamma(1, 0.1))
#' relm_prior(cov = inverse_wishart(3, diag(2)))
#' @export
relm_prior <- function(beta = flat(), sd = uniform(), cor = lkj(1), sigma = jeffreys(),
                       cov = NULL) {
  prior <- list(
    beta = check_prior(beta, "beta", c("flat", "normal"), by_name = TRUE),
    sd = check_prior(sd, "sd", c("uniform", "inverse_gamma"), by_name = TRUE),
    cor = check_prior(cor, "cor", "lkj"),
    sigma = check_prior(sigma, "sigma", c("jeffreys", "uniform", "inverse_gamma")),
    cov = if (!is.null(cov)) check_prior(cov, "cov", "inverse_wishart")
  )
  structure(prior, class = "relm_prior")
}

#' @rdname relm_prior
#' @export
flat <- function() new_distribution("flat")

#' @rdname relm_prior
#' @export
normal <- function(mean = 0, sd = 1) {
  new_distribution("normal", mean = check_number(mean, "mean"),
                   sd = check_number(sd, "sd", above = 0))
}

#' @rdname relm_prior
#' @export
uniform <- function(upper = Inf) {
  new_distribution("uniform", upper = check_number(upper, "upper", 0, finite = FALSE))
}

#' @rdname relm_prior
#' @export
jeffreys <- function() new_distribution("jeffreys")

#' @rdname relm_prior
#' @export
inverse_gamma <- function(shape, rate) {
  new_distribution("inverse_gamma", shape = check_number(shape, "shape", above = 0),
                   rate = check_number(rate, "rate", above = 0))
}

#' @rdname relm_prior
#' @export
lkj <- function(eta = 1) {
  new_distribution("lkj", eta = check_number(eta, "eta", above = 0))
}

#' @rdname relm_prior
#' @export
inverse_wishart <- function(df, scale) {
  df <- check_number(df, "df", above = 0)
  if (!is.numeric(scale) || !all(is.finite(scale))) {
    abort("{.arg scale} must be a finite, positive definite matrix or a positive number.",
          x = "It is {describe(scale)}.")
  }
  matrix_scale <- as.matrix(scale)
  if (!isSymmetric(unname(matrix_scale)) || !is_positive_definite(matrix_scale)) {
    abort("{.arg scale} must be a symmetric, positive definite matrix or a positive number.",
          x = "It is {describe(scale)}.")
  }
  new_distribution("inverse_wishart", df = df, scale = unname(matrix_scale))
}

is_positive_definite <- function(x) {
  !inherits(tryCatch(chol(x), error = identity), "error")
}

new_distribution <- function(name, ...) {
  structure(list(name = name, parameters = list(...)), class = "relm_distribution")
}

#' @export
format.relm_distribution <- function(x, ...) {
  values <- vapply(x$parameters, function(value) {
    describe(if (length(value) == 1) as.numeric(value) else value)
  }, "")
  if (x$name == "uniform" && is.infinite(x$parameters$upper)) values <- character()
  paste0(x$name, "(", paste(values, collapse = ", "), ")")
}

#' @export
print.relm_distribution <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}

#' @export
print.relm_prior <- function(x, ...) {
  # A prior of the whole covariance matrix stands in place of these.
  if (!is.null(x$cov)) x$cor <- NULL
  if (!is.null(x$cov) && is_default_sd(x)) x$sd <- NULL
  writeLines(paste0(format(names(prior_lines(x))), "  ", prior_lines(x)))
  invisible(x)
}

is_default_sd <- function(prior) identical(prior$sd, uniform())

# The priors as text, named by what they are of.
prior_lines <- function(prior) {
  unlist(lapply(prior[!vapply(prior, is.null, NA)], format_prior))
}

format_prior <- function(x) {
  if (inherits(x, "relm_distribution")) return(format(x))
  vapply(x, format, "")
}

check_prior <- function(x, name, kinds, by_name = FALSE) {
  if (by_name && is.list(x) && !inherits(x, "relm_distribution")) {
    if (length(x) == 0 || is.null(names(x)) || any(names(x) == "")) {
      abort("A list of priors for {.arg {name}} must have the coefficients' names.",
            i = "For instance {.code {name} = list(x = {kinds[1]}())}.")
    }
    return(lapply(x, check_prior, name = name, kinds = kinds))
  }
  if (!inherits(x, "relm_distribution")) {
    abort("The prior of {.arg {name}} must be {.or {.fn {kinds}}}.",
          x = "It is {describe(x)}.")
  }
  if (!x$name %in% kinds) {
    abort("The prior of {.arg {name}} must be {.or {.fn {kinds}}}.",
          x = "It is {.code {format(x)}}.")
  }
  x
}

# A conjugate prior of a standard deviation s in the form that the samplers know:
# p(s^2) ∝ (s^2)^-(shape + 1) exp(-rate / s^2) for s < upper.
conjugate_scale <- function(distribution) {
  parameters <- distribution$parameters
  switch(distribution$name,
    jeffreys = c(shape = 0, rate = 0, upper = Inf),
    uniform = c(shape = -0.5, rate = 0, upper = parameters$upper),
    inverse_gamma = c(shape = parameters$shape, rate = parameters$rate, upper = Inf)
  )
}

# A prior, or a list of priors named by coefficient, spread over these columns,
# which may be named as in the model matrix or as in the draws.
prior_by_column <- function(prior, columns, name, default) {
  if (inherits(prior, "relm_distribution")) {
    return(rep(list(prior), length(columns)))
  }
  spelled <- spell_term(columns)
  place <- match(names(prior), columns)
  place <- ifelse(is.na(place), match(names(prior), spelled), place)
  if (anyNA(place)) {
    unknown <- names(prior)[is.na(place)]
    abort("{.arg {name}} has a prior for {.val {unknown}}, which the model has not.",
          i = "Its columns are {.val {spelled}}.")
  }
  if (anyDuplicated(place)) {
    abort("{.arg {name}} has two priors for {.val {spelled[place[duplicated(place)]]}}.")
  }
  spread <- rep(list(default), length(columns))
  spread[place] <- prior
  spread
}
