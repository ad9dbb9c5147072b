package standin_test

import (
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"achim/internal/standin"
)

func TestFeedFormats(t *testing.T) {
	f, base := feedServer(t)
	items := []standin.FeedItem{
		{Title: "금리 <동결> & 첫눈", URL: "https://n.example/1?a=1&b=2", Published: newClock().Now(), Description: "<b>글</b>", Source: "한빛"},
		{Title: "둘", URL: "https://n.example/2", GUID: "two"},
	}
	f.Set("/r.xml", standin.Feed{Title: "소식", Items: items})
	f.Set("/atom.xml", standin.Feed{Title: "소식", Format: "atom", Items: items})
	var rss struct {
		Items []struct {
			Title   string `xml:"title"`
			Link    string `xml:"link"`
			GUID    string `xml:"guid"`
			PubDate string `xml:"pubDate"`
		} `xml:"channel>item"`
	}
	r := get(t, base+"/r.xml", "")
	if err := xml.Unmarshal([]byte(r.Body), &rss); err != nil {
		t.Fatal(err)
	}
	equal(t, "title", rss.Items[0].Title, "금리 <동결> & 첫눈")
	equal(t, "guid", rss.Items[0].GUID, "https://n.example/1?a=1&b=2")
	equal(t, "date", rss.Items[0].PubDate, "Mon, 23 Nov 2026 08:59:00 +0900")
	equal(t, "no date", rss.Items[1].PubDate, "")
	var atom struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Entries []struct {
			ID   string `xml:"id"`
			Link struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(get(t, base+"/atom.xml", "").Body), &atom); err != nil {
		t.Fatal(err)
	}
	equal(t, "id", atom.Entries[1].ID, "two")
	equal(t, "link", atom.Entries[0].Link.Href, "https://n.example/1?a=1&b=2")
	equal(t, "nothing there", get(t, base+"/none.xml", "").Status, 404)
}

func TestFeedConditionalRequests(t *testing.T) {
	f, base := feedServer(t)
	f.Set("/r.xml", standin.Feed{Title: "소식", Items: []standin.FeedItem{{Title: "하나", URL: "https://n.example/1", Published: newClock().Now()}}})
	first := get(t, base+"/r.xml", "")
	again := func(header, value string) reply {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/r.xml", nil)
		req.Header.Set(header, value)
		r, err := send(t, req)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	equal(t, "by etag", again("If-None-Match", first.Header.Get("ETag")).Status, 304)
	equal(t, "by date", again("If-Modified-Since", first.Header.Get("Last-Modified")).Status, 304)
	f.SetRaw("/r.xml", "text/html", []byte("<h1>점검 중</h1>"))
	changed := again("If-None-Match", first.Header.Get("ETag"))
	equal(t, "changed", changed.Status, 200)
	equal(t, "type", changed.Header.Get("Content-Type"), "text/html")
	f.Inject(standin.Fault{Op: "/r.xml", Status: 502})
	if r := get(t, base+"/r.xml", ""); r.Status != 502 || !strings.Contains(r.Body, "<h1>") {
		t.Errorf("bare 502: %s", r.Body)
	}
}
