package store_test

import (
	"os"
	"slices"
	"testing"

	"achim/store"
	"achim/store/storetest"
)

// TestLookingMakesNothing: what doctor asks of a SQLite file makes no file and takes no lock away.
func TestLookingMakesNothing(t *testing.T) {
	url := storetest.URL(t, storetest.SQLite)
	path := store.File(url)
	if "sqlite:"+path != url || store.File("postgres://u:p@h/d") != "" || store.File("sqlite:") != "" {
		t.Errorf("the file of %s is %q", url, path)
	}
	if open, err := store.OpenToOthers(path); err != nil || len(open) > 0 {
		t.Errorf("a file that is not there: %q, %v", open, err)
	}
	s := storetest.OpenURL(t, url, store.Options{})
	runs := func(want bool) {
		t.Helper()
		if got, err := s.EngineRuns(); err != nil || got != want {
			t.Errorf("engine runs: %v, %v", got, err)
		}
	}
	runs(false)
	if _, err := os.Stat(path + ".engine"); err == nil {
		t.Error("looking has made the lock file")
	}
	for range 2 {
		release, err := s.LockEngine()
		if err != nil {
			t.Fatal(err)
		}
		runs(true)
		release()
		runs(false)
	}
	if open, err := store.OpenToOthers(path); err != nil || len(open) > 0 {
		t.Errorf("a file of our own making is open to others: %q, %v", open, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if open, err := store.OpenToOthers(path); err != nil || !slices.Equal(open, []string{path}) {
		t.Errorf("%q, %v", open, err)
	}
}
