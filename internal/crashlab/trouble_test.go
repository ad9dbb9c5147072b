//go:build crash

package crashlab_test

import (
	"bytes"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// slowly makes every post take a while, so that there is a middle of the run.
func (h *house) slowly(d time.Duration) { h.slack.Inject(standin.Fault{Op: opPost, Delay: d}) }

// posted counts the DMs that stand.
func (h *house) posted() (n int) {
	for i := range h.readers {
		n += len(h.slack.Messages(personOf(i).slack))
	}
	return n
}

// finish waits for the end of everything and judges it.
func (h *house) finish() {
	h.t.Helper()
	h.wait("an end of every entry", h.settled)
	h.wait("the end of all runs", func() bool { return h.count("SELECT COUNT(*) FROM achim_run WHERE finished_at IS NULL") == 0 })
	h.judge(allowed{})
	h.t.Logf("%s: %d readers, %s", h.name, h.readers, time.Since(h.started).Round(time.Second))
}

// to matches posts into the DMs of the readers from one number to before another.
func to(from, before int) func(*http.Request) bool {
	return func(r *http.Request) bool {
		for i := from; i < before; i++ {
			if r.FormValue("channel") == "D"+personOf(i).slack[1:] {
				return true
			}
		}
		return false
	}
}

// TestSlackCutsTheConnection leaves it open whether a post was acted on: cut before acting, cut after it, and
// an error page that says nothing.
func TestSlackCutsTheConnection(t *testing.T) {
	t.Parallel()
	h := build(t, plan{name: "cut connections", dialect: storetest.SQLite, readers: 40, processes: 1, tally: newTally()})
	h.slack.Inject(standin.Fault{Op: opPost, Times: 10, Cut: "after", Match: to(0, 10)})
	h.slack.Inject(standin.Fault{Op: opPost, Times: 10, Cut: "before", Match: to(10, 20)})
	h.slack.Inject(standin.Fault{Op: opPost, Times: 10, Status: http.StatusServiceUnavailable, Match: to(20, 30)})
	h.open()
	h.trigger()
	h.finish()
}

// TestTermInTheMiddleOfARun stops the process as a service manager would, and starts it again.
func TestTermInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			h := build(t, plan{name: "terminated on " + string(d), dialect: d, readers: 50, processes: 1, tally: newTally()})
			h.slowly(100 * time.Millisecond)
			h.open()
			h.trigger()
			h.wait("the middle of the run", func() bool { return h.posted() >= 10 })
			h.must(h.processes[0].term())
			if h.settled() {
				t.Fatal("the run was over before it was stopped")
			}
			h.must(h.processes[0].start(lab.program))
			h.finish()
		})
	}
}

// TestReplicas kills one of three processes and freezes another in the middle of a run of 200. The third one
// finishes it; the frozen one wakes when all is over, and must not add anything.
func TestReplicas(t *testing.T) {
	t.Parallel()
	h := build(t, plan{name: "replicas", punctual: true, dialect: storetest.Postgres, readers: 200, processes: 3, tally: newTally()})
	h.slowly(100 * time.Millisecond)
	h.open()
	h.trigger()
	h.wait("the middle of the run", func() bool { return h.posted() >= 50 })
	h.processes[0].kill()
	h.processes[1].signal(syscall.SIGSTOP)
	if h.posted() >= 200 {
		t.Fatal("the run was over before anybody was struck")
	}
	h.wait("an end of every entry", h.settled)
	t.Logf("the third process had finished after %s", time.Since(h.started).Round(time.Second))
	if n := h.posted(); n != 200 {
		t.Errorf("%d DMs while one process is dead and another frozen", n)
	}
	h.processes[1].signal(syscall.SIGCONT)
	h.must(h.processes[1].ready(t.Context()))
	time.Sleep(3 * time.Second) // whatever it still has on its mind
	h.finish()
}

// TestDatabaseGone loses the database in the middle of a run and gives it back.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	away := 5 * time.Second
	if full() {
		away = time.Minute
	}
	h := build(t, plan{name: "database gone", dialect: storetest.Postgres, readers: 100, processes: 2, tally: newTally()})
	h.slowly(50 * time.Millisecond)
	h.open()
	h.trigger()
	h.wait("the middle of the run", func() bool { return h.posted() >= 20 })
	for _, w := range h.wires {
		w.lose()
	}
	time.Sleep(away)
	for _, w := range h.wires {
		w.find()
	}
	h.finish()
}

