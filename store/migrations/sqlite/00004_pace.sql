-- +goose Up

-- How fast Slack is called, for all processes together: a row a kind of call. Instants are Unix microseconds,
-- for at a high rate turns are less than a millisecond apart:
-- the first turn nobody has, until when the kind is held, the first turn after that hold, and when this last changed.
CREATE TABLE achim_pace (
    kind     TEXT PRIMARY KEY,
    next_us  INTEGER NOT NULL DEFAULT 0,
    until_us INTEGER NOT NULL DEFAULT 0,
    front_us INTEGER NOT NULL DEFAULT 0,
    at_us    INTEGER NOT NULL DEFAULT 0
);
INSERT INTO achim_pace (kind) VALUES ('post'), ('update'), ('open'), ('history');
