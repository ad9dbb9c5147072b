package briefing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"achim/briefing"
)

// pigeons is everything around a Herald, with state: one reader, their grant, their notices and Slack.
type pigeons struct {
	briefing.RunStore // only Entries is asked
	reader            briefing.Reader
	grant             *briefing.Credential
	ailing            []briefing.Ailment
	notices           []briefing.Announcement
	entries           []briefing.Entry
	told              []briefing.Telling
	posts, listed     int
	refuse            error
	posting           func()
	refused           bool
	now               time.Time
}

func (p *pigeons) PlanNotices(_ context.Context, notices ...briefing.Announcement) error {
	for _, n := range notices {
		if !slices.ContainsFunc(p.notices, func(o briefing.Announcement) bool {
			return o.Reader == n.Reader && o.Kind == n.Kind && o.Key == n.Key
		}) {
			p.notices = append(p.notices, n)
		}
	}
	return nil
}

func (p *pigeons) DueNotices(_ context.Context, now time.Time, limit int) ([]briefing.Announcement, error) {
	var due []briefing.Announcement
	for _, n := range p.notices {
		if !n.NextAt.IsZero() && !n.NextAt.After(now) && len(due) < limit {
			due = append(due, n)
		}
	}
	slices.SortStableFunc(due, func(a, b briefing.Announcement) int {
		switch {
		case a.Kind.ToOperator() == b.Kind.ToOperator():
			return 0
		case a.Kind.ToOperator():
			return -1
		}
		return 1
	})
	return due, nil
}

func (p *pigeons) MoveNotice(ctx context.Context, step briefing.NoticeStep) (briefing.Announcement, error) {
	n := step.Notice
	for i, o := range p.notices {
		if o.Reader == n.Reader && o.Kind == n.Kind && o.Key == n.Key && o.Epoch == n.Epoch {
			n.Epoch++
			p.notices[i] = n
			return n, p.PlanNotices(ctx, step.Then...)
		}
	}
	return n, briefing.ErrFenced
}

func (p *pigeons) Notices(_ context.Context, reader briefing.ReaderID, kind briefing.NoticeKind) ([]briefing.Announcement, error) {
	var found []briefing.Announcement
	for _, n := range p.notices {
		if n.Reader == reader && n.Kind == kind {
			found = append(found, n)
		}
	}
	slices.Reverse(found)
	return found, nil
}

func (p *pigeons) Reader(context.Context, string) (briefing.Reader, error) { return p.reader, nil }
func (p *pigeons) Readers(context.Context) ([]briefing.Reader, error) {
	return []briefing.Reader{p.reader}, nil
}
func (p *pigeons) LeftReaders(context.Context) ([]briefing.Reader, error)       { return nil, nil }
func (p *pigeons) SaveChannel(context.Context, briefing.ReaderID, string) error { return nil }
func (p *pigeons) ClientRefused(context.Context) (bool, error)                  { return p.refused, nil }
func (p *pigeons) Open(context.Context, briefing.Reader) (string, error)        { return "D0", nil }
func (p *pigeons) Update(context.Context, string, briefing.Post) error          { return nil }
func (p *pigeons) Find(context.Context, string, briefing.EntryID, time.Time) (string, error) {
	return "", nil
}

func (p *pigeons) Entries(context.Context, briefing.EntryFilter) ([]briefing.Entry, error) {
	return p.entries, nil
}

func (p *pigeons) Credential(context.Context, briefing.ReaderID) (briefing.Credential, error) {
	if p.grant == nil {
		return briefing.Credential{}, briefing.ErrNotFound
	}
	return *p.grant, nil
}

func (p *pigeons) Ailing(context.Context, time.Time, time.Time) ([]briefing.Ailment, error) {
	return p.ailing, nil
}

func (p *pigeons) Grants(context.Context, briefing.ReaderID, int) ([]briefing.Grant, error) {
	p.listed++
	return []briefing.Grant{{Owner: p.reader.ID, HasRefreshToken: true, Fingerprint: briefing.Fingerprint(p.grant.RefreshToken)}}, nil
}

func (p *pigeons) Post(context.Context, briefing.Post) (string, error) {
	p.posts++
	if p.posting != nil {
		p.posting()
	}
	return "17.5", p.refuse
}

func (p *pigeons) Notice(t briefing.Telling) briefing.Message {
	p.told = append(p.told, t)
	return briefing.Message{Text: string(t.Kind), Plain: string(t.Kind)}
}

