#' Priors
#'
#' `relm_prior()` collects the priors of a model. The other functions give the distributions that it
#' can contain.
#'
#' The defaults are noninformative: flat coefficients, \eqn{p(\beta) \propto 1}; \eqn{p(\sigma^2)
#' \propto 1/\sigma^2} for the residual variance; and standard deviations of group effects that are
#' uniform on \eqn{(0, \infty)}. For the precision this is \eqn{p(1/\tau^2) \propto
#' (1/\tau^2)^{-3/2}} (Gelman, 2006). Correlations of group effects have the LKJ(1) distribution,
#' which is uniform over correlation matrices (Lewandowski, Kurowicka and Joe, 2009).
#'
#' If the posterior is improper under these priors, relm refuses it: see [relm_posterior()].
#'
#' @section Densities:
#' These are the densities of a coefficient b, a standard deviation s, a correlation matrix C and a
#' covariance matrix S of q effects with inverse P, up to constants:
#'
#' | prior | density | source |
#' |---|---|---|
#' | `flat()` | 1 | |
#' | `normal(mean, sd)` | exp(-(b - mean)^2 / (2 sd^2)) | |
#' | `gamma(shape, rate)` | r^(shape - 1) exp(-rate r) of the *shape* r of a negative binomial, or of the *degrees of freedom* of t residuals | |
#' | `jeffreys()` | 1/s | |
#' | `uniform(upper)` | 1 for s < upper | Gelman (2006) |
#' | `inverse_gamma(shape, rate)` | v^-(shape + 1) exp(-rate / v) of the *variance* v = s^2 | |
#' | `half_t(df, scale)` | (1 + s^2 / (df scale^2))^-((df + 1)/2) | Gelman (2006) |
#' | `half_cauchy(scale)` | 1 / (1 + s^2 / scale^2), which is `half_t(1, scale)` | Gelman (2006) |
#' | `half_normal(scale)` | exp(-s^2 / (2 scale^2)) | Gelman (2006) |
#' | `exponential(rate)` | exp(-rate s) | Simpson and others (2017) |
#' | `fixed(value)` | s is `value`, which is known | |
#' | `lkj(eta)` | det(C)^(eta - 1) | Lewandowski and others (2009) |
#' | `inverse_wishart(df, scale)` | det(S)^-((df + q + 1)/2) exp(-trace(scale P)/2) | |
#' | `huang_wand(df, scale)` | det(S)^-((df + 2q)/2) times the product over k of (df P_kk + 1/scale_k^2)^-((df + q)/2) | Huang and Wand (2013) |
#'
#' Under `huang_wand()` each standard deviation is half-t with `df` degrees of freedom and its
#' scale, and with `df = 2` each correlation is uniform on (-1, 1). It is the mixture of
#' inverse-Wishart distributions IW(df + q - 1, 2 df diag(1/a)) over
#' \eqn{a_k \sim IG(1/2, 1/scale_k^2)}.
#'
#' `pooled()` is for several residual variances, `sigma = ~ f`: level l of f has \eqn{\sigma_l^2
#' \sim} scaled-inverse-\eqn{\chi^2(\nu, s^2)}, which is \eqn{IG(\nu/2, \nu s^2/2)}, with \eqn{\nu}
#' and s learned from all levels under \eqn{p(s) \propto 1/s} and \eqn{\nu \sim} Gamma(2, rate 0.1).
#' Juárez and Steel (2010) use the latter prior for the degrees of freedom of a t distribution. A
#' level with few rows borrows from the others.
#'
#' @section The shape of the negative binomial:
#' The variance of a count is \eqn{\mu + \mu^2 / r}. `shape = gamma(a, b)` is the prior of r, by
#' default gamma(0.01, 0.01). `half_t()`, `half_cauchy()`, `half_normal()` and `exponential()` are
#' priors of \eqn{r^{-1/2}}, which is the coefficient of variation beyond Poisson's, and 0 for
#' Poisson's.
#' The name `gamma` stands for the distribution within `relm_prior()` alone.
#'
#' @section The degrees of freedom of t residuals:
#' `df = gamma(a, b)` is the prior of the degrees of freedom \eqn{\nu} of [student()], by default
#' gamma(2, 0.1) (Juárez and Steel 2010), and `exponential(rate)` is gamma(1, rate). Both are cut off
#' at 1, below which the residuals have no mean. `fixed(value)` are known degrees of freedom.
#'
#' @section Names shared with rstanarm and brms:
#' rstanarm also has `normal()`, `exponential()` and `lkj()`, and brms has a family `exponential()`.
#' Within `relm_prior()` these names are always relm's functions. Elsewhere they are those of the
#' package attached last. If this is relm, rstanarm accepts relm's `normal(mean, sd)`,
#' `exponential(rate)` and `lkj(eta)` as its own. Calls with other arguments, such as
#' `normal(location = 0)`, go to the function that relm masks.
#'
#' @param beta Prior of the coefficients: `flat()` or `normal()`, or a list of
#'   these named by coefficient (others stay flat).
#' @param sd Prior of the standard deviations of group effects: `uniform()`, `half_t()`,
#'   `half_cauchy()`, `half_normal()`, `exponential()` or `inverse_gamma()` (of the variance), or
#'   a list named by random column (others stay uniform). An element named by a grouping factor is
#'   for its effects alone: a prior, or a list named by random column.
#' @param cor Prior of the correlations of group effects: `lkj()`, or a list of these named by
#'   grouping factor (others stay `lkj(1)`).
#' @param sigma Prior of the residual standard deviation, or of each of them:
#'   `jeffreys()`, `uniform()`, `half_t()`, `half_cauchy()`, `half_normal()`, `exponential()` or
#'   `inverse_gamma()` (of the variance); or `pooled()` for several that learn from each other; or
#'   `fixed()` where it is known, as in a meta-analysis: see [relm()].
#' @param cov Prior of a whole covariance matrix of group effects, instead of `sd` and `cor`:
#'   `inverse_wishart()`, `huang_wand()` or `NULL`, or a list of these named by grouping factor
#'   (others have `sd` and `cor`).
#' @param shape In `relm_prior()` the prior of the shape of [negative_binomial()], `NULL` for the
#'   default: see below. In `inverse_gamma()` the shape of the distribution of a *variance*.
#' @param mean Mean of a normal prior. Its standard deviation is `sd` in `normal()`.
#' @param autoscale Is `sd` in units of 1 over the standard deviation of the column of the model
#'   matrix? Without an intercept in the model, the root of its mean square takes the place of this.
#' @param value A residual standard deviation, or degrees of freedom, that is known.
#' @param upper Upper bound of the standard deviation.
#' @param rate In `inverse_gamma()` the rate of that distribution; in `exponential()` one over the
#'   mean of the standard deviation.
#' @param eta LKJ shape; 1 is uniform, and larger values favor small correlations.
#' @param df In `relm_prior()` the prior of the degrees of freedom of [student()], `NULL` for the
#'   default: see below. Elsewhere degrees of freedom; in `inverse_wishart()` above q - 1 for q effects.
#' @param scale In `inverse_wishart()` a matrix, or a number for that multiple of the identity;
#'   BUGS's `dwish(R, k)` on a precision matrix is `inverse_wishart(k, R)`. In `huang_wand()` a
#'   number, or one for each effect. In the other functions a number: about as large as you expect
#'   the standard deviation may be, in units of the response over those of the column.
#' @param ... Refused, with one exception: in `normal()`, `exponential()` and `lkj()`, if relm masks
#'   the function of the same name in attached rstanarm or brms, a call with arguments that only
#'   that function has goes to that function.
#' @return `relm_prior()`: an object of class `relm_prior`, a list with the elements
#'   `beta`, `sd`, `cor`, `sigma`, `cov`, `shape` and `df`. The others: an object of class
#'   `relm_distribution`.
#' @references
#' Gelman, A. (2006). Prior distributions for variance parameters in
#' hierarchical models. *Bayesian Analysis* 1, 515--534.
#'
#' Huang, A. and Wand, M. P. (2013). Simple marginally noninformative prior distributions for
#' covariance matrices. *Bayesian Analysis* 8, 439--452.
#'
#' Juárez, M. A. and Steel, M. F. J. (2010). Model-based clustering of non-Gaussian panel data
#' based on skew-t distributions. *Journal of Business and Economic Statistics* 28, 52--66.
#'
#' Lewandowski, D., Kurowicka, D. and Joe, H. (2009). Generating random
#' correlation matrices based on vines and extended onion method. *Journal of
#' Multivariate Analysis* 100, 1989--2001.
#'
#' Simpson, D., Rue, H., Riebler, A., Martins, T. G. and Sørbye, S. H. (2017). Penalising model
#' component complexity: a principled, practical approach to constructing priors. *Statistical
#' Science* 32, 1--28.
#' @examples
#' relm_prior()
#' relm_prior(beta = list(x = normal(0, 10)), sd = half_t(3, 0.5))
#' relm_prior(cov = huang_wand(2, 1))
#' @export
relm_prior <- function(beta = flat(), sd = uniform(), cor = lkj(1), sigma = jeffreys(),
                       cov = NULL, shape = NULL, df = NULL, ...) {
  if (nargs() == 0) return(default_prior())
  refuse_dots(rlang::enquos(...), "relm_prior")
  given <- lapply(list(beta = rlang::enquo(beta), sd = rlang::enquo(sd), cor = rlang::enquo(cor),
                       sigma = rlang::enquo(sigma), cov = rlang::enquo(cov),
                       shape = rlang::enquo(shape), df = rlang::enquo(df)), evaluate_prior)
  structure(check_priors(given), class = "relm_prior")
}

