# Draws of hyperparameters from their priors, on the current stream of R's generator.

# All of them, as needed_parameters() has those that some variables depend on.
all_parameters <- function(posterior) {
  groupings <- groupings_of(posterior)
  parts <- parameters_of(posterior)$part
  list(b = which(parts == "b"), scale = which(parts %in% c("sigma", "shape", "pool", "df")),
       columns = lapply(groupings, function(grouping) seq_len(nrow(grouping$random))),
       groupings = seq_along(groupings))
}

# draws x hyperparameters, 0 where they are not needed; and roots of the covariances of groupings.
draw_prior_hyper <- function(posterior, needed, n) {
  hyper <- matrix(0, n, nrow(parameters_of(posterior)),
                  dimnames = list(NULL, hyper_names(posterior)))
  hyper[, needed$b] <- prior_coefficients(posterior, needed$b, n)
  roots <- lapply(seq_along(groupings_of(posterior)), function(g) {
    if (g %in% needed$groupings) draw_roots(groupings_of(posterior)[[g]], n)
  })
  for (g in needed$groupings) hyper <- put_covariances(hyper, posterior, g, roots[[g]])
  part <- parameters_of(posterior)$part
  for (k in needed$scale) {
    hyper[, k] <- if (part[k] == "df") draw_df(posterior$df, n) else draw_scale_parameter(posterior, n)
  }
  list(hyper = hyper, roots = roots)
}

# Their priors that do not integrate, as "parameter: prior". Standard deviations are independent
# where their priors may be improper.
improper_among <- function(posterior, needed) {
  variable <- parameters_of(posterior)$variable
  flat <- needed$b[posterior$beta$precision[needed$b] == 0]
  of_groupings <- lapply(needed$groupings, function(g) {
    rows <- prior_rows_of(g, posterior)
    sd <- places_of(posterior, "sd", groupings_of(posterior)[[g]]$name)[needed$columns[[g]]]
    improper_rows(rows[rows$parameter %in% variable[sd], ])
  })
  c(sprintf("%s: flat()", variable[flat]), unlist(of_groupings),
    if (length(needed$scale)) improper_rows(prior_row_of_scale(posterior)))
}

prior_coefficients <- function(posterior, places, n) {
  mean <- posterior$beta$mean[places]
  sd <- 1 / sqrt(posterior$beta$precision[places])
  rep(mean, each = n) + rep(sd, each = n) * stats::rnorm(n * length(places))
}

# Of a standard deviation; any number of one that nothing depends on, whose prior is improper.
draw_scale <- function(distribution, n) {
  if (identical(distribution$parameters$upper, Inf)) return(rep(1, n))
  with(distribution$parameters, switch(distribution$name,
    uniform = stats::runif(n, 0, upper),
    half_t = abs(scale * stats::rt(n, df)),
    half_cauchy = abs(scale * stats::rcauchy(n)),
    half_normal = abs(scale * stats::rnorm(n)),
    exponential = stats::rexp(n, rate),
    fixed = rep(value, n),
    inverse_gamma = 1 / sqrt(stats::rgamma(n, shape, rate))
  ))
}

# Of a residual standard deviation, or of the shape r, of which gamma() is a prior itself and all
# others are priors of r^-1/2.
draw_scale_parameter <- function(posterior, n) {
  if (family_of(posterior)$scale == "sigma") return(draw_scale(posterior$prior$sigma, n))
  prior <- shape_prior(posterior$prior)
  if (prior$name != "gamma") return(draw_scale(prior, n)^-2)
  stats::rgamma(n, prior$parameters$shape, prior$parameters$rate)
}

# Degrees of freedom, gamma above 1 where they are not known.
draw_df <- function(encoded, n) {
  shape <- encoded[["shape"]]
  if (encoded[["is_fixed"]] == 1) return(rep(shape, n))
  least <- stats::pgamma(1, shape, encoded[["rate"]], lower.tail = FALSE)
  stats::qgamma(stats::runif(n) * least, shape, encoded[["rate"]], lower.tail = FALSE)
}

# Triangular roots L of Sigma = L L' of a grouping: draws x columns x columns.
draw_roots <- function(grouping, n) {
  q <- nrow(grouping$random)
  roots <- array(0, c(n, q, q))
  for (block in grouping$blocks) {
    roots[, block$columns, block$columns] <- draw_block(block, n)
  }
  roots
}

