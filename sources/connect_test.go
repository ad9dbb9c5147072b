package sources_test

import (
	"context"
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

// begin returns Google's consent page for the reader.
func (h *house) begin(t *testing.T, req briefing.ConnectRequest) string {
	t.Helper()
	req.Reader = readerID
	address, err := h.client.Begin(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// consent goes through the stand-in's page and returns what its redirect brings.
func (h *house) consent(t *testing.T, address string, choice standin.Choice) briefing.ConnectAnswer {
	t.Helper()
	back, err := h.google.Consent(t.Context(), address, choice)
	if err != nil {
		t.Fatal(err)
	}
	q := query(t, back)
	return briefing.ConnectAnswer{State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error")}
}

func wantFault(t *testing.T, err error, want briefing.ConnectFault) briefing.ConnectError {
	t.Helper()
	fault, ok := errors.AsType[*briefing.ConnectError](err)
	if !ok || fault.Fault != want {
		t.Fatalf("error %v, want fault %s", err, want)
	}
	return *fault
}

func TestConnect(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(1), Calendars: []standin.Calendar{{Selected: true}, {ID: "x@group.example", Selected: true}}})
	address := h.begin(t, briefing.ConnectRequest{})
	q := query(t, address)
	for name, want := range map[string]string{
		"access_type": "offline", "include_granted_scopes": "true", "code_challenge_method": "S256", "prompt": "consent",
		"login_hint": haneul, "client_id": clientID, "response_type": "code", "redirect_uri": "http://localhost:8001/api/gmail/callback",
		"scope": strings.Join(sources.DefaultScopes(), " "),
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for hash := range h.store.consents {
		if strings.Contains(hash, q.Get("state")) || len(q.Get("state")) < 43 {
			t.Errorf("state %q stored as %q", q.Get("state"), hash)
		}
	}
	got, err := h.client.Finish(t.Context(), h.consent(t, address, standin.Choice{}))
	if err != nil {
		t.Fatal(err)
	}
	want := briefing.Connection{Reader: h.reader, Email: haneul, MailOK: true, Calendars: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	row := h.store.row(readerID)
	if row.Subject == "" || row.RefreshToken.IsZero() || row.ClientID != clientID || row.ClientSecret.Reveal() != clientSecret ||
		!row.State.Expiry.Equal(h.clock.Now().Add(3599*time.Second)) {
		t.Errorf("stored %+v", row)
	}
	h.calls(t, map[string]int{"token": 1, "gmail.messages.list": 1, "calendar.calendarList.list": 1, "userinfo": 0})
}

func TestConnectPrompt(t *testing.T) {
	prompt := func(t *testing.T, h *house, req briefing.ConnectRequest) string {
		t.Helper()
		return query(t, h.begin(t, req)).Get("prompt")
	}
	h := build(t, standin.Account{})
	token := h.connect()
	if got := prompt(t, h, briefing.ConnectRequest{}); got != "" {
		t.Errorf("a working grant: prompt %q, want none", got)
	}
	if got := prompt(t, h, briefing.ConnectRequest{SwitchAccount: true}); got != "select_account consent" {
		t.Errorf("another account: prompt %q", got)
	}
	h.store.know(readerID, briefing.CredentialState{Expiry: token.Expiry, EndsAt: h.clock.Now().Add(24 * time.Hour)})
	if got := prompt(t, h, briefing.ConnectRequest{}); got != "consent" {
		t.Errorf("a renewal: prompt %q", got)
	}
	h.store.know(readerID, briefing.CredentialState{DeadSince: h.clock.Now()})
	if got := prompt(t, h, briefing.ConnectRequest{}); got != "consent" {
		t.Errorf("a dead grant: prompt %q", got)
	}
	h.connect("openid", "email", "gmail.readonly")
	if got := prompt(t, h, briefing.ConnectRequest{}); got != "consent" {
		t.Errorf("scopes to grow: prompt %q", got)
	}
	h.connect("openid", "email", "gmail.modify", "calendar")
	address := h.begin(t, briefing.ConnectRequest{})
	if got := query(t, address).Get("prompt"); got != "" {
		t.Errorf("wider scopes: prompt %q, want none", got)
	}
	if scopes := query(t, address).Get("scope"); !strings.Contains(scopes, "/gmail.modify") || !strings.Contains(scopes, "/gmail.readonly") {
		t.Errorf("asked for %q: other programs lose theirs", scopes)
	}
}

func TestConnectFaults(t *testing.T) {
	h := build(t, standin.Account{})
	finish := func(answer briefing.ConnectAnswer) error {
		_, err := h.client.Finish(t.Context(), answer)
		return err
	}
	wantFault(t, finish(briefing.ConnectAnswer{Code: "x"}), briefing.ConnectStateUnknown)
	wantFault(t, finish(briefing.ConnectAnswer{State: "forged", Error: "access_denied"}), briefing.ConnectStateUnknown)

	answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{Deny: true})
	if fault := wantFault(t, finish(answer), briefing.ConnectDenied); fault.Reader.ID != readerID {
		t.Errorf("reader %+v", fault.Reader)
	}
	wantFault(t, finish(answer), briefing.ConnectStateUsed)

	answer = h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	h.clock.Advance(10 * time.Minute)
	wantFault(t, finish(answer), briefing.ConnectStateExpired)

	h.google.Revoke(haneul) // what was granted before would be included
	answer = h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{Untick: []string{"gmail.readonly", "calendar.readonly"}})
	wantFault(t, finish(answer), briefing.ConnectNothing)

	answer = h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	answer.Code = "4/0-made-up"
	wantReason(t, wantFault(t, finish(answer), briefing.ConnectCode).Err, briefing.ReauthRequired)

	answer = h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	h.google.Inject(standin.Fault{Op: "token", Times: 1, Status: http.StatusServiceUnavailable})
	wantReason(t, wantFault(t, finish(answer), briefing.ConnectUnreachable).Err, briefing.Unavailable)

	answer = h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	delete(h.store.readers, readerID)
	wantFault(t, finish(answer), briefing.ConnectReaderGone)
	if _, err := h.client.Begin(t.Context(), briefing.ConnectRequest{Reader: readerID}); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("begin for nobody: %v", err)
	}
	if h.store.saves != 0 {
		t.Errorf("%d grants were stored by consents that failed", h.store.saves)
	}
}

func TestConnectWrongAccount(t *testing.T) {
	h := build(t, standin.Account{})
	h.google.AddAccount(standin.Account{Email: "other@gaon.example"})
	h.connect()
	before := h.store.row(readerID)
	answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{Email: "other@gaon.example"})
	_, err := h.client.Finish(t.Context(), answer)
	if fault := wantFault(t, err, briefing.ConnectWrongAccount); fault.Expected != haneul || fault.Chosen != "other@gaon.example" {
		t.Errorf("fault %+v", fault)
	}
	if diff := cmp.Diff(before, h.store.row(readerID), cmp.AllowUnexported(briefing.Secret{})); diff != "" {
		t.Error("stored:", diff)
	}
	address := h.begin(t, briefing.ConnectRequest{SwitchAccount: true})
	if hint := query(t, address).Get("login_hint"); hint != "" {
		t.Errorf("login_hint %q leads back to the old account", hint)
	}
	got, err := h.client.Finish(t.Context(), h.consent(t, address, standin.Choice{Email: "other@gaon.example"}))
	if err != nil || got.Email != "other@gaon.example" {
		t.Errorf("switch: %+v, %v", got, err)
	}
}

