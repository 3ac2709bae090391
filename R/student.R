# Student's t residuals: rows whose weights are drawn (src/student.h), and where their chains start.

# A model of t residuals with its rows: X of the columns that stay in the regression, and y, in the
# coordinates of theta. Any other model as it is.
with_student_rows <- function(model, posterior, parameterization) {
  if (!is_student(posterior)) return(model)
  coordinates <- sampler_coordinates(posterior, parameterization)
  responses <- posterior$responses
  X <- responses$X - rep(x_shift(posterior), each = nrow(responses$X))
  y <- responses$y - responses$offset - y_shift(posterior) - as.numeric(X %*% coordinates$offset)
  model$rows <- list(X = X %*% coordinates$A, Z = responses$Z, y = y, trials = responses$trials,
                     offset = numeric(length(y)), group = responses$group - 1L,
                     stratum = responses$stratum - 1L)
  model
}

# Degrees of freedom at the start of a chain, which begins with a draw of them given the rest.
start_df <- 5

# A start, random or from a fit, with its degrees of freedom.
student_start <- function(start, model) {
  if (is.null(model$df_prior)) return(start)
  start$df <- if (model$df_prior$is_fixed == 1) model$df_prior$shape
    else if (is.null(start$hyper)) start_df
    else start$hyper[model$part == "df"]
  start
}
