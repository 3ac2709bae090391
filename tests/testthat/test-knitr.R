skip_if_not_installed("knitr")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), chains = 2, draws = 200,
            seed = 1)

# A document of one chunk, knitted for pandoc's format `to`.
knit_chunk <- function(code, to, envir = parent.frame()) {
  old <- knitr::opts_knit$get("rmarkdown.pandoc.to")
  on.exit(knitr::opts_knit$set(rmarkdown.pandoc.to = old))
  knitr::opts_knit$set(rmarkdown.pandoc.to = to)
  text <- c("```{r, echo = FALSE}", code, "```")
  strsplit(knitr::knit(text = text, envir = envir, quiet = TRUE), "\n")[[1]]
}

test_that("a fit at the end of a chunk is a line and a table", {
  shown <- knit_chunk("fit", "html")
  expect_match(shown, "`log(mercury) ~ x + (1 + x || station)`: 171 rows, 16 levels of station.",
               fixed = TRUE, all = FALSE)
  rows <- grep("^\\|", shown, value = TRUE)
  expect_length(rows, 2 + nrow(fit$posterior$parameters))
  expect_match(rows[1], "median")
  row <- grep("b_x", rows, value = TRUE)
  found <- as.numeric(strsplit(gsub("[| ]+", " ", sub("b_x", "", row)), " ")[[1]][-1])
  expect_equal(found, unname(quantile(as.matrix(fit, "b_x"), c(0.5, 0.025, 0.975))),
               tolerance = 0.01)
  expect_false(any(grepl("Priors", shown)))
})

test_that("print(), and a document that is not for pandoc, show all that the console shows", {
  expect_true(any(grepl("Priors", knit_chunk("print(fit)", "html"))))
  expect_true(any(grepl("Priors", knit_chunk("fit", NULL))))
})

test_that("few draws are warned of", {
  few <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 2, draws = 30, seed = 1)
  shown <- knit_chunk("few", "html")
  expect_match(shown, "fewer than 400 effective draws", all = FALSE)
})

test_that("knitr makes tables of summaries", {
  table <- knitr::kable(summary(fit), "pipe", digits = 2)
  expect_length(table, 2 + nrow(summary(fit)))
  expect_match(table[1], "^\\|variable .* mean.* ess_tail\\|$")
  expect_match(table[3], "^\\|b_Intercept")
})