// TestDatabaseBlinks loses the database for a moment while sources are read. What could not be read for that
// may be told as missing, and then has to be mended.
func TestDatabaseBlinks(t *testing.T) {
	t.Parallel()
	h := build(t, plan{name: "database blinks", dialect: storetest.Postgres, readers: 100, processes: 2, tally: newTally()})
	h.google.Inject(standin.Fault{Op: opToken, Delay: 50 * time.Millisecond})
	h.google.Inject(standin.Fault{Op: opMailGet, Delay: 50 * time.Millisecond})
	h.open()
	h.trigger()
	h.wait("the middle of the run", func() bool { return h.posted() >= 10 })
	for range 3 {
		for _, w := range h.wires {
			w.lose()
		}
		time.Sleep(300 * time.Millisecond)
		for _, w := range h.wires {
			w.find()
		}
		time.Sleep(300 * time.Millisecond)
	}
	h.wait("an end of every entry", h.settled)
	t.Logf("%d briefings are degraded at first", h.count("SELECT COUNT(*) FROM achim_entry WHERE status = 'degraded'"))
	h.wait("a complete briefing for everybody", h.complete)
	h.finish()
}

// TestFrozenAlone freezes the only process for longer than a post may take.
func TestFrozenAlone(t *testing.T) {
	t.Parallel()
	h := build(t, plan{name: "frozen alone", punctual: true, dialect: storetest.SQLite, readers: 100, processes: 1, tally: newTally()})
	h.slowly(20 * time.Millisecond)
	h.open()
	h.trigger()
	freezes := 1
	if full() {
		freezes = 3
	}
	for range freezes {
		if !h.comesToStand("sending") {
			t.Fatal("the run was over before it was frozen")
		}
		h.processes[0].signal(syscall.SIGSTOP)
		time.Sleep(12 * time.Second)
		h.processes[0].signal(syscall.SIGCONT)
	}
	h.wait("a complete briefing for everybody", h.complete)
	h.finish()
}

// TestFrozen freezes one of three processes at a step, past the post's deadline or past the claim as well,
// and lets it go on: it must not post late, nor what another has posted.
func TestFrozen(t *testing.T) {
	t.Parallel()
	entry := func(body []byte) bool { return bytes.Contains(body, []byte("entry_id")) }
	cases := []struct {
		step
		past time.Duration
		full bool // only in the full set
	}{
		{step: step{op: moveSending, when: written, deep: 20}, past: 15 * time.Second},
		{step: step{op: moveDelivered, when: locked, deep: 20}, past: 40 * time.Second},
		{step: step{op: moveSending, when: written, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: moveSending, when: unsent, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: movePrepared, when: written, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: moveDelivered, when: unsent, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: moveDelivered, when: written, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: moveDelivered, when: locked, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: opMailGet, when: answered, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: opPost, when: unacted, match: entry, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: opPost, when: lateActs, match: entry, deep: 20}, past: 100 * time.Second, full: true},
		{step: step{op: opPost, when: acted, match: entry, deep: 20}, past: 15 * time.Second, full: true},
		{step: step{op: opPost, when: answered, match: entry, deep: 20}, past: 100 * time.Second, full: true},
	}
	for _, c := range cases {
		if c.full && !full() {
			continue
		}
		name := fmt.Sprintf("%s, %s, for %s", c.op, c.when, c.past)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, plan{name: "frozen: " + name, punctual: true, dialect: storetest.Postgres, readers: 80, processes: 3, tally: newTally()})
			h.open()
			one := &trap{op: c.op, when: c.when, match: c.match, skip: c.deep, strike: func(p *process) { p.signal(syscall.SIGSTOP) }}
			h.traps.arm(one)
			h.trigger()
			select {
			case <-one.hit:
			case <-time.After(30 * time.Second):
				h.fatal("the step does not come")
			}
			thaw := time.After(c.past)
			h.othersGoOn(one.victim)
			<-thaw
			one.victim.signal(syscall.SIGCONT)
			h.must(one.victim.ready(t.Context()))
			// A source that was being read meanwhile has not answered in time, as far as that process can tell.
			h.wait("a complete briefing for everybody", h.complete)
			h.finish()
		})
	}
}

// othersGoOn sees that what the frozen process does not hold in its hands is delivered meanwhile.
func (h *house) othersGoOn(frozen *process) {
	h.t.Helper()
	pid, _ := frozen.life()
	owner := fmt.Sprintf("%%/%d/%%", pid)
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		n := h.count("SELECT COUNT(*) FROM achim_entry WHERE state <> 'delivered' AND owner NOT LIKE "+h.bound, owner)
		if n == 0 {
			return
		}
		if time.Now().After(until) {
			h.t.Errorf("%s: %d entries that the frozen process does not hold wait for it", h.name, n)
			return
		}
	}
}
