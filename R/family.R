# What a response is given its linear predictor eta. All in which families differ at a row is an
# element of one of these; elsewhere nothing asks for the name of a family.

# The elements; y, eta, mean and scale are of one shape or of length one, that of the result:
#   name, link              as stats::family() has them
#   label                   what models of the family are called in prints
#   scale                   the part of the hyperparameters that is its scale parameter, or NULL
#   as_family()             R's own object
#   inverse_link(eta), inverse_link_slope(eta)
#                           the mean and its derivative
#   log_density(y, eta, scale), log_density_slope(), log_density_curvature()
#                           and its first two derivatives in eta; scale: over sqrt(weight)
#   sd(mean, scale)         the standard deviation of y
#   draw(eta, scale)        a y for each eta
#   variates(n)             random numbers that make a y each (draw_given() in src/family.h), which
#                           rows may share
#   check_type(frame), check_values(frame)
#                           refuse a model frame by its response: before and after all columns are
#                           known to be finite
new_family <- function(name, link, label, scale, as_family, inverse_link, inverse_link_slope,
                       log_density, log_density_slope, log_density_curvature, sd, draw,
                       variates, check_type, check_values) {
  elements <- names(formals())
  stats::setNames(lapply(elements, get, environment()), elements)
}

# Of a fit, or of its design, cross-products or posterior; version 0.1.0 had one family.
family_of <- function(x) {
  name <- if (inherits(x, "relm")) x$posterior$family else x$family
  families[[if (is.null(name)) "gaussian" else name]]
}

# What makes means of linear predictors, as predict_draws() takes it; NULL where they are the same.
change_to_means <- function(fit) {
  family <- family_of(fit)
  if (family$link != "identity") function(values, rows) family$inverse_link(values)
}

# family: text, a family or a function that makes one, as glm() takes them; or the error that it
# ended in.
check_family <- function(family) {
  if (is.function(family)) family <- tryCatch(family(), error = identity)
  made <- inherits(family, "family")
  for (known in families) {
    if (identical(family, known$name) ||
          made && identical(c(family$family, family$link), c(known$name, known$link))) {
      return(invisible())
    }
  }
  abort("{.arg family} must be {.or {.val {names(families)}}}, with the link
         {.or {.val {vapply(families, `[[`, '', 'link')}}}.",
        x = if (made) "It is {.val {family$family}}, with the link {.val {family$link}}."
            else if (inherits(family, "error")) "{conditionMessage(family)}"
            else "It is {describe(family)}.",
        i = "Responses are Gaussian; transform them in the formula, as in {.code log(y)}.")
}

# Responses -----------------------------------------------------------------------------------

check_numbers <- function(frame) {
  y <- frame[[1]]
  if (!is.numeric(y) || NCOL(y) != 1) {
    name <- names(frame)[1]
    has_two_values <- is.logical(y) || is.factor(y) && nlevels(y) == 2
    abort("The response {.code {name}} must be one column of numbers.",
          x = "It is {describe(stats::model.response(frame, 'any'))}.",
          i = if (is.character(y)) "Convert it with {.fn as.numeric}."
              else if (has_two_values) two_values_remedy(y, name))
  }
}

two_values_remedy <- function(y, name) {
  number <- if (is.factor(y)) paste0("as.numeric(", name, " == ", dQuote(levels(y)[2], FALSE), ")")
    else paste0("as.numeric(", name, ")")
  paste0("Models of two values, such as logistic regressions, are not fitted here. A linear model ",
         "of the probability is that of {.code ", number, "}.")
}

check_varies <- function(frame) {
  y <- frame[[1]]
  if (length(y) > 1 && y[2] == y[1] && all(y == y[1])) {
    abort("The response {.code {names(frame)[1]}} is constant.",
          x = "All {length(y)} values are {describe(unname(y[1]))}.",
          i = "A model of it has no residual variance.")
  }
}

# The table -----------------------------------------------------------------------------------

families <- list(
  gaussian = new_family(
    name = "gaussian", link = "identity", label = "linear model", scale = "sigma",
    as_family = function() stats::gaussian(),
    inverse_link = function(eta) eta,
    inverse_link_slope = function(eta) rep(1, length(eta)),
    # Symmetric in y and eta: the first gives the result its shape.
    log_density = function(y, eta, scale) stats::dnorm(eta, y, scale, log = TRUE),
    log_density_slope = function(y, eta, scale) (y - eta) / scale^2,
    log_density_curvature = function(y, eta, scale) rep(-1 / scale^2, length.out = length(eta)),
    sd = function(mean, scale) scale,
    draw = function(eta, scale) eta + scale * stats::rnorm(length(eta)),
    variates = function(n) stats::rnorm(n),
    check_type = check_numbers, check_values = check_varies
  )
)
