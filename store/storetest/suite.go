package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"achim/briefing"
	"achim/store"
)

// Run runs the conformance suite. open returns a fresh migrated store; every test calls it once.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *store.Store)
	}{
		{"readers/round trip", readerRoundTrip},
		{"readers/found by", readerFoundBy},
		{"readers/slack id taken", readerSlackIDTaken},
		{"readers/deleted", readerDeleted},
		{"readers/hostile text", readerHostileText},
		{"entries/round trip", entryRoundTrip},
		{"entries/body", entryBody},
		{"entries/fence", entryFence},
		{"entries/claim", entryClaim},
		{"entries/one of eight claims wins", entryClaimRace},
		{"entries/due", entryDue},
		{"entries/upcoming", entryUpcoming},
		{"entries/release claims", entryReleaseClaims},
		{"entries/filter", entryFilter},
		{"commit/everything", commitEverything},
		{"commit/nothing when fenced", commitFenced},
		{"commit/nothing when it fails", commitFails},
		{"commit/hostile text", commitHostile},
		{"together/claims", togetherClaims},
		{"together/steps", togetherSteps},
		{"together/commits", togetherCommits},
		{"together/one reader", togetherOneReader},
		{"together/given up", togetherGivenUp},
		{"entries/outgoing", outgoing},
		{"memory/seen", memorySeen},
		{"memory/copies", memoryCopies},
		{"memory/before", memoryBefore},
		{"memory/watermark", memoryWatermark},
		{"runs/trigger", runTrigger},
		{"runs/trigger is fenced", runTriggerFenced},
		{"runs/settled", runSettled},
		{"runs/dry run", runDry},
		{"runs/last two settle at once", runSettleRace},
		{"runs/trigger or claim, one wins", runTriggerClaimRace},
		{"runs/listed", runListed},
		{"plan/cohorts", planCohorts},
		{"plan/writes", planWrites},
		{"plan/joins runs", planJoins},
		{"plan/passes over", planPasses},
		{"plan/somebody comes in", planComesIn},
		{"plan/cohorts meet", planMeets},
		{"plan/collides", planCollides},
		{"credentials/round trip", credentialRoundTrip},
		{"credentials/rows of others", credentialForeign},
		{"credentials/malformed", credentialMalformed},
		{"credentials/expiry members", credentialExpiryMembers},
		{"credentials/refreshed", credentialRefreshed},
		{"credentials/outsider", credentialOutsider},
		{"credentials/scopes", credentialScopes},
		{"credentials/ends", credentialEnds},
		{"credentials/lease", credentialLease},
		{"credentials/one of eight leases wins", credentialLeaseRace},
		{"credentials/testing", clientTesting},
		{"credentials/granted again", credentialGrantedAgain},
		{"credentials/state", credentialState},
		{"credentials/forgotten", credentialForgotten},
		{"credentials/named", credentialNamed},
		{"credentials/listed", credentialListed},
		{"consents/taken once", consentTaken},
		{"consents/of a reader removed", consentOrphaned},
		{"pending/taken once", pendingTaken},
		{"pending/confirmed", pendingConfirmed},
		{"pending/unreadable", pendingUnreadable},
		{"pending/unconfirmed", pendingUnconfirmed},
		{"pending/account free", pendingAccount},
		{"retention/expires", retentionExpires},
		{"retention/texts of the removed", retentionTexts},
		{"retention/texts of older versions", retentionOlder},
		{"retention/forgets", retentionForgets},
		{"retention/consents and grants", retentionGrants},
		{"readers/unopened", readersUnopened},
		{"readers/hours", readersHours},
		{"readers/left", readerLeft},
		{"readers/erased", readerErased},
		{"notices/planned", noticePlanned},
		{"notices/moved", noticeMoved},
		{"notices/an end that moves", noticeEndMoves},
		{"notices/greeting", noticeGreeting},
		{"notices/ailments", noticeAilments},
		{"accounts/once", accountOnce},
		{"accounts/standing", accountStanding},
		{"examine/outcomes", examineOutcomes},
		{"install/secret", installSecret},
		{"install/probe", installProbe},
		{"install/migrated", installMigrated},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// An ordinary morning in the life of the suite.
var (
	friday = briefing.Date{Year: 2026, Month: 11, Day: 20}
	nine   = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) // 09:00 in Seoul
)

