# How chains are run: the arguments of relm() that say so.

# What a run of the chains goes by; a part of every fit's `sampling`.
control_names <- c("sampler", "chains", "draws", "warmup", "thin", "cores", "threads",
                   "group_draws", "target_ess", "max_draws", "progress")

# sampler: NULL for the one that suits the model.
check_control <- function(sampler = NULL, chains = 4, draws = 1000, warmup = 500, thin = 1,
                          cores = 1, threads = 1, init = NULL, group_draws = NULL,
                          target_ess = NULL, max_draws = 1e5, progress = FALSE,
                          checkpoint = NULL) {
  list(
    sampler = if (!is.null(sampler)) check_choice(sampler, "sampler", samplers_by_name()),
    chains = check_count(chains, "chains"),
    draws = check_count(draws, "draws"),
    warmup = check_count(warmup, "warmup", least = 0),
    thin = check_count(thin, "thin"),
    cores = check_cores(cores),
    threads = check_count(threads, "threads"),
    group_draws = check_group_draws(group_draws),
    target_ess = if (!is.null(target_ess)) check_number(target_ess, "target_ess", 0),
    max_draws = check_count(max_draws, "max_draws"),
    progress = check_flag(progress, "progress"),
    init = init, checkpoint = check_checkpoint(checkpoint)
  )
}

# Of several groupings a list that names them.
check_group_draws <- function(x) {
  if (is.null(x) || isTRUE(x) || isFALSE(x)) return(x)
  named <- is.list(x) && !is.data.frame(x) && length(x) > 0 && all(nzchar(rlang::names2(x))) &&
    !any(vapply(x, function(one) is.null(one) || is.list(one), NA))
  if (named) return(lapply(x, check_group_draws))
  if (is.factor(x)) x <- as.character(x)
  if (is.logical(x) || !is.atomic(x) || length(x) == 0 || anyNA(x)) {
    abort("{.arg group_draws} must be NULL, TRUE, FALSE or levels of the grouping factor.",
          x = "It is {describe(x)}.",
          i = if (is.list(x)) "Of several groupings write {.code group_draws = list(g = TRUE)}.")
  }
  x
}

# NULL, or the name of a file that can be written.
check_checkpoint <- function(file, name = "checkpoint") {
  if (is.null(file) && name == "checkpoint") return(NULL)
  is_name <- is.character(file) && length(file) == 1 && !is.na(file) && nzchar(file)
  if (!is_name) {
    abort('{.arg {name}} must be {if (name == "checkpoint") "NULL or "}the name of a file, such as
           {.val fit.rds}.', x = "It is {describe(file)}.")
  }
  folder <- dirname(path.expand(file))
  if (!dir.exists(folder)) {
    abort("{.arg {name}} is in a folder that does not exist.", x = "It is {.file {folder}}.")
  }
  if (dir.exists(file)) abort("{.arg {name}} is a folder.", x = "It is {.file {file}}.")
  if (name == "checkpoint" && file.access(folder, 2) != 0) {
    abort("{.arg {name}} is in a folder that cannot be written.", x = "It is {.file {folder}}.")
  }
  # The working directory may change.
  file.path(normalizePath(folder), basename(file))
}
