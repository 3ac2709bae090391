# Generics that other packages define too.
#
# relm offers them by itself, since the packages that own them are only suggested. A fit of
# another package that comes to relm's generic is passed on to the owner's; relm's methods are
# registered for both. So it does not matter which package is loaded first.

# What the default method of relm's generic `name`, whose owner is `package`, does.
pass_on <- function(package, name, object, ...) {
  check_installed(package, paste0(name, "() of another package's fit"))
  # Called from here, the owner's generic would find relm's default again.
  do.call(getExportedValue(package, name), list(object, ...), quote = TRUE, envir = globalenv())
}
