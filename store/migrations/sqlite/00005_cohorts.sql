-- +goose Up

-- The readers whom the planner treats alike: the same wishes, to be looked at at the same time (0 = nobody has planned
-- them yet). That they are planned is one row to move on, whatever their number. joins counts who has come in, so that
-- a planner sees that somebody came in while it planned. Numbers are not used again.
CREATE TABLE achim_cohort (
    cohort_id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan_at   INTEGER NOT NULL,
    wishes    TEXT NOT NULL,
    joins     INTEGER NOT NULL DEFAULT 0,
    UNIQUE (plan_at, wishes)
);
INSERT INTO achim_cohort (plan_at, wishes)
    SELECT DISTINCT COALESCE(plan_at, 0), timezone || ' ' || COALESCE(deliver_at, '') || ' ' || weekdays || ' ' || paused ||
        ' ' || paused_until || ' ' || skip_holidays FROM achim_reader;
ALTER TABLE achim_reader ADD COLUMN cohort_id INTEGER NOT NULL DEFAULT 0;
UPDATE achim_reader SET cohort_id = (SELECT c.cohort_id FROM achim_cohort c WHERE c.plan_at = COALESCE(achim_reader.plan_at, 0) AND
    c.wishes = timezone || ' ' || COALESCE(deliver_at, '') || ' ' || weekdays || ' ' || paused || ' ' || paused_until || ' ' || skip_holidays);
DROP INDEX achim_reader_plan;
ALTER TABLE achim_reader DROP COLUMN plan_at;
-- With all that planning for a reader reads of the row, so that it need not be looked up.
CREATE INDEX achim_reader_cohort ON achim_reader (cohort_id, id, slack_channel_id);
