#' Curves by ggeffects
#'
#' `ggeffects::ggpredict()` shows the mean of the response over predictors, with intervals from the
#' draws. `type = "fixed"`, the default, is for the population, without group effects. It does not
#' use the group that ggeffects prints among the constants. `type = "random"` is for the groups
#' named in `terms` or `condition`. If these name no group, it is for a new group whose effects come
#' from the model's distribution. `interval = "prediction"` is for new observations.
#'
#' `ggeffects::ggemmeans()` uses [emmeans][relm-emmeans].
#'
#' Points are posterior medians. Old versions of ggeffects (those without `get_predictions()`) do
#' not pass the arguments to a fit. With them `ggpredict()` is refused, and `ggemmeans()` gives the
#' population's curve.
#'
#' @param model A fit.
#' @param data_grid,terms,ci_level,type,condition,interval Passed by ggeffects: the rows, and the
#'   arguments of `ggpredict()`.
#' @param ... Further arguments from ggeffects, and `ndraws`, `seed` and other arguments of
#'   [posterior_predict()][posterior_predict.relm].
#' @return `data_grid` with the columns `predicted`, `conf.low` and `conf.high`.
#' @examplesIf requireNamespace("ggeffects", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' ggeffects::ggemmeans(fit, "length")
#' @name relm-ggeffects
NULL

#' @rdname relm-ggeffects
#' @method get_predictions relm
get_predictions.relm <- function(model, data_grid = NULL, terms = NULL, ci_level = 0.95,
                                 type = "fixed", condition = NULL, interval = "confidence", ...) {
  check_choice(type, "type", c("fixed", "random"))
  check_choice(interval, "interval", c("confidence", "prediction"))
  random <- type == "random"
  rows <- if (random) rows_of_new_group(model, data_grid, c(terms, names(condition))) else data_grid
  draw <- if (interval == "prediction") posterior_predict.relm else posterior_epred.relm
  draws <- do.call(draw, c(
    list(model, newdata = rows, re_formula = if (!random) NA, allow_new_levels = random),
    beside_ggeffects(list(...))
  ))
  data_grid$predicted <- summarize_columns(draws, 0.5)$quantiles[, 1]
  data_grid[c("conf.low", "conf.high")] <- if (is_level(ci_level)) {
    summarize_columns(draws, (1 + c(-1, 1) * ci_level) / 2)$quantiles
  } else {
    NA_real_
  }
  data_grid
}

# No level, or NA, asks for no intervals.
is_level <- function(ci_level) {
  if (is.null(ci_level) || (length(ci_level) == 1 && is.na(ci_level))) return(FALSE)
  check_probability(ci_level, "ci_level")
  TRUE
}

# What ggeffects gives to all methods, and relm's needs not.
beside_ggeffects <- function(dots) {
  known <- c("typical", "bias_correction", "link_inverse", "model_info", "verbose")
  for (name in c("vcov", "vcov_args")) {
    if (!is.null(dots[[name]])) {
      abort("{.arg {name}} is not for fits of relm, whose intervals are those of their draws.")
    }
  }
  dots[!names(dots) %in% c(known, "vcov", "vcov_args")]
}

# ggeffects holds groups that it was told nothing of at the first of the data: these are made new.
# terms: as in "Days [0, 5]".
rows_of_new_group <- function(fit, rows, terms) {
  named <- trimws(sub("\\[.*", "", terms))
  held <- setdiff(unlist(lapply(fit$design$by[grouping_parts_of(fit$design$by)], all.vars)), named)
  for (name in intersect(held, names(rows))) {
    rows[[name]] <- if (is.numeric(rows[[name]])) max(rows[[name]]) + 1e6 else "a new group"
  }
  rows
}

# The generic came with a later version. A registration that the namespace declares would be an
# error where it is not there.
register_ggeffects <- function(...) {
  if (!tells_ggeffects()) return(invisible())
  registerS3method("get_predictions", "relm", get_predictions.relm, asNamespace("ggeffects"))
}

tells_ggeffects <- function() {
  exists("get_predictions", asNamespace("ggeffects"), mode = "function", inherits = FALSE)
}

.onLoad <- function(...) {
  setHook(packageEvent("ggeffects", "onLoad"), register_ggeffects)
  if (isNamespaceLoaded("ggeffects")) register_ggeffects()
}

# Rows that ggeffects made, with groups held at the first of the data, and without a word whether
# the population was meant.
refuse_old_ggeffects <- function(rows) {
  if (is.null(attr(rows, "constant.values")) || !isNamespaceLoaded("ggeffects")) return(invisible())
  if (tells_ggeffects()) return(invisible())
  abort("This version of {.pkg ggeffects} does not tell a fit what {.fn ggpredict} was asked for.",
        i = "{.fn ggemmeans} has the population's curve; newer versions of {.pkg ggeffects} have
             {.fn ggpredict} too.")
}
