package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"achim/internal/standin"
)

const cronSecret = "bench-cron-secret-0123456789abcdef"

// startWithin is how long Achim may take until it serves.
const startWithin = 30 * time.Second

// server is Achim as its own process, set up by nothing but its documented environment and file.
type server struct {
	cmd  *exec.Cmd
	base string // where it serves
	log  string // the file its log goes to
}

// briefEverybody lets Achim brief all readers once and measures it.
func briefEverybody(ctx context.Context, o options, s standIns, kind, folder string) (r result, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return result{}, err
	}
	db, err := newDatabase(ctx, kind, folder)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, db.drop(context.WithoutCancel(ctx))) }()
	if err := db.fill(ctx, s); err != nil {
		return result{}, fmt.Errorf("fill the database: %w", err)
	}
	a, err := launch(ctx, o, s, db.url, folder)
	if err != nil {
		return result{}, err
	}
	defer func() {
		if err = errors.Join(err, a.end()); err != nil {
			err = fmt.Errorf("%w\n%s", err, a.lastWords())
		}
	}()
	return a.measure(ctx, s)
}

// launch starts Achim and waits until it is ready.
func launch(ctx context.Context, o options, s standIns, database, folder string) (*server, error) {
	addr, err := standin.FreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	settings := filepath.Join(folder, "achim.yaml")
	if err := os.WriteFile(settings, fileSettings(s.FeedURLs), 0o600); err != nil {
		return nil, err
	}
	return launchWith(ctx, o, environment(s.place, database, addr, settings), folder)
}

// launchWith starts Achim with this environment, and waits until it is ready.
func launchWith(ctx context.Context, o options, env []string, folder string) (*server, error) {
	a := &server{base: "http://" + valueOf(env, "ACHIM_ADDR"), log: filepath.Join(folder, "achim.log")}
	log, err := os.Create(a.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own
	a.cmd = command(ctx, o.achim, "serve")
	if o.profile != "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		to, err := filepath.Abs(filepath.Join(o.profile, filepath.Base(folder)))
		if err != nil {
			return nil, err
		}
		a.cmd = command(ctx, self, roleProfiled)
		env = append(env, profileVariable+"="+to)
	}
	a.cmd.Dir, a.cmd.Stdout, a.cmd.Stderr, a.cmd.Env = folder, log, log, env
	if err := a.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s (make build makes it): %w", o.achim, err)
	}
	if err := a.ready(ctx); err != nil {
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, a.end()), a.lastWords())
	}
	return a, nil
}

// valueOf returns a variable of an environment.
func valueOf(env []string, name string) string {
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

// environment is all that Achim is told. Nothing of the caller's environment is handed on but where
// programs and temporary files are.
func environment(at place, database, addr, settings string) []string {
	env := []string{
		"DATABASE_URL=" + database, "ACHIM_ADDR=" + addr, "ACHIM_CONFIG=" + settings, "CRON_SECRET=" + cronSecret,
		"GOOGLE_CLIENT_ID=" + clientID, "GOOGLE_CLIENT_SECRET=" + clientSecret,
		"GOOGLE_AUTH_URL=" + at.Google.AuthURL, "GOOGLE_TOKEN_URL=" + at.Google.TokenURL,
		"GOOGLE_REVOKE_URL=" + at.Google.RevokeURL, "GOOGLE_USERINFO_URL=" + at.Google.UserinfoURL,
		"GMAIL_API_URL=" + at.Google.GmailURL, "CALENDAR_API_URL=" + at.Google.CalendarURL,
		"SLACK_API_URL=" + at.Slack, "SLACK_BOT_TOKEN=" + botToken,
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// fileSettings are the settings that have no variable. The hour of the daily briefing is half a day away, so
// that only the trigger briefs anyone, and what is measured is what a briefing costs, not how patient Achim is
// with Slack.
func fileSettings(feeds []string) []byte {
	return settingsAt(time.Now().In(seoul()).Truncate(time.Hour).Add(12*time.Hour), 0, feeds)
}

// settingsAt are the settings for a daily briefing at that hour and minute, and so many posts a minute; 0 = no pace.
func settingsAt(hour time.Time, rate int, feeds []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "schedule: \"%d %d * * *\"\ntimezone: Asia/Seoul\nprepare:\n  lead: %s\n", hour.Minute(), hour.Hour(), prepareLead)
	fmt.Fprintf(&b, "delivery:\n  rate_per_minute: %d\n", rate)
	b.WriteString("news:\n  allow_private_networks: true\n  feeds:\n")
	for _, url := range feeds {
		fmt.Fprintf(&b, "    - url: %s\n", url)
	}
	return b.Bytes()
}

// ready waits until Achim says that briefings could go out.
func (a *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		_, err := a.call(ctx, http.MethodGet, "/readyz")
		if err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		}
	}
}

