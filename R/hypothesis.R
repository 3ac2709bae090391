#' Hypotheses about parameters
#'
#' Says how probable a statement about parameters is: `"x > 1.5"`, `"sd_g__x < sigma / 2"`, or
#' `"x = 0"`. The statements and the table are those of brms's function with this name.
#'
#' A hypothesis compares two functions of parameters by `=`, `<` or `>`. They may have numbers,
#' arithmetic, and functions such as `exp()`, `log()`, `abs()` and `plogis()`. Parameters have the
#' names of draws ([relm_names]); `class` and `group` say which beginning may be left out. Other
#' names of draws may be written in full. So a ratio of variances is
#' `"sd_g__Intercept^2 / (sd_g__Intercept^2 + sigma^2) > 0.5"`, and a difference of two groups
#' `"r_g[a,x] > r_g[b,x]"`.
#'
#' @section Evidence:
#' For `<` and `>`, `Post.Prob` is the share of the draws for which the hypothesis is true, and
#' `Evid.Ratio` is this probability over that of the contrary.
#'
#' For `=` they say how much the data speak for the point against all other values: `Evid.Ratio` is
#' the density of the posterior of the difference at 0, over that of the prior (Dickey and Lientz,
#' 1970), and `Post.Prob` is the probability of the point if point and alternative are equally
#' probable beforehand. The prior of all parameters in the hypothesis must be proper for this; the
#' default priors are not. Where there is no ratio, it is `NA`, and the printed table gives the
#' reason. It depends much on the prior. Its Monte Carlo error is some percent if the point is amid
#' the posterior, and more if it is not.
#'
#' @param x A fit.
#' @param hypothesis Hypotheses, a character vector. Its names, if it has any, are shown in their
#'   place.
#' @param class `"b"`, `"sd"` or `"cor"`: names of coefficients, standard deviations or correlations
#'   may be written without `b_`, `sd_` or `cor_`. `NULL`: names of draws as they are.
#' @param group The name of a grouping factor. With `class = "sd"` or `"cor"`, its name is left out
#'   too: `hypothesis(fit, "x > 1", class = "sd", group = "g")` is about `sd_g__x`. If the fit has
#'   one grouping factor, that is meant.
#' @param scope `"standard"`; or `"ranef"` or `"coef"` for the effects or the coefficients of each
#'   group of `group`: the hypotheses are about their columns, as in `"x > 0"`, and the table has a
#'   row for each group.
#' @param alpha Intervals of `=` have the probability 1 - alpha, those of `<` and `>`
#'   1 - 2 alpha.
#' @param robust `NULL`: the median and the standard deviation of the difference; `TRUE`: the median
#'   and the median absolute deviation; `FALSE`: the mean and the standard deviation, as in brms.
#'   Means and standard deviations that do not exist, or are not known to, are `NA`.
#' @param seed A whole number for the draws of the prior, or `NULL` to take one from the session's
#'   stream if there are any.
#' @param ... Refused.
#' @return A list of class `relm_hypothesis` with brms's elements:
#'   * `hypothesis`: a data frame with a row for each hypothesis, with `"ranef"` and `"coef"` for
#'     each hypothesis and group. `Hypothesis` is its text, or its name; `Group` the group;
#'     `Estimate`, `Est.Error`, `CI.Lower` and `CI.Upper` are about the difference of its sides;
#'     `Evid.Ratio` and `Post.Prob` are explained above. `Star` is `"*"` if 0 is not in the
#'     interval of a difference that is said to be 0, or if the probability of `<` or `>` is above
#'     1 - alpha.
#'   * `samples`: draws of the differences, draws x rows of the table. `prior_samples`: the same of
#'     the prior for each hypothesis `=` that has a ratio, and for others `NA`.
#'   * `reasons`: for each row the reason why it has no ratio, or `NA`.
#'   * `class`, `alpha`: as given.
#'
#'   `plot()` gives a ggplot object: the density of each difference, and that of its prior.
#' @section Errors:
#' Names that the fit does not have are errors that tell similar ones.
#' @references
#' Dickey, J. M. and Lientz, B. P. (1970). The weighted likelihood ratio, sharp hypotheses about
#' chances, the order of a Markov chain. *Annals of Mathematical Statistics* 41, 214--226.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 500, seed = 1,
#'             prior = relm_prior(beta = list(loglength = normal(0, 2))))
#' hypothesis(fit, c("loglength > 1.5", cubic = "loglength = 3"), seed = 1)
#' hypothesis(fit, "sd_station__Intercept > sigma")
#' hypothesis(fit, "r_station[l1,Intercept] > r_station[l2,Intercept]")
#' hypothesis(fit, "Intercept < 0", scope = "ranef")
#' @export
hypothesis <- function(x, ...) UseMethod("hypothesis")

#' @export
hypothesis.default <- function(x, ...) pass_on("brms", "hypothesis", x, ...)

