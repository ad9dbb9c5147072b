package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"achim/briefing"
	"achim/internal/app"
)

func (c *cli) runs() *cobra.Command {
	cmd := &cobra.Command{Use: "runs", Short: "What ran, for whom, and how it went"}
	cmd.AddCommand(c.runsList(), c.runsShow(), c.runsResolve())
	return cmd
}

func (c *cli) runsList() *cobra.Command {
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List runs, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				runs, err := a.Store.Runs(cmd.Context(), briefing.RunFilter{Limit: limit})
				if err != nil {
					return err
				}
				if asJSON {
					return c.printJSON(map[string]any{"runs": append([]briefing.Run{}, runs...)})
				}
				table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "RUN\tKIND\tSTARTED\tCOMPLETE\tDEGRADED\tSKIPPED\tFAILED\tUNKNOWN")
				for _, run := range runs {
					n := run.Counts()
					fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", run.ID, run.Kind,
						run.StartedAt.In(a.Config.Timezone).Format(time.DateTime), n.Complete, n.Degraded, n.Skipped, n.Failed, n.Unknown)
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *cli) runsShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show RUN", Short: "Show one run, reader by reader", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				run, err := a.Store.Run(cmd.Context(), briefing.RunID(args[0]))
				if err != nil {
					return err
				}
				if asJSON {
					return c.printJSON(run)
				}
				names, err := a.Names(cmd.Context())
				if err != nil {
					return err
				}
				return printRun(c.out, run, names)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *cli) runsResolve() *cobra.Command {
	var delivered, resend bool
	cmd := &cobra.Command{
		Use: "resolve BRIEFING", Short: "Settle a briefing of which Slack did not say whether it was posted", Args: cobra.ExactArgs(1),
		Long: lines(
			"Look into the reader's DM first. --delivered records that the message stands there; --resend posts",
			"it again. Only a briefing whose state is unknown can be settled."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				entry, err := a.Resolve(cmd.Context(), briefing.EntryID(args[0]), delivered)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.out, "%s is now %s\n", entry.ID, entry.State)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&delivered, "delivered", false, "the message is there")
	cmd.Flags().BoolVar(&resend, "resend", false, "it is not: post it again")
	cmd.MarkFlagsOneRequired("delivered", "resend")
	cmd.MarkFlagsMutuallyExclusive("delivered", "resend")
	return cmd
}
