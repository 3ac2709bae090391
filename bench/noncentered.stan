// y ~ x + (1 + x || g), or with a full Sigma if `correlated`, in standardized effects eta:
// gamma_j = diag(tau) L eta_j. Uniform standard deviations, LKJ(1) correlations, flat coefficients
// and p(sigma) proportional to 1 / sigma.
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
  matrix[q, J] eta;
  // Of size 1 it has no parameters.
  cholesky_factor_corr[correlated ? q : 1] L;
}
model {
  matrix[J, q] gamma;
  if (correlated) gamma = (diag_pre_multiply(tau, L) * eta)';
  else gamma = diag_pre_multiply(tau, eta)';
  to_vector(eta) ~ std_normal();
  L ~ lkj_corr_cholesky(1);
  target += -log(sigma);
  y ~ normal_id_glm(X, rows_dot_product(X, gamma[g]), beta, sigma);
}
generated quantities {
  matrix[correlated ? q : 1, correlated ? q : 1] C = multiply_lower_tri_self_transpose(L);
}
