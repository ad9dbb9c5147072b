package delivery_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/delivery"
	"achim/delivery/deliverytest"
	"achim/internal/standin"
)

const token = "xoxb-not-a-real-token-0123456789"

// workspace is a stand-in Slack with one user, and a deliverer to it.
func workspace(t *testing.T) (*standin.Slack, *standin.Server, *delivery.Slack) {
	t.Helper()
	s := standin.NewSlack(token)
	s.AddUser("U0HANEUL01", "haneul", "Haneul Yun")
	server, err := standin.Serve(s, "")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		_ = server.Close()
	})
	return s, server, delivery.NewSlack(delivery.SlackConfig{
		Token: briefing.NewSecret(token), URL: server.URL, Client: client,
	})
}

func TestSlackConforms(t *testing.T) {
	deliverytest.Run(t, func(t *testing.T) deliverytest.Rig {
		s, _, d := workspace(t)
		return deliverytest.Rig{
			Deliverer: d, Secret: briefing.NewSecret(token),
			Reader:   briefing.Reader{SlackUserID: "U0HANEUL01"},
			Stranger: briefing.Reader{SlackUserID: "U0NOBODY01"},
			Delete:   s.Delete,
			Cause:    func(trouble deliverytest.Trouble) { cause(s, trouble) },
			Messages: func() []deliverytest.Message {
				var out []deliverytest.Message
				for _, m := range s.Messages("U0HANEUL01") {
					out = append(out, deliverytest.Message{TS: m.TS, ThreadTS: m.ThreadTS, Text: m.Text, Blocks: m.Blocks != nil})
				}
				return out
			},
		}
	})
}

func cause(s *standin.Slack, trouble deliverytest.Trouble) {
	fault := standin.Fault{Op: "chat.postMessage", Times: 1}
	switch trouble {
	case deliverytest.LostBefore:
		fault.Cut = "before"
	case deliverytest.LostAfter:
		fault.Cut = "after"
	case deliverytest.ServerError:
		fault.Status = http.StatusServiceUnavailable
	case deliverytest.Limited:
		fault.Status, fault.Header = http.StatusTooManyRequests, map[string]string{"Retry-After": "7"}
	case deliverytest.Slow:
		fault.Delay = time.Minute
	case deliverytest.Refused:
		fault.Body = `{"ok":false,"error":"invalid_blocks"}`
	case deliverytest.NoHistory:
		fault.Op, fault.Body = "conversations.history", `{"ok":false,"error":"internal_error"}`
	}
	s.Inject(fault)
}

// TestSlackErrors holds every row of the error table over real HTTP, for a post and for an update. An
// update may be made twice, so nothing about it is ambiguous.
func TestSlackErrors(t *testing.T) {
	type row struct {
		reason briefing.Reason
		update briefing.Reason // "" = the same
		codes  string
	}
	rows := []row{
		{briefing.ClientMisconfigured, "", "invalid_auth not_authed account_inactive token_revoked token_expired org_login_required " +
			"team_access_not_granted ekm_access_denied access_denied two_factor_setup_required missing_scope no_permission " +
			"messages_tab_disabled restricted_action restricted_action_read_only_channel not_allowed_token_type accesslimited"},
		{briefing.RecipientUnreachable, "", "channel_not_found user_not_found user_disabled user_not_visible cannot_dm_bot is_archived not_in_channel"},
		{briefing.PayloadRefused, "", "no_text invalid_blocks invalid_blocks_format msg_too_long msg_blocks_too_long metadata_too_large " +
			"invalid_metadata_format invalid_metadata_schema metadata_must_be_sent_from_app too_many_attachments markdown_text_conflict"},
		{briefing.RateLimited, "", "ratelimited rate_limited message_limit_exceeded"},
		{briefing.Ambiguous, briefing.Unavailable, "fatal_error internal_error request_timeout service_unavailable a_code_of_tomorrow"},
		{briefing.Unavailable, "", "team_added_to_org"},
		{briefing.MessageGone, "", "message_not_found edit_window_closed cant_update_message"},
	}
	for _, r := range rows {
		for code := range strings.FieldsSeq(r.codes) {
			t.Run(code, func(t *testing.T) {
				t.Parallel()
				body := fmt.Sprintf(`{"ok":false,"error":%q,"needed":"im:write","response_metadata":{"messages":["[ERROR] too long [json-pointer:/blocks/3/text]"]}}`, code)
				update := r.update
				if update == "" {
					update = r.reason
				}
				post, edit := answers(t, standin.Fault{Body: body})
				checkReason(t, post, r.reason, code, "/blocks/3/text", "im:write")
				checkReason(t, edit, update, code)
				if r.reason == briefing.RateLimited && briefing.RetryAfter(post) != time.Minute {
					t.Errorf("RetryAfter = %v, want a minute where Slack does not say", briefing.RetryAfter(post))
				}
			})
		}
	}
}

