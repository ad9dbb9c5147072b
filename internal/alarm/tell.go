package alarm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"achim/briefing"
	"achim/internal/language"
)

const (
	callTimeout = 5 * time.Second  // of one call to a webhook or a heartbeat
	dmTimeout   = 30 * time.Second // of opening the DM and posting, with the turns for both
	postWithin  = 10 * time.Second
	turnWithin  = 5 * time.Second // of waiting for a turn
	tries       = 3
	firstPause  = time.Second // before trying again; before the third time four times as long
	longestWait = time.Minute // that the other side may ask for
)

// tell tells the account by every road it is to go, at once: a road that is blocked does not hold up the others.
// settled says whether everybody due in the last day is accounted for, and is the heartbeat's.
func (a *Alarm) tell(ctx context.Context, account Account, settled bool) {
	var roads sync.WaitGroup
	if settled && !a.Heartbeat.IsZero() {
		roads.Go(func() { a.road(ctx, "heartbeat", a.beat) })
	}
	if account.Alarming() {
		n := a.noticeOf(account)
		n.Text = a.words(ctx, account, false)
		a.alert(ctx, &roads, n, func(ctx context.Context) string { return a.words(ctx, account, true) })
	}
	roads.Wait()
}

// cry tells that the ledger cannot be asked: nobody can be accounted for, and nothing can be delivered.
func (a *Alarm) cry(ctx context.Context) {
	a.Logger.ErrorContext(ctx, "the database cannot be read: no briefing is delivered, and nobody can be accounted for", "since", a.blind.UTC().Format(time.RFC3339))
	text := strings.Join(language.OperatorBlind(a.Language, a.blind.In(a.Zone)), "\n")
	since := a.blind.UTC().Truncate(time.Second)
	var roads sync.WaitGroup
	a.alert(ctx, &roads, notice{Event: eventBlind, Text: text, Date: briefing.DateOf(since, a.Zone), Since: &since},
		func(context.Context) string { return text })
	roads.Wait()
}

// alert sends the notice to the webhook and what dm returns to the operator, each on a road of its own.
func (a *Alarm) alert(ctx context.Context, roads *sync.WaitGroup, n notice, dm func(context.Context) string) {
	if !a.Webhook.IsZero() {
		roads.Go(func() {
			a.road(ctx, "webhook", func(ctx context.Context) error { return a.webhook(ctx, n) })
		})
	}
	if a.Operator != "" {
		roads.Go(func() {
			text := dm(ctx)
			a.road(ctx, "slack", func(ctx context.Context) error { return a.dm(ctx, text) })
		})
	}
}

// road goes one road, again when it definitely went wrong and may go better the next time.
func (a *Alarm) road(ctx context.Context, channel string, once func(context.Context) error) {
	err := once(ctx)
	pause := firstPause
	for n := 1; n < tries && passing(err); n++ {
		wait := max(pause, min(briefing.RetryAfter(err), longestWait))
		pause *= 4
		select {
		case <-time.After(wait):
			err = once(ctx)
		case <-ctx.Done():
			n = tries
		}
	}
	if a.Told != nil {
		a.Told(channel, err)
	}
	if err != nil {
		a.Logger.ErrorContext(ctx, "the operator could not be told", "channel", channel, "error", err)
	}
}

// passing reports whether the failure may be over the next time.
func passing(err error) bool {
	switch briefing.ReasonOf(err) {
	case briefing.RateLimited, briefing.Unavailable, briefing.Timeout:
		return true
	default:
		return false
	}
}

// The events a webhook is told of.
const (
	eventMorning = "morning"
	eventBlind   = "database_unreadable"
)

// notice is what a webhook gets: no name of a reader and nothing of what they read. Slack and those who speak like
// it show text, others read the rest.
type notice struct {
	Event string        `json:"event"`
	Text  string        `json:"text"`
	Date  briefing.Date `json:"date"`
	Since *time.Time    `json:"since,omitempty"`
	*counts
}

// counts are what a notice about a morning has besides.
type counts struct {
	DueAt     time.Time               `json:"due_at"`
	Runs      []briefing.RunID        `json:"run_ids"`
	Expected  int                     `json:"expected"`
	Delivered int                     `json:"delivered"`
	Degraded  int                     `json:"degraded"`
	Failed    int                     `json:"failed"`
	Unknown   int                     `json:"unknown"`
	Missed    int                     `json:"missed"`
	Spared    int                     `json:"spared"`
	UnderWay  int                     `json:"under_way"`
	Reasons   map[briefing.Reason]int `json:"reasons"`
}

