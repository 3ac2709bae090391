# Which variables are meant, by relm's names or by those that rstanarm has for them.

# Those whose draws are kept.
kept_variables <- function(fit) {
  unlist_names(seq_along(groupings_of(fit$posterior)), function(g) {
    shown <- display_of(fit, g)
    shown <- shown[(shown - 1L) %in% kept_groups(fit$sampling, g)]
    if (length(shown)) effect_names(fit$posterior, g)[, shown]
  })
}

default_variables <- function(fit) c(hyper_variables(fit), kept_variables(fit))

choose_variables <- function(fit, variable, regex, pars = NULL, regex_pars = NULL) {
  check_flag(regex, "regex")
  if (!is.null(pars) || !is.null(regex_pars)) {
    if (!is.null(variable)) abort("Give {.arg variable}, or {.arg pars} and {.arg regex_pars}.")
    return(choose_pars(fit, pars, regex_pars))
  }
  if (is.null(variable)) return(default_variables(fit))
  check_names(variable, "variable")
  if (!regex && all(variable %in% hyper_variables(fit))) return(unique(variable))
  all <- c(hyper_variables(fit), effect_variables(fit), coef_variables(fit))
  if (regex) {
    found <- lapply(variable, matching, all, "variable")
    if (any(lengths(found) == 0)) refuse_variable(variable[lengths(found) == 0], fit, "variable")
    return(all[all %in% unlist(found)])
  }
  variable <- own_spelling(variable, all)
  refuse_variable(setdiff(variable, all), fit, "variable")
  unique(variable)
}

# The levels of an interaction are joined by an underscore in brms: r_a:b[l_m,x] is r_a:b[l:m,x].
own_spelling <- function(names, known) {
  unknown <- which(!names %in% known)
  if (length(unknown) == 0) return(names)
  theirs <- known
  level <- regexpr("\\[.*,", theirs)
  regmatches(theirs, level) <- gsub(":", "_", regmatches(theirs, level), fixed = TRUE)
  place <- match(names[unknown], theirs)
  names[unknown[!is.na(place)]] <- known[place[!is.na(place)]]
  names
}

check_names <- function(x, name) {
  if (!is.character(x) || length(x) == 0 || anyNA(x)) {
    abort("{.arg {name}} must be names of variables.",
          x = if (identical(x, character(0))) "It names none." else "It is {describe(x)}.",
          i = "{.code variables(fit)} has them; leave {.arg {name}} out for all.")
  }
}

# The names that a regular expression of the user's fits.
matching <- function(pattern, names, argument) {
  tryCatch(suppressWarnings(grep(pattern, names, value = TRUE)), error = function(e) {
    abort("{.arg {argument}} has {.val {pattern}}, which is not a regular expression.",
          i = "Brackets and parentheses that stand for themselves take two backslashes:
               {.code \"^r_station\\\\[\"}.")
  })
}

# Variables by names that rstanarm has for them, or that relm has.
choose_pars <- function(fit, pars, regex_pars) {
  if (!is.null(pars)) check_names(pars, "pars")
  if (!is.null(regex_pars)) check_names(regex_pars, "regex_pars")
  theirs <- rstanarm_names(fit)
  all <- c(hyper_variables(fit), effect_variables(fit), coef_variables(fit))
  pars <- own_spelling(pars, c(all, names(theirs)))
  named <- as.list(ifelse(pars %in% all, pars, theirs[pars]))
  named[is.na(named)] <- lapply(pars[is.na(named)], function(kind) {
    found <- variables_of_kind(fit, kind)
    if (length(found) == 0) refuse_variable(kind, fit, "pars")
    found
  })
  matched <- lapply(regex_pars, function(pattern) {
    own <- matching(pattern, c(hyper_variables(fit), effect_variables(fit)), "regex_pars")
    found <- union(own, theirs[matching(pattern, names(theirs), "regex_pars")])
    if (length(found) == 0) refuse_variable(pattern, fit, "regex_pars")
    found
  })
  unique(as.character(unlist(c(named, matched))))
}

# rstanarm's names of kinds of variables.
variables_of_kind <- function(fit, kind) {
  fixed <- hyper_variables(fit)[seq_along(fit$posterior$fixed)]
  intercept <- fit$posterior$fixed == "(Intercept)"
  switch(kind, alpha = fixed[intercept], beta = fixed[!intercept],
         varying = , b = effect_variables(fit))
}

# relm's names of the coefficients and group effects, named as rstanarm names them.
rstanarm_names <- function(fit) {
  posterior <- fit$posterior
  fixed <- hyper_variables(fit)[seq_along(posterior$fixed)]
  effects <- lapply(seq_along(groupings_of(posterior)), rstanarm_effects, posterior)
  do.call(c, c(list(stats::setNames(fixed, posterior$fixed)), effects))
}

# Of (1 | a/b) rstanarm has, as lme4, b:a with levels so.
rstanarm_effects <- function(g, posterior) {
  grouping <- groupings_of(posterior)[[g]]
  columns <- grouping$random$column
  ours <- as.character(effect_names(posterior, g))
  named <- function(name, groups) {
    levels <- rep(gsub(" ", "_", groups), each = length(columns))
    stats::setNames(ours, if (length(columns)) sprintf("b[%s %s:%s]", columns, name, levels))
  }
  own <- named(grouping$name, grouping$groups)
  if (length(grouping$parts) < 2) return(own)
  name <- paste(rev(strsplit(grouping$name, ":", fixed = TRUE)[[1]]), collapse = ":")
  c(own, named(name, join_labels(rev(grouping$parts))))
}

refuse_variable <- function(unknown, fit, argument) {
  if (length(unknown) == 0) return(invisible())
  abort("The fit has no {.arg {argument}} {.val {unknown}}.",
        i = "It has {.val {utils::head(default_variables(fit), 6)}} and so on.")
}
