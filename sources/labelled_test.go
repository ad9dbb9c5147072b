package sources_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/tools/txtar"

	"achim/briefing"
	"achim/internal/standin"
)

// labelled is a mail with the answer beside it; testdata/labelled says what the answers mean.
type labelled struct {
	name, reader string
	group        briefing.Group
	lines, due   []string
	mail         standin.Mail
}

func mailGroups() []briefing.Group {
	return []briefing.Group{briefing.NeedsReply, briefing.Important, briefing.Notice, briefing.Newsletter}
}

// half is what one file holds: a language, and whether it may be looked at while improving.
type half struct{ language, set string }

func halves() []half { return []half{{"ko", "dev"}, {"en", "dev"}, {"ko", "held"}, {"en", "held"}} }

func (h half) file(form string) string {
	return filepath.Join("testdata", "labelled", fmt.Sprintf(form, h.language+"."+h.set))
}

// TestLabelledMails measures how well mail is told; -v prints the table, and what was told wrongly of the mails
// that may be looked at. The floors lie a little under what was measured last: raise them with the ranking.
func TestLabelledMails(t *testing.T) {
	scores := map[half]*score{}
	for _, h := range halves() {
		both, own := scoreOf(scores, half{"all", h.set}), scoreOf(scores, h)
		houses := map[string]*house{}
		for i, m := range readLabelled(t, h.file("mails.%s.txtar")) {
			if houses[m.reader] == nil {
				houses[m.reader] = build(t, standin.Account{Email: m.reader})
			}
			m.mail.ID = fmt.Sprintf("%s-%04d", h.set, i)
			told := houses[m.reader].tell(t, m.mail)
			for _, s := range []*score{both, own} {
				s.count(m, told, seoul(t))
			}
			if wrong := wrongly(m, told, seoul(t)); wrong != "" && h.set == "dev" {
				t.Logf("%s %-24s %s", h.language, m.name, wrong)
			}
		}
	}
	for _, set := range []string{"dev", "held"} {
		for _, language := range []string{"ko", "en", "all"} {
			t.Logf("%-4s %-3s %s", set, language, scores[half{language, set}])
		}
		t.Logf("%s, what is told (across) of what it is (down):\n%s", set, scores[half{"all", set}].confusion())
	}
	for set, floor := range mailFloors() {
		s := scores[half{"all", set}]
		for what, got := range map[string][2]float64{
			"precision": {s.answer.precision(), floor.precision}, "recall": {s.answer.recall(), floor.recall},
			"groups": {s.groups(), floor.groups}, "lines": {share(s.lines, s.linesOf), floor.lines}, "deadlines": {share(s.due, s.dueOf), floor.due},
		} {
			if got[0] < got[1] {
				t.Errorf("%s: %s %.3f, was at least %.3f", set, what, got[0], got[1])
			}
		}
		if s.dueFalse > floor.dueFalse {
			t.Errorf("%s: %d deadlines told that nobody set, were at most %d", set, s.dueFalse, floor.dueFalse)
		}
	}
}

type mailFloor struct {
	precision, recall, groups, lines, due float64
	dueFalse                              int
}

func mailFloors() map[string]mailFloor {
	return map[string]mailFloor{
		"dev":  {precision: .96, recall: .96, groups: .96, lines: .88, due: .90},
		"held": {precision: .89, recall: .81, groups: .84, lines: .80, due: .49},
	}
}

// TestLabelledRequests measures how well a sentence that asks for something is told from one that does not, each
// sentence being a mail from a colleague.
func TestLabelledRequests(t *testing.T) {
	worst := map[half]tally{ // one more than was measured last
		{"ko", "dev"}:  {wrongYes: 1, wrongNo: 1},
		{"ko", "held"}: {wrongYes: 3, wrongNo: 4},
		{"en", "dev"}:  {wrongYes: 1, wrongNo: 1},
		{"en", "held"}: {wrongYes: 4, wrongNo: 3},
	}
	for _, h := range halves() {
		var asks []bool
		var mail []standin.Mail
		for i, row := range readRows(t, h.file("requests.%s.tsv")) {
			asks = append(asks, row[0] == "request")
			mail = append(mail, standin.Mail{
				ID: fmt.Sprintf("r%04d", i), From: "이수진 <sujin@gaon.example>", Body: row[1], Date: monday().Add(-time.Hour),
			})
		}
		home := build(t, standin.Account{Mail: mail})
		home.connect()
		found := map[string]bool{}
		for _, item := range home.must(t, briefing.Gmail).Items {
			found[item.ID] = item.Group == briefing.NeedsReply
		}
		if len(found) != len(mail) {
			t.Fatalf("%d of %d sentences told", len(found), len(mail))
		}
		var got tally
		for i, m := range mail {
			got.add(asks[i], found[m.ID])
			if asks[i] != found[m.ID] && h.set == "dev" {
				t.Logf("%s request: %-5v told: %-5v %s", h.language, asks[i], found[m.ID], m.Body)
			}
		}
		t.Logf("%-4s %s requests: %s", h.set, h.language, got)
		if most := worst[h]; got.wrongYes > most.wrongYes || got.wrongNo > most.wrongNo {
			t.Errorf("%v: %d taken for requests and %d overlooked, were at most %d and %d", h, got.wrongYes, got.wrongNo, most.wrongYes, most.wrongNo)
		}
	}
}

