package briefing

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	freshFor   = 250 * time.Millisecond // how long what is known of a hold is good for
	longestOff = time.Hour              // no hold is longer, whatever Slack says
)

// Pacer hands out turns to call Slack. All processes on one database share the pace. Store, Paces and Now must
// be set; it is safe for concurrent use. A nil *Pacer is no pace: every turn is now, and nothing is held or estimated.
type Pacer struct {
	Store PaceStore
	Paces map[PaceKind]Pace
	Now   func() time.Time

	mu    sync.Mutex
	lines map[PaceKind]*turns
}

// turns are those of one kind, as one process sees them.
type turns struct {
	asking atomic.Int64 // callers that want one
	next   atomic.Int64 // Line.Next when last seen, in Unix microseconds

	mu     sync.Mutex  // held while the database is asked: whoever comes meanwhile is asked for together
	inHand []time.Time // taken for callers that wait for mu
	until  time.Time   // until when the kind is held; zero = it is not
	seen   time.Time   // when that was read
}

func (p *Pacer) line(kind PaceKind) *turns {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines == nil {
		p.lines = map[PaceKind]*turns{}
	}
	if p.lines[kind] == nil {
		p.lines[kind] = &turns{}
	}
	return p.lines[kind]
}

// Every returns how far turns of the kind are apart; 0 without a pace.
func (p *Pacer) Every(kind PaceKind) time.Duration {
	if p == nil {
		return 0
	}
	return p.Paces[kind].Every
}

// Reserve returns the instant at which one call of the kind may be made, in the past when that is now. It does
// not wait for it. Callers at the same time share one look into the database, and no turn is taken that nobody
// has asked for: it would be lost.
func (p *Pacer) Reserve(ctx context.Context, kind PaceKind) (time.Time, error) {
	if p == nil {
		return time.Time{}, nil
	}
	t, pace := p.line(kind), p.Paces[kind]
	t.asking.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.asking.Add(-1)
	if len(t.inHand) > 0 {
		at := t.inHand[0]
		t.inHand = t.inHand[1:]
		return at, nil
	}
	now, n := p.Now(), int(t.asking.Load())
	first, line, err := p.Store.TakeTurns(ctx, TurnRequest{Kind: kind, Pace: pace, N: n, Now: now})
	if err != nil {
		return time.Time{}, fmt.Errorf("turn to %s: %w", kind, err)
	}
	t.saw(line, now)
	for i := 1; i < n; i++ {
		t.inHand = append(t.inHand, first.Add(time.Duration(i)*pace.Every))
	}
	return first, nil
}

func (t *turns) saw(line Line, now time.Time) {
	t.until, t.seen = time.Time{}, now
	if line.Until.After(now) {
		t.until = line.Until
	}
	t.next.Store(line.Next.UnixMicro())
}

// Hold stops a kind for all processes until the given time, at the most an hour, and returns when the caller
// may try again.
func (p *Pacer) Hold(ctx context.Context, kind PaceKind, until time.Time) (time.Time, error) {
	if p == nil {
		return until, nil
	}
	t := p.line(kind)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := p.Now()
	if until.After(now.Add(longestOff)) {
		until = now.Add(longestOff)
	}
	if !until.IsZero() {
		until = until.Add(time.Millisecond - 1).Truncate(time.Millisecond) // as the ledger keeps the turn it makes
	}
	at, err := p.Store.HoldPace(ctx, PaceHold{Kind: kind, Pace: p.Paces[kind], Now: now, Until: until})
	if err != nil {
		return time.Time{}, fmt.Errorf("hold %s: %w", kind, err)
	}
	t.inHand, t.seen = nil, time.Time{} // to be read anew
	t.next.Store(max(t.next.Load(), at.UnixMicro()))
	return at, nil
}

// heldUntil returns until when a kind is held; a moment ago counts as now.
func (p *Pacer) heldUntil(ctx context.Context, kind PaceKind) (time.Time, error) {
	t := p.line(kind)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := p.Now()
	if age := now.Sub(t.seen); age < 0 || age > freshFor {
		line, err := p.Store.Line(ctx, kind)
		if err != nil {
			return time.Time{}, fmt.Errorf("pace of %s: %w", kind, err)
		}
		t.saw(line, now)
	}
	return t.until, nil
}

// Wait returns how far ahead the next free turn of a kind lies, as this process last saw it: 0 when it is now.
// It asks nobody and never blocks.
func (p *Pacer) Wait(kind PaceKind) time.Duration {
	if p == nil {
		return 0
	}
	next := p.line(kind).next.Load()
	if next == 0 {
		return 0
	}
	return max(0, time.UnixMicro(next).Sub(p.Now()))
}

// EstimatedEnd returns when everything of the run should be sent, by the pace and by what is in front of it; the
// zero time for a run that has finished. The run without an id is all of them. Reading sources is not in it.
func (p *Pacer) EstimatedEnd(ctx context.Context, run Run) (time.Time, error) {
	if p == nil || run.Finished() {
		return time.Time{}, nil
	}
	ahead, err := p.Store.RunAhead(ctx, run.ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("estimate run %s: %w", run.ID, err)
	}
	end := p.Now()
	start := end
	if ahead.Latest.After(end) {
		end = ahead.Latest
	}
	for _, part := range []struct {
		kind PaceKind
		n    int
		from time.Time
	}{{PacePost, ahead.Posts, end}, {PaceUpdate, ahead.Updates, start}} {
		if part.n == 0 {
			continue
		}
		line, err := p.Store.Line(ctx, part.kind)
		if err != nil {
			return time.Time{}, fmt.Errorf("estimate run %s: %w", run.ID, err)
		}
		pace := p.Paces[part.kind]
		if last := pace.from(line.Next, part.from).Add(time.Duration(part.n-1) * pace.Every); last.After(end) {
			end = last
		}
	}
	return end.Add(time.Second - 1).Truncate(time.Second), nil
}
