package sources_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// TestExamineClient: only the client is judged, and what the token endpoint says of anything else is no fault of it.
func TestExamineClient(t *testing.T) {
	oauth := standin.OAuthError
	for name, c := range map[string]struct {
		fault  standin.Fault
		secret string
		want   briefing.Reason // "" = the client is taken
	}{
		"good":           {},
		"wrong secret":   {secret: "another", want: briefing.ClientMisconfigured},
		"deleted":        {fault: standin.Fault{Status: 401, Body: oauth("deleted_client", "The OAuth client was deleted.")}, want: briefing.ClientMisconfigured},
		"unauthorized":   {fault: standin.Fault{Status: 401, Body: oauth("unauthorized_client", "Unauthorized")}, want: briefing.ClientMisconfigured},
		"down":           {fault: standin.Fault{Status: 503}, want: briefing.Unavailable},
		"cut":            {fault: standin.Fault{Cut: "before"}, want: briefing.Unavailable},
		"too many":       {fault: standin.Fault{Status: 429}, want: briefing.RateLimited},
		"a page":         {fault: standin.Fault{Status: 200, Body: "<html>log in</html>"}, want: briefing.Malformed},
		"takes anything": {fault: standin.Fault{Status: 200, Body: `{"access_token":"x","token_type":"Bearer"}`}, want: briefing.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{}, func(cfg *sources.GoogleConfig) {
				if c.secret != "" {
					cfg.ClientSecret = briefing.NewSecret(c.secret)
				}
			})
			c.fault.Op = "token" // without more it changes nothing
			h.google.Inject(c.fault)
			exam := h.client.ExamineClient(t.Context())
			if got := briefing.ReasonOf(exam.Err); got != c.want {
				t.Errorf("%v, want %q", exam.Err, c.want)
			}
			if exam.Err != nil && strings.Contains(exam.Err.Error(), clientSecret) {
				t.Errorf("the secret is told: %v", exam.Err)
			}
			if c.want == "" && (!exam.Dated || exam.Ahead.Abs() > 2*time.Second) {
				t.Errorf("the clock is %s ahead, known %v", exam.Ahead, exam.Dated)
			}
		})
	}
}

// TestExamineClock: how far we are from the time Google's answer names.
func TestExamineClock(t *testing.T) {
	for date, want := range map[string]time.Duration{
		monday().Add(time.Hour).Format(http.TimeFormat): -time.Hour, monday().Add(-5 * time.Minute).Format(http.TimeFormat): 5 * time.Minute,
	} {
		h := build(t, standin.Account{})
		h.google.Inject(standin.Fault{Op: "token", Header: map[string]string{"Date": date}})
		exam := h.client.ExamineClient(t.Context())
		if !exam.Dated || (exam.Ahead-want).Abs() > 2*time.Second {
			t.Errorf("%s: %s ahead, known %v", date, exam.Ahead, exam.Dated)
		}
	}
	h := build(t, standin.Account{})
	h.google.Inject(standin.Fault{Op: "token", Header: map[string]string{"Date": "yesterday"}})
	if exam := h.client.ExamineClient(t.Context()); exam.Dated || exam.Err != nil {
		t.Errorf("%+v", exam)
	}
}

