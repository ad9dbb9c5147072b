package briefing

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Times of the pipeline.
const (
	claimAtLeast  = 75 * time.Second
	claimBeyond   = 45 * time.Second // what a claim has left for opening the DM, posting and committing
	postWithin    = 10 * time.Second
	settleAfter   = 30 * time.Second       // nobody looks at a sending entry before post deadline + this
	commitPause   = 250 * time.Millisecond // between the first two tries to commit what Slack has answered
	lookAgain     = 6 * time.Second        // between two looks into the history; Slack's may lag a moment
	lookFor       = 10 * time.Minute       // how long a history that cannot be read is tried
	defaultBudget = 20 * time.Second
	giveUpRun     = 4 // refusals after which a run is told "failed" although the entry is tried on
)

// Pipeline takes entries through their life. All fields but Observe, LogGist, Budgets, Editor, ToldAt and Pacer must be set; it is
// safe for concurrent use, by several processes as well: the ledger's fences see to that.
type Pipeline struct {
	Ledger    LedgerStore
	Readers   ReaderStore
	Channels  ChannelStore
	Memory    MemoryStore
	Runs      RunStore // tells previews what the date's briefing was read for
	Sources   []Source
	Deliverer Deliverer
	Renderer  Renderer
	Defaults  *Defaults
	Budgets   map[SourceName]time.Duration
	Owner     string        // names this process in the ledger
	Grace     time.Duration // how late a briefing may be
	MendUntil TimeOfDay     // in the reader's zone
	LogGist   bool          // conversation_log gets the gist alone
	Pacer     *Pacer        // nil = no pace
	Editor    Editor        // nil = what was read is told as it was read
	EditFor   time.Duration // what the Editor may take at most
	// ToldAt returns when the operator was told of a reason that the sources fail for; nil = they never are.
	ToldAt  func(reason Reason, sources []SourceName) time.Time
	Observe Observer
	Now     func() time.Time
}

// ChannelStore keeps the DM's id once it was opened.
type ChannelStore interface {
	SaveChannel(ctx context.Context, reader ReaderID, channelID string) error
}

// Work does what the entry wants next, if it is still at epoch and nobody else does. Engines call it and
// know nothing else. It returns nil when somebody else was faster; an error means that the ledger could
// not be reached, and that the entry will be worked on again when the claim runs out.
func (p *Pipeline) Work(ctx context.Context, id EntryID, epoch int64) error {
	now := p.Now()
	e, err := p.Ledger.Claim(ctx, id, epoch, p.Owner, now, now.Add(p.claimFor()))
	if err == nil {
		err = p.take(ctx, e)
	}
	if errors.Is(err, ErrNotFound) {
		err = p.orphaned(ctx, e, err)
	}
	if errors.Is(err, ErrFenced) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("work on entry %s: %w", id, err)
	}
	return nil
}

// orphaned lets an entry rest whose reader is gone: one that was written while the reader was removed. It returns the
// cause when it is something else that was not found.
func (p *Pipeline) orphaned(ctx context.Context, e Entry, cause error) error {
	if _, err := p.Readers.Reader(ctx, string(e.Reader)); !errors.Is(err, ErrNotFound) {
		return errors.Join(cause, err)
	}
	if e.State == Planned || e.State == Prepared {
		return p.close(ctx, e, Missed, Removed)
	}
	e.NextAt = time.Time{}
	return p.advance(ctx, Step{Entry: e, From: e.State, Release: true})
}

// claimFor returns how long a claim lasts: longer than the longest step, or two processes would take the
// entry from each other for ever.
func (p *Pipeline) claimFor() time.Duration {
	longest := defaultBudget
	for _, budget := range p.Budgets {
		longest = max(longest, budget)
	}
	return max(claimAtLeast, longest+p.EditFor+claimBeyond)
}

// take leads a claimed entry through its next step or steps.
func (p *Pipeline) take(ctx context.Context, e Entry) error {
	switch e.State {
	case Planned:
		prepared, err := p.Prepare(ctx, e)
		if err != nil || prepared.State != Prepared || prepared.Owner == "" {
			return err
		}
		return p.Deliver(ctx, prepared)
	case Prepared:
		return p.Deliver(ctx, e)
	case Sending:
		return p.Reconcile(ctx, e)
	case Delivered:
		return p.Mend(ctx, e)
	default:
		e.NextAt = time.Time{}
		return p.advance(ctx, Step{Entry: e, From: e.State, Release: true})
	}
}

