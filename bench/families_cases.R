# Cases of bench/families.R. Of each:
#   formula, family   as relm, glmer and rstanarm have them
#   data              makes the data frame
#   draws             of relm, by chain
#   peers             draws of each peer that samples, as many as it makes in a few minutes; those
#                     that are not named do not finish there. 0 is a point estimate

contraception <- function() {
  data <- mlmRev::Contraception
  data$used <- as.integer(data$use == "Y")
  data
}

seizures <- function() {
  data <- MASS::epil
  data$lbase <- log(data$base / 4)
  data$lbase <- data$lbase - mean(data$lbase)
  data$lage <- log(data$age) - mean(log(data$age))
  data
}

# Groups of 20 Bernoulli rows.
bernoulli_groups <- function(n_groups, beta, sd, seed) {
  set.seed(seed)
  g <- rep(seq_len(n_groups), each = 20)
  n <- length(g)
  data <- data.frame(g = factor(g), x1 = rnorm(n), x2 = rbinom(n, 1, 0.4))
  data$x3 <- rnorm(n_groups)[g]
  eta <- beta[1] + beta[2] * data$x1 + beta[3] * data$x2 + beta[4] * data$x3 +
    rnorm(n_groups, 0, sd)[g]
  data$y <- rbinom(n, 1, plogis(eta))
  data
}

bernoulli_case <- function(n_groups, beta, sd, seed, draws, peers) {
  list(formula = y ~ x1 + x2 + x3 + (1 | g), family = binomial(), draws = draws, peers = peers,
       data = function() bernoulli_groups(n_groups, beta, sd, seed))
}

# Every subject with every item; c is of items.
subjects_items <- function(n_subjects, n_items, intercept, sds, seed) {
  set.seed(seed)
  data <- expand.grid(subject = factor(seq_len(n_subjects)), item = factor(seq_len(n_items)))
  data$c <- rep_len(c(-0.5, 0.5), n_items)[data$item]
  eta <- intercept + 0.5 * data$c + rnorm(n_subjects, 0, sds[1])[data$subject] +
    rnorm(n_items, 0, sds[2])[data$item]
  data$y <- rbinom(nrow(data), 1, plogis(eta))
  data
}

first_persons <- function() {
  data <- lme4::VerbAgg
  data <- data[as.integer(data$id) <= 60, ]
  data$id <- droplevels(data$id)
  data$yes <- as.integer(data$r2 == "Y")
  data
}

well_rated <- function() {
  data <- lme4::InstEval
  data$good <- as.integer(data$y >= 4)
  data
}

ticks <- function() {
  data <- lme4::grouseticks
  data$height <- (data$HEIGHT - mean(data$HEIGHT)) / 50
  data
}

counts_of_seizures <- y ~ lbase * trt + lage + V4 + (1 | subject)

cases <- list(
  cbpp = list(
    formula = cbind(incidence, size - incidence) ~ period + (1 | herd), family = binomial(),
    data = function() lme4::cbpp, draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 4000, JAGS = 20000, MCMCglmm = 50000)
  ),
  Contraception = list(
    formula = used ~ age + I(age^2) + urban + livch + (1 + urban | district), family = binomial(),
    data = contraception, draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 1000)
  ),
  epil = list(
    formula = counts_of_seizures, family = poisson(), data = seizures, draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 4000, JAGS = 20000, MCMCglmm = 50000)
  ),
  epil_nb = list(
    formula = counts_of_seizures, family = "negative_binomial", data = seizures,
    draws = c(1000, 10000), peers = c(glmmTMB = 0, rstanarm = 4000)
  ),
  J1000 = bernoulli_case(1000, c(-0.5, 0.5, -0.4, 0.3), 0.8, 1, c(1000, 10000),
                         c(glmer = 0, glmmTMB = 0, JAGS = 1000, MCMCglmm = 5000)),
  few_ones = bernoulli_case(1000, c(-5.2, 0.5, -0.4, 0.3), 1, 2, c(1000, 10000),
                            c(glmer = 0, glmmTMB = 0, JAGS = 1000)),
  items = list(
    formula = y ~ c + (1 | subject) + (1 | item), family = binomial(),
    data = function() subjects_items(60, 30, 0.3, c(1, 0.8), 1), draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 1000, JAGS = 5000, MCMCglmm = 20000)
  ),
  items_slope = list(
    formula = y ~ c + (1 + c | subject) + (1 | item), family = binomial(),
    data = function() subjects_items(60, 30, 0.3, c(1, 0.8), 1), draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 1000)
  ),
  items_rare = list(
    formula = y ~ c + (1 | subject) + (1 | item), family = binomial(),
    data = function() subjects_items(200, 50, -6, c(1, 0.8), 7), draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 500)
  ),
  VerbAgg = list(
    formula = yes ~ Anger + Gender + btype + situ + (1 | id) + (1 | item), family = binomial(),
    data = first_persons, draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 1000, JAGS = 5000, MCMCglmm = 20000)
  ),
  InstEval = list(
    formula = good ~ service + (1 | s) + (1 | d), family = binomial(), data = well_rated,
    draws = c(400, 1000), peers = c(glmer = 0, glmmTMB = 0)
  ),
  grouseticks = list(
    formula = TICKS ~ YEAR + height + (1 | INDEX) + (1 | BROOD) + (1 | LOCATION),
    family = poisson(), data = ticks, draws = c(1000, 10000),
    peers = c(glmer = 0, glmmTMB = 0, rstanarm = 1000, JAGS = 20000)
  ),
  J50000 = bernoulli_case(50000, c(-0.5, 0.5, -0.4, 0.3), 0.8, 3, 350, c(glmer = 0))
)