// with gives the reader a grant that stands like this.
func (p *pigeons) with(state briefing.CredentialState) *pigeons {
	p.grant = &briefing.Credential{ReaderID: p.reader.ID, RefreshToken: briefing.NewSecret("refresh"), State: state}
	p.ailing = []briefing.Ailment{{Fingerprint: briefing.Fingerprint(p.grant.RefreshToken), State: state}}
	return p
}

// herald is a Herald among them.
func (p *pigeons) herald(t *testing.T) *briefing.Herald {
	return &briefing.Herald{Notices: p, Members: p, Grants: p, Runs: p, Deliverer: p, Renderer: p, Defaults: defaults(t),
		Operator: "U0JIWON", Now: func() time.Time { return p.now }}
}

// watch looks every ten minutes from one time to another and returns when something was posted, by clocks in zone.
func (p *pigeons) watch(t *testing.T, h *briefing.Herald, from, to string, zone *time.Location) string {
	t.Helper()
	var at []string
	for p.now = instant(t, from); !p.now.After(instant(t, to)); p.now = p.now.Add(10 * time.Minute) {
		before := p.posts
		if err := h.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p.posts > before {
			at = append(at, p.now.In(zone).Format("Mon 15:04"))
		}
	}
	return strings.Join(at, ", ")
}

// TestWhenAnEndIsSpokenOf: in the evening before the briefing that would suffer, or before the end when that is
// earlier, by the reader's clock; and never when no briefing would.
func TestWhenAnEndIsSpokenOf(t *testing.T) {
	weekdays := briefing.EveryDay &^ (1<<time.Saturday | 1<<time.Sunday)
	for name, c := range map[string]struct {
		ends, zone string
		change     func(r *briefing.Reader)
		want, next string
	}{
		"before the briefing":     {ends: "2026-11-24T07:40:00+09:00", want: "Mon 18:00", next: "Tue 09:00"},
		"at the hour":             {ends: "2026-11-24T09:00:00+09:00", want: "Mon 18:00", next: "Tue 09:00"},
		"after the briefing":      {ends: "2026-11-24T17:00:00+09:00", want: "Mon 18:00", next: "Wed 09:00"},
		"in the evening":          {ends: "2026-11-24T18:30:00+09:00", want: "Mon 18:00", next: "Wed 09:00"},
		"late in the evening":     {ends: "2026-11-24T20:00:00+09:00", want: "Tue 18:00", next: "Wed 09:00"},
		"on a Saturday at work":   {ends: "2026-11-28T12:00:00+09:00", change: func(r *briefing.Reader) { r.Weekdays = weekdays }, want: "Fri 18:00", next: "Mon 09:00"},
		"on a Monday before nine": {ends: "2026-11-30T07:40:00+09:00", change: func(r *briefing.Reader) { r.Weekdays = weekdays }, want: "Sun 18:00", next: "Mon 09:00"},
		"in New York":             {ends: "2026-11-24T07:40:00-05:00", zone: "America/New_York", want: "Mon 18:00", next: "Tue 09:00"},
		"paused for good":         {ends: "2026-11-24T07:40:00+09:00", change: func(r *briefing.Reader) { r.Paused = true }},
		"paused past it":          {ends: "2026-11-24T07:40:00+09:00", change: func(r *briefing.Reader) { r.PausedUntil = date(t, "2026-12-10") }, want: ""},
		"wants the news alone": {ends: "2026-11-24T07:40:00+09:00", change: func(r *briefing.Reader) {
			r.Preferences.Sections = []briefing.SourceName{briefing.News}
		}},
		"wants the calendar alone": {ends: "2026-11-24T07:40:00+09:00", change: func(r *briefing.Reader) {
			r.Preferences.Sections = []briefing.SourceName{briefing.Calendar}
		}, want: "Mon 18:00", next: "Tue 09:00"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pigeons{reader: reader()}
			where := zone(t, "Asia/Seoul")
			if c.zone != "" {
				p.reader.Timezone, where = c.zone, zone(t, c.zone)
			}
			if c.change != nil {
				c.change(&p.reader)
			}
			ends := instant(t, c.ends)
			p.with(briefing.CredentialState{EndsAt: ends})
			got := p.watch(t, p.herald(t), ends.Add(-72*time.Hour).Format(time.RFC3339), ends.Add(2*time.Hour).Format(time.RFC3339), where)
			if !strings.HasPrefix(got+",", c.want+",") || strings.Count(got, ",") > 0 {
				t.Fatalf("told at %q, want %q", got, c.want)
			}
			if c.want == "" {
				return
			}
			if next := p.told[0].Next.In(where).Format("Mon 15:04"); next != c.next || !p.told[0].Ends.Equal(ends) {
				t.Errorf("spoke of %s and %s, want %s", next, p.told[0].Ends, c.next)
			}
		})
	}
}

