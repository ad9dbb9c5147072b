package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"achim/briefing"
)

// Credential returns the reader's grant, or ErrNotFound. A row that cannot be read is an error with reason
// malformed, beside what can be read of it. The row's own expiry is not believed: other programs write it in other zones.
func (s *Store) Credential(ctx context.Context, reader briefing.ReaderID) (briefing.Credential, error) {
	q := s.reader()
	row, err := readToken(ctx, q, reader, "")
	if briefing.ReasonOf(err) == briefing.Malformed {
		c, _ := row.credential() // whatever else is wrong with it: that may be the operator's to mend
		var unknown error
		if c.State, unknown = readState(ctx, q, c); unknown != nil {
			return c, unknown
		}
		return c, fmt.Errorf("read the grant: %w", err)
	}
	if err != nil {
		return briefing.Credential{}, fmt.Errorf("read the grant: %w", err)
	}
	return withState(ctx, q, row)
}

// readToken reads the reader's row, or returns ErrNotFound.
func readToken(ctx context.Context, q *session, reader briefing.ReaderID, lock string) (tokenRow, error) {
	raw, found, err := q.counting(ctx, reader, lock)
	if err == nil && !found {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return tokenRow{}, fmt.Errorf("grant of reader %s: %w", reader, err)
	}
	row, fault := raw.parse(reader)
	if row, err = row.outlived(ctx, q); err != nil {
		return tokenRow{}, err
	}
	return row, fault
}

// withState returns the grant of a row with what our own table knows of it.
func withState(ctx context.Context, q *session, row tokenRow) (briefing.Credential, error) {
	c, unclear := row.credential()
	state, err := readState(ctx, q, c)
	c.State = state
	return c, cmp.Or(err, unclear)
}

// grantState is a row of achim_credential_state. access is the fingerprint of the access token whose expiry
// it holds.
type grantState struct {
	access string
	briefing.CredentialState
}

const grantStateColumns = "access_fingerprint, expiry, dead_since, failing_since, last_error, ends_at, granted_at, checked_at, gone, " +
	"detail, granted"

func (st *grantState) targets() []any {
	return []any{&st.access, instant{&st.Expiry}, instant{&st.DeadSince}, instant{&st.FailingSince}, &st.LastError,
		instant{&st.EndsAt}, instant{&st.GrantedAt}, instant{&st.CheckedAt}, yes{&st.Gone},
		&st.Detail, &st.Granted}
}

func scanState(row scanner) (grantState, error) {
	var st grantState
	err := row.Scan(st.targets()...)
	return st, err
}

// of returns the state with the expiry of the access token now in the row, or an unknown one: somebody else may have
// put another token there.
func (st grantState) of(access briefing.Secret) briefing.CredentialState {
	if st.access != briefing.Fingerprint(access) {
		st.Expiry = time.Time{}
	}
	return st.CredentialState
}

// readState returns what is known of c's refresh token.
func readState(ctx context.Context, q *session, c briefing.Credential) (briefing.CredentialState, error) {
	if c.RefreshToken.IsZero() {
		return briefing.CredentialState{}, nil
	}
	st, _, err := one(ctx, q, scanState, "SELECT "+grantStateColumns+" FROM achim_credential_state WHERE fingerprint = ?",
		briefing.Fingerprint(c.RefreshToken))
	if err != nil {
		return briefing.CredentialState{}, fmt.Errorf("state of the grant of reader %s: %w", c.ReaderID, err)
	}
	return st.of(c.AccessToken), nil
}

// writeState replaces what is known of c's refresh token; a lease on it stays. Without a refresh token
// there is nothing to know.
func writeState(ctx context.Context, q *session, c briefing.Credential, now time.Time) error {
	return upsertState(ctx, q, c, now, "")
}

