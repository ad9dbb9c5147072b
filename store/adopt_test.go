package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

// layout is gmail_token as other programs have made it: how, and how they write and read a row.
type layout struct {
	name   string
	create string
	insert func(n int, access, refresh string) string // the row of reader n
	reads  string                                     // what the other program reads: owner, access token, refresh token
}

// jsonLayout is the contract's, made by somebody else: with a column of theirs, and in their order.
func jsonLayout(name, owner, kind string) layout {
	return layout{
		name: name,
		create: "CREATE TABLE gmail_token (is_equipped BOOLEAN DEFAULT false, theirs TEXT NOT NULL DEFAULT 'marked-theirs', id SERIAL PRIMARY KEY, " +
			"token_data " + kind + " NOT NULL, oauth_config " + kind + ", user_id " + owner + " UNIQUE NOT NULL, robeing_id VARCHAR(50), scopes " + kind +
			", metadata " + kind + ", expiry TIMESTAMP, equipped_to VARCHAR(50), created_at TIMESTAMP DEFAULT now(), updated_at TIMESTAMP DEFAULT now())",
		insert: func(n int, access, refresh string) string {
			return fmt.Sprintf("INSERT INTO gmail_token (user_id, robeing_id, token_data, oauth_config, scopes, metadata, expiry, is_equipped, equipped_to, theirs, updated_at) "+
				"VALUES ('%s', 'marked-robeing', '{\"access_token\": %q,  \"refresh_token\": %q, \"token_type\": \"Bearer\", \"their_member\": 1}', "+
				"'{\"client_id\": \"their-client\", \"client_secret\": \"marked-secret\", \"token_uri\": \"https://elsewhere.example/token\"}', "+
				"'[\"openid\"]', '{\"email\": \"haneul@gaon.example\", \"marked\": true}', '2026-11-20 18:00:00', true, 'marked-equipped', 'marked-extra', '2026-11-20 17:00:00')",
				benchReader(n), access, refresh)
		},
		reads: "SELECT lower(user_id::text), token_data::jsonb->>'access_token', token_data::jsonb->>'refresh_token' FROM gmail_token ORDER BY 1",
	}
}

// flatLayout is the older one.
func flatLayout(name, columns string) layout {
	return layout{
		name:   name,
		create: "CREATE TABLE gmail_token (" + columns + ")",
		insert: func(n int, access, refresh string) string {
			return fmt.Sprintf("INSERT INTO gmail_token (user_id, access_token, refresh_token, expires_at, metadata) "+
				"VALUES ('%s', '%s', '%s', 1795197600, '{\"email\": \"haneul@gaon.example\",  \"marked\": true}')", benchReader(n), access, refresh)
		},
		reads: "SELECT lower(user_id::text), access_token, refresh_token FROM gmail_token ORDER BY 1",
	}
}

// layouts are all that have been seen, and then some.
var layouts = []layout{
	jsonLayout("jsonb", "UUID", "JSONB"),
	jsonLayout("json, owners as text", "TEXT", "JSON"),
	jsonLayout("json in text", "VARCHAR(64)", "TEXT"),
	flatLayout("flat", "user_id UUID PRIMARY KEY, access_token TEXT NOT NULL, refresh_token TEXT, expires_at BIGINT, metadata JSONB"),
	flatLayout("flat, other order and all NOT NULL", "metadata JSON NOT NULL, extra TEXT DEFAULT 'marked-extra', expires_at BIGINT NOT NULL, "+
		"refresh_token TEXT NOT NULL, id SERIAL PRIMARY KEY, access_token VARCHAR(2048) NOT NULL, user_id UUID NOT NULL UNIQUE"),
	flatLayout("flat, no key at all", "user_id UUID, access_token TEXT, refresh_token TEXT, expires_at INTEGER, metadata TEXT"),
	flatLayout("flat, owners as text", "id BIGSERIAL, user_id TEXT, access_token TEXT NOT NULL, refresh_token TEXT NOT NULL, expires_at DOUBLE PRECISION, metadata TEXT"),
	flatLayout("flat, ids thought up", "id UUID PRIMARY KEY, user_id CHAR(36) UNIQUE, access_token TEXT, refresh_token TEXT, expires_at NUMERIC, metadata JSONB"),
}

