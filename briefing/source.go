package briefing

import (
	"cmp"
	"context"
	"time"
)

// SourceName names a source: it is the key in JSON, in metrics and in the ledger.
type SourceName string

// The sources Achim comes with.
const (
	Gmail    SourceName = "gmail"
	Calendar SourceName = "calendar"
	News     SourceName = "news"
)

// Provider is whose service a source reads. Sources of one provider share a grant, so one cause takes
// them down together and is told to the reader once.
type Provider string

// The providers.
const (
	Google Provider = "google"
	Feeds  Provider = "feeds"
)

// Source reads one thing for one reader. Implementations are safe for concurrent use.
type Source interface {
	Name() SourceName
	Provider() Provider
	// Fetch reads what lies in the request's window, in full or as far as it can. It returns
	//
	//   - a section and nil: read in full;
	//   - a section and an error: part of it could not be read, the error says why;
	//   - no section (zero) and an error: nothing could be read.
	//
	// Errors are *Error with a Reason, or ErrNotConnected, or ErrNotConfigured. Fetch honours ctx, whose
	// deadline is the source's budget, and may be called again for the same request.
	Fetch(ctx context.Context, req Request) (Section, error)
}

// Request is what a source is asked for. Sources must not change what it points to.
type Request struct {
	Reader   Reader
	Date     Date           // the reader's local date
	Zone     *time.Location // the reader's zone
	Language Language
	Window   Window // for sources that read what has come in since
	Now      time.Time
	Seen     map[string]bool // keys of items delivered on earlier local dates; may be nil
}

