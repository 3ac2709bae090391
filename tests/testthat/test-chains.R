skip_on_cran()

run_slowly <- function(chain, progress) {
  Sys.sleep(c(0.3, 0, 0.1, 0.2, 0)[chain])
  list(interrupted = FALSE, chain = chain)
}

chains_of <- function(results) vapply(results, `[[`, 0L, "chain")

test_that("results come in the order of the chains, whichever ends first", {
  for (cores in c(1, 3, 8)) {
    expect_identical(chains_of(run_chains(run_slowly, 5, cores, 10, FALSE)), 1:5)
  }
})

test_that("several processes say nothing and are gone when the chains are done", {
  skip_on_os("windows")
  before <- child_processes()
  expect_silent(run_chains(run_slowly, 5, 2, 10, FALSE))
  for (wait in 1:100) if (length(setdiff(child_processes(), before))) Sys.sleep(0.02)
  expect_identical(setdiff(child_processes(), before), character())
})

test_that("a cluster's workers, as on Windows, give the draws of this process", {
  posterior <- posterior_of(log(mercury) ~ length + (1 | station), bass)
  control <- control_of("uncentered", 3, 4, 2)
  expected <- sample_posterior(posterior, control, seed = 4)
  plan <- plan_sampling(posterior, control, 4L)
  run <- function(chain, progress) run_one(plan, chain, 4L)
  results <- run_on_cluster(run, 3, 2)
  expect_identical(lapply(results, `[[`, "effects"), expected$effects)
})

test_that("an error in a chain is the fit's error, with one process or several", {
  broken <- function(chain, progress) if (chain == 2) stop("broken chain") else run_slowly(chain)
  for (cores in 1:2) expect_error(run_chains(broken, 3, cores, 10, FALSE), "broken chain")
})

test_that("a process killed from outside is an error that says so", {
  skip_on_os("windows")
  killed <- function(chain, progress) {
    if (chain == 2) tools::pskill(Sys.getpid(), tools::SIGKILL)
    run_slowly(chain)
  }
  expect_error(run_chains(killed, 3, 2, 10, FALSE), "ended from outside",
               class = "relm_error")
})

test_that("progress counts the sweeps of all chains", {
  told <- numeric()
  bar <- list(set = function(done) told <<- c(told, done))
  run <- function(chain, progress) {
    progress(3)
    list(interrupted = FALSE)
  }
  run_in_turn(run, 3, 10, bar)
  expect_identical(told, c(3, 10, 13, 20, 23, 30))
})

# A fit of minutes in another R, interrupted from here. Answers with what it saw.
interrupt_a_fit <- function(cores) {
  dir.create(folder <- tempfile("interrupt"))
  on.exit(unlink(folder, recursive = TRUE))
  file <- function(name) file.path(folder, name)
  script <- bquote({
    .libPaths(.(c(dirname(find.package("relm")), .libPaths())))
    fit <- function(...) {
      relm::relm(log(mercury) ~ length + (1 + length || station), relm::bass, seed = 1,
                 chains = 2, cores = .(cores), draws = 10, ...)
    }
    fit()
    set.seed(3)
    before <- .Random.seed
    saveRDS(Sys.getpid(), .(file("starting")))
    file.rename(.(file("starting")), .(file("pid")))
    caught <- tryCatch(fit(thin = 1e7), interrupt = function(condition) "interrupt")
    at <- as.numeric(Sys.time())
    saw <- list(caught = caught, children = length(.(child_processes)()), again = nrow(as.matrix(fit())),
                same_stream = identical(before, .Random.seed), at = at)
    saveRDS(saw, .(file("ending")))
    file.rename(.(file("ending")), .(file("saw")))
  })
  pid <- start_script(script, folder)
  on.exit(tools::pskill(pid, tools::SIGKILL), add = TRUE)
  Sys.sleep(0.7)
  sent <- as.numeric(Sys.time())
  tools::pskill(pid, tools::SIGINT)
  wait_for(file("saw"))
  within(readRDS(file("saw")), delay <- at - sent)
}

