# What a sampler is: each one's parameterization, what it refuses, and where its draws of group
# effects come from.

# The sampler that runs: the common line needs no chain, and where none is asked for it is
# the collapsed one, if it can run.
sampler_that_runs <- function(posterior, sampler) {
  if (!is_linear(posterior)) return(family_sampler(posterior, sampler))
  conjugate <- is_gaussian(posterior) && !has_groups(posterior) && all(posterior$beta$precision == 0) &&
    n_strata(posterior) < 2
  if (conjugate) return("common_line")
  if (!is.null(sampler)) return(sampler)
  if (is.null(collapsed_obstacle(posterior)) || has_structure(posterior)) "collapsed"
  else "interweaved"
}

# Another family than the Gaussian one has the collapsed sampler, and some have the others.
family_sampler <- function(posterior, sampler) {
  label <- family_of(posterior)$label
  if (!is.null(sampler) && sampler != "collapsed") {
    check_augmented(posterior, sampler)
    return(sampler)
  }
  columns <- vapply(groupings_of(posterior), function(grouping) nrow(grouping$random), 0L)
  if (any(columns > most_step_columns)) {
    if (is.null(sampler) && can_augment(posterior)) return("interweaved")
    abort("A {label} has at most eight random columns in a grouping.",
          x = "This one has {max(columns)}.")
  }
  "collapsed"
}

# Families, by their keys, that have Gibbs samplers by Polya-Gamma weights: those whose likelihood
# of a row is exp(e)^y / (1 + exp(e))^b.
augmented_families <- c("binomial", "negative_binomial")

can_augment <- function(posterior) key_of(posterior) %in% augmented_families

check_augmented <- function(posterior, sampler) {
  if (can_augment(posterior)) return(invisible())
  family <- family_of(posterior)
  other <- if (family$name == "binomial") '{.code family = binomial()}, with the link {.val logit}'
    else "{.code family = negative_binomial()}"
  abort("The {sampler} sampler draws Polya-Gamma weights, which logistic and negative binomial
         regressions have.",
        x = "This is a {family$label}, with the link {.val {family$link}}.",
        i = paste0("Leave {.arg sampler} out, and the collapsed sampler runs; or use ", other, "."))
}

# Random columns that are drawn jointly at most.
most_step_columns <- 8L

# What the collapsed sampler asks of a model; NULL where it can run.
collapsed_obstacle <- function(posterior) {
  if (!has_groups(posterior)) return("group effects")
  # One standard deviation of many columns is one coordinate.
  columns <- vapply(groupings_of(posterior), function(grouping) {
    sum(vapply(grouping$blocks, n_scales_of_block, 0L))
  }, 0L)
  most <- max(vapply(find_steps(groupings_of(posterior)), function(step) sum(columns[step]), 0))
  if (most > most_step_columns) {
    return(paste0("at most eight random columns",
                  if (has_structure(posterior)) ", those of one standard deviation counted as one",
                  if (has_several(posterior)) " in groupings that are drawn jointly"))
  }
}

# What runs in place of the collapsed sampler where that cannot, and why.
tell_obstacle <- function(posterior, sampler) {
  if (sampler != "interweaved" || !has_groups(posterior)) return(invisible())
  inform("The interweaved sampler runs, since the collapsed one needs
          {collapsed_obstacle(posterior)}.")
}

check_collapsed <- function(posterior, sampler) {
  obstacle <- collapsed_obstacle(posterior)
  if (!is.null(obstacle)) {
    abort(paste0("The collapsed sampler needs ", obstacle, "."),
          i = if (!has_structure(posterior)) 'Use {.code sampler = "interweaved"} for this model.')
  }
}

# Below this eta the density of a correlation near -1 or 1 is so great that the group effects have
# to be drawn in other coordinates than the effects themselves: whitened.h in src/.
least_plain_eta <- 0.5

check_plain_eta <- function(posterior, sampler) {
  blocks <- all_blocks(posterior)
  eta <- vapply(blocks, function(block) if (block$kind == "lkj") block$parameter else Inf, 0)
  if (min(eta, Inf) >= least_plain_eta) return(invisible())
  abort("The {sampler} sampler cannot draw correlations under {.code lkj({min(eta)})}.",
        x = "With {.arg eta} below {least_plain_eta} many are so near to -1 or 1 that double
             precision loses the differences of group effects, which it draws them from.",
        i = 'Use {.code sampler = "collapsed"} or {.code "interweaved"}.')
}

all_blocks <- function(posterior) {
  unlist(lapply(groupings_of(posterior), `[[`, "blocks"), recursive = FALSE)
}

has_structure <- function(posterior) any(vapply(all_blocks(posterior), is_structured, NA))

# The Gibbs samplers draw a covariance matrix given the effects, for which there is no such draw.
check_no_structure <- function(posterior, sampler) {
  structured <- Filter(is_structured, all_blocks(posterior))
  if (length(structured) == 0) return(invisible())
  abort("The {sampler} sampler has no structured covariances, such as {.fn {structured[[1]]$kind}}.",
        i = 'Use {.code sampler = "collapsed"}, or write {.code |}.')
}

no_check <- function(posterior, sampler) invisible()

# label: what it is called in print. asked: can it be asked for by name? tuned: has it proposals?
samplers <- list(
  collapsed = list(label = "collapsed", parameterization = "uncentered", asked = TRUE,
                   tuned = TRUE, check = check_collapsed),
  interweaved = list(label = "interweaved Gibbs", parameterization = "uncentered", asked = TRUE,
                     tuned = FALSE, check = no_check),
  centered = list(label = "centered Gibbs", parameterization = "centered", asked = TRUE,
                  tuned = FALSE, check = check_plain_eta),
  uncentered = list(label = "uncentered Gibbs", parameterization = "uncentered", asked = TRUE,
                    tuned = FALSE, check = check_plain_eta),
  common_line = list(label = "common line", parameterization = "uncentered", asked = FALSE,
                     tuned = FALSE, check = no_check),
  prior = list(label = "prior", parameterization = "uncentered", asked = FALSE, tuned = FALSE,
               check = no_check)
)

samplers_by_name <- function() names(Filter(function(sampler) sampler$asked, samplers))

is_tuned <- function(sampler) samplers[[sampler]]$tuned

parameterization_of <- function(sampler) samplers[[sampler]]$parameterization

check_sampler <- function(posterior, sampler) {
  if (!is_tuned(sampler) && samplers[[sampler]]$asked) check_no_structure(posterior, sampler)
  if (is_linear(posterior) || !is_tuned(sampler)) samplers[[sampler]]$check(posterior, sampler)
}

# Are its group effects drawn in the chain? Where not, they are drawn after it, from random numbers
# of their own. merged: are crossed groupings one step?
effects_in_chain <- function(posterior, sampler, merged = FALSE) {
  !is_tuned(sampler) || n_strata(posterior) > 1 || is_scanned(posterior, merged) ||
    is_student(posterior)
}
