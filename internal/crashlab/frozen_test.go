package crashlab_test

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"achim/store/storetest"
)

// TestFrozenAlone freezes the only process for longer than a post may take.
func TestFrozenAlone(t *testing.T) {
	t.Parallel()
	onlyFull(t)
	h := build(t, plan{name: "frozen alone", punctual: true, dialect: storetest.SQLite, readers: 400, processes: 1, tally: newTally()})
	h.slowly(100 * time.Millisecond)
	h.open()
	h.trigger()
	for range 3 {
		if !h.comesToStand("sending") {
			t.Fatal("the run was over before it was frozen")
		}
		h.processes[0].signal(syscall.SIGSTOP)
		time.Sleep(12 * time.Second)
		h.processes[0].signal(syscall.SIGCONT)
	}
	h.wait("a complete briefing for everybody", h.complete)
	h.finish(allowed{})
}

// TestFrozen freezes one of three processes at a step, past the post's deadline or past the claim as well,
// and lets it go on: it must not post late, nor what another has posted.
func TestFrozen(t *testing.T) {
	t.Parallel()
	onlyFull(t)
	entry := func(body []byte) bool { return bytes.Contains(body, []byte("entry_id")) }
	cases := []struct {
		step
		past time.Duration
	}{
		{step: step{op: moveSending, when: written, deep: 3}, past: 15 * time.Second},
		{step: step{op: moveDelivered, when: locked, deep: 3}, past: 40 * time.Second},
		{step: step{op: moveSending, when: written, deep: 3}, past: 130 * time.Second},
		{step: step{op: moveSending, when: unsent, deep: 3}, past: 130 * time.Second},
		{step: step{op: movePrepared, when: written, deep: 3}, past: 130 * time.Second},
		{step: step{op: moveDelivered, when: unsent, deep: 3}, past: 130 * time.Second},
		{step: step{op: moveDelivered, when: written, deep: 3}, past: 130 * time.Second},
		{step: step{op: moveDelivered, when: locked, deep: 3}, past: 130 * time.Second},
		{step: step{op: opMailGet, when: answered, deep: 20}, past: 130 * time.Second},
		{step: step{op: opPost, when: unacted, match: entry, deep: 20}, past: 130 * time.Second},
		{step: step{op: opPost, when: lateActs, match: entry, deep: 20}, past: 130 * time.Second},
		{step: step{op: opPost, when: acted, match: entry, deep: 20}, past: 15 * time.Second},
		{step: step{op: opPost, when: answered, match: entry, deep: 20}, past: 130 * time.Second},
	}
	for _, c := range cases {
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
			if one.victim == nil {
				h.fatal("the step does not come to its end")
			}
			thaw := time.After(c.past)
			if c.past > finishWithin {
				h.othersGoOn(one.victim)
			}
			<-thaw
			one.victim.signal(syscall.SIGCONT)
			h.must(one.victim.ready(t.Context()))
			// A source that was being read meanwhile has not answered in time, as far as that process can tell.
			h.wait("a complete briefing for everybody", h.complete)
			h.finish(allowed{})
		})
	}
}

// finishWithin is how long the others may take for what a dead or frozen process leaves behind.
const finishWithin = 2 * time.Minute

// othersGoOn sees that what the frozen process does not hold in its hands is delivered meanwhile.
func (h *house) othersGoOn(frozen *process) {
	h.t.Helper()
	owner := fmt.Sprintf("%%/%d/%%", frozen.pid())
	for until := time.Now().Add(finishWithin); ; time.Sleep(50 * time.Millisecond) {
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
