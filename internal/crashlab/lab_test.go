// Package crashlab_test is the crash laboratory: the real program, run by nothing but its documented
// settings, is killed and frozen at every named step of a briefing, from outside, while stand-ins play Google,
// Slack and the news; and then it is counted who got what. A reduced set runs with all tests, `make crash`
// runs the whole.
package crashlab_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

var killsWanted = flag.Int("kills", 0, "run the full laboratory with at least so many kills; 0 = the reduced set")

// lab is what all tests share; TestMain fills it and nobody changes it afterwards.
var lab struct {
	program string
	zone    *time.Location
	reg     *registry
	tally   *tally
}

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() && !full() {
		fmt.Println("the crash laboratory is left out: -short")
		return
	}
	os.Exit(laboratory(m))
}

// laboratory builds the program, runs the tests and leaves no process behind, interrupted or not.
func laboratory(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "achim-crash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Setenv("TMPDIR", dir); err != nil { // an interrupted test does not clear up after itself
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	lab.tally = newTally()
	lab.reg = &registry{live: map[*process]bool{}}
	defer lab.reg.endAll()
	lab.program = filepath.Join(dir, "achim")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", lab.program, "achim/cmd/achim")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build has it
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	if lab.zone, err = noonZone(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The laboratory waits most of the time, whatever the number of processors; but connections are not endless.
	parallel := "64"
	if full() {
		parallel = "9"
	}
	if err := flag.Set("test.parallel", parallel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ended := make(chan int, 1)
	go func() { ended <- m.Run() }()
	select {
	case code := <-ended:
		fmt.Println(lab.tally.table())
		return code
	case <-ctx.Done():
		return 130
	}
}

func full() bool { return *killsWanted > 0 }

// experiment runs one house until everybody has their briefing and judges it.
type experiment struct {
	plan
	strikes    int
	fire       time.Duration // how long it is struck at most; every kill on PostgreSQL may cost the rest of a claim
	unreadable bool          // Slack does not let us read the history
	mend       bool          // Gmail is away at first
	freeze     bool          // processes are frozen, not killed
	rest       bool          // strikes although there were kills enough
	steps      []step
}

func (x experiment) how() string {
	if x.freeze {
		return frozen
	}
	return killed
}

func (x experiment) run(t *testing.T) {
	t.Helper()
	h := build(t, x.plan)
	if x.unreadable {
		h.row = "any of these, without im:history"
		h.slack.Inject(noHistory)
	}
	if x.mend {
		h.google.Inject(standin.Fault{Op: opMailList, Status: 503})
	}
	if (x.freeze || x.rest) && !x.mend { // or nobody would look into the history
		h.slack.Inject(standin.Fault{Op: opPost, Cut: "after", Skip: 10, Times: 10})
		h.slack.Inject(standin.Fault{Op: opPost, Cut: "before", Skip: 10, Times: 10})
	}
	h.open()
	done := h.settled
	switch {
	case x.mend:
		done = h.complete
		h.trigger()
		h.wait("a degraded briefing for everybody", func() bool {
			return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'delivered' AND owner = ''") == h.readers
		})
		h.google.Clear()
		_, err := h.anyone().call(t.Context(), "POST", "/api/cron/daily-summary?wait=0s")
		h.must(err)
	case x.freeze:
		done = h.complete // a source that was being read meanwhile has not answered in time, as far as that process can tell
		h.trigger()
	default:
		h.triggerUnderFire()
	}
	h.bombard(x, done)
	h.wait("an end of everything", done)
	h.thaws.Wait()
	h.finish(allowed{unknown: x.unreadable})
}

// TestKills kills at every step, on both databases.
func TestKills(t *testing.T) {
	if full() {
		lab.tally.enough = (*killsWanted + 1) / 2
		fullSet(t, lab.tally) // by itself: the connections of the database are not endless
		for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
			for _, how := range []string{killed, frozen} {
				if missing := lab.tally.missing(how, d); len(missing) > 0 {
					t.Errorf("on %s nobody was %s at: %s", d, how, strings.Join(missing, "; "))
				}
			}
		}
		return
	}
	t.Parallel()
	experiment{
		plan:    plan{name: "one process", dialect: storetest.SQLite, readers: 100, processes: 1, tally: lab.tally},
		strikes: 12, fire: 8 * time.Second, steps: telling(),
	}.run(t)
}

// Lanes of the full set: houses of one database one after the other, lanes beside each other. On PostgreSQL
// a claim of the dead has to run out each time, so more of them wait at once.
const (
	lanesSQLite   = 4
	lanesPostgres = 8
	restHouses    = 20              // for steps not struck by then
	frozenFor     = 2 * time.Minute // how long new freezes are made in a house
)

// fullSet builds houses until there were enough kills on each database, and then until every step has been
// struck in every way.
func fullSet(t *testing.T, sum *tally) {
	lane := func(d storetest.Dialect, number int) {
		for n := 0; (n < 2 || !sum.isEnough(d)) && !t.Failed(); n++ {
			x := newExperiment(d, (n+number)%6)
			x.name = fmt.Sprintf("%s-%d-%d-%s", d, number, n, x.name)
			t.Run(x.name, x.run)
		}
		for n := 0; number == 0 && n < restHouses && !t.Failed(); n++ {
			x, found := restExperiment(d, sum)
			if !found {
				return
			}
			x.name = fmt.Sprintf("%s-rest-%d-%s", d, n, x.name)
			t.Run(x.name, x.run)
		}
	}
	var lanes sync.WaitGroup
	for i := range lanesSQLite {
		lanes.Go(func() { lane(storetest.SQLite, i) })
	}
	for i := range lanesPostgres {
		lanes.Go(func() { lane(storetest.Postgres, i) })
	}
	lanes.Wait()
}

// The kinds of experiments, of six in a row; what is left is killed while it reads and posts.
const (
	kindFrozen = 1 + iota
	kindMended
	kindMendedFrozen
	kindUnreadable
)

func newExperiment(d storetest.Dialect, kind int) experiment {
	x := experiment{plan: plan{name: "readable", dialect: d, readers: 200, processes: 1, tally: lab.tally}, strikes: 30, fire: settleWithin, steps: steps()}
	if d == storetest.Postgres {
		x.processes, x.readers, x.strikes = 3, 500, 60
	}
	switch kind {
	case kindFrozen:
		x.name, x.freeze, x.fire = "frozen", true, frozenFor
		x.steps = slices.DeleteFunc(x.steps, func(st step) bool { return !st.freezes() })
	case kindMended:
		x.name, x.mend, x.steps = "mended", true, mendSteps()
	case kindMendedFrozen:
		x.name, x.mend, x.freeze, x.fire, x.steps = "mended, frozen", true, true, frozenFor, mendSteps()
	case kindUnreadable:
		x.name, x.unreadable = "unreadable", true
	}
	return x
}

// restExperiment strikes at steps that have not been struck yet.
func restExperiment(d storetest.Dialect, sum *tally) (x experiment, found bool) {
	for kind, how := range []string{killed, frozen, killed, frozen} {
		x = newExperiment(d, kind)
		x.rest = true
		missing := sum.missing(how, d)
		x.steps = slices.DeleteFunc(x.steps, func(st step) bool { return !slices.Contains(missing, st.name) })
		x.strikes = 2 * len(x.steps)
		if len(x.steps) > 0 {
			return x, true
		}
	}
	return x, false
}