func init() {
	thought := &layouts[len(layouts)-1]
	insert := thought.insert
	thought.insert = func(n int, access, refresh string) string {
		return strings.NewReplacer("(user_id", "(id, user_id", "VALUES (", "VALUES (gen_random_uuid(), ").Replace(insert(n, access, refresh))
	}
}

// foreign opens a PostgreSQL that holds the layout's table with rows for these readers, and nothing of ours.
func foreign(t *testing.T, l layout, readers ...int) (s *store.Store, url string) {
	t.Helper()
	url = storetest.URL(t, storetest.Postgres)
	s = open(t, url)
	storetest.Exec(t, s, l.create)
	for _, n := range readers {
		storetest.Exec(t, s, l.insert(n, fmt.Sprintf("marked-access-%d", n), fmt.Sprintf("marked-refresh-%d", n)))
	}
	return s, url
}

// columnsOf returns the columns a table has, and whole what its rows hold in them, byte for byte.
func columnsOf(t *testing.T, s *store.Store, table string) []string {
	t.Helper()
	return storetest.Rows(t, s, "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '"+table+"'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
}

func wholeRows(t *testing.T, s *store.Store, table string, columns []string) []string {
	t.Helper()
	return storetest.Rows(t, s, "SELECT "+strings.Join(columns, "::text, ")+"::text FROM "+table+" ORDER BY 1, 2")
}

func eachLayout(t *testing.T, test func(t *testing.T, l layout)) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) { t.Parallel(); test(t, l) })
	}
}

func migrate(t *testing.T, s *store.Store) []string {
	t.Helper()
	applied, err := s.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

// TestAdoptsEveryLayout: rows and columns stay what they were, what would be added is told before, nothing is added
// twice, and the rows are grants at once.
func TestAdoptsEveryLayout(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		s, _ := foreign(t, l, 1, 2)
		columns := columnsOf(t, s, "gmail_token")
		before := wholeRows(t, s, "gmail_token", columns)
		pending, err := s.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(columns, columnsOf(t, s, "gmail_token")); diff != "" {
			t.Errorf("a dry run changed columns: %s", diff)
		}
		applied := migrate(t, s)
		if diff := cmp.Diff(pending, applied); diff != "" {
			t.Errorf("told before (-) and done (+):\n%s", diff)
		}
		if again := migrate(t, s); len(again) != 0 {
			t.Errorf("again: %q", again)
		}
		if diff := cmp.Diff(before, wholeRows(t, s, "gmail_token", columns)); diff != "" {
			t.Errorf("what was there before has changed:\n%s", diff)
		}
		if err := s.Probe(t.Context()); err != nil {
			t.Errorf("probe: %v", err)
		}
		for n := 1; n <= 2; n++ {
			c, err := s.Credential(t.Context(), benchReader(n))
			if err != nil {
				t.Fatal(err)
			}
			if c.AccessToken.Reveal() != fmt.Sprintf("marked-access-%d", n) || c.RefreshToken.Reveal() != fmt.Sprintf("marked-refresh-%d", n) ||
				c.Email != "haneul@gaon.example" || !c.State.Expiry.IsZero() {
				t.Errorf("reader %d: %+v, expiry %v", n, c, c.State.Expiry)
			}
		}
		for _, change := range applied {
			if !strings.HasSuffix(change, ".sql") && !strings.Contains(change, "ADD COLUMN") && !strings.Contains(change, "CREATE INDEX") {
				t.Errorf("this adds nothing: %s", change)
			}
		}
	})
}

