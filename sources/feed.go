package sources

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/singleflight"

	"achim/briefing"
)

const (
	feedTimeout   = 10 * time.Second
	longestFeed   = 5 << 20 // bytes, after decompression
	mostRedirects = 5
	feedsParsed   = 2               // at once: a large feed takes a multiple of its size to parse
	smallFeed     = 512 << 10       // bytes: as most are
	smallParsed   = 4               // of these, beside the large ones
	longestParse  = 8 * time.Second // were a processor busy: bounds of what a feed is made of keep it below one
	feedForgotten = 96 * time.Hour  // unread: a weekend and the holidays around it
	goneFor       = 24 * time.Hour  // that a feed is not asked for after it said it is gone
	longestHush   = time.Hour       // that a host's other feeds wait for what one of them asked
)

// feedReader reads feeds for all readers: one request a feed in ten minutes, conditional, shared by those
// who ask meanwhile. It is safe for concurrent use.
type feedReader struct {
	client                *http.Client
	now                   func() time.Time
	agent                 string
	fetched               func(err error)
	flights               singleflight.Group
	parsing, parsingSmall chan struct{} // a place for each that may be parsed at once

	mu     sync.Mutex
	states map[string]*feedState
	quiet  map[string]time.Time // hosts that have asked to be left alone, and until when
}

// feedState is what is known of one feed. It is guarded by the reader's mutex and replaced, never changed
// in what others hold.
type feedState struct {
	doc            *feedDoc
	at             string // where it was read: a redirect for good leads there, or the page at its address; "" = not known
	etag, modified string
	page           bool      // a page is at its address, and led to it
	guessed        bool      // its page names no feed, and none is at the usual places
	turn           int       // counts the requests made
	triedAt        time.Time // when the last one ended
	usedAt         time.Time
	retryAt        time.Time // not before: the feed has asked to be left alone
	err            error     // of the last one
	told           map[briefing.ReaderID]bool
}

func newFeedReader(cfg NewsConfig) *feedReader {
	transport := cfg.Transport
	if transport == nil {
		transport = feedTransport(cfg.AllowPrivate)
	}
	return &feedReader{
		client: &http.Client{Transport: transport, CheckRedirect: checkRedirect}, now: cfg.Now, agent: agentOf(cfg.Contact), fetched: cfg.OnFetch,
		parsing: make(chan struct{}, feedsParsed), parsingSmall: make(chan struct{}, smallParsed), states: map[string]*feedState{}, quiet: map[string]time.Time{},
	}
}

// agentOf is how we call ourselves: sites want to know who asks, and where to complain.
func agentOf(contact string) string {
	if contact == "" {
		return userAgent
	}
	return strings.TrimSuffix(userAgent, ")") + "; +" + contact + ")"
}

// feedTransport refuses private addresses where they are dialled, so that neither a redirect nor a name
// that resolves to one gets around it. A proxy would resolve names itself and is only used where private
// addresses are allowed.
func feedTransport(allowPrivate bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	t := http.DefaultTransport.(*http.Transport).Clone()
	if !allowPrivate {
		dialer.Control = refusePrivate
		t.Proxy = nil
	}
	t.DialContext = dialer.DialContext
	t.MaxConnsPerHost = 4
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}

var errPrivate = errors.New("a private address: see news.allow_private_networks")

func refusePrivate(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("dial feed: %w", err)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !public(ip) {
		return errPrivate
	}
	return nil
}

// PrivateFeed reports whether the feed's address says by itself that it is none of the open internet. One that only its
// name's resolution or a redirect shows is found out when it is read.
func PrivateFeed(feed briefing.Feed) bool {
	u, err := url.Parse(feed.URL)
	if err != nil {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && !public(ip)
}

// public reports whether the address is one of the open internet. Addresses that carry an IPv4 address
// inside are refused as a whole: nobody publishes feeds there. The zone is left out, with which an address
// is in no prefix. 168.63.129.16 is what Azure tells machines about themselves at, public as it looks.
func public(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, reserved := range [...]string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "192.88.99.0/24", "168.63.129.16/32", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
		"100::/64", "2001::/32", "2002::/16", "2001:db8::/32", "3fff::/20", "fec0::/10",
	} {
		if netip.MustParsePrefix(reserved).Contains(ip) {
			return false
		}
	}
	return true
}

// checkRedirect follows to web addresses, and tells where it leads nothing of where it came from.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > mostRedirects {
		return errors.New("too many redirects")
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return errors.New("a redirect to something that is no web address")
	}
	req.Header.Del("Referer") // the address that led there may hold a key
	return nil
}

