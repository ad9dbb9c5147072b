package delivery

import (
	"time"

	"achim/briefing"
	"achim/internal/language"
)

// controlsFor is how long after a briefing its page leads to connecting: about as long as the link in the message does. An old
// address in somebody's history shall not be worth a new link.
const controlsFor = 7 * 24 * time.Hour

// Page returns the briefing as its page shows it now: the message as it is, word for word, and below it in full every list that
// was cut in it, out of what was read.
func (r *Renderer) Page(b briefing.Briefing, read []briefing.Section, now time.Time) language.BriefingPage {
	l := r.layout(b)
	l.here = true
	doc := l.fitted()
	doc.blocks() // which leaves out what has no room in Slack either
	page := language.BriefingPage{Language: l.words.Code, Title: l.words.Title(b.Date), WholeTitle: l.words.Whole}
	for _, p := range doc.parts {
		if now.Sub(b.At) > controlsFor {
			p.control.url = ""
		}
		page.Parts = append(page.Parts, p.shown())
		if p.list == noList || p.hidden == 0 {
			continue
		}
		for _, s := range read {
			if s.Source == p.source {
				page.Whole = append(page.Whole, l.wholeList(s, p.list)...)
			}
		}
	}
	return page
}

// pageRoom is for a list nobody waits for at nine.
var pageRoom = room{title: 200, name: 80, place: 200, quote: 200, named: 20}

// wholeList returns the list of the section with all its items.
func (l *layout) wholeList(s briefing.Section, list listKind) []language.BriefingPart {
	all := *l
	all.room, all.newsRoom, all.pageURL = pageRoom, pageRoom, "" // what is not even here is at Google's
	d := &document{}
	all.section(d, briefing.Shown{Section: s, Cut: max(0, s.Count(briefing.Story)-len(s.Items))})
	var out []language.BriefingPart
	for _, p := range d.parts {
		if p.list == list {
			shown := p.shown()
			shown.Anchor = anchor(s.Source)
			out = append(out, shown)
		}
	}
	return out
}

// anchor is where on its page the whole of a list stands.
func anchor(source briefing.SourceName) string { return "all-" + string(source) }

// shown returns the part as a page has it.
func (p part) shown() language.BriefingPart {
	look := map[kind]language.BriefingLook{header: language.LookHeader, smallPrint: language.LookSmall, controls: language.LookControl}[p.kind]
	return language.BriefingPart{Look: look, Lines: p.lines()}
}
