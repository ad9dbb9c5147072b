package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"achim/briefing"
	"achim/internal/secret"
	"achim/store"
	"achim/store/storetest"
)

// mark stands in everything that must not be found.
const mark = "marked-0a1b2c"

// secretColumns are the columns in which what is secret stands, while there is no key.
var secretColumns = []string{
	"achim_consent.verifier", "achim_copy.items", "achim_copy_ahead.items", "achim_entry_body.content", "achim_entry_body.sections",
	"achim_outgoing.message", "achim_pending_grant.tokens", "achim_run_reader.text", "achim_seen.key", "gmail_token.oauth_config", "gmail_token.token_data",
}

// with opens the database with a sealer, nil for none.
func with(t *testing.T, url string, sealer *secret.Sealer) *store.Store {
	t.Helper()
	opts := store.Options{}
	if sealer != nil {
		opts.Sealer = sealer
	}
	return storetest.OpenURL(t, url, opts)
}

func newSealer(t *testing.T, made briefing.Secret, err error) *secret.Sealer {
	t.Helper()
	if err == nil {
		var s *secret.Sealer
		if s, err = secret.NewSealer(made.Reveal()); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

func rotated(t *testing.T, s *secret.Sealer) *secret.Sealer {
	made, err := s.Rotated()
	return newSealer(t, made, err)
}

func alone(t *testing.T, s *secret.Sealer) *secret.Sealer {
	made, err := s.PrimaryAlone()
	return newSealer(t, made, err)
}

func tell(t *testing.T, s *store.Store, n int) storetest.Told {
	t.Helper()
	told, err := storetest.Tell(t, s, n)
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func marked(t *testing.T, s *store.Store) []string {
	t.Helper()
	found := storetest.Marked(storetest.Dump(t, s), mark)
	slices.Sort(found)
	return found
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestNothingSecretInADump: of what is planted everywhere, nothing stands in any table. Without a key it stands in the
// columns known here: one that is new and forgotten is found.
func TestNothingSecretInADump(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		plain := with(t, url, nil)
		storetest.Plant(t, plain, 1, mark)
		same(t, "columns with something secret, plain", marked(t, plain), secretColumns)
	})
	each(t, func(t *testing.T, url string) {
		s := with(t, url, storetest.Sealer(t))
		storetest.Plant(t, s, 1, mark)
		same(t, "columns with something secret, sealed", marked(t, s), nil)
		row := storetest.Rows(t, s, "SELECT token_data, oauth_config FROM gmail_token")[0]
		for _, part := range []string{`"achim_sealed"`, `"token_type"`, `"Bearer"`, `"client.example"`, "oauth2.googleapis.com"} {
			if !strings.Contains(row, part) {
				t.Errorf("other programs find no %s in %s", part, row)
			}
		}
	})
}

// TestSealAndUnseal: an existing table is sealed, reads as before, and comes back as it was, to the byte.
func TestSealAndUnseal(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		plain, sealer := with(t, url, nil), storetest.Sealer(t)
		for n := range 3 {
			storetest.Plant(t, plain, n+1, mark)
		}
		for n, odd := range []string{`'["` + mark + `"]'`, `'"{\"access_token\":\"` + mark + `\"}"'`, `'{"z":1,  "access_token":"` + mark + `","a":null}'`} {
			storetest.Exec(t, plain, fmt.Sprintf("INSERT INTO gmail_token (user_id, token_data) VALUES ('%s', %s)", benchReader(90+n), odd))
			admit(t, plain, 90+n)
		}
		before, told := storetest.Dump(t, plain), tell(t, plain, 2)

		s := with(t, url, sealer)
		use(t, s)
		if swept, err := s.Swept(t.Context()); err != nil || swept {
			t.Errorf("swept before it began: %v, %v", swept, err)
		}
		done, err := s.Reseal(t.Context(), store.Resealing{})
		if err != nil || done.Rows != 6+8*3+1 || done.Left+done.Unopened != 0 {
			t.Errorf("sealed %+v, %v", done, err)
		}
		same(t, "columns with something secret", marked(t, s), nil)
		same(t, "what is read", tell(t, s, 2), told)
		if swept, err := s.Swept(t.Context()); err != nil || !swept {
			t.Errorf("not swept: %v", err)
		}
		if done, err := s.Reseal(t.Context(), store.Resealing{}); err != nil || done != (store.Resealed{}) {
			t.Errorf("sealed again: %+v, %v", done, err)
		}
		for _, c := range counts(t, s) {
			if c.Key != sealer.Keys()[0] || !c.Held {
				t.Errorf("after sealing: %+v", c)
			}
		}

		if done, err := s.Unseal(t.Context(), store.Resealing{}); err != nil || done.Rows != 6+8*3+1 {
			t.Errorf("unsealed %+v, %v", done, err)
		}
		after := storetest.Dump(t, plain)
		for _, dump := range []map[string][]string{before, after} {
			delete(dump, "achim_consent.used_at") // they were taken to be read
		}
		same(t, "everything, unsealed", after, before)
		use(t, plain)
		same(t, "what is read plain", tell(t, plain, 2), told)
	})
}

