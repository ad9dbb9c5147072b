package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"achim/briefing"
)

const readerColumns = "id, name, slack_user_id, slack_channel_id, email, timezone, deliver_at, weekdays, language, " +
	"feeds, paused, paused_until, notification, skip_holidays, preferences, left_at, left_reason, erased_at, NULLIF(plan_at, 0), created_at, updated_at"

// fromReaders is where readerColumns are.
const fromReaders = " FROM achim_reader JOIN achim_cohort USING (cohort_id)"

func scanReader(row scanner) (briefing.Reader, error) {
	var r briefing.Reader
	var at string
	err := row.Scan(&r.ID, &r.Name, opt(&r.SlackUserID), &r.SlackChannelID, &r.Email, &r.Timezone, opt(&at),
		&r.Weekdays, &r.Language, structure{"feeds", &r.Feeds}, yes{&r.Paused}, day{&r.PausedUntil}, &r.Notification, yes{&r.SkipHolidays},
		structure{"preferences", &r.Preferences},
		instant{&r.LeftAt}, &r.LeftReason, instant{&r.ErasedAt}, instant{&r.PlanAt}, instant{&r.CreatedAt}, instant{&r.UpdatedAt})
	if err != nil || at == "" {
		return r, err
	}
	t, err := briefing.ParseTimeOfDay(at)
	r.At = &t
	return r, err
}

// Reader finds one reader by UUID, Slack id or name, in this order. ErrNotFound when there is none; a
// FieldError when several have the name.
func (s *Store) Reader(ctx context.Context, ref string) (briefing.Reader, error) {
	ref = strings.TrimSpace(ref)
	q := s.reader()
	if id, err := briefing.ParseReaderID(ref); err == nil {
		return s.oneReader(ctx, q, "id", string(id))
	}
	matches, err := list(ctx, q, scanReader,
		"SELECT "+readerColumns+fromReaders+" WHERE slack_user_id = ? OR name = ? ORDER BY id", clean(ref), clean(ref))
	if err != nil {
		return briefing.Reader{}, fmt.Errorf("reader %q: %w", ref, err)
	}
	var ids []string
	for _, r := range matches {
		if r.SlackUserID == ref {
			return r, nil
		}
		ids = append(ids, fmt.Sprintf("%s (%s)", r.ID, r.SlackUserID))
	}
	switch len(matches) {
	case 0:
		return briefing.Reader{}, fmt.Errorf("reader %q: %w", ref, briefing.ErrNotFound)
	case 1:
		return matches[0], nil
	default:
		return briefing.Reader{}, &briefing.FieldError{Field: "user", Code: "invalid_field",
			Problem: fmt.Sprintf("%d readers are called %q: use the UUID or the Slack id of one of %s",
				len(ids), ref, strings.Join(ids, ", "))}
	}
}

// oneReader finds a reader by a unique column.
func (s *Store) oneReader(ctx context.Context, q *session, column, value string) (briefing.Reader, error) {
	r, found, err := one(ctx, q, scanReader, "SELECT "+readerColumns+fromReaders+" WHERE "+column+" = ?", value)
	if err == nil && !found {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return briefing.Reader{}, fmt.Errorf("reader %q: %w", value, err)
	}
	return r, nil
}

// Readers returns all readers, by name.
func (s *Store) Readers(ctx context.Context) ([]briefing.Reader, error) {
	readers, err := list(ctx, s.reader(), scanReader, "SELECT "+readerColumns+fromReaders+" ORDER BY name, id")
	if err != nil {
		return nil, fmt.Errorf("list readers: %w", err)
	}
	return readers, nil
}

const saveReader = "INSERT INTO achim_reader (id, name, slack_user_id, slack_channel_id, email, timezone, deliver_at, weekdays, " +
	"language, feeds, paused, paused_until, notification, skip_holidays, preferences, left_at, left_reason, erased_at, cohort_id, created_at, updated_at) " +
	"VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) " +
	"ON CONFLICT (id) DO UPDATE SET name = excluded.name, slack_user_id = excluded.slack_user_id, " +
	"slack_channel_id = excluded.slack_channel_id, email = excluded.email, timezone = excluded.timezone, " +
	"deliver_at = excluded.deliver_at, weekdays = excluded.weekdays, language = excluded.language, feeds = excluded.feeds, " +
	"paused = excluded.paused, paused_until = excluded.paused_until, notification = excluded.notification, " +
	"skip_holidays = excluded.skip_holidays, preferences = excluded.preferences, left_at = excluded.left_at, left_reason = excluded.left_reason, " +
	"erased_at = excluded.erased_at, cohort_id = excluded.cohort_id, " +
	// Later with every change, whatever the clock does: it tells whether somebody was changed.
	"updated_at = CASE WHEN excluded.updated_at > achim_reader.updated_at THEN excluded.updated_at ELSE achim_reader.updated_at + 1 END " +
	"WHERE COALESCE(?, achim_reader.updated_at) = achim_reader.updated_at"

