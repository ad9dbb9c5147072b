package delivery_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"achim/briefing"
	"achim/delivery"
)

// told renders a story of testdata.
func told(t *testing.T, name string) (briefing.Briefing, briefing.Message) {
	t.Helper()
	story, err := txtar.ParseFile("testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return tell(t, story)
}

// TestGistNamesNobody: the first line is counts and times, whatever the titles are.
func TestGistNamesNobody(t *testing.T) {
	for _, story := range []string{"heavy.ko", "degraded.ko", "quiet.en", "mended.en", "hostile.ko", "holiday.ko"} {
		b, m := told(t, story)
		gist, _, _ := strings.Cut(m.Text, "\n")
		for _, s := range b.Sections {
			for _, item := range s.Items {
				if strings.Contains(gist, item.Title) || (item.From != "" && strings.Contains(gist, item.From)) {
					t.Errorf("%s: the gist %q tells %q", story, gist, item.Title)
				}
			}
		}
	}
}

// TestControlIsOne: one cause, one control, with a stable action and the reader's own link.
func TestControlIsOne(t *testing.T) {
	_, m := told(t, "degraded.ko")
	var blocks []wireBlock
	if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
		t.Fatal(err)
	}
	pressed := 0
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Type != "button" {
				continue
			}
			pressed++
			if e.ActionID != delivery.ConnectAction || e.URL != "https://achim.gaon.example/connect/not-a-token" {
				t.Errorf("button %s leads to %s", e.ActionID, e.URL)
			}
		}
	}
	if pressed != 1 {
		t.Errorf("%d buttons, want 1", pressed)
	}
}

// TestBlockIDsChangeWithAMend, or Slack may go on showing a block as it was.
func TestBlockIDsChangeWithAMend(t *testing.T) {
	ids := regexp.MustCompile(`"block_id":"([^"]+)"`)
	_, before := told(t, "degraded.ko")
	_, after := told(t, "mended.ko")
	old := ids.FindAllString(string(before.Blocks), -1)
	for _, id := range ids.FindAllString(string(after.Blocks), -1) {
		for _, was := range old {
			if id == was {
				t.Errorf("%s stayed", id)
			}
		}
	}
}

// TestMarkupStaysApart: other people's marks neither open nor close emphasis, ours do, also before Hangul.
func TestMarkupStaysApart(t *testing.T) {
	render := func(title string) string {
		at := time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC)
		s := briefing.Section{
			Source: briefing.Calendar, Provider: briefing.Google, Verdict: briefing.Verdict{State: briefing.VerdictOK},
			Items:  []briefing.Item{{Group: briefing.Meeting, Title: title, At: at, End: at.Add(time.Hour)}},
			Counts: map[briefing.Group]int{briefing.Meeting: 1},
		}
		b := briefing.Compose(briefing.Composition{
			Entry: briefing.Entry{ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: []briefing.Section{s}},
			Zone:  time.UTC, Language: briefing.Korean, At: at,
		})
		return string(delivery.NewRenderer(house()).Render(b).Blocks)
	}
	for title, want := range map[string]string{
		"snake_case_name":         "snake_case_name",
		"3*4*5":                   "3*4*5",
		"*x*":                     "\u200b*\u200bx\u200b*\u200b",
		"a & b < c":               "a &amp; b &lt; c",
		"&amp;":                   "&amp;amp;",
		"one\ntwo\tthree":         "one two three",
		"`rm`":                    "ˋrmˋ",
		"\u202egpj.exe\u200b":     "gpj.exe",
		`\u003cb\u003e "q"`:       `\\u003cb\\u003e \"q\"`,
		strings.Repeat("하", 200):  strings.Repeat("하", 79) + "…",
		"e\u0301te\u0301":         "été",
		"":                        "(제목 없음)",
		"\u1112\u1161\u11ab글":     "한글",
		"👩‍👩‍👧 가족 모임":             "👩‍👩‍👧 가족 모임",
		"<!channel|everyone> now": "&lt;!channel|everyone&gt; now",
	} {
		if got := render(title); !strings.Contains(got, want) {
			t.Errorf("title %q: want %q in\n%s", title, want, got)
		}
	}
	if got := render("회의"); !strings.Contains(got, "*01:00 회의*") {
		t.Errorf("bold is missing in\n%s", got)
	}
}

