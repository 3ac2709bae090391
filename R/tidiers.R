#' Tables for broom
#'
#' Methods of `tidy()`, `glance()` and `augment()`, which broom and broom.mixed offer, with
#' broom.mixed's columns.
#'
#' @param x A fit.
#' @param effects Any of `"fixed"`: coefficients; `"ran_pars"`: standard deviations and correlations
#'   of group effects and residual standard deviations; `"ran_vals"`: group effects; `"ran_coefs"`:
#'   coefficients of each group; `"auxiliary"`: residual standard deviations by the name `sigma`, as for
#'   rstanarm, or the `shape` of a negative binomial family.
#' @param conf.int Add intervals?
#' @param conf.level Their probability.
#' @param conf.method `"quantile"`: between quantiles with equal tails; `"HPDinterval"`: the
#'   shortest intervals, from coda.
#' @param rhat,ess Add the columns `rhat` and `ess`? `ess` is the smaller of the bulk and the tail
#'   effective sample size.
#' @param robust Estimates: `TRUE` for medians and median absolute deviations, `FALSE` for means and
#'   standard deviations, `NA` where they do not exist. By default medians and standard deviations.
#' @param exponentiate Show \eqn{\exp(\beta)} for the coefficients, `"fixed"`, and their intervals?
#'   With the link logit these are odds ratios, with complementary log-log ratios of hazards, and with
#'   the logarithm ratios of means (of rates, with an exposure). With probit they are nothing of the
#'   kind, and a message says so.
#'   The standard error is multiplied by it, as in broom. The standard error of \eqn{\exp(\beta)}
#'   itself may not exist.
#' @param scales For `"ran_pars"`: `"sdcor"` for standard deviations and correlations, or `"vcov"`
#'   for variances and covariances. Give only this value, or one for each of `effects` with `NA` for
#'   the others.
#' @param looic Add columns `looic`, `elpd_loo` and `p_loo`, from [loo()]?
#' @param data The rows of the fit to add columns to; by default its model frame.
#' @param newdata Other rows, as in [predict()][predict.relm].
#' @param se_fit,se.fit Add the column `.se.fit`? It is added by default. `se.fit` is the spelling
#'   of broom.mixed's method for brms.
#' @param re_formula,re.form Which group effects `.fitted`, its interval and `.resid` include, as in
#'   [posterior_predict()][posterior_predict.relm].
#' @param interval `"none"`; `"confidence"`, of the mean of a row; or `"prediction"`, of a new
#'   observation there.
#' @param seed The seed of predictions, as in [predict()][predict.relm].
#' @param ... For `augment()`, other arguments of [fitted()][predict.relm], such as
#'   `allow_new_levels`; otherwise refused.
#' @return Tibbles.
#' * `tidy()`: a row for each parameter, with the columns `effect`; `group`, the grouping factor, or
#'   `"Residual"`; `level`, the group, or the level of the factor of the residual variances; `term`;
#'   `estimate`, the posterior median; `std.error`, the posterior standard deviation, `NA` where it
#'   does not exist; `conf.low` and `conf.high`. `group` and `level` are included if some row has
#'   them. Terms are spelled as in the model matrix; those of `"ran_pars"` are `sd__(Intercept)`,
#'   `cor__(Intercept).x` and `sd__Observation`, or with `scales = "vcov"` `var__(Intercept)`,
#'   `cov__(Intercept).x` and `var__Observation`.
#' * `glance()`: one row, with the sampler (`algorithm`), the number of posterior draws (`pss`), of
#'   rows (`nobs`), and `sigma`, `NA` if there are several.
#' * `augment()`: the data with the columns `.fitted`, the posterior median of the mean of each row,
#'   as in [fitted()][predict.relm]; `.se.fit`, its standard deviation, `NA` where it does not
#'   exist; `.lower` and `.upper`, of trials those of their share of successes; `.resid`, the response
#'   minus `.fitted`, if the response is given; and `.fixed`, the median without group effects. Row
#'   names that are not numbers become the column `.rownames`.
#' @examplesIf requireNamespace("generics", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' generics::tidy(fit)
#' generics::tidy(fit, "ran_vals", conf.level = 0.8)
#' generics::glance(fit)
#' generics::augment(fit, interval = "prediction", seed = 1)
#' @name relm-tidiers
NULL

