package delivery

import (
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/language"
)

// layout decides what is said. Nothing is said of a source that was not read: "none" is a sentence about
// sources read in full and about no others.
type layout struct {
	b          briefing.Briefing
	cfg        RenderConfig
	words      language.Words
	clock      language.Clock
	connectURL string
	pageURL    string
	here       bool // the page itself is being written: its links to itself are anchors
	room       room
	newsRoom   room
}

// document returns header, what is wrong, the day in two sentences, calendar, mail, news, footer.
func (l *layout) document() *document {
	d := &document{}
	d.add(part{kind: header, id: "header", asked: true, head: []language.Phrase{language.Plain(l.title())}})
	for i, p := range l.b.Problems {
		l.trouble(d, i, l.words.Trouble(l.troubleOf(p)))
	}
	if l.b.Invite {
		l.trouble(d, len(l.b.Problems), l.words.Invite(l.invitation()))
	}
	lines := l.summary()
	if d.lost = l.lost(); d.lost != nil {
		lines = append(lines, d.lost)
	}
	if len(lines) > 0 {
		d.add(part{kind: section, id: "gist", asked: true, head: lines})
	}
	for _, s := range l.b.Sections {
		l.section(d, s)
	}
	d.add(part{kind: smallPrint, id: "footer", head: []language.Phrase{language.Plain(l.footer())}})
	if !l.b.Mended.IsZero() {
		// Slack may keep showing an edited block under the id it had before.
		for i := range d.parts {
			d.parts[i].id += fmt.Sprintf(".%d", l.b.Mended.Unix())
		}
	}
	return d
}

// section adds what a source brought.
func (l *layout) section(d *document, s briefing.Shown) {
	switch s.Source {
	case briefing.Calendar:
		l.calendar(d, s)
	case briefing.Gmail:
		l.mail(d, s)
	default:
		l.news(d, s)
	}
}

func (d *document) add(p part) { d.parts = append(d.parts, p) }

// title is the header's line.
func (l *layout) title() string {
	sign, incomplete := "☀️", ""
	if l.b.Status == briefing.Degraded {
		sign, incomplete = "⚠️", l.words.Incomplete
	}
	return sign + " " + joined(l.words.Title(l.b.Date), clean(l.b.Gist.Holiday, l.room.name), incomplete)
}

// trouble adds one cause (or the invitation): a sentence or two, the control, the small print.
func (l *layout) trouble(d *document, n int, w language.TroubleWords) {
	p := part{kind: section, id: fmt.Sprintf("problem-%d", n), extra: true, head: []language.Phrase{language.Strong(w.Title)}}
	for _, line := range w.Lines {
		p.head = append(p.head, language.Plain(line))
	}
	d.add(p)
	if w.Button != "" {
		d.add(part{kind: controls, id: fmt.Sprintf("connect-%d", n), extra: true, control: control{
			label: w.Button, spoken: w.Spoken, url: l.connectURL, button: l.cfg.Buttons,
		}})
	}
	if w.Note != "" {
		d.add(part{kind: smallPrint, id: fmt.Sprintf("note-%d", n), extra: true, head: []language.Phrase{language.Plain(w.Note)}})
	}
}

// troubleOf gathers what the words for a problem depend on.
func (l *layout) troubleOf(p briefing.Problem) language.Trouble {
	t := language.Trouble{
		Reason: p.Reason, Provider: p.Provider, Sources: inSpokenOrder(p.Sources), Missing: p.Missing,
		Since: p.Since, LastOK: p.LastOK, ToldAt: p.ToldAt, At: l.b.At, Unusable: p.Unusable, Locked: p.Locked,
		Operator: l.cfg.Operator, NoLink: l.connectURL == "", Clock: l.clock,
	}
	if l.emptyCopy() && slices.Contains(t.Sources, briefing.Calendar) {
		// Of a copy that holds meetings the list tells; one without any would pass for a calendar that was read.
		t.Missing = slices.Concat(t.Missing, []briefing.SourceName{briefing.Calendar})
	}
	for _, source := range t.Sources {
		if s, ok := l.b.Section(source); ok && s.Verdict.State == briefing.VerdictPartial {
			t.Partial = append(t.Partial, source)
			if source == briefing.Calendar {
				t.Parts, t.PartsOK = s.Parts, s.PartsOK
			}
		}
	}
	return t
}

