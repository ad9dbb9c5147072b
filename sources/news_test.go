package sources_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// press is a stand-in for the feeds and a news source that reads them.
type press struct {
	clock  *clock
	feeds  *standin.Feeds
	url    string
	source briefing.Source
	zone   *time.Location
}

func newPress(t testing.TB, paths []string, options ...func(*sources.NewsConfig)) *press {
	t.Helper()
	p := &press{clock: &clock{now: monday()}, feeds: standin.NewFeeds(), zone: seoul(t)}
	p.feeds.Now = p.clock.Now
	server, err := standin.Serve(p.feeds, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	p.url = server.URL
	cfg := sources.NewsConfig{AllowPrivate: true, Now: p.clock.Now}
	for _, path := range paths {
		cfg.Team = append(cfg.Team, briefing.Feed{URL: p.url + path})
	}
	for _, option := range options {
		option(&cfg)
	}
	p.source = sources.Catalog(sources.Config{News: cfg})[0]
	t.Cleanup(func() { _ = p.source.(io.Closer).Close() })
	return p
}

func (p *press) request(reader briefing.ReaderID) briefing.Request {
	now := p.clock.Now()
	return briefing.Request{
		Reader: briefing.Reader{ID: reader, Name: "r"}, Date: briefing.DateOf(now, p.zone), Zone: p.zone,
		Window: briefing.Window{From: now.Add(-24 * time.Hour), To: now}, Now: now,
	}
}

func (p *press) must(t testing.TB) briefing.Section {
	t.Helper()
	section, err := p.source.Fetch(t.Context(), p.request(readerID))
	if err != nil {
		t.Fatal(err)
	}
	return section
}

// feed is a feed of stories an hour apart, the first one an hour old.
func feed(title string, titles ...string) standin.Feed {
	f := standin.Feed{Title: title}
	for i, story := range titles {
		f.Items = append(f.Items, standin.FeedItem{
			Title: story, URL: fmt.Sprintf("https://%s.example/%d", strings.ToLower(title), i), Published: monday().Add(-time.Duration(i+1) * time.Hour),
		})
	}
	return f
}

func told(section briefing.Section) []string {
	out := []string{}
	for _, i := range section.Items {
		line := i.Title + " · " + i.From
		if i.Also > 0 {
			line += fmt.Sprintf(" +%d", i.Also)
		}
		out = append(out, line)
	}
	return out
}

func TestNewsMerges(t *testing.T) {
	p := newPress(t, []string{"/a.xml", "/b.xml", "/c.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", "한국은행 기준금리 동결", "첫눈", "셋째", "넷째"))
	b := feed("Nari", "[속보] 한국은행, 기준금리 동결(종합)", "나리 단독")
	b.Format = "atom"
	p.feeds.Set("/b.xml", b)
	old := feed("Daon", "다온 &amp;quot;소식&amp;quot; <b>굵게</b>")
	old.Items = append(old.Items, standin.FeedItem{Title: "그저께", URL: "https://daon.example/old", Published: monday().Add(-26 * time.Hour)},
		standin.FeedItem{Title: "내일", URL: "https://daon.example/new", Published: monday().Add(time.Second)},
		standin.FeedItem{Title: "자바스크립트", URL: "javascript:alert(1)", Published: monday().Add(-time.Hour)})
	p.feeds.Set("/c.xml", old)
	section := p.must(t)
	want := []string{`한국은행 기준금리 동결 · Hanbit +1`, `다온 "소식" 굵게 · Daon`, `나리 단독 · Nari`, `첫눈 · Hanbit`, `셋째 · Hanbit`, `넷째 · Hanbit`}
	if diff := cmp.Diff(sorted(want), sorted(told(section))); diff != "" {
		t.Error(diff)
	}
	if last := told(section)[len(want)-2:]; cmp.Diff([]string{"셋째 · Hanbit", "넷째 · Hanbit"}, last) != "" {
		t.Errorf("one feed fills the list: %q", told(section))
	}
	if section.Count(briefing.Story) != 6 || section.Parts != 3 || section.PartsOK != 3 {
		t.Errorf("counts %v, parts %d/%d", section.Counts, section.PartsOK, section.Parts)
	}
}

func TestNewsTellsNothingTwice(t *testing.T) {
	p := newPress(t, []string{"/a.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", "서울에 올겨울 첫눈 내려", "둘", "(종합) 서울에 올겨울 첫눈 내려"))
	section := p.must(t)
	if diff := cmp.Diff([]string{"서울에 올겨울 첫눈 내려 · Hanbit", "둘 · Hanbit"}, told(section)); diff != "" {
		t.Error(diff)
	}
	req := p.request(readerID)
	req.Seen = map[string]bool{section.Items[0].Key: true}
	section, err := p.source.Fetch(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"둘 · Hanbit"}, told(section)); diff != "" {
		t.Error(diff)
	}
}

