package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"achim/briefing"
)

const (
	// seenDays is how many dates back an item counts as delivered already.
	seenDays = 14
	// copyDays is how many dates back a copy is kept.
	copyDays = 1
	// beforeDays is how many dates back a briefing is looked for that did not arrive.
	beforeDays = 7
	// behindUTC is how many dates a reader may be behind the date in UTC.
	behindUTC = 1
)

type rememberedSource struct {
	reader briefing.ReaderID
	name   briefing.SourceName
	state  briefing.SourceState
}

type rememberedCopy struct {
	name briefing.SourceName
	copy briefing.Copy
}

// Memory returns what is known for the reader's date; nothing known is no error. Seen holds the items
// delivered on the fourteen dates before.
func (s *Store) Memory(ctx context.Context, reader briefing.ReaderID, date briefing.Date) (briefing.Memory, error) {
	q := s.reader()
	m := briefing.Memory{Copies: map[briefing.SourceName]briefing.Copy{}, Seen: map[string]bool{}}
	var err error
	if m.Sources, err = s.Sources(ctx, reader); err != nil {
		return briefing.Memory{}, err
	}
	copies, err := list(ctx, q, func(row scanner) (rememberedCopy, error) { return q.scanCopy(row, reader) },
		selectCopies, string(reader), date.String(), string(reader), date.String())
	if err != nil {
		return briefing.Memory{}, fmt.Errorf("copies of reader %s: %w", reader, err)
	}
	for _, known := range copies { // the newest of a source comes last
		m.Copies[known.name] = known.copy
	}
	keys, err := list(ctx, q, func(row scanner) (string, error) { return q.scanSeen(row, reader) }, "SELECT digest, key FROM achim_seen WHERE reader_id = ? AND date < ? AND date >= ?",
		string(reader), date.String(), date.AddDays(-seenDays).String())
	if err != nil {
		return briefing.Memory{}, fmt.Errorf("items reader %s has seen: %w", reader, err)
	}
	for _, key := range keys {
		m.Seen[key] = true
	}
	before := []any{string(reader), string(briefing.DailySlot)}
	for n := range beforeDays {
		before = append(before, date.AddDays(-1-n).String())
	}
	m.Before, _, err = one(ctx, q, scanBefore, selectBefore, before...)
	if err != nil {
		return briefing.Memory{}, fmt.Errorf("the briefing before of reader %s: %w", reader, err)
	}
	return m, nil
}

// Sources returns how each source fared for the reader so far.
func (s *Store) Sources(ctx context.Context, reader briefing.ReaderID) (map[briefing.SourceName]briefing.SourceState, error) {
	read := func() (sourceStates, error) {
		all, _, err := s.sourcesOf(ctx, []briefing.ReaderID{reader})
		if err != nil {
			return nil, err
		}
		return all[0], nil
	}
	var sources sourceStates
	err := errAlone
	if s.dialect.postgres { // where it saves a round trip; on SQLite there are several connections that read
		sources, err = s.together.sources.do(ctx, reader)
	}
	if errors.Is(err, errAlone) {
		sources, err = read()
	}
	if err != nil {
		return nil, fmt.Errorf("source states of reader %s: %w", reader, err)
	}
	return sources, nil
}

// sourcesOf returns how each source fared for each of the readers.
func (s *Store) sourcesOf(ctx context.Context, readers []briefing.ReaderID) ([]sourceStates, []error, error) {
	const of = "SELECT reader_id, source, watermark, last_ok, failing_since, reason FROM achim_source_state WHERE reader_id = "
	q := s.reader()
	query, args := of+"?", []any{string(readers[0])}
	if len(readers) > 1 { // on PostgreSQL, which might plan a join, but for OFFSET, as a look at the whole table
		ids := make([]string, len(readers))
		for i, id := range readers {
			ids[i] = string(id)
		}
		query, args = "SELECT s.* FROM unnest(?::text[]) AS v(id), LATERAL ("+of+"v.id OFFSET 0) AS s", []any{ids}
	}
	known, err := list(ctx, q, scanSource, query, args...)
	if err != nil {
		return nil, nil, err
	}
	byReader := make(map[briefing.ReaderID]sourceStates, len(readers))
	all := make([]sourceStates, len(readers))
	for i, id := range readers {
		all[i] = sourceStates{}
		byReader[id] = all[i]
	}
	for _, source := range known {
		byReader[source.reader][source.name] = source.state
	}
	return all, make([]error, len(readers)), nil
}

