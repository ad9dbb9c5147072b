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

func overlapping(i briefing.Item) briefing.Item {
	i.Marks = append(i.Marks, briefing.MarkOverlaps)
	return i
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
			meeting(t, "a", "09:30", "10:00"), overlapping(meeting(t, "b", "14:00", "15:00")), meeting(t, "free", "14:10", "15:00"),
			overlapping(meeting(t, "c", "14:30", "15:00"))),
		section(briefing.Gmail, briefing.VerdictOK, mail, tomorrow))
	if b.Gist.Overlaps != 2 || !b.Gist.OverlapAt.Equal(instant(t, "2026-11-20T14:30:00+09:00")) {
		t.Errorf("overlaps %d at %s", b.Gist.Overlaps, b.Gist.OverlapAt)
	}
	if b.Gist.DueSoon != 1 || !b.Gist.DueAt.Equal(mail.Due) || b.Gist.FirstTitle != "a" {
		t.Errorf("gist %+v", b.Gist)
	}
}

// TestGistCountsDeadlinesToCome: one that has passed by the briefing's hour is not the first; a date without an hour lasts.
func TestGistCountsDeadlinesToCome(t *testing.T) {
	due := func(hm string) briefing.Item {
		return briefing.Item{ID: hm, Group: briefing.NeedsReply, Due: instant(t, "2026-11-20T"+hm+":00+09:00")}
	}
	b := composed(t, section(briefing.Gmail, briefing.VerdictOK, due("08:00"), due("18:00"), due("23:59")))
	if b.Gist.DueSoon != 2 || !b.Gist.DueAt.Equal(due("18:00").Due) {
		t.Errorf("gist %+v", b.Gist)
	}
	b = composed(t, section(briefing.Gmail, briefing.VerdictOK, due("08:00"), due("00:00")))
	if b.Gist.DueSoon != 1 || !b.Gist.DueAt.Equal(due("00:00").Due) {
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
	meetings[18], meetings[19] = overlapping(meetings[18]), overlapping(meetings[19])
	meetings[19].Marks = append(meetings[19].Marks, briefing.MarkNew)
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

// day is a date with what is on it: titles of meetings, and holidays in brackets.
func day(t *testing.T, text string, on ...string) briefing.Day {
	d := briefing.Day{Date: date(t, text)}
	for _, title := range on {
		group := briefing.Meeting
		if title[0] == '(' {
			group = briefing.Holiday
		}
		at := d.Date.Start(zone(t, "Asia/Seoul")).Add(10 * time.Hour)
		if title == "overnight" {
			at = at.Add(-12 * time.Hour)
		}
		d.Items = append(d.Items, briefing.Item{Group: group, Title: title, At: at, End: at.Add(3 * time.Hour)})
	}
	return d
}

// TestThinDayLooksAhead: with nothing left today, the next date with a meeting is told, up to the next working day.
func TestThinDayLooksAhead(t *testing.T) {
	early := []briefing.Item{meeting(t, "early", "07:00", "08:00")}
	for name, c := range map[string]struct {
		today     []briefing.Item
		state     briefing.VerdictState
		ahead     []briefing.Day
		want, day string
		works     bool
	}{
		"tomorrow":           {ahead: []briefing.Day{day(t, "2026-11-21", "a", "b")}, want: "a", day: "2026-11-21"},
		"not one still on":   {ahead: []briefing.Day{day(t, "2026-11-21", "overnight", "a")}, want: "a", day: "2026-11-21"},
		"a weekend between":  {ahead: []briefing.Day{day(t, "2026-11-21"), day(t, "2026-11-22"), day(t, "2026-11-23", "a")}, want: "a", day: "2026-11-23", works: true},
		"on the weekend":     {ahead: []briefing.Day{day(t, "2026-11-21"), day(t, "2026-11-22", "a"), day(t, "2026-11-23", "b")}, want: "a", day: "2026-11-22"},
		"a holiday between":  {ahead: []briefing.Day{day(t, "2026-11-24", "(가온절)"), day(t, "2026-11-25", "a")}, want: "a", day: "2026-11-25", works: true},
		"beyond a day off":   {ahead: []briefing.Day{day(t, "2026-11-24", "(가온절)"), day(t, "2026-11-25", "(가온절)")}},
		"beyond a free day":  {ahead: []briefing.Day{day(t, "2026-11-24"), day(t, "2026-11-25", "a")}},
		"all over today":     {today: early, ahead: []briefing.Day{day(t, "2026-11-21", "a")}, want: "a", day: "2026-11-21"},
		"something left":     {today: append(early, meeting(t, "late", "17:00", "18:00")), ahead: []briefing.Day{day(t, "2026-11-21", "a")}},
		"not read":           {state: briefing.VerdictFailed, ahead: []briefing.Day{day(t, "2026-11-21", "a")}},
		"read in part":       {state: briefing.VerdictPartial, ahead: []briefing.Day{day(t, "2026-11-21", "a")}},
		"in part, and early": {state: briefing.VerdictPartial, today: early, ahead: []briefing.Day{day(t, "2026-11-21", "a")}},
	} {
		s := section(briefing.Calendar, c.state, c.today...)
		if c.state == "" {
			s.Verdict = briefing.Verdict{State: briefing.VerdictOK}
		}
		s.Ahead = c.ahead
		g := composed(t, s).Gist
		got := ""
		if g.Next != nil {
			got = g.Next.Title
		}
		if got != c.want || g.NextDay.String() != c.day || g.NextWorks != c.works {
			t.Errorf("%s: %q on %s, works %v", name, got, g.NextDay, g.NextWorks)
		}
	}
}

// TestGistOfALateDay: the first meeting is one that begins today and, once some are over, one still to begin.
func TestGistOfALateDay(t *testing.T) {
	overnight := meeting(t, "overnight", "09:30", "09:30")
	overnight.At, overnight.End = instant(t, "2026-11-19T23:00:00+09:00"), instant(t, "2026-11-20T09:30:00+09:00")
	reminder := meeting(t, "reminder", "08:50", "08:50")
	reminder.End = time.Time{}
	for name, c := range map[string]struct {
		on    []briefing.Item
		first string
		over  int
	}{
		"in order":            {[]briefing.Item{meeting(t, "a", "09:30", "10:00"), meeting(t, "b", "11:00", "12:00")}, "a", 0},
		"from yesterday":      {[]briefing.Item{overnight, meeting(t, "a", "11:00", "12:00")}, "a", 0},
		"only yesterday's":    {[]briefing.Item{overnight}, "", 0},
		"already on":          {[]briefing.Item{meeting(t, "a", "08:30", "10:00")}, "a", 0},
		"one over":            {[]briefing.Item{meeting(t, "a", "08:00", "09:00"), meeting(t, "b", "08:30", "10:00"), meeting(t, "c", "11:00", "12:00")}, "c", 1},
		"over, one under way": {[]briefing.Item{meeting(t, "a", "08:00", "08:30"), meeting(t, "b", "08:30", "10:00")}, "", 1},
		"all over":            {[]briefing.Item{meeting(t, "a", "07:00", "08:00"), reminder}, "", 2},
	} {
		g := composed(t, section(briefing.Calendar, briefing.VerdictOK, c.on...)).Gist
		if g.FirstTitle != c.first || g.FirstMeeting.IsZero() != (c.first == "") || g.Over != c.over || *g.Meetings != len(c.on) {
			t.Errorf("%s: %+v", name, g)
		}
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

// TestOverlapThatIsOverIsNotTold: what overlaps is told of what is still to come.
func TestOverlapThatIsOverIsNotTold(t *testing.T) {
	early := []briefing.Item{overlapping(meeting(t, "a", "07:00", "08:00")), overlapping(meeting(t, "b", "07:30", "08:30"))}
	late := []briefing.Item{overlapping(meeting(t, "c", "14:00", "15:00")), overlapping(meeting(t, "d", "14:30", "15:00"))}
	g := composed(t, section(briefing.Calendar, briefing.VerdictOK, append(early, late...)...)).Gist
	if g.Overlaps != 2 || !g.OverlapAt.Equal(late[1].At) {
		t.Errorf("%d at %s", g.Overlaps, g.OverlapAt)
	}
	if g = composed(t, section(briefing.Calendar, briefing.VerdictOK, early...)).Gist; g.Overlaps != 0 || !g.OverlapAt.IsZero() {
		t.Errorf("%d at %s, though both are over", g.Overlaps, g.OverlapAt)
	}
}
