-- +goose Up

-- When the grant was given here, when Google last said how it stands, and whether it says that the account is gone.
ALTER TABLE achim_credential_state ADD COLUMN granted_at INTEGER;
ALTER TABLE achim_credential_state ADD COLUMN checked_at INTEGER;
ALTER TABLE achim_credential_state ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
