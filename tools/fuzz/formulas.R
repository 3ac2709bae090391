# Formulas of random calls, as code.

fixed_terms_of_calls <- c(
  "x", "x", "x", "z", "f", "o", "l", "d", "h", "x:z", "x * f", "I(x^2)", "poly(x, 2)",
  "splines::ns(x, 3)", "splines::bs(x, 3)", "log(z)", "log(x)", "scale(x)", "factor(h)", "offset(x)",
  "offset(log(w))", "`a b`", "`if`", "\u00e9t\u00e9", "m", "g", "as.numeric(g)", "cut(x, 2)", "cut(x, 3)",
  "x^2", "(x + z)^2", "x %in% f", "I(x > 0)", "ifelse(x > 0, 1, 0)", "exp(100 * x)", "1e8 * x",
  "I(0 * x)", "unknown", "unknown(x)", "log('a')", "stop('ours')", "sum(x)", "x[1]", "NULL", "NA",
  "1", "2", "'x'", "TRUE", "x | z", "I(x | z)", "x + x", ".", "s(x)", "rnorm(3)", "c(1, 2)",
  "poly(x, 40)", "interaction(f, h)", "contrasts(f)", "relevel(f, 'v')", "relevel(f, 'none')",
  "x %% 2", "-x", "x - z", "x / z", "mean(y)", "y", "lag(x)", "list(x)", "data", "function(x) x",
  "dummy(f)", "cos(x)", "i", "I(i / 1e6)", "poly(i, 3)", "as.factor(round(x))", "is.na(x)"
)

bar_columns_of_calls <- c(
  "1", "1", "1", "1", "x", "1 + x", "0 + x", "1 + x + z", "f", "0 + f", "x * z", "poly(x, 2)", "o", "l", "m",
  "-1 + x", "x - 1", "0", "I(x^2)", "unknown", "y", ".", "offset(x)", "NULL", "x:f", "`a b`", "1e6 * x",
  "scale(x)", "splines::ns(x, 2)", "log(z)", "x | z"
)

groups_of_calls <- c(
  "g", "g", "g", "g", "g", "h", "h", "p", "g:h", "p/g", "g/h", "p:g", "factor(g)", "f", "l", "i", "x",
  "unknown", "1", "g + h", "g * h", "(g)", "interaction(g, h)", "d", "o", "`a b`", "cut(x, 3)", "m", "y",
  "NULL", "'g'", "I(g)", "paste(g, h)", "gr(g)", "as.character(g)"
)

responses_of_calls <- list(
  gaussian = c("y", "y", "y", "y", "y", "log(y)", "y^2", "scale(y)", "I(y * 1e6)", "k", "l", "f", "m", "cbind(y, x)",
               "y - x", "sqrt(k)", "unknown", "0", "1:3", "d", "exp(y)", "y | x", "`a b`", "as.numeric(y > 0)"),
  binomial = c("b", "b", "b", "cbind(s, t - s)", "cbind(s, t - s)", "l", "f", "s / t", "y", "cbind(s, 1)",
               "cbind(s, -t)", "k", "factor(b)", "cbind(b, 1 - b)", "cbind(s, t, t)", "b | trials(t)", "x > 0",
               "h", "m", "unknown"),
  count = c("k", "k", "k", "k", "s", "t", "y", "k / 2", "l", "f", "k * 1000", "cbind(k, k)", "b", "i", "unknown",
            "round(exp(y))", "-k", "d", "m")
)

random_bar <- function() {
  columns <- pick(bar_columns_of_calls)
  group <- pick(groups_of_calls)
  bar <- pick(c("|", "|", "|", "||"))
  inside <- paste(columns, bar, group)
  structure <- pick(c(rep("", 25), "cs", "ar1", "diag", "us", "toep", "exp", "log"))
  options <- if (nzchar(structure) && chance(0.3)) pick(c(", hom = TRUE", ", hom = FALSE", ", hom = NA", ", 3", ", rho = 1"))
  paste0(structure, "(", inside, if (!is.null(options)) options, ")")
}

random_fixed <- function() {
  pick(fixed_terms_of_calls, pick(c(0, 1, 1, 1, 2, 2, 3)))
}

# kind: of the response, "gaussian", "binomial" or "count".
random_formula <- function(kind) {
  plain <- chance(0.4)
  response <- if (plain) responses_of_calls[[kind]][1] else pick(responses_of_calls[[kind]])
  fixed <- if (plain) pick(c("x", "1", "x + f", "x + z", "0 + x")) else random_fixed()
  start <- if (!plain) pick(c("", "", "", "1", "0", "-1"))
  bars <- if (plain) pick(c("(1 | g)", "(1 + x | g)", "(1 + x || g)", "(1 | g) + (1 | h)", "(1 | p/g)", ""))
    else vapply(seq_len(pick(c(0, 1, 1, 1, 2, 3))), function(k) random_bar(), "")
  terms <- c(start, fixed, bars)
  terms <- terms[nzchar(terms)]
  right <- if (length(terms)) paste(terms, collapse = " + ") else "1"
  text <- paste(response, "~", right)
  if (chance(0.01)) text <- paste("~", right)
  if (chance(0.01)) text <- pick(c("y", "NULL", "1", "NA", "y ~ x ~ z", "quote(y ~ x)", "'y ~ x + (1 | g)'",
                                   "'y ~ x +'", "list(y ~ x)", "function(x) x", "c(y ~ x, y ~ z)", "''"))
  str2lang(text)
}
