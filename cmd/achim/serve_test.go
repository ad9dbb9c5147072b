package main_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// TestMigrate: twice, at once, and dry.
func TestMigrate(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.env["DATABASE_URL"] = storetest.URL(t, dialect)
			for range 2 {
				d.expect(0, []string{"would apply 00001"}, "migrate", "--dry-run")
			}
			applied := make([]result, 4)
			var wg sync.WaitGroup
			for i := range applied {
				wg.Go(func() { applied[i] = d.run("migrate") })
			}
			wg.Wait()
			did := 0
			for _, r := range applied {
				if r.code != 0 || (!strings.HasPrefix(r.out, "applied 00001") && r.out != "up to date\n") {
					t.Errorf("migrate at once: exit %d, %q %q", r.code, r.out, r.err)
				}
				if r.out != "up to date\n" {
					did++
				}
			}
			if did != 1 {
				t.Errorf("%d of four applied something, want one", did)
			}
			d.expect(0, []string{"up to date"}, "migrate")
			d.expect(0, []string{"up to date"}, "migrate", "--dry-run")
		})
	}
}

// TestPendingMigrations: a PostgreSQL database is changed by migrate alone, and every command says so. A
// SQLite file is brought up to date by whoever comes first.
func TestPendingMigrations(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.Postgres)
	for _, command := range []string{"serve", "run", "users list", "runs list"} {
		h.expect(1, []string{"needs migrating", "achim migrate"}, strings.Fields(command)...)
	}
	h.expect(0, []string{"would apply"}, "migrate", "--dry-run")
	h.expect(0, nil, "migrate")
	h.expect(0, nil, "users", "list")
	h.env["DATABASE_URL"] = storetest.URL(t, storetest.SQLite)
	h.expect(0, nil, "users", "list")
	h.expect(0, []string{"up to date"}, "migrate")
}

// TestServe: it answers, honours the link that connect prints, says what is not as it should be, and leaves
// with 0 on SIGTERM and on Ctrl-C.
func TestServe(t *testing.T) {
	t.Parallel()
	for dialect, end := range map[storetest.Dialect]syscall.Signal{storetest.SQLite: syscall.SIGINT, storetest.Postgres: syscall.SIGTERM} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := newTown(t, dialect)
			h.expect(0, nil, "migrate")
			h.addHaneul()
			p := h.serving()
			link := h.expect(0, []string{"http://" + h.addr + "/connect/", "a phone cannot open", "ACHIM_PUBLIC_URL"}, "connect", "--user", "haneul")
			if strings.Count(link.out, "\n") != 1 {
				t.Errorf("more than the link on standard output: %q", link.out)
			}
			h.connect()
			req, err := http.NewRequest("POST", "http://"+h.addr+"/api/cron/daily-summary?wait=30s", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+cronSecret)
			resp, err := browser().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			var run map[string]any
			if err := json.NewDecoder(resp.Body).Decode(&run); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %v", resp.Status, err)
			}
			p.signal(end)
			log := p.end(0)
			for line := range strings.Lines(log) {
				if !json.Valid([]byte(line)) {
					t.Errorf("a line of the log is no JSON: %s", line)
				}
			}
			for _, part := range []string{"ACHIM_PUBLIC_URL is not set", "written to the database as they are", "SLACK_SIGNING_SECRET", "stopping"} {
				if !strings.Contains(log, part) {
					t.Errorf("%q is missing in the log:\n%s", part, log)
				}
			}
			for _, secret := range []string{botToken, cronSecret, clientSecret, "계약서"} {
				if strings.Contains(log, secret) {
					t.Errorf("the log holds %q", secret)
				}
			}
			h.expect(0, []string{"haneul  delivered, complete"}, "runs", "show", run["run_id"].(string))
		})
	}
}

// TestTwoServes: a second one on the same SQLite file is told so.
func TestTwoServes(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	p := h.serving()
	h.env["ACHIM_ADDR"] = freeAddr(t)
	h.expect(1, []string{"another process runs the engine on this database", "achim.db"}, "serve")
	p.signal(syscall.SIGTERM)
	p.end(0)
}

