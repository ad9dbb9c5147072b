package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

// TestUnsealedFlatColumnsAreBack: whoever leaves sealing behind, or goes back to the programs of before, finds the tokens
// where these read them.
func TestUnsealedFlatColumnsAreBack(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		plain, url := foreign(t, l, 1, 2)
		migrate(t, plain)
		admit(t, plain, 1, 2)
		before := storetest.Rows(t, plain, l.reads)
		s := with(t, url, storetest.Sealer(t))
		use(t, s)
		if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Unseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
		same(t, "what the other program reads", storetest.Rows(t, s, l.reads), before)
	})
}

// TestSealingLosesNoToken: a row whose token_data holds no token is read from its flat columns, whatever else stands in
// token_data, and sealing takes the tokens along; what it cannot take along stays.
func TestSealingLosesNoToken(t *testing.T) {
	for _, tokenData := range []string{`NULL`, `'null'`, `'{}'`, `'"{}"'`, `'{"token_type":"Bearer"}'`, `'{"access_token":null,"refresh_token":""}'`, `'{"access_token":"theirs"}'`} {
		t.Run(tokenData, func(t *testing.T) {
			t.Parallel()
			plain, url := foreign(t, layouts[3], 1)
			migrate(t, plain)
			admit(t, plain, 1)
			storetest.Exec(t, plain, "UPDATE gmail_token SET token_data = "+tokenData)
			s := with(t, url, storetest.Sealer(t))
			use(t, s)
			for _, when := range []string{"before", "after"} {
				c, err := s.Credential(t.Context(), benchReader(1))
				if err != nil || c.RefreshToken.Reveal() != "marked-refresh-1" || c.AccessToken.Reveal() != "marked-access-1" {
					t.Errorf("%s sealing: refresh token %t, access token %t, %v", when, !c.RefreshToken.IsZero(), !c.AccessToken.IsZero(), err)
				}
				if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
					t.Fatal(err)
				}
			}
			if found := storetest.Marked(storetest.Dump(t, s), "marked-refresh"); len(found) > 0 {
				t.Errorf("readable in %q", found)
			}
		})
	}
	for tokenData, staying := range map[string]store.Staying{`'["theirs"]'`: {FlatUnread: 1}, `'{"access_token":"a","refresh_token":"theirs"}'`: {FlatChanged: 1}, `'{"achim_sealed":"garbage"}'`: {FlatUnread: 1}} {
		t.Run(tokenData, func(t *testing.T) {
			t.Parallel()
			plain, url := foreign(t, layouts[3], 1)
			migrate(t, plain)
			admit(t, plain, 1)
			storetest.Exec(t, plain, "UPDATE gmail_token SET token_data = "+tokenData)
			s := with(t, url, storetest.Sealer(t))
			for range 2 {
				done, err := s.Reseal(t.Context(), store.Resealing{})
				if err != nil {
					t.Fatal(err)
				}
				same(t, "what stays plain", done.Staying, staying)
			}
			same(t, "what is counted", stayPlain(t, s), staying)
			same(t, "the refresh token, which stands nowhere else", storetest.Rows(t, s, "SELECT refresh_token FROM gmail_token"), []string{"marked-refresh-1"})
		})
	}
}

func stayPlain(t *testing.T, s *store.Store) store.Staying {
	t.Helper()
	_, staying, err := s.Seals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return staying
}

// TestEveryRowOfAReaderIsSealed: what is passed over, or cannot be read in what is no secret, is sealed like any other row,
// sealed again with a new key, and unsealed.
func TestEveryRowOfAReaderIsSealed(t *testing.T) {
	plain, url := foreign(t, layouts[6], 1, 2)
	storetest.Exec(t, plain, layouts[6].insert(1, "marked-access-newer", "marked-refresh-newer"))
	storetest.Exec(t, plain, layouts[6].insert(1, "marked-access-newest", "marked-refresh-newest"))
	storetest.Exec(t, plain, "INSERT INTO gmail_token (user_id, access_token, refresh_token, metadata) VALUES "+
		"('"+strings.ToUpper(string(benchReader(3)))+"', 'marked-access', 'marked-refresh', 'no JSON')")
	migrate(t, plain)
	admit(t, plain, 1, 2, 3)
	before := storetest.Rows(t, plain, layouts[6].reads+", 2, 3")
	old := storetest.Sealer(t)
	both := rotated(t, old)
	s := with(t, url, old)
	use(t, s)
	if i := slices.IndexFunc(counts(t, s), func(c store.SealCount) bool { return c.Table == "gmail_token" && c.Key == "" && c.Rows == 5 }); i < 0 {
		t.Errorf("tokens in flat columns alone are not counted as plain: %+v", counts(t, s))
	}
	if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
		t.Fatal(err)
	}
	same(t, "readable in", storetest.Marked(storetest.Dump(t, s), "marked-"), nil)

	s = with(t, url, both)
	use(t, s)
	if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range counts(t, s) {
		if c.Key != both.Keys()[0] || c.Table == "gmail_token" && c.Rows != 5 {
			t.Errorf("after a new key: %+v", c)
		}
	}
	s = with(t, url, alone(t, both))
	use(t, s) // which looks at every row
	c, err := s.Credential(t.Context(), benchReader(1))
	if err != nil || c.RefreshToken.Reveal() != "marked-refresh-newest" {
		t.Errorf("the one that counts: %v", err)
	}
	if _, err := s.Unseal(t.Context(), store.Resealing{}); err != nil {
		t.Fatal(err)
	}
	same(t, "what the other program reads", storetest.Rows(t, s, layouts[6].reads+", 2, 3"), before)
}

