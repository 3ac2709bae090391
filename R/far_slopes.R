# Random slopes of columns that lie far from zero.
#
# A group's intercept is its mean at x = 0. Where a line is told at values of x about m with a
# standard deviation s, its intercept and slope are told with the correlation
# -m / sqrt(m^2 + s^2): -.995 for m = 10 s.

# How many standard deviations away from zero a column lies far.
far_away <- 10

tell_far_slopes <- function(posterior) {
  for (g in seq_along(groupings_of(posterior))) tell_far_slopes_of(posterior, g)
}

tell_far_slopes_of <- function(posterior, g) {
  ratio <- slope_distances(posterior, g)
  far <- which(ratio$distance > far_away)
  if (length(far) == 0) return(invisible())
  k <- far[1]
  grouping <- groupings_of(posterior)[[g]]
  column <- grouping$random$column[k]
  center <- signif(ratio$mean[k], 1 + ceiling(log10(ratio$distance[k])))
  others <- grouping$random$column[far[-1]]
  beside <- if (length(others)) cli::format_inline(" (and so {.code {others}})")
  where <- if (has_several(posterior)) cli::format_inline(" in {.code {grouping$name}}")
  inform("{.code {column}} has a random slope{where} and lies far from zero, at
          {format(ratio$mean[k], digits = 4)} with a standard deviation of
          {format(ratio$sd[k], digits = 2)} within groups{beside}: the intercepts are those at zero,
          whose standard deviation is large and whose correlation with the slopes is close to -1 or
          1.",
         i = "Center it: {.code I({column} - {format(center, scientific = FALSE)})}.")
}

# For each random column of a grouping its mean, its standard deviation within groups, and how many
# of these the mean is away from zero; 0 where there is no intercept beside it.
slope_distances <- function(posterior, g = 1) {
  places <- places_in_cells(posterior, g)
  q <- length(places)
  intercept <- match(posterior$intercepts[["Z"]], places, nomatch = 0L)
  result <- list(mean = numeric(q), sd = numeric(q), distance = numeric(q))
  if (q == 0 || intercept == 0) return(result)
  cells <- cells_of(posterior)
  group <- if (has_several(posterior)) cells$group[, g] else cells$group
  sums <- function(k, l) {
    products <- cells$factor[, places[k], , drop = FALSE] *
      cells$factor[, places[l], , drop = FALSE]
    as.numeric(rowsum(colSums(matrix(products, dim(cells$factor)[1])), group))
  }
  n <- sums(intercept, intercept)
  for (k in setdiff(seq_len(q), intercept)) {
    total <- sums(intercept, k)
    square <- sums(k, k)
    within <- sum(square - total^2 / n)
    whole <- sum(square) - sum(total)^2 / sum(n)
    # Where it is the same within each group, between them.
    deviation <- if (within > 1e-10 * whole) within else whole
    result$mean[k] <- posterior$shift[places[k]] + sum(total) / sum(n)
    result$sd[k] <- sqrt(max(deviation, 0) / sum(n))
    varies <- result$sd[k] > 1e-8 * abs(result$mean[k])
    if (varies) result$distance[k] <- abs(result$mean[k]) / result$sd[k]
  }
  result
}
