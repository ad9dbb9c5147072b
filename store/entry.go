package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// fixedColumns of an entry are written once, stateColumns with every step. What is long stands in a table of
// its own, achim_entry_body: its longColumns, and the digestColumns about them, are written when the step says
// that they may have changed, and of the steps of a briefing one changes them. verdicts repeats what sections
// hold, so that a run's readers can be told without reading everybody's content; has_body says whether there is
// anything long at all.
var (
	fixedColumns = [...]column{
		{"id", "text"}, {"reader_id", "text"}, {"date", "text"}, {"slot", "text"}, {"created_at", "bigint"},
	}
	stateColumns = [...]column{
		{"run_id", "text"}, {"state", "text"}, {"status", "text"}, {"reason", "text"},
		{"due_at", "bigint"}, {"next_at", "bigint"}, {"first_at", "bigint"},
		{"epoch", "bigint"}, {"owner", "text"}, {"claimed_until", "bigint"},
		{"attempt", "bigint"}, {"tries", "bigint"}, {"plain_text", "bigint"},
		{"channel_id", "text"}, {"message_ts", "text"}, {"sending_at", "bigint"}, {"post_deadline", "bigint"},
		{"prepared_at", "bigint"}, {"delivered_at", "bigint"}, {"mended_at", "bigint"}, {"notified", "bigint"},
		{"updated_at", "bigint"},
	}
	digestColumns = [...]column{{"verdicts", "text"}, {"has_body", "bigint"}}
	longColumns   = [...]column{{"windows", "text"}, {"sections", "text"}, {"content", "text"}}
	// bodyColumns are those of achim_entry_body, entryColumns those of achim_entry.
	bodyColumns  = slices.Concat([]column{{"entry_id", "text"}}, longColumns[:])
	entryColumns = slices.Concat(fixedColumns[:], stateColumns[:], digestColumns[:])

	selectEntry = "SELECT " + names(fixedColumns[:], "e.") + ", " + names(stateColumns[:], "e.") + ", " + names(longColumns[:], "b.") +
		" FROM achim_entry e LEFT JOIN achim_entry_body b ON b.entry_id = e.id"
	updateState = "UPDATE achim_entry SET " + assignments(stateColumns[:]) + stepFence
	updateEntry = "UPDATE achim_entry SET " + assignments(stateColumns[:]) + ", " + assignments(digestColumns[:]) + stepFence
	insertBody  = "INSERT INTO achim_entry_body (" + names(bodyColumns, "") + ") "
	writeBody   = insertBody + "VALUES (?, ?, ?, ?)" + replaceBody
	// updateWhole is updateEntry and writeBody in one statement, as PostgreSQL can: nothing is written when
	// the fence misses.
	updateWhole = "WITH e AS (" + updateEntry + " RETURNING id) " + insertBody + "SELECT e.id, ?, ?, ? FROM e WHERE true" + replaceBody
)

const (
	stepFence   = " WHERE id = ? AND epoch = ? AND state = ? AND owner = COALESCE(?, owner)"
	replaceBody = " ON CONFLICT (entry_id) DO UPDATE SET windows = excluded.windows, sections = excluded.sections, content = excluded.content"
)

// assignments returns what stands behind SET.
func assignments(columns []column) string {
	return strings.ReplaceAll(names(columns, ""), ", ", " = ?, ") + " = ?"
}

// The places of what an entry holds.
func sectionsPlace(id briefing.EntryID) string {
	return placeOf("achim_entry_body.sections", string(id))
}
func contentPlace(id briefing.EntryID) string { return placeOf("achim_entry_body.content", string(id)) }

// scanEntry reads what selectEntry selects.
func (q *session) scanEntry(row scanner) (briefing.Entry, error) {
	var e briefing.Entry
	var sections, content sql.NullString
	err := row.Scan(append(shortTargets(&e), structure{"windows", &e.Windows}, &sections, &content)...)
	if err == nil {
		err = q.keys.openStructure(sectionsPlace(e.ID), sections, &e.Sections)
	}
	if err == nil {
		err = q.keys.openStructure(contentPlace(e.ID), content, &e.Content)
	}
	return e, err
}

