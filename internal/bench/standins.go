package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"achim/internal/standin"
)

const roleStandIns = "standins"

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
	err = s.ask("calls", &calls)
	return calls, err
}

// playStandIns serves Google, Slack and feeds, filled, until its input ends.
func playStandIns(context.Context) error {
	var n size
	r, err := begin(&n)
	if err != nil {
		return err
	}
	google, slack, feeds := standin.NewGoogle(clientID, clientSecret), standin.NewSlack(botToken), standin.NewFeeds()
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
		google.AddAccount(standin.Account{Email: who.email, Mail: inbox(n, now, i), Calendars: calendars(n, now, who.email)})
		slack.AddUser(who.slack, who.name, who.name)
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
	return r.serve(func(string) (any, error) {
		calls := google.Calls("*") + slack.Calls("*") + feeds.Calls("*")
		google.ResetCalls()
		slack.ResetCalls()
		feeds.ResetCalls()
		return calls, nil
	})
}
