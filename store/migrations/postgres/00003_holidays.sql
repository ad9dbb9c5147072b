-- +goose Up

ALTER TABLE achim_reader ADD COLUMN skip_holidays BIGINT NOT NULL DEFAULT 0;
