package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/standin"
	"achim/store/storetest"
)

// TestAnswersThatPassForEmpty is promise 1 against answers that are well-formed and say less than they seem
// to: none of them may read as a day without mail or meetings, and none may take the process down.
func TestAnswersThatPassForEmpty(t *testing.T) {
	t.Parallel()
	headers := fmt.Sprintf(`{"id":"18c0a1","internalDate":"%d","payload":{"headers":[null,{"name":"Subject","value":"제목"}]}}`, friday.Add(-time.Minute).UnixMilli())
	for _, c := range []struct {
		name, op, body string
		status         int
		degraded       bool
	}{
		{"null among the ids", "gmail.messages.list", `{"messages":[null,{"id":"18c0a1"}]}`, 200, true},
		{"an id that is empty", "gmail.messages.list", `{"messages":[{"id":""}]}`, 200, true},
		{"pages without end", "gmail.messages.list", `{"nextPageToken":"x","resultSizeEstimate":200}`, 200, true},
		{"no content", "gmail.messages.list", "", 204, true},
		{"null among the headers", "gmail.messages.get", headers, 200, false},
		{"calendars without end", "calendar.calendarList.list", `{"kind":"calendar#calendarList","items":[],"nextPageToken":"x"}`, 200, true},
		{"events without end", "calendar.events.list", `{"kind":"calendar#events","items":[],"nextPageToken":"x"}`, 200, true},
		{"an event without a time", "calendar.events.list", `{"kind":"calendar#events","items":[{"id":"x","summary":"회의"}]}`, 200, true},
		{"a time that is none", "calendar.events.list", `{"kind":"calendar#events","items":[{"id":"x","start":{"dateTime":"soon"}}]}`, 200, true},
		{"null among the events", "calendar.events.list", `{"kind":"calendar#events","items":[null]}`, 200, true},
		{"a cancelled one without a time", "calendar.events.list", `{"kind":"calendar#events","items":[{"id":"x","status":"cancelled"}]}`, 200, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := build(t, storetest.SQLite)
			h.start()
			h.addHaneul()
			h.connect()
			h.google.Inject(standin.Fault{Op: c.op, Status: c.status, Body: c.body})
			reader := h.trigger("")
			if !c.degraded {
				wants(t, reader, map[string]any{"outcome": "delivered", "status": "complete"})
				return
			}
			source, _, _ := strings.Cut(strings.Replace(c.op, "gmail.", "gmail ", 1), " ")
			source, _, _ = strings.Cut(source, ".")
			wants(t, reader, map[string]any{"outcome": "delivered", "status": "degraded"})
			wants(t, reader["sources"].(map[string]any)[source].(map[string]any), map[string]any{"reason": briefing.Malformed})
			lacks(t, seen(h.oneDM()), nothingToday...)
		})
	}
}

// TestMailBeyondTheNewestHundred: an empty page is followed to the next one, and mail that was counted and
// not looked at is never told as mail that needs no answer.
func TestMailBeyondTheNewestHundred(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	letters := make([]standin.Mail, 130)
	for i := range letters {
		letters[i] = standin.Mail{From: "소식 <news@gaon.example>", Subject: fmt.Sprintf("주간 소식 %d", i), Body: "이번 주 소식입니다.",
			Date: friday.Add(-time.Duration(i+1) * time.Minute), Headers: [][2]string{{"List-Unsubscribe", "<https://gaon.example/u>"}}}
	}
	letters[129].Headers, letters[129].Subject = nil, "오늘까지 회신 부탁드립니다"
	all := mailIDs(letters)
	h.google.AddAccount(standin.Account{Email: haneulMail, Subject: "1001", Mail: letters})
	h.start()
	h.addHaneul()
	h.connect()
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Times: 1, Status: 200, Body: `{"nextPageToken":"2"}`})
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Times: 1, Status: 200, Body: all,
		Match: func(r *http.Request) bool { return r.URL.Query().Get("pageToken") == "2" }})
	h.trigger("")
	dm := seen(h.oneDM())
	holds(t, dm, "130통", "그 밖 30", "일부만 읽음: Gmail 100/130")
	lacks(t, dm, "답장할 메일 없음", "답장할 메일은 없습니다", "답장할 메일도 없습니다")
}