// Prepare reads all sources for a planned entry, composes the briefing and freezes it. When the hour has
// come it returns the entry still claimed, ready to Deliver.
func (p *Pipeline) Prepare(ctx context.Context, e Entry) (Entry, error) {
	if p.late(e) {
		return e, p.close(ctx, e, Missed, PastGrace)
	}
	r, err := p.open(ctx, e)
	if err != nil {
		return e, err
	}
	if r.reader.Left() {
		return e, p.close(ctx, e, Missed, Left) // since this was planned
	}
	r.entry.Windows = p.freeze(r)
	r.entry.Sections = p.readAll(ctx, r, p.wanted(r.reader))
	if err := ctx.Err(); err != nil {
		return e, fmt.Errorf("prepare: %w", err) // stopping: what failed for that must not be frozen
	}
	r.entry.Sections = p.editAll(ctx, r, r.entry.Sections)
	if err := ctx.Err(); err != nil {
		return e, fmt.Errorf("prepare: %w", err)
	}
	e = p.compose(r)
	if e.ChannelID == "" && p.near(PaceOpen) {
		// Opening the DM now saves a call at the hour; when it fails, Deliver says so.
		channel, err := p.channel(ctx, e)
		if ReasonOf(err) == RateLimited {
			p.held(ctx, PaceOpen, err)
		}
		e.ChannelID = channel
	}
	e.State, e.PreparedAt, e.Tries, e.Reason = Prepared, p.Now(), 0, ""
	e.NextAt = e.DueAt
	step := Step{Entry: e, From: Planned, Release: e.DueAt.After(p.Now())}
	if step.Release {
		step.Entry.Outgoing = p.outgoing(e)
	}
	prepared, err := p.Ledger.Advance(ctx, step)
	if err != nil {
		return e, fmt.Errorf("freeze: %w", err)
	}
	p.Observe.moved(prepared, OutcomePending)
	return prepared, nil
}

// Deliver posts a prepared entry once. That it is about to is committed before the post, so that whoever
// finds the entry afterwards knows there may be a message.
func (p *Pipeline) Deliver(ctx context.Context, e Entry) error {
	if p.late(e) {
		if e.Reason == "" {
			return p.close(ctx, e, Missed, PastGrace) // nobody was there to post it
		}
		return p.close(ctx, e, Failed, PastGrace)
	}
	if e.ChannelID == "" {
		channel, err := p.channel(ctx, e)
		if queued, err := p.queued(ctx, e, err); queued {
			return err
		}
		if _, refusal := errors.AsType[*Error](err); refusal {
			return p.refused(ctx, e, err)
		}
		if err != nil {
			return err
		}
		e.ChannelID = channel
		e = e.outOfLine() // what it waited for was the opening
	}
	e, message := p.ready(e) // first: what fails here must not leave a doubt behind
	if err := p.turn(ctx, e, PacePost); err != nil {
		_, err = p.queued(ctx, e, err)
		return err
	}
	e = e.outOfLine()
	now := p.Now()
	e.State, e.SendingAt, e.PostDeadline = Sending, now, now.Add(postWithin)
	e.NextAt = e.PostDeadline.Add(settleAfter)
	e.ClaimedUntil = e.NextAt // nobody is to look before, and whoever looks then must not wait for a dead worker's claim
	e.Attempt++
	refusals := e.Tries
	e.Tries = 0 // whoever finds the entry so counts looks into the history
	sending, err := p.Ledger.Advance(ctx, Step{Entry: e, From: Prepared, SameContent: true})
	if err != nil {
		return fmt.Errorf("commit sending: %w", err)
	}
	sending.Tries = refusals
	ts, err := p.Deliverer.Post(ctx, p.post(sending, message))
	switch {
	case err == nil:
		return p.delivered(ctx, sending, ts, message.Plain)
	case ReasonOf(err) == PayloadRefused && !sending.PlainText:
		p.Observe.trouble(sending, err)
		sending.State, sending.PlainText = Prepared, true
		plain, err := p.Ledger.Advance(ctx, Step{Entry: sending, From: Sending, SameContent: true})
		if err != nil {
			return fmt.Errorf("fall back to plain text: %w", err)
		}
		return p.Deliver(ctx, plain)
	default:
		return p.refused(ctx, sending, err)
	}
}

