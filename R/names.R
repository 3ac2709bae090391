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
#' With several grouping factors each has its own standard deviations, correlations, effects and
#' coefficients, in the order of the formula: those of `(1 | a/b)` are `sd_a__Intercept`,
#' `sd_a:b__Intercept`, `r_a[l,Intercept]` and `r_a:b[l:m,Intercept]`. A coefficient
#' `coef_a[l,Intercept]` has the deviation of `a` alone.
#'
#' The help pages call all of these but `r_` and `coef_` *hyperparameters*: what the distribution of
#' the group effects and of the data depends on, given the design. Those of their priors, such as
#' the scale of `half_normal(1)`, are numbers that you give, and are called parameters of a prior.
#'
#' Each term is written as one word. `(Intercept)` becomes `Intercept`. Spaces, parentheses,
#' brackets, commas, quotes and `?` are left out. `+`, `-`, `*`, `/`, `^`, `=` become `P`, `M`,
#' `MU`, `D`, `E`, `EQ`. For example, `poly(x, 2)1` becomes `polyx21`, and `I(x^2)` becomes `IxE2`.
#' An interaction keeps its colon, `x:z`. In the levels of a group, white space becomes a dot.
#' Commas and brackets become underscores, because they separate levels from terms. A grouping
#' factor such as `river:station` keeps its colon; where you ask for one of its draws you may also
#' join the levels by an underscore, as brms does. If two names would be the same, they get a
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

spell_random <- function(posterior, g = 1L) spell_columns(posterior, random_of(posterior, g))

spell_groupings <- function(posterior) spell_term(names_of_groupings(posterior))

# Levels that spell alike get their numbers in the order in which they are shown.
spell_levels <- function(levels, display) {
  levels[display] <- spell_level(levels[display])
  levels
}

# Names of what grouping g has of these columns, columns x groups: its effects, or coefficients.
effect_names <- function(posterior, g, prefix = "r", columns = random_of(posterior, g)) {
  grouping <- groupings_of(posterior)[[g]]
  levels <- spell_levels(grouping$groups, grouping$display)
  if (length(columns) == 0) return(matrix(character(), 0, length(levels)))
  matrix(sprintf("%s_%s[%s,%s]", prefix, spell_groupings(posterior)[g],
                 rep(levels, each = length(columns)),
                 rep(spell_columns(posterior, columns), times = length(levels))), length(columns))
}

# The random columns of grouping g.
random_of <- function(posterior, g) groupings_of(posterior)[[g]]$random$column

# Columns that a group has a coefficient of: those of X, then those of Z alone.
coef_columns <- function(posterior, groupings = groupings_of(posterior)) {
  unique(c(posterior$fixed, unlist(lapply(groupings, function(one) one$random$column))))
}

coef_columns_of <- function(posterior, g) coef_columns(posterior, groupings_of(posterior)[g])

# Of grouping g, or of all one after the other, groups in the order of their levels.
coef_variables <- function(fit, g = seq_along(groupings_of(fit$posterior))) {
  unlist_names(g, function(g) {
    effect_names(fit$posterior, g, "coef", coef_columns_of(fit$posterior, g))[, display_of(fit, g)]
  })
}

effect_variables <- function(fit, g = seq_along(groupings_of(fit$posterior))) {
  unlist_names(g, function(g) effect_names(fit$posterior, g)[, display_of(fit, g)])
}

display_of <- function(fit, g) groupings_of(fit$posterior)[[g]]$display

unlist_names <- function(groupings, names_of) as.character(unlist(lapply(groupings, names_of)))

hyper_variables <- function(fit) dimnames(fit$sampling$hyper)[[3]]

is_pooled <- function(posterior) posterior$prior$sigma$name == "pooled"

shown_levels <- function(fit, g = 1L) groups_in_order(groupings_of(fit$posterior)[[g]])

# Names of draws of group effects or of coefficients of grouping g, columns x groups in the order of
# levels.
names_by_group <- function(fit, coefficients = TRUE, g = 1L) {
  names <- if (coefficients) coef_variables(fit, g) else effect_variables(fit, g)
  columns <- if (coefficients) coef_columns_of(fit$posterior, g) else random_of(fit$posterior, g)
  matrix(names, length(columns), dimnames = list(columns, NULL))
}
