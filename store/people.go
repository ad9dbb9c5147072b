package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Person is somebody in the tables "user" and workspace_member of other programs.
type Person struct {
	ID       string
	Name     string
	Email    string
	Timezone string
	Slack    []string // as members of one workspace or several
}

// People are those in the tables of other programs, and which columns say so.
type People struct {
	Used    []string // such as "name: user.display_name"
	Persons []Person
}

// ErrNoPeople means that the database has no tables of people that can be read.
var ErrNoPeople = errors.New(`no tables "user" and workspace_member to read people from`)

// personColumns are what may be known of a person, and the columns that may say it, the best first.
var personColumns = []struct {
	what  string
	named []string
}{
	{"name", []string{"name", "display_name", "username"}},
	{"email", []string{"email"}},
	{"timezone", []string{"timezone", "time_zone", "tz"}},
	{"slack_user_id", []string{"slack_user_id", "slack_id", "slack_member_id", "member_id"}},
}

// People reads the tables "user" and workspace_member of the same database, where their columns fit. It never writes to
// them. ErrNoPeople when there is nothing to read.
func (s *Store) People(ctx context.Context) (People, error) {
	if !s.dialect.postgres {
		return People{}, fmt.Errorf("%w: this is a SQLite file of our own", ErrNoPeople)
	}
	q := s.reader()
	user, found, err := lookUp(ctx, q, "user")
	if err != nil {
		return People{}, fmt.Errorf("look for people: %w", err)
	}
	if id, _ := user.column("id"); !found || !slices.Contains(idKinds, id.kind) {
		return People{}, fmt.Errorf(`%w: there is no table "user" with a column id that holds a UUID`, ErrNoPeople)
	}
	member, found, err := lookUp(ctx, q, "workspace_member")
	if err != nil {
		return People{}, fmt.Errorf("look for people: %w", err)
	}
	if !found || !member.has("user_id") {
		member = relation{}
	}
	var people People
	columns := []string{"u.id::text"}
	for _, p := range personColumns {
		from := candidates(user, "u", p.named)
		if from = append(from, candidates(member, "m", p.named)...); p.what == "slack_user_id" && len(from) == 0 {
			return People{}, fmt.Errorf("%w: neither has a column %s", ErrNoPeople, strings.Join(p.named, ", "))
		}
		columns = append(columns, firstText(from))
		if len(from) > 0 {
			people.Used = append(people.Used, p.what+": "+strings.NewReplacer("u.", "user.", "m.", "workspace_member.").Replace(strings.Join(from, ", else ")))
		}
	}
	query := "SELECT " + strings.Join(columns, ", ") + ` FROM "user" u`
	if member.name != "" {
		query += " LEFT JOIN workspace_member m ON m.user_id::text = u.id::text"
	}
	people.Persons, err = readPeople(ctx, q, query+" ORDER BY 1, 5")
	return people, err
}

// readPeople reads the rows of a query, several of one person together.
func readPeople(ctx context.Context, q *session, query string) ([]Person, error) {
	rows, err := list(ctx, q, func(row scanner) (Person, error) {
		p := Person{Slack: make([]string, 1)}
		return p, row.Scan(opt(&p.ID), &p.Name, &p.Email, &p.Timezone, &p.Slack[0])
	}, query)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	var all []Person
	for _, p := range rows {
		p.Slack = slices.DeleteFunc(p.Slack, func(id string) bool { return id == "" })
		if n := len(all) - 1; n >= 0 && all[n].ID == p.ID {
			all[n].Slack = slices.Compact(append(all[n].Slack, p.Slack...))
			continue
		}
		all = append(all, p)
	}
	return all, nil
}

// candidates are the columns of a table that are there, behind its alias.
func candidates(r relation, alias string, named []string) (found []string) {
	for _, name := range named {
		if r.has(name) {
			found = append(found, alias+"."+name)
		}
	}
	return found
}

// firstText is the first of the columns that holds a text.
func firstText(columns []string) string {
	texts := []string{}
	for _, c := range columns {
		texts = append(texts, "NULLIF(btrim("+c+"::text), '')")
	}
	return "COALESCE(" + strings.Join(append(texts, "''"), ", ") + ")"
}
