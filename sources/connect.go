package sources

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"achim/briefing"
)

const (
	consentLife  = 10 * time.Minute // of a state, and of a question
	probeTimeout = 10 * time.Second
	saveTries    = 5 // of storing onto a row that others write meanwhile
)

var (
	errNoRefreshToken = errors.New("google gave no refresh token")
	errRestless       = &briefing.Error{Op: "save grant", Reason: briefing.Unavailable, Err: errors.New("the row in the store keeps changing")}
)

// Begin implements briefing.Connector.
func (g *Google) Begin(ctx context.Context, req briefing.ConnectRequest) (string, error) {
	reader, err := g.store.Reader(ctx, string(req.Reader))
	if err != nil {
		return "", fmt.Errorf("begin consent of %s: %w", req.Reader, err)
	}
	if g.cfg.ClientID == "" {
		return "", &briefing.Error{Op: "begin consent", Reason: briefing.ClientMisconfigured, Err: errors.New("no client id is configured")}
	}
	stored, err := g.prior(ctx, reader.ID)
	if err != nil {
		return "", fmt.Errorf("begin consent of %s: %w", reader.ID, err)
	}
	state, verifier := rand.Text()+rand.Text(), oauth2.GenerateVerifier() // each Text holds 128 random bits
	if req.Browser {
		state = briefing.BrowserState + state
	}
	err = g.store.SaveConsent(ctx, briefing.Consent{
		StateHash: hashState(state), Reader: reader.ID, Verifier: briefing.NewSecret(verifier),
		Switch: req.SwitchAccount, Vouched: req.Vouched, ExpiresAt: g.cfg.Now().Add(consentLife),
	})
	if err != nil {
		return "", fmt.Errorf("save consent of %s: %w", reader.ID, err)
	}
	conf := g.oauth(briefing.Credential{})
	conf.Scopes = union(g.cfg.Scopes, stored.Scopes)
	options := []oauth2.AuthCodeOption{
		oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("include_granted_scopes", "true"),
	}
	if prompt := g.prompt(stored, req.SwitchAccount); prompt != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", prompt))
	}
	if hint := firstOf(stored.Email, reader.Email); hint != "" && !req.SwitchAccount {
		options = append(options, oauth2.SetAuthURLParam("login_hint", hint))
	}
	return conf.AuthCodeURL(state, options...), nil
}

// prompt decides whether Google must ask the person again even if they have agreed before. Only then does
// it issue a new refresh token; asked every time people would be annoyed, and every consent counts towards
// the hundred tokens an account may have.
func (g *Google) prompt(stored briefing.Credential, switching bool) string {
	usable := g.usable(stored) && (stored.Email != "" || stored.Subject != "") // else nobody knows whose it is
	grows := len(missingScopes(g.cfg.Scopes, stored.Holds())) > 0
	ending := !stored.State.EndsAt.IsZero() // a renewal: the old refresh token would end all the same
	switch {
	case switching:
		return "select_account consent"
	case !usable, grows, ending:
		return "consent"
	}
	return ""
}

// usable reports whether a stored grant would go on working without another consent, as far as is known.
func (g *Google) usable(stored briefing.Credential) bool {
	return !stored.RefreshToken.IsZero() && stored.State.DeadSince.IsZero() && !g.foreign(stored)
}

// prior returns the reader's stored grant, zero when there is none. A row that cannot be read is just what connecting
// again mends: of it no token is returned, but whose account it is, and the scopes that other programs live on.
func (g *Google) prior(ctx context.Context, reader briefing.ReaderID) (briefing.Credential, error) {
	stored, err := g.credential(ctx, reader)
	switch {
	case errors.Is(err, briefing.ErrNotFound):
		return briefing.Credential{}, nil
	case errors.Is(err, briefing.Malformed):
		return withoutTokens(stored), nil
	}
	return stored, err
}

// Finish implements briefing.Connector. The state is looked at first, also when Google reports an error:
// anybody can send a browser here with any words.
func (g *Google) Finish(ctx context.Context, answer briefing.ConnectAnswer) (briefing.Connection, error) {
	consent, reader, err := g.takeConsent(ctx, answer.State)
	if err != nil {
		return briefing.Connection{}, err
	}
	c := consented{reader: reader, switching: consent.Switch, vouched: consent.Vouched}
	switch {
	case answer.Error != "":
		return briefing.Connection{}, c.fail(redirectFault(tame(answer.Error)), nil)
	case answer.Code == "":
		return briefing.Connection{}, c.fail(briefing.ConnectStateUnknown, nil) // half an address
	}
	if c.prior, err = g.prior(ctx, reader.ID); err != nil {
		return briefing.Connection{}, fmt.Errorf("finish consent of %s: %w", reader.ID, err)
	}
	token, err := g.exchange(ctx, consent, answer.Code)
	if err != nil {
		return briefing.Connection{}, c.fail(exchangeFault(err), err)
	}
	if c.who, err = g.identify(ctx, token); err != nil {
		return briefing.Connection{}, c.fail(exchangeFault(err), err)
	}
	c.grant = g.granted(ctx, c, token)
	return g.settle(ctx, c)
}

