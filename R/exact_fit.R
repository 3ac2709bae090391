# Do the columns of a model fit its rows exactly, and are there rows to spare?

# A residual variance whose prior does not keep it away from zero needs a residual that is not
# zero. As sigma goes to 0 an exact fit's p(sigma | y) goes like p(sigma) sigma^-(n - rank): a
# bounded p(sigma) survives n = rank, as many columns as rows; Jeffreys' does not. Pooled, the
# sigmas are s^2 over proportions with a Dirichlet(nu/2, ..., nu/2) distribution, times one common
# scale under Jeffreys' prior. The likelihood integrated over that scale is bounded in the
# proportions unless some strata, their rows more than their columns, are fitted exactly;
# it then diverges at the proportions' border for small nu.
check_residual <- function(posterior, alone) {
  if (posterior$sigma[["rate"]] > 0 || is_fixed_sigma(posterior$sigma)) return(invisible())
  lengths <- column_lengths(posterior)
  strata <- seq_len(n_strata(posterior))
  fits <- lapply(strata, function(s) {
    reduced_fit(matrix(strata_of(posterior)$factor[, , s], length(lengths)), lengths)
  })
  exact <- vapply(fits, `[[`, 0, "residual") <= 1e-10 * lengths[length(lengths)]
  if (has_several(posterior)) {
    # Effects of the cells fit more than effects of several groupings.
    exact[exact] <- vapply(which(exact), fits_rows, NA, posterior = posterior, lengths = lengths)
  }
  if (posterior$prior$sigma$name != "jeffreys") {
    spare <- vapply(strata, function(s) exact[s] && has_spare_rows(posterior, alone, s, fits[[s]]),
                    NA)
    if (is_pooled(posterior) && all(exact)) check_common_residual(posterior, alone, lengths)
    exact <- spare
  }
  if (any(exact)) refuse_exact_fit(posterior, which(exact))
}

# Has a stratum more rows than rank[X Z] over them?
has_spare_rows <- function(posterior, alone, stratum, fit) {
  if (has_several(posterior)) return(has_generic_residual(posterior, stratum))
  if (!has_strata(posterior)) return(posterior$n_rows > whole_rank(posterior, alone))
  q <- n_random(posterior)
  columns <- seq_len(q)
  cells <- which(cells_of(posterior)$stratum == stratum & q > 0)
  ranks <- if (length(cells)) vapply(cells, function(cell) {
    qr(matrix(alone(1)$factor[, columns, cell], q), tol = 1e-7)$rank
  }, 0L)
  strata_of(posterior)$rows[stratum] > fit$rank + sum(ranks)
}

# Levels that are each fitted exactly, together perhaps not.
check_common_residual <- function(posterior, alone, lengths) {
  all <- seq_along(strata_of(posterior)$labels)
  exact <- if (has_several(posterior)) fits_rows(all, posterior, lengths) else {
    whole <- if (!has_groups(posterior)) total_factor(posterior)
      else rank_beside(posterior, alone(1)$factor, seq_len(n_random(posterior)))$residual
    reduced_fit(whole, lengths)$residual <= 1e-10 * lengths[length(lengths)]
  }
  if (exact) refuse_exact_fit(posterior, all)
}

# rank[X Z]
whole_rank <- function(posterior, alone) {
  all <- seq_along(posterior$fixed)
  if (!has_groups(posterior)) return(fixed_rank(posterior))
  extra_rank(posterior, alone(1)$factor, seq_len(n_random(posterior)), all) + length(all)
}

refuse_exact_fit <- function(posterior, exact) {
  prior <- format(posterior$prior$sigma)
  remedy <- "Give {.arg sigma} a proper prior, such as {.code inverse_gamma(1, 1)}, or fit
             fewer columns."
  if (!has_strata(posterior)) {
    n_groups <- vapply(groupings_of(posterior), function(one) length(one$groups), 0L)
    single <- n_groups == posterior$n_rows
    abort("No residual is left: the columns of the model fit the {posterior$n_rows} rows
           exactly.",
          x = "Under {.code sigma = {prior}} the posterior does not exist.",
          i = if (any(single)) "Each row is a level of {.code {names_of_groupings(posterior)[single]}}
                                by itself: such effects cannot be told from residuals.",
          i = remedy)
  }
  strata <- strata_of(posterior)
  abort("No residual is left in {length(exact)} of {length(strata$labels)} levels of
         {.code {strata$name}}: {.val {strata$labels[exact]}}.",
        x = "Each needs more rows than columns of X and Z, and readings that differ; under
             {.code sigma = {prior}} the posterior does not exist.",
        i = paste(remedy, "Or use a common {.arg sigma}."))
}

