package httpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/httpserver"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	minji  = briefing.ReaderID("11111111-1111-4111-8111-111111111111")
	dana   = briefing.ReaderID("22222222-2222-4222-8222-222222222222")
	nobody = briefing.ReaderID("99999999-9999-4999-8999-999999999999")

	cronSecret = "cron-secret-for-tests"
	apiSecret  = "api-secret-for-tests"
	liveToken  = "ya29.fake-live-token"
)

// morning is 09:05 on a Friday in Seoul.
var morning = time.Date(2026, 11, 20, 0, 5, 0, 0, time.UTC)

// world is everything behind the server, in memory. Tests change it before they ask.
type world struct {
	mu       sync.Mutex
	readers  map[briefing.ReaderID]briefing.Reader
	runs     []briefing.Run
	entries  []briefing.Entry
	grants   map[briefing.ReaderID]briefing.CredentialReport
	sections map[briefing.SourceName]briefing.Section

	asked      briefing.TriggerRequest
	begun      []briefing.ConnectRequest
	answered   []briefing.ConnectAnswer
	connection briefing.Connection
	confirmed  []string
	declined   []string
	mending    briefing.Run
	hold       chan struct{} // runs finish when it is closed; nil = at once

	// What the next call fails with.
	storeErr, refreshErr, beginErr, finishErr, peekErr, readyErr, mendErr error

	now func() time.Time
	log bytes.Buffer
}

func newWorld() *world {
	at := briefing.TimeOfDay{Hour: 8, Minute: 30}
	return &world{
		readers: map[briefing.ReaderID]briefing.Reader{
			minji: {ID: minji, Name: "minji", SlackUserID: "U0MINJI", SlackChannelID: "D0MINJI", Email: "minji@gaon.example"},
			dana: {ID: dana, Name: "dana", SlackUserID: "U0DANA", Timezone: "Europe/Berlin", At: &at, Language: briefing.English,
				Feeds: []briefing.Feed{{URL: "https://feeds.gaon.example/rss", Title: "Gaon", MaxItems: 3}}},
		},
		grants:   map[briefing.ReaderID]briefing.CredentialReport{},
		sections: map[briefing.SourceName]briefing.Section{},
		now:      func() time.Time { return morning },
	}
}

func (w *world) Reader(_ context.Context, ref string) (briefing.Reader, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.readers {
		if string(r.ID) == ref || r.SlackUserID == ref || r.Name == ref {
			return r, w.storeErr
		}
	}
	return briefing.Reader{}, errors.Join(w.storeErr, fmt.Errorf("reader %q: %w", ref, briefing.ErrNotFound))
}

func (w *world) Readers(context.Context) ([]briefing.Reader, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []briefing.Reader
	for _, r := range w.readers {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b briefing.Reader) int { return strings.Compare(a.Name, b.Name) })
	return all, w.storeErr
}

func (w *world) Put(_ context.Context, r briefing.Reader, change func(*briefing.Reader) error) (briefing.Reader, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.storeErr != nil {
		return briefing.Reader{}, false, w.storeErr
	}
	if known, ok := w.readers[r.ID]; ok {
		r = known
	}
	if err := change(&r); err != nil {
		return briefing.Reader{}, false, err
	}
	var faults []error
	for _, f := range r.Validate() {
		faults = append(faults, f)
	}
	for _, other := range w.readers {
		if other.ID != r.ID && other.SlackUserID == r.SlackUserID {
			faults = append(faults, fmt.Errorf("save: %w", &briefing.FieldError{
				Field: "slack_user_id", Code: "slack_id_taken", Problem: r.SlackUserID + " is " + other.Name + "'s"}))
		}
	}
	if len(faults) > 0 {
		return briefing.Reader{}, false, errors.Join(faults...)
	}
	_, known := w.readers[r.ID]
	w.readers[r.ID] = r
	return r, !known, nil
}

func (w *world) Erase(ctx context.Context, r briefing.Reader) (briefing.Erasure, error) {
	return briefing.Erasure{Tables: []briefing.ErasedTable{{Name: "achim_entry", Rows: 3}, {Name: "achim_reader", Rows: 1}}, Grant: true, Became: briefing.RevocationFailed},
		w.Remove(ctx, r.ID)
}

func (w *world) Remove(_ context.Context, id briefing.ReaderID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.readers[id]; !ok {
		return fmt.Errorf("remove: %w", briefing.ErrNotFound)
	}
	delete(w.readers, id)
	return nil
}

