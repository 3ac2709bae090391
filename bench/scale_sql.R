# Rscript bench/scale_sql.R [rows [engine ...]]: fish in a database, 10 million or as many as are asked for, of
# 10,000 stations: processor time of crossprods() of the table, in R and in the server, against
# reading the columns into R and crossprods() of the data frame; and the peak memory of R (Linux).
# SQLite, PostgreSQL, and PostgreSQL with two shards on servers of their own, which are started and
# stopped. Of SQLite also relm() of the table, draws and all, and lmer() of the rows read into R,
# which is given twenty minutes: NA where they do not suffice. Each runs in a process of its own.
# Engines are all, or those that are named: sqlite, postgres, shards. Saved in
# bench/results/scale_sql.csv, in the place of what it had of these engines and this number of rows.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
servers_code <- file.path(bench, "..", "tools", "engines", "postgres.R")
source(servers_code)
n_rows <- c(as.numeric(commandArgs(TRUE)[1]), 1e7)
n_rows <- n_rows[!is.na(n_rows)][1]

# Columns of row i in SQL. The station is what rows are divided by.
fish_columns <- function(kind) {
  c(station = "i % 10000", length = "exp(3.7 + 0.3 * sin(i * 1.7))", water = kind,
    mercury = "exp(-0.9 + 0.5 * sin(i * 0.37) + 0.1 * cos((i % 10000) * 3.1))")
}

select_fish <- function(kind) {
  columns <- fish_columns(kind)
  paste("SELECT", paste(columns, "AS", names(columns), collapse = ", "))
}

write_sqlite <- function(path) {
  connection <- DBI::dbConnect(RSQLite::SQLite(), path)
  on.exit(DBI::dbDisconnect(connection))
  kind <- "CASE i / 7 % 4 WHEN 0 THEN 'lake' WHEN 1 THEN 'pond' WHEN 2 THEN 'river' ELSE 'sea' END"
  DBI::dbExecute(connection, sprintf(
    "CREATE TABLE fish AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
     WHERE i < %.0f) %s FROM n", n_rows, select_fish(kind)))
}

write_postgres <- function(connection, into) {
  kind <- "(ARRAY['lake', 'pond', 'river', 'sea'])[1 + i / 7 % 4]"
  DBI::dbExecute(connection, sprintf("%s %s FROM generate_series(1, %.0f) i", into,
                                     select_fish(kind), n_rows))
}

# What the processes of servers have taken, which end with their connections. In the child process.
child_functions <- '
server_time <- function() {
  total <- 0
  for (folder in Sys.glob("/proc/[0-9]*")) {
    stat <- tryCatch(suppressWarnings(readLines(file.path(folder, "stat"))), error = function(e) "")
    if (!grepl("(postgres)", stat, fixed = TRUE)) next
    total <- total + sum(as.numeric(strsplit(sub(".*\\\\) ", "", stat), " ")[[1]][12:13])) / 100
  }
  total
}
rows_of <- function(made) if (inherits(made, "relm_crossprods")) made$n_rows else stats::nobs(made)
formula <- log(mercury) ~ log(length) + water + (1 + log(length) | station)
of_table <- function() crossprods(formula, dplyr::tbl(connection, "fish"), by_group = FALSE)
read_rows <- function() {
  DBI::dbGetQuery(connection, "SELECT station, length, water, mercury FROM fish")
}
of_rows <- function() crossprods(formula, read_rows(), by_group = FALSE)
relm_of_table <- function() relm(formula, dplyr::tbl(connection, "fish"), seed = 1, progress = FALSE)
lmer_of_rows <- function() lme4::lmer(formula, read_rows())'

time_limit <- 1200

# Seconds in R and in servers, elapsed ones, and the peak of memory in MB.
run_child <- function(connect, call) {
  file <- tempfile(fileext = ".R")
  on.exit(unlink(file))
  writeLines(c(
    "suppressMessages(library(relm))", sprintf("source('%s')", servers_code), child_functions,
    paste("connection <-", connect), "before <- c(proc.time()[1:3], server_time())",
    paste("made <-", call), "time <- c(proc.time()[1:3], server_time()) - before",
    sprintf("stopifnot(rows_of(made) == %.0f)", n_rows),
    'peak <- grep("^VmHWM", readLines("/proc/self/status"), value = TRUE)',
    'peak <- as.numeric(gsub("[^0-9]", "", peak)) / 1024',
    'cat("RESULT", time[1] + time[2], time[4], time[3], peak)'
  ), file)
  output <- suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), file, stdout = TRUE,
                                     timeout = time_limit))
  line <- grep("^RESULT", output, value = TRUE)
  if (length(line) == 0L) return(rep(NA_real_, 4))
  as.numeric(strsplit(line, " ")[[1]][2:5])
}

