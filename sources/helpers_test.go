package sources_test

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
)

const (
	readerID     = briefing.ReaderID("11111111-1111-4111-8111-111111111111")
	otherID      = briefing.ReaderID("22222222-2222-4222-8222-222222222222")
	haneul       = "haneul@gaon.example"
	clientID     = "achim-test.apps.example"
	clientSecret = "standin-client-secret"
)

func TestMain(m *testing.M) {
	if os.Getenv(childURL) != "" {
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}

// seoul is the readers' zone.
func seoul(t testing.TB) *time.Location {
	t.Helper()
	zone, err := briefing.LoadZone("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// monday is 23 November 2026, 09:00 in Seoul.
func monday() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) }

// clock is a time that tests move by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// memory is a store that keeps the contract of CredentialStore and ConsentStore in maps.
type memory struct {
	mu       sync.Mutex
	readers  map[briefing.ReaderID]briefing.Reader
	rows     map[briefing.ReaderID]briefing.Credential
	states   map[string]briefing.CredentialState
	wrote    map[briefing.ReaderID]briefing.Secret // the access token our own state speaks of
	consents map[string]briefing.Consent
	leases   map[string]lease
	testing  map[string]bool
	pending  map[string]briefing.Pending
	saves    int
	broken   error // what SaveRefreshed answers, when set
	blinks   int   // how often SaveRefreshed cannot reach anything
	garbled  error // what Credential answers, when set
	meddle   func(*memory)
}

type lease struct {
	owner string
	until time.Time
}

func newMemory(readers ...briefing.Reader) *memory {
	m := &memory{
		readers: map[briefing.ReaderID]briefing.Reader{}, rows: map[briefing.ReaderID]briefing.Credential{},
		states: map[string]briefing.CredentialState{}, wrote: map[briefing.ReaderID]briefing.Secret{},
		consents: map[string]briefing.Consent{}, pending: map[string]briefing.Pending{},
		leases: map[string]lease{}, testing: map[string]bool{},
	}
	for _, r := range readers {
		m.readers[r.ID] = r
	}
	return m
}

// put writes a row as another program would: nothing is known of it.
func (m *memory) put(c briefing.Credential) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.State = briefing.CredentialState{}
	m.rows[c.ReaderID] = c
}

// know sets the state of the reader's row, as if we had written it.
func (m *memory) know(reader briefing.ReaderID, state briefing.CredentialState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.rows[reader]
	m.states[briefing.Fingerprint(row.RefreshToken)] = state
	m.wrote[reader] = row.AccessToken
}

func (m *memory) row(reader briefing.ReaderID) briefing.Credential {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load(reader)
}

func (m *memory) load(reader briefing.ReaderID) briefing.Credential {
	row := m.rows[reader]
	// Copies, as a database gives them: whoever compares addresses is found out.
	row.AccessToken, row.RefreshToken = briefing.NewSecret(row.AccessToken.Reveal()), briefing.NewSecret(row.RefreshToken.Reveal())
	row.State = m.states[briefing.Fingerprint(row.RefreshToken)]
	if !m.wrote[reader].Equal(row.AccessToken) {
		row.State.Expiry = time.Time{}
	}
	return row
}

func (m *memory) Credential(_ context.Context, reader briefing.ReaderID) (briefing.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.garbled != nil {
		return briefing.Credential{}, m.garbled
	}
	if _, ok := m.rows[reader]; !ok {
		return briefing.Credential{}, briefing.ErrNotFound
	}
	return m.load(reader), nil
}

func (m *memory) SaveRefreshed(_ context.Context, read, fresh briefing.Credential) (briefing.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.meddle != nil {
		m.meddle(m)
		m.meddle = nil
	}
	if m.blinks > 0 {
		m.blinks--
		return briefing.Credential{}, &briefing.Error{Op: "save", Reason: briefing.Unavailable}
	}
	if m.broken != nil {
		return briefing.Credential{}, m.broken
	}
	m.saves++
	row, found := m.rows[read.ReaderID]
	if !found {
		return briefing.Credential{}, briefing.ErrNotFound
	}
	if !row.RefreshToken.Equal(read.RefreshToken) {
		return m.load(read.ReaderID), nil // theirs wins
	}
	delete(m.leases, briefing.Fingerprint(row.RefreshToken))
	row.AccessToken = fresh.AccessToken
	for _, scope := range fresh.Scopes {
		if !slices.Contains(row.Scopes, scope) {
			row.Scopes = append(slices.Clone(row.Scopes), scope)
		}
	}
	if !fresh.RefreshToken.IsZero() {
		row.RefreshToken = fresh.RefreshToken
	}
	m.rows[read.ReaderID] = row
	m.states[briefing.Fingerprint(row.RefreshToken)] = fresh.State
	m.wrote[read.ReaderID] = row.AccessToken
	return m.load(read.ReaderID), nil
}

func (m *memory) LeaseRefresh(_ context.Context, c briefing.Credential, owner string, now, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := briefing.Fingerprint(c.RefreshToken)
	if held, ok := m.leases[key]; ok && held.until.After(now) {
		return false, nil
	}
	m.leases[key] = lease{owner, until}
	return true, nil
}