func (w *world) Start(ctx context.Context, req briefing.TriggerRequest) (briefing.Run, error) {
	refs := req.Readers
	if len(refs) == 0 {
		refs = []string{string(minji)}
	}
	run := briefing.Run{
		ID: briefing.RunID(fmt.Sprintf("run%d", len(w.runs)+1)), Kind: briefing.RunManual,
		Date: briefing.Date{Year: 2026, Month: 11, Day: 20}, StartedAt: morning,
	}
	for _, ref := range refs {
		r, err := w.Reader(ctx, ref)
		if err != nil && !errors.Is(err, briefing.ErrNotFound) {
			return briefing.Run{}, err
		}
		if err != nil {
			return briefing.Run{}, &briefing.FieldError{Field: "user_ids", Code: "unknown_reader", Problem: "there is no reader " + ref}
		}
		rr := briefing.RunReader{Reader: r.ID, SlackUserID: r.SlackUserID, Entry: "e1"}
		if req.DryRun {
			rr.Outcome, rr.Entry, rr.Text = briefing.OutcomeDryRun, "", "오늘 일정 1건"
		}
		run.Readers = append(run.Readers, rr)
	}
	if !req.Date.IsZero() && req.Date != run.Date && !req.Force && !req.DryRun {
		return briefing.Run{}, &briefing.FieldError{Field: "date", Code: "date_not_today", Problem: "today is " + run.Date.String()}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = req
	w.runs = append(w.runs, run)
	if w.hold == nil {
		w.finish(len(w.runs) - 1)
	}
	return w.runs[len(w.runs)-1], w.storeErr
}

// finish settles the readers of a run. The caller holds mu.
func (w *world) finish(i int) {
	run := &w.runs[i]
	run.FinishedAt = morning.Add(3 * time.Second)
	run.Readers = slices.Clone(run.Readers)
	for i := range run.Readers {
		r := &run.Readers[i]
		if r.Outcome == briefing.OutcomePending {
			r.Outcome, r.ChannelID, r.MessageTS = briefing.OutcomeDelivered, "D0MINJI", "1700000000.000100"
		}
		r.Status = briefing.Degraded
		r.Verdicts = map[briefing.SourceName]briefing.Verdict{
			briefing.Gmail: {State: briefing.VerdictFailed, Reason: briefing.ReauthRequired,
				Since: morning.Add(-15 * time.Hour), LastOK: morning.Add(-24 * time.Hour)},
			briefing.Calendar: {State: briefing.VerdictOK, Count: 3, LastOK: morning},
		}
	}
}

func (w *world) Wait(ctx context.Context, id briefing.RunID) (briefing.Run, error) {
	select {
	case <-w.hold:
		w.mu.Lock()
		w.finish(len(w.runs) - 1)
		w.mu.Unlock()
	case <-ctx.Done():
	}
	return w.Run(ctx, id)
}

func (w *world) Reconnected(context.Context, briefing.ReaderID) (briefing.Run, error) {
	return w.mending, w.mendErr
}

func (w *world) Run(_ context.Context, id briefing.RunID) (briefing.Run, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, run := range w.runs {
		if run.ID == id {
			return run, w.storeErr
		}
	}
	return briefing.Run{}, fmt.Errorf("run: %w", briefing.ErrNotFound)
}

func (w *world) Runs(_ context.Context, filter briefing.RunFilter) ([]briefing.Run, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	runs := slices.Clone(w.runs)
	slices.Reverse(runs)
	return runs[:min(filter.Limit, len(runs))], w.storeErr
}

func (w *world) Entries(_ context.Context, filter briefing.EntryFilter) ([]briefing.Entry, error) {
	var found []briefing.Entry
	for _, e := range w.entries {
		if (filter.Reader == "" || filter.Reader == e.Reader) && (filter.Date.IsZero() || filter.Date == e.Date) {
			found = append(found, e)
		}
	}
	return found, w.storeErr
}

func (w *world) Entry(_ context.Context, id briefing.EntryID) (briefing.Entry, error) {
	for _, e := range w.entries {
		if e.ID == id {
			return e, w.storeErr
		}
	}
	return briefing.Entry{}, briefing.ErrNotFound
}

func (w *world) Check(_ context.Context, id briefing.ReaderID) (briefing.CredentialReport, error) {
	if report, ok := w.grants[id]; ok {
		return report, w.storeErr
	}
	return briefing.CredentialReport{}, errors.Join(w.storeErr, briefing.ErrNotFound)
}

func (w *world) Refresh(ctx context.Context, id briefing.ReaderID) (briefing.CredentialReport, error) {
	if w.refreshErr != nil {
		return briefing.CredentialReport{}, w.refreshErr
	}
	return w.Check(ctx, id)
}

func (w *world) Disconnect(ctx context.Context, id briefing.ReaderID) (briefing.Revocation, error) {
	_, err := w.Check(ctx, id)
	if err == nil {
		delete(w.grants, id)
	}
	return briefing.RevocationFailed, err
}

func (w *world) Begin(_ context.Context, req briefing.ConnectRequest) (string, error) {
	w.begun = append(w.begun, req)
	return "https://accounts.google.example/o/oauth2/v2/auth?state=s1", w.beginErr
}

func (w *world) Finish(_ context.Context, answer briefing.ConnectAnswer) (briefing.Connection, error) {
	w.answered = append(w.answered, answer)
	return w.connection, w.finishErr
}

func (w *world) Confirm(_ context.Context, ticket string) (briefing.Connection, error) {
	w.confirmed = append(w.confirmed, ticket)
	c := w.connection
	c.Ticket = briefing.Secret{}
	return c, w.finishErr
}

func (w *world) Decline(_ context.Context, ticket string) error {
	w.declined = append(w.declined, ticket)
	return w.finishErr
}

func (w *world) Read(_ context.Context, _ briefing.Reader, source briefing.SourceName, _ briefing.Date) (briefing.Section, error) {
	return w.sections[source], w.peekErr
}

func (w *world) Render(b briefing.Briefing) briefing.Message {
	return briefing.Message{Text: "글 " + b.Date.String(), Blocks: json.RawMessage(`[{"type":"divider"}]`)}
}

func (w *world) Filled(briefing.Briefing) briefing.Message { return briefing.Message{} }

func (w *world) ConnectURL(id briefing.ReaderID) string {
	return "https://achim.gaon.example/connect/tok-" + string(id)
}

func (w *world) VerifyConnect(token string) (briefing.ReaderID, bool, error) {
	if id, ok := strings.CutPrefix(token, "tok-"); ok {
		return briefing.ReaderID(id), false, nil
	}
	if id, ok := strings.CutPrefix(token, "switch-"); ok {
		return briefing.ReaderID(id), true, nil
	}
	return "", false, errors.New("bad signature")
}

func (w *world) OwnURL(page string, id briefing.ReaderID, account string) string {
	return "https://achim.gaon.example/" + page + "/" + page + "." + string(id) + "." + account
}

func (w *world) VerifyOwn(page, token string) (briefing.ReaderID, string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] != page {
		return "", "", errors.New("bad signature")
	}
	return briefing.ReaderID(parts[1]), parts[2], nil
}

