package standin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"sync"
	"time"
)

// Feeds is a stand-in for the news: any number of feeds and pages, each on its own
// path. It is an http.Handler; give it to Serve.
type Feeds struct {
	Faults

	// Now dates what has no date of its own; time.Now when nil.
	Now func() time.Time

	lock  sync.Mutex // guards what follows; Faults has its own
	pages map[string]feedPage
}

// Feed is one feed as its publisher knows it.
type Feed struct {
	Title  string
	Format string // "rss" (when empty) or "atom"
	Items  []FeedItem
}

// FeedItem is one story. GUID defaults to the URL; a zero Published is left out.
type FeedItem struct {
	Title, URL, GUID string
	Published        time.Time
	Description      string // may hold HTML
	Source           string // who wrote it, when the feed gathers others' stories
}

type feedPage struct {
	contentType string
	body        []byte
	modified    time.Time
	etag        string
}

// NewFeeds serves nothing yet: every path is 404.
func NewFeeds() *Feeds {
	f := &Feeds{pages: map[string]feedPage{}}
	f.Faults.fill = func(_ string, status int) (string, string) {
		return "text/html; charset=utf-8", "<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"
	}
	return f
}

// Set puts a feed at the path ("/news.xml"), replacing what was there. Answers carry
// ETag and Last-Modified, and repeat requests that name them get 304.
func (f *Feeds) Set(path string, feed Feed) {
	var newest time.Time
	for _, item := range feed.Items {
		if item.Published.After(newest) {
			newest = item.Published
		}
	}
	contentType, doc := "application/rss+xml; charset=utf-8", any(rssOf(feed))
	if feed.Format == "atom" {
		contentType, doc = "application/atom+xml; charset=utf-8", atomOf(feed, newest)
	}
	body, err := xml.MarshalIndent(doc, "", " ")
	if err != nil { // strings alone: it cannot happen
		body = []byte("<!-- " + err.Error() + " -->")
	}
	f.put(path, feedPage{contentType: contentType, body: append([]byte(xml.Header), body...), modified: newest})
}

// SetRaw puts any bytes at the path: a broken feed, a page of HTML, EUC-KR.
func (f *Feeds) SetRaw(path, contentType string, body []byte) {
	f.put(path, feedPage{contentType: contentType, body: bytes.Clone(body)})
}

func (f *Feeds) put(path string, p feedPage) {
	sum := sha256.Sum256(p.body)
	p.etag = `"` + hex.EncodeToString(sum[:8]) + `"`
	f.lock.Lock()
	defer f.lock.Unlock()
	if p.modified.IsZero() {
		p.modified = time.Now()
		if f.Now != nil {
			p.modified = f.Now()
		}
	}
	f.pages[path] = p
}

// Handler is f itself, for symmetry with code that mounts handlers.
func (f *Feeds) Handler() http.Handler { return f }

// ServeHTTP answers what Set and SetRaw put at the path.
func (f *Feeds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.through(r.URL.Path, w, r, func(w http.ResponseWriter, r *http.Request) {
		f.lock.Lock()
		p, ok := f.pages[r.URL.Path]
		f.lock.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", p.contentType)
		w.Header().Set("ETag", p.etag)
		http.ServeContent(w, r, "", p.modified, bytes.NewReader(p.body))
	})
}

type rssDoc struct {
	XMLName xml.Name  `xml:"rss"`
	Version string    `xml:"version,attr"`
	Title   string    `xml:"channel>title"`
	Link    string    `xml:"channel>link"`
	Words   string    `xml:"channel>description"`
	Items   []rssItem `xml:"channel>item"`
}

type rssItem struct {
	Title       string     `xml:"title"`
	Link        string     `xml:"link"`
	GUID        rssGUID    `xml:"guid"`
	PubDate     string     `xml:"pubDate,omitempty"`
	Description string     `xml:"description,omitempty"`
	Source      *rssSource `xml:"source"`
}

type rssGUID struct {
	Permalink bool   `xml:"isPermaLink,attr"`
	Value     string `xml:",chardata"`
}

type rssSource struct {
	URL   string `xml:"url,attr"`
	Value string `xml:",chardata"`
}

func rssOf(feed Feed) rssDoc {
	doc := rssDoc{Version: "2.0", Title: feed.Title, Words: feed.Title}
	for _, i := range feed.Items {
		if doc.Link == "" {
			doc.Link = i.URL
		}
		item := rssItem{Title: i.Title, Link: i.URL, Description: i.Description, GUID: rssGUID{Value: i.GUID}}
		if i.GUID == "" {
			item.GUID = rssGUID{Permalink: true, Value: i.URL}
		}
		if !i.Published.IsZero() {
			item.PubDate = i.Published.Format(time.RFC1123Z)
		}
		if i.Source != "" {
			item.Source = &rssSource{URL: i.URL, Value: i.Source}
		}
		doc.Items = append(doc.Items, item)
	}
	return doc
}

type atomDoc struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	Title     string      `xml:"title"`
	Link      atomLink    `xml:"link"`
	ID        string      `xml:"id"`
	Published string      `xml:"published,omitempty"`
	Updated   string      `xml:"updated,omitempty"`
	Summary   *atomText   `xml:"summary"`
	Author    *atomAuthor `xml:"author"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomText struct {
	Type  string `xml:"type,attr"`
	Value string `xml:",chardata"`
}

type atomAuthor struct {
	Name string `xml:"name"`
}

func atomOf(feed Feed, newest time.Time) atomDoc {
	doc := atomDoc{Title: feed.Title, ID: "urn:standin:" + hexOf(feed.Title), Updated: newest.Format(time.RFC3339)}
	for _, i := range feed.Items {
		e := atomEntry{Title: i.Title, Link: atomLink{"alternate", i.URL}, ID: i.GUID}
		if i.GUID == "" {
			e.ID = i.URL
		}
		if !i.Published.IsZero() {
			e.Published = i.Published.Format(time.RFC3339)
			e.Updated = e.Published
		}
		if i.Description != "" {
			e.Summary = &atomText{"html", i.Description}
		}
		if i.Source != "" {
			e.Author = &atomAuthor{i.Source}
		}
		doc.Entries = append(doc.Entries, e)
	}
	return doc
}

func hexOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