func (m *memory) ReleaseRefresh(_ context.Context, c briefing.Credential, owner string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key := briefing.Fingerprint(c.RefreshToken); m.leases[key].owner == owner {
		delete(m.leases, key)
	}
	return nil
}

func (m *memory) SuspectTesting(_ context.Context, clientID string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.testing[clientID] = true
	return nil
}

func (m *memory) ClearTesting(_ context.Context, clientID string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.testing, clientID)
	return nil
}

func (m *memory) TestingSuspected(_ context.Context, clientID string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.testing[clientID], nil
}

func (m *memory) SaveConsented(_ context.Context, c briefing.Credential) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.readers[c.ReaderID]; !ok {
		return briefing.ErrNotFound
	}
	m.saves++
	if c.RefreshToken.IsZero() {
		c.RefreshToken = m.rows[c.ReaderID].RefreshToken
	} else {
		m.states[briefing.Fingerprint(c.RefreshToken)] = c.State
		m.wrote[c.ReaderID] = c.AccessToken
	}
	c.State = briefing.CredentialState{}
	m.rows[c.ReaderID] = c
	return nil
}

func (m *memory) SaveCredentialState(_ context.Context, c briefing.Credential) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.RefreshToken.IsZero() {
		return errors.New("state without a refresh token")
	}
	m.states[briefing.Fingerprint(c.RefreshToken)] = c.State
	if !c.State.Expiry.IsZero() {
		m.wrote[c.ReaderID] = c.AccessToken
	}
	return nil
}

func (m *memory) SaveConsent(_ context.Context, c briefing.Consent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.consents[c.StateHash] = c
	return nil
}

func (m *memory) TakeConsent(_ context.Context, hash string, now time.Time) (briefing.Consent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.consents[hash]
	if !ok {
		return briefing.Consent{}, briefing.ErrNotFound
	}
	taken := c
	if taken.UsedAt.IsZero() {
		taken.UsedAt = now
	}
	m.consents[hash] = taken
	return c, nil
}

func (m *memory) SavePending(_ context.Context, p briefing.Pending) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending[p.TicketHash] = p
	return nil
}

func (m *memory) FindPending(_ context.Context, hash string) (briefing.Pending, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pending[hash]
	if !ok {
		return briefing.Pending{}, briefing.ErrNotFound
	}
	return p, nil
}

func (m *memory) ConfirmPending(ctx context.Context, hash string, c briefing.Credential, now time.Time) error {
	if _, err := m.Reader(ctx, string(c.ReaderID)); err != nil {
		return err
	}
	if p, err := m.TakePending(ctx, hash, now); err != nil || !p.UsedAt.IsZero() || !now.Before(p.ExpiresAt) {
		return errors.Join(briefing.ErrFenced, err)
	}
	return m.SaveConsented(ctx, c)
}

func (m *memory) TakePending(_ context.Context, hash string, now time.Time) (briefing.Pending, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pending[hash]
	if !ok {
		return briefing.Pending{}, briefing.ErrNotFound
	}
	if p.UsedAt.IsZero() {
		used := p
		used.UsedAt, used.Grant.AccessToken, used.Grant.RefreshToken = now, briefing.Secret{}, briefing.Secret{}
		m.pending[hash] = used
	}
	return p, nil
}

func (m *memory) TakeUnconfirmed(ctx context.Context, now time.Time, limit int) ([]briefing.Pending, error) {
	var taken []briefing.Pending
	for hash, p := range m.pending {
		if len(taken) < limit && p.UsedAt.IsZero() && !now.Before(p.ExpiresAt) {
			late, err := m.TakePending(ctx, hash, now)
			if err != nil {
				return nil, err
			}
			taken = append(taken, late)
		}
	}
	return taken, nil
}

func (m *memory) AccountFree(_ context.Context, email, subject string, _ time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.rows {
		switch {
		case row.Subject != "" && subject != "":
			if row.Subject == subject {
				return false, nil
			}
		case row.Email == "" || briefing.SameAddress(row.Email, email):
			return false, nil
		}
	}
	return true, nil
}

func (m *memory) Reader(_ context.Context, ref string) (briefing.Reader, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.readers[briefing.ReaderID(ref)]
	if !ok {
		return briefing.Reader{}, briefing.ErrNotFound
	}
	return r, nil
}

func (m *memory) CredentialsOf(ctx context.Context, reader briefing.ReaderID) ([]briefing.Credential, error) {
	c, err := m.Credential(ctx, reader)
	if errors.Is(err, briefing.ErrNotFound) {
		return nil, err
	}
	return []briefing.Credential{c}, err
}

func (m *memory) DeleteCredential(_ context.Context, reader briefing.ReaderID) ([]briefing.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.rows[reader]; !ok {
		return nil, briefing.ErrNotFound
	}
	gone := m.load(reader)
	delete(m.rows, reader)
	if m.garbled != nil {
		gone = briefing.Credential{}
	}
	return []briefing.Credential{gone}, nil
}

