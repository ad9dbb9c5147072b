package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"achim/briefing"
)

// holding is a table in which something of a reader stands, and which of its rows. Its condition has the reader's id as
// its one argument.
type holding struct {
	table string
	where string
	keep  bool   // a reader of whom only what was gathered is erased keeps it
	grant bool   // it is the grant, or about it
	yield string // how its rows are made nobody's instead of being deleted; "" = they are deleted
}

const (
	ofReader = "reader_id = ?"
	// oursInLog is what tells our rows of conversation_log from those of other programs: all that each of ours has always
	// had. What looks like one of ours in part is somebody else's, and is neither shown nor emptied nor deleted.
	oursInLog     = "(channel = 'slack' AND role = 'assistant' AND (metadata->>'date') IS NOT NULL AND (" + briefingInLog + " OR " + noticeInLog + "))"
	briefingInLog = "((metadata->>'kind') = '" + kindBriefing + "' AND (metadata->>'entry_id') IS NOT NULL AND (metadata->>'run_id') IS NOT NULL" +
		" AND (metadata->>'slot') IS NOT NULL AND (metadata->>'status') IS NOT NULL)"
	noticeInLog = "((metadata->>'kind') = '" + kindNotice + "' AND (metadata->>'notice') IS NOT NULL)"
)

// holdings returns every table in which something of a reader stands, in the order in which it can be erased; a test
// holds that none is missing. What is kept of a reader's grant is found by way of the grant: see credentialStateOf.
//
// Consents under way become nobody's: who comes back from Google is told that the reader is gone, and a grant that nobody
// confirmed is still taken back there.
func holdings() []holding {
	return []holding{
		{table: "achim_entry_body", where: "entry_id IN (SELECT id FROM achim_entry WHERE reader_id = ?)"},
		{table: "achim_outgoing", where: ofReader},
		{table: "achim_copy_ahead", where: ofReader},
		{table: "achim_copy", where: ofReader},
		{table: "achim_seen", where: ofReader},
		{table: "achim_source_state", where: ofReader},
		{table: "achim_consent", where: ofReader, yield: "reader_id = '" + nobody + "', verifier = ''"},
		{table: "achim_pending_grant", where: ofReader, yield: "reader_id = '" + nobody + "', expires_at = 1"},
		{table: "achim_run_reader", where: ofReader},
		{table: "achim_entry", where: ofReader},
		{table: "achim_notice", where: ofReader},
		{table: "conversation_log", where: "user_id = ? AND " + oursInLog},
		{table: credentialStates, where: "fingerprint = ?", grant: true},
		{table: "gmail_token", where: ownedBy, grant: true},
		{table: "achim_reader", where: "id = ?", keep: true},
	}
}

// Holdings names the tables in which something of a reader stands.
func Holdings() []string {
	var names []string
	for _, h := range holdings() {
		names = append(names, h.table)
	}
	return names
}

// ownedBy stands for the condition by which gmail_token, as it is here, finds an owner's rows.
const ownedBy = "owner"

// condition narrows to the rows of a reader.
func (h holding) condition(q *session) string {
	if h.where == ownedBy {
		return q.shared.tokens.key + " = ?"
	}
	return h.where
}

const credentialStates = "achim_credential_state"

// credentialStateOf returns the key of what is known of the reader's grant, "" without one that can be read.
func credentialStateOf(ctx context.Context, q *session, id briefing.ReaderID) (string, error) {
	row, err := readToken(ctx, q, id, "")
	if errors.Is(err, briefing.ErrNotFound) {
		return "", nil
	}
	if err != nil && briefing.ReasonOf(err) != briefing.Malformed {
		return "", err
	}
	c, _ := row.credential() // whatever else is wrong with it
	if c.RefreshToken.IsZero() {
		return "", nil // nothing can be known of a grant nobody can read
	}
	return briefing.Fingerprint(c.RefreshToken), nil
}

// Erasing says how much of a reader is erased.
type Erasing int

// What is erased.
const (
	EraseAll      Erasing = iota
	EraseGathered         // all but who they are and what they wish for
	EraseContents         // and all but their grant: somebody has still to end it
)

// spares reports whether the rows of a table stay.
func (e Erasing) spares(h holding) bool {
	return h.keep && e != EraseAll || h.grant && e == EraseContents
}

