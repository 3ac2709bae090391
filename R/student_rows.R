# Densities of rows with t residuals given the others: given their weights, which are drawn once more,
# the effects of one grouping are normal, and integrated out with the row's own weight
# (src/student_rows.h). The effects of other groupings are those of the draw.

# A function of places of a fit's rows and of leave_out that gives log densities, draws x rows.
student_row_densities <- function(fit) {
  plan <- plan_prediction(fit, "loo", FALSE, asked_prediction(), response = TRUE, sigma = TRUE)
  if (length(plan$random) == 0) return(function(places, leave_out) log_lik_columns(plan, places))
  g <- which.max(vapply(groupings_of(fit$posterior), function(own) length(own$groups), 0L))
  parts <- student_parts(fit, plan, g)
  function(places, leave_out) {
    values <- matrix(0, plan$n_draws, length(places))
    for (group in unique(parts$group[places])) {
      rows <- which(parts$group == group)
      chosen <- which(parts$group[places] == group)
      own <- densities_in_group(parts, group, rows, leave_out)
      values[, chosen] <- own[, match(places[chosen], rows)]
    }
    values
  }
}

# What all groups of grouping g share: the rows' groups, roots and degrees of freedom of the draws, a
# seed for each group's weights, and the plan without the grouping.
student_parts <- function(fit, plan, g) {
  posterior <- fit$posterior
  roots <- roots_of_draws(t(drawn_hyper_all(fit)), posterior, g)
  others <- plan
  others$random <- plan$random[-g]
  list(plan = plan, others = others, one = plan$random[[g]],
       group = plan$rows[[plan$random[[g]]$part]]$code,
       L = aperm(roots, c(2, 3, 1)), df = chosen_df(plan),
       seeds = chain_seeds(fit$sampling$seeds[1], length(groupings_of(posterior)[[g]]$groups)))
}

densities_in_group <- function(parts, group, rows, leave_out) {
  plan <- parts$plan
  scale <- row_scales(plan, rows)
  y <- rep(plan$rows$response[rows], each = plan$n_draws)
  e <- y - block_draws(plan, rows)
  rate <- (parts$df + (e / scale$sigma)^2) / 2
  weight <- with_stream(parts$seeds[group], {
    matrix(stats::rgamma(length(e), (parts$df + 1) / 2, rate), nrow(e))
  })
  Z <- matrix_of_random(plan, parts$one, frame_rows(plan$rows$frame, rows))
  call_kernel(.Call(ffi_student_rows, y - block_draws(parts$others, rows), scale$sigma^2, weight,
                    unname(Z), parts$L, parts$df, leave_out))
}
