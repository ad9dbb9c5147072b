package crashlab_test

import (
	"bytes"
	"slices"

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

// freezes reports whether a process can be frozen there: one that starts is not yet at work.
func (st step) freezes() bool { return st.op != opStart }

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
	for _, when := range []string{written, answered} {
		all = append(all, step{name: "engine, " + opFetch + ": " + when, op: opFetch, when: when, deep: 3, needs: toPost, only: storetest.Postgres})
	}
	for _, when := range []string{unsent, written} {
		all = append(all, step{name: "engine, " + opFinish + ": " + when, op: opFinish, when: when, deep: 2, needs: toPost, only: storetest.Postgres})
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
