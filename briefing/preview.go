package briefing

import (
	"context"
	"fmt"
	"slices"
)

// Preview reads and composes what the reader's briefing of the date would be, and changes nothing but
// access tokens that had to be refreshed.
func (p *Pipeline) Preview(ctx context.Context, reader Reader, date Date) (Briefing, error) {
	schedule, err := p.Defaults.Schedule(reader)
	if err != nil {
		return Briefing{}, err
	}
	e := Entry{ID: EntryID(NewID()), Reader: reader.ID, Date: date, Slot: DailySlot, DueAt: p.Now()}
	r, err := p.open(ctx, e)
	if err != nil {
		return Briefing{}, fmt.Errorf("preview: %w", err)
	}
	r.reader, r.zone = reader, schedule.Zone
	if err := p.freezeAgain(ctx, &r); err != nil {
		return Briefing{}, fmt.Errorf("preview: %w", err)
	}
	r.entry.Sections = p.readAll(ctx, r, p.wanted(reader))
	if err := ctx.Err(); err != nil {
		return Briefing{}, fmt.Errorf("preview: %w", err) // what failed for that says nothing about the sources
	}
	r.entry.Sections = p.editAll(ctx, r, r.entry.Sections)
	return *p.compose(r).Content, nil
}

// freezeAgain gives the sources the windows of the date's briefing, where there was one: after it, what has
// come in since would be all there is.
func (p *Pipeline) freezeAgain(ctx context.Context, r *reading) (err error) {
	if r.entry.Windows, err = p.windowsOf(ctx, r.reader.ID, r.entry.Date); err != nil {
		return err
	}
	r.entry.Windows = p.freeze(*r)
	return nil
}

// windowsOf returns the windows another briefing of the date copies: those of the daily entry, else of the
// first one forced. None when the date has had no briefing.
func (p *Pipeline) windowsOf(ctx context.Context, reader ReaderID, date Date) (map[SourceName]Window, error) {
	entries, err := p.Runs.Entries(ctx, EntryFilter{Reader: reader, Date: date})
	if err != nil {
		return nil, fmt.Errorf("entries of reader %s on %s: %w", reader, date, err)
	}
	var copied map[SourceName]Window
	for _, e := range entries { // the newest comes first
		if len(e.Windows) == 0 {
			continue
		}
		copied = e.Windows
		if e.Slot == DailySlot {
			break
		}
	}
	return copied, nil
}

// Read reads one source for the reader now, as a briefing of the date would. When the source gave nothing
// its error tells why; the section holds the verdict either way.
func (p *Pipeline) Read(ctx context.Context, reader Reader, source SourceName, date Date) (Section, error) {
	i := slices.IndexFunc(p.Sources, func(s Source) bool { return s.Name() == source })
	if i < 0 {
		return Section{}, fmt.Errorf("source %s: %w", source, ErrNotFound)
	}
	r, err := p.open(ctx, Entry{Reader: reader.ID, Date: date, DueAt: p.Now()})
	if err != nil {
		return Section{}, fmt.Errorf("read %s: %w", source, err)
	}
	if err := p.freezeAgain(ctx, &r); err != nil {
		return Section{}, fmt.Errorf("read %s: %w", source, err)
	}
	read := p.readAll(ctx, r, []SourceName{source})
	switch {
	case len(read) == 0:
		return Section{}, fmt.Errorf("source %s: %w", source, ErrNotConfigured)
	case read[0].Verdict.State == VerdictNotConnected:
		return read[0], fmt.Errorf("source %s: %w", source, ErrNotConnected)
	case read[0].Verdict.State == VerdictFailed:
		return read[0], &Error{Op: "read " + string(source), Reason: read[0].Verdict.Reason, Since: read[0].Verdict.Since}
	}
	return read[0], nil
}
