package store

import (
	"context"
	"encoding/json"
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

// logMetadata is what a row says of its briefing. kind tells our rows from those of other programs.
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
	e := st.Entry
	about := logMetadata{Entry: e.ID, Run: e.Run, Date: e.Date, Slot: e.Slot, Status: e.Status, Sources: verdictsOf(e), Kind: "briefing"}
	if !e.MendedAt.IsZero() {
		mended := e.MendedAt.UTC()
		about.MendedAt = &mended
	}
	metadata, err := json.Marshal(about)
	if err != nil {
		return err
	}
	row := logRow{reader: e.Reader, channel: e.ChannelID, ts: e.MessageTS, text: clean(text), metadata: string(metadata), at: now}
	if st.From == briefing.Delivered {
		n, err := q.exec(ctx, "UPDATE conversation_log SET channel_id = ?, message_ts = ?, content = ?, metadata = ? "+
			"WHERE metadata->>'entry_id' = ?", row.channel, row.ts, row.text, row.metadata, string(e.ID))
		if err != nil || n > 0 {
			return err
		}
	}
	return insertLog(ctx, q, row)
}

func insertLog(ctx context.Context, q *session, row logRow) error {
	_, err := q.exec(ctx, "INSERT INTO conversation_log (user_id, channel, channel_id, message_ts, role, content, metadata, created_at) "+
		"VALUES (?, 'slack', ?, ?, 'assistant', ?, ?, ?)",
		string(row.reader), row.channel, row.ts, row.text, row.metadata, row.at.UTC().Format(zonedForm))
	return err
}
