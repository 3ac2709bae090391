#' Names of draws
#'
#' The draws of a fit have brms's names, so patterns written for tidybayes and bayesplot work.
#'
#' | name | what it is |
#' |---|---|
#' | `b_Intercept`, `b_x` | coefficients of the model matrix |
#' | `sd_station__Intercept` | standard deviation of group effects |
#' | `cor_station__Intercept__x` | their correlation |
#' | `sigma` | residual standard deviation |
#' | `sigma_station[l1]` | one of several residual standard deviations |
#' | `sigma_station__df`, `sigma_station__scale` | their degrees of freedom and scale, under [pooled()] |
#' | `r_station[l1,Intercept]` | group effect, gamma_j: the deviation from the coefficient |
#' | `coef_station[l1,Intercept]` | group coefficient, beta_j: the coefficient and its deviation |
#'
#' Each term is written as one word. `(Intercept)` becomes `Intercept`. Spaces, parentheses,
#' brackets, commas, quotes and `?` are left out. `+`, `-`, `*`, `/`, `^`, `=` become `P`, `M`,
#' `MU`, `D`, `E`, `EQ`. For example, `poly(x, 2)1` becomes `polyx21`, and `I(x^2)` becomes `IxE2`.
#' An interaction keeps its colon, `x:z`. In the levels of a group, white space becomes a dot.
#' Commas and brackets become underscores, because they separate levels from terms. A grouping
#' factor such as `river:station` keeps its colon. If two names would be the same, they get a
#' number.
#'
#' @name relm_names
#' @aliases relm-names
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 100, seed = 1)
#' head(posterior::variables(fit), 10)
NULL

spell_term <- function(x) {
  x <- gsub("[][ (),\"'?`\t\n]", "", x, perl = TRUE)
  symbols <- c("+" = "P", "-" = "M", "*" = "MU", "/" = "D", "^" = "E", "=" = "EQ")
  if (any(grepl("[-+*/^=]", x, perl = TRUE))) {
    for (symbol in names(symbols)) x <- gsub(symbol, symbols[[symbol]], x, fixed = TRUE)
  }
  if (anyDuplicated(x)) make.unique(x, sep = "_") else x
}

spell_level <- function(x) {
  make.unique(gsub("[],[]", "_", gsub("[[:space:]]", ".", x)), sep = "_")
}

# Columns that spell alike get their numbers over X and Z together, so that one has the
# same name in b_, sd_, r_ and coef_.
spell_columns <- function(posterior, columns) {
  all <- coef_columns(posterior)
  spell_term(all)[match(columns, all)]
}

spell_random <- function(posterior) spell_columns(posterior, grouping_of(posterior)$random$column)

# Levels that spell alike get their numbers in the order in which they are shown.
spell_levels <- function(levels, display) {
  levels[display] <- spell_level(levels[display])
  levels
}

# Names of the group effects, columns x groups.
effect_names <- function(posterior, prefix = "r", columns = grouping_of(posterior)$random$column) {
  if (length(columns) == 0) return(matrix(character(), 0, n_groups(posterior)))
  levels <- spell_levels(grouping_of(posterior)$groups, grouping_of(posterior)$display)
  matrix(sprintf("%s_%s[%s,%s]", prefix, spell_term(grouping_of(posterior)$name),
                 rep(levels, each = length(columns)),
                 rep(spell_columns(posterior, columns), times = length(levels))), length(columns))
}

# Columns that a group has a coefficient of: those of X, then those of Z alone.
coef_columns <- function(posterior) union(posterior$fixed, grouping_of(posterior)$random$column)

coef_variables <- function(fit) {
  posterior <- fit$posterior
  if (!has_groups(posterior)) return(character())
  names <- effect_names(posterior, "coef", coef_columns(posterior))
  as.character(names[, grouping_of(posterior)$display])
}

effect_variables <- function(fit) {
  as.character(effect_names(fit$posterior)[, grouping_of(fit$posterior)$display])
}

hyper_variables <- function(fit) dimnames(fit$sampling$hyper)[[3]]

is_pooled <- function(posterior) posterior$prior$sigma$name == "pooled"

shown_levels <- function(fit) groups_in_order(grouping_of(fit$posterior))

# Names of draws of group effects or of coefficients, columns x groups in the order of levels.
names_by_group <- function(fit, coefficients = TRUE) {
  names <- if (coefficients) coef_variables(fit) else effect_variables(fit)
  columns <- if (coefficients) coef_columns(fit$posterior)
    else grouping_of(fit$posterior)$random$column
  matrix(names, length(columns), dimnames = list(columns, NULL))
}
