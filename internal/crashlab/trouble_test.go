package crashlab_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// onlyFull leaves the test to the full laboratory: it waits for minutes.
func onlyFull(t *testing.T) {
	t.Helper()
	if !full() {
		t.Skip("waits for minutes: make crash runs it")
	}
}

// slowly makes every post take a while, so that there is a middle of the run.
func (h *house) slowly(d time.Duration) { h.slack.Inject(standin.Fault{Op: opPost, Delay: d}) }

// letThrough lets so many dammed posts through, one every so often, or all until the test ends.
func (h *house) letThrough(n int, every time.Duration) {
	ctx := h.t.Context()
	go func() {
		for i := 0; i < n; i++ {
			select {
			case h.dam <- struct{}{}:
				time.Sleep(every)
			case <-ctx.Done():
				return
			}
		}
	}()
}

// all is more posts than there are.
const all = math.MaxInt

// posted counts the DMs that stand.
func (h *house) posted() (n int) {
	for i := range h.readers {
		n += len(h.slack.Messages(personOf(i).slack))
	}
	return n
}

// finish waits for the end of everything and judges it.
func (h *house) finish(may allowed) {
	h.t.Helper()
	h.wait("an end of every entry", h.settled)
	h.wait("the end of all runs", func() bool { return h.count("SELECT COUNT(*) FROM achim_run WHERE finished_at IS NULL") == 0 })
	h.judge(may)
	h.t.Logf("%s: %d readers, %d kills, %s", h.name, h.readers, h.kills, time.Since(h.started).Round(time.Second))
}

// freezeAmidPosts freezes a process at an instant at which all it has in hand are posts, so that nobody has to
// wait for the claim of one who reads. On a machine too busy for that it freezes it at any instant.
func (h *house) freezeAmidPosts(p *process) {
	h.t.Helper()
	mine := fmt.Sprintf("%%/%d/%%", p.pid())
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p.signal(syscall.SIGSTOP)
		time.Sleep(50 * time.Millisecond) // for what it has asked of the database
		held := h.count("SELECT COUNT(*) FROM achim_entry WHERE owner LIKE "+h.bound, mine)
		posts := h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'sending' AND owner LIKE "+h.bound, mine)
		if held > 0 && (held == posts && h.fetched() == 0 || time.Now().After(until)) {
			return
		}
		if time.Now().After(until.Add(settleWithin)) {
			h.fatal("the process has nothing in hand")
		}
		p.signal(syscall.SIGCONT)
	}
}

// fetched counts the entries whose jobs some process has in hand without having claimed them.
func (h *house) fetched() int {
	h.t.Helper()
	u, err := url.Parse(h.address)
	h.must(err)
	jobs := "achim_river_" + u.Query().Get("search_path") + ".river_job"
	return h.count("SELECT COUNT(*) FROM " + jobs + " j JOIN achim_entry e ON e.id = j.args->>'entry' AND e.epoch = (j.args->>'epoch')::bigint " +
		"WHERE j.state = 'running' AND e.owner = ''")
}

// TestKilledWhilePosting kills three processes on one database, each at another step of its posts.
func TestKilledWhilePosting(t *testing.T) {
	t.Parallel()
	h := build(t, plan{name: "killed while posting", punctual: true, dammed: true, dialect: storetest.Postgres, readers: 60, processes: 3, tally: lab.tally})
	h.open()
	h.trigger()
	h.wait("everybody's post", func() bool { return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'sending'") == h.readers })
	h.letThrough(all, 30*time.Millisecond)
	for _, st := range telling() {
		if st.op != opPost && st.op != moveDelivered {
			continue
		}
		st.deep = 0
		if h.posted() >= h.readers || h.kills == 3 {
			break
		}
		if one := h.spring(st, killed); one != nil {
			h.killAndStart(st.name, one.victim)
		}
	}
	h.finish(allowed{})
}

// TestReplicas has three replicas on one database, of which one is killed -9 and one frozen in the middle of a
// run of 200. The third one finishes it within two minutes; the frozen one wakes when all is over, and must not
// add anything. The full laboratory has two replicas as well, of which the frozen one wakes and finishes alone,
// and strikes at any instant.
func TestReplicas(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			if n == 2 {
				onlyFull(t)
			}
			h := build(t, plan{name: fmt.Sprintf("%d replicas", n), punctual: true, dammed: true, dialect: storetest.Postgres, readers: 200, processes: n, tally: lab.tally})
			h.open()
			h.letThrough(20, 10*time.Millisecond)
			h.trigger()
			h.wait("the middle of the run", func() bool { return h.posted() >= 20 })
			struck := time.Now()
			for i, how := range []string{killed, frozen} {
				p := h.processes[i]
				if full() {
					p.signal(syscall.SIGSTOP)
				} else {
					h.freezeAmidPosts(p)
				}
				h.struckBy(blow{"in the middle of a run of 200", how}, p.pid())
			}
			h.processes[0].kill()
			h.letThrough(all, 20*time.Millisecond)
			if n == 2 {
				time.Sleep(15 * time.Second)
				h.processes[1].signal(syscall.SIGCONT)
			}
			h.wait("an end of every entry", h.settled)
			if took := time.Since(struck); took > finishWithin {
				t.Errorf("whoever was left took %s", took)
			}
			if posted := h.posted(); posted != 200 {
				t.Errorf("%d DMs while one process is dead and another frozen", posted)
			}
			h.processes[1].signal(syscall.SIGCONT)
			h.must(h.processes[1].ready(t.Context()))
			time.Sleep(3 * time.Second) // whatever it still has on its mind
			h.wait("a complete briefing for everybody", h.complete)
			h.finish(allowed{})
		})
	}
}

