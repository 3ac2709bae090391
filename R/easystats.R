# bayestestR, parameters and performance, documented with what insight asks, in R/insight.R.
# Their methods for data frames do the work; those that ask a fit no more than its
# generics are used as they are.

#' @rdname relm-easystats
#' @param posteriors A fit.
#' @param dispersion,test,rope_range,rope_ci As in bayestestR.
#' @param diagnostic Any of `"ESS"`, the bulk effective sample size, `"Rhat"` and `"MCSE"`, the
#'   Monte Carlo standard error of the mean; `"all"` or `NULL`.
#' @param priors Add the priors of the coefficients?
#' @rawNamespace S3method(bayestestR::describe_posterior, relm)
#' @method describe_posterior relm
describe_posterior.relm <- function(posteriors, centrality = "median", dispersion = FALSE,
                                    ci = 0.95, ci_method = "eti",
                                    test = c("p_direction", "rope"), rope_range = "default",
                                    rope_ci = 0.95, diagnostic = c("ESS", "Rhat"),
                                    priors = FALSE, effects = "fixed", component = NULL,
                                    parameters = NULL, ...) {
  # parameters hands over its own arguments too, which model_parameters.relm() has checked.
  if (!inherits(parameters, "AsIs")) {
    check_described("describe_posterior", list(...), names(formals()))
  }
  check_flag(priors, "priors")
  chosen <- parameter_table(posteriors, effects, component, parameters)
  draws <- as.data.frame(posteriors, variable = chosen$Parameter)
  table <- bayestestR::describe_posterior(
    draws, centrality = centrality, dispersion = dispersion, ci = ci, ci_method = ci_method,
    test = test, rope_range = if (tests_range(test)) default_range(posteriors, rope_range)
      else rope_range, rope_ci = rope_ci, ...
  )
  described <- attributes(table)[c("class", "ci_method")]
  table <- blank_moments(as.data.frame(table), posteriors)
  place <- match(table$Parameter, chosen$Parameter)
  kinds <- Filter(function(column) !all(column %in% c("fixed", "conditional")),
                  chosen[c("Effects", "Component")])
  table <- cbind(table[1], kinds[place, , drop = FALSE], table[-1])
  table <- cbind(table, diagnose(posteriors, chosen$Parameter, diagnostic)[place, -1, drop = FALSE])
  if (priors) table <- cbind(table, described_priors(posteriors, table$Parameter))
  row.names(table) <- NULL
  attributes(table) <- c(attributes(table)[c("names", "row.names")], described,
                         list(clean_parameters = clean_parameters.relm(posteriors),
                              object_name = as_text(substitute(posteriors))))
  table
}

# Does any of these tests go by a range about zero, which by default needs the data?
tests_range <- function(test) {
  without <- c("pd", "p_direction", "pdir", "mpe", "p_map", "p_pointnull", "bf", "bayesfactor",
               "bayes_factor")
  !all(test %in% without)
}

# A mean or a variance that does not exist is not averaged from draws.
blank_moments <- function(table, fit) {
  tails <- tails_of(fit, table$Parameter)
  for (column in intersect(c("Mean", "SD"), names(table))) {
    table[[column]][tails <= c(Mean = 2, SD = 3)[[column]]] <- NA
  }
  table
}

described_priors <- function(fit, parameters) {
  priors <- describe_prior.relm(fit)
  priors[match(parameters, priors$Parameter), -1]
}

#' @rawNamespace S3method(bayestestR::describe_prior, relm)
describe_prior.relm <- function(model, ...) {
  refuse_dots(beside_easystats(list(...)), "describe_prior")
  table <- get_priors.relm(model)
  names(table)[-1] <- paste0("Prior_", names(table)[-1])
  table
}

# bayestestR's rules. For linear models: one percent where the response is a logarithm, else a tenth
# of its standard deviation. For others a tenth of the link's own distribution.
#' @rawNamespace S3method(bayestestR::rope_range, relm)
rope_range.relm <- function(x, ...) {
  refuse_dots(beside_easystats(list(...)), "rope_range")
  if (!is_linear(x)) {
    return(c(-0.1, 0.1) * if (family_of(x)$link == "logit") pi / sqrt(3) else 1)
  }
  response <- x$posterior$formula[[2]]
  logs <- c("log", "log2", "log10", "log1p")
  if (is.call(response) && as_text(response[[1]]) %in% logs) return(c(-0.01, 0.01))
  c(-0.1, 0.1) * stats::sd(stats::model.response(design_of(x, "rope_range()")$frame))
}

default_range <- function(fit, range) {
  if (identical(range, "default")) rope_range.relm(fit) else range
}

