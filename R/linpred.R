# Linear predictors and predictions: a plan of rows and draws, carried out in blocks of rows.
#
# Rows are taken in the order of their groups, so that the effects of a group are had once, and
# residuals are drawn in that order from one stream: what comes out does not depend on the blocks.
#
# A plan's `random` has, of each grouping that is taken up, its number, the part of the rows that
# has its groups, its terms and their columns; what is drawn of new groups; and a reader of the
# effects.

# what: the function that was called. residual: are observations drawn?
# asked: as asked_prediction() has it. response, sigma: are the response and residual standard
# deviations needed? new_groups: are all groups taken for new ones?
plan_prediction <- function(fit, what, residual, asked, response = FALSE, sigma = residual,
                            new_groups = FALSE) {
  check_readable(fit, paste0(what, "()"), asked$newdata)
  taken <- arguments_of_scale(family_of(fit), residual, response, sigma)
  unused <- Filter(Negate(is.null), asked[setdiff(sigma_arguments, taken)])
  check_dots_empty(c(asked$beside, unused), c(prediction_arguments, taken), what)
  random <- chosen_random(fit, asked$re_formula, asked$called[["re_formula"]])
  rows <- prediction_rows(fit, asked, random, sigma, response, "weights" %in% taken)
  plan <- start_plan(fit, rows, asked_draws(fit, asked), residual)
  plan$random <- lapply(random, function(one) {
    one$part <- grouping_part(one$number)
    one$columns <- chosen_columns(fit, one, rows$frame, asked$called[["re_formula"]])
    one
  })
  plan["na_action"] <- list(if (is.null(asked$newdata)) attr(fit$design$frame, "na.action"))
  plan$beta <- chosen_hyper(plan, shown_places_of(fit$posterior, "b"))
  check_new_levels(fit, rows, asked$allow_new_levels)
  if (new_groups) plan <- take_for_new(plan)
  plan <- plan_new_levels(plan, asked)
  order_rows(plan_readers(plan))
}

# Which of the arguments about scales a prediction takes: weights that are trials are a part of the
# response, and how often a row stands in the data is nothing to a new observation.
arguments_of_scale <- function(family, residual, response, sigma) {
  weighs <- switch(family$weights, precision = sigma, trials = sigma || response,
                   times = sigma && !residual)
  c(if (sigma && identical(family$scale, "sigma")) "new_sigma", if (weighs) "weights")
}

plan_readers <- function(plan) {
  if (length(plan$random) == 0) return(plan)
  needed <- lapply(plan$random, function(one) groups_needed(plan, one))
  if (length(needed) == 1) {
    one <- plan$random[[1]]
    plan$random[[1]]$effects_of <- effect_reader(plan$fit, needed[[1]], one$columns, one$number)
    return(plan)
  }
  readers <- effect_readers(plan$fit, vapply(plan$random, `[[`, 0L, "number"), needed,
                            lapply(plan$random, `[[`, "columns"))
  plan$random <- Map(function(one, reader) c(one, list(effects_of = reader)), plan$random, readers)
  plan
}

# Of a plan, the rows and the draws.
start_plan <- function(fit, rows, draw_ids, residual) {
  list(fit = fit, rows = rows, draw_ids = draw_ids, residual = residual,
       n_draws = if (is.null(draw_ids)) ndraws(fit) else length(draw_ids))
}

# All groups of the rows as new ones.
take_for_new <- function(plan) {
  for (one in plan$random) {
    group <- plan$rows[[one$part]]
    groups <- grouping_of_random(plan, one)$groups
    known <- unique(group$code)
    plan$rows[[one$part]] <- list(code = length(groups) + match(group$code, known),
                                  new = c(groups, group$new)[known])
  }
  plan
}

# The order in which rows are taken, and where each block of them begins and ends in it.
order_rows <- function(plan) {
  n_rows <- nrow(plan$rows$frame)
  codes <- lapply(plan$random, function(one) plan$rows[[one$part]]$code)
  per_row <- plan$n_draws + ncol(plan$beta)
  for (one in plan$random) {
    q <- nrow(grouping_of_random(plan, one)$random)
    n_used <- length(unique(plan$rows[[one$part]]$code))
    per_row <- per_row + length(one$columns) + 3 * q * ndraws(plan$fit) * n_used / n_rows
  }
  size <- as.integer(min(max(1, block_doubles %/% per_row), n_rows))
  order <- if (length(codes)) do.call(order, codes) else seq_len(n_rows)
  plan$blocks <- if (size == n_rows) list(order)
    else unname(split(order, (seq_len(n_rows) - 1L) %/% size))
  plan
}