// mailIDs numbers the mails and lists them in Gmail's words.
func mailIDs(mail []standin.Mail) string {
	var list struct {
		Messages []map[string]string `json:"messages"`
	}
	for i := range mail {
		mail[i].ID = fmt.Sprintf("%012x", i+1)
		list.Messages = append(list.Messages, map[string]string{"id": mail[i].ID})
	}
	raw, _ := json.Marshal(list) // strings always marshal
	return string(raw)
}

// TestHostileWordsStayWords is promise 6 over the whole path: what strangers write into mail, events and
// feeds pings nobody, forges no link, steers no display, and is not kept beyond a line of it.
func TestHostileWordsStayWords(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	acc := standin.Account{Email: haneulMail, Subject: "1001"}
	var events []standin.Event
	var items []standin.FeedItem
	for i, word := range []string{
		"<!channel> <!subteam^S1|@all> <@U0HANEUL> <https://evil.example|은행> *b* _i_ ~s~ `c` > q & &amp;lt;!here&amp;gt;",
		"\u202Egpj.exe\u202C \u200B\u2066x\u2069 \x00\x07\x1b[31m", strings.Repeat("길", 5000), "a" + strings.Repeat("\u0301", 300), "", "둘\r\nBcc: x@evil.example\n셋",
		"javascript:alert(1)", "data:text/html,x", "https://haneul:secret@evil.example/", "https://evil.example/x|y>z <!here>", "\uFEFF\u3164\u115F",
	} {
		at := friday.Add(-time.Duration(i+1) * time.Minute)
		acc.Mail = append(acc.Mail, standin.Mail{From: word, Subject: word, Body: "확인 부탁드립니다? " + strings.Repeat("본문 ", 60) + "BODY-END " + word, Date: at},
			standin.Mail{From: `"` + strings.NewReplacer(`"`, "", "\r", "", "\n", "").Replace(word) + `" <x@gaon.example>`, Subject: word, Body: word, Date: at})
		start := friday.Add(time.Duration(i) * time.Hour)
		events = append(events, standin.Event{Summary: word, Location: word, Description: word + " DESCRIPTION-END", HangoutLink: word, Start: start,
			Raw: map[string]any{"htmlLink": word}})
		items = append(items, standin.FeedItem{Title: word, URL: fmt.Sprintf("https://news.example/h%d", i), GUID: word, Source: word, Description: strings.Repeat("기사 ", 100) + "ARTICLE-END", Published: at},
			standin.FeedItem{Title: fmt.Sprintf("링크 %d", i), URL: word, GUID: fmt.Sprint(i), Published: at})
	}
	acc.Calendars = []standin.Calendar{{ID: haneulMail, Primary: true, Selected: true, Summary: "<!channel>", Events: events}}
	h.google.AddAccount(acc)
	h.feeds.Set("/wire.xml", standin.Feed{Title: "<!channel>", Items: items})
	h.start()
	h.addHaneul()
	h.connect()
	wants(t, h.trigger(""), map[string]any{"outcome": "delivered", "status": "complete"})
	m := h.oneDM()
	if len(m.Text) > 3900 || utf8.RuneCountInString(string(m.Blocks)) > 9000 {
		t.Errorf("text %d bytes, blocks %d characters", len(m.Text), utf8.RuneCountInString(string(m.Blocks)))
	}
	for _, text := range append(blockTexts(t, m.Blocks), m.Text) {
		for _, part := range strings.Split(text, "<")[1:] {
			if address, _, _ := strings.Cut(part, "|"); !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://127.0.0.1:") ||
				strings.Contains(address, "@evil") {
				t.Errorf("%q opens something in %q", "<"+address, text)
			}
		}
		lacks(t, text, "\u202E", "\u202C", "\u2066", "\x00", "\x07", "\x1b", "\r", strings.Repeat("\u0301", 8))
	}
	h.stop()
	file, err := os.ReadFile(strings.TrimPrefix(h.env["DATABASE_URL"], "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{"BODY-END", "DESCRIPTION-END", "ARTICLE-END", "본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문 본문"} {
		if strings.Contains(string(file), kept) {
			t.Errorf("the database keeps %q", kept)
		}
	}
}

// blockTexts returns every text in the blocks as Slack decodes it.
func blockTexts(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	var blocks any
	if err := json.Unmarshal(raw, &blocks); err != nil {
		t.Fatal(err)
	}
	var texts []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case map[string]any:
			if s, ok := v["text"].(string); ok {
				texts = append(texts, s)
			}
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(blocks)
	return texts
}

// TestManyTriggersAtOnce is promise 2 for a cron that stutters: one DM, and nothing secret in what the
// storm leaves behind.
func TestManyTriggersAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		var storm sync.WaitGroup
		for range 20 {
			storm.Go(func() { h.call("POST", "/api/cron/daily-summary", cronSecret, "") })
		}
		storm.Wait()
		h.oneDM()
		metrics := h.call("GET", "/metrics", "", "")
		logged := strings.Join(storetest.Rows(t, h.app.Store, "SELECT content, metadata FROM conversation_log"), "\n")
		for _, text := range []string{h.log.String(), string(metrics.body), logged} {
			lacks(t, text, botToken, clientSecret, signing, cronSecret, apiSecret, "standin-at-", "1//standin")
		}
		lacks(t, logged, "/connect/")
		lacks(t, h.log.String()+string(metrics.body), haneulMail, haneul, haneulSlack, "계약서")
	})
}

