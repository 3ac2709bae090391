#' The posterior of a model
#'
#' Joins cross-products with priors, drops aliased columns, and checks that the posterior exists.
#' The samplers draw from the result. A proper prior of its coefficient identifies an aliased
#' column: only those with flat priors are dropped that depend on others with flat priors. So there
#' may be more columns than rows where priors are proper.
#'
#' @param crossprods Cross-products of a design, of class `relm_crossprods`.
#' @param prior Priors, made by [relm_prior()].
#' @return An object of class `relm_posterior`, a list with the elements
#'   \describe{
#'   \item{`fixed`, `groupings`, `levels`}{as in [crossprods()], without aliased columns; each
#'     grouping has `blocks` as well, the blocks of its covariance matrix with their priors}
#'   \item{`beta`}{prior mean and precision of each coefficient (0 where flat)}
#'   \item{`sigma`}{prior of the residual standard deviations in the form that the samplers use:
#'     shape, rate and upper bound of its conjugate part, and kind, df and scale of the rest}
#'   \item{`shape`}{with [negative_binomial()], in place of `sigma`: the prior of \eqn{r^{-1/2}}, r the
#'     shape, in that form}
#'   \item{`df`}{with [student()]: the prior of the degrees of freedom, whether they are known, and
#'     its shape and rate}
#'   \item{`parameters`}{a data frame with a row for each hyperparameter: `variable`, its name among
#'     the draws; `part`: `"b"`, `"sd"`, `"cor"`, `"sigma"` or, of a [pooled()] prior, `"pool"`, `"shape"`
#'     or `"df"`;
#'     `grouping`, `column` and `with`, the columns that it belongs to; `stratum`, the level with a
#'     residual variance of its own; `shown`, its place among the draws; and `tail`, the exponent e
#'     with which its density falls, like \eqn{t^{-e}}: a mean exists for e > 2, a variance for
#'     e > 3}
#'   }
#' @section When the posterior does not exist:
#' With flat coefficients and uniform standard deviations a posterior can be
#' improper. The following are refused, with the cause and a remedy:
#' * uniform standard deviations: for a set S of random columns, of one grouping or of several,
#'   let \eqn{t_S = rank[X\;Z_S] - rank\,X}, with X the columns that have a flat prior and \eqn{Z_S}
#'   those of S, each with a block for every group. The posterior is proper only if \eqn{t_S \ge |S|
#'   + 1} for every set S of columns whose standard deviation is uniform on \eqn{(0, \infty)}.
#'   Random intercepts with a flat intercept need at least three groups. Two groupings with the same
#'   groups need at least four; their standard deviations are told apart by the prior alone, which a
#'   message says.
#' * a Jeffreys (or uniform) residual variance: each residual variance needs more rows than
#'   \eqn{rank[X\;Z]}, Z of all groupings, and a residual that is not zero.
#' * correlated effects under [lkj()] with a uniform standard deviation: they need at least one more
#'   group than there are columns.
#' * `half_t()`, `half_normal()` and `exponential()` of a residual standard deviation do not keep it
#'   away from zero. If the columns fit its rows exactly, there must be as many columns as rows.
#' * [fixed()], or standard errors that are known: nothing is asked of the rows but what uniform standard
#'   deviations need. One row for each group is enough.
#' * [pooled()]: the conditions of one common Jeffreys residual variance. Also, no level with more
#'   rows than columns may be fitted exactly.
#' * [student()]: s of n rows of a residual variance that coefficients and effects fit exactly, which
#'   they fix in m directions, must not be so many that \eqn{s - m \ge n - s}, or with known degrees
#'   of freedom \eqn{\nu}, \eqn{s - m \ge \nu (n - s)}; one more under priors of \eqn{\sigma} that
#'   do not rise at zero. Judged are rows with the most frequent response, and with that of each group
#'   where its rows have the same columns. An example are responses of which more than half are zero.
#' @section Of other families:
#' A row *bounds* its linear predictor from both sides if it has successes and failures, or a count
#' above zero. One outcome only, or a count of zero, bounds it from one side. The following are
#' refused; a linear program finds them:
#' * separation: under flat coefficients a combination of the columns that is not below zero where
#'   there are successes alone, not above zero where there are failures or zero counts alone, zero
#'   where a row bounds both sides, and not zero everywhere. All responses alike are an example.
#' * standard deviations: for a set S of random columns, a row is pinned if it is zero in every such
#'   combination of the columns of X with flat priors and of \eqn{Z_S}. With \eqn{t_S} the rank of
#'   \eqn{[X\;Z_S]} over the pinned rows less the number of columns of X, the likelihood falls like
#'   \eqn{\tau^{-t_S}} as the standard deviations grow, and uniform ones need \eqn{t_S \ge |S| + 1}
#'   for every S. Where all rows are pinned, this is the condition of the linear model. For random
#'   intercepts \eqn{t_S} is the number of groups with both outcomes, or with a count above zero,
#'   less the number of flat columns that are constant within groups, the intercept included: two
#'   more such groups than such columns are needed. If other columns separate the outcomes within
#'   the groups, \eqn{t_S} is below zero, and heavy tails such as those of `half_cauchy()` are
#'   refused as well.
#' * the shape of the negative binomial, if its prior is like \eqn{r^{a - 1}} near zero: the number of
#'   rows with a count above zero, plus a, must exceed the number of flat coefficients and uniform
#'   standard deviations, less the rank of \eqn{[X\;Z_S]} over those rows with a count above zero that
#'   bound each other, S all uniform columns.
#'
#' Correlated effects are judged as independent ones, and have the linear model's condition on the
#' number of groups. Sets of columns of several groupings are not judged where they take matrices of
#' more than 20,000 rows, or several hundred effects, that no single group's rows decide.
#' @examples
#' model <- crossprods(log(mercury) ~ log(length) + (1 | station), data = bass)
#' relm_posterior(model)
#' @export
relm_posterior <- function(crossprods, prior = relm_prior()) {
  posterior <- new_posterior(crossprods, prior)
  if (is_linear(posterior)) check_proper(posterior) else check_family_proper(posterior)
}

