package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

const pendingColumns = "ticket_hash, reader_id, email, subject, tokens, scopes, expiry, ends_at, granted_at, switch_account, expires_at, used_at"

// SavePending keeps a grant until somebody says yes or it expires, and forgets those that expired more than a day
// ago. Its tokens are a column of their own, laid out as those in gmail_token are.
func (s *Store) SavePending(ctx context.Context, p briefing.Pending) error {
	q, c := s.writer(), p.Grant
	tokens := object{}
	tokens.set("access_token", c.AccessToken.Reveal())
	tokens.set("refresh_token", c.RefreshToken.Reveal())
	tokens.set("token_type", "Bearer")
	sealed, err := q.keys.seal(pendingPlace(p.TicketHash), tokens.String())
	if err != nil {
		return fmt.Errorf("save a grant to be confirmed, of reader %s: %w", c.ReaderID, err)
	}
	scopes, err := jsonText(true, c.Scopes)
	if err == nil {
		// Only those whose tokens were wiped: the others are still to be taken back at Google.
		_, err = q.exec(ctx, "DELETE FROM achim_pending_grant WHERE expires_at < ? AND used_at IS NOT NULL", s.now().Add(-consentKept).UnixMilli())
	}
	if err == nil {
		_, err = q.exec(ctx, "INSERT INTO achim_pending_grant ("+pendingColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			p.TicketHash, string(c.ReaderID), clean(c.Email), clean(c.Subject), sealed, scopes,
			ms(c.State.Expiry), ms(c.State.EndsAt), ms(c.State.GrantedAt), flag(p.Switch), p.ExpiresAt.UnixMilli(), ms(p.UsedAt))
	}
	if err != nil {
		return fmt.Errorf("save a grant to be confirmed, of reader %s: %w", c.ReaderID, err)
	}
	return nil
}

func pendingPlace(ticketHash string) string { return placeOf("achim_pending_grant.tokens", ticketHash) }

func (q *session) scanPending(row scanner) (briefing.Pending, error) {
	var p briefing.Pending
	var text string
	c := &p.Grant
	err := row.Scan(&p.TicketHash, &c.ReaderID, &c.Email, &c.Subject, &text, structure{"scopes", &c.Scopes}, instant{&c.State.Expiry},
		instant{&c.State.EndsAt}, instant{&c.State.GrantedAt}, yes{&p.Switch}, instant{&p.ExpiresAt}, instant{&p.UsedAt})
	if err == nil {
		text, err = q.keys.open(pendingPlace(p.TicketHash), text)
	}
	if err != nil {
		return p, err
	}
	tokens, err := parseObject(text)
	if err != nil {
		return p, fmt.Errorf("column tokens %w", err)
	}
	if access, _ := tokens.text("access_token"); access != "" {
		c.AccessToken = briefing.NewSecret(access)
	}
	c.State.CheckedAt, c.State.Granted = c.State.GrantedAt, strings.Join(c.Scopes, " ")
	if refresh, _ := tokens.text("refresh_token"); refresh != "" {
		c.RefreshToken = briefing.NewSecret(refresh)
	}
	return p, nil
}

// TakePending marks the grant used, wipes its tokens and whose account it is, and returns it as it was before, so that of any number of
// calls, at once or not, exactly one gets it unused. ErrNotFound for an unknown ticket.
func (s *Store) TakePending(ctx context.Context, ticketHash string, now time.Time) (briefing.Pending, error) {
	var p briefing.Pending
	err := s.inTx(ctx, func(q *session) error {
		taken, err := takePending(ctx, q, now, "ticket_hash = ?", ticketHash)
		if err == nil && len(taken) == 0 {
			err = briefing.ErrNotFound
		}
		if err == nil {
			p = taken[0]
		}
		return err
	})
	if err != nil {
		return briefing.Pending{}, fmt.Errorf("take a grant to be confirmed: %w", err)
	}
	return p, nil
}

// TakeUnconfirmed takes up to limit of those that nobody took before they expired.
func (s *Store) TakeUnconfirmed(ctx context.Context, now time.Time, limit int) ([]briefing.Pending, error) {
	var taken []briefing.Pending
	err := s.inTx(ctx, func(q *session) (err error) {
		taken, err = takePending(ctx, q, now, "used_at IS NULL AND expires_at <= ? ORDER BY ticket_hash LIMIT ?", now.UnixMilli(), limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take grants that nobody confirmed: %w", err)
	}
	return taken, nil
}

// takePending returns the rows as they were, and wipes those not used before.
func takePending(ctx context.Context, q *session, now time.Time, which string, args ...any) ([]briefing.Pending, error) {
	rows, err := list(ctx, q, q.scanPending, "SELECT "+pendingColumns+" FROM achim_pending_grant WHERE "+which+q.dialect.forUpdate(), args...)
	if err != nil {
		return nil, err
	}
	for _, p := range rows {
		if !p.UsedAt.IsZero() {
			continue
		}
		if _, err := q.exec(ctx, "UPDATE achim_pending_grant SET used_at = ?, tokens = '', email = '', subject = '' WHERE ticket_hash = ?", ms(now), p.TicketHash); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// AccountFree reports whether nobody has a grant of the Google account, or may have one because their row does not
// say whose account it is, or waits to confirm one: only then does revoking what was just given end nothing else.
func (s *Store) AccountFree(ctx context.Context, email, subject string, now time.Time) (bool, error) {
	used, err := s.accountHeld(ctx, email, subject, "")
	if err != nil || len(used) > 0 || email == "" && subject == "" {
		return false, err
	}
	awaited, err := s.accountAwaited(ctx, email, subject, "", now)
	return err == nil && len(awaited) == 0, err
}

// accountAwaited returns who but except waits to confirm a grant of the account.
func (s *Store) accountAwaited(ctx context.Context, email, subject string, except briefing.ReaderID, now time.Time) ([]briefing.AccountUser, error) {
	waiting, err := list(ctx, s.reader(), func(row scanner) (c briefing.Credential, err error) {
		err = row.Scan(&c.ReaderID, &c.Email, &c.Subject)
		return c, err
	}, "SELECT reader_id, email, subject FROM achim_pending_grant WHERE used_at IS NULL AND expires_at > ? AND reader_id <> ?", now.UnixMilli(), string(except))
	if err != nil {
		return nil, fmt.Errorf("who waits to confirm the Google account: %w", err)
	}
	var users []briefing.AccountUser
	for _, c := range waiting {
		users = accountUser(users, c.ReaderID, briefing.Credential{Email: email, Subject: subject}, c)
	}
	return users, nil
}
