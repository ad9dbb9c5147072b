// Package delivery turns briefings into messages and puts them into Slack DMs.
//
// Rendering is one pure step from a briefing to a small document (header, sections, small print, a
// control), which printers then write down: Block Kit, the plain text phones push, plain text for the
// log, and a page. A terminal is shown what the Block Kit says. Since all of them print the same document they cannot
// disagree. The document is laid out again and again, with ever less room for titles, until it is short enough to be read.
//
// Slack is the only place that knows Slack's errors. What leaves it is a briefing.Error.
package delivery

import (
	"achim/briefing"
	"achim/internal/language"
)

// RenderConfig is what a message needs to know of the house it is sent from.
type RenderConfig struct {
	// Buttons makes the control a button. Set it when button presses can be verified and answered, else
	// Slack shows a warning beside it; without it the control is a link.
	Buttons bool
	// ConnectURL returns the reader's signed link, or "" when there is none a phone could use: then the
	// message says whom to ask. Nil is like "".
	ConnectURL func(reader briefing.ReaderID) string
	// BriefingURL returns the signed link to a briefing's page, where the whole of a list that was cut can be seen, or "" when
	// there is none a phone could use: then, and when it is nil, cuts link to Google or to nothing.
	BriefingURL func(id briefing.EntryID) string
	// Operator is whom to ask, as "@jiwon"; "" is told as "whoever runs Achim".
	Operator string
	// KeepDays is how long titles and summaries are kept, as a welcome says.
	KeepDays int
	// TeamFeeds says that everyone gets news. Without it a welcome promises news to readers with feeds of their own alone.
	TeamFeeds bool
}

// Renderer writes briefings down. It is safe for concurrent use.
type Renderer struct{ cfg RenderConfig }

var (
	_ briefing.Renderer       = (*Renderer)(nil)
	_ briefing.NoticeRenderer = (*Renderer)(nil)
)

// NewRenderer returns a Renderer.
func NewRenderer(cfg RenderConfig) *Renderer { return &Renderer{cfg: cfg} }

// Render returns the briefing as a message within Slack's limits. What does not fit is cut with counts.
func (r *Renderer) Render(b briefing.Briefing) briefing.Message {
	l := r.layout(b)
	doc := l.fitted()
	m := briefing.Message{Blocks: doc.blocks(), Date: b.Date, Status: b.Status}
	m.Text = escape(l.gist(doc.shown(listStories)))
	if !b.Private {
		m.Text = doc.text(m.Text, l.words)
	}
	m.Plain = doc.plain()
	return m
}

// Filled returns the thread reply that tells what a mend filled in: counts only, since phones push it.
func (r *Renderer) Filled(b briefing.Briefing) briefing.Message {
	l := r.layout(b)
	at := b.Mended
	if at.IsZero() {
		at = b.ReadAt
	}
	f := language.FilledWords{Sources: b.Filled, HM: l.clock.HM(at), NewEvents: b.Gist.NewEvents}
	for _, source := range b.Filled {
		if n := b.Gist.NeedsReply; source == briefing.Gmail && n != nil && (*n > 0 || l.none(n, source)) {
			f.Replies, f.AtLeast = n, l.beyond(source)
		}
	}
	words := l.words.Filled(f)
	return briefing.Message{Text: escape(words), Plain: words, Date: b.Date, Status: b.Status}
}

// layout prepares what all parts of the message need.
func (r *Renderer) layout(b briefing.Briefing) *layout {
	l := &layout{b: b, cfg: r.cfg, words: language.For(b.Language), room: rooms[0], newsRoom: rooms[0]}
	l.clock = language.Clock{Today: b.Date, Zone: b.Location()}
	if r.cfg.ConnectURL != nil {
		l.connectURL = safeURL(r.cfg.ConnectURL(b.Reader))
	}
	if r.cfg.BriefingURL != nil {
		l.pageURL = safeURL(r.cfg.BriefingURL(b.ID))
	}
	return l
}
