# Chains draw from streams of their own: Mersenne-Twister with inversion (R's
# fastest), seeded for each chain from one seed. A seed gives the same draws on any
# number of cores and under any generator of the caller, whose own stream stays as it was.

new_seed <- function() sample.int(.Machine$integer.max, 1L)

check_seed <- function(seed) {
  if (is.null(seed)) return(new_seed())
  whole <- is.numeric(seed) && length(seed) == 1 && is.finite(seed) && seed == round(seed)
  if (!whole || abs(seed) > .Machine$integer.max) {
    abort("{.arg seed} must be NULL or one whole number.", x = "It is {describe(seed)}.")
  }
  as.integer(seed)
}

# Seeds of the chains: the first ones do not depend on how many follow.
chain_seeds <- function(seed, chains) {
  with_stream(seed, sample.int(.Machine$integer.max, chains))
}

# Evaluates code on the stream of a seed, or on one kept earlier (a .Random.seed), and gives
# the caller's stream back.
with_stream <- function(seed, code) {
  # A seed that is taken from the caller's stream moves that on before it is kept.
  force(seed)
  old_seed <- get0(".Random.seed", globalenv(), inherits = FALSE)
  old_kind <- if (is.null(old_seed)) RNGkind()
  on.exit(restore_stream(old_seed, old_kind))
  if (length(seed) > 1) assign(".Random.seed", seed, envir = globalenv())
  else set.seed(seed, kind = "Mersenne-Twister", normal.kind = "Inversion",
                sample.kind = "Rejection")
  force(code)
}

restore_stream <- function(old_seed, old_kind) {
  if (is.null(old_seed)) {
    suppressWarnings(RNGkind(old_kind[1], old_kind[2], old_kind[3]))
    rm(".Random.seed", envir = globalenv())
  } else {
    assign(".Random.seed", old_seed, envir = globalenv())
  }
}
