# Exact leave-one-out: fits without some rows, and the density of these given such a fit.

# Puts exact values in the places `bad` (rows, or groups in the order of their levels) of a
# result of loo().
leave_out_exactly <- function(fit, by, bad, result, seed, root = 1L) {
  design_of(fit, "reloo = TRUE")
  left_out <- rows_left_out(fit, by, bad, root)
  seeds <- chain_seeds(check_seed(seed), length(bad))
  exact <- vapply(seq_along(bad), function(i) {
    without <- fit_without(fit, left_out[[i]], names(left_out)[i], seeds[i])
    log_density <- if (by == "row") left_out_rows(without, fit, left_out[[i]])
      else left_out_group(without, fit, left_out[[i]])
    log_mean_exp(log_density, without$sampling$chains)
  }, numeric(2))
  lpd <- result$pointwise[bad, "elpd_loo"] + result$pointwise[bad, "p_loo"]
  result$pointwise[bad, "elpd_loo"] <- exact[1, ]
  result$pointwise[bad, "mcse_elpd_loo"] <- exact[2, ]
  result$pointwise[bad, "p_loo"] <- lpd - exact[1, ]
  result$pointwise[bad, "looic"] <- -2 * exact[1, ]
  result$diagnostics$pareto_k[bad] <- 0
  set_estimates(result)
}

# The rows of each, named by what they are.
rows_left_out <- function(fit, by, places, root = 1L) {
  if (by == "row") return(stats::setNames(as.list(places), paste("row", places)))
  group <- group_levels(factors_of(fit$design)[[grouping_part(root)]])
  chosen <- group$display[places]
  stats::setNames(lapply(chosen, function(place) which(group$index == place)),
                  paste("the group", dQuote(group$labels[chosen], FALSE)))
}

# The same model without these rows: columns, their coordinates and the priors stay as they are.
fit_without <- function(fit, rows, label, seed) {
  design <- design_without(fit$design, rows)
  posterior <- tryCatch(posterior_of_rows(design, fit$posterior$prior), relm_error = function(e) {
    refuse_leaving_out(label, conditionMessage(e))
  })
  if (!identical(posterior$fixed, fit$posterior$fixed)) {
    lost <- setdiff(fit$posterior$fixed, posterior$fixed)
    refuse_leaving_out(label, paste0("It alone tells of coefficients: ",
                                     paste(lost, collapse = ", "), "."))
  }
  control <- fit$sampling[control_names]
  control$group_draws <- FALSE
  control$progress <- FALSE
  control["target_ess"] <- list(NULL)
  new_fit(fit$call, posterior, control, seed, list(design = design))
}

design_without <- function(design, rows) {
  design_part(design, seq_len(nrow(design$frame))[-rows])
}

posterior_of_rows <- function(design, prior) {
  suppressMessages(relm_posterior(crossprods(design, by_group = FALSE), prior))
}

# The rows or groups without which there is no posterior, whatever importance sampling makes of
# them: rows that alone tell of a coefficient, whose leverage is 1; groups without which the model
# is refused. Sought where rows and groups are not too many for it; of another family among the rows
# whose weights vary most, since the mean of weights that no posterior stands behind is infinite.
without_density <- function(fit, by, root = 1L, pareto_k = NULL) {
  posterior <- fit$posterior
  if (by == "row" && !is_gaussian(fit)) {
    if (length(improper_priors(posterior)) == 0) return(integer())
    places <- utils::head(order(pareto_k, decreasing = TRUE), few_suspects)
    places <- places[pareto_k[places] > suspicious_k]
    return(places[!vapply(places, function(row) has_posterior_without(fit, row), NA)])
  }
  if (by == "row") {
    flat <- all(posterior$beta$precision == 0) && length(posterior$fixed) > 0
    if (!flat || nrow(fit$design$frame) > most_leverages) return(integer())
    rows <- rows_of_fit(fit$design, fit$posterior, seq_len(nrow(fit$design$frame)))
    weights <- if (is.null(rows$weights)) 1 else rows$weights
    leverage <- rowSums(qr.Q(qr(sqrt(weights) * rows$X))^2)
    return(which(leverage > 1 - 1e-8))
  }
  n_groups <- length(groupings_of(posterior)[[root]]$groups)
  if (is.null(fit$design) || n_groups > most_groups_sought) return(integer())
  places <- seq_len(n_groups)
  rows <- rows_left_out(fit, "group", places, root)
  places[!vapply(rows, function(own) has_posterior_without(fit, own), NA)]
}

most_leverages <- 1e5
most_groups_sought <- 12L
few_suspects <- 20L
suspicious_k <- 0.5

has_posterior_without <- function(fit, rows) {
  posterior <- tryCatch(posterior_of_rows(design_without(fit$design, rows), fit$posterior$prior),
                        relm_error = function(e) NULL)
  !is.null(posterior) && identical(posterior$fixed, fit$posterior$fixed)
}

refuse_leaving_out <- function(label, reason) {
  abort("There is no posterior without {label}, and so no density of it given the rest.",
        x = "{reason}")
}

