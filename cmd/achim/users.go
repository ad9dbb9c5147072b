package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"achim/briefing"
	"achim/internal/app"
)

func (c *cli) users() *cobra.Command {
	cmd := &cobra.Command{Use: "users", Short: "Who gets a briefing"}
	cmd.AddCommand(c.usersAdd(), c.usersList(), c.usersShow(), c.usersSet(), c.usersRemove())
	return cmd
}

// wishes are the flags that describe a reader.
type wishes struct {
	name, slack, email, timezone, at, language, notification, pausedUntil string
	weekdays, feeds                                                       []string
	pause, resume                                                         bool
}

func (w *wishes) flags(f *pflag.FlagSet) {
	f.StringVar(&w.name, "name", "", "how to call the reader, such as haneul")
	f.StringVar(&w.slack, "slack", "", "Slack member id, such as U012AB3CD (profile → ⋮ → Copy member ID)")
	f.StringVar(&w.email, "email", "", "Google address, to preselect the account when connecting")
	f.StringVar(&w.timezone, "timezone", "", `IANA zone, such as Asia/Seoul ("" = the default)`)
	f.StringVar(&w.at, "at", "", `local hour, such as 09:00 ("" = the default)`)
	f.StringVar(&w.language, "language", "", `ko or en ("" = the default)`)
	f.StringSliceVar(&w.weekdays, "weekdays", nil, `days with a briefing, such as mon,tue,wed,thu,fri ("" = the default)`)
	f.StringSliceVar(&w.feeds, "feed", nil, "news feed beside the team's; repeat for several")
	f.StringVar(&w.notification, "notification", "", "full, or private: phones show counts alone")
}

// apply puts the flags that were given onto r.
func (w *wishes) apply(f *pflag.FlagSet, r *briefing.Reader) error {
	for name, set := range map[string]func(){
		"name":         func() { r.Name = w.name },
		"slack":        func() { r.SlackUserID = w.slack; r.SlackChannelID = "" },
		"email":        func() { r.Email = w.email },
		"timezone":     func() { r.Timezone = w.timezone },
		"language":     func() { r.Language = briefing.Language(w.language) },
		"notification": func() { r.Notification = briefing.Notification(w.notification) },
		"pause":        func() { r.Paused = true },
		"resume":       func() { r.Paused, r.PausedUntil = false, briefing.Date{} },
	} {
		if f.Changed(name) {
			set()
		}
	}
	if f.Changed("feed") {
		r.Feeds = nil
		for _, url := range w.feeds {
			r.Feeds = append(r.Feeds, briefing.Feed{URL: url})
		}
	}
	return w.applyTimes(f, r)
}

// applyTimes puts hour, weekdays and the end of a pause onto r.
func (w *wishes) applyTimes(f *pflag.FlagSet, r *briefing.Reader) error {
	if f.Changed("at") {
		r.At = nil
		if w.at != "" {
			at, err := briefing.ParseTimeOfDay(w.at)
			if err != nil {
				return usage{fmt.Errorf("--at: %w", err)}
			}
			r.At = &at
		}
	}
	if f.Changed("weekdays") {
		r.Weekdays = 0
		if strings.Join(w.weekdays, "") != "" {
			days, err := briefing.ParseWeekdays(w.weekdays)
			if err != nil {
				return usage{fmt.Errorf("--weekdays: %w", err)}
			}
			r.Weekdays = days
		}
	}
	if f.Changed("paused-until") {
		var until briefing.Date
		if err := until.UnmarshalText([]byte(w.pausedUntil)); err != nil {
			return usage{fmt.Errorf("--paused-until: %w", err)}
		}
		r.PausedUntil = until
	}
	return nil
}

func (c *cli) usersAdd() *cobra.Command {
	var w wishes
	var id string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add --name NAME --slack MEMBER-ID", Short: "Add a reader", Args: cobra.NoArgs,
		Example: "  achim users add --name haneul --slack U012AB3CD --email haneul@gaon.example --at 08:30",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				r, err := newReader(cmd.Context(), a, id)
				if err != nil {
					return err
				}
				if err := w.apply(cmd.Flags(), &r); err != nil {
					return err
				}
				return c.save(cmd.Context(), a, r, asJSON)
			})
		},
	}
	w.flags(cmd.Flags())
	cmd.Flags().StringVar(&id, "id", "", "the reader's UUID elsewhere, when there is one (default: a new one)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	must(cmd.MarkFlagRequired("name"))
	must(cmd.MarkFlagRequired("slack"))
	return cmd
}

// newReader starts a reader who does not exist yet.
func newReader(ctx context.Context, a *app.App, id string) (briefing.Reader, error) {
	if id == "" {
		return briefing.Reader{ID: app.NewReaderID()}, nil
	}
	parsed, err := briefing.ParseReaderID(id)
	if err != nil {
		return briefing.Reader{}, usage{fmt.Errorf("--id: %w", err)}
	}
	if known, err := a.Store.Reader(ctx, string(parsed)); err == nil {
		return briefing.Reader{}, usage{fmt.Errorf("--id: %s is %s already; change them with: achim users set --user %s", parsed, known.Name, parsed)}
	}
	return briefing.Reader{ID: parsed}, nil
}

