package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

// paceClock is a clock that only the test moves.
type paceClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *paceClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// reach moves the clock on to at, never back.
func (c *paceClock) reach(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.now) {
		c.now = at
	}
}

// pacers are two processes on one database.
func pacers(t *testing.T, url string, pace briefing.Pace) (*paceClock, [2]*briefing.Pacer, *store.Store) {
	t.Helper()
	c, all, last := somePacers(t, url, pace, 2)
	return c, [2]*briefing.Pacer(all), last
}

// somePacers are n processes on one database.
func somePacers(t *testing.T, url string, pace briefing.Pace, n int) (*paceClock, []*briefing.Pacer, *store.Store) {
	t.Helper()
	c := &paceClock{now: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
	var all []*briefing.Pacer
	var last *store.Store
	for range n {
		last = storetest.OpenURL(t, url, store.Options{Now: c.Now})
		all = append(all, &briefing.Pacer{Store: last, Now: c.Now, Paces: map[briefing.PaceKind]briefing.Pace{
			briefing.PacePost: pace, briefing.PaceOpen: pace, briefing.PaceUpdate: pace, briefing.PaceHistory: pace,
		}})
	}
	return c, all, last
}

func reserve(t *testing.T, p *briefing.Pacer) time.Time {
	t.Helper()
	at, err := p.Reserve(t.Context(), briefing.PacePost)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestTwoProcessesShareThePace: 200 turns of a hundred a second take two seconds, however many ask.
func TestTwoProcessesShareThePace(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		pace := briefing.PerMinute(6000, 1)
		c, two, _ := pacers(t, url, pace)
		start := c.Now()
		var turns []time.Time
		for i := range 200 {
			at := reserve(t, two[i%2])
			c.reach(at)
			turns = append(turns, at)
		}
		slices.SortFunc(turns, time.Time.Compare)
		for i := 1; i < len(turns); i++ {
			if gap := turns[i].Sub(turns[i-1]); gap < pace.Every {
				t.Fatalf("turns %d and %d are %s apart, want at least %s", i-1, i, gap, pace.Every)
			}
		}
		limit := 199 * pace.Every
		if took := turns[199].Sub(start); took < limit || took > limit+limit/20 {
			t.Errorf("200 turns took %s, want %s and no more than 5 %% beyond", took, limit)
		}
	})
}

// TestNoTurnIsLost: 3,000 posts at 300 a minute end when the limit lets them, with one process and with several that
// take turns by the dozen.
func TestNoTurnIsLost(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		const posts, workers = 720, 12
		pace := briefing.PerMinute(300, 20)
		for n := 1; n <= 3; n++ {
			c, all, _ := somePacers(t, url, pace, n)
			c.reach(c.Now().Add(time.Duration(n) * time.Hour)) // well after the one before
			start, turns := c.Now(), make([]time.Time, posts)
			for first := 0; first < posts; first += workers {
				var callers sync.WaitGroup
				for i := first; i < min(first+workers, posts); i++ {
					callers.Go(func() { turns[i] = reserve(t, all[i%n]) })
				}
				callers.Wait()
				c.reach(slices.MaxFunc(turns[first:min(first+workers, posts)], time.Time.Compare))
			}
			slices.SortFunc(turns, time.Time.Compare)
			limit := (posts - 20) * pace.Every
			if took := turns[posts-1].Sub(start); took < limit || took > limit+limit/20 {
				t.Errorf("%d processes took %s, the limit alone %s", n, took, limit)
			}
			for i := 1; i < posts; i++ {
				if turns[i].Sub(turns[i-1]) < pace.Every {
					t.Fatalf("turns %d and %d are %s apart", i-1, i, turns[i].Sub(turns[i-1]))
				}
			}
		}
	})
}

// TestCallersTogether: as many turns when all ask at once, and none twice.
func TestCallersTogether(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		pace := briefing.PerMinute(300, 1)
		c, two, _ := pacers(t, url, pace)
		turns := make(chan time.Time, 60)
		var callers sync.WaitGroup
		for i := range 60 {
			callers.Go(func() {
				at, err := two[i%2].Reserve(t.Context(), briefing.PacePost)
				if err != nil {
					t.Error(err)
				}
				turns <- at
			})
		}
		callers.Wait()
		close(turns)
		taken := map[time.Time]bool{}
		for at := range turns {
			if taken[at] || at.Before(c.Now()) {
				t.Errorf("turn at %s is in the past or given out twice", at)
			}
			taken[at] = true
		}
	})
}

