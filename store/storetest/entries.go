package storetest

import (
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// wholeEntry has every member set.
func wholeEntry() briefing.Entry {
	at := func(minutes int) time.Time { return nine.Add(time.Duration(minutes) * time.Minute) }
	items := []briefing.Item{{ID: "m1", Group: briefing.NeedsReply, Title: "계약서 <!channel> \x00 \u2028", At: at(-60)}}
	verdict := briefing.Verdict{State: briefing.VerdictPartial, Reason: briefing.RateLimited, Since: at(-1), Count: 1}
	section := briefing.Section{Source: briefing.Gmail, Provider: briefing.Google, Verdict: verdict, Items: items,
		Counts: map[briefing.Group]int{briefing.NeedsReply: 1}, Window: briefing.Window{From: at(-1440), To: nine}}
	return briefing.Entry{
		ID: "entry", Reader: readerID(1), Date: friday, Slot: briefing.DailySlot, Run: "run", State: briefing.Delivered,
		Status: briefing.Degraded, Reason: briefing.RateLimited, DueAt: at(0), NextAt: at(1), FirstAt: at(30),
		Windows:  map[briefing.SourceName]briefing.Window{briefing.Gmail: {From: at(-1440), To: nine}},
		Sections: []briefing.Section{section},
		Content:  &briefing.Briefing{ID: "entry", Date: friday, Zone: "Asia/Seoul", At: nine, Sections: []briefing.Shown{{Section: section, Cut: 2}}},
		Epoch:    3, Owner: "worker", ClaimedUntil: at(2), Attempt: 4, Tries: 5, PlainText: true, ChannelID: "D1", MessageTS: "1.2",
		SendingAt: at(3), PostDeadline: at(4), PreparedAt: at(5), DeliveredAt: at(6), MendedAt: at(7), Notified: true,
		CreatedAt: at(8), UpdatedAt: at(9),
	}
}

func entryRoundTrip(t *testing.T, s *store.Store) {
	want := wholeEntry()
	got := addEntries(t, s, want)[0]
	want.UpdatedAt = got.UpdatedAt
	wantSame(t, "planned", got, want)

	// A step that promises the same content writes none, whatever it holds.
	light := got
	light.Windows, light.Sections, light.Content, light.Tries = nil, nil, nil, 9
	must(s.Advance(t.Context(), briefing.Step{Entry: light, From: briefing.Delivered, SameContent: true}))(t)
	stands := must(s.Entry(t.Context(), want.ID))(t)
	light.Windows, light.Sections, light.Content, light.UpdatedAt = want.Windows, want.Sections, want.Content, stands.UpdatedAt
	wantSame(t, "content kept", stands, light)

	want.Windows, want.Sections, want.Content = nil, nil, nil
	want.NextAt, want.FirstAt, want.MendedAt, want.Notified, want.PlainText = time.Time{}, time.Time{}, time.Time{}, false, false
	want.DueAt = want.DueAt.Add(1500 * time.Microsecond).In(time.FixedZone("KST", 9*3600))
	want.Tries, want.MessageTS, want.Run = 6, "3.4", "other"
	advanced := must(s.Advance(t.Context(), briefing.Step{Entry: want, From: briefing.Delivered}))(t)
	wantSame(t, "advanced and read", must(s.Entry(t.Context(), want.ID))(t), advanced)
	want.DueAt, want.UpdatedAt = nine.Add(time.Millisecond), advanced.UpdatedAt
	wantSame(t, "advanced", advanced, want)

	_, err := s.Entry(t.Context(), "none")
	wantError(t, err, briefing.ErrNotFound)
	another := planned(7)
	must(s.Advance(t.Context(), briefing.Step{Entry: another}))(t)
	_, err = s.Advance(t.Context(), briefing.Step{Entry: another})
	wantError(t, err, briefing.ErrFenced)
}

// entryBody: what is long comes with the entry whichever way it is read, is written only where the fence lets
// the step, and goes with the entry.
func entryBody(t *testing.T, s *store.Store) {
	bodies := func(want int) {
		t.Helper()
		if rows := Rows(t, s, "SELECT entry_id FROM achim_entry_body"); len(rows) != want {
			t.Errorf("what is long is kept of %q, want %d entries", rows, want)
		}
	}
	e := addEntries(t, s, planned(1), planned(2))[0]
	bodies(0)
	claim := func(e briefing.Entry) briefing.Entry {
		t.Helper()
		got := must(s.Claim(t.Context(), e.ID, e.Epoch, "a", nine, nine))(t)
		wantSame(t, "claimed and read", got, must(s.Entry(t.Context(), e.ID))(t))
		return got
	}
	e = claim(e)
	whole := wholeEntry()
	e.Windows = whole.Windows
	late := e
	e = claim(must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Planned}))(t))
	bodies(1)

	late.Sections, late.Content = whole.Sections, whole.Content
	for _, outcome := range []briefing.Outcome{briefing.OutcomePending, briefing.OutcomeFailed} {
		_, err := s.Advance(t.Context(), briefing.Step{Entry: late, From: briefing.Planned, Outcome: outcome})
		wantError(t, err, briefing.ErrFenced)
	}
	wantSame(t, "fenced", must(s.Entry(t.Context(), e.ID))(t), e)

	e.Windows, e.Sections, e.Content = nil, late.Sections, late.Content
	e = claim(must(s.Advance(t.Context(), briefing.Step{Entry: e, From: briefing.Planned, Outcome: briefing.OutcomeFailed}))(t))
	wantSame(t, "listed", must(s.Entries(t.Context(), briefing.EntryFilter{Reader: e.Reader}))(t), []briefing.Entry{e})
	bodies(1)

	must(s.SaveReader(t.Context(), briefing.Reader{ID: e.Reader, Name: "r"}))(t)
	check(t, s.DeleteReader(t.Context(), e.Reader))
	bodies(0)
}

