#' Fit a random-effects linear model
#'
#' Draws from the posterior distribution of \deqn{y_j = X_j \beta + Z_j \gamma_j + e_j,\quad e_{ij}
#' \sim N(0, \sigma^2 / w_{ij}),\quad \gamma_j \sim N_q(0, \Sigma)}{y_j = X_j beta + Z_j gamma_j +
#' e_j} for groups j = 1, ..., J, with samplers in C.
#'
#' @param formula A model in lme4's syntax, such as `y ~ x + (1 + x || g)`; see
#'   [relm_design()]; or its text. Or cross-products, made by [crossprods()].
#' @param data A data frame with the variables of the formula; or what gives data frames in chunks, for
#'   data that are too large for memory: see [crossprods()]; or a table in a database: see
#'   [sql-sources]. The fit then has no rows.
#' @param sigma The model of the residual variance: `~ 1` for a common one, `~ f` for one for each
#'   level of the factor `f`, which may vary within groups; or `known(se)` where each row is an
#'   estimate with a standard error that is known. See *Known standard errors*.
#' @param prior Priors, made by [relm_prior()].
#' @param sampler `"collapsed"`, the default, draws the relative covariance of the group effects
#'   from its own posterior, with everything else integrated out, by Metropolis-Hastings. It then
#'   draws the rest exactly. Its draws are usually nearly independent. In up to three dimensions it
#'   proposes from a table of the density. In more dimensions it proposes from a t whose mean and
#'   covariance come from importance sampling. It needs almost no warm-up: it runs at most 20
#'   sweeps, or 100. With several residual variances it uses all of `warmup` to learn the proposals.
#'   It takes at most eight random columns. With more columns, if it finds no mode to start from, or
#'   if hardly any of its proposals would be accepted, the interweaved sampler runs, unless you
#'   asked for `"collapsed"` by name; a message says so. `"uncentered"`, `"centered"` and `"interweaved"` are Gibbs
#'   samplers, named by the parameterization that they move in (Gelfand, Sahu and Carlin, 1995). The
#'   uncentered sampler mixes well if the data of groups say little about their effects, and the
#'   centered sampler if they say much. The interweaved sampler uses both, and standardized effects,
#'   in each sweep (Yu and Meng, 2011). Under `lkj(eta)` with eta below 1/2 the interweaved sampler
#'   uses coordinates that keep correlations apart from -1 and 1, and the other two Gibbs samplers
#'   refuse the prior. A model without group effects, with flat coefficients and one residual
#'   variance, is drawn exactly from its conjugate posterior instead. *Several grouping factors* has
#'   a table of what each sampler does with these, *Other responses* one of what runs for which family.
#' @param chains Number of chains.
#' @param draws Draws kept of each chain, after `warmup` and thinning.
#' @param warmup Sweeps at the start of each chain that are not kept.
#' @param thin Sweeps for each draw kept.
#' @param seed A whole number; the same one gives the same draws, whatever `cores` is
#'   and whatever generator the session uses. `NULL` takes one from the session's
#'   stream, so that [set.seed()] works too. Groups are drawn in the order in which they first
#'   appear in the rows: sorted in another way, the same data and seed give other draws of the same
#'   posterior. Names of groups and their order as levels do not matter.
#' @param cores Number of processes for the chains; or `"future"`, for chains that run where
#'   [future::plan()] says: in this process, in others, or on the machines of a cluster. relm must be
#'   installed there. The draws are the same wherever chains run.
#' @param threads Number of threads that share the sums over groups within a chain of the collapsed
#'   sampler. They are used from 10,000 groups on, if the package was built with OpenMP. The number
#'   does not change the draws. Forked processes run one thread each; those of `cores` are forked
#'   except on Windows.
#' @param init A fit of a model with the same hyperparameters, whose last draws the chains start
#'   from; or `NULL`.
#' @param group_draws For which groups to keep the draws of effects: `TRUE` for all, `FALSE` for
#'   none, or levels of the grouping factor; with several of these a list that names them, such as
#'   `list(a = TRUE, b = c("l1", "l2"))`; others keep none. `NULL` keeps all if they take less than
#'   200 MB. Draws that were not kept are the same numbers when you ask for them later, with
#'   [as_draws()][as_draws.relm], [ranef()][relm-effects] or [coef()][relm-effects]. If draws of all
#'   groups would take more than 200 MB and are not kept, the fit has the mean and covariance of
#'   each group's effects, averaged over 100 draws of the hyperparameters, or over all draws where
#'   crossed grouping factors take turns and for Gibbs samplers of other families. `ranef()` and `coef()`
#'   then give these means.
#' @param target_ess A number of effective draws. Chains run in blocks until every hyperparameter
#'   has this number, bulk and tail, over all chains together, or until each chain has `max_draws`,
#'   or until memory is full. A message says which. `draws` is then the size of the first block.
#' @param max_draws The number of draws of each chain at which `target_ess` gives up.
#' @param weights Precision weights: the residual variance of a row is \eqn{\sigma^2 / w}. They are
#'   evaluated in `data`, as in [lm()]. With a binomial family they are the numbers of trials of
#'   proportions, with counts how often each row stands in the data; both are whole numbers.
#' @param offset A known part of the linear predictor, evaluated in `data`; `offset()` in the formula
#'   works too.
#' @param subset Rows to use, evaluated in `data`.
#' @param na.action What to do with missing values; by default their rows are dropped, and a message
#'   says how many. If more than a quarter are dropped, a warning says so. [na.exclude()] also drops
#'   them, but the results for rows have `NA` in their place: [fitted()][predict.relm],
#'   [residuals()][residuals.relm], [predict()][predict.relm],
#'   [posterior_predict()][posterior_predict.relm] and related functions,
#'   [simulate()][simulate.relm], [predictive_interval()][relm-intervals], `weights()` and
#'   [augment()][relm-tidiers].
#' @param contrasts Contrasts of factors, as in [lm()].
#' @param family What the response is, as in [glm()]: text, a function or an object of class
#'   `family`. `gaussian()`; [student()], for outliers; `binomial()` with the links `"logit"`, `"probit"` and `"cloglog"`;
#'   `poisson()`; [negative_binomial()]. See *Other responses*. Cross-products have theirs, for which
#'   `NULL` stands.
#' @param progress Show a progress bar? With 100,000 rows or groups and more, messages say what is
#'   done before it begins.
#' @param prior_only Draw from the prior alone? The data then give the design and not the likelihood,
#'   and the response does not matter: see *Draws of the prior*.
#' @param checkpoint The name of a file, such as `"fit.rds"`, in which the draws so far are saved every
#'   half minute, later less often; or `NULL`. The same call with the same file goes on from there: see
#'   *Work that is not lost*.
#' @param ... With data in chunks, `levels`, `like` and `chunk_rows` of [crossprods()]. Unknown
#'   arguments are refused.
#' @return An object of class `relm`, a list. Use its methods rather than its elements:
#'   [summary()][summary.relm], [plot()][plot.relm], [fixef()][relm-effects],
#'   [as_draws()][as_draws.relm], [as.mcmc.list()][as_draws.relm].
#' @section Other responses:
#' With another family than the Gaussian one the linear predictor \eqn{\eta} is that of the same
#' formula, and the mean of the response is a function of it, the inverse link. But for [student()]
#' there is no residual variance, and so no `sigma`.
#' * [student()]: any numbers, as those of `gaussian()`, some of which may lie far off. `sigma`,
#'   `weights` and all else of a linear model are what they are there.
#' * `binomial()`: the response is 0 or 1, `FALSE` or `TRUE`, a factor of two levels, whose first is
#'   a failure, `cbind(successes, failures)`, or proportions, whose numbers of trials are `weights`.
#'   Rows whose number of trials is missing are treated as `na.action` says.
#' * `poisson()` and [negative_binomial()]: counts. The logarithm of an exposure is an `offset`.
#'
#' With [student()] each row has a weight that is drawn in each sweep, after the degrees of freedom
#' and `sigma`, for which the weights are integrated out (West, 1987). Given the weights the sampler
#' is that of Gaussian responses.
#'
#' Of the others the collapsed sampler integrates the effects out numerically and proposes the rest. The Gibbs
#' samplers draw a weight for each row, and given the weights what they draw of Gaussian responses
#' (Polson, Scott and Windle, 2013). Such weights exist for logistic and negative binomial regressions.
#' They are for teaching, and to check the collapsed sampler, whose draws depend less on each other:
#' where ones are rare, or the shape is far above the counts, weights move the parameters by little. What runs:
#'
#' | family, link | `sampler` | no factor | one factor | nested factors | crossed factors |
#' |:-------------|:----------|:----------|:-----------|:---------------|:----------------|
#' | `gaussian()` | `"collapsed"` | the conjugate posterior of flat coefficients | yes | yes | yes |
#' | | the Gibbs samplers | yes | yes | yes | yes |
#' | `student()` | `"collapsed"` | no: the interweaved sampler runs | yes | yes | yes |
#' | | the Gibbs samplers | yes | yes | yes | yes |
#' | `binomial()`, logit; `negative_binomial()` | `"collapsed"` | yes | yes | yes | yes |
#' | | the Gibbs samplers | yes | yes | yes | yes |
#' | `binomial()`, probit and cloglog; `poisson()` | `"collapsed"` | yes | yes | yes | yes |
#' | | the Gibbs samplers | no | no | no | no |
#'
#' Without grouping factors the three Gibbs samplers are one and the same. What does not run is refused;
#' a model of logistic or negative binomial regression with more than eight random columns has the
#' interweaved sampler where none is named, and a message says so.
#' @section Structured covariances:
#' `(1 + x | g)` has a covariance matrix of its own for each pair of columns. With fewer parameters, in
#' the spelling of lme4 2.0:
#'
#' * `us(0 + f | g)`: any covariance, the same as `(0 + f | g)`.
#' * `diag(0 + f | g)`: independent effects, each with a standard deviation of its own.
#' * `cs(0 + f | g)`: compound symmetry. All correlations are \eqn{\rho}, between -1/(q - 1) and 1.
#' * `ar1(0 + f | g)`: autoregression. The correlation of columns k and l is
#'   \eqn{\rho^{|k - l|}}{rho^|k - l|}.
#'
#' With `hom = TRUE`, which is the default of `ar1()` alone, all columns have one standard deviation:
#' `cs(0 + f | g, hom = TRUE)`. The columns of `ar1()` stand in the order of time, as the levels of a
#' factor `f` of occasions do. The prior of \eqn{\rho} is that of `cor`: `lkj(eta)` has density
#' det(C)^(eta - 1) over \eqn{\rho}, which is uniform for eta = 1 and LKJ's own for two columns. The prior
#' of `sd` is that of each standard deviation, or of the one. Draws have all standard deviations and
#' correlations, those that follow from others too. The collapsed sampler runs; the Gibbs samplers
#' have no such draw. With uniform standard deviations a homogeneous term is judged by its first column:
#' where few groups tell of that, a model that exists may be refused (see [relm_posterior()]).
#' @section Several grouping factors:
#' Each grouping factor g has effects \eqn{\gamma_{gj} \sim N(0, \Sigma_g)}, independent of those of
#' others, and a row's mean has those of its group in each. Factors whose groups lie in those of the
#' next, as pupils' classes in schools, are drawn jointly, with all of their effects integrated out,
#' as a single factor is. Factors that cross, as subjects and items, take turns: each is drawn so, with
#' the coefficients and \eqn{\sigma}, given the effects of the others (Papaspiliopoulos, Roberts and
#' Zanella, 2020), in sweeps whose proposals are learnt in a pilot run; 100 sweeps are the warm-up.
#' Where one of the factors has few groups, or few of their groups meet, as workers and firms do,
#' all are drawn jointly instead, by a sparse Cholesky factor, if that costs less for an effective draw.
#' The pattern of the data and the pilot run decide, and no clock does: the same data have the same
#' draws. At most eight random columns are drawn jointly, those of one standard deviation counted as one;
#' with more the interweaved sampler runs.
#'
#' The Gibbs samplers draw the effects of one factor after another, each given those of the others,
#' whose part they take off y. They are for teaching, and for models that cannot be collapsed: with
#' crossed factors they need the more sweeps the more groups there are (see
#' `vignette("samplers", package = "relm")`). What runs:
#'
#' | `sampler` | one factor | nested factors | crossed factors |
#' |:----------|:-----------|:---------------|:----------------|
#' | `"collapsed"` | covariances with all effects integrated out, then the rest exactly | the same for the whole chain | the same for all, or each chain in turn so, with the coefficients and \eqn{\sigma}, given the effects of the others |
#' | `"uncentered"` | \eqn{\gamma_j} around 0 | \eqn{\gamma_{gj}} of each factor around 0 | as nested |
#' | `"centered"` | \eqn{\beta_j} around \eqn{\beta} | the coefficients of a group around those of the group that it lies in, those of the outermost around \eqn{\beta} | around \eqn{\beta} those of one factor, around 0 those of the others |
#' | `"interweaved"` | \eqn{\gamma_j}, standardized effects and \eqn{\beta_j} | the same of each factor; and effects and standardized effects of a group given the sums of its own and those of the groups within it | the same of each factor |
#'
#' In the centered sampler a coefficient is the mean of the effects of one factor: the one with the
#' fewest groups of those that have the column as a random one; among equals the outer one, and then
#' the first in the formula. So in a nested chain it is the outermost. A random column that the outer
#' factor does not have is centered at its coefficient or, without one, at 0. A factor that lies in one
#' which another lies in too, and crosses that other, is a chain of its own. Under `lkj(eta)` with eta
#' below 1/2 the interweaved sampler has no steps given those of the groups within.
#' @section Known standard errors:
#' In a meta-analysis the rows are estimates, and their standard errors are known. With `sigma = known(se)`
#' the variance of a row's residual is \eqn{se_i^2}, \eqn{e_i \sim N(0, se_i^2)}. `se` is evaluated in
#' `data`, as `weights` are. It is the same model as `weights = 1 / se^2` with `prior = relm_prior(sigma =
#' fixed(1))`, and has the same draws: `sigma` stays among the draws as the constant by which standard errors are multiplied,
#' 1. No standard error may be missing, and none below or equal to zero. `weights`, another prior of sigma and
#' other families are refused beside it. One row for each group is enough. Under a uniform standard deviation random intercepts
#' need three groups, and one more for each further coefficient that is constant within groups. Predictions of new observations need the standard errors of
#' these: a column of `newdata`, or `weights`. Those of means do not. See `vignette("meta", package = "relm")`.
#' @section Draws of the prior:
#' With `prior_only = TRUE` parameters are drawn from their priors, and group effects from their
#' normal distribution given these. The response may have any values that the family takes, as long as
#' they differ. `pp_check()`, `posterior_predict()` and `simulate()` of such a
#' fit show what the model foretells before it has seen data. Draws are independent, and no chain
#' runs: `sampler`, `warmup`, `thin`, `init`, `threads` and `cores` do not matter, and `target_ess` is
#' refused. Every prior has to be proper; the error names those that are not. `update(fit, prior_only =
#' FALSE)` fits the same model to the data. Criteria of a fit to data, such as [loo()][loo.relm],
#' [log_lik()] and [logml()], are refused, and so is [extend()].
#' @section Work that is not lost:
#' Interrupt a fit, and [recover_fit()] gives what its chains have drawn. With `checkpoint = "fit.rds"` the
#' draws are saved in this file as they come: first after half a minute, then whenever a tenth of the time
#' has passed since. A new file takes the place of the one before when it is whole, so that a process that
#' is killed, or a disk that is full, spoils nothing. The same call again goes on from the file, in any
#' session, and ends with the draws that one undisturbed run has, number for number; more `draws` than before are
#' drawn as [extend()] draws them. At the end the file has the whole fit, which the same call then gives at
#' once. A file of another model, of other data or of other arguments is refused. `recover_fit("fit.rds")`
#' gives the draws in a file as a fit. Warm-up is not saved: until the first draws there is nothing
#' to go on from.
#' @section Errors:
#' A posterior that does not exist is refused before sampling; see [relm_posterior()]. Errors about
#' arguments have the class `relm_error`, by which [tryCatch()] finds them. Texts that choose
#' something, such as `"collapsed"`, are compared letter by letter, capitals and all; other texts
#' are refused with those that there are. A column with a random slope that lies far from zero, such
#' as a year, makes intercepts and slopes hard to tell apart: center it. A message says so where its
#' mean is more than ten of its standard deviations within groups away.
#' @references
#' Gelfand, A. E., Sahu, S. K. and Carlin, B. P. (1995). Efficient parametrisations for
#' normal linear mixed models. *Biometrika* 82, 479--488.
#'
#' Papaspiliopoulos, O., Roberts, G. O. and Zanella, G. (2020). Scalable inference for crossed random
#' effects models. *Biometrika* 107, 25--40.
#'
#' Polson, N. G., Scott, J. G. and Windle, J. (2013). Bayesian inference for logistic models using
#' Polya-Gamma latent variables. *Journal of the American Statistical Association* 108, 1339--1349.
#'
#' Yu, Y. and Meng, X.-L. (2011). To center or not to center: that is not the question -- an
#' ancillarity-sufficiency interweaving strategy (ASIS) for boosting MCMC efficiency. *Journal of
#' Computational and Graphical Statistics* 20, 531--570.
#' @examples
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit <- relm(log(mercury) ~ x + (1 + x || station), data = bass, seed = 1)
#' fit
#' summary(fit)
#' @export
relm <- function(formula, ...) UseMethod("relm")

