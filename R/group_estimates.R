#' Estimates of groups as tables and pictures
#'
#' [ranef()][relm-effects] and [coef()][relm-effects] give a list of data frames with the classes
#' `ranef.relm` and `coef.relm`. `as.data.frame()` makes a long table from it, as in lme4. `plot()`
#' and lattice's `dotplot()` show it.
#'
#' @param x What `ranef()` or `coef()` gives.
#' @param row.names Names of the rows of the table.
#' @param optional Not used; the generic has it.
#' @param y,data Refused; the generics have them for other objects.
#' @param grouping In `plot()`, the name of the grouping whose estimates are shown; by default the
#'   first, and a message says so if there are others.
#' @param stringsAsFactors Make a factor of `grpvar`?
#' @param main Write the name of the grouping factor above?
#' @param transf A function to apply to estimates and intervals.
#' @param level Probability of the intervals of `dotplot()`, those of a normal distribution.
#' @param ... For `dotplot()`, further arguments of lattice's function; otherwise refused.
#' @return
#' * `as.data.frame()`: a row for each column and group, with `grpvar`, the grouping factor; `term`;
#'   `grp`, the group, a factor in the order of the first column's estimates; `condval`, the
#'   estimate; and `condsd`, the posterior standard deviation, `NA` where it does not exist. It is
#'   left out after `ranef(condVar = FALSE)`.
#' * `plot()`: a ggplot2 plot, estimates with intervals of 1.96 standard deviations.
#'   `plot(fit, "ranef")` shows quantiles. Coefficients that are the same in all groups are left
#'   out.
#' * `dotplot()`: a list with a lattice plot for each grouping factor.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' head(as.data.frame(ranef(fit)))
#' if (requireNamespace("lattice", quietly = TRUE)) lattice::dotplot(ranef(fit))
#' @name relm-group-estimates
NULL

# Estimates of group effects or, with_beta, of coefficients: a list named by the groupings.
# columns: for each grouping of `groupings`, numbers of them, those that are asked for.
group_estimates <- function(fit, groupings, columns, with_beta, asked, condVar = TRUE,
                            drop = FALSE) {
  wanted <- lengths(columns) > 0
  if (!has_moments(fit) || asked$form == "draws") {
    fit <- with_effects_at_hand(fit, lapply(seq_along(groupings_of(fit$posterior)), function(g) {
      if (g %in% groupings[wanted]) seq_along(display_of(fit, g)) else integer()
    }))
  }
  estimates <- Map(function(g, columns) {
    estimates_of_grouping(fit, g, columns, with_beta, asked, condVar, drop)
  }, groupings[wanted], columns[wanted])
  names(estimates) <- names_of_groupings(fit$posterior)[groupings[wanted]]
  if (!all(vapply(estimates, is.data.frame, NA))) return(estimates)
  structure(estimates, class = if (with_beta) "coef.relm" else "ranef.relm")
}

estimates_of_grouping <- function(fit, g, columns, with_beta, asked, condVar, drop) {
  from_moments <- has_moments(fit) && asked$form != "draws"
  groups <- shown_levels(fit, g)
  parts <- if (from_moments) moments_of_groups(fit, columns, with_beta, g)
    else draws_of_groups(fit, columns, with_beta, g)
  if (asked$form == "draws") return(stack_columns(groups, parts))
  if (asked$form == "table") return(tables_of_groups(fit, groups, parts, asked, from_moments))
  estimates <- median_frame(groups, parts, from_moments)
  if (with_beta) attr(estimates, "condsd") <- sd_of_groups(fit, groups, parts, from_moments)
  else if (condVar) {
    attr(estimates, "postVar") <- if (from_moments) covariance_moments(fit, columns, g)
      else covariance_of_groups(fit, groups, parts)
  }
  if (drop && ncol(estimates) == 1) drop_frame(estimates) else estimates
}

# From draws ----------------------------------------------------------------------------------

