# How many dimensions of group effects the responses of another family pin down, beside the
# coefficients with flat priors.

# For a set S of random columns of any groupings, R_S is the cone of separation.R for M = [X Z_S],
# with the columns of X that have flat priors and a dummy for each group. With k such columns and D
# effects,
#
#   t_S = D - dim R_S = rank of [X Z_S] over the rows that R_S pins - k.
#
# Fewer rows or groups pin less: what some of them give is a lower bound, and t_S itself where a
# direction in the relative interior of their cone does in the others as well.

# Rows of the factors that are made at once, and their cost, rows times squared columns. Beyond,
# nothing is decided.
most_cone_rows <- 20000
most_cone_work <- 4e9

# The rows as the searches see them: X with its columns of flat priors, `flat`; Z of the union of
# the random columns, `group` a column for each grouping with so many groups, and the side of each.
response_rows <- function(posterior) {
  responses <- posterior$responses
  list(X = as.matrix(responses$X), flat = which(posterior$beta$precision == 0),
       Z = as.matrix(responses$Z), group = as.matrix(responses$group),
       n_groups = vapply(groupings_of(posterior), function(grouping) length(grouping$groups), 0L),
       side = response_side(posterior))
}

# 1 for successes alone, -1 for failures alone and for zero counts, 0 for the others; NA without
# trials.
response_side <- function(posterior) {
  y <- posterior$responses$y
  if (!has_trials(posterior)) return(-as.numeric(y == 0))
  trials <- posterior$responses$trials
  side <- (y == trials) - (y == 0)
  side[trials == 0] <- NA
  side
}

has_trials <- function(posterior) family_of(posterior)$weights == "trials"

# Sets of rows ----------------------------------------------------------------------------------

# The cone of a set of random columns, list(grouping, place), over `some` rows: list(t, no more than
# t_S and t_S itself over all rows, if not above `enough`; decided; beta, effects, what the
# direction in the interior has of coefficients and, for each column of the set, groups; moved,
# which coefficients do not stay in R_S). It begins with some rows, and adds those that its
# direction does not suit.
cone_of_rows <- function(rows, some, set, enough) {
  k <- length(rows$flat)
  some <- some[!is.na(rows$side[some])]
  working <- first_rows(rows$side[some], k + n_effects(rows, some, set))
  repeat {
    n_columns <- k + n_effects(rows, some[working], set)
    if (length(working) > most_cone_rows || length(working) * n_columns^2 > most_cone_work) {
      return(list(t = NA, decided = FALSE))
    }
    made <- cone_matrix(rows, some[working], set)
    n_columns <- ncol(made$M)
    cone <- cone_of(made$M, rows$side[some[working]])
    found <- unscaled_cone(cone, made, k)
    found$t <- n_columns - ncol(cone$hull) - k
    if (!found$decided || found$t >= enough || length(working) == length(some)) return(found)
    most <- max(2 * n_columns + 100, length(working))
    more <- unsuited_rows(rows, some[-working], set, found, most)
    if (length(more) == 0) return(found)
    working <- sort(c(working, seq_along(some)[-working][more]))
  }
}

n_effects <- function(rows, some, set) {
  sum(vapply(set$grouping, function(g) length(unique(rows$group[some, g])), 0L))
}

# All of few rows; of many some of each side, those that pin first.
first_rows <- function(side, n_columns) {
  enough <- 10 * n_columns + 50
  if (length(side) <= 2 * enough) return(seq_along(side))
  sort(unlist(lapply(c(0, -1, 1), function(one) {
    some_of(which(side == one), enough)
  })))
}

# split() would sort what they go by.
in_pieces <- function(x, size) {
  if (length(x)) lapply(pieces_of(length(x), size), function(at) x[at])
}

# So many of them, from all parts.
some_of <- function(x, n) {
  if (length(x) <= n) return(x)
  x[unique(round(seq(1, length(x), length.out = n)))]
}

