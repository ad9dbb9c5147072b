package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// fixedColumns of an entry are written once. stateColumns are written with every step, bodyColumns when the
// step says that they may have changed: they are long, and of the steps of a briefing one changes them.
// verdicts repeats what sections hold, so that a run's readers can be told without reading everybody's content.
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
	bodyColumns = [...]column{
		{"windows", "text"}, {"sections", "text"}, {"verdicts", "text"}, {"content", "text"},
	}
	entryColumns = slices.Concat(fixedColumns[:], stateColumns[:], bodyColumns[:])
	entryNames   = names(entryColumns, "")
	updateEntry  = "UPDATE achim_entry SET " + assignments(stateColumns[:]) + ", " + assignments(bodyColumns[:]) + stepFence
	updateState  = "UPDATE achim_entry SET " + assignments(stateColumns[:]) + stepFence
)

const stepFence = " WHERE id = ? AND epoch = ? AND state = ? AND owner = COALESCE(?, owner)"

// assignments returns what stands behind SET.
func assignments(columns []column) string {
	return strings.ReplaceAll(names(columns, ""), ", ", " = ?, ") + " = ?"
}

func scanEntry(row scanner) (briefing.Entry, error) {
	var e briefing.Entry
	var verdicts string
	err := row.Scan(
		&e.ID, &e.Reader, day{&e.Date}, &e.Slot, instant{&e.CreatedAt},
		&e.Run, &e.State, &e.Status, &e.Reason,
		instant{&e.DueAt}, instant{&e.NextAt}, instant{&e.FirstAt},
		&e.Epoch, &e.Owner, instant{&e.ClaimedUntil},
		&e.Attempt, &e.Tries, yes{&e.PlainText},
		&e.ChannelID, &e.MessageTS, instant{&e.SendingAt}, instant{&e.PostDeadline},
		instant{&e.PreparedAt}, instant{&e.DeliveredAt}, instant{&e.MendedAt}, yes{&e.Notified},
		instant{&e.UpdatedAt},
		structure{"windows", &e.Windows}, structure{"sections", &e.Sections}, opt(&verdicts), structure{"content", &e.Content})
	return e, err
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

// bodyValues are the values of bodyColumns.
func bodyValues(e briefing.Entry) ([]any, error) {
	windows, err1 := jsonText(len(e.Windows) > 0, e.Windows)
	sections, err2 := jsonText(len(e.Sections) > 0, e.Sections)
	verdicts, err3 := jsonText(len(e.Sections) > 0, verdictsOf(e))
	content, err4 := jsonText(e.Content != nil, e.Content)
	if err := cmp.Or(err1, err2, err3, err4); err != nil {
		return nil, fmt.Errorf("encode entry %s: %w", e.ID, err)
	}
	return []any{windows, sections, verdicts, content}, nil
}

// entryValues are the values of entryColumns.
func entryValues(e briefing.Entry) ([]any, error) {
	body, err := bodyValues(e)
	fixed := []any{string(e.ID), string(e.Reader), e.Date.String(), string(e.Slot), ms(e.CreatedAt)}
	return slices.Concat(fixed, stateValues(e), body), err
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
		rows := make([][]any, len(part))
		for i, e := range part {
			if e.CreatedAt.IsZero() {
				e.CreatedAt = now
			}
			e.UpdatedAt = now
			var err error
			if rows[i], err = entryValues(e); err != nil {
				return nil, err
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

// step makes one fenced change and returns the entry as it now stands. ErrFenced when it misses.
func step(ctx context.Context, q *session, st briefing.Step, now time.Time) (briefing.Entry, error) {
	e := st.Entry
	fence := []any{string(e.ID), e.Epoch, string(st.From), e.Owner}
	if st.Reopen {
		e.Epoch++
		fence[3] = nil // whoever has it
	}
	if st.Reopen || st.Release {
		e.Owner, e.ClaimedUntil = "", time.Time{}
	}
	e.UpdatedAt = now
	statement, body := updateState, []any(nil)
	if !st.SameContent {
		var err error
		if body, err = bodyValues(e); err != nil {
			return briefing.Entry{}, err
		}
		statement = updateEntry
	}
	n, err := q.exec(ctx, statement, slices.Concat(stateValues(e), body, fence)...)
	if err == nil && n == 0 {
		err = briefing.ErrFenced
	}
	if err != nil {
		return briefing.Entry{}, err
	}
	return asStored(e), nil
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