# Groups (from 1, rising) of which effects of the data are read.
groups_needed <- function(plan, one) {
  J <- length(grouping_of_random(plan, one)$groups)
  rows <- plan$rows[[one$part]]
  if (length(rows$new) && plan$new_effects != "gaussian") return(seq_len(J))
  codes <- sort(unique(rows$code))
  codes[codes <= J]
}

# All of a plan: chosen draws x rows. change: what becomes of the draws of some rows.
predict_draws <- function(plan, change = NULL) {
  n_rows <- nrow(plan$rows$frame)
  check_draws_memory(plan$n_draws, n_rows)
  values <- matrix(0, plan$n_draws, n_rows)
  for (rows in plan$blocks) {
    if (is.null(change)) fill_columns(plan, rows, values, rows)
    else values[, rows] <- block_draws(plan, rows, change)
  }
  dimnames(values) <- list(NULL, as.character(plan$rows$row_names))
  values
}

# Fills these columns of `values`, which changes in place, with predictions for rows in the order
# in which they are taken.
fill_columns <- function(plan, rows, values, columns) {
  frame <- frame_rows(plan$rows$frame, rows)
  predictor <- list(
    X = matrix_of_fixed(plan, frame), beta = plan$beta, offset = plan$rows$offset[rows],
    random = lapply(plan$random, random_predictor, plan, rows, frame)
  )
  fill <- function(noise) {
    finished <- .Call(ffi_fill_predictor, values, columns - 1L, predictor, noise)
    if (!finished) rlang::interrupt()
    check_predicted(predictor, values, columns)
    if (!is.null(noise)) check_counted(family_of(plan$fit), values, columns)
  }
  if (!plan$residual) return(invisible(fill(NULL)))
  noise <- block_noise(plan, rows)
  if (!is.null(noise$variates)) return(invisible(fill(noise)))
  with_stream(plan$stream$residuals, {
    fill(noise)
    plan$stream$residuals <- get(".Random.seed", globalenv())
  })
}

# Sums of products that overflow are Inf, or NaN where two of them differ in sign. They are looked
# for where the factors are large enough for it, also for a variance of theirs.
check_predicted <- function(predictor, values, columns) {
  largest <- function(x) if (length(x)) max(abs(range(x))) else 0
  bound <- largest(predictor$X) * largest(predictor$beta) + largest(predictor$offset)
  for (one in predictor$random) bound <- bound + largest(one$Z) * largest(one$effects)
  if (is.finite(bound) && bound < 1e150) return(invisible())
  made <- abs(values[, columns, drop = FALSE])
  if (!all(is.finite(made)) || max(made) > 1e150) {
    columns <- c(list(predictor$X), lapply(predictor$random, `[[`, "Z"))
    most <- max(vapply(columns, largest, 0))
    abort("The predictions overflow: a column of the model is as large as
           {format(most, digits = 3)}.",
          i = "Look at {.arg newdata}, or rescale the response or the predictors.")
  }
}

# Counts whose mean overflows are Inf.
check_counted <- function(family, values, columns) {
  if (family$link != "log" || all_finite(values[, columns])) return(invisible())
  abort("The predictions overflow: the mean of a row is above {format(.Machine$double.xmax,
         digits = 3)}.", i = "Look at {.arg newdata} and its {.arg offset}.")
}

matrix_of_fixed <- function(plan, frame) {
  schema <- readable_design(plan$fit)
  terms_matrix(schema$terms, frame, schema$coding)[, plan$fit$posterior$fixed, drop = FALSE]
}

# Z of the chosen columns of a grouping.
matrix_of_random <- function(plan, one, frame) {
  do.call(cbind, random_matrices(readable_design(plan$fit), frame, one$bars))
}