#' @rdname relm-tidiers
#' @rawNamespace S3method(generics::tidy, relm)
#' @method tidy relm
tidy.relm <- function(x, effects = c("fixed", "ran_pars"), conf.int = TRUE, conf.level = 0.95,
                      conf.method = "quantile", rhat = FALSE, ess = FALSE, robust = NULL,
                      exponentiate = FALSE, scales = NULL, ...) {
  refuse_dots(list(...), "tidy")
  known <- c("fixed", "ran_pars", "ran_vals", "ran_coefs", "auxiliary")
  if (!is.character(effects) || length(effects) == 0 || !all(effects %in% known)) {
    abort("{.arg effects} must be any of {.or {.val {known}}}.", x = "It is {describe(effects)}.")
  }
  check_flag(conf.int, "conf.int")
  check_probability(conf.level, "conf.level")
  check_choice(conf.method, "conf.method", c("quantile", "HPDinterval"))
  if (!is.null(robust)) check_flag(robust, "robust")
  if (check_flag(exponentiate, "exponentiate")) tell_ratios(x)
  squared <- check_scales(scales, effects) == "vcov"
  measures <- c("rhat", "ess")[c(check_flag(rhat, "rhat"), check_flag(ess, "ess"))]
  tables <- lapply(unique(effects), function(effect) {
    from_moments <- effect %in% c("ran_vals", "ran_coefs") && has_moments(x)
    if (from_moments) {
      tables <- lapply(seq_along(groupings_of(x$posterior)), function(g) {
        tidy_moments(x, effect, conf.level, measures, g)
      })
      return(do.call(rbind, tables))
    }
    rows <- tidy_rows(x, effect, squared)
    table <- tidy_draws_of(x, rows, conf.level, conf.method, measures, robust)
    if (exponentiate && effect == "fixed") exponentiate_rows(table) else table
  })
  table <- do.call(rbind, tables)
  used <- vapply(table, function(column) !all(is.na(column)), NA)
  used[setdiff(names(table), c("group", "level"))] <- TRUE
  if (!conf.int) used[c("conf.low", "conf.high")] <- FALSE
  as_tibble(table[used])
}

