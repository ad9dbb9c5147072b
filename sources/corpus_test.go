package sources_test

import (
	"os"
	"path/filepath"
	"testing"

	"achim/briefing"
)

// TestRecordedFeeds holds the reader against feeds that other programs met, where they are at hand: every
// one of them is read or refused with a reason, and none stops the others.
func TestRecordedFeeds(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "feeds", "*"))
	if err != nil || len(files) == 0 {
		t.Skip("no recorded feeds beside the checkout: TestNewsBadFeeds and TestNewsCharsets hold the shapes")
	}
	read := 0
	for _, file := range files {
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
		case briefing.Malformed:
			t.Logf("%s: %v", filepath.Base(file), err)
		default:
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
		for _, item := range section.Items {
			if item.Title == "" || item.URL == "" || item.Key == "" {
				t.Errorf("%s: item %+v", filepath.Base(file), item)
			}
		}
	}
	if read < len(files)*3/4 {
		t.Errorf("read %d of %d", read, len(files))
	}
}
