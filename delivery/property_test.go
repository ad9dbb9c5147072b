package delivery_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"achim/briefing"
	"achim/delivery"
)

// hostile draws what other people put into subjects: anything, with a liking for what Slack reads as markup.
func hostile() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringMatching("[*_~`<>&|!@# \\n가-힣a-z]{0,200}"),
		rapid.SampledFrom([]string{
			"<!channel>", "<!here|x>", "<@U0VICTIM01>", "<!subteam^S1>", "<https://evil.example|bank>", "*굵게*", "> 인용", "```",
			"\u202egpj.exe", strings.Repeat("가", 5000), strings.Repeat("&", 5000), strings.Repeat("e\u0301", 300), "\xff\xfe", "",
			"👩‍👩‍👧‍👦", strings.Repeat("\u0300", 300), "\u3164", "a\u2028b",
		}),
	)
}

func addresses() *rapid.Generator[string] {
	return rapid.OneOf(
		hostile(),
		rapid.Map(hostile(), func(s string) string { return "https://mail.gaon.example/" + s }),
		rapid.SampledFrom([]string{
			"javascript:alert(1)", "https://a@evil.example/", "http://x|y>z/", "https://gaon.example/?a=1&b=<2>|3",
			"https://gaon.example/" + strings.Repeat("x", 900), "//gaon.example", "https://",
		}),
	)
}

func items(groups ...briefing.Group) *rapid.Generator[[]briefing.Item] {
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) briefing.Item {
		at := day.Add(time.Duration(rapid.IntRange(-50, 40).Draw(t, "hours")) * time.Hour)
		return briefing.Item{
			ID: "i", Group: rapid.SampledFrom(groups).Draw(t, "group"), Title: hostile().Draw(t, "title"),
			URL: addresses().Draw(t, "url"), From: hostile().Draw(t, "from"), Text: hostile().Draw(t, "text"),
			At: at, End: at.Add(time.Hour), Place: addresses().Draw(t, "place"), JoinURL: addresses().Draw(t, "join"),
			Due:   rapid.SampledFrom([]time.Time{{}, at}).Draw(t, "due"),
			Phone: rapid.Bool().Draw(t, "phone"), Also: rapid.IntRange(0, 3).Draw(t, "also"),
			Marks: rapid.SliceOfN(rapid.SampledFrom([]briefing.Mark{
				briefing.MarkNew, briefing.MarkOverlaps, briefing.MarkTentative,
			}), 0, 3).Draw(t, "marks"),
			FirstDay: briefing.Date{Year: 2026, Month: 11, Day: 25}, LastDay: briefing.Date{Year: 2026, Month: 11, Day: 27},
		}
	}), 0, 40)
}

// sections draws one reading of each source, in every verdict and far beyond what a briefing has room for.
func sections(t *rapid.T) []briefing.Section {
	reasons := []briefing.Reason{
		briefing.ReauthRequired, briefing.ScopeMissing, briefing.ClientMisconfigured, briefing.APIDisabled,
		briefing.PolicyBlocked, briefing.RateLimited, briefing.Timeout, briefing.Unavailable, briefing.Malformed, briefing.Internal,
	}
	groups := map[briefing.SourceName][]briefing.Group{
		briefing.Calendar: {briefing.Meeting, briefing.Meeting, briefing.AllDay, briefing.Holiday},
		briefing.Gmail:    {briefing.NeedsReply, briefing.Important, briefing.Notice, briefing.Newsletter},
		briefing.News:     {briefing.Story},
	}
	at := time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC)
	var out []briefing.Section
	for _, source := range []briefing.SourceName{briefing.Gmail, briefing.Calendar, briefing.News} {
		s := briefing.Section{Source: source, Provider: briefing.Google, ReadAt: at, Parts: 3, PartsOK: 3, Account: hostile().Draw(t, "account")}
		s.Window = briefing.Window{From: at.Add(-24 * time.Hour), To: at}
		if source == briefing.News {
			s.Provider = briefing.Feeds
		}
		s.Verdict.State = rapid.SampledFrom([]briefing.VerdictState{
			briefing.VerdictOK, briefing.VerdictEmpty, briefing.VerdictPartial, briefing.VerdictStale,
			briefing.VerdictFailed, briefing.VerdictNotConnected,
		}).Draw(t, "state")
		if !s.Verdict.Whole() {
			s.Verdict.Reason = rapid.SampledFrom(reasons).Draw(t, "reason")
			s.Verdict.Since, s.Verdict.LastOK, s.Verdict.AsOf = at.Add(-9*time.Hour), at.Add(-30*time.Hour), at.Add(-30*time.Hour)
		}
		if st := s.Verdict.State; st == briefing.VerdictOK || st == briefing.VerdictPartial || st == briefing.VerdictStale {
			s.Items = items(groups[source]...).Draw(t, "items")
			s.AtLeast = rapid.Bool().Draw(t, "at least")
		}
		s.Counts = map[briefing.Group]int{}
		for _, item := range s.Items {
			s.Counts[item.Group]++
		}
		out = append(out, s)
	}
	return out
}

