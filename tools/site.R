# Rscript tools/site.R [folder]: the site, from the sources and the installed package, into a
# folder; into site/ unless another is named. It needs pkgdown and pandoc, and no network,
# neither to be built nor to be read: formulas become MathML, and what pages would fetch from
# elsewhere (scripts for search, icons and contents) goes, with contents of pages written instead.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
# Rscript spells a space in its own path as ~+~.
root <- dirname(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))))
folder <- commandArgs(trailingOnly = TRUE)
folder <- if (length(folder) > 0L) folder[1L] else file.path(root, "site")
if (!startsWith(folder, "/")) folder <- file.path(getwd(), folder)

read_text <- function(file) paste(readLines(file, encoding = "UTF-8"), collapse = "\n")

remove_remote_parts <- function(page) {
  remote <- c("//script[starts-with(@src, 'http') or starts-with(@src, 'file:')]",
              "//link[starts-with(@href, 'http')]", "//script[contains(@src, 'pkgdown.js')]",
              "//form[@role = 'search']", "//img[@src = '']",
              "//comment()[contains(., 'http')]")
  for (path in remote) xml2::xml_remove(xml2::xml_find_all(page, path))
}

# The README's links to the sources of vignettes, to their pages.
link_vignettes <- function(page) {
  links <- xml2::xml_find_all(page, "//a[starts-with(@href, 'vignettes/')]")
  pages <- sub("^vignettes/(.*)\\.Rmd$", "articles/\\1.html", xml2::xml_attr(links, "href"))
  xml2::xml_set_attr(links, "href", pages)
}

# A list of the page's headings in the place that a script would fill.
write_contents <- function(page) {
  place <- xml2::xml_find_first(page, "//nav[@id = 'toc']")
  headings <- xml2::xml_find_all(page, "//main//*[self::h2 or self::h3][@id or ../@id]")
  if (inherits(place, "xml_missing")) return(invisible())
  if (length(headings) == 0L) return(xml2::xml_remove(place))
  id <- ifelse(is.na(xml2::xml_attr(headings, "id")),
               xml2::xml_attr(xml2::xml_parent(headings), "id"), xml2::xml_attr(headings, "id"))
  list <- xml2::xml_add_child(place, "ul", class = "nav flex-column", "data-toggle" = "toc")
  for (i in seq_along(headings)) {
    depth <- if (xml2::xml_name(headings[[i]]) == "h3") "nav-link ms-3" else "nav-link"
    item <- xml2::xml_add_child(list, "li", class = "nav-item")
    xml2::xml_add_child(item, "a", trimws(xml2::xml_text(headings[[i]])), class = depth,
                        href = paste0("#", id[i]))
  }
}

# Formulas, as TeX between these marks.
formula_pattern <- "(?s)\\\\\\((.*?)\\\\\\)|\\\\\\[(.*?)\\\\\\]|\\$\\$(.*?)\\$\\$"

# Puts a word in the place of each formula; answers with the formulas, named by these words.
take_formulas <- function(page) {
  nodes <- xml2::xml_find_all(page, "//main//text()[not(ancestor::pre or ancestor::code)]")
  texts <- xml2::xml_text(nodes)
  taken <- character()
  for (i in grep(formula_pattern, texts, perl = TRUE)) {
    found <- gregexpr(formula_pattern, texts[i], perl = TRUE)
    formulas <- regmatches(texts[i], found)[[1L]]
    words <- sprintf("formula-%04d-", length(taken) + seq_along(formulas))
    regmatches(texts[i], found) <- list(words)
    xml2::xml_text(nodes[[i]]) <- texts[i]
    taken[words] <- formulas
  }
  taken
}

# The same formulas in MathML, in one run of pandoc.
to_mathml <- function(formulas) {
  if (length(formulas) == 0L) return(formulas)
  tex <- gsub("[[:space:]]+", " ", substring(formulas, 3L, nchar(formulas) - 2L))
  mark <- ifelse(startsWith(formulas, "\\("), "$", "$$")
  files <- tempfile(c("tex", "html"))
  writeLines(paste0(mark, trimws(tex), mark, "\n"), files[1L])
  rmarkdown::pandoc_convert(files[1L], to = "html", from = "markdown", output = files[2L],
                            options = "--mathml")
  html <- regmatches(text <- read_text(files[2L]), gregexpr("(?s)<math.*?</math>", text, perl = TRUE))
  stopifnot(length(html[[1L]]) == length(formulas))
  stats::setNames(html[[1L]], names(formulas))
}

finish_page <- function(file) {
  page <- xml2::read_html(file, encoding = "UTF-8")
  remove_remote_parts(page)
  link_vignettes(page)
  write_contents(page)
  formulas <- to_mathml(take_formulas(page))
  text <- as.character(page)
  for (word in names(formulas)) text <- sub(word, formulas[[word]], text, fixed = TRUE)
  writeLines(text, file, useBytes = TRUE)
}

options(pkgdown.internet = FALSE)
unlink(folder, recursive = TRUE)
pkgdown::build_site(root, override = list(destination = folder), preview = FALSE,
                    new_process = FALSE, install = FALSE)
for (file in list.files(folder, "\\.html$", recursive = TRUE, full.names = TRUE)) finish_page(file)