func TestNewsOneRequestForAllReaders(t *testing.T) {
	p := newPress(t, []string{"/a.xml", "/b.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	p.feeds.Set("/b.xml", feed("Nari", "둘"))
	p.feeds.Inject(standin.Fault{Op: "*", Times: 2, Delay: 20 * time.Millisecond})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			id := briefing.ReaderID(fmt.Sprintf("%08d-1111-4111-8111-111111111111", i))
			if section, err := p.source.Fetch(t.Context(), p.request(id)); err != nil || len(section.Items) != 2 {
				t.Errorf("%d stories, %v", len(section.Items), err)
			}
		})
	}
	wg.Wait()
	p.clock.Advance(9 * time.Minute)
	p.must(t)
	if got := p.feeds.Calls("*"); got != 2 {
		t.Errorf("%d requests for two feeds", got)
	}
	conditional := 0
	p.feeds.Inject(standin.Fault{Op: "/a.xml", Status: 500, Match: func(r *http.Request) bool {
		if r.Header.Get("If-None-Match") != "" && r.Header.Get("If-Modified-Since") != "" {
			conditional++
		}
		return false
	}})
	p.clock.Advance(2 * time.Minute)
	if section := p.must(t); len(section.Items) != 2 || conditional != 1 || p.feeds.Calls("*") != 4 {
		t.Errorf("%d stories, %d conditional, %d requests", len(section.Items), conditional, p.feeds.Calls("*"))
	}
}

func TestNewsSharesAFailureUntilSomebodyAsksAgain(t *testing.T) {
	p := newPress(t, []string{"/a.xml"})
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	p.feeds.Inject(standin.Fault{Op: "/a.xml", Times: 1, Status: http.StatusServiceUnavailable})
	for _, id := range []briefing.ReaderID{readerID, otherID} {
		_, err := p.source.Fetch(t.Context(), p.request(id))
		wantReason(t, err, briefing.Unavailable)
	}
	if got := p.feeds.Calls("*"); got != 1 {
		t.Errorf("%d requests to a feed that is down", got)
	}
	p.must(t) // a mend: the first reader asks again
	if got := p.feeds.Calls("*"); got != 2 {
		t.Errorf("%d requests", got)
	}
}

func TestNewsHonoursRetryAfter(t *testing.T) {
	p := newPress(t, []string{"/a.xml"})
	p.feeds.Inject(standin.Fault{Op: "/a.xml", Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "90"}})
	for range 3 {
		_, err := p.source.Fetch(t.Context(), p.request(readerID))
		if fault := wantReason(t, err, briefing.RateLimited); fault.RetryAfter != 90*time.Second {
			t.Errorf("retry after %v", fault.RetryAfter)
		}
	}
	if got := p.feeds.Calls("*"); got != 1 {
		t.Errorf("%d requests to a feed that asked to be left alone", got)
	}
}

