package sources_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/korean"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

const homePage = `<!DOCTYPE html><html><head><title>한빛</title>
<link rel="stylesheet" href="/style.css">
<link rel="alternate" type="application/rss+xml" title="한빛 &raquo; 댓글 피드" href="/comments.xml">
<link rel="alternate" hreflang="en" href="/en/">
<link rel="alternate" type="application/rss+xml" title="한빛" href="/a.xml">
<link rel='ALTERNATE' type='application/atom+xml; charset=utf-8' href='/b.xml'>
</head><body><p>안녕하세요</p></body></html>`

// TestNewsHomePage: a page that names its feed is as good as the feed, is looked through once, and again when that feed is gone.
func TestNewsHomePage(t *testing.T) {
	p := newPress(t, []string{"/"})
	p.feeds.SetRaw("/", "text/html; charset=utf-8", []byte(homePage))
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	p.feeds.Set("/b.xml", feed("Nari", "둘"))
	p.feeds.Set("/comments.xml", feed("Comments", "댓글"))
	asked := func(page, first int) {
		t.Helper()
		if got := told(p.must(t)); len(got) != 1 || got[0] != "하나 · Hanbit" || p.feeds.Calls("/") != page || p.feeds.Calls("/a.xml") != first {
			t.Errorf("told %q after %d requests to the page and %d to the feed, want %d and %d", got, p.feeds.Calls("/"), p.feeds.Calls("/a.xml"), page, first)
		}
		p.clock.Advance(11 * time.Minute)
	}
	asked(1, 1)
	asked(1, 2)
	p.feeds.Inject(standin.Fault{Op: "/a.xml", Times: 1, Status: http.StatusNotFound})
	p.feeds.Inject(standin.Fault{Op: "/", Status: http.StatusNotModified, Match: func(r *http.Request) bool {
		return r.Header.Get("If-None-Match")+r.Header.Get("If-Modified-Since") != "" // which are the feed's, and say nothing of the page
	}})
	_, err := p.source.Fetch(t.Context(), p.request(readerID))
	wantReason(t, err, briefing.Unavailable)
	asked(2, 4)
	if p.feeds.Calls("/comments.xml") != 0 {
		t.Error("comments are taken for news")
	}
}

// TestNewsHomePageWithoutLinks: the usual places are tried once, and not every morning.
func TestNewsHomePageWithoutLinks(t *testing.T) {
	p := newPress(t, []string{"/"})
	p.feeds.SetRaw("/", "text/html", []byte("<!-- made by hand --><html><body>점검 중</body></html>"))
	for range 3 {
		_, err := p.source.Fetch(t.Context(), p.request(readerID))
		wantReason(t, err, briefing.Malformed)
		p.clock.Advance(11 * time.Minute)
	}
	for path, want := range map[string]int{"/": 3, "/feed": 1, "/rss": 1, "/rss.xml": 1, "/atom.xml": 1} {
		if got := p.feeds.Calls(path); got != want {
			t.Errorf("%d requests to %s, want %d", got, path, want)
		}
	}
	p = newPress(t, []string{"/"})
	p.feeds.SetRaw("/", "text/html", []byte("<html><body>x</body></html>"))
	p.feeds.Set("/rss.xml", feed("Hanbit", "하나"))
	if got := told(p.must(t)); len(got) != 1 || p.feeds.Calls("/atom.xml") != 0 {
		t.Errorf("told %q, %d requests after the feed was found", got, p.feeds.Calls("/atom.xml"))
	}
}

// TestNewsJSONFeedOfAPage: a page may name a JSON feed, and where its links start from.
func TestNewsJSONFeedOfAPage(t *testing.T) {
	p := newPress(t, []string{"/blog/"})
	p.feeds.SetRaw("/blog/", "text/html", []byte(`<html><head><base href="/data/"><link type="application/feed+json" rel="alternate" href="feed.json">`))
	p.feeds.SetRaw("/data/feed.json", "application/feed+json", []byte(`{"version":"https://jsonfeed.org/version/1.1","title":"한빛","items":[`+
		`{"id":"1","url":"https://hanbit.example/1","title":"첫눈","date_published":"2026-11-23T08:00:00+09:00"}]}`))
	if got := told(p.must(t)); len(got) != 1 || got[0] != "첫눈 · 한빛" {
		t.Errorf("told %q", got)
	}
}

