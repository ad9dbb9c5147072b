package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Slack's limits, and where ours lie below them.
const (
	maxBlocks  = 45   // of 50
	maxChars   = 9000 // of all blocks together, as JSON; Slack gives up somewhere beyond 11,000
	maxSection = 3000
	maxContext = 2000
	maxHeader  = 150
	maxButton  = 75
	longURL    = 300
)

// ConnectAction is the action id of the button that leads to connecting Google.
const ConnectAction = "connect"

// blocks writes the document as Block Kit, leaving out what has no room: first links that are longer than
// most, then the last item of the longest list, which is counted, until it fits.
func (d *document) blocks() json.RawMessage {
	parts := append([]part(nil), d.parts...)
	for i := range parts {
		fitSection(&parts[i])
	}
	out := encode(parts)
	if tooLong(out) {
		for i := range parts {
			parts[i].shortenLinks()
		}
		out = encode(parts)
	}
	for tooLong(out) {
		longest := longestList(parts)
		if longest < 0 {
			break
		}
		parts[longest].drop()
		out = encode(parts)
	}
	d.parts = parts
	return out
}

func tooLong(raw []byte) bool { return utf8.RuneCount(raw) > maxChars }

// fitSection makes one part fit into one block.
func fitSection(p *part) {
	most := maxSection
	if p.kind == smallPrint {
		most = maxContext
	}
	fits := func() bool { return utf8.RuneCountInString(mrkdwn(p.lines())) <= most }
	for !fits() && p.droppable() && len(p.items) > 1 {
		p.drop()
	}
	p.bare = p.bare || !fits()
}

// shortenLinks takes long links off the part's items.
func (p *part) shortenLinks() {
	items := p.items
	p.items = nil
	for _, item := range items {
		p.items = append(p.items, withoutLinks(item, longURL))
	}
}

// longestList is the index of the part whose items take the most room, -1 when nothing can be dropped.
func longestList(parts []part) int {
	longest, most := -1, 0
	for i, p := range parts {
		if n := utf8.RuneCountInString(mrkdwn(p.items)); p.droppable() && n > most {
			longest, most = i, n
		}
	}
	return longest
}

// encode writes the blocks as JSON.
func encode(parts []part) json.RawMessage {
	var set []slack.Block
	presses := 0
	for _, p := range parts {
		if len(set) == maxBlocks-1 {
			p = parts[len(parts)-1] // the footer always stays
		}
		if p.kind == controls {
			presses++
		}
		set = append(set, p.block(presses))
		if len(set) == maxBlocks {
			break
		}
	}
	raw, err := json.Marshal(set)
	if err != nil {
		return nil // strings always encode; without blocks the message is its text
	}
	return unescapeHTML(raw)
}

// block returns the part as one block. nth is how many controls there were so far, for action ids must be
// unique in a message.
func (p part) block(nth int) slack.Block {
	switch p.kind {
	case header:
		title := clip(p.head[0].String(), maxHeader)
		return slack.NewHeaderBlock(plainText(title), slack.HeaderBlockOptionBlockID(p.id))
	case smallPrint:
		return slack.NewContextBlock(p.id, markup(mrkdwn(p.lines())))
	case controls:
		if p.control.button {
			return p.button(nth)
		}
	}
	return slack.NewSectionBlock(markup(mrkdwn(p.lines())), nil, nil, slack.SectionBlockOptionBlockID(p.id),
		slack.SectionBlockOptionExpand(true))
}

func (p part) button(nth int) slack.Block {
	id := ConnectAction
	if nth > 1 {
		id = fmt.Sprintf("%s_%d", ConnectAction, nth)
	}
	b := slack.NewButtonBlockElement(id, "", plainText(clip(p.control.label, maxButton)))
	b.URL = p.control.url
	b.Style = slack.StylePrimary
	b.AccessibilityLabel = clip(p.control.spoken, maxButton)
	return slack.NewActionBlock(p.id, b)
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// markup is verbatim, so that Slack links nothing by itself in other people's text.
func markup(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

// unescapeHTML undoes the escapes encoding/json writes for HTML's sake, which cost six characters each.
func unescapeHTML(raw []byte) []byte {
	if !bytes.Contains(raw, []byte(`\u00`)) {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			b.WriteByte(raw[i])
			continue
		}
		if c := htmlEscape(raw[i:]); c != 0 {
			b.WriteByte(c)
			i += 5
			continue
		}
		b.WriteByte(raw[i])
		b.WriteByte(raw[i+1])
		i++
	}
	return []byte(b.String())
}

// htmlEscape returns the character that raw begins with the escape of, 0 for any other.
func htmlEscape(raw []byte) byte {
	switch {
	case bytes.HasPrefix(raw, []byte(`\u003c`)):
		return '<'
	case bytes.HasPrefix(raw, []byte(`\u003e`)):
		return '>'
	case bytes.HasPrefix(raw, []byte(`\u0026`)):
		return '&'
	default:
		return 0
	}
}
