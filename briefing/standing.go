package briefing

import "time"

// Standing is how the daily briefings due in one minute stand now, whatever runs were told of them.
type Standing struct {
	// Readers are all who are due, by id; OutcomePending is one whose briefing is under way. Without an Entry it is
	// one whose hour has come and whom the planner has not planned.
	Readers []RunReader
	Runs    []RunID   // the runs their briefings are part of, sorted
	Begun   time.Time // when the last of the briefings was begun: later than due when they are caught up
	Turn    time.Time // when the last that waits for Slack's pace has its turn; zero = none waits
}