# Columns of diagnostics beside the parameters.
diagnose <- function(fit, parameters, diagnostic) {
  known <- c("ESS", "Rhat", "MCSE")
  if (!is.null(diagnostic) && (!is.character(diagnostic) || anyNA(diagnostic))) {
    abort("{.arg diagnostic} must be any of {.or {.val {c(known, 'all')}}}, or NULL.",
          x = "It is {describe(diagnostic)}.")
  }
  if ("all" %in% diagnostic) diagnostic <- known
  for (name in diagnostic) check_choice(name, "diagnostic", c(known, "all"))
  draws <- draws_array(fit, parameters)
  measure <- function(name) {
    values <- matrix(draws[, , name], nrow(draws))
    suppressWarnings(c(ESS = posterior::ess_bulk(values), Rhat = posterior::rhat(values),
                       MCSE = posterior::mcse_mean(values)))
  }
  table <- as.data.frame(t(vapply(parameters, measure, numeric(3))))
  table$MCSE[tails_of(fit, parameters) <= 3] <- NA
  data.frame(Parameter = parameters, table[intersect(known, diagnostic)], row.names = NULL)
}

#' @rawNamespace S3method(bayestestR::diagnostic_posterior, relm)
diagnostic_posterior.relm <- function(posteriors, diagnostic = "all", effects = "fixed",
                                      component = NULL, parameters = NULL, ...) {
  refuse_dots(beside_easystats(list(...)), "diagnostic_posterior")
  chosen <- parameter_table(posteriors, effects, component, parameters)$Parameter
  diagnose(posteriors, chosen, diagnostic)
}

#' @rawNamespace S3method(bayestestR::effective_sample, relm)
effective_sample.relm <- function(model, ...) diagnostic_posterior.relm(model, "ESS", ...)

#' @rawNamespace S3method(bayestestR::mcse, relm)
mcse.relm <- function(model, ...) diagnostic_posterior.relm(model, "MCSE", ...)

# Refuses named arguments that no version of a function of bayestestR's has for draws: its methods
# ignore what they do not know.
check_described <- function(name, dots, known = c("effects", "component", "parameters")) {
  arguments <- lapply(c("data.frame", "numeric", "default"), function(class) {
    method <- utils::getS3method(name, class, optional = TRUE, envir = asNamespace("bayestestR"))
    if (!is.null(method)) names(formals(method))
  })
  theirs <- setdiff(unlist(arguments), c("x", "posterior", "posteriors", "...", "rvar_col"))
  named <- beside_easystats(dots[nzchar(rlang::names2(dots))])
  check_dots_empty(named[!names(named) %in% theirs], unique(c(known, theirs)), name)
}

# A function of bayestestR's on the draws of the parameters asked for.
of_draws <- function(name) {
  force(name)
  function(x, ..., effects = "fixed", component = NULL, parameters = NULL) {
    check_described(name, list(...))
    draws <- get_parameters.relm(x, effects, component, parameters)
    result <- getExportedValue("bayestestR", name)(draws, ...)
    attr(result, "object_name") <- as_text(substitute(x))
    result
  }
}

# The same where a range about zero stands second, which by default depends on the model.
of_draws_in_range <- function(name, range_name = "range") {
  force(name)
  function(x, range = "default", ..., effects = "fixed", component = NULL, parameters = NULL) {
    dots <- list(...)
    check_described(name, dots)
    if (!range_name %in% names(dots)) dots[[range_name]] <- default_range(x, range)
    draws <- get_parameters.relm(x, effects, component, parameters)
    result <- do.call(getExportedValue("bayestestR", name), c(list(draws), dots))
    # By its class see finds the draws in the fit, or else takes the object of this name for them.
    class(result) <- sub("^see_equivalence_test_df$", "see_equivalence_test", class(result))
    attr(result, "object_name") <- as_text(substitute(x))
    result
  }
}

#' @rawNamespace
#' S3method(bayestestR::hdi, relm)
#' S3method(bayestestR::eti, relm)
#' S3method(bayestestR::ci, relm)
#' S3method(bayestestR::spi, relm)
#' S3method(bayestestR::bci, relm)
#' S3method(bayestestR::p_direction, relm)
#' S3method(bayestestR::p_map, relm)
#' S3method(bayestestR::point_estimate, relm)
#' S3method(bayestestR::map_estimate, relm)
#' S3method(bayestestR::estimate_density, relm)
#' S3method(bayestestR::rope, relm)
#' S3method(bayestestR::p_rope, relm)
#' S3method(bayestestR::p_significance, relm)
#' S3method(bayestestR::equivalence_test, relm)
hdi.relm <- of_draws("hdi")
eti.relm <- of_draws("eti")
ci.relm <- of_draws("ci")
spi.relm <- of_draws("spi")
bci.relm <- of_draws("bci")
p_direction.relm <- of_draws("p_direction")
p_map.relm <- of_draws("p_map")
point_estimate.relm <- of_draws("point_estimate")
map_estimate.relm <- of_draws("map_estimate")
estimate_density.relm <- of_draws("estimate_density")
rope.relm <- of_draws_in_range("rope")
p_rope.relm <- of_draws_in_range("p_rope")
p_significance.relm <- of_draws_in_range("p_significance", "threshold")
equivalence_test.relm <- of_draws_in_range("equivalence_test")

# A method for brms's fits that asks them nothing but its package's generics.
method_for_brms <- function(package, generic) {
  utils::getS3method(generic, "brmsfit", envir = asNamespace(package))
}

