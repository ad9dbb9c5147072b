package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"achim/briefing"
	"achim/internal/app"
)

func (c *cli) runs() *cobra.Command {
	return group(&cobra.Command{
		Use: "runs", Short: "What ran, for whom, and how it went",
		Long: lines(
			"A run is one trigger (the schedule, a catch-up, a person, a mend) and the briefings it touched."),
		Example: "  achim runs list\n  achim runs show tiw63zc5qzfjdhm2mbnnkgq4ja",
	}, c.runsList(), c.runsShow(), c.runsResolve())
}

func (c *cli) runsList() *cobra.Command {
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List runs, the newest first", Args: noArgs,
		Example: "  achim runs list --limit 5\n  achim runs list --json | jq '.runs[0].counts'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usagef("--limit: %d is not 1 or more", limit)
			}
			return c.with(cmd.Context(), func(a *app.App) error {
				runs, err := a.Runs().Runs(cmd.Context(), briefing.RunFilter{Limit: limit})
				if err != nil {
					return err
				}
				if asJSON {
					return c.printJSON(map[string]any{"runs": append([]briefing.Run{}, runs...)})
				}
				return c.printRuns(runs, a.Config.Timezone)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printRuns prints a line a run.
func (c *cli) printRuns(runs []briefing.Run, zone *time.Location) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(c.out, "Nothing has run yet: achim run briefs now.")
		return err
	}
	var t table
	t.row("RUN", "KIND", "STARTED", "TOOK", "RESULT")
	for _, run := range runs {
		took := "running"
		if run.Finished() {
			took = run.FinishedAt.Sub(run.StartedAt).Round(100 * time.Millisecond).String()
		}
		t.row(string(run.ID), string(run.Kind), run.StartedAt.In(zone).Format(time.DateTime), took, result(run))
	}
	return t.print(c.out)
}

func (c *cli) runsShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show RUN", Short: "Show one run, reader by reader", Args: oneArg,
		Example: "  achim runs show tiw63zc5qzfjdhm2mbnnkgq4ja",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				run, err := a.Runs().Run(cmd.Context(), briefing.RunID(args[0]))
				if errors.Is(err, briefing.ErrNotFound) {
					return usagef("there is no run %q (achim runs list shows the last ones)", args[0])
				}
				if err != nil {
					return err
				}
				return c.showRun(cmd.Context(), a, run, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON")
	return cmd
}

func (c *cli) runsResolve() *cobra.Command {
	var delivered, resend, asJSON bool
	cmd := &cobra.Command{
		Use: "resolve BRIEFING", Short: "Settle a briefing of which Slack did not say whether it was posted", Args: oneArg,
		Long: lines(
			"Look into the reader's DM first. --delivered records that the message stands there; --resend posts",
			"it again. Only a briefing whose state is unknown can be settled; achim runs show RUN --json has its",
			"briefing_id."),
		Example: "  achim runs resolve h52zmlkokj7tfpanl2nxs3qqvc --delivered",
		RunE: func(cmd *cobra.Command, args []string) error {
			if delivered == resend {
				return usagef("say what you found in the DM: --delivered (the message is there) or --resend (it is not)")
			}
			return c.with(cmd.Context(), func(a *app.App) error {
				entry, err := a.Resolve(cmd.Context(), briefing.EntryID(args[0]), delivered)
				if errors.Is(err, briefing.ErrNotFound) {
					return usagef("there is no briefing %q (achim runs show RUN --json names them)", args[0])
				}
				if err != nil {
					return err
				}
				if asJSON {
					return c.printJSON(briefing.ViewEntry(entry))
				}
				_, err = fmt.Fprintf(c.out, "%s is now %s%s\n", entry.ID, entry.State, next(entry.State))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&delivered, "delivered", false, "the message is there")
	cmd.Flags().BoolVar(&resend, "resend", false, "it is not: post it again")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the briefing's state as JSON")
	return cmd
}

// next says what becomes of an entry that was settled.
func next(state briefing.State) string {
	if state == briefing.Planned {
		return ": serve posts it now, or the next achim run"
	}
	return ""
}
