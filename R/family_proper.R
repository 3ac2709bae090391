# Does the posterior of a model with another family exist, and what are its tails?

# The likelihood of a row is bounded, and bounded away from zero as its linear predictor eta goes
# where `side` points to (separation.R); otherwise it falls at least like an exponential of eta. So,
# with the distance from the cone R of separation.R,
#
#   c 1{dist(v, R) <= 1} <= likelihood(v) <= C exp(-c' dist(v, R)),   v = (beta, b).
#
# Of the rows' linear predictors this is so by their definition, of v by Hoffman's bound: the
# distance from a cone is at most a multiple of by how much its inequalities are violated. Links and
# offsets change the constants alone. What follows needs nothing else of the family.
#
# Coefficients. With standard deviations bounded, what is flat is beta: the integral over it exists
# if and only if R with b = 0 is {0}: no combination of the columns separates the outcomes.
#
# Standard deviations of a set S of random columns, all of size T. In units of T the effects have a
# density that does not depend on T, and k flat coefficients give T^k. The likelihood keeps v within
# distance 1/T of R, of whose D + k dimensions it leaves dim R, and on R beta is at most a multiple
# of |b|, as nothing separates. So the likelihood integrated over beta and b falls like
#
#   T^k T^-(D + k - dim R_S) = T^-t_S,   t_S = D - dim R_S,
#
# which is cones.R's, and rank[X Z_S] - rank X where all rows are pinned, as in the linear model.
# With sizes T_1 > T_2 > ... of nested sets S_1, S_2, ... the volume of R within distance T_2 of
# R_S1 is like T_1^dim R_S1 T_2^(dim R_S2 - dim R_S1): the power is a product, as in the linear
# model, and is integrable if and only if it is for all of each set's T alike: t_S >= |S| + 1 under
# uniform priors, for every S. Priors that fall like T^-e add e. The exponent of the tail is t_S -
# |S| + 1 + the sum of e. Random intercepts with k flat coefficients that are constant within
# groups: R has b_j = -x_j'beta in groups that have both outcomes, or a count above zero, and a
# half-line in others. So t is the number of the former less k.
#
# The negative binomial is such a family for each shape r. As r grows it is Poisson's, which is as
# well; where r is near 0 see check_shape().

check_family_proper <- function(posterior) {
  for (grouping in groupings_of(posterior)) check_group_count(grouping)
  posterior$parameters <- new_parameters(posterior)
  rows <- response_rows(posterior)
  check_separation(posterior, rows)
  posterior$parameters <- with_family_tails(posterior, rows)
  tell_same_groups(posterior$groupings)
  posterior
}

# Separation ------------------------------------------------------------------------------------

no_columns <- list(grouping = integer(), place = integer())

check_separation <- function(posterior, rows) {
  if (length(rows$flat) == 0) return(invisible())
  all <- seq_along(rows$side)
  cone <- cone_of_rows(rows, all, no_columns, 0)
  if (cone$decided && cone$t < 0) refuse_separated(posterior, rows, cone)
}

