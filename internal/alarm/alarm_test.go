package alarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	got := alarm.Of(nine, briefing.Standing{Runs: []briefing.RunID{"run"}, Readers: []briefing.RunReader{
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
	}})
	want := alarm.Account{
		Due: nine, Runs: []briefing.RunID{"run"}, Expected: 11, Delivered: 1, Degraded: 3, Failed: 1, Unknown: 1, Missed: 1, Spared: 2, UnderWay: 2, InDoubt: 1,
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
		{"public holiday", reader(1, briefing.OutcomeSkipped, "", briefing.PublicHoliday), true, false},
		{"removed", reader(1, briefing.OutcomeSkipped, "", briefing.Removed), true, false},
		{"too late", reader(1, briefing.OutcomeSkipped, "", briefing.PastGrace), false, true},
		{"dead grant", lacking(1, map[briefing.SourceName]briefing.Verdict{briefing.Gmail: failed(briefing.ReauthRequired, 0)}), true, true},
		{"slow", lacking(1, map[briefing.SourceName]briefing.Verdict{briefing.Gmail: failed(briefing.Timeout, 0)}), true, false},
		{"failed", reader(1, briefing.OutcomeFailed, "", briefing.Unavailable), false, true},
		{"unknown", reader(1, briefing.OutcomeUnknown, "", briefing.Ambiguous), false, true},
		{"under way", reader(1, briefing.OutcomePending, "", ""), false, true},
	} {
		a := alarm.Of(nine, briefing.Standing{Readers: []briefing.RunReader{c.rr}})
		if a.Settled() != c.settled || a.Alarming() != c.alarming {
			t.Errorf("%s: settled %v, alarming %v", c.name, a.Settled(), a.Alarming())
		}
	}
}

// ledger is a ledger with one due minute, in memory.
type ledger struct {
	mu          sync.Mutex
	readers     []briefing.RunReader
	begun, turn time.Time
	accounted   map[time.Time]bool
	behind      bool
	gone        bool                 // the database cannot be reached
	other       time.Time            // another due minute; zero = none
	others      []briefing.RunReader // who was due then
}

func (l *ledger) DueMinutes(_ context.Context, from, to time.Time) ([]time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return nil, errors.New("the database is away")
	}
	var minutes []time.Time
	for _, due := range []time.Time{nine, l.other} {
		if !due.IsZero() && len(l.readers) > 0 && !due.Before(from) && due.Before(to) {
			minutes = append(minutes, due)
		}
	}
	return minutes, nil
}

func (l *ledger) Standing(_ context.Context, due time.Time) (briefing.Standing, error) {
	if due.Equal(l.other) {
		return briefing.Standing{Readers: l.others}, nil
	}
	return briefing.Standing{Readers: l.readers, Runs: []briefing.RunID{"run"}, Begun: l.begun, Turn: l.turn}, nil
}

func (l *ledger) Account(_ context.Context, due time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.accounted == nil {
		l.accounted = map[time.Time]bool{}
	}
	first := !l.accounted[due]
	l.accounted[due] = true
	return first, nil
}

func (l *ledger) Behind(context.Context, time.Time) (bool, error) { return l.behind, nil }

// line is a pace of 300 a minute in which nobody is in front.
type line struct{ ahead briefing.Ahead }

func (l line) TakeTurns(_ context.Context, r briefing.TurnRequest) (time.Time, briefing.Line, error) {
	return r.Now, briefing.Line{}, nil
}

func (l line) HoldPace(_ context.Context, h briefing.PaceHold) (time.Time, error) {
	return h.Until, nil
}

func (l line) Line(context.Context, briefing.PaceKind) (briefing.Line, error) {
	return briefing.Line{}, nil
}

