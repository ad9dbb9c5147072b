package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"achim/briefing"
	"achim/sources"
)

// newsConfig is how this installation reads feeds.
func newsConfig(cfg Config, now func() time.Time) sources.NewsConfig {
	news := sources.NewsConfig{Team: cfg.Feeds, AllowPrivate: cfg.AllowPrivateNetworks, Now: now}
	if cfg.LinksUsable() {
		news.Contact = cfg.PublicURL
	}
	return news
}

// FeedCheck is what was found at an address.
type FeedCheck struct {
	Asked   string     `json:"asked"`
	URL     string     `json:"url,omitempty"` // where the feed is; "" = there is none
	Title   string     `json:"title,omitempty"`
	Stories int        `json:"stories"`
	Newest  *time.Time `json:"newest"`           // null = no story has a time
	Page    bool       `json:"page"`             // a web page is at the address, and led to the feed
	Others  []string   `json:"others,omitempty"` // feeds the page names beside it
	Reason  string     `json:"reason,omitempty"` // why there is none
	Problem string     `json:"problem,omitempty"`
	Remedy  string     `json:"remedy,omitempty"`
}

// OK reports whether there is a feed.
func (c FeedCheck) OK() bool { return c.URL != "" }

// Moved reports whether the feed is somewhere else for good.
func (c FeedCheck) Moved() bool { return c.OK() && !c.Page && c.URL != c.Asked }

// CheckFeed reads what is at the address as a briefing would, and says what is there. It needs no database.
func CheckFeed(ctx context.Context, cfg Config, address string) FeedCheck {
	check := FeedCheck{Asked: address}
	found, err := sources.FindFeed(ctx, newsConfig(cfg, time.Now), address)
	check.Page, check.Others = found.Page, found.Others
	if err == nil {
		check.URL, check.Title, check.Stories = found.URL, found.Title, found.Stories
		if !found.Newest.IsZero() {
			check.Newest = &found.Newest
		}
		return check
	}
	reason := briefing.ReasonOf(err)
	check.Reason, check.Problem, check.Remedy = string(reason), cause(err).Error(), feedRemedy(reason, sources.FeedStatus(err), found.Page)
	return check
}

// feedRemedy says what to do about an address without a feed.
func feedRemedy(reason briefing.Reason, status int, page bool) string {
	switch {
	case status == http.StatusGone:
		return "it is gone for good: take it out"
	case status == http.StatusNotFound:
		return "correct the address, or give the site's home page"
	case reason == briefing.ClientMisconfigured:
		return "set news.allow_private_networks if it is on your own network"
	case reason == briefing.Malformed && page:
		return "look on the site for a link to RSS, and give its address"
	case reason == briefing.Malformed:
		return "give the address of a feed (RSS, Atom or JSON) or of a home page, with https:// before it"
	}
	return "try again later"
}

// FeedAction is what becomes of a feed that somebody adds.
type FeedAction string

// The actions on feeds.
const (
	FeedAdded   FeedAction = "added"
	FeedKnown   FeedAction = "known"    // the reader or the team has it already
	FeedLeftOut FeedAction = "left_out" // it cannot be one
)

// FeedLine is what became of one feed.
type FeedLine struct {
	Line   int        `json:"line,omitempty"` // of the file
	Action FeedAction `json:"action"`
	URL    string     `json:"url,omitempty"`
	Title  string     `json:"title,omitempty"`
	Why    string     `json:"why,omitempty"`
}

// FeedList is what a file of feeds holds.
type FeedList struct {
	feeds  []sources.ListedFeed
	faults []sources.ListFault
}

// ReadFeedList reads an OPML file. Its error is that of a file which is no list of feeds, and says what to do.
func ReadFeedList(from io.Reader) (FeedList, error) {
	feeds, faults, err := sources.ReadOPML(from)
	return FeedList{feeds, faults}, err
}

// ImportFeeds adds the feeds of a list to the reader's, and says what became of each. With dry nothing is added, and neither is when
// there are more than the reader may have: that is a FieldError.
func (a *App) ImportFeeds(ctx context.Context, reader briefing.ReaderID, list FeedList, dry bool) ([]FeedLine, error) {
	lines, err := a.addFeeds(ctx, reader, list.feeds, dry)
	if err != nil {
		return nil, err
	}
	for _, fault := range list.faults {
		lines = append(lines, FeedLine{Line: fault.Line, Action: FeedLeftOut, Why: fault.Problem})
	}
	slices.SortStableFunc(lines, func(a, b FeedLine) int { return a.Line - b.Line })
	return lines, nil
}

// AddFeed adds one feed to the reader's, as it was found.
func (a *App) AddFeed(ctx context.Context, reader briefing.ReaderID, feed briefing.Feed) (FeedLine, error) {
	lines, err := a.addFeeds(ctx, reader, []sources.ListedFeed{{Feed: feed}}, false)
	if err != nil {
		return FeedLine{}, err
	}
	return lines[0], nil
}

func (a *App) addFeeds(ctx context.Context, id briefing.ReaderID, listed []sources.ListedFeed, dry bool) ([]FeedLine, error) {
	r, err := a.Store.Reader(ctx, string(id))
	if err != nil {
		return nil, err
	}
	lines, err := a.join(&r, listed)
	if err != nil || dry || !slices.ContainsFunc(lines, func(l FeedLine) bool { return l.Action == FeedAdded }) {
		return lines, err
	}
	_, err = a.Roster.Change(ctx, id, func(r *briefing.Reader) (err error) {
		lines, err = a.join(r, listed)
		return err
	})
	return lines, err
}

