# Estimates with known standard errors: published ones, and their exact posterior by a grid.

# Effects of coaching in eight schools and their standard errors: Rubin, D. B. (1981), Estimation in
# parallel randomized experiments, Journal of Educational Statistics 6, 377-401, table 1.
eight_schools <- function() {
  data.frame(school = LETTERS[1:8], y = c(28, 8, -3, 7, -1, 1, 18, 12),
             se = c(15, 10, 16, 11, 9, 11, 10, 18))
}

# The same estimates to two decimals, and standard errors to one: Gelman, A., Carlin, J. B., Stern, H. S.
# and Rubin, D. B. (1997), Bayesian Data Analysis, section 5.5.
eight_schools_in_decimals <- function() {
  data.frame(school = LETTERS[1:8], y = c(28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16),
             se = c(14.9, 10.2, 16.3, 11, 9.4, 11.4, 10.4, 17.6))
}

# Acute rejections and numbers of children after liver transplantation, with interleukin-2 receptor
# antagonists and without, of 6 studies: Crins, N. D. and others (2014), Interleukin-2 receptor
# antagonists for pediatric liver transplant recipients, Pediatric Transplantation 18, 839-850, as in
# table 3 of Roever (2020). y: log odds ratio; a half is added to the numbers of a study with none.
transplant_studies <- function() {
  counts <- rbind(c(14, 61, 15, 20), c(16, 28, 19, 28), c(3, 18, 8, 12), c(9, 54, 29, 54),
                  c(4, 36, 11, 36), c(0, 50, 3, 34))
  cells <- cbind(counts[, 1], counts[, 2] - counts[, 1], counts[, 3], counts[, 4] - counts[, 3])
  cells <- cells + 0.5 * (apply(cells, 1, min) == 0)
  data.frame(study = letters[1:6], y = drop(log(cells) %*% c(1, -1, -1, 1)),
             se = sqrt(rowSums(1 / cells)))
}

# Cases of tuberculosis and people without among vaccinated and others, and the latitude, of 13
# trials: Colditz, G. A. and others (1994), Efficacy of BCG vaccine in the prevention of
# tuberculosis, Journal of the American Medical Association 271, 698-702. y: log risk ratio.
bcg_trials <- function() {
  cases <- c(4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27)
  well <- c(119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886)
  other_cases <- c(11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29)
  other_well <- c(128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825)
  data.frame(trial = sprintf("t%02d", 1:13),
             latitude = c(44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33),
             y = log(cases / (cases + well)) - log(other_cases / (other_cases + other_well)),
             se = sqrt(1 / cases - 1 / (cases + well) + 1 / other_cases -
                         1 / (other_cases + other_well)))
}

# Deaths and numbers of preterm infants with antenatal corticosteroids and without, of 7 trials:
# Crowley, P., Chalmers, I. and Keirse, M. (1990), The effects of corticosteroid administration before
# preterm delivery, British Journal of Obstetrics and Gynaecology 97, 11-25. y: log odds ratio.
corticosteroid_trials <- function() {
  deaths <- c(36, 1, 4, 14, 3, 1, 8)
  n <- c(532, 69, 81, 131, 67, 71, 56)
  other_deaths <- c(60, 5, 11, 20, 7, 7, 10)
  other_n <- c(538, 61, 63, 137, 59, 75, 71)
  data.frame(trial = letters[1:7],
             y = log(deaths / (n - deaths)) - log(other_deaths / (other_n - other_deaths)),
             se = sqrt(1 / deaths + 1 / (n - deaths) + 1 / other_deaths +
                         1 / (other_n - other_deaths)))
}

# Effects within studies, some of which share a laboratory.
nested_effects_data <- function() {
  set.seed(31)
  study <- rep(sprintf("s%02d", 1:9), c(2, 3, 1, 4, 2, 3, 2, 4, 3))
  n <- length(study)
  data <- data.frame(study, effect = sprintf("e%02d", seq_len(n)), x = rnorm(n),
                     lab = rep_len(c("u", "v", "w", "z", "k"), n), se = runif(n, 0.2, 0.6))
  data$y <- 0.3 + 0.5 * data$x + rnorm(9, 0, 0.5)[factor(study)] + rnorm(n, 0, 0.3) +
    rnorm(n, 0, data$se)
  data
}