# [X Z_S] over these rows with a column for each of the groups in which Z_S is not zero there, or
# for each of these groups. Where the first column of X is constant the others are taken less the
# first row: far from zero they would lose digits.
cone_matrix <- function(rows, some, set, groups = NULL, shift = NULL) {
  X <- rows$X[some, rows$flat, drop = FALSE]
  if (is.null(shift)) {
    shift <- numeric(ncol(X))
    if (length(some) && ncol(X) && X[1, 1] != 0 && all(X[, 1] == X[1, 1])) {
      shift[-1] <- X[1, -1] / X[1, 1]
    }
  }
  if (any(shift != 0)) X <- X - outer(X[, 1], shift)
  blocks <- lapply(seq_along(set$place), function(i) {
    z <- rows$Z[some, set$place[i]]
    code <- rows$group[some, set$grouping[i]]
    own <- if (is.null(groups)) sort(unique(code[z != 0])) else groups[[i]]
    Z <- matrix(0, length(some), length(own))
    there <- which(z != 0 & code %in% own)
    Z[cbind(there, match(code[there], own))] <- z[there]
    list(Z = Z, groups = own)
  })
  list(M = do.call(cbind, c(list(X), lapply(blocks, `[[`, "Z"))), shift = shift,
       groups = lapply(blocks, `[[`, "groups"))
}

# A cone in the units of the model's columns.
unscaled_cone <- function(cone, made, k) {
  fixed <- seq_len(k)
  raw <- cone$direction * cone$scale
  hull <- (cone$hull * cone$scale)[fixed, , drop = FALSE]
  beta <- raw[fixed]
  if (any(made$shift != 0)) {
    beta[1] <- beta[1] - sum(made$shift * beta)
    hull[1, ] <- hull[1, ] - colSums(made$shift * hull)
  }
  of_column <- factor(rep(seq_along(made$groups), lengths(made$groups)), seq_along(made$groups))
  list(beta = beta, effects = split(raw[seq_along(raw) > k], of_column), groups = made$groups,
       shift = made$shift, hull = cone$hull, scale = cone$scale,
       moved = rowSums(abs(hull)) > 1e-6 * cone$scale[fixed], decided = cone$decided)
}

# Which of the rest of the rows, at most so many, the direction does not suit: those in which it is
# negative, the worst first; or else those in which it is zero though the hull is not.
unsuited_rows <- function(rows, rest, set, cone, most) {
  value <- along_fixed(rows, rest, cone$beta)
  for (i in seq_along(set$place)) {
    effect <- cone$effects[[i]][match(rows$group[rest, set$grouping[i]], cone$groups[[i]])]
    effect[is.na(effect)] <- 0
    value <- value + rows$Z[rest, set$place[i]] * effect
  }
  side <- rows$side[rest]
  gain <- ifelse(side == 0, -abs(value), side * value)
  zero <- cone_tolerance * max(abs(value))
  bad <- which(gain < -zero)
  if (length(bad)) return(bad[utils::head(order(gain[bad]), most)])
  open <- which(gain <= zero)
  for (piece in in_pieces(open, most_cone_rows)) {
    bad <- piece[!in_hull_rows(rows, rest[piece], set, cone)]
    if (length(bad)) return(some_of(bad, most))
  }
  integer()
}

# Are these rows zero in all of the smallest space that contains the cone?
in_hull_rows <- function(rows, some, set, cone) {
  M <- cone_matrix(rows, some, set, cone$groups, cone$shift)$M
  M <- M * rep(cone$scale, each = nrow(M))
  zero <- rowSums((M %*% cone$hull)^2) <= cone_tolerance^2 * rowSums(M^2)
  for (i in seq_along(set$place)) {
    zero <- zero & (rows$Z[some, set$place[i]] == 0 |
                      rows$group[some, set$grouping[i]] %in% cone$groups[[i]])
  }
  zero
}

