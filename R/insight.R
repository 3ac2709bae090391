#' Fits in easystats
#'
#' Methods that the package insight needs. With them bayestestR, parameters and performance work on
#' fits.
#'
#' bayestestR: `describe_posterior()`, `describe_prior()`, `diagnostic_posterior()`,
#' `effective_sample()`, `mcse()`, `point_estimate()`, `map_estimate()`, `estimate_density()`,
#' `ci()`, `hdi()`, `eti()`, `spi()`, `bci()`, `p_direction()`, `p_map()`, `rope_range()`, and
#' `rope()`, `p_rope()`, `p_significance()` and `equivalence_test()`. The default range of the last
#' four is one percent around zero if the response is a logarithm, and otherwise a tenth of its
#' standard deviation. They take `effects`, `component` and `parameters` as below. parameters:
#' `model_parameters()`, `standard_error()`, `p_value()`. performance: `r2()`, `r2_bayes()`,
#' `r2_nakagawa()`, `icc()`, `model_performance()` and functions that use residuals. insight itself:
#' also `get_varcov()`, `get_sigma()`, `find_predictors()` and others that need only the functions
#' below.
#'
#' Functions that compare several models, such as `compare_performance()`, accept only classes from
#' a list inside insight. Other packages cannot add theirs, so these functions refuse fits of relm.
#' Use [loo_compare()][loo.relm], or `model_performance()` for each fit.
#'
#' In `describe_posterior()` the mean, the standard deviation and the Monte Carlo error are `NA`
#' where they do not exist (see [summary()][summary.relm]). bayestestR's functions for a single one
#' of these do not check this.
#'
#' The column `Parameter` has relm's names of draws ([relm_names]). `Cleaned_Parameter` has the
#' spelling of the model matrix.
#'
#' @param x A fit.
#' @param effects `"fixed"`: coefficients and residual standard deviations; `"random_variance"`:
#'   standard deviations and correlations of group effects; `"grouplevel"`: group effects;
#'   `"random"` or `"full_random"`: the last two; `"all"` or `"full"`: all.
#' @param component `"all"`; `"conditional"` or `"location"`: without residual standard deviations;
#'   `"sigma"`: only these; `"dispersion"`, `"distributional"` or `"auxiliary"`: only these and the
#'   shape of a negative binomial family, which the first two leave out. `NULL` is
#'   `"conditional"` if `effects` is `"fixed"`, otherwise `"all"`. For `get_variance()`: `"all"`, or
#'   the name of a part without its `var.`; `"rho01"` and `"rho00"` are correlations.
#' @param parameters Regular expressions that choose among names of draws.
#' @param flatten Give a vector instead of a list?
#' @param summary Give a row for each parameter with its `centrality` instead of draws?
#' @param centrality `"mean"` or `"median"`.
#' @param verbose Not used; the generics have it.
#' @param data Rows to predict; `NULL` for those of the fit.
#' @param predict `"expectation"`, `"response"` or `"link"`: the mean of a row;
#'   `"prediction"`: a new observation.
#' @param iterations How many draws to use; `NULL` for all.
#' @param ci,ci_method Probabilities of intervals, or `NULL` for none, and their kind: `"quantile"`
#'   or `"hdi"`. In the other functions as in bayestestR; `model_parameters()` has `"wald"` too,
#'   [relm-sjPlot].
#' @param include_random `TRUE` or `NULL`: with group effects; `FALSE` or `NA`: without; a formula
#'   chooses, as in [posterior_predict()][posterior_predict.relm]. `"default"` is `TRUE` if `data`
#'   has all groups and the fit knows them.
#' @param centrality_function A function that makes an estimate from the draws of a row.
#' @param ... `get_predicted()`: other arguments of [posterior_predict()][posterior_predict.relm].
#'   bayestestR's and parameters' functions: their other arguments. The other functions accept
#'   arguments that insight passes on and that change nothing here. They refuse others.
#' @return
#' * `find_formula()`: a list with the parts `conditional`, `random` (the columns of a block and the
#'   grouping factor, or a list of these) and `sigma` (if the levels of a factor have their own
#'   residual variances).
#' * `find_parameters()`: names of draws, a list with the parts `conditional`, `random`, `sigma` and
#'   `auxiliary`, the shape of a negative binomial family or the degrees of freedom of t residuals.
#' * `get_data()`: the rows of the data that the fit used, the columns that its formula names.
#' * `clean_parameters()`: a data frame with a row for each parameter.
#' * `get_parameters()`: a data frame, draws x parameters.
#' * `n_parameters()`: the number of parameters.
#' * `get_intercept()`: draws of the intercept; `NA` if there is none.
#' * `get_predicted()`: means of draws, or the results of `centrality_function`, with the draws and
#'   the intervals as attributes. `as.data.frame()` shows them.
#' * `get_residuals()`: as [residuals()][residuals.relm].
#' * `get_priors()`: a data frame with the columns `Parameter`, `Distribution`, `Location`, `Scale`.
#' * `get_variance()`: a list of posterior medians: `var.fixed`, the variance over rows
#'   of \eqn{x'\beta}; `var.random`, the mean over rows of \eqn{z'\Sigma z} (Johnson, 2014), summed
#'   over grouping factors;
#'   `var.residual`, the mean over rows of \eqn{\sigma^2 / w}; `var.distribution`, the same;
#'   `var.dispersion`, 0; `var.intercept`, `var.slope` and `cor.slope_intercept`. With other families
#'   the variances are on the scale of the link (Nakagawa, Johnson and Schielzeth, 2017):
#'   `var.distribution` is \eqn{\pi^2 / 3} for logit, 1 for probit, \eqn{\pi^2 / 6} for complementary
#'   log-log, \eqn{\log(1 + 1/\lambda)} for Poisson responses and \eqn{\log(1 + 1/\lambda + 1/r)} for
#'   negative binomial ones, where \eqn{\lambda} is the mean over rows of
#'   \eqn{\exp(x'\beta + z'\Sigma z / 2)}, with offsets; `var.dispersion` is the variance of the effects
#'   of a grouping factor that has a level for each row, beside a family without a scale parameter;
#'   and `var.residual` is the sum of the two.
#' * `find_algorithm()`: a list with the elements `algorithm`, `chains`, `iterations`, `warmup`.
#' @references
#' Johnson, P. C. D. (2014). Extension of Nakagawa & Schielzeth's R2GLMM to random slopes models.
#' *Methods in Ecology and Evolution* 5, 944--946.
#'
#' Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017). The coefficient of determination R2 and
#' intra-class correlation coefficient from generalized linear mixed-effects models revisited and
#' expanded. *Journal of the Royal Society Interface* 14, 20170213.
#' @examplesIf requireNamespace("bayestestR", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' insight::find_parameters(fit, effects = "fixed")
#' insight::get_variance(fit)
#' bayestestR::describe_posterior(fit)
#' @name relm-easystats
NULL

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::find_formula, relm)
#' @method find_formula relm
find_formula.relm <- function(x, verbose = TRUE, ...) {
  refuse_dots(beside_easystats(list(...)), "find_formula")
  formula <- formula(x)
  parts <- formula_parts(formula)
  one_sided <- function(expression) as_formula(call("~", expression), environment(formula))
  random <- lapply(lapply(parts$bars, plain_bar), one_sided)
  conditional <- parts$fixed
  # Where the bars were all there was, the response may be left alone.
  if (!inherits(conditional, "formula")) {
    conditional <- as_formula(call("~", formula[[2]], 1), environment(formula))
  }
  sigma <- strata_of(x$posterior)$name
  found <- list(conditional = conditional,
                random = if (length(random) == 1) random[[1]] else random,
                sigma = if (!is.null(sigma)) one_sided(str2lang(sigma)))
  structure(found[lengths(found) > 0], class = c("insight_formula", "list"))
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::get_data, relm)
#' @method get_data relm
get_data.relm <- function(x, effects = "all", verbose = TRUE, ...) {
  refuse_dots(beside_easystats(list(...)), "get_data")
  check_choice(effects, "effects", c("all", "fixed", "random"))
  data <- used_data(design_of(x, "get_data()"))
  # Variables that came without a data frame are in the model frame.
  if (is.null(data)) return(NextMethod())
  names <- insight::find_variables(x, effects = effects, flatten = TRUE)
  if (effects == "random") names <- setdiff(names, insight::find_response(x, combine = FALSE))
  else names <- c(names, insight::find_weights(x), if (is_known_sigma(x$design$sigma))
                    free_variables(x$design$sigma))
  data[intersect(names, names(data))]
}

