improper_cases <- function() character()