// TestOthersGoOnBesideUs: other programs read what we refresh, their new rows work at once, and nothing of theirs is lost.
func TestOthersGoOnBesideUs(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		s, _ := foreign(t, l, 1)
		theirs := columnsOf(t, s, "gmail_token")
		migrate(t, s)
		storetest.Exec(t, s, l.insert(2, "their-access", "their-refresh"))
		kept := slices.DeleteFunc(slices.Clone(theirs), func(c string) bool {
			return slices.Contains([]string{"token_data", "scopes", "metadata", "expiry", "updated_at", "access_token", "expires_at"}, c)
		})
		before := wholeRows(t, s, "gmail_token", kept)
		hour := time.Now().Add(time.Hour)
		for n := 1; n <= 2; n++ {
			c, err := s.Credential(t.Context(), benchReader(n))
			if err != nil {
				t.Fatal(err)
			}
			fresh := briefing.Credential{AccessToken: briefing.NewSecret(fmt.Sprintf("fresh-%d", n)), State: briefing.CredentialState{Expiry: hour}}
			now, err := s.SaveRefreshed(t.Context(), c, fresh)
			if err != nil || !now.AccessToken.Equal(fresh.AccessToken) || !now.RefreshToken.Equal(c.RefreshToken) {
				t.Fatalf("refreshed: %v", err)
			}
		}
		want := []string{string(benchReader(1)) + "|fresh-1|marked-refresh-1", string(benchReader(2)) + "|fresh-2|their-refresh"}
		if diff := cmp.Diff(want, storetest.Rows(t, s, l.reads)); diff != "" {
			t.Errorf("what the other program reads:\n%s", diff)
		}
		if diff := cmp.Diff(before, wholeRows(t, s, "gmail_token", kept)); diff != "" {
			t.Errorf("columns that are others' alone:\n%s", diff)
		}
		for _, row := range storetest.Rows(t, s, "SELECT metadata::text FROM gmail_token") {
			if !strings.Contains(row, "marked") || !strings.Contains(row, "haneul@gaon.example") {
				t.Errorf("members of theirs are gone: %s", row)
			}
		}
		if slices.Contains(theirs, "expires_at") {
			for _, row := range storetest.Rows(t, s, "SELECT trunc(expires_at)::bigint FROM gmail_token") {
				if row != fmt.Sprint(hour.Unix()) {
					t.Errorf("expires_at is %s, not %d", row, hour.Unix())
				}
			}
		}
		grant := briefing.Credential{ReaderID: benchReader(3), AccessToken: briefing.NewSecret("new-access"), RefreshToken: briefing.NewSecret("new-refresh"), Email: "dana@gaon.example"}
		if err := s.SaveGrant(t.Context(), grant); err != nil {
			t.Fatal(err)
		}
		if rows := storetest.Rows(t, s, l.reads); len(rows) != 3 || rows[2] != string(benchReader(3))+"|new-access|new-refresh" {
			t.Errorf("a reader connected here: %q", rows)
		}
		all, err := s.Grants(t.Context(), "", 10)
		if err != nil || len(all) != 3 {
			t.Fatalf("%d grants: %v", len(all), err)
		}
		for _, g := range all {
			if g.Fault != nil || g.FlatChanged || g.PassedOver != 0 || !g.HasRefreshToken {
				t.Errorf("%+v", g)
			}
		}
		used, err := s.AccountInUse(t.Context(), "dana@gaon.example", "", benchReader(1))
		if err != nil || !used {
			t.Errorf("somebody else's account is not seen: %v", err)
		}
		if _, err := s.DeleteCredential(t.Context(), benchReader(3)); err != nil {
			t.Fatal(err)
		}
		if rows := storetest.Rows(t, s, l.reads); len(rows) != 2 {
			t.Errorf("after forgetting: %q", rows)
		}
	})
}

