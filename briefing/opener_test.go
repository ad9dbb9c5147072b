package briefing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"achim/briefing"
)

// newcomers are readers without a DM, and Slack for them.
type newcomers struct {
	readers map[briefing.ReaderID]briefing.Reader
	refuse  map[briefing.ReaderID]error
	opened  []briefing.ReaderID
	calls   int
}

func (n *newcomers) Unopened(_ context.Context, _ time.Time, limit int) ([]briefing.ReaderID, error) {
	var ids []briefing.ReaderID
	for id, r := range n.readers {
		if r.SlackChannelID == "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], nil
}

func (n *newcomers) Reader(_ context.Context, ref string) (briefing.Reader, error) {
	r, ok := n.readers[briefing.ReaderID(ref)]
	if !ok {
		return r, briefing.ErrNotFound
	}
	return r, nil
}

func (n *newcomers) SaveChannel(_ context.Context, id briefing.ReaderID, channel string) error {
	r := n.readers[id]
	r.SlackChannelID = channel
	n.readers[id] = r
	n.opened = append(n.opened, id)
	return nil
}

func (n *newcomers) Open(_ context.Context, r briefing.Reader) (string, error) {
	n.calls++
	return "D" + string(r.ID), n.refuse[r.ID]
}

func (n *newcomers) Post(context.Context, briefing.Post) (string, error) {
	return "", errors.New("an opener posts nothing")
}

func (n *newcomers) Update(context.Context, string, briefing.Post) error {
	return errors.New("an opener edits nothing")
}

func (n *newcomers) Find(context.Context, string, briefing.EntryID, time.Time) (string, error) {
	return "", errors.New("an opener looks for nothing")
}

func arrivals(count int) *newcomers {
	n := &newcomers{readers: map[briefing.ReaderID]briefing.Reader{}, refuse: map[briefing.ReaderID]error{}}
	for i := range count {
		id := briefing.ReaderID(fmt.Sprintf("r%03d", i))
		n.readers[id] = briefing.Reader{ID: id, SlackUserID: "U" + string(id)}
	}
	return n
}

// TestDMsAreOpenedAtSlacksPace: two hundred new readers have their DMs in under five minutes.
func TestDMsAreOpenedAtSlacksPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, start := arrivals(200), time.Now()
		o := &briefing.Opener{Store: n, Deliverer: n, Now: time.Now,
			Pacer: &briefing.Pacer{Store: &paceRow{}, Paces: briefing.SlackPaces(300), Now: time.Now}}
		for len(n.opened) < 200 && time.Since(start) < time.Hour {
			if _, err := o.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
		}
		if took := time.Since(start); len(n.opened) != 200 || took > 5*time.Minute {
			t.Errorf("%d of 200 opened in %s", len(n.opened), took)
		}
	})
}

// TestWhoCannotBeWrittenTo is told once, left alone for hours, and in nobody's way.
func TestWhoCannotBeWrittenTo(t *testing.T) {
	n := arrivals(70)
	for i := range 65 { // more than are opened in one go
		n.refuse[briefing.ReaderID(fmt.Sprintf("r%03d", i))] = &briefing.Error{Op: "open", Reason: briefing.RecipientUnreachable}
	}
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	told := 0
	o := &briefing.Opener{Store: n, Deliverer: n, Now: func() time.Time { return now }, Trouble: func(briefing.ReaderID, error) { told++ }}
	for range 10 {
		if _, err := o.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	if len(n.opened) != 5 || told != 65 || n.calls != 70 {
		t.Errorf("%d opened, told of %d, %d calls", len(n.opened), told, n.calls)
	}
	now = now.Add(6 * time.Hour)
	if _, err := o.Open(t.Context()); err != nil || told == 65 {
		t.Errorf("not tried again after six hours (%v)", err)
	}
}

// TestSlackThatTakesNoCalls: the go ends, and those left are opened in the next.
func TestSlackThatTakesNoCalls(t *testing.T) {
	n := arrivals(1)
	n.refuse["r000"] = &briefing.Error{Op: "open", Reason: briefing.RateLimited, RetryAfter: 30 * time.Second}
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	p := &briefing.Pacer{Store: &paceRow{}, Paces: briefing.SlackPaces(300), Now: clock}
	o := &briefing.Opener{Store: n, Deliverer: n, Pacer: p, Now: clock}
	if _, err := o.Open(t.Context()); briefing.ReasonOf(err) != briefing.RateLimited || p.Wait(briefing.PaceOpen) < 30*time.Second {
		t.Errorf("%v, and the next turn is %s ahead", err, p.Wait(briefing.PaceOpen))
	}
	n.refuse = nil
	if opened, err := o.Open(t.Context()); opened != 0 || err != nil {
		t.Errorf("%d opened while Slack takes no calls (%v)", opened, err)
	}
	now = now.Add(time.Minute)
	if opened, err := o.Open(t.Context()); opened != 1 || err != nil {
		t.Errorf("%d opened when it does again (%v)", opened, err)
	}
}
