package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect holds what differs between the two databases.
type dialect struct {
	postgres bool
}

// goose returns goose's name of the dialect and the folder of its migrations.
func (d dialect) goose() (goose.Dialect, string) {
	if d.postgres {
		return goose.DialectPostgres, "migrations/postgres"
	}
	return goose.DialectSQLite3, "migrations/sqlite"
}

// rebind numbers the placeholders. No statement of ours holds a question mark otherwise.
func (d dialect) rebind(query string) string {
	if !d.postgres || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 32)
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

// forUpdate locks the rows a SELECT returns until the transaction ends. On SQLite the transaction itself
// is the lock.
func (d dialect) forUpdate() string {
	if d.postgres {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

// forShare lets others read the rows a SELECT returns, and none lock or change them, until the transaction ends.
func (d dialect) forShare() string {
	if d.postgres {
		return " FOR SHARE"
	}
	return ""
}

// letters writes the last 24 bits of a number as six letters, from a to p, in the order of the numbers.
func (d dialect) letters(number string) string {
	if d.postgres {
		return "translate(lpad(to_hex(" + number + "), 6, '0'), '0123456789abcdef', 'abcdefghijklmnop')"
	}
	var digits []string
	for shift := 20; shift >= 0; shift -= 4 {
		digits = append(digits, fmt.Sprintf("97 + ((%s >> %d) & 15)", number, shift))
	}
	return "char(" + strings.Join(digits, ", ") + ")"
}

// after returns the ten characters that follow the name of a member in the text of a JSON object, an empty text without one.
func (d dialect) after(text, member string) string {
	position := "instr"
	if d.postgres {
		position = "strpos"
	}
	at := fmt.Sprintf(`%s(%s, '"%s"')`, position, text, member)
	return fmt.Sprintf("CASE WHEN %s > 0 THEN substr(%s, %s + %d, 10) ELSE '' END", at, text, at, len(member)+2)
}

// column is one column of a batch.
type column struct {
	name string
	kind string // "text" or "bigint"
}

// from returns a FROM item named v that holds a batch of rows with these columns, whatever their number,
// for one and the same statement text. Its arguments come from batch.
func (d dialect) from(columns []column) string {
	var b strings.Builder
	if d.postgres {
		for i, c := range columns {
			b.WriteString(separator(i))
			fmt.Fprintf(&b, "?::%s[]", c.kind)
		}
		args := b.String()
		b.Reset()
		for i, c := range columns {
			b.WriteString(separator(i))
			b.WriteString(c.name)
		}
		return "unnest(" + args + ") AS v(" + b.String() + ")"
	}
	for i, c := range columns {
		b.WriteString(separator(i))
		fmt.Fprintf(&b, "value->>%d AS %s", i, c.name)
	}
	return "(SELECT " + b.String() + " FROM json_each(?)) AS v"
}

// batch returns the arguments of from. Values are nil, string or int64 as their column's kind says.
func (d dialect) batch(columns []column, rows [][]any) ([]any, error) {
	if !d.postgres {
		text, err := json.Marshal(rows)
		return []any{string(text)}, err
	}
	args := make([]any, len(columns))
	for i, c := range columns {
		var err error
		if c.kind == "text" {
			args[i], err = pick[string](rows, i)
		} else {
			args[i], err = pick[int64](rows, i)
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return args, nil
}

// pick returns the i-th value of every row, nil for NULL.
func pick[T any](rows [][]any, i int) ([]*T, error) {
	picked := make([]*T, len(rows))
	for n, row := range rows {
		if row[i] == nil {
			continue
		}
		value, ok := row[i].(T)
		if !ok {
			return nil, fmt.Errorf("value is a %T", row[i])
		}
		picked[n] = &value
	}
	return picked, nil
}

// names joins the names of the columns, each behind the prefix.
func names(columns []column, prefix string) string {
	var b strings.Builder
	for i, c := range columns {
		b.WriteString(separator(i))
		b.WriteString(prefix)
		b.WriteString(c.name)
	}
	return b.String()
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// isDuplicate reports that err is the violation of a unique key whose constraint or columns hold name.
func isDuplicate(err error, name string) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505" && strings.Contains(e.ConstraintName, name)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		unique := e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
		return unique && strings.Contains(e.Error(), name)
	}
	return false
}

// isStranger reports that a row was refused only because its user_id refers to a table in which the probe's is not.
// Everything else of the row has been looked at by then.
func isStranger(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23503" && strings.Contains(e.Detail, "(user_id)=("+nobody+")")
}

// hint adds what to do about a table that is in use or somebody else's.
func hint(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && e.Code == "55P03":
		return fmt.Errorf("another program has used the table for more than "+adoptPatience+": end its long transactions, or try again: %w", err)
	case ok && e.Code == "42501":
		return fmt.Errorf("let the table's owner run migrate, or the statements that migrate --dry-run prints: %w", err)
	default:
		return err
	}
}

// isMissingTable reports that the statement named a table that does not exist.
func isMissingTable(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "42P01"
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && strings.Contains(e.Error(), "no such table")
}

// isMissingColumn reports that a column is not there.
func isMissingColumn(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "42703"
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && strings.Contains(e.Error(), "no such column")
}

// isCollision reports that the database gave up a transaction for the sake of another, so that the same
// work may be tried again from its beginning.
func isCollision(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40P01" || e.Code == "40001")
}