func use(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.UseKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func counts(t *testing.T, s *store.Store) []store.SealCount {
	t.Helper()
	all, _, err := s.Seals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// admit makes readers of the numbers.
func admit(t testing.TB, s *store.Store, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if _, err := s.SaveReader(t.Context(), briefing.Reader{ID: benchReader(n), Name: fmt.Sprintf("reader %d", n), SlackUserID: fmt.Sprintf("U%d", n)}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRotation: what the old key has sealed opens beside the new one, is sealed with that, and the old one can go.
func TestRotation(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		old := storetest.Sealer(t)
		both := rotated(t, old)
		fresh := alone(t, both)
		s := with(t, url, old)
		use(t, s)
		storetest.Plant(t, s, 1, mark)
		told := tell(t, s, 1)

		s = with(t, url, both)
		use(t, s)
		same(t, "with the old key beside the new", tell(t, s, 1), told)
		err := with(t, url, fresh).UseKeys(t.Context())
		if missing, ok := errors.AsType[*store.KeyError](err); !ok || len(missing.Missing) != 10 {
			t.Errorf("without the old key: %v", err)
		}
		if done, err := s.Reseal(t.Context(), store.Resealing{}); err != nil || done.Rows != 10 {
			t.Errorf("sealed again: %+v, %v", done, err)
		}
		for _, c := range counts(t, s) {
			if c.Key != both.Keys()[0] {
				t.Errorf("after sealing again: %+v", c)
			}
		}
		s = with(t, url, fresh)
		use(t, s)
		same(t, "with the new key alone", tell(t, s, 1), told)
		// Whoever goes back to the old one is told, and what the new one has sealed is seen as such.
		back := rotated(t, fresh)
		use(t, with(t, url, back))
		if swept, err := with(t, url, back).Swept(t.Context()); err != nil || swept {
			t.Errorf("swept: %v, %v", swept, err)
		}
	})
}

// TestKeysThatDoNotFit: the error says which rows need which key, and of whoever forgot a key that none needs any more
// nothing is wanted.
func TestKeysThatDoNotFit(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		right, wrong := storetest.Sealer(t), storetest.Sealer(t)
		s := with(t, url, right)
		use(t, s)
		for n := range 3 {
			storetest.Plant(t, s, n+1, mark)
		}
		const rows = "achim_consent: 3 rows, achim_copy: 3 rows, achim_copy_ahead: 3 rows, achim_entry_body: 3 rows, achim_install: 1 row, " +
			"achim_outgoing: 3 rows, achim_pending_grant: 3 rows, achim_run_reader: 3 rows, achim_seen: 3 rows, gmail_token: 3 rows need key "
		for _, c := range []struct {
			sealer *secret.Sealer
			begins string
		}{
			{nil, "ACHIM_ENCRYPTION_KEY is not set, and what is stored is sealed: "},
			{wrong, "ACHIM_ENCRYPTION_KEY holds " + wrong.Keys()[0] + ", and what is stored needs another key: "},
		} {
			err := with(t, url, c.sealer).UseKeys(t.Context())
			want := c.begins + rows + right.Keys()[0] + "; set the key that sealed them, or a keyset that holds it too (docs/security.md says what to do when it is lost)"
			if !errors.Is(err, store.ErrKeys) || err.Error() != want {
				t.Errorf("the error is\n%v\nwant\n%s", err, want)
			}
			_, err = storetest.Tell(t, with(t, url, c.sealer), 1)
			if !errors.Is(err, store.ErrSealed) || briefing.ReasonOf(err) != briefing.Malformed || !strings.Contains(err.Error(), right.Keys()[0]) {
				t.Errorf("reading all the same: %v", err)
			}
		}
		use(t, s)
		storetest.Exec(t, s, "UPDATE achim_seal_key SET proof = (SELECT message FROM achim_outgoing LIMIT 1)")
		if err := s.UseKeys(t.Context()); !errors.Is(err, store.ErrKeys) || !strings.Contains(err.Error(), "another key of the id "+right.Keys()[0]) {
			t.Errorf("another key of the same id: %v", err)
		}
		if _, err := s.Unseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
		storetest.Exec(t, s, "INSERT INTO achim_seal_key (id, proof, since) VALUES ('0BADCAFE', 'achim_sealed:0BADCAFE:AQutyv4=', 1)")
		use(t, with(t, url, wrong)) // which no row needs
		if left := storetest.Rows(t, s, "SELECT id FROM achim_seal_key"); !slices.Equal(left, wrong.Keys()) {
			t.Errorf("keys in use: %v, want %v", left, wrong.Keys())
		}
	})
}

