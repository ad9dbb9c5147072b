package httpserver_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
)

func TestRimObservesPatternsOnly(t *testing.T) {
	w := newWorld()
	deps := w.deps()
	var mu sync.Mutex
	var seen []string
	deps.Observe = func(pattern string, code int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, pattern+" "+http.StatusText(code))
		if took < 0 {
			t.Errorf("took %s", took)
		}
	}
	c := serve(t, deps)
	c.ask("GET /api/users/"+string(minji)+"?secret=q", "", asAPI)
	c.ask("GET /api/users/"+string(nobody), "", asAPI)
	c.ask("GET /nosuch/"+string(minji), "")
	c.stop()
	want := []string{"GET /api/users/{user_id} OK", "GET /api/users/{user_id} Not Found", "unmatched Not Found"}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

// Neither secrets nor tokens, ids and queries reach the log.
func TestLogKeepsSecrets(t *testing.T) {
	w := newWorld()
	w.grants[minji] = briefing.CredentialReport{AccessToken: briefing.NewSecret(liveToken), Email: "minji@gaon.example"}
	deps := w.deps()
	deps.ExposeAccessTokens = true
	c := serve(t, deps)
	c.ask("GET /api/users", "", asCron)
	c.ask("GET /api/users", "", asAPI)
	c.ask("GET /api/users", "", "Authorization: Bearer wrong-guess")
	c.ask("POST /api/gmail/refresh/"+string(minji), "", asAPI)
	c.ask("GET /api/gmail/callback?state=single-use-state&code=one-time-code", "")
	c.ask("GET /connect/tok-"+string(minji), "")
	c.stop()
	log := w.log.String()
	for _, secret := range []string{cronSecret, apiSecret, "wrong-guess", liveToken, "single-use-state", "one-time-code", "tok-", string(minji), "gaon.example"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	if !strings.Contains(log, `pattern="POST /api/gmail/refresh/{user_id}"`) {
		t.Errorf("the log does not tell what was asked:\n%s", log)
	}
}

// panicky panics where a source would be read.
type panicky struct{ *world }

func (panicky) Read(context.Context, briefing.Reader, briefing.SourceName, briefing.Date) (briefing.Section, error) {
	panic("a bug")
}

func TestAPanicIsOneAnswerAndOneLine(t *testing.T) {
	w := newWorld()
	deps := w.deps()
	deps.Peek = panicky{w}
	c := serve(t, deps)
	got := c.ask("GET /messages?user_id=U0MINJI", "", asAPI)
	got.wantProblem(t, http.StatusInternalServerError, "internal")
	if strings.Contains(got.body, "a bug") {
		t.Errorf("the panic got out: %s", got.body)
	}
	c.stop()
	if lines := strings.Count(w.log.String(), "level=ERROR"); lines != 1 || !strings.Contains(w.log.String(), "peek.go") {
		t.Errorf("%d error lines:\n%s", lines, w.log.String())
	}
}

func TestMetricsAndSlackAreMounted(t *testing.T) {
	deps := newWorld().deps()
	deps.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	deps.Interactions = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	c := serve(t, deps)
	for _, line := range []string{"GET /metrics", "POST /slack/interactions", "POST /slack/events", "POST /slack/commands"} {
		if got := c.ask(line, ""); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", line, got.StatusCode)
		}
	}
}