# Made and checked once: in a small model's fit that would be a tenth of the time.
default_prior <- function() {
  if (is.null(made_once$prior)) {
    given <- list(beta = flat(), sd = uniform(), cor = lkj(1), sigma = jeffreys(), cov = NULL,
                  shape = NULL, df = NULL)
    made_once$prior <- structure(check_priors(given), class = "relm_prior")
  }
  made_once$prior
}

made_once <- new.env(parent = emptyenv())

check_priors <- function(given) {
  list(
    beta = check_prior(given$beta, "beta", c("flat", "normal"), by_name = TRUE),
    sd = check_prior(given$sd, "sd", scale_priors, by_name = TRUE, nested = TRUE),
    cor = check_prior(given$cor, "cor", "lkj", by_name = TRUE),
    sigma = check_prior(given$sigma, "sigma", c("jeffreys", scale_priors, "fixed", "pooled")),
    cov = if (!is.null(given$cov)) {
      check_prior(given$cov, "cov", c("inverse_wishart", "huang_wand"), by_name = TRUE)
    },
    shape = if (!is.null(given$shape)) check_prior(given$shape, "shape", shape_priors),
    df = if (!is.null(given$df)) check_prior(given$df, "df", df_priors)
  )
}

# What relm_prior() made, which may have been changed by hand since.
check_relm_prior <- function(prior) {
  if (!inherits(prior, "relm_prior")) {
    abort("{.arg prior} must be made by {.fn relm_prior}.", x = "It is {describe(prior)}.",
          i = "For instance {.code relm_prior(beta = normal(0, 10), sd = half_t(3, 10))}.")
  }
  if (identical(prior, default_prior())) return(prior)
  elements <- setdiff(names(formals(relm_prior)), "...")
  check_dots_empty(unclass(prior)[!names(prior) %in% elements], elements, "relm_prior")
  check_priors(unclass(prior))
  prior
}

