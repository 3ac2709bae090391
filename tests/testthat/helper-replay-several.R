# The Gibbs samplers of several groupings in plain R, from normal equations on the raw rows, drawing
# variates in the same order as the C samplers, by the functions of helper-replay.R. The model is
#   y_i = x_i' beta + sum_g z_gi' gamma_g,group_g(i) + e_i.
#
# In the centered parameterization a grouping's own coefficients b_j = m_j + gamma_j are drawn, m_j being
# those of the group of the next grouping above it in its chain that has the column, or the fixed
# coefficient where the grouping takes it up; y has those of the lowest grouping with a column alone.

# Of a posterior: what replay() wants of each grouping, and how they hang together.
several_replay_data <- function(posterior) {
  rows <- rows_of(posterior$design)
  n <- length(rows$y)
  sigma <- posterior$design$factors$sigma
  all <- list(y = rows$y, X = rows$X[, posterior$fixed, drop = FALSE],
              level = if (is.null(sigma)) rep(1L, n) else groups_in(sigma)$index,
              w = if (is.null(rows$weights)) rep(1, n) else rows$weights)
  all$level_order <- seq_len(max(all$level))
  all$steps <- find_steps(posterior$groupings)
  all$own <- lapply(seq_along(posterior$groupings), function(g) {
    grouping <- posterior$groupings[[g]]
    factor <- factors_of(posterior$design)[[grouping_part(g)]]
    group <- match(factor$labels, grouping$groups)[factor$code]
    c(all[c("y", "X", "level", "w")],
      list(Z = rows$Z[, grouping$random$place, drop = FALSE], column = grouping$random$column,
           group = group, rows = split(seq_len(n), group), group_order = seq_along(grouping$groups),
           blocks = lapply(grouping$blocks, `[[`, "columns"), paired = grouping$random$paired))
  })
  all
}

several_replay_priors <- function(posterior) {
  lapply(posterior$groupings, function(grouping) {
    sd <- vector("list", nrow(grouping$random))
    for (block in grouping$blocks) sd[block$columns] <- block$sd
    list(sd = sd, cov = lapply(grouping$blocks, function(block) {
      list(type = block$kind, eta = block$parameter, df = block$parameter,
           scale = matrix(block$scale, length(block$columns)))
    }))
  })
}

# The grouping that each column of X is the mean in, by the rule as it is written in the help page: the
# fewest groups, then the higher in its chain, then the first.
absorbed_by <- function(data) {
  height <- numeric(length(data$own))
  for (step in data$steps) height[step] <- seq_along(step)
  lapply(seq_len(ncol(data$X)), function(coef) {
    having <- Filter(function(g) coef %in% data$own[[g]]$paired, seq_along(data$own))
    sizes <- vapply(having, function(g) length(data$own[[g]]$rows), 0L)
    having[order(sizes, -height[having], having)][1]
  })
}

# For a grouping of a chain: of each column the next grouping above that has it, and whether none below
# has it; the groups of each grouping in the order in which the children of a group are neighbors.
hierarchy_of <- function(data) {
  above <- lapply(data$own, function(own) rep(NA_integer_, length(own$column)))
  lowest <- lapply(data$own, function(own) rep(TRUE, length(own$column)))
  order <- lapply(data$own, function(own) seq_along(own$rows))
  for (step in data$steps) {
    for (l in seq_along(step)) {
      for (k in seq_along(data$own[[step[l]]]$column)) {
        has <- vapply(step, function(g) data$own[[step[l]]]$column[k] %in% data$own[[g]]$column, NA)
        higher <- which(has & seq_along(step) > l)
        if (length(higher)) above[[step[l]]][k] <- step[higher[1]]
        lowest[[step[l]]][k] <- !any(has & seq_along(step) < l)
      }
    }
    for (l in rev(seq_len(length(step) - 1))) {
      order[[step[l]]] <- order(match(group_above(data, step[l], step[l + 1]), order[[step[l + 1]]]))
    }
  }
  list(above = above, lowest = lowest, order = order)
}

