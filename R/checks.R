# Errors of the package have the class "relm_error". Messages name the
# argument, what it was, and what to do.
abort <- function(..., .envir = parent.frame()) {
  cli::cli_abort(c(...), call = NULL, class = "relm_error", .envir = .envir)
}

# What C says of numbers that left its range is an error of the package's.
call_kernel <- function(call) {
  tryCatch(call, simpleError = function(e) abort("{conditionMessage(e)}"))
}

inform <- function(..., .envir = parent.frame()) {
  cli::cli_inform(c(...), class = "relm_message", .envir = .envir)
}

warn <- function(..., .envir = parent.frame()) {
  cli::cli_warn(c(...), class = "relm_warning", .envir = .envir)
}

# What a value is, in a few words, for an error message.
describe <- function(x) {
  if (is.null(x)) return("NULL")
  if (inherits(x, "relm_distribution")) return(format(x))
  if (is.atomic(x) && is.null(dim(x)) && length(x) == 1) {
    return(if (is.character(x)) dQuote(x, FALSE) else format(x))
  }
  if (is.atomic(x) && is.null(dim(x)) && length(x) <= 5) return(deparse1(x))
  shape <- if (is.null(dim(x))) length(x) else paste(dim(x), collapse = " x ")
  paste0(if (grepl("^[aeio]", class(x)[1])) "an " else "a ", class(x)[1], " of size ", shape)
}

check_count <- function(x, name, least = 1) {
  whole <- is.numeric(x) && length(x) == 1 && is.finite(x) && x == round(x)
  if (!whole || x < least || x > .Machine$integer.max) {
    abort("{.arg {name}} must be one whole number of at least {least}.",
          x = "It is {describe(x)}.")
  }
  as.integer(x)
}

check_flag <- function(x, name) {
  if (!isTRUE(x) && !isFALSE(x)) {
    abort("{.arg {name}} must be TRUE or FALSE.", x = "It is {describe(x)}.")
  }
  x
}

# One finite number above `above`.
check_number <- function(x, name, above = -Inf, finite = TRUE) {
  number <- !missing(x) && is.numeric(x) && length(x) == 1 && !is.na(x) && x > above
  if (!number || (finite && !is.finite(x))) {
    bound <- if (above > -Inf) paste(" above", above) else ""
    abort("{.arg {name}} must be one {if (finite) 'finite ' else ''}number{bound}.",
          x = "It is {if (missing(x)) 'missing' else describe(x)}.")
  }
  as.numeric(x)
}

check_probability <- function(x, name) {
  if (!is.numeric(x) || length(x) != 1 || is.na(x) || x <= 0 || x >= 1) {
    abort("{.arg {name}} must be one probability between 0 and 1.", x = "It is {describe(x)}.")
  }
  x
}

# Digits to print, of which a number has some fifteen.
check_digits <- function(x, name = "digits") {
  digits <- check_count(x, name)
  if (digits > 15) abort("{.arg {name}} must be at most 15.", x = "It is {digits}.")
  digits
}

check_choice <- function(x, name, choices) {
  if (!is.character(x) || length(x) != 1 || !x %in% choices) {
    abort("{.arg {name}} must be one of {.or {.val {choices}}}.",
          x = "It is {describe(x)}.")
  }
  x
}

# Refuses arguments that `...` would swallow, and guesses what was meant.
check_dots_empty <- function(dots, known, caller = "relm") {
  if (length(dots) == 0) return(invisible())
  given <- names(dots)
  if (is.null(given)) given <- rep("", length(dots))
  known <- setdiff(known, "...")
  if (length(known) == 0) abort("{.fn {caller}} takes no arguments.")
  unknown <- given[1]
  all <- cli::cli_vec(known, list("vec-trunc" = Inf))
  if (unknown == "") {
    abort("An argument was given without a name that {.fn {caller}} knows.",
          i = if (caller == "relm") "Name every argument after {.arg data}."
              else "Its arguments are {.arg {all}}.")
  }
  distances <- utils::adist(unknown, known, ignore.case = TRUE)[1, ]
  near <- known[which.min(distances)]
  elsewhere <- if (caller %in% c("relm", "relm_multiple", "update")) arguments_elsewhere[[unknown]]
  abort("{.fn {caller}} has no argument {.arg {unknown}}.",
        i = if (!is.null(elsewhere)) elsewhere
            else if (min(distances) <= min(2, nchar(unknown) - 1)) "Did you mean {.arg {near}}?"
            else "Its arguments are {.arg {all}}.")
}

# The same for a method that takes nothing beside what it names: refuse_dots(list(...), "summary")
# in the method itself, whose own arguments are those that are known.
refuse_dots <- function(dots, caller) {
  check_dots_empty(dots, names(formals(sys.function(sys.parent()))), caller)
}

# An argument that a generic has for other objects.
refuse_generic_argument <- function(argument, caller) {
  if (missing(argument)) return(invisible())
  abort("{.fn {caller}} takes no {.arg {deparse1(substitute(argument))}} here.")
}

# The row names that are asked for, or numbers.
named_rows <- function(table, row.names) {
  if (!is.null(row.names) && (!is.atomic(row.names) || length(row.names) != nrow(table) ||
                                anyNA(row.names) || anyDuplicated(row.names))) {
    abort("{.arg row.names} must be {nrow(table)} different names.",
          x = "It is {describe(row.names)}.")
  }
  rownames(table) <- row.names
  table
}

# What relm() has in the place of arguments that other packages' functions have.
arguments_elsewhere <- list(
  random = "Group effects stand in the formula: {.code y ~ x + (1 + x | group)}.",
  REML = "There is neither REML nor ML: the posterior is drawn from, under {.arg prior}.",
  method = "There is neither REML nor ML: the posterior is drawn from, under {.arg prior}.",
  control = "There is no optimizer to control: {.arg warmup}, {.arg draws} and {.arg chains} say how
             long to draw.",
  nAGQ = "Group effects are integrated out to an error that every fit measures.",
  iter = "{.arg draws} are kept of each chain, after {.arg warmup}.",
  nitt = "{.arg draws} are kept of each chain, after {.arg warmup}.",
  burnin = "{.arg warmup} sweeps of each chain are not kept.",
  save_pars = "{.arg group_draws} says which groups' effects are kept.",
  refresh = "{.arg progress} shows a progress bar or none.",
  verbose = "{.arg progress} shows a progress bar or none.",
  prior_intercept = "It is part of {.arg prior}: {.code relm_prior(beta = normal(0, 5))}.",
  prior_aux = "It is part of {.arg prior}: {.code relm_prior(sigma = half_normal(1))}.",
  prior_covariance = "It is part of {.arg prior}: {.code relm_prior(sd = half_t(3, 1))}."
)

check_installed <- function(package, purpose) {
  if (!requireNamespace(package, quietly = TRUE)) {
    abort("{purpose} needs the package {.pkg {package}}.",
          i = 'Install it with {.code install.packages("{package}")}.')
  }
}

as_numeric_or_null <- function(x) if (!is.null(x)) as.numeric(x)

check_probabilities <- function(x, name) {
  if (!is.numeric(x) || length(x) == 0 || anyNA(x) || any(x < 0 | x > 1)) {
    abort("{.arg {name}} must be probabilities, from 0 to 1.", x = "It is {describe(x)}.")
  }
}
