package store_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"achim/briefing"
	"achim/store"
	"achim/store/storetest"
)

// traces are pieces of everything that a dump holds, long enough to be of one row alone.
func traces(dump map[string][]string) map[string]string {
	const long = 24
	found := map[string]string{}
	for column, rows := range dump {
		for _, row := range rows {
			if len(row) < long+2 || strings.HasPrefix(column, "sqlite_") || strings.HasPrefix(column, "achim_goose") {
				continue
			}
			for _, at := range []int{1, len(row) / 2, len(row) - long - 1} { // a long text lies on several pages
				found[row[min(at, len(row)-long-1):][:long]] = column
			}
		}
	}
	return found
}

// wantNoTrace looks through the bytes of a SQLite database, and of the log beside it, for what a dump held before and
// holds no longer.
func wantNoTrace(t *testing.T, s *store.Store, url string, before map[string][]string) {
	t.Helper()
	var all strings.Builder
	for _, rows := range storetest.Dump(t, s) {
		all.WriteString(strings.Join(rows, "\n") + "\n")
	}
	var raw []byte
	for _, suffix := range []string{"", "-wal", "-journal"} {
		part, err := os.ReadFile(store.File(url) + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		raw = append(raw, part...)
	}
	gone, left := 0, map[string]int{}
	for trace, column := range traces(before) {
		if strings.Contains(all.String(), trace) {
			continue
		}
		gone++
		if bytes.Contains(raw, []byte(trace)) {
			left[column]++
		}
	}
	if gone == 0 || len(left) > 0 {
		t.Errorf("of %d pieces of what is gone there stand in the files still: %v", gone, left)
	}
}

// planted opens a SQLite file with something of everything in it, of many readers whose names and tokens are their own.
func planted(t *testing.T, opts store.Options) (s *store.Store, url string, readers []briefing.Reader) {
	t.Helper()
	url = storetest.URL(t, storetest.SQLite)
	s = storetest.OpenURL(t, url, opts)
	for n := range 12 {
		storetest.Plant(t, s, n+1, fmt.Sprintf("%s-%d-%s", mark, n, strings.Repeat(fmt.Sprint(n, "-"), 20+97*n)))
	}
	readers, err := s.Readers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range readers {
		r.Name = fmt.Sprintf("%s name of number %d", mark, i)
		if readers[i], err = s.SaveReader(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	return s, url, readers
}

// TestNothingErasedStaysInTheFile: what was erased, forgotten or sealed is not in the SQLite file's free pages either, nor in
// the log beside it.
func TestNothingErasedStaysInTheFile(t *testing.T) {
	for name, opts := range map[string]store.Options{"plain": {}, "sealed": {Sealer: storetest.Sealer(t)}} {
		t.Run("erase "+name, func(t *testing.T) {
			s, url, readers := planted(t, opts)
			before := storetest.Dump(t, s)
			for i, r := range readers {
				if i%3 == 0 {
					continue
				}
				if _, err := s.Erase(t.Context(), r.ID, store.EraseAll); err != nil {
					t.Fatal(err)
				}
			}
			wantNoTrace(t, s, url, before)
		})
		t.Run("disconnect "+name, func(t *testing.T) {
			s, url, readers := planted(t, opts)
			before := storetest.Dump(t, s)
			for _, r := range readers[3:] {
				if _, err := s.DeleteCredential(t.Context(), r.ID); err != nil {
					t.Fatal(err)
				}
			}
			wantNoTrace(t, s, url, before)
		})
		t.Run("retention "+name, func(t *testing.T) {
			s, url, _ := planted(t, opts)
			before := storetest.Dump(t, s)
			later := briefing.Date{Year: 2030, Month: 1, Day: 1}
			if _, err := s.Expire(t.Context(), later, later); err != nil {
				t.Fatal(err)
			}
			wantNoTrace(t, s, url, before)
		})
	}
	t.Run("seal", func(t *testing.T) {
		s, url, _ := planted(t, store.Options{})
		before := storetest.Dump(t, s)
		sealed := storetest.OpenURL(t, url, store.Options{Sealer: storetest.Sealer(t)})
		if _, err := sealed.Reseal(t.Context(), store.Resealing{}); err != nil {
			t.Fatal(err)
		}
		wantNoTrace(t, sealed, url, before)
	})
}
