package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"achim/briefing"
	"achim/store"
)

// grant returns the n-th reader's grant as a consent brings it.
func grant(n int) briefing.Credential {
	return briefing.Credential{
		ReaderID: readerID(n), AccessToken: briefing.NewSecret(fmt.Sprintf("access-%d", n)), RefreshToken: briefing.NewSecret(fmt.Sprintf("refresh-%d", n)),
		ClientID: "client.example", ClientSecret: briefing.NewSecret("client-secret"), Scopes: []string{"openid", "mail"},
		Email: "minji@gaon.example", Subject: "1234567890", State: briefing.CredentialState{Expiry: nine, EndsAt: nine.Add(24 * time.Hour)},
	}
}

// read returns the stored grant without its version.
func read(t *testing.T, s *store.Store, n int) briefing.Credential {
	t.Helper()
	c := must(s.Credential(t.Context(), readerID(n)))(t)
	if c.Version == "" {
		t.Error("a grant has no version")
	}
	c.Version = ""
	return c
}

// outsider writes the n-th reader's row as another program would.
func outsider(t *testing.T, s *store.Store, n int, columns, values string) {
	t.Helper()
	Exec(t, s, fmt.Sprintf("DELETE FROM gmail_token WHERE user_id = '%s'", readerID(n)))
	Exec(t, s, fmt.Sprintf("INSERT INTO gmail_token (user_id, %s) VALUES ('%s', %s)", columns, readerID(n), values))
}

func credentialRoundTrip(t *testing.T, s *store.Store) {
	_, err := s.Credential(t.Context(), readerID(1))
	wantError(t, err, briefing.ErrNotFound)
	check(t, s.SaveGrant(t.Context(), grant(1)))
	wantSame(t, "grant", read(t, s, 1), grant(1))
	// What other programs read: the contract's members, and expiry in UTC.
	Bare(t, s)
	row := Rows(t, s, "SELECT token_data, oauth_config, scopes, metadata, CAST(expiry AS TEXT) FROM gmail_token")[0]
	for _, part := range []string{`"access_token"`, `"refresh_token"`, `"token_type"`, `"Bearer"`, `"client_id"`, `"token_uri"`, `"openid"`, `"email"`, "2026-11-20 00:00:00"} {
		if !strings.Contains(row, part) {
			t.Errorf("no %s in the row", part)
		}
	}
	bare := briefing.Credential{ReaderID: readerID(2), AccessToken: briefing.NewSecret("a"), RefreshToken: briefing.NewSecret("r")}
	check(t, s.SaveGrant(t.Context(), bare))
	wantSame(t, "bare grant", read(t, s, 2), bare)
}

func credentialForeign(t *testing.T, s *store.Store) {
	check(t, s.SaveGrant(t.Context(), grant(1)))
	want := briefing.Credential{ReaderID: readerID(1), AccessToken: briefing.NewSecret("theirs"), RefreshToken: briefing.NewSecret("refresh-1"), Scopes: []string{"a", "b"},
		State: briefing.CredentialState{EndsAt: nine.Add(24 * time.Hour)}}
	tokens := `'{"access_token":"theirs","refresh_token":"refresh-1","extra":[1]}'`
	for _, scopes := range []string{`'["a","b"]'`, `'"a b"'`, `'"[\"a\",\"b\"]"'`} {
		// Their expiry looks alive for hours, in a zone nobody knows: it is not believed.
		outsider(t, s, 1, "token_data, scopes, expiry", tokens+", "+scopes+", '2031-01-01 00:00:00'")
		wantSame(t, "scopes "+scopes, read(t, s, 1), want)
	}
	want.Scopes = nil
	outsider(t, s, 1, "token_data, oauth_config, metadata, scopes", tokens+", 'null', NULL, 'null'")
	wantSame(t, "empty columns", read(t, s, 1), want)
	outsider(t, s, 1, "token_data", `'"{\"access_token\":\"theirs\",\"refresh_token\":\"refresh-1\"}"'`)
	wantSame(t, "JSON in JSON", read(t, s, 1), want)
}

