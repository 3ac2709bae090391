# Moments of cells against those of the rows, and the decision for a second pass.

# Rows that are summed by g: columns v1, v2, ...
moments_in <- function(data, coordinates = new_coordinates(as.matrix(data[-1])), weight = NULL,
                       about_means = FALSE) {
  table <- new_table(sqlite_table(data, envir = parent.frame()), globalenv())
  v <- names(data)[-1]
  v <- setdiff(v, "w")
  coordinates <- list(shift = coordinates$shift[seq_along(v)],
                      T = coordinates$T[seq_along(v), seq_along(v), drop = FALSE])
  ask_moments(table, list(keys = "g", v = v, names = v, weight = weight,
                          log_weight = if (!is.null(weight)) "LOG(w)"),
              coordinates, Inf, about_means)
}

grouped_rows_of <- function(J = 6, n = 20, center = 0, within = 1) {
  set.seed(5)
  data.frame(g = rep(seq_len(J), each = n), v1 = center + within * stats::rnorm(J * n),
             v2 = stats::rexp(J * n))
}

test_that("moments are those of each cell's rows", {
  rows <- grouped_rows_of()
  rows$w <- stats::runif(nrow(rows)) + 0.1
  for (weight in list(NULL, "w")) {
    for (about_means in c(FALSE, TRUE)) {
      own <- moments_in(rows, list(shift = c(0.3, 1), T = rbind(c(1, 0.2), c(0, 1))), weight,
                        about_means)
      for (g in 1:6) {
        mine <- rows[rows$g == g, ]
        w <- if (is.null(weight)) rep(1, nrow(mine)) else mine$w
        u <- sweep(as.matrix(mine[2:3]), 2, c(0.3, 1)) %*% rbind(c(1, 0.2), c(0, 1))
        center <- colSums(w * u) / sum(w)
        at <- match(g, own$keys[[1]])
        expect_equal(own$mean[at, ], center, tolerance = 1e-12)
        expect_equal(own$scatter[, , at], crossprod(sqrt(w) * sweep(u, 2, center)),
                     tolerance = 1e-11)
        expect_equal(crossprod(own$roots[, , at]), own$scatter[, , at], tolerance = 1e-12)
        expect_equal(own$weight[at], sum(w))
        if (!is.null(weight)) expect_equal(own$log_weights[at], sum(log(w)), tolerance = 1e-13)
      }
    }
  }
})

test_that("a cell of few rows has no more independent ones than it can", {
  rows <- data.frame(g = c(1, 2, 2, 3, 3, 3), v1 = c(5.1, 0.1, 0.3, 1, 1, 1),
                     v2 = c(1, 0.7, 2, 3, 4, 6))
  own <- moments_in(rows)
  rank <- apply(own$roots, 3, function(R) sum(diag(R) > 0))
  expect_identical(rank[order(own$keys[[1]])], c(0L, 1L, 1L))
})

test_that("a second pass is made where digits were lost, and not elsewhere", {
  near <- moments_in(grouped_rows_of())
  expect_lt(near$lost, most_lost)
  expect_false(needs_second_pass(near))
  # Cells far apart beside what varies within them.
  far <- grouped_rows_of(within = 1e-3)
  far$v1 <- far$v1 + 50 * far$g
  lost <- moments_in(far)
  expect_gt(lost$lost, most_lost)
  expect_true(needs_second_pass(lost))
  # First rows that say nothing of two columns that are nearly parallel.
  year <- grouped_rows_of(center = 2000, within = 6)
  year$v2 <- year$v1^2
  blind <- moments_in(year, list(shift = c(1990, 1990^2), T = diag(2)))
  expect_true(needs_second_pass(blind))
  expect_false(needs_second_pass(moments_in(year)))
  # Columns that are parallel altogether gain nothing by it.
  year$v2 <- 2 * year$v1
  expect_false(needs_second_pass(moments_in(year, list(shift = c(2000, 4000), T = diag(2)))))
})

test_that("the second pass has the digits that the first lost", {
  far <- grouped_rows_of(within = 1e-3)
  far$v1 <- far$v1 + 5000 * far$g
  first <- moments_in(far)
  second <- moments_in(far, better_coordinates(first), about_means = TRUE)
  worst <- function(own) {
    max(vapply(1:6, function(g) {
      exact <- stats::var(far$v1[far$g == g]) * 19
      abs(own$scatter[1, 1, match(g, own$keys[[1]])] / exact - 1)
    }, 0))
  }
  expect_gt(worst(first), 1e-4)
  expect_lt(worst(second), 1e-8)
})

test_that("more columns than an engine gives are refused", {
  table <- list(engine = list(label = "A database", columns = 20), where = character(), from = "t")
  expect_error(ask_moments(table, list(keys = "g", v = paste0("v", 1:6)),
                           list(shift = numeric(6), T = diag(6)), Inf),
               "A database gives at most 20", class = "relm_error")
})
