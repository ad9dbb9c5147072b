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
		Use: "serve", Short: "Run the service: schedule, engine and HTTP", Args: noArgs,
		Long: lines(
			"Runs until SIGTERM or Ctrl-C, then finishes what is under way and exits 0; a second Ctrl-C does not",
			"wait. What was missed while it was down is caught up within the grace (3h), later it is recorded as",
			"missed.",
			"",
			"Needs CRON_SECRET, SLACK_BOT_TOKEN and a Google client (GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET,",
			"or GOOGLE_CREDENTIALS_FILE). ACHIM_ADDR says where it listens (127.0.0.1:8001), ACHIM_PUBLIC_URL how",
			"phones reach it. configs/achim.example.yaml lists everything that can be set."),
		Example: lines(
			"  achim serve",
			"  ACHIM_ADDR=127.0.0.1:9000 achim serve --config /etc/achim/achim.yaml",
			"  curl -X POST -H \"Authorization: Bearer $CRON_SECRET\" http://127.0.0.1:8001/api/cron/daily-summary"),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.runServe(cmd.Context()) },
	}
}

func (c *cli) runServe(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if err := cfg.CheckServe(); err != nil {
		return usage{err}
	}
	a, err := c.open(ctx, cfg, app.Logger(c.err.w, cfg), false)
	if err != nil {
		return stoppedEarly(ctx, err)
	}
	for _, warning := range cfg.Warnings() {
		a.Logger.WarnContext(ctx, "configuration works, and could be better", "warning", warning)
	}
	a.CheckSlack(ctx)
	if err := a.Start(ctx); err != nil {
		return errors.Join(stoppedEarly(ctx, err), stop(ctx, a))
	}
	a.Logger.InfoContext(ctx, "serving", "address", a.Addr(), "public_url", cfg.PublicURL, "version", version)
	select {
	case <-ctx.Done():
		a.Logger.InfoContext(ctx, "stopping: finishing what is under way")
	case err = <-a.Failed():
		err = fmt.Errorf("a part has ended by itself: %w", err)
	}
	return errors.Join(err, stop(ctx, a))
}

// stoppedEarly forgives what failed only because it was told to stop while it was starting.
func stoppedEarly(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (c *cli) migrate() *cobra.Command {
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database up to date", Args: noArgs,
		Long: lines(
			"Applies what this version needs to the database of DATABASE_URL (postgres://USER:PASSWORD@HOST/DB or",
			"sqlite:PATH; default sqlite:achim.db). May be run twice, and on several machines at once. --dry-run",
			"prints what would be applied and changes nothing. A SQLite file is also brought up to date by every",
			"other command; a PostgreSQL database, which may be somebody's main one, by this command alone."),
		Example: "  achim migrate --dry-run\n  DATABASE_URL=postgres://achim:…@db.example/main_db achim migrate",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.config()
			if err != nil {
				return err
			}
			steps, err := app.Migrate(cmd.Context(), cfg, dry)
			if err != nil {
				return err
			}
			if asJSON {
				return c.printJSON(map[string]any{"dry_run": dry, "migrations": append([]string{}, steps...)})
			}
			c.printMigrations(steps, dry)
			return nil
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "print what would be applied, change nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
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