// start begins reading the feed unless it was read just now, and returns a function that waits for it,
// as long as ctx allows. What it returns is shared and must not be changed.
func (f *feedReader) start(ctx context.Context, reader briefing.ReaderID, address string) func() (*feedDoc, error) {
	doc, turn, err := f.known(reader, address)
	if doc != nil || err != nil {
		return func() (*feedDoc, error) { return doc, err }
	}
	flight := f.flights.DoChan(address, func() (any, error) {
		// Not cancelled when one reader leaves: the others wait for the same answer.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), feedTimeout)
		defer cancel()
		doc, err := contain("read feed", func() (any, error) { return f.read(ctx, address, turn) })
		if f.fetched != nil {
			f.fetched(err)
		}
		return doc, err
	})
	settle := func(result singleflight.Result) (*feedDoc, error) {
		if result.Err != nil {
			f.tell(reader, address)
			return nil, result.Err
		}
		return result.Val.(*feedDoc), nil
	}
	return func() (*feedDoc, error) {
		select {
		case result := <-flight:
			return settle(result)
		case <-ctx.Done():
		}
		select {
		case result := <-flight: // both were ready: the caller waited for another feed meanwhile
			return settle(result)
		default:
			return nil, transportError("read feed", ctx.Err())
		}
	}
}

// known returns what the last request gave if it is recent, else neither a feed nor an error, and the
// number of requests so far. A failure is shared like an answer, so that a feed that is down costs one
// request however many readers follow it; but a reader who was told of it and asks again gets a new one,
// because then somebody waits for it to be mended.
func (f *feedReader) known(reader briefing.ReaderID, address string) (*feedDoc, int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	f.forget(now)
	state := f.states[address]
	if state == nil {
		f.states[address] = &feedState{usedAt: now}
		return nil, 0, nil
	}
	state.usedAt = now
	recent := state.turn > 0 && now.Sub(state.triedAt) < defaultNewsPace
	switch {
	case state.err == nil && recent:
		return state.doc, state.turn, nil
	case state.err != nil && (now.Before(state.retryAt) || (recent && !state.told[reader])):
		state.told[reader] = true
		return nil, state.turn, state.err
	}
	return nil, state.turn, nil
}

// forget drops feeds nobody has asked for in days, and hosts that may be asked again. The caller holds the lock.
func (f *feedReader) forget(now time.Time) {
	for address, state := range f.states {
		if now.Sub(state.usedAt) > feedForgotten {
			delete(f.states, address)
		}
	}
	for host, until := range f.quiet {
		if !now.Before(until) {
			delete(f.quiet, host)
		}
	}
}

// hush leaves the host that was asked at the address alone for as long as it has asked for, within bounds. An answer that
// a redirect from elsewhere led to says nothing of the host's other feeds: else anybody could have them silenced.
func (f *feedReader) hush(resp *http.Response, at string, wait time.Duration) {
	host := resp.Request.URL.Host
	if u, err := url.Parse(at); err != nil || u.Host != host {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := f.now().Add(min(wait, longestHush)); until.After(f.quiet[host]) {
		f.quiet[host] = until
	}
}

// hushed returns for how long the host of the address wants to be left alone still.
func (f *feedReader) hushed(address string) time.Duration {
	u, err := url.Parse(address)
	if err != nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(0, f.quiet[u.Host].Sub(f.now()))
}

// tell notes that the reader knows of the feed's failure.
func (f *feedReader) tell(reader briefing.ReaderID, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if state := f.states[address]; state != nil && state.err != nil {
		state.told[reader] = true
	}
}

// read asks for the feed and keeps the outcome. turn is how many requests the caller knew of: when there
// has been another since, its outcome will do.
func (f *feedReader) read(ctx context.Context, address string, turn int) (*feedDoc, error) {
	f.mu.Lock()
	state := f.states[address]
	if state == nil {
		state = &feedState{usedAt: f.now()}
		f.states[address] = state
	}
	if state.turn != turn {
		defer f.mu.Unlock()
		return state.doc, state.err
	}
	before := *state
	f.mu.Unlock()

	after, err := f.request(ctx, address, before)
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	state.turn, state.triedAt, state.err, state.guessed = before.turn+1, now, err, after.guessed
	if err != nil {
		state.told = map[briefing.ReaderID]bool{}
		state.retryAt = now.Add(briefing.RetryAfter(err))
		if refused, ok := errors.AsType[*answerError](err); ok && refused.status == http.StatusGone {
			state.retryAt = now.Add(goneFor)
		}
		if briefing.ReasonOf(err) != briefing.RateLimited {
			state.at = "" // it may have moved on: ask at its own address again
		}
		return nil, err
	}
	state.doc, state.at, state.page, state.etag, state.modified = after.doc, after.at, after.page, after.etag, after.modified
	return state.doc, nil
}