// TestMovedDoesNotOpen: what is sealed opens in its own row and column only.
func TestMovedDoesNotOpen(t *testing.T) {
	moves := []struct{ table, set, row string }{
		{"gmail_token", "token_data = (SELECT token_data FROM gmail_token WHERE user_id = 'OTHER')", "user_id = 'READER'"},
		{"gmail_token", "oauth_config = (SELECT oauth_config FROM gmail_token WHERE user_id = 'OTHER')", "user_id = 'READER'"},
		{"gmail_token", "token_data = oauth_config", "user_id = 'READER'"},
		{"achim_consent", "verifier = (SELECT verifier FROM achim_consent WHERE reader_id = 'OTHER')", "reader_id = 'READER'"},
		{"achim_entry_body", "sections = (SELECT sections FROM achim_entry_body WHERE entry_id = (SELECT id FROM achim_entry WHERE reader_id = 'OTHER'))",
			"entry_id = (SELECT id FROM achim_entry WHERE reader_id = 'READER')"},
		{"achim_entry_body", "content = sections", "entry_id = (SELECT id FROM achim_entry WHERE reader_id = 'READER')"},
		{"achim_copy", "items = (SELECT items FROM achim_copy WHERE reader_id = 'OTHER')", "reader_id = 'READER'"},
		{"achim_copy", "date = '2026-11-21'", "reader_id = 'READER'"},
		{"achim_copy_ahead", "items = (SELECT items FROM achim_copy WHERE reader_id = 'READER')", "reader_id = 'READER'"},
		{"achim_seen", "key = (SELECT key FROM achim_seen WHERE reader_id = 'OTHER')", "reader_id = 'READER'"},
		{"achim_run_reader", "text = (SELECT text FROM achim_run_reader WHERE reader_id = 'OTHER' AND text IS NOT NULL)", "reader_id = 'READER' AND text IS NOT NULL"},
	}
	each(t, func(t *testing.T, url string) {
		s := with(t, url, storetest.Sealer(t))
		storetest.Plant(t, s, 1, mark)
		for i, move := range moves {
			n := i + 2
			storetest.Plant(t, s, n, mark)
			tell(t, s, n)
			names := strings.NewReplacer("READER", string(benchReader(n)), "OTHER", string(benchReader(1)))
			statement := names.Replace("UPDATE " + move.table + " SET " + move.set + " WHERE " + move.row)
			storetest.Exec(t, s, statement)
			_, err := storetest.Tell(t, s, n)
			if !errors.Is(err, store.ErrSealed) || briefing.ReasonOf(err) != briefing.Malformed || strings.Contains(err.Error(), mark) {
				t.Errorf("%s: %v", statement, err)
			}
		}
		tell(t, s, 1)
	})
}

