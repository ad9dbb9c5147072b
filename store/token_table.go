package store

import (
	"slices"
	"strings"
	"time"
)

// tokenTable is gmail_token as it is here: its statements, and what a row of ours must have beyond the contract.
//
// In the contract's layout a row has one owner, a UUID, and user_id finds it. Other programs have made the table with
// owners as text, with no unique key, and flat: with a column for each token. Then
//   - an owner in any letter case is found;
//   - of several rows of one owner one counts (see foremost), and the others are never written, but for sealing them;
//   - a row without token_data is read from its flat columns, and these are kept in step with what we write.
type tokenTable struct {
	key      string // what of a row is compared with its owner's id
	sole     bool   // an owner has one row at most
	worded   bool   // owners are text
	nameless bool   // a row may have no owner
	columns  string // what is read of a row
	newest   string // the order in which rows of one owner count, when there may be several
	scopes   attribute
	flat     []attribute          // the flat columns there are
	given    map[string]attribute // columns that take no NULL, or instants in another form than ours
	insertID string               // what a new row's id is, "" when the table gives it
}

// plainTokens is the table of the contract.
func plainTokens() tokenTable {
	return tokenTable{key: "user_id", sole: true, columns: tokenColumns}
}

// tokenKey is what of a row is compared with its owner's id: text may be in any letter case.
func tokenKey(r relation) string {
	if a, _ := r.column("user_id"); a.kind != "uuid" {
		return "lower(user_id)"
	}
	return "user_id"
}

// flatNames are the columns of the older layout that ours are kept in step with.
var flatNames = []string{"access_token", "refresh_token", "expires_at"}

// tokensOf returns what there is to know of a table.
func tokensOf(r relation) tokenTable {
	t := plainTokens()
	t.key = tokenKey(r)
	t.sole = r.unique && t.key == "user_id"
	owner, _ := r.column("user_id")
	t.worded = owner.kind != "uuid"
	t.nameless = t.worded || !owner.notNull
	t.scopes, _ = r.column("scopes")
	if slices.Contains(arrayKinds, t.scopes.kind) {
		t.columns = strings.Replace(t.columns, "scopes", "to_jsonb(scopes)", 1)
	}
	if r.thinksUpID() {
		t.insertID = "gen_random_uuid()" + textCast(r)
	}
	t.given = map[string]attribute{}
	for _, name := range []string{"token_data", "oauth_config", "scopes", "expiry", "updated_at", "created_at"} {
		a, ok := r.column(name)
		if ok && (a.notNull || (a.kind != "timestamp" && slices.Contains(instantKinds, a.kind))) {
			t.given[name] = a
		}
	}
	for _, name := range flatNames {
		if a, ok := r.column(name); ok {
			t.flat = append(t.flat, a)
		}
	}
	if len(t.flat) > 0 {
		t.columns += ", " + flatColumn(r, "access_token") + ", " + flatColumn(r, "refresh_token") + ", CAST(" + flatColumn(r, "expires_at") + " AS text)"
	}
	if !t.sole {
		t.columns += ", ctid::text"
		t.newest = newestOf(r)
	}
	return t
}

// flatColumn reads a flat column, or nothing where there is none of that name.
func flatColumn(r relation, name string) string {
	if r.has(name) {
		return name
	}
	return "NULL::text"
}

// newestOf orders rows of one owner, the newest first: by id, by when they were made where the table itself notes that, by
// when they expire. The last is the worst to go by, since others write it in zones of their own.
func newestOf(r relation) string {
	names := []string{"expires_at", "created_at"}
	if made, _ := r.column("created_at"); made.filled || made.notNull {
		names = []string{"created_at", "expires_at"}
	}
	var order []string
	if a, _ := r.column("id"); slices.Contains([]string{"int8", "int4", "int2"}, a.kind) {
		order = append(order, "id DESC")
	}
	for _, name := range names {
		if r.has(name) {
			order = append(order, name+" DESC NULLS LAST")
		}
	}
	return strings.Join(append(order, "gmail_token.ctid DESC"), ", ")
}

// ranks reports whether the column says which of several rows of one owner counts.
func (t *tokenTable) ranks(a attribute) bool {
	return a.name == "expires_at" && strings.Contains(t.newest, a.name)
}

// find returns the statement that reads an owner's row, or of their rows that fulfil a condition as many as are asked for,
// the newest first.
func (t *tokenTable) find(condition, lock string) string {
	if t.sole {
		return "SELECT " + t.columns + " FROM gmail_token WHERE user_id = ?" + lock
	}
	return "SELECT " + t.columns + " FROM gmail_token WHERE " + t.key + " = ?" + condition + " ORDER BY " + t.newest + " LIMIT ?" + lock
}

// refreshable narrows to the rows in which a refresh token may stand.
func (t *tokenTable) refreshable() string {
	const token = "CAST(token_data AS TEXT)"
	may := token + " LIKE '%refresh_token%' OR " + token + " LIKE '%" + sealedMember + "%'"
	if slices.ContainsFunc(t.flat, func(a attribute) bool { return a.name == "refresh_token" }) {
		may += " OR refresh_token <> ''"
	}
	return " AND (" + may + ")"
}

// part is the part of the table a row stands in, as a number: a table of parts has rows of one place in each.
func (t *tokenTable) part() string {
	if t.sole {
		return ", 0"
	}
	return ", CAST(tableoid AS BIGINT)"
}

