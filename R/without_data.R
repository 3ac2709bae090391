# Fits whose draws are not of the posterior given the data.

# Are the draws of the prior? Of a fit or its posterior.
is_prior_only <- function(x) {
  if (inherits(x, "relm")) x <- x$posterior
  isTRUE(x$prior_only)
}

# what: a function that asks how well the model foretells the data that it was fitted to.
refuse_prior_only <- function(fit, what) {
  if (!is_prior_only(fit)) return(invisible())
  abort("{.fn {what}} asks what the model makes of data that it has learnt from, and this fit has
         learnt from none: its draws are of the prior.",
        i = "Give it a fit by {.code update(fit, prior_only = FALSE)}.")
}
