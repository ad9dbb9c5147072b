package briefing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"
)

// EntryID identifies an entry, and so a briefing.
type EntryID string

// RunID identifies a run.
type RunID string

// NewID returns a fresh random identifier: 26 lower-case letters and digits, 130 bits.
func NewID() string { return strings.ToLower(rand.Text()) }

// idOf returns the identifier, of the form of NewID, that belongs to a key: whoever has the key has the id.
func idOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// Short returns the four characters a person sees of the id.
func (id EntryID) Short() string { return string(id[max(0, len(id)-4):]) }

// Slot tells apart the entries a reader may have on one date.
type Slot string

// DailySlot is the slot of the scheduler and of a plain trigger alike.
const DailySlot Slot = "daily"

// ForceSlot returns the slot of an entry forced by a run: one a run, so a run forces once.
func ForceSlot(run RunID) Slot { return Slot("force-" + string(run)) }

// Forced reports whether the slot is a forced one.
func (s Slot) Forced() bool { return strings.HasPrefix(string(s), "force-") }

// State is where an entry stands.
type State string

// The entry states. See Entry for who moves an entry from one to the next.
const (
	Planned   State = "planned"
	Prepared  State = "prepared"
	Sending   State = "sending"
	Delivered State = "delivered"
	Missed    State = "missed"
	Failed    State = "failed"
	Unknown   State = "unknown"
)

// Status is the label of a composed briefing.
type Status string

// The two labels.
const (
	Complete Status = "complete"
	Degraded Status = "degraded"
)

