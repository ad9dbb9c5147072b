package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"achim/briefing"
)

// Bounds on what the other side may make us wait for.
const (
	longestRetryAfter = 24 * time.Hour
	guessedRetryAfter = time.Hour // for a time found in prose, which is reported to be wrong at times
	dailyRetryAfter   = 24 * time.Hour
)

// answerError is a refusal, reworded: the library's own error would print the whole body, which is
// somebody else's text and may repeat what was sent.
type answerError struct {
	status int
	code   string // the machine-readable part of the body; "" when there is none
	detail string // what Google says more of the code, where that is a known word
	gone   bool   // Google says that the account was deleted
}

func (e *answerError) Error() string {
	text := fmt.Sprintf("HTTP %d", e.status)
	for _, word := range []string{e.code, e.detail} {
		if word != "" {
			text += " " + word
		}
	}
	return text
}

// Is reports that the refusal is of the client and not of the grant.
func (e *answerError) Is(target error) bool {
	return target == briefing.ErrClientRefused && e.status < 500 && clientRefused(e.code)
}

// clientRefused reports whether Google's word means that it does not take the OAuth client, whatever the grant.
// unauthorized_client is none of these: it is said of a grant that belongs to another client.
func clientRefused(code string) bool {
	return slices.Contains([]string{"invalid_client", "deleted_client", "disabled_client", "org_internal"}, code)
}

// readError is an answer whose body broke off. It is told apart from a body that came whole and makes no
// sense: the first is the network's fault, the second the sender's.
type readError struct{ err error }

func (e *readError) Error() string { return "reading the answer: " + e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// errHollow is an answer with status 200 that says nothing. Google's answers always hold a member; taking
// one that holds none for "no mail today" would tell a reader that unknown is empty.
var errHollow = errors.New("an answer without content")

// tokenError turns what the token endpoint said into a reason. Only invalid_grant is ReauthRequired: it
// is the one answer that says the grant itself is gone. An outage must never cost a reader their grant, so
// a 5xx is Unavailable and a 429 RateLimited whatever its body claims.
func tokenError(op string, err error, now time.Time) *briefing.Error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return transportError(op, err)
	}
	said := parseOAuthRefusal(refused)
	wait := retryAfter(refused.Response.Header, "", now)
	return &briefing.Error{Op: op, Reason: tokenReason(said.status, said.code), RetryAfter: wait, Err: said}
}

// invalidRapt is said of accounts whose Workspace asks people to sign in again after so many hours: connecting again
// helps, until the next time.
const invalidRapt = "invalid_rapt"

// parseOAuthRefusal takes out of a refusal what is a known word. Its description is prose, and serves only to recognise
// the two things that Google says in no other way.
func parseOAuthRefusal(refused *oauth2.RetrieveError) *answerError {
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Subtype     string `json:"error_subtype"`
	}
	// What is no such JSON says nothing here.
	_ = json.Unmarshal(refused.Body, &body)
	said := &answerError{status: refused.Response.StatusCode, code: tame(firstOf(refused.ErrorCode, body.Error))}
	description := strings.ToLower(firstOf(refused.ErrorDescription, body.Description))
	if body.Subtype == invalidRapt || strings.Contains(description, invalidRapt) {
		said.detail = invalidRapt
	}
	said.gone = said.code == "invalid_grant" && strings.Contains(description, "account has been deleted")
	return said
}

func tokenReason(status int, code string) briefing.Reason {
	switch {
	case status >= 500:
		return briefing.Unavailable
	case status == http.StatusTooManyRequests:
		return briefing.RateLimited
	}
	switch code {
	case "invalid_grant":
		return briefing.ReauthRequired
	case "invalid_client", "unauthorized_client", "deleted_client", "disabled_client", "org_internal", "redirect_uri_mismatch":
		return briefing.ClientMisconfigured
	case "admin_policy_enforced", "access_denied":
		return briefing.PolicyBlocked
	case "invalid_scope", "invalid_request", "unsupported_grant_type", "unsupported_response_type":
		return briefing.Internal
	case "temporarily_unavailable", "internal_failure", "server_error":
		return briefing.Unavailable
	case "rate_limit_exceeded", "slow_down":
		return briefing.RateLimited
	}
	if status == http.StatusRequestTimeout {
		return briefing.Timeout
	}
	return briefing.Malformed // a page of a proxy, or a code nobody has documented
}

