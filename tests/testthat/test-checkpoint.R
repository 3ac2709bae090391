# Draws that are saved as they come.

saving <- function(file, ..., draws = 400, formula = y ~ x + (1 + x | g)) {
  suppressMessages(relm(formula, grouped_data(9), chains = 2, draws = draws, seed = 1, ...,
                        checkpoint = file))
}

plain <- function(..., draws = 400, formula = y ~ x + (1 + x | g)) {
  suppressMessages(relm(formula, grouped_data(9), chains = 2, draws = draws, seed = 1, ...))
}

expect_same_fit <- function(fit, other) {
  expect_identical(fit$sampling$hyper, other$sampling$hyper)
  if (length(ngrps(fit))) expect_identical(ranef(fit), ranef(other))
  expect_identical(fit$sampling$ends, other$sampling$ends)
  expect_identical(fit$call, other$call)
  expect_null(fit$sampling$incomplete)
}

# Without waiting for half a minute: rounds of few draws.
often <- function(code) {
  with_relm("round_size", function(wanted, done, goal) as.integer(min(25, goal - done)), code)
}

# Stops a run in its `round`th round.
stop_in_round <- function(round, code) {
  n <- 0
  once <- run_round
  expect_error(with_relm("run_round", function(...) {
    n <<- n + 1
    if (n == round) stop("killed")
    once(...)
  }, code), "killed")
}

test_that("draws that are saved are those of a plain run, by each sampler", {
  skip_on_cran()
  for (sampler in c("collapsed", "centered", "uncentered", "interweaved")) {
    file <- tempfile(fileext = ".rds")
    fit <- often(saving(file, sampler = sampler, draws = 60))
    expect_same_fit(fit, plain(sampler = sampler, draws = 60))
    expect_same_fit(recover_fit(file), fit)
  }
})

test_that("draws that are saved are those of a plain run, whatever the model", {
  skip_on_cran()
  # Rounds are extensions, which have tests of their own of each kind of model.
  for (model in every_model()) {
    file <- tempfile(fileext = ".rds")
    fit <- often(fit_every(model, checkpoint = file))
    expect_same_fit(fit, fit_every(model))
    expect_same_fit(recover_fit(file), fit)
  }
})

test_that("a run that was stopped goes on from its file to the same draws", {
  for (round in 1:3) {
    file <- tempfile(fileext = ".rds")
    stop_in_round(round, often(saving(file)))
    if (round == 1) expect_identical(recover_fit(file)$sampling$draws, 10L)
    part <- recover_fit(file)
    expect_identical(part$sampling$incomplete, list(chains = 2L, draws = 400L, continues = TRUE))
    expect_identical(part$sampling$hyper,
                     plain()$sampling$hyper[seq_len(part$sampling$draws), , , drop = FALSE])
    expect_same_fit(saving(file), plain())
    expect_same_fit(recover_fit(file), plain())
    expect_same_fit(extend(part, 400L - part$sampling$draws),
                    extend(plain(draws = 390), 10))
  }
})

test_that("a finished file gives the fit at once, and more draws go on from it", {
  file <- tempfile(fileext = ".rds")
  saving(file, draws = 40)
  none <- function(...) stop("a chain ran")
  expect_same_fit(with_relm("run_one", none, saving(file, draws = 40)), plain(draws = 40))
  expect_same_fit(saving(file, draws = 70, cores = 2),
                   plain(draws = 70, cores = 2))
  expect_error(saving(file, draws = 60), "70 draws of each chain, more than", class = "relm_error")
  # Without a seed it is that of the file.
  fit <- suppressMessages(relm(y ~ x + (1 + x | g), grouped_data(9), chains = 2, draws = 70,
                               checkpoint = file))
  expect_identical(as.matrix(fit), as.matrix(plain(draws = 70)))
  expect_message(relm(y ~ x + (1 + x | g), grouped_data(9), chains = 2, draws = 70,
                      checkpoint = file), "has 70 draws of each chain")
})

test_that("a target of effective draws ends where it would have", {
  asked <- function(...) plain(..., draws = 50, target_ess = 900)
  for (round in c(1, 4)) {
    file <- tempfile(fileext = ".rds")
    stop_in_round(round, often(asked(checkpoint = file)))
    fit <- often(asked(checkpoint = file))
    expect_same_fit(fit, asked())
    expect_gt(fit$sampling$draws, 50L)
  }
})

test_that("moments of effects that are not kept are those of all draws", {
  skip_on_cran()
  file <- tempfile(fileext = ".rds")
  summed <- function(...) plain(..., family = "binomial", formula = as.numeric(y > 0) ~ x + (1 | g),
                                sampler = "uncentered", group_draws = FALSE, draws = 60)
  for (model in list(summed, function(...) plain(..., group_draws = FALSE, draws = 60))) {
    with_relm("kept_bytes", 100, {
      whole <- model()
      expect_false(is.null(whole$sampling$moments))
      stop_in_round(2, often(model(checkpoint = file)))
      expect_false(is.null(recover_fit(file)$sampling$moments))
      fit <- often(model(checkpoint = file))
    })
    expect_equal(fit$sampling$moments, whole$sampling$moments, tolerance = 1e-12)
    expect_identical(fit$sampling$hyper, whole$sampling$hyper)
    unlink(file)
  }
})

