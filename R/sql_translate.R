# Expressions of R in SQL: those functions alone whose values are the same on engines that were
# tried.
#
# What is translated is a list:
#   sql    its text
#   type   "number", of double precision; "text", "logical", "time", or "other"
#   given  conditions, each a text, under which R's value is not missing
#   like   of text that is a factor in R, this factor without rows
#
# `table` is what it is translated for (R/sql_table.R): connection and engine, `types` of its
# columns, and the environment of the formula.
new_sql <- function(sql, type, given = character()) list(sql = sql, type = type, given = given)

# Before anything runs: refuses calls that are not on the list.
check_translatable <- function(expression, table) {
  if (!is.call(expression) || is_beside(expression, table)) return(invisible())
  head <- as_text(expression[[1]])
  if (!head %in% names(sql_functions)) {
    all <- cli::cli_vec(names(sql_functions), list("vec-trunc" = Inf))
    abort("The database cannot be asked for {.code {as_text(expression)}}: {.fn {head}} is not among
           the functions that are the same there and in R.",
          i = "These are {.code {all}}.",
          i = "Make it a column of the table, or read the rows in chunks: {.code ?crossprods}.")
  }
  if (head == "cut") return(check_cut(named_cut(expression), table))
  given <- names(expression)[-1]
  arguments <- sql_functions[[head]]$arguments
  if (any(nzchar(given)) || !(length(expression) - 1L) %in% arguments) {
    abort("{.code {as_text(expression)}} cannot be written in SQL.",
          x = "Of {.fn {head}} there are {.or {.val {arguments}}} arguments without names.")
  }
  for (part in as.list(expression)[-1]) check_translatable(part, table)
}

# Of its arguments the first alone may have columns.
check_cut <- function(call, table) {
  check_translatable(call$x, table)
  for (name in setdiff(names(call), c("", "x"))) {
    if (is_beside(call[[name]], table)) next
    abort("{.arg {name}} of {.code {as_text(call)}} must not depend on columns.")
  }
}

# Does an expression have its value without any column?
is_beside <- function(expression, table) !any(free_variables(expression) %in% names(table$types))

translate <- function(expression, table) {
  if (is.name(expression) && as.character(expression) %in% names(table$types)) {
    return(translate_column(as.character(expression), table))
  }
  if (is_beside(expression, table)) return(translate_constant(expression, table))
  head <- as_text(expression[[1]])
  if (head == "cut") return(translate_cut(named_cut(expression), table))
  arguments <- lapply(as.list(expression)[-1], translate, table)
  takes <- sql_functions[[head]]$takes
  types <- vapply(arguments, `[[`, "", "type")
  if (takes == "number") {
    arguments[types == "logical"] <- lapply(arguments[types == "logical"], as_sql_number)
    types[types == "logical"] <- "number"
  }
  if (takes != "any" && any(types != takes)) {
    bad <- which(types != takes)[1]
    abort("{.code {as_text(expression)}} takes a {takes}, and {.code
           {as_text(expression[[bad + 1L]])}} is a {types[bad]} in the database.")
  }
  made <- sql_functions[[head]]$translate(arguments, table)
  made$given <- unique(c(unlist(lapply(arguments, `[[`, "given")), made$given))
  if (isFALSE(sql_functions[[head]]$strict)) made$given <- paste(made$sql, "IS NOT NULL")
  made
}

translate_column <- function(name, table) {
  sql <- sql_name(table, name)
  given <- paste(sql, "IS NOT NULL")
  type <- sql_type(table$types[[name]])
  if (type != "number") return(new_sql(sql, type, given))
  number <- sql_cast(table, sql)
  not_nan <- if (is.double(table$types[[name]]) && !is.null(table$engine$not_nan)) {
    sprintf(table$engine$not_nan, number)
  }
  new_sql(number, type, c(given, not_nan))
}

# type: a column of its type, without rows.
sql_type <- function(type) {
  if (is.null(type)) return("other")
  if (inherits(type, "relm_digits") || is.character(type) || is.factor(type)) return("text")
  if (is.logical(type)) return("logical")
  if (is_time(type)) return("time")
  if (is.numeric(type) && (!is.object(type) || inherits(type, "integer64"))) return("number")
  "other"
}

