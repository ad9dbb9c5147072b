package sources_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"achim/briefing"
)

// rawHTML is a tag or an entity, which no line of ours may hold.
var rawHTML = regexp.MustCompile(`(?i)</?(a|b|br|p|div|span|html|i|u|ul|li)\b[^>]*>|&(amp|lt|gt|quot|nbsp|#\d+);`)

// eventsIn collects whatever looks like an event of Google's, however deep the file has it.
func eventsIn(v any) []map[string]any {
	var found []map[string]any
	switch v := v.(type) {
	case []any:
		for _, member := range v {
			found = append(found, eventsIn(member)...)
		}
	case map[string]any:
		_, starts := v["start"].(map[string]any)
		if starts || v["kind"] == "calendar#event" {
			return append(found, v)
		}
		for _, member := range v {
			found = append(found, eventsIn(member)...)
		}
	}
	return found
}

// dayOf is the date the event begins on in Seoul, as well as that can be told from outside.
func dayOf(event map[string]any, zone *time.Location) briefing.Date {
	start, _ := event["start"].(map[string]any)
	stamp, _ := start["dateTime"].(string)
	if at, err := time.Parse(time.RFC3339, stamp); err == nil {
		return briefing.DateOf(at, zone)
	}
	name, _ := start["timeZone"].(string)
	if there, err := briefing.LoadZone(name); err == nil {
		if at, err := time.ParseInLocation("2006-01-02T15:04:05", stamp, there); err == nil {
			return briefing.DateOf(at, zone)
		}
	}
	text, _ := start["date"].(string)
	d, err := briefing.ParseDate(text[:min(len(text), len(time.DateOnly))])
	if err != nil {
		return briefing.DateOf(monday(), zone)
	}
	return d
}

// TestRecordedEvents holds the reader against events that other programs met, where they are at hand: each is told on
// its day, left out because it is none to go to, or refused with a reason, and none leaves markup behind.
func TestRecordedEvents(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "calendars", "gcal_json", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("no recorded events beside the checkout: TestCalendarReadsTheDay and FuzzEvents hold the shapes")
	}
	events, told, left, refused, links := 0, 0, 0, 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, event := range eventsIn(doc) {
			events++
			page, err := json.Marshal(map[string]any{"kind": "calendar#events", "items": []any{event}})
			if err != nil {
				t.Fatal(err)
			}
			section, err := readCalendar(t, string(page), dayOf(event, seoul(t)))
			wellKept(t, section)
			switch {
			case err != nil:
				refused++
				wantTame(t, err)
				t.Logf("%s: refused: %v", filepath.Base(file), err)
			case section.Count(briefing.Meeting, briefing.AllDay) == 0:
				left++
				t.Logf("%s: left out: %v %v", filepath.Base(file), event["status"], event["eventType"])
			default:
				told++
			}
			for _, item := range section.Items {
				for _, line := range []string{item.Title, item.Place} {
					if rawHTML.MatchString(line) || strings.Contains(line, "\ufffd") || utf8.RuneCountInString(item.Place) > 32 {
						t.Errorf("%s: %q", filepath.Base(file), line)
					}
				}
				if item.JoinURL != "" {
					links++
				}
				t.Logf("%s: %q", filepath.Base(file), lines([]briefing.Item{item}, seoul(t)))
			}
		}
	}
	t.Logf("%d events: %d told, %d left out, %d refused, %d with a link to join", events, told, left, refused, links)
	if told < events/2 {
		t.Errorf("told %d of %d", told, events)
	}
}
