package crashlab_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"achim/internal/standin"
)

// doubt is an answer to a post that does not tell what became of it.
type doubt struct {
	name   string
	status int
	kind   string // Content-Type; JSON when empty
	body   string
	cut    bool          // no answer at all: the connection is dropped
	after  time.Duration // how long the answer takes
}

const html = "text/html; charset=utf-8"

// ambiguities are all the answers of which nobody can say whether the message was posted.
func ambiguities() []doubt {
	return []doubt{
		{name: "connection cut", cut: true},
		{name: "no answer in time", after: 12 * time.Second, body: `{"ok":true}`},
		{name: "500", status: http.StatusInternalServerError, kind: html, body: "<html>Server Error</html>"},
		{name: "503", status: http.StatusServiceUnavailable, body: `{"ok":false,"error":"service_unavailable"}`},
		{name: "fatal_error", body: `{"ok":false,"error":"fatal_error"}`},
		{name: "internal_error", body: `{"ok":false,"error":"internal_error"}`},
		{name: "ok:false without an error", body: `{"ok":false}`},
		{name: "an empty 200", body: ""},
		{name: "HTML with 200", kind: html, body: "<html><body>Please stand by</body></html>"},
		{name: "half of an answer", body: `{"ok":true,"chan`},
	}
}

// reply gives the doubtful answer.
func (d doubt) reply(w http.ResponseWriter, r *http.Request) {
	if d.after > 0 {
		select {
		case <-time.After(d.after):
		case <-r.Context().Done():
		}
	}
	if d.cut {
		panic(http.ErrAbortHandler)
	}
	kind := d.kind
	if kind == "" {
		kind = "application/json; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(max(d.status, http.StatusOK))
	_, _ = io.WriteString(w, d.body)
}

// doubts stands before Slack and answers the first post to each reader in a way that says nothing: to the
// first half of a handful of readers acted on, to the other half not.
type doubts struct {
	next  http.Handler
	sown  atomic.Bool
	given atomic.Int64

	mu  sync.Mutex
	met map[string]bool // DMs whose doubt is used up
}

// sow begins to answer so.
func (d *doubts) sow() { d.sown.Store(true) }

// of returns the doubt of the reader with that number and whether Slack acts.
func doubtOf(number int) (d doubt, acts bool) {
	all := ambiguities()
	return all[number%len(all)], number/len(all)%2 == 0
}

func (d *doubts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !d.sown.Load() || slackOp(r) != opPost {
		d.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	rewind := func() {
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Form, r.PostForm = nil, nil
	}
	rewind()
	channel := r.FormValue("channel")
	rewind()
	if !d.first(channel) {
		d.next.ServeHTTP(w, r)
		return
	}
	defer d.given.Add(1)
	answer, acts := doubtOf(numberOf(channel))
	if acts {
		d.next.ServeHTTP(&unheard{header: http.Header{}}, r)
	}
	answer.reply(w, r)
}

func (d *doubts) first(channel string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := d.met[channel]
	d.met[channel] = true
	return !seen
}

// numberOf is the number of the reader whose DM that is.
func numberOf(channel string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(channel, "D0CRASH")) // no DM of a reader is like the first one's
	return n
}

// scantHistory lets the history be read as Slack lets a new app: fifteen messages a page, a page a minute.
type scantHistory struct {
	next http.Handler

	mu   sync.Mutex
	last time.Time
	held int // answered with a 429
}

func (s *scantHistory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if slackOp(r) != opHistory {
		s.next.ServeHTTP(w, r)
		return
	}
	if wait := s.turn(); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"ok":false,"error":"ratelimited"}`)
		return
	}
	_ = r.ParseForm() // one that cannot be read is Slack's to refuse
	if n, err := strconv.Atoi(r.Form.Get("limit")); err != nil || n > 15 {
		r.Form.Set("limit", "15")
	}
	body := r.Form.Encode()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.URL.RawQuery, r.Form, r.PostForm = "", nil, nil
	s.next.ServeHTTP(w, r)
}

// turn returns how long the caller has to wait, or takes the minute's turn.
func (s *scantHistory) turn() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := time.Until(s.last.Add(time.Minute)); wait > 0 {
		s.held++
		return wait
	}
	s.last = time.Now()
	return 0
}

// noHistory is Slack's answer to an app that may not read the DM.
var noHistory = standin.Fault{Op: opHistory, Body: `{"ok":false,"error":"missing_scope","needed":"im:history","provided":"chat:write"}`}