// shortTargets are where fixedColumns and stateColumns are read to.
func shortTargets(e *briefing.Entry) []any {
	return []any{
		&e.ID, &e.Reader, day{&e.Date}, &e.Slot, instant{&e.CreatedAt},
		&e.Run, &e.State, &e.Status, &e.Reason,
		instant{&e.DueAt}, instant{&e.NextAt}, instant{&e.FirstAt},
		&e.Epoch, &e.Owner, instant{&e.ClaimedUntil},
		&e.Attempt, &e.Tries, yes{&e.PlainText},
		&e.ChannelID, &e.MessageTS, instant{&e.SendingAt}, instant{&e.PostDeadline},
		instant{&e.PreparedAt}, instant{&e.DeliveredAt}, instant{&e.MendedAt}, yes{&e.Notified},
		instant{&e.UpdatedAt},
	}
}

// stateValues are the values of stateColumns.
func stateValues(e briefing.Entry) []any {
	return []any{
		string(e.Run), string(e.State), string(e.Status), string(e.Reason),
		ms(e.DueAt), ms(e.NextAt), ms(e.FirstAt),
		e.Epoch, e.Owner, ms(e.ClaimedUntil),
		int64(e.Attempt), int64(e.Tries), flag(e.PlainText),
		e.ChannelID, e.MessageTS, ms(e.SendingAt), ms(e.PostDeadline),
		ms(e.PreparedAt), ms(e.DeliveredAt), ms(e.MendedAt), flag(e.Notified),
		ms(e.UpdatedAt),
	}
}

// bodyValues are the values of digestColumns and of longColumns; long is nil when there is nothing long.
func (k keyring) bodyValues(e briefing.Entry) (digest, long []any, err error) {
	if len(e.Windows) == 0 && len(e.Sections) == 0 && e.Content == nil {
		return []any{nil, flag(false)}, nil, nil
	}
	windows, err1 := jsonText(len(e.Windows) > 0, e.Windows)
	sections, err2 := jsonText(len(e.Sections) > 0, e.Sections)
	verdicts, err3 := jsonText(len(e.Sections) > 0, verdictsOf(e))
	content, err4 := jsonText(e.Content != nil, e.Content)
	if err := cmp.Or(err1, err2, err3, err4); err != nil {
		return nil, nil, fmt.Errorf("encode entry %s: %w", e.ID, err)
	}
	sections, err1 = k.sealValue(sectionsPlace(e.ID), sections)
	content, err2 = k.sealValue(contentPlace(e.ID), content)
	if err := cmp.Or(err1, err2); err != nil {
		return nil, nil, err
	}
	return []any{verdicts, flag(true)}, []any{windows, sections, content}, nil
}

// entryValues are the values of entryColumns and those of bodyColumns; no body when there is nothing long.
func (k keyring) entryValues(e briefing.Entry) (entry, body []any, err error) {
	digest, long, err := k.bodyValues(e)
	if err != nil {
		return nil, nil, err
	}
	fixed := []any{string(e.ID), string(e.Reader), e.Date.String(), string(e.Slot), ms(e.CreatedAt)}
	if long != nil {
		body = slices.Concat([]any{string(e.ID)}, long)
	}
	return slices.Concat(fixed, stateValues(e), digest), body, nil
}

func verdictsOf(e briefing.Entry) map[briefing.SourceName]briefing.Verdict {
	verdicts := make(map[briefing.SourceName]briefing.Verdict, len(e.Sections))
	for _, s := range e.Sections {
		verdicts[s.Source] = s.Verdict
	}
	return verdicts
}

// insertEntries inserts the entries whose reader, date and slot do not exist yet, in the order given, and
// returns their ids. A caller that may meet another one gives them sorted by that key.
func insertEntries(ctx context.Context, q *session, entries []briefing.Entry, now time.Time) (map[briefing.EntryID]bool, error) {
	inserted := make(map[briefing.EntryID]bool, len(entries))
	for _, part := range chunks(entries) {
		rows, bodies := make([][]any, len(part)), [][]any(nil)
		for i, e := range part {
			if e.CreatedAt.IsZero() {
				e.CreatedAt = now
			}
			e.UpdatedAt = now
			row, body, err := q.keys.entryValues(e)
			if err != nil {
				return nil, err
			}
			rows[i] = row
			if body != nil {
				bodies = append(bodies, body)
			}
		}
		columns, rows := withoutDefaults(entryColumns, rows)
		args, err := q.dialect.batch(columns, rows)
		if err != nil {
			return nil, fmt.Errorf("encode entries: %w", err)
		}
		ids, err := list(ctx, q, scalar[string], "INSERT INTO achim_entry ("+names(columns, "")+") SELECT "+names(columns, "v.")+
			" FROM "+q.dialect.from(columns)+" WHERE true ON CONFLICT DO NOTHING RETURNING id", args...)
		if err != nil {
			return nil, fmt.Errorf("insert entries: %w", err)
		}
		for _, id := range ids {
			inserted[briefing.EntryID(id)] = true
		}
		bodies = slices.DeleteFunc(bodies, func(body []any) bool { return !inserted[briefing.EntryID(body[0].(string))] })
		if err := upsert(ctx, q, batchInsert{"achim_entry_body", bodyColumns, bodies}, ""); err != nil {
			return nil, fmt.Errorf("insert what entries hold: %w", err)
		}
	}
	return inserted, nil
}