// TestOutsiderBesideSealed: another program's plain row over a sealed one, or a member beside what is sealed, counts,
// and is sealed by the next write of ours.
func TestOutsiderBesideSealed(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := with(t, url, storetest.Sealer(t))
		use(t, s)
		id := benchReader(1)
		storetest.PlantGrant(t, s, 1, mark)
		beside := `json_set(token_data, '$.access_token', 'theirs', '$.extra', 7)`
		if !s.Exclusive() {
			beside = `token_data || '{"access_token":"theirs","extra":7}'`
		}
		storetest.Exec(t, s, "UPDATE gmail_token SET token_data = "+beside)
		c, err := s.Credential(t.Context(), id)
		if err != nil || c.AccessToken.Reveal() != "theirs" || c.RefreshToken.Reveal() != mark+" refresh 1" {
			t.Fatalf("a member beside what is sealed: %+v, %v", c, err)
		}
		for range 2 {
			if _, err := s.Reseal(t.Context(), store.Resealing{TokensOnly: true}); err != nil {
				t.Fatal(err)
			}
			if row := storetest.Rows(t, s, "SELECT token_data FROM gmail_token")[0]; strings.Contains(row, "theirs") || strings.Contains(row, "extra") {
				t.Errorf("sealed again: %s", row)
			}
		}
		c, err = s.Credential(t.Context(), id)
		if err != nil || c.AccessToken.Reveal() != "theirs" || c.RefreshToken.Reveal() != mark+" refresh 1" {
			t.Errorf("sealed again: %+v, %v", c, err)
		}

		storetest.Exec(t, s, `UPDATE gmail_token SET token_data = '{"access_token":"`+mark+` new","refresh_token":"another","kept":"`+mark+`"}'`)
		c, err = s.Credential(t.Context(), id)
		if err != nil || c.RefreshToken.Reveal() != "another" {
			t.Fatalf("a plain row over a sealed one: %+v, %v", c, err)
		}
		if _, err := s.SaveRefreshed(t.Context(), c, briefing.Credential{AccessToken: briefing.NewSecret("ours")}); err != nil {
			t.Fatal(err)
		}
		same(t, "columns with something secret", marked(t, s), nil)
		storetest.Bare(t, s)
		if row := storetest.Rows(t, s, "SELECT token_data FROM gmail_token")[0]; !strings.Contains(row, `"kept"`) || !strings.Contains(row, `"ours"`) {
			t.Errorf("theirs is lost: %s", row)
		}
	})
}

// TestResealLeavesToOthers: a row that somebody changes after it was read keeps what they wrote; an interrupted pass is
// taken up by the next.
func TestResealLeavesToOthers(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		plain := with(t, url, nil)
		for n := range 120 {
			storetest.Exec(t, plain, fmt.Sprintf(`INSERT INTO gmail_token (user_id, token_data) VALUES ('%s', '{"access_token":"%s"}')`, benchReader(n), mark))
			admit(t, plain, n)
		}
		s := with(t, url, storetest.Sealer(t))
		use(t, s)
		changed := false
		done, err := s.Reseal(t.Context(), store.Resealing{Progress: func(store.Resealed) {
			if !changed {
				storetest.Exec(t, plain, fmt.Sprintf(`UPDATE gmail_token SET token_data = '{"access_token":"theirs"}' WHERE user_id = '%s'`, benchReader(70)))
				storetest.Exec(t, plain, fmt.Sprintf(`DELETE FROM gmail_token WHERE user_id = '%s'`, benchReader(71)))
			}
			changed = true
		}})
		if err != nil || done.Rows != 118+1 || done.Left != 2 {
			t.Errorf("sealed %+v, %v", done, err)
		}
		c, err := s.Credential(t.Context(), benchReader(70))
		if err != nil || c.AccessToken.Reveal() != "theirs" {
			t.Errorf("theirs: %+v, %v", c, err)
		}
		if done, err := s.Reseal(t.Context(), store.Resealing{TokensOnly: true}); err != nil || done.Rows != 1 {
			t.Errorf("the next pass: %+v, %v", done, err)
		}
	})
}

// TestResealFromSeveralProcesses: they share the work, and nothing is lost or left.
func TestResealFromSeveralProcesses(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		plain, sealer := with(t, url, nil), storetest.Sealer(t)
		for n := range 10 {
			storetest.Plant(t, plain, n+1, mark)
		}
		told := tell(t, plain, 5)
		stores := []*store.Store{with(t, url, sealer), with(t, url, sealer), with(t, url, sealer)}
		var done sync.WaitGroup
		for i, s := range stores {
			done.Go(func() {
				if err := s.UseKeys(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := s.Reseal(t.Context(), store.Resealing{}); err != nil {
					t.Errorf("process %d: %v", i, err)
				}
			})
		}
		done.Wait()
		same(t, "columns with something secret", marked(t, plain), nil)
		same(t, "what is read", tell(t, stores[0], 5), told)
	})
}

