package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"achim/briefing"
	"achim/internal/telemetry"
)

const reader = "3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"

var due = time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC)

// scrape returns what Prometheus would get.
func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil || rec.Code != 200 {
		t.Fatalf("scrape: %d %v", rec.Code, err)
	}
	return string(body)
}

// exercise makes one of everything, with ids wherever a careless caller could put them.
func exercise(m *telemetry.Metrics) {
	entry := briefing.Entry{ID: "entryid0entryid0entryid0aa", Reader: reader, Status: briefing.Degraded, ChannelID: "D012AB3CD",
		DueAt: due, DeliveredAt: due.Add(1500 * time.Millisecond)}
	m.Moved(entry, briefing.OutcomePending)
	m.Moved(entry, briefing.OutcomeDelivered)
	m.Moved(briefing.Entry{Reader: reader}, briefing.OutcomeSkipped)
	m.Moved(briefing.Entry{Reader: reader}, briefing.Outcome(reader))
	m.Trouble(entry, &briefing.Error{Op: "post to D012AB3CD", Reason: briefing.RateLimited})
	m.SourceRead(briefing.Section{Source: briefing.Gmail, Account: "mina@gaon.example",
		Verdict: briefing.Verdict{State: briefing.VerdictFailed, Reason: briefing.ReauthRequired}}, briefing.ReauthRequired, 3*time.Second)
	m.SourceRead(briefing.Section{Source: briefing.News, Verdict: briefing.Verdict{State: briefing.VerdictOK}}, nil, time.Second)
	m.SlackCalled("chat.postMessage", nil)
	m.SlackCalled("conversations.open?users=U012AB3CD", errors.New("no D012AB3CD"))
	m.Refreshed(nil)
	m.Refreshed(fmt.Errorf("refresh for %s: %w", reader, briefing.ReauthRequired))
	m.FeedFetched(&briefing.Error{Op: "fetch", Reason: briefing.Malformed})
	m.Request("GET /connect/{token}", 200, 20*time.Millisecond)
	m.Request("", 404, time.Millisecond)
	m.Accounted(due)
	m.Stands(map[string]int{"expected": 3, "under_way": 0})
	m.Told("webhook", &briefing.Error{Op: "post", Reason: briefing.Unavailable})
	m.Told("slack", nil)
	m.ModelAsked(telemetry.ModelUse{Result: "ok", Took: 3 * time.Second, PromptTokens: 1200, AnswerTokens: 90, Taken: 2, Refused: 1})
	m.ModelAsked(telemetry.ModelUse{Result: "mina@gaon.example"})
}

func TestExposition(t *testing.T) {
	m := telemetry.NewMetrics("v1.2.3")
	exercise(m)
	got := scrape(t, m)
	for _, want := range []string{
		`achim_build_info{go_version="go1`, `version="v1.2.3"} 1`,
		`achim_deliveries_total{outcome="delivered",status="degraded"} 1`,
		`achim_deliveries_total{outcome="delivered",status="complete"} 0`, `achim_deliveries_total{outcome="unknown",status="complete"} 0`,
		`achim_alarms_total{channel="heartbeat",result="timeout"} 0`,
		`achim_deliveries_total{outcome="skipped",status="none"} 1`,
		`achim_deliveries_total{outcome="other",status="none"} 1`,
		`achim_delivery_lateness_seconds_bucket{le="1"} 0`, `achim_delivery_lateness_seconds_bucket{le="2"} 1`,
		`achim_delivery_troubles_total{reason="rate_limited"} 1`,
		`achim_source_verdicts_total{reason="reauth_required",source="gmail",verdict="failed"} 1`,
		`achim_source_verdicts_total{reason="none",source="news",verdict="ok"} 1`,
		`achim_source_read_seconds_sum{source="gmail"} 3`,
		`achim_slack_calls_total{method="chat.postMessage",result="ok"} 1`,
		`achim_slack_calls_total{method="other",result="internal"} 1`,
		`achim_google_refreshes_total{result="ok"} 1`, `achim_google_refreshes_total{result="reauth_required"} 1`,
		`achim_google_refreshes_total{result="unavailable"} 0`,
		`achim_feed_fetches_total{result="malformed"} 1`,
		`achim_http_requests_total{code="200",route="GET /connect/{token}"} 1`,
		`achim_http_requests_total{code="404",route="unmatched"} 1`,
		`achim_http_request_duration_seconds_count{route="GET /connect/{token}"} 1`,
		`achim_morning_readers{outcome="expected"} 3`, `achim_morning_readers{outcome="under_way"} 0`, "achim_morning_due_timestamp_seconds ",
		`achim_alarms_total{channel="webhook",result="unavailable"} 1`, `achim_alarms_total{channel="slack",result="ok"} 1`,
		`achim_model_edits_total{result="ok"} 1`, `achim_model_edits_total{result="other"} 1`, "achim_model_edit_seconds_sum 3",
		`achim_model_tokens_total{direction="prompt"} 1200`, `achim_model_tokens_total{direction="answer"} 90`, `achim_model_lines_total{result="refused"} 1`,
		"go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the exposition lacks %s", want)
		}
	}
	for _, leak := range []string{reader, "U012AB3CD", "D012AB3CD", "mina", "entryid0"} {
		if strings.Contains(got, leak) {
			t.Errorf("the exposition holds %s", leak)
		}
	}
}

