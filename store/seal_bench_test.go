package store_test

import (
	"fmt"
	"testing"

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

func uuidType(s *store.Store) string {
	if s.Exclusive() {
		return "TEXT"
	}
	return "UUID"
}
