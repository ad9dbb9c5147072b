package sources_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

const minji = "minji@gaon.example"

// stranger is a house whose reader has no address, so that nobody knows whose account a consent should bring.
func stranger(t *testing.T, options ...func(*sources.GoogleConfig)) *house {
	t.Helper()
	h := build(t, standin.Account{Mail: someMail(1)}, options...)
	h.google.AddAccount(standin.Account{Email: minji})
	h.reader.Email = ""
	h.store.readers[readerID] = h.reader
	return h
}

// finish goes through a consent and returns what becomes of it.
func (h *house) finish(t *testing.T, req briefing.ConnectRequest, choice standin.Choice) (briefing.Connection, error) {
	t.Helper()
	return h.client.Finish(t.Context(), h.consent(t, h.begin(t, req), choice))
}

// asked goes through a consent that must end in a question.
func (h *house) asked(t *testing.T, req briefing.ConnectRequest, email string) briefing.Connection {
	t.Helper()
	c, err := h.finish(t, req, standin.Choice{Email: email})
	if err != nil || c.Ticket.IsZero() || c.Email != email || c.MailOK || c.Calendars != 0 {
		t.Fatalf("not asked: %+v, %v", c, err)
	}
	return c
}

func TestALinkAsksWhoseAccountItIs(t *testing.T) {
	h := stranger(t)
	c := h.asked(t, briefing.ConnectRequest{}, minji)
	if h.store.saves != 0 {
		t.Fatal("stored before anybody said yes")
	}
	for hash := range h.store.pending {
		if strings.Contains(hash, c.Ticket.Reveal()) || len(c.Ticket.Reveal()) < 43 {
			t.Error("the ticket can be read from the store, or guessed")
		}
	}
	_, err := h.client.Confirm(t.Context(), "forged")
	wantFault(t, err, briefing.ConnectStateUnknown)
	got, err := h.client.Confirm(t.Context(), c.Ticket.Reveal())
	if err != nil || !got.MailOK || got.Calendars != 1 || !got.Ticket.IsZero() {
		t.Fatalf("confirmed: %+v, %v", got, err)
	}
	row := h.store.row(readerID)
	if row.Email != minji || row.RefreshToken.IsZero() || row.ClientID != clientID || row.ClientSecret.IsZero() {
		t.Errorf("stored %+v", row)
	}
	_, err = h.client.Confirm(t.Context(), c.Ticket.Reveal())
	wantFault(t, err, briefing.ConnectStateUsed)
	wantFault(t, h.client.Decline(t.Context(), c.Ticket.Reveal()), briefing.ConnectStateUsed)
	if h.google.Calls("revoke") != 0 {
		t.Error("what was connected was revoked")
	}
}

func TestAProgramVouchesForWhoseAccountItIs(t *testing.T) {
	h := stranger(t)
	if c, err := h.finish(t, briefing.ConnectRequest{Vouched: true}, standin.Choice{Email: minji}); err != nil || !c.Ticket.IsZero() || h.store.row(readerID).Email != minji {
		t.Errorf("%+v, %v", c, err)
	}
	// But for nothing that is known to be another account.
	_, err := h.finish(t, briefing.ConnectRequest{Vouched: true}, standin.Choice{Email: haneul})
	wantFault(t, err, briefing.ConnectWrongAccount)
}

func TestNotConfirmed(t *testing.T) {
	h := stranger(t)
	revoked := func(fault briefing.ConnectError, want bool, calls int) {
		t.Helper()
		if fault.Revoked != want || h.google.Calls("revoke") != calls || h.store.saves != 0 {
			t.Errorf("revoked %v after %d calls, %d grants stored", fault.Revoked, h.google.Calls("revoke"), h.store.saves)
		}
	}
	declined := h.asked(t, briefing.ConnectRequest{}, minji)
	revoked(wantFault(t, h.client.Decline(t.Context(), declined.Ticket.Reveal()), briefing.ConnectDeclined), true, 1)

	late := h.asked(t, briefing.ConnectRequest{}, minji)
	h.clock.Advance(10 * time.Minute)
	_, err := h.client.Confirm(t.Context(), late.Ticket.Reveal())
	revoked(wantFault(t, err, briefing.ConnectUnconfirmed), true, 2)

	// Another reader has the account: revoking would end their grant too.
	h.store.put(briefing.Credential{ReaderID: otherID, Email: minji, RefreshToken: briefing.NewSecret("theirs")})
	shared := h.asked(t, briefing.ConnectRequest{}, minji)
	revoked(wantFault(t, h.client.Decline(t.Context(), shared.Ticket.Reveal()), briefing.ConnectDeclined), false, 2)

	gone := h.asked(t, briefing.ConnectRequest{}, haneul)
	delete(h.store.readers, readerID)
	_, err = h.client.Confirm(t.Context(), gone.Ticket.Reveal())
	revoked(wantFault(t, err, briefing.ConnectReaderGone), true, 3)
}