// TestNewsIDsAreOnesOwn: two stories never share an id, whatever their feeds number them.
func TestNewsIDsAreOnesOwn(t *testing.T) {
	p := newPress(t, []string{"/a.xml", "/b.xml"})
	for path, f := range map[string]standin.Feed{"/a.xml": feed("Hanbit", "하나", "둘", "셋"), "/b.xml": feed("Nari", "넷", "다섯")} {
		for i := range f.Items {
			f.Items[i].GUID = fmt.Sprint(i / 2)
		}
		p.feeds.Set(path, f)
	}
	ids := map[string]bool{}
	for _, item := range p.must(t).Items {
		ids[item.ID] = true
	}
	if len(ids) != 5 {
		t.Errorf("%d ids of five stories", len(ids))
	}
}

// TestNewsDeadFeedIsNoHomePage: what was a feed and now answers with the site's front page is not exchanged for another feed.
func TestNewsDeadFeedIsNoHomePage(t *testing.T) {
	p := newPress(t, []string{"/rss/economy.xml", "/section/economy"})
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	for _, path := range []string{"/rss/economy.xml", "/section/economy"} {
		p.feeds.SetRaw(path, "text/html", []byte(homePage))
	}
	section, err := p.source.Fetch(t.Context(), p.request(readerID))
	wantReason(t, err, briefing.Malformed)
	if section.PartsOK != 1 || p.feeds.Calls("/a.xml") != 1 || p.feeds.Calls("/feed") != 0 {
		t.Errorf("%d feeds read, %d and %d requests", section.PartsOK, p.feeds.Calls("/a.xml"), p.feeds.Calls("/feed"))
	}
}

// moved makes a path redirect.
func (p *press) moved(from string, status int, to string) {
	p.feeds.Inject(standin.Fault{Op: from, Status: status, Header: map[string]string{"Location": to}})
}

// TestNewsRedirects: what is for good is remembered as far as it is, and where it leads nowhere any more the first address is asked
// again.
func TestNewsRedirects(t *testing.T) {
	p := newPress(t, []string{"/one"})
	p.moved("/one", http.StatusMovedPermanently, "/two")
	p.moved("/two", http.StatusPermanentRedirect, "/three")
	p.moved("/three", http.StatusFound, "/four")
	p.moved("/four", http.StatusMovedPermanently, "/a.xml")
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	calls := func(want string) {
		t.Helper()
		got := ""
		for _, path := range []string{"/one", "/two", "/three", "/four", "/a.xml"} {
			got += fmt.Sprint(p.feeds.Calls(path))
		}
		if got != want {
			t.Errorf("requests %s, want %s", got, want)
		}
		p.clock.Advance(11 * time.Minute)
	}
	p.must(t)
	calls("11111")
	p.must(t) // with 304, which remembers as well
	calls("11222")
	p.feeds.Inject(standin.Fault{Op: "/a.xml", Times: 1, Status: http.StatusBadGateway})
	_, err := p.source.Fetch(t.Context(), p.request(readerID))
	wantReason(t, err, briefing.Unavailable)
	calls("11333")
	p.must(t)
	calls("22444")

	for hops, want := range map[int]briefing.Reason{5: "", 6: briefing.Unavailable} {
		p := newPress(t, []string{"/0"})
		p.feeds.Set(fmt.Sprintf("/%d", hops), feed("Hanbit", "하나"))
		for i := range hops {
			p.moved(fmt.Sprintf("/%d", i), http.StatusFound, fmt.Sprintf("/%d", i+1))
		}
		if _, err := p.source.Fetch(t.Context(), p.request(readerID)); briefing.ReasonOf(err) != want {
			t.Errorf("%d redirects: %v", hops, err)
		}
	}
	for _, to := range []string{"file:///etc/passwd", "ftp://x.example/", "gopher://x.example/"} {
		p := newPress(t, []string{"/0"})
		p.moved("/0", http.StatusFound, to)
		_, err := p.source.Fetch(t.Context(), p.request(readerID))
		wantReason(t, err, briefing.Unavailable)
	}
}

