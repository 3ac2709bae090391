# Grouping factors: the group of each row, of the data and of new rows.
#
# A grouping expression is made of columns of the model frame. Rows are of one group where all of
# these columns have equal values, whatever the values look like as text: two times within a
# second differ, and so do the pairs ("1", "1:2") and ("1:1", "2"). Labels are unique text.

# What rows are grouped by, as expressions, by its part in the model: `group`, `group2` and so on for
# the groupings, `sigma` for the strata.
by_parts <- function(groupings, sigma) {
  c(stats::setNames(groupings, grouping_part(seq_along(groupings))), list(sigma = sigma))
}

grouping_part <- function(g) {
  part <- rep("group", length(g))
  later <- g != 1L
  if (any(later)) part[later] <- paste0("group", g[later])
  part
}

# The parts of a design that are groupings.
grouping_parts_of <- function(by) {
  parts <- names(by)[lengths(by) > 0]
  parts[parts != "sigma"]
}

grouping_names <- function(by) {
  parts <- grouping_parts_of(by)
  if (length(parts)) unname(vapply(by[parts], as_text, ""))
}

# The groupings of a design: its groups, and the levels of its residual variance.
read_factors <- function(design) {
  lapply(design$by[lengths(design$by) > 0], function(expression) {
    grouping <- read_grouping(expression, design$frame)
    check_given(grouping$code, as_text(expression))
    grouping
  })
}

check_given <- function(values, name) {
  if (!anyNA(values)) return(invisible())
  missing <- which(is.na(values))
  abort("{.code {name}} must be given in every row.",
        x = "In {length(missing)} row{?s}, the first of them row {missing[1]}, it is not.",
        i = "Take these rows out with {.arg subset}.")
}

# The groupings that a design has; one that version 0.1.0 saved has none, and they are read anew.
factors_of <- function(design) {
  if (is.null(design$factors)) read_factors(design) else design$factors
}

# Version 0.1.0 took groups that paste alike for one, and labelled others in 15 digits.
check_labels <- function(own, labels, expression) {
  unknown <- setdiff(own, labels)
  if (length(unknown)) {
    abort("The fit was saved by an earlier version, which told the groups of
           {.code {as_text(expression)}} apart otherwise.",
          x = "It does not know {.val {utils::head(unknown, 3)}}.",
          i = "Fit it again: {.code update(fit)}.")
  }
}

# What an expression makes of the rows of a frame: the code of each row, the label of each code,
# and for an interaction the labels of its parts at each code, a list of vectors.
read_grouping <- function(expression, frame) {
  group_by_values(lapply(grouping_columns(expression, frame), code_values))
}

# parts: what code_values() gives of each column.
group_by_values <- function(parts) {
  if (length(parts) == 1) return(parts[[1]][c("code", "labels")])
  crossed <- cross_codes(lapply(parts, `[[`, "code"), lengths(lapply(parts, `[[`, "labels")))
  labels <- Map(function(part, place) part$labels[place], parts, crossed$places)
  list(code = crossed$code, labels = join_labels(labels), parts = labels)
}

# The groups in the order in which they first appear, and the group of each row. The order of
# sampling follows the rows, so that the spelling of labels cannot matter.
group_levels <- function(grouping) {
  seen <- in_order_of_rows(grouping$code, length(grouping$labels))
  numbered_levels(grouping, seen$codes, seen$index)
}

# The levels of these codes, in their order; index: of each row, its place among them.
numbered_levels <- function(grouping, codes, index) {
  list(labels = grouping$labels[codes], index = index, display = order(codes),
       all = grouping$labels,
       parts = if (!is.null(grouping$parts)) lapply(grouping$parts, `[`, codes))
}

# The codes 1, ..., n_codes that occur, as unique() gives them, and the place of each row's
# code among them.
in_order_of_rows <- function(codes, n_codes) {
  .Call(ffi_number_by_first_row, codes, n_codes)
}

grouping_as_factor <- function(grouping) {
  structure(grouping$code, levels = grouping$labels, class = "factor")
}

# Some rows of a design, whose groups keep their labels.
design_part <- function(design, rows) {
  factors <- factors_of(design)
  design$frame <- frame_rows(design$frame, rows)
  design$factors <- lapply(factors, function(factor) {
    factor$code <- factor$code[rows]
    factor
  })
  design
}

