# Priors whose names other packages use too.
#
# rstanarm has normal(), exponential() and lkj(), brms a family exponential(). Of those that are
# attached, the last masks the others. So relm's functions hand calls that are written for the
# masked one to it; what they make is a prior for rstanarm as well; relm_prior()
# knows its own before all others, and takes rstanarm's where relm has the same.

# The function that a name of relm's would stand for if relm were not attached, or NULL.
masked_function <- function(name) {
  path <- search()
  place <- match("package:relm", path)
  if (is.na(place)) return(NULL)
  for (entry in path[-seq_len(place)]) {
    found <- get0(name, as.environment(entry), mode = "function", inherits = FALSE)
    if (!is.null(found)) return(found)
  }
}

# Gives the call of relm's constructor, which calls this, to the one that it masks. NULL where
# there is none.
call_masked <- function(name) {
  masked <- masked_function(name)
  if (is.null(masked)) return(NULL)
  call <- sys.call(sys.parent())
  call[[1]] <- masked
  eval(call, parent.frame(2))
}

# A distribution with the elements by which rstanarm knows it.
with_rstanarm <- function(distribution, ...) {
  structure(c(unclass(distribution), list(dist = distribution$name, ...)),
            class = class(distribution))
}

# A prior of rstanarm's as relm's; anything else as it is.
from_rstanarm <- function(x, name) {
  theirs <- is.list(x) && !inherits(x, "relm_distribution") && is.character(x$dist)
  if (!theirs) return(x)
  if (isTRUE(x$autoscale) && x$dist != "lkj") {
    abort("The prior of {.arg {name}} is one of rstanarm that scales itself by the data.",
          i = "Give {.code relm::{x$dist}()} the scale that it should have.")
  }
  switch(x$dist,
    normal = normal(x$location, if (is.null(x$scale)) 2.5 else x$scale),
    exponential = exponential(1 / x$scale),
    lkj = lkj(x$regularization),
    abort("The prior of {.arg {name}} is rstanarm's {.val {x$dist}}, which relm has not.",
          i = "See {.help relm_prior} for those that it has.")
  )
}

# Evaluates an argument of relm_prior() with relm's own constructors, whatever masks them.
evaluate_prior <- function(quosure) {
  rlang::eval_tidy(quosure, list(normal = normal, exponential = exponential, lkj = lkj))
}