#' @rdname relm-easystats
#' @param type `get_residuals()`: `"response"`, the response minus its mean, or `"pearson"`.
#'   `get_predicted()`: another name of `predict`.
#' @rawNamespace S3method(insight::get_residuals, relm)
#' @method get_residuals relm
get_residuals.relm <- function(x, verbose = TRUE, type = "response", ...) {
  refuse_dots(beside_easystats(list(...)), "get_residuals")
  check_choice(type, "type", c("response", "pearson"))
  residuals(x, type = if (type == "response") "ordinary" else type)
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::model_info, relm)
#' @method model_info relm
model_info.relm <- function(x, verbose = TRUE, ...) {
  refuse_dots(beside_easystats(list(...)), "model_info")
  info <- NextMethod()
  info$is_bayesian <- TRUE
  if (is_gaussian(x)) return(info)
  if (is_student(x)) {
    info$is_linear <- TRUE
    return(info)
  }
  # insight goes by names of families that it knows.
  family <- family_of(x)
  successes <- family$weights == "trials"
  info[c("is_binomial", "is_count", "is_linear")] <- list(successes, !successes, FALSE)
  info$is_negbin <- identical(family$scale, "shape")
  info$is_bernoulli <- successes && !is.null(x$design) &&
    is.null(read_frame(family, x$design$frame)$trials)
  info
}

