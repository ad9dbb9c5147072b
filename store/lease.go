package store

import (
	"context"
	"fmt"
	"time"

	"achim/briefing"
)

// LeaseRefresh gives owner the lease on refreshing c's refresh token until the time, unless somebody has one that has
// not ended by now, and reports whether owner has it. It is one statement: nothing stays locked while Google is asked.
func (s *Store) LeaseRefresh(ctx context.Context, c briefing.Credential, owner string, now, until time.Time) (bool, error) {
	// A token of which nothing is known yet gets a row that says nothing but who is asking.
	n, err := s.writer().exec(ctx, "INSERT INTO achim_credential_state (fingerprint, access_fingerprint, last_error, lease_owner, lease_until, updated_at) "+
		"VALUES (?, '', '', ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until "+
		"WHERE achim_credential_state.lease_until IS NULL OR achim_credential_state.lease_until <= ?",
		briefing.Fingerprint(c.RefreshToken), owner, ms(until), ms(s.now()), ms(now))
	if err != nil {
		return false, fmt.Errorf("lease the refresh of the grant of reader %s: %w", c.ReaderID, err)
	}
	return n == 1, nil
}

// ReleaseRefresh ends owner's lease, if it is still owner's.
func (s *Store) ReleaseRefresh(ctx context.Context, c briefing.Credential, owner string) error {
	_, err := s.writer().exec(ctx, "UPDATE achim_credential_state SET lease_owner = '', lease_until = NULL WHERE fingerprint = ? AND lease_owner = ?",
		briefing.Fingerprint(c.RefreshToken), owner)
	if err != nil {
		return fmt.Errorf("release the refresh of the grant of reader %s: %w", c.ReaderID, err)
	}
	return nil
}

// ReleaseLeases ends all leases on refreshing: whoever had them is gone. It is for the one engine of a database at its
// start; a command beside it that is just refreshing loses nothing but having been the only one.
func (s *Store) ReleaseLeases(ctx context.Context) error {
	if _, err := s.writer().exec(ctx, "UPDATE achim_credential_state SET lease_owner = '', lease_until = NULL WHERE lease_owner <> ''"); err != nil {
		return fmt.Errorf("release leases: %w", err)
	}
	return nil
}

// SuspectTesting notes that a grant of the OAuth client ended when those of an app in Testing do.
func (s *Store) SuspectTesting(ctx context.Context, clientID string, at time.Time) error {
	_, err := s.writer().exec(ctx, "INSERT INTO achim_client (client_id, testing_since) VALUES (?, ?) ON CONFLICT (client_id) DO NOTHING",
		clean(clientID), ms(at))
	if err != nil {
		return fmt.Errorf("suspect a client of being in Testing: %w", err)
	}
	return nil
}

// ClearTesting forgets that: a grant of the client has outlived its seven days.
func (s *Store) ClearTesting(ctx context.Context, clientID string) error {
	if _, err := s.writer().exec(ctx, "DELETE FROM achim_client WHERE client_id = ?", clean(clientID)); err != nil {
		return fmt.Errorf("clear a client of being in Testing: %w", err)
	}
	return nil
}

// TestingSuspected reports whether a grant of the OAuth client has ended at seven days, and none has outlived them since.
func (s *Store) TestingSuspected(ctx context.Context, clientID string) (bool, error) {
	_, found, err := one(ctx, s.reader(), scalar[int64], "SELECT testing_since FROM achim_client WHERE client_id = ?", clean(clientID))
	if err != nil {
		return false, fmt.Errorf("is a client in Testing: %w", err)
	}
	return found, nil
}