# Several groupings -----------------------------------------------------------------------------

# Cells from which on it is asked whether a residual is left, and how much it is each time.
first_cells <- 250
more_cells <- 4

# Do the columns of all groupings fit the rows of these strata? What some of the rows leave is less
# than what all do: a few groups of the grouping with the most groups nearly always settle it. Where
# nothing does, nothing is refused.
fits_rows <- function(strata, posterior, lengths) {
  zero <- 1e-10 * lengths[length(lengths)]
  cells <- which(posterior$cells$stratum %in% strata)
  sizes <- vapply(posterior$groupings, function(grouping) length(grouping$groups), 0L)
  group <- posterior$cells$group[cells, which.max(sizes)]
  n <- max(1, ceiling(max(sizes) * max(first_cells, 4 * length(lengths)) / length(cells)))
  while (n < max(sizes)) {
    some <- cells[group <= n]
    rows <- if (length(some)) model_rows(posterior, some)
    if (length(some) && isFALSE(leaves_nothing(rows, rows$y, zero))) return(FALSE)
    n <- more_cells * n
  }
  rows <- model_rows(posterior, cells, strata, lengths)
  isTRUE(leaves_nothing(rows, rows$y, zero))
}

# Are there more rows in a stratum than rank[X, all Z]? There are if a vector that nothing is
# known of has a residual.
has_generic_residual <- function(posterior, stratum) {
  lengths <- column_lengths(posterior)
  cells <- which(posterior$cells$stratum == stratum)
  rows <- model_rows(posterior, cells, stratum, lengths)
  if (posterior$strata$rows[stratum] > rows$n_filled) return(TRUE)
  generic <- rows$filled * ((seq_along(rows$filled) * (sqrt(5) - 1) / 2) %% 1 - 0.5)
  isFALSE(leaves_nothing(rows, generic, 1e-8 * sqrt(sum(generic^2))))
}

# Rows that have the products of a model's own over some cells, and of what all cells of some
# strata leave, less those that the effects of their group fit whatever the others are:
# orthonormal `blocks` of columns, X and then Z of each grouping, which is orthonormal within
# groups; y; which rows are `filled`, not zero in all columns; and n_filled, how many of all are.
model_rows <- function(posterior, cells, strata = integer(), lengths = NULL) {
  q <- n_cell_columns(posterior)
  p <- length(posterior$fixed)
  factor <- without_rounding(posterior$cells$factor[, , cells, drop = FALSE], posterior$shift)
  rest <- lapply(strata, function(s) {
    rest_rows(matrix(posterior$strata$factor[, , s], p + 1), lengths)
  })
  rest <- do.call(rbind, rest)
  rows <- rbind(matrix(aperm(factor, c(1, 3, 2)), ncol = q + p + 1),
                if (length(rest)) cbind(matrix(0, nrow(rest), q), rest))
  of_cell <- c(rep(cells, each = q), rep(1L, NROW(rest)))
  effects <- lapply(seq_along(posterior$groupings), function(g) {
    places <- posterior$groupings[[g]]$random$place
    intercept <- posterior$intercepts[["Z"]]
    Z <- rows[, places, drop = FALSE]
    if (intercept > 0 && !intercept %in% places) {
      Z <- Z + outer(rows[, intercept], posterior$shift[places])
    }
    list(columns = Z, group = posterior$cells$group[of_cell, g])
  })
  filled <- rowSums(rows[, seq_len(q + p), drop = FALSE] != 0) > 0
  kept <- rows_in_circles(effects)
  list(blocks = orthonormal_blocks(rows[kept, q + seq_len(p), drop = FALSE], effects, kept),
       y = rows[kept, q + p + 1], filled = filled[kept], n_filled = sum(filled))
}

