# Densities of rows and groups where there are several groupings, from the cells of all: the groups
# of a chain are eliminated from leaves to roots, given the effects of other groupings
# (chain_cells_t in src/nested_likelihood.h).

# Cells in the form of encode_cells(), with `rows` and perhaps `rest` and `log_weights`, and a chain
# of groupings (numbers from leaf to root, or none) as C has them. levels: arrange_chain() of it.
chain_cells <- function(cells, chain, levels) {
  n <- length(chain)
  order <- order(cells$group[, chain[n]])
  if (is.unsorted(order)) {
    for (part in intersect(c("factor", "rest"), names(cells))) {
      cells[[part]] <- matrix(cells[[part]], ncol = length(order))[, order]
    }
    for (part in c("stratum", "rows", "log_weights")) cells[[part]] <- cells[[part]][order]
    cells$group <- cells$group[order, , drop = FALSE]
  }
  n_cells <- tabulate(cells$group[, chain[n]] + 1L, length(levels[[n]]$number))
  cells$root_start <- c(0L, cumsum(n_cells))
  cells$groupings <- chain - 1L
  cells$levels <- levels
  cells$place <- lapply(levels, function(level) order(level$number) - 1L)
  cells$leaf <- cells$place[[1]][cells$group[, chain[1]] + 1L]
  if (!is.null(cells$log_weights)) {
    cells$log_weights <- sums_by_group(cells$log_weights, cells$root_start)
  }
  cells
}

# Where all effects are given, there is no chain, and no cell is asked.
no_chain <- list(groupings = integer(), levels = list(), factor = numeric(), stratum = integer(),
                 rows = numeric(), root_start = 0L, leaf = integer())

chain_of_fit <- function(posterior, model, chain) {
  cells <- c(model$cells, list(rows = as.numeric(posterior$cells$rows)))
  chain_cells(cells, chain, arrange_chain(chain, posterior))
}

# Rows --------------------------------------------------------------------------------------------

# The step whose effects are integrated out of the density of a row: that with the most groups, of
# which a row has the fewest neighbors.
chain_of_rows <- function(posterior) {
  steps <- find_steps(groupings_of(posterior))
  n_leaves <- vapply(steps, function(step) {
    length(groupings_of(posterior)[[step[1]]]$groups)
  }, 0L)
  steps[[which.max(n_leaves)]]
}

# The group of rows of a design in each grouping of a posterior, rows x groupings: NA where that has
# not had it.
groups_of_rows <- function(design, posterior, places) {
  groupings <- groupings_of(posterior)
  factors <- factors_of(design)
  numbers <- vapply(seq_along(groupings), function(g) {
    own <- factors[[grouping_part(g)]]
    match(own$labels, groupings[[g]]$groups)[own$code[places]]
  }, integer(length(places)))
  matrix(numbers, length(places))
}

# Rows of a design in the order of the groups of the chain that a fit integrates out, roots first,
# so that the data of a root serve many of them at once; of one grouping as they are.
in_order_of_roots <- function(fit, places, design = fit$design) {
  posterior <- fit$posterior
  if (!has_several(posterior)) return(places)
  groups <- groups_of_rows(design, posterior, places)
  places[do.call(order, lapply(rev(chain_of_rows(posterior)), function(g) groups[, g]))]
}

# The group of each row on each level of a chain, in its order and from 0: -1 from the first that
# has no data. NULL where a row has another parent than its group has in the data.
place_rows <- function(groups, chain, cells) {
  n <- length(chain)
  placed <- matrix(0L, nrow(groups), n)
  for (l in rev(seq_len(n))) {
    place <- cells$place[[l]][groups[, chain[l]]]
    place[is.na(place)] <- -1L
    if (l < n) {
      own <- place >= 0
      if (any(placed[own, l + 1] != cells$levels[[l]]$parent[place[own] + 1L])) return(NULL)
    }
    placed[, l] <- place
  }
  placed
}