// TestAnEndIsSpokenOfLate: found after the evening it is told at once by day, and in the morning after a night, as long
// as there is time to renew.
func TestAnEndIsSpokenOfLate(t *testing.T) {
	for from, want := range map[string]string{
		"2026-11-23T20:10:00+09:00": "Mon 20:10",
		"2026-11-23T22:10:00+09:00": "Tue 07:00",
		"2026-11-24T07:35:00+09:00": "",
	} {
		p := (&pigeons{reader: reader()}).with(briefing.CredentialState{EndsAt: instant(t, "2026-11-24T07:40:00+09:00")})
		if got := p.watch(t, p.herald(t), from, "2026-11-24T12:00:00+09:00", zone(t, "Asia/Seoul")); got != want {
			t.Errorf("found at %s, told at %q, want %q", from, got, want)
		}
	}
}

// TestAnEndIsSpokenOfToWhoeverIsBack: who was paused when the end became known, or no reader yet, is told like anybody
// else once a briefing would suffer.
func TestAnEndIsSpokenOfToWhoeverIsBack(t *testing.T) {
	p := (&pigeons{reader: reader()}).with(briefing.CredentialState{EndsAt: instant(t, "2026-11-26T07:40:00+09:00")})
	h, seoul := p.herald(t), zone(t, "Asia/Seoul")
	p.reader.Paused = true
	if got := p.watch(t, h, "2026-11-23T10:00:00+09:00", "2026-11-24T10:00:00+09:00", seoul); got != "" {
		t.Fatalf("told at %q while paused", got)
	}
	looked := p.listed
	p.reader.Paused = false
	if got := p.watch(t, h, "2026-11-24T10:10:00+09:00", "2026-11-26T12:00:00+09:00", seoul); got != "Wed 18:00" {
		t.Errorf("told at %q, want Wed 18:00", got)
	}
	if looked > 26 {
		t.Errorf("all grants were gone through %d times in a day", looked)
	}

	p = (&pigeons{reader: reader()}).with(briefing.CredentialState{EndsAt: instant(t, "2026-11-24T20:00:00+09:00")})
	h = p.herald(t)
	p.watch(t, h, "2026-11-23T10:00:00+09:00", "2026-11-23T10:00:00+09:00", seoul)
	p.reader.Paused = true
	if got := p.watch(t, h, "2026-11-24T17:50:00+09:00", "2026-11-24T18:20:00+09:00", seoul); got != "" {
		t.Fatalf("told at %q while paused", got)
	}
	p.reader.Paused = false
	if got := p.watch(t, h, "2026-11-24T18:30:00+09:00", "2026-11-24T20:00:00+09:00", seoul); got != "Tue 19:00" {
		t.Errorf("paused in the evening, told at %q, want Tue 19:00", got)
	}
}

// TestADeathIsLeftToTheBriefing that is about to come and says it; when none comes after all it is told.
func TestADeathIsLeftToTheBriefing(t *testing.T) {
	seoul := zone(t, "Asia/Seoul")
	dead := instant(t, "2026-11-24T08:30:00+09:00")
	p := (&pigeons{reader: reader()}).with(briefing.CredentialState{DeadSince: dead})
	if got := p.watch(t, p.herald(t), "2026-11-24T08:30:00+09:00", "2026-11-24T12:00:00+09:00", seoul); got != "Tue 09:20" {
		t.Errorf("no briefing came, told at %q", got)
	}
	p = (&pigeons{reader: reader()}).with(briefing.CredentialState{DeadSince: dead})
	p.entries = []briefing.Entry{{State: briefing.Delivered, DeliveredAt: dead.Add(30 * time.Minute), Sections: []briefing.Section{
		{Source: briefing.Gmail, Verdict: briefing.Verdict{State: briefing.VerdictFailed, Reason: briefing.ReauthRequired}}}}}
	if got := p.watch(t, p.herald(t), "2026-11-24T08:30:00+09:00", "2026-11-24T12:00:00+09:00", seoul); got != "" {
		t.Errorf("told at %q what the briefing says", got)
	}
	if n := p.notices[0]; n.State != briefing.NoticeDropped || n.Reason != briefing.BriefingTold {
		t.Errorf("the notice is %s (%s)", n.State, n.Reason)
	}
}

