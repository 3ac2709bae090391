# Refuses a posterior that does not exist; adds the table of parameters, with their tails, to one
# that does. The conditions are documented in relm_posterior().
check_proper <- function(posterior) {
  check_group_count(posterior)
  factor <- raw_cell_factor(posterior)
  check_residual(posterior, factor)
  posterior$parameters <- new_parameters(posterior)
  posterior$parameters$tail <- check_uniform_sds(posterior, factor)
  posterior
}

check_group_count <- function(posterior) {
  n_groups <- n_groups(posterior)
  if (!has_groups(posterior)) return(invisible())
  if (n_random(posterior) == 0) {
    abort("The random term of {.code {grouping_of(posterior)$name}} has no columns.",
          i = "Write {.code (1 | {grouping_of(posterior)$name})} for random intercepts.")
  }
  if (n_groups < 2) {
    abort("The grouping factor {.code {grouping_of(posterior)$name}} has one level,
           {.val {grouping_of(posterior)$groups}}.",
          i = "Variation between groups needs at least two of them, and three under
               uniform standard deviations.")
  }
  for (block in grouping_of(posterior)$blocks) {
    size <- length(block$columns)
    if (block$kind != "lkj" || n_groups > size) next
    # With proper priors only, the standard deviations and correlations are drawn one by one.
    if (any(vapply(block$sd, scale_fall, 0) == 0)) refuse_few_groups(posterior, size)
  }
}

refuse_few_groups <- function(posterior, size) {
  abort("{size} correlated group effects need at least {size + 1} groups under {.fn lkj} and
         {.fn uniform}.",
        x = "{.code {grouping_of(posterior)$name}} has {n_groups(posterior)} levels.",
        i = "Give {.arg sd} proper priors, such as {.code half_t(df, scale)}, or use
             {.code cov = huang_wand(df, scale)}.")
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

# A residual variance whose prior does not keep it away from zero needs a residual that is not
# zero. As sigma goes to 0 an exact fit's p(sigma | y) goes like p(sigma) sigma^-(n - rank): a
# bounded p(sigma) survives n = rank, as many columns as rows; Jeffreys' does not. Pooled, the
# sigmas are s^2 over proportions with a Dirichlet(nu/2, ..., nu/2) distribution, times one common
# scale under Jeffreys' prior. The likelihood integrated over that scale is bounded in the
# proportions unless some strata, their rows more than their columns, are fitted exactly;
# it then diverges at the proportions' border for small nu.
check_residual <- function(posterior, factor) {
  if (posterior$sigma[["rate"]] > 0) return(invisible())
  lengths <- column_lengths(posterior)
  strata <- seq_len(n_strata(posterior))
  fits <- lapply(strata, function(s) {
    reduced_fit(matrix(strata_of(posterior)$factor[, , s], length(lengths)), lengths)
  })
  exact <- vapply(fits, `[[`, 0, "residual") <= 1e-10 * lengths[length(lengths)]
  if (posterior$prior$sigma$name != "jeffreys") {
    spare <- vapply(strata, function(s) exact[s] && has_spare_rows(posterior, factor, s, fits[[s]]),
                    NA)
    if (is_pooled(posterior) && all(exact)) check_common_residual(posterior, factor, lengths)
    exact <- spare
  }
  if (any(exact)) refuse_exact_fit(posterior, which(exact))
  if (is_unbounded_uniform(posterior$prior$sigma)) check_uniform_sigma(posterior)
}

# Has a stratum more rows than rank[X Z] over them?
has_spare_rows <- function(posterior, factor, stratum, fit) {
  if (!has_strata(posterior)) return(posterior$n_rows > whole_rank(posterior, factor))
  q <- n_random(posterior)
  columns <- seq_len(q)
  ranks <- vapply(which(cells_of(posterior)$stratum == stratum & q > 0), function(cell) {
    qr(matrix(factor[, columns, cell], q), tol = 1e-7)$rank
  }, 0L)
  strata_of(posterior)$rows[stratum] > fit$rank + sum(ranks)
}

# Levels that are each fitted exactly, together perhaps not.
check_common_residual <- function(posterior, factor, lengths) {
  whole <- if (!has_groups(posterior)) total_factor(posterior)
    else rank_beside(posterior, factor, seq_len(n_random(posterior)))$residual
  if (reduced_fit(whole, lengths)$residual <= 1e-10 * lengths[length(lengths)]) {
    refuse_exact_fit(posterior, seq_along(strata_of(posterior)$labels))
  }
}

# rank[X Z]
whole_rank <- function(posterior, factor) {
  all <- seq_along(posterior$fixed)
  if (!has_groups(posterior)) return(fixed_rank(posterior))
  extra_rank(posterior, factor, seq_len(n_random(posterior)), all) + length(all)
}

is_unbounded_uniform <- function(distribution) {
  distribution$name == "uniform" && is.infinite(distribution$parameters$upper)
}

# A uniform sigma has a heavier tail than Jeffreys' prior: it takes one more row, and
# one for each uniform standard deviation, which grows with it.
check_uniform_sigma <- function(posterior) {
  p <- length(posterior$fixed)
  spare <- if (!has_strata(posterior)) {
    flat <- sum(posterior$beta$precision == 0)
    posterior$n_rows - (if (is_deficient(posterior)) flat else p) -
      length(uniform_columns(posterior))
  } else {
    strata_of(posterior)$rows - directions_alone(posterior)$count
  }
  if (all(spare >= 2)) return(invisible())
  labels <- if (!has_strata(posterior)) "the data" else strata_of(posterior)$labels[spare < 2]
  abort("Too few rows for {.code sigma = uniform()} in {.val {labels}}.",
        x = "There must be two rows more than the columns that they alone determine.",
        i = "Use {.code jeffreys()}, {.code uniform(upper)} or
             {.code inverse_gamma(shape, rate)}.")
}

refuse_exact_fit <- function(posterior, exact) {
  prior <- format(posterior$prior$sigma)
  remedy <- "Give {.arg sigma} a proper prior, such as {.code inverse_gamma(1, 1)}, or fit
             fewer columns."
  if (!has_strata(posterior)) {
    abort("No residual is left: the columns of the model fit the {posterior$n_rows} rows
           exactly.",
          x = "Under {.code sigma = {prior}} the posterior does not exist.", i = remedy)
  }
  strata <- strata_of(posterior)
  abort("No residual is left in {length(exact)} of {length(strata$labels)} levels of
         {.code {strata$name}}: {.val {strata$labels[exact]}}.",
        x = "Each needs more rows than columns of X and Z, and readings that differ; under
             {.code sigma = {prior}} the posterior does not exist.",
        i = paste(remedy, "Or use a common {.arg sigma}."))
}

# Beside a uniform prior, the power of tau_k by which each column's prior falls: 0 if uniform, Inf
# where it is bounded or falls like an exponential. Under IW(df, S) the variances are inverse gamma
# with shape (df - size + 1)/2; under Huang and Wand's prior standard deviations are half-t.
prior_falls <- function(posterior) {
  falls <- numeric(n_random(posterior))
  for (block in grouping_of(posterior)$blocks) {
    falls[block$columns] <- switch(block$kind,
      inverse_wishart = block$parameter - length(block$columns) + 2,
      vapply(block$sd, scale_fall, 0)
    )
  }
  falls
}

uniform_columns <- function(posterior) which(prior_falls(posterior) == 0)

# Columns whose sets, 2^12 of them, can all be checked.
most_columns <- 12

# Checks every set of uniform columns, and answers with the exponents of the tails.
check_uniform_sds <- function(posterior, factor) {
  tails <- posterior$parameters$tail
  columns <- uniform_columns(posterior)
  flat <- which(posterior$beta$precision == 0)
  tails <- if (!has_strata(posterior)) {
    pmin(tails, scale_tail(posterior, length(flat), length(columns)))
  } else {
    strata_tails(posterior, tails)
  }
  # A prior that falls faster than this leaves every moment that a summary needs.
  falls <- prior_falls(posterior)
  columns <- which(falls < 6)
  # Proper priors are not refused for the number of sets: only uniform ones need them all.
  if (length(columns) > most_columns) columns <- which(falls == 0)
  if (length(columns) == 0) return(tails)
  exponents <- rep(Inf, n_random(posterior))
  lengths <- column_lengths(posterior)
  rank <- function(set) extra_rank(posterior, factor, set, flat, lengths)
  single <- vapply(columns, rank, 0)
  for (set in sets_to_check(posterior, columns, min(single))) {
    t <- if (length(set) == 1) single[columns == set] else rank(set)
    if (all(falls[set] == 0) && t < length(set) + 1) refuse_uniform(posterior, factor, set, t)
    exponents[set] <- pmin(exponents[set], t - length(set) + 1 + sum(falls[set]))
  }
  exponents[exponents > 6] <- Inf
  sds <- places_of(posterior, "sd")
  tails[sds] <- pmin(tails[sds], exponents)
  if (all(exponents == Inf)) return(tails)
  heirs <- places_of(posterior, "b")[inherits_tail(posterior, factor, columns, lengths)]
  tails[heirs] <- pmin(tails[heirs], min(exponents))
  tails
}

# With few rows sigma itself has a heavy tail, like sigma^-(df + 1) with
# sigma^2 ~ IG(df/2, .), and everything flat or uniform scales with it.
scale_tail <- function(posterior, n_flat, n_uniform) {
  df <- posterior$n_rows - n_flat - n_uniform + scale_fall(posterior$prior$sigma) - 1
  if (df > 4) Inf else df + 1
}

# The same for each of several sigmas. As one grows its rows tell nothing, and the directions
# of beta that they alone determine grow with it. Pooled, nu/2 is added to df/2, and nu may be
# near 0; the common scale falls as one sigma does.
strata_tails <- function(posterior, tails) {
  fall <- scale_fall(posterior$prior$sigma)
  if (is.infinite(fall)) return(tails)
  coefs <- places_of(posterior, "b")
  sigmas <- places_of(posterior, "sigma")
  alone <- directions_alone(posterior)
  df <- strata_of(posterior)$rows + fall - 1 - alone$count
  for (s in which(df <= 4)) {
    heirs <- coefs[posterior$beta$precision == 0 & alone$coefs[, s]]
    affected <- c(heirs, sigmas[s])
    tails[affected] <- pmin(tails[affected], df[s] + 1)
  }
  if (is_pooled(posterior)) {
    common <- c(sigmas, length(tails))
    tails[common] <- pmin(tails[common], scale_tail(posterior, sum(posterior$beta$precision == 0),
                                                    length(uniform_columns(posterior))))
  }
  tails
}

# For each stratum, how many directions of beta no other
# determines, where its X'X is the whole, and which coefficients these move (p x strata).
directions_alone <- function(posterior) {
  p <- length(posterior$fixed)
  coordinates <- sampler_coordinates(posterior, "uncentered")
  grams <- stratum_gram(posterior, coordinates$A)
  root <- if (is_deficient(posterior)) gram_root(grams) else diag(p)
  strata <- strata_of(posterior)
  count <- numeric(length(strata$labels))
  coefs <- matrix(FALSE, p, length(strata$labels))
  short <- which(strata$rows + scale_fall(posterior$prior$sigma) - 1 - p <= 4)
  for (s in if (p > 0) short) {
    decomposition <- eigen(crossprod(root, matrix(grams[, , s], p) %*% root), symmetric = TRUE)
    alone <- decomposition$values > 1 - 1e-8
    count[s] <- sum(alone)
    moved <- coordinates$to_beta %*% root %*% decomposition$vectors[, alone, drop = FALSE]
    coefs[, s] <- rowSums(abs(moved)) > 1e-8
  }
  list(count = count, coefs = coefs)
}

# W with W'GW = I, where G is the sum of the strata's X'X, over the space of the rows.
gram_root <- function(grams) {
  whole <- rowSums(grams, dims = 2)
  decomposition <- eigen(whole, symmetric = TRUE)
  kept <- decomposition$values > 1e-10 * max(decomposition$values)
  decomposition$vectors[, kept, drop = FALSE] %*%
    diag(1 / sqrt(decomposition$values[kept]), sum(kept))
}

# All nonempty sets; or, where single columns show that there are groups to spare,
# the single ones and the whole: more columns only raise the rank. `least` is the least t_S of
# a single column.
sets_to_check <- function(posterior, columns, least) {
  if (length(columns) == 1) return(list(columns))
  if (least > length(columns) + 6) return(c(as.list(columns), list(columns)))
  if (length(columns) > most_columns) {
    abort("{length(columns)} random columns with uniform standard deviations are too many
           for {n_groups(posterior)} groups.",
          i = "Give {.arg sd} or {.arg cov} a proper prior.")
  }
  unlist(lapply(seq_along(columns), function(size) {
    utils::combn(seq_along(columns), size, function(i) columns[i], simplify = FALSE)
  }), recursive = FALSE)
}

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

# Coefficients that the rows cannot tell from the effects of these columns take
# on the tails of the columns' standard deviations.
inherits_tail <- function(posterior, factor, set, lengths) {
  p <- length(posterior$fixed)
  flat <- posterior$beta$precision == 0
  if (p == 0) return(logical())
  X <- rank_beside(posterior, factor, set)$residual[, seq_len(p), drop = FALSE]
  scaled <- sweep(X, 2, lengths[seq_len(p)], "/")
  decomposition <- svd(scaled, nu = 0)
  null <- decomposition$v[, decomposition$d <= 1e-8, drop = FALSE]
  flat & sqrt(rowSums(null^2)) > 1e-6
}

# The cause first: too few groups, columns that are zero in most of them, or a fixed part that has
# the effects of most groups already. `t` dimensions of effects are left beside the fixed part.
refuse_uniform <- function(posterior, factor, set, t) {
  columns <- spell_random(posterior)[set]
  group <- grouping_of(posterior)$name
  n_groups <- n_groups(posterior)
  rank <- rank_beside(posterior, factor, set)$rank
  cause <- if (n_groups == 2) {
    "Two groups cannot tell how much groups vary: {.code {group}} has the levels
     {.val {grouping_of(posterior)$groups}}."
  } else if (rank == 0) {
    "The random column{?s} {.val {columns}} {?is/are} zero in all rows."
  } else if (length(set) == 1 && rank - t <= 1) {
    "The random column {.val {columns}} is zero in all but {rank} of {n_groups} groups."
  } else {
    "The fixed terms leave too little of the effects of {.val {columns}} in {n_groups} levels of
     {.code {group}}: of {rank} dimensions they hold {rank - t}."
  }
  abort(cause,
        x = "The posterior does not exist: uniform standard deviations need group effects of at least
             {length(set) + 1} dimensions beside the fixed part, and these have {t}.",
        i = if (n_groups > 2 && rank - t > length(set) && rank > 0)
          "See whether {.code {group}}, or what tells its levels apart, is among the fixed terms.",
        i = paste("Give {.arg sd} a proper prior, such as {.code uniform(upper)} or
                   {.code inverse_gamma(shape, rate)}, or",
                  if (n_groups == 2) "fit the groups as fixed effects."
                  else "take {.val {columns}} out of the random terms."))
}
