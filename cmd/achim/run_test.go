package main_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/internal/standin"
	"achim/store"
	"achim/store/storetest"
)

// TestRun goes through what achim run can come to, on both databases, without a serve.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			h := connected(t, dialect)

			dry := h.expect(0, []string{"haneul  not sent, complete", "── haneul ──", "계약서 3조 수정안", "한국은행, 기준금리 동결", "1 complete, nothing sent"}, "run", "--dry-run")
			if strings.Contains(dry.out+dry.err, "degraded") || h.slack.Calls("*") > 1 { // the one of serve's start
				t.Errorf("a dry run: %d calls to Slack\n%s", h.slack.Calls("*"), dry.out)
			}
			h.expect(0, []string{"haneul  delivered, complete", "1 complete · run "}, "run")
			if h.dms() != 1 {
				t.Fatalf("%d DMs, want one", h.dms())
			}
			h.expect(0, []string{"haneul  skipped  already_delivered", "1 skipped"}, "run", "--user", "haneul")
			if h.dms() != 1 {
				t.Fatalf("%d DMs after a second run, want one", h.dms())
			}
			h.expect(0, []string{"delivered, complete"}, "run", "--user", haneulSlack, "--user", "haneul", "--force")
			if h.dms() != 2 {
				t.Fatalf("%d DMs after --force, want two", h.dms())
			}

			h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable})
			h.expect(3, []string{"haneul  delivered, degraded", "gmail failed: unavailable", "1 degraded"}, "run", "--force")
			h.google.Clear()
			h.google.Revoke(haneulMail)
			h.expect(3, []string{"reauth_required", "achim connect --user " + haneulID}, "run", "--force")
			if got := h.json(3, "run", "--force"); got["counts"].(map[string]any)["degraded"] != 1.0 {
				t.Errorf("counts %v", got["counts"])
			}
		})
	}
}

// TestRunFaults: what is asked wrongly exits 2, and then nothing runs.
func TestRunFaults(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.expect(0, []string{"nobody", "achim users add"}, "run")
	h.addHaneul()
	before := len(h.json(0, "runs", "list")["runs"].([]any))
	h.expect(2, []string{"--user", `there is no reader "nobody"`, "nothing was run"}, "run", "--user", "haneul", "--user", "nobody")
	h.expect(2, []string{"--date", "not today", "--force", "--dry-run"}, "run", "--date", "2020-01-01")
	if after := len(h.json(0, "runs", "list")["runs"].([]any)); after != before || h.dms() != 0 {
		t.Errorf("%d runs and %d DMs after faults, want none more than %d", after, h.dms(), before)
	}
	h.expect(0, []string{"not sent"}, "run", "--date", "2020-01-01", "--dry-run")
	delete(h.env, "SLACK_BOT_TOKEN")
	h.expect(2, []string{"SLACK_BOT_TOKEN", "configs/slack-manifest.yaml"}, "run")
	h.expect(0, []string{"not sent"}, "run", "--dry-run")
}

// TestRefusedSlackToken: run fails and says what to check; serve starts all the same, so that it can be
// mended while it runs, and its log says so.
func TestRefusedSlackToken(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.env["SLACK_BOT_TOKEN"] = "refused-token"
	h.addHaneul()
	r := h.expect(1, []string{"haneul  failed  client_misconfigured", "Slack refuses the bot token", "SLACK_BOT_TOKEN", "goes on trying by itself until the grace is over", "invalid_auth", "1 failed"}, "run")
	if strings.Contains(r.out+r.err, "refused-token") {
		t.Errorf("the token is printed: %s%s", r.out, r.err)
	}
	if n := strings.Count(r.err, "invalid_auth"); n > 1 {
		t.Errorf("the same trouble is told %d times:\n%s", n, r.err)
	}
	p := h.serving()
	p.signal(syscall.SIGTERM)
	if log := p.end(0); !strings.Contains(log, "SLACK_BOT_TOKEN") || strings.Contains(log, "refused-token") {
		t.Errorf("serve's log:\n%s", log)
	}
}

