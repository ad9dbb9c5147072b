package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"achim/briefing"
	"achim/internal/app"
)

// asked is what run and preview are asked for.
type asked struct {
	users  []string
	date   string
	force  bool
	dryRun bool
	json   bool
}

func (c *cli) run() *cobra.Command {
	var ask asked
	cmd := &cobra.Command{
		Use: "run", Short: "Brief now", Args: cobra.NoArgs,
		Long: lines(
			"Does what POST /api/cron/daily-summary does: briefs now, once a reader and date. A briefing that",
			"was delivered already is skipped, a degraded one is mended in place. Beside a running serve on the",
			"same SQLite file, serve does the work and this command waits for it.",
			"",
			"Exit status: 0 fine, 3 at least one degraded, 1 failed or unknown, 2 bad arguments."),
		Example: "  achim run\n  achim run --user haneul --dry-run\n  achim run --user U012AB3CD --force",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error { return c.runNow(cmd, a, ask) })
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&ask.users, "user", nil, "whom: UUID, Slack id or name; repeat for several (default: everyone not paused)")
	f.StringVar(&ask.date, "date", "", "local date, such as 2026-11-20; another than today needs --force or --dry-run")
	f.BoolVar(&ask.force, "force", false, "send a new DM whatever was delivered before")
	f.BoolVar(&ask.dryRun, "dry-run", false, "read and compose, send nothing")
	f.BoolVar(&ask.json, "json", false, "print the run as JSON")
	return cmd
}

func (c *cli) runNow(cmd *cobra.Command, a *app.App, ask asked) error {
	req := briefing.TriggerRequest{Readers: ask.users, Force: ask.force, DryRun: ask.dryRun}
	if ask.date != "" {
		date, err := briefing.ParseDate(ask.date)
		if err != nil {
			return usage{fmt.Errorf("--date: %w", err)}
		}
		req.Date = date
	}
	show := c.progress(ask.json)
	run, err := a.RunNow(cmd.Context(), req, show.update)
	show.end()
	if err != nil {
		return asUsage(err)
	}
	names, err := a.Names(cmd.Context())
	if err != nil {
		return err
	}
	if ask.json {
		err = c.printJSON(run)
	} else {
		err = printRun(c.out, run, names)
	}
	if err != nil {
		return err
	}
	if !run.Finished() {
		fmt.Fprintf(c.err, "achim: stopped waiting; the run goes on, see: achim runs show %s\n", run.ID)
		return exit{exitFailed}
	}
	return verdictOf(run)
}

// verdictOf turns what a run came to into the exit status.
func verdictOf(run briefing.Run) error {
	counts := run.Counts()
	switch {
	case counts.Failed > 0 || counts.Unknown > 0:
		return exit{exitFailed}
	case counts.Degraded > 0:
		return exit{exitDegraded}
	}
	return nil
}

// printRun prints a run for people: a line a reader, then the counts.
func printRun(w io.Writer, run briefing.Run, names map[briefing.ReaderID]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range run.Readers {
		outcome := string(r.Outcome)
		if r.Outcome == briefing.OutcomePending {
			outcome = "under way"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", nameOf(names, r.Reader), outcome, r.Status, detail(r))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range run.Readers {
		if r.Text != "" {
			fmt.Fprintf(w, "\n── %s ──\n%s\n", nameOf(names, r.Reader), r.Text)
		}
	}
	n := run.Counts()
	_, err := fmt.Fprintf(w, "%d complete, %d degraded, %d skipped, %d failed, %d unknown · run %s\n",
		n.Complete, n.Degraded, n.Skipped, n.Failed, n.Unknown, run.ID)
	return err
}

// detail says why, source by source, in the order of their names.
func detail(r briefing.RunReader) string {
	var parts []string
	if r.Reason != "" {
		parts = append(parts, string(r.Reason))
	}
	for source, v := range r.Verdicts {
		if !v.Whole() {
			parts = append(parts, fmt.Sprintf("%s %s: %s", source, v.State, v.Reason))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func nameOf(names map[briefing.ReaderID]string, id briefing.ReaderID) string {
	if name := names[id]; name != "" {
		return name
	}
	return string(id)
}

// printJSON prints v as the API does.
func (c *cli) printJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// asUsage marks faults of what was asked for as a matter of arguments.
func asUsage(err error) error {
	if fault, ok := app.FieldFault(err); ok {
		return usage{fault}
	}
	return err
}

func (c *cli) preview() *cobra.Command {
	var ask asked
	var user string
	cmd := &cobra.Command{
		Use: "preview --user WHO", Short: "Show a reader's briefing in the terminal, send nothing", Args: cobra.NoArgs,
		Example: "  achim preview --user haneul",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				var date briefing.Date
				if ask.date != "" {
					var err error
					if date, err = briefing.ParseDate(ask.date); err != nil {
						return usage{fmt.Errorf("--date: %w", err)}
					}
				}
				b, err := a.Preview(cmd.Context(), user, date)
				if err != nil {
					return asUsage(err)
				}
				if ask.json {
					return c.printJSON(b)
				}
				return a.Print(c.out, b, terminalWidth(c.out))
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&user, "user", "", "whose: UUID, Slack id or name")
	f.StringVar(&ask.date, "date", "", "local date (default: the reader's today)")
	f.BoolVar(&ask.json, "json", false, "print the composed briefing as JSON")
	must(cmd.MarkFlagRequired("user"))
	return cmd
}
