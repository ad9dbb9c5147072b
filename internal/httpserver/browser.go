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

// consentCookie begins the name of the cookie by which the browser that began a consent is known again. The
// rest tells apart consents begun in several tabs.
const consentCookie = "achim_consent_"

// rememberBrowser leaves a cookie that only the browser sent to address has.
func rememberBrowser(w http.ResponseWriter, address string) {
	u, err := url.Parse(address)
	if err != nil {
		return
	}
	name, value := consentMark(u.Query().Get("state"))
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: 24 * 60 * 60, HttpOnly: true, Secure: true,
		SameSite: http.SameSiteLaxMode, // it must come along on Google's redirect, a navigation from another site
	})
}

// knowsBrowser reports whether a consent's answer may come from this browser: the one it was begun in, or any
// for a consent that a program began.
func knowsBrowser(r *http.Request, state string) bool {
	if !strings.HasPrefix(state, briefing.BrowserState) {
		return true
	}
	name, value := consentMark(state)
	cookie, err := r.Cookie(name)
	return err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(value)) == 1
}

// consentMark returns name and value of the cookie of a state. Both are digests: the state itself stays
// between us and Google.
func consentMark(state string) (name, value string) {
	sum := sha256.Sum256([]byte("browser of " + state))
	digest := hex.EncodeToString(sum[:])
	return consentCookie + digest[:8], digest[8:]
}
