package sources

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/gmail/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"achim/briefing"
)

// Google's own addresses, for settings left empty.
const (
	googleAuthURL     = "https://accounts.google.com/o/oauth2/v2/auth"
	googleTokenURL    = "https://oauth2.googleapis.com/token" //nolint:gosec // an address, not a credential
	googleRevokeURL   = "https://oauth2.googleapis.com/revoke"
	googleUserinfoURL = "https://openidconnect.googleapis.com/v1/userinfo"
	googleGmailURL    = "https://gmail.googleapis.com"
	googleCalendarURL = "https://www.googleapis.com"
)

const (
	tokenTimeout = 10 * time.Second // of a call to the token endpoint, whatever deadline its caller has
	longestAPI   = 16 << 20         // bytes; no answer we ask for comes near
	longestToken = 1 << 20
	userAgent    = "achim/1 (self-hosted daily briefing)"
)

// GoogleConfig is the operator's Google project and, for tests and proxies, where Google is.
type GoogleConfig struct {
	ClientID     string
	ClientSecret briefing.Secret
	RedirectURL  string
	Scopes       []string // asked for at consent; nil = DefaultScopes

	// AuthURL, TokenURL, RevokeURL and UserinfoURL are whole addresses; GmailURL and CalendarURL are bases,
	// below which /gmail/v1/ and /calendar/v3/ follow. "" is Google's own.
	AuthURL, TokenURL, RevokeURL, UserinfoURL, GmailURL, CalendarURL string

	Transport http.RoundTripper // under every call; nil = a tuned clone of the default one
	Now       func() time.Time  // nil = time.Now
	// AllowedDomains are the domains of accounts that may be connected; none = any.
	AllowedDomains []string
	// Testing says that Google ends every grant of this client after seven days.
	Testing   bool
	OnRefresh func(err error) // called after every refresh at Google, nil for a good one; may be nil
}

// AccountStore answers what consents and disconnecting need to know beside the grants themselves.
type AccountStore interface {
	// Reader finds one reader by UUID, Slack id or name. ErrNotFound when there is none.
	Reader(ctx context.Context, ref string) (briefing.Reader, error)
	// CredentialsOf returns the grants of all of a reader's rows, each as far as it can be read, or ErrNotFound. Where
	// no token can be read because a key is not here, an error with reason malformed comes beside them.
	CredentialsOf(ctx context.Context, reader briefing.ReaderID) ([]briefing.Credential, error)
	// DeleteCredential forgets the grants of all of the reader's rows and returns them as they were, as far as they
	// could be read. ErrNotFound when there is none.
	DeleteCredential(ctx context.Context, reader briefing.ReaderID) ([]briefing.Credential, error)
	// AccountInUse reports whether a row of anybody but except ("" = nobody) is, or might be, of the same Google
	// account: the same subject, the same address where a subject is unknown, or neither to be compared.
	AccountInUse(ctx context.Context, email, subject string, except briefing.ReaderID) (bool, error)
	// AccountFree reports whether nobody has a grant of the account, or may have one because their row does not
	// say whose account it is, or waits to confirm one.
	AccountFree(ctx context.Context, email, subject string, now time.Time) (bool, error)
}

// GoogleStore is what Google needs of the store.
type GoogleStore interface {
	briefing.CredentialStore
	briefing.ConsentStore
	briefing.RefreshLeases
	briefing.PendingStore
	briefing.ConfirmStore
	AccountStore
	AccountNamer
	TestingStore
}

// AccountNamer keeps whose account a grant is of.
type AccountNamer interface {
	// NameAccount notes it in the row that holds the refresh token of read, unless the row says already, and returns the
	// row as it now is. ErrNotFound when there is none any more.
	NameAccount(ctx context.Context, read briefing.Credential, email, subject string) (briefing.Credential, error)
}