// TestRowsWithoutAReaderStayPlain: other programs go on reading theirs, which are counted by the reason; the row of one who
// becomes a reader is sealed by the next pass, and stays sealed, with every new key too, when they are none any more.
func TestRowsWithoutAReaderStayPlain(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		plain, url := foreign(t, l, 1, 2, 3)
		want := store.Staying{NoReader: 2}
		if strings.Contains(l.create, "user_id TEXT") {
			for owner, count := range map[string]*int64{"haneul": &want.StrangeOwner, "": &want.NoOwner} {
				storetest.Exec(t, plain, strings.Replace(l.insert(4, "marked-access-4", "marked-refresh-4"), string(benchReader(4)), owner, 1))
				*count = 1
			}
		}
		migrate(t, plain)
		admit(t, plain, 1)
		theirs := strings.Replace(l.reads, "FROM gmail_token", "FROM gmail_token WHERE lower(user_id::text) <> '"+string(benchReader(1))+"'", 1)
		before := storetest.Rows(t, plain, theirs)
		old := storetest.Sealer(t)
		s := with(t, url, old)
		use(t, s)
		for range 2 {
			done, err := s.Reseal(t.Context(), store.Resealing{})
			if err != nil {
				t.Fatal(err)
			}
			same(t, "what stays plain", done.Staying, want)
			same(t, "what the other program reads", storetest.Rows(t, plain, theirs), before)
			same(t, "what is counted", stayPlain(t, s), want)
		}
		for _, c := range counts(t, s) {
			if c.Key == "" || (c.Table == "gmail_token" && c.Rows != 1) {
				t.Errorf("counted %+v", c)
			}
		}

		admit(t, plain, 2)
		want.NoReader--
		done, err := s.Reseal(t.Context(), store.Resealing{TokensOnly: true})
		if err != nil || done.Rows != 1 || done.Staying != want {
			t.Errorf("once they are a reader: %+v, %v", done, err)
		}
		for n := 1; n <= 2; n++ {
			if err := s.DeleteReader(t.Context(), benchReader(n)); err != nil {
				t.Fatal(err)
			}
		}
		both := rotated(t, old)
		s = with(t, url, both)
		use(t, s)
		if done, err := s.Reseal(t.Context(), store.Resealing{TokensOnly: true}); err != nil || done.Rows != 2 || done.Staying != want {
			t.Errorf("with a new key, once they are none: %+v, %v", done, err)
		}
		if _, err := s.Unseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
		same(t, "what the other program reads, unsealed", storetest.Rows(t, plain, theirs), before)
	})
}

// TestSealedTokensAreSaidToHaveEnded: where a pass empties the flat columns of a row, its flat expires_at says, as after a
// write of ours, that there is no token that could be used; unless it is what tells which of several rows counts.
func TestSealedTokensAreSaidToHaveEnded(t *testing.T) {
	eachLayout(t, func(t *testing.T, l layout) {
		if !strings.Contains(l.create, "expires_at") {
			return
		}
		plain, url := foreign(t, l, 1)
		ahead := fmt.Sprint(time.Now().Add(time.Hour).Unix())
		storetest.Exec(t, plain, "UPDATE gmail_token SET expires_at = "+ahead)
		migrate(t, plain)
		admit(t, plain, 1)
		s := with(t, url, storetest.Sealer(t))
		use(t, s)
		if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
		sole := strings.Contains(l.create, "user_id UUID PRIMARY KEY") || strings.Contains(l.create, "user_id UUID NOT NULL UNIQUE")
		const ends = "SELECT expires_at::bigint > extract(epoch FROM now()) FROM gmail_token"
		same(t, "expires_at ahead", storetest.Rows(t, s, ends), []string{fmt.Sprint(!sole)})
		if done, err := s.Reseal(t.Context(), store.Resealing{TokensOnly: true}); err != nil || done.Rows != 0 {
			t.Errorf("again: %+v, %v", done, err)
		}
	})
}