#' @rdname hypothesis
#' @rawNamespace S3method(brms::hypothesis, relm)
#' @export
hypothesis.relm <- function(x, hypothesis, class = "b", group = NULL, scope = "standard",
                            alpha = 0.05, robust = NULL, seed = NULL, ...) {
  refuse_dots(list(...), "hypothesis")
  check_hypothesis_text(hypothesis)
  check_probability(alpha, "alpha")
  if (!is.null(robust)) check_flag(robust, "robust")
  if (!is.null(seed)) seed <- check_seed(seed)
  known <- named_parameters(x, class, if (!identical(group, "")) group, scope, hypothesis)
  read <- lapply(hypothesis, read_hypothesis, known$variables)
  tested <- do.call(c, lapply(seq_along(read), function(k) {
    lapply(known$levels, function(level) at_level(read[[k]], level, names(hypothesis)[k]))
  }))
  tested <- add_evidence(x, with_samples(x, tested), seed)
  structure(list(hypothesis = hypothesis_table(x, tested, alpha, robust),
                 samples = samples_table(tested, "samples"),
                 prior_samples = samples_table(tested, "prior"),
                 reasons = vapply(tested, `[[`, "", "reason"), class = class, alpha = alpha),
            class = "relm_hypothesis")
}

check_hypothesis_text <- function(x) {
  if (missing(x) || !is.character(x) || length(x) == 0 || anyNA(x)) {
    abort("{.arg hypothesis} must be a text, or several.",
          x = "It is {if (missing(x)) 'missing' else describe(x)}.",
          i = "For instance {.code {'hypothesis(fit, \"x > 1.5\")'}}.")
  }
}

# Names ---------------------------------------------------------------------------------------

# variables: what may be written, and the names of the draws that are meant; of columns of groups in
# place of these ".1", ".2" and so on. levels: of each group, or of none, its label and the names of
# the draws of these columns.
named_parameters <- function(fit, class, group, scope, texts) {
  check_choice(scope, "scope", c("standard", "ranef", "coef"))
  if (!is.null(class) && !identical(class, "")) check_choice(class, "class", c("b", "sd", "cor"))
  whole <- whole_names(fit, texts)
  if (scope == "standard") {
    short <- short_names(fit, class, group)
    return(list(variables = first_of_each(c(short, whole)), levels = list(list())))
  }
  check_grouped(fit, "hypothesis")
  g <- chosen_grouping(fit$posterior, group, "group", paste0('hypothesis(scope = "', scope, '")'))
  names <- names_by_group(fit, scope == "coef", g)
  spelled <- spell_columns(fit$posterior, rownames(names))
  places <- stats::setNames(sprintf(".%d", seq_along(spelled)), spelled)
  places <- c(places, stats::setNames(places, rownames(names)))
  levels <- shown_levels(fit, g)
  list(variables = first_of_each(c(places, whole)),
       levels = lapply(seq_along(levels), function(j) list(label = levels[j], names = names[, j])))
}

first_of_each <- function(x) x[!duplicated(names(x))]

# Effects and coefficients of groups, of which there may be many, where a text has one.
whole_names <- function(fit, texts) {
  has <- function(prefix) any(grepl(prefix, texts, fixed = TRUE))
  names <- c(hyper_variables(fit), if (has("r_")) effect_variables(fit),
             if (has("coef_")) coef_variables(fit))
  stats::setNames(names, names)
}