// readerID returns the n-th reader's id.
func readerID(n int) briefing.ReaderID {
	return briefing.ReaderID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
}

// addReader saves and returns the n-th reader.
func addReader(t *testing.T, s *store.Store, n int) briefing.Reader {
	t.Helper()
	return must(s.SaveReader(t.Context(), briefing.Reader{
		ID: readerID(n), Name: fmt.Sprintf("reader %d", n), SlackUserID: fmt.Sprintf("U%08d", n),
	}))(t)
}

// planned returns a planned daily entry of the n-th reader, due at nine.
func planned(n int) briefing.Entry {
	return briefing.Entry{
		ID: briefing.EntryID(briefing.NewID()), Reader: readerID(n), Date: friday, Slot: briefing.DailySlot,
		State: briefing.Planned, DueAt: nine, NextAt: nine,
	}
}

// addEntries makes the entries and returns them as stored.
func addEntries(t *testing.T, s *store.Store, entries ...briefing.Entry) []briefing.Entry {
	t.Helper()
	stored := make([]briefing.Entry, len(entries))
	for i, e := range entries {
		must(s.Advance(t.Context(), briefing.Step{Entry: e}))(t)
		stored[i] = must(s.Entry(t.Context(), e.ID))(t)
	}
	return stored
}

// addRun makes a run of new entries.
func addRun(t *testing.T, s *store.Store, run briefing.Run, entries ...briefing.Entry) {
	t.Helper()
	var steps []briefing.Step
	for _, e := range entries {
		rr := briefing.RunReader{Reader: e.Reader, Entry: e.ID}
		if e.State == briefing.Missed {
			rr.Outcome, rr.Reason = briefing.OutcomeSkipped, e.Reason
		}
		run.Readers = append(run.Readers, rr)
		steps = append(steps, briefing.Step{Entry: e})
	}
	check(t, s.Trigger(t.Context(), run, steps))
}

// advance makes a step to the given state.
func advance(t *testing.T, s *store.Store, e briefing.Entry, to briefing.State) briefing.Entry {
	t.Helper()
	from := e.State
	e.State = to
	return must(s.Advance(t.Context(), briefing.Step{Entry: e, From: from}))(t)
}

// sending takes a new entry of the n-th reader to just before it is delivered.
func sending(t *testing.T, s *store.Store, e briefing.Entry) briefing.Entry {
	t.Helper()
	e = advance(t, s, e, briefing.Prepared)
	e.ChannelID = "D0000001"
	e.SendingAt, e.PostDeadline = nine, nine.Add(10*time.Second)
	return advance(t, s, e, briefing.Sending)
}

// delivered is the delivery that takes a sending entry on.
func delivered(e briefing.Entry) briefing.Delivery {
	from := e.State
	e.State, e.Status, e.MessageTS = briefing.Delivered, briefing.Complete, "1763596800.000100"
	e.NextAt, e.DeliveredAt = time.Time{}, nine.Add(time.Second)
	return briefing.Delivery{
		Step:    briefing.Step{Entry: e, From: from, Release: true, Outcome: briefing.OutcomeDelivered},
		LogText: "아침 브리핑",
	}
}

// must fails the test when a call failed, and returns its value otherwise.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func wantSame[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	// Secrets compare by what they hold, empty maps like missing ones.
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// atOnce calls work n times at once and returns the errors.
func atOnce(n int, work func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			<-start
			errs[i] = work(i)
		})
	}
	close(start)
	done.Wait()
	return errs
}

// winners counts the calls that went well and fails the test for errors other than the allowed one.
func winners(t *testing.T, errs []error, allowed error) int {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, allowed):
			t.Errorf("unexpected error: %v", err)
		}
	}
	return won
}
