package sources

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	retold      = 8 * time.Hour // within which what stands in one place is one story, whatever its title says by now
	mostKeys    = 12            // that a story keeps of its earlier titles and its own
	tellingMuch = 24            // letters of a title, see weight, that no other story has by chance
	tellingSome = 16            // letters that are as telling in three words
)

// identify gives each story the keys under which it is remembered. A title is one by itself if it is telling and the only such in
// its feed: 오늘의 날씨 is another story every day and in every paper, and goes by its link as well.
func (d *feedDoc) identify() {
	ids, refs, titles := map[string]int{}, map[string]int{}, map[string]int{}
	for i := range d.stories {
		s := &d.stories[i]
		ids[s.id]++
		refs[s.ref]++
		titles[s.title]++
	}
	for i := range d.stories {
		s := &d.stories[i]
		s.sole = refs[s.ref] == 1 && strings.Count(strings.TrimSuffix(s.ref, "/"), "/") > 2 // a home page is no story's
		if ids[s.id] > 1 {
			s.id = shortHash(s.id + s.key)
		}
		s.telling = s.telling && titles[s.title] == 1
		if s.telling {
			s.keys = append(s.keys, s.key)
		}
		if !s.telling || s.at.IsZero() {
			s.keys = append(s.keys, shortHash(s.key+" "+s.ref))
		}
		if s.sole && !s.at.IsZero() {
			s.keys = append(s.keys, s.placedAt(0))
			s.beside = [2]string{s.placedAt(-1), s.placedAt(1)}
		}
	}
}

// saysEnough reports whether the title is long enough that nobody else has it by chance.
func saysEnough(untagged string, words []word) bool {
	n := weight(untagged)
	return n >= tellingMuch || n >= tellingSome && len(words) >= 3
}

// weight counts letters and digits. A syllable or an ideograph says as much as two Latin letters.
func weight(title string) int {
	n := 0
	for _, r := range title {
		switch {
		case unicode.In(r, unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana):
			n += 2
		case unicode.IsLetter(r), unicode.IsDigit(r):
			n++
		}
	}
	return n
}

// placedAt is the key of whatever stood in the story's place at about its time, or so many spans before or after.
func (s *story) placedAt(spans int64) string {
	return s.place + "@" + strconv.FormatInt(s.at.Unix()/int64(retold/time.Second)+spans, 10)
}

// knownIn reports whether the story was told under one of the keys, be it under another title in the same place.
func (s *story) knownIn(seen map[string]bool) bool {
	return seen[s.beside[0]] || seen[s.beside[1]] || slices.ContainsFunc(s.keys, func(key string) bool { return seen[key] })
}

// retells reports whether the story is another version of what stood in the same place: published at about the same time, or
// with a title much like it. Some have a place for each day's news, not for each story.
func (s *story) retells(o *story) bool {
	return !s.at.IsZero() && !o.at.IsZero() && s.at.Sub(o.at).Abs() <= retold || near(s.words, o.words)
}

// near reports whether the titles agree in half of their words and in all numbers.
func near(a, b []word) bool {
	shared := 0
	for _, pair := range [][2][]word{{a, b}, {b, a}} {
		for _, w := range pair[0] {
			switch {
			case slices.ContainsFunc(pair[1], func(o word) bool { return o.stem == w.stem }):
				shared++
			case w.number:
				return false
			}
		}
	}
	return shared > 0 && shared >= min(len(a), len(b)) // each was counted from both sides
}

// inherit takes over what is known from the reading before, nil for the first: since when a story is in the feed, and, of one that
// was given another title, the keys under which readers may have been told it.
func (d *feedDoc) inherit(before *feedDoc, now time.Time) {
	switch {
	case d == nil:
		return
	case before == nil:
		d.since = now
		return
	}
	d.since = before.since
	known := make(map[string]*story, 3*len(before.stories))
	for i := range before.stories {
		s := &before.stories[i]
		for _, key := range s.keys {
			known[key] = s
		}
		if s.sole {
			known[s.place] = s
		}
	}
	for i := range d.stories {
		d.stories[i].follow(known, now)
	}
}

// follow takes over what is known of the story from the ones there were, by key and place.
func (s *story) follow(known map[string]*story, now time.Time) {
	s.first = now
	for _, key := range s.keys {
		if old := known[key]; old != nil {
			s.first = old.first
			break
		}
	}
	old := known[s.place]
	if old == nil || !s.sole || !s.retells(old) {
		return
	}
	s.first = old.first
	for _, key := range old.keys {
		if len(s.keys) < mostKeys && !slices.Contains(s.keys, key) {
			s.keys = append(s.keys, key)
		}
	}
}
