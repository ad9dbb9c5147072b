-- +goose Up

-- What Google called the last failure, and the scopes it last listed: the shared row's own list is never narrowed.
ALTER TABLE achim_credential_state
    ADD COLUMN detail TEXT NOT NULL DEFAULT '',
    ADD COLUMN granted TEXT NOT NULL DEFAULT '';

-- OAuth clients of which a grant ended when those of an app in Testing do.
CREATE TABLE achim_client (
    client_id     TEXT PRIMARY KEY,
    testing_since BIGINT NOT NULL
);