// Google looks after the readers' grants and gives the sources authorised calls. It is safe for
// concurrent use and implements briefing.Credentials and briefing.Connector.
type Google struct {
	cfg   GoogleConfig
	store GoogleStore

	api   *http.Client // to Gmail and Calendar
	token *http.Client // to the token, revoke and userinfo endpoints, with a timeout of its own

	messages                string // what stands before the id in the address of a message
	messageQuery, bodyQuery string // and after it

	flights singleflight.Group // of refreshes, by reader
	asking  sync.RWMutex       // read-locked while Google is asked to refresh and its answer is stored

	asked sync.Map // by reader, when Google was last asked whose account a grant is of that does not say

	making   sync.Once
	services services
	unmade   error
}

// services are the generated clients. They hold no grant, so one of each serves all readers: making one
// reads the environment and costs more than a call.
type services struct {
	gmail    *gmail.Service
	calendar *calendar.Service
}

var (
	_ briefing.Credentials   = (*Google)(nil)
	_ briefing.Connector     = (*Google)(nil)
	_ briefing.GrantVerifier = (*Google)(nil)
)

// DefaultScopes returns the least that lets a briefing read the inbox and all calendars.
func DefaultScopes() []string {
	return []string{"openid", scopePrefix + "userinfo.email", scopePrefix + "gmail.readonly", scopePrefix + "calendar.readonly"}
}

// NewGoogle returns the keeper of the grants in store.
func NewGoogle(cfg GoogleConfig, store GoogleStore) *Google {
	fill := func(setting *string, usual string) {
		if *setting == "" {
			*setting = usual
		}
	}
	fill(&cfg.AuthURL, googleAuthURL)
	fill(&cfg.TokenURL, googleTokenURL)
	fill(&cfg.RevokeURL, googleRevokeURL)
	fill(&cfg.UserinfoURL, googleUserinfoURL)
	fill(&cfg.GmailURL, googleGmailURL)
	fill(&cfg.CalendarURL, googleCalendarURL)
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = DefaultScopes()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Transport == nil {
		cfg.Transport = tunedTransport()
	}
	// Redirects are not followed: nothing we call sends any, and following one could carry a token away.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Google{
		cfg: cfg, store: store,
		api:   &http.Client{Transport: guarded{cfg.Transport, longestAPI}, CheckRedirect: stay},
		token: &http.Client{Transport: guarded{cfg.Transport, longestToken}, CheckRedirect: stay, Timeout: tokenTimeout},

		messages:     strings.TrimSuffix(cfg.GmailURL, "/") + "/gmail/v1/users/me/messages/",
		messageQuery: messageQuery(), bodyQuery: bodyQuery(),
	}
}

// Close waits until what Google is being asked about grants is stored, and drops idle connections. It may be called
// at any time; calls made afterwards open new ones.
func (g *Google) Close() error {
	g.asking.Lock()
	defer g.asking.Unlock()
	if t, ok := g.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	return nil
}

// tunedTransport is the default transport with room for a morning: Google's API hosts get thousands of
// small requests at once, which the default of two idle connections a host would open anew each.
func tunedTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 256
	t.MaxIdleConnsPerHost = 128
	// Masked answers are a kilobyte or two: inflating them costs more than they save.
	t.DisableCompression = true
	return t
}

// clients returns the generated clients, made when first needed.
func (g *Google) clients(ctx context.Context) (services, error) {
	g.making.Do(func() { g.services, g.unmade = g.newServices(ctx) })
	return g.services, g.unmade
}

// newServices makes the generated clients. The trailing slash of the calendar's endpoint matters: without
// it the last segment of the path is replaced.
func (g *Google) newServices(ctx context.Context) (services, error) {
	mail, err := gmail.NewService(ctx, option.WithHTTPClient(g.api),
		option.WithEndpoint(strings.TrimSuffix(g.cfg.GmailURL, "/")+"/"))
	if err != nil {
		return services{}, fmt.Errorf("make gmail client: %w", err)
	}
	events, err := calendar.NewService(ctx, option.WithHTTPClient(g.api),
		option.WithEndpoint(strings.TrimSuffix(g.cfg.CalendarURL, "/")+"/calendar/v3/"))
	if err != nil {
		return services{}, fmt.Errorf("make calendar client: %w", err)
	}
	mail.UserAgent, events.UserAgent = userAgent, userAgent
	return services{mail, events}, nil
}

