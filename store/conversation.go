package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"achim/briefing"
)

// zonedForm is how an instant is written to conversation_log.created_at, in UTC, on both databases.
const zonedForm = "2006-01-02 15:04:05.000000Z07:00"

// logRow is a row of conversation_log.
type logRow struct {
	reader   briefing.ReaderID
	channel  string
	ts       string
	text     string
	metadata string
	at       time.Time
}

// kindBriefing is the kind of a row of conversation_log that is a briefing of ours.
const kindBriefing = "briefing"

// logMetadata is what a row says of its briefing. Our rows are known by it: see oursInLog.
type logMetadata struct {
	Entry    briefing.EntryID                         `json:"entry_id"`
	Run      briefing.RunID                           `json:"run_id"`
	Date     briefing.Date                            `json:"date"`
	Slot     briefing.Slot                            `json:"slot"`
	Status   briefing.Status                          `json:"status"`
	Sources  map[briefing.SourceName]briefing.Verdict `json:"sources"`
	MendedAt *time.Time                               `json:"mended_at"`
	Kind     string                                   `json:"kind"`
}

// logDelivery writes the entry's row: a new one at the first delivery, the same one again at a mend.
func logDelivery(ctx context.Context, q *session, st briefing.Step, text string, now time.Time) error {
	row, err := logRowOf(st, text, now)
	if err != nil {
		return err
	}
	if st.From == briefing.Delivered {
		n, err := q.exec(ctx, "UPDATE conversation_log SET channel_id = ?, message_ts = ?, content = ?, metadata = ? "+
			"WHERE metadata->>'entry_id' = ? AND "+oursInLog, row.channel, row.ts, row.text, row.metadata, string(st.Entry.ID))
		if err != nil || n > 0 {
			return err
		}
	}
	return insertLog(ctx, q, row)
}

// logDeliveries writes the rows of first deliveries.
func logDeliveries(ctx context.Context, q *session, deliveries []briefing.Delivery, now time.Time) error {
	rows := make([]logRow, len(deliveries))
	for i, d := range deliveries {
		var err error
		if rows[i], err = logRowOf(d.Step, d.LogText, now); err != nil {
			return err
		}
	}
	n := 1
	if q.dialect.postgres { // where a statement is a round trip
		n = logTogether
	}
	for len(rows) > 0 {
		for n > len(rows) {
			n /= 4
		}
		if err := insertLog(ctx, q, rows[:n]...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// logTogether is how many rows go into one statement at most. With its quarters it is few numbers, so that there are few
// statements.
const logTogether = 64

func logRowOf(st briefing.Step, text string, now time.Time) (logRow, error) {
	e := st.Entry
	about := logMetadata{Entry: e.ID, Run: e.Run, Date: e.Date, Slot: e.Slot, Status: e.Status, Sources: verdictsOf(e), Kind: kindBriefing}
	if !e.MendedAt.IsZero() {
		mended := e.MendedAt.UTC()
		about.MendedAt = &mended
	}
	metadata, err := json.Marshal(about)
	return logRow{reader: e.Reader, channel: e.ChannelID, ts: e.MessageTS, text: clean(text), metadata: string(metadata), at: now}, err
}

// insertLog inserts rows. Their values are parameters of VALUES, so that they take the types the columns have: the
// table may be somebody else's.
func insertLog(ctx context.Context, q *session, rows ...logRow) error {
	t := &q.shared.log
	args := make([]any, 0, 6*len(rows))
	for _, row := range rows {
		args = append(args, string(row.reader), row.channel, row.ts, row.text, row.metadata, t.madeAt(row.at))
	}
	_, err := q.exec(ctx, "INSERT INTO conversation_log ("+t.insert+") VALUES "+t.values+strings.Repeat(", "+t.values, len(rows)-1), args...)
	return err
}