// inSpokenOrder returns the sources in the order in which a sentence names them: Gmail and calendar,
// whatever order they are shown in, and then the others.
func inSpokenOrder(sources []briefing.SourceName) []briefing.SourceName {
	order := []briefing.SourceName{briefing.News, briefing.Calendar, briefing.Gmail}
	out := slices.Clone(sources)
	slices.SortStableFunc(out, func(a, b briefing.SourceName) int {
		return slices.Index(order, b) - slices.Index(order, a)
	})
	return out
}

func (l *layout) invitation() language.Invitation {
	i := language.Invitation{NoLink: l.connectURL == "", Operator: l.cfg.Operator}
	if s, ok := l.b.Section(briefing.News); ok {
		i.News = len(s.Items) > 0
	}
	var unlinked []briefing.SourceName
	for _, s := range l.b.Sections {
		if s.Verdict.State == briefing.VerdictNotConnected {
			unlinked = append(unlinked, s.Source)
		}
	}
	if len(unlinked) == 1 {
		i.Alone = unlinked[0]
	}
	return i
}

// whole reports whether the source was linked and read in full.
func (l *layout) whole(source briefing.SourceName) bool {
	s, ok := l.b.Section(source)
	return ok && (s.Verdict.State == briefing.VerdictOK || s.Verdict.State == briefing.VerdictEmpty)
}

// none reports whether n counts nothing in a source read in full: the one case in which a briefing may
// say so.
func (l *layout) none(n *int, source briefing.SourceName) bool {
	return !l.beyond(source) && n != nil && *n == 0 && l.whole(source)
}

// beyond reports whether there is more in the source than was looked at: what was found in it is then so much or more.
func (l *layout) beyond(source briefing.SourceName) bool {
	s, ok := l.b.Section(source)
	return ok && (s.Count(briefing.Unsorted) > 0 || s.AtLeast)
}

// noneOf returns how many mails were looked at when none of them needs an answer, but there are more.
func (l *layout) noneOf() int {
	s, _ := l.b.Section(briefing.Gmail)
	n := l.b.Gist.NeedsReply
	if n == nil || *n > 0 || !l.whole(briefing.Gmail) || !l.beyond(briefing.Gmail) {
		return 0
	}
	return s.Total() - s.Count(briefing.Unsorted)
}

// some returns the number if there is something to tell of the source as it is now.
func (l *layout) some(n *int, source briefing.SourceName) int {
	s, ok := l.b.Section(source)
	if n == nil || !ok || s.Verdict.State == briefing.VerdictFailed || s.Verdict.State == briefing.VerdictNotConnected {
		return 0
	}
	return *n
}

func (l *layout) stale() bool {
	s, ok := l.b.Section(briefing.Calendar)
	return ok && s.Verdict.State == briefing.VerdictStale
}

// emptyCopy reports whether all there is of the calendar is an earlier copy that holds no meeting.
func (l *layout) emptyCopy() bool {
	s, _ := l.b.Section(briefing.Calendar)
	return l.stale() && s.Count(briefing.Meeting) == 0
}

// quiet is a day on which nothing is asked of the reader.
func (l *layout) quiet() bool {
	return l.none(l.b.Gist.Meetings, briefing.Calendar) && l.none(l.b.Gist.NeedsReply, briefing.Gmail)
}

