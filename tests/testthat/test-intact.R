# Objects that were edited are refused, or give an answer; R goes on in any case.

skip_on_cran()

data <- grouped_data(9)
formula <- y ~ x + v + (1 + x | g) + (0 + v | g)
model <- crossprods(formula, data, sigma = ~ f, weights = w, by_group = TRUE)
fit <- relm(formula, data, sigma = ~ f, weights = w, chains = 1, draws = 3, warmup = 3, seed = 1)

# An element too short, of another type, with a value missing and one out of range, without dim.
edits_of <- function(x) {
  n <- length(x)
  others <- list(NULL, x[0], "a", x[-n])
  if (!is.numeric(x) || n == 0) return(others)
  other_type <- x
  storage.mode(other_type) <- if (is.integer(x)) "double" else "character"
  last <- if (is.null(dim(x))) x else array(x, dim(x)[length(dim(x)):1])
  far <- lapply(list(NA, 1000000L, -7L), function(value) {
    x[n] <- value
    x
  })
  c(others, list(other_type, last, as.vector(x)), far)
}

# All edits that change something of each element, and of each element of an element that is a list.
edited <- function(object) {
  put <- function(list, i, value) {
    list[i] <- list(value)
    list
  }
  whole <- lapply(seq_along(object), function(i) {
    value <- object[[i]]
    inner <- if (is.list(value)) lapply(edited(unclass(value)), `attributes<-`, attributes(value))
    lapply(c(edits_of(value), inner), put, list = unclass(object), i = i)
  })
  whole <- Filter(function(edit) !identical(edit, unclass(object)), unlist(whole, recursive = FALSE))
  lapply(whole, `class<-`, class(object))
}

# How code ended: "answer", or the class of its error.
ends_of <- function(objects, code) {
  vapply(objects, function(object) {
    tryCatch({
      suppressWarnings(suppressMessages(code(object)))
      "answer"
    }, error = function(e) class(e)[1])
  }, "")
}

test_that("cross-products that were edited are refused", {
  parts <- list("shift", c("strata", "factor"), c("strata", "rows"), c("cells", "rows"),
                c("cells", "factor"), c("cells", "rest"), c("cells", "stratum"),
                c("cells", "group"), c("cells", "log_weights"), "cells", "strata", "groupings")
  need_not_be <- list(c("cells", "rest"), c("cells", "log_weights"))
  short <- function(k) relm(k, chains = 1, draws = 3, warmup = 3, seed = 1)
  for (part in parts) {
    whole <- model[[part]]
    name <- paste(part, collapse = "$")
    for (edit in edits_of(whole)) {
      # Cross-products might have these numbers, and cells no rest.
      if (is.null(edit) && list(part) %in% need_not_be) next
      if (identical(edit, whole[-length(whole)]) && identical(part, "cells")) next
      if (is.double(edit) && identical(dim(edit), dim(whole)) &&
          length(edit) == length(whole) && !anyNA(edit)) next
      k <- unclass(model)
      if (length(part) == 1) k[part] <- list(edit) else k[[part[1]]][part[2]] <- list(edit)
      if (identical(k, unclass(model))) next
      class(k) <- class(model)
      expect_error(short(k), "changed since they were made", class = "relm_error", label = name)
      expect_error(k + model, "changed since they were made", class = "relm_error", label = name)
      expect_error(model + k, "changed since they were made", class = "relm_error", label = name)
    }
  }
  k <- model
  k$cells$factor <- k$cells$factor[, , 1:3]
  expect_error(short(k), "`cells\\$factor` is .* of size 3 x 7 x 3 and must", class = "relm_error")
})

test_that("no edit of a model, of a tuning or of a start crashes what C makes of it", {
  posterior <- fit$posterior
  arrays <- model_of(posterior)
  q <- grouping_in(arrays)$n_random
  hyper <- hyper_of(fit)
  start <- list(theta = numeric(arrays$n_coef), Sigma = list(diag(q)), sigma2 = rep(1, arrays$n_strata))
  run <- function(model, sampler, start) chain_of(model, sampler, start, 2L, 2L)
  models <- edited(arrays)
  codes <- list(
    function(model) em_of(model, start$Sigma[[1]], start$sigma2),
    function(model) effect_moments_of(model, list(hyper)),
    function(model) deferred_effects(model, hyper, 1L, 0:3),
    function(model) run(model, "interweaved", start)
  )
  set.seed(12)
  for (code in codes) {
    ends <- ends_of(models, code)
    # Most edits are found out; reading on would have crashed, or answered.
    expect_gt(mean(ends != "answer"), 0.5)
    expect_identical(ends_of(list(arrays), code), "answer")
  }
  tuning <- whole_tuning_of(arrays, posterior)
  tuned <- tuned_model(arrays, tuning)
  start$point <- list(tuning$center)
  expect_identical(ends_of(list(start), function(start) run(tuned, "collapsed", start)), "answer")
  expect_gt(mean(ends_of(edited(start), function(start) run(tuned, "collapsed", start)) != "answer"),
            0.5)
  ends <- ends_of(edited(tuning), function(tuning) {
    tuned$steps[[1]]$tuning <- tuning
    run(tuned, "collapsed", start)
  })
  expect_gt(mean(ends != "answer"), 0.4)
})

test_that("no edit of a common line crashes what C makes of it; no common line has groups", {
  common <- relm(y ~ x, data, chains = 1, draws = 3, warmup = 3, seed = 1)
  arrays <- model_of(common$posterior)
  start <- list(theta = numeric(arrays$n_coef), Sigma = list(), sigma2 = 1)
  run <- function(model) chain_of(model, "common_line", start, 2L, 2L)
  set.seed(13)
  expect_identical(ends_of(list(arrays), run), "answer")
  expect_gt(mean(ends_of(edited(arrays), run) != "answer"), 0.5)
  start <- list(theta = numeric(3), Sigma = list(diag(3)), sigma2 = rep(1, 3))
  expect_error(run(model_of(fit$posterior)), "a common line has no groups")
})

test_that("no edit of a fit's draws crashes what asks for them", {
  samplings <- edited(fit$sampling[c("hyper", "effects", "kept", "seeds", "ends", "draws")])
  with_sampling <- function(code) function(sampling) {
    fit$sampling[names(sampling)] <- sampling
    code(fit)
  }
  codes <- list(
    function(fit) extend(fit, 2), function(fit) predict(fit, seed = 1), log_lik,
    function(fit) log_lik(fit, by = "group"), function(other) c(fit, other),
    function(fit) relm(formula, data, sigma = ~ f, weights = w, chains = 1, draws = 2, warmup = 2,
                       seed = 1, init = fit)
  )
  for (code in lapply(codes, with_sampling)) {
    expect_true(any(ends_of(samplings, code) != "answer"))
  }
})