# The variables that a grouping expression such as a:b is made of, as columns of a model frame.
grouping_parts <- function(expression, operators = c(":", "(")) {
  if (is.null(expression)) return(character())
  is_made <- is.call(expression) && as_text(expression[[1]]) %in% operators
  if (!is_made) return(as_text(expression))
  unlist(lapply(as.list(expression)[-1], grouping_parts, operators))
}

grouping_columns <- function(expression, frame) {
  lapply(grouping_parts(expression), function(name) {
    column <- .subset2(frame, name)
    check_one_group_column(column, name)
    plain_column(column)
  })
}

check_one_group_column <- function(column, name) {
  if (is.data.frame(column) || length(dim(column)) > 1 && ncol(column) > 1) {
    abort("{.code {name}} must be one column, to group by.", x = "It is {describe(column)}.")
  }
}

# Without dimensions, and without classes that say nothing of a value: numbers or times, or a
# factor.
plain_column <- function(column) {
  column <- unmarked(column)
  if (kind_of(column) == "text") as.factor(column) else column
}

# The same, with text as it is.
unmarked <- function(column) {
  if (!is.null(dim(column))) dim(column) <- NULL
  if (is.raw(column)) column <- as.character(column)
  marks <- c("AsIs", "labelled", "haven_labelled", "haven_labelled_spss", "vctrs_vctr",
             "integer", "numeric", "double", "character", "logical")
  if (is.object(column) && any(marks %in% oldClass(column))) {
    oldClass(column) <- setdiff(oldClass(column), marks)
  }
  column
}

# The code of each element, and the values and labels of the codes, in the order that factor()
# gives them. kind: numbers and times are values of their own, all else is text.
code_values <- function(column) {
  kind <- kind_of(column)
  if (kind == "text") {
    return(list(code = as.integer(column), values = levels(column), labels = levels(column),
                kind = kind))
  }
  number <- if (kind == "difftime") as.numeric(column, units = "secs")
    else as.vector(unclass(column))
  coded <- code_whole_numbers(number)
  if (is.null(coded)) {
    values <- sort(unique(number))
    coded <- list(code = match(number, values), values = values)
  }
  labels <- switch(kind, number = number_labels(coded$values), Date = date_labels(coded$values),
                   POSIXct = time_labels(coded$values, attr(column, "tzone")),
                   difftime = number_labels(coded$values / seconds_in(column)))
  c(coded, list(labels = make.unique(labels), kind = kind))
}

kind_of <- function(column) {
  if (!is.numeric(unclass(column)) || is.factor(column)) return("text")
  if (!is.object(column)) return("number")
  c(intersect(c("Date", "POSIXct", "difftime"), class(column)), "text")[1]
}

# Codes of whole numbers in a range not much longer than their vector; NULL of others.
code_whole_numbers <- function(x) {
  if (!length(x) || anyNA(x)) return(NULL)
  ends <- range(x)
  if (max(abs(ends)) > 2^30 || ends[2] - ends[1] > 2 * length(x)) return(NULL)
  code <- as.integer(x)
  if (is.double(x) && !all(code == x)) return(NULL)
  code <- code - (as.integer(ends[1]) - 1L)
  counts <- tabulate(code)
  occurs <- which(counts > 0L)
  list(code = cumsum(counts > 0L)[code], values = occurs + as.integer(ends[1]) - 1L)
}

# Whole numbers in full, others in 15 digits where these tell the value, else in 17.
number_labels <- function(x) {
  labels <- as.character(x)
  whole <- x == trunc(x) & abs(x) < 2^53
  labels[whole] <- sprintf("%.0f", x[whole] + 0)
  rounded <- as.numeric(labels) != x
  labels[rounded] <- sprintf("%.17g", x[rounded])
  labels
}

date_labels <- function(days) {
  if (all(days == floor(days))) format(.Date(days)) else time_labels(86400 * days, "UTC")
}