// TestEveryLayoutIsSealed: with a key no token of a row stays readable, in no column, and it goes on working; without
// other programs, which then find nothing in their columns.
func TestEveryLayoutIsSealed(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		plain, url := foreign(t, l, 1, 2)
		migrate(t, plain)
		admit(t, plain, 1, 2)
		s := with(t, url, storetest.Sealer(t))
		use(t, s)
		// One more: the install secret.
		if done, err := s.Reseal(t.Context(), store.Resealing{}); err != nil || done.Rows != 2+1 || done.Left+done.Unopened != 0 {
			t.Fatalf("sealed %+v, %v", done, err)
		}
		if done, err := s.Reseal(t.Context(), store.Resealing{}); err != nil || done != (store.Resealed{}) {
			t.Errorf("sealed again: %+v, %v", done, err)
		}
		readable := func() (found []string) {
			for _, secret := range []string{"marked-access", "marked-refresh", "marked-secret"} {
				found = append(found, storetest.Marked(storetest.Dump(t, s), secret)...)
			}
			return found
		}
		if found := readable(); len(found) > 0 {
			t.Errorf("readable in %q", found)
		}
		c, err := s.Credential(t.Context(), benchReader(2))
		if err != nil || c.RefreshToken.Reveal() != "marked-refresh-2" || c.AccessToken.Reveal() != "marked-access-2" {
			t.Fatalf("the grant: %+v, %v", c, err)
		}
		c.State.Expiry = time.Now().Add(time.Hour)
		if _, err := s.SaveRefreshed(t.Context(), c, c); err != nil {
			t.Fatal(err)
		}
		if found := readable(); len(found) > 0 {
			t.Errorf("readable once refreshed in %q", found)
		}
		if done, err := s.Unseal(t.Context(), store.Resealing{}); err != nil || done.Rows != 2+1 {
			t.Errorf("unsealed %+v, %v", done, err)
		}
		if c, err := plain.Credential(t.Context(), benchReader(1)); err != nil || c.RefreshToken.Reveal() != "marked-refresh-1" {
			t.Errorf("the grant, plain: %+v, %v", c, err)
		}
	})
}

// TestEveryLayoutIsShownAndErased: what is kept of a reader is shown without what opens anything, and goes whole.
func TestEveryLayoutIsShownAndErased(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		plain, url := foreign(t, l, 1, 2)
		migrate(t, plain)
		sealed := with(t, url, storetest.Sealer(t))
		use(t, sealed)
		r := briefing.Reader{ID: benchReader(1), Name: "haneul", SlackUserID: "U0HANEUL"}
		if _, err := plain.SaveReader(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*store.Store{plain, sealed} {
			if s == sealed {
				if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
					t.Fatal(err)
				}
			}
			held, err := s.Held(t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			all := fmt.Sprint(held)
			if !strings.Contains(all, "haneul@gaon.example") || strings.Contains(all, "marked-access") || strings.Contains(all, "marked-refresh") ||
				strings.Contains(all, "marked-secret") || strings.Contains(all, "1970-01") {
				t.Errorf("shown: %s", all)
			}
			used, err := s.AccountInUse(t.Context(), "haneul@gaon.example", "", r.ID)
			if err != nil || !used {
				t.Errorf("the other row of the account is not seen: %v", err)
			}
		}
		erased, err := sealed.Erase(t.Context(), r.ID, store.EraseAll)
		if err != nil || len(erased.Tables) < 2 {
			t.Fatalf("erased %+v, %v", erased, err)
		}
		if held, err := sealed.Held(t.Context(), r.ID); err != nil || len(held) != 0 {
			t.Errorf("left: %+v, %v", held, err)
		}
		if _, err := sealed.Credential(t.Context(), benchReader(2)); err != nil {
			t.Errorf("the other's grant: %v", err)
		}
	})
}