func TestNamesFollowPrometheus(t *testing.T) {
	m := telemetry.NewMetrics("v1.2.3")
	exercise(m)
	exposition := scrape(t, m)
	problems, err := promlint.New(strings.NewReader(exposition)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for line := range strings.Lines(exposition) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "achim_") && !strings.HasPrefix(line, "go_") && !strings.HasPrefix(line, "process_") {
			t.Errorf("a metric of nobody's: %s", line)
		}
	}
}

func TestNilMetricsDoNothing(t *testing.T) {
	var m *telemetry.Metrics
	exercise(m)
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 404 {
		t.Errorf("code %d", rec.Code)
	}
}

// The observer's functions take the methods as they are.
func TestMethodsFitTheObserver(t *testing.T) {
	m := telemetry.NewMetrics("v1.2.3")
	o := briefing.Observer{SourceRead: m.SourceRead, Moved: m.Moved, Trouble: m.Trouble}
	o.Moved(briefing.Entry{Status: briefing.Complete}, briefing.OutcomeDelivered)
	if got := scrape(t, m); !strings.Contains(got, `achim_deliveries_total{outcome="delivered",status="complete"} 1`) {
		t.Error("the delivery was not counted")
	}
}

func TestLoggerRedacts(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		logger := telemetry.NewLogger(&out, slog.LevelInfo, asJSON)
		logger.Debug("too small to say")
		logger = logger.With("access_token", "hunter2").WithGroup("request")
		attrs := []any{"Authorization", "Bearer hunter2", "clientSecret", "hunter2", "api-key", "hunter2",
			slog.Group("token", "value", "hunter2"), slog.Group("inner", slog.Any("set_cookie", []string{"hunter2"})),
			"secret", briefing.NewSecret("hunter2"), "refresh_token", "", "route", "GET /connect/{token}", "error", errors.New("line\nbreak")}
		logger.Warn("called", attrs...)
		got := out.String()
		if strings.Contains(got, "hunter2") || strings.Contains(got, "too small") || strings.Count(got, "\n") != 1 {
			t.Errorf("json %v: %s", asJSON, got)
		}
		if n := strings.Count(got, "[redacted]"); n != 7 || !strings.Contains(got, "GET /connect/{token}") {
			t.Errorf("json %v: %d redacted in %s", asJSON, n, got)
		}
		if json.Valid(out.Bytes()) != asJSON {
			t.Errorf("json %v: %s", asJSON, got)
		}
	}
}

func ExampleNewLogger() {
	var out bytes.Buffer
	telemetry.NewLogger(&out, slog.LevelInfo, true).Info("refreshed", "reader", "haneul", "access_token", "ya29.x")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		fmt.Println(err)
	}
	delete(line, "time")
	fmt.Print(line["level"], " ", line["msg"], " ", line["access_token"])
	// Output: INFO refreshed [redacted]
}
