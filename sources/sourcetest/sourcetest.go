// Package sourcetest is what every source must hold to, as a test: empty is told apart from unknown,
// failures carry a reason and no secret, a caller that leaves is let go, and many may ask at once.
//
//	func TestConformance(t *testing.T) {
//		sourcetest.Run(t, func(t *testing.T) sourcetest.Rig { … })
//	}
package sourcetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"achim/briefing"
)

// patience is how long a source may take to notice that its caller has left.
const patience = 2 * time.Second

// Rig is a source with something to read behind it. The functions change what is behind it and may be
// called in any order; a rig is used by one test at a time.
type Rig struct {
	Source  briefing.Source
	Request briefing.Request
	Secrets []string // must appear in no error text
	Wants   int      // items counted in the request's window as the rig comes

	Empty  func() // takes everything there is to read away
	Refuse func() // has the other side fail with a server error
	Babble func() // has it answer with something that cannot be read, and status 200
	Hang   func() // has it not answer
	Cut    func() // has it drop the connection
}

// Run holds a source to its contract. setup makes a fresh rig, which it cleans up through t.
func Run(t *testing.T, setup func(t *testing.T) Rig) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Rig){
		"reads in full":         readsInFull,
		"empty is read":         emptyIsRead,
		"keeps its ids":         keepsItsIDs,
		"changes no request":    changesNoRequest,
		"is safe for many":      isSafeForMany,
		"lets a caller go":      letsACallerGo,
		"keeps to a deadline":   keepsToADeadline,
		"refusal has a reason":  func(t *testing.T, r Rig) { failsWith(t, r, r.Refuse, briefing.Unavailable) },
		"garbage is no reading": func(t *testing.T, r Rig) { failsWith(t, r, r.Babble, briefing.Malformed) },
		"a cut is no reading":   func(t *testing.T, r Rig) { failsWith(t, r, r.Cut, briefing.Unavailable) },
	} {
		t.Run(name, func(t *testing.T) { test(t, setup(t)) })
	}
}

func readsInFull(t *testing.T, r Rig) {
	s, err := r.Source.Fetch(t.Context(), r.Request)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	wellFormed(t, r, s)
	if s.Total() != r.Wants {
		t.Errorf("counted %d items, want %d", s.Total(), r.Wants)
	}
}

// wellFormed checks what holds for every section.
func wellFormed(t *testing.T, r Rig, s briefing.Section) {
	t.Helper()
	if s.Source != r.Source.Name() || s.Provider != r.Source.Provider() {
		t.Errorf("section of %s by %s, want %s by %s", s.Source, s.Provider, r.Source.Name(), r.Source.Provider())
	}
	if s.ReadAt.IsZero() {
		t.Error("the section does not say when it was read")
	}
	if len(s.Items) > s.Total() {
		t.Errorf("%d items, of which %d are counted", len(s.Items), s.Total())
	}
	if s.PartsOK > s.Parts {
		t.Errorf("%d parts read of %d", s.PartsOK, s.Parts)
	}
	ids := map[string]bool{}
	for _, item := range s.Items {
		if item.ID == "" || item.Group == "" || ids[item.ID] {
			t.Errorf("item %+v: no id, no group, or twice", item)
		}
		ids[item.ID] = true
		for _, text := range []string{item.Title, item.From, item.Text, item.Place} {
			if strings.ContainsAny(text, "\n\r\t\x00\u202e") {
				t.Errorf("item %s: %q is not one clean line", item.ID, text)
			}
		}
		for _, link := range []string{item.URL, item.JoinURL} {
			if link != "" && !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") {
				t.Errorf("item %s: %q is no web address", item.ID, link)
			}
		}
	}
	survivesJSON(t, s)
}

// survivesJSON checks that the ledger gives back what it was given.
func survivesJSON(t *testing.T, s briefing.Section) {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("section as JSON: %v", err)
	}
	var back briefing.Section
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatalf("section from JSON: %v", err)
	}
	if diff := cmp.Diff(s, back, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("the section changes in the ledger: %s", diff)
	}
}

func emptyIsRead(t *testing.T, r Rig) {
	r.Empty()
	s, err := r.Source.Fetch(t.Context(), r.Request)
	if err != nil {
		t.Fatalf("nothing to read is no failure: %v", err)
	}
	wellFormed(t, r, s)
	if s.Total() != 0 {
		t.Errorf("counted %d items of nothing", s.Total())
	}
}

func keepsItsIDs(t *testing.T, r Rig) {
	first, err := r.Source.Fetch(t.Context(), r.Request)
	second, err2 := r.Source.Fetch(t.Context(), r.Request)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if diff := cmp.Diff(first.Items, second.Items); diff != "" {
		t.Errorf("the same window reads differently: %s", diff)
	}
}

func changesNoRequest(t *testing.T, r Rig) {
	r.Request.Seen = map[string]bool{"k": true}
	before := r.Request
	before.Seen = map[string]bool{"k": true}
	before.Reader.Feeds = slices.Clone(r.Request.Reader.Feeds)
	if _, err := r.Source.Fetch(t.Context(), r.Request); err != nil {
		t.Fatal(err)
	}
	same := cmp.Comparer(func(a, b *time.Location) bool { return a == b })
	if diff := cmp.Diff(before, r.Request, same); diff != "" {
		t.Error(diff)
	}
}

func isSafeForMany(t *testing.T, r Rig) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := r.Source.Fetch(t.Context(), r.Request)
			if err != nil || s.Total() != r.Wants {
				t.Errorf("counted %d items, want %d: %v", s.Total(), r.Wants, err)
			}
		})
	}
	wg.Wait()
}

func letsACallerGo(t *testing.T, r Rig) {
	r.Hang()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	leaves(t, r, ctx)
}

func keepsToADeadline(t *testing.T, r Rig) {
	r.Hang()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	leaves(t, r, ctx)
}

func leaves(t *testing.T, r Rig, ctx context.Context) { //nolint:revive // t comes first in test helpers
	t.Helper()
	started := time.Now()
	s, err := r.Source.Fetch(ctx, r.Request)
	if took := time.Since(started); took > patience {
		t.Errorf("came back after %v", took)
	}
	failed(t, r, s, err, briefing.Timeout)
}

func failsWith(t *testing.T, r Rig, fault func(), want briefing.Reason) {
	t.Helper()
	fault()
	s, err := r.Source.Fetch(t.Context(), r.Request)
	failed(t, r, s, err, want)
}

// failed checks a reading of which nothing came.
func failed(t *testing.T, r Rig, s briefing.Section, err error, want briefing.Reason) {
	t.Helper()
	fault, ok := errors.AsType[*briefing.Error](err)
	if !ok {
		t.Fatalf("error %v (%T), want a *briefing.Error", err, err)
	}
	if fault.Reason != want || fault.Op == "" {
		t.Errorf("error %v: reason %q of operation %q, want %q", err, fault.Reason, fault.Op, want)
	}
	if s.Source != "" || len(s.Items) > 0 || s.Total() > 0 {
		t.Errorf("a section of a reading that failed: %+v", s)
	}
	for _, secret := range r.Secrets {
		if secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the error text holds a secret: %v", err)
		}
	}
}