# log p(y_i | draw), group effects integrated out, draws x rows, under a fit that has not had these
# rows.
left_out_rows <- function(without, fit, places) {
  posterior <- without$posterior
  if (!is_gaussian(posterior)) return(left_out_of_family(without, fit$design, places))
  if (length(groupings_of(posterior)) > 1) return(left_out_of_several(without, fit, places))
  rows <- rows_of_fit(fit$design, posterior, places)
  # No other row has their group.
  rows$group[is.na(rows$group)] <- 0L
  labels <- strata_of_rows(fit, places)
  given <- given_strata(without, labels)
  rows$stratum <- rep_len(given$stratum_of(labels), length(places))
  model <- sampler_model(posterior, "uncentered")
  moments <- row_predictive(model, groups_of_fit(posterior, model), given, rows, FALSE)
  log_density_of_rows(moments, rows$y)
}

# The same of several groupings: groups that are known beside the chain have their effects as drawn.
left_out_of_several <- function(without, fit, places) {
  labels <- strata_of_rows(fit, places)
  given <- given_strata(without, labels)
  moments <- several_row_moments(without, fit$design, given[c("hyper", "sigma")])
  at <- moments(places, FALSE, rep_len(given$stratum_of(labels), length(places)))
  log_density_of_rows(at, at$y)
}

# The same of another family: with several groupings, or t residuals, given the effects as they are
# drawn, those of new groups too.
left_out_of_family <- function(without, design, places) {
  posterior <- without$posterior
  if (!takes_effects_as_drawn(without)) return(other_row_densities(without, design, places))
  plan <- start_plan(without, rows_for_fit(without, design, places), NULL, FALSE)
  plan$random <- lapply(all_random(without$design), function(one) {
    one$part <- grouping_part(one$number)
    one$columns <- seq_len(nrow(grouping_of_random(plan, one)$random))
    one
  })
  plan$beta <- chosen_hyper(plan, shown_places_of(posterior, "b"))
  asked <- asked_prediction(allow_new_levels = TRUE, seed = without$sampling$seeds[1])
  log_lik_draws(order_rows(plan_readers(plan_new_levels(plan, asked))))
}

# Rows of a design as predictions of a fit have them, which may not have had their groups.
rows_for_fit <- function(fit, design, places) {
  design <- design_part(design, places)
  rows <- design_rows(design)
  groupings <- groupings_of(fit$posterior)
  parts <- grouping_part(seq_along(groupings))
  groups <- Map(function(grouping, part) {
    own <- factors_of(design)[[part]]
    labels <- own$labels[own$code]
    new <- setdiff(labels, grouping$groups)
    list(code = match(labels, c(grouping$groups, new)), new = new)
  }, groupings, parts)
  c(list(frame = design$frame, row_names = places), stats::setNames(groups, parts),
    list(response = rows$y, trials = rows$trials, offset = rows$offset, weights = if (is_linear(fit)) rows$weights else rows$times))
}

# log p(y_j | draw), group effects integrated out, under a fit that has not had group j.
left_out_group <- function(without, fit, rows) {
  design <- design_part(fit$design, rows)
  if (!is_gaussian(without)) {
    lattice <- lattice_of_fit(without, "The density of a whole group")
    return(family_group_log_lik(lattice, family_groups(design, lattice), 1L)[, 1])
  }
  given <- given_strata(without, strata_of_rows(fit, rows))
  groups <- any_groups_of_design(design, without$posterior, given$stratum_of)
  model <- sampler_model(without$posterior, "uncentered")
  any_group_log_lik(model, groups, given, 1L)[, 1]
}

# Labels of the residual variances that rows have.
strata_of_rows <- function(fit, rows) {
  grouping <- factors_of(fit$design)$sigma
  grouping$labels[grouping$code[rows]]
}

# All draws, with residual standard deviations from the prior for levels that the fit has not
# had, and the numbers of levels.
given_strata <- function(fit, labels) {
  given <- all_hyper(fit)
  new <- setdiff(labels, strata_of(fit$posterior)$labels)
  if (length(new)) {
    check_sigma_prior(fit$posterior)
    learnt <- hyper_matrix(fit, shown_places_of(fit$posterior, "pool"))
    drawn <- with_stream(fit$sampling$seeds[1], lapply(new, function(level) {
      prior_sigmas(fit$posterior$prior$sigma, ndraws(fit), learnt)
    }))
    given$sigma <- rbind(given$sigma, do.call(rbind, drawn))
  }
  known <- c(strata_of(fit$posterior)$labels, new)
  given$stratum_of <- function(labels) if (length(labels)) match(labels, known) else 1L
  given
}

# The log of a mean over draws, and its Monte Carlo standard error.
log_mean_exp <- function(x, chains) {
  largest <- max(x)
  ratio <- matrix(exp(x - largest), ncol = chains)
  c(largest + log(mean(ratio)), suppressWarnings(posterior::mcse_mean(ratio)) / mean(ratio))
}

# Estimates from pointwise values, where loo has them.
set_estimates <- function(result) {
  summed <- rownames(result$estimates)
  values <- result$pointwise[, summed, drop = FALSE]
  result$estimates[, "Estimate"] <- colSums(values)
  result$estimates[, "SE"] <- sqrt(nrow(values) * apply(values, 2, stats::var))
  result[summed] <- as.list(result$estimates[, "Estimate"])
  result[paste0("se_", summed)] <- as.list(result$estimates[, "SE"])
  result
}
