package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"achim/briefing"
)

// File returns the path of the SQLite file the address names, "" when it names none. Opening an address makes the
// file: who only wants to look can ask first.
func File(address string) string {
	if !strings.HasPrefix(address, "sqlite:") {
		return ""
	}
	a, err := parseAddress(address)
	if err != nil {
		return ""
	}
	return a.path
}

// NewFile returns what Migrate would do about a SQLite file that is not there yet, and makes none. That there is no folder
// for it is its error, as it would be Open's.
func NewFile(path string) ([]string, error) {
	if err := inFolder(path); err != nil {
		return nil, err
	}
	_, folder := dialect{}.goose()
	steps, err := fs.Glob(migrations, folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	for i, step := range steps {
		steps[i] = filepath.Base(step)
	}
	return append([]string{path + ": make the file"}, steps...), nil
}

// OpenToOthers returns those of the files that belong to the SQLite file at path which others than its owner may read
// or write. Files that are not there are nobody's.
func OpenToOthers(path string) ([]string, error) {
	var open []string
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return open, fmt.Errorf("permissions of %s: %w", name, err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			open = append(open, name)
		}
	}
	return open, nil
}

// EngineRuns reports whether a process runs the engine on this SQLite file. It makes no lock file, and holds the lock of
// one no longer than it takes to see that it is free. On PostgreSQL the engine's own tables know.
func (s *Store) EngineRuns() (bool, error) {
	file, err := os.Open(s.path + ".engine")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an engine: %w", err)
	}
	defer func() { _ = file.Close() }()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an engine: %w", err)
	}
	return false, nil
}

// Unsettled returns up to limit entries from the date on whose state is unknown, the newest first, without what is long.
func (s *Store) Unsettled(ctx context.Context, from briefing.Date, limit int) ([]briefing.Entry, error) {
	entries, err := list(ctx, s.reader(), scanOutcome, selectOutcome+" WHERE date >= ? AND state = ? ORDER BY date DESC, id LIMIT ?",
		from.String(), string(briefing.Unknown), int64(limit))
	if err != nil {
		return nil, fmt.Errorf("unknown briefings: %w", err)
	}
	return entries, nil
}

// LastDaily returns the daily entries from the date on whose hour has come, reader by reader, the newest first, without
// what is long.
func (s *Store) LastDaily(ctx context.Context, from briefing.Date) ([]briefing.Entry, error) {
	entries, err := list(ctx, s.reader(), scanOutcome, selectOutcome+" WHERE date >= ? AND slot = ? AND due_at <= ? ORDER BY reader_id, date DESC",
		from.String(), string(briefing.DailySlot), ms(s.now()))
	if err != nil {
		return nil, fmt.Errorf("last briefings: %w", err)
	}
	return entries, nil
}

const selectOutcome = "SELECT id, reader_id, date, state, status, reason, due_at FROM achim_entry"

func scanOutcome(row scanner) (briefing.Entry, error) {
	var e briefing.Entry
	var date string
	if err := row.Scan(&e.ID, &e.Reader, &date, &e.State, &e.Status, &e.Reason, instant{&e.DueAt}); err != nil {
		return e, err
	}
	var err error
	e.Date, err = briefing.ParseDate(date)
	return e, err
}
