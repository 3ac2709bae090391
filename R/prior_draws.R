# Draws from the prior, where it is proper: of hyperparameters, effects and coefficients of groups.

# draws x variables; or the first of these priors that is improper, as a text. Whatever the
# variables do not depend on may have any prior.
prior_draws <- function(posterior, variables, n, seed) {
  needed <- needed_parameters(posterior, variables)
  improper <- improper_among(posterior, needed)
  if (length(improper)) return(improper[1])
  with_stream(seed, {
    drawn <- draw_prior_hyper(posterior, needed, n)
    with_prior_effects(drawn$hyper, posterior, variables, needed$effects, drawn$roots)
  })
}

# What the variables depend on: places of coefficients (b) and of scale parameters; for each
# grouping the columns whose effects or standard deviations they are of, and whether they need its
# covariance; what they are of its effects (effects_in_names()).
needed_parameters <- function(posterior, variables) {
  parameters <- parameters_of(posterior)
  named <- parameters[match(variables, parameters$variable, 0L), ]
  places <- match(named$variable, parameters$variable)
  effects <- effects_in_names(posterior, variables)
  groupings <- groupings_of(posterior)
  columns <- lapply(seq_along(groupings), function(g) {
    own <- named[named$part == "sd" & named$grouping %in% groupings[[g]]$name, ]
    random <- effects[[g]]$random
    union(match(own$column, groupings[[g]]$random$column), random[!is.na(random)])
  })
  fixed <- unlist(lapply(effects, `[[`, "fixed"))
  with_effects <- lengths(columns) > 0 | names_of_groupings(posterior) %in% named$grouping
  list(b = unique(c(places[named$part == "b"], places_of(posterior, "b")[fixed[!is.na(fixed)]])),
       scale = unique(places[named$part %in% c("sigma", "shape", "pool", "df")]), columns = columns,
       groupings = which(with_effects), effects = effects)
}

# The variables: hyperparameters as they are, effects of each group from their normal distribution.
with_prior_effects <- function(hyper, posterior, variables, effects, roots) {
  n <- nrow(hyper)
  draws <- matrix(0, n, length(variables), dimnames = list(NULL, variables))
  known <- intersect(variables, colnames(hyper))
  draws[, known] <- hyper[, known]
  for (g in seq_along(effects)) {
    own <- effects[[g]]
    fixed <- which(!is.na(own$fixed))
    draws[, own$name[fixed]] <- hyper[, places_of(posterior, "b")[own$fixed[fixed]]]
    for (group in unique(own$group[!is.na(own$random)])) {
      z <- matrix(stats::rnorm(n * dim(roots[[g]])[2]), n)
      for (m in which(own$group == group & !is.na(own$random))) {
        effect <- rowSums(matrix(roots[[g]][, own$random[m], ], n) * z)
        draws[, own$name[m]] <- draws[, own$name[m]] + effect
      }
    }
  }
  draws
}
