package briefing

import (
	"context"
	"time"
)

// freezeWithin is what is left of the time before the hour when an Editor has to be back: to compose, freeze and post.
const freezeWithin = time.Second

// editAll lets the Editor, if there is one, choose among what was read. It comes back when the Editor does, when EditFor is
// over, or just before the hour, whichever is earliest: an Editor that does not keep its word, or panics, is left behind.
// Where the hour came while the sources were read there is no time for one. An entry that was begun after its hour has
// nobody waiting for a minute of the clock, and takes its time.
func (p *Pipeline) editAll(ctx context.Context, r reading, sections []Section) []Section {
	within := p.EditFor
	if r.entry.State == Planned && r.now.Before(r.entry.DueAt) {
		within = min(within, r.entry.DueAt.Sub(p.Now())-freezeWithin)
	}
	if p.Editor == nil || within <= 0 || len(sections) == 0 {
		return sections
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	req := EditRequest{Reader: r.reader, Language: p.Defaults.LanguageOf(r.reader), Date: r.entry.Date, Sections: sections}
	done := make(chan []Section, 1) // buffered: an Editor left behind must not wait for anybody
	go func() {
		defer cancel()
		edited := sections
		defer func() {
			_ = recover() // what was read is told as it was read
			done <- edited
		}()
		if chosen := p.Editor.Edit(ctx, req); sameItems(sections, chosen) {
			edited = chosen
		}
	}()
	select {
	case edited := <-done:
		return edited
	case <-ctx.Done():
	}
	select {
	case edited := <-done: // both were ready
		return edited
	default:
		return sections
	}
}

// sameItems reports whether two lists of sections hold the same items of the same groups, in whatever order.
func sameItems(a, b []Section) bool {
	type one struct {
		section int
		id      string
		group   Group
	}
	if len(a) != len(b) {
		return false
	}
	seen := map[one]int{}
	for i := range a {
		if a[i].Source != b[i].Source || len(a[i].Items) != len(b[i].Items) {
			return false
		}
		for j := range a[i].Items {
			seen[one{i, a[i].Items[j].ID, a[i].Items[j].Group}]++
			seen[one{i, b[i].Items[j].ID, b[i].Items[j].Group}]--
		}
	}
	for _, n := range seen {
		if n != 0 {
			return false
		}
	}
	return true
}
