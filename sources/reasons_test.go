package sources_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// refusal is an answer of Google's and what it means.
type refusal struct {
	status int
	body   string
	header map[string]string
	want   briefing.Reason
	wait   time.Duration
}

// dated is a Retry-After that is a time of day, from a server whose clock shows now.
func dated(now, retry time.Time) map[string]string {
	return map[string]string{"Date": now.Format(http.TimeFormat), "Retry-After": retry.Format(http.TimeFormat)}
}

func TestTokenReasons(t *testing.T) {
	oauth := standin.OAuthError
	for name, c := range map[string]refusal{
		"revoked":              {status: 400, body: oauth("invalid_grant", "Token has been expired or revoked."), want: briefing.ReauthRequired},
		"account gone":         {status: 400, body: oauth("invalid_grant", "Account has been deleted"), want: briefing.ReauthRequired},
		"session control":      {status: 400, body: `{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)","error_subtype":"invalid_rapt"}`, want: briefing.ReauthRequired},
		"said with 200":        {status: 200, body: oauth("invalid_grant", "Bad Request"), want: briefing.ReauthRequired},
		"said in an outage":    {status: 503, body: oauth("invalid_grant", "Bad Request"), want: briefing.Unavailable},
		"wrong secret":         {status: 401, body: oauth("invalid_client", "Unauthorized"), want: briefing.ClientMisconfigured},
		"deleted client":       {status: 401, body: oauth("deleted_client", "The OAuth client was deleted."), want: briefing.ClientMisconfigured},
		"another client":       {status: 401, body: oauth("unauthorized_client", "Unauthorized"), want: briefing.ClientMisconfigured},
		"policy":               {status: 400, body: oauth("admin_policy_enforced", ""), want: briefing.PolicyBlocked},
		"restricted":           {status: 400, body: oauth("access_denied", "Account restricted"), want: briefing.PolicyBlocked},
		"scope":                {status: 400, body: oauth("invalid_scope", "Bad Request"), want: briefing.Internal},
		"request":              {status: 400, body: oauth("invalid_request", ""), want: briefing.Internal},
		"grant type":           {status: 400, body: oauth("unsupported_grant_type", ""), want: briefing.Internal},
		"internal failure":     {status: 400, body: oauth("internal_failure", "Backend Error"), want: briefing.Unavailable},
		"temporarily":          {status: 400, body: oauth("temporarily_unavailable", ""), want: briefing.Unavailable},
		"500":                  {status: 500, want: briefing.Unavailable},
		"503 of a proxy":       {status: 503, body: "<html>Service Unavailable</html>", want: briefing.Unavailable},
		"429":                  {status: 429, header: map[string]string{"Retry-After": "30"}, want: briefing.RateLimited, wait: 30 * time.Second},
		"429 of a proxy":       {status: 429, body: "<html>slow down</html>", want: briefing.RateLimited},
		"rate limit by word":   {status: 403, body: oauth("rate_limit_exceeded", ""), want: briefing.RateLimited},
		"404":                  {status: 404, body: "<html>not here</html>", want: briefing.Malformed},
		"login page":           {status: 200, body: "<html>please log in to the network</html>", want: briefing.Malformed},
		"no access token":      {status: 200, body: `{"token_type":"Bearer"}`, want: briefing.Malformed},
		"cut JSON":             {status: 200, body: `{"access_token":"ya29.x","expi`, want: briefing.Malformed},
		"a word nobody knows":  {status: 400, body: oauth("quantum_flux", ""), want: briefing.Malformed},
		"the token in a cloak": {status: 400, body: `{"error":"1//standin-secret spilled"}`, want: briefing.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{})
			token := h.connect()
			h.clock.Advance(2 * time.Hour)
			h.google.Inject(standin.Fault{Op: "token", Status: c.status, Body: c.body, Header: c.header})
			_, err := h.fetch(t, briefing.Gmail)
			fault := wantReason(t, err, c.want)
			if fault.RetryAfter != c.wait {
				t.Errorf("retry after %v, want %v", fault.RetryAfter, c.wait)
			}
			if strings.Contains(err.Error(), token.RefreshToken) || strings.Contains(err.Error(), "spilled") || strings.Contains(err.Error(), clientSecret) {
				t.Errorf("the error tells too much: %v", err)
			}
			dead := !h.store.row(readerID).State.DeadSince.IsZero()
			if dead != (c.want == briefing.ReauthRequired) {
				t.Errorf("dead = %v", dead)
			}
			h.calls(t, map[string]int{"token": 1})
		})
	}
}

