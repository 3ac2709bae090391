# Cases of bench/families.R. Of each:
#   formula, family   as relm, glmer and rstanarm have them
#   data              makes the data frame
#   draws             of relm, by chain
#   peers             draws of each peer that samples, as many as it makes in a few minutes; those that are
#                     not named do not finish there. 0 is a point estimate

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
  eta <- beta[1] + beta[2] * data$x1 + beta[3] * data$x2 + beta[4] * data$x3 + rnorm(n_groups, 0, sd)[g]
  data$y <- rbinom(n, 1, plogis(eta))
  data
}

bernoulli_case <- function(n_groups, beta, sd, seed, draws, peers) {
  list(formula = y ~ x1 + x2 + x3 + (1 | g), family = binomial(), draws = draws, peers = peers,
       data = function() bernoulli_groups(n_groups, beta, sd, seed))
}

counts_of_seizures <- y ~ lbase * trt + lage + V4 + (1 | subject)

cases <- list(
  cbpp = list(formula = cbind(incidence, size - incidence) ~ period + (1 | herd), family = binomial(),
              data = function() lme4::cbpp, draws = c(1000, 10000),
              peers = c(glmer = 0, glmmTMB = 0, rstanarm = 4000, JAGS = 20000)),
  Contraception = list(formula = used ~ age + I(age^2) + urban + livch + (1 + urban | district),
                       family = binomial(), data = contraception, draws = c(1000, 10000),
                       peers = c(glmer = 0, glmmTMB = 0, rstanarm = 1000)),
  epil = list(formula = counts_of_seizures, family = poisson(), data = seizures,
              draws = c(1000, 10000),
              peers = c(glmer = 0, glmmTMB = 0, rstanarm = 4000, JAGS = 20000)),
  epil_nb = list(formula = counts_of_seizures, family = "negative_binomial", data = seizures,
                 draws = c(1000, 10000), peers = c(glmmTMB = 0, rstanarm = 4000)),
  J1000 = bernoulli_case(1000, c(-0.5, 0.5, -0.4, 0.3), 0.8, 1, c(1000, 10000),
                         c(glmer = 0, glmmTMB = 0, JAGS = 1000)),
  few_ones = bernoulli_case(1000, c(-5.2, 0.5, -0.4, 0.3), 1, 2, c(1000, 10000),
                            c(glmer = 0, glmmTMB = 0, JAGS = 1000)),
  J50000 = bernoulli_case(50000, c(-0.5, 0.5, -0.4, 0.3), 0.8, 3, 350, c(glmer = 0))
)