// TestSlackAnswers is the same for what is no error code.
func TestSlackAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  standin.Fault
		post   briefing.Reason
		update briefing.Reason
	}{
		{"429 with Retry-After", standin.Fault{Status: 429, Header: map[string]string{"Retry-After": "30"}}, briefing.RateLimited, briefing.RateLimited},
		{"429 without", standin.Fault{Status: 429}, briefing.RateLimited, briefing.RateLimited},
		{"429 with nonsense", standin.Fault{Status: 429, Header: map[string]string{"Retry-After": "soon"}}, briefing.RateLimited, briefing.RateLimited},
		{"500", standin.Fault{Status: 500}, briefing.Ambiguous, briefing.Unavailable},
		{"502", standin.Fault{Status: 502}, briefing.Ambiguous, briefing.Unavailable},
		{"503", standin.Fault{Status: 503}, briefing.Ambiguous, briefing.Unavailable},
		{"504", standin.Fault{Status: 504, Body: "<html>gateway timeout</html>", ContentType: "text/html"}, briefing.Ambiguous, briefing.Unavailable},
		{"408", standin.Fault{Status: 408, Body: "late"}, briefing.Ambiguous, briefing.Unavailable},
		{"404 of something else", standin.Fault{Status: 404, Body: "not here"}, briefing.Malformed, briefing.Malformed},
		{"a redirect is not followed", standin.Fault{Status: 307, Body: "x", Header: map[string]string{"Location": "/elsewhere"}}, briefing.Malformed, briefing.Malformed},
		{"ok false without an error", standin.Fault{Body: `{"ok":false}`}, briefing.Ambiguous, briefing.Malformed},
		{"ok without a ts", standin.Fault{Body: `{"ok":true}`}, briefing.Ambiguous, briefing.Malformed},
		{"cut off in the middle", standin.Fault{Body: `{"ok":true,"channel":"D0`}, briefing.Ambiguous, briefing.Malformed},
		{"a list", standin.Fault{Body: `[]`}, briefing.Ambiguous, briefing.Malformed},
		{"null", standin.Fault{Body: `null`}, briefing.Ambiguous, briefing.Malformed},
		{"empty", standin.Fault{Body: " "}, briefing.Ambiguous, briefing.Malformed},
		{"HTML", standin.Fault{Body: "<html>maintenance</html>", ContentType: "text/html"}, briefing.Ambiguous, briefing.Malformed},
		{"cut before", standin.Fault{Cut: "before"}, briefing.Ambiguous, briefing.Unavailable},
		{"cut after", standin.Fault{Cut: "after"}, briefing.Ambiguous, briefing.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			post, edit := answers(t, c.fault)
			checkReason(t, post, c.post)
			checkReason(t, edit, c.update)
			if c.fault.Header["Retry-After"] == "30" && briefing.RetryAfter(post) != 30*time.Second {
				t.Errorf("RetryAfter = %v", briefing.RetryAfter(post))
			}
		})
	}
}