# The label of a time does not depend on the others: the date alone at midnight, a fraction of a
# second where there is one, and the zone in the hour that a change of the clocks repeats.
time_labels <- function(seconds, zone) {
  if (is.null(zone)) zone <- ""
  label <- function(seconds) format(.POSIXct(seconds, zone), "%Y-%m-%d %H:%M:%S")
  whole <- floor(seconds)
  labels <- label(whole)
  repeated <- Reduce(`|`, lapply(c(-3600, -1800, 1800, 3600), function(shift) {
    labels == label(whole + shift)
  }))
  fraction <- substring(sub("\\.?0+$", "", sprintf("%.6f", pmin(seconds - whole, 0.999999))), 2)
  zone_name <- ifelse(repeated, format(.POSIXct(whole, zone), " %Z"), "")
  midnight <- !repeated & fraction == "" & endsWith(labels, " 00:00:00")
  ifelse(midnight, substring(labels, 1, nchar(labels) - 9), paste0(labels, fraction, zone_name))
}

seconds_in <- function(difftime) {
  as.numeric(structure(1, class = "difftime", units = attr(difftime, "units")), units = "secs")
}

# Pairs, triples and so on of codes that occur, in lexicographic order: the number of each row's,
# and the codes that each is made of.
cross_codes <- function(codes, n_codes) {
  code <- codes[[1]]
  places <- list(seq_len(n_codes[1]))
  for (other in codes[-1]) {
    order <- order(code, other, method = "radix", na.last = NA)
    first <- starts_of_pairs(code[order], other[order])
    places <- c(lapply(places, `[`, code[order[first]]), list(other[order[first]]))
    code <- rep(NA_integer_, length(code))
    code[order] <- cumsum(first)
  }
  list(code = code, places = places)
}

# Of sorted pairs: does each differ from the one before?
starts_of_pairs <- function(code, other) {
  n <- length(code)
  if (n == 0) return(logical())
  c(TRUE, code[-1] != code[-n] | other[-1] != other[-n])
}

# a:b, and where several would read so, parts that hold a colon in parentheses.
join_labels <- function(parts) {
  join <- function(parts) do.call(paste, c(unname(parts), sep = ":"))
  labels <- join(parts)
  alike <- labels %in% labels[duplicated(labels)]
  if (!any(alike)) return(labels)
  labels[alike] <- join(lapply(parts, function(part) {
    sub("^(.*:.*)$", "(\\1)", part[alike])
  }))
  make.unique(labels)
}

# The level of each row of a design among `labels`, those of the fit in the order of sampling.
own_codes <- function(design, part, labels) {
  own <- factors_of(design)[[part]]
  check_labels(own$labels[unique(own$code)], labels, design$by[[part]])
  list(code = match(own$labels, labels)[own$code], new = character())
}

# New rows --------------------------------------------------------------------------------------

# The level of each row of a frame among `labels`, and after these the new ones in the order in
# which they first appear.
code_levels <- function(schema, part, frame, labels) {
  by <- schema$by[[part]]
  own <- schema$known[[part]]
  check_labels(own$labels, labels, by)
  n_known <- length(labels)
  place <- match(labels, own$labels)
  both <- Map(function(known, new) {
    known$code <- known$code[place]
    code_both(known, code_values(new))
  }, own$parts, grouping_columns(by, frame))
  code <- cross_codes(lapply(both, `[[`, "code"), lengths(lapply(both, `[[`, "labels")))$code
  known <- seq_len(n_known)
  place <- match(code[-known], code[known])
  is_new <- which(is.na(place))
  if (length(is_new) == 0) return(list(code = place, new = character()))
  new <- unique(code[-known][is_new])
  place[is_new] <- n_known + match(code[-known][is_new], new)
  rows <- c(known, n_known + match(new, code[-known]))
  spelled <- join_labels(lapply(both, function(part) part$labels[part$code[rows]]))
  list(code = place, new = make.unique(c(labels, spelled[-known]))[-known])
}

# The codes of known values and of new ones together; a value that is new comes after all known.
code_both <- function(known, new) {
  place <- find_values(new, known)
  is_new <- is.na(place)
  place[is_new] <- length(known$labels) + seq_len(sum(is_new))
  list(code = c(known$code, place[new$code]), labels = c(known$labels, new$labels[is_new]))
}

# The places of values among known ones. A number is found by its text, however it is written.
find_values <- function(new, known) {
  if (new$kind == known$kind) return(match(new$values, known$values))
  place <- match(new$labels, known$labels)
  left <- which(is.na(place))
  if (new$kind == "number") {
    place[left] <- match(as.character(new$values[left]), known$labels)
  } else if (known$kind == "number") {
    place[left] <- match(suppressWarnings(as.numeric(new$labels[left])), known$values)
  }
  place
}