// TestResealReportsWhatDoesNotOpen: such rows stay as they are, are counted, and their key stays wanted.
func TestResealReportsWhatDoesNotOpen(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		lost, sealer := storetest.Sealer(t), storetest.Sealer(t)
		s := with(t, url, lost)
		use(t, s)
		storetest.Plant(t, s, 1, mark)
		s = with(t, url, sealer)
		done, err := s.Reseal(t.Context(), store.Resealing{})
		if err != nil || done.Rows != 0 || done.Unopened != 12 {
			t.Errorf("sealed %+v, %v", done, err)
		}
		if err := s.UseKeys(t.Context()); !errors.Is(err, store.ErrKeys) {
			t.Errorf("the lost key is not missed: %v", err)
		}
		held := 0
		for _, c := range counts(t, s) {
			if c.Held {
				held++
			}
		}
		if held != 0 {
			t.Errorf("%d tables can be opened", held)
		}
		storetest.Exec(t, s, `UPDATE gmail_token SET token_data = '{"achim_sealed":"garbage"}', oauth_config = NULL`)
		if i := slices.IndexFunc(counts(t, s), func(c store.SealCount) bool { return c.Table == "gmail_token" && c.Key == store.NoKey && c.Rows == 1 }); i < 0 {
			t.Errorf("garbage is not counted: %+v", counts(t, s))
		}
	})
}

// TestWhatLooksSealedIsText: other people's texts that begin like ours are texts, with a key and without.
func TestWhatLooksSealedIsText(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		for _, trick := range []string{"achim_sealed:", "achim_sealed:00000000:AQAAAAAA", "achim_plain:", "achim_plain:achim_sealed:x"} {
			for _, sealer := range []*secret.Sealer{nil, storetest.Sealer(t)} {
				s := with(t, url, sealer)
				run := briefing.Run{ID: briefing.RunID(briefing.NewID()), Kind: briefing.RunManual, StartedAt: time.Unix(1, 0), Readers: []briefing.RunReader{{Reader: benchReader(1), Text: trick}}}
				if err := s.Trigger(t.Context(), run, nil); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					got, err := s.Run(t.Context(), run.ID)
					if err != nil || got.Readers[0].Text != trick {
						t.Errorf("%q comes back as %+v, %v", trick, got.Readers, err)
					}
					storetest.Bare(t, s)
				}
			}
			storetest.Exec(t, with(t, url, nil), "DELETE FROM achim_run_reader")
		}
	})
}

// FuzzTokenData: whatever another program puts into token_data, reading it says what is wrong and repeats nothing.
func FuzzTokenData(f *testing.F) {
	sealer := storetest.Sealer(f)
	s := storetest.OpenURL(f, storetest.URL(f, storetest.SQLite), store.Options{Sealer: sealer})
	admit(f, s, 1)
	sealed, err := sealer.Seal("gmail_token.token_data\x00"+string(benchReader(1)), `{"access_token":"a"}`)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		`{"achim_sealed":"` + sealed + `","token_type":"Bearer"}`, `{"achim_sealed":"` + sealed + `","access_token":5}`, `{"achim_sealed":5}`,
		`{"achim_sealed":"AQAAAAAA"}`, `{"achim_sealed":null}`, `"{\"achim_sealed\":\"x\"}"`, `[]`, `nothing`, ``, `{"access_token":"` + mark + `"`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.DB().ExecContext(t.Context(), "INSERT INTO gmail_token (user_id, token_data) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET token_data = excluded.token_data",
			string(benchReader(1)), text); err != nil {
			t.Skip("the database does not take it")
		}
		_, err := s.Credential(t.Context(), benchReader(1))
		if err != nil && (briefing.ReasonOf(err) != briefing.Malformed || len(text) > 8 && strings.Contains(err.Error(), text)) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := s.Reseal(t.Context(), store.Resealing{TokensOnly: true}); err != nil {
			t.Errorf("%q cannot be sealed: %v", text, err)
		}
		if _, _, err := s.Seals(t.Context()); err != nil {
			t.Errorf("%q cannot be counted: %v", text, err)
		}
	})
}
