package briefing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// backoff returns how long to wait before try n (from 1): first, doubling, up to most.
func backoff(n int, first, most time.Duration) time.Duration {
	wait := first << min(max(n-1, 0), 20)
	return min(max(wait, first), most)
}

// nextMend returns when a delivered entry is to be mended by itself: while something may have come back
// without the reader doing anything, until the evening. Zero means not by itself.
func (p *Pipeline) nextMend(e Entry) time.Time {
	if e.Status != Degraded {
		return time.Time{}
	}
	helps := slices.ContainsFunc(e.Sections, func(s Section) bool {
		// A row that cannot be used may be mended by the program that wrote it, and looking costs next to nothing.
		return s.Degrades() && (s.Verdict.Reason.Retriable() || s.Unusable) && s.Verdict.Reason != PolicyBlocked
	})
	if !helps {
		return time.Time{}
	}
	at := p.Now().Add(backoff(e.Tries+1, time.Minute, 30*time.Minute))
	for _, s := range e.Sections {
		if s.NotBefore.After(at) {
			at = s.NotBefore
		}
	}
	if at.After(p.mendUntil(e)) {
		return time.Time{}
	}
	return at
}

// mendUntil returns when the entry's day is over for mending by itself.
func (p *Pipeline) mendUntil(e Entry) time.Time { return At(e.Date, p.MendUntil, e.Content.Location()) }

// Mend reads again what a delivered briefing lacks, and edits the message in place if that changed
// anything. What was read in full before is not read again.
func (p *Pipeline) Mend(ctx context.Context, e Entry) error {
	lacking := lackingSources(e)
	if len(lacking) == 0 {
		e.NextAt = time.Time{}
		return p.advance(ctx, Step{Entry: e, From: Delivered, Release: true, Outcome: OutcomeSkipped})
	}
	if until := p.mendUntil(e); p.Now().After(until) && !e.NextAt.After(until) {
		// Due by itself before the evening, and found after it: the day is over. A trigger asks for later.
		e.NextAt = time.Time{}
		return p.advance(ctx, Step{Entry: e, From: Delivered, Release: true, Outcome: OutcomeStillDegraded})
	}
	if e.MessageTS == "" {
		return p.unmended(ctx, e, MessageGone) // a person said it stands; nobody knows where
	}
	r, err := p.open(ctx, e)
	if err != nil {
		return err
	}
	if r.reader.Left() {
		e.NextAt = time.Time{}
		return p.advance(ctx, Step{Entry: e, From: Delivered, Release: true, Outcome: OutcomeStillDegraded})
	}
	r.reader.Preferences.Sections = e.told() // whatever is wanted since: the message is to stay the one it was
	r.entry.Windows = p.freeze(r)
	before := e.Sections
	read := p.readAll(ctx, r, lacking)
	if ctx.Err() == nil {
		read = p.editAll(ctx, r, read)
	}
	r.entry.Sections = merge(before, read)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("mend: %w", err)
	}
	filled := filledSources(before, r.entry.Sections)
	if len(filled) == 0 && sameVerdicts(before, r.entry.Sections) {
		return p.unmended(ctx, e, "")
	}
	if len(filled) > 0 {
		r.entry.MendedAt = r.now
	}
	mended := p.compose(r)
	mended.Content.Filled = union(e.Content.Filled, filled)
	mended.Content.Lacked = union(e.Content.Lacked, slices.DeleteFunc(slices.Clone(filled), func(name SourceName) bool {
		section, _ := e.Section(name)
		return len(section.Items) > 0 // an earlier copy, or a part
	}))
	if err := p.turn(ctx, e, PaceUpdate); err != nil {
		_, err = p.queued(ctx, e, err)
		return err
	}
	mended, err = p.edit(ctx, mended.outOfLine())
	if err != nil {
		p.Observe.trouble(e, err)
		if ReasonOf(err) == RateLimited {
			_, err = p.queued(ctx, e, &queuedError{p.held(ctx, PaceUpdate, err)})
			return err
		}
		return p.unmended(ctx, e, ReasonOf(err))
	}
	return p.commitMend(ctx, mended, r.memory, filled)
}

// told names the sections of the entry's message, in their order.
func (e Entry) told() []SourceName {
	var names []SourceName
	for _, s := range e.Content.Sections {
		names = append(names, s.Source)
	}
	return names
}

// edit replaces the message in the DM by the entry's content, as plain text where Slack does not take it with
// blocks, and returns the entry with that noted.
func (p *Pipeline) edit(ctx context.Context, e Entry) (Entry, error) {
	message := p.Renderer.Render(*e.Content)
	err := p.update(ctx, e, message)
	if ReasonOf(err) == PayloadRefused && !e.PlainText {
		p.Observe.trouble(e, err)
		e.PlainText = true
		err = p.update(ctx, e, message)
	}
	if err != nil {
		return e, fmt.Errorf("edit message of entry %s: %w", e.ID, err)
	}
	return e, nil
}

// update edits the message once, while the entry is ours: a process that slept on the way must not put what was
// true then over what somebody else has written since.
func (p *Pipeline) update(ctx context.Context, e Entry, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	post := p.post(e, m)
	post.Deadline = earlier(p.Now().Add(postWithin), e.ClaimedUntil)
	return p.Deliverer.Update(ctx, e.MessageTS, post)
}

