package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"achim/internal/app"
)

func (c *cli) doctor() *cobra.Command {
	var users []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what is wrong with the installation, and what mends it", Args: noArgs,
		Long: lines(
			"Looks at database, addresses, secrets, Google client and every connection, Slack token, scopes and",
			"readers, feeds, alarms and the last mornings, and says of each thing that is not as it should be what",
			"to do. It changes nothing and writes to nobody; whatever one check meets, the others are made.",
			"docs/doctor.md explains every finding.",
			"",
			"Exit status: 0 nothing has to be done (there may be warnings), 1 something has, 2 the configuration",
			"cannot be read."),
		Example: lines(
			"  achim doctor",
			"  achim doctor --user haneul                       the connection, DM and feeds of one reader",
			"  achim doctor --json | jq '.findings[] | select(.level == \"error\")'"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.config()
			if err != nil {
				return err
			}
			report, err := app.Examine(cmd.Context(), app.ExamineOptions{Config: cfg, Readers: users, Progress: c.examined})
			c.err.hide()
			if err != nil {
				return asUsage(err)
			}
			return c.showReport(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&users, "user", nil, "`whom` to look at: UUID, Slack id or name; repeat for several (default: everybody)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// showReport prints what was found, and ends with 1 when something has to be done.
func (c *cli) showReport(report app.Report, asJSON bool) error {
	var err error
	if asJSON {
		err = c.printJSON(report)
	} else {
		err = app.PrintReport(c.out, report)
	}
	if err == nil && !report.OK {
		err = exit{exitFailed}
	}
	return err
}

// examined shows how far an examination is, and what it waits for.
func (c *cli) examined(done, of int, waiting []string) {
	const most = 2 // names that fit into a line
	names := strings.Join(waiting[:min(len(waiting), most)], ", ")
	if len(waiting) > most {
		names += " …"
	}
	if names != "" {
		names = ": waiting for " + names
	}
	c.err.show(fmt.Sprintf("%d of %d checks made%s", done, of, names))
}
