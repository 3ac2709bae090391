# Makes data/bass.rda. Run from the project's root: Rscript data-raw/bass.R

stations <- c(paste0("l", 1:7), paste0("w", 1:9))
bass <- read.csv("data-raw/bass.csv", colClasses = c("character", "character", rep("numeric", 3)))
bass$river <- factor(bass$river, levels = c("lumber", "waccamaw"))
bass$station <- factor(bass$station, levels = stations)
stopifnot(!anyNA(bass))

save(bass, file = "data/bass.rda", version = 2, compress = "xz")
