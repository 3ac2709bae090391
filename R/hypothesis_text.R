# Hypotheses as they are written: one comparison, of functions of parameters by their names.

# What may stand in a hypothesis beside names and numbers. All work draw by draw.
hypothesis_functions <- c(
  "+", "-", "*", "/", "^", "(", "abs", "sqrt", "exp", "expm1", "log", "log1p", "log2", "log10",
  "plogis", "qlogis", "pnorm", "qnorm", "tanh", "atanh", "sin", "cos", "pmin", "pmax"
)

comparisons <- c("=" = "=", "==" = "=", "<" = "<", "<=" = "<", ">" = ">", ">=" = ">")

# list(label, difference, sign, variables): the difference of both sides as an expression in which
# ._1_, ._2_ and so on stand for `variables`, those of `known` that are named. known: variables,
# whose names are what may stand in the text.
read_hypothesis <- function(text, known) {
  replaced <- replace_names(text, names(known))
  code <- tryCatch(str2lang(replaced$text), error = function(e) NULL)
  compared <- is.call(code) && length(code) == 3 && is.name(code[[1]]) &&
    as.character(code[[1]]) %in% names(comparisons)
  if (!compared) {
    abort("{.arg hypothesis} must compare two sides by one of {.code {c('=', '<', '>')}}.",
          x = "It is {.val {text}}.", i = "For instance {.val {'x > 1.5'}}.")
  }
  check_expression(code[[2]], text, known, replaced$names)
  check_expression(code[[3]], text, known, replaced$names)
  if (length(replaced$names) == 0) {
    abort("{.arg hypothesis} {.val {text}} names no parameter.",
          i = "The fit has {.val {utils::head(names(known), 6)}} and so on.")
  }
  sign <- comparisons[[as.character(code[[1]])]]
  sides <- vapply(code[2:3], written_again, "", replaced$names)
  zero <- identical(code[[3]], 0)
  list(label = paste0("(", sides[1], ")", if (!zero) paste0("-(", sides[2], ")"), " ", sign, " 0"),
       difference = if (zero) code[[2]] else call("-", code[[2]], code[[3]]), sign = sign,
       variables = unname(known[replaced$names]))
}

# A text with ._1_, ._2_ and so on in the place of names, which need not be R's, and these names. A
# name ends where no letter, digit, dot or underscore follows, and the longest one counts.
replace_names <- function(text, known) {
  known <- known[order(-nchar(known))]
  found <- character()
  done <- ""
  while (nchar(text)) {
    name <- if (!grepl("[A-Za-z0-9_.]$", done)) name_at_start(text, known)
    if (is.null(name)) {
      done <- paste0(done, substr(text, 1, 1))
      text <- substring(text, 2)
      next
    }
    found <- union(found, name)
    # Spaces keep it from what has been replaced before.
    done <- paste0(done, " ._", match(name, found), "_ ")
    whole <- if (startsWith(text, name)) name else paste0("`", name, "`")
    text <- substring(text, nchar(whole) + 1)
  }
  list(text = done, names = found)
}

# The first of `known`, which are sorted by length, that the text begins with, perhaps in backticks;
# those of coefficients of `a b` have their own.
name_at_start <- function(text, known) {
  quoted <- startsWith(text, "`")
  begins <- known[startsWith(text, known) | startsWith(text, paste0("`", known, "`"))]
  for (name in begins) {
    after <- substring(text, nchar(name) + 1)
    is_call <- startsWith(after, "(") && name %in% hypothesis_functions
    if (quoted || !grepl("^[A-Za-z0-9_.]", after) && !is_call) return(name)
  }
}

# The code of a side as it was written.
written_again <- function(code, names) {
  text <- deparse1(code)
  for (k in rev(seq_along(names))) {
    text <- gsub(paste0("._", k, "_"), names[k], text, fixed = TRUE)
  }
  text
}

check_expression <- function(code, text, known, names) {
  if (is.numeric(code)) return(invisible())
  if (is.name(code)) {
    if (!as.character(code) %in% sprintf("._%d_", seq_along(names))) {
      refuse_unknown_name(as.character(code), known)
    }
    return(invisible())
  }
  if (is.call(code) && is.name(code[[1]]) && as.character(code[[1]]) %in% hypothesis_functions) {
    for (part in as.list(code)[-1]) check_expression(part, text, known, names)
    return(invisible())
  }
  if (is.call(code) && identical(code[[1]], quote(`:`))) {
    refuse_unknown_name(gsub(" ", "", written_again(code, names)), known)
  }
  shown <- cli::cli_vec(setdiff(hypothesis_functions, "("), list("vec-trunc" = Inf))
  abort("{.arg hypothesis} has {.code {written_again(code, names)}}, which is not a function of
         parameters that it may have.",
        x = "It is {.val {text}}.",
        i = "Beside names and numbers it may have {.code {setdiff(hypothesis_functions, '(')}}.")
}

refuse_unknown_name <- function(name, known) {
  abort("{.arg hypothesis} names {.val {name}}, which the fit has not.",
        i = "Near are {.val {near_names(name, names(known))}}.",
        i = "{.code variables(fit)} has the names of all draws.")
}

# The nearest names: those that have it as a part, then those that few letters would make of it.
near_names <- function(name, known, most = 4L) {
  known <- unique(known)
  has <- grepl(tolower(name), tolower(known), fixed = TRUE)
  distance <- utils::adist(name, known, ignore.case = TRUE)[1, ]
  known[utils::head(order(!has, distance), most)]
}

# Draws of the difference, of draws of `variables`, a list of vectors.
evaluate_difference <- function(hypothesis, draws) {
  names(draws) <- sprintf("._%d_", seq_along(draws))
  value <- suppressWarnings(eval(hypothesis$difference, draws, asNamespace("stats")))
  if (!all(is.finite(value))) {
    abort("{.arg hypothesis} {.val {hypothesis$label}} is not a finite number for
           {sum(!is.finite(value))} of {length(value)} draws.",
          i = "Look at divisions by zero, and at logarithms and roots of negative numbers.")
  }
  as.numeric(value)
}
