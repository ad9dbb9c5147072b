package sources_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
	"achim/store"
	"achim/store/storetest"
)

// disconnects forgets the reader's grant and checks what became of it at Google.
func (h *house) disconnects(t *testing.T, reader briefing.ReaderID, want briefing.Revocation) {
	t.Helper()
	became, err := h.client.Disconnect(t.Context(), reader)
	if err != nil || became != want {
		t.Errorf("disconnect: %q, %v; want %q", became, err, want)
	}
	if _, err := h.client.Check(t.Context(), reader); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("after disconnecting: %v", err)
	}
}

// lives reports whether Google still takes the refresh token.
func (h *house) lives(t *testing.T, refreshToken briefing.Secret) bool {
	t.Helper()
	h.store.put(briefing.Credential{ReaderID: "33333333-3333-4333-8333-333333333333", RefreshToken: refreshToken, Email: "probe@gaon.example"})
	_, err := h.client.Refresh(t.Context(), "33333333-3333-4333-8333-333333333333")
	return err == nil
}

func TestDisconnectRevokesAndForgets(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	refresh := h.store.row(readerID).RefreshToken
	h.disconnects(t, readerID, briefing.RevocationDone)
	if _, err := h.client.Disconnect(t.Context(), readerID); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("second disconnect: %v", err)
	}
	h.calls(t, map[string]int{"revoke": 1})
	if h.lives(t, refresh) {
		t.Error("the grant lives on at Google")
	}
}

// TestDisconnectSparesWhoMightShare: revoking is project-wide, so it waits for the last row that is, or might be, of
// the account.
func TestDisconnectSparesWhoMightShare(t *testing.T) {
	for name, other := range map[string]briefing.Credential{
		"same address":     {Email: "HANEUL@gaon.example"},
		"same subject":     {Email: "renamed@gaon.example", Subject: "1001"},
		"subject alone":    {Subject: "1001"},
		"nothing is known": {},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, standin.Account{Subject: "1001"})
			h.connect()
			mine := h.store.row(readerID)
			if other.Subject != "" && other.Email != "" {
				mine.Subject = "1001"
				h.store.put(mine)
			}
			other.ReaderID, other.RefreshToken = otherID, mine.RefreshToken
			h.store.put(other)
			h.disconnects(t, readerID, briefing.RevocationShared)
			h.calls(t, map[string]int{"revoke": 0})
			h.disconnects(t, otherID, briefing.RevocationDone)
			if h.lives(t, mine.RefreshToken) {
				t.Error("the last one left the grant behind")
			}
		})
	}
}