func (w *world) VerifyBriefing(token string) (briefing.EntryID, error) {
	id, ok := strings.CutPrefix(token, "opens-")
	if !ok {
		return "", errors.New("bad signature")
	}
	return briefing.EntryID(id), nil
}

// deps wires the world; tests may change what comes back before serving it.
func (w *world) deps() httpserver.Deps {
	return httpserver.Deps{
		Triggers: w, Roster: w, Eraser: w, Readers: w, Runs: w, Ledger: w, Credentials: w, Connector: w, Peek: w, Links: w, Renderer: w, Pages: delivery.NewRenderer(delivery.RenderConfig{}),
		Defaults: &briefing.Defaults{At: briefing.TimeOfDay{Hour: 9}, Zone: mustZone("Asia/Seoul"),
			Weekdays: briefing.EveryDay, Language: briefing.Korean},
		CronSecrets: []briefing.Secret{briefing.NewSecret("older-cron-secret"), briefing.NewSecret(cronSecret)},
		APISecrets:  []briefing.Secret{briefing.NewSecret(apiSecret)},
		Operator:    "@jiwon",
		Ready:       func(context.Context) error { return w.readyErr },
		Now:         w.now,
		Logger:      slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func mustZone(name string) *time.Location {
	zone, err := briefing.LoadZone(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// client talks to a served world.
type client struct {
	t    *testing.T
	base string
	stop func() // returns when every request has been dealt with, its log line included
}

func serve(t *testing.T, deps httpserver.Deps) client {
	t.Helper()
	server := httptest.NewServer(httpserver.New(deps))
	t.Cleanup(server.Close)
	return client{t, server.URL, server.Close}
}

// answer is a whole response.
type answer struct {
	*http.Response
	body string
}

// ask sends a request. line is "METHOD /path"; headers are "Name: value".
func (c client) ask(line, body string, headers ...string) answer {
	c.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Add(name, value)
	}
	direct := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := direct.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{resp, string(raw)}
}

const asAPI, asCron = "Authorization: Bearer " + apiSecret, "Authorization: Bearer " + cronSecret

// wantProblem checks status, code and form of an error.
func (a answer) wantProblem(t *testing.T, status int, code string) map[string]any {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("status %d, body is no JSON: %s", a.StatusCode, a.body)
	}
	if a.StatusCode != status || p["code"] != code || p["status"] != float64(status) {
		t.Errorf("got %d %v, want %d %s: %s", a.StatusCode, p["code"], status, code, a.body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type = %q", got)
	}
	if p["title"] == "" || p["type"] != "urn:problem-type:achim:"+code {
		t.Errorf("title %q, type %q", p["title"], p["type"])
	}
	return p
}

// wantGolden compares the body with testdata/name.json.
func (a answer) wantGolden(t *testing.T, status int, name string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d", a.StatusCode, status)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(a.body), "", "  "); err != nil {
		t.Fatalf("body is no JSON: %s", a.body)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, pretty.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
