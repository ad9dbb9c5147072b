package telemetry

import (
	"math"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"achim/briefing"
)

// ok is the result of what went well; everything else is a briefing.Reason.
const ok = "ok"

// Metrics counts and measures. Its methods are safe for concurrent use and never block; on a nil *Metrics
// they do nothing, so whatever is measured works without.
type Metrics struct {
	registry *prometheus.Registry

	deliveries   *prometheus.CounterVec
	lateness     prometheus.Histogram
	troubles     *prometheus.CounterVec
	verdicts     *prometheus.CounterVec
	reading      *prometheus.HistogramVec
	slackCalls   *prometheus.CounterVec
	refreshes    *prometheus.CounterVec
	feeds        *prometheus.CounterVec
	requests     *prometheus.CounterVec
	requestTimes *prometheus.HistogramVec
	morning      *prometheus.GaugeVec
	morningDue   prometheus.Gauge
	alarms       *prometheus.CounterVec
	blind        prometheus.Gauge
	grants       *prometheus.GaugeVec
	modelEdits   *prometheus.CounterVec
	modelTimes   prometheus.Histogram
	modelTokens  *prometheus.CounterVec
	modelLines   *prometheus.CounterVec
}

// NewMetrics returns metrics with a registry of their own, and those of the Go runtime and the process.
// version is told as achim_build_info.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		deliveries: counter("achim_deliveries_total",
			"Entries settled, by outcome and by the label of the briefing (none, complete, degraded).", "outcome", "status"),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "achim_delivery_lateness_seconds",
			Help: "How long after it was due a briefing was delivered.",
			// A morning is judged in seconds, an outage in hours.
			Buckets: []float64{0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 10800},
		}),
		troubles: counter("achim_delivery_troubles_total",
			"Refusals and failures that an entry survived, by reason.", "reason"),
		verdicts: counter("achim_source_verdicts_total",
			"Readings of sources, by verdict and reason.", "source", "verdict", "reason"),
		reading: histogram("achim_source_read_seconds",
			"How long reading a source for one reader took.", "source"),
		slackCalls: counter("achim_slack_calls_total",
			"Calls to Slack, by method and result.", "method", "result"),
		refreshes: counter("achim_google_refreshes_total",
			"Refreshes of access tokens at Google, by result.", "result"),
		feeds: counter("achim_feed_fetches_total",
			"Fetches of news feeds, by result.", "result"),
		requests: counter("achim_http_requests_total",
			"Requests served, by route and status code.", "route", "code"),
		requestTimes: histogram("achim_http_request_duration_seconds",
			"How long requests took to serve, by route.", "route"),
		morning: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "achim_morning_readers",
			Help: "Readers due in the last 24 hours whose due minute was accounted for: all expected, and by how they stand now.",
		}, []string{"outcome"}),
		morningDue: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "achim_morning_due_timestamp_seconds",
			Help: "The last due minute that was accounted for.",
		}),
		alarms: counter("achim_alarms_total",
			"Messages to the operator, by channel (slack, webhook, heartbeat) and result.", "channel", "result"),
	}
	m.modelEdits = counter("achim_model_edits_total",
		"Briefings a language model was to edit, by result: ok, busy, resting, late, or the reason of a failure.", "result")
	m.modelTimes = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "achim_model_edit_seconds", Help: "How long briefings waited for the language model.",
		Buckets: []float64{0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 30},
	})
	m.modelTokens = counter("achim_model_tokens_total", "Tokens of the language model, as it counts them itself.", "direction")
	m.modelLines = counter("achim_model_lines_total", "Lines the language model wrote, by whether their item bears them out (taken) or not (refused).", "result")
	m.blind = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "achim_accounting_blind_seconds",
		Help: "For how long the database could not be asked what became of the mornings; 0 when it can.",
	})
	m.grants = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "achim_google_grants",
		Help: "Grants of readers, by how they stand (healthy, ending, failing, dead, unreadable), as last surveyed.",
	}, []string{"standing"})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "achim_build_info", Help: "Always 1; says which version this is.",
	}, []string{"version", "go_version"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(build, m.deliveries, m.lateness, m.troubles, m.verdicts, m.reading, m.slackCalls,
		m.refreshes, m.feeds, m.requests, m.requestTimes, m.morning, m.morningDue, m.alarms, m.blind, m.grants,
		m.modelEdits, m.modelTimes, m.modelTokens, m.modelLines,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.preset()
	return m
}

// preset makes the series that alerts ask for exist before their first event: a rate over a series that
// appears with its first failure misses that failure.
func (m *Metrics) preset() {
	for _, status := range []briefing.Status{briefing.Complete, briefing.Degraded} {
		for _, outcome := range []briefing.Outcome{briefing.OutcomeDelivered, briefing.OutcomeFailed, briefing.OutcomeUnknown} {
			m.deliveries.WithLabelValues(string(outcome), string(status))
		}
	}
	for _, outcome := range []briefing.Outcome{briefing.OutcomeFailed, briefing.OutcomeUnknown} {
		m.deliveries.WithLabelValues(string(outcome), "none") // given up before it was composed
	}
	for _, channel := range []string{"slack", "webhook", "heartbeat"} {
		for _, result := range []briefing.Reason{ok, briefing.RateLimited, briefing.Timeout, briefing.Unavailable, briefing.Malformed,
			briefing.ClientMisconfigured, briefing.RecipientUnreachable, briefing.Ambiguous} {
			m.alarms.WithLabelValues(channel, string(result))
		}
	}
	for _, result := range []string{ok, string(briefing.ReauthRequired), string(briefing.ClientMisconfigured), string(briefing.Unavailable)} {
		m.refreshes.WithLabelValues(result)
	}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300},
	}, labels)
}

