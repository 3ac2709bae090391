# What rows come from other than a data frame.
#
# A source is an object with a method of crossprods_of_source(source, formula, ..., by_group), which
# takes the arguments of relm_design() beside and gives the cross-products of all its rows.

is_source <- function(data) inherits(data, source_classes)

source_classes <- "tbl_lazy"

crossprods_of_source <- function(source, formula, ...) UseMethod("crossprods_of_source")
