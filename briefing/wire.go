package briefing

import (
	"encoding/json"
	"slices"
	"time"
)

// The forms in which the vocabulary goes over the wire: HTTP and --json print the same. Instants are
// RFC 3339 UTC; what is not there is null, so that a client can rely on every member.

// MarshalJSON writes the contract's source verdict.
func (v Verdict) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		State  VerdictState `json:"verdict"`
		Reason *Reason      `json:"reason"`
		Since  *time.Time   `json:"since"`
		LastOK *time.Time   `json:"last_ok"`
		AsOf   *time.Time   `json:"as_of"`
		Count  int          `json:"count"`
	}{v.State, orNull(v.Reason), instant(v.Since), instant(v.LastOK), instant(v.AsOf), v.Count})
}

// RunCounts sums up a run. Mended readers count by the status their briefing now has.
type RunCounts struct {
	Complete int `json:"complete"`
	Degraded int `json:"degraded"`
	Skipped  int `json:"skipped"`
	Failed   int `json:"failed"`
	Unknown  int `json:"unknown"`
}

// Counts sums up what the run has done so far.
func (r Run) Counts() RunCounts {
	var c RunCounts
	for _, reader := range r.Readers {
		switch reader.Outcome {
		case OutcomeSkipped:
			c.Skipped++
		case OutcomeFailed:
			c.Failed++
		case OutcomeUnknown:
			c.Unknown++
		case OutcomeDelivered, OutcomeMended, OutcomeStillDegraded, OutcomeDryRun:
			if reader.Status == Degraded {
				c.Degraded++
			} else {
				c.Complete++
			}
		}
	}
	return c
}

// MarshalJSON writes the contract's run.
func (r Run) MarshalJSON() ([]byte, error) {
	state := "running"
	if r.Finished() {
		state = "finished"
	}
	readers := r.Readers
	if readers == nil {
		readers = []RunReader{}
	}
	return json.Marshal(struct {
		ID       RunID       `json:"run_id"`
		Kind     RunKind     `json:"kind"`
		State    string      `json:"state"`
		Date     Date        `json:"date"`
		Started  *time.Time  `json:"started_at"`
		Finished *time.Time  `json:"finished_at"`
		Estimate *time.Time  `json:"estimated_end"`
		Counts   RunCounts   `json:"counts"`
		Readers  []RunReader `json:"readers"`
	}{r.ID, r.Kind, state, r.Date, instant(r.StartedAt), instant(r.FinishedAt), instant(r.EstimatedEnd), r.Counts(), readers})
}

// MarshalJSON writes the contract's reader of a run.
func (r RunReader) MarshalJSON() ([]byte, error) {
	verdicts := r.Verdicts
	if verdicts == nil {
		verdicts = map[SourceName]Verdict{}
	}
	return json.Marshal(struct {
		Reader    ReaderID               `json:"user_id"`
		Slack     string                 `json:"slack_user_id"`
		Entry     *EntryID               `json:"briefing_id"`
		Outcome   *Outcome               `json:"outcome"`
		Status    *Status                `json:"status"`
		Reason    *Reason                `json:"reason"`
		ChannelID *string                `json:"channel_id"`
		MessageTS *string                `json:"message_ts"`
		Text      *string                `json:"text,omitempty"`
		Sources   map[SourceName]Verdict `json:"sources"`
	}{r.Reader, r.SlackUserID, orNull(r.Entry), orNull(r.Outcome), orNull(r.Status), orNull(r.Reason),
		orNull(r.ChannelID), orNull(r.MessageTS), orNull(r.Text), verdicts})
}

// ReaderView is a reader as the API shows one: with the defaults filled in.
type ReaderView struct {
	ID           ReaderID        `json:"user_id"`
	Name         string          `json:"name"`
	SlackUserID  string          `json:"slack_user_id"`
	Email        *string         `json:"email"`
	Timezone     string          `json:"timezone"`
	DeliverAt    string          `json:"deliver_at"`
	Weekdays     Weekdays        `json:"weekdays"`
	Language     Language        `json:"language"`
	Feeds        []Feed          `json:"feeds"`
	Paused       bool            `json:"paused"`
	PausedUntil  *string         `json:"paused_until"`
	SkipHolidays bool            `json:"skip_holidays"`
	Notification Notification    `json:"notification"`
	Preferences  PreferencesView `json:"preferences"`
	LeftAt       *time.Time      `json:"left_at"`     // null while here
	LeftReason   *LeftReason     `json:"left_reason"` // null while here
	NextDueAt    *time.Time      `json:"next_due_at"` // null while paused without an end, and when gone
}

