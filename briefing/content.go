package briefing

import (
	"context"
	"encoding/json"
	"time"
)

// Briefing is the content of an entry: what there is to tell, as codes and numbers. Delivery chooses the
// words. It is stored as JSON and holds no secret and no link to our own server.
type Briefing struct {
	ID       EntryID      `json:"id"`
	Reader   ReaderID     `json:"reader"`
	Date     Date         `json:"date"`
	Zone     string       `json:"zone"` // IANA name
	Language Language     `json:"language"`
	At       time.Time    `json:"at"` // the slot time: "an hour ago" counts from here
	Private  bool         `json:"private,omitempty"`
	Status   Status       `json:"status"`
	Problems []Problem    `json:"problems,omitempty"`
	Sections []Shown      `json:"sections"` // in the order to show
	ReadAt   time.Time    `json:"read_at"`  // when the last source was read
	Mended   time.Time    `json:"mended,omitzero"`
	Filled   []SourceName `json:"filled,omitempty"` // the sources a mend has filled in
	Lacked   []SourceName `json:"lacked,omitempty"` // of them, those of which nothing was there before
	Invite   bool         `json:"invite,omitempty"` // never connected: say how
	Gist     Gist         `json:"gist"`
	Lost     *Before      `json:"lost,omitempty"` // the briefing before that was not delivered, or may not have been
}

// Before is what became of the daily briefing of an earlier date on which one was wanted. The zero value is none.
type Before struct {
	Date   Date   `json:"date"`
	State  State  `json:"state"`
	Reason Reason `json:"reason,omitempty"`
}

// lost reports whether the reader is owed a word about it: nobody was there to send it, or whether it arrived is
// not known. Of what Slack refused the reader hears otherwise, if at all.
func (b Before) lost() bool {
	return b.State == Unknown || b.State == Missed && b.Reason == PastGrace
}

// Location returns the zone of the briefing, UTC when its name is not known any more.
func (b Briefing) Location() *time.Location {
	zone, err := LoadZone(b.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Section returns the shown section of the source, and whether there is one.
func (b Briefing) Section(source SourceName) (Shown, bool) {
	for _, s := range b.Sections {
		if s.Source == source {
			return s, true
		}
	}
	return Shown{}, false
}

// Shown is a section cut to what a briefing has room for.
type Shown struct {
	Section
	Cut int `json:"cut,omitempty"` // how many items that belong here were left out
}

// Problem is one cause of missing content, told once however many sources it took down.
type Problem struct {
	Reason   Reason       `json:"reason"`
	Provider Provider     `json:"provider"`
	Sources  []SourceName `json:"sources"` // all that suffer from it
	Missing  []SourceName `json:"missing"` // of which nothing at all can be shown
	Since    time.Time    `json:"since,omitzero"`
	LastOK   time.Time    `json:"last_ok,omitzero"`
	ToldAt   time.Time    `json:"told_at,omitzero"` // when the operator was told; zero = was not
	Unusable bool         `json:"grant_unusable,omitempty"`
	Locked   bool         `json:"grant_locked,omitempty"`
}

// Gist is the day in numbers. A number is only there when its source was read: nil is "not known".
type Gist struct {
	Meetings     *int      `json:"meetings,omitempty"`
	FirstMeeting time.Time `json:"first_meeting,omitzero"`
	FirstTitle   string    `json:"first_title,omitempty"`
	Over         int       `json:"over,omitempty"` // meetings that had ended by the briefing's hour; then the first is the next to begin
	NeedsReply   *int      `json:"needs_reply,omitempty"`
	Stories      *int      `json:"stories,omitempty"`
	Overlaps     int       `json:"overlaps,omitempty"`
	OverlapAt    time.Time `json:"overlap_at,omitzero"`
	DueSoon      int       `json:"due_soon,omitempty"` // mails to answer that name a deadline later today
	DueAt        time.Time `json:"due_at,omitzero"`    // the first of them
	Holiday      string    `json:"holiday,omitempty"`
	NextDay      Date      `json:"next_day,omitzero"`    // the next date with a meeting, on a thin day
	Next         *Item     `json:"next,omitempty"`       // its first meeting
	NextWorks    bool      `json:"next_works,omitempty"` // it is the next working day
	NewEvents    int       `json:"new_events,omitempty"`
	StaleAsOf    time.Time `json:"stale_as_of,omitzero"` // the meetings are from a copy of then
}

// Message is a briefing in the form a delivery posts.
type Message struct {
	Text   string          // what phones push and screen readers read
	Blocks json.RawMessage // Block Kit; empty = text only
	Plain  string          // the whole as plain text without links to our own server, for the log
	Date   Date            // with Status, what the message's metadata says beside the entry; zero = nothing
	Status Status
}

// Renderer turns a briefing into words. It is pure: the same briefing gives the same message, but for the
// freshness of the links to our own server.
type Renderer interface {
	Render(b Briefing) Message
	// Filled returns the thread reply that tells what a mend filled in.
	Filled(b Briefing) Message
}

// Post is a message on its way to a DM.
type Post struct {
	ChannelID string
	ThreadTS  string     // reply in this thread; "" = a message of its own
	Deadline  time.Time  // by the wall clock: nothing may be written after it. Zero = none
	Entry     EntryID    // the marker in the message's metadata; "" = none
	Notice    NoticeKind // what kind of notice it is, for the same place; "" = none
	Message   Message
}

// Deliverer puts messages into DMs. Its errors are *Error. Reason Ambiguous means the message may have
// been posted; every other reason means it was definitely not.
type Deliverer interface {
	// Open returns the id of the DM with the reader, opening it if need be. It may be called twice.
	Open(ctx context.Context, reader Reader) (channelID string, err error)
	// Post posts once and never retries. It returns the message's ts.
	Post(ctx context.Context, p Post) (ts string, err error)
	// Update replaces the message's text and blocks. It may be called twice. MessageGone means that the
	// message cannot be edited any more.
	Update(ctx context.Context, ts string, p Post) error
	// Find looks for the entry's marker in the DM since the given time. found is "" when the history was
	// read in full and holds none; an error means the history cannot tell.
	Find(ctx context.Context, channelID string, entry EntryID, since time.Time) (found string, err error)
}