func credentialMalformed(t *testing.T, s *store.Store) {
	good := `'{"access_token":"leaky-token"}'`
	for name, row := range map[string][2]string{
		"a list":          {"token_data", `'["leaky-token"]'`},
		"a text":          {"token_data", `'"leaky-token"'`},
		"a number":        {"token_data", `'5'`},
		"a number inside": {"token_data", `'{"access_token":5,"refresh_token":"leaky-token"}'`},
		"sealed":          {"token_data", `'{"achim_sealed":"leaky-token"}'`},
		"config":          {"token_data, oauth_config", good + `, '[]'`},
		"metadata":        {"token_data, metadata", good + `, '{"email":{}}'`},
		"scopes":          {"token_data, scopes", good + `, '{"a":"leaky-token"}'`},
	} {
		outsider(t, s, 1, row[0], row[1])
		_, err := s.Credential(t.Context(), readerID(1))
		wantError(t, err, briefing.Malformed)
		if _, unusable := errors.AsType[*briefing.UnusableGrantError](err); !unusable {
			t.Errorf("%s: nobody is told that connecting again mends it: %v", name, err)
		}
		if text := err.Error(); !strings.Contains(text, string(readerID(1))) || strings.Contains(text, "leaky") {
			t.Errorf("%s: the error is %q", name, text)
		}
		_, err = s.SaveRefreshed(t.Context(), grant(1), grant(1))
		wantError(t, err, briefing.Malformed)
		check(t, s.SaveGrant(t.Context(), grant(1)))
		wantSame(t, name+", connected again", read(t, s, 1), grant(1))
	}
	outsider(t, s, 1, "token_data, scopes, metadata", `'[]', '["openid"]', '{"email":"minji@gaon.example"}'`)
	if rest, err := s.Credential(t.Context(), readerID(1)); err == nil || rest.Email != "minji@gaon.example" || len(rest.Scopes) != 1 {
		t.Errorf("what can be read of it: %+v, %v", rest, err)
	}
}