#' @rdname relm
#' @export
relm.formula <- function(formula, data, sigma = ~ 1, prior = relm_prior(),
                         sampler = "collapsed", chains = 4, draws = 1000, warmup = 500,
                         thin = 1, seed = NULL, cores = 1, threads = 1, init = NULL,
                         group_draws = NULL, target_ess = NULL, max_draws = 100000, weights,
                         offset, subset, na.action = getOption("na.action"),
                         contrasts = NULL, family = "gaussian", progress = interactive(),
                         prior_only = FALSE, checkpoint = NULL, ...) {
  call <- match.call()
  from_source <- !missing(data) && is_source(data)
  if (!from_source) check_dots_empty(list(...), names(formals(relm.formula)))
  check_family(tryCatch(family, error = identity))
  control <- check_control(if (!missing(sampler)) sampler, chains, draws, warmup, thin, cores,
                           threads, init, group_draws, target_ess, max_draws, progress, checkpoint)
  if (from_source) {
    read <- crossprods(formula, data, {{ sigma }}, {{ weights }}, {{ offset }}, {{ subset }},
                       na.action, contrasts, family = family, drop.unused.levels = TRUE,
                       progress = progress, ...)
    return(fit_crossprods(call, read, prior, control, seed, prior_only))
  }
  design <- relm_design(formula, data, {{ sigma }}, {{ weights }}, {{ offset }}, {{ subset }},
                        na.action, contrasts, family = family)
  tell_work("Reading", nrow(design$frame), "rows", control)
  posterior <- posterior_for(crossprods(design, by_group = FALSE), prior, prior_only)
  tell_far_slopes(posterior)
  new_fit(call, posterior, control, seed, list(design = design))
}

