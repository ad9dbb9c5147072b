package alarm

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"achim/briefing"
)

const (
	// after is how long after the hour a morning is accounted for: there is time to post, and to mend what
	// comes back at once.
	after = 5 * time.Minute
	// settling is how much longer is waited for what Slack left in doubt: its history may settle it.
	settling = 10 * time.Minute
	// turnTakes is how long after its turn a briefing should stand in Slack.
	turnTakes = 30 * time.Second
	// lasting is how long a fault that should pass by itself may last before somebody should look.
	lasting = 20 * time.Hour
)

// Account is what became of everybody who was due in one minute. Delivered, Degraded, Failed, Unknown, Missed, Spared
// and UnderWay add up to Expected.
type Account struct {
	Due       time.Time
	Runs      []briefing.RunID
	Expected  int
	Delivered int // complete
	Degraded  int
	Failed    int // given up, or refused and tried on
	Unknown   int
	Missed    int // too late to be sent
	Spared    int // paused, off that day or removed, which is as it should be
	UnderWay  int // of which InDoubt may have been posted
	InDoubt   int
	Reasons   map[briefing.Reason]int // readers by why they have no complete briefing; one may have several
	Causes    []Cause                 // what is to be mended, and who is without a briefing: the most readers first
}

// Cause is one thing that somebody must look at.
type Cause struct {
	Outcome briefing.Outcome // OutcomeDelivered: their briefings lack something; else they have none
	Reason  briefing.Reason
	Sources []briefing.SourceName // what is lacking, in the order of a briefing
	Readers []briefing.ReaderID
}

// Of accounts for the readers of a due minute as they stand.
func Of(due time.Time, st briefing.Standing) Account {
	a := Account{Due: due, Runs: st.Runs, Reasons: map[briefing.Reason]int{}}
	for _, rr := range st.Readers {
		a.add(rr)
	}
	slices.SortStableFunc(a.Causes, func(x, y Cause) int {
		return cmp.Or(cmp.Compare(len(y.Readers), len(x.Readers)), cmp.Compare(x.Outcome, y.Outcome), cmp.Compare(x.Reason, y.Reason))
	})
	return a
}

// add accounts for one reader.
func (a *Account) add(rr briefing.RunReader) {
	a.Expected++
	switch rr.Outcome {
	case briefing.OutcomeDelivered:
		if rr.Status != briefing.Degraded {
			a.Delivered++
			return
		}
		a.Degraded++
		a.lacks(rr)
		return
	case briefing.OutcomeSkipped:
		if spared(rr) {
			a.Spared++
			break
		}
		a.Missed++
	case briefing.OutcomeUnknown:
		a.Unknown++
	case briefing.OutcomePending:
		a.UnderWay++
		if rr.Reason == briefing.Ambiguous {
			a.InDoubt++
		}
	default:
		a.Failed++
	}
	if rr.Reason != "" {
		a.Reasons[rr.Reason]++
	}
	switch {
	case spared(rr):
	case rr.Outcome == briefing.OutcomePending, rr.Outcome == briefing.OutcomeUnknown:
		a.cause(rr.Outcome, "", rr.Reader) // whatever it is tried on for, what to do is the same
	default:
		a.cause(rr.Outcome, rr.Reason, rr.Reader)
	}
}

// spared reports whether the reader is rightly without a briefing.
func spared(rr briefing.RunReader) bool { return rr.Reason.Spares() || rr.Reason == briefing.Removed }

// lacks accounts for what is missing in a degraded briefing. What time mends by itself is counted, and is a cause
// only when it has not for long.
func (a *Account) lacks(rr briefing.RunReader) {
	reasons := map[briefing.Reason]bool{}
	for _, name := range slices.Sorted(maps.Keys(rr.Verdicts)) {
		verdict := rr.Verdicts[name]
		if !(briefing.Section{Source: name, Verdict: verdict}).Degrades() {
			continue
		}
		reasons[verdict.Reason] = true
		reason := verdict.Reason
		if reason.Mender() == briefing.MenderNobody {
			if verdict.Since.IsZero() || a.Due.Sub(verdict.Since) < lasting {
				continue
			}
			reason = briefing.Unavailable // one cause, whether it timed out or was refused last
		}
		c := a.cause(briefing.OutcomeDelivered, reason, rr.Reader)
		if !slices.Contains(c.Sources, name) {
			c.Sources = append(c.Sources, name)
			slices.SortFunc(c.Sources, byName)
		}
	}
	for reason := range reasons {
		a.Reasons[reason]++
	}
}

// byName orders sources as people say them: mail, calendar, news, and whatever else there is.
func byName(x, y briefing.SourceName) int {
	place := func(name briefing.SourceName) int {
		order := []briefing.SourceName{briefing.Gmail, briefing.Calendar, briefing.News}
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	return cmp.Or(cmp.Compare(place(x), place(y)), cmp.Compare(x, y))
}

// cause returns the cause with the reader among those it concerns.
func (a *Account) cause(outcome briefing.Outcome, reason briefing.Reason, reader briefing.ReaderID) *Cause {
	i := slices.IndexFunc(a.Causes, func(c Cause) bool { return c.Outcome == outcome && c.Reason == reason })
	if i < 0 {
		i = len(a.Causes)
		a.Causes = append(a.Causes, Cause{Outcome: outcome, Reason: reason})
	}
	c := &a.Causes[i]
	if n := len(c.Readers); n == 0 || c.Readers[n-1] != reader {
		c.Readers = append(c.Readers, reader)
	}
	return c
}

// Settled reports whether everybody is accounted for: has a briefing, complete or not, or was rightly left in
// peace. Somebody whose briefing came too late to be sent is not.
func (a Account) Settled() bool {
	return !slices.ContainsFunc(a.Causes, func(c Cause) bool { return c.Outcome != briefing.OutcomeDelivered })
}

// Alarming reports whether a person has something to mend, or somebody is without a briefing.
func (a Account) Alarming() bool { return len(a.Causes) > 0 }

// Affected is how many readers the causes concern.
func (a Account) Affected() int {
	readers := map[briefing.ReaderID]bool{}
	for _, c := range a.Causes {
		for _, r := range c.Readers {
			readers[r] = true
		}
	}
	return len(readers)
}

// Counts returns the readers by outcome, as metrics, the log and the webhook name them.
func (a Account) Counts() map[string]int {
	return map[string]int{
		"expected": a.Expected, "delivered": a.Delivered, "degraded": a.Degraded, "failed": a.Failed,
		"unknown": a.Unknown, "missed": a.Missed, "spared": a.Spared, "under_way": a.UnderWay,
	}
}
