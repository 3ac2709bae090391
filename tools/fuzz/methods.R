# Calls of what takes a fit: which functions there are is read from the package, and what their
# arguments may be goes by their names.

arguments_of_methods <- list(
  newdata = alist(data, data[1:2, ], data[0, ], data[1, ], other, transform(data, g = "new"), transform(data, x = NA),
                  transform(data, x = NaN), transform(data, x = Inf), data["x"], data.frame(x = 0), list(x = 1), NULL,
                  transform(data, f = "unknown"), transform(data, x = "a"), transform(data, x = 1e300), data.frame(), as.list(data),
                  transform(data, g = NA), other),
  re_formula = alist(NULL, NA, ~ (1 | g), ~ 0, ~ (1 | h), ~ (1 + x | g), ~ x, ~ (1 | unknown), y ~ (1 | g), "NA"),
  re.form = alist(NULL, NA, ~ (1 | g), ~0), ndraws = alist(1, 2, 5, 1000, 0, NULL), draw_ids = alist(1, 1:3, c(2, 2), 0, 1000, -1, NULL),
  allow_new_levels = alist(TRUE, FALSE), sample_new_levels = alist("gaussian", "uncertainty", "old_levels"),
  new_sigma = alist(1, "u", "max", NULL), seed = alist(1, 2, NULL), offset = alist(0, 1, rep(0, 3), NULL, x, unknown, 1e10),
  weights = alist(1, w, 2, "loo", NULL, 0), draws = alist(1, 2, 5, 20, 1e9), probs = alist(0.5, c(0.1, 0.9), 0, 1, c(0.9, 0.1), 2, numeric(), NA, NULL),
  prob = alist(0.5, 0.9, 0.99, 0, 1, c(0.5, 0.9)), level = alist(0.5, 0.95, 0, 1, 2), summary = alist(TRUE, FALSE), robust = alist(TRUE, FALSE),
  transform = alist(TRUE, FALSE, exp, log, NULL), type = alist("response", "link", "central", "pearson", "ordinary", "dens_overlay", "hist", "mean", "trace",
     "acf", "groups", "shrinkage", "intervals", "random", "fixed", "terms", "stat", "ecdf_overlay", "scatter_avg", "compare", "quantile", "unknown", 1),
  variable = alist("b_x", "sigma", "^b_", c("b_x", "sigma"), "unknown", NULL, "r_g", character()), regex = alist(TRUE, FALSE),
  pars = alist("b_x", "^b_", "unknown", NULL), parm = alist("x", "b_x", 1, 2, "unknown", "sigma", NULL), regex_pars = alist("^b_", "[", NULL), by = alist("row", "group", "g", NULL),
  grouping = alist("g", "h", "p", "unknown", 1, NULL), group = alist("g", "h", "f", "unknown", NULL), effects = alist("x", "f", "x:f", "unknown", "fixed", "random", "all", NULL),
  conditions = alist(data.frame(x = 0), data.frame(f = "u"), list(x = 1), data.frame(), NULL), int_conditions = alist(list(x = c(0, 1)), list(), NULL),
  resolution = alist(2, 3, 5, 1, 0), method = alist("fitted", "predict", "posterior_epred", "posterior_predict", "posterior_linpred", "laplace", "bridge", "pseudobma", "stacking", "warp3", "normal", "REML", "ML", "mean"),
  hypothesis = alist("x > 0", "x = 0", "x + Intercept > 0", "x^2 < 1", "Intercept = x", "sigma > 1", "unknown > 0", "x", "x >", "x > 0 > 1", "log(x) > 0", "1 > 0", "x / 0 > 1",
                     c("x > 0", "x < 0"), c(a = "x > 0"), "exp(1000 * x) > 1", "sqrt(x) = 0"),
  class = alist("b", "sd", NULL, "unknown", ""), scope = alist("standard", "ranef", "coef", "unknown"), alpha = alist(0.05, 0.5, 0, 1),
  K = alist(2, 3, 1, 1000), folds = alist(rep_len(1:2, nrow(data)), "stratified", "grouped", "random", 1:3, NULL), criterion = alist("loo", "waic", "kfold", "unknown", "log_lik"),
  integrated = alist(TRUE, FALSE), reloo = alist(FALSE), k_threshold = alist(0.7, 0), r_eff = alist(TRUE, FALSE, 1, NULL), save_psis = alist(TRUE, FALSE),
  cores = alist(1), threads = alist(1), chains = alist(1, 2), name = alist("X", "Z", "theta", "n", "ALL", "Zt", "beta", "b", "flist", "cnms", "unknown", c("X", "y"), "sigma", "devcomp", "Lambda", "y", "mu", "is_REML"),
  nsim = alist(1, 2, 0), fun = alist(mean, NULL, "mean", function(x) x, "sd", "unknown", function(x) stop("of the caller")), newresp = alist(y, rev(data$y), 1, data$y * 0, NULL, "y", data$k, data$b, data$y * 1e100),
  formula. = alist(. ~ . - x, . ~ . + z, . ~ . + unknown, y ~ 1, ~ ., . ~ x + (1 | h), log(y) ~ .), digits = alist(2, 0, 20), prob_outer = alist(0.9), inc_warmup = alist(TRUE),
  component = alist("all", "conditional", "unknown"), correlation = alist(TRUE, FALSE), condVar = alist(TRUE, FALSE), drop = alist(TRUE, FALSE), scale = alist(TRUE, FALSE),
  null = alist(0), range = alist("default", c(-1, 1), 0), ci = alist(0.9, 0, c(0.5, 0.9)), x = alist("x", "y", NULL), y = alist("x"), labels = alist(TRUE), plotfun = alist("hist", "dens_overlay", "unknown"),
  nreps = alist(2, 0), prior_prob = alist(c(0.5, 0.5), 1, 0), BB = alist(TRUE, FALSE), BB_n = alist(10), model_names = alist(c("a", "b"), "a", NULL), log = alist(TRUE, FALSE), n_sims = alist(2, 0), thin = alist(1, 2),
  progress = alist(FALSE), overwrite = alist(TRUE, FALSE), at = alist(0, list(x = 1)), which = alist("g", "h", "unknown", 1), REML = alist(TRUE, FALSE), std = alist(TRUE, FALSE), sigma = alist(1, 2),
  row.names = alist(NULL, "a", 1:3), optional = alist(TRUE), metric = alist("sd"), residuals = alist(TRUE), residual = alist(TRUE, FALSE), pagination = alist(FALSE), nvar = alist(2)
)

