# A table of the collapsed target, for proposals in up to three dimensions: table_t in
# src/table.h. It is only a proposal: the sampler accepts by the target itself.

# Nodes along each axis, by the number of axes. Steps are a quarter to four fifths of a
# standard deviation, where linear interpolation is wrong by some per cent of the density.
table_nodes <- c(300L, 24L, 15L)

# Share of the heavy-tailed density.
table_defence <- c(0.001, 0.005, 0.01)

# How far below its maximum the log density may be left to it.
table_depth <- 13

table_pays <- function(tuning, sweeps) {
  n <- length(tuning$center)
  tuning$sigma_role != 2L && n <= length(table_nodes) && 1.3 * table_nodes[n]^n < sweeps
}

tabulate_target <- function(model, tuning, estimate) {
  n <- length(tuning$center)
  target <- function(points, model) log_target(model, tuning, points, estimate$sigma2)
  box <- find_table_box(function(points) target(points, model), tuning)
  axes <- table_axes(box, rep(table_nodes[n], n))
  points <- grid_points(axes$low, axes$step, axes$size)
  values <- target(points, model)
  free <- without_bounds(model)
  if (!identical(free, model)) values <- extend_beyond_bounds(values, target(points, free), axes$size)
  weights <- exp(values - max(values))
  weights[!is.finite(weights)] <- 0
  list(size = axes$size, low = axes$low, step = axes$step,
       center = axes$low + axes$step * (axes$size - 1) / 2,
       spread = axes$step * axes$size / 4, defence = table_defence[n],
       density = weights / sum(weights) / prod(axes$step))
}

# The points of a grid, n x points, the first axis fastest.
grid_points <- function(low, step, size) {
  sides <- lapply(seq_along(low), function(k) low[k] + step[k] * (seq_len(size[k]) - 1))
  t(unname(as.matrix(expand.grid(sides))))
}

# A box that holds all but e^-depth of the density's height: from wide around the mode, it
# shrinks and grows until a coarse grid fits it.
find_table_box <- function(target, tuning, nodes = c(25, 11, 7)) {
  n <- length(tuning$center)
  floor <- c(numeric(length(tuning$scale)), rep(-Inf, n - length(tuning$scale)))
  sd <- sqrt(diag(chol2inv(tuning$root))) / proposal_width
  low <- pmax(tuning$center - 5 * sd, floor)
  high <- tuning$center + 5 * sd
  size <- rep(nodes[n], n)
  for (round in 1:20) {
    step <- (high - low) / (size - 1)
    values <- target(grid_points(low, step, size))
    inside <- arrayInd(which(values > max(values) - table_depth), size)
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
  list(low = low, step = step, size = size)
}

# Beyond a bound of the prior the density is taken on for one node, so that it does not
# fall to zero before the bound.
extend_beyond_bounds <- function(values, free, size) {
  within <- array(is.finite(values), size)
  wide <- within
  for (k in seq_along(size)) {
    margin <- asplit(wide, k)
    near <- lapply(seq_len(size[k]), function(i) {
      Reduce(`|`, margin[intersect(i + -1:1, seq_len(size[k]))])
    })
    wide <- aperm(array(unlist(near), c(size[-k], size[k])),
                  order(c(seq_along(size)[-k], k)))
  }
  ifelse(within, values, ifelse(wide, free, -Inf))
}
