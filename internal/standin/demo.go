package standin

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
)

// World is an invented team for the demo: who they are, what their accounts hold,
// and the news of the day. It is data; Populate puts it into stand-ins.
type World struct {
	Readers  []Reader
	Accounts []Account  // one per reader, in the same order
	Feeds    []FeedPath // six
	Operator Reader     // who runs the server; a Slack user without an account
}

// Reader is one person of a World.
type Reader struct {
	Name      string
	Language  string // "ko" or "en"
	SlackID   string
	SlackName string
	Email     string
	// Connected readers have a grant stored when the demo begins.
	Connected bool
	// Revoked ones are connected, and Google took the grant back yesterday.
	Revoked bool
}

// FeedPath is a feed and where it is served.
type FeedPath struct {
	Path string // "/hanbit.xml"
	URL  string // feedBase + Path
	Feed Feed
}

// Story lays the team's lives around now's local date in zone: haneul has a full
// Korean working day, minji's grant is dead, dana has a light day in English, and
// junho has never connected. Mail and news are dated before now, meetings stand at
// fixed hours of today and the next days. feedBase is where Feeds is served; the
// stories' links lie below it.
func Story(now time.Time, zone *time.Location, feedBase string) World {
	d := newDay(now, zone)
	base := strings.TrimSuffix(feedBase, "/")
	return World{
		Readers: []Reader{
			{Name: "김하늘", Language: "ko", SlackID: "U0HANEUL", SlackName: "haneul", Email: haneulMail, Connected: true},
			{Name: "박민지", Language: "ko", SlackID: "U0MINJI", SlackName: "minji", Email: minjiMail, Connected: true, Revoked: true},
			{Name: "Dana Kim", Language: "en", SlackID: "U0DANA", SlackName: "dana", Email: danaMail, Connected: true},
			{Name: "이준호", Language: "ko", SlackID: "U0JUNHO", SlackName: "junho", Email: junhoMail},
		},
		Operator: Reader{Name: "한지원", Language: "ko", SlackID: "U0JIWON", SlackName: "jiwon"},
		Accounts: []Account{haneul(d), minji(d), dana(d), junho(d)},
		Feeds:    demoFeeds(d, base),
	}
}

// Populate adds the accounts, users, feeds and the pages behind the feeds' links.
// Grants are the caller's: Google.Grant for the connected, then Google.Revoke for
// the revoked.
func (w World) Populate(g *Google, s *Slack, f *Feeds) {
	for _, a := range w.Accounts {
		g.AddAccount(a)
	}
	for _, r := range append(slices.Clone(w.Readers), w.Operator) {
		s.AddUser(r.SlackID, r.SlackName, r.Name)
	}
	for _, p := range w.Feeds {
		f.Set(p.Path, p.Feed)
		base := strings.TrimSuffix(p.URL, p.Path)
		for _, item := range p.Feed.Items {
			if path, ok := strings.CutPrefix(item.URL, base); ok {
				f.SetRaw(path, "text/html; charset=utf-8", []byte(article(p.Feed.Title, item)))
			}
		}
	}
}

// article is what a reader of the demo finds behind a headline.
func article(publisher string, item FeedItem) string {
	return fmt.Sprintf(`<!doctype html><html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>%[1]s</title><body style="max-width:600px;margin:0 auto;padding:24px;font:17px/1.7 system-ui,'Noto Sans KR',sans-serif;word-break:keep-all">
<p style="color:#666">%[2]s · 연습용으로 지어낸 기사입니다</p><h1 style="line-height:1.3">%[1]s</h1><p>%[3]s</p></body></html>`,
		html.EscapeString(item.Title), html.EscapeString(publisher), html.EscapeString(item.Description))
}

// day is now and the local date around which a life is laid.
type day struct {
	now  time.Time
	zone *time.Location
}

func newDay(now time.Time, zone *time.Location) day { return day{now.In(zone), zone} }

// at is a local time, some days from today.
func (d day) at(days, hour, minute int) time.Time {
	return time.Date(d.now.Year(), d.now.Month(), d.now.Day()+days, hour, minute, 0, 0, d.zone)
}

func (d day) date(days int) string { return d.at(days, 12, 0).Format(time.DateOnly) }

// ago is that many minutes before now, to the second.
func (d day) ago(minutes int) time.Time {
	return d.now.Add(-time.Duration(minutes) * time.Minute).Truncate(time.Second)
}

// meeting is a timed event of the day.
func (d day) meeting(days int, from, to, summary string) Event {
	return Event{Summary: summary, Start: d.clock(days, from), End: d.clock(days, to)}
}

func (d day) clock(days int, hhmm string) time.Time {
	var hour, minute int
	_, _ = fmt.Sscanf(hhmm, "%d:%d", &hour, &minute) // written in this package
	return d.at(days, hour, minute)
}

// deadline is a time later today and the Korean words for it in a mail of `sent`: a
// mail from before midnight must not say "today".
func (d day) deadline(sent time.Time) string {
	hour := "18:00"
	if d.now.Hour() >= 17 {
		hour = "23:30"
	}
	if sent.In(d.zone).Day() == d.now.Day() {
		return "오늘 " + hour
	}
	return d.now.Format("1월 2일 ") + hour
}
