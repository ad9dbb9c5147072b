package standin

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// Fault is something that goes wrong with one operation. The zero value of every
// field but Op means "as usual", so a Fault with a Delay alone answers correctly,
// only late.
type Fault struct {
	// Op is the operation hit. Google: "auth", "token", "revoke", "userinfo",
	// "gmail.messages.list", "gmail.messages.get", "gmail.getProfile",
	// "gmail.labels.list", "calendar.calendarList.list", "calendar.events.list",
	// "calendar.holidays.list" (the same of an official calendar of holidays),
	// "calendar.events.get", "calendar.events.insert". Slack: the method,
	// "chat.postMessage". Feeds: the path, "/news.xml". OpenAI: "chat.completions". "*" is any.
	Op string
	// Times is how many calls it hits; 0 means until cleared.
	Times int
	// Skip lets so many matching calls pass first.
	Skip int
	// Status is the HTTP status to answer with. With an empty Body the answer is
	// what the real service would send with it.
	Status int
	// Body is answered as it stands, with Status or 200.
	Body string
	// ContentType of Body; application/json when empty (feeds: text/html).
	ContentType string
	// Header is added to the answer, also to a correct one.
	Header map[string]string
	// Delay is waited before anything else. A client that leaves meanwhile, or a
	// Server that closes, ends the wait, and then nothing is done.
	Delay time.Duration
	// Cut drops the connection without an answer: "before" acting, or "after",
	// when the message is posted, the token issued, and nobody is told. Go's client
	// repeats a GET cut on a connection it had used before, so allow for two calls.
	Cut string
	// Endless sends Body and then more bytes, slowly, until the client leaves.
	Endless bool
	// Match, when set, narrows the fault to some requests. It may read the form.
	Match func(*http.Request) bool
}

// Faults holds the faults of one stand-in and counts its calls. The zero value
// has none and is ready to use.
type Faults struct {
	mu    sync.Mutex
	armed []*Fault
	calls map[string]int
	total int

	// fill is what the real service answers with a bare status.
	fill func(op string, status int) (contentType, body string)
}

// Inject adds a fault. The first one that matches a call is the one it meets.
func (f *Faults) Inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = append(f.armed, &fault)
}

// Clear removes every fault; the call counts stay.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = nil
}

// Calls is how many requests for op arrived since the start or the last
// ResetCalls, whatever became of them; "*" counts all.
func (f *Faults) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op == "*" {
		return f.total
	}
	return f.calls[op]
}

// ResetCalls sets all counts to zero.
func (f *Faults) ResetCalls() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.total = nil, 0
}

func (f *Faults) count(op string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[op]++
	f.total++
}

// pick finds the fault this call meets, if any, and uses it up. Match is the
// caller's code, so it runs outside the lock.
func (f *Faults) pick(op string, matches func(*Fault) bool) (Fault, bool) {
	f.mu.Lock()
	candidates := append([]*Fault(nil), f.armed...)
	f.mu.Unlock()
	for _, c := range candidates {
		if (c.Op != op && c.Op != "*") || !matches(c) {
			continue
		}
		if fault, hit := f.use(c); hit {
			return fault, true
		}
	}
	return Fault{}, false
}

// use takes one call off the fault's Skip or Times and says whether it strikes.
func (f *Faults) use(c *Fault) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, a := range f.armed {
		if a != c {
			continue
		}
		if c.Skip > 0 {
			c.Skip--
			return Fault{}, false
		}
		if c.Times == 1 {
			f.armed = append(f.armed[:i:i], f.armed[i+1:]...)
		}
		if c.Times > 0 {
			c.Times--
		}
		return *c, true
	}
	return Fault{}, false // cleared, or used up by another call meanwhile
}

// through is the gate every request passes: count it, let a fault have its way,
// and otherwise act.
func (f *Faults) through(op string, w http.ResponseWriter, r *http.Request, act http.HandlerFunc) {
	f.count(op)
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
	if err != nil {
		return // the client left in the middle of its request
	}
	rewind := func() {
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Form, r.PostForm, r.MultipartForm = nil, nil, nil
	}
	rewind()
	fault, hit := f.pick(op, func(c *Fault) bool {
		defer rewind()
		return c.Match == nil || c.Match(r)
	})
	if !hit {
		act(w, r)
		return
	}
	if !wait(r, fault.Delay) {
		panic(http.ErrAbortHandler)
	}
	for k, v := range fault.Header {
		w.Header().Set(k, v)
	}
	switch {
	case fault.Cut == "before":
		panic(http.ErrAbortHandler)
	case fault.Cut == "after":
		act(&discard{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case fault.Endless:
		drip(w, r, fault)
	case fault.Status != 0 || fault.Body != "":
		f.answer(op, w, fault)
	default:
		act(w, r)
	}
}

func (f *Faults) answer(op string, w http.ResponseWriter, fault Fault) {
	status := fault.Status
	if status == 0 {
		status = http.StatusOK
	}
	contentType, body := fault.ContentType, fault.Body
	if f.fill != nil && (body == "" || contentType == "") {
		usualType, usual := f.fill(op, status)
		if body == "" {
			body = usual
		}
		if contentType == "" {
			contentType = usualType
		}
	}
	if contentType != "" && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// wait sleeps for d, and says false when the request ended first.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// drip sends a few bytes at a time for ever. Slow on purpose: fast bytes would hit
// a reader's size limit and never test its deadline.
func drip(w http.ResponseWriter, r *http.Request, fault Fault) {
	if fault.ContentType != "" {
		w.Header().Set("Content-Type", fault.ContentType)
	} else {
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	}
	if fault.Status != 0 {
		w.WriteHeader(fault.Status)
	}
	if fault.Body == "" {
		fault.Body = `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>`
	}
	flush := http.NewResponseController(w)
	_, err := io.WriteString(w, fault.Body)
	for err == nil && flush.Flush() == nil && wait(r, 20*time.Millisecond) {
		_, err = io.WriteString(w, "<!-- and so on -->\n")
	}
	panic(http.ErrAbortHandler) // returning would end the answer properly
}

// discard takes an answer nobody will see.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
