# Moments of cells: the query that sums columns by keys, and what its answer says.
#
#   keys          a data frame of the keys' values
#   n, weight     rows of each cell, and the sum of their weights
#   log_weights   sums of log weights, or NULL
#   mean          cells x columns, in the coordinates of `coordinates`
#   scatter       columns x columns x cells, about these means

# sums: what is summed, list(keys, v, given, weight, log_weight): texts in SQL, of which the weights
# may be NULL; about_means: of columns less the means of their cells, a second pass?
ask_moments <- function(table, sums, coordinates, most_cells, about_means = FALSE) {
  query <- moments_query(table, sums, coordinates, about_means)
  n_columns <- length(query$columns)
  if (n_columns > table$engine$columns) {
    abort("The model has {length(sums$v)} columns of numbers, the response among them, and a query
           of their products would have {n_columns} columns.",
          x = "{table$engine$label} gives at most {table$engine$columns}.",
          i = "Factors do not count. Read the rows in chunks: {.code ?crossprods}.")
  }
  answer <- ask(table, query$text, most_cells, function(n) refuse_cells(n, most_cells))
  read_moments(answer, sums, coordinates, about_means)
}

moments_query <- function(table, sums, coordinates, about_means) {
  k <- length(sums$v)
  u <- coordinate_texts(coordinates, sums$v)
  where <- c(table$where, sums$given)
  from <- table$from
  means <- NULL
  if (about_means) {
    same_cell <- c("(1 = 1)", sprintf("%s = relm_jg%d", sums$keys, seq_along(sums$keys)))
    from <- paste0(from, "\n", table$engine$join, " (", means_query(table, sums, u, where),
                   ") relm_means ON ", paste(same_cell, collapse = " AND "))
    u <- sprintf("(%s - relm_jm%d)", u, seq_len(k))
    means <- named(sprintf("MIN(relm_jm%d)", seq_len(k)), "m")
  }
  weighted <- if (is.null(sums$weight)) "SUM(%s)" else paste0("SUM(", sums$weight, " * %s)")
  pairs <- product_pairs(k)
  columns <- c(
    named(sums$keys, "g"), n = "COUNT(*)",
    if (!is.null(sums$weight)) c(w = sprintf("SUM(%s)", sums$weight),
                                 lw = sprintf("SUM(%s)", sums$log_weight)),
    means, named(sprintf(weighted, u), "s"),
    named(sprintf(weighted, paste(u[pairs[, 1]], "*", u[pairs[, 2]])), "p")
  )
  list(columns = columns, text = select_text(table, columns, where, sums$keys, from = from))
}

means_query <- function(table, sums, u, where) {
  means <- if (is.null(sums$weight)) sprintf("AVG(%s)", u)
    else sprintf("SUM(%s * %s) / SUM(%s)", sums$weight, u, sums$weight)
  select_text(table, c(named(sums$keys, "jg"), named(means, "jm")), where, sums$keys)
}

product_pairs <- function(k) which(upper.tri(diag(k), diag = TRUE), arr.ind = TRUE)

read_moments <- function(answer, sums, coordinates, about_means) {
  k <- length(sums$v)
  columns <- function(letter, n) {
    unname(matrix(as.double(unlist(answer[paste0(letter, seq_len(n))])), nrow(answer)))
  }
  n <- as.double(answer$n)
  weight <- if (is.null(sums$weight)) n else as.double(answer$w)
  first <- columns("s", k)
  pairs <- product_pairs(k)
  products <- columns("p", nrow(pairs))
  check_finite_sums(first, products, pairs, sums$names)
  mean <- first / weight
  scatter <- array(0, c(k, k, length(n)))
  for (r in seq_len(nrow(pairs))) {
    i <- pairs[r, 1]
    j <- pairs[r, 2]
    scatter[i, j, ] <- scatter[j, i, ] <- products[, r] - weight * mean[, i] * mean[, j]
  }
  about <- list(n = n, weight = weight, mean = mean, scatter = scatter)
  list(keys = unname(as.list(answer[seq_along(sums$keys)])), n = n, weight = weight,
       log_weights = if (!is.null(sums$weight)) as.double(answer$lw),
       mean = if (about_means) mean + columns("m", k) else mean, scatter = scatter,
       roots = scatter_roots(scatter, n, products[, pairs[, 1] == pairs[, 2], drop = FALSE]),
       lost = digits_lost(about), coordinates = coordinates)
}