// apiError turns what a call to Gmail or Calendar ended with into a reason. An error that has one already,
// because getting a token failed, keeps it.
func apiError(op string, err error, now time.Time) *briefing.Error {
	if known, ok := errors.AsType[*briefing.Error](err); ok {
		return known
	}
	refused, ok := errors.AsType[*googleapi.Error](err)
	if !ok {
		return transportError(op, err)
	}
	body := parseRefusal(refused)
	wait := retryAfter(refused.Header, body.Error.Message, now)
	if wait == 0 && slices.Contains(body.reasons(), "dailyLimitExceeded") {
		wait = dailyRetryAfter // for today that is all there is
	}
	return &briefing.Error{
		Op: op, Reason: body.reason(refused), RetryAfter: wait,
		Err: &answerError{status: refused.Code, code: body.code()},
	}
}

// refusal is the part of an API error's body that decides: facts say that the same status stands for
// things that need a consent, an operator, an administrator or patience.
type refusal struct {
	Error struct {
		Message string `json:"message"`
		Status  string `json:"status"`
		Errors  []struct {
			Reason string `json:"reason"`
		} `json:"errors"`
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	} `json:"error"`

	readable bool
}

func parseRefusal(e *googleapi.Error) refusal {
	var r refusal
	r.readable = json.Unmarshal([]byte(e.Body), &r) == nil
	return r
}

// reasons returns the reasons the body names, the most specific ones first.
func (r refusal) reasons() []string {
	var all []string
	for _, d := range r.Error.Details {
		if d.Reason != "" {
			all = append(all, d.Reason)
		}
	}
	for _, e := range r.Error.Errors {
		if e.Reason != "" {
			all = append(all, e.Reason)
		}
	}
	return all
}

// code is the word that names the refusal in an error text.
func (r refusal) code() string {
	for _, reason := range append(r.reasons(), r.Error.Status) {
		if word := tame(reason); word != "" {
			return word
		}
	}
	return ""
}

// reasonWord says what Google's words mean. A word that is not here says nothing by itself.
func reasonWord(word string) briefing.Reason {
	switch word {
	case "insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return briefing.ScopeMissing
	case "accessNotConfigured", "SERVICE_DISABLED", "CONSUMER_INVALID", "API_DISABLED":
		return briefing.APIDisabled
	case "domainPolicy", "failedPrecondition", "ACCOUNT_STATE_INVALID", "accountDisabled", "accountDeleted",
		"accountUnverified", "ORG_RESTRICTION_VIOLATION", "ORG_RESTRICTION_HEADER_INVALID", "ADMIN_POLICY_ENFORCED":
		return briefing.PolicyBlocked
	case "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "variableTermLimitExceeded",
		"RATE_LIMIT_EXCEEDED", "limitExceeded", "servingLimitExceeded", "concurrentLimitExceeded", "RESOURCE_QUOTA_EXCEEDED":
		return briefing.RateLimited
	case "backendError", "internalError":
		return briefing.Unavailable
	}
	return ""
}

// reason decides by the body's reasons, and by the status only where they say nothing.
func (r refusal) reason(e *googleapi.Error) briefing.Reason {
	if e.Code >= 500 {
		return briefing.Unavailable
	}
	for _, word := range r.reasons() {
		if reason := reasonWord(word); reason != "" {
			return reason
		}
	}
	switch e.Code {
	case http.StatusTooManyRequests:
		return briefing.RateLimited
	case http.StatusRequestTimeout:
		return briefing.Timeout
	}
	if !r.readable {
		return briefing.Malformed
	}
	switch e.Code {
	case http.StatusUnauthorized:
		// The second one, after a refresh that went well: Google's token endpoint stands by the grant and its
		// API does not. Nobody has said invalid_grant, so the grant is not given up, and there is nothing for
		// the reader to press; it is an inconsistency at Google, and it passes.
		return briefing.Unavailable
	case http.StatusForbidden:
		if r.lacksScope(e) {
			return briefing.ScopeMissing
		}
		return briefing.PolicyBlocked
	case http.StatusNotFound, http.StatusGone:
		return briefing.Unavailable
	}
	return briefing.Internal // we asked for something that cannot be asked for
}

