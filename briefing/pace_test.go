package briefing_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"achim/briefing"
)

// paceRow is a PaceStore of one kind, which counts how often it is asked.
type paceRow struct {
	next, until time.Time
	asked       int
	slow        time.Duration // how long it takes to answer
}

func (p *paceRow) TakeTurns(_ context.Context, r briefing.TurnRequest) (time.Time, briefing.Line, error) {
	p.asked++
	time.Sleep(p.slow)
	first := p.next
	if rested := r.Now.Add(-time.Duration(r.Pace.Burst-1) * r.Pace.Every); first.Before(rested) {
		first = rested
	}
	p.next = first.Add(time.Duration(r.N) * r.Pace.Every)
	return first, briefing.Line{Next: p.next, Until: p.until}, nil
}

func (p *paceRow) HoldPace(_ context.Context, h briefing.PaceHold) (time.Time, error) {
	p.until, p.next = h.Until, h.Until.Add(h.Pace.Every)
	return h.Until, nil
}

func (p *paceRow) Line(context.Context, briefing.PaceKind) (briefing.Line, error) {
	return briefing.Line{Next: p.next, Until: p.until}, nil
}

func (p *paceRow) RunAhead(context.Context, briefing.RunID) (briefing.Ahead, error) {
	return briefing.Ahead{}, nil
}

// turnAfterTurn takes n turns, each when the one before is used, and returns them.
func turnAfterTurn(t *testing.T, p *briefing.Pacer, now *time.Time, n int) []time.Time {
	t.Helper()
	turns := make([]time.Time, n)
	for i := range turns {
		at, err := p.Reserve(t.Context(), briefing.PacePost)
		if err != nil {
			t.Fatal(err)
		}
		if at.After(*now) {
			*now = at
		}
		turns[i] = at
	}
	return turns
}

func newPacer(rate int) (*briefing.Pacer, *paceRow, *time.Time) {
	now, row := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), &paceRow{}
	return &briefing.Pacer{Store: row, Paces: briefing.SlackPaces(rate), Now: func() time.Time { return now }}, row, &now
}

// TestAThousandTurnsAreFewQuestions: whoever asks while the store is being asked is asked for together, and every one
// has a place of their own.
func TestAThousandTurnsAreFewQuestions(t *testing.T) {
	p, row, _ := newPacer(60000)
	row.slow = time.Millisecond
	turns := make([]time.Time, 1000)
	var all sync.WaitGroup
	for i := range turns {
		all.Go(func() {
			var err error
			if turns[i], err = p.Reserve(t.Context(), briefing.PacePost); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.SortFunc(turns, time.Time.Compare)
	for i := 1; i < len(turns); i++ {
		if gap := turns[i].Sub(turns[i-1]); gap != time.Millisecond {
			t.Fatalf("turns %d and %d are %s apart: one is lost, or given out twice", i-1, i, gap)
		}
	}
	if row.asked > 100 {
		t.Errorf("the store was asked %d times for 1000 turns", row.asked)
	}
}

// TestThePaceOfEveryRate: twenty at once after a rest, then one every minute/rate.
func TestThePaceOfEveryRate(t *testing.T) {
	for _, rate := range []int{1, 60, 300, 6000} {
		p, _, now := newPacer(rate)
		start := *now
		n := 3 * max(20, rate/60)
		turns := turnAfterTurn(t, p, now, n)
		every := time.Minute / time.Duration(rate)
		if took, want := turns[n-1].Sub(start), time.Duration(n-max(20, rate/60))*every; took != want {
			t.Errorf("at %d a minute %d turns took %s, want %s", rate, n, took, want)
		}
	}
}

// TestAHoldIsKept: who was refused goes first when it is over, and everybody else after that.
func TestAHoldIsKept(t *testing.T) {
	p, _, now := newPacer(60000)
	turnAfterTurn(t, p, now, 1)
	until := now.Add(10 * time.Second)
	at, err := p.Hold(t.Context(), briefing.PacePost, until)
	if err != nil || !at.Equal(until) {
		t.Errorf("who was refused goes at %s (%v), want %s", at, err, until)
	}
	if wait := p.Wait(briefing.PacePost); wait != 10*time.Second {
		t.Errorf("the next turn is told to be %s ahead, want the 10 s of the hold", wait)
	}
	if next := turnAfterTurn(t, p, now, 1)[0]; !next.After(until) {
		t.Errorf("a turn at %s within the hold until %s", next, until)
	}
	// Whatever Slack says, an hour is the longest.
	if at, err = p.Hold(t.Context(), briefing.PacePost, now.Add(1000*time.Hour)); err != nil || at.Sub(*now) > time.Hour {
		t.Errorf("held until %s (%v)", at, err)
	}
}

// TestNoPace: a nil pacer lets everything go at once.
func TestNoPace(t *testing.T) {
	var p *briefing.Pacer
	at, err := p.Reserve(t.Context(), briefing.PacePost)
	end, err2 := p.EstimatedEnd(t.Context(), briefing.Run{ID: "run"})
	until := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	held, err3 := p.Hold(t.Context(), briefing.PacePost, until)
	if err := errors.Join(err, err2, err3); err != nil || !at.IsZero() || !end.IsZero() || !held.Equal(until) || p.Wait(briefing.PacePost) != 0 || p.Every(briefing.PacePost) != 0 {
		t.Errorf("a turn at %s, an end at %s, held until %s (%v)", at, end, held, err)
	}
}
