# Linear predictors and predictions: a plan of rows and draws, carried out in blocks of rows.
#
# Rows are taken in the order of their groups, so that the effects of a group are had once, and
# residuals are drawn in that order from one stream: what comes out does not depend on the blocks.

# what: the function that was called. residual: are residuals added to the linear predictor?
# asked: as asked_prediction() has it. response, sigma: are the response and residual standard
# deviations needed? new_groups: are all groups taken for new ones?
plan_prediction <- function(fit, what, residual, asked, response = FALSE, sigma = residual,
                            new_groups = FALSE) {
  design_of(fit, paste0(what, "()"))
  unused <- if (!sigma) Filter(Negate(is.null), asked[sigma_arguments])
  check_dots_empty(c(asked$beside, unused), c(prediction_arguments, if (sigma) sigma_arguments),
                   what)
  bars <- chosen_bars(fit, asked$re_formula, asked$called[["re_formula"]])
  rows <- prediction_rows(fit, asked, bars, sigma, response)
  columns <- chosen_columns(fit, bars, rows$frame, asked$called[["re_formula"]])
  plan <- start_plan(fit, rows, asked_draws(fit, asked), residual)
  plan$bars <- bars
  plan$columns <- columns
  plan["na_action"] <- list(if (is.null(asked$newdata)) attr(fit$design$frame, "na.action"))
  plan$beta <- chosen_hyper(plan, shown_places_of(fit$posterior, "b"))
  check_new_levels(fit, rows, asked$allow_new_levels)
  if (new_groups) plan$rows$group <- taken_for_new(rows$group, fit$posterior)
  plan <- plan_new_levels(plan, asked)
  plan$effects_of <- effect_reader(fit, groups_needed(plan), plan$columns)
  order_rows(plan)
}

# Of a plan, the rows and the draws.
start_plan <- function(fit, rows, draw_ids, residual) {
  list(fit = fit, rows = rows, draw_ids = draw_ids, residual = residual,
       n_draws = if (is.null(draw_ids)) ndraws(fit) else length(draw_ids))
}

taken_for_new <- function(group, posterior) {
  if (is.null(group)) return(NULL)
  known <- unique(group$code)
  list(code = n_groups(posterior) + match(group$code, known),
       new = c(grouping_of(posterior)$groups, group$new)[known])
}

# The order in which rows are taken, and where each block of them begins and ends in it.
order_rows <- function(plan) {
  n_rows <- nrow(plan$rows$frame)
  code <- plan$rows$group$code
  q <- n_random(plan$fit$posterior)
  per_group <- if (is.null(code)) 0 else 3 * q * ndraws(plan$fit)
  per_row <- plan$n_draws + ncol(plan$beta) + length(plan$columns) +
    per_group * length(unique(code)) / n_rows
  size <- as.integer(min(max(1, block_doubles %/% per_row), n_rows))
  order <- if (is.null(code)) seq_len(n_rows) else order(code)
  plan$blocks <- if (size == n_rows) list(order)
    else unname(split(order, (seq_len(n_rows) - 1L) %/% size))
  plan
}

groups_needed <- function(plan) {
  J <- n_groups(plan$fit$posterior)
  if (length(plan$rows$group$new) && plan$new_effects != "gaussian") return(seq_len(J))
  codes <- sort(unique(plan$rows$group$code))
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
  group <- plan$rows$group$code[rows]
  groups <- unique(group)
  effects <- NULL
  if (length(plan$bars)) {
    effects <- group_effects(plan, groups)
    dim(effects) <- c(plan$n_draws, length(plan$columns) * length(groups))
  }
  predictor <- c(block_matrices(plan, rows), list(
    beta = plan$beta, offset = plan$rows$offset[rows],
    group = if (length(plan$bars)) match(group, groups) - 1L, effects = effects
  ))
  fill <- function(noise) {
    finished <- .Call(ffi_fill_predictor, values, columns - 1L, predictor, noise)
    if (!finished) rlang::interrupt()
    check_predicted(predictor, values, columns)
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
  bound <- largest(predictor$X) * largest(predictor$beta) +
    largest(predictor$Z) * largest(predictor$effects) + largest(predictor$offset)
  if (is.finite(bound) && bound < 1e150) return(invisible())
  made <- abs(values[, columns, drop = FALSE])
  if (!all(is.finite(made)) || max(made) > 1e150) {
    abort("The predictions overflow: a column of the model is as large as
           {format(largest(c(predictor$X, predictor$Z)), digits = 3)}.",
          i = "Look at {.arg newdata}, or rescale the response or the predictors.")
  }
}

# X, and Z of the chosen random columns or NULL.
block_matrices <- function(plan, rows) {
  schema <- plan$fit$design
  frame <- frame_rows(plan$rows$frame, rows)
  X <- terms_matrix(schema$terms, frame, schema$coding)
  Z <- random_matrices(schema, frame, plan$bars)
  list(X = X[, plan$fit$posterior$fixed, drop = FALSE],
       Z = if (length(Z)) do.call(cbind, Z))
}

# What C draws observations by: the family, its scale parameters, which of them each row has, and
# weights; variates where rows share them.
block_noise <- function(plan, rows) {
  level <- plan$rows$level$code[rows]
  levels <- unique(level)
  list(family = family_of(plan$fit)$name, scale = level_sigmas(plan, levels),
       stratum = if (!is.null(level)) match(level, levels) - 1L,
       weights = plan$rows$weights[rows], variates = plan$variates)
}

# The scale parameter of each row over the square root of its weight, draws x rows; NULL where the
# family has none.
row_scales <- function(plan, rows, weighted = TRUE) {
  if (is.null(family_of(plan$fit)$scale)) return(NULL)
  noise <- block_noise(plan, rows)
  place <- if (is.null(noise$stratum)) rep(1L, length(rows)) else noise$stratum + 1L
  scales <- noise$scale[, place, drop = FALSE]
  if (!weighted || is.null(noise$weights)) return(scales)
  scales / rep(sqrt(noise$weights), each = plan$n_draws)
}

# Effects of groups, known ones before new ones: chosen draws x columns x groups.
group_effects <- function(plan, groups) {
  J <- n_groups(plan$fit$posterior)
  known <- groups[groups <= J]
  new <- groups[groups > J] - J
  if (length(new) == 0) return(known_effects(plan, known))
  if (length(known) == 0) return(new_effects(plan, new))
  bind_last(list(known_effects(plan, known), new_effects(plan, new)))
}

# Residual standard deviations of levels: chosen draws x levels; of the only one when NULL.
level_sigmas <- function(plan, levels) {
  posterior <- plan$fit$posterior
  places <- shown_places_of(posterior, family_of(posterior)$scale)
  if (is.null(levels)) return(chosen_hyper(plan, places))
  n_known <- length(strata_of(posterior)$labels)
  known <- levels <= n_known
  sigmas <- matrix(0, plan$n_draws, length(levels))
  sigmas[, known] <- chosen_hyper(plan, places[levels[known]])
  if (!all(known)) sigmas[, !known] <- new_sigmas(plan, levels[!known] - n_known)
  sigmas
}

# The same for some rows, in a matrix of their own.
block_draws <- function(plan, rows, change = NULL) {
  values <- matrix(0, plan$n_draws, length(rows))
  fill_columns(plan, rows, values, seq_along(rows))
  if (is.null(change)) values else change(values, rows)
}