// selectCopies finds the copies of a date: those kept, and those made ahead whose entry was delivered.
const selectCopies = "SELECT '' AS entry, source, date, items, as_of FROM achim_copy WHERE reader_id = ? AND date = ? UNION ALL " +
	"SELECT a.entry_id, a.source, a.date, a.items, a.as_of FROM achim_copy_ahead a JOIN achim_entry e ON e.id = a.entry_id AND e.delivered_at IS NOT NULL " +
	"WHERE a.reader_id = ? AND a.date = ? ORDER BY as_of NULLS FIRST"

// selectBefore finds the last daily briefing that was wanted: of a date that was to be without one nothing is said. The
// dates are named one by one, for they come first in the index.
var selectBefore = "SELECT date, state, reason FROM achim_entry WHERE reader_id = ? AND slot = ? AND date IN (?" + strings.Repeat(", ?", beforeDays-1) + ") " +
	"AND NOT (state = 'missed' AND reason IN ('paused', 'day_off', 'holiday')) ORDER BY date DESC LIMIT 1"

func scanBefore(row scanner) (briefing.Before, error) {
	var b briefing.Before
	err := row.Scan(day{&b.Date}, &b.State, &b.Reason)
	return b, err
}

func scanSource(row scanner) (rememberedSource, error) {
	var r rememberedSource
	err := row.Scan(&r.reader, &r.name, instant{&r.state.Watermark}, instant{&r.state.LastOK}, instant{&r.state.FailingSince}, &r.state.Reason)
	return r, err
}

// scanCopy reads a copy of the reader: one kept, or one made ahead for an entry.
func (q *session) scanCopy(row scanner, reader briefing.ReaderID) (rememberedCopy, error) {
	var r rememberedCopy
	var entry string
	var items sql.NullString
	if err := row.Scan(&entry, &r.name, day{&r.copy.Date}, &items, instant{&r.copy.AsOf}); err != nil {
		return r, err
	}
	column, owner := "achim_copy.items", string(reader)
	if entry != "" {
		column, owner = "achim_copy_ahead.items", entry
	}
	return r, q.keys.openStructure(placeOf(column, owner, string(r.name), r.copy.Date.String()), items, &r.copy.Items)
}

// scanSeen reads the key of an item the reader has seen.
func (q *session) scanSeen(row scanner, reader briefing.ReaderID) (string, error) {
	var digest, key string
	if err := row.Scan(&digest, &key); err != nil {
		return "", err
	}
	return q.keys.open(placeOf("achim_seen.key", string(reader), digest), key)
}

// remember writes what deliveries leave behind for the next ones. No two are of one reader. Rows are written in the
// order of their keys, so that two transactions wait for each other instead of deadlocking.
func (s *Store) remember(ctx context.Context, q *session, deliveries ...briefing.Delivery) error {
	if err := rememberSources(ctx, q, deliveries); err != nil {
		return fmt.Errorf("source states: %w", err)
	}
	if err := rememberSeen(ctx, q, deliveries, s.today()); err != nil {
		return fmt.Errorf("items seen: %w", err)
	}
	if err := rememberCopies(ctx, q, deliveries); err != nil {
		return fmt.Errorf("copies: %w", err)
	}
	return nil
}

var sourceColumns = [...]column{
	{"reader_id", "text"}, {"source", "text"}, {"watermark", "bigint"}, {"last_ok", "bigint"}, {"failing_since", "bigint"}, {"reason", "text"},
}

func rememberSources(ctx context.Context, q *session, deliveries []briefing.Delivery) error {
	var rows [][]any
	for _, d := range deliveries {
		for name, state := range d.Sources {
			rows = append(rows, []any{string(d.Step.Entry.Reader), string(name), ms(state.Watermark), ms(state.LastOK), ms(state.FailingSince), string(state.Reason)})
		}
	}
	// The watermark never goes back: another briefing of the reader may have moved it since it was read.
	return upsert(ctx, q, batchInsert{"achim_source_state", sourceColumns[:], rows}, "ON CONFLICT (reader_id, source) DO UPDATE SET "+
		"watermark = CASE WHEN achim_source_state.watermark > COALESCE(excluded.watermark, 0) "+
		"THEN achim_source_state.watermark ELSE excluded.watermark END, last_ok = excluded.last_ok, failing_since = excluded.failing_since, reason = excluded.reason")
}

var seenColumns = [...]column{{"reader_id", "text"}, {"digest", "text"}, {"key", "text"}, {"date", "text"}}

