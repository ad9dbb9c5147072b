-- +goose Up

-- What of an entry is to be sent, and committed with it: made when the briefing is frozen, for the hour. It belongs to
-- the entry as long as that says that it was prepared at the same time.
CREATE TABLE achim_outgoing (
    entry_id    TEXT PRIMARY KEY REFERENCES achim_entry (id) ON DELETE CASCADE,
    reader_id   TEXT NOT NULL,
    date        TEXT NOT NULL,
    prepared_at INTEGER NOT NULL,
    message     TEXT NOT NULL
);
CREATE INDEX achim_outgoing_reader ON achim_outgoing (reader_id, date);

-- What will count among the copies once the entry is delivered. They are long: written here before the hour, they need
-- not be written at the hour.
CREATE TABLE achim_copy_ahead (
    entry_id  TEXT NOT NULL REFERENCES achim_entry (id) ON DELETE CASCADE,
    reader_id TEXT NOT NULL,
    source    TEXT NOT NULL,
    date      TEXT NOT NULL,
    items     TEXT,
    as_of     INTEGER,
    PRIMARY KEY (entry_id, source, date)
);
CREATE INDEX achim_copy_ahead_reader ON achim_copy_ahead (reader_id, date);
