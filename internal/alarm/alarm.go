// Package alarm tells the operator how a morning went, by roads that do not all break with what broke.
//
// A few minutes after each due minute it counts what became of everybody who was due then: into metrics and the log
// always; and when a person has something to mend, or somebody is without a briefing, into one DM to the operator and
// one POST to a webhook, each tried whatever becomes of the other. A heartbeat elsewhere is called only when everybody
// is accounted for, so that a process that is dead, or has lost its database, rings a bell by its silence.
//
// That a due minute was accounted for is written before anything is told. Replicas and restarts therefore tell it
// once; a process killed in between tells nothing, and does not call the heartbeat either.
package alarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"achim/briefing"
)

const (
	// lookBack is how old a due minute may be that is still accounted for.
	lookBack = 24 * time.Hour
	// absent is how long nobody may have looked before everything counts as just begun: the process was started,
	// or the machine slept.
	absent = 3 * time.Minute
)

// Store is the ledger as accounting sees it.
type Store interface {
	// DueMinutes returns the minutes from the one time on and before the other in which daily briefings were due,
	// the earliest first.
	DueMinutes(ctx context.Context, from, to time.Time) ([]time.Time, error)
	// Standing returns the readers due in the minute by where their entries stand now; when the newest of those
	// entries was made; and when the last that waits for Slack's pace has its turn, zero when none does.
	Standing(ctx context.Context, due time.Time) (readers []briefing.RunReader, begun, turn time.Time, err error)
	// Account marks a due minute as accounted for. Of all callers, in all processes, one is told that it was first.
	Account(ctx context.Context, due time.Time) (first bool, err error)
}

// Readers finds readers.
type Readers interface {
	// Reader returns the reader with the id, or briefing.ErrNotFound.
	Reader(ctx context.Context, ref string) (briefing.Reader, error)
}

// Alarm accounts for mornings. Operator, Webhook and Heartbeat may be empty: then that road is not taken. Counted,
// Told and Client may be nil; everything else must be set. It is safe for concurrent use.
type Alarm struct {
	Store     Store
	Readers   Readers
	Deliverer briefing.Deliverer
	Operator  string          // Slack member id of who gets the DM
	Webhook   briefing.Secret // gets a POST
	Heartbeat briefing.Secret // gets a GET
	Language  briefing.Language
	Zone      *time.Location
	Pace      int // messages a minute a workspace takes; 0 = not known
	Logger    *slog.Logger
	Now       func() time.Time
	Client    *http.Client // its redirects are not followed
	// Counted is told every account, also one that another process has told already.
	Counted func(Account)
	// Told is told of each message: "slack", "webhook" or "heartbeat", and the error it met.
	Told func(channel string, err error)

	mu      sync.Mutex
	done    map[int64]bool // due minutes, in Unix seconds, that this process has nothing more to do for
	last    time.Time      // when this process looked last
	resumed time.Time      // when it began to look without a gap
}

// Check accounts for every due minute of the last day that is ripe and that nobody has accounted for yet. It is to
// be called every minute, and may be called at any time. What could not be told is logged, not returned: it is not
// told again.
func (a *Alarm) Check(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	minutes, err := a.Store.DueMinutes(ctx, now.Add(-lookBack), now.Add(-after+time.Millisecond)) // the store counts in milliseconds
	if err != nil {
		return fmt.Errorf("account for the morning: %w", err)
	}
	if gap := now.Sub(a.last); gap > absent || gap < 0 {
		a.resumed = now
	}
	a.last = now
	if a.done == nil {
		a.done = map[int64]bool{}
	}
	maps.DeleteFunc(a.done, func(due int64, _ bool) bool { return due < now.Add(-2*lookBack).Unix() })
	var errs []error
	for _, due := range minutes {
		if a.done[due.Unix()] {
			continue
		}
		if err := a.account(ctx, due); err != nil {
			errs = append(errs, fmt.Errorf("account for %s: %w", due.Format(time.RFC3339), err))
		}
	}
	return errors.Join(errs...)
}

// account accounts for one due minute, unless that is too early.
func (a *Alarm) account(ctx context.Context, due time.Time) error {
	readers, begun, turn, err := a.Store.Standing(ctx, due)
	if err != nil {
		return err
	}
	if a.resumed.After(begun) {
		begun = a.resumed
	}
	account := Of(due, readers)
	if account.Expected == 0 || a.Now().Before(account.readyAt(begun, turn, a.Pace)) {
		return nil
	}
	first, err := a.Store.Account(ctx, due)
	if err != nil {
		return err
	}
	a.done[due.Unix()] = true
	if a.Counted != nil {
		a.Counted(account)
	}
	if first {
		a.log(ctx, account)
		a.tell(ctx, account)
	}
	return nil
}

// log writes the account's one line.
func (a *Alarm) log(ctx context.Context, account Account) {
	attrs := []any{"due", account.Due.Format(time.RFC3339)}
	counts := account.Counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		attrs = append(attrs, name, counts[name])
	}
	attrs = append(attrs, "reasons", account.Reasons)
	if account.Alarming() {
		a.Logger.WarnContext(ctx, "the morning needs somebody's attention", attrs...)
		return
	}
	a.Logger.InfoContext(ctx, "the morning is accounted for", attrs...)
}
