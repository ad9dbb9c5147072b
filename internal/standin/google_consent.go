package standin

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed assets/consent.html
var consentHTML string

// consentRequest is an authorization request that passed Google's own checks.
type consentRequest struct {
	clientID, redirectURI, state, challenge string
	scopes                                  []string // as asked, canonical, in order
	offline, forced, include                bool
	hint                                    string
}

// parseConsent reads the query. A failure is a page Google shows by itself: the
// redirect_uri never hears of it.
func (g *Google) parseConsent(q url.Values) (consentRequest, string) {
	c := consentRequest{
		clientID: q.Get("client_id"), redirectURI: q.Get("redirect_uri"), state: q.Get("state"),
		challenge: q.Get("code_challenge"), hint: q.Get("login_hint"),
		offline: q.Get("access_type") == "offline", include: q.Get("include_granted_scopes") == "true",
		forced: slices.Contains(strings.Fields(q.Get("prompt")), "consent"),
	}
	target, err := url.Parse(c.redirectURI)
	_, known := g.clients[c.clientID]
	method := q.Get("code_challenge_method")
	switch {
	case g.disabled["client:"+c.clientID]:
		return c, "401 deleted_client: The OAuth client was deleted."
	case !known:
		return c, "401 invalid_client: The OAuth client was not found."
	case err != nil || target.Host == "" || target.Fragment != "" || (target.Scheme != "http" && target.Scheme != "https"):
		return c, "400 redirect_uri_mismatch"
	case q.Get("response_type") != "code":
		return c, "400 invalid_request: Required parameter is missing: response_type"
	case c.challenge != "" && method != "S256" || c.challenge == "" && method != "":
		return c, "400 invalid_request: code_challenge_method"
	}
	for _, s := range strings.Fields(q.Get("scope")) {
		if !acceptedByConsent(s) {
			return c, "400 invalid_scope: " + s
		}
		if s = canonicalScope(s); !slices.Contains(c.scopes, s) {
			c.scopes = append(c.scopes, s)
		}
	}
	if len(c.scopes) == 0 {
		return c, "400 invalid_request: Missing required parameter: scope"
	}
	return c, ""
}

type consentView struct {
	Problem  string
	Client   string
	Accounts []consentAccount
	Scopes   []consentScope
	Action   string
}

type consentAccount struct {
	Email, Name, Initial string
	Chosen               bool
}

type consentScope struct{ Scope, Words string }

func (g *Google) consentPage(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	c, problem := g.parseConsent(r.URL.Query())
	v := consentView{Problem: problem, Client: c.clientID, Action: "?" + r.URL.RawQuery}
	chosen := g.hinted(c.hint)
	for _, a := range g.accounts {
		v.Accounts = append(v.Accounts, consentAccount{
			Email: a.Email, Name: a.Name, Initial: initial(a.Name), Chosen: a == chosen,
		})
	}
	g.lock.Unlock()
	for _, s := range c.scopes {
		if !isSignIn(s) {
			v.Scopes = append(v.Scopes, consentScope{s, scopeWords(s)})
		}
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusBadRequest
	}
	renderConsent(w, status, v)
}

