#' Draws of a fit
#'
#' The draws as objects of posterior or coda, as a matrix or as a data frame. Variables
#' are named as [relm_names] says.
#'
#' @param x A fit.
#' @param variable Names of variables, or regular expressions when `regex` is `TRUE`. `NULL`
#'   stands for all hyperparameters and group effects `r_`. Group coefficients `coef_` are
#'   there when they are asked for.
#' @param regex Are they regular expressions?
#' @param pars,regex_pars Names and regular expressions, in rstanarm's words for `variable`. They
#'   may also be written as rstanarm names coefficients and group effects, `x` for `b_x` and
#'   `b[(Intercept) g:l1]` for `r_g[l1,Intercept]`.
#' @param row.names,optional Not used.
#' @param ... Not used.
#' @return `as_draws()` and `as_draws_array()`: iterations x chains x variables, of
#'   posterior's class; its siblings in their own formats. `as.mcmc.list()`: coda's class,
#'   one matrix for each chain, with the sweeps' numbers as `start`, `end` and `thin`.
#'   `coda::as.mcmc()`: such a matrix, of a fit of one chain; of several it is an error.
#'   `as.array()`: iterations x chains x variables, a plain array, as bayesplot takes it.
#'   `as.matrix()` and `as.data.frame()`: draws x variables, chain after chain.
#' @section tidybayes:
#' `tidybayes::spread_draws(fit, r_station[station, term])` and `gather_draws()` work on a fit.
#' For coefficients of groups give them the draws:
#' `spread_draws(as_draws(fit, "^coef_", regex = TRUE), coef_station[station, term])`.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' posterior::summarise_draws(as_draws(fit, "^(b|sd)_", regex = TRUE))
#' coda::effectiveSize(as.mcmc.list(fit)[, "sigma"])
#' head(as.matrix(fit, "coef_station[l1,Intercept]"))
#' @name as_draws.relm
NULL

#' @rdname as_draws.relm
#' @export
as_draws.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  as_draws_array(x, variable, regex, ...)
}

#' @rdname as_draws.relm
#' @export
as_draws_array.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  chosen <- choose_variables(x, variable, regex)
  posterior::as_draws_array(draws_array(x, chosen))
}

#' @rdname as_draws.relm
#' @export
as_draws_df.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  posterior::as_draws_df(as_draws_array(x, variable, regex))
}

#' @rdname as_draws.relm
#' @export
as_draws_matrix.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  posterior::as_draws_matrix(as_draws_array(x, variable, regex))
}

#' @rdname as_draws.relm
#' @export
as_draws_list.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  posterior::as_draws_list(as_draws_array(x, variable, regex))
}

#' @rdname as_draws.relm
#' @export
as_draws_rvars.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  posterior::as_draws_rvars(as_draws_array(x, variable, regex))
}

#' @rdname as_draws.relm
#' @method as.mcmc.list relm
#' @export
as.mcmc.list.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  draws <- draws_array(x, choose_variables(x, variable, regex))
  sampling <- x$sampling
  coda::as.mcmc.list(lapply(seq_len(sampling$chains), function(chain) {
    values <- matrix(draws[, chain, ], nrow(draws), dimnames = list(NULL, dimnames(draws)[[3]]))
    coda::mcmc(values, start = sampling$warmup + sampling$thin, thin = sampling$thin)
  }))
}

#' @rdname as_draws.relm
#' @rawNamespace S3method(coda::as.mcmc, relm)
#' @usage \method{as.mcmc}{relm}(x, variable = NULL, regex = FALSE, ...)
as.mcmc.relm <- function(x, variable = NULL, regex = FALSE, ...) {
  if (x$sampling$chains > 1) {
    abort("{.fn as.mcmc} is for one chain, and the fit has {x$sampling$chains}.",
          i = "Use {.fn as.mcmc.list}.")
  }
  as.mcmc.list(x, variable, regex)[[1]]
}

#' @rdname as_draws.relm
#' @export
as.array.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL, ...) {
  draws <- draws_array(x, choose_variables(x, variable, regex, pars, regex_pars))
  dimnames(draws) <- list(iterations = NULL, chains = paste0("chain:", seq_len(ncol(draws))),
                          parameters = dimnames(draws)[[3]])
  draws
}

#' @rdname as_draws.relm
#' @export
as.matrix.relm <- function(x, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL,
                           ...) {
  draws <- draws_array(x, choose_variables(x, variable, regex, pars, regex_pars))
  matrix(draws, ncol = dim(draws)[3], dimnames = list(NULL, dimnames(draws)[[3]]))
}

#' @rdname as_draws.relm
#' @export
as.data.frame.relm <- function(x, row.names = NULL, optional = FALSE, variable = NULL,
                               regex = FALSE, pars = NULL, regex_pars = NULL, ...) {
  as.data.frame(as.matrix(x, variable, regex, pars, regex_pars), optional = TRUE)
}

#' @export
variables.relm <- function(x, ...) default_variables(x)

#' @export
nvariables.relm <- function(x, ...) length(default_variables(x))

#' @export
ndraws.relm <- function(x) x$sampling$chains * x$sampling$draws

#' @rawNamespace S3method(rstantools::nsamples, relm)
#' @method nsamples relm
#' @noRd
nsamples.relm <- function(object, ...) as.numeric(ndraws(object))

#' @export
nchains.relm <- function(x) x$sampling$chains

#' @export
niterations.relm <- function(x) x$sampling$draws

hyper_variables <- function(fit) dimnames(fit$sampling$hyper)[[3]]

# Rows of a chain's effects, the groups in the order of their levels.
effect_order <- function(posterior) {
  q <- nrow(posterior$random)
  if (q == 0) return(integer())
  as.integer(outer(seq_len(q), q * (posterior$group_display - 1L), "+"))
}

