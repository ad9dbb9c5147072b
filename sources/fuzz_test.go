package sources_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// readReasons are all the reasons for which a source cannot be read.
var readReasons = []briefing.Reason{
	briefing.ReauthRequired, briefing.ScopeMissing, briefing.ClientMisconfigured, briefing.APIDisabled, briefing.PolicyBlocked,
	briefing.RateLimited, briefing.Timeout, briefing.Unavailable, briefing.Malformed, briefing.Internal,
}

// tameText is all that the text of a failure may be made of, whatever Google sent: our own words, a status, and code
// words without digits.
var tameText = regexp.MustCompile(`^[a-z ]+(: [a-z ]+)*: [a-z_]+: (HTTP [0-9]{1,4}( [A-Za-z_]{1,48})?( invalid_rapt)?|the answer cannot be read|an answer without content|the answer is too long|it has no [a-z ]+|the list does not end|the message is gone)$`)

// wantTame checks a failure that came of an answer of Google's.
func wantTame(t *testing.T, err error) {
	t.Helper()
	fault, ok := errors.AsType[*briefing.Error](err)
	switch {
	case !ok || !slices.Contains(readReasons, fault.Reason):
		t.Errorf("no valid reason: %v", err)
	case fault.RetryAfter < 0 || fault.RetryAfter > 24*time.Hour:
		t.Errorf("retry after %v", fault.RetryAfter)
	case strings.Contains(err.Error(), "panic"), !tameText.MatchString(err.Error()):
		t.Errorf("the text is %q", err)
	}
}

// said answers every request with one body.
func said(status int, contentType, retry string, body []byte) transport {
	return func(r *http.Request) (*http.Response, error) {
		header := http.Header{"Content-Type": {contentType}, "Retry-After": {retry}}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	}
}

// seedAnswers adds what Google says, and what stands in its place.
func seedAnswers(f *testing.F) {
	const js = "application/json; charset=UTF-8"
	for _, code := range []string{"invalid_grant", "invalid_client", "admin_policy_enforced", "internal_failure", "1//0secret"} {
		f.Add(400, js, "", []byte(standin.OAuthError(code, "Account has been deleted")))
		f.Add(401, "text/plain", "30", []byte("error="+code+"&error_description=invalid_rapt"))
	}
	for _, reason := range []string{"insufficientPermissions", "accessNotConfigured", "dailyLimitExceeded", "failedPrecondition", "authError"} {
		f.Add(403, js, "", []byte(standin.GoogleError(403, reason, "Retry after 2026-11-24T00:00:00Z")))
	}
	f.Add(429, js, "Mon, 23 Nov 2026 00:01:00 GMT", []byte(`{"error":{"details":[{"reason":"RATE_LIMIT_EXCEEDED"}]}}`))
	f.Add(400, js, "-1", []byte(`{"error":"invalid_grant","error_subtype":"invalid_rapt","error_description":["x"]}`))
	f.Add(200, js, "", []byte(`{"access_token":"a","expires_in":-1,"refresh_token_expires_in":1e300,"scope":7}`))
	f.Add(200, js, "", []byte(`{"messages":[{"id":"1"}],"items":[{"id":"x","selected":true}]}`))
	f.Add(200, js, "99999999999", []byte(`{"error":{"code":500}}`))
	f.Add(302, "text/html", "", []byte("<html>ya29.secret</html>"))
	f.Add(503, "", "soon", []byte{0xff, 0x00})
}

// FuzzTokenAnswer: whatever the token endpoint answers, it is a refresh or a failure with a reason; only invalid_grant
// kills, and nothing of the body gets into the text.
func FuzzTokenAnswer(f *testing.F) {
	seedAnswers(f)
	f.Fuzz(func(t *testing.T, status int, contentType, retry string, body []byte) {
		if status < 200 || status > 599 {
			return // net/http lets no other through
		}
		store := newMemory()
		store.put(briefing.Credential{ReaderID: readerID, RefreshToken: briefing.NewSecret("1//refresh"), ClientID: clientID})
		client := sources.NewGoogle(sources.GoogleConfig{ClientID: clientID, Transport: said(status, contentType, retry, body), Now: monday}, store)
		report, err := client.Refresh(t.Context(), readerID)
		state := store.row(readerID).State
		if err != nil {
			wantTame(t, err)
			dead := briefing.ReasonOf(err) == briefing.ReauthRequired
			if dead == state.DeadSince.IsZero() || (dead || state.Gone) && !bytes.Contains(body, []byte("invalid_grant")) && !bytes.ContainsAny(body, `\%`) {
				t.Errorf("state %+v", state)
			}
			return
		}
		if status > 299 || report.AccessToken.IsZero() || !state.DeadSince.IsZero() || store.row(readerID).RefreshToken.IsZero() {
			t.Errorf("status %d is a refresh: %+v", status, state)
		}
	})
}

