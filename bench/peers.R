# Rscript bench/peers.R [case ...] [--relm-only] [--only=name,name] [--processor-time]: relm and
# every peer that is installed, on the same data. Prints a table, and merges it into
# bench/results/peers.csv and peers.png. See bench/README.md.

script_folder <- function() {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  # Rscript spells a space in its own path as ~+~.
  dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
}

bench <- script_folder()
for (part in c("floor", "cases", "adaptors", "measure", "report")) {
  source(file.path(bench, paste0(part, ".R")))
}

read_arguments <- function(arguments, cases) {
  only <- sub("^--only=", "", grep("^--only=", arguments, value = TRUE))
  only <- if (length(only)) strsplit(only[1], ", *")[[1]]
  if ("--relm-only" %in% arguments) only <- grep("^relm", names(adaptors), value = TRUE)
  chosen <- grep("^--", arguments, value = TRUE, invert = TRUE)
  unknown <- c(setdiff(chosen, names(cases)), setdiff(only, names(adaptors)), setdiff(
    grep("^--", sub("=.*", "", arguments), value = TRUE),
    c("--relm-only", "--only", "--processor-time")
  ))
  if (length(unknown)) {
    stop("Unknown: ", toString(unknown), ". Cases are ", toString(names(cases)), "; peers are ",
         paste0("\"", names(adaptors), "\"", collapse = ", "), ".", call. = FALSE)
  }
  options(bench.processor_time = "--processor-time" %in% arguments)
  list(cases = if (length(chosen)) chosen else names(cases), only = only)
}

# One core each.
Sys.setenv(OMP_NUM_THREADS = 1, OPENBLAS_NUM_THREADS = 1, MKL_NUM_THREADS = 1)
options(mc.cores = 1)

cases <- cases_of(dirname(bench))
arguments <- read_arguments(commandArgs(TRUE), cases)
run_started <- format(Sys.time(), "%Y-%m-%d %H:%M", tz = "UTC")
results <- file.path(bench, "results")
csv <- file.path(results, "peers.csv")
for (name in arguments$cases) {
  cat("\n", name, "\n", sep = "")
  rows <- run_case(name, cases[[name]], arguments$only)
  table <- merge_rows(read_table(csv), rows, arguments$only, names(cases))
  if (is.null(rows)) next
  write_table(table, csv)
  print_case(table[table$case == name, ], cases[[name]]$title)
}
titles <- vapply(cases, `[[`, "", "title")
if (file.exists(csv)) draw_figure(read_table(csv), titles, file.path(results, "peers.png"))
