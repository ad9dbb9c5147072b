package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"achim/internal/standin"
)

const roleStandIns = "standins"

// What the stand-ins are asked.
const (
	wordCalls    = "calls"    // how many calls came since this was last asked
	wordPosted   = "posted"   // how many messages were posted
	wordArrivals = "arrivals" // when each of them arrived, in nanoseconds of Unix time
)

// What the stand-ins and their clients know each other by. They are made up and open nothing.
const (
	clientID     = "bench-client.apps.example"
	clientSecret = "bench-client-secret"
	botToken     = "xoxb-bench"
)

// place is where the stand-ins are, and what they know of the readers.
type place struct {
	Google   standin.Endpoints
	Slack    string
	FeedURLs []string
	Grants   []standin.Token // by reader
	Channels []string        // by reader; empty while no DM is open
}

// standIns are the stand-ins in their process.
type standIns struct {
	*child
	place
	size
}

// withStandIns runs work beside fresh stand-ins: a second measurement must not find what the first has left.
func withStandIns(ctx context.Context, n size, work func(context.Context, standIns) (result, error)) (r result, err error) {
	c, err := start(ctx, roleStandIns, n)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	s := standIns{child: c, size: n}
	if err := c.ask("", &s.place); err != nil {
		return result{}, fmt.Errorf("stand-ins: %w", err)
	}
	return work(ctx, s)
}

// count returns how many calls came since it was last asked.
func (s standIns) count() (calls int, err error) {
	err = s.ask(wordCalls, &calls)
	return calls, err
}

// channelOf returns the reader's DM, "" while it is not open.
func (s standIns) channelOf(reader int) string {
	if !s.Opened {
		return ""
	}
	return s.Channels[reader]
}

// watched is Slack, and notes when each message arrives. Of the thousands that are posted at once it takes only the
// address: what the stand-in would do with them would cost more than their sending.
type watched struct {
	*standin.Slack
	instant bool

	mu     sync.Mutex
	came   []int64
	posts  map[string]int // by channel
	answer string         // what is answered to a post behind its ts: the message, which Slack repeats
}

// ServeHTTP implements http.Handler.
func (w *watched) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if !w.instant || path.Base(r.URL.Path) != "chat.postMessage" {
		w.Slack.ServeHTTP(rw, r)
		return
	}
	at := time.Now().UnixNano()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller went away
	}
	channel := formValue(string(body), "channel")
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answer == "" {
		w.answer = repeated(string(body))
	}
	w.came = append(w.came, at)
	w.posts[channel]++
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = fmt.Fprintf(rw, `{"ok":true,"channel":%q,"ts":"%d.%06d",%s`, channel, at/1e9, len(w.came)%1e6, w.answer) // a failed write means the caller left
}

// formValue returns a value of a form without reading the rest of it. It needs no unescaping.
func formValue(form, name string) string {
	_, after, _ := strings.Cut("&"+form, "&"+name+"=")
	value, _, _ := strings.Cut(after, "&")
	return value
}

// repeated is the end of an answer that repeats the message of the form.
func repeated(form string) string {
	values, err := url.ParseQuery(form)
	if err != nil {
		values = url.Values{}
	}
	message := map[string]any{"type": "message", "text": values.Get("text")}
	if blocks := values.Get("blocks"); json.Valid([]byte(blocks)) {
		message["blocks"] = json.RawMessage(blocks)
	}
	text, _ := json.Marshal(message) // always encodes
	return `"message":` + string(text) + "}"
}

func (w *watched) posted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.came)
}

// arrivals returns when the messages arrived, if everybody got one.
func (w *watched) arrivals(readers int) ([]int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for channel, n := range w.posts {
		if n != 1 {
			return nil, fmt.Errorf("channel %s got %d messages", channel, n)
		}
	}
	if len(w.posts) != readers {
		return nil, fmt.Errorf("%d of %d readers got a message", len(w.posts), readers)
	}
	return w.came, nil
}

// open opens the reader's DM and returns its id.
func (w *watched) open(ctx context.Context, who person) (string, error) {
	form := url.Values{"users": {who.slack}, "token": {botToken}}
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/conversations.open", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, req)
	var opened struct{ Channel struct{ ID string } }
	err := json.NewDecoder(answer.Body).Decode(&opened)
	if err == nil && opened.Channel.ID == "" {
		err = errors.New("the stand-in opens no DM")
	}
	return opened.Channel.ID, err
}

// playStandIns serves Google, Slack and feeds, filled, until its input ends.
func playStandIns(ctx context.Context) error {
	var n size
	r, err := begin(&n)
	if err != nil {
		return err
	}
	google, slack, feeds := standin.NewGoogle(clientID, clientSecret), &watched{Slack: standin.NewSlack(botToken), instant: n.Opened, posts: map[string]int{}}, standin.NewFeeds()
	var at place
	var servers []*standin.Server
	defer func() {
		for _, s := range servers {
			_ = s.Close() // the process ends here
		}
	}()
	urls := make([]string, 0, 3)
	for _, handler := range []http.Handler{google, slack, feeds} {
		s, err := standin.Serve(handler, "")
		if err != nil {
			return err
		}
		servers, urls = append(servers, s), append(urls, s.URL)
	}
	at.Google, at.Slack = google.Endpoints(urls[0]), urls[1]
	now := time.Now().Truncate(time.Second)
	for i := range n.Readers {
		who := readerOf(i)
		slack.AddUser(who.slack, who.name, who.name)
		if n.Opened {
			channel, err := slack.open(ctx, who)
			if err != nil {
				return err
			}
			at.Channels = append(at.Channels, channel)
			if i > 0 { // one mailbox is enough: what is read of it is everybody's
				at.Grants = append(at.Grants, at.Grants[0])
				continue
			}
		}
		google.AddAccount(standin.Account{Email: who.email, Mail: inbox(n, now, i), Calendars: calendars(n, now, who.email)})
		at.Grants = append(at.Grants, google.Grant(who.email))
	}
	for i := range n.Feeds {
		path := fmt.Sprintf("/feed%d.xml", i)
		feeds.Set(path, feed(n, now, i))
		at.FeedURLs = append(at.FeedURLs, urls[2]+path)
	}
	if err := r.out.Encode(at); err != nil {
		return err
	}
	return r.serve(func(word string) (any, error) {
		switch word {
		case wordPosted:
			return slack.posted(), nil
		case wordArrivals:
			return slack.arrivals(n.Readers)
		}
		calls := google.Calls("*") + slack.Calls("*") + feeds.Calls("*")
		google.ResetCalls()
		slack.ResetCalls()
		feeds.ResetCalls()
		return calls, nil
	})
}
