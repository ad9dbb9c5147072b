package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"achim/internal/app"
)

// cli is what all commands share.
type cli struct {
	in         io.Reader
	screen     io.Writer // standard output as it is, for what draws in it
	out        io.Writer // the same for all else: nothing in it steers a terminal
	err        *statusLine
	configPath string
	started    bool // a command has begun: what fails from here on is not the command line
}

const about = `Achim gathers each reader's Gmail, Google Calendar and news and puts one briefing into
their Slack DM at their hour. What could not be read is named in it, with the button that
mends it, and the message is completed in place once it is mended.

First look, nothing needed:   achim demo
Set up for real:              achim migrate
                              achim users add --name haneul --slack U012AB3CD
                              achim serve
                              achim connect --user haneul   (in another terminal)
                              (README.md shows every step)

Settings come from a YAML file and from environment variables, which win;
configs/achim.example.yaml lists them all. DATABASE_URL names the database, a file achim.db in
this folder by default.

Exit status: 0 fine; 1 failed or unknown; 2 flags, arguments or configuration;
3 nothing failed, but at least one briefing is degraded.`

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "achim",
		Short:             "One briefing every morning in Slack: mail, calendar and news, honest about what is missing",
		Long:              about,
		Version:           version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetVersionTemplate("achim {{.Version}}\n")
	root.PersistentFlags().StringVar(&c.configPath, "config", "", "YAML `file` (default: $ACHIM_CONFIG, else achim.yaml if there is one)")
	root.AddCommand(c.serve(), c.demo(), c.run(), c.preview(), c.users(), c.feeds(), c.connect(), c.tokens(), c.runs(), c.keys(), c.doctor(), c.migrate(), c.version(), c.completion())
	root.SetHelpCommand(c.help())
	c.watch(root)
	return root
}

// watch makes every command below cmd note that it has begun: cobra has checked arguments and flags then.
func (c *cli) watch(cmd *cobra.Command) {
	if begin := cmd.RunE; begin != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			c.started = true
			return begin(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		c.watch(sub)
	}
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, and there is %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// oneArg wants exactly one argument, called what the usage line calls it.
func oneArg(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s takes one argument, and there are %d", cmd.UseLine(), len(args))
	}
	return nil
}

// group makes a command that only holds others: alone it shows its help, and a name it does not know is an
// error.
func group(cmd *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(subs...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		err := fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
		}
		return err
	}
	cmd.SuggestionsMinimumDistance = 2
	return cmd
}

// config reads file and environment.
func (c *cli) config() (app.Config, error) {
	cfg, err := app.LoadConfig(c.configPath)
	if err != nil {
		return app.Config{}, usage{err}
	}
	return cfg, nil
}

// open wires the app, of serve or of a command beside it. The caller stops it.
func (c *cli) open(ctx context.Context, cfg app.Config, log *slog.Logger, beside bool) (*app.App, error) {
	return app.New(ctx, app.Options{Config: cfg, Version: version, Logger: log, Beside: beside})
}

// with opens the app, runs f and takes the app down again.
func (c *cli) with(ctx context.Context, f func(*app.App) error) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	a, err := c.open(ctx, cfg, slog.New(onceOnly(app.CommandLogger(c.err, cfg).Handler())), true)
	if err != nil {
		return err
	}
	err = f(a)
	stopped := stop(ctx, a)
	if _, told := errors.AsType[exit](err); told && stopped != nil {
		fmt.Fprintf(c.err, "achim: %v\n", stopped)
	}
	return errors.Join(err, stopped)
}

// stop takes the app down within the time a service manager allows.
func stop(ctx context.Context, a *app.App) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
	defer cancel()
	return a.Stop(ctx)
}

// lines joins lines of help.
func lines(l ...string) string { return strings.Join(l, "\n") }
