# Likelihoods of another family than the Gaussian given the hyperparameters, the effects of its only
# grouping integrated out by lattices (src/family_likelihood.h): of groups, and of rows given the
# rows of their group.

# Of what is integrated out group by group, for `what`; instead: what is to be used where that
# cannot be done.
check_lattice <- function(posterior, what, instead) {
  label <- family_of(posterior)$label
  if (is_student(posterior)) {
    abort("{what} needs the group effects integrated out, for which there is no formula in a {label}.",
          i = instead)
  }
  if (!has_several(posterior)) return(invisible())
  names <- names_of_groupings(posterior)
  abort("{what} needs all group effects integrated out, which is done for one grouping in a
         {label}.",
        x = "The model has {length(names)}: {.val {names}}.", i = instead)
}

instead_of_integrated <- "{.code loo(integrated = FALSE)} has the effects as they were drawn, and
                          {.fn kfold} fits anew."

# Do likelihoods that leave rows out take the effects as they were drawn? Those of Gaussian responses
# integrate by formula, others over a lattice for one grouping; t densities of a group's rows may have
# several modes, that no lattice about one of them sees.
takes_effects_as_drawn <- function(fit) {
  is_student(fit) || !is_gaussian(fit) && has_several(fit$posterior)
}

# What likelihoods of a posterior are computed from at draws of the hyperparameters, a column each.
# The first of all draws is where lattices begin: that is the same whichever draws are asked for.
lattice_of_fit <- function(fit, what) {
  posterior <- fit$posterior
  check_lattice(posterior, what, instead_of_integrated)
  hyper <- drawn_hyper_all(fit)
  list(posterior = posterior, family = family_of(posterior),
       model = sampler_model(posterior, "uncentered"),
       A = sampler_coordinates(posterior, "uncentered")$A,
       hyper = hyper, reference = hyper[, 1], shape = shapes_of(posterior, hyper))
}

shapes_of <- function(posterior, hyper) {
  place <- places_of(posterior, "shape")
  if (length(place)) hyper[place, ]
}

# The same of some draws.
lattice_at_draws <- function(lattice, draw_ids) {
  if (is.null(draw_ids)) return(lattice)
  lattice$hyper <- lattice$hyper[, draw_ids, drop = FALSE]
  if (!is.null(lattice$shape)) lattice$shape <- lattice$shape[draw_ids]
  lattice
}

# log Gamma(y + r) - log Gamma(r) of each shape r and count y, as often as the rows stand in the
# data: draws x rows. lgamma() loses the digits of a large shape, which lbeta() keeps, and C bounds
# it (bounded_shape() in src/lattice.h).
shape_terms <- function(shape, counts, times) {
  shape <- pmin(shape, 1e9)
  distinct <- unique(counts)
  terms <- vapply(distinct, function(y) {
    if (y > 0) lgamma(y) - lbeta(shape, y) else numeric(length(shape))
  }, numeric(length(shape)))
  terms <- matrix(terms, length(shape))[, match(counts, distinct), drop = FALSE]
  terms * rep(times, each = length(shape))
}

# Rows ------------------------------------------------------------------------------------------

# Rows of a design as their likelihood takes them (responses_of_rows()), with the group of each
# among those of a posterior, NA where that has not had it; counts and times, how often each stands
# in the data; and what does not depend on parameters.
likelihood_rows <- function(design, posterior, places) {
  family <- family_of(posterior)
  chunk <- design_rows(design, places)
  chunk$X <- chunk$X[, posterior$fixed, drop = FALSE]
  n <- length(chunk$y)
  group <- rep(1L, n)
  if (has_groups(posterior)) {
    own <- factors_of(design)$group
    group <- match(own$labels, grouping_of(posterior)$groups)[own$code[places]]
  }
  rows <- responses_of_rows(chunk, matrix(group), family)
  times <- if (is.null(chunk$times)) rep(1, n) else as.numeric(chunk$times)
  list(X = rows$X, Z = rows$Z, y = rows$y, trials = rows$trials, offset = rows$offset,
       group = group, counts = chunk$y, times = times,
       constant = times * rep_len(family$log_constant(chunk$y, chunk$trials), n))
}

some_rows <- function(rows, places) {
  lapply(rows, function(part) {
    if (is.matrix(part)) part[places, , drop = FALSE] else part[places]
  })
}

# Of rows as C has them. at: the merged row that each is a part of, or NULL.
encode_rows <- function(rows, lattice, at = NULL) {
  list(X = theta_columns(rows$X, lattice$posterior, lattice$A), Z = rows$Z, y = as.numeric(rows$y),
       trials = as.numeric(rows$trials), offset = as.numeric(rows$offset),
       group = ifelse(is.na(rows$group), -1L, rows$group - 1L), at = if (!is.null(at)) at - 1L)
}

log_density_of_lattice <- function(lattice, rows, at, leave_out) {
  call_kernel(.Call(ffi_family_rows, lattice$model, NULL, lattice$hyper, lattice$reference,
                    encode_rows(rows, lattice, at), leave_out))
}

with_constants <- function(values, rows, lattice) {
  values <- values + rep(rows$constant, each = nrow(values))
  if (is.null(lattice$shape)) values
  else values + shape_terms(lattice$shape, rows$counts, rows$times)
}

# A function of places of a fit's rows and of leave_out: log p(y_i | draw, rows of its group), draws
# x rows, given all rows of the group or all others. Rows that are equal are computed once.
own_row_densities <- function(fit) {
  lattice <- lattice_of_fit(fit, "The density of a row")
  at <- merged_places(fit$design, fit$posterior)
  function(places, leave_out) {
    rows <- likelihood_rows(fit$design, fit$posterior, places)
    number <- number_rows(list(at[places], rows$y, rows$trials))
    first <- match(seq_len(max(number)), number)
    values <- log_density_of_lattice(lattice, some_rows(rows, first), at[places][first], leave_out)
    with_constants(values[, number, drop = FALSE], rows, lattice)
  }
}

