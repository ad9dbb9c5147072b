package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"achim/briefing"
	"achim/internal/app"
)

func (c *cli) users() *cobra.Command {
	return group(&cobra.Command{
		Use: "users", Short: "Who gets a briefing",
		Long: lines(
			"A reader is somebody with a Slack account. Google is connected afterwards, by themselves: achim",
			"connect prints the link. What a reader does not set follows the defaults of the configuration.",
			"Changes take effect on the next briefing, also in a serve that is running."),
		Example: "  achim users add --name haneul --slack U012AB3CD\n  achim users list",
	}, c.usersAdd(), c.usersImport(), c.usersList(), c.usersShow(), c.usersSet(), c.usersRemove())
}

func (c *cli) usersAdd() *cobra.Command {
	var w wishes
	var id string
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use: "add --name NAME --slack MEMBER-ID", Short: "Add a reader", Args: noArgs,
		Long: lines(
			"Adds a reader and says how to connect their Google account. A reader without one gets the news and",
			"an invitation. One DM welcomes them, as soon as a serve runs, and three more in the following week",
			"ask those who have not connected; --quiet sends none of these."),
		Example: lines(
			"  achim users add --name haneul --slack U012AB3CD",
			"  achim users add --name dana --slack U034EF5GH --email dana@gaon.example \\",
			"      --timezone Europe/Berlin --at 08:30 --weekdays mon,tue,wed,thu,fri --language en"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				r, err := newReader(cmd.Context(), a, id)
				if err != nil {
					return err
				}
				r.Greet = !quiet
				saved, created, err := a.Roster.Put(cmd.Context(), r, func(r *briefing.Reader) error {
					return w.apply(cmd.Flags().Changed, *r).become(r)
				})
				if err != nil {
					return asUsage(err)
				}
				if err := c.printSaved(cmd.Context(), a, saved, created, asJSON); err != nil {
					return err
				}
				return c.warnNamesakes(cmd.Context(), a, w.name)
			})
		},
	}
	w.flags(cmd)
	cmd.Flags().BoolVar(&quiet, "quiet", false, "send no welcome, and never ask to connect but in briefings")
	cmd.Flags().StringVar(&id, "id", "", "the reader's `UUID` elsewhere, when there is one (default: a new one)")
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
		return briefing.Reader{}, asUsage(err)
	}
	if known, err := a.Store.Reader(ctx, string(parsed)); err == nil {
		return briefing.Reader{}, usagef("--id: %s is %s already; change them with: achim users set --user %s", parsed, known.Name, parsed)
	}
	return briefing.Reader{ID: parsed}, nil
}

// printSaved prints a reader as they now stand.
func (c *cli) printSaved(ctx context.Context, a *app.App, saved briefing.Reader, created, asJSON bool) error {
	if asJSON {
		return c.printJSON(a.View(saved))
	}
	if err := c.printReader(a.View(saved)); err != nil {
		return err
	}
	if created {
		return c.printNext(ctx, a, saved)
	}
	return nil
}

// warnNamesakes says that the name alone does not tell a reader from others any more. Names need not be unique.
func (c *cli) warnNamesakes(ctx context.Context, a *app.App, name string) error {
	_, err := a.Store.Reader(ctx, name)
	if ambiguous, ok := errors.AsType[*briefing.FieldError](err); ok {
		fmt.Fprintln(c.err, "achim: warning:", ambiguous.Problem)
		return nil
	}
	if errors.Is(err, briefing.ErrNotFound) {
		return nil // whose name was trimmed, or who is gone again
	}
	return err
}

// printNext says what is to be done about the Google connection of a reader who was added: the id may have brought one
// along that another program made.
func (c *cli) printNext(ctx context.Context, a *app.App, r briefing.Reader) error {
	_, grant, err := a.CheckGrant(ctx, r.ID, r.Name)
	if err != nil && !errors.Is(err, briefing.ErrNotFound) {
		return err
	}
	if err != nil || ended(grant.Standing) || len(grant.Lacks) > 0 {
		_, err = fmt.Fprintf(c.out, "\nNext: achim connect --user %s\n", r.ID)
		return err
	}
	_, err = fmt.Fprintf(c.out, "\nGoogle is connected already: %s%s\n", around("", grant, ", "), standing(grant, a.Config.Timezone))
	return err
}

// printReader prints one reader for people.
func (c *cli) printReader(v briefing.ReaderView) error {
	var t table
	t.row("name", v.Name)
	t.row("id", string(v.ID))
	t.row("slack", v.SlackUserID)
	if v.Email != nil {
		t.row("email", *v.Email)
	}
	t.row("hour", v.DeliverAt+" "+v.Timezone)
	t.row("weekdays", strings.Join(v.Weekdays.Names(), ","))
	t.row("language", string(v.Language))
	if v.Notification != briefing.NotifyFull {
		t.row("phone", string(v.Notification))
	}
	if v.SkipHolidays {
		t.row("holidays", "no briefing")
	}
	if pauses(v) {
		t.row("paused", "no briefing before "+*v.PausedUntil+"; earlier again: achim users set --user "+string(v.ID)+" --resume")
	}
	for _, feed := range v.Feeds {
		t.row("feed", feed.URL)
	}
	printPreferences(&t, v.Preferences)
	if v.LeftAt != nil {
		t.row("left", inZone(*v.LeftAt, v)+" ("+string(*v.LeftReason)+"); back: achim users set --user "+string(v.ID)+" --back")
	}
	t.row("next", nextDue(v))
	return t.print(c.out)
}

