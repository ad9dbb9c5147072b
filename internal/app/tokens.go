package app

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"achim/briefing"
	"achim/sources"
)

// Standing says in one word how a grant stands.
type Standing string

// The standings, the worst first.
const (
	GrantUnreadable Standing = "malformed"        // the row cannot be read
	GrantDead       Standing = "dead"             // Google says that it is over
	GrantBare       Standing = "no_refresh_token" // it ends with its access token
	GrantFailing    Standing = "failing"          // the last refresh failed, for a reason that may pass
	GrantEnding     Standing = "ending"           // it works, and its end is known
	GrantUntried    Standing = "untried"          // nobody here has asked Google yet
	GrantWorks      Standing = "works"
)

// GrantView is a row of gmail_token as achim tokens list --json prints it: how it stands, and nothing that opens
// anything. What is unknown is null.
type GrantView struct {
	UserID          briefing.ReaderID `json:"user_id"`
	Name            *string           `json:"name"` // of the reader; null: it is no reader's
	Email           *string           `json:"email"`
	Standing        Standing          `json:"standing"`
	Fault           *string           `json:"fault"` // what of the row cannot be read
	HasAccessToken  bool              `json:"has_access_token"`
	HasRefreshToken bool              `json:"has_refresh_token"`
	HasOAuthConfig  bool              `json:"has_oauth_config"`
	OtherClient     *string           `json:"other_client"` // the OAuth client it is of, when that is not the configured one
	Scopes          []string          `json:"scopes"`
	MissingScopes   []string          `json:"missing_scopes"`
	Lacks           []string          `json:"-"` // of the missing ones, those without which something cannot be read
	Unlisted        bool              `json:"-"` // Google has listed no scopes yet: what seems missing is what the row says, a hint
	LastError       *briefing.Reason  `json:"last_error"`
	Detail          *string           `json:"detail"` // Google's own words for last_error
	AccountDeleted  bool              `json:"account_deleted"`
	ExpiresAt       *time.Time        `json:"expires_at"` // of the access token
	FailingSince    *time.Time        `json:"failing_since"`
	DeadSince       *time.Time        `json:"dead_since"`
	EndsAt          *time.Time        `json:"ends_at"` // of the grant
	GrantedAt       *time.Time        `json:"granted_at"`
	CheckedAt       *time.Time        `json:"checked_at"` // when Google last said how it stands
}

// Grants tells how every row of gmail_token stands, in the order of their owners' ids.
func (a *App) Grants(ctx context.Context) ([]GrantView, error) {
	names, err := a.Names(ctx)
	if err != nil {
		return nil, err
	}
	views := []GrantView{}
	for page, err := range briefing.GrantPages(ctx, a.Store) {
		if err != nil {
			return views, err
		}
		for _, g := range page {
			views = append(views, a.viewGrant(g, names))
		}
	}
	return views, nil
}

// ShortScopes returns scopes as Google's console shows them in lists: without what all of them begin with.
func ShortScopes(scopes []string) []string {
	short := make([]string, len(scopes))
	for i, scope := range scopes {
		short[i] = strings.TrimPrefix(scope, "https://www.googleapis.com/auth/")
	}
	return short
}

// GrantOwner returns whose grant ref (UUID, Slack id or name) means, and what to call them. A UUID need not be a
// reader's: grants are shared with other programs, who may have people of their own. A FieldError when it is nobody.
func (a *App) GrantOwner(ctx context.Context, ref string) (id briefing.ReaderID, name string, err error) {
	r, err := a.Find(ctx, ref)
	if err == nil {
		return r.ID, r.Name, nil
	}
	id, parseErr := briefing.ParseReaderID(ref)
	if _, unknown := errors.AsType[*briefing.FieldError](err); !unknown || parseErr != nil {
		return "", "", err
	}
	return id, "", nil
}

// CheckGrant tells how the owner's grant stands, without asking Google: as the API does, and as a row of the list.
// ErrNotFound when there is none.
func (a *App) CheckGrant(ctx context.Context, owner briefing.ReaderID, name string) (briefing.CredentialView, GrantView, error) {
	report, err := a.Google.Check(ctx, owner)
	if err != nil {
		return briefing.CredentialView{}, GrantView{}, err
	}
	g := briefing.Grant{
		Owner: owner, Email: report.Email, Scopes: report.Scopes, HasAccessToken: report.HasAccessToken,
		HasRefreshToken: report.HasRefreshToken, ClientID: report.ClientID, State: report.State, Fault: report.Fault,
	}
	row := a.viewGrant(g, map[briefing.ReaderID]string{owner: name})
	return report.View(owner, a.now()), row, nil
}

// RefreshGrant makes sure of a usable access token; always asks Google also when the stored one would do.
// ErrNotFound when there is no grant.
func (a *App) RefreshGrant(ctx context.Context, owner briefing.ReaderID, always bool) (briefing.RefreshView, error) {
	refresh := a.Google.Refresh
	if always {
		refresh = a.Google.RefreshNow
	}
	// What Google answers must reach the database also after Ctrl-C.
	report, err := refresh(context.WithoutCancel(ctx), owner)
	if err != nil {
		return briefing.RefreshView{}, err
	}
	return report.RefreshView(owner, a.now(), a.Config.Google.ExposeAccessTokens), nil
}

