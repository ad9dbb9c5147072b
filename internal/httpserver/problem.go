package httpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"achim/briefing"
)

// The codes a program may decide on. Package briefing makes some of them, in FieldErrors.
const (
	codeUnauthorized   = "unauthorized"
	codeInvalidJSON    = "invalid_json"
	codeInvalidUUID    = "invalid_uuid"
	codeInvalidDate    = "invalid_date"
	codeDateNotToday   = "date_not_today"
	codeInvalidField   = "invalid_field"
	codeUnknownReader  = "unknown_reader"
	codeSlackIDTaken   = "slack_id_taken"
	codeReauthRequired = "reauth_required"
	codeNotFound       = "not_found"
	codeUnavailable    = "unavailable"
	codeInternal       = "internal"
)

// statusOf is the one table from code to status and title. An unknown code is a bug here.
func statusOf(code string) (status int, title string) {
	switch code {
	case codeUnauthorized:
		return http.StatusUnauthorized, "A valid bearer is needed"
	case codeInvalidJSON:
		return http.StatusBadRequest, "The body cannot be read"
	case codeInvalidUUID:
		return http.StatusBadRequest, "Not a reader's id"
	case codeInvalidDate:
		return http.StatusBadRequest, "Not a date"
	case codeDateNotToday:
		return http.StatusBadRequest, "The date is not today"
	case codeInvalidField:
		return http.StatusBadRequest, "A value cannot be used"
	case codeUnknownReader:
		return http.StatusNotFound, "No such reader"
	case codeSlackIDTaken:
		return http.StatusConflict, "Another reader has this Slack id"
	case codeReauthRequired:
		return http.StatusConflict, "Google has to be connected again"
	case codeNotFound:
		return http.StatusNotFound, "There is nothing here"
	case codeUnavailable:
		return http.StatusServiceUnavailable, "Not available right now"
	default:
		return http.StatusInternalServerError, "A fault in Achim"
	}
}

// apiError is a failure with its code. status overrides the table where HTTP knows a closer word for it.
type apiError struct {
	code    string
	status  int
	detail  string
	authURL string          // extension member of reauth_required
	reason  briefing.Reason // extension member of unavailable and reauth_required
	header  http.Header     // goes out with the problem
	err     error           // for the log only
}

// Error returns what goes to the log.
func (e *apiError) Error() string {
	if e.err == nil {
		return e.code + ": " + e.detail
	}
	return e.code + ": " + e.err.Error()
}

// Unwrap returns the cause.
func (e *apiError) Unwrap() error { return e.err }

// problem is the body of an error: RFC 9457 and our extension members.
type problem struct {
	Type    string           `json:"type"`
	Title   string           `json:"title"`
	Status  int              `json:"status"`
	Code    string           `json:"code"`
	Detail  string           `json:"detail,omitempty"`
	Errors  []fieldProblem   `json:"errors,omitempty"`
	AuthURL string           `json:"auth_url,omitempty"`
	Reason  *briefing.Reason `json:"reason,omitempty"`
	header  http.Header
}

// fieldProblem is one fault in what was sent.
type fieldProblem struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// problemOf returns what the outside may know of err.
func problemOf(err error) problem {
	if e, ok := errors.AsType[*apiError](err); ok {
		p := newProblem(e.code, e.detail)
		if e.status != 0 {
			p.Status = e.status
		}
		if e.reason != "" {
			p.Reason = &e.reason
		}
		p.AuthURL, p.header = e.authURL, e.header
		return p
	}
	if faults := fieldErrors(err); len(faults) > 0 {
		return fieldsProblem(faults)
	}
	if errors.Is(err, briefing.ErrNotFound) {
		return newProblem(codeNotFound, "There is no such thing.")
	}
	if reason := briefing.ReasonOf(err); reason != briefing.Internal {
		p := newProblem(codeUnavailable, unavailableBecause(err, "It could not be done now: "+string(reason)+"."))
		p.Reason = &reason
		return p
	}
	return newProblem(codeInternal, "The log says more.")
}

