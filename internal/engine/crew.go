package engine

import (
	"sync"

	"achim/briefing"
)

// crew is the workers of one lane. What they have no hand free for waits in its order, so that the ledger need not be
// asked again for each.
type crew struct {
	most int // workers
	work func(briefing.Due)
	idle func() // called by a worker that finds nothing left to do

	mu        sync.Mutex
	waiting   []briefing.Due
	busy      int
	dismissed bool
	workers   sync.WaitGroup
}

// take hands the entry to a worker as soon as there is one.
func (c *crew) take(d briefing.Due) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, d)
	if c.busy < c.most {
		c.busy++
		c.workers.Go(c.toil)
	}
}

// toil works until nothing waits.
func (c *crew) toil() {
	for {
		d, ok := c.next()
		if !ok {
			c.idle()
			return
		}
		c.work(d)
	}
}

func (c *crew) next() (briefing.Due, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 || c.dismissed {
		c.busy--
		return briefing.Due{}, false
	}
	d := c.waiting[0]
	c.waiting = c.waiting[1:]
	return d, true
}

// dismiss lets what waits go and waits for the work under way.
func (c *crew) dismiss() {
	c.mu.Lock()
	c.dismissed, c.waiting = true, nil
	c.mu.Unlock()
	c.workers.Wait()
}
