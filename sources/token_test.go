package sources_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

// both fetches Gmail and Calendar at once, as a briefing does.
func (h *house) both(t *testing.T) (mail, diary error) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() { _, mail = h.fetch(t, briefing.Gmail) })
	wg.Go(func() { _, diary = h.fetch(t, briefing.Calendar) })
	wg.Wait()
	return mail, diary
}

func TestFreshTokenNeedsNoRefresh(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	if mail, diary := h.both(t); mail != nil || diary != nil {
		t.Fatal(mail, diary)
	}
	h.calls(t, map[string]int{"token": 0})
}

func TestFiveMinuteRule(t *testing.T) {
	for name, c := range map[string]struct {
		left time.Duration
		want int
	}{"six minutes left": {6 * time.Minute, 0}, "four minutes left": {4 * time.Minute, 1}, "expired": {-time.Minute, 1}} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{})
			token := h.connect()
			h.clock.Advance(token.Expiry.Sub(h.clock.Now()) - c.left)
			h.must(t, briefing.Gmail)
			h.calls(t, map[string]int{"token": c.want})
		})
	}
}

func TestTwoSourcesShareOneRefresh(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	h.google.Inject(standin.Fault{Op: "token", Delay: 50 * time.Millisecond})
	if mail, diary := h.both(t); mail != nil || diary != nil {
		t.Fatal(mail, diary)
	}
	h.calls(t, map[string]int{"token": 1})
	row := h.store.row(readerID)
	if want := h.clock.Now().Add(3599 * time.Second); !row.State.Expiry.Equal(want) {
		t.Errorf("stored expiry %v, want %v", row.State.Expiry, want)
	}
}

func TestUnauthorizedRefreshesAndRetriesOnce(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.google.ExpireAccess(haneul)
	// Neither is refused before both have asked: else the slower one might find the other's new token.
	var asked sync.WaitGroup
	asked.Add(2)
	for _, op := range []string{"gmail.messages.list", "calendar.calendarList.list"} {
		h.google.Inject(standin.Fault{Op: op, Times: 1, Status: http.StatusUnauthorized, Match: func(*http.Request) bool {
			asked.Done()
			asked.Wait()
			return true
		}})
	}
	if mail, diary := h.both(t); mail != nil || diary != nil {
		t.Fatal(mail, diary)
	}
	h.calls(t, map[string]int{"token": 1, "gmail.messages.list": 2, "calendar.calendarList.list": 2})
}

func TestUnknownExpiryIsUsedOnceThenRefreshed(t *testing.T) {
	h := build(t, standin.Account{})
	h.connectUnknown()
	h.must(t, briefing.Gmail)
	h.calls(t, map[string]int{"token": 0, "gmail.messages.list": 1})

	h.google.ExpireAccess(haneul)
	h.must(t, briefing.Gmail)
	h.calls(t, map[string]int{"token": 1, "gmail.messages.list": 3})
	if h.store.row(readerID).State.Expiry.IsZero() {
		t.Error("the expiry of the refreshed token is not known")
	}
}

func TestUnauthorizedTwiceKeepsTheGrant(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Status: http.StatusUnauthorized})
	_, err := h.fetch(t, briefing.Gmail)
	wantReason(t, err, briefing.Unavailable)
	h.calls(t, map[string]int{"token": 1, "gmail.messages.list": 2})
	if row := h.store.row(readerID); !row.State.DeadSince.IsZero() {
		t.Error("a second 401 marked the grant dead")
	}
}

func TestParallelReadsShareTheRenewal(t *testing.T) {
	h := build(t, standin.Account{Mail: someMail(12)})
	token := h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.get", Status: http.StatusUnauthorized, Match: func(r *http.Request) bool {
		return r.Header.Get("Authorization") == "Bearer "+token.AccessToken
	}})
	section := h.must(t, briefing.Gmail)
	if section.Total() != 12 {
		t.Errorf("read %d mails, want 12", section.Total())
	}
	h.calls(t, map[string]int{"token": 1})
	if calls := h.google.Calls("gmail.messages.get"); calls > 12+4 {
		t.Errorf("%d calls for 12 mails, four at a time", calls)
	}
}