# For each column its draws, draws x groups; draws x 1 where they are the same in all groups.
draws_of_groups <- function(fit, columns, with_beta, g = 1L) {
  posterior <- fit$posterior
  varying <- columns[columns %in% random_of(posterior, g)]
  names <- names_by_group(fit, with_beta, g)[varying, , drop = FALSE]
  draws <- if (length(varying)) as.matrix(fit, as.character(names)) else matrix(0, 0, 0)
  place <- matrix(seq_len(ncol(draws)), length(varying), dimnames = list(varying, NULL))
  stats::setNames(lapply(columns, function(column) {
    if (column %in% varying) draws[, place[column, ], drop = FALSE]
    else population_draws(fit, column)
  }), columns)
}

# Zero of a column that only another grouping has.
population_draws <- function(fit, column) {
  fixed <- match(column, fit$posterior$fixed)
  if (is.na(fixed)) matrix(0, ndraws(fit), 1) else hyper_matrix(fit, fixed)
}

stack_columns <- function(groups, parts) {
  n <- nrow(parts[[1]])
  check_draws_memory(n, length(groups) * length(parts))
  stacked <- array(0, c(n, length(groups), length(parts)), list(NULL, groups, names(parts)))
  for (k in seq_along(parts)) stacked[, , k] <- parts[[k]]
  stacked
}

# Covariance matrices of the groups' effects, effects x effects x groups.
covariance_of_groups <- function(fit, groups, parts) {
  q <- length(parts)
  n <- nrow(parts[[1]])
  covariance <- array(NA_real_, c(q, q, length(groups)))
  if (n < 2 || any(parameter_tails(fit$posterior) <= 3)) return(covariance)
  parts <- lapply(parts, function(draws) draws - rep(colMeans(draws), each = n))
  for (k in seq_len(q)) {
    for (l in seq_len(k)) {
      covariance[k, l, ] <- covariance[l, k, ] <- colSums(parts[[k]] * parts[[l]]) / (n - 1)
    }
  }
  covariance
}

# From moments --------------------------------------------------------------------------------

# Are there too many group effects for their draws?
has_moments <- function(fit) !is.null(fit$sampling$moments)

# Those of grouping g: of several groupings there is a list.
moments_of_grouping <- function(fit, g) {
  moments <- fit$sampling$moments
  if (is.null(moments$mean)) moments[[g]] else moments
}

# For each column the means and standard deviations, groups x 2, NA where they do not exist.
moments_of_groups <- function(fit, columns, with_beta, g) {
  posterior <- fit$posterior
  moments <- moments_of_grouping(fit, g)
  display <- display_of(fit, g)
  heaviest <- min(parameter_tails(posterior))
  stats::setNames(lapply(columns, function(column) {
    random <- match(column, random_of(posterior, g))
    fixed <- if (with_beta) match(column, posterior$fixed) else NA
    mean <- variance <- numeric(length(display))
    if (!is.na(random)) {
      mean <- moments$mean[random, ]
      variance <- moments$covariance[random, random, ]
    }
    if (!is.na(fixed)) {
      beta <- hyper_matrix(fit, fixed)
      mean <- mean + base::mean(beta)
      variance <- variance + stats::var(as.numeric(beta))
      if (!is.na(random)) variance <- variance + 2 * moments$with_beta[random, ]
    }
    sd <- sqrt(pmax(variance, 0))
    if (heaviest <= 2) mean[] <- NA
    if (heaviest <= 3) sd[] <- NA
    cbind(mean = mean, sd = sd)[display, , drop = FALSE]
  }), columns)
}

covariance_moments <- function(fit, columns, g) {
  place <- match(columns, random_of(fit$posterior, g))
  covariance <- moments_of_grouping(fit, g)$covariance[place, place, display_of(fit, g),
                                                       drop = FALSE]
  if (any(parameter_tails(fit$posterior) <= 3)) covariance[] <- NA
  covariance
}

# From either ---------------------------------------------------------------------------------

