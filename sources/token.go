package sources

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"achim/briefing"
)

const (
	freshFor      = 5 * time.Minute  // an access token with less left is refreshed before use
	refreshBudget = 20 * time.Second // of loading, asking and saving together
	longestExpiry = 24 * time.Hour   // an hour is usual; more than a day is a broken answer
)

// want says which access token a caller can use.
type want struct {
	rejected string // the token that just got a 401; "" = any
	certain  bool   // its expiry must be known
}

// satisfied reports whether c holds an access token the caller can use.
func (w want) satisfied(c briefing.Credential, now time.Time) bool {
	token := c.AccessToken.Reveal()
	switch {
	case token == "" || token == w.rejected:
		return false
	case c.State.Expiry.IsZero():
		// Somebody else wrote this row, and what others store as expiry cannot be trusted: try it once.
		return !w.certain
	case c.RefreshToken.IsZero():
		return now.Before(c.State.Expiry) // use it up: there is nothing to refresh it with
	}
	return now.Add(freshFor).Before(c.State.Expiry)
}

// access returns the reader's grant with an access token to use now that is not the rejected one. It
// asks Google only when it must, once for all that ask at the same time, and what Google answered is
// stored before it is returned. ErrNotFound without a grant, else an *Error.
func (g *Google) access(ctx context.Context, reader briefing.ReaderID, rejected string) (briefing.Credential, error) {
	got, err := g.ensure(ctx, reader, want{rejected: rejected})
	return got.credential, err
}

// ensured is the outcome of a flight.
type ensured struct {
	credential briefing.Credential
	refreshed  bool
}

// ensure joins the reader's flight, or starts one. A flight begun for somebody with another want may end
// with a token that is no good here: then the next one is ours.
func (g *Google) ensure(ctx context.Context, reader briefing.ReaderID, w want) (ensured, error) {
	var got ensured
	for range 3 {
		// The refresh is not cancelled when the one who asked leaves: Google may have answered already, and
		// others wait for the same answer.
		flight := g.flights.DoChan(string(reader), func() (any, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshBudget)
			defer cancel()
			return contain("get google token", func() (any, error) { return g.load(ctx, reader, w) })
		})
		var result singleflight.Result
		select {
		case result = <-flight:
		case <-ctx.Done():
			return ensured{}, transportError("get google token", ctx.Err())
		}
		if result.Err != nil {
			return ensured{}, result.Err
		}
		got = result.Val.(ensured)
		// What Google has just answered is the best there is, also when it names no expiry.
		if got.refreshed || w.satisfied(got.credential, g.cfg.Now()) {
			return got, nil
		}
	}
	return ensured{}, &briefing.Error{Op: "get google token", Reason: briefing.Unavailable,
		Err: errors.New("the token in the store keeps changing")}
}

// contain runs fn and turns a panic into an Internal error: in a flight or a goroutine of ours it would take
// the process down, where in the caller's goroutine it is one source's failure.
func contain[T any](op string, fn func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none T
			v, err = none, &briefing.Error{Op: op, Reason: briefing.Internal, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return fn()
}

// load reads the grant and refreshes it if the stored access token does not do. When an outsider has
// stored another grant while ours was being refused, theirs gets its turn.
func (g *Google) load(ctx context.Context, reader briefing.ReaderID, w want) (ensured, error) {
	stored, err := g.credential(ctx, reader)
	if err != nil {
		return ensured{}, err
	}
	fresh, err := g.useOrRefresh(ctx, stored, w)
	if briefing.ReasonOf(err) != briefing.ReauthRequired {
		return fresh, err
	}
	now, loadErr := g.credential(ctx, reader)
	if loadErr != nil || now.RefreshToken.Equal(stored.RefreshToken) {
		return ensured{}, err
	}
	return g.useOrRefresh(ctx, now, w)
}

// credential reads the grant from the store.
func (g *Google) credential(ctx context.Context, reader briefing.ReaderID) (briefing.Credential, error) {
	stored, err := g.store.Credential(ctx, reader)
	if err != nil {
		return stored, storeError("load google grant", err)
	}
	if stored.RefreshToken.IsZero() {
		// State is keyed by the refresh token: without one it would be that of every row without one.
		stored.State = briefing.CredentialState{}
	}
	return stored, nil
}

// storeError gives a failure of the store a reason: its own if it has one, Timeout when it was too slow,
// else Internal, because our own store is nobody else's fault. ErrNotFound stays what it is.
func storeError(op string, err error) error {
	if errors.Is(err, briefing.ErrNotFound) {
		return fmt.Errorf("%s: %w", op, err)
	}
	return &briefing.Error{Op: op, Reason: briefing.ReasonOf(err), Err: err}
}

func (g *Google) useOrRefresh(ctx context.Context, stored briefing.Credential, w want) (ensured, error) {
	const op = "refresh google token"
	switch {
	case !stored.State.DeadSince.IsZero():
		// Google has said so once and does not change its mind: asking again would only count against us.
		return ensured{}, &briefing.Error{Op: op, Reason: briefing.ReauthRequired, Since: stored.State.DeadSince,
			Err: errors.New("the grant is known to be dead")}
	case w.satisfied(stored, g.cfg.Now()):
		return ensured{credential: stored}, nil
	case stored.RefreshToken.IsZero():
		return ensured{}, &briefing.Error{Op: op, Reason: briefing.ReauthRequired, Err: errors.New("there is no refresh token")}
	}
	return g.refresh(ctx, stored)
}

// refresh asks Google for a new access token and stores what it said, good or bad.
func (g *Google) refresh(ctx context.Context, stored briefing.Credential) (ensured, error) {
	const op = "refresh google token"
	conf := g.oauth(stored)
	if conf.ClientID == "" {
		return ensured{}, &briefing.Error{Op: op, Reason: briefing.ClientMisconfigured, Err: errors.New("no client id is configured")}
	}
	// A token without an access token makes the library ask at once, exactly once, and keep nothing.
	answer, err := conf.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, g.token),
		&oauth2.Token{RefreshToken: stored.RefreshToken.Reveal()}).Token()
	now := g.cfg.Now()
	if err != nil {
		failure := tokenError(op, err, now)
		g.observe(failure)
		return ensured{}, g.saveFailure(ctx, stored, failure)
	}
	g.observe(nil)
	saved, err := g.saveSuccess(ctx, stored, refreshed(stored, answer, now))
	return ensured{credential: saved, refreshed: true}, err
}

