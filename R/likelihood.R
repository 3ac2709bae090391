# Densities given the hyperparameters with the group effects integrated out, from the factors
# of the groups: groups_t in src/log_lik.h.

# The groups of a fit, for its rows: their own factors of [X y] are not needed for these.
groups_of_fit <- function(posterior, model) {
  if (length(model$groupings) == 0) return(no_groups)
  own <- grouping_of_step(model)
  rows <- cells_of(posterior)$rows
  list(cell_factor = own$cell_factor, rest = NULL, group_start = own$group_start,
       cell_stratum = own$cell_stratum, cell_rows = rows,
       group_rows = sums_by_group(rows, own$group_start), log_weights = numeric(own$n_groups))
}

# Those of a model without group effects.
no_groups <- list(cell_factor = numeric(), rest = NULL, group_start = 0L, cell_stratum = integer(),
                  cell_rows = numeric(), group_rows = numeric(), log_weights = numeric())

# The groups of any rows with the columns of a posterior, in the order in which they appear.
# `stratum_of`: the numbers of strata, by their labels.
groups_of_design <- function(design, posterior, stratum_of) {
  found <- find_cells(design)
  cells <- found$cells
  factors <- new_cell_factors(posterior, length(cells$rows))
  n_rows <- nrow(design$frame)
  for (start in seq(1L, n_rows, by = chunk_rows)) {
    rows <- start:min(start + chunk_rows - 1L, n_rows)
    chunk <- linear_rows(design, rows, "The likelihood of groups")
    chunk$X <- chunk$X[, posterior$fixed, drop = FALSE]
    absorb(factors, chunk, found$cell[rows])
  }
  groups <- groups_in_coordinates(factors$cells$factor, factors$strata$factor, posterior)
  groups$group_start <- c(0L, cumsum(tabulate(cells$group, length(found$groups[[1]]$labels))))
  groups$cell_stratum <- as.integer(stratum_of(found$stratum$labels)[cells$stratum]) - 1L
  groups$cell_rows <- cells$rows
  groups$group_rows <- sums_by_group(cells$rows, groups$group_start)
  groups$log_weights <- sums_by_group(cell_log_weights(design$frame, found), groups$group_start)
  c(groups, found$groups[[1]][c("labels", "display")])
}

own_groups <- function(fit) {
  if (is.null(fit$design)) return(groups_of_crossprods(fit$posterior))
  groups_of_design(fit$design, fit$posterior, stratum_numbers(fit$posterior))
}

# A function from labels of strata to their numbers; labels that the posterior has
# not get the numbers after.
stratum_numbers <- function(posterior) {
  known <- strata_of(posterior)$labels
  function(labels) {
    if (length(labels) == 0) return(1L)
    match(labels, union(known, labels))
  }
}

# The groups of cross-products that have kept the factors of [X y] of each.
groups_of_crossprods <- function(posterior) {
  rest <- checked_rest(posterior)
  cells <- cells_of(posterior)
  groups <- groups_in_coordinates(cells$factor, rest, posterior)
  groups$group_start <- group_start(posterior)
  groups$cell_stratum <- cells$stratum - 1L
  groups$cell_rows <- cells$rows
  groups$group_rows <- sums_by_group(cells$rows, groups$group_start)
  log_weights <- cells$log_weights
  if (is.null(log_weights)) log_weights <- numeric(length(cells$rows))
  groups$log_weights <- sums_by_group(log_weights, groups$group_start)
  c(groups, list(labels = grouping_of(posterior)$groups, display = grouping_of(posterior)$display))
}

checked_rest <- function(posterior) {
  rest <- own_rest(posterior)
  if (!is.null(rest)) return(rest)
  abort("The likelihood of a group needs its own cross-products, and these were added up over
         the groups.",
        i = "Make them with {.code crossprods(..., by_group = TRUE)}.")
}

# What the cells' factors leave of [X y], cell by cell; NULL where that is not known. Where
# each cell has a residual variance of its own, the strata's factors are it.
own_rest <- function(posterior) {
  cells <- cells_of(posterior)
  if (!is.null(cells$rest)) return(cells$rest)
  if (anyDuplicated(cells$stratum)) return(NULL)
  strata_of(posterior)$factor[, , cells$stratum, drop = FALSE]
}

groups_in_coordinates <- function(cell_factor, rest, posterior) {
  coordinates <- sampler_coordinates(posterior, "uncentered")
  q <- n_cell_columns(posterior)
  change <- function(factors, n_random, intercept, shift) {
    change_coordinates(factors, n_random, intercept, shift, coordinates$A, coordinates$offset)
  }
  list(cell_factor = change(cell_factor, q, posterior$intercepts[["Z"]],
                            posterior$shift[seq_len(q)]),
       rest = change(rest, 0, 0, numeric()))
}

# Sums over the cells of each group, which are neighbours.
sums_by_group <- function(x, group_start) {
  if (length(group_start) < 2) return(numeric())
  total <- c(0, cumsum(x))
  diff(total[group_start + 1L])
}

# log p(y_j | draw) of these groups (from 1), draws x groups. given: hyper (hyperparameters x
# draws, in the order of sampling) and sigma (residual standard deviations x draws).
group_log_lik <- function(model, groups, given, chosen) {
  call_kernel(.Call(ffi_group_log_lik, model, groups, given$hyper, given$sigma, chosen - 1L))
}

# Means and standard deviations of rows given each draw and the groups' data, draws x rows;
# with leave_out, the rows are among the data and left out of them.
row_predictive <- function(model, groups, given, rows, leave_out) {
  order <- order(rows$group)
  sorted <- list(X = rows$X[order, , drop = FALSE], Z = rows$Z[order, , drop = FALSE],
                 y = rows$y[order], weights = as_numeric_or_null(rows$weights[order]),
                 group = rows$group[order] - 1L, stratum = rows$stratum[order] - 1L)
  moments <- call_kernel(.Call(ffi_predict_rows, model, groups, given$hyper, given$sigma,
                               sorted, leave_out))
  lapply(moments, function(values) {
    values[, order] <- values
    values
  })
}

# Log densities and draws of rows that are normal with these moments, draws x rows.
log_density_of_rows <- function(moments, y) {
  families$gaussian$log_density(rep(y, each = nrow(moments$mean)), moments$mean, moments$sd)
}

draws_of_rows <- function(moments) families$gaussian$draw(moments$mean, moments$sd)

# The draws as kernels take them: hyperparameters x draws, in the order of sampling.
all_hyper <- function(fit) {
  hyper <- drawn_hyper_all(fit)
  list(hyper = hyper, sigma = hyper[places_of(fit$posterior, "sigma"), , drop = FALSE])
}

rows_of_fit <- function(design, posterior, places) {
  rows <- linear_rows(design, places, "The likelihood of rows without their group effects")
  number <- function(grouping, labels) {
    if (!is.null(grouping)) match(grouping$labels, labels)[grouping$code[places]]
  }
  rows$X <- rows$X[, posterior$fixed, drop = FALSE]
  rows$group <- number(factors_of(design)$group, grouping_of(posterior)$groups)
  rows$stratum <- number(factors_of(design)$sigma, strata_of(posterior)$labels)
  if (is.null(rows$group)) rows$group <- integer(length(rows$y))
  if (is.null(rows$stratum)) rows$stratum <- rep(1L, length(rows$y))
  rows
}