check_finite_sums <- function(first, products, pairs, names) {
  infinite <- which(!is.finite(colSums(first)))
  if (length(infinite)) {
    abort("{.code {names[infinite[1]]}} must be finite.",
          i = "Take rows in which it is not out with {.arg subset}.")
  }
  if (!all_finite(products)) {
    abort("The data's squares overflow.", i = "Rescale the response or the predictors.")
  }
}

# How many times the squares that a cell's mean adds to those of its rows are what is left of these
# without it: so much of the digits is lost. Of the columns the worst, in nine of ten cells.
digits_lost <- function(moments) {
  k <- ncol(moments$mean)
  all <- vapply(seq_len(k), function(i) {
    own <- moments$scatter[i, i, ]
    told <- own > 0 & moments$n > 1
    if (!any(told)) return(0)
    ratio <- moments$weight[told] * moments$mean[told, i]^2 / own[told]
    stats::quantile(ratio, 0.9, names = FALSE)
  }, 0)
  max(all)
}

# A pivot below this share of the sum of squares that it comes from, times the square root of the
# number of rows, is rounding: ten times what sums of that many have at most, as a rule.
least_pivot <- 2e-15

# Upper triangular R, k x k x cells, with R'R the scatter: Cholesky without pivots. Of n rows about
# their mean no more than n - 1 are independent. squares: cells x columns, sums of squares that the
# scatter was made from, whose rounding is no scatter.
scatter_roots <- function(scatter, n, squares = diagonals_of(scatter)) {
  k <- dim(scatter)[1]
  R <- array(0, dim(scatter))
  rank <- numeric(length(n))
  for (i in seq_len(k)) {
    pivot <- scatter[i, i, ]
    is_left <- pivot > least_pivot * sqrt(n) * squares[, i] & pivot > 0 & rank < n - 1
    rank <- rank + is_left
    root <- sqrt(ifelse(is_left, pivot, 1))
    for (j in i:k) R[i, j, ] <- ifelse(is_left, scatter[i, j, ] / root, 0)
    for (a in seq_len(k)[-seq_len(i)]) {
      for (b in a:k) {
        scatter[a, b, ] <- scatter[b, a, ] <- scatter[a, b, ] - R[i, a, ] * R[i, b, ]
      }
    }
  }
  R
}

# Cells x columns.
diagonals_of <- function(scatter) {
  k <- dim(scatter)[1]
  matrix(aperm(scatter, c(3, 1, 2)), ncol = k^2)[, seq(1, k^2, by = k + 1), drop = FALSE]
}

# The roots of all cells as rows.
rows_of_roots <- function(roots) matrix(aperm(roots, c(1, 3, 2)), ncol = dim(roots)[2])

# The second pass -------------------------------------------------------------------------------

# Digits lost beyond which means of cells are found first, and products then summed about these.
most_lost <- 1e4

# Are two columns of the rows within cells nearly parallel in the coordinates that were chosen?
are_parallel <- function(roots) {
  R <- qr_factor(rows_of_roots(roots))
  share <- diag(R) / sqrt(colSums(R^2))
  any(share < nearly_parallel & share > 1e-12, na.rm = TRUE)
}

needs_second_pass <- function(moments) {
  moments$lost > most_lost || are_parallel(moments$roots)
}

# Coordinates by all rows.
better_coordinates <- function(moments) {
  old <- moments$coordinates
  mean <- colSums(moments$weight * moments$mean) / sum(moments$weight)
  own <- rows_of_roots(moments$roots)
  within <- from_coordinates(own, old)
  deviation <- sqrt(colSums(within^2) / sum(moments$weight))
  mean <- drop(from_coordinates(matrix(mean, 1), old)) + old$shift
  list(shift = short_shift(mean, deviation, mean),
       T = old$T %*% unit_triangle(qr_factor(own)))
}
