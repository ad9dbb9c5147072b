package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"achim/briefing"
	"achim/internal/app"
)

func (c *cli) usersShow() *cobra.Command {
	var asJSON, stored bool
	cmd := &cobra.Command{
		Use: "show --user WHO", Short: "Show a reader, or all that is stored of them",
		Long: lines(
			"Shows a reader with all defaults filled in. --stored prints everything that is kept of them instead,",
			"table by table: their briefings too, so mind who reads along. Tokens and secrets are left out, and so",
			"are rows of conversation_log that other programs wrote."),
		Example: "  achim users show --user haneul\n  achim users show --user U012AB3CD --json\n  achim users show --user haneul --stored",
	}
	cmd.Flags().BoolVar(&stored, "stored", false, "everything that is kept of the reader, by table")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c.aboutUser(cmd, func(ctx context.Context, a *app.App, r briefing.Reader) error {
		if stored {
			return c.printStored(ctx, a, r, asJSON)
		}
		if asJSON {
			return c.printJSON(a.View(r))
		}
		return c.printReader(a.View(r))
	})
}

// printStored prints all that is kept of a reader.
func (c *cli) printStored(ctx context.Context, a *app.App, r briefing.Reader, asJSON bool) error {
	held, err := a.Store.Held(ctx, r.ID)
	if err != nil {
		return err
	}
	if asJSON {
		return c.printJSON(map[string]any{"user_id": r.ID, "tables": held})
	}
	var out strings.Builder
	for i, h := range held {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s (%s)\n", h.Table, rowsOf(len(h.Rows)))
		for n, row := range h.Rows {
			if n > 0 {
				out.WriteString("  --\n")
			}
			for _, column := range slices.Sorted(maps.Keys(row)) {
				if text := storedText(row[column]); text != "" {
					fmt.Fprintf(&out, "  %s: %s\n", column, text)
				}
			}
		}
	}
	_, err = fmt.Fprint(c.out, out.String())
	return err
}

func rowsOf(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// storedText is a stored value on a line, or on lines set in; "" for one that is not there.
func storedText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return strings.ReplaceAll(v, "\n", "\n    ")
	case []string:
		return strings.Join(v, ", ")
	case map[string]any, []any:
		text, err := json.Marshal(v)
		if err != nil {
			return "" // what came out of JSON goes back into it
		}
		return string(text)
	default:
		return fmt.Sprint(v)
	}
}

func (c *cli) usersRemove() *cobra.Command {
	var erase, yes, asJSON bool
	cmd := &cobra.Command{
		Use: "remove --user WHO", Short: "Remove a reader and their briefings",
		Long: lines(
			"Forgets the reader, their briefings and what was remembered for them, at once; to stop briefings for a",
			"while there is achim users set --pause. The Google grant and the rows of conversation_log stay: other",
			"programs share those tables. The text in our rows goes when retention says. In a terminal it asks",
			"first; --yes answers. Where nobody can be asked it goes ahead: who is added again with --id is",
			"connected as before, and has lost old briefings alone.",
			"",
			"With --erase nothing stays: the grant is revoked at Google, unless another row uses the same account,",
			"and forgotten, and so are our rows of conversation_log. Rows of other programs stay. That cannot be",
			"undone, so where nobody can be asked it needs --yes. It also takes the UUID of somebody who was removed",
			"before and of whom conversation_log still has rows of ours."),
		Example: "  achim users remove --user U012AB3CD\n  achim users remove --user U012AB3CD --erase --yes",
	}
	f := cmd.Flags()
	f.BoolVar(&erase, "erase", false, "also end the Google grant and erase what the shared tables hold of ours")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.BoolVar(&asJSON, "json", false, "print what was erased as JSON")
	find := func(a *app.App, ctx context.Context, ref string) (briefing.Reader, error) {
		if erase {
			return a.FindErasable(ctx, ref)
		}
		return a.Find(ctx, ref)
	}
	return c.aboutFound(cmd, find, func(ctx context.Context, a *app.App, r briefing.Reader) error {
		if erase {
			r.Name = cmp.Or(r.Name, "somebody removed before")
			return c.erase(ctx, a, r, yes, asJSON)
		}
		return c.remove(ctx, a, r, yes)
	})
}

// remove removes the reader, when somebody at the terminal agrees, and says what stays.
func (c *cli) remove(ctx context.Context, a *app.App, r briefing.Reader, yes bool) error {
	if !yes && isTerminal(c.in) {
		agreed, err := c.agreed(ctx, fmt.Sprintf("Remove %s (%s) and their briefings? The Google grant stays; --erase ends it, too.", r.Name, r.ID))
		if err != nil {
			return err
		}
		if !agreed {
			fmt.Fprintln(c.err, "achim: nobody was removed")
			return exit{exitFailed}
		}
	}
	if err := a.Roster.Remove(ctx, r.ID); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "removed %s (%s)\n", r.Name, r.ID)
	_, grant, err := a.CheckGrant(ctx, r.ID, "")
	switch {
	case err == nil:
		fmt.Fprintf(c.out, "The Google grant%s stays in gmail_token: achim tokens revoke --user %s ends it.\n", around(" of ", grant, ""), r.ID)
	case !errors.Is(err, briefing.ErrNotFound):
		return err
	}
	n, err := a.Logged(ctx, r.ID)
	if err != nil || n == 0 {
		return err
	}
	_, err = fmt.Fprintf(c.out, "In conversation_log %s of ours stay; the text in them goes %d days after it was sent.\n"+
		"To erase those, and the grant: achim users remove --user %s --erase\n", rowsOf(n), days(a.Config.Retention.Content), r.ID)
	return err
}

// days returns how many days that is, rounded up.
func days(d time.Duration) int {
	const day = 24 * time.Hour
	return int((d + day - 1) / day)
}

// erase erases the reader once somebody has agreed.
func (c *cli) erase(ctx context.Context, a *app.App, r briefing.Reader, yes, asJSON bool) error {
	if !yes {
		if !isTerminal(c.in) {
			return usagef("--erase cannot be undone and nobody can be asked here: add --yes")
		}
		answer, err := c.ask(ctx, fmt.Sprintf("Erase everything that is kept of %s (%s) and end their Google grant? This cannot be undone. Type yes:", r.Name, r.ID))
		if err != nil {
			return err
		}
		if answer != "yes" {
			fmt.Fprintln(c.err, "nothing was erased")
			return exit{exitFailed}
		}
	}
	erased, err := a.Erase(ctx, r)
	if err != nil {
		return err
	}
	if asJSON {
		return c.printJSON(briefing.ViewErasure(r.ID, erased))
	}
	grant := "no Google grant was there"
	if erased.Grant {
		grant = "Google grant " + forgotten(erased.Became, nil)
	}
	fmt.Fprintf(c.out, "erased %s (%s); %s\n", r.Name, r.ID, grant)
	var t table
	for _, gone := range erased.Tables {
		t.row("  "+gone.Name, rowsOf(gone.Rows))
	}
	return t.print(c.out)
}
