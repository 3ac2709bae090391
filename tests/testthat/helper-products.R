# Products of cross-products, against those of the rows.

# Z'Z, Z'X, Z'y of one group from the factor, unshifted.
group_products <- function(crossprods, group) {
  q <- n_random(crossprods)
  p <- length(crossprods$fixed)
  cells <- which(crossprods$cells$group == group)
  factor <- matrix(aperm(crossprods$cells$factor[, , cells, drop = FALSE], c(1, 3, 2)),
                   ncol = q + p + 1)
  raw <- shift_columns(factor, crossprods$shift, crossprods$intercepts, q)
  crossprod(raw[, seq_len(q), drop = FALSE], raw)
}

total_products <- function(crossprods) {
  p <- length(crossprods$fixed)
  total <- total_factor(crossprods)
  shift <- utils::tail(crossprods$shift, p + 1)
  crossprod(shift_columns(total, shift, c(X = crossprods$intercepts[["X"]], Z = 0), 0))
}

expect_products <- function(crossprods, design) {
  rows <- rows_of(design)
  w <- if (is.null(rows$weights)) 1 else rows$weights
  all <- cbind(rows$X, rows$y)
  expect_equal(unname(total_products(crossprods)), unname(crossprod(all, w * all)),
               tolerance = 1e-12)
  group <- groups_in(design$factors$group)
  for (label in group$labels) {
    own <- group$index == match(label, group$labels)
    Z <- rows$Z[own, , drop = FALSE]
    expected <- crossprod(Z, (if (length(w) > 1) w[own] else 1) * cbind(Z, all[own, ]))
    expect_equal(unname(group_products(crossprods, match(label, grouping_of(crossprods)$groups))),
                 unname(expected), tolerance = 1e-12)
  }
}
