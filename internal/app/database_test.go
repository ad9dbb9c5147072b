package app_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"achim/store/storetest"
)

// cable is a connection to a server that can be pulled.
type cable struct {
	ctx      context.Context
	listener net.Listener
	to       string

	mu     sync.Mutex
	pulled bool
	ends   []net.Conn
}

// plug serves a cable to the address until the test ends.
func plug(t *testing.T, to string) *cable {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{ctx: t.Context(), listener: l, to: to}
	t.Cleanup(func() { _ = l.Close(); c.pull() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			c.join(near)
		}
	}()
	return c
}

// join carries bytes both ways, unless the cable is pulled.
func (c *cable) join(near net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var dialer net.Dialer
	far, err := dialer.DialContext(c.ctx, "tcp", c.to)
	if c.pulled || err != nil {
		_ = near.Close()
		return
	}
	c.ends = append(c.ends, near, far)
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}
	go carry(far, near)
	go carry(near, far)
}

// pull cuts what is connected and takes nothing new until the cable is put back.
func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = true
	for _, end := range c.ends {
		_ = end.Close()
	}
	c.ends = nil
}

func (c *cable) putBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = false
}

// TestDatabaseAwayAndBack: without the database a trigger is told so, nothing stops for good, and with it
// back the briefing goes out.
func TestDatabaseAwayAndBack(t *testing.T) {
	h := build(t, storetest.Postgres)
	u, err := url.Parse(h.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	c := plug(t, u.Host)
	u.Host = c.listener.Addr().String()
	h.env["DATABASE_URL"] = u.String()
	h.start()
	h.addHaneul()
	h.connect()
	c.pull()
	problem := h.json("POST", "/api/cron/daily-summary", cronSecret, "", http.StatusServiceUnavailable)
	wants(t, problem, map[string]any{"code": "unavailable"})
	h.json("GET", "/readyz", "", "", http.StatusServiceUnavailable)
	h.json("GET", "/healthz", "", "", http.StatusOK)
	c.putBack()
	h.eventually("the database to be back", func() bool {
		return h.call("GET", "/readyz", "", "").status == http.StatusOK
	})
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
	h.oneDM()
}
