package sources_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
	"achim/store"
	"achim/store/storetest"
)

// fleet is several processes' worth of keepers on one database: a store and a client each.
type fleet struct {
	*house
	url     string
	stores  []*store.Store
	keepers []*sources.Google
}

// launch puts haneul's grant, just expired, into a database and n keepers on it.
func launch(t *testing.T, d storetest.Dialect, n int, options ...func(*sources.GoogleConfig)) *fleet {
	t.Helper()
	f := &fleet{url: storetest.URL(t, d)}
	var cfg sources.GoogleConfig
	f.house = build(t, standin.Account{}, append(options, func(c *sources.GoogleConfig) { cfg = *c })...)
	for range n {
		s := storetest.OpenURL(t, f.url, store.Options{Now: f.clock.Now})
		client := sources.NewGoogle(cfg, s)
		t.Cleanup(func() { _ = client.Close() })
		f.stores, f.keepers = append(f.stores, s), append(f.keepers, client)
	}
	if _, err := f.stores[0].SaveReader(t.Context(), f.reader); err != nil {
		t.Fatal(err)
	}
	f.grant(t)
	f.clock.Advance(2 * time.Hour)
	return f
}

// grant stores a grant as a consent does.
func (f *fleet) grant(t *testing.T) briefing.Credential {
	t.Helper()
	token := f.google.Grant(f.reader.Email)
	c := briefing.Credential{
		ReaderID: readerID, AccessToken: briefing.NewSecret(token.AccessToken), RefreshToken: briefing.NewSecret(token.RefreshToken),
		ClientID: clientID, ClientSecret: briefing.NewSecret(clientSecret), Scopes: token.Scopes, Email: f.reader.Email,
		State: briefing.CredentialState{Expiry: token.Expiry, GrantedAt: f.clock.Now(), CheckedAt: f.clock.Now()},
	}
	if err := f.stores[0].SaveGrant(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fleet) stored(t *testing.T) briefing.Credential {
	t.Helper()
	c, err := f.stores[0].Credential(t.Context(), readerID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// onEach runs the test on both databases.
func onEach(t *testing.T, test func(t *testing.T, d storetest.Dialect)) {
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// all calls every keeper many times at once and returns the errors.
func (f *fleet) all(ctx context.Context, calls int) []error {
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	for _, keeper := range f.keepers {
		for range calls {
			wg.Go(func() {
				_, err := keeper.Refresh(ctx, readerID)
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
		}
	}
	wg.Wait()
	return errs
}

func TestOneRefreshForEightProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 8)
		f.google.Inject(standin.Fault{Op: "token", Delay: 100 * time.Millisecond})
		for _, err := range f.all(t.Context(), 50) {
			if err != nil {
				t.Error(err)
			}
		}
		f.calls(t, map[string]int{"token": 1})
		if state := f.stored(t).State; !state.Expiry.Equal(f.clock.Now().Add(3599 * time.Second)) {
			t.Errorf("stored %+v", state)
		}
	})
}

// TestOutageIsAskedAboutOnce: whoever waits for a refresh that fails takes that for an answer, and nothing dies of it.
func TestOutageIsAskedAboutOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 8)
		f.google.Inject(standin.Fault{Op: "token", Status: http.StatusServiceUnavailable, Delay: time.Second})
		for _, err := range f.all(t.Context(), 50) {
			if fault := wantReason(t, err, briefing.Unavailable); !fault.Since.Equal(f.clock.Now()) {
				t.Errorf("since %v", fault.Since)
			}
		}
		f.calls(t, map[string]int{"token": 1})
		if state := f.stored(t).State; !state.DeadSince.IsZero() || state.LastError != briefing.Unavailable || state.Detail != "HTTP 503 internal_failure" {
			t.Errorf("state %+v", state)
		}
		f.google.Clear()
		for _, err := range f.all(t.Context(), 1) {
			if err != nil {
				t.Error(err)
			}
		}
		f.calls(t, map[string]int{"token": 2})
	})
}

