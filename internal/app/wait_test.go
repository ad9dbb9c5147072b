package app_test

import (
	"testing"
	"time"
)

// eventually waits for what another goroutine is about to do.
func (h *house) eventually(what string, done func() bool) {
	h.t.Helper()
	waitFor(h.t, what, done)
}

// waitFor polls until done, for at most fifteen seconds.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