# The group of h that each group of g lies in.
group_above <- function(data, g, h) {
  vapply(data$own[[g]]$rows, function(i) data$own[[h]]$group[i[1]], 1L)
}

fits_of <- function(data, coefs, columns = NULL) {
  if (length(data$own) == 0) return(matrix(0, length(data$y), 0))
  fits <- lapply(seq_along(data$own), function(g) {
    own <- data$own[[g]]
    use <- if (is.null(columns)) seq_len(ncol(own$Z)) else which(columns[[g]])
    rowSums(own$Z[, use, drop = FALSE] * coefs[[g]][own$group, use, drop = FALSE])
  })
  do.call(cbind, fits)
}

several_uncentered <- function(data, prior, priors) {
  D <- diag(prior$beta_precision, ncol(data$X))
  function(state) {
    v <- data$w / state$sigma2[data$level]
    for (g in seq_along(data$own)) {
      others <- rowSums(fits_of(data, state$gamma)[, -g, drop = FALSE])
      state$gamma[[g]] <- draw_group_coefs(data$own[[g]], v, data$y - data$X %*% state$beta - others,
                                           state$Sigma[[g]])
    }
    state <- several_beta(data, prior, D, state, v)
    several_variances(data, prior, priors, state)
  }
}

several_beta <- function(data, prior, D, state, v) {
  r <- data$y - rowSums(fits_of(data, state$gamma))
  state$beta <- draw_normal(crossprod(data$X, v * data$X) + D,
                            crossprod(data$X, v * r) + prior$beta_precision * prior$beta_mean)
  state
}

several_variances <- function(data, prior, priors, state) {
  for (g in seq_along(data$own)) {
    state$Sigma[[g]] <- draw_Sigma(data$own[[g]], priors[[g]], state$gamma[[g]], state$Sigma[[g]])
  }
  several_sigma2(data, prior, state)
}

several_sigma2 <- function(data, prior, state) {
  e <- data$y - data$X %*% state$beta - rowSums(fits_of(data, state$gamma))
  state$sigma2 <- draw_sigma2(data, prior$sigma, e, state$sigma2)
  state
}

several_interweaved <- function(data, prior, priors) {
  p <- ncol(data$X)
  D <- diag(prior$beta_precision, p)
  hierarchy <- hierarchy_of(data)
  function(state) {
    v <- data$w / state$sigma2[data$level]
    uniform <- mapply(scales_uniform, data$own, priors)
    for (g in seq_along(data$own)) {
      y <- data$y - rowSums(fits_of(data, state$gamma)[, -g, drop = FALSE])
      state$gamma[[g]] <- draw_group_coefs(data$own[[g]], v, y - data$X %*% state$beta,
                                           state$Sigma[[g]])
      state <- several_standardized(data, prior, priors, D, state, g, v, y, uniform[g])
    }
    if (!any(uniform)) state <- several_beta(data, prior, D, state, v)
    for (step in data$steps) for (l in seq_along(step)[-1]) {
      if (all(hierarchy$lowest[[step[l]]])) next
      state <- several_above(data, hierarchy, state, step[l], v)
      state <- several_scales_above(data, priors, hierarchy, state, step[l], v)
    }
    for (g in seq_along(data$own)) {
      state <- several_translation(data, prior, D, state, g)
      state$Sigma[[g]] <- draw_Sigma(data$own[[g]], priors[[g]], state$gamma[[g]], state$Sigma[[g]])
    }
    several_sigma2(data, prior, state)
  }
}

several_standardized <- function(data, prior, priors, D, state, g, v, y, uniform) {
  own <- data$own[[g]]
  p <- ncol(data$X)
  q <- ncol(own$Z)
  both <- cbind(data$X, own$Z * state$gamma[[g]][own$group, , drop = FALSE])
  P <- crossprod(both, v * both)
  P[seq_len(p), seq_len(p)] <- P[seq_len(p), seq_len(p)] + D
  h <- crossprod(both, v * y) + c(prior$beta_precision * prior$beta_mean, numeric(q))
  drawn <- draw_normal(P, h)
  s <- drawn[p + seq_len(q)]
  weight <- log_prior_of_scales(s, state$Sigma[[g]], own, priors[[g]]) -
    log_prior_of_scales(rep(1, q), state$Sigma[[g]], own, priors[[g]], bounded = FALSE)
  if (uniform || log(runif(1)) < weight) {
    state$beta <- drawn[seq_len(p)]
    state$gamma[[g]] <- sweep(state$gamma[[g]], 2, s, "*")
    state$Sigma[[g]] <- state$Sigma[[g]] * tcrossprod(s)
  }
  state
}