refuse_separated <- function(posterior, rows, cone) {
  columns <- posterior$fixed[separating_columns(rows, cone)]
  side <- rows$side[!is.na(rows$side)]
  counts <- !has_trials(posterior)
  value <- rows$side * along_fixed(rows, seq_along(rows$side), cone$beta)
  n_open <- sum(value > cone_tolerance * max(abs(value), na.rm = TRUE), na.rm = TRUE)
  what <- "{.val {spell_columns(posterior, columns)}}"
  cause <- if (length(side) == 0) "No row has a trial."
    else if (counts && all(side == -1)) "All counts are zero."
    else if (all(side == 1)) "All trials are successes."
    else if (all(side == -1)) "No trial is a success."
    else if (counts) "The counts leave a combination of columns without a bound: where it does not
                      vanish, they are zero."
    else if (n_open < length(side)) "The fixed terms separate successes from failures in some rows."
    else "The fixed terms separate successes from failures."
  abort(cause,
        x = paste("Under flat coefficients the posterior does not exist: the likelihood never falls
                   as the coefficient{?s} of", what, "grow{?s/}."),
        i = "Give {.arg beta} a proper prior, such as
             {.code beta = normal(0, 2.5, autoscale = TRUE)}.",
        i = if (!all(columns == "(Intercept)")) "Or leave out what separates them.")
}

# Columns of which none can be left out without the outcomes being separated no more.
separating_columns <- function(rows, cone) {
  kept <- which(cone$beta != 0 & cone$moved)
  if (length(kept) > 50) return(rows$flat[kept])
  for (k in rev(kept)) {
    rest <- setdiff(kept, k)
    if (length(rest) == 0) break
    fewer <- cone_of_rows(replace(rows, "flat", list(rows$flat[rest])), seq_along(rows$side),
                          no_columns, 0)
    if (fewer$decided && fewer$t < 0) kept <- rest
  }
  rows$flat[kept]
}

# Standard deviations ---------------------------------------------------------------------------

# The parameters with their tails.
with_family_tails <- function(posterior, rows) {
  parameters <- posterior$parameters
  tails <- parameters$tail
  columns <- columns_with_scales(posterior)
  k <- length(rows$flat)
  coefs <- which(parameters$part == "b")
  sds <- which(parameters$part == "sd")
  # With k coefficients t_S may be as low as -k.
  heavy <- which(columns$fall < 6 + k)
  if (length(heavy)) {
    of_coefs <- new.env(parent = emptyenv())
    of_coefs$tails <- rep(Inf, length(posterior$fixed))
    ranks <- list(posterior = posterior, rows = rows, columns = columns, single = column_pinned,
                  of_sets = sets_pinned, refuse = refuse_pinned, of_coefs = of_coefs)
    tails[sds] <- pmin(tails[sds], column_exponents(ranks, heavy))
    tails[coefs] <- pmin(tails[coefs], of_coefs$tails)
  }
  if ("shape" %in% parameters$part) tails <- shape_tails(posterior, rows, columns, tails)
  parameters$tail <- tails
  parameters
}

# t_S of one column, or more than `enough`.
column_pinned <- function(column, ranks, enough) {
  cone <- cone_of_column(ranks$rows, ranks$columns$grouping[column], ranks$columns$place[column],
                         enough + 1)
  if (!cone$decided) return(enough + 1)
  tell_coefficients(ranks, column, cone)
  cone$t
}

# Of sets of these columns, or the bound that is known.
sets_pinned <- function(ranks, columns) {
  function(set, bound) {
    own <- columns[set]
    cone <- cone_of_set(ranks$rows, lapply(ranks$columns[c("grouping", "place")], `[`, own),
                        length(own) + 7)
    if (!cone$decided) return(bound)
    tell_coefficients(ranks, own, cone)
    cone$t
  }
}

# Coefficients that move in R_S grow with its standard deviations.
tell_coefficients <- function(ranks, set, cone) {
  exponent <- cone$t - length(set) + 1 + sum(ranks$columns$fall[set])
  if (exponent > 6) return(invisible())
  moved <- ranks$rows$flat[cone$moved]
  ranks$of_coefs$tails[moved] <- pmin(ranks$of_coefs$tails[moved], exponent)
}

refuse_pinned <- function(ranks, set, t) {
  posterior <- ranks$posterior
  of_set <- lapply(ranks$columns[c("grouping", "place")], `[`, set)
  names <- names_of_groupings(posterior)[of_set$grouping]
  columns <- vapply(set, function(i) {
    own <- random_of(posterior, ranks$columns$grouping[i])[ranks$columns$column[i]]
    spell_columns(posterior, own)
  }, "")
  effects <- sprintf("\"%s\" in `%s`", columns, names)
  n_groups <- ranks$rows$n_groups[of_set$grouping[1]]
  bounding <- n_bounding(ranks$rows, of_set)
  alike <- if (any(ranks$rows$Z[, of_set$place] != 1)) ""
    else if (has_trials(posterior)) ": the others have one outcome only"
    else ": the others have no count above zero"
  cause <- if (length(set) > 1) {
    "The responses and the fixed terms leave too little of the effects of {effects}, taken
     together."
  } else if (t < 0) {
    "The fixed terms separate the outcomes within the levels of {.code {names}}."
  } else if (bounding - t < 2) {
    "Only {bounding} of {n_groups} levels of {.code {names}} {cli::qty(bounding)}bound{?s/} the
     effect of {.val {columns}}{alike}."
  } else {
    "The fixed terms leave too little of the effects of {.val {columns}}: {bounding} of {n_groups}
     levels of {.code {names}} bound them, and the fixed terms follow {bounding - t} of these."
  }
  fall <- sum(ranks$columns$fall[set])
  why <- if (t >= 0 && fall == 0) {
    "The posterior does not exist: uniform standard deviations need group effects of at least
     {length(set) + 1} dimensions that the responses bound beside the fixed terms, and these have
     {t}."
  } else {
    "The posterior does not exist: as the standard deviation grows, the likelihood
     {if (t < 0) 'grows' else 'falls'} like its power {-t}, and the prior does not fall enough."
  }
  abort(cause, x = why,
        i = "Give {.arg sd} a proper prior with a lighter tail, such as {.code half_normal(scale)},
             or the fixed terms one, such as {.code beta = normal(0, 2.5, autoscale = TRUE)}.")
}

# How many groups bound an effect of the first column of a set.
n_bounding <- function(rows, set) {
  slope <- rows$side * rows$Z[, set$place[1]]
  code <- rows$group[, set$grouping[1]]
  seen <- function(own) seq_len(rows$n_groups[set$grouping[1]]) %in% code[own]
  sum(seen(which(slope == 0 & rows$Z[, set$place[1]] != 0)) |
        seen(which(slope > 0)) & seen(which(slope < 0)))
}

# The shape of the negative binomial --------------------------------------------------------------

# As the shape r goes to 0 a positive count has density (r/y) exp(-r eta) for eta > log r, and falls
# fast below; a zero exp(-r max(eta, 0)). In units of 1/r, v = t/r, what is left of the likelihood
# is r^n prod_i exp(-max(m_i't, 0)) over the cone of t with m_i't >= 0 where the count is positive,
# n of all rows. With k flat coefficients and the set S of uniform standard deviations, which then
# are of size 1/r as well, beside the prior r^(a - 1),
#
#   p(r, y) ~ r^(n - k - |S| + d + a - 1),
#
# d the rank of [X Z_S] over the rows of positive counts that the cone pins. It is integrable where
# n + d + a > k + |S|, and a coefficient or a standard deviation in that cone has a tail with this
# exponent, n + d + a - k - |S| + 1.
shape_tails <- function(posterior, rows, columns, tails) {
  prior <- shape_prior(posterior$prior)
  parameters <- posterior$parameters
  uniform <- which(columns$fall == 0)
  spare <- n_positive(posterior$responses) + shape_power_at_zero(prior) - length(rows$flat) -
    length(uniform)
  if (spare <= 6) {
    set <- lapply(columns[c("grouping", "place")], `[`, uniform)
    positive <- which(posterior$responses$y > 0)
    ahead <- replace(rows, "side", list(rep(1, length(rows$side))))
    cone <- cone_of_rows(ahead, positive, set, Inf)
    if (cone$decided) {
      exponent <- spare + cone$t + length(rows$flat) + 1
      if (exponent <= 1) refuse_shape(prior)
      own <- which(parameters$part == "b")[rows$flat[cone$moved]]
      own <- c(own, which(parameters$part == "sd")[uniform])
      if (exponent <= 6) tails[own] <- pmin(tails[own], exponent)
    }
  }
  shape <- parameters$part == "shape"
  tails[shape] <- pmin(tails[shape], shape_tail(prior))
  tails
}

# Rows with a count above zero, those that are merged included.
n_positive <- function(responses) sum(responses$times[responses$values > 0])

# a, of a prior that is like r^(a - 1) where r is near 0: such a prior of r^(-1/2) falls like its
# power -(2a + 1).
shape_power_at_zero <- function(prior) (scale_fall(spread_prior(prior)) - 1) / 2

# Where r is large the likelihood does not fall, and r has the tail of its prior: gamma() an
# exponential one; of the others r^(-1/2) has a positive density at 0, and r^(-3/2) / 2 is that of
# r.
shape_tail <- function(prior) if (spread_prior(prior)$name == "inverse_gamma") Inf else 1.5

refuse_shape <- function(prior) {
  abort("Too few counts above zero for {.code shape = {format(prior)}}.",
        x = "The posterior does not exist: where the shape is near zero its density is not
             integrable beside flat coefficients and uniform standard deviations.",
        i = "Use {.code shape = half_normal(scale)}, which keeps the shape away from zero, or give
             {.arg beta} and {.arg sd} proper priors.")
}