// answers posts and updates once each against the fault, and counts that neither was tried twice.
func answers(t *testing.T, fault standin.Fault) (post, edit error) {
	t.Helper()
	s, _, d := workspace(t)
	channel, err := d.Open(t.Context(), briefing.Reader{SlackUserID: "U0HANEUL01"})
	if err != nil {
		t.Fatal(err)
	}
	p := briefing.Post{ChannelID: channel, Entry: "e1", Message: briefing.Message{Text: "words"}}
	ts, err := d.Post(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	s.ResetCalls()
	fault.Op = "*"
	s.Inject(fault)
	_, post = d.Post(t.Context(), p)
	edit = d.Update(t.Context(), ts, p)
	if n := s.Calls("*"); n != 2 {
		t.Errorf("%d requests for a post and an update: something is retried", n)
	}
	return post, edit
}

func checkReason(t *testing.T, err error, want briefing.Reason, parts ...string) {
	t.Helper()
	var e *briefing.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Errorf("error is %v, want reason %s", err, want)
		return
	}
	if strings.Contains(err.Error(), token) || strings.Contains(fmt.Sprintf("%+v", err), token) {
		t.Errorf("the token is told: %v", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not told: %v", part, err)
		}
	}
}

// TestNothingWritten: where no connection comes about, a post has definitely not happened.
func TestNothingWritten(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + l.Addr().String()
	_ = l.Close()
	for name, c := range map[string]struct {
		url  string
		want briefing.Reason
	}{
		"refused": {refusing, briefing.Unavailable},
		"no host": {"http://slack.invalid", briefing.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			d := delivery.NewSlack(delivery.SlackConfig{Token: briefing.NewSecret(token), URL: c.url})
			_, err := d.Post(t.Context(), briefing.Post{ChannelID: "D1", Message: briefing.Message{Text: "x"}})
			checkReason(t, err, c.want)
			_, err = d.Find(t.Context(), "D1", "e1", time.Now())
			checkReason(t, err, c.want)
			_, _, err = d.Check(t.Context())
			checkReason(t, err, c.want)
		})
	}
}

// TestFrozenBeforeWriting: the deadline passes while the connection is being made, as it does when the
// machine sleeps. The timer of the context may not have fired, yet nothing may be written.
func TestFrozenBeforeWriting(t *testing.T) {
	s, server, _ := workspace(t)
	start := time.Now()
	var asleep atomic.Int64
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			asleep.Store(int64(time.Hour))
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, address)
		},
	}}
	defer client.CloseIdleConnections()
	d := delivery.NewSlack(delivery.SlackConfig{
		Token: briefing.NewSecret(token), URL: server.URL, Client: client,
		Now: func() time.Time { return start.Add(time.Duration(asleep.Load())) },
	})
	_, err := d.Post(t.Context(), briefing.Post{
		ChannelID: "U0HANEUL01", Deadline: start.Add(10 * time.Second), Message: briefing.Message{Text: "too late"},
	})
	checkReason(t, err, briefing.Timeout)
	if n := len(s.Messages("U0HANEUL01")); n != 0 {
		t.Errorf("%d messages were posted past the deadline", n)
	}
}