test_that("an interrupt stops a fit at once and leaves the session as it was", {
  skip_on_os(c("mac", "windows", "solaris"))
  for (cores in 1:2) {
    saw <- interrupt_a_fit(cores)
    expect_identical(saw[1:4], list(caught = "interrupt", children = 0L, again = 20L,
                                    same_stream = TRUE))
    expect_gt(saw$delay, 0)
    # What else the machine does can only make it later.
    for (again in 1:2) if (saw$delay >= 0.5) saw <- interrupt_a_fit(cores)
    expect_lt(saw$delay, 0.5)
  }
})

# Sends an interrupt when code has begun, in another R, and tells the seconds of processor time that
# pass until it arrives: those of the clock depend on what else the machine does, and what other tests
# left in this R takes time of its own. The time is read after the signal was sent, as much may pass
# between two commands. given: what code names, beside relm's own functions.
seconds_to_stop <- function(given, code) {
  skip_if_not(file.exists("/proc/self/stat"), "no processor time of other processes")
  is_function <- vapply(given, is.function, NA)
  given[is_function] <- lapply(given[is_function], `environment<-`, asNamespace("relm"))
  seen <- in_another_session(list(given = given, code = substitute(code)), {
    place <- list2env(object$given, parent = asNamespace("relm"))
    pid <- Sys.getpid()
    command <- sprintf("sleep 1.5; kill -INT %d; cut -d ' ' -f 14,15 /proc/%d/stat", pid, pid)
    file <- tempfile()
    system(sprintf("(%s) > %s 2>/dev/null &", command, shQuote(file)))
    stopped <- tryCatch({
      eval(object$code, place)
      FALSE
    }, interrupt = function(condition) TRUE)
    now <- sum(proc.time()[c("user.self", "sys.self")])
    give_up <- Sys.time() + 20
    while (length(ticks <- scan(file, quiet = TRUE)) < 2 && Sys.time() < give_up) Sys.sleep(0.1)
    per_second <- as.numeric(system2("getconf", "CLK_TCK", stdout = TRUE))
    list(stopped = stopped, seconds = now - sum(ticks) / per_second)
  })
  expect_true(seen$stopped)
  seen$seconds
}

test_that("work without groups, and many levels, stop when asked", {
  skip_on_os(c("windows", "mac", "solaris"))
  set.seed(1)
  X <- matrix(rnorm(3000 * 20), 3000)
  wide <- data.frame(y = rnorm(3000), X = I(X), level = rep(1:1000, 3))
  given <- list(wide = wide)
  expect_lt(seconds_to_stop(given, relm(y ~ X, wide, chains = 1, draws = 2e4, thin = 1000)), 0.5)
  expect_lt(seconds_to_stop(given, {
    relm(y ~ 1, wide, sigma = ~ level, chains = 1, draws = 2000, warmup = 1e6)
  }), 0.5)
})

test_that("chains of other families with many rows stop when asked", {
  skip_on_os(c("windows", "mac", "solaris"))
  data <- with_seed_of(1, data.frame(g = sample(2000, 1e5, TRUE), h = sample(50, 1e5, TRUE), x = rnorm(1e5)))
  data$k <- as.numeric(data$x > 0)
  prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
  for (family in list(binomial(), negative_binomial())) {
    posterior <- relm_posterior(crossprods(k ~ x + (1 | g) + (1 | h), data, family = family), prior)
    control <- control_of(sampler = "centered", chains = 1, draws = 1e4)
    given <- list(posterior = posterior, control = control)
    expect_lt(seconds_to_stop(given, sample_posterior(posterior, control, 1)), 0.2)
  }
})

