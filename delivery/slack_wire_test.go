package delivery_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"

	"achim/briefing"
	"achim/delivery"
	"achim/internal/standin"
)

// frozen is a connection on which the process sleeps after so many writes.
type frozen struct {
	net.Conn
	left  *atomic.Int64
	sleep func()
}

func (f frozen) Write(b []byte) (int, error) {
	n, err := f.Conn.Write(b)
	if f.left.Add(-1) == 0 {
		f.sleep()
	}
	return n, err
}

// TestFrozenInMidRequest: a process that sleeps while a long message goes out does not finish it past the
// deadline, and Slack acts on no half.
func TestFrozenInMidRequest(t *testing.T) {
	// Nothing of the body went out with the first write, a part of it with the second.
	for writes, want := range map[int64]briefing.Reason{1: briefing.Timeout, 2: briefing.Ambiguous} {
		s, server, _ := workspace(t)
		start := time.Now()
		var asleep, left atomic.Int64
		left.Store(writes)
		client := &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				var dialer net.Dialer
				conn, err := dialer.DialContext(ctx, network, address)
				return frozen{conn, &left, func() { asleep.Store(int64(time.Hour)) }}, err
			},
		}}
		d := delivery.NewSlack(delivery.SlackConfig{
			Token: briefing.NewSecret(token), URL: server.URL, Client: client,
			Now: func() time.Time { return start.Add(time.Duration(asleep.Load())) },
		})
		_, err := d.Post(t.Context(), briefing.Post{ChannelID: "U0HANEUL01", Deadline: start.Add(10 * time.Second),
			Message: briefing.Message{Text: strings.Repeat("아침 브리핑 ", 2000)}})
		checkReason(t, err, want, "deadline")
		if n := len(s.Messages("U0HANEUL01")); n != 0 {
			t.Errorf("%d messages were posted past the deadline", n)
		}
		client.CloseIdleConnections()
	}
}

// TestUpdatePastTheDeadline: an edit of a process that slept would put what was true then over what is now.
func TestUpdatePastTheDeadline(t *testing.T) {
	s, _, d := workspace(t)
	channel, err := d.Open(t.Context(), briefing.Reader{SlackUserID: "U0HANEUL01"})
	if err != nil {
		t.Fatal(err)
	}
	ts, err := d.Post(t.Context(), briefing.Post{ChannelID: channel, Message: briefing.Message{Text: "now"}})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(t.Context(), ts, briefing.Post{ChannelID: channel, Deadline: time.Now().Add(-time.Second), Message: briefing.Message{Text: "then"}})
	checkReason(t, err, briefing.Timeout)
	if text := s.Messages("U0HANEUL01")[0].Text; text != "now" {
		t.Errorf("the message says %q", text)
	}
}

// TestDeadConnections: net/http sends a request again by itself when a kept connection turns out to be dead. It
// does so for a post only when nothing of it was written: never when the other side may have read it.
func TestDeadConnections(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var posts atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerOnce(conn, &posts)
		}
	}()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	d := delivery.NewSlack(delivery.SlackConfig{Token: briefing.NewSecret(token), URL: "http://" + listener.Addr().String(), Client: client})
	post := func() error {
		_, err := d.Post(t.Context(), briefing.Post{ChannelID: "D1", Message: briefing.Message{Text: "once"}})
		return err
	}
	for range 20 { // the first on a connection is answered, the second read and then dropped
		if err := post(); err != nil {
			t.Fatal(err)
		}
		checkReason(t, post(), briefing.Ambiguous)
	}
	if n := posts.Load(); n != 40 {
		t.Errorf("%d requests arrived for 40 posts", n)
	}
}

// answerOnce answers one request on the connection, reads the next one and hangs up.
func answerOnce(conn net.Conn, posts *atomic.Int64) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for n := range 2 {
		req, err := http.ReadRequest(in)
		if err != nil || req.ParseForm() != nil {
			return
		}
		posts.Add(1)
		if n == 0 {
			const body = `{"ok":true,"channel":"D1","ts":"1.000001"}`
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		}
	}
}

// TestForgedMarkers: somebody else's message is not ours, whatever its metadata says.
func TestForgedMarkers(t *testing.T) {
	const forged = `{"ok":true,"messages":[
		{"type":"message","user":"U0HANEUL01","text":"x","ts":"1.1","metadata":{"event_type":"daily_briefing","event_payload":{"entry_id":"e1"}}},
		{"type":"message","user":"U0OTHERBOT","bot_id":"B0OTHER","text":"x","ts":"1.2","metadata":{"event_type":"daily_briefing","event_payload":{"entry_id":"e1"}}},
		{"type":"message","subtype":"bot_message","text":"x","ts":"1.3","metadata":{"event_type":"daily_briefing","event_payload":{"entry_id":"e1"}}}],
		"has_more":false}`
	s, _, d := workspace(t)
	s.Inject(standin.Fault{Op: "conversations.history", Body: forged})
	if found, err := d.Find(t.Context(), "D0HANEUL01", "e1", time.Now()); err != nil || found != "" {
		t.Errorf("Find = %q, %v", found, err)
	}
	s, _, d = workspace(t)
	s.Inject(standin.Fault{Op: "auth.test", Status: http.StatusServiceUnavailable})
	_, err := d.Find(t.Context(), "D0HANEUL01", "e1", time.Now())
	checkReason(t, err, briefing.Unavailable) // who knows whose messages are whose
}

