-- +goose Up

-- The date first: what is planned for a date then stands together, and planning writes at one place of the index rather
-- than beside every reader's past. It finds the entries of a date, too.
CREATE UNIQUE INDEX achim_entry_key ON achim_entry (date, reader_id, slot);
ALTER TABLE achim_entry DROP CONSTRAINT achim_entry_reader_id_date_slot_key;
DROP INDEX achim_entry_date;

-- An entry is changed five times on its way. Room beside it and no index that every claim touches let most of that
-- stay on its page; who looks for the end of a claim is SQLite's engine alone.
DROP INDEX achim_entry_claimed;
ALTER TABLE achim_entry SET (fillfactor = 60);
