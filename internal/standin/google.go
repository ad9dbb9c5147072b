package standin

import (
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	accessLife    = 3599 * time.Second // what Google answers, not a round hour
	codeLife      = 10 * time.Minute
	maxRefresh    = 100 // live refresh tokens per account and client; one more kills the oldest
	projectNumber = "100200300400"
)

// Google is a stand-in for one Google Cloud project and the accounts that may
// connect to it. It is an http.Handler; give it to Serve.
type Google struct {
	Faults

	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// RefreshTokenExpiresIn, when set, ends refresh tokens issued from then on after
	// so long and announces it as refresh_token_expires_in (an app in "Testing").
	RefreshTokenExpiresIn time.Duration
	// PageSize, when set, caps every page, whatever maxResults says.
	PageSize int

	mux *http.ServeMux

	lock     sync.Mutex // guards what follows; Faults has its own
	primary  string     // the client Grant issues for
	clients  map[string]string
	accounts []*account
	byEmail  map[string]*account
	codes    map[string]*authCode
	access   map[string]*issued
	refresh  map[string]*issued
	gone     map[string]bool    // refresh tokens that once worked
	disabled map[string]bool    // "gmail", "calendar"
	holidays map[string][]Event // of the public calendars, by id
	serial   int
}

// Endpoints are the addresses to configure a client with. The first four are whole
// URLs; GmailURL and CalendarURL are bases, below which /gmail/v1/… and
// /calendar/v3/… follow.
type Endpoints struct {
	AuthURL, TokenURL, RevokeURL, UserinfoURL, GmailURL, CalendarURL string
}

// Account is a person's Google account. Subject defaults to a number made from the
// address, Name to the part before the @, Calendars to one empty primary one.
type Account struct {
	Email   string
	Subject string // the OIDC sub
	Name    string
	Mail    []Mail
	// Calendars: the primary one should have the Email as its ID (an empty ID
	// becomes it). Without any, an empty primary calendar is made.
	Calendars []Calendar
	// Personal is an account that belongs to no organisation although its address is not at gmail.com: anybody
	// may make one with an address they receive mail at. Others are named an organisation's, in hd.
	Personal bool
	// NoGmail is an account whose Gmail is switched off: 400 "Mail service not enabled".
	NoGmail bool
}

// Token is a grant as a program that connected earlier would have stored it.
type Token struct {
	AccessToken, RefreshToken string
	Expiry                    time.Time
	Scopes                    []string // Google's spelling, sorted
}

// account is an Account with its state at Google: what was granted to the project.
type account struct {
	Account
	granted  scopeSet
	consents map[string]bool // clients that were consented to
	live     []*issued       // refresh tokens, oldest first
}

// issued is an access or refresh token.
type issued struct {
	value    string
	clientID string
	account  *account
	scopes   scopeSet
	expires  time.Time // zero: never
}

// NewGoogle is a project with one OAuth client and no accounts.
func NewGoogle(clientID, clientSecret string) *Google {
	g := &Google{
		primary:  clientID,
		clients:  map[string]string{clientID: clientSecret},
		byEmail:  map[string]*account{},
		codes:    map[string]*authCode{},
		access:   map[string]*issued{},
		refresh:  map[string]*issued{},
		gone:     map[string]bool{},
		disabled: map[string]bool{},
		holidays: map[string][]Event{},
	}
	g.Faults.fill = googleFill
	g.routes()
	return g
}