# Rows that are left when those that are the only one of a group have been taken away, again and
# again; of many rows as long as these are many.
rows_in_circles <- function(effects) {
  kept <- rep(TRUE, length(effects[[1]]$group))
  in_group <- lapply(effects, function(effect) which(rowSums(effect$columns != 0) > 0))
  repeat {
    before <- sum(kept)
    for (g in seq_along(effects)) {
      own <- in_group[[g]][kept[in_group[[g]]]]
      group <- effects[[g]]$group[own]
      kept[own[tabulate(group)[group] == 1]] <- FALSE
    }
    gone <- before - sum(kept)
    if (gone == 0 || gone < 0.01 * before && before > 1e4) return(which(kept))
  }
}

orthonormal_blocks <- function(X, effects, kept) {
  if (length(kept) == 0) return(list())
  fit <- qr(X, tol = 1e-7)
  effects <- lapply(effects, function(effect) {
    group <- effect$group[kept]
    group <- match(group, unique(group))
    list(columns = orthonormal_within(effect$columns[kept, , drop = FALSE], group), group = group)
  })
  c(list(list(columns = qr.Q(fit)[, seq_len(fit$rank), drop = FALSE])), effects)
}

# Factors of cells with zeros for what is rounding beside a column's length in the cell, or beside
# its shift.
without_rounding <- function(factor, shift) {
  for (k in seq_len(dim(factor)[2] - 1)) {
    column <- matrix(factor[, k, ], dim(factor)[1])
    least <- 1e-12 * sqrt(pmax(colSums(column^2), shift[k]^2))
    column[abs(column) < rep(least, each = nrow(column))] <- 0
    factor[, k, ] <- column
  }
  factor
}

# As many rows as a factor of [X y] has dimensions in X.
rest_rows <- function(factor, lengths) {
  X <- seq_len(ncol(factor) - 1)
  small <- sqrt(colSums(factor[, X, drop = FALSE]^2)) <= 1e-8 * lengths[X]
  factor[, X[small]] <- 0
  fit <- qr(factor[, X, drop = FALSE], tol = 1e-7)
  qr.qty(fit, factor)[seq_len(fit$rank), , drop = FALSE]
}

# Columns orthonormal within each group, by Gram and Schmidt, twice; zero where they depend on those
# before them.
orthonormal_within <- function(Z, group) {
  sums <- function(x) as.numeric(rowsum(x, group, reorder = FALSE))
  for (k in seq_len(ncol(Z))) {
    column <- Z[, k]
    whole <- sums(column^2)
    for (l in rep(seq_len(k - 1), 2)) {
      column <- column - Z[, l] * sums(Z[, l] * column)[group]
    }
    rest <- sums(column^2)
    scale <- ifelse(rest > 1e-14 * whole, 1 / sqrt(rest), 0)
    Z[, k] <- column * scale[group]
  }
  Z
}

# Steps of conjugate gradients after which it is not asked any more.
most_steps <- 500

# Is the residual of y on the blocks' columns shorter than `zero`? NA where that is not settled.
# By conjugate gradients of least squares (CGLS: Björck 1996, section 7.4): what is left of y gets
# shorter in every step, and is the residual where the columns' products with it vanish beside it.
leaves_nothing <- function(rows, y, zero) {
  direction <- NULL
  old <- 0
  for (step in seq_len(most_steps)) {
    if (sqrt(sum(y^2)) <= zero) return(TRUE)
    gradient <- column_products(rows$blocks, y)
    square <- sum(vapply(gradient, function(x) sum(x^2), 0))
    if (square <= 1e-16 * sum(y^2)) return(FALSE)
    direction <- if (is.null(direction)) gradient
      else Map(function(new, before) new + square / old * before, gradient, direction)
    old <- square
    along <- column_sums(rows$blocks, direction)
    y <- y - square / sum(along^2) * along
  }
  NA
}

column_products <- function(blocks, y) {
  lapply(blocks, function(block) {
    if (is.null(block$group)) crossprod(block$columns, y)
    else rowsum(block$columns * y, block$group, reorder = FALSE)
  })
}

column_sums <- function(blocks, coefficients) {
  parts <- Map(function(block, own) {
    if (is.null(block$group)) as.numeric(block$columns %*% own)
    else rowSums(block$columns * own[block$group, , drop = FALSE])
  }, blocks, coefficients)
  Reduce(`+`, parts)
}
