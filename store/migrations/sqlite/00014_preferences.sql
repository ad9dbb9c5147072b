-- +goose Up

-- What a reader prefers, as JSON; NULL for nothing.
ALTER TABLE achim_reader ADD COLUMN preferences TEXT;
