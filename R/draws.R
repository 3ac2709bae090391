#' Draws of a fit
#'
#' Gives the draws as objects of posterior or coda, as a matrix or as a data frame. [relm_names]
#' describes the names of the variables.
#'
#' @param x A fit.
#' @param variable Names of variables, or regular expressions when `regex` is `TRUE`. `NULL` means
#'   all hyperparameters and group effects `r_`. Group coefficients `coef_` are included only if you
#'   ask for them.
#' @param regex Are the names regular expressions?
#' @param pars,regex_pars Names and regular expressions: rstanarm's arguments for `variable`. You
#'   may also write coefficients and group effects as rstanarm does: `x` for `b_x` and
#'   `b[(Intercept) g:l1]` for `r_g[l1,Intercept]`. `pars` also takes rstanarm's names for groups of
#'   parameters: `"alpha"` for the intercept, `"beta"` for the other coefficients, and `"varying"`
#'   or `"b"` for the group effects.
#' @param iteration,chain Numbers of the iterations of each chain and of the chains to take, as in
#'   posterior's [subset_draws()][posterior::subset_draws]; all by default.
#' @param draw Numbers of draws, counted chain after chain, instead of `iteration` and `chain`. The
#'   chains are then merged into one.
#' @param subset brms's older name of `draw`.
#' @param row.names Names of the rows of the table.
#' @param optional Not used; the generic has it.
#' @param ... Refused.
#' @return `as_draws()` and `as_draws_array()`: iterations x chains x variables, of posterior's
#'   class. The other `as_draws_` functions give their own formats. `as_draws_rvars()` has one
#'   variable for all group effects, `r_g`, groups x columns with their names. `as.mcmc.list()`:
#'   coda's class, one matrix for each chain, with the sweeps' numbers as `start`, `end` and `thin`.
#'   `coda::as.mcmc()`: such a matrix for a fit with one chain; several chains are an error.
#'   `as.array()`: iterations x chains x variables, a plain array, as bayesplot needs it.
#'   `as.matrix()` and `as.data.frame()`: draws x variables, chain after chain. Chosen iterations,
#'   chains and draws come in increasing order, each once.
#' @section tidybayes:
#' `tidybayes::spread_draws(fit, r_station[station, term])` and `gather_draws()` work on a fit. For
#' coefficients of groups, give these functions the draws:
#' `spread_draws(as_draws(fit, "^coef_", regex = TRUE), coef_station[station, term])`.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' posterior::summarise_draws(as_draws(fit, "^(b|sd)_", regex = TRUE))
#' coda::effectiveSize(as.mcmc.list(fit)[, "sigma"])
#' head(as.matrix(fit, "coef_station[l1,Intercept]"))
#' as.data.frame(fit, pars = "beta", draw = 1:3)
#' @name as_draws.relm
NULL

#' @rdname as_draws.relm
#' @export
as_draws.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL,
                          regex_pars = NULL, iteration = NULL, chain = NULL, draw = NULL,
                          ...) {
  refuse_dots(list(...), "as_draws")
  as_draws_array(x, variable, regex, pars, regex_pars, iteration, chain, draw)
}

#' @rdname as_draws.relm
#' @export
as_draws_array.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL,
                                regex_pars = NULL, iteration = NULL, chain = NULL, draw = NULL,
                                ...) {
  refuse_dots(list(...), "as_draws_array")
  draws <- draws_array(x, choose_variables(x, variable, regex, pars, regex_pars))
  posterior::as_draws_array(taken_draws(draws, iteration, chain, draw))
}

#' @rdname as_draws.relm
#' @export
as_draws_df.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL,
                             regex_pars = NULL, iteration = NULL, chain = NULL, draw = NULL,
                             ...) {
  refuse_dots(list(...), "as_draws_df")
  posterior::as_draws_df(as_draws_array(x, variable, regex, pars, regex_pars, iteration, chain,
                                        draw))
}

#' @rdname as_draws.relm
#' @export
as_draws_matrix.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL,
                                 regex_pars = NULL, iteration = NULL, chain = NULL, draw = NULL,
                                 ...) {
  refuse_dots(list(...), "as_draws_matrix")
  posterior::as_draws_matrix(as_draws_array(x, variable, regex, pars, regex_pars, iteration, chain,
                                            draw))
}

#' @rdname as_draws.relm
#' @export
as_draws_list.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL,
                               regex_pars = NULL, iteration = NULL, chain = NULL, draw = NULL,
                               ...) {
  refuse_dots(list(...), "as_draws_list")
  posterior::as_draws_list(as_draws_array(x, variable, regex, pars, regex_pars, iteration, chain,
                                          draw))
}

