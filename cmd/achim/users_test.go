package main_test

import (
	"slices"
	"strings"
	"testing"

	"achim/store/storetest"
)

// TestUsers goes through a reader's life on both databases.
func TestUsers(t *testing.T) {
	t.Parallel()
	for _, dialect := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.env["DATABASE_URL"] = storetest.URL(t, dialect)
			d.expect(0, nil, "migrate")
			d.expect(0, []string{"no readers yet", "achim users add"}, "users", "list")
			d.expect(0, []string{haneulID, "haneul@gaon.example", "08:30 Europe/Berlin", "mon,fri", "achim connect --user " + haneulID},
				"users", "add", "--id", strings.ToUpper(haneulID), "--name", "haneul", "--slack", haneulSlack, "--email", haneulMail,
				"--timezone", "Europe/Berlin", "--at", "08:30", "--language", "en", "--weekdays", "mon,fri")
			d.expect(0, []string{"09:00 Asia/Seoul"}, "users", "add", "--name", "김하늘", "--slack", "U0OTHER")

			for _, who := range []string{haneulID, haneulSlack, "haneul"} {
				d.expect(0, []string{"haneul", "08:30 Europe/Berlin"}, "users", "show", "--user", who)
			}
			list := d.expect(0, []string{"NAME", "haneul", "김하늘"}, "users", "list").out
			for line := range strings.Lines(list) {
				if strings.HasSuffix(strings.TrimSuffix(line, "\n"), " ") {
					t.Errorf("trailing space in %q", line)
				}
			}
			d.expect(0, []string{"07:15 Asia/Tokyo"}, "users", "set", "--user", "haneul", "--at", "07:15", "--timezone", "Asia/Tokyo")
			d.expect(0, []string{"09:00 Asia/Seoul", "mon,tue,wed,thu,fri,sat,sun"}, "users", "set", "--user", "haneul", "--at", "", "--timezone", "", "--weekdays", "")
			d.expect(0, []string{"https://news.example/a,b", "https://news.example/c"}, "users", "set", "--user", "haneul",
				"--feed", "https://news.example/a,b", "--feed", "https://news.example/c")
			if r := d.expect(0, nil, "users", "set", "--user", "haneul", "--feed", ""); strings.Contains(r.out, "feed") {
				t.Errorf("feeds are still there: %s", r.out)
			}
			if r := d.expect(0, []string{"removed haneul"}, "users", "remove", "--user", "haneul"); strings.Contains(r.out, "grant") || strings.Contains(r.out, "conversation_log") {
				t.Errorf("rows are told that are not there:\n%s", r.out)
			}
			d.expect(2, []string{"--user", "there is no reader"}, "users", "remove", "--user", haneulID, "--erase", "--yes")
			d.expect(2, []string{"--user", `there is no reader "haneul"`}, "users", "show", "--user", "haneul")
		})
	}
}

// TestPauses: each kind of pause replaces the other, and resume ends both.
func TestPauses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--name", "haneul", "--slack", haneulSlack)
	d.expect(0, []string{"next      paused until 2999-01-01"}, "users", "set", "--user", "haneul", "--paused-until", "2999-01-01")
	d.expect(0, []string{"next      paused\n"}, "users", "set", "--user", "haneul", "--pause")
	d.expect(0, []string{"holidays", "no briefing"}, "users", "set", "--user", "haneul", "--skip-holidays")
	d.expect(2, []string{"--pause and --resume contradict each other"}, "users", "set", "--user", "haneul", "--pause", "--resume")
	if v := d.json(0, "users", "show", "--user", "haneul"); v["paused"] != true || v["paused_until"] != nil || v["next_due_at"] != nil {
		t.Errorf("paused: %v", v)
	}
	d.expect(0, []string{"paused    no briefing before 2999-01-01; earlier again: achim users set --user ", "--resume"}, "users", "set", "--user", "haneul", "--paused-until", "2999-01-01")
	d.expect(2, []string{"--paused-until: 2020-01-01 is not ahead", "--resume"}, "users", "set", "--user", "haneul", "--paused-until", "2020-01-01")
	// An end that has passed does not void a later pause.
	d.write("past.csv", "slack_user_id,paused_until\n"+haneulSlack+",2020-01-01\n")
	if r := d.expect(0, nil, "users", "import", "past.csv", "--yes"); strings.Contains(r.out, "no briefing before") {
		t.Errorf("a pause that is over is told:\n%s", r.out)
	}
	d.expect(0, []string{"next      paused\n"}, "users", "set", "--user", "haneul", "--pause")
	d.expect(0, nil, "users", "set", "--user", "haneul", "--resume")
	if v := d.json(0, "users", "show", "--user", "haneul"); v["paused"] != false || v["next_due_at"] == nil {
		t.Errorf("resumed: %v", v)
	}
}