# X beta, in pieces: of many rows no copy is made.
along_fixed <- function(rows, some, beta) {
  if (length(beta) == 0 || all(beta == 0)) return(numeric(length(some)))
  pieces <- in_pieces(some, 100000L)
  unlist(lapply(pieces, function(piece) {
    as.numeric(rows$X[piece, rows$flat, drop = FALSE] %*% beta)
  }))
}

# The same of several random columns over all rows. Rows that one group's effect can make gain,
# whatever the others are, pin nothing.
cone_of_set <- function(rows, set, enough) {
  some <- which(!is.na(rows$side))
  repeat {
    before <- length(some)
    for (i in seq_along(set$place)) {
      z <- rows$Z[some, set$place[i]]
      code <- rows$group[some, set$grouping[i]]
      slope <- rows$side[some] * z
      seen <- function(own) tabulate(code[own], rows$n_groups[set$grouping[i]]) > 0
      held <- seen(slope == 0 & z != 0) | seen(slope > 0) & seen(slope < 0)
      some <- some[z == 0 | held[code]]
    }
    if (length(some) == before) return(cone_of_rows(rows, some, set, enough))
  }
}

# One random column -----------------------------------------------------------------------------

# The same of one random column over all rows. A group whose effect can make all of its rows gain,
# whatever the others are, pins nothing. Of the rest some are taken, and more where the direction
# leaves no room for their effects.
cone_of_column <- function(rows, grouping, place, enough) {
  set <- list(grouping = grouping, place = place)
  z <- rows$Z[, place]
  code <- rows$group[, grouping]
  slope <- rows$side * z
  seen <- function(own) tabulate(code[own], rows$n_groups[grouping]) > 0
  pinned <- seen(which(slope == 0 & z != 0))
  # A row that is pinned by itself pins the effect of its group, whatever else does.
  if (sum(pinned) - length(rows$flat) >= enough) {
    return(list(t = sum(pinned) - length(rows$flat), decided = TRUE))
  }
  candidates <- which(pinned | seen(which(slope > 0)) & seen(which(slope < 0)))
  candidates <- candidates[order(!pinned[candidates])]
  n <- enough + 4 + min(length(rows$flat), 20)
  chosen <- candidates[seq_len(min(n, length(candidates)))]
  repeat {
    is_chosen <- replace(logical(rows$n_groups[grouping]), chosen, TRUE)
    cone <- cone_of_rows(rows, which(z == 0 | is_chosen[code]), set, enough)
    rest <- candidates[!is_chosen[candidates]]
    if (!cone$decided || cone$t >= enough || length(rest) == 0) return(cone)
    more <- groups_without_room(rows, rest, set, cone$beta)
    if (length(more) == 0) return(cone)
    chosen <- c(chosen, more[seq_len(min(length(more), n + length(chosen)))])
  }
}

# The groups among these whose effects are pinned, or cannot follow beta, the worst first. An effect
# follows where all lower bounds -x'beta/z of rows with side z > 0 are below all upper ones.
groups_without_room <- function(rows, groups, set, beta) {
  n_groups <- rows$n_groups[set$grouping]
  is_one <- replace(logical(n_groups), groups, TRUE)
  code <- rows$group[, set$grouping]
  own <- which(rows$Z[, set$place] != 0 & is_one[code] & !is.na(rows$side))
  z <- rows$Z[own, set$place]
  side <- rows$side[own]
  bound <- -along_fixed(rows, own, beta) / z
  # The last one in order is what stays.
  extreme <- function(which, bound, none) {
    sorted <- which[order(bound[which])]
    replace(rep(none, n_groups), code[own[sorted]], bound[sorted])
  }
  lower <- extreme(which(side * z >= 0), bound, -Inf)
  upper <- -extreme(which(side * z <= 0), -bound, -Inf)
  room <- (upper - lower)[groups]
  size <- pmax(abs(lower), abs(upper))[groups]
  bad <- which(room <= cone_tolerance * ifelse(is.finite(size), size, 0))
  groups[bad[order(room[bad])]]
}
