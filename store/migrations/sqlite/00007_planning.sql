-- +goose Up

-- The date first in the key: what is planned for a date then stands together, and planning writes at one place of the
-- index rather than beside every reader's past. It finds the entries of a date, too. SQLite gives a table another key
-- only by way of another table; what refers to it goes the same way, or it would go with the old one.
ALTER TABLE achim_entry RENAME TO achim_entry_old;
CREATE TABLE achim_entry (
    id            TEXT PRIMARY KEY,
    reader_id     TEXT NOT NULL,
    date          TEXT NOT NULL,
    slot          TEXT NOT NULL,
    run_id        TEXT NOT NULL DEFAULT '',
    state         TEXT NOT NULL,
    status        TEXT NOT NULL DEFAULT '',
    reason        TEXT NOT NULL DEFAULT '',
    due_at        INTEGER,
    next_at       INTEGER,
    first_at      INTEGER,
    verdicts      TEXT,
    has_body      INTEGER NOT NULL DEFAULT 0,
    epoch         INTEGER NOT NULL DEFAULT 0,
    owner         TEXT NOT NULL DEFAULT '',
    claimed_until INTEGER,
    attempt       INTEGER NOT NULL DEFAULT 0,
    tries         INTEGER NOT NULL DEFAULT 0,
    plain_text    INTEGER NOT NULL DEFAULT 0,
    channel_id    TEXT NOT NULL DEFAULT '',
    message_ts    TEXT NOT NULL DEFAULT '',
    sending_at    INTEGER,
    post_deadline INTEGER,
    prepared_at   INTEGER,
    delivered_at  INTEGER,
    mended_at     INTEGER,
    notified      INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (date, reader_id, slot)
);
INSERT INTO achim_entry SELECT * FROM achim_entry_old;

ALTER TABLE achim_entry_body RENAME TO achim_entry_body_old;
CREATE TABLE achim_entry_body (
    entry_id TEXT PRIMARY KEY REFERENCES achim_entry (id) ON DELETE CASCADE,
    windows  TEXT,
    sections TEXT,
    content  TEXT
);
INSERT INTO achim_entry_body SELECT * FROM achim_entry_body_old;
DROP TABLE achim_entry_body_old;

ALTER TABLE achim_outgoing RENAME TO achim_outgoing_old;
CREATE TABLE achim_outgoing (
    entry_id    TEXT PRIMARY KEY REFERENCES achim_entry (id) ON DELETE CASCADE,
    reader_id   TEXT NOT NULL,
    date        TEXT NOT NULL,
    prepared_at INTEGER NOT NULL,
    message     TEXT NOT NULL
);
INSERT INTO achim_outgoing SELECT * FROM achim_outgoing_old;
DROP TABLE achim_outgoing_old;
CREATE INDEX achim_outgoing_reader ON achim_outgoing (reader_id, date);

ALTER TABLE achim_copy_ahead RENAME TO achim_copy_ahead_old;
CREATE TABLE achim_copy_ahead (
    entry_id  TEXT NOT NULL REFERENCES achim_entry (id) ON DELETE CASCADE,
    reader_id TEXT NOT NULL,
    source    TEXT NOT NULL,
    date      TEXT NOT NULL,
    items     TEXT,
    as_of     INTEGER,
    PRIMARY KEY (entry_id, source, date)
);
INSERT INTO achim_copy_ahead SELECT * FROM achim_copy_ahead_old;
DROP TABLE achim_copy_ahead_old;
CREATE INDEX achim_copy_ahead_reader ON achim_copy_ahead (reader_id, date);

DROP TABLE achim_entry_old;
CREATE INDEX achim_entry_next ON achim_entry (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX achim_entry_claimed ON achim_entry (claimed_until) WHERE owner <> '';
