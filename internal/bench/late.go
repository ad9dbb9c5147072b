package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"achim/internal/standin"
	"achim/store"
)

const (
	prepareLead  = time.Hour              // everything is prepared as soon as it is planned
	startAhead   = 12 * time.Second       // what the program has for its start, before the hour
	prepareEach  = 3 * time.Millisecond   // for preparing a briefing beforehand, on a busy machine
	lookForPosts = 100 * time.Millisecond // between two questions how many have come
)

// lateness is what one morning has shown.
type lateness struct {
	name   string
	posts  []time.Duration // from the hour to each post's arrival, in order; of the floor, from its start
	all    time.Duration   // from the hour until everything was committed
	spent  result          // from the hour until then; the program alone
	paced  time.Duration   // what Slack's limit alone would take; 0 without one
	commit bool            // whether all means anything
}

// measureLateness lets the program deliver briefings that were prepared before the hour, on each database, and then
// a client post the same number of messages that does nothing else.
func measureLateness(ctx context.Context, o options) (all []lateness, err error) {
	folder, err := os.MkdirTemp("", "achim-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	kinds := append(slices.Clone(o.databases), "floor")
	for _, kind := range kinds {
		if kind == "floor" && o.rate > 0 {
			continue // the limit is what it is to be compared with
		}
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, o.patience)
			defer cancel()
			fmt.Fprintf(os.Stderr, "bench: lateness, %s, %d readers\n", kind, o.Readers)
			_, err := withStandIns(ctx, o.size, func(ctx context.Context, s standIns) (r result, err error) {
				var l lateness
				if kind == "floor" {
					l, err = postOnly(ctx, s)
				} else {
					l, err = deliverPrepared(ctx, o, s, kind, filepath.Join(folder, kind))
				}
				all = append(all, l)
				return r, err
			})
			return err
		}()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	return all, nil
}

// deliverPrepared prepares everybody's briefing for the next hour that leaves time for that, starts the program, and
// watches what arrives at Slack from then on.
func deliverPrepared(ctx context.Context, o options, s standIns, kind, folder string) (l lateness, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return l, err
	}
	db, err := newDatabase(ctx, kind, folder)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, db.drop(context.WithoutCancel(ctx))) }()
	if err := db.fill(ctx, s); err != nil {
		return l, fmt.Errorf("fill the database: %w", err)
	}
	hour := time.Now().Add(startAhead + time.Duration(o.Readers)*prepareEach).Truncate(time.Minute).Add(time.Minute)
	settings := filepath.Join(folder, "achim.yaml")
	if err := os.WriteFile(settings, settingsAt(hour.In(seoul()), o.rate, s.FeedURLs), 0o600); err != nil {
		return l, err
	}
	addr, err := standin.FreeAddr(ctx)
	if err != nil {
		return l, err
	}
	env := environment(s.place, db.url, addr, settings)
	if err := prepareAll(ctx, env, folder, o.Readers); err != nil {
		return l, fmt.Errorf("prepare: %w", err)
	}
	if time.Until(hour) < startAhead/2 {
		return l, errors.New("preparing has taken too long: it is nearly the hour")
	}
	a, err := launchWith(ctx, o, env, folder)
	if err != nil {
		return l, err
	}
	defer func() {
		if err = errors.Join(err, a.end()); err != nil {
			err = fmt.Errorf("%w\n%s", err, a.lastWords())
		}
	}()
	if l, err = a.morning(ctx, s, db.url, hour); err != nil {
		return l, err
	}
	l.name = "achim on " + kind
	if o.rate > 0 {
		burst := max(20, o.rate/60)
		l.paced = time.Duration(max(0, o.Readers-burst)) * time.Minute / time.Duration(o.rate)
	}
	return l, nil
}

// morning waits for the hour and until everybody's briefing has arrived and was committed.
func (a *server) morning(ctx context.Context, s standIns, url string, hour time.Time) (l lateness, err error) {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	select {
	case <-time.After(time.Until(hour) - time.Second):
	case <-ctx.Done():
		return l, ctx.Err()
	}
	before, err := used(a.cmd.Process.Pid)
	if err != nil {
		return l, err
	}
	for pending := 1; pending > 0; {
		select {
		case <-time.After(lookForPosts):
		case <-ctx.Done():
			return l, fmt.Errorf("%w: %d readers are still waited for", ctx.Err(), pending)
		}
		var posted int
		if err := s.ask(wordPosted, &posted); err != nil {
			return l, err
		}
		if posted < s.Readers {
			continue
		}
		if pending, err = db.PendingReaders(ctx); err != nil {
			return l, err
		}
	}
	l.all = time.Since(hour)
	after, err := used(a.cmd.Process.Pid)
	if err != nil {
		return l, err
	}
	l.spent, l.commit = spent(before, after, l.all), true
	l.posts, err = s.arrivals(hour)
	return l, err
}

// arrivals returns how long after the given instant each reader's post came. That somebody got none or two is an error.
func (s standIns) arrivals(since time.Time) ([]time.Duration, error) {
	var came []int64
	if err := s.ask(wordArrivals, &came); err != nil {
		return nil, err
	}
	if len(came) != s.Readers {
		return nil, fmt.Errorf("%d posts for %d readers", len(came), s.Readers)
	}
	after := make([]time.Duration, len(came))
	for i, at := range came {
		after[i] = time.Unix(0, at).Sub(since)
	}
	slices.Sort(after)
	return after, nil
}

// percentile returns the value below which p of a hundred lie. The values are sorted.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, max(0, (len(sorted)*p+99)/100-1))]
}

// showLateness writes the table.
func showLateness(w io.Writer, o options, all []lateness) error {
	pace := "Slack's pace switched off"
	if o.rate > 0 {
		pace = fmt.Sprintf("%d posts a minute", o.rate)
	}
	fmt.Fprintf(w, "%d readers, prepared ahead, %s; %d cores, %s\n\n", o.Readers, pace, runtime.NumCPU(), runtime.Version())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "arrival after the hour, s:\tfirst\tp50\tp99\tlast\tall committed\tCPU ms each\tpeak RSS MiB\tthe limit alone\t")
	for _, l := range all {
		committed, limit := "-", "-"
		if l.commit {
			committed = fmt.Sprintf("%.2f", l.all.Seconds())
		}
		if l.paced > 0 {
			limit = fmt.Sprintf("%.2f (%+.1f %%)", l.paced.Seconds(), 100*(percentile(l.posts, 100).Seconds()/l.paced.Seconds()-1))
		}
		fmt.Fprintf(table, "%s\t%.3f\t%.2f\t%.2f\t%.2f\t%s\t%.2f\t%.0f\t%s\t\n", l.name, percentile(l.posts, 0).Seconds(), percentile(l.posts, 50).Seconds(),
			percentile(l.posts, 99).Seconds(), percentile(l.posts, 100).Seconds(), committed,
			(l.spent.user+l.spent.sys).Seconds()*1000/float64(o.Readers), float64(l.spent.peak)/(1<<20), limit)
	}
	return cmp.Or(table.Flush(), nil)
}
