// Package summary lets a language model edit a briefing, where somebody has set one up: choose and put in order.
//
// A model is a stranger who reads along. What it is told is little, without addresses and links, and fenced as data. What
// it says has to be a whole sentence of the very item it speaks of, word for word, so that a mail that talks it into
// something, or a model that makes something up, changes nothing but the order and which of a mail's sentences is told.
// Whatever else goes wrong with it, the briefing is what it would have been without, and on time.
package summary

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"achim/briefing"
)

// How many calls are under way at once, and how many more may wait for one of them to end. Whoever comes then goes
// without: those who wait are workers, and readers are read by them.
const (
	atOnce = 8
	inLine = 8
)

// soonest is the least time that is worth a call.
const soonest = 500 * time.Millisecond

// Config says where a model is. BaseURL and Model must be set.
type Config struct {
	BaseURL   string          // of an API of OpenAI's form, no slash at the end
	APIKey    briefing.Secret // empty = the server wants none
	Model     string
	Budget    time.Duration     // what a briefing waits at most
	Now       func() time.Time  // nil = time.Now
	Transport http.RoundTripper // under every call; nil = a clone of the default one
	Edited    func(Result)      // called after every briefing there was something to ask of; may be nil
}

// Outcome says how asking went: one of those below, or the briefing.Reason of a failure.
type Outcome string

// The outcomes that are no failures.
const (
	OK      Outcome = "ok"
	Busy    Outcome = "busy"    // too many others ask
	Resting Outcome = "resting" // it has failed too often lately
	Late    Outcome = "late"    // there was no time
)

// Result is what became of one briefing. It holds nothing of what was asked or said.
type Result struct {
	Outcome      Outcome
	Took         time.Duration // waiting for others included
	PromptTokens int
	AnswerTokens int
	Lines        int   // taken over
	Refused      int   // that are no sentence of their item
	Err          error // of a failure
}

// Editor is a briefing.Editor that asks a model. It is safe for concurrent use.
type Editor struct {
	address, model string
	key            briefing.Secret
	budget         time.Duration
	now            func() time.Time
	edited         func(Result)
	client         *http.Client
	dialect        atomic.Pointer[dialect]
	calm           calm
	line           chan struct{} // of those who ask or wait to
	slots          chan struct{} // of those who ask
}

// New returns an editor. Nothing is asked yet.
func New(c Config) *Editor {
	e := &Editor{address: c.BaseURL + "/chat/completions", model: c.Model, key: c.APIKey, budget: c.Budget, now: c.Now, edited: c.Edited,
		line: make(chan struct{}, atOnce+inLine), slots: make(chan struct{}, atOnce)}
	if e.now == nil {
		e.now = time.Now
	}
	if e.edited == nil {
		e.edited = func(Result) {}
	}
	if c.Transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = atOnce
		c.Transport = own
	}
	e.client = &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	e.dialect.Store(&dialect{})
	return e
}

// Close drops idle connections.
func (e *Editor) Close() error {
	e.client.CloseIdleConnections()
	return nil
}

// Edit implements briefing.Editor.
func (e *Editor) Edit(ctx context.Context, req briefing.EditRequest) (sections []briefing.Section) {
	sections = req.Sections
	q, ok := ask(req)
	if !ok {
		return sections
	}
	started := e.now()
	result := Result{Outcome: OK}
	defer func() {
		if v := recover(); v != nil {
			e.calm.undecided()
			sections = req.Sections
			result.Err = failed(briefing.Internal, fmt.Errorf("panic of type %T", v)) // the value may hold what was said
		}
		if result.Err != nil {
			result.Outcome = Outcome(briefing.ReasonOf(result.Err))
		}
		result.Took = e.now().Sub(started)
		e.edited(result)
	}()
	ctx, cancel := context.WithTimeout(ctx, e.budget)
	defer cancel()
	free, outcome := e.turn(ctx)
	if outcome != OK {
		result.Outcome = outcome
		return sections
	}
	defer free()
	chosen, cost, err := e.choose(ctx, q)
	result.PromptTokens, result.AnswerTokens, result.Err = cost.Prompt, cost.Answer, err
	if err != nil {
		return sections
	}
	sections, result.Lines, result.Refused = chosen.apply(req, q.candidates)
	return sections
}

// turn takes one of the slots, or says why there is none to be had. free gives it back.
func (e *Editor) turn(ctx context.Context) (free func(), outcome Outcome) {
	if short(ctx) {
		return nil, Late
	}
	if e.calm.rests(e.now()) {
		return nil, Resting
	}
	select {
	case e.line <- struct{}{}:
	default:
		return nil, Busy
	}
	leave := func() { <-e.line }
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		leave()
		return nil, Busy
	}
	free = func() { <-e.slots; leave() }
	switch {
	case short(ctx):
		outcome = Busy // the time went by in line
	case !e.calm.allows(e.now()):
		outcome = Resting
	default:
		return free, OK
	}
	free()
	return nil, outcome
}

// short reports whether too little time is left for a call.
func short(ctx context.Context) bool {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline) < soonest
}

// choose asks the model and reads what it chose.
func (e *Editor) choose(ctx context.Context, q question) (answer, usage, error) {
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	text, cost, err := e.call(ctx, q)
	var chosen answer
	if err == nil {
		if chosen, err = read(text, q.candidates); err != nil {
			err = failed(briefing.Malformed, err)
		}
	}
	switch {
	case err == nil:
		e.calm.worked()
	case errors.Is(ctx.Err(), context.Canceled), briefing.ReasonOf(err) == briefing.Timeout && left < e.budget/2:
		e.calm.undecided() // it was not given its time
	default:
		e.calm.failed(e.now(), briefing.RetryAfter(err))
	}
	return chosen, cost, err
}
