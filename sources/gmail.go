package sources

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/api/gmail/v1"
	"google.golang.org/api/googleapi"

	"achim/briefing"
)

const (
	listedMail   = 300 // ids asked for
	readMail     = 100 // messages read, the newest ones
	threadShare  = 20  // of one thread, as long as there is mail of others to read
	mailAtOnce   = 4   // Gmail refuses more than a handful for one person
	mailFailures = 3   // messages that may fail before the rest is left alone

	longestMessage = 4 << 20 // bytes of one message's answer; a longer one cannot be read
)

const (
	listFields    = "messages(id,threadId),nextPageToken,resultSizeEstimate"
	messageFields = "id,threadId,labelIds,snippet,internalDate,payload/headers"
	bodyFields    = "id,internalDate,payload"
)

// rankingHeaders are all that ranking looks at.
func rankingHeaders() []string {
	return []string{
		"From", "To", "Cc", "Subject", "List-Id", "List-Unsubscribe", "Precedence", "Auto-Submitted", "Reply-To", "Content-Type",
		"X-Failed-Recipients", "X-Auto-Response-Suppress", "X-GitHub-Reason", "X-GitLab-NotificationReason", "X-Gitea-Reason", "X-Forgejo-Reason",
	}
}

// gmailSource reads the inbox: one list call, and one for each of the newest messages. What is to be answered it
// then looks at once more, see gmail_look.go; in quota that is 5 + 20 for each mail, and some 365 beyond at most.
type gmailSource struct{ google *Google }

// Name implements briefing.Source.
func (*gmailSource) Name() briefing.SourceName { return briefing.Gmail }

// Provider implements briefing.Source.
func (*gmailSource) Provider() briefing.Provider { return briefing.Google }

// Fetch implements briefing.Source. Counts are of mails, items of threads: an item stands for itself and Also more.
// Mail beyond the hundred that are read is counted as Unsorted.
func (m *gmailSource) Fetch(ctx context.Context, req briefing.Request) (briefing.Section, error) {
	s, err := m.google.open(ctx, req.Reader.ID)
	if err != nil {
		return briefing.Section{}, err
	}
	list, err := listMail(ctx, s, mailList{label: "INBOX", query: mailQuery(req), limit: listedMail})
	if err != nil {
		return briefing.Section{}, err
	}
	chosen := worthReading(list.Messages)
	read := readMessages(ctx, s, chosen)
	if read.err != nil && len(read.messages) == 0 {
		return briefing.Section{}, read.err
	}
	box := newInbox(req, s.credential.Email, read.messages)
	if !read.enough { // Gmail that refuses already is asked for nothing more
		box.look(ctx, s)
	}
	section := box.section()
	if unread := read.failed + len(list.Messages) - len(chosen); unread > 0 {
		section.Counts[briefing.Unsorted] = unread
	}
	section.AtLeast = list.NextPageToken != ""
	section.ReadAt = m.google.cfg.Now()
	if read.err != nil {
		return section, read.err
	}
	return section, nil
}

// worthReading chooses the messages to read of those listed: the newest, but when there are more, a thread that
// fills the list does not keep the others from being looked at.
func worthReading(listed []*gmail.Message) []*gmail.Message {
	if len(listed) <= readMail {
		return listed
	}
	var first, later []*gmail.Message
	share := map[string]int{}
	for _, m := range listed {
		if share[m.ThreadId]++; m.ThreadId == "" || share[m.ThreadId] <= threadShare {
			first = append(first, m)
		} else {
			later = append(later, m)
		}
	}
	return append(first, later...)[:readMail]
}

// mailQuery bounds the search by epoch seconds: dates would mean midnight in California. The bounds are a
// second wide of the window, whose edges are then held by the messages' own times. Mail is not bounded
// from above while the window ends about now.
func mailQuery(req briefing.Request) string {
	q := "after:" + strconv.FormatInt(req.Window.From.Unix()-1, 10)
	if req.Window.To.Before(req.Now.Add(-time.Minute)) {
		q += " before:" + strconv.FormatInt(req.Window.To.Unix()+1, 10)
	}
	return q
}

// mailList is what is asked of a list of messages.
type mailList struct {
	label, query string
	limit        int
	pages        int // that may be turned to find them; 0 = mostPages
}

// listMail returns the ids of the newest mail, each once, and NextPageToken when there is more. A page that is short,
// or empty, is not the end as long as another one is announced: only the last may say that there is no more mail.
func listMail(ctx context.Context, s *session, l mailList) (*gmail.ListMessagesResponse, error) {
	all := &gmail.ListMessagesResponse{}
	known := make(map[string]bool, l.limit)
	for range cmp.Or(l.pages, mostPages) {
		page, err := listPage(ctx, s, l, all.NextPageToken)
		if err != nil {
			return nil, err
		}
		all.NextPageToken = page.NextPageToken
		for _, m := range page.Messages {
			switch {
			case m == nil || m.Id == "":
				return nil, &briefing.Error{Op: "list messages", Reason: briefing.Malformed, Err: errHollow}
			case known[m.Id]:
			case len(all.Messages) == l.limit:
				all.NextPageToken = cmp.Or(all.NextPageToken, m.Id) // more than was asked for
			default:
				known[m.Id] = true
				all.Messages = append(all.Messages, m)
			}
		}
		if all.NextPageToken == "" || len(all.Messages) == l.limit {
			return all, nil
		}
	}
	if len(all.Messages) > 0 {
		return all, nil
	}
	return nil, &briefing.Error{Op: "list messages", Reason: briefing.Malformed, Err: errEndless}
}