func TestUnconfirmedIsDropped(t *testing.T) {
	h := stranger(t)
	h.asked(t, briefing.ConnectRequest{}, minji)
	h.asked(t, briefing.ConnectRequest{}, haneul)
	for _, calls := range []int{0, 2, 2} {
		if err := h.client.DropUnconfirmed(t.Context()); err != nil || h.google.Calls("revoke") != calls {
			t.Errorf("%d revoked, want %d: %v", h.google.Calls("revoke"), calls, err)
		}
		h.clock.Advance(10 * time.Minute)
	}
}

func TestSwitchingAsks(t *testing.T) {
	h := stranger(t)
	h.store.readers[readerID] = briefing.Reader{ID: readerID, Name: "haneul", Email: haneul}
	h.connect()
	c := h.asked(t, briefing.ConnectRequest{SwitchAccount: true}, minji)
	if c.Replaces != h.store.row(readerID).Email {
		t.Errorf("replaces %q", c.Replaces)
	}
	// The same account with a link for another one: there is nothing to ask.
	if same, err := h.finish(t, briefing.ConnectRequest{SwitchAccount: true}, standin.Choice{Email: haneul}); err != nil || !same.Ticket.IsZero() {
		t.Errorf("%+v, %v", same, err)
	}
	if _, err := h.client.Confirm(t.Context(), c.Ticket.Reveal()); err != nil || h.store.row(readerID).Email != minji {
		t.Errorf("switched to %s: %v", h.store.row(readerID).Email, err)
	}
}

// A link for changing the account lives for its week and no longer, so every end it may come to is known as its own.
func TestFaultsKnowALinkForSwitching(t *testing.T) {
	h := stranger(t)
	answer := h.consent(t, h.begin(t, briefing.ConnectRequest{SwitchAccount: true}), standin.Choice{Deny: true})
	for _, want := range []briefing.ConnectFault{briefing.ConnectDenied, briefing.ConnectStateUsed} {
		_, err := h.client.Finish(t.Context(), answer)
		if fault := wantFault(t, err, want); !fault.Switch {
			t.Errorf("%s: not known", want)
		}
	}
	late := h.consent(t, h.begin(t, briefing.ConnectRequest{SwitchAccount: true}), standin.Choice{})
	h.clock.Advance(10 * time.Minute)
	_, err := h.client.Finish(t.Context(), late)
	if fault := wantFault(t, err, briefing.ConnectStateExpired); !fault.Switch {
		t.Error("late: not known")
	}
}

// Between the question and the yes the reader may have connected an account of their own.
func TestConfirmLooksAgain(t *testing.T) {
	h := stranger(t)
	c := h.asked(t, briefing.ConnectRequest{}, minji)
	h.reader.Email = haneul
	h.connect()
	_, err := h.client.Confirm(t.Context(), c.Ticket.Reveal())
	if fault := wantFault(t, err, briefing.ConnectWrongAccount); fault.First || fault.Expected != haneul || h.store.row(readerID).Email != haneul {
		t.Errorf("%+v; connected is %s", fault, h.store.row(readerID).Email)
	}
}

func TestTheReadersAddressIsExpected(t *testing.T) {
	h := stranger(t)
	for address, want := range map[string]briefing.ConnectFault{"Minji@GAON.example": "", haneul: briefing.ConnectWrongAccount} {
		h.store.readers[readerID] = briefing.Reader{ID: readerID, Name: "minji", Email: address}
		_, err := h.finish(t, briefing.ConnectRequest{}, standin.Choice{Email: minji})
		if want == "" && err != nil {
			t.Errorf("%s: %v", address, err)
		}
		delete(h.store.rows, readerID)
		if want != "" {
			fault := wantFault(t, err, want)
			if !fault.First || fault.Expected != address || fault.Chosen != minji || !fault.Revoked {
				t.Errorf("%+v", fault)
			}
		}
	}
}

