# A table of the collapsed target, for proposals in up to three dimensions: table_t in
# src/table.h. It is only a proposal: the sampler accepts by the target itself.

# Nodes along each axis at which the target is evaluated, by the number of axes, and how much
# finer the table's own nodes are. Between the former log densities are interpolated by cubics,
# exactly where they are quadratic; between the latter, densities by lines.
table_nodes <- c(21L, 11L, 13L)
table_fineness <- c(6L, 4L, 2L)

# Three axes have more nodes, and more again, where the posterior is a ridge that these miss: where a
# smaller share of the proposals would be accepted. Where a bound of a prior cuts across the axes the
# table serves badly: below the second share it does not serve.
more_nodes <- list(c(nodes = 17L, fineness = 2L), c(nodes = 21L, fineness = 3L))
enough_accepted <- c(fine = 0.88, usable = 0.5)

# Share of the heavy-tailed density.
table_defence <- c(0.001, 0.005, 0.01)

# How far below its maximum the log density may be left to it: there a point weighs about four
# times as much as the mean one, and less than one draw in ten thousand lies beyond. Further down,
# the nodes would lie further apart where the draws are.
table_depth <- 9

table_fits <- function(tuning) {
  role_of(tuning) != "given" && length(tuning$center) <= length(table_nodes)
}

# A tuning with its table; NULL where that does not serve.
tabulate_target <- function(model, tuning, estimate) {
  n <- length(tuning$center)
  tuning[c("n_independent", "n_ellipse")] <- c(1L, 0L)
  target <- function(points, model) log_target(model, tuning, points, estimate$sigma2)
  sd <- sqrt(diag(chol2inv(tuning$root))) / proposal_width
  box <- find_table_box(function(points) target(points, model), tuning$center, sd,
                        length(tuning$scale))
  if (is.null(box)) return(NULL)
  tabulate <- function(nodes, fineness) {
    grid <- c(table_axes(box, rep(nodes, n)), fineness = fineness)
    # The target without the bounds of its priors, which have no place in a cubic.
    grid$values <- target(grid_points(grid$low, grid$step, grid$size), without_bounds(model))
    tuning$table <- table_from_grid(grid, model, tuning)
    tuning
  }
  tuning <- tabulate(table_nodes[n], table_fineness[n])
  # One or two axes without bounds need no check.
  bounded <- !identical(without_bounds(model), model)
  if (n < 3 && !with_coordinate(tuning) && !bounded) return(tuning)
  accepted <- function(tuning) {
    max(0, weigh_proposals(model, tuning, estimate$sigma2, 200, 1L)$accepted_share)
  }
  share <- accepted(tuning)
  for (more in more_nodes) {
    if (n < 3 || share >= enough_accepted[["fine"]]) break
    tuning <- tabulate(more[["nodes"]], more[["fineness"]])
    share <- accepted(tuning)
  }
  if (share >= enough_accepted[["usable"]]) tuning
}

# The table that the target's values on a grid give; the grid, which is far smaller, is kept to
# make it again. Fits of version 0.1.0 do not say how fine theirs was.
table_from_grid <- function(coarse, model, tuning) {
  n <- length(coarse$size)
  fineness <- if (is.null(coarse$fineness)) c(8L, 5L, 3L)[n] else coarse$fineness
  grid <- refine_grid(coarse, fineness)
  weights <- exp(grid$values - max(grid$values))
  if (!identical(without_bounds(model), model)) {
    weights <- weights * near_bounds(grid, model, tuning)
  }
  c(list(size = grid$size, low = grid$low, step = grid$step,
         center = grid$low + grid$step * (grid$size - 1) / 2,
         spread = grid$step * grid$size / 4, defence = table_defence[n],
         density = weights / sum(weights) / prod(grid$step), grid = coarse),
    # For all chains.
    .Call(ffi_make_aliases, weights))
}

# Log densities so far below the greatest weigh nothing, and are not let into a cubic.
table_floor <- 50

# A grid with nodes `fineness` times as dense: an axis that starts half a step from 0, where the
# density is even, goes on to do so.
refine_grid <- function(grid, fineness) {
  n <- length(grid$size)
  greatest <- max(grid$values)
  values <- array(pmax(grid$values, greatest - table_floor), grid$size)
  weights <- list()
  mirrored <- is_mirrored_axis(grid)
  for (k in seq_len(n)) {
    # Each turn interpolates the first axis and makes it the last.
    alike <- match(TRUE, grid$size[k] == grid$size & mirrored[k] == mirrored)
    if (alike == k) weights[[k]] <- cubic_weights(grid$size[k], fineness, mirrored[k])
    values <- crossprod_last(weights[[alike]], values)
  }
  size <- ifelse(mirrored, fineness * grid$size - fineness %/% 2L,
                 fineness * (grid$size - 1L) + 1L)
  step <- grid$step / fineness
  list(values = as.numeric(values), size = as.integer(size), step = step,
       low = ifelse(mirrored, step / 2, grid$low))
}