// TestWire pins what goes over the wire: nothing is left to Slack's defaults.
func TestWire(t *testing.T) {
	s, _, d := workspace(t)
	m := delivery.NewRenderer(house()).Render(briefing.Briefing{
		ID: "entry0001", Date: briefing.Date{Year: 2026, Month: 11, Day: 20}, Zone: "Asia/Seoul",
		Language: briefing.Korean, Status: briefing.Degraded,
	})
	ts, err := d.Post(t.Context(), briefing.Post{ChannelID: "U0HANEUL01", Entry: "entry0001", Message: m})
	if err != nil {
		t.Fatal(err)
	}
	sent := s.Messages("U0HANEUL01")[0]
	got := map[string]string{}
	for _, name := range []string{"unfurl_links", "unfurl_media", "parse", "link_names", "text"} {
		got[name] = sent.Params.Get(name)
	}
	want := map[string]string{
		"unfurl_links": "false", "unfurl_media": "false", "parse": "none", "link_names": "false", "text": m.Text,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	var meta struct {
		EventType    string            `json:"event_type"`
		EventPayload map[string]string `json:"event_payload"`
	}
	if err := json.Unmarshal(sent.Metadata, &meta); err != nil {
		t.Fatal(err)
	}
	payload := map[string]string{"entry_id": "entry0001", "date": "2026-11-20", "status": "degraded"}
	if diff := cmp.Diff(payload, meta.EventPayload); diff != "" || meta.EventType != "daily_briefing" {
		t.Errorf("metadata %s (-want +got):\n%s", meta.EventType, diff)
	}
	m.Status, m.Blocks = briefing.Complete, nil
	channel, err := d.Open(t.Context(), briefing.Reader{SlackUserID: "U0HANEUL01"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Update(t.Context(), ts, briefing.Post{ChannelID: channel, Entry: "entry0001", Message: m}); err != nil {
		t.Fatal(err)
	}
	if sent = s.Messages("U0HANEUL01")[0]; !strings.Contains(string(sent.Metadata), "complete") || sent.Blocks != nil {
		t.Errorf("after an update with text alone: metadata %s, blocks %s", sent.Metadata, sent.Blocks)
	}
}

func TestCheck(t *testing.T) {
	s, _, d := workspace(t)
	bot, team, err := d.Check(t.Context())
	if err != nil || bot != "achim" || team == "" {
		t.Errorf("Check = %q, %q, %v", bot, team, err)
	}
	s.Inject(standin.Fault{Op: "auth.test", Body: `{"ok":false,"error":"token_revoked"}`})
	_, _, err = d.Check(t.Context())
	checkReason(t, err, briefing.ClientMisconfigured, "token_revoked")
}

// TestHistoryThatCannotTell: what is not read to its end is no "not posted".
func TestHistoryThatCannotTell(t *testing.T) {
	for name, body := range map[string]string{
		"no error given":          `{"ok":false}`,
		"more, but no cursor":     `{"ok":true,"messages":[],"has_more":true}`,
		"the same cursor forever": `{"ok":true,"messages":[],"has_more":true,"response_metadata":{"next_cursor":"again"}}`,
		"HTML":                    `<html>`,
		"missing_scope":           `{"ok":false,"error":"missing_scope","needed":"im:history"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, _, d := workspace(t)
			s.Inject(standin.Fault{Op: "conversations.history", Body: body})
			if found, err := d.Find(t.Context(), "D0HANEUL01", "e1", time.Now()); err == nil {
				t.Errorf("Find = %q and no error", found)
			}
		})
	}
}

func TestVerifySignature(t *testing.T) {
	secret := briefing.NewSecret("not-a-signing-secret")
	body := []byte("payload=%7B%7D")
	sign := func(at time.Time, key string) http.Header {
		stamp := strconv.FormatInt(at.Unix(), 10)
		mac := hmac.New(sha256.New, []byte(key))
		_, _ = io.WriteString(mac, "v0:"+stamp+":"+string(body))
		return http.Header{
			"X-Slack-Request-Timestamp": {stamp},
			"X-Slack-Signature":         {"v0=" + hex.EncodeToString(mac.Sum(nil))},
		}
	}
	if err := delivery.VerifySignature(secret, sign(time.Now(), secret.Reveal()), body); err != nil {
		t.Errorf("a good signature: %v", err)
	}
	for name, err := range map[string]error{
		"another key": delivery.VerifySignature(secret, sign(time.Now(), "another"), body),
		"too old":     delivery.VerifySignature(secret, sign(time.Now().Add(-6*time.Minute), secret.Reveal()), body),
		"other body":  delivery.VerifySignature(secret, sign(time.Now(), secret.Reveal()), []byte("payload=1")),
		"no headers":  delivery.VerifySignature(secret, http.Header{}, body),
		"no secret":   delivery.VerifySignature(briefing.Secret{}, sign(time.Now(), ""), body),
	} {
		if err == nil || strings.Contains(err.Error(), secret.Reveal()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRedirectKeepsTheToken: a redirect must not carry the form, and with it the token, elsewhere.
func TestRedirectKeepsTheToken(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer elsewhere.Close()
	s, _, d := workspace(t)
	s.Inject(standin.Fault{Op: "*", Status: 307, Body: "x", Header: map[string]string{"Location": elsewhere.URL}})
	_, err := d.Post(t.Context(), briefing.Post{ChannelID: "U0HANEUL01", Message: briefing.Message{Text: "x"}})
	checkReason(t, err, briefing.Malformed)
	if reached.Load() {
		t.Error("the redirect was followed")
	}
}
