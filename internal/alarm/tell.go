package alarm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"achim/briefing"
	"achim/internal/language"
)

const (
	callTimeout = 5 * time.Second  // of one call to a webhook or a heartbeat
	dmTimeout   = 20 * time.Second // of opening the DM and posting
	postWithin  = 10 * time.Second
	tries       = 2
	firstPause  = time.Second // before trying again
	longestWait = time.Minute // that the other side may ask for
	namesTold   = 3           // of the readers a cause concerns
	nameLength  = 40
)

// tell tells the account by every road it is to go, at once: a road that is blocked does not hold up the others.
func (a *Alarm) tell(ctx context.Context, account Account) {
	var roads sync.WaitGroup
	if account.Settled() && !a.Heartbeat.IsZero() {
		roads.Go(func() { a.road(ctx, "heartbeat", a.beat) })
	}
	if account.Alarming() && (a.Operator != "" || !a.Webhook.IsZero()) {
		text := a.words(ctx, account)
		if !a.Webhook.IsZero() {
			roads.Go(func() {
				a.road(ctx, "webhook", func(ctx context.Context) error { return a.webhook(ctx, account, text) })
			})
		}
		if a.Operator != "" {
			roads.Go(func() { a.road(ctx, "slack", func(ctx context.Context) error { return a.dm(ctx, text) }) })
		}
	}
	roads.Wait()
}

// road goes one road: twice when the first time definitely went wrong and another may go better.
func (a *Alarm) road(ctx context.Context, channel string, once func(context.Context) error) {
	err := once(ctx)
	for n := 1; n < tries && passing(err); n++ {
		wait := max(firstPause, min(briefing.RetryAfter(err), longestWait))
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

// notice is what a webhook gets. Slack and those who speak like it show text, others read the numbers.
type notice struct {
	Text      string                  `json:"text"`
	DueAt     time.Time               `json:"due_at"`
	Expected  int                     `json:"expected"`
	Delivered int                     `json:"delivered"`
	Degraded  int                     `json:"degraded"`
	Failed    int                     `json:"failed"`
	Unknown   int                     `json:"unknown"`
	Missed    int                     `json:"missed"`
	UnderWay  int                     `json:"under_way"`
	Reasons   map[briefing.Reason]int `json:"reasons"`
}

// webhook posts the account.
func (a *Alarm) webhook(ctx context.Context, account Account, text string) error {
	body, err := json.Marshal(notice{
		Text: text, DueAt: account.Due.UTC(), Expected: account.Expected, Delivered: account.Delivered,
		Degraded: account.Degraded, Failed: account.Failed, Unknown: account.Unknown, Missed: account.Missed,
		UnderWay: account.UnderWay, Reasons: account.Reasons,
	})
	if err != nil {
		return fmt.Errorf("encode the alarm: %w", err)
	}
	return a.call(ctx, http.MethodPost, a.Webhook, body)
}

// beat calls the heartbeat.
func (a *Alarm) beat(ctx context.Context) error { return a.call(ctx, http.MethodGet, a.Heartbeat, nil) }

// call makes one request. The address is a secret: no error names it.
func (a *Alarm) call(ctx context.Context, method string, address briefing.Secret, body []byte) error {
	op := strings.ToLower(method) + " alarm address"
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address.Reveal(), bytes.NewReader(body))
	if err != nil {
		return &briefing.Error{Op: op, Reason: briefing.ClientMisconfigured, Err: errors.New("not an address")}
	}
	req.Header.Set("User-Agent", "achim")
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	var client http.Client
	if a.Client != nil {
		client = *a.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return unreached(op, err)
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

// unreached is the failure of a call that got no answer, without the address the client puts into it.
func unreached(op string, err error) error {
	reason := briefing.Unavailable
	if errors.Is(err, context.DeadlineExceeded) {
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
	channel, err := a.Deliverer.Open(ctx, briefing.Reader{SlackUserID: a.Operator})
	if err != nil {
		return fmt.Errorf("open the operator's DM: %w", err)
	}
	_, err = a.Deliverer.Post(ctx, briefing.Post{
		ChannelID: channel, Deadline: a.Now().Add(postWithin), Message: briefing.Message{Text: text, Plain: text},
	})
	if err != nil {
		return fmt.Errorf("post to the operator: %w", err)
	}
	return nil
}

// words says in plain words what is wrong and what to do.
func (a *Alarm) words(ctx context.Context, account Account) string {
	m := language.Morning{
		Due: account.Due.In(a.Zone), Expected: account.Expected, Affected: account.Affected(),
		Tally: []language.MorningCount{
			{Outcome: briefing.OutcomeDelivered, Status: briefing.Complete, Count: account.Delivered},
			{Outcome: briefing.OutcomeDelivered, Status: briefing.Degraded, Count: account.Degraded},
			{Outcome: briefing.OutcomeFailed, Count: account.Failed}, {Outcome: briefing.OutcomeUnknown, Count: account.Unknown},
			{Outcome: briefing.OutcomePending, Count: account.UnderWay}, {Outcome: briefing.OutcomeSkipped, Count: account.Missed},
		},
	}
	for _, c := range account.Causes {
		told := language.MorningCause{Outcome: c.Outcome, Reason: c.Reason, Sources: c.Sources, Count: len(c.Readers)}
		for _, id := range c.Readers[:min(namesTold, len(c.Readers))] {
			if name := a.name(ctx, id); name != "" {
				told.Names = append(told.Names, name)
			}
		}
		m.Causes = append(m.Causes, told)
	}
	return strings.Join(language.OperatorLines(a.Language, m), "\n")
}

// slackText keeps a text from pinging and linking, in Slack and whatever reads webhooks as Slack does.
func slackText() *strings.Replacer {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "＠")
}

// name returns the reader's name fit for one line of a message, "" when it is not known. Somebody typed it: it
// pings nobody, and hides nothing.
func (a *Alarm) name(ctx context.Context, id briefing.ReaderID) string {
	r, err := a.Readers.Reader(ctx, string(id))
	if err != nil {
		return "" // the number of readers is told all the same
	}
	letters := []rune(strings.Join(strings.Fields(strings.Map(func(l rune) rune {
		switch {
		case unicode.IsSpace(l):
			return ' '
		case unicode.IsControl(l), unicode.Is(unicode.Cf, l), unicode.Is(unicode.Co, l):
			return -1
		}
		return l
	}, r.Name)), " "))
	if len(letters) > nameLength {
		letters = append(letters[:nameLength-1], '…')
	}
	return slackText().Replace(string(letters))
}
