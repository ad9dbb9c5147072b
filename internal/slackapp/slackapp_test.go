package slackapp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"achim/internal/slackapp"
)

// verify stands for Slack's signature: the header must repeat the body.
func verify(header http.Header, body []byte) error {
	if header.Get("X-Slack-Signature") != "v0="+string(body) {
		return errors.New("signature does not match")
	}
	return nil
}

// post sends body, signed, and returns the answer.
func post(h http.Handler, path, body, signature string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if signature != "" {
		req.Header.Set("X-Slack-Signature", signature)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

// wantProblem checks a refusal.
func wantProblem(t *testing.T, rec *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("no JSON: %s", rec.Body)
	}
	if rec.Code != status || p["status"] != float64(status) || p["code"] != code || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestWhatSlackSignedIsAcknowledged(t *testing.T) {
	h := slackapp.New(slackapp.Config{Verify: verify})
	for path, body := range map[string]string{
		"/slack/interactions": "payload=%7B%22type%22%3A%22block_actions%22%7D",
		"/slack/commands":     "command=%2Fachim",
		"/slack/events":       `{"type":"event_callback"}`,
	} {
		if rec := post(h, path, body, "v0="+body); rec.Code != http.StatusOK || rec.Body.Len() != 0 {
			t.Errorf("%s: %d %q", path, rec.Code, rec.Body)
		}
	}
}

func TestTheChallengeIsAnswered(t *testing.T) {
	body := `{"type":"url_verification","challenge":"3eZbrw1a<b>"}`
	rec := post(slackapp.New(slackapp.Config{Verify: verify}), "/slack/events", body, "v0="+body)
	if rec.Code != http.StatusOK || rec.Body.String() != "3eZbrw1a<b>" || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%d %s %q", rec.Code, rec.Header(), rec.Body)
	}
}

func TestWhatIsNotSignedIsRefused(t *testing.T) {
	var log bytes.Buffer
	h := slackapp.New(slackapp.Config{Verify: verify, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, path := range []string{"/slack/interactions", "/slack/events", "/slack/commands"} {
		wantProblem(t, post(h, path, "payload=secret-words", ""), http.StatusUnauthorized, "unauthorized")
		wantProblem(t, post(h, path, "payload=secret-words", "v0=other"), http.StatusUnauthorized, "unauthorized")
	}
	if lines := strings.Count(log.String(), "\n"); lines != 6 || strings.Contains(log.String(), "secret-words") {
		t.Errorf("%d lines:\n%s", lines, log.String())
	}
}

func TestBodiesAreBounded(t *testing.T) {
	h := slackapp.New(slackapp.Config{Verify: verify})
	body := strings.Repeat("a", 1<<20+1)
	wantProblem(t, post(h, "/slack/events", body, "v0="+body), http.StatusRequestEntityTooLarge, "invalid_json")
	cut := httptest.NewRequest(http.MethodPost, "/slack/events", io.MultiReader(strings.NewReader("{"), broken{}))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, cut)
	wantProblem(t, rec, http.StatusBadRequest, "invalid_json")
}

// broken is a connection that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWithoutASigningSecretThereIsNothing(t *testing.T) {
	wantProblem(t, post(slackapp.New(slackapp.Config{}), "/slack/interactions", "", "v0="), http.StatusNotFound, "not_found")
}

func TestOtherAddressesAndMethods(t *testing.T) {
	h := slackapp.New(slackapp.Config{Verify: verify})
	wantProblem(t, post(h, "/slack/other", "", "v0="), http.StatusNotFound, "not_found")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/slack/events", nil))
	wantProblem(t, rec, http.StatusMethodNotAllowed, "not_found")
	if rec.Header().Get("Allow") != http.MethodPost {
		t.Errorf("Allow = %q", rec.Header().Get("Allow"))
	}
}
