# Which grouping's effects have a coefficient for their mean, in the centered parameterization.

# For each grouping its random columns, by their places, that do. A column of X that several
# groupings have is the mean of but one: of the one with the fewest groups, from which most of what is
# not known of the coefficient comes, Sigma / J; of those with as many groups of the one that lies
# highest in its chain, and then of the first. In a chain it is the topmost that has the column.
centered_columns <- function(groupings) {
  paired <- lapply(groupings, function(grouping) grouping$random$paired)
  sizes <- vapply(groupings, function(grouping) length(grouping$groups), 0L)
  means <- lapply(paired, function(x) integer())
  for (coef in sort(unique(unlist(paired)))) {
    having <- which(vapply(paired, function(x) coef %in% x, NA))
    g <- having[order(sizes[having], -height_in_chain(groupings)[having])[1]]
    means[[g]] <- c(means[[g]], match(coef, paired[[g]]))
  }
  lapply(means, sort)
}

# 1 for a leaf, 2 for the grouping that it lies in, and so on.
height_in_chain <- function(groupings) {
  height <- integer(length(groupings))
  for (step in find_steps(groupings)) height[step] <- seq_along(step)
  height
}
