package briefing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Bounds of a source's window when there is no watermark, or an old one.
const (
	firstWindow   = 24 * time.Hour
	longestWindow = 7 * 24 * time.Hour
)

// overslept is how much longer than its budget a reading can take on a machine that is only busy.
const overslept = 5 * time.Second

// reading is what reading a set of sources for an entry needs.
type reading struct {
	entry  Entry
	reader Reader
	zone   *time.Location
	memory Memory
	now    time.Time
}

// windowSince returns the window a source is read for: from its watermark up to now. Reading starts
// before the hour, and what comes in between belongs to the next window, so that nothing falls between two.
func windowSince(watermark, now time.Time) Window {
	to := now.Truncate(time.Second)
	from := watermark
	if from.IsZero() {
		from = to.Add(-firstWindow)
	}
	if oldest := to.Add(-longestWindow); from.Before(oldest) {
		from = oldest
	}
	if from.After(to) {
		from = to
	}
	return Window{From: from, To: to}
}

// freeze gives every source of the entry a window, keeping those it has.
func (p *Pipeline) freeze(r reading) map[SourceName]Window {
	windows := make(map[SourceName]Window, len(p.Sources))
	for _, source := range p.Sources {
		name := source.Name()
		if w, ok := r.entry.Windows[name]; ok {
			windows[name] = w
			continue
		}
		windows[name] = windowSince(r.memory.Sources[name].Watermark, r.now)
	}
	return windows
}

// readAll reads the named sources at once, each in its budget, and judges how it went. A source that is
// not configured gives no section. Sections come in the order of p.Sources.
func (p *Pipeline) readAll(ctx context.Context, r reading, names []SourceName) []Section {
	sections := make([]*Section, len(p.Sources))
	var wg sync.WaitGroup
	for i, source := range p.Sources {
		if !slices.Contains(names, source.Name()) {
			continue
		}
		wg.Go(func() { sections[i] = p.readOne(ctx, r, source) })
	}
	wg.Wait()
	var read []Section
	for _, s := range sections {
		if s != nil {
			read = append(read, *s)
		}
	}
	return read
}

// readOne reads one source and returns its section, nil when it is not configured.
func (p *Pipeline) readOne(ctx context.Context, r reading, source Source) *Section {
	name := source.Name()
	req := Request{
		Reader: r.reader, Date: r.entry.Date, Zone: r.zone, Language: p.Defaults.LanguageOf(r.reader),
		Window: r.entry.Windows[name], Now: r.now, Seen: r.memory.Seen,
	}
	started := p.Now()
	section, err := p.fetch(ctx, source, req)
	if err != nil && ctx.Err() == nil && p.slept(started, name) {
		started = p.Now()
		section, err = p.fetch(ctx, source, req) // it was this process that was late, not the source
	}
	if errors.Is(err, ErrNotConfigured) {
		return nil
	}
	section = judge(judged{source: source, section: section, err: err, before: r.memory.Sources[name],
		copied: r.memory.Copies[name], now: p.Now()})
	section.Window = r.entry.Windows[name]
	p.Observe.sourceRead(section, err, p.Now().Sub(started))
	return &section
}

// budget returns how long the source may take.
func (p *Pipeline) budget(name SourceName) time.Duration {
	if budget, ok := p.Budgets[name]; ok {
		return budget
	}
	return defaultBudget
}

// slept reports whether the process, or the machine, slept since a reading was started: by the wall clock, which
// goes on meanwhile, far more time has gone by than a reading can take.
func (p *Pipeline) slept(started time.Time, name SourceName) bool {
	return p.Now().Round(0).Sub(started.Round(0)) > p.budget(name)+overslept
}

// fetch calls the source within its budget. A source that does not come back in time is left behind; one
// that panics has failed.
func (p *Pipeline) fetch(ctx context.Context, source Source, req Request) (Section, error) {
	ctx, cancel := context.WithTimeout(ctx, p.budget(source.Name()))
	type result struct {
		section Section
		err     error
	}
	done := make(chan result, 1) // buffered: a source left behind must not wait for anybody
	go func() {
		defer cancel()
		var got result
		defer func() {
			if v := recover(); v != nil {
				got = result{err: &Error{Op: "read " + string(source.Name()), Reason: Internal, Err: fmt.Errorf("panic: %v", v)}}
			}
			done <- got
		}()
		got.section, got.err = source.Fetch(ctx, req)
	}()
	select {
	case got := <-done:
		return got.section, got.err
	case <-ctx.Done():
	}
	select {
	case got := <-done: // both were ready
		return got.section, got.err
	default:
		return Section{}, &Error{Op: "read " + string(source.Name()), Reason: Timeout, Err: context.Cause(ctx)}
	}
}