// commitMend commits what the message now says, then tells the thread what was filled in: once, and never
// again, so the intention is committed first.
func (p *Pipeline) commitMend(ctx context.Context, e Entry, memory Memory, filled []SourceName) error {
	reply := len(filled) > 0 && !e.Notified
	e.Notified = e.Notified || reply
	e.Tries++
	e.NextAt = p.nextMend(e)
	if e.Status == Complete {
		e.Tries = 0
	}
	outcome := OutcomeMended
	if e.Status == Degraded {
		outcome = OutcomeStillDegraded
	}
	d := p.delivery(e, memory.Sources, p.Renderer.Render(*e.Content).Plain)
	d.Step = Step{Entry: e, From: Delivered, Release: true, Outcome: outcome}
	after, err := p.Ledger.Commit(context.WithoutCancel(ctx), d)
	if err != nil {
		return fmt.Errorf("commit mend: %w", err)
	}
	p.Observe.moved(after, outcome)
	if !reply {
		return nil
	}
	if err := p.turn(ctx, after, PacePost); ctx.Err() != nil {
		return err // stopping; one that would wait long goes out of turn instead, for nobody comes back to it
	}
	_, err = p.Deliverer.Post(ctx, Post{
		ChannelID: e.ChannelID, ThreadTS: e.MessageTS, Deadline: p.Now().Add(postWithin),
		Message: p.Renderer.Filled(*e.Content),
	})
	if err != nil {
		if ReasonOf(err) == RateLimited {
			p.held(ctx, PacePost, err)
		}
		p.Observe.trouble(after, fmt.Errorf("tell what was filled in: %w", err))
	}
	return nil
}

// unmended leaves a briefing as it is and says when to try again. A message that is gone is not tried again.
func (p *Pipeline) unmended(ctx context.Context, e Entry, reason Reason) error {
	e.Tries++
	e.Reason = reason
	e.NextAt = p.nextMend(e)
	if reason == MessageGone {
		e.NextAt = time.Time{}
	}
	return p.advance(ctx, Step{Entry: e, From: Delivered, Release: true, Outcome: OutcomeStillDegraded})
}

// lackingSources names the sources whose sections reading again could better.
func lackingSources(e Entry) []SourceName {
	var names []SourceName
	for _, s := range e.Sections {
		if s.Mendable() {
			names = append(names, s.Source)
		}
	}
	return names
}

// merge puts what was read again in place of what was there, unless it was better before. A calendar read
// anew names what differs from a stale copy.
func merge(before, again []Section) []Section {
	merged := slices.Clone(before)
	for _, fresh := range again {
		i := slices.IndexFunc(merged, func(s Section) bool { return s.Source == fresh.Source })
		switch {
		case i < 0:
			merged = append(merged, fresh)
		case worth(fresh) < worth(merged[i]):
			if fresh.Verdict.Reason != "" { // one disconnected meanwhile has none
				merged[i].Verdict.Reason = fresh.Verdict.Reason
			}
		default:
			if merged[i].Verdict.State == VerdictStale && fresh.Verdict.Whole() {
				tellApart(&fresh, merged[i].Items)
			}
			merged[i] = fresh
		}
	}
	return merged
}

// worth orders verdict states by how much of the section they give.
func worth(s Section) int {
	if s.Verdict.State == VerdictNotConnected {
		return 0 // as little as one that failed
	}
	return slices.Index([]VerdictState{VerdictFailed, VerdictStale, VerdictPartial, VerdictEmpty, VerdictOK}, s.Verdict.State)
}

// tellApart marks the meetings that the copy shown before did not have, or had at another time, and keeps those
// that are no more.
func tellApart(fresh *Section, copied []Item) {
	for _, old := range copied {
		still := slices.ContainsFunc(fresh.Items, func(item Item) bool { return item.ID == old.ID })
		if old.Group == Meeting && !still {
			fresh.Gone = append(fresh.Gone, old)
		}
	}
	fresh.Items = slices.Clone(fresh.Items)
	for i, item := range fresh.Items {
		known := slices.ContainsFunc(copied, func(old Item) bool { return old.ID == item.ID && old.At.Equal(item.At) })
		if item.Group == Meeting && !known {
			fresh.Items[i].Marks = append(slices.Clone(item.Marks), MarkNew)
		}
	}
}

// filledSources names the sources that are whole now and were not before.
func filledSources(before, after []Section) []SourceName {
	var names []SourceName
	for _, s := range after {
		i := slices.IndexFunc(before, func(old Section) bool { return old.Source == s.Source })
		now := s.Verdict.State == VerdictOK || s.Verdict.State == VerdictEmpty
		if now && i >= 0 && before[i].Mendable() {
			names = append(names, s.Source)
		}
	}
	return names
}

// sameVerdicts reports whether a message composed from either would say the same is wrong.
func sameVerdicts(before, after []Section) bool {
	return slices.EqualFunc(before, after, func(a, b Section) bool {
		return a.Source == b.Source && a.Verdict.State == b.Verdict.State &&
			a.Verdict.Reason == b.Verdict.Reason && a.Verdict.Count == b.Verdict.Count
	})
}

// union returns a with those of b it does not have.
func union(a, b []SourceName) []SourceName {
	all := slices.Clone(a)
	for _, name := range b {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// firstLine returns s up to its first line break.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
