package sources_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"achim/briefing"
)

// longestTitle is how much of a title is told.
const longestTitle = 150

var (
	anElement = regexp.MustCompile(`(?i)</?(a|b|br|i|p|em|strong|span|div|img|font|u|ul|li|table|script|style)(\s[^<>]*)?/?>`)
	anEntity  = regexp.MustCompile(`&(amp|lt|gt|quot|apos|nbsp|hellip|middot|[lr][sd]quo|#\d{2,6}|#x[0-9a-fA-F]{2,5});`)
	mojibake  = regexp.MustCompile(`\x{FFFD}|Ã.|â€|ì[\x{80}-\x{BF}]|ë[\x{80}-\x{BF}]|í[\x{80}-\x{BF}]|[À-ÿ]{6,}`)
)

// storyDefects returns what is wrong with a story as it would be told, by kinds.
func storyDefects(item briefing.Item, now time.Time) map[string]string {
	defects := map[string]string{}
	for where, text := range map[string]string{"title": item.Title, "publisher": item.From} {
		switch {
		case anElement.MatchString(text):
			defects["HTML in "+where] = text
		case anEntity.MatchString(text):
			defects["an entity in "+where] = text
		case mojibake.MatchString(text) || !utf8.ValidString(text):
			defects["mojibake in "+where] = text
		case strings.ContainsFunc(text, unicode.IsControl):
			defects["a control character in "+where] = text
		case text != strings.Join(strings.Fields(text), " ") || text == "":
			defects["stray or no words in "+where] = text
		}
	}
	if n := utf8.RuneCountInString(item.Title); n > longestTitle {
		defects["a long title"] = item.Title
	}
	if u, err := url.Parse(item.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		defects["a link nobody can open"] = item.URL
	}
	if !item.At.IsZero() && (item.At.Year() < 1990 || item.At.After(now.Add(10*time.Minute))) {
		defects["a time that cannot be"] = item.At.String()
	}
	if item.Key == "" || item.ID == "" || item.Group != briefing.Story || item.Also != 0 {
		defects["an odd item"] = fmt.Sprintf("%+v", item)
	}
	return defects
}

// TestRecordedFeeds holds the reader against feeds that other programs met, where they are at hand: every one of them is read or
// refused with a reason, and nothing of it is told that a person should not see. With -v it prints what a reader would get.
func TestRecordedFeeds(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "feeds", "*"))
	if err != nil || len(files) == 0 {
		t.Skip("no recorded feeds beside the checkout: TestNewsBadFeeds and TestNewsCharsets hold the shapes")
	}
	read, stories, undated, counts := 0, 0, 0, map[string]int{}
	for _, file := range files {
		name := filepath.Base(file)
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "application/xml", body)
		req := p.request(readerID)
		req.Window.From = req.Window.From.AddDate(-30, 0, 0)
		section, err := p.source.Fetch(t.Context(), req)
		switch reason := briefing.ReasonOf(err); reason {
		case "":
			read++
			t.Logf("%s: %d of %d stories", name, len(section.Items), section.Count(briefing.Story))
		case briefing.Malformed:
			t.Logf("%s: %v", name, err)
		default:
			t.Errorf("%s: %v", name, err)
		}
		for _, item := range section.Items {
			stories++
			at := "no time"
			if item.At.IsZero() {
				undated++
			} else {
				at = item.At.In(p.zone).Format("2006-01-02 15:04")
			}
			t.Logf("    %s  %s · %s  %s", at, item.Title, item.From, item.URL)
			for kind, what := range storyDefects(item, p.clock.Now()) {
				counts[kind]++
				t.Errorf("%s: %s: %s", name, kind, what)
			}
		}
	}
	t.Logf("read %d of %d feeds, %d stories, %d without a time; defects: %v", read, len(files), stories, undated, counts)
	if read < len(files)*2/3 { // many are made for parsers: their only item lacks a link
		t.Errorf("read %d of %d", read, len(files))
	}
}
