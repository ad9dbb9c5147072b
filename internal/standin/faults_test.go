package standin_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"achim/internal/standin"
)

func feedServer(t *testing.T) (*standin.Feeds, string) {
	t.Helper()
	f := standin.NewFeeds()
	f.SetRaw("/a.xml", "application/xml", []byte("<rss/>"))
	return f, serve(t, f)
}

func TestFaultSkipTimesAndClear(t *testing.T) {
	f, base := feedServer(t)
	f.Inject(standin.Fault{Op: "/a.xml", Skip: 1, Times: 2, Status: 503})
	var got []int
	for range 4 {
		got = append(got, get(t, base+"/a.xml", "").Status)
	}
	for i, want := range []int{200, 503, 503, 200} {
		equal(t, "status", got[i], want)
	}
	f.Inject(standin.Fault{Op: "*", Status: 429, Header: map[string]string{"Retry-After": "7"}})
	r := get(t, base+"/a.xml", "")
	equal(t, "status", r.Status, 429)
	equal(t, "retry-after", r.Header.Get("Retry-After"), "7")
	f.Clear()
	equal(t, "after clear", get(t, base+"/a.xml", "").Status, 200)
	equal(t, "calls", f.Calls("/a.xml"), 6)
	equal(t, "all calls", f.Calls("*"), 6)
	f.ResetCalls()
	equal(t, "calls after reset", f.Calls("*"), 0)
}

func TestFaultCutsBeforeAndAfterActing(t *testing.T) {
	s := standin.NewSlack("xoxb-standin")
	s.AddUser("U0HANEUL", "haneul", "김하늘")
	base := serve(t, s)
	s.Inject(standin.Fault{Op: "chat.postMessage", Times: 1, Cut: "before"})
	s.Inject(standin.Fault{Op: "chat.postMessage", Times: 1, Cut: "after"})
	post := form("token", "xoxb-standin", "channel", "U0HANEUL", "text", "안녕")
	for i, want := range []int{0, 1} {
		if _, err := postForm(t, base+"/chat.postMessage", post); err == nil {
			t.Fatal("a cut connection gave an answer")
		}
		equal(t, "messages after cut "+string(rune('1'+i)), len(s.Messages("U0HANEUL")), want)
	}
	equal(t, "calls", s.Calls("chat.postMessage"), 2)
}

func TestFaultMatchMayReadTheForm(t *testing.T) {
	s := standin.NewSlack("xoxb-standin")
	s.AddUser("U0HANEUL", "haneul", "김하늘")
	base := serve(t, s)
	s.Inject(standin.Fault{
		Op: "chat.postMessage", Body: `{"ok":false,"error":"fatal_error"}`,
		Match: func(r *http.Request) bool { return r.FormValue("text") == "나쁜 글" },
	})
	for text, ok := range map[string]bool{"나쁜 글": false, "좋은 글": true} {
		r, err := postForm(t, base+"/chat.postMessage", form("token", "xoxb-standin", "channel", "U0HANEUL", "text", text))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, text, r.at(t, "ok").(bool), ok)
	}
}

func TestDelayEndsWithTheClient(t *testing.T) {
	f, base := feedServer(t)
	f.Inject(standin.Fault{Op: "/a.xml", Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, base+"/a.xml", nil)
	if _, err := send(t, req); err == nil {
		t.Fatal("answered in spite of the delay")
	}
}

func TestCloseEndsDelaysAndEndlessAnswers(t *testing.T) {
	f := standin.NewFeeds()
	srv, err := standin.Serve(f, "")
	if err != nil {
		t.Fatal(err)
	}
	f.Inject(standin.Fault{Op: "/slow", Delay: time.Hour})
	f.Inject(standin.Fault{Op: "/endless", Endless: true})
	var wg sync.WaitGroup
	for _, path := range []string{"/slow", "/endless"} {
		wg.Go(func() {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
			r, err := send(t, req)
			if err == nil {
				t.Errorf("%s came to an end: %q", path, r.Body)
			}
			if path == "/endless" && !strings.HasPrefix(r.Body, "<?xml") {
				t.Errorf("endless answer began with %.20q", r.Body)
			}
		})
	}
	for f.Calls("*") < 2 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(60 * time.Millisecond) // let a few bytes drip
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := srv.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestFaultsUnderConcurrency(t *testing.T) {
	f, base := feedServer(t)
	f.Inject(standin.Fault{Op: "/a.xml", Times: 5, Status: 500})
	var mu sync.Mutex
	failed := 0
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if get(t, base+"/a.xml", "").Status == 500 {
				mu.Lock()
				defer mu.Unlock()
				failed++
			}
		})
	}
	wg.Wait()
	equal(t, "hits", failed, 5)
}
