package briefing

import "time"

const (
	// refreshBelow is how little life an access token may have left before it is renewed.
	refreshBelow = 5 * time.Minute
	// maskedToken stands for an access token that is not shown.
	maskedToken = "••••••••"
)

// CredentialView is what may be told of a grant. What is unknown is null.
type CredentialView struct {
	Status           string     `json:"status"`
	UserID           ReaderID   `json:"user_id"`
	Email            *string    `json:"email"`
	HasToken         bool       `json:"has_token"`
	HasAccessToken   bool       `json:"has_access_token"`
	HasRefreshToken  bool       `json:"has_refresh_token"`
	HasOAuthConfig   bool       `json:"has_oauth_config"`
	IsExpired        *bool      `json:"is_expired"`
	RemainingSeconds *int64     `json:"remaining_seconds"`
	NeedsRefresh     bool       `json:"needs_refresh"`
	Scopes           []string   `json:"scopes"`
	MissingScopes    []string   `json:"missing_scopes"`
	LastError        *Reason    `json:"last_error"`
	DeadSince        *time.Time `json:"dead_since"`
}

// View returns the grant of owner as the API shows it at the given time.
func (r CredentialReport) View(owner ReaderID, now time.Time) CredentialView {
	view := CredentialView{
		Status: "found", UserID: owner, Email: orNull(r.Email),
		HasToken:       r.HasAccessToken || r.HasRefreshToken,
		HasAccessToken: r.HasAccessToken, HasRefreshToken: r.HasRefreshToken, HasOAuthConfig: r.HasOAuthConfig,
		NeedsRefresh: true, Scopes: orEmpty(r.Scopes), MissingScopes: orEmpty(r.MissingScopes),
		LastError: orNull(r.LastError), DeadSince: instant(r.DeadSince),
	}
	switch {
	case !r.DeadSince.IsZero():
		// With the grant its access token is over, whatever was said of it before.
		expired, none := true, int64(0)
		view.IsExpired, view.RemainingSeconds = &expired, &none
	case !r.Expiry.IsZero():
		left := r.Expiry.Sub(now)
		expired := left <= 0
		view.RemainingSeconds, view.IsExpired = secondsLeft(r.Expiry, now), &expired
		view.NeedsRefresh = left < refreshBelow
	}
	return view
}

// RefreshView is what a refresh did.
type RefreshView struct {
	Status      string   `json:"status"`
	UserID      ReaderID `json:"user_id"`
	Email       *string  `json:"email"`
	ExpiresIn   *int64   `json:"expires_in"` // seconds; null when Google did not say
	AccessToken string   `json:"access_token"`
}

// RefreshView returns what became of the grant of owner as the API shows it; expose shows the access token whole.
func (r CredentialReport) RefreshView(owner ReaderID, now time.Time, expose bool) RefreshView {
	view := RefreshView{Status: "valid", UserID: owner, Email: orNull(r.Email), ExpiresIn: secondsLeft(r.Expiry, now), AccessToken: maskedToken}
	if r.Refreshed {
		view.Status = "refreshed"
	}
	if expose {
		view.AccessToken = r.AccessToken.Reveal()
	}
	return view
}

// secondsLeft returns how many seconds are left until then, nil for the zero time.
func secondsLeft(then, now time.Time) *int64 {
	if then.IsZero() {
		return nil
	}
	left := max(0, int64(then.Sub(now)/time.Second))
	return &left
}

// orEmpty returns a list that is [] in JSON, never null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
