# Triangular factors [R C c] and [X y] of cross-products: sums, shifts, lengths, coordinates.

change_coordinates <- function(factors, n_random, intercept, shift, A, offset) {
  .Call(ffi_change_coordinates, factors, as.integer(n_random), as.integer(intercept) - 1L,
        as.numeric(shift), A, as.numeric(offset))
}

# The cells' factors with the columns of Z as given, not shifted; cells of a group
# are neighbours.
raw_cell_factor <- function(posterior) {
  q <- n_cell_columns(posterior)
  p <- length(posterior$fixed)
  change_coordinates(cells_of(posterior)$factor, q, posterior$intercepts[["Z"]],
                     posterior$shift[seq_len(q)], diag(p), numeric(p))
}

group_start <- function(posterior) {
  if (!has_groups(posterior)) return(0L)
  c(0L, cumsum(tabulate(cells_of(posterior)$group, n_groups(posterior))))
}

# The triangular factor of [X y] over all rows, unshifted.
total_factor <- function(crossprods) {
  p <- length(crossprods$fixed)
  totals <- stratum_totals(crossprods)
  total <- if (dim(totals)[3] == 1) totals[, , 1] else {
    qr_factor(matrix(aperm(totals, c(1, 3, 2)), ncol = p + 1))
  }
  matrix(total, p + 1, p + 1)
}

# Factors of [X y] over the rows of each residual variance.
stratum_totals <- function(crossprods) {
  .Call(ffi_stratum_totals, cells_of(crossprods)$factor, strata_of(crossprods)$factor,
        cells_of(crossprods)$stratum - 1L)
}

# Lengths of the columns of X before their shift was taken off.
raw_lengths <- function(factor, shift) {
  X <- seq_along(shift)
  sqrt(colSums((factor[, X, drop = FALSE] + tcrossprod(factor[, 1], shift))^2))
}

# Lengths of the columns of [X y], against which rounding errors are judged. A column of X that has
# been shifted carries those of its own digits alone, 1e-12 of its length without the shift.
column_lengths <- function(posterior) {
  factor <- total_factor(posterior)
  X <- seq_along(posterior$fixed)
  shifted <- sqrt(colSums(factor^2))
  if (posterior$intercepts[["X"]] == 0) return(shifted)
  c(pmax(shifted[X], 1e-4 * raw_lengths(factor, x_shift(posterior))), shifted[-X])
}

# Upper triangular R with R'R = x'x and a nonnegative diagonal.
qr_factor <- function(x) {
  # A triangular x has its factor in it, to the last bit of a decomposition.
  if (nrow(x) >= ncol(x) && !any(x[lower.tri(x)] != 0)) {
    x <- x[seq_len(ncol(x)), , drop = FALSE]
    return(x * ifelse(diag(x) < 0, -1, 1))
  }
  R <- stats::.lm.fit(x, numeric(nrow(x)), tol = 0)$qr
  R <- R[seq_len(min(dim(R))), , drop = FALSE]
  R[lower.tri(R)] <- 0
  if (nrow(R) < ncol(R)) R <- rbind(R, matrix(0, ncol(R) - nrow(R), ncol(R)))
  R * ifelse(diag(R) < 0, -1, 1)
}

x_shift <- function(crossprods) {
  crossprods$shift[n_cell_columns(crossprods) + seq_along(crossprods$fixed)]
}

y_shift <- function(crossprods) crossprods$shift[length(crossprods$shift)]

# With the columns of X as given, not shifted, in all factors.
unshift_fixed <- function(posterior) {
  q <- n_cell_columns(posterior)
  shift <- x_shift(posterior)
  unshift <- function(factors, before) {
    for (l in which(shift != 0)) {
      factors[, before + l, ] <- factors[, before + l, ] + shift[l] * factors[, before + 1, ]
    }
    factors
  }
  posterior$cells$factor <- unshift(posterior$cells$factor, q)
  posterior$strata$factor <- unshift(posterior$strata$factor, 0)
  posterior$shift[q + seq_along(shift)] <- 0
  posterior
}

# Rows of [X Z] with the shift that the cross-products were made with.
shift_rows <- function(rows, posterior) {
  q <- n_cell_columns(posterior)
  p <- length(posterior$fixed)
  X <- seq_len(p)
  Z <- p + seq_len(q)
  shifted <- rows
  if (posterior$intercepts[["X"]] > 0) {
    shifted[, X] <- rows[, X] - outer(rows[, 1], x_shift(posterior))
  }
  if (posterior$intercepts[["Z"]] > 0) {
    intercept <- rows[, p + posterior$intercepts[["Z"]]]
    shifted[, Z] <- rows[, Z] - outer(intercept, posterior$shift[seq_len(q)])
  }
  shifted
}

slice_last <- function(factors) factors[, dim(factors)[2], ]