# What a grouping adds to the linear predictor of some rows: Z, and the effects of the rows' groups,
# chosen draws x (columns of each group).
random_predictor <- function(one, plan, rows, frame) {
  group <- plan$rows[[one$part]]$code[rows]
  groups <- unique(group)
  if (is.unsorted(groups)) groups <- sort(groups)
  effects <- group_effects(plan, one, groups)
  dim(effects) <- c(plan$n_draws, length(one$columns) * length(groups))
  list(Z = matrix_of_random(plan, one, frame), group = match(group, groups) - 1L, effects = effects)
}

# What C draws observations by: the family, its scale parameters, which of them each row has, and
# precision weights or trials; variates where rows share them.
block_noise <- function(plan, rows) {
  family <- family_of(plan$fit)
  stratum <- plan$rows$stratum$code[rows]
  strata <- unique(stratum)
  size <- switch(family$weights, precision = plan$rows$weights, trials = plan$rows$trials)
  list(family = key_of(plan$fit$posterior),
       scale = if (!is.null(family$scale)) with_df(plan, stratum_sigmas(plan, strata)),
       stratum = if (!is.null(stratum)) match(stratum, strata) - 1L,
       size = size[rows], variates = plan$variates)
}

# The trials of rows for each draw, as long as a matrix of draws x rows; NULL where each row is one.
row_trials <- function(plan, rows) {
  if (!is.null(plan$rows$trials)) rep(plan$rows$trials[rows], each = plan$n_draws)
}

# What the response of rows is to be compared with: successes over trials.
row_responses <- function(plan, rows) {
  y <- plan$rows$response[rows]
  rep(if (is.null(plan$rows$trials)) y else y / plan$rows$trials[rows], each = plan$n_draws)
}

# The scale parameter of each row, over the square root of its weight where that is a precision,
# draws x rows; NULL where the family has none. Of t residuals list(sigma, df), df a number a draw.
row_scales <- function(plan, rows, weighted = TRUE) {
  if (is.null(family_of(plan$fit)$scale)) return(NULL)
  noise <- block_noise(plan, rows)
  place <- if (is.null(noise$stratum)) rep(1L, length(rows)) else noise$stratum + 1L
  scales <- noise$scale[seq_len(plan$n_draws), place, drop = FALSE]
  if (weighted && !is.null(noise$size)) scales <- scales / rep(sqrt(noise$size), each = plan$n_draws)
  if (is_student(plan$fit)) list(sigma = scales, df = chosen_df(plan)) else scales
}

# The degrees of freedom of t residuals in the chosen draws; NULL of other models.
chosen_df <- function(plan) {
  posterior <- plan$fit$posterior
  if (is_student(posterior)) as.numeric(chosen_hyper(plan, shown_places_of(posterior, "df")))
}

# Scales with the degrees of freedom below them, as C has them of t residuals.
with_df <- function(plan, scales) {
  df <- chosen_df(plan)
  if (is.null(df)) scales else rbind(scales, matrix(df, length(df), ncol(scales)))
}

# Effects of groups, known ones before new ones: chosen draws x columns x groups.
group_effects <- function(plan, one, groups) {
  J <- length(grouping_of_random(plan, one)$groups)
  known <- groups[groups <= J]
  new <- groups[groups > J] - J
  if (length(new) == 0) return(known_effects(plan, one, known))
  if (length(known) == 0) return(new_effects(plan, one, new))
  bind_last(list(known_effects(plan, one, known), new_effects(plan, one, new)))
}

# Residual standard deviations of strata: chosen draws x strata; of the only one when NULL.
stratum_sigmas <- function(plan, strata) {
  posterior <- plan$fit$posterior
  places <- shown_places_of(posterior, family_of(posterior)$scale)
  if (is.null(strata)) return(chosen_hyper(plan, places))
  n_known <- length(strata_of(posterior)$labels)
  known <- strata <= n_known
  sigmas <- matrix(0, plan$n_draws, length(strata))
  sigmas[, known] <- chosen_hyper(plan, places[strata[known]])
  if (!all(known)) sigmas[, !known] <- new_sigmas(plan, strata[!known] - n_known)
  sigmas
}

# The same for some rows, in a matrix of their own.
block_draws <- function(plan, rows, change = NULL) {
  values <- matrix(0, plan$n_draws, length(rows))
  fill_columns(plan, rows, values, seq_along(rows))
  if (is.null(change)) values else change(values, rows)
}