// judged is what a verdict is made of.
type judged struct {
	source  Source
	section Section
	err     error
	before  SourceState
	copied  Copy
	now     time.Time
}

// judge decides what a reading is worth. Nothing but a reading in full may come out empty.
func judge(j judged) Section {
	s := j.section
	part := s.Source != ""
	s.Source, s.Provider = j.source.Name(), j.source.Provider()
	if s.ReadAt.IsZero() {
		s.ReadAt = j.now
	}
	if s.Counts == nil {
		s.Counts = countItems(s.Items)
	}
	v := Verdict{LastOK: j.before.LastOK}
	switch {
	case j.err == nil:
		v.State, v.LastOK = VerdictOK, s.ReadAt
		if s.Total() == 0 {
			v.State = VerdictEmpty
		}
	case errors.Is(j.err, ErrNotConnected):
		s = Section{Source: s.Source, Provider: s.Provider}
		v = Verdict{State: VerdictNotConnected}
	default:
		v.Reason, v.Since = ReasonOf(j.err), failingSince(j)
		switch {
		case part:
			v.State = VerdictPartial
		case !j.copied.AsOf.IsZero():
			v.State, v.AsOf = VerdictStale, j.copied.AsOf
			s = Section{Source: s.Source, Provider: s.Provider, Items: j.copied.Items, Counts: countItems(j.copied.Items)}
		default:
			v.State = VerdictFailed
			s = Section{Source: s.Source, Provider: s.Provider}
		}
	}
	_, s.Unusable = errors.AsType[*UnusableGrantError](j.err)
	_, s.Locked = errors.AsType[*LockedGrantError](j.err)
	if wait := RetryAfter(j.err); wait > 0 {
		s.NotBefore = j.now.Add(wait)
	}
	v.Count = s.Total()
	s.Verdict = v
	return s
}

// failingSince returns when the failure was first confirmed: by the edge, by an earlier briefing, or now.
func failingSince(j judged) time.Time {
	if e, ok := errors.AsType[*Error](j.err); ok && !e.Since.IsZero() {
		return e.Since
	}
	if !j.before.FailingSince.IsZero() && j.before.Reason == ReasonOf(j.err) {
		return j.before.FailingSince
	}
	return j.now
}

// countItems counts items by group.
func countItems(items []Item) map[Group]int {
	counts := map[Group]int{}
	for _, item := range items {
		counts[item.Group]++
	}
	return counts
}

// remember returns what the sections leave behind for the next briefing. Only a reading in full moves the
// watermark, and never backwards.
func remember(sections []Section, before map[SourceName]SourceState) map[SourceName]SourceState {
	after := map[SourceName]SourceState{}
	for _, s := range sections {
		state := before[s.Source]
		switch s.Verdict.State {
		case VerdictNotConnected:
			continue
		case VerdictOK, VerdictEmpty:
			if s.Window.To.After(state.Watermark) {
				state.Watermark = s.Window.To
			}
			if s.ReadAt.Before(state.LastOK) || s.ReadAt.Before(state.FailingSince) {
				break // another briefing of the reader knows better
			}
			state.LastOK, state.FailingSince, state.Reason = s.ReadAt, time.Time{}, ""
		default:
			state.FailingSince, state.Reason = s.Verdict.Since, s.Verdict.Reason
			if state.Watermark.IsZero() {
				state.Watermark = s.Window.From // a first briefing that failed is caught up too
			}
		}
		after[s.Source] = state
	}
	return after
}

// copies returns the readings worth keeping for a day that cannot be read: of sources that know later days.
func copies(e Entry) []DayCopy {
	var kept []DayCopy
	for _, s := range e.Sections {
		if s.Ahead == nil || (s.Verdict.State != VerdictOK && s.Verdict.State != VerdictEmpty) {
			continue
		}
		kept = append(kept, DayCopy{Source: s.Source, Copy: Copy{Date: e.Date, Items: unmarked(s.Items), AsOf: s.ReadAt}})
		for _, day := range s.Ahead {
			kept = append(kept, DayCopy{Source: s.Source, Copy: Copy{Date: day.Date, Items: day.Items, AsOf: s.ReadAt}})
		}
	}
	return kept
}

// unmarked returns the items without the marks that hold for one message only.
func unmarked(items []Item) []Item {
	items = slices.Clone(items)
	for i := range items {
		items[i].Marks = slices.DeleteFunc(slices.Clone(items[i].Marks), func(m Mark) bool { return m == MarkNew })
	}
	return items
}

// shownKeys returns the keys of the news told in the briefing.
func shownKeys(b Briefing) []string {
	s, ok := b.Section(News)
	if !ok {
		return nil
	}
	keys := make([]string, 0, len(s.Items))
	for _, item := range s.Items {
		keys = append(keys, item.Known()...)
	}
	return keys
}