func (l line) RunAhead(context.Context, briefing.RunID) (briefing.Ahead, error) { return l.ahead, nil }

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
		l     *ledger
		ahead briefing.Ahead // as the pacer has it
		began time.Duration  // of this process, after nine
		want  time.Duration  // after nine; 0 = never
	}{
		{"all done", &ledger{readers: done}, briefing.Ahead{}, -time.Hour, 5 * time.Minute},
		{"one stuck", &ledger{readers: many(1, "")}, briefing.Ahead{Posts: 1}, -time.Hour, 6 * time.Minute}, // and a moment for its turn
		{"many, as the pacer estimates", &ledger{readers: many(3000, "")}, briefing.Ahead{Posts: 3000}, -time.Hour, 16 * time.Minute},
		{"many, half of them gone", &ledger{readers: many(3000, "")}, briefing.Ahead{Posts: 1500}, -time.Hour, 11 * time.Minute},
		{"caught up at 09:30", &ledger{readers: many(1, ""), begun: nine.Add(30 * time.Minute)}, briefing.Ahead{Posts: 1}, -time.Hour, 36 * time.Minute},
		{"down until 09:20", &ledger{readers: many(1, "")}, briefing.Ahead{Posts: 1}, 20 * time.Minute, 26 * time.Minute},
		{"down until 09:20, all done", &ledger{readers: done}, briefing.Ahead{}, 20 * time.Minute, 20 * time.Minute},
		{"down for more than a day", &ledger{readers: done}, briefing.Ahead{}, 25 * time.Hour, 0},
		{"in doubt", &ledger{readers: many(1, briefing.Ambiguous)}, briefing.Ahead{}, -time.Hour, 15 * time.Minute},
		{"a turn at 09:09", &ledger{readers: many(1, briefing.RateLimited), turn: nine.Add(9 * time.Minute)}, briefing.Ahead{}, -time.Hour, 10 * time.Minute},
		{"no turn for hours", &ledger{readers: many(1, briefing.RateLimited), turn: nine.Add(5 * time.Hour)}, briefing.Ahead{Latest: nine.Add(5 * time.Hour)}, -time.Hour, 16 * time.Minute},
		{"nobody left", &ledger{}, briefing.Ahead{}, -time.Hour, 0},
	} {
		now := nine.Add(c.began)
		clock := func() time.Time { return now }
		var at []time.Duration
		a := &alarm.Alarm{Store: c.l, Zone: time.UTC, Logger: slog.New(slog.DiscardHandler), Now: clock,
			Pacer:   &briefing.Pacer{Store: line{c.ahead}, Paces: briefing.SlackPaces(300), Now: clock},
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

// roads stands in for Slack, a webhook and a heartbeat, and counts what each was told.
type roads struct {
	mu     sync.Mutex
	notes  []string // "slack …", "webhook …", "heartbeat"
	refuse error    // by Slack
}

func (r *roads) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, s)
}

func (r *roads) Open(context.Context, briefing.Reader) (string, error) { return "D0", nil }

func (r *roads) Post(_ context.Context, p briefing.Post) (string, error) {
	if r.refuse == nil {
		r.note("slack " + p.Message.Text)
	}
	return "1.1", r.refuse
}

func (r *roads) Update(context.Context, string, briefing.Post) error { return nil }

func (r *roads) Find(context.Context, string, briefing.EntryID, time.Time) (string, error) {
	return "", nil
}

func (r *roads) ServeHTTP(_ http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.note(strings.TrimSpace(strings.TrimPrefix(q.URL.Path, "/") + " " + string(body)))
}

// told returns the notes and forgets them.
func (r *roads) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	notes := r.notes
	r.notes = nil
	slices.Sort(notes)
	return notes
}

// watched returns an alarm with all roads, and its clock.
func watched(t *testing.T, l *ledger, r *roads) (*alarm.Alarm, *time.Time) {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	now := nine.Add(-time.Minute)
	clock := func() time.Time { return now }
	return &alarm.Alarm{Store: l, Deliverer: r, Operator: "U0JIWON", Webhook: briefing.NewSecret(server.URL + "/webhook"),
		Heartbeat: briefing.NewSecret(server.URL + "/heartbeat"), Language: briefing.English, Zone: time.FixedZone("KST", 9*3600), At: briefing.TimeOfDay{Hour: 9},
		Pacer:  &briefing.Pacer{Store: line{}, Paces: briefing.SlackPaces(300), Now: clock},
		Logger: slog.New(slog.DiscardHandler), Now: clock}, &now
}

