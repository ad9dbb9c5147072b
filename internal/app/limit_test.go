package app_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"achim/briefing"
	"achim/internal/engine"
	"achim/store"
	"achim/store/storetest"
)

// slackLimit is Slack by the bubble's clock: it takes a moment for each call, and remembers when what was posted.
type slackLimit struct {
	mu    sync.Mutex
	posts map[string][]time.Time // by channel
	opens []time.Time
}

func (s *slackLimit) Open(_ context.Context, r briefing.Reader) (string, error) {
	time.Sleep(80 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens = append(s.opens, time.Now())
	return "D" + r.SlackUserID, nil
}

func (s *slackLimit) Post(_ context.Context, p briefing.Post) (string, error) {
	time.Sleep(150 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts[p.ChannelID] = append(s.posts[p.ChannelID], time.Now())
	return fmt.Sprintf("%d.000001", time.Now().UnixMicro()), nil
}

func (s *slackLimit) Update(context.Context, string, briefing.Post) error { return nil }

func (s *slackLimit) Find(context.Context, string, briefing.EntryID, time.Time) (string, error) {
	return "", nil
}

// times returns when everything was posted, in order, and fails for a reader with more or less than one DM.
func (s *slackLimit) times(t *testing.T, readers int) []time.Time {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []time.Time
	for channel, posts := range s.posts {
		if len(posts) != 1 {
			t.Errorf("%d DMs in %s", len(posts), channel)
		}
		all = append(all, posts...)
	}
	if len(all) != readers {
		t.Fatalf("%d DMs for %d readers", len(all), readers)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// plainWords renders nothing worth reading.
type plainWords struct{}

func (plainWords) Render(briefing.Briefing) briefing.Message { return briefing.Message{Text: "아침"} }
func (plainWords) Filled(briefing.Briefing) briefing.Message { return briefing.Message{Text: "아침"} }

// limitHouse is a morning on one ledger by the bubble's clock: as many processes as wished, without a network.
type limitHouse struct {
	t     *testing.T
	url   string
	slack *slackLimit
	nine  time.Time
	rate  int
}

// process starts one process, which stops with the test.
func (h *limitHouse) process(name string) *store.Store {
	s := storetest.OpenURL(h.t, h.url, store.Options{})
	defaults := &briefing.Defaults{At: briefing.TimeOfDay{Hour: 9}, Zone: time.UTC, Weekdays: briefing.EveryDay, Language: briefing.Korean}
	pacer := &briefing.Pacer{Store: s, Paces: briefing.SlackPaces(h.rate), Now: time.Now}
	pipeline := &briefing.Pipeline{Ledger: s, Readers: s, Channels: s, Memory: s, Runs: s, Deliverer: h.slack, Renderer: plainWords{}, Defaults: defaults,
		Owner: name, Grace: 3 * time.Hour, MendUntil: briefing.TimeOfDay{Hour: 18}, Pacer: pacer, Now: time.Now}
	local := &engine.Local{Store: s, Work: pipeline.Work}
	planner := &briefing.Planner{Store: s, Defaults: defaults, Grace: 3 * time.Hour, Lead: 2 * time.Minute, Now: time.Now}
	opener := &briefing.Opener{Store: s, Deliverer: h.slack, Pacer: pacer, Now: time.Now}
	if err := local.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = local.Stop(context.Background()) })
	var ticks sync.WaitGroup
	h.t.Cleanup(ticks.Wait)
	ctx := h.t.Context()
	minutely := func(f func()) {
		ticks.Go(func() {
			for {
				f()
				select {
				case <-time.After(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute))):
				case <-ctx.Done():
					return
				}
			}
		})
	}
	minutely(func() {
		if n, err := planner.Tick(ctx); err != nil && ctx.Err() == nil {
			h.t.Error(err)
		} else if n > 0 {
			local.Wake()
		}
	})
	minutely(func() {
		if _, err := opener.Open(ctx); err != nil && ctx.Err() == nil {
			h.t.Error(err)
		}
	})
	return s
}