# The scale of "ran_pars": the one that is given, or its own where each of `effects` has one.
check_scales <- function(scales, effects) {
  if (is.null(scales)) return("sdcor")
  of_pars <- scales[if (length(scales) == length(effects)) effects == "ran_pars" else 1]
  if (!length(scales) %in% c(1, length(effects)) || !all(scales %in% c("sdcor", "vcov", NA)) ||
      length(of_pars) != 1 || is.na(of_pars) || !"ran_pars" %in% effects) {
    abort("{.arg scales} must be {.val sdcor} or {.val vcov} for the effects {.val ran_pars}, and NA
           for others.", x = "It is {describe(scales)}, for {.val {effects}}.")
  }
  of_pars
}

# Of the links that there are, which have coefficients that are logarithms of ratios.
tell_ratios <- function(fit) {
  if (family_of(fit)$link == "probit") {
    inform("Exponentials of the coefficients of a {family_of(fit)$label} are no ratios of odds.")
  }
}

# As broom has it: the standard error is that of the coefficient times what that becomes.
exponentiate_rows <- function(table) {
  columns <- c("estimate", "conf.low", "conf.high")
  table[columns] <- exp(table[columns])
  table$std.error <- table$std.error * table$estimate
  table
}

# posterior brings the package tibble with it.
as_tibble <- function(table) {
  structure(as.list(table), class = c("tbl_df", "tbl", "data.frame"),
            row.names = .set_row_names(nrow(table)))
}

# What broom.mixed calls the parameters of one kind, and the variables they are. Squared, these are
# a list, of variables whose product each is: a covariance is a correlation times two standard
# deviations.
tidy_rows <- function(fit, effect, squared = FALSE) {
  posterior <- fit$posterior
  rows <- function(variable, term, group = NA_character_, level = NA_character_) {
    n <- length(variable)
    data.frame(effect = rep(effect, n), group = rep_len(group, n), level = rep_len(level, n),
               term = rep_len(term, n),
               variable = if (is.list(variable)) I(variable) else variable)
  }
  if (effect == "fixed") {
    fixed <- as.character(posterior$fixed)
    return(rows(variables_of_part(posterior, "b"), fixed))
  }
  if (effect == "auxiliary") return(tidy_auxiliary(fit, rows))
  groupings <- groupings_of(posterior)
  if (effect == "ran_pars") {
    covariances <- lapply(groupings, tidy_covariance, fit, rows, squared)
    return(do.call(rbind, c(covariances, list(tidy_sigma(fit, rows, squared)))))
  }
  if (!has_groups(posterior)) return(rows(character(), character()))
  do.call(rbind, lapply(seq_along(groupings), function(g) {
    names <- names_by_group(fit, effect == "ran_coefs", g)
    rows(as.character(names), rownames(names), groupings[[g]]$name,
         rep(shown_levels(fit, g), each = nrow(names)))
  }))
}

tidy_covariance <- function(grouping, fit, rows, squared = FALSE) {
  columns <- grouping$random$column
  sd <- variables_of_part(fit$posterior, "sd", grouping$name)
  cor <- variables_of_part(fit$posterior, "cor", grouping$name)
  pairs <- correlated_columns(grouping$random$block)
  names <- paste0(columns[pairs$first], ".", columns[pairs$second])
  if (!squared) {
    return(rows(c(sd, cor),
                c(paste0("sd__", columns), sprintf("cor__%s", names)[seq_along(cor)]),
                grouping$name))
  }
  products <- Map(c, cor, sd[pairs$first], sd[pairs$second])
  rows(c(Map(c, sd, sd), products),
       c(paste0("var__", columns), sprintf("cov__%s", names)[seq_along(cor)]),
       grouping$name)
}

tidy_sigma <- function(fit, rows, squared = FALSE) {
  posterior <- fit$posterior
  sigma <- residual_variables(fit)
  sds <- if (squared) Map(c, sigma$sd, sigma$sd) else sigma$sd
  rbind(rows(sds, if (squared) "var__Observation" else "sd__Observation", "Residual",
             sigma$level),
        rows(if (squared) as.list(sigma$pooled) else sigma$pooled,
             c("df__Observation", "scale__Observation"), "Residual"))
}

tidy_auxiliary <- function(fit, rows) {
  sigma <- residual_variables(fit)
  rbind(rows(variables_of_part(fit$posterior, "shape"), "shape"),
        rows(sigma$sd, "sigma", level = sigma$level),
        rows(sigma$pooled, c("sigma_df", "sigma_scale")),
        rows(variables_of_part(fit$posterior, "df"), "df"))
}

# Names of the residual standard deviations, their levels, and what pools them.
residual_variables <- function(fit) {
  posterior <- fit$posterior
  list(sd = variables_of_part(posterior, "sigma"), pooled = variables_of_part(posterior, "pool"),
       level = shown_strata(posterior))
}

# robust: NULL for the median and the standard deviation.
tidy_draws_of <- function(fit, table, level, method, measures, robust) {
  draws <- draws_array(fit, unique(unlist(table$variable)))
  one <- function(names) {
    factors <- lapply(names, function(name) matrix(draws[, , name], nrow(draws)))
    values <- Reduce(`*`, factors)
    interval <- if (method == "quantile") {
      stats::quantile(values, (1 + c(-1, 1) * level) / 2, names = FALSE)
    } else coda::HPDinterval(coda::mcmc(as.numeric(values)), prob = level)
    c(if (isFALSE(robust)) mean(values) else stats::median(values),
      if (isTRUE(robust)) stats::mad(values) else stats::sd(values),
      interval, measure_convergence(values, measures))
  }
  estimates <- vapply(as.list(table$variable), one, numeric(4 + length(measures)))
  estimates <- as.data.frame(t(estimates), row.names = seq_len(nrow(table)))
  names(estimates) <- c("estimate", "std.error", "conf.low", "conf.high", measures)
  tails <- vapply(as.list(table$variable), function(names) {
    tails <- tails_of(fit, names)
    if (length(names) == 1) tails else tail_of_product(min(tails))
  }, 0)
  if (isFALSE(robust)) estimates$estimate[tails <= 2] <- NA
  if (!isTRUE(robust)) estimates$std.error[tails <= 3] <- NA
  cbind(table[c("effect", "group", "level", "term")], estimates)
}

measure_convergence <- function(values, measures) {
  suppressWarnings(c(
    if ("rhat" %in% measures) posterior::rhat(values),
    if ("ess" %in% measures) min(posterior::ess_bulk(values), posterior::ess_tail(values))
  ))
}

# Group effects of which there are means and covariances: intervals of a normal distribution, whose
# mean is its median.
tidy_moments <- function(fit, effect, level, measures, g) {
  posterior <- fit$posterior
  groups <- shown_levels(fit, g)
  columns <- if (effect == "ran_coefs") coef_columns_of(posterior, g) else random_of(posterior, g)
  parts <- moments_of_groups(fit, columns, effect == "ran_coefs", g)
  in_rows <- function(name) {
    as.numeric(t(vapply(parts, function(part) part[, name], numeric(length(groups)))))
  }
  estimate <- in_rows("mean")
  error <- in_rows("sd")
  half <- stats::qnorm((1 + level) / 2) * error
  table <- data.frame(effect = effect, group = names_of_groupings(posterior)[g],
                      level = rep(groups, each = length(columns)),
                      term = rep(columns, length(groups)), estimate = estimate,
                      std.error = error, conf.low = estimate - half, conf.high = estimate + half)
  table[measures] <- NA_real_
  table
}

#' @rdname relm-tidiers
#' @rawNamespace S3method(generics::glance, relm)
#' @method glance relm
glance.relm <- function(x, looic = FALSE, ...) {
  refuse_dots(list(...), "glance")
  check_flag(looic, "looic")
  sigma <- if (identical(family_of(x)$scale, "sigma")) sigma(x)
  table <- data.frame(algorithm = x$sampling$sampler_run, pss = ndraws(x), nobs = nobs(x),
                      sigma = if (length(sigma) == 1) sigma else NA_real_)
  if (looic) {
    estimates <- loo(x)$estimates[, "Estimate"]
    table[c("looic", "elpd_loo", "p_loo")] <- as.list(estimates[c("looic", "elpd_loo", "p_loo")])
  }
  as_tibble(table)
}

#' @rdname relm-tidiers
#' @rawNamespace S3method(generics::augment, relm)
#' @method augment relm
augment.relm <- function(x, data = NULL, newdata = NULL, se_fit = NULL, interval = "none",
                         conf.level = 0.95, seed = NULL, re_formula = NULL, re.form, se.fit,
                         ...) {
  dots <- list(...)
  passed <- setdiff(prediction_arguments, names(formals(augment.relm)))
  check_dots_empty(dots[!rlang::names2(dots) %in% passed],
                   c(names(formals(augment.relm)), passed), "augment")
  re_formula <- one_spelling(re_formula, re.form)
  se_fit <- one_spelling(se_fit, se.fit)
  se_fit <- is.null(se_fit) || check_flag(se_fit, "se_fit")
  check_choice(interval, "interval", c("none", "confidence", "prediction"))
  probs <- (1 + c(-1, 1) * check_probability(conf.level, "conf.level")) / 2
  rows <- augmented_rows(x, data, newdata)
  # What is drawn of new levels is the same in every column.
  if (!is.null(newdata)) seed <- check_seed(seed)
  # Rows left out by na.exclude may be among the data.
  used <- function(table) {
    table <- as.matrix(table)
    if (nrow(table) == nrow(rows)) table else table[!is.na(table[, 1]), , drop = FALSE]
  }
  fitted <- used(fitted(x, newdata, re_formula, summary = TRUE, probs = probs, seed = seed, ...))
  added <- data.frame(.fitted = fitted[, 1])
  if (se_fit) added$.se.fit <- fitted[, 2]
  if (interval == "prediction") {
    fitted <- used(predicted_shares(x, newdata, re_formula, probs, seed = seed, ...))
  }
  if (interval != "none") added[c(".lower", ".upper")] <- fitted[, 3:4]
  if (is.null(newdata) || all(free_variables(formula(x)[[2]]) %in% names(newdata))) {
    added$.resid <- used(residuals(x, newdata, re_formula, seed = seed, ...))[, 1]
  }
  added$.fixed <- used(fitted(x, newdata, re_formula = NA, ...))[, 1]
  as_tibble(cbind(rows, added))
}

# predict(), of trials the share of successes as fitted() has it.
predicted_shares <- function(fit, newdata, re_formula, probs, ...) {
  table <- predict(fit, newdata, re_formula, probs = probs, ...)
  if (family_of(fit)$weights != "trials") return(table)
  plan <- plan_prediction(fit, "predict", TRUE, asked_prediction(newdata, re_formula, ...))
  if (is.null(plan$rows$trials)) table else table / as.numeric(pad_rows(plan, plan$rows$trials))
}

# The data to augment, their row names in a column.
augmented_rows <- function(fit, data, newdata) {
  if (!is.null(data) && !is.null(newdata)) {
    abort("{.arg data} and {.arg newdata} both give the rows.", i = "Give one of them.")
  }
  rows <- if (!is.null(newdata)) newdata else if (!is.null(data)) data else padded_frame(fit)
  omitted <- attr(design_of(fit, "augment()")$frame, "na.action")
  sizes <- nobs(fit) + c(0, if (inherits(omitted, "exclude")) length(omitted))
  if (is.null(newdata) && (!is.data.frame(rows) || !nrow(rows) %in% sizes)) {
    abort("{.arg data} must be a data frame of the {nobs(fit)} rows of the fit.",
          x = "It is {describe(rows)}.",
          i = if (is.data.frame(rows) && nrow(rows) == nobs(fit) + length(omitted))
            "Rows with missing values were left out: fit with {.code na.action = na.exclude}, or
             leave {.arg data} out."
            else "Other rows are {.arg newdata}.")
  }
  if (is.character(.row_names_info(rows, 0L))) rows <- cbind(.rownames = row.names(rows), rows)
  rows
}

# The model frame, with NA in rows that na.exclude left out.
padded_frame <- function(fit) {
  frame <- model.frame(fit)
  omitted <- attr(frame, "na.action")
  if (!inherits(omitted, "exclude")) return(frame)
  place <- stats::naresid(omitted, stats::setNames(seq_len(nrow(frame)), row.names(frame)))
  padded <- as.data.frame(lapply(frame, function(column) {
    if (is.matrix(column)) I(unclass(column)[place, , drop = FALSE]) else column[place]
  }), optional = TRUE)
  row.names(padded) <- names(place)
  padded
}