// TestSlackPostsAndSaysNothing answers every post in a way that leaves open whether it was acted on, and acts on
// half of them: everybody gets one DM, also when the process is killed and started again meanwhile.
func TestSlackPostsAndSaysNothing(t *testing.T) {
	t.Parallel()
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		for _, kill := range []bool{false, true} {
			name := fmt.Sprintf("%s, killed %v", d, kill)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if kill != (d == storetest.SQLite) {
					onlyFull(t)
				}
				h := build(t, plan{name: "in doubt: " + name, dialect: d, readers: 40, processes: 1, tally: lab.tally})
				h.doubts.sow()
				h.open()
				h.trigger()
				h.wait("an answer to everybody", func() bool {
					return h.doubts.given.Load() >= int64(h.readers)*9/10 || kill && h.count("SELECT COUNT(*) FROM achim_entry WHERE state <> 'sending'") == 0
				})
				h.noteDoubts()
				if kill {
					h.killAndStart("in doubt of posts", h.processes[0])
				}
				h.finish(allowed{})
			})
		}
	}
}

// noteDoubts gives every doubtful answer its line in the table.
func (h *house) noteDoubts() {
	for i := range h.readers {
		d, acts := doubtOf(i)
		name := opPost + ": " + d.name
		if acts {
			name += ", and posted"
		}
		b := blow{name, doubtful}
		h.tally.count(b, h.dialect)
		h.struck = append(h.struck, struck{blow: b, readers: []string{personOf(i).id}})
	}
}

// chatter fills the DM with messages that are no briefings.
func (h *house) chatter(who person, n int) {
	h.t.Helper()
	for i := range n {
		form := url.Values{"channel": {who.slack}, "text": {fmt.Sprintf("message %d", i)}}
		r := httptest.NewRequest(http.MethodPost, "/api/"+opPost, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+botToken)
		h.slack.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// TestScantHistory reads the history as Slack lets a new app: fifteen messages a page, a page a minute, and in
// two of the DMs there is more than a page.
func TestScantHistory(t *testing.T) {
	t.Parallel()
	onlyFull(t)
	h := build(t, plan{name: "scant history", dialect: storetest.SQLite, readers: 4, processes: 1, tally: lab.tally})
	h.row = "any of these, Slack's history read a page of 15 a minute"
	scant := &scantHistory{next: h.slack}
	h.doubts.next = scant
	h.slack.Inject(standin.Fault{Op: opPost, Cut: "after", Times: 2, Match: to(0, 2)})
	h.slack.Inject(standin.Fault{Op: opPost, Cut: "before", Times: 2, Match: to(2, 4)})
	h.open()
	h.trigger()
	h.wait("doubts", func() bool {
		return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'sending' AND owner = ''") == h.readers
	})
	h.slack.Clear()
	h.chatter(personOf(0), 20)
	h.chatter(personOf(2), 20)
	h.killAndStart("", h.processes[0])
	h.struck[len(h.struck)-1].readers = []string{personOf(0).id, personOf(1).id, personOf(2).id, personOf(3).id}
	for until := time.Now().Add(15 * time.Minute); !h.settled() && time.Now().Before(until); {
		time.Sleep(time.Second)
	}
	t.Logf("the history was refused %d times", scant.held)
	h.finish(allowed{})
}

// to matches posts into the DMs of the readers from one number to before another.
func to(from, before int) func(*http.Request) bool {
	return func(r *http.Request) bool {
		n := numberOf(r.FormValue("channel"))
		return n >= from && n < before
	}
}

// TestTermInTheMiddleOfARun stops the process in the middle of a run of 50 as a service manager would, and
// starts it again.
func TestTermInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			h := build(t, plan{name: "terminated on " + string(d), dammed: true, dialect: d, readers: 50, processes: 1, tally: lab.tally})
			h.open()
			h.letThrough(all, 50*time.Millisecond)
			h.trigger()
			h.wait("the middle of the run", func() bool { return h.posted() >= 10 })
			h.must(h.processes[0].term())
			h.must(h.processes[0].start(lab.program))
			h.finish(allowed{})
		})
	}
}

