package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// tokenNeeds are the columns of gmail_token that we write. Those after the contract's are of the older layout, in
// which a row is flat: they are never added, and kept in step where they are.
var tokenNeeds = []need{
	{name: "user_id", kinds: idKinds, least: 36},
	{name: "token_data", added: "jsonb", kinds: jsonKinds, least: 1 << 14},
	{name: "oauth_config", added: "jsonb", kinds: jsonKinds, least: 1 << 12},
	{name: "scopes", added: "jsonb", kinds: append(jsonKinds, arrayKinds...), least: 1 << 12},
	{name: "metadata", added: "jsonb", kinds: jsonKinds, least: 1 << 12},
	{name: "expiry", added: "timestamp", kinds: instantKinds, least: 26},
	{name: "created_at", added: "timestamp", kinds: instantKinds, least: 26},
	{name: "updated_at", added: "timestamp", kinds: instantKinds, least: 26},
	{name: "access_token", kinds: textKinds},
	{name: "refresh_token", kinds: textKinds},
	{name: "expires_at", kinds: instantKinds},
}

// logNeeds are the columns of conversation_log that we write. How a mend finds its row again needs metadata to be JSON.
var logNeeds = []need{
	{name: "user_id", added: "uuid", kinds: idKinds, least: 36},
	{name: "channel", added: "text", kinds: enumKinds, least: 5},
	{name: "channel_id", added: "text", kinds: textKinds, least: 24},
	{name: "message_ts", added: "text", kinds: textKinds, least: 24},
	{name: "role", added: "text", kinds: enumKinds, least: 9},
	{name: "content", added: "text", kinds: textKinds, least: 1 << 16},
	{name: "metadata", added: "jsonb", kinds: []string{"jsonb", "json"}},
	{name: "created_at", added: "timestamptz", kinds: instantKinds, least: 27},
}

const (
	tokenName = "gmail_token"
	logName   = "conversation_log"
	// adoptPatience is how long adding a column waits for other programs that use the table; whoever comes after us
	// waits with us meanwhile.
	adoptPatience = "5s"
)

// Change is something that Migrate adds to a table of other programs. Nothing is ever taken away, renamed or rewritten.
type Change struct {
	What string // such as "gmail_token: add column token_data jsonb"
	SQL  string
}

// String returns the change with its statement.
func (c Change) String() string { return c.What + " (" + c.SQL + ")" }

// adoption is what is to be done to the shared tables before the first migration, which takes them for its own.
type adoption struct {
	changes []Change
	faults  []error // what nothing added can mend
	tables  []string
}

// fault returns all that is in the way, or nil.
func (a adoption) fault() error {
	if len(a.faults) == 0 {
		return nil
	}
	return fmt.Errorf("the database cannot be used as it is; nothing was changed: %w", errors.Join(a.faults...))
}

// planAdoption looks at the shared tables as they are now. It changes nothing.
func (s *Store) planAdoption(ctx context.Context, q *session) (adoption, error) {
	var plan adoption
	if !s.dialect.postgres {
		return plan, nil // the file is ours
	}
	r, err := s.rights(ctx, q)
	if err != nil {
		return plan, fmt.Errorf("look at what we may do: %w", err)
	}
	plan.faults = r.faults()
	for _, t := range []struct {
		name  string
		needs []need
	}{{tokenName, tokenNeeds}, {logName, logNeeds}} {
		table, found, err := lookUp(ctx, q, t.name)
		if err != nil {
			return plan, fmt.Errorf("look at %s: %w", t.name, err)
		}
		if found {
			known := len(plan.changes)
			plan.add(table, t.needs)
			plan.faults = append(plan.faults, r.forbidden(table, plan.changes[known:])...)
		}
	}
	return plan, nil
}

// add plans for a table that is there.
func (a *adoption) add(r relation, needs []need) {
	a.tables = append(a.tables, r.name)
	if !r.ours {
		a.faults = append(a.faults, misfit{r.name, "", "stands in schema " + r.schema + ", and a second, empty one would be made",
			"let the search_path of DATABASE_URL begin with " + quoted(r.schema)})
	}
	needed := "" // of the log nothing: whatever is missing is added
	if r.name == tokenName {
		needed = "user_id"
	}
	a.faults = append(a.faults, r.misfits(needs, needed)...)
	for _, n := range needs {
		if n.added != "" && !r.has(n.name) {
			a.changes = append(a.changes, Change{fmt.Sprintf("%s: add column %s %s", r.name, n.name, n.added),
				fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", r.name, n.name, n.added)})
		}
	}
	if key := tokenKey(r); r.name == tokenName && r.has("user_id") && !slices.ContainsFunc(r.indexes, func(first string) bool { return indexes(first, key) }) {
		a.changes = append(a.changes, Change{tokenName + ": add an index on " + key,
			"CREATE INDEX achim_gmail_token_owner ON gmail_token (" + key + ")"})
	}
}

// indexes reports whether an index that begins with first finds rows by key. The catalogue writes casts out.
func indexes(first, key string) bool {
	return first == key || (key != "user_id" && slices.Contains([]string{"lower(user_id::text)", "lower((user_id)::text)"}, first))
}

// adopt makes the shared tables fit, in one transaction, and returns what it added. Before it commits it tries out a
// row in each: what the catalogue does not tell, such as a check, is then an error that changes nothing either.
func (s *Store) adopt(ctx context.Context) ([]Change, error) {
	plan, err := s.planAdoption(ctx, s.reader())
	if err == nil {
		err = plan.fault()
	}
	if err != nil {
		return nil, err
	}
	version, err := s.version(ctx)
	if err != nil || len(plan.tables) == 0 || (len(plan.changes) == 0 && version > 0) {
		return nil, err
	}
	err = s.inTx(ctx, func(q *session) error {
		if _, err := q.exec(ctx, "SET LOCAL lock_timeout = '"+adoptPatience+"'"); err != nil {
			return err
		}
		for _, c := range plan.changes {
			if _, err := q.exec(ctx, c.SQL); err != nil {
				return fmt.Errorf("%s: %w", c.What, hint(err))
			}
		}
		return s.tryAdopted(ctx, q, plan.tables)
	})
	if err != nil {
		return nil, fmt.Errorf("adopt the tables of other programs; nothing was changed: %w", err)
	}
	return plan.changes, nil
}

// tryAdopted tries a row of ours in each of the tables, as they are inside the transaction.
func (s *Store) tryAdopted(ctx context.Context, q *session, tables []string) error {
	known, err := readShared(ctx, q)
	if err != nil {
		return err
	}
	tx := *q
	tx.shared = known
	for _, name := range tables {
		if _, err := tx.exec(ctx, "SAVEPOINT achim_probe"); err != nil {
			return err
		}
		if err := probed(name, s.insertProbe(ctx, &tx, name)); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "ROLLBACK TO SAVEPOINT achim_probe"); err != nil {
			return err
		}
	}
	return nil
}