func TestDeadGrant(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.google.Revoke(haneul)
	first := h.clock.Now()
	mail, diary := h.both(t)
	if fault := wantReason(t, mail, briefing.ReauthRequired); !fault.Since.Equal(first) {
		t.Errorf("since %v, want %v", fault.Since, first)
	}
	wantReason(t, diary, briefing.ReauthRequired)
	h.calls(t, map[string]int{"token": 1})

	h.clock.Advance(24 * time.Hour)
	_, err := h.fetch(t, briefing.Gmail)
	if fault := wantReason(t, err, briefing.ReauthRequired); !fault.Since.Equal(first) {
		t.Errorf("since %v a day later, want the first confirmation %v", fault.Since, first)
	}
	h.calls(t, map[string]int{"token": 1}) // Google is not asked again
	if row := h.store.row(readerID); row.State.LastError != briefing.ReauthRequired || row.RefreshToken.IsZero() {
		t.Errorf("stored %+v", row.State)
	}

	h.connectUnknown() // another program stores a new grant: it starts clean
	h.must(t, briefing.Gmail)
}

func TestFailingRefreshIsRememberedAndForgotten(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	failed := h.clock.Now()
	h.google.Inject(standin.Fault{Op: "token", Status: http.StatusServiceUnavailable})
	for range 2 {
		_, err := h.fetch(t, briefing.Gmail)
		if fault := wantReason(t, err, briefing.Unavailable); !fault.Since.Equal(failed) {
			t.Errorf("since %v, want %v", fault.Since, failed)
		}
		h.clock.Advance(time.Hour)
	}
	if state := h.store.row(readerID).State; !state.DeadSince.IsZero() || !state.FailingSince.Equal(failed) || state.LastError != briefing.Unavailable {
		t.Errorf("state %+v", state)
	}
	h.google.Clear()
	h.must(t, briefing.Gmail)
	if state := h.store.row(readerID).State; !state.FailingSince.IsZero() || state.LastError != "" {
		t.Errorf("state after a good refresh %+v", state)
	}
}

func TestRefreshIsSavedBeforeUse(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	h.store.broken = errors.New("disk full")
	_, err := h.fetch(t, briefing.Gmail)
	wantReason(t, err, briefing.Internal)
	h.calls(t, map[string]int{"token": 1, "gmail.messages.list": 0})
}

func TestForgottenWhileRefreshing(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	h.store.broken = briefing.ErrNotFound
	if _, err := h.fetch(t, briefing.Gmail); !errors.Is(err, briefing.ErrNotConnected) {
		t.Errorf("a grant that was forgotten meanwhile: %v", err)
	}
}

func TestRowThatCannotBeRead(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.store.garbled = &briefing.Error{Op: "parse row", Reason: briefing.Malformed}
	_, err := h.fetch(t, briefing.Gmail)
	wantReason(t, err, briefing.Malformed)
	// Connecting again mends it, and disconnecting forgets it.
	if got := query(t, h.begin(t, briefing.ConnectRequest{})).Get("prompt"); got != "consent" {
		t.Errorf("prompt %q", got)
	}
	if became, err := h.client.Disconnect(t.Context(), readerID); err != nil || became != briefing.RevocationNothing {
		t.Errorf("disconnect: %s, %v", became, err)
	}
	h.calls(t, map[string]int{"revoke": 0})
}

func TestOutsidersGrantWins(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	theirs := h.google.Grant(haneul)
	h.store.meddle = func(m *memory) {
		row := m.rows[readerID]
		row.RefreshToken, row.AccessToken = briefing.NewSecret(theirs.RefreshToken), briefing.NewSecret(theirs.AccessToken)
		m.rows[readerID] = row
	}
	h.must(t, briefing.Gmail)
	row := h.store.row(readerID)
	if row.RefreshToken.Reveal() != theirs.RefreshToken || row.AccessToken.Reveal() != theirs.AccessToken {
		t.Error("their grant was overwritten")
	}
	if row.State != (briefing.CredentialState{}) {
		t.Errorf("their grant has state %+v", row.State)
	}
}

func TestOutsidersGrantGetsItsTurnWhenOursIsDead(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.google.Revoke(haneul)
	theirs := h.google.Grant(haneul)
	h.google.Inject(standin.Fault{Op: "token", Match: func(*http.Request) bool {
		h.store.put(briefing.Credential{
			ReaderID: readerID, AccessToken: briefing.NewSecret(theirs.AccessToken), RefreshToken: briefing.NewSecret(theirs.RefreshToken), Email: haneul,
		})
		return false // the row changes while Google is being asked about the old one
	}})
	h.must(t, briefing.Gmail)
	h.calls(t, map[string]int{"token": 1})
	if !h.store.row(readerID).State.DeadSince.IsZero() {
		t.Error("their grant is marked dead for ours")
	}
}

