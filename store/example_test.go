package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"achim/briefing"
	"achim/store"
)

// A fresh database is opened, then migrated; both may be done by any number of processes at once.
func ExampleOpen() {
	folder, err := os.MkdirTemp("", "achim")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(folder, "achim.db"), store.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = s.Close() }()
	applied, err := s.Migrate(ctx)
	fmt.Println(applied[0], err) // and those after it
	pending, err := s.Pending(ctx)
	fmt.Println(len(pending), err)
	// Output:
	// 00001_first.sql <nil>
	// 0 <nil>
}

// Whatever a worker writes is fenced: once somebody else has reopened the entry, it misses.
func ExampleStore_Advance() {
	folder, err := os.MkdirTemp("", "achim")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	ctx, now := context.Background(), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(folder, "achim.db"), store.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}

	e, err := s.Advance(ctx, briefing.Step{Entry: briefing.Entry{
		ID: "entry", Reader: "00000000-0000-4000-8000-000000000001", Date: briefing.DateOf(now, time.UTC), Slot: briefing.DailySlot,
		State: briefing.Planned, DueAt: now, NextAt: now,
	}})
	fmt.Println("planned:", e.Epoch, err)
	mine, err := s.Claim(ctx, e.ID, e.Epoch, "worker", now, now.Add(time.Minute))
	fmt.Println("claimed:", mine.Epoch, mine.Owner, err)
	reopened, err := s.Advance(ctx, briefing.Step{Entry: mine, From: briefing.Planned, Reopen: true})
	fmt.Printf("reopened: %d %q %v\n", reopened.Epoch, reopened.Owner, err)
	mine.State = briefing.Prepared
	_, err = s.Advance(ctx, briefing.Step{Entry: mine, From: briefing.Planned})
	fmt.Println("the worker is late:", errors.Is(err, briefing.ErrFenced))
	// Output:
	// planned: 0 <nil>
	// claimed: 1 worker <nil>
	// reopened: 2 "" <nil>
	// the worker is late: true
}
