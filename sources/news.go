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
	var lists [][]told
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
	section.Items = slices.Grow(section.Items, min(len(stories), storiesKept))
	for _, t := range stories[:min(len(stories), storiesKept)] {
		section.Items = append(section.Items, t.item())
	}
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

// told is a story as one publisher tells it to one reader.
type told struct {
	*story
	from string
	also int // other publishers that tell it
}

// item is the story as a briefing tells it.
func (t told) item() briefing.Item {
	return briefing.Item{
		ID: t.id, Key: t.key, Group: briefing.Story, Title: t.title, URL: t.link, At: t.at, From: t.from, Also: t.also,
	}
}

// selectStories returns a feed's stories for the request, the newest first: of the window, not told on an
// earlier date, each once, and no more than the feed may bring in. Of stories without a date there are few,
// because nothing says that they are new.
func selectStories(req briefing.Request, feed briefing.Feed, doc *feedDoc) []told {
	list := make([]told, 0, len(doc.stories))
	taken := make(map[string]bool, len(doc.stories))
	publisher := firstOf(oneLine(feed.Title), doc.title, hostOf(feed.URL))
	undated := 0
	for i := range doc.stories {
		s := &doc.stories[i]
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
		list = append(list, told{story: s, from: firstOf(s.publisher, publisher)})
	}
	if feed.MaxItems > 0 && len(list) > feed.MaxItems {
		list = list[:feed.MaxItems]
	}
	return list
}

// mergeStories joins the feeds' lists: the same story once, with the number of other publishers that tell
// it, and one of each feed in turn, the newest first, so that no feed fills the list.
func mergeStories(lists [][]told) []told {
	tellers := publishers(lists)
	merged, taken := make([]told, 0, len(tellers)), make(map[string]bool, len(tellers))
	for rest := slices.Clone(lists); len(rest) > 0; {
		round := len(merged)
		left := rest[:0]
		for _, list := range rest {
			for len(list) > 0 && taken[list[0].key] {
				list = list[1:]
			}
			if len(list) == 0 {
				continue
			}
			first := list[0]
			taken[first.key] = true
			first.also = tellers[first.key] - 1
			merged = append(merged, first)
			left = append(left, list[1:])
		}
		rest = left
		slices.SortStableFunc(merged[round:], newerFirst)
	}
	return merged
}

// publishers counts by story how many tell it.
func publishers(lists [][]told) map[string]int {
	type telling struct{ key, from string }
	heard, count := map[telling]bool{}, map[string]int{}
	for _, list := range lists {
		for _, t := range list {
			if by := (telling{t.key, t.from}); !heard[by] {
				heard[by] = true
				count[t.key]++
			}
		}
	}
	return count
}

// newerFirst orders by time; what has none comes last.
func newerFirst(a, b told) int {
	return cmp.Or(b.at.Compare(a.at), strings.Compare(a.id, b.id))
}
