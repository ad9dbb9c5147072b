package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// attribute is a column as PostgreSQL's catalogue has it.
type attribute struct {
	name     string
	kind     string // the type's name in the catalogue, that under a domain: uuid, text, varchar, jsonb, int8 … or enum
	limit    int    // how many characters it takes; 0 = any number
	notNull  bool
	filled   bool // it has a default or an identity: it may be left out
	computed bool // the database alone writes it
}

// relation is a table that may be somebody else's, as the catalogue has it.
type relation struct {
	name    string
	schema  string
	plain   bool     // a table, rather than a view
	ours    bool     // it stands in the schema in which our own tables are made
	owner   string   // the role it belongs to
	owned   bool     // we may do with it what its owner may
	denied  []string // what of reading and writing its rows we may not
	ids     string   // the sequences of its ids that we may not use
	columns []attribute
	unique  bool     // no two rows have one user_id
	indexes []string // what its whole indexes begin with
}

// column returns the column of that name.
func (r relation) column(name string) (attribute, bool) {
	i := slices.IndexFunc(r.columns, func(a attribute) bool { return a.name == name })
	if i < 0 {
		return attribute{}, false
	}
	return r.columns[i], true
}

func (r relation) has(name string) bool {
	_, ok := r.column(name)
	return ok
}

// quoted returns a name as it is written in a statement.
func quoted(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && name != "user" {
		return name
	}
	return pgx.Identifier{name}.Sanitize()
}

// lookUp reads what the catalogue knows of a table; found is false when there is none of that name where an
// unqualified name leads.
func lookUp(ctx context.Context, q *session, name string) (r relation, found bool, err error) {
	r, found, err = one(ctx, q, func(row scanner) (relation, error) {
		r := relation{name: name}
		denied := ""
		err := row.Scan(&r.schema, &r.plain, &r.ours, &r.owner, &r.owned, &denied, &r.ids)
		r.denied = strings.Fields(denied)
		return r, err
	}, "SELECT n.nspname, c.relkind IN ('r', 'p'), COALESCE(n.nspname = current_schema(), false), pg_get_userbyid(c.relowner), pg_has_role(c.relowner, 'USAGE'), "+
		"(SELECT COALESCE(string_agg(p, ' '), '') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p WHERE NOT has_table_privilege(c.oid, p)), "+
		"(SELECT COALESCE(string_agg(d.objid::regclass::text, ', '), '') FROM pg_depend d JOIN pg_class s ON s.oid = d.objid "+
		"WHERE d.refobjid = c.oid AND d.deptype = 'a' AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') ELSE false END) "+
		"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(?)", quoted(name))
	if err != nil || !found {
		return r, false, err
	}
	if r.columns, err = list(ctx, q, scanAttribute, attributes, quoted(name)); err != nil {
		return r, false, err
	}
	type index struct {
		unique bool
		first  string
	}
	known, err := list(ctx, q, func(row scanner) (index, error) {
		var i index
		return i, row.Scan(&i.unique, &i.first)
	}, "SELECT indisunique AND indnkeyatts = 1, pg_get_indexdef(indexrelid, 1, true) FROM pg_index "+
		"WHERE indrelid = to_regclass(?) AND indisvalid AND indpred IS NULL", quoted(name))
	for _, i := range known {
		r.unique = r.unique || (i.unique && i.first == "user_id")
		r.indexes = append(r.indexes, i.first)
	}
	return r, err == nil, err
}

// attributes asks for the columns of a table. A domain counts as the type under it.
const attributes = "SELECT a.attname, CASE WHEN t.typtype = 'e' THEN 'enum' ELSE COALESCE(b.typname, t.typname) END, " +
	"CASE WHEN COALESCE(b.typname, t.typname) IN ('varchar', 'bpchar') THEN GREATEST((CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END) - 4, 0) ELSE 0 END, " +
	"a.attnotnull OR t.typnotnull, a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, a.attgenerated <> '' OR a.attidentity = 'a' " +
	"FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype " +
	"WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"

func scanAttribute(row scanner) (a attribute, err error) {
	err = row.Scan(&a.name, &a.kind, &a.limit, &a.notNull, &a.filled, &a.computed)
	return a, err
}

// misfit is something about a shared table that we cannot work with: which column, what of it, and what to do.
type misfit struct {
	table, column, what, remedy string
}

func (m misfit) Error() string {
	where := m.table
	if m.column != "" {
		where += "." + m.column
	}
	return fmt.Sprintf("%s %s: %s", where, m.what, m.remedy)
}

// need is a column that we write.
type need struct {
	name  string
	added string   // the type it gets when it is missing; "" = it is only used where it is
	kinds []string // the types it may have
	least int      // characters that must fit
}

// misfits returns what of the table does not fit our needs; what is merely missing can be added and is none of it,
// unless it is the needed column, which nothing can make up for.
func (r relation) misfits(needs []need, needed string) []error {
	var all []error
	fault := func(column, what, remedy string) { all = append(all, misfit{r.name, column, what, remedy}) }
	alter := func(column, to string) string {
		return "ALTER TABLE " + quoted(r.name) + " ALTER COLUMN " + quoted(column) + " " + to
	}
	if !r.plain {
		fault("", "is not a table", "let the search_path of DATABASE_URL lead to the table itself")
	}
	if needed != "" && !r.has(needed) {
		fault(needed, "is missing", "rename the column that holds the reader's UUID, or move the table away")
	}
	for _, a := range r.columns {
		i := slices.IndexFunc(needs, func(n need) bool { return n.name == a.name })
		switch {
		case i < 0 && a.notNull && !a.filled && !a.computed && !r.givesID(a):
			fault(a.name, "is NOT NULL and has no default, and there is nothing of ours to put there",
				alter(a.name, "DROP NOT NULL")+", or give it a default")
		case i < 0:
		case a.computed:
			fault(a.name, "is generated by the database", "let it be an ordinary column")
		case !slices.Contains(needs[i].kinds, a.kind):
			fault(a.name, "is of type "+a.kind, alter(a.name, "TYPE "+needs[i].suggested())+" USING …, or rename it")
		case a.limit > 0 && a.limit < needs[i].least:
			fault(a.name, fmt.Sprintf("takes %d characters and may have to take %d", a.limit, needs[i].least), alter(a.name, "TYPE text"))
		}
	}
	return all
}

// suggested is the type to change a column to.
func (n need) suggested() string {
	if n.added != "" {
		return n.added
	}
	return n.kinds[0]
}

// givesID reports whether a is an id that we can think up.
func (r relation) givesID(a attribute) bool {
	return a.name == "id" && (a.kind == "uuid" || (slices.Contains(textKinds, a.kind) && (a.limit == 0 || a.limit >= 36)))
}

// thinksUpID reports whether a row of ours must bring an id.
func (r relation) thinksUpID() bool {
	a, ok := r.column("id")
	return ok && a.notNull && !a.filled && r.givesID(a)
}

// Types, by what they can hold.
var (
	textKinds    = []string{"text", "varchar", "bpchar"}
	jsonKinds    = []string{"jsonb", "json", "text", "varchar"}
	idKinds      = []string{"uuid", "text", "varchar", "bpchar"}
	arrayKinds   = []string{"_text", "_varchar"}
	enumKinds    = append([]string{"text", "enum"}, textKinds...)
	numberKinds  = []string{"int8", "int4", "numeric", "float8"}
	instantKinds = append([]string{"timestamp", "timestamptz", "text", "varchar"}, numberKinds...)
)
