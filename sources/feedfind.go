package sources

import (
	"context"
	"errors"
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"achim/briefing"
)

const (
	longestPage   = 1 << 20 // of a page of HTML, that is searched for the feeds it names
	mostPageLinks = 20      // feeds that a page may name
	mostTried     = 3       // of which are tried in turn
)

// usualPlaces is where feeds are on sites that do not say so.
var usualPlaces = [...]string{"/feed", "/rss", "/rss.xml", "/atom.xml"}

// pageError is a page of HTML where a feed was looked for.
type pageError struct {
	text string
	at   *url.URL
}

func (*pageError) Error() string { return "a web page, not a feed" }

// isPage reports whether the text is HTML. No feed begins like that.
func isPage(text string) bool {
	for {
		text = strings.TrimSpace(text)
		if !strings.HasPrefix(text, "<!--") {
			break
		}
		_, rest, closed := strings.Cut(text, "-->")
		if !closed {
			return false
		}
		text = rest
	}
	head := strings.ToLower(text[:min(len(text), len("<!doctype html"))])
	return head == "<!doctype html" || strings.HasPrefix(head, "<html") || strings.HasPrefix(head, "<head")
}

// saysFeed reports whether the address is one of a feed, going by its looks: a home page's is not.
func saysFeed(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return containsAny(strings.ToLower(u.Path+"?"+u.RawQuery), "rss", "atom", "feed", ".xml", ".rdf", ".json")
}

// feedLink is a feed that a page names.
type feedLink struct{ url, title string }

// feedLinks returns the feeds that the page names, in its order, those of comments last.
func feedLinks(page *pageError) []feedLink {
	base, links := page.at, []feedLink(nil)
	z := html.NewTokenizer(strings.NewReader(page.text))
	for len(links) < mostPageLinks {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return lastComments(links)
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			element := string(name)
			if !more || (element != "link" && element != "base" && element != "a") {
				continue
			}
			attributes := attributesOf(z)
			if u, err := page.at.Parse(attributes["href"]); element == "base" && err == nil && base == page.at {
				base = u
			}
			if link := linkOf(element, attributes, base); link.url != "" && !slices.ContainsFunc(links, func(l feedLink) bool { return l.url == link.url }) {
				links = append(links, link)
			}
		}
	}
	return lastComments(links)
}

// attributesOf reads what a link needs of an element's attributes.
func attributesOf(z *html.Tokenizer) map[string]string {
	attributes := make(map[string]string, 4)
	for {
		key, value, more := z.TagAttr()
		if name := string(key); name == "rel" || name == "type" || name == "href" || name == "title" {
			if _, twice := attributes[name]; !twice {
				attributes[name] = string(value)
			}
		}
		if !more {
			return attributes
		}
	}
}

// linkOf is the feed that the element names, if it names one.
func linkOf(element string, attributes map[string]string, base *url.URL) feedLink {
	rel := strings.Fields(strings.ToLower(attributes["rel"]))
	kind, _, err := mime.ParseMediaType(attributes["type"])
	if err != nil || element == "base" || !slices.Contains(rel, "alternate") ||
		!slices.Contains([]string{"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}, kind) {
		return feedLink{}
	}
	u, err := base.Parse(strings.TrimSpace(attributes["href"]))
	if err != nil || attributes["href"] == "" || u.User != nil || (briefing.Feed{URL: u.String()}).Validate() != nil {
		return feedLink{}
	}
	u.Fragment = ""
	return feedLink{u.String(), cut(cleanTitle(attributes["title"]), titleRunes)}
}

// lastComments puts the feeds of comments after those of stories.
func lastComments(links []feedLink) []feedLink {
	slices.SortStableFunc(links, func(a, b feedLink) int { return ofComments(a) - ofComments(b) })
	return links
}

func ofComments(l feedLink) int {
	if containsAny(strings.ToLower(l.title+" "+l.url), "comment", "댓글") {
		return 1
	}
	return 0
}

// discover reads the feed of a page: the first that can be read of those it names, or where it names none, of a home page,
// one at the usual places. guessed says that there is none, and those places are not asked again.
func (f *feedReader) discover(ctx context.Context, page *pageError, guessed bool) (feedState, error) {
	links, guesses := feedLinks(page), false
	if len(links) == 0 && !guessed && (page.at.Path == "" || page.at.Path == "/") {
		guesses = true
		for _, place := range usualPlaces {
			links = append(links, feedLink{url: page.at.ResolveReference(&url.URL{Path: place}).String()})
		}
	}
	var first error
	for i, link := range links {
		if !guesses && i == mostTried {
			break
		}
		after, err := f.ask(ctx, link.url, feedState{})
		if err == nil {
			return after, nil
		}
		if first == nil {
			first = err
		}
		if reason := briefing.ReasonOf(err); reason == briefing.RateLimited || reason == briefing.Timeout {
			break
		}
	}
	if guesses || first == nil {
		first = &briefing.Error{Op: readFeedOp, Reason: briefing.Malformed, Err: errors.New("a web page that names no feed")}
	}
	return feedState{guessed: guessed || guesses}, first
}

// FoundFeed is what was found at an address that somebody gives for a feed's.
type FoundFeed struct {
	URL     string    // where the feed is: the address itself, or where redirects for good or the page there lead; "" = none
	Title   string    // its own
	Stories int       // it has now
	Newest  time.Time // of the newest of them; zero = none has a time
	Page    bool      // a page is at the address, which named the feed or has it at a usual place
	Others  []string  // feeds that the page names beside it
}

// FindFeed reads what is at the address, past the same guard as for a briefing. Its error says why there is no feed to be
// had; what was found until then comes beside it.
func FindFeed(ctx context.Context, cfg NewsConfig, address string) (FoundFeed, error) {
	n := newNews(cfg)
	defer func() { _ = n.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 2*feedTimeout)
	defer cancel()
	return contain("find feed", func() (FoundFeed, error) { return n.feeds.find(ctx, address) })
}

func (f *feedReader) find(ctx context.Context, address string) (FoundFeed, error) {
	var found FoundFeed
	if err := (briefing.Feed{URL: address}).Validate(); err != nil {
		return found, &briefing.Error{Op: readFeedOp, Reason: briefing.Malformed, Err: errors.New("it is no http(s) address")}
	}
	read, err := f.ask(ctx, address, feedState{})
	var named []feedLink
	if page, ok := errors.AsType[*pageError](err); ok {
		found.Page, named = true, feedLinks(page)
		read, err = f.discover(ctx, page, false)
	}
	if err != nil {
		return found, err
	}
	found.URL, found.Title, found.Stories = read.at, read.doc.title, len(read.doc.stories)
	for _, s := range read.doc.stories {
		if s.at.After(found.Newest) {
			found.Newest = s.at
		}
	}
	for _, link := range named {
		if link.url != found.URL {
			found.Others = append(found.Others, link.url)
		}
	}
	return found, nil
}
