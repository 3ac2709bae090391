# Sums in formulas, which may have hundreds of terms.

# A sum of many terms is as deep a call on its left side: a function that called itself there
# would use up the stack. Its terms from left to right, and their sum.
summands_of <- function(expression) {
  summands <- list()
  while (is_sum(expression)) {
    summands[[length(summands) + 1]] <- expression[[3]]
    expression <- expression[[2]]
  }
  c(list(expression), rev(summands))
}

is_sum <- function(expression) {
  is.call(expression) && length(expression) == 3 && identical(expression[[1]], quote(`+`))
}

sum_up <- function(summands) Reduce(function(left, right) call("+", left, right), summands)
