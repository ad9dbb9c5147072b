package delivery_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"achim/briefing"
	"achim/delivery"
)

var update = flag.Bool("update", false, "write what is rendered into the stories")

// storyConfig is what a story changes about the house.
type storyConfig struct {
	Buttons    *bool `json:"buttons"`
	NoLink     bool  `json:"no_link"`
	NoOperator bool  `json:"no_operator"`
	Page       bool  `json:"page"`
}

// TestStories renders every story of testdata and compares text, blocks (as a person reads them, and as
// Slack does), the thread reply where there is one, and the terminal.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			story, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			b, got := tell(t, story)
			checkLimits(t, got)
			checkHonest(t, b, got)
			want := map[string]string{}
			kept := story.Files[:0:0]
			for _, f := range story.Files {
				want[f.Name] = string(f.Data)
				if !strings.HasPrefix(f.Name, "want.") {
					kept = append(kept, f)
				}
			}
			for _, f := range wanted(t, b, got) {
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

// tell renders the story.
func tell(t testing.TB, story *txtar.Archive) (briefing.Briefing, briefing.Message) {
	t.Helper()
	var b briefing.Briefing
	var cfg storyConfig
	for _, f := range story.Files {
		switch f.Name {
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
	r := delivery.NewRenderer(render)
	return b, r.Render(b)
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
func wanted(t *testing.T, b briefing.Briefing, m briefing.Message) []txtar.File {
	t.Helper()
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
