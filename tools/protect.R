# Rscript tools/protect.R [file ...]: reads src/ffi_*.c, or these files, and tells of each function where
# the numbers of PROTECT and UNPROTECT differ on a way through it, and where a new object is held
# without protection while something allocates. Writes tools/protect.csv; a report is an error. It
# takes seconds, and needs nothing but R. First it tries itself on functions with known faults.
#
# What it knows of C is how this package writes it: a function's braces stand at the beginning of a
# line, and its names say what it calls. Blocks and loops give back as many as they took. Branches
# are followed one after another, not in all combinations.

# What of R's interface may collect garbage. Data of an argument may be made when they are asked for.
allocators <- c(
  "allocVector", "allocMatrix", "alloc3DArray", "ScalarReal", "ScalarInteger", "ScalarLogical",
  "mkChar", "mkString", "duplicate", "coerceVector", "CONS", "lang2", "eval", "R_tryEvalSilent",
  "setAttrib", "install", "R_MakeExternalPtr", "R_alloc", "ALLOCATE", "GetRNGstate", "PutRNGstate",
  "R_CheckUserInterrupt", "R_ToplevelExec", "checked_doubles", "checked_integers"
)
makers <- c("allocVector", "allocMatrix", "alloc3DArray", "ScalarReal", "ScalarInteger",
            "ScalarLogical", "mkChar", "mkString", "duplicate", "coerceVector", "CONS", "lang2", "eval",
            "R_tryEvalSilent", "R_MakeExternalPtr")

read_c <- function(file) {
  text <- paste(c(readLines(file, warn = FALSE), ""), collapse = "\n")
  text <- gsub("(?s)/\\*.*?\\*/", " ", text, perl = TRUE)
  text <- gsub("\"(\\\\.|[^\"\\\\])*\"", "\"\"", text, perl = TRUE)
  strsplit(gsub("(?m)^[ \t]*#(.*\\\\\n)*.*$", "", text, perl = TRUE), "\n")[[1]]
}

# name and body of each function.
functions_of <- function(lines) {
  opens <- grep("^\\{", lines)
  closes <- vapply(opens, function(at) at - 1L + grep("^\\}", lines[at:length(lines)])[1], 0L)
  lapply(seq_along(opens), function(i) {
    before <- utils::tail(lines[seq_len(opens[i] - 1L)], 8)
    header <- sub(".*[;}]", "", paste(before, collapse = " "))
    list(name = sub("^.*?(\\w+) *\\(.*$", "\\1", header, perl = TRUE),
         is_object = grepl("^ *(static +)?SEXP +\\w", header),
         body = paste(lines[(opens[i] + 1L):(closes[i] - 1L)], collapse = " "))
  })
}

# Statements, and the braces of blocks. Braces behind = and in parentheses are no blocks.
pieces_of <- function(body) {
  places <- gregexpr("[(){};]", body)[[1]]
  pieces <- character()
  from <- 1L
  round <- 0L
  curly <- 0L
  for (at in places[places > 0]) {
    char <- substr(body, at, at)
    round <- round + (char == "(") - (char == ")")
    if (round > 0 || char %in% c("(", ")")) next
    before <- trimws(substr(body, from, at - 1L))
    if (curly > 0 || (char == "{" && grepl("=$", before))) {
      curly <- curly + (char == "{") - (char == "}")
      next
    }
    pieces <- c(pieces, before, if (char != ";") char)
    from <- at + 1L
  }
  pieces[nzchar(pieces)]
}

count <- function(pattern, text) {
  lengths(regmatches(text, gregexpr(pattern, text, perl = TRUE)))
}

# How many more are protected after a statement.
change_of <- function(piece) {
  taken <- regmatches(piece, gregexpr("\\bUNPROTECT *\\( *[0-9]+", piece))[[1]]
  count("\\bPROTECT *\\(", piece) - sum(as.integer(sub(".*\\( *", "", taken)))
}