# Fits of version 0.1.0 do not say, and took a correlation that began just above 0 for one.
is_mirrored_axis <- function(grid) {
  if (!is.null(grid$mirrored)) return(grid$mirrored)
  grid$low > 0 & grid$low < 0.75 * grid$step
}

# With values m x ..., interpolated along their first axis, which becomes the last.
crossprod_last <- function(weights, values) {
  size <- dim(values)
  values <- matrix(values, size[1])
  array(t(weights %*% values), c(size[-1], nrow(weights)))
}

# Lagrange's cubic through the four nodes around each finer node: finer nodes x nodes. At an
# end the four nodes are the last four, or go on beyond 0 in mirror image.
cubic_weights <- function(size, fineness, mirrored) {
  finer <- if (mirrored) seq_len(fineness * size - fineness %/% 2L) - 0.5
    else seq_len(fineness * (size - 1L) + 1L) - 1
  t <- finer / fineness - if (mirrored) 0.5 else 0
  first <- pmin(pmax(floor(t) - 1, if (mirrored) -2 else 0), size - 4)
  weights <- numeric(length(t) * size)
  for (i in 0:3) {
    node <- first + i
    weight <- 1
    for (o in (0:3)[-(i + 1)]) weight <- weight * (t - first - o) / (i - o)
    column <- abs(node) + (node >= 0)
    place <- seq_along(t) + length(t) * (column - 1)
    weights[place] <- weights[place] + weight
  }
  matrix(weights, length(t))
}

# The points of a grid, n x points, the first axis fastest.
grid_points <- function(low, step, size) {
  n <- prod(size)
  each <- cumprod(c(1, size))
  points <- matrix(0, length(size), n)
  for (k in seq_along(size)) {
    points[k, ] <- rep_len(rep(low[k] + step[k] * (seq_len(size[k]) - 1), each = each[k]), n)
  }
  points
}

# A box that holds all but e^-depth of the density's height: from wide around the mode, it
# shrinks and grows until a coarse grid fits it. The first `n_even` axes, in which the density is
# even, begin at 0.
find_table_box <- function(target, center, sd, n_even, nodes = c(25, 11, 7),
                           depth = table_depth) {
  n <- length(center)
  floor <- c(numeric(n_even), rep(-Inf, n - n_even))
  low <- pmax(center - 5 * sd, floor)
  high <- center + 5 * sd
  size <- rep(nodes[n], n)
  for (round in 1:20) {
    step <- (high - low) / (size - 1)
    values <- target(grid_points(low, step, size))
    values[is.nan(values)] <- -Inf
    if (!is.finite(max(values))) return(NULL)
    inside <- arrayInd(which(values > max(values) - depth), size)
    first <- apply(inside, 2, min)
    last <- apply(inside, 2, max)
    grows <- (first == 1 & low > floor) | last == size
    new_low <- pmax(low + (first - 2) * step, floor)
    new_high <- low + last * step
    new_low[first == 1] <- pmax(low - 0.4 * (high - low), floor)[first == 1]
    new_high[last == size] <- (high + 0.4 * (high - low))[last == size]
    settled <- !any(grows) && all(new_high - new_low > 0.75 * (high - low))
    low <- new_low
    high <- new_high
    if (settled) break
  }
  list(low = low, high = high, floor = floor)
}

# Nodes that fill a box; an axis that comes near 0 from above starts half a step from it.
table_axes <- function(box, size) {
  step <- (box$high - box$low) / (size - 1)
  low <- box$low
  mirrored <- box$floor == 0 & low < step
  step[mirrored] <- (box$high / (size - 0.5))[mirrored]
  low[mirrored] <- step[mirrored] / 2
  list(low = low, step = step, size = size, mirrored = mirrored)
}

# Which nodes lie within the bounds of the priors or one node beyond, so that the density does
# not fall to zero before a bound.
near_bounds <- function(grid, model, tuning) {
  points <- grid_points(grid$low, grid$step, grid$size) - grid$step
  sigma <- if (with_coordinate(tuning)) exp(points[nrow(points), ]) else fixed_sigma(model)
  within <- sigma < sigma_bound(model) | !with_coordinate(tuning)
  upper <- sd_bounds(grouping_of_step(model, tuning$step))
  for (k in seq_along(upper)) {
    within <- within & tuning$scale[k] * sinh(points[k, ]) * sigma < upper[k]
  }
  within
}