several_translation <- function(data, prior, D, state, g) {
  in_z <- which(!is.na(data$own[[g]]$paired))
  in_x <- data$own[[g]]$paired[in_z]
  if (length(in_x) == 0) return(state)
  K <- solve(state$Sigma[[g]])
  h <- prior$beta_precision * prior$beta_mean - D %*% state$beta
  d <- draw_normal(nrow(state$gamma[[g]]) * K[in_z, in_z] + D[in_x, in_x],
                   (K %*% colSums(state$gamma[[g]]))[in_z] + h[in_x])
  state$beta[in_x] <- state$beta[in_x] + d
  state$gamma[[g]][, in_z] <- sweep(state$gamma[[g]][, in_z, drop = FALSE], 2, d)
  state
}

# b_j of a grouping given those of the groupings below it, in the state of the uncentered sampler.
several_above <- function(data, hierarchy, state, g, v) {
  b <- coefs_of(data, hierarchy, state$gamma)
  mean <- lapply(state$gamma, function(gamma) 0 * gamma)
  X_beta <- as.numeric(data$X %*% state$beta)
  b[[g]] <- draw_coefs(data, hierarchy, b, mean, state$Sigma, g, v, data$y - X_beta, TRUE)
  state$gamma <- effects_of(data, hierarchy, b, mean)
  state
}

# The factors s by which its standard deviations change, given those b and its standardized effects:
# b_i = m_i + S (m_j + diag(gamma_j) s) + N(0, Sigma_i), and y has Z (m_j + diag(gamma_j) s).
several_scales_above <- function(data, priors, hierarchy, state, g, v) {
  own <- data$own[[g]]
  lowest <- hierarchy$lowest[[g]]
  b <- coefs_of(data, hierarchy, state$gamma)
  m <- means_above(data, hierarchy, b, g)
  y <- data$y - data$X %*% state$beta - rowSums(fits_of(data, b, hierarchy$lowest)[, -g, drop = FALSE])
  below <- Filter(function(f) g %in% hierarchy$above[[f]], seq_along(b))
  P <- h <- 0
  for (j in seq_along(own$rows)) {
    i <- own$rows[[j]]
    D <- diag(state$gamma[[g]][j, ], ncol(own$Z))
    Z <- sweep(own$Z[i, , drop = FALSE], 2, lowest, "*")
    P <- P + D %*% crossprod(Z, v[i] * Z) %*% D
    h <- h + D %*% crossprod(Z, v[i] * (y[i] - Z %*% m[j, ]))
    for (f in below) {
      S <- outer(data$own[[f]]$column, own$column, "==") & (hierarchy$above[[f]] %in% g)
      K <- solve(state$Sigma[[f]])
      children <- which(group_above(data, f, g) == j)
      rest <- b[[f]] - means_above(data, hierarchy, b, f, but = g)
      P <- P + length(children) * D %*% t(S) %*% K %*% S %*% D
      h <- h + D %*% t(S) %*% K %*% (colSums(rest[children, , drop = FALSE]) -
                                       length(children) * S %*% m[j, ])
    }
  }
  s <- draw_normal(P, h)
  weight <- log_prior_of_scales(s, state$Sigma[[g]], own, priors[[g]]) -
    log_prior_of_scales(rep(1, length(s)), state$Sigma[[g]], own, priors[[g]], bounded = FALSE)
  if (!scales_uniform(own, priors[[g]]) && log(runif(1)) >= weight) return(state)
  gamma <- lapply(b, function(x) 0 * x)
  b[[g]] <- m + sweep(state$gamma[[g]], 2, s, "*")
  state$gamma <- effects_of(data, hierarchy, b, gamma)
  state$Sigma[[g]] <- state$Sigma[[g]] * tcrossprod(s)
  state
}

