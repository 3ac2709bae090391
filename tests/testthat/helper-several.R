# Data and fits with several groupings.

# Eight groups `a`, with two to five `b` within each, whose labels are the same in all, and so `a:b`
# are the groups; `c` is crossed with them.
several_data <- function(n = 200, seed = 3) {
  set.seed(seed)
  a <- sample(letters[1:8], n, TRUE)
  b <- sample.int(5, n, TRUE, 5:1)
  b <- pmin(b, 2 + match(a, letters) %% 4)
  x <- rnorm(n)
  pair <- paste(a, b)
  effect <- function(group, sd) rnorm(length(unique(group)), sd = sd)[match(group, unique(group))]
  y <- 1 + x / 2 + effect(a, 0.8) + effect(pair, 0.6) + effect(pair, 0.4) * x + rnorm(n, sd = 0.5)
  data.frame(y, x, a, b, c = sample(c("p", "q", "r", "s", "t"), n, TRUE), w = rexp(n) + 0.2)
}

# Draws of the effects of grouping g of a fit: draws x columns x groups, named.
effects_of_grouping <- function(fit, g) {
  grouping <- fit$posterior$groupings[[g]]
  drawn <- draws_first(bind_last(effect_draws(fit, seq_along(grouping$groups), g = g)))
  dimnames(drawn) <- list(NULL, grouping$random$column, grouping$groups)
  drawn
}

# X b + sum of Z gamma in each draw, by hand. added: for each grouping by its number the group of each
# row, and Z, the columns of which have names.
predictor_by_hand <- function(fit, X, added = list()) {
  draws <- as.matrix(fit)
  mean <- draws[, grep("^b_", colnames(draws)), drop = FALSE] %*% t(X)
  for (one in added) {
    effects <- effects_of_grouping(fit, one$number)
    for (column in colnames(one$Z)) {
      own <- matrix(effects[, column, one$group], nrow(draws))
      mean <- mean + own * rep(one$Z[, column], each = nrow(draws))
    }
  }
  unname(mean)
}

# A fit of nested groupings: `a` with intercepts, `a:b` with slopes too.
nested_fit <- function(..., formula = y ~ x + (1 | a) + (1 + x | a:b), draws = 100, chains = 2,
                       seed = 1) {
  relm(formula, several_data(), seed = seed, chains = chains, draws = draws, ...)
}

# A fit whose draws come of no sampler, for what is made of draws, whatever the groupings.
made_up_fit <- function(formula, data = several_data(), draws = 6, chains = 2, seed = 1) {
  set.seed(seed)
  posterior <- posterior_of(formula, data)
  names <- posterior$parameters$variable
  hyper <- array(runif(draws * chains * length(names)), c(draws, chains, length(names)),
                 list(NULL, NULL, names))
  made_up <- function(grouping) {
    size <- c(nrow(grouping$random), length(grouping$groups), draws)
    array(rnorm(prod(size)), size)
  }
  sampling <- list(
    chains = chains, draws = draws, warmup = 0L, thin = 1L, sampler_run = "collapsed", seed = 1L,
    hyper = hyper, proposals = rep(10, chains), accepted = rep(9, chains),
    effects = lapply(seq_len(chains), function(chain) lapply(posterior$groupings, made_up)),
    kept = lapply(posterior$groupings, function(grouping) seq_along(grouping$groups) - 1L)
  )
  design <- posterior$design
  posterior$design <- NULL
  structure(list(call = quote(relm()), posterior = posterior, sampling = sampling,
                 design = design), class = "relm")
}

crossed_fit <- function(formula = y ~ x + (1 | a) + (1 + x | c)) made_up_fit(formula)

# Of rows of several_data(), y less X b and the covariance matrix of y in a draw of a fit of
# y ~ x + (1 | a) + (1 + x | a:b), with all effects integrated out; and without residuals.
dense_nested <- function(fit, data, draw) {
  h <- as.matrix(fit)[draw, ]
  Z <- cbind(1, data$x)
  sd <- h[c("sd_a:b__Intercept", "sd_a:b__x")]
  Sigma <- matrix(c(1, h[["cor_a:b__Intercept__x"]])[c(1, 2, 2, 1)], 2) * tcrossprod(sd)
  alike <- function(group) outer(group, group, "==")
  S <- alike(data$a) * h[["sd_a__Intercept"]]^2 +
    alike(paste(data$a, data$b)) * (Z %*% Sigma %*% t(Z))
  sigma <- h[grep("^sigma", names(h))]
  if (length(sigma) > 1) sigma <- sigma[paste0("sigma_c[", data$c, "]")]
  list(e = data$y - as.numeric(Z %*% h[c("b_Intercept", "b_x")]), S = S,
       V = S + diag(sigma^2 / data$w, nrow(data)))
}