func entryFence(t *testing.T, s *store.Store) {
	e := addEntries(t, s, planned(1))[0]
	mine := must(s.Claim(t.Context(), e.ID, e.Epoch, "a", nine, nine.Add(time.Minute)))(t)
	if mine.Epoch != e.Epoch+1 || mine.Owner != "a" || !mine.ClaimedUntil.Equal(nine.Add(time.Minute)) {
		t.Fatalf("claimed: epoch %d, owner %q until %v", mine.Epoch, mine.Owner, mine.ClaimedUntil)
	}
	miss := func(name string, change func(st *briefing.Step)) {
		t.Helper()
		st := briefing.Step{Entry: mine, From: briefing.Planned}
		st.Entry.State = briefing.Prepared
		change(&st)
		_, err := s.Advance(t.Context(), st)
		if err == nil {
			t.Errorf("%s: the step was made", name)
		}
		wantError(t, err, briefing.ErrFenced)
	}
	miss("old epoch", func(st *briefing.Step) { st.Entry.Epoch-- })
	miss("old epoch, reopening", func(st *briefing.Step) { st.Entry.Epoch--; st.Reopen = true })
	miss("other state", func(st *briefing.Step) { st.From = briefing.Sending })
	miss("other owner", func(st *briefing.Step) { st.Entry.Owner = "b" })
	miss("no owner", func(st *briefing.Step) { st.Entry.Owner = "" })
	miss("no such entry", func(st *briefing.Step) { st.Entry.ID = "none" })

	mine = advance(t, s, mine, briefing.Prepared)
	if mine.Owner != "a" || mine.Epoch != 1 {
		t.Errorf("a plain step changed owner to %q, epoch to %d", mine.Owner, mine.Epoch)
	}
	// Somebody takes it away who is not its owner: what the owner still writes misses.
	taken := must(s.Entry(t.Context(), e.ID))(t)
	taken.State, taken.Owner = briefing.Planned, "whoever"
	taken = must(s.Advance(t.Context(), briefing.Step{Entry: taken, From: briefing.Prepared, Reopen: true}))(t)
	if taken.Epoch != 2 || taken.Owner != "" || !taken.ClaimedUntil.IsZero() {
		t.Errorf("reopened: epoch %d, owner %q until %v", taken.Epoch, taken.Owner, taken.ClaimedUntil)
	}
	mine.State = briefing.Sending
	_, err := s.Advance(t.Context(), briefing.Step{Entry: mine, From: briefing.Prepared})
	wantError(t, err, briefing.ErrFenced)

	again := must(s.Claim(t.Context(), e.ID, taken.Epoch, "a", nine, nine.Add(time.Minute)))(t)
	released := must(s.Advance(t.Context(), briefing.Step{Entry: again, From: briefing.Planned, Release: true}))(t)
	if released.Epoch != again.Epoch || released.Owner != "" || !released.ClaimedUntil.IsZero() {
		t.Errorf("released: epoch %d, owner %q until %v", released.Epoch, released.Owner, released.ClaimedUntil)
	}
	wantSame(t, "released and read", must(s.Entry(t.Context(), e.ID))(t), released)
}

