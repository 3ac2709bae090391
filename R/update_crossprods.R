# Cross-products with more rows, or with fewer.

#' Add rows to cross-products, or remove some
#'
#' Adds rows to cross-products, or takes some of their rows out, without the other rows.
#'
#' Rows are added exactly. Their removal subtracts: what is left of a column in a group, or of the
#' residual variation of a column, is the difference of what was there and what is taken out, and
#' loses as many digits as the difference is smaller than what was there. If of any square less than
#' a millionth would be left, the removal is refused: cross-products are right to 1e-10 of the
#' lengths of their columns after one that is not. A group, or a stratum, of which all rows are
#' removed is taken out as a whole, without such a loss. What `by_group` of [crossprods()] keeps of
#' each cell is not kept: few rows of a group are left, and their squares would lose all digits.
#'
#' Rows are removed by their values, of the response too, in any order. Rows that were never there
#' are refused where this shows: by their number in a group, or by a square that would be negative.
#'
#' @param object Cross-products, made by [crossprods()].
#' @param add,remove Rows: cross-products of the same model; or, for cross-products of data in
#'   chunks, which say how rows are read, a data frame or a source as for [crossprods()]. `add`
#'   comes first.
#' @param ... Unknown arguments are refused.
#' @param chunk_rows,progress As in [crossprods()].
#' @return Cross-products. Groups that are new come after those that were there.
#' @section Errors:
#' Refused are rows of another model, rows that are not there, and a removal that would lose too
#' many digits; make the cross-products anew without the rows then.
#' @examples
#' formula <- log(mercury) ~ log(length) + (1 | station)
#' all <- crossprods(formula, bass)
#' some <- update(all, remove = crossprods(formula, bass[1:20, ]))
#' some
#' update(some, add = crossprods(formula, bass[1:20, ]))
#' @export
update.relm_crossprods <- function(object, add = NULL, remove = NULL, ..., chunk_rows = 100000,
                                   progress = interactive()) {
  refuse_dots(list(...), "update")
  object <- check_intact(object)
  if (!missing(chunk_rows)) check_in_blocks(add, remove)
  reading <- list(chunk_rows = check_count(chunk_rows, "chunk_rows"), like = object,
                  progress = check_flag(progress, "progress"), is_part = TRUE)
  if (!is.null(add)) {
    object <- unite_crossprods(list(object, rows_like(object, add, "add", reading)))
  }
  if (!is.null(remove)) {
    object <- remove_crossprods(object, rows_like(object, remove, "remove", reading))
  }
  object
}

# Cross-products of rows that are read as those of `object` were.
rows_like <- function(object, rows, argument, reading) {
  if (inherits(rows, "relm_crossprods")) return(check_intact(rows))
  schema <- object$schema
  readable <- (is.data.frame(rows) || is_source(rows)) && !inherits(rows, "tbl_lazy")
  if (!readable || is.null(schema)) {
    abort("{.arg {argument}} must be cross-products{if (!readable) ', a data frame or a source'}.",
          x = if (readable) "The cross-products do not say how rows are read: they are of a data
                             frame."
              else "It is {describe(rows)}.",
          i = "Make cross-products of the rows with {.fn crossprods}.")
  }
  if (is.data.frame(rows)) rows <- data_source(rows)
  rlang::inject(crossprods_of_source(
    rows, schema$formula, sigma = !!sigma_of(schema),
    !!!schema$quosures[names(schema$quosures) != "weights" | !is_known_sigma(schema$sigma)],
    family = family_of(schema)$as_family(), by_group = !is.null(object$cells$rest),
    reading = reading
  ))
}

# What must be left of a square.
least_share <- 1e-6

remove_crossprods <- function(x, y) {
  check_same_columns(x, y)
  found <- find_removed(x, y)
  left <- found$left
  gone <- left == 0
  if (all(gone)) abort("No rows would be left.", i = "{.arg remove} has all of them.")
  x$n_rows <- x$n_rows - y$n_rows
  removed <- remove_factors(x, y, found, gone)
  x$cells$factor <- removed$cells
  # Of one group little is left by nature.
  x$cells$rest <- NULL
  x$strata$factor <- removed$strata
  x$cells$rows <- left
  x$strata$rows <- rows_of_strata(x$cells)
  if (!is.null(x$cells$log_weights) && !is.null(y$cells$log_weights)) {
    at <- found$cells
    x$cells$log_weights[at] <- x$cells$log_weights[at] - y$cells$log_weights
  }
  x$responses <- remove_responses(x$responses, y$responses, found, family_of(x))
  check_in_range(without_cells(x, gone))
}

