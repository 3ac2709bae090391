# A residual standard deviation that is known, fixed(value): what a model makes of that.

# Of a prior of sigma as encode_scale() has it.
is_fixed_sigma <- function(encoded) {
  !is.null(encoded) && encoded[["kind"]] == scale_kinds[["fixed"]]
}

has_fixed_sigma <- function(posterior) is_fixed_sigma(posterior$sigma)

# Which parts of the hyperparameters are drawn.
is_drawn_part <- function(part, posterior) {
  !(part == "sigma" & has_fixed_sigma(posterior)) & !(part == "df" & has_fixed_df(posterior))
}

# Are degrees of freedom of t residuals known?
has_fixed_df <- function(posterior) isTRUE(posterior$df[["is_fixed"]] == 1)

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
