# A covering design of models: a list of cells, settings of everything that a model is made of, in which each
# pair of settings that can be in one model is in at least one cell. The list is covering.csv, and pairs
# that no model has are in covering-without.csv, with the reason.

covering_levels <- list(
  sampler = c("collapsed", "interweaved", "centered", "uncentered"),
  family = c("gaussian", "student", "logit", "probit", "cloglog", "poisson", "negative_binomial"),
  sigma = c("common", "strata", "known", "none"),
  scale = c("half_normal", "half_t", "exponential", "inverse_gamma", "uniform", "gamma", "none"),
  groupings = c("one", "nested", "crossed"),
  columns = c("1", "2", "3"),
  covariance = c("single", "independent", "full", "cs", "ar1", "diag_hom"),
  sd = c("half_normal", "half_t", "exponential", "inverse_gamma", "uniform", "huang_wand",
         "inverse_wishart"),
  cor = c("lkj_0.4", "lkj_1", "lkj_2", "none")
)

read_covering <- function(name) {
  utils::read.csv(file.path(covering_folder, paste0(name, ".csv")), colClasses = "character")
}

# Where the lists are; scripts outside of the tests set it.
covering_folder <- "."

# All pairs of settings of two factors, as "factor=setting factor=setting", in the factors' order.
pair_names <- function(cells) {
  factors <- names(covering_levels)
  of <- utils::combn(length(factors), 2)
  matrix(apply(of, 2, function(k) {
    paste0(factors[k[1]], "=", cells[[factors[k[1]]]], " ", factors[k[2]], "=", cells[[factors[k[2]]]])
  }), nrow(cells))
}

all_pairs <- function() {
  factors <- names(covering_levels)
  unlist(utils::combn(factors, 2, function(two) {
    grid <- expand.grid(covering_levels[two], stringsAsFactors = FALSE)
    paste0(two[1], "=", grid[[1]], " ", two[2], "=", grid[[2]])
  }, simplify = FALSE))
}

# The pairs of covering-without.csv. A row of it has several settings, divided by bars.
pairs_without <- function(without = read_covering("covering-without")) {
  several <- function(x) strsplit(x, "|", fixed = TRUE)[[1]]
  unlist(lapply(seq_len(nrow(without)), function(i) {
    own <- without[i, ]
    grid <- expand.grid(several(own$settings), several(own$others), stringsAsFactors = FALSE)
    paste0(own$factor, "=", grid[[1]], " ", own$other, "=", grid[[2]])
  }))
}

# Every model that can be: no pair of it is without. Made of two halves, each small.
covering_grid <- function() {
  without <- pairs_without()
  allowed <- function(grid) {
    pairs <- utils::combn(intersect(names(covering_levels), names(grid)), 2, function(two) {
      paste0(two[1], "=", grid[[two[1]]], " ", two[2], "=", grid[[two[2]]]) %in% without
    })
    grid[rowSums(matrix(pairs, nrow(grid))) == 0, , drop = FALSE]
  }
  half <- function(factors) allowed(expand.grid(covering_levels[factors], stringsAsFactors = FALSE))
  grid <- allowed(merge(half(c("sampler", "family", "sigma", "scale")),
                        half(c("groupings", "columns", "covariance", "sd", "cor")), by = NULL))
  # One correlation of three columns has no proper prior under this one.
  improper <- grid$cor == "lkj_0.4" & grid$columns == "3" & grid$covariance %in% c("cs", "ar1")
  grid <- grid[!improper & cost_of_fit(grid) < Inf, ]
  grid <- grid[do.call(order, unname(lapply(names(covering_levels), function(f) {
    match(grid[[f]], covering_levels[[f]])
  }))), ]
  rownames(grid) <- NULL
  grid
}

# How dear a fit is. 1: it takes a good part of a second, 3: seconds; both are shunned. Inf: hundreds of
# fits take an hour, and their pairs are covered by others.
cost_of_fit <- function(grid) {
  lattice <- !grid$family %in% c("gaussian", "student") & grid$sampler == "collapsed"
  several <- grid$columns != "1"
  scan <- lattice & grid$groupings != "one"
  plain_sums <- lattice & grid$family %in% c("probit", "cloglog") & several
  three <- lattice & grid$columns == "3"
  ifelse(scan & several | three & grid$sd == "uniform", Inf, ifelse(three, 3, (scan | plain_sums) * 1))
}

# The next cell has the most pairs that no cell has yet, dear cells counting less; of equals the one whose
# pairs are in the fewest cells, and of these the first.
covering_design <- function(grid = covering_grid()) {
  pairs <- pair_names(grid)
  known <- sort(unique(as.vector(pairs)))
  index <- matrix(match(pairs, known), nrow(grid))
  times <- numeric(length(known))
  dear <- 4 * cost_of_fit(grid)
  chosen <- integer()
  while (any(times == 0)) {
    seen <- matrix(times[index], nrow(grid))
    gain <- rowSums(seen == 0)
    score <- gain - dear - 1e-4 * rowSums(seen)
    chosen <- c(chosen, best <- which.max(ifelse(gain > 0, score, -Inf)))
    times[index[best, ]] <- times[index[best, ]] + 1
  }
  cbind(cell = seq_along(chosen), grid[chosen, names(covering_levels)], row.names = NULL)
}

