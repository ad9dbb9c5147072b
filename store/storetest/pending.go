package storetest

import (
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// pending is the n-th reader's grant, waiting for a yes.
func pending(n int, expires time.Time) briefing.Pending {
	c := grant(n)
	c.ClientID, c.ClientSecret, c.Version = "", briefing.Secret{}, ""
	c.State = briefing.CredentialState{Expiry: nine.Add(time.Hour), EndsAt: nine.Add(24 * time.Hour),
		GrantedAt: nine, CheckedAt: nine, Granted: "openid mail"}
	return briefing.Pending{TicketHash: "ticket-" + string(c.ReaderID), Grant: c, Switch: true, ExpiresAt: expires}
}

// pendingTaken: of everybody who says yes at once one gets the grant, and nothing of it is left or was ever among the
// grants.
func pendingTaken(t *testing.T, s *store.Store) {
	p := pending(1, nine.Add(10*time.Minute))
	check(t, s.SavePending(t.Context(), p))
	if rows := Rows(t, s, "SELECT user_id FROM gmail_token"); len(rows) != 0 {
		t.Errorf("among the grants: %v", rows)
	}
	got := make([]briefing.Pending, 8)
	winners(t, atOnce(len(got), func(i int) (err error) {
		got[i], err = s.TakePending(t.Context(), p.TicketHash, nine)
		return err
	}), nil)
	first := 0
	for _, one := range got {
		if one.UsedAt.IsZero() {
			first++
			wantSame(t, "taken", one, p)
			continue
		}
		if !one.Grant.AccessToken.IsZero() || !one.Grant.RefreshToken.IsZero() {
			t.Error("taken again, with tokens")
		}
	}
	if first != 1 {
		t.Errorf("%d calls got the grant unused", first)
	}
	row := Rows(t, s, "SELECT * FROM achim_pending_grant")[0]
	for _, secret := range []briefing.Secret{p.Grant.AccessToken, p.Grant.RefreshToken} {
		if strings.Contains(row, secret.Reveal()) {
			t.Error("a token is still there")
		}
	}
	_, err := s.TakePending(t.Context(), "forged", nine)
	wantError(t, err, briefing.ErrNotFound)
}

// pendingConfirmed: of everybody who says yes or no at once one counts; it is stored and waits no more, or neither.
func pendingConfirmed(t *testing.T, s *store.Store) {
	p := pending(1, nine.Add(10*time.Minute))
	check(t, s.SavePending(t.Context(), p))
	wantError(t, s.ConfirmPending(t.Context(), p.TicketHash, p.Grant, nine), briefing.ErrNotFound) // there is no such reader
	addReader(t, s, 1)
	wantSame(t, "waiting", must(s.FindPending(t.Context(), p.TicketHash))(t), p)
	wantError(t, s.ConfirmPending(t.Context(), "forged", p.Grant, nine), briefing.ErrFenced)
	wantError(t, s.ConfirmPending(t.Context(), p.TicketHash, p.Grant, p.ExpiresAt), briefing.ErrFenced)
	if rows := Rows(t, s, "SELECT user_id FROM gmail_token"); len(rows) != 0 {
		t.Fatalf("stored without a yes: %v", rows)
	}
	taken := 0
	winners(t, atOnce(8, func(i int) error {
		if i%2 == 0 {
			return s.ConfirmPending(t.Context(), p.TicketHash, p.Grant, nine)
		}
		got, err := s.TakePending(t.Context(), p.TicketHash, nine)
		if err == nil && got.UsedAt.IsZero() {
			taken++ // by one at most
		}
		return err
	}), briefing.ErrFenced)
	rows := Rows(t, s, "SELECT user_id FROM gmail_token")
	if len(rows)+taken != 1 {
		t.Errorf("stored %d times and refused %d times", len(rows), taken)
	}
	if row := Rows(t, s, "SELECT * FROM achim_pending_grant")[0]; strings.Contains(row, p.Grant.RefreshToken.Reveal()) || strings.Contains(row, p.Grant.Email) {
		t.Error("what is answered is still there")
	}
	if used := must(s.FindPending(t.Context(), p.TicketHash))(t); !used.UsedAt.Equal(nine) || !used.Grant.RefreshToken.IsZero() || used.Fault != nil {
		t.Errorf("answered: %+v", used)
	}
}

// pendingUnreadable: one that cannot be read is handed out with the others, once, and is in nobody's way.
func pendingUnreadable(t *testing.T, s *store.Store) {
	for n := 1; n <= 4; n++ {
		check(t, s.SavePending(t.Context(), pending(n, nine)))
	}
	for n, broken := range map[int]string{1: "tokens = 'AQ not sealed'", 2: "tokens = 'achim_sealed:0badc0de:AQutyv4='", 3: "scopes = '[1,'"} {
		Exec(t, s, "UPDATE achim_pending_grant SET "+broken+" WHERE reader_id = '"+string(readerID(n))+"'")
	}
	late := must(s.TakeUnconfirmed(t.Context(), nine, 10))(t)
	if len(late) != 4 {
		t.Fatalf("%d were late, want four", len(late))
	}
	for _, p := range late {
		if whole := p.Grant.ReaderID == readerID(4); (p.Fault == nil) != whole || whole && p.Grant.RefreshToken.IsZero() {
			t.Errorf("of reader %s: fault %v", p.Grant.ReaderID, p.Fault)
		}
	}
	if again := must(s.TakeUnconfirmed(t.Context(), nine, 10))(t); len(again) != 0 {
		t.Errorf("handed out again: %+v", again)
	}
}

// pendingUnconfirmed: what nobody answered is handed out once, whoever asks.
func pendingUnconfirmed(t *testing.T, s *store.Store) {
	for n := 1; n <= 3; n++ {
		check(t, s.SavePending(t.Context(), pending(n, nine.Add(time.Duration(n)*time.Minute))))
	}
	must(s.TakePending(t.Context(), pending(1, nine).TicketHash, nine))(t)
	late := must(s.TakeUnconfirmed(t.Context(), nine.Add(2*time.Minute), 10))(t)
	wantSame(t, "late", late, []briefing.Pending{pending(2, nine.Add(2*time.Minute))})
	if again := must(s.TakeUnconfirmed(t.Context(), nine.Add(2*time.Minute), 10))(t); len(again) != 0 {
		t.Errorf("handed out again: %+v", again)
	}
	if rows := Rows(t, s, "SELECT ticket_hash FROM achim_pending_grant WHERE tokens <> ''"); len(rows) != 1 {
		t.Errorf("tokens of %v are left", rows)
	}
}

// pendingAccount: only an account that nobody has, may have or waits for is free to be revoked.
func pendingAccount(t *testing.T, s *store.Store) {
	now := nine.Add(time.Minute)
	for _, c := range []struct {
		name           string
		change         func()
		email, subject string
		free           bool
	}{
		{"nobody has it", func() {}, "a.b@gmail.com", "77", true},
		{"whose it is is not known", func() {}, "", "", false},
		{"somebody is to confirm it", func() { check(t, s.SavePending(t.Context(), pending(1, now.Add(time.Minute)))) }, pending(1, now).Grant.Email, "", false},
		{"they were too late", func() { now = now.Add(time.Hour) }, pending(1, now).Grant.Email, "", true},
		{"another's", func() {
			outsider(t, s, 2, "token_data, metadata", `'{"refresh_token":"theirs"}', '{"email":"AB@googlemail.com","sub":"77"}'`)
		}, "other@gmail.com", "78", true},
		{"the same, spelt otherwise", func() {}, "a.b@gmail.com", "", false},
		{"the same sub under another address", func() {}, "new@gmail.com", "77", false},
		{"another sub under the same address", func() {}, "ab@gmail.com", "79", true},
		{"a row of nobody knows whom", func() { outsider(t, s, 3, "token_data", `'{"refresh_token":"r"}'`) }, "other@gmail.com", "78", false},
	} {
		c.change()
		if free := must(s.AccountFree(t.Context(), c.email, c.subject, now))(t); free != c.free {
			t.Errorf("%s: free %v, want %v", c.name, free, c.free)
		}
	}
}

// consentOrphaned: of a reader who is removed a consent stays known, without whose it was.
func consentOrphaned(t *testing.T, s *store.Store) {
	one := addReader(t, s, 1)
	check(t, s.SaveConsent(t.Context(), briefing.Consent{StateHash: "hash", Reader: one.ID, Verifier: briefing.NewSecret("verifier"), Vouched: true, ExpiresAt: nine}))
	check(t, s.SavePending(t.Context(), pending(1, nine)))
	check(t, s.DeleteReader(t.Context(), one.ID))
	c := must(s.TakeConsent(t.Context(), "hash", nine))(t)
	if c.Reader == one.ID || !c.Verifier.IsZero() || !c.Vouched {
		t.Errorf("still known: %+v", c)
	}
	p := must(s.TakePending(t.Context(), pending(1, nine).TicketHash, nine))(t)
	if p.Grant.ReaderID == one.ID || p.Grant.RefreshToken.IsZero() {
		t.Errorf("what is to be revoked: %+v", p)
	}
}
