package summary

import (
	"sync"
	"time"
)

// How a model that does not work is left alone: the first of ten thousand readers find out, the others do without.
const (
	tolerated = 5 // failures in a row
	rest      = 5 * time.Minute
)

// calm decides whether the model is worth asking. After a rest one call tries for all.
type calm struct {
	mu       sync.Mutex
	failures int
	until    time.Time // nobody asks before
	trying   bool      // somebody finds out for the others
}

// rests reports whether nobody is to ask now, and takes nothing on.
func (c *calm) rests(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.Before(c.until) || c.trying
}

// allows reports whether to ask now. Who is allowed has to tell how it went.
func (c *calm) allows(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.until) || c.trying {
		return false
	}
	c.trying = c.failures >= tolerated
	return true
}

// worked ends a call that went well.
func (c *calm) worked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures, c.trying, c.until = 0, false, time.Time{}
}

// failed counts a failure. wait is how long the server asked to be left alone.
func (c *calm) failed(now time.Time, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trying = false
	if c.failures++; c.failures >= tolerated {
		wait = rest
	}
	if until := now.Add(wait); wait > 0 && until.After(c.until) {
		c.until = until
	}
}

// undecided ends a call that says nothing about the model: it had too little time.
func (c *calm) undecided() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trying = false
}
