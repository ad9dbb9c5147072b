// Package webui lays out the pages a person sees in a browser: one card, readable on a phone, light or
// dark as the phone is. The words come from internal/language; everything in them is escaped here. A page
// is one self-contained answer: no script, no font, no image and no style sheet is fetched.
package webui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"achim/briefing"
	"achim/internal/language"
)

//go:embed assets
var assets embed.FS

// Pages renders pages. Make one with New; it is safe for concurrent use.
type Pages struct {
	page     *template.Template
	briefing *template.Template
	style    template.CSS
	policy   string
}

// New parses the embedded assets. It panics when they are broken, which a test would have shown.
func New() *Pages {
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		panic(fmt.Sprintf("webui: embedded style sheet: %v", err))
	}
	sum := sha256.Sum256(style)
	parse := func(name string) *template.Template {
		return template.Must(template.New(name).Funcs(template.FuncMap{"href": href, "words": words, "web": web}).ParseFS(assets, "assets/"+name, "assets/head.html"))
	}
	return &Pages{
		page: parse("page.html"), briefing: parse("briefing.html"),
		style: template.CSS(style), //nolint:gosec // our own embedded file
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
	}
}

// Render writes the page with the status and with headers that keep it out of caches, frames and referrers.
func (p *Pages) Render(w http.ResponseWriter, status int, page language.Page) {
	policy := p.policy
	if !page.Main.Post {
		// With a form there is none: browsers hold it against redirects too, and the answer to a form may be one to
		// Google, whose address is configurable. There is no way to inject a form: nothing is unescaped.
		policy += noForm
	}
	p.write(w, status, p.page, policy, page.Language, struct {
		language.Page
		Style template.CSS
	}{page, p.style})
}

// Briefing writes a briefing's page, with the same headers.
func (p *Pages) Briefing(w http.ResponseWriter, page language.BriefingPage) {
	p.write(w, http.StatusOK, p.briefing, p.policy+noForm, page.Language, struct {
		language.BriefingPage
		Style template.CSS
	}{page, p.style})
}

const noForm = "; form-action 'none'"

func (p *Pages) write(w http.ResponseWriter, status int, t *template.Template, policy string, l briefing.Language, view any) {
	var body bytes.Buffer
	if err := t.Execute(&body, view); err != nil {
		// Only a template that does not fit the page gets here, and rendering any page would tell.
		panic(fmt.Sprintf("webui: render page: %v", err))
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(l))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone away is nobody's fault.
	_, _ = w.Write(body.Bytes())
}

// piece is a part of a paragraph.
type piece struct {
	Text    string
	Command bool
}

// words takes a paragraph apart into what is said and the commands in it, which stand between backticks. A backtick
// without another is one that somebody has in their name.
func words(paragraph string) []piece {
	var pieces []piece
	for {
		before, rest, _ := strings.Cut(paragraph, "`")
		command, after, found := strings.Cut(rest, "`")
		if !found {
			return append(pieces, piece{Text: paragraph})
		}
		pieces = append(pieces, piece{Text: before}, piece{Text: command, Command: true})
		paragraph = after
	}
}

// href lets web addresses, addresses on this server and the Slack app through; html/template alone would
// refuse the latter. Anything else leads nowhere.
func href(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil {
		return "#"
	}
	switch strings.ToLower(u.Scheme) {
	case "", "http", "https", "slack":
		return template.URL(u.String()) //nolint:gosec // the scheme is one of a few, and it is still escaped as an attribute
	default:
		return "#"
	}
}

// web lets web addresses and anchors on the page through, for links in what strangers wrote. "" is no link.
func web(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if strings.HasPrefix(address, "#") || (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return template.URL(u.String()) //nolint:gosec // the scheme is one of two, and it is still escaped as an attribute
	}
	return ""
}
