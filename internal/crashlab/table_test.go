package crashlab_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"achim/store/storetest"
)

// How a process or an answer was struck.
const (
	killed   = "killed"   // SIGKILL, and started again
	frozen   = "frozen"   // SIGSTOP, and SIGCONT after a while
	doubtful = "answered" // Slack's answer does not tell what became of the post
	lost     = "lost"     // of the database
)

// blow is a line of the table: what was done, and when.
type blow struct{ step, how string }

// row is what came of it.
type row struct {
	sqlite, postgres                         int // how often
	inHand, dms, duplicates, losses, unknown int
	why                                      map[string]int // reasons of the unknown
}

// tally counts blows and what came of them, over all houses.
type tally struct {
	mu   sync.Mutex
	rows map[blow]*row

	enough int // kills on each database after which no more are made; 0 = never
}

func newTally() *tally { return &tally{rows: map[blow]*row{}} }

// row returns the line of a blow; the caller holds mu.
func (t *tally) row(b blow) *row {
	r := t.rows[b]
	if r == nil {
		r = &row{why: map[string]int{}}
		t.rows[b] = r
	}
	return r
}

// on is how often that was on the database.
func (r *row) on(d storetest.Dialect) int {
	switch {
	case r == nil:
		return 0
	case d == storetest.Postgres:
		return r.postgres
	default:
		return r.sqlite
	}
}

// count counts a blow.
func (t *tally) count(b blow, d storetest.Dialect) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(b)
	if d == storetest.Postgres {
		r.postgres++
	} else {
		r.sqlite++
	}
}

// isEnough reports whether there were kills enough on the database.
func (t *tally) isEnough(d storetest.Dialect) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for b, r := range t.rows {
		if b.how == killed {
			n += r.on(d)
		}
	}
	return t.enough > 0 && n >= t.enough
}

// rarest picks one of the steps that were least often struck so.
func (t *tally) rarest(choice []step, how string, d storetest.Dialect) step {
	t.mu.Lock()
	defer t.mu.Unlock()
	best, least := choice[0], int(^uint(0)>>1)
	for _, i := range rand.Perm(len(choice)) {
		if n := t.rows[blow{choice[i].name, how}].on(d); n < least {
			best, least = choice[i], n
		}
	}
	return best
}

// missing lists the steps that were never struck so on the database.
func (t *tally) missing(how string, d storetest.Dialect) (names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, st := range slices.Concat(steps(), mendSteps()) {
		comes := (st.only == "" || st.only == d) && (how == killed || st.freezes())
		if comes && t.rows[blow{st.name, how}].on(d) == 0 {
			names = append(names, st.name)
		}
	}
	return names
}

// struck is one blow and whose briefings it hit.
type struck struct {
	blow
	readers []string
}

// report adds what became of the struck briefings to the table.
func (h *house) report(verdicts map[string]*verdict) {
	h.tally.mu.Lock()
	defer h.tally.mu.Unlock()
	for _, s := range h.struck {
		r := h.tally.row(s.blow)
		for _, id := range s.readers {
			v := verdicts[id]
			if v == nil {
				continue
			}
			r.inHand++
			r.dms += v.dms
			switch {
			case v.dms > 1:
				r.duplicates += v.dms - 1
			case v.state == "unknown":
				r.unknown++
				r.why[v.reason]++
			case v.dms == 0:
				r.losses++
			}
		}
	}
	h.struck = nil
}

// inOrder lists the lines as a briefing comes to them, then whatever else there is; the caller holds mu.
func (t *tally) inOrder() []blow {
	place := map[string]int{}
	for i, st := range slices.Concat(steps(), mendSteps()) {
		place[st.name] = i + 1
	}
	at := func(b blow) int {
		if n := place[b.step]; n > 0 {
			return n
		}
		return len(place) + 1
	}
	return slices.SortedFunc(maps.Keys(t.rows), func(a, b blow) int {
		return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(a.step, b.step), -cmp.Compare(a.how, b.how))
	})
}

// table is the tally as Markdown. A briefing in hand is one that the struck process had claimed; it is counted
// again for every blow that hit it. The message of an unknown one may stand, and is then among the DMs.
func (t *tally) table() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| struck at\t| how\t| SQLite\t| PostgreSQL\t| briefings in hand\t| DMs\t| duplicates\t| losses\t| unknown\t| why unknown\t|")
	fmt.Fprintln(w, "|---\t|---\t|--:\t|--:\t|--:\t|--:\t|--:\t|--:\t|--:\t|---\t|")
	sums := map[string]*row{}
	for _, one := range t.inOrder() {
		r := t.rows[one]
		printLine(w, one, r)
		sum := sums[one.how]
		if sum == nil {
			sum = &row{why: map[string]int{}}
			sums[one.how] = sum
		}
		sum.add(r)
	}
	for _, how := range slices.Sorted(maps.Keys(sums)) {
		printLine(w, blow{"**all**", how}, sums[how])
	}
	_ = w.Flush()
	return b.String()
}

func printLine(w *tabwriter.Writer, b blow, r *row) {
	var why []string
	for _, reason := range slices.Sorted(maps.Keys(r.why)) {
		why = append(why, fmt.Sprintf("%s: %d", reason, r.why[reason]))
	}
	fmt.Fprintf(w, "| %s\t| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %s\t|\n",
		b.step, b.how, r.sqlite, r.postgres, r.inHand, r.dms, r.duplicates, r.losses, r.unknown, strings.Join(why, ", "))
}

func (r *row) add(o *row) {
	r.sqlite += o.sqlite
	r.postgres += o.postgres
	r.inHand += o.inHand
	r.dms += o.dms
	r.duplicates += o.duplicates
	r.losses += o.losses
	r.unknown += o.unknown
	for reason, n := range o.why {
		r.why[reason] += n
	}
}