# insight's own would be a sum of squares, whatever the family.
#' @rawNamespace S3method(insight::get_deviance, relm)
get_deviance.relm <- function(x, ...) {
  if (is_gaussian(x)) NextMethod() else deviance.relm(x)
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::find_algorithm, relm)
#' @method find_algorithm relm
find_algorithm.relm <- function(x, ...) {
  refuse_dots(beside_easystats(list(...)), "find_algorithm")
  sampling <- x$sampling
  # insight's word for a sample from the whole posterior, as opposed to an approximation.
  list(algorithm = "sampling", chains = sampling$chains,
       iterations = sampling$warmup + sampling$draws * sampling$thin, warmup = sampling$warmup)
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::find_parameters, relm)
#' @method find_parameters relm
find_parameters.relm <- function(x, effects = "all", component = "all", flatten = FALSE,
                                 parameters = NULL, ...) {
  refuse_dots(beside_easystats(list(...)), "find_parameters")
  check_flag(flatten, "flatten")
  table <- parameter_table(x, effects, component, parameters)
  # insight's parts, in this order.
  parts <- c("conditional", "random", "sigma", "auxiliary")
  part <- ifelse(table$Effects == "random", "random", table$Component)
  names <- split(table$Parameter, factor(part, intersect(parts, part)))
  if (flatten) table$Parameter else names
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::clean_parameters, relm)
#' @method clean_parameters relm
clean_parameters.relm <- function(x, ...) {
  refuse_dots(beside_easystats(list(...)), "clean_parameters")
  structure(parameter_table(x), class = c("clean_parameters", "data.frame"))
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::get_parameters, relm)
#' @method get_parameters relm
get_parameters.relm <- function(x, effects = "fixed", component = NULL, parameters = NULL,
                                summary = FALSE, centrality = "mean", ...) {
  refuse_dots(beside_easystats(list(...)), "get_parameters")
  check_flag(summary, "summary")
  check_choice(centrality, "centrality", c("mean", "median"))
  draws <- as.data.frame(x, variable = parameter_table(x, effects, component, parameters)$Parameter)
  if (!summary) return(draws)
  center <- if (centrality == "mean") mean else stats::median
  data.frame(Parameter = names(draws), Estimate = unname(vapply(draws, center, 0)))
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::n_parameters, relm)
#' @method n_parameters relm
n_parameters.relm <- function(x, effects = "all", component = "all", ...) {
  refuse_dots(beside_easystats(list(...)), "n_parameters")
  nrow(parameter_table(x, effects, component))
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::get_intercept, relm)
#' @method get_intercept relm
get_intercept.relm <- function(x, ...) {
  refuse_dots(beside_easystats(list(...)), "get_intercept")
  place <- match("(Intercept)", x$posterior$fixed)
  if (is.na(place)) NA_real_ else as.numeric(hyper_matrix(x, place))
}