// TestUserFaults: every message names the flag, and nothing is stored.
func TestUserFaults(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "users", "add", "--id", haneulID, "--name", "haneul", "--slack", haneulSlack)
	first := d.expect(0, nil, "users", "add", "--name", "unlike", "--slack", "U0UNLIKE").err
	if strings.Contains(first, "warning") {
		t.Errorf("warned of nobody:\n%s", first)
	}
	d.expect(0, nil, "users", "remove", "--user", "unlike")
	namesakes := []string{"achim: warning: 2 readers are called \"haneul\": use the UUID or the Slack id", haneulID + " (" + haneulSlack + ")", "(U0NAMESAKE)"}
	d.expect(0, namesakes, "users", "add", "--name", "haneul", "--slack", "U0NAMESAKE")
	d.expect(0, nil, "users", "set", "--user", "U0NAMESAKE", "--name", "other")
	d.expect(0, namesakes, "users", "set", "--user", "U0NAMESAKE", "--name", "haneul")
	add := []string{"users", "add", "--name", "new", "--slack", "U0NEW"}
	set := []string{"users", "set", "--user", haneulID}
	for _, tc := range []struct {
		args  []string
		parts []string
	}{
		{append(add, "--timezone", "Asia/Soul"), []string{"--timezone", "Asia/Soul", "Asia/Seoul"}},
		{append(add, "--at", "25:00"), []string{"--at", "25:00", "09:00"}},
		{append(add, "--weekdays", "mon,funday"), []string{"--weekdays", "funday"}},
		{append(add, "--language", "fr"), []string{"--language", "ko or en"}},
		{append(add, "--email", "nobody"), []string{"--email", "nobody"}},
		{append(add, "--feed", "ftp://news.example"), []string{"--feed", "ftp://news.example"}},
		{append(add, "--feed", "http://127.0.0.1:8080/feed"), []string{"--feed", `"127.0.0.1" is a private address`, "news.allow_private_networks"}},
		{append(add, "--notification", "loud"), []string{"--notification", "private"}},
		{append(add, "--id", "1234"), []string{"--id: \"1234\" is not a UUID"}},
		{append(add, "--id", haneulID), []string{"--id", "haneul", "achim users set --user " + haneulID}},
		{append(add, "--at", "25:00", "--timezone", "X", "--email", "y"), []string{"--at", "--timezone", "--email"}},
		{[]string{"users", "add", "--name", "new", "--slack", "haneul"}, []string{"--slack", "U012AB3CD"}},
		{[]string{"users", "add", "--name", "new", "--slack", haneulSlack}, []string{"--slack", haneulSlack, "another reader"}},
		{[]string{"users", "add", "--name", " ", "--slack", "U0NEW"}, []string{"--name"}},
		{append(set, "--slack", "U0NAMESAKE"), []string{"--slack", "another reader"}},
		{append(set, "--paused-until", "tomorrow"), []string{"--paused-until", "2026-11-20"}},
		{append(set, "--name", ""), []string{"--name"}},
		{set, []string{"nothing to change", "--help"}},
		{[]string{"users", "show", "--user", "haneul"}, []string{"--user", "2 readers", haneulID, haneulSlack, "U0NAMESAKE"}},
		{[]string{"users", "remove", "--user", "haneul"}, []string{"--user", "2 readers"}},
		{[]string{"connect", "--user", "haneul"}, []string{"--user", "2 readers"}},
		{[]string{"preview", "--user", "nobody"}, []string{"--user", "nobody"}},
		{[]string{"connect", "--user", ""}, []string{"--user"}},
	} {
		if r := d.expect(2, tc.parts, tc.args...); r.out != "" {
			t.Errorf("achim %q prints %s", tc.args, r.out)
		}
	}
	if users := d.json(0, "users", "list")["users"].([]any); len(users) != 2 {
		t.Errorf("%d readers after faults, want two: %v", len(users), users)
	}
}

// TestJSONIsTheAPIs: --json prints what the API answers.
func TestJSONIsTheAPIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.expect(0, nil, "migrate")
	if got := d.json(0, "migrate"); got["dry_run"] != false || len(got["migrations"].([]any)) != 0 {
		t.Errorf("migrate: %v", got)
	}
	if got := d.json(0, "users", "list")["users"].([]any); len(got) != 0 {
		t.Errorf("no users: %v", got)
	}
	if got := d.json(0, "runs", "list")["runs"].([]any); len(got) != 0 {
		t.Errorf("no runs: %v", got)
	}
	user := []string{"user_id", "name", "slack_user_id", "email", "timezone", "deliver_at", "weekdays", "language", "feeds",
		"paused", "paused_until", "notification", "skip_holidays", "preferences", "left_at", "left_reason", "next_due_at"}
	members(t, "users add", d.json(0, "users", "add", "--name", "haneul", "--slack", haneulSlack), user)
	members(t, "users show", d.json(0, "users", "show", "--user", "haneul"), user)
	members(t, "users set", d.json(0, "users", "set", "--user", "haneul", "--at", "08:00"), user)
	members(t, "users list", d.json(0, "users", "list")["users"].([]any)[0].(map[string]any), user)
	members(t, "connect", d.json(0, "connect", "--user", "haneul"), []string{"user_id", "url"})
	preview := d.json(0, "preview", "--user", "haneul")
	members(t, "preview", preview, []string{"user_id", "date", "status", "sources", "sections", "text", "blocks"})
	run := []string{"run_id", "kind", "state", "date", "started_at", "finished_at", "estimated_end", "counts", "readers"}
	dry := d.json(0, "run", "--dry-run")
	members(t, "run", dry, run)
	reader := dry["readers"].([]any)[0].(map[string]any)
	members(t, "run's reader", reader, []string{"user_id", "slack_user_id", "briefing_id", "outcome", "status", "reason",
		"channel_id", "message_ts", "text", "sources"})
	members(t, "runs show", d.json(0, "runs", "show", dry["run_id"].(string)), run)
	members(t, "runs list", d.json(0, "runs", "list")["runs"].([]any)[0].(map[string]any), run)
}

// members checks that an object has exactly these members.
func members(t *testing.T, what string, object map[string]any, names []string) {
	t.Helper()
	for _, name := range names {
		if _, ok := object[name]; !ok {
			t.Errorf("%s: no member %s in %v", what, name, object)
		}
	}
	for name := range object {
		if !slices.Contains(names, name) {
			t.Errorf("%s: member %s is not the API's", what, name)
		}
	}
}