test_that("a file of another run is refused, and what differs is named", {
  file <- tempfile(fileext = ".rds")
  saving(file, draws = 20)
  before <- tools::md5sum(file)
  expect_error(saving(file, draws = 20, thin = 2), "differs: thin", class = "relm_error")
  expect_error(saving(file, draws = 20, sampler = "centered"), "differs: sampler", class = "relm_error")
  expect_error(saving(file, draws = 20, prior = relm_prior(sigma = half_normal(1))),
               "the model, its priors or its data", class = "relm_error")
  expect_error(saving(file, draws = 20, formula = y ~ x + (1 | g)), "the model", class = "relm_error")
  expect_error(saving(file, draws = 20, init = plain(draws = 5)), "differs: init", class = "relm_error")
  expect_error(suppressMessages(relm(y ~ x + (1 + x | g), grouped_data(9), chains = 2, draws = 20,
                                     seed = 2, checkpoint = file)), "differs: seed",
               class = "relm_error")
  expect_error(with_relm("relm_version", function() "0.0.1", saving(file, draws = 20)),
               "the version of relm", class = "relm_error")
  expect_identical(tools::md5sum(file), before)
  other <- tempfile(fileext = ".rds")
  for (object in list(3, list(fit = 1))) {
    saveRDS(object, other)
    expect_error(saving(other), "is not a checkpoint", class = "relm_error")
    expect_identical(readRDS(other), object)
  }
})

test_that("rounds take the time that is asked for, and are never of no draw", {
  expect_identical(round_size(1e9, 10, 1e6), 200L)
  expect_identical(round_size(1e9, 500, 600), 100L)
  expect_identical(round_size(0.2, 500, 600), 1L)
  expect_identical(round_size(30.7, 500, 600), 30L)
})

test_that("a name that cannot be one is refused", {
  for (wrong in list(1, NA_character_, c("a", "b"), "", TRUE)) {
    expect_error(saving(wrong), "must be NULL or the name of a file", class = "relm_error")
  }
  expect_error(saving(file.path(tempdir(), "no", "fit.rds")), "does not exist", class = "relm_error")
  expect_error(saving(tempdir()), "is a folder", class = "relm_error")
  expect_error(saving(tempfile(), prior_only = TRUE, prior = relm_prior(beta = normal(), sd = half_normal(1),
                                                                        sigma = half_normal(1))),
               "no place beside `prior_only", class = "relm_error")
})

test_that("rounds have one bar, which goes from their first sweep to their last", {
  told <- list()
  bar <- function(total) {
    list(set = function(done) told[[length(told) + 1]] <<- done / total, done = function() NULL)
  }
  file <- tempfile(fileext = ".rds")
  fit <- with_relm("progress_bar", bar, often(saving(file, draws = 60, progress = TRUE)))
  expect_false(is.unsorted(unlist(told)))
  expect_identical(told[[length(told)]], 1)
  expect_true(fit$sampling$progress)
  expect_true(recover_fit(file)$sampling$progress)
})

test_that("a disk that is full loses nothing, and sampling goes on", {
  file <- tempfile(fileext = ".rds")
  saving(file, draws = 20)
  full <- function(object, file) {
    writeBin(raw(10), file)
    stop("there is no room for it")
  }
  expect_warning(fit <- with_relm("write_whole", full, saving(file, draws = 50)),
                 "could not be saved", class = "relm_warning")
  expect_same_fit(fit, plain(draws = 50))
  expect_identical(recover_fit(file)$sampling$draws, 20L)
  expect_false(file.exists(paste0(file, ".part")))
})

test_that("what is written in part is told by its length", {
  skip_if_not(file.exists("/dev/full"))
  expect_error(write_whole(as.list(1:3e5), "/dev/full"))
})

# Kills a run in another R at a random moment, again and again, until it has come to its end.
test_that("a process that is killed again and again gives the draws of one that is not", {
  skip_on_cran()
  skip_on_os("windows")
  dir.create(folder <- tempfile("killed"))
  on.exit(unlink(folder, recursive = TRUE))
  file <- function(name) file.path(folder, name)
  script <- bquote({
    .libPaths(.(c(dirname(find.package("relm")), .libPaths())))
    utils::assignInNamespace("checkpoint_seconds", 0.05, "relm")
    saveRDS(Sys.getpid(), .(file("starting")))
    file.rename(.(file("starting")), .(file("pid")))
    fit <- relm::relm(log(mercury) ~ length + (1 + length | station), relm::bass, seed = 1, chains = 2,
                      draws = 400, thin = 4000, checkpoint = .(file("fit.rds")))
    saveRDS(fit$sampling$hyper, .(file("ending")))
    file.rename(.(file("ending")), .(file("end")))
  })
  set.seed(1)
  kills <- 0
  while (!file.exists(file("end")) && kills < 30) {
    unlink(file("pid"))
    pid <- start_script(script, folder)
    give_up <- Sys.time() + if (kills < 3) stats::runif(1, 0.3, 1) else 60
    while (Sys.time() < give_up && !file.exists(file("end"))) Sys.sleep(0.02)
    tools::pskill(pid, tools::SIGKILL)
    kills <- kills + 1
  }
  whole <- relm(log(mercury) ~ length + (1 + length | station), bass, seed = 1, chains = 2, draws = 400,
                thin = 4000)
  expect_identical(readRDS(file("end")), whole$sampling$hyper)
  expect_gt(kills, 3)
})