// TestARest: after a pause a burst goes out at once, and no more than that.
func TestARest(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		pace := briefing.PerMinute(300, 20)
		c, two, _ := pacers(t, url, pace)
		for range 2 {
			for i := range 20 {
				if at := reserve(t, two[i%2]); at.After(c.Now()) {
					t.Fatalf("turn %d of the burst is %s ahead", i, at.Sub(c.Now()))
				}
			}
			if ahead := reserve(t, two[0]).Sub(c.Now()); ahead != pace.Every {
				t.Errorf("the turn after the burst is %s ahead, want %s", ahead, pace.Every)
			}
			c.reach(c.Now().Add(time.Hour))
		}
	})
}

// TestOneProcessHoldsTheOther: a 429 that one was told holds both, and who waited keeps his place.
func TestOneProcessHoldsTheOther(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx := t.Context()
		pace := briefing.PerMinute(60, 1)
		c, two, s := pacers(t, url, pace)
		start := c.Now()
		entries := []briefing.Entry{}
		for i, id := range []briefing.EntryID{"one", "two", "open", "refused"} {
			e := briefing.Entry{ID: id, Reader: briefing.ReaderID(id), Date: briefing.DateOf(start, time.UTC), Slot: briefing.DailySlot,
				State: briefing.Prepared, Reason: briefing.RateLimited, ChannelID: "D0", DueAt: start, NextAt: start.Add(time.Duration(5+i) * time.Second)}
			entries = append(entries, e)
		}
		entries[2].ChannelID, entries[3].Reason = "", briefing.Unavailable // neither waits for a post
		for _, e := range entries {
			if _, err := s.Advance(ctx, briefing.Step{Entry: e}); err != nil {
				t.Fatal(err)
			}
		}
		until := start.Add(30 * time.Second)
		for i, p := range two {
			at, err := p.Hold(ctx, briefing.PacePost, until)
			if want := until.Add(time.Duration(i) * pace.Every); err != nil || !at.Equal(want) {
				t.Errorf("who was refused may try at %s (%v), want %s", at, err, want)
			}
		}
		if at := reserve(t, two[1]); at.Before(until.Add(2 * pace.Every)) {
			t.Errorf("a turn at %s within the hold until %s", at, until)
		}
		for id, want := range map[briefing.EntryID]time.Duration{"one": 37, "two": 38, "open": 7, "refused": 8} {
			e, err := s.Entry(ctx, id)
			if got := e.NextAt.Sub(start); err != nil || got != want*time.Second {
				t.Errorf("entry %s wants work after %s (%v), want %d s", id, got, err, want)
			}
		}
	})
}

// TestAClockSetBack: turns taken by a clock that was wrong do not keep everybody waiting.
func TestAClockSetBack(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		pace := briefing.PerMinute(60, 1)
		c, two, _ := pacers(t, url, pace)
		wrong := &paceClock{now: c.Now().Add(24 * time.Hour)}
		two[0].Now = wrong.Now
		reserve(t, two[0])
		if _, err := two[0].Hold(t.Context(), briefing.PacePost, wrong.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if at := reserve(t, two[1]); at.After(c.Now()) {
			t.Errorf("the first turn after the clock was set back is at %s, want now, %s", at, c.Now())
		}
	})
}