// upsertState is writeState that may set more of a row there is.
func upsertState(ctx context.Context, q *session, c briefing.Credential, now time.Time, more string) error {
	if c.RefreshToken.IsZero() {
		return nil
	}
	_, err := q.exec(ctx, "INSERT INTO achim_credential_state (fingerprint, access_fingerprint, expiry, dead_since, failing_since, "+
		"last_error, ends_at, granted_at, checked_at, gone, detail, granted, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET "+
		"access_fingerprint = excluded.access_fingerprint, expiry = excluded.expiry, dead_since = excluded.dead_since, "+
		"failing_since = excluded.failing_since, last_error = excluded.last_error, ends_at = excluded.ends_at, "+
		"granted_at = excluded.granted_at, checked_at = excluded.checked_at, gone = excluded.gone, "+
		"detail = excluded.detail, granted = excluded.granted, updated_at = excluded.updated_at"+more,
		briefing.Fingerprint(c.RefreshToken), briefing.Fingerprint(c.AccessToken), ms(c.State.Expiry), ms(c.State.DeadSince),
		ms(c.State.FailingSince), string(c.State.LastError), ms(c.State.EndsAt),
		ms(c.State.GrantedAt), ms(c.State.CheckedAt), flag(c.State.Gone), clean(c.State.Detail), clean(c.State.Granted), ms(now))
	if err != nil {
		return fmt.Errorf("state of the grant of reader %s: %w", c.ReaderID, err)
	}
	return nil
}

// SaveCredentialState replaces the state of c's refresh token. Its expiry counts for c's access token only.
func (s *Store) SaveCredentialState(ctx context.Context, c briefing.Credential) error {
	return writeState(ctx, s.writer(), c, s.now())
}

