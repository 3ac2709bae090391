# Rscript tools/analyze.R [file ...]: follows all C files, or those that are named (marginal.c), by the
# analyzer of clang, which goes through a function's branches. Reports that cannot come true are told
# in tools/analyze.dcf, with the reason; any other is an error, and so is a reason that no file needs.
# A row for each file stays in tools/analyze.csv. It takes some minutes. gcc's -fanalyzer looks after
# memory that is given back; that of this package is R's.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
tools <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(tools, "builds.R"))

# What clang says of one file.
analyze_file <- function(root, file) {
  flags <- c("--analyze", "--analyzer-output", "text", paste0("-I", shQuote(R.home("include"))),
             "-DNDEBUG", "-fopenmp", "-O2", shQuote(file.path(root, "src", file)))
  said <- suppressWarnings(system2("clang", c(flags, "-o", shQuote(tempfile())), stdout = TRUE,
                                   stderr = TRUE))
  if (length(attr(said, "status")) || any(grepl(": (fatal )?error:", said))) {
    stop("clang did not read ", file, ":\n", paste(utils::head(said, 10), collapse = "\n"),
         call. = FALSE)
  }
  said
}

# A row for each report: where, the line of code, what.
reports_of <- function(said) {
  pattern <- "^.*?([^/]+):([0-9]+):[0-9]+: warning: (.*) \\[(.*)\\]$"
  at <- grep(pattern, said, perl = TRUE)
  part <- function(i) sub(pattern, paste0("\\", i), said[at], perl = TRUE)
  data.frame(file = part(1), line = part(2), what = part(3), checker = part(4),
             code = trimws(said[at + 1L]))
}

# Which reason, by its number, is that of each report: NA for none.
reasons_of <- function(reports, reasons) {
  match(paste(reports$file, reports$checker, reports$code),
        paste(reasons$file, reasons$checker, reasons$code))
}

outcome_of <- function(root, file, reasons) {
  reports <- reports_of(analyze_file(root, file))
  own <- reasons_of(reports, reasons)
  new <- reports[is.na(own), ]
  what <- if (nrow(new)) sprintf("%s:%s: %s", new$file, new$line, new$what)
  cat(sprintf("%-24s %d reports, %d without a reason\n", file, nrow(reports), nrow(new)),
      sprintf("    %s\n", what), sep = "")
  row <- data.frame(file = file, reports = nrow(reports), unexplained = nrow(new),
                    what = paste(what, collapse = " | "), commit = commit_of(root), run = today())
  list(row = row, reasons = own)
}

run <- function(root, files) {
  if (!nzchar(Sys.which("clang"))) stop("clang is not installed.", call. = FALSE)
  all <- length(files) == 0
  if (all) files <- list.files(file.path(root, "src"), "[.]c$")
  reasons <- as.data.frame(read.dcf(file.path(root, "tools", "analyze.dcf")))
  outcomes <- lapply(files, function(file) {
    outcome <- outcome_of(root, file, reasons)
    save_rows(file.path(root, "tools", "analyze.csv"), outcome$row, "file")
    outcome
  })
  needed <- unlist(lapply(outcomes, `[[`, "reasons"))
  idle <- setdiff(seq_len(nrow(reasons)), needed)
  if (all && length(idle)) {
    stop("No file needs the reason of: ", toString(reasons$code[idle]), call. = FALSE)
  }
  if (any(vapply(outcomes, function(outcome) outcome$row$unexplained > 0, NA))) {
    stop("A report has no reason.", call. = FALSE)
  }
}

if (sys.nframe() == 0L) run(dirname(tools), commandArgs(trailingOnly = TRUE))
