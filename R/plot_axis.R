# The variable that lines in panels of groups are drawn against.
#
# Where no other variable of the model is made of the same data, its column of the model frame
# is moved, and all else in a row stays. Where there are others, such as poly(x, 2) beside x,
# the variable is moved in the data, and the frame is made anew. So curves and interactions
# are drawn as the model has them.

# The axis: its name, the values of all rows, and the data where it is moved there. g: the number of
# the grouping that is shown, if there is one. place: of each row, the group whose panel it is in.
plot_axis <- function(design, against, g = 1L, place = NULL) {
  axes <- possible_axes(design, g)
  if (!is.null(against) && length(axes)) {
    return(axes[[check_choice(against, "against", names(axes))]])
  }
  n_values <- vapply(axes, function(axis) length(unique(axis$values)), 0L)
  within <- vapply(axes, varies_within, NA, place)
  usual <- which(n_values > 1)
  usual <- usual[order(!within[usual], n_values[usual] == 2)]
  if (length(usual) == 0) {
    abort('{.code type = "groups"} needs a variable of numbers to draw lines against.',
          x = paste0("The model {.code {deparse1(design$formula)}} has none",
                     if (is.null(design$kept)) " of its own, fitted without a data frame", "."),
          i = 'See {.code plot(fit, "ranef")}.')
  }
  axes[[usual[1]]]
}

# Has a variable several values in a group? Against one that has not, a group's points are one
# above another, and its rows tell no line.
varies_within <- function(axis, place) {
  is.null(place) || any(axis$values != axis$values[match(place, place)])
}

# A list named by variable: those that the model's terms are made of, the random ones first, then
# what these are made of.
possible_axes <- function(design, g = 1L) {
  others <- setdiff(seq_along(all_random(design)), g)
  terms <- c(bars_of(design, g), list(design$terms), bars_of(design, others))
  variables <- unlist(lapply(terms, expressions_of))
  variables <- variables[!duplicated(vapply(variables, as_text, ""))]
  names <- vapply(variables, as_text, "")
  parts <- lapply(variables, all.vars)
  # A factor that is made of a variable stays as it is where that is moved.
  numeric <- vapply(names, function(name) is.numeric(design$frame[[name]]), NA)
  alone <- vapply(seq_along(parts), function(k) {
    others <- setdiff(which(numeric), k)
    is_numbers(design$frame[[names[k]]]) && !any(parts[[k]] %in% unlist(parts[others]))
  }, NA)
  made_of_one <- lapply(which(numeric), function(k) if (length(parts[[k]]) == 1) parts[[k]])
  first <- unlist(ifelse(alone[numeric], names[numeric], made_of_one))
  data <- movable_data(design, unlist(parts))
  choices <- unique(c(first, unlist(made_of_one)))
  axes <- lapply(choices, function(name) {
    in_frame <- name %in% names[alone]
    values <- if (in_frame) design$frame[[name]] else data[[name]]
    if (is_numbers(values)) {
      list(name = name, values = as.numeric(values), data = if (!in_frame) data)
    }
  })
  names(axes) <- choices
  axes[lengths(axes) > 0]
}

# Random terms of these groupings.
bars_of <- function(design, g) bars_of_random(all_random(design)[g])

# The variables of terms, without offsets.
expressions_of <- function(terms) {
  variables <- as.list(attr(terms, "variables"))[-1]
  offsets <- attr(terms, "offset")
  if (length(offsets)) variables[-offsets] else variables
}

# The rows of the data, if all these variables that came with rows are there.
movable_data <- function(design, variables) {
  data <- used_data(design)
  if (all(intersect(variables, design$row_variables) %in% names(data))) data
}

is_numbers <- function(x) is.numeric(x) && is.null(dim(x))

# The model frame of rows of the fit, with the axis's variable at these values.
moved_frame <- function(design, axis, rows, values) {
  if (is.null(axis$data)) {
    frame <- frame_rows(design$frame, rows)
    frame[[axis$name]] <- values
    return(frame)
  }
  data <- frame_rows(axis$data, rows)
  data[[axis$name]] <- values
  new_frame(schema_of(design, character()), data,
            list(terms = c(list(design$terms), design$bars), response = FALSE))
}

# That the frame made anew is that of the fit, which it is not with x - mean(x), whose mean would
# be one of the rows at hand.
check_moves <- function(fit, axis) {
  if (is.null(axis$data)) return(invisible())
  first <- unique(c(1L, length(axis$values)))
  frame <- moved_frame(fit$design, axis, first, axis$data[[axis$name]][first])
  columns <- function(frame) {
    terms <- c(list(fit$design$terms), fit$design$bars)
    do.call(cbind, random_matrices(fit$design, frame, terms))
  }
  if (!isTRUE(all.equal(columns(frame), columns(frame_rows(fit$design$frame, first))))) {
    abort("Lines cannot be drawn against {.code {axis$name}}: a variable of the model depends on
           all its values together.", i = "Compute that variable before the fit.")
  }
}

# The columns that a group of grouping g has coefficients of, rows x columns.
coef_matrix <- function(fit, frame, g) {
  design <- fit$design
  both <- do.call(cbind, random_matrices(design, frame, c(list(design$terms), bars_of(design, g))))
  both[, match(coef_columns_of(fit$posterior, g), colnames(both)), drop = FALSE]
}

# Rows of a group over which columns are averaged that change along the axis.
most_averaged <- 1000L

# The mean row of a group with the axis's variable at each of `at` in turn: at x columns. Columns
# that have nothing to do with it are at their means over all of the group's rows.
rows_along <- function(fit, axis, own, at, g = 1L) {
  some <- spread_over(own$rows, most_averaged)
  frame <- moved_frame(fit$design, axis, rep(some, each = length(at)), rep(at, length(some)))
  columns <- coef_matrix(fit, frame, g)
  along <- unname(rowsum(columns, rep(seq_along(at), length(some)))) / length(some)
  colnames(along) <- colnames(columns)
  still <- apply(along, 2, function(column) all(column == column[1]))
  along[, still] <- rep(colMeans(own$columns[, still, drop = FALSE]), each = length(at))
  along
}

# What the groups of another grouping h, that the group's rows are in, add to that: draws x at.
line_beside <- function(fit, axis, own, at, h) {
  some <- spread_over(own$rows, most_averaged)
  frame <- moved_frame(fit$design, axis, rep(some, each = length(at)), rep(at, length(some)))
  Z <- do.call(cbind, random_matrices(fit$design, frame, bars_of(fit$design, h)))
  group <- groups_of_rows(fit$design, fit$posterior, some)[, h]
  groups <- sort(unique(group))
  effects <- draws_first(bind_last(effect_draws(fit, groups, g = h)))
  total <- 0
  for (m in seq_along(groups)) {
    own <- rep(group == groups[m], each = length(at))
    mean <- rowsum(Z[own, , drop = FALSE], rep(seq_along(at), sum(group == groups[m])))
    total <- total + matrix(effects[, , m], nrow(effects)) %*% t(mean / length(some))
  }
  total
}
