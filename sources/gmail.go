package sources

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	mailAtOnce   = 4   // Gmail refuses more than a handful for one person
	mailFailures = 3   // messages that may fail before the rest is left alone
)

const (
	listFields    = "messages(id,threadId),nextPageToken,resultSizeEstimate"
	messageFields = "id,threadId,labelIds,snippet,internalDate,payload/headers"
)

// rankingHeaders are all that ranking looks at.
func rankingHeaders() []string {
	return []string{
		"From", "To", "Cc", "Subject", "List-Id", "List-Unsubscribe", "Precedence", "Auto-Submitted", "Reply-To", "Content-Type",
		"X-Failed-Recipients", "X-Auto-Response-Suppress", "X-GitHub-Reason", "X-GitLab-NotificationReason", "X-Gitea-Reason", "X-Forgejo-Reason",
	}
}

// gmailSource reads the inbox: one list call, and one for each of the newest messages.
type gmailSource struct{ google *Google }

// Name implements briefing.Source.
func (*gmailSource) Name() briefing.SourceName { return briefing.Gmail }

// Provider implements briefing.Source.
func (*gmailSource) Provider() briefing.Provider { return briefing.Google }

// Fetch implements briefing.Source. Mail beyond the newest hundred is counted as Unsorted.
func (m *gmailSource) Fetch(ctx context.Context, req briefing.Request) (briefing.Section, error) {
	s, err := m.google.open(ctx, req.Reader.ID)
	if err != nil {
		return briefing.Section{}, err
	}
	list, err := listMail(ctx, s, mailQuery(req), listedMail)
	if err != nil {
		return briefing.Section{}, err
	}
	read := readMessages(ctx, s, list.Messages[:min(len(list.Messages), readMail)])
	if read.err != nil && len(read.messages) == 0 {
		return briefing.Section{}, read.err
	}
	around := circle{me: addresses{}, name: req.Reader.Name, prefs: req.Reader.Preferences}
	around.me.add(s.credential.Email)
	around.me.add(req.Reader.Email)
	section := mailSection(req, around, firstOf(s.credential.Email, req.Reader.Email), read.messages)
	if unread := read.failed + len(list.Messages) - min(len(list.Messages), readMail); unread > 0 {
		section.Counts[briefing.Unsorted] = unread
	}
	section.AtLeast = list.NextPageToken != ""
	section.ReadAt = m.google.cfg.Now()
	if read.err != nil {
		return section, read.err
	}
	return section, nil
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

// listMail returns the ids of the newest mail, each once. A page that is empty is not the end as long as
// another one is announced: only the last may say that there is no mail.
func listMail(ctx context.Context, s *session, query string, limit int64) (*gmail.ListMessagesResponse, error) {
	const op = "list messages"
	token := ""
	for range mostPages {
		list, err := call(ctx, s, op, func(authorize func(http.Header)) (*gmail.ListMessagesResponse, error) {
			c := s.services.gmail.Users.Messages.List("me").Context(ctx).LabelIds("INBOX").MaxResults(limit).Fields(listFields)
			if query != "" {
				c.Q(query)
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
		if list.HTTPStatusCode != http.StatusOK { // a 204 from something in between says nothing about mail
			return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errHollow}
		}
		if token = list.NextPageToken; len(list.Messages) == 0 && token != "" {
			continue
		}
		known := make(map[string]bool, len(list.Messages))
		for _, m := range list.Messages {
			if m == nil || m.Id == "" {
				return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errHollow}
			}
		}
		list.Messages = slices.DeleteFunc(list.Messages, func(m *gmail.Message) bool {
			again := known[m.Id]
			known[m.Id] = true
			return again
		})
		return list, nil
	}
	return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errEndless}
}

// probeMail finds out whether the inbox can be read.
func probeMail(ctx context.Context, s *session) error {
	_, err := listMail(ctx, s, "", 1)
	return err
}

// messagesRead is what came of reading messages one by one.
type messagesRead struct {
	messages []*gmail.Message
	failed   int   // that may lie in the window and could not be read
	err      error // of the first failure; an *briefing.Error
}

// readMessages reads the messages a few at a time, and what it can when some fail. Messages that are gone
// by now are nobody's loss.
func readMessages(ctx context.Context, s *session, ids []*gmail.Message) messagesRead {
	found := make([]*gmail.Message, len(ids))
	var failures mailFaults
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(mailAtOnce, len(ids)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(ids)) && !failures.enough(); i = next.Add(1) - 1 {
				message, err := contain("get message", func() (*gmail.Message, error) { return readMessage(ctx, s, ids[i].Id) })
				found[i] = message
				failures.add(err)
			}
		})
	}
	workers.Wait()
	read := messagesRead{err: failures.first}
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