// tell reads the mail a minute after it came, and nothing else, and returns what is told of it.
func (h *house) tell(t *testing.T, m standin.Mail) briefing.Item {
	t.Helper()
	h.google.AddMail(h.reader.Email, m)
	h.clock.mu.Lock()
	h.clock.now = m.Date.Add(time.Minute)
	h.clock.mu.Unlock()
	h.connect()
	return h.told(t, m.ID)
}

// told reads the mail there is, and returns what is told of one.
func (h *house) told(t *testing.T, id string) briefing.Item {
	t.Helper()
	return itemOf(t, h.must(t, briefing.Gmail), id)
}

// score is how a number of mails were told.
type score struct {
	answer         tally // needs_reply
	told           map[[2]briefing.Group]int
	lines, linesOf int
	due, dueOf     int
	dueFalse       int
}

func scoreOf(scores map[half]*score, h half) *score {
	if scores[h] == nil {
		scores[h] = &score{told: map[[2]briefing.Group]int{}}
	}
	return scores[h]
}

func (s *score) count(m labelled, told briefing.Item, zone *time.Location) {
	s.answer.add(m.group == briefing.NeedsReply, told.Group == briefing.NeedsReply)
	s.told[[2]briefing.Group{m.group, told.Group}]++
	if len(m.lines) > 0 {
		s.linesOf++
		s.lines += one(lineRight(m.lines, told.Text))
	}
	right := dueRight(m.due, told.Due, zone)
	if slices.Contains(m.due, "none") {
		s.dueFalse += one(!right)
		return
	}
	s.dueOf++
	s.due += one(right)
}

func (s *score) groups() float64 {
	right, all := 0, 0
	for pair, n := range s.told {
		all += n
		right += n * one(pair[0] == pair[1])
	}
	return share(right, all)
}

func (s *score) String() string {
	return fmt.Sprintf("needs_reply %s; groups %.2f; lines %d of %d (%.2f); deadlines %d of %d (%.2f), %d more that nobody set",
		s.answer, s.groups(), s.lines, s.linesOf, share(s.lines, s.linesOf), s.due, s.dueOf, share(s.due, s.dueOf), s.dueFalse)
}

func (s *score) confusion() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s", "")
	for _, g := range mailGroups() {
		fmt.Fprintf(&b, "%14s", g)
	}
	for _, is := range mailGroups() {
		fmt.Fprintf(&b, "\n%-12s", is)
		for _, told := range mailGroups() {
			fmt.Fprintf(&b, "%14d", s.told[[2]briefing.Group{is, told}])
		}
	}
	return b.String()
}

// tally counts answers to a question of yes and no.
type tally struct{ rightYes, wrongYes, wrongNo int }

func (c *tally) add(is, told bool) {
	c.rightYes += one(is && told)
	c.wrongYes += one(!is && told)
	c.wrongNo += one(is && !told)
}

func (c tally) precision() float64 { return share(c.rightYes, c.rightYes+c.wrongYes) }
func (c tally) recall() float64    { return share(c.rightYes, c.rightYes+c.wrongNo) }

