package store

import (
	"context"
	"fmt"
	"time"

	"achim/briefing"
)

// consentKept is how long a consent that has expired is still known, so that a late return is told apart
// from a forged one.
const consentKept = 24 * time.Hour

// SaveConsent keeps a consent under way, and forgets those that ended more than a day ago.
func (s *Store) SaveConsent(ctx context.Context, c briefing.Consent) error {
	q := s.writer()
	verifier, err := q.keys.seal(verifierPlace(c.StateHash), c.Verifier.Reveal())
	if err != nil {
		return fmt.Errorf("save consent of reader %s: %w", c.Reader, err)
	}
	_, err = q.exec(ctx, "DELETE FROM achim_consent WHERE expires_at < ?", s.now().Add(-consentKept).UnixMilli())
	if err == nil {
		_, err = q.exec(ctx, "INSERT INTO achim_consent ("+consentColumns+") VALUES (?, ?, ?, ?, ?, ?, ?)",
			c.StateHash, string(c.Reader), verifier, flag(c.Switch), flag(c.Vouched), c.ExpiresAt.UnixMilli(), ms(c.UsedAt))
	}
	if err != nil {
		return fmt.Errorf("save consent of reader %s: %w", c.Reader, err)
	}
	return nil
}

const consentColumns = "state_hash, reader_id, verifier, switch_account, vouched, expires_at, used_at"

func verifierPlace(stateHash string) string { return placeOf("achim_consent.verifier", stateHash) }

func (q *session) scanConsent(row scanner) (briefing.Consent, error) {
	var c briefing.Consent
	var verifier string
	err := row.Scan(&c.StateHash, &c.Reader, &verifier, yes{&c.Switch}, yes{&c.Vouched}, instant{&c.ExpiresAt}, instant{&c.UsedAt})
	if err == nil {
		verifier, err = q.keys.open(verifierPlace(c.StateHash), verifier)
	}
	c.Verifier = briefing.NewSecret(verifier)
	return c, err
}

// TakeConsent marks the consent used and returns it as it was before, so that of any number of calls, at
// once or not, exactly one gets it unused. ErrNotFound for an unknown state.
func (s *Store) TakeConsent(ctx context.Context, stateHash string, now time.Time) (briefing.Consent, error) {
	q := s.writer()
	c, taken, err := one(ctx, q, q.scanConsent, "UPDATE achim_consent SET used_at = ? WHERE state_hash = ? AND used_at IS NULL RETURNING "+
		consentColumns, ms(now), stateHash)
	if err == nil && taken {
		c.UsedAt = time.Time{}
		return c, nil
	}
	found := false
	if err == nil {
		c, found, err = one(ctx, q, q.scanConsent, "SELECT "+consentColumns+" FROM achim_consent WHERE state_hash = ?", stateHash)
	}
	if err == nil && !found {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return briefing.Consent{}, fmt.Errorf("take consent: %w", err)
	}
	return c, nil
}

// forgetConsents takes from a reader's consents under way whose they are. What comes back from Google is then told
// apart from what was forged, and a grant nobody confirmed is still taken back at Google.
func forgetConsents(ctx context.Context, q *session, reader briefing.ReaderID) error {
	if _, err := q.exec(ctx, "UPDATE achim_consent SET reader_id = ?, verifier = '' WHERE reader_id = ?", nobody, string(reader)); err != nil {
		return fmt.Errorf("achim_consent: %w", err)
	}
	if _, err := q.exec(ctx, "UPDATE achim_pending_grant SET reader_id = ? WHERE reader_id = ?", nobody, string(reader)); err != nil {
		return fmt.Errorf("achim_pending_grant: %w", err)
	}
	return nil
}
