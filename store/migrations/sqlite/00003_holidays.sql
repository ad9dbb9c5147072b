-- +goose Up

ALTER TABLE achim_reader ADD COLUMN skip_holidays INTEGER NOT NULL DEFAULT 0;