// TestRollingRestart restarts three replicas one after the other in the middle of a run.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	h := build(t, plan{name: "rolling restart", dammed: true, dialect: storetest.Postgres, readers: 150, processes: 3, tally: lab.tally})
	h.open()
	h.letThrough(all, 50*time.Millisecond)
	h.trigger()
	for i, p := range h.processes {
		h.wait("some posts", func() bool { return h.posted() >= 10+10*i })
		h.must(p.term())
		h.must(p.start(lab.program))
		h.must(p.ready(t.Context()))
	}
	h.finish(allowed{})
}

// TestDatabaseGone loses the database in the middle of a run and gives it back: after five seconds, in the full
// laboratory after sixty.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	away := 5 * time.Second
	if full() {
		away = time.Minute
	}
	h := build(t, plan{name: "database gone", dammed: true, dialect: storetest.Postgres, readers: 48, processes: 2, tally: lab.tally})
	h.open()
	h.trigger()
	h.wait("everybody's post", func() bool { return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'sending'") == h.readers })
	h.letThrough(all, 20*time.Millisecond)
	h.wait("the middle of the run", func() bool { return h.posted() >= 10 })
	for _, w := range h.wires {
		h.struckBy(blow{fmt.Sprintf("the database, for %s", away), lost}, w.owner.pid())
	}
	for _, w := range h.wires {
		w.lose()
	}
	time.Sleep(away)
	for _, w := range h.wires {
		w.find()
	}
	h.finish(allowed{})
}

// TestDatabaseLocked keeps SQLite's file locked in the middle of a run, longer than a statement waits for it.
func TestDatabaseLocked(t *testing.T) {
	t.Parallel()
	onlyFull(t)
	for _, away := range []time.Duration{5 * time.Second, 15 * time.Second, time.Minute} {
		t.Run(away.String(), func(t *testing.T) {
			t.Parallel()
			h := build(t, plan{name: "database locked for " + away.String(), dialect: storetest.SQLite, readers: 100, processes: 1, tally: lab.tally})
			h.slowly(100 * time.Millisecond)
			h.open()
			h.trigger()
			h.wait("the middle of the run", func() bool { return h.posted() >= 20 })
			h.struckBy(blow{fmt.Sprintf("the database, for %s", away), lost}, h.processes[0].pid())
			h.lock(away)
			h.wait("a complete briefing for everybody", h.complete)
			h.finish(allowed{})
		})
	}
}

// lock holds SQLite's only lock for writing.
func (h *house) lock(d time.Duration) {
	h.t.Helper()
	conn, err := h.db.Conn(h.t.Context())
	h.must(err)
	defer func() { _ = conn.Close() }()
	_, err = conn.ExecContext(h.t.Context(), "BEGIN IMMEDIATE")
	h.must(err)
	time.Sleep(d)
	_, err = conn.ExecContext(h.t.Context(), "ROLLBACK")
	h.must(err)
}

// TestDatabaseBlinks loses the database for a moment while sources are read. What could not be read for that
// may be told as missing, and then has to be mended.
func TestDatabaseBlinks(t *testing.T) {
	t.Parallel()
	onlyFull(t)
	h := build(t, plan{name: "database blinks", dialect: storetest.Postgres, readers: 100, processes: 2, tally: lab.tally})
	h.google.Inject(standin.Fault{Op: opToken, Delay: 50 * time.Millisecond})
	h.google.Inject(standin.Fault{Op: opMailGet, Delay: 50 * time.Millisecond})
	h.open()
	h.trigger()
	h.wait("the middle of the run", func() bool { return h.posted() >= 10 })
	for range 3 {
		for _, w := range h.wires {
			h.struckBy(blow{"the database, for a moment", lost}, w.owner.pid())
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
	h.finish(allowed{})
}

// TestTriggersAndTheScheduleCollide triggers on two replicas in the very second in which the schedule is due.
func TestTriggersAndTheScheduleCollide(t *testing.T) {
	t.Parallel()
	onlyFull(t)
	h := build(t, plan{name: "collision", dialect: storetest.Postgres, readers: 100, processes: 2, tally: lab.tally})
	due := time.Now().Add(30 * time.Second).Truncate(time.Minute).Add(time.Minute)
	for _, p := range h.processes {
		h.must(p.configure(settings{due: due}))
	}
	h.open()
	h.wait("everybody's briefing ahead of the hour", func() bool {
		return h.count("SELECT COUNT(*) FROM achim_entry WHERE state = 'prepared'") == h.readers
	})
	var triggers sync.WaitGroup
	for n := range 20 {
		p := h.processes[n%2]
		triggers.Go(func() {
			time.Sleep(time.Until(due.Add(time.Duration(n-8) * 100 * time.Millisecond)))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, err := p.call(ctx, http.MethodPost, "/api/cron/daily-summary?wait=0s"); err != nil {
				t.Errorf("trigger %d: %v", n, err)
			}
		})
	}
	triggers.Wait()
	h.finish(allowed{})
	if n := h.count("SELECT COUNT(*) FROM achim_run WHERE kind = 'schedule'"); n != 1 {
		t.Errorf("%d runs of the schedule", n)
	}
}
