package standin_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"achim/internal/standin"
)

// mailbox is a served account with some mail, and its token.
func mailbox(t *testing.T, mail ...standin.Mail) (google, func(path string) reply) {
	t.Helper()
	g := newGoogle(t)
	g.AddMail(someone, mail...)
	tok := g.Grant(someone)
	return g, func(path string) reply {
		t.Helper()
		return get(t, g.ends.GmailURL+"/gmail/v1/users/me/"+path, tok.AccessToken)
	}
}

func ids(t *testing.T, r reply) string {
	t.Helper()
	list, _ := r.at(t, "messages").([]any)
	var out []string
	for _, m := range list {
		out = append(out, m.(map[string]any)["id"].(string))
	}
	return strings.Join(out, " ")
}

func TestGmailSearch(t *testing.T) {
	now := newClock().Now()
	_, ask := mailbox(t,
		standin.Mail{ID: "a1", Date: now.Add(-3 * time.Hour), Subject: "계약서 3조", From: "박준호 <junho@gaonsangsa.example>"},
		standin.Mail{ID: "b2", Date: now.Add(-2 * time.Hour), Labels: []string{"INBOX", "IMPORTANT"}, Headers: [][2]string{{"Message-Id", "<x.1@mail.example>"}}},
		standin.Mail{ID: "c3", Date: now.Add(-time.Hour), Labels: []string{"CHAT"}},
		standin.Mail{ID: "d4", Date: now, Labels: []string{"INBOX", "SPAM"}},
		standin.Mail{ID: "e5", Date: now.Add(-30 * 24 * time.Hour), Labels: []string{"SENT"}},
	)
	epoch := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	for q, want := range map[string]string{
		"":                              "c3 b2 a1 e5",
		"in:inbox":                      "b2 a1",
		"-in:chats":                     "b2 a1 e5",
		"in:inbox is:unread":            "a1",
		"after:" + epoch(-2*time.Hour):  "c3 b2",
		"before:" + epoch(-2*time.Hour): "a1 e5",
		"in:inbox -in:chats after:" + epoch(-2*time.Hour) + " before:" + epoch(0): "b2",
		"rfc822msgid:x.1@mail.example":                                            "b2",
		"rfc822msgid:<x.1@mail.example>":                                          "b2",
		"from:gaonsangsa subject:계약서":                                             "a1",
		"is:important":                                                            "b2",
		`"3조"`:                                                                    "a1",
	} {
		equal(t, "q="+q, ids(t, ask("messages?q="+url.QueryEscape(q))), want)
	}
	equal(t, "labels are ANDed", ids(t, ask("messages?labelIds=INBOX&labelIds=IMPORTANT")), "b2")
	equal(t, "spam and trash", ids(t, ask("messages?includeSpamTrash=true&labelIds=SPAM")), "d4")
	empty := ask("messages?q=after:" + epoch(time.Hour))
	if empty.at(t, "messages") != nil || empty.at(t, "resultSizeEstimate") != any(0.0) {
		t.Errorf("empty result: %s", empty.Body)
	}
}

func TestGmailPages(t *testing.T) {
	g, ask := mailbox(t)
	for i := range 250 {
		g.AddMail(someone, standin.Mail{ID: fmt.Sprintf("%04x", i), Date: g.clock.Now().Add(time.Duration(i) * time.Second)})
	}
	for _, tc := range []struct {
		query string
		pages int
	}{{"", 3}, {"maxResults=500", 1}, {"maxResults=100", 3}} {
		seen, pages, token := map[string]bool{}, 0, ""
		for {
			r := ask("messages?" + tc.query + "&pageToken=" + token)
			for _, id := range strings.Fields(ids(t, r)) {
				seen[id] = true
			}
			pages++
			next, more := r.at(t, "nextPageToken").(string)
			if !more {
				break
			}
			token = next
		}
		equal(t, tc.query+" pages", pages, tc.pages)
		equal(t, tc.query+" messages", len(seen), 250)
	}
	equal(t, "bad token", ask("messages?pageToken=nonsense").Status, 400)
	equal(t, "fields", ask("messages?maxResults=1&fields=nextPageToken,messages/id").Body,
		`{"messages":[{"id":"00f9"}],"nextPageToken":"standin-page-1"}`+"\n")
}

