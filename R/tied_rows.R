# Responses of which so many are alike that t residuals have no posterior.
#
# If s of n rows are fitted exactly by coefficients and effects that they fix in m directions, the
# likelihood near sigma = 0 is like sigma^(-s) for these, sigma^(nu (n - s)) for the others, and
# sigma^m for the coefficients. Under Jeffreys' prior it integrates if nu (n - s) > s - m, under one
# that is positive at 0 if nu (n - s) > s - m - 1 (Fernandez and Steel 1999 have the location model).
# nu may be as near to 1 as one likes.

check_tied_rows <- function(posterior) {
  if (!is_student(posterior) || !reaches_zero(posterior)) return(invisible())
  rows <- posterior$responses
  least <- if (has_fixed_df(posterior)) posterior$df[["shape"]] else 1
  spare <- as.numeric(posterior$sigma[["shape"]] != 0)
  strata <- if (is_pooled(posterior)) list(seq_along(rows$y))
    else split(seq_along(rows$y), rows$stratum)
  for (own in strata) {
    for (tied in tied_sets(rows, own, posterior)) {
      left <- least * (length(own) - length(tied))
      # What is fixed is found where it could decide.
      if (length(tied) - spare - 1 < left) next
      if (length(tied) - spare - fixed_directions(rows, tied) >= left) {
        refuse_tied(posterior, length(tied), length(own))
      }
    }
  }
}

# May sigma be near 0? Under an inverse gamma prior its density vanishes there.
reaches_zero <- function(posterior) {
  !has_fixed_sigma(posterior) && posterior$sigma[["rate"]] == 0
}

# Sets of rows that can be fitted exactly: those with the most frequent response, and, where all
# rows of a group are alike but for it, those with the most frequent one of each group.
tied_sets <- function(rows, own, posterior) {
  y <- rows$y[own] - rows$offset[own]
  sets <- list(most_frequent(y))
  if (posterior$intercepts[["X"]] == 0 && y[sets[[1]][1]] != 0) sets <- list(which(y == 0))
  for (g in seq_len(ncol(rows$group))) {
    group <- rows$group[own, g]
    first <- own[match(group, group)]
    alike <- all(rows$X[own, ] == rows$X[first, ]) && all(rows$Z[own, ] == rows$Z[first, ])
    if (!alike) next
    places <- split(seq_along(y), group)
    sets <- c(sets, list(unlist(lapply(places, function(place) place[most_frequent(y[place])]))))
  }
  lapply(sets, function(set) own[set])
}

most_frequent <- function(y) {
  codes <- match(y, y)
  which(codes == which.max(tabulate(codes)))
}

# In how many directions rows fix coefficients and effects: the rank of [X Z] over them, or where that
# takes too long the number of columns, which is no less.
most_entries <- 4e6

fixed_directions <- function(rows, chosen) {
  n_groups <- vapply(columns_of(rows$group[chosen, , drop = FALSE]), function(group) {
    length(unique(group))
  }, 0L)
  n_columns <- ncol(rows$X) + sum(n_groups) * ncol(rows$Z)
  if (as.numeric(n_columns) * length(chosen) > most_entries) return(min(n_columns, length(chosen)))
  of_groups <- lapply(seq_len(ncol(rows$group)), function(g) {
    group <- match(rows$group[chosen, g], unique(rows$group[chosen, g]))
    lapply(seq_len(ncol(rows$Z)), function(k) {
      block <- matrix(0, length(chosen), max(group))
      block[cbind(seq_along(chosen), group)] <- rows$Z[chosen, k]
      block
    })
  })
  columns <- do.call(cbind, c(list(rows$X[chosen, , drop = FALSE]),
                              unlist(of_groups, recursive = FALSE)))
  qr(columns)$rank
}

refuse_tied <- function(posterior, n_tied, n_rows) {
  abort("Too many responses are alike for t residuals.",
        x = "{n_tied} of {n_rows} can be fitted exactly, and as {.arg sigma} goes to zero the
             likelihood grows without bound: the posterior does not exist.",
        i = "Give {.arg sigma} a prior that keeps it from zero, such as {.code inverse_gamma(1, 1)},
             or use {.code family = gaussian()}.")
}
