# Fits whose draws are not those of one posterior given one data set.

# Are the draws of the prior? Of a fit or its posterior.
is_prior_only <- function(x) {
  if (inherits(x, "relm")) x <- x$posterior
  isTRUE(x$prior_only)
}

# Are they of several data sets?
is_of_several <- function(fit) inherits(fit, "relm_multiple")

# what: a function that asks how well the model foretells the data that it was fitted to.
check_learnt <- function(fit, what) {
  if (is_of_several(fit)) refuse_several_data(fit, paste0(what, "()"))
  if (!is_prior_only(fit)) return(invisible())
  abort("{.fn {what}} asks what the model makes of data that it has learnt from, and this fit has
         learnt from none: its draws are of the prior.",
        i = "Give it a fit by {.code update(fit, prior_only = FALSE)}.")
}

refuse_several_data <- function(fit, what) {
  abort("{.code {what}} needs one data set, and this fit pools those of {length(fit$fits)}
         imputations.",
        i = "Ask one of them, as {.code fit$fits[[1]]}.")
}
