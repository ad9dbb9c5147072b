package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"achim/internal/app"
)

func (c *cli) connect() *cobra.Command {
	var user string
	var switchAccount, asJSON bool
	cmd := &cobra.Command{
		Use: "connect --user WHO", Short: "Print the link with which a reader connects Google", Args: noArgs,
		Long: lines(
			"The link works for seven days, any number of times, and needs a running serve. Give it to that",
			"reader alone: whoever opens it connects their Google account to this reader's briefing.",
			"",
			"It begins with ACHIM_PUBLIC_URL; set that to an address the reader's phone can open. A reader who",
			"wants another Google account than before needs --switch-account."),
		Example: "  achim connect --user haneul\n  ACHIM_PUBLIC_URL=https://achim.gaon.example achim connect --user U012AB3CD",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				reader, err := a.Find(cmd.Context(), user)
				if err != nil {
					return asUsage(err)
				}
				link := a.ConnectURL(reader.ID, switchAccount)
				c.warnOfLinks(a)
				if asJSON {
					return c.printJSON(map[string]string{"user_id": string(reader.ID), "url": link})
				}
				_, err = fmt.Fprintln(c.out, link)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&user, "user", "", "whose: UUID, Slack id or name")
	f.BoolVar(&switchAccount, "switch-account", false, "allow another Google account than before")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	must(cmd.MarkFlagRequired("user"))
	return cmd
}

// warnOfLinks says so when a link about to be printed is one that a phone cannot open.
func (c *cli) warnOfLinks(a *app.App) {
	if !a.Config.LinksUsable() {
		fmt.Fprintf(c.err, "achim: a phone cannot open %s: set ACHIM_PUBLIC_URL to an https address with a name\n", a.Config.PublicURL)
	}
}
