package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"achim/briefing"
)

// Check implements briefing.Credentials.
func (g *Google) Check(ctx context.Context, reader briefing.ReaderID) (briefing.CredentialReport, error) {
	stored, err := g.credential(ctx, reader)
	if err != nil {
		return briefing.CredentialReport{}, fmt.Errorf("check: %w", err)
	}
	return g.report(stored), nil
}

// Refresh implements briefing.Credentials.
func (g *Google) Refresh(ctx context.Context, reader briefing.ReaderID) (briefing.CredentialReport, error) {
	return g.ensureReport(ctx, "refresh", reader, want{certain: true})
}

// ForceRefresh is Refresh that asks Google however much time is left, and also about a grant known to be dead, which
// lives again if Google says so.
func (g *Google) ForceRefresh(ctx context.Context, reader briefing.ReaderID) (briefing.CredentialReport, error) {
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
// away from everybody who shares the account, so it is done only when nobody else's row is known to.
func (g *Google) Disconnect(ctx context.Context, reader briefing.ReaderID) error {
	stored, err := g.credential(ctx, reader)
	if err != nil && !errors.Is(err, briefing.Malformed) { // what cannot be read can still be forgotten
		return fmt.Errorf("disconnect: %w", err)
	}
	shared := stored.Email == "" && stored.Subject == "" // whose it is, and who else has it, cannot be known
	if !shared {
		if shared, err = g.store.AccountInUse(ctx, stored.Email, stored.Subject, reader); err != nil {
			return fmt.Errorf("disconnect %s: %w", reader, err)
		}
	}
	if !shared {
		// The person wants to be forgotten: whether Google can be reached must not stand in the way, and there
		// is nobody whom the failure would help.
		_ = g.revoke(ctx, stored)
	}
	if err := g.store.DeleteCredential(ctx, reader); err != nil {
		return fmt.Errorf("disconnect %s: %w", reader, err)
	}
	return nil
}

// revoke withdraws the grant at Google.
func (g *Google) revoke(ctx context.Context, c briefing.Credential) error {
	const op = "revoke google grant"
	token := firstOf(c.RefreshToken.Reveal(), c.AccessToken.Reveal())
	if token == "" {
		return nil
	}
	form := url.Values{"token": {token}}.Encode()
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
	if resp.StatusCode != http.StatusOK {
		return &briefing.Error{Op: op, Reason: tokenReason(resp.StatusCode, ""), Err: &answerError{status: resp.StatusCode}}
	}
	return nil
}

// report tells what is stored. Missing scopes are only known where Google or the row has listed any at all.
func (g *Google) report(c briefing.Credential) briefing.CredentialReport {
	r := briefing.CredentialReport{
		ReaderID: c.ReaderID, Email: c.Email,
		HasAccessToken: !c.AccessToken.IsZero(), HasRefreshToken: !c.RefreshToken.IsZero(), HasOAuthConfig: c.ClientID != "",
		Expiry: c.State.Expiry, Scopes: c.Holds(), LastError: c.State.LastError, DeadSince: c.State.DeadSince,
		AccessToken: c.AccessToken,
	}
	if len(r.Scopes) > 0 {
		r.MissingScopes = missingScopes(g.cfg.Scopes, r.Scopes)
	}
	return r
}
