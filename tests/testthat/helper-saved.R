# Fits saved by version 0.1.0, and what its methods made of them.

saved_fits <- function(version = "0.1.0") {
  files <- list.files(test_path("fixtures", paste0("saved-", version)), "^fit-.*\\.rds$",
                      full.names = TRUE)
  fits <- lapply(files, readRDS)
  names(fits) <- sub("^fit-(.*)\\.rds$", "\\1", basename(files))
  fits
}

# Numbers that each method gives of a fit; an error's class where it refuses.
saved_answers <- function(fit) {
  new_rows <- data.frame(x = c(0.1, -0.2), length = c(30, 40), size = "small", weight = 1,
                         station = c("l1", "new"))
  methods <- list(
    draws = function() colMeans(as.matrix(fit)),
    effects = function() if (length(ngrps(fit))) colMeans(as.matrix(fit, "r_station[w2,Intercept]")),
    coefficients = function() sort(unlist(coef(fit))),
    covariances = function() as.data.frame(VarCorr(fit))$sdcor,
    extended = function() colMeans(as.matrix(extend(fit, 5, progress = FALSE), "sigma")),
    fitted = function() fitted(fit),
    predicted = function() {
      colMeans(posterior_predict(fit, new_rows, allow_new_levels = TRUE, seed = 1))
    },
    likelihood = function() colMeans(log_lik(fit)),
    updated = function() fixef(update(fit, draws = 5))
  )
  lapply(methods, function(method) {
    tryCatch(unname(suppressMessages(suppressWarnings(method()))),
             error = function(e) intersect(class(e), c("relm_error", "simpleError"))[1])
  })
}