// ownerless narrows to the rows without an owner; its argument is none.
func (t *tokenTable) ownerless() string { return "(user_id IS NULL OR " + t.key + " = ?)" }

// ofNobody returns the table as its rows without an owner are read: nothing but where they stand tells them apart. SQLite has no such
// place; its table is ours, and such rows are not written.
func (t tokenTable) ofNobody(placed bool) *tokenTable {
	if t.sole && placed {
		t.sole, t.columns = false, t.columns+", ctid::text"
	}
	t.key = "COALESCE(CAST(user_id AS TEXT), '')"
	return &t
}

// others narrows to the rows of everybody but one owner.
func (t *tokenTable) others() string {
	if t.nameless {
		return t.key + " IS DISTINCT FROM ?"
	}
	return t.key + " <> ?"
}

// none is an id that comes before all others: no row of a reader has it.
func (t *tokenTable) none() string {
	if t.worded {
		return ""
	}
	return nobody
}

// scan reads a row.
func (t *tokenTable) scan(row scanner) (rawToken, error) {
	var r rawToken
	err := row.Scan(t.targets(&r)...)
	r.readable(t)
	return r, err
}

// targets are where the columns of a row go.
func (t *tokenTable) targets(r *rawToken) []any {
	to := r.targets()
	if len(t.flat) > 0 {
		to = append(to, opt(&r.flat.access), opt(&r.flat.refresh), opt(&r.ends))
	}
	if !t.sole {
		to = append(to, opt(&r.place))
	}
	return to
}

// update returns the statement that replaces what is ours of a row, its flat columns too unless they are to be left,
// and its arguments.
func (t *tokenTable) update(row tokenRow, now time.Time) (string, []any, error) {
	values, err := row.values(now)
	if err != nil {
		return "", nil, err
	}
	args := t.fit(row.asRead(values), now)
	set := updateToken
	if t.takesArray() {
		set = strings.Replace(set, "scopes = ?", "scopes = "+scopesArray, 1)
	}
	if told := tellsFlat(args[0]); !row.leaveFlat {
		for _, a := range t.flat {
			if !told && t.ranks(a) {
				continue // that a token has ended which nobody finds there any more need not be said
			}
			if value, left := row.flatValue(a, told, now); !left {
				set += ", " + a.name + " = ?"
				args = append(args, value)
			}
		}
	}
	if t.sole {
		return set + " WHERE user_id = ?", append(args, string(row.reader)), nil
	}
	// Not the place alone: in a table of parts each has its own.
	return set + " WHERE " + t.key + " = ? AND ctid = ?::tid", append(args, string(row.reader), row.place), nil
}

// insert returns the statement that makes the reader's first row, and its arguments.
func (t *tokenTable) insert(row tokenRow, now time.Time) (string, []any, error) {
	first, err := row.values(now)
	if err != nil {
		return "", nil, err
	}
	columns := "token_data, oauth_config, scopes, metadata, expiry, updated_at, user_id, created_at"
	values := "?, ?, ?, ?, ?, ?, ?, ?"
	if t.takesArray() {
		values = "?, ?, " + scopesArray + values[len("?, ?, ?"):]
	}
	args := append(t.fit(first, now), string(row.reader), instantFor(t.given["created_at"].kind, now))
	told := tellsFlat(args[0])
	for _, a := range t.flat {
		value, _ := row.flatValue(a, told, now)
		columns, values = columns+", "+a.name, values+", ?"
		args = append(args, value)
	}
	if t.insertID != "" {
		columns, values = columns+", id", values+", "+t.insertID
	}
	return "INSERT INTO gmail_token (" + columns + ") VALUES (" + values + ")", args, nil
}

// asItWas narrows to the row if nothing of it that is secret has changed since it was read.
func (t *tokenTable) asItWas(o ownedToken) (where string, args []any) {
	where = " WHERE " + t.key + " = ? AND COALESCE(CAST(token_data AS TEXT), '') = ? AND COALESCE(CAST(oauth_config AS TEXT), '') = ?"
	args = []any{o.key, o.raw.token, o.raw.config}
	if !t.sole {
		where, args = where+" AND ctid = ?::tid", append(args, o.raw.place)
	}
	for _, a := range t.flat {
		if stood, secret := o.raw.flat.in(a); secret {
			where, args = where+" AND COALESCE("+a.name+", '') = ?", append(args, stood)
		}
	}
	return where, args
}

// scopesArray writes a JSON list into a column of texts.
const scopesArray = "ARRAY(SELECT jsonb_array_elements_text(?::jsonb))"

func (t *tokenTable) takesArray() bool { return slices.Contains(arrayKinds, t.scopes.kind) }

// fit gives the values of a row, in the order of tokenRow.values, the forms that the table takes.
func (t *tokenTable) fit(values []any, now time.Time) []any {
	const config, scopes, expiry, updated = 1, 2, 4, 5
	if t.given["oauth_config"].notNull && values[config] == nil {
		values[config] = "{}"
	}
	if (t.given["scopes"].notNull || t.takesArray()) && values[scopes] == nil {
		values[scopes] = "[]"
	}
	values[updated] = instantFor(t.given["updated_at"].kind, now)
	a := t.given["expiry"]
	switch at, known := values[expiry].(string); {
	case known:
		if end, err := time.Parse(naiveForm, at); err == nil {
			values[expiry] = instantFor(a.kind, end)
		}
	case a.notNull:
		values[expiry] = instantFor(a.kind, now) // whoever reads it had better refresh
	}
	return values
}