func TestNoRefreshToken(t *testing.T) {
	h := build(t, standin.Account{})
	token := h.google.Grant(haneul)
	h.store.put(briefing.Credential{ReaderID: readerID, AccessToken: briefing.NewSecret(token.AccessToken), Email: haneul})
	h.must(t, briefing.Gmail) // the access token still works
	h.google.ExpireAccess(haneul)
	_, err := h.fetch(t, briefing.Gmail)
	wantReason(t, err, briefing.ReauthRequired)
	h.calls(t, map[string]int{"token": 0})
}

func TestNotConnected(t *testing.T) {
	h := build(t, standin.Account{})
	for _, name := range []briefing.SourceName{briefing.Gmail, briefing.Calendar} {
		if _, err := h.fetch(t, name); !errors.Is(err, briefing.ErrNotConnected) {
			t.Errorf("%s: %v, want not connected", name, err)
		}
	}
	h.calls(t, map[string]int{"*": 0})
}

func TestRowOfAnotherClient(t *testing.T) {
	h := build(t, standin.Account{}, func(cfg *sources.GoogleConfig) { cfg.ClientID = "new-client" })
	h.connect() // a row of clientID, which is not the configured client any more
	h.clock.Advance(2 * time.Hour)
	h.must(t, briefing.Gmail)

	t.Run("the environment's secret wins for its own client", func(t *testing.T) {
		h := build(t, standin.Account{})
		h.connect()
		row := h.store.row(readerID)
		row.ClientSecret = briefing.NewSecret("an-old-secret")
		h.store.put(row)
		h.google.ExpireAccess(haneul)
		h.must(t, briefing.Gmail)
	})
}

func TestRefreshSurvivesACallerThatLeaves(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	h.google.Inject(standin.Fault{Op: "token", Delay: 200 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := h.source(t, briefing.Gmail).Fetch(ctx, h.request())
	wantReason(t, err, briefing.Timeout)
	if took := time.Since(started); took > 150*time.Millisecond {
		t.Errorf("the caller waited %v for a refresh its budget had no room for", took)
	}
	h.must(t, briefing.Gmail) // joins the refresh under way
	h.calls(t, map[string]int{"token": 1})
}

func TestRefreshHook(t *testing.T) {
	var mu sync.Mutex
	var seen []briefing.Reason
	h := build(t, standin.Account{}, func(cfg *sources.GoogleConfig) {
		cfg.OnRefresh = func(err error) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, briefing.ReasonOf(err))
		}
	})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	h.google.Inject(standin.Fault{Op: "token", Times: 1, Status: http.StatusServiceUnavailable})
	_, _ = h.fetch(t, briefing.Gmail)
	h.must(t, briefing.Gmail)
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 2 || seen[0] != briefing.Unavailable || seen[1] != "" {
		t.Errorf("the hook saw %q", seen)
	}
}

func TestCredentials(t *testing.T) {
	h := build(t, standin.Account{})
	if _, err := h.client.Check(t.Context(), readerID); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("check without a grant: %v", err)
	}
	if _, err := h.client.Refresh(t.Context(), readerID); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("refresh without a grant: %v", err)
	}
	token := h.connectUnknown("openid", "email", "gmail.modify")
	report, err := h.client.Check(t.Context(), readerID)
	if err != nil {
		t.Fatal(err)
	}
	if !report.HasAccessToken || !report.HasRefreshToken || !report.HasOAuthConfig || !report.Expiry.IsZero() || report.Email != haneul {
		t.Errorf("report %+v", report)
	}
	if len(report.MissingScopes) != 1 || !strings.HasSuffix(report.MissingScopes[0], "/calendar.readonly") {
		t.Errorf("missing scopes %q, want the calendar's alone", report.MissingScopes)
	}
	h.calls(t, map[string]int{"*": 0})

	report, err = h.client.Refresh(t.Context(), readerID) // an unknown expiry is not good enough here
	if err != nil || !report.Refreshed || report.AccessToken.Reveal() == token.AccessToken || report.Expiry.IsZero() {
		t.Errorf("refresh: %+v, %v", report, err)
	}
	report, err = h.client.Refresh(t.Context(), readerID)
	if err != nil || report.Refreshed {
		t.Errorf("second refresh: %+v, %v", report, err)
	}
	h.google.Revoke(haneul)
	h.clock.Advance(time.Hour)
	_, err = h.client.Refresh(t.Context(), readerID)
	wantReason(t, err, briefing.ReauthRequired)
}
