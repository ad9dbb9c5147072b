//go:build unix

package language_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/language"
)

// TestAlmanacOfAPipe: nobody waits for what nobody writes.
func TestAlmanacOfAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "achim-holidays.tsv")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 9)
	a := language.NewAlmanac(path, nil, func(err error) { told <- err })
	done := make(chan bool, 1)
	go func() { done <- a.On(briefing.Date{Year: 2026, Month: time.December, Day: 25}) }()
	select {
	case known := <-done:
		if err := <-told; !known || !strings.HasSuffix(err.Error(), "is no regular file") {
			t.Errorf("Christmas is known: %v; %v", known, err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a pipe")
	}
}