// TestPathsNoDatabaseTakes: what cannot be an id is not found, on either database, and dates beyond all
// calendars are none.
func TestPathsNoDatabaseTakes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.start()
		h.addHaneul()
		h.connect()
		for path, code := range map[string]string{
			"/api/runs/%00": "not_found", "/api/runs/%FF": "not_found", "/api/briefings/%00": "not_found", "/api/briefings/%FF": "not_found",
			"/api/briefings?date=9999-12-31": "invalid_date", "/api/calendar/events?date=9999-12-31&user_id=" + haneul: "invalid_date",
		} {
			status := map[string]int{"not_found": http.StatusNotFound, "invalid_date": http.StatusBadRequest}[code]
			wants(t, h.json("GET", path, apiSecret, "", status), map[string]any{"code": code})
		}
		wants(t, h.json("POST", "/api/cron/daily-summary", cronSecret, `{"date":"9999-12-31","dry_run":true}`, http.StatusBadRequest), map[string]any{"code": "invalid_date"})
		wants(t, h.json("POST", "/api/gmail/refresh/"+haneul, apiSecret, `{"nope":1}`, http.StatusBadRequest), map[string]any{"code": "invalid_field"})
	})
}

// TestStoppingAnswersWithAnError: whoever waits for an answer when the server stops gets none that passes
// for an empty one.
func TestStoppingAnswersWithAnError(t *testing.T) {
	t.Parallel()
	h := build(t, storetest.SQLite)
	h.start()
	h.addHaneul()
	h.connect()
	reached := make(chan struct{})
	var once sync.Once
	h.google.Inject(standin.Fault{Op: "gmail.messages.list", Delay: time.Minute, Match: func(*http.Request) bool {
		once.Do(func() { close(reached) })
		return true
	}})
	got := make(chan answer)
	go func() { got <- h.call("GET", "/messages?user_id="+haneul, apiSecret, "") }()
	<-reached
	h.stop()
	if a := <-got; a.status != http.StatusServiceUnavailable || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, %q", a.status, a.body)
	}
}
