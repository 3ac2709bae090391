test_that("draws that memory cannot hold are refused before sampling", {
  skip_on_os(c("mac", "windows", "solaris"))
  started <- proc.time()[["elapsed"]]
  expect_error(
    relm(log(mercury) ~ length + (1 | station), bass, draws = 1e9, chains = 4, seed = 1),
    "4 chains.*draws.* 1,000,000,000 need.*GB.*thin", class = "relm_error")
  expect_lt(proc.time()[["elapsed"]] - started, 5)
})

test_that("free memory is what the system says, in bytes", {
  skip_on_os(c("mac", "windows", "solaris"))
  info <- read.table("/proc/meminfo", sep = ":", strip.white = TRUE)
  total <- 1024 * as.numeric(sub(" kB", "", info$V2[info$V1 == "MemTotal"]))
  expect_gt(relm:::free_memory(), 0)
  expect_lt(relm:::free_memory(), total)
})

test_that("a fit holds no more memory at once than was asked of the system", {
  data <- data.frame(y = rnorm(30), x = rnorm(30), g = rep(1:6, 5))
  for (formula in c(y ~ x, y ~ x + (1 | g))) {
    asked <- relm:::check_memory(posterior_of(formula, data), chains = 4, draws = 2e5)
    before <- sum(gc(reset = TRUE)[, 2])
    fit <- relm(formula, data, chains = 4, draws = 2e5, warmup = 0, seed = 1)
    peak <- sum(gc()[, 6]) - before
    expect_lt(peak * 2^20, 1.2 * asked, label = deparse1(formula))
  }
})

test_that("sizes are told in powers of a thousand", {
  expect_identical(relm:::format_bytes(999), "999 bytes")
  expect_identical(relm:::format_bytes(1500), "1.5 kB")
  expect_identical(relm:::format_bytes(6.72e11), "672 GB")
  expect_identical(relm:::format_bytes(2e18), "2000 PB")
})
