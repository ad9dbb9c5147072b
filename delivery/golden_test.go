package delivery_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/language"
)

var update = flag.Bool("update", false, "write what is rendered into the stories")

// storyConfig is what a story changes about the house.
type storyConfig struct {
	Buttons    *bool `json:"buttons"`
	NoLink     bool  `json:"no_link"`
	NoOperator bool  `json:"no_operator"`
	Page       bool  `json:"page"`
}

// forEachStory runs a test over every story of testdata.
func forEachStory(t *testing.T, test func(t *testing.T, told toldStory)) {
	t.Helper()
	for _, file := range storyFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			story, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, tellAll(t, story))
		})
	}
}

func storyFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	return files
}

// TestStories renders every story of testdata and compares text, blocks (as a person reads them, and as
// Slack does), the thread reply where there is one, the terminal, and the lists in full.
func TestStories(t *testing.T) {
	for _, file := range storyFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			story, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tellAll(t, story)
			checkLimits(t, told.message)
			checkHonest(t, told.briefing, told.message)
			checkSameWords(t, told)
			want := map[string]string{}
			kept := story.Files[:0:0]
			for _, f := range story.Files {
				want[f.Name] = string(f.Data)
				if !strings.HasPrefix(f.Name, "want.") {
					kept = append(kept, f)
				}
			}
			for _, f := range wanted(t, told) {
				kept = append(kept, f)
				if diff := cmp.Diff(want[f.Name], string(f.Data)); diff != "" && !*update {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
			if *update {
				story.Files = kept
				if err := os.WriteFile(file, txtar.Format(story), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// day is a story told from what was read, for Compose to make a briefing of.
type day struct {
	ID       briefing.EntryID
	Date     briefing.Date
	Zone     string
	Language briefing.Language
	At       time.Time
	Sections []briefing.Section
	Mended   time.Time
	Filled   []briefing.SourceName
	Lacked   []briefing.SourceName
	Before   briefing.Before
	ToldAt   time.Time `json:"told_at"` // when the operator was told of whatever is wrong
}

// compose makes the briefing as the pipeline would.
func (d day) compose(t testing.TB) briefing.Briefing {
	zone, err := briefing.LoadZone(d.Zone)
	if err != nil {
		t.Fatal(err)
	}
	b := briefing.Compose(briefing.Composition{
		Entry: briefing.Entry{ID: d.ID, Date: d.Date, Slot: briefing.DailySlot, Sections: d.Sections, MendedAt: d.Mended},
		Zone:  zone, Language: d.Language, At: d.At, Before: d.Before,
	})
	b.Filled, b.Lacked = d.Filled, d.Lacked
	for i := range b.Problems {
		b.Problems[i].ToldAt = d.ToldAt
	}
	return b
}

// toldStory is a story with what was made of it.
type toldStory struct {
	briefing briefing.Briefing
	read     []briefing.Section // the whole of it
	message  briefing.Message
	page     language.BriefingPage
}

// tell renders the story.
func tell(t testing.TB, story *txtar.Archive) (briefing.Briefing, briefing.Message) {
	t.Helper()
	told := tellAll(t, story)
	return told.briefing, told.message
}

// tellAll renders the story and its page.
func tellAll(t testing.TB, story *txtar.Archive) toldStory {
	t.Helper()
	var b briefing.Briefing
	var cfg storyConfig
	var read []briefing.Section
	for _, f := range story.Files {
		switch f.Name {
		case "day.json":
			var d day
			if err := json.Unmarshal(f.Data, &d); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			b, read = d.compose(t), d.Sections
		case "briefing.json":
			if err := json.Unmarshal(f.Data, &b); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		case "config.json":
			if err := json.Unmarshal(f.Data, &cfg); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	render := house()
	if cfg.Buttons != nil {
		render.Buttons = *cfg.Buttons
	}
	if cfg.NoLink {
		render.ConnectURL = nil
	}
	if cfg.NoOperator {
		render.Operator = ""
	}
	if cfg.Page {
		render.BriefingURL = func(id briefing.EntryID) string { return "https://achim.gaon.example/b/" + string(id) }
	}
	if read == nil {
		for _, s := range b.Sections {
			read = append(read, s.Section)
		}
	}
	r := delivery.NewRenderer(render)
	return toldStory{b, read, r.Render(b), r.Page(b, read, b.At)}
}

// house is the usual configuration of the tests.
func house() delivery.RenderConfig {
	return delivery.RenderConfig{
		Buttons:    true,
		ConnectURL: func(briefing.ReaderID) string { return "https://achim.gaon.example/connect/not-a-token" },
		Operator:   "@jiwon",
	}
}

// wanted is what a story pins.
func wanted(t *testing.T, told toldStory) []txtar.File {
	t.Helper()
	b, m := told.briefing, told.message
	var indented strings.Builder
	encoder := json.NewEncoder(&indented)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(m.Blocks); err != nil {
		t.Fatal(err)
	}
	var console strings.Builder
	if err := delivery.Console(&console, m, 72, false); err != nil {
		t.Fatal(err)
	}
	files := []txtar.File{
		{Name: "want.text", Data: []byte(m.Text + "\n")},
		{Name: "want.blocks", Data: []byte(readable(t, m.Blocks))},
		{Name: "want.console", Data: []byte(console.String())},
	}
	if !b.Mended.IsZero() {
		filled := delivery.NewRenderer(house()).Filled(b)
		files = append(files, txtar.File{Name: "want.filled", Data: []byte(filled.Text + "\n")})
	}
	if whole := unlinked(told.page.Whole); whole != "" {
		files = append(files, txtar.File{Name: "want.page", Data: []byte(whole)})
	}
	return append(files, txtar.File{Name: "want.json", Data: []byte(indented.String())})
}

// readable writes blocks as a person would sketch them: one block a paragraph, ‹links› in angles.
func readable(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var blocks []struct {
		Type     string
		Text     struct{ Text string }
		Elements []struct {
			Type               string
			Text               json.RawMessage
			AccessibilityLabel string `json:"accessibility_label"`
		}
	}
	if err := json.Unmarshal(raw, &blocks); err != nil {
		t.Fatalf("blocks: %v", err)
	}
	var out strings.Builder
	for _, b := range blocks {
		text := b.Text.Text
		for _, e := range b.Elements {
			if e.Type == "button" {
				var label struct{ Text string }
				_ = json.Unmarshal(e.Text, &label)
				text += "[" + label.Text + "]   (" + e.AccessibilityLabel + ")"
				continue
			}
			var words string
			_ = json.Unmarshal(e.Text, &words)
			text += words
		}
		for i, line := range strings.Split(text, "\n") {
			name := b.Type
			if i > 0 {
				name = ""
			}
			out.WriteString((name + "         ")[:max(9, len(name)+1)] + linkForm.ReplaceAllString(line, "‹$1›") + "\n")
		}
	}
	return out.String()
}

// unlinked writes parts of a page as text.
func unlinked(parts []language.BriefingPart) string {
	var out strings.Builder
	for _, p := range parts {
		for _, line := range p.Lines {
			out.WriteString(line.Unlinked() + "\n")
		}
	}
	return out.String()
}