// TestNewsGone: a feed that says it is gone is left alone for a day, whoever asks.
func TestNewsGone(t *testing.T) {
	p := newPress(t, []string{"/a.xml"})
	p.feeds.Inject(standin.Fault{Op: "/a.xml", Times: 1, Status: http.StatusGone})
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	for _, id := range []briefing.ReaderID{readerID, readerID, otherID} {
		_, err := p.source.Fetch(t.Context(), p.request(id))
		if fault := wantReason(t, err, briefing.Unavailable); fault.RetryAfter != 0 {
			t.Errorf("the other feeds have to wait as well: %v", fault.RetryAfter)
		}
		p.clock.Advance(7 * time.Hour)
	}
	if got := p.feeds.Calls("*"); got != 1 {
		t.Errorf("%d requests to a feed that is gone", got)
	}
	p.clock.Advance(4 * time.Hour)
	req := p.request(readerID)
	req.Window.From = req.Window.To.Add(-48 * time.Hour)
	if section, err := p.source.Fetch(t.Context(), req); err != nil || len(section.Items) != 1 {
		t.Errorf("a day later: %q, %v", told(section), err)
	}
}

// TestNewsLeavesAHostAlone: Retry-After counts for all feeds of the host, of a 503 too, and for no other host.
func TestNewsLeavesAHostAlone(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		p := newPress(t, nil)
		p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
		p.feeds.Set("/b.xml", feed("Nari", "둘"))
		p.feeds.Inject(standin.Fault{Op: "/a.xml", Times: 1, Status: status, Header: map[string]string{"Retry-After": "1200"}})
		read := func(address string) error {
			req := p.request(readerID)
			req.Reader.Feeds = []briefing.Feed{{URL: address}}
			_, err := p.source.Fetch(t.Context(), req)
			return err
		}
		elsewhere := strings.Replace(p.url, "127.0.0.1", "localhost", 1) + "/b.xml"
		for range 2 {
			err := read(p.url + "/a.xml")
			fault := wantReason(t, err, map[int]briefing.Reason{429: briefing.RateLimited, 503: briefing.Unavailable}[status])
			if fault.RetryAfter != 20*time.Minute {
				t.Errorf("%d: retry after %v", status, fault.RetryAfter)
			}
		}
		p.clock.Advance(15 * time.Minute)
		if fault := wantReason(t, read(p.url+"/b.xml"), briefing.RateLimited); fault.RetryAfter != 5*time.Minute {
			t.Errorf("%d: the host's other feed: retry after %v", status, fault.RetryAfter)
		}
		if p.feeds.Calls("*") != 1 {
			t.Errorf("%d: %d requests to a host that asked to be left alone", status, p.feeds.Calls("*"))
		}
		if err := read(elsewhere); err != nil {
			t.Errorf("%d: another host: %v", status, err)
		}
		p.clock.Advance(6 * time.Minute)
		for _, path := range []string{"/a.xml", "/b.xml"} {
			if err := read(p.url + path); err != nil {
				t.Errorf("%d: afterwards: %v", status, err)
			}
		}
	}
}

// TestNewsSilencesNobodyElse: what a redirect from elsewhere led to silences no host, and what one feed asks for silences the
// others of its host for an hour at most.
func TestNewsSilencesNobodyElse(t *testing.T) {
	p := newPress(t, nil)
	p.feeds.Set("/b.xml", feed("Nari", "둘"))
	p.moved("/trap", http.StatusMovedPermanently, strings.Replace(p.url, "127.0.0.1", "localhost", 1)+"/limited")
	p.feeds.Inject(standin.Fault{Op: "/limited", Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "999999999"}})
	read := func(address string) error {
		req := p.request(readerID)
		req.Reader.Feeds = []briefing.Feed{{URL: address}}
		_, err := p.source.Fetch(t.Context(), req)
		return err
	}
	elsewhere := strings.Replace(p.url, "127.0.0.1", "localhost", 1) + "/b.xml"
	wantReason(t, read(p.url+"/trap"), briefing.RateLimited)
	for _, address := range []string{elsewhere, p.url + "/b.xml"} {
		if err := read(address); err != nil {
			t.Errorf("%s after a redirect from another host: %v", address, err)
		}
	}
	p.clock.Advance(11 * time.Minute)
	fault := wantReason(t, read(p.url+"/limited"), briefing.RateLimited)
	if fault.RetryAfter != 24*time.Hour {
		t.Errorf("the feed itself waits for %v", fault.RetryAfter)
	}
	p.clock.Advance(59 * time.Minute)
	wantReason(t, read(p.url+"/b.xml"), briefing.RateLimited)
	p.clock.Advance(2 * time.Minute)
	if err := read(p.url + "/b.xml"); err != nil {
		t.Errorf("the host's other feed an hour later: %v", err)
	}
	p.clock.Advance(20 * time.Hour)
	wantReason(t, read(p.url+"/limited"), briefing.RateLimited)
	if got := p.feeds.Calls("/limited"); got != 2 {
		t.Errorf("%d requests to the feed that asked for a day", got)
	}
}

