# Refuses a posterior that does not exist; adds the table of parameters, with their tails, to one
# that does. The conditions are documented in relm_posterior().
check_proper <- function(posterior) {
  for (grouping in groupings_of(posterior)) check_group_count(grouping)
  known <- with_flat_columns(posterior)
  alone <- alone_of(known)
  check_residual(posterior, alone)
  check_tied_rows(posterior)
  if (is_unbounded_uniform(posterior$prior$sigma)) check_uniform_sigma(posterior)
  posterior$parameters <- new_parameters(posterior)
  posterior$parameters$tail <- check_uniform_sds(posterior, known, alone)
  tell_same_groups(posterior$groupings)
  posterior
}

check_group_count <- function(grouping) {
  if (nrow(grouping$random) == 0) {
    abort("The random term of {.code {grouping$name}} has no columns.",
          i = "Write {.code (1 | {grouping$name})} for random intercepts.")
  }
  n_groups <- length(grouping$groups)
  if (n_groups < 2) {
    abort("The grouping factor {.code {grouping$name}} has one level, {.val {grouping$groups}}.",
          i = "Variation between groups needs at least two of them, and three under
               uniform standard deviations.")
  }
  for (block in grouping$blocks) {
    size <- length(block$columns)
    if (block$kind != "lkj" || n_groups > size) next
    # With proper priors only, the standard deviations and correlations are drawn one by one.
    if (any(vapply(block$sd, scale_fall, 0) == 0)) refuse_few_groups(grouping, size)
  }
}

refuse_few_groups <- function(grouping, size) {
  abort("{size} correlated group effects need at least {size + 1} groups under {.fn lkj} and
         {.fn uniform}.",
        x = "{.code {grouping$name}} has {length(grouping$groups)} levels.",
        i = "Give {.arg sd} proper priors, such as {.code half_t(df, scale)}, or use
             {.code cov = huang_wand(df, scale)}.")
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

# Columns with a flat prior have been shifted by a multiple of the intercept. Where that has a
# proper prior, they are not the same without it: the posterior with the factors of X as it is.
with_flat_columns <- function(posterior) {
  flat <- posterior$beta$precision == 0
  if (posterior$intercepts[["X"]] == 0 || flat[1] || !any(flat)) return(posterior)
  unshift_fixed(posterior)
}

# Beside a uniform prior, the power of tau_k by which each column's prior falls: 0 if uniform, Inf
# where it is bounded or falls like an exponential. Under IW(df, S) the variances are inverse gamma
# with shape (df - size + 1)/2; under Huang and Wand's prior standard deviations are half-t. One
# grouping after the other.
prior_falls <- function(posterior) {
  as.numeric(unlist(lapply(groupings_of(posterior), falls_of_grouping)))
}

falls_of_grouping <- function(grouping) {
  falls <- numeric(nrow(grouping$random))
  for (block in grouping$blocks) {
    falls[block$columns] <- switch(block$kind,
      inverse_wishart = block$parameter - length(block$columns) + 2,
      # One standard deviation of several columns is judged by the first of them.
      c(vapply(block$sd, scale_fall, 0)[seq_len(n_scales_of_block(block))],
        rep(Inf, length(block$columns) - n_scales_of_block(block)))
    )
  }
  falls
}

uniform_columns <- function(posterior) which(prior_falls(posterior) == 0)

# The random columns of all groupings: the number of the `grouping` of each, its number there, its
# place among those of all, and the fall of its prior.
columns_with_scales <- function(posterior) {
  places <- lapply(seq_along(groupings_of(posterior)), places_in_cells, x = posterior)
  sizes <- lengths(places)
  list(grouping = rep(seq_along(sizes), sizes), column = sequence(sizes),
       place = unlist(places), fall = prior_falls(posterior))
}

# Checks every set of uniform columns, and answers with the exponents of the tails. known: the
# posterior with its flat columns as they are; alone: of each grouping.
check_uniform_sds <- function(posterior, known, alone) {
  tails <- posterior$parameters$tail
  columns <- columns_with_scales(posterior)
  flat <- which(posterior$beta$precision == 0)
  tails <- if (!has_strata(posterior)) {
    pmin(tails, scale_tail(posterior, length(flat), sum(columns$fall == 0)))
  } else {
    strata_tails(posterior, tails)
  }
  # A prior that falls faster than this leaves every moment that a summary needs.
  heavy <- which(columns$fall < 6)
  if (length(heavy) == 0) return(tails)
  ranks <- list(posterior = known, alone = alone, columns = columns, flat = flat,
                lengths = column_lengths(known), single = single_rank, of_sets = rank_of_sets,
                refuse = refuse_set)
  exponents <- column_exponents(ranks, heavy)
  sds <- places_of(posterior, "sd")
  tails[sds] <- pmin(tails[sds], exponents)
  if (all(exponents == Inf)) return(tails)
  coefs <- places_of(posterior, "b")
  tails[coefs] <- pmin(tails[coefs], inherited_tails(ranks, heavy, exponents))
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

# Sets of random columns ------------------------------------------------------------------------

# ranks: list(posterior, columns, ...), what t_S of sets of the model's random columns is found
# from, by its functions single(column, ranks, enough) and of_sets(ranks, columns), and
# refuse(ranks, set, t). Of Gaussian responses list(posterior, alone, columns, flat, lengths, ...).

# Columns whose sets, 2^12 of them, are all looked at.
most_columns <- 12

# The exponent of the tail of each standard deviation, of which those of the `heavy` columns may
# fall slowly: the least, over the sets S that a column is in, of t_S - |S| + 1 and the falls of
# the priors. Columns with groups to spare need no sets: more columns only raise the rank.
column_exponents <- function(ranks, heavy) {
  falls <- ranks$columns$fall
  enough <- length(heavy) + 6
  single <- rep(Inf, length(falls))
  single[heavy] <- vapply(heavy, ranks$single, 0, ranks = ranks, enough = enough)
  scarce <- heavy[single[heavy] <= enough]
  # Proper priors are not refused for the number of sets: only uniform ones need them all.
  if (length(scarce) > most_columns) scarce <- scarce[falls[scarce] == 0]
  exponents <- pmin(single + falls, set_exponents(ranks, scarce, single[scarce], enough))
  exponents[exponents > 6] <- Inf
  exponents
}

# The same from the sets of some columns, the smallest first. Where t_S is more than `enough`, no
# set with S in it matters; of many columns, each set's own t_S is found, so that few are left.
set_exponents <- function(ranks, columns, single, enough) {
  falls <- ranks$columns$fall
  exponents <- rep(Inf, length(falls))
  rank <- ranks$of_sets(ranks, columns)
  many <- length(columns) > most_columns
  n_seen <- 0
  sets <- as.list(seq_along(columns))
  # t_S, or what it is not below, of sets of one size.
  least <- single
  while (length(sets) > 0) {
    n_seen <- n_seen + length(sets)
    # Sets are told by the bits of a double.
    if (n_seen > 2^most_columns || length(columns) > 50) refuse_many(ranks, columns)
    for (i in seq_along(sets)) {
      members <- columns[sets[[i]]]
      fall <- sum(falls[members])
      beyond <- fall - length(members) + 1
      if (length(members) > 1 && (many || least[i] + beyond <= 6)) {
        least[i] <- rank(sets[[i]], least[i])
      }
      if (least[i] + beyond <= 1) ranks$refuse(ranks, members, least[i])
      exponents[members] <- pmin(exponents[members], least[i] + beyond)
    }
    open <- least <= enough
    larger <- larger_sets(sets[open], least[open], length(columns))
    sets <- larger$sets
    least <- larger$least
  }
  exponents
}

# Sets of one member more, all parts of which are among these, and the largest number of a part.
larger_sets <- function(sets, least, n) {
  key <- function(set) sum(2^(set - 1))
  keys <- vapply(sets, key, 0)
  larger <- unlist(lapply(sets, function(set) {
    lapply(seq_len(n - max(set)) + max(set), function(k) c(set, k))
  }), recursive = FALSE)
  parts <- lapply(larger, function(set) match(key(set) - 2^(set - 1), keys))
  whole <- !vapply(parts, anyNA, NA)
  list(sets = larger[whole],
       least = vapply(parts[whole], function(part) max(least[part]), 0))
}

# t_S of one column. Of several groupings, where it is more than `enough` by the number of groups,
# infinity: nothing is made of the grouping alone then.
single_rank <- function(column, ranks, enough) {
  g <- ranks$columns$grouping[column]
  if (has_several(ranks$posterior)) {
    groups <- groups_with(ranks$posterior, g, ranks$columns$place[column])
    if (length(groups) - length(ranks$flat) > enough) return(Inf)
  }
  rank_alone(ranks, g, ranks$columns$column[column])
}

rank_alone <- function(ranks, g, own) {
  one <- ranks$alone(g)
  extra_rank(one$posterior, one$factor, own, ranks$flat, ranks$lengths)
}

# A function of a set of these columns that answers with its t_S; across groupings, where these have
# too many groups for one factor, with the bound that is known.
rank_of_sets <- function(ranks, columns) {
  grouping <- ranks$columns$grouping[columns]
  joint <- if (length(unique(grouping)) > 1) {
    joint_factor(ranks$posterior,
                 list(grouping = grouping, place = ranks$columns$place[columns]), ranks$flat)
  }
  function(set, bound) {
    g <- unique(grouping[set])
    if (length(g) == 1) return(rank_alone(ranks, g, ranks$columns$column[columns[set]]))
    if (is.null(joint)) bound else joint_rank(joint, set, ranks$lengths[ranks$flat])
  }
}

refuse_many <- function(ranks, columns) {
  groupings <- groupings_of(ranks$posterior)[unique(ranks$columns$grouping[columns])]
  n_groups <- min(vapply(groupings, function(grouping) length(grouping$groups), 0L))
  abort("{length(columns)} random columns with uniform standard deviations are too many
         for {n_groups} groups.",
        i = "Give {.arg sd} or {.arg cov} a proper prior.")
}

# Coefficients that the rows cannot tell from the effects of a grouping's columns take on the
# tails of these columns' standard deviations. Those that they tell from the effects of each
# grouping, but not of several at once, follow only where two groupings' do.
inherited_tails <- function(ranks, heavy, exponents) {
  tails <- rep(Inf, length(ranks$posterior$fixed))
  if (length(ranks$flat) == 0) return(tails)
  grouping <- ranks$columns$grouping
  of_grouping <- numeric()
  for (g in unique(grouping[heavy])) {
    own <- heavy[grouping[heavy] == g]
    least <- min(exponents[own])
    if (least == Inf) next
    of_grouping <- c(of_grouping, least)
    heirs <- inherits_tail(ranks, g, ranks$columns$column[own])
    tails[heirs] <- pmin(tails[heirs], least)
  }
  if (length(of_grouping) < 2) return(tails)
  slow <- heavy[exponents[heavy] < Inf]
  joint <- joint_factor(ranks$posterior, lapply(ranks$columns[c("grouping", "place")], `[`, slow),
                        ranks$flat)
  if (is.null(joint)) return(tails)
  heirs <- ranks$flat[in_null_space(joint_beside(joint, seq_along(slow))$residual,
                                    ranks$lengths[ranks$flat])]
  tails[heirs] <- pmin(tails[heirs], sort(of_grouping)[2])
  tails
}

inherits_tail <- function(ranks, g, own) {
  p <- length(ranks$posterior$fixed)
  one <- ranks$alone(g)
  X <- rank_beside(one$posterior, one$factor, own)$residual[, seq_len(p), drop = FALSE]
  which(ranks$posterior$beta$precision == 0 & in_null_space(X, ranks$lengths[seq_len(p)]))
}

# Which columns take part in what gives zero?
in_null_space <- function(X, lengths) {
  scaled <- sweep(X, 2, lengths, "/")
  decomposition <- svd(scaled, nu = 0)
  null <- decomposition$v[, decomposition$d <= 1e-8, drop = FALSE]
  sqrt(rowSums(null^2)) > 1e-6
}

# Refusals --------------------------------------------------------------------------------------

refuse_set <- function(ranks, set, t) {
  groupings <- unique(ranks$columns$grouping[set])
  if (length(groupings) > 1) refuse_across(ranks, set, t)
  one <- ranks$alone(groupings)
  refuse_uniform(one$posterior, one$factor, ranks$columns$column[set], t)
}

refuse_across <- function(ranks, set, t) {
  groupings <- ranks$posterior$groupings
  effects <- vapply(set, function(k) {
    grouping <- groupings[[ranks$columns$grouping[k]]]
    column <- spell_columns(ranks$posterior, grouping$random$column[ranks$columns$column[k]])
    cli::format_inline("{.val {column}} in {.code {grouping$name}}")
  }, "")
  chosen <- unique(ranks$columns$grouping[set])
  names <- vapply(groupings[chosen], `[[`, "", "name")
  abort("The fixed terms leave too little of the effects of {effects}, taken together.",
        x = "The posterior does not exist: uniform standard deviations need group effects of at
             least {length(set) + 1} dimensions beside the fixed part, and these have {t}.",
        i = if (all(chosen[-1] %in% with_groups_of_another(groupings)))
          "{.code {names}} have the same {length(groupings[[chosen[1]]]$groups)} groups.",
        i = "Leave out {.code {names[length(names)]}}, or give {.arg sd} a proper prior for it, such
             as {.code sd = list({names[length(names)]} = half_t(df, scale))}.")
}

# Groupings that have the groups of one before them, which is their parent then.
with_groups_of_another <- function(groupings) {
  n_groups <- function(g) length(groupings[[g]]$groups)
  Filter(function(g) {
    parent <- groupings[[g]]$parent
    !is.null(parent) && n_groups(parent) == n_groups(g)
  }, seq_along(groupings))
}

# The rows tell what the variances of such groupings sum to, and nothing else of them.
tell_same_groups <- function(groupings) {
  for (g in with_groups_of_another(groupings)) {
    names <- vapply(groupings[c(groupings[[g]]$parent, g)], `[[`, "", "name")
    random <- groupings[[g]]$random
    same <- random$column[random$place %in% groupings[[groupings[[g]]$parent]]$random$place]
    if (length(same) == 0) next
    inform("{.code {names}} have the same groups: the rows tell the sum of their variances of
            {.code {same}}, and only the prior splits it.",
           i = "Leave one of them out, unless the prior means it.")
  }
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
        x = "The posterior does not exist: uniform standard deviations need group effects of at
             least {length(set) + 1} dimensions beside the fixed part, and these have {t}.",
        i = if (n_groups > 2 && rank - t > length(set) && rank > 0)
          "See whether {.code {group}}, or what tells its levels apart, is among the fixed terms.",
        i = paste("Give {.arg sd} a proper prior, such as {.code uniform(upper)} or
                   {.code inverse_gamma(shape, rate)}, or",
                  if (n_groups == 2) "fit the groups as fixed effects."
                  else "take {.val {columns}} out of the random terms."))
}
