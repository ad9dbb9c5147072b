package sources_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"achim/briefing"
)

// recent is when the stories of these tests were published.
func recent() time.Time { return monday().Add(-time.Hour) }

func rssOf(items string) string {
	return `<rss version="2.0"><channel><title>한빛</title>` + items + `</channel></rss>`
}

func rssItem(inside string) string {
	return "<item>" + inside + "<pubDate>" + recent().Format(time.RFC1123Z) + "</pubDate></item>"
}

func atomEntry(inside string) string {
	return `<feed xmlns="http://www.w3.org/2005/Atom"><title>한빛</title><entry>` + inside + "<updated>" + recent().Format(time.RFC3339) + "</updated></entry></feed>"
}

func jsonFeed(item string) string {
	return `{"version":"https://jsonfeed.org/version/1.1","title":"한빛","items":[{` + item + `,"date_published":"` + recent().Format(time.RFC3339) + `"}]}`
}

// TestNewsOfSparseItems: what lacks a title is told by its first words, and what lacks a link by the id that is one.
func TestNewsOfSparseItems(t *testing.T) {
	for name, c := range map[string]struct{ body, title, link string }{
		"a short message":  {rssOf(rssItem("<link>https://x.example/1</link><description>&lt;p&gt;오늘 서버를&lt;/p&gt;&lt;p&gt;새로 &amp;amp; 냅니다&lt;/p&gt;</description>")), "오늘 서버를 새로 & 냅니다", "https://x.example/1"},
		"one in JSON":      {jsonFeed(`"id":"7","url":"https://x.example/7","content_text":"오늘 서버를 새로 냅니다"`), "오늘 서버를 새로 냅니다", "https://x.example/7"},
		"one in Atom":      {atomEntry(`<id>urn:1</id><link href="https://x.example/1"/><content type="html">&lt;b&gt;첫눈&lt;/b&gt;</content>`), "첫눈", "https://x.example/1"},
		"a permalink":      {rssOf(rssItem("<title>첫눈</title><guid>https://x.example/1</guid>")), "첫눈", "https://x.example/1"},
		"said to be one":   {rssOf(rssItem("<title>첫눈</title><guid isPermaLink='true'>https://x.example/1</guid>")), "첫눈", "https://x.example/1"},
		"an id in Atom":    {atomEntry(`<title>첫눈</title><id>https://x.example/1</id>`), "첫눈", "https://x.example/1"},
		"an id in JSON":    {jsonFeed(`"id":"https://x.example/1","title":"첫눈"`), "첫눈", "https://x.example/1"},
		"a link before it": {rssOf(rssItem("<title>첫눈</title><link>/2</link><guid>https://x.example/1</guid>")), "첫눈", "{site}/2"},
	} {
		p := newPress(t, nil)
		p.feeds.SetRaw("/a.xml", "application/xml", []byte(c.body))
		req := p.request(readerID)
		req.Reader.Feeds = []briefing.Feed{{URL: strings.Replace(p.url, "://", "://haneul:feed-secret@", 1) + "/a.xml"}}
		section, err := p.source.Fetch(t.Context(), req)
		if err != nil || len(section.Items) != 1 || section.Items[0].Title != c.title || section.Items[0].URL != strings.Replace(c.link, "{site}", p.url, 1) {
			t.Errorf("%s: %+v, %v", name, section.Items, err)
		}
	}
}

// TestNewsThatCannotBeTold: what has items and none that can be told, or is no feed at all, is malformed and not without news.
func TestNewsThatCannotBeTold(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want briefing.Reason
	}{
		"an error in JSON":          {`{"title":"Too many requests","status":429,"detail":"slow down"}`, briefing.Malformed},
		"one with a version":        {`{"version":"2.1","title":"Too many requests","status":429}`, briefing.Malformed},
		"items that are null":       {`{"title":"x","items":null}`, briefing.Malformed},
		"no titles":                 {rssOf(rssItem("<link>https://x.example/1</link>")), briefing.Malformed},
		"pictures alone":            {rssOf(rssItem("<link>https://x.example/1</link><description>&lt;img src='x.png'&gt;</description>")), briefing.Malformed},
		"no links":                  {rssOf(rssItem("<title>첫눈</title>")), briefing.Malformed},
		"an id that is no link":     {rssOf(rssItem("<title>첫눈</title><guid isPermaLink='false'>https://x.example/1</guid>")), briefing.Malformed},
		"an id that is a number":    {rssOf(rssItem("<title>첫눈</title><guid>17</guid>")), briefing.Malformed},
		"an id of another kind":     {atomEntry(`<title>첫눈</title><id>urn:uuid:1</id>`), briefing.Malformed},
		"nothing yet":               {rssOf(""), ""},
		"nothing yet in JSON":       {`{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[]}`, ""},
		"nothing and no list of it": {`{"version":"https://jsonfeed.org/version/1.1","title":"x"}`, ""},
	} {
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "application/xml", []byte(c.body))
		if section, err := p.source.Fetch(t.Context(), p.request(readerID)); briefing.ReasonOf(err) != c.want || len(section.Items) != 0 {
			t.Errorf("%s: %q, %v", name, told(section), err)
		}
	}
}

// TestNewsKeepsShort: whatever lengths a feed has, what is kept of it is short.
func TestNewsKeepsShort(t *testing.T) {
	long := strings.Repeat("가", 1<<20)
	for name, body := range map[string]string{
		"publisher": rssOf(rssItem("<title>첫눈</title><link>https://x.example/1</link><source url='https://y.example'>" + long + "</source>")),
		"its own":   strings.Replace(rssOf(rssItem("<title>첫눈</title><link>https://x.example/1</link>")), "한빛", long, 1),
		"title":     rssOf(rssItem("<title>" + long + "</title><link>https://x.example/1</link>")),
		"text":      rssOf(rssItem("<description>" + long + "</description><link>https://x.example/1</link>")),
		"id":        rssOf(rssItem("<title>첫눈</title><link>https://x.example/1</link><guid>" + long + "</guid>")),
		"link":      rssOf(rssItem("<title>첫눈</title><link>https://x.example/" + long + "</link><guid>https://x.example/1</guid>")),
	} {
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "application/xml", []byte(body))
		section := p.must(t)
		if len(section.Items) != 1 {
			t.Errorf("a long %s: %d stories", name, len(section.Items))
			continue
		}
		if kept := len(fmt.Sprint(section.Items[0])); kept > 1000 {
			t.Errorf("a long %s: %d bytes kept", name, kept)
		}
	}
}
