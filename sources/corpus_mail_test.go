package sources_test

import (
	"bytes"
	"fmt"
	"maps"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"achim/briefing"
	"achim/internal/standin"
)

// corpusFolder is where recorded mail, feeds and calendars lie when they are at hand.
func corpusFolder() string { return filepath.Join("..", "..", "shared", "corpus") }

// corpusFiles lists the files of one of its folders, none when it is not there.
func corpusFiles(t *testing.T, folder, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpusFolder(), folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// defects counts what must not be in anything that is told, and remembers one example of each kind.
type defects struct {
	counts   map[string]int
	examples map[string]string
}

func newDefects() *defects { return &defects{counts: map[string]int{}, examples: map[string]string{}} }

// defective are the shapes of things that belong to the technique of a mail or feed and not to its words.
func defective() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"HTML":       regexp.MustCompile(`</?(?:[a-zA-Z]+[1-6]?)(?:\s[^<>]*)?/?>|<!--|<!DOCTYPE`),
		"entity":     regexp.MustCompile(`&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]{2,8}\d?);`),
		"mojibake":   regexp.MustCompile(`\x{FFFD}|Ã[\x{80}-\x{BF}]|â€[\x{80}-\x{FF}™œ]|[ìíëê][\x{80}-\x{BF}][\x{80}-\x{BF}]`),
		"encoded":    regexp.MustCompile(`=\?[^?]+\?[bBqQ]\?|=[0-9A-F]{2}=[0-9A-F]{2}`),
		"line break": regexp.MustCompile(`[\r\n\t\x00-\x08\x0b-\x1f\x7f]`),
	}
}

// defectiveLines are what a line in somebody's own words never holds.
func defectiveLines() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"quote":     regexp.MustCompile(`^\s*>|\bwrote:|님이 작성:|-----\s*Original|-----\s*원본|^(?:From|Sent|To|Subject|보낸 사람|받는 사람): `),
		"signature": regexp.MustCompile(`(?i)^-- |^sent from my |^(?:kind|best|warm) regards|^sincerely|(?:드림|배상|올림)$|iPhone에서 보냄`),
		"address":   regexp.MustCompile(`https?://`),
		"furniture": regexp.MustCompile(`(?i)view (?:this (?:email|message) )?in (?:your|a) browser|unsubscribe|수신거부|웹에서 보기|\[image:|\[cid:`),
		"greeting":  regexp.MustCompile(`(?i)^(?:hi|hello|dear|안녕하세요)[^.!?]{0,20}[,.!]?$`),
	}
}

func (d *defects) add(kind, where, text string) {
	d.counts[kind]++
	if d.examples[kind] == "" {
		d.examples[kind] = where + ": " + text
	}
}

// look counts the defects of one text.
func (d *defects) look(where, text string, limit int, shapes ...map[string]*regexp.Regexp) {
	for _, set := range shapes {
		for kind, shape := range set {
			if found := shape.FindString(text); found != "" {
				d.add(kind, where, text)
			}
		}
	}
	if !utf8.ValidString(text) {
		d.add("not UTF-8", where, text)
	}
	if utf8.RuneCountInString(text) > limit {
		d.add("over its limit", where, text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cf, r) && r != '\u200D' && r != '\u200C' }) {
		d.add("unseen character", where, text)
	}
}

func (d *defects) String() string {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(d.counts)) {
		fmt.Fprintf(&b, "  %-16s %3d   %.160s\n", kind, d.counts[kind], d.examples[kind])
	}
	if b.Len() == 0 {
		return "  none\n"
	}
	return b.String()
}

// TestCorpusMail tells every recorded mail as if it had just come to whom it was sent, and counts what must not be told.
// -v prints group, sender, subject and line of each.
func TestCorpusMail(t *testing.T) {
	files := append(corpusFiles(t, "mails", "*.eml"), corpusFiles(t, "mails", "*.txt")...)
	if len(files) == 0 {
		t.Skip("no recorded mail beside the checkout: TestLabelledMails and the tests of bodies hold the shapes")
	}
	found := newDefects()
	groups := map[briefing.Group]int{}
	houses := map[string]*house{}
	var took time.Duration
	unread := 0
	for i, file := range files {
		name := filepath.Base(file)
		m, ok := recordedMail(t, file)
		if !ok {
			unread++
			t.Logf("%-14s %s", "not a mail", name)
			continue
		}
		m.ID = fmt.Sprintf("m%04d", i)
		reader := addressee(m)
		if houses[reader] == nil {
			houses[reader] = build(t, standin.Account{Email: reader})
		}
		h := houses[reader]
		h.reader.Preferences = briefing.Preferences{}
		started := time.Now()
		item := h.tell(t, m)
		took += time.Since(started)
		group := item.Group
		if from, err := netmail.ParseAddress(m.From); err == nil { // of a VIP's mail the text is read in full
			h.reader.Preferences.VIPs = []string{strings.ToLower(from.Address)}
			item = h.told(t, m.ID)
		}
		groups[group]++
		t.Logf("%-12s %-24.24s | %.70s | %s", group, item.From, item.Title, item.Text)
		found.look(name+" subject", item.Title, 1000, defective())
		found.look(name+" sender", item.From, 1000, defective())
		found.look(name+" line", item.Text, 61, defective(), defectiveLines())
	}
	t.Logf("%d mails (%d files are none), %v; %s each, with the stand-in\n%s", len(files)-unread, unread, groups, took/time.Duration(len(files)), found)
	for kind, most := range mailDefects() {
		if found.counts[kind] > most {
			t.Errorf("%d times %s, at most %d: %s", found.counts[kind], kind, most, found.examples[kind])
		}
		delete(found.counts, kind)
	}
	for kind, n := range found.counts {
		t.Errorf("%d times %s: %s", n, kind, found.examples[kind])
	}
}

// mailDefects are the defects there are left, each looked at: a message that is nothing but a list's footer, one that its
// sender's program decoded wrongly before it was sent, and one whose text begins with the headers of another.
func mailDefects() map[string]int { return map[string]int{"furniture": 1, "mojibake": 1, "quote": 1} }

// addressee is whom the mail was sent to: the reader for whom it is told.
func addressee(m standin.Mail) string {
	list, err := netmail.ParseAddressList(m.To)
	if err != nil || len(list) == 0 {
		return haneul
	}
	return strings.ToLower(list[0].Address)
}

// recordedMail reads one message, dated now when it has no date that can be read.
func recordedMail(t *testing.T, file string) (standin.Mail, bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := standin.ReadMail(text, toUTF8)
	if err != nil {
		m, err = standin.ReadMail(append([]byte("Date: Mon, 23 Nov 2026 08:00:00 +0900\r\n"), bytes.TrimLeft(text, "\r\n")...), toUTF8)
	}
	if err != nil {
		return m, false
	}
	if m.Date.Before(monday().AddDate(-20, 0, 0)) || m.Date.After(monday()) {
		m.Date = monday()
	}
	m.Labels = []string{"INBOX", "UNREAD"}
	return m, true
}