# Where the cells of y are in x, the numbers of its groups and strata there, and how many rows each
# cell of x has left.
find_removed <- function(x, y) {
  groups <- lapply(seq_along(x$groupings), function(g) {
    known_labels(x$groupings[[g]]$groups, y$groupings[[g]]$groups, x$groupings[[g]]$parts,
                 y$groupings[[g]]$parts, x$groupings[[g]]$name)
  })
  strata <- known_labels(x$strata$labels, y$strata$labels, x$strata$parts, y$strata$parts,
                         x$strata$name)
  united <- unite_codes(list(x, y), groups, strata)
  if (length(united$codes$stratum) > n_cells(x)) refuse_absent("a combination of groups")
  cells <- united$places[[2]]
  left <- x$cells$rows
  left[cells] <- left[cells] - y$cells$rows
  if (any(left < 0)) refuse_absent("more rows of a group than there are")
  list(cells = cells, strata = strata$of[[2]], groups = lapply(groups, function(own) own$of[[2]]),
       left = left)
}

known_labels <- function(x, y, x_parts, y_parts, name) {
  united <- unite_labels(list(x, y), list(x_parts, y_parts))
  new <- united$labels[-seq_along(x)]
  if (length(x) && length(new)) {
    refuse_absent(paste0("rows of ", dQuote(new[1], FALSE), " in ", name))
  }
  united
}

refuse_absent <- function(what) {
  abort("{.arg remove} has rows that the cross-products have not.", x = "There are {what}.")
}

# Factors without the rows of y; those of cells of which all rows go are of no use.
remove_factors <- function(x, y, found, gone) {
  q <- n_cell_columns(x)
  p <- length(x$fixed)
  noise <- 1e-11 * sqrt(colSums(total_factor(x)^2))
  own <- if (q > 0) which(!gone[found$cells])
  n <- n_cells(y)
  rows <- factor_rows(x, y, y$strata$factor)
  of_cells <- rows_in_blocks(rows, seq_len(q * n), q)
  check_same_factors(x, of_cells, found$cells, gone, noise)
  of_cells <- of_cells[, , own, drop = FALSE]
  of_strata <- rows_in_blocks(rows, q * n + seq_len((p + 1) * n_strata(y)), p + 1)
  place <- found$cells[own]
  first <- remove_rows(x, of_cells, place, x$cells$stratum[place], x$cells$factor,
                       x$strata$factor, noise)
  second <- remove_rows(x, of_strata, rep(0L, length(found$strata)), found$strata, first$cells,
                        first$strata, noise)
  check_left(x, x$strata$factor, second$strata, noise, unique(found$strata))
  list(cells = second$cells, strata = second$strata)
}

# Rows [Z X y] as blocks of so many.
rows_in_blocks <- function(rows, which, size) {
  all <- cbind(rows$Z, rows$X, rows$y, deparse.level = 0)[which, , drop = FALSE]
  aperm(array(all, c(size, length(which) / max(size, 1), ncol(all))), c(1, 3, 2))
}

remove_rows <- function(x, blocks, cells, strata, cell_factor, stratum_factor, noise) {
  removed <- .Call(ffi_remove_rows, blocks, as.integer(cells) - 1L, as.integer(strata) - 1L,
                   cell_factor, stratum_factor, noise, least_share)
  check_share(x, removed$share, removed$column)
  removed
}

# Several blocks are taken out of a stratum, one after another.
check_left <- function(x, before, after, noise, strata) {
  squares <- function(factors, s) colSums(matrix(factors[, , s], dim(factors)[1])^2)
  for (s in strata) {
    share <- diag(as.matrix(after[, , s]))^2 / squares(before, s)
    share[squares(before, s) <= noise^2 | diag(as.matrix(before[, , s])) <= noise] <- 1
    check_share(x, min(share), n_cell_columns(x) + which.min(share))
  }
}

check_share <- function(x, share, column) {
  if (share >= least_share) return(invisible())
  if (share < -least_share) refuse_absent("more of a column's square than there is")
  Z <- character(n_cell_columns(x))
  for (g in seq_along(x$groupings)) Z[places_in_cells(x, g)] <- x$groupings[[g]]$random$column
  name <- c(Z, x$fixed, x$response)[column]
  abort("The removal would lose too many digits.",
        x = "Of what varies in {.code {name}} it would leave {signif(max(share, 0), 2)}, and must leave
             {least_share}.",
        i = "Make the cross-products anew without the rows.")
}

# A cell that goes has the rows that are taken out, and no others. of_cells: these, by cell.
check_same_factors <- function(x, of_cells, cells, gone, noise) {
  whole <- which(gone[cells])
  q <- n_cell_columns(x)
  if (length(whole) == 0 || q == 0) return(invisible())
  theirs <- of_cells[, , whole, drop = FALSE]
  ours <- x$cells$factor[, , cells[whole], drop = FALSE]
  lengths <- sqrt(apply(ours^2, c(2, 3), sum))
  lengths[-seq_len(q), ] <- pmax(lengths[-seq_len(q), ], noise)
  if (any(abs(theirs - ours) > 1e-6 * rep(lengths, each = q))) {
    # A column that a cell has not is 0 to rounding: its products tell.
    products <- function(R) apply(R, 3, crossprod)
    scale <- apply(lengths, 2, function(length) outer(length, length))
    if (any(abs(products(theirs) - products(ours)) > 1e-6 * scale)) {
      refuse_absent("other rows in a group than it has")
    }
  }
}

