package httpserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"achim/briefing"
)

// The beginnings of the names of the cookies by which a browser is known again: the one that began a consent, and the
// one that was asked whether to connect. The rest tells apart what goes on in several tabs. With __Host- browsers take
// them from this very host alone, over https: no neighbour under the same domain can plant one.
const (
	consentCookie = "__Host-achim_consent_"
	ticketCookie  = "__Host-achim_confirm_"
)

// cookieLife is longer than what the cookie belongs to, so that a late return is told that it is late.
const cookieLife = 24 * 60 * 60 // seconds

// rememberBrowser leaves a cookie that only the browser sent to address has.
func rememberBrowser(w http.ResponseWriter, address string) {
	u, err := url.Parse(address)
	if err != nil {
		return
	}
	// Lax: it must come along on Google's redirect, a navigation from another site.
	mark(w, consentCookie, u.Query().Get("state"), http.SameSiteLaxMode)
}

// knowsBrowser reports whether a consent's answer may come from this browser: the one it was begun in, or any
// for a consent that a program began.
func knowsBrowser(r *http.Request, state string) bool {
	return !strings.HasPrefix(state, briefing.BrowserState) || marked(r, consentCookie, state)
}

// mark leaves the cookie of a secret in the browser.
func mark(w http.ResponseWriter, kind, secret string, site http.SameSite) {
	name, value := markOf(kind, secret)
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: cookieLife, HttpOnly: true, Secure: true, SameSite: site})
}

// marked reports whether the browser has the cookie of a secret.
func marked(r *http.Request, kind, secret string) bool {
	name, value := markOf(kind, secret)
	cookie, err := r.Cookie(name)
	return err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(value)) == 1
}

// markOf returns name and value of the cookie of a secret. Both are digests: the secret itself stays where it is.
func markOf(kind, secret string) (name, value string) {
	sum := sha256.Sum256([]byte("browser of " + secret))
	digest := hex.EncodeToString(sum[:])
	return kind + digest[:8], digest[8:]
}