func (g *Google) observe(err *briefing.Error) {
	switch {
	case g.cfg.OnRefresh == nil:
	case err == nil:
		g.cfg.OnRefresh(nil)
	default:
		g.cfg.OnRefresh(err)
	}
}

// refreshed is the stored grant with what Google answered. What it did not mention stays as it was.
func refreshed(stored briefing.Credential, answer *oauth2.Token, now time.Time) briefing.Credential {
	fresh := stored
	fresh.AccessToken = briefing.NewSecret(answer.AccessToken)
	fresh.State = briefing.CredentialState{Expiry: expiryOf(answer, now), EndsAt: stored.State.EndsAt,
		GrantedAt: stored.State.GrantedAt, CheckedAt: now}
	if answer.RefreshToken != "" && answer.RefreshToken != stored.RefreshToken.Reveal() {
		fresh.RefreshToken = briefing.NewSecret(answer.RefreshToken)
		fresh.State.EndsAt = time.Time{}
	}
	if ends := endOf(answer, now); !ends.IsZero() {
		fresh.State.EndsAt = ends
	}
	if scopes := grantedScopes(answer); len(scopes) > 0 {
		fresh.Scopes = scopes
	}
	return fresh
}

// expiryOf counts from our clock; zero, which is unknown, for an answer that names no usable length.
func expiryOf(answer *oauth2.Token, now time.Time) time.Time {
	life := time.Duration(answer.ExpiresIn) * time.Second
	if answer.ExpiresIn <= 0 || answer.ExpiresIn > int64(longestExpiry/time.Second) {
		return time.Time{}
	}
	return now.Add(life)
}

// endOf reads when the grant itself ends, which Google says only for grants that do.
func endOf(answer *oauth2.Token, now time.Time) time.Time {
	seconds, ok := answer.Extra("refresh_token_expires_in").(float64)
	if !ok || seconds <= 0 || seconds > float64(10*365*24*3600) {
		return time.Time{}
	}
	return now.Add(time.Duration(seconds) * time.Second)
}

func grantedScopes(answer *oauth2.Token) []string {
	scope, _ := answer.Extra("scope").(string)
	return strings.Fields(scope)
}

// saveSuccess stores a refreshed grant before anybody uses it, and clears what was known against it. When
// an outsider has stored another grant meanwhile theirs is returned as it is, with nothing known of it.
func (g *Google) saveSuccess(ctx context.Context, stored, fresh briefing.Credential) (briefing.Credential, error) {
	const op = "save google token"
	row, err := g.store.SaveRefreshed(ctx, stored, fresh)
	if err != nil {
		return briefing.Credential{}, storeError(op, err)
	}
	if !row.AccessToken.Equal(fresh.AccessToken) || sameState(row.State, fresh.State) {
		return row, nil
	}
	row.State = fresh.State
	if err := g.store.SaveCredentialState(ctx, row); err != nil {
		return briefing.Credential{}, storeError(op, err)
	}
	return row, nil
}

// sameState reports whether the store has already written the state, give or take the fraction of a
// millisecond that databases drop. Then there is no second write.
func sameState(stored, fresh briefing.CredentialState) bool {
	same := func(a, b time.Time) bool { return a.Truncate(time.Millisecond).Equal(b.Truncate(time.Millisecond)) }
	return same(stored.Expiry, fresh.Expiry) && same(stored.EndsAt, fresh.EndsAt) && same(stored.CheckedAt, fresh.CheckedAt) && stored.DeadSince.IsZero() &&
		stored.FailingSince.IsZero() && stored.LastError == "" && !fresh.Expiry.IsZero()
}

// saveFailure remembers why a refresh failed and returns the failure. Only invalid_grant marks the grant
// dead, and the mark keeps the time of the first confirmation.
func (g *Google) saveFailure(ctx context.Context, stored briefing.Credential, failure *briefing.Error) error {
	now := g.cfg.Now()
	state := &stored.State
	if state.FailingSince.IsZero() {
		state.FailingSince = now
	}
	state.LastError, state.CheckedAt = failure.Reason, now
	failure.Since = state.FailingSince
	if failure.Reason == briefing.ReauthRequired {
		state.DeadSince = now // only now: a grant known to be dead is not asked about again
		failure.Since = state.DeadSince
	}
	if err := g.store.SaveCredentialState(ctx, stored); err != nil {
		// The failure is what matters to the reader; that it could not be remembered is added to its cause.
		failure.Err = fmt.Errorf("%w (and it could not be stored: %w)", failure.Err, err)
	}
	return failure
}
