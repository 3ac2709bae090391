# Where hyperparameters stand among the draws, and what a draw of them is.

# Hyperparameters by their places, draws x variables.
hyper_matrix <- function(fit, places) {
  hyper <- fit$sampling$hyper[, , places, drop = FALSE]
  matrix(hyper, nrow(hyper) * ncol(hyper), length(places),
         dimnames = list(NULL, dimnames(hyper)[[3]]))
}

# Draws of one chain as they were drawn: hyperparameters x draws.
drawn_hyper <- function(sampling, posterior, chain) {
  n <- dim(sampling$hyper)[3]
  shown <- hyper_order(posterior, n)
  t(matrix(sampling$hyper[, chain, order(shown)], ncol = n))
}

drawn_hyper_all <- function(fit) {
  do.call(cbind, lapply(seq_len(fit$sampling$chains), function(chain) {
    drawn_hyper(fit$sampling, fit$posterior, chain)
  }))
}

# Residual standard deviations are drawn in the order of the rows, and shown in that of
# their levels.
hyper_order <- function(posterior, n_names) {
  n_levels <- length(posterior$levels)
  n_pooled <- count_pooled(posterior)
  n_before <- n_names - n_levels - n_pooled
  c(seq_len(n_before), n_before + posterior$level_display,
    n_before + n_levels + seq_len(n_pooled))
}

# A draw of the hyperparameters, in the order of sampling, as (beta, Sigma, sigma2).
state_of <- function(draw, posterior) {
  p <- length(posterior$fixed)
  q <- nrow(posterior$random)
  n_levels <- max(1, length(posterior$levels))
  sd <- draw[p + seq_len(q)]
  C <- diag(q)
  place <- p + q
  for (block in posterior$blocks) {
    size <- length(block$columns)
    pairs <- size * (size - 1) / 2
    own <- diag(size)
    own[upper.tri(own)] <- draw[place + seq_len(pairs)]
    own[lower.tri(own)] <- t(own)[lower.tri(own)]
    C[block$columns, block$columns] <- own
    place <- place + pairs
  }
  list(beta = draw[seq_len(p)], Sigma = C * tcrossprod(sd),
       sigma2 = draw[place + seq_len(n_levels)]^2, hyper = draw)
}

# Where the residual standard deviations of the levels, in the order of sampling, stand among the
# hyperparameters.
sigma_places <- function(fit) {
  posterior <- fit$posterior
  n_levels <- max(length(posterior$levels), 1L)
  before <- dim(fit$sampling$hyper)[3] - n_levels - count_pooled(posterior)
  if (is.null(posterior$sigma_by)) before + 1L
  else before + match(seq_len(n_levels), posterior$level_display)
}

# Where the residual standard deviations stand among the hyperparameters, as drawn.
sigma_rows <- function(posterior, n_hyper) {
  n_levels <- max(1L, length(posterior$levels))
  n_hyper - count_pooled(posterior) - n_levels + seq_len(n_levels)
}

# Of the residual standard deviations, in the order of sampling.
sigma_tails <- function(posterior) {
  n_levels <- max(length(posterior$levels), 1L)
  n_before <- length(posterior$tails) - n_levels - count_pooled(posterior)
  unname(posterior$tails[n_before + seq_len(n_levels)])
}
