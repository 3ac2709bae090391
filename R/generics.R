# Generics that other packages define too.
#
# relm offers them by itself, since the packages that own them are only suggested. A fit of
# another package that comes to relm's generic is passed on to the owner's; relm's methods are
# registered for both. So it does not matter which package is loaded first.

# What the default method of relm's generic `name`, which `packages` own, does: the call to the
# generic of the first of them that has a method for the object. Its methods see the call as it
# was written, and may name models by it; the object, which relm's generic has
# evaluated, is not evaluated again.
pass_on <- function(packages, name, object, ...) {
  package <- owning_package(packages, name, object)
  check_installed(package, paste0(name, "() of another package's fit"))
  from <- parent.frame(2)
  default <- sys.function(sys.parent())
  # Where relm's default can be seen, within its namespace, the owner's generic would find it.
  if (identical(get0(paste0(name, ".default"), from, mode = "function"), default)) {
    owner <- getExportedValue(package, name)
    return(do.call(owner, list(object, ...), quote = TRUE, envir = globalenv()))
  }
  call <- match.call(default, sys.call(sys.parent()), envir = from)
  call[[1]] <- call("::", as.name(package), as.name(name))
  mask <- new.env(parent = from)
  if (is.language(call[[2]])) {
    written <- as_text(call[[2]])
    assign(written, object, mask)
    call[[2]] <- as.name(written)
  }
  eval(call, mask)
}

owning_package <- function(packages, name, object) {
  owns <- function(package) {
    isNamespaceLoaded(package) && any(vapply(class(object), function(class) {
      !is.null(utils::getS3method(name, class, optional = TRUE, envir = asNamespace(package)))
    }, NA))
  }
  c(Filter(owns, packages), packages)[1]
}
