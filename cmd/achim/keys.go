package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"achim/internal/app"
)

func (c *cli) keys() *cobra.Command {
	return group(&cobra.Command{
		Use: "keys", Short: "Make, change and leave the key that seals tokens and content",
		Long: lines(
			"With ACHIM_ENCRYPTION_KEY set, tokens and content are sealed in the database. These commands print keys",
			"to standard output and write them nowhere. docs/security.md says how to keep one, and what to do when",
			"one has leaked or is lost."),
		Example: "  achim keys generate\n  achim keys rotate",
	}, c.keysGenerate(), c.keysRotate(), c.keysUnseal())
}

func (c *cli) keysGenerate() *cobra.Command {
	var keyset, asJSON bool
	cmd := &cobra.Command{
		Use: "generate", Short: "Print a fresh key, and how to set it", Args: noArgs,
		Example: "  achim keys generate\n  (umask 077; achim keys generate > /etc/achim/key)",
		RunE: func(*cobra.Command, []string) error {
			key, err := app.GenerateKey(keyset)
			if err != nil {
				return err
			}
			if asJSON {
				return c.printJSON(map[string]string{"key": key.Reveal()})
			}
			fmt.Fprintln(c.err, lines(
				"The key went to standard output and is kept nowhere else. Keep it where your other secrets are, and its copy",
				"apart from the backups of the database: whoever has both reads everything, and without the key nobody",
				"reads anything.",
				"",
				"  1. Set it for every achim on this database: ACHIM_ENCRYPTION_KEY, or ACHIM_ENCRYPTION_KEY_FILE with the",
				"     path of a file that holds it.",
				"  2. Stop all of them and start them again. What is stored is then sealed in the background; the log says",
				"     when it is done. Other programs cannot read sealed tokens: achim keys unseal takes it back.",
				""))
			_, err = fmt.Fprintln(c.out, key.Reveal())
			return err
		},
	}
	cmd.Flags().BoolVar(&keyset, "keyset", false, "print a keyset of Tink instead of 32 bytes")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *cli) keysRotate() *cobra.Command {
	var reseal, dropOld, asJSON bool
	cmd := &cobra.Command{
		Use: "rotate", Short: "Change the key, in three steps", Args: noArgs,
		Long: lines(
			"Prints the configured keys as a keyset with a fresh primary key: that one seals, all open.",
			"",
			"Set it everywhere, stop all processes and start them again. serve then seals what is stored with the new",
			"key in the background; --reseal does it at once. When that is done, --drop-old prints the keyset without",
			"the old keys. It refuses while a row needs one, and reads every row to know: that may take minutes."),
		Example: "  achim keys rotate\n  achim keys rotate --reseal\n  achim keys rotate --drop-old",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case reseal && dropOld:
				return usagef("--reseal and --drop-old are two steps: one after the other")
			case reseal:
				return c.with(cmd.Context(), func(a *app.App) error {
					done, err := a.Reseal(cmd.Context(), c.sealing("sealed"))
					return c.printResealed("sealed with the primary key", done, err, asJSON)
				})
			case dropOld:
				return c.with(cmd.Context(), func(a *app.App) error {
					keyset, err := a.DropOldKeys(cmd.Context())
					return c.printKeyset(keyset, err, asJSON, "The keyset without the old keys, which no row needs. Set it everywhere and restart.", "")
				})
			}
			cfg, err := c.config()
			if err != nil {
				return err
			}
			keyset, err := app.RotateKey(cfg)
			return c.printKeyset(keyset, err, asJSON, lines(
				"The keyset with a fresh primary key went to standard output; nothing else has changed.",
				"",
				"  1. Set it for every achim on this database, as ACHIM_ENCRYPTION_KEY, or in the file of",
				"     ACHIM_ENCRYPTION_KEY_FILE. Stop all of them and start them again: one that still has the old keyset",
				"     cannot read what the others have sealed.",
				"  2. Wait until the log of serve says that what is stored is sealed, or run achim keys rotate --reseal.",
				"  3. achim keys rotate --drop-old prints the keyset without the old keys. Set that, and restart.",
				""))
		},
	}
	cmd.Flags().BoolVar(&reseal, "reseal", false, "seal everything with the primary key, now")
	cmd.Flags().BoolVar(&dropOld, "drop-old", false, "print the keyset with the primary key alone, once no row needs another")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *cli) keysUnseal() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "unseal", Short: "Turn everything that is sealed plain again", Args: noArgs,
		Long: lines(
			"For whoever leaves sealing behind, or wants other programs to read tokens again. In this order: stop",
			"every serve, run this with the key still set, take ACHIM_ENCRYPTION_KEY out everywhere, start serve.",
			"Beside a serve, which would seal again, it is refused, and none starts meanwhile. It may be interrupted",
			"and run again."),
		Example: "  achim keys unseal",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				done, err := a.Unseal(cmd.Context(), c.sealing("turned plain"))
				if err == nil && !asJSON {
					defer fmt.Fprintln(c.err, "Now take ACHIM_ENCRYPTION_KEY out everywhere, before anything is started again.")
				}
				return c.printResealed("plain", done, err, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// sealing shows how far it is, where somebody watches.
func (c *cli) sealing(verb string) func(app.Resealed) {
	return func(done app.Resealed) { c.err.show(counted(done.Rows, "row ", "rows ") + verb) }
}

// counted is a number of things.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// printResealed says what was done, and what stays as it is. What could not be opened is a failure, after all the rest.
func (c *cli) printResealed(how string, done app.Resealed, err error, asJSON bool) error {
	c.err.hide()
	if err != nil {
		return err
	}
	if asJSON {
		err = c.printJSON(map[string]any{"rows": done.Rows, "left": done.Left, "unopened": done.Unopened, "lost": done.Lost, "stay_plain": done.Staying})
	} else {
		_, err = fmt.Fprintf(c.out, "rows now %s: %d\n", how, done.Rows)
		if n := done.Staying.Total(); err == nil && n > 0 {
			_, err = fmt.Fprintf(c.out, "rows of gmail_token that stay plain, in whole or in part: %d (%s)\n", n, done.Staying)
		}
	}
	if err == nil && done.Unopened > 0 {
		err = fmt.Errorf("%s as before: the key is not held, or the rows were changed",
			counted(done.Unopened, "text cannot be opened and stays", "texts cannot be opened and stay"))
		if done.Lost > 0 {
			err = fmt.Errorf("%w; %s: put the user_id back, and what was sealed opens again, or delete the rows of gmail_token that have none and in which achim_sealed stands", err,
				counted(done.Lost, "row of gmail_token has lost its user_id, without which no key opens it", "rows of gmail_token have lost their user_id, without which no key opens them"))
		}
	}
	return err
}

// printKeyset prints a keyset alone to standard output, and what to do with it beside.
func (c *cli) printKeyset(keyset app.Keyset, err error, asJSON bool, steps ...string) error {
	if err != nil {
		return err
	}
	if asJSON {
		return c.printJSON(map[string]any{"keyset": json.RawMessage(keyset.JSON.Reveal()), "keys": keyset.Keys})
	}
	fmt.Fprintln(c.err, strings.Join(steps, "\n"))
	fmt.Fprintf(c.err, "It seals with key %s%s.\n\n", keyset.Keys[0], others(keyset.Keys[1:]))
	_, err = fmt.Fprintln(c.out, keyset.JSON.Reveal())
	return err
}

// others names the keys that only open.
func others(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return " and opens with " + strings.Join(keys, ", ") + " too"
}