#' @export
relm.character <- function(formula, ...) {
  formula <- formula_of_text(formula, parent.frame())
  if (is.character(formula)) return(relm.default(formula))
  call <- match.call(relm.formula, sys.call())
  call[[1]] <- quote(relm)
  call$formula <- without_attributes(formula)
  fit <- relm.formula(formula, ...)
  call$checkpoint <- NULL
  fit$call <- call
  fit
}

#' @rdname relm
#' @export
relm.relm_crossprods <- function(formula, prior = relm_prior(), sampler = "collapsed",
                                 chains = 4, draws = 1000, warmup = 500, thin = 1,
                                 seed = NULL, cores = 1, threads = 1, init = NULL,
                                 group_draws = NULL, target_ess = NULL, max_draws = 100000,
                                 family = NULL, progress = interactive(), prior_only = FALSE,
                                 checkpoint = NULL, ...) {
  call <- match.call()
  check_dots_empty(list(...), names(formals(relm.relm_crossprods)))
  check_same_family(formula, tryCatch(family, error = identity))
  control <- check_control(if (!missing(sampler)) sampler, chains, draws, warmup, thin, cores,
                           threads, init, group_draws, target_ess, max_draws, progress, checkpoint)
  fit_crossprods(call, formula, prior, control, seed, prior_only)
}

