package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// feedTown is a town with haneul in it and a few places on the web. It returns where they are.
func feedTown(t *testing.T) (*town, string) {
	t.Helper()
	h := newTown(t, storetest.SQLite)
	h.expect(0, nil, "migrate")
	h.addHaneul()
	at := serve(t, h.feeds.Handler())
	h.feeds.SetRaw("/", "text/html", []byte(`<!doctype html><title>x</title><link rel="alternate" type="application/rss+xml" href="/own.xml"><link rel="alternate" type="application/atom+xml" href="/more.xml">`))
	h.feeds.SetRaw("/page", "text/html", []byte(`<!doctype html><p>nothing`))
	for _, path := range []string{"/own.xml", "/more.xml"} {
		h.feeds.Set(path, standin.Feed{Title: "가온뉴스 - 전체", Items: []standin.FeedItem{{Title: "첫눈", URL: "https://n.example/1", Published: time.Date(2026, 11, 20, 0, 30, 0, 0, time.UTC)}}})
	}
	for path, status := range map[string]int{"/moved": http.StatusMovedPermanently, "/gone": http.StatusGone, "/busy": http.StatusServiceUnavailable} {
		h.feeds.Inject(standin.Fault{Op: path, Status: status, Header: map[string]string{"Location": "/own.xml"}})
	}
	return h, at
}

// TestFeedsCheck: what is at an address is said with what to do, and changes nothing.
func TestFeedsCheck(t *testing.T) {
	t.Parallel()
	h, at := feedTown(t)
	for path, c := range map[string]struct {
		code  int
		parts []string
	}{
		"/own.xml": {0, []string{at + "/own.xml", "가온뉴스\n", "1 story, the newest of 2026-11-20 09:30"}},
		"/":        {0, []string{at + "/own.xml", "is a page that leads to it", "or", at + "/more.xml"}},
		"/moved":   {0, []string{at + "/own.xml", "for good", "in the place of " + at + "/moved"}},
		"/page":    {1, []string{"a web page that names no feed", "look on the site"}},
		"/gone":    {1, []string{"HTTP 410", "gone for good: take it out"}},
		"/none":    {1, []string{"HTTP 404", "correct the address"}},
		"/busy":    {1, []string{"HTTP 503", "try again later"}},
	} {
		h.expect(c.code, c.parts, "feeds", "check", at+path)
	}
	h.expect(1, []string{"no http(s) address", "https:// before it"}, "feeds", "check", "news.gaon.example")
	if got := h.json(0, "feeds", "check", at+"/"); got["page"] != true || got["url"] != at+"/own.xml" || got["stories"] != 1.0 || fmt.Sprint(got["others"]) != "["+at+"/more.xml]" {
		t.Errorf("in JSON: %v", got)
	}
	if got := h.json(1, "feeds", "check", at+"/gone"); got["url"] != nil || got["reason"] != "unavailable" || got["newest"] != nil {
		t.Errorf("in JSON: %v", got)
	}
	h.write("closed.yaml", "news:\n  allow_private_networks: false\n")
	h.expect(1, []string{"private address", "news.allow_private_networks"}, "feeds", "check", at+"/own.xml", "--config", "closed.yaml")
}

// TestFeedsAdd: a page's feed is added in its place, once, and what cannot be read only on request.
func TestFeedsAdd(t *testing.T) {
	t.Parallel()
	h, at := feedTown(t)
	h.expect(0, []string{"added " + at + "/own.xml (가온뉴스)", "the page also names " + at + "/more.xml"}, "feeds", "add", at+"/", "--user", "haneul")
	h.expect(0, []string{"not added", "haneul follows it already"}, "feeds", "add", at+"/moved", "--user", "haneul")
	team := strings.Fields(h.expect(0, []string{"the team", "한빛통신"}, "feeds", "list", "--user", "haneul").out)[4]
	h.expect(0, []string{"not added", "the team follows it"}, "feeds", "add", team, "--user", "haneul")
	h.expect(1, []string{"nothing was added", "HTTP 503"}, "feeds", "add", at+"/busy", "--user", "haneul")
	if got := h.json(0, "feeds", "add", at+"/busy", "--user", "haneul", "--anyway", "--title", "바쁜 곳", "--max-items", "2"); got["feed"].(map[string]any)["action"] != "added" {
		t.Errorf("in JSON: %v", got)
	}
	h.expect(2, []string{"max_items"}, "feeds", "add", at+"/more.xml", "--user", "haneul", "--max-items", "-1")
	h.expect(2, []string{"nobody"}, "feeds", "add", at+"/more.xml", "--user", "nobody")
	h.expect(2, []string{"one argument"}, "feeds", "add", "--user", "haneul")
	feeds := h.json(0, "feeds", "list", "--user", "haneul")["feeds"].([]any)
	if len(feeds) != 3 || feeds[0].(map[string]any)["team"] != true || feeds[2].(map[string]any)["max_items"] != 2.0 {
		t.Errorf("feeds: %v", feeds)
	}
	h.expect(0, []string{"the reader", "바쁜 곳", "at most 2; HTTP 503: try again later", "1 story, the newest of 2026-11-20 09:30"}, "feeds", "list", "--user", "haneul", "--check")
	// What is added is read: the stand-in dates the story long ago, so that it is read and not told.
	if got := fmt.Sprint(h.json(0, "preview", "--user", "haneul")["sections"]); !strings.Contains(got, "parts:3") {
		t.Errorf("previewed: %s", got)
	}
}

