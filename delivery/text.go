package delivery

import (
	"strings"

	"achim/internal/language"
)

// maxText is the most bytes of text: Slack edits no message whose text is longer than 4,000 of them.
const maxText = 3900

// text returns what phones push and screen readers read: the gist, already escaped, and then everything, line by line. It
// is also the whole message where Slack refuses the blocks, so the control is a link in it. What goes
// beyond maxText is left out, with a count; the last line always stays.
func (d *document) text(gist string, words language.Words) string {
	lines := []string{gist}
	for _, p := range d.parts {
		for _, line := range p.lines() {
			lines = append(lines, p.textLine(line))
		}
	}
	return fitLines(lines, words)
}

// textLine is a line without its links, the control's apart.
func (p part) textLine(line language.Phrase) string {
	if p.kind == controls {
		return mrkdwn([]language.Phrase{line})
	}
	return escape(line.Unlinked())
}

// fitLines drops lines before the last one until the text is short enough.
func fitLines(lines []string, words language.Words) string {
	whole := strings.Join(lines, "\n")
	if len(whole) <= maxText {
		return whole
	}
	first, last := lines[0], lines[len(lines)-1]
	body := lines[1 : len(lines)-1]
	note := escape(words.CutLines(len(body)))
	room := maxText - len(first) - len(last) - len(note) - 3
	kept := 0
	for _, line := range body {
		if room -= len(line) + 1; room < 0 {
			break
		}
		kept++
	}
	out := append([]string{first}, body[:kept]...)
	out = append(out, escape(words.CutLines(len(body)-kept)), last)
	return strings.Join(out, "\n")
}

// plain returns the whole as plain text: no markup, and no links, so none to our own server.
func (d *document) plain() string {
	var lines []string
	for i, p := range d.parts {
		if i > 0 && (p.kind == section || i == len(d.parts)-1) {
			lines = append(lines, "")
		}
		for _, line := range p.lines() {
			text := line.Unlinked()
			if p.kind == controls {
				text = "[" + text + "]"
			}
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}
