package store

import (
	"context"
	"errors"
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

// scanPending reads a row. One whose grant cannot be read is no error, but has a Fault: it must not be in the way of others.
func (q *session) scanPending(row scanner) (briefing.Pending, error) {
	var p briefing.Pending
	var text, scopes string
	c := &p.Grant
	err := row.Scan(&p.TicketHash, &c.ReaderID, &c.Email, &c.Subject, &text, opt(&scopes), instant{&c.State.Expiry},
		instant{&c.State.EndsAt}, instant{&c.State.GrantedAt}, yes{&p.Switch}, instant{&p.ExpiresAt}, instant{&p.UsedAt})
	if err != nil {
		return p, err
	}
	scopesErr := structure{"scopes", &c.Scopes}.Scan(scopes)
	tokens, tokensErr := q.pendingTokens(p.TicketHash, text)
	p.Fault = errors.Join(scopesErr, tokensErr)
	if access, _ := tokens.text("access_token"); access != "" {
		c.AccessToken = briefing.NewSecret(access)
	}
	c.State.CheckedAt, c.State.Granted = c.State.GrantedAt, strings.Join(c.Scopes, " ")
	if refresh, _ := tokens.text("refresh_token"); refresh != "" {
		c.RefreshToken = briefing.NewSecret(refresh)
	}
	return p, nil
}

func (q *session) pendingTokens(ticketHash, text string) (object, error) {
	text, err := q.keys.open(pendingPlace(ticketHash), text)
	if err != nil {
		return nil, err
	}
	tokens, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("column tokens %w", err)
	}
	return tokens, nil
}

// FindPending returns the grant as it waits, or waited. ErrNotFound for an unknown ticket.
func (s *Store) FindPending(ctx context.Context, ticketHash string) (briefing.Pending, error) {
	q := s.reader()
	p, found, err := one(ctx, q, q.scanPending, "SELECT "+pendingColumns+" FROM achim_pending_grant WHERE ticket_hash = ?", ticketHash)
	if err == nil && !found {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return briefing.Pending{}, fmt.Errorf("a grant to be confirmed: %w", err)
	}
	return p, nil
}

// ConfirmPending stores c as SaveConsented does and marks the grant behind the ticket used, both or neither. ErrFenced also
// when it does not wait any more, because it was taken, confirmed or has expired.
func (s *Store) ConfirmPending(ctx context.Context, ticketHash string, c briefing.Credential, now time.Time) error {
	return s.saveGrantIf(ctx, c, func(q *session) error {
		n, err := q.exec(ctx, wipePending+" WHERE ticket_hash = ? AND used_at IS NULL AND expires_at > ?", ms(now), ticketHash, now.UnixMilli())
		if err == nil && n == 0 {
			err = briefing.ErrFenced
		}
		return err
	})
}

const wipePending = "UPDATE achim_pending_grant SET used_at = ?, tokens = '', email = '', subject = ''"

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

// TakeUnconfirmed takes up to limit of those that nobody took before they expired. One that cannot be read is among them,
// with its Fault, and is over like the others.
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
		if _, err := q.exec(ctx, wipePending+" WHERE ticket_hash = ?", ms(now), p.TicketHash); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// AccountFree reports whether nobody has a grant of the Google account, or may have one because their row does not
// say whose account it is, or waits to confirm one: only then does revoking what was just given end nothing else.
func (s *Store) AccountFree(ctx context.Context, email, subject string, now time.Time) (bool, error) {
	if email == "" && subject == "" {
		return false, nil
	}
	// In this order: who says yes in between is found among those who have it.
	awaited, err := s.accountAwaited(ctx, email, subject, "", now)
	if err != nil || len(awaited) > 0 {
		return false, err
	}
	held, err := s.accountHeld(ctx, email, subject, "")
	return err == nil && len(held) == 0, err
}

// confirmSlack is how long after it has expired a grant that nobody took still counts as awaited: somebody may have said
// yes at the last moment.
const confirmSlack = time.Minute

// accountAwaited returns who but except waits to confirm a grant of the account.
func (s *Store) accountAwaited(ctx context.Context, email, subject string, except briefing.ReaderID, now time.Time) ([]briefing.AccountUser, error) {
	waiting, err := list(ctx, s.reader(), func(row scanner) (c briefing.Credential, err error) {
		err = row.Scan(&c.ReaderID, &c.Email, &c.Subject)
		return c, err
	}, "SELECT reader_id, email, subject FROM achim_pending_grant WHERE used_at IS NULL AND expires_at > ? AND reader_id <> ?", now.Add(-confirmSlack).UnixMilli(), string(except))
	if err != nil {
		return nil, fmt.Errorf("who waits to confirm the Google account: %w", err)
	}
	var users []briefing.AccountUser
	for _, c := range waiting {
		users = accountUser(users, c.ReaderID, briefing.Credential{Email: email, Subject: subject}, c)
	}
	for i := range users {
		users[i].Waits = true
	}
	return users, nil
}