// TestNewsSaysWhoAsks: the agent is named with every request, also after a redirect.
func TestNewsSaysWhoAsks(t *testing.T) {
	p := newPress(t, []string{"/one"}, func(cfg *sources.NewsConfig) { cfg.Contact = "https://achim.gaon.example" })
	var agents []string
	p.feeds.Inject(standin.Fault{Op: "*", Status: 500, Match: func(r *http.Request) bool {
		agents = append(agents, r.UserAgent())
		return false
	}})
	p.moved("/one", http.StatusFound, "/a.xml")
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	p.must(t)
	if want := []string{"achim/1 (self-hosted daily briefing; +https://achim.gaon.example)", "achim/1 (self-hosted daily briefing; +https://achim.gaon.example)"}; !slices.Equal(agents, want) {
		t.Errorf("agents %q", agents)
	}
}

// TestNewsKeepsAKeyFromOthers: where a redirect leads learns neither the address that led there nor what was sent to it.
func TestNewsKeepsAKeyFromOthers(t *testing.T) {
	for _, to := range []string{"/a.xml", "http://localhost/a.xml"} {
		p := newPress(t, nil)
		u, err := url.Parse(p.url)
		if err != nil {
			t.Fatal(err)
		}
		to = strings.Replace(to, "localhost", "localhost:"+u.Port(), 1)
		p.moved("/one", http.StatusFound, to)
		p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
		asked := 0
		p.feeds.Inject(standin.Fault{Op: "/a.xml", Status: 500, Match: func(r *http.Request) bool {
			asked++
			foreign := strings.HasPrefix(r.Host, "localhost")
			if r.Referer() != "" || (foreign && r.Header.Get("Authorization") != "") {
				t.Errorf("to %s: Referer %q, Authorization %q", to, r.Referer(), r.Header.Get("Authorization"))
			}
			return false
		}})
		req := p.request(readerID)
		req.Reader.Feeds = []briefing.Feed{{URL: "http://haneul:feed-secret@" + u.Host + "/one?key=feed-secret"}}
		if section, err := p.source.Fetch(t.Context(), req); err != nil || len(section.Items) != 1 || asked != 1 {
			t.Errorf("to %s: %q, %v after %d requests", to, told(section), err, asked)
		}
	}
}

// hosts sends what is asked of the named hosts to the stand-in, and everything else through the guard.
type hosts struct {
	direct, guarded http.RoundTripper
	names           []string
}

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if slices.Contains(h.names, r.URL.Hostname()) {
		return h.direct.RoundTrip(r)
	}
	return h.guarded.RoundTrip(r)
}

func (p *press) named(t *testing.T, names ...string) hosts {
	t.Helper()
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	direct := http.DefaultTransport.(*http.Transport).Clone()
	direct.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, u.Host)
	}
	guarded := sources.FeedTransport(false)
	t.Cleanup(direct.CloseIdleConnections)
	t.Cleanup(guarded.CloseIdleConnections)
	return hosts{direct: direct, guarded: guarded, names: names}
}