test_that("what comes before the chains of a large model stops when asked", {
  skip_on_os(c("windows", "mac", "solaris"))
  set.seed(1)
  large <- data.frame(y = rnorm(6e4), x = rnorm(6e4), g = rep(1:2e4, 3), level = rep(c("a", "b"), 3e4))
  posterior <- posterior_of(y ~ x + (1 + x | g), large, sigma = ~ level)
  model <- model_of(posterior)
  # Loops of R that only call C never ask on their own.
  given <- list(model = model, posterior = posterior, em_of = em_of, totals_of = totals_of)
  expect_lt(seconds_to_stop(given, for (i in 1:3000) em_of(model, c(1, 0, 0, 1), c(1, 1))), 0.5)
  expect_lt(seconds_to_stop(given, for (i in 1:10000) totals_of(posterior)), 0.5)
})

test_that("what a large fit does before its bar is told, where a bar is shown", {
  told <- function(progress) {
    messages <- character()
    withCallingHandlers(
      with_relm("much_work", 40, relm(y ~ x + (1 | g), transform(grouped_data(), g = seq_along(g)),
                                      prior = relm_prior(sd = half_normal(1), sigma = half_normal(1)),
                                      chains = 1, draws = 5, progress = progress)),
      relm_message = function(m) {
        messages <<- c(messages, conditionMessage(m))
        invokeRestart("muffleMessage")
      }, message = function(m) invokeRestart("muffleMessage")
    )
    messages
  }
  expect_match(told(TRUE), "^Reading [0-9]+ rows|^Finding where to start from, with [0-9]+ groups")
  expect_length(told(TRUE), 2)
  expect_length(told(FALSE), 0)
})

# Seconds of the log density of a point, in another R: whole, and with an interrupt sent after a third
# of that.
seconds_of_target <- function(model, tuning, point) {
  dir.create(folder <- tempfile("rows"))
  on.exit(unlink(folder, recursive = TRUE))
  file <- function(name) file.path(folder, name)
  saveRDS(list(model = model, tuning = tuning, point = point), file("given"))
  script <- bquote({
    .libPaths(.(c(dirname(find.package("relm")), .libPaths())))
    log_target <- get("log_target", asNamespace("relm"))
    given <- readRDS(.(file("given")))
    seconds <- function() {
      system.time(tryCatch(log_target(given$model, given$tuning, given$point, 1),
                           interrupt = function(condition) NULL))[["elapsed"]]
    }
    whole <- min(seconds(), seconds(), seconds())
    saveRDS(Sys.getpid(), .(file("starting")))
    file.rename(.(file("starting")), .(file("pid")))
    sent <- .(file("sent"))
    until_sent <- function() while (!file.exists(sent)) Sys.sleep(0.01)
    # NA where the interrupt came before or when all was over.
    stopped <- NA
    while (is.na(stopped)) {
      unlink(sent)
      stopped <- tryCatch({
        system(sprintf("(sleep %.3f; kill -INT %d; touch '%s') &", whole / 3, Sys.getpid(), sent))
        own <- seconds()
        until_sent()
        Sys.sleep(0.05)
        own
      }, interrupt = function(condition) NA)
      until_sent()
    }
    saveRDS(c(whole = whole, stopped = stopped), .(file("ending")))
    file.rename(.(file("ending")), .(file("saw")))
  })
  pid <- start_script(script, folder)
  on.exit(tools::pskill(pid, tools::SIGKILL), add = TRUE)
  wait_for(file("saw"))
  readRDS(file("saw"))
}

test_that("an interrupt is heard amid the rows of one group", {
  skip_on_os(c("mac", "windows", "solaris"))
  many <- data.frame(y = rep(0:1, 2e5), count = rep(c(0, 2), 2e5), x = seq(-1, 1, length.out = 4e5),
                     g = rep(1:2, c(4e5 - 2, 2)))
  for (family in c("probit", "dispersed")) {
    posterior <- family_posterior(family_cases()[[family]], ~ x + (1 + x | g), many)
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    shape <- if (has_shape(model)) 1.7
    point <- family_point(model, tuning, c(0.5, 0.5), 0.1, c(0.3, 0.5), shape)
    seconds <- seconds_of_target(model, tuning, point)
    expect_lt(seconds[["stopped"]], 0.6 * seconds[["whole"]])
  }
})
