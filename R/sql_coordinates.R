# Coordinates in which products are summed: columns v less a shift s, times a unit upper triangular
# T, so that u = (v - s) T is about as long as what varies of it, and its columns far from parallel.
# Then no digits cancel. Both are found from the first rows; results do not depend on them.

# The share of a column that those before it leave, below which these are taken off.
nearly_parallel <- 1e-2

# V: rows x columns of the first rows.
new_coordinates <- function(V) {
  V <- V[rowSums(!is.finite(V)) == 0, , drop = FALSE]
  k <- ncol(V)
  if (nrow(V) == 0) return(list(shift = numeric(k), T = diag(k)))
  shift <- short_shift(colMeans(V), apply(V, 2, function(v) sqrt(mean((v - mean(v))^2))), V[1, ])
  centered <- sweep(V, 2, shift)
  list(shift = shift, T = unit_triangle(qr_factor(sweep(centered, 2, colMeans(centered)))))
}

# A mean with as many digits as its column's deviation asks for: an engine reads few digits right.
short_shift <- function(mean, deviation, first) {
  digits <- ceiling(log10(pmax(abs(mean), 1e-300) / pmax(deviation, 1e-300))) + 3
  ifelse(deviation > 1e-15 * abs(mean), signif(mean, pmin(pmax(digits, 3), 15)), first)
}

# Columns less their regression on those before them, where that takes most of them away. R: the
# triangular factor of centered columns.
unit_triangle <- function(R) {
  k <- ncol(R)
  T <- diag(k)
  lengths <- sqrt(colSums(R^2))
  for (j in seq_len(k)[-1]) {
    before <- which(diag(R)[seq_len(j - 1)] > 1e-8 * lengths[seq_len(j - 1)])
    if (length(before) == 0 || R[j, j] > nearly_parallel * lengths[j]) next
    own <- qr.coef(qr(R[, before, drop = FALSE], tol = 0), R[, j])
    if (all(is.finite(own))) T[before, j] <- -signif(own, 8)
  }
  T
}

# The columns u in SQL; v: their texts.
coordinate_texts <- function(coordinates, v) {
  shifted <- sprintf("(%s - %s)", v, sql_number(coordinates$shift))
  shifted[coordinates$shift == 0] <- v[coordinates$shift == 0]
  T <- coordinates$T
  vapply(seq_along(v), function(j) {
    others <- which(T[seq_len(j - 1), j] != 0)
    if (length(others) == 0) return(shifted[j])
    taken <- sprintf("%s * %s", sql_number(T[others, j]), shifted[others])
    paste0("(", paste(c(shifted[j], taken), collapse = " + "), ")")
  }, "")
}

# Rows of u as rows of v less their shift.
from_coordinates <- function(u, coordinates) {
  if (identical(coordinates$T, diag(ncol(coordinates$T)))) return(u)
  u %*% backsolve(coordinates$T, diag(ncol(coordinates$T)))
}
