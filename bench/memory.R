# Rscript bench/memory.R: peak memory of a fit beyond R's own start and the stored draws, over the
# size of model.frame plus model.matrix of the same formula without row names. Each fit runs in
# a process of its own, whose peak is read from /proc (Linux).

peak_of <- function(code) {
  script <- tempfile(fileext = ".R")
  peak <- 'status <- readLines("/proc/self/status")
cat("PEAK", gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE)), "\\n")'
  writeLines(c("suppressMessages(library(relm))", code, peak), script)
  output <- system2(file.path(R.home("bin"), "Rscript"), script, stdout = TRUE)
  1024 * as.numeric(sub("PEAK ", "", grep("^PEAK", output, value = TRUE)))
}

data_code <- function(n, J) {
  sprintf('set.seed(1); n <- %d; J <- %d
data <- data.frame(g = rep_len(seq_len(J), n), x = rnorm(n))
data$y <- data$x + rnorm(n)', n, J)
}

sizes <- function(n, J, formula) {
  eval(parse(text = data_code(n, J)))
  frame <- model.frame(reformulas::subbars(formula), data)
  matrix <- model.matrix(reformulas::nobars(formula), data)
  rownames(matrix) <- NULL
  c(data = as.numeric(object.size(data)),
    model = as.numeric(object.size(frame)) + as.numeric(object.size(matrix)))
}

measure <- function(n, J, formula, draws = 4) {
  start <- peak_of("invisible(relm(log(mercury) ~ length + (1 | station), bass, draws = 2))")
  fit <- sprintf("fit <- relm(%s, data, chains = 1, draws = %d, warmup = 1, seed = 1)",
                 deparse1(formula), draws)
  peak <- peak_of(c(data_code(n, J), fit))
  of <- sizes(n, J, formula)
  stored <- 8 * draws * J * 2
  cat(sprintf("n = %8d  J = %7d  %-28s %.2f (%.2f without the data)\n", n, J, deparse1(formula),
              (peak - start - stored) / of["model"],
              (peak - start - stored - of["data"]) / of["model"]))
}

suppressMessages(library(relm))
cat("Peak memory over model.frame plus model.matrix\n")
for (J in c(1000, 100000)) {
  measure(2e6L, J, y ~ x + (1 | g))
  measure(2e6L, J, y ~ x + (1 + x || g))
}
