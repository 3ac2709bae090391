skip_if_not_installed("ggplot2")
data <- grouped_data()
prior <- relm_prior(beta = list(x = normal(0, 2)), sd = half_normal(2))
fit <- relm(y ~ x + (1 | g), data, chains = 2, draws = 300, seed = 1, prior = prior)

area <- function(line) sum(diff(line$x) * (head(line$y, -1) + tail(line$y, -1)) / 2)

test_that("there is a panel for each hypothesis, with the density of its difference", {
  plot <- plot(hypothesis(fit, c("x > 0.5", "Intercept < 0"), seed = 1))
  lines <- layers(plot, "GeomLine")[[1]]
  expect_identical(levels(lines$title), c("(x)-(0.5) > 0", "(Intercept) < 0"))
  for (one in split(lines, lines$title)) expect_equal(area(one), 1, tolerance = 0.02)
  first <- lines[lines$title == "(x)-(0.5) > 0", ]
  draws <- as.matrix(fit, "b_x")[, 1] - 0.5
  exact <- density(draws, bw = "nrd0", n = 4096)
  expect_equal(first$y, approx(exact$x, exact$y, first$x, rule = 2)$y, tolerance = 0.01)
})

test_that("priors are shown where they were drawn from, and left out on request", {
  found <- hypothesis(fit, c("x = 0.9", "sd_g__Intercept = 1", "x > 0"), seed = 1)
  of <- function(plot) table(layers(plot, "GeomLine")[[1]]$title, layers(plot, "GeomLine")[[1]]$colour)
  shown <- of(plot(found))
  expect_identical(unname(rowSums(shown > 0)), c(2, 2, 1))
  expect_identical(unname(rowSums(of(plot(found, ignore_prior = TRUE)) > 0)), c(1, 1, 1))
  line <- layers(plot(found), "GeomLine")[[1]]
  half <- line[line$title == "(sd_g__Intercept)-(1) = 0" & line$colour == "#0072B2", ]
  # Of half-normal(2) draws less 1, also at the edge, where the density is highest.
  expect_equal(half$y, 2 * dnorm(half$x + 1, 0, 2), tolerance = 0.03)
})

test_that("of many groups some are shown, and arguments that are none are refused", {
  expect_message(plot(hypothesis(fit, paste0("x > ", 1:40 / 40))), "shows 36 of 40")
  found <- hypothesis(fit, "Intercept > 0", scope = "ranef")
  expect_identical(levels(layers(plot(found), "GeomLine")[[1]]$title)[1:2],
                   c("g1: (Intercept) > 0", "g2: (Intercept) > 0"))
  expect_error(plot(found, ignor_prior = TRUE), "Did you mean `ignore_prior`", class = "relm_error")
  expect_error(plot(found, 3), "takes no `y`", class = "relm_error")
  expect_error(plot(found, ignore_prior = NA), "ignore_prior.*TRUE or FALSE", class = "relm_error")
})