func entryClaim(t *testing.T, s *store.Store) {
	e := addEntries(t, s, planned(1))[0]
	until := nine.Add(time.Minute)
	mine := must(s.Claim(t.Context(), e.ID, e.Epoch, "a", nine, until))(t)
	for _, claim := range []struct {
		epoch int64
		owner string
		now   time.Time
	}{{e.Epoch, "b", nine}, {mine.Epoch, "b", nine}, {mine.Epoch, "a", nine}, {mine.Epoch, "b", until.Add(-time.Millisecond)}, {e.Epoch, "b", until}} {
		_, err := s.Claim(t.Context(), e.ID, claim.epoch, claim.owner, claim.now, until.Add(time.Hour))
		wantError(t, err, briefing.ErrFenced)
	}
	_, err := s.Claim(t.Context(), "none", 0, "a", nine, until)
	wantError(t, err, briefing.ErrFenced)
	theirs := must(s.Claim(t.Context(), e.ID, mine.Epoch, "b", until, until.Add(time.Minute)))(t)
	if theirs.Epoch != mine.Epoch+1 || theirs.Owner != "b" {
		t.Errorf("taken over: epoch %d, owner %q", theirs.Epoch, theirs.Owner)
	}
}

func entryClaimRace(t *testing.T, s *store.Store) {
	for n := range 5 {
		e := addEntries(t, s, planned(n))[0]
		errs := atOnce(8, func(i int) error {
			_, err := s.Claim(t.Context(), e.ID, e.Epoch, string(rune('a'+i)), nine, nine.Add(time.Minute))
			return err
		})
		if won := winners(t, errs, briefing.ErrFenced); won != 1 {
			t.Errorf("%d claims won", won)
		}
	}
}

