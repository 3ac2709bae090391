#' Simulated responses
#'
#' Simulates replicates of the response. Each comes from its own draw from the posterior, chosen at
#' random. They are draws of [posterior_predict()][posterior_predict.relm] in the shape of
#' [stats::simulate()].
#'
#' Group effects are those of the draw. lme4's `simulate()` conditions on estimates and by default
#' draws new group effects. `use.u = FALSE` draws new group effects here too, from \eqn{N(0,
#' \Sigma)}, as for groups that are not in the data. For new groups, give `newdata` with new levels
#' and `allow_new_levels = TRUE`.
#'
#' @inheritParams posterior_predict.relm
#' @param re_formula Which group effects to include: `NULL` for all, `NA` or `~ 0` for none, or some
#'   of them, as in `~ (1 | g)`.
#' @param use.u,re.form lme4's arguments: `use.u = TRUE` or `re.form = NULL` for the group effects
#'   of the draw, and `use.u = FALSE`, `re.form = NA` or `~ 0` for new ones. Effects that
#'   `re_formula` leaves out count as zero instead.
#' @param nsim Number of replicates. If it exceeds the number of draws of the fit, draws repeat.
#' @param seed A whole number, or `NULL` to take one from the session's stream.
#' @param ... Other arguments of [posterior_predict()][posterior_predict.relm]: `allow_new_levels`,
#'   `sample_new_levels`, `new_sigma`, `offset`, `allow.new.levels`.
#' @return A data frame with a row for each row of the data, `NA` where `na.action = na.exclude`
#' left it out, and the columns `sim_1`, `sim_2`, ... Of a binomial family each column has the form of
#' the response: proportions where there are `weights`, a matrix of successes and failures, or a
#' factor. As in [stats::simulate()], its attribute
#' `seed` is the seed with the kind of generator, or the previous state of the session's generator.
#' @inheritSection posterior_predict.relm Errors
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' head(simulate(fit, nsim = 3, seed = 1))
#' simulate(fit, nsim = 2, seed = 1, newdata = data.frame(length = 40, station = "l1"),
#'          weights = 4)
#' @export
simulate.relm <- function(object, nsim = 1, seed = NULL, newdata = NULL, re_formula = NULL,
                          weights = NULL, use.u = NULL, re.form, ...) {
  before <- if (is.null(seed)) current_stream()
    else structure(check_seed(seed), kind = list("Mersenne-Twister", "Inversion", "Rejection"))
  simulated <- simulate_numbers(object, nsim, seed, newdata, re_formula, weights, use.u, re.form,
                                ...)
  values <- pad_rows(simulated$plan, t(simulated$draws))
  colnames(values) <- paste0("sim_", seq_len(nsim))
  structure(in_form_of_response(simulated$plan, as.data.frame(values)), seed = before)
}

# Replicates x rows, of trials numbers of successes, and the plan of their prediction.
simulate_numbers <- function(object, nsim = 1, seed = NULL, newdata = NULL, re_formula = NULL,
                             weights = NULL, use.u = NULL, re.form, ...) {
  nsim <- check_count(nsim, "nsim")
  new_groups <- draws_new_groups(object, use.u, re_formula, re.form)
  check_dots_empty(list(...)[names(list(...)) %in% c("ndraws", "draw_ids", "draws")],
                   setdiff(prediction_arguments, c("ndraws", "draw_ids", "draws")), "simulate")
  check_draws_memory(nsim, if (is.null(newdata)) nobs(object) else NROW(newdata), "nsim")
  seed <- check_seed(seed)
  total <- ndraws(object)
  chosen <- with_stream(chain_seeds(seed, 5)[5], {
    sample.int(total, nsim, replace = nsim > total)
  })
  asked <- asked_prediction(newdata, re_formula, ..., draw_ids = chosen, seed = seed,
                            weights = weights)
  plan <- plan_prediction(object, "simulate", TRUE, asked, new_groups = new_groups)
  list(draws = predict_draws(plan), plan = plan)
}

# Numbers of successes as the model has its response.
in_form_of_response <- function(plan, values) {
  if (family_of(plan$fit)$weights != "trials") return(values)
  trials <- if (!is.null(plan$rows$trials)) as.numeric(pad_rows(plan, plan$rows$trials))
  like <- schema_of(readable_design(plan$fit), character())$columns[[1]]
  if (is.null(trials) && has_totals(like)) trials <- rep(1, nrow(values))
  values[] <- lapply(values, write_successes, trials, like)
  values
}

# Are group effects drawn anew, by lme4's arguments?
draws_new_groups <- function(fit, use.u, re_formula, re.form) {
  given <- c(use.u = !is.null(use.u), re.form = !missing(re.form),
             re_formula = !is.null(re_formula))
  if (sum(given) > 1) {
    abort("{.arg {names(given)[given]}} all choose group effects.", i = "Give one of them.")
  }
  if (given[["use.u"]]) return(!check_flag(use.u, "use.u"))
  if (!given[["re.form"]]) return(FALSE)
  bars <- bars_of_random(chosen_random(fit, re.form, "re.form"))
  if (length(bars) && !identical(length(bars), length(readable_design(fit)$bars))) {
    abort("{.arg re.form} must be NULL, for the group effects of the draws, or NA, for new ones.",
          x = "It is {.code {deparse1(re.form)}}.",
          i = "{.arg re_formula} takes some of them up and leaves others out.")
  }
  length(bars) == 0
}

# The state of the session's generator, which may not have been used yet.
current_stream <- function() {
  if (!exists(".Random.seed", globalenv(), inherits = FALSE)) stats::runif(1)
  get(".Random.seed", globalenv(), inherits = FALSE)
}
