# What the arguments that predictions share choose: draws, random terms, their columns; and the
# chosen hyperparameters and effects.

# Doubles that a block of rows may take while it is made.
block_doubles <- 4e6

# The argument that was given of two that mean the same.
one_spelling <- function(ours, theirs) {
  if (missing(theirs)) return(ours)
  if (!is.null(ours)) {
    abort("{.arg {deparse1(substitute(ours))}} and {.arg {deparse1(substitute(theirs))}} mean the
           same, and both are given.", i = "Give one of them.")
  }
  theirs
}

# Its name, for messages.
spelling <- function(ours, theirs) {
  deparse1(if (missing(theirs)) substitute(ours) else substitute(theirs))
}

# The two spellings of lme4's and brms's argument, of which FALSE is as good as none.
new_levels_allowed <- function(allow_new_levels, allow.new.levels) {
  if (isFALSE(allow_new_levels)) allow_new_levels <- NULL
  allowed <- one_spelling(allow_new_levels, allow.new.levels)
  if (is.null(allowed)) return(FALSE)
  check_flag(allowed, spelling(allow_new_levels, allow.new.levels))
}

# The arguments that predictions share, those of posterior_predict() but `fun`: what they are, each
# of two spellings in one place, and whatever is not among them. called: the spellings that were
# given, for messages.
asked_prediction <- function(newdata = NULL, re_formula = NULL, ..., ndraws = NULL,
                             draw_ids = NULL, allow_new_levels = FALSE,
                             sample_new_levels = "gaussian", new_sigma = NULL, seed = NULL,
                             offset = NULL, weights = NULL, re.form, draws, allow.new.levels) {
  list(newdata = newdata, re_formula = one_spelling(re_formula, re.form),
       ndraws = one_spelling(ndraws, draws), draw_ids = draw_ids,
       allow_new_levels = new_levels_allowed(allow_new_levels, allow.new.levels),
       sample_new_levels = sample_new_levels, new_sigma = new_sigma, seed = seed, offset = offset,
       weights = weights, beside = list(...),
       called = c(re_formula = spelling(re_formula, re.form), ndraws = spelling(ndraws, draws)))
}

# Of these, the ones that only residual standard deviations need; and the others.
sigma_arguments <- c("new_sigma", "weights")
prediction_arguments <- setdiff(names(formals(asked_prediction)), c("...", sigma_arguments))

# asked_prediction() of the arguments of the method that calls, and of its dots.
shared_arguments <- function(..., frame = parent.frame()) {
  own <- intersect(c(prediction_arguments, sigma_arguments), names(frame))
  given <- Filter(function(name) !eval(call("missing", as.name(name)), frame), own)
  do.call(asked_prediction, c(mget(given, frame), list(...)), quote = TRUE)
}

# The random terms of a re_formula: all of the model's when it is NULL, none when it is NA or ~ 0.
# For each grouping that is taken up its number and its terms, a list of them; whole: are they known
# to be all of it?
chosen_random <- function(fit, re_formula, name = "re_formula") {
  if (is.null(re_formula)) return(all_random(readable_design(fit)))
  if (is.atomic(re_formula) && length(re_formula) == 1 && is.na(re_formula)) return(list())
  if (!inherits(re_formula, "formula") || length(re_formula) != 2) {
    abort("{.arg {name}} must be NULL, NA or a formula such as {.code ~ (1 | g)}.",
          x = "It is {describe(re_formula)}.")
  }
  side <- re_formula[[2]]
  parts <- formula_parts(as_formula(call("~", quote(y), side), environment(re_formula)))
  if (length(all.vars(parts$fixed[[3]]))) {
    abort("{.arg {name}} must have random terms alone.",
          x = "It is {.code {deparse1(re_formula)}}.")
  }
  if (length(parts$bars) == 0 && !identical(side, 0)) {
    abort("{.arg {name}} has no group effects.", x = "It is {.code {deparse1(re_formula)}}.",
          i = "{.code NULL} takes all of them up, {.code NA} or {.code ~ 0} none.")
  }
  terms_of_bars(fit, parts$bars, re_formula, name)
}

terms_of_bars <- function(fit, bars, re_formula, name) {
  design <- readable_design(fit)
  terms <- random_terms(bars, environment(re_formula))
  number <- numbers_of_bars(design$by, bars)
  known <- names(schema_of(design, character())$columns)
  if (anyNA(number) || !all(unlist(lapply(terms, term_variables)) %in% known)) {
    refuse_re_formula(fit, deparse1(re_formula), name)
  }
  lapply(by_number(terms, number), c, list(asked = deparse1(re_formula)))
}

all_random <- function(design) {
  number <- design$of_grouping
  if (length(design$bars) == 0) return(list())
  if (is.null(number) || max(number) == 1L) {
    return(list(list(number = 1L, bars = design$bars, whole = TRUE)))
  }
  lapply(by_number(design$bars, number), c, list(whole = TRUE))
}

by_number <- function(bars, number) {
  lapply(sort(unique(number)), function(g) list(number = g, bars = bars[number == g]))
}

refuse_re_formula <- function(fit, given, name) {
  abort("{.arg {name}} has group effects that the model has not.",
        x = "It is {.code {given}}.",
        i = "The model is {.code {deparse1(fit$posterior$formula)}}.")
}

# The places of the columns of these terms of a grouping among its random columns.
chosen_columns <- function(fit, random, frame, name) {
  own <- groupings_of(fit$posterior)[[random$number]]$random$column
  if (!is.null(random$whole)) return(seq_along(own))
  first <- frame_rows(frame, 1L)
  names <- unlist(lapply(random_matrices(readable_design(fit), first, random$bars), colnames))
  places <- match(names, own)
  if (anyNA(places) || anyDuplicated(places)) {
    refuse_re_formula(fit, random$asked, name)
  }
  places
}

asked_draws <- function(fit, asked) {
  choose_draws(fit, asked$ndraws, asked$draw_ids, asked$called[["ndraws"]])
}

# Numbers of the chosen draws, chain after chain; NULL for all.
choose_draws <- function(fit, ndraws, draw_ids, name = "ndraws") {
  total <- ndraws(fit)
  if (!is.null(ndraws) && !is.null(draw_ids)) {
    abort("{.arg {name}} and {.arg draw_ids} both choose draws.", i = "Give one of them.")
  }
  if (!is.null(ndraws)) {
    ndraws <- check_count(ndraws, name)
    if (ndraws > total) {
      abort("{.arg {name}} must be at most {total}, the number of draws of the fit.",
            x = "It is {ndraws}.")
    }
    if (ndraws == total) return(NULL)
    return(as.integer(round(seq(1, total, length.out = ndraws))))
  }
  if (is.null(draw_ids)) return(NULL)
  known <- is.numeric(draw_ids) && length(draw_ids) > 0 && all(draw_ids %in% seq_len(total))
  if (!known) {
    abort("{.arg draw_ids} must be numbers of draws, from 1 to {total}.",
          x = "It is {describe(draw_ids)}.")
  }
  as.integer(draw_ids)
}

# Hyperparameters by their places, chosen draws x variables.
chosen_hyper <- function(plan, places) {
  if (length(places) == 0) return(matrix(0, plan$n_draws, 0))
  values <- hyper_matrix(plan$fit, places)
  if (is.null(plan$draw_ids)) values else values[plan$draw_ids, , drop = FALSE]
}

# The grouping of a plan's posterior that an element of its `random` is of.
grouping_of_random <- function(plan, one) groupings_of(plan$fit$posterior)[[one$number]]

# Effects of groups of the data: chosen draws x columns x groups. random: an element of the plan's.
known_effects <- function(plan, random, groups) {
  drawn <- bind_last(random$effects_of(groups))
  draws_first(if (is.null(plan$draw_ids)) drawn else drawn[, , plan$draw_ids, drop = FALSE])
}

# Rows that na.exclude left out come back as NA where predictions are of the rows of the fit:
# napredict(), as in lm(). values: rows first.
pad_rows <- function(plan, values) stats::napredict(plan$na_action, values)

# The same of draws x rows.
pad_columns <- function(plan, draws) {
  if (inherits(plan$na_action, "exclude")) t(pad_rows(plan, t(draws))) else draws
}

check_draws_memory <- function(n_draws, n_rows, argument = "ndraws") {
  bytes <- 8 * as.numeric(n_draws) * n_rows
  if (bytes < 5e8) return(invisible())
  free <- free_memory()
  if (!is.na(free) && bytes > free) {
    abort("{format(n_draws, big.mark = ',')} draws of {format(n_rows, big.mark = ',')} rows need
           {format_bytes(bytes)} of memory, and {format_bytes(free)} are free.",
          i = "Ask for fewer draws with {.arg {argument}}, or for the summaries of {.fn predict} or
               {.fn fitted}, which need no more memory for more rows.")
  }
}