is_controlled <- function(piece) grepl("^(if|else|for|while|do|switch|case|default)\\b", piece)
leaves <- function(piece) grepl("\\b(return|error|raise_\\w+)\\b", piece)

# Where the numbers differ. A block that leaves the function takes nothing with it.
check_balance <- function(pieces) {
  depth <- 0L
  entries <- integer()
  found <- character()
  last <- ""
  tell <- function(what) found <<- c(found, what)
  for (piece in pieces) {
    if (piece == "{") {
      entries <- c(entries, depth)
    } else if (piece == "}") {
      entry <- utils::tail(entries, 1)
      if (!leaves(last) && depth != entry) tell("a block changes how many are protected")
      depth <- entry
      entries <- utils::head(entries, -1)
    } else {
      after <- depth + change_of(piece)
      if (after < 0) tell("more are given back than were protected")
      if (grepl("\\breturn\\b", piece) && after != 0) {
        tell(sprintf("%d are protected at: %s", after, piece))
      }
      if (is_controlled(piece) && !leaves(piece) && after != depth) {
        tell(paste("protected under a condition:", piece))
      }
      if (!is_controlled(piece)) depth <- after
    }
    last <- piece
  }
  if (depth != 0 && !leaves(last)) tell(sprintf("%d are protected at the end", depth))
  found
}

calls_any <- function(text, names) {
  grepl(paste0("\\b(", paste(names, collapse = "|"), ") *\\("), text, perl = TRUE)
}

# Variables that are made in these pieces.
made_in <- function(pieces, makers) {
  pattern <- paste0("(\\w+)(\\[\\w+\\])? *= *(?:[^;]*[?:] *)?(PROTECT *\\( *)?(",
                    paste(makers, collapse = "|"), ") *\\(")
  hits <- regmatches(pieces, regexpr(pattern, pieces, perl = TRUE))
  unique(sub("(\\w+).*", "\\1", hits))
}

# Own functions that allocate, and those whose value is a new object: until no more are found.
close_over <- function(functions, allocators, makers) {
  repeat {
    bodies <- vapply(functions, `[[`, "", "body")
    names <- vapply(functions, `[[`, "", "name")
    more <- names[calls_any(bodies, allocators)]
    new <- names[vapply(functions, returns_new, NA, makers = makers)]
    if (all(more %in% allocators) && all(new %in% makers)) break
    allocators <- union(allocators, more)
    makers <- union(makers, new)
  }
  list(allocators = allocators, makers = makers)
}

returns_new <- function(fun, makers) {
  if (!fun$is_object) return(FALSE)
  pieces <- pieces_of(fun$body)
  returned <- sub(".*\\breturn\\b *", "", grep("\\breturn\\b", pieces, value = TRUE))
  any(calls_any(returned, makers)) || any(returned %in% made_in(pieces, makers))
}

# A new object's place in a statement is one that holds it: protected, in a list, returned or named.
holds <- function(makers) {
  paste0("(PROTECT *\\( *([^(),]*[?:] *)?|SET_VECTOR_ELT *\\([^,]*,[^,]*, *|SET_STRING_ELT *\\([^,]*,[^,]*, *|",
         "return [^(]*|[^=!<>]= *([^(),;]*[?:] *)?)(", paste(makers, collapse = "|"), ") *\\(")
}

check_holding <- function(pieces, known) {
  found <- character()
  made <- paste0("\\b(", paste(known$makers, collapse = "|"), ") *\\(")
  for (i in seq_along(pieces)) {
    piece <- paste0(" ", pieces[i])
    if (count(made, piece) > count(holds(known$makers), piece) &&
        !grepl("R_tryEvalSilent|^ eval", piece)) {
      found <- c(found, paste("a new object is held by nothing:", pieces[i]))
    }
    if (grepl("PROTECT *\\(|SET_VECTOR_ELT", piece)) next
    for (name in made_in(pieces[i], known$makers)) {
      found <- c(found, lost_later(name, pieces[-seq_len(i)], known$allocators))
    }
  }
  found
}

