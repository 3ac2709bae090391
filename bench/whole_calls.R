# Rscript bench/whole_calls.R [case ...]: what a user waits for: whole calls of relm and of its peers
# at their own default draws, warm-up and, where they compile, the compiler included: seconds of
# processor time, of child processes too, elapsed seconds, and effective draws of the parameter that
# has fewest. Cases of cases.R, bass and J1000 unless others are named. Each call is a process of its
# own, with half an hour: NA where that does not suffice. Saved as bench/results/whole_calls.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "cases.R"))
time_limit <- 1800

# A call, and the draws of the hyperparameters of what it gives: iterations x chains x parameters.
own_draws <- 'posterior::as_draws_array(fit)'
calls <- list(
  relm = c("fit <- relm(formula, data, seed = 1)", own_draws),
  rstanarm = c("fit <- stan_lmer(formula, data, seed = 1, refresh = 0)",
               "posterior::as_draws_array(as.array(fit))"),
  # Debian's rstan looks for Boost, which lies among the system's headers, in a package.
  brms = c("rstan::rstan_options(boost_lib = system.file('include', package = 'StanHeaders'))
    fit <- brm(formula, data, seed = 1, refresh = 0, silent = 2)", own_draws),
  MCMCglmm = c("set.seed(1)
    one <- list(V = 1, nu = 1, alpha.mu = 0, alpha.V = 1e6)
    fit <- MCMCglmm(y ~ x, random = ~ g + us(x):g, data = data, verbose = FALSE,
                              prior = list(R = list(V = 1, nu = 0), G = list(one, one)))",
               "posterior::as_draws_array(coda::as.mcmc(cbind(fit$Sol, fit$VCV)))"),
  lmer = c("fit <- lmer(formula, data)", "NULL"),
  glmmTMB = c("fit <- glmmTMB(formula, data, REML = TRUE)", "NULL")
)

# Effective draws of hyperparameters alone: not of the effects of groups.
child_code <- function(package, call, data_file) {
  c(sprintf("suppressMessages(library(%s))", package), sprintf("saved <- readRDS('%s'); formula <- saved$formula; data <- saved$data", data_file),
    "loadNamespace('posterior')", "before <- proc.time()", call[1],
    "time <- proc.time() - before", paste("draws <-", call[2]), "ess <- NA",
    "if (!is.null(draws)) {
       names <- posterior::variables(draws)
       effects <- '^(r_|b\\\\[|lp__|lprior|log-posterior|mean_PPD|z_|Intercept$|coef_)'
       ess <- min(vapply(names[!grepl(effects, names)], function(name) {
         posterior::ess_bulk(posterior::extract_variable_matrix(draws, name))
       }, 0), na.rm = TRUE)
     }",
    "cat('RESULT', sum(time[c(1, 2, 4, 5)]), time[3], ess)")
}

run_call <- function(package, call, data_file) {
  file <- tempfile(fileext = ".R")
  on.exit(unlink(file))
  writeLines(child_code(package, call, data_file), file)
  output <- suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), file, stdout = TRUE,
                                     stderr = FALSE, timeout = time_limit))
  line <- sub(".*RESULT", "RESULT", grep("RESULT", output, value = TRUE))
  if (length(line) == 0) return(rep(NA_real_, 3))
  suppressWarnings(as.numeric(strsplit(line, " ")[[1]][2:4]))
}

measure <- function(name) {
  case <- cases_of(dirname(bench))[[name]]
  data_file <- tempfile(fileext = ".rds")
  on.exit(unlink(data_file))
  saveRDS(list(data = case$data(), formula = case$model$formula), data_file)
  packages <- sub("lmer", "lme4", names(calls))
  is_there <- vapply(packages, requireNamespace, NA, quietly = TRUE)
  installed <- names(calls)[is_there]
  results <- mapply(run_call, packages[is_there], calls[installed],
                    MoreArgs = list(data_file = data_file))
  colnames(results) <- installed
  versions <- vapply(packages[is_there], function(package) {
    format(utils::packageVersion(package))
  }, "")
  data.frame(case = name, call = installed, version = versions, seconds = results[1, ],
             elapsed = results[2, ], ess = results[3, ],
             times_relm = results[1, ] / results[1, "relm"], run = run_started, row.names = NULL)
}

asked <- commandArgs(TRUE)
table <- do.call(rbind, lapply(if (length(asked)) asked else c("bass", "J1000"), measure))
print(format(table[-8], digits = 3), row.names = FALSE)
utils::write.csv(table, file.path(bench, "results", "whole_calls.csv"), row.names = FALSE)
