package briefing

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	deadLately = 24 * time.Hour     // a death found earlier has been told by a briefing
	endsSoon   = 4 * 24 * time.Hour // farther ahead than any evening before
	mostKnown  = 100_000            // of what was planned, by one process
	lastsFor   = 36 * time.Hour     // a trouble not met for so long is over: it is met every morning while it lasts
	noteEvery  = time.Hour          // and noted no more often
	// testingLasts is after how long without a look "Testing" is over.
	testingLasts = 14 * 24 * time.Hour
	seekAgain    = time.Hour // at a grant of which nobody was to be told
	// leaveToBriefing is how shortly before a briefing nothing is told that it will tell.
	leaveToBriefing = 45 * time.Minute
	afterBriefing   = 15 * time.Minute // by when it has
	tooLateToRenew  = 10 * time.Minute // before the end
)

// foresee plans notices of what can be known beforehand, and marks who is gone.
func (h *Herald) foresee(ctx context.Context) error {
	refused, err := h.Grants.ClientRefused(ctx)
	if err == nil && refused {
		_, err = h.Note(ctx, ClientMisconfigured, "")
	}
	if h.notedFirst(string(NoticeTesting), h.Now()) {
		err = errors.Join(err, h.noteTesting(ctx, false))
	}
	return errors.Join(err, h.ailments(ctx), h.leavers(ctx))
}

// ailments plans what is to be told of grants. They are looked up by whose they are only when there is something new.
func (h *Herald) ailments(ctx context.Context) error {
	now := h.Now()
	ailing, err := h.Grants.Ailing(ctx, now.Add(-deadLately), now.Add(endsSoon))
	if err != nil {
		return fmt.Errorf("grants in trouble: %w", err)
	}
	fresh, open := map[string]Ailment{}, map[string]bool{}
	for _, a := range ailing {
		if !h.knows(a) {
			fresh[a.Fingerprint], open[a.Fingerprint] = a, true
		}
	}
	if len(fresh) > 0 {
		if err := h.planAilments(ctx, fresh, open); err != nil {
			return fmt.Errorf("grants in trouble: %w", err)
		}
	}
	h.learn(fresh, open)
	return nil
}

// planAilments plans what is to be told of the ailments, a page of grants at a time, and closes those of which there is
// something. There may be very many: all end in the same days when the Google app is in "Testing".
func (h *Herald) planAilments(ctx context.Context, fresh map[string]Ailment, open map[string]bool) error {
	readers, err := h.Members.Readers(ctx)
	if err != nil {
		return err
	}
	members := make(map[ReaderID]Reader, len(readers))
	for _, r := range readers {
		members[r.ID] = r
	}
	ending := false
	for grants, err := range GrantPages(ctx, h.Grants) {
		if err != nil {
			return err
		}
		var planned []Announcement
		for _, g := range grants {
			a, ailing := fresh[g.Fingerprint]
			r, there := members[g.Owner]
			if !ailing || !there || !g.HasRefreshToken || r.Left() {
				continue
			}
			if a.State.Gone {
				if err := h.gone(ctx, r, a.Fingerprint); err != nil {
					return err
				}
				open[g.Fingerprint] = false
				continue
			}
			if n, ok := h.ails(r, a); ok {
				planned, open[g.Fingerprint] = append(planned, n), false
				ending = ending || n.Kind == NoticeGrantEnding
			}
		}
		if err := h.Notices.PlanNotices(ctx, planned...); err != nil {
			return err
		}
	}
	if ending {
		return h.noteTesting(ctx, true)
	}
	return nil
}

// id is of all that may be told of the grant.
func (a Ailment) id() string {
	return fmt.Sprint(a.Fingerprint, a.State.DeadSince.UnixMilli(), a.State.EndsAt.UnixMilli(), a.State.Gone)
}

func (h *Herald) knows(a Ailment) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	until, ok := h.known[a.id()]
	return ok && (until.IsZero() || h.Now().Before(until))
}

// learn takes the ailments for known: for good, or for a while those that are open, because nobody was to be told. Who is
// paused, say, may not be tomorrow.
func (h *Herald) learn(ailments map[string]Ailment, open map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil || len(h.known) > mostKnown {
		h.known = map[string]time.Time{} // what is planned twice is there once
	}
	for _, a := range ailments {
		until := time.Time{}
		if open[a.Fingerprint] {
			until = h.Now().Add(seekAgain)
		}
		h.known[a.id()] = until
	}
}

// ails returns what is to be told of one reader's grant, and whether there is anything.
func (h *Herald) ails(r Reader, a Ailment) (Announcement, bool) {
	now := h.Now()
	if !a.State.DeadSince.IsZero() {
		return Announcement{Reader: r.ID, Kind: NoticeGrantDead, Key: deadKey(a.Fingerprint, a.State.DeadSince),
			State: NoticePending, DueAt: now, NextAt: now, ExpiresAt: now.Add(deadLately)}, true
	}
	_, evening := spoils(h.Defaults, r, a.State.EndsAt)
	return Announcement{Reader: r.ID, Kind: NoticeGrantEnding, Key: a.Fingerprint, State: NoticePending,
		DueAt: evening, NextAt: evening}, !evening.IsZero()
}

