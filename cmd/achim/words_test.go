package main_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"achim/store/storetest"
)

// commands are all there are.
var commands = []string{
	"serve", "demo", "run", "preview", "users", "users add", "users import", "users list", "users show", "users set", "users remove",
	"feeds", "feeds list", "feeds add", "feeds remove", "feeds check", "feeds import", "feeds export",
	"connect", "tokens", "tokens list", "tokens check", "tokens refresh", "tokens revoke", "runs", "runs list", "runs show", "runs resolve",
	"keys", "keys generate", "keys rotate", "keys unseal", "doctor", "migrate", "version", "completion",
}

// TestHelpTeaches: every command explains itself with an example, and help asks for nothing.
func TestHelpTeaches(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.env["ACHIM_CONFIG"] = "/nowhere/at/all.yaml"
	for _, command := range commands {
		words := strings.Fields(command)
		r := d.expect(0, []string{"Usage:\n  achim " + command, "Examples:\n  ", "achim " + command}, append(words, "--help")...)
		if again := d.expect(0, nil, append([]string{"help"}, words...)...); again.out != r.out {
			t.Errorf("achim help %s says something else than achim %s --help", command, command)
		}
		for line := range strings.Lines(r.out) {
			if len([]rune(line)) > 125 {
				t.Errorf("achim %s --help has a line too long to read: %s", command, line)
			}
		}
	}
	d.expect(0, []string{"POST /api/cron/daily-summary", "3 at least one degraded"}, "run", "--help")
	d.expect(0, []string{"CRON_SECRET", "SLACK_BOT_TOKEN", "GOOGLE_CLIENT_ID", "exits 0"}, "serve", "--help")
	d.expect(0, []string{"ignores\nevery credential", "Ctrl-C"}, "demo", "--help")
	d.expect(0, []string{"sqlite:PATH", "twice"}, "migrate", "--help")
	if files, err := os.ReadDir(d.folder); err != nil || len(files) > 0 {
		t.Errorf("help left %v behind (%v)", files, err)
	}
}

