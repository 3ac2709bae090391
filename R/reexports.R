#' @importFrom coda as.mcmc.list
#' @export
coda::as.mcmc.list

#' @importFrom nlme fixef
#' @export
nlme::fixef

#' @importFrom nlme getData
#' @export
nlme::getData

#' @importFrom nlme ranef
#' @export
nlme::ranef

#' @importFrom nlme VarCorr
#' @export
nlme::VarCorr

#' @importFrom posterior as_draws
#' @export
posterior::as_draws

#' @importFrom posterior as_draws_array
#' @export
posterior::as_draws_array

#' @importFrom posterior as_draws_df
#' @export
posterior::as_draws_df

#' @importFrom posterior as_draws_list
#' @export
posterior::as_draws_list

#' @importFrom posterior as_draws_matrix
#' @export
posterior::as_draws_matrix

#' @importFrom posterior as_draws_rvars
#' @export
posterior::as_draws_rvars

#' @importFrom posterior ndraws
#' @export
posterior::ndraws

#' @importFrom posterior nchains
#' @export
posterior::nchains

#' @importFrom posterior variables
#' @export
posterior::variables