// save stores a reader and prints it as it then stands.
func (c *cli) save(ctx context.Context, a *app.App, r briefing.Reader, asJSON bool) error {
	saved, created, err := a.Roster.Save(ctx, r)
	if err != nil {
		return asUsage(err)
	}
	if asJSON {
		return c.printJSON(a.View(saved))
	}
	if err := c.printReader(a.View(saved)); err != nil {
		return err
	}
	if created {
		_, err = fmt.Fprintf(c.out, "\nNext: achim connect --user %s\n", saved.ID)
	}
	return err
}

// printReader prints one reader for people.
func (c *cli) printReader(v briefing.ReaderView) error {
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	row := func(key string, value any) { fmt.Fprintf(table, "%s\t%v\n", key, value) }
	row("id", v.ID)
	row("name", v.Name)
	row("slack", v.SlackUserID)
	if v.Email != nil {
		row("email", *v.Email)
	}
	row("hour", v.DeliverAt+" "+v.Timezone)
	row("weekdays", strings.Join(v.Weekdays.Names(), ","))
	row("language", v.Language)
	for _, feed := range v.Feeds {
		row("feed", feed.URL)
	}
	row("next", nextDue(v))
	return table.Flush()
}

// nextDue says when the reader is briefed next.
func nextDue(v briefing.ReaderView) string {
	if v.NextDueAt == nil {
		return "paused"
	}
	zone, err := briefing.LoadZone(v.Timezone)
	if err != nil {
		return v.NextDueAt.Format("2006-01-02 15:04 UTC")
	}
	return v.NextDueAt.In(zone).Format("2006-01-02 15:04")
}

func (c *cli) usersList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List readers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				readers, err := a.Store.Readers(cmd.Context())
				if err != nil {
					return err
				}
				views := make([]briefing.ReaderView, 0, len(readers))
				for _, r := range readers {
					views = append(views, a.View(r))
				}
				if asJSON {
					return c.printJSON(map[string]any{"users": views})
				}
				table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NAME\tSLACK\tHOUR\tNEXT\tID")
				for _, v := range views {
					fmt.Fprintf(table, "%s\t%s\t%s %s\t%s\t%s\n", v.Name, v.SlackUserID, v.DeliverAt, v.Timezone, nextDue(v), v.ID)
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// aboutUser makes a command that concerns one reader.
func (c *cli) aboutUser(cmd *cobra.Command, f func(context.Context, *app.App, briefing.Reader) error) *cobra.Command {
	var user string
	cmd.Args = cobra.NoArgs
	cmd.Flags().StringVar(&user, "user", "", "whom: UUID, Slack id or name")
	must(cmd.MarkFlagRequired("user"))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.with(cmd.Context(), func(a *app.App) error {
			r, err := a.Find(cmd.Context(), user)
			if err != nil {
				return asUsage(err)
			}
			return f(cmd.Context(), a, r)
		})
	}
	return cmd
}

func (c *cli) usersShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "show --user WHO", Short: "Show a reader"}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c.aboutUser(cmd, func(_ context.Context, a *app.App, r briefing.Reader) error {
		if asJSON {
			return c.printJSON(a.View(r))
		}
		return c.printReader(a.View(r))
	})
}

func (c *cli) usersSet() *cobra.Command {
	var w wishes
	var asJSON bool
	cmd := &cobra.Command{
		Use: "set --user WHO", Short: "Change a reader; only the flags given change anything",
		Example: "  achim users set --user haneul --at 08:30 --weekdays mon,tue,wed,thu,fri\n  achim users set --user haneul --paused-until 2026-12-01",
	}
	w.flags(cmd.Flags())
	cmd.Flags().BoolVar(&w.pause, "pause", false, "no briefings until resumed")
	cmd.Flags().BoolVar(&w.resume, "resume", false, "briefings again")
	cmd.Flags().StringVar(&w.pausedUntil, "paused-until", "", "no briefings before this date, such as 2026-12-01")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("pause", "resume")
	return c.aboutUser(cmd, func(ctx context.Context, a *app.App, r briefing.Reader) error {
		if err := w.apply(cmd.Flags(), &r); err != nil {
			return err
		}
		return c.save(ctx, a, r, asJSON)
	})
}

func (c *cli) usersRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove --user WHO", Short: "Remove a reader and their briefings",
		Long: lines(
			"Forgets the reader, their briefings and what was remembered for them. The Google grant and the rows",
			"of conversation_log stay: other programs share those tables."),
	}
	return c.aboutUser(cmd, func(ctx context.Context, a *app.App, r briefing.Reader) error {
		if err := a.Roster.Remove(ctx, r.ID); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.out, "removed %s (%s)\n", r.Name, r.ID)
		return err
	})
}