func readMessage(ctx context.Context, s *session, id string) (*gmail.Message, error) {
	const op = "get message"
	message, err := call(ctx, s, op, func(authorize func(http.Header)) (*gmail.Message, error) {
		message, err := getMessage(ctx, s.google, id, authorize)
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
func getMessage(ctx context.Context, g *Google, id string, authorize func(http.Header)) (*gmail.Message, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.messages+url.PathEscape(id)+g.messageQuery, nil)
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
	body, err := io.ReadAll(resp.Body)
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

// mailSection ranks the messages that lie in the window.
func mailSection(req briefing.Request, around circle, account string, messages []*gmail.Message) briefing.Section {
	section := briefing.Section{
		Source: briefing.Gmail, Provider: briefing.Google, Window: req.Window, Account: account,
		Counts: map[briefing.Group]int{}, Items: make([]briefing.Item, 0, len(messages)),
	}
	for _, message := range messages {
		m := parseMail(message)
		if !req.Window.Holds(m.at) {
			continue
		}
		item := mailItem(req, around, m)
		item.URL = mailURL(account, m.id)
		section.Counts[item.Group]++
		section.Items = append(section.Items, item)
	}
	section.Items = foldThreads(section.Items)
	slices.SortStableFunc(section.Items, compareMail)
	return section
}

// mailItem is one message as a briefing tells it.
func mailItem(req briefing.Request, around circle, m mail) briefing.Item {
	item := briefing.Item{
		ID: m.id, Thread: m.thread, Group: m.group(around), Title: m.subject, From: m.from.display(), At: m.at,
	}
	item.Text = m.line(around)
	if item.Group == briefing.NeedsReply || item.Group == briefing.Important {
		due := m.due(around, req.Zone)
		if !due.Before(req.Date.Start(req.Zone)) { // what was due on an earlier day is no deadline any more
			item.Due = due
		}
	}
	return item
}

// mailURL leads to the message in the account it was read from, whatever the browser's default is. Phones
// ignore the part that names the message.
func mailURL(account, id string) string {
	return "https://mail.google.com/mail/u/?authuser=" + strings.ReplaceAll(queryEscape(account), "%40", "@") + "#all/" + queryEscape(id)
}

// foldThreads keeps the newest mail to answer of each thread and counts the others on it: a person answers
// a thread once.
func foldThreads(items []briefing.Item) []briefing.Item {
	newest := map[string]int{} // thread → index in kept
	kept := items[:0]
	slices.SortStableFunc(items, func(a, b briefing.Item) int { return b.At.Compare(a.At) })
	for _, item := range items {
		if item.Group != briefing.NeedsReply || item.Thread == "" {
			kept = append(kept, item)
			continue
		}
		i, known := newest[item.Thread]
		if !known {
			newest[item.Thread] = len(kept)
			kept = append(kept, item)
			continue
		}
		kept[i].Also++
		if kept[i].Due.IsZero() {
			kept[i].Due = item.Due
		}
	}
	return kept
}

// compareMail orders by group, mail to answer by deadline, and everything else newest first.
func compareMail(a, b briefing.Item) int {
	if a.Group != b.Group {
		return groupRank(a.Group) - groupRank(b.Group)
	}
	if a.Group == briefing.NeedsReply && !a.Due.Equal(b.Due) {
		switch {
		case a.Due.IsZero():
			return 1
		case b.Due.IsZero():
			return -1
		}
		return a.Due.Compare(b.Due)
	}
	return cmp.Or(b.At.Compare(a.At), strings.Compare(a.ID, b.ID))
}

func groupRank(g briefing.Group) int {
	order := [...]briefing.Group{briefing.NeedsReply, briefing.Important, briefing.Notice, briefing.Newsletter}
	if i := slices.Index(order[:], g); i >= 0 {
		return i
	}
	return len(order)
}

// parseMail takes from Gmail's answer what ranking and telling need.
func parseMail(message *gmail.Message) mail {
	m := mail{
		id: message.Id, thread: message.ThreadId, labels: message.LabelIds,
		at: time.UnixMilli(message.InternalDate).UTC(),
	}
	m.read(snippetText(message.Snippet), false, false, false)
	if message.Payload == nil {
		return m
	}
	for _, h := range message.Payload.Headers {
		if h != nil {
			m.setHeader(h.Name, h.Value)
		}
	}
	return m
}