// TestDisconnectSurvivesGoogle: however Google fails, the row goes, soon, and what was not revoked is said.
func TestDisconnectSurvivesGoogle(t *testing.T) {
	for name, tc := range map[string]struct {
		fault standin.Fault
		want  briefing.Revocation
	}{
		"503":           {standin.Fault{Status: http.StatusServiceUnavailable}, briefing.RevocationFailed},
		"429":           {standin.Fault{Status: http.StatusTooManyRequests}, briefing.RevocationFailed},
		"400":           {standin.Fault{Status: http.StatusBadRequest}, briefing.RevocationFailed},
		"HTML":          {standin.Fault{Status: http.StatusBadGateway, Body: "<html>", ContentType: "text/html"}, briefing.RevocationFailed},
		"cut before":    {standin.Fault{Cut: "before"}, briefing.RevocationFailed},
		"cut after":     {standin.Fault{Cut: "after"}, briefing.RevocationFailed},
		"slow":          {standin.Fault{Delay: time.Minute}, briefing.RevocationFailed},
		"endless":       {standin.Fault{Endless: true, Status: http.StatusBadRequest}, briefing.RevocationFailed},
		"unknown to it": {standin.Fault{Status: http.StatusBadRequest, Body: standin.OAuthError("invalid_token", "")}, briefing.RevocationNothing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, standin.Account{})
			h.connect()
			tc.fault.Op = "revoke"
			h.google.Inject(tc.fault)
			begun := time.Now()
			h.disconnects(t, readerID, tc.want)
			if took := time.Since(begun); took > 9*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestDisconnectedAtOnce: of several who disconnect one row one does; of two rows of one account, disconnected at
// once, the later one takes the access along.
func TestDisconnectedAtOnce(t *testing.T) {
	for range 20 {
		h := build(t, standin.Account{})
		h.connect()
		mine := h.store.row(readerID)
		other := mine
		other.ReaderID = otherID
		h.store.put(other)
		var wg sync.WaitGroup
		var mu sync.Mutex
		found, missed := 0, 0
		for n := range 6 {
			wg.Go(func() {
				_, err := h.client.Disconnect(t.Context(), []briefing.ReaderID{readerID, otherID}[n%2])
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					found++
				case errors.Is(err, briefing.ErrNotFound):
					missed++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if found != 2 || missed != 4 {
			t.Errorf("%d rows disconnected, %d times nothing there", found, missed)
		}
		if h.lives(t, mine.RefreshToken) {
			t.Error("nobody revoked the grant")
		}
	}
}

// TestConnectedWhileDisconnecting: a grant that comes in while Google is being asked goes along, row and access.
func TestConnectedWhileDisconnecting(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	asked := make(chan struct{})
	h.google.Inject(standin.Fault{Op: "revoke", Times: 1, Match: func(*http.Request) bool { close(asked); return true }, Delay: 200 * time.Millisecond})
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.disconnects(t, readerID, briefing.RevocationDone)
	}()
	<-asked
	h.google.AddAccount(standin.Account{Email: "second@gaon.example", Subject: "2002"})
	late := h.google.Grant("second@gaon.example")
	h.store.put(briefing.Credential{ReaderID: readerID, RefreshToken: briefing.NewSecret(late.RefreshToken), Email: "second@gaon.example"})
	<-done
	if h.lives(t, briefing.NewSecret(late.RefreshToken)) {
		t.Error("the grant that came in between lives on at Google, and nobody knows of it")
	}
}

// TestDisconnectEndsEveryRow: where other programs have left several rows of one person, of whatever accounts, none is
// forgotten without having been revoked, and what is reported is the worst that became of one.
func TestDisconnectEndsEveryRow(t *testing.T) {
	for name, c := range map[string]struct {
		fault  standin.Fault
		shared bool
		want   briefing.Revocation
		calls  int
	}{
		"both":                {want: briefing.RevocationDone, calls: 2},
		"Google is away once": {fault: standin.Fault{Op: "revoke", Times: 1, Status: http.StatusServiceUnavailable}, want: briefing.RevocationFailed, calls: 2},
		"one is shared":       {shared: true, want: briefing.RevocationShared, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			h, s := severalRows(t)
			for _, email := range []string{minji, haneul} {
				addRow(t, h, s, readerID, email)
			}
			if c.shared {
				addRow(t, h, s, otherID, minji)
			}
			if c.fault.Op != "" {
				h.google.Inject(c.fault)
				if _, err := h.client.DisconnectRevoked(t.Context(), readerID); !errors.Is(err, sources.ErrNotRevoked) {
					t.Fatalf("error %v", err)
				}
				h.google.Clear()
				h.google.Inject(c.fault)
				c.calls++
			}
			became, err := h.client.Disconnect(t.Context(), readerID)
			if err != nil || became != c.want || h.google.Calls("revoke") != c.calls {
				t.Errorf("%q after %d calls, %v; want %q after %d", became, h.google.Calls("revoke"), err, c.want, c.calls)
			}
			if rows := storetest.Rows(t, s, "SELECT user_id FROM gmail_token WHERE user_id = '"+string(readerID)+"'"); len(rows) != 0 {
				t.Errorf("%d rows are left", len(rows))
			}
		})
	}
}

// severalRows is a house with a table of other programs, in which a person may have several rows. On SQLite there is no
// such table.
func severalRows(t *testing.T) (*house, *store.Store) {
	t.Helper()
	var cfg sources.GoogleConfig
	h := stranger(t, func(c *sources.GoogleConfig) { cfg = *c })
	address := storetest.URL(t, storetest.Postgres)
	bare, err := store.Open(t.Context(), address, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, bare, "DROP TABLE IF EXISTS gmail_token")
	storetest.Exec(t, bare, "CREATE TABLE gmail_token (id BIGSERIAL, user_id TEXT, access_token TEXT, refresh_token TEXT, expires_at BIGINT, metadata TEXT)")
	if err := bare.Close(); err != nil {
		t.Fatal(err)
	}
	s := storetest.OpenURL(t, address, store.Options{Now: h.clock.Now})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.client = sources.NewGoogle(cfg, s)
	t.Cleanup(func() { _ = h.client.Close() })
	return h, s
}

// addRow adds a row as another program would.
func addRow(t *testing.T, h *house, s *store.Store, owner briefing.ReaderID, email string) {
	t.Helper()
	token := h.google.Grant(email)
	storetest.Exec(t, s, fmt.Sprintf(`INSERT INTO gmail_token (user_id, access_token, refresh_token, metadata) VALUES ('%s', '%s', '%s', '{"email":"%s"}')`,
		owner, token.AccessToken, token.RefreshToken, email))
}

// TestARefreshInFlightRevivesNothing: Google's answer arrives after the row has gone, and is not stored.
func TestARefreshInFlightRevivesNothing(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.clock.Advance(2 * time.Hour)
	h.store.meddle = func(m *memory) { delete(m.rows, readerID) }
	if _, err := h.client.Refresh(t.Context(), readerID); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("refresh of what has gone meanwhile: %v", err)
	}
	if _, err := h.client.Check(t.Context(), readerID); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("it came back: %v", err)
	}
}

func TestRefreshNowAsksAlways(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	for n, refresh := range []func(context.Context, briefing.ReaderID) (briefing.CredentialReport, error){h.client.Refresh, h.client.RefreshNow, h.client.RefreshNow} {
		report, err := refresh(t.Context(), readerID)
		if err != nil || report.Refreshed != (n > 0) {
			t.Errorf("try %d: refreshed %v, %v", n, report.Refreshed, err)
		}
	}
	h.calls(t, map[string]int{"token": 2})
	if _, err := h.client.RefreshNow(t.Context(), otherID); !errors.Is(err, briefing.ErrNotFound) {
		t.Errorf("without a grant: %v", err)
	}
}

func TestCheckTellsOfARowThatCannotBeRead(t *testing.T) {
	h := build(t, standin.Account{})
	h.store.garbled = &briefing.Error{Op: "parse row", Reason: briefing.Malformed}
	report, err := h.client.Check(t.Context(), readerID)
	if err != nil || report.LastError != briefing.Malformed || report.ReaderID != readerID || report.HasAccessToken {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestRefreshAfterAFailure: an access token with time left is not called valid while refreshing fails; what is right with
// the grant again shows at once.
func TestRefreshAfterAFailure(t *testing.T) {
	t.Parallel()
	h := build(t, standin.Account{})
	h.connect()
	if report, err := h.client.Refresh(t.Context(), readerID); err != nil || report.Refreshed {
		t.Fatalf("a good one: %v, %v", report.Refreshed, err)
	}
	h.google.Inject(standin.Fault{Op: "token", Status: http.StatusUnauthorized, Body: standin.OAuthError("invalid_client", "")})
	_, err := h.client.RefreshNow(t.Context(), readerID)
	wantReason(t, err, briefing.ClientMisconfigured)
	_, err = h.client.Refresh(t.Context(), readerID)
	wantReason(t, err, briefing.ClientMisconfigured)
	h.calls(t, map[string]int{"token": 2})
	h.google.Clear()
	if report, err := h.client.Refresh(t.Context(), readerID); err != nil || !report.Refreshed {
		t.Errorf("mended: %v, %v", report.Refreshed, err)
	}
}