// TestFeedsRemove takes out what the reader has, however it is spelt, and nothing of the team's.
func TestFeedsRemove(t *testing.T) {
	t.Parallel()
	h, at := feedTown(t)
	h.expect(0, nil, "feeds", "add", at+"/own.xml", "--user", "haneul")
	team := strings.Fields(h.expect(0, []string{"the team"}, "feeds", "list", "--user", "haneul").out)[4]
	h.expect(0, []string{`text="가온뉴스"`}, "feeds", "export", "--user", "haneul")
	h.expect(2, []string{"is the team's", "--mute-feed"}, "feeds", "remove", team, "--user", "haneul")
	h.expect(2, []string{"haneul has no feed", "achim feeds list"}, "feeds", "remove", at+"/none.xml", "--user", "haneul")
	h.expect(0, []string{"removed " + at + "/own.xml"}, "feeds", "remove", at+"/own.xml/", "--user", "haneul")
	if feeds := h.json(0, "feeds", "list", "--user", "haneul")["feeds"].([]any); len(feeds) != 1 {
		t.Errorf("feeds: %v", feeds)
	}
}

const subscriptions = `<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.0"><head><title>구독</title></head><body>
<outline text="뉴스">
  <outline text="경제"><outline type="rss" text="가온 &amp; 나리" title="가온 &amp; 나리 | 전체기사" xmlUrl="https://news.gaon.example/rss.xml?a=1&amp;b=2" htmlUrl="https://news.gaon.example"/></outline>
  <outline type="rss" text="둘" XMLURL="feed://nari.example/feed"/>
</outline>
<outline type="rss" text="다시" xmlUrl="http://www.nari.example/feed/"/>
<outline type="rss" text="틀림" xmlUrl="javascript:alert(1)"/>
<outline text="폴더"/>
<outline type="rss" text="사설" xmlUrl="http://10.0.0.1/feed"/>
</body></opml>`

// TestFeedsImport: all folders, each feed once, what is wrong said with its line; and what is exported is taken again.
func TestFeedsImport(t *testing.T) {
	t.Parallel()
	h, _ := feedTown(t)
	h.write("achim.yaml", "news:\n  allow_private_networks: false\n")
	h.write("list.opml", subscriptions)
	says := []string{"line 4", "https://news.gaon.example/rss.xml?a=1&b=2", "가온 & 나리\n", "https://nari.example/feed", "line 7", "skip", "it is there twice",
		"line 8", "leave out", `"javascript:alert(1)" is no http(s) address`, "line 10", "private address"}
	h.expect(0, append(says, "2 to add, 1 known already, 2 left out"), "feeds", "import", "list.opml", "--user", "haneul", "--dry-run")
	h.expect(0, []string{"There are no feeds"}, "feeds", "list", "--user", "haneul")
	h.expect(0, append(says, "2 added, 1 known already, 2 left out"), "feeds", "import", "list.opml", "--user", "haneul")
	h.expect(0, []string{"0 added, 3 known already, 2 left out", "haneul follows it already"}, "feeds", "import", "list.opml", "--user", "haneul")
	if got := h.json(0, "feeds", "import", "list.opml", "--user", "haneul"); len(got["feeds"].([]any)) != 5 || got["dry_run"] != false {
		t.Errorf("in JSON: %v", got)
	}
	exported := h.expect(0, []string{`<opml version="2.0">`, `text="가온 &amp; 나리" xmlUrl="https://news.gaon.example/rss.xml?a=1&amp;b=2"`}, "feeds", "export", "--user", "haneul").out
	h.expect(0, nil, "users", "set", "--user", "haneul", "--feed", "")
	h.expect(1, []string{"haneul has no feeds"}, "feeds", "export", "--user", "haneul")
	h.write("again.opml", exported)
	h.expect(0, []string{"2 added, 0 known already, 0 left out"}, "feeds", "import", "again.opml", "--user", "haneul")
	if again := h.expect(0, nil, "feeds", "export", "--user", "haneul").out; again != exported {
		t.Errorf("exported\n%s\nand then\n%s", exported, again)
	}

	var many strings.Builder
	for i := range 49 {
		fmt.Fprintf(&many, "<outline xmlUrl='https://n%d.example/'/>\n", i)
	}
	for file, parts := range map[string][]string{
		"":                                 {"the file is empty"},
		"a,b\n":                            {"line 1", "no OPML", "export"},
		"<html>\n<body></html>":            {"line 1", `"html", no OPML`},
		"<opml><body>\n<outline xmlUrl='x": {"line 2", "export the file once more"},
		"<opml><body>" + many.String() + "</body></opml>": {"49 feeds to add", "room for 48", "nothing was added"},
		"<opml>" + strings.Repeat("<outline>\n", 200):     {"line 100", "split it"},
		strings.Repeat(" ", 5<<20):                        {"larger than 4 MiB"},
	} {
		h.write("bad.opml", file)
		h.expect(2, parts, "feeds", "import", "bad.opml", "--user", "haneul")
	}
	h.expect(2, []string{"none.opml"}, "feeds", "import", "none.opml", "--user", "haneul")
	if got := len(h.json(0, "feeds", "list", "--user", "haneul")["feeds"].([]any)); got != 2 {
		t.Errorf("%d feeds after bad files", got)
	}
}
