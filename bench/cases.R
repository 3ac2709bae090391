# The models and data that samplers are compared on. Data have the response y, the columns x, v,
# ..., and the groups g; models say which columns are random.

# Columns of x have random slopes, independent of the intercepts unless `correlated`.
new_model <- function(x, correlated = FALSE) {
  bar <- if (correlated) "|" else "||"
  columns <- paste(c("1", x), collapse = " + ")
  text <- sprintf("y ~ %s + (%s %s g)", columns, columns, bar)
  list(x = x, correlated = correlated, formula = stats::as.formula(text, globalenv()))
}

# Names of the hyperparameters, in every sampler's answer.
hyper_names <- function(model) {
  columns <- c("Intercept", model$x)
  pairs <- if (model$correlated) utils::combn(columns, 2, paste, collapse = "__")
  c(paste0("b_", columns), paste0("sd_g__", columns),
    if (length(pairs)) paste0("cor_g__", pairs), "sigma")
}

bass_data <- function(root) {
  folder <- new.env()
  load(file.path(root, "data", "bass.rda"), folder)
  bass <- folder$bass
  length <- log(bass$length)
  data.frame(y = log(bass$mercury), x = length - stats::ave(length, bass$station),
             g = bass$station)
}

# Groups of rows_each rows, one number or several in turn, whose effects have the covariance
# crossprod(root); all coefficients 1 and sigma 1.
simulate_groups <- function(J, rows_each, root = diag(c(1, 0.5)), seed = 1) {
  set.seed(seed)
  q <- ncol(root)
  g <- rep(seq_len(J), rep_len(rows_each, J))
  X <- cbind(1, matrix(stats::rnorm(length(g) * (q - 1)), length(g)))
  effects <- matrix(stats::rnorm(J * q), J) %*% root
  colnames(X) <- c("1", "x", "v", "u")[seq_len(q)]
  data.frame(g = g, X[, -1, drop = FALSE], y = rowSums(X * (1 + effects[g, ])) + stats::rnorm(length(g)))
}

q3_root <- function(sd = c(1, 0.5, 0.7)) {
  correlations <- matrix(c(1, 0.5, 0.3, 0.5, 1, -0.2, 0.3, -0.2, 1), 3)
  chol(correlations * outer(sd, sd))
}

small_slopes_root <- function() q3_root(c(1, 0.05, 0.05))

# A fourth column, not correlated with the others.
q4_root <- function() {
  root <- diag(0.5, 4)
  root[1:3, 1:3] <- q3_root()
  root
}

# Peers of a millisecond a draw, or slower.
fewer_draws <- c(rstan = 10000, "rstan centered" = 10000, brms = 10000, rstanarm = 10000)

# `draws` are the draws of one chain where not 50,000: of those that are slow fewer.
sampling_case <- function(title, data, model, stored = c(TRUE, FALSE), draws = fewer_draws) {
  list(kind = "sampling", title = title, data = data, model = model, stored = stored,
       draws = draws)
}

whole_call_case <- function(kind, title, data) {
  list(kind = kind, title = title, data = data, model = new_model("x"))
}

cases_of <- function(root) {
  list(
    bass = sampling_case("bass: 16 groups, 171 rows", function() bass_data(root),
                         new_model("x")),
    J1000 = sampling_case(
      "J1000: 1,000 groups of 20 rows", function() simulate_groups(1000, 20), new_model("x"),
      stored = FALSE,
      draws = c("JAGS" = 2000, "JAGS scaled" = 1000, rstan = 1000,
                "rstan centered" = 1000, brms = 1000, rstanarm = 1000, MCMCglmm = 5000)
    ),
    zero = sampling_case("zero: no variance of slopes, 30 groups of 10 rows",
                         function() simulate_groups(30, 10, diag(c(1, 0))), new_model("x")),
    J5 = sampling_case("J5: 5 groups of 10 rows", function() simulate_groups(5, 10),
                       new_model("x")),
    q3 = sampling_case(
      "q3: three correlated columns, 50 groups of 20 rows",
      function() simulate_groups(50, 20, q3_root()), new_model(c("x", "v"), correlated = TRUE),
      draws = c("JAGS" = 20000, "JAGS scaled" = 10000, MCMCglmm = 20000,
                rstan = 5000, "rstan centered" = 5000, brms = 5000, rstanarm = 5000)
    ),
    J50000 = whole_call_case("until", "J50000: 50,000 groups of 20 rows",
                             function() simulate_groups(50000, 20)),
    bass4000 = whole_call_case("alternating", "bass4000: 4 chains of 1,000 draws",
                               function() bass_data(root)),
    floor = whole_call_case("floor", "floor: a draw over its variates, bass",
                            function() bass_data(root))
  )
}
