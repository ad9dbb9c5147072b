-- +goose Up

-- Who is gone, since when and why; and when what was kept of them was erased.
ALTER TABLE achim_reader ADD COLUMN left_at INTEGER;
ALTER TABLE achim_reader ADD COLUMN left_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE achim_reader ADD COLUMN erased_at INTEGER;
CREATE INDEX achim_reader_left ON achim_reader (left_at) WHERE left_at IS NOT NULL;

-- DMs of ours that are no briefings: one row each, claimed before it is posted, so that none is sent twice. The key tells
-- apart those of one kind to one reader; about nobody in particular the reader is ''. next_at is when the row wants work.
CREATE TABLE achim_notice (
    reader_id  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    due_at     INTEGER,
    next_at    INTEGER,
    expires_at INTEGER,
    epoch      INTEGER NOT NULL DEFAULT 0,
    tries      INTEGER NOT NULL DEFAULT 0,
    channel_id TEXT NOT NULL DEFAULT '',
    message_ts TEXT NOT NULL DEFAULT '',
    sending_at INTEGER,
    settled_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (reader_id, kind, key)
);
CREATE INDEX achim_notice_next ON achim_notice (next_at) WHERE next_at IS NOT NULL;

-- Grants of which something is to be told are few among many, and are looked for every minute.
CREATE INDEX achim_credential_state_dead ON achim_credential_state (dead_since) WHERE dead_since IS NOT NULL;
CREATE INDEX achim_credential_state_ends ON achim_credential_state (ends_at) WHERE ends_at IS NOT NULL;
CREATE INDEX achim_credential_state_gone ON achim_credential_state (fingerprint) WHERE gone <> 0;
CREATE INDEX achim_credential_state_failing ON achim_credential_state (last_error) WHERE failing_since IS NOT NULL;
