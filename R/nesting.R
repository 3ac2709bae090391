# Which groupings are nested in which: found from the groups of the rows, whatever their names are.

# The groupings with the numbers of their parents: of those that each lies in, the one with the most
# groups. Of two with the same groups the first is the parent.
with_parents <- function(groupings, cells) {
  if (length(groupings) < 2) return(groupings)
  sizes <- vapply(groupings, function(grouping) length(grouping$groups), 0L)
  for (g in seq_along(groupings)) {
    above <- Filter(function(h) {
      (sizes[h] < sizes[g] || sizes[h] == sizes[g] && h < g) &&
        !is.null(group_parents(cells, g, h))
    }, setdiff(seq_along(groupings), g))
    if (length(above)) groupings[[g]]$parent <- above[which.max(sizes[above])]
  }
  groupings
}

# The group of grouping h that each group of grouping g lies in; NULL where one lies in several.
group_parents <- function(cells, g, h) {
  child <- cells$group[, g]
  parent <- integer(max(child))
  parent[child] <- cells$group[, h]
  if (all(parent[child] == cells$group[, h])) parent
}
