# Standard errors that are known, `sigma = known(se)`, of which weights are made (read_sigma()).

# known(se) as text; TRUE where sigma is another formula.
known_label <- function(sigma) if (is_known_sigma(sigma)) as_text(sigma[[2]]) else TRUE

# `sigma` of a design or schema, to be given again: of standard deviations that are known with the
# environment of the weights, which has what they name beside the data.
sigma_of <- function(design) {
  if (!is_known_sigma(design$sigma)) return(design$sigma)
  rlang::new_quosure(design$sigma[[2]], rlang::quo_get_env(design$quosures$weights))
}

check_standard_errors <- function(se, data) {
  name <- paste0("known(", rlang::as_label(se), ")")
  mask <- if (is.data.frame(data)) data
  values <- tryCatch(rlang::eval_tidy(se, mask), error = function(e) {
    abort("{.code {name}} cannot be evaluated.", x = "{conditionMessage(e)}")
  })
  if (!is.numeric(values) || NCOL(values) != 1) {
    abort("{.code {name}} must be one column of numbers.", x = "It is {describe(values)}.",
          i = "Give the standard errors of the rows.")
  }
  if (!is.null(mask) && NROW(values) != nrow(mask)) {
    abort("{.code {name}} must have one number for each of the {nrow(mask)} rows of {.arg data}.",
          x = "It has {NROW(values)}.")
  }
}

refuse_standard_errors <- function(known, bad) {
  abort("{.code {known}} must be finite and positive.",
        x = "In {length(bad)} row{?s}, the first of them row {bad[1]}, it is not.",
        i = "Leave rows out with {.arg subset}.")
}

refuse_unknown_errors <- function(known) {
  abort("The fit has {.code {known}}, which cannot be had from {.arg newdata}.",
        i = "Give {.arg newdata} that column, or {.arg weights}, one over the variance of each
             row.")
}