func (c tally) String() string {
	return fmt.Sprintf("precision %.2f (%d of %d), recall %.2f (%d of %d)",
		c.precision(), c.rightYes, c.rightYes+c.wrongYes, c.recall(), c.rightYes, c.rightYes+c.wrongNo)
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// wrongly says what is told wrongly of a mail.
func wrongly(m labelled, told briefing.Item, zone *time.Location) string {
	var wrong []string
	if told.Group != m.group {
		wrong = append(wrong, fmt.Sprintf("told as %s, is %s", told.Group, m.group))
	}
	if len(m.lines) > 0 && !lineRight(m.lines, told.Text) {
		wrong = append(wrong, fmt.Sprintf("line %q, is %q", told.Text, m.lines[0]))
	}
	if !dueRight(m.due, told.Due, zone) {
		wrong = append(wrong, fmt.Sprintf("due %q, is %q", dueText(told.Due, zone), m.due))
	}
	return strings.Join(wrong, "; ")
}

// lineRight reports whether the line is one of those wanted, but for case, spaces and the stop at its end. Of
// a line that was cut, two thirds of what fits must be there.
func lineRight(wanted []string, line string) bool {
	plain := func(s string) string {
		return strings.TrimRight(strings.ToLower(strings.Join(strings.Fields(s), " ")), ".…!~ ")
	}
	cut := strings.HasSuffix(line, "…")
	line = plain(line)
	return slices.ContainsFunc(wanted, func(w string) bool {
		cut := cut || strings.HasSuffix(w, "…")
		w = plain(w)
		shorter, longer := w, line
		if len(shorter) > len(longer) {
			shorter, longer = longer, shorter
		}
		return w == line || cut && utf8.RuneCountInString(shorter) >= 40 && strings.HasPrefix(longer, shorter)
	})
}

// dueText is a deadline as it is labelled; the last minute of a day stands for the day.
func dueText(due time.Time, zone *time.Location) string {
	due = due.In(zone)
	switch {
	case due.Equal(time.Time{}):
		return "none"
	case due.Hour() == 23 && due.Minute() == 59:
		return due.Format(time.DateOnly)
	}
	return due.Format("2006-01-02 15:04")
}

func dueRight(wanted []string, due time.Time, zone *time.Location) bool {
	return slices.Contains(wanted, dueText(due, zone))
}

// readLabelled reads a file of labelled mails.
func readLabelled(t *testing.T, file string) []labelled {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]labelled, 0, len(archive.Files))
	for _, f := range archive.Files {
		head, message, _ := bytes.Cut(f.Data, []byte("\n\n"))
		m := labelled{name: f.Name, due: []string{"none"}}
		if m.mail, err = standin.ReadMail(bytes.ReplaceAll(message, []byte("\n"), []byte("\r\n")), toUTF8); err != nil {
			t.Fatalf("%s: %s: %v", file, f.Name, err)
		}
		for label := range strings.Lines(string(head)) {
			name, value, _ := strings.Cut(strings.TrimSpace(label), ": ")
			switch name {
			case "reader":
				m.reader = value
			case "labels":
				m.mail.Labels = strings.Fields(value)
			case "group":
				if m.group = briefing.Group(value); !slices.Contains(mailGroups(), m.group) {
					t.Fatalf("%s: %s: no group is called %q", file, f.Name, value)
				}
			case "line":
				m.lines = append(m.lines, value)
			case "due":
				m.due = strings.Split(value, " | ")
			case "why":
			default:
				t.Fatalf("%s: %s: no label is called %q", file, f.Name, name)
			}
		}
		list = append(list, m)
	}
	return list
}

// readRows reads a file of labelled sentences.
func readRows(t *testing.T, file string) [][2]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][2]string
	for line := range strings.Lines(string(text)) {
		if label, sentence, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && !strings.HasPrefix(line, "#") {
			rows = append(rows, [2]string{label, sentence})
		}
	}
	return rows
}

// toUTF8 decodes text as Gmail does before it hands it out.
func toUTF8(name string, text []byte) (string, error) {
	if name == "iso-2022-kr" { // EUC-KR in seven bits, and unknown to the library
		name, text = "euc-kr", eightBits(text)
	}
	reader, err := charset.NewReaderLabel(name, bytes.NewReader(text))
	if err != nil {
		return "", err
	}
	decoded, err := io.ReadAll(reader)
	return string(decoded), err
}

// eightBits sets the high bit of what stands between SO and SI.
func eightBits(text []byte) []byte {
	const shiftOut, shiftIn = 0x0e, 0x0f
	var out []byte
	var high byte
	for _, b := range bytes.TrimPrefix(text, []byte("\x1b$)C")) {
		switch b {
		case shiftOut:
			high = 0x80
		case shiftIn:
			high = 0
		default:
			out = append(out, b|high)
		}
	}
	return out
}
