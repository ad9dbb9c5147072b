package sources

import (
	"context"
	"time"

	"golang.org/x/oauth2"

	"achim/briefing"
)

const (
	// testingLife is how long Google lets a grant of an app in Testing live.
	testingLife = 7 * 24 * time.Hour
	// testingGive is by how much a death may miss that and still be one of old age, and noticing is how much later than
	// it happened it may be seen: grants are asked about once a day.
	testingGive = 6 * time.Hour
	noticing    = 25 * time.Hour
)

// TestingStore remembers whose grants end as those of an app in Testing do. Nobody tells whether an app is in Testing:
// what happens to its grants does.
type TestingStore interface {
	// SuspectTesting notes that a grant of the OAuth client has died at seven days.
	SuspectTesting(ctx context.Context, clientID string, at time.Time) error
	// ClearTesting forgets that: a grant of the client has outlived them.
	ClearTesting(ctx context.Context, clientID string) error
	// TestingSuspected reports whether that is noted.
	TestingSuspected(ctx context.Context, clientID string) (bool, error)
}

// endOfNew returns when a grant just consented to will end, zero when no end is known. When the consent brought no
// refresh token, the grant is the one before.
func (g *Google) endOfNew(ctx context.Context, token *oauth2.Token, now time.Time) time.Time {
	if named := endOf(token, now); !named.IsZero() || token.RefreshToken == "" {
		return named
	}
	return g.testingEnd(ctx, g.cfg.ClientID, now, now)
}

// endAfter returns when a grant will end that has just been refreshed.
func (g *Google) endAfter(ctx context.Context, stored briefing.Credential, answer *oauth2.Token, now time.Time) time.Time {
	client, ends := g.oauth(stored).ClientID, stored.State.EndsAt
	rotated := answer.RefreshToken != "" && answer.RefreshToken != stored.RefreshToken.Reveal()
	switch named := endOf(answer, now); {
	case !named.IsZero():
		return named
	case rotated:
		return time.Time{} // the end was that of the old one
	case ends.IsZero():
		return g.testingEnd(ctx, client, stored.State.GrantedAt, now)
	case now.Before(ends.Add(testingGive)):
		return ends
	}
	// It has outlived its end, so that was none, and neither is anybody else's of this client. When this cannot be
	// stored now, the next one finds out.
	_ = g.store.ClearTesting(ctx, client)
	return time.Time{}
}

// testingEnd returns the end of a grant of an app that is in Testing, or seems to be, zero when it is not, or when
// that cannot be found out now: the next refresh tries again.
func (g *Google) testingEnd(ctx context.Context, clientID string, grantedAt, now time.Time) time.Time {
	ends := grantedAt.Add(testingLife)
	if grantedAt.IsZero() || !now.Before(ends) {
		return time.Time{}
	}
	if g.cfg.Testing && clientID == g.cfg.ClientID {
		return ends
	}
	if suspected, err := g.store.TestingSuspected(ctx, clientID); err != nil || !suspected {
		return time.Time{}
	}
	return ends
}

// suspect notes that the client seems to be in Testing when a grant of it has died at seven days, for a cause Google does
// not name. before is the grant as it was when Google was asked.
func (g *Google) suspect(ctx context.Context, before briefing.Credential, answer *answerError, now time.Time) {
	granted, end := before.State.GrantedAt, before.State.GrantedAt.Add(testingLife)
	lived := before.State.LastError == "" && before.State.CheckedAt.After(end.Add(testingGive))
	switch {
	case granted.IsZero(), answer != nil && (answer.gone || answer.detail != ""):
		return
	case now.Before(end.Add(-testingGive)), now.After(end.Add(testingGive + noticing)), lived:
		return
	}
	// It is a hint: when it cannot be stored, the next death gives it.
	_ = g.store.SuspectTesting(ctx, g.oauth(before).ClientID, now)
}