// newProblem fills in what the table knows.
func newProblem(code, detail string) problem {
	status, title := statusOf(code)
	return problem{Type: "urn:problem-type:achim:" + code, Title: title, Status: status, Code: code, Detail: detail}
}

// fieldsProblem tells all faults at once, under the code of the first.
func fieldsProblem(faults []*briefing.FieldError) problem {
	code := codeInvalidField
	if status, _ := statusOf(faults[0].Code); status != http.StatusInternalServerError {
		code = faults[0].Code
	}
	details := make([]string, len(faults))
	p := newProblem(code, "")
	for i, fault := range faults {
		details[i] = fault.Error()
		p.Errors = append(p.Errors, fieldProblem{fault.Field, fault.Code, fault.Problem})
	}
	p.Detail = strings.Join(details, "; ")
	return p
}

// fieldErrors collects the FieldErrors in err, those joined included.
func fieldErrors(err error) []*briefing.FieldError {
	switch e := err.(type) { //nolint:errorlint // walks the tree itself, because errors.As stops at the first
	case nil:
		return nil
	case *briefing.FieldError:
		return []*briefing.FieldError{e}
	case interface{ Unwrap() []error }:
		var all []*briefing.FieldError
		for _, inner := range e.Unwrap() {
			all = append(all, fieldErrors(inner)...)
		}
		return all
	default:
		return fieldErrors(errors.Unwrap(err))
	}
}

// write sends the problem.
func (p problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("httpserver: marshal problem: %v", err)) // strings and numbers always marshal
	}
	send(w, p.Status, "application/problem+json", body)
}

// writeJSON sends v.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("marshal answer: %w", err)
	}
	send(w, status, "application/json", body)
	return nil
}

// send writes an answer in one go. A client that has gone away is nobody's fault.
func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// fault returns a FieldError; its problem ends no sentence.
func fault(field, code, format string, args ...any) error {
	return &briefing.FieldError{Field: field, Code: code, Problem: fmt.Sprintf(format, args...)}
}

// sourceFailure says what a failed reading of a Google source means for whoever asked. A grant that only
// the reader can mend comes with the address at which they do.
func (s *server) sourceFailure(ctx context.Context, id briefing.ReaderID, err error) error {
	if errors.Is(err, briefing.ErrNotConnected) {
		return s.reauth(ctx, id, briefing.ReauthRequired, err)
	}
	switch reason := briefing.ReasonOf(err); reason {
	case briefing.ReauthRequired, briefing.ScopeMissing:
		return s.reauth(ctx, id, reason, err)
	case briefing.Internal:
		return err
	default:
		return &apiError{code: codeUnavailable, reason: reason, err: err,
			detail: unavailableBecause(err, "Google could not be read: "+string(reason)+".")}
	}
}

// unavailableBecause returns the detail, unless it is the server's own key that is missing.
func unavailableBecause(err error, detail string) string {
	if _, locked := errors.AsType[*briefing.LockedGrantError](err); locked {
		return "What is stored of this grant is sealed with a key that this server was started without. The operator has to set ACHIM_ENCRYPTION_KEY and restart it."
	}
	return detail
}

// reauth is reauth_required with the address of Google's consent page, or of the reader's connect page when
// there is no consent to be had right now. Whoever is no reader here can connect nothing here.
func (s *server) reauth(ctx context.Context, id briefing.ReaderID, reason briefing.Reason, err error) error {
	address, beginErr := s.Connector.Begin(ctx, briefing.ConnectRequest{Reader: id, Vouched: true})
	if errors.Is(beginErr, briefing.ErrNotFound) {
		return &apiError{code: codeReauthRequired, reason: reason, err: err,
			detail: "Google has to be connected again, and this user is no reader here: add them first (PUT /api/users/{user_id})."}
	}
	if beginErr != nil {
		address = s.Links.ConnectURL(id)
	}
	return &apiError{code: codeReauthRequired, reason: reason, authURL: address, err: err,
		detail: "The reader has to connect Google again, at auth_url."}
}
