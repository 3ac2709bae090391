# Bands of uniform ranks against all samples there are.

# All samples of n ranks from 0, ..., L, each as likely: a row each.
all_samples <- function(n, draws) as.matrix(expand.grid(rep(list(0:draws), n)))
statistic_of <- function(ranks, draws) {
  points <- band_points(draws)
  min(tail_of_counts(counts_below(ranks, points), length(ranks), points, draws))
}

test_that("P values are those of counting all samples", {
  for (size in list(c(4, 4), c(6, 3), c(3, 9))) {
    samples <- all_samples(size[1], size[2])
    statistic <- apply(samples, 1, statistic_of, draws = size[2])
    for (row in c(1, 5, 17, nrow(samples) - 3)) {
      counted <- mean(statistic <= statistic[row] * (1 + 1e-9))
      expect_equal(p_uniform(samples[row, ], size[2]), if (statistic[row] >= 1) 1 else counted)
    }
  }
})

test_that("bands hold as many samples as they say, and hardly more", {
  samples <- all_samples(6, 4)
  bands <- simultaneous_bands(0.8, 6, 4)
  inside <- apply(samples, 1, function(ranks) {
    counts <- counts_below(ranks, bands$points)
    all(counts >= bands$low & counts <= bands$high)
  })
  expect_equal(mean(inside), probability_within(bands, 6, bands$points, 4))
  expect_gte(mean(inside), 0.8)
  statistic <- sort(unique(apply(samples, 1, statistic_of, draws = 4)), decreasing = TRUE)
  narrower <- Filter(function(gamma) {
    probability_within(bands_of(gamma, 6, bands$points, 4), 6, bands$points, 4) >= 0.8
  }, statistic)
  expect_identical(bands[c("low", "high")], bands_of(max(narrower), 6, bands$points, 4))
})

test_that("one point has the binomial test", {
  # 9 of 10 ranks below the middle of two.
  expect_equal(p_uniform(rep(0:1, c(9, 1)), 1), stats::binom.test(9, 10)$p.value)
  expect_equal(p_uniform(rep(0:1, c(5, 5)), 1), 1)
})

test_that("points are spread over many ranks, and P values of uniform ranks are uniform", {
  expect_identical(band_points(3), c(1, 2, 3))
  expect_length(band_points(999), most_band_points)
  # No count of 3 ranks has as large a tail: nothing is within.
  expect_identical(probability_within(bands_of(1, 3, 1, 1), 3, 1, 1), 0)
  expect_identical(range(band_points(999)), c(1, 999))
  set.seed(6)
  p <- replicate(300, p_uniform(sample(0:99, 80, TRUE), 99))
  for (level in c(0.05, 0.2, 0.5)) {
    expect_lt(abs(mean(p <= level) - level), 4 * sqrt(level * (1 - level) / 300) + 0.01)
  }
  expect_lt(p_uniform(rbinom(200, 99, 0.5), 99), 1e-10)
  expect_lt(p_uniform(floor(100 * rbeta(400, 1.4, 1)), 99), 1e-3)
})