// TestAnythingFits: whatever the sources hold, in whatever state, the message keeps within Slack's limits,
// pings and formats nothing, and claims nothing of what was not read.
func TestAnythingFits(t *testing.T) {
	cut := rapid.Bool()
	rapid.Check(t, func(t *rapid.T) {
		seoul, err := time.LoadLocation("Asia/Seoul")
		if err != nil {
			t.Fatal(err)
		}
		entry := briefing.Entry{
			ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: sections(t),
			MendedAt: rapid.SampledFrom([]time.Time{{}, time.Date(2026, 11, 25, 0, 14, 0, 0, time.UTC)}).Draw(t, "mended"),
		}
		b := briefing.Compose(briefing.Composition{
			Entry: entry, Zone: seoul, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
			Language: rapid.SampledFrom([]briefing.Language{briefing.Korean, briefing.English}).Draw(t, "language"),
		})
		if cut.Draw(t, "uncut") { // as it would be without the caps
			for i, s := range b.Sections {
				full, _ := entry.Section(s.Source)
				b.Sections[i] = briefing.Shown{Section: full}
			}
		}
		cfg := house()
		cfg.Buttons = rapid.Bool().Draw(t, "buttons")
		r := delivery.NewRenderer(cfg)
		m := r.Render(b)
		checkLimits(t, m)
		checkHonest(t, b, m)
		checkLengths(t, b, m)
		checkSameWords(t, toldStory{b, entry.Sections, m, r.Page(b, entry.Sections, b.At)})
		if again := r.Render(b); string(again.Blocks) != string(m.Blocks) || again.Text != m.Text {
			t.Errorf("rendering is not pure")
		}
		var screen strings.Builder
		if err := delivery.Console(&screen, m, rapid.IntRange(1, 120).Draw(t, "columns"), rapid.Bool().Draw(t, "color")); err != nil {
			t.Error(err)
		}
		if !utf8.ValidString(m.Plain) || !json.Valid(m.Blocks) {
			t.Error("not valid")
		}
	})
}