func TestConnectWithoutANewRefreshToken(t *testing.T) {
	h := build(t, standin.Account{})
	kept := h.connect()
	if _, err := h.client.Finish(t.Context(), h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})); err != nil {
		t.Fatal(err)
	}
	row := h.store.row(readerID)
	if row.RefreshToken.Reveal() != kept.RefreshToken || row.AccessToken.Reveal() == kept.AccessToken {
		t.Error("the stored refresh token was not kept beside the new access token")
	}
}

func TestConnectPartOfTheScopes(t *testing.T) {
	h := build(t, standin.Account{})
	h.google.RefreshTokenExpiresIn = 7 * 24 * time.Hour
	got, err := h.client.Finish(t.Context(), h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{Untick: []string{"calendar.readonly"}}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]briefing.SourceName{briefing.Calendar}, got.Missing); diff != "" || !got.MailOK || got.Calendars != 0 {
		t.Errorf("connection %+v %s", got, diff)
	}
	if ends := h.store.row(readerID).State.EndsAt; !ends.Equal(h.clock.Now().Add(7 * 24 * time.Hour)) {
		t.Errorf("ends at %v", ends)
	}
	_, err = h.fetch(t, briefing.Calendar)
	wantReason(t, err, briefing.ScopeMissing)
}

func TestConnectProbesWhatItClaims(t *testing.T) {
	h := build(t, standin.Account{})
	answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	h.google.DisableAPI("gmail")
	got, err := h.client.Finish(t.Context(), answer)
	if err != nil || got.MailOK || got.Calendars != 1 {
		t.Errorf("connection %+v, %v", got, err)
	}
}

func TestBeginWithoutAClient(t *testing.T) {
	h := build(t, standin.Account{}, func(cfg *sources.GoogleConfig) { cfg.ClientID = "" })
	_, err := h.client.Begin(context.WithoutCancel(t.Context()), briefing.ConnectRequest{Reader: readerID})
	wantReason(t, err, briefing.ClientMisconfigured)
}
