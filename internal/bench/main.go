// Bench measures what a briefing costs: it lets the real program brief a whole company against stand-ins in
// another process, on each database, and beside it a client that makes the same HTTP calls and does nothing
// else. Processor time is that of the measured process alone, read from the kernel just before the trigger
// and just after the run has finished, so that starting up is not counted. It writes to standard output and
// to a temporary folder that it removes.
//
// It needs Linux, whose /proc it reads, and for PostgreSQL a server in TEST_DATABASE_URL. `make bench`
// brings both the server and the program to measure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"
)

// size is how much there is to do.
type size struct {
	Readers   int
	Mails     int // in each inbox
	Calendars int // of each reader
	Meetings  int // of today in each calendar; each of the three days after has half as many
	Feeds     int // for all readers together
	Stories   int // in each feed
	// Opened: the readers' DMs are open, and all of them have the first one's mailbox.
	Opened bool
}

// options are the command line.
type options struct {
	size
	databases []string
	achim     string        // the program to measure
	profile   string        // folder for profiles; "" = measure the program as it is
	patience  time.Duration // with each measurement
	rate      int           // posts a minute when lateness is measured; 0 = no pace
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case interrupted && err != nil: // what the children said while they were stopped is of no interest
		os.Exit(130)
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// dispatch measures, or plays the part in which this program started itself once more.
func dispatch(ctx context.Context, args []string) error {
	if len(args) == 1 {
		if play, ok := roles()[args[0]]; ok {
			return play(ctx)
		}
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.Opened {
		all, err := measureLateness(ctx, o)
		if err != nil {
			return err
		}
		return showLateness(os.Stdout, o, all)
	}
	results, err := measure(ctx, o)
	if err != nil {
		return err
	}
	return show(os.Stdout, o, results)
}

// roles are the parts for which this program starts itself as another process.
func roles() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{roleStandIns: playStandIns, roleFloor: playFloor, roleProfiled: playProfiled, rolePreparer: playPreparer}
}

func parse(args []string) (options, error) {
	var o options
	var database string
	var late int
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.Readers, "readers", 1000, "readers briefed at once")
	flags.IntVar(&o.Mails, "mails", 20, "mails in each inbox")
	flags.IntVar(&o.Calendars, "calendars", 2, "calendars of each reader")
	flags.IntVar(&o.Feeds, "feeds", 6, "news feeds")
	flags.IntVar(&late, "late", 0, "measure instead how late the briefings of so many readers are that were prepared before their hour")
	flags.IntVar(&o.rate, "rate", 0, "posts a minute with -late, as delivery.rate_per_minute; 0 = no pace")
	flags.StringVar(&database, "db", "both", "sqlite, postgres or both; PostgreSQL is TEST_DATABASE_URL")
	flags.StringVar(&o.achim, "achim", "bin/achim", "the program to measure")
	flags.StringVar(&o.profile, "profile", "", "write CPU and allocation profiles of the same wiring into this folder, and measure that")
	flags.DurationVar(&o.patience, "patience", 10*time.Minute, "give up on a measurement after so long")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.Meetings, o.Stories = 6, 30
	if late > 0 {
		o.Readers, o.Opened = late, true
	}
	switch database {
	case "both":
		o.databases = []string{sqlite, postgres}
	case sqlite, postgres:
		o.databases = []string{database}
	default:
		return o, fmt.Errorf("-db %s: use sqlite, postgres or both", database)
	}
	if slices.Contains(o.databases, postgres) && os.Getenv(serverVariable) == "" {
		return o, fmt.Errorf("%s is not set, so there is no PostgreSQL to measure: use make bench, or -db sqlite", serverVariable)
	}
	if o.Readers < 1 || o.Mails < 0 || o.Calendars < 1 || o.Feeds < 1 || flags.NArg() > 0 {
		return o, errors.New("readers, calendars and feeds are at least 1, and there are no arguments but flags")
	}
	var err error
	o.achim, err = filepath.Abs(o.achim)
	return o, err
}

// measure takes the measurements one after the other: at once they would be in each other's way.
func measure(ctx context.Context, o options) (results []result, err error) {
	folder, err := os.MkdirTemp("", "achim-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	one := func(name string, take func(context.Context, standIns) (result, error)) error {
		ctx, cancel := context.WithTimeout(ctx, o.patience)
		defer cancel()
		fmt.Fprintf(os.Stderr, "bench: %s, %d readers\n", name, o.Readers)
		r, err := withStandIns(ctx, o.size, take)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.name = name
		results = append(results, r)
		return nil
	}
	for _, kind := range o.databases {
		err := one("achim on "+kind, func(ctx context.Context, s standIns) (result, error) {
			return briefEverybody(ctx, o, s, kind, filepath.Join(folder, kind))
		})
		if err != nil {
			return nil, err
		}
	}
	return results, one("the HTTP calls alone", callOnly)
}

// show writes the table.
func show(w io.Writer, o options, results []result) error {
	fmt.Fprintf(w, "%d readers, %d mails, %d calendars, %d feeds; %d cores, %s\n\n",
		o.Readers, o.Mails, o.Calendars, o.Feeds, runtime.NumCPU(), runtime.Version())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "per briefing:\tCPU ms\tuser\tsys\tKiB allocated\tobjects\tHTTP calls\tall: wall s\tpeak RSS MiB\t")
	for _, r := range results {
		n := float64(o.Readers)
		perBriefing := func(d time.Duration) float64 { return d.Seconds() * 1000 / n }
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t%.1f\t%.1f\t%.0f\t\n", r.name,
			perBriefing(r.user+r.sys), perBriefing(r.user), perBriefing(r.sys),
			r.allocated/n/1024, r.objects/n, float64(r.calls)/n, r.wall.Seconds(), float64(r.peak)/(1<<20))
	}
	return table.Flush()
}
