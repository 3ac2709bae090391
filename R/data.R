#' Mercury in largemouth bass
#'
#' Length, weight and mercury concentration of 171 largemouth bass caught at 16 stations of the
#' Lumber and Waccamaw rivers in North Carolina. Mercury accumulates over a fish's life, so larger
#' fish carry more of it. Stations differ in how much, and some gave only three or four fish.
#'
#' @format A data frame with 171 rows, one per fish, and 5 columns:
#' \describe{
#'   \item{river}{factor: `lumber` (73 fish) or `waccamaw` (98 fish).}
#'   \item{station}{factor: where the fish was caught, `l1` to `l7` on the Lumber and `w1` to `w9`
#'     on the Waccamaw.}
#'   \item{length}{length of the fish, in centimeters.}
#'   \item{weight}{weight of the fish, in grams.}
#'   \item{mercury}{concentration of mercury in its fillet, in parts per million.}
#' }
#' @source Fish of the two rivers were caught, measured and weighed, and their fillets analyzed for
#'   mercury in a laboratory. The data are used in statistics courses at Duke University.
#' @examples
#' station_means <- aggregate(log(cbind(mercury, length)) ~ station, bass, mean)
#' station_means
#'
#' plot(log(mercury) ~ log(length), bass, col = river,
#'      xlab = "log length (cm)", ylab = "log mercury (ppm)")
#' legend("topleft", levels(bass$river), col = 1:2, pch = 1)
"bass"
