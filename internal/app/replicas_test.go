package app_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"achim/internal/app"
	"achim/internal/standin"
	"achim/store/storetest"
)

// replica starts another Achim in the same house: same settings, same database, an address of its own.
func (h *house) replica() *house {
	h.t.Helper()
	other := *h
	a, err := app.New(h.t.Context(), app.Options{Config: h.config(), Now: h.clock.now, Unticked: true, Logger: h.app.Logger})
	if err != nil {
		h.t.Fatal(err)
	}
	other.app = a
	if err := a.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(other.stop)
	return &other
}

// delivered reports whether the ledger has so many briefings delivered.
func (h *house) delivered(n int) func() bool {
	return func() bool {
		rows := storetest.Rows(h.t, h.app.Store, "SELECT COUNT(*) FROM achim_entry WHERE state = 'delivered'")
		return rows[0] == fmt.Sprint(n)
	}
}

// onceEach checks that each of n readers has one DM, and each DM its row in the log.
func (h *house) onceEach(n int) {
	h.t.Helper()
	for i := range n {
		h.posted(i)
	}
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM conversation_log": n, "SELECT COUNT(*) FROM achim_entry": n,
		"SELECT COUNT(DISTINCT reader_id) FROM achim_entry": n,
	} {
		if got := storetest.Rows(h.t, h.app.Store, query); got[0] != fmt.Sprint(want) {
			h.t.Errorf("%s: %s, want %d", query, got[0], want)
		}
	}
}

// TestReplicasCollideHarmlessly: the schedule on three replicas and triggers on two of them, all at the hour,
// make one DM a reader.
func TestReplicasCollideHarmlessly(t *testing.T) {
	t.Parallel()
	const readers = 40
	h := build(t, storetest.Postgres)
	h.file = "delivery: {rate_per_minute: 6000}\n"
	h.start()
	h.addReaders(readers)
	all := []*house{h, h.replica(), h.replica()}
	h.clock.set(friday.Add(30*time.Minute - 2*time.Second)) // 08:59:58
	var at sync.WaitGroup
	for i, r := range all {
		at.Go(func() {
			if _, err := r.app.Planner.Tick(t.Context()); err != nil {
				t.Error(err)
			}
			r.app.Trigger.Wake()
		})
		if i > 0 {
			at.Go(func() {
				a := r.call("POST", "/api/cron/daily-summary?wait=30s", cronSecret, "")
				if a.status != http.StatusOK {
					t.Errorf("trigger on replica %d: %d %s", i, a.status, a.body)
				}
			})
		}
	}
	at.Wait()
	h.eventually("all are delivered", h.delivered(readers))
	h.onceEach(readers)
}

// TestAReplicaIsCutOffInMidRun: the others finish what it had in its hands, and send nothing twice.
func TestAReplicaIsCutOffInMidRun(t *testing.T) {
	t.Parallel()
	const readers = 40
	h := build(t, storetest.Postgres)
	h.file = "delivery: {rate_per_minute: 6000}\n"
	h.start()
	h.addReaders(readers)
	first, second := h.replica(), h.replica()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Delay: 300 * time.Millisecond})
	first.json("POST", "/api/cron/daily-summary?wait=0s", cronSecret, "", http.StatusAccepted)
	h.eventually("posts on their way", func() bool { return h.slack.Calls("chat.postMessage") > 10 })
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.app.Stop(now); err == nil {
		t.Log("the replica had nothing in its hands")
	}
	h.slack.Clear()
	h.eventually("all are delivered", func() bool {
		h.clock.advance(time.Second) // nobody looks at a post that is in doubt for 40 s
		return second.delivered(readers)()
	})
	h.onceEach(readers)
}