# A posterior that may not exist, without its table of parameters.
new_posterior <- function(crossprods, prior) {
  if (missing(crossprods) || !inherits(crossprods, "relm_crossprods")) {
    abort("{.arg crossprods} must be made by {.fn crossprods}.",
          x = "It is {if (missing(crossprods)) 'missing' else describe(crossprods)}.")
  }
  check_relm_prior(prior)
  crossprods <- check_intact(crossprods)
  if (isTRUE(crossprods$sigma_known)) prior <- with_known_sigma(prior)
  family <- family_of(crossprods)
  check_scale_priors(prior, family)
  crossprods <- drop_aliased(crossprods, beta_prior(prior$beta, crossprods)$precision)
  check_something_unknown(crossprods, family)
  posterior <- unclass(crossprods)
  posterior$prior <- prior
  posterior$beta <- beta_prior(prior$beta, crossprods)
  posterior$rank <- length(crossprods$fixed) - length(aliased_columns(crossprods))
  if (!has_groups(crossprods)) check_prior_of_none(prior)
  posterior$groupings <- lapply(seq_along(crossprods$groupings), function(g) {
    grouping <- crossprods$groupings[[g]]
    own <- prior_of_grouping(prior, crossprods$groupings, g)
    name <- if (length(crossprods$groupings) > 1) grouping$name
    grouping$blocks <- covariance_blocks(own, grouping$random, name)
    grouping
  })
  posterior$groupings <- with_parents(posterior$groupings, posterior$cells)
  if (identical(family$scale, "sigma")) {
    posterior$sigma <- encode_scale(prior$sigma)
    check_pooled(posterior)
    check_fixed(posterior)
  } else if (identical(family$scale, "shape")) {
    posterior$shape <- encode_scale(spread_prior(shape_prior(prior)))
  }
  if (is_student(posterior)) posterior$df <- encode_df(df_prior(prior))
  structure(posterior, class = "relm_posterior")
}

