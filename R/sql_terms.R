# Columns of X and Z of cells. Each is a code, constant in a cell, times a product of numbers that
# vary within it, a *part*; so that numbers alone are summed in the database, whatever contrasts
# factors have.

# The parts of all terms: a list of the names of the variables that each is a product of. Part 0 is
# the number 1.
numeric_parts <- function(design, variables) {
  all <- c(list(design$terms), design$bars)
  parts <- unlist(lapply(all, parts_of_terms, variables), recursive = FALSE)
  unique(parts[lengths(parts) > 0])
}

# The numbers among the variables of each term. Rows of the attribute are named otherwise where a
# whole number, as in I(i / 2L), is one.
parts_of_terms <- function(terms, variables) {
  factors <- attr(terms, "factors")
  numbers <- names(variables)[vapply(variables, `[[`, NA, "is_number")]
  lapply(seq_along(attr(terms, "term.labels")), function(j) {
    intersect(term_variables(terms)[factors[, j] > 0], numbers)
  })
}

# A part, and the response less its offsets, in SQL.
part_in_sql <- function(part, variables, table) {
  made <- lapply(part, function(name) {
    translate_in(variables[[name]]$expression, variables[[name]], table)
  })
  list(sql = paste0("(", paste(vapply(made, `[[`, "", "sql"), collapse = " * "), ")"),
       given = unique(unlist(lapply(made, `[[`, "given"))))
}

response_in_sql <- function(variables, table) {
  is_offset <- vapply(names(variables), is_offset_name, NA)
  made <- lapply(c(variables[1], variables[is_offset]), function(variable) {
    made <- translate_in(made_of(variable$expression)[[1]], variable, table)
    if (made$type != "number") {
      abort("{.code {as_text(variable$expression)}} must be a number in the database.",
            x = "It is a {made$type}.")
    }
    made
  })
  list(sql = paste0("(", paste(vapply(made, `[[`, "", "sql"), collapse = " - "), ")"),
       given = unique(unlist(lapply(made, `[[`, "given"))))
}

is_offset_name <- function(name) name == "(offset)" || startsWith(name, "offset(")

# The codes of the columns of some terms, cells x columns, and the number of each column's part.
term_codes <- function(terms, frame, coding, parts, variables) {
  codes <- lm_matrix(terms, frame, coding)
  own <- parts_of_terms(terms, variables)
  numbers <- c(0L, vapply(own, function(part) {
    if (length(part)) match(list(part), parts) else 0L
  }, 0L))
  part <- numbers[attr(codes, "assign") + 1L]
  list(codes = matrix(as.double(codes), nrow(codes), dimnames = list(NULL, colnames(codes))),
       part = part)
}

# Rows of cells: `constant` for part 0, and the values of the others, rows x parts.
code_rows <- function(coded, cells, constant, values) {
  columns <- cbind(rep(constant, nrow(values)), values)[, coded$part + 1L, drop = FALSE]
  coded$codes[cells, , drop = FALSE] * columns
}
