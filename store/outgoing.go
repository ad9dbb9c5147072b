package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"achim/briefing"
)

// outgoingHead is what of briefing.Outgoing is stored as JSON, in a line of its own. The long texts follow it as they
// are, one after the other: at the hour there are thousands to read.
type outgoingHead struct {
	Lengths  [3]int             `json:"lengths"` // of text, plain and blocks, in bytes
	Date     briefing.Date      `json:"date,omitzero"`
	Status   briefing.Status    `json:"status,omitempty"`
	Sections []briefing.Section `json:"sections,omitempty"`
	Seen     []string           `json:"seen,omitempty"`
}

// outgoingText returns the stored form.
func outgoingText(o *briefing.Outgoing) (string, error) {
	text, plain, blocks := clean(o.Message.Text), clean(o.Message.Plain), clean(string(o.Message.Blocks))
	head, err := jsonText(true, outgoingHead{
		Lengths: [3]int{len(text), len(plain), len(blocks)}, Date: o.Message.Date, Status: o.Message.Status, Sections: o.Sections, Seen: o.Seen,
	})
	if err != nil {
		return "", err
	}
	return head.(string) + "\n" + text + plain + blocks, nil
}

var errOutgoing = errors.New("what is to be sent: its texts are not as long as it says")

// parseOutgoing reads what outgoingText returned.
func parseOutgoing(stored string) (*briefing.Outgoing, error) {
	line, rest, _ := strings.Cut(stored, "\n")
	var head outgoingHead
	if err := json.Unmarshal([]byte(line), &head); err != nil {
		return nil, fmt.Errorf("what is to be sent: %w", err)
	}
	var texts [3]string
	for i, n := range head.Lengths {
		if n < 0 || n > len(rest) {
			return nil, errOutgoing
		}
		texts[i], rest = rest[:n], rest[n:]
	}
	if rest != "" {
		return nil, errOutgoing
	}
	o := &briefing.Outgoing{Sections: head.Sections, Seen: head.Seen,
		Message: briefing.Message{Text: texts[0], Plain: texts[1], Date: head.Date, Status: head.Status}}
	if texts[2] != "" {
		o.Message.Blocks = json.RawMessage(texts[2])
	}
	return o, nil
}

// keptOutgoing is what is to be sent of one entry.
type keptOutgoing struct {
	id   briefing.EntryID
	text string
}

func (q *session) scanOutgoing(row scanner) (k keptOutgoing, err error) {
	if err = row.Scan(&k.id, &k.text); err != nil {
		return k, err
	}
	k.text, err = q.keys.open(messagePlace(k.id), k.text)
	return k, err
}

func messagePlace(id briefing.EntryID) string { return placeOf("achim_outgoing.message", string(id)) }

// readyColumns name entries that were prepared at some time.
var readyColumns = []column{{"id", "text"}, {"prepared_at", "bigint"}}

// addOutgoing adds to claimed entries what of them is to be sent, where that was made beforehand, when they were
// prepared.
func addOutgoing(ctx context.Context, q *session, claimed []claimedEntry) error {
	var rows [][]any
	at := make(map[briefing.EntryID]*claimedEntry, len(claimed))
	for i := range claimed {
		if c := &claimed[i]; c.hasBody && c.State == briefing.Prepared {
			rows = append(rows, []any{string(c.ID), ms(c.PreparedAt)})
			at[c.ID] = c
		}
	}
	if len(rows) == 0 {
		return nil
	}
	args, err := q.dialect.batch(readyColumns, rows)
	if err != nil {
		return err
	}
	kept, err := list(ctx, q, q.scanOutgoing, "SELECT o.entry_id, o.message FROM "+q.dialect.from(readyColumns)+
		" JOIN achim_outgoing o ON o.entry_id = v.id AND o.prepared_at = v.prepared_at", args...)
	if err != nil {
		return err
	}
	for _, k := range kept {
		at[k.id].outgoing = k.text
	}
	return nil
}

var aheadColumns = []column{{"entry_id", "text"}, {"source", "text"}, {"date", "text"}, {"reader_id", "text"}, {"items", "text"}, {"as_of", "bigint"}}

// writeOutgoing writes what of the entry is to be sent, and the copies that count once it is delivered. An entry
// without any takes what was written for an earlier preparing out of use by its own PreparedAt.
func writeOutgoing(ctx context.Context, q *session, e briefing.Entry) error {
	if e.Outgoing == nil || e.PreparedAt.IsZero() {
		return nil
	}
	text, err := outgoingText(e.Outgoing)
	if err != nil {
		return err
	}
	if text, err = q.keys.seal(messagePlace(e.ID), text); err != nil {
		return fmt.Errorf("what is to be sent: %w", err)
	}
	_, err = q.exec(ctx, "INSERT INTO achim_outgoing (entry_id, reader_id, date, prepared_at, message) VALUES (?, ?, ?, ?, ?) "+
		"ON CONFLICT (entry_id) DO UPDATE SET prepared_at = excluded.prepared_at, message = excluded.message",
		string(e.ID), string(e.Reader), e.Date.String(), ms(e.PreparedAt), text)
	if err != nil {
		return fmt.Errorf("what is to be sent: %w", err)
	}
	newest, err := newestCopies(e.Outgoing.Copies)
	if err != nil {
		return err
	}
	rows := make([][]any, len(newest))
	for i, c := range newest {
		items, err := q.keys.sealValue(placeOf("achim_copy_ahead.items", string(e.ID), c.source, c.date), c.items)
		if err != nil {
			return err
		}
		rows[i] = []any{string(e.ID), c.source, c.date, string(e.Reader), items, c.asOf}
	}
	return upsert(ctx, q, batchInsert{"achim_copy_ahead", aheadColumns, rows},
		"ON CONFLICT (entry_id, source, date) DO UPDATE SET items = excluded.items, as_of = excluded.as_of")
}