func TestNewsBadFeeds(t *testing.T) {
	big := append([]byte(`<?xml version="1.0"?><rss version="2.0"><channel><title>big</title>`), bytes.Repeat([]byte("<!-- big -->"), 500_000)...)
	var bomb bytes.Buffer
	squeezed := gzip.NewWriter(&bomb)
	_, _ = squeezed.Write(append([]byte(`<rss version="2.0"><channel><title>`), bytes.Repeat([]byte("a"), 8<<20)...))
	_ = squeezed.Close()
	laughs := `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>` +
		`<rss version="2.0"><channel><title>t</title><item><title>&b; &c; 웃음</title><link>https://x.example/1</link></item></channel></rss>`
	for name, c := range map[string]struct {
		kind string
		body []byte
		want briefing.Reason
	}{
		"HTML":        {"text/html", []byte("<!DOCTYPE html><html><body>점검 중</body></html>"), briefing.Malformed},
		"empty":       {"application/rss+xml", []byte(" \n"), briefing.Malformed},
		"huge":        {"application/rss+xml", big, briefing.Malformed},
		"cut":         {"application/rss+xml", []byte(`<rss version="2.0"><channel><title>x</title><item><title>반`), briefing.Malformed},
		"noise":       {"application/rss+xml", []byte{0xff, 0x00, 0xfe, 0x9c, 0x1b, '<', 0x00}, briefing.Malformed},
		"JSON":        {"application/json", []byte(`{"error":"no"}`), briefing.Malformed},
		"no stories":  {"application/rss+xml", []byte(`<rss version="2.0"><channel><title>x</title></channel></rss>`), ""},
		"loud laughs": {"application/rss+xml", []byte(laughs), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPress(t, []string{"/bad.xml", "/good.xml"})
			p.feeds.SetRaw("/bad.xml", c.kind, c.body)
			p.feeds.Set("/good.xml", feed("Hanbit", "하나"))
			section, err := p.source.Fetch(t.Context(), p.request(readerID))
			if briefing.ReasonOf(err) != c.want {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if len(section.Items) == 0 || section.Parts != 2 || (section.PartsOK == 2) != (c.want == "") {
				t.Errorf("%d stories, parts %d/%d", len(section.Items), section.PartsOK, section.Parts)
			}
		})
	}
	t.Run("gzip bomb", func(t *testing.T) {
		p := newPress(t, []string{"/bad.xml"})
		p.feeds.Inject(standin.Fault{Op: "/bad.xml", Body: bomb.String(), Header: map[string]string{"Content-Encoding": "gzip"}})
		_, err := p.source.Fetch(t.Context(), p.request(readerID))
		wantReason(t, err, briefing.Malformed)
	})
	t.Run("a gzip file", func(t *testing.T) {
		p := newPress(t, []string{"/a.xml.gz", "/bad.xml.gz"})
		var file bytes.Buffer
		squeezed := gzip.NewWriter(&file)
		_, _ = squeezed.Write([]byte(laughs))
		_ = squeezed.Close()
		p.feeds.SetRaw("/a.xml.gz", "application/x-gzip", file.Bytes())
		p.feeds.SetRaw("/bad.xml.gz", "application/x-gzip", bomb.Bytes())
		section, err := p.source.Fetch(t.Context(), p.request(readerID))
		wantReason(t, err, briefing.Malformed)
		if section.PartsOK != 1 || len(section.Items) != 1 {
			t.Errorf("%d feeds read, %q", section.PartsOK, told(section))
		}
	})
	t.Run("404", func(t *testing.T) {
		p := newPress(t, []string{"/none.xml?key=feed-secret"})
		_, err := p.source.Fetch(t.Context(), p.request(readerID))
		wantReason(t, err, briefing.Unavailable)
		if strings.Contains(err.Error(), "feed-secret") {
			t.Errorf("the error holds the feed's key: %v", err)
		}
	})
	t.Run("endless", func(t *testing.T) {
		p := newPress(t, []string{"/slow.xml", "/good.xml"})
		p.feeds.Set("/good.xml", feed("Hanbit", "하나"))
		p.feeds.Inject(standin.Fault{Op: "/slow.xml", Endless: true})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		section, err := p.source.Fetch(ctx, p.request(readerID))
		wantReason(t, err, briefing.Timeout)
		if len(section.Items) != 1 {
			t.Errorf("%d stories of the feed that answered", len(section.Items))
		}
	})
	t.Run("a loop", func(t *testing.T) {
		p := newPress(t, []string{"/loop.xml"})
		p.feeds.Inject(standin.Fault{Op: "/loop.xml", Status: http.StatusFound, Body: "x", Header: map[string]string{"Location": "/loop.xml"}})
		_, err := p.source.Fetch(t.Context(), p.request(readerID))
		wantReason(t, err, briefing.Unavailable)
		if got := p.feeds.Calls("*"); got > 7 {
			t.Errorf("%d requests in a loop", got)
		}
	})
}

