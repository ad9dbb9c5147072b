package briefing_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"achim/briefing"
)

// grantBook is grants with readers, and a Google that is asked about them. It keeps the contracts of KeeperStore and
// GrantVerifier.
type grantBook struct {
	mu     sync.Mutex
	now    time.Time
	grants []briefing.Grant
	hours  map[briefing.ReaderID]time.Time // of readers; zero while paused
	refuse func(g briefing.Grant) error    // nil = every grant lives
	asked  map[briefing.ReaderID][]time.Time
	atOnce int
	most   int
}

var midnight = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// newGrantBook returns n readers with a grant each, all of which Google has spoken of at midnight.
func newGrantBook(n int, hour time.Time) *grantBook {
	b := &grantBook{now: midnight, hours: map[briefing.ReaderID]time.Time{}, asked: map[briefing.ReaderID][]time.Time{}}
	for i := range n {
		id := briefing.ReaderID(fmt.Sprintf("%08d", i))
		b.hours[id] = hour
		b.grants = append(b.grants, briefing.Grant{Owner: id, ClientID: "ours", HasRefreshToken: true,
			Fingerprint: briefing.Fingerprint(briefing.NewSecret(string(id))), State: briefing.CredentialState{CheckedAt: midnight}})
	}
	return b
}

func (b *grantBook) keeper() *briefing.Keeper {
	return &briefing.Keeper{Store: b, Google: b, Now: b.Now, Pause: b.pause}
}

func (b *grantBook) Now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *grantBook) pause(ctx context.Context, d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
	return ctx.Err() == nil
}

func (b *grantBook) Grants(_ context.Context, after briefing.ReaderID, limit int) ([]briefing.Grant, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, _ := slices.BinarySearchFunc(b.grants, after+"\x00", func(g briefing.Grant, id briefing.ReaderID) int { return cmp.Compare(g.Owner, id) })
	return slices.Clone(b.grants[i:min(i+limit, len(b.grants))]), nil
}

func (b *grantBook) Hours(_ context.Context, ids []briefing.ReaderID) (map[briefing.ReaderID]time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	hours := map[briefing.ReaderID]time.Time{}
	for _, id := range ids {
		if hour, ok := b.hours[id]; ok {
			hours[id] = hour
		}
	}
	return hours, nil
}

func (b *grantBook) Crowds(_ context.Context, after, until time.Time) (map[time.Time]int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	crowds := map[time.Time]int{}
	for _, hour := range b.hours {
		if hour.After(after) && !hour.After(until) {
			crowds[hour]++
		}
	}
	return crowds, nil
}

func (b *grantBook) Verify(_ context.Context, reader briefing.ReaderID, after time.Time) (briefing.CredentialReport, error) {
	b.enter(1)
	defer b.enter(-1)
	b.mu.Lock()
	defer b.mu.Unlock()
	i, _ := slices.BinarySearchFunc(b.grants, reader, func(g briefing.Grant, id briefing.ReaderID) int { return cmp.Compare(g.Owner, id) })
	state := &b.grants[i].State
	if state.CheckedAt.After(after) {
		return briefing.CredentialReport{}, nil
	}
	b.asked[reader] = append(b.asked[reader], b.now)
	state.CheckedAt = b.now
	var err error
	if b.refuse != nil {
		err = b.refuse(b.grants[i])
	}
	if err == nil {
		state.FailingSince, state.LastError = time.Time{}, ""
		return briefing.CredentialReport{Refreshed: true}, nil
	}
	state.LastError = briefing.ReasonOf(err)
	if state.FailingSince.IsZero() {
		state.FailingSince = b.now
	}
	if state.LastError == briefing.ReauthRequired {
		state.DeadSince = b.now
	}
	return briefing.CredentialReport{}, err
}

func (b *grantBook) enter(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.atOnce += n
	b.most = max(b.most, b.atOnce)
}