// TestDemoOnce: without a terminal the demo briefs and ends. Nothing that is set for the real thing touches
// it, taken ports do not, and it leaves nothing behind.
func TestDemoOnce(t *testing.T) {
	t.Parallel()
	take(t, "127.0.0.1:8001")
	take(t, "127.0.0.1:8002")
	d := newDesk(t)
	for _, name := range []string{"DATABASE_URL", "SLACK_BOT_TOKEN", "SLACK_API_URL", "SLACK_SIGNING_SECRET", "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET",
		"GOOGLE_TOKEN_URL", "GOOGLE_AUTH_URL", "GMAIL_API_URL", "CALENDAR_API_URL", "GOOGLE_CREDENTIALS_FILE", "ACHIM_CONFIG", "ACHIM_ADDR",
		"ACHIM_PUBLIC_URL", "CRON_SECRET", "ACHIM_API_SECRET", "OPENAI_API_KEY", "ALERT_WEBHOOK_URL", "HEARTBEAT_URL"} {
		d.env[name] = "http://127.0.0.1:1/nonsense"
	}
	d.write("achim.yaml", "this is: not: a configuration\n")
	for _, args := range [][]string{{"demo"}, {"demo", "--once"}} {
		r := d.expect(0, []string{"Slack DM to 김하늘", "Slack DM to 박민지", "Slack DM to Dana Kim", "Slack DM to 이준호", "일부 누락", "degraded",
			"POST http://127.0.0.1:", "4 readers briefed"}, args...)
		if strings.Contains(r.out, "\x1b[") {
			t.Error("colours without a terminal")
		}
		if n := strings.Count(r.out, "Slack DM to "); n != 4 {
			t.Errorf("%d DMs, want four", n)
		}
		if r.err != "" {
			t.Errorf("the demo complains: %s", r.err)
		}
	}
	d.leftNothingBut("achim.yaml")
}

// TestDemoKeep: it serves until Ctrl-C, which is no failure, and then removes what it made.
func TestDemoKeep(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.start("demo", "--keep")
	p.waitFor("Ctrl-C ends the demo")
	said, _ := p.said()
	_, rest, _ := strings.Cut(said, "as Slack would draw them")
	_, page, _ := strings.Cut(rest, "http://")
	page, _, _ = strings.Cut(page, "\n")
	resp, err := browser().Get("http://" + strings.TrimSpace(page))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the page it names answers %s", resp.Status)
	}
	p.signal(syscall.SIGINT)
	p.end(0)
	d.leftNothingBut()
}

// TestDemoInterrupted: Ctrl-C at any moment is no failure and leaves nothing.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"Achim demo", "POST http"} {
		d := newDesk(t)
		p := d.start("demo", "--keep")
		p.waitFor(words)
		p.signal(syscall.SIGINT)
		p.end(0)
		d.leftNothingBut()
	}
}

// TestSecondSignal: one Ctrl-C that arrives twice is one; a later one does not wait for what is under way.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Delay: 8 * time.Second, Times: 1})
	p := h.start("run")
	h.until(func() bool { return h.slack.Calls("chat.postMessage") == 1 })
	p.signal(syscall.SIGINT)
	p.signal(syscall.SIGINT)
	p.waitFor("stopped waiting")
	time.Sleep(1200 * time.Millisecond) // until a signal counts as another one
	p.signal(syscall.SIGINT)
	p.end(-1)

	d := newDesk(t)
	p = d.start("demo", "--keep")
	p.waitFor("POST http")
	p.signal(syscall.SIGINT)
	p.signal(syscall.SIGINT)
	p.end(0)
	d.leftNothingBut()
}

// leftNothingBut checks what lies in the folder, which is the temporary folder too.
func (d *desk) leftNothingBut(names ...string) {
	d.t.Helper()
	files, err := os.ReadDir(d.folder)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, f := range files {
		if !strings.Contains(strings.Join(names, " "), f.Name()) {
			d.t.Errorf("%s was left behind", f.Name())
		}
	}
}

// take makes sure that somebody listens on the address.
func take(t *testing.T, addr string) {
	t.Helper()
	if l, err := net.Listen("tcp", addr); err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
}