# Those that open a browser or a server, or wait for somebody, and those that are called with other things.
left_out <- c("launch_shinystan", "knit_print", "getRefit", "get_refmodel", "getFixedEffects")

# A table: generic, package ("" for the package's own, or R's) and the names of arguments.
find_methods <- function() {
  namespace <- asNamespace("relm")
  registered <- parseNamespaceFile("relm", dirname(system.file(package = "relm")))$S3methods
  own <- registered[registered[, 2] == "relm" & !registered[, 1] %in% left_out, , drop = FALSE]
  found <- lapply(seq_len(nrow(own)), function(i) {
    method <- get0(paste0(own[i, 1], ".relm"), namespace)
    if (is.null(method)) return(NULL)
    list(generic = own[i, 1], package = if (is.na(own[i, 4])) "" else own[i, 4],
         arguments = names(formals(method))[-1])
  })
  found <- c(Filter(Negate(is.null), found), list(list(generic = "sbc", package = "", arguments = c("n_sims", "draws", "thin", "variable", "seed"))))
  Filter(function(one) !nzchar(one$package) || nzchar(system.file(package = one$package)), found)
}

code_of_generic <- function(one) {
  name <- as.name(one$generic)
  if (one$generic %in% c("niterations", "nvariables")) one$package <- "posterior"
  if (!nzchar(one$package)) return(name)
  call("::", as.name(one$package), name)
}

# What runs fits of its own, or draws pictures by other packages, is called less often.
weight_of_method <- function(one) {
  if (one$generic %in% c("sbc", "kfold", "loo_model_weights", "logml", "bridge_sampler", "profile", "r2_posterior")) return(0.2)
  if (one$generic %in% c("pp_check", "plot", "pairs", "conditional_effects")) return(0.3)
  if (!one$package %in% c("", "rstantools", "loo", "generics")) return(0.15)
  1
}

all_methods <- local({
  found <- NULL
  function() {
    if (is.null(found)) found <<- find_methods()
    found
  }
})

# A call of a random method of `fit`.
random_method_call <- function() {
  methods <- all_methods()
  one <- methods[[sample.int(length(methods), 1, prob = vapply(methods, weight_of_method, 0))]]
  names <- setdiff(one$arguments, "...")
  names <- pick(names, min(length(names), pick(c(0, 1, 1, 2, 2, 3))))
  values <- lapply(names, function(name) {
    known <- arguments_of_methods[[name]]
    if (is.null(known) || chance(0.15)) anything() else one_of(known)
  })
  arguments <- stats::setNames(values, names)
  arguments <- c(arguments, needed_arguments(one, names))
  if (chance(0.03)) arguments <- c(arguments, stats::setNames(list(anything()), pick(c("unknown", "newdat", "draw", ""))))
  as.call(c(code_of_generic(one), quote(fit), arguments))
}

# Some are nothing without one argument more; and some are short with it.
needed_arguments <- function(one, names) {
  quick <- list(sbc = list(n_sims = 2, draws = 9), kfold = list(K = 2), conditional_effects = list(resolution = 3),
                hypothesis = list(hypothesis = one_of(arguments_of_methods$hypothesis)), getME = list(name = one_of(arguments_of_methods$name)),
                refit = list(newresp = one_of(arguments_of_methods$newresp)), extend = list(draws = 5), loo_compare = list(quote(fit)),
                bayes_factor = list(quote(fit)), update = list(draws = 5), add_criterion = list(criterion = one_of(arguments_of_methods$criterion)))[[one$generic]]
  quick[!base::names(quick) %in% names | !nzchar(rlang::names2(quick))]
}