// Whose refresh token a row holds that does not say so nobody knows: it must not live on under another name.
func TestAGrantOfNobodyKnowsWhomIsNotInherited(t *testing.T) {
	h := stranger(t)
	h.connect()
	row := h.store.row(readerID)
	row.Email, row.Subject = "", ""
	h.store.put(row)
	address := h.begin(t, briefing.ConnectRequest{Vouched: true})
	if got := query(t, address).Get("prompt"); got != "consent" {
		t.Errorf("prompt %q: without a consent there is no refresh token of their own", got)
	}
	if _, err := h.client.Finish(t.Context(), h.consent(t, address, standin.Choice{Email: minji})); err != nil || h.store.row(readerID).RefreshToken.Equal(row.RefreshToken) {
		t.Errorf("the earlier refresh token lives on: %v", err)
	}
}

func TestRedirectFaults(t *testing.T) {
	h := build(t, standin.Account{})
	for word, want := range map[string]briefing.ConnectFault{
		"access_denied": briefing.ConnectDenied, "admin_policy_enforced": briefing.ConnectPolicy, "org_internal": briefing.ConnectOutsider,
		"server_error": briefing.ConnectUnreachable, "temporarily_unavailable": briefing.ConnectUnreachable,
		"redirect_uri_mismatch": briefing.ConnectClient, "invalid_scope": briefing.ConnectClient, "deleted_client": briefing.ConnectClient,
		"disallowed_useragent": briefing.ConnectRefused, "<script>": briefing.ConnectRefused, strings.Repeat("x", 9999): briefing.ConnectRefused,
	} {
		state := query(t, h.begin(t, briefing.ConnectRequest{})).Get("state")
		_, err := h.client.Finish(t.Context(), briefing.ConnectAnswer{State: state, Error: word, Code: "4/0code"})
		if fault := wantFault(t, err, want); fault.Reader.ID != readerID || fault.Err != nil {
			t.Errorf("%.20s: %+v", word, fault)
		}
	}
	state := query(t, h.begin(t, briefing.ConnectRequest{})).Get("state")
	_, err := h.client.Finish(t.Context(), briefing.ConnectAnswer{State: state})
	wantFault(t, err, briefing.ConnectStateUnknown)
	if h.google.Calls("token") != 0 || h.store.saves != 0 {
		t.Error("asked for tokens, or stored some")
	}
}

func TestExchangeFaults(t *testing.T) {
	h := build(t, standin.Account{})
	for status, want := range map[int]briefing.ConnectFault{401: briefing.ConnectClient, 429: briefing.ConnectUnreachable, 503: briefing.ConnectUnreachable} {
		answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
		h.google.Inject(standin.Fault{Op: "token", Times: 1, Status: status})
		_, err := h.client.Finish(t.Context(), answer)
		wantFault(t, err, want)
	}
	// A code that was exchanged before, behind a state of its own.
	spent := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	if _, err := h.client.Finish(t.Context(), spent); err != nil {
		t.Fatal(err)
	}
	saves := h.store.saves
	state := query(t, h.begin(t, briefing.ConnectRequest{})).Get("state")
	_, err := h.client.Finish(t.Context(), briefing.ConnectAnswer{State: state, Code: spent.Code})
	wantFault(t, err, briefing.ConnectCode)
	if h.store.saves != saves {
		t.Error("stored")
	}
}

// What is our own store's fault is no fault of the person's.
func TestOurOwnFailureIsNoConnectError(t *testing.T) {
	h := build(t, standin.Account{})
	answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	h.store.garbled = errors.New("no database")
	_, err := h.client.Finish(t.Context(), answer)
	if _, ours := errors.AsType[*briefing.ConnectError](err); err == nil || ours {
		t.Errorf("error %v", err)
	}
}

