# Rscript tools/formula-lines.R: finds the lines of code that compute the lecture's formulas and
# writes their numbers into vignettes/formula-lines.csv. A row of that file names a formula, a
# function, and a piece of code that stands once in the function: its line is what is found.

# The numbers of a function's lines, from its head to the first closing brace at the margin.
function_lines <- function(lines, name) {
  in_c <- paste0("^[a-z].*\\b", name, "\\(([^;]*)$")
  in_r <- paste0("^", name, " <- function\\(")
  head <- grep(paste(in_c, in_r, sep = "|"), lines)
  if (length(head) != 1) stop(name, "() is defined ", length(head), " times.")
  ends <- which(lines == "}")
  head:ends[ends > head][1]
}

find_line <- function(root, file, function_name, code) {
  lines <- readLines(file.path(root, file), warn = FALSE)
  body <- function_lines(lines, function_name)
  found <- body[grepl(code, lines[body], fixed = TRUE)]
  if (length(found) != 1) {
    stop("`", code, "` stands ", length(found), " times in ", function_name, "() of ", file, ".")
  }
  found
}

read_formula_lines <- function(root) {
  utils::read.csv(file.path(root, "vignettes", "formula-lines.csv"))
}

find_formula_lines <- function(root, formulas = read_formula_lines(root)) {
  mapply(find_line, formulas$file, formulas$function_name, formulas$code,
         MoreArgs = list(root = root), USE.NAMES = FALSE)
}

write_formula_lines <- function(root) {
  formulas <- read_formula_lines(root)
  formulas$line <- find_formula_lines(root, formulas)
  utils::write.csv(formulas, file.path(root, "vignettes", "formula-lines.csv"), row.names = FALSE)
}

if (sys.nframe() == 0L) {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  write_formula_lines(dirname(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))))
}