func TestGmailGet(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 10, 0, 0, time.UTC)
	g, ask := mailbox(t, standin.Mail{
		ID: "18c0ffee", From: "이수진 <sujin@gaon.example>", Subject: "4분기 & <예산>", Body: "Tom's \"note\" & <b>\n" + strings.Repeat("가", 300),
		HTML: "<p>안녕</p>", Date: at, Headers: [][2]string{{"List-Id", "<l.example>"}, {"SUBJECT", "4분기 & <예산>"}},
	}, standin.Mail{ID: "html", HTML: "<style>p{}</style><p>굵은 &amp; 글</p>"})
	m := ask("messages/18c0ffee?format=metadata&metadataHeaders=subject&metadataHeaders=List-Id")
	equal(t, "internalDate", m.at(t, "internalDate"), any(fmt.Sprint(at.UnixMilli())))
	equal(t, "headers", len(m.at(t, "payload", "headers").([]any)), 2)
	equal(t, "spelling kept", m.at(t, "payload", "headers", 1, "name"), any("SUBJECT"))
	snippet := m.at(t, "snippet").(string)
	if !strings.HasPrefix(snippet, "Tom&#39;s &quot;note&quot; &amp; &lt;b&gt; 가가") || strings.Count(snippet, "가") > 200 {
		t.Errorf("snippet %q", snippet)
	}
	if m.at(t, "payload", "body") != nil || ask("messages/18c0ffee?format=minimal").at(t, "payload") != nil {
		t.Error("metadata has no body, minimal no payload")
	}
	full := ask("messages/18c0ffee")
	equal(t, "tree", full.at(t, "payload", "mimeType"), any("multipart/alternative"))
	for i, want := range []string{"text/plain", "text/html"} {
		equal(t, "part", full.at(t, "payload", "parts", i, "mimeType"), any(want))
	}
	text, err := base64.URLEncoding.DecodeString(full.at(t, "payload", "parts", 0, "body", "data").(string))
	if err != nil || !strings.HasPrefix(string(text), "Tom's") {
		t.Errorf("body %q, %v", text, err)
	}
	raw, err := base64.URLEncoding.DecodeString(ask("messages/18c0ffee?format=raw").at(t, "raw").(string))
	if err != nil || !strings.Contains(string(raw), "List-Id: <l.example>\r\n") {
		t.Errorf("raw %q, %v", raw, err)
	}
	equal(t, "HTML only", ask("messages/html").at(t, "snippet"), any("굵은 &amp; 글"))
	equal(t, "fields", ask("messages/html?fields=id,payload(mimeType)").Body, `{"id":"html","payload":{"mimeType":"text/html"}}`+"\n")
	equal(t, "unknown", ask("messages/nothing").Status, 404)
	equal(t, "format", ask("messages/html?format=all").Status, 400)
	equal(t, "profile", ask("profile").at(t, "emailAddress"), any(someone))
	equal(t, "labels", ask("labels").at(t, "labels", 0, "id"), any("INBOX"))

	meta := g.Grant(someone, "gmail.metadata").AccessToken
	equal(t, "metadata scope with q", get(t, g.ends.GmailURL+"/gmail/v1/users/me/messages?q=a", meta).Status, 403)
	equal(t, "metadata scope, full", get(t, g.ends.GmailURL+"/gmail/v1/users/me/messages/html", meta).Status, 403)
	equal(t, "somebody else's", get(t, g.ends.GmailURL+"/gmail/v1/users/x@gaon.example/messages", meta).Status, 403)
}

func TestReadMail(t *testing.T) {
	message := strings.ReplaceAll(`DATE: Mon, 23 Nov 2026 08:10:00 +0900
From: =?euc-kr?B?sejDtrz2?= <cs@corp.example>
Subject: a folded
 subject
Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/plain; charset="x-upper"
Content-Transfer-Encoding: base64

aGVsbG8=
--a
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<title>no</title><!-- <b>no</b> --><div style=3D"display:none">before</div><p>Tom & <b>Ji</b>ll</p>
--a--
--m
Content-Type: application/pdf
Content-Disposition: attachment; filename="a.pdf"

x
--m--
`, "\n", "\r\n")
	mail, err := standin.ReadMail([]byte(message), func(name string, text []byte) (string, error) {
		return name + " " + strings.ToUpper(string(text)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mail.ID = "read"
	_, ask := mailbox(t, mail)
	full := ask("messages/read")
	equal(t, "internalDate", full.at(t, "internalDate"), any(fmt.Sprint(mail.Date.UnixMilli())))
	equal(t, "snippet", full.at(t, "snippet"), any("before Tom &amp; Jill"))
	equal(t, "header as sent", full.at(t, "payload", "headers", 1, "value"), any("=?euc-kr?B?sejDtrz2?= <cs@corp.example>"))
	equal(t, "header unfolded", full.at(t, "payload", "headers", 2, "value"), any("a folded subject"))
	equal(t, "no more headers", len(full.at(t, "payload", "headers").([]any)), 4)
	text, err := base64.URLEncoding.DecodeString(full.at(t, "payload", "parts", 0, "parts", 0, "body", "data").(string))
	if err != nil || string(text) != "x-upper HELLO" {
		t.Errorf("text %q, %v", text, err)
	}
	equal(t, "part", full.at(t, "payload", "parts", 0, "parts", 1, "partId"), any("0.1"))
	equal(t, "attachment", full.at(t, "payload", "parts", 1, "body", "attachmentId"), any("standin-attachment-1"))
	equal(t, "attachment has no data", full.at(t, "payload", "parts", 1, "body", "data"), nil)
	raw, err := base64.URLEncoding.DecodeString(ask("messages/read?format=raw").at(t, "raw").(string))
	if err != nil || string(raw) != message {
		t.Errorf("raw %q, %v", raw, err)
	}
	if _, err := standin.ReadMail([]byte("Subject: no date\n\nx"), nil); err == nil {
		t.Error("a message without a date was read")
	}
}

func TestMailDefaultsLookLikeGmail(t *testing.T) {
	_, ask := mailbox(t, standin.Mail{Subject: "하나"}, standin.Mail{Subject: "둘"})
	list := strings.Fields(ids(t, ask("messages?labelIds=INBOX&q=is:unread")))
	equal(t, "mails", len(list), 2)
	for _, id := range list {
		equal(t, "id length of "+id, len(id), 16)
		equal(t, "hex", strings.Trim(id, "0123456789abcdef"), "")
	}
}
