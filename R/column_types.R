# Columns of data in the types that models reckon with, and new ones in those of the fit's.

# Columns of whole numbers of 64 bits as numbers, of which the package bit64 need not be there;
# those beyond 2^53, which a double cannot hold, as text.
plain_columns <- function(data) {
  if (!is.data.frame(data)) return(data)
  large <- vapply(data, inherits, NA, what = "integer64")
  if (!any(large)) return(data)
  data[large] <- lapply(.subset(data, which(large)), plain_integer64)
  data
}

plain_integer64 <- function(x) {
  words <- readBin(writeBin(as.numeric(unclass(x)), raw(), endian = "little"), "integer",
                   2 * length(x), endian = "little")
  words <- matrix(as.numeric(words), 2)
  # The least of R's integers, which it takes for NA, is half of bit64's NA, and no other high word
  # of a number up to 2^53.
  missing <- is.na(words[2, ])
  low <- ifelse(is.na(words[1, ]), 2^31, words[1, ] %% 2^32)
  high <- words[2, ]
  values <- high * 2^32 + low
  values[missing] <- NA
  if (all(abs(values) <= 2^53, na.rm = TRUE)) return(values)
  text <- digits_of_words(high, low)
  text[missing] <- NA
  structure(text, class = "relm_digits")
}

# All digits, without bit64.
text_of_integer64 <- function(x) {
  plain <- plain_integer64(x)
  if (is.numeric(plain)) ifelse(is.na(plain), NA, sprintf("%.0f", plain)) else unclass(plain)
}

