#' Effects of predictors
#'
#' Shows the mean of the response as a curve over a predictor, or for each of its levels, while
#' other predictors stay where they are; and, of two predictors that interact, curves of one for
#' values of the other. Function and results are like brms's.
#'
#' A number stays at its mean in the data, a factor, text or logical value at its first level. A
#' second predictor that is a number has three values, its mean and one standard deviation below and
#' above; one with two values has these. `conditions` and `int_conditions` give others. A variable
#' that the formula makes a factor, as in `factor(x)`, is one. Variables of offsets stay at their
#' means too, unless `conditions` says otherwise.
#'
#' @section Scale:
#' `method = "epred"` shows the mean. If the response of a linear model is `log(y)`, `log2(y)`,
#' `log10(y)`, `log1p(y)`, `sqrt(y)`, `exp(y)`, `expm1(y)`, `y^2` or a number to the power of y,
#' curves are in units of y: they are the inverse of the function at the mean. Half of the
#' observations lie above such a curve: it is their median, not their mean. Other functions stay as
#' they are, and a message says so. With another family than the Gaussian one curves are means of
#' counts, and of trials probabilities.
#'
#' @param x A fit.
#' @param effects Names of one or two predictors, such as `"x"` and `"x:f"`; the first is on the
#'   axis. By default all predictors, and all pairs of them that are in a term together.
#' @param conditions A data frame with a row for each condition: values of the variables that stay,
#'   and of grouping factors. Its row names, if they are text, label the conditions.
#' @param int_conditions A list of values, named by predictor, for the second variable of an effect.
#' @param re_formula `NA`: the population, without group effects. `NULL`, or a formula such as
#'   `~ (1 | g)`: the curve of the groups that `conditions` names, with their effects, beside that
#'   of the population.
#' @param prob Probability of the intervals.
#' @param robust `TRUE`: medians of draws and their median absolute deviations. `FALSE`: means and
#'   standard deviations; `NA` if they do not exist, or are not known to.
#' @param method `"epred"`: means; `"linpred"`: linear predictors; `"predict"`: new observations. A
#'   new observation has the weight 1, and of trials is one trial. brms's `"posterior_epred"` and
#'   so on are the same.
#' @param transform A function for the draws of curves. `NULL`: the response's own units (see
#'   *Scale*). `FALSE`: the scale of the model.
#' @param resolution How many values a curve has.
#' @param newdata Rows that stand in for the data of the fit: they give the means and ranges. A fit
#'   of cross-products that knows its variables has no others.
#' @param ndraws,draw_ids,allow_new_levels,sample_new_levels,seed As in
#'   [posterior_predict()][posterior_predict.relm].
#' @param ... Refused.
#' @return An object of class `relm_conditional_effects`: a list, named by effect, of data frames
#'   with a row for each value. They have the variables of the model, and brms's columns: `cond__`,
#'   the condition; `effect1__` and `effect2__`, the values of the effect's variables; `estimate__`,
#'   `se__`, `lower__` and `upper__`. With `re_formula` there is `curve__`, `"population"` or
#'   `"group"`.
#'
#'   `plot()` gives a list of ggplot objects, named by effect.
#' @section Errors:
#' These are errors: predictors that the model does not have; group effects without a group in
#' `conditions`; a fit of cross-products without what `conditions` or `newdata` should say of it;
#' values of curves that the response cannot have.
#' @examples
#' fit <- relm(log(mercury) ~ river * log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' conditional_effects(fit, "length:river")
#' own <- conditional_effects(fit, "length", data.frame(river = "lumber", station = "l1"),
#'                            re_formula = NULL)
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' plot(conditional_effects(fit, "length:river"), points = TRUE)
#' @export
conditional_effects <- function(x, ...) UseMethod("conditional_effects")

#' @export
conditional_effects.default <- function(x, ...) pass_on("brms", "conditional_effects", x, ...)

