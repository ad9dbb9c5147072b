package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

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

// day reads --date; zero when it was not given.
func (a asked) day() (briefing.Date, error) {
	if a.date == "" {
		return briefing.Date{}, nil
	}
	date, err := briefing.ParseDate(a.date)
	if err != nil {
		return briefing.Date{}, usagef("--date: %w", err)
	}
	return date, nil
}

func (c *cli) run() *cobra.Command {
	var ask asked
	cmd := &cobra.Command{
		Use: "run", Short: "Brief now", Args: noArgs,
		Long: lines(
			"Does what POST /api/cron/daily-summary does: briefs now, once a reader and date. A briefing that",
			"was delivered already is skipped, a degraded one is mended in place. Beside a running serve on the",
			"same SQLite file, serve does the work and this command waits for it. Ctrl-C ends the waiting: what",
			"is under way is finished, the rest goes on in serve.",
			"",
			"Exit status: 0 fine, 3 at least one degraded, 1 failed or unknown, 2 bad arguments."),
		Example: lines(
			"  achim run                               everyone who is not paused",
			"  achim run --user haneul --dry-run       read and compose, print it, send nothing",
			"  achim run --user U012AB3CD --force      a new DM, whatever was delivered",
			"  achim run --json | jq '.counts'"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			date, err := ask.day()
			if err != nil {
				return err
			}
			req := briefing.TriggerRequest{Readers: ask.users, Date: date, Force: ask.force, DryRun: ask.dryRun}
			return c.with(cmd.Context(), func(a *app.App) error { return c.runNow(cmd.Context(), a, req, ask.json) })
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&ask.users, "user", nil, "`whom`: UUID, Slack id or name; repeat for several (default: everyone not paused)")
	f.StringVar(&ask.date, "date", "", "local `date`, such as 2026-11-20; another than today needs --force or --dry-run")
	f.BoolVar(&ask.force, "force", false, "send a new DM whatever was delivered before")
	f.BoolVar(&ask.dryRun, "dry-run", false, "read and compose, send nothing")
	f.BoolVar(&ask.json, "json", false, "print the run as JSON")
	return cmd
}

func (c *cli) runNow(ctx context.Context, a *app.App, req briefing.TriggerRequest, asJSON bool) error {
	run, err := a.RunNow(ctx, req, c.progress(asJSON, a.Config.Timezone))
	c.err.hide()
	if err != nil {
		return asUsage(err)
	}
	// Also after Ctrl-C: what has come of the run so far is told.
	if err := c.showRun(context.WithoutCancel(ctx), a, run, asJSON); err != nil {
		return err
	}
	if !run.Finished() {
		fmt.Fprintf(c.err, "achim: stopped waiting; the run goes on, in serve or when it starts: achim runs show %s\n", run.ID)
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

// printJSON prints v as the API does. What would steer a terminal is escaped in it, so that nothing of it is lost.
func (c *cli) printJSON(v any) error {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	return c.writeEscaped(text.String())
}

// writeEscaped writes JSON with what would steer a terminal escaped. Such a character can only stand in one of its texts.
func (c *cli) writeEscaped(text string) error {
	var out strings.Builder
	for _, r := range text {
		if steers(r) && r != '\n' {
			fmt.Fprintf(&out, "\\u%04x", r)
		} else {
			out.WriteRune(r)
		}
	}
	_, err := io.WriteString(c.out, out.String())
	return err
}

// asUsage marks faults of what was asked for as a matter of arguments.
func asUsage(err error) error {
	if fault := app.FieldFault(err); fault != nil {
		return usage{fault}
	}
	return err
}

func (c *cli) preview() *cobra.Command {
	var ask asked
	var user string
	cmd := &cobra.Command{
		Use: "preview --user WHO", Short: "Show a reader's briefing in the terminal, send nothing", Args: noArgs,
		Long: lines(
			"Reads the reader's sources now, composes the briefing and draws it as Slack would. Nothing is sent or",
			"remembered: the reader's next briefing is as if this had not been. Exit status 0, degraded or not."),
		Example: "  achim preview --user haneul\n  achim preview --user haneul --json | jq -r .text",
		RunE: func(cmd *cobra.Command, _ []string) error {
			date, err := ask.day()
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), func(a *app.App) error {
				b, err := a.Preview(cmd.Context(), user, date)
				if err != nil {
					return asUsage(err)
				}
				if ask.json {
					return c.printJSON(a.PreviewView(b))
				}
				return a.Print(c.screen, b, terminalWidth(c.screen), colored(c.screen))
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&user, "user", "", "`whose`: UUID, Slack id or name")
	f.StringVar(&ask.date, "date", "", "local `date`, such as 2026-11-20 (default: the reader's today)")
	f.BoolVar(&ask.json, "json", false, "print JSON: sections, text and Slack's blocks")
	must(cmd.MarkFlagRequired("user"))
	return cmd
}