# Names without what `class` and `group` say, coefficients also as the model matrix has them.
short_names <- function(fit, class, group) {
  posterior <- fit$posterior
  if (is.null(class) || class %in% c("", "b")) {
    if (!is.null(group)) abort("{.arg group} is for {.arg class} {.val sd} and {.val cor}, and for
                               {.arg scope} {.val ranef} and {.val coef}.")
    if (!identical(class, "b")) return(character())
    b <- variables_of_part(posterior, "b")
    return(stats::setNames(rep(b, 2), c(sub("^b_", "", b), posterior$fixed)))
  }
  variables <- variables_of_part(posterior, class)
  prefixes <- paste0(class, "_")
  if (!is.null(group) || length(groupings_of(posterior)) == 1) {
    g <- chosen_groupings(posterior, group, "group")
    prefixes <- c(paste0(prefixes, spell_groupings(posterior)[g], "__"), prefixes)
  }
  unlist(lapply(prefixes, function(prefix) {
    own <- variables[startsWith(variables, prefix)]
    stats::setNames(own, substring(own, nchar(prefix) + 1))
  }))
}

# A hypothesis about one group, or about none.
at_level <- function(read, level, name) {
  if (!is.null(level$names)) {
    columns <- grepl("^\\.[0-9]+$", read$variables)
    place <- as.integer(sub(".", "", read$variables[columns], fixed = TRUE))
    read$variables[columns] <- level$names[place]
  }
  if (!is.null(name) && nzchar(name)) read$label <- name
  c(read, list(level = level$label))
}

# Draws ---------------------------------------------------------------------------------------

with_samples <- function(fit, tested) {
  check_draws_memory(ndraws(fit), length(tested), "hypothesis")
  variables <- unique(unlist(lapply(tested, `[[`, "variables")))
  draws <- as.data.frame(fit, variable = variables)
  lapply(tested, function(one) {
    c(one, list(samples = evaluate_difference(one, draws[one$variables])))
  })
}

# ratio, and its reason where that is NA; the prior's draws where there are any.
add_evidence <- function(fit, tested, seed) {
  points <- vapply(tested, function(one) one$sign == "=", NA)
  if (any(points) && is.null(seed)) seed <- new_seed()
  lapply(tested, function(one) {
    one$reason <- NA_character_
    if (one$sign != "=") {
      probability <- mean(if (one$sign == ">") one$samples > 0 else one$samples < 0)
      return(c(one, list(ratio = probability / (1 - probability), probability = probability)))
    }
    ratio <- evidence_of_point(fit, one, seed)
    one[names(ratio)] <- ratio
    odds <- one$ratio
    c(one, list(probability = if (is.infinite(odds) && !is.na(odds)) 1 else odds / (1 + odds)))
  })
}

evidence_of_point <- function(fit, one, seed) {
  prior <- prior_draws(fit$posterior, one$variables, n_prior_draws, seed)
  if (is.character(prior)) {
    return(list(ratio = NA_real_, reason = paste("this prior is improper:", prior)))
  }
  difference <- evaluate_difference(one, as.data.frame(prior, optional = TRUE))
  ratio <- point_evidence(one$samples, difference)
  if (is.character(ratio)) list(ratio = NA_real_, reason = ratio)
  else list(ratio = ratio, prior = difference)
}

# The table -----------------------------------------------------------------------------------

hypothesis_table <- function(fit, tested, alpha, robust) {
  numbers <- t(vapply(tested, function(one) {
    tail <- if (one$sign == "=") alpha / 2 else alpha
    order <- order_of_difference(fit, one)
    as.numeric(summary_table(matrix(one$samples), order > 2, c(tail, 1 - tail), robust, order > 1))
  }, numeric(4)))
  text <- function(name) vapply(tested, `[[`, "", name)
  table <- data.frame(Hypothesis = text("label"), Estimate = numbers[, 1],
                      Est.Error = numbers[, 2], CI.Lower = numbers[, 3], CI.Upper = numbers[, 4],
                      Evid.Ratio = vapply(tested, `[[`, 0, "ratio"),
                      Post.Prob = vapply(tested, `[[`, 0, "probability"))
  starred <- ifelse(text("sign") == "=", table$CI.Lower > 0 | table$CI.Upper < 0,
                    table$Post.Prob > 1 - alpha)
  table$Star <- ifelse(starred, "*", "")
  if (is.null(tested[[1]]$level)) table else cbind(Group = text("level"), table)
}

# Below which its moments exist.
order_of_difference <- function(fit, one) {
  positive <- grepl("^(sd_|sigma|(shape|df)$)", one$variables)
  order_of_moments(one$difference, tails_of(fit, one$variables), positive)
}

# A column H1, H2 and so on for each row of the table.
samples_table <- function(tested, element) {
  columns <- lapply(tested, function(one) {
    if (is.null(one[[element]])) NA_real_ else one[[element]]
  })
  names(columns) <- paste0("H", seq_along(columns))
  n <- max(lengths(columns))
  structure(lapply(columns, rep_len, n), row.names = .set_row_names(n), class = "data.frame")
}

#' @rdname hypothesis
#' @param digits How many digits of each number to print.
#' @export
print.relm_hypothesis <- function(x, digits = 3, ...) {
  refuse_dots(list(...), "print")
  check_digits(digits)
  table <- x$hypothesis
  numbers <- c("Estimate", "Est.Error", "CI.Lower", "CI.Upper")
  estimates <- format_estimates(as.matrix(table[numbers]), table$CI.Upper - table$CI.Lower, digits)
  table[numbers] <- estimates
  table$Evid.Ratio <- formatC(table$Evid.Ratio, digits = digits, format = "g")
  table$Post.Prob <- formatC(table$Post.Prob, digits = digits, format = "f")
  print(table, right = TRUE)
  percent <- function(probability) paste0(format(100 * probability), "%")
  write_wrapped(c(
    paste0("CI: ", percent(1 - 2 * x$alpha), " intervals of < and >, ", percent(1 - x$alpha),
           " intervals of =. *: the probability of < or > is above ", format(1 - x$alpha),
           ", or 0 is outside the interval of =."),
    reason_lines(x)
  ))
  invisible(x)
}

reason_lines <- function(x) {
  without <- which(!is.na(x$reasons))
  for_each <- split(without, x$reasons[without])
  unlist(Map(function(rows, reason) {
    shown <- unique(x$hypothesis$Hypothesis[rows])
    paste0("No Evid.Ratio of ", shorten(shown), ": ", reason, ".")
  }, for_each, names(for_each)))
}
