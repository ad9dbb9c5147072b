package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) version() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		Example: "  achim version",
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return c.printJSON(map[string]string{"version": version})
			}
			_, err := fmt.Fprintln(c.out, "achim", version)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// help replaces cobra's help command, which forgives a name it does not know.
func (c *cli) help() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Explain a command",
		Example: "  achim help users add",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("there is no command %q; achim help lists all", strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func (c *cli) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print a script that completes commands in your shell",
		Long: lines(
			"Prints a completion script for bash, zsh, fish or powershell. Load it in the shell's start-up file,",
			"and Tab completes Achim's commands and flags."),
		Example: lines(
			"  source <(achim completion bash)                                   # this shell",
			"  achim completion bash > /etc/bash_completion.d/achim              # every bash",
			"  achim completion zsh > \"${fpath[1]}/_achim\"                       # zsh",
			"  achim completion fish > ~/.config/fish/completions/achim.fish     # fish"),
		ValidArgs: shells,
		Args:      oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.screen, true)
			case "zsh":
				return root.GenZshCompletion(c.screen)
			case "fish":
				return root.GenFishCompletion(c.screen, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.screen)
			}
			return usagef("there is no completion for %q: name one of %s", args[0], strings.Join(shells, ", "))
		},
	}
}
