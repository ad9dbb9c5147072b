package delivery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/language"
	"achim/internal/standin"
	"achim/internal/webui"
)

// plainWords is text as a person sees it: without what nobody sees, and with the look-alikes that stand in Slack for what would
// format there.
func plainWords(s string) string {
	s = strings.NewReplacer("\u200b", "", "∗", "*", "ˋ", "`").Replace(s)
	return strings.Join(strings.Fields(s), " ")
}

var (
	lineEnds = regexp.MustCompile(`<br>|</(?:p|div|h1|h2|span|a)>`)
	tags     = regexp.MustCompile(`<[^>]*>`)
)

// wordsOfHTML is what a browser shows of it; no tag of ours holds a ">" that is not its end.
func wordsOfHTML(s string) string {
	s = regexp.MustCompile(`</a>`).ReplaceAllString(s, "")
	return plainWords(html.UnescapeString(tags.ReplaceAllString(lineEnds.ReplaceAllString(s, "\n"), "")))
}

// failer is what these checks need of a test.
type failer interface {
	fataler
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// slackWords posts the message to the stand-in for Slack and returns what the reader's DM there shows.
func slackWords(t failer, m briefing.Message) string {
	t.Helper()
	const user = "U0READER01"
	slack := standin.NewSlack("xoxb-standin")
	slack.AddUser(user, "minji", "김민지")
	server := httptest.NewServer(slack.Handler())
	defer server.Close()
	d := delivery.NewSlack(delivery.SlackConfig{Token: briefing.NewSecret("xoxb-standin"), URL: server.URL})
	channel, err := d.Open(context.Background(), briefing.Reader{SlackUserID: user})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Post(context.Background(), briefing.Post{ChannelID: channel, Message: m}); err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	slack.PageHandler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/dm/"+user, nil))
	_, shown, _ := strings.Cut(rec.Body.String(), "</time></p>")
	shown, _, ok := strings.Cut(shown, `<details class="push">`)
	if !ok {
		t.Fatalf("no message in %s", rec.Body)
	}
	return wordsOfHTML(shown)
}

// consoleWords is what a terminal shows, on one endless line a line.
func consoleWords(t failer, m briefing.Message) string {
	t.Helper()
	var out strings.Builder
	if err := delivery.Console(&out, m, 100_000, false); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, line := range strings.Split(out.String(), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "  │"))
		if label := strings.TrimSuffix(strings.TrimPrefix(line, "[ "), " ]"); slices.Contains(buttons(m), label) {
			line = label
		}
		if !strings.HasPrefix(line, "https://achim.gaon.example/connect/") { // the button's address
			kept = append(kept, line)
		}
	}
	return plainWords(strings.Join(kept, "\n"))
}

// buttons returns what stands on the message's buttons.
func buttons(m briefing.Message) []string {
	var blocks []wireBlock
	var labels []string
	_ = json.Unmarshal(m.Blocks, &blocks)
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Type == "button" {
				var label textObject
				_ = json.Unmarshal(e.Text, &label)
				labels = append(labels, label.Text)
			}
		}
	}
	return labels
}

// pageOf writes the page as a browser gets it.
func pageOf(page language.BriefingPage) string {
	rec := httptest.NewRecorder()
	webui.New().Briefing(rec, page)
	return rec.Body.String()
}

// checkSameWords holds the three ways to see a briefing together: Slack, the terminal and the page say the same, word for word.
func checkSameWords(t failer, told toldStory) {
	t.Helper()
	if told.briefing.Private { // whose text is the gist alone; the rest is as ever
		told.message.Text = "…"
	}
	slack := slackWords(t, told.message)
	if terminal := consoleWords(t, told.message); terminal != slack {
		t.Errorf("the terminal says\n%s\nand Slack\n%s", terminal, slack)
	}
	whole := pageOf(told.page)
	_, article, _ := strings.Cut(whole, "<article>")
	article, rest, ok := strings.Cut(article, "</article>")
	if page := wordsOfHTML(article); page != slack || !ok {
		t.Errorf("the page says\n%s\nand Slack\n%s", page, slack)
	}
	for _, link := range regexp.MustCompile(`<a [^>]*>`).FindAllString(whole, -1) {
		if !regexp.MustCompile(`^<a (class="main" )?href="(https?://[^"]+|#all-[a-z]+)" rel="noopener noreferrer">$`).MatchString(link) {
			t.Errorf("a link of the page: %s", link)
		}
	}
	for _, anchor := range regexp.MustCompile(`href="#([a-z-]+)"`).FindAllStringSubmatch(article, -1) {
		if !strings.Contains(rest, fmt.Sprintf(`id=%q`, anchor[1])) {
			t.Errorf("nothing stands at #%s", anchor[1])
		}
	}
}

// TestOldPagesLeadNowhere: an old page says what it said, and is worth no new link to connect by.
func TestOldPagesLeadNowhere(t *testing.T) {
	story, err := txtar.ParseFile("testdata/degraded.ko.txtar")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := tell(t, story)
	for age, linked := range map[time.Duration]bool{0: true, 7 * 24 * time.Hour: true, 8 * 24 * time.Hour: false} {
		page := pageOf(delivery.NewRenderer(house()).Page(b, nil, b.At.Add(age)))
		if strings.Contains(page, "/connect/") != linked || !strings.Contains(page, "Gmail·캘린더 다시 연결") {
			t.Errorf("after %s: %s", age, page)
		}
	}
}

// TestNothingByLooksAlone: whoever sees neither emoji nor bold, or hears the buttons, is told the same.
func TestNothingByLooksAlone(t *testing.T) {
	forEachStory(t, func(t *testing.T, told toldStory) {
		b, m := told.briefing, told.message
		text := strings.ReplaceAll(m.Text, "⚠️", "")
		degraded := map[briefing.Language]string{briefing.Korean: "일부 누락", briefing.English: "ncomplete"}[b.Language]
		if (b.Status == briefing.Degraded) != strings.Contains(strings.Split(text, "\n")[0], degraded) {
			t.Errorf("status %s, and the push says %s", b.Status, text)
		}
		var blocks []wireBlock
		if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
			t.Fatal(err)
		}
		for _, block := range blocks {
			for _, e := range block.Elements {
				if e.Type == "button" && (e.AccessibilityLabel == "" || e.URL == "") {
					t.Errorf("a button without words or address: %+v", e)
				}
			}
		}
		if b.Private {
			return
		}
		// What a screen reader is given has every line of the blocks, the order kept.
		heard := plainWords(html.UnescapeString(text))
		for _, line := range strings.Split(m.Plain, "\n") {
			line = strings.Trim(plainWords(strings.ReplaceAll(line, "⚠️", "")), "[]")
			_, rest, ok := strings.Cut(heard, line)
			if !ok {
				t.Errorf("the text lacks %q, or has it elsewhere", line)
				continue
			}
			heard = rest
		}
	})
}
