package store_test

import (
	"fmt"
	"strings"
	"testing"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

func eachSealedBench(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		b.Run(string(d), func(b *testing.B) {
			bench(b, storetest.OpenURL(b, storetest.URL(b, d), store.Options{Sealer: storetest.Sealer(b)}))
		})
	}
}

// BenchmarkSealedBriefing is BenchmarkBriefing with a key.
func BenchmarkSealedBriefing(b *testing.B) { benchBriefing(b, eachSealedBench) }

// BenchmarkUseKeys100k is what the look at the keys costs a start, with 100,000 rows of gmail_token.
func BenchmarkUseKeys100k(b *testing.B) {
	eachSealedBench(b, func(b *testing.B, s *store.Store) {
		sealed, err := storetest.Sealer(b).Seal("", fmt.Sprintf("%0400d", 1))
		ok(b, err)
		storetest.Exec(b, s, "INSERT INTO gmail_token (user_id, token_data) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "+
			"SELECT CAST('00000000-0000-4000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2) AS "+uuidType(s)+`), '{"achim_sealed":"`+sealed+`","token_type":"Bearer"}' FROM n`)
		for b.Loop() {
			_ = s.UseKeys(b.Context()) // which misses the key
		}
	})
}

// BenchmarkGrants100k is what the keeper's survey costs every ten minutes, with 100,000 rows of gmail_token that are
// sealed, as ours are.
func BenchmarkGrants100k(b *testing.B) {
	for _, d := range []storetest.Dialect{storetest.SQLite, storetest.Postgres} {
		b.Run(string(d), func(b *testing.B) {
			sealer := storetest.Sealer(b)
			s := storetest.OpenURL(b, storetest.URL(b, d), store.Options{Sealer: sealer})
			const rows, page = 100_000, 1000
			for from := 0; from < rows; from += page {
				values := make([]string, page)
				for i := range values {
					id := string(benchReader(from + i))
					sealed, err := sealer.Seal("gmail_token.token_data\x00"+id, fmt.Sprintf(`{"access_token":"%0200d","refresh_token":"%0100d","token_type":"Bearer"}`, i, from+i))
					ok(b, err)
					values[i] = fmt.Sprintf(`('%s', '{"achim_sealed":"%s","token_type":"Bearer"}', '["openid"]', '{"email":"r%d@gaon.example"}')`, id, sealed, from+i)
				}
				storetest.Exec(b, s, "INSERT INTO gmail_token (user_id, token_data, scopes, metadata) VALUES "+strings.Join(values, ", "))
			}
			b.ReportAllocs()
			for b.Loop() {
				read := 0
				for grants, err := range briefing.GrantPages(b.Context(), s) {
					ok(b, err)
					read += len(grants)
				}
				if read != rows {
					b.Fatal(read)
				}
			}
		})
	}
}

func uuidType(s *store.Store) string {
	if s.Exclusive() {
		return "TEXT"
	}
	return "UUID"
}