// SaveRefreshed writes what Google answered to a refresh of read: access token, expiry, scopes that the row does not
// list yet, and a new refresh token when given. The row is read again under a lock. When it still holds the refresh
// token that was used, the answer goes onto it, whatever else of it has changed; when it holds another one,
// whoever wrote that wins and nothing is written. A lease on refreshing it ends with the answer. It returns the row as
// it now is. ErrNotFound when the grant has been forgotten meanwhile: it must not come back to life.
func (s *Store) SaveRefreshed(ctx context.Context, read, fresh briefing.Credential) (now briefing.Credential, err error) {
	err = s.inTx(ctx, func(q *session) error {
		row, err := readToken(ctx, q, read.ReaderID, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		now, err = withState(ctx, q, row)
		if err != nil || !now.RefreshToken.Equal(read.RefreshToken) {
			return err
		}
		known := now.State
		if !fresh.RefreshToken.IsZero() && !fresh.RefreshToken.Equal(now.RefreshToken) {
			known.EndsAt = time.Time{} // it was that of the token before
		}
		state := succeeded(known, fresh.State)
		answer := briefing.Credential{AccessToken: fresh.AccessToken, RefreshToken: fresh.RefreshToken,
			Scopes: widened(now.Scopes, fresh.Scopes), State: state}
		if err := row.put(answer, known.Expiry, s.now()); err != nil {
			return err
		}
		if row, err = row.replace(ctx, q, s.now()); err != nil {
			return err
		}
		if now, err = row.credential(); err != nil {
			return err
		}
		state.Expiry, state.EndsAt, state.CheckedAt = stored(state.Expiry), stored(state.EndsAt), stored(state.CheckedAt)
		now.State = state
		return upsertState(ctx, q, now, s.now(), ", lease_owner = '', lease_until = NULL")
	})
	if err != nil {
		return briefing.Credential{}, fmt.Errorf("save the refreshed grant: %w", err)
	}
	return now, nil
}

// NameAccount notes in the metadata of read's row whose account it is, as a consent does, and returns the row as it now is.
// Nothing is written when the row holds another refresh token than read by now, or says already whose it is.
func (s *Store) NameAccount(ctx context.Context, read briefing.Credential, email, subject string) (now briefing.Credential, err error) {
	err = s.inTx(ctx, func(q *session) error {
		row, err := readToken(ctx, q, read.ReaderID, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		now, err = withState(ctx, q, row)
		if err != nil || !now.RefreshToken.Equal(read.RefreshToken) || now.Email != "" || now.Subject != "" {
			return err
		}
		row.metadata.set("email", clean(email))
		row.metadata.set("sub", clean(subject))
		row.expiry = now.State.Expiry
		if row, err = row.replace(ctx, q, s.now()); err != nil {
			return err
		}
		state := now.State
		now, err = row.credential()
		now.State = state
		return err
	})
	if err != nil {
		return briefing.Credential{}, fmt.Errorf("note whose Google account it is: %w", err)
	}
	return now, nil
}

// succeeded is what is known of a grant after a refresh that worked: whatever was wrong is over, and a known end moves
// only when a new one is told, or when the grant has outlived it.
func succeeded(known, fresh briefing.CredentialState) briefing.CredentialState {
	state := briefing.CredentialState{Expiry: fresh.Expiry, EndsAt: fresh.EndsAt, GrantedAt: known.GrantedAt,
		CheckedAt: fresh.CheckedAt, Granted: fresh.Granted}
	if state.EndsAt.IsZero() && known.EndsAt.After(fresh.CheckedAt) {
		state.EndsAt = known.EndsAt
	}
	if state.Granted == "" {
		state.Granted = known.Granted
	}
	return state
}

// widened returns the scopes a row lists and those it did not yet; nil when there is nothing to add.
func widened(listed, answered []string) []string {
	all := slices.Clone(listed)
	for _, scope := range answered {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	if len(all) == len(listed) {
		return nil
	}
	return all
}

// SaveGrant stores a grant, whatever is there, replacing the reader's earlier one; members of the row that are other
// programs' are kept. It may bring no refresh token: the stored one stays then, unless it is known to be another
// account's.
func (s *Store) SaveGrant(ctx context.Context, c briefing.Credential) error {
	return s.saveGrantIf(ctx, c, nil)
}

// SaveConsented is SaveGrant for a consent, which takes its time: ErrNotFound when its reader is gone meanwhile, and
// ErrFenced unless the row is still as it was read, of c's Version, or where that is "" there is still none.
func (s *Store) SaveConsented(ctx context.Context, c briefing.Credential) error {
	return s.saveGrantIf(ctx, c, func(*session) error { return nil })
}

// saveGrantIf is SaveConsented on a condition that is looked at, or made true, in the same transaction; without one it is
// SaveGrant.
func (s *Store) saveGrantIf(ctx context.Context, c briefing.Credential, condition func(q *session) error) error {
	err := s.saveGrant(ctx, c, condition)
	if isDuplicate(err, "") {
		// Another program put the reader's first row in between our look and our write; the key has the name they gave it.
		err = s.saveGrant(ctx, c, condition)
	}
	if err != nil {
		return fmt.Errorf("save grant of reader %s: %w", c.ReaderID, err)
	}
	return nil
}

func (s *Store) saveGrant(ctx context.Context, c briefing.Credential, condition func(q *session) error) error {
	return s.inTx(ctx, func(q *session) error {
		if condition != nil {
			if err := readerStays(ctx, q, c.ReaderID); err != nil {
				return err
			}
			if err := condition(q); err != nil {
				return err
			}
		}
		raw, found, err := q.counting(ctx, c.ReaderID, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		// A row that cannot be read is exactly what connecting again mends: what can be kept of it is.
		raw.keys = q.keys // none was read where there is no row
		row, _ := raw.parse(c.ReaderID)
		if condition != nil && (found != (c.Version != "") || found && row.version != c.Version) {
			return briefing.ErrFenced
		}
		if row, err = row.outlived(ctx, q); err != nil {
			return err
		}
		earlier, _ := row.credential()
		known, err := readState(ctx, q, earlier)
		if err != nil {
			return err
		}
		was := known.Expiry
		row.leaveFlat = row.leaveFlat && c.RefreshToken.IsZero() // a refresh token just given is the newest there is
		if c.RefreshToken.IsZero() && sameAccount(earlier, c) {
			c.RefreshToken = earlier.RefreshToken
			known.Expiry = c.State.Expiry
			if c.State.Granted != "" {
				known.Granted = c.State.Granted
			}
			c.State = known
		}
		row.clear(c)
		if err := row.put(c, was, s.now()); err != nil {
			return err
		}
		write := row.insert
		if found {
			write = row.update
		}
		if err := write(ctx, q, s.now()); err != nil {
			return err
		}
		return writeState(ctx, q, c, s.now())
	})
}

// readerStays locks a reader, so that whoever erases them waits, or returns ErrNotFound. It comes before all other locks,
// as where a reader is erased.
func readerStays(ctx context.Context, q *session, id briefing.ReaderID) error {
	_, there, err := one(ctx, q, scalar[string], "SELECT id FROM achim_reader WHERE id = ?"+q.dialect.forShare(), string(id))
	if err == nil && !there {
		err = briefing.ErrNotFound
	}
	return err
}

// CredentialsOf returns the grants of all of a reader's rows, each as far as it can be read, with what is known of it, or
// ErrNotFound. Where no token can be read because a key is not here, an error with reason malformed comes beside them;
// what cannot be read for any other reason never will be, and is no error.
func (s *Store) CredentialsOf(ctx context.Context, reader briefing.ReaderID) ([]briefing.Credential, error) {
	q := s.reader()
	t := &q.shared.tokens
	rows, err := list(ctx, q, q.scanToken, "SELECT "+t.columns+" FROM gmail_token WHERE "+t.key+" = ?", string(reader))
	if err == nil && len(rows) == 0 {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("grants of reader %s: %w", reader, err)
	}
	grants, locked := credentials(rows, reader)
	for i, c := range grants {
		if grants[i].State, err = readState(ctx, q, c); err != nil {
			return nil, err
		}
	}
	return grants, locked
}

// credentials returns the grants of rows, each once, those that somebody else has put into flat columns beside ours among
// them, and an error if a key is missing to read a token of one of them.
func credentials(rows []rawToken, reader briefing.ReaderID) (grants []briefing.Credential, locked error) {
	known := map[string]bool{}
	add := func(c briefing.Credential) {
		token := c.RefreshToken
		if token.IsZero() {
			token = c.AccessToken
		}
		if fingerprint := briefing.Fingerprint(token); !known[fingerprint] {
			known[fingerprint] = true
			grants = append(grants, c)
		}
	}
	for _, raw := range rows {
		row, fault := raw.parse(reader)
		c, _ := row.credential()
		_, never := errors.AsType[*briefing.UnusableGrantError](fault)
		if fault != nil && !never && c.RefreshToken.IsZero() && c.AccessToken.IsZero() {
			locked = fault
		}
		add(c)
		if row.theirs.refresh != "" {
			c.RefreshToken, c.AccessToken = briefing.NewSecret(row.theirs.refresh), briefing.NewSecret(row.theirs.access)
			add(c)
		}
	}
	return grants, locked
}

// DateGrants notes of grants of which it is not known since when they are there that it is since now at the latest: so
// they are told from what is connected later, however often they are refreshed.
func (s *Store) DateGrants(ctx context.Context, grants []briefing.Credential) error {
	q := s.writer()
	for _, c := range grants {
		if c.RefreshToken.IsZero() {
			continue
		}
		now := ms(s.now())
		_, err := q.exec(ctx, "INSERT INTO achim_credential_state (fingerprint, access_fingerprint, last_error, granted_at, updated_at) VALUES (?, '', '', ?, ?) "+
			"ON CONFLICT (fingerprint) DO UPDATE SET granted_at = COALESCE(achim_credential_state.granted_at, excluded.granted_at)",
			briefing.Fingerprint(c.RefreshToken), now, now)
		if err != nil {
			return fmt.Errorf("date the grant of reader %s: %w", c.ReaderID, err)
		}
	}
	return nil
}

// DeleteCredential forgets the grants of all of the reader's rows and what was known of them, and returns them as they were,
// as far as they could be read. ErrNotFound when there is none.
func (s *Store) DeleteCredential(ctx context.Context, reader briefing.ReaderID) (gone []briefing.Credential, err error) {
	err = s.inTx(ctx, func(q *session) error {
		t := &q.shared.tokens
		rows, err := list(ctx, q, q.scanToken, "DELETE FROM gmail_token WHERE "+t.key+" = ? RETURNING "+t.columns, string(reader))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return briefing.ErrNotFound
		}
		gone, _ = credentials(rows, reader) // a row nobody can read is deleted like any other
		for _, c := range gone {
			if _, err := q.exec(ctx, "DELETE FROM achim_credential_state WHERE fingerprint = ?", briefing.Fingerprint(c.RefreshToken)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("delete grant of reader %s: %w", reader, err)
	}
	s.scrub(ctx)
	return gone, nil
}

// GrantRows returns how many rows of the shared table are the reader's.
func (s *Store) GrantRows(ctx context.Context, reader briefing.ReaderID) (int, error) {
	q := s.reader()
	n, _, err := one(ctx, q, scalar[int64], "SELECT COUNT(*) FROM gmail_token WHERE "+q.shared.tokens.key+" = ?", string(reader))
	if err != nil {
		return 0, fmt.Errorf("count the grants of reader %s: %w", reader, err)
	}
	return int(n), nil
}
