package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// revokeWithin bounds how long a person who wants to be forgotten waits for Google.
const revokeWithin = 5 * time.Second

// Check implements briefing.Credentials.
func (g *Google) Check(ctx context.Context, reader briefing.ReaderID) (briefing.CredentialReport, error) {
	stored, err := g.credential(ctx, reader)
	if errors.Is(err, briefing.Malformed) {
		// That is how it stands, and just what whoever asks wants to know.
		report := g.report(withoutTokens(stored))
		report.ReaderID, report.LastError, report.Fault = reader, briefing.Malformed, err
		if e, ok := errors.AsType[*briefing.Error](err); ok && e.Err != nil {
			report.Fault = e.Err // as the store has it
		}
		return report, nil
	}
	if err != nil {
		return briefing.CredentialReport{}, fmt.Errorf("check: %w", err)
	}
	return g.report(stored), nil
}

// Refresh implements briefing.Credentials. Google is asked also when the last refresh failed: it may have been needed because
// the stored access token, for all the time that is left of it, was refused.
func (g *Google) Refresh(ctx context.Context, reader briefing.ReaderID) (briefing.CredentialReport, error) {
	return g.ensureReport(ctx, "refresh", reader, want{certain: true, unfailing: true})
}

// RefreshNow is Refresh that asks Google however much time is left, and also about a grant known to be dead, which
// lives again if Google says so.
func (g *Google) RefreshNow(ctx context.Context, reader briefing.ReaderID) (briefing.CredentialReport, error) {
	return g.ensureReport(ctx, "refresh", reader, want{certain: true, forced: true, confirmed: true, after: g.cfg.Now()})
}

// Verify implements briefing.GrantVerifier.
func (g *Google) Verify(ctx context.Context, reader briefing.ReaderID, after time.Time) (briefing.CredentialReport, error) {
	return g.ensureReport(ctx, "verify", reader, want{confirmed: true, after: after})
}

func (g *Google) ensureReport(ctx context.Context, op string, reader briefing.ReaderID, w want) (briefing.CredentialReport, error) {
	got, err := g.ensure(ctx, reader, w)
	if err != nil {
		return briefing.CredentialReport{}, fmt.Errorf("%s: %w", op, err)
	}
	report := g.report(got.credential)
	report.Refreshed = got.refreshed
	return report, nil
}

// Disconnect implements briefing.Credentials. Revoking is project-wide at Google: it would take the access
// away from everybody who shares the account, so it is done only when no row is left that is, or might be, of it.
//
// Google is asked before the row goes, so that a process that dies in between leaves a row that can be
// disconnected again. What was in the row when it went is looked at once more: somebody may have connected
// meanwhile, and of two who share an account and are disconnected at once the last one takes the access along.
// Of several rows, of whatever accounts, all go, and what is reported is the worst that became of one.
func (g *Google) Disconnect(ctx context.Context, reader briefing.ReaderID) (briefing.Revocation, error) {
	return g.disconnect(ctx, reader, false)
}

// ErrNotRevoked means that Google could not be reached or refused to revoke a grant, or that its tokens are sealed with a
// key that is not here, and that the grant is still there.
var ErrNotRevoked = errors.New("google did not revoke the grant")

// DisconnectRevoked is Disconnect that forgets nothing that can still be revoked later: it returns ErrNotRevoked.
func (g *Google) DisconnectRevoked(ctx context.Context, reader briefing.ReaderID) (briefing.Revocation, error) {
	return g.disconnect(ctx, reader, true)
}

func (g *Google) disconnect(ctx context.Context, reader briefing.ReaderID, revoked bool) (briefing.Revocation, error) {
	stored, err := g.store.CredentialsOf(ctx, reader)
	switch {
	case errors.Is(err, briefing.Malformed) && revoked:
		return "", fmt.Errorf("disconnect %s: %w: %w", reader, ErrNotRevoked, err)
	case err != nil && !errors.Is(err, briefing.Malformed): // what cannot be read can still be forgotten
		return "", fmt.Errorf("disconnect: %w", storeError("load google grant", err))
	}
	before := make([]ended, len(stored))
	for i, c := range stored {
		became, err := g.revokeUnshared(ctx, c, reader)
		if err != nil {
			return "", fmt.Errorf("disconnect %s: %w", reader, err)
		}
		if before[i] = (ended{c, became}); revoked && became == briefing.RevocationFailed {
			return "", fmt.Errorf("disconnect %s: %w", reader, ErrNotRevoked)
		}
	}
	gone, err := g.store.DeleteCredential(ctx, reader)
	if err != nil {
		return "", fmt.Errorf("disconnect %s: %w", reader, err)
	}
	return g.becameOf(ctx, gone, before), nil
}

// ended is a grant, and what has become of it at Google.
type ended struct {
	briefing.Credential
	became briefing.Revocation
}

