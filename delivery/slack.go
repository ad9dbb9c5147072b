package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"achim/briefing"
)

const (
	// eventType marks our messages in Slack's metadata.
	eventType = "daily_briefing"
	// noticeType marks what we send beside briefings.
	noticeType = "achim_notice"
	// callTimeout bounds calls whose caller sets no earlier deadline: Slack's client has none of its own.
	callTimeout = 20 * time.Second
	// historySkew is how far our clock may be ahead of Slack's: a machine that takes the local time for UTC is off by
	// hours. The marker is the entry's own, so that looking further back finds nothing wrong.
	historySkew = 24 * time.Hour
	// historyPage is what Slack gives the least favoured apps in one page.
	historyPage = 15
	// historyPages bounds a search: a DM with more messages since the attempt is not one we can read.
	historyPages = 100
	// mostSearches bounds how many searches are known to have been cut short.
	mostSearches = 1000
)

// SlackConfig says how to reach Slack.
type SlackConfig struct {
	Token  briefing.Secret  // the bot token, xoxb-…
	URL    string           // base of the Web API; "" = Slack's own
	Client *http.Client     // nil = one of its own. Its redirects are not followed: they would carry the token along
	Now    func() time.Time // nil = time.Now
}

// Slack delivers to DMs in one workspace. It retries nothing, sleeps nowhere and is safe for concurrent use.
type Slack struct {
	token  briefing.Secret
	url    string
	client http.Client
	now    func() time.Time

	mu    sync.Mutex
	self  identity          // who we are there; zero until Slack was asked
	pages map[search]string // where a search that Slack's limit cut short goes on
}

// identity is whose messages are ours.
type identity struct{ user, bot string }

// wrote reports whether we posted the message. Others can write into the DM, and give a message any metadata.
func (i identity) wrote(m slack.Message) bool {
	return (i.user != "" && m.User == i.user) || (i.bot != "" && m.BotID == i.bot)
}

var _ briefing.Deliverer = (*Slack)(nil)

// NewSlack returns a Slack.
func NewSlack(cfg SlackConfig) *Slack {
	s := &Slack{token: cfg.Token, url: cfg.URL, now: cfg.Now, pages: map[search]string{}}
	if s.url == "" {
		s.url = slack.APIURL
	}
	s.url = strings.TrimSuffix(s.url, "/") + "/"
	s.client = http.Client{Transport: tunedTransport()}
	if cfg.Client != nil {
		s.client = *cfg.Client
	}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// tunedTransport is the default transport with room for a morning: everybody's posts go to one host, and
// with the default of two idle connections most would open a new one. Slack itself takes many on one.
func tunedTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 256
	return t
}

// Check asks Slack whose token this is, as "achim" of "Gaon". Its error is a *briefing.Error.
func (s *Slack) Check(ctx context.Context) (bot, team string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := s.call("auth.test", time.Time{})
	answer, err := c.api.AuthTestContext(ctx)
	if err == nil && (answer == nil || answer.UserID == "") {
		err = errNoAnswer
	}
	if err != nil {
		return "", "", c.fail(err)
	}
	s.mu.Lock()
	s.self = identity{answer.UserID, answer.BotID}
	s.mu.Unlock()
	return answer.User, answer.Team, nil
}

// ourselves returns who we are in the workspace. Slack is asked once.
func (s *Slack) ourselves(ctx context.Context) (identity, error) {
	known := func() identity {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.self
	}
	if self := known(); self != (identity{}) {
		return self, nil
	}
	_, _, err := s.Check(ctx)
	return known(), err
}

// Open returns the id of the DM with the reader, opening it if need be.
func (s *Slack) Open(ctx context.Context, reader briefing.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := s.call("conversations.open", time.Time{})
	c.whom.SlackUserID = reader.SlackUserID
	channel, _, _, err := c.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{
		Users: []string{reader.SlackUserID}, ReturnIM: true,
	})
	if err == nil && (channel == nil || channel.ID == "") {
		err = errNoAnswer
	}
	if err != nil {
		return "", c.fail(err)
	}
	return channel.ID, nil
}

// Post posts once and never retries. Past p.Deadline, by the wall clock, nothing is written: that is
// looked at once more as the request goes out, because a process can be frozen in between.
func (s *Slack) Post(ctx context.Context, p briefing.Post) (string, error) {
	ctx, cancel := s.bounded(ctx, p.Deadline)
	defer cancel()
	c := s.call("chat.postMessage", p.Deadline)
	c.posts, c.whom.ChannelID = true, p.ChannelID
	options := append(s.content("chat.postMessage", p),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(), slack.MsgOptionLinkNames(false))
	if p.ThreadTS != "" {
		options = append(options, slack.MsgOptionTS(p.ThreadTS))
	}
	_, ts, err := c.api.PostMessageContext(ctx, p.ChannelID, options...)
	if err == nil && ts == "" {
		err = errNoAnswer
	}
	if err != nil {
		return "", c.fail(err)
	}
	return ts, nil
}

// Update replaces the message's text and blocks; its metadata stays, or is renewed.
func (s *Slack) Update(ctx context.Context, ts string, p briefing.Post) error {
	ctx, cancel := s.bounded(ctx, p.Deadline)
	defer cancel()
	c := s.call("chat.update", p.Deadline)
	c.whom.ChannelID = p.ChannelID
	options := append(s.content("chat.update", p), slack.MsgOptionLinkNames(false))
	_, answered, _, err := c.api.UpdateMessageContext(ctx, p.ChannelID, ts, options...)
	if err == nil && answered == "" {
		err = errNoAnswer
	}
	if err != nil {
		return c.fail(err)
	}
	return nil
}

