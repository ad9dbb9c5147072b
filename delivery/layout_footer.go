package delivery

import (
	"achim/briefing"
	"achim/internal/language"
)

// degradedWord labels an incomplete briefing for machines and support alike. It stands in no complete one.
const degradedWord = string(briefing.Degraded)

// reading sorts the sections by how their reading went.
type reading struct {
	whole, some, stale []language.Part
	failed             []briefing.SourceName
	unlinked           bool
	feeds              string // "피드 5/6"
}

// footer says what was read and when, and the briefing's short id.
func (l *layout) footer() string {
	r := l.reading()
	id := "#" + l.b.ID.Short()
	unlinked := ""
	if r.unlinked {
		unlinked = l.words.NotConnected
	}
	if l.b.Status == briefing.Degraded {
		return joined(l.footerOfDegraded(r), unlinked, degradedWord, id)
	}
	read := ""
	switch {
	case len(r.whole) == 0:
	case l.b.Mended.IsZero():
		at := l.b.ReadAt
		if at.IsZero() {
			at = l.b.At
		}
		read = l.words.ReadAll(r.whole, l.clock.HM(at))
	default:
		read = l.words.ReadMended(r.whole)
	}
	partly := ""
	if len(r.some) > 0 {
		partly = l.words.ReadPartly(r.some)
	}
	return joined(l.mended(true), read, partly, r.feeds, unlinked, id)
}

func (l *layout) footerOfDegraded(r reading) string {
	var facts []string
	if len(r.whole) > 0 {
		facts = append(facts, l.words.ReadSome(r.whole, l.clock))
	}
	facts = append(facts, r.feeds)
	for _, p := range r.stale {
		facts = append(facts, l.words.CopyOf(p, l.clock))
	}
	if len(r.some) > 0 {
		facts = append(facts, l.words.ReadPartly(r.some))
	}
	if len(r.failed) > 0 {
		facts = append(facts, l.words.NotRead(r.failed))
	}
	return joined(append(facts, l.mended(false))...)
}

// mended tells that the message was filled in, and what it lacked before.
func (l *layout) mended(whole bool) string {
	if l.b.Mended.IsZero() || len(l.b.Filled) == 0 {
		return ""
	}
	return l.words.Mended(language.MendWords{
		Sources: inSpokenOrder(l.b.Filled), Lacked: inSpokenOrder(l.b.Lacked), At: l.clock.HM(l.b.At), HM: l.clock.HM(l.b.Mended), Whole: whole,
	})
}

// reading goes through the sections in the order a footer names them.
func (l *layout) reading() reading {
	var r reading
	for _, source := range inSpokenOrder(l.sources()) {
		s, _ := l.b.Section(source)
		p := l.partOf(s)
		switch s.Verdict.State {
		case briefing.VerdictOK, briefing.VerdictEmpty:
			if unread := s.Count(briefing.Unsorted); unread > 0 || p.AtLeast { // more than is looked at in one morning
				p.N, p.Of = p.N-unread, p.N
				r.some = append(r.some, p)
				continue
			}
			r.whole = append(r.whole, p)
		case briefing.VerdictStale:
			p.At = s.Verdict.AsOf
			r.stale = append(r.stale, p)
		case briefing.VerdictFailed:
			r.failed = append(r.failed, source)
		case briefing.VerdictNotConnected:
			r.unlinked = true
		case briefing.VerdictPartial:
			if source == briefing.News {
				r.feeds = l.words.FeedsRead(s.PartsOK, s.Parts)
				continue
			}
			if source == briefing.Calendar && s.Parts > 0 {
				p.Of = s.Parts
			}
			r.some = append(r.some, p)
		}
	}
	return r
}

// partOf counts what was read of a section: mails one by one, else calendars or feeds.
func (l *layout) partOf(s briefing.Shown) language.Part {
	p := language.Part{Source: s.Source, N: s.PartsOK, At: s.ReadAt}
	if p.At.IsZero() {
		p.At = l.b.ReadAt
	}
	switch {
	case s.Source == briefing.Gmail:
		p.N, p.AtLeast = s.Total(), s.AtLeast
		if l.quiet() && p.N > 0 && !l.room.counted {
			p.Groups = l.groups(s, p.N)
		}
	case s.Parts == 0:
		p.N = -1
	}
	return p
}

func (l *layout) sources() []briefing.SourceName {
	var out []briefing.SourceName
	for _, s := range l.b.Sections {
		out = append(out, s.Source)
	}
	return out
}