// TestLooksDoNotPileUp: while one look takes long, one more waits, however often it is asked for.
func TestLooksDoNotPileUp(t *testing.T) {
	p := &pigeons{reader: reader(), now: instant(t, "2026-11-24T12:00:00+09:00")}
	h := p.herald(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	looks := 0
	h.Grants = slow{p, func() {
		if looks++; looks == 1 {
			close(begun)
			<-goOn
		}
	}}
	const calls = 10
	done := make(chan error, calls+1)
	check := func() { done <- h.Check(t.Context()) }
	go check()
	<-begun
	for range calls {
		go check()
	}
	for range calls - 1 {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			close(goOn)
			t.Fatal("more than one waits")
		}
	}
	close(goOn)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if looks != 2 {
		t.Errorf("looked %d times, want once more", looks)
	}
}

// slow is a GrantWatch that does something before it answers.
type slow struct {
	*pigeons
	first func()
}

func (s slow) ClientRefused(ctx context.Context) (bool, error) {
	s.first()
	return s.pigeons.ClientRefused(ctx)
}

// TestBriefingsGoFirst: while Slack's pace keeps briefings waiting, notices wait too.
func TestBriefingsGoFirst(t *testing.T) {
	p := (&pigeons{reader: reader()}).with(briefing.CredentialState{DeadSince: instant(t, "2026-11-24T12:00:00+09:00")})
	p.now = instant(t, "2026-11-24T12:00:00+09:00")
	h, line := p.herald(t), &paceRow{}
	h.Pacer = &briefing.Pacer{Store: line, Paces: briefing.SlackPaces(300), Now: h.Now}
	line.next = p.now.Add(time.Minute)
	if _, err := h.Pacer.Reserve(t.Context(), briefing.PacePost); err != nil {
		t.Fatal(err)
	}
	if err := h.Check(t.Context()); err != nil || p.posts != 0 {
		t.Fatalf("%d posts in front of briefings (%v)", p.posts, err)
	}
	p.now = p.now.Add(2 * time.Minute)
	if err := h.Check(t.Context()); err != nil || p.posts != 1 {
		t.Errorf("%d posts when nobody waits (%v)", p.posts, err)
	}
}

// TestALimitHoldsAll: a 429 to a notice holds briefings as well, and costs the notice nothing.
func TestALimitHoldsAll(t *testing.T) {
	p := (&pigeons{reader: reader()}).with(briefing.CredentialState{DeadSince: instant(t, "2026-11-24T12:00:00+09:00")})
	p.now = instant(t, "2026-11-24T12:00:00+09:00")
	h, line := p.herald(t), &paceRow{}
	h.Pacer = &briefing.Pacer{Store: line, Paces: briefing.SlackPaces(300), Now: h.Now}
	p.refuse = &briefing.Error{Op: "chat.postMessage", Reason: briefing.RateLimited, RetryAfter: 30 * time.Second}
	if err := h.Check(t.Context()); briefing.ReasonOf(err) != briefing.RateLimited {
		t.Errorf("a limit is %v", err)
	}
	if !line.until.Equal(p.now.Add(30 * time.Second)) {
		t.Errorf("held until %s", line.until)
	}
	p.refuse, p.now = nil, p.now.Add(time.Minute)
	if err := h.Check(t.Context()); err != nil || p.posts != 2 || p.notices[0].State != briefing.NoticeSent {
		t.Errorf("%d posts, the notice is %s (%v)", p.posts, p.notices[0].State, err)
	}
}