// withoutDefaults leaves out the columns in which every row has what the schema's defaults would put there.
// A planned entry has little more than a key and two instants, and at nine there are many of them.
func withoutDefaults(columns []column, rows [][]any) ([]column, [][]any) {
	var kept []column
	var at []int
	for i, c := range columns {
		for _, row := range rows {
			// The key is never left to a default: without one the row must be refused.
			if v := row[i]; i < len(fixedColumns) || (v != nil && v != "" && v != int64(0)) {
				kept, at = append(kept, c), append(at, i)
				break
			}
		}
	}
	cut := make([][]any, len(rows))
	for n, row := range rows {
		cut[n] = make([]any, len(at))
		for i, from := range at {
			cut[n][i] = row[from]
		}
	}
	return kept, cut
}

// stand returns the entry as a step leaves it, and where it must stand for that.
func stand(st briefing.Step, now time.Time) (e briefing.Entry, fence []any) {
	e = st.Entry
	fence = []any{string(e.ID), e.Epoch, string(st.From), e.Owner}
	if st.Reopen {
		e.Epoch++
		fence[3] = nil // whoever has it
	}
	if st.Reopen || st.Release {
		e.Owner, e.ClaimedUntil = "", time.Time{}
	}
	e.UpdatedAt = now
	return e, fence
}

// step makes one fenced change and returns the entry as it now stands. ErrFenced when it misses. Unless it
// isOneStatement it must be inside a transaction.
func step(ctx context.Context, q *session, st briefing.Step, now time.Time) (briefing.Entry, error) {
	e, fence := stand(st, now)
	n, err := writeStep(ctx, q, e, fence, st.SameContent)
	if err == nil && n == 0 {
		err = briefing.ErrFenced
	}
	if err == nil && !st.SameContent {
		err = writeOutgoing(ctx, q, e)
	}
	if err != nil {
		return briefing.Entry{}, err
	}
	return asStored(e), nil
}

// isOneStatement reports whether step needs no transaction to be all or nothing.
func (d dialect) isOneStatement(st briefing.Step) bool {
	return st.SameContent || (d.postgres && st.Entry.Outgoing == nil)
}

// writeStep writes the entry where the fence lets it, and returns on how many rows that was.
func writeStep(ctx context.Context, q *session, e briefing.Entry, fence []any, sameContent bool) (int64, error) {
	state := stateValues(e)
	if sameContent {
		return q.exec(ctx, updateState, slices.Concat(state, fence)...)
	}
	digest, long, err := q.keys.bodyValues(e)
	if err != nil {
		return 0, err
	}
	if long == nil {
		long = make([]any, len(longColumns)) // what was there goes
	}
	if q.dialect.postgres {
		return q.exec(ctx, updateWhole, slices.Concat(state, digest, fence, long)...)
	}
	n, err := q.exec(ctx, updateEntry, slices.Concat(state, digest, fence)...)
	if err != nil || n == 0 {
		return n, err
	}
	_, err = q.exec(ctx, writeBody, slices.Concat([]any{string(e.ID)}, long)...)
	return n, err
}

// asStored returns e with its instants as they come back from the store.
func asStored(e briefing.Entry) briefing.Entry {
	for _, t := range []*time.Time{
		&e.DueAt, &e.NextAt, &e.FirstAt, &e.ClaimedUntil, &e.SendingAt, &e.PostDeadline,
		&e.PreparedAt, &e.DeliveredAt, &e.MendedAt, &e.CreatedAt, &e.UpdatedAt,
	} {
		*t = stored(*t)
	}
	return e
}

// chunkSize bounds how many rows go into one statement.
const chunkSize = 5000

func chunks[T any](all []T) [][]T {
	var parts [][]T
	for len(all) > chunkSize {
		parts, all = append(parts, all[:chunkSize]), all[chunkSize:]
	}
	if len(all) > 0 {
		parts = append(parts, all)
	}
	return parts
}
