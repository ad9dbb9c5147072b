package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"achim/briefing"
	"achim/internal/app"
)

const rolePreparer = "preparer"

// readersVariable tells the preparer how many briefings there are to be.
const readersVariable = "ACHIM_BENCH_READERS"

// preparing is how many briefings are prepared at once.
const preparing = 4

// prepareAll prepares everybody's briefing in another process, which has ended when this returns: what is
// measured is a program that finds them in the ledger.
func prepareAll(ctx context.Context, env []string, folder string, readers int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := command(ctx, self, rolePreparer)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, os.Stderr, os.Stderr
	cmd.Env = append(env, readersVariable+"="+strconv.Itoa(readers))
	return cmd.Run()
}

// playPreparer plans and prepares everybody's briefing with the program's own planner and pipeline. The sources are
// read once, for the first reader; the others get the same.
func playPreparer(ctx context.Context) (err error) {
	readers, err := strconv.Atoi(os.Getenv(readersVariable))
	if err != nil {
		return err
	}
	if err := os.Unsetenv(readersVariable); err != nil {
		return err
	}
	cfg, err := app.LoadConfig("")
	if err != nil {
		return err
	}
	a, err := app.New(ctx, app.Options{Config: cfg, Version: "bench"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Stop(ctx)) }()
	for i, source := range a.Pipeline.Sources {
		a.Pipeline.Sources[i] = &readOnce{Source: source}
	}
	if _, err := a.Planner.Tick(ctx); err != nil {
		return err
	}
	due, _, err := a.Store.DueEntries(ctx, a.Pipeline.Now(), 2*readers)
	if err != nil {
		return err
	}
	if len(due) != readers {
		return fmt.Errorf("%d of %d briefings were planned", len(due), readers)
	}
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(preparing)
	for _, d := range due {
		group.Go(func() error { return prepareOne(working, a, d) })
	}
	return group.Wait()
}

// prepareOne prepares an entry. One that is not complete would measure something else.
func prepareOne(ctx context.Context, a *app.App, d briefing.Due) error {
	if err := a.Pipeline.Work(ctx, d.ID, d.Epoch); err != nil {
		return err
	}
	e, err := a.Store.Entry(ctx, d.ID)
	if err == nil && (e.State != briefing.Prepared || e.Status != briefing.Complete || e.ChannelID == "") {
		err = fmt.Errorf("the briefing of reader %s is %s and %s", e.Reader, e.State, e.Status)
	}
	return err
}

// readOnce is a source that is read for whoever comes first.
type readOnce struct {
	briefing.Source
	once    sync.Once
	section briefing.Section
	err     error
}

// Fetch implements briefing.Source.
func (r *readOnce) Fetch(ctx context.Context, req briefing.Request) (briefing.Section, error) {
	r.once.Do(func() { r.section, r.err = r.Source.Fetch(ctx, req) })
	return r.section, r.err
}
