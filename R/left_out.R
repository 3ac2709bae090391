# Densities of rows and groups for cross-validation, made a block of them at a time.

# Log densities, draws x n, of rows or groups, made for any columns at a time: a list of n,
# n_draws, chain (of each draw), blocks (of places), columns(places), order (which column each
# place is, where that is not its own), names, and lpd() for the log density of each given all
# data, where that is not the mean of these.
left_out_density <- function(fit, by, integrated, root = 1L) {
  if (by == "group") return(group_density(fit, root))
  if (integrated) integrated_row_density(fit) else conditional_row_density(fit)
}

new_density <- function(fit, n, columns, order = NULL, names = NULL, lpd = NULL) {
  sampling <- fit$sampling
  n_draws <- sampling$chains * sampling$draws
  list(n = n, n_draws = n_draws, blocks = split_columns(seq_len(n), n_draws),
       chain = rep(seq_len(sampling$chains), each = sampling$draws), columns = columns,
       order = order, names = names, lpd = lpd)
}

integrated_row_density <- function(fit) {
  log_density <- row_densities(fit)
  n <- nrow(fit$design$frame)
  order <- in_order_of_groups(fit, seq_len(n))
  lpd <- function() {
    blocks <- split_columns(order, ndraws(fit))
    values <- lapply(blocks, function(places) col_log_mean_exp(log_density(places, FALSE)))
    unlist(values)[order(order)]
  }
  new_density(fit, n, function(places) log_density(order[places], TRUE), lpd = lpd,
              order = if (is.unsorted(order)) order)
}

# A function of places of a fit's rows and of leave_out that gives log densities, draws x rows,
# group effects integrated out: given all data, or with each row left out of them.
row_densities <- function(fit) {
  design_of(fit, 'by = "row"')
  if (is_student(fit)) return(student_row_densities(fit))
  if (!is_gaussian(fit)) return(own_row_densities(fit))
  moments <- row_moments(fit)
  function(places, leave_out) {
    at <- moments(places, leave_out)
    log_density_of_rows(at, at$y)
  }
}

# Rows of a design in the order of a fit's groups, so that the data of a group serve many at once.
in_order_of_groups <- function(fit, places, design = fit$design) {
  if (is_gaussian(fit) || has_several(fit$posterior)) {
    return(in_order_of_roots(fit, places, design))
  }
  own <- factors_of(design)$group
  if (is.null(own)) places else places[order(own$code[places])]
}

# A function that gives the means and standard deviations of rows of the fit, draws x rows, group
# effects integrated out: given all data, or with each row left out of them; and y, both less
# the offset.
row_moments <- function(fit) {
  if (length(groupings_of(fit$posterior)) > 1) return(several_row_moments(fit))
  given <- all_hyper(fit)
  model <- sampler_model(fit$posterior, "uncentered")
  groups <- groups_of_fit(fit$posterior, model)
  function(places, leave_out) {
    rows <- rows_of_fit(fit$design, fit$posterior, places)
    c(row_predictive(model, groups, given, rows, leave_out), rows["y"])
  }
}

# Rows come in the order of their groups, whose effects are then had once.
conditional_row_density <- function(fit) {
  plan <- plan_prediction(fit, "loo", FALSE, asked_prediction(), response = TRUE, sigma = TRUE)
  order <- unlist(plan$blocks)
  new_density(fit, length(order), function(places) log_lik_columns(plan, order[places]),
              order = order)
}

group_density <- function(fit, root) {
  if (!is_gaussian(fit)) return(family_group_density(fit))
  check_own_sigma(fit$posterior, root)
  groups <- any_groups_of_fit(fit)
  model <- sampler_model(fit$posterior, "uncentered")
  given <- all_hyper(fit)
  new_density(fit, length(groups$labels), function(places) {
    any_group_log_lik(model, groups, given, groups$display[places])
  }, names = groups$labels[groups$display])
}

family_group_density <- function(fit) {
  design <- design_of(fit, 'by = "group"')
  lattice <- lattice_of_fit(fit, "The density of a whole group")
  groups <- family_groups(design, lattice)
  new_density(fit, length(groups$labels), function(places) {
    family_group_log_lik(lattice, groups, groups$display[places])
  }, names = groups$labels[groups$display])
}

# A group with a residual variance of its own has no density given the others, where nothing
# is known of that variance before.
check_own_sigma <- function(posterior, root = 1L) {
  if (!has_strata(posterior)) return(invisible())
  prior <- posterior$prior$sigma
  if (prior$name != "jeffreys" && !is_unbounded_uniform(prior)) return(invisible())
  cells <- cells_of(posterior)
  strata <- strata_of(posterior)
  group <- if (is.matrix(cells$group)) cells$group[, root] else cells$group
  groups_of_stratum <- tapply(group, cells$stratum, function(group) length(unique(group)))
  alone <- strata$labels[groups_of_stratum == 1]
  if (length(alone)) {
    abort("A group that is left out takes its residual variance with it, of which nothing is then
           known: {.code sigma = {format(prior)}} is improper.",
          x = "That goes for {.val {utils::head(alone, 5)}} of {.code {strata$name}}.",
          i = "Give {.arg sigma} a proper prior, or {.code pooled()}.")
  }
}

# Columns in blocks of few enough to be held at once.
split_columns <- function(columns, n_draws, doubles = 2e6) {
  size <- max(1, floor(doubles / n_draws))
  unname(split(columns, (seq_along(columns) - 1) %/% size))
}

col_log_mean_exp <- function(x) {
  largest <- apply(x, 2, max)
  largest + log(colMeans(exp(x - rep(largest, each = nrow(x)))))
}
