package briefing_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"achim/briefing"
)

// composed composes sections for Friday 20 November 2026 in Seoul.
func composed(t *testing.T, sections ...briefing.Section) briefing.Briefing {
	t.Helper()
	for i := range sections {
		counts := map[briefing.Group]int{}
		for _, item := range sections[i].Items {
			counts[item.Group]++
		}
		if sections[i].Counts == nil {
			sections[i].Counts = counts
		}
	}
	return briefing.Compose(briefing.Composition{
		Entry:  briefing.Entry{ID: "entry", Date: date(t, "2026-11-20"), Sections: sections},
		Reader: reader(), Zone: zone(t, "Asia/Seoul"), Language: briefing.Korean, At: instant(t, "2026-11-20T00:00:00Z"),
	})
}

func section(source briefing.SourceName, state briefing.VerdictState, items ...briefing.Item) briefing.Section {
	provider := briefing.Google
	if source == briefing.News {
		provider = briefing.Feeds
	}
	s := briefing.Section{Source: source, Provider: provider, Items: items, Verdict: briefing.Verdict{State: state}}
	if !s.Verdict.Whole() {
		s.Verdict.Reason = briefing.Unavailable
	}
	return s
}

func meeting(t *testing.T, title, from, to string) briefing.Item {
	return briefing.Item{ID: title, Group: briefing.Meeting, Title: title,
		At: instant(t, "2026-11-20T"+from+":00+09:00"), End: instant(t, "2026-11-20T"+to+":00+09:00")}
}

// TestNothingFailedIsToldAsNothing is promise 1 at the heart: only what was read in full may count as zero.
func TestNothingFailedIsToldAsNothing(t *testing.T) {
	for _, state := range []briefing.VerdictState{
		briefing.VerdictFailed, briefing.VerdictPartial, briefing.VerdictNotConnected,
	} {
		b := composed(t, section(briefing.Calendar, state), section(briefing.Gmail, state), section(briefing.News, state))
		if b.Gist.Meetings != nil || b.Gist.NeedsReply != nil || b.Gist.Stories != nil {
			t.Errorf("%s: counts %+v were made up", state, b.Gist)
		}
	}
	b := composed(t, section(briefing.Calendar, briefing.VerdictEmpty), section(briefing.Gmail, briefing.VerdictEmpty))
	if b.Gist.Meetings == nil || *b.Gist.Meetings != 0 || b.Gist.NeedsReply == nil || *b.Gist.NeedsReply != 0 {
		t.Errorf("an empty day is not told: %+v", b.Gist)
	}
}

