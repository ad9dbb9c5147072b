//go:build crash

package crashlab_test

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"achim/store/storetest"
)

// step is a moment at which a process is killed.
type step struct {
	name     string
	op, when string
	match    func([]byte) bool
	deep     int  // up to so many calls of op pass first
	needs    need // what there must be to do for it to come at all
	only     storetest.Dialect
}

// need says which work makes a step come.
type need int

const (
	toRead  need = iota // planned entries
	toPost              // planned or prepared ones
	toLook              // sending ones that nobody knows the end of
	toMend              // degraded ones
	nothing             // it comes by itself
)

// Steps that are no call of anybody's.
const (
	opStart  = "start"  // a random instant of the start
	opAny    = "any"    // a random instant of the work
	opLedger = "ledger" // a state has just come to stand in the ledger: seen by looking, as there is no wire
)

// call makes the steps around one call.
func call(n need, op string, deep int, whens ...string) (steps []step) {
	for _, when := range whens {
		steps = append(steps, step{name: op + ": " + when, op: op, when: when, deep: deep, needs: n})
	}
	return steps
}

// steps are all named steps. Those of the ledger are exact on PostgreSQL, whose wire the laboratory reads.
func steps() (all []step) {
	all = append(all, call(toRead, opToken, 20, unacted, acted, answered)...)
	all = append(all, call(toRead, opMailList, 20, unacted, answered)...)
	all = append(all, call(toRead, opMailGet, 60, unacted, answered)...)
	all = append(all, call(toRead, opCalendars, 20, unacted, answered)...)
	all = append(all, call(toRead, opEvents, 20, unacted, answered)...)
	all = append(all, call(toRead, opFeed, 0, unacted, answered)...)
	all = append(all, call(toRead, opOpen, 20, unacted, acted, answered)...)
	all = append(all, call(toPost, opPost, 20, unacted, lateActs, acted, answered)...)
	all = append(all, call(toLook, opHistory, 4, unacted, answered)...)
	for _, m := range []struct {
		move  string
		needs need
	}{{movePrepared, toRead}, {moveSending, toPost}, {moveDelivered, toPost}} {
		for _, when := range []string{unsent, locked, written} {
			if when == locked && m.move != moveDelivered {
				continue // a single statement
			}
			all = append(all, step{name: "ledger, " + m.move + ": " + when, op: m.move, when: when, deep: 10, needs: m.needs, only: storetest.Postgres})
		}
	}
	for _, state := range []string{"sending", "delivered"} {
		all = append(all, step{name: "ledger, " + state + " has come to stand there", op: opLedger, when: state, needs: toPost, only: storetest.SQLite})
	}
	return append(all,
		step{name: "while starting", op: opStart, needs: nothing},
		step{name: "any instant of the work", op: opAny, needs: toRead})
}

// telling are the steps of the reduced set: those after which something could be done twice or not at all.
func telling() []step {
	return slices.DeleteFunc(steps(), func(st step) bool {
		switch st.op {
		case opPost, opHistory, opLedger, opStart, moveSending, moveDelivered:
			return false
		case opToken, opOpen:
			return st.when != acted
		case opMailGet:
			return st.when != unacted
		default:
			return true
		}
	})
}

// mendSteps are those of a degraded briefing that is mended.
func mendSteps() []step {
	reply := func(body []byte) bool { return bytes.Contains(body, []byte("thread_ts")) }
	all := call(toMend, opUpdate, 10, unacted, lateActs, acted, answered)
	for _, when := range []string{unacted, acted, answered} {
		all = append(all, step{name: "thread reply: " + when, op: opPost, when: when, match: reply, deep: 10, needs: toMend})
	}
	for _, when := range []string{unsent, written} {
		all = append(all, step{name: "ledger, mended: " + when, op: moveMended, when: when, deep: 5, needs: toMend, only: storetest.Postgres})
	}
	return all
}

// tally counts kills by step, over all houses.
type tally struct {
	mu   sync.Mutex
	rows map[string]*row

	enough int // kills on each database after which no more are made; 0 = never
}