// SaveReader inserts or replaces the reader and returns it as it now stands, with UpdatedAt (and CreatedAt
// of a new one) set. A Slack id another reader has is a FieldError with code slack_id_taken. A new reader with Greet
// set has a welcome planned in the same transaction. With AsOf set it is ErrFenced when the reader was changed or removed
// since.
func (s *Store) SaveReader(ctx context.Context, r briefing.Reader) (saved briefing.Reader, err error) {
	err = s.inTx(ctx, func(q *session) error {
		from, err := lockPlace(ctx, q, r.ID)
		if err == nil && from == (place{}) && !r.AsOf.IsZero() {
			err = briefing.ErrFenced // removed: who was must not come back to life
		}
		if err != nil {
			return err
		}
		cohort, err := joinCohort(ctx, q, r, from)
		if err != nil {
			return err
		}
		values, err := readerValues(r, cohort, s.now())
		if err != nil {
			return err
		}
		saves, err := q.exec(ctx, saveReader, append(values, ms(r.AsOf))...)
		if err == nil && saves == 0 {
			err = briefing.ErrFenced
		}
		if err != nil {
			return err
		}
		if r.Greet && from == (place{}) {
			if err := insertNotice(ctx, q, briefing.Greeting(r.ID, s.now()), s.now()); err != nil {
				return fmt.Errorf("welcome: %w", err)
			}
		}
		saved, err = s.oneReader(ctx, q, "id", string(r.ID))
		return err
	})
	if isDuplicate(err, "slack_user_id") {
		return briefing.Reader{}, &briefing.FieldError{Field: "slack_user_id", Code: "slack_id_taken",
			Problem: fmt.Sprintf("%s belongs to another reader already: change or remove that one first", r.SlackUserID)}
	}
	if err != nil {
		return briefing.Reader{}, fmt.Errorf("save reader %s: %w", r.ID, err)
	}
	return saved, nil
}

// readerValues are the values of saveReader.
func readerValues(r briefing.Reader, cohort int64, now time.Time) ([]any, error) {
	at := ""
	if r.At != nil {
		at = r.At.String()
	}
	feeds, err := jsonText(len(r.Feeds) > 0, r.Feeds)
	if err != nil {
		return nil, err
	}
	preferences, err := jsonText(!r.Preferences.IsZero(), r.Preferences)
	if err != nil {
		return nil, err
	}
	return []any{
		string(r.ID), clean(r.Name), nullable(clean(r.SlackUserID)), clean(r.SlackChannelID), clean(r.Email), r.Timezone,
		nullable(at), int64(r.Weekdays), string(r.Language), feeds, flag(r.Paused), r.PausedUntil.String(),
		string(r.Notification), flag(r.SkipHolidays), preferences, ms(r.LeftAt), string(r.LeftReason), ms(r.ErasedAt), cohort, ms(now), ms(now),
	}, nil
}

// SaveChannel keeps the id of the DM with the reader. ErrNotFound when there is no such reader.
func (s *Store) SaveChannel(ctx context.Context, reader briefing.ReaderID, channelID string) error {
	n, err := s.writer().exec(ctx, "UPDATE achim_reader SET slack_channel_id = ? WHERE id = ?", channelID, string(reader))
	if err == nil && n == 0 {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("save channel of reader %s: %w", reader, err)
	}
	return nil
}

// DeleteReader forgets the reader, the entries, their rows in runs and what is remembered. gmail_token and
// conversation_log rows stay: they are shared. ErrNotFound when there is none.
func (s *Store) DeleteReader(ctx context.Context, id briefing.ReaderID) error {
	err := s.inTx(ctx, func(q *session) error {
		// First, since it locks: whoever plans the reader now is done before the entries go, or finds nobody.
		if _, err := lockPlace(ctx, q, id); err != nil {
			return err
		}
		n, err := q.exec(ctx, "DELETE FROM achim_reader WHERE id = ?", string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return briefing.ErrNotFound
		}
		for _, table := range []string{"achim_entry", "achim_source_state", "achim_seen", "achim_copy", "achim_copy_ahead", "achim_notice"} {
			if _, err := q.exec(ctx, "DELETE FROM "+table+" WHERE reader_id = ?", string(id)); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
		if err := forgetConsents(ctx, q, id); err != nil {
			return err
		}
		runs, err := list(ctx, q, scalar[string], "DELETE FROM achim_run_reader WHERE reader_id = ? RETURNING run_id", string(id))
		if err != nil {
			return fmt.Errorf("achim_run_reader: %w", err)
		}
		// A run that only waited for this reader has nothing to wait for any more.
		return s.finishRuns(ctx, q, runs)
	})
	if err != nil {
		return fmt.Errorf("delete reader %s: %w", id, err)
	}
	return nil
}