// TestExamineGrant: each part is judged by itself, and nothing is written, whatever comes of it.
func TestExamineGrant(t *testing.T) {
	const mail, list = "gmail.readonly", "calendar.readonly"
	for name, c := range map[string]struct {
		plant                  func(h *house)
		access, mail, calendar briefing.Reason
		missing                []string
	}{
		"good":          {plant: func(*house) {}},
		"expired":       {plant: func(h *house) { h.google.ExpireAccess(haneul) }},
		"revoked":       {plant: func(h *house) { h.google.Revoke(haneul) }, access: briefing.ReauthRequired},
		"endpoint down": {plant: func(h *house) { h.google.Inject(standin.Fault{Op: "token", Status: 503}) }, access: briefing.Unavailable},
		"known dead":    {plant: func(h *house) { h.store.know(readerID, briefing.CredentialState{DeadSince: monday()}) }, access: briefing.ReauthRequired},
		"no mail scope": {plant: func(h *house) { h.google.DropScope(haneul, mail) }, mail: briefing.ScopeMissing,
			missing: []string{"https://www.googleapis.com/auth/gmail.readonly"}},
		"no calendar scope": {plant: func(h *house) { h.google.DropScope(haneul, list) }, calendar: briefing.ScopeMissing,
			missing: []string{"https://www.googleapis.com/auth/calendar.readonly"}},
		"API off":        {plant: func(h *house) { h.google.DisableAPI("gmail") }, mail: briefing.APIDisabled},
		"calendar down":  {plant: func(h *house) { h.google.Inject(standin.Fault{Op: "calendar.events.list", Status: 500}) }, calendar: briefing.Unavailable},
		"401 of the API": {plant: func(h *house) { h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: 401}) }, mail: briefing.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{})
			h.connect()
			c.plant(h)
			before, saves := h.store.row(readerID), h.store.saves
			exam := h.client.ExamineGrant(t.Context(), readerID)
			for what, got := range map[string][2]briefing.Reason{"access": {briefing.ReasonOf(exam.Access), c.access},
				"mail": {briefing.ReasonOf(exam.Mail), c.mail}, "calendar": {briefing.ReasonOf(exam.Calendar), c.calendar}} {
				if got[0] != got[1] {
					t.Errorf("%s: %q, want %q", what, got[0], got[1])
				}
			}
			if diff := cmp.Diff(c.missing, exam.Missing); diff != "" {
				t.Errorf("missing: %s", diff)
			}
			if after := h.store.row(readerID); h.store.saves != saves || !after.AccessToken.Equal(before.AccessToken) || after.State != before.State {
				t.Errorf("something was written: %+v, then %+v", before.State, after.State)
			}
		})
	}
	h := build(t, standin.Account{})
	if exam := h.client.ExamineGrant(t.Context(), readerID); !errors.Is(exam.Access, briefing.ErrNotFound) {
		t.Errorf("without a grant: %+v", exam)
	}
}

// TestExamineGrantKeepsANewRefreshToken: nobody could ask for that one again, so it is stored, and nothing is lost.
func TestExamineGrantKeepsANewRefreshToken(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	other := h.google.Grant(haneul)
	h.google.Inject(standin.Fault{Op: "token", Body: `{"access_token":"` + other.AccessToken + `","refresh_token":"` + other.RefreshToken +
		`","expires_in":3599,"token_type":"Bearer","scope":"` + strings.Join(other.Scopes, " ") + `"}`})
	if exam := h.client.ExamineGrant(t.Context(), readerID); exam.Access != nil || exam.Mail != nil || exam.Calendar != nil {
		t.Errorf("%+v", exam)
	}
	if row := h.store.row(readerID); row.RefreshToken.Reveal() != other.RefreshToken {
		t.Error("the new refresh token is lost")
	}
}

// TestExamineFeed: what a feed is like, past the same guard as for a briefing.
func TestExamineFeed(t *testing.T) {
	p := newPress(t, nil)
	p.feeds.Set("/good.xml", standin.Feed{Title: "한빛통신", Items: []standin.FeedItem{{Title: "하나", URL: "https://news.example/1"}}})
	p.feeds.SetRaw("/page", "text/html", []byte("<!doctype html><title>x</title>"))
	for path, to := range map[string]int{"/moved": 301, "/away": 302} {
		p.feeds.Inject(standin.Fault{Op: path, Status: to, Header: map[string]string{"Location": "/good.xml"}})
	}
	for path, want := range map[string]sources.FeedExam{
		"/good.xml": {Stories: 1}, "/moved": {Stories: 1, Moved: "127.0.0.1"}, "/away": {Stories: 1}, "/none": {Status: 404}, "/page": {},
	} {
		exam := sources.ExamineFeed(t.Context(), sources.NewsConfig{AllowPrivate: true}, p.url+path+"?key=hunter2")
		if wantErr := path == "/none" || path == "/page"; (exam.Err != nil) != wantErr {
			t.Errorf("%s: %v", path, exam.Err)
		}
		if exam.Err != nil && strings.Contains(exam.Err.Error(), "hunter2") {
			t.Errorf("%s: the key is told: %v", path, exam.Err)
		}
		exam.Err = nil
		if exam != want {
			t.Errorf("%s: %+v, want %+v", path, exam, want)
		}
	}
	if exam := sources.ExamineFeed(t.Context(), sources.NewsConfig{}, p.url+"/good.xml"); !exam.Private || exam.Err == nil {
		t.Errorf("a private address: %+v", exam)
	}
	for address, want := range map[string]string{"https://news.example/rss?key=hunter2": "news.example", "http://127.0.0.1:8080/x": "127.0.0.1:8080", "::": "a feed without a host"} {
		if got := sources.FeedHost(address); got != want {
			t.Errorf("%s is called %s", address, got)
		}
	}
}
