package briefing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// judgement is what becomes of a notice now: told as it is true now, dropped for a reason, or looked at later.
type judgement struct {
	telling Telling
	drop    Reason
	later   time.Time
}

// judge looks whether the notice is still true and may be sent now.
func (h *Herald) judge(ctx context.Context, n Announcement) (judgement, error) {
	now := h.Now()
	j := judgement{telling: Telling{Kind: n.Kind, Now: now, Zone: h.Defaults.Zone, Language: h.Defaults.Language}}
	if !n.ExpiresAt.IsZero() && now.After(n.ExpiresAt) {
		j.drop = PastGrace
		return j, nil
	}
	var err error
	if n.Reader != "" {
		j.telling.Reader, err = h.Members.Reader(ctx, string(n.Reader))
		if errors.Is(err, ErrNotFound) {
			j.drop = Removed
			return j, nil
		}
		if err != nil {
			return j, fmt.Errorf("look up reader %s: %w", n.Reader, err)
		}
	}
	if n.Kind.ToOperator() {
		err = h.judgeOperators(ctx, &j, n)
	} else {
		err = h.judgeReaders(ctx, &j, n)
	}
	if err == nil && j.drop == "" && j.later.IsZero() {
		j.later = quiet(now, j.telling.Zone)
	}
	return j, err
}

// judgeOperators judges a notice to the operator.
func (h *Herald) judgeOperators(ctx context.Context, j *judgement, n Announcement) error {
	t := &j.telling
	if h.Operator == "" {
		j.drop = NobodyToTell
		return nil
	}
	switch n.Kind {
	case NoticeLeft:
		if !t.Reader.Left() {
			j.drop = NoLongerTrue
		}
		t.Since, t.EraseOn = t.Reader.LeftAt, DateOf(t.Reader.LeftAt.Add(KeepLeft), t.Zone)
	case NoticeTesting:
		if !h.testing(ctx) {
			j.drop = NoLongerTrue
		}
	case NoticeTrouble:
		t.Reason, t.Source, t.Since = troubleOf(n.Key)
		if t.Reason != ClientMisconfigured || t.Now.Sub(n.DueAt) < noteEvery {
			return nil
		}
		refused, err := h.Grants.ClientRefused(ctx) // it has waited for the morning, and may be mended
		if err != nil {
			return fmt.Errorf("is the client still refused: %w", err)
		}
		if !refused {
			j.drop = NoLongerTrue
		}
	}
	return nil
}

// judgeReaders judges a notice to a reader.
func (h *Herald) judgeReaders(ctx context.Context, j *judgement, n Announcement) error {
	t := &j.telling
	schedule, err := h.Defaults.Schedule(t.Reader)
	if err != nil { // theirs alone: nobody else has to wait for that
		j.drop = Internal
		return nil
	}
	t.Zone, t.At, t.Weekdays, t.Language = schedule.Zone, schedule.At, schedule.Weekdays, h.Defaults.LanguageOf(t.Reader)
	t.Next = h.Defaults.NextDue(t.Reader, t.Now)
	if t.Reader.Left() {
		j.drop = Left
		return nil
	}
	c, err := h.Grants.Credential(ctx, n.Reader)
	if err != nil && !errors.Is(err, ErrNotFound) && ReasonOf(err) != Malformed {
		return fmt.Errorf("grant of reader %s: %w", n.Reader, err)
	}
	t.Connected = err == nil && !c.RefreshToken.IsZero()
	switch n.Kind {
	case NoticeWelcome:
		if t.Next.IsZero() { // paused: nothing comes that could be spoken of
			j.later = t.Now.Add(24 * time.Hour)
		}
	case NoticeReminder:
		t.Last = n.Key == strconv.Itoa(reminderDays[len(reminderDays)-1])
		switch spared := schedule.Spares(t.Reader, DateOf(t.Now, t.Zone)); {
		case t.Connected, !t.Reader.Preferences.wantsGoogle():
			j.drop = NoLongerTrue
		case spared != "":
			j.drop = spared
		}
	case NoticeGrantDead:
		return h.judgeDead(ctx, j, n, c)
	case NoticeGrantEnding:
		return h.judgeEnding(ctx, j, n, c)
	}
	return nil
}

// judgeDead judges the notice of a dead grant. Shortly before a briefing it is left to that one.
func (h *Herald) judgeDead(ctx context.Context, j *judgement, n Announcement, c Credential) error {
	t := &j.telling
	t.Since = c.State.DeadSince
	switch {
	case !t.Connected || t.Since.IsZero() || n.Key != deadKey(Fingerprint(c.RefreshToken), t.Since), !t.Reader.Preferences.wantsGoogle():
		j.drop = NoLongerTrue // or nothing that is wanted would be missing
		return nil
	case t.Reader.PausedOn(DateOf(t.Now, t.Zone)):
		j.drop = Paused
		return nil
	}
	entries, err := h.Runs.Entries(ctx, EntryFilter{Reader: n.Reader, Limit: 3})
	if err != nil {
		return fmt.Errorf("briefings of reader %s: %w", n.Reader, err)
	}
	if slices.ContainsFunc(entries, func(e Entry) bool { return e.tells(ReauthRequired, t.Since) }) {
		j.drop = BriefingTold
		return nil
	}
	morning := At(DateOf(t.Now, t.Zone), TimeOfDay{Hour: quietUntil + 1}, t.Zone)
	soon := t.Next.Sub(t.Now) <= leaveToBriefing || !t.Next.After(morning)
	if under := openEntry(entries, t.Now); under || (!t.Next.IsZero() && soon) {
		j.later = t.Now.Add(time.Minute)
		if !under {
			j.later = t.Next.Add(afterBriefing)
		}
	}
	return nil
}

// openEntry reports whether a briefing is under way whose hour has come.
func openEntry(entries []Entry, now time.Time) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool {
		open := e.State == Planned || e.State == Prepared || e.State == Sending
		return open && !e.DueAt.After(now) && now.Sub(e.DueAt) < afterBriefing
	})
}

// tells reports whether the entry's message, posted at or after the time, says so.
func (e Entry) tells(reason Reason, since time.Time) bool {
	return e.State == Delivered && !e.DeliveredAt.Before(since) &&
		slices.ContainsFunc(e.Sections, func(s Section) bool { return s.Verdict.Reason == reason })
}

// judgeEnding judges the notice of a grant that ends.
func (h *Herald) judgeEnding(ctx context.Context, j *judgement, n Announcement, c Credential) error {
	t := &j.telling
	t.Ends = c.State.EndsAt
	if !t.Connected || n.Key != Fingerprint(c.RefreshToken) || !c.State.DeadSince.IsZero() || t.Ends.Sub(t.Now) < tooLateToRenew {
		j.drop = NoLongerTrue // renewed, moved, dead by now, or too late
		return nil
	}
	spoilt, evening := spoils(h.Defaults, t.Reader, t.Ends)
	switch {
	case spoilt.IsZero() || !t.Reader.Preferences.wantsGoogle():
		j.later = t.Now.Add(seekAgain) // no briefing would suffer, as things are: a pause may be taken back, and so may a wish
		return nil
	case evening.After(t.Now):
		j.later = evening
		return nil
	}
	t.Next = spoilt
	if t.Testing = h.testing(ctx); !t.Testing {
		return nil
	}
	told, err := h.Notices.Notices(ctx, "", NoticeTesting)
	t.Told = slices.ContainsFunc(told, func(n Announcement) bool { return n.State == NoticeSent && n.lasts(t.Now) })
	if err != nil {
		return fmt.Errorf("what the operator was told: %w", err)
	}
	return nil
}