effect_variables <- function(fit) {
  effect_names(fit$posterior)[effect_order(fit$posterior)]
}

# Those whose draws are kept.
kept_variables <- function(fit) {
  q <- nrow(fit$posterior$random)
  order <- effect_order(fit$posterior)
  if (length(fit$sampling$kept) < length(fit$posterior$groups)) {
    order <- order[((order - 1L) %/% q) %in% fit$sampling$kept]
  }
  if (length(order) == 0) return(character())
  effect_names(fit$posterior)[order]
}

default_variables <- function(fit) c(hyper_variables(fit), kept_variables(fit))

# Columns that a group has a coefficient of: those of X, then those of Z alone.
coef_columns <- function(posterior) union(posterior$fixed, posterior$random$column)

coef_variables <- function(fit) {
  posterior <- fit$posterior
  if (is.null(posterior$group)) return(character())
  columns <- coef_columns(posterior)
  names <- matrix(effect_names(posterior, "coef", columns), length(columns))
  as.character(names[, posterior$group_display])
}

choose_variables <- function(fit, variable, regex, pars = NULL, regex_pars = NULL) {
  if (!is.null(pars) || !is.null(regex_pars)) {
    if (!is.null(variable)) abort("Give {.arg variable}, or {.arg pars} and {.arg regex_pars}.")
    return(choose_pars(fit, pars, regex_pars))
  }
  if (is.null(variable)) return(default_variables(fit))
  if (all(variable %in% hyper_variables(fit)) && !regex) return(unique(variable))
  all <- c(hyper_variables(fit), effect_variables(fit), coef_variables(fit))
  if (regex) {
    found <- lapply(variable, grep, x = all, value = TRUE)
    if (any(lengths(found) == 0)) refuse_variable(variable[lengths(found) == 0], fit)
    return(all[all %in% unlist(found)])
  }
  unknown <- setdiff(variable, all)
  if (length(unknown)) refuse_variable(unknown, fit)
  unique(variable)
}

# Variables by names that rstanarm has for them, or that relm has.
choose_pars <- function(fit, pars, regex_pars) {
  theirs <- rstanarm_names(fit)
  known <- pars %in% names(theirs)
  pars[known] <- theirs[pars[known]]
  matched <- lapply(regex_pars, function(pattern) {
    own <- grep(pattern, c(hyper_variables(fit), effect_variables(fit)), value = TRUE)
    found <- union(own, theirs[grep(pattern, names(theirs))])
    if (length(found) == 0) refuse_variable(pattern, fit)
    found
  })
  choose_variables(fit, unlist(c(pars, matched)), regex = FALSE)
}

# relm's names of the coefficients and group effects, named as rstanarm names them.
rstanarm_names <- function(fit) {
  posterior <- fit$posterior
  columns <- posterior$random$column
  fixed <- hyper_variables(fit)[seq_along(posterior$fixed)]
  levels <- rep(gsub(" ", "_", posterior$groups), each = length(columns))
  effects <- if (length(columns)) sprintf("b[%s %s:%s]", columns, posterior$group, levels)
  stats::setNames(c(fixed, effect_names(posterior)), c(posterior$fixed, effects))
}

refuse_variable <- function(unknown, fit) {
  abort("The fit has no {.arg variable} {.val {unknown}}.",
        i = "It has {.val {utils::head(default_variables(fit), 6)}} and so on.")
}

# iterations x chains x chosen variables.
draws_array <- function(fit, chosen) {
  sampling <- fit$sampling
  hyper <- intersect(chosen, hyper_variables(fit))
  other <- length(hyper) < length(chosen)
  effects <- if (other) intersect(chosen, effect_variables(fit))
  coefs <- if (other) intersect(chosen, coef_variables(fit))
  draws <- array(0, c(sampling$draws, sampling$chains, length(chosen)),
                 list(NULL, NULL, chosen))
  if (length(hyper)) draws[, , hyper] <- sampling$hyper[, , hyper]
  if (length(effects)) {
    drawn <- effect_rows(fit, match(effects, effect_names(fit$posterior)))
    for (chain in seq_len(sampling$chains)) draws[, chain, effects] <- t(drawn[[chain]])
  }
  if (length(coefs)) draws[, , coefs] <- coef_draws(fit, coefs)
  draws
}

# beta_kj = beta_k + gamma_kj, either of which may be missing.
coef_draws <- function(fit, names) {
  posterior <- fit$posterior
  q <- nrow(posterior$random)
  columns <- coef_columns(posterior)
  place <- match(names, effect_names(posterior, "coef", columns)) - 1L
  column <- columns[place %% length(columns) + 1L]
  group <- place %/% length(columns)
  fixed <- match(column, posterior$fixed)
  row <- q * group + match(column, posterior$random$column)
  sampling <- fit$sampling
  draws <- array(0, c(sampling$draws, sampling$chains, length(names)))
  draws[, , !is.na(fixed)] <- sampling$hyper[, , fixed[!is.na(fixed)]]
  varying <- !is.na(row)
  drawn <- effect_rows(fit, row[varying])
  for (chain in seq_len(sampling$chains)) {
    draws[, chain, varying] <- draws[, chain, varying] + t(drawn[[chain]])
  }
  draws
}

# Effects by their places among effect_names(), a matrix for each chain, effects x draws.
effect_rows <- function(fit, rows) {
  q <- nrow(fit$posterior$random)
  group <- (rows - 1L) %/% q + 1L
  groups <- sort(unique(group))
  places <- q * (match(group, groups) - 1L) + (rows - 1L) %% q + 1L
  lapply(effect_draws(fit, groups), function(drawn) drawn[places, , drop = FALSE])
}