// nextDue says when the reader is briefed next, in their zone.
func nextDue(v briefing.ReaderView) string {
	switch {
	case v.LeftAt != nil:
		return "left " + inZone(*v.LeftAt, v)
	case v.NextDueAt == nil && v.PausedUntil != nil:
		return "paused until " + *v.PausedUntil
	case v.NextDueAt == nil:
		return "paused"
	}
	return inZone(*v.NextDueAt, v)
}

// inZone is a time as the reader's wall shows it.
func inZone(at time.Time, v briefing.ReaderView) string {
	zone, err := briefing.LoadZone(v.Timezone)
	if err != nil {
		return at.UTC().Format("2006-01-02 15:04 UTC")
	}
	return at.In(zone).Format("2006-01-02 15:04")
}

func (c *cli) usersList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List readers", Args: noArgs,
		Example: "  achim users list\n  achim users list --json | jq -r '.users[].name'",
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
				return c.printReaders(views)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printReaders prints a line a reader.
func (c *cli) printReaders(views []briefing.ReaderView) error {
	if len(views) == 0 {
		_, err := fmt.Fprintln(c.out, "There are no readers yet: achim users add --name haneul --slack U012AB3CD")
		return err
	}
	var t table
	t.row("NAME", "SLACK", "HOUR", "NEXT", "ID")
	for _, v := range views {
		t.row(v.Name, v.SlackUserID, v.DeliverAt+" "+v.Timezone, nextDue(v), string(v.ID))
	}
	return t.print(c.out)
}

// aboutUser makes a command that concerns one reader.
func (c *cli) aboutUser(cmd *cobra.Command, f func(context.Context, *app.App, briefing.Reader) error) *cobra.Command {
	return c.aboutFound(cmd, (*app.App).Find, f)
}

// aboutFound is aboutUser with a way of its own to find whom --user means.
func (c *cli) aboutFound(cmd *cobra.Command, find func(*app.App, context.Context, string) (briefing.Reader, error),
	f func(context.Context, *app.App, briefing.Reader) error,
) *cobra.Command {
	var user string
	cmd.Args = noArgs
	cmd.Flags().StringVar(&user, "user", "", "`whom`: UUID, Slack id or name")
	must(cmd.MarkFlagRequired("user"))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.with(cmd.Context(), func(a *app.App) error {
			r, err := find(a, cmd.Context(), user)
			if err != nil {
				return asUsage(err)
			}
			return f(cmd.Context(), a, r)
		})
	}
	return cmd
}

func (c *cli) usersSet() *cobra.Command {
	var w wishes
	var asJSON bool
	cmd := &cobra.Command{
		Use: "set --user WHO", Short: "Change a reader; only the flags given change anything",
		Long: lines(
			"Only the flags given change anything. An empty value goes back to the default: --at \"\"; for",
			"the sections that is --sections all. A briefing that is planned already is planned anew.",
			"",
			"What a reader wants more of and less of has a flag for every wish, may be repeated, and is added to",
			"what was wished before; each has one that takes it back:",
			"  --sections calendar,news        those two, the calendar first; mail is not read    --sections all",
			"  --vip junho@gaon.example        mail of his goes first; @gaon.example: of them all --no-vip",
			"  --mute-sender @ads.example      mail of theirs is counted and not shown            --unmute-sender",
			"  --mute-feed https://…/rss       one of the team's feeds                            --unmute-feed",
			"  --mute-word 광고                stories and mails that hold the word               --unmute-word",
			"  --more 반도체, --less 연예      stories of a topic go first, or last               --no-topic",
			"--no-preferences takes them all back."),
		Example: lines(
			"  achim users set --user haneul --at 08:30 --weekdays mon,tue,wed,thu,fri",
			"  achim users set --user haneul --paused-until 2026-12-01",
			"  achim users set --user haneul --feed https://news.gaon.example/rss --feed https://blog.gaon.example/atom",
			"  achim users set --user haneul --sections news,calendar --vip junho@gaon.example --mute-word 광고 --more 반도체",
			"  achim users set --user haneul --sections all --no-vip junho@gaon.example"),
	}
	w.flags(cmd)
	w.knownFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c.aboutUser(cmd, func(ctx context.Context, a *app.App, r briefing.Reader) error {
		if !w.any(cmd.Flags().Changed) {
			return usagef("nothing to change: name what with a flag, such as --at 08:30 (achim users set --help lists them)")
		}
		saved, err := a.Roster.Change(ctx, r.ID, func(r *briefing.Reader) error {
			wished := w.apply(cmd.Flags().Changed, *r)
			if until := wished.reader.PausedUntil; cmd.Flags().Changed("paused-until") && !until.IsZero() && !pauses(a.View(wished.reader)) {
				wished.note("paused_until", fmt.Errorf("%s is not ahead: name the date from which there are briefings again, or say --resume", until))
			}
			return wished.become(r)
		})
		if err != nil {
			return asUsage(err)
		}
		if err := c.printSaved(ctx, a, saved, false, asJSON); err != nil || !cmd.Flags().Changed("name") {
			return err
		}
		return c.warnNamesakes(ctx, a, w.name)
	})
}

// pauses reports whether the reader's pause has a last day, and that is still ahead or today.
func pauses(v briefing.ReaderView) bool {
	if v.PausedUntil == nil {
		return false
	}
	zone, err := briefing.LoadZone(v.Timezone)
	return err != nil || *v.PausedUntil > briefing.DateOf(time.Now(), zone).String()
}
