-- +goose Up

-- Shared with other programs: layout and types are theirs as much as ours, and the tables may be here already.
CREATE TABLE IF NOT EXISTS gmail_token (
    id           SERIAL PRIMARY KEY,
    user_id      UUID UNIQUE NOT NULL,
    robeing_id   VARCHAR(50),
    token_data   JSONB NOT NULL,
    oauth_config JSONB,
    scopes       JSONB,
    metadata     JSONB,
    expiry       TIMESTAMP,
    is_equipped  BOOLEAN DEFAULT false,
    equipped_to  VARCHAR(50),
    created_at   TIMESTAMP DEFAULT (now() AT TIME ZONE 'utc'),
    updated_at   TIMESTAMP DEFAULT (now() AT TIME ZONE 'utc')
);

CREATE TABLE IF NOT EXISTS conversation_log (
    id         BIGSERIAL PRIMARY KEY,
    user_id    UUID,
    channel    TEXT,
    channel_id TEXT,
    message_ts TEXT,
    role       TEXT,
    content    TEXT,
    metadata   JSONB,
    created_at TIMESTAMPTZ DEFAULT now()
);
-- A mend finds the row of its entry by this. IF NOT EXISTS asks for the rights of the table's owner even where there is one.
-- +goose StatementBegin
DO $$ BEGIN
    IF to_regclass('achim_conversation_log_entry') IS NULL THEN
        CREATE INDEX achim_conversation_log_entry ON conversation_log ((metadata->>'entry_id'))
            WHERE (metadata->>'entry_id') IS NOT NULL;
    END IF;
END $$;
-- +goose StatementEnd

CREATE TABLE achim_install (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    secret     TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE achim_reader (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL,
    slack_user_id    TEXT UNIQUE,
    slack_channel_id TEXT NOT NULL,
    email            TEXT NOT NULL,
    timezone         TEXT NOT NULL,
    deliver_at       TEXT,
    weekdays         BIGINT NOT NULL,
    language         TEXT NOT NULL,
    feeds            TEXT,
    paused           BIGINT NOT NULL,
    paused_until     TEXT NOT NULL,
    notification     TEXT NOT NULL,
    plan_at          BIGINT,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
CREATE INDEX achim_reader_name ON achim_reader (name);
-- A reader nobody has planned yet comes first.
CREATE INDEX achim_reader_plan ON achim_reader ((COALESCE(plan_at, 0)), id);

CREATE TABLE achim_entry (
    id            TEXT PRIMARY KEY,
    reader_id     TEXT NOT NULL,
    date          TEXT NOT NULL,
    slot          TEXT NOT NULL,
    run_id        TEXT NOT NULL DEFAULT '',
    state         TEXT NOT NULL,
    status        TEXT NOT NULL DEFAULT '',
    reason        TEXT NOT NULL DEFAULT '',
    due_at        BIGINT,
    next_at       BIGINT,
    first_at      BIGINT,
    verdicts      TEXT,
    has_body      BIGINT NOT NULL DEFAULT 0,
    epoch         BIGINT NOT NULL DEFAULT 0,
    owner         TEXT NOT NULL DEFAULT '',
    claimed_until BIGINT,
    attempt       BIGINT NOT NULL DEFAULT 0,
    tries         BIGINT NOT NULL DEFAULT 0,
    plain_text    BIGINT NOT NULL DEFAULT 0,
    channel_id    TEXT NOT NULL DEFAULT '',
    message_ts    TEXT NOT NULL DEFAULT '',
    sending_at    BIGINT,
    post_deadline BIGINT,
    prepared_at   BIGINT,
    delivered_at  BIGINT,
    mended_at     BIGINT,
    notified      BIGINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    UNIQUE (reader_id, date, slot)
);
CREATE INDEX achim_entry_next ON achim_entry (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX achim_entry_claimed ON achim_entry (claimed_until) WHERE owner <> '';
CREATE INDEX achim_entry_date ON achim_entry (date);

-- What of an entry is long. It changes once or twice in the life of an entry, where the row above changes at
-- every step. An entry that was never read for has no row.
CREATE TABLE achim_entry_body (
    entry_id TEXT PRIMARY KEY REFERENCES achim_entry (id) ON DELETE CASCADE,
    windows  TEXT,
    sections TEXT,
    content  TEXT
);

CREATE TABLE achim_run (
    id          TEXT PRIMARY KEY,
    key         TEXT UNIQUE,
    kind        TEXT NOT NULL,
    date        TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX achim_run_started ON achim_run (started_at);

CREATE TABLE achim_run_reader (
    run_id        TEXT NOT NULL,
    reader_id     TEXT NOT NULL,
    position      BIGINT NOT NULL,
    slack_user_id TEXT NOT NULL,
    entry_id      TEXT,
    outcome       TEXT NOT NULL,
    status        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    text          TEXT,
    verdicts      TEXT,
    settled_at    BIGINT,
    PRIMARY KEY (run_id, reader_id)
);
CREATE INDEX achim_run_reader_entry ON achim_run_reader (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX achim_run_reader_pending ON achim_run_reader (run_id) WHERE outcome = '';

CREATE TABLE achim_source_state (
    reader_id     TEXT NOT NULL,
    source        TEXT NOT NULL,
    watermark     BIGINT,
    last_ok       BIGINT,
    failing_since BIGINT,
    reason        TEXT NOT NULL,
    PRIMARY KEY (reader_id, source)
);

-- Keys are other people's and of any length: the index holds their digest.
CREATE TABLE achim_seen (
    reader_id TEXT NOT NULL,
    digest    TEXT NOT NULL,
    key       TEXT NOT NULL,
    date      TEXT NOT NULL,
    PRIMARY KEY (reader_id, digest)
);

CREATE TABLE achim_copy (
    reader_id TEXT NOT NULL,
    source    TEXT NOT NULL,
    date      TEXT NOT NULL,
    items     TEXT,
    as_of     BIGINT,
    PRIMARY KEY (reader_id, source, date)
);

CREATE TABLE achim_consent (
    state_hash     TEXT PRIMARY KEY,
    reader_id      TEXT NOT NULL,
    verifier       TEXT NOT NULL,
    switch_account BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    used_at        BIGINT
);
CREATE INDEX achim_consent_expires ON achim_consent (expires_at);

CREATE TABLE achim_credential_state (
    fingerprint        TEXT PRIMARY KEY,
    access_fingerprint TEXT NOT NULL,
    expiry             BIGINT,
    dead_since         BIGINT,
    failing_since      BIGINT,
    last_error         TEXT NOT NULL,
    ends_at            BIGINT,
    lease_owner        TEXT NOT NULL DEFAULT '',
    lease_until        BIGINT,
    updated_at         BIGINT NOT NULL
);