#' @rdname as_draws.relm
#' @export
as_draws_rvars.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL,
                                regex_pars = NULL, iteration = NULL, chain = NULL, draw = NULL,
                                ...) {
  refuse_dots(list(...), "as_draws_rvars")
  draws <- draws_array(x, choose_variables(x, variable, regex, pars, regex_pars))
  do.call(posterior::draws_rvars, random_variables(taken_draws(draws, iteration, chain, draw)))
}

#' @rdname as_draws.relm
#' @method as.mcmc.list relm
#' @export
as.mcmc.list.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL,
                              ...) {
  refuse_dots(list(...), "as.mcmc.list")
  draws <- draws_array(x, choose_variables(x, variable, regex, pars, regex_pars))
  sampling <- x$sampling
  coda::as.mcmc.list(lapply(seq_len(sampling$chains), function(chain) {
    values <- matrix(draws[, chain, ], nrow(draws), dimnames = list(NULL, dimnames(draws)[[3]]))
    coda::mcmc(values, start = sampling$warmup + sampling$thin, thin = sampling$thin)
  }))
}

#' @rdname as_draws.relm
#' @rawNamespace S3method(coda::as.mcmc, relm)
#' @usage \method{as.mcmc}{relm}(x, variable = NULL, regex = FALSE, pars = NULL,
#'   regex_pars = NULL, ...)
as.mcmc.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL, ...) {
  refuse_dots(list(...), "as.mcmc")
  if (x$sampling$chains > 1) {
    abort("{.fn as.mcmc} is for one chain, and the fit has {x$sampling$chains}.",
          i = "Use {.fn as.mcmc.list}.")
  }
  as.mcmc.list(x, variable, regex, pars, regex_pars)[[1]]
}

#' @rdname as_draws.relm
#' @export
as.array.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL,
                          iteration = NULL, chain = NULL, draw = NULL, subset, ...) {
  refuse_dots(list(...), "as.array")
  draws <- draws_array(x, choose_variables(x, variable, regex, pars, regex_pars))
  draws <- taken_draws(draws, iteration, chain, one_spelling(draw, subset),
                       spelling(draw, subset))
  dimnames(draws) <- list(iterations = NULL, chains = paste0("chain:", seq_len(ncol(draws))),
                          parameters = dimnames(draws)[[3]])
  draws
}

#' @rdname as_draws.relm
#' @export
as.matrix.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL,
                           iteration = NULL, chain = NULL, draw = NULL, subset, ...) {
  refuse_dots(list(...), "as.matrix")
  draws <- draws_array(x, choose_variables(x, variable, regex, pars, regex_pars))
  draws <- taken_draws(draws, iteration, chain, one_spelling(draw, subset),
                       spelling(draw, subset))
  matrix(draws, ncol = dim(draws)[3], dimnames = list(NULL, dimnames(draws)[[3]]))
}

#' @rdname as_draws.relm
#' @export
as.data.frame.relm <- function(x, row.names = NULL, optional = FALSE, variable = NULL,
                               regex = FALSE, pars = NULL, regex_pars = NULL, iteration = NULL,
                               chain = NULL, draw = NULL, subset, ...) {
  # Other packages hand on whether texts become factors; draws are numbers.
  dots <- list(...)
  dots$stringsAsFactors <- NULL
  refuse_dots(dots, "as.data.frame")
  draws <- as.matrix(x, variable, regex, pars, regex_pars, iteration, chain, draw, subset)
  named_rows(as.data.frame(draws, optional = TRUE), row.names)
}

#' @export
variables.relm <- function(x, ...) {
  refuse_dots(list(...), "variables")
  default_variables(x)
}

#' @export
nvariables.relm <- function(x, ...) {
  refuse_dots(list(...), "nvariables")
  length(default_variables(x))
}

#' @export
ndraws.relm <- function(x) x$sampling$chains * x$sampling$draws

#' @rawNamespace S3method(rstantools::nsamples, relm)
#' @method nsamples relm
#' @noRd
nsamples.relm <- function(object, ...) {
  refuse_dots(list(...), "nsamples")
  as.numeric(ndraws(object))
}

#' @export
nchains.relm <- function(x) x$sampling$chains

#' @export
niterations.relm <- function(x) x$sampling$draws

# Some of the draws: those of some iterations and chains, or of all chains in a row.
taken_draws <- function(draws, iteration, chain, draw, name = "draw") {
  if (is.null(draw)) {
    iteration <- check_places(iteration, "iteration", nrow(draws))
    return(draws[iteration, check_places(chain, "chain", ncol(draws)), , drop = FALSE])
  }
  other <- c("iteration", "chain")[c(!is.null(iteration), !is.null(chain))]
  if (length(other)) {
    abort("{.arg {name}} counts the draws of all chains, and {.arg {other[1]}} those of each.",
          i = "Give one of them.")
  }
  names <- dimnames(draws)[[3]]
  merged <- array(draws, c(nrow(draws) * ncol(draws), 1, length(names)), list(NULL, NULL, names))
  merged[check_places(draw, name, nrow(merged)), , , drop = FALSE]
}

