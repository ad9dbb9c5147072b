package briefing

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	openAtOnce   = 60               // DMs opened in one go: about a minute's worth
	openSettled  = time.Minute      // how long ago a reader was last changed: who adds one may mistype the id
	openAgain    = 6 * time.Hour    // until somebody who cannot be written to is tried again
	openPatience = 10 * time.Second // for one call
)

// UnopenedStore is the store as an Opener sees it.
type UnopenedStore interface {
	// Unopened returns up to limit readers who are not paused, whose DM is not known and who were not changed after
	// the time, the earliest hour first.
	Unopened(ctx context.Context, changed time.Time, limit int) ([]ReaderID, error)
	// Reader returns the reader with the id, or ErrNotFound.
	Reader(ctx context.Context, ref string) (Reader, error)
	ChannelStore
}

// Opener opens the DMs of new readers soon after they were added. Slack takes fifty of these calls a minute and some
// hundred posts, so that a first morning of many would be late if they were left to the hour. All fields but Pacer and
// Trouble must be set; it is safe for concurrent use, by several processes as well: a DM opened twice is the same one.
type Opener struct {
	Store     UnopenedStore
	Deliverer Deliverer
	Pacer     *Pacer // nil = no pace
	Now       func() time.Time
	Trouble   func(id ReaderID, err error) // told of a reader to whom no DM can be opened; may be nil

	mu      sync.Mutex
	refused map[ReaderID]time.Time // until when they are left alone
}

// Open opens about a minute's worth of DMs and returns how many; it is to be called every minute. A call while one is
// under way does nothing. It gives way to whoever waits for a turn. What it does not come to, delivering does. Its error is
// that Slack or the store takes no calls now.
func (o *Opener) Open(ctx context.Context) (opened int, err error) {
	if !o.mu.TryLock() {
		return 0, nil
	}
	defer o.mu.Unlock()
	now := o.Now()
	if o.refused == nil {
		o.refused = map[ReaderID]time.Time{}
	}
	for id, until := range o.refused {
		if !until.After(now) {
			delete(o.refused, id)
		}
	}
	readers, err := o.Store.Unopened(ctx, now.Add(-openSettled), openAtOnce+len(o.refused))
	if err != nil {
		return 0, fmt.Errorf("readers without a DM: %w", err)
	}
	// Each process in an order of its own, so that they do not all open the same DM.
	rand.Shuffle(len(readers), func(i, j int) { readers[i], readers[j] = readers[j], readers[i] })
	for _, id := range readers {
		if _, refused := o.refused[id]; refused {
			continue
		}
		if o.Pacer.Wait(PaceOpen) > nearTurn {
			return opened, nil
		}
		done, err := o.one(ctx, id)
		switch {
		case err == nil && done:
			opened++
		case err == nil:
		case ReasonOf(err) == RecipientUnreachable:
			o.refused[id] = now.Add(openAgain)
			if o.Trouble != nil {
				o.Trouble(id, err)
			}
		default:
			return opened, err
		}
	}
	return opened, nil
}

// one opens the DM of one reader, unless somebody else has.
func (o *Opener) one(ctx context.Context, id ReaderID) (bool, error) {
	r, err := o.Store.Reader(ctx, string(id))
	if err != nil || r.SlackChannelID != "" {
		return false, ignoreNotFound(err)
	}
	at, err := o.Pacer.Reserve(ctx, PaceOpen)
	if err != nil {
		return false, err
	}
	if wait := at.Sub(o.Now()); wait > 0 && !pause(ctx, wait) {
		return false, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
	calling, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	channel, err := o.Deliverer.Open(calling, r)
	if ReasonOf(err) == RateLimited {
		// When that cannot be kept for all, the others find out by themselves.
		_, _ = o.Pacer.Hold(ctx, PaceOpen, o.Now().Add(max(RetryAfter(err), time.Second)))
	}
	if err != nil {
		return false, fmt.Errorf("open DM with %s: %w", id, err)
	}
	// Somebody who was changed meanwhile may be another person in Slack.
	if now, err := o.Store.Reader(ctx, string(id)); err != nil || now.SlackUserID != r.SlackUserID {
		return false, ignoreNotFound(err)
	}
	if err := o.Store.SaveChannel(ctx, id, channel); err != nil {
		return false, ignoreNotFound(fmt.Errorf("keep DM of %s: %w", id, err))
	}
	return true, nil
}

// ignoreNotFound forgives that a reader was removed meanwhile.
func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
