package crashlab_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"
)

// When a trap strikes, seen from the call it waits for.
const (
	unacted  = "asked, not acted"       // the request is there; nobody will act on it
	lateActs = "asked, acted later"     // the request is there and is acted on after the strike
	acted    = "acted, not answered"    // it was acted on and the answer never goes out
	answered = "answered"               // the answer is out; the strike comes a random instant later
	unsent   = "about to be written"    // a change of the ledger has left the process, not reached the database
	locked   = "inside the transaction" // the change is made and not committed: what it locks is locked
	written  = "committed, not heard"   // the database has committed it, the process was not told
)

// trap waits for one moment in the life of any process of a house.
type trap struct {
	op, when string
	skip     int               // calls of op that pass first
	match    func([]byte) bool // narrows it by the request's body; nil = any
	strike   func(*process)    // called once, at that moment
	jitter   time.Duration     // "answered": up to so much later
	victim   *process          // who was struck, nil for nobody; read it after hit
	hit      chan struct{}     // closed when it is over, one way or the other

	mu   sync.Mutex
	over bool
}

// traps holds the one trap that is armed.
type traps struct {
	mu    sync.Mutex
	armed *trap
}

func (t *traps) arm(one *trap) {
	one.hit = make(chan struct{})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.armed = one
}

// disarm takes the trap away if it has not been sprung.
func (t *traps) disarm(one *trap) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.armed == one {
		t.armed = nil
	}
}

// spring returns the trap that this call has to meet, if any; it is armed no more then.
func (t *traps) spring(op string, body []byte, whens ...string) *trap {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.armed
	if one == nil || one.op != op || (one.match != nil && !one.match(body)) {
		return nil
	}
	fits := len(whens) == 0
	for _, when := range whens {
		fits = fits || when == one.when
	}
	if !fits {
		return nil
	}
	if one.skip > 0 {
		one.skip--
		return nil
	}
	t.armed = nil
	return one
}

// goOff strikes p, unless it is too late for that.
func (one *trap) goOff(p *process) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.over {
		return
	}
	one.over = true
	one.strike(p)
	one.victim = p
	close(one.hit)
}

// fizzle ends the trap without a victim, unless it has gone off: what it waited for has begun and does not come
// to the moment to strike at.
func (one *trap) fizzle() {
	if one == nil {
		return
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if !one.over {
		one.over = true
		close(one.hit)
	}
}

// gate stands between one process and a stand-in, and is where it is struck.
type gate struct {
	next  http.Handler
	opOf  func(*http.Request) string
	traps *traps
	owner *process
	seen  func(op string, body []byte) // called with what arrives; may be nil
	dam   <-chan struct{}              // holds posts back until it lets one through; nil lets all through
}

// lateBy is how long after the strike a request that was under way is acted on at most.
const lateBy = 3 * time.Second

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // all of it: what the process has sent stays sent
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if g.seen != nil {
		g.seen(g.opOf(r), body)
	}
	if g.dam != nil && g.opOf(r) == opPost {
		select {
		case <-g.dam:
		case <-r.Context().Done(): // whoever sent it is gone, and so is what it sent
			panic(http.ErrAbortHandler)
		}
	}
	one := g.traps.spring(g.opOf(r), body)
	if one == nil {
		g.next.ServeHTTP(w, r)
		return
	}
	defer one.fizzle()
	alone := r.WithContext(context.WithoutCancel(r.Context()))
	switch one.when {
	case unacted:
		one.goOff(g.owner)
	case lateActs:
		one.goOff(g.owner)
		time.Sleep(rand.N(lateBy))
		g.next.ServeHTTP(&unheard{header: http.Header{}}, alone)
	case acted:
		g.next.ServeHTTP(&unheard{header: http.Header{}}, alone)
		one.goOff(g.owner)
	case answered:
		g.next.ServeHTTP(w, r)
		_ = http.NewResponseController(w).Flush()
		if one.jitter > 0 {
			spin(rand.N(one.jitter))
		}
		one.goOff(g.owner)
		return
	}
	panic(http.ErrAbortHandler)
}

// spin waits more exactly than a timer does.
func spin(d time.Duration) {
	for until := time.Now().Add(d); time.Now().Before(until); {
		runtime.Gosched()
	}
}

// unheard takes an answer nobody will get.
type unheard struct{ header http.Header }

func (u *unheard) Header() http.Header         { return u.header }
func (u *unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u *unheard) WriteHeader(int)             {}

// The calls of a briefing.
const (
	opToken     = "token"
	opMailList  = "gmail.messages.list"
	opMailGet   = "gmail.messages.get"
	opCalendars = "calendar.calendarList.list"
	opEvents    = "calendar.events.list"
	opFeed      = "feed"
	opOpen      = "conversations.open"
	opPost      = "chat.postMessage"
	opUpdate    = "chat.update"
	opHistory   = "conversations.history"
)

func googleOp(r *http.Request) string {
	switch p := r.URL.Path; {
	case p == "/token":
		return opToken
	case strings.HasSuffix(p, "/messages"):
		return opMailList
	case strings.Contains(p, "/messages/"):
		return opMailGet
	case strings.HasSuffix(p, "/calendarList"):
		return opCalendars
	case strings.HasSuffix(p, "/events"):
		return opEvents
	default:
		return p
	}
}

func slackOp(r *http.Request) string { return path.Base(r.URL.Path) }

func feedOp(*http.Request) string { return opFeed }
