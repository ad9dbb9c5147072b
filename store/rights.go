package store

import (
	"context"
	"fmt"
	"strings"
)

// rights are what PostgreSQL lets our role do, where our own tables are made.
type rights struct {
	role    string
	schema  string // "" = the search_path leads to none that we may use
	path    string // the search_path
	creates bool   // may make tables in the schema
	owners  string // other roles that own tables of ours
	todo    bool   // there are migrations to be applied
	indexed bool   // the log has the index that the first migration makes, or will not be asked for it
}

// rights looks at what our role may do.
func (s *Store) rights(ctx context.Context, q *session) (rights, error) {
	version, err := s.version(ctx)
	if err != nil {
		return rights{}, err
	}
	provider, err := s.provider()
	if err != nil {
		return rights{}, err
	}
	sources := provider.ListSources()
	r, _, err := one(ctx, q, func(row scanner) (r rights, err error) {
		err = row.Scan(&r.role, &r.schema, &r.path, &r.creates, &r.owners, &r.indexed)
		return r, err
	}, "SELECT current_user, COALESCE(current_schema(), ''), current_setting('search_path'), COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false), "+
		"(SELECT COALESCE(string_agg(DISTINCT quote_ident(pg_get_userbyid(c.relowner)), ', '), '') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "+
		"WHERE n.nspname = current_schema() AND c.relname LIKE 'achim\\_%' AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')), "+
		"to_regclass('"+logIndex+"') IS NOT NULL")
	r.todo = version < sources[len(sources)-1].Version
	r.indexed = r.indexed || version > 0
	return r, err
}

// faults returns what is in the way of our own tables, each with the statement that an administrator has to run.
func (r rights) faults() []error {
	switch {
	case !r.todo:
		return nil
	case r.schema == "":
		return []error{misfit{"search_path", "", "(" + r.path + ") leads to no schema that the role " + quoted(r.role) + " may use",
			"let an administrator run GRANT USAGE, CREATE ON SCHEMA … TO " + quoted(r.role) + ", or name another with search_path in DATABASE_URL"}}
	case !r.creates:
		return []error{misfit{"schema " + quoted(r.schema), "", "takes no tables of the role " + quoted(r.role),
			"let an administrator run" + block("GRANT USAGE, CREATE ON SCHEMA "+quoted(r.schema)+" TO "+quoted(r.role))}}
	case r.owners != "":
		return []error{misfit{"tables of ours", "", "belong to another role, " + r.owners + ", which " + quoted(r.role) + " cannot act for",
			"run achim migrate with that role in DATABASE_URL, or let an administrator run" + block("GRANT "+r.owners+" TO "+quoted(r.role))}}
	}
	return nil
}

const (
	logIndex = "achim_conversation_log_entry"
	// makeLogIndex is what the first migration does to a log there is.
	makeLogIndex = "CREATE INDEX " + logIndex + " ON conversation_log ((metadata->>'entry_id')) WHERE (metadata->>'entry_id') IS NOT NULL"
)

// forbidden returns what we may not do with a table there is, each with the statements that its owner has to run. Once they
// have been run nothing of it is left to do.
func (r rights) forbidden(t relation, changes []Change) []error {
	var faults []error
	who := "let " + quoted(t.owner) + " or an administrator run"
	path := "SET search_path TO " + quoted(t.schema)
	if !t.owned {
		var run []string
		for _, c := range changes {
			run = append(run, c.SQL)
		}
		if t.name == logName && !r.indexed {
			run = append(run, makeLogIndex)
		}
		if len(run) > 0 {
			faults = append(faults, misfit{t.name, "", "belongs to the role " + quoted(t.owner) + ", and " + quoted(r.role) + " may not extend it",
				who + block(append([]string{path}, run...)...)})
		}
	}
	if len(t.denied) > 0 {
		may := strings.Join(t.denied, ", ")
		faults = append(faults, misfit{t.name, "", "does not let " + quoted(r.role) + " " + may,
			who + block(fmt.Sprintf("GRANT %s ON %s.%s TO %s", may, quoted(t.schema), quoted(t.name), quoted(r.role)))})
	}
	if t.ids != "" {
		faults = append(faults, misfit{t.name, "", "does not let " + quoted(r.role) + " take its next id",
			who + block(path, fmt.Sprintf("GRANT USAGE ON SEQUENCE %s TO %s", t.ids, quoted(r.role)))})
	}
	return faults
}

// block writes statements one per line, to be copied as they are.
func block(statements ...string) string { return ":\n\n" + strings.Join(statements, ";\n") + ";\n" }
