package sources

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

// told is a story as one publisher tells it to one reader, with the others who do.
type told struct {
	*story
	from   string
	feed   int // in the list of feeds
	lean   int // of the reader, towards its topic
	also   int // other publishers, once all are known
	others []*told
}

// versions returns the story as all tell it, this one first.
func (t *told) versions() []*told { return append([]*told{t}, t.others...) }

// count counts the other publishers that tell the story. Who has several feeds, or stands in somebody's collection too, counts
// once.
func (t *told) count() int {
	heard := []*told{t}
	for _, o := range t.others {
		if !slices.ContainsFunc(heard, o.publisherOf) {
			heard = append(heard, o)
		}
	}
	return len(heard) - 1
}

// publisherOf reports whether both are told by the same publisher: by its name, or by where the stories are.
func (t *told) publisherOf(o *told) bool {
	return strings.EqualFold(t.from, o.from) || t.publisher == "" && o.publisher == "" && t.host == o.host
}

// item is the story as a briefing tells it, with the keys of all its versions: any of them is the same story tomorrow.
func (t *told) item() briefing.Item {
	at := t.at
	if t.allDay {
		at = time.Time{} // its hour is not known
	}
	var keys []string
	for _, v := range t.versions() {
		for _, key := range v.keys {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return briefing.Item{ID: t.id, Key: keys[0], Keys: keys[1:], Group: briefing.Story, Title: t.title, URL: t.link, At: at, From: t.from, Also: t.also}
}

// pile gathers the stories of all feeds for one reader. Of a story that several tell, the version stands that the first of those
// feeds has last: whoever made the list put first what they trust most, the newest version corrects the ones before, and title,
// link and time have to be of one piece.
type pile struct {
	req   briefing.Request
	feeds []pileFeed
	known map[string]*told    // by key and link
	alike map[string][]*told  // by how they begin
	past  map[string][]*story // what was told on an earlier date, by link
	dated map[string][]*story // and by how it begins
}

type pileFeed struct {
	feed briefing.Feed
	doc  *feedDoc
	list []*told
}

// add puts a feed that was read on the pile.
func (p *pile) add(feed briefing.Feed, doc *feedDoc) {
	p.feeds = append(p.feeds, pileFeed{feed: feed, doc: doc})
}

// stories returns what is to be told, in order: what the reader wants more of first, then what several publishers tell, and one
// of each feed in turn, so that no feed fills the list.
func (p *pile) stories() []*told {
	p.known, p.alike = map[string]*told{}, map[string][]*told{}
	p.rememberPast()
	for i := range p.feeds {
		p.selectFrom(i)
	}
	for i := range p.feeds {
		p.limit(i)
	}
	var all []*told
	for turn, left := 0, true; left; turn++ {
		round := len(all)
		for _, f := range p.feeds {
			if turn < len(f.list) {
				all = append(all, f.list[turn])
			}
		}
		slices.SortStableFunc(all[round:], weightier)
		left = len(all) > round
	}
	slices.SortStableFunc(all, func(a, b *told) int { return cmp.Or(b.lean-a.lean, cmp.Compare(min(b.also, 1), min(a.also, 1))) })
	return all
}

// rememberPast notes which of the stories in the feeds were told on an earlier date, to know them again under another title.
func (p *pile) rememberPast() {
	p.past, p.dated = map[string][]*story{}, map[string][]*story{}
	if len(p.req.Seen) == 0 {
		return
	}
	for _, f := range p.feeds {
		for i := range f.doc.stories {
			if s := &f.doc.stories[i]; s.knownIn(p.req.Seen) {
				if s.sole {
					p.past[s.ref] = append(p.past[s.ref], s)
				}
				if begin := s.begins(); len(p.dated[begin]) < mostCompared {
					p.dated[begin] = append(p.dated[begin], s)
				}
			}
		}
	}
}

// isPast reports whether the story was told on an earlier date, be it under another title.
func (p *pile) isPast(s *story) bool {
	return s.knownIn(p.req.Seen) || s.sole && slices.ContainsFunc(p.past[s.ref], s.retells) ||
		slices.ContainsFunc(p.dated[s.begins()], func(o *story) bool { return sameStory(s, o) })
}

// fresh returns up to where the stories without a time are news though they were there when the process first read the feed: all
// of a feed of which the reader was never told anything, else those above what was told.
func (p *pile) fresh(doc *feedDoc) int {
	if doc.since.Before(p.req.Window.From) {
		return 0
	}
	end := len(doc.stories)
	for i := range doc.stories {
		if s := &doc.stories[i]; s.knownIn(p.req.Seen) {
			if s.at.IsZero() {
				return i
			}
			end = 0
		}
	}
	return end
}

// selectFrom puts a feed's stories on the pile, the newest first: of the window, not told before, and nothing the reader has muted.
// Of stories without a time there are few, because nothing says that they are new.
func (p *pile) selectFrom(n int) {
	f := &p.feeds[n]
	publisher := firstOf(oneLine(f.feed.Title), f.doc.title, hostOf(f.feed.URL))
	undated, fresh := 0, p.fresh(f.doc)
	for i := range f.doc.stories {
		s := &f.doc.stories[i]
		if !s.within(p.req.Window) || p.req.Reader.Preferences.MutesText(folded(s.title)) || p.isPast(s) {
			continue
		}
		if s.at.IsZero() && s.first.IsZero() && i >= fresh {
			continue
		}
		t := &told{story: s, from: firstOf(s.publisher, publisher), feed: n}
		same := p.find(t)
		if same == nil && s.at.IsZero() {
			if undated++; undated > undatedPerFeed {
				continue
			}
		}
		p.keep(t, same)
	}
}

// within reports whether the story is one of the window: by its time, by its day where no more is said, and where nothing is,
// by when it appeared in its feed. One of before counts as well where it came too late for the reading that closed the window
// before, or may have: what was told then is known.
func (s *story) within(w briefing.Window) bool {
	switch {
	case s.at.IsZero():
		return s.first.IsZero() || !s.first.Before(w.From)
	case s.allDay:
		return s.at.Before(w.To) && s.at.Add(24*time.Hour).After(w.From)
	}
	if before := w.From.Sub(s.at); before > listedLate && (before > sameDay || !s.first.After(w.From.Add(defaultNewsPace))) {
		return false
	}
	return s.at.Before(w.To)
}

// find returns the story on the pile that t tells as well, or nil.
func (p *pile) find(t *told) *told {
	for _, key := range t.keys {
		if same := p.known[key]; same != nil {
			return same
		}
	}
	if same := p.known[t.ref]; t.sole && same != nil && slices.ContainsFunc(same.versions(), t.retoldBy) {
		return same
	}
	for _, o := range p.alike[t.begins()] {
		ours := o.publisherOf(t) || slices.ContainsFunc(o.others, t.publisherOf) // who tells two things alike means two things
		if !ours && sameStory(t.story, o.story) {
			return o
		}
	}
	return nil
}

// keep puts t on the pile, with the story it tells as well.
func (p *pile) keep(t, same *told) {
	if same == nil {
		t.lean = p.req.Reader.Preferences.Leaning(folded(t.title))
		p.feeds[t.feed].list = append(p.feeds[t.feed].list, t)
		if begin := t.begins(); begin != "" && len(p.alike[begin]) < mostCompared {
			p.alike[begin] = append(p.alike[begin], t)
		}
		same = t
	} else if len(same.others) < mostTellers {
		same.others = append(same.others, t)
	}
	names := t.keys
	if t.sole {
		names = append(slices.Clone(names), t.ref)
	}
	for _, name := range names {
		if p.known[name] == nil {
			p.known[name] = same
		}
	}
}

// retoldBy reports whether both tell what stands at one address.
func (t *told) retoldBy(o *told) bool { return t.ref == o.ref && t.retells(o.story) }

// limit orders a feed's stories and takes away what is more than the feed may bring in. Where another feed tells such a story
// too, it is that one's.
func (p *pile) limit(n int) {
	f := &p.feeds[n]
	for _, t := range f.list {
		t.also = t.count()
	}
	slices.SortStableFunc(f.list, func(a, b *told) int { return cmp.Or(b.lean-a.lean, weightier(a, b)) })
	if f.feed.MaxItems <= 0 || len(f.list) <= f.feed.MaxItems {
		return
	}
	for _, t := range f.list[f.feed.MaxItems:] {
		i := slices.IndexFunc(t.others, func(o *told) bool { return o.feed > n })
		if i < 0 {
			continue
		}
		next := t.others[i]
		next.lean, next.others = t.lean, append(slices.Delete(slices.Clone(t.others), i, i+1), t)
		p.feeds[next.feed].list = append(p.feeds[next.feed].list, next)
	}
	f.list = f.list[:f.feed.MaxItems]
}

// weightier orders by how many tell a story, then by time; what has none comes last and stays in the feed's order.
func weightier(a, b *told) int { return cmp.Or(b.also-a.also, b.at.Compare(a.at)) }
