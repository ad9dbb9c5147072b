package sources_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
)

// TestNewsFeedsThatBlowUpInTheParser: well-formed feeds of some hundred kilobytes that would take the
// parser minutes or gigabytes are refused, and the other feeds are read.
func TestNewsFeedsThatBlowUpInTheParser(t *testing.T) {
	nested := func(open, shut string, deep int) string {
		return strings.Repeat(open, deep) + strings.Repeat(shut, deep)
	}
	rss := func(inside string) string {
		return `<rss version="2.0" xmlns:m="urn:m"><channel><title>x</title>` + inside + `<item><title>x</title><link>https://x.example/1</link></item></channel></rss>`
	}
	var prefixes strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&prefixes, ` xmlns:a%d="u"`, i)
	}
	for name, body := range map[string]string{
		"elements":        rss(nested("<b>", "</b>", 100_000)),
		"extensions":      rss(nested("<m:b>", "</m:b>", 100_000)),
		"prefixes":        rss("<m:b" + prefixes.String() + ">" + strings.Repeat("<b/>", 3000) + "</m:b>"),
		"bases":           rss(nested(`<b xml:base="a/">`, "</b>", 20_000)),
		"descriptions":    rss("<item><title>x</title><link>https://x.example/3</link><description>" + strings.Repeat("&lt;table&gt;&lt;a&gt;&lt;b&gt;", 30_000) + "</description></item>"),
		"one long base":   rss(`<b xml:base="https://x.example/` + strings.Repeat("a", 100_000) + `">` + strings.Repeat(`<b src="x"/>`, 10_000) + "</b>"),
		"items":           rss(strings.Repeat("<item/>", 100_000)),
		"items of JSON":   `{"version":"https://jsonfeed.org/version/1","title":"x","items":[{}` + strings.Repeat(",{}", 200_000) + `]}`,
		"lists of JSON":   `{"version":"https://jsonfeed.org/version/1","title":` + strings.Repeat("[", 1_000_000),
		"numbers of JSON": `{"version":"https://jsonfeed.org/version/1","title":"x","items":[{"tags":[1` + strings.Repeat(",1", 300_000) + `]}]}`,
		"entries":         `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>` + strings.Repeat("<entry/>", 100_000) + "</feed>",
		"categories":      rss("<item>" + strings.Repeat("<category/>", 300_000) + "</item>"),
		"attributes":      rss("<item " + strings.Repeat("a='' ", 300_000) + "/>"),
		"after a control": "\x01 " + rss(strings.Repeat("<item/>", 100_000)),
		"after a stray":   "\uFEFB" + rss(strings.Repeat("<item/>", 100_000)),
		"entities": `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>` +
			rss("<item><title>&b;&x;</title><link>https://x.example/2</link></item>"),
	} {
		t.Run(name, func(t *testing.T) {
			p := newPress(t, []string{"/hostile.xml", "/good.xml"})
			p.feeds.Set("/good.xml", feed("Hanbit", "첫눈"))
			p.feeds.Inject(standin.Fault{Op: "/hostile.xml", Status: http.StatusOK, ContentType: "application/rss+xml", Body: body})
			start := time.Now()
			section, err := p.source.Fetch(t.Context(), p.request(readerID))
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			text := fmt.Sprint(told(section))
			if !strings.Contains(text, "첫눈") || strings.Contains(text, "root:") || strings.Contains(text, "aaaaaaaaaa") {
				t.Errorf("told %s", text)
			}
			if name == "descriptions" {
				if err != nil || section.PartsOK != 2 {
					t.Errorf("%d feeds read, error %v", section.PartsOK, err)
				}
				return // what no story is told of is not looked into
			}
			if name == "entities" {
				return // read without them, or refused: both are well
			}
			if briefing.ReasonOf(err) != briefing.Malformed || section.PartsOK != 1 {
				t.Errorf("%d feeds read, error %v", section.PartsOK, err)
			}
		})
	}
}

// TestNewsFeedThatFillsMemory: a few kilobytes on the wire take no gigabytes to find out that they are no feed.
func TestNewsFeedThatFillsMemory(t *testing.T) {
	for name, body := range map[string]string{
		"RSS":  `<rss version="2.0"><channel><title>x</title>` + strings.Repeat("<item/>", 700_000) + `</channel></rss>`,
		"JSON": `{"version":"https://jsonfeed.org/version/1","title":"x","items":[{}` + strings.Repeat(",{}", 1_700_000) + `]}`,
	} {
		p := newPress(t, []string{"/a.xml"})
		p.feeds.SetRaw("/a.xml", "application/xml", []byte(body))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := p.source.Fetch(t.Context(), p.request(readerID))
		runtime.ReadMemStats(&after)
		wantReason(t, err, briefing.Malformed)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 200 {
			t.Errorf("%s: %d MiB allocated", name, took)
		}
	}
}

// TestNewsFeedsOfOneReader: whatever one reader's feeds are, another's good ones are read meanwhile, the large as well.
func TestNewsFeedsOfOneReader(t *testing.T) {
	p := newPress(t, nil)
	bad, good := p.request(otherID), p.request(readerID)
	for i := range 8 {
		path := fmt.Sprintf("/bad%d.xml", i)
		p.feeds.SetRaw(path, "application/xml", []byte(`<rss version="2.0"><channel><title>x</title>`+strings.Repeat("<item/>", 700_000)+`</channel></rss>`))
		bad.Reader.Feeds = append(bad.Reader.Feeds, briefing.Feed{URL: p.url + path})
	}
	p.feeds.Set("/small.xml", feed("Hanbit", "하나"))
	large := feed("Nari", "둘")
	large.Items[0].Description = strings.Repeat("긴 글 ", 200_000)
	p.feeds.Set("/large.xml", large)
	good.Reader.Feeds = []briefing.Feed{{URL: p.url + "/small.xml"}, {URL: p.url + "/large.xml"}}
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := p.source.Fetch(t.Context(), bad)
		wantReason(t, err, briefing.Malformed)
	})
	for p.feeds.Calls("*") < 8 {
		time.Sleep(time.Millisecond)
	}
	if section, err := p.source.Fetch(t.Context(), good); err != nil || len(section.Items) != 2 {
		t.Errorf("told %q, %v", told(section), err)
	}
	wg.Wait()
}
