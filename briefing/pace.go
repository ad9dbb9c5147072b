package briefing

import (
	"context"
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

// Pace is how fast calls of one kind may follow each other: one every Every, and Burst at once after a rest.
type Pace struct {
	Every time.Duration
	Burst int
}

// PerMinute returns the pace of rate calls a minute. rate and burst must be at least 1.
func PerMinute(rate, burst int) Pace {
	return Pace{Every: time.Minute / time.Duration(rate), Burst: burst}
}

// SlackPaces returns the paces of all kinds: posts, at least 1, is what one workspace gets a minute. The others have Slack's
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
	// RunAhead returns what of the run is still to be sent; "" = of all runs.
	RunAhead(ctx context.Context, run RunID) (Ahead, error)
}
