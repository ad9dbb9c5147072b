// Package store keeps everything Achim remembers: readers, the ledger of entries, runs, what is known of
// sources, and grants. It is one implementation over database/sql for two databases: PostgreSQL for a
// team, SQLite inside the process for one machine. The handful of words in which they differ live in
// dialect.go; everything else is written once.
//
// Own tables are prefixed achim_, hold instants as Unix milliseconds (NULL = the zero time), dates as text
// like 2026-11-20 and structures as JSON text, the same in both databases. gmail_token and
// conversation_log are shared with other programs and keep the types those expect. Among the migrations there is no 00009:
// the number was reserved and never used.
//
// Locks are always taken in one order, so that transactions wait for each other and do not deadlock:
// entries (new ones first, by reader, date and slot; then by id), conversation_log, what is remembered of the reader,
// the entries' rows in runs, and last the runs. What the database gives up all the same is tried again.
package store