// content is what post and update, the methods, have in common. Nothing is left to Slack's defaults, which differ
// between the two.
func (s *Slack) content(method string, p briefing.Post) []slack.MsgOption {
	options := []slack.MsgOption{slack.MsgOptionText(p.Message.Text, false), slack.MsgOptionParse(false)}
	if len(p.Message.Blocks) > 0 {
		// As they were rendered: Slack's client would take them apart only to write them again.
		options = append(options, slack.UnsafeMsgOptionEndpoint(s.url+method, func(form url.Values) {
			form.Set("blocks", string(p.Message.Blocks))
		}))
	}
	if p.Entry != "" {
		payload := map[string]any{"entry_id": string(p.Entry)}
		if !p.Message.Date.IsZero() {
			payload["date"] = p.Message.Date.String()
		}
		if p.Message.Status != "" {
			payload["status"] = string(p.Message.Status)
		}
		options = append(options, slack.MsgOptionMetadata(slack.SlackMetadata{EventType: eventType, EventPayload: payload}))
	}
	if p.Notice != "" {
		payload := map[string]any{"kind": string(p.Notice)}
		options = append(options, slack.MsgOptionMetadata(slack.SlackMetadata{EventType: noticeType, EventPayload: payload}))
	}
	return options
}

// Find looks for the entry's marker in the DM since the given time, back to a day before it, in messages of
// our own. "" means that the history was read in full and holds none. A search that Slack's limit cuts short
// goes on at the next call where it was, as Slack gives some apps one page of fifteen a minute.
func (s *Slack) Find(ctx context.Context, channelID string, entry briefing.EntryID, since time.Time) (string, error) {
	self, err := s.ourselves(ctx)
	if err != nil {
		return "", err
	}
	params := &slack.GetConversationHistoryParameters{
		ChannelID: channelID, Oldest: slackTime(since.Add(-historySkew)), Inclusive: true, Limit: historyPage,
		IncludeAllMetadata: true, Cursor: s.leftOff(search{entry, since.UnixNano()}),
	}
	for range historyPages {
		page, err := s.history(ctx, params)
		if err != nil {
			if briefing.ReasonOf(err) == briefing.RateLimited {
				s.goOn(search{entry, since.UnixNano()}, params.Cursor)
			}
			return "", err
		}
		for _, m := range page.Messages {
			if self.wrote(m) && m.Metadata.EventType == eventType && m.Metadata.EventPayload["entry_id"] == string(entry) {
				return m.Timestamp, nil
			}
		}
		next := page.ResponseMetaData.NextCursor
		if next == "" && !page.HasMore {
			return "", nil
		}
		if next == "" || next == params.Cursor {
			return "", &briefing.Error{Op: "conversations.history", Reason: briefing.Malformed, Err: errNoCursor}
		}
		params.Cursor = next
	}
	return "", &briefing.Error{Op: "conversations.history", Reason: briefing.Malformed, Err: errTooLong}
}

// search is one for an entry's marker since an attempt: whoever looks for another attempt begins anew.
type search struct {
	entry briefing.EntryID
	since int64
}

// leftOff returns the cursor of a search that was cut short, and forgets it.
func (s *Slack) leftOff(of search) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	cursor := s.pages[of]
	delete(s.pages, of)
	return cursor
}

// goOn keeps where the search is to go on.
func (s *Slack) goOn(of search, cursor string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) >= mostSearches {
		clear(s.pages) // those left behind by other processes' work; whoever needs one begins anew
	}
	s.pages[of] = cursor
}

var (
	errNoAnswer = errors.New("slack answered without saying what became of it")
	errNoCursor = errors.New("slack says there is more and not where")
	errTooLong  = fmt.Errorf("more than %d messages since then", historyPage*historyPages)
)

// history reads one page.
func (s *Slack) history(ctx context.Context, params *slack.GetConversationHistoryParameters) (*slack.GetConversationHistoryResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	c := s.call("conversations.history", time.Time{})
	page, err := c.api.GetConversationHistoryContext(ctx, params)
	if err == nil && !page.Ok {
		err = errNoAnswer
	}
	if err != nil {
		return nil, c.fail(err)
	}
	return page, nil
}

// bounded gives the call its deadline: the caller's, ours, and the wall clock's.
func (s *Slack) bounded(ctx context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	left := callTimeout
	if !deadline.IsZero() {
		left = min(left, deadline.Round(0).Sub(s.now().Round(0)))
	}
	return context.WithTimeout(ctx, left)
}

// slackTime is an instant as Slack spells it: seconds with six decimals, never a float.
func slackTime(t time.Time) string {
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}

// VerifySignature checks that Slack sent the request: header and the raw body, at most five minutes ago.
// An empty secret verifies nothing and is an error.
func VerifySignature(secret briefing.Secret, header http.Header, body []byte) error {
	verifier, err := slack.NewSecretsVerifier(header, secret.Reveal())
	if err != nil {
		return fmt.Errorf("verify Slack's signature: %w", err)
	}
	if _, err := verifier.Write(body); err != nil {
		return fmt.Errorf("verify Slack's signature: %w", err)
	}
	if err := verifier.Ensure(); err != nil {
		return fmt.Errorf("verify Slack's signature: %w", err)
	}
	return nil
}
