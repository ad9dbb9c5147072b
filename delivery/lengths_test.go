package delivery_test

import (
	"encoding/json"
	"html"
	"strings"
	"testing"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/language"
)

// length is what a person has to read of a message: the characters of Plain, without line ends and without what can only be
// pressed. What is wrong is counted apart, being told on top.
type length struct {
	whole, asked, lines int // asked: up to the end of the mail to answer, wherever the reader has it
	problems            int // lines of what is wrong
}

// lengthOf counts. The lines of Plain are those of the blocks one by one, which tell what each belongs to.
func lengthOf(t fataler, b briefing.Briefing, m briefing.Message) length {
	t.Helper()
	var plain []string
	for _, line := range strings.Split(m.Plain, "\n") {
		if line != "" {
			plain = append(plain, line)
		}
	}
	var blocks []wireBlock
	if err := json.Unmarshal(m.Blocks, &blocks); err != nil {
		t.Errorf("blocks: %v", err)
		return length{}
	}
	lost := ""
	if b.Lost != nil {
		lost = language.For(b.Language).Lost(*b.Lost, language.Clock{Today: b.Date, Zone: b.Location()})
	}
	var n length
	for _, block := range blocks {
		id, _, _ := strings.Cut(block.BlockID, ".") // behind it a mended message has its time
		kind, _, _ := strings.Cut(id, "-")
		for range block.lines() {
			if len(plain) == 0 {
				t.Errorf("plain text has fewer lines than the blocks:\n%s", m.Plain)
				return n
			}
			line := plain[0]
			plain = plain[1:]
			if kind == "problem" || kind == "connect" || kind == "note" || line == lost {
				n.problems++
				continue
			}
			n.lines++
			n.whole += utf8.RuneCountInString(line)
			if id == "header" || id == "gist" || id == "calendar" || id == "mail" {
				n.asked += utf8.RuneCountInString(line)
			}
		}
	}
	if len(plain) > 0 {
		t.Errorf("plain text says more than the blocks: %q", plain)
	}
	return n
}

// lines returns what a person reads in the block, line by line.
func (b wireBlock) lines() []string {
	if b.Text != nil {
		return strings.Split(b.Text.Text, "\n")
	}
	var out []string
	for _, e := range b.Elements {
		o := textObject{}
		if json.Unmarshal(e.Text, &o) != nil {
			_ = json.Unmarshal(e.Text, &o.Text)
		}
		out = append(out, strings.Split(o.Text, "\n")...)
	}
	return out
}

// checkLengths holds a message to what a person reads in twenty seconds: 650 characters in 24 lines, 430 of them for what is
// asked of them, 250 on a quiet day, and 80 of the push. What is wrong is told on top of that, in a few lines a cause. English
// needs eight characters where Korean needs five.
func checkLengths(t fataler, b briefing.Briefing, m briefing.Message) {
	t.Helper()
	n, whole, asked := lengthOf(t, b, m), 650, 430
	if quiet(b) {
		whole, asked = 250, 250
	}
	if b.Language == briefing.English {
		whole, asked = whole*8/5, asked*8/5
	}
	if n.whole > whole || n.asked > asked || n.lines > 24 {
		t.Errorf("%d characters of at most %d, %d of %d up to the mail to answer, %d lines:\n%s", n.whole, whole, n.asked, asked, n.lines, m.Plain)
	}
	causes := len(b.Problems)
	if b.Invite || b.Lost != nil {
		causes++
	}
	if n.problems > 7*causes {
		t.Errorf("%d lines about %d things that are wrong:\n%s", n.problems, causes, m.Plain)
	}
	push, _, _ := strings.Cut(html.UnescapeString(strings.ReplaceAll(m.Text, "\u200b", "")), "\n")
	if utf8.RuneCountInString(push) > 80 {
		t.Errorf("the push has %d characters: %s", utf8.RuneCountInString(push), push)
	}
}

// quiet reports whether nothing is asked of the reader, and that is known.
func quiet(b briefing.Briefing) bool {
	for _, source := range []briefing.SourceName{briefing.Calendar, briefing.Gmail} {
		s, ok := b.Section(source)
		if !ok || !s.Verdict.Whole() || s.Verdict.State == briefing.VerdictNotConnected || s.Count(briefing.Meeting, briefing.NeedsReply, briefing.Unsorted) > 0 || s.AtLeast {
			return false
		}
	}
	return true
}

// TestLengths holds every story to what a person reads in twenty seconds.
func TestLengths(t *testing.T) {
	forEachStory(t, func(t *testing.T, told toldStory) { checkLengths(t, told.briefing, told.message) })
}