// join puts the feeds among the reader's own, and says what becomes of each.
func (a *App) join(r *briefing.Reader, listed []sources.ListedFeed) ([]FeedLine, error) {
	known := map[string]string{}
	for _, feed := range a.Config.Feeds {
		known[feedIdentity(feed.URL)] = "the team follows it"
	}
	for _, feed := range r.Feeds {
		known[feedIdentity(feed.URL)] = r.Name + " follows it already"
	}
	before := len(r.Feeds)
	r.Feeds = slices.Clone(r.Feeds)
	lines := make([]FeedLine, 0, len(listed))
	for _, l := range listed {
		line := FeedLine{Line: l.Line, Action: FeedAdded, URL: l.Feed.URL, Title: l.Feed.Title}
		identity := feedIdentity(l.Feed.URL)
		if why, twice := known[identity]; twice {
			line.Action, line.Why = FeedKnown, why
		} else if err := a.unread(l.Feed); err != nil {
			line.Action, line.Why = FeedLeftOut, err.Error()
		} else {
			known[identity] = "it is there twice"
			r.Feeds = append(r.Feeds, l.Feed)
		}
		lines = append(lines, line)
	}
	if fresh, room := len(r.Feeds)-before, max(0, briefing.MostFeeds-before); fresh > room {
		return nil, &briefing.FieldError{Field: "feeds", Code: "invalid_field",
			Problem: fmt.Sprintf("%s to add, and %s has room for %d (%d in all): nothing was added; take some out", plural(fresh, "feed", "feeds"), r.Name, room, briefing.MostFeeds)}
	}
	return lines, nil
}

// RemoveFeed takes a feed out of the reader's own, however its address is spelt. A feed of the team's, and one the reader does
// not have, is a FieldError that says what to do.
func (a *App) RemoveFeed(ctx context.Context, id briefing.ReaderID, address string) (gone briefing.Feed, err error) {
	_, err = a.Roster.Change(ctx, id, func(r *briefing.Reader) (err error) {
		gone, err = a.leave(r, address)
		return err
	})
	return gone, err
}

// leave takes the feed out of the reader's own.
func (a *App) leave(r *briefing.Reader, address string) (briefing.Feed, error) {
	is := func(f briefing.Feed) bool { return feedIdentity(f.URL) == feedIdentity(address) }
	i := slices.IndexFunc(r.Feeds, is)
	if i < 0 {
		problem := fmt.Sprintf("%s has no feed %s: achim feeds list tells which there are", r.Name, address)
		if slices.ContainsFunc(a.Config.Feeds, is) {
			problem = fmt.Sprintf("%s is the team's: achim users set --mute-feed leaves it out for %s", address, r.Name)
		}
		return briefing.Feed{}, &briefing.FieldError{Field: "feeds", Code: "invalid_field", Problem: problem}
	}
	gone := r.Feeds[i]
	r.Feeds = slices.Delete(slices.Clone(r.Feeds), i, i+1)
	return gone, nil
}

// feedIdentity is what makes two addresses the same feed.
func feedIdentity(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return strings.TrimPrefix(strings.ToLower(u.Host), "www.") + strings.TrimSuffix(u.Path, "/") + "?" + u.RawQuery
}

// FollowedFeed is a feed of a reader, and with a check, how it is now.
type FollowedFeed struct {
	URL      string     `json:"url"`
	Title    string     `json:"title,omitempty"`
	MaxItems int        `json:"max_items,omitempty"`
	Team     bool       `json:"team"`  // the team's, and not the reader's own
	Muted    bool       `json:"muted"` // the reader does without it
	Check    *FeedCheck `json:"check,omitempty"`
}

// FeedsOf returns the feeds a reader's news are of, the team's first.
func (a *App) FeedsOf(r briefing.Reader) []FollowedFeed {
	feeds, known := []FollowedFeed{}, map[string]bool{}
	add := func(list []briefing.Feed, team bool) {
		for _, f := range list {
			if !known[f.URL] {
				known[f.URL] = true
				feeds = append(feeds, FollowedFeed{URL: f.URL, Title: f.Title, MaxItems: f.MaxItems, Team: team, Muted: r.Preferences.MutesFeed(f.URL)})
			}
		}
	}
	add(a.Config.Feeds, true)
	add(r.Feeds, false)
	return feeds
}

// CheckFeeds reads each of the feeds now.
func (a *App) CheckFeeds(ctx context.Context, feeds []FollowedFeed) {
	turns := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i := range feeds {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			check := CheckFeed(ctx, a.Config, feeds[i].URL)
			feeds[i].Check = &check
		})
	}
	all.Wait()
}

// ExportFeeds writes the reader's feeds as OPML, with the team's where they are wanted too.
func (a *App) ExportFeeds(to io.Writer, r briefing.Reader, team bool) error {
	var feeds []briefing.Feed
	for _, f := range a.FeedsOf(r) {
		if !f.Team || team && !f.Muted {
			feeds = append(feeds, briefing.Feed{URL: f.URL, Title: f.Title})
		}
	}
	if len(feeds) == 0 {
		return errors.New(r.Name + " has no feeds to export")
	}
	return sources.WriteOPML(to, "Achim: "+r.Name, feeds)
}
