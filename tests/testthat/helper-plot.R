# What ggplot2 makes of a plot.

built <- function(plot) ggplot2::ggplot_build(plot)

# The layers of a plot whose geom is of this kind, with the facet's values beside the data.
layers <- function(plot, geom) {
  chosen <- vapply(plot$layers, function(layer) inherits(layer$geom, geom), NA)
  build <- built(plot)
  lapply(build$data[chosen], merge, build$layout$layout, by = "PANEL")
}