// Handler serves the metrics in Prometheus's text form.
func (m *Metrics) Handler() http.Handler {
	if m == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 8,
	})
}

// ModelUse is what asking a language model about one briefing came to.
type ModelUse struct {
	Result       string // ok, busy, resting, late, or a briefing.Reason
	Took         time.Duration
	PromptTokens int
	AnswerTokens int
	Taken        int // lines
	Refused      int
}

// ModelAsked counts what a language model was asked and what came of it.
func (m *Metrics) ModelAsked(use ModelUse) {
	if m == nil {
		return
	}
	m.modelEdits.WithLabelValues(code(use.Result)).Inc()
	m.modelTimes.Observe(use.Took.Seconds())
	m.modelTokens.WithLabelValues("prompt").Add(float64(use.PromptTokens))
	m.modelTokens.WithLabelValues("answer").Add(float64(use.AnswerTokens))
	m.modelLines.WithLabelValues("taken").Add(float64(use.Taken))
	m.modelLines.WithLabelValues("refused").Add(float64(use.Refused))
}

// Moved counts an entry that has an outcome, and how late a delivered one was. It fits
// briefing.Observer.Moved.
func (m *Metrics) Moved(e briefing.Entry, outcome briefing.Outcome) {
	if m == nil || outcome == briefing.OutcomePending {
		return
	}
	m.deliveries.WithLabelValues(code(string(outcome)), code(string(e.Status))).Inc()
	if outcome == briefing.OutcomeDelivered && !e.DeliveredAt.IsZero() && !e.DueAt.IsZero() {
		m.lateness.Observe(max(0, e.DeliveredAt.Sub(e.DueAt).Seconds()))
	}
}

// Trouble counts what an entry survived. It fits briefing.Observer.Trouble.
func (m *Metrics) Trouble(_ briefing.Entry, err error) {
	if m == nil {
		return
	}
	m.troubles.WithLabelValues(result(err)).Inc()
}

// SourceRead counts the verdict of a section and measures the reading. It fits briefing.Observer.SourceRead.
func (m *Metrics) SourceRead(s briefing.Section, _ error, took time.Duration) {
	if m == nil {
		return
	}
	source := code(string(s.Source))
	m.verdicts.WithLabelValues(source, code(string(s.Verdict.State)), code(string(s.Verdict.Reason))).Inc()
	m.reading.WithLabelValues(source).Observe(took.Seconds())
}

// SlackCalled counts a call of a Web API method such as chat.postMessage; err is nil when Slack said ok.
func (m *Metrics) SlackCalled(method string, err error) {
	if m == nil {
		return
	}
	m.slackCalls.WithLabelValues(code(method), result(err)).Inc()
}