func TestTokenTransport(t *testing.T) {
	for name, c := range map[string]struct {
		fault standin.Fault
		want  briefing.Reason
	}{
		"cut before": {standin.Fault{Op: "token", Cut: "before"}, briefing.Unavailable},
		"cut after":  {standin.Fault{Op: "token", Cut: "after"}, briefing.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{})
			h.connect()
			h.clock.Advance(2 * time.Hour)
			h.google.Inject(c.fault)
			_, err := h.fetch(t, briefing.Gmail)
			wantReason(t, err, c.want)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		h := build(t, standin.Account{}, func(cfg *sources.GoogleConfig) { cfg.TokenURL = "http://127.0.0.1:1/token" })
		h.connect()
		h.clock.Advance(2 * time.Hour)
		_, err := h.fetch(t, briefing.Gmail)
		wantReason(t, err, briefing.Unavailable)
	})
}

func TestAPIReasons(t *testing.T) {
	said := standin.GoogleError
	scope := `{"error":{"code":403,"message":"Request had insufficient authentication scopes.","status":"PERMISSION_DENIED"}}`
	detail := func(reason string) string {
		return `{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.Help","links":[]},` +
			`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + reason + `"}]}}`
	}
	for name, c := range map[string]refusal{
		"scope by reason":      {status: 403, body: said(403, "insufficientPermissions", "Insufficient Permission"), want: briefing.ScopeMissing},
		"scope by detail":      {status: 403, body: detail("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), want: briefing.ScopeMissing},
		"scope by words":       {status: 403, body: scope, want: briefing.ScopeMissing},
		"scope by header":      {status: 403, body: said(403, "forbidden", "no"), header: map[string]string{"WWW-Authenticate": `Bearer error="insufficient_scope"`}, want: briefing.ScopeMissing},
		"metadata alone":       {status: 403, body: said(403, "forbidden", "Metadata scope does not support 'q' parameter"), want: briefing.ScopeMissing},
		"API off":              {status: 403, body: said(403, "accessNotConfigured", "not used in project 1 before"), want: briefing.APIDisabled},
		"API off by detail":    {status: 403, body: detail("SERVICE_DISABLED"), want: briefing.APIDisabled},
		"domain policy":        {status: 403, body: said(403, "domainPolicy", "The domain administrators have disabled Gmail apps."), want: briefing.PolicyBlocked},
		"no Gmail":             {status: 400, body: said(400, "failedPrecondition", "Mail service not enabled"), want: briefing.PolicyBlocked},
		"forbidden":            {status: 403, body: said(403, "forbidden", "Forbidden"), want: briefing.PolicyBlocked},
		"user limit as 403":    {status: 403, body: said(403, "userRateLimitExceeded", "User Rate Limit Exceeded"), want: briefing.RateLimited},
		"quota as 403":         {status: 403, body: said(403, "quotaExceeded", "Calendar usage limits exceeded."), want: briefing.RateLimited},
		"daily limit":          {status: 403, body: said(403, "dailyLimitExceeded", "Daily Limit Exceeded"), want: briefing.RateLimited, wait: 24 * time.Hour},
		"429":                  {status: 429, body: said(429, "rateLimitExceeded", "Too many concurrent requests for user"), header: map[string]string{"Retry-After": "12"}, want: briefing.RateLimited, wait: 12 * time.Second},
		"429 with a date":      {status: 429, header: dated(monday(), monday().Add(time.Minute)), want: briefing.RateLimited, wait: time.Minute},
		"429 with words":       {status: 429, body: said(429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after 2026-11-23T00:10:00.000Z"), header: map[string]string{"Date": monday().Format(http.TimeFormat)}, want: briefing.RateLimited, wait: 10 * time.Minute},
		"by their clock":       {status: 429, header: dated(monday().Add(-10*time.Minute), monday()), want: briefing.RateLimited, wait: 10 * time.Minute},
		"429 of a proxy":       {status: 429, body: "slow down", want: briefing.RateLimited},
		"500":                  {status: 500, want: briefing.Unavailable},
		"502 of a proxy":       {status: 502, body: "<html>Bad Gateway</html>", want: briefing.Unavailable},
		"503 that lies":        {status: 503, body: said(503, "insufficientPermissions", "?"), want: briefing.Unavailable},
		"403 of a proxy":       {status: 403, body: "<html>Blocked by your network</html>", want: briefing.Malformed},
		"a login page":         {status: 200, body: "<html>hello</html>", want: briefing.Malformed},
		"cut JSON":             {status: 200, body: `{"messages":[{"id":"1`, want: briefing.Malformed},
		"nothing at all":       {status: 200, body: " ", want: briefing.Malformed},
		"an empty object":      {status: 200, body: "{}", want: briefing.Malformed},
		"null":                 {status: 200, body: "null\n", want: briefing.Malformed},
		"an error as success":  {status: 200, body: said(500, "backendError", "oops"), want: briefing.Malformed},
		"another shape":        {status: 200, body: `{"messages":{"id":"x"},"items":"none"}`, want: briefing.Malformed},
		"a bad request":        {status: 400, body: said(400, "invalidArgument", "Invalid value"), want: briefing.Internal},
		"a redirect elsewhere": {status: 302, header: map[string]string{"Location": "https://evil.example/"}, body: "moved", want: briefing.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{})
			token := h.connect()
			for source, op := range map[briefing.SourceName]string{briefing.Gmail: "gmail.messages.list", briefing.Calendar: "calendar.events.list"} {
				h.google.Inject(standin.Fault{Op: op, Status: c.status, Body: c.body, Header: c.header})
				section, err := h.fetch(t, source)
				fault := wantReason(t, err, c.want)
				if section.Source != "" {
					t.Errorf("%s: a section although nothing was read", source)
				}
				if fault.RetryAfter != c.wait {
					t.Errorf("%s: retry after %v, want %v", source, fault.RetryAfter, c.wait)
				}
				if strings.Contains(err.Error(), token.AccessToken) {
					t.Errorf("%s: the error holds the token: %v", source, err)
				}
			}
			if h.store.row(readerID).State.DeadSince != (time.Time{}) {
				t.Error("an API's answer marked the grant dead")
			}
		})
	}
}

func TestAPITransport(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	for _, c := range []struct {
		fault standin.Fault
		want  briefing.Reason
	}{
		{standin.Fault{Op: "gmail.messages.list", Cut: "before"}, briefing.Unavailable},
		{standin.Fault{Op: "gmail.messages.list", Header: map[string]string{"Content-Length": "5000"}, Body: `{"messages":[]`, Status: 200}, briefing.Unavailable},
	} {
		h.google.Clear()
		h.google.Inject(c.fault)
		_, err := h.fetch(t, briefing.Gmail)
		wantReason(t, err, c.want)
	}
	h.google.DisableAPI("calendar")
	_, err := h.fetch(t, briefing.Calendar)
	wantReason(t, err, briefing.APIDisabled)
	down := build(t, standin.Account{}, func(cfg *sources.GoogleConfig) { cfg.GmailURL = "http://127.0.0.1:1" })
	down.connect()
	_, err = down.fetch(t, briefing.Gmail)
	wantReason(t, err, briefing.Unavailable)
}

// TestRecordedBodies holds the reasons against bodies that other programs met, where they are at hand. TestFacts holds
// the same ones everywhere.
func TestRecordedBodies(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "oauth", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		c, known := recorded[name]
		if !known {
			t.Errorf("nobody has said what %s means", name)
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{})
			h.connect()
			h.clock.Advance(2 * time.Hour)
			if c.token {
				h.google.Inject(standin.Fault{Op: "token", Status: c.status, Body: string(body)})
				_, err = h.client.Refresh(t.Context(), readerID)
			} else {
				h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: c.status, Body: string(body)})
				_, err = h.fetch(t, briefing.Gmail)
			}
			if got := briefing.ReasonOf(err); got != c.want {
				t.Errorf("reason %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// recorded says what the body in a file means, with which status it came, and whether the token endpoint said it.
var recorded = map[string]struct {
	want   briefing.Reason
	status int
	token  bool
}{
	"token_400_invalid_grant_bad_request.json":                          {briefing.ReauthRequired, 400, true},
	"token_400_invalid_rapt.json":                                       {briefing.ReauthRequired, 400, true},
	"google_calendar__test_mocks_login_with_auth_code_fail.json":        {briefing.ReauthRequired, 400, true},
	"token_401_invalid_client.json":                                     {briefing.ClientMisconfigured, 401, true},
	"google_calendar__test_mocks_login_with_refresh_token_success.json": {"", 200, true},
	"google-auth-library-nodejs__test_fixtures_refresh.json":            {briefing.Malformed, 200, true}, // a file of credentials, and no token
	"gcal_403_scope_insufficient.json":                                  {briefing.ScopeMissing, 403, false},
	"people_403_scope_insufficient_min.json":                            {briefing.ScopeMissing, 403, false},
	"any_403_accessNotConfigured_project_not_found.json":                {briefing.APIDisabled, 403, false},
	"people_403_SERVICE_DISABLED_rpc.json":                              {briefing.APIDisabled, 403, false},
	"gmail_400_mail_service_not_enabled.json":                           {briefing.PolicyBlocked, 400, false},
	"serviceusage_403_precondition.json":                                {briefing.PolicyBlocked, 403, false},
	"google_calendar__test_mocks_403_forbidden.json":                    {briefing.PolicyBlocked, 403, false},
	"gmail_429_resource_exhausted.json":                                 {briefing.RateLimited, 429, false},
	"gmail_429_user_rate_retry_after_in_message.json":                   {briefing.RateLimited, 429, false},
	"any_403_userRateLimitExceeded.json":                                {briefing.RateLimited, 403, false},
	"gmail_403_quota_per_minute.json":                                   {briefing.RateLimited, 403, false},
	"google_calendar__test_mocks_403_calendar_rate_limit.json":          {briefing.RateLimited, 403, false},
	"google_calendar__test_mocks_403_daily_limit.json":                  {briefing.RateLimited, 403, false},
	"google_calendar__test_mocks_403_rate_limit.json":                   {briefing.RateLimited, 403, false},
	"google_calendar__test_mocks_403_user_rate_limit.json":              {briefing.RateLimited, 403, false},
	"google_calendar__test_mocks_404.json":                              {briefing.Unavailable, 404, false},
	"gcal_410_fullSyncRequired.json":                                    {briefing.Unavailable, 410, false},
	"google_calendar__test_mocks_409.json":                              {briefing.Internal, 409, false},  // reading makes nothing that could be there already
	"google_calendar__test_mocks_403.json":                              {briefing.Malformed, 403, false}, // what is no JSON names no reason
	"google_calendar__test_mocks_412.json":                              {briefing.Malformed, 412, false},
	"google_calendar__test_mocks_500.json":                              {briefing.Unavailable, 500, false},
}