// Window is a half-open stretch of time: From belongs to it, To does not.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Holds reports whether t lies in the window.
func (w Window) Holds(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Group sorts the items of a section.
type Group string

// Groups of items. The mail groups are in the order a briefing tells them.
const (
	Meeting    Group = "meeting"
	AllDay     Group = "all_day"
	Holiday    Group = "holiday"
	NeedsReply Group = "needs_reply"
	Important  Group = "important"
	Notice     Group = "notification"
	Newsletter Group = "newsletter"
	Unsorted   Group = "unsorted" // counted in the window but beyond what was read
	Story      Group = "story"
)

// Mark says something about an item that is told with a word.
type Mark string

// The marks.
const (
	MarkOverlaps  Mark = "overlaps"
	MarkNew       Mark = "new"       // not in the copy the reader was shown before
	MarkTentative Mark = "tentative" // the reader has not accepted yet
	MarkVIP       Mark = "vip"       // of somebody whose mail the reader wants first
)

// Item is one mail, event or story. Title, From, Text and Place are other people's text: data, never
// markup. It is stored as JSON; members may be added but keep their meaning.
type Item struct {
	ID     string   `json:"id"`             // the source's own, stable from one reading to the next
	Key    string   `json:"key,omitempty"`  // what makes it the same item on another date; "" = ID
	Keys   []string `json:"keys,omitempty"` // more of them: other versions of it, and what it is known by under another title
	Group  Group    `json:"group"`
	Title  string   `json:"title"`
	URL    string   `json:"url,omitempty"`
	From   string   `json:"from,omitempty"` // sender or publisher, as a person would say it
	Text   string   `json:"text,omitempty"` // one line in the item's own words
	Thread string   `json:"thread,omitempty"`
	Body   string   `json:"-"` // more of the item's own words, for an Editor; never stored

	At  time.Time `json:"at,omitzero"`  // start, arrival or publication
	End time.Time `json:"end,omitzero"` // of a timed event; of one that has gone on since before, on its last day
	Due time.Time `json:"due,omitzero"` // a deadline the item names

	FirstDay Date `json:"first_day,omitzero"` // of an all-day event
	LastDay  Date `json:"last_day,omitzero"`  // inclusive

	Place   string `json:"place,omitempty"`
	JoinURL string `json:"join_url,omitempty"`
	Phone   bool   `json:"phone,omitempty"` // a call rather than a video meeting
	Also    int    `json:"also,omitempty"`  // how many others tell the same story, or more mails in the thread
	Marks   []Mark `json:"marks,omitempty"`
}

// Known returns all keys under which the item is the same on another date.
func (i Item) Known() []string {
	return append([]string{cmp.Or(i.Key, i.ID)}, i.Keys...)
}

// Has reports whether the item carries mark.
func (i Item) Has(mark Mark) bool {
	for _, m := range i.Marks {
		if m == mark {
			return true
		}
	}
	return false
}

// Section is what one source gave for one entry. It is stored with the entry, source by source, because
// mending reads them one by one.
type Section struct {
	Source   SourceName    `json:"source"`
	Provider Provider      `json:"provider"`
	Verdict  Verdict       `json:"verdict"`
	Items    []Item        `json:"items,omitempty"`  // in the order to show
	Gone     []Item        `json:"gone,omitempty"`   // meetings of the copy shown before that are no more
	Counts   map[Group]int `json:"counts,omitempty"` // all there were, also those without an item
	AtLeast  bool          `json:"at_least,omitempty"`
	Window   Window        `json:"window,omitzero"`
	ReadAt   time.Time     `json:"read_at,omitzero"`
	// NotBefore is until when the other side asked to be left alone; zero = it did not.
	NotBefore time.Time `json:"not_before,omitzero"`
	Parts     int       `json:"parts,omitempty"`      // calendars or feeds there are
	PartsOK   int       `json:"parts_read,omitempty"` // of which read
	Ahead     []Day     `json:"ahead,omitempty"`      // the days after, for "tomorrow" and for a day that cannot be read
	Account   string    `json:"account,omitempty"`    // the mail address read, for links
	// Unusable says that what is stored of the grant is why nothing was read, and that Google has said nothing of it.
	Unusable bool `json:"grant_unusable,omitempty"`
	// Locked says that what is stored of the grant needs a key that the server was started without.
	Locked bool `json:"grant_locked,omitempty"`
}

// Day is what a source knows of one later date.
type Day struct {
	Date  Date   `json:"date"`
	Items []Item `json:"items"`
}

// Count returns how many items of the groups the section counted.
func (s Section) Count(groups ...Group) int {
	n := 0
	for _, g := range groups {
		n += s.Counts[g]
	}
	return n
}

// Threads returns how many there are of the group when what an item stands for beside itself is not counted: the mails
// of a conversation are answered once.
func (s Section) Threads(g Group) int {
	items, stoodFor := 0, 0
	for _, item := range s.Items {
		if item.Group == g {
			items++
			stoodFor += 1 + item.Also
		}
	}
	return items + max(0, s.Counts[g]-stoodFor)
}

// Total returns how many items the section counted in all.
func (s Section) Total() int {
	n := 0
	for _, count := range s.Counts {
		n += count
	}
	return n
}

// VerdictState is how the reading of a source went.
type VerdictState string

// The verdict states. Only VerdictEmpty may be told as "nothing".
const (
	VerdictOK           VerdictState = "ok"
	VerdictEmpty        VerdictState = "empty" // read in full, and there was nothing
	VerdictPartial      VerdictState = "partial"
	VerdictStale        VerdictState = "stale" // an earlier copy, as of AsOf
	VerdictFailed       VerdictState = "failed"
	VerdictNotConnected VerdictState = "not_connected"
)

// Verdict is the one judgement a source gets in a briefing.
type Verdict struct {
	State  VerdictState `json:"verdict"`
	Reason Reason       `json:"reason,omitempty"`
	Since  time.Time    `json:"since,omitzero"`   // when the failure was first confirmed
	LastOK time.Time    `json:"last_ok,omitzero"` // when it was last read in full
	AsOf   time.Time    `json:"as_of,omitzero"`   // of a stale copy
	Count  int          `json:"count"`
}

// Whole reports whether the source was read in full (or was never linked, which lacks nothing).
func (v Verdict) Whole() bool {
	return v.State == VerdictOK || v.State == VerdictEmpty || v.State == VerdictNotConnected
}

// Degrades reports whether a section with this verdict makes its briefing degraded. News that could be
// read in part shows in the footer and does not.
func (s Section) Degrades() bool {
	if s.Source == News && s.Verdict.State == VerdictPartial {
		return false
	}
	return !s.Verdict.Whole()
}

// Mendable reports whether reading the source again could add something to the briefing.
func (s Section) Mendable() bool { return s.Verdict.State == VerdictNotConnected || !s.Verdict.Whole() }

// SourceState is what is remembered of a source from one briefing to the next.
type SourceState struct {
	Watermark    time.Time // end of the last window read in full and delivered
	LastOK       time.Time
	FailingSince time.Time // zero while it works
	Reason       Reason
}

// Copy is the last good reading of a date.
type Copy struct {
	Date  Date
	Items []Item
	AsOf  time.Time
}

// Memory is what earlier briefings left behind for the next one.
type Memory struct {
	Sources map[SourceName]SourceState
	Copies  map[SourceName]Copy // for the date asked for
	Seen    map[string]bool     // keys of news items delivered on earlier local dates
	Before  Before              // the last daily briefing there was to be before the date
}

// MemoryStore remembers. What it returns was committed together with a delivery.
type MemoryStore interface {
	// Memory returns what is known for the reader's date; nothing known is no error.
	Memory(ctx context.Context, reader ReaderID, date Date) (Memory, error)
	// Sources returns only how each source fared for the reader, which is all a delivery goes on from.
	Sources(ctx context.Context, reader ReaderID) (map[SourceName]SourceState, error)
}
