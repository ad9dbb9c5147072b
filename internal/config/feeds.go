package config

import (
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"achim/briefing"
)

// feedList reads news.feeds.
func feedList(w *walk, name string, n ast.Node) {
	seen := map[string]string{}
	w.config.Feeds = nil
	for i, item := range w.items(name, n) {
		at := fmt.Sprintf("%s[%d]", name, i)
		mapping, ok := item.(*ast.MappingNode)
		if !ok {
			w.fault(item, at, "holds "+kindOf(item)+": write url: and the address after the dash")
			continue
		}
		feed := w.feed(at, mapping)
		if feed.URL == "" {
			continue // reported already
		}
		id := feedIdentity(feed.URL)
		if first, twice := seen[id]; twice {
			w.fault(mapping, at, fmt.Sprintf("is the same feed as %s on line %d: keep one", first, w.lines[first+".url"]))
			continue
		}
		seen[id] = at
		w.config.Feeds = append(w.config.Feeds, feed)
	}
}

// feed reads one feed; its URL is "" when there is none that can be used.
func (w *walk) feed(at string, mapping *ast.MappingNode) briefing.Feed {
	var feed briefing.Feed
	for _, pair := range mapping.Values {
		leaf := keyText(pair)
		name := at + "." + leaf
		if !w.first(pair, name) {
			continue
		}
		switch leaf {
		case "url":
			feed.URL = w.checked(name, pair.Value, parseWhole)
		case "title":
			feed.Title = w.checked(name, pair.Value, parseName)
		case "max_items":
			feed.MaxItems, _ = w.integer(name, pair.Value, 0, math.MaxInt32)
		default:
			w.fault(pair.Key, name, "there is no such key: a feed has url, title and max_items"+didYouMean(leaf, "url", "title", "max_items"))
		}
	}
	if _, given := w.lines[at+".url"]; !given {
		w.fault(mapping, at, "has no url: write url: and the feed's address")
	}
	return feed
}

func didYouMean(name string, names ...string) string {
	if guess := nearest(name, names); guess != "" {
		return "; did you mean " + guess + "?"
	}
	return ""
}

// feedIdentity returns what makes two addresses the same feed.
func feedIdentity(address string) string {
	u, err := parseURL(address)
	if err != nil {
		return address
	}
	u.Host = strings.ToLower(u.Host)
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}
