# ClickHouse servers of one's own on the loopback. Defines functions only.

# Two servers, each of which knows both as the shards of the cluster `two`: a list of
# list(port, stop()).
start_clickhouse <- function() {
  ports <- lapply(1:2, function(k) c(tcp = free_port(), http = free_port(), inter = free_port()))
  lapply(ports, start_clickhouse_server, shards = vapply(ports, `[[`, 0, "tcp"))
}

start_clickhouse_server <- function(ports, shards) {
  folder <- tempfile("clickhouse")
  for (part in c("data", "tmp", "files", "schemas")) {
    dir.create(file.path(folder, part), recursive = TRUE)
  }
  writeLines(clickhouse_settings(folder, ports, shards), file.path(folder, "config.xml"))
  writeLines(clickhouse_users(), file.path(folder, "users.xml"))
  config <- paste0("--config-file=", file.path(folder, "config.xml"))
  id <- system2("sh", c("-c", shQuote(paste("clickhouse-server", shQuote(config), ">",
                                            shQuote(file.path(folder, "out")), "2>&1 & echo $!"))),
                stdout = TRUE)
  server <- list(port = ports[["tcp"]], stop = function() {
    tools::pskill(as.integer(id), tools::SIGKILL)
    unlink(folder, recursive = TRUE)
  })
  wait_for_clickhouse(server)
}

wait_for_clickhouse <- function(server) {
  for (attempt in 1:100) {
    connection <- tryCatch(connect_to_clickhouse(server), error = function(e) NULL)
    if (!is.null(connection)) {
      DBI::dbDisconnect(connection)
      return(server)
    }
    Sys.sleep(0.1)
  }
  server$stop()
  stop("ClickHouse did not start within ten seconds.", call. = FALSE)
}

connect_to_clickhouse <- function(server) {
  DBI::dbConnect(RClickhouse::clickhouse(), host = "127.0.0.1", port = server$port)
}

xml <- function(name, ...) paste0("<", name, ">", paste0(c(...), collapse = ""), "</", name, ">")

clickhouse_settings <- function(folder, ports, shards) {
  within <- function(part) paste0(file.path(folder, part), "/")
  shard <- function(port) xml("shard", xml("replica", xml("host", "127.0.0.1"), xml("port", port)))
  xml("yandex",
      xml("logger", xml("level", "warning"), xml("log", file.path(folder, "log")),
          xml("errorlog", file.path(folder, "errors"))),
      xml("listen_host", "127.0.0.1"), xml("interserver_http_host", "127.0.0.1"),
      xml("tcp_port", ports[["tcp"]]), xml("http_port", ports[["http"]]),
      xml("interserver_http_port", ports[["inter"]]),
      xml("path", within("data")), xml("tmp_path", within("tmp")),
      xml("user_files_path", within("files")), xml("format_schema_path", within("schemas")),
      xml("users_config", file.path(folder, "users.xml")), xml("default_profile", "default"),
      xml("default_database", "default"), xml("mark_cache_size", "100000000"),
      xml("remote_servers", xml("two", vapply(shards, shard, ""))))
}

clickhouse_users <- function() {
  interval <- xml("interval", xml("duration", 3600), xml("queries", 0), xml("errors", 0),
                  xml("result_rows", 0), xml("read_rows", 0), xml("execution_time", 0))
  xml("yandex",
      xml("profiles", xml("default", xml("max_threads", 1))),
      xml("users", xml("default", xml("password"), xml("networks", xml("ip", "127.0.0.1")),
                       xml("profile", "default"), xml("quota", "default"))),
      xml("quotas", xml("default", interval)))
}
