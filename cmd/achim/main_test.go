package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"achim/internal/standin"
	"achim/store/storetest"
)

// binary is the real program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "achim-cmd-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(folder) }()
		binary = filepath.Join(folder, "achim")
		build := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-X main.version=v0.0.0-test", "-o", binary, ".")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// What the stand-ins know each other by.
const (
	clientID     = "test-client.apps.example"
	clientSecret = "test-client-secret"
	botToken     = "test-bot-token"
	cronSecret   = "test-cron-secret-0123456789abcdef"

	haneulID    = "3f0c6a52-1d2e-4b7a-9c55-0a1b2c3d4e5f"
	haneulMail  = "haneul@gaon.example"
	haneulSlack = "U0HANEUL"
)

// patience is how long anything may take before a test gives up on it.
const patience = 60 * time.Second

// desk is a folder and an environment in which somebody types commands.
type desk struct {
	t      *testing.T
	folder string
	env    map[string]string
}

// result is what a command came to.
type result struct {
	args     []string
	code     int
	out, err string
}

// newDesk makes a desk on which nothing lies: no file, and no variable of ours.
func newDesk(t *testing.T) *desk {
	t.Helper()
	folder := t.TempDir()
	return &desk{t: t, folder: folder, env: map[string]string{"PATH": os.Getenv("PATH"), "HOME": folder, "TMPDIR": folder}}
}

// command prepares a command.
func (d *desk) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = d.folder
	for name, value := range d.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// run runs a command to its end.
func (d *desk) run(args ...string) result {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd := d.command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		d.t.Fatalf("achim %q: %v", args, err)
	}
	return result{args: args, code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

// expect runs a command and checks its exit code and that its output and errors hold the parts.
func (d *desk) expect(code int, parts []string, args ...string) result {
	d.t.Helper()
	r := d.run(args...)
	if r.code != code {
		d.t.Errorf("achim %q: exit %d, want %d\nstdout:\n%s\nstderr:\n%s", args, r.code, code, r.out, r.err)
	}
	for _, part := range parts {
		if !strings.Contains(r.out+r.err, part) {
			d.t.Errorf("achim %q: %q is missing in\nstdout:\n%s\nstderr:\n%s", args, part, r.out, r.err)
		}
	}
	return r
}

// json runs a command with --json, which must print one JSON object and nothing else.
func (d *desk) json(code int, args ...string) map[string]any {
	d.t.Helper()
	r := d.expect(code, nil, append(args, "--json")...)
	var decoded map[string]any
	if err := json.Unmarshal([]byte(r.out), &decoded); err != nil {
		d.t.Fatalf("achim %q: %v in\n%s\nstderr:\n%s", r.args, err, r.out, r.err)
	}
	return decoded
}

// process is a command that is running.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan error
	// drained is closed when everything the process wrote was read; nil when its end says so.
	drained <-chan struct{}
	// keyboard types into the terminal it was started in; nil without one.
	keyboard io.Writer

	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{} // closed and replaced at every write
}

// start starts a command; the test's end kills it when it is still there.
func (d *desk) start(args ...string) *process {
	d.t.Helper()
	p := &process{t: d.t, cmd: d.command(context.WithoutCancel(d.t.Context()), args...), done: make(chan error, 1), news: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.begin()
	return p
}

func (p *process) begin() {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		err := p.cmd.Wait()
		if p.drained != nil {
			<-p.drained
		}
		p.done <- err
		close(ended)
	}()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-ended
	})
}

// Write collects what the process says on both streams.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.news)
	p.news = make(chan struct{})
	return p.text.Write(b)
}

// said returns everything so far, and a channel that is closed when there is more.
func (p *process) said() (string, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String(), p.news
}

// waitFor waits until the process has said the words.
func (p *process) waitFor(words string) {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		text, more := p.said()
		if strings.Contains(text, words) {
			return
		}
		select {
		case <-more:
		case err := <-p.done:
			p.done <- err
			if text, _ := p.said(); !strings.Contains(text, words) {
				p.t.Fatalf("ended (%v) without saying %q:\n%s", err, words, text)
			}
		case <-deadline:
			p.t.Fatalf("did not say %q:\n%s", words, text)
		}
	}
}

// end waits for the end of the process, which must have the exit code, and returns what it said.
func (p *process) end(code int) string {
	p.t.Helper()
	select {
	case err := <-p.done:
		p.done <- err
	case <-time.After(patience):
		text, _ := p.said()
		p.t.Fatalf("does not end:\n%s", text)
	}
	text, _ := p.said()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit %d, want %d:\n%s", got, code, text)
	}
	return text
}

// signal sends the signal.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// town is a desk with stand-ins for Google, Slack and a feed around it.
type town struct {
	*desk
	google *standin.Google
	slack  *standin.Slack
	feeds  *standin.Feeds
	addr   string
}

