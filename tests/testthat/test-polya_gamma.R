# Polya-Gamma variates against their transform, whose derivatives and inverse are known.

draw_weights <- function(n, b, c) .Call(ffi_draw_polya_gamma, rep(as.numeric(b), n), rep(as.numeric(c), n))

# log E exp(i t w), of real t, in a form that does not cancel: with v = c/2 and z^2 = v^2 - i t/2,
# b (log cosh v - log cosh z).
log_characteristic <- function(t, b, c) {
  v <- abs(c) / 2
  z <- sqrt(as.complex(v^2 - 1i * t / 2))
  u <- exp(-2 * z)
  log_of_sum <- log1p(2 * Re(u) + Mod(u)^2) / 2 + 1i * atan2(Im(u), 1 + Re(u))
  b * (0.5i * t / (z + v) + log1p(exp(-2 * v)) - log_of_sum)
}

mean_of <- function(b, c) if (c == 0) b / 4 else b * tanh(c / 2) / (2 * c)

variance_of <- function(b, c) {
  if (c == 0) b / 24 else b * (sinh(c) - c) / (4 * c^3 * cosh(c / 2)^2)
}

# P(w <= x) of a characteristic function, or of a difference of two (Gil-Pelaez 1951). The steps' error
# falls like that of a trapezoid over a whole line; from 80 / sd on nothing is left.
inverted <- function(x, log_characteristics, sd, weights = 1) {
  t <- (seq_len(16000) - 0.5) * 0.01 / sd
  value <- Reduce(`+`, Map(function(w, log_phi) w * exp(log_phi(t)), weights, log_characteristics))
  sum(weights) / 2 - vapply(x, function(x) sum(Im(exp(-1i * t * x) * value) / t) * 0.01 / sd / pi, 0)
}

# sum over k of (pi^2 (k - 1/2)^2 + v^2)^-j, j = 1, 2, 3, the tail by the Euler-Maclaurin formula.
plain_sums <- function(v) {
  K <- 1e5
  d <- pi^2 * (K:1 - 0.5)^2 + v^2
  c(sum(1 / d) + 1 / (pi^2 * K), sum(1 / d^2) + 1 / (3 * pi^4 * K^3), sum(1 / d^3))
}

shapes <- c(0.05, 0.4, 1, 1.7, 2, 4.3, 9, 60, 1e5)
tilts <- c(0, 0.7, -3, 12)

test_that("variates are what plain R makes of the same random numbers", {
  for (b in c(0.05, 1, 2.6, 6, 7.5, 300)) {
    for (c in c(0, 0.05, 0.4, -2, 9)) {
      set.seed(3)
      ours <- draw_weights(40, b, c)
      set.seed(3)
      theirs <- replicate(40, replay_polya_gamma(b, c))
      # In plain R the sums are cut off.
      expect_equal(ours, theirs, tolerance = if (b < 5) 1e-12 else 1e-7)
    }
  }
})

test_that("mean, variance and Laplace transform are right", {
  set.seed(1)
  n <- 40000
  for (b in shapes) {
    for (c in tilts) {
      w <- draw_weights(n, b, c)
      mean <- mean_of(b, c)
      variance <- variance_of(b, c)
      square <- (w - mean)^2
      expect_lt(abs(mean(w) - mean) / sqrt(variance / n), 4.5)
      expect_lt(abs(mean(square) - variance) / (sd(square) / sqrt(n)), 4.5)
      for (t in c(0.3, 3) / mean) {
        transform <- exp(b * (log(cosh(c / 2)) - log(cosh(sqrt((c^2 / 2 + t) / 2)))))
        expect_lt(abs(mean(exp(-t * w)) - transform) / (sd(exp(-t * w)) / sqrt(n)), 4.5)
      }
    }
  }
})

test_that("shares below points are those of the distribution function", {
  set.seed(2)
  n <- 40000
  for (b in c(0.4, 1, 3.3, 20)) {
    for (c in c(0, 2.5)) {
      sd <- sqrt(variance_of(b, c))
      x <- mean_of(b, c) * c(0.2, 0.5, 0.8, 1, 1.3, 2, 4)
      share <- inverted(x, list(function(t) log_characteristic(t, b, c)), sd)
      w <- draw_weights(n, b, c)
      drawn <- vapply(x, function(x) mean(w <= x), 0)
      expect_lt(max(abs(drawn - share) / sqrt(pmax(share * (1 - share), 1e-4) / n)), 4.5)
    }
  }
})

test_that("where the last terms are one gamma variate the distribution function is off by 1e-9 at most", {
  # log of 1 - i x
  log_factor <- function(x) log1p(x^2) / 2 - 1i * atan(x)
  for (c in c(0, 0.05, 0.3, 1, 2, 4, 8, 12, 20)) {
    # The smallest shape for which they are, where the error is the largest.
    b <- 4.4 / log1p(exp(-c))
    v <- c / 2
    d <- pi^2 * (1:4 - 0.5)^2 + v^2
    S <- plain_sums(v) - c(sum(1 / d), sum(1 / d^2), sum(1 / d^3))
    shape <- b * S[2]^3 / S[3]^2
    scale <- S[3] / (2 * S[2])
    shift <- b / 2 * (S[1] - S[2]^2 / S[3])
    approximate <- function(t) {
      -b * rowSums(outer(t, d, function(t, d) log_factor(t / (2 * d)))) - shape * log_factor(t * scale) +
        1i * t * shift
    }
    sd <- sqrt(variance_of(b, c))
    x <- mean_of(b, c) + sd * seq(-4, 8, by = 0.1)
    error <- inverted(x, list(function(t) log_characteristic(t, b, c), approximate), sd, c(1, -1))
    expect_lt(max(abs(error)), 1e-9)
    expect_gt(max(abs(error)), 0)
  }
})

test_that("tiny and huge shapes and tilts have finite weights", {
  set.seed(4)
  for (b in c(1e-8, 1e-3, 1e8, 1e15)) {
    for (c in c(0, 1e-12, 1, 40, 700, 1e5)) {
      w <- draw_weights(20, b, c)
      expect_true(all(is.finite(w) & w > 0), label = paste(b, c))
      if (b > 1) expect_equal(mean(w), mean_of(b, if (c < 1e-6) 0 else c), tolerance = 1e-3)
    }
  }
})
