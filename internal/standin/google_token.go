package standin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// authCode is what a consent left behind, waiting to be exchanged.
type authCode struct {
	clientID, redirectURI string
	challenge             string // PKCE S256; empty when none was sent
	account               *account
	scopes                scopeSet // what the code's tokens will cover
	openid                bool
	offline               bool // a refresh token goes with it
	expires               time.Time
}

func (g *Google) token(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if err := r.ParseForm(); err != nil {
		oauthFail(w, 400, "invalid_request", "Bad Request")
		return
	}
	if !g.clientOK(w, r) {
		return
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		g.exchange(w, r)
	case "refresh_token":
		g.renew(w, r)
	default:
		oauthFail(w, 400, "unsupported_grant_type", "Invalid grant_type: "+r.PostForm.Get("grant_type"))
	}
}

// clientOK checks the client credentials in the form; there is no Basic, as the
// project's client is configured to send parameters.
func (g *Google) clientOK(w http.ResponseWriter, r *http.Request) bool {
	id := r.PostForm.Get("client_id")
	secret, known := g.clients[id]
	switch {
	case id == "":
		oauthFail(w, 400, "invalid_request", "Could not determine client ID from request.")
	case g.disabled["client:"+id]:
		oauthFail(w, 401, "deleted_client", "The OAuth client was deleted.")
	case !known:
		oauthFail(w, 401, "invalid_client", "The OAuth client was not found.")
	case subtle.ConstantTimeCompare([]byte(secret), []byte(r.PostForm.Get("client_secret"))) != 1:
		oauthFail(w, 401, "invalid_client", "Unauthorized")
	default:
		return true
	}
	return false
}

func (g *Google) exchange(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	c := g.codes[form.Get("code")]
	delete(g.codes, form.Get("code")) // single use, also when the rest of the request is wrong
	switch {
	case c == nil, c.clientID != form.Get("client_id"), !g.now().Before(c.expires):
		oauthFail(w, 400, "invalid_grant", "Malformed auth code.")
		return
	case c.redirectURI != form.Get("redirect_uri"):
		oauthFail(w, 400, "redirect_uri_mismatch", "Bad Request")
		return
	case c.challenge != "" && form.Get("code_verifier") == "":
		oauthFail(w, 400, "invalid_grant", "Missing code verifier.")
		return
	case c.challenge != "" && s256(form.Get("code_verifier")) != c.challenge:
		oauthFail(w, 400, "invalid_grant", "Invalid code verifier.")
		return
	}
	source := &issued{clientID: c.clientID, account: c.account, scopes: c.scopes}
	out := map[string]any{}
	if c.offline {
		source = g.issueRefresh(c.account, c.clientID, c.scopes)
		out["refresh_token"] = source.value
	}
	g.answerToken(w, out, source, c.openid)
}

func (g *Google) renew(w http.ResponseWriter, r *http.Request) {
	value := r.PostForm.Get("refresh_token")
	t := g.refresh[value]
	switch {
	case value == "":
		oauthFail(w, 400, "invalid_request", "Missing required parameter: refresh_token")
		return
	case t == nil && g.gone[value], t != nil && !t.expires.IsZero() && !g.now().Before(t.expires):
		oauthFail(w, 400, "invalid_grant", "Token has been expired or revoked.")
		return
	case t == nil:
		oauthFail(w, 400, "invalid_grant", "Bad Request")
		return
	case t.clientID != r.PostForm.Get("client_id"):
		oauthFail(w, 401, "unauthorized_client", "Unauthorized")
		return
	}
	source := *t
	if asked := r.PostForm.Get("scope"); asked != "" {
		source.scopes = newScopeSet(asked)
		if !t.scopes.covers(source.scopes) {
			oauthFail(w, 400, "invalid_scope", "Some requested scopes were invalid.")
			return
		}
	}
	g.answerToken(w, map[string]any{}, &source, source.scopes["openid"])
}

// answerToken issues an access token under source and writes the response.
func (g *Google) answerToken(w http.ResponseWriter, out map[string]any, source *issued, openid bool) {
	a := g.issueAccess(source)
	out["access_token"] = a.value
	out["expires_in"] = int(accessLife / time.Second)
	out["token_type"] = "Bearer"
	out["scope"] = a.scopes.String()
	if !source.expires.IsZero() {
		out["refresh_token_expires_in"] = int(source.expires.Sub(g.now()) / time.Second)
	}
	if openid {
		out["id_token"] = g.idToken(a)
	}
	w.Header().Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	writeJSON(w, out)
}

// idToken has the shape of a JWT and no signature worth the name: our clients take
// it over TLS from the token endpoint, where the signature need not be checked.
func (g *Google) idToken(a *issued) string {
	now := g.now().Unix()
	claims := identity(a)
	claims["iss"], claims["aud"], claims["azp"] = "https://accounts.google.com", a.clientID, a.clientID
	claims["iat"], claims["exp"] = now, now+3600
	part := func(v any) string {
		b, _ := json.Marshal(v) // maps of strings and numbers
		return base64.RawURLEncoding.EncodeToString(b)
	}
	header := map[string]any{"alg": "RS256", "kid": "standin", "typ": "JWT"}
	return part(header) + "." + part(claims) + "." + base64.RawURLEncoding.EncodeToString([]byte("not a signature"))
}

// identity is what the token's scopes let one know about the person.
func identity(a *issued) map[string]any {
	out := map[string]any{"sub": a.account.Subject}
	if a.scopes.any("email") {
		out["email"], out["email_verified"] = a.account.Email, true
		if _, domain, _ := strings.Cut(a.account.Email, "@"); domain != "gmail.com" && !a.account.Personal {
			out["hd"] = domain
		}
	}
	if a.scopes.any("profile") {
		out["name"] = a.account.Name
	}
	return out
}

func (g *Google) userinfo(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t := g.access[token]
	if t == nil || !g.now().Before(t.expires) || !t.scopes.any("openid", "email", "profile") {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
		oauthFail(w, 401, "invalid_request", "Invalid Credentials")
		return
	}
	writeJSON(w, identity(t))
}

// revoke takes an access or a refresh token, and with either withdraws the whole
// project's access to the account: that is Google's rule, not a shortcut.
func (g *Google) revoke(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	token := r.FormValue("token")
	t := g.refresh[token]
	if t == nil {
		t = g.access[token]
	}
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		oauthFail(w, 405, "invalid_request", "Method not allowed")
	case token == "":
		oauthFail(w, 400, "invalid_request", "Missing required parameter: token")
	case t == nil:
		oauthFail(w, 400, "invalid_token", "Token expired or revoked")
	default:
		g.revokeAccount(t.account)
		writeJSON(w, map[string]any{})
	}
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