// measure triggers the run, waits for its end and returns what that took.
func (a *server) measure(ctx context.Context, s standIns) (result, error) {
	if _, err := s.count(); err != nil { // forget the calls of the start
		return result{}, err
	}
	bytesBefore, objectsBefore, err := a.allocations(ctx)
	if err != nil {
		return result{}, err
	}
	before, err := used(a.cmd.Process.Pid)
	if err != nil {
		return result{}, err
	}
	started := time.Now()
	if err := a.brief(ctx, s.Readers); err != nil {
		return result{}, err
	}
	wall := time.Since(started)
	after, err := used(a.cmd.Process.Pid)
	if err != nil {
		return result{}, err
	}
	r := spent(before, after, wall)
	bytesAfter, objectsAfter, err := a.allocations(ctx)
	if err != nil {
		return result{}, err
	}
	r.allocated, r.objects = bytesAfter-bytesBefore, objectsAfter-objectsBefore
	r.calls, err = s.count()
	return r, err
}

// brief triggers everybody's briefing as a cron job would. A run in which not every briefing is complete
// measures something else.
func (a *server) brief(ctx context.Context, readers int) error {
	run, err := a.run(ctx, http.MethodPost, "/api/cron/daily-summary?wait=120s")
	for err == nil && run.State == "running" {
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		run, err = a.run(ctx, http.MethodGet, "/api/runs/"+run.ID)
	}
	if err != nil {
		return err
	}
	if run.Counts.Complete != readers {
		return fmt.Errorf("only %d of %d briefings are complete: %+v", run.Counts.Complete, readers, run.Counts)
	}
	return nil
}

// run is what is read of a run's JSON.
type run struct {
	ID     string `json:"run_id"`
	State  string `json:"state"`
	Counts struct{ Complete, Degraded, Skipped, Failed, Unknown int }
}

func (a *server) run(ctx context.Context, method, path string) (run, error) {
	var r run
	body, err := a.call(ctx, method, path)
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	return r, err
}

// allocations reads from the metrics how much has been allocated since the start.
func (a *server) allocations(ctx context.Context) (size, objects float64, err error) {
	body, err := a.call(ctx, http.MethodGet, "/metrics")
	if err != nil {
		return 0, 0, err
	}
	found := 0
	lines := bufio.NewScanner(strings.NewReader(string(body)))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		to := map[string]*float64{"go_memstats_alloc_bytes_total": &size, "go_memstats_mallocs_total": &objects}[name]
		if to == nil {
			continue
		}
		if *to, err = strconv.ParseFloat(value, 64); err != nil {
			return 0, 0, fmt.Errorf("metric %s: %w", name, err)
		}
		found++
	}
	if found != 2 {
		return 0, 0, errors.New("/metrics does not tell what was allocated")
	}
	return size, objects, lines.Err()
}

// call asks Achim with the bearer.
func (a *server) call(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+cronSecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, body)
	}
	return body, err
}

// end stops Achim as a service manager would.
func (a *server) end() error {
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := a.cmd.Wait(); err != nil {
		return fmt.Errorf("achim ended badly: %w", err)
	}
	return nil
}

// lastWords are the last lines of the log.
func (a *server) lastWords() string {
	text, err := os.ReadFile(a.log)
	if err != nil {
		return ""
	}
	return string(text[max(0, len(text)-2000):])
}
