package delivery

import (
	"strings"

	"achim/briefing"
	"achim/internal/language"
)

// document is a message before it is written down: what is said, in which order and with which weight.
type document struct {
	parts []part
	lost  language.Phrase // the line of the summary that is told on top of what a day may take
}

type kind int

const (
	header kind = iota
	section
	smallPrint
	controls
)

// part becomes one block. Its items are what may be left out, last first, when there is no room; more
// tells how many are.
type part struct {
	kind    kind
	id      string
	head    []language.Phrase
	items   []language.Phrase
	more    func(hidden int) language.Phrase
	hidden  int
	control control
	bare    bool                            // written without links, which are the longest thing in it
	list    listKind                        // what its items are
	source  briefing.SourceName             // which section they are of
	asked   bool                            // it belongs to what is asked of the reader today
	extra   bool                            // it is told on top of what a day may take
	counted func(shown int) language.Phrase // the heading, where it counts what is shown alone; nil = head holds it
	headed  bool                            // the count of what is left out stands behind the heading, and takes no line
}

// control is something to press.
type control struct {
	label, spoken, url string
	button             bool
}

// lines returns what the part says.
func (p part) lines() []language.Phrase {
	lines := append([]language.Phrase(nil), p.head...)
	if p.counted != nil {
		lines = append([]language.Phrase{p.counted(len(p.items))}, lines...)
	}
	lines = append(lines, p.items...)
	switch {
	case p.hidden == 0 || p.more == nil:
	case p.headed:
		lines[0] = brackets(lines[0], p.more(p.hidden))
	default:
		lines = append(lines, p.more(p.hidden))
	}
	if p.kind == controls {
		lines = append(lines, language.Phrase{{Text: p.control.label, URL: p.control.url}})
	}
	if !p.bare {
		return lines
	}
	for i, line := range lines {
		lines[i] = withoutLinks(line, 0)
	}
	return lines
}

// withoutLinks returns the line with links longer than most characters taken off.
func withoutLinks(line language.Phrase, most int) language.Phrase {
	out := append(language.Phrase(nil), line...)
	for i := range out {
		if len(out[i].URL) > most {
			out[i].URL = ""
		}
	}
	return out
}

// droppable reports whether an item could be left out.
func (p part) droppable() bool { return p.more != nil && len(p.items) > 0 }

// drop leaves the last item out.
func (p *part) drop() {
	p.items = p.items[:len(p.items)-1]
	p.hidden++
}

// sep stands between the facts of a line.
const sep = " · "

// dotted strings phrases together into one line.
func dotted(phrases ...language.Phrase) language.Phrase {
	var line language.Phrase
	for _, p := range phrases {
		if len(p) == 0 || p.String() == "" {
			continue
		}
		if len(line) > 0 {
			line = append(line, language.Piece{Text: sep})
		}
		line = append(line, p...)
	}
	return line
}

// sentences strings phrases together with spaces.
func sentences(phrases ...language.Phrase) language.Phrase {
	var line language.Phrase
	for _, p := range phrases {
		if p.String() == "" {
			continue
		}
		if len(line) > 0 {
			line = append(line, language.Piece{Text: " "})
		}
		line = append(line, p...)
	}
	return line
}

// joined is dotted for plain strings.
func joined(words ...string) string {
	kept := words[:0:0]
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, sep)
}
