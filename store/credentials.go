package store

import (
	"cmp"
	"context"
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
	return raw.parse(reader)
}

// withState returns the grant of a row with what our own table knows of it.
func withState(ctx context.Context, q *session, row tokenRow) (briefing.Credential, error) {
	c, err := row.credential()
	if err != nil {
		return c, err
	}
	c.State, err = readState(ctx, q, c)
	return c, err
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

// SaveGrant stores a grant just consented to, replacing the reader's earlier one; members of the row that
// are other programs' are kept. A consent may bring no refresh token: the stored one stays then, unless it
// is known to be another account's; with a Version, only if the row is still as it was read: ErrFenced when it is not, or
// has gone.
func (s *Store) SaveGrant(ctx context.Context, c briefing.Credential) error {
	return s.saveGrantIf(ctx, c, func(*session) error { return nil })
}

// saveGrantIf is SaveGrant on a condition that is looked at, or made true, in the same transaction.
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
		if err := condition(q); err != nil {
			return err
		}
		raw, found, err := q.counting(ctx, c.ReaderID, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		// A row that cannot be read is exactly what connecting again mends: what can be kept of it is.
		raw.keys = q.keys // none was read where there is no row
		row, _ := raw.parse(c.ReaderID)
		if c.RefreshToken.IsZero() && c.Version != "" && (!found || row.version != c.Version) {
			return briefing.ErrFenced
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

// sameAccount reports whether nothing speaks against the two being of one Google account.
func sameAccount(a, b briefing.Credential) bool {
	if a.Subject != "" && b.Subject != "" {
		return a.Subject == b.Subject
	}
	return a.Email == "" || b.Email == "" || briefing.SameAddress(a.Email, b.Email)
}

// DeleteCredential forgets the reader's grant and what was known of it, and returns the grant as it was, as far as
// it could be read; of several rows, that which counts most. ErrNotFound when there is none.
func (s *Store) DeleteCredential(ctx context.Context, reader briefing.ReaderID) (gone briefing.Credential, err error) {
	err = s.inTx(ctx, func(q *session) error {
		t := &q.shared.tokens
		counts, found, err := q.counting(ctx, reader, q.dialect.forUpdate())
		if err != nil {
			return err
		}
		rows, err := list(ctx, q, q.scanToken, "DELETE FROM gmail_token WHERE "+t.key+" = ? RETURNING "+t.columns, string(reader))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return briefing.ErrNotFound
		}
		// A row nobody can read is deleted like any other.
		if found {
			row, _ := counts.parse(reader)
			gone, _ = row.credential()
		}
		for _, raw := range rows {
			row, _ := raw.parse(reader)
			c, _ := row.credential()
			if _, err := q.exec(ctx, "DELETE FROM achim_credential_state WHERE fingerprint = ?", briefing.Fingerprint(c.RefreshToken)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return briefing.Credential{}, fmt.Errorf("delete grant of reader %s: %w", reader, err)
	}
	s.scrub(ctx)
	return gone, nil
}

// AccountInUse reports whether a row of anybody but except ("" = nobody) is of the Google account with this address
// and subject, or might be, or somebody else waits to confirm it: revoking at Google would end that grant as well.
// Subjects decide where both are known, else addresses. Where neither can be compared, as with a row that does not say
// whose account it is, it might be.
func (s *Store) AccountInUse(ctx context.Context, email, subject string, except briefing.ReaderID) (bool, error) {
	users, err := s.AccountUsers(ctx, email, subject, except)
	return len(users) > 0, err
}

// AccountUsers returns those because of whom AccountInUse says yes, the certain ones first.
func (s *Store) AccountUsers(ctx context.Context, email, subject string, except briefing.ReaderID) ([]briefing.AccountUser, error) {
	// In this order: who says yes in between is found among those who have it.
	awaited, err := s.accountAwaited(ctx, email, subject, except, s.now())
	if err != nil {
		return nil, err
	}
	held, err := s.accountHeld(ctx, email, subject, except)
	if err != nil {
		return nil, err
	}
	users := append(held, awaited...)
	slices.SortStableFunc(users, func(a, b briefing.AccountUser) int { return cmp.Compare(flag(b.Certain), flag(a.Certain)) })
	return users, nil
}

// accountHeld returns whose rows, of anybody but except, are of the account, or might be.
func (s *Store) accountHeld(ctx context.Context, email, subject string, except briefing.ReaderID) ([]briefing.AccountUser, error) {
	if except == "" {
		except = nobody
	}
	q := s.reader()
	wanted := briefing.Credential{Email: email, Subject: subject}
	var users []briefing.AccountUser
	_, err := list(ctx, q, func(row scanner) (none struct{}, err error) {
		var o ownedToken
		var text string
		if err := row.Scan((*string)(&o.owner), opt(&text)); err != nil {
			return none, err
		}
		o.call()
		metadata, _ := parseObject(text)
		address, _ := metadata.text("email")
		sub, _ := metadata.text("sub")
		users = accountUser(users, o.owner, wanted, briefing.Credential{Email: address, Subject: sub})
		return none, nil
	}, "SELECT COALESCE(CAST(user_id AS TEXT), ''), metadata FROM gmail_token WHERE "+q.shared.tokens.others()+" ORDER BY 1", string(except))
	if err != nil {
		return nil, fmt.Errorf("who else uses the Google account: %w", err)
	}
	return users, nil
}

// accountUser adds the owner of what is found to those who use the wanted account, if that is so or may be.
func accountUser(users []briefing.AccountUser, owner briefing.ReaderID, wanted, found briefing.Credential) []briefing.AccountUser {
	if !sameAccount(wanted, found) {
		return users
	}
	compared := wanted.Subject != "" && found.Subject != "" || wanted.Email != "" && found.Email != ""
	return append(users, briefing.AccountUser{Owner: owner, Certain: compared})
}
