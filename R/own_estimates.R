# What a group's rows alone tell: least squares, or with another family maximum likelihood.

own_estimate <- function(fit) if (is_gaussian(fit)) "least squares" else "maximum likelihood"

# For each place in `shown` the rows of that group: their numbers, columns, Z of all groupings, y,
# offset, weights, and what pictures show: the response less its offset, of trials the share of
# successes, of counts rates; level is what a curve there has of the offset. Of other families
# beside trials, the row of the family and estimates of its scale parameter.
rows_by_group <- function(fit, place, shown, g = 1L) {
  rows <- which(place %in% shown)
  rows <- split(rows, factor(place[rows], shown))
  family <- family_of(fit)
  scale <- if (!is_gaussian(fit) && !is.null(family$scale)) median_scale(fit, family$scale)
  lapply(seq_along(shown), function(k) {
    own <- design_rows(fit$design, rows[[k]])
    n <- length(own$y)
    both <- cbind(own$X, if (length(g)) Z_of_grouping(own$Z, groupings_of(fit$posterior)[[g]]))
    offset <- if (is.null(own$offset)) numeric(n) else own$offset
    weights <- if (is.null(own$weights)) own$times else own$weights
    c(list(place = shown[k], rows = rows[[k]], Z = own$Z, y = own$y, offset = offset,
           columns = both[, match(coef_columns_of(fit$posterior, g), colnames(both)), drop = FALSE],
           weights = if (is.null(weights)) rep(1, n) else weights, trials = own$trials,
           family = family, scale = scale), points_of_rows(family, own, offset))
  })
}

# Of t residuals the degrees of freedom too; where there are several sigma, their median.
median_scale <- function(fit, part) {
  of_part <- function(part) stats::median(hyper_matrix(fit, shown_places_of(fit$posterior, part)))
  if (is_student(fit)) list(sigma = of_part("sigma"), df = of_part("df")) else of_part(part)
}

points_of_rows <- function(family, own, offset) {
  if (family$weights == "trials") {
    return(list(shown = if (is.null(own$trials)) own$y else own$y / own$trials,
                level = mean(offset)))
  }
  list(shown = if (family$link == "log") own$y / exp(offset) else own$y - offset, level = 0)
}

# A grouping's columns of those of all.
Z_of_grouping <- function(Z, grouping) {
  place <- grouping$random$place
  if (is.null(place)) Z else Z[, place, drop = FALSE]
}

# What a regression of a group's rows alone gives at other rows of its columns, on the link's scale;
# NA where its own rows do not tell that.
own_values <- function(own, at) {
  size <- sqrt(colSums(own$columns^2))
  size[size == 0] <- 1
  scaled <- own$columns / rep(size, each = nrow(own$columns))
  fit <- if (identical(own$family$name, "gaussian")) {
    stats::lm.wfit(scaled, own$y - own$offset, own$weights)
  } else if (own$family$rows == "each") reweighted_rows(scaled, own)
  else maximum_of_rows(scaled, own)
  values <- rep(NA_real_, nrow(at))
  if (is.null(fit) || fit$rank == 0) return(values)
  at <- at / rep(size, each = nrow(at))
  # Told is what lies in the space of the rows.
  R <- qr.R(fit$qr)[seq_len(fit$rank), order(fit$qr$pivot), drop = FALSE]
  beyond <- sqrt(colSums(qr.resid(qr(t(R)), t(at))^2))
  told <- beyond <= 1e-6 * sqrt(rowSums(at^2))
  coefficients <- fit$coefficients
  coefficients[is.na(coefficients)] <- 0
  values[told] <- at[told, , drop = FALSE] %*% coefficients
  values
}

# The maximum of the likelihood of t residuals by EM, from least squares (Lange, Little and Taylor
# 1989, equation 2).
reweighted_rows <- function(X, own) {
  y <- own$y - own$offset
  weights <- rep(1, length(y))
  for (round in 1:200) {
    fit <- stats::lm.wfit(X, y, own$weights * weights)
    before <- weights
    weights <- (own$scale$df + 1) /
      (own$scale$df + own$weights * (fit$residuals / own$scale$sigma)^2)
    if (max(abs(weights - before)) < 1e-8) break
  }
  fit
}

# The maximum of the likelihood in the coefficients, as lm.wfit() has least squares; NULL where
# there is none, as some direction separates the outcomes.
maximum_of_rows <- function(X, own) {
  side <- if (own$family$weights == "trials") {
    trials <- if (is.null(own$trials)) 1 else own$trials
    (own$y == trials) - (own$y == 0)
  } else -as.numeric(own$y == 0)
  if (ncol(X) == 0 || !all(cone_of(X, side)$pinned)) return(NULL)
  qr <- qr(X, tol = 1e-7)
  kept <- qr$pivot[seq_len(qr$rank)]
  coefficients <- rep(NA_real_, ncol(X))
  coefficients[kept] <- newton_maximum(X[, kept, drop = FALSE], own)
  if (anyNA(coefficients[kept])) return(NULL)
  list(coefficients = coefficients, rank = qr$rank, qr = qr)
}

# Newton's steps, halved until the log likelihood does not fall. It is concave in the coefficients,
# under all links that there are.
newton_maximum <- function(X, own) {
  of_rows <- function(name, beta) {
    eta <- own$offset + as.numeric(X %*% beta)
    own$weights * own$family[[name]](own$y, eta, own$scale, own$trials)
  }
  trials <- if (is.null(own$trials)) 1 else own$trials
  near <- if (own$family$weights == "trials") (own$y + 0.5) / (trials + 1) else own$y + 0.5
  beta <- qr.coef(qr(X), own$family$as_family()$linkfun(near) - own$offset)
  value <- sum(of_rows("log_density", beta))
  for (step in seq_len(100)) {
    slope <- as.numeric(crossprod(X, of_rows("log_density_slope", beta)))
    root <- tryCatch(chol(crossprod(X, -of_rows("log_density_curvature", beta) * X)),
                     error = function(e) NULL)
    if (is.null(root)) return(rep(NA_real_, ncol(X)))
    move <- backsolve(root, backsolve(root, slope, transpose = TRUE))
    if (sum(slope * move) < 1e-12) return(beta)
    for (halving in 1:50) {
      there <- sum(of_rows("log_density", beta + move))
      if (is.finite(there) && there >= value) break
      move <- move / 2
    }
    beta <- beta + move
    value <- there
  }
  rep(NA_real_, ncol(X))
}
