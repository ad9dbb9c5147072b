package sources_test

import (
	"fmt"
	"net/http"
	"strings"
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
		"elements":      rss(nested("<b>", "</b>", 100_000)),
		"extensions":    rss(nested("<m:b>", "</m:b>", 100_000)),
		"prefixes":      rss("<m:b" + prefixes.String() + ">" + strings.Repeat("<b/>", 3000) + "</m:b>"),
		"bases":         rss(nested(`<b xml:base="a/">`, "</b>", 20_000)),
		"descriptions":  rss("<item><title>x</title><link>https://x.example/3</link><description>" + strings.Repeat("&lt;table&gt;&lt;a&gt;&lt;b&gt;", 100_000) + "</description></item>"),
		"one long base": rss(`<b xml:base="https://x.example/` + strings.Repeat("a", 100_000) + `">` + strings.Repeat(`<b src="x"/>`, 10_000) + "</b>"),
		"entities": `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>` +
			rss("<item><title>&b;&x;</title><link>https://x.example/2</link></item>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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
