package delivery

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"achim/briefing"
)

// Console draws a message of ours on a terminal, as wide as width columns (0 = 80) and with colour and
// pressable links if asked to. It reads the Block Kit that Slack would get, so it shows what a reader
// would see; a message without blocks is shown as its text. Errors are the writer's.
func Console(w io.Writer, m briefing.Message, columns int, color bool) error {
	if columns <= 0 {
		columns = 80
	}
	c := &screen{columns: max(columns-columnsOf(margin), 20), color: color}
	var blocks []shownBlock
	if json.Unmarshal(m.Blocks, &blocks) != nil || len(blocks) == 0 {
		blocks = []shownBlock{{Type: "section", Text: &shownText{Type: "mrkdwn", Text: m.Text}}}
	}
	for i, b := range blocks {
		if i > 0 && b.Type != "actions" && b.Type != "context" || i == len(blocks)-1 && i > 0 {
			c.line(nil)
		}
		c.block(b)
	}
	_, err := io.WriteString(w, c.out.String())
	if err != nil {
		return fmt.Errorf("draw message: %w", err)
	}
	return nil
}

// margin stands before every line, three columns wide, with a bar as mail has it before a quotation.
const margin = "  │"

// shownBlock is what there may be in a block of ours.
type shownBlock struct {
	Type     string         `json:"type"`
	Text     *shownText     `json:"text"`
	Elements []shownElement `json:"elements"`
}

type shownText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// shownElement is a text of a context block, where text is a string, or a button, where it is an object.
type shownElement struct {
	Type string          `json:"type"`
	Text json.RawMessage `json:"text"`
	URL  string          `json:"url"`
}

type screen struct {
	columns int
	color   bool
	out     strings.Builder
}

func (c *screen) block(b shownBlock) {
	switch b.Type {
	case "header":
		c.line([]stretch{{text: b.Text.Text, style: styleHeader}})
	case "section":
		for _, line := range strings.Split(b.Text.Text, "\n") {
			c.line(readMrkdwn(line, stylePlain))
		}
	default:
		for _, e := range b.Elements {
			c.element(e)
		}
	}
}

func (c *screen) element(e shownElement) {
	var label shownText
	if e.Type == "button" && json.Unmarshal(e.Text, &label) == nil {
		c.line([]stretch{{text: "[ " + label.Text + " ]", style: styleButton, url: e.URL}})
		if !c.color && e.URL != "" {
			c.begin()
			c.out.WriteString(" " + e.URL + "\n") // whole, whatever the width: a link in two cannot be opened
		}
		return
	}
	var text string
	if json.Unmarshal(e.Text, &text) != nil {
		return
	}
	for _, line := range strings.Split(text, "\n") {
		c.line(readMrkdwn(line, styleDim))
	}
}

type style int

const (
	stylePlain style = iota
	styleBold
	styleDim
	styleHeader
	styleButton
)

// stretch is text in one style.
type stretch struct {
	text  string
	style style
	url   string
}

// readMrkdwn reads a line of the markup this package writes: bold, links, three entities.
func readMrkdwn(s string, base style) []stretch {
	var stretches []stretch
	look, begun := base, strings.Builder{}
	flush := func() {
		if begun.Len() > 0 {
			stretches = append(stretches, stretch{text: unescape(begun.String()), style: look})
			begun.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '*' && (look == styleBold || !apartAt(s, i)): // within our bold there is none but the one that ends it
			flush()
			if look == base {
				look = styleBold
			} else {
				look = base
			}
		case s[i] == '<':
			end := strings.IndexByte(s[i:], '>')
			address, label, found := strings.Cut(s[i+1:max(i+1, i+end)], "|")
			if end < 0 || !found {
				begun.WriteByte(s[i])
				continue
			}
			flush()
			stretches = append(stretches, stretch{text: unescape(label), style: look, url: unescape(address)})
			i += end
		default:
			begun.WriteByte(s[i])
		}
	}
	flush()
	return stretches
}

// apartAt reports whether the asterisk at i is somebody else's: set apart by escape, or inside a word.
func apartAt(s string, i int) bool {
	before, after := s[:i], s[i+1:]
	if strings.HasSuffix(before, zeroWidth) && strings.HasPrefix(after, zeroWidth) {
		return true
	}
	r, next := []rune(before), []rune(after)
	return len(r) > 0 && len(next) > 0 && wordy(r[len(r)-1]) && wordy(next[0])
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", zeroWidth, "")

func unescape(s string) string { return entities.Replace(s) }

// line writes text, wrapped between words. A style is switched on just before a word, so that no space
// before it is underlined or part of a link.
func (c *screen) line(stretches []stretch) {
	c.begin()
	at, space := 0, 1 // columns taken, spaces owed; the first one follows the margin
	for _, r := range stretches {
		open, shut := c.look(r)
		on := false
		for _, word := range strings.SplitAfter(r.text, " ") {
			bare := strings.TrimRight(word, " ")
			owed := len(word) - len(bare)
			for bare != "" && at+space+columnsOf(bare) > c.columns {
				if columnsOf(bare) > c.columns-1-indent { // no line would hold it
					head, tail := splitColumns(bare, max(c.columns-at-space, 1))
					c.out.WriteString(strings.Repeat(" ", space) + open + head + shut)
					bare, on = tail, false
				}
				if on {
					c.out.WriteString(shut)
				}
				c.out.WriteString("\n")
				c.begin()
				at, space, on = 0, 1+indent, false
			}
			if bare != "" {
				c.out.WriteString(strings.Repeat(" ", space))
				if !on {
					c.out.WriteString(open)
				}
				c.out.WriteString(bare)
				at, space, on = at+space+columnsOf(bare), 0, true
			}
			space += owed
		}
		if on {
			c.out.WriteString(shut)
		}
	}
	c.out.WriteString("\n")
}

// indent sets off the rest of a wrapped line.
const indent = 2

func (c *screen) begin() {
	if c.color {
		c.out.WriteString("\x1b[2m" + margin + "\x1b[0m")
		return
	}
	c.out.WriteString(margin)
}

// look returns what switches a style on and off.
func (c *screen) look(r stretch) (open, shut string) {
	if !c.color {
		return "", ""
	}
	open = map[style]string{
		styleBold: "\x1b[1m", styleDim: "\x1b[2m", styleHeader: "\x1b[1;33m", styleButton: "\x1b[7m",
	}[r.style]
	if open != "" {
		shut = "\x1b[0m"
	}
	if r.url != "" {
		if r.style != styleButton {
			open, shut = open+"\x1b[36m", "\x1b[0m"
		}
		open, shut = "\x1b]8;;"+r.url+"\x1b\\"+open, shut+"\x1b]8;;\x1b\\"
	}
	return open, shut
}

// columnsOf is how many columns a terminal gives to s: two to Hangul and emoji, none to marks.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOfRune(r)
	}
	return n
}

func columnsOfRune(r rune) int {
	switch {
	case r == '\uFE0F': // turns the sign before it into an emoji, which is wide
		return 1
	case unicode.Is(unicode.M, r), unicode.Is(unicode.Cf, r), unicode.IsControl(r):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// splitColumns cuts s where it fills the columns, after at least one character.
func splitColumns(s string, columns int) (head, tail string) {
	at := 0
	for i, r := range s {
		if at += columnsOfRune(r); at > columns && i > 0 {
			return s[:i], s[i:]
		}
	}
	return s, ""
}