// TestATroubleIsToldOnceWhileItLasts: met every morning it is one; not met for longer than a day it was over.
func TestATroubleIsToldOnceWhileItLasts(t *testing.T) {
	p := &pigeons{reader: reader(), now: instant(t, "2026-11-20T08:00:00+09:00")}
	h := p.herald(t)
	morning := func() time.Time {
		t.Helper()
		for range 3 {
			if _, err := h.Note(t.Context(), briefing.APIDisabled, briefing.Gmail); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		return h.ToldAt(briefing.APIDisabled, []briefing.SourceName{briefing.Gmail})
	}
	first := p.now
	for range 5 {
		if told := morning(); !told.Equal(first) {
			t.Errorf("on %s told at %s, want %s", p.now, told, first)
		}
		p.now = p.now.Add(24 * time.Hour)
	}
	if p.posts != 1 {
		t.Errorf("told %d times", p.posts)
	}
	if at := h.ToldAt(briefing.APIDisabled, []briefing.SourceName{briefing.Gmail, briefing.Calendar}); !at.IsZero() {
		t.Errorf("of the calendar nobody was told, and yet %s", at)
	}
	p.now = p.now.Add(36 * time.Hour)
	again := p.now
	if told := morning(); p.posts != 2 || !told.Equal(again) {
		t.Errorf("when it came back: %d posts, told at %s", p.posts, told)
	}
}

// TestATroubleIsMetWhileItIsTold by another process: that takes nothing from the one that tells it.
func TestATroubleIsMetWhileItIsTold(t *testing.T) {
	p := &pigeons{reader: reader(), now: instant(t, "2026-11-20T09:00:00+09:00")}
	h, other := p.herald(t), p.herald(t)
	note := func(h *briefing.Herald) {
		if _, err := h.Note(t.Context(), briefing.APIDisabled, briefing.Gmail); err != nil {
			t.Error(err)
		}
	}
	note(h)
	p.posting = func() { note(other) }
	if err := h.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := p.notices[0]; n.State != briefing.NoticeSent || len(p.notices) != 1 {
		t.Errorf("%d notices, the first is %s", len(p.notices), n.State)
	}
}

// TestWhatWasMendedOvernightIsNotTold in the morning; when it comes back it is.
func TestWhatWasMendedOvernightIsNotTold(t *testing.T) {
	p := &pigeons{reader: reader(), refused: true}
	h, seoul := p.herald(t), zone(t, "Asia/Seoul")
	p.watch(t, h, "2026-11-20T23:00:00+09:00", "2026-11-20T23:30:00+09:00", seoul)
	p.refused = false
	if got := p.watch(t, h, "2026-11-20T23:40:00+09:00", "2026-11-21T09:00:00+09:00", seoul); got != "" {
		t.Errorf("told at %q", got)
	}
	p.refused = true
	if got := p.watch(t, h, "2026-11-21T09:10:00+09:00", "2026-11-21T15:00:00+09:00", seoul); got != "Sat 09:10" {
		t.Errorf("back, and told at %q", got)
	}
}

// TestNobodyToTell: without an operator nothing is posted, and nobody was told.
func TestNobodyToTell(t *testing.T) {
	p := &pigeons{reader: reader(), now: instant(t, "2026-11-20T08:00:00+09:00")}
	h := p.herald(t)
	h.Operator = ""
	if _, err := h.Note(t.Context(), briefing.ClientMisconfigured, ""); err != nil {
		t.Fatal(err)
	}
	if err := h.Check(t.Context()); err != nil || p.posts != 0 || !h.ToldAt(briefing.ClientMisconfigured, nil).IsZero() {
		t.Errorf("%d posts (%v): %s", p.posts, err, fmt.Sprint(p.notices))
	}
}

// TestTestingIsToldAnew: the operator hears of "Testing" once while it lasts, however long; and again when it was over.
// What an earlier version noted for good counts.
func TestTestingIsToldAnew(t *testing.T) {
	for _, known := range []bool{false, true} {
		p := &pigeons{reader: reader(), now: instant(t, "2026-11-02T10:00:00+09:00")}
		p.reader.Paused = false
		if known {
			p.notices = []briefing.Announcement{{Kind: briefing.NoticeTesting, Key: "testing", State: briefing.NoticeSent, SettledAt: p.now.Add(-time.Hour)}}
		}
		h := p.herald(t)
		so := true
		h.Testing = func(context.Context) bool { return so }
		day := func(days int) int {
			for range days * 4 {
				// Each day another grant that ends in the next.
				p.with(briefing.CredentialState{EndsAt: p.now.Add(30 * time.Hour).Truncate(24 * time.Hour)})
				if err := h.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				p.now = p.now.Add(6 * time.Hour)
			}
			told := 0
			for _, one := range p.told {
				if one.Kind == briefing.NoticeTesting {
					told++
				}
			}
			return told
		}
		want := 1
		if known {
			want = 0
		}
		if n := day(40); n != want {
			t.Errorf("known %v: told %d times in forty days of it", known, n)
		}
		so = false
		day(1)
		so = true // for a moment it seemed not to be
		if n := day(3); n != want {
			t.Errorf("known %v: told %d times, though it was never over", known, n)
		}
		so = false
		day(3)
		so = true
		if n := day(3); n != want+1 {
			t.Errorf("known %v: back, and told %d times", known, n)
		}
	}
}