// TestNewsRefusesPrivateAddressesOnTheWay: also what a public address redirects to, what a page names, and what a name resolves to
// once it is dialled.
func TestNewsRefusesPrivateAddressesOnTheWay(t *testing.T) {
	p := newPress(t, nil)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
	inside := "http://localhost:" + port // a name, which only its resolution shows to be private
	var source briefing.Source
	for name, build := range map[string]func(){
		"/redirect": func() { p.moved("/redirect", http.StatusFound, inside+"/secret.xml") },
		"/for-good": func() {
			p.moved("/for-good", http.StatusMovedPermanently, "http://[::ffff:127.0.0.1]:"+port+"/secret.xml")
		},
		"/page": func() {
			p.feeds.SetRaw("/page", "text/html", []byte(`<html><link rel=alternate type=application/rss+xml href="`+inside+`/secret.xml">`))
		},
	} {
		build()
		p.feeds.Set("/secret.xml", feed("Secret", "비밀"))
		source = sources.Catalog(sources.Config{News: sources.NewsConfig{
			Team: []briefing.Feed{{URL: "http://public.example" + name}}, Now: p.clock.Now, Transport: p.named(t, "public.example"),
		}})[0]
		_, err := source.Fetch(t.Context(), p.request(readerID))
		wantReason(t, err, briefing.ClientMisconfigured)
	}
	source = sources.Catalog(sources.Config{News: sources.NewsConfig{Team: []briefing.Feed{{URL: inside + "/secret.xml"}}, Now: p.clock.Now}})[0]
	_, err := source.Fetch(t.Context(), p.request(readerID))
	wantReason(t, err, briefing.ClientMisconfigured)
	if got := p.feeds.Calls("/secret.xml"); got != 0 {
		t.Errorf("%d requests got inside", got)
	}
}

// TestNewsOfAKoreanHost: what names no charset is Korean where the host is, and a time without a zone is Korea's.
func TestNewsOfAKoreanHost(t *testing.T) {
	p := newPress(t, nil)
	body, err := korean.EUCKR.NewEncoder().String(`<rss version="2.0"><channel><title>한빛</title><item><title>첫눈</title><link>http://www.hanbit.co.kr/1</link>` +
		`<pubDate>2026-11-23 08:00:00</pubDate></item></channel></rss>`)
	if err != nil {
		t.Fatal(err)
	}
	p.feeds.SetRaw("/a.xml", "text/xml", []byte(body))
	source := sources.Catalog(sources.Config{News: sources.NewsConfig{
		Team: []briefing.Feed{{URL: "http://www.hanbit.co.kr/a.xml"}}, Now: p.clock.Now, Transport: p.named(t, "www.hanbit.co.kr"),
	}})[0]
	section, err := source.Fetch(t.Context(), p.request(readerID))
	if err != nil || len(section.Items) != 1 || section.Items[0].Title != "첫눈" || section.Items[0].At.In(p.zone).Hour() != 8 {
		t.Errorf("%+v, %v", section.Items, err)
	}
}

// TestFindFeed: what a person who has an address is told of it.
func TestFindFeed(t *testing.T) {
	p := newPress(t, nil)
	p.feeds.SetRaw("/", "text/html", []byte(homePage))
	p.feeds.SetRaw("/bare", "text/html", []byte("<html><p>x</html>"))
	p.feeds.Set("/a.xml", feed("Hanbit", "하나", "둘"))
	p.feeds.Set("/b.xml", feed("Nari", "셋"))
	p.moved("/old", http.StatusMovedPermanently, "/a.xml")
	cfg := sources.NewsConfig{AllowPrivate: true, Now: p.clock.Now}
	newest := monday().Add(-time.Hour)
	for path, want := range map[string]sources.FoundFeed{
		"/a.xml": {URL: p.url + "/a.xml", Title: "Hanbit", Stories: 2, Newest: newest},
		"/old":   {URL: p.url + "/a.xml", Title: "Hanbit", Stories: 2, Newest: newest},
		"/":      {URL: p.url + "/a.xml", Title: "Hanbit", Stories: 2, Newest: newest, Page: true, Others: []string{p.url + "/b.xml", p.url + "/comments.xml"}},
	} {
		found, err := sources.FindFeed(t.Context(), cfg, p.url+path)
		if err != nil || !found.Newest.Equal(want.Newest) || fmt.Sprint(found.URL, found.Title, found.Stories, found.Page, found.Others) != fmt.Sprint(want.URL, want.Title, want.Stories, want.Page, want.Others) {
			t.Errorf("%s: %+v, %v", path, found, err)
		}
	}
	for address, want := range map[string]briefing.Reason{p.url + "/bare": briefing.Malformed, p.url + "/none": briefing.Unavailable, "hanbit": briefing.Malformed, "ftp://x.example": briefing.Malformed} {
		found, err := sources.FindFeed(t.Context(), cfg, address)
		wantReason(t, err, want)
		if found.URL != "" {
			t.Errorf("%s: %+v", address, found)
		}
	}
	_, err := sources.FindFeed(t.Context(), sources.NewsConfig{}, p.url+"/a.xml")
	wantReason(t, err, briefing.ClientMisconfigured)
}