// View returns r as the API shows it at the given time.
func (d *Defaults) View(r Reader, now time.Time) ReaderView {
	schedule, err := d.Schedule(r)
	zone := r.Timezone
	if err == nil {
		zone = schedule.Zone.String()
	}
	view := ReaderView{
		ID: r.ID, Name: r.Name, SlackUserID: r.SlackUserID, Email: orNull(r.Email),
		Timezone: zone, DeliverAt: schedule.At.String(), Weekdays: schedule.Weekdays,
		Language: d.LanguageOf(r), Feeds: r.Feeds, Paused: r.Paused, PausedUntil: orNull(r.PausedUntil.String()),
		SkipHolidays: r.SkipHolidays, Notification: r.Notification, Preferences: r.Preferences.view(),
		LeftAt: instant(r.LeftAt), LeftReason: orNull(r.LeftReason), NextDueAt: instant(d.NextDue(r, now)),
	}
	if view.Feeds == nil {
		view.Feeds = []Feed{}
	}
	if view.Notification == "" {
		view.Notification = NotifyFull
	}
	return view
}

// PreferencesView is what a reader prefers, as the API shows it: with the sections filled in, and every list there.
type PreferencesView struct {
	Sections    []SourceName `json:"sections"`
	VIPs        []string     `json:"vips"`
	MuteSenders []string     `json:"mute_senders"`
	MuteFeeds   []string     `json:"mute_feeds"`
	MuteWords   []string     `json:"mute_words"`
	More        []string     `json:"more"`
	Less        []string     `json:"less"`
}

// view returns p as the API shows it.
func (p Preferences) view() PreferencesView {
	for _, kind := range p.kinds() {
		if *kind.wishes == nil {
			*kind.wishes = []string{}
		}
	}
	p.Sections = slices.Clone(p.order())
	return PreferencesView(p)
}

// ErasureView is what was erased of a reader, as the API shows it.
type ErasureView struct {
	Reader ReaderID      `json:"user_id"`
	Erased []ErasedTable `json:"erased"`
	Grant  bool          `json:"grant_ended"`
	Became *Revocation   `json:"revocation"` // at Google; null without a grant
}

// ViewErasure returns e as the API shows it.
func ViewErasure(reader ReaderID, e Erasure) ErasureView {
	view := ErasureView{Reader: reader, Erased: e.Tables, Grant: e.Grant}
	if e.Became != "" {
		view.Became = &e.Became
	}
	if view.Erased == nil {
		view.Erased = []ErasedTable{}
	}
	return view
}

// EntryView is an entry as the API lists it: everything but the content.
type EntryView struct {
	ID          EntryID                `json:"briefing_id"`
	Reader      ReaderID               `json:"user_id"`
	Date        Date                   `json:"date"`
	Slot        Slot                   `json:"slot"`
	State       State                  `json:"state"`
	Status      *Status                `json:"status"`
	Reason      *Reason                `json:"reason"`
	DueAt       *time.Time             `json:"due_at"`
	PreparedAt  *time.Time             `json:"prepared_at"`
	DeliveredAt *time.Time             `json:"delivered_at"`
	MendedAt    *time.Time             `json:"mended_at"`
	ChannelID   *string                `json:"channel_id"`
	MessageTS   *string                `json:"message_ts"`
	Sources     map[SourceName]Verdict `json:"sources"`
}

// ViewEntry returns e as the API lists it.
func ViewEntry(e Entry) EntryView {
	return EntryView{
		ID: e.ID, Reader: e.Reader, Date: e.Date, Slot: e.Slot, State: e.State,
		Status: orNull(e.Status), Reason: orNull(e.Reason),
		DueAt: instant(e.DueAt), PreparedAt: instant(e.PreparedAt), DeliveredAt: instant(e.DeliveredAt),
		MendedAt: instant(e.MendedAt), ChannelID: orNull(e.ChannelID), MessageTS: orNull(e.MessageTS),
		Sources: Verdicts(e.Sections),
	}
}

// Verdicts returns the verdict of each section.
func Verdicts(sections []Section) map[SourceName]Verdict {
	verdicts := make(map[SourceName]Verdict, len(sections))
	for _, s := range sections {
		verdicts[s.Source] = s.Verdict
	}
	return verdicts
}

// instant returns t in UTC to the second, or nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// orNull returns nil for an empty string.
func orNull[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
