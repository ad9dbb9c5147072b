// Package deliverytest is the suite every briefing.Deliverer passes. It speaks to the deliverer alone and
// watches what arrives through a Rig, so a new delivery brings a stand-in and nothing else.
package deliverytest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"achim/briefing"
)

// Message is what arrived in the reader's DM.
type Message struct {
	TS, ThreadTS, Text string
	Blocks             bool // it has blocks
}

// Trouble is something that goes wrong with the next message on the way.
type Trouble string

// The troubles. LostBefore and LostAfter cut the connection before and after the message was put up.
const (
	LostBefore  Trouble = "lost_before"
	LostAfter   Trouble = "lost_after"
	ServerError Trouble = "server_error" // after which nothing is put up
	Limited     Trouble = "limited"      // with 7 seconds to wait
	Slow        Trouble = "slow"         // no answer before the deadline
	Refused     Trouble = "refused"      // the message as it is
	NoHistory   Trouble = "no_history"   // the DM cannot be read
)

// Rig is a deliverer and the stand-in it delivers to, fresh for each case.
type Rig struct {
	Deliverer briefing.Deliverer
	Reader    briefing.Reader // who can be written to
	Stranger  briefing.Reader // whom the other side does not know
	Secret    briefing.Secret // what must be in no error
	Cause     func(Trouble)   // for the next call it concerns
	Messages  func() []Message
	Delete    func(channelID, ts string)
}

// Run runs the suite.
func Run(t *testing.T, rig func(t *testing.T) Rig) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(*testing.T, *bench)
	}{
		{"open is idempotent", openTwice},
		{"a stranger cannot be written to", openStranger},
		{"a post arrives and is found", postAndFind},
		{"an entry that was not posted is not found", findNothing},
		{"the marker is found behind many messages", findDeep},
		{"history that cannot be read is an error", findFails},
		{"text alone", postText},
		{"a thread reply", postReply},
		{"an update replaces, and may be repeated", update},
		{"a deleted message is gone", updateDeleted},
		{"past the deadline nothing is posted", pastDeadline},
		{"a cancelled call posts nothing", cancelled},
		{"an answer lost after posting is ambiguous", lostAfter},
		{"a connection lost on the way is ambiguous", lostBefore},
		{"a server error is ambiguous", serverError},
		{"no answer in time is ambiguous", slow},
		{"a limit is told with its wait", limited},
		{"a refused payload is told", refused},
		{"posts at once", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := &bench{Rig: rig(t)}
			channel, err := b.Deliverer.Open(t.Context(), b.Reader)
			if err != nil || channel == "" {
				t.Fatalf("Open = %q, %v", channel, err)
			}
			b.channel = channel
			c.test(t, b)
		})
	}
}

// bench is a rig whose DM is open.
type bench struct {
	Rig
	channel string
}

const entry briefing.EntryID = "entryunderdeliverytest0001"

func (b *bench) message(text string) briefing.Post {
	return briefing.Post{
		ChannelID: b.channel, Entry: entry, Deadline: time.Now().Add(20 * time.Second),
		Message: briefing.Message{
			Text:   text,
			Blocks: []byte(`[{"type":"section","block_id":"gist","text":{"type":"mrkdwn","text":"` + text + `"}}]`),
			Date:   briefing.Date{Year: 2026, Month: 11, Day: 20}, Status: briefing.Degraded,
		},
	}
}

func (b *bench) post(t *testing.T, p briefing.Post) string {
	t.Helper()
	ts, err := b.Deliverer.Post(t.Context(), p)
	if err != nil || ts == "" {
		t.Fatalf("Post = %q, %v", ts, err)
	}
	return ts
}

func (b *bench) find(t *testing.T, id briefing.EntryID) string {
	t.Helper()
	ts, err := b.Deliverer.Find(t.Context(), b.channel, id, time.Now())
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return ts
}

// fails holds err to be an Error with the reason that tells no secret, and the number of messages there.
func (b *bench) fails(t *testing.T, err error, want briefing.Reason, arrived int) {
	t.Helper()
	e, ok := errors.AsType[*briefing.Error](err)
	if !ok {
		t.Fatalf("error is %T %v, not a *briefing.Error", err, err)
	}
	if e.Reason != want {
		t.Errorf("reason is %s, want %s: %v", e.Reason, want, err)
	}
	if secret := b.Secret.Reveal(); secret != "" && strings.Contains(err.Error(), secret) {
		t.Errorf("the error tells the secret: %v", err)
	}
	if n := len(b.Messages()); n != arrived {
		t.Errorf("%d messages arrived, want %d", n, arrived)
	}
}

func openTwice(t *testing.T, b *bench) {
	again, err := b.Deliverer.Open(t.Context(), b.Reader)
	if err != nil || again != b.channel {
		t.Errorf("Open again = %q, %v; want %q", again, err, b.channel)
	}
}

func openStranger(t *testing.T, b *bench) {
	_, err := b.Deliverer.Open(t.Context(), b.Stranger)
	b.fails(t, err, briefing.RecipientUnreachable, 0)
}

func postAndFind(t *testing.T, b *bench) {
	ts := b.post(t, b.message("six meetings"))
	if found := b.find(t, entry); found != ts {
		t.Errorf("Find = %q, want %q", found, ts)
	}
	want := []Message{{TS: ts, Text: "six meetings", Blocks: true}}
	if diff := cmp.Diff(want, b.Messages()); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
}

