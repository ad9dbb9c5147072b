package httpserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"achim/briefing"
)

// disconnectWithin bounds revoking and forgetting together.
const disconnectWithin = 30 * time.Second

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
	return writeJSON(w, http.StatusOK, report.View(id, s.Now()))
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
	return writeJSON(w, http.StatusOK, report.RefreshView(id, s.Now(), s.ExposeAccessTokens))
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