// noteTesting lets the operator's notice of "Testing" last on while that is so, and end some time after. With plan, where
// none lasts, one is planned: it was over, and is back.
func (h *Herald) noteTesting(ctx context.Context, plan bool) error {
	so, now := h.testing(ctx), h.Now()
	notices, err := h.Notices.Notices(ctx, "", NoticeTesting)
	if err != nil {
		return fmt.Errorf("what the operator was told: %w", err)
	}
	if len(notices) == 0 || !notices[0].lasts(now) || notices[0].State == NoticeDropped && (notices[0].Reason == NoLongerTrue || h.Operator != "") {
		if !so || !plan {
			return nil
		}
		return h.Notices.PlanNotices(ctx, Announcement{Kind: NoticeTesting, Key: testingKey(now), State: NoticePending,
			DueAt: now, NextAt: now, ExpiresAt: now.Add(testingLasts)})
	}
	n, until := notices[0], now.Add(lastsFor)
	if so {
		until = now.Add(testingLasts)
	}
	known := so && until.Sub(n.ExpiresAt) < testingLasts-lastsFor || !so && !n.ExpiresAt.IsZero() && n.ExpiresAt.Before(until)
	if known || n.State == NoticeSending { // whoever tells it just now must find it as they left it
		return nil
	}
	n.ExpiresAt = until
	if _, err = h.Notices.MoveNotice(ctx, NoticeStep{Notice: n}); errors.Is(err, ErrFenced) {
		return nil
	}
	return err
}

// testing reports whether the Google app is in "Testing".
func (h *Herald) testing(ctx context.Context) bool { return h.Testing != nil && h.Testing(ctx) }

// gone marks a reader as gone whose Google account was deleted, unless that was done for this very grant: somebody
// has taken them back since.
func (h *Herald) gone(ctx context.Context, r Reader, fingerprint string) error {
	told, err := h.Notices.Notices(ctx, r.ID, NoticeLeft)
	if err != nil {
		return fmt.Errorf("leaves of reader %s: %w", r.ID, err)
	}
	key := leftKey(Reader{LeftReason: LeftGoogle}, fingerprint)
	for _, n := range told {
		if n.Key == key {
			return nil
		}
	}
	_, err = h.Roster.Leave(ctx, r.ID, LeftGoogle, nil)
	return err
}

// leavers tells the operator of readers who are gone, and takes those back who have connected another account since.
func (h *Herald) leavers(ctx context.Context) error {
	left, err := h.Members.LeftReaders(ctx)
	if err != nil {
		return fmt.Errorf("readers who are gone: %w", err)
	}
	for _, r := range left {
		c, err := h.Grants.Credential(ctx, r.ID)
		connected := err == nil && !c.RefreshToken.IsZero()
		if err != nil && !errors.Is(err, ErrNotFound) && ReasonOf(err) != Malformed {
			return fmt.Errorf("grant of reader %s: %w", r.ID, err)
		}
		if r.LeftReason == LeftGoogle && connected && !c.State.Gone && c.State.DeadSince.IsZero() {
			if err := h.Roster.Return(ctx, r.ID); err != nil {
				return err
			}
			continue
		}
		fingerprint := ""
		if connected {
			fingerprint = Fingerprint(c.RefreshToken)
		}
		if !r.ErasedAt.IsZero() {
			continue // long told
		}
		err = h.Notices.PlanNotices(ctx, Announcement{Reader: r.ID, Kind: NoticeLeft, Key: leftKey(r, fingerprint), State: NoticePending,
			DueAt: h.Now(), NextAt: h.Now()})
		if err != nil {
			return err
		}
	}
	return nil
}

// Note notes a trouble that the operator alone can mend, of one source or, with "", of all of Google: they are told
// once while it lasts. It may be called as often as it is met; it reports whether it was not noted a moment ago.
func (h *Herald) Note(ctx context.Context, reason Reason, source SourceName) (bool, error) {
	id, now := string(reason)+"/"+string(source), h.Now()
	if !h.notedFirst(id, now) {
		return false, nil
	}
	notices, err := h.Notices.Notices(ctx, "", NoticeTrouble)
	if err == nil {
		err = h.note(ctx, notices, Announcement{Kind: NoticeTrouble, Key: troubleKey(reason, source, now), State: NoticePending,
			DueAt: now, NextAt: now, ExpiresAt: now.Add(lastsFor)})
	}
	if err != nil && !errors.Is(err, ErrFenced) {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.seen, id)
		return true, fmt.Errorf("note trouble %q: %w", id, err)
	}
	return true, nil
}

// notedFirst reports whether nobody has noted the trouble lately, and takes it for noted.
func (h *Herald) notedFirst(id string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if since, ok := h.seen[id]; ok && now.Sub(since) < noteEvery && !since.After(now) {
		return false
	}
	if h.seen == nil {
		h.seen = map[string]time.Time{}
	}
	h.seen[id] = now
	return true
}

// note lets the trouble's notice last longer if there is one, and plans one otherwise. Two processes that find none at
// the same moment might plan two: the minute is in the key, so that they plan the same one.
func (h *Herald) note(ctx context.Context, notices []Announcement, fresh Announcement) error {
	reason, source, since := troubleOf(fresh.Key)
	for _, n := range notices {
		known, of, _ := troubleOf(n.Key)
		if known != reason || of != source || !h.Now().Before(n.ExpiresAt) {
			continue
		}
		switch {
		case n.State == NoticeDropped && n.Reason == NoLongerTrue: // it is back
			continue
		case n.State == NoticeSending: // whoever tells it just now must find it as they left it
			return nil
		}
		n.ExpiresAt = fresh.ExpiresAt
		_, err := h.Notices.MoveNotice(ctx, NoticeStep{Notice: n})
		return err
	}
	fresh.Key = troubleKey(reason, source, since.Truncate(time.Minute))
	return h.Notices.PlanNotices(ctx, fresh)
}
