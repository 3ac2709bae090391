#' Parts of a model by lme4's names
#'
#' Gives the parts of a model that lme4's `getME()` gives, if a posterior has them.
#'
#' @param object A fit.
#' @param name One or more of the names below, or `"ALL"`.
#' @param ... Refused.
#' @return For one name:
#'   * `X`, `y`, `offset`, `weights`: fixed columns, response, offset and weights of the rows;
#'   * `mmList`: the random columns of each block; `cnms`: their names; `flist`: the grouping
#'     factors, a list;
#'   * `beta`, `fixef`: medians of the coefficients, the latter with names; `b`: those of the group
#'     effects, group after group of one grouping factor after the other; `mu`: those of the rows' means; `sigma`: that of the residual
#'     standard deviation;
#'   * `n`, `N`: the number of rows; `p`: of coefficients; `q`: of group effects; `n_rtrms`, `k`: of
#'     blocks; `n_rfacs`: of grouping factors; `p_i`, `q_i`: columns and effects of each block;
#'     `l_i`: the number of groups of each grouping factor. Blocks stand in the order of their
#'     grouping factors, and these in that of the formula.
#'
#'   For several names, a list of these. Parts that belong to lme4's maximization of a likelihood,
#'   such as `"theta"` or `"L"`, are refused.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' getME(fit, "cnms")
#' getME(fit, c("n", "p", "q"))
#' @export
getME <- function(object, name, ...) UseMethod("getME")

#' @export
getME.default <- function(object, name, ...) pass_on("lme4", "getME", object, name, ...)

#' @rdname getME
#' @rawNamespace S3method(lme4::getME, relm)
#' @export
getME.relm <- function(object, name, ...) {
  refuse_dots(list(...), "getME")
  design_of(object, "getME()")
  parts <- c(rows_by_name, estimates_by_name, counts_by_name)
  if (missing(name) || !is.character(name) || length(name) == 0 ||
        !all(name %in% c(names(parts), "ALL"))) {
    all <- cli::cli_vec(names(parts), list("vec-trunc" = Inf))
    abort("{.arg name} must be among {.val {all}}.",
          x = if (missing(name)) "It is missing." else "It is {describe(name)}.",
          i = "Other names of lme4's belong to its way of maximizing a likelihood.",
          i = if (!missing(name) && is.character(name) && any(name %in% c("theta", "lower", "Lambda"))) {
            "Draws of standard deviations and correlations are in {.code as.matrix(fit)}, and
             {.fn VarCorr} has estimates. None of them is at a bound, so lme4's {.fn isSingular} has
             nothing to tell."
          })
  }
  if (identical(name, "ALL")) name <- setdiff(names(parts), if (!is_linear(object)) "sigma")
  if (length(name) == 1) return(parts[[name]](object))
  lapply(parts[name], function(of) of(object))
}

rows_by_name <- list(
  X = function(fit) stats::model.matrix(fit),
  y = function(fit) {
    read <- read_frame(family_of(fit), fit$design$frame)
    if (is.null(read$trials)) read$y else read$y / read$trials
  },
  offset = function(fit) {
    offset <- stats::model.offset(fit$design$frame)
    if (is.null(offset)) numeric(nrow(fit$design$frame)) else as.numeric(offset)
  },
  weights = function(fit) {
    weights <- stats::model.weights(fit$design$frame)
    if (is.null(weights)) rep(1, nrow(fit$design$frame)) else as.numeric(weights)
  },
  mmList = function(fit) {
    matrices <- random_matrices(fit$design, fit$design$frame)
    number <- fit$design$of_grouping
    by_block(fit, if (is.null(number)) matrices else matrices[order(number)])
  },
  flist = function(fit) {
    groupings <- factors_of(fit$design)[grouping_parts_of(fit$design$by)]
    stats::setNames(lapply(groupings, grouping_as_factor), names_of_groupings(fit$posterior))
  },
  cnms = function(fit) {
    by_block(fit, of_blocks(fit, function(grouping) {
      unname(split(grouping$random$column, grouping$random$block))
    }))
  }
)

estimates_by_name <- list(
  beta = function(fit) unname(fixef(fit)),
  fixef = function(fit) fixef(fit),
  b = function(fit) {
    if (!has_groups(fit$posterior)) return(numeric())
    unlist(lapply(ranef(fit), function(effects) as.numeric(t(as.matrix(effects)))),
           use.names = FALSE)
  },
  mu = function(fit) as.numeric(stats::na.omit(stats::fitted(fit))),
  sigma = function(fit) stats::sigma(fit)
)

counts_by_name <- list(
  n = function(fit) stats::nobs(fit),
  N = function(fit) stats::nobs(fit),
  p = function(fit) length(fit$posterior$fixed),
  q = function(fit) sum(counts_by_name$q_i(fit)),
  n_rtrms = function(fit) length(sizes_by_block(fit)),
  k = function(fit) length(sizes_by_block(fit)),
  n_rfacs = function(fit) length(groupings_of(fit$posterior)),
  p_i = function(fit) sizes_by_block(fit),
  l_i = function(fit) ngrps(fit),
  q_i = function(fit) {
    sizes_by_block(fit) * of_blocks(fit, function(grouping) {
      rep(length(grouping$groups), length(grouping$blocks))
    })
  }
)

# What there is of each block, grouping after grouping.
of_blocks <- function(fit, of) unlist(lapply(groupings_of(fit$posterior), of), recursive = FALSE)

by_block <- function(fit, parts) {
  names <- of_blocks(fit, function(grouping) rep(grouping$name, length(grouping$blocks)))
  stats::setNames(parts, names)
}

sizes_by_block <- function(fit) {
  by_block(fit, of_blocks(fit, function(grouping) vapply(grouping$blocks, size_of_block, 0L)))
}