# The posterior of y ~ N(X beta + sum_g Z_g gamma_g, diag(se^2)), gamma_g ~ N(0, tau_g^2 I), beta flat,
# under log_prior(tau): midpoints of tau_g = unit_g t / (1 - t) on a grid of t in (0, 1). Given tau
# (Gelman, A. and others (2013), Bayesian Data Analysis, 3rd ed., eq. 5.20 and 5.21) the coefficients and
# effects are normal. Rows of summaries, named as the draws are: the taus by names(Z), coefficients
# and effects by their columns. beside: a matrix of more sums of these.
exact_meta <- function(y, X, se, Z, log_prior = function(tau) 0, nodes = 1000, unit = mean(se),
                       beside = NULL) {
  t <- (seq_len(nodes) - 0.5) / nodes
  side <- unit * t / (1 - t)
  grid <- unname(as.matrix(expand.grid(rep(list(side), length(Z)))))
  M <- do.call(cbind, c(list(X), Z))
  size <- vapply(Z, ncol, 0L)
  information <- crossprod(M / se)
  score <- drop(crossprod(M / se, y / se))
  C <- rbind(diag(ncol(M)), beside)
  rownames(C) <- c(colnames(M), rownames(beside))
  at <- apply(grid, 1, function(tau) {
    U <- chol(information + diag(c(numeric(ncol(X)), rep(tau^-2, size)), ncol(M)))
    half <- backsolve(U, score, transpose = TRUE)
    V <- chol2inv(U)
    # |V| prod tau^size in the determinant of the marginal covariance.
    value <- log_prior(tau) - sum(log(diag(U))) - sum(size * log(tau)) + sum(half^2) / 2 +
      2 * sum(log1p(tau / unit))
    c(value, C %*% backsolve(U, half), sqrt(rowSums((C %*% V) * C)))
  })
  weight <- exp(at[1, ] - max(at[1, ]))
  weight <- weight / sum(weight)
  normal <- list(cdf = stats::pnorm, quantile = stats::qnorm, mean = 0, var = 1)
  k <- seq_len(nrow(C))
  rows <- lapply(k, function(i) {
    meta_summary(function(p) {
      mixture_quantile(list(center = at[1 + i, ], scale = at[1 + nrow(C) + i, ],
                            weight = weight, standard = normal), p)
    }, sum(weight * at[1 + i, ]))
  })
  taus <- lapply(seq_along(Z), function(g) {
    own <- tapply(weight, grid[, g], sum)
    # The share below the upper border of a cell of the grid.
    border <- seq_len(nodes - 1) / nodes
    share <- cumsum(own)[-nodes]
    meta_summary(function(p) {
      at <- stats::approx(share, border, p, ties = "ordered")$y
      unit * at / (1 - at)
    }, sum(own * side))
  })
  table <- as.data.frame(do.call(rbind, c(taus, rows)))
  rownames(table) <- c(names(Z), rownames(C))
  table
}

meta_summary <- function(quantile, mean) {
  p <- c(0.025, 0.25, 0.5, 0.75, 0.975)
  c(mean = mean, stats::setNames(vapply(p, quantile, 0), paste0("q", 100 * p)))
}

indicators <- function(group, name) {
  group <- factor(group)
  Z <- 0 + outer(group, levels(group), `==`)
  colnames(Z) <- sprintf("r_%s[%s,Intercept]", name, levels(group))
  Z
}

intercept_of <- function(data) matrix(1, nrow(data), 1, dimnames = list(NULL, "b_Intercept"))

# Effective draws of each hyperparameter that is drawn, a draw.
ess_a_draw <- function(fit) {
  table <- summary(fit)
  table$ess_bulk[table$variable != "sigma"] / ndraws(fit)
}
