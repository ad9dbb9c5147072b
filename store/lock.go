package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ErrEngineBusy means that another process runs the engine on this SQLite file.
var ErrEngineBusy = errors.New("another process runs the engine on this database: stop that one first, or use PostgreSQL, which any number may share")

// lockPoll is how often a lock file that somebody else holds is tried again.
const lockPoll = 20 * time.Millisecond

// LockEngine makes this process the only one with an engine on a SQLite file, until release is called or
// the process ends, however it ends. It returns ErrEngineBusy at once when another one is. On PostgreSQL
// any number of engines may run, and it always succeeds.
func (s *Store) LockEngine() (release func(), err error) {
	if !s.Exclusive() {
		return func() {}, nil
	}
	release, err = lockFile(s.path + ".engine")
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%s: %w", s.path, ErrEngineBusy)
	}
	return release, err
}

// ErrUnsealing means that what is stored is being turned plain.
var ErrUnsealing = errors.New("achim keys unseal is under way on this database: wait until it has ended, and take ACHIM_ENCRYPTION_KEY out before anything is started")

// unsealKey is the advisory lock of whoever turns what is stored plain, on PostgreSQL.
const unsealKey = "hashtextextended('achim unseal ' || current_schema(), 0)"

// LockUnsealing keeps engines from being started until release is called or the process ends. Its errors are
// ErrEngineBusy on SQLite, when one runs, and ErrUnsealing when another process has the lock. On PostgreSQL engines that
// run already are not kept from anything: who unseals has to look for them.
func (s *Store) LockUnsealing(ctx context.Context) (release func(), err error) {
	if s.Exclusive() {
		return s.LockEngine()
	}
	conn, err := s.w.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock out engines: %w", err)
	}
	var locked bool
	if err = conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock("+unsealKey+")").Scan(&locked); err == nil && !locked {
		err = ErrUnsealing
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock out engines: %w", err), conn.Close())
	}
	return func() {
		// Also when the caller has given up meanwhile: the connection lives on in the pool.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock("+unsealKey+")")
		_ = conn.Close()
	}, nil
}

// RefuseUnsealing returns ErrUnsealing while another process turns what is stored plain. On SQLite the engine's lock says
// so already.
func (s *Store) RefuseUnsealing(ctx context.Context) error {
	if s.Exclusive() {
		return nil
	}
	free, _, err := one(ctx, s.reader(), scalar[bool], "SELECT pg_try_advisory_xact_lock_shared("+unsealKey+")")
	if err == nil && !free {
		err = ErrUnsealing
	}
	return err
}

// lockFile takes the advisory lock of a file beside the database. The database itself cannot carry it:
// closing any other descriptor of that file would drop the locks SQLite holds.
func lockFile(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}

// waitForFile takes the lock as soon as whoever holds it lets go.
func waitForFile(ctx context.Context, path string) (release func(), err error) {
	for {
		release, err := lockFile(path)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", path, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}
