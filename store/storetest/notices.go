package storetest

import (
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// notice returns a pending notice of the n-th reader, due at nine.
func notice(n int, kind briefing.NoticeKind, key string) briefing.Announcement {
	return briefing.Announcement{Reader: readerID(n), Kind: kind, Key: key, State: briefing.NoticePending, DueAt: nine, NextAt: nine,
		ExpiresAt: nine.Add(time.Hour)}
}

// noticePlanned: of one reader, kind and key there is one, whatever became of it, and none of a reader who is not there.
func noticePlanned(t *testing.T, s *store.Store) {
	addReader(t, s, 1)
	one, two := notice(1, briefing.NoticeReminder, "1"), notice(1, briefing.NoticeReminder, "3")
	two.NextAt = nine.Add(-time.Minute)
	operators := notice(1, briefing.NoticeLeft, "x")
	nobodys := notice(1, briefing.NoticeTesting, "testing")
	nobodys.Reader = ""
	later := notice(1, briefing.NoticeWelcome, "welcome")
	later.NextAt = nine.Add(time.Minute)
	check(t, s.PlanNotices(t.Context(), one, two, operators, nobodys, later, notice(2, briefing.NoticeReminder, "1")))
	again := one
	again.NextAt = nine.Add(-time.Hour)
	check(t, s.PlanNotices(t.Context(), again))

	due := must(s.DueNotices(t.Context(), nine, 10))(t)
	var order []string
	for i := range due {
		order = append(order, string(due[i].Kind)+" "+due[i].Key)
		if due[i].CreatedAt.IsZero() {
			t.Errorf("%s was never made", order[i])
		}
		due[i].CreatedAt = time.Time{}
	}
	wantSame(t, "order", order, []string{"testing testing", "reader_left x", "reminder 3", "reminder 1"})
	wantSame(t, "round trip", due[3], one)
	if limited := must(s.DueNotices(t.Context(), nine, 2))(t); len(limited) != 2 {
		t.Errorf("%d of at most two", len(limited))
	}
	if about := must(s.Notices(t.Context(), "", briefing.NoticeTesting))(t); len(about) != 1 {
		t.Errorf("about nobody: %+v", about)
	}
	if reminders := must(s.Notices(t.Context(), readerID(1), briefing.NoticeReminder))(t); len(reminders) != 2 {
		t.Errorf("reminders: %+v", reminders)
	}
	check(t, s.DeleteReader(t.Context(), readerID(1)))
	wantSame(t, "after the reader", Rows(t, s, "SELECT kind FROM achim_notice"), []string{"testing"})
}

// noticeEndMoves: the notice of an end that is known anew waits for the new evening, and comes again where it was of
// another end; other notices stay as they were planned.
func noticeEndMoves(t *testing.T, s *store.Store) {
	addReader(t, s, 1)
	planned := func(kind briefing.NoticeKind, due time.Time) briefing.Announcement {
		t.Helper()
		n := notice(1, kind, "grant")
		n.DueAt, n.NextAt = due, due
		check(t, s.PlanNotices(t.Context(), n))
		return must(s.Notices(t.Context(), readerID(1), kind))(t)[0]
	}
	evening := nine.Add(9 * time.Hour)
	first := planned(briefing.NoticeGrantEnding, evening.Add(24*time.Hour))
	wantSame(t, "planned again", planned(briefing.NoticeGrantEnding, evening.Add(24*time.Hour)), first)
	n := planned(briefing.NoticeGrantEnding, evening)
	if !n.NextAt.Equal(evening) || !n.DueAt.Equal(evening) || n.Epoch <= first.Epoch {
		t.Errorf("moved: %+v", n)
	}
	n.State, n.NextAt, n.SettledAt = briefing.NoticeSent, time.Time{}, evening
	n = must(s.MoveNotice(t.Context(), briefing.NoticeStep{Notice: n}))(t)
	wantSame(t, "told, and the end is the same", planned(briefing.NoticeGrantEnding, evening.Add(24*time.Hour)), n)
	again := planned(briefing.NoticeGrantEnding, evening.Add(48*time.Hour))
	if again.State != briefing.NoticePending || !again.NextAt.Equal(evening.Add(48*time.Hour)) || !again.SettledAt.IsZero() || again.Epoch <= n.Epoch {
		t.Errorf("told of another end: %+v", again)
	}
	_, err := s.MoveNotice(t.Context(), briefing.NoticeStep{Notice: n})
	wantError(t, err, briefing.ErrFenced)
	dead := planned(briefing.NoticeGrantDead, evening)
	wantSame(t, "of another kind", planned(briefing.NoticeGrantDead, evening.Add(48*time.Hour)), dead)
}

// noticeMoved: a step is fenced, and what comes with it is all there or nothing is.
func noticeMoved(t *testing.T, s *store.Store) {
	addReader(t, s, 1)
	check(t, s.PlanNotices(t.Context(), notice(1, briefing.NoticeWelcome, "welcome")))
	n := must(s.DueNotices(t.Context(), nine, 1))(t)[0]
	n.State, n.ChannelID, n.SendingAt, n.NextAt = briefing.NoticeSending, "D1", nine, nine.Add(time.Minute)
	won := winners(t, atOnce(8, func(int) error {
		_, err := s.MoveNotice(t.Context(), briefing.NoticeStep{Notice: n})
		return err
	}), briefing.ErrFenced)
	if won != 1 {
		t.Fatalf("%d of eight claims won", won)
	}
	if _, err := s.MoveNotice(t.Context(), briefing.NoticeStep{Notice: n, LogText: "never"}); err == nil {
		t.Error("moved from where it was before")
	}
	n.Epoch++
	n.State, n.MessageTS, n.SettledAt, n.NextAt, n.Reason = briefing.NoticeSent, "17.5", nine.Add(time.Second), time.Time{}, "why"
	n.ExpiresAt, n.Tries = time.Time{}, 3
	moved := must(s.MoveNotice(t.Context(), briefing.NoticeStep{Notice: n, LogText: "안녕\x00하세요", Date: friday,
		Then: []briefing.Announcement{notice(1, briefing.NoticeReminder, "1")}}))(t)
	n.Epoch++
	wantSame(t, "moved", moved, n)
	wantSame(t, "as stored", must(s.Notices(t.Context(), n.Reader, n.Kind))(t)[0], n)
	wantSame(t, "conversation_log", Rows(t, s, "SELECT user_id, channel, channel_id, message_ts, role, content, metadata->>'kind', metadata->>'notice', metadata->>'date' FROM conversation_log"),
		[]string{string(readerID(1)) + "|slack|D1|17.5|assistant|안녕하세요|notice|welcome|2026-11-20"})
	if due := must(s.DueNotices(t.Context(), nine.Add(time.Hour), 9))(t); len(due) != 1 || due[0].Kind != briefing.NoticeReminder {
		t.Errorf("due afterwards: %+v", due)
	}
	check(t, s.DeleteReader(t.Context(), readerID(1)))
	_, err := s.MoveNotice(t.Context(), briefing.NoticeStep{Notice: moved, LogText: "never"})
	wantError(t, err, briefing.ErrFenced)
}

// noticeGreeting: a new reader is welcomed if that is asked for, and nobody twice.
func noticeGreeting(t *testing.T, s *store.Store) {
	r := briefing.Reader{ID: readerID(1), Name: "new", SlackUserID: "U1", Greet: true}
	if saved := must(s.SaveReader(t.Context(), r))(t); saved.Greet {
		t.Error("the wish was kept")
	}
	must(s.SaveReader(t.Context(), r))(t)
	addReader(t, s, 2)
	known := briefing.Reader{ID: readerID(2), Name: "known", SlackUserID: "U00000002", Greet: true}
	must(s.SaveReader(t.Context(), known))(t)
	taken := briefing.Reader{ID: readerID(3), Name: "taken", SlackUserID: "U1", Greet: true}
	if _, err := s.SaveReader(t.Context(), taken); err == nil {
		t.Error("two readers of one Slack id")
	}
	wantSame(t, "welcomes", Rows(t, s, "SELECT reader_id, kind, state FROM achim_notice"), []string{string(readerID(1)) + "|welcome|pending"})
}

// noticeAilments: what is to be told of grants is found by what is known of them.
func noticeAilments(t *testing.T, s *store.Store) {
	state := func(n int, change func(*briefing.CredentialState)) string {
		c := grant(n)
		c.State.EndsAt = time.Time{}
		change(&c.State)
		check(t, s.SaveGrant(t.Context(), c))
		check(t, s.SaveCredentialState(t.Context(), c))
		return briefing.Fingerprint(c.RefreshToken)
	}
	state(1, func(*briefing.CredentialState) {})
	dead := state(2, func(st *briefing.CredentialState) { st.DeadSince, st.LastError = nine, briefing.ReauthRequired })
	state(3, func(st *briefing.CredentialState) {
		st.DeadSince, st.EndsAt = nine.Add(-48*time.Hour), nine.Add(time.Hour)
	})
	ends := state(4, func(st *briefing.CredentialState) { st.EndsAt = nine.Add(30 * time.Hour) })
	state(5, func(st *briefing.CredentialState) { st.EndsAt = nine.Add(300 * time.Hour) })
	gone := state(6, func(st *briefing.CredentialState) { st.Gone = true })
	found := map[string]briefing.CredentialState{}
	for _, a := range must(s.Ailing(t.Context(), nine.Add(-24*time.Hour), nine.Add(96*time.Hour)))(t) {
		found[a.Fingerprint] = a.State
	}
	if len(found) != 3 || !found[dead].DeadSince.Equal(nine) || !found[ends].EndsAt.Equal(nine.Add(30*time.Hour)) || !found[gone].Gone {
		t.Errorf("ailing: %+v", found)
	}
	if must(s.ClientRefused(t.Context()))(t) {
		t.Error("no client is refused")
	}
	state(7, func(st *briefing.CredentialState) { st.FailingSince, st.LastError = nine, briefing.ClientMisconfigured })
	if !must(s.ClientRefused(t.Context()))(t) {
		t.Error("a client is refused")
	}
}

// readerLeft: who is gone is not planned for, waits for no DM, and is found.
func readerLeft(t *testing.T, s *store.Store) {
	r := addReader(t, s, 1)
	stays := addReader(t, s, 2)
	r.LeftAt, r.LeftReason, r.PlanAt = nine, briefing.LeftSlack, nine
	r = must(s.SaveReader(t.Context(), r))(t)
	stays.PlanAt = nine
	must(s.SaveReader(t.Context(), stays))(t)
	left := must(s.LeftReaders(t.Context()))(t)
	if len(left) != 1 {
		t.Fatalf("left: %+v", left)
	}
	wantSame(t, "who left", left[0], r)
	for _, c := range must(s.Cohorts(t.Context(), nine))(t) {
		if c.Readers > 1 || (c.Like.Left() && c.Like.Paused) {
			t.Errorf("cohort %+v", c)
		}
	}
	if ids := must(s.Unopened(t.Context(), time.Now().Add(time.Hour), 9))(t); len(ids) != 1 || ids[0] != stays.ID {
		t.Errorf("without a DM: %v", ids)
	}
	standing := must(s.Standing(t.Context(), nine))(t)
	if len(standing.Readers) != 1 || standing.Readers[0].Reader != stays.ID {
		t.Errorf("standing: %+v", standing.Readers)
	}
	// As it was read, or not at all; and who was removed does not come back to life.
	changed := r
	changed.Name = "renamed"
	must(s.SaveReader(t.Context(), changed))(t)
	back := r.Back()
	back.AsOf = r.UpdatedAt
	_, err := s.SaveReader(t.Context(), back)
	wantError(t, err, briefing.ErrFenced)
	stays.AsOf = must(s.Reader(t.Context(), string(stays.ID)))(t).UpdatedAt
	check(t, s.DeleteReader(t.Context(), stays.ID))
	_, err = s.SaveReader(t.Context(), stays)
	wantError(t, err, briefing.ErrFenced)
	if all := must(s.Readers(t.Context()))(t); len(all) != 1 || all[0].Name != "renamed" || !all[0].Left() {
		t.Errorf("there are %+v", all)
	}
	back.AsOf = must(s.Reader(t.Context(), string(r.ID)))(t).UpdatedAt
	must(s.SaveReader(t.Context(), back))(t)
	if left := must(s.LeftReaders(t.Context()))(t); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

// readerErased: everything goes but what other programs wrote; and of one who has left all but who they are.
func readerErased(t *testing.T, s *store.Store) {
	var theirs []string
	for _, n := range []int{1, 2} {
		addReader(t, s, n)
		e := planned(n)
		addRun(t, s, briefing.Run{ID: briefing.RunID("run of " + string(readerID(n))), Kind: briefing.RunManual, StartedAt: nine}, e)
		d := delivered(sending(t, s, must(s.Entry(t.Context(), e.ID))(t)))
		d.Seen = []string{"story"}
		must(s.Commit(t.Context(), d))(t)
		check(t, s.SaveGrant(t.Context(), grant(n)))
		check(t, s.PlanNotices(t.Context(), notice(n, briefing.NoticeReminder, "1")))
		theirs = append(theirs, likeOurs(t, s, readerID(n), e.ID)...)
	}
	before := must(s.Held(t.Context(), readerID(1)))(t)
	erased := must(s.Erase(t.Context(), readerID(1), store.EraseAll))(t)
	if len(erased.Tables) != len(before) {
		t.Errorf("erased %v, and there was %v", erased.Tables, before)
	}
	if held := must(s.Held(t.Context(), readerID(1)))(t); len(held) != 0 {
		t.Errorf("still held: %v", held)
	}
	_, err := s.Erase(t.Context(), readerID(1), store.EraseAll)
	wantError(t, err, briefing.ErrNotFound)

	must(s.Erase(t.Context(), readerID(2), store.EraseGathered))(t)
	r := must(s.Reader(t.Context(), string(readerID(2))))(t)
	held := must(s.Held(t.Context(), readerID(2)))(t)
	if r.ErasedAt.IsZero() || len(held) != 1 || held[0].Table != "achim_reader" {
		t.Errorf("reader %+v, held %v", r, held)
	}
	wantSame(t, "of other programs", Rows(t, s, "SELECT content FROM conversation_log"), theirs)
	if rows := Rows(t, s, "SELECT finished_at FROM achim_run"); strings.Contains(strings.Join(rows, " "), "NULL") {
		t.Errorf("a run waits for ever: %q", rows)
	}
}
