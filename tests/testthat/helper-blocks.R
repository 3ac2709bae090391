# Evaluates code while predictions are made in blocks of so many doubles.
with_block_doubles <- function(size, code) {
  before <- relm:::block_doubles
  on.exit(utils::assignInNamespace("block_doubles", before, "relm"))
  utils::assignInNamespace("block_doubles", size, "relm")
  force(code)
}
