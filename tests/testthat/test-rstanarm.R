# One script on a fit of rstanarm's and on one of relm's: the same shapes. What differs is
# told at the end.

suppressWarnings(skip_if_not_installed("rstanarm"))
skip_if_not_installed("lme4")
skip_on_cran()

sleepstudy <- lme4::sleepstudy
formula <- Reaction ~ Days + (1 + Days | Subject)
new <- data.frame(Days = c(2, 12), Subject = c("308", "335"))
unseen <- data.frame(Days = c(2, 12, 4), Subject = c("308", "new", "new"))

theirs <- suppressWarnings(rstanarm::stan_lmer(formula, sleepstudy, chains = 1, iter = 200,
                                               seed = 1, refresh = 0))
ours <- relm(formula, sleepstudy, chains = 1, draws = 100, warmup = 100, seed = 1)

# What a value is but for its numbers.
shape <- function(x) {
  if (is.data.frame(x)) return(list(dim = dim(x), names = names(x), rows = row.names(x)))
  if (is.list(x)) return(lapply(unclass(x), shape)[order(names(x))])
  list(type = if (is.numeric(x)) "numeric" else typeof(x), dim = if (is.null(dim(x))) length(x) else dim(x),
       names = if (is.null(dim(x))) names(x) else dimnames(x))
}

expect_same_shape <- function(run) {
  # Few draws make rstanarm and loo warn.
  theirs <- suppressWarnings(run(theirs))
  ours <- suppressWarnings(run(ours))
  expect_identical(shape(ours), shape(theirs), label = deparse1(body(run)))
}
