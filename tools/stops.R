# Rscript tools/stops.R [interrupts] [kills]: what is left after work is stopped. Interrupts fits and
# what is made of them so many times at random moments, 1,000 by default, in one session: how long until
# the prompt is back, whether memory grows, processes stay or the generator's state changes. Then kills
# processes outright, 100 times by default, while they fit with a checkpoint, and compares the draws of
# what goes on from their files with those of an undisturbed run. Writes tools/stops.csv. Not for Windows.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
folder <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
library(relm)

arguments <- as.integer(commandArgs(TRUE))
n_interrupts <- if (length(arguments) > 0) arguments[1] else 1000L
n_kills <- if (length(arguments) > 1) arguments[2] else 100L

# Sends this process an interrupt after so many seconds, and writes down when.
interrupt_after <- function(seconds, file) {
  command <- sprintf("sleep %.3f; date +%%s.%%N > '%s'; kill -INT %d", seconds, file, Sys.getpid())
  system2("sh", c("-c", shQuote(command)), wait = FALSE)
}

grouped <- function(n_groups, n_rows) {
  set.seed(1)
  data <- data.frame(g = rep(seq_len(n_groups), each = n_rows), x = rnorm(n_groups * n_rows))
  data$h <- rep_len(1:7, nrow(data))
  data$y <- data$x + rnorm(n_groups)[data$g] + rnorm(nrow(data))
  data$hit <- as.numeric(data$y > 0)
  data
}

small <- grouped(50, 10)
large <- grouped(20000, 5)
fitted_once <- relm(y ~ x + (1 + x | g), small, seed = 1, group_draws = FALSE)

# Each takes longer than interrupts wait.
works <- list(
  "many groups" = function() relm(y ~ x + (1 + x | g), large, seed = 1),
  "Gibbs sampler" = function() relm(y ~ x + (1 | g), small, seed = 1, sampler = "centered", thin = 100),
  "logistic" = function() relm(hit ~ x + (1 | g), small, family = "binomial", seed = 1, thin = 20),
  "crossed" = function() relm(y ~ x + (1 | g) + (1 | h), small, seed = 1, thin = 100),
  "t residuals" = function() relm(y ~ x + (1 | g), small, family = student(), seed = 1, thin = 10),
  "two processes" = function() relm(y ~ x + (1 | g), large, seed = 1, cores = 2),
  "chunks" = function() {
    read <- 0
    relm(y ~ x + (1 | g), function() if ((read <<- read + 1) <= 20) large, seed = 1)
  },
  "checkpoint" = function() {
    relm(y ~ x + (1 | g), small, seed = 1, sampler = "centered", thin = 100,
         checkpoint = tempfile(fileext = ".rds"))
  },
  "leave one out" = function() for (i in 1:20) loo(fitted_once),
  "predictions" = function() for (i in 1:20) {
    predict(fitted_once, large[1:20000, ], allow_new_levels = TRUE, seed = 1)
  }
)

memory <- function() sum(gc(full = TRUE)[, 2])

running_children <- function() {
  found <- suppressWarnings(system2("ps", c("-o", "stat=,comm=", "--ppid", Sys.getpid()), stdout = TRUE))
  sum(grepl("^[^Z]\\S* +R$", trimws(found)))
}

# One interrupt: seconds from it to the prompt, NA where the work had ended.
interrupt_once <- function(work) {
  file <- tempfile("sent")
  on.exit(unlink(file))
  set.seed(7)
  before <- .Random.seed
  caught <- tryCatch({
    interrupt_after(stats::runif(1, 0.02, 0.6), file)
    .Random.seed <<- before
    suppressMessages(work())
    Sys.sleep(2)
    "ended"
  }, interrupt = function(condition) "interrupt")
  at <- as.numeric(Sys.time())
  sent <- as.numeric(readLines(file))
  # Forked processes see that they are to end at their next question.
  Sys.sleep(0.2)
  list(caught = caught == "interrupt", seconds = at - sent,
       same_stream = identical(.Random.seed, before), children = running_children())
}

interrupt_many <- function(n) {
  for (work in works) interrupt_once(work)
  relm:::forget_unfinished()
  first <- memory()
  saw <- lapply(seq_len(n), function(i) {
    set.seed(NULL)
    interrupt_once(works[[(i - 1) %% length(works) + 1]])
  })
  relm:::forget_unfinished()
  pick <- function(name) vapply(saw, function(one) as.numeric(one[[name]]), 0)
  print(stats::aggregate(cbind(seconds = pick("seconds"), streams = !pick("same_stream")),
                         list(work = rep_len(names(works), n)), max))
  data.frame(what = "interrupts", n = n, caught = sum(pick("caught")),
             median_seconds = stats::median(pick("seconds")), most_seconds = max(pick("seconds")),
             above_tenth = sum(pick("seconds") > 0.1), streams_changed = sum(!pick("same_stream")),
             processes_left = sum(pick("children")), megabytes_more = memory() - first, differ = NA)
}

# A process that fits with a checkpoint until it is killed.
fit_with_file <- function(file, end, cores) {
  code <- bquote({
    utils::assignInNamespace("checkpoint_seconds", 0.05, "relm")
    fit <- relm::relm(log(mercury) ~ length + (1 + length | station), relm::bass, seed = 1, chains = 2,
                      draws = 500, thin = 400, cores = .(cores), checkpoint = .(file))
    saveRDS(fit$sampling$hyper, .(end))
  })
  dput(code, script <- tempfile(fileext = ".R"))
  command <- sprintf("'%s' '%s' > /dev/null 2>&1 & echo $!", file.path(R.home("bin"), "Rscript"), script)
  as.integer(system(command, intern = TRUE))
}

kill_many <- function(n) {
  whole <- relm(log(mercury) ~ length + (1 + length | station), bass, seed = 1, chains = 2, draws = 500,
                thin = 400)$sampling$hyper
  killed <- runs <- differ <- 0
  file <- tempfile(fileext = ".rds")
  end <- tempfile(fileext = ".rds")
  set.seed(NULL)
  while (killed < n) {
    pid <- fit_with_file(file, end, cores = 1 + runs %% 2)
    give_up <- Sys.time() + stats::runif(1, 0.5, 3)
    while (Sys.time() < give_up && !file.exists(end)) Sys.sleep(0.01)
    if (file.exists(end)) {
      Sys.sleep(0.2)
      runs <- runs + 1
      differ <- differ + !identical(readRDS(end), whole)
      unlink(c(file, end))
      next
    }
    tools::pskill(pid, tools::SIGKILL)
    killed <- killed + 1
  }
  data.frame(what = "kills", n = killed, caught = runs, median_seconds = NA, most_seconds = NA,
             above_tenth = NA, streams_changed = NA, processes_left = NA, megabytes_more = NA,
             differ = differ)
}

table <- rbind(if (n_interrupts > 0) interrupt_many(n_interrupts), if (n_kills > 0) kill_many(n_kills))
table$run <- format(Sys.time(), tz = "UTC", usetz = TRUE)
print(table)
utils::write.csv(table, file.path(folder, "stops.csv"), row.names = FALSE)
