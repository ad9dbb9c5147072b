package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// NoKey is the id of the key of what looks sealed and names none.
const NoKey = "none"

// ErrKeys means that something is sealed with a key that is not held. The error is a *KeyError.
var ErrKeys = errors.New("the encryption key does not fit what is stored")

// KeyError says which rows need which key.
type KeyError struct {
	Held    []string    // the ids of the keys there are; none when there is no key
	Forged  []string    // ids under which another key is held than the one that sealed
	Missing []SealCount // by key and table; of large tables as many as were counted
}

// Unwrap makes the error ErrKeys.
func (e *KeyError) Unwrap() error { return ErrKeys }

// Error names the setting, the keys and the rows, and the remedy.
func (e *KeyError) Error() string {
	var b strings.Builder
	switch {
	case len(e.Held) == 0:
		b.WriteString("ACHIM_ENCRYPTION_KEY is not set, and what is stored is sealed: ")
	case len(e.Forged) > 0:
		fmt.Fprintf(&b, "ACHIM_ENCRYPTION_KEY holds another key of the id %s than the one that sealed what is stored: ", strings.Join(e.Forged, ", "))
	default:
		fmt.Fprintf(&b, "ACHIM_ENCRYPTION_KEY holds %s, and what is stored needs another key: ", strings.Join(e.Held, ", "))
	}
	for i, c := range e.Missing {
		fmt.Fprintf(&b, "%s: %s", c.Table, rowsOf(c.Rows))
		verb := "need"
		if more := i+1 < len(e.Missing) && e.Missing[i+1].Key == c.Key; more {
			b.WriteString(", ")
			continue
		}
		if first := i == 0 || e.Missing[i-1].Key != c.Key; first && c.Rows == 1 {
			verb = "needs"
		}
		fmt.Fprintf(&b, " %s key %s; ", verb, c.Key)
	}
	b.WriteString("set the key that sealed them, or a keyset that holds it too (docs/security.md says what to do when it is lost)")
	return b.String()
}

func rowsOf(n int64) string {
	switch {
	case n == 1:
		return "1 row"
	case n >= countMost:
		return fmt.Sprintf("%d rows or more", n)
	default:
		return fmt.Sprintf("%d rows", n)
	}
}

// countMost is how many rows of a table are looked at for the words of a KeyError.
const countMost = 20_000

// registeredKey is a row of achim_seal_key.
type registeredKey struct {
	id, proof string
	swept     bool
}

// proofPlace is the place of a key's proof.
func proofPlace(id string) string { return placeOf("achim_seal_key.proof", id) }

// registeredKeys returns the keys something may be sealed with.
func (s *Store) registeredKeys(ctx context.Context) ([]registeredKey, error) {
	return list(ctx, s.reader(), func(row scanner) (k registeredKey, err error) {
		err = row.Scan(&k.id, &k.proof, yes{&k.swept})
		return k, err
	}, "SELECT id, proof, CASE WHEN swept_at IS NULL THEN 0 ELSE 1 END FROM achim_seal_key ORDER BY id")
}

// registerKey notes that from now on something may be sealed with the primary key.
func (s *Store) registerKey(ctx context.Context) error {
	id := s.keys.primary()
	if id == "" {
		return nil
	}
	proof, err := s.keys.seal(proofPlace(id), id)
	if err == nil {
		_, err = s.writer().exec(ctx, "INSERT INTO achim_seal_key (id, proof, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, proof, ms(s.now()))
	}
	if err != nil {
		return fmt.Errorf("register key %s: %w", id, err)
	}
	return nil
}

// UseKeys makes sure that what is stored can be opened, and notes that the primary key is in use from now on. It is
// for every process before it reads or writes. Its error is a *KeyError when a key is missing or another one.
//
// It looks at the keys that were noted, and at gmail_token, which others fill too; not at everything: with a year of
// briefings that would take minutes, and nobody but this program seals them. Seals counts all.
func (s *Store) UseKeys(ctx context.Context) error {
	known, err := s.registeredKeys(ctx)
	if err != nil {
		return fmt.Errorf("keys in use: %w", err)
	}
	fault := &KeyError{Held: s.keys.ids()}
	noted := false
	for _, k := range known {
		noted = noted || k.id == s.keys.primary()
		switch _, err := s.keys.open(proofPlace(k.id), k.proof); {
		case err == nil:
		case slices.Contains(fault.Held, k.id):
			fault.Forged = append(fault.Forged, k.id)
		default:
			if err := s.missing(ctx, k.id, fault); err != nil {
				return err
			}
		}
	}
	if err := s.missingTokens(ctx, fault); err != nil {
		return err
	}
	if len(fault.Missing)+len(fault.Forged) > 0 {
		fault.sort()
		return fault
	}
	if noted {
		return nil
	}
	return s.registerKey(ctx)
}

// KeyNoted reports whether the primary key was noted as being in use before, and so whether there is none.
func (s *Store) KeyNoted(ctx context.Context) (bool, error) {
	known, err := s.registeredKeys(ctx)
	if err != nil {
		return false, fmt.Errorf("keys in use: %w", err)
	}
	primary := s.keys.primary()
	return primary == "" || slices.ContainsFunc(known, func(k registeredKey) bool { return k.id == primary }), nil
}

// KeysLacked returns the ids of keys that others have noted as being in use and that are not held: what those others seal
// cannot be opened.
func (s *Store) KeysLacked(ctx context.Context) ([]string, error) {
	known, err := s.registeredKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("keys in use: %w", err)
	}
	var lacked []string
	for _, k := range known {
		if !s.keys.holds(k.id) {
			lacked = append(lacked, k.id)
		}
	}
	return lacked, nil
}

