# What pictures share: which variables, groups and columns; colours, themes, names that fit.

plotted_variables <- function(fit, variable, regex, most = 12) {
  check_flag(regex, "regex")
  if (!is.null(variable)) return(choose_variables(fit, variable, regex))
  all <- drawn_variables(fit)
  if (length(all) > most) {
    inform("{.fn plot} shows {most} of {length(all)} hyperparameters; {.arg variable} chooses
            others.")
  }
  utils::head(all, most)
}

# Of many panels and of many rows those that can be looked at. A statistic is of all rows.
most_panels <- 36L

# Okabe and Ito's colors, told apart by all, those that are faint on white last.
okabe_ito <- c("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000",
               "#F0E442")

# What the pictures of groups call their estimates, and how they color them. own: those of a group's
# rows alone.
estimate_colours <- function(own) {
  stats::setNames(c("#0072B2", "black", "#D55E00"), c(own, "model", "population"))
}

line_colours <- function(n) {
  if (n > length(okabe_ito)) return(ggplot2::scale_colour_viridis_d())
  ggplot2::scale_colour_manual(values = okabe_ito)
}

chain_guide <- function(n_chains) {
  if (n_chains == 1) return(ggplot2::guides(colour = "none"))
  ggplot2::guides(colour = ggplot2::guide_legend(nrow = ceiling(n_chains / 12)))
}

plot_theme <- function() {
  ggplot2::theme_minimal() +
    ggplot2::theme(legend.position = "bottom", legend.margin = ggplot2::margin(),
                   legend.box.spacing = ggplot2::unit(4, "pt"), strip.clip = "off")
}

# Long names without their middle; longer than asked where they would not be told apart.
shortened <- function(names, most) {
  for (size in seq(most, max(most, nchar(names)))) {
    short <- cut_middle(names, size)
    if (anyDuplicated(short) == anyDuplicated(names)) break
  }
  short
}

cut_middle <- function(names, most) {
  n <- nchar(names)
  head <- max(most - 1L, 3L) %/% 3L
  tail <- max(most - 2L - head, 1L)
  ifelse(n <= most, names,
         paste0(substr(names, 1, head), "..", substr(names, n - tail + 1L, n)))
}

shorten_to <- function(most) {
  ggplot2::as_labeller(function(names) shortened(names, most))
}

# The size of text above `n` panels, and how much of it fits, in a picture seven inches wide.
panel_text <- function(n) {
  columns <- ceiling(sqrt(n))
  size <- if (columns <= 4) 9 else if (columns <= 6) 7 else 5
  list(size = size, most = max(6, floor(6.2 * 72 / (0.55 * size * columns))))
}

# The number of the grouping that is shown: the first where none is named, with a word where there
# are others.
plotted_grouping <- function(posterior, grouping, type) {
  if (!is.null(grouping)) return(chosen_grouping(posterior, grouping, "grouping"))
  names <- names_of_groupings(posterior)
  if (length(names) > 1) {
    inform("{.code plot(fit, \"{type}\")} shows the groups of {.val {names[1]}}; {.arg grouping}
            chooses {.or {.val {names[-1]}}}.")
  }
  1L
}

# The groups to show, as places among `levels`, of the factor `name`.
plotted_groups <- function(levels, name, groups, max_groups, most, type) {
  if (!is.null(max_groups)) most <- check_count(max_groups, "max_groups")
  if (!is.null(groups)) return(match_levels(groups, levels, name))
  if (length(levels) <= most) return(seq_along(levels))
  inform("{.code plot(fit, \"{type}\")} shows {most} of {length(levels)} groups; {.arg groups}
          chooses others, and {.arg max_groups} how many.")
  spread_over(seq_along(levels), most)
}

match_levels <- function(groups, levels, name) {
  place <- match(as.character(groups), levels)
  if (length(place) && !anyNA(place)) return(unique(place))
  unknown <- utils::head(as.character(groups)[is.na(place)], 5)
  abort("{.arg groups} must be levels of {.code {name}}.",
        x = if (length(unknown)) "It has no {.val {unknown}}." else "It is empty.",
        i = "Its levels are {.val {utils::head(levels, 5)}}{if (length(levels) > 5) ' and so on'}.")
}

# At most so many of these, spread evenly.
spread_over <- function(x, most) {
  if (length(x) <= most) return(x)
  x[unique(round(seq(1, length(x), length.out = most)))]
}

# The random columns to show.
plotted_columns <- function(fit, columns, most = Inf, g = 1L) {
  random <- random_of(fit$posterior, g)
  if (is.null(columns)) return(utils::head(random, most))
  known <- is.character(columns) && all(columns %in% random) && !anyDuplicated(columns)
  if (!known || length(columns) > most) {
    abort("{.arg columns} must be {if (is.finite(most)) 'one or two ' else ''}of the columns that
           vary by group, {.val {random}}.", x = "It is {describe(columns)}.")
  }
  columns
}

bind_tables <- function(tables) do.call(rbind, tables)

# An interval that holds all these values but those that lie farther from the quartiles than so
# many times the distance between them.
inner_range <- function(x, times) {
  quartiles <- stats::quantile(x, c(0.25, 0.75), names = FALSE)
  fence <- quartiles + c(-times, times) * diff(quartiles)
  if (fence[1] == fence[2]) range(x) else range(x[x >= fence[1] & x <= fence[2]])
}