# A cell's model ----------------------------------------------------------------------------------

# 24 rows: b within a, c across; two strata d.
covering_data <- function() {
  set.seed(31)
  b <- rep(1:6, each = 4)
  data.frame(y = stats::rnorm(24), k = 1L, s = 1L, m = rep(1:3, 8), x = round(stats::rnorm(24), 2),
             v = round(stats::rnorm(24), 2), w = rep(c(0.5, 1, 2), each = 8), a = (b + 1L) %/% 2L, b = b,
             c = rep(1:4, 6), d = rep(c("p", "q", "q"), 8))
}

covering_formula <- function(cell) {
  terms <- c("1", "1 + x", "1 + x + v")[as.integer(cell$columns)]
  random <- switch(cell$covariance, independent = sprintf("(%s || b)", terms),
                   cs = sprintf("cs(%s | b)", terms), ar1 = sprintf("ar1(%s | b)", terms),
                   diag_hom = sprintf("diag(%s | b, hom = TRUE)", terms), sprintf("(%s | b)", terms))
  beside <- switch(cell$groupings, one = "", nested = "(1 | a) + ", crossed = "(1 | c) + ")
  response <- switch(cell$family, gaussian = , student = "y", poisson = , negative_binomial = "k",
                     "cbind(s, m - s)")
  stats::as.formula(paste0(response, " ~ x + ", beside, random))
}

covering_family <- function(name) {
  switch(name, gaussian = stats::gaussian(), student = student(), poisson = stats::poisson(),
         negative_binomial = negative_binomial(), stats::binomial(name))
}

# Proper priors, and so narrow that linear predictors stay small where their exponentials are counts or
# where large ones take long.
covering_prior <- function(cell) {
  s <- if (cost_of_fit(cell) == 3) 0.08
    else switch(cell$family, poisson = , negative_binomial = 0.4, probit = , cloglog = 0.3, 0.7)
  q <- as.integer(cell$columns)
  is_cov <- cell$sd %in% c("huang_wand", "inverse_wishart")
  sd <- sd_of_setting(if (is_cov) "half_normal" else cell$sd, s)
  other <- switch(cell$groupings, nested = "a", crossed = "c")
  given <- list(beta = normal(0, s))
  if (!is_cov) given$sd <- sd
  if (is_cov) {
    cov <- if (cell$sd == "huang_wand") huang_wand(4, 0.6 * s) else inverse_wishart(q + 6, diag(5 * s^2, q))
    given$cov <- list(b = cov)
    if (!is.null(other)) given$sd <- stats::setNames(list(sd), other)
  }
  if (cell$cor != "none") given$cor <- lkj(as.numeric(sub("lkj_", "", cell$cor)))
  scale <- scale_of_setting(cell)
  if (!is.null(scale)) given[[if (cell$family == "negative_binomial") "shape" else "sigma"]] <- scale
  do.call(relm_prior, given)
}

sd_of_setting <- function(name, s) {
  switch(name, half_normal = half_normal(s), half_t = half_t(7, s), exponential = exponential(1.5 / s),
         inverse_gamma = inverse_gamma(4, 3 * s^2), uniform = uniform(2 * s))
}

scale_of_setting <- function(cell) {
  if (cell$scale == "none") return(NULL)
  if (cell$scale == "gamma") return(relm_prior(shape = gamma(4, 2))$shape)
  if (cell$family == "negative_binomial") return(sd_of_setting(cell$scale, 0.7))
  sd_of_setting(cell$scale, 1)
}

# A fit of the prior, whose sampler is that of the fits to come.
covering_fit <- function(cell) {
  sigma <- switch(cell$sigma, strata = ~ d, known = ~ known(w))
  arguments <- list(covering_formula(cell), covering_data(), prior = covering_prior(cell),
                    family = covering_family(cell$family), sampler = cell$sampler, prior_only = TRUE,
                    chains = 1, draws = 5, seed = 1, progress = FALSE)
  if (!is.null(sigma)) arguments$sigma <- sigma
  suppressMessages(do.call(relm, arguments))
}

# Sweeps for each draw, so that draws hardly depend on each other.
covering_thin <- function(cell) {
  if (cell$sampler == "collapsed") return(if (cell$family %in% c("gaussian", "student")) 10L else 8L)
  if (cell$sampler == "interweaved") 25L else 60L
}

# Rounds of data and parameters in turn; to tune a sampler takes longer than its draws.
covering_rounds <- function(cell) if (cell$sampler == "collapsed") 1L else 2L

# A cell's model with data of its own form, fitted: whatever refuses it does so.
fit_of_cell_once <- function(cell) {
  fit <- covering_fit(cell)
  refitted <- control_of_refits(fit, 2, 1, FALSE)
  refit(refitted, response_of_draw(prior_of_fit(fit, 1, 1), 1, 2), seed = 3)
}
