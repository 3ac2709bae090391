# Priors of one grouping's effects, from priors that may be named by grouping and by column.
#
# An element of a list that has the name of a grouping is for that grouping alone: a prior, or a list
# by column. One that has a column's name is for that column in every grouping that has it, unless a
# grouping's own element says otherwise.

# list(sd, cor, cov) of grouping g: sd with a prior for each of its columns.
prior_of_grouping <- function(prior, groupings, g) {
  list(
    sd = sd_of_grouping(prior$sd, groupings, g),
    cor = whole_of_grouping(prior$cor, groupings, g, "cor", lkj(1)),
    cov = whole_of_grouping(prior$cov, groupings, g, "cov", NULL)
  )
}

sd_of_grouping <- function(prior, groupings, g) {
  columns <- groupings[[g]]$random$column
  if (inherits(prior, "relm_distribution")) return(rep(list(prior), length(columns)))
  of_grouping <- grouping_named(names(prior), groupings, "sd")
  by_column <- prior[is.na(of_grouping)]
  all_columns <- unique(unlist(lapply(groupings, function(grouping) grouping$random$column)))
  names <- vapply(groupings, `[[`, "", "name")
  spread <- prior_by_column(by_column, all_columns, "sd", uniform(), names)
  spread <- spread[match(columns, all_columns)]
  own <- which(of_grouping %in% g)
  if (length(own) == 0) return(spread)
  own <- prior[[own]]
  if (inherits(own, "relm_distribution")) return(rep(list(own), length(columns)))
  place <- column_places(names(own), columns, "sd", of = groupings[[g]]$name)
  spread[place] <- own
  spread
}

# Of cor and cov, which have no columns.
whole_of_grouping <- function(prior, groupings, g, name, default) {
  if (is.null(prior) || inherits(prior, "relm_distribution")) return(prior)
  of_grouping <- grouping_named(names(prior), groupings, name)
  if (anyNA(of_grouping)) {
    known <- vapply(groupings, `[[`, "", "name")
    abort("{.arg {name}} has a prior for {.val {names(prior)[is.na(of_grouping)]}}, which the model
           has not.", i = "Its groupings are {.val {known}}.")
  }
  own <- which(of_grouping == g)
  if (length(own)) prior[[own]] else default
}

# The number of the grouping that each name is of; NA where it is of none.
grouping_named <- function(names, groupings, argument) {
  known <- vapply(groupings, `[[`, "", "name")
  number <- match(names, known)
  number <- ifelse(is.na(number), match(names, spell_term(known)), number)
  number <- ifelse(is.na(number), match(parts_in_order(names), parts_in_order(known)), number)
  columns <- unlist(lapply(groupings, function(grouping) grouping$random$column))
  both <- names[!is.na(number) & names %in% c(columns, spell_term(columns))]
  if (length(both)) {
    abort("{.val {both}} in {.arg {argument}} is a grouping and a random column.",
          i = "Rename one of them in the data.")
  }
  if (anyDuplicated(number[!is.na(number)])) {
    twice <- names[duplicated(number) & !is.na(number)]
    abort("{.arg {argument}} has two priors for {.val {twice}}.")
  }
  number
}
