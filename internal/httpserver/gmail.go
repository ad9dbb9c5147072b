package httpserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"achim/briefing"
)

// refreshBelow is how little life an access token may have left before it is renewed.
const refreshBelow = 5 * time.Minute

// disconnectWithin bounds revoking and forgetting together.
const disconnectWithin = 30 * time.Second

// mask stands for an access token that is not shown.
const mask = "••••••••"

// checkView is what may be told of a grant. What is unknown is null.
type checkView struct {
	Status           string            `json:"status"`
	UserID           briefing.ReaderID `json:"user_id"`
	Email            *string           `json:"email"`
	HasToken         bool              `json:"has_token"`
	HasAccessToken   bool              `json:"has_access_token"`
	HasRefreshToken  bool              `json:"has_refresh_token"`
	HasOAuthConfig   bool              `json:"has_oauth_config"`
	IsExpired        *bool             `json:"is_expired"`
	RemainingSeconds *int64            `json:"remaining_seconds"`
	NeedsRefresh     bool              `json:"needs_refresh"`
	Scopes           []string          `json:"scopes"`
	MissingScopes    []string          `json:"missing_scopes"`
	LastError        *briefing.Reason  `json:"last_error"`
	DeadSince        *time.Time        `json:"dead_since"`
}

// refreshView is what a refresh did.
type refreshView struct {
	Status      string            `json:"status"`
	UserID      briefing.ReaderID `json:"user_id"`
	Email       *string           `json:"email"`
	ExpiresIn   *int64            `json:"expires_in"` // seconds; null when Google did not say
	AccessToken string            `json:"access_token"`
}

// grantOwner returns whose grant the path names. A UUID need not be a reader's: grants are shared with
// other programs, who may have people of their own.
func (s *server) grantOwner(r *http.Request) (briefing.ReaderID, error) {
	if id, err := briefing.ParseReaderID(r.PathValue("user_id")); err == nil {
		return id, nil
	}
	reader, err := s.pathReader(r)
	return reader.ID, err
}

// checkGmail tells how a grant stands, without asking Google.
func (s *server) checkGmail(w http.ResponseWriter, r *http.Request) error {
	id, err := s.grantOwner(r)
	if err != nil {
		return err
	}
	report, err := s.Credentials.Check(r.Context(), id)
	if err != nil {
		return noGrant(err)
	}
	view := checkView{
		Status: "found", UserID: id, Email: textOrNull(report.Email),
		HasToken:       report.HasAccessToken || report.HasRefreshToken,
		HasAccessToken: report.HasAccessToken, HasRefreshToken: report.HasRefreshToken, HasOAuthConfig: report.HasOAuthConfig,
		NeedsRefresh: true, Scopes: orEmpty(report.Scopes), MissingScopes: orEmpty(report.MissingScopes),
		LastError: textOrNull(report.LastError), DeadSince: instant(report.DeadSince),
	}
	if !report.Expiry.IsZero() {
		left := report.Expiry.Sub(s.Now())
		seconds, expired := max(0, int64(left/time.Second)), left <= 0
		view.RemainingSeconds, view.IsExpired = &seconds, &expired
		view.NeedsRefresh = left < refreshBelow
	}
	return writeJSON(w, http.StatusOK, view)
}

// refreshGmail makes sure of a usable access token.
func (s *server) refreshGmail(w http.ResponseWriter, r *http.Request) error {
	id, err := s.grantOwner(r)
	if err != nil {
		return err
	}
	body, err := readObject(w, r)
	if err != nil {
		return err
	}
	if err := body.read("", members{}); err != nil {
		return err
	}
	// What Google answers must reach the database even if whoever asked has gone.
	report, err := s.Credentials.Refresh(context.WithoutCancel(r.Context()), id)
	if errors.Is(err, briefing.ErrNotFound) {
		return noGrant(err)
	}
	if err != nil {
		return s.sourceFailure(r.Context(), id, err)
	}
	view := refreshView{Status: "valid", UserID: id, Email: textOrNull(report.Email), AccessToken: mask}
	if report.Refreshed {
		view.Status = "refreshed"
	}
	if !report.Expiry.IsZero() {
		seconds := max(0, int64(report.Expiry.Sub(s.Now())/time.Second))
		view.ExpiresIn = &seconds
	}
	if s.ExposeAccessTokens {
		view.AccessToken = report.AccessToken.Reveal()
	}
	return writeJSON(w, http.StatusOK, view)
}

// disconnectGmail revokes a grant and forgets it.
func (s *server) disconnectGmail(w http.ResponseWriter, r *http.Request) error {
	id, err := s.grantOwner(r)
	if err != nil {
		return err
	}
	// Who asked to be forgotten is, also when they do not wait for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), disconnectWithin)
	defer cancel()
	became, err := s.Credentials.Disconnect(ctx, id)
	if err != nil {
		return noGrant(err)
	}
	if became == briefing.RevocationFailed {
		s.Logger.WarnContext(ctx, "a grant was forgotten and could not be revoked at Google", slog.String("user_id", string(id)))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// noGrant puts a missing grant into words; other errors stay as they are.
func noGrant(err error) error {
	if errors.Is(err, briefing.ErrNotFound) {
		return &apiError{code: codeNotFound, detail: "There is no Google connection of this user.", err: err}
	}
	return err
}

func textOrNull[T ~string](text T) *T {
	if text == "" {
		return nil
	}
	return &text
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