// until calls the keepers every minute until the time.
func (b *grantBook) until(t *testing.T, end time.Time, keepers ...*briefing.Keeper) {
	t.Helper()
	for b.Now().Before(end) {
		begun := b.Now()
		for _, k := range keepers {
			if _, err := k.Keep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if next := begun.Truncate(time.Minute).Add(time.Minute); b.Now().Before(next) {
			b.pause(t.Context(), next.Sub(b.Now()))
		}
	}
}

// times returns when Google was asked, in order.
func (b *grantBook) times() []time.Time {
	var all []time.Time
	for _, at := range b.asked {
		all = append(all, at...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// timesOf is times, of all grants but the first ones.
func (b *grantBook) timesOf(from int) []time.Time {
	rest := &grantBook{asked: map[briefing.ReaderID][]time.Time{}}
	for _, g := range b.grants[from:] {
		rest.asked[g.Owner] = b.asked[g.Owner]
	}
	return rest.times()
}

// busiest returns the most questions within the length of time.
func busiest(times []time.Time, within time.Duration) int {
	most, from := 0, 0
	for i, at := range times {
		for at.Sub(times[from]) >= within {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// TestEveryGrantOnceADay: each once a day, at the same time of day, paused readers' among them.
func TestEveryGrantOnceADay(t *testing.T) {
	t.Parallel()
	b := newGrantBook(300, time.Time{})
	b.until(t, midnight.Add(75*time.Hour), b.keeper())
	for id, at := range b.asked {
		for i := 1; i < len(at); i++ {
			if apart := at[i].Sub(at[i-1]); (apart - 24*time.Hour).Abs() > 2*time.Minute {
				t.Errorf("%s was asked about %v apart", id, apart)
			}
		}
		if len(at) < 3 {
			t.Errorf("%s was asked about at %v", id, at)
		}
	}
	if len(b.asked) != 300 {
		t.Errorf("%d grants were asked about", len(b.asked))
	}
}

// TestTenThousandGrantsAreLevel: over the day, and from minute to minute.
func TestTenThousandGrantsAreLevel(t *testing.T) {
	t.Parallel()
	b := newGrantBook(10_000, time.Time{})
	b.until(t, midnight.Add(25*time.Hour+10*time.Minute), b.keeper())
	hours := map[int]int{}
	for _, at := range b.asked {
		hours[at[0].Hour()]++
	}
	if len(b.asked) != 10_000 {
		t.Errorf("%d grants were asked about", len(b.asked))
	}
	for hour := range 24 {
		if n := hours[hour]; n < 300 || n > 540 {
			t.Errorf("%d questions in hour %d: they are not level", n, hour)
		}
	}
	if n := busiest(b.times(), time.Minute); n > 121 {
		t.Errorf("%d questions in a minute", n)
	}
	if b.most > 4 {
		t.Errorf("%d questions at once", b.most)
	}
}

// TestAheadOfTheHour: ten thousand readers of nine o'clock are all asked about between 07:45 and 08:00 or a little before
// it, and with nobody else; and twenty thousand by eight as well.
func TestAheadOfTheHour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		readers int
		before  time.Duration // how long before eight it may begin
	}{{40, 15 * time.Minute}, {10_000, 17 * time.Minute}, {20_000, 40 * time.Minute}} {
		nine := midnight.Add(33 * time.Hour)
		b := newGrantBook(c.readers, nine)
		for i := range b.grants {
			b.grants[i].State.CheckedAt = nine.Add(-8 * time.Hour)
		}
		b.now = nine.Add(-5 * time.Hour)
		b.until(t, nine.Add(-55*time.Minute), b.keeper())
		late := 0
		for _, g := range b.grants {
			last := g.State.CheckedAt
			if last.Before(nine.Add(-time.Hour - c.before - time.Minute)) {
				t.Fatalf("%s of %d was last asked about at %v", g.Owner, c.readers, last)
			}
			if last.After(nine.Add(-time.Hour)) {
				late++
			}
		}
		if late > c.readers/20 {
			t.Errorf("%d of %d were asked about after eight", late, c.readers)
		}
		if n := busiest(b.times(), time.Second); n > 20 { // twelve and a half, and what the scheduler makes of it
			t.Errorf("%d questions in a second", n)
		}
	}
}

// TestTwoKeepersAskOnce: what the one process has found out the other one does not ask about.
func TestTwoKeepersAskOnce(t *testing.T) {
	t.Parallel()
	b := newGrantBook(500, midnight.Add(9*time.Hour))
	b.until(t, midnight.Add(8*time.Hour+5*time.Minute), b.keeper(), b.keeper(), b.keeper())
	for id, at := range b.asked {
		for i := 1; i < len(at); i++ {
			if at[i].Sub(at[i-1]) < 5*time.Minute {
				t.Errorf("%s was asked about at %v", id, at)
			}
		}
	}
	if len(b.asked) != 500 {
		t.Errorf("%d were asked about", len(b.asked))
	}
}

// TestNobodyIsAskedAboutAtTheLastMinute: that is left to preparing.
func TestNobodyIsAskedAboutAtTheLastMinute(t *testing.T) {
	t.Parallel()
	b := newGrantBook(10, midnight.Add(9*time.Minute))
	for i := range b.grants {
		b.grants[i].State.CheckedAt = time.Time{}
	}
	if n, err := b.keeper().Keep(t.Context()); n != 0 || err != nil {
		t.Errorf("%d questions, %v", n, err)
	}
	b = newGrantBook(10, midnight.Add(40*time.Minute))
	for i := range b.grants {
		b.grants[i].State.CheckedAt = time.Time{}
	}
	if n, err := b.keeper().Keep(t.Context()); n != 10 || err != nil {
		t.Errorf("%d questions after a late start, %v", n, err)
	}
}

func TestWhoIsAskedAbout(t *testing.T) {
	t.Parallel()
	nine := midnight.Add(33 * time.Hour)
	b := newGrantBook(7, nine)
	state := func(n int) *briefing.CredentialState { return &b.grants[n].State }
	state(0).DeadSince = midnight
	delete(b.hours, b.grants[1].Owner) // somebody else's row
	b.hours[b.grants[2].Owner] = time.Time{}
	b.grants[3].Fault = errors.New("garbled")
	b.grants[4].HasRefreshToken, b.grants[4].Fingerprint = false, ""
	state(5).LastError, state(5).FailingSince = briefing.PolicyBlocked, midnight
	state(6).CheckedAt = time.Time{} // another program's, and never asked about
	b.refuse = func(g briefing.Grant) error {
		if g.Owner == b.grants[5].Owner {
			return briefing.PolicyBlocked
		}
		return nil
	}
	var standings map[briefing.GrantStanding]int
	keeper := b.keeper()
	keeper.Surveyed = func(s map[briefing.GrantStanding]int) { standings = s }
	b.until(t, midnight.Add(49*time.Hour), keeper)
	for n, want := range []int{0, 0, 2, 0, 0, 2, 3} {
		if got := len(b.asked[b.grants[n].Owner]); got != want && (n != 6 || got != 2) {
			t.Errorf("grant %d was asked about %d times, want %d: %v", n, got, want, b.asked[b.grants[n].Owner])
		}
	}
	if got := fmt.Sprint(standings); got != "map[dead:1 failing:1 healthy:2 unreadable:2]" {
		t.Errorf("standings %s", got)
	}
}

// TestFailuresAreAskedAboutWithGrowingPauses: and never given up.
func TestFailuresAreAskedAboutWithGrowingPauses(t *testing.T) {
	t.Parallel()
	b := newGrantBook(20, time.Time{})
	b.refuse = func(g briefing.Grant) error {
		if g.Owner == b.grants[0].Owner {
			return briefing.Malformed
		}
		return nil
	}
	b.until(t, midnight.Add(72*time.Hour), b.keeper())
	at := b.asked[b.grants[0].Owner]
	if len(at) < 8 || len(at) > 20 {
		t.Fatalf("%d questions in three days: %v", len(at), at)
	}
	for i := 2; i < len(at); i++ {
		if pause := at[i].Sub(at[i-1]); pause < 9*time.Minute || pause > 6*time.Hour+15*time.Minute {
			t.Errorf("a pause of %v", pause)
		}
	}
	if at[2].Sub(at[1]) > 25*time.Minute || at[len(at)-1].Sub(at[len(at)-2]) < 3*time.Hour {
		t.Errorf("the pauses do not grow: %v", at)
	}
}

// TestARefusedClientIsOneQuestion: and not one for each of its grants. Other clients' grants are asked about.
func TestARefusedClientIsOneQuestion(t *testing.T) {
	t.Parallel()
	b := newGrantBook(2000, midnight.Add(9*time.Hour))
	b.grants[7].ClientID = "theirs"
	refused := fmt.Errorf("refused: %w", errors.Join(briefing.ClientMisconfigured, briefing.ErrClientRefused))
	b.refuse = func(g briefing.Grant) error {
		if g.ClientID == "ours" {
			return refused
		}
		return nil
	}
	b.now = midnight.Add(7*time.Hour + 40*time.Minute)
	keeper := b.keeper()
	b.until(t, midnight.Add(9*time.Hour), keeper)
	if n := len(b.times()); n > 40 || len(b.asked[b.grants[7].Owner]) == 0 {
		t.Errorf("%d questions in an hour and twenty minutes, %d of the other client", n, len(b.asked[b.grants[7].Owner]))
	}
	b.refuse = nil // set right
	b.until(t, midnight.Add(26*time.Hour), keeper)
	if n := len(b.asked); n != 2000 {
		t.Errorf("%d of 2,000 after it was set right", n)
	}
}

// TestOutageIsNotHammered: when nothing works all questions rest, longer and longer, and what was due is made good.
func TestOutageIsNotHammered(t *testing.T) {
	t.Parallel()
	b := newGrantBook(3000, time.Time{})
	keeper := b.keeper()
	b.refuse = func(briefing.Grant) error { return briefing.Unavailable }
	b.until(t, midnight.Add(6*time.Hour), keeper)
	if n := len(b.times()); n < 6 || n > 150 {
		t.Errorf("%d questions in five hours of outage", n)
	}
	b.refuse = nil
	b.until(t, midnight.Add(26*time.Hour), keeper)
	if n := len(b.asked); n != 3000 {
		t.Errorf("%d of 3,000 were asked about within 26 hours", n)
	}
}

// TestRetryAfterIsKept: when Google says how long to be left alone, it is.
func TestRetryAfterIsKept(t *testing.T) {
	t.Parallel()
	b := newGrantBook(2000, time.Time{})
	keeper := b.keeper()
	limited := time.Time{}
	b.refuse = func(briefing.Grant) error {
		if limited.IsZero() {
			limited = b.now
			return &briefing.Error{Reason: briefing.RateLimited, RetryAfter: 2 * time.Hour}
		}
		return nil
	}
	b.until(t, midnight.Add(6*time.Hour), keeper)
	first := 0
	for _, at := range b.times() {
		if at.After(limited.Add(3*time.Second)) && at.Before(limited.Add(2*time.Hour)) {
			t.Fatalf("asked at %v, limited at %v", at, limited)
		}
		first++
	}
	if first < 100 {
		t.Errorf("%d questions afterwards", first)
	}
}

// TestNothingElseAroundACrowdedHour: the daily questions wait until the briefings of many are out.
func TestNothingElseAroundACrowdedHour(t *testing.T) {
	t.Parallel()
	nine := midnight.Add(9 * time.Hour)
	b := newGrantBook(2000, time.Time{})
	for i := range 400 {
		b.hours[b.grants[i].Owner] = nine
	}
	keeper := b.keeper()
	b.until(t, nine.Add(-29*time.Minute), keeper)
	for i := range 400 { // planned by now
		b.hours[b.grants[i].Owner] = nine.Add(24 * time.Hour)
	}
	b.until(t, nine.Add(2*time.Hour), keeper)
	around := 0
	for _, at := range b.timesOf(400) {
		if at.After(nine.Add(-74*time.Minute)) && at.Before(nine.Add(10*time.Minute)) {
			around++
		}
	}
	if around > 0 {
		t.Errorf("%d questions around the hour", around)
	}
	if n := len(b.timesOf(400)); n < 500 {
		t.Errorf("%d of 1,600 until eleven: the others are forgotten", n)
	}
}

// TestKeepStops: stopping ends it at once, and a call while one is under way does nothing.
func TestKeepStops(t *testing.T) {
	t.Parallel()
	b := newGrantBook(1000, time.Time{})
	keeper := b.keeper()
	if _, err := keeper.Keep(t.Context()); err != nil { // the first survey
		t.Fatal(err)
	}
	b.now = b.now.Add(48 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	keeper.Pause = func(context.Context, time.Duration) bool {
		if n, err := keeper.Keep(ctx); n != 0 || err != nil {
			t.Errorf("a second one beside it: %d, %v", n, err)
		}
		cancel()
		return false
	}
	if n, err := keeper.Keep(ctx); n != 1 || err != nil {
		t.Errorf("asked %d, %v", n, err)
	}
}