# Text of digits is for groups alone: as a predictor it would be a factor.
refuse_digits <- function(design) {
  used <- unlist(lapply(c(list(design$formula[[2]], design$terms), design$bars), all.vars))
  digits <- vapply(design$kept$columns, inherits, NA, what = "relm_digits")
  large <- intersect(names(digits)[digits], used)
  if (length(large)) {
    abort("{.var {large}} {?has/have} whole numbers beyond 2^53, which cannot be told apart as
           numbers.", i = "Subtract the least of them, or take other units, before the fit.")
  }
}

# high 2^32 + low in decimal digits: six at the end, and what stands before them, which is below
# 2^53.
digits_of_words <- function(high, low) {
  negative <- !is.na(high) & high < 0
  borrowed <- negative & low > 0
  high <- ifelse(negative, -high - borrowed, high)
  low <- ifelse(borrowed, 2^32 - low, low)
  rest <- (high %% 1e6) * 2^32 + low
  before <- (high %/% 1e6) * 2^32 + rest %/% 1e6
  digits <- ifelse(before > 0, sprintf("%.0f%06.0f", before, rest %% 1e6),
                   sprintf("%.0f", rest %% 1e6))
  paste0(ifelse(negative, "-", ""), digits)
}

# A matrix of one column, as scale() makes it, is a vector to a model.
drop_matrix <- function(x) {
  if (is.numeric(x) && is.matrix(x) && ncol(x) == 1L) as.vector(unclass(x)) else x
}

# A vector for a matrix of one column or the reverse, as the fit had it.
in_shape_of <- function(column, fitted) {
  if (!is.numeric(column) || !is.numeric(fitted)) return(column)
  if (is.null(dim(fitted)) && is.matrix(column) && ncol(column) == 1L) return(as.vector(column))
  if (is.matrix(fitted) && ncol(fitted) == 1L && is.null(dim(column))) matrix(column) else column
}

# New rows with the columns of a schema, before functions of them are evaluated: times in its
# units, factors with its levels before any others.
in_types_of <- function(schema, newdata) {
  newdata <- plain_columns(newdata)
  for (name in intersect(names(newdata), schema$row_variables)) {
    fitted <- schema$raw[[name]]
    column <- .subset2(newdata, name)
    if (is.null(fitted) || identical(class(column), class(fitted)) && !is.object(column)) next
    typed <- in_type_of(column, fitted, name)
    if (!identical(typed, column)) newdata[[name]] <- typed
  }
  newdata
}

in_type_of <- function(column, fitted, name) {
  if (inherits(fitted, "relm_digits") && is.numeric(column)) return(sprintf("%.0f", column))
  if (is_time(column) || is_time(fitted)) return(in_units_of(column, fitted, name))
  if (is.factor(fitted) && (is.factor(column) || is.character(column))) {
    if (is.character(column)) column <- factor(column)
    if (identical(levels(column), levels(fitted))) return(column)
    all <- union(levels(fitted), levels(column))
    return(structure(match(levels(column), all)[as.integer(column)], levels = all,
                     class = class(fitted)))
  }
  in_shape_of(column, fitted)
}

is_time <- function(x) inherits(x, c("difftime", "Date", "POSIXct", "POSIXlt"))

# Missing values have no units.
in_units_of <- function(column, fitted, name) {
  if (is.logical(column) && all(is.na(column))) return(column)
  if (inherits(fitted, "difftime") && inherits(column, "difftime")) {
    units(column) <- units(fitted)
    return(column)
  }
  moment <- c("POSIXct", "POSIXlt")
  if (inherits(fitted, "Date") && inherits(column, "Date") ||
        inherits(fitted, moment) && inherits(column, moment)) return(column)
  if (inherits(fitted, "Date") && inherits(column, moment)) return(date_of(column))
  if (inherits(fitted, moment) && inherits(column, "Date")) return(moment_of(column, fitted))
  # Text may be what as.Date() or the like is to read.
  if (!is_time(column) && !is.numeric(column)) return(column)
  abort("{.code {name}} in {.arg newdata} is not of the class that it had in the data.",
        x = "It is {describe(column)}, and was {describe_type(fitted)}.",
        i = if (inherits(fitted, "difftime")) "Give its units with {.fn as.difftime}.")
}

# The day with the part of it that has passed, in the time zone of the moment.
date_of <- function(moment) {
  local <- as.POSIXlt(moment)
  passed <- (local$hour * 3600 + local$min * 60 + local$sec) / 86400
  structure(as.numeric(as.Date(local)) + passed, class = "Date")
}

# The start of a day, and the part of it that has passed, in the time zone of the fit's.
moment_of <- function(date, fitted) {
  zone <- attr(as.POSIXlt(fitted), "tzone")[1]
  day <- floor(as.numeric(date))
  start <- as.POSIXct(format(structure(day, class = "Date")), tz = zone)
  start + 86400 * (as.numeric(date) - day)
}

# A column without a name, which no formula can mean, is an error to R where a model has weights.
named_columns <- function(data) {
  if (!is.data.frame(data)) return(data)
  named <- !is.na(names(data)) & nzchar(names(data))
  if (all(named)) data else data[which(named)]
}

# What describe() says of columns, without their length.
describe_type <- function(x) {
  class <- class(x)[1]
  article <- if (grepl("^[aeio]", class)) "an" else "a"
  paste0(article, " ", class, if (length(dim(x)) == 2) paste(" of", ncol(x), "columns"))
}

# A column of new rows in the type of the fit's: factors get its levels.
like_fitted <- function(column, fitted, name) {
  if (is.factor(fitted)) {
    if (!is.factor(column) && !is.character(column)) {
      abort("{.code {name}} in {.arg newdata} must be a factor or text.",
            x = "It is {describe(column)}.", i = "Its levels are {.val {levels(fitted)}}.")
    }
    if (is.character(column)) column <- factor(column)
    unknown <- setdiff(levels(column)[tabulate(column, nlevels(column)) > 0], levels(fitted))
    if (length(unknown)) {
      abort("{.code {name}} in {.arg newdata} has the level{?s} {.val {utils::head(unknown, 5)}},
             which the fit knows nothing of.", i = "It knows {.val {levels(fitted)}}.")
    }
    code <- match(levels(column), levels(fitted))[as.integer(column)]
    return(structure(code, levels = levels(fitted), class = class(fitted)))
  }
  column <- in_shape_of(column, fitted)
  if (stats::.MFclass(column) != stats::.MFclass(fitted)) {
    abort("{.code {name}} in {.arg newdata} is not of the type that it had in the data.",
          x = "It is {describe(column)}, and was {describe_type(fitted)}.")
  }
  column
}