#' @rdname conditional_effects
#' @rawNamespace S3method(brms::conditional_effects, relm)
#' @export
conditional_effects.relm <- function(x, effects = NULL, conditions = NULL, int_conditions = NULL,
                                     re_formula = NA, prob = 0.95, robust = TRUE,
                                     method = "epred", transform = NULL, resolution = 100,
                                     newdata = NULL, ndraws = NULL, draw_ids = NULL,
                                     allow_new_levels = FALSE, sample_new_levels = "gaussian",
                                     seed = NULL, ...) {
  called <- substitute(transform)
  refuse_dots(list(...), "conditional_effects")
  if (is.null(x$schema)) design_of(x, "conditional_effects()")
  check_probability(prob, "prob")
  check_flag(robust, "robust")
  method <- check_choice(sub("^posterior_", "", method), "method", c("epred", "linpred", "predict"))
  if (method == "predict") refuse_new_observations(x)
  resolution <- check_count(resolution, "resolution", least = 2)
  random <- chosen_random(x, re_formula)
  variables <- variables_of_rows(x, random, method == "predict", newdata)
  chosen <- effects_asked(effects, x, random, variables)
  conditions <- check_conditions(conditions, variables, grouping_variables(x))
  check_groups_given(x, random, conditions)
  int_conditions <- check_int_conditions(int_conditions, variables)
  asked <- list(re_formula = re_formula, ndraws = ndraws, draw_ids = draw_ids, seed = seed,
                allow_new_levels = allow_new_levels, sample_new_levels = sample_new_levels)
  how <- list(method = method, prob = prob, robust = robust,
              scale = response_scale(x, method, check_transform(transform), called))
  tables <- lapply(chosen, function(effect) {
    grid <- effect_grid(effect, variables, conditions, int_conditions, resolution)
    table <- curves_of_grid(x, grid, asked, how, length(random) > 0)
    attr(table, "groups") <- unlist(lapply(readable_design(x)$by[parts_of_random(random)],
                                           free_variables), use.names = FALSE)
    with_points(x, table, variables[effect], how)
  })
  names(tables) <- vapply(chosen, paste, "", collapse = ":")
  structure(tables, response = how$scale$label, shows = shown_by(how), prob = prob,
            class = c("relm_conditional_effects", "list"))
}