func renderConsent(w http.ResponseWriter, status int, v consentView) {
	page, err := template.New("consent").Parse(consentHTML)
	var out bytes.Buffer
	if err == nil {
		err = page.Execute(&out, v)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}

// hinted is the account a login_hint (address or sub) names, else the first one.
func (g *Google) hinted(hint string) *account {
	for _, a := range g.accounts {
		if hint != "" && (strings.EqualFold(a.Email, hint) || a.Subject == hint) {
			return a
		}
	}
	if len(g.accounts) > 0 {
		return g.accounts[0]
	}
	return nil
}

// consentAnswer is the press of 허용 or 취소: it sends the browser back.
func (g *Google) consentAnswer(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	c, problem := g.parseConsent(r.URL.Query())
	if err := r.ParseForm(); err != nil {
		problem = "400 invalid_request"
	}
	back := url.Values{}
	if c.state != "" {
		back.Set("state", c.state)
	}
	acc := g.find(r.PostForm.Get("account"))
	switch {
	case problem != "":
	case r.PostForm.Get("answer") != "allow":
		back.Set("error", "access_denied")
	case acc == nil:
		problem = "400 invalid_request: account"
	default:
		code := g.consent(acc, c, r.PostForm["scope"])
		back.Set("code", code)
		back.Set("scope", g.codes[code].scopes.String())
		back.Set("iss", "https://accounts.google.com")
	}
	if problem != "" {
		renderConsent(w, http.StatusBadRequest, consentView{Problem: problem, Client: c.clientID})
		return
	}
	target, _ := url.Parse(c.redirectURI) // parseConsent made sure
	q := target.Query()
	for k, v := range back {
		q[k] = v
	}
	target.RawQuery = q.Encode()
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

// consent records what the person allowed and makes the code.
func (g *Google) consent(acc *account, c consentRequest, ticked []string) string {
	scopes := scopeSet{}
	for _, s := range c.scopes {
		if isSignIn(s) || slices.Contains(ticked, s) {
			scopes[s] = true
		}
	}
	openid := scopes["openid"]
	first := !acc.consents[c.clientID]
	if c.include {
		scopes.add(acc.granted)
	}
	acc.granted.add(scopes)
	acc.consents[c.clientID] = true
	code := "4/0standin-" + randomHex(24)
	g.codes[code] = &authCode{
		clientID: c.clientID, redirectURI: c.redirectURI, challenge: c.challenge, account: acc,
		scopes: scopes, openid: openid, offline: c.offline && (first || c.forced), expires: g.now().Add(codeLife),
	}
	return code
}

// Choice is what a person does on the consent page.
type Choice struct {
	Email  string   // the account picked; empty: the one login_hint preselects, else the first
	Untick []string // scopes left unticked; short names work
	Deny   bool     // press 취소
}

// Consent acts as a browser at authURL: it opens the consent page, chooses, and
// returns where Google redirects to, without going there. A page without a way on
// (unknown client, invalid scope) is an error.
func (g *Google) Consent(ctx context.Context, authURL string, choice Choice) (redirectURL string, err error) {
	u, err := url.Parse(authURL)
	if err != nil {
		return "", fmt.Errorf("consent at %q: %w", authURL, err)
	}
	browser := &http.Client{
		Transport:     &http.Transport{}, // of its own: what is closed below is nobody else's
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer browser.CloseIdleConnections()
	if _, err := visit(ctx, browser, http.MethodGet, authURL, nil); err != nil {
		return "", fmt.Errorf("open consent page: %w", err)
	}
	to, err := visit(ctx, browser, http.MethodPost, authURL, g.fillIn(u.Query(), choice))
	if err != nil {
		return "", fmt.Errorf("answer consent page: %w", err)
	}
	if to == "" {
		return "", errors.New("answer consent page: no redirect")
	}
	return to, nil
}

func (g *Google) fillIn(q url.Values, choice Choice) url.Values {
	form := url.Values{"answer": {"allow"}, "account": {choice.Email}}
	if choice.Deny {
		form.Set("answer", "deny")
	}
	if choice.Email == "" {
		g.lock.Lock()
		if a := g.hinted(q.Get("login_hint")); a != nil {
			form.Set("account", a.Email)
		}
		g.lock.Unlock()
	}
	left := newScopeSet(choice.Untick...)
	for _, s := range strings.Fields(q.Get("scope")) {
		if s = canonicalScope(s); !isSignIn(s) && !left[s] {
			form.Add("scope", s)
		}
	}
	return form
}

// visit sends one request and returns where it redirects to, if it does; a status of
// 400 or more is an error.
func visit(ctx context.Context, c *http.Client, method, at string, form url.Values) (location string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("%s: %w", method, err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s: %w", method, err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return "", fmt.Errorf("%s: %w", method, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("%s: %s", method, resp.Status)
	}
	return resp.Header.Get("Location"), nil
}

func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return "?"
}
