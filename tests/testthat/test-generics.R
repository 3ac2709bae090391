test_that("fits of other packages go to the package that owns the generic", {
  skip_if_not_installed("lme4")
  skip_if_not_installed("rstantools")
  theirs <- lme4::lmer(Reaction ~ Days + (1 | Subject), lme4::sleepstudy)
  expect_equal(ngrps(theirs), lme4::ngrps(theirs))
  expect_identical(prior_summary(list(prior.info = 3)), 3)
})

test_that("relm's methods answer to the owners' generics", {
  skip_if_not_installed("lme4")
  skip_if_not_installed("rstantools")
  fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 1, draws = 20, seed = 1)
  expect_identical(lme4::ngrps(fit), ngrps(fit))
  expect_identical(rstantools::prior_summary(fit), prior_summary(fit))
})

# Calls relm's generic from where a user would: not from relm's namespace, as tests do. The
# owner's method answers with what it sees.
outside <- function(expression, ...) {
  from <- list2env(list(ngrps = ngrps, ...), parent = globalenv())
  eval(substitute(expression), from)
}

method_of_lme4 <- function(class, method) {
  registerS3method("ngrps", class, method, envir = asNamespace("lme4"))
}

test_that("the owner's method sees the call as it was written", {
  skip_if_not_installed("lme4")
  method_of_lme4("relm_test_a", function(object, ...) substitute(list(object, ...)))
  mine <- structure(list(), class = "relm_test_a")
  expect_identical(outside(ngrps(mine, k = z), mine = mine), quote(list(mine, k = z)))
  seen <- outside(lapply(list(mine), ngrps), mine = mine)[[1]]
  expect_identical(as.character(seen[[2]]), "X[[i]]")
})

test_that("what is passed on is evaluated once", {
  skip_if_not_installed("lme4")
  method_of_lme4("relm_test_b", function(object, ...) list(...))
  count <- 0
  make <- function() {
    count <<- count + 1
    structure(list(), class = "relm_test_b")
  }
  wrapped <- function(...) ngrps(make(), ...)
  environment(wrapped) <- list2env(list(ngrps = ngrps, make = make), parent = globalenv())
  expect_identical(wrapped(a = 1, 2), list(a = 1, 2))
  expect_identical(count, 1)
})

test_that("of several owners the one that has a method is asked", {
  skip_if_not_installed("lme4")
  suppressWarnings(skip_if_not_installed("brms"))
  fit <- suppressWarnings(brms::brm(Reaction ~ Days + (1 | Subject), lme4::sleepstudy,
                                    empty = TRUE))
  expect_identical(owning_package(c("lme4", "brms"), "ngrps", fit), "brms")
  expect_equal(unlist(outside(ngrps(fit), fit = fit)), c(Subject = 18))
})
