package sources_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
)

// TestFactsOfTheTokenEndpoint: every answer Google's token endpoint is known to give, and what it means for the grant.
// Only invalid_grant kills; what is the operator's to mend, an administrator's, or nobody's, leaves the grant alone.
func TestFactsOfTheTokenEndpoint(t *testing.T) {
	const dead, gone, client = "dead", "gone", "client"
	for _, c := range []struct {
		status            int
		code, description string
		more              string // further members of the body
		want              briefing.Reason
		marks             string
		detail            string
	}{
		{400, "invalid_grant", "Token has been expired or revoked.", "", briefing.ReauthRequired, dead, "HTTP 400 invalid_grant"},
		{400, "invalid_grant", "reauth related error (invalid_rapt)", `,"error_subtype":"invalid_rapt","error_uri":"https://support.google.com/a/answer/9368756"`,
			briefing.ReauthRequired, dead, "HTTP 400 invalid_grant invalid_rapt"},
		{400, "invalid_grant", "reauth related error (invalid_rapt)", "", briefing.ReauthRequired, dead, "HTTP 400 invalid_grant invalid_rapt"},
		{400, "invalid_grant", "Account has been deleted", "", briefing.ReauthRequired, gone, "HTTP 400 invalid_grant"},
		{400, "invalid_grant", "The account has been deleted", "", briefing.ReauthRequired, gone, "HTTP 400 invalid_grant"},
		{400, "invalid_grant", "Bad Request", "", briefing.ReauthRequired, dead, "HTTP 400 invalid_grant"},
		{400, "invalid_grant", "Malformed auth code.", "", briefing.ReauthRequired, dead, "HTTP 400 invalid_grant"},
		{400, "invalid_grant", "Invalid code verifier.", "", briefing.ReauthRequired, dead, "HTTP 400 invalid_grant"},
		{400, "invalid_grant", "Code was already redeemed.", "", briefing.ReauthRequired, dead, "HTTP 400 invalid_grant"},
		{400, "invalid_grant", "", "", briefing.ReauthRequired, dead, "HTTP 400 invalid_grant"},
		{401, "invalid_client", "The OAuth client was not found.", "", briefing.ClientMisconfigured, client, "HTTP 401 invalid_client"},
		{401, "invalid_client", "Unauthorized", "", briefing.ClientMisconfigured, client, "HTTP 401 invalid_client"},
		{401, "deleted_client", "The OAuth client was deleted.", "", briefing.ClientMisconfigured, client, "HTTP 401 deleted_client"},
		{401, "disabled_client", "The OAuth client was disabled.", "", briefing.ClientMisconfigured, client, "HTTP 401 disabled_client"},
		{400, "unauthorized_client", "Unauthorized", "", briefing.ClientMisconfigured, "", "HTTP 400 unauthorized_client"},
		{401, "unauthorized_client", "Unauthorized", "", briefing.ClientMisconfigured, "", "HTTP 401 unauthorized_client"},
		{400, "redirect_uri_mismatch", "Bad Request", "", briefing.ClientMisconfigured, "", "HTTP 400 redirect_uri_mismatch"},
		{400, "invalid_scope", "Some requested scopes were invalid.", "", briefing.Internal, "", "HTTP 400 invalid_scope"},
		{400, "invalid_scope", "Bad Request", "", briefing.Internal, "", "HTTP 400 invalid_scope"},
		{400, "unsupported_grant_type", "Invalid grant_type: ", "", briefing.Internal, "", "HTTP 400 unsupported_grant_type"},
		{400, "invalid_request", "Missing required parameter", "", briefing.Internal, "", "HTTP 400 invalid_request"},
		{400, "admin_policy_enforced", "", "", briefing.PolicyBlocked, "", "HTTP 400 admin_policy_enforced"},
		{400, "access_denied", "Account restricted", "", briefing.PolicyBlocked, "", "HTTP 400 access_denied"},
		{400, "internal_failure", "Backend Error", "", briefing.Unavailable, "", "HTTP 400 internal_failure"},
		{500, "internal_failure", "Backend Error", "", briefing.Unavailable, "", "HTTP 500 internal_failure"},
		{503, "temporarily_unavailable", "", "", briefing.Unavailable, "", "HTTP 503 temporarily_unavailable"},
		{502, "invalid_grant", "Token has been expired or revoked.", "", briefing.Unavailable, "", "HTTP 502 invalid_grant"},
		{503, "invalid_client", "", "", briefing.Unavailable, "", "HTTP 503 invalid_client"},
		{429, "rate_limit_exceeded", "Rate limit exceeded.", "", briefing.RateLimited, "", "HTTP 429 rate_limit_exceeded"},
		{429, "invalid_grant", "Bad Request", "", briefing.RateLimited, "", "HTTP 429 invalid_grant"},
		{403, "rate_limit_exceeded", "", "", briefing.RateLimited, "", "HTTP 403 rate_limit_exceeded"},
	} {
		t.Run(fmt.Sprintf("%d %s %s", c.status, c.code, c.description), func(t *testing.T) {
			h := build(t, standin.Account{})
			h.connect()
			h.clock.Advance(2 * time.Hour)
			body := fmt.Sprintf(`{"error":%q,"error_description":%q%s}`, c.code, c.description, c.more)
			h.google.Inject(standin.Fault{Op: "token", Status: c.status, Body: body, ContentType: "application/json"})
			_, err := h.client.Refresh(t.Context(), readerID)
			wantReason(t, err, c.want)
			if got := errors.Is(err, briefing.ErrClientRefused); got != (c.marks == client) {
				t.Errorf("the client is to blame: %v", got)
			}
			state := h.store.row(readerID).State
			if state.DeadSince.IsZero() == (c.marks == dead || c.marks == gone) || state.Gone != (c.marks == gone) {
				t.Errorf("state %+v", state)
			}
			if state.LastError != c.want || state.Detail != c.detail || !state.CheckedAt.Equal(h.clock.Now()) || !state.FailingSince.Equal(h.clock.Now()) {
				t.Errorf("remembered %+v", state)
			}
			if c.description != "" && strings.Contains(err.Error()+state.Detail, c.description) {
				t.Errorf("Google's prose is repeated: %v", err)
			}
		})
	}
}