// TestOnePageAMinute: where Slack gives fifteen messages a minute, a search goes on where the limit stopped it, and
// looks back to a day before the attempt, whatever our clock says.
func TestOnePageAMinute(t *testing.T) {
	s, _, d := workspace(t)
	channel, err := d.Open(t.Context(), briefing.Reader{SlackUserID: "U0HANEUL01"})
	if err != nil {
		t.Fatal(err)
	}
	since := time.Now()
	want, err := d.Post(t.Context(), briefing.Post{ChannelID: channel, Entry: "e1", Message: briefing.Message{Text: "the one"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if _, err := d.Post(t.Context(), briefing.Post{ChannelID: channel, Message: briefing.Message{Text: "talk"}}); err != nil {
			t.Fatal(err)
		}
	}
	var minute atomic.Int64 // calls left in it
	asked := make(chan url.Values, 100)
	s.Inject(standin.Fault{Op: "conversations.history", Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "60"},
		Match: func(r *http.Request) bool {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			asked <- r.Form
			return minute.Add(-1) < 0
		}})
	found := ""
	for look := 1; found == ""; look++ {
		minute.Store(1)
		found, err = d.Find(t.Context(), channel, "e1", since)
		if err != nil && (briefing.ReasonOf(err) != briefing.RateLimited || briefing.RetryAfter(err) != time.Minute) {
			t.Fatal(err)
		}
		if look > 3 {
			t.Fatal("three pages hold the message, and it is not found in three minutes")
		}
	}
	first := <-asked
	got := map[string]string{"limit": first.Get("limit"), "oldest": first.Get("oldest"), "inclusive": first.Get("inclusive"), "ts": found}
	oldest := since.Add(-24 * time.Hour)
	if diff := cmp.Diff(map[string]string{"limit": "15", "inclusive": "1", "ts": want,
		"oldest": fmt.Sprintf("%d.%06d", oldest.Unix(), oldest.Nanosecond()/1000)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAnotherAttemptIsLookedForAnew: where a search for one attempt was cut short is nothing to the search for the next.
func TestAnotherAttemptIsLookedForAnew(t *testing.T) {
	s, _, d := workspace(t)
	channel, err := d.Open(t.Context(), briefing.Reader{SlackUserID: "U0HANEUL01"})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := d.Post(t.Context(), briefing.Post{ChannelID: channel, Message: briefing.Message{Text: "talk"}}); err != nil {
			t.Fatal(err)
		}
	}
	first := time.Now()
	s.Inject(standin.Fault{Op: "conversations.history", Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "60"}, Times: 1,
		Match: func(r *http.Request) bool { return r.ParseForm() == nil && r.Form.Get("cursor") != "" }})
	if _, err := d.Find(t.Context(), channel, "e1", first); briefing.ReasonOf(err) != briefing.RateLimited {
		t.Fatalf("the first search was not cut short: %v", err)
	}
	want, err := d.Post(t.Context(), briefing.Post{ChannelID: channel, Entry: "e1", Message: briefing.Message{Text: "the second attempt"}})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := d.Find(t.Context(), channel, "e1", first.Add(time.Second)); err != nil || found != want {
		t.Errorf("Find = %q, %v, want %q", found, err, want)
	}
}

// TestAClockThatIsFast: what we posted is found although our clock is hours ahead of Slack's.
func TestAClockThatIsFast(t *testing.T) {
	_, _, d := workspace(t)
	channel, err := d.Open(t.Context(), briefing.Reader{SlackUserID: "U0HANEUL01"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := d.Post(t.Context(), briefing.Post{ChannelID: channel, Entry: "e1", Message: briefing.Message{Text: "the one"}})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := d.Find(t.Context(), channel, "e1", time.Now().Add(9*time.Hour)); err != nil || found != want {
		t.Errorf("Find = %q, %v, want %q", found, err, want)
	}
}

// TestHTTP2SendsOnce: over HTTP/2, which Slack speaks, a stream that is reset after the request was read is not
// sent again behind our back.
func TestHTTP2SendsOnce(t *testing.T) {
	var posts atomic.Int64
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2 = true
	server.StartTLS()
	certificates := server.TLS.Certificates
	client := server.Client()
	server.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go resetStreams(conn, &posts)
		}
	}()
	defer client.CloseIdleConnections()
	d := delivery.NewSlack(delivery.SlackConfig{Token: briefing.NewSecret(token), URL: "https://" + listener.Addr().String(), Client: client})
	_, err = d.Post(t.Context(), briefing.Post{ChannelID: "D1", Message: briefing.Message{Text: "once"}})
	checkReason(t, err, briefing.Ambiguous)
	if n := posts.Load(); n != 1 {
		t.Errorf("%d requests for one post", n)
	}
}

// resetStreams reads every request on the connection to its end and resets its stream.
func resetStreams(conn net.Conn, posts *atomic.Int64) {
	defer func() { _ = conn.Close() }()
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	_ = framer.WriteSettings()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if settings, ok := frame.(*http2.SettingsFrame); ok && !settings.IsAck() {
			_ = framer.WriteSettingsAck()
		}
		if data, ok := frame.(*http2.DataFrame); ok && data.StreamEnded() {
			posts.Add(1)
			_ = framer.WriteRSTStream(data.StreamID, http2.ErrCodeProtocol)
		}
	}
}
