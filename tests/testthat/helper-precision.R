# Arithmetic in 300 bits, where double precision cannot tell.

mp <- function(x) Rmpfr::mpfr(x, 300)

# Cholesky's elimination, V = U'U, on the rows of [V B], which become those of
# [U, U'^-1 B]. A matrix is a list of its rows.
mp_factor <- function(rows) {
  for (k in seq_along(rows)) {
    rows[[k]] <- rows[[k]] / sqrt(rows[[k]][k])
    for (l in seq_along(rows)[-seq_len(k)]) {
      rows[[l]] <- rows[[l]] - rows[[k]][l] * rows[[k]]
    }
  }
  rows
}
