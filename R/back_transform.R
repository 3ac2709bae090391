# Responses that are a function of a variable, log(mercury): from the model's scale to the
# variable's.

# list(variable, inverse) of an expression: the variable's name and what makes its values of the
# expression's; NULL where no inverse is known.
inverse_of_response <- function(expression) {
  if (!is.call(expression) || !is.name(expression[[1]])) return(NULL)
  arguments <- as.list(expression)[-1]
  head <- as.character(expression[[1]])
  if (length(arguments) == 1 && is.name(arguments[[1]]) && head %in% names(inverse_functions)) {
    return(list(variable = as.character(arguments[[1]]), inverse = inverse_functions[[head]]))
  }
  if (head == "^" && length(arguments) == 2) inverse_of_power(arguments[[1]], arguments[[2]])
}

# Predictions of a root below zero are taken for zero.
inverse_functions <- list(
  log = exp, log2 = function(x) 2^x, log10 = function(x) 10^x, log1p = expm1, exp = log,
  expm1 = log1p, sqrt = function(x) pmax(x, 0)^2
)

inverse_of_power <- function(base, exponent) {
  if (is.name(base) && identical(exponent, 2)) {
    return(list(variable = as.character(base), inverse = sqrt))
  }
  if (is.name(exponent) && is.numeric(base) && base > 0 && base != 1) {
    list(variable = as.character(exponent), inverse = function(x) log(x) / log(base))
  }
}

# What curves of a fit are changed by: its label, and a function or NULL. transform: as given, and
# called so. Where the inverse is unknown, a message says that the model's scale stays.
response_scale <- function(fit, method, transform, called = NULL) {
  response <- fit$posterior$response
  if (is.function(transform)) {
    name <- if (is.name(called)) as.character(called) else "transform"
    return(list(label = paste0(name, "(", response, ")"), inverse = transform, given = TRUE))
  }
  expression <- fit$posterior$formula[[2]]
  plain <- list(label = label_of_mean(fit, method, is.call(expression)), given = FALSE)
  if (isFALSE(transform) || method == "linpred" || !is_linear(fit)) return(plain)
  found <- inverse_of_response(expression)
  if (is.null(found)) {
    if (is.call(expression)) {
      inform("The response {.code {response}} stays as it is in the model: no inverse is known.",
             i = "{.arg transform} takes one.")
    }
    return(plain)
  }
  list(label = found$variable, inverse = found$inverse, given = FALSE)
}

label_of_mean <- function(fit, method, is_call) {
  if (is_linear(fit)) return(fit$posterior$response)
  if (method == "linpred") return("linear predictor")
  if (is_call && family_of(fit)$weights == "trials") "share of successes" else fit$posterior$response
}

# draws x rows on the scale of the response.
to_response <- function(draws, scale) {
  if (is.null(scale$inverse)) return(draws)
  if (scale$given) return(apply_function(scale$inverse, draws))
  changed <- suppressWarnings(scale$inverse(draws))
  if (all(is.finite(changed))) return(changed)
  abort("Predictions are outside the range of a function of {.var {scale$label}}:
         {sum(!is.finite(changed))} of {length(changed)}.",
        i = "{.code transform = FALSE} stays on the scale of the model.")
}
