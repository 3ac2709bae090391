# What stopped runs leave, and who takes it away.

test_that("what is left is forgotten when the next run begins, and so are its processes", {
  skip_on_os("windows")
  job <- parallel::mcparallel(Sys.sleep(60))
  dir.create(folder <- tempfile("left"))
  unfinished$is_recoverable <- TRUE
  remember_plan(list(control = list(chains = 1L)))
  leave_results(list(NULL), list("1" = job), folder)
  expect_true(is_recoverable())
  expect_identical(recoverably(identity, 5), 5)
  expect_false(dir.exists(folder))
  expect_length(ls(unfinished), 0)
  expect_false(job$pid %in% child_processes())
})

test_that("runs that are no fit's leave nothing", {
  forget_unfinished()
  leave_results(list(1))
  remember_plan(list(control = list()))
  expect_length(ls(unfinished), 0)
})

# In another R, a fit that is interrupted from here after so many seconds; answers with what it saw and
# left, which is NULL where its chains had not begun.
recover_elsewhere <- function(cores, seconds) {
  dir.create(folder <- tempfile("recover"))
  on.exit(unlink(folder, recursive = TRUE))
  file <- function(name) file.path(folder, name)
  script <- bquote({
    .libPaths(.(c(dirname(find.package("relm")), .libPaths())))
    saveRDS(Sys.getpid(), .(file("starting")))
    file.rename(.(file("starting")), .(file("pid")))
    caught <- tryCatch(relm::relm(log(mercury) ~ length + (1 + length || station), relm::bass, seed = 1,
                                  chains = 2, cores = .(cores), draws = 1e5, thin = 100),
                       interrupt = function(condition) "interrupt")
    fit <- tryCatch(relm::recover_fit(), error = function(condition) NULL)
    saveRDS(list(caught = caught, sampling = fit$sampling,
                 children = length(.(child_processes)())), .(file("ending")))
    file.rename(.(file("ending")), .(file("saw")))
  })
  pid <- start_script(script, folder)
  on.exit(tools::pskill(pid, tools::SIGKILL), add = TRUE)
  Sys.sleep(seconds)
  tools::pskill(pid, tools::SIGINT)
  wait_for(file("saw"))
  readRDS(file("saw"))
}

test_that("chains in processes leave theirs", {
  skip_on_cran()
  skip_on_os(c("mac", "windows", "solaris"))
  # A machine that does much else begins later.
  for (seconds in c(1.5, 6, 24)) {
    saw <- recover_elsewhere(2, seconds)
    if (isTRUE(saw$sampling$draws > 1)) break
  }
  expect_identical(saw[c("caught", "children")], list(caught = "interrupt", children = 0L))
  sampling <- saw$sampling
  expect_identical(sampling$chains, 2L)
  expect_gt(sampling$draws, 1L)
  whole <- relm(log(mercury) ~ length + (1 + length || station), bass, seed = 1, chains = 2, thin = 100,
                draws = sampling$draws)
  expect_identical(sampling$hyper, whole$sampling$hyper)
})
