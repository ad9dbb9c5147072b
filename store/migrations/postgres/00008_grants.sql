-- +goose Up

-- When the grant was given here, when Google last said how it stands, and whether it says that the account is gone.
ALTER TABLE achim_credential_state
    ADD COLUMN granted_at BIGINT,
    ADD COLUMN checked_at BIGINT,
    ADD COLUMN gone BIGINT NOT NULL DEFAULT 0;
