# Rscript cheatsheet.R: draws relm.pdf in the present folder, with base R alone.

# Boxes of a column: a title, and rows of code and of what it does; "" for no code.
columns <- list(
  list(
    "Fit a model" = c(
      'fit <- relm(y ~ x + (1 + x | g), data)', 'draws of all parameters',
      'print(fit); summary(fit)', 'intervals; R-hat, ESS',
      'chains = 4, draws = 1000, seed = 1', 'chains; repeatable',
      'cores = 4', 'chains at the same time',
      'target_ess = 2000', 'draw until so many are worth it'),
    "Groupings" = c(
      '(1 | g)', 'intercepts of groups',
      '(1 + x | g)', 'slopes too, correlated',
      '(1 + x || g)', 'slopes too, independent',
      '(1 | a/b)', 'b within a',
      '(1 | subject) + (1 | item)', 'crossed',
      'sigma = ~ g', 'a residual variance for each g',
      'split_by_group(data, "x", "g")', 'group means and deviations'),
    "Families" = c(
      'gaussian()', 'the default',
      'binomial()', '0/1, cbind(successes, failures)',
      'poisson()', 'counts; offset = log(exposure)',
      'negative_binomial()', 'counts that vary more'),
    "Samplers" = c(
      '"collapsed"', 'the default: effects integrated out',
      '"interweaved"', 'where that cannot run',
      '"centered", "uncentered"', "the lecture's Gibbs samplers")
  ),
  list(
    "Priors" = c(
      'relm_prior(beta =, sd =, cor =, sigma =)', 'of each part',
      'flat(), uniform(), lkj(1), jeffreys()', 'the defaults, in this order',
      'beta = normal(0, 2.5, autoscale = TRUE)', 'in units of each column',
      'sd = half_t(3, 0.5), half_normal(1)', 'few groups: choose a scale',
      'sd = list(Intercept = half_cauchy(1))', 'by column, or by grouping',
      'sigma = pooled()', 'beside sigma = ~ g',
      'prior_summary(fit)', 'what was used'),
    "Read the result" = c(
      'fixef(fit); ranef(fit); coef(fit)', 'common, deviations, of groups',
      'VarCorr(fit); sigma(fit)', 'standard deviations',
      'fixef(fit, summary = TRUE)', 'with intervals',
      'hypothesis(fit, "x > 1")', 'probability of a statement',
      'as.matrix(fit, "sd_g__x")', 'draws of a parameter',
      'as_draws_df(fit); as.mcmc.list(fit)', 'for posterior; for coda'),
    "Names of parameters" = c(
      'b_Intercept, b_x', 'coefficients',
      'sd_g__x, cor_g__Intercept__x', 'of group effects',
      'r_g[a,x], coef_g[a,x]', "a group's deviation, its own slope",
      'sigma, sigma_f[a]', 'residual standard deviations'),
    "Plots" = c(
      'plot(fit); plot(fit, "acf")', 'traces, densities; correlation',
      'plot(fit, "groups")', "each group's rows and line",
      'plot(fit, "shrinkage"); plot(fit, "ranef")', 'how groups are pulled',
      'conditional_effects(fit)', 'the mean over a predictor')
  ),
  list(
    "Predict" = c(
      'predict(fit, new)', 'one more row, with interval',
      'fitted(fit, new, summary = TRUE)', 'the mean, with interval',
      'posterior_predict(fit, new, fun = exp)', 'draws, in units of y',
      'allow_new_levels = TRUE', 'groups that were not seen',
      're_formula = NA', 'without group effects'),
    "Check and compare" = c(
      'pp_check(fit)', 'data beside predictions',
      'loo(fit); loo_compare(fit1, fit2)', 'which predicts better?',
      'kfold(fit, group = "g")', 'predicting whole groups',
      'logml(fit); bayes_R2(fit)', 'marginal likelihood, R-squared',
      'extend(fit, 2000)', 'more draws of the same chains',
      'update(fit, prior = )', 'the same with another prior'),
    "Data beyond memory" = c(
      'relm(y ~ x + (1 | g), "rows.csv")', 'files, read in chunks',
      'relm(y ~ x + (1 | g), table)', 'a table of a database',
      'p <- crossprods(formula, data)', 'read once, fit often: relm(p)',
      'p1 + p2; sum_crossprods(list)', 'parts add up'),
    "Learn and teach" = c(
      'vignette("bass", "relm")', 'the lecture',
      'vignette("troubleshooting", "relm")', 'what messages mean',
      'relm_example("gibbs.R")', 'both samplers in plain R',
      'relm_example("exercises.Rmd")', 'with solutions.Rmd',
      'relm_example("slides.Rmd")', 'the lecture as slides')
  )
)

page <- c(297, 210)
margin <- 7
gap <- 4
row <- 6
head <- 6.5

# A PDF of R has a minus where a hyphen is written.
with_hyphens <- function(text) gsub("([[:alpha:]])-([[:alpha:]])", "\\1\u00ad\\2", text)

# Code and words on one line each, the code in its own color; gives back the lower end.
draw_box <- function(title, rows, left, width, top) {
  n <- length(rows) / 2
  bottom <- top - head - n * row - 1.5
  rect(left, bottom, left + width, top, col = "#f4f7fb", border = NA)
  rect(left, top - head + 0.8, left + width, top, col = "#0b5394", border = NA)
  text(left + 1.5, top - head / 2 + 0.4, title, adj = c(0, 0.5), col = "white", font = 2, cex = 0.8)
  at <- top - head - (seq_len(n) - 0.5) * row
  code <- rows[c(TRUE, FALSE)]
  words <- with_hyphens(rows[c(FALSE, TRUE)])
  text(left + 1.5, at, code, adj = c(0, 0.5), family = "mono", col = "#7a2e00", cex = 0.585)
  starts <- left + 1.5 + strwidth(code, family = "mono", cex = 0.585)
  ends <- left + width - 1.5 - strwidth(words, cex = 0.6)
  if (any(starts + 1 > ends)) stop("Too long: ", code[starts + 1 > ends][1])
  text(left + width - 1.5, at, words, adj = c(1, 0.5), cex = 0.6, col = "#222222")
  bottom
}

grDevices::pdf("relm.pdf", width = page[1] / 25.4, height = page[2] / 25.4, title = "relm on one page")
par(mar = c(0, 0, 0, 0), xaxs = "i", yaxs = "i")
plot(NULL, xlim = c(0, page[1]), ylim = c(0, page[2]), axes = FALSE, xlab = "", ylab = "")
text(margin, page[2] - 10, "relm", adj = c(0, 0.5), font = 2, cex = 1.7, col = "#0b5394")
text(margin + 22, page[2] - 10.5, with_hyphens("random-effects linear models: the full posterior, in lme4's syntax"),
     adj = c(0, 0.5), cex = 0.85)
width <- (page[1] - 2 * margin - 2 * gap) / 3
for (k in seq_along(columns)) {
  left <- margin + (k - 1) * (width + gap)
  top <- page[2] - 18
  for (title in names(columns[[k]])) top <- draw_box(title, columns[[k]][[title]], left, width, top) - gap
  if (top < 5) stop("Column ", k, " is too long.")
}

text(margin, 5, paste("y_ij = x_ij' (beta + gamma_j) + e_ij,   gamma_j ~ N(0, Sigma),   e_ij ~ N(0, sigma^2).",
                      "Defaults: flat beta, uniform standard deviations, 1/sigma. An improper posterior is refused."),
     adj = c(0, 0.5), cex = 0.6, col = "#444444")
invisible(dev.off())
