package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"achim/internal/app"
)

// importing is one call of users import.
type importing struct {
	tables, quiet, dry, yes, asJSON bool
}

func (c *cli) usersImport() *cobra.Command {
	var im importing
	cmd := &cobra.Command{
		Use: "import FILE.csv | --from-tables", Short: "Add and change many readers at once",
		Long: lines(
			"Shows what would be added and changed, asks, and then does it. A file with a fault is not imported at",
			"all; every fault is told with its line. The first line names the columns as the API does:",
			"  user_id, name, slack_user_id, email, timezone, deliver_at, weekdays, language, feeds, paused,",
			"  paused_until, skip_holidays, notification",
			"Another column is a fault. A reader is found by user_id, else by slack_user_id. Of a column that is left",
			"out, and of a field that is empty, everything stays as it is, so the same file may be imported again.",
			"Commas, semicolons and tabs separate; - is standard input.",
			"",
			"Who is added gets a welcome DM when a serve runs; --quiet sends none.",
			"",
			"--from-tables reads the tables \"user\" and workspace_member that other programs keep in the same",
			"PostgreSQL, says which of their columns it uses and who does not fit, and keeps the ids, so that rows of",
			"gmail_token meet their reader. It never writes to those tables.",
			"",
			"Without a terminal nobody can be asked: it then only shows, and exits 2, unless --yes or --dry-run is given."),
		Example: lines(
			"  achim users import team.csv",
			"  achim users import team.csv --yes --quiet",
			"  achim users import --from-tables --dry-run"),
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) == 1) == im.tables || len(args) > 1 {
				return errors.New("name either one file or --from-tables")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(a *app.App) error {
				if im.tables {
					return c.importTables(cmd.Context(), a, im)
				}
				return c.importFile(cmd.Context(), a, im, args[0])
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&im.tables, "from-tables", false, "read the tables \"user\" and workspace_member of the same database")
	f.BoolVar(&im.quiet, "quiet", false, "send those who are added no welcome")
	f.BoolVar(&im.dry, "dry-run", false, "show what would be done, change nothing")
	f.BoolVar(&im.yes, "yes", false, "do not ask")
	f.BoolVar(&im.asJSON, "json", false, "print JSON")
	return cmd
}

// importFile imports a file, or nothing when any of it is at fault.
func (c *cli) importFile(ctx context.Context, a *app.App, im importing, name string) error {
	rows, err := readRows(name)
	plan, planErr := a.PlanImport(ctx, rows)
	if planErr != nil {
		return planErr
	}
	if faults := append(faultsOf(err), plan.Faults...); len(faults) > 0 {
		app.SortFaults(faults)
		return usage{fmt.Errorf("%s: nothing was imported:\n       %s", name, strings.Join(texts(faults), "\n       "))}
	}
	return c.importPlan(ctx, a, im, importReport{Plan: plan})
}

// readRows reads the file of that name.
func readRows(name string) ([]app.ImportRow, error) {
	if name == "-" {
		return app.ReadImport(os.Stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return app.ReadImport(file)
}

// faultsOf takes a joined error apart.
func faultsOf(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	default:
		return []error{err}
	}
}

func texts(errs []error) []string {
	all := make([]string, len(errs))
	for i, err := range errs {
		all[i] = err.Error()
	}
	return all
}

// importTables imports the people of other programs; who does not fit is told and left out.
func (c *cli) importTables(ctx context.Context, a *app.App, im importing) error {
	people, err := a.ReadPeople(ctx)
	if err != nil {
		return err
	}
	plan, err := a.PlanImport(ctx, people.Rows)
	if err != nil {
		return err
	}
	misfits := texts(append(people.Misfit, plan.Faults...))
	return c.importPlan(ctx, a, im, importReport{Used: people.Used, Misfits: misfits, Plan: plan})
}

// importReport is what an import is about to do.
type importReport struct {
	Used    []string
	Misfits []string
	Plan    app.ImportPlan

	Welcomed, Connected int // who gets a welcome, and who of them is connected already
}

// importPlan shows the import, asks, and does it.
func (c *cli) importPlan(ctx context.Context, a *app.App, im importing, r importReport) error {
	add, change, _ := r.Plan.Count()
	if !im.quiet {
		var err error
		if r.Welcomed, r.Connected, err = a.Welcomes(ctx, r.Plan); err != nil {
			return err
		}
	}
	if !im.asJSON {
		if err := r.print(c.out); err != nil {
			return err
		}
	}
	sure := im.yes || add+change == 0
	if !sure && !im.dry && isTerminal(c.in) {
		if im.asJSON { // standard output is the program's that reads it
			if err := r.print(c.err); err != nil {
				return err
			}
		}
		var err error
		if sure, err = c.agreed(ctx, "Import them?"); err != nil {
			return err
		}
		if !sure {
			fmt.Fprintln(c.err, "achim: nothing was imported")
			return exit{exitFailed}
		}
	}
	if im.dry || !sure {
		if err := c.reportImport(im, r, 0); err != nil || im.dry {
			return err
		}
		return usagef("nothing was imported, for there is no terminal to ask in: --yes imports what is shown")
	}
	done, err := a.Import(ctx, r.Plan, im.quiet)
	if err != nil {
		return asUsage(err)
	}
	return c.reportImport(im, r, done)
}

// reportImport says what became of the import.
func (c *cli) reportImport(im importing, r importReport, done int) error {
	if im.asJSON {
		return c.printJSON(map[string]any{"dry_run": im.dry, "imported": done, "readers": append([]app.ImportLine{}, r.Plan.Lines...),
			"welcomes": r.Welcomed, "columns": append([]string{}, r.Used...), "left_out": append([]string{}, r.Misfits...)})
	}
	if done == 0 {
		return nil
	}
	_, err := fmt.Fprintf(c.out, "imported %d\n", done)
	return err
}

// print shows the import for people.
func (r importReport) print(w io.Writer) error {
	for _, used := range r.Used {
		what, columns, _ := strings.Cut(used, ": ")
		fmt.Fprintln(w, tame(what), "from", tame(columns))
	}
	for _, misfit := range r.Misfits {
		fmt.Fprintln(w, "left out:", tame(misfit))
	}
	var t table
	for _, l := range r.Plan.Lines {
		if l.Action != app.ImportSame {
			t.row(string(l.Action), l.Name, l.Slack, cmp.Or(string(l.Reader), "a new id"), strings.Join(l.Changes, "; "))
		}
	}
	if err := t.print(w); err != nil {
		return err
	}
	add, change, same := r.Plan.Count()
	fmt.Fprintf(w, "%d to add, %d to change, %d unchanged\n", add, change, same)
	if add > 0 {
		fmt.Fprintln(w, r.welcomes())
	}
	return nil
}

// welcomes says who will hear of the import.
func (r importReport) welcomes() string {
	if r.Welcomed == 0 {
		return "none of them gets a welcome DM"
	}
	text := "1 person gets"
	if r.Welcomed != 1 {
		text = fmt.Sprintf("%d people get", r.Welcomed)
	}
	text += " a welcome DM a minute later, as soon as a serve runs, from 07:00 to 22:00 by their clock; --quiet sends none"
	if r.Connected > 0 {
		text += fmt.Sprintf("\n%d of them, whose Google connection is here already, are told that there is nothing to do", r.Connected)
	}
	return text
}
