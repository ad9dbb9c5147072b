package briefing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// PaceKind names the calls that share one pace.
type PaceKind string

// The kinds, as Slack counts them.
const (
	PacePost    PaceKind = "post"
	PaceUpdate  PaceKind = "update"
	PaceOpen    PaceKind = "open"
	PaceHistory PaceKind = "history"
)

// Times of the pace.
const (
	nearTurn   = 2 * time.Second        // a turn no further ahead than this is waited for in place
	freshFor   = 250 * time.Millisecond // how long turns in hand, and what is known of a hold, are good for
	aheadFor   = 50 * time.Millisecond  // turns a process takes beyond those asked for, in time
	turnLasts  = 5 * time.Second        // how late a turn that was waited for in the ledger may be used
	lookLasts  = time.Minute            // the same for a mend, which reads before it edits, and for the history
	longestOff = time.Hour              // no hold is longer, whatever Slack says
)

// Pace is how fast calls of one kind may follow each other: one every Every, and Burst at once after a rest.
type Pace struct {
	Every time.Duration
	Burst int
}

// PerMinute returns the pace of rate calls a minute. rate and burst must be at least 1.
func PerMinute(rate, burst int) Pace {
	return Pace{Every: time.Minute / time.Duration(rate), Burst: burst}
}

// SlackPaces returns the paces of all kinds: posts is what one workspace gets a minute. The others have Slack's
// tier 3, fifty a minute; whoever asks for more than Slack's 300 posts has another Slack, and gets as much more.
func SlackPaces(posts int) map[PaceKind]Pace {
	tier3 := max(50, posts/6)
	return map[PaceKind]Pace{
		// A second's worth, and enough that one person's trigger never waits.
		PacePost:    PerMinute(posts, max(20, posts/60)),
		PaceUpdate:  PerMinute(tier3, max(10, tier3/60)),
		PaceOpen:    PerMinute(tier3, max(20, tier3/60)),
		PaceHistory: PerMinute(tier3, max(10, tier3/60)),
	}
}

// from returns the first turn free at the given time in a line whose turns before next are taken.
func (p Pace) from(next, at time.Time) time.Time {
	if rest := at.Add(-time.Duration(p.Burst-1) * p.Every); next.Before(rest) {
		return rest
	}
	return next
}

// Line is where one kind stands.
type Line struct {
	Next  time.Time // the first turn nobody has taken
	Until time.Time // before it nothing may be called; in the past when nothing is held
}

// TurnRequest asks for N turns in a row.
type TurnRequest struct {
	Kind PaceKind
	Pace Pace
	N    int
	Now  time.Time
}

// PaceHold stops a kind until the given time. The turns already taken move by as much, in their order.
type PaceHold struct {
	Kind  PaceKind
	Pace  Pace
	Now   time.Time
	Until time.Time // not after Now: stops nothing anew, and only asks for the first turn there is
}

// Ahead is what of a run is still to be sent.
type Ahead struct {
	Posts   int       // without a turn of their own yet
	Updates int       // briefings to be read again and edited
	Latest  time.Time // the last turn taken, or the hour of the last; zero = none
}

// PaceStore keeps the pace for all processes together.
type PaceStore interface {
	// TakeTurns takes turns no other process gets and returns the first; the others follow by Pace.Every. The
	// Line is as it stands afterwards.
	TakeTurns(ctx context.Context, r TurnRequest) (first time.Time, line Line, err error)
	// HoldPace holds the kind and returns the turn of whoever found that out: the first after the hold.
	HoldPace(ctx context.Context, h PaceHold) (time.Time, error)
	// Line returns where the kind stands.
	Line(ctx context.Context, kind PaceKind) (Line, error)
	// RunAhead returns what of the run is still to be sent.
	RunAhead(ctx context.Context, run RunID) (Ahead, error)
}

// Pacer hands out turns to call Slack. All processes on one database share the pace. Store, Paces and Now must
// be set; it is safe for concurrent use.
type Pacer struct {
	Store PaceStore
	Paces map[PaceKind]Pace
	Now   func() time.Time

	mu    sync.Mutex
	lines map[PaceKind]*turns
}

