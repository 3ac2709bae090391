# Chains in futures, whatever the plan.

skip_on_cran()

# The answer of an expression under a plan; workers of this machine find relm where it is here.
under_plan <- function(strategy, code, ...) {
  skip_if_not_installed("future")
  old <- future::plan(strategy, ...)
  on.exit(future::plan(old))
  force(code)
}

two_workers <- function(code) under_plan(future::multisession, code, workers = 2)

fit_in <- function(cores, formula = log(mercury) ~ length + (1 | station), ...) {
  relm(formula, bass, chains = 3, draws = 20, seed = 2, cores = cores, ...)
}

test_that("draws are the same whatever the plan", {
  skip_if_not_installed("future")
  crossed <- log(mercury) ~ length + (1 | station) + (1 | river)
  proper <- relm_prior(sd = half_normal(1))
  fits <- function(cores) {
    lapply(list(
      fit_in(cores), fit_in(cores, crossed, prior = proper), fit_in(cores, sampler = "centered", warmup = 5),
      fit_in(cores, (mercury > 1) ~ length + (1 | station), family = binomial()),
      extend(fit_in(1), 10, cores = cores)
    ), as.matrix)
  }
  here <- fits(1)
  expect_identical(under_plan(future::sequential, fits("future")), here)
  expect_identical(two_workers(fits("future")), here)
})

test_that("the session's own stream stays as it was", {
  keeps_stream <- function() {
    set.seed(5)
    before <- .Random.seed
    fit_in("future")
    expect_identical(.Random.seed, before)
  }
  skip_if_not_installed("future")
  under_plan(future::sequential, keeps_stream())
  two_workers(keeps_stream())
})

test_that("results come in the order of the chains, which are fewer or more than the workers", {
  slowly <- function(chain, progress) {
    Sys.sleep(c(0.3, 0, 0.1, 0.2, 0)[chain])
    list(interrupted = FALSE, chain = chain)
  }
  results <- two_workers(run_chains(slowly, 5, "future", 10, FALSE))
  expect_identical(vapply(results, `[[`, 0L, "chain"), 1:5)
})

test_that("an error in a chain is the fit's error, and a lost worker names the chain", {
  broken <- function(chain, progress) {
    if (chain == 2) stop("broken chain")
    list(interrupted = FALSE)
  }
  killed <- function(chain, progress) {
    if (chain == 2) tools::pskill(Sys.getpid(), tools::SIGKILL)
    list(interrupted = FALSE)
  }
  under_plan(future::sequential, {
    expect_error(run_chains(broken, 3, "future", 10, FALSE), "broken chain")
  })
  two_workers({
    expect_error(run_chains(broken, 3, "future", 10, FALSE), "broken chain")
    skip_on_os("windows")
    expect_error(run_chains(killed, 3, "future", 10, FALSE), "future of chain 2 failed",
                 class = "relm_error")
  })
})

test_that("workers tell how far they are, and stop when nobody waits", {
  skip_if_not_installed("future")
  folder <- tempfile("watched")
  dir.create(folder)
  told <- 0
  run <- function(chain, progress) {
    progress(3)
    told <<- progress_in(folder)
    unlink(folder, recursive = TRUE)
    progress(4)
    told <<- Inf
  }
  expect_s3_class(run_watching(run, 1, folder), "error")
  expect_identical(told, 3)
  # On another machine there is nothing to tell.
  expect_null(run_watching(function(chain, progress) progress, 1, folder))
})

test_that("what cannot be written is not told, and the work goes on", {
  folder <- tempfile("watched")
  expect_null(progress_writer(folder, 1))
  dir.create(folder)
  write <- progress_writer(folder, 1)
  write(5)
  expect_equal(progress_in(folder), 5)
  unlink(folder, recursive = TRUE)
  expect_no_warning(write(6))
  expect_equal(progress_in(folder), 0)
})

test_that("a folder goes while processes write into it", {
  skip_on_os(c("windows", "solaris"))
  for (round in 1:5) {
    folder <- progress_folder()
    loop <- "i=0; while [ -d %1$s ] && [ $i -lt 20000 ]; do i=$((i+1)); (echo $i > %1$s/$i) 2>/dev/null; done"
    system(sprintf(loop, shQuote(folder)), wait = FALSE)
    Sys.sleep(0.1)
    remove_folder(folder)
    expect_false(dir.exists(folder))
  }
})

test_that("an interrupt ends the workers' chains", {
  skip_on_os(c("windows", "mac", "solaris"))
  mark <- tempfile("mark")
  # A chain that tells ten times a second, and leaves a mark each time.
  run <- function(chain, progress) {
    for (sweep in 1:600) {
      Sys.sleep(0.1)
      progress(sweep)
      cat(sweep, "\n", file = paste0(mark, chain))
    }
    list(interrupted = FALSE)
  }
  caught <- two_workers({
    wait <- sprintf("while [ ! -s %1$s1 ] || [ ! -s %1$s2 ]; do sleep 0.1; done", shQuote(mark))
    system(sprintf("(%s; kill -INT %d) &", wait, Sys.getpid()))
    caught <- tryCatch(run_chains(run, 2, "future", 600, FALSE), interrupt = function(e) "interrupt")
    sweeps <- function() vapply(paste0(mark, 1:2), function(file) scan(file, quiet = TRUE), 0)
    # Until both have stood still for a second, of the minute that they would take.
    now <- sweeps()
    repeat {
      Sys.sleep(1)
      before <- now
      now <- sweeps()
      if (identical(now, before) || any(now >= 600)) break
    }
    expect_true(all(now < 600))
    caught
  })
  expect_identical(caught, "interrupt")
  unlink(paste0(mark, 1:2))
})

test_that("cores are a number or futures", {
  for (cores in list("two", "sequential", c("future", "future"), NA_character_, TRUE, -1)) {
    expect_error(check_control(cores = cores), "cores", class = "relm_error")
  }
  skip_if_not_installed("future")
  expect_identical(check_control(cores = "future")$cores, "future")
  expect_identical(check_control(cores = 2)$cores, 2L)
})
