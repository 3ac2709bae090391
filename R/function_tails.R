# Which functions of parameters have a mean and a variance.

# The order below which moments exist of a function whose parameters' densities fall like t^-tail:
# E|t|^k is finite for k < tail - 1. Inf of what is bounded, 0 where none is known to exist. tails,
# positive: of ._1_, ._2_ and so on; are they standard deviations?
order_of_moments <- function(code, tails, positive) {
  below <- function(part) order_of_moments(part, tails, positive)
  if (is.numeric(code)) return(Inf)
  if (is.name(code)) return(tails[[number_of(code)]] - 1)
  parts <- as.list(code)[-1]
  switch(as.character(code[[1]]),
    "(" = , "abs" = , "+" = , "-" = , "pmin" = , "pmax" = min(vapply(parts, below, 0)),
    # By Hoelder's inequality.
    "*" = 1 / sum(1 / vapply(parts, below, 0)),
    "/" = order_of_ratio(parts[[1]], parts[[2]], below, positive),
    "^" = if (is_positive_number(parts[[2]])) below(parts[[1]]) / parts[[2]] else 0,
    "sqrt" = 2 * below(parts[[1]]),
    "log" = , "log2" = , "log10" = , "log1p" = if (is_nonnegative(parts[[1]], positive)) Inf else 0,
    "plogis" = , "pnorm" = , "tanh" = , "sin" = , "cos" = Inf,
    0
  )
}

number_of <- function(name) as.integer(gsub("[._]", "", as.character(name)))

is_positive_number <- function(code) is.numeric(code) && code > 0

# A ratio is bounded where it is a share: of summands, none of them negative, some over all. Others
# may be without a mean, as where the denominator has a density at zero.
order_of_ratio <- function(numerator, denominator, below, positive) {
  if (is.numeric(denominator)) return(below(numerator))
  some <- vapply(summands(numerator), deparse1, "")
  all <- vapply(summands(denominator), deparse1, "")
  shares <- is_nonnegative(denominator, positive) && all(some %in% all)
  if (shares) Inf else 0
}

summands <- function(code) {
  if (is.call(code) && identical(code[[1]], quote(`(`))) return(summands(code[[2]]))
  sum <- is.call(code) && identical(code[[1]], quote(`+`)) && length(code) == 3
  if (sum) c(summands(code[[2]]), summands(code[[3]])) else list(code)
}

# Is it told by its form? positive: of the parameters.
is_nonnegative <- function(code, positive) {
  if (is.numeric(code)) return(code >= 0)
  if (is.name(code)) return(positive[[number_of(code)]])
  parts <- as.list(code)[-1]
  switch(as.character(code[[1]]),
    "(" = , "+" = , "*" = , "/" = , "sqrt" = all(vapply(parts, is_nonnegative, NA, positive)),
    "abs" = , "exp" = , "plogis" = , "pnorm" = TRUE,
    "^" = (is.numeric(parts[[2]]) && parts[[2]] %% 2 == 0) || is_nonnegative(parts[[1]], positive),
    FALSE
  )
}