// fullest draws a day on which as much as there can be is told at once: a holiday, events that came and went, more of
// everything than there is room for, and counts of thousands.
func fullest(t *rapid.T) []briefing.Section {
	at := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	today := briefing.Date{Year: 2026, Month: 11, Day: 25}
	ok := briefing.Verdict{State: briefing.VerdictOK}
	verdict := func(states ...briefing.VerdictState) briefing.Verdict {
		v := briefing.Verdict{State: rapid.SampledFrom(append(states, briefing.VerdictOK)).Draw(t, "verdict")}
		if !v.Whole() {
			v.Reason, v.Since, v.AsOf, v.LastOK = briefing.Timeout, at.Add(-9*time.Hour), at.Add(-30*time.Hour), at.Add(-30*time.Hour)
		}
		return v
	}
	words := rapid.OneOf(rapid.SampledFrom([]string{strings.Repeat("가", 200), strings.Repeat("w ", 100), "회의"}), hostile())
	dates, many, few := rapid.IntRange(0, 60), rapid.IntRange(0, 9999), rapid.IntRange(0, 30)
	marks := rapid.SliceOfN(rapid.SampledFrom([]briefing.Mark{briefing.MarkNew, briefing.MarkOverlaps, briefing.MarkTentative}), 0, 3)
	word := func() string { return words.Draw(t, "words") }
	link := rapid.SampledFrom([]string{"", "https://gaon.example/1"})
	calendar := briefing.Section{Source: briefing.Calendar, Provider: briefing.Google, ReadAt: at, Parts: 3, PartsOK: 2,
		Verdict: verdict(briefing.VerdictPartial, briefing.VerdictStale)}
	start := at.Add(-9 * time.Hour)
	for range few.Draw(t, "meetings") {
		start = start.Add(time.Duration(rapid.IntRange(0, 89).Draw(t, "minutes")) * time.Minute)
		calendar.Items = append(calendar.Items, briefing.Item{Group: briefing.Meeting, Title: word(), Place: word(), At: start, End: start.Add(5 * time.Hour),
			JoinURL: link.Draw(t, "join"), Marks: marks.Draw(t, "marks")})
	}
	for range rapid.IntRange(0, 9).Draw(t, "whole days") {
		calendar.Items = append(calendar.Items, briefing.Item{Title: word(), FirstDay: today, LastDay: today.AddDays(dates.Draw(t, "until")),
			Group: rapid.SampledFrom([]briefing.Group{briefing.AllDay, briefing.Holiday}).Draw(t, "group")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "gone") {
		calendar.Gone = append(calendar.Gone, briefing.Item{Group: briefing.Meeting, Title: word(), At: at})
	}
	next := at.Add(24 * time.Hour)
	calendar.Ahead = []briefing.Day{{Date: today.AddDays(1), Items: []briefing.Item{{Group: briefing.Meeting, Title: word(), At: next, End: next.Add(time.Hour)}}}}
	mail := briefing.Section{Source: briefing.Gmail, Provider: briefing.Google, Verdict: verdict(briefing.VerdictPartial), ReadAt: at, AtLeast: rapid.Bool().Draw(t, "at least"),
		Window: briefing.Window{From: at.Add(-time.Duration(rapid.IntRange(0, 200).Draw(t, "since")) * time.Hour), To: at}}
	for range few.Draw(t, "replies") {
		due := rapid.SampledFrom([]time.Time{{}, at.Add(time.Duration(rapid.IntRange(-5, 400).Draw(t, "due")) * time.Hour)}).Draw(t, "dated")
		mail.Items = append(mail.Items, briefing.Item{Group: briefing.NeedsReply, Title: word(), From: word(), Text: word(), Also: many.Draw(t, "also") / 10, Due: due})
	}
	news := briefing.Section{Source: briefing.News, Provider: briefing.Feeds, Verdict: ok, ReadAt: at, Parts: 12, PartsOK: 12}
	for range rapid.IntRange(0, 9).Draw(t, "stories") {
		news.Items = append(news.Items, briefing.Item{Group: briefing.Story, Title: word(), From: word(), Also: many.Draw(t, "others") / 30,
			At: at.Add(-time.Duration(rapid.IntRange(0, 500).Draw(t, "age")) * time.Hour)})
	}
	out := []briefing.Section{calendar, mail, news}
	for i := range out {
		out[i].Counts = map[briefing.Group]int{}
		for _, item := range out[i].Items {
			out[i].Counts[item.Group]++
			if item.Group == briefing.NeedsReply {
				out[i].Counts[item.Group] += item.Also
			}
		}
	}
	for _, g := range []briefing.Group{briefing.Important, briefing.Notice, briefing.Newsletter, briefing.Unsorted} {
		if n := many.Draw(t, string(g)); n > 500 {
			out[1].Counts[g] = n
		}
	}
	return out
}

// TestNoDayIsTooLong: however much comes together on a day, it is read in twenty seconds.
func TestNoDayIsTooLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
		entry := briefing.Entry{ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: fullest(t),
			MendedAt: rapid.SampledFrom([]time.Time{{}, at.Add(14 * time.Minute)}).Draw(t, "mended")}
		b := briefing.Compose(briefing.Composition{
			Entry: entry, Zone: time.FixedZone("KST", 9*60*60), At: at.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "late")) * time.Hour),
			Language: rapid.SampledFrom([]briefing.Language{briefing.Korean, briefing.English}).Draw(t, "language"),
		})
		b.Zone = "Asia/Seoul"
		if !b.Mended.IsZero() {
			b.Filled = []briefing.SourceName{briefing.Gmail, briefing.Calendar, briefing.News}
			b.Lacked = b.Filled
		}
		m := delivery.NewRenderer(house()).Render(b)
		checkLimits(t, m)
		checkHonest(t, b, m)
		checkLengths(t, b, m)
	})
}

