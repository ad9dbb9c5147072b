package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"achim/briefing"
)

// call is one request to Slack, and what became of it on the wire. Whether a failed post may have
// happened is decided here by a fact: Slack cannot act on a request of whose body it got nothing.
type call struct {
	op       string
	api      *slack.Client
	client   http.Client
	deadline time.Time // by the wall clock; zero = none
	now      func() time.Time
	posts    bool                      // a second one would be seen
	whom     briefing.DeactivatedError // whom it is to or about

	sent       atomic.Bool // bytes of the body were handed to the connection
	written    atomic.Bool // the request went out whole
	status     int         // of the answer, 0 without one
	retryAfter time.Duration
}

var (
	// errPastDeadline stops a request that is about to be written too late.
	errPastDeadline = errors.New("the deadline passed before the request was written")
	// errNoSecond stops what net/http would send once more by itself.
	errNoSecond = errors.New("the connection was lost after the request was written")
)

// call prepares one request. The client is cheap to make, and a fresh one keeps calls apart.
func (s *Slack) call(op string, deadline time.Time) *call {
	c := &call{op: op, client: s.client, deadline: deadline, now: s.now}
	c.api = slack.New(s.token.Reveal(), slack.OptionAPIURL(s.url), slack.OptionHTTPClient(c))
	return c
}

// Do sends the request, watching its body.
func (c *call) Do(req *http.Request) (*http.Response, error) {
	if c.late() {
		return nil, errPastDeadline
	}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				c.written.Store(true)
			}
		},
	}))
	if req.Body != nil {
		req.Body = &watched{ReadCloser: req.Body, call: c}
	}
	if get := req.GetBody; get != nil {
		// net/http asks for it when a connection it had kept turns out to be dead, and sends again by itself.
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := get()
			return &watched{ReadCloser: body, call: c, second: c.posts && c.written.Load()}, err
		}
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	c.status = resp.StatusCode
	if c.posts {
		resp.Body = unrepeated(resp)
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		c.retryAfter = time.Duration(seconds) * time.Second
	}
	return resp, nil
}

// late asks the wall clock, which goes on while a process is frozen.
func (c *call) late() bool {
	return !c.deadline.IsZero() && !c.now().Round(0).Before(c.deadline.Round(0))
}

// watched is a request's body. It refuses to be read past the deadline, at every piece: the connection may
// have taken long to make, or the process may have slept. The last read, which finds the end, comes before the
// last piece is written, and a request that lacks a piece is none.
type watched struct {
	io.ReadCloser
	call   *call
	second bool // the one before went out whole
}

// Read reads on, unless it is too late. How much of a broken request went out is not known here, so from the
// first byte on the worst is believed.
func (w *watched) Read(p []byte) (int, error) {
	if w.second {
		return 0, errNoSecond
	}
	if w.call.late() {
		return 0, errPastDeadline
	}
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.call.sent.Store(true)
	}
	return n, err
}

// fail turns what Slack's client says into a briefing.Error.
func (c *call) fail(err error) error {
	out := &briefing.Error{Op: c.op, Err: err}
	out.Reason = c.reason(err)
	if out.Reason == briefing.RateLimited {
		out.RetryAfter = c.retryAfter
		if out.RetryAfter == 0 {
			out.RetryAfter = time.Minute
		}
	}
	out.Err = told(err)
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok && answer.Err == codeDeactivated {
		out.Err = fmt.Errorf("%w: %w", &c.whom, out.Err)
	}
	return out
}

// reason decides what the failure means. What may have been posted is Ambiguous; for calls that can be
// made twice it is named by its cause.
func (c *call) reason(err error) briefing.Reason {
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return c.unsure(reasonOfCode(answer.Err))
	}
	switch {
	case c.status == http.StatusTooManyRequests:
		return briefing.RateLimited
	case errors.Is(err, errPastDeadline):
		return c.maybe(briefing.Timeout)
	case c.status == http.StatusRequestTimeout || c.status >= 500:
		return c.maybe(briefing.Unavailable)
	case c.status >= 300:
		return briefing.Malformed // a proxy, or a base address that is not Slack's
	case c.status != 0:
		return c.maybe(c.brokenAnswer(err))
	case timedOut(err):
		return c.maybe(briefing.Timeout)
	default:
		return c.maybe(briefing.Unavailable)
	}
}

// brokenAnswer is why a 200 could not be read to its end.
func (c *call) brokenAnswer(err error) briefing.Reason {
	if timedOut(err) {
		return briefing.Timeout
	}
	return briefing.Malformed
}

// maybe is Ambiguous for a post that may have reached Slack whole, and otherwise the reason.
func (c *call) maybe(reason briefing.Reason) briefing.Reason {
	if c.posts && c.sent.Load() {
		return briefing.Ambiguous
	}
	return reason
}

// unsure keeps Ambiguous to posts.
func (c *call) unsure(reason briefing.Reason) briefing.Reason {
	if reason == briefing.Ambiguous && !c.posts {
		return briefing.Unavailable
	}
	return reason
}

func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		(errors.As(err, &timeout) && timeout.Timeout())
}
