# PostgreSQL servers of one's own on the loopback, for tests and benchmarks. Defines functions only.

# list(port, folder, stop()) of a new server, empty, which holds its data in a temporary folder.
start_postgres <- function() {
  folder <- tempfile("postgres")
  data <- file.path(folder, "data")
  dir.create(folder)
  init_postgres(data)
  give_to_postgres(folder)
  port <- free_port()
  settings <- c(
    "listen_addresses = '127.0.0.1'", paste("port =", port),
    sprintf("unix_socket_directories = '%s'", folder), "fsync = off", "full_page_writes = off",
    "synchronous_commit = off", "max_parallel_workers_per_gather = 0", "shared_buffers = 64MB",
    "logging_collector = off"
  )
  cat(settings, file = file.path(data, "postgresql.auto.conf"), sep = "\n")
  give_to_postgres(folder)
  as_postgres("pg_ctl", c("-D", data, "-w", "-t", "30", "-l", file.path(folder, "log"), "start"))
  list(port = port, folder = folder, stop = function() {
    as_postgres("pg_ctl", c("-D", data, "-w", "-m", "immediate", "stop"), must = FALSE)
    unlink(folder, recursive = TRUE)
  })
}

init_postgres <- function(data) {
  folder <- dirname(data)
  give_to_postgres(folder)
  as_postgres("initdb", c("-D", data, "-A", "trust", "-U", "relm", "--no-sync", "-E", "UTF8",
                          "--locale=C.UTF-8"))
  data
}

# The server refuses to run as root.
runs_as_root <- function() identical(unname(Sys.info()["effective_user"]), "root")

give_to_postgres <- function(folder) {
  if (!runs_as_root()) return(invisible())
  # Folders above it, such as R's temporary one, may be closed to others.
  above <- dirname(normalizePath(folder))
  while (above != dirname(above)) {
    mode <- as.integer(file.mode(above))
    if (bitwAnd(mode, 1L) == 0L) Sys.chmod(above, as.octmode(bitwOr(mode, 1L)), use_umask = FALSE)
    above <- dirname(above)
  }
  system2("chown", c("-R", "postgres", folder))
}

as_postgres <- function(program, arguments, must = TRUE) {
  command <- c(postgres_program(program), arguments)
  if (runs_as_root()) command <- c("runuser", "-u", "postgres", "--", command)
  log <- tempfile("log")
  on.exit(unlink(log))
  status <- system2(command[1], shQuote(command[-1]), stdout = log, stderr = log)
  if (must && status != 0) {
    stop("PostgreSQL's ", program, " failed:\n", paste(readLines(log), collapse = "\n"),
         call. = FALSE)
  }
}

# Debian keeps the programs of each version in a folder of its own.
postgres_program <- function(name) {
  found <- c(Sys.glob(file.path("/usr/lib/postgresql/*/bin", name)), Sys.which(name))
  found <- found[nzchar(found)]
  if (length(found) == 0) stop("There is no program ", name, " of PostgreSQL.", call. = FALSE)
  unname(found[1])
}

free_port <- function() {
  repeat {
    port <- sample(20000:29999, 1)
    socket <- tryCatch(serverSocket(port), error = function(e) NULL)
    if (is.null(socket)) next
    close(socket)
    return(port)
  }
}

connect_to_postgres <- function(server, ...) {
  DBI::dbConnect(RPostgres::Postgres(), host = "127.0.0.1", port = server$port,
                 dbname = "postgres", user = "relm", timezone = "UTC", timezone_out = "UTC", ...)
}

# A server whose table `name` is two shards by a column, on two others: list(connection, stop(),
# stop_shard()).
start_sharded <- function(data, name, by) {
  servers <- list(start_postgres())
  servers <- c(servers, lapply(1:2, function(shard) start_postgres()))
  stop_all <- function() for (server in servers) server$stop()
  connections <- lapply(servers, connect_to_postgres)
  shard_table(connections, servers, data, name, by)
  for (shard in connections[-1]) DBI::dbDisconnect(shard)
  list(connection = connections[[1]], stop = function() {
    try(DBI::dbDisconnect(connections[[1]]), silent = TRUE)
    stop_all()
  }, stop_shard = function(shard) servers[[shard + 1]]$stop())
}

shard_table <- function(connections, servers, data, name, by) {
  own <- connections[[1]]
  quoted <- function(x) DBI::dbQuoteIdentifier(own, x)
  types <- DBI::dbDataType(own, data)
  columns <- paste(quoted(names(types)), types, collapse = ", ")
  run <- function(connection, ...) DBI::dbExecute(connection, paste0(...))
  run(own, "CREATE EXTENSION postgres_fdw")
  run(own, "CREATE TABLE ", quoted(name), " (", columns, ") PARTITION BY HASH (", quoted(by), ")")
  for (shard in 1:2) {
    local <- paste0("shard", shard)
    run(connections[[shard + 1]], "CREATE TABLE ", local, " (", columns, ")")
    run(own, "CREATE SERVER s", shard, " FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host ",
        "'127.0.0.1', port '", servers[[shard + 1]]$port, "', dbname 'postgres', fetch_size ",
        "'10000', batch_size '1000', async_capable 'true')")
    run(own, "CREATE USER MAPPING FOR relm SERVER s", shard, " OPTIONS (user 'relm')")
    run(own, "CREATE FOREIGN TABLE ", local, " PARTITION OF ", quoted(name),
        " FOR VALUES WITH (MODULUS 2, REMAINDER ", shard - 1, ") SERVER s", shard)
  }
  run(own, "SET enable_partitionwise_aggregate = on")
  DBI::dbAppendTable(own, name, data)
}