# b of all groupings from their deviations, and the reverse. mean: what they have beside the b above.
coefs_of <- function(data, hierarchy, gamma, mean = lapply(gamma, function(x) 0 * x)) {
  b <- Map(`+`, gamma, mean)
  for (step in data$steps) for (g in rev(step)) b[[g]] <- b[[g]] + means_above(data, hierarchy, b, g)
  b
}

effects_of <- function(data, hierarchy, b, mean) {
  Map(function(own, g, mean) own - means_above(data, hierarchy, b, g) - mean, b, seq_along(b), mean)
}

means_above <- function(data, hierarchy, b, g, but = NULL) {
  means <- 0 * b[[g]]
  for (k in seq_len(ncol(means))) {
    h <- hierarchy$above[[g]][k]
    if (is.na(h) || identical(h, but)) next
    column <- match(data$own[[g]]$column[k], data$own[[h]]$column)
    means[, k] <- b[[h]][group_above(data, g, h), column]
  }
  means
}

# b_j ~ N(P^-1 h, P^-1), P = K + Z'VZ + sum over groups i below of S'K_i S, and
# h = K m_j + Z'V r + sum S'K_i (b_i - m_i), where Z is of the columns that y depends on, S picks those of b_j
# that are means below, and m_i is what else is the mean there.
draw_coefs <- function(data, hierarchy, b, mean, Sigma, g, v, y, in_chain) {
  own <- data$own[[g]]
  lowest <- hierarchy$lowest[[g]]
  K <- solve(Sigma[[g]])
  m <- means_above(data, hierarchy, b, g) + mean[[g]]
  r <- y - rowSums(fits_of(data, b, hierarchy$lowest)[, -g, drop = FALSE])
  below <- Filter(function(f) g %in% hierarchy$above[[f]], seq_along(b))
  drawn <- b[[g]]
  for (j in if (in_chain) hierarchy$order[[g]] else seq_len(nrow(drawn))) {
    i <- own$rows[[j]]
    Z <- sweep(own$Z[i, , drop = FALSE], 2, lowest, "*")
    P <- K + crossprod(Z, v[i] * Z)
    h <- K %*% m[j, ] + crossprod(Z, v[i] * r[i])
    for (f in below) {
      S <- outer(data$own[[f]]$column, own$column, "==") & (hierarchy$above[[f]] %in% g)
      K_f <- solve(Sigma[[f]])
      children <- which(group_above(data, f, g) == j)
      rest <- b[[f]] - means_above(data, hierarchy, b, f, but = g) - mean[[f]]
      P <- P + length(children) * t(S) %*% K_f %*% S
      h <- h + t(S) %*% K_f %*% colSums(rest[children, , drop = FALSE])
    }
    drawn[j, ] <- draw_normal(P, h)
  }
  drawn
}