// TestDeactivatedAccount: run, runs show and users show say that the account is deactivated, and since when, in one form.
func TestDeactivatedAccount(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	h.slack.DisableUser(haneulSlack)
	gone := []string{"haneul  failed  recipient_unreachable", "their Slack account is deactivated", "achim users set --user " + haneulID + " --back"}
	r := h.expect(1, gone, "run")
	_, id, _ := strings.Cut(strings.TrimSpace(r.out), "· run ")
	if r := h.expect(0, gone, "runs", "show", id); strings.Contains(r.out, "check the member id") {
		t.Errorf("runs show doubts the member id:\n%s", r.out)
	}
	shown := h.expect(0, []string{"(slack_deactivated)"}, "users", "show", "--user", "haneul").out
	times := regexp.MustCompile(`left +(\d{4}-\d\d-\d\d \d\d:\d\d) \((?s:.*)next +left (\S+ \S+)\n`).FindStringSubmatch(shown)
	view := h.json(0, "users", "show", "--user", "haneul")
	at, err := time.Parse(time.RFC3339, fmt.Sprint(view["left_at"]))
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(fmt.Sprint(view["timezone"]))
	if err != nil {
		t.Fatal(err)
	}
	if want := at.In(zone).Format("2006-01-02 15:04"); len(times) != 3 || times[1] != want || times[2] != want {
		t.Errorf("left at %q, want twice %s\n%s", times, want, shown)
	}
}

// TestRunBesideServe: on one SQLite file serve has the engine; the command waits, and there is one DM.
func TestRunBesideServe(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	p := h.serving()
	h.connect()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Delay: 300 * time.Millisecond, Times: 1})
	h.expect(0, []string{"haneul  delivered, complete"}, "run", "--user", "haneul")
	h.expect(0, []string{"already_delivered"}, "run")
	if h.dms() != 1 {
		t.Errorf("%d DMs, want one", h.dms())
	}
	h.expect(0, []string{"manual", "1 complete", "1 skipped"}, "runs", "list")
	p.signal(syscall.SIGTERM)
	log := p.end(0)
	if !strings.Contains(log, `"outcome":"delivered"`) {
		t.Errorf("serve did not do the work:\n%s", log)
	}
}

// TestInterruptedRun: Ctrl-C ends the waiting and not the run, which serve then finishes.
func TestInterruptedRun(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	p := h.serving()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Delay: 1500 * time.Millisecond, Times: 1})
	run := h.start("run")
	h.until(func() bool { return h.slack.Calls("chat.postMessage") == 1 })
	run.signal(syscall.SIGINT)
	said := run.end(1)
	for _, part := range []string{"haneul  under way", "1 under way, until about ", "stopped waiting; the run goes on", "achim runs show "} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is missing in:\n%s", part, said)
		}
	}
	_, id, _ := strings.Cut(strings.TrimSpace(said), "achim runs show ")
	h.until(func() bool { return h.json(0, "runs", "show", id)["state"] == "finished" })
	h.expect(0, []string{"haneul  delivered, complete"}, "runs", "show", id)
	if h.dms() != 1 {
		t.Errorf("%d DMs, want one", h.dms())
	}
	p.signal(syscall.SIGTERM)
	p.end(0)
}

// TestInterruptedRunAlone: without a serve the message under way is still finished, and told once.
func TestInterruptedRunAlone(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	h.slack.Inject(standin.Fault{Op: "chat.postMessage", Delay: time.Second, Times: 1})
	run := h.start("run")
	h.until(func() bool { return h.slack.Calls("chat.postMessage") == 1 })
	run.signal(syscall.SIGINT)
	if said := run.end(1); !strings.Contains(said, "stopped waiting") {
		t.Errorf("said:\n%s", said)
	}
	h.expect(0, []string{"already_delivered"}, "run")
	if h.dms() != 1 {
		t.Errorf("%d DMs, want one", h.dms())
	}
}

// TestPreview draws the briefing and sends nothing, degraded or not.
func TestPreview(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	h.slack.ResetCalls()
	h.expect(0, []string{"계약서 3조 수정안", "한국은행, 기준금리 동결", "아침 브리핑", "│"}, "preview", "--user", "haneul")
	view := h.json(0, "preview", "--user", haneulID)
	if view["status"] != "complete" || len(view["blocks"].([]any)) == 0 || !strings.Contains(view["text"].(string), "계약서 3조 수정안") {
		t.Errorf("preview in JSON: %v", view)
	}
	h.google.Revoke(haneulMail)
	h.google.ExpireAccess(haneulMail)
	h.expect(0, []string{"일부 누락", "degraded"}, "preview", "--user", "haneul")
	if n := h.slack.Calls("*"); n != 0 {
		t.Errorf("a preview called Slack %d times", n)
	}
	h.expect(0, []string{"Nothing has run yet"}, "runs", "list")
}

// TestRuns: what is not there is a fault of the argument; what cannot be settled is not.
func TestRuns(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	h.expect(0, nil, "run")
	run := h.json(0, "runs", "list")["runs"].([]any)[0].(map[string]any)
	h.expect(0, []string{"RUN", "manual", "1 complete", run["run_id"].(string)}, "runs", "list", "--limit", "1")
	h.expect(0, []string{"haneul  delivered, complete"}, "runs", "show", run["run_id"].(string))
	h.expect(2, []string{`there is no run "nope"`, "achim runs list"}, "runs", "show", "nope")
	h.expect(2, []string{`there is no briefing "nope"`}, "runs", "resolve", "nope", "--delivered")
	id := run["readers"].([]any)[0].(map[string]any)["briefing_id"].(string)
	h.expect(1, []string{id, "is delivered", "only an unknown one"}, "runs", "resolve", id, "--resend")
	if h.dms() != 1 {
		t.Errorf("%d DMs, want one", h.dms())
	}
}