// TestADatabaseThatIsGone: five minutes of it are told by Slack and by the webhook, once; the morning is accounted for
// when it is back.
func TestADatabaseThatIsGone(t *testing.T) {
	l, r := &ledger{readers: []briefing.RunReader{reader(1, briefing.OutcomeDelivered, briefing.Complete, "")}, gone: true}, &roads{}
	a, now := watched(t, l, r)
	var blind []time.Duration
	a.Blind = func(d time.Duration) { blind = append(blind, d) }
	const jitter = 10 * time.Millisecond // of a tick
	*now = now.Add(jitter)
	for range 5 {
		*now = now.Add(time.Minute)
		if err := a.Check(t.Context()); err == nil || len(r.told()) > 0 {
			t.Errorf("%s: told already (%v)", now, err)
		}
	}
	*now = now.Add(time.Minute - jitter)
	if _ = a.Check(t.Context()); len(r.notes) != 2 {
		t.Errorf("%s: not told yet: %v", now, r.notes)
	}
	for range 9 {
		*now = now.Add(time.Minute)
		_ = a.Check(t.Context())
	}
	const text = "⚠️ The database cannot be read since Friday 20 November, 09:00.\n• Until it can, no briefing is delivered. Check DATABASE_URL and the server's log."
	quoted, _ := json.Marshal(text)
	want := []string{"slack " + text, `webhook {"event":"database_unreadable","text":` + string(quoted) + `,"date":"2026-11-20","since":"2026-11-20T00:00:00Z"}`}
	if diff := cmp.Diff(want, r.told()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	l.gone = false
	*now = now.Add(time.Minute)
	if err := a.Check(t.Context()); err != nil || !slices.Equal(r.told(), []string{"heartbeat"}) {
		t.Errorf("not accounted for when the database is back: %v", err)
	}
	if !slices.Equal(blind[3:6], []time.Duration{3 * time.Minute, 4 * time.Minute, 5*time.Minute - jitter}) || blind[len(blind)-1] != 0 {
		t.Errorf("blind for %v", blind)
	}
	l.gone = true // and the next time it is told again
	for range 6 {
		*now = now.Add(time.Minute)
		_ = a.Check(t.Context())
	}
	if told := r.told(); len(told) != 2 {
		t.Errorf("the second outage: %v", told)
	}
}

// TestSlackAndDatabaseGone: what is left says it.
func TestSlackAndDatabaseGone(t *testing.T) {
	l, r := &ledger{gone: true}, &roads{refuse: &briefing.Error{Op: "post", Reason: briefing.ClientMisconfigured}}
	a, now := watched(t, l, r)
	results := map[string]briefing.Reason{}
	var mu sync.Mutex
	a.Told = func(channel string, err error) {
		mu.Lock()
		defer mu.Unlock()
		results[channel] = briefing.ReasonOf(err)
	}
	for range 6 {
		*now = now.Add(time.Minute)
		_ = a.Check(t.Context())
	}
	if told := r.told(); len(told) != 1 || !strings.HasPrefix(told[0], "webhook ") {
		t.Errorf("told %v", told)
	}
	if want := map[string]briefing.Reason{"webhook": "", "slack": briefing.ClientMisconfigured}; !maps.Equal(results, want) {
		t.Errorf("%v, want %v", results, want)
	}
}

// TestADayOff: the heartbeat is called once a day also when nobody is due, unless somebody should have been.
func TestADayOff(t *testing.T) {
	l, r := &ledger{behind: true}, &roads{}
	a, now := watched(t, l, r)
	var at []string
	for ; now.Before(nine.Add(50 * time.Hour)); *now = now.Add(time.Minute) {
		l.behind = now.Before(nine.Add(10 * time.Minute))
		if err := a.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, told := range r.told() {
			at = append(at, told+" "+now.Sub(nine).String())
		}
	}
	if want := []string{"heartbeat 10m0s", "heartbeat 24h5m0s", "heartbeat 48h5m0s"}; !slices.Equal(at, want) {
		t.Errorf("%v, want %v", at, want)
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
	account := alarm.Of(nine, briefing.Standing{Readers: []briefing.RunReader{
		{Reader: "haneul", Outcome: briefing.OutcomeDelivered, Status: briefing.Complete},
		{Reader: "minji", Outcome: briefing.OutcomeFailed, Reason: briefing.RecipientUnreachable},
	}})
	counts := account.Counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Print(name, "=", counts[name], " ")
	}
	fmt.Println(strings.TrimSpace(fmt.Sprint(account.Settled(), account.Reasons)))
	// Output: degraded=0 delivered=1 expected=2 failed=1 missed=0 spared=0 under_way=0 unknown=0 false map[recipient_unreachable:1]
}

// TestOneMorningDoesNotHideAnother: while somebody of nine o'clock is not accounted for, the heartbeat stays out for
// those of ten as well, until that is settled or a day has passed.
func TestOneMorningDoesNotHideAnother(t *testing.T) {
	for name, settled := range map[string]bool{"unknown": false, "settled since": true} {
		t.Run(name, func(t *testing.T) {
			l, r := &ledger{readers: []briefing.RunReader{reader(1, briefing.OutcomeUnknown, "", briefing.Ambiguous)}, other: nine.Add(time.Hour),
				others: []briefing.RunReader{reader(2, briefing.OutcomeDelivered, briefing.Complete, "")}}, &roads{}
			a, now := watched(t, l, r)
			a.Operator = ""
			beats := 0
			for ; now.Before(nine.Add(90 * time.Minute)); *now = now.Add(time.Minute) {
				if settled && now.Equal(nine.Add(30*time.Minute)) {
					l.readers = []briefing.RunReader{reader(1, briefing.OutcomeDelivered, briefing.Complete, "")}
				}
				if err := a.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				if slices.Contains(r.told(), "heartbeat") {
					beats++
				}
			}
			if want := map[bool]int{true: 1}[settled]; beats != want {
				t.Errorf("%d heartbeats, want %d", beats, want)
			}
		})
	}
}

// TestASlowWebhookIsToldOnce: what it has read it may have taken, so it is not told again.
func TestASlowWebhookIsToldOnce(t *testing.T) {
	var posts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		posts.Add(1)
		_, _ = io.Copy(io.Discard, q.Body)
		<-q.Context().Done()
	}))
	defer server.Close()
	l, r := &ledger{readers: []briefing.RunReader{reader(1, briefing.OutcomeFailed, "", briefing.Unavailable)}}, &roads{}
	a, now := watched(t, l, r)
	a.Webhook, a.Operator = briefing.NewSecret(server.URL), ""
	var reason briefing.Reason
	a.Told = func(channel string, err error) {
		if channel == "webhook" {
			reason = briefing.ReasonOf(err)
		}
	}
	*now = nine.Add(6 * time.Minute)
	if err := a.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if posts.Load() != 1 || reason != briefing.Ambiguous {
		t.Errorf("posted %d times, %q", posts.Load(), reason)
	}
}