# A function of places of rows of a design and of leave_out, that gives means and standard
# deviations of these rows, draws x rows, given the draws of `fit`, as row_predictive() does, and y
# less its offset: the design may be that of another fit, with more rows. stratum: the numbers of the
# rows' strata.
several_row_moments <- function(fit, design = fit$design, given = all_hyper(fit)) {
  posterior <- fit$posterior
  model <- sampler_model(posterior, "uncentered")
  chain <- chain_of_rows(posterior)
  cells <- chain_of_fit(posterior, model, chain)
  beside <- setdiff(seq_along(groupings_of(posterior)), chain)
  readers <- readers_of(fit, beside)
  function(places, leave_out, stratum = NULL) {
    rows <- rows_of_fit(design, posterior, places)
    if (!is.null(stratum)) rows$stratum <- stratum
    groups <- groups_of_rows(design, posterior, places)
    rows$group <- place_rows(groups, chain, cells)
    if (is.null(rows$group)) return(given_all_effects(fit, model, given, rows, groups))
    order <- do.call(order, lapply(rev(seq_along(chain)), function(l) rows$group[, l]))
    rows <- part_of_rows(rows, order)
    groups <- groups[order, , drop = FALSE]
    cells$others <- others_of_rows(readers, beside, groups, cells, rows$group)
    at <- nested_row_moments(model, cells, given, rows, leave_out)
    back <- order(order)
    list(mean = at$mean[, back, drop = FALSE], sd = at$sd[, back, drop = FALSE], y = rows$y[back])
  }
}

part_of_rows <- function(rows, places) {
  list(X = rows$X[places, , drop = FALSE], Z = rows$Z[places, , drop = FALSE], y = rows$y[places],
       weights = as_numeric_or_null(rows$weights[places]), stratum = rows$stratum[places],
       group = rows$group[places, , drop = FALSE])
}

nested_row_moments <- function(model, cells, given, rows, leave_out) {
  rows$stratum <- rows$stratum - 1L
  call_kernel(.Call(ffi_nested_rows, model, cells, given$hyper, given$sigma, rows, leave_out))
}

readers_of <- function(fit, numbers) {
  groupings <- groupings_of(fit$posterior)[numbers]
  effect_readers(fit, numbers, lapply(groupings, function(own) seq_along(own$groups)),
                 lapply(groupings, function(own) seq_len(nrow(own$random))))
}

# Effects of the groupings beside the chain, of the groups that these rows or the cells of their
# roots have.
others_of_rows <- function(readers, beside, groups, cells, placed) {
  if (length(beside) == 0) return(list())
  roots <- unique(placed[, ncol(placed)])
  roots <- roots[roots >= 0]
  used <- unlist(Map(function(from, to) from + seq_len(to - from), cells$root_start[roots + 1L],
                     cells$root_start[roots + 2L]))
  Map(other_effects, readers, beside, lapply(beside, function(g) groups[, g]),
      lapply(beside, function(g) {
        cell <- rep(NA_integer_, length(cells$stratum))
        cell[used] <- cells$group[used, g] + 1L
        cell
      }))
}

# Draws of one grouping's effects, and which of its groups rows and cells have.
other_effects <- function(reader, g, row, cell) {
  groups <- sort(unique(c(row, cell)))
  place <- function(group) {
    at <- match(group, groups) - 1L
    replace(at, is.na(group), -1L)
  }
  list(grouping = g - 1L, n = length(groups),
       effects = if (length(groups)) as.numeric(bind_last(reader(groups))) else numeric(),
       cell = place(cell), row = place(row))
}

# The same where the rows' groups do not lie in each other as those of the data do: all effects as
# they are drawn, and those of new groups integrated out.
given_all_effects <- function(fit, model, given, rows, groups) {
  all <- seq_len(ncol(groups))
  rows$group <- matrix(0L, length(rows$y), 0)
  chain <- no_chain
  chain$others <- Map(other_effects, readers_of(fit, all), all,
                      lapply(all, function(g) groups[, g]), list(integer()))
  rows <- part_of_rows(rows, seq_along(rows$y))
  c(nested_row_moments(model, chain, given, rows, FALSE), rows["y"])
}

# Groups ------------------------------------------------------------------------------------------

# The groupings whose groups have a density with all effects integrated out: the root of the only
# chain.
integrable_grouping <- function(posterior) {
  steps <- find_steps(groupings_of(posterior))
  if (length(steps) == 1) steps[[1]][length(steps[[1]])]
}