// noticeOf returns the notice about a morning, without its text.
func (a *Alarm) noticeOf(account Account) notice {
	return notice{Event: eventMorning, Date: briefing.DateOf(account.Due, a.Zone), counts: &counts{
		DueAt: account.Due.UTC(), Runs: append([]briefing.RunID{}, account.Runs...), Expected: account.Expected, Delivered: account.Delivered,
		Degraded: account.Degraded, Failed: account.Failed, Unknown: account.Unknown, Missed: account.Missed, Spared: account.Spared,
		UnderWay: account.UnderWay, Reasons: account.Reasons,
	}}
}

// webhook posts the notice.
func (a *Alarm) webhook(ctx context.Context, n notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode the alarm: %w", err)
	}
	return a.call(ctx, http.MethodPost, a.Webhook, body)
}

// beat calls the heartbeat.
func (a *Alarm) beat(ctx context.Context) error { return a.call(ctx, http.MethodGet, a.Heartbeat, nil) }

// client returns what to call with. Without one it is a client that keeps no connection, which nobody would close.
func (a *Alarm) client() http.Client {
	if a.Client != nil {
		return *a.Client
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return http.Client{Transport: transport}
}

// call makes one request. The address is a secret: no error names it.
func (a *Alarm) call(ctx context.Context, method string, address briefing.Secret, body []byte) error {
	op := strings.ToLower(method) + " alarm address"
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(w httptrace.WroteRequestInfo) { written.Store(w.Err == nil) },
	})
	req, err := http.NewRequestWithContext(ctx, method, address.Reveal(), bytes.NewReader(body))
	if err != nil {
		return &briefing.Error{Op: op, Reason: briefing.ClientMisconfigured, Err: errors.New("not an address")}
	}
	req.Header.Set("User-Agent", "achim")
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	client := a.client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return unreached(op, err, written.Load() && method == http.MethodPost)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again; the answer says nothing
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	reason := briefing.Malformed
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		reason = briefing.RateLimited
	case resp.StatusCode >= 500:
		reason = briefing.Unavailable
	case resp.StatusCode >= 400:
		reason = briefing.ClientMisconfigured
	}
	return &briefing.Error{Op: op, Reason: reason, Err: fmt.Errorf("status %d", resp.StatusCode)}
}

// unreached is the failure of a call that got no answer, without the address the client puts into it. What was written
// may have been taken in, and is not to be made again.
func unreached(op string, err error, taken bool) error {
	reason := briefing.Unavailable
	switch {
	case taken:
		reason = briefing.Ambiguous
	case errors.Is(err, context.DeadlineExceeded):
		reason = briefing.Timeout
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return &briefing.Error{Op: op, Reason: reason, Err: err}
}

// dm posts the text to the operator. What may have been posted is not posted again.
func (a *Alarm) dm(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, dmTimeout)
	defer cancel()
	a.turn(ctx, briefing.PaceOpen)
	channel, err := a.Deliverer.Open(ctx, briefing.Reader{SlackUserID: a.Operator})
	if err != nil {
		a.held(ctx, briefing.PaceOpen, err)
		return fmt.Errorf("open the operator's DM: %w", err)
	}
	a.turn(ctx, briefing.PacePost)
	_, err = a.Deliverer.Post(ctx, briefing.Post{
		ChannelID: channel, Deadline: a.Now().Add(postWithin), Message: briefing.Message{Text: text, Plain: text},
	})
	if err != nil {
		a.held(ctx, briefing.PacePost, err)
		return fmt.Errorf("post to the operator: %w", err)
	}
	return nil
}

// turn takes a turn to call Slack, and waits for it a moment at most. One call that goes before its turn is no
// burden, since nobody else gets that turn; an alarm that waits for a queue, or for a database that is gone, is none.
func (a *Alarm) turn(ctx context.Context, kind briefing.PaceKind) {
	ctx, cancel := context.WithTimeout(ctx, turnWithin)
	defer cancel()
	at, err := a.Pacer.Reserve(ctx, kind)
	if wait := at.Sub(a.Now()); err == nil && wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// held tells the others that Slack limits the rate.
func (a *Alarm) held(ctx context.Context, kind briefing.PaceKind, cause error) {
	if briefing.ReasonOf(cause) == briefing.RateLimited {
		// Whoever cannot be told finds out by themselves.
		_, _ = a.Pacer.Hold(ctx, kind, a.Now().Add(max(briefing.RetryAfter(cause), time.Second)))
	}
}
