package crashlab_test

import (
	"math/rand/v2"
	"net/http"
	"syscall"
	"time"
)

// struckBy notes what was done to a process: to one that was killed, once it is gone.
func (h *house) struckBy(b blow, pid int) {
	if h.row != "" {
		b.step = h.row
	}
	if b.how == killed {
		h.kills++
	}
	h.tally.count(b, h.dialect)
	h.struck = append(h.struck, struck{blow: b, readers: h.inHand(pid)})
}

// patience is how long a step is waited for that should come any moment.
const patience = 3 * time.Second

// strike kills a process at the step and starts it again, or freezes it there and lets it go on later. It
// reports whether the step came.
func (h *house) strike(st step, how string) bool {
	h.t.Helper()
	switch st.op {
	case opStart:
		p := h.anyone()
		p.kill()
		h.must(p.start(lab.program))
		time.Sleep(rand.N(150 * time.Millisecond))
		return h.finishOff(st.name, how, p)
	case opAny:
		time.Sleep(rand.N(200 * time.Millisecond))
		return h.finishOff(st.name, how, h.anyone())
	case opLedger:
		if !h.comesToStand(st.when) {
			return false
		}
		return h.finishOff(st.name, how, h.anyone())
	}
	one := h.spring(st, how)
	return one != nil && h.finishOff(st.name, how, one.victim)
}

// spring waits for the step and returns the trap that struck there; nil when it does not come.
func (h *house) spring(st step, how string) *trap {
	sig := syscall.SIGKILL
	if how == frozen {
		sig = syscall.SIGSTOP
	}
	one := &trap{op: st.op, when: st.when, match: st.match, jitter: 4 * time.Millisecond, strike: func(p *process) { p.signal(sig) }}
	if st.deep > 0 {
		one.skip = rand.N(st.deep)
	}
	h.traps.arm(one)
	select {
	case <-one.hit:
	case <-time.After(patience):
		h.traps.disarm(one)
		one.fizzle()
	}
	if one.victim == nil {
		return nil
	}
	return one
}

func (h *house) finishOff(name, how string, p *process) bool {
	if how == frozen {
		return h.freezeFor(name, p)
	}
	return h.killAndStart(name, p)
}

// killAndStart sees the process dead, notes whom that hit, and starts it again. In the full set, one time in
// five the other replicas die with it.
func (h *house) killAndStart(name string, p *process) bool {
	h.t.Helper()
	dying := []*process{p}
	if full() && rand.N(5) == 0 {
		dying = h.processes
	}
	for _, d := range dying {
		pid, _ := d.life()
		d.kill()
		if d == p {
			h.struckBy(blow{name, killed}, pid)
		} else {
			h.struckBy(blow{"together with another replica", killed}, pid)
		}
	}
	for _, d := range dying {
		h.must(d.start(lab.program))
	}
	return true
}

// freezes are how long a process is frozen: a moment, past the deadline of its posts, until others look for
// what became of them, past every claim.
var freezes = []time.Duration{time.Second, 12 * time.Second, 45 * time.Second, 90 * time.Second}

// freezeFor freezes a process that may have been frozen just now, and lets it go on by itself later. In a house
// of one process nobody would work meanwhile, so it is waited for, and not long.
func (h *house) freezeFor(name string, p *process) bool {
	h.t.Helper()
	if !p.isFrozen() && !p.signal(syscall.SIGSTOP) {
		return false
	}
	pid, _ := p.life()
	h.struckBy(blow{name, frozen}, pid)
	if len(h.processes) == 1 {
		time.Sleep(freezes[rand.N(10)/9]) // mostly a moment
		return p.signal(syscall.SIGCONT)
	}
	thaw := freezes[rand.N(len(freezes))]
	h.thaws.Go(func() {
		select {
		case <-time.After(thaw):
		case <-h.t.Context().Done():
		}
		p.signal(syscall.SIGCONT)
	})
	return true
}

// anyone returns a process, one that runs if there is any.
func (h *house) anyone() *process {
	for _, i := range rand.Perm(len(h.processes)) {
		if p := h.processes[i]; !p.isFrozen() {
			return p
		}
	}
	return h.processes[0]
}

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

// bombard strikes at the experiment's steps, the rarest first, until the work is done or it was enough.
func (h *house) bombard(x experiment, done func() bool) {
	h.t.Helper()
	until := time.Now().Add(x.fire)
	enough := func() bool { return x.how() == killed && !x.rest && h.tally.isEnough(h.dialect) }
	for n := x.strikes; n > 0 && !done() && !enough() && time.Now().Before(until); {
		can := h.feasible(x.steps)
		if len(can) == 0 {
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if h.strike(h.tally.rarest(can, x.how(), h.dialect), x.how()) {
			n--
		}
	}
}

// settleWithin bounds a recovery: a claim of 75 s, and then 46 s until a post in doubt is settled, twice over.
const settleWithin = 5 * time.Minute

// settled reports whether every entry is at its end.
func (h *house) settled() bool { return h.unsettled() == 0 }

// complete reports whether every briefing is delivered and complete. Whoever died or froze having claimed one of
// those by mistake holds it until the claim runs out; nothing waits for it.
func (h *house) complete() bool {
	return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'delivered' AND status = 'complete' AND (owner = '' OR claimed_until <= "+h.bound+")",
		time.Now().UnixMilli()) == h.readers
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
