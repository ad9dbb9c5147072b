package webui_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"achim/briefing"
	"achim/internal/language"
	"achim/internal/webui"
)

// render renders one page.
func render(page language.Page) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	webui.New().Render(rec, http.StatusTeapot, page)
	return rec
}

// A page whose style the browser refuses, because the policy names another hash, would be a bare page.
func TestThePolicyAllowsTheStyleAndNothingElse(t *testing.T) {
	rec := render(language.Page{Language: briefing.Korean, Title: "x"})
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(rec.Body.String())
	if style == nil {
		t.Fatal("the page has no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	policy := rec.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, want) || !strings.HasPrefix(policy, "default-src 'none';") {
		t.Errorf("Content-Security-Policy = %q, want %s in it", policy, want)
	}
	if rec.Code != http.StatusTeapot {
		t.Errorf("status %d", rec.Code)
	}
}

func TestEverythingInAPageIsEscaped(t *testing.T) {
	const evil = `"><img src=x onerror=alert(1)><!--{{.}}`
	body := render(language.Page{
		Language: briefing.English, Tone: language.ToneHalt, Title: evil, Lead: evil,
		Facts: []language.PageFact{{Label: evil, Value: evil}}, Body: []string{evil},
		Main:  language.PageAction{Label: evil, Href: "https://achim.gaon.example/" + evil},
		Links: []language.PageAction{{Label: evil, Href: evil}},
		Folds: []language.PageFold{{Summary: evil, Body: []string{evil}}}, Small: []string{evil},
	}).Body.String()
	if strings.Contains(body, "<img") || strings.Contains(body, "<!--") {
		t.Errorf("markup got through:\n%s", body)
	}
	if got := strings.Count(body, "&lt;img"); got < 9 {
		t.Errorf("the text is there %d times:\n%s", got, body)
	}
}

// A command broken over two lines would be typed wrongly; what is between its backticks is escaped like all else.
func TestCommandsStayInOnePiece(t *testing.T) {
	body := render(language.Page{Language: briefing.English, Lead: "a `b", Body: []string{"Type `achim <x> --y`, or `z`.", "``"},
		Folds: []language.PageFold{{Body: []string{"`one`"}}}, Small: []string{"`two` three"}}).Body.String()
	for _, want := range []string{"<p class=\"lead\">a `b</p>", "<p>Type <code>achim &lt;x&gt; --y</code>, or <code>z</code>.</p>", "<p><code>one</code></p>", "<p><code>two</code> three</p>"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not there:\n%s", want, body)
		}
	}
}

func TestLinksLeadToWebPagesOrSlack(t *testing.T) {
	for address, want := range map[string]string{
		"https://achim.gaon.example/connect/a.b-c_d": `href="https://achim.gaon.example/connect/a.b-c_d"`,
		"http://127.0.0.1:8001/connect/t":            `href="http://127.0.0.1:8001/connect/t"`,
		"slack://open":                               `href="slack://open"`,
		"javascript:alert(1)":                        `href="#"`,
		"JAVASCRIPT:alert(1)":                        `href="#"`,
		"data:text/html,x":                           `href="#"`,
		"https://%zz":                                `href="#"`,
	} {
		body := render(language.Page{Main: language.PageAction{Label: "go", Href: address}}).Body.String()
		if !strings.Contains(body, `<a class="main" `+want) {
			t.Errorf("%s: no %s in\n%s", address, want, body)
		}
	}
}

func TestAFormPostsToItsOwnAddress(t *testing.T) {
	body := render(language.Page{Main: language.PageAction{Label: "go", Post: true}}).Body.String()
	if !strings.Contains(body, `<form method="post"><button class="main" type="submit">go</button></form>`) {
		t.Errorf("no form in\n%s", body)
	}
}

func TestABriefingsPage(t *testing.T) {
	const evil = `"><img src=x onerror=alert(1)><!--{{.}}`
	rec := httptest.NewRecorder()
	webui.New().Briefing(rec, language.BriefingPage{
		Language: briefing.Korean, Title: evil, WholeTitle: evil,
		Parts: []language.BriefingPart{
			{Look: language.LookHeader, Lines: []language.Phrase{language.Plain(evil)}},
			{Lines: []language.Phrase{{{Text: evil, URL: "https://gaon.example/?a=" + evil, Bold: true}, {Text: "x", URL: "javascript:alert(1)"}, {Text: "y", URL: "data:text/html,x"}, {Text: "z", URL: "//gaon.example"}}}},
			{Look: language.LookControl, Lines: []language.Phrase{{{Text: evil, URL: "https://achim.gaon.example/connect/t"}}}},
			{Look: language.LookSmall, Lines: []language.Phrase{{{Text: "더", URL: "#all-news"}}}},
		},
		Whole: []language.BriefingPart{{Anchor: "all-news", Lines: []language.Phrase{language.Strong(evil)}}},
	})
	body := rec.Body.String()
	if strings.Contains(body, "<img") || strings.Contains(body, "<!--") || strings.Count(body, "&lt;img") != 6 {
		t.Errorf("markup got through:\n%s", body)
	}
	for _, want := range []string{`<strong><a href="https://gaon.example/`, `<a class="main" href="https://achim.gaon.example/connect/t" rel="noopener noreferrer">`,
		`<a href="#all-news" rel="noopener noreferrer">더</a>`, `id="all-news"`, "</a></strong>xyz</p>", `<meta name="viewport" content="width=device-width`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not there:\n%s", want, body)
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Frame-Options": "DENY"} {
		if got := rec.Header().Get(name); got != want {
			t.Errorf("%s = %q", name, got)
		}
	}
	if policy := rec.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.HasSuffix(policy, "; form-action 'none'") {
		t.Errorf("Content-Security-Policy = %q", policy)
	}
}
