package engine_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"achim/briefing"
)

// lease is how long a claim in a book lasts.
const lease = time.Second

// errAway is what a book answers whose database is away.
var errAway = errors.New("the database is away")

// page is an entry of a book.
type page struct {
	briefing.Due
	claimed time.Time // until when; zero = by nobody
	hidden  bool      // from those who look for what is due
}

// book is a ledger in memory. Entries want work at a time, and are gone once that was done.
type book struct {
	mu    sync.Mutex
	pages map[briefing.EntryID]*page
	fail  int // how many looks fail
	looks int
	done  []briefing.EntryID // in the order in which they were finished
}

func newBook(due ...briefing.Due) *book {
	b := &book{pages: map[briefing.EntryID]*page{}}
	for _, d := range due {
		b.put(d)
	}
	return b
}

// DueEntries implements engine.Store.
func (b *book) DueEntries(_ context.Context, now time.Time, limit int) ([]briefing.Due, time.Time, error) {
	due, err := b.look(now, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var next time.Time
	for _, p := range b.pages {
		if at := p.NextAt; !p.hidden && at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return due[:min(limit, len(due))], next, nil
}

// UpcomingEntries implements engine.UpcomingStore.
func (b *book) UpcomingEntries(_ context.Context, now, until time.Time, limit int) ([]briefing.Due, error) {
	due, err := b.look(now, until)
	return due[:min(limit, len(due))], err
}

func (b *book) look(now, until time.Time) ([]briefing.Due, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	if b.fail > 0 {
		b.fail--
		return nil, errAway
	}
	var due []briefing.Due
	for _, p := range b.pages {
		if !p.hidden && !p.NextAt.After(until) && !p.claimed.After(now) {
			due = append(due, p.Due)
		}
	}
	slices.SortFunc(due, func(a, b briefing.Due) int { return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.ID, b.ID)) })
	return due, nil
}

func (b *book) put(d briefing.Due) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[d.ID] = &page{Due: d}
}

// take removes an entry: it wants nothing any more.
func (b *book) take(id briefing.EntryID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pages, id)
	b.done = append(b.done, id)
}

// again makes an entry that is claimed want work at the time.
func (b *book) again(id briefing.EntryID, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[id]
	p.NextAt, p.claimed = at, time.Time{}
}

// claim makes the caller the entry's worker for the time of a lease, if it still stands at epoch.
func (b *book) claim(id briefing.EntryID, epoch int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, now := b.pages[id], time.Now()
	if p == nil || p.Epoch != epoch || p.claimed.After(now) {
		return false
	}
	p.Epoch++
	p.claimed = now.Add(lease)
	return true
}

// finished returns the entries that were finished so far.
func (b *book) finished() []briefing.EntryID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.done)
}

// finish is work that takes an entry to its end.
func (b *book) finish(_ context.Context, id briefing.EntryID, epoch int64) error {
	if b.claim(id, epoch) {
		b.take(id)
	}
	return nil
}

func due(id string, at time.Time) briefing.Due {
	return briefing.Due{ID: briefing.EntryID(id), Epoch: 1, State: briefing.Planned, NextAt: at}
}

// eventually waits for something that other goroutines do.
func eventually(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", within, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
