package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"achim/briefing"
	"achim/internal/app"
)

func (c *cli) feeds() *cobra.Command {
	return group(&cobra.Command{
		Use: "feeds", Short: "What a reader's news are made of",
		Long: lines(
			"A reader's news come from the team's feeds (news.feeds of the configuration) and from their own, which",
			"these commands change. An address may be that of a feed (RSS, Atom, JSON) or of a home page, which",
			"names its feed. Changes take effect on the next briefing."),
		Example: lines(
			"  achim feeds check https://news.gaon.example",
			"  achim feeds add https://news.gaon.example --user haneul",
			"  achim feeds import subscriptions.opml --user haneul"),
	}, c.feedsList(), c.feedsAdd(), c.feedsRemove(), c.feedsCheck(), c.feedsImport(), c.feedsExport())
}

// aboutFeeds makes a command about one reader that takes arguments.
func (c *cli) aboutFeeds(cmd *cobra.Command, check cobra.PositionalArgs, f func(context.Context, *app.App, briefing.Reader, []string) error) *cobra.Command {
	var given []string
	c.aboutUser(cmd, func(ctx context.Context, a *app.App, r briefing.Reader) error { return f(ctx, a, r, given) })
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		given = args
		return check(cmd, args)
	}
	return cmd
}

func (c *cli) feedsList() *cobra.Command {
	var check, asJSON bool
	cmd := &cobra.Command{
		Use: "list --user WHO", Short: "List the feeds a reader's news come from",
		Long: lines(
			"The team's feeds come first, those the reader has muted among them. --check reads each of them now and",
			"says what is there. Exit status 0, whatever is there."),
		Example: "  achim feeds list --user haneul\n  achim feeds list --user haneul --check",
	}
	cmd.Flags().BoolVar(&check, "check", false, "read each feed now")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c.aboutUser(cmd, func(ctx context.Context, a *app.App, r briefing.Reader) error {
		feeds := a.FeedsOf(r)
		if check {
			a.CheckFeeds(ctx, feeds)
		}
		if asJSON {
			return c.printJSON(map[string]any{"user_id": r.ID, "feeds": feeds})
		}
		return c.printFeeds(feeds, r, a.Config.Timezone)
	})
}

// printFeeds prints a line a feed.
func (c *cli) printFeeds(feeds []app.FollowedFeed, r briefing.Reader, zone *time.Location) error {
	if len(feeds) == 0 {
		_, err := fmt.Fprintf(c.out, "There are no feeds: achim feeds add https://news.gaon.example --user %s\n", r.ID)
		return err
	}
	var t table
	t.row("FEED", "OF", "NAME", "STANDING")
	for _, f := range feeds {
		of := "the reader"
		if f.Team {
			of = "the team"
		}
		var standing []string
		if f.Muted {
			standing = append(standing, "muted")
		}
		if f.MaxItems > 0 {
			standing = append(standing, "at most "+strconv.Itoa(f.MaxItems))
		}
		if f.Check != nil {
			standing = append(standing, foundThere(*f.Check, zone))
		}
		t.row(f.URL, of, f.Title, strings.Join(standing, "; "))
	}
	return t.print(c.out)
}

// foundThere says in a line what is at an address.
func foundThere(check app.FeedCheck, zone *time.Location) string {
	if !check.OK() {
		return check.Problem + ": " + check.Remedy
	}
	text := fmt.Sprintf("%d stories", check.Stories)
	switch check.Stories {
	case 0:
		text = "no story now"
	case 1:
		text = "1 story"
	}
	if check.Newest != nil {
		text += ", the newest of " + check.Newest.In(zone).Format(timeForm)
	} else if check.Stories > 0 {
		text += ", none with a time"
	}
	switch {
	case check.Moved():
		text += "; moved for good to " + check.URL
	case check.Page:
		text += "; a page, whose feed is " + check.URL
	}
	return text
}