// TestFlatColumnsChangedAfterwards: another access token there is a refresh elsewhere and means nothing; another refresh
// token is told, and never overwritten, unless the reader has just consented here.
func TestFlatColumnsChangedAfterwards(t *testing.T) {
	l := layouts[3]
	s, _ := foreign(t, l, 1)
	migrate(t, s)
	refresh := func(access string) {
		t.Helper()
		c, err := s.Credential(t.Context(), benchReader(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret(access)}); err != nil {
			t.Fatal(err)
		}
	}
	changed := func() bool {
		t.Helper()
		all, err := s.Grants(t.Context(), "", 10)
		if err != nil || len(all) != 1 || all[0].Fault != nil {
			t.Fatalf("%+v: %v", all, err)
		}
		return all[0].FlatChanged
	}
	reads := func(want string) {
		t.Helper()
		if rows := storetest.Rows(t, s, "SELECT access_token, refresh_token, token_data->>'refresh_token' FROM gmail_token"); rows[0] != want {
			t.Errorf("the row is %q, want %q", rows[0], want)
		}
	}
	refresh("ours")
	storetest.Exec(t, s, "UPDATE gmail_token SET access_token = 'elsewhere', expires_at = expires_at + 3600")
	if changed() {
		t.Error("a refresh elsewhere is told as a change")
	}
	refresh("ours-2")
	reads("ours-2|marked-refresh-1|marked-refresh-1")
	storetest.Exec(t, s, "UPDATE gmail_token SET access_token = 'reconnected', refresh_token = 'their-new'")
	if !changed() {
		t.Error("a reconnection elsewhere is not told")
	}
	refresh("ours-3")
	reads("reconnected|their-new|marked-refresh-1")
	consent := briefing.Credential{ReaderID: benchReader(1), AccessToken: briefing.NewSecret("consented"), Email: "haneul@gaon.example"}
	if err := s.SaveGrant(t.Context(), consent); err != nil { // Google gave no new refresh token
		t.Fatal(err)
	}
	reads("reconnected|their-new|marked-refresh-1")
	consent.RefreshToken = briefing.NewSecret("newest")
	if err := s.SaveGrant(t.Context(), consent); err != nil {
		t.Fatal(err)
	}
	reads("consented|newest|newest")
	if changed() {
		t.Error("still told after a consent here")
	}
}

// TestSeveralRowsOfOneOwner: in a table without a unique key the newest counts, and the others stay as they are.
func TestSeveralRowsOfOneOwner(t *testing.T) {
	for _, l := range []layout{layouts[5], layouts[6]} {
		t.Run(l.name, func(t *testing.T) {
			s, _ := foreign(t, l, 1)
			storetest.Exec(t, s, strings.ReplaceAll(l.insert(1, "newer-access", "newer-refresh"), "1795197600", "1795201200"))
			storetest.Exec(t, s, l.insert(2, "a", "b"))
			migrate(t, s)
			c, err := s.Credential(t.Context(), benchReader(1))
			if err != nil || c.RefreshToken.Reveal() != "newer-refresh" {
				t.Fatalf("the one that counts: %v", err)
			}
			if _, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("fresh"), State: briefing.CredentialState{Expiry: time.Unix(1795204800, 0)}}); err != nil {
				t.Fatal(err)
			}
			want := []string{string(benchReader(1)) + "|fresh|newer-refresh", string(benchReader(1)) + "|marked-access-1|marked-refresh-1", string(benchReader(2)) + "|a|b"}
			if diff := cmp.Diff(want, storetest.Rows(t, s, l.reads+", 2")); diff != "" {
				t.Error(diff)
			}
			var listed []string
			var after briefing.ReaderID
			for {
				page, err := s.Grants(t.Context(), after, 1)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				after = page[0].Owner
				listed = append(listed, fmt.Sprintf("%s %d %v", after, page[0].PassedOver, page[0].Fault))
			}
			if diff := cmp.Diff([]string{string(benchReader(1)) + " 1 <nil>", string(benchReader(2)) + " 0 <nil>"}, listed); diff != "" {
				t.Error(diff)
			}
			if _, err := s.DeleteCredential(t.Context(), benchReader(1)); err != nil {
				t.Fatal(err)
			}
			if rows := storetest.Rows(t, s, l.reads); len(rows) != 1 {
				t.Errorf("forgotten is not forgotten: %q", rows)
			}
		})
	}
}

