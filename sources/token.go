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
	refreshBudget = 30 * time.Second // of waiting for whoever has the lease; more than leaseFor and a question of our own
	saveBudget    = 5 * time.Second  // of saving what Google answered, whatever is left of other budgets
	saveAgain     = 200 * time.Millisecond
	longestExpiry = 24 * time.Hour // an hour is usual; more than a day is a broken answer
)

// want says which access token a caller can use.
type want struct {
	rejected  string    // the token that just got a 401; "" = any
	certain   bool      // its expiry must be known
	confirmed bool      // Google must have said after the time that follows that the grant lives
	after     time.Time // zero = ever
	unfailing bool      // the last refresh must not have failed
	forced    bool      // a grant known to be dead is asked about, too
}

// satisfied reports whether c holds an access token the caller can use.
func (w want) satisfied(c briefing.Credential, now time.Time) bool {
	token := c.AccessToken.Reveal()
	switch {
	case token == "" || token == w.rejected:
		return false
	case w.unfailing && c.State.LastError != "":
		return false
	case w.confirmed && (!c.State.CheckedAt.After(w.after) || c.State.LastError != ""):
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

// load reads the grant and has it refreshed if the stored access token does not do.
func (g *Google) load(ctx context.Context, reader briefing.ReaderID, w want) (ensured, error) {
	stored, err := g.usableRow(ctx, reader)
	if err != nil {
		return ensured{}, err
	}
	if settled, err := settle(stored, w, g.cfg.Now()); settled || err != nil {
		return ensured{credential: stored}, err
	}
	return g.refreshLeased(ctx, stored, w)
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

// usableRow is credential for whoever is to use the grant: a row that cannot be read is ReauthRequired to them, since
// connecting again is what mends it.
func (g *Google) usableRow(ctx context.Context, reader briefing.ReaderID) (briefing.Credential, error) {
	stored, err := g.credential(ctx, reader)
	if unusable, ok := errors.AsType[*briefing.UnusableGrantError](err); ok {
		err = &briefing.Error{Op: "load google grant", Reason: briefing.ReauthRequired, Err: unusable}
	}
	return stored, err
}

// storeError gives a failure of the store a reason: its own if it has one, Timeout when it was too slow,
// else Internal, because our own store is nobody else's fault. ErrNotFound stays what it is.
func storeError(op string, err error) error {
	if errors.Is(err, briefing.ErrNotFound) {
		return fmt.Errorf("%s: %w", op, err)
	}
	return &briefing.Error{Op: op, Reason: briefing.ReasonOf(err), Err: err}
}

// settle reports whether there is nothing to ask Google: the stored access token does, or, with an error, there
// is no use in asking.
func settle(stored briefing.Credential, w want, now time.Time) (bool, error) {
	const op = "refresh google token"
	switch {
	case !stored.State.DeadSince.IsZero() && !w.forced:
		// Google has said so once and does not change its mind: asking again would only count against us.
		return true, &briefing.Error{Op: op, Reason: briefing.ReauthRequired, Since: stored.State.DeadSince,
			Err: errors.New("the grant is known to be dead")}
	case w.satisfied(stored, now):
		return true, nil
	case stored.RefreshToken.IsZero():
		return true, &briefing.Error{Op: op, Reason: briefing.ReauthRequired,
			Err: &briefing.UnusableGrantError{Fault: errors.New("there is no refresh token")}}
	case w.confirmed && stored.State.LastError != "" && stored.State.CheckedAt.After(w.after):
		return true, knownFailure(stored.State) // Google has said so since
	}
	return false, nil
}

// refresh asks Google for a new access token and stores what it said, good or bad. It is not to be called without
// the lease. What Google has answered is stored whoever has left meanwhile, and before Close returns.
func (g *Google) refresh(ctx context.Context, stored briefing.Credential) (ensured, error) {
	const op = "refresh google token"
	g.asking.RLock()
	defer g.asking.RUnlock()
	ctx = context.WithoutCancel(ctx)
	conf := g.oauth(stored)
	if conf.ClientID == "" {
		return ensured{}, &briefing.Error{Op: op, Reason: briefing.ClientMisconfigured,
			Err: fmt.Errorf("no client id is configured: %w", briefing.ErrClientRefused)}
	}
	// A token without an access token makes the library ask at once, exactly once, and keep nothing. How long that
	// may take is the business of the client.
	answer, err := conf.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, g.token),
		&oauth2.Token{RefreshToken: stored.RefreshToken.Reveal()}).Token()
	now := g.cfg.Now()
	ctx, cancel := context.WithTimeout(ctx, saveBudget)
	defer cancel()
	if err != nil {
		failure := tokenError(op, err, now)
		g.observe(failure)
		return ensured{}, g.saveFailure(ctx, stored, failure)
	}
	g.observe(nil)
	fresh := refreshed(stored, answer, now)
	fresh.State.EndsAt = g.endAfter(ctx, stored, answer, now)
	row, err := g.save(ctx, stored, fresh)
	if err != nil {
		return ensured{}, storeError("save google token", err)
	}
	// When an outsider's grant has won, nothing of ours is in the row, and nobody has asked about theirs yet.
	ours := row.AccessToken.Equal(fresh.AccessToken)
	if ours {
		row = g.name(context.WithoutCancel(ctx), row, answer)
	}
	return ensured{credential: row, refreshed: ours}, nil
}

// save stores what Google answered, and tries again while the database is away for a moment: a refresh token that came
// with the answer may be the only one left.
func (g *Google) save(ctx context.Context, stored, fresh briefing.Credential) (briefing.Credential, error) {
	for {
		row, err := g.store.SaveRefreshed(ctx, stored, fresh)
		if briefing.ReasonOf(err) != briefing.Unavailable {
			return row, err
		}
		select {
		case <-time.After(saveAgain):
		case <-ctx.Done():
			return row, err
		}
	}
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
	fresh.Scopes = grantedScopes(answer)
	fresh.State = briefing.CredentialState{Expiry: expiryOf(answer, now), GrantedAt: stored.State.GrantedAt, CheckedAt: now,
		Granted: strings.Join(fresh.Scopes, " ")}
	if answer.RefreshToken != "" {
		fresh.RefreshToken = briefing.NewSecret(answer.RefreshToken)
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

// saveFailure remembers why a refresh failed and returns the failure. Only invalid_grant marks the grant
// dead, and the mark keeps the time of the first confirmation.
func (g *Google) saveFailure(ctx context.Context, stored briefing.Credential, failure *briefing.Error) error {
	now := g.cfg.Now()
	before, state := stored, &stored.State
	if state.FailingSince.IsZero() {
		state.FailingSince = now
	}
	state.LastError, state.CheckedAt, state.Detail = failure.Reason, now, ""
	answer, said := errors.AsType[*answerError](failure)
	if said {
		state.Detail = answer.Error()
	}
	failure.Since = state.FailingSince
	if failure.Reason == briefing.ReauthRequired {
		if state.DeadSince.IsZero() { // a grant known to be dead is only asked about by force
			state.DeadSince = now
		}
		failure.Since = state.DeadSince
		state.Gone = said && answer.gone
		g.suspect(ctx, before, answer, now)
	}
	if err := g.store.SaveCredentialState(ctx, stored); err != nil {
		// The failure is what matters to the reader; that it could not be remembered is added to its cause.
		failure.Err = fmt.Errorf("%w (and it could not be stored: %w)", failure.Err, err)
	}
	return failure
}
