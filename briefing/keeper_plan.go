package briefing

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// When grants are asked about.
const (
	keepSurvey = 10 * time.Minute
	day        = 24 * time.Hour
	keepSpared = time.Hour // after an answer that came for another cause

	aheadBy    = time.Hour        // before the hour all must be known
	aheadOver  = 15 * time.Minute // before that they are asked about, longer when they are many
	aheadMost  = 3 * time.Hour
	aheadUntil = 10 * time.Minute // before the hour; after that preparing asks
	crowded    = 300              // readers of one hour: until it is over nothing is asked but ahead of it
	quietAfter = 10 * time.Minute

	retryFirst = 10 * time.Minute // after a failure that may pass, then as long as it has lasted
	retryMost  = 6 * time.Hour

	endingWithin = 2 * day
)

// GrantStanding is how a grant stands, for those who count them.
type GrantStanding string

// The standings. A grant is counted once, under the worst.
const (
	GrantHealthy    GrantStanding = "healthy"
	GrantEnding     GrantStanding = "ending"  // a known end comes within two days
	GrantFailing    GrantStanding = "failing" // refreshing it has not worked lately
	GrantDead       GrantStanding = "dead"
	GrantUnreadable GrantStanding = "unreadable" // the row makes no sense, or holds no refresh token
)

// GrantStandings returns all of them.
func GrantStandings() []GrantStanding {
	return []GrantStanding{GrantHealthy, GrantEnding, GrantFailing, GrantDead, GrantUnreadable}
}

// Standing returns how the grant stands.
func (g Grant) Standing(now time.Time) GrantStanding {
	switch {
	case g.Fault != nil || !g.HasRefreshToken:
		return GrantUnreadable
	case !g.State.DeadSince.IsZero():
		return GrantDead
	case !g.State.FailingSince.IsZero():
		return GrantFailing
	case !g.State.EndsAt.IsZero() && g.State.EndsAt.Before(now.Add(endingWithin)):
		return GrantEnding
	}
	return GrantHealthy
}

// keepTask is one grant to be asked about.
type keepTask struct {
	owner  ReaderID
	client string
	at     time.Time
	seen   time.Time // when Google last said how it stands; the question is void once that has moved
	ahead  bool      // of the reader's hour
}

// every is the pause after the question.
func (t keepTask) every() time.Duration {
	if t.ahead {
		return aheadEvery
	}
	return keepEvery
}

// survey looks at all grants of readers and notes which are to be asked about before the next survey.
func (k *Keeper) survey(ctx context.Context, now time.Time) error {
	if k.began.IsZero() {
		k.began = now
	}
	found, err := k.Store.Crowds(ctx, now, now.Add(aheadBy+aheadMost+keepSurvey))
	if err != nil {
		return fmt.Errorf("survey grants: %w", err)
	}
	k.crowds = k.crowds.with(found, now)
	var tasks []keepTask
	standings := map[GrantStanding]int{}
	for page, err := range GrantPages(ctx, k.Store) {
		if err != nil {
			return fmt.Errorf("survey grants: %w", err)
		}
		ids := make([]ReaderID, len(page))
		for i, g := range page {
			ids[i] = g.Owner
		}
		next, err := k.Store.Hours(ctx, ids)
		if err != nil {
			return fmt.Errorf("survey grants: %w", err)
		}
		for _, g := range page {
			hour, ours := next[g.Owner]
			if !ours {
				continue
			}
			standing := g.Standing(now)
			standings[standing]++
			if standing == GrantUnreadable || standing == GrantDead {
				continue // there is nothing to ask with, or nothing to ask
			}
			if task := k.task(g, hour, now); task.at.Before(now.Add(keepSurvey)) {
				tasks = append(tasks, task)
			}
		}
	}
	k.surveyed, k.tasks = now, inTurn(tasks, now)
	if k.Surveyed != nil {
		k.Surveyed(standings)
	}
	return nil
}

