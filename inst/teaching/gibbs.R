# The two Gibbs samplers of the lecture "Linear Random Effects Model" in plain R, to be read and
# changed. Model: y_ij ~ N(beta_0j + beta_1j x_ij, sigma^2), (beta_0j, beta_1j) ~ N(beta, Sigma),
# Sigma = diag(tau_0^2, tau_1^2). Priors: flat in beta, tau_0, tau_1 and log(sigma).
# Value: a matrix with a row for each draw, and columns beta_0, beta_1, tau_0, tau_1 and sigma.

# ---- centered ----
gibbs_centered <- function(y, x, group, draws) {
  group <- as.integer(factor(group))
  X <- cbind(1, x)
  rows <- split(seq_along(y), group)
  XX <- lapply(rows, function(i) crossprod(X[i, ]))               # X_j'X_j
  Xy <- lapply(rows, function(i) crossprod(X[i, ], y[i]))         # X_j'Y_j
  n <- length(y)
  J <- length(XX)
  beta_j <- matrix(0, J, 2)
  beta <- c(mean(y), 0)
  tau2 <- c(1, 1)
  sigma2 <- var(y)
  kept <- matrix(NA, draws, 5)
  for (t in seq_len(draws)) {
    for (j in seq_len(J)) {                                       # beta_j
      V <- solve(diag(1 / tau2) + XX[[j]] / sigma2)
      beta_j[j, ] <- V %*% (beta / tau2 + Xy[[j]] / sigma2) + t(chol(V)) %*% rnorm(2)
    }
    beta <- rnorm(2, colMeans(beta_j), sqrt(tau2 / J))            # beta
    squares <- rowSums((t(beta_j) - beta)^2)
    tau2 <- 1 / rgamma(2, (J - 1) / 2, squares / 2)               # tau_0^2, tau_1^2
    residual <- y - rowSums(X * beta_j[group, ])
    sigma2 <- 1 / rgamma(1, n / 2, sum(residual^2) / 2)           # sigma^2
    kept[t, ] <- c(beta, sqrt(tau2), sqrt(sigma2))
  }
  colnames(kept) <- c("beta_0", "beta_1", "tau_0", "tau_1", "sigma")
  kept
}

# ---- uncentered ----
gibbs_uncentered <- function(y, x, group, draws) {
  group <- as.integer(factor(group))
  X <- cbind(1, x)
  rows <- split(seq_along(y), group)
  XX <- lapply(rows, function(i) crossprod(X[i, ]))               # X_j'X_j
  Xy <- lapply(rows, function(i) crossprod(X[i, ], y[i]))         # X_j'Y_j
  n <- length(y)
  J <- length(XX)
  inverse <- solve(crossprod(X))                                  # all fish
  root <- t(chol(inverse))
  gamma_j <- matrix(0, J, 2)
  beta <- c(mean(y), 0)
  tau2 <- c(1, 1)
  sigma2 <- var(y)
  kept <- matrix(NA, draws, 5)
  for (t in seq_len(draws)) {
    for (j in seq_len(J)) {                                       # gamma_j
      V <- solve(diag(1 / tau2) + XX[[j]] / sigma2)
      own <- (Xy[[j]] - XX[[j]] %*% beta) / sigma2
      gamma_j[j, ] <- V %*% own + t(chol(V)) %*% rnorm(2)
    }
    less_groups <- y - rowSums(X * gamma_j[group, ])
    beta_hat <- inverse %*% crossprod(X, less_groups)
    beta <- drop(beta_hat + sqrt(sigma2) * root %*% rnorm(2))     # beta
    tau2 <- 1 / rgamma(2, (J - 1) / 2, colSums(gamma_j^2) / 2)    # tau_0^2, tau_1^2
    residual <- less_groups - drop(X %*% beta)
    sigma2 <- 1 / rgamma(1, n / 2, sum(residual^2) / 2)           # sigma^2
    kept[t, ] <- c(beta, sqrt(tau2), sqrt(sigma2))
  }
  colnames(kept) <- c("beta_0", "beta_1", "tau_0", "tau_1", "sigma")
  kept
}