measure <- function(engine, connect, more = NULL) {
  calls <- c("crossprods of the table" = "of_table()", "rows into R, crossprods" = "of_rows()", more)
  results <- vapply(calls, run_child, numeric(4), connect = connect)
  data.frame(engine = engine, what = names(calls), rows = n_rows, groups = 10000,
             r_seconds = results[1, ], server_seconds = results[2, ], elapsed = results[3, ],
             peak_mb = results[4, ], run = run_started, row.names = NULL)
}

measure_sqlite <- function() {
  path <- tempfile(fileext = ".sqlite")
  on.exit(unlink(path))
  write_sqlite(path)
  measure("SQLite", sprintf("DBI::dbConnect(RSQLite::SQLite(), '%s')", path),
          c("relm of the table" = "relm_of_table()", "rows into R, lmer" = "lmer_of_rows()"))
}

connect_code <- function(port, more = "") {
  sprintf("local({ own <- connect_to_postgres(list(port = %d))
           DBI::dbExecute(own, \"SET work_mem = '256MB'\"); %s; own })", port, more)
}

measure_postgres <- function() {
  server <- start_postgres()
  on.exit(server$stop())
  connection <- connect_to_postgres(server)
  write_postgres(connection, "CREATE TABLE fish AS")
  DBI::dbExecute(connection, "VACUUM ANALYZE fish")
  DBI::dbDisconnect(connection)
  measure("PostgreSQL", connect_code(server$port))
}

# What the one server has, too: rows that were looked at once, statistics, and memory for a query.
prepare_shards <- function(connection) {
  options <- DBI::dbGetQuery(connection, "SELECT unnest(srvoptions) o FROM pg_foreign_server")$o
  for (port in sub("^port=", "", grep("^port=", options, value = TRUE))) {
    shard <- connect_to_postgres(list(port = as.integer(port)))
    DBI::dbExecute(shard, "VACUUM ANALYZE")
    DBI::dbExecute(shard, "ALTER SYSTEM SET work_mem = '256MB'")
    DBI::dbGetQuery(shard, "SELECT pg_reload_conf()")
    DBI::dbDisconnect(shard)
  }
  DBI::dbExecute(connection, "ANALYZE fish")
}

measure_shards <- function() {
  none <- data.frame(station = 1L, length = 1, water = "lake", mercury = 1)[0, ]
  sharded <- start_sharded(none, "fish", "station")
  on.exit(sharded$stop())
  write_postgres(sharded$connection, "INSERT INTO fish")
  prepare_shards(sharded$connection)
  port <- DBI::dbGetInfo(sharded$connection)$port
  pushed <- 'DBI::dbExecute(own, "SET enable_partitionwise_aggregate = on")'
  measure("PostgreSQL, two shards", connect_code(as.integer(port), pushed))
}

measures <- list(sqlite = measure_sqlite, postgres = measure_postgres, shards = measure_shards)
asked <- commandArgs(TRUE)[-1]
if (length(asked) == 0L) asked <- names(measures)
stopifnot(asked %in% names(measures))
table <- do.call(rbind, lapply(asked, function(engine) measures[[engine]]()))
print(format(table[-9], digits = 3), row.names = FALSE)
file <- file.path(bench, "results", "scale_sql.csv")
if (file.exists(file)) {
  saved <- utils::read.csv(file)
  is_new <- saved$engine %in% table$engine & saved$rows == n_rows
  table <- rbind(saved[!is_new, ], table)
}
table <- table[order(table$rows, match(table$engine, unique(table$engine))), ]
utils::write.csv(table, file, row.names = FALSE)
