# Linear programs: the cone of the directions in which a likelihood does not fall.

# A row of a binomial response whose trials are all successes loses nothing as its linear predictor
# grows, one of failures only as it falls, and one with both loses either way; so does a positive
# count, while zero counts are like failures. `side` of a row is 1, -1 or 0. In the coordinates of
# the columns of M the directions v in which the likelihood does not fall are
#
#   R = {v: side_i m_i'v >= 0 for all i, and m_i'v = 0 where side_i = 0},
#
# a closed convex cone. Its rows are `pinned` where m_i'v = 0 for all of R, and
# {v: m_i'v = 0 for the pinned i} is the smallest space that contains R.
#
# Two certificates, of which one always exists (Stiemke's lemma). For rows a_i = side_i m_i, all of
# them open: lambda > 0 with sum_i lambda_i a_i = 0, then all are pinned; or v with a_i'v >= 0, not
# all zero. quick_direction() finds one in most cases, nonnegative_residual() in all.

# What is zero beside rows and columns of length one.
cone_tolerance <- 1e-9

# list(pinned; direction, in the relative interior of R; hull, columns that span the smallest space
# that contains R; decided, did the searches end?). Directions are of columns with length one.
cone_of <- function(M, side) {
  lengths <- sqrt(colSums(M^2))
  M <- M / rep(ifelse(lengths > 0, lengths, 1), each = nrow(M))
  pinned <- side == 0
  basis <- null_directions(M[pinned, , drop = FALSE])
  A <- (side * M) %*% basis
  pinned <- pinned | rowSums(A^2) <= cone_tolerance^2 * rowSums(M^2)
  open <- which(!pinned)
  inside <- list(direction = numeric(ncol(basis)), decided = TRUE)
  if (length(open)) {
    inside <- widest_direction(A[open, , drop = FALSE])
    pinned[open] <- !inside$open
  }
  hull <- if (all(pinned)) null_directions(M) else null_directions(M[pinned, , drop = FALSE])
  list(pinned = pinned, direction = as.numeric(basis %*% inside$direction), hull = hull,
       scale = ifelse(lengths > 0, 1 / lengths, 1), decided = inside$decided)
}

# Orthonormal columns that span the null space of M.
null_directions <- function(M) {
  n <- ncol(M)
  if (nrow(M) == 0 || n == 0) return(diag(n))
  fit <- qr(without_noise(M), tol = cone_tolerance)
  if (fit$rank == n) return(matrix(0, n, 0))
  if (fit$rank == 0) return(diag(n))
  R <- qr.R(fit)[seq_len(fit$rank), order(fit$pivot), drop = FALSE]
  qr.Q(qr(t(R)), complete = TRUE)[, -seq_len(fit$rank), drop = FALSE]
}

# qr() judges what is left of a column by what it was, rounding as well.
without_noise <- function(M) {
  squares <- colSums(M^2)
  M[, squares <= cone_tolerance^2 * max(squares)] <- 0
  M
}

# A direction with A v >= 0 that is positive in as many rows as can be at once, and which are. Rows
# in which one is positive are left out of the search for the next, of which as much is added as
# leaves them positive.
widest_direction <- function(A) {
  direction <- numeric(ncol(A))
  open <- logical(nrow(A))
  repeat {
    if (all(open)) return(list(direction = direction, open = open, decided = TRUE))
    found <- find_direction(A[!open, , drop = FALSE])
    if (is.null(found$direction)) {
      return(list(direction = direction, open = open, decided = found$decided))
    }
    along <- as.numeric(A %*% found$direction)
    before <- as.numeric(A %*% direction)
    share <- if (any(open)) min(1, 0.5 * min(before[open] / pmax(-along[open], 1e-300))) else 1
    direction <- direction + share * found$direction
    direction <- direction / max(abs(A %*% direction))
    open[!open] <- found$open
  }
}

# A direction with A v >= 0 and not all zero, and where it is positive; NULL without one.
find_direction <- function(A) {
  fit <- qr(without_noise(A), tol = cone_tolerance)
  r <- seq_len(fit$rank)
  Q <- qr.Q(fit)[, r, drop = FALSE]
  found <- quick_direction(Q)
  if (is.null(found)) {
    size <- sqrt(rowSums(Q^2))
    found <- nonnegative_residual(Q / ifelse(size > 0, size, 1))
  }
  if (is.null(found$direction)) return(found)
  direction <- numeric(ncol(A))
  direction[fit$pivot[r]] <- backsolve(qr.R(fit)[r, r, drop = FALSE], found$direction)
  list(direction = direction, open = found$open, decided = TRUE)
}

# Steps after which the slower search begins.
most_cone_steps <- 12

