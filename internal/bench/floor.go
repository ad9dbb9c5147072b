package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const roleFloor = "floor"

// atOnce is how many readers the floor serves at once, as many as Achim does.
const atOnce = 24

// postsAtOnce is how many messages are posted at once where nothing else is to be done.
const postsAtOnce = 128

// What the client of the floor is told.
const (
	wordGo   = "go"   // make all calls
	wordPost = "post" // only post
)

// floorTask is what the client of the floor needs to know.
type floorTask struct {
	place
	Size size
}

// allocations are what the floor has allocated while it made the calls.
type allocations struct{ Bytes, Objects float64 }

// callOnly measures a client that makes the calls of everybody's briefing and reads the answers to their
// end without looking at them: what is left of the cost when Achim does nothing.
func callOnly(ctx context.Context, s standIns) (r result, err error) {
	c, err := start(ctx, roleFloor, floorTask{s.place, s.size})
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	var ready bool
	if err := c.ask("", &ready); err != nil {
		return result{}, err
	}
	before, err := used(c.cmd.Process.Pid)
	if err != nil {
		return result{}, err
	}
	started := time.Now()
	var allocated allocations
	if err := c.ask(wordGo, &allocated); err != nil {
		return result{}, err
	}
	wall := time.Since(started)
	after, err := used(c.cmd.Process.Pid)
	if err != nil {
		return result{}, err
	}
	r = spent(before, after, wall)
	r.allocated, r.objects = allocated.Bytes, allocated.Objects
	r.calls, err = s.count()
	return r, err
}

