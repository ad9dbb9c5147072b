package sources

import (
	"cmp"
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
	defaultNewsPace = 10 * time.Minute
)

// NewsConfig is what the news source needs. Every field may be left zero.
type NewsConfig struct {
	Team         []briefing.Feed   // feeds of everybody
	AllowPrivate bool              // also feeds on private and loopback addresses, and a proxy from the environment
	Transport    http.RoundTripper // nil = one of its own that keeps to AllowPrivate
	Now          func() time.Time  // nil = time.Now
	UserAgent    string            // "" = achim's
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
	if cfg.UserAgent == "" {
		cfg.UserAgent = userAgent
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
	feeds := allFeeds(n.cfg.Team, req.Reader.Feeds)
	if len(feeds) == 0 {
		return briefing.Section{}, briefing.ErrNotConfigured
	}
	read := n.readFeeds(ctx, req.Reader.ID, feeds)
	section := briefing.Section{
		Source: briefing.News, Provider: briefing.Feeds, Window: req.Window, ReadAt: n.cfg.Now(),
		Parts: len(feeds), Counts: map[briefing.Group]int{}, Items: []briefing.Item{},
	}
	var lists [][]briefing.Item
	for _, o := range read {
		if o.err == nil {
			section.PartsOK++
			lists = append(lists, selectStories(req, o.feed, o.doc))
		}
	}
	err := newsError(read)
	if section.PartsOK == 0 {
		return briefing.Section{}, err
	}
	stories := mergeStories(lists)
	if len(stories) > 0 {
		section.Counts[briefing.Story] = len(stories)
	}
	section.Items = append(section.Items, stories[:min(len(stories), storiesKept)]...)
	return section, err
}

// allFeeds returns each feed once, the team's first.
func allFeeds(team, own []briefing.Feed) []briefing.Feed {
	var all []briefing.Feed
	for _, feed := range slices.Concat(team, own) {
		known := slices.ContainsFunc(all, func(f briefing.Feed) bool { return f.URL == feed.URL })
		if !known {
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

// selectStories returns a feed's stories for the request, the newest first: of the window, not told on an
// earlier date, each once, and no more than the feed may bring in. Of stories without a date there are few,
// because nothing says that they are new.
func selectStories(req briefing.Request, feed briefing.Feed, doc *feedDoc) []briefing.Item {
	var items []briefing.Item
	taken := map[string]bool{}
	undated := 0
	for _, s := range doc.stories {
		if req.Seen[s.key] || taken[s.key] {
			continue
		}
		switch {
		case !s.at.IsZero() && !req.Window.Holds(s.at):
			continue
		case s.at.IsZero() && undated == undatedPerFeed:
			continue
		case s.at.IsZero():
			undated++
		}
		taken[s.key] = true
		items = append(items, briefing.Item{
			ID: s.id, Key: s.key, Group: briefing.Story, Title: s.title, URL: s.link, At: s.at,
			From: firstOf(s.publisher, oneLine(feed.Title), doc.title, hostOf(feed.URL)),
		})
	}
	if feed.MaxItems > 0 && len(items) > feed.MaxItems {
		items = items[:feed.MaxItems]
	}
	return items
}

// mergeStories joins the feeds' lists: the same story once, with the number of other publishers that tell
// it, and one of each feed in turn, the newest first, so that no feed fills the list.
func mergeStories(lists [][]briefing.Item) []briefing.Item {
	publishers := map[string]map[string]bool{}
	for _, list := range lists {
		for _, item := range list {
			if publishers[item.Key] == nil {
				publishers[item.Key] = map[string]bool{}
			}
			publishers[item.Key][item.From] = true
		}
	}
	var merged []briefing.Item
	taken := map[string]bool{}
	for rest := slices.Clone(lists); len(rest) > 0; {
		var round []briefing.Item
		left := rest[:0]
		for _, list := range rest {
			for len(list) > 0 && taken[list[0].Key] {
				list = list[1:]
			}
			if len(list) == 0 {
				continue
			}
			item := list[0]
			taken[item.Key] = true
			item.Also = len(publishers[item.Key]) - 1
			round = append(round, item)
			left = append(left, list[1:])
		}
		rest = left
		slices.SortStableFunc(round, newerFirst)
		merged = append(merged, round...)
	}
	return merged
}

// newerFirst orders by time; what has none comes last.
func newerFirst(a, b briefing.Item) int {
	return cmp.Or(b.At.Compare(a.At), strings.Compare(a.ID, b.ID))
}
