package app

import (
	"context"
	"net/http"
	"slices"

	"achim/briefing"
	"achim/internal/doctor"
	"achim/sources"
)

// allReaders reads who has a briefing.
func (x *examination) allReaders(ctx context.Context) ([]briefing.Reader, error) {
	s, err := x.migrated()
	if err != nil {
		return nil, err
	}
	return s.Readers(ctx)
}

// whom returns the readers that were asked for, or all who are still here; a FieldError for one that there never was.
func (x *examination) whom(ctx context.Context) ([]briefing.Reader, error) {
	if len(x.asked) == 0 {
		all, err := x.everybody()
		return slices.DeleteFunc(slices.Clone(all), func(r briefing.Reader) bool { return r.Left() }), err
	}
	s, err := x.migrated()
	if err != nil {
		return nil, err
	}
	var readers []briefing.Reader
	for _, ref := range x.asked {
		r, err := findReader(ctx, s, ref)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(readers, func(known briefing.Reader) bool { return known.ID == r.ID }) {
			readers = append(readers, r)
		}
	}
	return readers, nil
}

// byID returns the readers by their ids.
func byID(readers []briefing.Reader) map[briefing.ReaderID]briefing.Reader {
	known := make(map[briefing.ReaderID]briefing.Reader, len(readers))
	for _, r := range readers {
		known[r.ID] = r
	}
	return known
}

// followed is a feed and who follows it.
type followed struct {
	feed briefing.Feed
	by   string // a reader's name; "" = the team
}

// name tells the feed without what its address may hold beside the host.
func (f followed) name() string {
	name := sources.FeedHost(f.feed.URL)
	if f.feed.Title != "" {
		name = f.feed.Title + " (" + name + ")"
	}
	if f.by != "" {
		name += " of " + f.by
	}
	return name
}

// feeds returns each feed once, the team's first.
func (x *examination) feeds() ([]followed, error) {
	var all []followed
	known := map[string]bool{}
	add := func(feed briefing.Feed, by string) {
		if !known[feed.URL] {
			known[feed.URL] = true
			all = append(all, followed{feed, by})
		}
	}
	for _, feed := range x.cfg.Feeds {
		add(feed, "")
	}
	readers, err := x.chosen()
	for _, r := range readers {
		for _, feed := range r.Feeds {
			add(feed, r.Name)
		}
	}
	return all, err
}

// checkFeeds reads every feed once, past the guard that news has.
func (x *examination) checkFeeds(ctx context.Context) []doctor.Finding {
	feeds, err := x.feeds()
	var found []doctor.Finding
	if err != nil {
		found = unchecked("readers' feeds", err)
	}
	if len(feeds) == 0 {
		return found
	}
	found = append(found, each(ctx, atMost(feeds), x.readFeed)...)
	switch {
	case len(feeds) > mostAsked:
		found = append(found, doctor.Note(doctor.FeedsRead, "", "%d of %d were read", mostAsked, len(feeds)).Do("achim doctor --user reads those of one reader and the team's"))
	case len(found) == 0:
		found = append(found, doctor.Well(doctor.FeedsRead, "", "%s just now", plural(len(feeds), "feed read", "feeds read")))
	}
	return found
}

// readFeed reads one feed.
func (x *examination) readFeed(ctx context.Context, f followed) []doctor.Finding {
	exam := sources.ExamineFeed(ctx, newsConfig(x.cfg, x.now), f.feed.URL)
	reason := briefing.ReasonOf(exam.Err)
	switch {
	case exam.Private:
		return []doctor.Finding{doctor.Fail(doctor.FeedPrivate, f.name(), "is on a private address, or leads to one: never read")}
	case exam.Err == nil && exam.Moved != "":
		return []doctor.Finding{doctor.Note(doctor.FeedMoved, f.name(), "says that it has moved for good, on %s", exam.Moved)}
	case exam.Err == nil:
		return nil
	case reason == briefing.Malformed:
		return []doctor.Finding{doctor.Fail(doctor.FeedMalformed, f.name(), "what is there cannot be read: %v", cause(exam.Err))}
	case exam.Status == http.StatusGone:
		return []doctor.Finding{doctor.Fail(doctor.FeedReach, f.name(), "says that it is gone for good (HTTP %d)", exam.Status).Do("take it out")}
	case exam.Status == http.StatusNotFound:
		return []doctor.Finding{doctor.Fail(doctor.FeedReach, f.name(), "is not there (HTTP %d)", exam.Status).Do("correct its address or take it out")}
	default:
		return []doctor.Finding{doctor.Warn(doctor.FeedReach, f.name(), "cannot be read now (%s): %v", reason, cause(exam.Err))}
	}
}
