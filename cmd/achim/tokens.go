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
	"achim/internal/language"
)

const timeForm = "2006-01-02 15:04"

func (c *cli) tokens() *cobra.Command {
	return group(&cobra.Command{
		Use: "tokens", Short: "How the Google connections stand",
		Long: lines(
			"A Google connection is a row of gmail_token, a table shared with other programs: not every row need be",
			"a reader's, and --user takes the UUID of any. Tokens themselves are never printed."),
		Example: "  achim tokens list\n  achim tokens check --user haneul",
	}, c.tokensList(), c.tokensCheck(), c.tokensRefresh(), c.tokensRevoke())
}

func (c *cli) tokensList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List all Google connections and how each stands", Args: noArgs,
		Long: lines(
			"One line a row of gmail_token. It tells what was found out when the grant was last used or renewed;",
			"achim tokens refresh asks Google now. \"lacks\" names scopes that were not granted, \"no reader\" rows of",
			"people whom achim does not brief. Exit status 0, however the connections stand."),
		Example: lines(
			"  achim tokens list",
			"  achim tokens list --json | jq -r '.tokens[] | select(.standing == \"dead\") | .user_id'"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				grants, err := a.Grants(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return c.printJSON(map[string]any{"tokens": grants})
				}
				return c.printGrants(grants, a.Config.Timezone)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with whole addresses")
	return cmd
}

// printGrants prints a line a grant, and what to do when some need their owner.
func (c *cli) printGrants(grants []app.GrantView, zone *time.Location) error {
	if len(grants) == 0 {
		_, err := fmt.Fprintln(c.out, "Nobody has connected Google yet: achim connect --user NAME prints a reader's link.")
		return err
	}
	var t table
	t.row("WHO", "ACCOUNT", "STANDING")
	wanting := 0
	for _, g := range grants {
		who, also := string(g.UserID), "; no reader"
		if g.Name != nil {
			who, also = *g.Name, ""
			if ended(g.Standing) || len(g.MissingScopes) > 0 {
				wanting++
			}
		}
		t.row(who, account(g), standing(g, zone)+also)
	}
	if err := t.print(c.out); err != nil || wanting == 0 {
		return err
	}
	_, err := fmt.Fprintf(c.out, "\n%s to connect again: achim connect --user NAME prints the link\n", readersHave(wanting))
	return err
}

func readersHave(n int) string {
	if n == 1 {
		return "1 reader has"
	}
	return fmt.Sprintf("%d readers have", n)
}

// ended reports whether nothing but a new consent helps.
func ended(s app.Standing) bool {
	return s == app.GrantDead || s == app.GrantBare || s == app.GrantUnreadable
}

// account is the Google account, recognisable to whoever knows it.
func account(g app.GrantView) string {
	if g.Email == nil {
		return "not said"
	}
	return language.MaskAddress(*g.Email)
}

// standing puts how a grant stands into words.
func standing(g app.GrantView, zone *time.Location) string {
	at := func(t *time.Time) string {
		if t == nil {
			return "an unknown time"
		}
		return t.In(zone).Format(timeForm)
	}
	text := "works"
	switch g.Standing {
	case app.GrantUnreadable:
		text = "cannot be read"
		if g.Fault != nil {
			text += ": " + *g.Fault
		}
	case app.GrantDead:
		text = "dead since " + at(g.DeadSince)
		if g.AccountDeleted {
			text += ", account deleted"
		}
	case app.GrantBare:
		text = "no refresh token"
	case app.GrantFailing:
		text = "failing since " + at(g.FailingSince)
		if g.LastError != nil {
			text += ": " + string(*g.LastError)
		}
	case app.GrantEnding:
		text = "works, ends " + at(g.EndsAt)
	case app.GrantUntried:
		text = "not tried by achim yet"
	case app.GrantWorks:
		if g.CheckedAt != nil {
			text += ", confirmed " + at(g.CheckedAt)
		} else {
			text += ", connected " + at(g.GrantedAt)
		}
	}
	if len(g.MissingScopes) > 0 {
		text += "; lacks " + strings.Join(app.ShortScopes(g.MissingScopes), ", ")
	}
	return text
}

