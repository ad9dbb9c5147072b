package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

const noticeColumns = "reader_id, kind, key, state, reason, due_at, next_at, expires_at, epoch, tries, channel_id, message_ts, sending_at, settled_at, created_at"

func scanNotice(row scanner) (n briefing.Announcement, err error) {
	err = row.Scan(&n.Reader, &n.Kind, &n.Key, &n.State, &n.Reason, instant{&n.DueAt}, instant{&n.NextAt}, instant{&n.ExpiresAt}, &n.Epoch, &n.Tries,
		&n.ChannelID, &n.MessageTS, instant{&n.SendingAt}, instant{&n.SettledAt}, instant{&n.CreatedAt})
	return n, err
}

// PlanNotices writes the notices that are not there yet and whose readers are: of one reader, kind and key there is one,
// whatever became of it. All of them, or none when it fails. Of the end of a grant that moves the notice moves along, and
// is told again where it was told of another end.
func (s *Store) PlanNotices(ctx context.Context, notices ...briefing.Announcement) error {
	if err := s.inTx(ctx, func(q *session) error { return s.planNotices(ctx, q, notices) }); err != nil {
		return fmt.Errorf("plan notices: %w", err)
	}
	return nil
}

func (s *Store) planNotices(ctx context.Context, q *session, notices []briefing.Announcement) error {
	notices = slices.Clone(notices)
	slices.SortStableFunc(notices, func(a, b briefing.Announcement) int { return compareText(string(a.Reader), string(b.Reader)) })
	there, err := holdReaders(ctx, q, notices)
	if err != nil {
		return err
	}
	for _, n := range notices {
		if n.Reader != "" && !there[string(n.Reader)] {
			continue
		}
		if err := insertNotice(ctx, q, n, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// holdReaders returns which of the readers of the notices there are. They are held, so that nothing is left of somebody who
// is removed at this moment.
func holdReaders(ctx context.Context, q *session, notices []briefing.Announcement) (map[string]bool, error) {
	var ids []any
	for _, n := range notices {
		if n.Reader != "" {
			ids = append(ids, string(n.Reader))
		}
	}
	there := make(map[string]bool, len(ids))
	for some := range slices.Chunk(ids, holdTogether) {
		held, err := list(ctx, q, scalar[string], "SELECT id FROM achim_reader WHERE id IN (?"+strings.Repeat(", ?", len(some)-1)+") ORDER BY id"+q.dialect.forShare(), some...)
		if err != nil {
			return nil, err
		}
		for _, id := range held {
			there[id] = true
		}
	}
	return there, nil
}

// holdTogether is how many readers one statement holds at most.
const holdTogether = 100

// newNotice writes a notice that is not there yet. The end of a grant may move, and its notice with it.
const newNotice = "INSERT INTO achim_notice (" + noticeColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) " +
	"ON CONFLICT (reader_id, kind, key) DO UPDATE SET state = excluded.state, reason = excluded.reason, due_at = excluded.due_at, " +
	"next_at = excluded.next_at, epoch = achim_notice.epoch + 1, tries = 0, settled_at = NULL " +
	"WHERE achim_notice.kind = '" + string(briefing.NoticeGrantEnding) + "' AND (" +
	"(achim_notice.state = '" + string(briefing.NoticePending) + "' AND achim_notice.due_at <> excluded.due_at) OR achim_notice.settled_at <= excluded.due_at - ?)"

func insertNotice(ctx context.Context, q *session, n briefing.Announcement, now time.Time) error {
	_, err := q.exec(ctx, newNotice,
		string(n.Reader), string(n.Kind), n.Key, string(n.State), string(n.Reason), ms(n.DueAt), ms(n.NextAt), ms(n.ExpiresAt), n.Epoch, n.Tries,
		n.ChannelID, n.MessageTS, ms(n.SendingAt), ms(n.SettledAt), ms(now), briefing.EndMoved.Milliseconds())
	return err
}

// DueNotices returns up to limit notices whose NextAt is not after the time: those to the operator first, then the
// earliest.
func (s *Store) DueNotices(ctx context.Context, now time.Time, limit int) ([]briefing.Announcement, error) {
	due, err := list(ctx, s.reader(), scanNotice, "SELECT "+noticeColumns+" FROM achim_notice WHERE next_at <= ? "+
		"ORDER BY CASE WHEN kind IN (?, ?, ?) THEN 0 ELSE 1 END, next_at, reader_id, kind, key LIMIT ?",
		ms(now), string(briefing.NoticeLeft), string(briefing.NoticeTesting), string(briefing.NoticeTrouble), limit)
	if err != nil {
		return nil, fmt.Errorf("notices due: %w", err)
	}
	return due, nil
}

// MoveNotice writes the notice as the step has it, with its row of conversation_log and the notices that follow from
// it, all or nothing, and returns it with its new epoch. ErrFenced when it is not at the step's epoch any more.
func (s *Store) MoveNotice(ctx context.Context, step briefing.NoticeStep) (briefing.Announcement, error) {
	n := step.Notice
	err := s.inTx(ctx, func(q *session) error {
		moved, err := q.exec(ctx, "UPDATE achim_notice SET state = ?, reason = ?, due_at = ?, next_at = ?, expires_at = ?, epoch = epoch + 1, tries = ?, "+
			"channel_id = ?, message_ts = ?, sending_at = ?, settled_at = ? WHERE reader_id = ? AND kind = ? AND key = ? AND epoch = ?",
			string(n.State), string(n.Reason), ms(n.DueAt), ms(n.NextAt), ms(n.ExpiresAt), n.Tries, n.ChannelID, n.MessageTS,
			ms(n.SendingAt), ms(n.SettledAt), string(n.Reader), string(n.Kind), n.Key, n.Epoch)
		if err == nil && moved == 0 {
			err = briefing.ErrFenced
		}
		if err != nil {
			return err
		}
		if step.LogText != "" {
			if err := s.logNotice(ctx, q, step); err != nil {
				return fmt.Errorf("conversation_log: %w", err)
			}
		}
		return s.planNotices(ctx, q, step.Then)
	})
	if err != nil {
		return briefing.Announcement{}, fmt.Errorf("move notice %s of reader %s: %w", n.Kind, n.Reader, err)
	}
	n.Epoch++
	return n, nil
}

// kindNotice is the kind of a row of conversation_log that is a notice of ours.
const kindNotice = "notice"

// logNotice writes the notice's row of conversation_log.
func (s *Store) logNotice(ctx context.Context, q *session, step briefing.NoticeStep) error {
	n := step.Notice
	metadata, err := json.Marshal(struct {
		Kind   string              `json:"kind"`
		Notice briefing.NoticeKind `json:"notice"`
		Date   briefing.Date       `json:"date"`
	}{kindNotice, n.Kind, step.Date})
	if err != nil {
		return err
	}
	return insertLog(ctx, q, logRow{reader: n.Reader, channel: n.ChannelID, ts: n.MessageTS, text: clean(step.LogText),
		metadata: string(metadata), at: s.now()})
}

// Notices returns the reader's notices of a kind, the newest first; "" has those about nobody in particular.
func (s *Store) Notices(ctx context.Context, reader briefing.ReaderID, kind briefing.NoticeKind) ([]briefing.Announcement, error) {
	notices, err := list(ctx, s.reader(), scanNotice, "SELECT "+noticeColumns+" FROM achim_notice WHERE reader_id = ? AND kind = ? ORDER BY created_at DESC, key DESC",
		string(reader), string(kind))
	if err != nil {
		return nil, fmt.Errorf("notices of reader %q: %w", reader, err)
	}
	return notices, nil
}

// Ailing returns the grants found dead at or after the one time, those alive that end after it and not after the other, and
// those whose account is gone.
func (s *Store) Ailing(ctx context.Context, since, until time.Time) ([]briefing.Ailment, error) {
	ailing, err := list(ctx, s.reader(), func(row scanner) (a briefing.Ailment, err error) {
		err = row.Scan(&a.Fingerprint, instant{&a.State.DeadSince}, instant{&a.State.EndsAt}, yes{&a.State.Gone})
		return a, err
	}, "SELECT fingerprint, dead_since, ends_at, gone FROM achim_credential_state WHERE (dead_since IS NOT NULL AND dead_since >= ?) OR "+
		"(ends_at IS NOT NULL AND ends_at > ? AND ends_at <= ? AND dead_since IS NULL) OR gone <> 0 ORDER BY fingerprint", ms(since), ms(since), ms(until))
	if err != nil {
		return nil, fmt.Errorf("grants in trouble: %w", err)
	}
	return ailing, nil
}

// ClientRefused reports whether Google refuses our client at some grant, as far as is known.
func (s *Store) ClientRefused(ctx context.Context) (bool, error) {
	_, found, err := one(ctx, s.reader(), scalar[string],
		"SELECT fingerprint FROM achim_credential_state WHERE failing_since IS NOT NULL AND last_error = ? LIMIT 1", string(briefing.ClientMisconfigured))
	if err != nil {
		return false, fmt.Errorf("grants whose client is refused: %w", err)
	}
	return found, nil
}

// LeftReaders returns the readers who are gone, the first to leave first.
func (s *Store) LeftReaders(ctx context.Context) ([]briefing.Reader, error) {
	readers, err := list(ctx, s.reader(), scanReader, "SELECT "+readerColumns+fromReaders+" WHERE left_at IS NOT NULL ORDER BY left_at, id")
	if err != nil {
		return nil, fmt.Errorf("readers who are gone: %w", err)
	}
	return readers, nil
}
