package app_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/app"
	"achim/internal/config"
	"achim/internal/standin"
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

// cabled puts a cable between the house and its database.
func (h *house) cabled() *cable {
	h.t.Helper()
	u, err := url.Parse(h.env["DATABASE_URL"])
	if err != nil {
		h.t.Fatal(err)
	}
	c := plug(h.t, u.Host)
	u.Host = c.listener.Addr().String()
	h.env["DATABASE_URL"] = u.String()
	return c
}

// TestDatabaseAwayAndBack: without the database a trigger is told so, nothing stops for good, and with it
// back the briefing goes out.
func TestDatabaseAwayAndBack(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.Postgres)
	c := h.cabled()
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

// TestDatabaseAwayAsSlackAnswers: what Slack has said is kept until the database is back, rather than looked up, which
// not every installation may do.
func TestDatabaseAwayAsSlackAnswers(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.Postgres)
	c := h.cabled()
	h.start()
	h.addHaneul()
	h.connect()
	var looks atomic.Int32
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Match: func(*http.Request) bool { c.pull(); return false }})
	h.slack.Inject(standin.Fault{Op: "conversations.history", Match: func(*http.Request) bool { looks.Add(1); return false }})
	h.call("POST", "/api/cron/daily-summary?wait=0", cronSecret, "")
	h.eventually("the message", func() bool { return len(h.dms()) == 1 })
	<-time.After(2 * time.Second) // of no database
	c.putBack()
	h.eventually("the delivery to be written", func() bool {
		return slices.Equal(storetest.Rows(t, h.app.Store, "SELECT state FROM achim_entry"), []string{"delivered"})
	})
	h.oneDM()
	if n := looks.Load(); n != 0 {
		t.Errorf("the history was asked %d times", n)
	}
}

// TestRunDoesNotTakeWhatItCannotDo: beside others on one database, a process without a token or a client starts no
// engine, which would take their work.
func TestRunDoesNotTakeWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for name, lack := range map[string]struct {
		change func(*config.Config)
		want   error
	}{
		"no token":  {func(c *config.Config) { c.Slack.BotToken = briefing.Secret{} }, app.ErrNoSlackToken},
		"no client": {func(c *config.Config) { c.Google.ClientID = "" }, app.ErrNoGoogleClient},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, storetest.Postgres)
			cfg := h.config()
			if _, err := app.Migrate(t.Context(), cfg, false); err != nil {
				t.Fatal(err)
			}
			lack.change(&cfg)
			a, err := app.New(t.Context(), app.Options{Config: cfg})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = a.Stop(context.WithoutCancel(t.Context())) }()
			if _, err := a.RunNow(t.Context(), briefing.TriggerRequest{}, func(briefing.Run) {}); !errors.Is(err, lack.want) || !app.ConfigurationFault(err) {
				t.Errorf("%v, want %v", err, lack.want)
			}
			schema := storetest.Rows(t, a.Store, "SELECT 'achim_river_' || current_schema()")[0]
			if queues := storetest.Rows(t, a.Store, "SELECT name FROM "+schema+".river_queue"); len(queues) > 0 {
				t.Errorf("work is taken from %v", queues)
			}
		})
	}
}

// forgetful is a memory that cannot find what it is asked for.
type forgetful struct{ briefing.MemoryStore }

func (forgetful) Memory(context.Context, briefing.ReaderID, briefing.Date) (briefing.Memory, error) {
	return briefing.Memory{}, briefing.ErrNotFound
}

// TestWhatIsNotFoundIsNoReaderGone: an entry rests as that of a removed reader only when it is.
func TestWhatIsNotFoundIsNoReaderGone(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		memory := h.app.Pipeline.Memory
		h.app.Pipeline.Memory = forgetful{memory}
		h.call("POST", "/api/cron/daily-summary?wait=0", cronSecret, "")
		h.eventually("the entry to be tried", func() bool { return strings.Contains(h.log.String(), "not found") })
		if states := storetest.Rows(t, h.app.Store, "SELECT state, reason FROM achim_entry"); !slices.Equal(states, []string{"planned|"}) {
			t.Errorf("the entry: %q", states)
		}
	})
}