func entryDue(t *testing.T, s *store.Store) {
	entry := func(n int, next, first time.Time) briefing.Entry {
		e := planned(n)
		e.NextAt, e.FirstAt = next, first
		return addEntries(t, s, e)[0]
	}
	claim := func(e briefing.Entry, until time.Time) {
		must(s.Claim(t.Context(), e.ID, e.Epoch, "w", nine.Add(-time.Hour), until))(t)
	}
	noMeeting := entry(1, nine, time.Time{})
	late := entry(2, nine, nine.Add(2*time.Hour))
	early := entry(3, nine, nine.Add(time.Hour))
	overdue := entry(4, nine.Add(-time.Minute), time.Time{})
	ranOut := entry(5, nine, nine.Add(3*time.Hour))
	claim(ranOut, nine)
	busy := entry(6, nine.Add(-time.Hour), time.Time{})
	claim(busy, nine.Add(2*time.Minute))
	entry(7, nine.Add(3*time.Minute), time.Time{})
	entry(8, time.Time{}, time.Time{})

	due, next, err := s.DueEntries(t.Context(), nine, 100)
	check(t, err)
	var got []briefing.EntryID
	for _, d := range due {
		got = append(got, d.ID)
	}
	wantSame(t, "order", got, []briefing.EntryID{overdue.ID, early.ID, late.ID, ranOut.ID, noMeeting.ID})
	if due[3].Epoch != ranOut.Epoch+1 || !due[3].NextAt.Equal(nine) {
		t.Errorf("due is %+v", due[3])
	}
	if want := nine.Add(2 * time.Minute); !next.Equal(want) {
		t.Errorf("next is %v, want when the busy one runs out, %v", next, want)
	}
	due, next, err = s.DueEntries(t.Context(), nine.Add(2*time.Minute), 2)
	check(t, err)
	if len(due) != 2 || due[0].ID != busy.ID || !next.Equal(nine.Add(3*time.Minute)) {
		t.Errorf("two minutes later: %+v, next %v", due, next)
	}
	_, next, err = s.DueEntries(t.Context(), nine.Add(time.Hour), 2)
	check(t, err)
	if !next.IsZero() {
		t.Errorf("nothing is to come, but next is %v", next)
	}
}

func entryReleaseClaims(t *testing.T, s *store.Store) {
	entries := addEntries(t, s, planned(1), planned(2), planned(3))
	mine := must(s.Claim(t.Context(), entries[0].ID, 0, "me", nine, nine.Add(time.Hour)))(t)
	theirs := must(s.Claim(t.Context(), entries[1].ID, 0, "gone", nine, nine.Add(time.Hour)))(t)
	if n := must(s.ReleaseClaims(t.Context(), "me"))(t); n != 1 {
		t.Errorf("released %d", n)
	}
	advance(t, s, mine, briefing.Prepared)
	free := must(s.Entry(t.Context(), theirs.ID))(t)
	if free.Owner != "" || !free.ClaimedUntil.IsZero() || free.Epoch != theirs.Epoch+1 {
		t.Errorf("released: %+v", free)
	}
	theirs.State = briefing.Prepared
	_, err := s.Advance(t.Context(), briefing.Step{Entry: theirs, From: briefing.Planned})
	wantError(t, err, briefing.ErrFenced)
}

func entryFilter(t *testing.T, s *store.Store) {
	older, newer, forced := planned(1), planned(1), planned(1)
	newer.Date = friday.AddDays(1)
	forced.Slot = briefing.ForceSlot("run")
	forced.CreatedAt = time.Now().Add(time.Hour)
	addEntries(t, s, older, newer, forced, planned(2))
	for _, c := range []struct {
		filter briefing.EntryFilter
		want   []briefing.EntryID
	}{
		{briefing.EntryFilter{Reader: readerID(1)}, []briefing.EntryID{newer.ID, forced.ID, older.ID}},
		{briefing.EntryFilter{Reader: readerID(1), Limit: 1}, []briefing.EntryID{newer.ID}},
		{briefing.EntryFilter{Reader: readerID(1), Date: friday}, []briefing.EntryID{forced.ID, older.ID}},
		{briefing.EntryFilter{Reader: readerID(1), Date: friday, Slot: briefing.DailySlot}, []briefing.EntryID{older.ID}},
		{briefing.EntryFilter{Date: friday.AddDays(9)}, nil},
	} {
		var got []briefing.EntryID
		for _, e := range must(s.Entries(t.Context(), c.filter))(t) {
			got = append(got, e.ID)
		}
		wantSame(t, "entries", got, c.want)
	}
	if all := must(s.Entries(t.Context(), briefing.EntryFilter{}))(t); len(all) != 4 {
		t.Errorf("%d entries in all", len(all))
	}
}
