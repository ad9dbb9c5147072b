package storetest

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// readersUnopened: who has no DM yet, the earliest hour first; not who is paused, has no Slack id or was just changed.
func readersUnopened(t *testing.T, s *store.Store) {
	var last time.Time
	for n := range 6 {
		r := addReader(t, s, n)
		r.PlanAt = nine.Add(-time.Duration(n) * time.Minute)
		switch n {
		case 1:
			r.Paused = true
		case 2:
			r.SlackChannelID = "D0"
		case 3:
			r.SlackUserID = ""
		}
		last = must(s.SaveReader(t.Context(), r))(t).UpdatedAt
	}
	check(t, s.SaveChannel(t.Context(), readerID(4), "D4"))
	ids := func(changed time.Time, limit int) []briefing.ReaderID {
		return must(s.Unopened(t.Context(), changed, limit))(t)
	}
	wantSame(t, "all", ids(last, 10), []briefing.ReaderID{readerID(5), readerID(0)})
	wantSame(t, "one", ids(last, 1), []briefing.ReaderID{readerID(5)})
	wantSame(t, "long ago", ids(last.Add(-time.Hour), 10), nil)
}
