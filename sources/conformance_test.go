package sources_test

import (
	"net/http"
	"testing"
	"time"

	"achim/briefing"
	"achim/internal/standin"
	"achim/sources"
	"achim/sources/sourcetest"
)

// upstream is a stand-in that can be made to fail.
type upstream interface {
	Inject(standin.Fault)
}

// faults fills a rig's ways to fail for one operation.
func faults(rig sourcetest.Rig, up upstream, op string) sourcetest.Rig {
	rig.Refuse = func() { up.Inject(standin.Fault{Op: op, Status: http.StatusBadGateway}) }
	rig.Babble = func() { up.Inject(standin.Fault{Op: op, Body: "<html>welcome to the hotel network</html>"}) }
	rig.Hang = func() { up.Inject(standin.Fault{Op: op, Delay: time.Minute}) }
	rig.Cut = func() { up.Inject(standin.Fault{Op: op, Cut: "before"}) }
	return rig
}

func googleRig(t *testing.T, name briefing.SourceName, op string) sourcetest.Rig {
	account := standin.Account{Mail: someMail(7), Calendars: []standin.Calendar{{Selected: true, Events: busyDays(5)}}}
	h := build(t, account)
	token := h.connect()
	return faults(sourcetest.Rig{
		Source: h.source(t, name), Request: h.request(), Secrets: []string{token.AccessToken, token.RefreshToken, clientSecret},
		Wants: map[briefing.SourceName]int{briefing.Gmail: 7, briefing.Calendar: 5}[name],
		Empty: func() {
			h.google.Inject(standin.Fault{Op: "gmail.messages.list", Body: `{"resultSizeEstimate":0}`})
			h.google.Inject(standin.Fault{Op: "calendar.events.list", Body: `{"kind":"calendar#events","items":[]}`})
		},
	}, h.google, op)
}

func TestGmailConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Rig { return googleRig(t, briefing.Gmail, "gmail.messages.list") })
}

func TestCalendarConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Rig { return googleRig(t, briefing.Calendar, "calendar.events.list") })
}

func TestNewsConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Rig {
		p := newPress(t, []string{"/a.xml?key=feed-secret"})
		p.feeds.Set("/a.xml", feed("Hanbit", "하나", "둘", "셋"))
		return faults(sourcetest.Rig{
			Source: p.source, Request: p.request(readerID), Secrets: []string{"feed-secret"}, Wants: 3,
			Empty: func() { p.feeds.Set("/a.xml", standin.Feed{Title: "Hanbit"}) },
		}, p.feeds, "/a.xml")
	})
}

func TestCatalog(t *testing.T) {
	h := build(t, standin.Account{})
	var names []briefing.SourceName
	for _, s := range sources.Catalog(sources.Config{Google: h.client}) {
		names = append(names, s.Name())
	}
	if len(names) != 3 || names[0] != briefing.Gmail || names[1] != briefing.Calendar || names[2] != briefing.News {
		t.Errorf("catalog %q", names)
	}
}
