# Cases of bench/crossed.R. Of each:
#   formula  as relm, lmer and brms have it
#   y, x     the response, and the fixed columns beside the intercept
#   terms    by grouping: the columns that vary beside the intercept, and are they correlated?
#   data     makes the data frame
#   draws    of relm, by chain
#   peers    draws of each peer, as many as it makes in a few minutes; those that are not named do
#            not finish there. 0 is a point estimate

term <- function(x = character(), correlated = length(x) > 0) list(x = x, correlated = correlated)

subjects_and_items <- function() {
  set.seed(2)
  data <- expand.grid(subj = 1:40, item = 1:24)
  data$c <- ifelse((data$subj + data$item) %% 2 == 0, 0.5, -0.5)
  s <- MASS::mvrnorm(40, c(0, 0), matrix(c(0.30, 0.09, 0.09, 0.15), 2))
  i <- MASS::mvrnorm(24, c(0, 0), matrix(c(0.15, 0.03, 0.03, 0.09), 2))
  data$y <- 1 + 0.5 * data$c + s[data$subj, 1] + s[data$subj, 2] * data$c + i[data$item, 1] +
    i[data$item, 2] * data$c + rnorm(960, sd = 0.8)
  data
}

classes_in_schools <- function() {
  set.seed(1)
  n <- 1e6
  class <- sample(40000, n, TRUE)
  school <- class %% 1000
  district <- school %% 20
  x <- rnorm(n)
  data <- data.frame(class, school, district, x)
  data$y <- 1 + 0.5 * x + rnorm(40000)[class] * 0.5 + rnorm(1000)[school + 1] * 0.4 +
    rnorm(20)[district + 1] * 0.3 + rnorm(n)
  data
}

crossed_at_random <- function() {
  set.seed(1)
  n <- 1e5
  data <- data.frame(g1 = sample(1000, n, TRUE), g2 = sample(1000, n, TRUE), x = rnorm(n))
  data$y <- data$x + rnorm(1000)[data$g1] * 0.5 + rnorm(1000)[data$g2] * 0.7 + rnorm(n)
  data
}

# Five rows of each of 2,000 workers, a share of whom is with another firm after two.
workers_in_firms <- function(share) {
  set.seed(1)
  worker <- rep(1:2000, each = 5)
  firm <- sample(200, 2000, TRUE)[worker]
  moved <- worker %in% sample(2000, round(2000 * share)) & rep(1:5, 2000) > 2
  away <- sample(200, 2000, TRUE)
  firm[moved] <- away[worker[moved]]
  data <- data.frame(worker, firm, x = rnorm(10000))
  data$y <- 1 + data$x / 2 + rnorm(2000)[worker] * 0.5 + rnorm(200)[firm] * 0.4 + rnorm(10000)
  data
}

firms <- function(share, peers) {
  list(formula = y ~ x + (1 | worker) + (1 | firm), y = "y", x = "x",
       terms = list(worker = term(), firm = term()), data = function() workers_in_firms(share),
       draws = c(1000, 10000), peers = c(lmer = 0, peers))
}

cases <- list(
  maximal = list(
    formula = y ~ c + (1 + c | subj) + (1 + c | item), y = "y", x = "c",
    terms = list(subj = term("c"), item = term("c")), data = subjects_and_items,
    draws = c(1000, 10000),
    peers = c(lmer = 0, MCMCglmm = 20000, mcmcsae = 10000, rstanarm = 1000, brms = 1000)
  ),
  Penicillin = list(
    formula = diameter ~ 1 + (1 | plate) + (1 | sample), y = "diameter", x = character(),
    terms = list(plate = term(), sample = term()), data = function() lme4::Penicillin,
    draws = c(1000, 10000),
    peers = c(lmer = 0, MCMCglmm = 100000, mcmcsae = 20000, JAGS = 200000, "JAGS scaled" = 100000,
              rstanarm = 2000, brms = 2000)
  ),
  pupils = list(
    formula = MathAch ~ SES + (1 | School / Minority), y = "MathAch", x = "SES",
    terms = list(School = term(), "School:Minority" = term()),
    data = function() as.data.frame(nlme::MathAchieve), draws = c(1000, 10000),
    peers = c(lmer = 0, MCMCglmm = 2000, mcmcsae = 2000, brms = 300)
  ),
  InstEval = list(
    formula = y ~ service + (1 | s) + (1 | d) + (1 | dept), y = "y", x = "service",
    terms = list(s = term(), d = term(), dept = term()), data = function() lme4::InstEval,
    draws = c(1000, 10000), peers = c(lmer = 0, MCMCglmm = 500, mcmcsae = 500)
  ),
  nested = list(
    formula = y ~ x + (1 | district) + (1 | school) + (1 | class), y = "y", x = "x",
    terms = list(district = term(), school = term(), class = term()), data = classes_in_schools,
    draws = c(1000, 10000), peers = c(lmer = 0, MCMCglmm = 60, mcmcsae = 150)
  ),
  random = list(
    formula = y ~ x + (1 | g1) + (1 | g2), y = "y", x = "x", terms = list(g1 = term(), g2 = term()),
    data = crossed_at_random, draws = c(1000, 10000),
    peers = c(lmer = 0, MCMCglmm = 60, mcmcsae = 150)
  ),
  slopes = list(
    formula = y ~ x + (1 + x || g1) + (1 | g2), y = "y", x = "x",
    terms = list(g1 = term("x", correlated = FALSE), g2 = term()), data = crossed_at_random,
    draws = c(1000, 10000), peers = c(lmer = 0, MCMCglmm = 60, mcmcsae = 100)
  ),
  firms0 = firms(0, c(mcmcsae = 2000)), firms2 = firms(0.02, c(mcmcsae = 2000)),
  firms10 = firms(0.1, c(mcmcsae = 2000))
)
