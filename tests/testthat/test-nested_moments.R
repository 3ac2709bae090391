# Means and covariances of the effects of a nested chain given the hyperparameters, in closed form.

test_that("moments of the effects of a chain are those of the dense conditional", {
  for (formula in list(y ~ x + (1 | a) + (1 + x | b), y ~ x + (1 + x | a) + (1 | b))) {
    posterior <- posterior_of(formula, joint_data(), weights = w)
    draw <- rep(0.7, nrow(posterior$parameters))
    draw[posterior$parameters$part == "cor"] <- -0.3
    moments <- effect_moments(model_of(posterior), list(cbind(draw, draw)))
    dense <- dense_conditional(posterior, draw)
    before <- 0
    for (g in 1:2) {
      q <- nrow(posterior$groupings[[g]]$random)
      for (j in seq_along(posterior$groupings[[g]]$groups)) {
        own <- before + seq_len(q)
        expect_equal(moments[[g]]$mean[, j], dense$mean[own], tolerance = 1e-10)
        expect_equal(matrix(moments[[g]]$covariance[, , j], q),
                     dense$covariance[own, own, drop = FALSE], tolerance = 1e-10)
        before <- before + q
      }
      expect_equal(max(abs(moments[[g]]$with_beta)), 0, tolerance = 1e-12)
    }
  }
})
