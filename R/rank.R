# Ranks of the columns of Z beside those of X, judged against rounding errors.

# Of each grouping alone its posterior and the raw factors of its cells, made when first asked for.
alone_of <- function(posterior) {
  made <- vector("list", length(groupings_of(posterior)))
  function(g) {
    if (is.null(made[[g]])) {
      one <- one_grouping(posterior, g)
      made[[g]] <<- list(posterior = one, factor = raw_cell_factor(one))
    }
    made[[g]]
  }
}

# Least squares of y on the columns of X that are more than rounding error, in a
# factor of [X y]: their rank and the residual's length.
reduced_fit <- function(factor, lengths) {
  p <- ncol(factor) - 1
  X <- factor[, seq_len(p), drop = FALSE]
  kept <- sqrt(colSums(X^2)) > 1e-8 * lengths[seq_len(p)]
  if (!any(kept)) return(list(rank = 0L, residual = sqrt(sum(factor[, p + 1]^2))))
  fit <- stats::.lm.fit(X[, kept, drop = FALSE], factor[, p + 1], tol = 1e-7)
  list(rank = fit$rank, residual = sqrt(sum(fit$residuals^2)))
}

# Of a model of one grouping --------------------------------------------------------------------

# t_S = rank[X Z_S] - rank X, over the columns of X with a flat prior.
extra_rank <- function(posterior, factor, set, flat, lengths = column_lengths(posterior)) {
  beside <- rank_beside(posterior, factor, set)
  p <- length(lengths) - 1
  columns <- c(flat, p + 1)
  residual <- reduced_fit(beside$residual[, columns, drop = FALSE], lengths[columns])
  beside$rank + residual$rank - length(flat)
}

rank_beside <- function(posterior, factor, set) {
  p <- length(posterior$fixed)
  rest <- strata_of(posterior)$factor
  if (dim(rest)[3] > 1) rest <- qr_factor(matrix(aperm(rest, c(1, 3, 2)), ncol = p + 1))
  beside <- .Call(ffi_rank_beside, factor, rest, group_start(posterior),
                  as.integer(set) - 1L, random_lengths(posterior, factor, set))
  dim(beside$residual) <- c(p + 1, p + 1)
  beside
}

# Lengths of these columns of Z over all rows, with their shift, whose rounding they carry.
random_lengths <- function(posterior, factor, columns) {
  squares <- vapply(columns, function(k) sum(factor[, k, ]^2), 0)
  sqrt(squares + posterior$n_rows * posterior$shift[columns]^2)
}

# Of several groupings --------------------------------------------------------------------------

# The groups of a grouping in which a column, the one at this place among those of all, is not zero.
groups_with <- function(posterior, g, place) {
  factor <- posterior$cells$factor
  q <- dim(factor)[1]
  column <- matrix(factor[, place, ], q)
  shift <- posterior$shift[place]
  if (shift != 0) column <- column + shift * matrix(factor[, posterior$intercepts[["Z"]], ], q)
  squares <- if (q == 1) as.numeric(column^2) else colSums(column^2)
  zero <- 1e-24 * (sum(squares) + posterior$n_rows * shift^2)
  grouping <- posterior$groupings[[g]]
  which(tabulate(posterior$cells$group[squares > zero, g], length(grouping$groups)) > 0)
}

# Columns that a set's random columns, a dummy for each group, may take in one triangular factor.
most_dummies <- 1000

# The triangular factor of these random columns, of any groupings, with a dummy for each group in
# which they are not zero, and of the columns of X with a flat prior; NULL where there are too many.
# columns: list(grouping, place). Groups in which all are zero count as one.
joint_factor <- function(posterior, columns, flat) {
  active <- Map(groups_with, list(posterior), columns$grouping, columns$place)
  if (sum(lengths(active)) + length(flat) > most_dummies) return(NULL)
  groupings <- unique(columns$grouping)
  places <- unique(columns$place)
  some <- lapply(groupings, function(g) sort(unique(unlist(active[columns$grouping == g]))))
  codes <- Map(function(g, own) match(posterior$cells$group[, g], own, nomatch = 0L) + 1L,
               groupings, some)
  crossed <- cross_codes(codes, lengths(some) + 1L)
  merged <- merge_cells(posterior, places, list(
    cell = crossed$code, stratum = rep(1L, length(crossed$places[[1]]))
  ))
  q <- length(places)
  rows <- matrix(aperm(merged$factor, c(1, 3, 2)), nrow = q * dim(merged$factor)[3])
  intercept <- match(posterior$intercepts[["Z"]], places, nomatch = 0L)
  rows <- shift_columns(rows, merged$shift, c(X = 0, Z = intercept), q)
  dummies <- Map(function(g, place, own) {
    k <- match(g, groupings)
    group <- c(NA, some[[k]])[crossed$places[[k]]]
    list(value = rows[, match(place, places)], column = rep(match(group, own), each = q))
  }, columns$grouping, columns$place, active)
  X <- rows[, q + flat, drop = FALSE]
  left <- matrix(aperm(merged$left, c(1, 3, 2)), ncol = dim(merged$left)[2])
  list(factor = factor_with_dummies(dummies, lengths(active), X, left[, flat, drop = FALSE]),
       of_column = rep(seq_along(active), lengths(active)))
}

# dummies: for each random column its `value` in each row, and the `column`, of so many, that this
# is in, or NA. of_strata: rows of X in which Z is zero.
factor_with_dummies <- function(dummies, sizes, X, of_strata) {
  before <- cumsum(sizes) - sizes
  n <- sum(sizes)
  factor <- qr_factor(cbind(matrix(0, nrow(of_strata), n), of_strata))
  for (some in pieces_of(nrow(X), 4 * most_dummies)) {
    Z <- matrix(0, length(some), n)
    for (k in seq_along(dummies)) {
      there <- which(!is.na(dummies[[k]]$column[some]))
      place <- cbind(there, before[k] + dummies[[k]]$column[some][there])
      Z[place] <- dummies[[k]]$value[some][there]
    }
    factor <- qr_factor(rbind(factor, cbind(Z, X[some, , drop = FALSE])))
  }
  factor
}

# What rank_beside() finds, of some of the random columns of a joint factor: their rank, and what
# they leave of the columns of X with a flat prior.
joint_beside <- function(joint, set) {
  n <- length(joint$of_column)
  fit <- qr(joint$factor[, which(joint$of_column %in% set), drop = FALSE], tol = 1e-7)
  X <- joint$factor[, seq_len(ncol(joint$factor) - n) + n, drop = FALSE]
  left <- qr.qty(fit, X)
  list(rank = fit$rank, residual = left[-seq_len(fit$rank), , drop = FALSE])
}

# t_S across groupings. lengths: of the columns of X with a flat prior.
joint_rank <- function(joint, set, lengths) {
  beside <- joint_beside(joint, set)
  residual <- reduced_fit(cbind(beside$residual, 0), c(lengths, 1))
  beside$rank + residual$rank - ncol(beside$residual)
}