fit_crossprods <- function(call, crossprods, prior, control, seed, prior_only) {
  schema <- crossprods$schema
  crossprods$schema <- NULL
  posterior <- posterior_for(crossprods, prior, prior_only)
  tell_far_slopes(posterior)
  new_fit(call, posterior, control, seed, list(schema = schema))
}

# Cross-products have a family; to name it again does no harm.
check_same_family <- function(crossprods, family) {
  if (is.null(family)) return(invisible())
  said <- c("name", "link")
  if (identical(check_family(family)[said], family_of(crossprods)[said])) return(invisible())
  abort("{.arg family} is another one than that of the cross-products.",
        x = "They are of {family_text(crossprods)}.",
        i = "Give {.arg family} to {.fn crossprods}.")
}

#' @export
relm.default <- function(formula, ...) {
  if (missing(formula)) abort("{.arg formula} is missing.",
                              i = "Write {.code relm(y ~ x + (1 | g), data)}.")
  abort("{.arg formula} must be a formula or cross-products.",
        x = "It is {describe(formula)}.",
        i = "Write it as {.code relm(y ~ x + (1 | g), data)}.")
}

# control: as asked for, which update() starts from. The fit that `init` is would make this one
# as large. parts: what else the fit has.
new_fit <- function(call, posterior, control, seed, parts = list()) {
  call[[1]] <- quote(relm)
  call$checkpoint <- NULL
  # As written: a formula object would bring its environment.
  for (name in c("formula", "sigma")) {
    if (inherits(call[[name]], "formula")) call[[name]] <- without_attributes(call[[name]])
  }
  parts <- Filter(Negate(is.null), parts)
  fit <- c(list(call = call, posterior = posterior, sampling = list(),
                control = c(control[control_names], list(seed = seed))), parts)
  class(fit) <- "relm"
  if (!is.null(control$checkpoint)) return(fit_saving(fit, control, seed))
  fit$sampling <- recoverably(function(left) fit_of_left(fit, left),
                              sample_posterior(posterior, control, seed))
  fit
}
