package briefing

import (
	"context"
	"fmt"
	"time"
)

// Reconcile settles an entry of which nobody knows whether it was posted, by looking for its marker.
func (p *Pipeline) Reconcile(ctx context.Context, e Entry) error {
	now := p.Now()
	if wait := e.PostDeadline.Add(settleAfter); now.Before(wait) {
		e.NextAt = wait
		return p.advance(ctx, Step{Entry: e, From: Sending, Release: true})
	}
	if err := p.turn(ctx, e, PaceHistory); err != nil {
		_, err = p.queued(ctx, e, err)
		return err
	}
	e = e.outOfLine()
	ts, err := p.Deliverer.Find(ctx, e.ChannelID, e.ID, e.SendingAt)
	switch {
	case err != nil && p.mayLookAgain(e, err):
		p.Observe.trouble(e, err)
		if late := now.Sub(e.NextAt); late > time.Minute {
			e.PostDeadline = e.PostDeadline.Add(late) // nobody was there to look: the time to do so begins now
		}
		e.NextAt = now.Add(max(RetryAfter(err), lookAgain))
		if ReasonOf(err) == RateLimited {
			e.Reason, e.NextAt = RateLimited, p.held(ctx, PaceHistory, err)
		}
		return p.advance(ctx, Step{Entry: e, From: Sending, Release: true})
	case err != nil:
		p.Observe.trouble(e, err)
		return p.close(ctx, e, Unknown, ReasonOf(err))
	case ts != "":
		return p.delivered(ctx, e, ts, p.Renderer.Render(*e.Content).Plain)
	case e.Tries == 0:
		e.Tries, e.NextAt = 1, now.Add(lookAgain)
		return p.advance(ctx, Step{Entry: e, From: Sending, Release: true})
	default:
		e.State, e.Tries, e.NextAt = Prepared, 0, now
		return p.advance(ctx, Step{Entry: e, From: Sending, Release: true})
	}
}

// mayLookAgain reports whether a history that could not be read now may be readable soon.
func (p *Pipeline) mayLookAgain(e Entry, err error) bool {
	now := p.Now()
	switch ReasonOf(err) {
	case RateLimited: // it will be readable, and at one look a minute many entries wait long for theirs
		return now.Before(e.SendingAt.Add(max(p.Grace, lookFor)))
	case Unavailable, Timeout, Ambiguous:
		return now.Before(e.PostDeadline.Add(lookFor)) || now.Sub(e.NextAt) > time.Minute
	default:
		return false
	}
}

// Settle records that an unknown entry's message does stand in the DM: a person has looked. Its ts stays
// unknown, so it cannot be mended.
func (p *Pipeline) Settle(ctx context.Context, e Entry) (Entry, error) {
	before, err := p.Memory.Sources(ctx, e.Reader)
	if err != nil {
		return e, fmt.Errorf("remember: %w", err)
	}
	if e.Content == nil {
		return e, fmt.Errorf("settle entry %s: its content is kept no longer: %w", e.ID, ErrNotFound)
	}
	e.State, e.DeliveredAt, e.Reason, e.NextAt = Delivered, p.Now(), "", time.Time{}
	d := p.delivery(e, before, p.Renderer.Render(*e.Content).Plain)
	d.Step = Step{Entry: e, From: Unknown, Outcome: OutcomeDelivered, SameContent: true}
	settled, err := p.Ledger.Commit(ctx, d)
	if err != nil {
		return e, fmt.Errorf("settle entry %s: %w", e.ID, err)
	}
	return settled, nil
}