draw_block <- function(block, n) {
  size <- length(block$columns)
  if (block$kind == "variance") return(array(draw_scale(block$distribution, n), c(n, 1, 1)))
  if (block$kind == "lkj") {
    L <- draw_lkj_roots(block$parameter, size, n)
    return(L * as.numeric(draw_sds(block, n)))
  }
  if (is_structured(block)) return(draw_structured_roots(block, n) * as.numeric(draw_sds(block, n)))
  wishart <- if (block$kind == "inverse_wishart") inverse_wishart_roots(block, n)
    else huang_wand_roots(block, size, n)
  aperm(wishart, c(3, 1, 2))
}

# Under LKJ(eta) canonical partial correlations y_lk are independent, (y + 1) / 2 ~ Beta(b, b) with
# b = eta + (size - 1 - k)/2 (Lewandowski, Kurowicka and Joe 2009), and
# L_lk = y_lk sqrt(1 - sum over m < k of L_lm^2).
draw_lkj_roots <- function(eta, size, n) {
  L <- array(0, c(n, size, size))
  for (l in seq_len(size)) {
    left <- rep(1, n)
    for (k in seq_len(l - 1)) {
      b <- eta + (size - 1 - k) / 2
      L[, l, k] <- (2 * stats::rbeta(n, b, b) - 1) * sqrt(left)
      left <- pmax(left - L[, l, k]^2, 0)
    }
    L[, l, l] <- sqrt(left)
  }
  L
}

# Roots of correlation matrices drawn from the prior: draws x columns x columns.
draw_structured_roots <- function(block, n) {
  size <- size_of_block(block)
  L <- array(rep(diag(size), each = n), c(n, size, size))
  if (kind_of_block(block) == "diag") return(L)
  prior <- rho_prior(block)
  rho <- prior$low + (1 - prior$low) * stats::rbeta(n, prior$a, prior$b)
  rows <- correlation_root(correlations_of_rho(rho, block), size)
  for (r in seq_len(size)) L[, r, seq_len(r)] <- rows[[r]]
  L
}

# The standard deviations of a block drawn from their priors, draws x columns.
draw_sds <- function(block, n) {
  if (is_homogeneous(block)) return(matrix(draw_scale(block$sd[[1]], n), n, size_of_block(block)))
  matrix(vapply(block$sd, draw_scale, numeric(n), n = n), n)
}

# columns x columns x draws.
inverse_wishart_roots <- function(block, n) {
  P <- stats::rWishart(n, block$parameter, solve(block$scale))
  for (i in seq_len(n)) P[, , i] <- t(chol(solve(P[, , i])))
  P
}

# IW(df + size - 1, 2 df diag(1/a)) over a_k ~ IG(1/2, 1/scale_k^2) (Huang and Wand 2013).
huang_wand_roots <- function(block, size, n) {
  df <- block$parameter
  scale <- vapply(block$sd, function(x) x$parameters$scale, 0)
  P <- stats::rWishart(n, df + size - 1, diag(size))
  for (i in seq_len(n)) {
    a <- 1 / stats::rgamma(size, 0.5, scale^-2)
    P[, , i] <- t(chol(sqrt(outer(2 * df / a, 2 * df / a)) * solve(P[, , i])))
  }
  P
}

# Standard deviations and correlations of a grouping, in their places among the hyperparameters.
put_covariances <- function(hyper, posterior, g, roots) {
  grouping <- groupings_of(posterior)[[g]]
  row <- function(k) matrix(roots[, k, ], nrow(hyper))
  sd <- matrix(vapply(seq_len(dim(roots)[2]), function(k) sqrt(rowSums(row(k)^2)),
                      numeric(nrow(hyper))), nrow(hyper))
  hyper[, places_of(posterior, "sd", grouping$name)] <- sd
  pairs <- correlated_columns(grouping$random$block)
  places <- places_of(posterior, "cor", grouping$name)
  for (m in seq_along(places)) {
    k <- pairs$first[m]
    l <- pairs$second[m]
    hyper[, places[m]] <- rowSums(row(k) * row(l)) / (sd[, k] * sd[, l])
  }
  hyper
}