several_centered <- function(data, prior, priors) {
  hierarchy <- hierarchy_of(data)
  by <- absorbed_by(data)
  in_x <- which(!is.na(unlist(by)))
  free <- setdiff(seq_len(ncol(data$X)), in_x)
  X_free <- data$X[, free, drop = FALSE]
  # As in replay_centered().
  to_beta <- diag(ncol(data$X))
  intercept <- match("(Intercept)", colnames(data$X))
  if (intercept %in% in_x) {
    counted <- if (is.null(data$counted)) data$w else data$counted
    means <- colSums(counted * X_free) / sum(counted)
    X_free <- sweep(X_free, 2, means)
    to_beta[intercept, free] <- -means
  }
  prior_P <- crossprod(to_beta, prior$beta_precision * to_beta)
  prior_h <- crossprod(to_beta, prior$beta_precision * prior$beta_mean)
  fixed_means <- function(shifted) lapply(seq_along(data$own), function(g) {
    own <- data$own[[g]]
    takes <- vapply(own$paired, function(coef) !is.na(coef) && by[[coef]] == g, NA)
    one <- replace(numeric(ncol(own$Z)), which(takes), shifted[own$paired[takes]])
    matrix(one, length(own$rows), ncol(own$Z), byrow = TRUE)
  })
  function(state) {
    v <- data$w / state$sigma2[data$level]
    shifted <- solve(to_beta, state$beta)
    mean <- fixed_means(shifted)
    b <- coefs_of(data, hierarchy, state$gamma, mean)
    for (step in data$steps) for (g in step) {
      b[[g]] <- draw_coefs(data, hierarchy, b, mean, state$Sigma, g, v,
                           data$y - X_free %*% shifted[free], !all(hierarchy$lowest[[g]]))
    }
    r <- data$y - rowSums(fits_of(data, b, hierarchy$lowest))
    P <- 0 * to_beta
    h <- numeric(nrow(P))
    P[free, free] <- crossprod(X_free, v * X_free)
    h[free] <- crossprod(X_free, v * r)
    for (g in seq_along(b)) {
      own <- intersect(in_x[unlist(by[in_x]) == g], data$own[[g]]$paired)
      k <- match(own, data$own[[g]]$paired)
      K <- solve(state$Sigma[[g]])
      P[own, own] <- nrow(b[[g]]) * K[k, k]
      h[own] <- (K %*% colSums(b[[g]] - means_above(data, hierarchy, b, g)))[k]
    }
    shifted <- draw_normal(P + prior_P, h + prior_h)
    state$beta <- drop(to_beta %*% shifted)
    state$gamma <- effects_of(data, hierarchy, b, fixed_means(shifted))
    several_variances(data, prior, priors, state)
  }
}

# Hyperparameters as a chain stores them.
several_hyper <- function(posterior, state) {
  parameters <- posterior$parameters
  hyper <- numeric(nrow(parameters))
  hyper[parameters$part == "b"] <- state$beta
  hyper[parameters$part == "sigma"] <- sqrt(state$sigma2)
  hyper[parameters$part == "pool"] <- attr(state$sigma2, "pooled")
  for (g in seq_along(posterior$groupings)) {
    own <- parameters$grouping == posterior$groupings[[g]]$name
    Sigma <- state$Sigma[[g]]
    correlations <- lapply(posterior$groupings[[g]]$blocks, function(block) {
      C <- stats::cov2cor(Sigma[block$columns, block$columns, drop = FALSE])
      C[upper.tri(C)]
    })
    hyper[which(own & parameters$part == "sd")] <- sqrt(diag(Sigma))
    hyper[which(own & parameters$part == "cor")] <- unlist(correlations)
  }
  hyper
}

# A chain from C is, draw by draw, what plain R draws, and so are its effects.
expect_replay_of_several <- function(posterior, samplers = c("centered", "uncentered", "interweaved"),
                                     sweeps = 25) {
  data <- several_replay_data(posterior)
  priors <- several_replay_priors(posterior)
  prior <- list(beta_precision = posterior$beta$precision, beta_mean = posterior$beta$mean,
                sigma = posterior$prior$sigma)
  start <- list(beta = seq_along(posterior$fixed) / 10,
                Sigma = lapply(data$own, function(own) diag(0.5, ncol(own$Z))),
                sigma2 = 0.4 + seq_len(max(data$level)) / 10)
  for (sampler in samplers) {
    set.seed(5)
    chain <- chain_of(model_of(posterior, sampler), sampler, start, sweeps)
    set.seed(5)
    sweep_once <- match.fun(paste0("several_", sampler))(data, prior, priors)
    state <- c(start, list(gamma = lapply(data$own, function(own) {
      matrix(0, length(own$rows), ncol(own$Z))
    })))
    differences <- vapply(seq_len(sweeps), function(t) {
      state <<- sweep_once(state)
      effects <- mapply(function(ours, gamma) largest_difference(ours[, , t], t(gamma)),
                        chain$effects, state$gamma)
      max(effects, largest_difference(chain$hyper[, t], several_hyper(posterior, state)))
    }, 0)
    expect_lt(max(differences), 1e-9, label = sampler)
  }
}
