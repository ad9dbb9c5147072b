package delivery_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/standin"
)

var linkForm = regexp.MustCompile(`<https?://[^|>\s]+\|([^>\n]+)>`)

// fataler is what the checks need of a test.
type fataler interface {
	Helper()
	Errorf(format string, args ...any)
}

type textObject struct {
	Type, Text string
	Verbatim   bool
}

type wireBlock struct {
	Type     string
	BlockID  string `json:"block_id"`
	Text     *textObject
	Elements []struct {
		Type               string
		ActionID           string `json:"action_id"`
		Text               json.RawMessage
		URL                string
		AccessibilityLabel string `json:"accessibility_label"`
	}
}

// checkLimits holds a message against Slack's limits, and ours below them.
func checkLimits(t fataler, m briefing.Message) {
	t.Helper()
	if len(m.Text) > 3900 || m.Text == "" || !utf8.ValidString(m.Text) {
		t.Errorf("text has %d bytes, valid %v", len(m.Text), utf8.ValidString(m.Text))
	}
	if n := utf8.RuneCount(m.Blocks); n > 9000 {
		t.Errorf("blocks have %d characters", n)
	}
	var blocks []wireBlock
	if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
		t.Errorf("blocks: %v", err)
		return
	}
	if len(blocks) == 0 || len(blocks) > 45 {
		t.Errorf("%d blocks", len(blocks))
	}
	var ids []string
	for _, b := range blocks {
		ids = append(ids, b.BlockID)
		for _, problem := range b.problems(&ids) {
			t.Errorf("block %s (%s): %s", b.BlockID, b.Type, problem)
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) || slices.Contains(ids, "") {
		t.Errorf("ids are not unique: %q", ids)
	}
	for _, ping := range standin.Pings(standin.Message{Text: m.Text, Blocks: m.Blocks}) {
		t.Errorf("pings %s", ping)
	}
}

// problems is what Slack would refuse in the block, and what would format or link by itself.
func (b wireBlock) problems(ids *[]string) []string {
	var out []string
	check := func(o textObject, most int) {
		if n := utf8.RuneCountInString(o.Text); n == 0 || n > most {
			out = append(out, fmt.Sprintf("%d characters of at most %d", n, most))
		}
		if o.Type == "mrkdwn" {
			out = append(out, unsafeIn(o)...)
		}
	}
	switch b.Type {
	case "header":
		check(*b.Text, 150)
	case "section":
		check(*b.Text, 3000)
	}
	for _, e := range b.Elements {
		o := textObject{Type: e.Type, Verbatim: true}
		if e.Type == "button" {
			*ids = append(*ids, "action:"+e.ActionID)
			_ = json.Unmarshal(e.Text, &o)
			check(o, 75)
			if e.AccessibilityLabel == "" || utf8.RuneCountInString(e.AccessibilityLabel) > 75 {
				out = append(out, "accessibility_label "+e.AccessibilityLabel)
			}
			continue
		}
		_ = json.Unmarshal(e.Text, &o.Text)
		check(o, 2000)
	}
	return out
}

// unsafeIn finds angle brackets that are no link of ours, and characters that steer the display.
func unsafeIn(o textObject) []string {
	var out []string
	if !o.Verbatim {
		out = append(out, "not verbatim")
	}
	if rest := linkForm.ReplaceAllString(o.Text, "$1"); strings.ContainsAny(rest, "<>`") {
		out = append(out, "markup left in "+rest)
	}
	for _, line := range strings.Split(o.Text, "\n") {
		if strings.HasPrefix(line, "&gt;") {
			out = append(out, "quotes a line: "+line)
		}
	}
	for _, r := range o.Text {
		if r != '\n' && r != '\u200B' && r != '\u200C' && r != '\u200D' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			out = append(out, fmt.Sprintf("character %U", r))
		}
	}
	return out
}

// nothing is how either language says that there is none of something.
var nothing = map[briefing.SourceName]*regexp.Regexp{
	briefing.Calendar: regexp.MustCompile(`일정 없음|일정은? ?없|일정이 없|일정도,|[Nn]o meetings`),
	briefing.Gmail:    regexp.MustCompile(`메일 없음|메일은 없|메일도 없|[Nn]o emails`),
	briefing.News:     regexp.MustCompile(`소식 없음|[Nn]o new stories`),
}

// exactly is how either language counts mails to answer, with whatever else it says of the number.
var exactly = regexp.MustCompile(`답장할 메일이? \d+통(?: 이상)?|(?:\S+ or more|\w+) emails? (?:to answer|needs? an answer)`)

// checkHonest holds the first promise, and the label: only what was read in full may be told as nothing.
func checkHonest(t fataler, b briefing.Briefing, m briefing.Message) {
	t.Helper()
	all := m.Text + "\n" + m.Plain + "\n" + string(m.Blocks)
	for source, form := range nothing {
		s, ok := b.Section(source)
		whole := ok && (s.Verdict.State == briefing.VerdictOK || s.Verdict.State == briefing.VerdictEmpty) &&
			(source != briefing.Gmail || s.Count(briefing.Unsorted) == 0 && !s.AtLeast)
		if found := form.FindString(all); found != "" && !whole {
			t.Errorf("says %q of %s, which was not read", found, source)
		}
	}
	if s, ok := b.Section(briefing.Gmail); ok && (s.Count(briefing.Unsorted) > 0 || s.AtLeast) {
		for _, found := range exactly.FindAllString(m.Text+"\n"+m.Plain, -1) {
			if !strings.Contains(found, "이상") && !strings.Contains(found, "or more") {
				t.Errorf("says %q although there is mail that nobody has looked at", found)
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(m.Plain), "\n")
	last := lines[len(lines)-1]
	if degraded := b.Status == briefing.Degraded; strings.Contains(last, "degraded") != degraded {
		t.Errorf("status is %s, but the footer says %q", b.Status, last)
	}
	if b.Status == briefing.Degraded && !b.Private {
		text := strings.Split(m.Text, "\n")
		if !strings.Contains(text[len(text)-1], "degraded") {
			t.Errorf("the last line of the text is %q", text[len(text)-1])
		}
	}
	if strings.Contains(m.Plain, "achim.gaon.example") {
		t.Errorf("plain text links to our own server")
	}
}
