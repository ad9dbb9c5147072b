package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"achim/briefing"
	"achim/internal/app"
)

func (c *cli) tokensRevoke() *cobra.Command {
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use: "revoke --user WHO", Short: "Revoke a connection at Google and forget it",
		Long: lines(
			"Does what DELETE /api/gmail does. Revoking ends the access of the whole Google project to the account,",
			"so it is left out while another row is, or might be, of the same account, and that row is named. The row is",
			"forgotten also when Google cannot be reached. What was not revoked the person can end themselves at",
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
		became, shared, err := a.RevokeGrant(ctx, who.id)
		if err != nil {
			return err
		}
		if asJSON {
			return c.printJSON(map[string]any{"user_id": who.id, "revocation": became, "shared_with": append([]app.SharedGrant{}, shared...)})
		}
		_, err = fmt.Fprintf(c.out, "%s: %s\n", who, forgotten(became, shared))
		return err
	})
}

// forgotten says what became of a grant.
func forgotten(became briefing.Revocation, shared []app.SharedGrant) string {
	const yourself = "the person can end the access at https://myaccount.google.com/connections"
	switch became {
	case briefing.RevocationDone:
		return "revoked at Google and forgotten"
	case briefing.RevocationShared:
		return "forgotten; not revoked at Google, which would end the access of all rows of the account: " + sharers(shared) +
			"; " + yourself + ", which ends it for all of them"
	case briefing.RevocationFailed:
		return "forgotten; Google could not be reached or refused to revoke it: " + yourself
	default:
		return "forgotten; there was nothing to revoke at Google"
	}
}

// sharersShown is how many rows are named that share an account.
const sharersShown = 5

// sharers names whose rows are of the same account, or might be.
func sharers(shared []app.SharedGrant) string {
	if len(shared) == 0 {
		return "another one is, or might be, of it"
	}
	var parts []string
	for _, s := range shared[:min(len(shared), sharersShown)] {
		who := "the row of " + string(s.UserID) + ", no reader here,"
		if s.Name != nil {
			who = "that of " + *s.Name
		}
		switch {
		case s.Waits && s.Name != nil:
			parts = append(parts, *s.Name+" waits to confirm it")
		case s.Waits:
			parts = append(parts, string(s.UserID)+", no reader here, waits to confirm it")
		case s.Certain:
			parts = append(parts, who+" is of it")
		default:
			parts = append(parts, who+" might be, not saying whose account it is")
		}
	}
	if more := len(shared) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}