# A family without a scale parameter has coefficients and group effects alone.
check_something_unknown <- function(crossprods, family) {
  if (!is.null(family$scale) || length(crossprods$fixed) || has_groups(crossprods)) {
    return(invisible())
  }
  abort("A {family$label} without a column and without a random term has nothing to estimate.",
        x = "The formula is {.code {deparse1(crossprods$formula)}}.",
        i = "Write {.code {deparse1(crossprods$formula[[2]])} ~ 1} for an intercept.")
}

# Priors of scale parameters that the family has not.
check_scale_priors <- function(prior, family) {
  if (!identical(family$scale, "sigma") && !identical(prior$sigma, jeffreys())) {
    abort("{.arg sigma} of {.fn relm_prior} has no place in a {family$label}, which has no residual
           variance.", x = "It is {.code {format(prior$sigma)}}.", i = "Leave it out.")
  }
  if (!identical(family$scale, "shape") && !is.null(prior$shape)) {
    abort("{.arg shape} of {.fn relm_prior} is the prior of the shape of {.fn negative_binomial},
           and has no place in a {family$label}.", i = "Leave it out.")
  }
  if (!identical(family$name, "student") && !is.null(prior$df)) {
    abort("{.arg df} of {.fn relm_prior} is the prior of the degrees of freedom of {.fn student}, and
           has no place in a {family$label}.", i = "Leave it out.")
  }
}

check_pooled <- function(posterior) {
  if (!is_pooled(posterior)) return(invisible())
  if (!has_strata(posterior)) {
    abort("{.code sigma = pooled()} is a prior of several residual variances, and the model has
           one.", i = "Write {.code sigma = ~ f} in the model for one at each level of a factor
                       f, or give another prior.")
  }
  if (n_strata(posterior) < 2) {
    abort("{.code sigma = pooled()} needs at least two residual variances to learn from.",
          x = "{.code {posterior$strata$name}} has one level, {.val {posterior$strata$labels}}.")
  }
}

# Takes out columns of X with a flat prior that depend on such before them, as lm() does.
drop_aliased <- function(crossprods, precision) {
  aliased <- aliased_columns(crossprods, which(precision == 0))
  if (length(aliased) == 0) return(crossprods)
  inform("The model matrix is rank deficient: dropped {length(aliased)} aliased
          column{?s} {.val {crossprods$fixed[aliased]}}.")
  drop_columns(crossprods, aliased)
}

# Where an intercept stands beside them, columns are judged by what they are beyond their shift, so
# that a date in seconds is not taken for a constant. They must be more than 1e-9 of their size, so
# that rounding is less than 1e-7 of them, and what other columns leave of them more than 1e-12.
aliased_columns <- function(crossprods, columns = seq_along(crossprods$fixed)) {
  p <- length(columns)
  if (p == 0) return(integer())
  factor <- total_factor(crossprods)
  X <- factor[, columns, drop = FALSE]
  rounding <- numeric(p)
  if (crossprods$intercepts[["X"]] > 0 && 1L %in% columns) {
    rounding <- 1e-12 * raw_lengths(factor, x_shift(crossprods))[columns]
  }
  out <- sqrt(colSums(X^2)) <= 1e3 * rounding
  repeat {
    X[, out] <- 0
    decomposition <- stats::.lm.fit(X, numeric(nrow(X)), tol = 1e-7)
    kept <- decomposition$pivot[seq_len(decomposition$rank)]
    left <- abs(diag(decomposition$qr))[seq_along(kept)]
    rounded <- kept[left <= rounding[kept]]
    if (length(rounded) == 0) break
    out[rounded] <- TRUE
  }
  columns[setdiff(seq_len(p), kept)]
}

drop_columns <- function(crossprods, dropped) {
  q <- n_cell_columns(crossprods)
  p <- length(crossprods$fixed)
  kept <- setdiff(seq_len(p), dropped)
  crossprods$fixed <- crossprods$fixed[kept]
  crossprods$responses <- drop_response_columns(crossprods$responses, dropped)
  crossprods$shift <- crossprods$shift[-(q + dropped)]
  for (g in seq_along(crossprods$groupings)) {
    paired <- match(crossprods$groupings[[g]]$random$paired, kept)
    crossprods$groupings[[g]]$random$paired <- paired
  }
  crossprods$cells$factor <- crossprods$cells$factor[, -(q + dropped), , drop = FALSE]
  drop <- function(factors) {
    dropped <- lapply(seq_len(dim(factors)[3]), function(s) {
      qr_factor(matrix(factors[, -dropped, s], p + 1))
    })
    array(unlist(dropped), c(rep(length(kept) + 1, 2), length(dropped)))
  }
  crossprods$strata$factor <- drop(crossprods$strata$factor)
  if (!is.null(crossprods$cells$rest)) crossprods$cells$rest <- drop(crossprods$cells$rest)
  if (1 %in% dropped) crossprods$intercepts[["X"]] <- 0
  crossprods
}

beta_prior <- function(prior, crossprods) {
  by_column <- prior_by_column(prior, crossprods$fixed, "beta", flat())
  value <- function(name, default) {
    vapply(by_column, function(x) if (x$name == "flat") default else x$parameters[[name]], 0)
  }
  sd <- value("sd", Inf)
  if (all(sd == Inf)) return(list(mean = value("mean", 0), precision = numeric(length(sd))))
  autoscaled <- vapply(by_column, function(x) isTRUE(x$parameters$autoscale), NA)
  if (any(autoscaled)) sd[autoscaled] <- (sd / column_sds(crossprods))[autoscaled]
  list(mean = value("mean", 0), precision = 1 / sd^2)
}

# Standard deviations of the columns of X over the rows, which their weights multiply; without an
# intercept beside them the roots of their mean squares. 1 of a column that does not vary.
column_sds <- function(crossprods) {
  factor <- total_factor(crossprods)
  X <- factor[, seq_along(crossprods$fixed), drop = FALSE]
  n <- crossprods$n_rows
  if (crossprods$intercepts[["X"]] == 0) return(sqrt(colSums(X^2) / n))
  size <- sum(X[, 1]^2)
  mean <- drop(crossprod(X, X[, 1])) / size
  variance <- colSums((X - outer(X[, 1], mean))^2) / size * n / (n - 1)
  varies <- variance > 1e-18 * colSums(X^2) / size
  ifelse(varies, sqrt(variance), 1)
}

# A block of one column has a variance; a larger one a covariance matrix. prior: of the grouping;
# name: of it, where the model has others.
covariance_blocks <- function(prior, random, name = NULL) {
  sd <- prior$sd
  blocks <- columns_of_blocks(random)
  matrices <- sum(lengths(blocks) > 1)
  if (!is.null(prior$cov)) check_cov(prior, blocks, random, name)
  lapply(blocks, function(columns) {
    if (length(columns) == 1) {
      variance_block(columns, if (matrices == 0 && !is.null(prior$cov)) prior$cov
                     else sd[[columns]])
    } else if (!is.null(random$structure) && nzchar(random$structure[columns[1]])) {
      structured_block(columns, random$structure[columns[1]], prior, sd[columns])
    } else {
      matrix_block(columns, prior, sd[columns])
    }
  })
}

# cov over one column: the variance of IW(df, scale) is inverse gamma, and the standard deviation
# under Huang and Wand's prior half-t.
variance_block <- function(column, distribution) {
  parameters <- distribution$parameters
  distribution <- switch(distribution$name,
    inverse_wishart = inverse_gamma(parameters$df / 2, parameters$scale[1] / 2),
    huang_wand = half_t(parameters$df, parameters$scale[1]),
    distribution
  )
  list(columns = column, kind = "variance", distribution = distribution,
       sd = list(distribution), variance = encode_scales(list(distribution)), parameter = 0,
       scale = matrix(0))
}

# sd: the priors of the standard deviations, where they have priors of their own.
matrix_block <- function(columns, prior, sd) {
  size <- length(columns)
  block <- list(columns = columns, kind = "lkj", distribution = prior$cor, sd = sd,
                scale = matrix(0, size, size))
  block$parameter <- prior$cor$parameters$eta
  if (!is.null(prior$cov)) block <- covariance_block(block, prior$cov)
  block$variance <- encode_scales(block$sd)
  block
}

# A block of a structure, over two columns or more. sd: the priors of its columns; hom: have they one
# standard deviation?
structured_block <- function(columns, structure, prior, sd) {
  size <- length(columns)
  name <- name_of_structure(structure)
  hom <- is_hom(structure)
  if (!is.null(prior$cov)) {
    abort("{.arg cov} is the prior of a full covariance matrix, and {.fn {name}} is another one.",
          i = "Give {.arg sd} and {.arg cor}.")
  }
  if (hom && !all(vapply(sd, identical, NA, sd[[1]]))) {
    abort("The effects of {.fn {name}} have one standard deviation, and {.arg sd} has several priors.",
          i = "Give one prior for all, or write {.code hom = FALSE}.")
  }
  eta <- if (name == "diag") 1 else prior$cor$parameters$eta
  if ((size - 1) * (eta - 1) + 1 <= 0) {
    abort("Under {.code lkj({eta})} the correlation of {size} effects in {.fn {name}} has no proper
           prior.", i = "{.arg eta} must be above {signif((size - 2) / (size - 1), 4)}.")
  }
  list(columns = columns, kind = name, homogeneous = hom, distribution = prior$cor, sd = sd,
       scale = matrix(0, size, size), parameter = eta, variance = encode_scales(sd))
}

covariance_block <- function(block, cov) {
  size <- length(block$columns)
  parameters <- cov$parameters
  block$kind <- cov$name
  block$distribution <- cov
  block$parameter <- parameters$df
  block$sd <- rep(list(uniform()), size)
  if (cov$name == "huang_wand") {
    block$sd <- lapply(rep_len(parameters$scale, size), half_t, df = parameters$df)
  } else {
    block$scale <- if (length(parameters$scale) == 1) diag(parameters$scale[1], size)
      else parameters$scale
  }
  block
}

# 6 x columns
encode_scales <- function(sd) vapply(sd, encode_scale, numeric(6))

check_prior_of_none <- function(prior) {
  if (!is.null(prior$cov)) abort("{.arg cov} is given, but the model has no group effects.")
  for (part in c("sd", "cor")) {
    if (inherits(prior[[part]], "relm_distribution")) next
    abort("{.arg {part}} has a prior for {.val {names(prior[[part]])}}, and the model has no group
           effects.")
  }
}

check_cov <- function(prior, blocks, random, of) {
  sizes <- lengths(blocks)
  # A term without columns is refused later, whatever its prior.
  if (length(sizes) == 0) return(invisible())
  parameters <- prior$cov$parameters
  size <- max(sizes)
  name <- prior$cov$name
  own <- if (!is.null(of)) "Each grouping may have its own prior, in a list that names them."
  of <- if (!is.null(of)) paste0(" of `", of, "`")
  if (size == 1 && length(blocks) > 1) {
    remedy <- c(inverse_wishart = "inverse_gamma(shape, rate)", huang_wand = "half_t(df, scale)")
    abort("{.arg cov} is the prior of a full covariance matrix, and the effects of
           {.val {random$column}}{of} are independent.",
          i = "Give {.code sd = {remedy[[name]]}}, or write {.code |} for {.code ||}.")
  }
  given <- NROW(parameters$scale)
  if (!given %in% c(1, sizes[sizes > 1], if (size == 1) 1)) {
    abort("{.arg scale} of {.fn {name}} must be
           {if (name == 'huang_wand') paste(size, 'numbers') else paste(size, 'x', size)}, as the
           group effects {.val {random$column}}{of} are.",
          x = "It is {describe(parameters$scale)}.", i = own)
  }
  default <- vapply(prior$sd, identical, NA, uniform())
  if (!all(default) && (size == 1 || all(sizes > 1))) {
    where <- if (!is.null(of)) paste0(" for effects", of)
    abort("{.arg sd} and {.arg cov} are both given{where}, and {.arg cov} leaves {.arg sd} nothing
           to be the prior of.", i = "Give one of them.")
  }
  if (name == "inverse_wishart" && parameters$df <= size - 1) {
    abort("{.arg df} of {.fn inverse_wishart} must be above {size - 1} for {size} effects{of}.",
          x = "It is {parameters$df}.")
  }
}

#' @export
print.relm_posterior <- function(x, ...) {
  cat("Posterior of ", deparse1(x$formula), "\n", sep = "")
  writeLines(prior_text(x))
  short <- Filter(function(tail) tail <= 3, parameter_tails(x))
  if (length(short)) {
    cat("without a variance: ", paste(names(short), collapse = ", "), "\n", sep = "")
  }
  invisible(x)
}

# The priors as they apply to the columns of this model.
prior_text <- function(posterior) {
  table <- prior_table(posterior)
  paste0(format(table$parameter), "  ", table$prior)
}

prior_table <- function(posterior) {
  beta <- prior_by_column(posterior$prior$beta, posterior$fixed, "beta", flat())
  rows <- lapply(seq_along(groupings_of(posterior)), prior_rows_of, posterior)
  fixed <- data.frame(parameter = sprintf("b_%s", spell_columns(posterior, posterior$fixed)),
                      prior = vapply(beta, format, ""))
  do.call(rbind, c(list(fixed), rows, list(prior_row_of_scale(posterior))))
}

prior_row_of_scale <- function(posterior) {
  scale <- family_of(posterior)$scale
  if (is.null(scale)) return(NULL)
  if (scale == "shape") {
    return(data.frame(parameter = "shape", prior = format(shape_prior(posterior$prior))))
  }
  sigma <- if (has_strata(posterior)) paste0("sigma_", spell_term(posterior$strata$name)) else "sigma"
  rbind(data.frame(parameter = sigma, prior = format(posterior$prior$sigma)),
        if (is_student(posterior)) {
          data.frame(parameter = "df", prior = format(df_prior(posterior$prior)))
        })
}

# Of grouping g, a row or two for each block.
prior_rows_of <- function(g, posterior) {
  spelled <- spell_random(posterior, g)
  group <- spell_groupings(posterior)[g]
  rows <- lapply(groupings_of(posterior)[[g]]$blocks, function(block) {
    name <- spelled[block$columns]
    sd <- paste0("sd_", group, "__", name)
    whole <- paste0(group, "(", paste(name, collapse = ","), ")")
    distribution <- format(block$distribution)
    if (block$kind == "variance") return(data.frame(parameter = sd, prior = distribution))
    if (block$kind %in% c("inverse_wishart", "huang_wand")) {
      return(data.frame(parameter = paste0("cov_", whole), prior = distribution))
    }
    if (is_homogeneous(block)) sd <- paste0("sd_", whole)
    scales <- vapply(block$sd[seq_along(sd)], format, "")
    if (block$kind == "diag") return(data.frame(parameter = sd, prior = scales))
    data.frame(parameter = c(sd, paste0("cor_", whole)), prior = c(scales, distribution))
  })
  do.call(rbind, rows)
}
