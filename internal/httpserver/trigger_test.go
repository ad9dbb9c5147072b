package httpserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/httpserver"
)

func TestTriggerHandsOnWhatWasAsked(t *testing.T) {
	w := newWorld()
	body := `{"user_ids":["` + strings.ToUpper(string(minji)) + `","U0DANA"],"date":"2026-11-21","force":true,"dry_run":false}`
	if got := serve(t, w.deps()).ask("POST /api/cron/daily-summary", body, asCron); got.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	want := briefing.TriggerRequest{Readers: []string{string(minji), "U0DANA"}, Date: briefing.Date{Year: 2026, Month: 11, Day: 21}, Force: true}
	if diff := cmp.Diff(want, w.asked); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestTriggerWithNullsIsTheDefault(t *testing.T) {
	w := newWorld()
	got := serve(t, w.deps()).ask("POST /api/cron/daily-summary", `{"user_ids":null,"date":null,"force":null,"dry_run":null}`, asCron)
	if got.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", got.StatusCode, got.body)
	}
	if diff := cmp.Diff(briefing.TriggerRequest{}, w.asked); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestTriggerAnswersBeforeALongRunEnds(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	c := serve(t, w.deps())
	for _, tc := range []struct{ line, header string }{
		{"POST /api/cron/daily-summary?wait=0", "X-None: x"},
		{"POST /api/cron/daily-summary?wait=1ms", "X-None: x"},
		{"POST /api/cron/daily-summary", "Prefer: handling=lenient, respond-async"},
	} {
		got := c.ask(tc.line, "", asCron, tc.header)
		if got.StatusCode != http.StatusAccepted || !strings.Contains(got.body, `"state":"running"`) {
			t.Errorf("%s: status %d: %s", tc.line, got.StatusCode, got.body)
		}
		location := got.Header.Get("Location")
		if got := c.ask("GET "+location, "", asCron); got.StatusCode != http.StatusOK {
			t.Errorf("Location %q: status %d", location, got.StatusCode)
		}
		if applied := got.Header.Get("Preference-Applied"); (applied == "respond-async") != strings.HasPrefix(tc.header, "Prefer") {
			t.Errorf("%s: Preference-Applied = %q", tc.line, applied)
		}
	}
}

func TestTriggerWaitsForTheRun(t *testing.T) {
	w := newWorld()
	w.hold = make(chan struct{})
	time.AfterFunc(10*time.Millisecond, func() { close(w.hold) })
	got := serve(t, w.deps()).ask("POST /api/cron/daily-summary?wait=30s", "", asCron)
	got.wantGolden(t, http.StatusOK, "run")
}

func TestTriggerWaits25SecondsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.hold = make(chan struct{})
		start := time.Now()
		rec := httptest.NewRecorder()
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/cron/daily-summary", nil)
		req.Header.Set("Authorization", "Bearer "+cronSecret)
		httpserver.New(w.deps()).ServeHTTP(rec, req)
		if took := time.Since(start); rec.Code != http.StatusAccepted || took != 25*time.Second {
			t.Errorf("%d after %s", rec.Code, took)
		}
	})
}

// A client that hangs up does not reach the run: its start must not see the client's context.
func TestTriggerOutlivesItsClient(t *testing.T) {
	w := newWorld()
	spy := &startSpy{world: w}
	deps := w.deps()
	deps.Triggers = spy
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/cron/daily-summary", nil)
	req.Header.Set("Authorization", "Bearer "+cronSecret)
	httpserver.New(deps).ServeHTTP(httptest.NewRecorder(), req)
	if len(w.runs) != 1 || spy.err != nil {
		t.Errorf("%d runs, the run's context said %v", len(w.runs), spy.err)
	}
}

type startSpy struct {
	*world
	err error
}

func (s *startSpy) Start(ctx context.Context, req briefing.TriggerRequest) (briefing.Run, error) {
	s.err = ctx.Err()
	return s.world.Start(ctx, req)
}

func TestDryRunTextIsContent(t *testing.T) {
	c := serve(t, newWorld().deps())
	const text = "오늘 일정 1건"
	if got := c.ask("POST /api/cron/daily-summary", `{"dry_run":true}`, asCron); got.StatusCode != http.StatusOK || strings.Contains(got.body, text) {
		t.Errorf("cron: %d %s", got.StatusCode, got.body)
	}
	for _, line := range []string{"GET /api/runs", "GET /api/runs/run1"} {
		if got := c.ask(line, "", asCron); strings.Contains(got.body, text) {
			t.Errorf("%s shows it to a cron secret", line)
		}
		if got := c.ask(line, "", asAPI); !strings.Contains(got.body, text) {
			t.Errorf("%s hides it from an API secret: %s", line, got.body)
		}
	}
}