// TestWhichRowCounts: of several rows of one owner that with a refresh token counts before one without, one that can be read
// before one that cannot, and then the newest; but one that Google has refused makes room for another of its account. What
// Google answers is written onto none but that.
func TestWhichRowCounts(t *testing.T) {
	created := flatLayout("flat, no ids, but when they were made", "user_id UUID, access_token TEXT, refresh_token TEXT, expires_at TIMESTAMP, metadata TEXT, created_at TIMESTAMP DEFAULT clock_timestamp()")
	insert := created.insert
	created.insert = func(n int, access, refresh string) string {
		return strings.NewReplacer("1795197600", "'2026-11-20 09:00:00'").Replace(insert(n, access, refresh))
	}
	for _, l := range []layout{layouts[5], layouts[6], created} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s, _ := foreign(t, l, 1)
			later := 0
			add := func(access, refresh, set string) {
				t.Helper()
				later++
				storetest.Exec(t, s, strings.NewReplacer("1795197600", fmt.Sprint(1795197600+later), "09:00:00", fmt.Sprintf("09:00:%02d", later)).Replace(l.insert(1, access, refresh)))
				if set != "" {
					storetest.Exec(t, s, "UPDATE gmail_token SET "+set+" WHERE access_token = '"+access+"'")
				}
			}
			counts := func(want string) briefing.Credential {
				t.Helper()
				c, _ := s.Credential(t.Context(), benchReader(1))
				all, err := s.Grants(t.Context(), "", 10)
				if err != nil || len(all) != 1 || all[0].PassedOver != later || all[0].HasRefreshToken != !c.RefreshToken.IsZero() {
					t.Errorf("listed: %+v, %v", all, err)
				}
				if c.RefreshToken.Reveal() != want {
					t.Errorf("another counts than %s: %+v", want, c)
				}
				return c
			}
			migrate(t, s)
			add("a-1", "", "refresh_token = ''")
			counts("marked-refresh-1")
			add("a-2", "newer", "")
			counts("newer")
			add("a-3", "unread", "metadata = '[]'")
			c := counts("newer")
			if _, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("fresh"), State: briefing.CredentialState{Expiry: time.Unix(1795204800, 0)}}); err != nil {
				t.Fatal(err)
			}
			c = counts("newer")
			c.State.DeadSince = time.Unix(1795204800, 0)
			if err := s.SaveCredentialState(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			counts("marked-refresh-1")
			if rows := storetest.Rows(t, s, "SELECT access_token FROM gmail_token ORDER BY 1"); strings.Join(rows, " ") != "a-1 a-3 fresh marked-access-1" {
				t.Errorf("written onto %q", rows)
			}
			storetest.Exec(t, s, `UPDATE gmail_token SET metadata = '{"email":"other@gaon.example"}' WHERE access_token = 'marked-access-1'`)
			counts("newer") // the other account's is no stand-in for it
			consent := briefing.Credential{ReaderID: benchReader(1), AccessToken: briefing.NewSecret("b"), RefreshToken: briefing.NewSecret("consented"), Email: "haneul@gaon.example"}
			if err := s.SaveGrant(t.Context(), consent); err != nil {
				t.Fatal(err)
			}
			counts("consented")
		})
	}
}

// TestTokensThatDoNotFitAFlatColumn: a column of others that is too narrow is left as it is; the grant is not.
func TestTokensThatDoNotFitAFlatColumn(t *testing.T) {
	s, _ := foreign(t, flatLayout("narrow", "user_id UUID PRIMARY KEY, access_token VARCHAR(20) NOT NULL, refresh_token VARCHAR(20), expires_at BIGINT, metadata JSONB"), 1)
	migrate(t, s)
	long := briefing.NewSecret(strings.Repeat("가", 21))
	c, err := s.Credential(t.Context(), benchReader(1))
	if err != nil {
		t.Fatal(err)
	}
	if now, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: long}); err != nil || !now.AccessToken.Equal(long) {
		t.Fatal(err)
	}
	if err := s.SaveGrant(t.Context(), briefing.Credential{ReaderID: benchReader(2), AccessToken: long, RefreshToken: briefing.NewSecret("r")}); err != nil {
		t.Fatal(err)
	}
	want := []string{"marked-access-1|marked-refresh-1", "|r"}
	if diff := cmp.Diff(want, storetest.Rows(t, s, "SELECT access_token, refresh_token FROM gmail_token ORDER BY user_id")); diff != "" {
		t.Error(diff)
	}
}

