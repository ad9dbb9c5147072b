package standin_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"achim/internal/standin"
)

// draw posts one mrkdwn section and returns how the page draws the DM.
func draw(t *testing.T, mrkdwn string) string {
	t.Helper()
	s := newSlack(t)
	b, _ := json.Marshal([]any{map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": mrkdwn}}})
	s.post(t, "channel", "U0HANEUL", "text", "알림", "blocks", string(b))
	page := get(t, serve(t, s.PageHandler())+"/dm/U0HANEUL/messages", "")
	_, rest, _ := strings.Cut(page.Body, `<div class="section">`)
	section, _, _ := strings.Cut(rest, "</div>")
	return section
}

func TestMrkdwn(t *testing.T) {
	const link = ` target="_blank" rel="noopener noreferrer">`
	for in, want := range map[string]string{
		"*굵게* _기울게_ ~지움~ `코드 <b>`":      `<strong>굵게</strong> <em>기울게</em> <s>지움</s> <code>코드 &lt;b&gt;</code>`,
		"2*3*4 snake_case_name * 혼자 *":  `2*3*4 snake_case_name * 혼자 *`,
		"한 줄\n두 줄":                      `한 줄<br>두 줄`,
		"*<https://a.example|제목>* · 3층": `<strong><a href="https://a.example"` + link + `제목</a></strong> · 3층`,
		"<https://a.example/?x=1&amp;y=2>": `<a href="https://a.example/?x=1&amp;y=2"` + link +
			`https://a.example/?x=1&amp;y=2</a>`,
		"&lt;!channel&gt; &amp;amp; &quot;":                `&lt;!channel&gt; &amp;amp; &amp;quot;`,
		"<script>alert(1)</script>":                        `script` + `alert(1)` + `/script`,
		"<javascript:alert(1)|눌러요>":                        `눌러요`,
		`<https://a.example/"onx=1|"><b>>`:                 `<a href="https://a.example/%22onx=1"` + link + `&#34;</a>b&gt;`,
		"<@U0MINJI> <!channel>":                            `<span class="mention">@박민지</span> <span class="mention ping">@channel</span>`,
		"<!date^1795392000^{date_short_pretty} {time}|어제>": `<time datetime="2026-11-23T09:00:00+09:00">오늘 오전 9:00</time>`,
		"<!date^x^{time}|나중에>":                             `나중에`,
		"https://evil.example/x.":                          `<a href="https://evil.example/x"` + link + `https://evil.example/x</a>.`,
		"a < b 그리고 끝 <https://a.example":                   `a &lt; b 그리고 끝 &lt;<a href="https://a.example"` + link + `https://a.example</a>`,
		"*굵게*입니다":                                          `*굵게*입니다`,
		"*굵게*\u200b입니다":                                    "<strong>굵게</strong>\u200b입니다",
		"*열고 안 닫음":                                         `*열고 안 닫음`,
		"\"><img src=x onerror=alert(1)>":                  `&#34;&gt;img src=x onerror=alert(1)`,
		"<https://a.example|<img src=x>>":                  `&lt;<a href="https://a.example"` + link + `https://a.example</a>|img src=x&gt;`,
		"```<b>\n둘```":                                     "<pre>&lt;b&gt;\n둘</pre>",
		strings.Repeat("*a _", 60) + "끝":                   strings.Repeat("*a _", 60) + "끝",
		"<mailto:a@b.example|메일> <tel:+82|전화>":             `<a href="mailto:a@b.example"` + link + `메일</a> <a href="tel:+82"` + link + `전화</a>`,
	} {
		if got := draw(t, in); got != want {
			t.Errorf("%q\n got %s\nwant %s", in, got, want)
		}
	}
}

const briefing = `[
 {"type":"header","text":{"type":"plain_text","text":"☀️ 11월 23일 <b>"}},
 {"type":"section","text":{"type":"mrkdwn","text":"*일정 6건*"},"fields":[{"type":"mrkdwn","text":"*하나*"},{"type":"plain_text","text":"*둘*"}]},
 {"type":"divider"},
 {"type":"actions","block_id":"mend","elements":[
  {"type":"button","action_id":"reconnect","style":"primary","url":"https://achim.example/connect/t","value":"v","text":{"type":"plain_text","text":"다시 연결"},"accessibility_label":"Gmail 다시 연결"},
  {"type":"button","action_id":"pause","text":{"type":"plain_text","text":"쉬기"}}]},
 {"type":"context","elements":[{"type":"mrkdwn","text":"모두 읽었습니다 · #b7k2"}]}]`

func TestPageShowsTheDM(t *testing.T) {
	s := newSlack(t)
	base := serve(t, http.StripPrefix("/slack", s.PageHandler())) + "/slack"
	if r := get(t, base+"/dm/U0HANEUL", ""); !strings.Contains(r.Body, "아직 받은 브리핑이 없습니다") {
		t.Error("an empty DM says so")
	}
	ts := s.post(t, "channel", "U0HANEUL", "text", "일정 6건 &amp; 메일\n본문 <x>", "blocks", briefing)
	home := get(t, base+"/", "")
	for _, want := range []string{"김하늘", "박민지", "일정 6건 &amp; 메일", `href="dm/U0HANEUL"`, `<span class="badge">1`} {
		if !strings.Contains(home.Body, want) {
			t.Errorf("list lacks %q", want)
		}
	}
	page := get(t, base+"/dm/U0HANEUL", "")
	for _, want := range []string{
		"<h2>☀️ 11월 23일 &lt;b&gt;</h2>", "<div><strong>하나</strong></div><div>*둘*</div>", "<hr>",
		`class="button primary" href="https://achim.example/connect/t"`, `aria-label="Gmail 다시 연결"`, `<button class="button "`,
		"#b7k2", "알림에 보이는 글", "<p>일정 6건 &amp; 메일</p>", "본문 &lt;x&gt;", "오전 8:59", "오늘",
	} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(page.Body, "(편집됨)") {
		t.Error("edited too early")
	}
	if strings.Contains(get(t, base+"/", "").Body, "badge") {
		t.Error("still unread after opening")
	}
	d := s.Messages("U0HANEUL")[0].Channel
	s.call(t, "chat.update", "channel", d, "ts", ts, "text", "채움", "blocks", briefing)
	s.post(t, "channel", d, "text", "09:14에 채웠습니다", "thread_ts", ts)
	page = get(t, base+"/dm/U0HANEUL/messages", "")
	for _, want := range []string{"(편집됨)", "댓글 1개", "09:14에 채웠습니다"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("fragment lacks %q", want)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/dm/U0HANEUL/messages", nil)
	req.Header.Set("If-None-Match", page.Header.Get("ETag"))
	if r, err := send(t, req); err != nil || r.Status != http.StatusNotModified {
		t.Errorf("unchanged: %d %v", r.Status, err)
	}
	equal(t, "unknown user", get(t, base+"/dm/U0NOBODY", "").Status, 404)
	equal(t, "css", get(t, base+"/assets/page.css", "").Status, 200)
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'") {
		t.Errorf("policy %q", csp)
	}
}

func TestPressIsSigned(t *testing.T) {
	s := newSlack(t)
	base := serve(t, s.PageHandler())
	status := http.StatusOK
	var got struct {
		Type    string
		User    struct{ ID string }
		Channel struct{ ID string }
		Message struct{ TS string }
		Actions []map[string]any
	}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want := standin.Sign("signing-secret", r.Header.Get("X-Slack-Request-Timestamp"), string(body))
		equal(t, "signature", r.Header.Get("X-Slack-Signature"), want)
		v, _ := url.ParseQuery(string(body))
		if err := json.Unmarshal([]byte(v.Get("payload")), &got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer hook.Close()
	ts := s.post(t, "channel", "U0HANEUL", "text", "x", "blocks", briefing)
	if err := s.Press(t.Context(), "U0HANEUL", ts, "reconnect"); err != nil {
		t.Errorf("nobody to tell is fine: %v", err)
	}
	s.Interactions(hook.URL, "signing-secret")
	r, err := postForm(t, base+"/dm/U0HANEUL/press", form("ts", ts, "action_id", "reconnect"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "page's answer", r.Status, http.StatusSeeOther)
	equal(t, "back to", r.Header.Get("Location"), "../U0HANEUL")
	equal(t, "type", got.Type, "block_actions")
	equal(t, "user", got.User.ID, "U0HANEUL")
	equal(t, "message", got.Message.TS, ts)
	equal(t, "channel", got.Channel.ID, s.Messages("U0HANEUL")[0].Channel)
	equal(t, "value", got.Actions[0]["value"], any("v"))
	equal(t, "block", got.Actions[0]["block_id"], any("mend"))
	status = http.StatusInternalServerError
	if s.Press(t.Context(), "U0HANEUL", ts, "pause") == nil {
		t.Error("a failing app is an error")
	}
	for _, bad := range [][3]string{{"U0NOBODY", ts, "pause"}, {"U0HANEUL", "1.0", "pause"}, {"U0HANEUL", ts, "none"}} {
		if s.Press(t.Context(), bad[0], bad[1], bad[2]) == nil {
			t.Errorf("pressed %v", bad)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/dm/U0HANEUL/press", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if r, err := send(t, req); err != nil || r.Status != http.StatusForbidden {
		t.Errorf("pressed from elsewhere: %d %v", r.Status, err)
	}
}
