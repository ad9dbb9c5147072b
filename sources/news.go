package sources

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"achim/briefing"
)

const (
	storiesKept     = 30 // items in a section
	undatedPerFeed  = 3  // stories without a date that a feed may bring in
	mostTellers     = 50 // publishers of a story that are counted
	defaultNewsPace = 10 * time.Minute
	listedLate      = defaultNewsPace + time.Hour // that a story may be missing from its feed after it was published, and from ours
)

// NewsConfig is what the news source needs. Every field may be left zero.
type NewsConfig struct {
	Team         []briefing.Feed   // feeds of everybody
	AllowPrivate bool              // also feeds on private and loopback addresses, and a proxy from the environment
	Transport    http.RoundTripper // nil = one of its own that keeps to AllowPrivate
	Now          func() time.Time  // nil = time.Now
	Contact      string            // a web address of whoever runs this, told to the sites that are asked; "" = none
	OnFetch      func(err error)   // called after every fetch of a feed, nil for a good one; may be nil
}

// newsSource reads the team's and the reader's feeds. Feeds are shared: each is asked for once in ten
// minutes, however many readers follow it.
type newsSource struct {
	cfg   NewsConfig
	feeds *feedReader
}

func newNews(cfg NewsConfig) *newsSource {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &newsSource{cfg: cfg, feeds: newFeedReader(cfg)}
}

// Name implements briefing.Source.
func (*newsSource) Name() briefing.SourceName { return briefing.News }

// Provider implements briefing.Source.
func (*newsSource) Provider() briefing.Provider { return briefing.Feeds }

// Close drops idle connections. It may be called at any time.
func (n *newsSource) Close() error {
	n.feeds.client.CloseIdleConnections()
	return nil
}

// outcome is one feed as read for one reader.
type outcome struct {
	feed briefing.Feed
	doc  *feedDoc
	err  error
}

// Fetch implements briefing.Source. Without any feed it returns ErrNotConfigured.
func (n *newsSource) Fetch(ctx context.Context, req briefing.Request) (briefing.Section, error) {
	feeds := allFeeds(n.cfg.Team, req.Reader)
	if len(feeds) == 0 {
		return briefing.Section{}, briefing.ErrNotConfigured
	}
	read := n.readFeeds(ctx, req.Reader.ID, feeds)
	section := briefing.Section{
		Source: briefing.News, Provider: briefing.Feeds, Window: req.Window, ReadAt: n.cfg.Now(),
		Parts: len(feeds), Counts: map[briefing.Group]int{}, Items: []briefing.Item{},
	}
	pile := pile{req: req}
	for _, o := range read {
		if o.err == nil {
			section.PartsOK++
			pile.add(o.feed, o.doc)
		}
	}
	err := newsError(read)
	if section.PartsOK == 0 {
		return briefing.Section{}, err
	}
	stories := pile.stories()
	if len(stories) > 0 {
		section.Counts[briefing.Story] = len(stories)
	}
	section.Items = slices.Grow(section.Items, min(len(stories), storiesKept))
	for _, t := range stories[:min(len(stories), storiesKept)] {
		section.Items = append(section.Items, t.item())
	}
	return section, err
}

// allFeeds returns each feed once, the team's first, without those the reader does without.
func allFeeds(team []briefing.Feed, reader briefing.Reader) []briefing.Feed {
	var all []briefing.Feed
	for _, feed := range slices.Concat(team, reader.Feeds) {
		known := slices.ContainsFunc(all, func(f briefing.Feed) bool { return f.URL == feed.URL })
		if !known && !reader.Preferences.MutesFeed(feed.URL) {
			all = append(all, feed)
		}
	}
	return all
}

// readFeeds reads all feeds at once and waits for each as long as ctx allows.
func (n *newsSource) readFeeds(ctx context.Context, reader briefing.ReaderID, feeds []briefing.Feed) []outcome {
	read := make([]outcome, len(feeds))
	waits := make([]func() (*feedDoc, error), len(feeds))
	for i, feed := range feeds {
		waits[i] = n.feeds.start(ctx, reader, feed.URL)
	}
	for i, wait := range waits {
		doc, err := wait()
		read[i] = outcome{feeds[i], doc, err}
	}
	return read
}

// newsError sums up the feeds that could not be read, nil when all were. Feeds are named by host: the rest
// of an address may hold a key.
func newsError(read []outcome) error {
	var first error
	var lines []string
	for _, o := range read {
		if o.err == nil {
			continue
		}
		first = worse(first, o.err)
		lines = append(lines, hostOf(o.feed.URL)+": "+string(briefing.ReasonOf(o.err)))
	}
	if first == nil {
		return nil
	}
	return &briefing.Error{
		Op: "read feeds", Reason: briefing.ReasonOf(first), RetryAfter: briefing.RetryAfter(first),
		Err: fmt.Errorf("%d of %d: %s", len(lines), len(read), strings.Join(lines, ", ")),
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "a feed without a host"
	}
	return u.Hostname()
}