check_places <- function(x, name, n) {
  if (is.null(x)) return(seq_len(n))
  if (!is.numeric(x) || length(x) == 0 || !all(x %in% seq_len(n))) {
    abort("{.arg {name}} must be whole numbers from 1 to {n}.", x = "It is {describe(x)}.")
  }
  sort(unique(as.integer(x)))
}

# A random variable for each name before the brackets: of r_g[l1,x] groups x columns, in the order
# in which they come. draws: iterations x chains x variables.
random_variables <- function(draws) {
  names <- dimnames(draws)[[3]]
  base <- sub("\\[.*", "", names)
  lapply(split(seq_along(names), factor(base, unique(base))), function(places) {
    values <- draws[, , places, drop = FALSE]
    indices <- indices_of(names[places])
    if (is.null(indices)) return(posterior::rvar(matrix(values, nrow(draws)), with_chains = TRUE))
    levels <- lapply(indices, unique)
    all <- array(NA_real_, c(nrow(draws), ncol(draws), prod(lengths(levels))))
    all[, , linear_index(Map(match, indices, levels), lengths(levels))] <- values
    posterior::rvar(array(all, c(dim(all)[1:2], lengths(levels))), dimnames = unname(levels),
                    with_chains = TRUE)
  })
}

# What stands in the brackets of names, a vector for each place between commas; NULL without any.
indices_of <- function(names) {
  if (!grepl("[", names[1], fixed = TRUE)) return(NULL)
  inside <- sub("^[^[]*\\[(.*)\\]$", "\\1", names)
  if (!grepl(",", inside[1], fixed = TRUE)) return(list(inside))
  list(sub(",.*", "", inside), sub(".*,", "", inside))
}

linear_index <- function(places, size) {
  if (length(places) == 1) places[[1]] else places[[1]] + size[1] * (places[[2]] - 1L)
}

# iterations x chains x chosen variables.
draws_array <- function(fit, chosen) {
  sampling <- fit$sampling
  hyper <- intersect(chosen, hyper_variables(fit))
  draws <- array(0, c(sampling$draws, sampling$chains, length(chosen)),
                 list(NULL, NULL, chosen))
  if (length(hyper)) draws[, , hyper] <- sampling$hyper[, , hyper]
  if (length(hyper) == length(chosen)) return(draws)
  needed <- effects_in_names(fit$posterior, chosen)
  fit <- with_effects_at_hand(fit, lapply(needed, function(own) own$group[!is.na(own$random)]))
  for (g in seq_along(needed)) {
    own <- needed[[g]]
    if (length(own$name)) draws[, , own$name] <- draws_of_names(fit, own, g)
  }
  draws
}

# Of names, for each grouping those that are its effects or coefficients: the group of each, its
# random column and its coefficient, NA where it has none.
effects_in_names <- function(posterior, names) {
  groups <- spell_groupings(posterior)
  lapply(seq_along(groups), function(g) {
    of <- function(prefix, columns, fixed) {
      own <- names[startsWith(names, sprintf("%s_%s[", prefix, groups[g]))]
      if (length(own) == 0) return(NULL)
      all <- effect_names(posterior, g, prefix, columns)
      place <- arrayInd(match(own, all), dim(all))
      column <- columns[place[, 1]]
      list(name = own, group = place[, 2], random = match(column, random_of(posterior, g)),
           fixed = match(column, fixed))
    }
    effects <- of("r", random_of(posterior, g), character())
    coefs <- of("coef", coef_columns_of(posterior, g), posterior$fixed)
    if (is.null(effects)) coefs else if (is.null(coefs)) effects else Map(c, effects, coefs)
  })
}

# beta_kj = beta_k + gamma_kj, either of which may be missing: iterations x chains x variables.
draws_of_names <- function(fit, own, g) {
  sampling <- fit$sampling
  draws <- array(0, c(sampling$draws, sampling$chains, length(own$name)))
  with_beta <- !is.na(own$fixed)
  draws[, , with_beta] <- sampling$hyper[, , own$fixed[with_beta]]
  varying <- !is.na(own$random)
  if (!any(varying)) return(draws)
  drawn <- effects_at(fit, own$random[varying], own$group[varying], g)
  for (chain in seq_len(sampling$chains)) {
    draws[, chain, varying] <- draws[, chain, varying] + drawn[[chain]]
  }
  draws
}
