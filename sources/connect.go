package sources

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"achim/briefing"
)

const (
	consentLife  = 10 * time.Minute
	probeTimeout = 10 * time.Second
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
		Switch: req.SwitchAccount, ExpiresAt: g.cfg.Now().Add(consentLife),
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
	usable := !stored.RefreshToken.IsZero() && stored.State.DeadSince.IsZero() && !g.foreign(stored)
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

// prior returns the reader's stored grant, zero when there is none, and when the row cannot be read: that
// is just what connecting again mends.
func (g *Google) prior(ctx context.Context, reader briefing.ReaderID) (briefing.Credential, error) {
	stored, err := g.credential(ctx, reader)
	if errors.Is(err, briefing.ErrNotFound) || errors.Is(err, briefing.Malformed) {
		return briefing.Credential{}, nil
	}
	return stored, err
}

// consented is a consent that came back with tokens, on its way into the store.
type consented struct {
	reader  briefing.Reader
	consent briefing.Consent
	prior   briefing.Credential
	token   *oauth2.Token
	who     identity
	scopes  []string
}

// Finish implements briefing.Connector. The state is looked at first, also when Google reports an error:
// anybody can send a browser here with any words.
func (g *Google) Finish(ctx context.Context, answer briefing.ConnectAnswer) (briefing.Connection, error) {
	consent, reader, err := g.takeConsent(ctx, answer.State)
	if err != nil {
		return briefing.Connection{}, err
	}
	fail := func(fault briefing.ConnectFault, cause error) (briefing.Connection, error) {
		return briefing.Connection{}, &briefing.ConnectError{Fault: fault, Reader: reader, Err: cause}
	}
	switch {
	case answer.Error == "access_denied":
		return fail(briefing.ConnectDenied, nil)
	case answer.Error != "":
		return fail(briefing.ConnectExchange, &briefing.Error{Op: "consent", Reason: tokenReason(http.StatusBadRequest, tame(answer.Error)),
			Err: &answerError{status: http.StatusBadRequest, code: tame(answer.Error)}})
	case answer.Code == "":
		return fail(briefing.ConnectExchange, errors.New("the redirect brought no code"))
	}
	c := consented{reader: reader, consent: consent}
	if c.prior, err = g.prior(ctx, reader.ID); err != nil {
		return fail(briefing.ConnectExchange, err)
	}
	if c.token, err = g.exchange(ctx, consent, answer.Code); err != nil {
		return fail(briefing.ConnectExchange, err)
	}
	if c.who, err = g.identify(ctx, c.token); err != nil {
		return fail(briefing.ConnectExchange, err)
	}
	if !g.mayConnect(c.who.Email) {
		return briefing.Connection{}, &briefing.ConnectError{Fault: briefing.ConnectDomain, Reader: reader, Chosen: c.who.Email}
	}
	if !c.sameAccount() && !consent.Switch {
		return briefing.Connection{}, &briefing.ConnectError{
			Fault: briefing.ConnectWrongAccount, Reader: reader, Expected: c.prior.Email, Chosen: c.who.Email,
		}
	}
	if c.scopes = grantedScopes(c.token); len(c.scopes) == 0 {
		// RFC 6749 5.1: left out means exactly what was asked for.
		c.scopes = union(g.cfg.Scopes, c.prior.Scopes)
	}
	if len(lacking(c.scopes)) == 2 {
		return fail(briefing.ConnectNothing, nil)
	}
	if err := g.keep(ctx, c); err != nil {
		return fail(briefing.ConnectExchange, err)
	}
	return g.probe(ctx, c), nil
}

// takeConsent uses up the consent a state stands for and finds its reader. Its errors are *ConnectError.
func (g *Google) takeConsent(ctx context.Context, state string) (briefing.Consent, briefing.Reader, error) {
	fail := func(fault briefing.ConnectFault, reader briefing.Reader, cause error) (briefing.Consent, briefing.Reader, error) {
		return briefing.Consent{}, briefing.Reader{}, &briefing.ConnectError{Fault: fault, Reader: reader, Err: cause}
	}
	if state == "" {
		return fail(briefing.ConnectStateUnknown, briefing.Reader{}, nil)
	}
	consent, err := g.store.TakeConsent(ctx, hashState(state), g.cfg.Now())
	if errors.Is(err, briefing.ErrNotFound) {
		return fail(briefing.ConnectStateUnknown, briefing.Reader{}, nil)
	}
	if err != nil {
		return fail(briefing.ConnectExchange, briefing.Reader{}, err)
	}
	reader, err := g.store.Reader(ctx, string(consent.Reader))
	switch {
	case errors.Is(err, briefing.ErrNotFound):
		return fail(briefing.ConnectReaderGone, briefing.Reader{ID: consent.Reader}, nil)
	case err != nil:
		return fail(briefing.ConnectExchange, briefing.Reader{ID: consent.Reader}, err)
	case !consent.UsedAt.IsZero():
		return fail(briefing.ConnectStateUsed, reader, nil)
	case !g.cfg.Now().Before(consent.ExpiresAt):
		return fail(briefing.ConnectStateExpired, reader, nil)
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

// identity is who consented.
type identity struct {
	Subject string `json:"sub"`
	Email   string `json:"email"`
}

// identify finds out whose grant it is: from the ID token that came with it, else by asking. The ID
// token's signature is not checked: it came from Google's token endpoint over TLS and not through the
// browser, which OpenID Connect Core 3.1.3.7 accepts in its place.
func (g *Google) identify(ctx context.Context, token *oauth2.Token) (identity, error) {
	raw, _ := token.Extra("id_token").(string)
	if parts := strings.Split(raw, "."); len(parts) == 3 {
		var who identity
		claims, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
		if err == nil && json.Unmarshal(claims, &who) == nil && who.Subject != "" && who.Email != "" {
			return who, nil
		}
	}
	const op = "ask who consented"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.cfg.UserinfoURL, nil)
	if err != nil {
		return identity{}, &briefing.Error{Op: op, Reason: briefing.Internal, Err: errors.New("the userinfo address is no URL")}
	}
	bearerHeader(token.AccessToken)(req.Header)
	resp, err := g.token.Do(req)
	if err != nil {
		return identity{}, transportError(op, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return identity{}, &briefing.Error{Op: op, Reason: tokenReason(resp.StatusCode, ""), Err: &answerError{status: resp.StatusCode}}
	}
	var who identity
	if err := json.NewDecoder(resp.Body).Decode(&who); err != nil {
		return identity{}, transportError(op, err)
	}
	if who.Subject == "" && who.Email == "" {
		return identity{}, &briefing.Error{Op: op, Reason: briefing.Malformed, Err: errors.New("neither sub nor email")}
	}
	return who, nil
}

// mayConnect reports whether the address is in one of the domains the operator allows. An account without
// an address is in none.
func (g *Google) mayConnect(email string) bool {
	if len(g.cfg.AllowedDomains) == 0 {
		return true
	}
	_, domain, _ := strings.Cut(email, "@")
	return slices.ContainsFunc(g.cfg.AllowedDomains, func(allowed string) bool { return strings.EqualFold(allowed, domain) })
}

// sameAccount compares with the stored grant, by Google's sub where both are known: addresses change. A
// reader who never connected has no account to differ from.
func (c consented) sameAccount() bool {
	switch {
	case c.prior.Subject != "" && c.who.Subject != "":
		return c.prior.Subject == c.who.Subject
	case c.prior.Email != "" && c.who.Email != "":
		return strings.EqualFold(c.prior.Email, c.who.Email)
	}
	return true
}

// keep stores the grant. Google gives no refresh token to somebody who has agreed before; then the stored
// one goes on working, if it is of the same account and client.
func (g *Google) keep(ctx context.Context, c consented) error {
	now := g.cfg.Now()
	grant := briefing.Credential{
		ReaderID: c.reader.ID, AccessToken: briefing.NewSecret(c.token.AccessToken), RefreshToken: briefing.NewSecret(c.token.RefreshToken),
		ClientID: g.cfg.ClientID, ClientSecret: g.cfg.ClientSecret,
		Scopes: c.scopes, Email: c.who.Email, Subject: c.who.Subject,
		State: briefing.CredentialState{Expiry: expiryOf(c.token, now), EndsAt: g.endOfNew(ctx, c.token, now), GrantedAt: now, CheckedAt: now,
			Granted: strings.Join(grantedScopes(c.token), " ")},
	}
	if grant.RefreshToken.IsZero() {
		if c.prior.RefreshToken.IsZero() || !c.prior.State.DeadSince.IsZero() || g.foreign(c.prior) || !c.sameAccount() {
			return &briefing.Error{Op: "keep grant", Reason: briefing.ReauthRequired, Err: errors.New("google gave no refresh token")}
		}
		grant.RefreshToken = c.prior.RefreshToken
		grant.State.GrantedAt = c.prior.State.GrantedAt // the grant is the one of then
		if grant.State.EndsAt.IsZero() {
			grant.State.EndsAt = c.prior.State.EndsAt
		}
	}
	if err := g.store.SaveGrant(ctx, grant); err != nil {
		return fmt.Errorf("save grant of %s: %w", c.reader.ID, err)
	}
	if err := g.store.SaveCredentialState(ctx, grant); err != nil {
		return fmt.Errorf("save state of the grant of %s: %w", c.reader.ID, err)
	}
	return nil
}

// probe reads what the connected page is about to claim. What cannot be read just now is not claimed; the
// grant is stored all the same.
func (g *Google) probe(ctx context.Context, c consented) briefing.Connection {
	found := briefing.Connection{Reader: c.reader, Email: c.who.Email, Missing: lacking(c.scopes)}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	s, err := g.open(ctx, c.reader.ID)
	if err != nil {
		return found
	}
	if grantsMail(c.scopes) {
		found.MailOK = probeMail(ctx, s) == nil
	}
	if grantsCalendar(c.scopes) {
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
