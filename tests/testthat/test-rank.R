# Ranks of many columns of Z beside X against those of the whole matrices.

rank_of <- function(...) qr(cbind(...), tol = 1e-9)$rank

# t_S = rank[X Z_S] - rank X from the rows themselves.
plain_extra_rank <- function(posterior, set, flat) {
  rows <- rows_of(posterior$design)
  group <- groups_in(posterior$design$factors$group)$index
  Z <- do.call(cbind, lapply(set, function(k) {
    model.matrix(~ 0 + factor(group)) * rows$Z[, k]
  }))
  X <- rows$X[, posterior$fixed[flat], drop = FALSE]
  rank_of(X, Z) - rank_of(X)
}

test_that("ranks are those of the whole matrices", {
  data <- grouped_data()
  # Groups of one row, and a group in which x does not vary.
  data <- rbind(data, transform(data[1:2, ], g = c("s1", "s2")))
  data$x[data$g == data$g[1]] <- 2000
  posteriors <- list(
    posterior_of(y ~ x + v + (1 + x + v || g), data),
    posterior_of(y ~ x + between + (1 + x | g), data),
    posterior_of(y ~ 0 + v + (1 + x || g), data),
    posterior_of(y ~ x + v + (1 + x || g), data, relm_prior(beta = list(x = normal()))),
    posterior_of(y ~ x + (1 + x || g), data, sigma = ~ f, weights = w)
  )
  for (posterior in posteriors) {
    factor <- raw_cell_factor(posterior)
    flat <- which(posterior$beta$precision == 0)
    columns <- seq_len(n_random(posterior))
    for (size in columns) for (set in combn(columns, size, simplify = FALSE)) {
      expect_equal(extra_rank(posterior, factor, set, flat),
                   plain_extra_rank(posterior, set, flat))
    }
  }
})
