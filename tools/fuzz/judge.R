# What became of a call: a value that holds what it must, an error of the package's own, or a finding.

most_seconds <- 20

# Does a value have a NaN in it? What models hold of other packages is not looked into.
has_nan <- function(value, depth = 0) {
  if (is.double(value)) return(any(is.nan(unclass(value))))
  if (is.complex(value)) return(FALSE)
  if (is.list(value) && depth < 6) {
    for (part in unclass(value)) if (has_nan(part, depth + 1)) return(TRUE)
  }
  FALSE
}

# NULL, or what is wrong with the numbers of a fit.
wrong_with_fit <- function(fit) {
  draws <- as.matrix(fit)
  names <- colnames(draws)
  part <- function(pattern) draws[, grepl(pattern, names), drop = FALSE]
  if (!is.matrix(draws) || !is.numeric(draws)) return("draws are no matrix of numbers")
  if (anyNA(draws)) return(paste("NA in draws of", names[colSums(is.na(draws)) > 0][1]))
  if (any(is.infinite(draws))) return(paste("Inf in draws of", names[colSums(is.infinite(draws)) > 0][1]))
  if (anyDuplicated(names)) return("two variables of one name")
  if (nrow(draws) != fit$sampling$chains * fit$sampling$draws && nrow(draws) != ndraws(fit)) return("rows that are not the draws")
  if (any(part("^sd_") < 0)) return("a negative standard deviation")
  if (any(part("^sigma(_|$)") < 0) || any(part("^(shape|nu|df)$") <= 0)) return("a scale that is not positive")
  if (any(abs(part("^cor_")) > 1)) return("a correlation beyond 1")
  NULL
}

# Values that hold rows of the caller's own, which may be NaN; and functions of the caller's that make them.
echoes <- paste0("getData|get_data|model.frame|augment|recover_data|NaN|Inf|log|sqrt|x / 0|1000 \\*|exp\\(|profile|split_by_group|1e300|",
                 "fun = sd|\"sd\"|transform\\(data|relm_design|print|getME")

wrong_with_value <- function(value, code) {
  if (inherits(value, "relm") && !inherits(value, "relm_design")) return(wrong_with_fit(value))
  text <- paste(deparse(code), collapse = " ")
  if (!grepl(echoes, text) && has_nan(value)) return("NaN in the value")
  if (grepl("^(rstantools::)?(posterior_(epred|linpred|predict)|log_lik|fitted|predictive_error)\\(", text) &&
        !grepl("NA|other|1e300", text) && is.numeric(value) && anyNA(value)) return("NA in the value")
  NULL
}

# Errors that the caller's own code raised, and those by which R itself refuses arguments.
errors_of_caller <- "unknown_object|of the caller|unused argument|matched by multiple actual arguments|formal argument|is missing, with no default"

is_of_other_package <- function(code) {
  head <- code[[1]]
  is.call(head) && !as.character(head[[2]]) %in% c("rstantools", "loo")
}

# The function that raised a condition, if the package has it.
raised_by_us <- function(condition) {
  call <- conditionCall(condition)
  is.call(call) && is.name(call[[1]]) && exists(as.character(call[[1]]), asNamespace("relm"), inherits = FALSE)
}

judge_error <- function(e, code) {
  text <- conditionMessage(e)
  if (grepl("internal error", text)) return(c("error", text))
  if (inherits(e, "relm_error")) return(c("refused", text))
  if (grepl("reached elapsed time limit|reached CPU time limit", text)) return(c("slow", paste("over", most_seconds, "s")))
  of_method <- "fit" %in% all.names(code) && !identical(code[[1]], quote(`<-`))
  if ((of_method || grepl("^object '[a-z]' ", text)) && grepl("^object '.*' not found$", text)) return(c("refused", ""))
  if (grepl(errors_of_caller, text) && !(raised_by_us(e) && grepl("is missing, with", text))) return(c("refused", ""))
  if (is_of_other_package(code) && !raised_by_us(e)) return(c("refused", ""))
  c("error", paste0(text, " [in ", paste(deparse(conditionCall(e))[1], collapse = ""), "]"))
}

# Warnings of other packages that are their own to give, of few draws.
warnings_of_others <- "Pareto|p_waic|effective sample|Relative effective|ESS|R-hat|stacking|geom_|ggplot|aes|log-likelihood|bridge|bins|non-finite|draws|deprecated|Removed|unknown parameters|Only one chain|Incompatible methods"

is_finding_of_warning <- function(w, code, formula) {
  if (inherits(w, c("relm_warning", "relm_message", "deprecatedWarning", "lifecycle_warning_deprecated"))) return(FALSE)
  if (is_of_other_package(code) && !raised_by_us(w)) return(FALSE)
  if (grepl(warnings_of_others, conditionMessage(w))) return(FALSE)
  call <- conditionCall(w)
  # Of functions that the caller's formula or arguments name.
  if (is.call(call) && is.name(call[[1]])) {
    of_numbers <- identical(call[[1]], quote(eval)) && "as.numeric" %in% all.names(formula)
    if (of_numbers) return(FALSE)
    name <- sub("\\.[a-z]+$", "", as.character(call[[1]]))
    return(!name %in% c(all.names(formula), "Ops", if (any(c("poly", "scale") %in% all.names(formula))) "mean"))
  }
  TRUE
}

# c(kind, text) of one step.
judge_step <- function(code, envir, formula) {
  found <- NULL
  notice <- function(kind, condition) {
    if (is.null(found)) found <<- c(kind, paste0(conditionMessage(condition), " [in ", deparse(conditionCall(condition))[1], "]"))
  }
  setTimeLimit(cpu = most_seconds, transient = TRUE)
  on.exit(setTimeLimit())
  result <- withCallingHandlers(
    tryCatch({
      value <- eval(code, envir)
      wrong <- wrong_with_value(value, code)
      if (is.null(wrong)) c(if (inherits(value, "relm")) "fit" else "value", "") else c("numbers", wrong)
    }, error = function(e) judge_error(e, code), interrupt = function(e) c("slow", paste("over", most_seconds, "s"))),
    warning = function(w) {
      if (is_finding_of_warning(w, code, formula)) notice("warning", w)
      invokeRestart("muffleWarning")
    },
    message = function(m) invokeRestart("muffleMessage")
  )
  if (result[1] %in% c("fit", "value", "refused") && !is.null(found)) found else result
}

outcomes_of_findings <- c("error", "warning", "numbers", "slow", "hang", "crash", "interrupt")

# The outcome of a scene's steps: the first finding, else that of the last step that was run.
judge_scene <- function(scene) {
  open <- getAllConnections()
  envir <- environment_of(scene)
  on.exit({
    if (!is.null(envir$file)) unlink(envir$file)
    if (!is.null(envir$table)) suppressWarnings(try(DBI::dbDisconnect(if (inherits(envir$table, "tbl")) envir$table$src$con else envir$table), silent = TRUE))
    for (number in setdiff(getAllConnections(), open)) suppressWarnings(try(close(getConnection(number)), silent = TRUE))
  })
  formula <- as.expression(c(scene$code, if (!is.null(scene$pool)) models_of_pool[[scene$pool]]))
  outcome <- NULL
  for (code in scene$code) {
    output <- utils::capture.output(this <- judge_step(code, envir, formula))
    if (this[1] %in% outcomes_of_findings) return(c(this, deparse1(code)))
    if (is.null(outcome) || this[1] == "fit") outcome <- this
    assigns <- is.call(code) && identical(code[[1]], quote(`<-`))
    if (assigns && this[1] == "refused") break
  }
  c(outcome, "")
}
