package alarm_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/alarm"
)

// nine is 09:00 in Seoul on Friday 20 November 2026.
var nine = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// reader is the n-th reader as the ledger has them.
func reader(n int, outcome briefing.Outcome, status briefing.Status, reason briefing.Reason) briefing.RunReader {
	return briefing.RunReader{Reader: briefing.ReaderID(fmt.Sprintf("r%d", n)), Outcome: outcome, Status: status, Reason: reason}
}

// lacking is a degraded briefing with these verdicts.
func lacking(n int, verdicts map[briefing.SourceName]briefing.Verdict) briefing.RunReader {
	rr := reader(n, briefing.OutcomeDelivered, briefing.Degraded, "")
	rr.Verdicts = verdicts
	return rr
}

func failed(reason briefing.Reason, since time.Duration) briefing.Verdict {
	return briefing.Verdict{State: briefing.VerdictFailed, Reason: reason, Since: nine.Add(-since)}
}

func TestAccount(t *testing.T) {
	got := alarm.Of(nine, []briefing.RunReader{
		reader(1, briefing.OutcomeDelivered, briefing.Complete, ""),
		reader(2, briefing.OutcomeSkipped, "", briefing.Paused),
		reader(3, briefing.OutcomeSkipped, "", briefing.DayOff),
		reader(4, briefing.OutcomeSkipped, "", briefing.PastGrace),
		reader(5, briefing.OutcomeFailed, briefing.Complete, briefing.RecipientUnreachable),
		reader(6, briefing.OutcomeUnknown, briefing.Degraded, briefing.Ambiguous),
		reader(7, briefing.OutcomePending, "", ""), reader(8, briefing.OutcomePending, "", briefing.Ambiguous),
		// A dead grant takes two sources: one cause. What is stale lacks, too.
		lacking(9, map[briefing.SourceName]briefing.Verdict{
			briefing.Calendar: {State: briefing.VerdictStale, Reason: briefing.ReauthRequired}, briefing.Gmail: failed(briefing.ReauthRequired, time.Hour),
			briefing.News: {State: briefing.VerdictPartial, Reason: briefing.Unavailable}, // some feeds: nobody's trouble
		}),
		// What passes by itself is counted, and no cause until it has lasted most of a day.
		lacking(10, map[briefing.SourceName]briefing.Verdict{briefing.Gmail: failed(briefing.Timeout, time.Hour)}),
		lacking(11, map[briefing.SourceName]briefing.Verdict{briefing.Gmail: failed(briefing.Timeout, 24*time.Hour), briefing.News: failed(briefing.Unavailable, 48*time.Hour)}),
	})
	want := alarm.Account{
		Due: nine, Expected: 11, Delivered: 1, Degraded: 3, Failed: 1, Unknown: 1, Missed: 3, UnderWay: 2, InDoubt: 1,
		Reasons: map[briefing.Reason]int{briefing.Paused: 1, briefing.DayOff: 1, briefing.PastGrace: 1, briefing.RecipientUnreachable: 1,
			briefing.Ambiguous: 2, briefing.ReauthRequired: 1, briefing.Timeout: 2, briefing.Unavailable: 1},
		Causes: []alarm.Cause{
			{Outcome: briefing.OutcomePending, Readers: []briefing.ReaderID{"r7", "r8"}},
			{Outcome: briefing.OutcomeDelivered, Reason: briefing.ReauthRequired, Sources: []briefing.SourceName{briefing.Gmail, briefing.Calendar}, Readers: []briefing.ReaderID{"r9"}},
			{Outcome: briefing.OutcomeDelivered, Reason: briefing.Unavailable, Sources: []briefing.SourceName{briefing.Gmail, briefing.News}, Readers: []briefing.ReaderID{"r11"}},
			{Outcome: briefing.OutcomeFailed, Reason: briefing.RecipientUnreachable, Readers: []briefing.ReaderID{"r5"}},
			{Outcome: briefing.OutcomeSkipped, Reason: briefing.PastGrace, Readers: []briefing.ReaderID{"r4"}},
			{Outcome: briefing.OutcomeUnknown, Readers: []briefing.ReaderID{"r6"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	sum := 0
	for name, n := range got.Counts() {
		if name != "expected" {
			sum += n
		}
	}
	if sum != got.Expected || got.Affected() != 7 {
		t.Errorf("%d of %d, %d affected", sum, got.Expected, got.Affected())
	}
}

// TestSettledAndAlarming: a heart beats when everybody is accounted for, an alarm is for what a person must do; a
// morning may be either, both or neither.
func TestSettledAndAlarming(t *testing.T) {
	for _, c := range []struct {
		name              string
		rr                briefing.RunReader
		settled, alarming bool
	}{
		{"complete", reader(1, briefing.OutcomeDelivered, briefing.Complete, ""), true, false},
		{"paused", reader(1, briefing.OutcomeSkipped, "", briefing.Paused), true, false},
		{"day off", reader(1, briefing.OutcomeSkipped, "", briefing.DayOff), true, false},
		{"too late", reader(1, briefing.OutcomeSkipped, "", briefing.PastGrace), false, true},
		{"dead grant", lacking(1, map[briefing.SourceName]briefing.Verdict{briefing.Gmail: failed(briefing.ReauthRequired, 0)}), true, true},
		{"slow", lacking(1, map[briefing.SourceName]briefing.Verdict{briefing.Gmail: failed(briefing.Timeout, 0)}), true, false},
		{"failed", reader(1, briefing.OutcomeFailed, "", briefing.Unavailable), false, true},
		{"unknown", reader(1, briefing.OutcomeUnknown, "", briefing.Ambiguous), false, true},
		{"under way", reader(1, briefing.OutcomePending, "", ""), false, true},
	} {
		a := alarm.Of(nine, []briefing.RunReader{c.rr})
		if a.Settled() != c.settled || a.Alarming() != c.alarming {
			t.Errorf("%s: settled %v, alarming %v", c.name, a.Settled(), a.Alarming())
		}
	}
}

// ledger is a ledger with one due minute, in memory.
type ledger struct {
	readers     []briefing.RunReader
	begun, turn time.Time
	accounted   bool
}

func (l *ledger) DueMinutes(_ context.Context, from, to time.Time) ([]time.Time, error) {
	if nine.Before(from) || !nine.Before(to) {
		return nil, nil
	}
	return []time.Time{nine}, nil
}

func (l *ledger) Standing(context.Context, time.Time) ([]briefing.RunReader, time.Time, time.Time, error) {
	return l.readers, l.begun, l.turn, nil
}

func (l *ledger) Account(context.Context, time.Time) (bool, error) {
	first := !l.accounted
	l.accounted = true
	return first, nil
}

// TestWhenAMorningIsAccountedFor: at hour + 5 minutes; later for what is under way, but not for ever.
func TestWhenAMorningIsAccountedFor(t *testing.T) {
	many := func(n int, reason briefing.Reason) []briefing.RunReader {
		var all []briefing.RunReader
		for i := range n {
			all = append(all, reader(i, briefing.OutcomePending, "", reason))
		}
		return all
	}
	done := []briefing.RunReader{reader(1, briefing.OutcomeDelivered, briefing.Complete, "")}
	for _, c := range []struct {
		name  string
		l     ledger
		began time.Duration // of this process, after nine
		want  time.Duration // after nine; 0 = never
	}{
		{"all done", ledger{readers: done}, -time.Hour, 5 * time.Minute},
		{"one stuck", ledger{readers: many(1, "")}, -time.Hour, 6 * time.Minute}, // and a fifth of a second
		{"many, by the pace", ledger{readers: many(3000, "")}, -time.Hour, 15 * time.Minute},
		{"caught up at 09:30", ledger{readers: many(1, ""), begun: nine.Add(30 * time.Minute)}, -time.Hour, 36 * time.Minute},
		{"down until 09:20", ledger{readers: many(1, "")}, 20 * time.Minute, 26 * time.Minute},
		{"down until 09:20, all done", ledger{readers: done}, 20 * time.Minute, 20 * time.Minute},
		{"down for more than a day", ledger{readers: done}, 25 * time.Hour, 0},
		{"in doubt", ledger{readers: many(1, briefing.Ambiguous)}, -time.Hour, 15 * time.Minute},
		{"a turn at 09:09", ledger{readers: many(1, briefing.RateLimited), turn: nine.Add(9 * time.Minute)}, -time.Hour, 10 * time.Minute},
		{"no turn for hours", ledger{readers: many(1, briefing.RateLimited), turn: nine.Add(5 * time.Hour)}, -time.Hour, 16 * time.Minute},
		{"nobody left", ledger{}, -time.Hour, 0},
	} {
		now := nine.Add(c.began)
		var at []time.Duration
		a := &alarm.Alarm{Store: &c.l, Zone: time.UTC, Pace: 300, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
			Counted: func(alarm.Account) { at = append(at, now.Sub(nine)) }}
		for ; now.Before(nine.Add(26 * time.Hour)); now = now.Add(time.Minute) {
			if err := a.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want := []time.Duration{c.want}
		if c.want == 0 {
			want = nil
		}
		if !slices.Equal(at, want) {
			t.Errorf("%s: accounted for at nine + %v, want %v", c.name, at, want)
		}
	}
}

// TestASleepingMachineIsNotLate: a process that was frozen over the hour is given its time after waking.
func TestASleepingMachineIsNotLate(t *testing.T) {
	l := &ledger{readers: []briefing.RunReader{reader(1, briefing.OutcomePending, "", "")}}
	now := nine.Add(-time.Minute)
	counted := 0
	a := &alarm.Alarm{Store: l, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, Counted: func(alarm.Account) { counted++ }}
	for _, minutes := range []int{-1, 30, 31, 34} {
		now = nine.Add(time.Duration(minutes) * time.Minute)
		if err := a.Check(t.Context()); err != nil || counted != 0 {
			t.Errorf("%d minutes after the hour, just awake: told %d times, %v", minutes, counted, err)
		}
	}
	now = nine.Add(36 * time.Minute)
	if err := a.Check(t.Context()); err != nil || counted != 1 {
		t.Errorf("six minutes after waking: told %d times, %v", counted, err)
	}
}

func ExampleOf() {
	account := alarm.Of(nine, []briefing.RunReader{
		{Reader: "haneul", Outcome: briefing.OutcomeDelivered, Status: briefing.Complete},
		{Reader: "minji", Outcome: briefing.OutcomeFailed, Reason: briefing.RecipientUnreachable},
	})
	counts := account.Counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Print(name, "=", counts[name], " ")
	}
	fmt.Println(strings.TrimSpace(fmt.Sprint(account.Settled(), account.Reasons)))
	// Output: degraded=0 delivered=1 expected=2 failed=1 missed=0 under_way=0 unknown=0 false map[recipient_unreachable:1]
}
