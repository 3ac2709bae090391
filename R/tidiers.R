#' Tables for broom
#'
#' Methods of `tidy()`, `glance()` and `augment()`, which broom and broom.mixed offer, with
#' broom.mixed's columns.
#'
#' @param x A fit.
#' @param effects Any of `"fixed"`: coefficients; `"ran_pars"`: standard deviations and correlations
#'   of group effects and residual standard deviations; `"ran_vals"`: group effects; `"ran_coefs"`:
#'   coefficients of each group.
#' @param conf.int Add intervals?
#' @param conf.level Their probability.
#' @param conf.method `"quantile"`: between quantiles with equal tails; `"HPDinterval"`: the
#'   shortest intervals, from coda.
#' @param rhat,ess Add columns `rhat` and `ess`, the smaller of the bulk and the tail effective
#'   sample size?
#' @param looic Add columns `looic`, `elpd_loo` and `p_loo`, from [loo()]?
#' @param data The rows of the fit to add columns to; unless given its model frame.
#' @param newdata Other rows, as in [predict()][predict.relm].
#' @param se_fit Add the column `.se.fit`?
#' @param interval `"none"`; `"confidence"`, of the mean of a row; or `"prediction"`, of a new
#'   observation there.
#' @param seed Of predictions, as in [predict()][predict.relm].
#' @param ... Of `augment()` other arguments of [predict()][predict.relm], such as
#'   `allow_new_levels`; otherwise not used.
#' @return Tibbles.
#' * `tidy()`: a row for each parameter, with the columns `effect`; `group`, the grouping factor, or
#'   `"Residual"`; `level`, the group, or the level of the factor that residual variances go by;
#'   `term`; `estimate`, the posterior median; `std.error`, the posterior standard deviation, `NA`
#'   where it does not exist; `conf.low` and `conf.high`. `group` and `level` are there
#'   where some row has them. Terms are spelled as in the model matrix; those of
#'   `"ran_pars"` are `sd__(Intercept)`, `cor__(Intercept).x` and `sd__Observation`.
#' * `glance()`: one row, with the sampler (`algorithm`), the number of posterior draws (`pss`), of
#'   rows (`nobs`), and `sigma`, `NA` where there are several.
#' * `augment()`: the data with the columns `.fitted`, the posterior median of the mean of each row,
#'   as in [fitted()][predict.relm]; `.se.fit`, its standard deviation, `NA` where it does not
#'   exist; `.lower` and `.upper`; `.resid`, the response less `.fitted`, where the response is
#'   there; and `.fixed`, the median without group effects. Row names that are not
#'   numbers become the column `.rownames`.
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
                      conf.method = "quantile", rhat = FALSE, ess = FALSE, ...) {
  known <- c("fixed", "ran_pars", "ran_vals", "ran_coefs")
  if (!is.character(effects) || length(effects) == 0 || !all(effects %in% known)) {
    abort("{.arg effects} must be any of {.or {.val {known}}}.", x = "It is {describe(effects)}.")
  }
  check_flag(conf.int, "conf.int")
  check_probability(conf.level, "conf.level")
  check_choice(conf.method, "conf.method", c("quantile", "HPDinterval"))
  measures <- c("rhat", "ess")[c(check_flag(rhat, "rhat"), check_flag(ess, "ess"))]
  tables <- lapply(unique(effects), function(effect) {
    from_moments <- effect %in% c("ran_vals", "ran_coefs") && has_moments(x)
    if (from_moments) tidy_moments(x, effect, conf.level, measures)
    else tidy_draws_of(x, tidy_rows(x, effect), conf.level, conf.method, measures)
  })
  table <- do.call(rbind, tables)
  used <- vapply(table, function(column) !all(is.na(column)), NA)
  used[setdiff(names(table), c("group", "level"))] <- TRUE
  if (!conf.int) used[c("conf.low", "conf.high")] <- FALSE
  as_tibble(table[used])
}

# posterior brings the package tibble with it.
as_tibble <- function(table) {
  structure(as.list(table), class = c("tbl_df", "tbl", "data.frame"),
            row.names = .set_row_names(nrow(table)))
}

# What broom.mixed calls the parameters of one kind, and the variables they are.
tidy_rows <- function(fit, effect) {
  posterior <- fit$posterior
  rows <- function(variable, term, group = NA_character_, level = NA_character_) {
    n <- length(variable)
    data.frame(effect = rep(effect, n), group = rep_len(group, n), level = rep_len(level, n),
               term = rep_len(term, n), variable = variable)
  }
  if (effect == "fixed") {
    fixed <- as.character(posterior$fixed)
    return(rows(hyper_variables(fit)[seq_along(fixed)], fixed))
  }
  if (effect == "ran_pars") return(rbind(tidy_covariance(fit, rows), tidy_sigma(fit, rows)))
  if (is.null(posterior$group)) return(rows(character(), character()))
  columns <- if (effect == "ran_vals") posterior$random$column else coef_columns(posterior)
  rows(if (effect == "ran_vals") effect_variables(fit) else coef_variables(fit), columns,
       posterior$group, rep(posterior$groups[posterior$group_display], each = length(columns)))
}

