//go:build crash

// Package crashlab_test is the crash laboratory: the real program, run by nothing but its documented
// settings, is killed and frozen at every named step of a briefing, from outside, while stand-ins play Google,
// Slack and the news; and then it is counted who got what. `make crash` runs it; it stands behind the build
// tag crash, because it takes minutes.
package crashlab_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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
}

func TestMain(m *testing.M) {
	flag.Parse()
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
	lab.reg = &registry{live: map[*process]bool{}}
	defer lab.reg.endAll()
	lab.program = filepath.Join(dir, "achim")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", lab.program, "achim/cmd/achim")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	if lab.zone, err = noonZone(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The laboratory waits most of the time, whatever the number of processors.
	if err := flag.Set("test.parallel", "64"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ended := make(chan int, 1)
	go func() { ended <- m.Run() }()
	select {
	case code := <-ended:
		return code
	case <-ctx.Done():
		return 130
	}
}

func full() bool { return *killsWanted > 0 }

// experiment runs one house until everybody has their briefing and judges it.
type experiment struct {
	plan
	kills      int
	fire       time.Duration // how long it is struck at most; every kill on PostgreSQL may cost the rest of a claim
	unreadable bool          // Slack does not let us read the history
	mend       bool          // Gmail is away at first
	steps      []step
}

func (x experiment) run(t *testing.T) {
	t.Helper()
	h := build(t, x.plan)
	if x.unreadable {
		h.row = "any of these, Slack's history unreadable"
		h.slack.Inject(standin.Fault{Op: opHistory, Body: string(unauthorizedHistory)})
	}
	if x.mend {
		h.google.Inject(standin.Fault{Op: opMailList, Status: 503})
	}
	h.open()
	if x.mend {
		h.trigger()
		h.wait("a degraded briefing for everybody", func() bool {
			return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'delivered' AND owner = ''") == h.readers
		})
		h.google.Clear()
		_, err := h.anyone().call(t.Context(), "POST", "/api/cron/daily-summary?wait=0s")
		h.must(err)
		h.bombard(x, h.complete)
		h.wait("a complete briefing for everybody", h.complete)
	} else {
		h.triggerUnderFire()
		h.bombard(x, h.settled)
		h.wait("an end of every entry", h.settled)
	}
	h.wait("the end of all runs", func() bool { return h.count("SELECT COUNT(*) FROM achim_run WHERE finished_at IS NULL") == 0 })
	h.judge(allowed{unknown: x.unreadable})
	t.Logf("%s: %d readers, %d kills, %s", h.name, h.readers, h.kills, time.Since(h.started).Round(time.Second))
}

// TestKills kills at every step, on both databases.
func TestKills(t *testing.T) {
	sum := newTally()
	if full() {
		sum.enough = (*killsWanted + 1) / 2
		fullSet(t, sum) // by itself: the connections of the database are not endless
	} else {
		t.Parallel()
		for _, x := range []experiment{
			{plan: plan{name: "one process", dialect: storetest.SQLite, readers: 150, processes: 1}, kills: 14, fire: time.Minute},
			{plan: plan{name: "three processes", dialect: storetest.Postgres, readers: 120, processes: 3}, kills: 8, fire: 10 * time.Second},
		} {
			x.tally, x.steps = sum, telling()
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				x.run(t)
			})
		}
	}
	t.Cleanup(func() {
		t.Log("\n" + sum.table())
		if full() {
			fmt.Println(sum.table())
		}
	})
}

// Lanes of the full set: houses of one database one after the other, lanes beside each other. On PostgreSQL
// a claim of the dead has to run out each time, so more of them wait at once.
const (
	lanesSQLite   = 5
	lanesPostgres = 8
)

// fullSet builds houses until there were enough kills on each database.
func fullSet(t *testing.T, sum *tally) {
	lane := func(d storetest.Dialect, number int) {
		for n := 0; !sum.isEnough(d) && !t.Failed(); n++ {
			x := experiment{plan: plan{dialect: d, readers: 200, processes: 1, tally: sum}, kills: 30, fire: settleWithin, steps: steps()}
			if d == storetest.Postgres {
				x.processes, x.readers, x.kills = 3, 500, 60
			}
			kind := "readable"
			switch (n + number) % 5 {
			case 3:
				x.mend, x.steps, kind = true, mendSteps(), "mended"
			case 4:
				x.unreadable, kind = true, "unreadable"
			}
			x.name = fmt.Sprintf("%s-%d-%d-%s", d, number, n, kind)
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