// row is a line of the table.
type row struct {
	sqlite, postgres                         int // kills
	inHand, dms, duplicates, losses, unknown int
}

func newTally() *tally { return &tally{rows: map[string]*row{}} }

// row returns the line of a step; the caller holds mu.
func (t *tally) row(name string) *row {
	r := t.rows[name]
	if r == nil {
		r = &row{}
		t.rows[name] = r
	}
	return r
}

// killed counts a kill.
func (t *tally) killed(name string, d storetest.Dialect) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(name)
	if d == storetest.Postgres {
		r.postgres++
	} else {
		r.sqlite++
	}
}

// kills returns how many there were on the database.
func (t *tally) kills(d storetest.Dialect) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.rows {
		if d == storetest.Postgres {
			n += r.postgres
		} else {
			n += r.sqlite
		}
	}
	return n
}

func (t *tally) isEnough(d storetest.Dialect) bool { return t.enough > 0 && t.kills(d) >= t.enough }

// rarest picks one of the steps that were least often struck.
func (t *tally) rarest(choice []step, d storetest.Dialect) step {
	t.mu.Lock()
	defer t.mu.Unlock()
	best, least := choice[0], int(^uint(0)>>1)
	for _, i := range rand.Perm(len(choice)) {
		n := 0
		if r := t.rows[choice[i].name]; r != nil {
			n = r.sqlite
			if d == storetest.Postgres {
				n = r.postgres
			}
		}
		if n < least {
			best, least = choice[i], n
		}
	}
	return best
}

// struck is one kill and whose briefings it hit.
type struck struct {
	step    string
	readers []string
}

// struckBy notes the kill of a process that is gone.
func (h *house) struckBy(name string, pid int) {
	if h.row != "" {
		name = h.row
	}
	h.kills++
	h.tally.killed(name, h.dialect)
	h.struck = append(h.struck, struck{step: name, readers: h.inHand(pid)})
}

// patience is how long a step is waited for that should come any moment.
const patience = 3 * time.Second

// strike kills a process at the step and starts it again. It reports whether the step came.
func (h *house) strike(st step) bool {
	h.t.Helper()
	switch st.op {
	case opStart:
		p := h.anyone()
		p.kill()
		h.must(p.start(lab.program))
		time.Sleep(rand.N(150 * time.Millisecond))
		return h.killAndStart(st.name, p)
	case opAny:
		time.Sleep(rand.N(200 * time.Millisecond))
		return h.killAndStart(st.name, h.anyone())
	case opLedger:
		if !h.comesToStand(st.when) {
			return false
		}
		return h.killAndStart(st.name, h.anyone())
	}
	one := &trap{
		op: st.op, when: st.when, match: st.match, jitter: 4 * time.Millisecond,
		strike: func(p *process) { p.signal(syscall.SIGKILL) },
	}
	if st.deep > 0 {
		one.skip = rand.N(st.deep)
	}
	h.traps.arm(one)
	select {
	case <-one.hit:
	case <-time.After(patience):
		if h.traps.disarm(one) {
			return false
		}
		<-one.hit
	}
	return h.killAndStart(st.name, one.victim)
}

// killAndStart sees the process dead, notes whom that hit, and starts it again. One time in five the other
// replicas die with it.
func (h *house) killAndStart(name string, p *process) bool {
	h.t.Helper()
	dying := []*process{p}
	if rand.N(5) == 0 {
		dying = h.processes
	}
	for _, d := range dying {
		pid, _ := d.life()
		d.kill()
		if d == p {
			h.struckBy(name, pid)
		} else {
			h.struckBy("together with another replica", pid)
		}
	}
	for _, d := range dying {
		h.must(d.start(lab.program))
	}
	return true
}

func (h *house) anyone() *process { return h.processes[rand.N(len(h.processes))] }