func listPage(ctx context.Context, s *session, l mailList, token string) (*gmail.ListMessagesResponse, error) {
	const op = "list messages"
	page, err := call(ctx, s, op, func(authorize func(http.Header)) (*gmail.ListMessagesResponse, error) {
		c := s.services.gmail.Users.Messages.List("me").Context(ctx).LabelIds(l.label).MaxResults(int64(l.limit)).Fields(listFields)
		if l.query != "" {
			c.Q(l.query)
		}
		if token != "" {
			c.PageToken(token)
		}
		authorize(c.Header())
		return c.Do()
	})
	if err != nil {
		return nil, err
	}
	if page.HTTPStatusCode != http.StatusOK { // a 204 from something in between says nothing about mail
		return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errHollow}
	}
	return page, nil
}

// probeMail finds out whether the inbox can be read.
func probeMail(ctx context.Context, s *session) error {
	_, err := listMail(ctx, s, mailList{label: "INBOX", limit: 1})
	return err
}

// messagesRead is what came of reading messages one by one.
type messagesRead struct {
	messages []*gmail.Message
	failed   int   // that may lie in the window and could not be read
	err      error // of the first failure; an *briefing.Error
	enough   bool  // so much failed that the rest was left alone
}

// readMessages reads the messages a few at a time, and what it can when some fail. Messages that are gone
// by now are nobody's loss.
func readMessages(ctx context.Context, s *session, ids []*gmail.Message) messagesRead {
	found := make([]*gmail.Message, len(ids))
	var failures mailFaults
	failures.during(len(ids), func(i int) error {
		message, err := readMessage(ctx, s, ids[i].Id, s.google.messageQuery)
		found[i] = message
		return err
	})
	read := messagesRead{err: failures.first, enough: failures.enough()}
	for _, message := range found {
		if message != nil {
			read.messages = append(read.messages, message)
		}
	}
	if read.err != nil {
		read.failed = len(ids) - len(read.messages) - failures.gone
	}
	return read
}

// errGone is a message that was deleted after it was listed.
var errGone = errors.New("the message is gone")

// readMessage reads one message, as far as query asks for. errGone when there is none any more.
func readMessage(ctx context.Context, s *session, id, query string) (*gmail.Message, error) {
	const op = "get message"
	message, err := call(ctx, s, op, func(authorize func(http.Header)) (*gmail.Message, error) {
		message, err := getMessage(ctx, s.google, url.PathEscape(id)+query, authorize)
		if isNotFound(err) {
			return nil, nil
		}
		return message, err
	})
	switch {
	case err != nil:
		return nil, err
	case message == nil:
		return nil, errGone
	case message.Id == "" || message.InternalDate == 0:
		return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errHollow}
	}
	return message, nil
}

// getMessage is the one call that is made without the generated client: a morning makes twenty of it for
// each reader, and the client takes longer to put the address together than to read the answer.
func getMessage(ctx context.Context, g *Google, address string, authorize func(http.Header)) (*gmail.Message, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.messages+address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	authorize(req.Header)
	resp, err := g.api.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if err := googleapi.CheckResponse(resp); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestMessage))
	if err != nil {
		return nil, err
	}
	message := &gmail.Message{}
	return message, json.Unmarshal(body, message)
}

// messageQuery asks for what ranking looks at, and nothing else.
func messageQuery() string {
	return "?" + url.Values{
		"alt": {"json"}, "prettyPrint": {"false"}, "format": {"metadata"}, "metadataHeaders": rankingHeaders(), "fields": {messageFields},
	}.Encode()
}

// bodyQuery asks for the text of a message. Gmail sends files apart.
func bodyQuery() string {
	return "?" + url.Values{"alt": {"json"}, "prettyPrint": {"false"}, "format": {"full"}, "fields": {bodyFields}}.Encode()
}

func isNotFound(err error) bool {
	refused, ok := errors.AsType[*googleapi.Error](err)
	return ok && refused.Code == http.StatusNotFound
}

// mailFaults counts failures. Safe for concurrent use while messages are read.
type mailFaults struct {
	mu    sync.Mutex
	count int
	gone  int
	first error
}

func (f *mailFaults) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err == nil:
	case errors.Is(err, errGone):
		f.gone++
	default:
		f.count++
		if f.first == nil {
			f.first = err
		}
	}
}

// during runs do for each of n, a few at a time, until so much has failed that Gmail is better left alone.
func (f *mailFaults) during(n int, do func(i int) error) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(mailAtOnce, n) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && !f.enough(); i = next.Add(1) - 1 {
				_, err := contain("get message", func() (struct{}, error) { return struct{}{}, do(int(i)) })
				f.add(err)
			}
		})
	}
	workers.Wait()
}

// enough reports whether it is better to leave Gmail alone: one broken message does not spoil the rest, a
// limit or a dead grant does.
func (f *mailFaults) enough() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch briefing.ReasonOf(f.first) {
	case "":
		return false
	case briefing.Malformed, briefing.Unavailable:
		return f.count >= mailFailures
	}
	return true
}