// inTurn sorts the tasks by their times. What is overdue goes in an order that differs from process to process, so that
// they do not all ask about the same ones, but first those whose hour comes.
func inTurn(tasks []keepTask, now time.Time) []keepTask {
	rand.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	slices.SortStableFunc(tasks, func(a, b keepTask) int {
		if c := later(a.at, now).Compare(later(b.at, now)); c != 0 {
			return c
		}
		return cmp.Compare(flagOf(b.ahead), flagOf(a.ahead))
	})
	return tasks
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func flagOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// task returns when the grant is to be asked about next.
func (k *Keeper) task(g Grant, hour, now time.Time) keepTask {
	state, share := g.State, shareOf(g.Fingerprint)
	t := keepTask{owner: g.Owner, client: g.ClientID, seen: state.CheckedAt}
	seen := state.CheckedAt
	if seen.IsZero() {
		seen = k.began.Add(-keepSpared) // found here: its turn is within a day
	}
	t.at = dailyTurn(seen.Add(keepSpared), share)
	blocked := state.LastError == PolicyBlocked // whom an administrator keeps out is asked about once a day
	var retry time.Time
	if state.LastError != "" && !blocked {
		retry = state.CheckedAt.Add(min(max(state.CheckedAt.Sub(state.FailingSince), retryFirst), retryMost))
		if retry.Before(t.at) {
			t.at = retry
		}
	}
	t.at = k.crowds.quiet(later(t.at, now), t.at)
	if hour.IsZero() || blocked || !now.Before(hour.Add(-aheadUntil)) {
		return t
	}
	over := k.crowds.over(hour)
	from := hour.Add(-aheadBy - over)
	if !state.CheckedAt.Before(from) {
		return t
	}
	ahead := later(from.Add(time.Duration(share*float64(over))), retry)
	if ahead.Before(later(t.at, now)) || !ahead.After(now) {
		t.at, t.ahead = ahead, true
	}
	return t
}

// shareOf spreads fingerprints evenly from 0 up to 1, for every process alike.
func shareOf(fingerprint string) float64 {
	var sum [4]byte
	if _, err := hex.Decode(sum[:], []byte(fingerprint[:min(len(fingerprint), 8)])); err != nil {
		return 0
	}
	return float64(binary.BigEndian.Uint32(sum[:])) / (1 << 32)
}

// dailyTurn returns the first instant not before the given one that lies the share of a day after midnight in UTC.
func dailyTurn(from time.Time, share float64) time.Time {
	at := from.UTC().Truncate(day).Add(time.Duration(share * float64(day)))
	if at.Before(from) {
		at = at.Add(day)
	}
	return at
}

// crowds is how many readers are planned for an hour.
type crowds map[time.Time]int

// over returns how long asking ahead of the hour takes, with a quarter to spare.
func (c crowds) over(hour time.Time) time.Duration {
	return min(max(time.Duration(c[hour])*aheadEvery*5/4, aheadOver), aheadMost)
}

// with returns what was found now, and the hours before that are not over: who is planned for does not count any more,
// and is there all the same.
func (c crowds) with(found map[time.Time]int, now time.Time) crowds {
	all := maps.Clone(crowds(found))
	for hour, readers := range c {
		if _, ok := all[hour]; !ok && now.Before(hour.Add(quietAfter)) {
			all[hour] = readers
		}
	}
	return all
}

// quiet returns at, moved behind a crowded hour if start, when it would really be done, lies in the time in which that
// is asked ahead of, prepared or delivered.
func (c crowds) quiet(start, at time.Time) time.Time {
	for moved := true; moved; {
		moved = false
		for hour, readers := range c {
			end := hour.Add(quietAfter)
			if readers >= crowded && start.After(hour.Add(-aheadBy-c.over(hour))) && start.Before(end) {
				start, at, moved = end, end, true
			}
		}
	}
	return at
}
