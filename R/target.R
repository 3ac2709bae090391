# The density of the collapsed sampler's coordinates, and proposals around a point of it.

# log p(coordinates | y) at the columns of points.
log_target <- function(model, tuning, points, sigma2) {
  values <- .Call(ffi_log_target, model, tuning, as.numeric(points), as.numeric(sigma2))
  if (anyNA(values)) rlang::interrupt()
  values
}

# Independent proposals, coordinates x n, and their log densities.
propose <- function(model, tuning, n) .Call(ffi_propose, model, tuning, as.integer(n))

# A t around a point, all lambda positive; columns far from 0 keep their sign. Its center and its
# root keep few digits, so that data that were added up in another order have the same proposals.
place_proposal <- function(tuning, center, covariance) {
  q <- length(tuning$scale)
  tuning$center <- fold_point(center, tuning)
  covariance <- if (is.function(covariance)) covariance(tuning$center) else covariance
  sd <- signif(sqrt(diag(covariance)), proposal_digits)
  tuning$center <- round(tuning$center / sd, proposal_digits) * sd
  is_near <- tuning$center[seq_len(q)] < 5 * sd[seq_len(q)]
  tuning$near <- as.integer(sum(bitwShiftL(1L, which(is_near) - 1L)))
  tuning$root <- few_digits(proposal_root(covariance))
  tuning
}

# How many digits proposals keep of what they are placed by.
proposal_digits <- 5

# A triangular root with few digits of its diagonal, and as many of each row over that.
few_digits <- function(root) {
  own <- diag(root)
  round(root / own, proposal_digits) * signif(own, proposal_digits)
}

# Degrees of freedom of the proposal, whose tails must not be lighter than the target's,
# and how much wider than the target it is.
proposal_df <- 6

proposal_width <- 1.15

proposal_root <- function(covariance) {
  chol(chol2inv(chol(covariance * proposal_width^2)))
}

# The same point with all lambda positive.
fold_point <- function(point, tuning) {
  negative <- which(point[seq_along(tuning$scale)] < 0)
  ifelse(signs_changed(tuning$sign_columns, negative), -point, point)
}

# Which coordinates change sign with the signs of these columns.
signs_changed <- function(sign_columns, columns) {
  bits <- bitwShiftL(1L, columns - 1L)
  odd <- rep(FALSE, length(sign_columns))
  for (bit in bits) odd <- xor(odd, bitwAnd(sign_columns, bit) > 0)
  odd
}

# What becomes of sigma, in the order of sigma_role_t in src/collapsed_target.h, whose numbers a
# tuning holds.
sigma_roles <- c("integrated", "coordinate", "given", "beside", "none", "fixed")

role_of <- function(tuning) sigma_roles[tuning$sigma_role + 1L]

# Is log sigma a coordinate?
with_coordinate <- function(tuning) role_of(tuning) %in% c("coordinate", "beside")

# May priors of the standard deviations know a scale?
knows_scales <- function(tuning) with_coordinate(tuning) || role_of(tuning) == "fixed"

# Are the standard deviations themselves coordinates, not those over sigma?
with_own_sds <- function(tuning) role_of(tuning) %in% c("given", "beside", "none")

# A bound has no curvature to go by: the mode is sought without it, and then brought
# within.
without_bounds <- function(model) {
  model$sigma_prior[["upper"]] <- Inf
  model$groupings <- lapply(model$groupings, function(grouping) {
    grouping$blocks <- lapply(grouping$blocks, function(block) {
      block$variance["upper", ] <- Inf
      block
    })
    grouping
  })
  model
}

within_bounds <- function(point, model, tuning) {
  if (role_of(tuning) == "integrated") return(point)
  last <- length(point)
  if (with_coordinate(tuning)) point[last] <- min(point[last], log(0.95 * sigma_bound(model)))
  sigma <- if (with_own_sds(tuning)) 1 else if (with_coordinate(tuning)) exp(point[last])
    else fixed_sigma(model)
  grouping <- grouping_of_step(model, tuning$step)
  k <- seq_along(tuning$scale)
  most <- asinh(0.95 * sd_bounds(grouping) / sigma / tuning$scale)
  point[k] <- pmax(pmin(point[k], most), -most)
  point
}