# insight's own method knows the models of its list alone.
#' @rawNamespace S3method(insight::find_transformation, relm)
find_transformation.relm <- function(x, include_all = FALSE, ...) {
  refuse_dots(beside_easystats(list(...)), "find_transformation")
  check_flag(include_all, "include_all")
  if (!include_all) return(insight::find_transformation(as_text(formula(x)[[2]])))
  lapply(insight::find_terms(x), function(terms) {
    stats::setNames(unlist(lapply(terms, insight::find_transformation)),
                    insight::clean_names(terms))
  })
}

#' @rawNamespace S3method(insight::ellipsis_info, relm)
ellipsis_info.relm <- function(objects, ...) {
  abort("insight compares models of the classes of its own list, on which {.cls relm} is not.",
        i = "{.fn loo_compare} compares fits; {.fn performance::model_performance} takes one.")
}

# What the packages of easystats hand to all methods of their generics, and what changes nothing
# for a fit of a Gaussian model that has its own data.
easystats_arguments <- c(
  "verbose", "source", "shape", "dichotomies", "split_nested", "include_interaction",
  "remove_nonestimable", "only_estimable", "include_smooth", "tolerance", "null_model",
  "approximation", "model_component", "name_fun", "name_full", "group", "remove_na", "na_rm",
  "weighted", "faminfo", "response", "model_info", "as_draws",
  "estimator"
)

beside_easystats <- function(dots) {
  if (is.null(names(dots))) dots else dots[!names(dots) %in% easystats_arguments]
}

# The parameters as insight describes them, a row each.
parameter_table <- function(fit, effects = "all", component = "all", patterns = NULL) {
  has_more <- identical(family_of(fit)$scale, "shape") || is_student(fit)
  rows <- lapply(c("fixed", "ran_pars", if (sum(lengths(fit$sampling$kept))) "ran_vals",
                   if (has_more) "auxiliary"), tidy_rows, fit = fit)
  rows <- do.call(rbind, rows)
  # sigma is among both.
  rows <- rows[!duplicated(rows$variable), ]
  rows <- rows[rows$variable %in% default_variables(fit), ]
  residual <- rows$group %in% "Residual"
  auxiliary <- rows$effect == "auxiliary"
  fixed <- rows$effect == "fixed" | residual | auxiliary
  is_effect <- rows$effect == "ran_vals"
  table <- data.frame(
    Parameter = rows$variable,
    Effects = ifelse(fixed, "fixed", "random"),
    Component = ifelse(residual, "sigma", ifelse(auxiliary, "auxiliary", "conditional")),
    Group = ifelse(is_effect, paste0(rows$term, ": ", rows$group),
                   ifelse(fixed, "", paste("SD/Cor:", rows$group))),
    Cleaned_Parameter = clean_terms(rows, residual, is_effect)
  )
  table <- table[effect_chosen(table, is_effect, effects) &
                   component_chosen(table, component, effects), ]
  if (!is.null(patterns)) table <- table[name_matches(table$Parameter, patterns), ]
  row.names(table) <- NULL
  table
}