// gist is the line a locked phone may show: counts and a time, no name, subject or title. Of the stories it counts those
// that are shown.
func (l *layout) gist(stories int) string {
	g, w := l.b.Gist, l.words
	var facts []fact
	if causes := l.causes(); len(causes) > 0 {
		facts = append(facts, fact{words: w.GistTrouble(causes), short: w.GistMissing(l.suffering()), rank: rankCauses})
	}
	if l.b.Invite {
		facts = append(facts, fact{words: w.Invite(l.invitation()).Short})
	}
	switch n := l.some(g.Meetings, briefing.Calendar); {
	case n > 0 && l.stale():
		facts = append(facts, fact{words: w.GistStale(n, g.StaleAsOf, l.clock)})
	case n > 0 && g.Over > 0:
		facts = append(facts, fact{words: w.GistLeft(n, max(0, n-g.Over), l.hm(g.FirstMeeting))})
	case n > 0:
		facts = append(facts, fact{words: w.GistMeetings(n, l.hm(g.FirstMeeting))})
	case l.none(g.Meetings, briefing.Calendar):
		facts = append(facts, fact{words: w.GistMeetings(0, "")})
	}
	switch n := l.some(g.NeedsReply, briefing.Gmail); {
	case n > 0:
		facts = append(facts, fact{words: w.GistReply(n, l.beyond(briefing.Gmail)), rank: rankReplies})
	case l.none(g.NeedsReply, briefing.Gmail):
		facts = append(facts, fact{words: w.GistReply(0, false), rank: rankNoReply})
	case l.noneOf() > 0:
		s, _ := l.b.Section(briefing.Gmail)
		facts = append(facts, fact{words: w.NewMail(s.Total(), s.AtLeast), rank: rankNoReply})
	}
	switch n := min(l.some(g.Stories, briefing.News), stories); {
	case l.quiet() && g.Next != nil:
		facts = append(facts, fact{words: w.GistNext(l.next(), l.clock), rank: rankBeyond})
	case n > 0:
		facts = append(facts, fact{words: w.GistStories(n), rank: rankBeyond})
	}
	if len(facts) == 0 {
		facts = append(facts, fact{words: w.GistNothing})
	}
	tail := ""
	if !l.b.Mended.IsZero() {
		tail = w.GistFilled(l.clock.HM(l.b.Mended))
	}
	return shortGist(facts, gistChars, tail)
}

// suffering lists the sources of which something is missing.
func (l *layout) suffering() []briefing.SourceName {
	var out []briefing.SourceName
	for _, p := range l.b.Problems {
		for _, source := range inSpokenOrder(p.Sources) {
			if !slices.Contains(out, source) {
				out = append(out, source)
			}
		}
	}
	return out
}

// causes names what is wrong, shortly.
func (l *layout) causes() []string {
	var out []string
	for _, p := range l.b.Problems {
		out = append(out, l.words.Trouble(l.troubleOf(p)).Short)
	}
	return out
}