// granted is what Google gave, as it is stored.
func (g *Google) granted(ctx context.Context, c consented, token *oauth2.Token) briefing.Credential {
	now := g.cfg.Now()
	scopes := grantedScopes(token)
	if len(scopes) == 0 {
		// RFC 6749 5.1: left out means exactly what was asked for.
		scopes = union(g.cfg.Scopes, c.prior.Holds())
	}
	grant := briefing.Credential{
		ReaderID: c.reader.ID, AccessToken: briefing.NewSecret(token.AccessToken),
		Scopes: scopes, Email: c.who.Email, Subject: c.who.Subject,
		State: briefing.CredentialState{Expiry: expiryOf(token, now), EndsAt: g.endOfNew(ctx, token, now), GrantedAt: now, CheckedAt: now,
			Granted: strings.Join(grantedScopes(token), " ")},
	}
	if token.RefreshToken != "" {
		grant.RefreshToken = briefing.NewSecret(token.RefreshToken)
	}
	return grant
}

// settle decides what becomes of a grant: refused, stored, or kept apart until somebody says yes. Stored at once is
// what is of the account that was expected; and, where none was, what a program with a bearer vouches for.
func (g *Google) settle(ctx context.Context, c consented) (briefing.Connection, error) {
	owner := c.owner()
	switch {
	case !g.mayConnect(c.who):
		return briefing.Connection{}, g.refuse(ctx, c, briefing.ConnectDomain)
	case owner == ownerOther && !c.switching:
		return briefing.Connection{}, g.refuse(ctx, c, briefing.ConnectWrongAccount)
	case len(lacking(c.grant.Scopes)) == 2:
		return briefing.Connection{}, c.fail(briefing.ConnectNothing, nil)
	case owner == ownerSame || owner == ownerUnknown && c.vouched:
		return g.connect(ctx, c)
	}
	return g.ask(ctx, c)
}

// connect stores the grant and probes it.
func (g *Google) connect(ctx context.Context, c consented) (briefing.Connection, error) {
	if g.narrows(ctx, c) {
		if c.ticket != "" { // answered, though nothing of it is needed
			if _, err := g.store.TakePending(ctx, c.ticket, g.cfg.Now()); err != nil {
				return briefing.Connection{}, fmt.Errorf("take a grant to be confirmed: %w", err)
			}
		}
		c.grant.Scopes = c.prior.Holds()
		return g.probe(ctx, c), nil
	}
	switch err := g.keep(ctx, c); {
	case errors.Is(err, briefing.ErrFenced):
		return g.again(ctx, c)
	case errors.Is(err, briefing.ErrNotFound): // since the consent came back: asking Google takes its time
		c.reader = briefing.Reader{}
		return briefing.Connection{}, g.refuse(ctx, c, briefing.ConnectReaderGone)
	case err != nil:
		return briefing.Connection{}, err
	}
	return g.probe(ctx, c), nil
}

// again decides anew about a grant that could not be stored because something else has become of the row, or of the
// question, since they were looked at.
func (g *Google) again(ctx context.Context, c consented) (briefing.Connection, error) {
	if c.tries++; c.tries == saveTries {
		return briefing.Connection{}, errRestless
	}
	if c.ticket != "" {
		return g.confirm(ctx, c.ticket, c.tries)
	}
	var err error
	if c.prior, err = g.prior(ctx, c.reader.ID); err != nil {
		return briefing.Connection{}, fmt.Errorf("grant before the one consented to: %w", err)
	}
	return g.settle(ctx, c)
}

// narrows reports whether storing the grant would take scopes from the row that it has now, and that other programs
// may live on. Listed scopes are hints, and a grant may have died unnoticed: only a refresh tells, so a grant that
// lists more than was just given is asked about. One that ends anyway has nothing to keep.
func (g *Google) narrows(ctx context.Context, c consented) bool {
	if len(missingScopes(c.prior.Holds(), c.grant.Scopes)) == 0 || !g.usable(c.prior) || c.earlier() != ownerSame || !c.prior.State.EndsAt.IsZero() {
		return false
	}
	now, err := g.access(ctx, c.reader.ID, c.prior.AccessToken.Reveal())
	if err != nil {
		return briefing.ReasonOf(err) != briefing.ReauthRequired // in doubt nothing is taken away
	}
	return len(missingScopes(now.Holds(), c.grant.Scopes)) > 0
}

