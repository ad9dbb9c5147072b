package standin

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
)

//go:embed assets/page.html assets/page.css assets/page.js
var pageFiles embed.FS

// PageHandler draws the workspace in a browser, at the width of a phone: a list of
// people at "/", a person's DM at "/dm/{user}", kept up to date while open. All
// addresses in it are relative; mount it under a prefix that ends in a slash, with
// http.StripPrefix("/slack", …) for "/slack/".
func (s *Slack) PageHandler() http.Handler {
	p := &slackPage{slack: s}
	pair := func(user string, m messageView) ofUser { return ofUser{user, m} }
	p.tmpl, p.err = template.New("page.html").Funcs(template.FuncMap{"pair": pair}).ParseFS(pageFiles, "assets/page.html")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.list)
	mux.HandleFunc("GET /rows", p.rows)
	mux.HandleFunc("GET /dm/{user}", p.dm)
	mux.HandleFunc("GET /dm/{user}/messages", p.messages)
	mux.HandleFunc("POST /dm/{user}/press", p.press)
	if assets, err := fs.Sub(pageFiles, "assets"); err == nil {
		mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	}
	// A page elsewhere must not press buttons in somebody's name.
	return http.NewCrossOriginProtection().Handler(mux)
}

// ofUser hands a template two things at once: a message and whose DM it is in.
type ofUser struct {
	User    string
	Message messageView
}

type slackPage struct {
	slack *Slack
	tmpl  *template.Template
	err   error // of parsing, reported where someone can see it
}

func (p *slackPage) list(w http.ResponseWriter, r *http.Request) {
	p.draw(w, r, "list", p.slack.listOfUsers())
}

func (p *slackPage) rows(w http.ResponseWriter, r *http.Request) {
	p.draw(w, r, "rows", p.slack.listOfUsers())
}

func (p *slackPage) dm(w http.ResponseWriter, r *http.Request) { p.conversation(w, r, "dm") }

func (p *slackPage) messages(w http.ResponseWriter, r *http.Request) {
	p.conversation(w, r, "messages")
}

func (p *slackPage) conversation(w http.ResponseWriter, r *http.Request, name string) {
	v, ok := p.slack.conversation(r.PathValue("user"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	p.draw(w, r, name, v)
}

// draw answers a template; the ETag makes polling cost next to nothing.
func (p *slackPage) draw(w http.ResponseWriter, r *http.Request, name string, v any) {
	var out bytes.Buffer
	err := p.err
	if err == nil {
		err = p.tmpl.ExecuteTemplate(&out, name, v)
	}
	if err != nil {
		http.Error(w, "draw "+name+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(out.Bytes())
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'self'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = out.WriteTo(w)
}

// press is a button on the page: tell the app, then say how it took it.
func (p *slackPage) press(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("user")
	err := p.slack.Press(r.Context(), user, r.FormValue("ts"), r.FormValue("action_id"))
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	case r.Header.Get("X-Requested-With") != "":
		w.WriteHeader(http.StatusNoContent)
	default: // without script: back to the conversation
		// Set by hand: http.Redirect would make it absolute and lose the prefix.
		w.Header().Set("Location", "../"+url.PathEscape(user))
		w.WriteHeader(http.StatusSeeOther)
	}
}
