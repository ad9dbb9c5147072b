-- +goose Up

-- A consent that a program with a bearer began is stored without asking; one begun by a link is not, where it is not
-- known whose account it should bring.
ALTER TABLE achim_consent ADD COLUMN vouched BIGINT NOT NULL DEFAULT 0;

-- Grants that wait for somebody's yes, ten minutes at most. tokens has the layout of gmail_token.token_data, and is
-- empty once the row was taken.
CREATE TABLE achim_pending_grant (
    ticket_hash    TEXT PRIMARY KEY,
    reader_id      TEXT NOT NULL,
    email          TEXT NOT NULL,
    subject        TEXT NOT NULL,
    tokens         TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    expiry         BIGINT,
    ends_at        BIGINT,
    granted_at     BIGINT,
    switch_account BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    used_at        BIGINT
);
CREATE INDEX achim_pending_grant_expires ON achim_pending_grant (expires_at);