// capital begins a line with a capital, in scripts that have them.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// summary is the day in a few sentences.
func (l *layout) summary() []language.Phrase {
	var lines []language.Phrase
	add := func(phrases ...language.Phrase) {
		if line := sentences(phrases...); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	if l.quiet() {
		add(l.quietWords()...)
	} else {
		add(l.holiday(), l.meetingsLine(), l.overlapLine())
		add(l.replyLine())
	}
	add(l.newEvents())
	add(l.goneEvents())
	if l.b.Gist.Next != nil && !l.room.today {
		add(l.words.Next(l.next(), l.clock))
	}
	return lines
}

// lost tells of the briefing before this one, when there is something to tell.
func (l *layout) lost() language.Phrase {
	if l.b.Lost == nil {
		return nil
	}
	return language.Plain(l.words.Lost(*l.b.Lost, l.clock))
}

func (l *layout) holiday() language.Phrase {
	name := clean(l.b.Gist.Holiday, l.room.name)
	if name == "" {
		return nil
	}
	return language.Plain(l.words.Holiday(name))
}

func (l *layout) quietWords() []language.Phrase {
	if on := l.holiday(); on != nil {
		return []language.Phrase{on, language.Plain(l.words.QuietOn)}
	}
	return []language.Phrase{language.Plain(l.words.Quiet), language.Plain(l.words.Wish(l.b.Date.Weekday()))}
}

// meetingsLine tells of all meetings as they are now. Those of an earlier copy, or of some calendars only,
// are told below with that said.
func (l *layout) meetingsLine() language.Phrase {
	g := l.b.Gist
	n := l.some(g.Meetings, briefing.Calendar)
	switch {
	case !l.whole(briefing.Calendar):
		return nil
	case n > 0:
		return l.words.Meetings(language.FirstMeeting{
			Count: n, Left: max(0, n-g.Over), HM: l.hm(g.FirstMeeting), Title: l.titled(g.FirstTitle), Holiday: l.holiday() != nil,
		})
	case l.none(g.Meetings, briefing.Calendar):
		if l.holiday() != nil {
			return language.Plain(l.words.NoneOn)
		}
		return language.Plain(l.words.NoMeeting)
	}
	return nil
}

func (l *layout) overlapLine() language.Phrase {
	if g := l.b.Gist; g.Overlaps > 1 && !g.OverlapAt.IsZero() && l.whole(briefing.Calendar) {
		return language.Plain(l.words.Overlap(g.Overlaps, l.clock.HM(g.OverlapAt)))
	}
	return nil
}

func (l *layout) replyLine() language.Phrase {
	g := l.b.Gist
	if n := l.some(g.NeedsReply, briefing.Gmail); n > 0 {
		return l.words.Reply(language.Replies{Count: n, AtLeast: l.beyond(briefing.Gmail), Due: g.DueSoon, DueAt: g.DueAt}, l.clock)
	}
	if l.none(g.NeedsReply, briefing.Gmail) {
		return language.Plain(l.words.NoReply)
	}
	if n := l.noneOf(); n > 0 {
		return language.Plain(l.words.NoReplyOf(n))
	}
	return nil
}

// newEvents names the events that came up since the copy the reader was shown before.
func (l *layout) newEvents() language.Phrase {
	if l.b.Gist.NewEvents == 0 {
		return nil
	}
	var fresh []briefing.Item
	if s, ok := l.b.Section(briefing.Calendar); ok {
		for _, item := range s.Items {
			if item.Has(briefing.MarkNew) && item.Group == briefing.Meeting {
				fresh = append(fresh, item)
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return l.words.NewEvents(l.b.Gist.NewEvents, l.named(fresh))
}

// goneEvents names the events of that copy that are no more.
func (l *layout) goneEvents() language.Phrase {
	s, ok := l.b.Section(briefing.Calendar)
	if !ok || len(s.Gone) == 0 {
		return nil
	}
	return l.words.Gone(len(s.Gone), l.named(s.Gone))
}

// named returns time and title of the first few events.
func (l *layout) named(items []briefing.Item) []language.Piece {
	if l.room.counted {
		return nil
	}
	var named []language.Piece
	for _, item := range items[:min(2, l.room.named, len(items))] {
		named = append(named, language.Piece{Text: l.clock.HM(item.At) + " " + l.titled(item.Title), Bold: true})
	}
	return named
}

// next is the next date's first meeting.
func (l *layout) next() language.NextMeeting {
	g := l.b.Gist
	return language.NextMeeting{
		Day: g.NextDay, HM: l.hm(g.Next.At), Title: l.titled(g.Next.Title), URL: safeURL(g.Next.URL),
		Holiday: g.Holiday != "", Works: g.NextWorks,
	}
}

// hm is the time of day, and "" of no time.
func (l *layout) hm(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return l.clock.HM(t)
}

// titled is other people's title, made fit to print.
func (l *layout) titled(title string) string {
	if title = clean(title, l.room.title); title != "" {
		return title
	}
	return l.words.Untitled
}
