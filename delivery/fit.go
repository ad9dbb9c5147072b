package delivery

import (
	"math"
	"slices"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/language"
)

// lengths is what a message keeps to, so that a phone shows the day in twenty seconds: characters one sees, without
// line ends and whatever can only be pressed.
type lengths struct {
	whole, asked int // asked: header, summary, calendar and mail to answer
	lines        int
}

// What is wrong is told on top of them: nobody may miss it because the day is full.
const (
	wholeChars = 650
	askedChars = 430
	quietChars = 250
	gistChars  = 80
	mostLines  = 24
)

// wider is how much longer English says the same, in fifths: the limits are for Korean.
const wider = 8

// lengthsOf returns the limits of a day in a language.
func lengthsOf(l briefing.Language, quiet bool) lengths {
	n := lengths{whole: wholeChars, asked: askedChars, lines: mostLines}
	if quiet {
		n.whole, n.asked = quietChars, quietChars
	}
	if l == briefing.English {
		n.whole, n.asked = n.whole*wider/5, n.asked*wider/5
	}
	return n
}

// room is how many characters of other people's text a line has, and how many events a sentence names.
type room struct {
	title, name, place, quote, named int
	wholeQuotes                      bool // what is longer than quote is left out rather than cut
	counted                          bool // events that came up or are no more, and mail on a quiet day, are counted and no more
	today                            bool // nothing is said of the next day
}

// rooms are tried in turn: on a full day titles are shorter, so that more of the day is told.
var rooms = []room{
	{title: maxTitle, name: maxName, place: maxName, quote: maxQuote, named: mostNamed},
	{title: 40, name: 20, place: 20, quote: 40, named: mostNamed},
	{title: 28, name: 12, place: 12, quote: 40, named: mostNamed},
	{title: 24, name: 12, place: 10, quote: 28, named: mostNamed},
	{title: 20, name: 10, place: 8, quote: 24, named: 2, wholeQuotes: true},
	{title: 16, name: 8, place: 6, quote: 24, named: 1, wholeQuotes: true},
	{title: 16, name: 8, place: 6, quote: 16, named: 1, wholeQuotes: true},
	{title: 16, name: 8, quote: 24, named: 1, wholeQuotes: true},
	{title: 16, name: 8, quote: 16, named: 1, wholeQuotes: true},
	{title: 14, name: 8, named: 1},
	{title: 14, name: 8, named: 1, counted: true},
	{title: 14, name: 8, named: 1, counted: true, today: true},
}

// in returns the room in a language.
func (r room) in(l briefing.Language) room {
	if l != briefing.English {
		return r
	}
	scaled := func(n, most int) int { return min(n*wider/5, most) }
	r.title, r.name, r.place, r.quote = scaled(r.title, maxTitle), scaled(r.name, maxName), scaled(r.place, maxName), scaled(r.quote, maxQuote)
	return r
}

// least is how much of each list a full day keeps while its lines can still be made shorter, and beyond that: what the
// world tells goes before what somebody asks.
var least = []map[listKind]int{
	{listMeetings: 6, listReplies: 4, listStories: 2},
	{listMeetings: 6, listReplies: 4, listStories: 1},
	{listMeetings: 1, listReplies: 1, listStories: 1},
}

// terse is the last of the rooms in which the summary says all it has to say. Beyond it, stories go first.
const terse = 9

// readable is the last of the rooms in which a line says enough to be worth more than another line.
const readable = 6

// fitted returns the document in as much room as the day leaves. News has what room the rest leaves it.
func (l *layout) fitted() *document {
	most := lengthsOf(l.words.Code, l.quiet())
	for i := range rooms[:terse+1] {
		for news := range rooms[:i+1] {
			d := l.fittedIn(i, news, most)
			m := d.measure()
			if m.within(most) {
				return d
			}
			if m.asked > most.asked {
				break // shorter news would not help
			}
		}
	}
	var d *document
	for i := terse; i < len(rooms); i++ {
		d = l.documentIn(i, i)
		d.shorten(most, least[0])
		d.shorten(most, least[1])
		if d.measure().within(most) {
			return d
		}
	}
	d.shorten(most, least[2])
	return d
}