func (m *memory) NameAccount(_ context.Context, read briefing.Credential, email, subject string) (briefing.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, ok := m.rows[read.ReaderID]
	if !ok {
		return briefing.Credential{}, briefing.ErrNotFound
	}
	row.Email, row.Subject = email, subject
	m.rows[read.ReaderID] = row
	return m.load(read.ReaderID), nil
}

func (m *memory) AccountInUse(_ context.Context, email, subject string, except briefing.ReaderID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, row := range m.rows {
		same := row.Email == "" || email == "" || strings.EqualFold(row.Email, email)
		if row.Subject != "" && subject != "" {
			same = row.Subject == subject
		}
		if id != except && same {
			return true, nil
		}
	}
	return false, nil
}

// house is a stand-in Google, a store and the real client between them.
type house struct {
	clock  *clock
	google *standin.Google
	ends   standin.Endpoints
	store  *memory
	client *sources.Google
	reader briefing.Reader
	zone   *time.Location
}

// build starts a house with one account; options change the client's configuration.
func build(t testing.TB, account standin.Account, options ...func(*sources.GoogleConfig)) *house {
	t.Helper()
	h := &house{clock: &clock{now: monday()}, zone: seoul(t)}
	h.google = standin.NewGoogle(clientID, clientSecret)
	h.google.Now = h.clock.Now
	if account.Email == "" {
		account.Email = haneul
	}
	h.google.AddAccount(account)
	server, err := standin.Serve(h.google, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	h.ends = h.google.Endpoints(server.URL)
	h.reader = briefing.Reader{ID: readerID, Name: "haneul", SlackUserID: "U0HANEUL", Email: account.Email}
	h.store = newMemory(h.reader)
	cfg := sources.GoogleConfig{
		ClientID: clientID, ClientSecret: briefing.NewSecret(clientSecret), RedirectURL: "http://localhost:8001/api/gmail/callback",
		AuthURL: h.ends.AuthURL, TokenURL: h.ends.TokenURL, RevokeURL: h.ends.RevokeURL, UserinfoURL: h.ends.UserinfoURL,
		GmailURL: h.ends.GmailURL, CalendarURL: h.ends.CalendarURL, Now: h.clock.Now,
	}
	for _, option := range options {
		option(&cfg)
	}
	h.client = sources.NewGoogle(cfg, h.store)
	t.Cleanup(func() { _ = h.client.Close() })
	return h
}

// connect stores a grant whose access token is known to be good for an hour.
func (h *house) connect(scopes ...string) standin.Token {
	token := h.connectUnknown(scopes...)
	h.store.know(readerID, briefing.CredentialState{Expiry: token.Expiry})
	return token
}

// connectUnknown stores a grant as another program would have written it.
func (h *house) connectUnknown(scopes ...string) standin.Token {
	token := h.google.Grant(h.reader.Email, scopes...)
	h.store.put(briefing.Credential{
		ReaderID: readerID, AccessToken: briefing.NewSecret(token.AccessToken), RefreshToken: briefing.NewSecret(token.RefreshToken),
		ClientID: clientID, ClientSecret: briefing.NewSecret(clientSecret), Scopes: token.Scopes, Email: h.reader.Email,
	})
	return token
}

// request asks for the last 24 hours, as of the house's clock.
func (h *house) request() briefing.Request {
	now := h.clock.Now()
	return briefing.Request{
		Reader: h.reader, Date: briefing.DateOf(now, h.zone), Zone: h.zone, Language: briefing.Korean,
		Window: briefing.Window{From: now.Add(-24 * time.Hour), To: now}, Now: now,
	}
}

func (h *house) source(t testing.TB, name briefing.SourceName) briefing.Source {
	t.Helper()
	for _, source := range sources.Catalog(sources.Config{Google: h.client}) {
		if source.Name() == name {
			return source
		}
	}
	t.Fatalf("no source %s in the catalog", name)
	return nil
}

func (h *house) fetch(t testing.TB, name briefing.SourceName) (briefing.Section, error) {
	t.Helper()
	return h.source(t, name).Fetch(t.Context(), h.request())
}

// must fetches and fails the test on an error.
func (h *house) must(t testing.TB, name briefing.SourceName) briefing.Section {
	t.Helper()
	section, err := h.fetch(t, name)
	if err != nil {
		t.Fatalf("fetch %s: %v", name, err)
	}
	return section
}

// calls checks the number of requests Google got.
func (h *house) calls(t testing.TB, want map[string]int) {
	t.Helper()
	for _, op := range slices.Sorted(maps.Keys(want)) {
		if got := h.google.Calls(op); got != want[op] {
			t.Errorf("%s: %d calls, want %d", op, got, want[op])
		}
	}
}

// wantReason checks the reason of an error.
func wantReason(t testing.TB, err error, want briefing.Reason) briefing.Error {
	t.Helper()
	fault, ok := errors.AsType[*briefing.Error](err)
	if !ok {
		t.Fatalf("error %v (%T), want a *briefing.Error with reason %s", err, err, want)
	}
	if fault.Reason != want {
		t.Errorf("reason %s (%v), want %s", fault.Reason, err, want)
	}
	return *fault
}

func query(t testing.TB, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