func (g *Google) routes() {
	g.mux = http.NewServeMux()
	route := func(pattern, op string, h http.HandlerFunc) {
		g.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { g.through(op, w, r, h) })
	}
	route("GET /o/oauth2/v2/auth", "auth", g.consentPage)
	route("POST /o/oauth2/v2/auth", "auth", g.consentAnswer)
	route("POST /token", "token", g.token)
	route("/revoke", "revoke", g.revoke)
	route("/v1/userinfo", "userinfo", g.userinfo)
	const gmail, cal = "/gmail/v1/users/{user}", "/calendar/v3"
	route("GET "+gmail+"/messages", "gmail.messages.list", g.messagesList)
	route("GET "+gmail+"/messages/{id}", "gmail.messages.get", g.messagesGet)
	route("GET "+gmail+"/profile", "gmail.getProfile", g.profile)
	route("GET "+gmail+"/labels", "gmail.labels.list", g.labels)
	route("GET "+cal+"/users/me/calendarList", "calendar.calendarList.list", g.calendarList)
	g.mux.HandleFunc("GET "+cal+"/calendars/{cal}/events", func(w http.ResponseWriter, r *http.Request) {
		op := "calendar.events.list"
		if publicHolidays(r.PathValue("cal")) {
			op = "calendar.holidays.list"
		}
		g.through(op, w, r, g.eventsList)
	})
	route("POST "+cal+"/calendars/{cal}/events", "calendar.events.insert", g.eventsInsert)
	route("GET "+cal+"/calendars/{cal}/events/{id}", "calendar.events.get", g.eventsGet)
	g.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		g.through(r.URL.Path, w, r, func(w http.ResponseWriter, _ *http.Request) {
			apiError{code: 404, reason: "notFound", message: "Not Found"}.write(w)
		})
	})
}

// ServeHTTP answers as Google, on every path Endpoints names. The Date of an answer is Google's own: Now's.
func (g *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", g.now().UTC().Format(http.TimeFormat))
	g.mux.ServeHTTP(w, r)
}

// Handler is g itself, for symmetry with code that mounts handlers.
func (g *Google) Handler() http.Handler { return g }

// Endpoints are the addresses when g is served at base (Server.URL).
func (g *Google) Endpoints(base string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{
		AuthURL:     base + "/o/oauth2/v2/auth",
		TokenURL:    base + "/token",
		RevokeURL:   base + "/revoke",
		UserinfoURL: base + "/v1/userinfo",
		GmailURL:    base,
		CalendarURL: base,
	}
}

// AddClient adds a further OAuth client to the project. Tokens belong to the client
// they were issued to: another one refreshing them gets unauthorized_client.
func (g *Google) AddClient(id, secret string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.clients[id] = secret
}

// RemoveClient deletes a client, as Google does after six months of silence: its
// tokens answer deleted_client from now on.
func (g *Google) RemoveClient(id string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	delete(g.clients, id)
	g.disabled["client:"+id] = true
}

// AddAccount adds an account, or replaces the content of the one with this address
// and keeps what it granted.
func (g *Google) AddAccount(a Account) {
	g.lock.Lock()
	defer g.lock.Unlock()
	mail, calendars := a.Mail, a.Calendars
	a.Mail, a.Calendars = nil, nil
	if a.Subject == "" {
		a.Subject = subjectFor(a.Email)
	}
	if a.Name == "" {
		a.Name, _, _ = strings.Cut(a.Email, "@")
	}
	acc := g.find(a.Email)
	if acc == nil {
		acc = &account{granted: scopeSet{}, consents: map[string]bool{}}
		g.accounts = append(g.accounts, acc)
		g.byEmail[strings.ToLower(a.Email)] = acc
	}
	acc.Account = a
	if len(calendars) == 0 {
		calendars = []Calendar{{Primary: true, Selected: true}}
	}
	for _, c := range calendars {
		acc.addCalendar(c)
	}
	g.addMail(acc, mail)
}

// AddMail puts mail into an account; unknown addresses are ignored.
func (g *Google) AddMail(email string, mail ...Mail) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if acc := g.find(email); acc != nil {
		g.addMail(acc, mail)
	}
}

// AddEvent puts an event into a calendar ("primary" works), replacing one with the
// same ID. A calendar or account that is not there is ignored.
func (g *Google) AddEvent(email, calendarID string, e Event) {
	g.lock.Lock()
	defer g.lock.Unlock()
	acc := g.find(email)
	if acc == nil {
		return
	}
	if c := acc.calendar(calendarID); c != nil {
		g.serial++
		c.put(e, g.serial)
	}
}

// AddHolidays puts events into one of the calendars of public holidays that everybody may read, such as
// ko.south_korea.official#holiday@group.v.calendar.google.com. Without, it is there and empty.
func (g *Google) AddHolidays(calendarID string, events ...Event) {
	g.lock.Lock()
	defer g.lock.Unlock()
	for _, e := range events {
		g.serial++
		g.holidays[calendarID] = append(g.holidays[calendarID], e.withDefaults(g.serial))
	}
}