# Those of the negative binomial's shape r that are proper as r grows; but for gamma() they are of
# r^(-1/2).
shape_priors <- c("gamma", "half_t", "half_cauchy", "half_normal", "exponential")

# As it applies, also where none was given.
shape_prior <- function(prior) {
  if (is.null(prior$shape)) gamma_distribution(0.01, 0.01) else prior$shape
}

# The prior of s = r^(-1/2): where r is gamma, s^2 = 1 / r is inverse gamma.
spread_prior <- function(distribution) {
  if (distribution$name != "gamma") return(distribution)
  inverse_gamma(distribution$parameters$shape, distribution$parameters$rate)
}

# Those of the degrees of freedom of t residuals; gamma() and exponential() are cut off at 1.
df_priors <- c("gamma", "exponential", "fixed")

# As it applies, also where none was given.
df_prior <- function(prior) if (is.null(prior$df)) gamma_distribution(2, 0.1) else prior$df

# The same as the sampler knows it, df_prior_t in src/model.h; of one that is known the value has
# the place of the shape.
encode_df <- function(distribution) {
  parameters <- distribution$parameters
  encoded <- switch(distribution$name, gamma = c(parameters$shape, parameters$rate),
                    exponential = c(1, parameters$rate), fixed = c(parameters$value, 0))
  c(is_fixed = as.numeric(distribution$name == "fixed"), shape = encoded[1], rate = encoded[2])
}