// Entry is one row of the ledger: what must be delivered exactly once for one reader, local date and slot.
//
//	–         → planned     planner or trigger
//	planned   → prepared    prepare done: sections and content frozen
//	prepared  → planned     restart before the hour, or pulled forward by a trigger
//	prepared  → sending     committed before the POST, with channel and deadline
//	sending   → delivered   Slack said ok, or history shows our marker
//	sending   → prepared    a definite refusal, or history shows that nothing was posted
//	sending   → unknown     history cannot settle it
//	prepared  → failed      past the grace, or no DM is to be had
//	sending   → failed      recipient refused, or the message even as plain text
//	planned, prepared → missed   paused, a day off, or later than the grace
//	failed, missed → planned     a manual trigger
//	unknown   → delivered, planned   a person who has looked
//	delivered → delivered   mend
//
// Every change is one statement fenced by ID, Epoch, Owner and State: whoever claims or reopens the entry
// bumps Epoch, and with it whatever an earlier worker still writes misses.
type Entry struct {
	ID     EntryID
	Reader ReaderID
	Date   Date
	Slot   Slot
	Run    RunID // the run that touched it last; "" = none
	State  State
	Status Status // of the content; "" before it was composed
	Reason Reason // why missed, failed or unknown, or why the last attempt did not succeed

	DueAt    time.Time // the slot time
	NextAt   time.Time // when the entry wants work; zero = never by itself
	FirstAt  time.Time // the reader's first meeting: who has the earliest goes first
	Windows  map[SourceName]Window
	Sections []Section
	Content  *Briefing // what was composed last; nil before
	Outgoing *Outgoing // what is to be sent; nil unless it was made beforehand

	Epoch        int64
	Owner        string    // the worker that has claimed it; "" = nobody
	ClaimedUntil time.Time // after which another worker may
	Attempt      int       // posts that reached Slack or may have
	Tries        int       // refusals, empty-handed looks or mends in a row: what the backoff grows with
	PlainText    bool      // Slack refused the blocks: send text only

	ChannelID    string
	MessageTS    string
	SendingAt    time.Time
	PostDeadline time.Time // nothing is written to Slack for this attempt after it
	PreparedAt   time.Time
	DeliveredAt  time.Time
	MendedAt     time.Time // last time a mend changed the message
	Notified     bool      // the thread reply of a mend was sent, or was about to be
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Outgoing is what of a prepared entry is to be sent, and what is committed with it. It is made when the briefing is
// frozen before its hour, so that at the hour nothing has to be composed or rendered. Claim returns a prepared entry
// that has it without Windows, Sections and Content; such an entry takes only steps with the same content. Whoever
// writes these writes Outgoing too, and nil removes it.
type Outgoing struct {
	Message  Message
	Sections []Section // how their reading went, without what was read
	Seen     []string  // as Delivery has them
	// Copies are as Delivery has them, and count once the entry is delivered: written with it they need not be written
	// at the hour, so Claim returns none.
	Copies []DayCopy
}

// Section returns the entry's section of the source, and whether there is one.
func (e Entry) Section(source SourceName) (Section, bool) {
	for _, s := range e.Sections {
		if s.Source == source {
			return s, true
		}
	}
	return Section{}, false
}

// Outcome is what a run did for a reader.
type Outcome string

// The outcomes. OutcomePending ("" in JSON: null) is a reader whose entry is still under way.
const (
	OutcomePending       Outcome = ""
	OutcomeDelivered     Outcome = "delivered"
	OutcomeMended        Outcome = "mended"
	OutcomeStillDegraded Outcome = "still_degraded"
	OutcomeSkipped       Outcome = "skipped"
	OutcomeFailed        Outcome = "failed"
	OutcomeUnknown       Outcome = "unknown"
	OutcomeDryRun        Outcome = "dry_run"
)

// Step is one fenced change of an entry. The row is written as Entry has it if it still stands at Fence.
type Step struct {
	Entry   Entry
	From    State // "" = the entry is new: insert it, or miss if one with its key exists
	Reopen  bool  // take it from whoever holds it: bump the epoch and clear the owner
	Release bool  // the worker is done with it for now: clear the owner
	// Outcome settles the entry in every run that still waits for it. "" settles nothing.
	Outcome Outcome
	// SameContent promises that Windows, Sections and Content are as the store has them. They are long: what
	// has not changed is neither encoded nor written.
	SameContent bool
}

// Delivery is what is committed together when an entry becomes delivered or is mended.
type Delivery struct {
	Step    Step
	Sources map[SourceName]SourceState // replaces what is remembered; a watermark never goes back
	Seen    []string                   // keys of the news items shown
	Copies  []DayCopy                  // of sources that know later days
	LogText string                     // the DM as plain text, for conversation_log: one row an entry
}

// DayCopy is a Copy of one source to be kept.
type DayCopy struct {
	Source SourceName
	Copy
}

// LedgerStore is the ledger as a worker sees it. Every method is one transaction and returns ErrFenced,
// having changed nothing, when the entry is no longer where the caller thinks.
type LedgerStore interface {
	// Entry returns the entry with everything it holds, or ErrNotFound.
	Entry(ctx context.Context, id EntryID) (Entry, error)
	// Claim makes owner the entry's worker until the given time if the entry is at epoch and nobody else
	// has it, or whoever had it has run out of time; a live claim of owner's own is somebody else's too. The
	// returned entry has a new epoch.
	Claim(ctx context.Context, id EntryID, epoch int64, owner string, now, until time.Time) (Entry, error)
	// Advance makes one step and returns the entry as it now stands.
	Advance(ctx context.Context, step Step) (Entry, error)
	// Commit makes the step to delivered (or a mend), writes conversation_log, and moves what is
	// remembered, all or nothing.
	Commit(ctx context.Context, d Delivery) (Entry, error)
}

// Due is an entry that wants work.
type Due struct {
	ID     EntryID
	Epoch  int64
	State  State
	NextAt time.Time
}

// RunKind says what triggered a run.
type RunKind string

// The kinds.
const (
	RunSchedule RunKind = "schedule"
	RunCatchup  RunKind = "catchup"
	RunManual   RunKind = "manual"
	RunMend     RunKind = "mend"
)

// Run is one trigger and the entries it touched.
type Run struct {
	ID         RunID
	Kind       RunKind
	Key        string // unique when not empty: "schedule/<due minute>", so that replicas share a scheduled run
	Date       Date   // the date asked for, or that of the operator's zone
	StartedAt  time.Time
	FinishedAt time.Time // zero while running
	// EstimatedEnd is when all of it should be sent, by the pace; zero when finished or not asked for.
	EstimatedEnd time.Time
	Readers      []RunReader
}

// Finished reports whether nothing of the run is pending.
func (r Run) Finished() bool { return !r.FinishedAt.IsZero() }

// RunReader is what a run did for one reader. Entry members are read from the entry as it stands.
type RunReader struct {
	Reader      ReaderID
	SlackUserID string
	Entry       EntryID // "" for a dry run
	Outcome     Outcome
	Status      Status
	Reason      Reason
	ChannelID   string
	MessageTS   string
	Text        string // dry run only
	Verdicts    map[SourceName]Verdict
}

// RunFilter narrows a list of runs.
type RunFilter struct {
	Limit int
}

// EntryFilter narrows a list of entries; zero members do not.
type EntryFilter struct {
	Reader ReaderID
	Date   Date
	Slot   Slot
	Limit  int // 0 = 100
}
