# Rscript tools/site.R [folder]: the site, from the sources and the installed package, into a
# folder; into site/ unless another is named. It needs pkgdown and pandoc, and no network,
# neither to be built nor to be read: formulas become MathML, and what pages would fetch from
# elsewhere (scripts for search, icons and contents) goes, with contents of pages and a search in
# their sections instead. On Debian, as root, what is missing is installed.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
# Rscript spells a space in its own path as ~+~.
root <- dirname(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))))
source(file.path(root, "tools", "install.R"))
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

# pkgdown keeps the two hyphens of Rd, as in 1413--1432.
write_dashes <- function(page) {
  nodes <- xml2::xml_find_all(page, "//main//text()[contains(., '--')][not(ancestor::pre or ancestor::code)]")
  for (node in nodes) xml2::xml_text(node) <- gsub("([0-9])--([0-9])", "\\1\u2013\\2", xml2::xml_text(node))
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

# Search -----------------------------------------------------------------------------------------

# The way from a page to the site's front, "" or "../".
way_up <- function(file) {
  depth <- lengths(strsplit(substring(file, nchar(folder) + 2L), "/")) - 1L
  strrep("../", depth)
}

write_search_box <- function(page, file) {
  place <- xml2::xml_find_first(page, "//div[@id = 'navbar']")
  if (inherits(place, "xml_missing")) return(invisible())
  box <- xml2::xml_add_child(place, "div", class = "site-search", "data-root" = way_up(file))
  xml2::xml_add_child(box, "input", type = "search", class = "form-control",
                      placeholder = "Search", "aria-label" = "Search the site")
  xml2::xml_add_child(box, "ol", hidden = "hidden")
  head <- xml2::xml_find_first(page, "//head")
  xml2::xml_add_child(head, "script", src = paste0(way_up(file), "search-index.js"), defer = "defer")
}

# The sections of a page: heading, the text up to the next heading, and its address.
sections_of <- function(page, file) {
  main <- xml2::xml_find_first(page, "//main")
  if (inherits(main, "xml_missing")) return(NULL)
  title <- sub(" *[^[:alnum:]()]+ *relm$", "", xml2::xml_text(xml2::xml_find_first(page, "//title")))
  parts <- xml2::xml_find_all(main, ".//div[contains(@class, 'section')] | .//section")
  own <- function(node) {
    text <- xml2::xml_text(xml2::xml_find_all(node, "./*[not(contains(@class, 'section'))]"))
    gsub("[[:space:]]+", " ", paste(text, collapse = " "))
  }
  path <- substring(file, nchar(folder) + 2L)
  heading <- vapply(parts, function(part) {
    found <- xml2::xml_find_first(part, "./h1 | ./h2 | ./h3 | ./h4")
    if (inherits(found, "xml_missing")) "" else trimws(xml2::xml_text(found))
  }, "")
  id <- vapply(parts, function(part) {
    ids <- c(xml2::xml_attr(part, "id"),
             xml2::xml_attr(xml2::xml_find_first(part, "./h1 | ./h2 | ./h3 | ./h4"), "id"))
    c(ids[!is.na(ids)], "")[1L]
  }, "")
  data.frame(path = c(path, ifelse(nzchar(id), paste0(path, "#", id), path)), title = title,
             heading = c("", heading), text = c(own(main), vapply(parts, own, "")))
}

json_string <- function(x) {
  x <- gsub("\\", "\\\\", x, fixed = TRUE)
  paste0("\"", gsub("[[:cntrl:]]", " ", gsub("\"", "\\\"", x, fixed = TRUE)), "\"")
}

# Sections with a text, which is shown without the marks of formulas.
searchable <- function(sections) {
  sections <- sections[nzchar(trimws(sections$text)), ]
  transform(sections, text = substr(gsub("\\\\[][()]|\\$\\$", "", text), 1L, 4000L))
}

write_search_index <- function(sections) {
  rows <- sprintf('{"path":%s,"title":%s,"heading":%s,"text":%s}', json_string(sections$path),
                  json_string(sections$title), json_string(sections$heading),
                  json_string(sections$text))
  writeLines(c("window.searchIndex = [", paste(rows, collapse = ",\n"), "];"),
             file.path(folder, "search-index.js"), useBytes = TRUE)
}

# By the rule of pkgdown/extra.js: a section has every word, 10 for each in its headings, 1 in its text.
find_sections <- function(sections, query, most = 12L) {
  words <- strsplit(tolower(query), "[[:space:]]+")[[1L]]
  has <- function(text) vapply(words, grepl, logical(length(text)), tolower(text), fixed = TRUE)
  in_heading <- has(paste(sections$title, sections$heading))
  in_text <- has(sections$text)
  score <- rowSums(ifelse(in_heading, 10, in_text))
  score[rowSums(in_heading | in_text) < length(words)] <- 0
  utils::head(sections$path[order(-score)][seq_len(sum(score > 0))], most)
}

check_search <- function(sections, query, page) {
  found <- find_sections(sections, query)
  if (any(startsWith(found, page))) return(invisible())
  stop("A search for \"", query, "\" does not find ", page, ", but ", toString(found), ".", call. = FALSE)
}

# The font of formulas -----------------------------------------------------------------------------

# Latin Modern Math (GUST Font License), of the system.
copy_math_font <- function() {
  if (can_use_apt()) apt_install("fonts-lmodern")
  places <- c("/usr/share/texmf/fonts/opentype", "/usr/share/texlive", "/usr/share/fonts",
              "/Library/Fonts", "/usr/local/share/fonts")
  font <- list.files(places[dir.exists(places)], "^latinmodern-math\\.otf$", recursive = TRUE,
                     full.names = TRUE)
  if (length(font) == 0L) {
    warning("latinmodern-math.otf was not found: formulas get the reader's own fonts.", call. = FALSE)
    return(invisible())
  }
  file.copy(font[1L], file.path(folder, "math-font.otf"), overwrite = TRUE)
}

# Formulas -----------------------------------------------------------------------------------------

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
  # pandoc makes of \mathrm{rank} a product of slanted letters, as browsers show it.
  tex <- gsub("\\\\mathrm\\{([[:alpha:]]{2,})\\}", "\\\\operatorname{\\1}", tex)
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
  write_dashes(page)
  write_contents(page)
  sections <- sections_of(page, file)
  write_search_box(page, file)
  formulas <- to_mathml(take_formulas(page))
  text <- as.character(page)
  for (word in names(formulas)) text <- sub(word, formulas[[word]], text, fixed = TRUE)
  writeLines(text, file, useBytes = TRUE)
  sections
}

options(pkgdown.internet = FALSE)
unlink(folder, recursive = TRUE)
pkgdown::build_site(root, override = list(destination = folder), preview = FALSE,
                    new_process = FALSE, install = FALSE)
pages <- list.files(folder, "\\.html$", recursive = TRUE, full.names = TRUE)
sections <- searchable(do.call(rbind, lapply(pages, finish_page)))
write_search_index(sections)
check_search(sections, "few groups", "articles/troubleshooting.html")
copy_math_font()
unlink(file.path(folder, "search.json"))