// fittedIn returns the document in some of the rooms, with lists cut as far as these rooms let them.
func (l *layout) fittedIn(i, news int, most lengths) *document {
	d := l.documentIn(i, news)
	if news < i {
		most.whole = math.MaxInt // shorter news comes before less of the day
	}
	if i < readable {
		most.whole, most.asked = math.MaxInt, math.MaxInt // only too many lines are too many, however short
	}
	d.shorten(most, least[0])
	return d
}

// documentIn returns the document with news in one of the rooms and all else in another.
func (l *layout) documentIn(i, news int) *document {
	l.room, l.newsRoom = rooms[i].in(l.words.Code), rooms[news].in(l.words.Code)
	return l.document()
}

// listKind tells the lists apart that may be cut.
type listKind string

const (
	noList       listKind = ""
	listMeetings listKind = "meetings"
	listReplies  listKind = "replies"
	listStories  listKind = "stories"
)

// measured is how long a document is without what is wrong.
type measured struct{ whole, asked, lines int }

func (m measured) within(most lengths) bool {
	return m.whole <= most.whole && m.asked <= most.asked && m.lines <= most.lines
}

func (d *document) measure() measured {
	var m measured
	for _, p := range d.parts {
		if p.extra {
			continue
		}
		chars := 0
		for _, line := range p.lines() {
			m.lines++
			chars += utf8.RuneCountInString(line.Unlinked())
		}
		m.whole += chars
		if p.asked {
			m.asked += chars
		}
	}
	if d.lost != nil {
		chars := utf8.RuneCountInString(d.lost.Unlinked())
		m.whole, m.asked, m.lines = m.whole-chars, m.asked-chars, m.lines-1
	}
	return m
}

// shown counts the items of a list that are told.
func (d *document) shown(list listKind) int {
	n := 0
	for _, p := range d.parts {
		if p.list == list {
			n += len(p.items)
		}
	}
	return n
}

// shorten leaves items out until the document is short enough, or its lists are down to what they are to keep.
func (d *document) shorten(most lengths, keep map[listKind]int) {
	for m := d.measure(); !m.within(most); m = d.measure() {
		i := d.shortenable(keep, m.asked > most.asked)
		if i < 0 {
			return
		}
		d.parts[i].drop()
	}
}

// shortenable is the index of the list that can spare an item best: the one furthest above what it is to keep, the later
// one of two. -1 when there is none.
func (d *document) shortenable(keep map[listKind]int, asked bool) int {
	best, spare := -1, 0
	for i, p := range d.parts {
		if !p.droppable() || asked && !p.asked {
			continue
		}
		n := len(p.items) - max(1, keep[p.list])
		if p.hidden == 0 && (!p.headed || keep[p.list] > 1) {
			n-- // the first one left out makes a line, or words, that say so
		}
		if n > 0 && n >= spare {
			best, spare = i, n
		}
	}
	return best
}

// shortGist strings facts together to one line that a locked phone shows whole: the least of them go first.
func shortGist(facts []fact, most int, tail string) string {
	for {
		words := make([]string, len(facts))
		for i, f := range facts {
			words[i] = f.words
		}
		line := capital(joined(words...))
		if tail != "" {
			line += " " + tail
		}
		i := leastOf(facts)
		switch {
		case utf8.RuneCountInString(line) <= most || len(facts) == 1 && facts[i].short == "":
			return line
		case facts[i].short != "":
			facts[i] = fact{words: facts[i].short}
		default:
			facts = slices.Delete(facts, i, i+1)
		}
	}
}

// fact is part of the gist. The higher its rank, the sooner it is left out, or said more shortly first.
type fact struct {
	words, short string
	rank         int
}

// How soon facts give way: first what can wait, then that there is nothing to answer.
const (
	rankReplies = iota + 1
	rankCauses
	rankNoReply
	rankBeyond
)

// leastOf is the index of the fact that gives way first.
func leastOf(facts []fact) int {
	least := 0
	for i, f := range facts {
		if f.rank >= facts[least].rank {
			least = i
		}
	}
	return least
}

// brackets puts words behind a heading.
func brackets(heading, words language.Phrase) language.Phrase {
	if len(words) == 0 {
		return heading
	}
	line := append(slices.Clone(heading), language.Piece{Text: "  ("})
	line = append(line, words...)
	return append(line, language.Piece{Text: ")"})
}