// comesToStand waits until more entries are in the state than before.
func (h *house) comesToStand(state string) bool {
	h.t.Helper()
	query := "SELECT COUNT(*) FROM achim_entry WHERE state = " + h.bound
	before := h.count(query, state)
	for until := time.Now().Add(patience); time.Now().Before(until); {
		if h.count(query, state) > before {
			return true
		}
		time.Sleep(500 * time.Microsecond)
	}
	return false
}

// feasible returns the steps that the work there now is can bring.
func (h *house) feasible(all []step) (can []step) {
	planned, prepared, sending := h.workable("planned"), h.workable("prepared"), h.workable("sending")
	for _, st := range all {
		comes := map[need]bool{
			toRead: planned > 0, toPost: planned+prepared > 0, toLook: sending > 0, toMend: h.workable("delivered") > 0,
			nothing: planned+prepared+sending > 0,
		}
		if comes[st.needs] && (st.only == "" || st.only == h.dialect) {
			can = append(can, st)
		}
	}
	return can
}

// bombard kills at the experiment's steps, the rarest first, until the work is done or it was enough.
func (h *house) bombard(x experiment, done func() bool) {
	h.t.Helper()
	until := time.Now().Add(x.fire)
	for kills := x.kills; kills > 0 && !done() && !h.tally.isEnough(h.dialect) && time.Now().Before(until); {
		can := h.feasible(x.steps)
		if len(can) == 0 {
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if h.strike(h.tally.rarest(can, h.dialect)) {
			kills--
		}
	}
}

// settleWithin bounds a recovery: a claim of 75 s, and then 46 s until a post in doubt is settled, twice over.
const settleWithin = 5 * time.Minute

// settled reports whether every entry is at its end.
func (h *house) settled() bool { return h.unsettled() == 0 }

// complete reports whether every briefing is delivered and complete.
func (h *house) complete() bool {
	return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'delivered' AND status = 'complete' AND owner = ''") == h.readers
}

// wait waits until done.
func (h *house) wait(what string, done func() bool) {
	h.t.Helper()
	for until := time.Now().Add(settleWithin); !done(); {
		if time.Now().After(until) {
			h.fatal(what + " did not come about")
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// fatal ends the test with all that is known.
func (h *house) fatal(what string) {
	h.t.Helper()
	h.logs()
	h.each("SELECT reader_id, state, reason, owner, attempt, tries, COALESCE(next_at, 0), COALESCE(claimed_until, 0) "+
		"FROM achim_entry WHERE state <> 'delivered' OR status <> 'complete' LIMIT 10", func(scan func(...any) error) error {
		var id, state, reason, owner string
		var attempt, tries, next, claimed int64
		err := scan(&id, &state, &reason, &owner, &attempt, &tries, &next, &claimed)
		in := func(ms int64) time.Duration { return time.Until(time.UnixMilli(ms)).Round(time.Second) }
		h.t.Logf("%s: reader %s: %s (%s), owner %q, attempt %d, tries %d, due in %s, claimed for %s",
			h.name, id, state, reason, owner, attempt, tries, in(next), in(claimed))
		return err
	})
	h.t.Fatalf("%s: %s", h.name, what)
}

// logs shows the ends of the processes' logs.
func (h *house) logs() {
	for _, p := range h.processes {
		h.t.Log(p.lastWords())
	}
}

// unauthorizedHistory is Slack's answer to an app that may not read the DM.
var unauthorizedHistory = []byte(`{"ok":false,"error":"missing_scope","needed":"im:history","provided":"chat:write"}`)

// triggerUnderFire triggers the run, and one time in two kills whoever takes it meanwhile.
func (h *house) triggerUnderFire() {
	h.t.Helper()
	if rand.N(2) == 0 {
		p := h.anyone()
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			_, _ = p.call(h.t.Context(), http.MethodPost, "/api/cron/daily-summary?wait=0s") // whether it was taken is what is asked next
		}()
		time.Sleep(rand.N(30 * time.Millisecond))
		h.killAndStart("while a trigger is taken", p)
		<-asked
	}
	h.trigger()
}