// oauth returns the client a grant belongs to: the row's own when its id is another than ours, else the
// environment's, whose secret may be newer than the row's. A row never chooses where secrets go.
func (g *Google) oauth(c briefing.Credential) oauth2.Config {
	conf := oauth2.Config{
		ClientID: g.cfg.ClientID, ClientSecret: g.cfg.ClientSecret.Reveal(), RedirectURL: g.cfg.RedirectURL,
		// Set explicitly: probing for the style would make every failing refresh two calls.
		Endpoint: oauth2.Endpoint{AuthURL: g.cfg.AuthURL, TokenURL: g.cfg.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}
	if g.foreign(c) {
		conf.ClientID, conf.ClientSecret = c.ClientID, c.ClientSecret.Reveal()
	}
	return conf
}

// foreign reports whether the grant belongs to another client than the configured one.
func (g *Google) foreign(c briefing.Credential) bool {
	return c.ClientID != "" && c.ClientID != g.cfg.ClientID
}

// session is one reader's authorised calls during one reading. Its zero token is fetched when first
// needed. A call that gets a 401 renews the token once for the whole session.
type session struct {
	google   *Google
	services services
	reader   briefing.ReaderID

	mu         sync.Mutex
	credential briefing.Credential
	renewed    bool
}

// open starts a session: ErrNotConnected for a reader without a grant, else an *Error.
func (g *Google) open(ctx context.Context, reader briefing.ReaderID) (*session, error) {
	clients, err := g.clients(ctx)
	if err != nil {
		return nil, &briefing.Error{Op: "open google session", Reason: briefing.Internal, Err: err}
	}
	credential, err := g.access(ctx, reader, "")
	if errors.Is(err, briefing.ErrNotFound) {
		return nil, briefing.ErrNotConnected
	}
	if err != nil {
		return nil, err
	}
	return &session{google: g, services: clients, reader: reader, credential: credential}, nil
}

// bearer returns the access token to use now.
func (s *session) bearer() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.credential.AccessToken.Reveal()
}

// account returns the address whose grant it is, "" when that is not known.
func (s *session) account() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.credential.Email
}

// renew returns a token to use instead of one that got a 401, "" when there has been one already. Calls
// that run at once and meet the same 401 share one refresh.
func (s *session) renew(ctx context.Context, rejected string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if current := s.credential.AccessToken.Reveal(); current != rejected {
		return current, nil
	}
	if s.renewed {
		return "", nil
	}
	credential, err := s.google.access(ctx, s.reader, rejected)
	if err != nil {
		return "", err
	}
	s.credential, s.renewed = credential, true
	return credential.AccessToken.Reveal(), nil
}

// call runs one GET with the session's token, and once more after a forced refresh when Google answers
// 401. do sets the Authorization header it is given; it may run twice. Errors are *Error.
//
// The header is set call by call, and not by a RoundTripper, because net/http drops it on a redirect to
// another host, which a RoundTripper would follow with the token in hand.
func call[T any](ctx context.Context, s *session, op string, do func(authorize func(http.Header)) (T, error)) (T, error) {
	token := s.bearer()
	answer, err := do(bearerHeader(token))
	if unauthorized(err) {
		fresh, failed := s.renew(ctx, token)
		if failed != nil {
			return answer, failed
		}
		if fresh != "" {
			answer, err = do(bearerHeader(fresh))
		}
	}
	if err != nil {
		return answer, apiError(op, err, s.google.cfg.Now())
	}
	return answer, nil
}

func bearerHeader(token string) func(http.Header) {
	return func(h http.Header) { h.Set("Authorization", "Bearer "+token) }
}

func unauthorized(err error) bool {
	refused, ok := errors.AsType[*googleapi.Error](err)
	if !ok || refused.Code != http.StatusUnauthorized {
		return false
	}
	// A 401 that names the account's state is an answer about the person, not about the token.
	for _, word := range parseRefusal(refused).reasons() {
		if reasonWord(word) == briefing.PolicyBlocked {
			return false
		}
	}
	return true
}