func findNothing(t *testing.T, b *bench) {
	b.post(t, b.message("another entry's"))
	if found := b.find(t, "entryneverposted0000000001"); found != "" {
		t.Errorf("Find = %q for an entry that was not posted", found)
	}
}

func findDeep(t *testing.T, b *bench) {
	ts := b.post(t, b.message("the one"))
	for range 40 {
		p := b.message("talk")
		p.Entry = ""
		b.post(t, p)
	}
	if found := b.find(t, entry); found != ts {
		t.Errorf("Find = %q, want %q", found, ts)
	}
}

func findFails(t *testing.T, b *bench) {
	b.Cause(NoHistory)
	found, err := b.Deliverer.Find(t.Context(), b.channel, entry, time.Now())
	if err == nil || found != "" {
		t.Errorf("Find = %q, %v; a history that cannot be read cannot say no", found, err)
	}
}

func postText(t *testing.T, b *bench) {
	p := b.message("words only")
	p.Message.Blocks = nil
	ts := b.post(t, p)
	want := []Message{{TS: ts, Text: "words only"}}
	if diff := cmp.Diff(want, b.Messages()); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
}

func postReply(t *testing.T, b *bench) {
	ts := b.post(t, b.message("parent"))
	reply := briefing.Post{ChannelID: b.channel, ThreadTS: ts, Message: briefing.Message{Text: "filled in"}}
	b.post(t, reply)
	if messages := b.Messages(); len(messages) != 2 || messages[1].ThreadTS != ts {
		t.Errorf("the reply is not in the thread: %+v", messages)
	}
	if found := b.find(t, entry); found != ts {
		t.Errorf("Find = %q, want the parent %q", found, ts)
	}
}

func update(t *testing.T, b *bench) {
	ts := b.post(t, b.message("before"))
	for range 2 {
		if err := b.Deliverer.Update(t.Context(), ts, b.message("after")); err != nil {
			t.Fatalf("Update: %v", err)
		}
	}
	want := []Message{{TS: ts, Text: "after", Blocks: true}}
	if diff := cmp.Diff(want, b.Messages()); diff != "" {
		t.Errorf("after the update (-want +got):\n%s", diff)
	}
	if found := b.find(t, entry); found != ts {
		t.Errorf("Find = %q after the update, want %q: the marker is lost", found, ts)
	}
}

func updateDeleted(t *testing.T, b *bench) {
	ts := b.post(t, b.message("soon gone"))
	b.Delete(b.channel, ts)
	err := b.Deliverer.Update(t.Context(), ts, b.message("after"))
	b.fails(t, err, briefing.MessageGone, len(b.Messages()))
}

func pastDeadline(t *testing.T, b *bench) {
	p := b.message("too late")
	p.Deadline = time.Now().Add(-time.Second)
	_, err := b.Deliverer.Post(t.Context(), p)
	b.fails(t, err, briefing.Timeout, 0)
}

func cancelled(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Deliverer.Post(ctx, b.message("never"))
	b.fails(t, err, briefing.Timeout, 0)
}

func lostAfter(t *testing.T, b *bench) {
	b.Cause(LostAfter)
	_, err := b.Deliverer.Post(t.Context(), b.message("posted, and nobody told"))
	b.fails(t, err, briefing.Ambiguous, 1)
	if b.find(t, entry) == "" {
		t.Error("the marker of the posted message is not found")
	}
}

func lostBefore(t *testing.T, b *bench) {
	b.Cause(LostBefore)
	_, err := b.Deliverer.Post(t.Context(), b.message("lost"))
	b.fails(t, err, briefing.Ambiguous, 0)
	if found := b.find(t, entry); found != "" {
		t.Errorf("Find = %q for a message that was lost", found)
	}
}

func serverError(t *testing.T, b *bench) {
	b.Cause(ServerError)
	_, err := b.Deliverer.Post(t.Context(), b.message("broken"))
	b.fails(t, err, briefing.Ambiguous, 0)
}

func slow(t *testing.T, b *bench) {
	b.Cause(Slow)
	p := b.message("slow")
	p.Deadline = time.Now().Add(200 * time.Millisecond)
	_, err := b.Deliverer.Post(t.Context(), p)
	b.fails(t, err, briefing.Ambiguous, 0)
}

func limited(t *testing.T, b *bench) {
	b.Cause(Limited)
	_, err := b.Deliverer.Post(t.Context(), b.message("slow down"))
	b.fails(t, err, briefing.RateLimited, 0)
	if wait := briefing.RetryAfter(err); wait != 7*time.Second {
		t.Errorf("RetryAfter = %v, want 7s", wait)
	}
}

func refused(t *testing.T, b *bench) {
	b.Cause(Refused)
	_, err := b.Deliverer.Post(t.Context(), b.message("refused"))
	b.fails(t, err, briefing.PayloadRefused, 0)
}

func concurrent(t *testing.T, b *bench) {
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := b.Deliverer.Post(t.Context(), b.message("at once")); err != nil {
				t.Errorf("Post: %v", err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, m := range b.Messages() {
		seen[m.TS] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d messages arrived, want 10", len(seen))
	}
}
