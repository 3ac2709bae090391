// The model of noncentered.stan in the coefficients of each group, around their mean beta.
data {
  int<lower=1> N;
  int<lower=1> J;
  int<lower=1> q;
  int<lower=0, upper=1> correlated;
  matrix[N, q] X;
  int<lower=1, upper=J> g[N];
  vector[N] y;
}
parameters {
  vector[q] beta;
  vector<lower=0>[q] tau;
  real<lower=0> sigma;
  matrix[q, J] coef;
  // Of size 1 it has no parameters.
  cholesky_factor_corr[correlated ? q : 1] L;
}
model {
  matrix[q, J] gamma = coef - rep_matrix(beta, J);
  if (correlated) gamma = mdivide_left_tri_low(diag_pre_multiply(tau, L), gamma);
  else gamma = diag_pre_multiply(inv(tau), gamma);
  to_vector(gamma) ~ std_normal();
  target += -J * (sum(log(tau)) + sum(log(diagonal(L))));
  L ~ lkj_corr_cholesky(1);
  target += -log(sigma);
  y ~ normal(rows_dot_product(X, coef'[g]), sigma);
}
generated quantities {
  matrix[correlated ? q : 1, correlated ? q : 1] C = multiply_lower_tri_self_transpose(L);
}