// delivered commits that the message stands under ts, together with all that follows from it. plain is the
// message as conversation_log tells it.
//
// The message stands: stopping now must not lose that, and neither must a database that is away for a moment. While the
// claim lasts it is tried again; after that whoever looks finds it in Slack's history, where that can be read.
func (p *Pipeline) delivered(ctx context.Context, e Entry, ts, plain string) error {
	at := p.Now()
	for pause := commitPause; ; pause *= 2 {
		err := p.commitDelivered(context.WithoutCancel(ctx), e, ts, plain, at)
		if err == nil || errors.Is(err, ErrFenced) || !p.Now().Add(pause).Before(e.ClaimedUntil) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// commitDelivered commits it once.
func (p *Pipeline) commitDelivered(ctx context.Context, e Entry, ts, plain string, now time.Time) error {
	from := e.State
	e.State, e.MessageTS, e.DeliveredAt, e.Reason, e.Tries = Delivered, ts, now, "", 0
	inDoubt := now.Sub(e.SendingAt) > settleAfter
	if e.NextAt = p.nextMend(e); e.NextAt.IsZero() && len(lackingSources(e)) > 0 && (inDoubt || e.Status == Degraded) {
		// The reader may have connected since it was read: look once, or nothing would.
		e.NextAt = now.Add(time.Minute)
	}
	before, err := p.Memory.Sources(ctx, e.Reader)
	if err != nil {
		return fmt.Errorf("remember: %w", err)
	}
	d := p.delivery(e, before, plain)
	d.Step = Step{Entry: e, From: from, Release: true, Outcome: OutcomeDelivered, SameContent: true}
	after, err := p.Ledger.Commit(ctx, d)
	if err != nil {
		return fmt.Errorf("commit delivered: %w", err)
	}
	p.Observe.moved(after, OutcomeDelivered)
	return nil
}

// delivery gathers what is committed with the entry's content.
func (p *Pipeline) delivery(e Entry, before map[SourceName]SourceState, plain string) Delivery {
	after := remember(e.Sections, before)
	if e.Slot.Forced() {
		// An extra: the day's own briefing is to find all it would have found without it.
		for name, state := range after {
			state.Watermark = before[name].Watermark
			after[name] = state
		}
	}
	d := Delivery{Sources: after, LogText: plain}
	if e.Outgoing != nil {
		d.Seen = e.Outgoing.Seen // and the copies are there
	} else {
		d.Seen, d.Copies = shownKeys(*e.Content), copies(e)
	}
	if p.LogGist {
		d.LogText = firstLine(d.LogText)
	}
	return d
}

// refused decides what becomes of an entry that was not posted, or may not have been.
func (p *Pipeline) refused(ctx context.Context, e Entry, cause error) error {
	p.Observe.trouble(e, cause)
	now, from, reason := p.Now(), e.State, ReasonOf(cause)
	step := Step{From: from, Release: true}
	e.Reason = reason
	switch reason {
	case Ambiguous:
		if from == Sending {
			e.Tries, e.NextAt = 0, e.PostDeadline.Add(settleAfter)
			break
		}
		e.Tries++ // opening a DM twice does no harm
		e.NextAt = now.Add(backoff(e.Tries, time.Second, 5*time.Minute))
	case RecipientUnreachable:
		// The DM that was kept is of no use, and whoever tries next opens one anew; but that somebody is gone was said of it.
		if from == Sending && !errors.Is(cause, ErrDeactivated) {
			if err := p.Channels.SaveChannel(ctx, e.Reader, ""); err != nil {
				return fmt.Errorf("forget DM of %s: %w", e.Reader, err)
			}
		}
		return p.close(ctx, e, Failed, reason)
	case PayloadRefused:
		return p.close(ctx, e, Failed, reason)
	case RateLimited:
		e.State = Prepared
		e.NextAt = p.held(ctx, e.queuedFor(), cause)
		if from == Sending {
			e.Attempt--
		}
	default:
		e.State = Prepared
		e.Tries++
		if from == Sending {
			e.Attempt--
		}
		e.NextAt = now.Add(backoff(e.Tries, time.Second, 5*time.Minute))
		if reason == ClientMisconfigured || e.Tries >= giveUpRun {
			step.Outcome = OutcomeFailed
		}
	}
	step.Entry = e
	return p.advance(ctx, step)
}

// close ends an entry without a message.
func (p *Pipeline) close(ctx context.Context, e Entry, state State, reason Reason) error {
	outcome := OutcomeFailed
	switch state {
	case Missed:
		outcome = OutcomeSkipped
	case Unknown:
		outcome = OutcomeUnknown
	}
	from := e.State
	e.State, e.Reason, e.NextAt = state, reason, time.Time{}
	return p.advance(ctx, Step{Entry: e, From: from, Release: true, Outcome: outcome})
}

// advance makes a step that leaves the content as it is, and tells the observer.
func (p *Pipeline) advance(ctx context.Context, step Step) error {
	step.SameContent = true
	after, err := p.Ledger.Advance(ctx, step)
	if err != nil {
		return fmt.Errorf("%s to %s: %w", step.From, step.Entry.State, err)
	}
	p.Observe.moved(after, step.Outcome)
	return nil
}

// open gathers what reading for an entry needs.
func (p *Pipeline) open(ctx context.Context, e Entry) (reading, error) {
	reader, err := p.Readers.Reader(ctx, string(e.Reader))
	if err != nil {
		return reading{}, fmt.Errorf("reader %s: %w", e.Reader, err)
	}
	schedule, err := p.Defaults.Schedule(reader)
	if err != nil {
		return reading{}, err
	}
	memory, err := p.Memory.Memory(ctx, reader.ID, e.Date)
	if err != nil {
		return reading{}, fmt.Errorf("memory of reader %s: %w", reader.ID, err)
	}
	if e.ChannelID == "" {
		e.ChannelID = reader.SlackChannelID
	}
	return reading{entry: e, reader: reader, zone: schedule.Zone, memory: memory, now: p.Now()}, nil
}

// compose composes the entry's sections into its content.
func (p *Pipeline) compose(r reading) Entry {
	e := r.entry
	at := e.DueAt
	if !e.PreparedAt.IsZero() && e.PreparedAt.After(at) {
		at = e.PreparedAt
	} else if e.PreparedAt.IsZero() && r.now.After(at) {
		at = r.now
	}
	content := Compose(Composition{Entry: e, Reader: r.reader, Zone: r.zone, Language: p.Defaults.LanguageOf(r.reader), At: at,
		Before: r.memory.Before})
	if p.ToldAt != nil {
		for i, problem := range content.Problems {
			if problem.Reason.Mender() == MenderOperator && problem.Provider != Feeds { // of feeds there is no notice
				content.Problems[i].ToldAt = p.ToldAt(problem.Reason, problem.Sources)
			}
		}
	}
	e.Content, e.Status, e.FirstAt = &content, content.Status, content.Gist.FirstMeeting
	return e
}

// channel returns the id of the reader's DM, opening and keeping it when it is not known.
func (p *Pipeline) channel(ctx context.Context, e Entry) (string, error) {
	id := e.Reader
	reader, err := p.Readers.Reader(ctx, string(id))
	if err != nil {
		return "", fmt.Errorf("reader %s: %w", id, err)
	}
	if reader.SlackChannelID != "" {
		return reader.SlackChannelID, nil
	}
	if err := p.turn(ctx, e, PaceOpen); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	channel, err := p.Deliverer.Open(ctx, reader)
	if err != nil {
		return "", fmt.Errorf("open DM with %s: %w", id, err)
	}
	if err := p.Channels.SaveChannel(ctx, id, channel); err != nil {
		return "", fmt.Errorf("keep DM of %s: %w", id, err)
	}
	return channel, nil
}

// post addresses a message to the entry's DM.
func (p *Pipeline) post(e Entry, m Message) Post {
	if e.PlainText {
		m.Blocks = nil
	}
	return Post{ChannelID: e.ChannelID, Deadline: e.PostDeadline, Entry: e.ID, Message: m}
}

// late reports whether the entry's grace has run out.
func (p *Pipeline) late(e Entry) bool { return p.Now().After(e.DueAt.Add(p.Grace)) }

// wanted returns the names of the sources whose sections the reader wants. The others are not read at all; their watermark
// stays, so that what came in is told when they are wanted again.
func (p *Pipeline) wanted(reader Reader) []SourceName {
	names := make([]SourceName, 0, len(p.Sources))
	for _, s := range p.Sources {
		if reader.Preferences.Wants(s.Name()) {
			names = append(names, s.Name())
		}
	}
	return names
}