scale_priors <- c("uniform", "half_t", "half_cauchy", "half_normal", "exponential",
                    "inverse_gamma")

#' @rdname relm_prior
#' @export
flat <- function(...) {
  refuse_dots(rlang::enquos(...), "flat")
  new_distribution("flat")
}

#' @rdname relm_prior
#' @export
normal <- function(mean = 0, sd = 1, autoscale = FALSE, ...) {
  ours <- ...length() == 0 && length(mean) == 1 && length(sd) == 1
  if (!ours && !is.null(theirs <- call_masked("normal"))) return(theirs)
  refuse_dots(rlang::enquos(...), "normal")
  check_flag(autoscale, "autoscale")
  parameters <- list(mean = check_number(mean, "mean"), sd = check_number(sd, "sd", above = 0))
  if (autoscale) parameters$autoscale <- TRUE
  distribution <- do.call(new_distribution, c("normal", parameters))
  # Without a scale rstanarm has its own default.
  with_rstanarm(distribution, df = NA, location = mean, scale = if (!missing(sd)) sd,
                autoscale = autoscale)
}

# Within relm_prior(), where its name is gamma(); R's function of one number is that there too.
gamma_distribution <- function(shape, rate) {
  if (missing(rate)) return(base::gamma(shape))
  new_distribution("gamma", shape = check_number(shape, "shape", above = 0),
                   rate = check_number(rate, "rate", above = 0))
}

#' @rdname relm_prior
#' @export
uniform <- function(upper = Inf, ...) {
  refuse_dots(rlang::enquos(...), "uniform")
  new_distribution("uniform", upper = check_number(upper, "upper", 0, finite = FALSE))
}

#' @rdname relm_prior
#' @export
jeffreys <- function(...) {
  refuse_dots(rlang::enquos(...), "jeffreys")
  new_distribution("jeffreys")
}

#' @rdname relm_prior
#' @export
inverse_gamma <- function(shape, rate, ...) {
  refuse_dots(rlang::enquos(...), "inverse_gamma")
  new_distribution("inverse_gamma", shape = check_number(shape, "shape", above = 0),
                   rate = check_number(rate, "rate", above = 0))
}

#' @rdname relm_prior
#' @export
half_t <- function(df, scale, ...) {
  refuse_dots(rlang::enquos(...), "half_t")
  new_distribution("half_t", df = check_number(df, "df", above = 0),
                   scale = check_number(scale, "scale", above = 0))
}

#' @rdname relm_prior
#' @export
half_cauchy <- function(scale, ...) {
  refuse_dots(rlang::enquos(...), "half_cauchy")
  new_distribution("half_cauchy", scale = check_number(scale, "scale", above = 0))
}

#' @rdname relm_prior
#' @export
half_normal <- function(scale, ...) {
  refuse_dots(rlang::enquos(...), "half_normal")
  new_distribution("half_normal", scale = check_number(scale, "scale", above = 0))
}

#' @rdname relm_prior
#' @export
exponential <- function(rate, ...) {
  ours <- ...length() == 0 && !missing(rate) && is.numeric(rate)
  if (!ours && !is.null(theirs <- call_masked("exponential"))) return(theirs)
  refuse_dots(rlang::enquos(...), "exponential")
  distribution <- new_distribution("exponential", rate = check_number(rate, "rate", above = 0))
  with_rstanarm(distribution, df = NA, location = NA, scale = 1 / rate, autoscale = FALSE)
}

#' @rdname relm_prior
#' @export
fixed <- function(value, ...) {
  refuse_dots(rlang::enquos(...), "fixed")
  new_distribution("fixed", value = check_number(value, "value", above = 0))
}

#' @rdname relm_prior
#' @export
pooled <- function(...) {
  refuse_dots(rlang::enquos(...), "pooled")
  new_distribution("pooled")
}

