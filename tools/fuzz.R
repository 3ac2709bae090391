# Rscript tools/fuzz.R [calls] [first seed] [cores]: makes random calls of relm() and of its methods,
# with hostile data, formulas and arguments. Each must end in numbers that can be, or in an error of
# the package's own, within seconds and without warnings that the caller did not cause. Findings are
# shown as they come; what became of how many calls is a row of tools/fuzz.csv.
#
# Rscript tools/fuzz.R --one seed: shows the call of a seed, and what becomes of it.
#
# relm must be installed. Calls run in processes of their own, so that one that dies is told too.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
folder <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))

load_parts <- function() {
  options(warn = 1, cli.num_colors = 1L, width = 120)
  suppressPackageStartupMessages(library(relm))
  for (file in list.files(file.path(folder, "fuzz"), "[.]R$", full.names = TRUE)) {
    source(file, encoding = "UTF-8")
  }
}

one_line <- function(text) gsub("[\r\n\t]+", " ", paste(text, collapse = " "))

# Runs the calls from..to and writes a line before each and one after it.
work <- function(from, to, log) {
  load_parts()
  grDevices::pdf(NULL)
  connection <- file(log, "a")
  note <- function(...) {
    writeLines(paste(..., sep = "\t"), connection)
    flush(connection)
  }
  for (seed in seq(from, to)) {
    note("begin", seed)
    took <- system.time(outcome <- judge_scene(random_scene(seed)), gcFirst = FALSE)[["elapsed"]]
    note(outcome[1], seed, round(1000 * took), one_line(outcome[2]), one_line(outcome[3]))
    if (seed %% 50 == 0) grDevices::graphics.off()
  }
}

show_one <- function(seed) {
  load_parts()
  scene <- random_scene(seed)
  for (name in intersect(c("data", "other"), names(scene))) {
    cat(name, ":\n", sep = "")
    utils::str(scene[[name]], vec.len = 2, give.attr = FALSE)
  }
  if (!is.null(scene$pool)) cat("fit : ", deparse1(models_of_pool[[scene$pool]]), "\n", sep = "")
  for (code in scene$code) cat("> ", deparse1(code), "\n", sep = "")
  grDevices::pdf(NULL)
  envir <- environment_of(scene)
  for (code in scene$code) {
    print(tryCatch(eval(code, envir), error = function(e) {
      cat("Error of class", class(e)[1], "in", deparse(conditionCall(e))[1], ":", conditionMessage(e), "\n")
    }))
  }
  cat("Outcome:", judge_scene(scene), "\n")
}

# A process that works on a share of the seeds.
start_worker <- function(from, to) {
  log <- tempfile("fuzz")
  process <- processx::process$new(
    file.path(R.home("bin"), "Rscript"),
    c(file.path(folder, "fuzz.R"), "--work", format(from, scientific = FALSE), format(to, scientific = FALSE), log),
    stdout = NULL, stderr = NULL
  )
  list(process = process, log = log, from = from, to = to, read = 0, since = Sys.time(), at = from)
}

# The lines that a worker has written since it was last asked.
read_lines <- function(worker) {
  if (!file.exists(worker$log)) return(character())
  lines <- readLines(worker$log, warn = FALSE)
  if (length(lines) <= worker$read) character() else lines[(worker$read + 1):length(lines)]
}

columns_of_log <- c("outcome", "seed", "ms", "text", "code")

show_finding <- function(row) {
  cat(sprintf("%s  %s: %s\n    %s\n", row[["seed"]], row[["outcome"]], substr(row[["text"]], 1, 300),
              substr(row[["code"]], 1, 300)))
}

# Takes what a worker says into `counts`; starts another one where it has died or hangs.
follow <- function(worker, counts) {
  lines <- read_lines(worker)
  alive <- worker$process$is_alive()
  if (alive || length(lines)) {
    worker$read <- worker$read + length(lines)
    for (row in strsplit(lines, "\t", fixed = TRUE)) {
      if (row[1] == "begin") {
        worker$at <- as.numeric(row[2])
        worker$since <- Sys.time()
      } else counts <- count_outcome(counts, stats::setNames(row[1:5], columns_of_log))
    }
    hangs <- alive && difftime(Sys.time(), worker$since, units = "secs") > 90
    if (!hangs) return(list(worker = worker, counts = counts))
    worker$process$kill()
  }
  done <- worker$at == worker$to && !any(grepl(paste0("^begin\t", worker$to), utils::tail(readLines(worker$log, warn = FALSE), 1)))
  if (done) return(list(worker = NULL, counts = counts))
  kind <- if (alive) "hang" else "crash"
  counts <- count_outcome(counts, c(outcome = kind, seed = worker$at, ms = NA, text = "the process ended", code = ""))
  again <- if (worker$at < worker$to) start_worker(worker$at + 1, worker$to)
  list(worker = again, counts = counts)
}

findings_of <- c("error", "warning", "numbers", "slow", "hang", "crash", "interrupt")

count_outcome <- function(counts, row) {
  kind <- row[["outcome"]]
  counts[kind] <- sum(counts[kind], 1, na.rm = TRUE)
  if (kind %in% findings_of) show_finding(row)
  counts
}

# A row for each run; one of the same first seed takes the place of that before.
write_summary <- function(counts, first) {
  file <- file.path(folder, "fuzz.csv")
  of <- function(kinds) sum(counts[names(counts) %in% kinds])
  row <- data.frame(
    date = format(Sys.Date()), first_seed = format(first, scientific = FALSE), calls = sum(counts), fits = of("fit"), values = of("value"),
    refused = of("refused"), findings = of(findings_of), relm = as.character(utils::packageVersion("relm")),
    r = paste(R.version$major, R.version$minor, sep = ".")
  )
  others <- if (file.exists(file)) utils::read.csv(file, colClasses = "character")
  rows <- rbind(others[others$first_seed != format(first, scientific = FALSE), ], row)
  utils::write.csv(rows, file, row.names = FALSE, quote = FALSE)
}

run_all <- function(calls, first, cores) {
  load_parts()
  bounds <- unique(round(seq(first, first + calls, length.out = cores + 1)))
  workers <- Map(start_worker, bounds[-length(bounds)], bounds[-1] - 1)
  counts <- c()
  while (length(workers)) {
    Sys.sleep(0.5)
    for (i in rev(seq_along(workers))) {
      step <- follow(workers[[i]], counts)
      counts <- step$counts
      workers[[i]] <- step$worker
    }
    if (length(counts)) write_summary(counts, first)
  }
  print(counts)
}

arguments <- commandArgs(TRUE)
if ("--work" %in% arguments) {
  work(as.numeric(arguments[2]), as.numeric(arguments[3]), arguments[4])
} else if ("--one" %in% arguments) {
  show_one(as.numeric(arguments[2]))
} else {
  given <- as.numeric(arguments)
  run_all(calls = c(given, 1000)[1], first = c(given[-1], 1)[1], cores = c(given[-(1:2)], 1)[1])
}