# Rows of a grid have no standard errors.
refuse_new_observations <- function(fit) {
  if (!isTRUE(fit$posterior$sigma_known)) return(invisible())
  abort('{.code method = "predict"} needs the standard error of each new observation, and the curves
         have none.', i = "{.code method = \"epred\"} shows means; {.fn posterior_predict} takes
                           {.arg newdata} with standard errors.")
}

# What curves are called. The inverse of a function at the mean of a symmetric distribution is the
# median.
shown_by <- function(how) {
  is_median <- !is.null(how$scale$inverse) && !how$scale$given
  switch(how$method, epred = if (is_median) "median" else "mean", linpred = "linear predictor",
         predict = "new observation")
}

check_transform <- function(transform) {
  if (is.null(transform) || isFALSE(transform) || is.function(transform)) return(transform)
  abort("{.arg transform} must be NULL, FALSE or a function.", x = "It is {describe(transform)}.")
}

# Variables of the data that groups are made of.
grouping_variables <- function(fit) {
  by <- readable_design(fit)$by
  unique(unlist(lapply(by[grouping_parts_of(by)], free_variables)))
}

check_groups_given <- function(fit, random, conditions) {
  by <- readable_design(fit)$by[parts_of_random(random)]
  missing <- setdiff(unlist(lapply(by, free_variables)), names(conditions))
  if (length(missing)) {
    abort("{.arg re_formula} adds group effects, and {.arg conditions} must say of which group.",
          x = "It has no {.var {missing}}.",
          i = "For instance {.code conditions = data.frame({missing[1]} = \"a\")}, or
               {.code re_formula = NA} for the population.")
  }
}

# Curves --------------------------------------------------------------------------------------

# The grid with estimates, of the population and where group effects are added of the groups too.
curves_of_grid <- function(fit, grid, asked, how, with_groups) {
  own <- c("cond__", "effect1__", "effect2__")
  curve <- function(re_formula) {
    asked$re_formula <- re_formula
    rows <- as.list(grid[setdiff(names(grid), own)])
    rows <- structure(rows, row.names = .set_row_names(nrow(grid)), class = "data.frame")
    cbind_columns(grid, estimates_of_rows(fit, rows, asked, how))
  }
  if (!with_groups) return(curve(NA))
  tables <- list(population = curve(NA), group = curve(asked$re_formula))
  joined <- bind_tables(unname(tables))
  joined$curve__ <- factor(rep(names(tables), each = nrow(grid)), names(tables))
  attr(joined, "offset") <- attr(tables$population, "offset")
  joined
}

cbind_columns <- function(table, estimates) {
  for (name in colnames(estimates)) table[[name]] <- unname(estimates[, name])
  attr(table, "offset") <- attr(estimates, "offset")
  table
}

estimates_of_rows <- function(fit, rows, asked, how) {
  predicts <- how$method == "predict"
  asked$newdata <- rows
  if (predicts && family_of(fit)$weights != "times") asked$weights <- rep(1, nrow(rows))
  plan <- plan_prediction(fit, "conditional_effects", predicts, do.call(asked_prediction, asked))
  change <- if (how$method == "epred") change_to_means(fit)
  draws <- to_response(predict_draws(plan, change), how$scale)
  exists <- if (!is.null(how$scale$inverse)) rep(FALSE, ncol(draws))
    else rows_have_variance(plan, on_link = is.null(change) && !predicts)
  tail <- (1 - how$prob) / 2
  table <- summary_table(draws, exists, c(tail, 1 - tail), how$robust)
  colnames(table) <- c("estimate__", "se__", "lower__", "upper__")
  structure(table, offset = plan$rows$offset)
}

# Points of the data that belong to a picture of an effect, as an attribute: effect1__, effect2__
# where that has levels, the response, and all other variables.
with_points <- function(fit, table, moved, how) {
  if (is.null(fit$design) || how$method == "linpred") return(table)
  data <- rows_of_variables(fit, NULL)
  effect <- names(moved)
  if (NROW(data[[effect[1]]]) != nrow(fit$design$frame)) return(table)
  y <- shown_response(fit, attr(table, "offset"))
  attr(table, "offset") <- NULL
  if (!is.null(how$scale$inverse)) y <- suppressWarnings(how$scale$inverse(y))
  attr(table, "points") <- c(list(response__ = y, effect1__ = data[[effect[1]]]),
                             if (length(effect) == 2 && !moved[[2]]$curve) {
                               list(effect2__ = data[[effect[2]]])
                             },
                             as.list(data))
  table
}

# The response of the rows, of trials the share of successes; with the offset of the curves in the
# place of its own, where that is one number.
shown_response <- function(fit, offset) {
  family <- family_of(fit)
  frame <- fit$design$frame
  read <- read_frame(family, frame)
  y <- if (is.null(read$trials)) read$y else read$y / read$trials
  own <- stats::model.offset(frame)
  if (is.null(own) || length(unique(offset)) != 1) return(y)
  switch(family$link, identity = y + offset[1] - own, log = y * exp(offset[1] - own), y)
}

#' @rdname conditional_effects
#' @param digits How many digits of each number to print.
#' @export
print.relm_conditional_effects <- function(x, digits = 3, ...) {
  refuse_dots(list(...), "print")
  check_digits(digits)
  cat(attr(x, "response"), ": ", attr(x, "shows"), " with a ", format(100 * attr(x, "prob")),
      "% interval\n", sep = "")
  for (name in names(x)) {
    cat("\n")
    print(shown_rows(x[[name]], name, digits), row.names = FALSE, right = TRUE)
    write_wrapped(line_of_others(x[[name]], name, digits))
  }
  invisible(x)
}

# Of a curve some rows, its ends among them.
most_printed <- 5L

shown_rows <- function(table, name, digits) {
  axis <- table$effect1__
  kept <- if (is_level_axis(axis)) unique(axis) else spread_over(sort(unique(axis)), most_printed)
  table <- table[axis %in% kept, ]
  effect <- effect_names_of(table, name)
  shown <- list(if (is.numeric(axis)) signif(table$effect1__, digits) else table$effect1__)
  if (length(effect) == 2) shown <- c(shown, list(table$effect2__))
  names(shown) <- effect
  if (nlevels(table$cond__) > 1) shown$condition <- table$cond__
  if (!is.null(table$curve__)) shown$curve <- table$curve__
  numbers <- as.matrix(table[c("estimate__", "se__", "lower__", "upper__")])
  numbers <- format_estimates(numbers, table$upper__ - table$lower__, digits)
  colnames(numbers) <- c("estimate", "error", "lower", "upper")
  data.frame(shown, numbers, check.names = FALSE)
}

# Where the variables stay that are not moved, nor differ between conditions.
line_of_others <- function(table, name, digits) {
  others <- setdiff(grep("__$", names(table), invert = TRUE, value = TRUE),
                    effect_names_of(table, name))
  still <- Filter(function(other) {
    is.null(dim(table[[other]])) && length(unique(table[[other]])) == 1
  }, others)
  if (length(still) == 0) return(character())
  values <- vapply(table[1, still, drop = FALSE], function(value) {
    if (is.numeric(value)) format_number(signif(value, digits)) else as.character(value)
  }, "")
  paste("at", paste(still, values, sep = " = ", collapse = ", "))
}

is_level_axis <- function(values) {
  is.factor(values) || is.character(values) || is.logical(values)
}

# The names of an effect's variables, of which one may have a colon itself.
effect_names_of <- function(table, name) {
  if (is.null(table$effect2__)) return(name)
  first <- Filter(function(one) startsWith(name, paste0(one, ":")), names(table))
  first <- first[which.max(nchar(first))]
  c(first, substring(name, nchar(first) + 2))
}