// Refreshed counts a refresh of an access token at Google; err is nil when it went well.
func (m *Metrics) Refreshed(err error) {
	if m == nil {
		return
	}
	m.refreshes.WithLabelValues(result(err)).Inc()
}

// FeedFetched counts a fetch of a news feed; err is nil when it could be read, or had not changed.
func (m *Metrics) FeedFetched(err error) {
	if m == nil {
		return
	}
	m.feeds.WithLabelValues(result(err)).Inc()
}

// Accounted shows that a due minute was accounted for.
func (m *Metrics) Accounted(due time.Time) {
	if m == nil {
		return
	}
	m.morningDue.Set(float64(due.Unix()))
}

// Stands shows how the readers due in the last day stand, by outcome.
func (m *Metrics) Stands(readers map[string]int) {
	if m == nil {
		return
	}
	for outcome, n := range readers {
		m.morning.WithLabelValues(code(outcome)).Set(float64(n))
	}
}

// GrantsSurveyed shows how the readers' grants stand.
func (m *Metrics) GrantsSurveyed(standings map[briefing.GrantStanding]int) {
	if m == nil {
		return
	}
	for _, standing := range briefing.GrantStandings() {
		m.grants.WithLabelValues(string(standing)).Set(float64(standings[standing]))
	}
}

// Blind shows for how long nobody could be accounted for; 0 = everybody can.
func (m *Metrics) Blind(d time.Duration) {
	if m == nil {
		return
	}
	m.blind.Set(d.Seconds())
}

// Told counts a message to the operator over a channel such as slack; err is nil when it got there.
func (m *Metrics) Told(channel string, err error) {
	if m == nil {
		return
	}
	m.alarms.WithLabelValues(code(channel), result(err)).Inc()
}

// WatchPace shows, whenever metrics are asked for, how far ahead the next free turn of each kind lies (wait, of
// one of kinds), how many readers runs wait for and how long all of them should take. pending reports false when
// that is not known.
func (m *Metrics) WatchPace(kinds []briefing.PaceKind, wait func(briefing.PaceKind) time.Duration, pending func() (readers int, left time.Duration, known bool)) {
	if m == nil {
		return
	}
	for _, kind := range kinds {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "achim_pace_wait_seconds",
			Help:        "How far ahead the next free turn to call Slack lies, by kind of call, as this process last saw it.",
			ConstLabels: prometheus.Labels{"kind": code(string(kind))},
		}, func() float64 { return wait(kind).Seconds() }))
	}
	m.registry.MustRegister(&progress{pending})
}

// progress tells how far runs are. Both numbers come from one look, so that they fit together.
type progress struct {
	pending func() (readers int, left time.Duration, known bool)
}

// Describe tells Prometheus nothing in advance.
func (p *progress) Describe(chan<- *prometheus.Desc) {}

// Collect looks.
func (p *progress) Collect(to chan<- prometheus.Metric) {
	n, left, known := p.pending()
	readers, seconds := float64(n), left.Seconds()
	if !known {
		readers, seconds = math.NaN(), math.NaN()
	}
	to <- prometheus.MustNewConstMetric(prometheus.NewDesc("achim_run_pending",
		"Readers that runs wait for, over all processes; NaN while the database cannot be asked.", nil, nil), prometheus.GaugeValue, readers)
	to <- prometheus.MustNewConstMetric(prometheus.NewDesc("achim_run_left_seconds",
		"How long the readers that runs wait for should take, by the pace; 0 when none do.", nil, nil), prometheus.GaugeValue, seconds)
}

// Request counts and measures a request served. pattern is the route's, such as "GET /connect/{token}",
// never the path: paths hold readers and tokens.
func (m *Metrics) Request(pattern string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if pattern == "" {
		pattern = "unmatched"
	}
	m.requests.WithLabelValues(pattern, strconv.Itoa(status)).Inc()
	m.requestTimes.WithLabelValues(pattern).Observe(took.Seconds())
}

func result(err error) string {
	if err == nil {
		return ok
	}
	return code(string(briefing.ReasonOf(err)))
}

var codeForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z_.]{0,39}$`)

// code returns s if it can be one of a closed set. Ids have digits, addresses an @: those never become a
// label, whatever a caller does.
func code(s string) string {
	switch {
	case s == "":
		return "none"
	case codeForm.MatchString(s):
		return s
	}
	return "other"
}