func TestAllowedDomains(t *testing.T) {
	for _, c := range []struct {
		allowed, email string
		personal       bool
		may            bool
	}{
		{"gaon.example", "minji@gaon.example", false, true},
		{"gaon.example", "minji@GAON.example", false, true},
		{"gaon.example", "minji@mail.gaon.example", false, false},
		{"gaon.example", "minji@gaon.example.evil.example", false, false},
		{"gaon.example", "minji@evilgaon.example", false, false},
		{"gaon.example", "gaon.example", false, false},
		{"gaon.example", "minji@gaon.example@evil.example", false, false},
		{"gaon.example", "minji@gaon.example", true, false}, // a personal account outlives the job
		{"gmail.com", "minji@gmail.com", false, true},
		{"gmail.com", "minji@gaon.example", false, false},
	} {
		h := build(t, standin.Account{Email: c.email, Personal: c.personal}, func(cfg *sources.GoogleConfig) { cfg.AllowedDomains = []string{"other.example", c.allowed} })
		got, err := h.finish(t, briefing.ConnectRequest{Vouched: true}, standin.Choice{Email: c.email})
		if fault, _ := errors.AsType[*briefing.ConnectError](err); (err == nil) != c.may || err != nil && fault.Fault != briefing.ConnectDomain {
			t.Errorf("%s at %s: %+v, %v", c.email, c.allowed, got, err)
		}
		if (h.store.saves > 0) != c.may {
			t.Errorf("%s at %s: %d grants stored", c.email, c.allowed, h.store.saves)
		}
	}
}

// Scopes that other programs live on stay, also when a consent brings fewer; listed ones that Google does not know of
// are no reason to refuse what a person has just given.
func TestScopesAreNotNarrowed(t *testing.T) {
	const drive = "https://www.googleapis.com/auth/drive.file"
	for _, c := range []struct {
		name   string
		change func(h *house)
		keeps  bool
	}{
		{"another program's token", func(*house) {}, true},
		{"dead, and nobody knew", func(h *house) { h.google.Revoke(haneul) }, false},
		{"known to be dead", func(h *house) { h.store.know(readerID, briefing.CredentialState{DeadSince: h.clock.Now()}) }, false},
		{"about to end", func(h *house) {
			h.store.know(readerID, briefing.CredentialState{EndsAt: h.clock.Now().Add(time.Hour)})
		}, false},
		{"Google cannot say", func(h *house) {
			h.google.Inject(standin.Fault{Op: "token", Skip: 1, Times: 1, Status: 503})
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := build(t, standin.Account{Mail: someMail(1)})
			before := h.connect(append(sources.DefaultScopes(), drive)...)
			c.change(h)
			// As if Google did not include what was granted earlier.
			address := strings.Replace(h.begin(t, briefing.ConnectRequest{SwitchAccount: true}), "include_granted_scopes=true", "", 1)
			answer := h.consent(t, address, standin.Choice{Untick: []string{"calendar.readonly", drive}})
			got, err := h.client.Finish(t.Context(), answer)
			if err != nil {
				t.Fatal(err)
			}
			row := h.store.row(readerID)
			kept := row.RefreshToken.Reveal() == before.RefreshToken && slices.Contains(row.Scopes, drive)
			if kept != c.keeps || (len(got.Missing) == 0) != c.keeps {
				t.Errorf("kept %v: %+v, scopes %v", kept, got, row.Scopes)
			}
		})
	}
}

// Google gives no refresh token to somebody who agreed before, and the stored one may have died since: then nothing is
// called connected that would be over in an hour.
func TestAStoredGrantIsAskedBeforeItIsReliedOn(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	h.google.Revoke(haneul)
	_, err := h.client.Finish(t.Context(), answer)
	wantFault(t, err, briefing.ConnectExchange)
	if h.store.saves != 0 {
		t.Error("stored")
	}
	if got := query(t, h.begin(t, briefing.ConnectRequest{})).Get("prompt"); got != "consent" {
		t.Errorf("the next try: prompt %q", got)
	}
}

// Asking whether the stored grant lives may itself bring a new refresh token: that one is kept, and not the one before.
func TestARefreshTokenThatCameMeanwhileStays(t *testing.T) {
	h := build(t, standin.Account{})
	h.connect()
	h.google.Inject(standin.Fault{Op: "token", Skip: 1, Times: 1,
		Body: `{"access_token":"at-2","refresh_token":"1//new","expires_in":3599,"token_type":"Bearer"}`})
	if _, err := h.finish(t, briefing.ConnectRequest{}, standin.Choice{}); err != nil {
		t.Fatal(err)
	}
	if row := h.store.row(readerID); row.RefreshToken.Reveal() != "1//new" || !row.State.DeadSince.IsZero() {
		t.Error("the new refresh token is lost")
	}
}