// ids returns the keys that open.
func (k keyring) ids() []string {
	if k.sealer == nil {
		return nil
	}
	return k.sealer.Keys()
}

func (e *KeyError) sort() {
	slices.SortFunc(e.Missing, func(a, b SealCount) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Table, b.Table)) })
}

// missing adds the rows of our own tables that need the key. A key that none needs any more is forgotten: it was
// replaced, and nobody has said so.
func (s *Store) missing(ctx context.Context, key string, fault *KeyError) error {
	found := false
	for _, table := range sealedTables {
		n, err := s.countKey(ctx, table, key)
		if err != nil {
			return err
		}
		if n > 0 {
			found = true
			fault.Missing = append(fault.Missing, SealCount{Table: table.name, Key: key, Rows: n})
		}
	}
	if found {
		return nil
	}
	return s.forgetKeys(ctx, key)
}

// missingTokens adds the rows of gmail_token that need a key which is not held.
func (s *Store) missingTokens(ctx context.Context, fault *KeyError) error {
	counts, err := s.tokenKeys(ctx)
	if err != nil {
		return err
	}
	for key, rows := range counts {
		if !s.keys.holds(key) {
			fault.Missing = append(fault.Missing, SealCount{Table: "gmail_token", Key: key, Rows: rows})
		}
	}
	return nil
}

// holds reports whether what needs the key can be opened.
func (k keyring) holds(key string) bool { return key == "" || slices.Contains(k.ids(), key) }

// forgetKeys takes back that something is sealed with these keys.
func (s *Store) forgetKeys(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if _, err := s.writer().exec(ctx, "DELETE FROM achim_seal_key WHERE id = ?", key); err != nil {
			return fmt.Errorf("forget key %s: %w", key, err)
		}
	}
	return nil
}

// sealedTable is a table of ours with columns that are sealed.
type sealedTable struct {
	name    string
	key     []string // of a row, as texts, in the order of its place
	columns []string
}

// sealedTables are all of them, gmail_token apart. What is sealed is what gets a place: a column that is not here is
// sealed all the same when it is written, but never again with another key.
var sealedTables = []sealedTable{
	{"achim_consent", []string{"state_hash"}, []string{"verifier"}},
	{"achim_copy", []string{"reader_id", "source", "date"}, []string{"items"}},
	{"achim_copy_ahead", []string{"entry_id", "source", "date"}, []string{"items"}},
	{"achim_entry_body", []string{"entry_id"}, []string{"sections", "content"}},
	{"achim_install", []string{"CAST(id AS TEXT)"}, []string{"secret"}},
	{"achim_outgoing", []string{"entry_id"}, []string{"message"}},
	{"achim_pending_grant", []string{"ticket_hash"}, []string{"tokens"}},
	{"achim_run_reader", []string{"run_id", "reader_id"}, []string{"text"}},
	{"achim_seen", []string{"reader_id", "digest"}, []string{"key"}},
}

// some narrows to the rows of which a column fulfils the condition.
func (t sealedTable) some(condition string) string {
	conditions := make([]string, len(t.columns))
	for i, column := range t.columns {
		conditions[i] = "(" + strings.ReplaceAll(condition, "%", column) + ")"
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// repeat returns the value once a column.
func (t sealedTable) repeat(value any) []any { return slices.Repeat([]any{value}, len(t.columns)) }

// countKey returns how many rows of the table need the key, countMost at most.
func (s *Store) countKey(ctx context.Context, t sealedTable, key string) (int64, error) {
	n, _, err := one(ctx, s.reader(), scalar[int64], fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT %d) AS counted",
		t.name, t.some(fmt.Sprintf("substr(%%, 1, %d) = ?", headLen)), countMost), t.repeat(sealedMark+key+":")...)
	if err != nil {
		return 0, fmt.Errorf("rows of %s that need key %s: %w", t.name, key, err)
	}
	return n, nil
}
