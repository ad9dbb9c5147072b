package standin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// apiError is an error of the Gmail or Calendar API, written the way Google writes it.
type apiError struct {
	code     int
	reason   string // errors[0].reason
	message  string
	domain   string         // errors[0].domain; "global" when empty
	location string         // errors[0].location, a header or parameter
	info     map[string]any // details[0], a google.rpc.ErrorInfo
	auth     string         // WWW-Authenticate
}

func (e apiError) body() string {
	domain := e.domain
	if domain == "" {
		domain = "global"
		if strings.Contains(e.reason, "LimitExceeded") || e.reason == "accessNotConfigured" {
			domain = "usageLimits"
		}
	}
	item := map[string]any{"message": e.message, "domain": domain, "reason": e.reason}
	if e.location != "" {
		item["location"], item["locationType"] = e.location, "parameter"
		if e.location == "Authorization" {
			item["locationType"] = "header"
		}
	}
	inner := map[string]any{"code": e.code, "message": e.message, "errors": []any{item}}
	if status, ok := rpcStatus(e.code, e.reason); ok {
		inner["status"] = status
	}
	if e.info != nil {
		e.info["@type"] = "type.googleapis.com/google.rpc.ErrorInfo"
		inner["details"] = []any{e.info}
	}
	out, _ := json.MarshalIndent(map[string]any{"error": inner}, "", "  ") // strings and numbers only
	return string(out)
}

func rpcStatus(code int, reason string) (string, bool) {
	if reason == "failedPrecondition" {
		return "FAILED_PRECONDITION", true
	}
	status, ok := map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
		409: "ALREADY_EXISTS", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
	}[code]
	return status, ok
}

func (e apiError) write(w http.ResponseWriter) {
	if e.auth != "" {
		w.Header().Set("WWW-Authenticate", e.auth)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(e.code)
	_, _ = w.Write([]byte(e.body()))
}

// GoogleError is the body of a Gmail or Calendar error for Fault.Body, such as
// GoogleError(403, "userRateLimitExceeded", "User Rate Limit Exceeded").
func GoogleError(code int, reason, message string) string {
	return apiError{code: code, reason: reason, message: message}.body()
}

// OAuthError is the body of a token endpoint's error for Fault.Body, such as
// OAuthError("admin_policy_enforced", "").
func OAuthError(code, description string) string {
	m := map[string]string{"error": code}
	if description != "" {
		m["error_description"] = description
	}
	out, _ := json.MarshalIndent(m, "", "  ")
	return string(out)
}

func oauthFail(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(OAuthError(code, description)))
}

// googleFill is what Google sends with a bare status.
func googleFill(op string, status int) (contentType, body string) {
	const kind = "application/json; charset=UTF-8"
	if status < 400 {
		return kind, "{}"
	}
	if op == "token" || op == "revoke" || op == "userinfo" || op == "auth" {
		switch {
		case status == 429:
			return kind, OAuthError("rate_limit_exceeded", "Rate limit exceeded.")
		case status >= 500:
			return kind, OAuthError("internal_failure", "Backend Error")
		case status == 401:
			return kind, OAuthError("invalid_client", "Unauthorized")
		}
		return kind, OAuthError("invalid_request", "Bad Request")
	}
	e := apiError{code: status, reason: "backendError", message: "Backend Error"}
	switch status {
	case 400:
		e.reason, e.message = "badRequest", "Bad Request"
	case 401:
		return kind, unauthenticated().body()
	case 403:
		e.reason, e.message = "forbidden", "Forbidden"
	case 404:
		e.reason, e.message = "notFound", "Requested entity was not found."
	case 429:
		e.reason, e.message = "rateLimitExceeded", "Resource has been exhausted (e.g. check quota)."
	case 503:
		e.message = "The service is currently unavailable."
	}
	return kind, e.body()
}

func unauthenticated() apiError {
	return apiError{
		code: 401, reason: "authError", location: "Authorization",
		message: "Request had invalid authentication credentials. Expected OAuth 2 access token, " +
			"login cookie or other valid authentication credential.",
		auth: `Bearer realm="https://accounts.google.com/", error="invalid_token"`,
	}
}

// api is what a call to Gmail or Calendar needs to be let in.
type api struct {
	name   string // "gmail", "calendar"
	method string // "gmail.v1.Gmail.ListMessages", as ErrorInfo names it
	scopes []string
}

// admit finds whose token came with r and checks it, in Google's order: the token,
// then whether the API is on, then the scope. On failure it has answered. The
// caller holds the lock.
func (g *Google) admit(w http.ResponseWriter, r *http.Request, a api) (*issued, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t := g.access[token]
	if !ok || t == nil || !g.now().Before(t.expires) {
		unauthenticated().write(w)
		return nil, false
	}
	service, title := "gmail.googleapis.com", "Gmail API"
	if a.name == "calendar" {
		service, title = "calendar-json.googleapis.com", "Google Calendar API"
	}
	if g.disabled[a.name] {
		apiError{
			code: 403, reason: "accessNotConfigured",
			message: title + " has not been used in project " + projectNumber + " before or it is disabled. " +
				"Enable it by visiting https://console.developers.google.com/apis/api/" + service + "/overview?project=" +
				projectNumber + " then retry. If you enabled this API recently, wait a few minutes for the action " +
				"to propagate to our systems and retry.",
			info: map[string]any{
				"reason": "SERVICE_DISABLED", "domain": "googleapis.com",
				"metadata": map[string]any{"consumer": "projects/" + projectNumber, "service": service},
			},
		}.write(w)
		return nil, false
	}
	if !t.scopes.any(a.scopes...) {
		scopeInsufficient(service, a.method).write(w)
		return nil, false
	}
	if a.name == "gmail" && t.account.NoGmail {
		apiError{code: 400, reason: "failedPrecondition", message: "Mail service not enabled"}.write(w)
		return nil, false
	}
	return t, true
}

func scopeInsufficient(service, method string) apiError {
	return apiError{
		code: 403, reason: "insufficientPermissions", message: "Request had insufficient authentication scopes.",
		info: map[string]any{
			"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com",
			"metadata": map[string]any{"service": service, "method": method},
		},
		auth: `Bearer realm="https://accounts.google.com/", error="insufficient_scope"`,
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(v) // a failed write means the client left
}
