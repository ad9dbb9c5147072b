// Package alarm tells the operator how a morning went, by roads that do not all break with what broke.
//
// A few minutes after each due minute it counts what became of everybody who was due then: into metrics and the log
// always; and when a person has something to mend, or somebody is without a briefing, into one DM to the operator and
// one POST to a webhook, each tried whatever becomes of the other. A heartbeat elsewhere is called only when everybody
// is accounted for, and on a day on which nobody is due, so that a process that is dead rings a bell by its silence.
//
// That a due minute was accounted for is written before anything is told. Replicas and restarts therefore tell it
// once; a process killed in between tells nothing, and does not call the heartbeat either. When the database is what
// broke, nothing can be counted or written: then that is told, once by each process.
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
	// askFor is how long the ledger may take for all that one look wants to know.
	askFor = 30 * time.Second
)

// Store is the ledger as accounting sees it.
type Store interface {
	// DueMinutes returns the minutes from the one time on and before the other in which briefings were due, by the
	// hour or by hand, or should have been planned, the earliest first.
	DueMinutes(ctx context.Context, from, to time.Time) ([]time.Time, error)
	// Standing returns how the briefings due in the minute stand now.
	Standing(ctx context.Context, due time.Time) (briefing.Standing, error)
	// Account marks a due minute as accounted for. Of all callers, in all processes, one is told that it was first.
	Account(ctx context.Context, due time.Time) (first bool, err error)
	// Behind reports whether the planner has yet to plan for somebody whose hour is not after the time.
	Behind(ctx context.Context, until time.Time) (bool, error)
}

// Readers finds readers.
type Readers interface {
	// Reader returns the reader with the id, or briefing.ErrNotFound.
	Reader(ctx context.Context, ref string) (briefing.Reader, error)
}

// Alarm accounts for mornings. Operator, Webhook and Heartbeat may be empty: then that road is not taken. Pacer,
// Counted, Stands, Told, Blind and Client may be nil; everything else must be set. It is safe for concurrent use.
type Alarm struct {
	Store     Store
	Readers   Readers
	Deliverer briefing.Deliverer
	Pacer     *briefing.Pacer // estimates when a morning is over, and gives the DM its turn
	Operator  string          // Slack member id of who gets the DM
	Webhook   briefing.Secret // gets a POST
	Heartbeat briefing.Secret // gets a GET
	Language  briefing.Language
	Zone      *time.Location
	At        briefing.TimeOfDay // the hour, in Zone, after which a day counts on which nobody is due
	Logger    *slog.Logger
	Now       func() time.Time
	Client    *http.Client // nil = one a call. Its redirects are not followed
	// Counted is told every account, also one that another process has told already.
	Counted func(Account)
	// Stands is told after each look how those due in the last day stand, by outcome, once their minute was accounted for.
	Stands func(map[string]int)
	// Told is told of each message: "slack", "webhook" or "heartbeat", and the error it met.
	Told func(channel string, err error)
	// Blind is told after each look for how long the ledger could not be asked; 0 = it can.
	Blind func(time.Duration)

	mu      sync.Mutex
	done    map[int64]bool      // due minutes, in Unix seconds, that this process has nothing more to do for
	stand   map[int64]Account   // how those that were accounted for stand
	ends    map[int64]time.Time // when those under way should be over, as estimated when they became ripe
	last    time.Time           // when this process looked last
	resumed time.Time           // when it began to look without a gap
	blind   time.Time           // since when the ledger cannot be asked; zero = it can
	cried   bool                // that was told
}

// Check accounts for every due minute of the last day that is ripe and that nobody has accounted for yet. It is to
// be called every minute, and may be called at any time. Its error is that the ledger could not be asked; when that
// lasts as long as a morning is given, the operator is told. What could not be told is logged, not returned: it is
// not told again.
func (a *Alarm) Check(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	gap := now.Sub(a.last)
	a.last = now
	if gap > absent || gap < 0 {
		a.resumed, a.blind = now, time.Time{}
	}
	err := a.look(ctx, now)
	switch {
	case ctx.Err() != nil: // stopping: that says nothing about the ledger
	case err == nil:
		a.blind, a.cried = time.Time{}, false
	case a.blind.IsZero():
		a.blind = now
	case now.Sub(a.blind) >= after-time.Second && !a.cried: // a tick comes a moment early or late
		a.cried = true
		a.cry(ctx)
	}
	if a.Blind != nil {
		a.Blind(a.blindFor(now))
	}
	return err
}

// blindFor returns for how long the ledger cannot be asked.
func (a *Alarm) blindFor(now time.Time) time.Duration {
	if a.blind.IsZero() {
		return 0
	}
	return now.Sub(a.blind)
}

// look accounts for what is ripe.
func (a *Alarm) look(ctx context.Context, now time.Time) error {
	asking, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	minutes, err := a.Store.DueMinutes(asking, now.Add(-lookBack), now.Add(-after+time.Millisecond)) // the store counts in milliseconds
	if err != nil {
		return fmt.Errorf("account for the morning: %w", err)
	}
	a.forget(now)
	errs := []error{a.idle(ctx, minutes)}
	for _, due := range minutes {
		if err := a.account(ctx, due, minutes); err != nil {
			errs = append(errs, fmt.Errorf("account for %s: %w", due.Format(time.RFC3339), err))
		}
	}
	a.tellStanding()
	return errors.Join(errs...)
}

