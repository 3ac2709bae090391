library(testthat)
library(relm)

test_check("relm")