#' @rdname relm_prior
#' @export
lkj <- function(eta = 1, ...) {
  ours <- ...length() == 0 && length(eta) == 1
  if (!ours && !is.null(theirs <- call_masked("lkj"))) return(theirs)
  refuse_dots(rlang::enquos(...), "lkj")
  distribution <- new_distribution("lkj", eta = check_number(eta, "eta", above = 0))
  # The others are rstanarm's defaults, of the standard deviations that it has beside.
  with_rstanarm(distribution, regularization = eta, scale = 10, df = 1, autoscale = TRUE)
}

#' @rdname relm_prior
#' @export
inverse_wishart <- function(df, scale, ...) {
  refuse_dots(rlang::enquos(...), "inverse_wishart")
  df <- check_number(df, "df", above = 0)
  if (missing(scale) || !is.numeric(scale) || !all(is.finite(scale))) {
    abort("{.arg scale} must be a finite, positive definite matrix or a positive number.",
          x = "It is {if (missing(scale)) 'missing' else describe(scale)}.")
  }
  matrix_scale <- as.matrix(scale)
  if (!isSymmetric(unname(matrix_scale)) || !is_positive_definite(matrix_scale)) {
    abort("{.arg scale} must be a symmetric, positive definite matrix or a positive number.",
          x = "It is {describe(scale)}.")
  }
  new_distribution("inverse_wishart", df = df, scale = unname(matrix_scale))
}

#' @rdname relm_prior
#' @export
huang_wand <- function(df = 2, scale, ...) {
  refuse_dots(rlang::enquos(...), "huang_wand")
  if (missing(scale) || !is.numeric(scale) || length(scale) == 0 || !all(is.finite(scale)) ||
      any(scale <= 0)) {
    abort("{.arg scale} must be one positive number, or one for each group effect.",
          x = "It is {if (missing(scale)) 'missing' else describe(scale)}.")
  }
  new_distribution("huang_wand", df = check_number(df, "df", above = 0),
                   scale = as.numeric(scale))
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
  if (isTRUE(x$parameters$autoscale)) values[["autoscale"]] <- "autoscale = TRUE"
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
  unlist(lapply(x, format_prior))
}

# by_name: may it be a list of priors? nested: of such lists?
check_prior <- function(x, name, kinds, by_name = FALSE, nested = FALSE) {
  x <- from_rstanarm(x, name)
  if (by_name && is.list(x) && !inherits(x, "relm_distribution")) {
    if (length(x) == 0 || is.null(names(x)) || any(names(x) == "")) {
      abort("A list of priors for {.arg {name}} must have the coefficients' names.",
            i = "For instance {.code {name} = list(x = {kinds[1]}())}.")
    }
    return(lapply(x, check_prior, name = name, kinds = kinds, by_name = nested))
  }
  if (!inherits(x, "relm_distribution")) {
    abort("The prior of {.arg {name}} must be {.or {.fn {kinds}}}.",
          x = "It is {describe(x)}.")
  }
  if (!isTRUE(x$name %in% kinds)) {
    shown <- tryCatch(format(x), error = function(e) describe(unclass(x)))
    abort("The prior of {.arg {name}} must be {.or {.fn {kinds}}}.", x = "It is {.code {shown}}.")
  }
  check_parameters(x)
  x
}

# A distribution's parameters are those that its constructor takes.
check_parameters <- function(distribution) {
  made <- do.call(distribution_makers()[[distribution$name]], as.list(distribution$parameters))
  if (identical(names(made$parameters), names(distribution$parameters))) return(invisible())
  abort("A prior made by {.fn {distribution$name}} has the parameters
         {.arg {names(made$parameters)}}, and one that was changed since has not.",
        i = "Call {.fn {distribution$name}} again.")
}

distribution_makers <- function() {
  list(flat = flat, normal = normal, uniform = uniform, jeffreys = jeffreys, half_t = half_t,
       half_cauchy = half_cauchy, half_normal = half_normal, exponential = exponential,
       inverse_gamma = inverse_gamma, gamma = gamma_distribution, fixed = fixed, pooled = pooled,
       lkj = lkj, inverse_wishart = inverse_wishart, huang_wand = huang_wand)
}

# scale_kind_t in src/scale_prior.h.
scale_kinds <- c(conjugate = 0, half_t = 1, half_normal = 2, exponential = 3, pooled = 4,
                 fixed = 5)

