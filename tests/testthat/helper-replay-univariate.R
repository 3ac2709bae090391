# Draws of one number from its log density, as helper-replay.R wants them.

# Rejection from a hat that is flat between two points and falls exponentially outside them,
# along tangents where the log density is 0.4 to 2.5 below its top.
draw_log_concave <- function(value, slope, curvature, start, lower) {
  mode <- if (is.finite(lower) && is.finite(value(lower)) && slope(lower) <= 0) lower
    else newton_mode(slope, curvature, start, lower)
  top <- value(mode)
  touch <- function(sign, limit) {
    width <- min(sqrt(2) / (sqrt(-curvature(mode)) + abs(slope(mode))), limit / 2)
    if (width == 0) return(NULL)
    near <- 0
    far <- Inf
    repeat {
      x <- mode + sign * width
      fall <- top - value(x)
      if (fall >= 0.4 && fall <= 2.5) return(c(x + fall / slope(x), slope(x)))
      if (fall < 0.4) near <- width else far <- width
      width <- if (is.finite(far)) (near + far) / 2 else 2 * width
      if (width >= limit) return(NULL)
    }
  }
  left <- touch(-1, mode - lower)
  if (is.null(left)) left <- c(lower, Inf)
  right <- touch(1, Inf)
  areas <- c(1 / left[2], right[1] - left[1], -1 / right[2])
  repeat {
    u <- sum(areas) * runif(1)
    log_hat <- 0
    if (u < areas[1]) {
      log_hat <- log(u / areas[1])
      x <- left[1] + log_hat / left[2]
    } else if (u <= areas[1] + areas[2]) {
      x <- left[1] + u - areas[1]
    } else {
      log_hat <- log((u - areas[1] - areas[2]) / areas[3])
      x <- right[1] + log_hat / right[2]
    }
    height <- if (x > lower) value(x) - top else -Inf
    if (log(runif(1)) < height - log_hat) return(x)
  }
}

newton_mode <- function(slope, curvature, x, lower) {
  ends <- c(lower, Inf)
  repeat {
    reach <- if (is.finite(lower)) 3 * (x - lower) else 3
    step <- -slope(x) / curvature(x)
    if (slope(x) * step < 1e-16) return(x)
    ends[(slope(x) <= 0) + 1] <- x
    new <- x + max(min(step, reach), -reach)
    x <- if (new > ends[1] && new < ends[2]) new else mean(ends)
  }
}

# Neal's slice sampler, stepping out by 1.
draw_slice <- function(at, x) {
  level <- at(x) + log(runif(1))
  ends <- x - runif(1) + c(0, 1)
  while (at(ends[1]) > level) ends[1] <- ends[1] - 1
  while (at(ends[2]) > level) ends[2] <- ends[2] + 1
  repeat {
    new <- ends[1] + diff(ends) * runif(1)
    if (at(new) > level) return(new)
    ends[(new >= x) + 1] <- new
  }
}
