package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"achim/briefing"
)

// expireBatch bounds how many entries one transaction expires, so that a briefing never waits for it long.
const expireBatch = 200

// Expired counts what Expire removed.
type Expired struct {
	Contents int // briefings whose content was removed
	Texts    int // texts in conversation_log of removed readers' briefings, and of notices
	Entries  int // entries of which nothing is left
	Consents int // consents that ended more than a day ago
	States   int // what was known of refresh tokens that no row holds any more
}

// Expire removes the content of briefings from before the one date (sections, what was composed, the text
// in their rows of conversation_log, also of readers who were removed, and that of notices), and everything of those
// from before the other, notices included. Entries that still
// want work are left alone. Of what earlier briefings have shown and of the days read ahead it forgets what no
// briefing asks for any more, and so with consents that have ended and with what was known of refresh tokens that are gone. Readers, grants, watermarks and other programs' rows stay. It may be called at any
// time, by several processes at once.
func (s *Store) Expire(ctx context.Context, contentBefore, entriesBefore briefing.Date) (Expired, error) {
	var gone Expired
	defer s.scrub(ctx)
	for {
		n, err := s.expireContents(ctx, contentBefore)
		gone.Contents += n
		if err != nil {
			return gone, fmt.Errorf("remove content from before %s: %w", contentBefore, err)
		}
		if n < expireBatch {
			break
		}
	}
	var err error
	if gone.Texts, err = s.expireTexts(ctx, contentBefore); err != nil {
		return gone, fmt.Errorf("remove texts from before %s: %w", contentBefore, err)
	}
	err = s.inTx(ctx, func(q *session) error {
		_, err := q.exec(ctx, "UPDATE achim_run_reader SET text = NULL WHERE text IS NOT NULL AND run_id IN "+
			"(SELECT id FROM achim_run WHERE date < ?)", contentBefore.String())
		if err != nil {
			return err
		}
		_, err = q.exec(ctx, "DELETE FROM achim_run_reader WHERE run_id IN (SELECT id FROM achim_run WHERE date < ?)", entriesBefore.String())
		if err != nil {
			return err
		}
		if _, err = q.exec(ctx, "DELETE FROM achim_run WHERE date < ?", entriesBefore.String()); err != nil {
			return err
		}
		if _, err = q.exec(ctx, "DELETE FROM achim_notice WHERE settled_at < ?", ms(briefing.At(entriesBefore, briefing.TimeOfDay{}, time.UTC))); err != nil {
			return err
		}
		n, err := q.exec(ctx, "DELETE FROM achim_entry WHERE date < ? AND next_at IS NULL", entriesBefore.String())
		gone.Entries = int(n)
		return err
	})
	if err != nil {
		return gone, fmt.Errorf("remove entries from before %s: %w", entriesBefore, err)
	}
	if err := s.forget(ctx); err != nil {
		return gone, fmt.Errorf("forget what is old: %w", err)
	}
	if gone.Consents, err = s.forgetConsents(ctx); err != nil {
		return gone, fmt.Errorf("forget consents: %w", err)
	}
	if gone.States, err = s.forgetStates(ctx); err != nil {
		return gone, fmt.Errorf("forget what was known of grants: %w", err)
	}
	return gone, nil
}

// forgetConsents drops the consents that ended more than a day ago.
func (s *Store) forgetConsents(ctx context.Context) (int, error) {
	n, err := s.writer().exec(ctx, "DELETE FROM achim_consent WHERE expires_at < ?", s.now().Add(-consentKept).UnixMilli())
	return int(n), err
}

// stateKept is how long what is known of a refresh token stays that no row holds: it may be put back.
const stateKept = 30 * 24 * time.Hour