// lacksScope recognises the refusals for want of a scope that come without a reason word.
func (r refusal) lacksScope(e *googleapi.Error) bool {
	return strings.Contains(e.Header.Get("WWW-Authenticate"), "insufficient_scope") ||
		strings.Contains(r.Error.Message, "insufficient authentication scopes") ||
		strings.HasPrefix(r.Error.Message, "Metadata scope ")
}

// transportError names the failures in which no answer, or none that can be read, has come.
func transportError(op string, err error) *briefing.Error {
	fault := func(reason briefing.Reason, cause error) *briefing.Error {
		return &briefing.Error{Op: op, Reason: reason, Err: cause}
	}
	var timeout net.Error
	switch {
	// Cancelled means that whoever asked has left. Like a budget that ran out it says nothing about the
	// other side.
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded):
		return fault(briefing.Timeout, plainCause(err))
	case errors.As(err, &timeout) && timeout.Timeout():
		return fault(briefing.Timeout, plainCause(err))
	}
	if _, ok := errors.AsType[*readError](err); ok {
		return fault(briefing.Unavailable, plainCause(err))
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return fault(briefing.Unavailable, plainCause(err))
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fault(briefing.Unavailable, plainCause(err))
	}
	// What is left came whole and could not be understood. Its text may quote the answer: leave it out.
	if errors.Is(err, errHollow) {
		return fault(briefing.Malformed, errHollow)
	}
	return fault(briefing.Malformed, errors.New("the answer cannot be read"))
}

// plainCause strips the address from a transport error: addresses of feeds may hold keys, and the
// operation says what was asked.
func plainCause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// tame returns s if it is a plain code word, and "" for anything else, such as prose or half a token: words have no
// digits, and what opens something has.
func tame(s string) string {
	if len(s) > 48 {
		return ""
	}
	for _, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	return s
}

var retryTime = regexp.MustCompile(`Retry after (\d{4}-\d\d-\d\dT[0-9:.]+Z)`)

// retryAfter reads how long to leave the other side alone: from the header in either of its forms, or
// from the message, where Gmail hides it. 0 when it did not say. A time of day is by the other side's clock, and is
// compared with what that one showed.
func retryAfter(header http.Header, message string, now time.Time) time.Duration {
	if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
		now = theirs
	}
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return clampWait(time.Duration(seconds)*time.Second, longestRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return clampWait(at.Sub(now), longestRetryAfter)
	}
	if m := retryTime.FindStringSubmatch(message); m != nil {
		if at, err := time.Parse(time.RFC3339, m[1]); err == nil {
			return clampWait(at.Sub(now), guessedRetryAfter)
		}
	}
	return 0
}

func clampWait(d, most time.Duration) time.Duration { return min(max(d, 0), most) }

// guarded is the transport under all calls to Google: it bounds answers and marks how they break.
type guarded struct {
	base  http.RoundTripper
	limit int64
}

func (t guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &guardedBody{body: resp.Body, left: t.limit, sniff: resp.StatusCode == http.StatusOK && req.Method == http.MethodGet}
	return resp, nil
}

// guardedBody fails with a readError where the network broke, with errHollow where nothing is said, and
// where the answer is longer than anything we ask for.
type guardedBody struct {
	body  io.ReadCloser
	left  int64
	sniff bool
}

func (b *guardedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, errors.New("the answer is too long")
	}
	if b.sniff && n > 0 {
		b.sniff = false
		if hollow(p[:n]) {
			return 0, errHollow
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &readError{err}
	}
	return n, err
}

func (b *guardedBody) Close() error { return b.body.Close() }

// hollow reports whether an answer that starts so holds no member, or only an error that came as a success.
func hollow(start []byte) bool {
	text := strings.Join(strings.Fields(string(start[:min(len(start), 64)])), "")
	return slices.Contains([]string{"{}", "[]", "null", `""`}, text) || strings.HasPrefix(text, `{"error"`)
}