// counted draws a day of which every item can be told apart by its address, and more of everything than there is room for.
func counted(t *rapid.T) []briefing.Section {
	at := time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC)
	var out []briefing.Section
	for source, groups := range map[briefing.SourceName][]briefing.Group{
		briefing.Calendar: {briefing.Meeting}, briefing.Gmail: {briefing.NeedsReply}, briefing.News: {briefing.Story},
	} {
		s := briefing.Section{Source: source, Provider: briefing.Google, ReadAt: at, Parts: 3, PartsOK: 3, Counts: map[briefing.Group]int{},
			Window: briefing.Window{From: at.Add(-24 * time.Hour), To: at}, Verdict: briefing.Verdict{State: briefing.VerdictOK}}
		for i := range rapid.IntRange(1, 30).Draw(t, string(source)) {
			start := at.Add(time.Duration(i) * 20 * time.Minute)
			s.Items = append(s.Items, briefing.Item{
				ID: fmt.Sprint(i), Group: groups[0], URL: fmt.Sprintf("https://gaon.example/%s/%d/", source, i), At: start, End: start.Add(time.Hour),
				Title: hostile().Draw(t, "title"), From: hostile().Draw(t, "from"), Text: hostile().Draw(t, "text"), Place: hostile().Draw(t, "place"),
			})
			s.Counts[groups[0]]++
		}
		if source == briefing.Gmail {
			for _, g := range []briefing.Group{briefing.Important, briefing.Notice, briefing.Newsletter} {
				s.Counts[g] = rapid.IntRange(0, 50).Draw(t, string(g))
			}
		}
		out = append(out, s)
	}
	return out
}

var numbers = regexp.MustCompile(`\d+`)

// number is the nth number in what a person reads of the line.
func number(line string, nth int) int {
	found := numbers.FindAllString(linkForm.ReplaceAllString(line, "$1"), -1)
	if nth >= len(found) {
		return -1
	}
	n, _ := strconv.Atoi(found[nth])
	return n
}

// TestCountsAddUp: whatever is cut, the numbers of a message add up to what was read, and every line shown links to its item.
func TestCountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entry := briefing.Entry{ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: counted(t)}
		b := briefing.Compose(briefing.Composition{Entry: entry, Zone: time.UTC, Language: briefing.Korean, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
		m := delivery.NewRenderer(house()).Render(b)
		var blocks []wireBlock
		if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
			t.Fatal(err)
		}
		count := func(source briefing.SourceName, g briefing.Group) int {
			s, _ := entry.Section(source)
			return s.Count(g)
		}
		push, _, _ := strings.Cut(m.Text, "\n")
		stories := 0
		for _, block := range blocks {
			lines := block.lines()
			source := map[string]briefing.SourceName{"calendar": briefing.Calendar, "mail": briefing.Gmail, "news": briefing.News}[block.BlockID]
			switch block.BlockID {
			case "calendar", "mail":
				group := map[string]briefing.Group{"calendar": briefing.Meeting, "mail": briefing.NeedsReply}[block.BlockID]
				shown, all := linked(t, source, lines[1:]), count(source, group)
				hidden := 0
				if shown < len(lines)-1 {
					hidden = number(lines[len(lines)-1], 0)
				}
				if number(lines[0], 0) != all || shown+hidden != all || !strings.Contains(push, fmt.Sprintf(" %d", all)) {
					t.Errorf("%d of %s, and the message says\n%s\n%s", all, source, push, strings.Join(lines, "\n"))
				}
			case "mail-rest":
				rest := number(lines[0], 0)
				sum := 0
				for i := range strings.Count(lines[0], " · ") {
					sum += number(lines[0], i+1)
				}
				gmail, _ := entry.Section(briefing.Gmail)
				if rest != sum || rest != gmail.Total()-gmail.Count(briefing.NeedsReply) {
					t.Errorf("the rest does not add up: %s", lines[0])
				}
			case "news":
				stories = linked(t, source, lines[1:])
				hidden := max(0, number(lines[0], 1))
				if number(lines[0], 0) != stories || stories+hidden != count(source, briefing.Story) || stories != len(lines)-1 {
					t.Errorf("%d stories, and the message says\n%s", count(source, briefing.Story), strings.Join(lines, "\n"))
				}
			}
		}
		if !strings.HasSuffix(push, fmt.Sprintf("뉴스 %d건", stories)) {
			t.Errorf("%d stories are shown, and the push says %s", stories, push)
		}
	})
}

// linked counts the lines that link to their item, which they must one by one, from the first.
func linked(t *rapid.T, source briefing.SourceName, lines []string) int {
	for i, line := range lines {
		if !strings.Contains(line, fmt.Sprintf("<https://gaon.example/%s/%d/|", source, i)) {
			if !strings.HasPrefix(line, "외 ") || i != len(lines)-1 {
				t.Errorf("line %d does not link to its item: %s", i, line)
			}
			return i
		}
	}
	return len(lines)
}