# A prior of a standard deviation s in the form that the samplers know, scale_prior_t in
# src/scale_prior.h: the conjugate part, p(s^2) ∝ (s^2)^-(shape + 1) exp(-rate / s^2) for
# s < upper; then the factor beside it, by its kind.
encode_scale <- function(distribution) {
  parameters <- distribution$parameters
  encoded <- c(shape = -0.5, rate = 0, upper = Inf, kind = scale_kinds[["conjugate"]],
               df = 0, scale = 1)
  set <- function(...) replace(encoded, names(c(...)), c(...))
  switch(distribution$name,
    jeffreys = set(shape = 0),
    uniform = set(upper = parameters$upper),
    inverse_gamma = set(shape = parameters$shape, rate = parameters$rate),
    half_t = set(kind = scale_kinds[["half_t"]], df = parameters$df, scale = parameters$scale),
    half_cauchy = set(kind = scale_kinds[["half_t"]], df = 1, scale = parameters$scale),
    half_normal = set(kind = scale_kinds[["half_normal"]], scale = parameters$scale),
    exponential = set(kind = scale_kinds[["exponential"]], scale = 1 / parameters$rate),
    pooled = set(shape = 0, kind = scale_kinds[["pooled"]]),
    fixed = set(kind = scale_kinds[["fixed"]], scale = parameters$value)
  )
}

# The power e by which p(s) falls, like s^-e as s grows.
scale_fall <- function(distribution) {
  encoded <- encode_scale(distribution)
  if (is.finite(encoded[["upper"]])) return(Inf)
  switch(distribution$name,
    half_t = ,
    half_cauchy = encoded[["df"]] + 1,
    half_normal = ,
    exponential = ,
    fixed = Inf,
    2 * encoded[["shape"]] + 1
  )
}

# A prior, or a list of priors named by coefficient, spread over these columns,
# which may be named as in the model matrix or as in the draws. beside: what else may be named.
prior_by_column <- function(prior, columns, name, default, beside = NULL) {
  if (inherits(prior, "relm_distribution")) {
    return(rep(list(prior), length(columns)))
  }
  spread <- rep(list(default), length(columns))
  spread[column_places(names(prior), columns, name, beside)] <- prior
  spread
}

# Where columns stand that are named as in the model matrix or as in the draws. of: the grouping
# whose columns they are, where others have theirs.
column_places <- function(names, columns, argument, beside = NULL, of = NULL) {
  spelled <- spell_term(columns)
  place <- match(names, columns)
  place <- ifelse(is.na(place), match(names, spelled), place)
  if (anyNA(place)) {
    unknown <- names[is.na(place)]
    where <- if (is.null(of)) "the model" else paste0("`", of, "`")
    abort("{.arg {argument}} has a prior for {.val {unknown}}, which {where} has not.",
          i = "Its columns are {.val {spelled}}.",
          i = if (length(beside) > 1) "Its groupings are {.val {beside}}.")
  }
  if (anyDuplicated(place)) {
    abort("{.arg {argument}} has two priors for {.val {spelled[place[duplicated(place)]]}}.")
  }
  place
}

# A prior of rstanarm's as relm's; anything else as it is.
from_rstanarm <- function(x, name) {
  theirs <- is.list(x) && !inherits(x, "relm_distribution") && is.character(x$dist)
  if (!theirs) return(x)
  if (isTRUE(x$autoscale) && x$dist != "lkj") {
    abort("The prior of {.arg {name}} is one of rstanarm that scales itself by the data.",
          i = "Give {.code relm::{x$dist}()} the scale that it should have.")
  }
  switch(x$dist,
    normal = normal(x$location, if (is.null(x$scale)) 2.5 else x$scale),
    exponential = exponential(1 / x$scale),
    lkj = lkj(x$regularization),
    abort("The prior of {.arg {name}} is rstanarm's {.val {x$dist}}, which relm has not.",
          i = "See {.help relm_prior} for those that it has.")
  )
}

# Evaluates an argument of relm_prior() with relm's own constructors, whatever masks them.
evaluate_prior <- function(quosure) {
  rlang::eval_tidy(quosure, list(normal = normal, exponential = exponential, lkj = lkj,
                                 gamma = gamma_distribution))
}
