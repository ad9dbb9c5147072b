package main_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// TestDoctor: 0 while nothing has to be done, warnings or not, 1 when something has, 2 for what was asked wrongly; as
// JSON in one form.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := connected(t, dialect)
			h.env["SLACK_OPERATOR_USER"], h.env["ALERT_WEBHOOK_URL"] = haneulSlack, "https://hooks.gaon.example/hunter2"
			h.expect(0, []string{"Nothing has to be done", "1 connection reads mail and calendar", "! warning", "ACHIM_PUBLIC_URL is not set"}, "doctor")
			found := h.json(0, "doctor", "--user", "haneul")
			if found["ok"] != true || len(found) != 2 {
				t.Errorf("%v", found)
			}
			h.google.Revoke(haneulMail)
			r := h.expect(1, []string{"✗ error    haneul: Google does not take it any more", "→ achim connect --user " + haneulID + " (docs/", "Something has to be done: 1 error"}, "doctor")
			if strings.Contains(r.out+r.err, "hunter2") || r.err != "" {
				t.Errorf("%s%s", r.out, r.err)
			}
			found = h.json(1, "doctor")
			dead := slices.ContainsFunc(found["findings"].([]any), func(f any) bool {
				members := f.(map[string]any)
				return len(members) == 6 && members["check"] == "grant_dead" && members["level"] == "error" && members["subject"] == "haneul" &&
					members["summary"] != "" && members["remedy"] == "achim connect --user "+haneulID && strings.HasPrefix(members["docs"].(string), "docs/")
			})
			if found["ok"] != false || !dead {
				t.Errorf("%v", found)
			}
			h.expect(2, []string{"--user", `there is no reader "nobody"`}, "doctor", "--user", "nobody")
		})
	}
}

// TestDoctorOnAnEmptyDesk: where nothing is there yet it says what to begin with, and makes nothing.
func TestDoctorOnAnEmptyDesk(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	// Nothing is asked of the real Google and Slack.
	nowhere := "http://" + freeAddr(t)
	d.env["GOOGLE_TOKEN_URL"], d.env["SLACK_API_URL"] = nowhere+"/token", nowhere
	r := d.run("doctor", "--json")
	var report struct {
		Findings []struct{ Check, Level string }
		OK       bool
	}
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.code != 1 || report.OK {
		t.Fatalf("exit %d, %v: %s%s", r.code, err, r.out, r.err)
	}
	for _, code := range []string{"database", "cron_secret", "google_client", "slack_token", "alarms"} {
		if !slices.ContainsFunc(report.Findings, func(f struct{ Check, Level string }) bool { return f.Check == code && f.Level == "error" }) {
			t.Errorf("%s is missing in %s", code, r.out)
		}
	}
	d.expect(1, []string{"there is no file achim.db yet", "achim migrate makes it"}, "doctor")
	if files, err := os.ReadDir(d.folder); err != nil || len(files) > 0 {
		t.Errorf("doctor left %v behind (%v)", files, err)
	}
}

// TestDoctorInterrupted: Ctrl-C ends it at once, whatever it waits for.
func TestDoctorInterrupted(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.slack.Inject(standin.Fault{Op: "*", Delay: time.Minute})
	p := h.start("doctor")
	for begun := time.Now(); h.slack.Calls("auth.test") == 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatal("Slack is not asked")
		}
	}
	begun := time.Now()
	p.signal(syscall.SIGINT)
	if text := p.end(1); !strings.Contains(text, "achim: interrupted") || strings.Contains(text, "has to be done") {
		t.Errorf("%s", text)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s to stop", took)
	}
}
