package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

func retentionExpires(t *testing.T, s *store.Store) {
	var entries []briefing.Entry
	for n, date := range []briefing.Date{friday.AddDays(-400), friday.AddDays(-40), friday} {
		e := planned(n + 1)
		e.Date, e.Run = date, briefing.RunID("run of "+date.String())
		addRun(t, s, briefing.Run{ID: e.Run, Kind: briefing.RunSchedule, Key: string(e.Run), Date: date, StartedAt: nine}, e)
		e = sending(t, s, must(s.Entry(t.Context(), e.ID))(t))
		e.Sections = []briefing.Section{{Source: briefing.Gmail, Items: []briefing.Item{{ID: "m", Title: "비밀"}}, Verdict: briefing.Verdict{State: briefing.VerdictOK, Count: 1}}}
		e.Content = &briefing.Briefing{ID: e.ID, Date: date}
		entries = append(entries, must(s.Commit(t.Context(), delivered(e)))(t))
	}
	waiting := planned(4)
	waiting.Date = friday.AddDays(-40)
	addEntries(t, s, waiting)

	addReader(t, s, 1)
	for key, ago := range map[string]int{"old": 400, "young": 40} {
		n := notice(1, briefing.NoticeReminder, key)
		n.State, n.NextAt, n.SettledAt = briefing.NoticeSent, time.Time{}, nine.AddDate(0, 0, -ago)
		check(t, s.PlanNotices(t.Context(), n))
	}

	theirs := likeOurs(t, s, readerID(2), entries[1].ID)
	gone := must(s.Expire(t.Context(), friday.AddDays(-30), friday.AddDays(-365)))(t)
	wantSame(t, "expired", gone, store.Expired{Contents: 2, Entries: 1})
	wantSame(t, "conversation_log", Rows(t, s, "SELECT content FROM conversation_log ORDER BY id"), append([]string{"", "", "아침 브리핑"}, theirs...))
	wantSame(t, "notices", Rows(t, s, "SELECT key FROM achim_notice"), []string{"young"})
	old := must(s.Entry(t.Context(), entries[1].ID))(t)
	if old.Sections != nil || old.Content != nil || old.State != briefing.Delivered || old.MessageTS == "" {
		t.Errorf("the entry of 40 days ago is %+v", old)
	}
	wantSame(t, "the entry of today", must(s.Entry(t.Context(), entries[2].ID))(t), entries[2])
	must(s.Entry(t.Context(), waiting.ID))(t) // wants work still
	if _, err := s.Entry(t.Context(), entries[0].ID); err == nil {
		t.Error("the entry of 400 days ago is still there")
	}
	if runs := must(s.Runs(t.Context(), briefing.RunFilter{}))(t); len(runs) != 2 {
		t.Errorf("%d runs are left, want two", len(runs))
	}
	if bodies := Rows(t, s, "SELECT entry_id FROM achim_entry_body"); len(bodies) != 2 {
		t.Errorf("what is long is kept of %q, want the entries of 40 days ago and of today", bodies)
	}
	// What was expired can still be worked on: nothing believes that the content stands.
	old.NextAt = nine.Add(time.Hour)
	must(s.Advance(t.Context(), briefing.Step{Entry: old, From: briefing.Delivered, Reopen: true}))(t)
	wantSame(t, "expired again", must(s.Expire(t.Context(), friday.AddDays(-30), friday.AddDays(-365)))(t), store.Expired{})
}

// retentionTexts: what stands in conversation_log of readers who were removed goes when that of others does, and so does
// what notices say; rows stay, and those of other programs are as they were.
func retentionTexts(t *testing.T, s *store.Store) {
	for n, date := range []briefing.Date{friday.AddDays(-40), friday} {
		addReader(t, s, n+1)
		e := planned(n + 1)
		e.Date = date
		addEntries(t, s, e)
		must(s.Commit(t.Context(), delivered(sending(t, s, e))))(t)
		for _, on := range []briefing.Date{date, friday.AddDays(-29)} {
			told := notice(n+1, briefing.NoticeReminder, on.String())
			check(t, s.PlanNotices(t.Context(), told))
			must(s.MoveNotice(t.Context(), briefing.NoticeStep{Notice: told, LogText: "of " + on.String(), Date: on}))(t)
		}
		check(t, s.DeleteReader(t.Context(), readerID(n+1)))
	}
	theirs := likeOurs(t, s, readerID(1), planned(1).ID)
	gone := must(s.Expire(t.Context(), friday.AddDays(-30), friday.AddDays(-365)))(t)
	wantSame(t, "expired", gone, store.Expired{Texts: 2})
	wantSame(t, "conversation_log", Rows(t, s, "SELECT content FROM conversation_log ORDER BY id"),
		append([]string{"", "", "of 2026-10-22", "아침 브리핑", "of 2026-11-20", "of 2026-10-22"}, theirs...))
	wantSame(t, "expired again", must(s.Expire(t.Context(), friday.AddDays(-30), friday.AddDays(-365)))(t), store.Expired{})
}