# A data frame, groups x columns.
median_frame <- function(groups, parts, from_moments) {
  medians <- vapply(parts, function(part) {
    middle <- if (from_moments) part[, "mean"] else apply(part, 2, stats::median)
    rep_len(unname(middle), length(groups))
  }, numeric(length(groups)))
  medians <- matrix(medians, length(groups), dimnames = list(groups, names(parts)))
  as.data.frame(medians, optional = TRUE)
}

# Standard deviations, groups x columns.
sd_of_groups <- function(fit, groups, parts, from_moments) {
  n <- length(groups)
  sds <- vapply(parts, function(part) {
    rep_len(if (from_moments) part[, "sd"] else summarize_columns(part, 0.5)$sd, n)
  }, numeric(n))
  if (any(parameter_tails(fit$posterior) <= 3)) sds[] <- NA
  matrix(sds, n)
}

# groups x columns of the table x columns of the model.
tables_of_groups <- function(fit, groups, parts, asked, from_moments) {
  heaviest <- min(parameter_tails(fit$posterior))
  tables <- lapply(parts, function(part) {
    table <- if (from_moments) moment_table(part, asked$probs)
      else asked_table(part, heaviest, asked)
    table[rep_len(seq_len(nrow(table)), length(groups)), , drop = FALSE]
  })
  array(unlist(tables), c(length(groups), ncol(tables[[1]]), length(parts)),
        list(groups, colnames(tables[[1]]), names(parts)))
}

# The quantiles are those of a normal distribution.
moment_table <- function(part, probs) {
  quantiles <- part[, "mean"] + outer(part[, "sd"], stats::qnorm(probs))
  table <- cbind(part, quantiles)
  dimnames(table) <- list(NULL, c("Estimate", "Est.Error", paste0("Q", 100 * probs)))
  table
}

# The one column of a data frame as a vector, with variances for covariance matrices.
drop_frame <- function(frame) {
  variances <- attr(frame, "postVar")
  vector <- stats::setNames(frame[[1]], rownames(frame))
  if (!is.null(variances)) attr(vector, "postVar") <- variances[1, 1, ]
  vector
}

# Classes -------------------------------------------------------------------------------------

#' @export
print.ranef.relm <- function(x, digits = NULL, ...) {
  refuse_dots(list(...), "print")
  print(unclass(x), digits = digits)
  invisible(x)
}

#' @export
print.coef.relm <- print.ranef.relm

#' @rdname relm-group-estimates
#' @export
as.data.frame.ranef.relm <- function(x, row.names = NULL, optional = FALSE,
                                     stringsAsFactors = FALSE, ...) {
  refuse_dots(list(...), "as.data.frame")
  check_flag(stringsAsFactors, "stringsAsFactors")
  tables <- lapply(names(x), function(name) long_table(x[[name]], name))
  table <- do.call(rbind, tables)
  if (stringsAsFactors) table$grpvar <- as.factor(table$grpvar)
  named_rows(table, row.names)
}

#' @rdname relm-group-estimates
#' @export
as.data.frame.coef.relm <- as.data.frame.ranef.relm

long_table <- function(frame, name) {
  columns <- names(frame)
  groups <- rownames(frame)
  ranked <- groups[order(frame[[1]])]
  table <- data.frame(grpvar = name,
                      term = factor(rep(columns, each = length(groups)), unique(columns)),
                      grp = factor(rep(groups, times = length(columns)), ranked),
                      condval = unlist(frame, use.names = FALSE))
  sds <- attr(frame, "condsd")
  variances <- attr(frame, "postVar")
  if (!is.null(variances)) {
    sds <- vapply(seq_along(columns), function(k) sqrt(variances[k, k, ]), frame[[1]])
  }
  if (!is.null(sds)) table$condsd <- as.numeric(sds)
  table
}

