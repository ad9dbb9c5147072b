package briefing_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"achim/briefing"
)

// editing is a pipeline's world for one entry: one source, one reader, and an Editor that is to be put up with.
type editing struct {
	briefing.LedgerStore
	briefing.MemoryStore
	briefing.RunStore
	edit   func(context.Context, briefing.EditRequest) []briefing.Section
	reads  time.Duration // how long reading takes
	frozen time.Time
}

func (w *editing) Reader(context.Context, string) (briefing.Reader, error) {
	return briefing.Reader{ID: "3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f", SlackChannelID: "D0HANEUL"}, nil
}

func (w *editing) Memory(context.Context, briefing.ReaderID, briefing.Date) (briefing.Memory, error) {
	return briefing.Memory{}, nil
}

func (w *editing) Advance(_ context.Context, s briefing.Step) (briefing.Entry, error) {
	w.frozen = time.Now()
	return s.Entry, nil
}

func (w *editing) Name() briefing.SourceName                 { return briefing.Gmail }
func (w *editing) Provider() briefing.Provider               { return briefing.Google }
func (w *editing) Render(briefing.Briefing) briefing.Message { return briefing.Message{} }
func (w *editing) Filled(briefing.Briefing) briefing.Message { return briefing.Message{} }

func (w *editing) Fetch(context.Context, briefing.Request) (briefing.Section, error) {
	time.Sleep(w.reads)
	return briefing.Section{Source: briefing.Gmail, Items: []briefing.Item{
		{ID: "a", Group: briefing.NeedsReply, Text: "own a"}, {ID: "b", Group: briefing.NeedsReply, Text: "own b"},
	}}, nil
}

func (w *editing) Edit(ctx context.Context, req briefing.EditRequest) []briefing.Section {
	return w.edit(ctx, req)
}

// readers hands out the one reader; the other methods are not called.
type readers struct {
	briefing.ReaderStore
	*editing
}

func (r readers) Reader(ctx context.Context, ref string) (briefing.Reader, error) {
	return r.editing.Reader(ctx, ref)
}

func (w *editing) pipeline(editFor time.Duration) *briefing.Pipeline {
	p := &briefing.Pipeline{Ledger: w, Readers: readers{nil, w}, Memory: w, Runs: w, Sources: []briefing.Source{w}, Renderer: w,
		Defaults: &briefing.Defaults{Zone: time.UTC, Language: briefing.Korean, Weekdays: 0x7f}, Grace: time.Hour, Now: time.Now}
	if w.edit != nil {
		p.Editor, p.EditFor = w, editFor
	}
	return p
}

// TestAnEditorKeepsToItsTime: whatever an Editor does, the briefing is frozen before its hour with all there is in it.
func TestAnEditorKeepsToItsTime(t *testing.T) {
	t.Parallel()
	turnedAround := func(req briefing.EditRequest) []briefing.Section {
		sections := slices.Clone(req.Sections)
		sections[0].Items = slices.Clone(sections[0].Items)
		slices.Reverse(sections[0].Items)
		return sections
	}
	for _, c := range []struct {
		name        string
		ahead       time.Duration // of the hour
		reads       time.Duration
		edit        func(ctx context.Context, req briefing.EditRequest) []briefing.Section
		first       string
		least, most time.Duration // when it is frozen
	}{
		{"none", 2 * time.Minute, time.Second, nil, "a", time.Second, time.Second},
		{"in time", 2 * time.Minute, time.Second, func(_ context.Context, req briefing.EditRequest) []briefing.Section {
			time.Sleep(3 * time.Second)
			return turnedAround(req)
		}, "b", 4 * time.Second, 4 * time.Second},
		{"hangs, and does not even listen", 2 * time.Minute, time.Second, func(context.Context, briefing.EditRequest) []briefing.Section {
			time.Sleep(time.Hour)
			return nil
		}, "a", 9 * time.Second, 9 * time.Second},
		{"hangs until the hour", 5 * time.Second, time.Second, func(ctx context.Context, req briefing.EditRequest) []briefing.Section {
			<-ctx.Done()
			return req.Sections
		}, "a", 4 * time.Second, 4 * time.Second},
		{"the hour came while reading", 5 * time.Second, 6 * time.Second, func(_ context.Context, req briefing.EditRequest) []briefing.Section {
			return turnedAround(req)
		}, "a", 6 * time.Second, 6 * time.Second},
		{"late, or by hand", 0, time.Second, func(_ context.Context, req briefing.EditRequest) []briefing.Section {
			time.Sleep(3 * time.Second)
			return turnedAround(req)
		}, "b", 4 * time.Second, 4 * time.Second},
		{"panics", 2 * time.Minute, 0, func(context.Context, briefing.EditRequest) []briefing.Section { panic("no") }, "a", 0, 0},
		{"loses one", 2 * time.Minute, 0, func(_ context.Context, req briefing.EditRequest) []briefing.Section {
			sections := turnedAround(req)
			sections[0].Items = sections[0].Items[:1]
			return sections
		}, "a", 0, 0},
		{"makes one up", 2 * time.Minute, 0, func(_ context.Context, req briefing.EditRequest) []briefing.Section {
			sections := turnedAround(req)
			sections[0].Items[0].ID = "c"
			return sections
		}, "a", 0, 0},
		{"changes more than lines", 2 * time.Minute, 0, func(_ context.Context, req briefing.EditRequest) []briefing.Section {
			sections := turnedAround(req)
			sections[0].Counts, sections[0].Items[1].From, sections[0].Items[1].Due = map[briefing.Group]int{briefing.NeedsReply: 9}, "somebody else", time.Now()
			return sections
		}, "b", 0, 0},
		{"returns nothing", 2 * time.Minute, 0, func(context.Context, briefing.EditRequest) []briefing.Section { return nil }, "a", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &editing{edit: c.edit, reads: c.reads}
				defer time.Sleep(2 * time.Hour) // until whoever was left behind has come back
				started := time.Now()
				date := briefing.DateOf(started, time.UTC)
				e, err := w.pipeline(8*time.Second).Prepare(t.Context(), briefing.Entry{ID: "e", Date: date, Slot: briefing.DailySlot,
					State: briefing.Planned, DueAt: started.Add(c.ahead)})
				if err != nil {
					t.Fatal(err)
				}
				if took := w.frozen.Sub(started); took < c.least || took > c.most {
					t.Errorf("frozen after %v, want %v to %v", took, c.least, c.most)
				}
				s, _ := e.Content.Section(briefing.Gmail)
				if len(s.Items) != 2 || s.Items[0].ID != c.first {
					t.Errorf("told %v, want %s first", s.Items, c.first)
				}
				for _, item := range s.Items {
					if item.Text != "own "+item.ID || item.From != "" || !item.Due.IsZero() {
						t.Errorf("told %+v", item)
					}
				}
				if e.Content.Gist.NeedsReply == nil || *e.Content.Gist.NeedsReply != 2 {
					t.Error("the numbers changed")
				}
			})
		})
	}
}