// owner is whose grant a command is about.
type owner struct {
	id   briefing.ReaderID
	name string // "" = no reader
}

func (o owner) String() string {
	if o.name == "" {
		return string(o.id)
	}
	return o.name
}

// aboutGrant makes a command that concerns one grant. Its flags must be set up before.
func (c *cli) aboutGrant(cmd *cobra.Command, f func(context.Context, *app.App, owner) error) *cobra.Command {
	var user string
	cmd.Args = noArgs
	cmd.Flags().StringVar(&user, "user", "", "`whose`: UUID (of any row), Slack id or name")
	must(cmd.MarkFlagRequired("user"))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.with(cmd.Context(), func(a *app.App) error {
			id, name, err := a.GrantOwner(cmd.Context(), user)
			if err != nil {
				return asUsage(err)
			}
			who := owner{id, name}
			err = f(cmd.Context(), a, who)
			if !errors.Is(err, briefing.ErrNotFound) {
				return err
			}
			if name == "" {
				return usagef("--user: there is neither a reader nor a Google connection %s (achim tokens list shows all)", id)
			}
			return fmt.Errorf("%s has no Google connection: achim connect --user %s prints the link", name, id)
		})
	}
	return cmd
}

func (c *cli) tokensCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check --user WHO", Short: "Show how one Google connection stands, without asking Google",
		Long: lines(
			"Tells what GET /api/gmail/check tells: what is stored, and what was found out when it was last used.",
			"Exit status 0 when it can be used, 1 when it is failing, dead, incomplete, unreadable or not there."),
		Example: "  achim tokens check --user haneul\n  achim tokens check --user U012AB3CD --json | jq .missing_scopes",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the API answers")
	return c.aboutGrant(cmd, func(ctx context.Context, a *app.App, who owner) error {
		view, row, err := a.CheckGrant(ctx, who.id, who.name)
		if err != nil {
			return err
		}
		if asJSON {
			err = c.printJSON(view)
		} else {
			err = c.printGrant(view, row, a.Config.Timezone)
		}
		if err == nil && (ended(row.Standing) || row.Standing == app.GrantFailing) {
			return exit{exitFailed}
		}
		return err
	})
}

// printGrant prints one grant for people.
func (c *cli) printGrant(view briefing.CredentialView, row app.GrantView, zone *time.Location) error {
	var t table
	if row.Name != nil {
		t.row("user", *row.Name)
	} else {
		t.row("user", "no reader")
	}
	t.row("id", string(row.UserID))
	t.row("account", account(row))
	t.row("standing", standing(row, zone))
	t.row("access", access(view))
	if len(view.Scopes) > 0 {
		t.row("scopes", strings.Join(app.ShortScopes(view.Scopes), ", "))
	}
	if row.Name != nil && (ended(row.Standing) || len(row.MissingScopes) > 0) {
		t.row("remedy", googleAdvice(briefing.ReauthRequired, row.UserID))
	} else if row.LastError != nil {
		if advice := googleAdvice(*row.LastError, row.UserID); advice != "" {
			t.row("remedy", advice)
		}
	}
	return t.print(c.out)
}

// access says what is known of the access token.
func access(v briefing.CredentialView) string {
	switch {
	case !v.HasAccessToken:
		return "no access token"
	case v.RemainingSeconds == nil:
		return "unknown until when"
	case *v.IsExpired:
		return "expired, renewed when it is needed"
	}
	return "for " + lasting(*v.RemainingSeconds)
}

// lasting writes seconds for people.
func lasting(seconds int64) string { return (time.Duration(seconds) * time.Second).String() }

