package main

import (
	"github.com/spf13/cobra"

	"achim/internal/app"
)

func (c *cli) demo() *cobra.Command {
	var keep, once bool
	cmd := &cobra.Command{
		Use: "demo", Short: "See it work: everything, with stand-ins for Google, Slack and news", Args: noArgs,
		Long: lines(
			"Starts Achim with stand-ins for Google, Slack and news feeds in the same process and a fresh",
			"temporary database, runs today's briefing for four invented readers, and prints each DM. It ignores",
			"every credential, database and upstream setting, so it can never write to anyone.",
			"",
			"In a terminal it keeps serving until Ctrl-C: open the page it names, press the reconnect control,",
			"and watch the briefing mend. Without a terminal it ends after the briefing."),
		Example: "  achim demo\n  achim demo --once | less -R",
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := app.RunDemo(cmd.Context(), app.DemoOptions{
				Out: c.screen, Version: version, Keep: keep || (isTerminal(c.screen) && !once),
				Width: terminalWidth(c.screen), Color: colored(c.screen),
			})
			return stoppedEarly(cmd.Context(), err) // Ctrl-C is how a demo ends
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep serving until Ctrl-C, also without a terminal")
	cmd.Flags().BoolVar(&once, "once", false, "end after the briefing, also in a terminal")
	cmd.MarkFlagsMutuallyExclusive("keep", "once")
	return cmd
}