# patterns: regular expressions, or names by I().
name_matches <- function(names, patterns, argument = "parameters") {
  if (inherits(patterns, "AsIs")) return(names %in% patterns)
  if (!is.character(patterns) || anyNA(patterns)) {
    abort("{.arg {argument}} must be regular expressions.", x = "It is {describe(patterns)}.")
  }
  tryCatch(grepl(paste(patterns, collapse = "|"), names), error = function(e) {
    abort("{.arg {argument}} is not a regular expression.", x = "It is {describe(patterns)}.")
  }, warning = function(w) {
    abort("{.arg {argument}} is not a regular expression.", x = "{conditionMessage(w)}.")
  })
}

clean_terms <- function(rows, residual, is_effect) {
  cleaned <- sub("^(sd|cor)__", "", rows$term)
  correlation <- startsWith(rows$term, "cor__")
  pairs <- sub("^cor_.*?__", "", rows$variable[correlation], perl = TRUE)
  cleaned[correlation] <- sub("__", " ~ ", pairs, fixed = TRUE)
  cleaned[residual] <- rows$variable[residual]
  cleaned[is_effect] <- paste0(rows$group, ".", rows$level)[is_effect]
  cleaned
}

effect_chosen <- function(table, is_effect, effects) {
  known <- c("fixed", "random", "full_random", "all", "full", "random_variance", "grouplevel")
  random <- table$Effects == "random"
  switch(check_choice(effects[1], "effects", known),
    fixed = !random,
    random = ,
    full_random = random,
    random_variance = random & !is_effect,
    grouplevel = is_effect,
    rep(TRUE, nrow(table))
  )
}

component_chosen <- function(table, component, effects) {
  if (is.null(component)) component <- if (effects[1] == "fixed") "conditional" else "all"
  known <- c("all", "full", "conditional", "location", "sigma", "dispersion", "distributional",
             "auxiliary")
  switch(check_choice(component[1], "component", known),
    all = ,
    full = rep(TRUE, nrow(table)),
    conditional = ,
    location = table$Component == "conditional",
    sigma = table$Component == "sigma",
    table$Component != "conditional"
  )
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::get_priors, relm)
#' @method get_priors relm
get_priors.relm <- function(x, verbose = TRUE, ...) {
  refuse_dots(beside_easystats(list(...)), "get_priors")
  posterior <- x$posterior
  prior <- prior_by_column(posterior$prior$beta, posterior$fixed, "beta", flat())
  value <- function(name) {
    vapply(prior, function(one) {
      if (one$name == "normal") one$parameters[[name]] else NA_real_
    }, 0)
  }
  # insight has "uniform" for a flat prior.
  data.frame(Parameter = hyper_variables(x)[seq_along(prior)],
             Distribution = ifelse(vapply(prior, `[[`, "", "name") == "flat", "uniform", "normal"),
             Location = value("mean"), Scale = value("sd"))
}

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::get_variance, relm)
#' @method get_variance relm
get_variance.relm <- function(x, component = "all", verbose = TRUE, ...) {
  refuse_dots(beside_easystats(list(...)), "get_variance")
  correlations <- c(rho01 = "cor.slope_intercept", rho00 = "cor.slopes")
  check_choice(component, "component", c("all", "fixed", "random", "residual", "distribution",
                                         "dispersion", "intercept", "slope",
                                         names(correlations)))
  parts <- variance_draws(x)
  medians <- lapply(parts, function(draws) {
    if (is.matrix(draws)) apply(draws, 2, stats::median) else stats::median(draws)
  })
  if (component == "all") return(medians)
  is_correlation <- component %in% names(correlations)
  medians[[if (is_correlation) correlations[[component]] else paste0("var.", component)]]
}