// takeConsent uses up the consent a state stands for and finds its reader. Its errors are those of Finish.
func (g *Google) takeConsent(ctx context.Context, state string) (briefing.Consent, briefing.Reader, error) {
	nobodys := func(fault briefing.ConnectFault) (briefing.Consent, briefing.Reader, error) {
		return briefing.Consent{}, briefing.Reader{}, &briefing.ConnectError{Fault: fault}
	}
	if state == "" {
		return nobodys(briefing.ConnectStateUnknown)
	}
	consent, err := g.store.TakeConsent(ctx, hashState(state), g.cfg.Now())
	if errors.Is(err, briefing.ErrNotFound) {
		return nobodys(briefing.ConnectStateUnknown)
	}
	if err != nil {
		return briefing.Consent{}, briefing.Reader{}, fmt.Errorf("take consent: %w", err)
	}
	reader, err := g.store.Reader(ctx, string(consent.Reader))
	switch {
	case errors.Is(err, briefing.ErrNotFound):
		return nobodys(briefing.ConnectReaderGone)
	case err != nil:
		return briefing.Consent{}, briefing.Reader{}, fmt.Errorf("reader of a consent: %w", err)
	}
	c := consented{reader: reader, switching: consent.Switch}
	switch {
	case !consent.UsedAt.IsZero():
		return briefing.Consent{}, briefing.Reader{}, c.fail(briefing.ConnectStateUsed, nil)
	case !g.cfg.Now().Before(consent.ExpiresAt):
		return briefing.Consent{}, briefing.Reader{}, c.fail(briefing.ConnectStateExpired, nil)
	}
	return consent, reader, nil
}

// exchange turns the code into tokens.
func (g *Google) exchange(ctx context.Context, consent briefing.Consent, code string) (*oauth2.Token, error) {
	conf := g.oauth(briefing.Credential{})
	token, err := conf.Exchange(context.WithValue(ctx, oauth2.HTTPClient, g.token), code,
		oauth2.VerifierOption(consent.Verifier.Reveal()))
	if err != nil {
		return nil, tokenError("exchange code", err, g.cfg.Now())
	}
	return token, nil
}

// keep stores the grant, with what is known of it. Google gives no refresh token to somebody who has agreed before; then
// the stored one goes on working. ErrFenced and ErrNotFound are those of the store.
func (g *Google) keep(ctx context.Context, c consented) error {
	grant := c.grant
	grant.ClientID, grant.ClientSecret = g.cfg.ClientID, g.cfg.ClientSecret
	grant.Version = c.prior.Version
	if grant.RefreshToken.IsZero() {
		return g.goOn(ctx, c, grant)
	}
	save := g.store.SaveConsented
	if c.ticket != "" {
		save = func(ctx context.Context, grant briefing.Credential) error {
			return g.store.ConfirmPending(ctx, c.ticket, grant, g.cfg.Now())
		}
	}
	if err := save(ctx, grant); err != nil {
		return fmt.Errorf("save grant of %s: %w", c.reader.ID, err)
	}
	return nil
}

// goOn stores a grant without a refresh token onto the row whose own goes on: it is of the same account and client, and
// Google does not say that it has died. Any process may put another refresh token there at any time, so it is the row
// that keeps it, and nothing is written over one that nobody has looked at.
func (g *Google) goOn(ctx context.Context, c consented, grant briefing.Credential) error {
	lasts := func() bool { return g.usable(c.prior) && c.earlier() == ownerSame }
	if !lasts() || g.died(ctx, c) {
		return c.fail(briefing.ConnectExchange, errNoRefreshToken)
	}
	for range saveTries {
		// Read again: asking Google may have brought a new refresh token, too.
		var err error
		if c.prior, err = g.prior(ctx, c.reader.ID); err != nil {
			return fmt.Errorf("grant that goes on: %w", err)
		}
		if !lasts() {
			return c.fail(briefing.ConnectExchange, errNoRefreshToken)
		}
		grant.Version = c.prior.Version
		if err = g.store.SaveConsented(ctx, grant); errors.Is(err, briefing.ErrFenced) {
			continue
		}
		if err != nil {
			return fmt.Errorf("save grant of %s: %w", c.reader.ID, err)
		}
		grant.RefreshToken = c.prior.RefreshToken
		if c.reader.ErasedAt.IsZero() { // else it is to end, unless somebody has connected it since
			grant.State.GrantedAt = c.prior.State.GrantedAt // the grant is the one of then
		}
		if grant.State.EndsAt.IsZero() {
			grant.State.EndsAt = c.prior.State.EndsAt
		}
		// The grant is stored whatever comes of this: what is known of it the next refresh tells as well.
		_ = g.store.SaveCredentialState(ctx, grant)
		return nil
	}
	return errRestless
}

// died asks Google whether the stored grant is dead, and remembers it.
func (g *Google) died(ctx context.Context, c consented) bool {
	_, err := g.access(ctx, c.reader.ID, c.prior.AccessToken.Reveal())
	return briefing.ReasonOf(err) == briefing.ReauthRequired
}

// probe reads what the connected page is about to claim. What cannot be read just now is not claimed; the
// grant is stored all the same.
func (g *Google) probe(ctx context.Context, c consented) briefing.Connection {
	found := briefing.Connection{Reader: c.reader, Email: c.grant.Email, Missing: lacking(c.grant.Scopes)}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	s, err := g.open(ctx, c.reader.ID)
	if err != nil {
		return found
	}
	if grantsMail(c.grant.Scopes) {
		found.MailOK = probeMail(ctx, s) == nil
	}
	if grantsCalendar(c.grant.Scopes) {
		found.Calendars = probeCalendars(ctx, s)
	}
	return found
}

func hashState(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}

// firstOf returns the first of the strings that is not empty.
func firstOf(options ...string) string {
	for _, s := range options {
		if s != "" {
			return s
		}
	}
	return ""
}
