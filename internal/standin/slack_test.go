package standin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/internal/standin"
)

const botToken = "xoxb-standin"

type slack struct {
	*standin.Slack
	url   string
	clock *clock
}

func newSlack(t *testing.T) slack {
	t.Helper()
	s := standin.NewSlack(botToken)
	c := newClock()
	s.Now = c.Now
	s.AddUser("U0HANEUL", "haneul", "김하늘")
	s.AddUser("U0MINJI", "minji", "박민지")
	return slack{s, serve(t, s), c}
}

func (s slack) call(t *testing.T, method string, pairs ...string) reply {
	t.Helper()
	r, err := postForm(t, s.url+"/api/"+method, form(append([]string{"token", botToken}, pairs...)...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// post sends a message and returns its ts.
func (s slack) post(t *testing.T, pairs ...string) string {
	t.Helper()
	r := s.call(t, "chat.postMessage", pairs...)
	ts, ok := r.at(t, "ts").(string)
	if !ok {
		t.Fatalf("post: %s", r.Body)
	}
	return ts
}

func wantSlackError(t *testing.T, r reply, code string) {
	t.Helper()
	equal(t, "status", r.Status, 200)
	equal(t, "ok", r.at(t, "ok"), any(false))
	equal(t, "error", r.at(t, "error"), any(code))
}

func texts(t *testing.T, r reply) string {
	t.Helper()
	list, ok := r.at(t, "messages").([]any)
	if !ok {
		t.Fatalf("no messages: %s", r.Body)
	}
	var out []string
	for _, m := range list {
		out = append(out, m.(map[string]any)["text"].(string))
	}
	return strings.Join(out, ",")
}

func TestSlackTokens(t *testing.T) {
	s := newSlack(t)
	r, _ := postForm(t, s.url+"/auth.test", form("token", "xoxb-other"))
	wantSlackError(t, r, "invalid_auth")
	r, _ = postForm(t, s.url+"/auth.test", nil)
	wantSlackError(t, r, "not_authed")
	equal(t, "in the header", get(t, s.url+"/auth.test", botToken).at(t, "user_id"), any("U0ACHIM"))
	wantSlackError(t, s.call(t, "chat.nothing"), "unknown_method")
	s.Inject(standin.Fault{Op: "auth.test", Status: 429, Header: map[string]string{"Retry-After": "2"}})
	limited := s.call(t, "auth.test")
	equal(t, "limited", limited.Status, 429)
	equal(t, "body", limited.at(t, "error"), any("ratelimited"))
}

func TestSlackOpen(t *testing.T) {
	s := newSlack(t)
	d := s.call(t, "conversations.open", "users", "U0HANEUL").at(t, "channel", "id").(string)
	if !strings.HasPrefix(d, "D") {
		t.Errorf("channel %s", d)
	}
	again := s.call(t, "conversations.open", "users", "U0HANEUL")
	equal(t, "stable", again.at(t, "channel", "id"), any(d))
	equal(t, "already open", again.at(t, "already_open"), any(true))
	wantSlackError(t, s.call(t, "conversations.open", "users", "U0NOBODY"), "user_not_found")
	wantSlackError(t, s.call(t, "conversations.open"), "users_list_not_supplied")
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", "U0NOBODY", "text", "x"), "channel_not_found")
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", "D0MINJI", "text", "x"), "channel_not_found") // never opened
	s.DisableUser("U0MINJI")
	wantSlackError(t, s.call(t, "conversations.open", "users", "U0MINJI"), "user_disabled")
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", "U0MINJI", "text", "x"), "user_disabled")
	equal(t, "users.info", s.call(t, "users.info", "user", "U0MINJI").at(t, "user", "deleted"), any(true))
	equal(t, "locale", s.call(t, "users.info", "user", "U0HANEUL", "include_locale", "true").at(t, "user", "locale"), any("ko-KR"))
}

func TestSlackPost(t *testing.T) {
	s := newSlack(t)
	r := s.call(t, "chat.postMessage", "channel", "U0HANEUL", "text", "안녕", "unfurl_links", "false")
	d := r.at(t, "channel").(string)
	if !strings.HasPrefix(d, "D") || r.at(t, "message", "text") != any("안녕") {
		t.Errorf("answer %s", r.Body)
	}
	ts := r.at(t, "ts").(string)
	seen := map[string]bool{ts: true}
	for range 5 { // the clock stands still
		seen[s.post(t, "channel", d, "text", "또")] = true
	}
	equal(t, "distinct ts", len(seen), 6)
	reply := s.post(t, "channel", d, "text", "답", "thread_ts", ts)
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", d, "text", "x", "thread_ts", reply), "cannot_reply_to_message")
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", d, "text", "x", "thread_ts", "1.000000"), "thread_not_found")
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", d, "blocks", "[]"), "no_text")

	long := s.post(t, "channel", d, "text", strings.Repeat("가", 40_001))
	messages := s.Messages("U0HANEUL")
	last := messages[len(messages)-1]
	equal(t, "last", last.TS, long)
	equal(t, "truncated", len([]rune(last.Text)), 40_000)
	equal(t, "params", messages[0].Params.Get("unfurl_links"), "false")
	equal(t, "token in params", messages[0].Params.Get("token"), "")
	equal(t, "thread", messages[6].ThreadTS, ts)

	// JSON bodies work as well.
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/chat.postMessage",
		strings.NewReader(`{"channel":"`+d+`","text":"json","blocks":[{"type":"divider"}],"metadata":{"event_type":"e","event_payload":{}}}`))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+botToken)
	js, err := send(t, req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "json", js.at(t, "message", "metadata", "event_type"), any("e"))
}

func TestSlackUpdateAndDelete(t *testing.T) {
	s := newSlack(t)
	const meta = `{"event_type":"daily_briefing","event_payload":{"entry":"e1"}}`
	const blocks = `[{"type":"section","text":{"type":"mrkdwn","text":"하나"}}]`
	ts := s.post(t, "channel", "U0HANEUL", "text", "하나", "blocks", blocks, "metadata", meta)
	d := s.Messages("U0HANEUL")[0].Channel
	wantSlackError(t, s.call(t, "chat.update", "channel", "U0HANEUL", "ts", ts, "text", "x"), "channel_not_found")
	wantSlackError(t, s.call(t, "chat.update", "channel", d, "ts", "1.000000", "text", "x"), "message_not_found")
	wantSlackError(t, s.call(t, "chat.update", "channel", d, "ts", ts), "no_text")
	wantSlackError(t, s.call(t, "chat.update", "channel", d, "ts", ts, "text", strings.Repeat("가", 1334)), "msg_too_long")

	s.call(t, "chat.update", "channel", d, "ts", ts, "text", strings.Repeat("가", 1333), "blocks", blocks)
	m := s.Messages("U0HANEUL")[0]
	if !m.Edited || m.Blocks == nil || string(m.Metadata) != meta {
		t.Errorf("after the edit: %+v", m)
	}
	s.call(t, "chat.update", "channel", d, "ts", ts, "text", "글만", "metadata", "{}")
	if m = s.Messages("U0HANEUL")[0]; m.Blocks != nil || m.Metadata != nil || m.Text != "글만" {
		t.Errorf("text alone removes blocks, {} removes metadata: %+v", m)
	}
	equal(t, "deleted", s.call(t, "chat.delete", "channel", d, "ts", ts).at(t, "ok"), any(true))
	wantSlackError(t, s.call(t, "chat.delete", "channel", d, "ts", ts), "message_not_found")
	equal(t, "marked", s.Messages("U0HANEUL")[0].Deleted, true)
	other := s.post(t, "channel", d, "text", "둘")
	s.Delete(d, other)
	wantSlackError(t, s.call(t, "chat.update", "channel", d, "ts", other, "text", "x"), "message_not_found")
}

func TestSlackHistory(t *testing.T) {
	s := newSlack(t)
	const meta = `{"event_type":"daily_briefing","event_payload":{"entry":"e1"}}`
	var ts []string
	for i := range 5 {
		ts = append(ts, s.post(t, "channel", "U0HANEUL", "text", fmt.Sprint(i), "metadata", meta))
		s.clock.Add(time.Second)
	}
	d := s.Messages("U0HANEUL")[0].Channel
	s.post(t, "channel", d, "text", "답", "thread_ts", ts[1])
	history := func(pairs ...string) reply {
		return s.call(t, "conversations.history", append([]string{"channel", d}, pairs...)...)
	}
	equal(t, "newest first, no replies", texts(t, history()), "4,3,2,1,0")
	equal(t, "exclusive", texts(t, history("oldest", ts[1], "latest", ts[3])), "2")
	equal(t, "inclusive", texts(t, history("oldest", ts[1], "latest", ts[3], "inclusive", "true")), "3,2,1")
	equal(t, "no metadata unasked", history().at(t, "messages", 0, "metadata"), any(nil))
	equal(t, "metadata", history("include_all_metadata", "true").at(t, "messages", 0, "metadata", "event_payload", "entry"), any("e1"))
	equal(t, "replies counted", history().at(t, "messages", 3, "reply_count"), any(1.0))
	first := history("limit", "3")
	equal(t, "page 1", texts(t, first), "4,3,2")
	equal(t, "has_more", first.at(t, "has_more"), any(true))
	second := history("limit", "3", "cursor", first.at(t, "response_metadata", "next_cursor").(string))
	equal(t, "page 2", texts(t, second), "1,0")
	equal(t, "end", second.at(t, "response_metadata", "next_cursor"), any(""))
	wantSlackError(t, history("cursor", "bm9uc2Vuc2U="), "invalid_cursor")
	equal(t, "replies", texts(t, s.call(t, "conversations.replies", "channel", d, "ts", ts[1])), "1,답")
	wantSlackError(t, s.call(t, "conversations.replies", "channel", d, "ts", "1.0"), "thread_not_found")
	wantSlackError(t, s.call(t, "conversations.history", "channel", "U0HANEUL"), "channel_not_found")
}

func TestSlackBlockRules(t *testing.T) {
	s := newSlack(t)
	obj := func(kind string, n int) string {
		return fmt.Sprintf(`{"type":%q,"text":%q}`, kind, strings.Repeat("가", n))
	}
	section := func(n int) string { return `{"type":"section","text":` + obj("mrkdwn", n) + `}` }
	header := func(kind string, n int) string { return `{"type":"header","text":` + obj(kind, n) + `}` }
	button := func(n int, id string) string {
		return fmt.Sprintf(`{"type":"button","action_id":%q,"text":%s}`, id, obj("plain_text", n))
	}
	list := func(kind, of string, n int) string {
		items := make([]string, n)
		for i := range items {
			items[i] = strings.ReplaceAll(of, "#", fmt.Sprint(i))
		}
		return fmt.Sprintf(`{"type":%q,"elements":[%s]}`, kind, strings.Join(items, ","))
	}
	many := func(one string, n int) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	for name, tc := range map[string]struct{ blocks, want string }{
		"fifty":              {many(`{"type":"divider"}`, 50), ""},
		"fifty-one":          {many(`{"type":"divider"}`, 51), "invalid_blocks"},
		"section 3000":       {section(3000), ""},
		"section 3001":       {section(3001), "invalid_blocks"},
		"section empty":      {section(0), "invalid_blocks"},
		"header 150":         {header("plain_text", 150), ""},
		"header 151":         {header("plain_text", 151), "invalid_blocks"},
		"header mrkdwn":      {header("mrkdwn", 5), "invalid_blocks"},
		"context 10":         {list("context", obj("mrkdwn", 3), 10), ""},
		"context 11":         {list("context", obj("mrkdwn", 3), 11), "invalid_blocks"},
		"actions 25":         {list("actions", button(5, "a#"), 25), ""},
		"actions 26":         {list("actions", button(5, "a#"), 26), "invalid_blocks"},
		"button 76":          {list("actions", button(76, "a"), 1), "invalid_blocks"},
		"same action_id":     {list("actions", button(5, "a"), 2), "invalid_blocks"},
		"same block_id":      {many(`{"type":"divider","block_id":"b"}`, 2), "invalid_blocks"},
		"unknown type":       {`{"type":"marquee"}`, "invalid_blocks"},
		"javascript url":     {list("actions", `{"type":"button","url":"javascript:alert(1)","text":{"type":"plain_text","text":"x"}}`, 1), "invalid_blocks"},
		"13,200 characters":  {many(section(2640), 5), ""},
		"13,205 characters":  {many(section(2641), 5), "msg_blocks_too_long"},
		"no list":            {`]{`, "invalid_blocks_format"},
		"context not a list": {`{"type":"context","elements":{}}`, "invalid_blocks"},
	} {
		r := s.call(t, "chat.postMessage", "channel", "U0HANEUL", "text", "x", "blocks", "["+tc.blocks+"]")
		got, _ := r.at(t, "error").(string)
		equal(t, name, got, tc.want)
		if message, _ := r.at(t, "response_metadata", "messages", 0).(string); got == "invalid_blocks" && !strings.Contains(message, "[json-pointer:/blocks") {
			t.Errorf("%s: message %q", name, message)
		}
	}
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", "U0HANEUL", "text", "x", "metadata", "nonsense"), "invalid_metadata_format")
	wantSlackError(t, s.call(t, "chat.postMessage", "channel", "U0HANEUL", "text", "x", "metadata", `{"event_type":1}`), "invalid_metadata_schema")
}

func TestPings(t *testing.T) {
	blocks := `[{"type":"header","text":{"type":"plain_text","text":"<!everyone>"}},
		{"type":"section","text":{"type":"mrkdwn","text":"<@U0MINJI|x> &lt;!here&gt; <!here|h>"}}]`
	got := standin.Pings(standin.Message{Text: "&lt;!channel&gt; <!channel> <!date^1^{time}|x> <https://a.example|@U1>", Blocks: json.RawMessage(blocks)})
	equal(t, "pings", strings.Join(got, " "), "<!channel> <@U0MINJI|x> <!here|h>")
	equal(t, "none", len(standin.Pings(standin.Message{Text: "&lt;!channel&gt;"})), 0)
}

func TestHome(t *testing.T) {
	s := newSlack(t)
	view := `{"type":"home","blocks":[{"type":"divider"}]}`
	equal(t, "ok", s.call(t, "views.publish", "user_id", "U0HANEUL", "view", view).at(t, "ok"), any(true))
	equal(t, "home", string(s.Home("U0HANEUL")), view)
	wantSlackError(t, s.call(t, "views.publish", "user_id", "U0HANEUL", "view", `{"type":"modal"}`), "invalid_arguments")
}

func TestSlackConcurrentPosts(t *testing.T) {
	s := newSlack(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := postForm(t, s.url+"/chat.postMessage", url.Values{"token": {botToken}, "channel": {"U0HANEUL"}, "text": {"x"}}); err != nil {
				t.Error(err)
			}
			s.Messages("U0HANEUL")
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, m := range s.Messages("U0HANEUL") {
		seen[m.TS] = true
	}
	equal(t, "distinct", len(seen), 20)
}
