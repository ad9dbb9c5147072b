package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"achim/internal/app"
)

// cli is what all commands share.
type cli struct {
	out, err   io.Writer
	configPath string
	started    bool // a command has begun: what fails from here on is not a matter of flags
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "achim",
		Short: "One briefing every morning in Slack: mail, calendar and news, honest about what is missing",
		Long: `Achim gathers each reader's Gmail, Google Calendar and news and puts one briefing into
their Slack DM at their hour. What could not be read is named in it, with the button that
mends it, and the message is completed in place once it is mended.

First look, nothing needed:   achim demo
Set up for real:              achim migrate; achim users add …; achim serve
                              (README.md shows every step)

Exit status: 0 fine; 1 failed or unknown; 2 flags, arguments or configuration;
3 nothing failed, but at least one briefing is degraded.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) {
			c.started = true
		},
	}
	root.PersistentFlags().StringVar(&c.configPath, "config", "", "YAML file (default: $ACHIM_CONFIG, else achim.yaml if there is one)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage{fmt.Errorf("%w\nSee '%s --help'", err, cmd.CommandPath())}
	})
	root.AddCommand(c.serve(), c.demo(), c.run(), c.preview(), c.users(), c.connect(), c.runs(), c.migrate(), c.versionCommand())
	return root
}

// open wires the app from file and environment. The caller closes it.
func (c *cli) open(ctx context.Context, tune ...func(*app.Options)) (*app.App, error) {
	cfg, err := app.LoadConfig(c.configPath)
	if err != nil {
		return nil, usage{err}
	}
	options := app.Options{Config: cfg, Version: version, Logger: app.Logger(c.err, cfg)}
	for _, t := range tune {
		t(&options)
	}
	a, err := app.New(ctx, options)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// with opens the app, runs f and closes the app again.
func (c *cli) with(ctx context.Context, f func(*app.App) error) error {
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(a), stop(ctx, a))
}

// stop takes the app down within the time a service manager allows.
func stop(ctx context.Context, a *app.App) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
	defer cancel()
	return a.Stop(ctx)
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.out, "achim", version)
			return err
		},
	}
}

// lines joins lines of help.
func lines(l ...string) string { return strings.Join(l, "\n") }
