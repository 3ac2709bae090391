# What methods, and their arguments, make of one grouping, of nested and of crossed ones, by hand from the
# draws.

skip_on_cran()

values_of <- function(code, scene) {
  suppressWarnings(suppressMessages(eval(code, scene)))
}

expect_methods <- function(part, formula) {
  scene <- scene_of(formula)
  for (generic in names(several_methods[[part]])) {
    rows <- several_methods[[part]][[generic]]
    for (k in seq_along(rows)) {
      row <- rows[[k]]
      name <- names(rows)[k]
      label <- deparse1(row$call)
      value <- values_of(row$value, scene)
      expect_equal(values_of(row$call, scene), value, ignore_attr = TRUE, label = label)
      if (row$kind == "plain") next
      other <- tryCatch(values_of(without_argument(row$call, name), scene), error = identity)
      expect_false(isTRUE(all.equal(other, value, check.attributes = FALSE)),
                   label = paste(label, "gives the same without", name))
    }
  }
}

test_that("one grouping has what is by hand", {
  skip_if_not_installed("loo")
  for (part in names(several_methods)) expect_methods(part, scenes$one)
})

test_that("nested groupings have what is by hand", {
  skip_if_not_installed("loo")
  for (part in names(several_methods)) expect_methods(part, scenes$nested)
})

test_that("crossed groupings have what is by hand", {
  skip_if_not_installed("loo")
  for (part in names(several_methods)) expect_methods(part, scenes$crossed)
})