#' @rawNamespace S3method(parameters::model_parameters, relm)
model_parameters.relm <- function(model, ..., effects = "fixed", component = NULL,
                                  parameters = NULL, group_level = FALSE) {
  check_table_arguments(list(...))
  check_flag(group_level, "group_level")
  chosen <- parameter_table(model, effects, component, parameters)
  if (asks_for_wald(list(...))) return(wald_table(model, chosen, ...))
  # Versions of parameters differ in whether "all" and "random" have group effects.
  is_effect <- chosen$Effects == "random" & !startsWith(chosen$Group, "SD/Cor:")
  if (!group_level && effects[1] %in% c("all", "random")) is_shown <- !is_effect
  else is_shown <- rep(TRUE, nrow(chosen))
  table_of <- function(...) {
    method_for_brms("parameters", "model_parameters")(
      model, ..., effects = if (effects[1] == "random") "full_random" else effects[1],
      component = if (is.null(component)) "all" else component,
      parameters = I(chosen$Parameter[is_shown]), group_level = any(is_effect & is_shown)
    )
  }
  dots <- list(...)
  table <- table_of(...)
  if (!is_off(dots$exponentiate)) {
    dots$exponentiate <- FALSE
    is_scale <- !is_effect & (chosen$Effects == "random" | chosen$Component != "conditional")
    table <- restore_rows(table, do.call(table_of, dots), chosen$Parameter[is_scale])
  }
  attr(table, "object_name") <- as_text(substitute(model))
  table
}

# parameters takes exponentials of all rows; those of standard deviations mean nothing.
restore_rows <- function(table, plain, parameters) {
  rows <- table$Parameter %in% parameters
  for (column in names(table)) table[[column]][rows] <- plain[[column]][rows]
  table
}

# modelsummary hands arguments of tables and of measures to both.
passed_by_modelsummary <- c("gof_map", "metrics", "effects", "component", "parameters",
                            "exponentiate", "ci_method", "centrality", "keep", "drop")

# Arguments that parameters' methods have: how a table is made of draws, how it is shown; and those
# of estimators, which say nothing to a posterior unless they are off.
check_table_arguments <- function(dots) {
  method <- method_for_brms("parameters", "model_parameters")
  shown <- c("digits", "ci_digits", "p_digits", "footer_digits", "pretty_names", "groups",
             "s_value", "include_info", "summary", "include_reference", "ci_random", "wb_component",
             "include_sigma", "iterations", passed_by_modelsummary)
  off <- c("bootstrap", "vcov", "vcov_args", "p_adjust", "robust", "df_method")
  for (name in intersect(off, names(dots))) {
    if (is.null(dots[[name]]) || isFALSE(dots[[name]])) next
    abort("{.arg {name}} is for estimators, not for the draws of a posterior.")
  }
  known <- setdiff(names(formals(method)), c("model", "..."))
  unknown <- dots[!names(dots) %in% c(known, shown, off)]
  check_dots_empty(unknown, c(known, "parameters", shown), "model_parameters")
}

#' @rawNamespace S3method(parameters::standard_error, relm)
standard_error.relm <- function(model, effects = "fixed", component = NULL, ...) {
  refuse_dots(beside_easystats(list(...)), "standard_error")
  chosen <- parameter_table(model, effects, component)$Parameter
  sd <- vapply(as.data.frame(model, variable = chosen), stats::sd, 0)
  sd[tails_of(model, chosen) <= 3] <- NA
  data.frame(Parameter = chosen, SE = unname(sd))
}

#' @rawNamespace S3method(parameters::p_value, relm)
p_value.relm <- function(model, ...) {
  direction <- p_direction.relm(model, ...)
  data.frame(Parameter = direction$Parameter, p = bayestestR::pd_to_p(direction$pd))
}

#' @rawNamespace S3method(performance::model_performance, relm)
model_performance.relm <- function(model, metrics = "all", ...) {
  if (!is.character(metrics) || anyNA(metrics) || length(metrics) == 0) {
    abort("{.arg metrics} must be names of measures.", x = "It is {describe(metrics)}.")
  }
  dots <- beside_easystats(list(...))
  refuse_dots(dots[!names(dots) %in% passed_by_modelsummary], "model_performance")
  method_for_brms("performance", "model_performance")(model, metrics = metrics)
}

#' @rawNamespace S3method(performance::r2_posterior, relm)
r2_posterior.relm <- function(model, verbose = TRUE, ...) {
  refuse_dots(beside_easystats(list(...)), "r2_posterior")
  named <- function(draws, label) stats::setNames(draws, rep(label, length(draws)))
  r2 <- function(...) as.numeric(bayes_R2(model, summary = FALSE, ...))
  if (!has_groups(model$posterior)) return(list(R2_Bayes = named(r2(), "R2")))
  list(R2_Bayes = named(r2(), "Conditional R2"),
       R2_Bayes_marginal = named(r2(re_formula = NA), "Marginal R2"))
}

#' @rawNamespace S3method(performance::r2, relm)
r2.relm <- function(model, ...) {
  known <- setdiff(names(formals(performance::r2_bayes)), c("model", "..."))
  dots <- beside_easystats(list(...))
  check_dots_empty(dots[!names(dots) %in% known], known, "r2")
  performance::r2_bayes(model, ...)
}