// TestDocsTellEveryFlag: docs/cli.md has each command there is, with each of its flags.
func TestDocsTellEveryFlag(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	for _, command := range commands {
		words := strings.Fields(command)
		_, rest, found := strings.Cut(string(docs), "achim "+words[0]+"\n") // the end of a heading
		if !found {
			_, rest, found = strings.Cut(string(docs), "## achim "+words[0]+",")
		}
		section, _, _ := strings.Cut(rest, "\n## ")
		if !found || (len(words) > 1 && !strings.Contains(section, "`"+command)) {
			t.Errorf("docs/cli.md lacks achim %s", command)
		}
		_, flags, _ := strings.Cut(d.expect(0, nil, append(words, "--help")...).out, "\nFlags:\n")
		flags, _, _ = strings.Cut(flags, "\nGlobal Flags:")
		for _, flag := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`).FindAllStringSubmatch(flags, -1) {
			if flag[1] != "help" && !strings.Contains(section, "--"+flag[1]) {
				t.Errorf("docs/cli.md lacks --%s of achim %s", flag[1], command)
			}
		}
	}
}

// TestRootAndGroupsShowHelp: who types achim alone is shown round.
func TestRootAndGroupsShowHelp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.expect(0, []string{"achim demo", "Exit status", "serve", "users", "completion"})
	if help := d.expect(0, nil, "--help"); help.out != first.out {
		t.Error("achim and achim --help differ")
	}
	d.expect(0, []string{"add", "remove"}, "users")
	d.expect(0, []string{"list", "resolve"}, "runs")
	d.expect(0, []string{"list", "check", "refresh", "revoke"}, "tokens")
}

// TestCommandLineFaults: a mistyped command line exits 2, says what is wrong and where to look, and touches
// nothing.
func TestCommandLineFaults(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, tc := range []struct {
		args  string
		parts []string
	}{
		{"nope", []string{`unknown command "nope"`, "achim --help"}},
		{"srve", []string{"Did you mean", "serve"}},
		{"--nope", []string{"unknown flag: --nope", "achim --help"}},
		{"users nope", []string{`unknown command "nope" for "achim users"`, "achim users --help"}},
		{"users lst", []string{"did you mean list"}},
		{"runs nope", []string{`unknown command "nope" for "achim runs"`}},
		{"serve extra", []string{"achim serve takes no arguments", "extra"}},
		{"serve --users x", []string{"unknown flag: --users", "achim serve --help"}},
		{"demo --keep --once", []string{"keep", "once"}},
		{"users add", []string{"name", "slack", "achim users add --help"}},
		{"users add --name a", []string{"slack"}},
		{"users show", []string{"user"}},
		{"connect", []string{"user"}},
		{"preview", []string{"user"}},
		{"preview --user x --date tomorrow", []string{"--date", "2026-11-20"}},
		{"run --date tomorrow", []string{"--date", "2026-11-20"}},
		{"run --force=perhaps", []string{"force"}},
		{"runs show", []string{"one argument"}},
		{"runs show a b", []string{"one argument"}},
		{"runs resolve x", []string{"what you found in the DM", "--delivered", "--resend"}},
		{"runs resolve x --delivered --resend", []string{"what you found in the DM"}},
		{"runs list --limit 0", []string{"--limit"}},
		{"runs list --limit many", []string{"--limit"}},
		{"tokens nope", []string{`unknown command "nope" for "achim tokens"`}},
		{"tokens chek", []string{"did you mean check"}},
		{"tokens list extra", []string{"takes no arguments"}},
		{"tokens check", []string{"user", "achim tokens check --help"}},
		{"tokens refresh haneul", []string{"takes no arguments"}},
		{"tokens refresh", []string{"user"}},
		{"tokens revoke --yes", []string{"user"}},
		{"completion", []string{"one argument"}},
		{"completion tcsh", []string{"tcsh", "bash, zsh, fish, powershell"}},
		{"help nope", []string{"nope"}},
		{"users list --config", []string{"config"}},
	} {
		r := d.expect(2, append(tc.parts, "achim: "), strings.Fields(tc.args)...)
		if r.out != "" {
			t.Errorf("achim %s: a fault is told on standard output: %s", tc.args, r.out)
		}
	}
	if files, err := os.ReadDir(d.folder); err != nil || len(files) > 0 {
		t.Errorf("a mistyped command left %v behind (%v)", files, err)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if r := d.expect(0, nil, args...); r.out != "achim v0.0.0-test\n" {
			t.Errorf("achim %q prints %q", args, r.out)
		}
	}
	if got := d.json(0, "version")["version"]; got != "v0.0.0-test" {
		t.Errorf("version in JSON: %v", got)
	}
	for shell, part := range map[string]string{"bash": "__start_achim", "zsh": "#compdef achim", "fish": "complete -c achim", "powershell": "Register-ArgumentCompleter"} {
		d.expect(0, []string{part}, "completion", shell)
	}
}

// TestServeWithoutCronSecret: serve refuses, names everything that is missing at once, and prints a secret
// to paste, another one each time.
func TestServeWithoutCronSecret(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	fresh := regexp.MustCompile(`CRON_SECRET=([A-Za-z0-9]{20,})`)
	first := d.expect(2, []string{"CRON_SECRET", "SLACK_BOT_TOKEN", "GOOGLE_CLIENT_ID"}, "serve")
	second := d.expect(2, nil, "serve")
	a, b := fresh.FindStringSubmatch(first.err), fresh.FindStringSubmatch(second.err)
	if a == nil || b == nil || a[1] == b[1] {
		t.Fatalf("no fresh secret to paste in %q and %q", first.err, second.err)
	}
	d.env["CRON_SECRET"] = a[1]
	if r := d.expect(2, []string{"SLACK_BOT_TOKEN"}, "serve"); strings.Contains(r.err, "CRON_SECRET") {
		t.Errorf("the pasted secret is not taken: %s", r.err)
	}
	if files, err := os.ReadDir(d.folder); err != nil || len(files) > 0 {
		t.Errorf("a refused serve left %v behind (%v)", files, err)
	}
}

// TestBrokenConfiguration: all faults at once, each with its line, for every command that reads one.
func TestBrokenConfiguration(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("broken.yaml", "timezone: Asia/Soul\nprepare:\n  lead: soon\nfeedz: []\n")
	d.env["DATABASE_URL"] = "mysql://root:hunter2@db.example/x"
	want := []string{"broken.yaml:1: timezone", "broken.yaml:3: prepare.lead", "broken.yaml:4: feedz", "DATABASE_URL", "4 faults"}
	for _, command := range []string{"serve", "migrate", "run", "preview --user x", "users list", "users add --name a --slack U012AB3CD", "connect --user x", "runs list", "doctor"} {
		r := d.expect(2, want, append(strings.Fields(command), "--config", "broken.yaml")...)
		if strings.Contains(r.err+r.out, "hunter2") {
			t.Errorf("achim %s prints a password", command)
		}
	}
	d.env["ACHIM_CONFIG"] = "broken.yaml"
	d.expect(2, want, "users", "list")
	d.expect(2, []string{"--config", "missing.yaml"}, "users", "list", "--config", "missing.yaml")
	d.env["ACHIM_CONFIG"] = "missing.yaml"
	d.expect(2, []string{"ACHIM_CONFIG", "missing.yaml"}, "users", "list")
}

// TestDatabaseFaults: what is wrong with the state of the world is exit 1, an address that can be none is 2,
// and each says what to do, once, without a password.
func TestDatabaseFaults(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.write("notes.txt", strings.Repeat("not a database\n", 200))
	d.write("file", "")
	server := os.Getenv("TEST_DATABASE_URL")
	for _, tc := range []struct {
		url   string
		code  int
		parts []string
	}{
		{"sqlite:missing/achim.db", 1, []string{"there is no folder missing", "create it", "DATABASE_URL"}},
		{"sqlite:file/achim.db", 1, []string{"there is no folder file"}},
		{"sqlite:notes.txt", 1, []string{"not a database", "DATABASE_URL"}},
		{"sqlite:/proc/achim.db", 1, []string{"cannot be written", "DATABASE_URL"}},
		{"postgres://achim:hunter2@" + freeAddr(t) + "/main_db", 1, []string{"cannot be reached", "is the server running"}},
		{strings.Replace(server, "/postgres?", "/no_such_database?", 1), 1, []string{"createdb", "DATABASE_URL"}},
		{"postgres://achim:hunter2@db.example:99999999/main_db", 2, []string{"DATABASE_URL"}},
		{"sqlite:", 2, []string{"DATABASE_URL"}},
		{"mysql://achim:hunter2@db.example/main_db", 2, []string{"DATABASE_URL", "mysql"}},
	} {
		d.env["DATABASE_URL"] = tc.url
		for _, command := range []string{"migrate", "users list"} {
			r := d.expect(tc.code, tc.parts, strings.Fields(command)...)
			if strings.Contains(r.err+r.out, "hunter2") {
				t.Errorf("achim %s prints the password: %s", command, r.err)
			}
			if strings.Count(r.err, "open sqlite:") > 1 || strings.Contains(r.err, "goroutine ") {
				t.Errorf("achim %s: noise: %s", command, r.err)
			}
		}
	}
}

// TestReadOnlyFolder: a disk that cannot be written is found when starting, not at nine in the morning.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	folder := filepath.Join(d.folder, "disk")
	if err := os.Mkdir(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(folder, "probe")); err == nil { // root may write anywhere
		_ = f.Close()
		folder = "/sys/kernel" // which lets nobody make a file
	}
	d.env["DATABASE_URL"] = "sqlite:" + folder + "/achim.db"
	d.expect(1, []string{"cannot be written", "DATABASE_URL"}, "migrate")
}

// TestPortInUse: the message names the address and the variable, and nothing is left running.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	h := newTown(t, storetest.SQLite)
	l, err := net.Listen("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	h.expect(1, []string{h.addr, "ACHIM_ADDR", "address already in use"}, "serve")
}
