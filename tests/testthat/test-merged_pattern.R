# The pattern of a sparse Cholesky factor against elimination on a matrix of zeros and ones.

# Which groups meet, in the order of the pattern; and which once those before them are eliminated.
meetings_of <- function(group, pattern) {
  n_groups <- apply(group, 2, max) + 1
  number <- sweep(group, 2, cumsum(n_groups) - n_groups, "+") + 1
  meets <- matrix(FALSE, sum(n_groups), sum(n_groups))
  for (i in seq_len(nrow(number))) meets[number[i, ], number[i, ]] <- TRUE
  order <- pattern$order + 1
  meets <- meets[order, order]
  filled <- meets
  for (k in seq_len(nrow(filled) - 1)) {
    later <- which(filled[k, ] & seq_len(nrow(filled)) > k)
    filled[later, later] <- TRUE
  }
  list(meets = meets, filled = filled)
}

expect_pattern <- function(group, leaf, width = rep(1L, ncol(group))) {
  n_groups <- as.integer(apply(group, 2, max) + 1)
  pattern <- merged_pattern(group, n_groups, width, 2L, Inf)
  expect_identical(sort(pattern$order), seq_len(sum(n_groups)) - 1L)
  first <- cumsum(n_groups) - n_groups
  expect_identical(pattern$order[seq_len(n_groups[leaf])],
                   as.integer(first[leaf] + seq_len(n_groups[leaf]) - 1))
  should <- meetings_of(group, pattern)
  n <- length(pattern$order)
  cost <- 0
  columns <- rep(width, n_groups)[pattern$order + 1]
  for (k in seq_len(n)) {
    entries <- pattern$start[k] + seq_len(pattern$start[k + 1] - pattern$start[k])
    later <- which(should$filled[k, ] & seq_len(n) > k)
    expect_identical(pattern$later[entries] + 1L, later)
    expect_identical(pattern$has_rows[entries] == 1L, should$meets[k, later])
    cost <- cost + sum((sum(columns[later]) + 2 + seq_len(columns[k]))^2) / 2
  }
  expect_equal(pattern$multiplications, cost)
  expect_null(merged_pattern(group, n_groups, width, 2L, 0.9 * cost))
}

test_that("the pattern is that of elimination", {
  set.seed(2)
  two <- unique(cbind(sample(0:19, 60, TRUE), sample(0:7, 60, TRUE)))
  storage.mode(two) <- "integer"
  expect_pattern(two, 1)
  expect_pattern(two[, 2:1], 2, c(1L, 3L))
  # More nodes than a word has bits, in pairs that follow each other, which need no others.
  path <- cbind(rep(0:149, each = 2), c(0:149, 1:150)[order(rep(1:150, 2))] %/% 2)
  storage.mode(path) <- "integer"
  expect_pattern(path, 1)
  three <- cbind(two, as.integer(two[, 1] %/% 7), as.integer(seq_len(nrow(two)) %% 5))
  expect_pattern(three, 1, c(2L, 1L, 1L, 2L))
})

test_that("least degree fills nothing in where groups meet along a line", {
  # 81 places, each leaf between two neighbors.
  group <- cbind(rep(0:99, each = 2), rep(0:99 %% 80, each = 2) + 0:1)
  storage.mode(group) <- "integer"
  pattern <- merged_pattern(group, c(100L, 81L), c(1L, 1L), 2L, Inf)
  expect_identical(length(pattern$later), 200L + 80L)
})
