package briefing

import (
	"context"
	"slices"
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
		if chosen, ok := linesOf(sections, p.Editor.Edit(ctx, req)); ok {
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

// linesOf returns the sections with the order and the lines of those an Editor has given back, and with nothing else of
// them. It is false when an item was lost, made up or put elsewhere.
func linesOf(sections, edited []Section) ([]Section, bool) {
	type identity struct {
		id    string
		group Group
	}
	if len(sections) != len(edited) {
		return nil, false
	}
	sections = slices.Clone(sections)
	for i, s := range sections {
		if edited[i].Source != s.Source || len(edited[i].Items) != len(s.Items) {
			return nil, false
		}
		left := map[identity][]Item{}
		for _, item := range s.Items {
			left[identity{item.ID, item.Group}] = append(left[identity{item.ID, item.Group}], item)
		}
		items := make([]Item, 0, len(s.Items))
		for _, e := range edited[i].Items {
			same := left[identity{e.ID, e.Group}]
			if len(same) == 0 {
				return nil, false
			}
			left[identity{e.ID, e.Group}] = same[1:]
			same[0].Text = e.Text
			items = append(items, same[0])
		}
		sections[i].Items = items
	}
	return sections, true
}