// Grant is a consent given earlier: the account grants the scopes to the first
// client and the tokens are returned. Scopes may be short ("gmail.readonly"); none
// means openid, email, gmail.readonly and calendar.readonly. An unknown account
// gets a zero Token.
func (g *Google) Grant(email string, scopes ...string) Token {
	g.lock.Lock()
	defer g.lock.Unlock()
	acc := g.find(email)
	if acc == nil {
		return Token{}
	}
	if len(scopes) == 0 {
		scopes = []string{"openid", "email", "gmail.readonly", "calendar.readonly"}
	}
	set := newScopeSet(scopes...)
	acc.granted.add(set)
	acc.consents[g.primary] = true
	r := g.issueRefresh(acc, g.primary, set)
	a := g.issueAccess(r)
	return Token{AccessToken: a.value, RefreshToken: r.value, Expiry: a.expires, Scopes: set.list()}
}

// Revoke withdraws everything the account granted to the project: refreshing gives
// invalid_grant, access tokens give 401, and the next consent is a first one again.
func (g *Google) Revoke(email string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if acc := g.find(email); acc != nil {
		g.revokeAccount(acc)
	}
}

func (g *Google) revokeAccount(acc *account) {
	acc.granted, acc.consents = scopeSet{}, map[string]bool{}
	for _, r := range acc.live {
		delete(g.refresh, r.value)
		g.gone[r.value] = true
	}
	acc.live = nil
	g.dropAccess(func(a *issued) bool { return a.account == acc })
}

// ExpireAccess ends the account's access tokens only: they give 401, refreshing works.
func (g *Google) ExpireAccess(email string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	acc := g.find(email)
	g.dropAccess(func(a *issued) bool { return a.account == acc })
}

// DropScope takes a scope away from the account's tokens, those already issued
// included: calls that need it give 403 ACCESS_TOKEN_SCOPE_INSUFFICIENT until the
// person consents to it again.
func (g *Google) DropScope(email, scope string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	acc, scope := g.find(email), canonicalScope(scope)
	if acc == nil {
		return
	}
	delete(acc.granted, scope)
	for _, tokens := range []map[string]*issued{g.access, g.refresh} {
		for _, t := range tokens {
			if t.account == acc {
				delete(t.scopes, scope)
			}
		}
	}
}

// DisableAPI switches "gmail" or "calendar" off in the project: 403 accessNotConfigured.
func (g *Google) DisableAPI(api string) { g.setDisabled(api, true) }

// EnableAPI switches it on again.
func (g *Google) EnableAPI(api string) { g.setDisabled(api, false) }

func (g *Google) setDisabled(api string, off bool) {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.disabled[api] = off
}

func (g *Google) now() time.Time {
	if g.Now != nil {
		return g.Now()
	}
	return time.Now()
}

func (g *Google) find(email string) *account { return g.byEmail[strings.ToLower(email)] }

func (g *Google) dropAccess(which func(*issued) bool) {
	for v, a := range g.access {
		if which(a) {
			delete(g.access, v)
		}
	}
}

func (g *Google) issueRefresh(acc *account, client string, scopes scopeSet) *issued {
	r := &issued{value: "1//standin-" + randomHex(24), clientID: client, account: acc, scopes: scopes.clone()}
	if g.RefreshTokenExpiresIn > 0 {
		r.expires = g.now().Add(g.RefreshTokenExpiresIn)
	}
	g.refresh[r.value] = r
	acc.live = append(acc.live, r)
	mine := 0
	for i := len(acc.live) - 1; i >= 0; i-- {
		old := acc.live[i]
		if old.clientID != client {
			continue
		}
		if mine++; mine > maxRefresh {
			delete(g.refresh, old.value)
			g.gone[old.value] = true
			acc.live = slices.Delete(acc.live, i, i+1)
		}
	}
	return r
}

func (g *Google) issueAccess(from *issued) *issued {
	a := &issued{
		value: "standin-at-" + randomHex(24), clientID: from.clientID, account: from.account,
		scopes: from.scopes.clone(), expires: g.now().Add(accessLife),
	}
	g.access[a.value] = a
	return a
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

// subjectFor makes the 21 digits of a sub from an address, always the same ones.
func subjectFor(email string) string {
	n := new(big.Int).SetBytes([]byte(strings.ToLower(email)))
	digits := n.Mod(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)).String()
	return "1" + strings.Repeat("0", 20-len(digits)) + digits
}