// TestRefusedClientIsSharedAsSuch: that the client is to blame is known to those who waited, too.
func TestRefusedClientIsSharedAsSuch(t *testing.T) {
	f := launch(t, storetest.SQLite, 4)
	f.google.RemoveClient(clientID)
	f.google.Inject(standin.Fault{Op: "token", Delay: 500 * time.Millisecond})
	for _, err := range f.all(t.Context(), 1) {
		wantReason(t, err, briefing.ClientMisconfigured)
		if !errors.Is(err, briefing.ErrClientRefused) {
			t.Errorf("%v does not say whose fault it is", err)
		}
	}
	f.calls(t, map[string]int{"token": 1})
}

// TestSlowTokenEndpoint: the second process waits for what the first one is about to be told.
func TestSlowTokenEndpoint(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 2)
		f.google.Inject(standin.Fault{Op: "token", Delay: 2 * time.Second})
		for _, err := range f.all(t.Context(), 2) {
			if err != nil {
				t.Error(err)
			}
		}
		f.calls(t, map[string]int{"token": 1})
	})
}

// TestTokenEndpointTimesOut: that says nothing about the grant.
func TestTokenEndpointTimesOut(t *testing.T) {
	f := launch(t, storetest.SQLite, 1, func(c *sources.GoogleConfig) {
		c.Transport = transport(func(*http.Request) (*http.Response, error) { return nil, os.ErrDeadlineExceeded })
	})
	_, err := f.keepers[0].Refresh(t.Context(), readerID)
	wantReason(t, err, briefing.Timeout)
	if state := f.stored(t).State; !state.DeadSince.IsZero() || state.LastError != briefing.Timeout || state.Detail != "" {
		t.Errorf("state %+v", state)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestDeadHolder: a process died with the lease. It ends by itself, and the next one refreshes.
func TestDeadHolder(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 1)
		now := f.clock.Now()
		held, err := f.stores[0].LeaseRefresh(t.Context(), f.stored(t), "dead", now, now.Add(17*time.Second))
		if err != nil || !held {
			t.Fatal(held, err)
		}
		done := make(chan error)
		go func() { done <- f.all(t.Context(), 1)[0] }()
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(200 * time.Millisecond):
		}
		f.calls(t, map[string]int{"token": 0})
		f.clock.Advance(17 * time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
		f.calls(t, map[string]int{"token": 1})
	})
}

// TestTwoReadersWithOneGrant: a row copied for somebody else has the same refresh token, and an access token of its own.
// One waits for the other, and both end well.
func TestTwoReadersWithOneGrant(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 2)
		shared := f.stored(t)
		shared.ReaderID = otherID
		if err := f.stores[0].SaveGrant(t.Context(), shared); err != nil {
			t.Fatal(err)
		}
		f.google.Inject(standin.Fault{Op: "token", Delay: 50 * time.Millisecond})
		var wg sync.WaitGroup
		for _, keeper := range f.keepers {
			for _, id := range []briefing.ReaderID{readerID, otherID} {
				wg.Go(func() {
					if report, err := keeper.Refresh(t.Context(), id); err != nil || report.AccessToken.IsZero() {
						t.Errorf("%s: %v", id, err)
					}
				})
			}
		}
		wg.Wait()
		if n := f.google.Calls("token"); n < 2 || n > 4 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// TestWaitingIsBounded: whoever has the lease and never ends must not hold up everybody for ever.
