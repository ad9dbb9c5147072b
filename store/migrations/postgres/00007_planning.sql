-- +goose Up

-- The date first: what is planned for a date then stands together, and planning writes at one place of the index rather
-- than beside every reader's past. It finds the entries of a date, too.
CREATE UNIQUE INDEX achim_entry_key ON achim_entry (date, reader_id, slot);
ALTER TABLE achim_entry DROP CONSTRAINT achim_entry_reader_id_date_slot_key;
DROP INDEX achim_entry_date;