// TestNoneOfTheMailLookedAt: where there is more than was looked at, nobody knows that nothing is to be answered.
func TestNoneOfTheMailLookedAt(t *testing.T) {
	mail := briefing.Section{Source: briefing.Gmail, Provider: briefing.Google, Verdict: briefing.Verdict{State: briefing.VerdictOK},
		Counts: map[briefing.Group]int{briefing.Notice: 100, briefing.Unsorted: 300}}
	for code, want := range map[briefing.Language][2]string{
		briefing.Korean:  {"새 메일 400통", "살펴본 100통에는 답장할 메일이 없습니다."},
		briefing.English: {"400 new emails", "None of the 100 emails looked at needs an answer."},
	} {
		b := briefing.Compose(briefing.Composition{
			Entry: briefing.Entry{ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 25}, Sections: []briefing.Section{mail}},
			Zone:  time.UTC, Language: code, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
		})
		b.Mended, b.Filled = b.At, []briefing.SourceName{briefing.Gmail}
		m := delivery.NewRenderer(house()).Render(b)
		checkHonest(t, b, m)
		if push, _, _ := strings.Cut(m.Text, "\n"); !strings.HasPrefix(push, want[0]) || !strings.Contains(m.Plain, want[1]) {
			t.Errorf("push %q\n%s", push, m.Plain)
		}
		if told := delivery.NewRenderer(house()).Filled(b).Text; strings.Contains(told, "답장할") || strings.Contains(told, "to answer") {
			t.Error(told)
		}
	}
}

// TestWhatIsOver: a deadline that has passed is told as such, and a shift that ends today with its hour.
func TestWhatIsOver(t *testing.T) {
	now, ok := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), briefing.Verdict{State: briefing.VerdictOK}
	seoul := time.FixedZone("KST", 9*60*60)
	today := briefing.DateOf(now, seoul)
	read := []briefing.Section{
		{Source: briefing.Calendar, Provider: briefing.Google, Verdict: ok, Counts: map[briefing.Group]int{briefing.AllDay: 1}, Items: []briefing.Item{
			{Group: briefing.AllDay, Title: "당직", FirstDay: today.AddDays(-1), LastDay: today, End: now.Add(9 * time.Hour)}}},
		{Source: briefing.Gmail, Provider: briefing.Google, Verdict: ok, Counts: map[briefing.Group]int{briefing.NeedsReply: 1}, Items: []briefing.Item{
			{Group: briefing.NeedsReply, Title: "서류", From: "이수진", Due: now.Add(-time.Hour)}}},
	}
	for code, want := range map[briefing.Language][]string{
		briefing.Korean:  {"종일: 당직 18:00까지", "이수진 서류 · 기한 08:00 지남", "답장할 메일이 1통 있습니다."},
		briefing.English: {"All day: 당직 until 18:00", "이수진 서류 · was due at 08:00", "One email needs an answer."},
	} {
		b := briefing.Compose(briefing.Composition{Entry: briefing.Entry{ID: "entry0001", Date: today, Sections: read}, Zone: seoul, Language: code, At: now})
		b.Zone = "Asia/Seoul"
		for _, words := range want {
			if plain := delivery.NewRenderer(house()).Render(b).Plain; !strings.Contains(plain, words) {
				t.Errorf("%q is missing in\n%s", words, plain)
			}
		}
	}
}

func TestConsoleWidth(t *testing.T) {
	_, m := told(t, "degraded.ko")
	for _, columns := range []int{24, 40, 72} {
		var out strings.Builder
		if err := delivery.Console(&out, m, columns, false); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			n := 0
			for _, r := range strings.TrimSuffix(line, "\n") {
				n++
				if r >= 0x1100 && r <= 0x115f || r >= '가' && r <= '힣' {
					n++
				}
			}
			if strings.Contains(line, "https://") {
				if !strings.HasSuffix(line, "/connect/not-a-token\n") {
					t.Errorf("a link is broken in two: %q", line)
				}
				continue // and may be as long as it is
			}
			if n > columns+1 { // the warning sign is counted as one and a half by eye
				t.Errorf("%d columns in a terminal of %d: %q", n, columns, line)
			}
		}
	}
}

func TestConsoleColor(t *testing.T) {
	_, m := told(t, "heavy.en")
	var out strings.Builder
	if err := delivery.Console(&out, m, 80, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\x1b]8;;https://meet.google.com/e1-xxxx-yyy\x1b\\\x1b[36mvideo\x1b[0m\x1b]8;;\x1b\\", "\x1b[1m6 meetings\x1b[0m",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%q", want, out.String())
		}
	}
}

// ExampleConsole shows a briefing the way preview does.
func ExampleConsole() {
	b := briefing.Briefing{
		ID: "entryb7k2", Date: briefing.Date{Year: 2026, Month: 11, Day: 20}, Zone: "Asia/Seoul",
		Language: briefing.English, Status: briefing.Complete,
		ReadAt: time.Date(2026, 11, 19, 23, 59, 0, 0, time.UTC),
		Sections: []briefing.Shown{{Section: briefing.Section{
			Source: briefing.News, Provider: briefing.Feeds, Verdict: briefing.Verdict{State: briefing.VerdictOK},
			Items: []briefing.Item{{Group: briefing.Story, Title: "First snow around Seoul", From: "Gaon News"}},
			Parts: 1, PartsOK: 1,
		}}},
	}
	_ = delivery.Console(os.Stdout, delivery.NewRenderer(delivery.RenderConfig{}).Render(b), 80, false)
	// Output:
	//   │ ☀️ Friday 20 November, your morning briefing
	//   │
	//   │ 1 story
	//   │ First snow around Seoul · Gaon News
	//   │
	//   │ Read in full at 08:59: 1 feed · #b7k2
}
