package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
			if ended(g.Standing) || lacking(g) {
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

// lacking reports whether Google has said that something cannot be read with the grant. A row's own list of scopes is no
// such word: other programs write it, or do not.
func lacking(g app.GrantView) bool { return len(g.Lacks) > 0 && !g.Unlisted }

// account is the Google account, recognisable to whoever knows it.
func account(g app.GrantView) string {
	if g.Email == nil {
		return "not said"
	}
	return language.MaskAddress(*g.Email)
}

// around puts the account between two texts; "" where it is unknown.
func around(before string, g app.GrantView, after string) string {
	if g.Email == nil {
		return ""
	}
	return before + account(g) + after
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
	switch missing := strings.Join(app.ShortScopes(g.MissingScopes), ", "); {
	case len(g.Lacks) > 0 && g.Unlisted:
		text += "; its row does not list " + missing
	case len(g.Lacks) > 0:
		text += "; lacks " + missing
	case missing != "" && g.Standing != app.GrantUnreadable:
		text += "; without " + missing + ", which nothing here needs"
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
		if err == nil && (ended(row.Standing) || row.Standing == app.GrantFailing || lacking(row)) {
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
	for _, line := range [][2]string{
		{"cause", cause(row)}, {"client", otherClient(row)}, {"access", access(view, row.Standing)},
		{"scopes", strings.Join(app.ShortScopes(view.Scopes), ", ")}, {"remedy", remedy(row)},
	} {
		if line[1] != "" {
			t.row(line[0], line[1])
		}
	}
	return t.print(c.out)
}

// cause says why a grant does not work, as far as Google has said it.
func cause(row app.GrantView) string {
	if row.LastError == nil || row.Standing == app.GrantUnreadable {
		return ""
	}
	text := string(*row.LastError)
	if row.Detail == nil {
		return text
	}
	text += ": Google said " + *row.Detail
	switch {
	case row.AccountDeleted:
		text += " (the account was deleted)"
	case strings.Contains(*row.Detail, "invalid_rapt"):
		text += " (their organisation asks people to sign in again from time to time)"
	case row.Standing == app.GrantDead:
		text += ", and says no more: it may have been taken back, lain idle for six months, been outnumbered by newer ones, ended with a password or, in Testing, after seven days"
	case strings.Contains(*row.Detail, "unauthorized_client"):
		text += " (the grant is of another OAuth client)"
	}
	return text
}

// otherClient names the OAuth client of a grant that is not of the configured one.
func otherClient(row app.GrantView) string {
	if row.OtherClient == nil || row.Standing == app.GrantUnreadable {
		return ""
	}
	return "not the configured one, but that of the row's oauth_config, with which it is refreshed: " + *row.OtherClient
}

// remedy says what to do about a grant, "" for nothing.
func remedy(row app.GrantView) string {
	if ended(row.Standing) || lacking(row) {
		if row.Name == nil {
			return "none here: " + strangers(row.UserID)
		}
		return googleAdvice(briefing.ReauthRequired, row.UserID)
	}
	switch {
	case row.LastError == nil && len(row.Lacks) > 0:
		return "none yet: what the row lists is a hint, and the next refresh tells what was granted: achim tokens refresh --force --user " + string(row.UserID)
	case row.LastError == nil:
		return ""
	case row.OtherClient != nil && *row.LastError == briefing.ClientMisconfigured:
		advice := "correct client_id and client_secret in the row's oauth_config, or have Google connected again, with the configured client"
		if row.Name != nil {
			advice += ": achim connect --user " + string(row.UserID)
		}
		return advice
	}
	return googleAdvice(*row.LastError, row.UserID)
}

// strangers says what can be done about a grant of somebody who is no reader.
func strangers(id briefing.ReaderID) string {
	return fmt.Sprintf("this is no reader of achim's: achim users add --id %s makes one", id)
}

// access says what is known of the access token, "" where a grant is over and it would mislead.
func access(v briefing.CredentialView, s app.Standing) string {
	switch {
	case s == app.GrantDead || s == app.GrantUnreadable:
		return ""
	case !v.HasAccessToken:
		return "no access token"
	case v.RemainingSeconds == nil:
		return "unknown until when"
	case *v.IsExpired && (s == app.GrantBare || s == app.GrantFailing):
		return "expired"
	case *v.IsExpired:
		return "expired, renewed when it is needed"
	case s == app.GrantBare:
		return "for " + lasting(*v.RemainingSeconds) + ", the last"
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
			return c.refused(ctx, a, who, err, asJSON)
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

// plainly is the reason for a failure with what caused it first, without what was being done then.
func plainly(reason briefing.Reason, err error) string {
	fault, ok := errors.AsType[*briefing.Error](err)
	if !ok || fault.Err == nil {
		return string(reason)
	}
	cause := fault.Err
	for inner := errors.Unwrap(cause); inner != nil; inner = errors.Unwrap(cause) {
		cause = inner
	}
	return string(reason) + ": " + cause.Error()
}

// refused tells why there is no access token, and what to do.
func (c *cli) refused(ctx context.Context, a *app.App, who owner, err error, asJSON bool) error {
	reason := briefing.ReasonOf(err)
	if errors.Is(err, briefing.ErrNotFound) {
		return err
	}
	if reason != briefing.ReauthRequired && reason != briefing.ScopeMissing {
		_, row, checkErr := a.CheckGrant(ctx, who.id, who.name)
		if checkErr != nil {
			return err
		}
		row.LastError = &reason
		if advice := remedy(row); advice != "" {
			return fmt.Errorf("%s: there is no new access token (%s); %s", who, plainly(reason, err), advice)
		}
		if slices.Contains([]briefing.Reason{briefing.Unavailable, briefing.Timeout, briefing.RateLimited}, reason) {
			return fmt.Errorf("%s: Google gives no new access token for now (%s); nothing is lost, and a running serve tries again by itself", who, plainly(reason, err))
		}
		return fmt.Errorf("%s: there is no new access token (%s)", who, plainly(reason, err))
	}
	why := string(reason)
	if fault, ok := errors.AsType[*briefing.Error](err); ok && !fault.Since.IsZero() {
		why += ", since " + fault.Since.In(a.Config.Timezone).Format(timeForm)
	}
	if unusable, ok := errors.AsType[*briefing.UnusableGrantError](err); ok {
		why += ": " + strings.ReplaceAll(unusable.Error(), "\n", "; ")
	}
	if who.name == "" {
		return fmt.Errorf("%s: Google has to be connected again (%s), and %s", who, why, strangers(who.id))
	}
	link := a.ConnectURL(who.id, false)
	c.warnOfLinks(a)
	fmt.Fprintf(c.err, "achim: %s has to connect Google again (%s); the link for them:\n", who, why)
	if asJSON {
		err = c.printJSON(map[string]string{"code": string(briefing.ReauthRequired), "reason": string(reason), "auth_url": link})
	} else {
		_, err = fmt.Fprintln(c.out, link)
	}
	return errors.Join(exit{exitFailed}, err)
}
