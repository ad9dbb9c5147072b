package sources

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"achim/briefing"
)

// identity is who consented.
type identity struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified *bool  `json:"email_verified"` // nil = not said
	Hosted   string `json:"hd"`             // the organisation's domain; "" for an account of nobody but its person
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
	var who identity
	if err := g.askWho(ctx, g.cfg.UserinfoURL, token.AccessToken, &who); err != nil {
		return identity{}, err
	}
	if who.Subject == "" && who.Email == "" {
		return identity{}, &briefing.Error{Op: askWhoOp, Reason: briefing.Malformed, Err: errors.New("neither sub nor email")}
	}
	return who, nil
}

const askWhoOp = "ask whose google account it is"

// askWho reads what Google answers at the address about whose access token it is.
func (g *Google) askWho(ctx context.Context, address, token string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return &briefing.Error{Op: askWhoOp, Reason: briefing.Internal, Err: errors.New("the address to ask at is no URL")}
	}
	bearerHeader(token)(req.Header)
	resp, err := g.token.Do(req)
	if err != nil {
		return transportError(askWhoOp, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &briefing.Error{Op: askWhoOp, Reason: tokenReason(resp.StatusCode, ""), Err: &answerError{status: resp.StatusCode}}
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return transportError(askWhoOp, err)
	}
	return nil
}

const (
	nameWithin = 3 * time.Second // of finding out whose account a grant is of
	nameAgain  = 24 * time.Hour  // after it could not be found out
)

// name finds out whose account a grant is of that was just refreshed and does not say so: rows that other programs wrote
// often do not, and while any may be of an account, that can never be revoked. It returns the row as it then is. That it
// could not be found out is no failure, and is not tried again for a day.
func (g *Google) name(ctx context.Context, row briefing.Credential, answer *oauth2.Token) briefing.Credential {
	now := g.cfg.Now()
	if last, ok := g.asked.Load(row.ReaderID); row.Email != "" || row.Subject != "" || ok && now.Sub(last.(time.Time)) < nameAgain {
		return row
	}
	g.asked.Store(row.ReaderID, now)
	ctx, cancel := context.WithTimeout(ctx, nameWithin)
	defer cancel()
	who := g.holder(ctx, row.Holds(), answer)
	if who.Email == "" && who.Subject == "" {
		return row
	}
	named, err := g.store.NameAccount(ctx, row, who.Email, who.Subject)
	if err != nil || !named.RefreshToken.Equal(row.RefreshToken) {
		return row
	}
	g.asked.Delete(row.ReaderID)
	return named
}

// holder asks whose account it is where the scopes allow it, all of them when none are listed; zero for not known.
func (g *Google) holder(ctx context.Context, scopes []string, answer *oauth2.Token) (who identity) {
	may := func(scope string) bool { return len(scopes) == 0 || covered(scope, scopes) }
	if may("openid") || may("email") {
		who, _ = g.identify(ctx, answer) // Gmail may know it
	}
	if who.Email == "" && may("gmail.metadata") {
		var profile struct {
			Address string `json:"emailAddress"`
		}
		if g.askWho(ctx, strings.TrimSuffix(g.cfg.GmailURL, "/")+"/gmail/v1/users/me/profile?fields=emailAddress", answer.AccessToken, &profile) == nil {
			who.Email = profile.Address
		}
	}
	return who
}

// mayConnect reports whether the account is of one of the domains the operator allows; one without an address
// is of none. What stands behind the @ is not enough: anybody who once received mail there can have made a
// personal account with that address, and keeps it after leaving. Google vouches for the addresses of
// organisations, which it names in hd, and for its own at gmail.com.
func (g *Google) mayConnect(who identity) bool {
	if len(g.cfg.AllowedDomains) == 0 {
		return true
	}
	domain := who.Email[strings.LastIndexByte(who.Email, '@')+1:]
	allowed := func(domain string) bool {
		return slices.ContainsFunc(g.cfg.AllowedDomains, func(a string) bool { return strings.EqualFold(a, domain) })
	}
	switch {
	case domain == who.Email || !allowed(domain), who.Verified != nil && !*who.Verified:
		return false
	case strings.EqualFold(domain, "gmail.com"), strings.EqualFold(domain, "googlemail.com"):
		return true
	}
	return who.Hosted != ""
}

// ownership is how a grant's account relates to the one that was expected.
type ownership int

const (
	ownerUnknown ownership = iota // nobody said whose account it should be
	ownerSame
	ownerOther
)

// compare tells two accounts apart, by Google's sub where both are known: addresses change.
func compare(subject, email string, c briefing.Credential) ownership {
	same := false
	switch {
	case subject != "" && c.Subject != "":
		same = subject == c.Subject
	case email != "" && c.Email != "":
		same = briefing.SameAddress(email, c.Email)
	default:
		return ownerUnknown
	}
	if same {
		return ownerSame
	}
	return ownerOther
}

// consented is a consent that came back with tokens, on its way into the store.
type consented struct {
	reader    briefing.Reader
	switching bool
	vouched   bool
	who       identity
	prior     briefing.Credential // what is stored now; zero = nothing
	grant     briefing.Credential
	ticket    string // by whose hash the grant waits for a yes; "" = it does not
	tries     int    // how often it could not be stored, because the row was not as it was looked at
}

// earlier compares the grant's account with that of the stored one.
func (c consented) earlier() ownership { return compare(c.prior.Subject, c.prior.Email, c.grant) }

// owner compares the grant's account with the one expected: that of the stored grant, else the reader's address.
func (c consented) owner() ownership {
	if known := c.earlier(); known != ownerUnknown {
		return known
	}
	return compare("", c.reader.Email, c.grant)
}

// fail is the page on which the consent ends.
func (c consented) fail(fault briefing.ConnectFault, cause error) *briefing.ConnectError {
	return &briefing.ConnectError{Fault: fault, Reader: c.reader, Switch: c.switching, Err: cause}
}

// redirectFault says what the word means with which Google sent somebody back.
func redirectFault(word string) briefing.ConnectFault {
	switch word {
	case "access_denied":
		return briefing.ConnectDenied
	case "admin_policy_enforced":
		return briefing.ConnectPolicy
	case "org_internal":
		return briefing.ConnectOutsider
	}
	switch tokenReason(http.StatusBadRequest, word) {
	case briefing.ClientMisconfigured, briefing.Internal: // Internal: we asked for what cannot be asked for
		return briefing.ConnectClient
	case briefing.Unavailable, briefing.RateLimited:
		return briefing.ConnectUnreachable
	}
	return briefing.ConnectRefused
}

// exchangeFault says what a failed exchange means for the person who waits for it.
func exchangeFault(err error) briefing.ConnectFault {
	switch briefing.ReasonOf(err) {
	case briefing.ReauthRequired: // of a code this says that it was used, is old, or is another browser's
		return briefing.ConnectCode
	case briefing.ClientMisconfigured:
		return briefing.ConnectClient
	case briefing.PolicyBlocked:
		return briefing.ConnectPolicy
	case briefing.Unavailable, briefing.Timeout, briefing.RateLimited:
		return briefing.ConnectUnreachable
	}
	return briefing.ConnectExchange
}
