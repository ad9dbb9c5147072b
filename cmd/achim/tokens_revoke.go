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
			"so it is left out while another row is, or might be, of the same account; these are listed. The row is",
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
			agreed, err := c.agreed(ctx, fmt.Sprintf("Revoke the Google connection of %s%s?", who, around(" (", row, ")")))
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

// yourself is how a person ends an access at Google.
const yourself = "The person can end the access at https://myaccount.google.com/connections"

// forgotten says what became of a grant: a sentence, and a list of who else uses the account.
func forgotten(became briefing.Revocation, shared []app.SharedGrant) string {
	switch became {
	case briefing.RevocationDone:
		return "revoked at Google and forgotten"
	case briefing.RevocationShared:
		return "forgotten, but not revoked at Google: that would end the access of all who use the account, and others do, or might\n" +
			sharers(shared) + yourself + ", which ends it for all of them."
	case briefing.RevocationFailed:
		return "forgotten; Google could not be reached or refused to revoke it\n" + yourself + "."
	default:
		return "forgotten; there was nothing to revoke at Google"
	}
}

// sharersShown is how many are listed who share an account.
const sharersShown = 10

// sharers lists who else uses the account, or might, a line each.
func sharers(shared []app.SharedGrant) string {
	var out strings.Builder
	for _, s := range shared[:min(len(shared), sharersShown)] {
		fmt.Fprintf(&out, "  %s: %s\n", sharer(s), sharing(s))
	}
	if more := len(shared) - sharersShown; more > 0 {
		fmt.Fprintf(&out, "  and %d more\n", more)
	}
	return out.String()
}

func sharer(s app.SharedGrant) string {
	switch {
	case s.Name != nil:
		return *s.Name
	case s.UserID == "":
		return "rows without an owner"
	}
	return string(s.UserID) + " (no reader)"
}

// sharing says what somebody has to do with the account.
func sharing(s app.SharedGrant) string {
	switch {
	case s.Waits:
		return "is asked whether to connect it, and has not answered"
	case s.Certain:
		return "is connected to it"
	}
	return "might be connected to it; the row does not say to which account"
}
