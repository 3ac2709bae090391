# Sources that yield a data frame in chunks, and what makes of them what the data frame has.

# starts_over: has the function an argument `reset`?
chunks_of <- function(data, size, starts_over = TRUE) {
  starts <- if (nrow(data)) seq(1, nrow(data), by = size)
  pieces <- lapply(starts, function(start) {
    data[start:min(start + size - 1, nrow(data)), , drop = FALSE]
  })
  function_of(pieces, starts_over)
}

# A piece that is a function is called.
function_of <- function(pieces, starts_over = TRUE) {
  given <- 0
  give <- function() {
    given <<- given + 1
    if (given > length(pieces)) return(NULL)
    if (is.function(pieces[[given]])) pieces[[given]]() else pieces[[given]]
  }
  if (!starts_over) return(give)
  function(reset = FALSE) {
    if (!reset) return(give())
    given <<- 0
    NULL
  }
}

# Products of a cell's columns, q + p + 1 of them, and those of all rows by stratum: what no order
# of reflections changes.
products_of_cells <- function(crossprods) {
  factor <- crossprods$cells$factor
  q <- dim(factor)[1]
  lapply(seq_len(dim(factor)[3]), function(cell) {
    R <- matrix(factor[, , cell], q, dim(factor)[2])
    products <- crossprod(R)
    if (is.null(crossprods$cells$rest)) return(products[seq_len(q), , drop = FALSE])
    X <- q + seq_len(dim(crossprods$cells$rest)[1])
    products[X, X] <- products[X, X] + crossprod(crossprods$cells$rest[, , cell])
    products
  })
}

products_of_strata <- function(crossprods) {
  factor <- crossprods$cells$factor
  q <- dim(factor)[1]
  X <- q + seq_len(dim(factor)[2] - q)
  lapply(seq_len(dim(crossprods$strata$factor)[3]), function(s) {
    own <- factor[, X, crossprods$cells$stratum == s, drop = FALSE]
    rows <- matrix(aperm(own, c(1, 3, 2)), ncol = length(X))
    crossprod(rows) + crossprod(crossprods$strata$factor[, , s])
  })
}

# With another shift; factors are then no longer triangular.
with_shift <- function(crossprods, shift) {
  q <- dim(crossprods$cells$factor)[1]
  X <- q + seq_len(length(shift) - q)
  back <- crossprods$shift - shift
  give <- function(factors, back, q) {
    for (k in seq_len(dim(factors)[3])) {
      rows <- matrix(factors[, , k], dim(factors)[1], dim(factors)[2])
      factors[, , k] <- shift_columns(rows, back, crossprods$intercepts * c(1, q > 0), q)
    }
    factors
  }
  crossprods$cells$factor <- give(crossprods$cells$factor, back, q)
  crossprods$strata$factor <- give(crossprods$strata$factor, back[X], 0)
  if (!is.null(crossprods$cells$rest)) {
    crossprods$cells$rest <- give(crossprods$cells$rest, back[X], 0)
  }
  crossprods
}

# The largest difference relative to the lengths of the columns.
expect_near <- function(products, expected, lengths, tolerance) {
  differences <- mapply(function(a, b) {
    max(abs(a - b) / outer(lengths[seq_len(nrow(b))], lengths), 0)
  }, products, expected)
  testthat::expect_lt(max(differences, 0), tolerance)
}

# Two cross-products of the same rows, of which one came in other chunks.
expect_same_crossprods <- function(read, whole, tolerance = 1e-10) {
  plain <- function(x) {
    x[c("schema", "shift")] <- NULL
    x$cells[c("factor", "rest")] <- x$strata["factor"] <- NULL
    unclass(x)
  }
  testthat::expect_equal(plain(read), plain(whole), tolerance = 1e-12)
  testthat::expect_identical(is.null(read$cells$rest), is.null(whole$cells$rest))
  if (!identical(read$shift, whole$shift)) read <- with_shift(read, whole$shift)
  of_strata <- products_of_strata(whole)
  lengths <- pmax(sqrt(Reduce(`+`, lapply(of_strata, diag))), 1e-100)
  expect_near(products_of_strata(read), of_strata, lengths, tolerance)
  Z <- seq_len(dim(whole$cells$factor)[1])
  lengths <- c(vapply(Z, function(k) sqrt(sum(whole$cells$factor[, k, ]^2)), 0), lengths)
  expect_near(products_of_cells(read), products_of_cells(whole), lengths, tolerance)
  invisible(read)
}

# Draws of both fits, in standard deviations of those of the data frame.
expect_same_draws <- function(read, whole, tolerance = 1e-8) {
  a <- as.matrix(read)
  b <- as.matrix(whole)
  testthat::expect_identical(colnames(a), colnames(b))
  testthat::expect_lt(max(abs(a - b) / rep(apply(b, 2, stats::sd), each = nrow(b))), tolerance)
}