// TestTextIsCutWithCount: what is too long for text is left out in the middle and counted; the gist and the
// footer stay.
func TestTextIsCutWithCount(t *testing.T) {
	long := strings.Repeat("*", 80) // each of which takes seven bytes to stand for itself
	s := briefing.Section{
		Source: briefing.Calendar, Provider: briefing.Google, Verdict: briefing.Verdict{State: briefing.VerdictOK},
		Counts: map[briefing.Group]int{briefing.Meeting: 2}, Parts: 2, PartsOK: 2,
	}
	for i := range 2 {
		at := time.Date(2026, 11, 25, i, 0, 0, 0, time.UTC)
		s.Items = append(s.Items, briefing.Item{Group: briefing.Meeting, Title: long, Place: long, At: at, End: at.Add(time.Hour)})
	}
	mail := briefing.Section{
		Source: briefing.Gmail, Provider: briefing.Google, Verdict: briefing.Verdict{State: briefing.VerdictOK},
		Counts: map[briefing.Group]int{briefing.NeedsReply: 1},
	}
	for range 1 {
		mail.Items = append(mail.Items, briefing.Item{Group: briefing.NeedsReply, Title: long, From: long, Text: long})
	}
	news := briefing.Section{
		Source: briefing.News, Provider: briefing.Feeds, Verdict: briefing.Verdict{State: briefing.VerdictOK}, Counts: map[briefing.Group]int{briefing.Story: 2},
	}
	for range 2 {
		news.Items = append(news.Items, briefing.Item{Group: briefing.Story, Title: long, From: long})
	}
	b := briefing.Compose(briefing.Composition{
		Entry: briefing.Entry{ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: []briefing.Section{s, mail, news}},
		Zone:  time.UTC, Language: briefing.English, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
	})
	m := delivery.NewRenderer(house()).Render(b)
	checkLimits(t, m)
	lines := strings.Split(m.Text, "\n")
	if !strings.HasPrefix(lines[0], "2 meetings") || !strings.HasSuffix(lines[len(lines)-1], "#0001") {
		t.Errorf("first %q, last %q", lines[0], lines[len(lines)-1])
	}
	if note := lines[len(lines)-2]; !strings.HasPrefix(note, "… ") || !strings.HasSuffix(note, "left out here") {
		t.Errorf("the cut is not told: %q", note)
	}
}

// FuzzWords: whatever stands in a title, a name and a place, Slack, a terminal and the page show the same of it.
func FuzzWords(f *testing.F) {
	f.Add("<!channel> *굵게* _x_ `y` &amp; <https://evil.example|bank>", "> 인용", "~지움~ \u202egpj.exe")
	f.Add("*", "_*_", "**굵게**")
	f.Add("</p><script>alert(1)</script>", "&lt;b&gt;", "[ 다시 연결 ]")
	f.Fuzz(func(t *testing.T, title, from, place string) {
		at := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
		ok := briefing.Verdict{State: briefing.VerdictOK}
		read := []briefing.Section{
			{Source: briefing.Calendar, Provider: briefing.Google, Verdict: ok, Counts: map[briefing.Group]int{briefing.Meeting: 2}, Parts: 1, PartsOK: 1, Items: []briefing.Item{
				{Group: briefing.Meeting, Title: title, Place: place, At: at, End: at.Add(time.Hour), URL: "https://gaon.example/" + from},
				{Group: briefing.Meeting, Title: from, At: at.Add(time.Hour), JoinURL: "https://gaon.example/" + title, Marks: []briefing.Mark{briefing.MarkNew}}}},
			{Source: briefing.Gmail, Provider: briefing.Google, Verdict: ok, Counts: map[briefing.Group]int{briefing.NeedsReply: 1},
				Items: []briefing.Item{{Group: briefing.NeedsReply, Title: title, From: from, Text: place}}},
		}
		b := briefing.Compose(briefing.Composition{
			Entry: briefing.Entry{ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: read}, Zone: time.UTC, Language: briefing.Korean, At: at,
		})
		r := delivery.NewRenderer(house())
		m := r.Render(b)
		checkLimits(t, m)
		checkLengths(t, b, m)
		checkSameWords(t, toldStory{b, read, m, r.Page(b, read, at)})
	})
}
