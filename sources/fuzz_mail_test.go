package sources_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"achim/briefing"
	"achim/sources"
)

// FuzzMailTold: whatever a mail says, it is told in one group, on a line within its limit, with a deadline that lies
// ahead or none, and in a time that does not run away.
func FuzzMailTold(f *testing.F) {
	for _, words := range []string{
		"안녕하세요, 하늘님. 내일 오후 6시까지 의견 주실 수 있을까요? 늘 감사합니다.", "Hi Haneul, could you approve this by 18:00 today?",
		"@haneul 99월 99일까지 by 99:99 on Feb 31 다다음 주 일요일까지 2026-13-45까지 0일까지 3일 이내", "수진 님, 하늘 님은 \u202e확인 바람\nㅠㅠ 넵\n- a\n- b",
		strings.Repeat("까지 ", 3000), strings.Repeat("by ", 3000), strings.Repeat("하늘 님 안녕하세요 ", 800), strings.Repeat("님~ ", 3000), strings.Repeat("하늘 님과 ", 800), strings.Repeat("이 메일은 자동 발송 수신거부 ", 500), strings.Repeat("Dr. ", 3000),
		strings.Repeat("11월 2일 (", 1500), strings.Repeat("오늘 ", 3000) + "까지", strings.Repeat("\U0001F468\u200d", 500), "\xff\xfe까지\x00",
	} {
		f.Add("Re: 예산 "+words, "이수진 <sujin@gaon.example>", "김하늘 <"+haneul+">", words)
	}
	f.Add("", "<>", "\"김,하늘\" <"+haneul+">, ,;<@>", "넵")
	zone := seoul(f)
	f.Fuzz(func(t *testing.T, subject, from, to, snippet string) {
		message, err := json.Marshal(map[string]any{
			"id": "m1", "threadId": "t1", "labelIds": []string{"INBOX"}, "snippet": snippet, "internalDate": "1795388400000",
			"payload": map[string]any{"headers": []map[string]string{{"name": "Subject", "value": subject}, {"name": "From", "value": from}, {"name": "To", "value": to}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		now := time.UnixMilli(1795388400000).Add(time.Hour)
		store := newMemory()
		store.put(briefing.Credential{ReaderID: readerID, Email: haneul, AccessToken: briefing.NewSecret("ya29.access"), RefreshToken: briefing.NewSecret("1//refresh"), ClientID: clientID})
		client := sources.NewGoogle(sources.GoogleConfig{ClientID: clientID, Transport: oneMessage(message), Now: func() time.Time { return now }}, store)
		req := briefing.Request{Reader: briefing.Reader{ID: readerID, Name: "김하늘"}, Date: briefing.DateOf(now, zone), Zone: zone,
			Language: briefing.Korean, Window: briefing.Window{From: now.Add(-24 * time.Hour), To: now}, Now: now}
		began := time.Now()
		section, err := sources.Catalog(sources.Config{Google: client})[0].Fetch(t.Context(), req)
		if err != nil || len(section.Items) != 1 {
			t.Fatalf("%d mails, %v", len(section.Items), err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%d bytes took %v", len(message), took)
		}
		item := section.Items[0]
		untidy := strings.ContainsFunc(item.Text, unicode.IsControl)
		if utf8.RuneCountInString(item.Text) > 60 || !utf8.ValidString(item.Text) || untidy {
			t.Errorf("the line is %q", item.Text)
		}
		if !slices.Contains(mailGroups(), item.Group) || section.Count(item.Group) != 1 {
			t.Errorf("it is in %q, counted are %v", item.Group, section.Counts)
		}
		if !item.Due.IsZero() && (item.Due.Before(item.At) || item.Due.After(item.At.AddDate(0, 0, 9))) {
			t.Errorf("due %v", item.Due)
		}
	})
}

// oneMessage answers as Gmail would for an inbox with one message.
func oneMessage(message []byte) transport {
	return func(r *http.Request) (*http.Response, error) {
		answer := `{"messages":[{"id":"m1","threadId":"t1"}]}`
		if strings.HasSuffix(r.URL.Path, "/messages/m1") {
			answer = string(message)
		}
		header := http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
	}
}