# Without cells, and without the groups and strata that have no others.
without_cells <- function(x, gone) {
  if (!any(gone)) return(x)
  several <- length(x$groupings) > 1
  x$cells <- lapply(x$cells, function(part) {
    if (is.null(part)) NULL
    else if (is.matrix(part)) part[!gone, , drop = FALSE]
    else if (is.array(part)) part[, , !gone, drop = FALSE]
    else part[!gone]
  })
  for (g in seq_along(x$groupings)) {
    codes <- if (several) x$cells$group[, g] else x$cells$group
    grouping <- x$groupings[[g]]
    kept <- sort(unique(codes))
    if (several) x$cells$group[, g] <- match(codes, kept) else x$cells$group <- match(codes, kept)
    if (!is.null(x$responses)) x$responses$group[, g] <- match(x$responses$group[, g], kept)
    x$groupings[[g]][c("groups", "display", "parts")] <-
      kept_labels(grouping, grouping$groups, kept)
    x$groupings[[g]]$order <- setdiff(grouping$order, grouping$groups[-kept])
    x$schema <- know_less(x$schema, grouping_part(g), kept)
  }
  kept <- sort(unique(x$cells$stratum))
  if (!is.null(x$responses$stratum)) x$responses$stratum <- match(x$responses$stratum, kept)
  x$cells$stratum <- match(x$cells$stratum, kept)
  x$strata$factor <- x$strata$factor[, , kept, drop = FALSE]
  x$strata[c("labels", "display", "parts")] <- kept_labels(x$strata, x$strata$labels, kept)
  x$schema <- know_less(x$schema, "sigma", kept)
  x$strata$rows <- rows_of_strata(x$cells)
  x
}

kept_labels <- function(x, labels, kept) {
  labels <- labels[if (length(labels)) kept]
  list(labels, order(match(labels, x$order)), if (!is.null(x$parts)) lapply(x$parts, `[`, kept))
}

know_less <- function(schema, part, kept) {
  known <- schema$known[[part]]
  if (is.null(known)) return(schema)
  known$labels <- known$labels[kept]
  known$parts <- lapply(known$parts, function(values) {
    values$code <- values$code[kept]
    values
  })
  schema$known[[part]] <- known
  schema
}

# Merged rows less others; found: the numbers that groups and strata of y have in x.
remove_responses <- function(x, y, found, family) {
  if (is.null(x)) return(NULL)
  for (g in seq_along(found$groups)) y$group[, g] <- found$groups[[g]][y$group[, g]]
  if (family$rows == "each") return(remove_each_row(x, y, found))
  join <- function(name, by) unname(by(x[[name]], y[[name]]))
  merged <- merge_rows(list(
    X = join("X", rbind), Z = join("Z", rbind), y = c(x$y, -y$y), trials = c(x$trials, -y$trials),
    offset = join("offset", c), group = join("group", rbind)
  ))
  counted <- count_values(join("values", c), c(x$times, -y$times))
  impossible <- merged$trials < 0 | merged$y < 0 | merged$trials == 0 & merged$y != 0 |
    family$weights == "trials" & merged$y > merged$trials
  if (any(impossible) || any(counted$times < 0)) refuse_absent("other responses than there are")
  there <- merged$trials > 0
  for (matrix in c("X", "Z", "group")) merged[[matrix]] <- merged[[matrix]][there, , drop = FALSE]
  for (vector in c("y", "trials", "offset")) merged[[vector]] <- merged[[vector]][there]
  occurs <- counted$times > 0
  c(merged, list(values = counted$values[occurs], times = counted$times[occurs],
                 log_constant = x$log_constant - y$log_constant))
}

# Of rows that are kept each, equal ones stand for each other.
remove_each_row <- function(x, y, found) {
  y$stratum <- found$strata[y$stratum]
  keys <- Map(c, keys_of_rows(x), keys_of_rows(y))
  sorted <- sort_rows(keys)
  run <- cumsum(sorted$is_new)
  is_own <- sorted$order <= length(x$y)
  before <- stats::ave(as.numeric(is_own), run, FUN = cumsum)
  left <- stats::ave(ifelse(is_own, 1, -1), run, FUN = sum)
  if (any(left < 0)) refuse_absent("other responses than there are")
  choose_rows(x, sort(sorted$order[is_own & before <= left]))
}