// readers adds n readers of nine o'clock, with a DM or new ones.
func (h *limitHouse) readers(s *store.Store, n int, known bool) {
	h.t.Helper()
	for i := range n {
		r := briefing.Reader{ID: briefing.ReaderID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i)), Name: fmt.Sprint(i),
			SlackUserID: fmt.Sprintf("U%06d", i), PlanAt: h.nine}
		if known {
			r.SlackChannelID = "D" + r.SlackUserID
		}
		if _, err := s.SaveReader(h.t.Context(), r); err != nil {
			h.t.Fatal(err)
		}
	}
}

// limited runs a test in a bubble, in which ten minutes pass in no time.
func limited(t *testing.T, rate int, test func(t *testing.T, h *limitHouse)) {
	t.Helper()
	url := storetest.URL(t, storetest.SQLite)
	synctest.Test(t, func(t *testing.T) {
		// Bubbles begin at midnight.
		h := &limitHouse{t: t, url: url, slack: &slackLimit{posts: map[string][]time.Time{}}, nine: time.Now().Add(9 * time.Hour), rate: rate}
		test(t, h)
	})
}

// TestTheWholeTakesWhatTheLimitTakes: with Slack's limit on, a morning takes within 5 % of what the limit alone
// would, with one process and with several on one ledger, and never goes beyond the limit.
func TestTheWholeTakesWhatTheLimitTakes(t *testing.T) {
	t.Parallel()
	const readers, rate, burst = 120, 60, 20
	for processes := 1; processes <= 3; processes++ {
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			t.Parallel()
			limited(t, rate, func(t *testing.T, h *limitHouse) {
				time.Sleep(time.Until(h.nine.Add(-10 * time.Minute)))
				for i := range processes {
					if s := h.process(fmt.Sprint("process ", i)); i == 0 {
						h.readers(s, readers, true)
					}
				}
				time.Sleep(time.Until(h.nine.Add(10 * time.Minute)))
				posted := h.slack.times(t, readers)
				limit := time.Duration(readers-burst) * time.Minute / rate
				took := posted[readers-1].Sub(h.nine)
				t.Logf("%d readers took %s, the limit alone %s", readers, took, limit)
				if posted[0].Before(h.nine) || took > limit+limit/20 {
					t.Errorf("from %s to %s after nine, the limit alone takes %s", posted[0].Sub(h.nine), took, limit)
				}
				// Turns are kept in thousandths, and a call takes what it takes: a tenth of a second is allowed for.
				for i := range posted[:readers-rate-burst-1] {
					if gap := posted[i+rate+burst].Sub(posted[i]); gap < time.Minute-100*time.Millisecond {
						t.Fatalf("%d posts within %s", rate+burst+1, gap)
					}
				}
			})
		})
	}
}

// TestAFirstMorningOfManyIsOnTime: two hundred readers who were added ten minutes before have their DMs opened by nine,
// and their briefings as fast as posting goes.
func TestAFirstMorningOfManyIsOnTime(t *testing.T) {
	t.Parallel()
	const readers, rate, burst = 200, 300, 20
	limited(t, rate, func(t *testing.T, h *limitHouse) {
		time.Sleep(time.Until(h.nine.Add(-11 * time.Minute)))
		s := h.process("one")
		h.process("two")
		time.Sleep(time.Until(h.nine.Add(-10 * time.Minute)))
		h.readers(s, readers, false)
		time.Sleep(time.Until(h.nine.Add(10 * time.Minute)))
		posted := h.slack.times(t, readers)
		limit := time.Duration(readers-burst) * time.Minute / rate
		if took := posted[readers-1].Sub(h.nine); took > limit+limit/20 {
			t.Errorf("%d new readers took %s, the limit alone %s", readers, took, limit)
		}
		t.Logf("the last of %d DMs was opened %s before nine", len(h.slack.opens), h.nine.Sub(h.slack.opens[len(h.slack.opens)-1]))
		if n := len(h.slack.opens); n > readers+readers/4 { // two may meet at one reader
			t.Errorf("%d calls for %d DMs", n, readers)
		}
	})
}