func (c *cli) feedsCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check URL", Short: "Say what is at an address: a feed, a page that names one, or why neither", Args: oneArg,
		Long: lines(
			"Reads the address as a briefing would, private networks refused unless the configuration allows them,",
			"and changes nothing. Exit status 0 when there is a feed, 1 when there is none."),
		Example: "  achim feeds check https://news.gaon.example\n  achim feeds check https://news.gaon.example/rss.xml --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.config()
			if err != nil {
				return err
			}
			check := app.CheckFeed(cmd.Context(), cfg, args[0])
			if asJSON {
				err = c.printJSON(check)
			} else {
				err = c.printCheck(check, cfg.Timezone)
			}
			if err == nil && !check.OK() {
				err = exit{exitFailed}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printCheck prints what is at an address.
func (c *cli) printCheck(check app.FeedCheck, zone *time.Location) error {
	var t table
	if !check.OK() {
		t.row("no feed", check.Problem)
		t.row("do", check.Remedy)
		return t.print(c.out)
	}
	t.row("feed", check.URL)
	t.row("name", cmp.Or(check.Title, "none of its own"))
	t.row("holds", foundThere(app.FeedCheck{URL: check.Asked, Asked: check.Asked, Stories: check.Stories, Newest: check.Newest}, zone))
	switch {
	case check.Moved():
		t.row("moved", "for good: put the address above in the place of "+check.Asked)
	case check.Page:
		t.row("page", check.Asked+" is a page that leads to it; either address will do")
	}
	for _, other := range check.Others {
		t.row("or", other)
	}
	return t.print(c.out)
}

func (c *cli) feedsAdd() *cobra.Command {
	var title string
	var most int
	var anyway, asJSON bool
	cmd := &cobra.Command{
		Use: "add URL --user WHO", Short: "Add a feed to a reader's, found by its home page if need be",
		Long: lines(
			"Reads the address, or the feed that the page there names, and adds that feed to the reader's. A site that",
			"names none is asked at /feed, /rss, /rss.xml and /atom.xml. What the reader or the team has already is not",
			"added again. Where no feed can be read now nothing is added, unless --anyway is given. Exit status 1 then."),
		Example: lines(
			"  achim feeds add https://news.gaon.example --user haneul",
			"  achim feeds add https://news.gaon.example/rss.xml --user haneul --title 가온뉴스 --max-items 3"),
	}
	f := cmd.Flags()
	f.StringVar(&title, "title", "", "`name` told as the publisher (default: the feed's own)")
	f.IntVar(&most, "max-items", 0, "at most so many of its `stories` in a briefing; 0 = no limit of its own")
	f.BoolVar(&anyway, "anyway", false, "add the address as it is when no feed can be read there now")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c.aboutFeeds(cmd, oneArg, func(ctx context.Context, a *app.App, r briefing.Reader, args []string) error {
		check := app.CheckFeed(ctx, a.Config, args[0])
		if !check.OK() && !anyway {
			if asJSON {
				return errors.Join(exit{exitFailed}, c.printJSON(map[string]any{"check": check}))
			}
			return fmt.Errorf("nothing was added: %s: %s; %s", args[0], check.Problem, check.Remedy)
		}
		line, err := a.AddFeed(ctx, r.ID, briefing.Feed{URL: cmp.Or(check.URL, args[0]), Title: cmp.Or(title, check.Title), MaxItems: most})
		if err != nil {
			return asUsage(err)
		}
		if asJSON {
			return c.printJSON(map[string]any{"feed": line, "check": check})
		}
		return c.printAdded(line, check, a.Config.Timezone)
	})
}

// printAdded says what became of a feed that was to be added.
func (c *cli) printAdded(line app.FeedLine, check app.FeedCheck, zone *time.Location) error {
	var err error
	switch {
	case line.Action == app.FeedLeftOut:
		return errors.New("nothing was added: " + line.Why)
	case line.Action == app.FeedKnown:
		_, err = fmt.Fprintf(c.out, "not added: %s: %s\n", line.URL, line.Why)
	case !check.OK():
		_, err = fmt.Fprintf(c.out, "added %s, unread: %s\n", line.URL, check.Problem)
	default:
		there := foundThere(app.FeedCheck{URL: check.URL, Asked: check.URL, Stories: check.Stories, Newest: check.Newest}, zone)
		_, err = fmt.Fprintf(c.out, "added %s (%s): %s\n", line.URL, cmp.Or(line.Title, check.Title, "no name"), there)
	}
	for _, other := range check.Others {
		fmt.Fprintf(c.out, "the page also names %s\n", other)
	}
	return err
}

func (c *cli) feedsRemove() *cobra.Command {
	return c.aboutFeeds(&cobra.Command{
		Use: "remove URL --user WHO", Short: "Take a feed out of a reader's own",
		Long: lines(
			"The address is the one that achim feeds list tells. What the feed has told stays told. A feed of the team's",
			"is left out for one reader with achim users set --mute-feed. Exit status 2 when the reader has no such feed."),
		Example: "  achim feeds remove https://news.gaon.example/rss.xml --user haneul",
	}, oneArg, func(ctx context.Context, a *app.App, r briefing.Reader, args []string) error {
		gone, err := a.RemoveFeed(ctx, r.ID, args[0])
		if err == nil {
			_, err = fmt.Fprintf(c.out, "removed %s\n", gone.URL)
		}
		return asUsage(err)
	})
}

func (c *cli) feedsImport() *cobra.Command {
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use: "import FILE.opml --user WHO", Short: "Add the feeds of an OPML file to a reader's",
		Long: lines(
			"Every feed reader exports its list as OPML. Feeds of all folders are added in their order; those that the",
			"reader or the team has already are not added again, and what is no web address is left out: each is said.",
			"No feed is read for it: achim feeds list --check does that. A reader has at most 50. - is standard input."),
		Example: "  achim feeds import subscriptions.opml --user haneul --dry-run\n  achim feeds import - --user haneul < subscriptions.opml",
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what would be added, change nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c.aboutFeeds(cmd, oneArg, func(ctx context.Context, a *app.App, r briefing.Reader, args []string) error {
		file, err := opened(args[0])
		if err != nil {
			return usage{err}
		}
		defer func() { _ = file.Close() }()
		list, err := app.ReadFeedList(file)
		if err != nil {
			return usage{fmt.Errorf("%s: nothing was added: %w", args[0], err)}
		}
		done, err := a.ImportFeeds(ctx, r.ID, list, dry)
		if err != nil {
			return asUsage(err)
		}
		if asJSON {
			return c.printJSON(map[string]any{"dry_run": dry, "feeds": done})
		}
		return c.printImported(done, dry)
	})
}

// opened opens the file of that name.
func opened(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(name)
}

// printImported prints a line a feed of a file, and how many there were.
func (c *cli) printImported(done []app.FeedLine, dry bool) error {
	count := map[app.FeedAction]int{}
	var t table
	for _, l := range done {
		count[l.Action]++
		t.row("line "+strconv.Itoa(l.Line), map[app.FeedAction]string{app.FeedAdded: "add", app.FeedKnown: "skip", app.FeedLeftOut: "leave out"}[l.Action],
			l.URL, cmp.Or(l.Why, l.Title))
	}
	if err := t.print(c.out); err != nil {
		return err
	}
	verb := "added"
	if dry {
		verb = "to add"
	}
	_, err := fmt.Fprintf(c.out, "%d %s, %d known already, %d left out\n", count[app.FeedAdded], verb, count[app.FeedKnown], count[app.FeedLeftOut])
	return err
}

func (c *cli) feedsExport() *cobra.Command {
	var team bool
	cmd := &cobra.Command{
		Use: "export --user WHO", Short: "Print a reader's feeds as OPML",
		Long: lines(
			"Any feed reader takes the file, and achim feeds import does. Addresses may hold keys: they stand in it as",
			"they are. Exit status 1 when there is none."),
		Example: "  achim feeds export --user haneul > subscriptions.opml\n  achim feeds export --user haneul --team",
	}
	cmd.Flags().BoolVar(&team, "team", false, "the team's feeds too, but those the reader has muted")
	return c.aboutUser(cmd, func(_ context.Context, a *app.App, r briefing.Reader) error { return a.ExportFeeds(c.out, r, team) })
}
