package sources_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/api/gmail/v1"

	"achim/internal/standin"
	"achim/sources"
)

// mailroom is a stand-in Gmail that hands messages out in full.
type mailroom struct {
	google *standin.Google
	token  string
}

func newMailroom() *mailroom {
	room := &mailroom{google: standin.NewGoogle(clientID, clientSecret)}
	room.google.AddAccount(standin.Account{Email: haneul})
	room.token = room.google.Grant(haneul).AccessToken
	return room
}

// payload is the message as messages.get answers it with format=full.
func (room *mailroom) payload(t testing.TB, m standin.Mail) *gmail.MessagePart {
	t.Helper()
	m.ID, m.Date = "m1", monday() // a date before 1970 is not Gmail's to give
	room.google.AddMail(haneul, m)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/gmail/v1/users/me/messages/m1?format=full", http.NoBody)
	req.Header.Set("Authorization", "Bearer "+room.token)
	answer := httptest.NewRecorder()
	room.google.ServeHTTP(answer, req)
	var message gmail.Message
	if err := json.Unmarshal(answer.Body.Bytes(), &message); err != nil || message.Payload == nil {
		t.Fatalf("status %d: %v", answer.Code, err)
	}
	return message.Payload
}

// textPart is a message of one part.
func textPart(kind, text string, headers ...string) *gmail.MessagePart {
	part := &gmail.MessagePart{MimeType: kind, Body: &gmail.MessagePartBody{Data: base64.URLEncoding.EncodeToString([]byte(text))}}
	for i := 0; i+1 < len(headers); i += 2 {
		part.Headers = append(part.Headers, &gmail.MessagePartHeader{Name: headers[i], Value: headers[i+1]})
	}
	return part
}

func recordedMails(t testing.TB, pattern ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(append([]string{"..", "..", "shared", "corpus", "mails"}, pattern...)...))
	if err != nil || len(files) == 0 {
		t.Skip("no recorded mails beside the checkout: TestReadBody holds the shapes")
	}
	return files
}

// recordedPayloads are the recorded mails as Gmail hands them out, by file name.
func recordedPayloads(t testing.TB) map[string]*gmail.MessagePart {
	t.Helper()
	room, found := newMailroom(), map[string]*gmail.MessagePart{}
	for _, file := range recordedMails(t, "*.eml") {
		message, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := standin.ReadMail(message, toUTF8)
		if err != nil { // most often for want of a date
			m, err = standin.ReadMail(append([]byte("Date: Mon, 23 Nov 2026 08:10:00 +0900\r\n"), message...), lenient)
		}
		if err != nil {
			t.Logf("%s: %v", filepath.Base(file), err)
			continue
		}
		found[filepath.Base(file)] = room.payload(t, m)
	}
	return found
}

// lenient decodes what it can.
func lenient(name string, text []byte) (string, error) {
	if decoded, err := toUTF8(name, text); err == nil {
		return decoded, nil
	}
	return string(text), nil
}

var (
	leftTag    = regexp.MustCompile(`(?i)</?(a|b|br|p|div|span|td|tr|table|font|img|html|body|head|style|script|title|center|strong|ul|li|h[1-6]|o:p)(\s[^>]*)?/?>`)
	leftEntity = regexp.MustCompile(`&(nbsp|amp|lt|gt|quot|apos|zwnj|copy|middot|bull|ndash|mdash|#\d+|#x[0-9a-fA-F]+);`)
)

// TestRecordedMails holds readBody against mails that other programs met, where they are at hand.
func TestRecordedMails(t *testing.T) {
	payloads := recordedPayloads(t)
	var tags, entities, broken, empty int
	var spent, longest time.Duration
	for name, payload := range payloads {
		start := time.Now()
		b := sources.ReadBody(payload)
		took := time.Since(start)
		spent, longest = spent+took, max(longest, took)
		broken += one(!utf8.ValidString(b.Text) || strings.Contains(b.Text, "\uFFFD"))
		tags += one(leftTag.MatchString(b.Text))
		entities += one(leftEntity.MatchString(b.Text))
		empty += one(b.Text == "")
		if leftTag.MatchString(b.Text) || leftEntity.MatchString(b.Text) {
			t.Logf("%s: %s %s", name, leftTag.FindString(b.Text), leftEntity.FindString(b.Text))
		}
		if utf8.RuneCountInString(b.Text) > sources.BodyRunes {
			t.Errorf("%s: %d runes", name, utf8.RuneCountInString(b.Text))
		}
	}
	average := spent / time.Duration(len(payloads))
	t.Logf("%d mails: %d with mojibake, %d with tags, %d with entities, %d without words; %v on average, %v at most",
		len(payloads), broken, tags, entities, empty, average, longest)
	// Those without words are attachments and hollow parts.
	if broken > 0 || tags > 0 || entities > 0 || empty > 36 || average > 20*time.Millisecond {
		t.Error("that is worse than it was")
	}
}

