# A residual standard deviation that is known: fixed(), and known(se), the same as its multiples.

#' @rdname relm_prior
#' @export
fixed <- function(value, ...) {
  refuse_dots(rlang::enquos(...), "fixed")
  new_distribution("fixed", value = check_number(value, "value", above = 0))
}

# Of a prior of sigma as encode_scale() has it.
is_fixed_sigma <- function(encoded) {
  !is.null(encoded) && encoded[["kind"]] == scale_kinds[["fixed"]]
}

has_fixed_sigma <- function(posterior) is_fixed_sigma(posterior$sigma)

# The value, 1 where none is known.
fixed_sigma <- function(model) {
  if (is_fixed_sigma(model$sigma_prior)) model$sigma_prior[["scale"]] else 1
}

check_fixed <- function(posterior) {
  if (!has_fixed_sigma(posterior) || !has_strata(posterior)) return(invisible())
  abort("{.code sigma = {format(posterior$prior$sigma)}} is one residual variance, which is known,
         and the model has one at each level of {.code {posterior$strata$name}}.",
        i = "Leave {.arg sigma} out of the model. Rows whose variances are known and differ have
             {.code weights}, one over their variances, or {.code sigma = known(se)}.")
}

# What the argument `sigma` asks for: `sigma`, a formula, which is ~ known(se) where the variances of
# rows are known; `se`, that expression as a quosure, else NULL; and `weights`, a quosure, as they
# were given or follow from se. value: what `given` is, which is not evaluated where it is a call of
# known().
read_sigma <- function(given, value, weights, family) {
  call <- if (rlang::quo_is_call(given, "known")) rlang::quo_get_expr(given)
    else if (is_known_sigma(value)) value[[2]]
  if (is.null(call)) {
    return(list(sigma = check_sigma(value, rlang::quo_get_expr(given), family),
                weights = weights))
  }
  check_known_call(call, weights, family)
  envir <- if (rlang::quo_is_call(given, "known")) rlang::quo_get_env(given) else environment(value)
  se <- call[[2]]
  # As 1/se^2, but for a negative se.
  weight <- rlang::expr(1 / (!!se * abs(!!se)))
  list(sigma = rlang::new_formula(NULL, call, envir), se = rlang::new_quosure(se, envir),
       weights = rlang::new_quosure(weight, envir))
}

check_known_call <- function(call, weights, family) {
  if (!identical(family$scale, "sigma")) {
    abort("{.arg sigma} has no place in a {family$label}, which has no residual variance.",
          i = "Leave {.arg sigma} out.")
  }
  if (length(call) != 2 || !is.null(names(call))) {
    abort("{.code known()} takes the standard errors of the rows, and nothing else.",
          x = "It is {.code {deparse1(call)}}.", i = "Write {.code sigma = known(se)}.")
  }
  if (!rlang::quo_is_missing(weights) && !rlang::quo_is_null(weights)) {
    abort("{.arg weights} have no place beside {.code sigma = {deparse1(call)}}, which gives each
           row its variance.", i = "Leave {.arg weights} out.")
  }
}

# ~ known(se)?
is_known_sigma <- function(sigma) {
  inherits(sigma, "formula") && length(sigma) == 2 && rlang::is_call(sigma[[2]], "known")
}

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

with_known_sigma <- function(prior) {
  if (!identical(prior$sigma, jeffreys()) && !identical(prior$sigma, fixed(1))) {
    abort("{.arg sigma} of {.fn relm_prior} has no place beside {.code sigma = known()}, which gives
           each row its variance.", x = "It is {.code {format(prior$sigma)}}.", i = "Leave it out.")
  }
  prior$sigma <- fixed(1)
  prior
}

# As another model of sigma may have it: that of known variances was not given.
prior_as_given <- function(posterior) {
  prior <- posterior$prior
  if (isTRUE(posterior$sigma_known)) prior$sigma <- jeffreys()
  prior
}

# Which of these variables have one value, by the model.
is_known_constant <- function(fit, variables) {
  has_fixed_sigma(fit$posterior) & variables %in% variables_of_part(fit$posterior, "sigma")
}

# Hyperparameters without those that are known.
drawn_variables <- function(fit) {
  all <- hyper_variables(fit)
  all[!is_known_constant(fit, all)]
}

# Rows of a grid have no standard errors.
refuse_new_observations <- function(fit) {
  if (!isTRUE(fit$posterior$sigma_known)) return(invisible())
  abort('{.code method = "predict"} needs the standard error of each new observation, and the curves
         have none.', i = "{.code method = \"epred\"} shows means; {.fn posterior_predict} takes
                           {.arg newdata} with standard errors.")
}