// SharedGrant is somebody because of whom a grant was not revoked at Google.
type SharedGrant struct {
	UserID  briefing.ReaderID `json:"user_id"` // as the table has it where it is no UUID; "" for rows without an owner
	Name    *string           `json:"name"`    // of the reader; null: it is no reader's
	Certain bool              `json:"certain"` // it is of the same account; else nothing says that it is not
	Waits   bool              `json:"waits"`   // no row: they are asked whether to connect that account, and have not answered
}

// RevokeGrant revokes the owner's grant at Google and forgets it, and returns those because of whom it was only
// forgotten. ErrNotFound when there is none.
func (a *App) RevokeGrant(ctx context.Context, owner briefing.ReaderID) (briefing.Revocation, []SharedGrant, error) {
	ctx = context.WithoutCancel(ctx)
	was, _ := a.Store.Credential(ctx, owner) // what cannot be read is forgotten all the same
	became, err := a.Google.Disconnect(ctx, owner)
	if err != nil || became != briefing.RevocationShared {
		return became, nil, err
	}
	users, err := a.Store.AccountUsers(ctx, was.Email, was.Subject, owner)
	if err != nil {
		return became, nil, err
	}
	names, err := a.Names(ctx)
	return became, sharedGrants(users, names), err
}

// sharedGrants names those who use an account, each once: with a row, who has one, and for certain, whose row says so.
func sharedGrants(users []briefing.AccountUser, names map[briefing.ReaderID]string) []SharedGrant {
	var shared []SharedGrant
	for _, u := range users {
		id := plainOwner(u.Owner)
		one := SharedGrant{id, orNull(names[id]), u.Certain, u.Waits}
		n := slices.IndexFunc(shared, func(s SharedGrant) bool { return s.UserID == id })
		switch {
		case n < 0:
			shared = append(shared, one)
		case shared[n].Waits && !u.Waits, shared[n].Waits == u.Waits && u.Certain:
			shared[n] = one
		}
	}
	return shared
}

// plainOwner is whose a row is without the quotes of a Grant's Owner, and as readers' ids are written where it is one in
// capitals.
func plainOwner(owner briefing.ReaderID) briefing.ReaderID {
	raw, err := strconv.Unquote(string(owner))
	if err != nil {
		raw = string(owner)
	}
	if id, err := briefing.ParseReaderID(raw); err == nil {
		return id
	}
	return briefing.ReaderID(raw)
}

// viewGrant returns a row as it may be told.
func (a *App) viewGrant(g briefing.Grant, names map[briefing.ReaderID]string) GrantView {
	st := g.State
	v := GrantView{
		UserID: g.Owner, Name: orNull(names[g.Owner]), Email: orNull(g.Email), Standing: standingOf(g),
		HasAccessToken: g.HasAccessToken, HasRefreshToken: g.HasRefreshToken, HasOAuthConfig: g.ClientID != "",
		Scopes: append([]string{}, g.Scopes...), MissingScopes: append([]string{}, a.Google.Missing(g.Scopes)...),
		LastError: orNull(st.LastError), Detail: orNull(st.Detail), AccountDeleted: st.Gone, ExpiresAt: instantOrNull(st.Expiry), FailingSince: instantOrNull(st.FailingSince),
		DeadSince: instantOrNull(st.DeadSince), EndsAt: instantOrNull(st.EndsAt), GrantedAt: instantOrNull(st.GrantedAt), CheckedAt: instantOrNull(st.CheckedAt),
	}
	v.Lacks, v.Unlisted = sources.Needed(v.MissingScopes), st.Granted == ""
	if ours := a.Config.Google.ClientID; ours != "" && g.ClientID != ours {
		v.OtherClient = orNull(g.ClientID)
	}
	if g.Fault != nil {
		v.Fault, v.LastError = orNull(faultOf(g.Fault)), orNull(briefing.Malformed)
	}
	return v
}

// standingOf sums a grant up: what is worst of it.
func standingOf(g briefing.Grant) Standing {
	switch st := g.State; {
	case g.Fault != nil:
		return GrantUnreadable
	case !st.DeadSince.IsZero():
		return GrantDead
	case !g.HasRefreshToken:
		return GrantBare
	case !st.FailingSince.IsZero():
		return GrantFailing
	case !st.EndsAt.IsZero():
		return GrantEnding
	case st.CheckedAt.IsZero() && st.GrantedAt.IsZero():
		return GrantUntried
	}
	return GrantWorks
}

// faultOf says what of a row cannot be read, without whose it is and what was done, which stands beside it.
func faultOf(err error) string {
	if parts, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // one of several faults, in the order they were found
		if _, one := err.(*briefing.Error); !one { //nolint:errorlint // as above
			var texts []string
			for _, part := range parts.Unwrap() {
				texts = append(texts, faultOf(part))
			}
			return strings.Join(texts, "; ")
		}
	}
	if fault, ok := errors.AsType[*briefing.Error](err); ok && fault.Err != nil {
		return strings.ReplaceAll(fault.Err.Error(), "\n", "; ")
	}
	return "the row cannot be read"
}

func instantOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

func orNull[T ~string](text T) *T {
	if text == "" {
		return nil
	}
	return &text
}