# The same of rows of any design given the data of a fit, which has not had them.
other_row_densities <- function(fit, design, places) {
  lattice <- lattice_of_fit(fit, "The density of a row")
  rows <- likelihood_rows(design, fit$posterior, places)
  order <- order(rows$group, na.last = FALSE)
  values <- log_density_of_lattice(lattice, some_rows(rows, order), NULL, FALSE)
  values[, order] <- values
  with_constants(values, rows, lattice)
}

# Draws of all rows of a fit, each left out of the data: draws x rows.
draw_rows_left_out <- function(fit) {
  lattice <- lattice_of_fit(fit, "A draw of a row that is left out")
  n <- nrow(fit$design$frame)
  rows <- likelihood_rows(fit$design, fit$posterior, seq_len(n))
  at <- merged_places(fit$design, fit$posterior)
  order <- order(at)
  n_draws <- ncol(lattice$hyper)
  shift <- stats::runif(n_draws * ncol(rows$Z))
  uniform <- stats::runif(n_draws * n)
  encoded <- encode_rows(some_rows(rows, order), lattice, at[order])
  eta <- call_kernel(.Call(ffi_family_row_draws, lattice$model, NULL, lattice$hyper,
                           lattice$reference, encoded, shift, uniform))
  eta[, order] <- eta
  trials <- if (lattice$family$weights == "trials") rep(rows$trials, each = n_draws)
  lattice$family$draw(eta, lattice$shape, trials)
}

# Which of the merged rows of a posterior's responses each row of its design is a part of.
merged_places <- function(design, posterior) {
  rows <- likelihood_rows(design, posterior, seq_len(nrow(design$frame)))
  merged <- posterior$responses
  group <- if (has_groups(posterior)) merged$group[, 1] else rep(1L, length(merged$y))
  n <- length(rows$y)
  number <- number_rows(c(list(c(rows$group, group)), columns_of(rbind(rows$Z, merged$Z)),
                          columns_of(rbind(rows$X, merged$X)), list(c(rows$offset, merged$offset))))
  match(number[seq_len(n)], number[-seq_len(n)])
}

# Numbers of rows, rising with their values: the same where all columns are equal.
number_rows <- function(columns) {
  sorted <- sort_rows(columns)
  number <- integer(length(sorted$order))
  number[sorted$order] <- cumsum(sorted$is_new)
  number
}

# Groups ----------------------------------------------------------------------------------------

# The groups of a design whose columns are those of a posterior, in the order in which they appear:
# their responses, labels, display, constants; and of dispersed counts the values that occur in each
# and in how many rows.
family_groups <- function(design, lattice) {
  posterior <- lattice$posterior
  groups <- group_levels(factors_of(design)$group)
  n_groups <- length(groups$labels)
  n_rows <- nrow(design$frame)
  collection <- new_collection()
  constant <- numeric(n_groups)
  counted <- list()
  for (start in seq(1L, n_rows, by = chunk_rows)) {
    places <- start:min(start + chunk_rows - 1L, n_rows)
    chunk <- design_rows(design, places)
    chunk$X <- chunk$X[, posterior$fixed, drop = FALSE]
    group <- groups$index[places]
    collection <- collect_rows(collection, chunk, matrix(group), NULL, lattice$family)
    rows <- likelihood_rows(design, posterior, places)
    sums <- rowsum(rows$constant, group, reorder = TRUE)
    present <- as.integer(rownames(sums))
    constant[present] <- constant[present] + sums[, 1]
    if (!is.null(lattice$shape)) {
      counted <- c(counted, list(cbind(group, rows$counts, rows$times)))
    }
  }
  c(groups[c("labels", "display")],
    list(responses = encode_groups(collected_responses(collection), n_groups, lattice),
         constant = constant,
         counted = if (length(counted)) count_by_group(do.call(rbind, counted), n_groups)))
}

encode_groups <- function(responses, n_groups, lattice) {
  start <- c(0L, cumsum(tabulate(responses$group[, 1], n_groups)))
  list(likelihood = lattice$model$responses$likelihood, start = as.integer(start),
       X = theta_columns(responses$X, lattice$posterior, lattice$A), Z = responses$Z,
       y = responses$y, trials = responses$trials, offset = responses$offset)
}

# group, count and times, a row each: those with the same group and count once.
count_by_group <- function(rows, n_groups) {
  number <- number_rows(list(rows[, 1], rows[, 2]))
  first <- match(seq_len(max(number)), number)
  list(start = c(0L, cumsum(tabulate(rows[first, 1], n_groups))), value = rows[first, 2],
       times = as.numeric(rowsum(rows[, 3], number)))
}

# log p(y_j | draw) of these groups (from 1), draws x groups.
family_group_log_lik <- function(lattice, groups, chosen) {
  values <- call_kernel(.Call(ffi_family_groups, lattice$model, groups$responses, lattice$hyper,
                              lattice$reference, chosen - 1L))
  values <- values + rep(groups$constant[chosen], each = nrow(values))
  if (is.null(lattice$shape)) return(values)
  counted <- groups$counted
  values + vapply(chosen, function(j) {
    own <- counted$start[j] + seq_len(counted$start[j + 1] - counted$start[j])
    rowSums(shape_terms(lattice$shape, counted$value[own], counted$times[own]))
  }, numeric(nrow(values)))
}
