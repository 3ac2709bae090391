#' Files to learn and to teach with
#'
#' The package has files for a course on the lecture of `vignette("bass", package = "relm")`. This
#' function lists them, or finds one.
#'
#' | file | what it is |
#' |:--|:--|
#' | `"gibbs.R"` | the lecture's two Gibbs samplers in plain R, to be read and changed |
#' | `"exercises.Rmd"` | exercises along the lecture |
#' | `"solutions.Rmd"` | the same with solutions, whose code runs |
#' | `"slides.Rmd"` | slides of the lecture, with figures that are computed as they are made |
#' | `"cheatsheet.pdf"` | the package on one page |
#' | `"cheatsheet.R"` | the script that draws that page |
#'
#' The files lie where the package is installed. To change one, copy it first:
#' `file.copy(relm_example("slides.Rmd"), ".")`.
#'
#' @param name The name of a file, or `NULL` for a list of all.
#' @return The path of the file. In an interactive session it is also opened, and the path comes
#'   invisibly. Without a name, a data frame with the columns `file` and `about`.
#' @section Errors: A name that is not among the files is an error, which says what they are.
#' @seealso `vignette("bass", package = "relm")`, which has the samplers of `gibbs.R` beside those of
#'   the package.
#' @examples
#' relm_example()
#' source(relm_example("gibbs.R"))
#' x <- log(bass$length) - ave(log(bass$length), bass$station)
#' draws <- gibbs_centered(log(bass$mercury), x, bass$station, draws = 100)
#' colMeans(draws)
#' @export
relm_example <- function(name = NULL) {
  if (is.null(name)) return(teaching_files[c("file", "about")])
  name <- check_choice(name, "name", teaching_files$file)
  place <- teaching_files$place[match(name, teaching_files$file)]
  path <- system.file(place, package = "relm", mustWork = TRUE)
  if (!rlang::is_interactive()) return(path)
  show_file(path)
  invisible(path)
}

show_file <- function(path) {
  if (grepl("[.]pdf$", path)) utils::browseURL(path)
  else file.show(path, title = basename(path))
}

teaching_files <- data.frame(
  file = c("gibbs.R", "exercises.Rmd", "solutions.Rmd", "slides.Rmd", "cheatsheet.pdf",
           "cheatsheet.R"),
  place = c("teaching/gibbs.R", "teaching/exercises.Rmd", "teaching/solutions.Rmd",
            "slides/slides.Rmd", "cheatsheet/relm.pdf", "cheatsheet/cheatsheet.R"),
  about = c("the lecture's two Gibbs samplers in plain R",
            "exercises along the lecture",
            "the exercises with solutions",
            "slides of the lecture, with live figures",
            "the package on one page",
            "the script that draws the page")
)