func TestNewsRefusesPrivateAddresses(t *testing.T) {
	p := newPress(t, []string{"/a.xml"}, func(cfg *sources.NewsConfig) { cfg.AllowPrivate = false })
	p.feeds.Set("/a.xml", feed("Hanbit", "하나"))
	_, err := p.source.Fetch(t.Context(), p.request(readerID))
	wantReason(t, err, briefing.ClientMisconfigured) // the site has nothing to do with it
	if got := p.feeds.Calls("*"); got != 0 {
		t.Errorf("%d requests reached a loopback address", got)
	}
}

func TestPrivateFeed(t *testing.T) {
	for address, want := range map[string]bool{
		"http://127.0.0.1:8080/x": true, "http://[::1]/x": true, "http://10.1.2.3/x": true, "https://192.168.0.7/x": true, "http://169.254.169.254/": true,
		"http://localhost/x": true, "http://LOCALHOST.:80/x": true, "http://feeds.localhost/x": true, "http://[::ffff:127.0.0.1]/x": true, "http://[fe80::1%25eth0]/": true,
		"http://[64:ff9b::7f00:1]/": true, "http://[64:ff9b::7f00:1%25eth0]/": true, "http://[2002:7f00:1::%25lo]/": true, "http://[::127.0.0.1]/": true,
		"http://[::10.0.0.1]/": true, "http://[::ffff:0:7f00:1]/": true, "http://[fec0::1]/": true, "http://[feff::1]/": true, "http://[3fff::1]/": true,
		"http://[3fff:fff::1]/": true, "http://192.88.99.1/": true, "http://168.63.129.16/": true, "http://168.63.129.17/": false, "http://192.88.98.1/": false,
		"https://news.example/x": false, "http://93.184.215.14/x": false, "http://localhost.example/x": false, "http://[2606:4700::1111]/x": false, "::": false,
	} {
		if got := sources.PrivateFeed(briefing.Feed{URL: address}); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

func TestNewsNotConfigured(t *testing.T) {
	p := newPress(t, nil)
	if _, err := p.source.Fetch(t.Context(), p.request(readerID)); !errors.Is(err, briefing.ErrNotConfigured) {
		t.Errorf("without feeds: %v", err)
	}
	req := p.request(readerID)
	p.feeds.Set("/own.xml", feed("Own", "하나", "둘", "셋"))
	req.Reader.Feeds = []briefing.Feed{{URL: p.url + "/own.xml", Title: "내 피드", MaxItems: 2}, {URL: "ftp://x.example/"}}
	section, err := p.source.Fetch(t.Context(), req)
	wantReason(t, err, briefing.Malformed)
	if diff := cmp.Diff([]string{"하나 · 내 피드", "둘 · 내 피드"}, told(section)); diff != "" {
		t.Error(diff)
	}
}

func TestNewsAggregator(t *testing.T) {
	p := newPress(t, []string{"/agg.xml"})
	f := feed("Aggregator", "금리 동결 - 한빛일보", "말 - 말 - 나리신문")
	f.Items[0].Source, f.Items[1].Source = "한빛일보", "다온방송"
	p.feeds.Set("/agg.xml", f)
	if diff := cmp.Diff([]string{"금리 동결 · 한빛일보", "말 - 말 - 나리신문 · 다온방송"}, told(p.must(t))); diff != "" {
		t.Error(diff)
	}
}

func TestNewsCharsets(t *testing.T) {
	text := func(declaration string) string {
		return declaration + `<rss version="2.0"><channel><title>한빛일보</title><item><title>똠방각하 펲시</title><link>https://x.example/1</link>` +
			`<pubDate>Mon, 23 Nov 2026 08:00:00 +0900</pubDate></item></channel></rss>`
	}
	euckr := func(s string) []byte {
		b, err := korean.EUCKR.NewEncoder().Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(text("")))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind string
		body []byte
	}{
		"UTF-8":                       {"application/rss+xml", []byte(text(`<?xml version="1.0" encoding="UTF-8"?>`))},
		"UTF-8 with a mark":           {"application/rss+xml", []byte("\ufeff" + text(`<?xml version="1.0"?>`))},
		"UTF-8 that says EUC-KR":      {"application/rss+xml", []byte(text(`<?xml version="1.0" encoding="euc-kr"?>`))},
		"EUC-KR":                      {"application/rss+xml", euckr(text(`<?xml version="1.0" encoding="EUC-KR"?>`))},
		"euc-kr":                      {"text/xml", euckr(text(`<?xml version="1.0" encoding="euc-kr"?>`))},
		"KS C 5601":                   {"text/xml", euckr(text(`<?xml version="1.0" encoding="ks_c_5601-1987"?>`))},
		"UHC":                         {"text/xml", euckr(text(`<?xml version="1.0" encoding="uhc" standalone="yes"?>`))},
		"EUC-KR that nobody names":    {"text/xml", euckr(text(""))},
		"CP949 in the header":         {"text/xml; charset=MS949", euckr(text(""))},
		"UTF-8 that says CP949":       {"text/xml; charset=euc-kr", []byte(text(`<?xml version="1.0" encoding="cp949"?>`))},
		"UTF-8 with a broken byte":    {"text/xml", []byte(strings.Replace(text(`<?xml version="1.0" encoding="euc-kr"?>`), "</channel>", "<description>\xec\x95 반쪽</description></channel>", 1))},
		"CP949":                       {"application/rss+xml", euckr(text(`<?xml version="1.0" encoding="cp949"?>`))},
		"MS949":                       {"application/rss+xml", euckr(text(`<?xml version='1.0' encoding='MS949'?>`))},
		"EUC-KR in the header":        {"application/rss+xml; charset=euc-kr", euckr(text(""))},
		"EUC-KR that says UTF-8":      {"application/rss+xml; charset=euc-kr", euckr(text(`<?xml version="1.0" encoding="utf-8"?>`))},
		"UTF-16":                      {"application/rss+xml", utf16},
		"a blank line first":          {"application/rss+xml", []byte("\n\n" + text(`<?xml version="1.0"?>`))},
		"a stray control character":   {"application/rss+xml", []byte(strings.Replace(text(""), "펲시", "펲\x0b시", 1))},
		"a bare ampersand afterwards": {"application/rss+xml", []byte(strings.Replace(text(""), "</channel>", "<description>a & b</description></channel>", 1))},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPress(t, []string{"/a.xml"})
			p.feeds.SetRaw("/a.xml", c.kind, c.body)
			if diff := cmp.Diff([]string{"똠방각하 펲시 · 한빛일보"}, told(p.must(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNewsDates(t *testing.T) {
	for raw, want := range map[string]string{
		"Mon, 23 Nov 2026 08:00:00 +0900": "08:00",
		"Sun, 22 Nov 2026 23:00:00 GMT":   "08:00",
		"Mon, 23 Nov 2026 08:00:00 KST":   "08:00",
		"Mon, 23 Nov 2026 08:00:00":       "08:00",
		"2026-11-23 08:00:00":             "08:00",
		"2026.11.23 08:00":                "08:00",
		"2026년 11월 23일 오전 8:00":           "08:00",
		"2026-11-22T23:00:00Z":            "08:00",
		"Mon, 23 Nov 2026 08:00:00 GMT":   "", // eight hours ahead: a zone bug
		"언젠가":                             "",
		"":                                "",

		"Mon, 23 Nov 2026 08:00:00 +09:00":         "08:00",
		"월, 23 11월 2026 08:00:00 +0900":            "08:00",
		"월, 22 11월 2026 23:00:00 GMT":              "08:00",
		"23 11월 2026 오전 8:00":                      "08:00",
		"2026.11.22 23:00 +0000":                   "08:00",
		"2026-11-23T08:00:00":                      "08:00",
		"2026/11/23 08:00:00":                      "08:00",
		"2026.11.23. 오전 08:00":                     "08:00",
		"2026년 11월 23일 (월) 08:00":                  "08:00",
		"2026-11-23":                               "", // the day alone
		"2026.11.23":                               "",
		"2026.02.30 08:00":                         "",
		"Mon, 23 Nov 2026 09:05:00 +0900":          "out", // ahead by as much as clocks differ: tomorrow's
		"Mon, 23 Nov 2026 09:11:00 +0900":          "",
		"2026-11-23T08:00:00+09":                   "08:00",
		"2026-11-23T08:00:00.000+09:00":            "08:00",
		"Mon Nov 23 08:00:00 KST 2026":             "08:00",
		"Mon, 23 Nov 2026 08:00:00 (KST)":          "08:00",
		"Mon, 23 Nov 2026 08:00:00 GMT+09:00":      "08:00",
		"Mon, 23 Nov 2026 08:00:00 GMT+0900 (KST)": "08:00",
		"Mon, 23 Nov 2026 08:00:00 UTC+9":          "08:00",
		"Mon, 23 Nov 2026 08:00 AM +0900":          "08:00",
		"Mon, 23 11 2026 08:00:00 +0900":           "08:00",
		"Mon, 23 Nov 2026 08:00:00 JST":            "08:00",
		"Mon, 23 Nov 2026 00:00:00 CET":            "08:00",
		"Mon, 23 Nov 2026 08:00:00 XYZT":           "",
		"November 23, 2026 8:00 AM":                "08:00",
		"20261123080000":                           "08:00",
		"20261122T230000Z":                         "08:00",
		"26.11.23 08:00":                           "08:00",
		"26.11.23":                                 "",
		"2026.11.22":                               "",
		"2026.11.21":                               "out",
		"Sat, 21 Nov 2026 08:00:00 KST":            "out",
	} {
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "application/rss+xml", []byte(`<rss version="2.0"><channel><title>x</title><language>ko</language>`+
			`<item><title>소식</title><link>https://x.example/1</link><pubDate>`+raw+`</pubDate></item></channel></rss>`))
		section := p.must(t)
		if len(section.Items) == 0 && want == "out" {
			continue
		}
		if len(section.Items) != 1 {
			t.Errorf("%q: %d stories", raw, len(section.Items))
			continue
		}
		got := ""
		if published := section.Items[0].At; !published.IsZero() {
			got = published.In(p.zone).Format("15:04")
		}
		if got != want {
			t.Errorf("%q read as %q, want %q", raw, got, want)
		}
	}
}

// TestNewsDatesAbroad: what says KST is Korea's in any feed, and what says nothing is Korea's in Korean ones alone.
func TestNewsDatesAbroad(t *testing.T) {
	for raw, want := range map[string]string{
		"Mon, 23 Nov 2026 08:00:00 KST": "2026-11-22T23:00:00Z",
		"2026-11-22 22:00:00":           "2026-11-22T22:00:00Z",
		"Sun, 22 Nov 2026 17:00:00 EST": "2026-11-22T22:00:00Z",
		"2026.11.23 07:00":              "2026-11-22T22:00:00Z", // dots are how Korea writes it

		"2026-11-23T07:00:00+09":              "2026-11-22T22:00:00Z",
		"2026-11-22T17:30:00-04:30":           "2026-11-22T22:00:00Z",
		"Mon Nov 23 07:00:00 KST 2026":        "2026-11-22T22:00:00Z",
		"Mon, 23 Nov 2026 07:00:00 (KST)":     "2026-11-22T22:00:00Z",
		"Mon, 23 Nov 2026 07:00:00 GMT+09:00": "2026-11-22T22:00:00Z",
		"Mon, 23 Nov 2026 07:00:00 UTC+9":     "2026-11-22T22:00:00Z",
		"Mon, 23 11 2026 07:00:00 +0900":      "2026-11-22T22:00:00Z",
		"Mon, 23 Nov 2026 07:00:00 JST":       "2026-11-22T22:00:00Z",
		"Sun, 22 Nov 2026 23:00:00 CET":       "2026-11-22T22:00:00Z",
		"Sunday, 22-Nov-26 22:00:00 GMT":      "2026-11-22T22:00:00Z",
		"Sun, 22 Nov 2026 22:00:00 UT":        "2026-11-22T22:00:00Z",
		"20261122220000":                      "2026-11-22T22:00:00Z",
		"Mon, 23 Nov 2026 07:00:00 XYZT":      "0001-01-01T00:00:00Z",
		"26.11.23 07:00":                      "0001-01-01T00:00:00Z", // the 26th elsewhere
	} {
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "application/rss+xml", []byte(`<rss version="2.0"><channel><title>x</title><item><title>news</title><link>https://x.example/1</link><pubDate>`+raw+`</pubDate></item></channel></rss>`))
		if section := p.must(t); len(section.Items) != 1 || section.Items[0].At.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q read as %v, want %s", raw, section.Items, want)
		}
	}
}

// TestNewsDatesInKorean: a feed that names no language and whose titles are Korean means Korea's time.
func TestNewsDatesInKorean(t *testing.T) {
	for title, want := range map[string]string{"가온뉴스 오늘의 소식": "2026-11-22T22:00:00Z", "Gaon news": "2026-11-23T07:00:00Z"} {
		p := newPress(t, []string{"/a.xml"})
		p.clock.Advance(12 * time.Hour)
		p.feeds.SetRaw("/a.xml", "application/rss+xml", []byte(`<rss version="2.0"><channel><title>`+title+`</title><item><title>`+title+`</title><link>https://x.example/1</link><pubDate>2026-11-23 07:00:00</pubDate></item></channel></rss>`))
		if section := p.must(t); len(section.Items) != 1 || section.Items[0].At.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q read as %v, want %s", title, section.Items, want)
		}
	}
}

// TestNewsTitles: a title is words on one line, whatever markup and escaping it came in; tags stay in what is told.
func TestNewsTitles(t *testing.T) {
	for raw, want := range map[string]string{
		"A &amp; B":                                "A & B",
		"A &amp;amp; B":                            "A & B",
		"&amp;quot;첫눈&amp;quot; 예보":                `"첫눈" 예보`,
		"&amp;amp;quot;첫눈&amp;amp;quot;":           `"첫눈"`,
		"&lt;b&gt;첫눈&lt;/b&gt; &amp;lt;예보&amp;gt;": "첫눈 <예보>",
		"<![CDATA[<b>첫눈</b>&nbsp;&nbsp;예보]]>":      "첫눈 예보",
		"<![CDATA[첫눈<br/>예보]]>":                    "첫눈 예보",
		"<![CDATA[[속보] 첫눈 &middot; 한파]]>":          "[속보] 첫눈 · 한파",
		"&lt;속보&gt; 첫눈":                            "<속보> 첫눈",
		"첫눈&#8230; &amp;#8216;한파&amp;#8217;":       "첫눈… ‘한파’",
		"<![CDATA[<script>alert(1)</script>첫눈]]>":  "첫눈",
		"첫\n\t 눈\u202e\u200b":                      "첫 눈",
		"R&D 예산":                                   "R&D 예산",
		"x &lt; y 그리고 y &gt; z":                    "x < y 그리고 y > z",
	} {
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "application/rss+xml", []byte(`<rss version="2.0"><channel><title>x</title><item><title>`+raw+
			`</title><link>https://x.example/1</link><pubDate>Mon, 23 Nov 2026 08:00:00 +0900</pubDate></item></channel></rss>`))
		if section, err := p.source.Fetch(t.Context(), p.request(readerID)); err != nil || len(section.Items) != 1 || section.Items[0].Title != want {
			t.Errorf("%q told as %q, want %q", raw, told(section), want)
		}
	}
}

func TestNewsFewUndated(t *testing.T) {
	p := newPress(t, []string{"/a.xml"})
	f := feed("Hanbit", "하나", "둘", "셋", "넷", "다섯")
	for i := range f.Items {
		f.Items[i].Published = time.Time{}
	}
	p.feeds.Set("/a.xml", f)
	if section := p.must(t); len(section.Items) != 3 {
		t.Errorf("%d undated stories", len(section.Items))
	}
}

func TestNewsManyStories(t *testing.T) {
	p := newPress(t, []string{"/a.xml"})
	f := standin.Feed{Title: "Hanbit"}
	for i := range 60 {
		f.Items = append(f.Items, standin.FeedItem{Title: fmt.Sprintf("소식 %d", i), URL: fmt.Sprintf("https://x.example/%d", i), Published: monday().Add(-time.Duration(i+1) * time.Minute)})
	}
	p.feeds.Set("/a.xml", f)
	if section := p.must(t); len(section.Items) != 30 || section.Count(briefing.Story) != 60 {
		t.Errorf("%d items, counts %v", len(section.Items), section.Counts)
	}
}
