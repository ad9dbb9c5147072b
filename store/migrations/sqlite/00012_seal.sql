-- +goose Up

-- The keys something here may be sealed with, written before the first of it: whoever starts without one of them is
-- told at once. proof is a text sealed with the key; swept_at is when everything was found sealed with it.
CREATE TABLE achim_seal_key (
    id       TEXT PRIMARY KEY,
    proof    TEXT NOT NULL,
    since    INTEGER NOT NULL,
    swept_at INTEGER
);

-- What dry runs would have sent: a handful among very many rows, looked for by retention and by sealing.
CREATE INDEX achim_run_reader_text ON achim_run_reader (run_id, reader_id) WHERE text IS NOT NULL;