// newTown lays out a town with haneul's account in it. Nothing is set but the documented environment.
func newTown(t *testing.T, dialect storetest.Dialect) *town {
	t.Helper()
	h := &town{desk: newDesk(t), google: standin.NewGoogle(clientID, clientSecret), slack: standin.NewSlack(botToken),
		feeds: standin.NewFeeds(), addr: freeAddr(t)}
	google, slack, feeds := serve(t, h.google.Handler()), serve(t, h.slack.Handler()), serve(t, h.feeds.Handler())
	at := h.google.Endpoints(google)
	h.slack.AddUser(haneulSlack, "haneul", "김하늘")
	h.google.AddAccount(standin.Account{
		Email: haneulMail, Subject: "1001", Name: "김하늘",
		Mail: []standin.Mail{{ID: "18c0a1", From: `"박준호" <junho@gaon.example>`, To: haneulMail, Subject: "계약서 3조 수정안",
			Body: "검토 부탁드립니다. 회신 주실 수 있을까요?", Date: time.Now().Add(-time.Hour), Labels: []string{"INBOX"}}},
		Calendars: []standin.Calendar{{ID: haneulMail, Summary: "하늘", AccessRole: "owner", TimeZone: "Asia/Seoul", Primary: true, Selected: true}},
	})
	h.feeds.Set("/wire.xml", standin.Feed{Title: "한빛통신", Items: []standin.FeedItem{
		{Title: "한국은행, 기준금리 동결", URL: "https://news.example/1", GUID: "1", Published: time.Now().Add(-time.Hour)},
	}})
	maps.Copy(h.env, map[string]string{
		"DATABASE_URL": storetest.URL(t, dialect), "GOOGLE_CLIENT_ID": clientID, "GOOGLE_CLIENT_SECRET": clientSecret,
		"GOOGLE_AUTH_URL": at.AuthURL, "GOOGLE_TOKEN_URL": at.TokenURL, "GOOGLE_REVOKE_URL": at.RevokeURL,
		"GOOGLE_USERINFO_URL": at.UserinfoURL, "GMAIL_API_URL": at.GmailURL, "CALENDAR_API_URL": at.CalendarURL,
		"SLACK_API_URL": slack, "SLACK_BOT_TOKEN": botToken, "CRON_SECRET": cronSecret, "ACHIM_ADDR": h.addr,
	})
	h.write("achim.yaml", "news:\n  allow_private_networks: true\n  feeds:\n    - url: "+feeds+"/wire.xml\n      title: 한빛통신\n")
	return h
}

// write puts a file into the folder.
func (d *desk) write(name, content string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.folder, name), []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// serve serves a stand-in until the test ends.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	s, err := standin.Serve(handler, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.URL
}

// freeAddr returns an address nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := standin.FreeAddr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// serving starts serve and waits until it serves.
func (h *town) serving() *process {
	h.t.Helper()
	p := h.start("serve")
	p.waitFor(`"msg":"serving"`)
	return p
}

// addHaneul adds the reader, in a zone where it is noon: whenever the tests run, midnight and the reader's
// hour are far.
func (h *town) addHaneul() {
	h.t.Helper()
	h.expect(0, []string{"haneul", haneulID, "achim connect"}, "users", "add", "--quiet", "--id", haneulID, "--name", "haneul", "--slack", haneulSlack,
		"--timezone", fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12), "--at", "23:59")
}

// browser returns a client that follows no redirect. It has connections of its own, and keeps none: what net/http's own
// client keeps is closed with any server of a test, also under other tests.
func browser() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// connect takes the link that achim connect prints through Google's page, as a browser would. It needs a
// running serve.
func (h *town) connect() {
	h.t.Helper()
	link := strings.TrimSpace(h.expect(0, nil, "connect", "--user", "haneul").out)
	client := browser()
	begun, err := client.Post(link, "application/x-www-form-urlencoded", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = begun.Body.Close() }()
	if begun.StatusCode != http.StatusSeeOther {
		page, _ := io.ReadAll(begun.Body)
		h.t.Fatalf("POST %s: %s\n%s", link, begun.Status, page)
	}
	back, err := h.google.Consent(h.t.Context(), begun.Header.Get("Location"), standin.Choice{Email: haneulMail})
	if err != nil {
		h.t.Fatal(err)
	}
	if u, err := url.Parse(back); err != nil || u.Host != h.addr {
		h.t.Fatalf("Google sends people back to %s, not to %s (%v)", back, h.addr, err)
	}
	page, err := client.Get(back)
	if err != nil {
		h.t.Fatal(err)
	}
	h.confirm(page)
}

// confirm says yes to the question on the page: haneul has no address, so nobody knows whose account it should be.
func (h *town) confirm(question *http.Response) {
	h.t.Helper()
	body, err := io.ReadAll(question.Body)
	_ = question.Body.Close()
	ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindSubmatch(body)
	if err != nil || question.StatusCode != http.StatusOK || ticket == nil {
		h.t.Fatalf("no question: %s, %v\n%s", question.Status, err, body)
	}
	page, err := browser().PostForm("http://"+h.addr+"/connect/confirm", url.Values{"ticket": {string(ticket[1])}, "answer": {"yes"}})
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = page.Body.Close() }()
	if page.StatusCode != http.StatusOK {
		h.t.Fatalf("confirm: %s", page.Status)
	}
}

// connected is a town with haneul in it, connected, and no serve.
func connected(t *testing.T, dialect storetest.Dialect) *town {
	t.Helper()
	h := newTown(t, dialect)
	h.expect(0, nil, "migrate")
	h.addHaneul()
	p := h.serving()
	h.connect()
	p.signal(syscall.SIGTERM)
	p.end(0)
	return h
}

// dms returns how many messages haneul got, replies in a thread not counted.
func (h *town) dms() int {
	n := 0
	for _, m := range h.slack.Messages(haneulSlack) {
		if m.ThreadTS == "" && !strings.Contains(string(m.Metadata), "achim_notice") {
			n++
		}
	}
	return n
}
