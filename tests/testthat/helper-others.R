# What other packages give.

# The numbers and names of another package's vector or table, without the classes that it, or a
# package that it uses, gives to them.
plain <- function(x) {
  if (is.data.frame(x)) return(lapply(x, plain))
  if (is.numeric(x)) as.numeric(x) else if (is.factor(x)) as.character(x) else as.vector(x)
}
