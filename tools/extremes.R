# Rscript tools/extremes.R [case]: models at the ends of what there is, each with a check that no
# sampler has a part in. What became of each is written to tools/extremes.csv; cases of minutes are
# run where they are named, or with "all". relm must be installed.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
folder <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
suppressPackageStartupMessages(library(relm))

groups_of <- function(n, J, sd = 1, seed = 1) {
  set.seed(seed)
  g <- rep_len(seq_len(J), n)
  x <- stats::rnorm(n)
  data.frame(g, x, y = 1 + x + sd * stats::rnorm(J)[g] + stats::rnorm(n))
}

quick <- function(..., chains = 2, draws = 500) {
  suppressMessages(relm(..., chains = chains, draws = draws, seed = 1, progress = FALSE))
}

medians <- function(fit, pattern = "^(b|sd|sigma)") {
  draws <- as.matrix(fit)
  apply(draws[, grepl(pattern, colnames(draws)), drop = FALSE], 2, stats::median)
}

# Each gives "" where its check holds, else what does not. Proposals are placed by five digits, so that
# draws of rescaled data are the same but for some 1e-5 of them.
cases <- list(
  no_group_variance = function() {
    data <- groups_of(400, 20)
    data$y <- stats::resid(stats::lm(y ~ factor(g) + x, data)) + data$x
    fit <- quick(y ~ x + (1 | g), data)
    if (stats::median(as.matrix(fit, "sd_g__Intercept")) < 0.1) "" else "sd is not near 0"
  },
  perfect_fit = function() {
    data <- transform(groups_of(40, 8), y = 2 * x + g)
    quick(y ~ x + (1 | g), data)
    "a perfect fit was not refused"
  },
  three_groups = function() {
    fit <- quick(y ~ x + (1 | g), groups_of(30, 3))
    if (all(is.finite(as.matrix(fit)))) "" else "not finite"
  },
  one_row_a_group = function() {
    data <- groups_of(60, 60)
    fit <- quick(y ~ x + (1 | g), rbind(data, transform(data[rep(1, 5), ], y = y + 1:5)),
                 prior = relm_prior(sd = half_t(3, 1), sigma = half_t(3, 1)))
    if (all(is.finite(as.matrix(fit)))) "" else "not finite"
  },
  many_columns = function() {
    set.seed(2)
    data <- groups_of(2000, 50)
    X <- matrix(stats::rnorm(2000 * 200), 2000)
    data$X <- X
    fit <- quick(y ~ X + (1 | g), data, chains = 1)
    exact <- stats::coef(stats::lm(y ~ X + factor(g), data))[2:201]
    off <- medians(fit, "^b_X") - exact
    if (max(abs(off)) < 0.1) "" else "coefficients are not those of least squares"
  },
  eight_random_columns = function() {
    set.seed(3)
    data <- groups_of(1200, 60)
    data$Z <- matrix(stats::rnorm(1200 * 7), 1200)
    fit <- quick(y ~ x + (1 + Z | g), data, chains = 1, prior = relm_prior(sd = half_t(3, 1)))
    if (all(is.finite(as.matrix(fit)))) "" else "not finite"
  },
  scales = function() {
    data <- groups_of(120, 12)
    plain <- medians(quick(y ~ x + (1 | g), data))
    worst <- 0
    for (s in 10^c(-12, -6, 6, 12)) for (t in 10^c(-12, 12)) {
      scaled <- medians(quick(y ~ x + (1 | g), transform(data, y = s * y, x = t * x)))
      back <- scaled / s * c(1, t, 1, 1)
      worst <- max(worst, abs(back / plain - 1))
    }
    if (worst < 1e-4) "" else paste("medians are off by a share of", signif(worst, 2))
  },
  scaled_priors = function() {
    data <- groups_of(120, 12)
    prior <- function(s) relm_prior(beta = normal(0, 5 * s), sd = half_t(3, s), sigma = half_t(3, s))
    plain <- medians(quick(y ~ x + (1 | g), data, prior = prior(1)))
    worst <- 0
    for (s in 10^c(-12, -6, 6, 12)) {
      scaled <- medians(quick(y ~ x + (1 | g), transform(data, y = s * y), prior = prior(s)))
      worst <- max(worst, abs(scaled / s / plain - 1))
    }
    if (worst < 1e-4) "" else paste("medians are off by a share of", signif(worst, 2))
  },
  too_many_draws = function() {
    quick(y ~ x + (1 | g), groups_of(120, 12), draws = 2e9)
    "more draws than memory holds were not refused"
  },
  a_million_groups = function() {
    fit <- quick(y ~ x + (1 | g), groups_of(4e6, 1e6), chains = 1, draws = 200)
    off <- abs(stats::median(as.matrix(fit, "sd_g__Intercept")) - 1)
    if (off < 0.01) "" else paste("sd is off by", signif(off, 2))
  },
  ten_million_rows = function() {
    fit <- quick(y ~ x + (1 | g), groups_of(1e7, 1000), chains = 1, draws = 200)
    off <- abs(stats::median(as.matrix(fit, "sigma")) - 1)
    if (off < 0.003) "" else paste("sigma is off by", signif(off, 2))
  }
)

long_cases <- c("a_million_groups", "ten_million_rows")
refused_cases <- c("perfect_fit", "too_many_draws")

run_case <- function(name) {
  seconds <- system.time(said <- tryCatch(cases[[name]](), relm_error = identity, error = identity))
  refused <- inherits(said, "relm_error")
  told <- if (inherits(said, "error")) gsub("[\n,]", " ", conditionMessage(said)) else said
  fine <- if (name %in% refused_cases) refused else identical(said, "")
  data.frame(case = name, outcome = if (refused) "refused" else if (inherits(said, "error")) "error" else "fit",
             seconds = round(seconds[["elapsed"]], 1), holds = fine, told = substr(told, 1, 90))
}

asked <- commandArgs(TRUE)
names <- if (identical(asked, "all")) names(cases) else if (length(asked)) asked else
  setdiff(names(cases), long_cases)
result <- do.call(rbind, lapply(names, function(name) {
  row <- run_case(name)
  print(row, row.names = FALSE)
  row
}))
file <- file.path(folder, "extremes.csv")
before <- if (file.exists(file)) utils::read.csv(file)
utils::write.csv(rbind(before[!before$case %in% result$case, ], result), file, row.names = FALSE)
