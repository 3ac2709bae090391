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
