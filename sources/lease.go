package sources

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

const (
	// leaseFor is how long a lease on refreshing lasts when whoever has it dies: a question, saving its answer, and a bit.
	leaseFor   = tokenTimeout + saveBudget + 2*time.Second
	firstPause = 20 * time.Millisecond // between two looks at whether the holder of the lease is done
	mostPause  = 500 * time.Millisecond
)

// refreshLeased has the grant refreshed by whoever gets the lease: by us, or by another process, whose result is then
// in the row. came is the row as it was read before. No transaction and no lock is held while Google is asked or while
// this waits.
func (g *Google) refreshLeased(ctx context.Context, came briefing.Credential, w want) (ensured, error) {
	stored := came
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		got, settled, err := g.leaseTurn(ctx, came, stored, w)
		if settled || err != nil {
			return got, err
		}
		if !got.credential.RefreshToken.Equal(stored.RefreshToken) {
			came = got.credential // another grant: nothing of the one before counts
		}
		stored = got.credential
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ensured{}, &briefing.Error{Op: "refresh google token", Reason: briefing.Timeout,
				Err: errors.New("another process has been refreshing it all the time")}
		}
	}
}

// leaseTurn tries once to get the lease, reads the row again, since somebody may just have refreshed it, and refreshes it
// if that is left to do and the lease is ours. When nothing is settled it returns the row as it now is.
func (g *Google) leaseTurn(ctx context.Context, came, stored briefing.Credential, w want) (got ensured, settled bool, err error) {
	owner, at := rand.Text(), g.cfg.Now()
	leased, err := g.store.LeaseRefresh(ctx, stored, owner, at, at.Add(leaseFor))
	if err != nil {
		return ensured{}, false, storeError("lease google token", err)
	}
	if leased {
		defer func() {
			if !got.refreshed { // else saving has ended it
				g.release(ctx, stored, owner)
			}
		}()
	}
	now, err := g.usableRow(ctx, came.ReaderID)
	if err != nil {
		return ensured{}, false, err
	}
	if settled, err = settle(now, w, g.cfg.Now()); settled || err != nil {
		return ensured{credential: now}, settled, err
	}
	same := now.RefreshToken.Equal(stored.RefreshToken)
	if failure := failedMeanwhile(came, now); same && failure != nil {
		return ensured{}, false, failure
	}
	if !leased || !same {
		return ensured{credential: now}, false, nil
	}
	got, err = g.refresh(ctx, now)
	if briefing.ReasonOf(err) != briefing.ReauthRequired {
		return got, got.refreshed, err
	}
	// When an outsider has stored another grant while ours was being refused, theirs gets its turn.
	theirs, loadErr := g.credential(ctx, came.ReaderID)
	if loadErr != nil || theirs.RefreshToken.Equal(now.RefreshToken) {
		return ensured{}, false, err
	}
	return ensured{credential: theirs}, false, nil
}

// release gives the lease back. When that fails it ends by itself.
func (g *Google) release(ctx context.Context, stored briefing.Credential, owner string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveBudget)
	defer cancel()
	_ = g.store.ReleaseRefresh(ctx, stored, owner)
}

// failedMeanwhile returns the failure that another process has met since we came, nil for none. Whoever waited for its
// result takes it as it is: if each asked again, an outage at Google would be met by everybody at once.
func failedMeanwhile(came, now briefing.Credential) error {
	if now.State.LastError == "" || now.State.CheckedAt.Equal(came.State.CheckedAt) {
		return nil
	}
	return knownFailure(now.State)
}

// knownFailure is the failure that is stored.
func knownFailure(state briefing.CredentialState) error {
	cause := errors.New("another process has just met it")
	if words := strings.Fields(state.Detail); len(words) > 2 && clientRefused(words[2]) {
		cause = fmt.Errorf("%w: %w", cause, briefing.ErrClientRefused)
	}
	return &briefing.Error{Op: "refresh google token", Reason: state.LastError, Since: state.FailingSince, Err: cause}
}