func (c *cli) tokensRefresh() *cobra.Command {
	var force, asJSON bool
	cmd := &cobra.Command{
		Use: "refresh --user WHO", Short: "Make sure of a usable access token",
		Long: lines(
			"Does what POST /api/gmail/refresh does: asks Google for a new access token when less than five",
			"minutes are left of the stored one, or with --force in any case. Exit status 1 when Google says no;",
			"where only the reader can mend it, the link for them is printed."),
		Example: "  achim tokens refresh --user haneul\n  achim tokens refresh --user haneul --force --json",
	}
	cmd.Flags().BoolVar(&force, "force", false, "ask Google also when the stored access token would do")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, as the API answers")
	return c.aboutGrant(cmd, func(ctx context.Context, a *app.App, who owner) error {
		view, err := a.RefreshGrant(ctx, who.id, force)
		if err != nil {
			return c.refused(a, who, err, asJSON)
		}
		if asJSON {
			return c.printJSON(view)
		}
		_, err = fmt.Fprintf(c.out, "%s: %s%s\n", who, view.Status, goodFor(view.ExpiresIn))
		return err
	})
}

func goodFor(seconds *int64) string {
	if seconds == nil {
		return ""
	}
	return ", good for " + lasting(*seconds)
}

// refused tells why there is no access token, and what to do.
func (c *cli) refused(a *app.App, who owner, err error, asJSON bool) error {
	reason := briefing.ReasonOf(err)
	if reason != briefing.ReauthRequired && reason != briefing.ScopeMissing {
		if advice := googleAdvice(reason, who.id); advice != "" {
			return fmt.Errorf("%s: %w; %s", who, err, advice)
		}
		return err
	}
	if who.name == "" {
		return fmt.Errorf("%s: Google has to be connected again (%s), and this is no reader of achim's: achim users add --id %s makes one", who, string(reason), who.id)
	}
	link := a.ConnectURL(who.id, false)
	fmt.Fprintf(c.err, "achim: %s has to connect Google again (%s); the link for them:\n", who, reason)
	if asJSON {
		err = c.printJSON(map[string]string{"code": string(briefing.ReauthRequired), "reason": string(reason), "auth_url": link})
	} else {
		_, err = fmt.Fprintln(c.out, link)
	}
	return errors.Join(exit{exitFailed}, err)
}

func (c *cli) tokensRevoke() *cobra.Command {
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use: "revoke --user WHO", Short: "Revoke a connection at Google and forget it",
		Long: lines(
			"Does what DELETE /api/gmail does. Revoking ends the access of the whole Google project to the account,",
			"so it is left out while another row is, or might be, of the same account. The row is forgotten also",
			"when Google cannot be reached; what was not revoked is said, and the person can end it themselves at",
			"https://myaccount.google.com/connections."),
		Example: "  achim tokens revoke --user haneul\n  achim tokens revoke --user 3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f --yes",
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c.aboutGrant(cmd, func(ctx context.Context, a *app.App, who owner) error {
		_, row, err := a.CheckGrant(ctx, who.id, who.name)
		if err != nil {
			return err
		}
		if !yes {
			if !isTerminal(c.in) {
				return usagef("nobody can be asked here: --yes revokes without asking")
			}
			agreed, err := c.agreed(ctx, fmt.Sprintf("Revoke the Google connection of %s (%s)?", who, account(row)))
			if err != nil {
				return err
			}
			if !agreed {
				fmt.Fprintln(c.err, "achim: nothing was changed")
				return exit{exitFailed}
			}
		}
		became, err := a.RevokeGrant(ctx, who.id)
		if err != nil {
			return err
		}
		if asJSON {
			return c.printJSON(map[string]string{"user_id": string(who.id), "revocation": string(became)})
		}
		_, err = fmt.Fprintf(c.out, "%s: %s\n", who, forgotten(became))
		return err
	})
}

// forgotten says what became of a grant.
func forgotten(became briefing.Revocation) string {
	const yourself = "the person can end the access at https://myaccount.google.com/connections"
	switch became {
	case briefing.RevocationDone:
		return "revoked at Google and forgotten"
	case briefing.RevocationShared:
		return "forgotten; not revoked at Google, because another row is, or might be, of the same account"
	case briefing.RevocationFailed:
		return "forgotten; Google could not be reached or refused to revoke it: " + yourself
	default:
		return "forgotten; there was nothing to revoke at Google"
	}
}