// credentialExpiryMembers: what other programs keep in token_data of until when the access token is good is told of ours,
// in the form in which it stood there.
func credentialExpiryMembers(t *testing.T, s *store.Store) {
	now := time.Now()
	end := now.Add(time.Hour).Truncate(time.Second)
	naive := func(at time.Time) string { return `"` + at.UTC().Format("2006-01-02T15:04:05") + `"` }
	const kst = 9 * time.Hour
	seoul := time.FixedZone("", 9*3600)
	old := now.Add(-3 * time.Hour).Truncate(time.Second)
	for name, c := range map[string]struct{ before, after string }{
		"seconds":             {`{"expires_at":1795197600}`, fmt.Sprintf(`{"expires_at":%d}`, end.Unix())},
		"seconds in a text":   {`{"expires_at":"1795197600"}`, fmt.Sprintf(`{"expires_at":"%d"}`, end.Unix())},
		"a fraction":          {`{"expires_at":1795197600.25}`, fmt.Sprintf(`{"expires_at":%d}`, end.Unix())},
		"milliseconds":        {`{"expiry_date":1795197600123}`, fmt.Sprintf(`{"expiry_date":%d}`, end.UnixMilli())},
		"in UTC":              {`{"expiry":"2026-11-20T00:00:00.123456Z"}`, `{"expiry":"` + end.UTC().Format("2006-01-02T15:04:05.000000Z") + `"}`},
		"in a zone":           {`{"expiry":"2026-11-20T09:00:00+09:00"}`, `{"expiry":"` + end.In(seoul).Format("2006-01-02T15:04:05-07:00") + `"}`},
		"in a short zone":     {`{"expiry":"2026-11-20 09:00:00.5+0900"}`, `{"expiry":"` + end.In(seoul).Format("2006-01-02 15:04:05.0-0700") + `"}`},
		"naive, nobody knows": {`{"expiry":` + naive(old) + `}`, `{"expiry":` + naive(end) + `}`},
		"naive KST, alive":    {`{"expiry":` + naive(now.Add(kst+time.Minute)) + `}`, `{"expiry":` + naive(end.Add(kst)) + `}`},
		"naive KST, by the other": {fmt.Sprintf(`{"expires_at":%d,"token_expiry":%s}`, old.Unix(), naive(old.Add(kst+2*time.Minute))),
			fmt.Sprintf(`{"expires_at":%d,"token_expiry":%s}`, end.Unix(), naive(end.Add(kst)))},
		"naive UTC, by the other": {fmt.Sprintf(`{"expires_at":%d,"token_expiry":%s}`, old.Unix(), naive(old)),
			fmt.Sprintf(`{"expires_at":%d,"token_expiry":%s}`, end.Unix(), naive(end))},
		"a form of its own": {`{"expiry":"tomorrow","expires":3600,"expires_on":{"a":1},"expiration":null}`, `{"expiry":"tomorrow","expires":3600,"expires_on":{"a":1},"expiration":null}`},
		"another's members": {`{"exp":1795197600,"refresh_by":"2026-11-20T00:00:00Z","created":1795197600}`, `{"exp":1795197600,"refresh_by":"2026-11-20T00:00:00Z","created":1795197600}`},
	} {
		outsider(t, s, 1, "token_data", `'{"access_token":"old","refresh_token":"refresh-1",`+c.before[1:]+`'`)
		got := must(s.Credential(t.Context(), readerID(1)))(t)
		fresh := briefing.Credential{AccessToken: briefing.NewSecret("new"), State: briefing.CredentialState{Expiry: end}}
		got = must(s.SaveRefreshed(t.Context(), got, fresh))(t)
		wantSame(t, name, tokenMembers(t, s), members(t, c.after))
		if strings.Contains(name, "KST") { // known by now, whatever the clock says
			fresh.AccessToken, fresh.State.Expiry = briefing.NewSecret("newer"), end.Add(20*time.Hour)
			must(s.SaveRefreshed(t.Context(), got, fresh))(t)
			if told := fmt.Sprint(tokenMembers(t, s)); !strings.Contains(told, strings.Trim(naive(end.Add(20*time.Hour+kst)), `"`)) {
				t.Errorf("%s, once more: %s", name, told)
			}
		}
	}
	// A length counts from when the token was given; a new grant is told like a new token; and without an expiry they end now.
	outsider(t, s, 1, "token_data", `'{"access_token":"old","refresh_token":"refresh-1","expires_in":3599,"created":1795197600}'`)
	again := grant(1)
	again.State.Expiry = end
	check(t, s.SaveGrant(t.Context(), again))
	left := tokenMembers(t, s)
	length, _ := left["expires_in"].(float64)
	created, _ := left["created"].(float64)
	if given := int64(created) + int64(length); given < end.Unix()-5 || given > end.Unix()+5 || int64(created) < now.Unix()-5 {
		t.Errorf("a length: %v", left)
	}
	outsider(t, s, 1, "token_data", `'{"access_token":"old","refresh_token":"refresh-1","expires_at":1999999999}'`)
	must(s.SaveRefreshed(t.Context(), must(s.Credential(t.Context(), readerID(1)))(t), briefing.Credential{AccessToken: briefing.NewSecret("new")}))(t)
	if at, _ := tokenMembers(t, s)["expires_at"].(float64); int64(at) > time.Now().Unix()+5 {
		t.Errorf("unknown, and told as %v", at)
	}
}

// tokenMembers returns the only row's token_data, as it stands there plain, but for the tokens.
func tokenMembers(t *testing.T, s *store.Store) map[string]any {
	t.Helper()
	Bare(t, s)
	all := members(t, Rows(t, s, "SELECT token_data FROM gmail_token")[0])
	for _, name := range []string{"access_token", "refresh_token", "token_type"} {
		delete(all, name)
	}
	return all
}

