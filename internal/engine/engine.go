package engine

import (
	"context"
	"errors"

	"achim/briefing"
)

// Engine works on the ledger, from Start until Stop. Start and Stop may each be called more than once; Stop may
// come before Start, and nothing starts afterwards.
type Engine interface {
	// Start begins to work and returns; ctx bounds the work, not the call.
	Start(ctx context.Context) error
	// Wake makes the engine look into the ledger now. It never blocks and may be called at any time.
	Wake()
	// Stop takes on nothing new and waits for the work under way, until ctx is done; then it cuts the work off
	// and returns ErrStopTimeout. Either way nothing is worked on any more when it returns.
	Stop(ctx context.Context) error
}

// What there is to choose from.
var (
	_ Engine = (*Local)(nil)
	_ Engine = (*River)(nil)
)

// Work does what the entry wants next, if it is still at epoch and nobody else does. Its error means that the
// ledger could not be reached.
type Work = func(ctx context.Context, id briefing.EntryID, epoch int64) error

// ErrStopTimeout is returned by Stop when work had to be cut off. What was cut off is taken up at the next
// start.
var ErrStopTimeout = errors.New("engine: work was still under way and has been cut off")