// TestRecordedReplies measures readBody against replies whose new part people have marked.
func TestRecordedReplies(t *testing.T) {
	same, near, all := 0, 0, 0
	for _, file := range recordedMails(t, "replies", "discourse_trimmed", "*.txt") {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Replace(filepath.Base(file), "_trimmed_", "_emails_", 1)
		message, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(file)), "discourse_emails", name))
		if err != nil {
			t.Fatal(err)
		}
		got := sources.ReadBody(textPart("text/plain", string(message))).Text
		kept := unquoted(want)
		f := wordsInCommon(got, kept)
		all++
		same += one(strings.Join(strings.Fields(got), " ") == strings.Join(strings.Fields(kept), " "))
		near += one(f >= .8)
		if f < 1 {
			t.Logf("%s %.2f\n%s\n-- wanted\n%s", name, f, got, kept)
		}
	}
	t.Logf("%d replies: %d exactly, %d nearly", all, same, near)
	if same < 31 || near < 35 { // the rest is thanks and names, which count as signatures here
		t.Error("that is worse than it was")
	}
}

// TestRecordedClients reads one reply as each mail program sends it, as text and as a page.
func TestRecordedClients(t *testing.T) {
	payloads := recordedPayloads(t)
	right, all := 0, 0
	check := func(name string, payload *gmail.MessagePart, want ...string) {
		got := sources.ReadBody(payload).Text
		all++
		right += one(slices.Contains(want, got))
		if !slices.Contains(want, got) {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, payload := range payloads {
		if !strings.Contains(name, "standard_replies") {
			continue
		}
		check(name, payload, "Hello")
		for _, part := range payload.Parts {
			check(name+" "+part.MimeType, part, "Hello")
		}
	}
	for _, file := range recordedMails(t, "replies", "talon_html", "*.html") {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		check(filepath.Base(file), textPart("text/html", string(page)), "Hi. I am fine.", "Reply", "Hi\nthere\nBob")
	}
	t.Logf("%d of %d replies", right, all)
}

// TestRecordedSignatures measures how many signatures that people have marked are taken away whole.
func TestRecordedSignatures(t *testing.T) {
	right, whole, all := 0, 0, 0
	for _, file := range recordedMails(t, "replies", "talon_signature", "*_signature") {
		stem := strings.TrimSuffix(file, "_signature")
		var read [3]string
		for i, end := range []string{"_body", "_signature", "_sender"} {
			text, err := os.ReadFile(stem + end)
			if err != nil {
				t.Fatal(err)
			}
			read[i] = string(text)
		}
		got := sources.ReadBody(textPart("text/plain", read[0], "From", strings.TrimSpace(read[2]))).Text
		want := strings.TrimSuffix(strings.TrimSpace(read[0]), strings.TrimSpace(read[1]))
		f := wordsInCommon(got, want)
		all, right, whole = all+1, right+one(f > .95), whole+one(f == 1)
		if f < 1 {
			t.Logf("%s %.2f\n%s", filepath.Base(stem), f, got)
		}
	}
	t.Logf("%d signatures: %d taken away whole, %d nearly", all, whole, right)
	if whole < 3 || right < 4 {
		t.Error("that is worse than it was")
	}
}

// unquoted is marked text without what it quotes itself.
func unquoted(text []byte) string {
	var b strings.Builder
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte(">")) {
			b.Write(line)
		}
	}
	return b.String()
}

// wordsInCommon is the share of words that two texts have in common, of those of both.
func wordsInCommon(a, b string) float64 {
	count := map[string]int{}
	for word := range strings.FieldsSeq(a) {
		count[word]++
	}
	common, words := 0, len(strings.Fields(a))+len(strings.Fields(b))
	for word := range strings.FieldsSeq(b) {
		if count[word] > 0 {
			count[word]--
			common += 2
		}
	}
	return share(common, words)
}