// TestWritersOfRowsWithoutAKey: in a table in which rows are found by where they stand, which moves with every write,
// nobody who writes at the same time loses the row or what another wrote.
func TestWritersOfRowsWithoutAKey(t *testing.T) {
	for _, l := range []layout{layouts[5], layouts[6]} {
		t.Run(l.name, func(t *testing.T) {
			plain, url := foreign(t, l, 1, 2)
			migrate(t, plain)
			sealer := storetest.Sealer(t)
			var writers sync.WaitGroup
			for n := range 4 {
				s := with(t, url, sealer)
				writers.Go(func() {
					for i := range 15 {
						c, err := s.Credential(t.Context(), benchReader(1))
						if err == nil {
							_, err = s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret(fmt.Sprintf("fresh-%d-%d", n, i)),
								State: briefing.CredentialState{Expiry: time.Now().Add(time.Hour)}})
						}
						if err != nil {
							t.Error(err)
						}
						if _, err := s.Reseal(t.Context(), store.Resealing{TokensOnly: true}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for i := range 30 {
				storetest.Exec(t, plain, fmt.Sprintf("UPDATE gmail_token SET access_token = 'theirs-%d' WHERE lower(user_id::text) = '%s'", i, benchReader(1)))
			}
			writers.Wait()
			for n, want := range map[int]string{1: "marked-refresh-1", 2: "marked-refresh-2"} {
				c, err := with(t, url, sealer).Credential(t.Context(), benchReader(n))
				if err != nil || c.RefreshToken.Reveal() != want {
					t.Errorf("reader %d: %v", n, err)
				}
			}
			if diff := cmp.Diff([]string{"2"}, storetest.Rows(t, plain, "SELECT COUNT(*) FROM gmail_token")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNothingIsMadeOfNothing: a client that another program keeps as an empty object is one after a refresh of ours.
func TestNothingIsMadeOfNothing(t *testing.T) {
	s, _ := foreign(t, layouts[0], 1)
	storetest.Exec(t, s, "UPDATE gmail_token SET oauth_config = '{}'")
	migrate(t, s)
	c, err := s.Credential(t.Context(), benchReader(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("fresh")}); err != nil {
		t.Fatal(err)
	}
	same(t, "oauth_config", storetest.Rows(t, s, "SELECT oauth_config FROM gmail_token"), []string{"{}"})
}

// TestRowsThatStandAlike: in a table of parts, rows of different owners stand in the same place of their parts. Each is
// written alone.
func TestRowsThatStandAlike(t *testing.T) {
	url := storetest.URL(t, storetest.Postgres)
	plain := open(t, url)
	for _, statement := range []string{
		"CREATE TABLE gmail_token (user_id UUID, token_data JSONB, part INT DEFAULT 1) PARTITION BY LIST (part)",
		"CREATE TABLE part_1 PARTITION OF gmail_token FOR VALUES IN (1)", "CREATE TABLE part_2 PARTITION OF gmail_token FOR VALUES IN (2)",
	} {
		storetest.Exec(t, plain, statement)
	}
	for n := 1; n <= 2; n++ {
		storetest.Exec(t, plain, fmt.Sprintf(`INSERT INTO gmail_token VALUES ('%s', '{"refresh_token":"marked-refresh-%d"}', %[2]d)`, benchReader(n), n))
	}
	migrate(t, plain)
	s := with(t, url, storetest.Sealer(t))
	use(t, s)
	for n := 1; n <= 2; n++ {
		c, err := s.Credential(t.Context(), benchReader(n))
		if err != nil || c.RefreshToken.Reveal() != fmt.Sprintf("marked-refresh-%d", n) {
			t.Fatalf("reader %d: %v", n, err)
		}
		if _, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("fresh")}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhichRowCountsStays: in a table whose rows are told apart by when they expire, a refresh of ours does not let another
// row of the same owner count.
func TestWhichRowCountsStays(t *testing.T) {
	plain, url := foreign(t, layouts[5])
	for n, refresh := range []string{"older", "newer"} {
		storetest.Exec(t, plain, strings.ReplaceAll(layouts[5].insert(1, "access", refresh), "1795197600", fmt.Sprint(time.Now().Add(time.Duration(n+1)*time.Hour).Unix())))
	}
	migrate(t, plain)
	s := with(t, url, storetest.Sealer(t))
	use(t, s)
	for range 2 {
		c, err := s.Credential(t.Context(), benchReader(1))
		if err != nil || c.RefreshToken.Reveal() != "newer" {
			t.Fatalf("another row counts, or none: %v", err)
		}
		fresh := briefing.Credential{AccessToken: briefing.NewSecret("fresh"), State: briefing.CredentialState{Expiry: time.Now().Add(time.Hour)}}
		if _, err := s.SaveRefreshed(t.Context(), c, fresh); err != nil {
			t.Fatal(err)
		}
	}
}