// tellStanding tells how everybody stands whose minute was accounted for.
func (a *Alarm) tellStanding() {
	if a.Stands == nil {
		return
	}
	total := Account{}.Counts()
	for _, account := range a.stand {
		for outcome, n := range account.Counts() {
			total[outcome] += n
		}
	}
	a.Stands(total)
}

// forget drops what is known of due minutes that nobody looks at any more.
func (a *Alarm) forget(now time.Time) {
	if a.done == nil {
		a.done, a.ends, a.stand = map[int64]bool{}, map[int64]time.Time{}, map[int64]Account{}
	}
	before := now.Add(-2 * lookBack).Unix()
	maps.DeleteFunc(a.done, func(due int64, _ bool) bool { return due < before })
	maps.DeleteFunc(a.ends, func(due int64, _ time.Time) bool { return due < before })
	maps.DeleteFunc(a.stand, func(due int64, _ Account) bool { return due < now.Add(-lookBack).Unix() })
}

// account accounts for one due minute of the day's, unless that is too early; one that was and has not settled is looked
// at again, since somebody may have settled it.
func (a *Alarm) account(ctx context.Context, due time.Time, minutes []time.Time) error {
	done := a.done[due.Unix()]
	if done && a.stand[due.Unix()].Settled() {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	st, err := a.Store.Standing(asking, due)
	if err != nil {
		return err
	}
	account := Of(due, st)
	if done || account.Expected == 0 { // told already, or they were removed or moved meanwhile
		a.stand[due.Unix()] = account
		return nil
	}
	if !a.ripe(asking, account, st) {
		return nil
	}
	first, err := a.Store.Account(asking, due)
	if err != nil {
		return err
	}
	a.done[due.Unix()], a.stand[due.Unix()] = true, account
	if a.Counted != nil {
		a.Counted(account)
	}
	if first {
		a.log(ctx, account)
		a.tell(ctx, account, a.settled(minutes))
	}
	return nil
}

// settled reports whether everybody who was due in the minutes is accounted for. One that does not settle keeps the
// heartbeat out for a day: otherwise the next that goes well would hide it.
func (a *Alarm) settled(minutes []time.Time) bool {
	return !slices.ContainsFunc(minutes, func(due time.Time) bool {
		account, known := a.stand[due.Unix()]
		return !known || !account.Settled()
	})
}

// ripe reports whether the account may be told: after minutes after the hour. While somebody's briefing is under way
// it is after minutes after the work was begun, if that was later, and not before the pacer's estimate, made once;
// with some in doubt, not before Slack's history had time to settle them. Turns that Slack puts off are waited for,
// but whatever Slack does the waiting has an end.
func (a *Alarm) ripe(ctx context.Context, account Account, st briefing.Standing) bool {
	if account.UnderWay == 0 {
		return true
	}
	now, from := a.Now(), latest(account.Due, st.Begun, a.resumed).Add(after)
	if now.Before(from) {
		return false
	}
	end, known := a.ends[account.Due.Unix()]
	if !known {
		end = a.estimate(ctx, st.Runs)
		a.ends[account.Due.Unix()] = end
	}
	ready, last := latest(end, st.Turn).Add(turnTakes), from.Add(settling+a.takes(account.Expected))
	if account.InDoubt > 0 {
		ready = latest(ready, from.Add(settling))
	}
	return !now.Before(ready) || !now.Before(last)
}

// estimate returns when all the runs should be over by the pace; the zero time when nobody knows.
func (a *Alarm) estimate(ctx context.Context, runs []briefing.RunID) (end time.Time) {
	for _, run := range runs {
		// Without an estimate the account is told now, which is its time unless there is a queue.
		if at, err := a.Pacer.EstimatedEnd(ctx, briefing.Run{ID: run}); err == nil {
			end = latest(end, at)
		}
	}
	return end
}

// takes returns how long Slack may take for so many readers, all of them new.
func (a *Alarm) takes(readers int) time.Duration {
	every := a.Pacer.Every(briefing.PacePost) + a.Pacer.Every(briefing.PaceOpen)
	return time.Duration(readers) * every
}

// idle calls the heartbeat on a day on which nobody is due, after the hour: whoever waits for it once a day waits on
// days off too. Somebody whom the planner has not planned is due.
func (a *Alarm) idle(ctx context.Context, minutes []time.Time) error {
	hour := briefing.At(briefing.DateOf(a.Now(), a.Zone), a.At, a.Zone)
	if a.Heartbeat.IsZero() || len(minutes) > 0 || a.done[hour.Unix()] || a.Now().Before(hour.Add(after)) {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	behind, err := a.Store.Behind(asking, hour)
	if err != nil || behind {
		return err
	}
	first, err := a.Store.Account(asking, hour)
	if err != nil {
		return err
	}
	a.done[hour.Unix()] = true
	if first {
		a.road(ctx, "heartbeat", a.beat)
	}
	return nil
}

// latest returns the latest of the times.
func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

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
