test_that("a group's effects have the mean and the covariance of the dense model", {
  data <- grouped_data()
  posteriors <- list(
    posterior_of(y ~ x + (1 | g), data), posterior_of(y ~ x + v + (1 + x | g), data, weights = w),
    posterior_of(y ~ x + (1 + x + v | g), data),
    posterior_of(y ~ x + (1 + x + v | g), data, sigma = ~ f)
  )
  for (posterior in posteriors) {
    model <- model_of(posterior)
    rows <- replay_data(posterior)
    any <- any_states(posterior)
    for (i in seq_along(any$states)) {
      moments <- moments_at(model, any$given$hyper[, i, drop = FALSE])
      q <- grouping_in(model)$n_random
      Sigma <- any$states[[i]]$Sigma
      for (j in seq_len(grouping_in(model)$n_groups)) {
        own <- which(rows$group == j)
        group <- dense_group(rows, any$states[[i]], own)
        with_y <- Sigma %*% t(rows$Z[own, , drop = FALSE])
        mean <- with_y %*% solve(group$V, group$y - group$mean)
        covariance <- Sigma - with_y %*% solve(group$V, t(with_y))
        expect_equal(matrix(moments$mean, q)[, j], as.numeric(mean), tolerance = 1e-9)
        expect_equal(array(moments$covariance, c(q, q, grouping_in(model)$n_groups))[, , j],
                     drop(covariance), tolerance = 1e-9, ignore_attr = TRUE)
      }
    }
  }
})