// likeOurs writes rows of other programs that have something of ours each: a part of what our metadata says, or all of
// it where it was said elsewhere or by somebody else. It returns the text of each.
func likeOurs(t *testing.T, s *store.Store, reader briefing.ReaderID, entry briefing.EntryID) []string {
	t.Helper()
	whole := `"entry_id":"` + string(entry) + `","run_id":"run","date":"2020-01-01","slot":"daily","status":"complete","kind":"briefing"`
	rows := []struct{ channel, role, metadata string }{
		{"web", "user", `"entry_id":"diary-7","date":"2020-01-01"`},
		{"slack", "assistant", `"entry_id":"` + string(entry) + `","date":"2020-01-01"`},
		{"slack", "assistant", `"entry_id":"` + string(entry) + `","date":"2020-01-01","kind":"briefing"`},
		{"slack", "user", whole},
		{"web", "assistant", whole},
		{"slack", "assistant", `"date":"2020-01-01","kind":"notice"`},
		{"slack", "user", `"date":"2020-01-01","kind":"notice","notice":"reminder"`},
	}
	for _, row := range rows {
		Exec(t, s, fmt.Sprintf("INSERT INTO conversation_log (user_id, channel, role, content, metadata) VALUES ('%s', '%s', '%s', 'theirs', '{%s}')",
			reader, row.channel, row.role, row.metadata))
	}
	return slices.Repeat([]string{"theirs"}, len(rows))
}

// retentionOlder: rows are ours as the first version wrote them.
func retentionOlder(t *testing.T, s *store.Store) {
	addReader(t, s, 1)
	for _, metadata := range []string{
		`{"entry_id":"e","run_id":"","date":"2026-10-01","slot":"daily","status":"degraded","sources":{},"mended_at":null,"kind":"briefing"}`,
		`{"kind":"notice","notice":"welcome","date":"2026-10-01"}`,
	} {
		Exec(t, s, "INSERT INTO conversation_log (user_id, channel, channel_id, message_ts, role, content, metadata) VALUES ('"+
			string(readerID(1))+"', 'slack', 'D0000001', '1763596800.000100', 'assistant', 'ours', '"+metadata+"')")
	}
	wantSame(t, "expired", must(s.Expire(t.Context(), friday.AddDays(-30), friday.AddDays(-365)))(t), store.Expired{Texts: 2})
	erased := must(s.Erase(t.Context(), readerID(1), store.EraseAll))(t)
	wantSame(t, "erased", erased.Tables, []briefing.ErasedTable{{Name: "conversation_log", Rows: 2}, {Name: "achim_reader", Rows: 1}})
}

// retentionForgets: what no briefing of today asks for any more goes, wherever the reader is.
func retentionForgets(t *testing.T, s *store.Store) {
	must(s.SaveReader(t.Context(), briefing.Reader{ID: readerID(1), Name: "r"}))(t)
	today := briefing.DateOf(time.Now(), time.UTC)
	for _, ago := range []int{40, 17, 14, 3, 1, 0} {
		date := today.AddDays(-ago)
		deliver(t, s, date, func(d *briefing.Delivery) {
			d.Seen = []string{"seen " + date.String()}
			d.Copies = []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: date, AsOf: nine}}}
		})
	}
	before := must(s.Memory(t.Context(), readerID(1), today.AddDays(-1)))(t)
	must(s.Expire(t.Context(), friday.AddDays(-4000), friday.AddDays(-4000)))(t)
	wantSame(t, "memory of the reader furthest behind", must(s.Memory(t.Context(), readerID(1), today.AddDays(-1)))(t), before)
	Bare(t, s)
	seen := func(ago int) string { return "seen " + today.AddDays(-ago).String() }
	wantSame(t, "seen", Rows(t, s, "SELECT key FROM achim_seen ORDER BY date"), []string{seen(14), seen(3), seen(1), seen(0)})
	wantSame(t, "copies", Rows(t, s, "SELECT date FROM achim_copy ORDER BY date"), []string{today.AddDays(-1).String(), today.String()})
}

// retentionGrants: consents that ended, and what was known of refresh tokens that are gone for long, go; what a row
// still holds stays, however long nothing was heard of it, and so does everything while a row cannot be opened.
func retentionGrants(t *testing.T, s *store.Store) {
	for n := range 3 {
		check(t, s.SaveGrant(t.Context(), grant(n+1)))
	}
	replaced := must(s.Credential(t.Context(), readerID(2)))(t)
	outsider(t, s, 2, "token_data", `'{"refresh_token":"another"}'`)
	outsider(t, s, 3, "token_data", `'{"refresh_token":"one more"}'`)
	Exec(t, s, "UPDATE achim_credential_state SET updated_at = 1 WHERE fingerprint <> '"+briefing.Fingerprint(briefing.NewSecret("refresh-3"))+"'")
	now := time.Now()
	for _, state := range []string{"just now", "long ago"} {
		check(t, s.SaveConsent(t.Context(), briefing.Consent{StateHash: state, Reader: readerID(1), Verifier: briefing.NewSecret("v"), ExpiresAt: now}))
	}
	Exec(t, s, fmt.Sprintf("UPDATE achim_consent SET expires_at = %d WHERE state_hash = 'long ago'", now.Add(-48*time.Hour).UnixMilli()))

	outsider(t, s, 9, "token_data", `'{"achim_sealed":"AQutyv4="}'`) // with a key nobody has
	wantSame(t, "while a row is sealed", must(s.Expire(t.Context(), friday, friday))(t), store.Expired{Consents: 1})
	Exec(t, s, "DELETE FROM gmail_token WHERE user_id = '"+string(readerID(9))+"'")
	wantSame(t, "expired", must(s.Expire(t.Context(), friday, friday))(t), store.Expired{States: 1})
	wantSame(t, "expired again", must(s.Expire(t.Context(), friday, friday))(t), store.Expired{})
	if states := Rows(t, s, "SELECT fingerprint FROM achim_credential_state"); len(states) != 2 || strings.Contains(strings.Join(states, " "), briefing.Fingerprint(replaced.RefreshToken)) {
		t.Errorf("known are %q", states)
	}
	if consents := Rows(t, s, "SELECT state_hash FROM achim_consent"); len(consents) != 1 || consents[0] != "just now" {
		t.Errorf("consents %q", consents)
	}
}