// rememberSeen keeps the earliest date of a key, since a key counts on later dates only: a mend and a
// forced briefing must be able to show again what today's has shown. A date before the oldest that still counts
// is none: what is shown again after so long is new.
func rememberSeen(ctx context.Context, q *session, deliveries []briefing.Delivery, today briefing.Date) error {
	byOldest := map[briefing.Date][][]any{}
	for _, d := range deliveries {
		e := d.Step.Entry
		// A forced briefing of a day to come must not make new again what today's still takes for known.
		oldest := e.Date
		if today.Before(oldest) {
			oldest = today
		}
		known := make(map[string]bool, len(d.Seen))
		for _, key := range d.Seen {
			key = clean(key)
			sum := sha256.Sum256([]byte(key))
			digest := hex.EncodeToString(sum[:])
			if !known[digest] {
				known[digest] = true
				stored, err := q.keys.seal(placeOf("achim_seen.key", string(e.Reader), digest), key)
				if err != nil {
					return err
				}
				byOldest[oldest] = append(byOldest[oldest], []any{string(e.Reader), digest, stored, e.Date.String()})
			}
		}
	}
	for _, oldest := range slices.SortedFunc(maps.Keys(byOldest), func(a, b briefing.Date) int { return a.DaysSince(b) }) {
		if err := upsert(ctx, q, batchInsert{"achim_seen", seenColumns[:], byOldest[oldest]},
			"ON CONFLICT (reader_id, digest) DO UPDATE SET date = excluded.date WHERE excluded.date < achim_seen.date OR achim_seen.date < ?",
			oldest.AddDays(-seenDays).String()); err != nil {
			return err
		}
	}
	return nil
}

var copyColumns = [...]column{{"reader_id", "text"}, {"source", "text"}, {"date", "text"}, {"items", "text"}, {"as_of", "bigint"}}

// rememberCopies keeps the newest reading of each date.
func rememberCopies(ctx context.Context, q *session, deliveries []briefing.Delivery) error {
	var rows [][]any
	for _, d := range deliveries {
		newest, err := newestCopies(d.Copies)
		if err != nil {
			return err
		}
		for _, c := range newest {
			reader := string(d.Step.Entry.Reader)
			items, err := q.keys.sealValue(placeOf("achim_copy.items", reader, c.source, c.date), c.items)
			if err != nil {
				return err
			}
			rows = append(rows, []any{reader, c.source, c.date, items, c.asOf})
		}
	}
	return upsert(ctx, q, batchInsert{"achim_copy", copyColumns[:], rows}, "ON CONFLICT (reader_id, source, date) DO UPDATE SET "+
		"items = excluded.items, as_of = excluded.as_of WHERE COALESCE(excluded.as_of, 0) >= COALESCE(achim_copy.as_of, 0)")
}

// storedCopy is a copy as it is stored.
type storedCopy struct {
	source, date string
	items, asOf  any
}

// newestCopies returns the newest copy of each source and date.
func newestCopies(copies []briefing.DayCopy) ([]storedCopy, error) {
	newest := map[string]briefing.DayCopy{}
	for _, c := range copies {
		key := string(c.Source) + " " + c.Date.String()
		if known, ok := newest[key]; !ok || !c.AsOf.Before(known.AsOf) {
			newest[key] = c
		}
	}
	all := make([]storedCopy, 0, len(newest))
	for _, c := range newest {
		items, err := jsonText(len(c.Items) > 0, c.Items)
		if err != nil {
			return nil, err
		}
		all = append(all, storedCopy{string(c.Source), c.Date.String(), items, ms(c.AsOf)})
	}
	return all, nil
}

// batchInsert is rows for one table. The first three columns are text and begin with its key.
type batchInsert struct {
	table   string
	columns []column
	rows    [][]any
}

// upsert inserts the rows in the order of their first columns, of which no two may be the same. conflict says
// what becomes of a row that is there already, more its arguments.
func upsert(ctx context.Context, q *session, b batchInsert, conflict string, more ...any) error {
	if len(b.rows) == 0 {
		return nil
	}
	slices.SortFunc(b.rows, func(x, y []any) int {
		return cmp.Or(compareText(x[0], y[0]), compareText(x[1], y[1]), compareText(x[2], y[2]))
	})
	for _, part := range chunks(b.rows) {
		args, err := q.dialect.batch(b.columns, part)
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, "INSERT INTO "+b.table+" ("+names(b.columns, "")+") SELECT "+names(b.columns, "v.")+
			" FROM "+q.dialect.from(b.columns)+" WHERE true "+conflict, append(args, more...)...); err != nil {
			return err
		}
	}
	return nil
}

// compareText orders texts; values of other types are all alike.
func compareText(x, y any) int {
	a, _ := x.(string)
	b, _ := y.(string)
	return cmp.Compare(a, b)
}
