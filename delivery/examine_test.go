package delivery_test

import (
	"slices"
	"testing"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/standin"
)

// TestExamine: whose token it is and what it may do, and nothing but that is asked.
func TestExamine(t *testing.T) {
	s, _, d := workspace(t)
	s.SetScopes("chat:write", "im:write")
	w, err := d.Examine(t.Context())
	if err != nil || w.Bot != "achim" || !slices.Equal(w.Scopes, []string{"chat:write", "im:write"}) {
		t.Errorf("%+v, %v", w, err)
	}
	s.Inject(standin.Fault{Op: "auth.test", Body: `{"ok":false,"error":"token_revoked"}`})
	_, err = d.Examine(t.Context())
	checkReason(t, err, briefing.ClientMisconfigured, "token_revoked")
	if s.Calls("*") != s.Calls("auth.test") {
		t.Errorf("%d calls, %d of them auth.test", s.Calls("*"), s.Calls("auth.test"))
	}
}

// TestLook: who can be written to is found out without writing, and without opening a DM.
func TestLook(t *testing.T) {
	s, _, d := workspace(t)
	s.AddUser("U0GONE", "gone", "Gone")
	s.DisableUser("U0GONE")
	s.AddBot("U0BOT", "bot")
	for id, want := range map[string]delivery.Member{"U0HANEUL01": delivery.MemberFine, "U0GONE": delivery.MemberDeactivated,
		"U0BOT": delivery.MemberBot, "U0NOBODY": delivery.MemberUnknown} {
		if got, err := d.Look(t.Context(), id); got != want || err != nil {
			t.Errorf("%s is %q, %v", id, got, err)
		}
	}
	s.SetScopes("chat:write")
	_, err := d.Look(t.Context(), "U0HANEUL01")
	checkReason(t, err, briefing.ClientMisconfigured, "missing_scope", "users:read")
	s.Inject(standin.Fault{Op: "users.info", Status: 503})
	_, err = d.Look(t.Context(), "U0HANEUL01")
	checkReason(t, err, briefing.Unavailable)
	if s.Calls("*") != s.Calls("users.info") {
		t.Errorf("%d calls, %d of them users.info", s.Calls("*"), s.Calls("users.info"))
	}
}
