package delivery_test

import (
	"encoding/json"
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
		if !strings.Contains(m.Plain, "gaon.example") { // drawn addresses may stand in places
			checkLabel(t, b, m)
		}
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

// checkLabel holds the degraded label to the status; titles may hold the word themselves.
func checkLabel(t *rapid.T, b briefing.Briefing, m briefing.Message) {
	lines := strings.Split(m.Plain, "\n")
	if last := lines[len(lines)-1]; strings.Contains(last, "degraded") != (b.Status == briefing.Degraded) {
		t.Errorf("status is %s, but the footer says %q", b.Status, last)
	}
}

// TestTextIsCutWithCount: what is too long for text is left out in the middle and counted; the gist and the
// footer stay.
func TestTextIsCutWithCount(t *testing.T) {
	long := strings.Repeat("가", 80)
	s := briefing.Section{
		Source: briefing.Calendar, Provider: briefing.Google, Verdict: briefing.Verdict{State: briefing.VerdictOK},
		Counts: map[briefing.Group]int{briefing.Meeting: 8}, Parts: 2, PartsOK: 2,
	}
	for i := range 8 {
		at := time.Date(2026, 11, 25, i, 0, 0, 0, time.UTC)
		s.Items = append(s.Items, briefing.Item{Group: briefing.Meeting, Title: long, Place: long, At: at, End: at.Add(time.Hour)})
	}
	mail := briefing.Section{
		Source: briefing.Gmail, Provider: briefing.Google, Verdict: briefing.Verdict{State: briefing.VerdictOK},
		Counts: map[briefing.Group]int{briefing.NeedsReply: 5},
	}
	for range 5 {
		mail.Items = append(mail.Items, briefing.Item{Group: briefing.NeedsReply, Title: long, From: long, Text: long})
	}
	b := briefing.Compose(briefing.Composition{
		Entry: briefing.Entry{ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: []briefing.Section{s, mail}},
		Zone:  time.UTC, Language: briefing.Korean, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
	})
	m := delivery.NewRenderer(house()).Render(b)
	checkLimits(t, m)
	lines := strings.Split(m.Text, "\n")
	if !strings.HasPrefix(lines[0], "일정 8건") || !strings.HasSuffix(lines[len(lines)-1], "#0001") {
		t.Errorf("first %q, last %q", lines[0], lines[len(lines)-1])
	}
	if note := lines[len(lines)-2]; !strings.HasPrefix(note, "… ") || !strings.Contains(note, "줄을 줄였습니다") {
		t.Errorf("the cut is not told: %q", note)
	}
}