# A number that is none is in no interval, to engines too that take it for a large one.
translate_cut <- function(call, table) {
  x <- translate(call$x, table)
  if (x$type != "number") {
    abort("{.code {as_text(call)}} takes a number, and {.code {as_text(call$x)}} is a {x$type} in
           the database.")
  }
  cut <- read_cut(call, table$envir)
  is_factor <- is.factor(cut$values)
  values <- if (is_factor) vapply(as.character(cut$values), sql_text, "", table = table)
    else sql_number(cut$values)
  arms <- sprintf("WHEN %s %s %s AND %s %s %s THEN %s",
                  x$sql, ifelse(cut$left, ">=", ">"), sql_limit(cut$above, table),
                  x$sql, ifelse(cut$right, "<=", "<"), sql_limit(cut$below, table), values)
  sql <- sprintf("(CASE %s END)", paste(arms, collapse = " "))
  made <- new_sql(sql, if (is_factor) "text" else "number", c(x$given, paste(sql, "IS NOT NULL")))
  if (is_factor) made$like <- cut$values[0]
  made
}

sql_limit <- function(x, table) {
  text <- sql_number(x)
  text[x == Inf] <- table$engine$infinity
  text[x == -Inf] <- paste("-", table$engine$infinity)
  text
}

# The value of an expression without columns, found in R.
translate_constant <- function(expression, table) {
  value <- tryCatch(eval(expression, table$envir), error = function(e) {
    abort("{.code {as_text(expression)}} cannot be evaluated.", x = "{conditionMessage(e)}",
          i = "The table has the columns {.var {names(table$types)}}.")
  })
  if (!is.atomic(value) || length(value) != 1 || is.na(value) || is.object(value)) {
    abort("{.code {as_text(expression)}} must be one value, or made of columns of the table.",
          x = "It is {describe(value)}.",
          i = "The table has the columns {.var {names(table$types)}}.")
  }
  if (is.character(value)) return(new_sql(sql_text(table, value), "text"))
  if (is.logical(value)) return(new_sql(if (value) "(1 = 1)" else "(1 = 0)", "logical"))
  if (!is.finite(value)) abort("{.code {as_text(expression)}} must be finite.")
  made <- new_sql(sql_cast(table, sql_number(value)), "number")
  made$value <- as.numeric(value)
  made
}

as_sql_number <- function(x) {
  if (x$type == "number") return(x)
  new_sql(sprintf("(CASE WHEN %s THEN 1.0 WHEN NOT (%s) THEN 0.0 END)", x$sql, x$sql), "number",
          x$given)
}

# The functions -----------------------------------------------------------------------------------

# arguments: how many; takes: their type; strict: is a value missing only where an argument is?
sql_function <- function(arguments, takes, translate, strict = TRUE) {
  list(arguments = arguments, takes = takes, translate = translate, strict = strict)
}

# Of one or more numbers, as dbplyr writes it.
same_function <- function(name, arguments = 1L) {
  sql_function(arguments, "number", function(x, table) {
    new_sql(sql_call(table, name, lapply(x, `[[`, "sql")), "number")
  })
}

# The least or the greatest of several.
extreme_function <- function(name) {
  sql_function(2:9, "number", function(x, table) {
    new_sql(sql_call(table, name, lapply(x, `[[`, "sql"), na.rm = TRUE), "number")
  })
}

operator <- function(symbol, takes = "number", makes = takes) {
  sql_function(2L, takes, function(x, table) {
    new_sql(sprintf("(%s %s %s)", x[[1]]$sql, symbol, x[[2]]$sql), makes)
  })
}

sign_or_sum <- function(symbol) {
  sql_function(1:2, "number", function(x, table) {
    if (length(x) == 1) return(new_sql(sprintf("(%s %s)", symbol, x[[1]]$sql), "number"))
    new_sql(sprintf("(%s %s %s)", x[[1]]$sql, symbol, x[[2]]$sql), "number")
  })
}

# Text has an order that depends on the locale.
comparison <- function(symbol, of_text = FALSE) {
  sql_function(2L, "any", function(x, table) {
    types <- vapply(x, `[[`, "", "type")
    if (of_text && all(types == "text")) {
      return(new_sql(sprintf("(%s %s %s)", x[[1]]$sql, symbol, x[[2]]$sql), "logical"))
    }
    if (!all(types %in% c("number", "logical"))) {
      abort("{.code {symbol}} compares a {types[1]} and a {types[2]}, which the database does
             otherwise than R.")
    }
    x <- lapply(x, as_sql_number)
    new_sql(sprintf("(%s %s %s)", x[[1]]$sql, symbol, x[[2]]$sql), "logical")
  })
}

# log(0) is -Inf, and of a negative number there is none; engines refuse both.
logarithm <- function(name) {
  sql_function(1L, "number", function(x, table) {
    sql <- x[[1]]$sql
    new_sql(sprintf("(CASE WHEN %s > 0.0 THEN %s WHEN %s = 0.0 THEN - %s END)", sql,
                    sql_call(table, name, sql), sql, table$engine$infinity),
            "number", sprintf("%s >= 0.0", sql))
  })
}

root_function <- sql_function(1L, "number", function(x, table) {
  sql <- x[[1]]$sql
  new_sql(sprintf("(CASE WHEN %s >= 0.0 THEN %s END)", sql, sql_call(table, "sqrt", sql)), "number",
          sprintf("%s >= 0.0", sql))
})

# Beyond these, exp() is 0 or infinite in R, and an error elsewhere.
exponential_function <- sql_function(1L, "number", function(x, table) {
  sql <- x[[1]]$sql
  new_sql(sprintf("(CASE WHEN %s < -745.0 THEN 0.0 WHEN %s > 709.0 THEN %s ELSE %s END)", sql, sql,
                  table$engine$infinity, sql_call(table, "exp", sql)), "number")
})

# dbplyr writes it by exp(2 * x), which overflows; beyond 20 it is 1 to the last bit.
tanh_function <- sql_function(1L, "number", function(x, table) {
  sql <- x[[1]]$sql
  new_sql(sprintf("(CASE WHEN %s > 20.0 THEN 1.0 WHEN %s < -20.0 THEN -1.0 ELSE %s END)", sql, sql,
                  sql_call(table, "tanh", sql)), "number")
})

quotient <- sql_function(2L, "number", function(x, table) {
  a <- x[[1]]$sql
  b <- x[[2]]$sql
  if (isTRUE(x[[2]]$value != 0)) return(new_sql(sprintf("(%s / %s)", a, b), "number"))
  infinity <- table$engine$infinity
  at_zero <- sprintf("WHEN %s > 0.0 THEN %s WHEN %s < 0.0 THEN - %s", a, infinity, a, infinity)
  new_sql(sprintf("(CASE WHEN %s <> 0.0 THEN %s / %s %s END)", b, a, b, at_zero),
          "number", sprintf("NOT (%s = 0.0 AND %s = 0.0)", a, b))
})

# x^2 is x * x in R, to the last bit.
power <- sql_function(2L, "number", function(x, table) {
  exponent <- x[[2]]$value
  raised <- sql_call(table, "^", lapply(x, `[[`, "sql"))
  if (isTRUE(x[[1]]$value > 0)) return(new_sql(raised, "number"))
  if (is.null(exponent)) {
    abort("The exponent of {.code ^} must be one number, which does not depend on columns.")
  }
  sql <- x[[1]]$sql
  if (exponent == 2) return(new_sql(sprintf("(%s * %s)", sql, sql), "number"))
  whole <- exponent == round(exponent)
  allowed <- c(if (!whole) sprintf("%s >= 0.0", sql), if (exponent < 0) sprintf("%s <> 0.0", sql))
  if (length(allowed) == 0) return(new_sql(raised, "number"))
  at_zero <- if (exponent < 0) sprintf("WHEN %s = 0.0 THEN %s ", sql, table$engine$infinity)
  new_sql(sprintf("(CASE WHEN %s THEN %s %sEND)", paste(allowed, collapse = " AND "), raised,
                  if (is.null(at_zero)) "" else at_zero),
          "number", if (!whole) sprintf("%s >= 0.0", sql))
})

choice <- sql_function(3L, "any", function(x, table) {
  types <- vapply(x, `[[`, "", "type")
  if (types[1] != "logical") abort("The first argument of {.fn ifelse} must be TRUE or FALSE.")
  if (types[2] != types[3]) {
    if (!all(types[2:3] %in% c("number", "logical"))) {
      abort("The values of {.fn ifelse} must be of one type.",
            x = "They are a {types[2]} and a {types[3]} in the database.")
    }
    x[2:3] <- lapply(x[2:3], as_sql_number)
  }
  new_sql(sprintf("(CASE WHEN %s THEN %s WHEN NOT (%s) THEN %s END)", x[[1]]$sql, x[[2]]$sql,
                  x[[1]]$sql, x[[3]]$sql), x[[2]]$type)
}, strict = FALSE)

as_it_is <- function(takes) sql_function(1L, takes, function(x, table) x[[1]][c("sql", "type")])

# TRUE | NA is TRUE.
connective <- function(symbol) {
  made <- operator(symbol, "logical")
  made$strict <- FALSE
  made
}

sql_functions <- list(
  "+" = sign_or_sum("+"), "-" = sign_or_sum("-"), "*" = operator("*"), "/" = quotient, "^" = power,
  "(" = as_it_is("any"), I = as_it_is("any"), as.numeric = as_it_is("number"),
  as.double = as_it_is("number"),
  log = logarithm("log"), log10 = logarithm("log10"), exp = exponential_function,
  sqrt = root_function,
  abs = same_function("abs"), floor = same_function("floor"), ceiling = same_function("ceiling"),
  sin = same_function("sin"), cos = same_function("cos"), tanh = tanh_function,
  atan2 = same_function("atan2", 2L), pmin = extreme_function("pmin"),
  pmax = extreme_function("pmax"),
  "==" = comparison("=", TRUE), "!=" = comparison("<>", TRUE), "<" = comparison("<"),
  "<=" = comparison("<="), ">" = comparison(">"), ">=" = comparison(">="),
  "&" = connective("AND"), "|" = connective("OR"),
  "!" = sql_function(1L, "logical", function(x, table) {
    new_sql(sprintf("(NOT %s)", x[[1]]$sql), "logical")
  }),
  ifelse = choice,
  # R/sql_cut.R
  cut = list()
)