// FuzzAPIAnswer: whatever Gmail and Calendar answer, it is read or a failure with a reason, nothing of it gets into the
// text, and the grant stays.
func FuzzAPIAnswer(f *testing.F) {
	seedAnswers(f)
	zone := seoul(f)
	f.Fuzz(func(t *testing.T, status int, contentType, retry string, body []byte) {
		if status < 200 || status > 599 || status == http.StatusUnauthorized {
			return // a 401 is asked about at the token endpoint, which is the other target's
		}
		store := newMemory()
		store.put(briefing.Credential{ReaderID: readerID, AccessToken: briefing.NewSecret("ya29.access"), RefreshToken: briefing.NewSecret("1//refresh"), ClientID: clientID})
		client := sources.NewGoogle(sources.GoogleConfig{ClientID: clientID, Transport: said(status, contentType, retry, body), Now: monday}, store)
		now := monday()
		req := briefing.Request{Reader: briefing.Reader{ID: readerID}, Date: briefing.DateOf(now, zone), Zone: zone,
			Language: briefing.Korean, Window: briefing.Window{From: now.Add(-time.Hour), To: now}, Now: now}
		for _, source := range sources.Catalog(sources.Config{Google: client}) {
			if source.Name() == briefing.News {
				continue
			}
			if _, err := source.Fetch(t.Context(), req); err != nil {
				wantTame(t, err)
			}
		}
		if !store.row(readerID).State.DeadSince.IsZero() {
			t.Error("an API's answer killed the grant")
		}
	})
}

// seedFeeds adds feeds, pages and lists, whole and broken.
func seedFeeds(f *testing.F) {
	for _, body := range []string{
		`<?xml version="1.0" encoding="cp949"?><rss version="2.0"><channel><title>한빛 - 전체</title><item><title>[속보] 금리 &amp;quot;동결&amp;quot; (종합2보)</title><link>/1?utm_source=x</link><pubDate>2026.11.23 08:00</pubDate></item></channel></rss>`,
		`<feed xmlns="http://www.w3.org/2005/Atom" xml:base="../"><title>x</title><entry><title type="html">&lt;b&gt;U.S. stocks fall 2.5%&lt;/b&gt;</title><link href="a"/><updated>2026-11-22T23:00:00Z</updated></entry></feed>`,
		`{"version":"https://jsonfeed.org/version/1.1","title":"x","items":[{"id":1,"url":"https://x.example/1","title":"▲2% 3-1 \u202e","date_published":"월, 23 11월 2026 오전 8:00:00"}]}`,
		`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><item><title>x</title><link>https://x.example/1</link></item></rdf:RDF>`,
		"<!-- x --><!DOCTYPE html><base href='//y.example/'><link rel='alternate x' type=application/rss+xml href='a?b#c' title='댓글'><a rel=alternate type=application/feed+json href=http://[::1]/>",
		`<html><head><link rel=alternate type="application/atom+xml" href="javascript:alert(1)">`,
		subscriptionList, "\xff\xfe<\x00o\x00", "\x1f\x8b\x08\x00\x00", "<opml><outline xmlUrl=feed:// text=x>", "",
	} {
		f.Add([]byte(body), "text/xml; charset=euc-kr")
	}
}

const subscriptionList = `<opml version="2.0"><head><title>x</title></head><body><outline text="a"><outline xmlUrl="https://x.example/&amp;" title="b &copy; c"/></outline></body></opml>`

// FuzzFeed: whatever a site answers, at a feed's address or a home page's, it is read or a failure with a reason, in bounded time,
// and what is told is fit to be told.
func FuzzFeed(f *testing.F) {
	seedFeeds(f)
	zone := seoul(f)
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		start := time.Now()
		for _, address := range []string{"https://www.hanbit.example/", "https://hanbit.co.kr/rss.xml"} {
			source := sources.Catalog(sources.Config{News: sources.NewsConfig{
				Team: []briefing.Feed{{URL: address}, {URL: address + "?again"}}, Now: monday, Transport: said(http.StatusOK, kind, "", body),
			}})[0]
			now := monday()
			section, err := source.Fetch(t.Context(), briefing.Request{Reader: briefing.Reader{ID: readerID}, Date: briefing.DateOf(now, zone), Zone: zone,
				Window: briefing.Window{From: now.AddDate(-30, 0, 0), To: now}, Now: now, Seen: map[string]bool{"x": true}})
			if err != nil && !slices.Contains(readReasons, briefing.ReasonOf(err)) {
				t.Errorf("no valid reason: %v", err)
			}
			if err != nil && (briefing.ReasonOf(err) == briefing.Internal || strings.Contains(err.Error(), "panic")) {
				t.Errorf("it broke: %v", err)
			}
			for _, item := range section.Items {
				for kind, what := range storyDefects(item, now) {
					if !strings.HasPrefix(kind, "HTML") && !strings.HasPrefix(kind, "an entity") && !strings.HasPrefix(kind, "mojibake") { // which may be what a feed speaks of
						t.Errorf("%s: %q", kind, what)
					}
				}
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// FuzzOPML: whatever is in a file, it is a list whose feeds can be fetched, or an error; and what is written is read again.
func FuzzOPML(f *testing.F) {
	seedFeeds(f)
	f.Fuzz(func(t *testing.T, body []byte, title string) {
		listed, faults, err := sources.ReadOPML(bytes.NewReader(body))
		if err != nil && len(listed)+len(faults) > 0 {
			t.Errorf("%d feeds beside %v", len(listed), err)
		}
		feeds := make([]briefing.Feed, len(listed))
		for i, l := range listed {
			feeds[i] = l.Feed
			if err := l.Feed.Validate(); err != nil || l.Line < 1 {
				t.Errorf("line %d: %v", l.Line, err)
			}
		}
		var out bytes.Buffer
		if err := sources.WriteOPML(&out, title, feeds); err != nil {
			t.Fatal(err)
		}
		again, _, err := sources.ReadOPML(&out)
		if err != nil || len(again) != len(feeds) {
			t.Errorf("wrote %d feeds, read %d: %v", len(feeds), len(again), err)
		}
	})
}
