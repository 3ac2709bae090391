# What other packages give.

# The numbers and names of another package's vector or table, without the classes that it, or a
# package that it uses, gives to them.
plain <- function(x) {
  if (is.data.frame(x)) return(lapply(x, plain))
  if (is.numeric(x)) as.numeric(x) else if (is.factor(x)) as.character(x) else as.vector(x)
}

# The models of loo's comparison, best first: rows of a matrix, in later versions a column.
compared_models <- function(table) {
  if (is.data.frame(table)) plain(table$model) else rownames(table)
}

# Their differences, models x columns.
compared_differences <- function(table) {
  columns <- c("elpd_diff", "se_diff")
  cbind(plain(table[, columns[1]]), plain(table[, columns[2]]))
}