# Is there an allocation before the last use of an object that nothing protects?
lost_later <- function(name, rest, allocators) {
  uses <- grep(paste0("\\b", name, "\\b"), rest)
  protected <- grep(paste0("PROTECT *\\( *", name, "\\b"), rest)
  if (length(protected)) uses <- uses[uses < protected[1]]
  if (length(uses) == 0) return(character())
  at <- which(calls_any(rest[seq_len(max(uses))], allocators))
  if (length(at)) sprintf("%s is not protected at: %s", name, rest[at[1]])
}

# A row for each function.
check_functions <- function(functions, file, known) {
  rows <- lapply(functions, function(fun) {
    pieces <- pieces_of(fun$body)
    found <- c(check_balance(pieces), check_holding(pieces, known))
    data.frame(file = file, fun = fun$name, protects = sum(count("\\bPROTECT *\\(", pieces)),
               found = length(found), what = paste(found, collapse = " | "))
  })
  do.call(rbind, rows)
}

check_files <- function(files) {
  functions <- lapply(files, function(file) functions_of(read_c(file)))
  known <- close_over(unlist(functions, recursive = FALSE), allocators, makers)
  do.call(rbind, Map(check_functions, functions, basename(files), list(known)))
}

# Each has one fault, but for the last, which has none.
known_faults <- c(
  forgotten = "SEXP x = PROTECT(allocVector(REALSXP, 1)); return x;",
  early = "SEXP x = PROTECT(allocVector(REALSXP, 1)); if (!n) return x; UNPROTECT(1); return x;",
  twice = "SEXP x = PROTECT(allocVector(REALSXP, 1)); UNPROTECT(2); return x;",
  loop = "for (int i = 0; i < n; i++) { SEXP x = PROTECT(allocVector(REALSXP, 1)); f(x); } return y;",
  bare = "SEXP x = allocVector(REALSXP, 1); SEXP y = ScalarReal(2.0); f(x); return y;",
  argument = "SEXP x = PROTECT(lang2(f, ScalarInteger(1))); UNPROTECT(1); return x;",
  generator = "SEXP x = allocVector(REALSXP, 1); GetRNGstate(); f(x); PutRNGstate(); return x;",
  none = paste("SEXP x = PROTECT(allocVector(REALSXP, 1)); if (!n) { UNPROTECT(1); return R_NilValue; }",
               "SEXP v[] = { x, PROTECT(ScalarReal(1.0)) }; g(v); UNPROTECT(2); return x;")
)

try_itself <- function() {
  file <- tempfile(fileext = ".c")
  on.exit(unlink(file))
  found <- vapply(known_faults, function(body) {
    writeLines(c("SEXP made_up(SEXP f, int n)", "{", body, "}"), file)
    check_files(file)$found
  }, 0L)
  wrong <- (found > 0) != (names(found) != "none")
  if (any(wrong)) stop("The script does not see: ", toString(names(found)[wrong]), call. = FALSE)
}

run <- function(root, files) {
  try_itself()
  all <- length(files) == 0
  if (all) files <- Sys.glob(file.path(root, "src", "ffi_*.c"))
  rows <- check_files(files)
  cat(sprintf("%s %s: %s\n", rows$file, rows$fun, rows$what)[rows$found > 0], sep = "")
  totals <- stats::aggregate(cbind(functions = 1, protects, found) ~ file, rows, sum)
  cat(sprintf("%d functions with %d PROTECT: %d reports\n", nrow(rows), sum(rows$protects),
              sum(rows$found)))
  if (all) {
    totals <- cbind(totals, commit = commit_of(root), run = today())
    utils::write.csv(totals, file.path(root, "tools", "protect.csv"), row.names = FALSE)
  }
  if (sum(rows$found)) stop("Something is not protected, or not given back.", call. = FALSE)
}

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
tools <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(tools, "builds.R"))
if (sys.nframe() == 0L) run(dirname(tools), commandArgs(trailingOnly = TRUE))