func members(t *testing.T, text string) map[string]any {
	t.Helper()
	all := map[string]any{}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func credentialRefreshed(t *testing.T, s *store.Store) {
	check(t, s.SaveGrant(t.Context(), grant(1)))
	dead := must(s.Credential(t.Context(), readerID(1)))(t)
	dead.State.FailingSince, dead.State.LastError = nine, briefing.Unavailable
	check(t, s.SaveCredentialState(t.Context(), dead))

	before := must(s.Credential(t.Context(), readerID(1)))(t)
	fresh := briefing.Credential{ReaderID: readerID(1), AccessToken: briefing.NewSecret("new"), State: briefing.CredentialState{Expiry: nine.Add(time.Hour)}}
	got := must(s.SaveRefreshed(t.Context(), before, fresh))(t)
	want := grant(1)
	want.AccessToken, want.State.Expiry = fresh.AccessToken, fresh.State.Expiry
	wantSame(t, "returned and read", must(s.Credential(t.Context(), readerID(1)))(t), got)
	wantSame(t, "refreshed", read(t, s, 1), want)
	if got.Version == before.Version {
		t.Error("the version did not change")
	}

	fresh.AccessToken, fresh.RefreshToken, fresh.Scopes = briefing.NewSecret("newer"), briefing.NewSecret("rotated"), []string{"openid"}
	must(s.SaveRefreshed(t.Context(), got, fresh))(t)
	want.AccessToken, want.RefreshToken, want.State.EndsAt = fresh.AccessToken, fresh.RefreshToken, time.Time{}
	wantSame(t, "rotated", read(t, s, 1), want)
}

func credentialScopes(t *testing.T, s *store.Store) {
	check(t, s.SaveGrant(t.Context(), grant(1)))
	refresh := func(scopes ...string) briefing.Credential {
		before := must(s.Credential(t.Context(), readerID(1)))(t)
		return must(s.SaveRefreshed(t.Context(), before, briefing.Credential{AccessToken: briefing.NewSecret("new"), Scopes: scopes,
			State: briefing.CredentialState{Granted: strings.Join(scopes, " "), CheckedAt: nine}}))(t)
	}
	got := refresh("openid")
	wantSame(t, "the row lists what it did", got.Scopes, []string{"openid", "mail"})
	wantSame(t, "Google listed less", got.Holds(), []string{"openid"})
	wantSame(t, "and so it is told", must(s.Grants(t.Context(), "", 1))(t)[0].Scopes, []string{"openid"})
	got = refresh("openid", "calendar")
	wantSame(t, "the row lists more", read(t, s, 1).Scopes, []string{"openid", "mail", "calendar"})
	wantSame(t, "so does Google", got.Holds(), []string{"openid", "calendar"})
	wantSame(t, "nothing said, nothing changed", refresh().Holds(), []string{"openid", "calendar"})
}

// credentialEnds: a known end stays through refreshes, and goes when a refresh after it went well.
func credentialEnds(t *testing.T, s *store.Store) {
	check(t, s.SaveGrant(t.Context(), grant(1))) // ends a day after nine
	for _, c := range []struct{ checked, told, want time.Time }{
		{nine, time.Time{}, nine.Add(24 * time.Hour)},
		{nine, nine.Add(48 * time.Hour), nine.Add(48 * time.Hour)},
		{nine.Add(49 * time.Hour), time.Time{}, time.Time{}},
	} {
		before := must(s.Credential(t.Context(), readerID(1)))(t)
		got := must(s.SaveRefreshed(t.Context(), before, briefing.Credential{AccessToken: briefing.NewSecret("new"),
			State: briefing.CredentialState{CheckedAt: c.checked, EndsAt: c.told}}))(t)
		if !got.State.EndsAt.Equal(c.want) || !read(t, s, 1).State.EndsAt.Equal(c.want) {
			t.Errorf("refreshed at %v, told %v: ends %v, want %v", c.checked, c.told, got.State.EndsAt, c.want)
		}
	}
}

func credentialLease(t *testing.T, s *store.Store) {
	c := grant(1)
	lease := func(owner string, now time.Time) bool {
		t.Helper()
		return must(s.LeaseRefresh(t.Context(), c, owner, now, now.Add(time.Minute)))(t)
	}
	if !lease("a", nine) { // there is no state of it yet, and no row either
		t.Error("nobody has it, and it cannot be had")
	}
	if lease("b", nine) || lease("a", nine.Add(time.Minute-time.Millisecond)) {
		t.Error("had twice")
	}
	if !lease("b", nine.Add(time.Minute)) {
		t.Error("it does not end by itself")
	}
	check(t, s.ReleaseRefresh(t.Context(), c, "a"))
	if lease("c", nine.Add(time.Minute)) {
		t.Error("somebody else's was released")
	}
	check(t, s.ReleaseRefresh(t.Context(), c, "b"))
	if !lease("c", nine.Add(time.Minute)) {
		t.Error("not released")
	}
	other := grant(2)
	if !must(s.LeaseRefresh(t.Context(), other, "d", nine, nine.Add(time.Minute)))(t) {
		t.Error("another token is leased along with it")
	}
	check(t, s.ReleaseLeases(t.Context()))
	if !lease("f", nine.Add(time.Minute)) {
		t.Error("not all are released")
	}
	check(t, s.SaveGrant(t.Context(), c))
	wantSame(t, "a lease is not part of the state", read(t, s, 1).State, c.State)
	c = must(s.Credential(t.Context(), readerID(1)))(t)
	check(t, s.SaveCredentialState(t.Context(), c))
	if lease("e", nine.Add(time.Minute)) {
		t.Error("writing the state ended it")
	}
	must(s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("new")}))(t)
	if !lease("e", nine.Add(time.Minute)) {
		t.Error("saving the answer did not end it")
	}
}

