package sources

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	feedjson "github.com/mmcdole/gofeed/json"

	"achim/briefing"
)

// request reads the feed at the address, or the one that the page there names.
func (f *feedReader) request(ctx context.Context, address string, before feedState) (feedState, error) {
	if err := (briefing.Feed{URL: address}).Validate(); err != nil {
		return before, &briefing.Error{Op: readFeedOp, Reason: briefing.Malformed, Err: errors.New("its address is no web address")}
	}
	after, err := f.ask(ctx, firstOf(before.at, address), before)
	page, ok := errors.AsType[*pageError](err)
	if !ok || saysFeed(address) { // what was a feed and is a page now has died: the page's own may be any other
		return after, err
	}
	after, err = f.discover(ctx, page, before.guessed)
	after.page = true
	after.doc.inherit(before.doc, f.now())
	return after, err
}

const readFeedOp = "read feed"

// ask makes one request, conditional where the feed was read at the same place before, and parses the answer. A page of
// HTML is a pageError.
func (f *feedReader) ask(ctx context.Context, at string, before feedState) (feedState, error) {
	fault := func(reason briefing.Reason, wait time.Duration, cause error) (feedState, error) {
		return before, &briefing.Error{Op: readFeedOp, Reason: reason, RetryAfter: wait, Err: cause}
	}
	if wait := f.hushed(at); wait > 0 {
		return fault(briefing.RateLimited, wait, errors.New("its host has asked to be left alone"))
	}
	if at != before.at {
		before.etag, before.modified = "", ""
	}
	resp, err := f.get(ctx, at, before)
	switch {
	case errors.Is(err, errPrivate): // it is us who refuse: the site has not been asked
		return fault(briefing.ClientMisconfigured, 0, errPrivate)
	case err != nil:
		return before, transportError(readFeedOp, err)
	}
	defer resp.Body.Close()
	wait := retryAfter(resp.Header, "", f.now())
	switch {
	case resp.StatusCode == http.StatusNotModified && before.doc != nil:
		before.at = settled(resp, at)
		return before, nil
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusServiceUnavailable && wait > 0:
		f.hush(resp, at, wait)
		return fault(reasonOfLimit(resp.StatusCode), wait, &answerError{status: resp.StatusCode})
	case resp.StatusCode != http.StatusOK:
		return fault(briefing.Unavailable, 0, &answerError{status: resp.StatusCode})
	}
	body, err := readFeedBody(resp.Body)
	switch {
	case err != nil:
		return before, transportError(readFeedOp, &readError{err})
	case len(body) > longestFeed:
		return fault(briefing.Malformed, 0, fmt.Errorf("larger than %d bytes", longestFeed))
	case len(bytes.TrimSpace(body)) == 0:
		return fault(briefing.Malformed, 0, errors.New("empty"))
	}
	doc, err := f.parse(ctx, body, resp)
	if err != nil {
		return before, err
	}
	doc.inherit(before.doc, f.now())
	return feedState{doc: doc, at: settled(resp, at), page: before.page, etag: short(resp.Header.Get("ETag")), modified: short(resp.Header.Get("Last-Modified"))}, nil
}

// short is a validator worth keeping and sending back, "" for a longer one.
func short(validator string) string {
	if len(validator) > longestLink {
		return ""
	}
	return validator
}

// readFeedBody reads at most one byte more than a feed may have, also of a file that is compressed and not said to be.
func readFeedBody(from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, longestFeed+1))
	if err != nil || !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body, err
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body, nil // it only looks like that
	}
	return io.ReadAll(io.LimitReader(z, longestFeed+1))
}

// reasonOfLimit is why a host that asked to be left alone could not be read.
func reasonOfLimit(status int) briefing.Reason {
	if status == http.StatusTooManyRequests {
		return briefing.RateLimited
	}
	return briefing.Unavailable
}

// settled is where to ask next time: as far as the redirects from there on are for good.
func settled(resp *http.Response, asked string) string {
	var hops []*http.Request // the last one first
	for req := resp.Request; req != nil && req.Response != nil; req = req.Response.Request {
		hops = append(hops, req)
	}
	for _, hop := range slices.Backward(hops) {
		if s := hop.Response.StatusCode; s != http.StatusMovedPermanently && s != http.StatusPermanentRedirect {
			break
		}
		asked = hop.URL.String()
	}
	return asked
}

func (f *feedReader) get(ctx context.Context, address string, before feedState) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", f.agent)
	req.Header.Set("Accept", "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5")
	if before.doc != nil && before.etag != "" {
		req.Header.Set("If-None-Match", before.etag)
	}
	if before.doc != nil && before.modified != "" {
		req.Header.Set("If-Modified-Since", before.modified)
	}
	return f.client.Do(req)
}

// parse turns a body into stories. Whatever it is that is no feed is Malformed, also when it makes the
// parser panic. Few large ones are parsed at once, for the memory it takes, and not before the small ones, so that
// nobody's feeds keep everybody's waiting; and none for long.
func (f *feedReader) parse(ctx context.Context, body []byte, resp *http.Response) (doc *feedDoc, err error) {
	const op = "parse feed"
	slots := f.parsing
	if len(body) <= smallFeed {
		slots = f.parsingSmall
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, transportError(op, ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, longestParse)
	defer cancel()
	malformed := func(cause string) error {
		return &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errors.New(cause)}
	}
	defer func() {
		if recover() != nil {
			doc, err = nil, malformed("it breaks the parser")
		}
	}()
	at := &url.URL{}
	if resp.Request != nil && resp.Request.URL != nil {
		at = resp.Request.URL
	}
	text := feedText(body, resp.Header.Get("Content-Type"), at.Hostname())
	if isPage(text) {
		return nil, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: &pageError{text: text[:min(len(text), longestPage)], at: at}}
	}
	if err := examineFeed(ctx, text); err != nil {
		return nil, malformed(err.Error())
	}
	parser := gofeed.NewParser()
	parser.KeepOriginalFeed = true // for the publisher of a story, which the common form leaves out
	parser.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	parsed, err := parser.Parse(patient{strings.NewReader(text), ctx.Err})
	if ctx.Err() != nil {
		return nil, transportError(op, ctx.Err())
	}
	if err != nil || parsed == nil {
		return nil, malformed("not a feed") // the parser's own words may quote it
	}
	if original, ok := parsed.OriginalFeed().(*feedjson.Feed); ok && !saysItems(original) {
		return nil, malformed("not a feed, though JSON") // any JSON object gets this far
	}
	doc = newFeedDoc(parsed, at, f.now())
	if len(parsed.Items) > 0 && len(doc.stories) == 0 {
		return nil, malformed("none of its items has a title and a link") // which is not to say that there is no news
	}
	return doc, nil
}

// saysItems reports whether the JSON is a feed's, be it an empty one, and not what a server has to say of itself.
func saysItems(feed *feedjson.Feed) bool {
	if len(feed.Items) == 0 && feed.Title == "" {
		return false
	}
	return feed.Items != nil || strings.Contains(feed.Version, "jsonfeed.org/")
}