// A reader who is removed while Google is asked is not given a grant any more.
func TestAReaderIsRemovedWhileGoogleIsAsked(t *testing.T) {
	h := build(t, standin.Account{})
	answer := h.consent(t, h.begin(t, briefing.ConnectRequest{}), standin.Choice{})
	h.google.Inject(standin.Fault{Op: "token", Match: func(*http.Request) bool {
		h.store.mu.Lock()
		defer h.store.mu.Unlock()
		delete(h.store.readers, readerID)
		return false
	}})
	_, err := h.client.Finish(t.Context(), answer)
	if fault := wantFault(t, err, briefing.ConnectReaderGone); !fault.Revoked || h.store.saves != 0 {
		t.Errorf("revoked %v, %d saves", fault.Revoked, h.store.saves)
	}
}

// lively is a stranger's house with a real database, in which something may happen meanwhile.
func lively(t *testing.T, d storetest.Dialect) (*house, *busy) {
	t.Helper()
	var cfg sources.GoogleConfig
	h := stranger(t, func(c *sources.GoogleConfig) { cfg = *c })
	s := &busy{Store: storetest.OpenURL(t, storetest.URL(t, d), store.Options{Now: h.clock.Now})}
	h.client = sources.NewGoogle(cfg, s)
	t.Cleanup(func() { _ = h.client.Close() })
	if _, err := s.SaveReader(t.Context(), h.reader); err != nil {
		t.Fatal(err)
	}
	return h, s
}

// twice is a house with a real database and one account that waits twice to be confirmed, by two links.
func twice(t *testing.T, d storetest.Dialect) (h *house, s *busy, yes, no string) {
	t.Helper()
	h, s = lively(t, d)
	return h, s, h.asked(t, briefing.ConnectRequest{}, minji).Ticket.Reveal(), h.asked(t, briefing.ConnectRequest{}, minji).Ticket.Reveal()
}

// What somebody has said yes to is at every moment either waiting or stored: whoever refuses another grant of the same
// account just then does not revoke it at Google.
func TestWhatIsConfirmedIsNotRevokedAlong(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		h, s, yes, no := twice(t, d)
		s.meanwhile = func() {
			if fault := wantFault(t, h.client.Decline(t.Context(), no), briefing.ConnectDeclined); fault.Revoked {
				t.Error("revoked what is just being connected")
			}
		}
		got, err := h.client.Confirm(t.Context(), yes)
		if err != nil || !got.MailOK || h.google.Calls("revoke") != 0 {
			t.Errorf("connected %+v, %v, with %d revocations", got, err, h.google.Calls("revoke"))
		}
	})
}

// Of yes and no at the same moment one counts, and what is stored has not been revoked.
func TestYesAndNoAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		for _, same := range []bool{true, false} {
			for range 4 {
				h, s, yes, no := twice(t, d)
				if same {
					no = yes
				}
				var wg sync.WaitGroup
				wg.Go(func() { _, _ = h.client.Confirm(t.Context(), yes) })
				wg.Go(func() { _ = h.client.Decline(t.Context(), no) })
				wg.Wait()
				_, err := s.Credential(t.Context(), readerID)
				if revoked := h.google.Calls("revoke") > 0; err == nil && revoked || err != nil && !same {
					t.Errorf("the same ticket %v: stored: %v, revoked: %v", same, err, revoked)
				}
			}
		}
	})
}

// consents are the two ways in which a grant gets into the store: at once, or after a yes.
func consents(t *testing.T, test func(t *testing.T, h *house, s *busy, connect func() error)) {
	t.Helper()
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		for _, vouched := range []bool{true, false} {
			t.Run(map[bool]string{true: "vouched", false: "confirmed"}[vouched], func(t *testing.T) {
				h, s := lively(t, d)
				if vouched {
					answer := h.consent(t, h.begin(t, briefing.ConnectRequest{Vouched: true}), standin.Choice{Email: minji})
					test(t, h, s, func() error { _, err := h.client.Finish(t.Context(), answer); return err })
					return
				}
				yes := h.asked(t, briefing.ConnectRequest{}, minji).Ticket.Reveal()
				test(t, h, s, func() error { _, err := h.client.Confirm(t.Context(), yes); return err })
			})
		}
	})
}