// TestFormsOfOthers: scopes and instants are written in the form in which the table has them, wherever its server stands.
func TestFormsOfOthers(t *testing.T) {
	hour := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ scopes, expiry, found, then, scopesAfter, expiryAfter string }{
		"arrays and zones": {"TEXT[] NOT NULL", "TIMESTAMPTZ NOT NULL", "ARRAY['a', 'b']", "now()", "{a,b,c}", "2026-11-20 10:00:00+09"},
		"plain texts":      {"TEXT", "TEXT", "'a b'", "'yesterday'", "a b c", "2026-11-20 01:00:00.000000"},
		"seconds":          {"JSONB NOT NULL", "BIGINT NOT NULL", `'["a", "b"]'`, "0", `["a", "b", "c"]`, fmt.Sprint(hour.Unix())},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, storetest.URL(t, storetest.Postgres)+"&timezone=Asia/Seoul")
			storetest.Exec(t, s, fmt.Sprintf("CREATE TABLE gmail_token (user_id UUID UNIQUE, token_data JSON, oauth_config JSONB NOT NULL, scopes %s, expiry %s)", c.scopes, c.expiry))
			storetest.Exec(t, s, fmt.Sprintf("INSERT INTO gmail_token (user_id, token_data, oauth_config, scopes, expiry) VALUES ('%s', '{\"refresh_token\":\"r\"}', '{}', %s, %s)",
				benchReader(1), c.found, c.then))
			migrate(t, s)
			read, err := s.Credential(t.Context(), benchReader(1))
			if err != nil || !slices.Equal(read.Scopes, []string{"a", "b"}) {
				t.Fatalf("scopes %q: %v", read.Scopes, err)
			}
			fresh := briefing.Credential{AccessToken: briefing.NewSecret("x"), Scopes: []string{"a", "b", "c"}, State: briefing.CredentialState{Expiry: hour}}
			if _, err := s.SaveRefreshed(t.Context(), read, fresh); err != nil {
				t.Fatal(err)
			}
			if got := storetest.Rows(t, s, "SELECT scopes::text, expiry::text FROM gmail_token")[0]; got != c.scopesAfter+"|"+c.expiryAfter {
				t.Errorf("written as %s", got)
			}
			bare := briefing.Credential{ReaderID: benchReader(2), AccessToken: briefing.NewSecret("a"), RefreshToken: briefing.NewSecret("r")}
			if err := s.SaveGrant(t.Context(), bare); err != nil {
				t.Errorf("a grant of which little is known: %v", err)
			}
			if err := s.Probe(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFirstRowOfTwoPrograms: another program stores a person's first grant while ours is on its way. Ours was consented to
// last and stands, whatever the other one calls its key.
func TestFirstRowOfTwoPrograms(t *testing.T) {
	s, _ := foreign(t, layouts[3])
	migrate(t, s)
	tx, err := s.DB().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), layouts[3].insert(1, "theirs", "theirs")); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error, 1)
	go func() {
		saved <- s.SaveGrant(t.Context(), briefing.Credential{ReaderID: benchReader(1), AccessToken: briefing.NewSecret("ours"), RefreshToken: briefing.NewSecret("ours")})
	}()
	const waiting = "SELECT COUNT(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.query LIKE 'INSERT INTO gmail_token (token_data%'"
	for deadline := time.Now().Add(20 * time.Second); storetest.Rows(t, s, waiting)[0] == "0" && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-saved; err != nil {
		t.Fatal(err)
	}
	if rows := storetest.Rows(t, s, "SELECT refresh_token, token_data->>'refresh_token' FROM gmail_token"); len(rows) != 1 || rows[0] != "ours|ours" {
		t.Errorf("the row is %q", rows)
	}
}