// TestExchangeKillsNoGrant: at the exchange invalid_grant is said of the code, not of the grant there was before.
func TestExchangeKillsNoGrant(t *testing.T) {
	for _, description := range []string{"Malformed auth code.", "Invalid code verifier.", "Bad Request"} {
		h := build(t, standin.Account{})
		h.connect()
		before := h.store.row(readerID)
		answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
		h.google.Inject(standin.Fault{Op: "token", Times: 1, Status: http.StatusBadRequest, Body: standin.OAuthError("invalid_grant", description)})
		_, err := h.client.Finish(t.Context(), answer)
		wantFault(t, err, briefing.ConnectCode)
		if now := h.store.row(readerID); now.State != before.State || !now.RefreshToken.Equal(before.RefreshToken) {
			t.Errorf("%s: the grant before is now %+v", description, now.State)
		}
	}
}

// TestFactsOfTheAPIs: every refusal Gmail and Calendar are known to give. The same status means things that want a
// consent, an operator, an administrator or patience.
func TestFactsOfTheAPIs(t *testing.T) {
	const perMinute = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service 'gmail.googleapis.com' for consumer 'project_number:1'."
	for _, c := range []struct {
		status          int
		reason, message string
		details         string
		want            briefing.Reason
	}{
		{400, "badRequest", "Bad Request", "", briefing.Internal},
		{400, "invalidArgument", "Invalid value", "", briefing.Internal},
		{400, "timeRangeEmpty", "The specified time range is empty.", "", briefing.Internal},
		{400, "failedPrecondition", "Mail service not enabled", "", briefing.PolicyBlocked},
		{401, "authError", "Invalid Credentials", "", briefing.Unavailable}, // after a refresh that went well
		{401, "authError", "Request had invalid authentication credentials.", "", briefing.Unavailable},
		{403, "insufficientPermissions", "Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", briefing.ScopeMissing},
		{403, "insufficientPermissions", "Insufficient Permission", "", briefing.ScopeMissing},
		{403, "accessNotConfigured", "Gmail API has not been used in project 1 before or it is disabled.", "SERVICE_DISABLED", briefing.APIDisabled},
		{403, "accessNotConfigured", "Project 1 is not found and cannot be used for API calls.", "", briefing.APIDisabled},
		{403, "rateLimitExceeded", perMinute, "", briefing.RateLimited},
		{403, "userRateLimitExceeded", "User Rate Limit Exceeded", "", briefing.RateLimited},
		{403, "quotaExceeded", "Calendar usage limits exceeded.", "", briefing.RateLimited},
		{403, "dailyLimitExceeded", "Daily Limit Exceeded", "", briefing.RateLimited},
		{403, "domainPolicy", "The domain administrators have disabled Gmail apps.", "", briefing.PolicyBlocked},
		{403, "forbidden", "Forbidden", "", briefing.PolicyBlocked},
		{403, "appNotInstalled", "The authenticated user has not installed the app with client id 1", "", briefing.PolicyBlocked},
		{404, "notFound", "Requested entity was not found.", "", briefing.Unavailable},
		{410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.", "", briefing.Unavailable},
		{412, "conditionNotMet", "Precondition Failed", "", briefing.Internal},
		{429, "rateLimitExceeded", "Too many concurrent requests for user", "", briefing.RateLimited},
		{429, "rateLimitExceeded", "Resource has been exhausted (e.g. check quota).", "", briefing.RateLimited},
		{500, "backendError", "Backend Error", "", briefing.Unavailable},
		{502, "backendError", "", "", briefing.Unavailable},
		{503, "backendError", "The service is currently unavailable.", "", briefing.Unavailable},
		{504, "backendError", "", "", briefing.Unavailable},
	} {
		t.Run(fmt.Sprintf("%d %s %s", c.status, c.reason, c.message), func(t *testing.T) {
			h := build(t, standin.Account{})
			h.connect()
			details := ""
			if c.details != "" {
				details = fmt.Sprintf(`,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%q,"domain":"googleapis.com"}]`, c.details)
			}
			body := fmt.Sprintf(`{"error":{"code":%d,"message":%q,"errors":[{"message":%q,"domain":"global","reason":%q}]%s}}`,
				c.status, c.message, c.message, c.reason, details)
			for _, source := range []struct {
				op   string
				name briefing.SourceName
			}{{"gmail.messages.list", briefing.Gmail}, {"calendar.calendarList.list", briefing.Calendar}} {
				h.google.Inject(standin.Fault{Op: source.op, Status: c.status, Body: body})
				_, err := h.fetch(t, source.name)
				if source.name == briefing.Calendar && c.want == briefing.ScopeMissing && err == nil {
					continue // without the list of calendars there is still the primary one
				}
				wantReason(t, err, c.want)
				if c.message != "" && strings.Contains(err.Error(), c.message) {
					t.Errorf("Google's prose is repeated: %v", err)
				}
			}
			if state := h.store.row(readerID).State; !state.DeadSince.IsZero() {
				t.Error("an API's answer killed the grant")
			}
		})
	}
}