// forgetStates drops what was known of refresh tokens that no row holds any more. While a row is sealed with a key that
// is not held, nobody knows which those are, and all stay.
func (s *Store) forgetStates(ctx context.Context) (int, error) {
	before := ms(s.now().Add(-stateKept))
	old, err := list(ctx, s.reader(), scalar[string], "SELECT fingerprint FROM achim_credential_state WHERE updated_at < ?", before)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	held, sealed := make(map[string]bool), false
	err = s.eachToken(ctx, tokenPage, func(page []ownedToken) error {
		for _, o := range page {
			_, c, err := o.parse()
			sealed = sealed || errors.Is(err, ErrSealed) && !o.nobodys
			held[briefing.Fingerprint(c.RefreshToken)] = true
		}
		return nil
	})
	if err != nil || sealed {
		return 0, err
	}
	old = slices.DeleteFunc(old, func(fingerprint string) bool { return held[fingerprint] })
	gone := 0
	for batch := range slices.Chunk(old, expireBatch) {
		err := s.inTx(ctx, func(q *session) error {
			for _, fingerprint := range batch {
				n, err := q.exec(ctx, "DELETE FROM achim_credential_state WHERE fingerprint = ? AND updated_at < ?", fingerprint, before)
				if err != nil {
					return err
				}
				gone += int(n)
			}
			return nil
		})
		if err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// forget drops the items seen, the copies and what was to be sent that are too old for any reader's today, a batch of
// readers at a time.
func (s *Store) forget(ctx context.Context) error {
	today := s.today().AddDays(-behindUTC)
	for last := ""; ; {
		readers, err := list(ctx, s.reader(), scalar[string], "SELECT id FROM achim_reader WHERE id > ? ORDER BY id LIMIT ?", last, expireBatch)
		if err != nil || len(readers) == 0 {
			return err
		}
		first := last
		last = readers[len(readers)-1]
		err = s.inTx(ctx, func(q *session) error {
			const old = " WHERE reader_id > ? AND reader_id <= ? AND date < ?"
			if _, err := q.exec(ctx, "DELETE FROM achim_seen"+old, first, last, today.AddDays(-seenDays).String()); err != nil {
				return err
			}
			for _, table := range []string{"achim_copy", "achim_copy_ahead", "achim_outgoing"} {
				if _, err := q.exec(ctx, "DELETE FROM "+table+old, first, last, today.AddDays(-copyDays).String()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// expireTexts empties our rows of conversation_log that no entry leads to: of readers who were removed, and notices.
func (s *Store) expireTexts(ctx context.Context, before briefing.Date) (int, error) {
	n, err := s.writer().exec(ctx, "UPDATE conversation_log SET content = '' WHERE content <> '' AND (metadata->>'date') < ? AND "+oursInLog+
		" AND NOT EXISTS (SELECT 1 FROM achim_entry e WHERE e.id = conversation_log.metadata->>'entry_id')", before.String())
	return int(n), err
}

// expireContents removes the content of one batch and returns how many it was.
func (s *Store) expireContents(ctx context.Context, before briefing.Date) (int, error) {
	expired := 0
	err := s.inTx(ctx, func(q *session) error {
		ids, err := list(ctx, q, func(row scanner) (id string, err error) { err = row.Scan(&id); return id, err },
			"SELECT e.id FROM achim_entry e JOIN achim_entry_body b ON b.entry_id = e.id "+
				"WHERE e.date < ? AND e.next_at IS NULL AND (b.sections IS NOT NULL OR b.content IS NOT NULL) "+
				"ORDER BY e.id LIMIT ?"+q.dialect.forUpdate(), before.String(), expireBatch) // locked: one a person reopens now keeps what it gets
		if err != nil {
			return err
		}
		expired = len(ids)
		for _, id := range ids {
			if _, err := q.exec(ctx, "UPDATE achim_entry_body SET sections = NULL, content = NULL WHERE entry_id = ?", id); err != nil {
				return err
			}
			if _, err := q.exec(ctx, "DELETE FROM achim_outgoing WHERE entry_id = ?", id); err != nil {
				return err
			}
			if _, err := q.exec(ctx, "UPDATE conversation_log SET content = '' WHERE metadata->>'entry_id' = ? AND "+oursInLog, id); err != nil {
				return err
			}
		}
		return nil
	})
	return expired, err
}
