# Fits of real data sets beside lme4::lmer()'s by REML, nested and crossed.

reml_case <- function(formula, package, data, name = data) {
  list(formula = formula, package = package, data = data, name = name)
}

# Data that take less than a second.
reml_cases <- list(
  reml_case(diameter ~ 1 + (1 | plate) + (1 | sample), "lme4", "Penicillin"),
  reml_case(strength ~ 1 + (1 | batch / cask), "lme4", "Pastes"),
  reml_case(angle ~ recipe * temperature + (1 | replicate) + (1 | recipe:replicate), "lme4", "cake"),
  reml_case(yield ~ nitro + (1 | Block / Variety), "nlme", "Oats"),
  reml_case(score ~ Machine + (1 | Worker / Machine), "nlme", "Machines"),
  reml_case(pixel ~ day + I(day^2) + (1 + day | Dog) + (1 | Dog:Side), "nlme", "Pixel"),
  reml_case(logDens ~ Block + sample * dilut + (1 | Block:sample) + (1 | Block:dilut), "nlme", "Assay"),
  reml_case(Thickness ~ Source + (1 | Lot / Wafer), "nlme", "Oxide"),
  reml_case(Yield ~ Date * Variety + (1 | Block / Variety), "nlme", "Alfalfa"),
  reml_case(current ~ voltage + I(voltage^2) + (0 + voltage | Wafer) + (1 | Wafer:Site), "nlme", "Wafer"),
  reml_case(effort ~ Type + (1 | Subject), "nlme", "ergoStool"),
  reml_case(Reaction ~ Days + (1 + Days | Subject), "lme4", "sleepstudy"),
  reml_case(rounds ~ Method + (1 | Team) + (1 | Physique), "nlme", "Gun")
)

# And more.
long_reml_cases <- c(reml_cases, list(
  reml_case(y ~ service + (1 | s) + (1 | d) + (1 | dept), "lme4", "InstEval"),
  reml_case(attain ~ verbal + sex + (1 | primary) + (1 | second), "mlmRev", "ScotsSec"),
  reml_case(math ~ year + (1 + year | childid) + (1 + year | schoolid), "mlmRev", "egsingle"),
  reml_case(score ~ gcsecnt + gender + (1 | lea) + (1 | school), "mlmRev", "Chem97"),
  reml_case(normexam ~ standLRT + sex + (1 + standLRT | school), "mlmRev", "Exam"),
  reml_case(course ~ written + gender + (1 | school), "mlmRev", "Gcsemv")
))

data_of_case <- function(case) {
  data <- new.env()
  utils::data(list = case$data, package = case$package, envir = data)
  as.data.frame(get(case$data, data))
}

# Standard deviations and correlations of lmer() by the names of relm's draws, but for the order of an
# interaction's parts.
reml_estimates <- function(theirs) {
  table <- as.data.frame(lme4::VarCorr(theirs))
  table <- table[table$grp != "Residual", ]
  names <- paste(ifelse(is.na(table$var2), "sd", "cor"), parts_sorted(table$grp), table$var1,
                 ifelse(is.na(table$var2), "", table$var2))
  stats::setNames(table$sdcor, trimws(gsub("(Intercept)", "Intercept", names, fixed = TRUE)))
}

parts_sorted <- function(names) {
  vapply(strsplit(names, ":"), function(parts) paste(sort(parts), collapse = ":"), "")
}

# sd_batch:cask__Intercept as reml_estimates() names it.
in_their_words <- function(variables) {
  parts <- strsplit(sub("_", "__", variables), "__")
  vapply(parts, function(part) paste(part[1], parts_sorted(part[2]), paste(part[-(1:2)], collapse = " ")), "")
}

# A row for each coefficient, standard deviation and correlation: lmer()'s estimate and what the draws
# say. spread: half of the central 68% interval, which exists where a standard deviation does not.
compare_with_reml <- function(case, ...) {
  data <- data_of_case(case)
  seconds <- system.time(ours <- relm(case$formula, data, seed = 1, progress = FALSE, ...))[[3]]
  theirs <- suppressMessages(suppressWarnings(lme4::lmer(case$formula, data)))
  draws <- as.matrix(ours, ours$posterior$parameters$variable)
  of_spread <- grep("^(sd|cor)_", colnames(draws), value = TRUE)
  fixed <- grep("^b_", colnames(draws), value = TRUE)
  reml <- c(stats::setNames(lme4::fixef(theirs), fixed),
            stats::setNames(reml_estimates(theirs)[in_their_words(of_spread)], of_spread),
            sigma = stats::sigma(theirs))
  draws <- draws[, names(reml)]
  points <- apply(draws, 2, stats::quantile, c(0.025, 0.16, 0.5, 0.84, 0.975), names = FALSE)
  mcse <- apply(draws, 2, function(x) posterior::mcse_median(matrix(x, ncol = ours$sampling$chains)))
  data.frame(data = case$name, rows = nobs(ours), variable = names(reml), reml = as.numeric(reml),
             median = points[3, ], spread = (points[4, ] - points[2, ]) / 2, mcse = mcse,
             low = points[1, ], high = points[5, ], singular = lme4::isSingular(theirs),
             seconds = seconds, row.names = NULL)
}

# Coefficients: medians within 4 Monte Carlo standard errors and a tenth of the posterior's spread of the
# estimates. Standard deviations and correlations: estimates within the central 95% of the draws, but for
# correlations, and the lower ends, of those that lmer() has at a bound.
reml_agrees <- function(table) {
  is_fixed <- grepl("^b_", table$variable)
  near <- abs(table$median - table$reml) < 4 * table$mcse + table$spread / 10
  inside <- table$reml < table$high & (table$reml > table$low | (table$singular & table$reml < 1e-6))
  at_bound <- table$singular & grepl("^cor_", table$variable) & abs(table$reml) > 0.999
  ifelse(is_fixed, near, inside | at_bound | is.nan(table$reml))
}