tidy_covariance <- function(fit, rows) {
  posterior <- fit$posterior
  if (is.null(posterior$group)) return(NULL)
  columns <- posterior$random$column
  pairs <- unlist(lapply(posterior$blocks, function(block) {
    pair_names(columns[block$columns], sep = ".")
  }))
  terms <- c(paste0("sd__", columns), sprintf("cor__%s", pairs))
  rows(hyper_variables(fit)[length(posterior$fixed) + seq_along(terms)], terms, posterior$group)
}

tidy_sigma <- function(fit, rows) {
  posterior <- fit$posterior
  variables <- sigma_names(posterior)
  if (is.null(posterior$sigma_by)) return(rows(variables, "sd__Observation", "Residual"))
  display <- posterior$level_display
  n_levels <- length(display)
  pooled <- if (is_pooled(posterior)) variables[n_levels + 1:2] else character()
  rbind(rows(variables[display], "sd__Observation", "Residual", posterior$levels[display]),
        rows(pooled, c("df__Observation", "scale__Observation"), "Residual"))
}

tidy_draws_of <- function(fit, table, level, method, measures) {
  draws <- draws_array(fit, unique(table$variable))
  one <- function(name) {
    values <- matrix(draws[, , name], nrow(draws))
    interval <- if (method == "quantile") {
      stats::quantile(values, (1 + c(-1, 1) * level) / 2, names = FALSE)
    } else coda::HPDinterval(coda::mcmc(as.numeric(values)), prob = level)
    c(stats::median(values), stats::sd(values), interval, measure_convergence(values, measures))
  }
  estimates <- vapply(table$variable, one, numeric(4 + length(measures)))
  estimates <- as.data.frame(t(estimates), row.names = seq_len(nrow(table)))
  names(estimates) <- c("estimate", "std.error", "conf.low", "conf.high", measures)
  estimates$std.error[tails_of(fit, table$variable) <= 3] <- NA
  cbind(table[c("effect", "group", "level", "term")], estimates)
}

measure_convergence <- function(values, measures) {
  suppressWarnings(c(
    if ("rhat" %in% measures) posterior::rhat(values),
    if ("ess" %in% measures) min(posterior::ess_bulk(values), posterior::ess_tail(values))
  ))
}

# Group effects of which there are means and covariances: intervals of a normal distribution.
tidy_moments <- function(fit, effect, level, measures) {
  estimates <- moment_estimates(fit, effect == "ran_coefs", summary = TRUE)[[1]]
  groups <- dimnames(estimates)[[1]]
  columns <- dimnames(estimates)[[3]]
  estimate <- as.numeric(t(estimates[, "Estimate", ]))
  error <- as.numeric(t(estimates[, "Est.Error", ]))
  half <- stats::qnorm((1 + level) / 2) * error
  exists <- all(fit$posterior$tails > 3)
  table <- data.frame(effect = effect, group = fit$posterior$group,
                      level = rep(groups, each = length(columns)),
                      term = rep(columns, length(groups)), estimate = estimate,
                      std.error = if (exists) error else NA, conf.low = estimate - half,
                      conf.high = estimate + half)
  table[measures] <- NA_real_
  table
}

#' @rdname relm-tidiers
#' @rawNamespace S3method(generics::glance, relm)
#' @method glance relm
glance.relm <- function(x, looic = FALSE, ...) {
  check_flag(looic, "looic")
  sigma <- sigma(x)
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
augment.relm <- function(x, data = NULL, newdata = NULL, se_fit = TRUE, interval = "none",
                         conf.level = 0.95, seed = NULL, ...) {
  check_flag(se_fit, "se_fit")
  check_choice(interval, "interval", c("none", "confidence", "prediction"))
  probs <- (1 + c(-1, 1) * check_probability(conf.level, "conf.level")) / 2
  rows <- augmented_rows(x, data, newdata)
  # What is drawn of new levels is the same in every column.
  if (!is.null(newdata)) seed <- check_seed(seed)
  # Rows left out by na.exclude are not among the data.
  used <- function(table) as.matrix(table)[!is.na(as.matrix(table)[, 1]), , drop = FALSE]
  fitted <- used(fitted(x, newdata, summary = TRUE, probs = probs, seed = seed, ...))
  added <- data.frame(.fitted = fitted[, 1])
  if (se_fit) added$.se.fit <- fitted[, 2]
  if (interval == "prediction") {
    fitted <- used(predict(x, newdata, probs = probs, seed = seed, ...))
  }
  if (interval != "none") added[c(".lower", ".upper")] <- fitted[, 3:4]
  if (is.null(newdata) || all(all.vars(formula(x)[[2]]) %in% names(newdata))) {
    added$.resid <- used(residuals(x, newdata, seed = seed, ...))[, 1]
  }
  added$.fixed <- used(fitted(x, newdata, re_formula = NA, ...))[, 1]
  as_tibble(cbind(rows, added))
}

# The data to augment, their row names in a column.
augmented_rows <- function(fit, data, newdata) {
  rows <- if (!is.null(newdata)) newdata else if (!is.null(data)) data else model.frame(fit)
  if (is.null(newdata) && (!is.data.frame(rows) || nrow(rows) != nobs(fit))) {
    abort("{.arg data} must be a data frame of the {nobs(fit)} rows of the fit.",
          x = "It is {describe(rows)}.", i = "Other rows are {.arg newdata}.")
  }
  if (.row_names_info(rows) > 0) rows <- cbind(.rownames = row.names(rows), rows)
  rows
}
