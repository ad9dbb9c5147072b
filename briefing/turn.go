package briefing

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Times of waiting for a turn.
const (
	nearTurn = 2 * time.Second // a turn no further ahead than this is waited for in place
	// turnLasts is how late a turn that was waited for in the ledger may be used: workers that are busy handing out
	// ten thousand turns come late to the first of them, and what comes after may not go before.
	turnLasts = 15 * time.Second
	lookLasts = time.Minute // the same for a mend, which reads before it edits, and for the history
)

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
