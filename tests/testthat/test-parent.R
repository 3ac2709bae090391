# Processes that work for others and end with them.

# Is there a process of this number that runs? One that has ended may still have its entry.
is_running <- function(pid) {
  state <- suppressWarnings(system2("ps", c("-o", "stat=", "-p", pid), stdout = TRUE))
  length(state) > 0 && !startsWith(trimws(state[1]), "Z")
}

test_that("chains end with the process that started them, even if that is killed outright", {
  skip_on_cran()
  skip_on_os("windows")
  skip_if(Sys.which("ps") == "", "there is no ps")
  dir.create(folder <- tempfile("killed"))
  on.exit(unlink(folder, recursive = TRUE))
  file <- function(name) file.path(folder, name)
  script <- bquote({
    .libPaths(.(c(dirname(find.package("relm")), .libPaths())))
    saveRDS(Sys.getpid(), .(file("starting")))
    file.rename(.(file("starting")), .(file("pid")))
    relm::relm(log(mercury) ~ length + (1 | station), relm::bass, chains = 2, cores = 2,
               draws = 10, thin = 1e7, seed = 1)
  })
  pid <- start_script(script, folder)
  on.exit(tools::pskill(pid, tools::SIGKILL), add = TRUE)
  children <- character()
  give_up <- Sys.time() + 20
  while (length(children) < 2 && Sys.time() < give_up) {
    Sys.sleep(0.1)
    processes <- system2("ps", c("-A", "-o", "pid=,ppid="), stdout = TRUE)
    table <- utils::read.table(text = processes)
    children <- table[table[[2]] == pid, 1]
  }
  expect_length(children, 2)
  on.exit(tools::pskill(children, tools::SIGKILL), add = TRUE)
  expect_true(all(vapply(children, is_running, NA)))
  tools::pskill(pid, tools::SIGKILL)
  give_up <- Sys.time() + 5
  while (any(vapply(children, is_running, NA)) && Sys.time() < give_up) Sys.sleep(0.1)
  expect_false(any(vapply(children, is_running, NA)))
})

test_that("a process whose parent is another than it works for stops, whatever it is at", {
  skip_on_cran()
  skip_on_os("windows")
  fit <- relm(y ~ x + (1 | g), grouped_data(9), chains = 1, draws = 5, seed = 1,
              group_draws = FALSE)
  ends <- in_another_session(fit, {
    .Call(relm:::ffi_work_for, 1L)
    end <- function(code) {
      tryCatch({
        code
        "answer"
      }, error = conditionMessage, interrupt = function(condition) "interrupt")
    }
    list(chain = end(relm::relm(y ~ 1, data.frame(y = c(1, 5, 2, 8)), chains = 1, seed = 1)),
         effects = end(as.matrix(object, "r_g[g1,Intercept]")),
         rows = end(stats::predict(object, seed = 1)))
  })
  expect_match(unlist(ends), "process .* has ended|interrupt")
})