// Erase forgets what is kept of the reader. Who stays is marked as erased. Rows of other programs stay. ErrNotFound when
// there is no such reader, and nothing is left of one who was removed either where all is erased.
func (s *Store) Erase(ctx context.Context, id briefing.ReaderID, what Erasing) (erased briefing.Erasure, err error) {
	err = s.inTx(ctx, func(q *session) error {
		erased = briefing.Erasure{}
		// First, since both lock: whoever plans or tells the reader something now is done before, or finds nobody.
		if _, err := lockPlace(ctx, q, id); err != nil {
			return err
		}
		_, there, err := one(ctx, q, scalar[string], "SELECT id FROM achim_reader WHERE id = ?"+q.dialect.forUpdate(), string(id))
		if err == nil && !there && what != EraseAll {
			err = briefing.ErrNotFound
		}
		if err != nil {
			return err
		}
		runs, err := list(ctx, q, scalar[string], "SELECT run_id FROM achim_run_reader WHERE reader_id = ?", string(id))
		if err != nil {
			return err
		}
		for _, h := range holdings() {
			if what.spares(h) {
				continue
			}
			n, err := eraseHolding(ctx, q, h, id)
			if err != nil {
				return fmt.Errorf("%s: %w", h.table, err)
			}
			if n > 0 {
				erased.Tables = append(erased.Tables, briefing.ErasedTable{Name: h.table, Rows: int(n)})
			}
		}
		if !there && len(erased.Tables) == 0 {
			return briefing.ErrNotFound
		}
		if what != EraseAll {
			if _, err := q.exec(ctx, "UPDATE achim_reader SET erased_at = ? WHERE id = ?", ms(s.now()), string(id)); err != nil {
				return err
			}
		}
		return s.finishRuns(ctx, q, runs) // those that only waited for this reader
	})
	if err != nil {
		return briefing.Erasure{}, fmt.Errorf("erase reader %s: %w", id, err)
	}
	s.scrub(ctx)
	return erased, nil
}

// eraseHolding erases one table's rows and returns how many they were.
func eraseHolding(ctx context.Context, q *session, h holding, id briefing.ReaderID) (int64, error) {
	arg := string(id)
	if h.table == credentialStates {
		fingerprint, err := credentialStateOf(ctx, q, id)
		if err != nil || fingerprint == "" {
			return 0, err
		}
		arg = fingerprint
	}
	if h.yield != "" {
		return q.exec(ctx, "UPDATE "+h.table+" SET "+h.yield+" WHERE "+h.condition(q), arg)
	}
	return q.exec(ctx, "DELETE FROM "+h.table+" WHERE "+h.condition(q), arg)
}

// Held is what stands of a reader in one table: its rows by column. Tokens and secrets are left out.
type Held struct {
	Table string           `json:"table"`
	Rows  []map[string]any `json:"rows"`
}

// Held returns all that is kept of the reader, table by table, those without any left out.
func (s *Store) Held(ctx context.Context, id briefing.ReaderID) ([]Held, error) {
	q, all := s.reader(), []Held{}
	for _, h := range holdings() {
		arg := string(id)
		if h.table == credentialStates {
			fingerprint, err := credentialStateOf(ctx, q, id)
			if err != nil {
				return nil, fmt.Errorf("what is kept of reader %s: %w", id, err)
			}
			arg = fingerprint
		}
		rows, err := heldRows(ctx, q, h.table, h.condition(q), arg)
		if err != nil {
			return nil, fmt.Errorf("what is kept of reader %s in %s: %w", id, h.table, err)
		}
		if len(rows) > 0 {
			all = append(all, Held{Table: h.table, Rows: rows})
		}
	}
	return all, nil
}

// heldRows reads rows of any table.
func heldRows(ctx context.Context, q *session, table, condition, arg string) ([]map[string]any, error) {
	rows, err := q.query(ctx, "SELECT * FROM "+table+" WHERE "+condition, arg)
	if err != nil {
		return nil, unavailable(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		row := make(map[string]any, len(columns))
		for i, column := range columns {
			row[column] = *values[i].(*any)
		}
		q.unsealed(table, row)
		for column, value := range row {
			row[column] = shown(table, column, value)
		}
		all = append(all, row)
	}
	return all, unavailable(rows.Err())
}

// unsealed opens what is sealed of a row of ours. What does not open stays as it stands: it is held, after all.
func (q *session) unsealed(table string, row map[string]any) {
	i := slices.IndexFunc(sealedTables, func(t sealedTable) bool { return t.name == table })
	if i < 0 {
		return
	}
	key := make([]string, len(sealedTables[i].key))
	for n, part := range sealedTables[i].key {
		key[n] = fmt.Sprint(row[part])
	}
	for _, column := range sealedTables[i].columns {
		if stored, ok := row[column].(string); ok {
			if text, err := q.keys.open(placeOf(table+"."+column, key...), stored); err == nil {
				row[column] = text
			}
		}
	}
}