// TestResolve: a person who has looked into the DM settles what Slack did not tell.
func TestResolve(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	h.addHaneul()
	h.expect(0, nil, "run")
	run := h.json(0, "runs", "list")["runs"].([]any)[0].(map[string]any)
	id := run["readers"].([]any)[0].(map[string]any)["briefing_id"].(string)
	s := storetest.OpenURL(t, h.env["DATABASE_URL"], store.Options{})
	forget := func() { storetest.Exec(t, s, "UPDATE achim_entry SET state = 'unknown', reason = 'ambiguous'") }

	forget()
	h.expect(1, []string{"haneul  unknown", "look into the DM", "achim runs resolve " + id}, "run")
	last := h.json(0, "runs", "list")["runs"].([]any)[0].(map[string]any)["run_id"].(string)
	h.expect(0, []string{"haneul  unknown  ambiguous", "achim runs resolve " + id, "1 unknown"}, "runs", "show", last)
	h.expect(0, []string{id + " is now delivered\n"}, "runs", "resolve", id, "--delivered")
	h.expect(0, []string{"haneul  delivered, complete", "1 complete"}, "runs", "show", last)
	h.expect(0, []string{"already_delivered"}, "run")
	if h.dms() != 1 {
		t.Errorf("%d DMs, want one", h.dms())
	}
	forget()
	h.expect(0, []string{id + " is now planned: serve posts it now, or the next achim run"}, "runs", "resolve", id, "--resend")
	h.expect(0, []string{"delivered, complete"}, "run")
	if h.dms() != 2 {
		t.Errorf("%d DMs, want two", h.dms())
	}
	forget()
	members(t, "runs resolve", h.json(0, "runs", "resolve", id, "--delivered"), []string{"briefing_id", "user_id", "date", "slot", "state",
		"status", "reason", "due_at", "prepared_at", "delivered_at", "mended_at", "channel_id", "message_ts", "sources"})
}

// TestRunsListCounts: each line says what that run delivered, mended or could not mend, so that no two lines claim the same.
func TestRunsListCounts(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable})
	h.expect(3, []string{"haneul  delivered, degraded", "\n1 degraded · run "}, "run")
	h.expect(3, []string{"haneul  still degraded", "\n1 still degraded · run "}, "run")
	h.google.Clear()
	h.expect(0, []string{"haneul  mended, complete", "\n1 mended · run "}, "run")
	h.expect(0, []string{"haneul  skipped", "\n1 skipped · run "}, "run")
	var results []string
	for line := range strings.Lines(h.expect(0, nil, "runs", "list").out) {
		columns := strings.Split(strings.TrimSpace(line), "  ")
		results = append(results, strings.TrimSpace(columns[len(columns)-1]))
	}
	if diff := cmp.Diff([]string{"RESULT", "1 skipped", "1 mended", "1 mended since", "1 complete"}, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	h.expect(0, []string{"haneul  still degraded, mended since"}, "runs", "show", runIDs(h)[2])
}

// runIDs are those of all runs, the newest first.
func runIDs(h *town) []string {
	var ids []string
	for _, run := range h.json(0, "runs", "list")["runs"].([]any) {
		ids = append(ids, run.(map[string]any)["run_id"].(string))
	}
	return ids
}

// TestAMessageThatIsGone: runs show says of a degraded briefing that its message cannot be brought up to date, and
// what to do.
func TestAMessageThatIsGone(t *testing.T) {
	t.Parallel()
	h := connected(t, storetest.SQLite)
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusServiceUnavailable})
	h.expect(3, []string{"haneul  delivered, degraded"}, "run")
	first := h.json(0, "runs", "list")["runs"].([]any)[0].(map[string]any)["run_id"].(string)
	h.google.Clear()
	h.slack.Inject(standin.Fault{Op: "chat.update", Body: `{"ok":false,"error":"edit_window_closed"}`})
	h.expect(3, []string{"haneul  still degraded  message_gone", "achim run --force"}, "run")
	h.expect(0, []string{"haneul  delivered, degraded  message_gone", "achim run --force"}, "runs", "show", first)
	if h.dms() != 1 {
		t.Errorf("%d DMs, want one", h.dms())
	}
}

// until waits until something holds.
func (d *desk) until(holds func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatal("waited in vain")
		}
	}
}