func TestStatusOfABriefing(t *testing.T) {
	for _, c := range []struct {
		name     string
		sections []briefing.Section
		want     briefing.Status
	}{
		{"all read", []briefing.Section{section(briefing.Gmail, briefing.VerdictOK), section(briefing.News, briefing.VerdictEmpty)}, briefing.Complete},
		{"never connected", []briefing.Section{section(briefing.Gmail, briefing.VerdictNotConnected)}, briefing.Complete},
		{"some feeds", []briefing.Section{section(briefing.News, briefing.VerdictPartial)}, briefing.Complete},
		{"no feed", []briefing.Section{section(briefing.News, briefing.VerdictFailed)}, briefing.Degraded},
		{"some mail", []briefing.Section{section(briefing.Gmail, briefing.VerdictPartial)}, briefing.Degraded},
		{"old calendar", []briefing.Section{section(briefing.Calendar, briefing.VerdictStale)}, briefing.Degraded},
	} {
		if got := composed(t, c.sections...).Status; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestOneCauseIsToldOnce(t *testing.T) {
	gmail := section(briefing.Gmail, briefing.VerdictFailed)
	calendar := section(briefing.Calendar, briefing.VerdictStale)
	news := section(briefing.News, briefing.VerdictFailed)
	since := instant(t, "2026-11-19T09:02:00Z")
	for _, s := range []*briefing.Section{&gmail, &calendar} {
		s.Verdict.Reason = briefing.ReauthRequired
		s.Verdict.Since = since
	}
	b := composed(t, gmail, news, calendar)
	want := []briefing.Problem{
		{Reason: briefing.ReauthRequired, Provider: briefing.Google, Since: since,
			Sources: []briefing.SourceName{briefing.Calendar, briefing.Gmail}, Missing: []briefing.SourceName{briefing.Gmail}},
		{Reason: briefing.Unavailable, Provider: briefing.Feeds,
			Sources: []briefing.SourceName{briefing.News}, Missing: []briefing.SourceName{briefing.News}},
	}
	if diff := cmp.Diff(want, b.Problems); diff != "" {
		t.Error(diff)
	}
}

func TestHeavyDayIsCutWithCounts(t *testing.T) {
	var meetings, mails, stories []briefing.Item
	for i := range 12 {
		start := time.Date(2026, 11, 20, i, 0, 0, 0, time.UTC)
		meetings = append(meetings, briefing.Item{ID: string(rune('a' + i)), Group: briefing.Meeting, At: start, End: start.Add(time.Hour)})
		mails = append(mails, briefing.Item{ID: string(rune('a' + i)), Group: briefing.NeedsReply})
		stories = append(stories, briefing.Item{ID: string(rune('a' + i)), Group: briefing.Story})
	}
	mails = append(mails, briefing.Item{ID: "n", Group: briefing.Newsletter})
	b := composed(t, section(briefing.Gmail, briefing.VerdictOK, mails...), section(briefing.News, briefing.VerdictOK, stories...),
		section(briefing.Calendar, briefing.VerdictOK, meetings...))
	var order []briefing.SourceName
	cut := map[briefing.SourceName][2]int{}
	for _, s := range b.Sections {
		order = append(order, s.Source)
		cut[s.Source] = [2]int{len(s.Items), s.Cut}
	}
	if !slices.Equal(order, []briefing.SourceName{briefing.Calendar, briefing.Gmail, briefing.News}) {
		t.Errorf("order %v", order)
	}
	want := map[briefing.SourceName][2]int{briefing.Calendar: {8, 4}, briefing.Gmail: {5, 7}, briefing.News: {3, 9}}
	if diff := cmp.Diff(want, cut); diff != "" {
		t.Errorf("shown and cut: %s", diff)
	}
	if *b.Gist.Meetings != 12 || *b.Gist.NeedsReply != 12 || *b.Gist.Stories != 3 {
		t.Errorf("counts %d %d %d", *b.Gist.Meetings, *b.Gist.NeedsReply, *b.Gist.Stories)
	}
}

// TestGistCountsThreads: a conversation is answered once, however many mails it holds.
func TestGistCountsThreads(t *testing.T) {
	mail := section(briefing.Gmail, briefing.VerdictOK,
		briefing.Item{ID: "a", Group: briefing.NeedsReply, Also: 2}, briefing.Item{ID: "b", Group: briefing.NeedsReply},
		briefing.Item{ID: "c", Group: briefing.Important, Also: 5})
	mail.Counts = map[briefing.Group]int{briefing.NeedsReply: 4, briefing.Important: 6}
	if b := composed(t, mail); *b.Gist.NeedsReply != 2 || mail.Threads(briefing.Important) != 1 {
		t.Errorf("%d to answer, want the two threads", *b.Gist.NeedsReply)
	}
	mail.Counts[briefing.NeedsReply] = 7 // a source that brings fewer items than it counts
	if n := mail.Threads(briefing.NeedsReply); n != 5 {
		t.Errorf("%d, want the two threads and what no item stands for", n)
	}
}

func TestGistOfOverlapsAndDeadlines(t *testing.T) {
	mail := briefing.Item{ID: "m", Group: briefing.NeedsReply, Due: instant(t, "2026-11-20T18:00:00+09:00")}
	tomorrow := briefing.Item{ID: "n", Group: briefing.NeedsReply, Due: instant(t, "2026-11-21T18:00:00+09:00")}
	b := composed(t,
		section(briefing.Calendar, briefing.VerdictOK,
			meeting(t, "a", "09:30", "10:00"), meeting(t, "b", "14:00", "15:00"), meeting(t, "c", "14:30", "15:00")),
		section(briefing.Gmail, briefing.VerdictOK, mail, tomorrow))
	if b.Gist.Overlaps != 2 || !b.Gist.OverlapAt.Equal(instant(t, "2026-11-20T14:30:00+09:00")) {
		t.Errorf("overlaps %d at %s", b.Gist.Overlaps, b.Gist.OverlapAt)
	}
	if b.Gist.DueSoon != 1 || !b.Gist.DueAt.Equal(mail.Due) || b.Gist.FirstTitle != "a" {
		t.Errorf("gist %+v", b.Gist)
	}
}

// TestGistCountsWhatWasCut: the numbers are of the day, not of what there is room for.
func TestGistCountsWhatWasCut(t *testing.T) {
	var mails, meetings []briefing.Item
	for i := range 20 {
		mails = append(mails, briefing.Item{ID: string(rune('a' + i)), Group: briefing.NeedsReply, Due: instant(t, "2026-11-20T18:00:00+09:00")})
		at := instant(t, "2026-11-20T08:00:00+09:00").Add(time.Duration(i) * 30 * time.Minute)
		meetings = append(meetings, briefing.Item{ID: string(rune('a' + i)), Group: briefing.Meeting, At: at, End: at.Add(30 * time.Minute)})
	}
	meetings[19].At = meetings[18].At
	meetings[19].Marks = []briefing.Mark{briefing.MarkNew}
	news := section(briefing.News, briefing.VerdictOK, briefing.Item{ID: "s", Group: briefing.Story})
	news.Counts = map[briefing.Group]int{briefing.Story: 199}
	b := composed(t, section(briefing.Gmail, briefing.VerdictOK, mails...), section(briefing.Calendar, briefing.VerdictOK, meetings...), news)
	if b.Gist.DueSoon != 20 || b.Gist.NewEvents != 1 || b.Gist.Overlaps != 2 {
		t.Errorf("gist %+v", b.Gist)
	}
	if shown, _ := b.Section(briefing.News); shown.Cut != 198 {
		t.Errorf("%d stories are told as cut", shown.Cut)
	}
}

func TestQuietDayLooksAhead(t *testing.T) {
	s := section(briefing.Calendar, briefing.VerdictEmpty)
	s.Ahead = []briefing.Day{{Date: date(t, "2026-11-21")}, {Date: date(t, "2026-11-22"), Items: []briefing.Item{{Group: briefing.AllDay}, {Group: briefing.Meeting, Title: "first"}}}}
	b := composed(t, s)
	if b.Gist.Next == nil || b.Gist.Next.Title != "first" || b.Gist.NextDay.String() != "2026-11-22" {
		t.Errorf("gist %+v", b.Gist)
	}
	s = section(briefing.Calendar, briefing.VerdictFailed)
	if b := composed(t, s); b.Gist.Next != nil {
		t.Error("a calendar that was not read promises a next meeting")
	}
}

func TestBriefingSurvivesStorage(t *testing.T) {
	b := composed(t, section(briefing.Calendar, briefing.VerdictStale, meeting(t, "a", "09:30", "10:00")), section(briefing.News, briefing.VerdictFailed))
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var again briefing.Briefing
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, again, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