func credentialLeaseRace(t *testing.T, s *store.Store) {
	for round := range 5 {
		got := make([]bool, 8)
		errs := atOnce(8, func(i int) (err error) {
			got[i], err = s.LeaseRefresh(t.Context(), grant(round), fmt.Sprint("owner", i), nine, nine.Add(time.Minute))
			return err
		})
		winners(t, errs, nil)
		n := 0
		for _, yes := range got {
			if yes {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d of eight have the lease", n)
		}
	}
}

func clientTesting(t *testing.T, s *store.Store) {
	suspected := func(id string) bool { return must(s.TestingSuspected(t.Context(), id))(t) }
	if suspected("a") {
		t.Error("suspected without reason")
	}
	for range 2 {
		check(t, s.SuspectTesting(t.Context(), "a", nine))
	}
	if !suspected("a") || suspected("b") {
		t.Error("the wrong client is suspected")
	}
	check(t, s.ClearTesting(t.Context(), "a"))
	check(t, s.ClearTesting(t.Context(), "b"))
	if suspected("a") {
		t.Error("still suspected")
	}
}

func credentialOutsider(t *testing.T, s *store.Store) {
	check(t, s.SaveGrant(t.Context(), grant(1)))
	before := must(s.Credential(t.Context(), readerID(1)))(t)
	fresh := briefing.Credential{AccessToken: briefing.NewSecret("ours"), State: briefing.CredentialState{Expiry: nine.Add(time.Hour)}}

	outsider(t, s, 1, "token_data, metadata, robeing_id", `'{"access_token":"theirs","refresh_token":"refresh-1","x":1}', '{"email":"a@b.example","y":2}', 'r1'`)
	got := must(s.SaveRefreshed(t.Context(), before, fresh))(t)
	if got.AccessToken.Reveal() != "ours" || got.Email != "a@b.example" || !got.State.Expiry.Equal(nine.Add(time.Hour)) {
		t.Errorf("same refresh token: %+v", got)
	}
	Bare(t, s)
	row := Rows(t, s, "SELECT token_data, metadata, robeing_id FROM gmail_token")[0]
	for _, part := range []string{`"x"`, `"y"`, "|r1"} {
		if !strings.Contains(row, part) {
			t.Errorf("lost %s of theirs", part)
		}
	}

	outsider(t, s, 1, "token_data", `'{"access_token":"theirs","refresh_token":"another"}'`)
	got = must(s.SaveRefreshed(t.Context(), before, fresh))(t)
	if got.AccessToken.Reveal() != "theirs" || got.RefreshToken.Reveal() != "another" || !got.State.Expiry.IsZero() {
		t.Errorf("another refresh token: %+v", got)
	}
	wantSame(t, "theirs stands", must(s.Credential(t.Context(), readerID(1)))(t), got)

	must(s.DeleteCredential(t.Context(), readerID(1)))(t)
	_, err := s.SaveRefreshed(t.Context(), before, fresh)
	wantError(t, err, briefing.ErrNotFound)
}

func credentialGrantedAgain(t *testing.T, s *store.Store) {
	outsider(t, s, 1, "token_data, metadata, equipped_to", `'{"access_token":"old","refresh_token":"kept","x":1}', '{"email":"MINJI@gaon.example","y":2}', 'e1'`)
	again := grant(1)
	again.RefreshToken = briefing.Secret{}
	check(t, s.SaveGrant(t.Context(), again))
	want := again
	want.RefreshToken = briefing.NewSecret("kept")
	want.State.EndsAt = time.Time{}
	wantSame(t, "no new refresh token", read(t, s, 1), want)
	Bare(t, s)
	row := Rows(t, s, "SELECT token_data, metadata, equipped_to FROM gmail_token")[0]
	for _, part := range []string{`"x"`, `"y"`, "|e1"} {
		if !strings.Contains(row, part) {
			t.Errorf("lost %s of theirs", part)
		}
	}
	again.Subject, again.Email = "999", "other@gaon.example"
	check(t, s.SaveGrant(t.Context(), again))
	if got := read(t, s, 1); !got.RefreshToken.IsZero() || got.Email != again.Email {
		t.Errorf("another account inherited the refresh token: %+v", got)
	}
}

func credentialState(t *testing.T, s *store.Store) {
	check(t, s.SaveGrant(t.Context(), grant(1)))
	c := must(s.Credential(t.Context(), readerID(1)))(t)
	c.State = briefing.CredentialState{Expiry: nine, DeadSince: nine, FailingSince: nine.Add(-time.Hour), LastError: briefing.ReauthRequired, EndsAt: nine.Add(time.Minute),
		Detail: "HTTP 400 invalid_grant invalid_rapt", Granted: "openid mail"}
	check(t, s.SaveCredentialState(t.Context(), c))
	wantSame(t, "state", must(s.Credential(t.Context(), readerID(1)))(t), c)
	outsider(t, s, 1, "token_data", `'{"access_token":"another","refresh_token":"refresh-1"}'`)
	if got := read(t, s, 1); !got.State.Expiry.IsZero() || !got.State.DeadSince.Equal(nine) {
		t.Errorf("another access token: %+v", got.State)
	}
	outsider(t, s, 1, "token_data", `'{"access_token":"access-1","refresh_token":"another"}'`)
	wantSame(t, "another refresh token starts clean", read(t, s, 1).State, briefing.CredentialState{})
	outsider(t, s, 1, "token_data", `'{"access_token":"access-1"}'`)
	check(t, s.SaveCredentialState(t.Context(), read(t, s, 1)))
	wantSame(t, "no refresh token has no state", read(t, s, 1).State, briefing.CredentialState{})
}

func credentialForgotten(t *testing.T, s *store.Store) {
	inUse := func(email, subject string) bool {
		return must(s.AccountInUse(t.Context(), email, subject, readerID(1)))(t)
	}
	_, err := s.DeleteCredential(t.Context(), readerID(1))
	wantError(t, err, briefing.ErrNotFound)
	check(t, s.SaveGrant(t.Context(), grant(1)))
	if inUse("minji@gaon.example", "1234567890") {
		t.Error("the reader alone uses the account")
	}
	check(t, s.SaveGrant(t.Context(), grant(2)))
	outsider(t, s, 3, "token_data, metadata", `'{"access_token":"a"}', '{"email":"old@gaon.example"}'`)
	for _, c := range []struct {
		email, subject string
		want           bool
	}{
		{"Minji@gaon.example", "", true},
		{"renamed@gaon.example", "1234567890", true},
		{"minji@gaon.example", "another", false},
		{"OLD@gaon.example", "77", true},
		{"nobody@gaon.example", "", false},
		{"", "", true},   // might be anybody's
		{"", "77", true}, // and so might the third row, of which only the address is known
	} {
		if got := inUse(c.email, c.subject); got != c.want {
			t.Errorf("account %q %q in use: %v", c.email, c.subject, got)
		}
	}
	wantSame(t, "who uses it", must(s.AccountUsers(t.Context(), "renamed@gaon.example", "1234567890", readerID(1)))(t), []briefing.AccountUser{{Owner: readerID(2), Certain: true}})
	wantSame(t, "who might use it", must(s.AccountUsers(t.Context(), "", "1234567890", readerID(1)))(t),
		[]briefing.AccountUser{{Owner: readerID(2), Certain: true}, {Owner: readerID(3)}})
	if !must(s.AccountInUse(t.Context(), "old@gaon.example", "", ""))(t) {
		t.Error("nobody is to be left out")
	}
	waiting := briefing.Pending{TicketHash: "waiting", Grant: grant(5), ExpiresAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	waiting.Grant.Email, waiting.Grant.Subject = "waiting@gaon.example", "55"
	check(t, s.SavePending(t.Context(), waiting))
	if !inUse("waiting@gaon.example", "55") || inUse("nobody@gaon.example", "56") {
		t.Error("somebody waits to confirm the account, and it is free; or another is not")
	}
	if _, err := s.TakePending(t.Context(), "waiting", nine); err != nil || inUse("waiting@gaon.example", "55") {
		t.Errorf("they have said no, and it is not free (%v)", err)
	}
	outsider(t, s, 4, "token_data, metadata", `'{"refresh_token":"r"}', '[]'`)
	if !inUse("nobody@gaon.example", "55") {
		t.Error("a row that does not say whose account it is might be of any")
	}
	check(t, s.SaveCredentialState(t.Context(), briefing.Credential{ReaderID: readerID(4), RefreshToken: briefing.NewSecret("r"), State: briefing.CredentialState{DeadSince: nine}}))
	if inUse("nobody@gaon.example", "55") {
		t.Error("a grant that is over uses no account")
	}
	for _, empty := range []string{`'{}', NULL`, `'{"scope":"x"}', '{"email":"minji@gaon.example"}'`, `'["x"]', '{}'`} {
		outsider(t, s, 4, "token_data, metadata", empty)
		if inUse("nobody@gaon.example", "55") {
			t.Errorf("a row without a token uses no account: %s", empty)
		}
	}
	if gone := must(s.DeleteCredential(t.Context(), readerID(1)))(t); len(gone) != 1 || gone[0].RefreshToken.Reveal() != "refresh-1" || gone[0].Email != "minji@gaon.example" {
		t.Errorf("what was forgotten: %+v", gone)
	}
	must(s.DeleteCredential(t.Context(), readerID(4)))(t)
	_, err = s.Credential(t.Context(), readerID(1))
	wantError(t, err, briefing.ErrNotFound)
	check(t, s.SaveGrant(t.Context(), briefing.Credential{ReaderID: readerID(1), AccessToken: briefing.NewSecret("access-1"), RefreshToken: briefing.NewSecret("refresh-1")}))
	if got := read(t, s, 1); !got.State.EndsAt.IsZero() {
		t.Errorf("still known: %+v", got.State)
	}
}

func credentialNamed(t *testing.T, s *store.Store) {
	outsider(t, s, 1, "token_data, metadata", `'{"access_token":"a","refresh_token":"r"}', '{"theirs":7}'`)
	before := read(t, s, 1)
	before.State = briefing.CredentialState{Expiry: nine, CheckedAt: nine}
	check(t, s.SaveCredentialState(t.Context(), before))
	another := before
	another.RefreshToken = briefing.NewSecret("another")
	must(s.NameAccount(t.Context(), another, "other@gaon.example", ""))(t)
	if got := read(t, s, 1); got.Email != "" {
		t.Errorf("what was found out of another grant is noted: %q", got.Email)
	}
	for _, email := range []string{"minji@gaon.example", "late@gaon.example"} {
		now := must(s.NameAccount(t.Context(), before, email, ""))(t)
		now.Version = ""
		wantSame(t, "what is returned", now, read(t, s, 1))
	}
	got := read(t, s, 1)
	if got.Email != "minji@gaon.example" || !got.State.Expiry.Equal(nine) || got.RefreshToken.Reveal() != "r" {
		t.Errorf("named: %+v", got)
	}
	wantSame(t, "others' members", Rows(t, s, "SELECT metadata->>'theirs' FROM gmail_token"), []string{"7"})
	must(s.DeleteCredential(t.Context(), readerID(1)))(t)
	_, err := s.NameAccount(t.Context(), before, "minji@gaon.example", "")
	wantError(t, err, briefing.ErrNotFound)
}

func credentialListed(t *testing.T, s *store.Store) {
	for _, n := range []int{3, 1} {
		c := grant(n)
		c.State.GrantedAt, c.State.CheckedAt, c.State.Gone = nine, nine.Add(time.Hour), n == 3
		check(t, s.SaveGrant(t.Context(), c))
	}
	outsider(t, s, 2, "token_data", `'{"access_token":"a"}'`)
	outsider(t, s, 4, "token_data, metadata", `'["leaky-token"]', '{"email":"a@b.example"}'`)
	all := must(s.Grants(t.Context(), "", 10))(t)
	if len(all) != 4 {
		t.Fatalf("%d grants, want 4", len(all))
	}
	want := grant(1)
	wantSame(t, "the first", all[0], briefing.Grant{
		Owner: readerID(1), Email: want.Email, Subject: want.Subject, ClientID: want.ClientID, Scopes: want.Scopes,
		HasAccessToken: true, HasRefreshToken: true, Fingerprint: briefing.Fingerprint(want.RefreshToken),
		State: briefing.CredentialState{Expiry: want.State.Expiry, EndsAt: want.State.EndsAt, GrantedAt: nine, CheckedAt: nine.Add(time.Hour)},
	})
	wantSame(t, "no refresh token", all[1], briefing.Grant{Owner: readerID(2), HasAccessToken: true})
	if !all[2].State.Gone {
		t.Error("not known to be gone")
	}
	if broken := all[3]; broken.Email != "a@b.example" || briefing.ReasonOf(broken.Fault) != briefing.Malformed || strings.Contains(broken.Fault.Error(), "leaky") {
		t.Errorf("a malformed row: %+v", broken)
	}
	if page := must(s.Grants(t.Context(), readerID(1), 2))(t); len(page) != 2 || page[0].Owner != readerID(2) || page[1].Owner != readerID(3) {
		t.Errorf("the page after the first: %+v", page)
	}
}

func consentTaken(t *testing.T, s *store.Store) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	c := briefing.Consent{StateHash: "hash", Reader: readerID(1), Verifier: briefing.NewSecret("verifier"), Switch: true, Vouched: true, ExpiresAt: now.Add(10 * time.Minute)}
	check(t, s.SaveConsent(t.Context(), c))
	unused := make([]bool, 8)
	errs := atOnce(8, func(i int) error {
		got, err := s.TakeConsent(t.Context(), "hash", now)
		unused[i] = got.UsedAt.IsZero()
		return err
	})
	winners(t, errs, nil)
	first := 0
	for _, was := range unused {
		if was {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d calls got the consent unused", first)
	}
	want := c
	want.UsedAt = now
	wantSame(t, "taken again", must(s.TakeConsent(t.Context(), "hash", now.Add(time.Hour)))(t), want)
	_, err := s.TakeConsent(t.Context(), "forged", now)
	wantError(t, err, briefing.ErrNotFound)

	old := briefing.Consent{StateHash: "old", Reader: readerID(1), ExpiresAt: now.Add(-48 * time.Hour)}
	check(t, s.SaveConsent(t.Context(), old))
	check(t, s.SaveConsent(t.Context(), briefing.Consent{StateHash: "next", Reader: readerID(1), ExpiresAt: now}))
	_, err = s.TakeConsent(t.Context(), "old", now)
	wantError(t, err, briefing.ErrNotFound)
}