// playFloor makes the calls when it is told to.
func playFloor(ctx context.Context) error {
	var task floorTask
	r, err := begin(&task)
	if err != nil {
		return err
	}
	if err := r.out.Encode(true); err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost, transport.DisableCompression = 0, 128, true
	f := floor{place: task.place, size: task.Size, client: &http.Client{Transport: transport}, message: message()}
	return r.serve(func(word string) (any, error) {
		if word == wordPost {
			return true, f.posts(ctx)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := f.everybody(ctx)
		runtime.ReadMemStats(&after)
		return allocations{float64(after.TotalAlloc - before.TotalAlloc), float64(after.Mallocs - before.Mallocs)}, err
	})
}

// postOnly measures how long a client takes that only posts everybody's message: what is left of the lateness when
// there is no ledger.
func postOnly(ctx context.Context, s standIns) (l lateness, err error) {
	c, err := start(ctx, roleFloor, floorTask{s.place, s.size})
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	var ready bool
	if err := c.ask("", &ready); err != nil {
		return l, err
	}
	before, err := used(c.cmd.Process.Pid)
	if err != nil {
		return l, err
	}
	started := time.Now()
	if err := c.ask(wordPost, &ready); err != nil {
		return l, err
	}
	wall := time.Since(started)
	after, err := used(c.cmd.Process.Pid)
	if err != nil {
		return l, err
	}
	l.name, l.spent = "the posts alone", spent(before, after, wall)
	l.posts, err = s.arrivals(started)
	return l, err
}

// posts posts every reader's message.
func (f floor) posts(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(postsAtOnce)
	for _, channel := range f.Channels {
		group.Go(func() error {
			return f.post(ctx, f.Slack+"/chat.postMessage", botToken, f.message+"&channel="+channel)
		})
	}
	return group.Wait()
}

// floor is a client that only calls.
type floor struct {
	place
	size
	client  *http.Client
	message string // what is posted, as Slack's form has it
}

func (f floor) everybody(ctx context.Context) error {
	for _, feed := range f.FeedURLs {
		if err := f.get(ctx, feed, ""); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range f.Readers {
		group.Go(func() error { return f.briefing(ctx, i) })
	}
	return group.Wait()
}

// briefing makes the calls of one reader's first briefing.
func (f floor) briefing(ctx context.Context, i int) error {
	grant, who := f.Grants[i], readerOf(i)
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {grant.RefreshToken}, "client_id": {clientID}, "client_secret": {clientSecret}}
	if err := f.post(ctx, f.Google.TokenURL, "", refresh.Encode()); err != nil {
		return err
	}
	now := time.Now()
	mail, diary := f.Google.GmailURL+"/gmail/v1/users/me/messages", f.Google.CalendarURL+"/calendar/v3"
	urls := []string{
		fmt.Sprintf("%s?alt=json&fields=messages%%28id%%2CthreadId%%29&labelIds=INBOX&maxResults=300&q=after%%3A%d", mail, now.Add(-24*time.Hour).Unix()),
		diary + "/users/me/calendarList?alt=json&fields=kind%2Citems%28id%2Cprimary%2Cselected%29&maxResults=250",
	}
	for m := range f.Mails {
		urls = append(urls, fmt.Sprintf("%s/%08x%08x?alt=json&fields=id%%2CthreadId%%2ClabelIds%%2Csnippet%%2CinternalDate%%2Cpayload%%2Fheaders"+
			"&format=metadata&metadataHeaders=From&metadataHeaders=To&metadataHeaders=Subject&metadataHeaders=List-Id&metadataHeaders=List-Unsubscribe", mail, i, m))
	}
	for m := range min(f.Mails, 5) { // what will be shown is read in full
		urls = append(urls, fmt.Sprintf("%s/%08x%08x?alt=json&fields=id%%2CinternalDate%%2Cpayload&format=full", mail, i, m))
	}
	for _, search := range []string{"to%3Asujin%40gaon.example", "to%3Adana%40gaon.example", "after%3A1"} { // senders known, mails answered
		urls = append(urls, mail+"?alt=json&fields=messages%28id%2CthreadId%29&labelIds=SENT&maxResults=500&q="+search)
	}
	window := url.Values{"timeMin": {now.Add(-12 * time.Hour).Format(time.RFC3339)}, "timeMax": {now.Add(84 * time.Hour).Format(time.RFC3339)},
		"singleEvents": {"true"}, "orderBy": {"startTime"}, "maxResults": {"250"},
		"fields": {"kind,items(id,iCalUID,status,summary,start,end,location,description,htmlLink,hangoutLink)"}}.Encode()
	for c := range f.Calendars {
		id := "primary"
		if c > 0 {
			id = fmt.Sprintf("team%d.%s", c, who.email)
		}
		urls = append(urls, diary+"/calendars/"+url.PathEscape(id)+"/events?"+window)
	}
	for _, u := range urls {
		if err := f.get(ctx, u, grant.AccessToken); err != nil {
			return err
		}
	}
	if err := f.post(ctx, f.Slack+"/conversations.open", botToken, "return_im=true&users="+who.slack); err != nil {
		return err
	}
	return f.post(ctx, f.Slack+"/chat.postMessage", botToken, f.message+"&channel="+who.slack)
}

// message is a form about as long as a briefing's.
func message() string {
	blocks := []map[string]any{{"type": "header", "text": map[string]string{"type": "plain_text", "text": "11월 20일 금요일"}}}
	for range 4 {
		blocks = append(blocks, map[string]any{"type": "section", "text": map[string]string{"type": "mrkdwn", "text": strings.Repeat("*09:30* 제품 주간회의 ", 25)}})
	}
	raw, _ := json.Marshal(blocks) // maps of strings always encode
	return url.Values{"text": {strings.Repeat("제품 주간회의 ", 50)}, "blocks": {string(raw)}, "unfurl_links": {"false"}, "unfurl_media": {"false"}}.Encode()
}

func (f floor) get(ctx context.Context, address, bearer string) error {
	return f.do(ctx, http.MethodGet, address, bearer, "")
}

func (f floor) post(ctx context.Context, address, bearer, form string) error {
	return f.do(ctx, http.MethodPost, address, bearer, form)
}

// do makes one call and reads the answer to its end, or the connection could not be used again.
func (f floor) do(ctx context.Context, method, address, bearer, form string) error {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form))
	if err != nil {
		return err
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, address, resp.Status)
	}
	return nil
}