// turns are those one process has taken of a kind and not used.
type turns struct {
	asking atomic.Int64 // callers that want one
	next   atomic.Int64 // Line.Next when last seen, in Unix microseconds

	mu      sync.Mutex // held while the database is asked: whoever comes meanwhile is asked for together
	inHand  []time.Time
	takenAt time.Time
	until   time.Time
	seen    time.Time // when until was read
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

// Reserve returns the instant at which one call of the kind may be made, in the past when that is now. It does
// not wait for it. Callers at the same time share one look into the database.
func (p *Pacer) Reserve(ctx context.Context, kind PaceKind) (time.Time, error) {
	t, pace := p.line(kind), p.Paces[kind]
	t.asking.Add(1)
	defer t.asking.Add(-1)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := p.Now()
	if at, ok := t.pop(now); ok {
		return at, nil
	}
	n := int(t.asking.Load()) + int(aheadFor/pace.Every)
	first, line, err := p.Store.TakeTurns(ctx, TurnRequest{Kind: kind, Pace: pace, N: n, Now: now})
	if err != nil {
		return time.Time{}, fmt.Errorf("turn to %s: %w", kind, err)
	}
	t.saw(line, now)
	t.inHand, t.takenAt = t.inHand[:0], now
	for i := 1; i < n; i++ {
		t.inHand = append(t.inHand, first.Add(time.Duration(i)*pace.Every))
	}
	return first, nil
}

// pop returns a turn in hand. One that was left lying is dropped: used later, it would come on top of others.
func (t *turns) pop(now time.Time) (time.Time, bool) {
	for len(t.inHand) > 0 {
		at := t.inHand[0]
		t.inHand = t.inHand[1:]
		good := at
		if t.takenAt.After(good) {
			good = t.takenAt
		}
		if now.Sub(good) <= freshFor && !at.Before(t.until) && !now.Before(t.takenAt) {
			return at, true
		}
	}
	return time.Time{}, false
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
	next := p.line(kind).next.Load()
	if next == 0 {
		return 0
	}
	return max(0, time.UnixMicro(next).Sub(p.Now()))
}

// EstimatedEnd returns when everything of the run should be sent, by the pace and by what is in front of it; the
// zero time for a run that has finished. Reading sources is not in it.
func (p *Pacer) EstimatedEnd(ctx context.Context, run Run) (time.Time, error) {
	if run.Finished() {
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

// queuedError says that the turn lies too far ahead to be waited for in place.
type queuedError struct{ at time.Time }

// Error says that it is not the entry's turn.
func (e *queuedError) Error() string { return "its turn is at " + e.at.UTC().Format(time.RFC3339) }

// turn returns when the entry may make a call of the kind: at once, after waiting a moment, or with a
// *queuedError when its turn is further ahead. An entry that waited in the ledger has its turn already.
func (p *Pipeline) turn(ctx context.Context, e Entry, kind PaceKind) error {
	if p.Pacer == nil {
		return nil
	}
	at, err := p.turnOf(ctx, e, kind)
	if err != nil {
		return err
	}
	ahead := at.Sub(p.Now())
	if ahead > nearTurn {
		return &queuedError{at}
	}
	if ahead > 0 && !pause(ctx, ahead) {
		return fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
	return nil
}

func (p *Pipeline) turnOf(ctx context.Context, e Entry, kind PaceKind) (time.Time, error) {
	if e.queuedFor() != kind {
		return p.Pacer.Reserve(ctx, kind)
	}
	lasts := turnLasts
	if kind == PaceUpdate || kind == PaceHistory {
		lasts = lookLasts
	}
	late := p.Now().Sub(e.NextAt)
	if late > lasts {
		return p.Pacer.Reserve(ctx, kind)
	}
	if late < -nearTurn {
		return e.NextAt, nil // moved by a hold since somebody saw that it was due
	}
	until, err := p.Pacer.heldUntil(ctx, kind)
	if err != nil || !until.After(e.NextAt) {
		return e.NextAt, err
	}
	return p.Pacer.Hold(ctx, kind, time.Time{}) // held while it was on its way: the first turn after
}

// queuedFor returns what an entry has a turn for at NextAt, "" when it has none. The store moves the same
// entries when a kind is held.
func (e Entry) queuedFor() PaceKind {
	switch {
	case e.Reason != RateLimited:
		return ""
	case e.State == Prepared && e.ChannelID == "":
		return PaceOpen
	case e.State == Prepared:
		return PacePost
	case e.State == Sending:
		return PaceHistory
	case e.State == Delivered:
		return PaceUpdate
	}
	return ""
}

// outOfLine returns the entry without the turn it may have: it was used, or the entry is to be worked on at
// another time.
func (e Entry) outOfLine() Entry {
	if e.Reason == RateLimited {
		e.Reason = ""
	}
	return e
}

// queued releases an entry until its turn if err says that it is not now; ok is false for any other error.
func (p *Pipeline) queued(ctx context.Context, e Entry, err error) (ok bool, _ error) {
	queued, ok := errors.AsType[*queuedError](err)
	if !ok {
		return false, err
	}
	e.NextAt, e.Reason = queued.at, RateLimited
	return true, p.advance(ctx, Step{Entry: e, From: e.State, Release: true})
}

// held tells all processes that Slack limits the rate of a kind, and returns when to try again.
func (p *Pipeline) held(ctx context.Context, kind PaceKind, cause error) time.Time {
	until := p.Now().Add(max(RetryAfter(cause), time.Second))
	if p.Pacer == nil {
		return until
	}
	at, err := p.Pacer.Hold(ctx, kind, until)
	if err != nil {
		return until // the others find out by themselves
	}
	return at
}

// near reports whether a call of the kind could be made now. What only saves time later must not take turns
// from what is due.
func (p *Pipeline) near(kind PaceKind) bool {
	return p.Pacer == nil || p.Pacer.Wait(kind) == 0
}
