package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"achim/internal/app"
)

func (c *cli) serve() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the service: schedule, engine and HTTP", Args: cobra.NoArgs,
		Long: lines(
			"Runs until SIGTERM or Ctrl-C, then finishes what is under way and exits 0. What was missed while",
			"it was down is caught up within the grace (3h), later it is recorded as missed.",
			"",
			"Needs CRON_SECRET, SLACK_BOT_TOKEN and a Google client (GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET,",
			"or GOOGLE_CREDENTIALS_FILE). configs/achim.example.yaml lists everything that can be set."),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.runServe(cmd.Context()) },
	}
}

func (c *cli) runServe(ctx context.Context) error {
	cfg, err := app.LoadConfig(c.configPath)
	if err != nil {
		return usage{err}
	}
	if err := cfg.CheckServe(); err != nil {
		return usage{err}
	}
	a, err := c.open(ctx)
	if err != nil {
		return err
	}
	for _, warning := range cfg.Warnings() {
		a.Logger.Warn(warning)
	}
	a.CheckSlack(ctx)
	if err := a.Start(ctx); err != nil {
		return errors.Join(err, stop(ctx, a))
	}
	a.Logger.Info("serving", "address", a.Addr(), "public_url", cfg.PublicURL, "version", version)
	select {
	case <-ctx.Done():
		a.Logger.Info("stopping: finishing what is under way")
	case err = <-a.Failed():
		err = fmt.Errorf("a part has ended by itself: %w", err)
	}
	return errors.Join(err, stop(ctx, a))
}

func (c *cli) migrate() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database up to date", Args: cobra.NoArgs,
		Long: lines(
			"Applies what this version needs to the database of DATABASE_URL. May be run twice, and on several",
			"machines at once. --dry-run prints what would be applied and changes nothing."),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := app.LoadConfig(c.configPath)
			if err != nil {
				return usage{err}
			}
			steps, err := app.Migrate(cmd.Context(), cfg, dry)
			if err != nil {
				return err
			}
			c.printMigrations(steps, dry)
			return nil
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "print what would be applied, change nothing")
	return cmd
}

func (c *cli) printMigrations(steps []string, dry bool) {
	if len(steps) == 0 {
		fmt.Fprintln(c.out, "up to date")
		return
	}
	verb := "applied"
	if dry {
		verb = "would apply"
	}
	for _, step := range steps {
		fmt.Fprintln(c.out, verb, step)
	}
}
