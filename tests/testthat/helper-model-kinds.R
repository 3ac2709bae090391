# Scenes, as helper-several-methods.R has them, of models with structured covariances and with residual
# variances that are known, and what their rows have in place of those of the other models.

# repeated: hyperparameters that a summary leaves out, as they are functions of others.
structured_scenes <- list(
  cs = list(formula = y ~ x + cs(1 + x + w | a), repeated = "^cor_a__(Intercept__w|x__w)"),
  ar1 = list(formula = y ~ x + (1 | a) + ar1(1 + x + w | a:b),
             repeated = "^sd_a:b__(x|w)|^cor_a:b__(Intercept__w|x__w)"),
  diag = list(formula = y ~ x + (1 | a) + diag(1 + x + w | c, hom = TRUE), repeated = "^sd_c__(x|w)")
)

structured_scene <- function(kind) {
  case <- structured_scenes[[kind]]
  scene <- scene_of(case$formula)
  scene$summarized <- grep(case$repeated, scene$hyper, value = TRUE, invert = TRUE)
  scene
}

# Standard errors of the rows that are known; one of them is 1, with which a row's noise is a standard
# normal variate.
known_data <- function() {
  data <- several_data(120)
  data$se <- exp(seq(-1, 0.2, length.out = nrow(data)))
  data$se[3] <- 1
  data
}

known_scenes <- list(fixed = y ~ x + (1 + x | a), known = y ~ x + (1 | a) + (1 + x | a:b))

# With sigma = known(se) rows have a variance each, whatever its weight was; with fixed() all have one.
known_scene <- function(kind) {
  if (kind == "fixed") {
    scene <- scene_of(known_scenes$fixed, prior = relm_prior(sigma = fixed(0.6)))
    scene$known <- "sd_a__Intercept"
    return(scene)
  }
  scene <- scene_of(known_scenes$known, sigma = ~ known(se), data = known_data())
  scene$known <- "sd_a__Intercept"
  scene$row_weights <- 1 / scene$data$se^2
  scene$predicts_curves <- FALSE
  se_of <- function(rows, w) rep(if (w == 1) rows$se else 1 / sqrt(rep(w, nrow(rows))), each = scene$S)
  scene$lik <- function(rows, take = TRUE, add = 0, w = 1) {
    y <- matrix(rows$y, scene$S, nrow(rows), byrow = TRUE)
    unname(dnorm(y, scene$hand(rows, take) + add, se_of(rows, w), log = TRUE))
  }
  # Residuals in units of sigma, which is 1.
  scene$idle_here <- "residuals scaled"
  # Means are those of all rows, of the first of them, of the new ones, or of these and a stranger.
  scene$sd_of <- function(mu, w = 1) {
    rows <- switch(as.character(ncol(mu)), "3" = scene$new, "4" = rbind(scene$stranger, scene$new),
                   scene$data[seq_len(ncol(mu)), ])
    se_of(rows, w[1]) + 0 * mu
  }
  scene
}
