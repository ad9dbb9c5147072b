-- +goose Up

-- The due minutes whose deliveries were counted, and whose alarm was therefore somebody's to raise: one row each,
-- written before anything is told.
CREATE TABLE achim_account (
    due_at       INTEGER PRIMARY KEY,
    accounted_at INTEGER NOT NULL
);