# The number of the grouping whose whole groups are meant by `by = "group"`; NULL by rows.
chosen_root <- function(posterior, by, grouping) {
  groupings <- groupings_of(posterior)
  names <- names_of_groupings(posterior)
  if (by != "group") {
    if (is.null(grouping)) return(NULL)
    abort('{.arg grouping} says which groups are meant, and {.code by = "{by}"} is of rows.',
          i = 'Write {.code by = "group"}.')
  }
  named <- if (!is.null(grouping)) chosen_grouping(posterior, grouping, "grouping")
  if (length(groupings) == 1) return(1L)
  root <- integrable_grouping(posterior)
  if (is.null(root)) {
    abort("Groups of {.val {names_of_leaves(posterior)}} are crossed: a whole group shares effects with others, and has
           no likelihood of its own.",
          i = 'Use {.code by = "row"}, or {.fn kfold} with {.arg group} to leave out whole groups.')
  }
  if (!is.null(named) && named != root) {
    abort("Groups of {.val {names[named]}} lie in those of {.val {names[root]}}: they share effects
           with others, and have no likelihood of their own.",
          i = 'Use {.code grouping = "{names[root]}"}, or {.fn kfold} with
               {.code group = "{names[named]}"} to leave out groups of {.val {names[named]}}.')
  }
  root
}

# Groups of a posterior, or of any rows with its columns, that have a density of their own: of one
# grouping, or roots of several.
any_groups_of_design <- function(design, posterior, stratum_of) {
  of_rows <- if (length(groupings_of(posterior)) > 1) roots_of_design else groups_of_design
  of_rows(design, posterior, stratum_of)
}

any_groups_of_fit <- function(fit) {
  posterior <- fit$posterior
  if (length(groupings_of(posterior)) < 2) return(own_groups(fit))
  if (is.null(fit$design)) return(roots_of_crossprods(posterior))
  roots_of_design(fit$design, posterior, stratum_numbers(posterior))
}

# log p(y_j | draw) of these (from 1), draws x groups.
any_group_log_lik <- function(model, groups, given, chosen) {
  if (is.null(groups$root_start)) return(group_log_lik(model, groups, given, chosen))
  groups$others <- list()
  call_kernel(.Call(ffi_nested_log_lik, model, groups, given$hyper, given$sigma, chosen - 1L))
}

# Roots of the chain of a posterior for any rows with its columns, as chain_cells(), and their
# labels.
roots_of_design <- function(design, posterior, stratum_of) {
  chain <- find_steps(groupings_of(posterior))[[1]]
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
  own <- groups_in_coordinates(factors$cells$factor, factors$strata$factor, posterior)
  encoded <- list(
    factor = own$cell_factor, rest = own$rest, rows = cells$rows, group = cells$group - 1L,
    stratum = as.integer(stratum_of(found$stratum$labels)[cells$stratum]) - 1L,
    log_weights = cell_log_weights(design$frame, found)
  )
  root <- found$groups[[chain[length(chain)]]]
  c(chain_cells(encoded, chain, levels_of_rows(found, chain)), root[c("labels", "display")])
}

# The chain of rows that need not be those of the fit.
levels_of_rows <- function(found, chain) {
  groupings <- lapply(found$groups, function(group) list(groups = group$labels))
  for (l in seq_along(chain)[-1]) {
    if (is.null(group_parents(found$cells, chain[l - 1], chain[l]))) {
      abort("A group of {.arg newdata} lies in several groups of another grouping, in which groups
             of the data lie in one.",
            i = 'Use {.code by = "row"}.')
    }
  }
  arrange_chain(chain, list(groupings = groupings, cells = found$cells))
}

# Those of cross-products that have kept the factors of [X y] of each cell.
roots_of_crossprods <- function(posterior) {
  chain <- find_steps(groupings_of(posterior))[[1]]
  cells <- cells_of(posterior)
  log_weights <- if (is.null(cells$log_weights)) numeric(length(cells$rows)) else cells$log_weights
  own <- groups_in_coordinates(cells$factor, checked_rest(posterior), posterior)
  encoded <- list(factor = own$cell_factor, rest = own$rest, rows = as.numeric(cells$rows),
                  group = cells$group - 1L, stratum = cells$stratum - 1L,
                  log_weights = log_weights)
  root <- groupings_of(posterior)[[chain[length(chain)]]]
  c(chain_cells(encoded, chain, arrange_chain(chain, posterior)),
    list(labels = root$groups, display = root$display))
}