// Who is erased at the last moment is given no grant: it goes back to Google.
func TestAReaderIsErasedWhileAGrantIsStored(t *testing.T) {
	consents(t, func(t *testing.T, _ *house, s *busy, connect func() error) {
		s.meanwhile = func() {
			if _, err := s.Erase(t.Context(), readerID, store.EraseAll); err != nil {
				t.Error(err)
			}
		}
		fault := wantFault(t, connect(), briefing.ConnectReaderGone)
		if rows := storetest.Rows(t, s.Store, "SELECT user_id FROM gmail_token"); !fault.Revoked || len(rows) != 0 {
			t.Errorf("revoked %v, stored %q", fault.Revoked, rows)
		}
	})
}

// another stores a grant as another program would.
func another(t *testing.T, s *busy, email string) func() {
	return func() {
		if err := s.SaveGrant(t.Context(), briefing.Credential{ReaderID: readerID, AccessToken: briefing.NewSecret("theirs"),
			RefreshToken: briefing.NewSecret("1//" + rand.Text()), Email: email}); err != nil {
			t.Error(err)
		}
	}
}

// What another program stores at the last moment is looked at: another account stays, and the same gives way to what the
// person has just consented to.
func TestAGrantIsStoredWhileAnotherIs(t *testing.T) {
	consents(t, func(t *testing.T, _ *house, s *busy, connect func() error) {
		s.meanwhile = another(t, s, haneul)
		fault := wantFault(t, connect(), briefing.ConnectWrongAccount)
		c, err := s.Credential(t.Context(), readerID)
		if err != nil || c.AccessToken.Reveal() != "theirs" || fault.Expected != haneul || fault.Chosen != minji || !fault.Revoked {
			t.Errorf("stored is %s: %v, %+v", c.Email, err, fault)
		}
	})
	consents(t, func(t *testing.T, h *house, s *busy, connect func() error) {
		s.meanwhile = another(t, s, minji)
		if err := connect(); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Credential(t.Context(), readerID); err != nil || c.AccessToken.Reveal() == "theirs" || c.State.GrantedAt.IsZero() || h.google.Calls("revoke") != 0 {
			t.Errorf("not stored: %v", err)
		}
	})
}

// A row that is never twice the same is not waited for without end.
func TestARowThatKeepsChanging(t *testing.T) {
	consents(t, func(t *testing.T, _ *house, s *busy, connect func() error) {
		s.meanwhile, s.always = another(t, s, minji), true
		wantReason(t, connect(), briefing.Unavailable)
	})
}

// Time may run out between the look and the yes: that is another page than one for what was answered already.
func TestTimeRunsOutWhileConfirming(t *testing.T) {
	onEach(t, func(t *testing.T, d storetest.Dialect) {
		h, s := lively(t, d)
		// The clock is read before the store is asked, so that only the database can tell.
		yes := h.asked(t, briefing.ConnectRequest{}, minji).Ticket.Reveal()
		s.meanwhile = func() {
			storetest.Exec(t, s.Store, fmt.Sprintf("UPDATE achim_pending_grant SET expires_at = %d", h.clock.Now().UnixMilli()))
		}
		_, err := h.client.Confirm(t.Context(), yes)
		if fault := wantFault(t, err, briefing.ConnectUnconfirmed); !fault.Revoked {
			t.Error("not given back")
		}
		_, err = h.client.Confirm(t.Context(), yes)
		wantFault(t, err, briefing.ConnectStateUsed)
	})
}

// What is stored is told as connected: nothing that is written after it can fail it.
func TestAStoredGrantIsToldAsConnected(t *testing.T) {
	consents(t, func(t *testing.T, h *house, s *busy, connect func() error) {
		s.stateless = true
		if err := connect(); err != nil {
			t.Fatal(err)
		}
		c, err := s.Credential(t.Context(), readerID)
		if err != nil || !c.State.GrantedAt.Equal(h.clock.Now()) || c.State.Expiry.IsZero() {
			t.Errorf("%v: nothing is known of what was stored: %+v", err, c.State)
		}
		if _, err := h.finish(t, briefing.ConnectRequest{}, standin.Choice{Email: minji}); err != nil { // the refresh token goes on
			t.Error(err)
		}
	})
}
