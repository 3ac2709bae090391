skip_on_cran()

test_that("draws that memory cannot hold are refused before sampling", {
  skip_on_os(c("mac", "windows", "solaris"))
  started <- proc.time()[["elapsed"]]
  expect_error(
    relm(log(mercury) ~ length + (1 | station), bass, draws = 1e9, chains = 4, seed = 1),
    "4 chains.*draws.* 1,000,000,000 need.*GB.*thin", class = "relm_error")
  expect_lt(proc.time()[["elapsed"]] - started, 5)
})

test_that("no count asks for memory before it is known whether there is enough", {
  skip_on_os(c("mac", "windows", "solaris"))
  fit <- relm(y ~ x + (1 | g), grouped_data(9), chains = 1, draws = 5, seed = 1)
  asks <- list(
    function() update(fit, chains = 1e9, draws = 1), function() update(fit, chains = 2e9, warmup = 0),
    function() update(fit, chains = 1e9, target_ess = 10), function() extend(fit, 2e9),
    function() simulate(fit, 1e9)
  )
  gc(reset = TRUE)
  for (ask in asks) expect_error(ask(), "memory.*are\\s+free", class = "relm_error")
  # The greatest so far, in MB: a seed for each chain alone would be 4,000.
  expect_lt(gc()["Vcells", 6], 1000)
})

test_that("free memory is what the system says, in bytes", {
  skip_on_os(c("mac", "windows", "solaris"))
  info <- read.table("/proc/meminfo", sep = ":", strip.white = TRUE)
  total <- 1024 * as.numeric(sub(" kB", "", info$V2[info$V1 == "MemTotal"]))
  expect_gt(free_memory(), 0)
  expect_lt(free_memory(), total)
})

# A fit in an R of its own whose heap may grow by `share` of what check_memory() asks for: more
# than the 64 MB that R starts with, below which it takes no limit.
fit_in_limited_heap <- function(formula, share) {
  script <- bquote({
    .libPaths(.(c(dirname(find.package("relm")), .libPaths())))
    data <- data.frame(y = c(4, 1, 3, 2, 7, 5), x = rep(1:4, 6), g = rep(1:6, each = 4))
    fit <- function(draws) {
      relm::relm(.(formula), data, draws = draws, warmup = 0, thin = 1, seed = 1, chains = 4)
    }
    posterior <- fit(1)$posterior
    asked <- relm:::check_memory(posterior, list(chains = 4, draws = 6e5, cores = 1),
                                  relm:::choose_kept(list(group_draws = TRUE, draws = 1,
                                                          chains = 4), posterior)$kept) / 2^20
    stopifnot(is.finite(mem.maxVSize(gc()["Vcells", 2] + .(share) * asked)))
    cat(tryCatch(posterior::ndraws(fit(6e5)), error = function(e) "no memory"))
  })
  dput(script, file <- tempfile(fileext = ".R"))
  on.exit(unlink(file))
  system2(file.path(R.home("bin"), "Rscript"), shQuote(file), stdout = TRUE, stderr = FALSE)
}

test_that("a fit holds no more memory at once than is asked of the system", {
  expect_identical(fit_in_limited_heap(y ~ x, 1.05), "2400000")
  expect_identical(fit_in_limited_heap(y ~ x, 0.6), "no memory")
  expect_identical(fit_in_limited_heap(y ~ x + (1 | g), 1.05), "2400000")
})

test_that("sizes are told in powers of a thousand", {
  expect_identical(format_bytes(999), "999 bytes")
  expect_identical(format_bytes(1500), "1.5 kB")
  expect_identical(format_bytes(6.72e11), "672 GB")
  expect_identical(format_bytes(2e18), "2000 PB")
})
