package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

func readerRoundTrip(t *testing.T, s *store.Store) {
	at := briefing.TimeOfDay{Hour: 7, Minute: 30}
	whole := briefing.Reader{
		ID: readerID(1), Name: "하늘", SlackUserID: "U012AB3CD", SlackChannelID: "D012AB3CD", Email: "haneul@gaon.example",
		Timezone: "America/New_York", At: &at, Weekdays: 1<<time.Monday | 1<<time.Saturday, Language: briefing.English,
		Feeds:  []briefing.Feed{{URL: "https://news.example/rss", Title: "News", MaxItems: 3}},
		Paused: true, PausedUntil: friday, Notification: briefing.NotifyPrivate, SkipHolidays: true,
		Preferences: briefing.Preferences{
			Sections: []briefing.SourceName{briefing.News, briefing.Calendar}, VIPs: []string{"junho@gaon.example", "@hanbit.example"},
			MuteSenders: []string{"spam@\u202ehanbit.example"}, MuteFeeds: []string{"https://news.example/rss?a=b&c=<d>"},
			MuteWords: []string{"'; DROP TABLE achim_reader; --", "속보", "nul\x00byte"}, More: []string{"반도체", "🏳️‍🌈"}, Less: []string{`"quoted"`},
		},
		LeftAt: nine.Add(-time.Hour), LeftReason: briefing.LeftGoogle, ErasedAt: nine, PlanAt: nine.Add(time.Millisecond),
	}
	for _, r := range []briefing.Reader{whole, {ID: readerID(2), Name: "bare"}, {ID: readerID(3), Name: "bare too"}} {
		saved := must(s.SaveReader(t.Context(), r))(t)
		if saved.CreatedAt.IsZero() || !saved.CreatedAt.Equal(saved.UpdatedAt) {
			t.Errorf("a new reader has created %v, updated %v", saved.CreatedAt, saved.UpdatedAt)
		}
		r.CreatedAt, r.UpdatedAt = saved.CreatedAt, saved.UpdatedAt
		wantSame(t, "saved", saved, r)
		wantSame(t, "read", must(s.Reader(t.Context(), string(r.ID)))(t), r)
	}

	replaced := must(s.SaveReader(t.Context(), briefing.Reader{ID: whole.ID, Name: "haneul", SlackUserID: "U012AB3CD"}))(t)
	if replaced.At != nil || replaced.Feeds != nil || replaced.Paused || !replaced.PausedUntil.IsZero() || !replaced.PlanAt.IsZero() || !replaced.Preferences.IsZero() {
		t.Errorf("replacing kept something: %+v", replaced)
	}
	check(t, s.SaveChannel(t.Context(), whole.ID, "D999"))
	if got := must(s.Reader(t.Context(), string(whole.ID)))(t); got.SlackChannelID != "D999" {
		t.Errorf("channel is %q", got.SlackChannelID)
	}
	wantError(t, s.SaveChannel(t.Context(), readerID(9), "D999"), briefing.ErrNotFound)
	if all := must(s.Readers(t.Context()))(t); len(all) != 3 || all[0].Name != "bare" {
		t.Errorf("readers by name: %+v", all)
	}
}

func readerFoundBy(t *testing.T, s *store.Store) {
	one, two := addReader(t, s, 1), addReader(t, s, 2)
	two.Name = one.Name
	two = must(s.SaveReader(t.Context(), two))(t)
	three := addReader(t, s, 3)
	for ref, want := range map[string]briefing.ReaderID{
		string(one.ID): one.ID, strings.ToUpper(string(one.ID)): one.ID, " " + one.SlackUserID + " ": one.ID,
		two.SlackUserID: two.ID, three.Name: three.ID,
	} {
		if got := must(s.Reader(t.Context(), ref))(t); got.ID != want {
			t.Errorf("%q is reader %s, want %s", ref, got.ID, want)
		}
	}
	for _, ref := range []string{"nobody", "", string(readerID(9)), "U99999999", "\x00"} {
		_, err := s.Reader(t.Context(), ref)
		wantError(t, err, briefing.ErrNotFound)
	}
	_, err := s.Reader(t.Context(), one.Name)
	field, ok := errors.AsType[*briefing.FieldError](err)
	if !ok || field.Field != "user" || field.Code != "invalid_field" || !strings.Contains(field.Problem, two.SlackUserID) {
		t.Errorf("an ambiguous name gives %v", err)
	}
}

func readerSlackIDTaken(t *testing.T, s *store.Store) {
	one, two := addReader(t, s, 1), addReader(t, s, 2)
	two.SlackUserID = one.SlackUserID
	_, err := s.SaveReader(t.Context(), two)
	field, ok := errors.AsType[*briefing.FieldError](err)
	if !ok || field.Field != "slack_user_id" || field.Code != "slack_id_taken" {
		t.Fatalf("error is %v", err)
	}
	if got := must(s.Reader(t.Context(), string(two.ID)))(t); got.SlackUserID == one.SlackUserID {
		t.Error("the Slack id was written all the same")
	}
	must(s.SaveReader(t.Context(), one))(t)
}

func readerDeleted(t *testing.T, s *store.Store) {
	one, two := addReader(t, s, 1), addReader(t, s, 2)
	e := sending(t, s, addEntries(t, s, planned(1))[0])
	d := delivered(e)
	d.Sources = map[briefing.SourceName]briefing.SourceState{briefing.Gmail: {Watermark: nine}}
	d.Seen = []string{"story"}
	d.Copies = []briefing.DayCopy{{Source: briefing.Calendar, Copy: briefing.Copy{Date: friday, AsOf: nine}}}
	must(s.Commit(t.Context(), d))(t)
	check(t, s.SaveGrant(t.Context(), grant(1)))
	other := planned(2)
	run := briefing.Run{ID: "run", Kind: briefing.RunManual, StartedAt: nine, Readers: []briefing.RunReader{
		{Reader: one.ID, Entry: e.ID}, {Reader: two.ID, Entry: other.ID, Outcome: briefing.OutcomeSkipped},
	}}
	check(t, s.Trigger(t.Context(), run, []briefing.Step{{Entry: other}}))

	check(t, s.DeleteReader(t.Context(), one.ID))
	wantError(t, s.DeleteReader(t.Context(), one.ID), briefing.ErrNotFound)
	_, err := s.Entry(t.Context(), e.ID)
	wantError(t, err, briefing.ErrNotFound)
	memory := must(s.Memory(t.Context(), one.ID, friday.AddDays(1)))(t)
	if len(memory.Sources)+len(memory.Copies)+len(memory.Seen) > 0 {
		t.Errorf("still remembered: %+v", memory)
	}
	left := must(s.Run(t.Context(), "run"))(t)
	if len(left.Readers) != 1 || !left.Finished() {
		t.Errorf("the run that waited for the reader: %+v", left)
	}
	must(s.Credential(t.Context(), one.ID))(t)
	if rows := Rows(t, s, "SELECT content FROM conversation_log"); len(rows) != 1 {
		t.Errorf("conversation_log holds %q", rows)
	}
}

func readerHostileText(t *testing.T, s *store.Store) {
	for _, name := range []string{"'; DROP TABLE achim_reader; --", "nul\x00byte", "broken \xff", "100%_?", "$1 :name @p"} {
		r := briefing.Reader{ID: readerID(1), Name: name, SlackUserID: "U1"}
		saved := must(s.SaveReader(t.Context(), r))(t)
		if got := must(s.Reader(t.Context(), saved.Name))(t); got.ID != r.ID {
			t.Errorf("%q is not found by its name", name)
		}
	}
}