func TestWaitingIsBounded(t *testing.T) {
	f := launch(t, storetest.SQLite, 1)
	now := f.clock.Now()
	if _, err := f.stores[0].LeaseRefresh(t.Context(), f.stored(t), "stuck", now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := f.keepers[0].Refresh(ctx, readerID)
	wantReason(t, err, briefing.Timeout)
	f.clock.Advance(time.Hour) // so that the flight lands
	if _, err := f.keepers[0].Refresh(t.Context(), readerID); err != nil {
		t.Error(err)
	}
}

// What the children of this test binary are told by.
const (
	childURL   = "ACHIM_TEST_CHILD_DATABASE"
	childToken = "ACHIM_TEST_CHILD_TOKEN_URL"
	childNow   = "ACHIM_TEST_CHILD_NOW"
	childDies  = "ACHIM_TEST_CHILD_DIES"
	deathCode  = 9
)

// child is a process of its own: it opens the database, says so, waits for its input to end, and asks for the reader's
// token fifty times at once.
func child() int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	now, err := time.Parse(time.RFC3339Nano, os.Getenv(childNow))
	if err != nil {
		return fail(err)
	}
	clock := func() time.Time { return now }
	ctx := context.Background()
	s, err := store.Open(ctx, os.Getenv(childURL), store.Options{Now: clock})
	if err != nil {
		return fail(err)
	}
	defer func() { _ = s.Close() }()
	var kept sources.GoogleStore = s
	if os.Getenv(childDies) != "" {
		kept = mortal{s}
	}
	client := sources.NewGoogle(sources.GoogleConfig{ClientID: clientID, ClientSecret: briefing.NewSecret(clientSecret),
		TokenURL: os.Getenv(childToken), Now: clock}, kept)
	defer func() { _ = client.Close() }()
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return fail(err)
	}
	errs := make([]error, 50)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = client.Refresh(ctx, readerID) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fail(err)
	}
	return 0
}

// mortal is a store whose process dies when it is to save what Google answered.
type mortal struct{ *store.Store }

func (mortal) SaveRefreshed(context.Context, briefing.Credential, briefing.Credential) (briefing.Credential, error) {
	die := os.Exit
	die(deathCode)
	return briefing.Credential{}, nil
}

// spawn starts n children and lets them go at once; it returns how each ended.
func (f *fleet) spawn(t *testing.T, n int, env ...string) []error {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	children, goes := make([]*exec.Cmd, n), make([]io.Closer, n)
	words := make([]strings.Builder, n)
	for i := range children {
		c := exec.CommandContext(ctx, self)
		c.Env = append(os.Environ(), append(env, childURL+"="+f.url, childToken+"="+f.ends.TokenURL, childNow+"="+f.clock.Now().Format(time.RFC3339Nano))...)
		c.Stderr = &words[i]
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if goes[i], err = c.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Fatalf("child says %q: %v", line, err)
		}
		children[i] = c
	}
	for _, g := range goes {
		_ = g.Close()
	}
	errs := make([]error, n)
	for i, c := range children {
		if errs[i] = c.Wait(); errs[i] != nil {
			errs[i] = fmt.Errorf("%w: %s", errs[i], words[i].String())
		}
	}
	return errs
}

func TestOneRefreshForEightRealProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 1)
		f.google.Inject(standin.Fault{Op: "token", Delay: 100 * time.Millisecond})
		for _, err := range f.spawn(t, 8) {
			if err != nil {
				t.Error(err)
			}
		}
		f.calls(t, map[string]int{"token": 1})
	})
}

// TestDiesBetweenAnswerAndSave: what Google answered is lost with the process; the next one asks again and nothing is
// broken.
func TestDiesBetweenAnswerAndSave(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		f := launch(t, d, 1)
		before := f.stored(t)
		err := f.spawn(t, 1, childDies+"=1")[0]
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != deathCode {
			t.Fatalf("the child ended with %v", err)
		}
		f.calls(t, map[string]int{"token": 1})
		if now := f.stored(t); !now.AccessToken.Equal(before.AccessToken) || !now.RefreshToken.Equal(before.RefreshToken) {
			t.Error("the row has changed")
		}
		f.clock.Advance(time.Minute) // the lease of the dead is over
		if _, err := f.keepers[0].Refresh(t.Context(), readerID); err != nil {
			t.Error(err)
		}
		f.calls(t, map[string]int{"token": 2})
		if now := f.stored(t); now.AccessToken.Equal(before.AccessToken) || !now.State.DeadSince.IsZero() {
			t.Errorf("after the second refresh: %+v", now.State)
		}
	})
}