# What Newton's steps for the maximum of sum_i log l_i, l_i = 1/(1 + exp(-q_i'v)), find at little
# cost: that there is a lambda > 0 with Q'lambda = 0, or a direction that separates; NULL if
# neither. With lambda = 1 - l, weights w = lambda l and the step s, lambda - w Qs is orthogonal to
# Q, and positive where l Qs < 1. If a direction separates, l Qs is 1 or more somewhere in each
# step, and the rows in which it is positive grow without end.
quick_direction <- function(Q) {
  v <- numeric(ncol(Q))
  eta <- numeric(nrow(Q))
  for (step in seq_len(most_cone_steps)) {
    lambda <- 1 / (1 + exp(eta))
    root <- tryCatch(chol.default(crossprod(sqrt(lambda * (1 - lambda)) * Q)),
                     error = function(e) NULL)
    if (is.null(root)) break
    move <- backsolve(root, backsolve(root, crossprod(Q, lambda), transpose = TRUE))
    along <- as.numeric(Q %*% move)
    if (max((1 - lambda) * along) < 1 - 1e-6) return(list(decided = TRUE))
    v <- v + as.numeric(move) * min(1, 5 / max(abs(along)))
    eta <- as.numeric(Q %*% v)
    if (min(eta) > 1e-3 * max(eta)) {
      return(list(direction = v, open = rep(TRUE, nrow(Q)), decided = TRUE))
    }
  }
  grown_direction(Q, v, eta)
}

# The rows that have grown are told from the rest by the widest gap. Of v what is orthogonal to the
# rest has to separate.
grown_direction <- function(Q, v, eta) {
  sorted <- sort(eta)
  gaps <- diff(sorted) * (sorted[-1] > 4)
  if (length(gaps) == 0 || max(gaps) <= 0) return(NULL)
  open <- eta > sorted[which.max(gaps)]
  basis <- null_directions(Q[!open, , drop = FALSE])
  v <- as.numeric(basis %*% crossprod(basis, v))
  along <- as.numeric(Q %*% v)
  if (!any(open) || min(along[open]) <= 1e-3 * max(abs(along))) return(NULL)
  list(direction = v, open = open, decided = TRUE)
}

# The shortest r = sum_i (1 + nu_i) u_i with nu >= 0, by nonnegative least squares (Lawson and
# Hanson 1974, chapter 23). If it is zero, 1 + nu balances the rows. If not, it separates them: at
# the minimum u_i'r >= 0, with equality where nu_i > 0, and sum_i u_i'r = r'r > 0. Several rows
# enter at a time as long as that makes r shorter.
nonnegative_residual <- function(U) {
  whole <- colSums(U)
  nu <- numeric(nrow(U))
  passive <- refused <- integer()
  last <- Inf
  for (step in seq_len(20 * ncol(U) + 200)) {
    residual <- whole + as.numeric(crossprod(U[passive, , drop = FALSE], nu[passive]))
    size <- sqrt(sum(residual^2))
    if (size <= cone_tolerance * (nrow(U) + sum(nu))) return(list(decided = TRUE))
    slope <- as.numeric(U %*% residual) / size
    slope[c(passive, refused)] <- Inf
    if (min(slope) >= -cone_tolerance) return(separating_residual(U, residual / size))
    at_once <- if (size < last * (1 - 1e-6)) (ncol(U) - length(passive)) %/% 4 else 0
    entering <- which.min(slope)
    if (at_once > 1) {
      entering <- order(slope)[seq_len(at_once)]
      entering <- entering[slope[entering] < -cone_tolerance]
    }
    last <- size
    solved <- with_entering(U, whole, nu, c(passive, entering))
    nu <- solved$nu
    passive <- solved$passive
    # Rounding: what has entered alone has left at once.
    refused <- if (any(entering %in% passive)) integer()
      else if (length(entering) == 1) c(refused, entering) else refused
  }
  list(decided = FALSE)
}

# Least squares over the passive rows, of which those leave that would get negative.
with_entering <- function(U, whole, nu, passive) {
  while (length(passive)) {
    fit <- stats::.lm.fit(t(U[passive, , drop = FALSE]), -whole, tol = 1e-13)
    solution <- numeric(length(passive))
    solution[fit$pivot[seq_len(fit$rank)]] <- fit$coefficients[seq_len(fit$rank)]
    below <- solution <= 0
    old <- nu[passive]
    share <- if (any(below)) min(ifelse(old > 0, old / (old - solution), 0)[below]) else 1
    nu[passive] <- old + share * (solution - old)
    if (!any(below)) break
    gone <- below & nu[passive] <= 1e-14 * max(nu[passive], 1)
    if (!any(gone)) gone <- below
    nu[passive[gone]] <- 0
    passive <- passive[!gone]
  }
  list(nu = nu, passive = passive)
}

separating_residual <- function(U, residual) {
  along <- as.numeric(U %*% residual)
  open <- along > cone_tolerance
  if (min(along) < -10 * cone_tolerance || !any(open)) return(list(decided = FALSE))
  list(direction = residual, open = open, decided = TRUE)
}
