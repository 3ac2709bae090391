# Functions as rstanarm and brms have them.
rstanarm_priors <- list(
  normal = function(location = 0, scale = NULL, autoscale = FALSE) {
    list(dist = "normal", df = NA, location = location, scale = scale, autoscale = autoscale)
  },
  exponential = function(rate = 1, autoscale = FALSE) {
    list(dist = "exponential", df = NA, location = NA, scale = 1 / rate, autoscale = autoscale)
  },
  lkj = function(regularization = 1, scale = 10, df = 1, autoscale = TRUE) {
    list(dist = "lkj", regularization = regularization, scale = scale, df = df,
         autoscale = autoscale)
  }
)
brms_family <- list(exponential = function(link = "log") list(family = "exponential", link = link))

# The value of an expression where relm masks these functions.
where_masked <- function(functions, expression) {
  attach(functions, pos = match("package:relm", search()) + 1, name = "masked_by_relm",
         warn.conflicts = FALSE)
  on.exit(detach("masked_by_relm", character.only = TRUE))
  expression
}

test_that("relm's priors are rstanarm's too, with rstanarm's own defaults beside", {
  parts <- c("dist", "df", "location", "scale", "autoscale")
  expect_identical(unclass(normal(3, 2))[parts], rstanarm_priors$normal(3, 2))
  expect_identical(unclass(normal())[parts], rstanarm_priors$normal())
  expect_identical(unclass(exponential(4))[parts], rstanarm_priors$exponential(4))
  parts <- c("dist", "regularization", "scale", "df", "autoscale")
  expect_identical(unclass(lkj(2))[parts], rstanarm_priors$lkj(2))
})

test_that("a call that is written for the masked function reaches it", {
  theirs <- rstanarm_priors
  where_masked(theirs, {
    # relm has this one too, with what rstanarm looks for.
    parts <- c("dist", "df", "location", "scale", "autoscale")
    expect_identical(unclass(normal(0, 2.5, autoscale = TRUE))[parts], theirs$normal(0, 2.5, TRUE))
    expect_identical(normal(scale = 3), theirs$normal(0, 3))
    expect_identical(normal(c(0, 1), c(2, 3)), theirs$normal(c(0, 1), c(2, 3)))
    expect_identical(exponential(), theirs$exponential())
    expect_identical(lkj(regularization = 2, scale = 5), theirs$lkj(2, 5))
    expect_s3_class(normal(0, 2), "relm_distribution")
    expect_s3_class(exponential(2), "relm_distribution")
    expect_s3_class(lkj(), "relm_distribution")
  })
  where_masked(brms_family, {
    expect_identical(exponential(), list(family = "exponential", link = "log"))
    expect_identical(exponential("identity")$link, "identity")
    expect_identical(exponential(link = "identity")$link, "identity")
    expect_s3_class(exponential(2), "relm_distribution")
  })
})

test_that("where nothing is masked, what is not an argument is refused", {
  expect_error(normal(0, 1, rescale = TRUE), "`rescale`", class = "relm_error")
  expect_error(exponential(1, 2), "without a name", class = "relm_error")
  expect_error(lkj(regularization = 2), "`regularization`", class = "relm_error")
  expect_error(normal(c(0, 1), 1), "`mean`", class = "relm_error")
})

test_that("relm_prior() knows its own priors before those that mask them", {
  normal <- rstanarm_priors$normal
  exponential <- brms_family$exponential
  rate <- 2
  prior <- relm_prior(beta = list(x = normal(1, 2)), sd = exponential(rate))
  expect_identical(prior$beta$x, relm::normal(1, 2))
  expect_identical(prior$sd, relm::exponential(2))
})

test_that("relm_prior() takes rstanarm's priors where it has the same", {
  theirs <- rstanarm_priors
  prior <- relm_prior(beta = list(x = theirs$normal(1, 2), z = theirs$normal(1)),
                      sd = theirs$exponential(4), cor = theirs$lkj(2))
  expect_identical(prior$beta, list(x = normal(1, 2), z = normal(1, 2.5)))
  expect_identical(prior$sd, exponential(4))
  expect_identical(prior$cor, lkj(2))
  expect_error(relm_prior(beta = theirs$normal(0, 1, TRUE)), "scales itself", class = "relm_error")
  expect_error(relm_prior(sd = list(dist = "hs")), "hs", class = "relm_error")
})