// TestHowThoseOfTheDayStand: what is told of everybody due in the last day follows what becomes of them, over all their
// hours, and forgets them after it.
func TestHowThoseOfTheDayStand(t *testing.T) {
	l, r := &ledger{readers: []briefing.RunReader{reader(1, briefing.OutcomeUnknown, "", briefing.Ambiguous)}, other: nine.Add(time.Hour),
		others: []briefing.RunReader{reader(2, briefing.OutcomeDelivered, briefing.Complete, ""), reader(3, briefing.OutcomeSkipped, "", briefing.Paused)}}, &roads{}
	a, now := watched(t, l, r)
	a.Operator = ""
	stand := map[time.Duration]map[string]int{}
	a.Stands = func(counts map[string]int) {
		stand[now.Sub(nine)] = maps.Collect(maps.All(counts))
		maps.DeleteFunc(stand[now.Sub(nine)], func(_ string, n int) bool { return n == 0 })
	}
	for ; now.Before(nine.Add(27 * time.Hour)); *now = now.Add(time.Minute) {
		if now.Equal(nine.Add(2 * time.Hour)) {
			l.readers = []briefing.RunReader{reader(1, briefing.OutcomeDelivered, briefing.Complete, "")} // a person has looked
		}
		if err := a.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for at, want := range map[time.Duration]map[string]int{
		4 * time.Minute:            {},
		5 * time.Minute:            {"expected": 1, "unknown": 1},
		65 * time.Minute:           {"expected": 3, "unknown": 1, "delivered": 1, "spared": 1},
		2 * time.Hour:              {"expected": 3, "delivered": 2, "spared": 1},
		24*time.Hour + time.Minute: {"expected": 2, "delivered": 1, "spared": 1},
		26 * time.Hour:             {},
	} {
		if diff := cmp.Diff(want, stand[at]); diff != "" {
			t.Errorf("at nine + %v (-want +got):\n%s", at, diff)
		}
	}
}