// becameOf returns the worst that became of grants whose rows are gone. Those that were not asked about before, or were
// shared then, are now.
func (g *Google) becameOf(ctx context.Context, gone []briefing.Credential, before []ended) briefing.Revocation {
	before = slices.DeleteFunc(before, func(e ended) bool { return e.became == briefing.RevocationShared })
	worst := briefing.RevocationNothing
	for _, c := range gone {
		i := slices.IndexFunc(before, func(e ended) bool {
			return e.RefreshToken.Equal(c.RefreshToken) && (!c.RefreshToken.IsZero() || e.AccessToken.Equal(c.AccessToken))
		})
		if i >= 0 {
			worst = worseOf(worst, before[i].became)
			continue
		}
		// The row is forgotten whatever comes of this, and it was nobody's wish to keep it.
		became, err := g.revokeUnshared(ctx, c, "")
		if err != nil {
			became = briefing.RevocationFailed // what was asked for is done; the report says what was not
		}
		worst = worseOf(worst, became)
	}
	if worst == briefing.RevocationNothing {
		for _, e := range before { // what is gone went along with these
			worst = worseOf(worst, e.became)
		}
	}
	return worst
}

// worseOf returns which of two leaves more behind at Google.
func worseOf(a, b briefing.Revocation) briefing.Revocation {
	order := []briefing.Revocation{briefing.RevocationNothing, briefing.RevocationDone, briefing.RevocationShared, briefing.RevocationFailed}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// revokeUnshared withdraws c at Google, unless a row of anybody but except is, or might be, of the same
// account. Whether Google can be reached must not stand in the way of a person who wants to be forgotten, so
// that is part of the answer; an error is one of the store.
func (g *Google) revokeUnshared(ctx context.Context, c briefing.Credential, except briefing.ReaderID) (briefing.Revocation, error) {
	tokens := slices.DeleteFunc([]briefing.Secret{c.RefreshToken, c.AccessToken}, briefing.Secret.IsZero)
	if len(tokens) == 0 {
		return briefing.RevocationNothing, nil
	}
	shared, err := g.store.AccountInUse(ctx, c.Email, c.Subject, except)
	switch {
	case err != nil:
		return "", err
	case shared:
		return briefing.RevocationShared, nil
	}
	ctx, cancel := context.WithTimeout(ctx, revokeWithin)
	defer cancel()
	for _, token := range tokens {
		err := g.revoke(ctx, token)
		if err == nil {
			return briefing.RevocationDone, nil
		}
		if !errors.Is(err, errNoSuchToken) {
			return briefing.RevocationFailed, nil //nolint:nilerr // it is the answer
		}
	}
	return briefing.RevocationNothing, nil
}

// errNoSuchToken is Google's answer to a token that opens nothing (any more).
var errNoSuchToken = errors.New("google does not know the token")

// revoke withdraws at Google the grant that the token is of.
func (g *Google) revoke(ctx context.Context, token briefing.Secret) error {
	const op = "revoke google grant"
	form := url.Values{"token": {token.Reveal()}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.cfg.RevokeURL, strings.NewReader(form))
	if err != nil {
		return &briefing.Error{Op: op, Reason: briefing.Internal, Err: errors.New("the revoke address is no URL")}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := g.token.Do(req)
	if err != nil {
		return transportError(op, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	var refused struct {
		Error string `json:"error"`
	}
	// Whatever cannot be read is a refusal like any other.
	_ = json.NewDecoder(resp.Body).Decode(&refused)
	if resp.StatusCode == http.StatusBadRequest && refused.Error == "invalid_token" {
		return errNoSuchToken
	}
	return &briefing.Error{Op: op, Reason: tokenReason(resp.StatusCode, ""), Err: &answerError{status: resp.StatusCode}}
}

// withoutTokens is what is left of a row that cannot be read: nothing of it opens anything.
func withoutTokens(c briefing.Credential) briefing.Credential {
	return briefing.Credential{ReaderID: c.ReaderID, ClientID: c.ClientID, Scopes: c.Scopes, Email: c.Email, Subject: c.Subject, Version: c.Version}
}

// report tells what is stored. Missing scopes are only known where Google or the row has listed any at all.
func (g *Google) report(c briefing.Credential) briefing.CredentialReport {
	return briefing.CredentialReport{
		ReaderID: c.ReaderID, Email: c.Email,
		HasAccessToken: !c.AccessToken.IsZero(), HasRefreshToken: !c.RefreshToken.IsZero(), HasOAuthConfig: c.ClientID != "",
		Expiry: c.State.Expiry, Scopes: c.Holds(), MissingScopes: g.Missing(c.Holds()),
		LastError: c.State.LastError, DeadSince: c.State.DeadSince, State: c.State,
		ClientID: c.ClientID, AccessToken: c.AccessToken,
	}
}

// Missing returns which of the scopes asked for the ones listed do not cover; none where none are listed,
// because then nothing is known.
func (g *Google) Missing(listed []string) []string {
	if len(listed) == 0 {
		return nil
	}
	return missingScopes(g.cfg.Scopes, listed)
}
