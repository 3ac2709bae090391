# Structures of the covariance matrix of group effects: us(), diag(), cs() and ar1() around a bar, as
# lme4 2.0 spells them.
#
# Below the grammar a structured bar is one whose operator names the structure: `|cs`(1 + x, g).

# By names of structures: have all columns one standard deviation where `hom` does not say so?
hom_by_default <- c(us = FALSE, diag = FALSE, cs = FALSE, ar1 = TRUE)

is_structured_bar <- function(expression) {
  head <- as.character(expression[[1]])
  if (startsWith(head, "|")) return(head %in% structured_heads())
  head %in% names(hom_by_default) && length(expression) > 1 && is.call(expression[[2]]) &&
    is_plain_operator(expression[[2]][[1]])
}

is_plain_operator <- function(head) is.name(head) && as.character(head) %in% c("|", "||")

structured_heads <- function() {
  structures <- setdiff(names(hom_by_default), "us")
  paste0("|", c(structures, paste0(structures, "_hom")))
}

# A bar as it is below the grammar; what is one already, as it is.
as_bar <- function(expression) {
  head <- as.character(expression[[1]])
  if (startsWith(head, "|")) return(expression)
  bar <- expression[[2]]
  check_structured_bar(expression, bar)
  hom <- read_hom(expression)
  if (head == "us") return(bar)
  bar[[1]] <- as.name(paste0("|", head, if (hom) "_hom"))
  bar
}

check_structured_bar <- function(expression, bar) {
  if (identical(bar[[1]], quote(`||`))) {
    abort("A structure stands around {.code ||}.", x = "It is {.code {deparse1(expression)}}.",
          i = "Write {.code |} within {.fn {as.character(expression[[1]])}}.")
  }
  others <- setdiff(names(expression)[-(1:2)], "hom")
  if (length(expression) > 3 || length(others) || length(expression) == 3 && is.null(names(expression))) {
    abort("A structure has a random term and {.arg hom}, TRUE or FALSE.",
          x = "It is {.code {deparse1(expression)}}.",
          i = "Write {.code {as.character(expression[[1]])}({deparse1(bar)})}.")
  }
}

read_hom <- function(expression) {
  head <- as.character(expression[[1]])
  hom <- expression$hom
  if (is.null(hom)) return(hom_by_default[[head]])
  if (head == "us" || !is.logical(hom) || is.na(hom)) {
    abort(if (head == "us") "{.fn us} has no {.arg hom}."
          else "{.arg hom} must be TRUE or FALSE.", x = "It is {.code {deparse1(expression)}}.")
  }
  hom
}

# "cs" or "cs_hom", for example; NULL of a bar without a structure.
structure_of_bar <- function(bar) {
  head <- as.character(bar[[1]])
  if (!head %in% c("|", "||")) substring(head, 2)
}

# "cs" and TRUE of "cs_hom".
name_of_structure <- function(structure) sub("_hom$", "", structure)

is_hom <- function(structure) endsWith(structure, "_hom")

head_of_structure <- function(structure) if (is.null(structure)) "|" else paste0("|", structure)

plain_bar <- function(bar) {
  if (!is.null(structure_of_bar(bar))) bar[[1]] <- quote(`|`)
  bar
}

# A bar as it is written in a formula: within a structure, and as a summand.
written_bar <- function(bar) {
  structure <- structure_of_bar(bar)
  if (is.null(structure)) return(bar)
  name <- name_of_structure(structure)
  hom <- is_hom(structure)
  written <- list(as.name(name), plain_bar(bar))
  as.call(if (hom == hom_by_default[[name]]) written else c(written, hom = hom))
}

bar_text <- function(bar) deparse1(written_bar(bar))

summand_of_bar <- function(bar) {
  if (is.null(structure_of_bar(bar))) call("(", bar) else written_bar(bar)
}