# Without the columns that are the same in all groups.
varying_columns <- function(frame) {
  varies <- vapply(frame, function(column) any(column != column[1]), NA)
  if (!any(varies)) return(frame)
  sds <- attr(frame, "condsd")[, varies, drop = FALSE]
  structure(frame[varies], condsd = sds)
}

#' @rdname relm-group-estimates
#' @rawNamespace S3method(lattice::dotplot, ranef.relm)
#' @method dotplot ranef.relm
dotplot.ranef.relm <- function(x, data, main = TRUE, transf = I, level = 0.95, ...) {
  check_installed("lattice", "dotplot()")
  refuse_generic_argument(data, "dotplot")
  check_flag(main, "main")
  reach <- stats::qnorm((1 + check_probability(level, "level")) / 2)
  plots <- lapply(names(x), function(name) {
    dotplot_of_grouping(long_table(x[[name]], name), if (main) name, transf, reach, list(...))
  })
  stats::setNames(plots, names(x))
}

dotplot_of_grouping <- function(table, main, transf, reach, given) {
  sd <- if (is.null(table$condsd)) rep(NA_real_, nrow(table)) else table$condsd
  table$low <- as.numeric(transf(table$condval - reach * sd))
  table$high <- as.numeric(transf(table$condval + reach * sd))
  table$value <- as.numeric(transf(table$condval))
  panel <- function(x, y, subscripts, ...) {
    lattice::panel.abline(v = transf(0), col = "grey70")
    lattice::panel.dotplot(x, y, ...)
    lattice::panel.segments(table$low[subscripts], as.numeric(y), table$high[subscripts],
                            as.numeric(y), col = "black")
  }
  prepanel <- function(x, subscripts, ...) {
    list(xlim = range(x, table$low[subscripts], table$high[subscripts], na.rm = TRUE))
  }
  arguments <- list(panel = panel, prepanel = prepanel, xlab = NULL, main = main)
  arguments <- c(arguments[setdiff(names(arguments), names(given))], given)
  do.call(lattice::dotplot, c(list(grp ~ value | term, table), arguments))
}

#' @rdname relm-group-estimates
#' @rawNamespace S3method(lattice::dotplot, coef.relm)
#' @method dotplot coef.relm
dotplot.coef.relm <- function(x, data, main = TRUE, transf = I, level = 0.95, ...) {
  x[] <- lapply(x, varying_columns)
  dotplot.ranef.relm(x, data, main, transf, level, ...)
}

#' @rdname relm-effects
#' @export
ranef.relm <- function(object, summary = NULL, probs = NULL, robust = NULL, pars = NULL,
                       groups = NULL, condVar = TRUE, drop = FALSE, whichel = NULL, ...) {
  refuse_dots(list(...), "ranef")
  check_grouped(object, "ranef")
  asked <- asked_estimates(summary, probs, robust)
  for (flag in c("condVar", "drop")) check_flag(get(flag), flag)
  if (asked$form != "medians" && ((condVar && !missing(condVar)) || drop)) {
    abort("{.arg condVar} and {.arg drop} are of data frames of medians, not of tables or draws.")
  }
  groupings <- groupings_asked(object, groups, whichel)
  columns <- columns_by_grouping(pars, lapply(groupings, random_of, posterior = object$posterior))
  group_estimates(object, groupings, columns, FALSE, asked, condVar, drop)
}

#' @rdname relm-effects
#' @export
coef.relm <- function(object, summary = NULL, probs = NULL, robust = NULL, pars = NULL,
                      groups = NULL, ...) {
  refuse_dots(list(...), "coef")
  posterior <- object$posterior
  groupings <- groupings_asked(object, groups)
  if (!has_groups(posterior)) return(fixef(object, summary, probs, robust, pars))
  asked <- asked_estimates(summary, probs, robust)
  all <- coef_columns(posterior)
  # As lme4: each grouping has the columns of all.
  columns <- choose_columns(pars, c(setdiff(all, posterior$fixed), posterior$fixed))
  group_estimates(object, groupings, rep(list(columns), length(groupings)), TRUE, asked)
}