// TestEstimatedEnd: by what is pending, the pace, and what is in front.
func TestEstimatedEnd(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx := t.Context()
		c, two, s := pacers(t, url, briefing.PerMinute(60, 1))
		start := c.Now()
		run := briefing.Run{ID: "run", Kind: briefing.RunManual, Date: briefing.DateOf(start, time.UTC), StartedAt: start}
		var steps []briefing.Step
		for _, id := range []briefing.EntryID{"a", "b", "c"} {
			steps = append(steps, briefing.Step{Entry: briefing.Entry{ID: id, Reader: briefing.ReaderID(id), Date: run.Date, Slot: briefing.DailySlot,
				Run: run.ID, State: briefing.Planned, DueAt: start, NextAt: start}})
			run.Readers = append(run.Readers, briefing.RunReader{Reader: briefing.ReaderID(id), Entry: id})
		}
		if err := s.Trigger(ctx, run, steps); err != nil {
			t.Fatal(err)
		}
		estimate := func(ctx context.Context, want time.Time) {
			t.Helper()
			if got, err := two[0].EstimatedEnd(ctx, run); err != nil || !got.Equal(want) {
				t.Errorf("estimated end %s (%v), want %s", got, err, want)
			}
		}
		estimate(ctx, start.Add(2*time.Second))
		for range 10 { // somebody else is in front
			reserve(t, two[1])
		}
		estimate(ctx, start.Add(12*time.Second))
		c.reach(start.Add(12 * time.Second))
		for _, e := range []struct {
			deadline, next time.Duration // after start
			want           time.Duration
		}{
			{20 * time.Second, 50 * time.Second, 12 * time.Second}, // being posted
			{10 * time.Second, 50 * time.Second, 50 * time.Second}, // in doubt: somebody looks then
		} {
			storetest.Exec(t, s, fmt.Sprintf("UPDATE achim_entry SET state = 'sending', post_deadline = %d, next_at = %d",
				start.Add(e.deadline).UnixMilli(), start.Add(e.next).UnixMilli()))
			estimate(ctx, start.Add(e.want))
		}
		run.FinishedAt = start
		estimate(ctx, time.Time{})
	})
}

// TestALostLineBeginsAnew: without its row, as after a restore in part, the pace is kept all the same.
func TestALostLineBeginsAnew(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		c, p, s := pacers(t, url, briefing.Pace{Every: time.Second, Burst: 1})
		lose := func() { storetest.Exec(t, s, "DELETE FROM achim_pace") }
		lose()
		if l, err := s.Line(t.Context(), briefing.PacePost); err != nil || l.Next.After(c.Now()) {
			t.Errorf("the line stands at %v, %v", l, err)
		}
		first, second := reserve(t, p[0]), reserve(t, p[1])
		if want := c.Now(); !first.Equal(want) || !second.Equal(want.Add(time.Second)) {
			t.Errorf("turns at %v and %v, want %v and a second later", first, second, want)
		}
		lose()
		until := c.Now().Add(time.Minute)
		if _, err := p[0].Hold(t.Context(), briefing.PacePost, until); err != nil {
			t.Fatal(err)
		}
		if at := reserve(t, p[1]); at.Before(until) {
			t.Errorf("a turn at %v, before the end of the hold at %v", at, until)
		}
	})
}

// TestHoldsAndClaimsWaitInTurn: on PostgreSQL a hold moves thousands of entries while others claim some of them, many at
// a time. Both lock them in one order, or the database would have to end one of them, after a second.
func TestHoldsAndClaimsWaitInTurn(t *testing.T) {
	url := storetest.URL(t, storetest.Postgres)
	one, other := storetest.OpenURL(t, url, store.Options{}), storetest.OpenURL(t, url, store.Options{})
	now := time.Now()
	run := briefing.Run{ID: "run", Kind: briefing.RunManual, Date: briefing.DateOf(now, time.UTC), StartedAt: now}
	var steps []briefing.Step
	next := make(chan briefing.EntryID, 4000)
	for i := range cap(next) {
		id := briefing.EntryID(fmt.Sprintf("%08x%d", rand.Uint32(), i))
		reader := briefing.ReaderID(fmt.Sprint(i))
		steps = append(steps, briefing.Step{Entry: briefing.Entry{ID: id, Reader: reader, Date: run.Date, Slot: briefing.DailySlot,
			Run: run.ID, State: briefing.Planned, DueAt: now, NextAt: now}})
		run.Readers = append(run.Readers, briefing.RunReader{Reader: reader, Entry: id})
		next <- id
	}
	close(next)
	if err := one.Trigger(t.Context(), run, steps); err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, one, "UPDATE achim_entry SET state = 'prepared', reason = 'rate_limited', channel_id = 'D', next_at = next_at + 1000000")
	var claims sync.WaitGroup
	for range 200 {
		claims.Go(func() {
			for id := range next {
				if _, err := one.Claim(t.Context(), id, 0, "me", now, now.Add(time.Minute)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 12 {
		began := time.Now()
		_, err := other.HoldPace(t.Context(), briefing.PaceHold{Kind: briefing.PacePost, Now: began, Until: began.Add(time.Second), Pace: briefing.PerMinute(60000, 1)})
		if took := time.Since(began); err != nil || took > time.Second {
			t.Errorf("a hold took %s: %v", took, err)
		}
	}
	claims.Wait()
}
